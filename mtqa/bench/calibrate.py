"""A detector's calibration from a user's own texts: sound articles, or sentences with labels.

Sound sentences make the reference sample of the p-values; where enough corrupted ones are labelled, the
slope and intercept of the probabilities are fitted too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtqa.bench.labelled.values import Place, known_truth, paragraph
from mtqa.detect.calibrate import Calibration, fit_calibration, sound_reference
from mtqa.detect.verdict import FDR, log_odds
from mtqa.errors import InputError, UsageError, one_line
from mtqa.records import Document, Report
from mtqa.report.view import plural
from mtqa.text.read import document_from_sentences

#: With fewer sound sentences a reference sample says next to nothing: no p-value is under 1 / 51.
SOUND_LEAST = 50
#: With fewer corrupted ones the head's own slope, from thousands, is the better one.
CORRUPTED_LEAST = 20
#: How many sentences an article has, for what is said of the smallest p-value.
_USUAL_ARTICLE = 30


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A document, and for each of its sentences whether it is corrupted."""

    document: Document
    corrupted: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A calibration and what it was made of. ``refitted``: slope and intercept as well."""

    calibration: Calibration
    articles: int
    sound: int
    corrupted: int
    refitted: bool

    @property
    def made_from(self) -> dict[str, int]:
        """Counts, for the file."""
        return {"articles": self.articles, "sound": self.sound, "corrupted": self.corrupted}

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user should know, a line each."""
        bins = len(self.calibration.sound)
        cut = f", in {bins} bins by length" if bins > 1 else ""
        of = plural(self.articles, "article")
        made = [f"the reference sample is {self.sound:,} sound sentences of {of}{cut}"]
        if self.refitted:
            made.append(f"slope and intercept are fitted to these and {self.corrupted:,} corrupted sentences")
        else:
            few = f"only {self.corrupted}" if self.corrupted else "no"
            made.append(
                f"{few} corrupted sentences: q-values and --fdr are fitted; slope and intercept of the "
                f"probabilities stay the detector's own (at least {CORRUPTED_LEAST} are needed)"
            )
        needed = _needed(min(part.sentences for part in self.calibration.sound))
        if needed > 1:
            made.append(
                f"so small a sample finds nothing at --fdr {FDR:g} in an article of {_USUAL_ARTICLE} "
                f"sentences unless {needed} of them look worse than every sound one; more sound text helps"
            )
        return tuple(made)


def _needed(sentences: int) -> int:
    """How many sentences of a usual article must have the least p-value, so that they are found.

    >>> _needed(50), _needed(400)
    (6, 1)
    """
    return math.ceil(_USUAL_ARTICLE / (sentences + 1) / FDR)


def sound_article(document: Document) -> Labelled:
    """An article whose every sentence is taken to be sound."""
    return Labelled(document, (False,) * len(document.sentences))


def labelled_documents(text: str, name: str) -> Iterator[Labelled]:
    """The documents of JSON lines in the form of `mtqa corrupt` (docs/methods.md, Labelled documents).

    Sentences marked ``"boilerplate": true`` are left out. Raises `InputError` that names file and line.
    """
    empty = True
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        empty = False
        try:
            made = _labelled(json.loads(line))
        except (ValueError, RecursionError, InputError) as error:
            raise InputError(f"{name}, line {number}: {one_line(error, 160)}") from error
        if made is not None:
            yield made
    if empty:
        raise InputError(f"{name}: the file is empty; there is nothing to calibrate with")


def _labelled(record: Any) -> Labelled | None:
    if not isinstance(record, dict) or not isinstance(record.get("sentences"), list):
        raise ValueError(
            'not a labelled document: {"sentences": [{"text": …, "label": 0 or 1}, …]} is needed'
        )
    kept, paragraphs = [], list[int | None]()
    for number, one in enumerate(record["sentences"], start=1):
        if not isinstance(one, dict) or not isinstance(one.get("text"), str):
            raise ValueError(f"sentence {number} has no text")
        if not one["text"].strip():
            raise ValueError(f"sentence {number} is blank")
        if _boilerplate(one, number):
            continue
        if isinstance(one.get("label"), bool) or one.get("label") not in (0, 1):
            raise ValueError(
                f"sentence {number}: label is {one_line(repr(one.get('label')), 40)}; it must be 0 or 1"
            )
        kept.append(one)
        paragraphs.append(_paragraph(one, number))
    if not kept:
        return None
    # As `mtqa.bench.scoring` makes a document of them.
    numbers = [place for place in paragraphs if place is not None]
    texts = [one["text"].strip() for one in kept]
    document = document_from_sentences(texts, paragraphs=numbers if len(numbers) == len(kept) else None)
    return Labelled(document, tuple(one["label"] == 1 for one in kept))


def _paragraph(sentence: dict[str, Any], number: int) -> int | None:
    """As `mtqa evaluate` reads it."""
    value = sentence.get("par")
    try:
        return paragraph(value, Place("", ""))
    except InputError as error:
        said = f"sentence {number}: par: {one_line(repr(value), 40)} is not a whole number"
        raise ValueError(said) from error


def _boilerplate(sentence: dict[str, Any], number: int) -> bool:
    """As `mtqa evaluate` reads it."""
    value = sentence.get("boilerplate")
    if (found := known_truth(value)) is None:
        raise ValueError(f"sentence {number}: boilerplate: {one_line(repr(value), 40)} is not true or false")
    return found


def calibrate(
    texts: Sequence[Labelled], rank: Callable[[Document], Report], base: Calibration | None
) -> Fitted:
    """Fit a calibration. ``rank`` gives a document's report with all its findings and the detector's measure.

    ``base``: the head's own, whose slope and intercept stay where too few corrupted sentences are labelled.
    Raises `InputError` for too few sentences or labels that the detector contradicts.
    """
    texts = _different(texts)
    x, tokens, corrupted = _scored(texts, rank)
    sound, wrong = int((~corrupted).sum()), int(corrupted.sum())
    if sound < SOUND_LEAST:
        raise InputError(
            f"{sound} sound sentences are too few: a calibration needs at least {SOUND_LEAST}, "
            "and gets sharper with some hundreds; give more articles"
        )
    refitted = wrong >= CORRUPTED_LEAST
    slope, intercept = _fit(x, corrupted) if refitted else _of(base)
    reference = sound_reference(x[~corrupted], tokens[~corrupted])
    context = str(base.context if base else "document")
    return Fitted(Calibration(slope, intercept, reference, context), len(texts), sound, wrong, refitted)


def _different(texts: Sequence[Labelled]) -> list[Labelled]:
    """Twice the same text is one text. Raises `InputError` where its labels are not the same."""
    found: dict[str, Labelled] = {}
    for text in texts:
        if found.setdefault(text.document.text, text).corrupted != text.corrupted:
            raise InputError(
                f"a document is there twice with different labels ({one_line(text.document.text, 60)}): "
                "leave one of them out"
            )
    return list(found.values())


def _scored(
    texts: Sequence[Labelled], rank: Callable[[Document], Report]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-odds, token counts and labels of every sentence that was ranked."""
    x, tokens, corrupted = [np.zeros(0)], list[int](), list[bool]()
    for text in texts:
        findings = rank(text.document).findings
        x.append(log_odds(findings))
        tokens += [f.tokens for f in findings]
        corrupted += [text.corrupted[f.sentence] for f in findings]
    return np.concatenate(x), np.array(tokens, dtype=np.int64), np.array(corrupted, dtype=np.bool_)


def _fit(x: np.ndarray, corrupted: np.ndarray) -> tuple[float, float]:
    try:
        slope, intercept = fit_calibration(x, corrupted)
    except ValueError as error:
        raise InputError(f"these labels can't be fitted: {error}") from error
    if slope <= 0:
        raise InputError(
            "the detector ranks these corrupted sentences below the sound ones: no probability can be "
            "fitted to that; check the labels (1 is corrupted), or rank by another measure"
        )
    return slope, intercept


def _of(base: Calibration | None) -> tuple[float, float]:
    if base is None:
        raise UsageError(
            "this detector head has no calibration of its own: its slope has to be fitted as well; give "
            f"labelled documents (.jsonl) with at least {CORRUPTED_LEAST} corrupted sentences"
        )
    return base.slope, base.intercept
