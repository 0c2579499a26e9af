"""Pairs of a sound sentence and the same one corrupted: is the corrupted one the more suspicious?

A tie counts one half, so that a scorer that knows nothing is right half of the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mtqa.bench.metrics.base import Prepared, Undefined, Weights, ratio
from mtqa.bench.records import Array, ScoreTable


def won(table: ScoreTable) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Per document ``(D,)``: 1, ½ or 0, and whether it is a pair (a breakdown may have emptied it)."""
    count = len(table.data.documents)
    sizes = np.bincount(table.document, minlength=count)
    first = np.cumsum(sizes) - sizes
    whole = sizes == 2
    result = np.zeros(count)
    good, bad = table.scores[first[whole]], table.scores[first[whole] + 1]
    result[whole] = np.where(bad > good, 1.0, np.where(bad == good, 0.5, 0.0))
    return result, whole


def accuracy(table: ScoreTable) -> Prepared:
    """The share of pairs in which the corrupted sentence scores higher."""
    result, whole = won(table)
    return Prepared(int(whole.sum()), ratio(result, whole.astype(np.float64), "there is no pair"))


def accuracy_length_controlled(table: ScoreTable) -> Prepared:
    """The same over the pairs whose two sentences have as many words: length alone gets one half there."""
    result, whole = won(table)
    even = np.zeros(len(whole))
    for d in np.flatnonzero(whole):
        good, bad = table.data.documents[d].sentences
        even[d] = len(good.text.split()) == len(bad.text.split())
    value = ratio(result * even, even, "no pair has two sentences of as many words")
    return Prepared(int(even.sum()), value)


def accuracy_by_phenomenon(table: ScoreTable) -> Prepared:
    """The mean of the phenomena's own accuracies: each counts the same, however many pairs it has."""
    result, whole = won(table)
    names = [
        d.sentences[0].groups.get("phenomenon", "") if w else ""
        for d, w in zip(table.data.documents, whole, strict=True)
    ]
    known = sorted({name for name in names if name})
    if not known:
        raise Undefined("the pairs name no phenomenon")
    member = np.array([[n == k and w for n, w in zip(names, whole, strict=True)] for k in known], dtype=float)

    def value(weights: Weights) -> float:
        mass = member @ weights
        seen = mass > 0
        if not seen.any():
            raise Undefined("there is no pair that names a phenomenon")
        return float(np.mean((member @ (weights * result))[seen] / mass[seen]))

    return Prepared(len(known), value)
