"""The record that the readers of the three formats hand on: a block, with its offsets and its fate."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from mtqa.text.boilerplate import reason_for
from mtqa.text.offsets import Traced

_CAPTION: Final = re.compile(
    r"\A(?:(?:photo|image|picture|video|map|chart|graphic|illustration|caption|fig(?:ure)?\.?|table|exhibit|plate)"
    r"(?:\s*[A-Z]?\d{1,3}[a-z]?(?:\.\d+)*)?\s*[:.|–—]\s+\S.*"
    r"|image caption,\s+\S.*"
    r"|(?:above|below|left|right|pictured|top|bottom|file photo)\s*:\s+\S.*"
    r"|.*[\[(/](?:(?:Reuters|AP|AFP|EPA|Getty Images|Getty|file photo|File)\b"
    r"|Photo by [^)\]]{1,60}|Photo: [^)\]]{1,60})[^)\]]{0,40}[)\]]?"
    r"(?:\s*(?:file\s+)?(?:photo|image))?\s*)",
    re.IGNORECASE,
)
_CAPTION_CHARACTERS = 300
_CREDIT_END = re.compile(r"[\[(/](?:Reuters|AP|AFP|EPA|Getty|file photo|Photo)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A block as its reader found it: folded, not empty. ``reason`` is set where it is no text.

    ``cells``: the number of filled cells in a row of a table, 0 for what is none. ``outside``: not in
    the part of a page that holds the article.
    """

    text: Traced
    kind: str
    reason: str | None = None
    cells: int = 0
    outside: bool = False


def judged(piece: Piece) -> Piece:
    """The piece with what its words alone say of it: boilerplate, or a caption."""
    if piece.reason is not None or piece.kind in ("code", "table"):
        return piece
    reason = reason_for(piece.text.text)
    if reason is not None and not (piece.kind == "heading" and reason == "time stamp"):
        return replace(piece, reason=reason)
    if piece.kind in ("body", "heading") and is_caption(piece.text.text):
        return replace(piece, kind="caption")
    return piece


def is_caption(text: str) -> bool:
    """Whether a block is the line under a picture.

    >>> is_caption("Figure 3: Yields by year"), is_caption("Figures fell in May.")
    (True, False)
    >>> is_caption("Image caption, The bridge was closed for two years")
    True
    """
    if len(text) > _CAPTION_CHARACTERS:
        return False
    match = _CAPTION.fullmatch(text)
    return match is not None and (not text.rstrip().endswith(".") or not _ends_like_prose(text))


def _ends_like_prose(text: str) -> bool:
    """A full sentence that only mentions an agency in brackets is prose, not a caption."""
    return _CREDIT_END.search(text) is not None and not text.rstrip(" .").endswith((")", "]"))


def heading_like(text: str) -> bool:
    """Whether a single short line reads like a heading: no final mark, not begun in lower case.

    >>> heading_like("Constitutional change"), heading_like("He left.")
    (True, False)
    """
    words = text.split()
    if not words or len(words) > 16 or len(text) > 110 or not any(c.isalpha() for c in text):
        return False
    if text[-1] == ":":
        return len(words) <= 4
    return text[-1] not in ".!;,…\"”’'-–—。！" and not text[0].islower()
