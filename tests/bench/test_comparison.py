"""Score tables to a comparison: values, families, refusals, what different tokenizers allow."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest
from scipy import stats

from mtqa.bench.comparison.build import (
    ALL_PAIRS,
    CompareSettings,
    compare_tables,
)
from mtqa.bench.comparison.checks import BY_ORDER, check_metrics
from mtqa.bench.metrics import METRICS, applies
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.bench.resample import document_weights
from mtqa.errors import UsageError
from tests.bench.comparison_builders import (
    contender,
    cost,
    documents_set,
    marked,
    pairs_set,
    scored_set,
    table,
)

QUICK = CompareSettings(draws=200, randomisations=199)


def compared(tables_by_set, names, settings=QUICK, **contenders):
    made = [contender(name, **contenders.get(name, {})) for name in names]
    costs = [{name: cost() for name in names} for _ in tables_by_set]
    return compare_tables(made, tables_by_set, costs, settings)


@pytest.fixture(scope="module")
def three():
    """Two good configs, which can't be told apart, on scales of their own, and a poor one."""
    data = documents_set()
    tables = [
        table(data, "good", noise=0.6, seed=1),
        table(data, "too", noise=0.6, seed=2, scale=900.0),
        table(data, "poor", noise=4.0, seed=3),
    ]
    return tables, compared([tables], ["good", "too", "poor"])


def test_values_are_the_metrics_own(three):
    tables, comparison = three
    result = comparison.sets[0]
    assert result.main == "average_precision"
    assert (result.documents, result.clusters, result.sentences) == (30, 30, 180)
    ones = np.ones(30)
    for name, metric in result.metrics.items():
        if metric.kind == "ranking":
            for one in tables:
                assert metric.estimates[one.config].value == pytest.approx(METRICS[name].function(one, ones))
    assert result.leader.chance == pytest.approx(1 / 3)
    assert result.metrics["roc_auc"].chance == pytest.approx(0.5)


def test_the_poor_one_is_separated_and_the_good_ones_are_not(three):
    leader = three[1].sets[0].leader
    assert set(leader.cluster) == {"good", "too"}
    best, second = leader.estimates.keys() - {"poor"}, "poor"
    for name in best:
        difference = leader.difference(name, second)
        assert difference.separated
        assert difference.p_randomisation == pytest.approx(1 / 300)
        assert difference.p_holm == pytest.approx(3 / 300)
        assert difference.low > 0
        assert difference.more_documents is None
    assert list(leader.estimates)[-1] == "poor"
    assert three[1].wins("poor") == 0
    assert leader.comparisons == 3
    assert len(leader.differences) == 3


def test_a_near_tie_says_how_many_more_documents(three):
    leader = three[1].sets[0].leader
    order = list(leader.estimates)
    tie = leader.difference(order[0], order[1])
    assert not tie.separated
    assert tie.value >= 0
    assert tie.low < 0 < tie.high
    assert tie.more_documents > 0


def test_intervals_come_from_one_draw_of_documents(three):
    tables, comparison = three
    leader = comparison.sets[0].leader
    weights = document_weights(30, 200, np.random.default_rng(QUICK.seed), clusters=np.arange(30))
    values = {
        one.config: np.array([METRICS["average_precision"].function(one, w) for w in weights])
        for one in tables
    }
    for name, estimate in leader.estimates.items():
        assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(values[name], [2.5, 97.5])))
    difference = leader.differences[0]
    paired = values[difference.a] - values[difference.b]
    assert (difference.low, difference.high) == pytest.approx(tuple(np.percentile(paired, [2.5, 97.5])))


def test_the_same_seed_gives_the_same_comparison_and_another_another(three):
    tables, comparison = three
    again = compared([tables], ["good", "too", "poor"])
    other = compared([tables], ["good", "too", "poor"], dataclasses.replace(QUICK, seed=2))
    assert again == comparison
    assert other.sets[0].leader.estimates["good"].low != comparison.sets[0].leader.estimates["good"].low
    assert other.sets[0].leader.estimates["good"].value == comparison.sets[0].leader.estimates["good"].value


def test_a_monotone_change_of_scale_moves_no_ranking_metric(three):
    tables, comparison = three
    stretched = [dataclasses.replace(t, scores=np.exp(t.scores / np.abs(t.scores).max())) for t in tables]
    assert compared([stretched], ["good", "too", "poor"]).sets[0].metrics == comparison.sets[0].metrics


def test_every_shape_has_its_main_metric():
    sets = [scored_set(), pairs_set()]
    tables = [[table(s, "a", noise=0.5, seed=1), table(s, "b", noise=3, seed=2)] for s in sets]
    comparison = compared(tables, ["a", "b"])
    assert [s.main for s in comparison.sets] == ["spearman", "accuracy"]
    assert all(s.leader.best == "a" for s in comparison.sets)
    assert "pearson" in comparison.sets[0].metrics
    assert comparison.sets[0].curves == ()
    assert comparison.wins("a") == 2


def test_words_and_probabilities_are_compared_where_all_have_them():
    data = documents_set()
    spans = tuple(
        dataclasses.replace(
            d,
            sentences=tuple(dataclasses.replace(s, spans=((0, 3),) if s.label else ()) for s in d.sentences),
        )
        for d in data.documents
    )
    data = dataclasses.replace(data, documents=spans)
    tables = [table(data, "a", noise=0.4), table(data, "b", noise=2, seed=1)]
    assert "brier" not in compared([tables], ["a", "b"]).sets[0].metrics
    metrics = compared([[marked(t) for t in tables]], ["a", "b"]).sets[0].metrics
    assert {"brier", "character_f1", "span_word_average_precision"} <= metrics.keys()
    brier = metrics["brier"]
    values = [e.value for e in brier.estimates.values()]
    assert values == sorted(values)  # lower is better, and the best stands first
    # Both mark the same words: no difference, and none would show with more documents.
    same = metrics["character_f1"].differences[0]
    assert (same.value, same.p_randomisation, same.more_documents) == (0, 1, None)


def test_a_config_without_probabilities_takes_them_from_none_of_the_others():
    data = documents_set()
    sure = [marked(table(data, name, noise=0.4 + i, seed=i)) for i, name in enumerate("ab")]
    sure = [dataclasses.replace(t, q_value=1 - t.probability) for t in sure]
    none = dataclasses.replace(sure[1], config="none", probability=None, q_value=None)
    metrics = compared([[*sure, none]], ["a", "b", "none"]).sets[0].metrics
    alone = compared([sure], ["a", "b"]).sets[0].metrics
    for name in ("brier", "expected_calibration_error", "false_discovery_rate", "recall_at_fdr_10"):
        estimates = metrics[name].estimates
        assert list(estimates)[-1] == "none"
        assert estimates["none"].value is None
        assert "this config gives no probabilities" in estimates["none"].note
        assert [estimates[n] for n in "ab"] == [alone[name].estimates[n] for n in "ab"]
        (difference,) = metrics[name].differences
        assert {difference.a, difference.b} == {"a", "b"}
    bare = [dataclasses.replace(none, config=name) for name in "ab"]
    with pytest.raises(UsageError, match="'brier' can't be had for a and b, which give no probabilities"):
        compared([bare], ["a", "b"], dataclasses.replace(QUICK, metrics=("brier",)))


def test_what_one_config_could_not_score_is_in_the_correlations_of_none():
    data = scored_set(30)
    a, b = table(data, "a", noise=0.1, seed=1), table(data, "b", noise=2.0, seed=2)
    lost = {"a": {3: "no token to score"}, "b": {4: "no token to score", 9: "no token to score"}}
    lowest = a.scores.min() - 1
    cut = [
        dataclasses.replace(
            t,
            unscored=lost[t.config],
            scores=np.where(np.isin(range(30), list(lost[t.config])), lowest, t.scores),
        )
        for t in (a, b)
    ]
    result = compared([cut], ["a", "b"]).sets[0]
    kept = [i for i in range(30) if i not in (3, 4, 9)]
    human = np.array([s.score for s in data.sentences()])[kept]
    for name in ("spearman", "pearson"):
        scipys = {"spearman": stats.spearmanr, "pearson": stats.pearsonr}[name]
        for one in (a, b):
            estimate = result.metrics[name].estimates[one.config]
            assert estimate.n == 27
            assert estimate.value == pytest.approx(scipys(-one.scores[kept], human).statistic)
    assert (
        "a: 1 of 30 sentences were not scored (no token to score): left out of correlations" in result.notes
    )
    assert (
        "b: 2 of 30 sentences were not scored (no token to score): left out of correlations" in result.notes
    )


def test_notes_name_the_configs_that_they_are_about():
    data = documents_set(20)
    tables = [table(data, name, noise=1.0 + i, seed=i) for i, name in enumerate("abc")]
    warned = [("all say so", "two of them"), ("all say so", "two of them"), ("all say so", "one alone")]
    told = [dataclasses.replace(t, warnings=lines) for t, lines in zip(tables, warned, strict=True)]
    notes = compared([told], list("abc")).sets[0].notes
    assert notes == ("all say so", "a, b: two of them", "c: one alone")


def full(built):
    """The table with all that a config can give, on data with spans and scores."""
    data = built.data
    documents = tuple(
        dataclasses.replace(
            d,
            sentences=tuple(
                dataclasses.replace(s, spans=((0, 3),) if s.label else (), score=float(-i))
                for i, s in enumerate(d.sentences)
            ),
        )
        for d in data.documents
    )
    given = marked(built)
    return dataclasses.replace(
        given, data=dataclasses.replace(data, documents=documents), q_value=1 - given.probability
    )


def test_different_tokenizers_are_compared_by_order_and_bits_per_byte_alone():
    data = documents_set()
    tables = [full(table(data, "a", noise=0.5)), full(table(data, "b", noise=2))]
    apart = [tables[0], dataclasses.replace(tables[1], signature="model:m|context:none|measure:b")]
    same = compared([apart], ["a", "b"])
    assert {"perplexity", "bits_per_byte"} <= same.sets[0].metrics.keys()
    assert same.notes == ()
    other = compared([apart], ["a", "b"], b={"tokenizer": "t2"})
    beyond = {"perplexity", "brier", "expected_calibration_error", "false_discovery_rate", "recall_at_fdr_10"}
    assert other.sets[0].metrics.keys() == same.sets[0].metrics.keys() - beyond - {"character_f1", "pearson"}
    assert {"average_precision", "span_word_average_precision", "bits_per_byte"} < other.sets[
        0
    ].metrics.keys()
    assert "different tokenizers" in other.notes[0]
    for name in ("perplexity", "brier", "character_recall", "false_discovery_share"):
        asked = dataclasses.replace(QUICK, metrics=("roc_auc", name))
        with pytest.raises(UsageError, match=f"'{name}' can't be had for models with"):
            compared([tables], ["a", "b"], asked, b={"tokenizer": "t2"})
    # Of one forward pass for both there is only one value, whatever else they were read apart on.
    both = compared([tables, apart], ["a", "b"], b={"scoring": "other"})
    assert ["bits_per_byte" in found.metrics for found in both.sets] == [False, True]


def test_what_different_tokenizers_are_compared_by_hangs_on_the_order_alone():
    one = full(table(documents_set(), "a", noise=1.5))
    bent = dataclasses.replace(
        one,
        scores=np.exp(one.scores),
        words=tuple(tuple((a, b, np.exp(score)) for a, b, score in of) for of in one.words),
        marked=tuple(((1, 5),) for _ in one.words),
        probability=one.probability**3,
        q_value=one.q_value**3,
    )
    ones = np.ones(len(one.data.documents))
    alike = {
        metric.name: metric.function(one, ones) == pytest.approx(metric.function(bent, ones), abs=1e-12)
        for metric in METRICS.values()
        if applies(metric, one) and applies(metric, bent) and metric.kind != "boilerplate"
    }
    assert len(alike) >= 14
    assert {name for name, same in alike.items() if same} == alike.keys() & BY_ORDER


def test_bits_per_byte_and_perplexity_by_hand():
    data = LabelledSet(
        "two",
        "0" * 64,
        "documents",
        (
            LabelledDocument("x", (LabelledSentence("Añb.", label=0), LabelledSentence("Bc.", label=1))),
            LabelledDocument("y", (LabelledSentence("Cd.", label=0),)),
        ),
    )
    base = dataclasses.replace(
        table(data, "a", noise=0), tokens=np.array([2, 0, 3]), bits=np.array([4.0, 0.0, 6.0])
    )
    metrics = (
        compared([[base, dataclasses.replace(base, config="b", signature="x|measure:b")]], ["a", "b"])
        .sets[0]
        .metrics
    )
    assert metrics["bits_per_byte"].estimates["a"].value == pytest.approx(10 / (5 + 3))
    assert metrics["perplexity"].estimates["a"].value == pytest.approx(4.0)
    assert metrics["bits_per_byte"].estimates["a"].n == 2


def test_many_configs_are_held_against_the_best_and_corrected_for_all_pairs():
    data = documents_set(20)
    names = [f"c{i}" for i in range(ALL_PAIRS + 1)]
    tables = [table(data, name, noise=0.3 if i == 4 else 3.0, seed=i) for i, name in enumerate(names)]
    leader = compared([tables], names, CompareSettings(("average_precision",), 100, 99)).sets[0].leader
    assert leader.best == "c4"
    assert len(leader.differences) == ALL_PAIRS
    assert {d.a for d in leader.differences} == {"c4"}
    assert leader.comparisons == 28
    assert leader.randomisations == 2799
    smallest = min(d.p_holm for d in leader.differences)
    assert smallest == pytest.approx(28 / 2800)
    assert leader.cluster == ("c4",)


def test_clusters_are_exchanged_and_drawn_as_one():
    data = documents_set(12)
    two = dataclasses.replace(
        data,
        documents=tuple(dataclasses.replace(d, cluster=f"src{i // 6}") for i, d in enumerate(data.documents)),
    )
    tables = [table(two, "a", noise=0.1, seed=1), table(two, "b", noise=5, seed=2)]
    result = compared([tables], ["a", "b"]).sets[0]
    assert result.clusters == 2
    # With two clusters half of the randomisations exchange nothing, or everything: nothing can be shown.
    assert result.leader.differences[0].p_randomisation > 0.3


def test_too_few_documents_say_how_many_more_and_warn():
    data = documents_set(4)
    tables = [table(data, "a", noise=0, seed=1), table(data, "b", noise=5, seed=2)]
    result = compared([tables], ["a", "b"]).sets[0]
    difference = result.leader.differences[0]
    assert difference.value > 0
    assert not difference.separated
    assert difference.more_documents >= 2
    said = "4 independent documents: the intervals say little, and it takes 6 to separate any two configs"
    assert said in result.notes
    many = documents_set(30)
    assert not compared([[table(many, "a", noise=1), table(many, "b", noise=2)]], ["a", "b"]).sets[0].notes


def test_one_document_gives_no_interval_and_no_p():
    data = documents_set(1)
    leader = compared([[table(data, "a", noise=0), table(data, "b", noise=3)]], ["a", "b"]).sets[0].leader
    assert leader.estimates["a"].low is None
    assert "one document" in leader.estimates["a"].note
    assert leader.differences[0].p_holm is None
    assert leader.cluster == ("a", "b")


def test_an_undefined_metric_says_why_and_stands_last():
    data = scored_set()
    constant = dataclasses.replace(table(data, "flat", noise=1), scores=np.zeros(len(data)))
    leader = compared([[constant, table(data, "b", noise=3)]], ["flat", "b"]).sets[0].leader
    assert leader.best == "b"
    assert leader.estimates["flat"].value is None
    assert "constant" in leader.estimates["flat"].note
    assert leader.differences == ()


def test_a_metric_without_any_value_does_not_lead():
    data = scored_set()
    sound = tuple(
        dataclasses.replace(d, sentences=tuple(dataclasses.replace(s, label=0) for s in d.sentences))
        for d in data.documents
    )
    both = dataclasses.replace(data, shape="documents", documents=sound)
    result = compared([[table(both, "a", noise=0.1), table(both, "b", noise=9)]], ["a", "b"]).sets[0]
    assert result.metrics["average_precision"].estimates["a"].value is None
    assert result.main == "spearman"
    assert result.leader.best is not None


def test_five_documents_separate_nothing_whatever_the_seed():
    data = documents_set(5)
    tables = [table(data, "a", noise=0, seed=1), table(data, "b", noise=5, seed=2)]
    for seed in range(8):
        settings = CompareSettings(("average_precision",), 50, 99, seed=seed)
        leader = compared([tables], ["a", "b"], settings).sets[0].leader
        assert leader.cluster == ("a", "b")
        assert leader.differences[0].p_randomisation == pytest.approx(2**-4)


def test_what_most_draws_have_but_some_lack_gives_no_interval_and_says_how_many():
    data = documents_set(12)
    bare = tuple(
        dataclasses.replace(d, sentences=tuple(dataclasses.replace(s, label=0) for s in d.sentences))
        for d in data.documents[2:]
    )
    few = dataclasses.replace(data, documents=(*data.documents[:2], *bare))
    leader = compared([[table(few, "a", noise=1), table(few, "b", noise=2)]], ["a", "b"]).sets[0].leader
    for estimate in leader.estimates.values():
        assert estimate.low is None
        assert re.fullmatch(r"undefined in \d+% of the draws: no interval", estimate.note)
    assert leader.differences[0].low is None


def test_a_single_draw_gives_no_interval_and_that_is_why():
    data = documents_set(12)
    tables = [table(data, "a", noise=0), table(data, "b", noise=5)]
    leader = compared([tables], ["a", "b"], CompareSettings(("average_precision",), 1, 99)).sets[0].leader
    assert {e.note for e in leader.estimates.values()} == {"fewer than two draws: no interval"}


@pytest.mark.parametrize("setting", ["draws", "randomisations", "seed"])
def test_settings_are_numbers_from_0(setting: str):
    with pytest.raises(UsageError, match=f"{setting} is -1: a whole number from 0"):
        CompareSettings(**{setting: -1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: dataclasses.replace(d, documents=d.documents[:-1]), "180 of harbour, 174 of harbour"),
        (
            lambda d: dataclasses.replace(
                d,
                documents=(
                    dataclasses.replace(
                        d.documents[0],
                        sentences=(LabelledSentence("Else.", label=0), *d.documents[0].sentences[1:]),
                    ),
                    *d.documents[1:],
                ),
            ),
            "sentence 1 of harbour differs",
        ),
    ],
)
def test_tables_that_differ_are_refused(change, message):
    data = documents_set()
    with pytest.raises(UsageError, match=message):
        compared([[table(data, "a", noise=1), table(change(data), "b", noise=1)]], ["a", "b"])


def test_equal_sentences_in_other_documents_are_refused():
    a = documents_set(30, 6)
    sentences = list(a.sentences())
    b = dataclasses.replace(
        a, documents=tuple(LabelledDocument(f"x{i}", tuple(sentences[9 * i : 9 * i + 9])) for i in range(20))
    )
    with pytest.raises(UsageError, match="cut into documents in two ways"):
        compared([[table(a, "a", noise=1), table(b, "b", noise=1)]], ["a", "b"])


def test_names_and_numbers_of_configs_are_checked():
    data = documents_set(3)
    one = table(data, "a", noise=1)
    with pytest.raises(UsageError, match="two configs at least"):
        compared([[one]], ["a"])
    with pytest.raises(UsageError, match="two configs go by the name 'a'"):
        compared([[one, one]], ["a", "a"])
    with pytest.raises(UsageError, match="did you mean 'spearman'"):
        check_metrics(["spearmann"])
    with pytest.raises(UsageError, match="'spearman' can't be had for these data"):
        compared(
            [[one, table(data, "b", noise=1)]], ["a", "b"], dataclasses.replace(QUICK, metrics=("spearman",))
        )


def test_disagreements_are_the_sentences_whose_ranks_lie_furthest_apart(three):
    tables, comparison = three
    result = comparison.sets[0]
    found = [d for d in result.disagreements if d.b == "poor"]
    assert len(found) == QUICK.disagreements
    by_name = {t.config: t.scores for t in tables}
    a, b = by_name[found[0].a], by_name["poor"]
    apart = np.argsort(np.argsort(a)) - np.argsort(np.argsort(b))
    texts = [s.text for s in tables[0].data.sentences()]
    assert found[0].text == texts[int(np.argmax(apart))]
    assert found[4].text == texts[int(np.argmin(apart))]
    document = next(d for d in tables[0].data.documents if d.id == found[0].document)
    assert document.sentences[found[0].sentence].text == found[0].text


def test_curves_end_where_they_must(three):
    for curve in three[1].sets[0].curves:
        assert curve.roc[0] == (0, 0)
        assert curve.roc[-1] == (1, 1)
        assert curve.precision_recall[-1] == pytest.approx((1, 1 / 3), abs=1e-3)
        assert all(a[0] <= b[0] for a, b in itertools.pairwise(curve.roc))
        assert curve.positives == pytest.approx(1 / 3)


def test_thinned_curves_keep_their_area():
    data = documents_set(400)
    tables = [table(data, "a", noise=1), table(data, "b", noise=2, seed=1)]
    result = compared([tables], ["a", "b"], CompareSettings(("roc_auc",), 20, 19)).sets[0]
    for curve in result.curves:
        x, y = np.array(curve.roc).T
        assert len(x) < 200
        area = np.trapezoid(y, x)
        assert area == pytest.approx(result.metrics["roc_auc"].estimates[curve.name].value, abs=0.01)


def _ordered(scores: np.ndarray, name: str) -> ScoreTable:
    """Suspicions ``(sources, systems)`` of one sentence each, the systems worst first."""
    order = tuple(f"mt_{i}" for i in range(scores.shape[1]))
    documents = tuple(
        LabelledDocument(f"{d}{s}", (LabelledSentence("a b", groups={"system": s}),), cluster=str(d))
        for d in range(len(scores))
        for s in order
    )
    data = LabelledSet("graded", "0" * 64, "documents", documents, order)
    return ScoreTable(data, name, "s", scores.ravel(), document_index(data))


def _order_p(*tables: ScoreTable) -> float:
    comparison = compared([list(tables)], ["a", "b"])
    return comparison.sets[0].metrics["system_kendall"].differences[0].p_randomisation


def test_an_order_of_systems_and_its_opposite_are_separated():
    """Of the orders themselves every exchange of documents differs by as much, and p would be 1."""
    rng = np.random.default_rng(4)
    rising = np.arange(6.0) + rng.normal(0, 0.5, (40, 6))
    right, wrong = _ordered(-rising, "a"), _ordered(7.0 * rising, "b")
    assert METRICS["system_kendall"].function(right, np.ones(240)) == pytest.approx(1.0)
    assert METRICS["system_kendall"].function(wrong, np.ones(240)) == pytest.approx(-1.0)
    assert _order_p(right, wrong) < 0.02


def test_configs_with_the_same_order_are_not_separated_however_far_apart_they_put_the_systems():
    rng = np.random.default_rng(5)
    clear, faint = (np.arange(4.0) + rng.normal(0, noise, (60, 4)) for noise in (0.1, 2.0))
    tables = _ordered(-clear, "a"), _ordered(-faint, "b")
    assert [METRICS["system_kendall"].function(t, np.ones(240)) for t in tables] == [pytest.approx(1.0)] * 2
    assert _order_p(*tables) == 1.0


def test_chance_separates_orders_of_systems_as_rarely_as_it_may():
    """Two configs that know nothing of the order."""
    rng = np.random.default_rng(6)
    p_values = []
    for _ in range(120):
        one, other = rng.normal(size=(2, 12, 4))
        p_values.append(_order_p(_ordered(one, "a"), _ordered(other, "b")))
    assert 0 < np.mean(np.array(p_values) < 0.2) <= 0.3
    assert np.mean(np.array(p_values) < 0.05) <= 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": "roc_auc"}, r"metrics is 'roc_auc': give a tuple of names, \('roc_auc',\)"),
        ({"metrics": None}, "metrics is None: give a tuple of names"),
        ({"draws": "many"}, "draws is 'many': a whole number from 0"),
        ({"seed": -1}, "seed is -1: a whole number from 0"),
    ],
)
def test_settings_of_another_kind_are_one_line(changes, message):
    with pytest.raises(UsageError, match=message):
        CompareSettings(**changes)
