"""The evaluation for a terminal of 80 columns, a pipe, or a log."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mtqa.bench.evaluate import Evaluation, Section
from mtqa.bench.figures import Figure
from mtqa.bench.reports import view
from mtqa.report.formats import RenderOptions
from mtqa.report.plain import string_console
from mtqa.report.safe import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDTH = 80

Cell = str


def render(evaluation: Evaluation, options: RenderOptions) -> str:
    """Plain text; ANSI colours only where asked for."""
    buffer = io.StringIO()
    console = string_console(buffer, options.width or _WIDTH, color=options.color)
    for item in _report(evaluation):
        console.print(item)
    return "\n".join(line.rstrip() for line in buffer.getvalue().split("\n")).rstrip("\n") + "\n"


def _report(evaluation: Evaluation) -> Iterator[RenderableType]:
    yield _text(view.title(evaluation), "bold")
    for table in evaluation.tables:
        yield _text(view.data_line(table))
    for section in evaluation.sections:
        yield _text("")
        yield from _section(section)
    for warning in evaluation.warnings:
        yield _text(f"Warning: {one_line(warning)}", "yellow")
    yield _text("")
    yield _text(view.READING, "dim")
    yield _text(view.cost_line(evaluation.tables), "dim")
    yield _text(one_line(evaluation.signature), "dim")


def _section(section: Section) -> Iterator[RenderableType]:
    rows = [
        [r.name + (" ↓" if r.lower_is_better else ""), view.number(r.figure.value), view.interval(r.figure)]
        + [f"{r.figure.n:,}" if r.figure.value is not None else "–"]
        + [view.number(f.value) if f else "–" for f in r.floors]
        for r in view.metric_rows(section)
    ]
    yield _table([section.shape, "value", "95 %", "n", "length", "unigram", "chance"], rows)
    for note in (view.ceiling_line(section), *view.notes(section)):
        if note:
            yield _text(f"  {note}", "dim")
    yield from _references(section)
    yield from _systems(section)
    yield from _reliability(section)
    for breakdown in view.breakdowns(section, narrow=True):
        yield _text("")
        floor = [f"floor of {breakdown.leading}"] if breakdown.leading else []
        lines = [
            [one_line(value), *_by_cells(own), *(view.best_floor(breakdown, value) for _ in floor)]
            for value, own in breakdown.rows
        ]
        yield _table([f"by {one_line(breakdown.group)}", "n", *breakdown.metrics, *floor], lines)
        yield from (_text(f"  {note}", "dim") for note in breakdown.notes)


def _by_cells(own: Sequence[Figure | None]) -> Iterator[Cell]:
    """The largest n, and each metric; with its own n where that is another."""
    most = max((f.n for f in own if f and f.value is not None), default=0)
    yield f"{most:,}" if most else "–"
    yield from (view.counted(f) if f and f.n != most else view.short(f) for f in own)


def _references(section: Section) -> Iterator[RenderableType]:
    found = view.reference_rows(section)
    if not found:
        return
    names = view.ranking_metrics(section)[:2]
    yield _text("")
    yield _text("Against references (these see the answer)")
    rows = [[r.name, view.short(r.corpus), *map(view.short, r.metrics[:2])] for r in found]
    yield _table(["metric", "corpus", *names], rows)
    # What they are over stands here: beside the intervals the table would be too wide.
    for r in found:
        over = [f"{name} of {view.size(f)}" for name, f in zip(names, r.metrics, strict=False) if f]
        said = "; ".join([f"corpus of {view.size(r.corpus)}", *over])
        yield _text(f"  {r.name}, {said}: {r.signature}", "dim")


def _systems(section: Section) -> Iterator[RenderableType]:
    if section.systems:
        yield _text("")
        rows = [
            [one_line(s.name), view.number(s.mean.value), view.interval(s.mean), f"{s.mean.n:,}"]
            for s in section.systems
        ]
        yield _table(["system", view.SYSTEM_SCORE, "95 %", "n"], rows)


def _reliability(section: Section) -> Iterator[RenderableType]:
    if section.reliability:
        yield _text("")
        rows = [
            [f"{b.low:.1f} to {b.high:.1f}", view.number(b.probability), view.number(b.corrupted), f"{b.n:,}"]
            for b in section.reliability
        ]
        yield _table(["probability", "mean", "share corrupted", "n"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for i, name in enumerate(head):
        table.add_column(Text(name), justify="left" if i == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _text(text: str, style: str = "") -> RenderableType:
    from rich.text import Text

    return Text(text, style=style, overflow="fold")
