"""The bootstrap: whole clusters are drawn, and its intervals cover the truth about as often as they say."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mtqa.bench import resample
from mtqa.bench.figures import figure
from mtqa.bench.metrics import METRICS
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.bench.resample import document_weights, interval
from tests.bench.labelled_texts import random_table


def test_weights_are_counts_of_draws():
    weights = document_weights(7, 50, np.random.default_rng(0))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == document_weights(7, 50, np.random.default_rng(0))).all()
    assert weights.std() > 0


def test_documents_of_a_cluster_are_drawn_together():
    clusters = np.array([0, 0, 1, 2, 2, 2])
    weights = document_weights(6, 40, np.random.default_rng(1), clusters=clusters)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def _weights_at_once(
    documents: int, draws: int, rng: np.random.Generator, clusters: np.ndarray
) -> np.ndarray:
    """What `document_weights` gives, in one piece."""
    count = int(clusters.max()) + 1
    return rng.multinomial(count, np.full(count, 1.0 / count), size=draws)[:, clusters]


@pytest.mark.parametrize("clusters", [np.arange(40), np.arange(40) // 3, np.array([2, 0, 1, 1, 0])])
@pytest.mark.parametrize("at_once", [1, 100, 10**6])
def test_weights_in_parts_are_those_drawn_at_once(monkeypatch, clusters: np.ndarray, at_once: int):
    monkeypatch.setattr(resample, "_AT_ONCE", at_once)
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    expected = _weights_at_once(len(clusters), 70, theirs, clusters)
    np.testing.assert_array_equal(document_weights(len(clusters), 70, ours, clusters=clusters), expected)
    assert ours.random() == theirs.random()  # and what is drawn next


def test_weights_of_a_seed_are_what_they_were():
    weights = document_weights(9, 4, np.random.default_rng(12))
    assert weights.tolist() == [
        [0, 3, 0, 0, 1, 0, 2, 3, 0],
        [2, 2, 0, 1, 0, 0, 1, 2, 1],
        [1, 2, 0, 0, 2, 2, 2, 0, 0],
        [2, 0, 3, 1, 1, 0, 0, 0, 2],
    ]
    assert document_weights(0, 4, np.random.default_rng(12)).shape == (4, 0)


def test_many_weights_take_little_memory():
    documents, draws = 4000, 1000
    tracemalloc.start()
    try:
        weights = document_weights(documents, draws, np.random.default_rng(0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert weights.nbytes == 2 * documents * draws
    assert weights.T.flags.c_contiguous
    assert peak < 2 * documents * draws + 20e6  # it was 24 bytes a number


def test_interval_is_the_percentiles():
    assert interval(np.arange(1001.0)) == (25.0, 975.0)


def test_the_same_weights_give_the_metric_of_the_repeated_documents():
    """The interval is the metric's own percentiles over tables whose documents were really repeated."""
    rng = np.random.default_rng(4)
    table = random_table(rng, documents=9)
    metric = METRICS["average_precision"]
    for weights in document_weights(9, 5, rng):
        chosen = np.repeat(np.arange(9), weights)
        documents = tuple(table.data.documents[d] for d in chosen)
        data = LabelledSet("again", "", "documents", documents)
        rows = np.concatenate([np.flatnonzero(table.document == d) for d in chosen])
        again = ScoreTable(data, "c", "s", table.scores[rows], document_index(data))
        assert metric.function(table, weights) == pytest.approx(metric.function(again, np.ones(len(chosen))))


def _simulated(rng: np.random.Generator, documents: int) -> ScoreTable:
    """Ten sentences a document; a strong effect of the document on its sentences' scores."""
    made, scores = [], []
    for d in range(documents):
        labels = rng.random(10) < 0.3
        made.append(LabelledDocument(str(d), tuple(LabelledSentence("a", int(y)) for y in labels)))
        scores.append(labels * rng.normal(1.0, 1.0) + rng.normal(0.0, 0.7, size=10))
    data = LabelledSet("simulated", "", "documents", tuple(made))
    return ScoreTable(data, "c", "s", np.concatenate(scores), document_index(data))


@pytest.mark.parametrize("name", ["roc_auc_by_document", "roc_auc", "average_precision", "precision_at_k"])
def test_intervals_cover_at_their_rate(name: str):
    """Of 200 simulated corpora of 60 documents, 95 % hold the truth: 180 or more but for one in 2,500."""
    rng = np.random.default_rng(7)
    metric = METRICS[name]
    truth = metric.function(_simulated(rng, 20_000), np.ones(20_000))
    held = 0
    for _ in range(200):
        table = _simulated(rng, 60)
        made = figure(metric, table, document_weights(60, 300, rng))
        assert made.low is not None
        assert made.high is not None
        held += made.low <= truth <= made.high
    assert 178 <= held <= 199


def _calibrated(rng: np.random.Generator, documents: int, *, wrongly: bool) -> ScoreTable:
    """Ten sentences a document with true probabilities of being corrupted, or with bent ones."""
    z = rng.normal(0.0, 0.7, size=(documents, 1)) + rng.normal(-1.3, 1.2, size=(documents, 10))
    labels = rng.random(z.shape) < 1 / (1 + np.exp(-z))
    made = tuple(
        LabelledDocument(str(d), tuple(LabelledSentence("a", int(y)) for y in own))
        for d, own in enumerate(labels)
    )
    data = LabelledSet("calibrated", "", "documents", made)
    given = 1 / (1 + np.exp(-(1.5 * z + 0.3 if wrongly else z)))
    return ScoreTable(data, "c", "s", z.ravel(), document_index(data), probability=given.ravel())


@pytest.mark.parametrize("documents", [60, 400])
@pytest.mark.parametrize("wrongly", [False, True])
def test_the_interval_of_a_calibration_error_holds_the_truth(wrongly: bool, documents: int):
    """Chance alone makes an error, resampling makes more: a percentile interval never held a truth of 0."""
    rng = np.random.default_rng(9)
    metric = METRICS["expected_calibration_error"]
    truth = metric.function(_calibrated(rng, 20_000, wrongly=wrongly), np.ones(20_000)) if wrongly else 0.0
    made = [
        figure(metric, _calibrated(rng, documents, wrongly=wrongly), document_weights(documents, 300, rng))
        for _ in range(100)
    ]
    held = sum((f.low or 0.0) <= truth <= (f.high or 0.0) for f in made)
    assert held >= 93
    if wrongly and documents == 400:
        assert all((f.low or 0.0) > 0 for f in made)


def test_by_sentence_it_would_not():
    """Why documents are drawn: intervals from resampled sentences are far too narrow here."""
    rng = np.random.default_rng(8)
    metric = METRICS["roc_auc"]
    truth = metric.function(_simulated(rng, 20_000), np.ones(20_000))
    held = 0
    for _ in range(100):
        table = _simulated(rng, 60)
        alone = tuple(LabelledDocument(str(i), (s,)) for i, s in enumerate(table.data.sentences()))
        data = LabelledSet("alone", "", "documents", alone)
        flat = ScoreTable(data, "c", "s", table.scores, document_index(data))
        made = figure(metric, flat, document_weights(600, 200, rng))
        held += (made.low or 0) <= truth <= (made.high or 1)
    assert held < 85


def test_one_independent_document_has_no_interval():
    sentences = tuple(LabelledSentence("a", i % 2) for i in range(6))
    data = LabelledSet("one", "", "documents", (LabelledDocument("d", sentences),))
    table = ScoreTable(data, "c", "s", np.arange(6.0), document_index(data))
    made = figure(METRICS["roc_auc"], table, document_weights(1, 100, np.random.default_rng(0)))
    assert (made.low, made.high) == (None, None)
    assert made.value is not None
    assert made.undefined == "no interval: one independent document"


def test_what_many_draws_lack_has_no_interval():
    """A corruption in one document of ten is missing from a third of the draws: the rest tells nothing."""
    documents = tuple(
        LabelledDocument(str(d), (LabelledSentence("a", int(d == 0)), LabelledSentence("b", 0)))
        for d in range(10)
    )
    data = LabelledSet("rare", "", "documents", documents)
    table = ScoreTable(data, "c", "s", np.arange(20.0), document_index(data))
    made = figure(METRICS["roc_auc"], table, document_weights(10, 400, np.random.default_rng(0)))
    assert made.value is not None
    assert (made.low, made.high) == (None, None)
    assert "too few documents" in (made.undefined or "")
