"""What a metric is: prepared once for a table, then asked for as many document weights as there are draws."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtqa.bench.records import Array, LabelledSentence, ScoreTable
from mtqa.errors import MtqaError

#: Document weights ``(D,)``: how often each was drawn.
Weights = npt.NDArray[np.int64] | npt.NDArray[np.float64]


class Undefined(MtqaError):  # noqa: N818  (the state of a metric, seldom an error)
    """The metric has no value on these data; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A metric on one table: ``value`` of document weights, sorted and summed beforehand where it can be.

    ``n``: how many things it is over, in the metric's unit. ``value`` raises `Undefined` for weights that
    leave nothing to measure.
    """

    n: int
    value: Callable[[Weights], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of merit.

    ``needs``: what must be annotated (see `applies`), ``+marked``: and marked by the config;
    ``unit``: what ``n`` counts.

    ``chance``: its expectation where that is not its value for constant scores; None where it is.
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

    def prepare(self, table: ScoreTable) -> Prepared:
        """Ready for draws. Raises `Undefined` where the whole table leaves it without a value."""
        module, _, function = self.home.partition(":")
        made: Prepared = getattr(importlib.import_module(module), function)(table)
        return made

    def function(self, table: ScoreTable, weights: Weights) -> float:
        """Its value with document ``d`` counted ``weights[d]`` times. Raises `Undefined`."""
        return self.prepare(table).value(weights)


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
    return len(scored - {None}) > 2


def ratio(part: Array, whole: Array, nothing: str) -> Callable[[Weights], float]:
    """The weighted mean of per-document sums, ``(w·part) / (w·whole)``; `Undefined` where that is 0 / 0."""
    if not whole.sum() > 0:
        raise Undefined(nothing)

    def value(weights: Weights) -> float:
        total = float(weights @ whole)
        if total <= 0:
            raise Undefined(nothing)
        return float(weights @ part) / total

    return value


def by_document(table: ScoreTable, values: Array, rows: npt.NDArray[np.bool_] | None = None) -> Array:
    """Sums per document ``(D,)`` of a per-sentence array ``(n,)``, over the chosen rows."""
    chosen = np.ones(len(table), dtype=bool) if rows is None else rows
    counted = np.bincount(table.document[chosen], weights=values[chosen], minlength=len(table.data.documents))
    return counted.astype(np.float64)


def labels(table: ScoreTable) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Labels ``(n,)`` (0 where there is none) and which rows count: labelled, and no boilerplate."""
    sentences = list(table.data.sentences())
    gold = np.array([s.label or 0 for s in sentences], dtype=np.float64)
    rows = np.array([s.label is not None and not s.boilerplate for s in sentences], dtype=bool)
    return gold, rows
