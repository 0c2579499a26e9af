"""Repairs for the top of a ranking: candidates from `mtqa.detect.repair`, numbers from `mtqa.lm.rescore`.

Findings are taken in their order, and in each its spans in theirs, until all are done or the time is up. What
is finished is kept in the score ledger, so that a second run needs no model: an article that was looked at
once is ranked from the ledger by any measure, whatever comes to the top, unless it is given more time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

import numpy as np

from mtqa.config import Config
from mtqa.detect.repair import (
    REPAIRS,
    Edit,
    Nats,
    Place,
    Pool,
    Surprise,
    best,
    edits,
    fault_edits,
    gain_nats,
    places,
)
from mtqa.detect.spans import FAULT_NOTES
from mtqa.errors import RunError, one_line
from mtqa.lm.backend import Backend
from mtqa.lm.ledger_repairs import Found, KnownRepairs, Looked
from mtqa.lm.progress import NoProgress, Progress
from mtqa.lm.rescore import Reach, Rescorer, excerpt
from mtqa.records import (
    Document,
    Finding,
    Floats,
    Passage,
    Sentence,
    Span,
    SuspectSpan,
    TokenScores,
)

#: How many findings are repaired at most: as many as a report shows unless asked otherwise.
REPAIRED = 10
#: Tokens behind a place in which candidates must show that they are worth reading on; how many of them are
#: read on, and what they may have lost by then. In two of the project's own articles (41 spans) every best
#: repair is the same as without this, in 70 % and 47 % of the time.
_GLANCE, _HOPEFUL, _LOSS_NATS = 8, 4, 3.0

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


class _Stage:
    """One span with what is read around it."""

    def __init__(self, scene: Scene, sentence: Sentence, span: SuspectSpan, limits: Limits) -> None:
        self.scene, self.sentence, self.span = scene, sentence, span
        self.surprisal = _summed(scene.tokens, scene.tokens.surprisal_nats)
        self.entropy = _summed(scene.tokens, scene.tokens.entropy_nats)
        self._passage = next(p for p in scene.passages if p.start <= sentence.start < p.start + len(p.text))
        self._reach = limits.reach
        self._start = min(sentence.start, span.document.start)
        around = Span(self._start, span.document.end)
        self.whole = excerpt(self._passage, scene.tokens, around, self._reach, through=sentence.end)

    def glance(self, made: Sequence[Edit]) -> Passage:
        """The excerpt cut off soon behind the edits."""
        around = Span(self._start, max(edit.end for edit in made))
        return excerpt(self._passage, self.scene.tokens, around, replace(self._reach, follow_tokens=_GLANCE))


class Repairer:
    """Looks for repairs in one document, with a model that is asked only where the ledger does not know."""

    def __init__(
        self,
        backend: Callable[[], Backend],
        limits: Limits,
        *,
        known: KnownRepairs | None = None,
        loaded: bool = True,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``backend`` gives the model, loaded; loading it does not count as time spent.

        A model that is not ``loaded`` stays so where the document was given as much time before.
        """
        self._backend, self._limits, self._known, self._loaded = backend, limits, known, loaded
        self._progress, self._clock = progress or NoProgress(), clock
        self._rescorer: Rescorer | None = None
        self._deadline = 0.0
        self._trouble: str | None = None
        self._spent: float | None = None

    def repaired(
        self, scene: Scene, findings: Sequence[Finding]
    ) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """The findings with suggestions on their spans, and a warning where not all were looked at."""
        # A partner's place, and how far is read, hang on where the sentences end.
        cut = [(sentence.start, sentence.end) for sentence in scene.document.sentences]
        settings = {"repairs": REPAIRS, "sentences": cut, **asdict(self._limits.reach)}
        before = self._known.get(scene.passages, settings) if self._known else Looked()
        kept, made, unfinished = dict(before.found), list[Finding](), 0
        enough = len(findings) <= before.findings
        known = not self._loaded and enough and 0 < self._limits.budget_seconds <= before.budget_seconds
        self._spent = before.budget_seconds if known else None
        for done, finding in enumerate(findings):
            if any(_key(span) not in kept for span in finding.spans):
                self._progress.update("looking for repairs", done, len(findings))
            kept |= self._found(scene, finding, kept)
            unfinished += any(_key(span) not in kept for span in finding.spans)
            spans = (replace(span, suggestions=kept.get(_key(span), ())) for span in finding.spans)
            made.append(replace(finding, spans=tuple(spans)))
        # Nothing to ask the model about is known of these sentences too: another ranking of them needs none.
        nothing_to_ask = bool(findings) and not unfinished and self._limits.budget_seconds > 0 and not known
        if self._known and (self._rescorer is not None or nothing_to_ask):
            looked = self._looked(before, kept, len(findings))
            if looked != before:
                self._known.put(scene.passages, settings, looked)
        return tuple(made), self._warnings(unfinished, len(findings))

    def _looked(self, before: Looked, kept: Mapping[str, Found], findings: int) -> Looked:
        """What is known now. More findings than before have had no more time than this run's."""
        budget, most = self._limits.budget_seconds, max(before.findings, findings)
        if self._trouble:
            return replace(before, found=kept)
        spent = budget if findings > before.findings else max(before.budget_seconds, budget)
        return Looked(kept, spent, most)

    def _found(self, scene: Scene, finding: Finding, kept: Mapping[str, Found]) -> dict[str, Found]:
        """Suggestions for the finding's spans that are not known yet, as far as the time goes."""
        sentence, made = scene.document.sentences[finding.sentence], dict[str, Found]()
        for span in finding.spans:
            if (key := _key(span)) not in kept:
                suggestions = self._span(scene, sentence, span)
                if suggestions is None:
                    break
                made[key] = suggestions
        return made

    def _span(self, scene: Scene, sentence: Sentence, span: SuspectSpan) -> Found | None:
        """One span's suggestions; None where the time was up or the model failed before they were known."""
        gains: list[tuple[Edit, float]] = []
        stage = _Stage(scene, sentence, span, self._limits)
        if self._asked(lambda model: model.read(stage.whole.text)) is None:
            return None
        for batch in self._batches(stage):
            if batch is None:
                return None
            gains += batch
        return best(gains)

    def _batches(self, stage: _Stage) -> Iterator[list[tuple[Edit, float]] | None]:
        """Edits with their gains in nats, a batch for each place; None, and no more, when it is over."""
        text, span = stage.scene.document.text, stage.span
        if span.note is not None:
            kind = next((k for k, note in FAULT_NOTES.items() if note == span.note), span.note)
            for edit in fault_edits(text, stage.sentence, span, kind):
                yield self._gains(stage, stage.whole, [edit])
            return
        for place in places(span, stage.surprisal):
            pool = self._pool(stage, place)
            if pool is None:
                yield None
                return
            made = edits(text, stage.sentence, place, span, pool)
            # Most candidates are hopeless, and show it in the first few words.
            glance = self._gains(stage, stage.glance(made), made)
            yield None if glance is None else self._gains(stage, stage.whole, _hopeful(glance))

    def _pool(self, stage: _Stage, place: Place) -> Pool | None:
        """What the model might write at a place; where it can't be asked, the alternatives of the scoring."""
        before = stage.whole.text[: place.start - stage.whole.start]
        word = stage.scene.document.text[place.start : place.end]
        found = self._asked(lambda model: model.proposals(before))
        if found:
            related = self._asked(lambda model: model.related(word, found)) if word.isalpha() else ()
            return None if related is None else Pool(found, related)
        if found is None:
            return None
        tokens = stage.scene.tokens
        first = int(np.searchsorted(tokens.ends, place.start, side="right"))
        return Pool([tokens.pieces.get(int(i), "") for i in tokens.alternative_ids[first]])

    def _gains(self, stage: _Stage, here: Passage, made: Sequence[Edit]) -> list[tuple[Edit, float]] | None:
        """Each edit with what it gains, in nats, in an excerpt; None when it is over."""
        if not made:
            return []
        texts = [here.text, *(_edited(here, edit) for edit in made)]
        found = self._asked(lambda model: model.versions(texts))
        if not found:  # no time any more, or the sentence is too long for the model
            return None if found is None else []
        gains = []
        for edit, version in zip(made, found[1:], strict=True):
            before = Surprise(*found[0].split(edit.end - here.start))
            after = Surprise(*version.split(edit.start + len(edit.text) - here.start))
            gains.append((edit, gain_nats(edit, before, after, stage.entropy)))
        return gains

    def _asked(self, question: Callable[[Rescorer], _Answer]) -> _Answer | None:
        """The model's answer, or None where there is no time for it any more or it failed."""
        if self._trouble or self._spent is not None or self._limits.budget_seconds <= 0:
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
        if self._spent is not None:
            return (
                "repairs are from the score ledger, without the model (a --repair-budget of more than "
                f"{self._spent:g} s looks on): {left}",
            )
        if self._trouble:
            return (f"no more repairs were looked for ({self._trouble}): {left}",)
        seconds = f"{self._limits.budget_seconds:g} s"
        return (f"repairs were looked for during {seconds} (--repair-budget): {left}",)


def repair_findings(
    scene: Scene,
    findings: tuple[Finding, ...],
    config: Config,
    *,
    model: Callable[[], Backend],
    known: KnownRepairs | None,
    loaded: bool,
    progress: Progress,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings with suggestions, where the config wants them, and a warning where some are lacking."""
    if not config.repair:
        return findings, ()
    limits = Limits(config.repair_budget_seconds)
    repairer = Repairer(model, limits, known=known, loaded=loaded, progress=progress)
    return repairer.repaired(scene, findings)


def _key(span: SuspectSpan) -> str:
    """Names a span inside its document."""
    return f"{span.document.start}-{span.document.end} {span.note or ''}"


def _hopeful(glance: Sequence[tuple[Edit, float]]) -> list[Edit]:
    """The best few of the edits at a first glance, in their order."""
    best_few = sorted(glance, key=lambda one: -round(one[1], 3))[:_HOPEFUL]
    chosen = {edit for edit, gain in best_few if gain >= -_LOSS_NATS}
    return [edit for edit, _ in glance if edit in chosen]


def _edited(here: Passage, edit: Edit) -> str:
    return here.text[: edit.start - here.start] + edit.text + here.text[edit.end - here.start :]


def _summed(tokens: TokenScores, values: Floats) -> Nats:
    """Sums of a per-token array over the tokens that end in ``(start, end]`` of the document."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])

    def between(start: int, end: int) -> float:
        first, last = np.searchsorted(tokens.ends, [start, end], side="right")
        return float(sums[last] - sums[first])

    return between
