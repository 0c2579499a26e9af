"""Correlation with human scores, signed so that higher is better: of −suspicion with the human score.

Document weights count as copies of the rows: ranks and tie corrections are those of the data with every row
repeated, so that `scipy.stats` on the repeated rows gives the same number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mtqa.bench.metrics.base import Prepared, Undefined, Weights
from mtqa.bench.records import Array, Indices, ScoreTable


def rows_with_scores(table: ScoreTable) -> tuple[Array, Array, Indices]:
    """Goodness (−suspicion), human score and document of every sentence that has a human score ``(m,)``.

    Boilerplate is left out: no config scores it.
    """
    human = np.array(
        [np.nan if s.score is None or s.boilerplate else s.score for s in table.data.sentences()]
    )
    rows = ~np.isnan(human)
    return -table.scores[rows], human[rows], table.document[rows]


def weighted_pearson(x: Array, y: Array, w: Array) -> float:
    """Pearson's r with row weights. Raises `Undefined` where one side is constant."""
    total = w.sum()
    if total <= 1:
        raise Undefined("fewer than two sentences with a human score")
    dx, dy = x - (w @ x) / total, y - (w @ y) / total
    sx, sy = w @ (dx * dx), w @ (dy * dy)
    # What rounding leaves of a constant is not variation.
    if sx <= 1e-24 * (w @ (x * x)) or sy <= 1e-24 * (w @ (y * y)):
        raise Undefined("constant: every sentence has the same score")
    return float(np.clip((w @ (dx * dy)) / np.sqrt(sx * sy), -1.0, 1.0))


def midranks(groups: Indices, w: Array) -> Array:
    """Mean ranks of the repeated rows; ``groups (m,)`` numbers the distinct values from the smallest."""
    mass = np.bincount(groups, weights=w)
    return (np.cumsum(mass) - 0.5 * mass + 0.5)[groups]


def _prepared(table: ScoreTable, make: Callable[[Array, Array], Callable[[Array], float]]) -> Prepared:
    x, y, document = rows_with_scores(table)
    if len(x) < 2:
        raise Undefined("fewer than two sentences with a human score")
    of_rows = make(x, y)

    def value(weights: Weights) -> float:
        return of_rows(np.asarray(weights, dtype=np.float64)[document])

    value(np.ones(len(table.data.documents)))
    return Prepared(len(x), value)


def pearson_of(x: Array, y: Array) -> Callable[[Array], float]:
    """`weighted_pearson` of the values."""
    return lambda w: weighted_pearson(x, y, w)


def spearman_of(x: Array, y: Array) -> Callable[[Array], float]:
    """`weighted_pearson` of the midranks."""
    gx, gy = (np.unique(v, return_inverse=True)[1].astype(np.int64) for v in (x, y))
    return lambda w: weighted_pearson(midranks(gx, w), midranks(gy, w), w)


def kendall_of(x: Array, y: Array) -> Callable[[Array], float]:
    """Kendall's tau-b of the rows repeated ``w`` times (whole numbers)."""
    from scipy.stats import kendalltau

    def value(w: Array) -> float:
        times = w.astype(np.int64)
        tau = float(kendalltau(np.repeat(x, times), np.repeat(y, times)).statistic)
        if np.isnan(tau):
            raise Undefined("constant: every sentence has the same score")
        return tau

    return value


def pearson(table: ScoreTable) -> Prepared:
    """Pearson's r with the human scores."""
    return _prepared(table, pearson_of)


def spearman(table: ScoreTable) -> Prepared:
    """Spearman's rho with the human scores."""
    return _prepared(table, spearman_of)


def kendall(table: ScoreTable) -> Prepared:
    """Kendall's tau-b with the human scores."""
    return _prepared(table, kendall_of)


def system_kendall(table: ScoreTable) -> Prepared:
    """Kendall's tau-b of the systems' mean goodness with their known order.

    The order is the set's, or that of the systems' mean human scores.
    """
    sentences = list(table.data.sentences())
    names = [s.groups.get("system") for s in sentences]
    order = {name: float(place) for place, name in enumerate(table.data.system_order)}
    known = np.array(
        [
            order.get(n or "", np.nan) if order else np.nan if s.score is None else s.score
            for n, s in zip(names, sentences, strict=True)
        ]
    )
    rows = np.array([n is not None and not s.boilerplate for n, s in zip(names, sentences, strict=True)])
    # What was not scored has the lowest score, which says nothing in a mean.
    rows &= ~np.isnan(known) & np.array([i not in table.unscored for i in range(len(table))])
    labels, owner = np.unique([n or "" for n, r in zip(names, rows, strict=True) if r], return_inverse=True)
    document, goodness = table.document[rows], -table.scores[rows]
    return Prepared(len(labels), _system_value(owner.astype(np.int64), document, goodness, known[rows]))


def _system_value(
    owner: Indices, document: Indices, goodness: Array, known: Array
) -> Callable[[Weights], float]:
    def value(weights: Weights) -> float:
        w = np.asarray(weights, dtype=np.float64)[document]
        mass = np.bincount(owner, weights=w)
        seen = mass > 0
        if seen.sum() < 2:
            raise Undefined("fewer than two systems")
        ours, theirs = (
            np.bincount(owner, weights=w * values)[seen] / mass[seen] for values in (goodness, known)
        )
        return kendall_of(ours, theirs)(np.ones(int(seen.sum())))

    value(np.ones(int(document.max(initial=-1)) + 1))
    return value
