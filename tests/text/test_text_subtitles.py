"""Subtitles: times and numbers are no text, and a sentence over two cues is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtqa.records import Document
from mtqa.text.read import document_from_text, read_article

SRT = """1
00:00:01,000 --> 00:00:03,400
The council told its members on Monday
that the bridge would be closed,

2
00:00:03,500 --> 00:00:06,000
<i>and that the ferry</i> would leave every half hour.

3
00:00:06,100 --> 00:00:08,000
{\\an8}- Who said so?
- The mayor did.

4
00:00:09,000 --> 00:00:10,000
[door slams]

5
00:01:20,000 --> 00:01:22,000
In the year
2021

6
00:01:22,100 --> 00:01:25,000
it was painted again.
"""
VTT = """WEBVTT - The ferry
Kind: captions

STYLE
::cue { color: red }

NOTE by Ann

intro
00:01.000 --> 00:03.400 align:start position:10%
<v Ann>The council told its mem\u00ad
bers on Monday<00:02.000> that

00:03.500 --> 00:06.000
<c.loud>the bridge</c> would be closed.

NOTE
the last one

00:09.000 --> 00:11.000
Nobody was hurt.
"""


def said(document: Document) -> list[str]:
    return [document.text[s.start : s.end] for s in document.sentences]


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_cues_are_running_text(end: str, tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(SRT.replace("\n", end).encode())
    document = read_article(path)
    assert texts(document) == [
        "The council told its members on Monday that the bridge would be closed, and that the ferry "
        "would leave every half hour.",
        "- Who said so?",
        "- The mayor did.",
        "In the year 2021 it was painted again.",
    ]
    assert len(document.sentences) == 4
    assert [e.text for e in document.excluded if e.reason == "sound description"] == ["[door slams]"]
    times = [e for e in document.excluded if e.reason == "time code"]
    assert [e.line for e in times] == [1, 6, 10, 15, 19, 24]
    assert times[1].text == "2 00:00:03,500 --> 00:00:06,000"
    assert [(r.kind, r.was) for r in document.repairs] == [
        ("mark-up", tag) for tag in ("<i>", "</i>", "{\\an8}")
    ]
    last = document.sentences[-1]
    span = document.to_source(last.start, last.end)
    assert document.source[span.start : span.end].startswith("In the year")
    assert document.source[span.start : span.end].endswith("it was painted again.")


def test_web_subtitles() -> None:
    document = document_from_text(VTT)
    assert texts(document) == [
        "The council told its members on Monday that the bridge would be closed.",
        "Nobody was hurt.",
    ]
    heads = [e.text for e in document.excluded if e.reason == "subtitle header"]
    assert heads == [
        *("WEBVTT - The ferry", "Kind: captions", "STYLE", "::cue { color: red }", "NOTE by Ann", "NOTE"),
        "the last one",
    ]
    assert [e.text.split()[0] for e in document.excluded if e.reason == "time code"] == [
        *("intro", "00:03.500", "00:09.000"),
    ]


def test_text_in_front_of_the_times_stays() -> None:
    document = document_from_text(f"He came home late.\n\n{SRT}")
    assert texts(document)[0] == "He came home late."


def test_a_pause_parts_what_no_mark_does() -> None:
    cue = "{}\n00:00:{:02},000 --> 00:00:{:02},900\n{}\n\n"
    lines = ["the river", "rose and", "Somebody sang", "a song"]
    starts = [1, 2, 9, 10]
    text = "".join(
        cue.format(n, at, at, line) for n, (at, line) in enumerate(zip(starts, lines, strict=True), 1)
    )
    assert texts(document_from_text(text)) == ["the river rose and", "Somebody sang a song"]


def test_an_article_about_subtitles_is_an_article() -> None:
    prose = "\n".join(
        f"A subtitle has a number and its times, as part {n} of the manual says." for n in range(12)
    )
    text = f"{prose}\n00:00:01,000 --> 00:00:03,400\n00:00:04,000 --> 00:00:05,000\n"
    document = document_from_text(text)
    assert "time code" not in {piece.reason for piece in document.excluded}


def cues(*shown: tuple[float, float, str]) -> str:
    """SRT of lines with their times in seconds."""
    said = [f"{n}\n00:00:{a:06.3f} --> 00:00:{b:06.3f}\n{text}\n" for n, (a, b, text) in enumerate(shown, 1)]
    return "\n".join(said)


def reasons(document: Document) -> list[tuple[str, str]]:
    return [(e.text, e.reason) for e in document.excluded if e.reason not in ("time code", "subtitle header")]


ROLLING = """WEBVTT
Kind: captions

00:00:00.160 --> 00:00:02.470 align:start position:0%
 
the<00:00:00.480><c> council</c><00:00:00.719><c> met</c>

00:00:02.470 --> 00:00:02.480 align:start position:0%
the council met
 

00:00:02.480 --> 00:00:04.630 align:start position:0%
the council met
on<00:00:02.879><c> Monday</c>

00:00:04.630 --> 00:00:04.640 align:start position:0%
on Monday
 

00:00:04.640 --> 00:00:06.630 align:start position:0%
on Monday
&gt;&gt; Q&amp;A&nbsp;is next &#39;here&#39; &#7;&lrm;
"""  # noqa: W293


def test_what_a_rolling_caption_still_shows_is_read_once() -> None:
    document = document_from_text(ROLLING)
    assert texts(document) == ["the council met on Monday", ">> Q&A is next 'here' &#7;"]
    assert reasons(document) == [
        *[("the council met", "repeated caption")] * 2,
        *[("on Monday", "repeated caption")] * 2,
    ]
    rolled = cues((1, 2, "one\ntwo\nthree"), (2, 3, "two\nthree\nfour"), (3, 4, "three\nfour\nfive"))
    assert texts(document_from_text(rolled)) == ["one two three four five"]


def test_what_is_said_again_is_read_again() -> None:
    twice = cues((1, 2, "No!"), (2, 3, "No!"), (3, 4, "He said so."), (4, 5, "No!\nNot at all."))
    assert texts(document_from_text(twice)) == ["No! No! He said so. No! Not at all."]
    loop = cues(*((n, n + 1, "Thank you.") for n in range(1, 6)))
    assert texts(document_from_text(loop)) == [" ".join(["Thank you."] * 5)]


BUTTONS = (
    "Help!",
    "Please wait.",
    "No comment.",
    "Follow me.",
    "Share!",
    "12",
    "Open the file",
    "Subscribe!",
)


def test_what_people_say_is_no_button() -> None:
    shown = [*BUTTONS, "www.example.org", "© 2019 Valley Films", "..."]
    document = document_from_text(cues(*((1 + 5 * n, 2 + 5 * n, text) for n, text in enumerate(shown))))
    assert texts(document) == list(BUTTONS)
    assert [reason for _, reason in reasons(document)] == ["link", "copyright line", "ornament"]


def test_sounds_songs_and_speakers_stand_apart() -> None:
    shown = [
        *[(1, 2, "(SIGHS)"), (2, 3, "♪ La la la"), (3, 4, "and so on ♪"), (4, 5, "♪ goes on ♪")],
        *[(5, 6, "♪ Another verse ♪"), (6, 7, "JOHN: Where is he?"), (7, 8, "(he asked me twice)")],
        *[(8, 9, "DR. O'NEIL: Gone and"), (9, 10, "he said: no"), (10, 11, ">> Who?")],
    ]
    document = document_from_text(cues(*shown))
    assert texts(document) == [
        *("♪ La la la and so on ♪ ♪ goes on ♪", "♪ Another verse ♪"),
        *("JOHN: Where is he? (he asked me twice)", "DR. O'NEIL: Gone and he said: no", ">> Who?"),
    ]
    assert reasons(document) == [("(SIGHS)", "sound description")]


def test_a_description_between_notes_is_a_sound() -> None:
    shown = [(1, 2, "♪ (guitar plays) ♪"), (2, 3, "♪ Over the hills (the hills) ♪"), (3, 4, "♪ [it fades]")]
    document = document_from_text(cues(*shown))
    assert texts(document) == ["♪ Over the hills (the hills) ♪"]
    assert reasons(document) == [
        ("♪ (guitar plays) ♪", "sound description"),
        ("♪ [it fades]", "sound description"),
    ]


@pytest.mark.parametrize(
    ("before", "now", "parted"),
    [
        ("He left and", "“Never” was heard", True),
        ("今天下雨", "他没有来", True),
        ("He sold", "200 of them", False),
        ("He left", "...and came back", False),
        ("He left", "— again", True),
    ],
)
def test_a_pause_parts_unless_the_line_goes_on(before: str, now: str, parted: bool) -> None:
    for pause, expected in ((0.1, parted and now[0] == "—"), (2.5, parted)):
        document = document_from_text(cues((1, 2, before), (2 + pause, 6, now), (50, 51, "The end.")))
        assert (texts(document)[0] == before) is expected


ASS = """[Script Info]
; made by hand
Title: The ferry

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,Nobody sees this.
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\i1}It was\\Nlate,{\\i0} and
Dialogue: 0,0:00:03.10,0:00:05.00,Default,Ann,0,0,0,,the ferry\\hhad gone.
Dialogue: 1,0:00:03.10,0:00:05.00,Default,,0,0,0,,{\\an7\\p1}m 0 0 l 100 0 100 100{\\p0}
Dialogue: 0,0:00:09.00,0:00:11.00,Default,,0,0,0,,Nobody was hurt.
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events(end: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ass"
    path.write_bytes(ASS.replace("\n", end).encode())
    document = read_article(path)
    assert texts(document) == ["It was late, and the ferry had gone.", "Nobody was hurt."]
    assert [e.line for e in document.excluded if e.reason == "time code"] == [12, 13, 15]
    assert [e.line for e in document.excluded if e.reason == "subtitle header"] == [
        *range(1, 4),
        *range(5, 8),
        *range(9, 12),
        14,
    ]
    assert [(r.was, r.now) for r in document.repairs if r.kind == "mark-up"] == [
        *(("{\\i1}", ""), ("\\N", " "), ("{\\i0}", ""), ("\\h", " ")),
    ]
    span = document.to_source(document.sentences[0].start, document.sentences[0].end)
    assert document.source[span.start : span.end].startswith("It was\\Nlate,{\\i0}")


def test_times_with_a_comma_between() -> None:
    text = (
        "0:00:01.000,0:00:03.000\nIt was late,[br]and the\nferry had gone.\n\n"
        "0:00:09.000,0:00:11.000\nNobody was hurt.\n"
    )
    document = document_from_text(text)
    assert texts(document) == ["It was late, and the ferry had gone.", "Nobody was hurt."]
    assert [e.text for e in document.excluded] == ["0:00:01.000,0:00:03.000", "0:00:09.000,0:00:11.000"]


def test_an_article_about_events_is_an_article() -> None:
    text = "[Events]\n\nEach line of it begins with Dialogue: and holds ten fields.\n\nDialogue: it helps.\n"
    assert len(document_from_text(text).sentences) >= 2
    assert not [e for e in document_from_text(text).excluded if e.reason in ("time code", "subtitle header")]
