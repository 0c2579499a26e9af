"""The lines of a plain text, and what each of them shows by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mtqa.text.hyphens import SOFT
from mtqa.text.offsets import Traced

_LINE_END: Final = re.compile(r"\r\n|[\r\n\v\x85\u2028]|(?P<page>[\f\u2029])")
_TERMINAL: Final = re.compile(r"[.!?…。！？؟।॥:;][\s\"'”’»)\]]*(?:\[\d+\])*$")
ITEM: Final = re.compile(
    r"(?:[-*•‣◦–·●▪■□✓✔✅✗✘✖❌➢➤➜►▸★]|\d{1,2}[.)]|[a-zA-Z][.)]|\(?(?:[a-z]|\d{1,2}|[ivx]{1,4})\))\s+\S"
)
#: What may stand in front of a line's first letter.
OPENING: Final = "\"'“‘("
_MAX_INDENT = 12  # columns; what stands further in is centred or set to the right


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line without its white space; ``gap``: the number of empty lines in front of it.

    ``page``: it begins a page. ``goes_on``: it goes on with the line before a page break.
    """

    text: Traced
    gap: int
    indent: int
    page: bool = False
    goes_on: bool = False

    @property
    def width(self) -> int:
        """The columns up to its last character, the indent of a paragraph's first line included."""
        return len(self.text) + (self.indent if self.indent <= _MAX_INDENT else 0)

    @property
    def content(self) -> str:
        """The characters of the line."""
        return self.text.text


def text_lines(text: Traced) -> Iterator[Line]:
    """The lines of a text that are not empty."""
    position = gap = 0
    page = False
    for match in _LINE_END.finditer(text.text + "\n"):
        raw = text.cut(position, match.start())
        line = raw.stripped()
        if len(line):
            indent = len(raw.text) - len(raw.text.lstrip())
            yield Line(line, gap, indent, page)
            gap, page = 0, False
        else:
            gap += 1
        gap += match["page"] is not None
        page = page or match["page"] == "\f"
        position = match.end()


def continues(text: str) -> bool:
    """Whether a line may begin in the middle of a sentence: lower case, or a script without case."""
    return text.lstrip(OPENING)[:1].islower() or is_caseless(text)


def is_caseless(text: str) -> bool:
    """Whether a line begins in a script without case, so that its first letter tells nothing."""
    first = text.lstrip(OPENING)[:1]
    return first.isalpha() and not (first.islower() or first.isupper() or first.istitle())


def ends_sentence(text: str) -> bool:
    """Whether a line ends with a final mark, closing quotes and brackets aside."""
    return _TERMINAL.search(text) is not None


def is_special(text: str) -> bool:
    """Whether a line is an item of a list, of quoted mail, or a row of a table."""
    return ITEM.match(text) is not None or text.startswith(">") or is_row(text)


def is_row(text: str) -> bool:
    """Whether tabs or bars make a line a row of a table."""
    return text.count("\t") >= 2 or text.count("|") >= 3


def breaks_off(text: str) -> bool:
    """Whether a line plainly breaks off: a comma or a hyphen ends it."""
    return text.endswith((",", "-")) or (text[-1:] in SOFT and text[-2:-1].isalpha())
