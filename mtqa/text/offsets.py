"""Text that remembers where each of its characters came from, and line numbers.

Everything in this room works on `Traced`: a string with two int32 arrays beside it. An edit of the
string edits the arrays with it, so that no later step has to guess where a character stood.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mtqa.records import Ints

_LINE_END = re.compile(r"\r\n|\r|\n")
_WHITE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace ``[start, end)`` of a `Traced` by ``new``; ``kind`` names the repair ("" for none)."""

    start: int
    end: int
    new: str
    kind: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """``text`` and, for each of its characters, the ``[start, end)`` of the source it stands for."""

    text: str
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        """Number of characters."""
        return len(self.text)

    @property
    def start(self) -> int:
        """Source position of the first character; the text must not be empty."""
        return int(self.starts[0])

    @property
    def end(self) -> int:
        """Source position after the last character; the text must not be empty."""
        return int(self.ends[-1])

    def cut(self, start: int, end: int) -> Traced:
        """The characters ``[start, end)`` of this text.

        >>> traced("abcd").cut(1, 3).text
        'bc'
        """
        return Traced(self.text[start:end], self.starts[start:end], self.ends[start:end])

    def edited(self, edits: Iterable[Edit]) -> Traced:
        """This text with the edits applied (sorted, disjoint); new characters map to the whole piece.

        >>> traced("a--b").edited([Edit(1, 3, "-")]).ends.tolist()
        [1, 3, 4]
        """
        texts: list[str] = []
        arrays: list[tuple[Ints, Ints]] = []
        position = 0
        for edit in edits:
            texts += [self.text[position : edit.start], edit.new]
            arrays.append((self.starts[position : edit.start], self.ends[position : edit.start]))
            if edit.new:
                arrays.append(_constant(len(edit.new), *self._span(edit.start, edit.end)))
            position = edit.end
        if not texts:
            return self
        texts.append(self.text[position:])
        arrays.append((self.starts[position:], self.ends[position:]))
        return _glued(texts, arrays)

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """Source span of ``[start, end)``; of an empty one the place between its neighbours."""
        if start < end:
            return int(self.starts[start]), int(self.ends[end - 1])
        place = int(self.ends[start - 1]) if start else (self.start if self.text else 0)
        return place, place

    def stripped(self) -> Traced:
        """Without white space at the ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self.cut(start, max(start, len(self.text.rstrip())))

    def folded(self) -> Traced:
        """Trimmed, each run of white space inside turned into one space.

        >>> traced(" a \\n b ").folded().text
        'a b'
        """
        trimmed = self.stripped()
        runs = (m for m in _WHITE.finditer(trimmed.text) if m[0] != " ")
        return trimmed.edited([Edit(m.start(), m.end(), " ") for m in runs])


def traced(source: str) -> Traced:
    """A text that is its own source.

    >>> traced("ab").ends.tolist()
    [1, 2]
    """
    starts = np.arange(len(source), dtype=np.int32)
    return Traced(source, starts, starts + np.int32(1))


def joined(pieces: Sequence[Traced], glue: str) -> Traced:
    """The pieces (in source order, none empty) with ``glue`` between, which maps to the gap there.

    >>> joined([traced("abc").cut(0, 1), traced("abc").cut(2, 3)], " ").starts.tolist()
    [0, 1, 2]
    """
    texts: list[str] = []
    arrays: list[tuple[Ints, Ints]] = []
    for index, piece in enumerate(pieces):
        if index and glue:
            texts.append(glue)
            arrays.append(_constant(len(glue), *_gap(pieces[index - 1], piece)))
        texts.append(piece.text)
        arrays.append((piece.starts, piece.ends))
    return _glued(texts, arrays)


def _gap(left: Traced, right: Traced) -> tuple[int, int]:
    """The source between two pieces; where one repair made the ends of both, that repair's."""
    if left.end < right.start:
        return left.end, right.start
    return min(int(left.starts[-1]), right.start), left.end


def _constant(length: int, start: int, end: int) -> tuple[Ints, Ints]:
    return np.full(length, start, dtype=np.int32), np.full(length, end, dtype=np.int32)


def _glued(texts: list[str], arrays: list[tuple[Ints, Ints]]) -> Traced:
    if not arrays:
        empty = np.zeros(0, dtype=np.int32)
        return Traced("", empty, empty)
    return Traced(
        "".join(texts),
        np.concatenate([starts for starts, _ in arrays]),
        np.concatenate([ends for _, ends in arrays]),
    )


class LineIndex:
    """Line numbers, from 1, of positions in a text; ``\\r\\n``, ``\\r`` and ``\\n`` end a line."""

    __slots__ = ("_starts",)

    def __init__(self, source: str) -> None:
        """Index the lines of ``source``."""
        self._starts = [0, *(m.end() for m in _LINE_END.finditer(source))]

    def line_of(self, position: int) -> int:
        """The line on which the character at ``position`` stands.

        >>> LineIndex("a\\r\\nb").line_of(3)
        2
        """
        return bisect_right(self._starts, position)
