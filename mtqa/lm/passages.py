"""What of a document is read together: the whole of it, a block at a time, or a sentence at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtqa.records import Document, Floats, Passage, TokenScores


def passages(document: Document, context: str) -> list[Passage]:
    """The document's passages under a config's ``context``, in text order."""
    if context == "document":
        return [Passage(document.text, 0)]
    pieces = document.blocks if context == "paragraph" else document.sentences
    return [Passage(document.text[p.start : p.end], p.start) for p in pieces]


def concatenate(scores: Sequence[TokenScores]) -> TokenScores:
    """The scores of a document's passages as one record. Raises `ValueError` where there are none."""
    if not scores:
        raise ValueError("no scores to put together")
    if len(scores) == 1 or not any(len(s) for s in scores):
        return scores[0]
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(s, name) for s in scores if len(s)])
        for name in TokenScores.__slots__
        if name not in ("pieces", "hidden", "detector")
    }
    arrays |= {name: _all(scores, name) for name in ("hidden", "detector")}
    pieces = {i: piece for s in scores for i, piece in s.pieces.items()}
    return TokenScores(**arrays, pieces=pieces)


def _all(scores: Sequence[TokenScores], name: str) -> Floats | None:
    """An array that not every record has."""
    arrays = [getattr(s, name) for s in scores if len(s)]
    return np.concatenate(arrays) if arrays and all(a is not None for a in arrays) else None
