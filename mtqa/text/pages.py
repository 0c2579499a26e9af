"""Page breaks of a plain text, as ``pdftotext`` writes them: a sentence may go on behind one.

Between two pages stand page numbers and *running heads*: the title or the author, again and again.
"""

from __future__ import annotations

import re
from collections import Counter
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
_FIGURES: Final = re.compile(r"\d+")
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
    held: list[Line] = []  # numbers and running heads behind the last line kept
    for line in lines:
        if kept and len(held) < _MAX_HELD and (_PAGE_LINE.fullmatch(line.content) or _head(line) in heads):
            held.append(line)
            continue
        headed = [one for one in held if _head(one) in heads]
        paged = line.page or any(one.page for one in held)
        sure = paged or bool(headed) or _is_page_number(held, kept[-1:], width)
        if sure and kept and _goes_over(kept[-1].content, line.content):
            between += held
            line = replace(line, gap=0, goes_on=True)
        else:
            between += headed
            kept += [one for one in held if one not in headed]
        held = []
        kept.append(line)
    return kept + held, between


def _running_heads(lines: Sequence[Line]) -> frozenset[str]:
    """The lines, but for their figures, that stand again and again beside a page break or a page number."""
    found: Counter[str] = Counter()
    for before, line, after in zip([None, *lines], lines, [*lines[1:], None], strict=False):
        numbered = any(one is not None and _PAGE_LINE.fullmatch(one.content) for one in (before, after))
        edge = numbered or line.page or (after is not None and after.page)
        if edge and len(line.content) <= _MAX_HEAD and any(map(str.isalpha, line.content)):
            found[_head(line)] += 1
    enough = 2 if any(line.page for line in lines) else 3
    return frozenset(head for head, count in found.items() if count >= enough)


def page_reason(line: Line) -> str:
    """Why a line between two pages is no text."""
    return PAGE_NUMBER if _PAGE_LINE.fullmatch(line.content) else "running head"


def _head(line: Line) -> str:
    """A line as a running head is known again: "Page 3 of 9", "page 4 of 9"."""
    return _FIGURES.sub("#", " ".join(line.content.lower().split()))


def _is_page_number(held: Sequence[Line], before: Sequence[Line], width: int) -> bool:
    """Whether numbers, none of them Roman ("i" is a word too), stand behind a line that is cut."""
    if not held or any(number.content.isalpha() for number in held):
        return False
    return any(breaks_off(line.content) or 0 < _CUT * width <= len(line.content) for line in before)


def _goes_over(before: str, now: str) -> bool:
    """Whether the first line of a page goes on with the last of the page before."""
    plain = not (ends_sentence(before) or before.startswith(">") or is_row(before) or is_special(now))
    return plain and now.lstrip(OPENING)[:1].islower() and reason_for(before) is None
