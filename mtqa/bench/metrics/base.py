"""What a metric is: prepared once for a table, then asked for as many document weights as there are draws.

Draws are taken many at a time, a column each, so that NumPy and not Python goes over them.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtqa.bench.records import Array, LabelledSentence, ScoreTable
from mtqa.bench.resample import interval
from mtqa.errors import MtqaError

#: Document weights ``(D,)``: how often each was drawn.
Weights = npt.NDArray[np.int64] | npt.NDArray[np.float64]

#: So many numbers are held at a time: 16 MB, about a core's share of the cache.
CELLS = 1 << 21
#: Draws at a time: fewer, and Python's calls cost more than their numbers; more, and nothing gets faster.
_LEAST, _MOST = 32, 512


class Undefined(MtqaError):  # noqa: N818  (the state of a metric, seldom an error)
    """The metric has no value on these data; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A metric on one table of D documents, in two steps: sums over documents, and what is read from them.

    ``n``: how many things it is over, in the metric's unit. ``sums``: of weights ``(D, B)``, a column a draw,
    their sums ``(…, B)``; linear, so that what one draw leaves of a table is known from what it takes.
    ``read``: of sums the values ``(B,)``, NaN where nothing is left to measure. ``why``: the reason, of the
    sums of such a draw ``(…, 1)``. ``width``: about how many numbers a draw's sums are. ``raised``: of many
    draws' sums, by how much chance raises their values above the truth, at most; None where it does not.
    """

    n: int
    sums: Callable[[Array], Array]
    read: Callable[[Array], Array]
    why: Callable[[Array], str]
    width: int = 1
    raised: Callable[[Array], float] | None = None

    def value(self, weights: Weights) -> float:
        """With document ``d`` counted ``weights[d]`` times. Raises `Undefined`."""
        sums = self.sums(np.asarray(weights, dtype=np.float64)[:, None])
        value = float(self.read(sums)[0])
        if math.isnan(value):
            raise Undefined(self.why(sums))
        return value

    def over(self, draws: Weights) -> Array:
        """The values of draws ``(B, D)``, NaN where undefined: ``(B,)``."""
        return np.concatenate([np.zeros(0), *(self.read(self.sums(part)) for part in self._parts(draws))])

    def interval(self, draws: Weights, drawn: Array, value: float) -> tuple[float, float]:
        """That of ``drawn``, the values of ``draws`` that are defined: 95 %, and the ``value`` inside.

        What chance raises, draws raise once more: its lower end is brought down by as much as that can be.
        """
        low, high = interval(drawn, value)
        if self.raised is not None:
            sums = np.concatenate([self.sums(part) for part in self._parts(draws)], axis=-1)
            low = max(0.0, low - self.raised(sums))
        return low, high

    def exchanged(self, masks: npt.NDArray[np.bool_]) -> Array:
        """Two systems' difference when the documents of ``masks (B, D/2)`` have been exchanged: ``(B,)``.

        For a table of one system's documents and then the other's (`mtqa.bench.stack`). NaN: undefined.
        """
        whole = self.sums(np.ones((2 * masks.shape[1], 1)))
        made = [np.zeros(0)]
        for swapped in self._parts(masks):
            first = self.sums(np.concatenate([1.0 - swapped, swapped]))
            made.append(self.read(first) - self.read(whole - first))
        return np.concatenate(made)

    def _parts(self, rows: Weights | npt.NDArray[np.bool_]) -> Iterator[Array]:
        """Columns ``(D, B)`` of so many rows as are well taken at a time."""
        size = min(max(CELLS // max(self.width, rows.shape[1]), _LEAST), _MOST)
        for at in range(0, len(rows), size):
            yield np.ascontiguousarray(rows[at : at + size].T, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of merit.

    ``needs``: what must be annotated (see `applies`), ``+marked``: and marked by the config;
    ``unit``: what ``n`` counts.

    ``chance``: its expectation where that is not its value for constant scores; None where it is.
    ``reads_values``: it reads the scores themselves and not their order alone. ``tested_by``: as ``home``,
    the statistic by which two systems are tested in its place, where exchanges of documents say nothing
    of it.
    """

    name: str
    shapes: tuple[str, ...]
    kind: str
    needs: str
    unit: str
    home: str
    summary: str
    higher_is_better: bool = True
    chance: float | None = None
    reads_values: bool = False
    tested_by: str | None = None

    def prepare(self, table: ScoreTable) -> Prepared:
        """Ready for draws. Raises `Undefined` where the whole table leaves it without a value."""
        return _prepared(self.home, table)

    def prepare_test(self, table: ScoreTable) -> Prepared:
        """What two systems are tested with, of a stacked table. Raises `Undefined` likewise."""
        return _prepared(self.tested_by or self.home, table)

    def function(self, table: ScoreTable, weights: Weights) -> float:
        """Its value with document ``d`` counted ``weights[d]`` times. Raises `Undefined`."""
        return self.prepare(table).value(weights)


def _prepared(home: str, table: ScoreTable) -> Prepared:
    module, _, function = home.partition(":")
    made: Prepared = getattr(importlib.import_module(module), function)(table)
    return made


def applies(metric: Metric, table: ScoreTable) -> bool:
    """Are the data annotated with what the metric needs, and has the table what it measures?"""
    if table.data.shape not in metric.shapes:
        return False
    if metric.needs == "pair":
        return True
    if metric.needs == "systems":
        return bool(table.data.system_order) or _graded_systems(table)
    if metric.needs == "probability":
        return table.probability is not None and _any(table, _HAS["label"])
    if metric.needs == "q_value":
        return table.q_value is not None and _any(table, _HAS["label"])
    needs, _, more = metric.needs.partition("+")
    if needs in ("spans", "word_tags") and not (table.marked if more == "marked" else table.words):
        return False
    return _any(table, _HAS[needs])


_HAS: dict[str, Callable[[LabelledSentence], bool]] = {
    "label": lambda s: s.label is not None and not s.boilerplate,
    "score": lambda s: s.score is not None and not s.boilerplate,
    "spans": lambda s: bool(s.spans),
    "word_tags": lambda s: bool(s.word_tags) and not s.boilerplate,
    "boilerplate": lambda s: s.boilerplate,
}


def _any(table: ScoreTable, has: Callable[[LabelledSentence], bool]) -> bool:
    return any(has(sentence) for sentence in table.data.sentences())


def _graded_systems(table: ScoreTable) -> bool:
    scored = {s.groups.get("system") for s in table.data.sentences() if _HAS["score"](s)}
    return len(scored - {None, ""}) > 2


def always(reason: str) -> Callable[[Array], str]:
    """A ``why`` that knows of one reason."""
    return lambda _: reason


def checked(prepared: Prepared, documents: int) -> Prepared:
    """The same. Raises `Undefined` where all documents together have no value."""
    prepared.value(np.ones(documents))
    return prepared


def ratio(n: int, part: Array, whole: Array, nothing: str) -> Prepared:
    """The weighted mean of per-document sums, ``(w·part) / (w·whole)``; `Undefined` where that is 0 / 0.

    >>> ratio(3, np.array([1.0, 0.0]), np.array([1.0, 2.0]), "nothing").value(np.array([2, 1]))
    0.5
    """
    both = np.stack([part, whole])
    return checked(Prepared(n, lambda w: np.asarray(both @ w), _quotient, always(nothing), 2), len(part))


def _quotient(sums: Array) -> Array:
    return divided(sums[0], sums[1])


def divided(part: Array, whole: Array) -> Array:
    """``part / whole``, NaN where the whole is nothing."""
    there = whole > 0
    return np.where(there, part / np.where(there, whole, 1.0), np.nan)


def by_document(table: ScoreTable, values: Array, rows: npt.NDArray[np.bool_] | None = None) -> Array:
    """Sums per document ``(D,)`` of a per-sentence array ``(n,)``, over the chosen rows."""
    chosen = np.ones(len(table), dtype=bool) if rows is None else rows
    counted = np.bincount(table.document[chosen], weights=values[chosen], minlength=len(table.data.documents))
    return counted.astype(np.float64)


def scored_rows(table: ScoreTable) -> npt.NDArray[np.bool_]:
    """Which of the n sentences the config has scored."""
    rows = np.ones(len(table), dtype=np.bool_)
    rows[list(table.unscored)] = False
    return rows


def labels(table: ScoreTable) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Labels ``(n,)`` (0 where there is none) and which rows count: labelled, and no boilerplate."""
    sentences = list(table.data.sentences())
    gold = np.array([s.label or 0 for s in sentences], dtype=np.float64)
    rows = np.array([s.label is not None and not s.boilerplate for s in sentences], dtype=bool)
    return gold, rows
