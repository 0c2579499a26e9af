"""Bootstrap over documents: how often each was drawn, and the interval of what comes of it.

Sentences of one document are alike, and so are translations of one source: with strong document effects a
95 % interval from resampled sentences covers the truth three times in four. So whole clusters are drawn.
Efron & Tibshirani (1993), "An Introduction to the Bootstrap", chapters 8 and 13 (percentile interval).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mtqa.bench.records import Indices

#: The share of draws in which a metric must be defined for its interval to mean anything: a type of error
#: that occurs in k documents is missing from e⁻ᵏ of the draws, so that three or four are needed.
LEAST_DEFINED = 0.95
#: With fewer independent documents percentile intervals are too narrow: a warning says so.
_FEW_DOCUMENTS = 20
#: So many numbers are drawn at a time, 8 bytes each; what is kept of them is smaller.
_AT_ONCE = 1 << 20

#: Whole numbers of as few bytes as hold them.
Counts = npt.NDArray[Any]


def document_weights(
    documents: int, draws: int, rng: np.random.Generator, *, clusters: Indices | None = None
) -> Counts:
    """How often each document was drawn, ``(draws, documents)``; one draw serves all systems and metrics.

    ``clusters (documents,)``: documents of one number are drawn together; None: each on its own. A row
    sums to the number of documents where every cluster is of one size. Two or four bytes a number.
    """
    if clusters is None:
        clusters = np.arange(documents, dtype=np.int64)
    count = int(clusters.max()) + 1 if documents else 0
    # None is drawn more often than there are draws of one row; int8 would be too small to reckon with.
    made = np.zeros((count, draws), dtype=np.int16 if count <= np.iinfo(np.int16).max else np.int32)
    for part in parts(draws, count) if count else ():
        size = part.stop - part.start
        made[:, part] = rng.multinomial(count, np.full(count, 1.0 / count), size=size).T
    return of_documents(made, clusters)


def parts(rows: int, width: int) -> Iterator[slice]:
    """Rows of ``width`` numbers in so many parts as keep memory small; a generator's stream is the same.

    >>> list(parts(3, 1 << 19))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    size = max(_AT_ONCE // width, 1)
    return (slice(at, min(at + size, rows)) for at in range(0, rows, size))


def of_documents(drawn: npt.NDArray[Any], clusters: Indices) -> npt.NDArray[Any]:
    """Of clusters' rows ``(C, B)`` the documents' columns ``(B, D)``, without a copy where each is its own.

    A document's draws stand side by side in memory, as the metrics take them.
    """
    alone = len(clusters) == len(drawn) and bool((clusters == np.arange(len(drawn))).all())
    return (drawn if alone else drawn[clusters]).T


def unit(shape: str, *, grouped: bool) -> str:
    """What is drawn, in a word; ``grouped``: several of them together, for they are of one source.

    Pairs and isolated sentences are not called documents, though they are drawn as such.
    """
    return "source" if grouped else {"pairs": "pair", "scored": "sentence"}.get(shape, "document")


def few_documents(count: int, one: str = "document") -> str | None:
    """A warning where so few independent documents, or whatever ``one`` is, say little.

    >>> few_documents(1), few_documents(20)
    ('1 independent document: the intervals say little', None)
    """
    if count >= _FEW_DOCUMENTS:
        return None
    return f"{count} independent {one}{'' if count == 1 else 's'}: the intervals say little"


def interval(
    values: Sequence[float] | npt.NDArray[np.float64], value: float | None = None
) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of draws, stretched to hold the ``value`` that they are draws of.

    A statistic that resampling biases may lie outside: draws of a few systems' means bring them out of an
    order that they are all but in, and never further into it.

    >>> interval([0.0, 0.5, 0.5, 1.0], 1.5)[1]
    1.5
    """
    low, high = np.percentile(np.asarray(values, dtype=np.float64), (2.5, 97.5))
    if value is not None:
        low, high = min(low, value), max(high, value)
    return float(low), float(high)
