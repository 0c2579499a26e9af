"""Which words carry a sentence's suspicion, and what the model expected instead.

Where a detector head read the text, a word's evidence is the sum over its tokens of −ln(1 − p), p being the
head's probability that the token is corrupted. Of a sentence read alone, a translation as a rule, half of
the like sum for "a post-editor would change it" is added. Without a head it is the sum of
max(0, s − H − `EVIDENCE_NATS`): how much more surprising each token was than the model's own uncertainty at
that place. It is the same for every ranking measure, so that one heat map serves all of them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import numpy.typing as npt

from mtqa.detect.doubled import Doubled
from mtqa.detect.unigrams import is_piece
from mtqa.detect.words import WordTable, word_sums
from mtqa.records import Document, Expectation, QuoteFault, Span, SuspectSpan, TokenScores, Word

#: Nats above the entropy from which a token is evidence (the measure's own threshold is apart).
EVIDENCE_NATS = 2.0
#: What "a post-editor would change it" counts in a sentence alone, against "it is corrupted": more finds more
#: of the words that post-editors changed, and fewer of those corrupted by rules (docs/log.md).
EDITED_SHARE = 0.5
#: Evidence at which a word's suspicion, 1 − exp(−evidence / scale), is 0.63.
_SUSPICION_SCALE = 6.0
#: A word is shown where its evidence is at least this share of the scale (2 nats of surprisal) …
_SPAN_LEAST = 1 / 3
#: … and this share of the sentence's strongest word's.
_SPAN_SHARE = 0.3
#: With a detector: where its probability is at least this.
_SPAN_PROBABILITY = 0.15
_MOST_SPANS = 6
#: A word right beside a broken mark is shown with it only where the model did not expect it, in nats.
_BESIDE_FAULT = 1.0
#: Below this probability an alternative says nothing of what should stand there.
_EXPECTED_LEAST = 0.01
#: What tokenizers of English leave of a contraction that its next token ends: shown whole.
_CONTRACTED = re.compile(r"(?:do|does|did|is|are|was|were|has|have|had|would|could|should|ai|must|need)n")

#: What a fault of the text is called, by its kind: of `QuoteFault`, or of `TextFaults.shown`.
FAULT_NOTES = {
    "doubled": "doubled quotation mark",
    "unbalanced": "quotation mark without its partner",
    "stray": "stray quotation mark",
    "mixed": "quotation marks that do not match",
    "twice": "stands there twice",
    "letters": "letters of two alphabets",
}


@dataclass(frozen=True, slots=True)
class TextFaults:
    """What is wrong with a sentence by its text alone."""

    quotes: Sequence[QuoteFault] = ()
    doubled: Sequence[Doubled] = ()
    mixed: Sequence[Span] = ()

    def places(self) -> tuple[Span, ...]:
        """Where they are: of doubled words both times."""
        marks = tuple(Span(fault.start, fault.end) for fault in self.quotes)
        return (*marks, *(Span(one.first.start, one.again.end) for one in self.doubled), *self.mixed)

    def shown(self) -> tuple[tuple[Span, str], ...]:
        """What is marked, with its kind: a `QuoteFault`'s, ``twice`` or ``letters``."""
        marks = tuple((Span(fault.start, fault.end), fault.kind) for fault in self.quotes)
        words = *((one.again, "twice") for one in self.doubled), *((one, "letters") for one in self.mixed)
        return marks + words


@dataclass(frozen=True, slots=True, eq=False)
class WordEvidence:
    """Per word ``(W,)``: summed surprisal and entropy in nats, and evidence on the scale of `suspicion`."""

    surprisal: npt.NDArray[np.float64]
    entropy: npt.NDArray[np.float64]
    evidence: npt.NDArray[np.float64]


def word_evidence(
    table: WordTable,
    tokens: TokenScores,
    opening: npt.NDArray[np.bool_] | None = None,
    *,
    alone: bool = False,
) -> WordEvidence:
    """The evidence of every word of a document; a token that opens a passage gives none.

    ``alone``: each sentence was read without anything before it.
    """
    if tokens.detector is not None:
        evidence = np.logaddexp(0.0, tokens.detector[:, 0].astype(np.float64))
        if alone:
            evidence += EDITED_SHARE * np.logaddexp(0.0, tokens.detector[:, 1].astype(np.float64))
    else:
        surplus = (tokens.surprisal_nats - tokens.entropy_nats - EVIDENCE_NATS) / _SUSPICION_SCALE
        if opening is not None:
            surplus = np.where(opening, np.float32(0.0), surplus)
        evidence = np.maximum(surplus, 0.0)
    return WordEvidence(
        word_sums(table, tokens.surprisal_nats),
        word_sums(table, tokens.entropy_nats),
        word_sums(table, evidence),
    )


def suspicion(evidence: float) -> float:
    """Evidence on the heat map's scale from 0 to 1; with a detector, the word's probability.

    >>> suspicion(0.0), round(suspicion(1.0), 2)
    (0.0, 0.63)
    """
    return 1.0 - math.exp(-evidence)


@dataclass(frozen=True, slots=True, eq=False)
class Words(Sequence[Word]):
    """Every word of the document's sentences, in text order, for the heat map.

    A `Word` is made when it is asked for: those of a thousand pages, with what was expected in their
    places, would take 240 MB. ``strongest`` ``(W,)``: each word's most surprising token, −1 where it has
    none. ``language``: whose frequencies tell a word from a piece of one.
    """

    document: Document
    table: WordTable
    tokens: TokenScores
    scores: WordEvidence
    strongest: npt.NDArray[np.int64]
    language: str

    def __repr__(self) -> str:
        return f"<Words: {len(self):,} of {self.document!r}>"

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, index: int) -> Word: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Word, ...]: ...

    def __getitem__(self, index: int | slice) -> Word | tuple[Word, ...]:
        if isinstance(index, slice):
            return tuple(self._word(i) for i in range(*index.indices(len(self))))
        return self._word(range(len(self))[index])

    def _word(self, index: int) -> Word:
        start, end = int(self.table.starts[index]), int(self.table.ends[index])
        return Word(
            start=start,
            end=end,
            text=self.document.text[start:end],
            sentence=int(self.table.sentences[index]),
            surprisal_nats=float(self.scores.surprisal[index]),
            entropy_nats=float(self.scores.entropy[index]),
            suspicion=suspicion(float(self.scores.evidence[index])),
            expected=expected(
                self.document.text, self.tokens, int(self.strongest[index]), start, self.language
            ),
        )


def words(
    document: Document, table: WordTable, tokens: TokenScores, scores: WordEvidence, language: str
) -> Words:
    """Every word of the document's sentences."""
    return Words(document, table, tokens, scores, _strongest_tokens(table, tokens), language)


def _strongest_tokens(table: WordTable, tokens: TokenScores) -> npt.NDArray[np.int64]:
    """For each word the token with the largest surprisal, −1 where it has none."""
    order = np.argsort(tokens.surprisal_nats, kind="stable")
    strongest = np.full(len(table), -1, dtype=np.int64)
    held = order[table.word_of[order] >= 0]
    strongest[table.word_of[held]] = held  # the last, largest one stays
    return strongest


def expected(
    text: str, tokens: TokenScores, token: int, word_start: int, language: str = "en"
) -> tuple[Expectation, ...]:
    """What the model expected at a word's most surprising token, as whole words where it can be told.

    Where that token is not the word's first, what stands before it is kept: "sand" + "wiches" with "y"
    expected gives "sandy". A piece that would have gone on with the word before is left out, as is what
    was expected with less than `_EXPECTED_LEAST`, or less than what stands there. What is no English word
    goes on: "outper…" (``language`` is that of the text, for word frequencies).
    """
    if token < 0:
        return ()
    start = int(tokens.starts[token])
    before = text[word_start : max(start, word_start)].strip()
    new_word = text[start:word_start].isspace()
    found: dict[str, float] = {}
    least = max(_EXPECTED_LEAST, math.exp(-float(tokens.surprisal_nats[token])))
    for piece_id, p in zip(tokens.alternative_ids[token], tokens.alternative_p[token], strict=True):
        piece = tokens.pieces.get(int(piece_id), "")
        goes_on = piece[:1].isalnum()
        shown = (before + piece if before and goes_on else (before or piece)).strip()
        if goes_on or not before:
            shown = _completed(shown, language)
        if _shows(shown) and p >= least and not (new_word and goes_on):
            found[shown] = found.get(shown, 0.0) + float(p)
    # Marks say little about what should stand in a word's place: shown only where there is nothing else.
    as_words = {shown: p for shown, p in found.items() if shown[0].isalnum()}
    return tuple(Expectation(shown, p) for shown, p in (as_words or found).items())


def _completed(shown: str, language: str) -> str:
    """A word as it is, a contraction with its end, a piece of a word with the sign that it goes on."""
    if _CONTRACTED.fullmatch(shown):
        return f"{shown}'t"
    return f"{shown}…" if is_piece(shown, language) else shown


def _shows(text: str) -> bool:
    """Is there anything to see in it, and no part of a character that no text has?"""
    return "\ufffd" not in text and any(unicodedata.category(c)[0] not in "CMZ" for c in text)


def suspect_spans(
    document: Document,
    words_here: Sequence[Word],
    faults: TextFaults,
    line_of: Callable[[int], int],
    *,
    by_detector: bool = False,
    probability: Callable[[float], float] | None = None,
) -> tuple[SuspectSpan, ...]:
    """One sentence's spans, in text order: its most suspicious words, and what its text alone shows.

    ``by_detector``: the words' suspicion is a detector head's probability. ``probability``: from a word's
    evidence to a calibrated one.
    """
    chosen = [[w] for w in _carriers(words_here, faults.places(), by_detector)]
    merged: list[list[Word]] = []
    for group in chosen:
        if merged and document.text[merged[-1][-1].end : group[0].start] in ("", " "):
            merged[-1] += group
        else:
            merged.append(group)
    spans = [_word_span(document, group, line_of, probability) for group in merged]
    spans += [_fault_span(document, fault, words_here, line_of) for fault in faults.shown()]
    return tuple(sorted(spans, key=lambda s: (s.document.start, s.document.end)))


def _carriers(words_here: Sequence[Word], faults: Sequence[Span], by_detector: bool) -> list[Word]:
    """The words to show, in text order; a mark that is a fault is shown as that.

    A surprising word may be sound beside a much more surprising one; a probability stands for itself. The
    head reads ahead, so that the expected word before a stray mark may have the mark's probability.
    """

    def accounted_for(w: Word) -> bool:
        least = 1 if w.surprisal_nats < _BESIDE_FAULT else 0  # touching counts
        return any(f.start < w.end + least and w.start < f.end + least for f in faults)

    floor, share = (_SPAN_PROBABILITY, 0.0) if by_detector else (suspicion(_SPAN_LEAST), _SPAN_SHARE)
    open_to = [w for w in words_here if w.suspicion >= floor and not accounted_for(w)]
    best = max((_evidence(w) for w in open_to), default=0.0)
    strong = [w for w in open_to if _evidence(w) >= share * best]
    strong.sort(key=lambda w: (-_evidence(w), w.start))
    return sorted(strong[:_MOST_SPANS], key=lambda w: w.start)


def _evidence(word: Word) -> float:
    """A word's evidence back from its suspicion."""
    return -math.log(max(1.0 - word.suspicion, 1e-300))


def _word_span(
    document: Document,
    group: Sequence[Word],
    line_of: Callable[[int], int],
    probability: Callable[[float], float] | None,
) -> SuspectSpan:
    worst = max(group, key=lambda w: w.suspicion)
    span = _span(document, Span(group[0].start, group[-1].end), group, line_of)
    calibrated = None if probability is None else probability(_evidence(worst))
    one_of = document.text[worst.start : worst.end] if len(group) > 1 else None
    return replace(span, expected=worst.expected, probability=calibrated, expected_for=one_of)


def _fault_span(
    document: Document, fault: tuple[Span, str], words_here: Sequence[Word], line_of: Callable[[int], int]
) -> SuspectSpan:
    where, kind = fault
    inside = [w for w in words_here if w.start < where.end and where.start < w.end]
    return replace(_span(document, where, inside, line_of), note=FAULT_NOTES.get(kind, kind))


def _span(
    document: Document, where: Span, inside: Sequence[Word], line_of: Callable[[int], int]
) -> SuspectSpan:
    source = document.to_source(where.start, where.end)
    return SuspectSpan(
        start=source.start,
        end=source.end,
        line=line_of(source.start),
        text=document.text[where.start : where.end],
        surprisal_nats=sum(w.surprisal_nats for w in inside),
        expected=(),
        document=where,
    )
