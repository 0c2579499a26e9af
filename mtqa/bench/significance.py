"""Is one config better than another, or is it the luck of the documents? Pure functions on arrays.

Documents are the unit throughout: sentences of one document stand or fall together, and resampling them
one by one makes intervals too narrow. A draw in which a statistic is undefined is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from mtqa.bench.resample import LEAST_DEFINED, interval, of_documents, parts

Array = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]
#: Of exchanges ``(B, D)`` of documents the differences of two systems ``(B,)``, NaN where undefined.
Differences = Callable[[Masks], Array]

#: Two-sided level of every "separated", and the power that "about N more documents" is worked out for.
ALPHA = 0.05
POWER = 0.8
#: A randomisation test stops when so many are as extreme as the observed: p is then known to a tenth.
_ENOUGH_EXTREME = 100
#: Randomisations done at a time.
_AT_ONCE = 256
#: So many times the randomisations that the smallest p-value needs to survive Holm's correction.
_RESOLUTION = 5
#: Differences of a statistic that is a sum in another order are no differences.
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class BootstrapDifference:
    """A paired difference over draws of documents: 95 % percentile interval, two-sided p, standard error."""

    low: float
    high: float
    p_value: float
    standard_error: float
    draws: int


def paired_bootstrap(a: Array, b: Array, value: float | None = None) -> BootstrapDifference | None:
    """``a − b`` of two systems over the *same* draws of documents, each ``(n,)``.

    Draws in which either is undefined are left out for both; None where fewer than `LEAST_DEFINED` are left.
    ``value``: the difference itself, which the interval is stretched to hold. The p-value is twice the
    smaller share of draws on one side of zero, counted as (c+1)/(n+1) (Davison and Hinkley 1997, eq. 4.11),
    ties half on each side.
    """
    if a.shape != b.shape:
        raise ValueError(f"draws of two systems must be the same: {a.shape} and {b.shape}")
    difference = a - b
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    if n < 2 or n < LEAST_DEFINED * len(a):
        return None
    low, high = interval(difference, value)
    ties = np.count_nonzero(np.abs(difference) <= _EPSILON) / 2
    below = np.count_nonzero(difference < -_EPSILON) + ties
    above = np.count_nonzero(difference > _EPSILON) + ties
    p_value = min(1.0, 2 * (min(below, above) + 1) / (n + 1))
    return BootstrapDifference(low, high, float(p_value), float(difference.std(ddof=1)), n)


def swap_masks(
    documents: int, n: int, rng: np.random.Generator, *, clusters: npt.NDArray[np.int64] | None = None
) -> Masks:
    """``(n, D)``: in each of n randomisations, which documents the two systems exchange.

    ``clusters (D,)``: documents of one number (translations of one source) are exchanged together. Of so few
    clusters that there are no more than n exchanges, it is each of them once but that of nothing, in random
    order: the test is then exact. In memory a document's randomisations stand side by
    side, as `mtqa.bench.metrics` takes them.
    """
    if clusters is None:
        clusters = np.arange(documents, dtype=np.int64)
    count = int(clusters.max()) + 1 if len(clusters) else 0
    if 0 < count <= math.log2(n + 1):
        every = 1 + rng.permutation(2**count - 1)
        return of_documents(np.ascontiguousarray(((every[:, None] >> np.arange(count)) & 1 == 1).T), clusters)
    drawn = np.zeros((count, n), dtype=bool)
    for part in parts(n, count) if count else ():
        drawn[:, part] = (rng.random((part.stop - part.start, count)) < 0.5).T
    return of_documents(drawn, clusters)


def randomisation_p_value(differences: Differences, masks: Masks) -> float | None:
    """Approximate randomisation (Riezler and Maxwell 2005, fig. 1): p = (c+1)/(n+1), two-sided, never 0.

    ``differences``: what two systems differ by when the documents of a mask have changed places
    (`mtqa.bench.metrics.base.Prepared.exchanged`). Under the null hypothesis it doesn't matter which system a
    document's scores come from. A randomisation without a difference counts as one that is at least as
    extreme. None where there is none as observed.

    Stops early, n being the randomisations done, when c has reached `_ENOUGH_EXTREME`: a sequential test,
    whose p-value c/n is valid (Besag and Clifford 1991), and (c+1)/(n+1) a little above it.
    """
    observed = abs(float(differences(np.zeros((1, masks.shape[1]), dtype=bool))[0]))
    if math.isnan(observed):
        return None
    if observed <= _EPSILON:
        return 1.0  # nothing is less extreme
    count = 0
    for at in range(0, len(masks), _AT_ONCE):
        extreme = ~(np.abs(differences(masks[at : at + _AT_ONCE])) < observed - _EPSILON)
        counts = count + np.cumsum(extreme)
        if counts[-1] >= _ENOUGH_EXTREME:
            done = at + int(np.searchsorted(counts, _ENOUGH_EXTREME)) + 1
            return (_ENOUGH_EXTREME + 1) / (done + 1)
        count = int(counts[-1])
    return (count + 1) / (len(masks) + 1)


def holm(p_values: Sequence[float], *, comparisons: int | None = None) -> list[float]:
    """Holm's (1979) step-down adjusted p-values, in the order given.

    ``comparisons``: the size of the family where only some of it was tested, the rest being unknown: the
    factors then begin there, which is valid and can only be stricter.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    m = len(p_values) if comparisons is None else comparisons
    if m < len(p_values):
        raise ValueError(f"a family of {m} comparisons can't hold {len(p_values)} p-values")
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for step, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (m - step) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def winning_cluster(best: str, p_holm: Mapping[str, float], *, alpha: float = ALPHA) -> tuple[str, ...]:
    """The best system and all that are not separated from it; ``p_holm``: of each other against the best.

    >>> winning_cluster("a", {"b": 0.2, "c": 0.001})
    ('a', 'b')
    """
    return (best, *(name for name, p in p_holm.items() if p >= alpha))


def more_documents(
    difference: float, standard_error: float, documents: int, *, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """About how many more documents would separate two systems, if the difference stays what it is.

    A standard error shrinks with the square root of the number of documents D, and a two-sided test at level
    ``alpha`` finds a difference with probability ``power`` when it is (z₁₋α⁄₂ + z_power) standard errors; so
    D' = D ((z + z) se / difference)², and `fewest_documents` at least. None where no number would do (no
    difference), or none is missing.
    """
    if abs(difference) <= _EPSILON:
        return None
    normal = NormalDist()
    needed = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    total = documents * (needed * standard_error / difference) ** 2
    if not math.isfinite(total):
        return None
    for_power, for_any = math.ceil(total - documents), fewest_documents(alpha=alpha) - documents
    if max(for_power, for_any) <= 0:
        return None
    return max(_two_digits(for_power), for_any) if for_power > 0 else for_any


def fewest_documents(*, alpha: float = ALPHA) -> int:
    """The least number of documents D whose randomisation p can be below ``alpha``.

    D documents are exchanged in 2ᴰ ways, and one way differs by as much as its opposite: p is 2¹⁻ᴰ or more.

    >>> fewest_documents(alpha=0.05), fewest_documents(alpha=0.05 / 3)
    (6, 7)
    """
    return math.floor(1 - math.log2(alpha)) + 1


def _two_digits(count: int) -> int:
    """Rounded up to two significant digits: it is an estimate from an estimate.

    >>> _two_digits(1234), _two_digits(7)
    (1300, 7)
    """
    step: int = 10 ** max(len(str(count)) - 2, 0)
    return -(-count // step) * step


def enough_randomisations(wanted: int, comparisons: int, *, alpha: float = ALPHA) -> int:
    """At least ``wanted``; more where p-values of so few, from 1/(n+1), could not survive Holm's correction.

    >>> enough_randomisations(1000, 3), enough_randomisations(1000, 105)
    (1000, 10499)
    """
    return max(wanted, math.ceil(_RESOLUTION * comparisons / alpha) - 1)
