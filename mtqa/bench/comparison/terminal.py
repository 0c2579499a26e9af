"""A comparison for a terminal or a pipe: leaderboards within a width, the cluster marked with an asterisk."""

from __future__ import annotations

import io
from collections.abc import Iterator

from mtqa.bench.comparison import words
from mtqa.bench.comparison.records import Comparison, MetricResult, SetResult
from mtqa.report.formats import RenderOptions
from mtqa.report.plain import string_console
from mtqa.report.safe import one_line, shorten

_WIDTH = 80
#: Columns of a leaderboard's row besides the name, and the least that a name gets.
_FIGURES = 58
_LEAST_NAME = 12
_Line = tuple[str, str]  # the text, and its style


def render(comparison: Comparison, options: RenderOptions) -> str:
    """The overview where there are several sets, then a leaderboard each; ``verbose``: of every metric."""
    from rich.text import Text

    out = io.StringIO()
    width = max(options.width or _WIDTH, 40)
    console = string_console(out, width, color=options.color)
    for text, style in _Page(comparison, width, options.verbose).lines():
        lines = Text(text, style=style).wrap(console, width) if text else [Text("")]
        for line in lines:
            line.rstrip()
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
    return out.getvalue()


class _Page:
    """The lines of a comparison; names get what the figures leave of the width."""

    def __init__(self, comparison: Comparison, width: int, verbose: bool) -> None:
        self._comparison = comparison
        self._verbose = verbose
        longest = max(len(one_line(contender.name)) for contender in comparison.contenders)
        self._name_width = max(min(longest, width - _FIGURES), _LEAST_NAME)

    def lines(self) -> Iterator[_Line]:
        """All of it."""
        comparison = self._comparison
        if len(comparison.sets) > 1:
            yield from self._overview()
        for result in comparison.sets:
            yield from self._set(result)
        for note in comparison.notes:
            yield f"Note: {note}", "yellow"
        yield words.HOW_TO_READ, ""
        yield "", ""
        if self._verbose:
            for contender in comparison.contenders:
                yield f"{one_line(contender.name)}: {one_line(contender.signature)}", "dim"
        yield one_line(comparison.signature), "dim"

    def _name(self, name: str) -> str:
        return f"{shorten(one_line(name), self._name_width):{self._name_width}} "

    def _overview(self) -> Iterator[_Line]:
        """One row a config, one column a set: its main figure; the columns are lettered to hold the width."""
        yield "Overview", "bold"
        columns = list(zip(_letters(), self._comparison.sets, strict=False))
        for letter, result in columns:
            yield f"  {letter}  {one_line(result.name)}: {result.main or 'no metric applies'}", ""
        yield "", ""
        for start in range(0, len(columns), 6):
            part = columns[start : start + 6]
            heads = "".join(f"{letter:>7} " for letter, _ in part)
            yield f"  {self._name('config')}{heads}{'wins':>5}", "dim"
            for contender in self._comparison.contenders:
                cells = "".join(_cell(result, contender.name) for _, result in part)
                wins = self._comparison.wins(contender.name)
                yield f"  {self._name(contender.name)}{cells}{wins:>5}", ""
            yield "", ""
        count = len(self._comparison.sets)
        yield f"wins: in how many of the {count} sets it is in the winning cluster (*).", ""
        yield "", ""

    def _set(self, result: SetResult) -> Iterator[_Line]:
        yield f"{one_line(result.name)}: {words.size(result)}", "bold"
        for note in result.notes:
            yield f"Note: {one_line(note)}", "yellow"
        yield "", ""
        if result.leader is None:
            yield words.NOTHING_APPLIES, ""
            yield "", ""
            return
        yield from self._metric(result, result.leader)
        others = [metric for name, metric in result.metrics.items() if name != result.main]
        if self._verbose:
            for metric in others:
                yield from self._metric(result, metric)
        elif others:
            yield from self._others(others)
        yield from self._costs(result)

    def _metric(self, result: SetResult, metric: MetricResult) -> Iterator[_Line]:
        yield f"{metric.name}: {metric.summary}{words.better(metric)}", "bold"
        head = f"{'#':>3}  {self._name('config')}{'value':>6} {'95 % interval':<15}"
        yield f"{head}{'to the best':<23}{'p':>6}", "dim"
        for rank, (name, estimate) in enumerate(metric.estimates.items(), start=1):
            won = name in metric.cluster
            row = f"{rank:>3} {'*' if won else ' '}{self._name(name)}{words.figure(estimate.value):>6} "
            row += f"{words.interval(estimate.low, estimate.high):<14} {_to_the_best(metric, name)}"
            yield row.rstrip(), "green" if won else ""
            if estimate.note:
                yield f"       {estimate.note}", "dim"
        if metric.chance is not None:
            yield f"{'':5}{self._name('chance')}{words.figure(metric.chance):>6}", "dim"
        if undecided := words.undecided(result, metric):
            yield f"Not separated from {one_line(metric.best or '')}: {one_line(', '.join(undecided))}.", ""
        yield "", ""

    def _others(self, metrics: list[MetricResult]) -> Iterator[_Line]:
        """The leader of each metric in a line; --verbose shows them whole."""
        yield "Other metrics: the best of each, and how many are not separated from it", "bold"
        for metric in metrics:
            if metric.best is None:
                note = next(iter(metric.estimates.values())).note
                yield f"  {metric.name}: {note}", ""
                continue
            value = words.estimate_text(metric.estimates[metric.best])
            level = f"+{len(metric.cluster) - 1}"
            yield f"  {shorten(metric.name, 27):27} {value:21} {self._name(metric.best)}{level}", ""
        yield "", ""

    def _costs(self, result: SetResult) -> Iterator[_Line]:
        yield "Cost", "bold"
        groups: dict[tuple[str, str, str], list[str]] = {}
        for contender in self._comparison.contenders:
            cost = result.costs.get(contender.name)
            key = (words.speed(cost), words.seconds(cost), words.memory(cost))
            groups.setdefault(key, []).append(one_line(contender.name))
        for key, names in groups.items():
            yield f"  {', '.join(part for part in key if part)}: {', '.join(names)}", ""
        yield "", ""


def _to_the_best(metric: MetricResult, name: str) -> str:
    difference = words.against_best(metric, name)
    if difference is None:
        return ""
    spread = words.interval(_negative(difference.high), _negative(difference.low))
    return f"{words.signed(-difference.value):>6} {spread:<15} {words.p_value(difference.p_holm):>6}"


def _letters() -> Iterator[str]:
    """A … Z, AA …"""
    for number in range(26 * 27):
        first, last = divmod(number, 26)
        yield (chr(64 + first) if first else "") + chr(65 + last)


def _cell(result: SetResult, name: str) -> str:
    leader = result.leader
    if leader is None:
        return f"{'n/a':>7} "
    star = "*" if name in leader.cluster else " "
    return f"{words.figure(leader.estimates[name].value):>7}{star}"


def _negative(value: float | None) -> float | None:
    return None if value is None else -value
