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
