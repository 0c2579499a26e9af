"""Every measure against its formula, written out again the slow way, and against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtqa.detect.measures import MEASURES, SentenceScores, measure
from mtqa.errors import UsageError


def _sentence(**changes) -> SentenceScores:
    values = {
        "surprisal": np.array([1.0, 9.0, 4.0, 12.0, 0.5]),
        "entropy": np.array([2.0, 3.0, 4.5, 1.0, 0.2]),
        "sd": np.array([1.0, 2.0, 1.5, 1.2, 0.4]),
        "rank": np.array([1.0, 40.0, 9.0, 3000.0, 1.0]),
        "likelier_mass": np.array([0.0, 0.9, 0.5, 0.999, 0.0]),
        "characters": 25,
        "unigram_nats": 30.0,
        "threshold_nats": 5.0,
        "k": 3,
        "log_odds": 2.0,
    }
    return SentenceScores(**{**values, **changes})


ORACLE = {
    "detector": math.log(1 + math.exp(2.0)),
    "perplexity": math.exp(26.5 / 5),
    "surprisal_mean": 26.5 / 5,
    "surprisal_max": 12.0,
    "surprisal_topk": (12 + 9 + 4) / 3,
    "surprisal_per_character": 26.5 / 25,
    "surprisal_minus_entropy_mean": (26.5 - 10.7) / 5,
    "surprisal_minus_entropy_topk": (11.0 + 6.0 + 0.3) / 3,
    "curvature": (26.5 - 10.7) / math.sqrt(1 + 4 + 2.25 + 1.44 + 0.16),
    "excess_surprisal": 4.0 + 7.0,
    "excess_over_entropy": 2.0 + 7.0,
    "excess_boosted": -math.log(0.001) - 3.0,
    "boosted_mean": -(math.log(0.1) + math.log(0.5) + math.log(0.001)) / 5,
    "boosted_topk": -(math.log(0.1) + math.log(0.5) + math.log(0.001)) / 3,
    "log_rank": (math.log(40) + math.log(9) + math.log(3000)) / 5,
    "slor": (26.5 - 30.0) / 5,
}


def test_every_measure_has_an_oracle():
    assert set(ORACLE) == set(MEASURES)


@pytest.mark.parametrize("name", MEASURES)
def test_measure_equals_its_formula(name: str):
    assert measure(name).score(_sentence()) == pytest.approx(ORACLE[name])


@pytest.mark.parametrize("name", MEASURES)
def test_registry_entries_are_complete(name: str):
    entry = MEASURES[name]
    assert entry.name == name
    assert entry.formula
    assert entry.source
    assert entry.summary


@given(n=st.integers(1, 40), v=st.integers(2, 50_000))
def test_uniform_logits_give_every_measure_its_closed_form(n: int, v: int):
    ln_v = np.full(n, math.log(v))
    sentence = _sentence(
        surprisal=ln_v,
        entropy=ln_v,
        sd=np.zeros(n),
        rank=np.ones(n),
        likelier_mass=np.zeros(n),
        unigram_nats=n * math.log(v),
    )
    assert MEASURES["perplexity"].score(sentence) == pytest.approx(v)
    for name in ("surprisal_minus_entropy_mean", "curvature", "log_rank", "boosted_mean", "slor"):
        assert MEASURES[name].score(sentence) == pytest.approx(0.0, abs=1e-9)


@given(at=st.integers(0, 4), more=st.floats(0.1, 50))
def test_a_more_surprising_token_never_makes_a_sentence_less_suspicious(at: int, more: float):
    surprisal = _sentence().surprisal.copy()
    surprisal[at] += more
    changed = _sentence(surprisal=surprisal)
    for name in MEASURES:
        assert MEASURES[name].score(changed) >= MEASURES[name].score(_sentence()) - 1e-9


def test_a_mass_that_float32_rounds_to_one_stays_finite():
    sentence = _sentence(likelier_mass=np.ones(5), surprisal=np.array([30.0, 1, 1, 1, 1]))
    assert MEASURES["boosted_topk"].score(sentence) == pytest.approx((30 + 1 + 1) / 3)


def test_an_unknown_measure_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'perplexity'"):
        measure("perplexty")
