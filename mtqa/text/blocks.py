"""Plain text to blocks: which lines belong together, and what each block is.

Whether lines are wrapped is decided once for the file (`mtqa.text.layout`); then each pair of neighbouring
lines is joined or not: in a wrapped file a line that is not full and ends a sentence ends its paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from mtqa.records import Repair
from mtqa.text.boilerplate import reason_for
from mtqa.text.hyphens import Lexicon, unhyphenated, without_last
from mtqa.text.layout import BALANCED, CJK_END, CJK_START, MAX_WIDTH, Layout, is_full, layout_of
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
from mtqa.text.pages import over_pages, page_reason
from mtqa.text.pieces import Piece, heading_like, judged
from mtqa.text.segment_rules import BEFORE_NUMBER

_QUOTED: Final = re.compile(r"(?:>\s?)+")
#: “Dear Sir,” and “Yours truly,” end with a comma, and are no verse.
_GREETING: Final = re.compile(
    r"(?:Dear|Hi|Hello|Hey|Good (?:morning|afternoon|evening))(?: [\w.'’-]+){0,3},"
    r"|(?:\w+ ){0,2}(?:regards|wishes|sincerely|faithfully|truly|thanks|cheers|greetings|yours),"
    r"|(?:lots of )?love,",
    re.IGNORECASE,
)
_VERSE_END: Final = re.compile(r"[,;:—–-]$")
_CELL: Final = re.compile(r"[^\t|]+")
_HYPHENATED: Final = re.compile(r"[^\W\d_][-\u2010\u00ad¬]$")
#: "J. Smith": an initial, and the titles that are never the end of a sentence before it.
_INITIAL: Final = re.compile(r"(?:[A-Z]\.[\s-]+)+[A-Z][^\W\d_]")
_TITLE_END: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Dr|Prof|Sen|Rep|Gov|Gen|Maj|Col|Capt|Cmdr|Lt|Sgt|Insp|Rev|Fr|Hon|Pres|Cllr|Atty|Amb|Msgr)\.$"
)
#: “2.1. Study site”: a heading, behind the end of a sentence.
_SECTION: Final = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}\.?\s+[A-Z][^.!?]*$")
_LETTERED: Final = re.compile(r"[A-Z][.)]\s")
#: What no heading and no sentence ends with.
_LINK_END: Final = re.compile(
    r"(?:,|\b(?:the|an?|and|or|but|nor|of|to|in|on|at|by|for|from|with|as|into|than|that|which|who|whose|if"
    r"|because|its|our|my|your|their|his|very|including|Mr|Mrs|Ms|Dr|Sir))$"
)
_PROSE: Final = re.compile(r"[,;.!?”\"]")  # what few headings hold
_SUSPENDED: Final = re.compile(r"(?:and|or|to|und|oder|bis)\s")  # pre- and post-war

_SECTION_WIDTH = 60  # characters of a numbered heading
_VERSE_WIDTH = 70  # characters; a longer line is prose
#: A line that does not fill that share of the width ends its paragraph. Of 1,233 sentences of sound articles
#: set in 72 columns without blank lines 76 were broken, 40 with it (26 with 0.75, in a simulation alone).
_CUT = 0.6


def plain_pieces(text: Traced) -> tuple[list[Piece], list[Repair]]:
    """The blocks of a plain text in order, boilerplate marked, and the repairs of joining lines."""
    lines = list(text_lines(text))
    layout = layout_of(lines)
    lines, numbers = over_pages(lines, width=layout.width)
    repairs: list[Repair] = []
    lexicon = Lexicon(text.text)
    pieces = [Piece(n.text.folded(), "body", page_reason(n)) for n in numbers]
    for group in _versed(_groups(lines, layout)):
        pieces += _pieces(group, lexicon, repairs)
    return _headed(sorted(pieces, key=lambda piece: piece.text.start)), repairs


def _versed(groups: Iterable[list[Line]]) -> Iterator[list[Line]]:
    """Stanzas: runs of short single lines, of which every third or more ends with a comma or the like."""
    run: list[list[Line]] = []
    for group in groups:
        text = group[0].content
        short = (
            len(group) == 1
            and len(text) <= _VERSE_WIDTH
            and not is_special(text)
            and not reason_for(text)
            and not _GREETING.fullmatch(text)
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
    ended = ends_sentence(before)
    if ITEM.match(now) and (ended or ITEM.match(group[0].content) or not layout.width):
        return False
    if ended and len(now) <= _SECTION_WIDTH and _SECTION.match(now) and not BEFORE_NUMBER.search(before):
        return False
    if not layout.width:
        return (
            not ends_sentence(before)
            and now[:1].islower()
            and len(before) <= MAX_WIDTH
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
    full = layout.width > 0 and is_full(group[-1], line, layout.filled)
    return full and not ends_sentence(before) and not _LETTERED.match(group[0].content)


def _wrapped_joins(group: Sequence[Line], line: Line, following: Line | None, layout: Layout) -> bool:
    before, now = group[-1].content, line.content
    if _apart(group, now, following):
        return False
    full = is_full(group[-1], line, layout.filled)
    if ends_sentence(before) and line.indent > group[-1].indent:
        return False
    if ends_sentence(before):
        if not full or group[-1].width > 1.3 * layout.width:
            return False
        return not (layout.early and following is not None and _breaks_early(line, following, layout))
    cut = not layout.early and not is_full(group[-1], line, int(_CUT * layout.width))
    inside = len(group) > 1 and not layout.balanced and not cut
    if full or inside or (continues(now) and not is_caseless(now)):
        return True
    long = (len(group) > 1 and not cut) or is_full(group[-1], line, int(BALANCED * layout.width))
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
    short = not is_full(line, following, int(0.85 * layout.width))
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
        elif CJK_END.search(tail.text) and CJK_START.search(line.text):
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
