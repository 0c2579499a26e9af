"""Page breaks of a plain text, as ``pdftotext`` writes them: a sentence may go on behind one."""

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
_MAX_HELD = 3  # lines between two pages
_CUT = 0.6  # of the width; a line of a wrapped file is that long where the page cuts it


def over_pages(lines: Sequence[Line], *, width: int) -> tuple[list[Line], list[Line]]:
    """The lines, those that go on after a page break marked so, without the page numbers between; and these.

    ``width``: of the lines of a wrapped file, in characters, or 0. Without a form feed a number is of a page
    only behind a line that breaks off, with a comma or as long as the lines of the file.
    """
    kept: list[Line] = []
    numbers: list[Line] = []
    held: list[Line] = []  # numbers behind the last line kept
    for line in lines:
        if kept and len(held) < _MAX_HELD and _PAGE_LINE.fullmatch(line.content):
            held.append(line)
            continue
        paged = line.page or any(number.page for number in held)
        sure = paged or _is_page_number(held, kept[-1:], width)
        if sure and kept and _goes_over(kept[-1].content, line.content):
            numbers += held
            line = replace(line, gap=0, goes_on=True)
        else:
            kept += held
        held = []
        kept.append(line)
    return kept + held, numbers


def _is_page_number(held: Sequence[Line], before: Sequence[Line], width: int) -> bool:
    """Whether numbers, none of them Roman ("i" is a word too), stand behind a line that is cut."""
    if not held or any(number.content.isalpha() for number in held):
        return False
    return any(breaks_off(line.content) or 0 < _CUT * width <= len(line.content) for line in before)


def _goes_over(before: str, now: str) -> bool:
    """Whether the first line of a page goes on with the last of the page before."""
    plain = not (ends_sentence(before) or before.startswith(">") or is_row(before) or is_special(now))
    return plain and now.lstrip(OPENING)[:1].islower() and reason_for(before) is None
