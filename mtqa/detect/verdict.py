"""What a calibrated detector says of an article: which sentences are found, and how many are corrupted.

Found are the sentences whose q-value, Benjamini and Hochberg's over the article, is at most the rate asked
for: of those, no more than that share is expected to be sound (Benjamini and Hochberg 1995; for conformal
p-values against one sample Bates et al. 2023). How many are corrupted has a Poisson-binomial
distribution, by the sentences' probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtqa.detect.calibrate import Calibration, Doubles
from mtqa.detect.measures import DETECTOR
from mtqa.detect.sentence import log_odds_of_evidence
from mtqa.records import Finding, SuspectSpan, Verdict

#: The false discovery rate of a verdict where none is asked for.
FDR = 0.1
#: What the interval leaves out at each end.
_TAIL = 0.025
#: Digits of a q-value: 53 / 53 of p = .1 is .1, not .10000000000000002, which no rate of .1 finds.
_DIGITS = 12
#: Above this many sentences the exact distribution's quadratic cost buys nothing over the normal one.
_EXACT = 2000


def judge(
    findings: Sequence[Finding], calibration: Calibration, fdr: float = FDR
) -> tuple[tuple[Finding, ...], Verdict]:
    """The findings, in their order, with probabilities and q-values, and the verdict on their article.

    They must be all ranked sentences of one article, and have the detector's measure.
    """
    x = log_odds(findings)
    probabilities = calibration.probability(x)
    q = q_values(calibration.p_value(x, [f.tokens for f in findings]))
    judged = tuple(
        replace(
            f, probability=float(p), q_value=float(one), spans=tuple(_at_most(s, float(p)) for s in f.spans)
        )
        for f, p, one in zip(findings, probabilities, q, strict=True)
    )
    return judged, verdict_of(probabilities, q, fdr)


def verdict_of(probabilities: Doubles, q: Doubles, fdr: float = FDR) -> Verdict:
    """The verdict on an article of N sentences, by their probabilities ``(N,)`` and q-values ``(N,)``."""
    low, high = corrupted_interval(probabilities)
    return Verdict(
        sentences=len(probabilities),
        expected=float(probabilities.sum()),
        low=low,
        high=high,
        found=int((q <= fdr).sum()),
        fdr=fdr,
        highest=float(probabilities.max(initial=0.0)),
        likely=int((probabilities >= 0.5).sum()),
    )


def _at_most(span: SuspectSpan, probability: float) -> SuspectSpan:
    """A word is no likelier corrupted than its sentence: the user's own calibration may say less of that."""
    if span.probability is None or span.probability <= probability:
        return span
    return replace(span, probability=probability)


def only_found(findings: Sequence[Finding], fdr: float) -> tuple[Finding, ...]:
    """Those with a q-value of at most ``fdr``, in their order, ranked anew from 1."""
    kept = [f for f in findings if f.q_value is not None and f.q_value <= fdr]
    return tuple(replace(f, rank=rank) for rank, f in enumerate(kept, start=1))


def log_odds(findings: Sequence[Finding]) -> Doubles:
    """``(N,)``: the detector's log-odds, back from its measure. Raises `ValueError` without a detector."""
    evidence = [f.measures.get(DETECTOR) for f in findings]
    return np.array([log_odds_of_evidence(_known(e)) for e in evidence], dtype=np.float64)


def _known(evidence: float | None) -> float:
    if evidence is None:
        raise ValueError("no detector read these sentences")
    return evidence


def q_values(p: Doubles) -> Doubles:
    """``(N,)`` → ``(N,)``: the least false discovery rate at which each one is found.

    min over j ≥ i of N p₍ⱼ₎ / j, p in rising order, at most 1 (Benjamini and Hochberg 1995; Storey 2002).

    >>> q_values(np.array([0.01, 0.5, 0.02])).tolist()
    [0.03, 0.5, 0.03]
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return np.array([float(f"{value:.{_DIGITS}g}") for value in q])


def poisson_binomial(probabilities: Doubles) -> Doubles:
    """``(N,)`` → ``(N + 1,)``: the probability of k successes among N independent trials, k = 0 … N.

    One trial after another (the recursive formula in Hong 2013); quadratic in N.

    >>> poisson_binomial(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    mass = np.ones(1)
    for p in probabilities:
        grown = np.zeros(len(mass) + 1)
        grown[:-1] = mass * (1.0 - p)
        grown[1:] += mass * p
        mass = grown
    return mass


def corrupted_interval(probabilities: Doubles) -> tuple[int, int]:
    """How many are corrupted, at least and at most, with 95 %; the sentences being independent.

    The 2.5 and 97.5 % quantiles of the Poisson-binomial distribution; of the normal one with its mean
    and variance above 2,000 sentences.
    """
    n = len(probabilities)
    if n <= _EXACT:
        reached = np.cumsum(poisson_binomial(probabilities))
        low, high = (int(np.searchsorted(reached, tail)) for tail in (_TAIL, 1.0 - _TAIL))
    else:
        mean = float(probabilities.sum())
        half = 1.959964 * math.sqrt(float((probabilities * (1.0 - probabilities)).sum()))
        low, high = round(mean - half), round(mean + half)
    return max(min(low, n), 0), max(min(high, n), 0)
