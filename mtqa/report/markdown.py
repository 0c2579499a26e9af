"""The report as Markdown (CommonMark with GitHub's tables): nothing of the article can become markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from mtqa.records import Document, Finding, Report
from mtqa.report import view
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import one_line, shorten

#: Markup wherever it stands. A backslash before ASCII punctuation always means the character itself.
#: An underscore inside a word, as in max_surprisal, is none (CommonMark 6.2, rules 2 and 4).
_ALWAYS = re.compile(r"[\\`*\[\]<>#|~&!$^{}@]|(?<![^\W_])_|_(?![^\W_])|:(?=//|[\w+-]+:)|(?<=[Ww]{3})\.")
#: Markup at the start of a line only: list items, setext underlines, thematic breaks.
_AT_START = re.compile(r"\A(\s*)([-+=])|\A(\s*\d+)([.)])")


def render(reports: Sequence[Report], options: RenderOptions) -> str:
    """Each report under a heading of its own; several get a summary table in front."""
    lines: list[str] = []
    if len(reports) > 1:
        lines += [*_summary(reports), ""]
    for report in reports:
        lines += [*_report(report, options), ""]
    return "\n".join(lines[:-1]) + "\n"


def escape(text: str) -> str:
    r"""The text on one line, so that Markdown shows exactly it.

    >>> escape("[bold] *a* <b> 1. 2\n# x"), escape("1. a"), escape("- a")
    ('\\[bold\\] \\*a\\* \\<b\\> 1. 2 \\# x', '1\\. a', '\\- a')
    """
    return _at_start(_inline(one_line(text)))


def _inline(flat: str) -> str:
    return _ALWAYS.sub(lambda match: f"\\{match.group()}", flat)


def _at_start(escaped: str) -> str:
    return _AT_START.sub(lambda m: f"{m.group(1) or m.group(3) or ''}\\{m.group(2) or m.group(4)}", escaped)


def _report(report: Report, options: RenderOptions) -> Iterator[str]:
    findings = view.shown(report, options.top, default=view.DEFAULT_TOP)
    yield f"## {escape(view.name(report.document))}"
    yield ""
    yield f"{escape(view.counts(report))}."
    said = view.nothing_found(report) or view.verdict(report)
    if said:
        yield from ("", f"**{_inline(said[:1].upper() + said[1:].rstrip('.'))}.**")
    if len(findings) < len(report.findings):
        yield view.cut_short(len(findings))
    for finding in findings:
        yield ""
        yield from _finding(report, finding)
    yield from _footer(report, options)


def _finding(report: Report, finding: Finding) -> Iterator[str]:
    kind = "".join(f", {escape(word)}" for word in view.beside(finding))
    yield f"### {finding.rank}. Line {finding.line}{kind}"
    yield ""
    yield _numbers(report, finding)
    yield ""
    yield f"> {_sentence(report.document, finding)}"
    if finding.spans:
        yield ""
    for span in finding.spans:
        yield f"- {escape(view.span_text(span))}: {_inline(view.remark(span))}"
        if (repaired := view.repaired(span)) is not None:
            yield f"- {escape(repaired[0])}: {_inline(repaired[1])}"


def _numbers(report: Report, finding: Finding) -> str:
    perplexity = f"perplexity {view.number(finding.perplexity)}"
    if view.by_probability(report):
        return _inline(f"Corrupted with a probability of {view.score(report, finding)}, {perplexity}")
    beside = view.aside(report, finding)
    also = f", corrupted with a probability of {beside}" if beside else ""
    return _inline(f"Score {view.score(report, finding)}, {perplexity}{also}")


def _sentence(document: Document, finding: Finding) -> str:
    """The sentence, suspicious words bold; spans that touch share one pair of asterisks."""
    runs: list[tuple[bool, str]] = []
    for piece in view.pieces(document, finding):
        bold, words = piece.span is not None, one_line(document.text[piece.start : piece.end])
        if runs and runs[-1][0] == bold:
            words = runs.pop()[1] + words
        runs.append((bold, words))
    made = []
    for i, (bold, words) in enumerate(runs):
        before, after = (runs[i - 1][1] if i else ""), (runs[i + 1][1] if i + 1 < len(runs) else "")
        text = _inline(words)
        made.append(f"**{text}**" if bold and _can_be_bold(before, words, after) else text)
    return _at_start("".join(made).strip()) if not made or not made[0].startswith("**") else "".join(made)


def _can_be_bold(before: str, words: str, after: str) -> bool:
    """Whether asterisks around the words would be read as emphasis (CommonMark 6.2, flanking runs)."""
    opens = not _punctuation(words[:1]) or not before or before[-1].isspace() or _punctuation(before[-1])
    closes = not _punctuation(words[-1:]) or not after or after[0].isspace() or _punctuation(after[0])
    return opens and closes and bool(words) and not words[0].isspace() and not words[-1].isspace()


def _punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS" if character else False


def _footer(report: Report, options: RenderOptions) -> Iterator[str]:
    excluded, rest = view.excluded_shown(report, options.verbose)
    if excluded:
        yield from ("", "### Not ranked", "", "| Line | Text | Reason |", "| ---: | --- | --- |")
    for item in excluded:
        words = escape(shorten(one_line(item.text).strip(), 80))
        yield f"| {item.line} | {words} | {escape(item.reason)} |"
    if rest:
        yield from ("", f"and {rest:,} more.")
    for warning in view.warnings(report):
        yield from ("", f"Warning: {_inline(warning)}")
    yield from ("", _inline(" ".join(filter(None, [view.CANNOT_SEE, view.seldom_found(report)]))))
    if options.verbose and report.settings:
        yield ""
        yield from (
            f"- {escape(str(key))}: {_inline(one_line(str(v)))}" for key, v in report.settings.items()
        )
    signature = one_line(report.signature).strip()
    yield from ("", "Signature: " + (_inline(signature) if "`" in signature else f"`{signature}`"))


def _summary(reports: Sequence[Report]) -> Iterator[str]:
    judged = any(report.verdict for report in reports)
    yield from ("## Summary", "")
    verdict, rule = (" Verdict |", " --- |") if judged else ("", "")
    worst = "Worst" if any(map(view.by_probability, reports)) else "Worst score"
    yield f"| Article | Ranked | Excluded |{verdict} {worst} | Line | Most suspicious sentence |"
    yield f"| --- | ---: | ---: |{rule} ---: | ---: | --- |"
    for report in reports:
        cells = [escape(view.name(report.document)), f"{view.ranked(report):,}", f"{len(report.excluded):,}"]
        if judged:
            cells.append(escape(report.verdict.words) if report.verdict else "n/a")
        yield f"| {' | '.join([*cells, *_worst(report)])} |"


def _worst(report: Report) -> tuple[str, str, str]:
    """The summary's last three cells."""
    if not report.findings:
        return "n/a", "n/a", "n/a"
    worst = report.findings[0]
    words = escape(shorten(one_line(worst.text).strip(), 80))
    return _inline(view.score(report, worst)), str(worst.line), words
