"""Bootstrap over documents: how often each was drawn, and the interval of what comes of it.

Sentences of one document are alike, and so are translations of one source: with strong document effects a
95 % interval from resampled sentences covers the truth three times in four. So whole clusters are drawn.
Efron & Tibshirani (1993), "An Introduction to the Bootstrap", chapters 8 and 13 (percentile interval).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mtqa.bench.records import Indices

#: The share of draws in which a metric must be defined for its interval to mean anything: a type of error
#: that occurs in k documents is missing from e⁻ᵏ of the draws, so that three or four are needed.
LEAST_DEFINED = 0.95
#: With fewer independent documents percentile intervals are too narrow: a warning says so.
_FEW_DOCUMENTS = 20


def document_weights(
    documents: int, draws: int, rng: np.random.Generator, *, clusters: Indices | None = None
) -> npt.NDArray[np.int64]:
    """How often each document was drawn, ``(draws, documents)``; one draw serves all systems and metrics.

    ``clusters (documents,)``: documents of one number are drawn together; None: each on its own. A row
    sums to the number of documents where every cluster is of one size.
    """
    if clusters is None:
        clusters = np.arange(documents, dtype=np.int64)
    count = int(clusters.max()) + 1 if documents else 0
    if not count:
        return np.zeros((draws, 0), dtype=np.int64)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=draws)
    # A document's draws stand side by side in memory, as the metrics take them.
    return np.ascontiguousarray(drawn.T)[clusters].T


def few_documents(count: int) -> str | None:
    """A warning where so few independent documents say little.

    >>> few_documents(1), few_documents(20)
    ('1 independent document: the intervals say little', None)
    """
    if count >= _FEW_DOCUMENTS:
        return None
    return f"{count} independent document{'' if count == 1 else 's'}: the intervals say little"


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
