"""Markdown: no visible letter is dropped without a record, footnotes are blocks of their own."""

# ruff: noqa: E501, RUF005  generated words are easier to read in long rows
from __future__ import annotations

from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mtqa.errors import InputError
from mtqa.records import Document
from mtqa.text.read import document_from_text


def read(text: str) -> Document:
    return document_from_text(text, format="markdown")


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


class Visible(HTMLParser):
    """The text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def letters(text: str) -> Counter[str]:
    return Counter(filter(str.isalpha, text))


def recorded(document: Document) -> Counter[str]:
    """The letters of the text and of what was excluded, which is raw source: entities may count as what they say."""
    raw = "".join(piece.text for piece in document.excluded)
    return letters(document.text) + (letters(raw) | letters(unescape(raw)))


def shown(text: str) -> Counter[str]:
    """The letters that markdown-it's own renderer shows: an oracle for what a reader sees."""
    visible = Visible()
    parser = MarkdownIt("commonmark", {"maxNesting": 200}).enable(["table", "strikethrough"])
    visible.feed(parser.render(text))
    visible.close()
    return letters(visible.text)


WORDS = st.sampled_from(
    ["river", "Bridge", "café", "a", "b|c", "x\\|y", "&amp;", "&eacute;", "\\*no\\*", "_so_", "**very**", "`code a`", "``b ` c``"]
    + ["[link](http://e.org)", "[two words](<a b> 'ti(tle')", "[ref][r]", "[r]", "![alt](i.png)", "<http://e.org/x>", "<b>", "</b>"]
    + ["~~old~~", "!", "[", "]", "(", ")", "*", "`", "<", ">", "\\", "<!-- hid -->", "a\\\nb", "[x](y", "[^q]", "http://e.org", "1.", "~"]
)  # fmt: skip
LINES = st.tuples(
    st.sampled_from(
        ["", "", "", "# ", "> ", ">> ", "- ", "  - ", "1. ", "    ", "| ", "```", "---", "> - ", ">" * 30]
    ),
    st.lists(WORDS, max_size=7).map(" ".join),
    st.sampled_from(["", "", " |", " | cell", "  ", "\\", " #"]),
).map("".join)
FILES = st.lists(LINES, min_size=1, max_size=10).map(
    lambda lines: "The river.\n\n" + "\n".join(lines) + "\n\n[r]: http://r.org 'title'\n"
)


@settings(max_examples=300, deadline=None)
@given(FILES)
def test_every_visible_letter_is_kept_or_recorded(text: str) -> None:
    document = read(text)
    assert shown(text) - recorded(document) == Counter()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), min_size=2, max_size=8))
def test_every_letter_of_a_table_is_kept_or_recorded(cells: list[str]) -> None:
    cells = [cell.replace("\n", " ") for cell in cells]
    table = "| one | two |\n|---|---|\n" + "\n".join(
        f"| {a} | {b} |" for a, b in zip(cells[::2], cells[1::2], strict=False)
    )
    text = f"The river.\n\n{table}\n\n[r]: http://r.org\n"
    document = read(text)
    assert shown(text) - recorded(document) == Counter()


def test_an_escaped_pipe_in_a_cell() -> None:
    document = read("| a | b |\n|---|---|\n| this \\| that goes here | second cell |\n| `x \\| y` | z |\n")
    assert blocks(document)[1:] == [("table", "this | that goes here; second cell"), ("table", "x | y; z")]
    at = document.text.index("|")
    span = document.to_source(at, at + 1)
    assert document.source[span.start : span.end] == "\\|"


def test_cells_without_a_column_are_recorded() -> None:
    document = read("| a | b |\n|---|---|\n| one | two | three |\n\nThe end came.")
    assert [(piece.text, piece.reason) for piece in document.excluded] == [
        ("| three |", "table cell without a column")
    ]


def test_an_address_with_percent_escapes_stays_as_written() -> None:
    assert read("See <https://e.org/%C3%A9t%C3%A9> now.").text == "See https://e.org/%C3%A9t%C3%A9 now."


@pytest.mark.parametrize("depth", [21, 30, 40])
def test_deep_quotes_are_read(depth: int) -> None:
    assert blocks(read(">" * depth + " text that is deep")) == [("quote", "text that is deep")]


@pytest.mark.parametrize("mark", [">", "> ", "- ", "1. "])
@pytest.mark.parametrize("depth", [60, 500, 3_000])
def test_what_is_nested_too_deep_is_recorded_and_the_rest_is_read(mark: str, depth: int) -> None:
    document = read(f"{mark * depth}buried\n\nThe river rose.\n")
    assert blocks(document) == [("body", "The river rose.")]
    assert [(piece.text[-6:], piece.reason) for piece in document.excluded] == [("buried", "nested too deep")]


def test_lists_nested_by_indentation_beyond_the_limit_are_recorded() -> None:
    text = "\n".join("  " * depth + f"- item {chr(97 + depth % 26)}" for depth in range(80))
    document = read(text)
    found = letters(document.text) + letters("".join(piece.text for piece in document.excluded))
    assert found >= letters(text)


def test_footnotes() -> None:
    text = (
        "The river rose[^1] and fell[^note]. See `a[^1]` there.\n\n"
        "[^1]: According to the council.\n[^note]: note the date,\n    as they say.\n\n    It was in May.\n\nThe end came.\n"
    )
    document = read(text)
    assert blocks(document) == [
        ("body", "The river rose and fell. See a[^1] there."),
        ("body", "According to the council."),
        ("body", "note the date, as they say."),
        ("body", "It was in May."),
        ("body", "The end came."),
    ]
    marks = [piece.text for piece in document.excluded]
    assert marks == ["[^1]", "[^note]", "[^1]:", "[^note]:"]
    assert {piece.reason for piece in document.excluded} == {"reference mark"}
    at = document.text.index("note the date")
    assert document.to_source(at, at + 4).start == text.index("note the date")


def test_a_note_of_one_word_is_no_link() -> None:
    document = read("It rose.[^1]\n\n[^1]: Slowly.\n")
    assert [text for _, text in blocks(document)] == ["It rose.", "Slowly."]


def test_brackets_that_are_no_footnote_stay() -> None:
    assert read("The class [^a-z] matches.").text == "The class [^a-z] matches."


@pytest.mark.parametrize("text", ["[^1]:", "[^1]: \n", "[^1]:\n[^2]:\n"])
def test_an_empty_note_is_no_article(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


@pytest.mark.parametrize(
    ("opening", "front"),
    [
        ("---\n\nThe first paragraph.\n\n---\n", False),
        ("---\nThe first paragraph.\n---\n", False),
        ("---\ntitle: A bridge\n+++\n", False),
        ("+++\nThe first paragraph.\n...\n", False),
        ("---\ntitle: A bridge\ndate: 2024-01-02\n---\n", True),
        ("---\n# a remark\ntitle: A bridge\n...\n", True),
        ("+++\ntitle = 'A bridge'\n+++\n", True),
        ("+++\n[params]\nwide = true\n+++\n", True),
    ],
)
def test_front_matter_is_keys_and_no_prose_between_two_rules(opening: str, front: bool) -> None:
    document = document_from_text(f"{opening}\nThe second paragraph.\n", format="markdown")
    assert [piece.reason for piece in document.excluded if piece.reason == "front matter"] == [
        "front matter"
    ] * front
    assert ("first paragraph" in document.text) is ("first paragraph" in opening)
    assert document.text.endswith("The second paragraph.")


def test_a_mark_too_far_in_for_a_quotation_is_text() -> None:
    """It was lost for the parser's text, and the whole block read as it stood, with its entities."""
    assert blocks(read("The river.\n\nriver\n    > river &eacute;\n")) == [
        ("body", "The river."),
        ("body", "river > river é"),
    ]
    assert blocks(read("> one\n> t&eacute;n\n")) == [("quote", "one tén")]
