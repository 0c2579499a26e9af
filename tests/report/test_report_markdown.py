"""Markdown: whatever the article holds, a Markdown reader shows it and takes nothing of it for markup."""

import re
from html import unescape

import pytest
import report_builders as builders
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mtqa.report import markdown
from mtqa.report.formats import RenderOptions, render
from mtqa.report.safe import one_line

#: Everything on that GitHub has on, and raw HTML let through: the worst reader.
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {
    "h2",
    "h3",
    "p",
    "blockquote",
    "strong",
    "ul",
    "li",
    "code",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def tags(html: str) -> set[str]:
    return set(re.findall(r"</?([a-zA-Z][\w-]*)", html))


def test_hostile_article_is_only_text() -> None:
    html = READER.render(render([builders.hostile(), builders.library()], "markdown"))
    assert tags(html) <= OURS
    assert "&lt;script&gt;window.pwned = 1&lt;/script&gt;" in html


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab1 \\`*_[]()<>#+-=.!|~&;:/$^{}@'\"wW\n\t’“é漢", min_size=1, max_size=25))
@example("1. a")
@example("---")
@example("a_b_ _c_")
@example("&amp; &#64;")
def test_escaped_text_is_read_as_itself(text: str) -> None:
    html = READER.render(f"> {markdown.escape(text)}\n")
    assert tags(html) <= {"blockquote", "p"}
    shown = unescape(re.sub(r"</?(?:blockquote|p)>", "", html)).strip()
    assert shown == one_line(text).strip()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["word", "“", "’s", "*", "_", "(", "x)", "-", "1.", "“quoted”", "é", "、"]),
        min_size=1,
    ),
    st.data(),
)
def test_a_marked_sentence_is_read_as_itself(pieces: list[str], data: st.DataObject) -> None:
    glue = data.draw(st.sampled_from(["", " "]))
    sentence = glue.join(pieces)
    suspect = data.draw(st.sampled_from(pieces))
    report = builders.report([builders.Part("body", (sentence,))], {suspect: builders.Suspect(9)})
    html = READER.render(render([report], "markdown"))
    quote = re.search(r"<blockquote>\n<p>(.*)</p>\n</blockquote>", html)
    assert quote, html
    assert tags(quote[1]) <= {"strong"}
    assert unescape(re.sub(r"</?strong>", "", quote[1])) == sentence


def test_suspicious_words_are_bold() -> None:
    html = READER.render(render([builders.library()], "markdown"))
    assert "<strong>umbrellas</strong>" in html
    assert "<strong>in the evening of the</strong>" in html


def test_table_cells_hold_their_pipes() -> None:
    html = READER.render(render([builders.hostile()], "markdown"))
    assert "<td>navigation | &lt;b&gt;bar&lt;/b&gt;</td>" in html


@pytest.mark.parametrize("verbose", [False, True])
def test_signature_is_a_code_span(verbose: bool) -> None:
    text = render([builders.library()], "markdown", options=RenderOptions(verbose=verbose))
    assert text.endswith(f"Signature: `{builders.SIGNATURE}`\n")
    assert ("- window: 2048" in text) == verbose
