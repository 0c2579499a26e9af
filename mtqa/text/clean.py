"""Repairs: mojibake, invisible and control characters, ligatures, non-breaking spaces.

Each repair is an `Edit` of a `Traced` text, so that offsets survive, and leaves a `Repair` behind.
Quotation marks, accents and line ends are never touched: they may be evidence.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from mtqa.records import Repair
from mtqa.text.offsets import Edit, Traced

_CHUNK = 1_000  # characters; ftfy judges each line, and each such piece of a long line, by itself
#: Characters that are aligned one by one at most.
_MOST_ALIGNED = 300
_LONG_WORD = 24  # beyond it a changed word is aligned inside, so that its offsets stay fine

#: Characters that join letters in these scripts or emoji, where a joiner is spelling, not dirt.
_JOINING = "\u0600-\u0dff\u1000-\u109f\u1780-\u18af\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_CHARACTERS: Final = re.compile(
    rf"""
      (?P<mark>      (?<=[{_JOINING}]) [\u200c\u200d] (?=[{_JOINING}]) )     # kept
    | (?P<flag>      \U0001f3f4 [\U000e0020-\U000e007f]+ )                   # kept: a regional flag
    | (?P<soft>      (?<=\w) \u00ad (?=[ \t]*[\r\n\v\f\x85\u2028\u2029]) )  # breaks a word at a line end
    | (?P<invisible> (?:[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e]
                       |[\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f])+ )
    | (?P<separator> [\x1c-\x1f]+ )
    | (?P<control>   [\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]+ )
    | (?P<broken>    [\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff] )
    | (?P<ligature>  [\ufb00-\ufb06] )
    | (?P<space>     [\u00a0\u2007\u202f] )
    """,
    re.VERBOSE,
)
_LIGATURES: Final = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_LINES = re.compile(r"[^\r\n\v\f\u2028\u2029]+")
_WORD_GOES_ON = re.compile(r"[ \t]*(?:\r\n|[\r\n\v\x85\u2028])[ \t]*(?=[^\W\d_])")
_BETWEEN_WORDS = re.compile(r"[ \t]")
_LINE_BREAKING = re.compile(r"[\r\n]")


def cleaned(text: Traced, *, lines: bool = False) -> tuple[Traced, tuple[Repair, ...]]:
    """The text with its repairs made, and the repairs, in source positions and source order.

    A soft hyphen at a line end takes the line break with it; with ``lines`` it stays, for lines still to be
    told apart.
    """
    repairs: list[Repair] = []
    if not text.text.isascii():
        edits = list(_mojibake(text.text))
        repairs += _records(text, edits)
        text = text.edited(edits)
    edits = [*_characters(text.text, keep_soft=lines)]
    repairs += _records(text, edits)
    repairs.sort(key=lambda repair: (repair.start, repair.end))
    return text.edited(edits), tuple(repairs)


def _records(text: Traced, edits: Sequence[Edit]) -> Iterator[Repair]:
    for edit in edits:
        start, end = int(text.starts[edit.start]), int(text.ends[edit.end - 1])
        yield Repair(start, end, edit.kind, text.text[edit.start : edit.end], edit.new)


def _characters(text: str, *, keep_soft: bool) -> Iterator[Edit]:
    """Repairs of single characters; ZWJ and ZWNJ stay where a script or an emoji needs them."""
    for match in _CHARACTERS.finditer(text):
        kind = str(match.lastgroup)
        start, end = match.span()
        if kind in ("invisible", "control"):
            yield Edit(start, end, "", kind)
        elif kind == "soft" and not keep_soft:
            rest = _WORD_GOES_ON.match(text, end)
            yield Edit(start, rest.end(), "", "hyphenation") if rest else Edit(start, end, "", "invisible")
        elif kind == "separator":
            yield Edit(start, end, " ", "control")
        elif kind == "broken":
            yield Edit(start, end, "\ufffd", "control")
        elif kind == "ligature":
            yield Edit(start, end, _LIGATURES[match[0]], "ligature")
        elif kind == "space":
            yield Edit(start, end, " ", "space")


def _mojibake(text: str) -> Iterator[Edit]:
    """ftfy's encoding repair, piece by piece, as edits of the changed characters only."""
    from ftfy import fix_encoding

    for line in _LINES.finditer(text):
        if line[0].isascii():
            continue
        for start, end in _chunks(text, line.start(), line.end()):
            piece = text[start:end]
            if piece.isascii():
                continue
            fixed = fix_encoding(piece)
            if fixed != piece and not _LINE_BREAKING.search(fixed):
                yield from _differences(piece, fixed, start)


def _chunks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """``[start, end)`` cut at spaces into pieces of at most `_CHUNK` characters."""
    while end - start > _CHUNK:
        cut = text.rfind(" ", start + 1, start + _CHUNK) + 1 or start + _CHUNK
        yield start, cut
        start = cut
    yield start, end


def _differences(was: str, now: str, offset: int) -> Iterator[Edit]:
    """Edits that turn ``was`` into ``now``: word by word where the words agree in number."""
    old, new = _BETWEEN_WORDS.split(was), _BETWEEN_WORDS.split(now)
    if len(old) != len(new):
        yield from _aligned(was, now, offset)
        return
    for before, after in zip(old, new, strict=True):
        if before != after:
            yield from _word(before, after, offset)
        offset += len(before) + 1


def _word(was: str, now: str, offset: int) -> Iterator[Edit]:
    """The edit of one word, common beginning and end left out; a long word is aligned inside."""
    if len(was) > _LONG_WORD or not now:
        yield from _aligned(was, now, offset)
        return
    head = _common(was, now)
    tail = min(_common(was[::-1], now[::-1]), len(was) - head, len(now) - head)
    if head + tail == len(was):  # nothing would be replaced: take a neighbour in
        yield Edit(offset, offset + len(was), now, "mojibake")
        return
    yield Edit(offset + head, offset + len(was) - tail, now[head : len(now) - tail], "mojibake")


def _aligned(was: str, now: str, offset: int) -> Iterator[Edit]:
    if len(was) > _MOST_ALIGNED:  # its time grows with the cube
        yield Edit(offset, offset + len(was), now, "mojibake")
        return
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=False)
    codes = matcher.get_opcodes()
    if any(tag == "insert" for tag, *_ in codes):
        yield Edit(offset, offset + len(was), now, "mojibake")
        return
    for tag, i1, i2, j1, j2 in codes:
        if tag != "equal":
            yield Edit(offset + i1, offset + i2, now[j1:j2], "mojibake")


def _common(a: str, b: str) -> int:
    """Length of the common beginning.

    >>> _common("abc", "abd")
    2
    """
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count
