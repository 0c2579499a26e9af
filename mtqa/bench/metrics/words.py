"""Does the suspicion fall on the words that are wrong? Characters of gold spans, and tagged words.

Character figures are micro-averaged over sentences whose spans are annotated: all characters together. A
corrupted sentence without any span is not annotated; nor can one be judged whose only spans are empty (a
removal has no characters). Word figures are checked against scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mtqa.bench.metrics.base import Prepared, Undefined, Weights, ratio
from mtqa.bench.metrics.ranking import average_precision_of, thresholds
from mtqa.bench.records import Array, LabelledSentence, ScoreTable

Stretch = tuple[int, int]
_NO_SPANS = "no sentence has annotated spans"
_NO_TAGS = "no sentence has word tags"


def annotated(sentence: LabelledSentence) -> bool:
    """Can the sentence's characters be judged?"""
    if sentence.spans is None or sentence.boilerplate:
        return False
    filled = any(start < end for start, end in sentence.spans)
    return filled or (not sentence.spans and not sentence.label)


def covered(length: int, stretches: Sequence[Stretch]) -> np.ndarray:
    """Which of ``length`` characters lie in a stretch."""
    mask = np.zeros(length, dtype=bool)
    for start, end in stretches:
        mask[start:end] = True
    return mask


def _character_counts(table: ScoreTable) -> tuple[int, Array, Array, Array]:
    """How many sentences, and per document ``(D,)`` characters in both, marked, and wrong."""
    both, marked, wrong = (np.zeros(len(table.data.documents)) for _ in range(3))
    sentences = 0
    for i, sentence in enumerate(table.data.sentences()):
        if not annotated(sentence):
            continue
        sentences += 1
        ours = covered(len(sentence.text), table.marked[i])
        gold = covered(len(sentence.text), sentence.spans or ())
        d = table.document[i]
        both[d] += (ours & gold).sum()
        marked[d] += ours.sum()
        wrong[d] += gold.sum()
    return sentences, both, marked, wrong


def character_precision(table: ScoreTable) -> Prepared:
    """The share of marked characters that lie in a gold span."""
    n, both, marked, _ = _character_counts(table)
    return Prepared(n, ratio(both, marked, "no character is marked in a sentence with annotated spans"))


def character_recall(table: ScoreTable) -> Prepared:
    """The share of the gold spans' characters that are marked."""
    n, both, _, wrong = _character_counts(table)
    return Prepared(n, ratio(both, wrong, _NO_SPANS))


def character_f1(table: ScoreTable) -> Prepared:
    """The harmonic mean of the two: 2·both / (marked + wrong)."""
    n, both, marked, wrong = _character_counts(table)
    if not wrong.any():
        raise Undefined(_NO_SPANS)
    return Prepared(n, ratio(2 * both, marked + wrong, _NO_SPANS))


def _overlapping(start: int, end: int, others: Sequence[Stretch]) -> bool:
    return any(a < end and start < b for a, b in others)


def span_words(table: ScoreTable) -> Iterator[tuple[int, float, bool]]:
    """Document, suspicion, and "touches a gold span", of every word of the annotated sentences."""
    for i, sentence in enumerate(table.data.sentences()):
        if annotated(sentence):
            for start, end, suspicion in table.words[i]:
                yield int(table.document[i]), suspicion, _overlapping(start, end, sentence.spans or ())


def tagged_words(table: ScoreTable) -> Iterator[tuple[int, float, bool, bool]]:
    """Document, suspicion (the most of our words in it), marked, and BAD, of every tagged word."""
    for i, sentence in enumerate(table.data.sentences()):
        words = table.words[i] if table.words else ()
        marked = table.marked[i] if table.marked else ()
        for start, end, bad in () if sentence.boilerplate else sentence.word_tags or ():
            inside = [s for a, b, s in words if a < end and start < b]
            yield int(table.document[i]), max(inside, default=0.0), _overlapping(start, end, marked), bad


def _word_ranking(rows: Sequence[tuple[int, float, bool]], nothing: str) -> Prepared:
    if not rows:
        raise Undefined(nothing)
    document, suspicion, gold = (np.array(column) for column in zip(*rows, strict=True))
    held = thresholds(suspicion.astype(np.float64), gold.astype(np.float64), document.astype(np.int64))

    def value(weights: Weights) -> float:
        try:
            return average_precision_of(*held.counts(weights))
        except Undefined as error:
            raise Undefined("one class only: the words are all right, or all wrong") from error

    value(np.ones(int(document.max()) + 1))
    return Prepared(len(rows), value)


def span_word_average_precision(table: ScoreTable) -> Prepared:
    """Average precision of words by suspicion; a word is wrong where it touches a gold span."""
    return _word_ranking(list(span_words(table)), _NO_SPANS)


def word_average_precision(table: ScoreTable) -> Prepared:
    """Average precision of the tagged words by suspicion; BAD is wrong."""
    return _word_ranking([(d, s, bad) for d, s, _, bad in tagged_words(table)], _NO_TAGS)


def word_mcc(table: ScoreTable) -> Prepared:
    """Matthews' correlation of "marked" with BAD over the tagged words."""
    counts = np.zeros((len(table.data.documents), 4))
    n = 0
    for d, _, marked, bad in tagged_words(table):
        counts[d, 2 * int(marked) + int(bad)] += 1
        n += 1
    if not n:
        raise Undefined(_NO_TAGS)
    value = _mcc(counts)
    value(np.ones(len(counts)))
    return Prepared(n, value)


def _mcc(counts: Array) -> Callable[[Weights], float]:
    """Of per-document counts ``(D, 4)``: right unmarked, wrong unmarked, right marked, wrong marked."""

    def value(weights: Weights) -> float:
        tn, fn, fp, tp = weights @ counts
        if tp + fp <= 0 or tn + fn <= 0:
            raise Undefined("constant: " + ("no word is marked" if tp + fp <= 0 else "every word is marked"))
        if tp + fn <= 0 or tn + fp <= 0:
            raise Undefined("one class only: the tagged words are all OK, or all BAD")
        below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return float((tp * tn - fp * fn) / np.sqrt(below))

    return value
