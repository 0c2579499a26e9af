"""Training documents whose sentences went through a translation engine and back (`mtqa.bench.apertium`).

One language between for a document, as one engine's faults are alike. In a part of the documents nearly every
sentence did: a text that was translated as a whole. Seeded; a second a document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mtqa.bench.apertium import PIVOTS, there_and_back
from mtqa.bench.corruptions.translated import LEAST
from mtqa.bench.corruptions.words import changed_share, changed_spans

Record = dict[str, Any]
Piece = list[tuple[str, int]]

#: Up to this share of the documents: that share of their sentences is translated (None: none of them).
SHARES = ((0.60, (0.10, 0.20)), (0.80, (0.25, 0.60)), (0.92, (0.80, 1.00)), (1.0, None))
#: Shorter sentences, in words, are left alone: too little is left of them to judge.
SHORT = 5
#: Versions of a sentence without context, and sentences that are translated in one run.
VERSIONS, TOGETHER = 3, 200


def translated_documents(listed: Sequence[tuple[str, Piece]], seed: int) -> Iterator[Record]:
    """The pieces with a share of each one's sentences translated there and back."""
    for place, (name, part) in enumerate(listed):
        rng = np.random.default_rng([seed, place, 10])
        drawn = rng.random()
        low, high = next(share for up_to, share in SHARES if drawn < up_to) or (0.0, 0.0)
        wanted = round(rng.uniform(low, high) * len(part)) or int(high > 0)
        rows: list[Record] = [{"text": text, "label": 0, "spans": [], "par": par} for text, par in part]
        pivot = str(rng.choice(list(PIVOTS)))
        made = there_and_back([text for text, _ in part], pivot) if wanted else []
        fit = [i for i, text in enumerate(made) if text is not None and _fit(part[i][0], text)]
        for i in rng.permutation(fit)[:wanted]:
            rows[i] |= _row(part[i][0], str(made[i]), pivot)
        yield {"doc": name, "sentences": rows}


def translated_versions(sound: Sequence[tuple[str, str]], seed: int) -> Iterator[Record]:
    """The sentences ``(name, text)`` without context, each with versions by several engines."""
    rng = np.random.default_rng([seed, 11])
    for at in range(0, len(sound), TOGETHER):
        texts = [text for _, text in sound[at : at + TOGETHER]]
        by_pivot = {pivot: there_and_back(texts, pivot) for pivot in PIVOTS}
        for i, (name, text) in enumerate(sound[at : at + TOGETHER]):
            made: dict[str, str] = {}
            for pivot in rng.permutation(list(PIVOTS)):
                version = by_pivot[str(pivot)][i]
                if len(made) < VERSIONS and version is not None and _fit(text, version):
                    made[str(pivot)] = version
            rows = [_row(text, version, pivot) for pivot, version in made.items()]
            if rows:
                sentences = [{"text": text, "label": 0, "spans": []}, *rows]
                yield {"doc": name, "origin": name, "isolated": True, "sentences": sentences}


def _fit(text: str, made: str) -> bool:
    """Is so much changed that it is hardly sound, and is there enough of it?"""
    return len(text.split()) >= SHORT and len(made.split()) > 1 and changed_share(text, made) >= LEAST


def _row(text: str, made: str, pivot: str) -> Record:
    spans = [{"start": a, "end": b} for a, b in changed_spans(text, made)]
    return {"text": made, "label": 1, "type": "round_trip", "spans": spans, "orig": text, "pivot": pivot}
