"""A closer look at two rankings of the same sentences: their curves, and where they disagree most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mtqa.bench.comparison.records import Curves, Disagreement, Point
from mtqa.bench.metrics import Undefined
from mtqa.bench.metrics.base import labels
from mtqa.bench.metrics.ranking import thresholds
from mtqa.bench.records import ScoreTable
from mtqa.bench.significance import Array
from mtqa.bench.stack import midranks

#: Points that a curve keeps; a page can't show more.
_POINTS = 160
#: Curves that can be told apart.
MAX_CURVES = 8
#: The leading contender is held against so many others.
_AGAINST = 4


def curves_of(tables: Mapping[str, ScoreTable], order: Sequence[str]) -> tuple[Curves, ...]:
    """Of the first `MAX_CURVES` contenders; none where the labelled sentences are not of both classes."""
    made = []
    for name in order[:MAX_CURVES]:
        table = tables[name]
        gold, rows = labels(table)
        held = thresholds(table.scores[rows], gold[rows], table.document[rows])
        try:
            true, false = held.counts(np.ones(len(table.data.documents)))
        except Undefined:
            return ()
        made.append(_curves(name, true, false))
    return tuple(made)


def _curves(name: str, true: Array, false: Array) -> Curves:
    recall = true / true[-1]
    precision = true / (true + false)
    roc = [(0.0, 0.0), *zip(false / false[-1], recall, strict=True)]
    # Before the first threshold nothing is flagged and precision is undefined: the curve begins there level.
    pr = [(0.0, float(precision[0])), *zip(recall, precision, strict=True)]
    return Curves(name, _thinned(roc), _thinned(pr), float(true[-1] / (true[-1] + false[-1])))


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[Point, ...]:
    """About `_POINTS` of them, the first and last kept, evenly along the x axis and where x stands still."""
    if len(points) <= _POINTS:
        return tuple((round(float(x), 4), round(float(y), 4)) for x, y in points)
    xs = np.array([x for x, _ in points])
    even = np.searchsorted(xs, np.linspace(0, 1, _POINTS // 2 + 1))
    steady = np.linspace(0, len(points) - 1, _POINTS // 2).astype(int)
    kept = np.unique(np.concatenate([np.clip(even, 0, len(points) - 1), steady, [0, len(points) - 1]]))
    return tuple((round(float(points[i][0]), 4), round(float(points[i][1]), 4)) for i in kept)


def disagreements_of(
    tables: Mapping[str, ScoreTable], order: Sequence[str], n: int
) -> tuple[Disagreement, ...]:
    """The leader against the next `_AGAINST`: for each the ``n`` sentences whose ranks lie furthest apart."""
    if not order:
        return ()
    first = order[0]
    ranks = {name: midranks(tables[name].scores) for name in order[: _AGAINST + 1]}
    found: list[Disagreement] = []
    for other in order[1 : _AGAINST + 1]:
        found += _between(tables[first], (first, other), (ranks[first], ranks[other]), n)
    return tuple(found)


def _between(
    table: ScoreTable, names: tuple[str, str], ranks: tuple[Array, Array], n: int
) -> list[Disagreement]:
    """Half of them higher with the one, half with the other, where there are so many."""
    sentences = list(table.data.sentences())
    counted = np.array([not s.boilerplate and i not in table.unscored for i, s in enumerate(sentences)])
    difference = np.where(counted, ranks[0] - ranks[1], 0.0)
    falling = np.argsort(-difference, kind="stable")
    up = [i for i in falling[: n - n // 2] if difference[i] > 0]
    down = [i for i in falling[::-1][: n // 2] if difference[i] < 0]
    starts = np.searchsorted(table.document, table.document)
    return [
        Disagreement(
            *names,
            document=table.data.documents[int(table.document[i])].id,
            sentence=int(i - starts[i]),
            text=sentences[i].text,
            label=sentences[i].label,
            score=sentences[i].score,
            rank_a=float(ranks[0][i]),
            rank_b=float(ranks[1][i]),
        )
        for i in (*up, *down)
    ]
