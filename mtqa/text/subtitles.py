"""Subtitles (SRT, WebVTT) to blocks: cues without their times become running text, cut where somebody pauses.

Which words are said when is no matter here; nor are other formats of subtitles (ASS, SBV).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mtqa.records import Repair
from mtqa.text.blocks import joined_lines
from mtqa.text.hyphens import Lexicon
from mtqa.text.line import Line, ends_sentence, text_lines
from mtqa.text.offsets import Edit, Traced, joined
from mtqa.text.pieces import Piece, judged

TIME_CODE: Final = "time code"
_TIME: Final = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMES: Final = re.compile(rf"({_TIME})[ \t]*-->[ \t]*({_TIME})(?:[ \t].*)?")
_TIMES_LINE: Final = re.compile(rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?=[ \t]|$)", re.MULTILINE)
_NOTE: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_TAG: Final = re.compile(r"</?(?:[biu]|c|v|lang|ruby|rt|font)(?:[ .][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}")
_SPEAKER: Final = re.compile(r"[-–—]\s*\S")
_SOUND: Final = re.compile(r"\[[^\[\]]*\]")
_PAUSE_SECONDS = 2.0  # of silence between two cues; sentences over two cues have next to none
_LONG = 500  # characters; a longer block ends with its sentence


@dataclass(frozen=True, slots=True, eq=False)
class _Cue:
    """The lines shown from ``start`` to ``end`` (seconds)."""

    start: float
    end: float
    lines: list[Traced] = field(default_factory=list)


def are_subtitles(text: str) -> bool:
    """Whether a text is made of cues with their times: two of them, and a sixth of its lines, at least.

    >>> are_subtitles("00:01.0 --> 00:02.0\\nHe came.\\n\\n00:03.0 --> 00:04.0\\nWhy?")
    True
    """
    if "-->" not in text:
        return False
    found = sum(1 for _ in _TIMES_LINE.finditer(text.replace("\r", "\n")))
    return found >= 2 and 6 * found >= sum(bool(line.strip()) for line in text.splitlines())


def subtitle_pieces(text: Traced) -> tuple[list[Piece], list[Repair]]:
    """The blocks of subtitles in order, numbers and times marked, and the repairs of joining lines."""
    repairs: list[Repair] = []
    lexicon = Lexicon(text.text)
    pieces, cues = _parsed(list(text_lines(text)), repairs)
    for lines in _runs(cues):
        block = joined_lines(lines, lexicon, repairs)
        if block is not None:
            reason = "sound description" if _SOUND.fullmatch(block.text) else None
            pieces.append(judged(Piece(block, "body", reason)))
    return sorted(pieces, key=lambda piece: piece.text.start), repairs


def _parsed(lines: Sequence[Line], repairs: list[Repair]) -> tuple[list[Piece], list[_Cue]]:
    """What is no text, and the cues."""
    pieces: list[Piece] = []
    cues: list[_Cue] = []
    name: Traced | None = None  # the number or name of the next cue
    note = False
    for index, line in enumerate(lines):
        times = _TIMES.fullmatch(line.content)
        if times:
            parts = [line.text] if name is None else [name, line.text]
            pieces.append(Piece(joined(parts, " ").folded(), "body", TIME_CODE))
            cues.append(_Cue(_seconds(times[1]), _seconds(times[2])))
            name, note = None, False
        elif _names_cue(line, lines[index + 1 : index + 2]):
            name = line.text
        elif _is_note(line.content, first=index == 0) or (note and not line.gap):
            pieces.append(Piece(line.text.folded(), "body", "subtitle header"))
            note = True
        else:
            if not cues:  # text in front of all times
                cues.append(_Cue(-_PAUSE_SECONDS, -_PAUSE_SECONDS))
            shown = _untagged(line.text, repairs)
            cues[-1].lines.extend([shown] if len(shown) else [])
            note = False
    return pieces, cues


def _is_note(text: str, *, first: bool) -> bool:
    return _NOTE.match(text) is not None or (first and text.startswith("WEBVTT"))


def _names_cue(line: Line, following: Sequence[Line]) -> bool:
    """Whether a line is the number or the name of the cue whose times follow, not text of the last."""
    if not following or following[0].gap or not _TIMES.fullmatch(following[0].content):
        return False
    return line.gap > 0 or line.content.isdecimal()


def _seconds(time: str) -> float:
    """Seconds of a time.

    >>> _seconds("01:02:03,500"), _seconds("02:03.5")
    (3723.5, 123.5)
    """
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def _untagged(line: Traced, repairs: list[Repair]) -> Traced:
    """A line without tags for type and speakers; they are kept as repairs."""
    edits = [Edit(match.start(), match.end(), "") for match in _TAG.finditer(line.text)]
    for edit in edits:
        start, end = int(line.starts[edit.start]), int(line.ends[edit.end - 1])
        repairs.append(Repair(start, end, "mark-up", line.text[edit.start : edit.end], ""))
    return line.edited(edits).stripped()


def _runs(cues: Sequence[_Cue]) -> Iterator[list[Traced]]:
    """The lines of all cues, cut into blocks."""
    run: list[Traced] = []
    end = 0.0
    for cue in cues:
        for index, line in enumerate(cue.lines):
            if run and _parted(run, line.text, 0.0 if index else cue.start - end):
                yield run
                run = []
            run.append(line)
        end = cue.end
    if run:
        yield run


def _parted(run: Sequence[Traced], now: str, pause: float) -> bool:
    """Whether a block ends before a line: another speaks, or something sounds, or there is a pause."""
    before = run[-1].text
    if _SPEAKER.match(now) or _SOUND.fullmatch(now) or _SOUND.fullmatch(before):
        return True
    if ends_sentence(before):
        return pause >= _PAUSE_SECONDS or sum(map(len, run)) >= _LONG
    return pause >= _PAUSE_SECONDS and now[:1].isupper()
