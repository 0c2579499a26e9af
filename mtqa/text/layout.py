"""How a plain text is set: whether its lines are wrapped, to which width, and how its paragraphs begin.

Decided once for the file, from the pairs of neighbouring lines between which no sentence seems to end. In a
wrapped file a line is *full* when the next line's first word would not have fitted on it. Programs like
``fmt`` leave lines a word or two shorter so that all are of a length: such a file is *balanced*.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mtqa.text.line import ITEM, Line, continues, ends_sentence, is_caseless, is_special

_CJK: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
CJK_END, CJK_START = re.compile(f"[{_CJK}]$"), re.compile(f"^[{_CJK}]")
_FIRST_WORD: Final = re.compile(r"\S+")

MAX_WIDTH = 200  # a longer line is a paragraph, not a wrapped line
_MIN_FULL = 0.5  # share of the continued lines that must be full in a wrapped file
#: A line of a balanced file is full where it fills that share of the width. So do all continued lines of 675
#: articles set by fmt; 25 to 100 % of them are full in the strict sense, and of lines set greedily all are.
BALANCED = 0.85
_MIN_BALANCED = 0.9  # share of the continued lines that must be that long in a balanced file …
_MIN_BALANCED_WIDTH = 45  # … and its width; lines of verse and lists are often of a length, and shorter
_FEW = 20  # continued lines that are all full: with fewer, the file may be balanced and not show it
_PROSE_WIDTH = 55  # characters; in narrower files a heading is easily as long as a line
_MAX_WORD = 12  # characters; more without a blank is no word that a line could not break in
_MIN_EVEN = 0.75  # in a script without case: share of the continued lines that must be full …
_MAX_LONGER = 0.1  # … and of all lines that may be longer than 1.3 times the width
_MIN_CONTINUED = 0.12  # share of neighbouring lines that must be continued in lower case

_Pair = tuple[Line, Line]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is set. ``width`` in characters (0: not wrapped); ``early``: the first line of a
    paragraph breaks early; ``double``: an empty line stands after every line; ``balanced``: lines are of
    a length rather than full; ``few``: or may be, there are too few of them to tell."""

    width: int
    early: bool = False
    double: bool = False
    balanced: bool = False
    few: bool = False

    @property
    def filled(self) -> int:
        """The characters that a full line fills, the next line's first word included."""
        return int(BALANCED * self.width) if self.balanced else self.width


def is_full(line: Line, following: Line, width: int) -> bool:
    """Whether the first word of the next line would not have fitted on this one."""
    return line.width + _first_word(following.content) > width


def _first_word(text: str) -> int:
    """Characters that the next line's first word adds; scripts without blanks break inside a run."""
    if CJK_START.match(text):
        return 1
    word = _FIRST_WORD.match(text)
    length = len(word[0]) if word else 0
    return 1 + (min(length, _MAX_WORD) if is_caseless(text) else length)


def layout_of(lines: Sequence[Line]) -> Layout:
    """How the file is set, from the pairs of lines where the second goes on."""
    double = _double_spaced(lines)
    pairs = [
        (a, b)
        for a, b in pairwise(lines)
        if b.gap <= double
        and not is_special(b.content)
        and (not is_special(a.content) or ITEM.match(a.content))
    ]
    inner = _inner(pairs)
    short = [(a, b) for a, b in inner if a.width <= MAX_WIDTH]
    if not short or len(short) < _MIN_CONTINUED * len(pairs):
        return Layout(0, double=double)
    width = _width(short)
    full = sum(is_full(a, b, width) for a, b in short)
    even = _is_balanced(short, width)
    balanced = even and full < len(short)
    if (full < _MIN_FULL * len(short) and not balanced) or width < 20 or not _even(lines, short):
        return Layout(0, double=double)
    early = sum(not is_full(a, b, int(0.75 * width)) for a, b in short)
    few = even and len(short) < _FEW and width >= _PROSE_WIDTH
    return Layout(width, early >= 2 and early >= 0.1 * len(short), double, balanced, few)


def _is_balanced(pairs: Sequence[_Pair], width: int) -> bool:
    """Whether the first lines of nearly all pairs are nearly as long as the longest."""
    long = sum(is_full(a, b, int(BALANCED * width)) for a, b in pairs)
    return width >= _MIN_BALANCED_WIDTH and long >= _MIN_BALANCED * len(pairs)


def _inner(pairs: Sequence[_Pair]) -> list[_Pair]:
    """The pairs of lines between which no sentence seems to end."""
    return [(a, b) for a, b in pairs if not ends_sentence(a.content) and continues(b.content)]


def _width(pairs: Sequence[_Pair]) -> int:
    """The width to which the first lines of the pairs are set."""
    widths = sorted(a.width for a, _ in pairs)
    return widths[int(0.9 * (len(widths) - 1))]


def _even(lines: Sequence[Line], inner: Sequence[_Pair]) -> bool:
    """Whether lines in a script without case are wrapped: nearly all full, and hardly any longer.

    Headings above paragraphs look continued there too. Lower case needs no such proof.
    """
    if 2 * sum(is_caseless(b.content) for _, b in inner) < len(inner):
        return True
    width = _width(inner)
    longer = sum(line.width > 1.3 * width for line in lines)
    full = sum(is_full(a, b, width) for a, b in inner)
    return longer <= _MAX_LONGER * len(lines) and full >= _MIN_EVEN * len(inner)


def _double_spaced(lines: Sequence[Line]) -> bool:
    pairs = list(pairwise(lines))
    single = [(a, b) for a, b in pairs if b.gap == 1]
    if len(single) < 3 or len(single) < 0.8 * len(pairs):
        return False
    inner = _inner(single)
    return len(inner) >= 3 and len(inner) >= 0.3 * len(single) and _even(lines, inner)
