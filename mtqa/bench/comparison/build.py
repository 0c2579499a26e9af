"""Score tables to a `Comparison`. Pure, but for the seed that the settings name.

One draw of documents serves all contenders and metrics of a set, and so does one set of randomisations.
Holm's correction is over all pairs of contenders, metric by metric and set by set. Up to `ALL_PAIRS`
contenders every pair is compared; with more, each is compared with the best one, and Holm's factors still
count all pairs: the best was picked by the same data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mtqa.bench.checked import check_names, check_whole
from mtqa.bench.comparison.checks import (
    BY_ORDER,
    check_metrics,
    check_same_data,
    different_tokenizers,
    known_metrics,
    missed,
    notes_on,
)
from mtqa.bench.comparison.closeup import curves_of, disagreements_of
from mtqa.bench.comparison.records import (
    Comparison,
    Contender,
    Cost,
    Difference,
    Estimate,
    MetricResult,
    SetResult,
)
from mtqa.bench.fluency import BITS_PER_BYTE, PERPLEXITY
from mtqa.bench.metrics import Metric, Undefined, applicable
from mtqa.bench.metrics.base import Prepared
from mtqa.bench.records import ScoreTable
from mtqa.bench.resample import LEAST_DEFINED, document_weights, few_documents, unit
from mtqa.bench.scoring import not_scored
from mtqa.bench.significance import (
    ALPHA,
    Array,
    enough_randomisations,
    fewest_documents,
    holm,
    more_documents,
    paired_bootstrap,
    randomisation_p_value,
    swap_masks,
    winning_cluster,
)
from mtqa.bench.stack import on_common_scale, stacked
from mtqa.errors import UsageError

#: Up to so many contenders every pair is compared (21 pairs).
ALL_PAIRS = 7
#: The metric that leads, by what a set is annotated with: the first of these that applies.
MAIN = ("average_precision", "spearman", "accuracy", "system_kendall")
#: What is compared unless metrics are named. Left out because another says the same, or for their cost:
#: kendall (spearman), precision and recall of characters (their F1); and boilerplate, which no model moves.
USUAL = (
    "average_precision",
    "roc_auc",
    "recall_at_fpr_5",
    "precision_at_1",
    "precision_at_k",
    "roc_auc_by_document",
    "accuracy",
    "accuracy_length_controlled",
    "accuracy_by_phenomenon",
    "spearman",
    "pearson",
    "system_kendall",
    "character_f1",
    "span_word_average_precision",
    "word_mcc",
    "word_average_precision",
    "brier",
    "expected_calibration_error",
    "false_discovery_rate",
    "recall_at_fdr_10",
    "bits_per_byte",
    "perplexity",
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """``metrics``: names, or empty for the usual ones that apply. ``draws``: of the bootstrap.

    ``randomisations``: at most so many a pair, but for what Holm's correction needs in smaller p-values.
    """

    metrics: tuple[str, ...] = ()
    draws: int = 1000
    randomisations: int = 1000
    seed: int = 0
    disagreements: int = 8

    def __post_init__(self) -> None:
        check_names("metrics", self.metrics)
        check_whole(draws=self.draws, randomisations=self.randomisations, seed=self.seed)


def compare_tables(
    contenders: Sequence[Contender],
    tables: Sequence[Sequence[ScoreTable]],
    costs: Sequence[Mapping[str, Cost]],
    settings: CompareSettings | None = None,
    *,
    progress: Progress | None = None,
) -> Comparison:
    """One result for each set. ``tables[i]``: set i by each contender, in their order; ``costs[i]``: by name.

    Raises `UsageError` for fewer than two contenders, names that occur twice, tables whose sentences differ,
    and metrics that don't exist or apply nowhere.
    """
    chosen = settings or CompareSettings()
    names = [contender.name for contender in contenders]
    if len(names) < 2:
        raise UsageError("a comparison needs two configs at least: name another, or a comparison set")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"two configs go by the name {twice!r}: rename one")
    check_metrics(chosen.metrics)
    for of_set in tables:
        check_same_data(of_set)
    sets = tuple(
        _set_result(contenders, of_set, cost, chosen, progress)
        for of_set, cost in zip(tables, costs, strict=True)
    )
    missing = [m for m in chosen.metrics if not any(m in s.metrics for s in sets)]
    if missing:
        raise missed(missing[0], contenders, [of_set[0].data for of_set in tables])
    digests = ",".join(f"{of_set[0].data.name}@{of_set[0].data.stamp}" for of_set in tables)
    signature = (
        f"compare|data:{digests}|draws:{chosen.draws}|seed:{chosen.seed}"
        f"|test:randomisation>={chosen.randomisations}|holm:metric|alpha:{ALPHA:g}"
    )
    return Comparison(signature, tuple(contenders), sets, chosen.draws, chosen.seed, notes_on(contenders))


def _set_result(
    contenders: Sequence[Contender],
    tables: Sequence[ScoreTable],
    costs: Mapping[str, Cost],
    settings: CompareSettings,
    progress: Progress | None,
) -> SetResult:
    data = tables[0].data
    own = {contender.name: table for contender, table in zip(contenders, tables, strict=True)}
    named = _on_the_same_rows(own)
    metrics = list(_chosen_metrics(contenders, tables, settings.metrics))
    clusters = data.clusters()
    bench = _Bench(named, clusters, settings)
    results = {}
    for done, metric in enumerate(metrics):
        if progress is not None:
            progress(f"comparing on {data.name}", done, len(metrics))
        results[metric.name] = bench.result(metric)
    main = _leading(results)
    order = list(results[main].estimates) if main else list(named)
    count = int(clusters.max()) + 1 if len(clusters) else 0
    return SetResult(
        name=data.name,
        digest=data.digest,
        shape=data.shape,
        documents=len(data.documents),
        clusters=count,
        sentences=len(data),
        main=main,
        metrics=results,
        costs=dict(costs),
        curves=curves_of(named, order),
        disagreements=disagreements_of(named, order, settings.disagreements),
        notes=(
            *data.warnings,
            *_warned(own),
            *_few_documents(count, unit(data.shape, grouped=count != len(data.documents)), _pairs(named)),
        ),
    )


def _on_the_same_rows(tables: Mapping[str, ScoreTable]) -> dict[str, ScoreTable]:
    """What one of them has not scored is unscored for all: differences are of the same sentences."""
    unscored = {i: reason for table in tables.values() for i, reason in table.unscored.items()}
    return {name: dataclasses.replace(table, unscored=unscored) for name, table in tables.items()}


def _warned(tables: Mapping[str, ScoreTable]) -> Iterator[str]:
    """What scorers warn of and could not score, each line once, with its configs where not all share it."""
    said: dict[str, list[str]] = {}
    for name, table in tables.items():
        for line in dict.fromkeys((*table.warnings, *not_scored(table))):
            said.setdefault(line, []).append(name)
    for line, names in said.items():
        yield line if len(names) == len(tables) else f"{', '.join(names)}: {line}"


def _leading(results: Mapping[str, MetricResult]) -> str | None:
    """The metric that leads: the first that some contender has a value of, or else the first."""
    there = [name for name in dict.fromkeys((*MAIN, *results)) if name in results]
    known = (n for n in there if any(e.value is not None for e in results[n].estimates.values()))
    return next(known, there[0] if there else None)


def _pairs(contenders: Collection[str]) -> int:
    return len(contenders) * (len(contenders) - 1) // 2


def _few_documents(count: int, one: str, pairs: int) -> Iterator[str]:
    """What so few independent documents, or whatever ``one`` is, can't show."""
    if few := few_documents(count, one):
        fewest = fewest_documents(alpha=ALPHA / pairs)
        yield few + (f", and it takes {fewest} to separate any two configs" if count < fewest else "")


def _chosen_metrics(
    contenders: Sequence[Contender], tables: Sequence[ScoreTable], wanted: Sequence[str]
) -> Iterator[Metric]:
    """Those that apply to every table, in the order of `USUAL`, or of ``wanted``.

    Of those on probabilities it is enough that one has them: the others' estimates say that they have none.
    """
    per_table = [applicable(table) for table in tables]
    there = set.intersection(*({m.name for m in metrics} for metrics in per_table))
    there |= {m.name for metrics in per_table for m in metrics if m.kind == "probability"}
    # Of one forward pass for all there is one value for all, and nothing to compare. (A contender's own
    # `scoring` is that of all sets: pairs are read without context whatever else is compared on.)
    if len({table.scoring for table in tables}) > 1 or wanted:
        there |= {BITS_PER_BYTE.name, PERPLEXITY.name}
    if different_tokenizers(contenders):
        there &= BY_ORDER
    known = known_metrics()
    yield from (known[name] for name in (wanted or USUAL) if name in there)


class _Bench:
    """What all metrics of one set share: the draws of documents and the randomisations."""

    def __init__(
        self, tables: Mapping[str, ScoreTable], clusters: npt.NDArray[np.int64], settings: CompareSettings
    ) -> None:
        self._tables = tables
        self._documents = len(clusters)
        self._groups = int(clusters.max()) + 1 if len(clusters) else 0
        self._pairs = _pairs(tables)
        rng = np.random.default_rng(settings.seed)
        self._weights = document_weights(self._documents, settings.draws, rng, clusters=clusters)
        swaps = enough_randomisations(settings.randomisations, self._pairs)
        self._masks = swap_masks(self._documents, swaps, rng, clusters=clusters)
        self._scaled: dict[tuple[str, bool], ScoreTable] = {}

    def result(self, metric: Metric) -> MetricResult:
        """Every contender's estimate, and the differences between them."""
        drawn: dict[str, Array] = {}
        estimates: dict[str, Estimate] = {}
        for name, table in self._tables.items():
            estimates[name], drawn[name] = self._estimate(metric, table)
        sign = 1 if metric.higher_is_better else -1
        order = sorted(estimates, key=lambda name: _sort_key(estimates[name], sign))
        ordered = {name: estimates[name] for name in order}
        defined = [name for name in order if estimates[name].value is not None]
        compared = self._compared(metric, defined, ordered, drawn)
        best = defined[0] if defined else None
        against = {d.b: d.p_holm if d.p_holm is not None else 1.0 for d in compared if d.a == best}
        return MetricResult(
            name=metric.name,
            kind=metric.kind,
            summary=metric.summary,
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            chance=_chance(metric, next(iter(self._tables.values()))),
            estimates=ordered,
            differences=tuple(compared),
            cluster=winning_cluster(best, against) if best is not None else (),
            comparisons=self._pairs,
            randomisations=len(self._masks),
        )

    def _estimate(self, metric: Metric, table: ScoreTable) -> tuple[Estimate, Array]:
        try:
            prepared = metric.prepare(table)
            value = prepared.value(np.ones(self._documents))
        except Undefined as error:
            return Estimate(None, None, None, 0, str(error)), np.zeros(0)
        values = prepared.over(self._weights)
        finite = values[np.isfinite(values)]
        if self._groups < 2 or len(finite) < max(2, LEAST_DEFINED * len(values)):
            if self._groups < 2:
                why = "one document"
            elif len(values) < 2:
                why = "fewer than two draws"
            else:
                why = f"undefined in {1 - len(finite) / len(values):.0%} of the draws"
            return Estimate(value, None, None, prepared.n, f"{why}: no interval"), values
        return Estimate(value, *prepared.interval(self._weights, finite, value), prepared.n), values

    def _compared(
        self,
        metric: Metric,
        defined: Sequence[str],
        estimates: Mapping[str, Estimate],
        drawn: Mapping[str, Array],
    ) -> list[Difference]:
        """All pairs, better one first, or each against the best."""
        pairs = list(combinations(defined, 2))
        if len(self._tables) > ALL_PAIRS:
            pairs = [pair for pair in pairs if pair[0] == defined[0]]
        values = {name: estimates[name].value or 0.0 for name in defined}
        p_values = [self._p_value(metric, a, b, values[a] - values[b]) for a, b in pairs]
        known = [p for p in p_values if p is not None]
        adjusted = iter(holm(known, comparisons=self._pairs))
        corrected = [None if p is None else next(adjusted) for p in p_values]
        return [
            self._difference(
                (a, b),
                values[a] - values[b],
                (drawn[a], drawn[b]),
                (p, q),
            )
            for (a, b), p, q in zip(pairs, p_values, corrected, strict=True)
        ]

    def _p_value(self, metric: Metric, a: str, b: str, difference: float) -> float | None:
        if self._groups < 2:
            return None
        both = stacked(self._on_scale(metric, a), self._on_scale(metric, b))
        try:
            prepared = metric.prepare_test(both)
            if metric.tested_by and self._as_they_are(prepared) * difference <= 0:
                return 1.0  # they are equal, or the other one is better by what they are tested with
        except Undefined:
            return None
        found = randomisation_p_value(prepared.exchanged, self._masks)
        least = 2.0 ** (1 - self._groups)  # an exchange of all differs as much as none
        return None if found is None else max(found, least)

    def _as_they_are(self, prepared: Prepared) -> float:
        """By how much two configs differ as they are."""
        return float(prepared.exchanged(np.zeros((1, self._masks.shape[1]), dtype=bool))[0])

    def _on_scale(self, metric: Metric, name: str) -> ScoreTable:
        """The contender's table as `mtqa.bench.stack` needs it for this metric."""
        if metric.kind not in ("ranking", "words"):
            return self._tables[name]
        linear = metric.reads_values
        if (name, linear) not in self._scaled:
            self._scaled[name, linear] = on_common_scale(self._tables[name], linear=linear)
        return self._scaled[name, linear]

    def _difference(
        self,
        names: tuple[str, str],
        value: float,
        drawn: tuple[Array, Array],
        p_values: tuple[float | None, float | None],
    ) -> Difference:
        p_value, p_holm = p_values
        separated = p_holm is not None and p_holm < ALPHA
        spread = paired_bootstrap(*drawn, value) if self._groups > 1 else None
        more = None
        if not separated and spread is not None:
            more = more_documents(value, spread.standard_error, self._groups, alpha=ALPHA / self._pairs)
        return Difference(
            *names,
            value=value,
            low=spread.low if spread else None,
            high=spread.high if spread else None,
            standard_error=spread.standard_error if spread else None,
            p_bootstrap=spread.p_value if spread else None,
            p_randomisation=p_value,
            p_holm=p_holm,
            separated=separated,
            more_documents=more,
        )


def _chance(metric: Metric, table: ScoreTable) -> float | None:
    """What scores that know nothing would get: for rankings, all sentences the same."""
    if metric.chance is not None or metric.kind != "ranking":
        return metric.chance
    blind = dataclasses.replace(table, scores=np.zeros(len(table)))
    try:
        return metric.function(blind, np.ones(len(table.data.documents)))
    except Undefined:
        return None


def _sort_key(estimate: Estimate, sign: int) -> tuple[bool, float]:
    return estimate.value is None, -sign * (estimate.value or 0.0)
