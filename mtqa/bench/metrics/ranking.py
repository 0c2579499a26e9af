"""How well scores separate corrupted sentences from sound ones, over a whole corpus.

Ties share one threshold, as in scikit-learn, whose `roc_auc_score`, `average_precision_score` and `roc_curve`
the tests compare with (``sample_weight`` for the document weights). The order is sorted once a table; what a
document adds at each threshold is a column of a sparse matrix, and many draws cost one product with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtqa.bench.metrics.base import Prepared, Undefined, Weights, checked, labels
from mtqa.bench.records import Array, Indices, ScoreTable

#: The false positive rate at which `recall_at_fpr_5` reads the ROC curve.
FPR = 0.05
#: Rows that `running` adds up one after the other before it goes on with their sums.
_BLOCK = 32
_NO_CORRUPTED = "one class only: no sentence is labelled 1 (corrupted)"
_NO_SOUND = "one class only: no sentence is labelled 0 (sound)"


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
            raise Undefined(_NO_CORRUPTED)
        if false[-1] <= 0:
            raise Undefined(_NO_SOUND)
        return true, false


def thresholds(scores: Array, gold: Array, document: Indices) -> Thresholds:
    """The rows sorted, ties joined. All ``(m,)``."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1) if len(falling) else order
    return Thresholds(gold[order], document[order], ends.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is ranked: scores, gold (0 or 1) and document ``(m,)``, and how many documents there are."""

    scores: Array
    gold: Array
    document: Indices
    documents: int


def ranked(rows: Rows, read: Callable[[Array, Array], Array], *, finely: bool = False) -> Prepared:
    """A metric that is read from the true and false positives ``(t, B)`` at t thresholds.

    ``finely``: it needs the points of the ROC curve where only false positives come (in a row of such points
    the last). Otherwise their false positives count at the next threshold that has true ones.
    """
    held = thresholds(rows.scores, rows.gold, rows.document)
    steps, count = _steps(held, finely=finely)
    return Prepared(
        n=len(rows.gold),
        sums=_counted(held, steps, (count, rows.documents)),
        read=lambda sums: _read(sums, read),
        why=lambda sums: _NO_SOUND if sums[0, -1, 0] > 0 else _NO_CORRUPTED,
        width=2 * count,
    )


def _steps(held: Thresholds, *, finely: bool) -> tuple[Indices, int]:
    """Each sorted row's threshold ``(m,)``, those without true positives joined, and how many there are."""
    sizes = np.diff(held.ends, prepend=-1)
    tie = np.repeat(np.arange(len(sizes)), sizes)
    true = np.bincount(tie, weights=held.gold, minlength=len(sizes)) > 0
    before: Indices = np.cumsum(true) - true
    if finely:
        # A point of its own for what lies between two thresholds with true positives.
        before = 2 * before + true
    return np.asarray(before[tie], dtype=np.int64), int(before.max(initial=0)) + 1


def _counted(held: Thresholds, steps: Indices, shape: tuple[int, int]) -> Callable[[Array], Array]:
    """Of weights ``(D, B)`` the true and the false positives at each threshold ``(2, t, B)``."""
    from scipy.sparse import csr_matrix

    count, documents = shape
    places = (steps + count * (held.gold == 0), held.document)
    matrix = csr_matrix((np.ones(len(steps)), places), shape=(2 * count, documents))

    def sums(weights: Array) -> Array:
        counts = np.asarray(matrix @ weights).reshape(2, count, weights.shape[1])
        running(counts[0])
        running(counts[1])
        return counts

    return sums


def running(values: Array) -> Array:
    """The sums of the first 1, 2, … rows of ``(t, B)``, in place: `numpy.cumsum` goes down columns slowly.

    >>> running(np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])).tolist()
    [[1.0, 5.0], [3.0, 11.0], [6.0, 18.0]]
    """
    whole = len(values) // _BLOCK * _BLOCK
    blocks = values[:whole].reshape(-1, _BLOCK, values.shape[1])
    for i in range(1, _BLOCK if whole else 0):
        blocks[:, i] += blocks[:, i - 1]
    if len(blocks) > 1:
        blocks[1:] += running(blocks[:-1, -1].copy())[:, None]
    for i in range(max(whole, 1), len(values)):
        values[i] += values[i - 1]
    return values


def _read(sums: Array, read: Callable[[Array, Array], Array]) -> Array:
    true, false = sums
    both = (true[-1] > 0) & (false[-1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(both, read(true, false), np.nan)


def roc_auc_of(true: Array, false: Array) -> Array:
    """The area under each draw's ROC curve, by trapezoids: a tie counts one half. ``(t, B)`` to ``(B,)``."""
    heights = true.copy()
    heights[1:] += true[:-1]
    area = np.einsum("tb,tb->b", np.diff(false, axis=0, prepend=0.0), heights) / 2.0
    return np.asarray(area / (true[-1] * false[-1]))


def average_precision_of(true: Array, false: Array) -> Array:
    """Σ (recallₜ − recallₜ₋₁) · precisionₜ of each draw, without interpolation. ``(t, B)`` to ``(B,)``."""
    precision = true + false
    # A threshold that only documents not drawn reach has nothing above it.
    np.maximum(precision, 1e-300, out=precision)
    np.divide(true, precision, out=precision)
    found = np.einsum("tb,tb->b", np.diff(true, axis=0, prepend=0.0), precision)
    return np.asarray(found / true[-1])


def recall_at(true: Array, false: Array, rate: float = FPR) -> Array:
    """The ROC curves' heights at a false positive rate, on the straight line between two thresholds."""
    x = false / false[-1]
    place = np.minimum((x <= rate).sum(axis=0), len(x) - 1)[None]
    before = np.maximum(place - 1, 0)
    x0, y0 = (np.where(place > 0, np.take_along_axis(v, before, axis=0), 0.0) for v in (x, true))
    x1, y1 = (np.take_along_axis(v, place, axis=0) for v in (x, true))
    y0, y1 = y0 / true[-1], y1 / true[-1]
    return np.asarray(((y1 - y0) / (x1 - x0) * (rate - x0) + y0)[0])


def _prepared(table: ScoreTable, read: Callable[[Array, Array], Array], *, finely: bool) -> Prepared:
    gold, kept = labels(table)
    count = len(table.data.documents)
    rows = Rows(table.scores[kept], gold[kept], table.document[kept], count)
    return checked(ranked(rows, read, finely=finely), count)


def roc_auc(table: ScoreTable) -> Prepared:
    """`roc_auc_of` over all labelled sentences."""
    return _prepared(table, roc_auc_of, finely=True)


def average_precision(table: ScoreTable) -> Prepared:
    """`average_precision_of` over all labelled sentences."""
    return _prepared(table, average_precision_of, finely=False)


def recall_at_fpr_5(table: ScoreTable) -> Prepared:
    """The share of the corrupted sentences found where 5 % of the sound ones are flagged."""
    return _prepared(table, recall_at, finely=True)
