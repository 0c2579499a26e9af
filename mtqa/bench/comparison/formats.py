"""The formats a comparison can take: one literal registry, resolved on use."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from mtqa.bench.comparison.records import Comparison
from mtqa.errors import UsageError, unknown
from mtqa.report.formats import RenderOptions

#: name -> "module:function"; each function takes (comparison, options) and returns the text.
FORMATS: dict[str, str] = {
    "terminal": "mtqa.bench.comparison.terminal:render",
    "markdown": "mtqa.bench.comparison.markdown:render",
    "html": "mtqa.bench.comparison.html:render",
    "json": "mtqa.bench.comparison.as_json:render",
}


def check_format(name: str) -> None:
    """Raises `UsageError` that names the nearest one for a format that there is not."""
    if name not in FORMATS:
        raise UsageError(unknown("format", name, FORMATS))


def render_comparison(comparison: Comparison, name: str, *, options: RenderOptions | None = None) -> str:
    """The comparison as one text in the named format, ending in a line break. Raises `UsageError`."""
    check_format(name)
    module, _, function = FORMATS[name].partition(":")
    renderer: Callable[[Comparison, RenderOptions], str] = getattr(importlib.import_module(module), function)
    return renderer(comparison, options or RenderOptions())
