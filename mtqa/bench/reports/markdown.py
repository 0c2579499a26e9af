"""The evaluation as Markdown with GitHub's tables; nothing of the data can become markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mtqa.bench.evaluate import Evaluation, Section
from mtqa.bench.reports import view
from mtqa.report.formats import RenderOptions
from mtqa.report.markdown import escape


def render(evaluation: Evaluation, _options: RenderOptions) -> str:
    """Every table whole."""
    return "\n".join(_lines(evaluation)).rstrip("\n") + "\n"


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield f"# {escape(view.title(evaluation))}"
    yield ""
    for table in evaluation.tables:
        yield f"- {escape(view.data_line(table))}"
    for section in evaluation.sections:
        yield from _section(section)
    yield ""
    for warning in evaluation.warnings:
        yield f"Warning: {escape(warning)}"
        yield ""
    yield view.READING
    yield ""
    yield f"{view.cost_line(evaluation.tables)}. {escape(evaluation.signature)}"


def _section(section: Section) -> Iterator[str]:
    yield ""
    yield f"## {section.shape.capitalize()}"
    yield ""
    head = ["metric", "value", "95 % interval", "over", *view.FLOORS, view.CEILING]
    rows = [
        [f"`{r.name}`" + (" (lower is better)" if r.lower_is_better else ""), view.number(r.figure.value)]
        + [view.interval(r.figure), view.size(r.figure)]
        + [view.number(f.value) if f else "–" for f in (*r.floors, r.ceiling)]
        for r in view.metric_rows(section)
    ]
    yield from _table(head, rows)
    yield from (line for note in view.notes(section) for line in ("", escape(note)))
    yield from _references(section)
    yield from _more(section)
    for breakdown in view.breakdowns(section, narrow=False):
        yield ""
        yield f"### By {escape(breakdown.group)}"
        yield ""
        beside = (*view.FLOORS, view.CEILING) if breakdown.leading else ()
        lines = [
            [escape(value), *(view.counted(f) for f in own)]
            + [view.short(f) for f in breakdown.beside.get(value, (None,) * len(beside))]
            for value, own in breakdown.rows
        ]
        head = [f"`{name}`" for name in breakdown.metrics] + [f"{b}: `{breakdown.leading}`" for b in beside]
        yield from _table([escape(breakdown.group), *head], lines)
        yield from (line for note in breakdown.notes for line in ("", escape(note)))


def _references(section: Section) -> Iterator[str]:
    found = view.reference_rows(section)
    if not found:
        return
    names = view.ranking_metrics(section)
    yield ""
    yield "### Against references (these see the answer)"
    yield ""
    rows = [[r.name, *map(view.counted, (r.corpus, *r.metrics)), f"`{r.signature}`"] for r in found]
    yield from _table(["metric", "corpus", *(f"`{n}` of sentences" for n in names), "signature"], rows)


def _more(section: Section) -> Iterator[str]:
    if section.systems:
        rows = [
            [escape(s.name), view.number(s.mean.value), view.interval(s.mean), f"{s.mean.n:,}"]
            for s in section.systems
        ]
        yield from ("", *_table(["system", view.SYSTEM_SCORE, "95 % interval", "sentences"], rows))
    if section.reliability:
        lines = [
            [f"{b.low:.1f} to {b.high:.1f}", view.number(b.probability), view.number(b.corrupted), f"{b.n:,}"]
            for b in section.reliability
        ]
        yield from ("", *_table(["probability", "mean", "share corrupted", "sentences"], lines))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield (
        "| " + " | ".join(cell.replace("|", "\\|") if cell.startswith("`") else cell for cell in head) + " |"
    )
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for row in rows:
        yield (
            "| "
            + " | ".join(cell.replace("|", "\\|") if cell.startswith("`") else cell for cell in row)
            + " |"
        )
