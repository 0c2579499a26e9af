"""What the readable formats share: which rows and columns a table has, and how a number is worded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtqa.bench.beside import CHANCE, LENGTH, PERFECT, UNIGRAM
from mtqa.bench.evaluate import Evaluation, Section
from mtqa.bench.figures import Figure
from mtqa.bench.metrics import METRICS
from mtqa.bench.records import ScoreTable
from mtqa.bench.tables import peak_of
from mtqa.report.safe import one_line

#: The metrics of a breakdown on a narrow page, in order of preference.
_HEADLINES = ("roc_auc", "average_precision", "accuracy", "accuracy_length_controlled", "spearman", "kendall")
_HEADLINES_SHOWN = 2
#: Values of a group that a note names; the others it counts.
_VALUES_NAMED = 8
#: Heads the means of systems: of the config's scores, not of people's.
SYSTEM_SCORE = "mean suspicion (less is better)"
FLOORS = (LENGTH, UNIGRAM, CHANCE)
CEILING = PERFECT
READING = (
    "Intervals: 95 %, percentile bootstrap over documents (versions of one source together). Floors: longer "
    "sentences, and rarer words (wordfreq), as more suspicious; chance. Ceiling (perfect): the answer itself "
    "as the score. Rows that see the answer compare the text with its reference."
)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of a section with what stands beside it: the floors, and the ceiling."""

    name: str
    figure: Figure
    floors: tuple[Figure | None, ...]
    ceiling: Figure | None
    lower_is_better: bool


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One sacrebleu metric: over the corpus, and how its sentence scores do on the ranking metrics."""

    name: str
    corpus: Figure
    signature: str
    metrics: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One group: its values' figures on some metrics, and why some of them have none.

    ``beside``: of each value the `FLOORS` and the ceiling on the metric ``leading``, which is None where no
    metric ranks.
    """

    group: str
    metrics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure | None, ...]], ...]
    notes: tuple[str, ...]
    leading: str | None
    beside: Mapping[str, tuple[Figure | None, ...]]


def metric_rows(section: Section) -> tuple[MetricRow, ...]:
    """Every metric that has a value or a reason, with the floors."""
    return tuple(
        MetricRow(
            name,
            figure,
            tuple(section.beside.get(row, {}).get(name) for row in FLOORS),
            section.beside.get(PERFECT, {}).get(name),
            not METRICS[name].higher_is_better,
        )
        for name, figure in section.metrics.items()
    )


def ranking_metrics(section: Section) -> tuple[str, ...]:
    """The names of the section's metrics that rank sentences."""
    return tuple(name for name in section.metrics if METRICS[name].kind == "ranking")


def reference_rows(section: Section) -> tuple[ReferenceRow, ...]:
    """sacrebleu's metrics, each with its sentence-level figures on `ranking_metrics`."""
    names = ranking_metrics(section)
    return tuple(
        ReferenceRow(
            r.name,
            r.corpus,
            r.signature,
            tuple(section.beside.get(f"{r.name} (sees the answer)", {}).get(name) for name in names),
        )
        for r in section.references
    )


def breakdowns(section: Section, *, narrow: bool) -> Iterator[Breakdown]:
    """Each group with the metrics that rank; ``narrow``: two headline ones only. JSON has them all."""
    for group, values in section.by.items():
        known = [n for n in section.metrics if any(n in own for own in values.values())]
        there = [n for n in known if any(_has_value(own.get(n)) for own in values.values())] or known
        there = [n for n in there if METRICS[n].kind == "ranking"] or there
        names = [n for n in _HEADLINES if n in there][:_HEADLINES_SHOWN] if narrow else there
        names = names or there[:_HEADLINES_SHOWN]
        rows = tuple((value, tuple(own.get(n) for n in names)) for value, own in values.items())
        rows_beside = section.by_beside.get(group, {})
        leading = next((name for own in rows_beside.values() for row in own.values() for name in row), None)
        beside = {
            value: tuple(own.get(row, {}).get(leading or "") for row in (*FLOORS, CEILING))
            for value, own in rows_beside.items()
        }
        yield Breakdown(group, tuple(names), rows, tuple(_why(names, rows)), leading, beside)


def best_floor(breakdown: Breakdown, value: str) -> str:
    """The best of a value's floors, in a word and its value: ``length 0.531``; a dash where none has one."""
    found = zip(("length", "unigram", "chance"), breakdown.beside.get(value, ()), strict=False)
    known = [(f.value, name) for name, f in found if f is not None and f.value is not None]
    if not known:
        return "–"
    best, name = max(known)
    return f"{name} {number(best)}"


def _has_value(figure: Figure | None) -> bool:
    return figure is not None and figure.value is not None


def _why(names: Sequence[str], rows: Sequence[tuple[str, tuple[Figure | None, ...]]]) -> Iterator[str]:
    """Why figures of a breakdown have no value: ``roc_auc of news, sport: one class only``."""
    reasons: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for value, own in rows:
        found: dict[str, list[str]] = {}
        for name, figure in zip(names, own, strict=True):
            if figure and figure.value is None and figure.undefined:
                found.setdefault(figure.undefined, []).append(name)
        for reason, without in found.items():
            reasons.setdefault((tuple(without), reason), []).append(one_line(value))
    for (metrics, reason), values in reasons.items():
        more = f" and {len(values) - _VALUES_NAMED} more" if len(values) > _VALUES_NAMED else ""
        yield f"{', '.join(metrics)} of {', '.join(values[:_VALUES_NAMED])}{more}: {reason}"


def number(value: float | None) -> str:
    """Three decimals, or two for percentages as sacrebleu gives them.

    >>> number(0.51249), number(None), number(31.4159)
    ('0.512', '–', '31.42')
    """
    if value is None:
        return "–"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def interval(figure: Figure) -> str:
    """``[low, high]``, or a dash where there is none."""
    if figure.low is None or figure.high is None:
        return "–"
    return f"[{number(figure.low)}, {number(figure.high)}]"


def short(figure: Figure | None) -> str:
    """The value and its interval in one cell."""
    if figure is None or figure.value is None:
        return "–"
    return number(figure.value) if figure.low is None else f"{number(figure.value)} {interval(figure)}"


def counted(figure: Figure | None) -> str:
    """The same and how many it is over: ``0.512 [0.410, 0.600], n 1,440``."""
    return short(figure) + of_n(figure)


def of_n(figure: Figure | None) -> str:
    """``, n 1,440`` behind a value, nothing where there is none.

    >>> of_n(Figure(0.5, n=1440)), of_n(Figure(None))
    (', n 1,440', '')
    """
    return "" if figure is None or figure.value is None else f", n {figure.n:,}"


def size(figure: Figure) -> str:
    """``1,440 sentences``."""
    return f"{figure.n:,} {figure.unit}"


def ceiling_line(section: Section) -> str:
    """What the answer itself would score, where a table has no room for a column; empty where nothing can.

    ``perfect: 1.000, precision_at_k 0.981``: the commonest value, and who has another.
    """
    best = section.beside.get(PERFECT, {})
    found = {name: number(best[name].value) for name in section.metrics if _has_value(best.get(name))}
    if not found:
        return ""
    ((most, _),) = Counter(found.values()).most_common(1)
    lacking = [name for name in section.metrics if name not in found]
    others = [f"{name} {value}" for name, value in found.items() if value != most]
    none = [f"none for {', '.join(lacking)}"] if lacking else []
    return f"{PERFECT}: {', '.join((most, *others))}" + "".join(f"; {part}" for part in none)


def notes(section: Section) -> tuple[str, ...]:
    """Why a metric has no value or no interval, one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for name, figure in section.metrics.items():
        if figure.undefined:
            reasons.setdefault(figure.undefined, []).append(name)
    return tuple(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())


def data_line(table: ScoreTable) -> str:
    """One line on one set."""
    data = table.data
    units = {"documents": "documents", "scored": "sentences", "pairs": "pairs"}[data.shape]
    parts = [f"{len(data.documents):,} {units}"]
    if data.shape == "documents":
        corrupted = f", {data.corrupted:,} corrupted" if data.corrupted else ""
        parts.append(f"{len(data):,} sentences{corrupted}")
    return f"{one_line(data.name)}: {', '.join(parts)} (sha256 {data.digest[:12]})"


def cost_line(tables: Sequence[ScoreTable]) -> str:
    """Time and memory, all included: loading the model, or reading the ledger."""
    seconds = sum(table.seconds for table in tables)
    tokens = sum(int(table.tokens.sum()) for table in tables)
    peak = peak_of(tables)
    memory = "" if peak is None else f", at most {peak:,.0f} MB"
    return f"{tokens:,} tokens scored or read from the ledger in {seconds:.1f} s{memory}"


def title(evaluation: Evaluation) -> str:
    """What was evaluated."""
    return f"Evaluation of {one_line(evaluation.config)}"
