"""Do probabilities mean what they say? Brier (1950); expected calibration error, Naeini et al. (2015)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mtqa.bench.metrics.base import Prepared, Undefined, always, by_document, divided, labels, ratio
from mtqa.bench.records import Array, Indices, ScoreTable

_NO_LABEL = "no sentence has a label"
#: Bins of equal width on [0, 1].
BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """A dot of a reliability plot: ``n`` sentences with probabilities in ``[low, high)``."""

    low: float
    high: float
    n: int
    probability: float
    corrupted: float


def bin_of(probability: Array) -> Indices:
    """The bin of each probability; 1 is in the last one."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def _rows(table: ScoreTable) -> tuple[Array, Array, Indices]:
    if table.probability is None:
        raise Undefined("this config gives no probabilities")
    gold, rows = labels(table)
    if not rows.any():
        raise Undefined(_NO_LABEL)
    return table.probability[rows], gold[rows], table.document[rows]


def brier(table: ScoreTable) -> Prepared:
    """The mean squared difference of probability and label; lower is better."""
    probability, gold, document = _rows(table)
    count = len(table.data.documents)
    errors = np.bincount(document, weights=(probability - gold) ** 2, minlength=count).astype(np.float64)
    sizes = np.bincount(document, minlength=count).astype(np.float64)
    return ratio(len(gold), errors, sizes, _NO_LABEL)


def expected_calibration_error(table: ScoreTable) -> Prepared:
    """Σ over bins of (share of sentences) · |mean probability − share corrupted|; lower is better."""
    probability, gold, document = _rows(table)
    count = len(table.data.documents)
    gaps = np.zeros((BINS + 1, count))
    np.add.at(gaps, (bin_of(probability), document), probability - gold)
    gaps[BINS] = np.bincount(document, minlength=count)

    def read(sums: Array) -> Array:
        return divided(np.abs(sums[:BINS]).sum(axis=0), sums[BINS])

    return Prepared(len(gold), lambda w: np.asarray(gaps @ w), read, always(_NO_LABEL), BINS + 1)


def reliability(table: ScoreTable) -> tuple[Bin, ...]:
    """The bins that hold a sentence, from low to high. Raises `Undefined`."""
    probability, gold, _ = _rows(table)
    bins = bin_of(probability)
    return tuple(
        Bin(b / BINS, (b + 1) / BINS, int(own.sum()), float(probability[own].mean()), float(gold[own].mean()))
        for b in range(BINS)
        if (own := bins == b).any()
    )


def base_rate_brier(table: ScoreTable) -> Prepared:
    """The Brier score of one probability for all: the share that is corrupted."""
    gold, rows = labels(table)
    wrong, sizes = by_document(table, gold, rows), by_document(table, np.ones(len(table)), rows)
    rate = ratio(int(rows.sum()), wrong, sizes, _NO_LABEL)
    return replace(rate, read=lambda sums: rate.read(sums) * (1.0 - rate.read(sums)))
