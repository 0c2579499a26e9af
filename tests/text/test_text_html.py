"""HTML and Markdown: what is article, what is page, and where it all stood."""

from __future__ import annotations

import logging
import time

import pytest

from mtqa.records import Document
from mtqa.text.html import html_pieces
from mtqa.text.html_tokens import tokens
from mtqa.text.html_walk import walked
from mtqa.text.read import document_from_text

PAGE = """<!DOCTYPE html><html><head><title>River rises overnight - Daily News</title>
<style>p{}</style><script>var a="<p>no</p>";</script></head>
<body><header><nav><ul><li><a href="/">Home</a></li><li><a href="/n">News</a></ul></nav>
<h1>Daily News</h1></header>
<main><article><h1>River rises overnight</h1><p class="byline">By Jane Doe</p>
<figure><img alt="no"><figcaption>The river at Mill&nbsp;Bridge on Monday</figcaption></figure>
<p>The river rose by two metres overnight &amp; flooded <b>three</b> villages, the fire service said on
Monday morning.<sup><a href="#1">[1]</a></sup> Residents &#8220;had to leave&#8221; their homes.</p>
<p>Why?</p><p hidden>not to be seen</p>
<p>Because the dam<br>broke, according to the engineers who had inspected it and had warned the council.</p>
<h2>Aftermath <span class="mw-editsection">[<a>edit</a>]</span></h2>
<ul><li>Three villages were flooded in the night.</li><li>Nobody was hurt, the police said.</li></ul>
<blockquote>We had ten minutes to get out of the house, and we lost everything we owned.</blockquote>
<table><tr><th>Village</th><th>Depth</th></tr><tr><td>Milton</td><td>2&nbsp;m</td></tr></table>
<p>The area was 20 km<sup>2</sup> in size, and caf&eacute;s were closed, the mayor said in a statement.</p>
<div><a>Share on Facebook</a> <a>Tweet</a></div>
</article><aside><h3>Related articles</h3><ul><li>Dam warnings ignored</li></ul></aside></main>
<footer>&copy; 2021 Daily News. All rights reserved.</footer></body></html>"""

BROKE = "Because the dam broke, according to the engineers who had inspected it and had warned the council."

MARKDOWN = """---
title: no
---
# The *heading*

Some **bold** text with a [link text](http://a.example "a link text")
and ![alt](i.png) `code` in caf&eacute; \\*s\\*.
Second line.

> A quoted
> paragraph.

1. First item.

```python
print("no")
```

| A | B |
|---|---|
| one | two |

<div>raw</div>
"""


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


@pytest.fixture(scope="module")
def page() -> Document:
    return document_from_text(PAGE, format="html")


def test_a_page_gives_its_article(page: Document) -> None:
    assert blocks(page) == [
        ("heading", "River rises overnight"),
        ("caption", "The river at Mill Bridge on Monday"),
        (
            "body",
            "The river rose by two metres overnight & flooded three villages, the fire service said on "
            "Monday morning. Residents “had to leave” their homes.",
        ),
        ("body", "Why?"),
        ("body", BROKE),
        ("heading", "Aftermath"),
        ("list-item", "Three villages were flooded in the night."),
        ("list-item", "Nobody was hurt, the police said."),
        ("quote", "We had ten minutes to get out of the house, and we lost everything we owned."),
        ("table", "Village; Depth"),
        ("table", "Milton; 2 m"),
        ("body", "The area was 20 km2 in size, and cafés were closed, the mayor said in a statement."),
    ]


def test_the_rest_of_the_page_is_excluded_with_reasons(page: Document) -> None:
    reasons = {piece.text: piece.reason for piece in page.excluded}
    assert reasons["By Jane Doe"] == "byline"
    assert reasons["[1]"] == "reference mark"
    assert reasons["Share on Facebook Tweet"] == "share bar"
    assert reasons["© 2021 Daily News. All rights reserved."] == "copyright line"
    assert not any(text == "no" or "seen" in text for text in reasons)


def test_an_edit_link_with_elements_of_its_own_is_one_mark() -> None:
    bracket = '<span class="mw-editsection-bracket">{}</span>'.format
    link = (
        f'{bracket("[")}<a href="/e" class="mw-editsection-visualeditor"><span>edit</span></a>{bracket("]")}'
    )
    (block,), _ = walked(f'<h2>Aftermath<span class="mw-editsection">{link}</span></h2>')
    assert (block.text.text, [mark.text for mark in block.marks]) == ("Aftermath", ["[edit]"])


def test_entities_map_to_the_whole_of_them(page: Document) -> None:
    for shown, written in [("“", "&#8220;"), ("é", "&eacute;"), ("&", "&amp;")]:
        at = page.text.index(shown)
        span = page.to_source(at, at + 1)
        assert page.source[span.start : span.end] == written


def test_words_map_to_themselves(page: Document) -> None:
    for word in ("overnight", "villages", "engineers", "Milton", "statement"):
        at = page.text.index(word)
        span = page.to_source(at, at + len(word))
        assert page.source[span.start : span.end] == word


@pytest.mark.parametrize(
    ("page", "kinds"),
    [
        ("<p>It rose.</p><pre><code>rise(2)</code></pre><p>It fell.</p>", ["body", "body"]),
        (
            "<p>It rose.</p><pre><code>rise(2)</code>\n<code>fall(1)</code></pre><p>It fell.</p>",
            ["body", "body"],
        ),
        ("<p>It rose.</p><pre>The river rose,\nthe river fell.</pre><p>It fell.</p>", ["body"] * 3),
        ("<p>It rose.</p><pre><code>x</code> is how far it rose.</pre><p>It fell.</p>", ["body"] * 3),
    ],
)
def test_code_in_a_page_is_no_sentence_and_a_verse_is(page: str, kinds: list[str]) -> None:
    document = document_from_text(page, format="html")
    assert [block.kind for block in document.blocks] == kinds
    assert {piece.reason for piece in document.excluded} <= {"code block"}


FIRST = "The council approved the new budget for the schools of the valley on Monday after a long debate."
LAST = "The mayor said that the money would be spent on roofs and windows before the winter, and on no more."


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><head><title>T</title><meta charset=utf-8><body><article>{}</article></html>",
        "<!DOCTYPE html><title>T</title><script>x()</script><article>{}</article>",
        "<html><body><!--><article>{}</article></body></html>",
        "<html><body><!---><article>{}</article></body></html>",
        "<html><body><!-- <p>no</p> --!><article>{}</article></body></html>",
        "<html><body><!-- a > b -- c --><article>{}</article></body></html>",
    ],
)
def test_pages_that_leave_out_what_they_may(page: str) -> None:
    document = document_from_text(page.format(f"<p>{FIRST}</p><p>{LAST}</p>"), format="html")
    assert document.text == f"{FIRST}\n\n{LAST}"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (FIRST, f"{LAST}<sup><a href='#n1'>[1]</a></sup>"),
        (f"{FIRST[:11]}<sup>[1]</sup>{FIRST[11:]}", LAST),
        (f"{FIRST[:11]}<sup>[1]</sup>{FIRST[11:]}", f"{LAST}<sup>[23]</sup><sup>[a]</sup>"),
        (f"{FIRST[:12]} <span hidden>not</span>{FIRST[12:]}", LAST),
    ],
)
def test_what_falls_out_of_a_paragraph_does_not_take_it_out_of_the_article(first: str, last: str) -> None:
    page = f"<html><body><nav>Home News</nav><article><p>{first}</p><p>{last}</p></article></body></html>"
    document = document_from_text(page, format="html")
    assert [text for _, text in blocks(document)] == [FIRST, LAST]


def test_a_fragment_that_trafilatura_leaves_is_read_by_its_elements() -> None:
    document = document_from_text("<nav>Home</nav><p>It rose.</p>", format="html")
    assert document.text == "It rose."


@pytest.mark.parametrize(
    "piece",
    [
        '<a href="',
        "<!",
        "<!--",
        "<",
        "&a",
        "<p>",
        "<div>",
        "<b a='x>",
        "</p",
        "<script>",
        "&#",
        "<q>",
        "<q>a</q>",
        "a line,<br>",
        "- a line<br>",
    ],
)
def test_the_walk_takes_linear_time(piece: str) -> None:
    began = time.perf_counter()
    walked(piece * (300_000 // len(piece)))
    assert time.perf_counter() - began < 8  # a quadratic walk takes minutes


def test_tokens_stand_in_order_inside_the_page() -> None:
    position = 0
    for token in tokens(PAGE):
        assert position <= token.start < token.end <= len(PAGE)
        position = token.end


def test_markdown() -> None:
    document = document_from_text(MARKDOWN, format="markdown")
    assert blocks(document) == [
        ("heading", "The heading"),
        ("body", "Some bold text with a link text and code in café *s*. Second line."),
        ("quote", "A quoted paragraph."),
        ("list-item", "First item."),
        ("table", "A; B"),
        ("table", "one; two"),
    ]
    assert [piece.reason for piece in document.excluded] == ["front matter", "code block", "raw HTML"]
    for word, written in [
        ("heading", "heading"),
        ("link text", "link text"),
        ("é", "&eacute;"),
        ("quoted", "quoted"),
    ]:
        at = document.text.index(word)
        span = document.to_source(at, at + len(word))
        assert document.source[span.start : span.end] == written
    at = document.text.index("link text")
    assert document.to_source(at, at + 4).start == MARKDOWN.index("[link text]") + 1


def test_markdown_with_windows_line_ends() -> None:
    document = document_from_text("# One\r\n\r\nTwo and\r\nthree.\r\n", format="markdown")
    assert blocks(document) == [("heading", "One"), ("body", "Two and three.")]
    assert document.source[document.to_source(5, 8).start :].startswith("Two")


def test_a_list_between_two_paragraphs_is_of_the_article_and_one_of_links_is_not() -> None:
    """trafilatura leaves lists out of a page that marks no article."""
    paragraphs = [
        "The council met on Monday evening in the old town hall, and it had a long list of things to settle.",
        "The first of them was the new park, which everybody wanted and nobody was willing to pay for.",
        "After two hours the members agreed on the rules that will hold from the first day of next month on.",
        "The mayor thanked them for their patience, and said that the park would be open before the summer.",
    ]
    rules = "<ul><li>Dogs must be kept on a thief at all times.</li><li>No fires.</li></ul>"
    links = '<ul><li><a href="/a">Sport</a></li><li><a href="/b">More news</a></li></ul>'
    p = [f"<p>{text}</p>" for text in paragraphs]
    body = p[0] + links + p[1] + p[2] + rules + p[3]
    head = "<!DOCTYPE html><html><head><title>Park rules</title></head><body>"
    page = f"{head}<nav><a href='/'>Home</a></nav><div>{body}</div><footer>Imprint</footer></body></html>"
    document = document_from_text(page, format="html")
    said = [document.text[s.start : s.end] for s in document.sentences]
    assert "Dogs must be kept on a thief at all times." in said
    assert "No fires." in said
    assert not [text for text in said if "Sport" in text or "More news" in text]


def article(first: str) -> Document:
    page = f"<html><body><nav>Home News</nav><article><p>{first}</p><p>{LAST}</p></article></body></html>"
    return document_from_text(page, format="html")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("The rate rose.<sup><a href=#fn1>1</a></sup> It fell.", "The rate rose. It fell."),
        ("The rate rose.<a href='/a#cite-3'><sup>3</sup></a> It fell.", "The rate rose. It fell."),
        ("The rate rose.<sup>2</sup> He said “no.”<sup>3</sup>", "The rate rose. He said “no.”"),
        ("The rate<sup><a href='#a'>*</a></sup> rose.<sup>3</sup><sup>,</sup><sup>4</sup>", "The rate rose."),
        ("There were 10<sup>6</sup> in 20 km<sup>2</sup>.", "There were 10⁶ in 20 km2."),
        ("He lives on the 5<sup>th</sup> floor.", "He lives on the 5th floor."),
        ('The report<span class="visually-hidden">, external</span> says so.', "The report says so."),
        ('The <b class="ssrcss-1f-VisuallyHidden">big </b>report says so.', "The report says so."),
        ('The report <i class="a screen-reader-text">(opens)</i> says so.', "The report says so."),
        ('The <b class="md not-sr-only">big</b> report says so.', "The big report says so."),
        ("東京<ruby>都<rp>(</rp><rt>と</rt><rp>)</rp></ruby>に行く。", "東京都に行く。"),
        ("<ruby>漢<rt>かん<rp>;</ruby>字です。", "漢字です。"),
        ("He said <q>it is <q>over</q> now</q> to her.", "He said “it is ‘over’ now” to her."),
        ("He said <q>“all of it”</q> and “<q>more</q>”.", "He said “all of it” and “more”."),
    ],
)
def test_a_page_is_read_as_a_reader_sees_it(written: str, shown: str) -> None:
    assert article(f"{FIRST} {written}").text == f"{FIRST} {shown}\n\n{LAST}"


def test_marks_of_a_page_map_to_their_tags() -> None:
    document = article(f"{FIRST} He said <q lang=en>no</q> to 10<sup>6</sup> people.")
    for shown, written in [("“", "<q lang=en>"), ("”", "</q>"), ("⁶", "6")]:
        at = document.text.index(shown)
        span = document.to_source(at, at + 1)
        assert document.source[span.start : span.end] == written


def _page(below: str, mark: str = "") -> list[str]:
    paragraphs = "".join(
        f"<p>The rate fell{mark}. It rose again in the year that followed number {i}, when the bank lowered "
        "what it charges its customers for loans.</p>"
        for i in range(6)
    )
    page = f"<html><head><title>Rates</title></head><body><article><h1>Rates</h1>{below}{paragraphs}"
    document = document_from_text(f"{page}</article></body></html>", format="html")
    return [document.text[s.start : s.end] for s in document.sentences]


def test_a_line_below_the_headline_is_the_articles_and_a_sections_name_is_not() -> None:
    assert _page('<h3 class="subtitle">Rates are high. Get used to it.</h3>')[1:3] == [
        "Rates are high.",
        "Get used to it.",
    ]
    assert "Latest news" not in _page("<h2>Latest news</h2>")


@pytest.mark.parametrize(
    ("mark", "first"),
    [
        ('<a class="footnote-anchor" href="#footnote-1">1</a>', "The rate fell."),
        (' to <a href="#fn-none">4</a>', "The rate fell to 4."),
        ('<a href="/chart">1</a>', "The rate fell1."),
    ],
)
def test_a_link_to_a_footnote_is_no_part_of_its_word(mark: str, first: str) -> None:
    assert _page("", mark)[1] == first


def test_a_page_of_nothing_is_read_in_silence_and_leaves_no_handler(capfd) -> None:
    """trafilatura tells the log of such pages; a caller's logging is as it was afterwards."""
    before = list(logging.getLogger("trafilatura").handlers)
    html_pieces("<html><body><div>!</div></body></html>")
    html_pieces("no page")
    assert logging.getLogger("trafilatura").handlers == before
    assert capfd.readouterr() == ("", "")
