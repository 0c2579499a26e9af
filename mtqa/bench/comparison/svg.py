"""Plots as inline SVG: coordinates, axes, and the four pictures of a comparison. Colours are CSS classes.

Every text goes through `tag`, which escapes it. Sizes are in SVG units; a plot scales to its column.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtqa.bench.comparison import words
from mtqa.bench.comparison.records import Cost, Curves, MetricResult, Point
from mtqa.report.safe import one_line, shorten

_ROW = 26
_LABEL = 34


def tag(name: str, content: str | None = None, /, *, inner: str = "", **attributes: object) -> str:
    """An element; ``content`` and attribute values are escaped, ``inner`` is markup made here.

    ``class_`` stands for class, ``text_anchor`` for text-anchor.

    >>> tag("text", "<b>", x=1.0, text_anchor="end")
    '<text x="1" text-anchor="end">&lt;b&gt;</text>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = inner if content is None else html.escape(content)
    return f"<{name}{given}>{body}</{name}>" if body else f"<{name}{given}/>"


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Axis:
    """Values ``low … high`` onto units ``start … end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside the axis: steps of 1, 2 or 5 times a power of ten.

        >>> Axis(0.0, 1.0, 0, 100).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        rough = span / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [round(i * step, 12) for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis_over(values: Iterable[float], start: float, end: float, *, room: float = 0.06) -> Axis:
    """An axis that holds all values with some room at either end."""
    held = list(values)
    low, high = min(held), max(held)
    spare = (high - low) * room or 0.05
    return Axis(low - spare, high + spare, start, end)


def _tick_text(value: float) -> str:
    text = f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text


def _figure(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    return tag(
        "svg",
        inner="".join(parts),
        viewBox=f"0 0 {_number(float(width))} {_number(float(height))}",
        role="img",
        aria_label=label,
        class_="plot",
        style=f"max-width:{_number(float(width))}px",
    )


def forest(metric: MetricResult) -> str:
    """Each config's value and interval, best first; filled: the winning cluster; dashed: the best's value."""
    shown = [(name, e) for name, e in metric.estimates.items() if e.value is not None]
    if not shown:
        return ""
    longest = min(max(len(one_line(name)) for name, _ in shown), _LABEL)
    left, width = 7.6 * longest + 18, 960.0
    ends = [v for _, e in shown for v in (e.value, e.low, e.high) if v is not None]
    if metric.chance is not None:
        ends.append(metric.chance)
    axis = axis_over(ends, left, width - 150)
    bottom = 10 + _ROW * len(shown)
    parts = list(_vertical_grid(axis, 6, bottom))
    best = shown[0][1].value or 0.0
    parts.append(tag("line", x1=axis.at(best), x2=axis.at(best), y1=6, y2=bottom, class_="best"))
    if metric.chance is not None:
        x = axis.at(metric.chance)
        parts.append(tag("line", x1=x, x2=x, y1=6, y2=bottom, class_="chance"))
        parts.append(tag("text", "chance", x=x, y=bottom + 34, text_anchor="middle", class_="soft"))
    for row, (name, estimate) in enumerate(shown):
        y = 8 + _ROW * (row + 0.5)
        won = name in metric.cluster
        parts.append(
            tag(
                "text",
                shorten(one_line(name), _LABEL),
                x=left - 10,
                y=y + 4.5,
                text_anchor="end",
                class_="name",
            )
        )
        if estimate.low is not None and estimate.high is not None:
            low, high = axis.at(estimate.low), axis.at(estimate.high)
            parts.append(tag("line", x1=low, x2=high, y1=y, y2=y, class_="ci won" if won else "ci"))
        parts.append(
            tag("circle", cx=axis.at(estimate.value or 0.0), cy=y, r=5, class_="dot won" if won else "dot")
        )
        text = f"{words.figure(estimate.value)}  {words.interval(estimate.low, estimate.high)}"
        parts.append(tag("text", text, x=width - 138, y=y + 4.5, class_="value"))
    return _figure(width, bottom + 40, f"{metric.name} of every config with its 95 % interval", parts)


def _vertical_grid(axis: Axis, top: float, bottom: float) -> Iterator[str]:
    for value in axis.ticks():
        x = axis.at(value)
        yield tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid")
        yield tag("text", _tick_text(value), x=x, y=bottom + 17, text_anchor="middle", class_="tick")


def _horizontal_grid(axis: Axis, left: float, right: float) -> Iterator[str]:
    for value in axis.ticks():
        y = axis.at(value)
        yield tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid")
        yield tag("text", _tick_text(value), x=left - 7, y=y + 4, text_anchor="end", class_="tick")


def _titles(x: str, y: str, left: float, right: float, top: float, bottom: float) -> Iterator[str]:
    yield tag("text", x, x=(left + right) / 2, y=bottom + 38, text_anchor="middle", class_="title")
    middle = (top + bottom) / 2
    yield tag(
        "text",
        y,
        x=left - 44,
        y=middle,
        text_anchor="middle",
        class_="title",
        transform=f"rotate(-90 {_number(left - 44)} {_number(middle)})",
    )


def roc(curves: Sequence[Curves]) -> str:
    """True against false positive rate, one line a config; dashed: chance."""
    return _lines(
        [(curve.name, curve.roc) for curve in curves],
        ("false positive rate", "recall"),
        [(0.0, 0.0), (1.0, 1.0)],
        "ROC curves",
    )


def precision_recall(curves: Sequence[Curves]) -> str:
    """Precision against recall, one line a config; dashed: chance."""
    level = curves[0].positives
    return _lines(
        [(curve.name, curve.precision_recall) for curve in curves],
        ("recall", "precision"),
        [(0.0, level), (1.0, level)],
        "Precision and recall",
    )


def _lines(
    series: Sequence[tuple[str, Sequence[Point]]],
    titles: tuple[str, str],
    chance: Sequence[Point],
    label: str,
) -> str:
    left, right, top, bottom = 62.0, 420.0, 8.0, 330.0
    x_axis, y_axis = Axis(0.0, 1.0, left, right), Axis(0.0, 1.0, bottom, top)
    parts = [*_vertical_grid(x_axis, top, bottom), *_horizontal_grid(y_axis, left, right)]
    parts += _titles(*titles, left, right, top, bottom)
    parts.append(_path(chance, x_axis, y_axis, "chance"))
    # The leader is drawn last, over the others.
    for i, (name, points) in reversed(list(enumerate(series))):
        path = _path(points, x_axis, y_axis, f"curve c{i}", inner=tag("title", one_line(name)))
        parts.append(path)
    return _figure(432, 376, f"{label}: {', '.join(one_line(name) for name, _ in series)}", parts)


def _path(points: Sequence[Point], x: Axis, y: Axis, class_: str, *, inner: str = "") -> str:
    drawn = "L".join(f"{_number(x.at(a))} {_number(y.at(b))}" for a, b in points)
    return tag("path", inner=inner, d=f"M{drawn}", class_=class_)


def swatch(i: int) -> str:
    """The key of curve ``i`` in a legend."""
    line = tag("line", x1=1, x2=33, y1=5, y2=5, class_=f"curve c{i}")
    return tag("svg", inner=line, viewBox="0 0 34 10", class_="swatch", aria_hidden="true")


def quality_and_cost(metric: MetricResult, costs: Mapping[str, Cost]) -> str:
    """A metric's value against milliseconds a thousand tokens, of the configs that were timed.

    Nothing where there are not two costs to compare. Configs of one cost share a name tag: the best one's.
    """
    dots = []
    for name, estimate in metric.estimates.items():
        rate = costs[name].tokens_per_second if name in costs else None
        if rate is not None and estimate.value is not None:
            dots.append((name, 1e6 / rate, estimate))
    if len(dots) < 2:
        return ""
    left, right, top, bottom = 62.0, 620.0, 12.0, 300.0
    x_axis = Axis(0.0, max(x for _, x, _ in dots) * 1.12, left, right)
    ends = [v for _, _, e in dots for v in (e.value, e.low, e.high) if v is not None]
    y_axis = axis_over(ends, bottom, top) if metric.higher_is_better else axis_over(ends, top, bottom)
    parts = [*_vertical_grid(x_axis, top, bottom), *_horizontal_grid(y_axis, left, right)]
    parts += _titles("milliseconds a thousand tokens", metric.name, left, right, top, bottom)
    taken: list[tuple[float, float]] = []
    for name, milliseconds, estimate in dots:
        x, y = x_axis.at(milliseconds), y_axis.at(estimate.value or 0.0)
        won = " won" if name in metric.cluster else ""
        if estimate.low is not None and estimate.high is not None:
            low, high = y_axis.at(estimate.low), y_axis.at(estimate.high)
            parts.append(tag("line", x1=x, x2=x, y1=low, y2=high, class_=f"ci{won}"))
        parts.append(tag("circle", cx=x, cy=y, r=5, class_=f"dot{won}"))
        parts.append(_label(one_line(name), (x, y), right, taken))
    return _figure(right + 12, bottom + 46, f"{metric.name} against cost", parts)


def _label(name: str, at: tuple[float, float], right: float, taken: list[tuple[float, float]]) -> str:
    """A name beside its dot, moved down where another stands already; left of it at the right edge."""
    text = shorten(name, _LABEL)
    to_left = at[0] + 10 + 7.2 * len(text) > right
    x, y = at[0] + (-10 if to_left else 10), at[1] + 4.5
    while any(abs(y - other_y) < 14 and abs(x - other_x) < 160 for other_x, other_y in taken):
        y += 14
    taken.append((x, y))
    return tag("text", text, x=x, y=y, text_anchor="end" if to_left else "start", class_="name")
