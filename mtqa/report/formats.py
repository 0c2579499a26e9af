"""The formats a report can take: one literal registry, resolved on use."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mtqa.errors import UsageError, unknown
from mtqa.records import Report

#: name -> "module:function"; each function takes (reports, options) and returns the text.
FORMATS: dict[str, str] = {
    "terminal": "mtqa.report.terminal:render",
    "markdown": "mtqa.report.markdown:render",
    "html": "mtqa.report.html:render",
    "json": "mtqa.report.tables:render_json",
    "jsonl": "mtqa.report.tables:render_jsonl",
    "csv": "mtqa.report.tables:render_csv",
}

_SUFFIXES: dict[str, str] = {
    ".txt": "terminal",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What the reader asked for.

    ``top``: how many findings an article shows; None is the format's own default (10 in terminal and
    markdown, all elsewhere), 0 is all. ``width``: columns of the terminal (None: 80). ``color``: ANSI
    colours in the terminal format. ``verbose``: settings and every excluded piece in terminal and markdown.
    ``several``: more than one article was asked for, though perhaps only one could be ranked: JSON is a list.
    Of an evaluation ``width`` and ``color`` count, of a comparison ``verbose`` too.
    """

    top: int | None = None
    width: int | None = None
    color: bool = False
    verbose: bool = False
    several: bool = False


def render(
    reports: Report | Sequence[Report],
    format: str,  # noqa: A002
    *,
    options: RenderOptions | None = None,
) -> str:
    """A report, or several, as one text in the named format, ending in a line break.

    ``format``: ``terminal``, ``markdown``, ``html``, ``json``, ``jsonl`` or ``csv``. Pure: the same records
    and options give the same text. Raises `UsageError` for an unknown format, a negative ``top`` or no
    reports. `mtqa.render` takes evaluations and comparisons too.
    """
    options = options or RenderOptions()
    reports = [reports] if isinstance(reports, Report) else reports
    renderer = renderer_of(FORMATS, format)
    if options.top is not None and options.top < 0:
        raise UsageError(f"top is {options.top}: give a number of sentences, or 0 for all of them")
    if not reports:
        raise UsageError("there is no report to show: give at least one article")
    return renderer(reports, options)


def renderer_of(formats: Mapping[str, str], name: str) -> Callable[..., str]:
    """The function under a name of a registry as `FORMATS`. Raises `UsageError` that names the nearest."""
    if not isinstance(name, str) or name not in formats:
        raise UsageError(unknown("format", str(name), formats))
    module, _, function = formats[name].partition(":")
    made: Callable[..., str] = getattr(importlib.import_module(module), function)
    return made


def format_for_path(path: str) -> str | None:
    """The format that a file name's ending stands for, or None.

    >>> format_for_path("out/REPORT.HTML"), format_for_path("report"), format_for_path("a.ndjson")
    ('html', None, 'jsonl')
    """
    return _SUFFIXES.get(os.path.splitext(path)[1].lower())
