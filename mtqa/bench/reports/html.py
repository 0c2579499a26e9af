"""The evaluation as one self-contained web page: tables, intervals drawn to scale, a reliability plot.

It asks for nothing: the style is inside, there is no script, and its policy forbids everything else. What the
data hold reaches the template as plain strings, which Jinja escapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtqa.bench.evaluate import Evaluation, Section
from mtqa.bench.figures import Figure
from mtqa.bench.metrics import METRICS
from mtqa.bench.metrics.calibration import Bin
from mtqa.bench.page import page
from mtqa.bench.reports import view
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import one_line

#: Side of the reliability plot's square, in its own units.
_SIDE = 240


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval drawn on a scale of 100, where 0 lies at ``zero``; ``floor``: the best of the floors."""

    low: float
    high: float
    value: float
    zero: float
    floor: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A bin of the reliability plot; ``x`` right and ``y`` down, ``r`` by the bin's share."""

    x: float
    y: float
    r: float
    title: str


def render(evaluation: Evaluation, _options: RenderOptions) -> str:
    """The page, ending in a line break."""
    known = {"view": view, "one_line": one_line, "bar": bar, "dots": dots, "metrics": METRICS}
    known |= {"best_floor": best_floor, "side": _SIDE}
    return page("evaluation", known, evaluation=evaluation)


def best_floor(section: Section, name: str) -> float | None:
    """The best value among the floors, by the metric's direction."""
    found = [section.beside[row][name].value for row in view.FLOORS if name in section.beside.get(row, {})]
    values = [value for value in found if value is not None]
    if not values:
        return None
    return max(values) if METRICS[name].higher_is_better else min(values)


def bar(figure: Figure | None, metric: str, floor: float | None = None) -> Bar | None:
    """Where the interval lies on the metric's scale, 0 to 1 or −1 to 1; None without a value.

    >>> bar(Figure(0.5, 0.25, 0.75), "roc_auc")
    Bar(low=25.0, high=75.0, value=50.0, zero=0.0, floor=None)
    >>> bar(Figure(0.5, 0.25, 0.75), "spearman")
    Bar(low=62.5, high=87.5, value=75.0, zero=50.0, floor=None)
    """
    if figure is None or figure.value is None:
        return None
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    # By the metric and not its values: bars of one column are compared.
    left, width = (-1.0, 2.0) if METRICS[metric].chance == 0 else (0.0, 1.0)

    def place(value: float) -> float:
        return round(min(max((value - left) / width, 0.0), 1.0) * 100, 2)

    marked = None if floor is None else place(floor)
    return Bar(place(low), place(high), place(figure.value), place(0.0), marked)


def dots(bins: tuple[Bin, ...]) -> list[Dot]:
    """The reliability plot's dots, larger where more sentences are."""
    most = max((b.n for b in bins), default=1)
    return [
        Dot(
            round(b.probability * _SIDE, 1),
            round((1 - b.corrupted) * _SIDE, 1),
            round(3 + 6 * (b.n / most) ** 0.5, 1),
            f"{b.low:.1f} to {b.high:.1f}: mean {b.probability:.3f}, corrupted {b.corrupted:.3f}, n {b.n:,}",
        )
        for b in bins
    ]
