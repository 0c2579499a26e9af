"""Subtitles (SRT, WebVTT, SBV, ASS) to blocks: cues without their times become running text, cut at pauses.

Which words are said when is no matter here; nor are other formats of subtitles.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mtqa.records import Repair
from mtqa.text.blocks import joined_lines
from mtqa.text.boilerplate import reason_for
from mtqa.text.hyphens import Lexicon
from mtqa.text.line import OPENING, Line, ends_sentence, text_lines
from mtqa.text.offsets import Edit, Traced, joined
from mtqa.text.pieces import Piece

TIME_CODE: Final = "time code"
_TIME: Final = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
#: An arrow, or a comma between two times of the full length (SBV).
_SPAN: Final = rf"({_TIME})(?:[ \t]*-->[ \t]*|(?<=:\d\d:\d\d\.\d{{3}}),)({_TIME})"
_TIMES: Final = re.compile(rf"{_SPAN}(?:[ \t].*)?")
_TIMES_LINE: Final = re.compile(rf"^[ \t]*{_SPAN}(?=[ \t]|$)", re.MULTILINE)
#: An event of ASS up to its text; the other lines of such a file have none.
_EVENT: Final = re.compile(
    rf"^[ \t]*Dialogue:[^,\r\n]*,[ \t]*({_TIME}),[ \t]*({_TIME}),(?:[^,\r\n]*,){{6}}", re.M
)
_EVENTS: Final = re.compile(r"^[ \t]*\[Events\]", re.M | re.I)
_DRAWING: Final = re.compile(r"\{[^{}]*\\p[1-9]")
_EVENT_BREAK: Final = re.compile(r"\\[Nnh]")
_NOTE: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
#: Tags for type and speakers, a line break of SBV, entities.
_MARK_UP: Final = re.compile(
    r"</?(?:[biu]|c|v|lang|ruby|rt|font)(?:[ .][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}|\[br\]"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|lrm|rlm|#\d{2,5});"
)
_SPEAKER: Final = re.compile(r"[-–—]\s*\S|>>|([^\W\d_][^:\[\](){}]{0,30}):(?:\s|$)")
_BRACKETED: Final = re.compile(r"\[[^\[\]]*\]|\([^()]*\)")
_NOTES: Final = ("♪", "♫", "♬")
_PAUSE_SECONDS = 2.0  # of silence between two cues; sentences over two cues have next to none
#: What `reason_for` may call a cue; buttons are something that people say there (*Help!*, *No comment.*).
_UNSAID = ("ornament", "copyright line")
#: A file rolls where so many of its cues show lines of the one before and go on; YouTube's are a half.
_ROLLING = 1 / 3
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
    lines = text.replace("\r", "\n")
    if _are_events(lines):
        return True
    found = sum(1 for _ in _TIMES_LINE.finditer(lines))
    return found >= 2 and 6 * found >= sum(bool(line.strip()) for line in text.splitlines())


def _are_events(text: str) -> bool:
    return _EVENTS.search(text) is not None and _EVENT.search(text) is not None


def subtitle_pieces(text: Traced) -> tuple[list[Piece], list[Repair]]:
    """The blocks of subtitles in order, numbers and times marked, and the repairs of joining lines."""
    repairs: list[Repair] = []
    lexicon = Lexicon(text.text)
    lines = list(text_lines(text))
    parsed = _events if _are_events(text.text.replace("\r", "\n")) else _parsed
    pieces, cues = parsed(lines, repairs)
    cues, repeated = _unrolled(cues)
    pieces += repeated
    for run in _runs(cues):
        block = joined_lines(run, lexicon, repairs)
        if block is not None:
            pieces.append(Piece(block, "body", _unsaid(block.text)))
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


def _events(lines: Sequence[Line], repairs: list[Repair]) -> tuple[list[Piece], list[_Cue]]:
    """The same of ASS, where each line is an event or none."""
    pieces: list[Piece] = []
    cues: list[_Cue] = []
    for line in lines:
        event = _EVENT.match(line.content)
        if event is None or _DRAWING.search(line.content, event.end()):
            pieces.append(Piece(line.text.folded(), "body", "subtitle header"))
            continue
        pieces.append(Piece(line.text.cut(0, event.end()).folded(), "body", TIME_CODE))
        cues.append(_Cue(_seconds(event[1]), _seconds(event[2])))
        position = event.end()
        breaks = list(_EVENT_BREAK.finditer(line.content, position))
        repairs += (_marked_up(line.text.cut(one.start(), one.end()), " ") for one in breaks)
        for end, following in [*((one.start(), one.end()) for one in breaks), (len(line.content), 0)]:
            shown = _untagged(line.text.cut(position, end), repairs)
            cues[-1].lines.extend([shown] if len(shown) else [])
            position = following
    return pieces, cues


def _unrolled(cues: Sequence[_Cue]) -> tuple[list[_Cue], list[Piece]]:
    """The cues without the lines that the one before still shows, where the file rolls; and these lines."""
    pairs = zip([None, *cues], cues, strict=False)
    shown = [0 if before is None else _still_shown(before, cue) for before, cue in pairs]
    rolling = sum(0 < still < len(cue.lines) for still, cue in zip(shown, cues, strict=True))
    if not rolling or rolling < _ROLLING * len(cues):
        return list(cues), []
    again = [line for still, cue in zip(shown, cues, strict=True) for line in cue.lines[:still]]
    kept = [replace(cue, lines=cue.lines[still:]) for still, cue in zip(shown, cues, strict=True)]
    return kept, [Piece(line.folded(), "body", "repeated caption") for line in again]


def _still_shown(before: _Cue, cue: _Cue) -> int:
    """How many lines a cue begins with that the one before, no pause ago, ends with."""
    if cue.start - before.end >= _PAUSE_SECONDS:
        return 0
    past, now = ([line.text for line in one.lines] for one in (before, cue))
    return next((n for n in range(min(len(past), len(now)), 0, -1) if past[-n:] == now[:n]), 0)


def _unsaid(text: str) -> str | None:
    """Why a block of cues is nothing that is said, or None."""
    if _is_sound(text):
        return "sound description"
    reason = reason_for(text)
    return reason if reason in _UNSAID or (reason == "link" and " " not in text) else None


def _is_sound(text: str) -> bool:
    """
    >>> _is_sound("[door slams]"), _is_sound("(SIGHS)"), _is_sound("(so he said)")
    (True, True, False)
    >>> _is_sound("♪ (guitar plays) ♪"), _is_sound("♪ Who (who) ♪")
    (True, False)
    """
    bare = text.strip("".join(_NOTES) + " ")
    return _BRACKETED.fullmatch(bare) is not None and (bare[0] == "[" or bare.isupper() or bare != text)


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
    """A line without tags for type and speakers, and with its entities as characters; these are repairs."""
    edits = []
    for match in _MARK_UP.finditer(line.text):
        now = _character(match[0]) if match[0][0] == "&" else " " if match[0] == "[br]" else ""
        if now != match[0]:
            edits.append(Edit(match.start(), match.end(), now))
            repairs.append(_marked_up(line.cut(match.start(), match.end()), now))
    return line.edited(edits).folded()


def _marked_up(was: Traced, now: str) -> Repair:
    return Repair(was.start, was.end, "mark-up", was.text, now)


def _character(entity: str) -> str:
    """What an entity stands for; nothing for a mark of direction, itself where that can't be shown.

    >>> _character("&amp;"), _character("&nbsp;"), _character("&lrm;"), _character("&#13;")
    ('&', ' ', '', '&#13;')
    """
    if entity in ("&nbsp;", "&lrm;", "&rlm;"):
        return " " if entity == "&nbsp;" else ""
    decoded = html.unescape(entity)
    return decoded if decoded.isprintable() and decoded != "\ufffd" else entity


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
    """Whether a block ends before a line: another speaks or sings, something sounds, or there is a pause."""
    before = run[-1].text
    if _speaks(now) or _is_sound(now) or _is_sound(before):
        return True
    first = now.lstrip(OPENING + " .…" + "".join(_NOTES))[:1]
    goes_on = first.islower() or first.isdecimal()
    sung = before.endswith(_NOTES), now.startswith(_NOTES)
    if any(sung):
        return not (all(sung) and goes_on)
    if ends_sentence(before):
        return pause >= _PAUSE_SECONDS or sum(map(len, run)) >= _LONG
    return pause >= _PAUSE_SECONDS and not goes_on


def _speaks(line: str) -> bool:
    """Whether a line begins with a mark of who speaks: a dash, >>, a name in capitals.

    >>> _speaks("- Who?"), _speaks("JOHN: Who?"), _speaks("He said: no")
    (True, True, False)
    """
    mark = _SPEAKER.match(line)
    return mark is not None and (mark[1] is None or mark[1].isupper())
