"""Line and page breaks inside sentences, items, transcripts: soft hyphens, page numbers, initials, tabs."""

from __future__ import annotations

import pytest

from mtqa.records import Document
from mtqa.text.offsets import LineIndex
from mtqa.text.read import document_from_text

TEXT = (
    "The council told its {} on Monday that the bridge\n"
    "would be closed for a month, and that those who live on\n"
    "the far bank would have to take the ferry instead,\n"
    "{}which leaves from the old harbour every half hour.\n"
)


def said(document: Document) -> list[str]:
    return [document.text[s.start : s.end] for s in document.sentences]


def source_of(document: Document, word: str) -> str:
    at = document.text.index(word)
    span = document.to_source(at, at + len(word))
    return document.source[span.start : span.end]


@pytest.mark.parametrize("hyphen", ["\u00ad", "\u00ad  ", "¬"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("left", "right"), [("mem", "bers"), ("zorb", "lings"), ("Überlebens", "künstler")])
def test_a_soft_hyphen_at_a_line_end_joins(hyphen: str, end: str, left: str, right: str) -> None:
    document = document_from_text(TEXT.format(f"{left}{hyphen}{end}{right}", ""))
    assert f"its {left}{right} on Monday" in document.text
    assert source_of(document, left + right) == f"{left}{hyphen}{end}{right}"
    assert [(r.kind, r.was) for r in document.repairs] == [("hyphenation", hyphen.strip())]


def test_a_soft_hyphen_joins_what_goes_on_in_capitals_and_in_files_without_wrapped_lines() -> None:
    assert "its McDonalds on" in document_from_text(TEXT.format("Mc\u00ad\nDonalds", "")).text
    assert (
        document_from_text("It was an inter\u00ad\nnational affair.").text
        == "It was an international affair."
    )
    assert "the members met" in document_from_text(f"> On Monday the mem\u00ad\n> bers met.\n\n{TEXT}").text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("The mem\u00adbers met.", "The members met."),
        ("The mem\u00ad\n\nBers met.", "The mem\n\nBers met."),
        ("The members met\u00ad", "The members met"),
        ("The members met.\u00ad\nThen they left.", "The members met.\n\nThen they left."),
        ("A price of 5 ¬\nand more.", "A price of 5 ¬\n\nand more."),
    ],
)
def test_soft_hyphens_that_break_no_word_leave_no_trace(source: str, text: str) -> None:
    document = document_from_text(source)
    assert document.text == text
    assert {r.kind for r in document.repairs} <= {"invisible"}


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_a_soft_hyphen_at_a_line_end_joins_in_pages_and_markdown(form: str) -> None:
    source = "The mem\u00ad\nbers met on Monday."
    document = document_from_text(f"<p>{source}</p>" if form == "html" else source, format=form)
    assert document.text == "The members met on Monday."
    assert source_of(document, "members") == "mem\u00ad\nbers"


WHOLE = "take the ferry instead, which leaves from the old harbour"


@pytest.mark.parametrize(
    ("between", "number"),
    [
        ("\n12\n\n\f", "12"),
        ("12\n\f", "12"),
        ("12\n", "12"),
        ("\n12\n\n", "12"),
        ("\n\n\n- 12 -\n\n\f", "- 12 -"),
        ("\nPage 12 of 40\n\f\n", "Page 12 of 40"),
        ("\n\fxii\n\n", "xii"),
        ("\r\n12\r\n\f", "12"),
    ],
)
def test_a_sentence_goes_on_behind_a_page_break(between: str, number: str) -> None:
    document = document_from_text(TEXT.format("members", between))
    assert len(document.sentences) == 1
    assert WHOLE in document.text
    assert source_of(document, "which leaves") == "which leaves"
    (piece,) = document.excluded
    line = LineIndex(document.source).line_of(document.source.index(number))
    assert (piece.text, piece.reason, piece.line) == (number, "page number", line)


@pytest.mark.parametrize("between", ["\f", "\n\f", "\n\n\f\n"])
def test_a_page_break_without_a_number(between: str) -> None:
    document = document_from_text(TEXT.format("members", between))
    assert WHOLE in document.text
    assert document.excluded == ()


def test_a_word_that_a_page_breaks() -> None:
    document = document_from_text(
        TEXT.format("members", "").replace("leaves", "in-\n\n12\n\n\fternationally leaves")
    )
    assert "instead, which internationally leaves" in document.text


@pytest.mark.parametrize(
    "text",
    [
        "He came by boat.\n\n12\n\n\fthe others walked.",  # a sentence ends
        "Ferries and harbours\n\n12\n\n\fThe others walked.",  # the next line begins one
        "- a rope\n12\n- a ladder",
        "Apples\n12\npears\n14\nplums\n9",  # a table, a cell a line
        "> quoted words\n\n12\n\n\fand an answer.",
    ],
)
def test_other_lines_with_a_number_between_stay_apart(text: str) -> None:
    document = document_from_text(f"{TEXT.format('members', '')}\n{text}\n")
    assert "page number" not in {piece.reason for piece in document.excluded}
    assert len(document.blocks) > 2


def test_a_letter_that_is_a_word_is_no_page_number() -> None:
    assert document_from_text("Moldova,\ni\nmajoritatea").excluded == ()


ITEMS = (
    "1. The plan was put forward at the meeting of the council by {}\n"
    "{}J. Smith and by some of his friends from the far bank of the old\n"
    "{}river, and it was then put to the vote and carried by all of them.\n"
    "2. The next item was about the ferry and the old harbour, and it was\n"
    "{}put off until the meeting in March.\n"
)


@pytest.mark.parametrize("title", ["Mr.", "Dr.", "Capt.", "the late"])
@pytest.mark.parametrize("indent", ["", "   "])
def test_an_item_goes_on_with_an_initial(title: str, indent: str) -> None:
    document = document_from_text(ITEMS.format(title, *[indent] * 3))
    assert [block.kind for block in document.blocks] == ["list-item", "list-item"]
    assert f"by {title} J. Smith and" in document.text


def test_a_paragraph_goes_on_with_an_initial() -> None:
    document = document_from_text(ITEMS.format("Mr.", "", "", "").replace("1. ", "").replace("2. ", ""))
    assert "by Mr. J. Smith and" in document.text
    assert "by Mr. J. Smith." in document_from_text("It was painted by Mr.\nJ. Smith.\nNobody saw it.").text


def test_lettered_items_stay_items() -> None:
    items = (
        "A. The plan was put forward at the meeting of the council by a man\n"
        "B. Smith and sons have built the bridge and are to paint the ferry\n"
        "C. Jones is the name of the mayor, who was not there to hear of it\n"
    )
    document = document_from_text(f"{TEXT.format('members', '')}\n{items}")
    assert [block.kind for block in document.blocks] == ["body", *["list-item"] * 3]


QUESTIONS = ["Did you see him?", "When was that?", "Where?", "Who else came?"]
ANSWERS = ["Yes, I did.", "On Monday.", "At home.", "Nobody. Why?"]


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_transcript_is_no_table_of_data(form: str) -> None:
    rows = [
        pair
        for _ in range(6)
        for q, a in zip(QUESTIONS, ANSWERS, strict=True)
        for pair in (("Q:", q), ("A:", a))
    ]
    if form == "html":
        lines = "".join(f"<tr><td>{who}</td><td>{words}</td></tr>" for who, words in rows)
        source = f"<article><p>{TEXT.format('members', '')}</p><table>{lines}</table></article>"
    elif form == "markdown":
        source = "Who | Says\n---|---\n" + "\n".join(" | ".join(row) for row in rows)
    else:
        source = "\n".join("\t".join(row) for row in rows)
    document = document_from_text(source, format=form)
    assert "table of data" not in {piece.reason for piece in document.excluded}
    assert len([text for text in said(document) if "Did you see him?" in text]) == 6


def test_a_long_table_of_names_is_one_of_data() -> None:
    rows = "\n".join(f"{a}\t{b}" for a, b in [("France", "Paris"), ("New Zealand", "Wellington")] * 20)
    document = document_from_text(f"The river rose in the night.\n\n{rows}\n")
    assert document.text == "The river rose in the night."
