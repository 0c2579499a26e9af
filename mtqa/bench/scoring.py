"""A labelled set to a `ScoreTable`: texts and paragraph numbers go to the scorer, none of the answers.

Boilerplate lines are left out of what is scored, as mtqa leaves them out of an article. Isolated sentences go
through some two hundred at a time, each text once however often the data hold it.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mtqa.bench.records import Array, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.errors import InputError
from mtqa.lm.progress import Progress
from mtqa.records import Document, Doubt, Finding, Report
from mtqa.text.quotes import quote_faults_apart
from mtqa.text.read import document_from_sentences

#: ``(document, isolated)`` to its report; isolated: each sentence is read without context.
Scorer = Callable[[Document, bool], Report]

#: Isolated sentences that are scored in one call.
TOGETHER = 200
_BOILERPLATE = "boilerplate"
_BLANK = "blank"
_NO_TOKEN = "no token to score"  # noqa: S105


@dataclass(frozen=True, slots=True)
class _Scored:
    """What is kept of one finding, in characters of its sentence's text."""

    score: float
    probability: float | None
    q_value: float | None
    tokens: int
    bits: float
    words: tuple[tuple[int, int, float], ...]
    marked: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Run:
    """What has been gathered so far."""

    found: dict[int, _Scored] = field(default_factory=dict)
    unscored: dict[int, str] = field(default_factory=dict)
    signature: str = ""
    reports: int = 0
    articles: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    doubts: Counter[Doubt] = field(default_factory=Counter)

    def hear(self, report: Report, *, isolated: bool) -> None:
        """One more report's warnings. Sentences that stand alone are no article, and have no verdict."""
        self.reports += 1
        self.articles += not isolated
        doubts = report.verdict.doubts if report.verdict else ()
        texts = {doubt.text for doubt in doubts}
        self.warnings.update(w for w in report.warnings if w not in texts)
        self.doubts.update(() if isolated else doubts)

    def usual_warnings(self, shape: str) -> tuple[str, ...]:
        """Those of most reports; where no metric reads a probability, none of what makes it off."""
        held = [w for w, count in self.warnings.items() if 2 * count > self.reports]
        held += self._usual_doubts()
        return tuple(w for w in held if shape == "documents" or "probabilities" not in w)

    def _usual_doubts(self) -> Iterator[str]:
        """Those of most articles' verdicts; of several without the numbers, which are each one's own."""
        if self.articles == 1:
            yield from (doubt.text for doubt in self.doubts)
            return
        kinds = Counter(doubt.kind for doubt in self.doubts.elements())
        for kind, count in kinds.items():
            if 2 * count > self.articles:
                yield f"in {count:,} of {self.articles:,} documents {kind}"


def score_set(data: LabelledSet, scorer: Scorer, *, config: str, progress: Progress) -> ScoreTable:
    """Every sentence of the set, scored. Raises what the scorer raises."""
    run, started = _Run(), time.perf_counter()
    sentences = list(data.sentences())
    for i, sentence in enumerate(sentences):
        if sentence.boilerplate or not sentence.text.strip():
            run.unscored[i] = _BOILERPLATE if sentence.boilerplate else _BLANK
    done, total = 0, len(sentences) - len(run.unscored)
    for places, isolated in _batches(data, run.unscored):
        progress.update("evaluating", done, total)
        _score(run, sentences, places, scorer, isolated=isolated)
        done = len(run.found) + len(run.unscored) - (len(sentences) - total)
    progress.update("evaluating", total, total)
    return _table(data, run, config, time.perf_counter() - started)


def _batches(data: LabelledSet, left_out: dict[int, str]) -> Iterator[tuple[list[list[int]], bool]]:
    """Lists of sentences' indices; those in one inner list have the same text and are scored once."""
    alone: dict[str, list[int]] = {}
    at = 0
    sentences = list(data.sentences())
    for document in data.documents:
        places = [i for i in range(at, at + len(document.sentences)) if i not in left_out]
        at += len(document.sentences)
        if not document.isolated and places:
            yield [[i] for i in places], False
        elif document.isolated:
            for i in places:
                alone.setdefault(sentences[i].text, []).append(i)
    groups = list(alone.values())
    for start in range(0, len(groups), TOGETHER):
        yield groups[start : start + TOGETHER], True


def _score(
    run: _Run,
    sentences: Sequence[LabelledSentence],
    places: list[list[int]],
    scorer: Scorer,
    *,
    isolated: bool,
) -> None:
    own = [sentences[group[0]] for group in places]
    numbers = [s.paragraph for s in own if s.paragraph is not None]
    paragraphs = numbers if len(numbers) == len(own) and not isolated else None
    document = document_from_sentences([s.text.strip() for s in own], paragraphs=paragraphs)
    if isolated:  # one's quotation marks are no partners of another's
        faults = quote_faults_apart(document.text, document.sentences)
        document = replace(document, quote_faults=faults)
    try:
        report = scorer(document, isolated)
    except InputError:
        run.unscored.update((i, _NO_TOKEN) for group in places for i in group)
        return
    run.signature = run.signature or report.signature
    if len(document.sentences) > 1:  # of one alone a report says that there is nothing to rank it against
        run.hear(report, isolated=isolated)
    words = _words_by_sentence(report)
    found = {f.sentence: f for f in report.findings}
    for number, (group, sentence) in enumerate(zip(places, own, strict=True)):
        if number not in found:
            run.unscored.update((i, _NO_TOKEN) for i in group)
            continue
        kept = _kept(document, sentence, found[number], words.get(number, []))
        run.found.update((i, kept) for i in group)


def _words_by_sentence(report: Report) -> dict[int, list[tuple[int, int, float]]]:
    grouped: dict[int, list[tuple[int, int, float]]] = {}
    for word in report.words:
        grouped.setdefault(word.sentence, []).append((word.start, word.end, word.suspicion))
    return grouped


def _kept(
    document: Document, sentence: LabelledSentence, finding: Finding, words: list[tuple[int, int, float]]
) -> _Scored:
    """The finding's numbers; positions from those of the document to those of the labelled text."""
    indent = len(sentence.text) - len(sentence.text.lstrip())
    shift = indent - document.sentences[finding.sentence].start
    return _Scored(
        score=float(finding.score),
        probability=finding.probability,
        q_value=finding.q_value,
        tokens=finding.tokens,
        bits=finding.tokens * math.log2(max(finding.perplexity, 1.0)),
        words=tuple((start + shift, end + shift, float(s)) for start, end, s in words),
        marked=tuple((s.document.start + shift, s.document.end + shift) for s in finding.spans),
    )


def _table(data: LabelledSet, run: _Run, config: str, seconds: float) -> ScoreTable:
    if not run.found:
        raise InputError(f"{data.name}: no sentences: none of the {len(data)} has a token to score")
    n = len(data)
    lowest = min(one.score for one in run.found.values()) - 1.0
    rows = [run.found.get(i) for i in range(n)]
    return ScoreTable(
        data=data,
        config=config,
        signature=run.signature,
        scores=np.array([lowest if one is None else one.score for one in rows]),
        document=document_index(data),
        words=tuple(() if one is None else one.words for one in rows),
        marked=tuple(() if one is None else one.marked for one in rows),
        # What can't be scored is never flagged: as sound as it gets.
        probability=_known([0.0 if one is None else one.probability for one in rows]),
        q_value=_known([1.0 if one is None else one.q_value for one in rows]),
        tokens=np.array([0 if one is None else one.tokens for one in rows], dtype=np.int64),
        bits=np.array([0.0 if one is None else one.bits for one in rows]),
        unscored=run.unscored,
        seconds=seconds,
        peak_mb=_peak_mb(),
        warnings=run.usual_warnings(data.shape),
    )


def not_scored(table: ScoreTable) -> Iterator[str]:
    """A line where sentences that should have been scored could not be, and what becomes of them."""
    reasons = {i: reason for i, reason in table.unscored.items() if reason != _BOILERPLATE}
    if reasons:
        what = ", ".join(dict.fromkeys(reasons.values()))
        lacking = [s for i, s in enumerate(table.data.sentences()) if i in reasons]
        fate = ", and ".join(_fate(lacking, table.data))
        yield f"{len(reasons)} of {len(table)} sentences were not scored ({what}): {fate or 'ranked last'}"


def _fate(unscored: Sequence[LabelledSentence], data: LabelledSet) -> Iterator[str]:
    """What such sentences count for."""
    if data.shape == "pairs":
        yield "their pairs are left out"
    elif any(s.label is not None for s in unscored):
        yield "ranked last"
    if data.system_order or any(s.score is not None for s in unscored):
        yield "left out of correlations"


def _known(values: Sequence[float | None]) -> Array | None:
    """The values, or None where the config does not give one for each."""
    held = [value for value in values if value is not None]
    return np.array(held, dtype=np.float64) if len(held) == len(values) else None


def _peak_mb() -> float | None:
    """The most memory that this process has ever held, in millions of bytes; None where nobody counts it."""
    try:
        import resource  # there is none on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
