"""Two judgements on blocks that take their neighbours, or their last sentence, to make.

A title that reads like a footer link is a title where text follows; "READ MORE" behind the last
sentence of a paragraph is cut off it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mtqa.text.boilerplate import reason_for
from mtqa.text.pieces import Piece
from mtqa.text.segment import sentence_spans

_POLICY: Final = re.compile(
    r"(?:cookies?|privacy|accessibility|editorial)\s+(?:policy|notice|statement)"
    r"|faqs?|frequently\s+asked\s+questions|terms\s+(?:and|&)\s+conditions|terms\s+of\s+(?:use|service)",
    re.IGNORECASE,
)
_PROSE = 40  # characters; a shorter block after a title may be the next link of a footer
_PASSED_OVER: Final = frozenset(("time stamp", "byline", "ornament", "front matter", "raw HTML"))

_TAIL: Final = re.compile(r"[.!?…][\"”’)\]]{0,3}\s+([^.!?…]{3,90})$")
_WINDOW = 100  # characters at a block's end in which `_TAIL` is looked for
_UNMISTAKABLE: Final = frozenset(
    ("link to more", "comment counter", "share bar", "subscription", "advertisement")
)
_EXACT: Final = re.compile(
    r"\d[\d,]*\s+[Cc]omments?|[Ss]hare\s+(?:this\s+)?(?:on|via)\s+[A-Z]\w+.{0,60}|[Ll]eave a comment"
    r"|[Rr]ead [Mm]ore\s*(?:»|›|→|>>?|\[\+\])|(?:READ (?:MORE|ALSO|NEXT)|SEE ALSO|ALSO READ)\s*[:|].{1,80}"
)
#: “Geography[edit]”, as Wikipedia is pasted.
_EDIT: Final = re.compile(r"[\w)”’](\[\s*edit(?:\s*\|\s*edit\s+source)?\s*\])$")
_COUNTER: Final = re.compile(r"\s(\d[\d,]*\s+[Cc]omments?|\d[\d,]*\s+COMMENTS?|[Ss]hare on [A-Z]\w+)$")


def with_titles(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces; "Terms of service" above paragraphs is a heading, among other links it stays out."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.reason is None or piece.outside or not _POLICY.fullmatch(piece.text.text.rstrip(" .:")):
            continue
        before = [p for p in pieces[max(0, index - 3) : index] if p.reason not in _PASSED_OVER]
        after = [p for p in pieces[index + 1 : index + 4] if p.reason not in _PASSED_OVER]
        if (not before or before[-1].reason is None) and after and _goes_on(piece, after[0]):
            result[index] = replace(piece, kind="heading", reason=None)
    return result


def _goes_on(title: Piece, following: Piece) -> bool:
    if following.reason is not None:
        return False
    return title.kind == "heading" or following.kind == "list-item" or len(following.text) >= _PROSE


def without_tails(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, each unmistakable scrap behind a last sentence made a piece of its own."""
    result: list[Piece] = []
    for piece in pieces:
        cuts = [] if piece.reason is not None or piece.kind in ("code", "table") else _cuts(piece.text.text)
        if not cuts:
            result.append(piece)
            continue
        result.append(replace(piece, text=piece.text.cut(0, cuts[0][0]).stripped()))
        ends = [start for start, _ in cuts[1:]] + [len(piece.text)]
        for (start, reason), end in zip(cuts, ends, strict=True):
            result.append(Piece(piece.text.cut(start, end).stripped(), "body", reason))
    return result


def _cuts(text: str) -> list[tuple[int, str]]:
    """Where the scraps at a block's end begin, and why each is one; syntok must see a sentence end there."""
    if edit := _EDIT.search(text, max(0, len(text) - _WINDOW)):
        return [(edit.start(1), "navigation")]
    tail = _TAIL.search(text, max(0, len(text) - _WINDOW))
    if tail is None or text.isupper():
        return []
    cuts = _scraps(tail[1], tail.start(1))
    if not cuts or sentence_spans(text)[-1].start != cuts[0][0]:
        return []
    return cuts


def _scraps(text: str, offset: int) -> list[tuple[int, str]]:
    reason = reason_for(text)
    if reason in _UNMISTAKABLE and (_EXACT.fullmatch(text) or _shouted(text)):
        return [(offset, str(reason))]
    counter = _COUNTER.search(text)
    before = _scraps(text[: counter.start()], offset) if counter else []
    if counter is None or not before:
        return []
    return [*before, (offset + counter.start(1), reason_for(counter[1]) or "comment counter")]


def _shouted(text: str) -> bool:
    return text.isupper() and (" " in text or text == "ADVERTISEMENT")
