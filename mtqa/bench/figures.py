"""The numbers of an evaluation: a value with its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mtqa.bench.metrics import Metric, Undefined
from mtqa.bench.metrics.base import Prepared
from mtqa.bench.records import ScoreTable
from mtqa.bench.resample import LEAST_DEFINED

Draws = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's value with its 95 % interval. ``undefined`` says why what is None has no number.

    ``n``: how many things (``unit``) the value is over.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = ""
    undefined: str | None = None

    def record(self) -> dict[str, Any]:
        """For JSON."""
        made: dict[str, Any] = {"value": self.value, "low": self.low, "high": self.high, "n": self.n}
        made["unit"] = self.unit
        return made if self.undefined is None else {**made, "undefined": self.undefined}


Figures = Mapping[str, Figure]


def figure(metric: Metric, table: ScoreTable, draws: Draws) -> Figure:
    """The metric on the table, its interval from the draws ``(B, D)``."""
    return _figure(metric, table, draws, alone=is_alone(table))


def _figure(metric: Metric, table: ScoreTable, draws: Draws, *, alone: bool) -> Figure:
    try:
        return measured(metric.prepare(table), metric.unit, draws, alone=alone)
    except Undefined as error:
        return Figure(None, n=0, unit=metric.unit, undefined=str(error))


def is_alone(table: ScoreTable) -> bool:
    """Do all sentences come from one cluster? (A breakdown may have emptied the others.)"""
    return len(set(table.data.clusters()[np.unique(table.document)].tolist())) < 2


def by_definition(made: Figure) -> Figure:
    """A figure that no draw would move: it has no interval, whatever was asked for."""
    return made if made.value is None else replace(made, undefined="no interval: by definition")


def measured(prepared: Prepared, unit: str, draws: Draws, *, alone: bool = False) -> Figure:
    """The value with every document once, and over the draws. Raises `Undefined`.

    ``alone``: there is one independent document, so that nothing can be said of how it might have come out.
    """
    value = prepared.value(np.ones(draws.shape[1], dtype=np.int64))
    if not len(draws):
        return Figure(value, n=prepared.n, unit=unit, undefined="no interval: no resamples were asked for")
    if alone:
        return Figure(value, n=prepared.n, unit=unit, undefined="no interval: one independent document")
    drawn = prepared.over(draws)
    drawn = drawn[~np.isnan(drawn)]
    if len(drawn) < LEAST_DEFINED * len(draws):
        share = 1 - len(drawn) / len(draws)
        why = f"no interval: too few documents hold what it needs ({share:.0%} of the resamples lack it)"
        return Figure(value, n=prepared.n, unit=unit, undefined=why)
    low, high = prepared.interval(draws, drawn, value)
    return Figure(value, low, high, prepared.n, unit)


def figures(metrics: Iterable[Metric], table: ScoreTable, draws: Draws) -> dict[str, Figure]:
    """All of them, by name."""
    alone = is_alone(table)
    return {metric.name: _figure(metric, table, draws, alone=alone) for metric in metrics}
