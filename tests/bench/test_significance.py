"""Significance: closed forms, and rates on simulated documents."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm, rankdata

from mtqa.bench import resample
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.bench.significance import (
    enough_randomisations,
    fewest_documents,
    holm,
    more_documents,
    paired_bootstrap,
    randomisation_p_value,
    swap_masks,
    winning_cluster,
)
from mtqa.bench.stack import midranks, on_common_scale, stacked, standardised


def table(scores, per_document: int, *, name: str = "a", words=()) -> ScoreTable:
    """Documents of ``per_document`` sentences each, every second sentence corrupted."""
    sentences = [LabelledSentence(f"Sentence {i}.", label=i % 2) for i in range(len(scores))]
    documents = tuple(
        LabelledDocument(f"d{i}", tuple(sentences[i : i + per_document]))
        for i in range(0, len(scores), per_document)
    )
    data = LabelledSet("made", "0" * 64, "documents", documents)
    return ScoreTable(
        data,
        name,
        f"config:{name}",
        scores=np.asarray(scores, dtype=float),
        document=document_index(data),
        words=words,
        tokens=np.full(len(scores), 4),
        bits=np.asarray(scores, dtype=float),
    )


def mean_by_document(values, document):
    """A statistic whose answer is known: the mean over documents of each one's mean value."""
    sums = np.bincount(document, values)

    def statistic(weights):
        return float(weights @ sums / weights.sum())

    return statistic


def exchanged(statistic):
    """What `randomisation_p_value` asks for, by definition: one exchange at a time, on weights ``(2D,)``."""

    def difference(mask):
        a = statistic(np.concatenate([1.0 - mask, mask]))
        b = statistic(np.concatenate([mask, 1.0 - mask]))
        return np.nan if a is None or b is None else a - b

    return lambda masks: np.array([difference(mask.astype(float)) for mask in masks])


def test_p_values_of_randomisation_are_uniform_under_the_null():
    """Two systems that differ by noise only, with strong document effects: p is uniform on its grid."""
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(400):
        effect = rng.normal(size=30)
        a, b = effect + rng.normal(size=30), effect + rng.normal(size=30)
        statistic = mean_by_document(np.concatenate([a, b]), np.arange(60))
        p_values.append(randomisation_p_value(exchanged(statistic), swap_masks(30, 199, rng)))
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.085


def test_p_values_of_a_pooled_ranking_metric_are_uniform_under_the_null():
    """ROC-AUC of two systems of equal skill on scales that have nothing to do with one another."""
    rng = np.random.default_rng(8)
    p_values = []
    for _ in range(150):
        truth = np.tile([0.0, 1.0], 60)
        a = truth + rng.normal(size=120)
        b = np.exp(3 * (truth + rng.normal(size=120))) + 1000
        both = stacked(on_common_scale(table(a, 4)), on_common_scale(table(b, 4, name="b")))
        label = np.array([s.label for s in both.data.sentences()])
        bad, good = both.scores[label == 1], both.scores[label == 0]
        wins = (bad[:, None] > good) + 0.5 * (bad[:, None] == good)
        of_bad, of_good = both.document[label == 1], both.document[label == 0]

        def auc(weights, wins=wins, of_bad=of_bad, of_good=of_good):
            w_bad, w_good = weights[of_bad], weights[of_good]
            return float(w_bad @ wins @ w_good / (w_bad.sum() * w_good.sum()))

        p_values.append(randomisation_p_value(exchanged(auc), swap_masks(30, 39, rng)))
    # The p-values lie on a grid of 40: jittered over their cell they are uniform.
    jittered = np.array(p_values) - rng.random(150) / 40
    assert kstest(jittered, "uniform").pvalue > 0.01


def test_randomisation_finds_a_difference_and_never_says_zero():
    statistic = mean_by_document(np.concatenate([np.ones(40), np.zeros(40)]), np.arange(80))
    masks = swap_masks(40, 999, np.random.default_rng(0))
    assert randomisation_p_value(exchanged(statistic), masks) == pytest.approx(1 / 1000)


def test_the_same_system_twice_has_p_one():
    values = np.random.default_rng(1).normal(size=20)
    statistic = mean_by_document(np.concatenate([values, values]), np.arange(40))
    assert randomisation_p_value(exchanged(statistic), swap_masks(20, 99, np.random.default_rng(0))) == 1.0


def test_exhaustive_randomisation_agrees_with_the_count_by_hand():
    """Three documents, differences 1, 2, 3: only the two sign patterns that are all alike reach 6 of 8."""
    statistic = mean_by_document(np.array([1.0, 2.0, 3.0, 0.0, 0.0, 0.0]), np.arange(6))
    masks = np.array([[bool(i >> k & 1) for k in range(3)] for i in range(8)])
    assert randomisation_p_value(exchanged(statistic), masks) == (2 + 1) / (8 + 1)


@pytest.mark.parametrize("clusters", [None, np.array([0, 0, 1, 2, 2, 2, 3])])
def test_few_documents_are_exchanged_in_every_way_once(clusters):
    documents, groups = (4, 4) if clusters is None else (7, 4)
    for seed in range(3):
        masks = swap_masks(documents, 15, np.random.default_rng(seed), clusters=clusters)
        assert masks.shape == (2**groups - 1, documents)
        assert len(np.unique(masks, axis=0)) == len(masks)
        assert masks.any(axis=1).all()
        if clusters is not None:
            assert all((masks[:, clusters == g][:, 0] == masks[:, clusters == g].T).all() for g in range(4))
    assert swap_masks(10, 1000, np.random.default_rng(0)).shape == (1000, 10)
    assert swap_masks(0, 5, np.random.default_rng(0)).shape == (5, 0)


@pytest.mark.parametrize("clusters", [np.arange(40), np.arange(40) // 3])
@pytest.mark.parametrize("at_once", [1, 100, 10**6])
def test_randomisations_in_parts_are_those_drawn_at_once(monkeypatch, clusters, at_once: int):
    monkeypatch.setattr(resample, "_AT_ONCE", at_once)
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    expected = (theirs.random((70, int(clusters.max()) + 1)) < 0.5)[:, clusters]
    np.testing.assert_array_equal(swap_masks(40, 70, ours, clusters=clusters), expected)
    assert ours.random() == theirs.random()


def test_randomisations_of_a_seed_are_what_they_were():
    masks = swap_masks(14, 5, np.random.default_rng(12))
    assert ["".join("01"[int(swapped)] for swapped in mask) for mask in masks] == [
        "10111101001011",
        "11101100001000",
        "11000110101011",
        "10000000011001",
        "00010010011001",
    ]


def test_many_randomisations_take_little_memory():
    documents, n = 1000, 10_000
    tracemalloc.start()
    try:
        masks = swap_masks(documents, n, np.random.default_rng(0), clusters=np.arange(documents))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert masks.T.flags.c_contiguous
    assert peak < documents * n + 20e6  # it was 9 bytes a number


@pytest.mark.parametrize("documents", [2, 3, 5, 6])
def test_of_few_documents_no_p_value_is_less_than_the_exact_one(documents: int):
    """The clearest difference that there is: only all exchanged at once is as extreme."""
    statistic = mean_by_document(np.repeat([1.0, 0.0], documents), np.arange(2 * documents))
    for seed in range(20):
        masks = swap_masks(documents, 100, np.random.default_rng(seed))
        p = randomisation_p_value(exchanged(statistic), masks)
        assert p == pytest.approx(2.0 ** (1 - documents))
        assert (p < 0.05) == (documents >= fewest_documents(alpha=0.05))


def test_a_clear_case_stops_early_with_the_same_answer():
    rng = np.random.default_rng(9)
    values = rng.normal(size=60)
    statistic = mean_by_document(values, np.arange(60))
    masks = swap_masks(30, 5000, rng)
    calls = []

    def counted(weights):
        calls.append(1)
        return statistic(weights)

    early = randomisation_p_value(exchanged(counted), masks)
    differences = values[:30] - values[30:]
    all_of_them = np.abs((1 - 2 * masks.astype(float)) @ differences) >= abs(differences.sum()) - 1e-9
    assert len(calls) < 2 * len(masks)
    assert early == pytest.approx(all_of_them.mean(), rel=0.3)


def test_an_undefined_statistic():
    masks = np.array([[True, False], [False, True], [True, True]])
    assert randomisation_p_value(exchanged(lambda _: None), masks) is None
    # Defined as observed, undefined in every randomisation: nothing is shown, so p is 1.
    assert randomisation_p_value(exchanged(lambda w: 1.0 if w[0] == w[1] else None), masks[:2]) == 1.0


def test_paired_bootstrap_covers_at_its_rate():
    rng = np.random.default_rng(3)
    covered, trials, n = 0, 300, 60
    for _ in range(trials):
        effect = 3 * rng.normal(size=n)
        a = effect + rng.normal(0.4, 1, size=n)
        b = effect + rng.normal(0.0, 1, size=n)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=400).astype(float)
        difference = paired_bootstrap(weights @ a / n, weights @ b / n)
        covered += difference.low <= 0.4 <= difference.high
    assert 0.90 <= covered / trials <= 0.98


def test_the_standard_error_is_that_of_the_paired_difference():
    rng = np.random.default_rng(4)
    n = 200
    effect = 5 * rng.normal(size=n)
    a, b = effect + rng.normal(size=n), effect + rng.normal(size=n)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=2000).astype(float)
    difference = paired_bootstrap(weights @ a / n, weights @ b / n)
    assert difference.standard_error == pytest.approx((a - b).std(ddof=1) / n**0.5, rel=0.06)
    assert difference.low < (a - b).mean() < difference.high


def test_bootstrap_p_value_counts_ties_on_both_sides():
    same = np.linspace(0, 1, 50)
    assert paired_bootstrap(same, same).p_value == 1.0
    assert paired_bootstrap(same + 1, same).p_value == pytest.approx(2 / 51)


def test_bootstrap_drops_undefined_draws_of_both():
    a, b = np.arange(40.0), np.zeros(40)
    a[0], b[39] = np.nan, np.nan
    assert paired_bootstrap(a, b).draws == 38
    a[:2] = np.nan  # fewer than 95 %: an interval would be one of the lucky draws
    assert paired_bootstrap(a, b) is None


def test_an_interval_holds_the_difference_that_resampling_pulls_away_from():
    a, b = np.linspace(0.0, 0.5, 40), np.zeros(40)
    assert paired_bootstrap(a, b).high < 0.5
    stretched = paired_bootstrap(a, b, 0.7)
    assert (stretched.low, stretched.high) == (paired_bootstrap(a, b).low, 0.7)


def by_definition(p_values):
    """Holm as statsmodels has it: multiply the sorted by n, n-1 …, running maximum, at most 1."""
    p = np.asarray(p_values)
    order = np.argsort(p, kind="stable")
    raw = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(raw, 1)
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_equals_its_definition(p_values):
    assert holm(p_values) == pytest.approx(by_definition(p_values))
    assert all(high >= low for high, low in zip(holm(p_values, comparisons=30), holm(p_values), strict=True))


def test_holm_by_hand():
    assert holm([0.005, 0.011, 0.02, 0.04, 0.13]) == pytest.approx([0.025, 0.044, 0.06, 0.08, 0.13])
    assert holm([0.01], comparisons=3) == pytest.approx([0.03])
    with pytest.raises(ValueError, match="family of 1"):
        holm([0.1, 0.2], comparisons=1)


def test_holm_keeps_the_family_wise_error():
    rng = np.random.default_rng(6)
    wrong = sum(min(holm(list(rng.random(10)))) < 0.05 for _ in range(2000))
    assert wrong / 2000 < 0.065


def test_more_documents_gives_the_power_it_promises():
    """With D + N documents a z test at 5 % finds the difference in about 80 % of simulated samples."""
    difference, spread, documents = 0.3, 2.0, 50
    n = documents + more_documents(difference, spread / documents**0.5, documents)
    rng = np.random.default_rng(7)
    means = rng.normal(difference, spread / n**0.5, size=20_000)
    found = np.abs(means) > norm.ppf(0.975) * spread / n**0.5
    assert 0.79 <= found.mean() <= 0.83


def test_more_documents_where_none_would_do_or_none_is_missing():
    assert more_documents(0.0, 0.1, 50) is None
    assert more_documents(1.0, 0.01, 50) is None
    assert more_documents(0.1, 0.0, 50) is None
    assert more_documents(0.01, 0.01, 50, alpha=0.001) > more_documents(0.01, 0.01, 50)


@pytest.mark.parametrize("pairs", [1, 3, 21, 105])
def test_fewer_documents_than_the_fewest_can_show_nothing(pairs):
    """The largest difference that there can be: all documents agree. Every exchange is made once."""
    fewest = fewest_documents(alpha=0.05 / pairs)
    for documents in (fewest - 1, fewest):
        masks = np.array(list(itertools.product([False, True], repeat=documents)))
        extreme = np.abs((1 - 2 * masks).sum(axis=1)) >= documents
        assert (pairs * extreme.mean() < 0.05) == (documents == fewest)


def test_more_documents_where_so_few_can_show_nothing():
    assert more_documents(1.0, 0.01, 3) == 3
    assert more_documents(1.0, 0.0, 2, alpha=0.05 / 3) == 5
    assert more_documents(1.0, 0.01, 6) is None
    assert more_documents(0.0, 0.0, 2) is None
    assert more_documents(1.0, 2.0, 3) > 3  # power asks for more


def test_winning_cluster_and_randomisations():
    assert winning_cluster("a", {}) == ("a",)
    assert winning_cluster("a", {"b": 0.05, "c": 0.049}) == ("a", "b")
    n = enough_randomisations(1000, 105)
    assert holm([1 / (n + 1)], comparisons=105)[0] < 0.05


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=30))
def test_midranks_equal_scipys(values):
    expected = (rankdata(values) - 1) / (len(values) - 1)
    assert midranks(np.array(values, dtype=float)) == pytest.approx(expected)


def test_common_scale_keeps_the_order_and_the_words():
    words = (((0, 3, 9.0), (4, 7, 1.0)), ((0, 3, 5.0),))
    scaled = on_common_scale(table([10.0, 2.0], 2, words=words))
    assert scaled.scores.tolist() == [1.0, 0.0]
    assert scaled.words == (((0, 3, 1.0), (4, 7, 0.0)), ((0, 3, 0.5),))
    linear = on_common_scale(table([1.0, 2.0, 6.0], 3), linear=True).scores
    assert np.corrcoef(linear, [1.0, 2.0, 6.0])[0, 1] == pytest.approx(1)
    assert linear.mean() == pytest.approx(0)
    assert standardised(np.ones(3)).tolist() == [0, 0, 0]


def test_stacked_documents_are_apart_and_data_must_be_the_same():
    both = stacked(table([1.0, 2.0, 3.0, 4.0], 2), table([4.0, 3.0, 2.0, 1.0], 2, name="b"))
    assert both.document.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert both.scores.tolist() == [1, 2, 3, 4, 4, 3, 2, 1]
    assert both.tokens.tolist() == [4] * 8
    with pytest.raises(ValueError, match="different data"):
        stacked(table([1.0, 2.0], 2), table([1.0, 2.0, 3.0], 3, name="b"))
