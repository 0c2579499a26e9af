"""A comparison as Markdown: one table a set for its main metric, one for all the others, or each its own."""

from __future__ import annotations

from collections.abc import Iterator

from mtqa.bench.comparison import words
from mtqa.bench.comparison.records import Comparison, MetricResult, SetResult
from mtqa.report.formats import RenderOptions
from mtqa.report.markdown import escape
from mtqa.report.safe import one_line


def render(comparison: Comparison, options: RenderOptions) -> str:
    """All sets; names are escaped, no text of the data is quoted. ``verbose``: every metric's leaderboard."""
    return "\n".join(_lines(comparison, options.verbose)).rstrip("\n") + "\n"


def _lines(comparison: Comparison, verbose: bool) -> Iterator[str]:
    yield from ("# Configs compared", "", escape(words.HOW_TO_READ), "")
    for note in comparison.notes:
        yield from (escape(note), "")
    yield from _configs(comparison)
    if len(comparison.sets) > 1:
        yield from _overview(comparison)
    for result in comparison.sets:
        yield from _set(comparison, result, verbose)
    signature = one_line(comparison.signature)
    yield f"Signature: {escape(signature)}" if "`" in signature else f"Signature: `{signature}`"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _configs(comparison: Comparison) -> Iterator[str]:
    shared = words.shared_settings(comparison.contenders)
    if shared:
        yield from (f"All configs: {escape(words.settings_text(shared))}.", "")
    if heads := words.heads_text(comparison.contenders):
        yield from (f"Detector: {escape(heads)}.", "")
    yield from (_row("Config", "Settings"), "| --- | --- |")
    for contender in comparison.contenders:
        own = words.own_settings(comparison, contender)
        yield _row(escape(contender.name), escape(words.settings_text(own)))
    yield ""


def _overview(comparison: Comparison) -> Iterator[str]:
    yield from ("## Overview", "")
    yield _row("Config", *(f"{escape(s.name)} ({s.main or 'n/a'})" for s in comparison.sets), "Wins")
    yield "| --- |" + " ---: |" * (len(comparison.sets) + 1)
    for contender in comparison.contenders:
        cells = []
        for result in comparison.sets:
            leader = result.leader
            cells.append(_value(leader, contender.name) if leader is not None else "n/a")
        yield _row(escape(contender.name), *cells, str(comparison.wins(contender.name)))
    yield from ("", "Bold: in the winning cluster; wins counts those.", "")


def _value(metric: MetricResult, name: str) -> str:
    shown = words.figure(metric.estimates[name].value)
    return f"**{shown}**" if name in metric.cluster else shown


def _set(comparison: Comparison, result: SetResult, verbose: bool) -> Iterator[str]:
    yield from (f"## {escape(result.name)}", "", f"{words.size(result)}.", "")
    for note in result.notes:
        yield from (escape(note), "")
    if result.leader is None:
        yield from (words.NOTHING_APPLIES, "")
        return
    yield from _leaderboard(result, result.leader)
    others = [metric for name, metric in result.metrics.items() if name != result.main]
    if verbose:
        for metric in others:
            yield from _leaderboard(result, metric)
    elif others:
        yield from _others(comparison, others)
    yield from _costs(comparison, result)


def _leaderboard(result: SetResult, metric: MetricResult) -> Iterator[str]:
    yield from (f"`{metric.name}`: {escape(metric.summary)}{words.better(metric)}.", "")
    yield _row(
        "#", "Config", "Value", "95 % interval", "Best minus this", "95 % interval", "p (Holm)", "Verdict"
    )
    yield "| ---: | --- | ---: | --- | ---: | --- | ---: | --- |"
    for rank, (name, estimate) in enumerate(metric.estimates.items(), start=1):
        difference = words.against_best(metric, name)
        cells = ["", "", ""]
        if difference is not None:
            cells = [
                words.signed(difference.value),
                words.interval(difference.low, difference.high),
                words.p_value(difference.p_holm),
            ]
        yield _row(
            str(rank),
            escape(name),
            _value(metric, name),
            words.interval(estimate.low, estimate.high),
            *cells,
            escape(words.verdict(result, metric, name)),
        )
    if metric.chance is not None:
        yield _row("", "chance", words.figure(metric.chance), "", "", "", "", "")
    yield ""


def _others(comparison: Comparison, metrics: list[MetricResult]) -> Iterator[str]:
    yield _row("Config", *(f"`{m.name}`" for m in metrics))
    yield "| --- |" + " ---: |" * len(metrics)
    for contender in comparison.contenders:
        yield _row(escape(contender.name), *(_value(m, contender.name) for m in metrics))
    if any(m.chance is not None for m in metrics):
        yield _row("chance", *("" if m.chance is None else words.figure(m.chance) for m in metrics))
    yield from ("", "With their intervals and differences: `-v`, JSON, HTML.", "")


def _costs(comparison: Comparison, result: SetResult) -> Iterator[str]:
    yield from (_row("Config", "Speed", "Time", "Peak memory"), "| --- | ---: | ---: | ---: |")
    for contender in comparison.contenders:
        cost = result.costs.get(contender.name)
        yield _row(escape(contender.name), words.speed(cost), words.seconds(cost), words.memory(cost))
    yield ""
