"""An evaluation as something a person or a program reads: one literal registry of formats."""

from __future__ import annotations

from mtqa.bench.evaluate import Evaluation
from mtqa.report.formats import RenderOptions, renderer_of

#: name -> "module:function"; each function takes (evaluation, options) and returns the text.
FORMATS: dict[str, str] = {
    "terminal": "mtqa.bench.reports.terminal:render",
    "markdown": "mtqa.bench.reports.markdown:render",
    "html": "mtqa.bench.reports.html:render",
    "json": "mtqa.bench.reports.data:render",
}


def render(evaluation: Evaluation, format: str, *, options: RenderOptions | None = None) -> str:  # noqa: A002
    """The evaluation as one text in the named format, ending in a line break. Raises `UsageError`."""
    return renderer_of(FORMATS, format)(evaluation, options or RenderOptions())
