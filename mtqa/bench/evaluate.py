"""Score tables to an `Evaluation`: every metric with its interval, breakdowns, floors and references.

Tables of one shape are pooled (their documents together are what is resampled), each with its own figures in
the breakdown by ``data``. One draw of document weights serves everything that stands in one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mtqa.bench.beside import CHANCE, PERFECT, ceiling, floors
from mtqa.bench.checked import check_names, check_whole
from mtqa.bench.figures import Draws, Figure, Figures, by_definition, figure, figures, is_alone, measured
from mtqa.bench.groups import MOST_VALUES, breakdowns, check_groups, count_values, shown_groups
from mtqa.bench.metrics import METRICS, Metric, Undefined, applicable
from mtqa.bench.metrics.base import by_document, ratio
from mtqa.bench.metrics.calibration import Bin, base_rate_brier, reliability
from mtqa.bench.metrics.correlation import rows_of_systems
from mtqa.bench.records import SHAPES, LabelledSet, ScoreTable
from mtqa.bench.references import SIGNS, ReferenceScores, has_references, missing_references, reference_scores
from mtqa.bench.resample import document_weights, few_documents, unit
from mtqa.bench.scoring import not_scored
from mtqa.bench.tables import group_values, groups_of, peak_of, pooled, subset
from mtqa.lm.progress import NoProgress, Progress

SCHEMA = 1
#: What metrics need that compare with people's scores, or with the order of systems.
_OF_PEOPLE = ("score", "systems")


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """``seed`` and number of bootstrap ``resamples``; ``by``: groups to break the figures down by."""

    seed: int = 0
    resamples: int = 1000
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_whole(seed=self.seed, resamples=self.resamples)
        check_names("by", self.by)


@dataclass(frozen=True, slots=True)
class SystemScore:
    """A system's mean score over its sentences, in the known order where there is one."""

    name: str
    mean: Figure


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """The figures of one shape. ``beside``: the same metrics of floors, sacrebleu and the gold, by row.

    ``by_beside``: of the values of ``by`` the first ranking metric of floors and gold, by row.
    """

    shape: str
    metrics: Figures
    beside: Mapping[str, Figures]
    by: Mapping[str, Mapping[str, Figures]]
    by_beside: Mapping[str, Mapping[str, Mapping[str, Figures]]] = field(default_factory=dict)
    references: tuple[ReferenceScores, ...] = ()
    reliability: tuple[Bin, ...] = ()
    systems: tuple[SystemScore, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What an evaluation found; `record` is its JSON."""

    config: str
    signature: str
    settings: EvaluateSettings
    tables: tuple[ScoreTable, ...]
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        names = ", ".join(data.name for data in self.data)
        return f"<Evaluation of {self.config} on {names}; {len(self.metrics()):,} metrics>"

    @property
    def data(self) -> tuple[LabelledSet, ...]:
        """The sets, in the order given."""
        return tuple(table.data for table in self.tables)

    def shown(self, shape: str, metric: str) -> str:
        """The name of a shape's metric: ``shape.metric`` where an earlier shape has the metric as well."""
        first = next((s.shape for s in self.sections if metric in s.metrics), shape)
        return metric if first == shape else f"{shape}.{metric}"

    def metrics(self) -> dict[str, Figure]:
        """Every figure by its shown name."""
        return {self.shown(s.shape, name): value for s in self.sections for name, value in s.metrics.items()}

    def record(self) -> dict[str, Any]:
        """Schema 1: see docs/evaluation-schema-1.json."""
        return {
            "schema": SCHEMA,
            "signature": self.signature,
            "config": self.config,
            "data": [_data(table) for table in self.tables],
            "metrics": {name: value.record() for name, value in self.metrics().items()},
            "by": _merged([self._by(section) for section in self.sections]),
            "by_beside": _merged([self._by_beside(section) for section in self.sections]),
            "beside": _merged([self._beside(section) for section in self.sections]),
            "references": _merged([_references(section) for section in self.sections]),
            "reliability": [_bin(b) for section in self.sections for b in section.reliability],
            "systems": [_system(s, section.shape) for section in self.sections for s in section.systems],
            "cost": _cost(self.tables),
            "warnings": list(self.warnings),
        }

    def _by(self, section: Section) -> dict[str, Any]:
        return {
            group: {value: self._figures(section, own) for value, own in values.items()}
            for group, values in section.by.items()
        }

    def _by_beside(self, section: Section) -> dict[str, Any]:
        return {
            group: {
                value: {row: self._figures(section, own) for row, own in rows.items()}
                for value, rows in values.items()
            }
            for group, values in section.by_beside.items()
        }

    def _beside(self, section: Section) -> dict[str, Any]:
        return {row: self._figures(section, own) for row, own in section.beside.items()}

    def _figures(self, section: Section, own: Figures) -> dict[str, Any]:
        return {self.shown(section.shape, name): figure.record() for name, figure in own.items()}


def evaluate_tables(
    tables: Sequence[ScoreTable], settings: EvaluateSettings, *, progress: Progress | None = None
) -> Evaluation:
    """One config's tables, evaluated. Raises `UsageError` for a group that no data have."""
    check_groups([table.data for table in tables], settings.by)
    progress = progress or NoProgress()
    known = groups_of([table.data for table in tables])
    sections = []
    for shape in SHAPES:
        own = [table for table in tables if table.data.shape == shape]
        if own:
            sections.append(_section(own, settings, known, progress))
    return Evaluation(
        config=tables[0].config,
        signature=_signature(tables, settings),
        settings=settings,
        tables=tuple(tables),
        sections=tuple(sections),
        warnings=tuple(_warnings(tables)),
    )


def _section(
    tables: Sequence[ScoreTable], settings: EvaluateSettings, known: Mapping[str, str], progress: Progress
) -> Section:
    table = pooled(tables)
    metrics = applicable(table)
    draws = table_draws(table, settings)
    references = reference_scores(table, draws, progress=progress) if has_references(table) else []
    groups = shown_groups(tables, settings.by, known)
    bare = {name: _alike(other, table) for name, other in floors(table).items()}
    return Section(
        shape=table.data.shape,
        metrics=figures(metrics, table, draws),
        beside=dict(_rows(table, metrics, draws, bare, references)),
        by=breakdowns(table, metrics, draws, groups, progress),
        by_beside=_beside_groups(table, metrics, draws, groups, bare),
        references=tuple(references),
        reliability=_reliability(table),
        systems=tuple(_systems(table, draws)),
    )


def _alike(other: ScoreTable, table: ScoreTable) -> ScoreTable:
    """Another's scores on the config's own rows: what it did not score counts in no correlation."""
    return replace(other, unscored=table.unscored)


def _beside_groups(
    table: ScoreTable,
    metrics: Sequence[Metric],
    draws: Draws,
    groups: Mapping[str, str],
    bare: Mapping[str, ScoreTable],
) -> dict[str, dict[str, dict[str, Figures]]]:
    """Group → value → floor or gold → the first metric that ranks, on that value's rows alone."""
    metric = next((m for m in metrics if m.kind == "ranking"), None)
    if metric is None or not groups:
        return {}
    rows = {**bare, PERFECT: _alike(ceiling(table, human=metric.needs in _OF_PEOPLE), table)}
    return {
        name: {
            value: {
                row: {metric.name: _beside_value(metric, row, subset(other, group.rows), draws)}
                for row, other in rows.items()
            }
            for value, group in group_values(table, key).items()
        }
        for name, key in groups.items()
    }


def _beside_value(metric: Metric, row: str, part: ScoreTable, draws: Draws) -> Figure:
    if row == PERFECT:
        return by_definition(figure(metric, part, draws[:0]))
    return _floor(metric, row, part, draws)


def table_draws(table: ScoreTable, settings: EvaluateSettings) -> Draws:
    """The document weights ``(B, D)``: the same for every table over the same data."""
    rng = np.random.default_rng(settings.seed)
    data = table.data
    return document_weights(len(data.documents), settings.resamples, rng, clusters=data.clusters())


def _rows(
    table: ScoreTable,
    metrics: Sequence[Metric],
    draws: Draws,
    bare: Mapping[str, ScoreTable],
    references: Sequence[ReferenceScores],
) -> Iterator[tuple[str, dict[str, Figure]]]:
    """Floors, sacrebleu (it sees the answer) and the gold itself, each with what it has figures for."""
    for name, other in bare.items():
        yield name, {m.name: _floor(m, name, other, draws) for m in metrics if _bare(m, other)}
    for scores in references:
        own = [m for m in metrics if m.kind == "ranking"]
        yield f"{scores.name} (sees the answer)", figures(own, scores.table, draws)
    perfect = {human: _alike(ceiling(table, human=human), table) for human in (False, True)}
    yield (
        PERFECT,
        {
            m.name: by_definition(figure(m, perfect[m.needs in _OF_PEOPLE], draws[:0]))
            for m in metrics
            if m.kind in ("ranking", "words")
        },
    )


def _bare(metric: Metric, table: ScoreTable) -> bool:
    """Has a row without marks and probabilities this figure? Chance has one for probabilities as well."""
    if metric.kind == "probability":
        return table.config == CHANCE and metric.name == "brier"
    return metric.kind == "ranking" or (metric.kind == "words" and "+marked" not in metric.needs)


def _floor(metric: Metric, name: str, table: ScoreTable, draws: Draws) -> Figure:
    if name == CHANCE and metric.chance is not None:
        return _by_chance(metric, metric.chance, table)
    if name == CHANCE and metric.name == "brier":
        try:
            return measured(base_rate_brier(table), metric.unit, draws, alone=is_alone(table))
        except Undefined as error:
            return Figure(None, unit=metric.unit, undefined=str(error))
    return figure(metric, table, draws)


def _by_chance(metric: Metric, chance: float, table: ScoreTable) -> Figure:
    """By definition: no draw moves it."""
    try:
        gold = ceiling(table, human=metric.needs in _OF_PEOPLE)
        n = metric.prepare(replace(gold, unscored=table.unscored)).n
    except Undefined as error:
        return Figure(None, unit=metric.unit, undefined=str(error))
    return by_definition(Figure(chance, n=n, unit=metric.unit))


def _reliability(table: ScoreTable) -> tuple[Bin, ...]:
    if METRICS["brier"] not in applicable(table):
        return ()
    return reliability(table)


def _systems(table: ScoreTable, draws: Draws) -> Iterator[SystemScore]:
    """Worst first where the order is known, else by name: of the sentences that `system_kendall` is over.

    Two systems have no order to be measured, but a mean each; one has nothing to be compared with.
    """
    names, _, rows = rows_of_systems(table)
    there = set(names[rows].tolist())
    if len(there) < 2:
        return
    for name in table.data.system_order or sorted(there):
        own = (names == name) & rows
        if own.any():
            counts = by_document(table, np.ones(len(table)), own)
            mean = ratio(int(own.sum()), by_document(table, table.scores, own), counts, "it has no sentence")
            yield SystemScore(name, measured(mean, "sentences", draws, alone=is_alone(table)))


def _signature(tables: Sequence[ScoreTable], settings: EvaluateSettings) -> str:
    scorers = " + ".join(dict.fromkeys(table.signature for table in tables))
    digests = ",".join(table.data.stamp for table in tables)
    return f"{scorers}|data:{digests}|seed:{settings.seed}|resamples:{settings.resamples}"


def _warnings(tables: Sequence[ScoreTable]) -> Iterator[str]:
    for table in tables:
        yield from table.data.warnings
        yield from (f"{table.data.name}: {warning}" for warning in table.warnings)
        yield from (f"{table.data.name}: {note}" for note in not_scored(table))
        count = len(set(table.data.clusters().tolist()))
        drawn = unit(table.data.shape, grouped=count != len(table.data.documents))
        if few := few_documents(count, drawn):
            yield f"{table.data.name}: {few}"
    pairs = [table.data for table in tables if table.data.shape == "pairs"]
    if (count := count_values(pairs, "phenomenon")) > MOST_VALUES:
        yield f"{count:,} phenomena, at most {MOST_VALUES} make a table: pairs are not broken down by them"
    for shape in SHAPES:
        yield from _without_references([table for table in tables if table.data.shape == shape])


def _without_references(tables: Sequence[ScoreTable]) -> Iterator[str]:
    """One line where some of one shape's sentences have a reference, and others none."""
    counts = [missing_references(table) for table in tables]
    missing, count = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    if 0 < missing < count:
        names = ", ".join(table.data.name for table, own in zip(tables, counts, strict=True) if own[0])
        said = ", ".join(SIGNS)
        yield f"{names}: {missing:,} of {count:,} sentences have no reference: {said} are of the others"


def _data(table: ScoreTable) -> dict[str, Any]:
    data = table.data
    return {
        "name": data.name,
        "digest": data.digest,
        "shape": data.shape,
        "n": len(data),
        "documents": len(data.documents),
        "clusters": len(set(data.clusters().tolist())),
        "corrupted": data.corrupted,
    }


def _cost(tables: Sequence[ScoreTable]) -> dict[str, float | None]:
    seconds = sum(table.seconds for table in tables)
    tokens = int(sum(table.tokens.sum() for table in tables))
    return {"seconds": seconds, "tokens": tokens, "peak_mb": peak_of(tables)}


def _references(section: Section) -> dict[str, Any]:
    return {
        r.name: {section.shape: {**r.corpus.record(), "signature": r.signature}} for r in section.references
    }


def _bin(one: Bin) -> dict[str, Any]:
    return {
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "probability": one.probability,
        "corrupted": one.corrupted,
    }


def _system(one: SystemScore, shape: str) -> dict[str, Any]:
    mean = {"score": one.mean.value, "low": one.mean.low, "high": one.mean.high, "n": one.mean.n}
    return {"system": one.name, "shape": shape, **mean}


def _merged(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mappings of mappings as one; what only one of them has stays as it is."""
    made: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            old = made.get(key)
            if isinstance(old, dict) and isinstance(value, dict):
                value = _merged([old, value])
            made[key] = value
    return made
