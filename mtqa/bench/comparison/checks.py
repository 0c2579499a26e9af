"""What a comparison refuses: metrics that don't exist or can't be had, tables of different sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mtqa.bench.beside import bare_table
from mtqa.bench.comparison.records import Contender
from mtqa.bench.fluency import BITS_PER_BYTE, PERPLEXITY
from mtqa.bench.metrics import METRICS, Metric, applies
from mtqa.bench.records import LabelledSet, ScoreTable
from mtqa.errors import UsageError, unknown

#: What models with different tokenizers are compared by: in what order they put sentences, words and systems,
#: and what the whole text costs them in bits.
BY_ORDER = (
    {metric.name for metric in METRICS.values() if metric.kind == "ranking" and metric.name != "pearson"}
    | {"span_word_average_precision", "word_average_precision"}
    | {BITS_PER_BYTE.name}
)


def known_metrics() -> dict[str, Metric]:
    """Every metric that configs can be compared by."""
    return {**METRICS, BITS_PER_BYTE.name: BITS_PER_BYTE, PERPLEXITY.name: PERPLEXITY}


def check_metrics(names: Sequence[str]) -> None:
    """Raises `UsageError` for a name that is no metric's."""
    for name in names:
        if name not in known_metrics():
            raise UsageError(unknown("metric", name, known_metrics()))


def check_applicable(names: Sequence[str], sets: Sequence[LabelledSet]) -> None:
    """Raises `UsageError` for a metric that no set is annotated for: before any scoring."""
    for name in names:
        if name in METRICS and not can_be_had(name, sets):
            raise not_to_be_had(name, "these data")


def can_be_had(metric: str, sets: Sequence[LabelledSet]) -> bool:
    """Is a set annotated for the metric, so that a config which gives all that there is would have it?"""
    return any(applies(METRICS[metric], _everything(data)) for data in sets)


def _everything(data: LabelledSet) -> ScoreTable:
    """A table of a config that gives all that there is."""
    nothing = np.zeros(len(data))
    bare = bare_table(data, "", nothing)
    none = ((),) * len(data)
    return dataclasses.replace(bare, words=none, marked=none, probability=nothing, q_value=nothing)


def not_to_be_had(metric: str, reason: str) -> UsageError:
    """What is said of a metric that was asked for and that ``reason`` rules out."""
    return UsageError(f"metric {metric!r} can't be had for {reason}; leave it out")


def different_tokenizers(contenders: Sequence[Contender]) -> bool:
    """Do they cut a text into different tokens?"""
    return len({contender.tokenizer for contender in contenders}) > 1


def notes_on(contenders: Sequence[Contender]) -> tuple[str, ...]:
    """What is said above a comparison of models that can't be compared in all."""
    if not different_tokenizers(contenders):
        return ()
    return (
        "The models have different tokenizers: they are compared by how they rank and by bits per byte, "
        "not by perplexity, marks or probabilities. For these, evaluate each config by itself.",
    )


def of_different_tokenizers(metric: str) -> UsageError:
    """What is said of a metric that needs more than the order, where two models have other tokens."""
    return not_to_be_had(metric, "models with different tokenizers")


def no_probabilities(metric: str, configs: Sequence[str]) -> UsageError:
    """What is said of a metric that all these configs lack the probabilities for."""
    named = f"{', '.join(configs[:-1])} and {configs[-1]}"
    return not_to_be_had(metric, f"{named}, which give no probabilities (that takes a calibrated detector)")


def missed(metric: str, contenders: Sequence[Contender], sets: Sequence[LabelledSet]) -> UsageError:
    """What is said where no set has a metric that was asked for."""
    if metric not in BY_ORDER and different_tokenizers(contenders):
        return of_different_tokenizers(metric)
    if metric in METRICS and METRICS[metric].kind == "probability" and can_be_had(metric, sets):
        return no_probabilities(metric, [contender.name for contender in contenders])
    return not_to_be_had(metric, "these data")


def check_same_data(tables: Sequence[ScoreTable]) -> None:
    """Raises `UsageError` unless all tables score the same sentences in the same order."""
    first = tables[0]
    for other in tables[1:]:
        if other.data is first.data:
            continue
        ours, theirs = list(first.data.sentences()), list(other.data.sentences())
        where = f"{first.config} and {other.config} were not scored on the same sentences"
        if len(ours) != len(theirs):
            raise UsageError(
                f"{where}: {len(ours)} of {first.data.name}, {len(theirs)} of {other.data.name}; "
                "score both on the same data, with the same --limit and --seed"
            )
        if differing := [i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]:
            raise UsageError(
                f"{where}: sentence {differing[0] + 1} of {first.data.name} differs; "
                "score both on the same data"
            )
        if not np.array_equal(first.document, other.document):
            raise UsageError(f"{where}: {first.data.name} is cut into documents in two ways")
