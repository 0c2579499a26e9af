"""Metrics against brute force and scipy that `test_metrics` leaves: systems, lengths, lines, one interval."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mtqa.bench.figures import figure
from mtqa.bench.metrics import METRICS, Undefined, applicable
from mtqa.bench.metrics.correlation import system_covariance
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.bench.resample import document_weights
from mtqa.text.boilerplate import reason_for
from tests.bench.labelled_texts import random_table, random_weights

SEEDS = range(12)


def _repeated(weights: np.ndarray, table: ScoreTable) -> list[int]:
    """The rows of the table whose documents are really there as often as the weights say."""
    return [
        i for d, times in enumerate(weights) for i in np.flatnonzero(table.document == d).tolist() * times
    ]


def _of_systems(rng: np.random.Generator, *, ordered: bool) -> ScoreTable:
    """Five systems, documents of one to four sentences, few different scores; some rows count for none."""
    names = tuple(f"mt_{letter}" for letter in "ABCDE")
    documents, unscored, at = [], {}, 0
    for d in range(20):
        sentences = []
        for _ in range(int(rng.integers(1, 5))):
            human = float(rng.integers(-1, 2)) if not ordered and rng.random() < 0.9 else None
            system = names[d % 5] if rng.random() < 0.95 else ""
            sentences.append(LabelledSentence("a b", score=human, groups={"system": system}))
            if rng.random() < 0.1:
                unscored[at] = "blank"
            at += 1
        documents.append(LabelledDocument(f"d{d}", tuple(sentences)))
    data = LabelledSet("systems", "0" * 64, "documents", tuple(documents), names if ordered else ())
    scores = rng.integers(0, 2, size=at).astype(float)
    scores[list(unscored)] = -1.0
    return ScoreTable(data, "c", "s", scores, document_index(data), unscored=unscored)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ordered", [True, False], ids=["known order", "human scores"])
def test_system_kendall_is_scipys_of_the_systems_means(seed: int, ordered: bool):
    """Ties in the means and systems that a draw leaves out included; a draw's rows are really repeated."""
    rng = np.random.default_rng(seed)
    table = _of_systems(rng, ordered=ordered)
    sentences = list(table.data.sentences())
    order = {name: float(place) for place, name in enumerate(table.data.system_order)}
    prepared = METRICS["system_kendall"].prepare(table)
    assert prepared.n == 5
    draws = np.array([np.ones(20, dtype=int), *(random_weights(rng, table) for _ in range(8))])
    for weights, value in zip(draws, prepared.over(draws), strict=True):
        goodness: dict[str, list[float]] = {}
        known: dict[str, list[float]] = {}
        for i in _repeated(weights, table):
            name = sentences[i].groups["system"]
            gold = order.get(name) if ordered else sentences[i].score
            if name and gold is not None and i not in table.unscored:
                goodness.setdefault(name, []).append(-table.scores[i])
                known.setdefault(name, []).append(gold)
        ours, theirs = ([np.mean(of[name]) for name in sorted(goodness)] for of in (goodness, known))
        wanted = stats.kendalltau(ours, theirs).statistic if len(ours) > 1 else np.nan
        assert value == pytest.approx(wanted, nan_ok=True)


def test_an_empty_cell_is_no_system():
    """Its mean would stand among those of the systems, in no order that anyone knows."""

    def table(systems: tuple[str, ...]) -> ScoreTable:
        documents = tuple(
            LabelledDocument(f"{d}{s}", (LabelledSentence("a b", score=float(i), groups={"system": s}),))
            for d in range(3)
            for i, s in enumerate(systems)
        )
        data = LabelledSet("cells", "0" * 64, "documents", documents)
        scores = np.array(
            [s.groups["system"] == "" or -(s.score or 0.0) for s in data.sentences()], dtype=float
        )
        return ScoreTable(data, "c", "s", scores, document_index(data))

    named, with_cell = table(("x", "y", "z")), table(("x", "y", "z", ""))
    for one in (named, with_cell):
        prepared = METRICS["system_kendall"].prepare(one)
        assert (prepared.n, prepared.value(np.ones(len(one)))) == (3, pytest.approx(1.0))
    # Two systems and an empty cell are two: there is no order to be had.
    assert "system_kendall" not in {m.name for m in applicable(table(("x", "y", "")))}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["spearman", "pearson", "kendall"])
def test_what_was_not_scored_is_in_no_correlation(seed: int, name: str):
    """The value is that of a table which never had those rows."""
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    lost = {int(i): "no token to score" for i in rng.choice(len(table), size=6, replace=False)}
    scores = np.where([i in lost for i in range(len(table))], -1.0, table.scores)
    table = replace(table, scores=scores, unscored=lost)
    weights = random_weights(rng, table)
    rows = [i for i in _repeated(weights, table) if i not in lost]
    human = np.array([s.score for s in table.data.sentences()], dtype=float)
    scipys = {"spearman": stats.spearmanr, "pearson": stats.pearsonr, "kendall": stats.kendalltau}[name]
    prepared = METRICS[name].prepare(table)
    assert prepared.value(weights) == pytest.approx(scipys(-scores[rows], human[rows]).statistic)
    assert prepared.n == len(table) - 6


@pytest.mark.parametrize("seed", SEEDS)
def test_accuracy_of_pairs_of_as_many_words_by_brute_force(seed: int):
    rng = np.random.default_rng(seed)
    texts = [[" ".join("ab" for _ in range(rng.integers(1, 4))) for _ in range(2)] for _ in range(25)]
    documents = tuple(
        LabelledDocument(f"p{i}", (LabelledSentence(good, 0), LabelledSentence(bad, 1)), isolated=True)
        for i, (good, bad) in enumerate(texts)
    )
    data = LabelledSet("pairs", "0" * 64, "pairs", documents)
    table = ScoreTable(data, "c", "s", rng.integers(0, 3, size=50).astype(float), document_index(data))
    prepared = METRICS["accuracy_length_controlled"].prepare(table)
    assert prepared.n == sum(good.count(" ") == bad.count(" ") for good, bad in texts) > 0
    for _ in range(5):
        weights = random_weights(rng, table)
        won = []
        for i, (good, bad) in enumerate(texts):
            if good.count(" ") == bad.count(" "):
                a, b = table.scores[2 * i], table.scores[2 * i + 1]
                won += [1.0 if b > a else 0.5 if b == a else 0.0] * weights[i]
        if won:
            assert prepared.value(weights) == pytest.approx(np.mean(won))
        else:
            with pytest.raises(Undefined, match="as many words"):
                prepared.value(weights)


LINES = (
    "READ MORE",
    "Share on Facebook",
    "Advertisement",
    "The tide is out again.",
    "A net was mended here.",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_boilerplate_figures_by_brute_force(seed: int):
    rng = np.random.default_rng(seed)
    documents = tuple(
        LabelledDocument(
            f"d{d}",
            tuple(
                LabelledSentence(LINES[rng.integers(len(LINES))], 0, boilerplate=bool(rng.random() < 0.5))
                for _ in range(rng.integers(1, 6))
            ),
        )
        for d in range(12)
    )
    data = LabelledSet("lines", "0" * 64, "documents", documents)
    table = ScoreTable(data, "c", "s", np.zeros(len(data)), document_index(data))
    weights = random_weights(rng, table) if seed else np.ones(12, dtype=int)
    hits = gold = out = 0
    for document, times in zip(documents, weights, strict=True):
        for sentence, _ in itertools.product(document.sentences, range(times)):
            left = reason_for(sentence.text) is not None
            hits += left and sentence.boilerplate
            gold += sentence.boilerplate
            out += left
    assert 0 < hits < min(gold, out)
    assert METRICS["boilerplate_recall"].function(table, weights) == pytest.approx(hits / gold)
    assert METRICS["boilerplate_precision"].function(table, weights) == pytest.approx(hits / out)
    lines = list(data.sentences())
    assert METRICS["boilerplate_recall"].prepare(table).n == sum(s.boilerplate for s in lines)
    assert METRICS["boilerplate_precision"].prepare(table).n == sum(
        reason_for(s.text) is not None for s in lines
    )


def _judged(rng: np.random.Generator, documents: int) -> ScoreTable:
    """Six sentences a document; how good it is moves people's scores, and in part the config's too."""
    effect = rng.normal(size=(documents, 1))
    human = effect + rng.normal(size=(documents, 6))
    ours = 0.8 * effect + 0.5 * human + rng.normal(size=(documents, 6))
    made = tuple(
        LabelledDocument(str(d), tuple(LabelledSentence("a", score=float(y)) for y in own))
        for d, own in enumerate(human)
    )
    data = LabelledSet("judged", "0" * 64, "documents", made)
    return ScoreTable(data, "c", "s", -ours.ravel(), document_index(data))


@pytest.mark.parametrize("name", ["spearman", "pearson"])
def test_intervals_of_a_correlation_cover_at_their_rate(name: str):
    """Of 200 simulated corpora of 60 documents, 95 % hold the truth: 178 or more but for one in 2,500."""
    rng = np.random.default_rng(11)
    metric = METRICS[name]
    truth = metric.function(_judged(rng, 20_000), np.ones(20_000))
    held = 0
    for _ in range(200):
        made = figure(metric, _judged(rng, 60), document_weights(60, 200, rng))
        assert made.low is not None
        assert made.high is not None
        held += made.low <= truth <= made.high
    assert 178 <= held <= 199


@pytest.mark.parametrize("score", [0.1, 0.25, 7.3])
def test_means_that_differ_by_rounding_are_ties(score: float):
    """(0.1 + 0.1 + 0.1) / 3 is not 0.1: one document of A, three of B, six of C."""
    documents = tuple(
        LabelledDocument(
            f"{name}{i}", (LabelledSentence(f"{name}{i}.", score=place, groups={"system": name}),)
        )
        for place, (name, count) in enumerate((("A", 1), ("B", 3), ("C", 6)))
        for i in range(count)
    )
    data = LabelledSet("d", "0" * 64, "documents", documents, ("A", "B", "C"))
    table = ScoreTable(data, "c", "s", np.full(10, score), document_index(data))
    with pytest.raises(Undefined):
        METRICS["system_kendall"].function(table, np.ones(10))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_covariance_of_systems_is_numpys(seed: int):
    rng = np.random.default_rng(seed)
    table = _of_systems(rng, ordered=True)
    sentences = list(table.data.sentences())
    order = {name: float(place) for place, name in enumerate(table.data.system_order)}
    prepared = system_covariance(table)
    draws = np.array([np.ones(20, dtype=int), *(random_weights(rng, table) for _ in range(4))])
    for weights, value in zip(draws, prepared.over(draws), strict=True):
        goodness: dict[float, list[float]] = {}
        for i in _repeated(weights, table):
            place = order.get(sentences[i].groups["system"])
            if place is not None and i not in table.unscored:
                goodness.setdefault(place, []).append(-table.scores[i])
        means = [np.mean(values) for values in goodness.values()]
        wanted = np.cov(means, list(goodness), bias=True)[0, 1] if len(means) > 1 else 0.0
        assert value == pytest.approx(wanted, abs=1e-12)
