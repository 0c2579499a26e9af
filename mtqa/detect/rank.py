"""A document's sentences, most suspicious first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mtqa.detect.measures import MEASURES, MeasureSettings, measure, sentence_scores
from mtqa.detect.spans import suspect_spans, word_evidence
from mtqa.detect.spans import words as all_words
from mtqa.detect.unigrams import unigram_nats
from mtqa.detect.words import WordTable, sentence_tokens, word_table
from mtqa.records import Document, Finding, Sentence, TokenScores, Word

#: Languages that wordfreq's small list has, for SLOR; any other text is scored as English.
Language = str


@dataclass(frozen=True, slots=True)
class RankSettings:
    """The config's part in ranking. ``language`` is for word frequencies (SLOR) alone."""

    measure: str
    threshold_nats: float = 7.0
    k: int = 3
    language: str = "en"


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Findings, worst first, and every word for the heat map, in text order."""

    findings: tuple[Finding, ...]
    words: tuple[Word, ...]
    unscored: tuple[Sentence, ...]


def rank_sentences(
    document: Document, tokens: TokenScores, settings: RankSettings, line_of: Callable[[int], int]
) -> Ranking:
    """Rank every sentence that has a token; ties keep the order of the text.

    ``tokens`` covers the document once; ``line_of`` maps a source position to a line from 1.
    Raises `UsageError` for an unknown measure.
    """
    measure(settings.measure)
    table = word_table(document, tokens)
    words = all_words(document, table, tokens, word_evidence(table, tokens))
    by_sentence = _by_sentence(words, len(document.sentences))
    which = sentence_tokens(table, len(document.sentences))
    rows = [
        _finding(document, index, (tokens, which[index]), by_sentence[index], settings, line_of)
        for index in range(len(document.sentences))
        if len(which[index])
    ]
    rows.sort(key=lambda finding: (-finding.score, finding.sentence))
    findings = tuple(replace(finding, rank=rank) for rank, finding in enumerate(rows, start=1))
    unscored = tuple(s for s, own in zip(document.sentences, which, strict=True) if not len(own))
    return Ranking(findings, words, unscored)


def measure_values(
    sentence: str,
    words: Sequence[str],
    scored: tuple[TokenScores, npt.NDArray[np.int32]],
    settings: RankSettings,
) -> Mapping[str, float]:
    """Every measure of one sentence. ``scored``: the document's tokens and this sentence's indices."""
    tokens, which = scored
    numbers = MeasureSettings(settings.threshold_nats, settings.k, unigram_nats(words, settings.language))
    scores = sentence_scores(tokens, which, len(sentence), numbers)
    return {name: one.score(scores) for name, one in MEASURES.items()}


def _by_sentence(words: Sequence[Word], count: int) -> list[list[Word]]:
    grouped: list[list[Word]] = [[] for _ in range(count)]
    for word in words:
        grouped[word.sentence].append(word)
    return grouped


def _finding(
    document: Document,
    index: int,
    scored: tuple[TokenScores, npt.NDArray[np.int32]],
    words: Sequence[Word],
    settings: RankSettings,
    line_of: Callable[[int], int],
) -> Finding:
    sentence = document.sentences[index]
    text = document.text[sentence.start : sentence.end]
    values = measure_values(text, [w.text for w in words], scored, settings)
    source = document.to_source(sentence.start, sentence.end)
    faults = [f for f in document.quote_faults if sentence.start <= f.start and f.end <= sentence.end]
    return Finding(
        rank=0,
        sentence=index,
        kind=sentence.kind,
        text=text,
        start=source.start,
        end=source.end,
        line=line_of(source.start),
        score=values[settings.measure],
        perplexity=values["perplexity"],
        tokens=len(scored[1]),
        measures=values,
        spans=suspect_spans(document, words, faults, line_of),
    )


__all__ = ["RankSettings", "Ranking", "WordTable", "measure_values", "rank_sentences"]
