"""Plain text to blocks: wrapped or not, headings, captions, lists, mail, verse."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mtqa.records import Document
from mtqa.text.offsets import LineIndex
from mtqa.text.read import document_from_text, read_article

SEED = Path(__file__).parents[2] / "seeds" / "000_528cacc9b8efffdc.txt"
PARAGRAPHS = [
    "The council on Tuesday approved the construction of a new bridge over the river, which had been planned "
    "for ten years and which will cost five million pounds.",
    "The mayor said that it was a great day for everyone who lived on both banks. She thanked the engineers, "
    "the planners and the many people who had written to her.",
    "Residents had complained about the detour. It takes forty minutes in the morning and even longer in the "
    "evening, when New Yorkers come home from work.",
]


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_the_seed() -> None:
    document = read_article(SEED)
    assert len(document.blocks) == 9
    assert len(document.sentences) == 14
    assert [(e.text, e.reason, e.line) for e in document.excluded] == [
        ("READ MORE", "link to more", 34),
        ("0 Comments", "comment counter", 35),
    ]
    faults = [(f.kind, document.text[f.start - 1 : f.end]) for f in document.quote_faults]
    assert faults == [("doubled", " ““"), ("stray", "d’"), ("stray", "t’")]
    (thief,) = [s for s in document.sentences if "thief" in document.text[s.start : s.end]]
    span = document.to_source(thief.start, thief.end)
    assert LineIndex(document.source).line_of(span.start) == 30
    assert "Lavrov urged Belarusian civil society" in document.text


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100])
@pytest.mark.parametrize("glue", ["\n\n", "\r\n\r\n"])
def test_wrapped_paragraphs_come_back_whole(width: int, glue: str) -> None:
    wrapped = glue.join(
        glue[: len(glue) // 2].join(textwrap.wrap(text, width, break_on_hyphens=False)) for text in PARAGRAPHS
    )
    assert [text for _, text in blocks(document_from_text(wrapped))] == PARAGRAPHS


def test_double_spaced_lines_are_joined() -> None:
    text = "\n\n".join(line for paragraph in PARAGRAPHS[:2] for line in textwrap.wrap(paragraph, 60))
    assert " ".join(text for _, text in blocks(document_from_text(text))) == " ".join(PARAGRAPHS[:2])


def test_lines_that_are_paragraphs_stay_apart() -> None:
    text = "\n".join(["Council backs bridge", PARAGRAPHS[0], "A long wait", *PARAGRAPHS[1:], "READ MORE"])
    document = document_from_text(text)
    assert blocks(document) == [
        ("heading", "Council backs bridge"),
        ("body", PARAGRAPHS[0]),
        ("heading", "A long wait"),
        ("body", PARAGRAPHS[1]),
        ("body", PARAGRAPHS[2]),
    ]


def test_a_heading_above_wrapped_lines() -> None:
    text = "Council backs bridge\n" + textwrap.fill(PARAGRAPHS[0], 60)
    assert blocks(document_from_text(text)) == [("heading", "Council backs bridge"), ("body", PARAGRAPHS[0])]


def test_boilerplate_words_inside_a_wrapped_sentence_are_text() -> None:
    text = (
        "He went up the mountain again, because nobody\nwould print\n"
        "this page that he had written about the war\nand its end."
    )
    document = document_from_text(text)
    assert document.excluded == ()


def test_hyphens_at_line_ends() -> None:
    text = (
        "The plan was tendered inter-\nnationally, and a well-\nknown firm won it. It works interna-\n"
        "tionally and has for years, with an international\nstaff that trades internationally."
    )
    document = document_from_text(text)
    assert "internationally, and a well-known firm" in document.text
    assert [r.kind for r in document.repairs] == ["hyphenation", "hyphenation"]


def test_lists_captions_and_credits() -> None:
    text = (
        "We need:\n- two ropes\n- one ladder\n\nPhoto: A rope on a ladder\nPhoto: Getty Images\n\n"
        "Figure 3: Ropes by year\n\nThat is all."
    )
    document = document_from_text(text)
    assert blocks(document) == [
        ("heading", "We need:"),
        ("list-item", "- two ropes"),
        ("list-item", "- one ladder"),
        ("caption", "Photo: A rope on a ladder"),
        ("caption", "Figure 3: Ropes by year"),
        ("body", "That is all."),
    ]
    assert [(e.text, e.before) for e in document.excluded] == [("Photo: Getty Images", 4)]


def test_quoted_mail() -> None:
    text = (
        "I agree.\n\n> We should plant the roses now, since it has been\n> so mild.\n>\n> Tom\n\n"
        "Best wishes,\nAnn\n-- \nAnn Smith\n"
    )
    document = document_from_text(text)
    assert ("quote", "We should plant the roses now, since it has been so mild.") in blocks(document)
    assert [e.reason for e in document.excluded][-1] == "e-mail signature"


def test_verse_is_a_stanza() -> None:
    text = (
        "I walked along the river bank\nWhere willows bend and sway,\n"
        "And all the water, green and dank,\nRan slowly to the bay."
    )
    assert len(document_from_text(text).blocks) == 1


def test_headlines_after_related_articles_go_too() -> None:
    text = f"{PARAGRAPHS[0]}\n\nRelated articles\nDam warnings ignored\nHow to dry a carpet\n"
    document = document_from_text(text)
    assert len(document.blocks) == 1
    assert {e.reason for e in document.excluded} == {"related articles"}


@pytest.mark.parametrize(
    ("source", "position", "line"),
    [("a\nb", 0, 1), ("a\nb", 1, 1), ("a\nb", 2, 2), ("a\r\nb", 2, 1), ("a\r\nb", 3, 2), ("a\rb\n\nc", 5, 4)],
)
def test_line_numbers(source: str, position: int, line: int) -> None:
    assert LineIndex(source).line_of(position) == line


def test_items_of_two_lines_are_each_one_item() -> None:
    items = [
        f"- The council approved the budget number {i} after a long and rather heated debate\n"
        f"  about the schools and the roads of the town."
        for i in range(12)
    ]
    document = document_from_text("What was decided on Monday:\n\n" + "\n".join(items) + "\n")
    found = [document.text[s.start : s.end] for s in document.sentences]
    assert len(found) == 13
    assert all(text.endswith("of the town.") and "budget" in text for text in found[1:])


ARABIC = (
    "أعلنت الحكومة يوم الاثنين خطة جديدة لدعم الاقتصاد الوطني بعد شهور من المشاورات مع النقابات "
    "وأرباب العمل في البلاد. وقال الوزير إن الخطة ستبدأ في الشهر القادم وستكلف مليار دولار.",
    ["الحكومة تعلن خطة جديدة للاقتصاد", "الرئيس يزور العاصمة بعد الزلزال", "البرلمان يصوت على قانون جديد"],
)
HEBREW = (
    "הממשלה הודיעה ביום שני על תוכנית חדשה לתמיכה בכלכלה הלאומית לאחר חודשים "
    "של התייעצויות. השר אמר כי התוכנית תתחיל בחודש הבא.",
    ["הממשלה מכריזה על תוכנית חדשה", "הנשיא מבקר בעיר הבירה היום", "הכנסת מצביעה על החוק החדש"],
)
CHINESE = (
    "政府周一宣布了一项支持国民经济的新计划，此前与工会和雇主进行了数月的磋商。部长表示，该计划将于下月开始实施，耗资十亿美元。",
    ["政府宣布在全国实行新的经济计划", "总统访问地震后的首都并慰问居民", "议会就新法律进行投票并通过预算"],
)
CASELESS = [ARABIC, HEBREW, CHINESE]


@pytest.mark.parametrize("glue", ["\n", "\n\n"])
@pytest.mark.parametrize(("paragraph", "headings"), CASELESS)
def test_headings_in_scripts_without_case_stay_apart(paragraph: str, headings: list[str], glue: str) -> None:
    text = glue.join(line for heading in headings for line in (heading, paragraph))
    expected = [block for heading in headings for block in (("heading", heading), ("body", paragraph))]
    assert blocks(document_from_text(text)) == expected


@pytest.mark.parametrize("glue", ["\n", "\n\n"])
@pytest.mark.parametrize(("paragraph", "headings"), CASELESS)
def test_wrapped_lines_in_scripts_without_case_are_joined(
    paragraph: str, headings: list[str], glue: str
) -> None:
    between = "" if paragraph is CHINESE[0] else " "
    long = between.join([paragraph] * 4)
    lines = textwrap.wrap(long, 25 if paragraph is CHINESE[0] else 60)
    assert [text for _, text in blocks(document_from_text(glue.join(lines)))] == [long]
    headed = document_from_text("\n".join([headings[0], *lines, "", *lines]))
    assert [text for _, text in blocks(headed)] == [headings[0], long, long]


def test_the_indent_of_a_first_line_counts() -> None:
    text = (
        "    But an analyst predicts that grain prices will drop by yet another\n"
        "$20 a tonne on the world market before the end of the current season in\n"
        "the north of the country, and that the farmers will lose a lot of money.\n"
        "    He said on Monday that the harvest had been very good in Canada and\n"
        "Australia had too much wheat to sell on the market at the moment, and it\n"
        "would be better to wait for the spring before selling any of the crops.\n"
    )
    centred = " " * 20 + "THE PRICE OF GRAIN AND THE NEWS OF IT\n"
    found = blocks(document_from_text(centred + text))
    assert [kind for kind, _ in found] == ["heading", "body", "body"]
    assert blocks(document_from_text(text)) == found[1:]


TRAIN = "He fell asleep on the train that night, and nobody woke him when it reached the end of the line."


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_scene_break_is_no_mark_of_a_signature(form: str) -> None:
    scene = ["He woke up in a white room.", "“Where am I?” he asked.", "Nobody answered."]
    text = "\n\n".join([TRAIN, "--", *scene])
    if form == "html":
        text = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
    assert [said for _, said in blocks(document_from_text(text, format=form))] == [TRAIN, *scene]


@pytest.mark.parametrize(
    ("mail", "signature"),
    [
        (TRAIN, ["Ann Smith", "555 123 456"]),
        (f"{TRAIN}\n\nKind regards,\nAnn", ["Ann Smith", "Acme Inc."]),
        (f"From: Ann <a@b.c>\nTo: Tom <t@b.c>\n\n{TRAIN}", ["Ann", "This mail is confidential."]),
        (f"> Where were you?\n\n{TRAIN}", ["Ann", "This mail is confidential."]),
    ],
)
def test_a_signature_of_an_e_mail_goes(mail: str, signature: list[str]) -> None:
    document = document_from_text("\n".join([mail, "-- ", *signature]))
    assert [e.text for e in document.excluded if e.reason == "e-mail signature"] == signature


MILL = [
    "The mill of Lower Hatton has stood there for longer than anybody in the village can remember, and it "
    "has been empty since 1958, when the last miller, Edward Ashworth, sold it and moved to Canada.",
    "“We always thought that somebody would buy it in the end,” said Mayor Rui Costa. “Nobody did, and so "
    "the roof fell in, and there was an end of it.”",
    "Last spring the council put forward a plan to make it a school. The Court of Appeal held in June that "
    "it may do so, although two of the farmers who go up the path behind it had objected; so had Dr. Hill.",
]


def balanced(text: str, widths: tuple[int, ...]) -> str:
    """Lines set to each width in turn, so that many are shorter than they might be."""
    lines, words = [""], text.split()
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > widths[(len(lines) - 1) % len(widths)]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


@pytest.mark.parametrize("width", [56, 60, 64, 72, 80])
@pytest.mark.parametrize("shorter", [3, 5, 7])
def test_lines_of_a_length_are_joined(width: int, shorter: int) -> None:
    for widths in ((width - shorter, width - shorter, width), (width - shorter, width)):
        source = "\n\n".join(balanced(text, widths) for text in MILL)
        assert [text for _, text in blocks(document_from_text(source))] == MILL


def test_a_short_article_as_fmt_sets_it() -> None:
    source = (
        "The mill had been empty since 1958, when the last miller of the\n"
        "village sold it and moved to Canada with his daughters.\n\n"
        "“We always thought that somebody would buy it,” said Mayor\n"
        "Rui Costa. “Nobody did, and so the roof fell in.”\n"
    )
    assert len(document_from_text(source).blocks) == 2
    heading = "The old mill of Lower Hatton, and what has come of it since"
    assert blocks(document_from_text(f"{heading}\n{source}"))[0] == ("heading", heading)


@pytest.mark.parametrize(
    ("end", "kept"), [("of the", False), ("with Mr", False), ("after all,", False), ("of all", True)]
)
def test_a_line_that_breaks_off_is_no_heading(end: str, kept: bool) -> None:
    source = (
        f"{textwrap.fill(PARAGRAPHS[0], 60)}\n\nThe end of the bridge and of the ferry {end}\nCosta family.\n"
    )
    assert len(document_from_text(source).blocks) == 2 + kept


def test_a_hyphen_before_and_stays() -> None:
    text = TRAIN.replace("nobody", "the pre-\nand post-war crowds, which were in the train, left and nobody")
    assert "the pre- and post-war crowds" in document_from_text(text).text


@pytest.mark.parametrize("end", ["", ","])
def test_lines_that_are_short_or_of_a_list_stay_apart(end: str) -> None:
    lines = [
        "The long road home from the sea" + end,
        "A house beside the river" + end,
        "What the miller told us",
    ]
    source = "\n\n".join([balanced(MILL[0], (60, 64)), "\n".join(lines), balanced(MILL[2], (60, 64))])
    assert len(document_from_text(source).blocks) == (5 if not end else 3)


def test_a_headline_below_a_short_last_line_is_a_sentence_of_its_own() -> None:
    text = (
        "The council met on Monday evening to talk about the old bridge over the river, which has carried\n"
        "no trucks since the winter, and about what a new one would cost the town. Nobody objected to it,\n"
        "he said.\n"
        "Concerns over new land clearing rules\n"
        "Landholders across the state say that the new rules for clearing land, which were announced last\n"
        "week, will cost them more than the drought did. Many of them mean to sell."
    )
    document = document_from_text(text)
    found = [document.text[s.start : s.end] for s in document.sentences]
    assert found[1:3] == ["Nobody objected to it, he said.", "Concerns over new land clearing rules"]
    assert found[3].startswith("Landholders across the state")


@pytest.mark.parametrize(
    "text",
    [
        "Key facts:\nFounded in 1990\nHeadquarters in Rome",
        "Cons:\n✘ Loud fan at night\n✘ No warranty beyond a year",
        "Media Contact:\nJohn Smith\nAcme Robotics",
    ],
)
def test_a_label_and_what_stands_below_it_are_no_verse(text: str) -> None:
    document = document_from_text(f"We bought it in May.\n\n{text}\n")
    assert [document.text[s.start : s.end] for s in document.sentences][1:] == text.splitlines()


def test_two_letters_behind_a_bracket_are_no_agency() -> None:
    for line in ("Tim Cook (Apple CEO)", "[Applause]", "Fruit (apples and pears)"):
        document = document_from_text(f"{line}\n\nThe council met on Monday to talk about it.")
        assert next(b.kind for b in document.blocks) != "caption"
    document = document_from_text("Smoke over the hills (AP)\n\nThe council met on Monday to talk about it.")
    assert next(b.kind for b in document.blocks) == "caption"


def test_the_edit_links_of_a_pasted_encyclopaedia_are_none_of_its_words() -> None:
    document = document_from_text(
        "Geography[edit | edit source]\nThe river is long. It has many bends.\n\n"
        "Name[edit]\n\nIt is old [edited]."
    )
    found = [document.text[s.start : s.end] for s in document.sentences]
    assert found == ["Geography", "The river is long.", "It has many bends.", "Name", "It is old [edited]."]
    assert [(e.text, e.reason) for e in document.excluded] == [
        ("[edit | edit source]", "navigation"),
        ("[edit]", "navigation"),
    ]
