"""Pages as they are found: text encoded twice, elements that close themselves, hidden ones in a paragraph."""

from __future__ import annotations

import pytest

from mtqa.records import Document
from mtqa.text.html_tokens import tokens
from mtqa.text.read import document_from_text

FRAME = (
    "<!DOCTYPE html><html><head><title>River plan</title></head><body><nav><ul><li><a href='/'>Home</a></li>"
    "<li><a href='/n'>News</a></li></ul></nav><h1>River plan</h1><article>{}</article>"
    "<footer>© 2021 Daily News. All rights reserved.</footer></body></html>"
)
ENGLISH = (
    "The council didn’t say when the bridge, which it couldn’t pay for last year, will be open – “not soon,” "
    "said the mayor’s office, and those who don’t own a boat won’t get across before it’s done: part {}."
)
FRENCH = (
    "L’été dernier, le maire de la ville a déclaré que la façade de l’hôtel serait rénovée avant l’hiver, "
    "même si personne n’avait été consulté à ce sujet et que l’argent n’était pas encore trouvé : partie {}."
)
RUSSIAN = (
    "Мэр города сказал в понедельник, что мост через реку будет открыт не раньше весны, а жители недовольны "
    "этим решением, потому что им приходится ехать в объезд каждый день."
)
HOLES = b"\x81\x8d\x8f\x90\x9d"  # no characters of Windows-1252: browsers make control characters of them


def double_encoded(text: str) -> str:
    """UTF-8 read as Windows-1252."""
    return "".join(chr(b) if b in HOLES else bytes([b]).decode("cp1252") for b in text.encode())


def said(document: Document) -> list[str]:
    return [document.text[s.start : s.end] for s in document.sentences]


@pytest.mark.parametrize("count", [3, 10, 30])
@pytest.mark.parametrize("text", [ENGLISH, FRENCH])
def test_a_double_encoded_article_is_in_its_page(text: str, count: int) -> None:
    texts = [text.format(n) for n in range(count)]
    page = FRAME.format("".join(f"<p>{double_encoded(t)}</p>" for t in texts))
    document = document_from_text(page, format="html")
    assert said(document) == ["River plan", *texts]
    assert {piece.text for piece in document.excluded} == {
        "Home",
        "News",
        "© 2021 Daily News. All rights reserved.",
    }


def test_a_double_encoded_paragraph_behind_sound_ones_is_in_its_page() -> None:
    texts = [*(ENGLISH.format(n) for n in range(3)), RUSSIAN]
    shown = [double_encoded(t) if t == RUSSIAN else t for t in texts]
    document = document_from_text(FRAME.format("".join(f"<p>{t}</p>" for t in shown)), format="html")
    assert said(document) == ["River plan", *texts]


FIRST = "The council approved the new budget for the schools of the valley on Monday after a long debate."
LAST = "The mayor said that the money would be spent on roofs and windows before the winter, and on no more."
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
XHTML = '<html xmlns="http://www.w3.org/1999/xhtml">'


@pytest.mark.parametrize(
    "page",
    [
        XML + "<html><head><title/></head><body><p>{}</p><p>{}</p></body></html>",
        XHTML + "<head><title/></head><body><p>{}</p><p>{}</p></body></html>",
        XML
        + XHTML
        + '<head><script src="a.js"/><title>T</title></head><body><p>{}</p><p>{}</p></body></html>',
        XHTML + '<body><p>{}</p><iframe src="a"/><textarea /><p>{}</p><noscript/></body></html>',
        XHTML + '<body><p>{}</p><div hidden="hidden"/><p>{}</p></body></html>',
        '<html><body><div><p>{}</p><svg class="rule"/><p>{}</p></div></body></html>',
        '<html><body><div><p>{}</p><svg><title/><style/><path d="m"/></svg><p>{}</p></div></body></html>',
        "<html><body><div><p>{}</p><math><mi/></math><p>{}</p></div></body></html>",
    ],
)
def test_elements_that_close_themselves_hide_nothing(page: str) -> None:
    assert said(document_from_text(page.format(FIRST, LAST), format="html")) == [FIRST, LAST]


@pytest.mark.parametrize(
    "inner",
    [
        '<svg class="i"/>',
        '<svg><g><use href="#i"/></g></svg>',
        '<noscript><div><img src="a"></div></noscript>',
        "<noscript><p>Switch it on.</p><ul><li>now</ul></noscript>",
        "<span hidden>a<br><br>b</span>",
        "<object><table><tr><td>a<td>b</table></object>",
        "<template><h2>Title</h2><hr></template>",
    ],
)
def test_what_is_hidden_in_a_paragraph_does_not_end_it(inner: str) -> None:
    middle = f"The council {inner} met again on Monday."
    page = f"<html><body><article><p>{FIRST}</p><p>{middle}</p><p>{LAST}</p></article></body></html>"
    document = document_from_text(page, format="html")
    assert said(document) == [FIRST, "The council met again on Monday.", LAST]


@pytest.mark.parametrize("tag", ["p", "li"])
def test_a_hidden_element_without_end_tag_ends_with_the_next(tag: str) -> None:
    page = f"<html><body><ul><{tag}>{FIRST}<{tag} hidden>Not to be seen.<{tag}>{LAST}</ul></body></html>"
    assert said(document_from_text(page, format="html")) == [FIRST, LAST]


@pytest.mark.parametrize(
    ("page", "empty"),
    [
        ("<p/>", [False]),
        ("<svg/>", [True]),
        ("<svg class=i/>", [False]),  # the slash is of the value
        ('<svg class="i" />', [True]),
        ("<svg/ >", [False]),
        ("<svg><title/><i/></svg><i/>", [False, True, True, False]),
        (f"{XML}<p/><i>", [True, False]),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><i/></div>', [False, True]),
        ('<svg><div xmlns="http://www.w3.org/1999/xhtml"></div></svg><i/>', [False, False, False]),
    ],
)
def test_where_a_slash_closes(page: str, empty: list[bool]) -> None:
    assert [token.empty for token in tokens(page) if token.kind == "start"] == empty
