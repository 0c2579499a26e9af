"""An evaluation as something a person or a program reads: one literal registry of formats."""

from __future__ import annotations

from dataclasses import dataclass

from mtqa.bench.evaluate import Evaluation
from mtqa.report.formats import renderer_of

#: name -> "module:function"; each function takes (evaluation, options) and returns the text.
FORMATS: dict[str, str] = {
    "terminal": "mtqa.bench.reports.terminal:render",
    "markdown": "mtqa.bench.reports.markdown:render",
    "html": "mtqa.bench.reports.html:render",
    "json": "mtqa.bench.reports.data:render",
}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """``width``: columns of the terminal; ``color``: ANSI colours there."""

    width: int = 80
    color: bool = False


def render(evaluation: Evaluation, format: str, *, options: ReportOptions | None = None) -> str:  # noqa: A002
    """The evaluation as one text in the named format, ending in a line break. Raises `UsageError`."""
    return renderer_of(FORMATS, format)(evaluation, options or ReportOptions())
