"""What a report warns of, a line each; and the language of its text, on which some of that depends."""

from __future__ import annotations

from collections.abc import Sequence

from mtqa.detect.calibrate import Calibration
from mtqa.detect.head import LANGUAGES
from mtqa.errors import one_line
from mtqa.records import Document, Doubt, Finding, Verdict
from mtqa.report.view import percent


def own_language(known: Sequence[str]) -> str:
    """The model's language, or English for one that knows many or doesn't say."""
    return known[0] if known and known[0] != "*" else "en"


def of_language(language: str | None, known: Sequence[str], *, detects: bool) -> tuple[str, ...]:
    """``known``: the model's languages, * for many. ``detects``: is the ranking a detector head's?"""
    if language is None:
        return ()
    said = repr(one_line(language, 20))
    if known and "*" not in known and language not in known:
        return (
            f"the text seems to be in {said}, the model knows {', '.join(known)}: "
            "expect little of this ranking (gemma-3-270m reads many languages)",
        )
    if not detects or language in LANGUAGES:
        return ()
    return (
        f"the detector has learned from English alone, and the text seems to be in {said}: trust the order "
        "more than the probabilities (mtqa calibrate fits them to sound text of that language)",
    )


def of_calibration(calibration: Calibration | None, context: str) -> tuple[str, ...]:
    """Where sentences are read in another context than those of the calibration."""
    if calibration is None or calibration.context == context:
        return ()
    return (
        f"the detector was calibrated with context {calibration.context}, and this is context {context}: "
        "its probabilities may be off (mtqa calibrate fits them anew)",
    )


def of_verdict(verdict: Verdict, calibration: Calibration, *, whole: bool) -> tuple[Doubt, ...]:
    """Probabilities count with what corrupted sentences look like, a rate only with what sound ones do.

    ``whole``: does the report list all sentences, and not what is found at a rate alone?
    """
    if not verdict.found and verdict.likely:
        return (_not_found(verdict, calibration, listed=whole),)
    if (1 - verdict.fdr) * verdict.found <= verdict.high:  # the rest of those found may be sound
        return ()
    return (
        Doubt(
            "more sentences are found than are corrupted by their probabilities: " + _UNLIKE,
            f"{verdict.found} sentences are found at FDR {verdict.fdr:g}, but by their probabilities "
            f"{verdict.low} to {verdict.high} are corrupted: " + _UNLIKE,
        ),
    )


_UNLIKE = (
    "the sound ones may be unlike those that the detector knows; trust the order, "
    "and calibrate on sound text of its kind (mtqa calibrate)"
)


def _not_found(verdict: Verdict, calibration: Calibration, *, listed: bool) -> Doubt:
    """Likely sentences are not found: sound ones look as bad, or there are too few to tell."""
    many = verdict.likely > 1
    said = f"{verdict.likely} sentences are" if many else "one sentence is"
    kind = why = "some sound texts have sentences that look as bad"
    sound = min(part.sentences for part in calibration.sound)
    if verdict.sentences / (sound + 1) / verdict.likely > verdict.fdr:
        advice = "(mtqa calibrate on more sound text)"
        kind = f"the calibration's sound sentences are too few {advice}"
        among = f"so few of {verdict.sentences:,}"
        why = f"the calibration's {sound:,} sound sentences are too few to find {among} {advice}"
    they = "them" if many else "it"
    return Doubt(
        f"sentences are corrupted more likely than not, though none is found: {kind}",
        f"{said} corrupted with a probability of {'up to ' if many else ''}{percent(verdict.highest)}, "
        f"though none is found at FDR {verdict.fdr:g}: {why}; "
        + (f"read {they} all the same" if listed else f"a report without a rate lists {they}"),
    )


def of_sentences(document: Document, findings: Sequence[Finding], context: str) -> tuple[str, ...]:
    """A sentence that is alone; those that nothing can be said of (see `of_tokens`)."""
    unread = of_tokens(document, findings)
    if context == "document" and len(document.sentences) == 1:
        return ("only one sentence: there is nothing to rank it against", *unread)
    return unread


def of_tokens(document: Document, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Sentences that the model can't read: its tokenizer drops all of their characters.

    ``findings``: all that were ranked, before a rate leaves some out.
    """
    total = len(document.sentences)
    lost = total - len({finding.sentence for finding in findings})
    if not lost:
        return ()
    are = "they are" if lost > 1 else "it is"
    return (f"the model's tokenizer has no token for {lost:,} of the {total:,} sentences: {are} not ranked",)
