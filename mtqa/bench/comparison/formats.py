"""The formats a comparison can take: one literal registry, resolved on use."""

from __future__ import annotations

from mtqa.bench.comparison.records import Comparison
from mtqa.report.formats import RenderOptions, renderer_of

#: name -> "module:function"; each function takes (comparison, options) and returns the text.
FORMATS: dict[str, str] = {
    "terminal": "mtqa.bench.comparison.terminal:render",
    "markdown": "mtqa.bench.comparison.markdown:render",
    "html": "mtqa.bench.comparison.html:render",
    "json": "mtqa.bench.comparison.as_json:render",
}


def render_comparison(comparison: Comparison, name: str, *, options: RenderOptions | None = None) -> str:
    """The comparison as one text in the named format, ending in a line break. Raises `UsageError`."""
    return renderer_of(FORMATS, name)(comparison, options or RenderOptions())
