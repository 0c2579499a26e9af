"""The figures of scripts/leave_out.py and the pairs that the training reads, on tables made by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from detector_fit import Source, loss, version_pairs
from detector_sentences import PRIOR, Table
from detector_states import States
from leave_out import calibration_error, discoveries

from mtqa.detect.calibrate import Calibration, sound_reference
from mtqa.detect.head import OUTPUTS
from mtqa.detect.sentence import SENTENCE_FEATURES


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
    assert calibration_error(table, odds / (1 + odds)) < 0.01
    assert calibration_error(table, np.full(len(labels), PRIOR + 0.3)) == pytest.approx(0.3)


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


def test_a_version_goes_with_the_sound_sentence_before_it():
    sound, version = version_pairs(np.array([0, 1, 1, 0, 0, 1]))
    assert sound.tolist() == [0, 0, 4]
    assert version.tolist() == [1, 2, 5]


def test_a_version_that_is_found_no_poorer_costs_and_one_that_is_costs_less():
    torch = pytest.importorskip("torch")
    n = 4  # a sound sentence of two tokens, and its version of two
    states = States(
        hidden=np.zeros((n, 3), np.float16),
        features=np.zeros((n, 2), np.float32),
        surprisal=np.zeros(n),
        document=np.zeros(n, np.int32),
        sentence=np.array([0, 0, 1, 1], np.int32),
        run=np.array([0, 0, 1, 1], np.int32),
        label=np.array([0, 0, 0, 1], np.int8),
        known=np.ones(n, np.int8),
        labels=np.array([0, 1], np.int8),
        scores=np.full(2, np.nan),
        owner=np.zeros(2, np.int32),
        characters=np.full(2, 9, np.int32),
        opens=np.ones(2, np.int8),
        types=np.array(["", "x"]),
    )

    def cost(difference: float, *, versioned: bool) -> float:
        outputs = torch.zeros(n, len(OUTPUTS))
        outputs[2:, 2] = difference
        return float(loss(outputs, Source(states, 1.0, versioned), np.arange(n)))

    plain = cost(0.0, versioned=False)
    assert cost(2.0, versioned=False) == pytest.approx(plain)
    assert cost(-2.0, versioned=True) > cost(0.0, versioned=True) > cost(2.0, versioned=True) > plain
