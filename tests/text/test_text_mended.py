"""Slips that a reviewer found: titles, tails, tables of data, hyphens at line ends, the guess of HTML."""

# ruff: noqa: E501  rows of cases
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mtqa.records import Document
from mtqa.text.boilerplate import reason_for
from mtqa.text.language import detect_language
from mtqa.text.read import document_from_text, read_article

PROSE = "These rules say what you may do with the service and what you may not do with it."
AFTER = "The figures were gathered by the council over ten years and checked twice by its own staff."


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def excluded(document: Document) -> list[tuple[str, str]]:
    return [(piece.text, piece.reason) for piece in document.excluded]


@pytest.mark.parametrize(
    "data",
    [
        "\n" * 60 + "<html><body><p>It rose.</p></body></html>",
        " " * 20_000 + "<!DOCTYPE html><p>It rose.</p>",
        "<!---->" * 2_000 + "<body>It rose.</body>",
        *(f"<{tag}>It rose.</{tag}>" for tag in ("div", "p", "article", "section", "main", "h1")),
        '<p class="a">It rose.</p>',
    ],
)
def test_pages_and_pieces_of_pages_are_html(data: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(data)
    assert read_article(path).format == "html"


@pytest.mark.parametrize(
    "data", ["<!---->" * 26 + "hello", "<p-value is small.", "<b>It</b> rose.", "a <p> b"]
)
def test_other_text_is_not(data: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(data + " The river rose.")
    assert read_article(path).format == "text"


@pytest.mark.parametrize("title", ["Terms of service", "Privacy policy", "TERMS AND CONDITIONS"])
@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_policy_has_its_title(title: str, form: str) -> None:
    head = {"text": title, "markdown": f"# {title}", "html": f"<article><h1>{title}</h1>"}[form]
    body = f"<p>{PROSE}</p></article>" if form == "html" else f"\n\nUpdated: 3 May 2020\n\n{PROSE}\n"
    document = document_from_text(head + body, format=form)
    assert blocks(document) == [("heading", title), ("body", PROSE)]


@pytest.mark.parametrize(
    "text", [f"{PROSE}\n\nTerms of service\n", f"About us\nTerms of service\n\n{PROSE}\n"]
)
def test_a_link_to_the_policy_stays_out(text: str) -> None:
    assert blocks(document_from_text(text)) == [("body", PROSE)]


TAILS = [
    ("READ MORE", "link to more"),
    ("0 Comments", "comment counter"),
    ("ADVERTISEMENT", "advertisement"),
    ("Share on Facebook", "share bar"),
    ("Read more »", "link to more"),
    ("READ MORE: Ten bridges to see", "link to more"),
]


@pytest.mark.parametrize(("tail", "reason"), TAILS)
@pytest.mark.parametrize("end", [".", "!", ".”"])
def test_a_scrap_behind_the_last_sentence_is_cut_off(tail: str, reason: str, end: str) -> None:
    text = f"“It is over,” he said. “He leads the military coalition{end}"
    document = document_from_text(f"{text} {tail}")
    assert document.text == text
    assert excluded(document) == [(tail, reason)]
    assert document.source[document.excluded[0].start : document.excluded[0].end] == tail


def test_two_scraps_are_cut_off_apart() -> None:
    document = document_from_text("He leads the military coalition. READ MORE 12 Comments")
    assert document.text == "He leads the military coalition."
    assert excluded(document) == [("READ MORE", "link to more"), ("12 Comments", "comment counter")]


@pytest.mark.parametrize(
    "text",
    [
        "Turn off the television. Read more.",
        "He had one word for us. MORE",
        "HE LEFT. READ MORE",
        "She asked the minister. He had no comment.",
        "We saw a sign. It said READ MORE",
        "We went to the zoo. Share on.",
    ],
)
def test_a_last_sentence_that_may_be_text_stays(text: str) -> None:
    assert document_from_text(text).text == text


ROWS = [
    (place, f"{index * 37 % 101}.5", f"{index * 1000:,}")
    for index, place in enumerate(["Oslo", "New York"] * 20)
]


def table_of(rows: Sequence[tuple[str, ...]], form: str) -> str:
    if form == "html":
        lines = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
        return f"<article><p>{PROSE}</p><table>{lines}</table><p>{AFTER}</p></article>"
    if form == "markdown":
        rule = "|".join(["---"] * len(rows[0]))
        lines = "\n".join(
            [*(" | ".join(row) for row in rows[:1]), rule, *(" | ".join(row) for row in rows[1:])]
        )
    else:
        lines = "\n".join("\t".join(row) for row in rows)
    return f"{PROSE}\n\n{lines}\n\n{AFTER}\n"


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
@pytest.mark.parametrize("columns", [2, 3])
def test_a_long_table_of_data_is_no_prose(form: str, columns: int) -> None:
    document = document_from_text(table_of([row[:columns] for row in ROWS], form), format=form)
    assert [text for _, text in blocks(document)] == [PROSE, AFTER]
    assert [piece.reason for piece in document.excluded] == ["table of data"] * len(ROWS)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_short_tables_and_tables_of_sentences_stay(form: str) -> None:
    short = document_from_text(table_of(ROWS[:20], form), format=form)
    assert short.excluded == ()
    rows = [
        (f"Rule {n}", "No guest may enter the kitchen after ten.", "See above for the fine.")
        for n in range(40)
    ]
    document = document_from_text(table_of(rows, form), format=form)
    assert "table of data" not in {piece.reason for piece in document.excluded}


WRAPPED = (
    "The council told its {} on Monday that the bridge\nwould be closed for a month, and that those who live on\n"
    "the far bank would have to take the ferry instead,\nwhich leaves from the old harbour every half hour.\n"
)


@pytest.mark.parametrize(
    ("broken", "joined"),
    [
        ("mem-\nbers", "members"),
        ("peo-\nple", "people"),
        ("neigh-\nbours", "neighbours"),
        ("re-\nsignation", "resignation"),
        ("well-\nknown", "well-known"),
        ("long-\nterm", "long-term"),
        ("post-\nwar", "post-war"),
        ("zorb-\nlings", "zorb-lings"),
    ],
)
def test_a_hyphen_at_a_line_end_goes_where_it_breaks_a_word(broken: str, joined: str) -> None:
    document = document_from_text(WRAPPED.format(broken))
    assert f"its {joined} on Monday" in document.text
    kinds = [repair.kind for repair in document.repairs]
    assert kinds == ([] if "-" in joined else ["hyphenation"])


def test_the_words_of_the_file_decide_before_those_of_the_language() -> None:
    document = document_from_text(WRAPPED.format("mem-\nbers") + "They are called mem-bers here.\n")
    assert "its mem-bers on Monday" in document.text


def test_hyphens_in_another_language() -> None:
    text = (
        "Der Bürgermeister sagte am Montag vor der Versamm-\nlung, dass die Brücke über den Fluss für einen Monat\n"
        "geschlossen wird und dass die Leute mit der Fähre\nfahren sollen, die jede halbe Stunde am Hafen ablegt.\n"
    )
    assert "vor der Versammlung, dass" in document_from_text(text).text


def test_read_the_follow_up() -> None:
    assert reason_for("Read the follow-up") == "link to more"
    assert reason_for("Read the follow-up before you judge the first book.") is None


def test_the_docstring_warns_of_short_texts() -> None:
    assert "40 letters" in (detect_language.__doc__ or "")


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_cells_of_a_row_are_held_apart_and_keep_their_places(form: str) -> None:
    rows = [("Ashby", "1 June", "new lamps"), ("Thorpe", "3 June", "Why?", "No lift.", "None")]
    lines = "".join(
        f"<tr>{''.join(f'<td>{cell}</td> ' for cell in row)}</tr>"
        if form == "html"
        else "| " + " | ".join(row) + " |\n"
        for row in rows
    )
    head = {"html": "<table>", "markdown": "| a | b | c | d | e |\n|---|---|---|---|---|\n"}[form]
    end = "</table></article>" if form == "html" else ""
    start = f"<article><p>{PROSE}</p>" if form == "html" else f"{PROSE}\n\n"
    source = start + head + lines + end
    document = document_from_text(source, format=form)
    shown = [document.text[b.start : b.end] for b in document.blocks]
    assert "Ashby; 1 June; new lamps" in shown
    assert "Thorpe; 3 June; Why? No lift. None" in shown
    at = document.text.index("new lamps")
    place = document.to_source(at, at + 9)
    assert source[place.start : place.end] == "new lamps"
