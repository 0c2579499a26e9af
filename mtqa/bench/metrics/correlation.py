"""Correlation with human scores, signed so that higher is better: of −suspicion with the human score.

Document weights count as copies of the rows: ranks and tie corrections are those of the data with every row
repeated, so that `scipy.stats` on the repeated rows gives the same number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mtqa.bench.metrics.base import Prepared, Undefined, always, checked, divided, scored_rows
from mtqa.bench.metrics.ranking import running
from mtqa.bench.records import Array, Indices, ScoreTable

_CONSTANT = "constant: every sentence has the same score"
_FEW = "fewer than two sentences with a human score"
#: The least share of a draw's squares that must be variation: two of sixteen digits may be lost.
_SAFE = 1e-2


def rows_with_scores(table: ScoreTable) -> tuple[Array, Array, Indices]:
    """Goodness (−suspicion), human score and document of every sentence that has a human score ``(m,)``.

    Boilerplate is left out, and what the config could not score: it has the lowest suspicion, and so would
    count as the best of all translations.
    """
    human = np.array(
        [np.nan if s.score is None or s.boilerplate else s.score for s in table.data.sentences()]
    )
    rows = ~np.isnan(human) & scored_rows(table)
    return -table.scores[rows], human[rows], table.document[rows]


def _prepared(table: ScoreTable, make: Callable[[Array, Array], Callable[[Array], Array]]) -> Prepared:
    x, y, document = rows_with_scores(table)
    if len(x) < 2:
        raise Undefined(_FEW)
    made = Prepared(len(x), lambda weights: weights[document], make(x, y), _why, 4 * len(x))
    return checked(made, len(table.data.documents))


def _why(rows: Array) -> str:
    return _FEW if rows.sum() <= 1 else _CONSTANT


def weighted_pearson(x: Array, y: Array, w: Array) -> float:
    """Pearson's r with row weights, in two passes; NaN where one side is constant."""
    total = w.sum()
    dx, dy = x - (w @ x) / total, y - (w @ y) / total
    sx, sy = w @ (dx * dx), w @ (dy * dy)
    # What rounding leaves of a constant is not variation.
    if sx <= 1e-24 * (w @ (x * x)) or sy <= 1e-24 * (w @ (y * y)):
        return np.nan
    return float(np.clip((w @ (dx * dy)) / np.sqrt(sx * sy), -1.0, 1.0))


def pearson_of(x: Array, y: Array) -> Callable[[Array], Array]:
    """`weighted_pearson` for each column of weights ``(m, B)``, from sums of products where they are safe."""
    dx, dy = x - x.mean(), y - y.mean()
    products = np.stack([np.ones(len(x)), dx, dy, dx * dx, dy * dy, dx * dy])

    def read(weights: Array) -> Array:
        total, of_x, of_y, xx, yy, xy = products @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            sx, sy = xx - of_x * of_x / total, yy - of_y * of_y / total
            r = np.clip((xy - of_x * of_y / total) / np.sqrt(sx * sy), -1.0, 1.0)
        # Where a draw varies far less than the whole, the differences have lost their digits.
        for b in np.flatnonzero(~((sx > _SAFE * xx) & (sy > _SAFE * yy))):
            r[b] = weighted_pearson(x, y, weights[:, b]) if total[b] > 1 else np.nan
        return np.where(total > 1, r, np.nan)

    return read


def spearman_of(x: Array, y: Array) -> Callable[[Array], Array]:
    """Pearson's r of the midranks, for each column of weights ``(m, B)``."""
    ranks = [_centred_midranks(values) for values in (x, y)]

    def read(weights: Array) -> Array:
        (rx, sx), (ry, sy) = (of(weights) for of in ranks)
        rx *= ry
        covariance = np.einsum("mb,mb->b", rx, weights)
        there = (sx > 0) & (sy > 0) & (weights.sum(axis=0) > 1)
        return np.where(there, np.clip(divided(covariance, np.sqrt(sx * sy)), -1.0, 1.0), np.nan)

    return read


def _centred_midranks(values: Array) -> Callable[[Array], tuple[Array, Array]]:
    """Of weights ``(m, B)``: how far each row's midrank is from the mean ``(m, B)``, and Σ w · its square.

    Ranks are those of the repeated rows, whose mean is (N + 1) / 2 whatever is tied.
    """
    from scipy.sparse import csr_matrix

    group = np.unique(values, return_inverse=True)[1].reshape(-1)
    count = int(group.max()) + 1
    member = csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))), shape=(count, len(group)))

    def of(weights: Array) -> tuple[Array, Array]:
        mass = np.asarray(member @ weights)
        ranks = running(mass.copy())
        ranks -= 0.5 * mass + 0.5 * ranks[-1]
        return ranks[group], np.einsum("gb,gb,gb->b", mass, ranks, ranks)

    return of


def kendall_of(x: Array, y: Array) -> Callable[[Array], Array]:
    """Kendall's tau-b of the rows repeated as each column of weights ``(m, B)`` says (whole numbers)."""
    from scipy.stats import kendalltau

    def tau(w: Array) -> float:
        times = w.astype(np.int64)
        if times.sum() < 2:
            return np.nan  # scipy's too, with a warning
        return float(kendalltau(np.repeat(x, times), np.repeat(y, times)).statistic)

    return lambda weights: np.array([tau(w) for w in weights.T])


def pearson(table: ScoreTable) -> Prepared:
    """Pearson's r with the human scores."""
    return _prepared(table, pearson_of)


def spearman(table: ScoreTable) -> Prepared:
    """Spearman's rho with the human scores."""
    return _prepared(table, spearman_of)


def kendall(table: ScoreTable) -> Prepared:
    """Kendall's tau-b with the human scores."""
    return _prepared(table, kendall_of)


def rows_of_systems(table: ScoreTable) -> tuple[npt.NDArray[np.str_], Array, npt.NDArray[np.bool_]]:
    """Each sentence's system, its known place or human score, and whether it counts in a mean: ``(n,)`` each.

    What has neither place nor score counts for no system, nor does boilerplate.
    """
    sentences = list(table.data.sentences())
    names = [s.groups.get("system") or "" for s in sentences]
    order = {name: float(place) for place, name in enumerate(table.data.system_order)}
    known = np.array(
        [
            order.get(n, np.nan) if order else np.nan if s.score is None else s.score
            for n, s in zip(names, sentences, strict=True)
        ]
    )
    # An empty cell names no system.
    rows = np.array([n != "" and not s.boilerplate for n, s in zip(names, sentences, strict=True)], np.bool_)
    # What was not scored has the lowest score, which says nothing in a mean.
    return np.array(names, np.str_), known, rows & ~np.isnan(known) & scored_rows(table)


def system_kendall(table: ScoreTable) -> Prepared:
    """Kendall's tau-b of the systems' mean goodness with their known order.

    The order is the set's, or that of the systems' mean human scores.
    """
    return _of_systems(table, _tau)


def system_covariance(table: ScoreTable) -> Prepared:
    """Covariance over systems of their mean goodness with their place in the known order: no figure of merit.

    An order says nothing of how far apart systems are: of a mixture of two configs' documents, on one
    scale, it is nearly always the one's or the other's whole order, so that an exchange of documents changes
    it as much as the two differ, however sure that is. This is a sum over documents, which can be tested.
    """
    return _of_systems(table, _covariance)


def _of_systems(table: ScoreTable, statistic: Callable[[Array, Array], Array]) -> Prepared:
    """A statistic of the systems' means of goodness and of what is known, ``(S, B)`` both."""
    names, known, rows = rows_of_systems(table)
    labels, owner = np.unique(names[rows], return_inverse=True)
    document, goodness = table.document[rows], -table.scores[rows]
    if len(labels) < 2:
        raise Undefined("fewer than two systems")
    read = _system_means(owner.reshape(-1), goodness, known[rows], statistic)
    made = Prepared(len(labels), lambda w: w[document], read, always(_CONSTANT), 4 * len(document))
    return checked(made, len(table.data.documents))


def _system_means(
    owner: Indices, goodness: Array, known: Array, statistic: Callable[[Array, Array], Array]
) -> Callable[[Array], Array]:
    """The statistic of the systems' means, for each column of weights ``(m, B)``; NaN for a system not drawn.

    Each mean is summed row by row, whatever the draw.
    """
    from scipy.sparse import csr_matrix

    where = (owner, np.arange(len(owner)))
    mass, ours, theirs = (csr_matrix((v, where)) for v in (np.ones(len(owner)), goodness, known))

    def read(weights: Array) -> Array:
        total = np.asarray(mass @ weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            return statistic((ours @ weights) / total, (theirs @ weights) / total)

    return read


def _covariance(x: Array, y: Array) -> Array:
    """Covariance of each column of ``(S, B)``; NaN is no value."""
    there = np.isfinite(x) & np.isfinite(y)
    x, y, count = np.where(there, x, 0.0), np.where(there, y, 0.0), there.sum(0)
    return divided((x * y).sum(0), count) - divided(x.sum(0), count) * divided(y.sum(0), count)


#: Means that differ by less than this share of themselves are one: sums of unlike lengths round unlike.
_ROUNDING = 1e-12


def _signs(x: Array, other: Array) -> Array:
    """Which are greater (1), smaller (−1) and equal (0); NaN is neither."""
    near = np.abs(x - other) <= _ROUNDING * np.maximum(np.abs(x), np.abs(other))
    return np.where(near, 0.0, np.sign(x - other))


def _tau(x: Array, y: Array) -> Array:
    """Kendall's tau-b of each column of ``(S, B)``; NaN is no value."""
    both, in_x, in_y = (np.zeros(x.shape[1]) for _ in range(3))
    for i in range(1, len(x)):
        a, b = _signs(x[:i], x[i]), _signs(y[:i], y[i])
        both += np.nansum(a * b, axis=0)
        in_x += np.nansum(a * a, axis=0)
        in_y += np.nansum(b * b, axis=0)
    return np.clip(divided(both, np.sqrt(in_x * in_y)), -1.0, 1.0)
