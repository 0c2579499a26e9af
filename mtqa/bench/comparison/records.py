"""The records of a comparison: contenders, and per labelled set their figures, differences and cost.

Everything a renderer needs is in a `Comparison`; it holds no scores beyond the few sentences on which two
contenders disagree most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Contender:
    """One config under its name. ``settings``: what it sets otherwise than the defaults.

    ``tokenizer``: digest of its tokenizer. ``scoring``: what decides the token scores, and so what a forward
    pass costs; contenders that differ in the measure alone share it.
    """

    name: str
    settings: Mapping[str, Any]
    signature: str
    tokenizer: str
    scoring: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring one set took the model: ``seconds`` for ``tokens``.

    ``ledger_tokens`` came from the score ledger and took it nothing. ``peak_mb``: the process's peak memory
    meanwhile, None where that is not known.
    """

    tokens: int
    seconds: float
    ledger_tokens: int
    peak_mb: float | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """None where the ledger answered for every token: a run without work has no speed."""
        return self.tokens / self.seconds if self.tokens and self.seconds > 0 else None

    @property
    def ledger_share(self) -> float:
        """How much of the set the ledger answered for, 0 to 1."""
        return self.ledger_tokens / max(self.tokens + self.ledger_tokens, 1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value with its 95 % bootstrap interval and n. None: undefined, and ``note`` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """``a − b`` on the same draws of documents.

    ``p_bootstrap``, ``p_randomisation``: two-sided; ``p_holm``: the latter after Holm's correction over
    the metric's comparisons; ``separated``: p_holm < 0.05. ``more_documents``: about how many more documents
    would separate the two, None where they are separated or no number would do. None: undefined.
    """

    a: str
    b: str
    value: float
    low: float | None
    high: float | None
    standard_error: float | None
    p_bootstrap: float | None
    p_randomisation: float | None
    p_holm: float | None
    separated: bool
    more_documents: int | None


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One metric over all contenders: ``estimates`` best first, the undefined last.

    ``cluster``: the best and those not separated from it. ``chance``: what scores that know nothing get, None
    where that is not known. ``comparisons``: the size of the family that Holm's correction is over;
    ``differences`` may be fewer (see `mtqa.bench.comparison.build`). ``randomisations``: of each, at most.
    """

    name: str
    kind: str
    summary: str
    unit: str
    higher_is_better: bool
    chance: float | None
    estimates: Mapping[str, Estimate]
    differences: tuple[Difference, ...]
    cluster: tuple[str, ...]
    comparisons: int
    randomisations: int

    @property
    def best(self) -> str | None:
        """The leading contender, None where the metric is undefined for all."""
        return next((name for name, e in self.estimates.items() if e.value is not None), None)

    def difference(self, a: str, b: str) -> Difference | None:
        """The comparison of ``a`` with ``b`` in that order, if it was made."""
        return next((d for d in self.differences if (d.a, d.b) == (a, b)), None)


@dataclass(frozen=True, slots=True)
class Curves:
    """Of one contender over a set's labelled sentences: points of ROC (false positive rate, recall) and of
    precision and recall (recall, precision). ``positives``: the share of corrupted sentences.
    """

    name: str
    roc: tuple[Point, ...]
    precision_recall: tuple[Point, ...]
    positives: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A sentence that ``a`` finds far more suspicious than ``b``, or the reverse.

    ``rank_a``, ``rank_b``: the share of the set's sentences that stand below it, 0 to 1.
    """

    a: str
    b: str
    document: str
    sentence: int
    text: str
    label: int | None
    score: float | None
    rank_a: float
    rank_b: float


@dataclass(frozen=True, slots=True)
class SetResult:
    """One labelled set. ``main``: the metric that leads (None: no metric applies)."""

    name: str
    digest: str
    shape: str
    documents: int
    clusters: int
    sentences: int
    main: str | None
    metrics: Mapping[str, MetricResult]
    costs: Mapping[str, Cost]
    curves: tuple[Curves, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def leader(self) -> MetricResult | None:
        """The result of the main metric."""
        return self.metrics[self.main] if self.main else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contenders in the order given, and a result for each set. ``signature``: what moves the statistics."""

    signature: str
    contenders: tuple[Contender, ...]
    sets: tuple[SetResult, ...]
    draws: int
    seed: int
    notes: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(c.name for c in self.contenders)}; {len(self.sets):,} sets>"

    def record(self) -> dict[str, Any]:
        """Schema 1: see docs/comparison-schema-1.json."""
        from mtqa.bench.comparison.as_json import record

        return record(self)

    def wins(self, name: str) -> int:
        """In how many sets the contender is in the winning cluster of the main metric."""
        return sum(name in s.leader.cluster for s in self.sets if s.leader is not None)
