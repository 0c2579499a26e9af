"""Do probabilities mean what they say, and does a false discovery rate hold?

Brier (1950); expected calibration error, Naeini et al. (2015). What is found at a rate of .1 is found in each
document by itself, as `mtqa rank --fdr 0.1` does; the rate is the mean of the documents' own shares, 0 where
nothing is found (Benjamini and Hochberg 1995), and none at all where nothing is found in any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mtqa.bench.metrics.base import Prepared, Undefined, always, by_document, divided, labels, ratio
from mtqa.bench.records import Array, Indices, ScoreTable
from mtqa.detect.verdict import FDR

_NO_LABEL = "no sentence has a label"
_NO_PROBABILITY = "this config gives no probabilities"
_NO_Q_VALUE = f"{_NO_PROBABILITY}, and so finds nothing at a rate"
_NOTHING = "nothing is found at a false discovery rate of .1"
_NO_CORRUPTED = "no sentence is corrupted"
_ALONE = "a false discovery rate is of an article's sentences, and all of these stand alone"
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
        raise Undefined(_NO_PROBABILITY)
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
    """Σ over bins of (share of sentences) · |mean probability − share corrupted|; lower is better.

    A gap of noise alone, N(0, s²), counts √(2/π) s, and in a draw, which has as much noise again, √2 times
    that: so much the value of a draw may lie above the truth, where that is 0.
    """
    probability, gold, document = _rows(table)
    count = len(table.data.documents)
    gaps = np.zeros((BINS + 1, count))
    np.add.at(gaps, (bin_of(probability), document), probability - gold)
    gaps[BINS] = np.bincount(document, minlength=count)

    def read(sums: Array) -> Array:
        return divided(np.abs(sums[:BINS]).sum(axis=0), sums[BINS])

    def raised(sums: Array) -> float:
        spread = np.nanstd(divided(sums[:BINS], sums[BINS]), axis=1).sum()
        return float(np.sqrt(2.0) * np.sqrt(2.0 / np.pi) * spread)

    return Prepared(len(gold), lambda w: np.asarray(gaps @ w), read, always(_NO_LABEL), BINS + 1, raised)


def reliability(table: ScoreTable) -> tuple[Bin, ...]:
    """The bins that hold a sentence, from low to high. Raises `Undefined`."""
    probability, gold, _ = _rows(table)
    bins = bin_of(probability)
    return tuple(
        Bin(b / BINS, (b + 1) / BINS, int(own.sum()), float(probability[own].mean()), float(gold[own].mean()))
        for b in range(BINS)
        if (own := bins == b).any()
    )


def _found(table: ScoreTable) -> tuple[Array, Array, Array, Array]:
    """Of each document ``(D,)``: the sound ones found, all that are found, the labelled, the corrupted.

    A rate is of an article's sentences: those that stand alone are no article.
    """
    if table.q_value is None:
        raise Undefined(_NO_Q_VALUE)
    gold, rows = labels(table)
    rows = rows & ~np.array([document.isolated for document in table.data.documents])[table.document]
    if not rows.any():
        raise Undefined(_ALONE)
    found, each = rows & (table.q_value <= FDR), np.ones(len(table))
    return (
        by_document(table, 1.0 - gold, found),
        by_document(table, each, found),
        by_document(table, each, rows),
        by_document(table, gold, rows),
    )


def false_discovery_rate(table: ScoreTable) -> Prepared:
    """The documents' mean share of sound sentences among those found; lower is better."""
    wrong, found, sentences, _ = _found(table)
    if not found.any():
        raise Undefined(_NOTHING)  # a rate of 0 it would be, and the best there is
    there = (sentences > 0).astype(np.float64)
    return ratio(int(there.sum()), wrong / np.maximum(found, 1.0), there, _NO_LABEL)


def false_discovery_share(table: ScoreTable) -> Prepared:
    """The share of sound sentences among all that are found in all documents; lower is better."""
    wrong, found, _, _ = _found(table)
    return ratio(int(found.sum()), wrong, found, _NOTHING)


def recall_at_fdr_10(table: ScoreTable) -> Prepared:
    """The share of the corrupted sentences that is found."""
    wrong, found, _, corrupted = _found(table)
    return ratio(int(corrupted.sum()), found - wrong, corrupted, _NO_CORRUPTED)


def base_rate_brier(table: ScoreTable) -> Prepared:
    """The Brier score of one probability for all: the share that is corrupted."""
    gold, rows = labels(table)
    wrong, sizes = by_document(table, gold, rows), by_document(table, np.ones(len(table)), rows)
    rate = ratio(int(rows.sum()), wrong, sizes, _NO_LABEL)
    return replace(rate, read=lambda sums: rate.read(sums) * (1.0 - rate.read(sums)))
