"""Plain text to blocks: which lines belong together, and what each block is.

Whether lines are wrapped is decided once for the file (`layout`); then each pair of neighbouring
lines is joined or not. In a wrapped file a line is *full* when the next line's first word would
not have fitted on it; a line that is not full and ends a sentence ends its paragraph. Programs like
``fmt`` leave lines a word or two shorter so that all are of a length: such a file is *balanced*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from mtqa.records import Repair
from mtqa.text.boilerplate import reason_for
from mtqa.text.hyphens import Lexicon, unhyphenated, without_last
from mtqa.text.line import (
    ITEM,
    Line,
    breaks_off,
    continues,
    ends_sentence,
    is_caseless,
    is_row,
    is_special,
    text_lines,
)
from mtqa.text.offsets import Traced, joined
from mtqa.text.pages import PAGE_NUMBER, over_pages
from mtqa.text.pieces import Piece, heading_like, judged

_QUOTED: Final = re.compile(r"(?:>\s?)+")
_VERSE_END: Final = re.compile(r"[,;:—–-]$")
_CELL: Final = re.compile(r"[^\t|]+")
_CJK: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_CJK_END, _CJK_START = re.compile(f"[{_CJK}]$"), re.compile(f"^[{_CJK}]")
_HYPHENATED: Final = re.compile(r"[^\W\d_][-\u2010\u00ad¬]$")
_FIRST_WORD: Final = re.compile(r"\S+")
#: "J. Smith": an initial, and the titles that are never the end of a sentence before it.
_INITIAL: Final = re.compile(r"(?:[A-Z]\.[\s-]+)+[A-Z][^\W\d_]")
_TITLE_END: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Dr|Prof|Sen|Rep|Gov|Gen|Maj|Col|Capt|Cmdr|Lt|Sgt|Insp|Rev|Fr|Hon|Pres|Cllr|Atty|Amb|Msgr)\.$"
)
_LETTERED: Final = re.compile(r"[A-Z][.)]\s")
#: What no heading and no sentence ends with.
_LINK_END: Final = re.compile(
    r"(?:,|\b(?:the|an?|and|or|but|nor|of|to|in|on|at|by|for|from|with|as|into|than|that|which|who|whose|if"
    r"|because|its|our|my|your|their|his|very|including|Mr|Mrs|Ms|Dr|Sir))$"
)
_PROSE: Final = re.compile(r"[,;.!?”\"]")  # what few headings hold
_SUSPENDED: Final = re.compile(r"(?:and|or|to|und|oder|bis)\s")  # pre- and post-war

_MAX_WIDTH = 200  # a longer line is a paragraph, not a wrapped line
_VERSE_WIDTH = 70  # characters; a longer line is prose
_MIN_FULL = 0.5  # share of the continued lines that must be full in a wrapped file
#: A line of a balanced file is full where it fills that share of the width. So do all continued lines of 675
#: articles set by fmt; 25 to 100 % of them are full in the strict sense, and of lines set greedily all are.
_BALANCED = 0.85
#: A line that does not fill that share of the width ends its paragraph. Of 1,233 sentences of sound articles
#: set in 72 columns without blank lines 76 were broken, 40 with it (26 with 0.75, in a simulation alone).
_CUT = 0.6
_MIN_BALANCED = 0.9  # share of the continued lines that must be that long in a balanced file …
_MIN_BALANCED_WIDTH = 45  # … and its width; lines of verse and lists are often of a length, and shorter
_FEW = 20  # continued lines that are all full: with fewer, the file may be balanced and not show it
_PROSE_WIDTH = 55  # characters; in narrower files a heading is easily as long as a line
_MAX_WORD = 12  # characters; more without a blank is no word that a line could not break in
_MIN_EVEN = 0.75  # in a script without case: share of the continued lines that must be full …
_MAX_LONGER = 0.1  # … and of all lines that may be longer than 1.3 times the width
_MIN_CONTINUED = 0.12  # share of neighbouring lines that must be continued in lower case

Pair = tuple[Line, Line]


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
        return int(_BALANCED * self.width) if self.balanced else self.width


def plain_pieces(text: Traced) -> tuple[list[Piece], list[Repair]]:
    """The blocks of a plain text in order, boilerplate marked, and the repairs of joining lines."""
    lines = list(text_lines(text))
    layout = layout_of(lines)
    lines, numbers = over_pages(lines, width=layout.width)
    repairs: list[Repair] = []
    lexicon = Lexicon(text.text)
    pieces = [Piece(number.text.folded(), "body", PAGE_NUMBER) for number in numbers]
    for group in _versed(_groups(lines, layout)):
        pieces += _pieces(group, lexicon, repairs)
    return _headed(sorted(pieces, key=lambda piece: piece.text.start)), repairs


def _full(line: Line, following: Line, width: int) -> bool:
    """Whether the first word of the next line would not have fitted on this one."""
    return line.width + _first_word(following.content) > width


def _first_word(text: str) -> int:
    """Characters that the next line's first word adds; scripts without blanks break inside a run."""
    if _CJK_START.match(text):
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
    short = [(a, b) for a, b in inner if a.width <= _MAX_WIDTH]
    if not short or len(short) < _MIN_CONTINUED * len(pairs):
        return Layout(0, double=double)
    width = _width(short)
    full = sum(_full(a, b, width) for a, b in short)
    even = _is_balanced(short, width)
    balanced = even and full < len(short)
    if (full < _MIN_FULL * len(short) and not balanced) or width < 20 or not _even(lines, short):
        return Layout(0, double=double)
    early = sum(not _full(a, b, int(0.75 * width)) for a, b in short)
    few = even and len(short) < _FEW and width >= _PROSE_WIDTH
    return Layout(width, early >= 2 and early >= 0.1 * len(short), double, balanced, few)


def _is_balanced(pairs: Sequence[Pair], width: int) -> bool:
    """Whether the first lines of nearly all pairs are nearly as long as the longest."""
    long = sum(_full(a, b, int(_BALANCED * width)) for a, b in pairs)
    return width >= _MIN_BALANCED_WIDTH and long >= _MIN_BALANCED * len(pairs)


def _inner(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs of lines between which no sentence seems to end."""
    return [(a, b) for a, b in pairs if not ends_sentence(a.content) and continues(b.content)]


def _width(pairs: Sequence[Pair]) -> int:
    """The width to which the first lines of the pairs are set."""
    widths = sorted(a.width for a, _ in pairs)
    return widths[int(0.9 * (len(widths) - 1))]


def _even(lines: Sequence[Line], inner: Sequence[Pair]) -> bool:
    """Whether lines in a script without case are wrapped: nearly all full, and hardly any longer.

    Headings above paragraphs look continued there too. Lower case needs no such proof.
    """
    if 2 * sum(is_caseless(b.content) for _, b in inner) < len(inner):
        return True
    width = _width(inner)
    longer = sum(line.width > 1.3 * width for line in lines)
    full = sum(_full(a, b, width) for a, b in inner)
    return longer <= _MAX_LONGER * len(lines) and full >= _MIN_EVEN * len(inner)


def _double_spaced(lines: Sequence[Line]) -> bool:
    pairs = list(pairwise(lines))
    single = [(a, b) for a, b in pairs if b.gap == 1]
    if len(single) < 3 or len(single) < 0.8 * len(pairs):
        return False
    inner = _inner(single)
    return len(inner) >= 3 and len(inner) >= 0.3 * len(single) and _even(lines, inner)


def _versed(groups: Iterable[list[Line]]) -> Iterator[list[Line]]:
    """Stanzas: runs of short single lines, of which every third or more ends with a comma or the like."""
    run: list[list[Line]] = []
    for group in groups:
        text = group[0].content
        short = (
            len(group) == 1 and len(text) <= _VERSE_WIDTH and not is_special(text) and not reason_for(text)
        )
        if run and (not short or group[0].gap):
            yield from _stanza(run)
            run = []
        if short:
            run.append(group)
        else:
            yield group
    yield from _stanza(run)


def _stanza(run: list[list[Line]]) -> Iterator[list[Line]]:
    inner = sum(_VERSE_END.search(group[0].content) is not None for group in run[:-1])
    inner -= bool(run) and run[0][0].content.endswith(":")
    if len(run) >= 3 and 3 * inner >= len(run) - 1:
        yield [line for group in run for line in group]
    else:
        yield from run


def _groups(lines: Sequence[Line], layout: Layout) -> Iterator[list[Line]]:
    """Lines that belong to one block."""
    group: list[Line] = []
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        if group and not _joins(group, line, following, layout):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _joins(group: Sequence[Line], line: Line, following: Line | None, layout: Layout) -> bool:
    """Whether ``line`` goes on with the block that ``group`` has begun."""
    before, now = group[-1].content, line.content
    if line.goes_on:
        return True
    if line.gap > layout.double:
        return False
    if before.startswith(">") or now.startswith(">"):
        return _same_quote(before, now)
    if is_row(before) or is_row(now):
        return False
    if before.endswith("\u00ad") and now[:1].isalpha():
        return True
    if _goes_on_with_initial(group, line, layout):
        return True
    if ITEM.match(now) and (ends_sentence(before) or ITEM.match(group[0].content) or not layout.width):
        return False
    if not layout.width:
        return (
            not ends_sentence(before)
            and now[:1].islower()
            and len(before) <= _MAX_WIDTH
            and breaks_off(before)
        )
    return _wrapped_joins(group, line, following, layout)


def _goes_on_with_initial(group: Sequence[Line], line: Line, layout: Layout) -> bool:
    """Whether a line that could be an item ("J. Smith said …") goes on with a name."""
    before = group[-1].content
    if not _INITIAL.match(line.content):
        return False
    if _TITLE_END.search(before):
        return True
    full = layout.width > 0 and _full(group[-1], line, layout.filled)
    return full and not ends_sentence(before) and not _LETTERED.match(group[0].content)


def _wrapped_joins(group: Sequence[Line], line: Line, following: Line | None, layout: Layout) -> bool:
    before, now = group[-1].content, line.content
    if _apart(group, now, following):
        return False
    full = _full(group[-1], line, layout.filled)
    if ends_sentence(before) and line.indent > group[-1].indent:
        return False
    if ends_sentence(before):
        if not full or group[-1].width > 1.3 * layout.width:
            return False
        return not (layout.early and following is not None and _breaks_early(line, following, layout))
    cut = not layout.early and not _full(group[-1], line, int(_CUT * layout.width))
    inside = len(group) > 1 and not layout.balanced and not cut
    if full or inside or (continues(now) and not is_caseless(now)):
        return True
    long = (len(group) > 1 and not cut) or _full(group[-1], line, int(_BALANCED * layout.width))
    if long and _LINK_END.search(before):
        return True
    if before.isupper() or (len(group) == 1 and _titled(before)):
        return False
    return layout.early or (long and layout.few and group[0].gap > 0 and _PROSE.search(before) is not None)


def _apart(group: Sequence[Line], now: str, following: Line | None) -> bool:
    """A line of boilerplate between sentences stands alone; in the middle of one it is text."""
    if len(group) == 1 and not continues(now) and reason_for(group[0].content):
        return True
    if not ends_sentence(group[-1].content) or reason_for(now) is None:
        return False
    return following is None or following.gap > 0 or not continues(following.content)


def _breaks_early(line: Line, following: Line, layout: Layout) -> bool:
    short = not _full(line, following, int(0.85 * layout.width))
    return following.gap == 0 and short and not ends_sentence(line.content)


def _titled(text: str) -> bool:
    words = [word for word in text.split() if len(word) > 3]
    return (
        len(text) <= 60
        and bool(words)
        and all(w[:1].isupper() for w in words)
        and text.split()[-1][:1].isupper()
    )


def _same_quote(before: str, now: str) -> bool:
    """Neighbouring lines of quoted mail of one depth, neither of them empty."""
    a, b = _QUOTED.match(before), _QUOTED.match(now)
    if a is None or b is None or a.end() == len(before) or b.end() == len(now):
        return False
    return a[0].count(">") == b[0].count(">")


def _pieces(group: list[Line], lexicon: Lexicon, repairs: list[Repair]) -> Iterator[Piece]:
    first = group[0].content
    if first.startswith(">"):
        text = joined_lines([_unquoted(line.text, repairs) for line in group], lexicon, repairs)
        if text is not None:
            yield judged(Piece(text, "quote"))
        return
    kind = "table" if is_row(first) else "list-item" if ITEM.match(first) else "body"
    text = joined_lines([line.text for line in group], lexicon, repairs)
    cells = _cells(first) if len(group) == 1 and kind != "list-item" else 0
    if text is not None:
        yield judged(Piece(text, kind, cells=cells))


def _cells(text: str) -> int:
    """The number of filled cells in a line set with tabs or bars; 0 for any other line."""
    if "\t" not in text and not is_row(text):
        return 0
    return sum(not cell.isspace() for cell in _CELL.findall(text))


def _unquoted(line: Traced, repairs: list[Repair]) -> Traced:
    """A line of quoted mail without its marks; they are kept as a repair."""
    marks = _QUOTED.match(line.text)
    if marks is None:
        return line
    end = len(marks[0].rstrip())
    repairs.append(Repair(line.start, int(line.ends[end - 1]), "quote-mark", line.text[:end], ""))
    return line.cut(marks.end(), len(line))


def joined_lines(lines: Sequence[Traced], lexicon: Lexicon, repairs: list[Repair]) -> Traced | None:
    """The lines as one text: a space for each break, none after a hyphen inside a word or in CJK."""
    filled = [line.folded() for line in lines]
    filled = [line for line in filled if len(line)]
    if not filled:
        return None
    runs: list[list[Traced]] = [[filled[0]]]
    for line in filled[1:]:
        tail = runs[-1][-1]
        if _HYPHENATED.search(tail.text) and _broken(tail.text, line.text):
            runs[-1][-1] = unhyphenated(tail, line, lexicon, repairs)
            runs[-1].append(line)
        elif _CJK_END.search(tail.text) and _CJK_START.search(line.text):
            runs[-1].append(line)
        else:
            runs.append([line])
    runs = [[*run[:-1], _without_soft_end(run[-1], repairs)] for run in runs]
    return joined([joined(run, "") for run in runs], " ")


def _broken(before: str, now: str) -> bool:
    """Whether a line that ends in a hyphen goes on in the next: behind a soft one any letter does."""
    if before.endswith("\u00ad"):
        return now[:1].isalpha()
    return now[:1].islower() and _SUSPENDED.match(now) is None


def _without_soft_end(line: Traced, repairs: list[Repair]) -> Traced:
    """The line without a soft hyphen that nothing goes on with; it stands behind a letter."""
    return without_last(line, "invisible", repairs) if line.text.endswith("\u00ad") else line


def _headed(pieces: list[Piece]) -> list[Piece]:
    """Short lines that stand before text become headings; the last line of a text never does."""
    result: list[Piece] = []
    kept = [index for index, piece in enumerate(pieces) if piece.reason is None]
    after = dict(pairwise(kept))
    for index, piece in enumerate(pieces):
        following = pieces[after[index]] if index in after else None
        if following is not None and piece.kind == "body" and heading_like(piece.text.text):
            text = piece.text.text
            longer = len(following.text) > len(text) or following.kind == "list-item"
            greeted = bool(result) and result[-1].text.text.endswith(",")  # a name under "Best wishes,"
            if (longer or text.isupper() or index == kept[0]) and not greeted:
                piece = replace(piece, kind="heading")
        result.append(piece)
    return result
