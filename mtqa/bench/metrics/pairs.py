"""Pairs of a sound sentence and the same one corrupted: is the corrupted one the more suspicious?

A tie counts one half, so that a scorer that knows nothing is right half of the time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mtqa.bench.metrics.base import Prepared, Undefined, always, divided, ratio, scored_rows
from mtqa.bench.records import Array, Indices, ScoreTable

_NO_PAIR = "there is no pair of two scored sentences"
_NO_NAME = "there is no pair that names a phenomenon"


def won(table: ScoreTable) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Per document ``(D,)``: 1, ½ or 0, and whether it is a pair whose sentences were both scored.

    A breakdown may have emptied it. What was not scored has the lowest score: with a blank sound sentence,
    every config would win the pair.
    """
    count = len(table.data.documents)
    sizes = np.bincount(table.document, minlength=count)
    first = np.cumsum(sizes) - sizes
    scored = np.bincount(table.document, weights=scored_rows(table), minlength=count)
    whole = (sizes == 2) & (scored == 2)
    result = np.zeros(count)
    good, bad = table.scores[first[whole]], table.scores[first[whole] + 1]
    result[whole] = np.where(bad > good, 1.0, np.where(bad == good, 0.5, 0.0))
    return result, whole


def accuracy(table: ScoreTable) -> Prepared:
    """The share of pairs in which the corrupted sentence scores higher."""
    result, whole = won(table)
    return ratio(int(whole.sum()), result, whole.astype(np.float64), _NO_PAIR)


def accuracy_length_controlled(table: ScoreTable) -> Prepared:
    """The same over the pairs whose two sentences have as many words: length alone gets one half there."""
    result, whole = won(table)
    even = np.zeros(len(whole))
    for d in np.flatnonzero(whole):
        good, bad = table.data.documents[d].sentences
        even[d] = len(good.text.split()) == len(bad.text.split())
    return ratio(int(even.sum()), result * even, even, "no pair has two sentences of as many words")


def accuracy_by_phenomenon(table: ScoreTable) -> Prepared:
    """The mean of the phenomena's own accuracies: each counts the same, however many pairs it has."""
    result, whole = won(table)
    names = [
        d.sentences[0].groups.get("phenomenon", "") if w else ""
        for d, w in zip(table.data.documents, whole, strict=True)
    ]
    known = sorted({name for name in names if name})
    if not known:
        raise Undefined(_NO_NAME)
    place = {name: k for k, name in enumerate(known)}
    own = np.array([place.get(name, -1) for name in names])
    return Prepared(len(known), _of_phenomena(own, result), _mean_of_seen, always(_NO_NAME), 2 * len(known))


def _of_phenomena(own: Indices, result: Array) -> Callable[[Array], Array]:
    """Of weights ``(D, B)``, by phenomenon, pairs won and pairs ``(2, K, B)``; ``own (D,)``: −1 for none."""
    from scipy.sparse import csr_matrix

    d, count = np.flatnonzero(own >= 0), int(own.max()) + 1
    rows = np.concatenate([own[d], own[d] + count])
    values = np.concatenate([result[d], np.ones(len(d))])
    matrix = csr_matrix((values, (rows, np.concatenate([d, d]))), shape=(2 * count, len(own)))
    return lambda weights: np.asarray(matrix @ weights).reshape(2, count, -1)


def _mean_of_seen(sums: Array) -> Array:
    right, mass = sums
    seen = mass > 0
    each = np.where(seen, right / np.where(seen, mass, 1.0), 0.0)
    return divided(each.sum(axis=0), seen.sum(axis=0).astype(np.float64))
