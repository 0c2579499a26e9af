"""JSON (schema version 1, `docs/report-schema-1.json`), JSON lines and CSV.

JSON keeps the article's characters as they are, but for escapes of those that would end a line, steer a
terminal or can't be encoded. Numbers are rounded to six significant digits and are
never NaN or infinite: what is undefined is null in JSON and an empty cell in CSV. ``start``/``end`` are
characters of the file's decoded text, ``end`` excluded.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mtqa.detect.measures import MEASURES
from mtqa.detect.repair import added_partner
from mtqa.records import Document, Finding, ModelIdentity, Report, Suggestion, SuspectSpan, Verdict
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import json_surrogates, one_line
from mtqa.report.view import repaired, shown, warnings

SCHEMA = 1
#: Digits that survive any change of thread count or batch size; float32 carries seven.
_SIGNIFICANT = 6
#: What makes a spreadsheet read a cell as a formula (OWASP, CSV injection), full-width forms included.
_FORMULA_START = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_CSV_FIXED = (
    "rank", "path", "line", "start", "end", "score", "perplexity", "tokens", "kind", "spans", "text",
    "probability", "q_value", "verdict", "repairs",
)  # fmt: skip


def render_json(reports: Sequence[Report], options: RenderOptions) -> str:
    """One article: an object; several: a list of them."""
    articles = [article(report, options) for report in reports]
    one = len(articles) == 1 and not options.several
    return _dump(articles[0] if one else articles, indent=2)


def render_jsonl(reports: Sequence[Report], options: RenderOptions) -> str:
    """One finding a line, each with its article's path and digest and the run's signature."""
    return "".join(
        _dump(
            {
                "schema": SCHEMA,
                "path": report.document.path,
                "sha256": report.document.sha256,
                "signature": report.signature,
                **_finding(report.document, finding),
                "verdict": _verdict(report.verdict),
            }
        )
        for report in reports
        for finding in shown(report, options.top, default=0)
    )


def render_csv(reports: Sequence[Report], options: RenderOptions) -> str:
    """A header and one finding a line: text cells are on one line and can't be read as formulas.

    The columns are `_CSV_FIXED`, a measure each, and `fault`, the kind of fault where the detector can tell.
    """
    names = _measure_names(reports)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_CSV_FIXED, *(_cell(name) for name in names), "fault"])
    for report in reports:
        for finding in shown(report, options.top, default=0):
            writer.writerow(_row(report, finding, names))
    return out.getvalue()


def article(report: Report, options: RenderOptions) -> dict[str, Any]:
    """One article as schema 1 has it; key order is part of the format."""
    document = report.document
    return {
        "schema": SCHEMA,
        "signature": report.signature,
        "measure": report.measure,
        "model": _model(report.model),
        "source": {
            "path": document.path,
            "sha256": document.sha256,
            "encoding": None if document.encoding == "str" else document.encoding,
            "characters": len(document.source),
            "sentences": len(document.sentences),
        },
        "findings": [_finding(document, finding) for finding in shown(report, options.top, default=0)],
        "excluded": [
            {"text": e.text, "start": e.start, "end": e.end, "line": e.line, "reason": e.reason}
            for e in report.excluded
        ],
        "warnings": list(warnings(report)),
        "settings": _plain(report.settings),
        "verdict": _verdict(report.verdict),
        "recall_by_type": {name: rounded(share) for name, share in report.recall_by_type.items()},
    }


def rounded(value: float | None) -> float | None:
    """Six significant digits; None for what is no finite number.

    >>> rounded(14.23456789), rounded(float("inf")), rounded(None)
    (14.2346, None, None)
    """
    if value is None or not math.isfinite(value):
        return None
    return float(f"{float(value):.{_SIGNIFICANT}g}")


def _finding(document: Document, finding: Finding) -> dict[str, Any]:
    return {
        "rank": int(finding.rank),
        "text": finding.text,
        "start": int(finding.start),
        "end": int(finding.end),
        "line": int(finding.line),
        "kind": finding.kind,
        "score": rounded(finding.score),
        "perplexity": rounded(finding.perplexity),
        "tokens": int(finding.tokens),
        "measures": {name: rounded(value) for name, value in finding.measures.items()},
        "spans": [_span(document, finding, span) for span in finding.spans],
        "probability": rounded(finding.probability),
        "q_value": rounded(finding.q_value),
        "fault": finding.fault,
    }


def _verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {
        "words": verdict.words,
        "sentences": int(verdict.sentences),
        "expected": rounded(verdict.expected),
        "low": int(verdict.low),
        "high": int(verdict.high),
        "found": int(verdict.found),
        "fdr": rounded(verdict.fdr),
    }


def _span(document: Document, finding: Finding, span: SuspectSpan) -> dict[str, Any]:
    made: dict[str, Any] = {
        "start": int(span.start),
        "end": int(span.end),
        "line": int(span.line),
        "text": span.text,
        "surprisal_nats": rounded(span.surprisal_nats),
        "expected": [e.text for e in span.expected],
        "expected_probability": [rounded(e.probability) for e in span.expected],
        "expected_for": span.expected_for,
        "suggestions": [_suggestion(document, finding, span, one) for one in span.suggestions],
        "probability": rounded(span.probability),
    }
    return made if span.note is None else {**made, "note": span.note}


def _suggestion(
    document: Document, finding: Finding, span: SuspectSpan, suggestion: Suggestion
) -> dict[str, Any]:
    made = {
        "text": suggestion.text,
        "gain_bits": rounded(suggestion.gain_bits),
        "kind": suggestion.kind,
    }
    partner = added_partner(document, span, suggestion)
    if partner is None:
        return made
    at = finding.end if partner.behind else finding.start
    return {**made, "insert": {"text": partner.mark, "at": int(at)}}


def _model(model: ModelIdentity) -> dict[str, Any]:
    return {
        "name": model.name,
        "weights_sha256": model.weights_sha256,
        "tokenizer_sha256": model.tokenizer_sha256,
        "start_token": model.start_token,
        "dtype": model.dtype,
        "max_tokens": int(model.max_tokens),
        "languages": list(model.languages),
    }


def _plain(value: Any) -> Any:
    """Settings as JSON can hold them: what it has no form for becomes its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    return str(value)


def _dump(value: Any, indent: int | None = None) -> str:
    encoded = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return json_surrogates(encoded) + "\n"


def _measure_names(reports: Sequence[Report]) -> tuple[str, ...]:
    """Every measure there is, whatever was found: tables of many runs have the same columns.

    Perplexity has its column already.
    """
    more = (name for report in reports for finding in report.findings for name in finding.measures)
    return tuple(name for name in dict.fromkeys((*MEASURES, *more)) if name != "perplexity")


def _row(report: Report, finding: Finding, names: Sequence[str]) -> list[Any]:
    return [
        finding.rank,
        _cell(report.document.path or ""),
        finding.line,
        finding.start,
        finding.end,
        _blank(finding.score),
        _blank(finding.perplexity),
        finding.tokens,
        _cell(finding.kind),
        _cell(" | ".join(span.text for span in finding.spans)),
        _cell(finding.text),
        _blank(finding.probability),
        _blank(finding.q_value),
        report.verdict.words if report.verdict else "",
        _cell(" | ".join(f"{words} ({gain})" for words, gain in _repairs(finding))),
        *(_blank(finding.measures.get(name)) for name in names),
        _cell(finding.fault or ""),
    ]


def _repairs(finding: Finding) -> Iterator[tuple[str, str]]:
    """Each span's best repair and what it gains."""
    for span in finding.spans:
        if (repair := repaired(span)) is not None:
            yield repair


def _blank(value: float | None) -> float | str:
    number = rounded(value)
    return "" if number is None else number


def _cell(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula: a leading apostrophe where it might."""
    flat = one_line(text).strip()
    return f"'{flat}" if flat.startswith(_FORMULA_START) or text.startswith(_FORMULA_START) else flat
