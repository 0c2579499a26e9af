"""Page breaks of a plain text, as ``pdftotext`` writes them: a sentence may go on behind one.

Between two pages stand page numbers and *running heads*: the title or the author, again and again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mtqa.text.boilerplate import reason_for
from mtqa.text.line import OPENING, Line, breaks_off, ends_sentence, is_row, is_special

PAGE_NUMBER: Final = "page number"
_PAGE_LINE: Final = re.compile(
    r"(?:[Pp]age\s+)?\d{1,3}(?:\s*(?:/|of)\s*\d{1,3})?|[-–—]\s*\d{1,4}\s*[-–—]|[\[(]\d{1,3}[\])]"
    r"|x{0,3}(?:ix|iv|vi{0,3}|i{1,3}|x)"
)
#: What a running head's number is: at its end or its beginning, or "page 3 of 9".
_FIGURES: Final = re.compile(r"^\d+\b|\b\d+$|(?<=page )\d+(?: of \d+)?")
#: "Chapter 2" is a heading, not the head of a second page.
_NUMBERED: Final = re.compile(r"\w+ \d+")
_MAX_HEAD = 120  # characters of a running head
_MAX_HELD = 4  # lines between two pages
_CUT = 0.6  # of the width; a line of a wrapped file is that long where the page cuts it


def over_pages(lines: Sequence[Line], *, width: int) -> tuple[list[Line], list[Line]]:
    """The lines, those that go on after a page break marked so, without what stands between pages; and that.

    ``width``: of the lines of a wrapped file, in characters, or 0. Without a form feed or a running head a
    number is of a page only behind a line that breaks off, with a comma or as long as the lines of the file.
    """
    heads = _running_heads(lines)
    kept: list[Line] = []
    between: list[Line] = []
    held: list[tuple[Line, bool]] = []  # numbers and running heads (which it is) behind the last line kept
    for index, line in enumerate(lines):
        if kept and len(held) < _MAX_HELD and (_PAGE_LINE.fullmatch(line.content) or index in heads):
            held.append((line, index in heads))
            continue
        headed, others = _parted(held)
        paged = line.page or any(one.page for one, _ in held)
        sure = paged or bool(headed) or _is_page_number([one for one, _ in held], kept[-1:], width)
        if sure and kept and _goes_over(kept[-1].content, line.content):
            between += [one for one, _ in held]
            line = replace(line, gap=0, goes_on=True)
        else:
            between += headed
            kept += others
            if headed:  # what stood before them stands before the line
                line = replace(line, gap=max(line.gap, *(one.gap for one in headed)), page=paged)
        held = []
        kept.append(line)
    headed, others = _parted(held)
    return kept + others, between + headed


def _parted(held: Sequence[tuple[Line, bool]]) -> tuple[list[Line], list[Line]]:
    """Running heads, and what else was held."""
    return [one for one, is_head in held if is_head], [one for one, is_head in held if not is_head]


def _running_heads(lines: Sequence[Line]) -> frozenset[int]:
    """Which lines stand again and again, but for their number, beside a page break or a page number."""
    found: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        before, after = lines[max(index - 1, 0) : index], lines[index + 1 : index + 2]
        numbered = any(_PAGE_LINE.fullmatch(one.content) for one in (*before, *after))
        edge = numbered or line.page or any(one.page for one in after)
        shown = len(line.content) <= _MAX_HEAD and any(map(str.isalpha, line.content))
        if edge and shown and not ends_sentence(line.content):
            found.setdefault(_head(line), []).append(index)
    enough = 2 if any(line.page for line in lines) else 3
    return frozenset(index for same in found.values() if len(same) >= enough for index in same)


def page_reason(line: Line) -> str:
    """Why a line between two pages is no text."""
    return PAGE_NUMBER if _PAGE_LINE.fullmatch(line.content) else "running head"


def _head(line: Line) -> str:
    """A line as a running head is known again: "Page 3 of 9", "page 4 of 9"."""
    plain = " ".join(line.content.lower().split())
    return plain if _NUMBERED.fullmatch(plain) else _FIGURES.sub("#", plain)


def _is_page_number(held: Sequence[Line], before: Sequence[Line], width: int) -> bool:
    """Whether numbers, none of them Roman ("i" is a word too), stand behind a line that is cut."""
    if not held or any(number.content.isalpha() for number in held):
        return False
    return any(breaks_off(line.content) or 0 < _CUT * width <= len(line.content) for line in before)


def _goes_over(before: str, now: str) -> bool:
    """Whether the first line of a page goes on with the last of the page before."""
    plain = not (ends_sentence(before) or before.startswith(">") or is_row(before) or is_special(now))
    return plain and now.lstrip(OPENING)[:1].islower() and reason_for(before) is None
