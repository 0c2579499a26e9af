"""The report as one self-contained web page: the article with a heat map, the ranked list beside it.

The page asks for nothing: styles and script are inside, and its policy forbids everything else. The
article's characters reach the template as plain strings, which Jinja escapes; per-word numbers travel
as one compact JSON array an article, so that a thousand sentences stay a small file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from mtqa.records import Block, Document, Excluded, Finding, Report, SuspectSpan, Word
from mtqa.report import view
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import keep_lines, one_line, shorten
from mtqa.report.tables import rounded

#: Shades of the heat map; more can't be told apart.
_SHADES = 9
#: Expectations a tooltip lists.
_TOOLTIP_EXPECTED = 5
#: How much of an excluded piece is shown in its place.
_EXCLUDED_CHARACTERS = 240
_TAGS = {"heading": "h3", "quote": "blockquote", "code": "pre", "table": "pre"}


@dataclass(frozen=True, slots=True)
class Bit:
    """A stretch of a sentence. ``word``: it has a tooltip; ``shade`` 0 to 9; ``suspect``: underlined."""

    text: str
    word: bool
    shade: int
    suspect: bool


@dataclass(frozen=True, slots=True)
class SentenceView:
    """A sentence in the article; ``rank`` is None where it was not ranked or is not shown."""

    number: int
    rank: int | None
    bits: tuple[Bit, ...]
    after: str


@dataclass(frozen=True, slots=True)
class FlowItem:
    """A block (``tag`` and ``kind``) or an excluded piece (``tag`` is ``aside``) in reading order."""

    tag: str
    kind: str
    lead: str = ""
    sentences: tuple[SentenceView, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding in the ranked list."""

    finding: Finding
    score: str
    aside: str | None
    bar: float
    bits: tuple[Bit, ...]
    remarks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ArticleView:
    """All that the template needs of one report."""

    key: str
    name: str
    report: Report
    flow: tuple[FlowItem, ...]
    entries: tuple[Entry, ...]
    first: int
    verdict: str | None
    probable: bool
    detected: bool
    seldom_found: str | None
    warnings: tuple[str, ...]
    data: str


def render(reports: Sequence[Report], options: RenderOptions) -> str:
    """One page for all reports; every finding is in the list unless ``options.top`` limits it."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        number=view.number,
        plural=view.plural,
        one_line=one_line,
        shorten=shorten,
        counts=view.counts,
        ranked=view.ranked,
        score=view.score,
        judged=any(report.verdict for report in reports),
    )
    script = _resource("report.js")
    page = environment.from_string(_resource("report.html.j2")).render(
        articles=[_article(report, i, options) for i, report in enumerate(reports)],
        style=_resource("report.css"),
        script=script,
        script_hash=script_hash(script),
        cannot_see=view.CANNOT_SEE,
    )
    return page.rstrip("\n") + "\n"


def script_hash(script: str) -> str:
    """The script's digest as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def script_json(value: Any) -> str:
    r"""JSON that may stand inside a script element: nothing in it can end the element or a line.

    >>> script_json("</script>&\u2028")
    '"\\u003c/script\\u003e\\u0026\\u2028"'
    """
    encoded = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    return encoded


def _resource(name: str) -> str:
    return resources.files("mtqa.report").joinpath("templates", name).read_text(encoding="utf-8")


def _article(report: Report, index: int, options: RenderOptions) -> ArticleView:
    findings = view.shown(report, options.top, default=0)
    by_sentence = _words_by_sentence(report)
    return ArticleView(
        key=f"a{index}",
        name=view.name(report.document),
        report=report,
        flow=tuple(_flow(report, by_sentence, {f.sentence: f for f in findings})),
        entries=_entries(report, findings),
        first=_first(report, findings, options),
        verdict=view.nothing_found(report) or view.verdict(report),
        probable=view.by_probability(report),
        detected=report.verdict is not None
        or any(f.measures.get("detector") is not None for f in report.findings),
        seldom_found=view.seldom_found(report),
        warnings=view.warnings(report),
        data=script_json(_data(report, findings, by_sentence)),
    )


def _first(report: Report, findings: Sequence[Finding], options: RenderOptions) -> int:
    """How many of the listed findings are open at first."""
    chosen = options.top is not None or report.fdr is not None
    return len(findings) if chosen else min(len(findings), view.DEFAULT_TOP)


def _words_by_sentence(report: Report) -> dict[int, list[Word]]:
    grouped: dict[int, list[Word]] = {}
    for word in sorted(report.words, key=lambda word: word.start):
        grouped.setdefault(word.sentence, []).append(word)
    return grouped


def _flow(report: Report, words: dict[int, list[Word]], findings: dict[int, Finding]) -> Iterator[FlowItem]:
    """Blocks and, each in front of its block, excluded pieces."""
    document = report.document
    excluded: dict[int, list[Excluded]] = {}
    for item in document.excluded:
        excluded.setdefault(min(item.before, len(document.blocks)), []).append(item)
    numbers: dict[int, list[int]] = {}
    for number, sentence in enumerate(document.sentences):
        numbers.setdefault(sentence.block, []).append(number)
    for i, block in enumerate(document.blocks):
        yield from map(_excluded, excluded.get(i, ()))
        yield _block(document, block, [(n, words.get(n, []), findings.get(n)) for n in numbers.get(i, ())])
    yield from map(_excluded, excluded.get(len(document.blocks), ()))


def _excluded(item: Excluded) -> FlowItem:
    text = shorten(one_line(item.text).strip(), _EXCLUDED_CHARACTERS)
    return FlowItem(tag="aside", kind="excluded", lead=text, reason=one_line(item.reason))


def _block(
    document: Document, block: Block, sentences: Sequence[tuple[int, list[Word], Finding | None]]
) -> FlowItem:
    starts = [document.sentences[number].start for number, _, _ in sentences]
    ends = [*starts[1:], block.end]
    lead = keep_lines(document.text[block.start : starts[0] if starts else block.end])
    made = []
    for (number, words, finding), next_start in zip(sentences, ends, strict=True):
        after = document.text[document.sentences[number].end : max(next_start, 0)]
        rank = finding.rank if finding else None
        spans = finding.spans if finding else ()
        made.append(SentenceView(number, rank, _bits(document, number, words, spans), keep_lines(after)))
    return FlowItem(tag=_TAGS.get(block.kind, "p"), kind=block.kind, lead=lead, sentences=tuple(made))


def _bits(
    document: Document, number: int, words: Sequence[Word], spans: Sequence[SuspectSpan]
) -> tuple[Bit, ...]:
    """The sentence as words, each whole, and what is between them, cut at the spans' edges."""
    sentence = document.sentences[number]
    made: list[Bit] = []
    at = sentence.start
    for word in words:
        if word.start < at or word.end > sentence.end:
            continue  # overlapping words can't both be drawn; the tooltips skip it as well
        made += _between(document, at, word.start, spans)
        suspect = any(s.document.start < word.end and word.start < s.document.end for s in spans)
        made.append(Bit(keep_lines(document.text[word.start : word.end]), True, shade(word), suspect))
        at = word.end
    return (*made, *_between(document, at, sentence.end, spans))


def _between(document: Document, start: int, end: int, spans: Sequence[SuspectSpan]) -> Iterator[Bit]:
    if start < end:
        for piece in view.cut(start, end, spans):
            yield Bit(keep_lines(document.text[piece.start : piece.end]), False, 0, piece.span is not None)


def shade(word: Word) -> int:
    """The word's step in the heat map, 0 (none) to 9."""
    if not math.isfinite(word.suspicion):
        return 0
    return round(min(max(word.suspicion, 0.0), 1.0) * _SHADES)


def _entries(report: Report, findings: Sequence[Finding]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            finding=finding,
            score=view.score(report, finding),
            aside=view.aside(report, finding),
            bar=round(bar, 4),
            bits=tuple(_marked(report.document, finding)),
            remarks=tuple(remark for span in finding.spans for remark in _remarks(span)),
        )
        for finding, bar in zip(findings, view.bars(report), strict=False)
    )


def _marked(document: Document, finding: Finding) -> Iterator[Bit]:
    for piece in view.pieces(document, finding):
        text = one_line(document.text[piece.start : piece.end])
        yield Bit(text, False, 0, piece.span is not None)


def _remarks(span: SuspectSpan) -> Iterator[tuple[str, str]]:
    """What is wrong with a span, and its best repair."""
    yield view.span_text(span), _remark(span)
    if (repaired := view.repaired(span)) is not None:
        yield repaired


def _remark(span: SuspectSpan) -> str:
    """As `view.remark`, with probabilities: a page has room for them."""
    said = one_line(span.note).strip() if span.note else view.bits(span.surprisal_nats)
    if span.probability is not None:
        said = f"{view.percent(span.probability)} likely wrong; {said}"
    expected = [f"{e.text} {view.percent(e.probability)}" for e in view.expectations(span.expected)]
    return f"{said}; expected {', '.join(expected)}{view.instead_of(span)}" if expected else said


def _data(report: Report, findings: Sequence[Finding], by_sentence: dict[int, list[Word]]) -> dict[str, Any]:
    """Per word, in drawing order: ``[bits, entropy bits, text, p, text, p, …]``, texts by index."""
    texts: dict[str, int] = {}
    words: list[list[float | int | None]] = []
    for number in _drawn_sentences(report.document):
        at = report.document.sentences[number].start
        for word in by_sentence.get(number, ()):
            if word.start < at or word.end > report.document.sentences[number].end:
                continue
            at = word.end
            words.append(_word_data(word, texts))
    names = list(dict.fromkeys(name for finding in findings for name in finding.measures))
    return {
        "texts": list(texts),
        "words": words,
        "measure": one_line(report.measure),
        "measures": [one_line(name) for name in names],
        "probable": view.by_probability(report),
        "scores": [rounded(f.probability if view.by_probability(report) else f.score) for f in findings],
        "values": [[_short(finding.measures.get(name)) for name in names] for finding in findings],
    }


def _drawn_sentences(document: Document) -> list[int]:
    """Sentence numbers in the order in which `_flow` draws them."""
    return sorted(
        range(len(document.sentences)), key=lambda number: (document.sentences[number].block, number)
    )


def _word_data(word: Word, texts: dict[str, int]) -> list[float | int | None]:
    made: list[float | int | None] = [_bits_of(word.surprisal_nats), _bits_of(word.entropy_nats)]
    for item in view.expectations(word.expected, _TOOLTIP_EXPECTED):
        made += [texts.setdefault(item.text, len(texts)), _short(item.probability)]
    return made


def _bits_of(nats: float) -> float | None:
    return _short(nats / math.log(2))


def _short(value: float | None) -> float | None:
    """Three significant digits: what a tooltip shows."""
    exact = rounded(value)
    return None if exact is None else float(f"{exact:.3g}")
