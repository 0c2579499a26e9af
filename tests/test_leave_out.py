"""The figures of scripts/leave_out.py and the pairs that the training reads, on tables made by hand."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import fault_kinds
from detector_fit import Recipe, Source, epoch, loss, version_pairs
from detector_sentences import PRIOR, Table, figures
from detector_states import States
from detector_words import WordTable, fit_words, word_table
from leave_out import calibration_error, discoveries, markdown, reliability, with_intervals, words_told
from sklearn.metrics import average_precision_score

from mtqa.detect.calibrate import Calibration, sound_reference, word_calibration_from
from mtqa.detect.head import OUTPUTS
from mtqa.detect.kinds import NAMES
from mtqa.detect.sentence import SENTENCE_FEATURES
from tests.detector_states_made import made_states


def _table(labels: np.ndarray, owner: np.ndarray) -> Table:
    n = len(labels)
    return Table(
        features=np.zeros((n, len(SENTENCE_FEATURES))),
        tokens=np.full(n, 20),
        labels=labels,
        scores=np.full(n, np.nan),
        owner=owner,
        alone=False,
        types=np.full(n, ""),
    )


def test_calibrated_probabilities_have_no_error_at_the_prior_whatever_the_corpus_share():
    rng = np.random.default_rng(1)
    labels = (rng.random(40_000) < 0.5).astype(int)
    table = _table(labels, np.zeros(len(labels)))
    # A score with a known likelihood ratio: e^{2x} for x from N(1, 1) against N(−1, 1).
    x = rng.normal(np.where(labels == 1, 1.0, -1.0))
    odds = np.exp(2 * x) * PRIOR / (1 - PRIOR)
    assert calibration_error(reliability(table, odds / (1 + odds))) < 0.01
    off = reliability(table, np.full(len(labels), PRIOR + 0.3))
    assert off == [[pytest.approx(1.0), pytest.approx(PRIOR + 0.3), pytest.approx(PRIOR)]]
    assert calibration_error(off) == pytest.approx(0.3)


def test_discoveries_are_counted_document_by_document():
    labels = np.array([1, 0, 0, 0, 1, 0])
    table = _table(labels, np.array([0, 0, 0, 1, 1, 1]))
    sound = sound_reference(np.linspace(-5.0, 5.0, 999), np.full(999, 20))
    fitted = Calibration(1.0, 0.0, sound, "document")
    odds = np.array([9.0, 8.0, -3.0, -3.0, -3.0, -3.0])  # of the first document two are found, one is sound
    assert discoveries(table, odds, fitted) == {
        "false_discovery_rate": pytest.approx((0.5 + 0.0) / 2),
        "recall": pytest.approx(1 / 2),
    }


def test_intervals_are_those_of_documents_drawn_again():
    rng = np.random.default_rng(3)
    owner = np.repeat(np.arange(60), 5)
    labels = (rng.random(300) < 0.3).astype(int)
    table, odds = _table(labels, owner), labels + rng.normal(0, 1, 300)
    made = with_intervals(table, odds, versioned=False)
    assert set(made) == {"average_precision", "precision_at_1"}
    for metric, (value, low, high) in made.items():
        assert value == pytest.approx(figures(table, odds, versioned=False)[metric])
        assert low < value < high
    # One answer in a document, 60 documents: the binomial's standard deviation.
    value, low, high = made["precision_at_1"]
    assert high - low == pytest.approx(4 * np.sqrt(value * (1 - value) / 60), rel=0.35)


def test_intervals_of_versions_draw_a_sentence_with_its_own_versions():
    labels = np.tile([0, 1, 1], 50)
    table = replace(
        _table(labels, np.zeros(150, int)), alone=True, types=np.tile(["", "minor_a", "major_b"], 50)
    )
    odds = np.where(labels == 1, 1.0, 0.0) + np.repeat(np.arange(50), 3) * 10  # only its own is to be beaten
    made = with_intervals(table, odds, versioned=True)
    assert made == {"accuracy major": [1.0, 1.0, 1.0], "accuracy minor": [1.0, 1.0, 1.0]}


def test_the_table_shows_intervals_and_what_the_probabilities_meant():
    found = {
        "figures": {"average_precision": [0.5, 0.4, 0.6]},
        "calibration_error": 0.05,
        "reliability": [[0.9, 0.05, 0.1], [0.099, 0.95, 0.6], [0.001, 0.5, 0.5]],
        "words": {
            "average_precision": 0.25,
            "share": 0.02,
            "calibration_error": 0.004,
            "reliability": [[0.998, 0.01, 0.02], [0.0019, 0.5, 0.4], [0.0001, 0.9, 0.9]],
        },
    }
    text = "\n".join(markdown({"a group": {"corpus": found}}))
    assert "| a group | corpus | average precision .500 (.400 to .600) | .050 |" in text
    assert "| corpus | .050 → .100 (90.0%); .950 → .600 (9.9%) |" in text
    assert "| corpus | .250 | .020 | .004 | .010 → .020 (99.8%); .500 → .400 (0.2%) |" in text


def test_a_version_goes_with_the_sound_sentence_before_it():
    sound, version = version_pairs(np.array([0, 1, 1, 0, 0, 1]))
    assert sound.tolist() == [0, 0, 4]
    assert version.tolist() == [1, 2, 5]


def _two_sentences(*, types: list[str]) -> States:
    """Two corrupted sentences of two tokens each, each read alone."""
    return made_states(
        [0, 0, 1, 1],
        types,
        width=3,
        document=np.zeros(4, np.int32),
        label=np.array([0, 0, 0, 1], np.int8),
        owner=np.zeros(2, np.int32),
    )


def test_a_version_that_is_found_no_poorer_costs_and_one_that_is_costs_less():
    torch = pytest.importorskip("torch")
    n = 4  # a sound sentence of two tokens, and its version of two
    states = replace(_two_sentences(types=["", "x"]), labels=np.array([0, 1], np.int8))

    def cost(difference: float, *, versioned: bool) -> float:
        outputs = torch.zeros(1, n, len(OUTPUTS))
        outputs[0, 2:, 2] = difference
        return float(loss(outputs, Source(states, 1.0, versioned), np.arange(n)))

    plain = cost(0.0, versioned=False)
    assert cost(2.0, versioned=False) == pytest.approx(plain)
    assert cost(-2.0, versioned=True) > cost(0.0, versioned=True) > cost(2.0, versioned=True) > plain


@pytest.mark.parametrize(("weight", "most"), [(0.25, 1), (0.5, 1), (1.0, 1), (2.5, 3)])
def test_an_epoch_takes_a_corpus_as_often_as_it_weighs(weight, most):
    states = replace(
        _two_sentences(types=["", ""]),
        document=np.arange(4, dtype=np.int32),
        owner=np.array([0, 2], np.int32),
    )
    taken = epoch([Source(states, weight)], Recipe(tokens=1), np.random.default_rng(1))
    assert len(taken) == 4 * weight
    counts = Counter(int(token) for _, which in taken for token in which)
    assert max(counts.values()) == most
    if weight >= 1:  # nothing is taken again before all has been taken
        assert len(counts) == 4
        assert min(counts.values()) >= most - 1


def test_kinds_are_counted_where_they_are_named():
    found = Counter(
        {
            ("repetition", "repetition"): 6,
            ("repetition", "wrong word"): 2,
            ("repetition", None): 2,
            ("wrong word", "wrong word"): 1,
            ("wrong word", "grammar"): 1,
        }
    )
    text = "\n".join(fault_kinds.markdown({"In documents": found}))
    assert "## In documents" in text
    assert "| repetition | 10 | .80 | .75 | 1.00 | wrong word .25 |" in text
    assert "| wrong word | 2 | 1.00 | .50 | .33 | grammar .50 |" in text
    assert "| all | 12 | .83 | .70 |  |  |" in text


def test_a_sentences_kind_is_that_of_its_tokens_and_compared_with_its_types():
    outputs = np.full((4, len(OUTPUTS)), -9.0, np.float32)
    outputs[1, 0] = 3.0  # the second token of the first sentence is corrupted …
    outputs[1, 3 + NAMES.index("repetition")] = 5.0
    states = _two_sentences(types=["loop", "entity"])
    assert fault_kinds.named(states, outputs) == {
        ("repetition", "repetition"): 1
    }  # … and an entity has no kind
    assert fault_kinds.named(_two_sentences(types=["tense", "loop"]), outputs) == {
        ("grammar", "repetition"): 1,
        ("repetition", None): 1,
    }


def test_the_calibration_of_words_finds_what_made_them():
    rng = np.random.default_rng(5)
    n = 60_000
    evidence, odds = rng.exponential(0.5, n), rng.normal(-2, 2, n)
    p = 1 / (1 + np.exp(-(0.6 * np.log(np.expm1(evidence)) + 0.2 * odds - 0.5)))
    table = WordTable(evidence, odds, rng.random(n) < p, np.ones(n), alone=False)
    elsewhere = WordTable(evidence, odds, rng.random(n) < 0.5, np.ones(n), alone=True)
    found = fit_words([table, None, elsewhere], alone=False)
    assert found == {
        "slope": pytest.approx(0.6, abs=0.03),
        "sentence": pytest.approx(0.2, abs=0.02),
        "intercept": pytest.approx(-0.5, abs=0.05),
    }
    known = word_calibration_from(found)
    assert known.probability(evidence[0], odds[0]) == pytest.approx(p[0], abs=0.03)
    told = words_told(table, found)
    assert told["calibration_error"] < 0.01
    assert told["share"] == pytest.approx(p.mean(), abs=0.01)
    assert told["average_precision"] == pytest.approx(average_precision_score(table.corrupted, p), abs=0.005)
    assert sum(share for share, _, _ in told["reliability"]) == pytest.approx(1.0)
    off = words_told(table, {**found, "intercept": found["intercept"] + 3.0})
    assert off["calibration_error"] > 0.2
    assert off["average_precision"] == pytest.approx(told["average_precision"])


def test_a_word_counts_as_much_as_its_sentence_is_worth():
    evidence, odds = np.array([9.0, 9.0, 9.0]), np.zeros(3)
    table = WordTable(evidence, odds, np.array([True, False, False]), np.array([3.0, 1.0, 0.0]), alone=False)
    told = words_told(table, {"slope": 1e-6, "sentence": 0.0, "intercept": 0.0})
    assert told["reliability"] == [[1.0, pytest.approx(0.5, abs=1e-4), 0.75]]
    assert told["calibration_error"] == pytest.approx(0.25, abs=1e-4)


def test_words_take_the_labels_of_their_tokens_and_the_odds_of_their_sentence():
    states = replace(
        _two_sentences(types=["", "x"]),
        sentence=np.array([0, 0, 2, 2], np.int32),  # of the second sentence there is no token
        word=np.array([0, 0, 1, 2], np.int32),
        label=np.array([0, 1, 2, 0], np.int8),
        labels=np.array([1, 0, 0], np.int8),
        run=np.zeros(4, np.int32),
    )
    outputs = np.zeros((4, len(OUTPUTS)), np.float32)  # a probability of one half a token
    table = word_table(states, outputs, np.array([3.0, -2.0]))
    assert table.evidence.tolist() == pytest.approx([2 * np.log(2), np.log(2)])  # the faulty word is left out
    assert table.corrupted.tolist() == [True, False]
    assert table.odds.tolist() == [3.0, -2.0]
    assert table.weights.tolist() == pytest.approx([1000 * PRIOR, 1000 * (1 - PRIOR) / 2])
    assert not table.alone
    assert word_table(replace(states, labels=np.array([-1, -1, -1])), outputs, np.zeros(2)) is None
