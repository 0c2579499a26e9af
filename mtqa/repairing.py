"""Repairs for the top of a ranking: candidates from `mtqa.detect.repair`, numbers from `mtqa.lm.rescore`.

Findings are taken in their order, and in each its spans in theirs, until all are done or the time is up. What
is finished is kept in the score ledger, so that a second run needs no model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

import numpy as np

from mtqa.detect.repair import REPAIRS, Edit, Nats, Place, best, edits, fault_edits, gain_nats, places
from mtqa.detect.spans import FAULT_NOTES
from mtqa.errors import RunError, one_line
from mtqa.lm.backend import Backend
from mtqa.lm.ledger_repairs import Found, KnownRepairs
from mtqa.lm.progress import NoProgress, Progress
from mtqa.lm.rescore import Reach, Rescorer, excerpt
from mtqa.records import (
    Document,
    Finding,
    Floats,
    Passage,
    Sentence,
    Span,
    Suggestion,
    SuspectSpan,
    TokenScores,
)

#: How many findings are repaired at most: as many as a report shows unless asked otherwise.
REPAIRED = 10

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A document as it was scored: in which passages, and with what scores."""

    document: Document
    passages: Sequence[Passage]
    tokens: TokenScores


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the search may take, in seconds, and how far it reads around a place."""

    budget_seconds: float
    reach: Reach = field(default_factory=Reach)


class Repairer:
    """Looks for repairs in one document, with a model that is asked only where the ledger does not know."""

    def __init__(
        self,
        backend: Callable[[], Backend],
        limits: Limits,
        *,
        known: KnownRepairs | None = None,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``backend`` gives the model, loaded; loading it does not count as time spent."""
        self._backend, self._limits, self._known = backend, limits, known
        self._progress, self._clock = progress or NoProgress(), clock
        self._rescorer: Rescorer | None = None
        self._deadline = 0.0
        self._trouble: str | None = None

    def repaired(
        self, scene: Scene, findings: Sequence[Finding]
    ) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """The findings with suggestions on their spans, and a warning where not all were looked at."""
        settings = {"repairs": REPAIRS, **asdict(self._limits.reach)}
        kept = dict(self._known.get(scene.passages, settings)) if self._known else {}
        before, made, unfinished = len(kept), list[Finding](), 0
        for done, finding in enumerate(findings):
            key = _key(finding)
            found = kept.get(key)
            if found is None:
                self._progress.update("looking for repairs", done, len(findings))
                found, complete = self._finding(scene, finding)
                unfinished += not complete
                if complete:
                    kept[key] = found
            made.append(_with(finding, found))
        if self._known and len(kept) > before:
            self._known.put(scene.passages, settings, kept)
        return tuple(made), self._warnings(unfinished, len(findings))

    def _finding(self, scene: Scene, finding: Finding) -> tuple[Found, bool]:
        """Suggestions for each span, as far as the time goes, and whether that was to the end."""
        found = []
        for span in finding.spans:
            suggestions = self._span(scene, scene.document.sentences[finding.sentence], span)
            if suggestions is None:
                return tuple(found), False
            found.append(suggestions)
        return tuple(found), True

    def _span(self, scene: Scene, sentence: Sentence, span: SuspectSpan) -> tuple[Suggestion, ...] | None:
        """One span's suggestions; None where the time was up or the model failed before they were known."""
        around = Span(min(sentence.start, span.document.start), span.document.end)
        here = excerpt(_passage(scene.passages, sentence), scene.tokens, around, self._limits.reach)
        gains: list[tuple[Edit, float]] = []
        for batch in self._batches(scene, sentence, span, here):
            if batch is None:
                return None
            gains += batch
        return best(gains)

    def _batches(
        self, scene: Scene, sentence: Sentence, span: SuspectSpan, here: Passage
    ) -> Iterator[list[tuple[Edit, float]] | None]:
        """Edits with their gains in nats, a batch for each place; None, and no more, when it is over."""
        text, entropy = scene.document.text, _summed(scene.tokens, scene.tokens.entropy_nats)
        if span.note is not None:
            kind = next((k for k, note in FAULT_NOTES.items() if note == span.note), span.note)
            for edit in fault_edits(text, sentence, span, kind):
                yield self._gains(here, [edit], entropy)
            return
        for place in places(span, _summed(scene.tokens, scene.tokens.surprisal_nats)):
            if (pool := self._pool(scene, here, place)) is None:
                yield None
                return
            yield self._gains(here, edits(text, sentence, place, span, pool), entropy)

    def _pool(self, scene: Scene, here: Passage, place: Place) -> Sequence[str] | None:
        """What the model might write at a place; where it can't be asked, the alternatives of the scoring."""
        found = self._asked(lambda model: model.proposals(here.text[: place.start - here.start]))
        if found is None or found:
            return found
        tokens = scene.tokens
        first = int(np.searchsorted(tokens.ends, place.start, side="right"))
        return [tokens.pieces.get(int(i), "") for i in tokens.alternative_ids[first]]

    def _gains(self, here: Passage, made: Sequence[Edit], entropy: Nats) -> list[tuple[Edit, float]] | None:
        """Each edit with what it gains, in nats; None when it is over."""
        versions = [here.text, *(_edited(here, edit) for edit in made)]
        nats = self._asked(lambda model: model.surprisals(versions))
        if nats is None:
            return None
        return [
            (e, gain_nats(e, float(nats[0]), float(n), entropy)) for e, n in zip(made, nats[1:], strict=True)
        ]

    def _asked(self, question: Callable[[Rescorer], _Answer]) -> _Answer | None:
        """The model's answer, or None where there is no time for it any more or it failed."""
        if self._trouble or self._limits.budget_seconds <= 0:
            return None
        if self._rescorer is None:
            self._rescorer = Rescorer(self._backend())
            self._deadline = self._clock() + self._limits.budget_seconds
        if self._clock() >= self._deadline:
            return None
        try:
            return question(self._rescorer)
        except RunError as error:
            self._trouble = one_line(error, 160)
            return None

    def _warnings(self, unfinished: int, findings: int) -> tuple[str, ...]:
        if not unfinished:
            return ()
        left = f"{unfinished} of the first {findings} sentences were not looked at to the end"
        if self._trouble:
            return (f"no more repairs were looked for ({self._trouble}): {left}",)
        seconds = f"{self._limits.budget_seconds:g} s"
        return (f"repairs were looked for during {seconds} (--repair-budget): {left}",)


def _key(finding: Finding) -> str:
    """Names a finding inside its document by the spans that are repaired."""
    spans = (f"{s.document.start}-{s.document.end}{'!' * (s.note is not None)}" for s in finding.spans)
    return f"{finding.sentence}:{','.join(spans)}"


def _with(finding: Finding, found: Found) -> Finding:
    """The finding with suggestions on as many of its spans as were looked at."""
    more = [()] * (len(finding.spans) - len(found))
    pairs = zip(finding.spans, [*found, *more], strict=True)
    return replace(finding, spans=tuple(replace(span, suggestions=own) for span, own in pairs))


def _passage(passages: Sequence[Passage], sentence: Sentence) -> Passage:
    return next(p for p in passages if p.start <= sentence.start < p.start + len(p.text))


def _edited(here: Passage, edit: Edit) -> str:
    return here.text[: edit.start - here.start] + edit.text + here.text[edit.end - here.start :]


def _summed(tokens: TokenScores, values: Floats) -> Nats:
    """Sums of a per-token array over the tokens that end in ``(start, end]`` of the document."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])

    def between(start: int, end: int) -> float:
        first, last = np.searchsorted(tokens.ends, [start, end], side="right")
        return float(sums[last] - sums[first])

    return between
