"""What the human-readable formats share: which findings are shown, how a sentence is cut into marked and
unmarked pieces, and how numbers and expectations are worded. Nothing here knows a format."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtqa.detect.measures import DETECTOR
from mtqa.detect.repair import keeps_mark, partner_of
from mtqa.records import Document, Excluded, Expectation, Finding, Report, Suggestion, SuspectSpan
from mtqa.report.safe import one_line, shorten

#: How many findings the terminal and Markdown formats show unless asked otherwise.
DEFAULT_TOP = 10
#: How many excluded pieces they name before they only count.
DEFAULT_EXCLUDED = 5
#: How many of the model's expectations are worth a reader's time.
EXPECTED_SHOWN = 3
#: What only the source would show, and the same in one line.
CANNOT_SEE = (
    "What this cannot see: changed numbers and names, omissions, fluent statements that are false, negation, "
    "and sentences that are wrong only in what they mean. A high rank is a reason to look, not a verdict."
)
CANNOT_SEE_SHORT = "Cannot see: changed numbers and names, omissions, fluent falsehoods, negation."

#: Types of corruption of which the detector finds less than this share are named as what it cannot see.
SELDOM_FOUND = 0.3


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch ``[start, end)`` of ``Document.text``; ``span`` is the index of the suspect span it is in."""

    start: int
    end: int
    span: int | None


def shown(report: Report, top: int | None, *, default: int) -> tuple[Finding, ...]:
    """The findings to show: ``top`` of them, ``default`` where it is None; 0 is all.

    A list that was asked for by its false discovery rate is shown whole.
    """
    count = top if top is not None else 0 if report.fdr is not None else default
    return report.findings[:count] if count else report.findings


def pieces(document: Document, finding: Finding) -> tuple[Piece, ...]:
    """The finding's sentence cut where a suspect span begins or ends; no piece is empty.

    Spans may overlap (a quote fault inside a surprising stretch): the earlier in the list wins.
    """
    sentence = document.sentences[finding.sentence]
    return cut(sentence.start, sentence.end, finding.spans)


def cut(start: int, end: int, spans: Sequence[SuspectSpan]) -> tuple[Piece, ...]:
    """``[start, end)`` of ``Document.text`` as pieces, each inside one span or outside all."""
    edges = {start, end}
    for span in spans:
        edges |= {edge for edge in (span.document.start, span.document.end) if start < edge < end}
    ordered = sorted(edges)
    return tuple(Piece(a, b, _span_at(a, spans)) for a, b in itertools.pairwise(ordered))


def _span_at(position: int, spans: Sequence[SuspectSpan]) -> int | None:
    inside = (i for i, span in enumerate(spans) if span.document.start <= position < span.document.end)
    return next(inside, None)


def number(value: float | None) -> str:
    """A number for a reader, about three digits of it.

    >>> number(14.234), number(0.5), number(81234.5), number(None), number(float("nan"))
    ('14.2', '0.50', '81,234', 'n/a', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    size = abs(value)
    if size >= 1e7:
        return f"{value:.2e}"
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"


def bits(nats: float) -> str:
    """Surprisal or entropy, held in nats, worded in bits.

    >>> bits(math.log(2))
    '1.00 bits'
    """
    return f"{number(nats / math.log(2))} bits"


def percent(probability: float) -> str:
    """A probability for a reader: never 0% or 100% for what is only near.

    >>> percent(0.314), percent(0.001), percent(0.9999), percent(1.0)
    ('31%', '<1%', '>99%', '100%')
    """
    if 0 < probability < 0.01:
        return "<1%"
    if 0.99 < probability < 1:
        return ">99%"
    return f"{probability * 100:.0f}%"


def fractions(values: Sequence[float | None]) -> tuple[float, ...]:
    """Each value's place between the scale's ends, 0 to 1, for a bar; the scale holds 0 where it can.

    >>> fractions([4.0, 2.0, 0.0]), fractions([-1.0, -3.0]), fractions([None, 1.0])
    ((1.0, 0.5, 0.0), (1.0, 0.0), (0.0, 1.0))
    """
    known = [v for v in values if v is not None and math.isfinite(v)]
    top = max(known, default=0.0)
    low = min([0.0, *known]) if top > 0 else min(known, default=0.0)
    width = top - low
    return tuple(
        0.0 if v is None or not math.isfinite(v) else (v - low) / width if width > 0 else float(bool(v))
        for v in values
    )


def expected_text(expected: Expectation) -> str:
    """What the model expected, on one line; white space by name.

    >>> expected_text(Expectation(" people", 0.3)), expected_text(Expectation("\\n\\n", 0.3))
    ('people', 'a line break')
    """
    if not expected.text.strip():
        return "a line break" if "\n" in expected.text else "a space" if expected.text else "nothing"
    return shorten(one_line(expected.text).strip(), 40)


def expectations(items: Iterable[Expectation], limit: int = EXPECTED_SHOWN) -> tuple[Expectation, ...]:
    """The first ``limit`` expectations that read differently, their texts ready to show."""
    found: dict[str, float] = {}
    for item in items:
        found.setdefault(expected_text(item), item.probability)
    return tuple(Expectation(text, p) for text, p in list(found.items())[:limit])


def remark(span: SuspectSpan) -> str:
    """What is wrong with a span, after its own words: ``14.2 bits; expected people, residents``."""
    parts = [one_line(span.note).strip()] if span.note else [bits(span.surprisal_nats)]
    expected = ", ".join(item.text for item in expectations(span.expected))
    if expected:
        parts.append(f"expected {expected}{instead_of(span)}")
    return "; ".join(parts)


def instead_of(span: SuspectSpan) -> str:
    """Which of several words the expectations are for: `` (for thief)``; nothing where there is one."""
    return f" (for {shorten(one_line(span.expected_for).strip(), 40)})" if span.expected_for else ""


def repaired(span: SuspectSpan) -> tuple[str, str] | None:
    """A span's best repair and what it gains: ``("thief → ally", "11.8 bits better")``; None without one."""
    if not span.suggestions:
        return None
    best = span.suggestions[0]
    now = shorten(one_line(_now(span, best)).strip(), 60) or "(nothing)"
    return f"{span_text(span)} → {now}", f"{number(best.gain_bits)} bits better"


def _now(span: SuspectSpan, repair: Suggestion) -> str:
    """What the repair leaves in the span's place, and a partner that it puts elsewhere: ``“…”``."""
    if not keeps_mark(span, repair):
        return repair.text
    partner = partner_of(span.text)
    return f"{span.text}…{partner.mark}" if partner.behind else f"{partner.mark}…{span.text}"


def span_text(span: SuspectSpan, limit: int = 60) -> str:
    """A span's own words on one line."""
    return shorten(one_line(span.text).strip(), limit)


def name(document: Document) -> str:
    """What to call the article: its path, or what it is without one."""
    if document.path is None:
        return "(text without a file)"
    return one_line(document.path).strip()


def plural(count: int, noun: str) -> str:
    """
    >>> plural(1, "sentence"), plural(1200, "sentence")
    ('1 sentence', '1,200 sentences')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def ranked(report: Report) -> int:
    """How many sentences were ranked, listed or not."""
    return report.verdict.sentences if report.verdict else len(report.findings)


def counts(report: Report) -> str:
    """``34 sentences ranked by perplexity, 9 pieces excluded``."""
    by = f"{plural(ranked(report), 'sentence')} ranked by {one_line(report.measure)}"
    return f"{by}, {plural(len(report.excluded), 'piece')} excluded"


def by_detector(report: Report) -> bool:
    """Whether the detector ranks."""
    return report.measure == DETECTOR


def by_probability(report: Report) -> bool:
    """Whether the ranking measure is best told as the detector's calibrated probability."""
    return by_detector(report) and report.verdict is not None


def score(report: Report, finding: Finding) -> str:
    """What ranks the finding, for a reader: its probability, or the measure's value."""
    if by_probability(report) and finding.probability is not None:
        return percent(finding.probability)
    return number(finding.score)


def score_name(report: Report) -> str:
    """What `score` is called over a column."""
    return "corrupted" if by_probability(report) else "score"


def bars(report: Report) -> tuple[float, ...]:
    """A bar from 0 to 1 for each of the report's findings."""
    if by_probability(report):
        return tuple(finding.probability or 0.0 for finding in report.findings)
    return fractions([finding.score for finding in report.findings])


def aside(report: Report, finding: Finding) -> str | None:
    """The probability beside another measure's score; None where it is the score, or there is none."""
    if finding.probability is None or by_probability(report):
        return None
    return percent(finding.probability)


def verdict(report: Report) -> str | None:
    """The verdict on the article in one sentence; None without a calibrated detector.

    ``about 4 of 14 sentences corrupted (3–6); 4 found at FDR 0.1``
    """
    said = report.verdict
    if said is None:
        return None
    return f"{said.words}; {f'{said.found:,}' if said.found else 'none'} found at FDR {said.fdr:g}"


def nothing_found(report: Report) -> str | None:
    """What to say in the place of a list that is empty because none was found at the rate asked for."""
    if report.fdr is None or report.findings or report.verdict is None:
        return None
    if report.verdict.likely:  # a rate finds nothing where too few sound sentences are known
        return f"None found at FDR {report.fdr:g}; by their probabilities {report.verdict.estimate}."
    among = plural(report.verdict.sentences, "sentence")
    return f"None of {among} found at FDR {report.fdr:g}: {report.verdict.words}."


def seldom_found(report: Report) -> str | None:
    """The types of corruption that the detector was measured to miss, rarest found first; None without."""
    shares = sorted((share, name) for name, share in report.recall_by_type.items())
    named = [
        f"{one_line(name.replace('_', ' '))} {percent(share)}"
        for share, name in shares
        if share < SELDOM_FOUND
    ]
    if not named:
        return None
    return f"What this detector seldom sees (share found in tests, at FDR 0.1): {', '.join(named)}."


def beside(finding: Finding) -> tuple[str, ...]:
    """What else is said of a finding: what kind of text it is, unless body, and what is wrong with it."""
    kind = () if finding.kind == "body" else (one_line(finding.kind),)
    return kind if finding.fault is None else (*kind, one_line(finding.fault))


def cut_short(count: int) -> str:
    """
    >>> cut_short(10)
    'Shown: the 10 most suspicious sentences.'
    """
    return (
        "Shown: the most suspicious sentence."
        if count == 1
        else f"Shown: the {count} most suspicious sentences."
    )


def warnings(report: Report) -> tuple[str, ...]:
    """The document's warnings and the report's, each once."""
    both = (*report.document.warnings, *report.warnings)
    return tuple(dict.fromkeys(one_line(text).strip() for text in both))


def excluded_shown(report: Report, verbose: bool) -> tuple[Sequence[Excluded], int]:
    """The excluded pieces to name, and how many remain."""
    pieces = report.excluded if verbose else report.excluded[:DEFAULT_EXCLUDED]
    return pieces, len(report.excluded) - len(pieces)
