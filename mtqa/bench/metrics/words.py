"""Does the suspicion fall on the words that are wrong? Characters of gold spans, and tagged words.

Character figures are micro-averaged over sentences whose spans are annotated: all characters together. A
corrupted sentence without any span is not annotated; nor can one be judged whose only spans are empty (a
removal has no characters). Word figures are checked against scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from mtqa.bench.metrics.base import Prepared, Undefined, always, checked, divided, ratio
from mtqa.bench.metrics.ranking import Rows, average_precision_of, ranked
from mtqa.bench.records import Array, Indices, LabelledSentence, ScoreTable

Stretch = tuple[int, int]
_NO_SPANS = "no sentence has annotated spans"
_NO_TAGS = "no sentence has word tags"


def annotated(sentence: LabelledSentence) -> bool:
    """Can the sentence's characters be judged?"""
    if sentence.spans is None or sentence.boilerplate:
        return False
    filled = any(start < end for start, end in sentence.spans)
    return filled or (not sentence.spans and not sentence.label)


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Many sentences' stretches: ``sentence``, ``[start, end)`` and a number ``known`` of each ``(k,)``."""

    sentence: Indices
    start: Indices
    end: Indices
    known: Array


def stretches(of: Sequence[Sequence[tuple[float, ...]]]) -> Stretches:
    """Flattened: start, end, and perhaps a third number of each stretch of each sentence."""
    sizes = [len(own) for own in of]
    sentence = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    width = len(next((own[0] for own in of if own), (0, 0)))
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(of)), np.float64).reshape(-1, width)
    known = flat[:, 2] if width > 2 else np.zeros(len(flat))
    return Stretches(sentence, flat[:, 0].astype(np.int64), flat[:, 1].astype(np.int64), known)


def crossings(ours: Stretches, others: Stretches) -> tuple[Indices, Indices]:
    """Which of ours, with which of the others, have a character in common; empty ones where they lie inside.

    >>> [i.tolist() for i in crossings(stretches([[(0, 3), (4, 7)], []]), stretches([[(2, 5)], [(0, 1)]]))]
    [[0, 1], [0, 0]]
    """
    if not len(ours.start) or not len(others.start):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    reach = int(max(ours.end.max(), others.end.max())) + 2
    begin, stop = (others.sentence * reach + side for side in (others.start, others.end))
    order = np.argsort(begin, kind="stable")
    # Of others by their start, none before `first` reaches a stretch, and none from `last` begins in time.
    furthest = np.maximum.accumulate(stop[order])
    first = np.searchsorted(furthest, ours.sentence * reach + ours.start, side="right")
    last = np.searchsorted(begin[order], ours.sentence * reach + ours.end, side="left")
    sizes = np.maximum(last - first, 0)
    i = np.repeat(np.arange(len(sizes)), sizes)
    j = order[np.arange(len(i)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)]
    cross = (others.sentence[j] == ours.sentence[i]) & (others.start[j] < ours.end[i])
    cross &= ours.start[i] < others.end[j]
    return i[cross].astype(np.int64), j[cross].astype(np.int64)


def _touched(ours: Stretches, others: Stretches) -> npt.NDArray[np.bool_]:
    touched = np.zeros(len(ours.start), dtype=bool)
    touched[crossings(ours, others)[0]] = True
    return touched


def covered(lengths: Indices, of: Sequence[Sequence[Stretch]]) -> npt.NDArray[np.bool_]:
    """Which characters of sentences of these lengths, one after the other, lie in a stretch of theirs."""
    held = stretches(of)
    longest = lengths[held.sentence]
    start, end = np.minimum(held.start, longest), np.minimum(held.end, longest)
    first = (np.cumsum(lengths) - lengths)[held.sentence]
    filled = start < end
    edges = np.zeros(int(lengths.sum()) + 1, dtype=np.int64)
    np.add.at(edges, (first + start)[filled], 1)
    np.add.at(edges, (first + end)[filled], -1)
    return np.asarray(np.cumsum(edges)[:-1] > 0)


def _character_counts(table: ScoreTable) -> tuple[int, Array, Array, Array]:
    """How many sentences, and per document ``(D,)`` characters in both, marked, and wrong."""
    chosen = [(i, s) for i, s in enumerate(table.data.sentences()) if annotated(s)]
    lengths = np.array([len(s.text) for _, s in chosen], dtype=np.int64)
    ours = covered(lengths, [table.marked[i] for i, _ in chosen])
    gold = covered(lengths, [s.spans or () for _, s in chosen])
    document = np.repeat(table.document[[i for i, _ in chosen]], lengths)
    both, marked, wrong = (
        np.bincount(document[mask], minlength=len(table.data.documents)).astype(np.float64)
        for mask in (ours & gold, ours, gold)
    )
    return len(chosen), both, marked, wrong


def character_precision(table: ScoreTable) -> Prepared:
    """The share of marked characters that lie in a gold span."""
    n, both, marked, _ = _character_counts(table)
    return ratio(n, both, marked, "no character is marked in a sentence with annotated spans")


def character_recall(table: ScoreTable) -> Prepared:
    """The share of the gold spans' characters that are marked."""
    n, both, _, wrong = _character_counts(table)
    return ratio(n, both, wrong, _NO_SPANS)


def character_f1(table: ScoreTable) -> Prepared:
    """The harmonic mean of the two: 2·both / (marked + wrong); undefined where none is wrong."""
    n, *counts = _character_counts(table)
    sums = np.stack(counts)
    return checked(Prepared(n, lambda w: np.asarray(sums @ w), _f1, always(_NO_SPANS), 3), sums.shape[1])


def _f1(counts: Array) -> Array:
    """Of counts ``(3, B)``: characters in both, marked, wrong."""
    both, marked, wrong = counts
    return np.where(wrong > 0, divided(2 * both, marked + wrong), np.nan)


def _span_words(table: ScoreTable) -> tuple[Indices, Array, npt.NDArray[np.bool_]]:
    """Document, suspicion, and "touches a gold span", of every word of the annotated sentences."""
    chosen = [(i, s) for i, s in enumerate(table.data.sentences()) if annotated(s)]
    words = stretches([table.words[i] for i, _ in chosen])
    gold = _touched(words, stretches([s.spans or () for _, s in chosen]))
    document = table.document[[i for i, _ in chosen]]
    return document[words.sentence], words.known, gold


def _tagged(table: ScoreTable) -> tuple[Indices, Stretches]:
    """Document of every tagged word, and the tags; what is known of each is whether it is BAD."""
    tags = stretches([() if s.boilerplate else s.word_tags or () for s in table.data.sentences()])
    return table.document[tags.sentence], tags


def _most_suspicious(tags: Stretches, words: Stretches) -> Array:
    """The most of our words in each tagged word, 0 where there is none."""
    i, j = crossings(tags, words)
    most = np.full(len(tags.start), -np.inf)
    np.maximum.at(most, i, words.known[j])
    return np.where(np.isinf(most), 0.0, most)


def _word_ranking(rows: Rows, nothing: str) -> Prepared:
    if not len(rows.gold):
        raise Undefined(nothing)
    made = ranked(rows, average_precision_of)
    one_class = always("one class only: the words are all right, or all wrong")
    return checked(replace(made, why=one_class), rows.documents)


def span_word_average_precision(table: ScoreTable) -> Prepared:
    """Average precision of words by suspicion; a word is wrong where it touches a gold span."""
    document, suspicion, gold = _span_words(table)
    count = len(table.data.documents)
    return _word_ranking(Rows(suspicion, gold.astype(np.float64), document, count), _NO_SPANS)


def word_average_precision(table: ScoreTable) -> Prepared:
    """Average precision of the tagged words by suspicion; BAD is wrong."""
    document, tags = _tagged(table)
    suspicion = _most_suspicious(tags, stretches(table.words))
    return _word_ranking(Rows(suspicion, tags.known, document, len(table.data.documents)), _NO_TAGS)


def word_mcc(table: ScoreTable) -> Prepared:
    """Matthews' correlation of "marked" with BAD over the tagged words."""
    document, tags = _tagged(table)
    if not len(document):
        raise Undefined(_NO_TAGS)
    count = len(table.data.documents)
    counts = np.zeros((4, count))
    kinds = 2 * _touched(tags, stretches(table.marked)) + tags.known.astype(np.int64)
    np.add.at(counts, (kinds, document), 1.0)
    return checked(Prepared(len(document), lambda w: np.asarray(counts @ w), _mcc, _why_no_mcc, 4), count)


def _mcc(counts: Array) -> Array:
    """Of counts ``(4, B)``: right unmarked, wrong unmarked, right marked, wrong marked."""
    tn, fn, fp, tp = counts
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return divided(tp * tn - fp * fn, np.sqrt(below))


def _why_no_mcc(counts: Array) -> str:
    tn, fn, fp, tp = counts[:, 0]
    if tp + fp <= 0 or tn + fn <= 0:
        return "constant: " + ("no word is marked" if tp + fp <= 0 else "every word is marked")
    return "one class only: the tagged words are all OK, or all BAD"
