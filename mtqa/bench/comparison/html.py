"""A comparison as one self-contained web page with inline plots; no script, and it asks for nothing.

Names and sentences reach the template as plain strings, which Jinja escapes; the plots escape their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from mtqa.bench.comparison import svg, words
from mtqa.bench.comparison.records import Comparison, Disagreement, MetricResult, SetResult
from mtqa.bench.page import page
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import one_line, shorten

#: A sentence in the list of disagreements.
_SENTENCE = 400


@dataclass(frozen=True, slots=True)
class MetricView:
    """A metric with its picture."""

    result: MetricResult
    forest: str
    undecided: str


@dataclass(frozen=True, slots=True)
class SetView:
    """All that the template needs of one set; plots are SVG markup, empty where there is nothing to draw."""

    key: str
    result: SetResult
    main: MetricView | None
    others: tuple[MetricView, ...]
    roc: str
    precision_recall: str
    legend: tuple[tuple[str, str], ...]
    cost: str
    no_cost: str
    disagreements: tuple[tuple[str, str, tuple[Disagreement, ...]], ...]


def render(comparison: Comparison, _options: RenderOptions) -> str:
    """The page."""
    one_pass = len({contender.scoring for contender in comparison.contenders}) == 1
    return page(
        "compare",
        {"words": words, "one_line": one_line, "shorten": _shortened},
        comparison=comparison,
        sets=[_view(i, result, one_pass=one_pass) for i, result in enumerate(comparison.sets)],
        shared=words.shared_settings(comparison.contenders),
    )


def _shortened(text: str) -> str:
    return shorten(one_line(text).strip(), _SENTENCE)


def _view(index: int, result: SetResult, *, one_pass: bool) -> SetView:
    leader = result.leader
    cost = svg.quality_and_cost(leader, result.costs) if leader is not None and not one_pass else ""
    return SetView(
        key=f"s{index}",
        result=result,
        main=_metric(result, leader) if leader is not None else None,
        others=tuple(
            _metric(result, metric) for name, metric in result.metrics.items() if name != result.main
        ),
        roc=svg.roc(result.curves) if result.curves else "",
        precision_recall=svg.precision_recall(result.curves) if result.curves else "",
        legend=tuple((curve.name, svg.swatch(i)) for i, curve in enumerate(result.curves)),
        cost=cost,
        no_cost="" if cost else _why_no_cost(result, one_pass=one_pass),
        disagreements=tuple(
            (a, b, tuple(items)) for (a, b), items in groupby(result.disagreements, key=lambda d: (d.a, d.b))
        ),
    )


def _metric(result: SetResult, metric: MetricResult) -> MetricView:
    return MetricView(metric, svg.forest(metric), ", ".join(words.undecided(result, metric)))


def _why_no_cost(result: SetResult, *, one_pass: bool) -> str:
    timed = [cost for cost in result.costs.values() if cost.tokens_per_second is not None]
    if one_pass:
        took = f" ({words.speed(timed[0])})" if timed else ""
        return f"All configs read the same forward pass, so that they cost the same{took}."
    if not timed:
        return "No config was timed: the score ledger answered for all. --no-ledger times them anew."
    return "Only one config was timed: the score ledger answered for the rest. --no-ledger times them all."
