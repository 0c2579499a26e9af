"""A document's sentences, most suspicious first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from mtqa.detect.calibrate import WordCalibration
from mtqa.detect.doubled import doubled_words
from mtqa.detect.kinds import OFF_TOPIC, QUOTES, REPETITION, fault_kind, is_clear
from mtqa.detect.lookalikes import mixed_words
from mtqa.detect.measures import MEASURES, MeasureSettings, measure, sentence_scores
from mtqa.detect.sentence import (
    DOUBLED_LOG_ODDS,
    LETTERS_LOG_ODDS,
    SentenceModel,
    SentenceTokens,
    clipped,
    quote_log_odds,
    sentence_features,
)
from mtqa.detect.spans import TextFaults, suspect_spans, word_evidence
from mtqa.detect.spans import words as all_words
from mtqa.detect.unigrams import unigram_nats
from mtqa.detect.words import sentence_tokens, word_table
from mtqa.errors import UsageError
from mtqa.records import Document, Finding, QuoteFault, Sentence, TokenScores, Word

#: Tokens behind doubled words whose outputs tell of these: corruption shows once the model has read on.
_READ_AHEAD = 3
#: Decides among sentences of the same score (many have an excess of 0): the worst few tokens.
_TIE_BREAKER = "boosted_topk"

NO_DETECTOR = (
    "measure detector: there is no detector head for this model (mtqa comes with those of smollm2-135m and "
    "gemma-3-270m); "
    "name another measure, or a head's file with detector: in the config"
)


@dataclass(frozen=True, slots=True)
class RankSettings:
    """The config's part in ranking.

    ``language`` is for word frequencies alone (SLOR, pieces of words); ``context`` says which tokens had
    nothing before them (see `openings`). ``sentences`` and ``words`` are the detector's part where
    a head read the text.
    """

    measure: str
    threshold_nats: float = 7.0
    k: int = 3
    language: str = "en"
    context: str = "document"
    sentences: SentenceModel | None = None
    words: WordCalibration | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Findings, worst first, and every word for the heat map, in text order."""

    findings: tuple[Finding, ...]
    words: Sequence[Word]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """One sentence with what is known of it: its words, the indices of its tokens, what its text shows.

    ``added``: what that adds to its log-odds, in a document.
    """

    index: int
    sentence: Sentence
    words: Sequence[Word]
    tokens: npt.NDArray[np.int32]
    opens: bool
    faults: TextFaults
    added: float


def rank_sentences(
    document: Document, tokens: TokenScores, settings: RankSettings, line_of: Callable[[int], int]
) -> Ranking:
    """Rank every sentence that has a token; full ties keep the order of the text.

    ``tokens`` covers the document once; ``line_of`` maps a source position to a line from 1.
    Raises `UsageError` for an unknown measure.
    """
    measure(settings.measure)
    table = word_table(document, tokens)
    opening = openings(document, tokens, settings.context)
    evidence = word_evidence(table, tokens, opening, alone=settings.context == "none")
    words = all_words(document, table, tokens, evidence, settings.language)
    edges = np.searchsorted(table.sentences, np.arange(len(document.sentences) + 1))
    quotes, english = _Quotes(document), settings.language == "en"
    found: list[Finding] = []
    for index, own in enumerate(sentence_tokens(table, len(document.sentences))):
        if len(own):
            own_words, sentence = words[edges[index] : edges[index + 1]], document.sentences[index]
            places = [(word.start, word.end) for word in own_words]
            faults = TextFaults(
                quotes.of(sentence),
                doubled_words(document.text, places) if english else (),
                mixed_words(document.text, places),
            )
            scored = _Scored(index, sentence, own_words, own, bool(opening[own[0]]), faults, _added(faults))
            read = _log_odds(tokens, scored, settings)
            values = _measure_values(tokens, scored, settings, read)
            spans = suspect_spans(
                document,
                own_words,
                scored.faults,
                line_of,
                by_detector=tokens.detector is not None,
                probability=_word_probability(read, settings),
            )
            score = values[settings.measure]
            if score is None:
                raise UsageError(NO_DETECTOR)
            finding = _finding(document, scored, values, score, line_of)
            found.append(replace(finding, spans=spans, fault=_fault(tokens, scored)))
    found.sort(key=lambda f: (-f.score, -(f.measures[_TIE_BREAKER] or 0.0), f.sentence))
    return Ranking(tuple(replace(f, rank=rank) for rank, f in enumerate(found, start=1)), words)


def openings(document: Document, tokens: TokenScores, context: str) -> npt.NDArray[np.bool_]:
    """Which of the N tokens open a passage, and so were scored with nothing before them."""
    if context == "document":
        starts = [0]
    else:
        starts = [p.start for p in (document.blocks if context == "paragraph" else document.sentences)]
    opening = np.zeros(len(tokens), dtype=np.bool_)
    first = np.searchsorted(tokens.ends, np.asarray(starts, dtype=np.int32), side="right")
    opening[first[first < len(tokens)]] = True
    return opening


def _measure_values(
    tokens: TokenScores, scored: _Scored, settings: RankSettings, read: float | None
) -> Mapping[str, float | None]:
    """Every measure of one sentence, by name; None for the detector's where there is none.

    ``read``: the head's log-odds. In a document what the text alone shows adds to them.
    """
    if read is not None and settings.context != "none":
        read = clipped(read + scored.added)
    numbers = MeasureSettings(
        threshold_nats=settings.threshold_nats,
        k=settings.k,
        unigram_nats=unigram_nats([w.text for w in scored.words], settings.language),
        opens=int(scored.opens),
        log_odds=read,
    )
    length = scored.sentence.end - scored.sentence.start
    scores = sentence_scores(tokens, scored.tokens, length, numbers)
    return {name: one.score(scores) for name, one in MEASURES.items()}


def _log_odds(tokens: TokenScores, scored: _Scored, settings: RankSettings) -> float | None:
    """By what the head has read alone; None without one."""
    model = settings.sentences
    if model is None or tokens.detector is None:
        return None
    own, sentence = scored.tokens, scored.sentence
    features = sentence_features(
        SentenceTokens(
            outputs=tokens.detector[own],
            surprisal=tokens.surprisal_nats[own].astype(np.float64),
            characters=sentence.end - sentence.start,
            opens=int(scored.opens),
        )
    )
    return model.log_odds(features, alone=settings.context == "none")


def _fault(tokens: TokenScores, scored: _Scored) -> str | None:
    """The kind of fault by the head; where it names none, by what can't be right in the text.

    A broken mark is told by itself: what else is wrong goes before it. Words that stand there twice are not:
    the head takes them for many kinds, and a loop for text that is off topic; what is apart from them goes
    before only where it is clearly wrong otherwise.
    """
    if tokens.detector is None:
        return None
    own, faults = scored.tokens, scored.faults
    kind = fault_kind(tokens.detector[own])
    if faults.doubled:
        apart = tokens.detector[own[_apart(tokens, own, faults, _READ_AHEAD)]]
        other = fault_kind(apart) if is_clear(apart) else None
        return REPETITION if other in (None, OFF_TOPIC) else other
    if kind == QUOTES and faults.quotes:
        kind = fault_kind(tokens.detector[own[_apart(tokens, own, faults, 0)]]) or kind
    return kind or (QUOTES if scored.added > 0 else None)


def _apart(
    tokens: TokenScores, own: npt.NDArray[np.int32], faults: TextFaults, behind: int
) -> npt.NDArray[np.bool_]:
    """Which of the tokens ``own`` touch no fault, and are not among the ``behind`` first ones after it."""
    starts, ends = tokens.starts[own], tokens.ends[own]
    apart = np.ones(len(own), dtype=np.bool_)
    for place in faults.places():
        touched = (ends >= place.start) & (starts <= place.end)
        last = int(np.flatnonzero(touched)[-1]) if touched.any() else -1
        touched[last + 1 : last + 1 + behind] = last >= 0
        apart &= ~touched
    return apart


def _word_probability(read: float | None, settings: RankSettings) -> Callable[[float], float] | None:
    """From a word's evidence in this sentence to its probability; None without a calibrated detector.

    By what the head has read: a stray mark makes no other word of its sentence likelier to be wrong.
    """
    if settings.words is None or read is None:
        return None
    return partial(settings.words.probability, log_odds=read)


def _finding(
    document: Document,
    scored: _Scored,
    values: Mapping[str, float | None],
    score: float,
    line_of: Callable[[int], int],
) -> Finding:
    """The sentence's finding, without spans and fault; its rank is known when all are."""
    sentence = scored.sentence
    source = document.to_source(sentence.start, sentence.end)
    return Finding(
        rank=0,
        sentence=scored.index,
        kind=sentence.kind,
        text=document.text[sentence.start : sentence.end],
        start=source.start,
        end=source.end,
        line=line_of(source.start),
        score=score,
        perplexity=values["perplexity"] or 0.0,
        tokens=len(scored.tokens),
        measures=values,
        spans=(),
    )


class _Quotes:
    """A document's broken quotation marks, sentence by sentence, without going through all for each."""

    def __init__(self, document: Document) -> None:
        self._faults = sorted(document.quote_faults, key=lambda fault: fault.start)
        self._starts = [fault.start for fault in self._faults]

    def of(self, sentence: Sentence) -> tuple[QuoteFault, ...]:
        """Those that lie in the sentence."""
        first, last = bisect_left(self._starts, sentence.start), bisect_left(self._starts, sentence.end)
        return tuple(fault for fault in self._faults[first:last] if fault.end <= sentence.end)


def _added(faults: TextFaults) -> float:
    """What the text alone adds to a sentence's log-odds: the most that one fault does."""
    quoted = quote_log_odds([fault.kind for fault in faults.quotes])
    doubled = DOUBLED_LOG_ODDS if faults.doubled else 0.0
    return max(quoted, doubled, LETTERS_LOG_ODDS if faults.mixed else 0.0)
