"""How well scores separate corrupted sentences from sound ones, over a whole corpus.

Ties share one threshold, as in scikit-learn, whose `roc_auc_score`, `average_precision_score` and `roc_curve`
the tests compare with (``sample_weight`` for the document weights). The order is sorted once a table; a draw
then costs two cumulative sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtqa.bench.metrics.base import Prepared, Undefined, Weights, labels
from mtqa.bench.records import Array, Indices, ScoreTable

#: The false positive rate at which `recall_at_fpr_5` reads the ROC curve.
FPR = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """Rows by falling score: ``gold`` and ``document (m,)``, and where each run of ties ends ``(t,)``."""

    gold: Array
    document: Indices
    ends: Indices

    def counts(self, weights: Weights) -> tuple[Array, Array]:
        """True and false positives at each threshold ``(t,)``. Raises `Undefined` for one class."""
        w = np.asarray(weights, dtype=np.float64)[self.document]
        true = np.cumsum(w * self.gold)[self.ends]
        false = np.cumsum(w * (1.0 - self.gold))[self.ends]
        if not len(true) or true[-1] <= 0:
            raise Undefined("one class only: no sentence is labelled 1 (corrupted)")
        if false[-1] <= 0:
            raise Undefined("one class only: no sentence is labelled 0 (sound)")
        return true, false


def thresholds(scores: Array, gold: Array, document: Indices) -> Thresholds:
    """The rows sorted, ties joined. All ``(m,)``."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1) if len(falling) else order
    return Thresholds(gold[order], document[order], ends.astype(np.int64))


def roc_auc_of(true: Array, false: Array) -> float:
    """The area under the ROC curve, by trapezoids: a tie counts one half."""
    area = np.trapezoid(np.append(0.0, true), np.append(0.0, false))
    return float(area / (true[-1] * false[-1]))


def average_precision_of(true: Array, false: Array) -> float:
    """Σ (recallₜ − recallₜ₋₁) · precisionₜ, without interpolation."""
    # A threshold that only documents not drawn reach has nothing above it.
    precision = true / np.maximum(true + false, 1e-300)
    return float(np.sum(np.diff(true, prepend=0.0) * precision) / true[-1])


def recall_at(true: Array, false: Array, rate: float = FPR) -> float:
    """The ROC curve's height at a false positive rate, on the straight line between two thresholds."""
    return float(np.interp(rate, np.append(0.0, false) / false[-1], np.append(0.0, true) / true[-1]))


def _prepared(table: ScoreTable, read: Callable[[Array, Array], float]) -> Prepared:
    gold, rows = labels(table)
    held = thresholds(table.scores[rows], gold[rows], table.document[rows])
    held.counts(np.ones(len(table.data.documents)))
    return Prepared(int(rows.sum()), lambda weights: read(*held.counts(weights)))


def roc_auc(table: ScoreTable) -> Prepared:
    """`roc_auc_of` over all labelled sentences."""
    return _prepared(table, roc_auc_of)


def average_precision(table: ScoreTable) -> Prepared:
    """`average_precision_of` over all labelled sentences."""
    return _prepared(table, average_precision_of)


def recall_at_fpr_5(table: ScoreTable) -> Prepared:
    """The share of the corrupted sentences found where 5 % of the sound ones are flagged."""
    return _prepared(table, recall_at)
