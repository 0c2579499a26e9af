"""What the public API returns, as a text: the one place that knows reports, evaluations and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mtqa.errors import UsageError
from mtqa.records import Report
from mtqa.report.formats import RenderOptions
from mtqa.report.formats import render as render_reports

if TYPE_CHECKING:
    from mtqa.bench.comparison.records import Comparison
    from mtqa.bench.evaluate import Evaluation


def render(
    results: Report | Sequence[Report] | Evaluation | Comparison,
    format: str,  # noqa: A002
    *,
    options: RenderOptions | None = None,
) -> str:
    """A report, several, an evaluation or a comparison as one text in the named format.

    ``format``: ``terminal``, ``markdown``, ``html`` or ``json``, of reports also ``jsonl`` and ``csv``. Pure:
    the same records and options give the same text, which ends in a line break. Raises `UsageError` for an
    unknown format, a negative ``top``, no reports, or what is none of these records.

    >>> mtqa.render(mtqa.rank("article.txt"), "html")   # doctest: +SKIP
    """
    options = options or RenderOptions()
    if isinstance(results, Report) or (
        isinstance(results, Sequence) and all(isinstance(one, Report) for one in results)
    ):
        return render_reports(results, format, options=options)
    return _of_the_bench(results, format, options)


def _of_the_bench(results: object, format_: str, options: RenderOptions) -> str:
    from mtqa.bench.comparison.formats import render_comparison
    from mtqa.bench.comparison.records import Comparison
    from mtqa.bench.evaluate import Evaluation
    from mtqa.bench.reports import render as render_evaluation

    if isinstance(results, Comparison):
        return render_comparison(results, format_, options=options)
    if isinstance(results, Evaluation):
        return render_evaluation(results, format_, options=options)
    raise UsageError(
        f"a {type(results).__name__} can't be rendered: give a Report, a list of them, an Evaluation or a "
        "Comparison"
    )
