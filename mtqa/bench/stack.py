"""Two systems' tables as one of twice the documents, on a common scale: what approximate randomisation needs.

Exchanging a document between two systems mixes their scores in one ranking. Nats of one measure and ratios of
another can't be ranked together, so each system's scores are first replaced by their (mid-)ranks within the
whole set, from 0 to 1. Metrics of kind ``ranking`` depend on the order only, so this moves none of their
values, and after an exchange a document's sentences stand as high as the other system put them. Metrics that
read the values themselves get z-scores (Pearson's correlation moves with neither location nor scale), and
those of probabilities the probabilities as they are.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from mtqa.bench.records import LabelledSet, ScoreTable
from mtqa.bench.tables import joined

Array = npt.NDArray[np.float64]


def midranks(values: Array) -> Array:
    """Ranks of ``values (n,)`` scaled to 0 … 1, tied values sharing their mean rank.

    >>> midranks(np.array([3.0, 1.0, 3.0])).tolist()
    [0.75, 0.0, 0.75]
    """
    if len(values) < 2:
        return np.zeros(len(values))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    ranks = last - (counts - 1) / 2
    return np.asarray(ranks[inverse] / (len(values) - 1), dtype=np.float64)


def standardised(values: Array) -> Array:
    """z-scores of ``values (n,)``; zeros where all are the same."""
    spread = float(values.std()) if len(values) else 0.0
    if spread <= 0:
        return np.zeros(len(values))
    return np.asarray((values - values.mean()) / spread, dtype=np.float64)


def on_common_scale(table: ScoreTable, *, linear: bool = False) -> ScoreTable:
    """The table with scores and words' suspicions as midranks; ``linear``: scores as z-scores."""
    scores = standardised(table.scores) if linear else midranks(table.scores)
    flat = np.array([suspicion for words in table.words for _, _, suspicion in words], dtype=np.float64)
    ranks = iter(midranks(flat).tolist())
    words = tuple(tuple((start, end, next(ranks)) for start, end, _ in of) for of in table.words)
    return dataclasses.replace(table, scores=scores, words=words)


def stacked(a: ScoreTable, b: ScoreTable) -> ScoreTable:
    """One table of 2D documents: the first D with a's scores, the others the same documents with b's."""
    if a.data.digest != b.data.digest or len(a) != len(b):
        raise ValueError(f"{a.config} and {b.config} were scored on different data")
    data: LabelledSet = dataclasses.replace(a.data, documents=a.data.documents * 2)
    return dataclasses.replace(
        a,
        data=data,
        config=f"{a.config} and {b.config}",
        scores=np.concatenate([a.scores, b.scores]),
        document=np.concatenate([a.document, b.document + len(a.data.documents)]),
        words=a.words + b.words,
        marked=a.marked + b.marked,
        probability=joined([a.probability, b.probability]),
        q_value=joined([a.q_value, b.q_value]),
        tokens=np.concatenate([a.tokens, b.tokens]),
        bits=np.concatenate([a.bits, b.bits]),
        unscored={**a.unscored, **{len(a) + i: reason for i, reason in b.unscored.items()}},
    )
