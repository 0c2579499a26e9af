"""How files are set: running heads, blanks that are missing, leads, lists by line breaks, titles, marks."""

# ruff: noqa: E501  rows of cases
from __future__ import annotations

import time

import pytest

from mtqa.records import Document
from mtqa.text.boilerplate import reason_for
from mtqa.text.read import document_from_text


def sentences(document: Document) -> list[str]:
    return [document.text[one.start : one.end] for one in document.sentences]


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def left_out(document: Document) -> set[tuple[str, str]]:
    return {(piece.text, piece.reason) for piece in document.excluded}


# -- pages

PAGES = [
    "The ferry leaves from the old harbour at nine, and those who miss it have to",
    "wait until the evening. The captain, a man of few words, has told the",
    "council that he will not sail in a storm, whatever the people on the island",
    "may say about him. They have another boat, but nobody knows how to steer it.",
]


@pytest.mark.parametrize(
    ("between", "reasons"),
    [
        ("\n\n{n}\n\f{head}\n\n", {"page number", "running head"}),
        ("\n\n{head}\n\n{n}\n\n\f", {"page number", "running head"}),
        ("\n\f{head}   {n}\n\n", {"running head"}),
        ("\n\n{n}\n\n{head}\n\n", {"page number", "running head"}),  # no form feeds
    ],
)
def test_sentences_go_on_behind_running_heads(between: str, reasons: set[str]) -> None:
    head = "Ferries and harbours"
    text = PAGES[0]
    for number, page in enumerate(PAGES[1:], start=11):
        text += between.format(n=number, head=head) + page
    document = document_from_text(text)
    assert sentences(document) == sentences(document_from_text(" ".join(PAGES)))
    assert {piece.reason for piece in document.excluded} == reasons
    for sentence in document.sentences:
        assert head not in document.text[sentence.start : sentence.end]


def test_a_line_that_stands_at_one_page_break_alone_is_text() -> None:
    document = document_from_text(
        "The ferry leaves at nine.\n\n\fFerries and harbours\n\nIt is late.\n\n\fThe end came."
    )
    assert ("body", "Ferries and harbours") in blocks(document)
    assert not document.excluded


def test_what_is_repeated_within_a_page_is_text() -> None:
    verse = "And so the river ran.\n\nIt rose at night.\n\n" * 3
    document = document_from_text(verse + "\fThe end came.")
    assert sentences(document).count("And so the river ran.") == 3


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "A book\n\n\fChapter 1\n\nIt rose.\n\n\fChapter 2\n\nIt fell.\n\n\fChapter 3\n\nIt stayed.",
            "Chapter 2",
        ),
        ("Day 1\n\n12\n\nWe left.\n\nDay 2\n\n14\n\nWe came.\n\nDay 3\n\n9\n\nWe slept.", "Day 2"),
        ("Q. Why?\n\n\fA. Yes.\n\nQ. And?\n\n\fA. Yes.\n\nQ. Then?", "A. Yes."),
        ("1\n\nStir.\n\nAdd the milk.\n\n2\n\nStir.\n\nAdd it.\n\n3\n\nStir.\n\nServe.", "Stir."),
    ],
)
def test_chapters_answers_and_steps_are_no_running_heads(text: str, kept: str) -> None:
    document = document_from_text(text)
    assert kept in document.text
    assert "running head" not in {reason for _, reason in left_out(document)}


def test_a_heading_below_a_running_head_stands_alone_and_the_last_head_goes_too() -> None:
    text = PAGES[0] + " wait.\n\n\fFerries and harbours 1\nResults of the survey\n\n" + "\n".join(PAGES[1:])
    text += "\n\n\fFerries and harbours 2\nWhat it cost\n\nIt was dear.\n\n\fFerries and harbours 3\n"
    document = document_from_text(text)
    assert "Results of the survey" in {found for _, found in blocks(document)}
    assert "Ferries" not in document.text


# -- sentences


@pytest.mark.parametrize(
    "parts",
    [
        ["It was in 1987.", "All our forces are gone."],
        ["They came (again).", "The crowd was big."],
        ["We rose by 5%.", "The rest fell."],
        ["“We go.”", "The crowd was big."],
        ['He said "go."', "The crowd was big."],
        ["We were there.", "I do not know why."],
        ["We were there.", "“I love it,” she said."],
        ["He said so.", '"We go," they told him.'],
        ["We left the U.S.", "The rest stayed."],
        ["He is in room 12.", "He left then."],
    ],
)
def test_a_blank_that_is_missing_behind_a_sentence(parts: list[str]) -> None:
    assert sentences(document_from_text("".join(parts))) == parts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("(Oslo, 27 October 2022) Halvorsen Marine today told of its plans.", 1),
        ("(Houston, Texas) A firm said so.", 1),
        ("(It was late.) A firm said so.", 2),
        ("See No. 12-345 (2014). He lost the case.", 2),
        ("He met Dr. Still in May. He likes pears, etc. Researchers found none of it.", 3),
        ("He moved to the U.S. Last year he came back. We saw D.C. Mr. Smith was there.", 4),
        (
            "He works for Apple Inc. “I am old,” he said. She works for Acme Ltd. Analysts expect much of it.",
            4,
        ),
        ("What is vitamin C? We asked him. Is he from the U.K.? Nobody knows it.", 4),
        ("Bake for 30 min. Remove it now. We took 5 mL. Cells were there.", 4),
        ("It is given by Eq. (2). The second one is not.", 2),
        ("Jackson Co. Sheriffs said so.", 1),
        ("He brought tools (hammers, saws, etc. (Smith 2003)) and went home.", 1),
        ("Sony Corp. Pictures chief Amy Smith left.", 1),
        ("He was born 1923 m. Mary Jones in the church.", 1),
        ("We released the App. Tables show what it cost. He moved the App. Code is on it now.", 4),
        ("He came from Ga. D and E came too.", 2),
        ("He said no. (2003 was a bad year.) So it was.", 3),
        ("It is proper under Fed. R. Civ. P. 56(a) when none exists. It was not.", 2),
        (
            "See Compl. ¶¶ 12-14; Ex. A at 3. See Smith v. Jones, 123 F. Supp. 2d 456, 460 (S.D.N.Y. 2001). It agreed.",
            3,
        ),
        ("Cal. Penal Code § 187 applies. See Ariz. Rev. Stat. Ann. § 13-105. It failed.", 3),
        ("As shown in Supp. Table 2, it fell. It was raised by the Fed. The bank did so.", 3),
        ("He came from Riverton, Pa. A fire broke out there. He liked his app. Rain fell.", 4),
        ("It was late :) We went home.", 2),
    ],
)
def test_ends_that_are_in_doubt(text: str, count: int) -> None:
    assert len(document_from_text(text).sentences) == count


@pytest.mark.parametrize(
    "text",
    [
        "It is based on: 1.The law.",
        "It runs on version 2.0.The",
        "He met J.R.The.",
        "It is 5.The",
        "He saw the “Big.”x mark.",
        "Write to me@example.org.Then.",
    ],
)
def test_no_sentence_ends_inside_lists_and_names(text: str) -> None:
    assert sentences(document_from_text(text)) == [text]


# -- pages of HTML

BODY = (
    "<p>The council of Riverton met on Monday to talk about the library, which has stood empty since the flood of last spring.</p>"
    "<p>Nobody knows what it would cost to dry the walls, and the builder whom they asked did not want to guess in public.</p>"
    "<p>The mayor said that the books are safe in the school, where children read them in the afternoon and at weekends too.</p>"
)
LEAD = "The council of Riverton voted last night to close its library for good, after a debate of five hours."


def test_a_headline_below_a_menu_that_names_its_section() -> None:
    page = (
        "<html><body><nav><ul><li>News</li><li>Sport</li></ul></nav><main><p class=kicker>News</p>"
        f"<h1>Council votes to close library</h1>{BODY}</main></body></html>"
    )
    document = document_from_text(page, format="html")
    assert ("heading", "Council votes to close library") in blocks(document)
    assert not any(kind == "list-item" for kind, _ in blocks(document))


@pytest.mark.parametrize("lead", ['<div class="lead">{}</div>', '<p class="teaser">{}</p>'])
def test_a_lead_in_an_element_of_its_own(lead: str) -> None:
    page = f"<html><body><main><h1>A library closes</h1>{lead.format(LEAD)}<div class=body>{BODY}</div></main></body></html>"
    assert sentences(document_from_text(page, format="html"))[1] == LEAD


def test_a_paragraph_set_in_a_div_among_others() -> None:
    first, rest = BODY.split("</p>", 1)
    page = f"<html><body><main><h1>A library closes</h1><div>{first}</p><div>{LEAD}</div>{rest}</div></main></body></html>"
    assert LEAD in sentences(document_from_text(page, format="html"))


def test_the_title_of_a_post_below_the_name_of_the_site() -> None:
    page = (
        "<html><head><title>My Travels: A day at the library</title></head><body><h1>My Travels</h1>"
        f"<div class=post><h3>A day at the library</h3>{BODY}</div></body></html>"
    )
    found = [text for kind, text in blocks(document_from_text(page, format="html")) if kind == "heading"]
    assert found == ["A day at the library"]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            "• It is cheap<br>• It is healthy<br>• It keeps for days",
            ["• It is cheap", "• It is healthy", "• It keeps for days"],
        ),
        ("1. Cut it in two<br>2. Boil it for an hour", ["1. Cut it in two", "2. Boil it for an hour"]),
        (
            "<b>Where to eat</b><br>There are many houses here.",
            ["Where to eat", "There are many houses here."],
        ),
        ("Roses are red,<br>violets are blue.", ["Roses are red, violets are blue."]),
        ("This is <b>bold</b><br>and this is not.", ["This is bold and this is not."]),
        ("<b>The river that we all</b><br>knew was high.", ["The river that we all knew was high."]),
        ("He had just turned<br>12. Then he left.", ["He had just turned 12. Then he left."]),
        ("The river<br>– it is long –<br>fell.", ["The river – it is long – fell."]),
        (
            "He said <q>we need milk<br>- and bread</q> to her.",
            ["He said “we need milk - and bread” to her."],
        ),
    ],
)
def test_lists_and_headings_set_with_line_breaks(inside: str, expected: list[str]) -> None:
    document = document_from_text(f"<article><p>{inside}</p></article>", format="html")
    assert [text for _, text in blocks(document)] == expected


@pytest.mark.parametrize("link", ["#_ftn1", "#_edn1", "#sdfootnote1sym", "#fn1"])
def test_marks_of_footnotes_are_no_text(link: str) -> None:
    page = f'<article><p>In the 1950s<a href="{link}">[1]</a> and later it rose.</p></article>'
    assert document_from_text(page, format="html").text == "In the 1950s and later it rose."


@pytest.mark.parametrize("row", ["• one<br>• two", "<b>Smith</b><br>Mayor"])
def test_a_cell_is_whole(row: str) -> None:
    page = f"<article>{BODY}<table><tr><td>{row}</td><td>x y z</td></tr></table>{BODY}</article>"
    (table,) = [text for kind, text in blocks(document_from_text(page, format="html")) if kind == "table"]
    assert table.endswith("x y z")
    assert "one" in table or "Smith" in table


@pytest.mark.parametrize(
    "head",
    [
        "<title>Riverton Gazette</title></head><body><div><h2>Riverton Gazette</h2></div>",
        "<title>Library closes | Gazette</title></head><body><h2>Library closes</h2>",
    ],
)
def test_a_headline_below_what_the_title_names(head: str) -> None:
    page = f"<html><head>{head}<div><h1>A town loses the books it loved</h1></div><div>{BODY}</div></body></html>"
    assert ("heading", "A town loses the books it loved") in blocks(document_from_text(page, format="html"))


def test_teasers_of_other_articles_are_no_lead() -> None:
    teaser = "Police have found the boat that was stolen from the harbour two weeks ago."
    page = f"<html><head><title>Gazette news</title></head><body><h1>Gazette news</h1><div class=teasers><p>{teaser}</p></div><div><h2>Library will close for good</h2>{BODY}</div></body></html>"
    assert teaser not in document_from_text(page, format="html").text


def test_a_page_of_title_tags_is_read_in_linear_time() -> None:
    began = time.process_time()
    document_from_text(f"<article>{BODY}</article>" + "<title" * 30_000, format="html")
    assert time.process_time() - began < 2  # quadratic: 4 s, and four times that for twice the length


LIST = "<ul><li>The walls are wet, and they will be wet for years.</li><li>The roof leaks where it did.</li></ul>"


@pytest.mark.parametrize(
    "page",
    ["<h1>A library</h1>{body}{list}<h2>Costs</h2>{body}", "<h1>A library</h1>{list}<h2>Costs</h2>{body}"],
)
def test_a_list_before_a_heading(page: str) -> None:
    document = document_from_text(
        f"<html><body><div>{page.format(body=BODY, list=LIST)}</div></body></html>", format="html"
    )
    assert ("list-item", "The roof leaks where it did.") in blocks(document)


# -- plain text


def test_numbered_headings_without_empty_lines() -> None:
    lines = [
        "The samples were taken at nine in the morning and kept in the cold until the",
        "evening, as others have done. All that we found was consistent with the rest.",
        "2.2. Statistical analysis",
        "We used the usual tests and held what was below the line for a difference, as",
        "those who went before us did, and we say where it was not the case at once.",
    ]
    assert "2.2. Statistical analysis" in {text for _, text in blocks(document_from_text("\n".join(lines)))}


@pytest.mark.parametrize(
    "lines",
    [
        [
            "What we found here is the same as what the others of whom we spoke see in Fig.",
            "2.1 A boat that nobody knows.",
        ],
        [
            "The flood was high, and the people of the town left what they had and went there.",
            "3.5 Million people saw the boat that nobody knows how to steer in the night.",
        ],
    ],
)
def test_a_number_at_a_line_begin_is_no_heading(lines: list[str]) -> None:
    before = ["They came when it was late, and they stayed until the morning, since there was no"] * 3
    text = "\n".join(
        [
            *before,
            "other way to get home from there in the dark, and none of them had brought a lamp.",
            *lines,
        ]
    )
    assert len(blocks(document_from_text(text))) == 1


@pytest.mark.parametrize(
    "verse",
    [
        "The river runs, the river falls,\nMy heart is full of love,\nThe wind is up, the night it calls,\nThe moon is high above.\n",
        "Hello darkness, my old friend,\nI have come to talk again,\nBecause a vision, softly,\nLeft its seeds behind.\n",
    ],
)
def test_a_greeting_in_a_verse_is_verse(verse: str) -> None:
    assert len(blocks(document_from_text(verse))) == 1


def test_a_letter_is_no_verse() -> None:
    text = "Dear Tom,\nI am leaving on Monday.\nFeed the cat.\nYours,\nAnna\nP.S. Water the flowers."
    assert len(blocks(document_from_text(text))) == 6


# -- Markdown


@pytest.mark.parametrize(
    ("source", "text", "mark"),
    [
        ("> [!NOTE]\n> The river rose.", "The river rose.", "[!NOTE]"),
        ("- [x] Buy the boat.", "Buy the boat.", "[x]"),
        ("- > [!NOTE]\n  > It rose.", "It rose.", "[!NOTE]"),
        ("::: warning\r\nThe river rose.\r\n:::\r\n", "The river rose.", "::: warning"),
        ("# The river {#river}\n\nIt rose.", "The river", "{#river}"),
        ("::: warning\nThe river rose.\n:::", "The river rose.", "::: warning"),
    ],
)
def test_marks_of_extensions_are_no_words(source: str, text: str, mark: str) -> None:
    document = document_from_text(source, format="markdown")
    assert blocks(document)[0][1] == text
    assert (mark, "mark-up") in left_out(document)


def test_colons_in_prose_are_prose() -> None:
    text = "The ratio is\n::: 3 to 4 ::: in all of\nthe cases."
    assert "3 to 4" in document_from_text(text, format="markdown").text


# -- boilerplate


@pytest.mark.parametrize(
    "text",
    [
        "Source link",
        "Register now for FREE unlimited access to Reuters.com",
        "View this email in your browser",
        "You are receiving this email because you opted in on our website.",
        "Our mailing address is: 12 Mill Lane, Riverton",
        "Manage your preferences",
        "1.2K",
    ],
)
def test_what_no_author_wrote(text: str) -> None:
    assert reason_for(text) is not None


@pytest.mark.parametrize(
    "text", ["The source links them.", "5K", "View it in your own way.", "Our address is known."]
)
def test_what_an_author_may_have_written(text: str) -> None:
    assert reason_for(text) is None
