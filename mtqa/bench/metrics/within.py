"""How good the ranking is inside each document, as a reader meets it: means over documents.

A document without a corrupted sentence (or without a sound one, for the area) has no such figure and is left
out. Ties are broken at random, and the expectation over that is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mtqa.bench.metrics.base import Prepared, labels, ratio
from mtqa.bench.records import Array, Indices, ScoreTable

_NONE = "no document has a corrupted sentence to find among others"
_ONE = "no document has both a corrupted and a sound sentence"


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Sentences of one document and one score, each document's from the most suspicious: ``(t,)``.

    ``size`` and ``gold``: how many there are, and are corrupted; ``before`` and ``gold_before``: how many of
    their document stand above them, and are corrupted. ``sizes``, ``golds (D,)``: of whole documents.
    """

    document: Indices
    size: Array
    gold: Array
    before: Array
    gold_before: Array
    sizes: Array
    golds: Array

    def by_document(self, values: Array) -> Array:
        """Sums ``(D,)``."""
        return np.bincount(self.document, weights=values, minlength=len(self.sizes)).astype(np.float64)


def ties(table: ScoreTable) -> Ties:
    """Of the labelled sentences."""
    gold, rows = labels(table)
    scores, gold, document = table.scores[rows], gold[rows], table.document[rows]
    order = np.lexsort((-scores, document))
    scores, gold, document = scores[order], gold[order], document[order]
    new = (np.diff(scores, prepend=np.nan) != 0) | (np.diff(document, prepend=-1) != 0)
    starts = np.flatnonzero(new)
    tie = np.cumsum(new) - 1
    size, wrong = np.bincount(tie).astype(np.float64), np.bincount(tie, weights=gold).astype(np.float64)
    count = len(table.data.documents)
    sizes = np.bincount(document, minlength=count)
    golds = np.bincount(document, weights=gold, minlength=count)
    own = document[starts]
    return Ties(
        document=own,
        size=size,
        gold=wrong,
        before=np.cumsum(size) - size - (np.cumsum(sizes) - sizes)[own],
        gold_before=np.cumsum(wrong) - wrong - (np.cumsum(golds) - golds)[own],
        sizes=sizes.astype(np.float64),
        golds=golds.astype(np.float64),
    )


def _mean(values: Array, present: np.ndarray, nothing: str) -> Prepared:
    there = present.astype(np.float64)
    return ratio(int(there.sum()), np.where(present, values, 0.0), there, nothing)


def _precision_at(held: Ties, first: Array) -> Prepared:
    """The expected share of corrupted ones among each document's ``first (D,)``, ties in random order."""
    taken = np.clip(first[held.document] - held.before, 0.0, held.size)
    found = held.by_document(held.gold * taken / held.size)
    return _mean(found / np.maximum(first, 1.0), (held.golds > 0) & (held.sizes > 1), _NONE)


def precision_at_1(table: ScoreTable) -> Prepared:
    """The share of documents whose first-ranked sentence is corrupted."""
    held = ties(table)
    return _precision_at(held, np.ones(len(held.sizes)))


def precision_at_k(table: ScoreTable) -> Prepared:
    """The share of corrupted ones among a document's first k, k being how many it has."""
    held = ties(table)
    return _precision_at(held, held.golds)


def roc_auc_by_document(table: ScoreTable) -> Prepared:
    """The mean of the documents' own areas under the ROC curve; a tie counts one half."""
    held = ties(table)
    sound = held.size - held.gold
    won = held.by_document(sound * (held.gold_before + held.gold / 2.0))
    possible = held.golds * (held.sizes - held.golds)
    return _mean(won / np.maximum(possible, 1.0), possible > 0, _ONE)
