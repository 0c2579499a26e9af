"""Every metric equals the older tools' on random input with ties and document weights."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from mtqa.bench.metrics import METRICS, Undefined, applicable
from mtqa.bench.metrics.calibration import BINS, base_rate_brier, reliability
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from tests.bench.labelled_texts import random_table, random_weights

SEEDS = range(12)


def _case(seed: int, shape: str = "documents"):
    rng = np.random.default_rng(seed)
    table = random_table(rng, shape=shape)
    weights = random_weights(rng, table) if seed % 3 else np.ones(len(table.data.documents), dtype=int)
    gold = np.array([s.label for s in table.data.sentences()])
    return table, weights, gold, weights[table.document]


def _value(name: str, table: ScoreTable, weights: np.ndarray) -> float:
    return METRICS[name].function(table, weights)


@pytest.mark.parametrize("seed", SEEDS)
def test_ranking_metrics_are_scikit_learns(seed: int):
    table, weights, gold, w = _case(seed)
    kept = w > 0
    y, s, sw = gold[kept], table.scores[kept], w[kept]
    assert _value("roc_auc", table, weights) == pytest.approx(sk.roc_auc_score(y, s, sample_weight=sw))
    assert _value("average_precision", table, weights) == pytest.approx(
        sk.average_precision_score(y, s, sample_weight=sw)
    )
    fpr, tpr, _ = sk.roc_curve(y, s, sample_weight=sw, drop_intermediate=False)
    assert _value("recall_at_fpr_5", table, weights) == pytest.approx(np.interp(0.05, fpr, tpr))


def test_what_was_not_scored_counts_for_no_system():
    suspicion = {"mt_A": 3.0, "mt_B": 2.0, "mt_C": 1.0}
    documents = tuple(
        LabelledDocument(f"{i}|{name}", (LabelledSentence(" " if name == "mt_A" and i else "A b."),) * 2)
        for name in suspicion
        for i in range(4)
    )
    named = tuple(
        replace(d, sentences=tuple(replace(s, groups={"system": d.id[2:]}) for s in d.sentences))
        for d in documents
    )
    data = LabelledSet("graded", "0" * 64, "documents", named, system_order=tuple(suspicion))
    blank = {i: "blank" for i, s in enumerate(data.sentences()) if not s.text.strip()}
    scores = [-99.0 if i in blank else suspicion[s.groups["system"]] for i, s in enumerate(data.sentences())]
    table = ScoreTable(data, "t", "t", np.array(scores), document_index(data), unscored=blank)
    assert _value("system_kendall", table, np.ones(12, dtype=int)) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["pearson", "spearman", "kendall", "word_mcc", "word_average_precision"])
def test_boilerplate_counts_for_no_metric(name: str):
    rng = np.random.default_rng(1)
    kept = random_table(rng)
    tagged = ((0, 3, True), (4, 7, False))

    def documents(lines: tuple[LabelledSentence, ...]) -> tuple[LabelledDocument, ...]:
        return tuple(
            replace(d, sentences=tuple(replace(s, word_tags=tagged) for s in d.sentences) + lines)
            for d in kept.data.documents
        )

    def table(lines: tuple[LabelledSentence, ...]) -> ScoreTable:
        data = replace(kept.data, documents=documents(lines))
        scores, words = iter(kept.scores.tolist()), ((0, 3, 1.0), (4, 7, 2.0))
        rows = [-99.0 if s.boilerplate else next(scores) for s in data.sentences()]
        seen = tuple(() if s.boilerplate else words for s in data.sentences())
        marked = tuple(() if s.boilerplate else ((4, 7),) for s in data.sentences())
        return ScoreTable(data, "t", "t", np.array(rows), document_index(data), words=seen, marked=marked)

    line = LabelledSentence("READ MORE", label=0, score=9.0, word_tags=((0, 4, True),), boilerplate=True)
    with_line, without = table((line,)), table(())
    weights = np.ones(len(kept.data.documents), dtype=int)
    assert _value(name, with_line, weights) == pytest.approx(_value(name, without, weights))
    assert METRICS[name].prepare(with_line).n == METRICS[name].prepare(without).n


@pytest.mark.parametrize("seed", SEEDS)
def test_probability_metrics_are_scikit_learns(seed: int):
    table, weights, gold, w = _case(seed)
    assert table.probability is not None
    assert _value("brier", table, weights) == pytest.approx(
        sk.brier_score_loss(gold, table.probability, sample_weight=w)
    )
    y, p = np.repeat(gold, w), np.repeat(table.probability, w)
    edges = np.clip((p * BINS).astype(int), 0, BINS - 1)
    # calibration_curve's bins are open on the left; ours on the right: moved by less than the grid's step.
    shares, means = calibration_curve(y, np.clip(p + 0.01, 0, 1), n_bins=BINS)
    sizes = np.bincount(edges, minlength=BINS)
    assert _value("expected_calibration_error", table, weights) == pytest.approx(
        sum(n * abs(y[edges == b].mean() - p[edges == b].mean()) for b, n in enumerate(sizes) if n) / len(y)
    )
    assert len(shares) == len(means) == np.count_nonzero(sizes)
    np.testing.assert_allclose(shares, [y[edges == b].mean() for b in range(BINS) if sizes[b]])
    assert base_rate_brier(table).value(weights) == pytest.approx(
        sk.brier_score_loss(y, np.full(len(y), y.mean()))
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_false_discoveries_by_brute_force(seed: int):
    table, weights, gold, w = _case(seed)
    assert table.q_value is not None
    found = table.q_value <= 0.1
    assert 0 < found.sum() < len(found)
    shares = []
    for d, times in enumerate(weights):
        own = gold[found & (table.document == d)]
        shares += [1 - own.mean() if len(own) else 0.0] * times
    assert _value("false_discovery_rate", table, weights) == pytest.approx(np.mean(shares))
    assert _value("false_discovery_share", table, weights) == pytest.approx(
        1 - sk.precision_score(gold, found, sample_weight=w)
    )
    assert _value("recall_at_fdr_10", table, weights) == pytest.approx(
        sk.recall_score(gold, found, sample_weight=w)
    )


def test_where_nothing_is_found_there_is_no_rate_and_no_share():
    table, weights, _, _ = _case(0)
    table = replace(table, q_value=np.ones(len(table)))
    assert _value("recall_at_fdr_10", table, weights) == 0.0
    for name in ("false_discovery_rate", "false_discovery_share"):
        with pytest.raises(Undefined, match="nothing is found"):
            _value(name, table, weights)
    bare = replace(table, q_value=None)
    assert not {m.name for m in applicable(bare)} & {"false_discovery_rate", "recall_at_fdr_10"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", ["documents", "scored"])
def test_correlations_are_scipys_on_repeated_rows(seed: int, shape: str):
    table, weights, _, w = _case(seed, shape)
    human = np.array([s.score for s in table.data.sentences()])
    x, y = np.repeat(-table.scores, w), np.repeat(human, w)
    for name, scipys in (
        ("pearson", stats.pearsonr),
        ("spearman", stats.spearmanr),
        ("kendall", stats.kendalltau),
    ):
        assert _value(name, table, weights) == pytest.approx(scipys(x, y).statistic), name


def precision_at(scores: np.ndarray, gold: np.ndarray, k: int) -> float:
    """The expected share of corrupted sentences among the first ``k``, ties in random order."""
    edge = np.sort(scores)[::-1][k - 1]
    above, level = scores > edge, scores == edge
    return float((gold[above].sum() + (k - above.sum()) * gold[level].mean()) / k)


@pytest.mark.parametrize("seed", SEEDS)
def test_documents_own_figures_by_brute_force(seed: int):
    table, weights, gold, _ = _case(seed)
    first, whole, areas = [], [], []
    for d, times in enumerate(weights):
        own = table.document == d
        y, s = gold[own], table.scores[own]
        if y.any() and len(y) > 1:
            k = int(y.sum())
            orders = [o for o in itertools.permutations(range(len(y))) if _falls(s, o)][:5041]
            if len(y) <= 7:
                first += [np.mean([y[o[0]] for o in orders])] * times
                whole += [np.mean([y[list(o[:k])].mean() for o in orders])] * times
            else:
                first += [precision_at(s, y.astype(float), 1)] * times
                whole += [precision_at(s, y.astype(float), k)] * times
        if 0 < y.sum() < len(y):
            areas += [sk.roc_auc_score(y, s)] * times
    assert _value("precision_at_1", table, weights) == pytest.approx(np.mean(first))
    assert _value("precision_at_k", table, weights) == pytest.approx(np.mean(whole))
    assert _value("roc_auc_by_document", table, weights) == pytest.approx(np.mean(areas))


def _falls(scores: np.ndarray, order: tuple[int, ...]) -> bool:
    return all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_are_won_lost_or_halved(seed: int):
    table, weights, _, _ = _case(seed, "pairs")
    good, bad = table.scores[0::2], table.scores[1::2]
    won = np.where(bad > good, 1.0, np.where(bad < good, 0.0, 0.5))
    assert _value("accuracy", table, weights) == pytest.approx(np.average(won, weights=weights))
    each = [np.average(won[i::2], weights=weights[i::2]) for i in (0, 1) if weights[i::2].sum()]
    assert _value("accuracy_by_phenomenon", table, weights) == pytest.approx(np.mean(each))


def test_length_alone_gets_one_half_where_length_is_controlled():
    pairs = [("a b", "a b c"), ("a b c", "a b d"), ("a b", "c b"), ("a b c d", "a")]
    documents = tuple(
        LabelledDocument(str(i), (LabelledSentence(g, 0), LabelledSentence(b, 1)), isolated=True)
        for i, (g, b) in enumerate(pairs)
    )
    data = LabelledSet("pairs", "", "pairs", documents)
    length = np.array([float(len(s.text.split())) for s in data.sentences()])
    table = ScoreTable(data, "length", "", length, document_index(data))
    assert METRICS["accuracy"].prepare(table).n == 4
    prepared = METRICS["accuracy_length_controlled"].prepare(table)
    assert (prepared.n, prepared.value(np.ones(4))) == (2, 0.5)


def test_a_pair_with_a_sentence_that_was_not_scored_is_neither_won_nor_lost():
    table, _, _, _ = _case(1, "pairs")
    scores = table.scores.copy()
    blank = {0: "blank", 7: "blank"}  # the sound sentence of the first pair, the corrupted one of the fourth
    scores[list(blank)] = -99.0
    scored = replace(table, scores=scores, unscored=blank)
    left = np.array([d not in (0, 3) for d in range(12)], dtype=float)
    for name, n in (("accuracy", 10), ("accuracy_length_controlled", 10), ("accuracy_by_phenomenon", 2)):
        prepared = METRICS[name].prepare(scored)
        assert (prepared.n, prepared.value(np.ones(12))) == (n, pytest.approx(_value(name, table, left)))
    nothing = replace(table, unscored=dict.fromkeys(range(24), "blank"))
    for name in ("accuracy", "accuracy_by_phenomenon"):
        with pytest.raises(Undefined, match="there is no pair"):
            _value(name, nothing, np.ones(12))


def _with_words(rng: np.random.Generator) -> tuple[ScoreTable, list[tuple[int, int, float, bool, bool]]]:
    """Four words a sentence, tagged at random; the flat rows (document, word, suspicion, marked, bad)."""
    words = ((0, 3), (4, 7), (8, 13), (14, 18))
    documents, scored, marked, flat = [], [], [], []
    for d in range(10):
        sentences = []
        for _ in range(int(rng.integers(1, 4))):
            bad, mark = rng.random(4) < 0.4, rng.random(4) < 0.5
            suspicion = rng.integers(0, 4, size=4) / 4
            tags = tuple((*w, bool(b)) for w, b in zip(words, bad, strict=True))
            spans = tuple(w for w, b in zip(words, bad, strict=True) if b)
            sentences.append(
                LabelledSentence("one two three four", int(bad.any()), spans=spans, word_tags=tags)
            )
            scored.append(tuple((*w, float(s)) for w, s in zip(words, suspicion, strict=True)))
            marked.append(tuple(w for w, m in zip(words, mark, strict=True) if m))
            flat += [
                (d, w[1] - w[0], float(s), bool(m), bool(b))
                for w, s, m, b in zip(words, suspicion, mark, bad, strict=True)
            ]
        documents.append(LabelledDocument(str(d), tuple(sentences)))
    data = LabelledSet("words", "", "documents", tuple(documents))
    n = len(data)
    table = ScoreTable(data, "c", "s", np.zeros(n), document_index(data), tuple(scored), tuple(marked))
    return table, flat


@pytest.mark.parametrize("seed", SEEDS)
def test_word_and_character_figures_are_scikit_learns(seed: int):
    rng = np.random.default_rng(seed)
    table, flat = _with_words(rng)
    weights = random_weights(rng, table)
    d, length, suspicion, marked, bad = (np.array(column) for column in zip(*flat, strict=True))
    w = weights[d]
    assert _value("word_mcc", table, weights) == pytest.approx(
        sk.matthews_corrcoef(bad, marked, sample_weight=w)
    )
    for name in ("word_average_precision", "span_word_average_precision"):
        assert _value(name, table, weights) == pytest.approx(
            sk.average_precision_score(bad, suspicion, sample_weight=w)
        )
    characters = w * length  # the blanks between words are marked in neither
    for name, theirs in (
        ("character_precision", sk.precision_score),
        ("character_recall", sk.recall_score),
        ("character_f1", sk.f1_score),
    ):
        assert _value(name, table, weights) == pytest.approx(theirs(bad, marked, sample_weight=characters))


def test_sentences_without_annotated_spans_are_no_part_of_the_character_figures():
    def table(*sentences: LabelledSentence) -> ScoreTable:
        data = LabelledSet("x", "", "documents", (LabelledDocument("d", sentences),))
        marked = tuple(((0, 3),) for _ in sentences)
        return ScoreTable(
            data,
            "c",
            "s",
            np.zeros(len(sentences)),
            document_index(data),
            tuple(() for _ in sentences),
            marked,
        )

    right = LabelledSentence("one two", 1, spans=((0, 3),))
    assert METRICS["character_f1"].function(table(right), np.ones(1)) == 1.0
    removal = LabelledSentence("one two", 1, spans=((3, 3),))
    unknown = LabelledSentence("one two", 1, spans=())
    for extra in (removal, unknown, LabelledSentence("one two", 1), replace(right, boilerplate=True)):
        assert METRICS["character_f1"].function(table(right, extra), np.ones(1)) == 1.0
    sound = LabelledSentence("one two", 0, spans=())
    assert METRICS["character_f1"].function(table(right, sound), np.ones(1)) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("label", "reason"),
    [(0, "one class only: no sentence is labelled 1"), (1, "one class only: no sentence is labelled 0")],
)
def test_one_class_is_undefined_and_says_why(label: int, reason: str):
    data = LabelledSet(
        "x",
        "",
        "documents",
        (LabelledDocument("d", tuple(LabelledSentence("a b", label) for _ in range(4))),),
    )
    table = ScoreTable(data, "c", "s", np.arange(4.0), document_index(data))
    for name in ("roc_auc", "average_precision", "recall_at_fpr_5"):
        with pytest.raises(Undefined, match=reason):
            METRICS[name].prepare(table)
    with pytest.raises(Undefined, match="no document has both"):
        METRICS["roc_auc_by_document"].prepare(table)


def test_a_constant_correlates_with_nothing():
    table = random_table(np.random.default_rng(0), shape="scored")
    flat = replace(table, scores=np.full(len(table), 0.1 + 0.2))
    for name in ("spearman", "pearson", "kendall"):
        with pytest.raises(Undefined, match="constant"):
            METRICS[name].prepare(flat)


def test_boilerplate_lines_count_in_their_own_figures_alone():
    sentences = (
        LabelledSentence("READ MORE", 0, boilerplate=True),
        LabelledSentence("Zzyx plugh.", 0, boilerplate=True),
        LabelledSentence("The tide is out.", 0),
        LabelledSentence("The tide is owl.", 1),
    )
    data = LabelledSet("x", "", "documents", (LabelledDocument("d", sentences),))
    table = ScoreTable(data, "c", "s", np.array([9.0, 8.0, 1.0, 2.0]), document_index(data))
    assert METRICS["roc_auc"].prepare(table).n == 2
    assert METRICS["precision_at_1"].function(table, np.ones(1)) == 1.0
    assert METRICS["boilerplate_recall"].function(table, np.ones(1)) == 0.5
    assert METRICS["boilerplate_precision"].function(table, np.ones(1)) == 1.0


def test_systems_in_their_known_order():
    order = ("mt_A", "mt_B", "mt_C")
    documents = tuple(
        LabelledDocument(f"{d}{s}", (LabelledSentence("a b", groups={"system": s}),), cluster=str(d))
        for d in range(3)
        for s in order
    )
    data = LabelledSet("graded", "", "documents", documents, order)
    rng = np.random.default_rng(1)
    scores = np.tile([3.0, 1.0, 2.0], 3) + rng.normal(scale=0.01, size=9)
    table = ScoreTable(data, "c", "s", scores, document_index(data))
    assert [m.name for m in applicable(table)] == ["system_kendall"]
    expected = stats.kendalltau([0, 1, 2], [-3.0, -1.0, -2.0]).statistic
    assert METRICS["system_kendall"].function(table, np.ones(9)) == pytest.approx(expected)


def test_reliability_covers_every_sentence():
    table = random_table(np.random.default_rng(5))
    bins = reliability(table)
    assert sum(b.n for b in bins) == len(table)
    assert all(b.low <= b.probability <= b.high for b in bins)


def test_every_metric_is_listed_under_its_own_name_and_resolves():
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.home.endswith(f":{name}")
        assert math.isfinite(metric.chance or 0.0)


def test_sentences_that_stand_alone_have_no_false_discovery_rate():
    """A document of one sentence is sound or not: the mean over such would be a share of all sentences."""
    table, weights, gold, w = _case(0)
    alone = np.arange(len(table.data.documents)) % 2 == 0
    documents = tuple(
        replace(document, isolated=bool(a)) for document, a in zip(table.data.documents, alone, strict=True)
    )
    half = replace(table, data=replace(table.data, documents=documents))
    found, inside = table.q_value <= 0.1, ~alone[table.document]
    assert _value("recall_at_fdr_10", half, weights) == pytest.approx(
        sk.recall_score(gold[inside], found[inside], sample_weight=w[inside])
    )
    documents = tuple(replace(document, isolated=True) for document in table.data.documents)
    none = replace(table, data=replace(table.data, documents=documents))
    for name in ("false_discovery_rate", "false_discovery_share", "recall_at_fdr_10"):
        with pytest.raises(Undefined, match="stand alone"):
            _value(name, none, weights)
