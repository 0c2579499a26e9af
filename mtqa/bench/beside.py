"""What stands beside a config in every table: floors that read no context, chance, and the gold itself.

Each is a `ScoreTable` over the same sentences, so that the same metrics and the same draws serve it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np

from mtqa.bench.records import Array, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.detect.unigrams import frequency_language, word_nats
from mtqa.detect.words import split_words
from mtqa.text.language import sure_language

#: Sentences that the language is told from, and how sure that must be.
_SAMPLE, _SURE = 200, 0.9
LENGTH, UNIGRAM, CHANCE, PERFECT = "sentence length", "unigram surprisal", "chance", "perfect"


def floors(table: ScoreTable) -> dict[str, ScoreTable]:
    """Sentence length (in words, longer is more suspicious), mean unigram surprisal, and chance.

    Words have the frequencies of the language that the sentences are in, English where that can't be told.
    """
    language = _language(table.data)
    return {
        LENGTH: _table(table, LENGTH, lambda s: float(len(s.text.split())), lambda w: float(len(w))),
        UNIGRAM: _table(table, UNIGRAM, lambda s: _unigram(s, language), lambda w: word_nats(w, language)),
        CHANCE: _table(table, CHANCE, lambda _: 0.0, lambda _: 0.0),
    }


def ceiling(table: ScoreTable, *, human: bool) -> ScoreTable:
    """The gold as scores: labels, or (``human``) minus the scores or the known order; words likewise."""
    sentences = list(table.data.sentences())
    order = {name: float(place) for place, name in enumerate(table.data.system_order)}

    def score(s: LabelledSentence) -> float:
        if human:
            known = order.get(s.groups.get("system", ""), 0.0)
            return -(known if s.score is None else s.score)
        return float(s.label or 0)

    made = _table(table, PERFECT, score, lambda _: 0.0)
    words = tuple(_gold_words(s) for s in sentences)
    marked = tuple(tuple((a, b) for a, b, wrong in own if wrong) for own in words)
    spans = tuple(s.spans if s.spans is not None else m for s, m in zip(sentences, marked, strict=True))
    return replace(made, words=words, marked=spans)


def bare_table(data: LabelledSet, name: str, scores: Array) -> ScoreTable:
    """Scores that come from no config, for the ranking metrics alone."""
    return ScoreTable(data, name, name, scores, document_index(data))


def _language(data: LabelledSet) -> str:
    sample = " ".join(islice((s.text for s in data.sentences()), _SAMPLE))
    return frequency_language(sure_language(sample, _SURE) or "en")


def _unigram(sentence: LabelledSentence, language: str) -> float:
    """Mean −ln of the words' relative frequency (wordfreq), in nats; punctuation is no word."""
    words = [sentence.text[a:b] for a, b in split_words(sentence.text)]
    nats = [word_nats(w, language) for w in words if any(c.isalnum() for c in w)]
    return float(np.mean(nats)) if nats else 0.0


def _gold_words(sentence: LabelledSentence) -> tuple[tuple[int, int, float], ...]:
    if sentence.word_tags is not None:
        return tuple((start, end, float(bad)) for start, end, bad in sentence.word_tags)
    spans = sentence.spans or ()
    return tuple((a, b, float(any(s < b and a < e for s, e in spans))) for a, b in split_words(sentence.text))


def _table(
    table: ScoreTable, name: str, score: Callable[[LabelledSentence], float], word: Callable[[str], float]
) -> ScoreTable:
    sentences = list(table.data.sentences())
    needs_words = any(s.spans is not None or s.word_tags is not None for s in sentences)
    words = tuple(
        tuple((a, b, word(s.text[a:b])) for a, b in split_words(s.text)) if needs_words else ()
        for s in sentences
    )
    scores = np.array([score(s) for s in sentences])
    return replace(bare_table(table.data, name, scores), words=words)
