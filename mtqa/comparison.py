"""Configs and labelled data to a comparison: where the pipeline and the bench are joined.

import mtqa
found = mtqa.compare(["configs/measures.yaml"], "labelled.jsonl")
if leader := found.sets[0].leader:
    print(leader.best, leader.cluster)
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mtqa import __version__
from mtqa.bench.comparison.build import CompareSettings, compare_tables
from mtqa.bench.comparison.checks import (
    BY_ORDER,
    can_be_had,
    check_applicable,
    check_metrics,
    no_probabilities,
    of_different_tokenizers,
)
from mtqa.bench.comparison.records import Comparison, Contender, Cost
from mtqa.bench.metrics import METRICS
from mtqa.bench.records import LabelledSet, ScoreTable
from mtqa.bench.scoring import score_set
from mtqa.config import Config, ConfigLike, NamedConfig, as_config, load_configs
from mtqa.detect.measures import check_measure
from mtqa.errors import UsageError
from mtqa.evaluation import Data, load_sets, scorer_of
from mtqa.lm.backend import Backend
from mtqa.lm.progress import NoProgress, Progress
from mtqa.pipeline import Ranker

Configs = Mapping[str, ConfigLike] | Sequence[str | os.PathLike[str] | NamedConfig]

#: Configs that agree in these can share a loaded model.
_LOADED_BY = ("model", "device", "dtype", "threads", "start_token")


def compare(
    configs: Configs,
    data: Data | Sequence[Data],
    *,
    settings: CompareSettings | None = None,
    columns: str | None = None,
    limit: int = 0,
    progress: Progress | None = None,
    backend: Backend | None = None,
) -> Comparison:
    """Every config on the same sentences, metric by metric, with what separates them.

    ``configs``: names to `Config`, or files: configs and comparison sets (`mtqa.config.load_configs`).
    ``data``, ``columns``, ``limit``: as in `mtqa.evaluate`. ``backend`` replaces every config's model.
    Raises `mtqa.MtqaError`.

    >>> first = mtqa.compare(["a.yaml", "b.yaml"], "labelled.jsonl").sets[0]   # doctest: +SKIP
    >>> first.leader.best if first.leader else None                            # doctest: +SKIP
    """
    settings = settings or CompareSettings()
    progress = progress or NoProgress()
    named = named_configs(configs)
    check_metrics(settings.metrics)
    sets = load_sets(data, columns=columns, limit=limit, seed=settings.seed)
    check_applicable(settings.metrics, sets)
    _check_tokenizers(settings.metrics, named, progress, backend)
    _check_probabilities(settings.metrics, named, sets, progress, backend)
    runs = _run_all(named, sets, progress, backend)
    found = compare_tables(
        [run.contender for run in runs],
        [[run.tables[i] for run in runs] for i in range(len(sets))],
        [{run.contender.name: run.costs[i] for run in runs} for i in range(len(sets))],
        settings,
        progress=progress.update,
    )
    return replace(found, signature=f"mtqa:{__version__}|{found.signature}")


def named_configs(configs: Configs) -> tuple[NamedConfig, ...]:
    """All of them, checked before any work. Raises `ConfigError`, and `UsageError` for fewer than two."""
    if isinstance(configs, Mapping):
        named = [NamedConfig(str(name), as_config(config)) for name, config in configs.items()]
    else:
        named = [config for one in _listed(configs) for config in _named(one)]
    if len(named) < 2:
        raise UsageError("a comparison needs two configs at least: name another, or a comparison set")
    for one in named:
        check_measure(one.config.measure, where=one.name)
    return tuple(named)


def _listed(configs: object) -> Iterable[object]:
    """The files and named configs among them. Raises `UsageError` for what is no collection."""
    if isinstance(configs, str | os.PathLike):
        return [configs]
    if not isinstance(configs, Iterable):
        kind = type(configs).__name__
        raise UsageError(f"configs to compare are files, or a mapping of names to configs, not a {kind}")
    return configs


def _named(one: object) -> tuple[NamedConfig, ...]:
    """A file's configs, or the one that has a name. Raises as `named_configs`."""
    if isinstance(one, NamedConfig):
        return (one,)
    if isinstance(one, Config | Mapping):
        raise UsageError("configs to compare need names: give a mapping of names to configs")
    if not isinstance(one, str | os.PathLike):
        raise UsageError(f"a config to compare is a file's name, not a {type(one).__name__}")
    return load_configs([Path(one)])


def _check_tokenizers(
    metrics: Sequence[str], configs: Sequence[NamedConfig], progress: Progress, backend: Backend | None
) -> None:
    """Raises `UsageError` for a metric that different tokenizers rule out: before any scoring."""
    barred = [name for name in metrics if name not in BY_ORDER]
    models = {one.config.model for one in configs}
    if not barred or backend is not None or len(models) < 2:
        return
    from mtqa.lm.fetch import ensure_model

    if len({ensure_model(name, progress=progress).tokenizer_sha256 for name in sorted(models)}) > 1:
        raise of_different_tokenizers(barred[0])


def _check_probabilities(
    metrics: Sequence[str],
    configs: Sequence[NamedConfig],
    sets: Sequence[LabelledSet],
    progress: Progress,
    backend: Backend | None,
) -> None:
    """Raises `UsageError` for a metric of probabilities that no config gives: before any scoring."""
    name = next((name for name in metrics if name in METRICS and METRICS[name].kind == "probability"), None)
    if name is None:
        return
    # At a rate a config without a calibration is an error of its own, which scoring tells.
    whole = [one.config.model_copy(update={"fdr": None}) for one in configs]
    rankers = (Ranker(config, backend=backend, progress=progress) for config in whole)
    usable = [data for data in sets if can_be_had(name, [data])]
    if not any(_gives_probabilities(ranker, data) for ranker in rankers for data in usable):
        raise no_probabilities(name, [one.name for one in configs])


def _gives_probabilities(ranker: Ranker, data: LabelledSet) -> bool:
    """Has it a calibrated detector for each way in which the set's sentences are read?"""
    contexts = {"none" if document.isolated else ranker.config.context for document in data.documents}
    return all(ranker.in_context(context).calibration is not None for context in contexts)


@dataclass(frozen=True, slots=True)
class _Run:
    """A config that has been scored, its tables and costs, a set each; nothing of its model."""

    contender: Contender
    tables: list[ScoreTable]
    costs: list[Cost]


def _run(named: NamedConfig, ranker: Ranker, sets: Sequence[LabelledSet], progress: Progress) -> _Run:
    scored = [_scored(data, named, ranker, progress) for data in sets]
    tables = [table for table, _ in scored]
    return _Run(_contender(named, ranker, tables), tables, [cost for _, cost in scored])


def _scored(
    data: LabelledSet, named: NamedConfig, ranker: Ranker, progress: Progress
) -> tuple[ScoreTable, Cost]:
    """Memory is that of the process since this began, the model's load included."""
    work = ranker.work
    before = (work.tokens, work.seconds, work.ledger_tokens)
    counted = _forget_peak()
    table = score_set(data, scorer_of(ranker), config=named.name, progress=progress)
    cost = Cost(
        tokens=work.tokens - before[0],
        seconds=work.seconds - before[1],
        ledger_tokens=work.ledger_tokens - before[2],
        peak_mb=_peak_mb() if counted else None,
    )
    return table, cost


def _contender(named: NamedConfig, ranker: Ranker, tables: Sequence[ScoreTable]) -> Contender:
    """Known once something has been scored: sentences that stand alone are read without context."""
    signatures = [table.signature for table in tables]
    return Contender(
        name=named.name,
        settings=named.config.model_dump(exclude_unset=True),
        signature=" + ".join(dict.fromkeys(signatures)),
        tokenizer=ranker.identity.tokenizer_sha256,
        scoring=" + ".join(dict.fromkeys(table.scoring for table in tables)),
    )


def _run_all(
    configs: Sequence[NamedConfig], sets: Sequence[LabelledSet], progress: Progress, backend: Backend | None
) -> list[_Run]:
    """In the order given; those that share a model run one after the other, so that one is held at a time."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i, named in enumerate(configs):
        groups.setdefault(tuple(getattr(named.config, key) for key in _LOADED_BY), []).append(i)
    runs: dict[int, _Run] = {}
    for members in groups.values():
        group = _run_group([configs[i] for i in members], sets, progress, backend)
        runs.update(zip(members, group, strict=True))
        gc.collect()  # a model lies in circles: the next one's peak would count it
    return [runs[i] for i in range(len(configs))]


def _run_group(
    configs: Sequence[NamedConfig], sets: Sequence[LabelledSet], progress: Progress, backend: Backend | None
) -> list[_Run]:
    """Those that share a model; it goes with the rankers when this returns."""
    first = Ranker(configs[0].config, backend=backend, progress=progress)
    rankers = [first, *(first.with_config(one.config) for one in configs[1:])]
    return [_run(one, ranker, sets, progress) for one, ranker in zip(configs, rankers, strict=True)]


def _forget_peak() -> bool:
    """Starts the process's peak memory anew; False where the system has no such thing (all but Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak_mb() -> float | None:
    """The most memory held since `_forget_peak`, in millions of bytes."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    return None if kilobytes is None else int(kilobytes) * 1024 / 1e6
