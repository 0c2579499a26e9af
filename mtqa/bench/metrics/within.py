"""How good the ranking is inside each document, as a reader meets it: means over documents.

A document without a corrupted sentence (or without a sound one, for the area) has no such figure and is left
out. Ties are broken at random, and the expectation over that is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mtqa.bench.metrics.base import Prepared, labels, ratio
from mtqa.bench.metrics.ranking import roc_auc_of, thresholds
from mtqa.bench.records import Array, ScoreTable

_NONE = "no document has a corrupted sentence to find among others"
_ONE = "no document has both a corrupted and a sound sentence"


def precision_at(scores: Array, gold: Array, k: int) -> float:
    """The expected share of corrupted sentences among the first ``k``, ties in random order.

    >>> float(precision_at(np.array([3.0, 2.0, 2.0]), np.array([0.0, 1.0, 0.0]), 2))
    0.25
    """
    edge = np.sort(scores)[::-1][k - 1]
    above, level = scores > edge, scores == edge
    left = k - int(above.sum())
    return float((gold[above].sum() + left * gold[level].mean()) / k)


def _mean(table: ScoreTable, figure: Callable[[Array, Array], float | None], nothing: str) -> Prepared:
    gold, rows = labels(table)
    count = len(table.data.documents)
    values, present = np.zeros(count), np.zeros(count)
    edges = np.searchsorted(table.document, np.arange(count + 1))
    for d in range(count):
        own = np.arange(edges[d], edges[d + 1])[rows[edges[d] : edges[d + 1]]]
        value = figure(table.scores[own], gold[own]) if len(own) else None
        if value is not None:
            values[d], present[d] = value, 1.0
    return Prepared(int(present.sum()), ratio(values, present, nothing))


def precision_at_1(table: ScoreTable) -> Prepared:
    """The share of documents whose first-ranked sentence is corrupted."""
    return _mean(table, lambda s, g: precision_at(s, g, 1) if g.any() and len(g) > 1 else None, _NONE)


def precision_at_k(table: ScoreTable) -> Prepared:
    """The share of corrupted ones among a document's first k, k being how many it has."""
    return _mean(
        table, lambda s, g: precision_at(s, g, int(g.sum())) if g.any() and len(g) > 1 else None, _NONE
    )


def roc_auc_by_document(table: ScoreTable) -> Prepared:
    """The mean of the documents' own areas under the ROC curve."""

    def area(scores: Array, gold: Array) -> float | None:
        if not 0 < gold.sum() < len(gold):
            return None
        held = thresholds(scores, gold, np.zeros(len(gold), dtype=np.int64))
        return roc_auc_of(*held.counts(np.ones(1)))

    return _mean(table, area, _ONE)
