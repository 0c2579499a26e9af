"""Which short blocks are no part of the article: `reason_for` says why, or None.

Precision before recall: only a whole short block is ever boilerplate, and an ordinary sentence that
merely begins like it ("Read more than one book a month …") is not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from mtqa.text.boilerplate_table import TABLE, TEXT

MAX_CHARACTERS: Final = 200
_DECORATION = " \t«»‹›<>→←↑↓▲▼►◄▶◀▸➤➜✅•·|*✉☰✕×+"
_TAIL = " .!…:"
_BARE = re.compile(r"[\W_]*")
#: Between the buttons of a bar.
_BAR = re.compile(r"\s[|•·]\s")


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (reason, re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE))
        for reason, patterns in TABLE.items()
    )


@lru_cache(maxsize=1)
def _text() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in TEXT), re.IGNORECASE)


def reason_for(block: str) -> str | None:
    """Why this block is boilerplate, or None where it is (or may be) text.

    >>> reason_for("READ MORE"), reason_for("0 Comments")
    ('link to more', 'comment counter')
    >>> reason_for("Share prices fell on Monday.") is None
    True
    """
    if len(block) > MAX_CHARACTERS:
        return None
    flat = " ".join(block.split())
    if not flat:
        return None
    if _BARE.fullmatch(flat):
        return "ornament"
    return _reason(flat) or _reason_of_bar(flat)


def _reason(flat: str) -> str | None:
    plain = flat.strip(_DECORATION)
    if _text().fullmatch(plain):
        return None
    forms = {flat, plain, plain.rstrip(_TAIL)}
    for reason, pattern in _patterns():
        if any(form and pattern.fullmatch(form) for form in forms):
            return reason
    return None


def _reason_of_bar(flat: str) -> str | None:
    """Of “Posted by Ann | Jump to Recipe | Pin it!” the reason of the first part, where each has one."""
    buttons = _BAR.split(flat)
    if len(buttons) < 2 or not all(any(c.isalpha() for c in button) for button in buttons):
        return None
    reasons = [_reason(button) for button in buttons]
    return reasons[0] if all(reasons) else None
