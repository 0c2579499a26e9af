"""Many draws at once give what each gives alone, and what documents that are really repeated give."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from mtqa.bench.fluency import BITS_PER_BYTE, PERPLEXITY
from mtqa.bench.metrics import METRICS, Metric, Undefined, applicable, base
from mtqa.bench.metrics.correlation import kendall_of, pearson_of
from mtqa.bench.metrics.ranking import running
from mtqa.bench.metrics.words import covered, crossings, stretches
from mtqa.bench.records import LabelledSet, ScoreTable, document_index
from mtqa.bench.resample import document_weights
from mtqa.bench.significance import randomisation_p_value, swap_masks
from mtqa.bench.stack import on_common_scale, stacked
from tests.bench.labelled_texts import random_table, random_weights

SHAPES = ("documents", "scored", "pairs")


def _full(seed: int, shape: str) -> ScoreTable:
    """Everything annotated at random: spans (none, empty, crossing), tags, marks, systems, boilerplate."""
    rng = np.random.default_rng(seed)
    table = random_table(rng, shape=shape)
    places = ((0, 3), (4, 7), (8, 13), (14, 18))

    def some(share: float) -> list[tuple[int, int]]:
        return [w for w in places if rng.random() < share]

    def annotated(s):
        spans = (*some(0.3), *[(2, 9)] * int(rng.random() < 0.2), *[(5, 5)] * int(rng.random() < 0.2))
        return replace(
            s,
            spans=spans if s.label or rng.random() < 0.1 else (),
            word_tags=tuple((*w, bool(rng.random() < 0.4)) for w in some(0.8)),
            boilerplate=shape == "documents" and bool(rng.random() < 0.1),
            groups={**s.groups, "system": "ABCD"[int(rng.integers(4))]},
        )

    documents = tuple(replace(d, sentences=tuple(map(annotated, d.sentences))) for d in table.data.documents)
    words = [tuple((*w, float(rng.integers(-2, 4)) / 4) for w in some(0.9)) for _ in range(len(table))]
    tokens = rng.integers(0, 3, size=len(table))
    return replace(
        table,
        data=replace(table.data, documents=documents),
        words=tuple(words),
        marked=tuple(tuple(some(0.3)) for _ in words),
        tokens=tokens,
        bits=tokens * rng.random(len(table)),
    )


def _metrics(table: ScoreTable) -> list[Metric]:
    ones = np.ones(len(table.data.documents))
    there = [m for m in applicable(table) if not math.isnan(_alone(m, table, ones))]
    return [*there, BITS_PER_BYTE, PERPLEXITY]


def _repeated(table: ScoreTable, weights: np.ndarray) -> ScoreTable:
    """The table whose documents really come as often as they were drawn."""
    chosen = np.repeat(np.arange(len(weights)), weights)
    rows = np.concatenate([np.flatnonzero(table.document == d) for d in chosen])
    documents = tuple(table.data.documents[d] for d in chosen)
    data = LabelledSet("again", "", table.data.shape, documents, table.data.system_order)
    return replace(
        table,
        data=data,
        scores=table.scores[rows],
        document=document_index(data),
        words=tuple(table.words[i] for i in rows),
        marked=tuple(table.marked[i] for i in rows),
        probability=table.probability[rows],
        q_value=table.q_value[rows],
        tokens=table.tokens[rows],
        bits=table.bits[rows],
    )


def _alone(metric: Metric, table: ScoreTable, weights: np.ndarray) -> float:
    try:
        return metric.function(table, weights)
    except Undefined:
        return math.nan


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_a_draw_is_the_table_of_repeated_documents(seed: int, shape: str, monkeypatch):
    monkeypatch.setattr(base, "_MOST", 7)  # several parts
    table = _full(seed, shape)
    draws = document_weights(12, 20, np.random.default_rng(seed))
    for metric in _metrics(table):
        values = metric.prepare(table).over(draws)
        again = [_alone(metric, again, np.ones(12)) for again in (_repeated(table, w) for w in draws)]
        np.testing.assert_allclose(values, again, rtol=1e-12, atol=1e-12, err_msg=metric.name)
        alone = [_alone(metric, table, w) for w in draws]
        np.testing.assert_allclose(values, alone, rtol=1e-12, atol=1e-12, err_msg=metric.name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_an_exchange_is_the_difference_of_two_weightings(seed: int, shape: str):
    table = _full(seed, shape)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(table))
    other = replace(
        table,
        scores=table.scores[order],
        probability=table.probability[order],
        q_value=table.q_value[order],
        words=tuple(tuple((a, b, -x) for a, b, x in words) for words in table.words),
        marked=tuple(tuple(own[1:]) for own in table.marked),
        bits=table.bits * rng.random(len(table)),
    )
    masks = swap_masks(12, 40, rng)
    for metric in _metrics(table):
        scaled = [on_common_scale(t, linear=metric.name == "pearson") for t in (table, other)]
        both = stacked(*scaled)
        made = metric.prepare(both).exchanged(masks)
        slow = [
            _alone(metric, both, np.concatenate([~mask, mask]) * 1.0)
            - _alone(metric, both, np.concatenate([mask, ~mask]) * 1.0)
            for mask in masks
        ]
        np.testing.assert_allclose(made, slow, rtol=1e-12, atol=1e-12, err_msg=metric.name)


def test_the_p_value_stops_where_one_at_a_time_would():
    rng = np.random.default_rng(11)
    differences = rng.normal(size=5000)
    masks = np.zeros((5000, 1), dtype=bool)
    for observed in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0):
        given_out = iter([np.array([observed]), *np.split(differences, range(256, 5000, 256))])
        count = done = 0
        for value in differences:
            count += abs(value) >= observed
            done += 1
            if count == 100:
                break
        assert randomisation_p_value(lambda _, g=given_out: next(g), masks) == (count + 1) / (done + 1)


def _words_by_definition(table: ScoreTable) -> list[tuple[int, float, bool]]:
    rows = []
    for i, s in enumerate(table.data.sentences()):
        filled = any(a < b for a, b in s.spans or ())
        if s.spans is None or s.boilerplate or not (filled or (not s.spans and not s.label)):
            continue
        rows += [
            (table.document[i], x, any(a < end and start < b for a, b in s.spans))
            for start, end, x in table.words[i]
        ]
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_words_are_ranked_as_by_definition(seed: int):
    table = _full(seed, "documents")
    weights = random_weights(np.random.default_rng(seed), table)
    d, suspicion, gold = (np.array(column) for column in zip(*_words_by_definition(table), strict=True))
    assert METRICS["span_word_average_precision"].function(table, weights) == pytest.approx(
        sk.average_precision_score(gold, suspicion, sample_weight=weights[d])
    )
    tagged = [
        (
            table.document[i],
            max((x for a, b, x in table.words[i] if a < end and start < b), default=0.0),
            any(a < end and start < b for a, b in table.marked[i]),
            bad,
        )
        for i, s in enumerate(table.data.sentences())
        for start, end, bad in (() if s.boilerplate else s.word_tags)
    ]
    d, suspicion, marked, bad = (np.array(column) for column in zip(*tagged, strict=True))
    assert METRICS["word_average_precision"].function(table, weights) == pytest.approx(
        sk.average_precision_score(bad, suspicion, sample_weight=weights[d])
    )
    assert METRICS["word_mcc"].function(table, weights) == pytest.approx(
        sk.matthews_corrcoef(bad, marked, sample_weight=weights[d])
    )


_STRETCH = st.tuples(st.integers(0, 12), st.integers(0, 4)).map(lambda t: (t[0], t[0] + t[1]))
_SENTENCES = st.lists(st.tuples(st.lists(_STRETCH, max_size=5), st.lists(_STRETCH, max_size=5)), max_size=4)


@given(_SENTENCES)
def test_crossings_by_definition(sentences):
    ours, others = stretches([a for a, _ in sentences]), stretches([b for _, b in sentences])
    found = sorted(zip(*(side.tolist() for side in crossings(ours, others)), strict=True))
    flat = [[(n, *one) for n, both in enumerate(sentences) for one in both[side]] for side in (0, 1)]
    expected = [
        (i, j)
        for (i, (m, start, end)), (j, (n, a, b)) in itertools.product(*map(enumerate, flat))
        if m == n and a < end and start < b
    ]
    assert found == expected


@given(_SENTENCES)
def test_covered_characters_by_definition(sentences):
    lengths = np.array([10 + n for n, _ in enumerate(sentences)], dtype=np.int64)
    expected = [
        any(a <= c < b for a, b in own)
        for n, (own, _) in zip(lengths, sentences, strict=True)
        for c in range(n)
    ]
    assert covered(lengths, [own for own, _ in sentences]).tolist() == expected


@pytest.mark.parametrize("rows", [1, 2, 31, 32, 33, 64, 65, 1000, 1100])
def test_running_sums_are_cumsum(rows: int):
    values = np.random.default_rng(rows).integers(0, 9, size=(rows, 3)).astype(float)
    np.testing.assert_array_equal(running(values.copy()), np.cumsum(values, axis=0))


def test_pearson_keeps_its_digits_where_a_draw_hardly_varies():
    """Ninety-eight rows next to one another and two far away: draws without the two are taken row by row."""
    rng = np.random.default_rng(2)
    x, y = (np.concatenate([1.0 + 1e-6 * rng.normal(size=98), [1e6, -2e6]]) for _ in range(2))
    weights = rng.multinomial(100, np.full(100, 0.01), size=60).T.astype(float)
    weights[98:, ::2] = 0.0
    expected = [
        stats.pearsonr(np.repeat(x, w.astype(int)), np.repeat(y, w.astype(int)))[0] for w in weights.T
    ]
    np.testing.assert_allclose(pearson_of(x, y)(weights), expected, rtol=1e-6)
    flat = np.where(np.arange(100) < 98, 0.1, 5.0)
    assert np.isnan(pearson_of(flat, y)(weights)[::2]).all()


def test_a_draw_without_rows_has_no_kendall_and_warns_of_nothing(recwarn):
    values = kendall_of(np.arange(4.0), np.arange(4.0))(
        np.array([[1.0, 0, 0], [1, 0, 1], [1, 0, 0], [1, 0, 0]])
    )
    np.testing.assert_array_equal(values, [1.0, np.nan, np.nan])
    assert not list(recwarn)


def test_pooled_draws_of_every_shape_are_drawn_at_once():
    assert kendall_of(np.arange(4.0), np.arange(4.0))(np.ones((4, 2))).tolist() == [1.0, 1.0]
    empty = METRICS["roc_auc"].prepare(_full(0, "documents")).over(np.zeros((0, 12)))
    assert empty.shape == (0,)
