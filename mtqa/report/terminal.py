"""The report for a terminal or a pipe: ranked sentences, suspicious words marked, within a width."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mtqa.records import Document, Finding, Report
from mtqa.report import view
from mtqa.report.formats import RenderOptions
from mtqa.report.plain import string_console
from mtqa.report.safe import one_line, shorten

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDTH = 80
#: Narrower than this a ranked list is no longer readable; the lines then run over.
_MIN_WIDTH = 24
_BAR = 10
_INDENT = 5
#: Plain text has no red: these occur in no ordinary article.
_MARKS = ("⟦", "⟧")
_SUSPECT = "bold red underline"
_Line = tuple["Text", int]  # the text, and the indent of all its lines


def render(reports: Sequence[Report], options: RenderOptions) -> str:
    """Each report, then a table over all of them where there are several."""
    out = io.StringIO()
    console = string_console(out, max(options.width or _WIDTH, _MIN_WIDTH), color=options.color)
    lines: list[_Line] = []
    detected = [i for i, report in enumerate(reports) if view.by_detector(report)]
    for i, report in enumerate(reports):
        # Once is enough, however many articles there are.
        lines += [*_report(report, options, unseen=i in detected[-1:]), _plain("")]
    if len(reports) > 1:
        lines += [*_summary(reports), _plain("")]
    for text, indent in lines[:-1]:
        _print(console, text, indent)
    return out.getvalue()


def _print(console: Console, text: Text, indent: int) -> None:
    from rich.text import Text

    if not text.plain.strip():
        return console.print()
    for line in text.wrap(console, console.width - indent):
        line.rstrip()
        padded = Text.assemble(" " * indent, line)
        console.print(padded, no_wrap=True, overflow="ignore", crop=False)


def _report(report: Report, options: RenderOptions, *, unseen: bool) -> Iterator[_Line]:
    findings = view.shown(report, options.top, default=view.DEFAULT_TOP)
    yield _plain(view.name(report.document), "bold")
    yield _plain(view.counts(report))
    yield from _verdict(report)
    if len(findings) < len(report.findings):
        yield _plain(view.cut_short(len(findings)))
    yield _plain("")
    if findings:
        beside = f"  {'corrupted':>9}" if view.aside(report, findings[0]) else ""
        yield _plain(
            f"{'#':>3} {'line':>6}  {view.score_name(report):>9} {'':{_BAR}}  {'perplexity':>10}{beside}",
            "dim",
        )
    for finding, bar in zip(findings, view.bars(report), strict=False):
        yield from _finding(report, finding, bar, options)
    yield from _footer(report, options, unseen=unseen)


def _verdict(report: Report) -> Iterator[_Line]:
    said = view.nothing_found(report) or view.verdict(report)
    if said:
        yield _plain(said[:1].upper() + said[1:], "bold")


def _finding(report: Report, finding: Finding, bar: float, options: RenderOptions) -> Iterator[_Line]:
    kind = "".join(f"  {word}" for word in view.beside(finding))
    beside = view.aside(report, finding)
    yield _plain(
        f"{finding.rank:>3} {finding.line:>6}   {view.score(report, finding):>8} {_bar(bar):{_BAR}}"
        f"  {view.number(finding.perplexity):>10}{f'  {beside:>9}' if beside else ''}{kind}",
        "bold",
    )
    yield _sentence(report.document, finding, options.color), _INDENT
    for span in finding.spans:
        yield _plain(f"{view.span_text(span)}: {view.remark(span)}", "dim")[0], _INDENT + 2
        if (repaired := view.repaired(span)) is not None:
            yield _plain(": ".join(repaired))[0], _INDENT + 2
    yield _plain("")


def _bar(fraction: float) -> str:
    """``fraction`` of the bar's width, in eighths of a column."""
    eighths = round(min(max(fraction, 0.0), 1.0) * _BAR * 8)
    whole, part = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[part].strip()


def _sentence(document: Document, finding: Finding, color: bool) -> Text:
    """The sentence, its suspicious words red and underlined, or between marks where there is no colour."""
    from rich.text import Text

    text = Text()
    left, right = ("", "") if color else _MARKS
    pieces = view.pieces(document, finding)
    for i, piece in enumerate(pieces):
        words = one_line(document.text[piece.start : piece.end])
        if piece.span is None:
            text.append(words)
            continue
        opens = i == 0 or pieces[i - 1].span != piece.span
        closes = i + 1 == len(pieces) or pieces[i + 1].span != piece.span
        text.append(f"{left if opens else ''}{words}{right if closes else ''}", style=_SUSPECT)
    return text


def _footer(report: Report, options: RenderOptions, *, unseen: bool) -> Iterator[_Line]:
    excluded, rest = view.excluded_shown(report, options.verbose)
    if excluded:
        yield _plain("Not ranked:", "bold")
    for item in excluded:
        words = shorten(one_line(item.text).strip(), 50)
        yield _plain(f"line {item.line}: {words} ({one_line(item.reason)})")[0], 2
    if rest:
        yield _plain(f"and {rest:,} more")[0], 2
    if excluded:
        yield _plain("")
    for warning in view.warnings(report):
        yield _plain(f"Warning: {warning}", "yellow")
    if unseen:
        yield _plain(view.CANNOT_SEE_SHORT, "dim")
    if options.verbose:
        seldom = view.seldom_found(report)
        if seldom:
            yield _plain(seldom, "dim")
        for key, value in report.settings.items():
            yield _plain(f"{one_line(str(key))}: {one_line(str(value))}", "dim")
    yield _plain(one_line(report.signature), "dim")


def _summary(reports: Sequence[Report]) -> Iterator[_Line]:
    """One line an article: how many sentences, how many excluded, and the worst of them."""
    yield _plain("Summary", "bold")
    yield _plain(f"{'ranked':>7} {'excluded':>8} {'worst':>8} {'line':>6}  article", "dim")
    for report in reports:
        worst = report.findings[0] if report.findings else None
        score, line = (view.score(report, worst), str(worst.line)) if worst else ("n/a", "n/a")
        yield _plain(
            f"{view.ranked(report):>7,} {len(report.excluded):>8,} {score:>8} {line:>6}"
            f"  {view.name(report.document)}"
        )
        if report.verdict:
            yield _plain(report.verdict.words, "dim")[0], 34


def _plain(text: str, style: str = "") -> _Line:
    from rich.text import Text

    return Text(text, style=style), 0
