"""What the command line prints itself: the models and the measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtqa.detect.measures import Measure
    from mtqa.lm.fetch import ModelState


#: Columns that no table of ours needs.
_WIDEST = 10_000


def model_table(models: Iterable[ModelState], *, width: int) -> str:
    """Name, what it is, licence, sizes and state, in ``width`` columns, or as many as it takes."""
    rows = [
        (
            m.name,
            f"{m.parameters / 1e6:.0f} M",
            "many" if "*" in m.languages else ", ".join(m.languages),
            m.licence,
            f"{m.bytes / 1e6:.0f} MB",
            f"{m.bytes_on_disk / 1e6:.0f} MB",
            m.state,
        )
        for m in models
    ]
    head = ("model", "size", "language", "licence", "fetch", "on disk", "state")
    return _table(head, rows, width=width)


def measure_table(measures: Iterable[Measure], *, remarks: Mapping[str, str], width: int) -> str:
    """Each measure's name and formula, what it says and its source below.

    ``remarks``: what stands in brackets behind the formula, by the measure's name.
    """
    import textwrap

    lines: list[str] = []
    for m in measures:
        remark = f" ({remarks[m.name]})" if m.name in remarks else ""
        lines += textwrap.wrap(
            f"{m.name:30}{m.formula}{remark}", width, subsequent_indent=" " * 30, break_long_words=False
        )
        lines += textwrap.wrap(
            f"{m.summary} ({m.source})", width, initial_indent="    ", subsequent_indent="    "
        )
    notation = (
        "s: a token's surprisal in nats; H, σ: mean and standard deviation of the surprisal that the model "
        "expected there; m: total probability of the likelier tokens; n: tokens of the sentence. Higher "
        "is more suspicious. rank FILE --measure NAME ranks by one; docs/methods.md says when each fails."
    )
    return "\n".join([*lines, "", *textwrap.wrap(notation, width)])


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]], *, width: int) -> str:
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Two blanks between columns and no edge: the models fit 80 columns, whatever state they are in.
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for title in head:
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    out = io.StringIO()
    # On a narrow terminal the lines run over: cells in shreds could not be read.
    needed = Console(width=_WIDEST).measure(table).maximum
    Console(file=out, width=max(width, needed), color_system=None).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().strip("\n").splitlines())
