"""The figures of an evaluation, group by group: which groups there are, and each value's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mtqa.bench.figures import Draws, Figure, Figures, figures
from mtqa.bench.metrics import Metric, applicable
from mtqa.bench.records import LabelledSet, ScoreTable
from mtqa.bench.tables import FILE, group_values, groups_of, subset
from mtqa.errors import UsageError, one_line, unknown
from mtqa.lm.progress import Progress

#: Of probabilities, but read of corrupted sentences alone: no contrast moves it.
_OF_CORRUPTED = ("recall_at_fdr_10",)
_CONTRAST = (
    "the sound sentences stand here against each type of corruption: no probability is of this one alone"
)
_LACKING = "nothing in the group to measure it by"
#: More values than that are no groups but names.
MOST_VALUES = 200


def check_groups(sets: Sequence[LabelledSet], by: Sequence[str]) -> None:
    """Raises `UsageError` where no data have such a group: before any scoring."""
    known = groups_of(sets)
    for name in by:
        if name not in known:
            raise UsageError(f"--by {unknown('group', name, known)}")
        if (count := count_values(sets, known[name])) > MOST_VALUES:
            raise UsageError(
                f"--by {one_line(name, 60)}: has {count:,} values, at most {MOST_VALUES} make a table"
            )


def count_values(sets: Sequence[LabelledSet], group: str) -> int:
    """How many values the group has."""
    return len({s.groups.get(group) for data in sets for s in data.sentences()} - {None, ""})


def shown_groups(tables: Sequence[ScoreTable], by: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """What was asked for; pairs by phenomenon, unless there are too many, and several files by file.

    ``known``, and what is returned: group → its key.
    """
    wanted = list(by)
    if len(tables) > 1:
        wanted = [name for name, key in known.items() if key == FILE and name not in wanted] + wanted
    few = count_values([table.data for table in tables], "phenomenon") <= MOST_VALUES
    if tables[0].data.shape == "pairs" and "phenomenon" not in wanted and few:
        wanted.append("phenomenon")
    there = set(groups_of([table.data for table in tables]).values())
    return {name: known[name] for name in wanted if known.get(name) in there}


def breakdowns(
    table: ScoreTable,
    metrics: Sequence[Metric],
    draws: Draws,
    groups: Mapping[str, str],
    progress: Progress,
) -> dict[str, dict[str, Figures]]:
    """Group → value → the table's ``metrics`` on that value's rows alone, or why there are none.

    ``groups``: group → its key, of `shown_groups`.
    """
    made: dict[str, dict[str, Figures]] = {}
    for name, key in groups.items():
        rows = group_values(table, key)
        made[name] = {}
        for number, (value, group) in enumerate(rows.items()):
            progress.update(f"by {name}", number, len(rows))
            part = subset(table, group.rows)
            made[name][value] = _of_group(part, metrics, draws, contrast=group.contrast)
    return made


def _of_group(part: ScoreTable, metrics: Sequence[Metric], draws: Draws, *, contrast: bool) -> Figures:
    """A value's figures; ``contrast``: beside its sentences stand sound ones, and no other type's."""
    there = set(applicable(part))
    why = {}
    for metric in metrics:
        if metric not in there:
            why[metric.name] = _LACKING
        elif contrast and metric.kind == "probability" and metric.name not in _OF_CORRUPTED:
            why[metric.name] = _CONTRAST
    known = figures([m for m in metrics if m.name not in why], part, draws)
    return {
        m.name: known.get(m.name) or Figure(None, unit=m.unit, undefined=why[m.name])
        for m in metrics
        if m.name != "accuracy_by_phenomenon"
    }
