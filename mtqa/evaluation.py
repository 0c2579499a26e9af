"""Config and labelled data to an evaluation: where the pipeline and the bench are joined.

import mtqa
evaluation = mtqa.evaluate("labelled.jsonl", measure="perplexity")
evaluation.metrics()["average_precision"].value
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from mtqa.bench.evaluate import EvaluateSettings, Evaluation, evaluate_tables
from mtqa.bench.groups import check_groups
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.labelled.made import corrupted_set
from mtqa.bench.records import LabelledSet, ScoreTable
from mtqa.bench.scoring import Scorer, score_set
from mtqa.config import Config, ConfigLike, as_config, make_config
from mtqa.errors import UsageError
from mtqa.lm.backend import Backend
from mtqa.lm.progress import NoProgress, Progress
from mtqa.pipeline import Ranker
from mtqa.records import Document, Report

Data = str | os.PathLike[str] | LabelledSet


def evaluate(
    data: Data | Sequence[Data],
    config: ConfigLike | None = None,
    *,
    settings: EvaluateSettings | None = None,
    columns: str | None = None,
    limit: int = 0,
    progress: Progress | None = None,
    backend: Backend | None = None,
    **overrides: Any,
) -> Evaluation:
    """How well a config finds what is labelled as corrupted, every metric with its 95 % interval.

    ``data``: files, hub ids, YAML descriptions (`mtqa.bench.labelled.spec`) or sets that are loaded already.
    ``columns``: a YAML file that maps column names. ``limit``: so many documents, pairs or sentences of each,
    drawn with the settings' seed. ``overrides`` are `Config` fields. Raises `mtqa.MtqaError`.

    >>> mtqa.evaluate("labelled.jsonl").metrics()["roc_auc"].value   # doctest: +SKIP
    """
    settings = settings or EvaluateSettings()
    progress = progress or NoProgress()
    merged = make_config({**as_config(config).model_dump(), **overrides})
    sets = load_sets(data, columns=columns, limit=limit, seed=settings.seed)
    check_groups(sets, settings.by)
    tables = score_sets(sets, Ranker(merged, backend=backend, progress=progress), _name(merged), progress)
    return evaluate_tables(tables, settings, progress=progress)


def load_sets(
    data: Data | Sequence[Data], *, columns: str | None = None, limit: int = 0, seed: int = 0
) -> tuple[LabelledSet, ...]:
    """The labelled sets, no two of one name. Raises `InputError` for bad data, `UsageError` for none.

    The same data given twice is a `UsageError` too: pooled, every document would count as two.
    """
    given = _listed(data)
    if not given:
        raise UsageError("name labelled data: a file, a hub id, or a YAML that describes them")
    return _told_apart(
        [
            one
            if isinstance(one, LabelledSet)
            else load_labelled(os.fspath(one), columns=columns, limit=limit, seed=seed)
            for one in given
        ]
    )


def _listed(data: Data | Sequence[Data]) -> list[Data]:
    """What was given, one or several. Raises `UsageError` for what is no data."""
    if isinstance(data, str | os.PathLike | LabelledSet):
        return [data]
    given = list(data) if isinstance(data, Iterable) else [data]
    for one in given:
        if not isinstance(one, str | os.PathLike | LabelledSet):
            raise UsageError(f"labelled data are named by a str or a Path, not by a {type(one).__name__}")
    return given


def _told_apart(sets: Sequence[LabelledSet]) -> tuple[LabelledSet, ...]:
    made = []
    for i, one in enumerate(sets):
        before = sets[:i]
        if any(other.digest == one.digest and other.documents == one.documents for other in before):
            raise UsageError(
                f"{one.name} is given twice: its documents would count as two each; name it once"
            )
        number = 1 + sum(other.name == one.name for other in before)
        made.append(replace(one, name=f"{one.name} #{number}") if number > 1 else one)
    return tuple(made)


def corrupted_sets(paths: Sequence[str], *, seed: int = 0, limit: int = 0) -> tuple[LabelledSet, ...]:
    """One labelled set from clean articles, corrupted on the fly as by `mtqa corrupt`.

    ``paths``: articles, or JSONL of clean documents with ``paragraphs``. ``limit``: so many of them, drawn.
    """
    return (corrupted_set(paths, seed=seed, limit=limit),)


def score_sets(
    sets: Sequence[LabelledSet], ranker: Ranker, name: str, progress: Progress
) -> tuple[ScoreTable, ...]:
    """Each set's table by one ranker; ``name`` is the config's. The model is loaded once."""
    scorer = scorer_of(ranker)
    return tuple(score_set(data, scorer, config=name, progress=progress) for data in sets)


def _name(config: Config) -> str:
    return f"{config.model} {config.measure} {config.context}"


def scorer_of(ranker: Ranker) -> Scorer:
    """Ranks documents in the ranker's context, isolated sentences without any; every sentence of them."""
    if ranker.config.fdr is not None:
        # A report at a false discovery rate leaves out what is not found; a metric needs all scores.
        whole = ranker.with_config(ranker.config.model_copy(update={"fdr": None}))
        whole.work = ranker.work
        ranker = whole
    alone = ranker.in_context("none")

    def scorer(document: Document, isolated: bool) -> Report:
        return (alone if isolated else ranker).rank(document, repaired=0)

    return scorer
