"""Probabilities and p-values against scikit-learn, scipy, brute force and simulation."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.detect.calibrate import (
    Calibration,
    calibration_from,
    calibration_json,
    fit_calibration,
    sigmoid,
    sound_reference,
)
from mtqa.detect.verdict import corrupted_interval, poisson_binomial, q_values
from tests.detect.heads import calibration


def _data(seed: int, *, ties: bool, separable: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 400))
    labels = rng.random(n) < 0.3
    labels[:2] = [True, False]
    x = rng.normal(-2, 2, n) + labels * (50.0 if separable else 2.0)
    return (np.round(x) if ties else x), labels, rng.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("ties", "separable"), [(True, False), (False, False), (False, True)])
def test_platt_is_scikit_learns(seed: int, ties: bool, separable: bool):
    sigmoid_calibration = pytest.importorskip("sklearn.calibration")._sigmoid_calibration
    x, labels, weights = _data(seed, ties=ties, separable=separable)
    for w in (None, weights):
        slope, intercept = fit_calibration(x, labels, w)
        a, b = sigmoid_calibration(x, labels.astype(float), sample_weight=w)
        grid = np.linspace(x.min(), x.max(), 50)
        assert sigmoid(slope * grid + intercept) == pytest.approx(1 / (1 + np.exp(a * grid + b)), abs=2e-4)


def test_platt_is_a_maximum_and_weights_count_sentences():
    x, labels, weights = _data(3, ties=True)
    slope, intercept = fit_calibration(x, labels, weights)
    repeated = np.repeat(np.arange(len(x)), weights.astype(int))
    assert fit_calibration(x[repeated], labels[repeated]) == pytest.approx((slope, intercept), rel=1e-6)
    n1, n0 = weights[labels].sum(), weights[~labels].sum()
    target = np.where(labels, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    gap = weights * (sigmoid(slope * x + intercept) - target)
    assert gap.sum() == pytest.approx(0, abs=1e-6)
    assert (gap * x).sum() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("x", "y"), [([1.0, 2.0], [0, 0]), ([1.0, 2.0], [1, 1]), ([3.0, 3.0], [0, 1]), ([], [])]
)
def test_no_slope_can_be_told(x, y):
    with pytest.raises(ValueError, match=r"calibration needs|same log-odds"):
        fit_calibration(x, y)


def _p_by_definition(reference, x):
    return (1 + sum(r >= x for r in reference)) / (len(reference) + 1)


@given(
    reference=st.lists(st.integers(-20, 20).map(lambda i: i / 4), min_size=1, max_size=60),
    x=st.integers(-24, 24).map(lambda i: i / 4),
)
def test_p_values_of_a_small_sample_are_exact(reference, x):
    found = calibration(reference).p_value(np.array([x]), [10])[0]
    assert found == pytest.approx(_p_by_definition(reference, x), rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_p_values_of_a_thinned_sample_are_never_smaller_and_at_most_2_percent_larger(seed, ties):
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=3000)
    reference = np.round(reference, 1) if ties else reference
    made = calibration(reference)
    assert len(made.sound[0].log_odds) < 500
    x = np.concatenate([rng.normal(size=50), rng.choice(reference, 50), [-99.0, 99.0]])
    exact = np.array([_p_by_definition(reference, one) for one in x])
    found = made.p_value(x, [10] * len(x))
    assert (found >= exact - 1e-12).all()
    assert (found <= 1.02 * exact + 1e-12).all()


def test_each_length_has_its_own_sample():
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, 80, 4000)
    x = rng.normal(size=4000) + tokens / 10
    made = Calibration(1.0, 0.0, sound_reference(x, tokens, bins=4, least=400))
    assert len(made.sound) == 4
    assert made.sound[-1].tokens_up_to is None
    assert sum(part.sentences for part in made.sound) == 4000
    low = 0
    for part in made.sound:
        inside = (tokens > low) & (tokens <= (part.tokens_up_to or 10**6))
        assert part.sentences == inside.sum() >= 400
        own = x[inside]
        length = part.tokens_up_to or 500
        got = made.p_value(np.array([own.mean()]), [length])[0]
        assert got == pytest.approx(_p_by_definition(own, own.mean()), rel=0.021)
        low = part.tokens_up_to or 0


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=300),
    st.integers(1, 6),
    st.integers(1, 80),
)
def test_bins_cover_every_length_and_none_is_too_small(lengths, bins, least):
    made = sound_reference(np.arange(len(lengths), dtype=float), lengths, bins=bins, least=least)
    assert sum(b.sentences for b in made) == len(lengths)
    assert made[-1].tokens_up_to is None
    assert len(made) == 1 or min(b.sentences for b in made) >= least
    assert len(made) <= bins


def test_conformal_p_values_are_valid_on_exchangeable_data():
    """P(p ≤ α) ≤ α for a new sound sentence, sample and sentence both drawn anew; near α without ties."""
    rng = np.random.default_rng(11)
    p, rounded = [], []
    for _ in range(4000):
        draw = rng.gumbel(size=100)
        p.append(calibration(draw[:-1]).p_value(draw[-1:], [5])[0])
        coarse = np.round(draw)
        rounded.append(calibration(coarse[:-1]).p_value(coarse[-1:], [5])[0])
    for alpha in (0.01, 0.05, 0.1, 0.3, 0.5):
        error = 3 * np.sqrt(alpha * (1 - alpha) / 4000)
        assert np.mean(np.array(p) <= alpha + 1e-9) == pytest.approx(alpha, abs=error + 0.02 * alpha)
        assert np.mean(np.array(rounded) <= alpha + 1e-9) <= alpha + error


def test_the_false_discovery_rate_is_controlled():
    """Articles of 40 sentences, 6 of them corrupted, against one sample an article of 800."""
    rng = np.random.default_rng(5)
    corrupted = np.arange(40) < 6
    rates, power = [], []
    for _ in range(400):
        made = calibration(rng.normal(size=800))
        x = rng.normal(size=40) + 4.0 * corrupted
        found = q_values(made.p_value(x, [9] * 40)) <= 0.1
        rates.append((found & ~corrupted).sum() / max(found.sum(), 1))
        power.append(found[corrupted].mean())
    assert np.mean(rates) <= 0.1
    assert np.mean(rates) >= 0.04  # π₀ · 0.1 = .085 less what thinning and the sample's grain cost
    assert np.mean(power) >= 0.7


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_q_values_are_scipys(p):
    false_discovery_control = pytest.importorskip("scipy.stats").false_discovery_control
    assert q_values(np.array(p)) == pytest.approx(false_discovery_control(p), rel=1e-9, abs=1e-300)


@given(st.lists(st.floats(0, 1), min_size=0, max_size=9))
def test_poisson_binomial_is_brute_force(p):
    expected = np.zeros(len(p) + 1)
    for outcome in itertools.product([0, 1], repeat=len(p)):
        expected[sum(outcome)] += np.prod([q if o else 1 - q for q, o in zip(p, outcome, strict=True)])
    assert poisson_binomial(np.array(p)) == pytest.approx(expected, abs=1e-12)


def test_poisson_binomial_of_equal_probabilities_is_binomial():
    binom = pytest.importorskip("scipy.stats").binom
    assert poisson_binomial(np.full(200, 0.03)) == pytest.approx(binom(200, 0.03).pmf(range(201)), abs=1e-12)
    assert corrupted_interval(np.full(200, 0.03)) == (
        binom(200, 0.03).ppf(0.025),
        binom(200, 0.03).ppf(0.975),
    )


@pytest.mark.parametrize("n", [50, 2000, 2001, 6000])
def test_the_interval_holds_the_number_in_19_of_20_articles(n: int):
    rng = np.random.default_rng(n)
    p = rng.beta(0.3, 2.0, n)
    low, high = corrupted_interval(p)
    drawn = (rng.random((2000, n)) < p).sum(1)
    held = ((drawn >= low) & (drawn <= high)).mean()
    assert 0.93 <= held <= 0.99


def test_intervals_at_the_ends():
    assert corrupted_interval(np.zeros(5)) == (0, 0)
    assert corrupted_interval(np.ones(5)) == (5, 5)
    assert corrupted_interval(np.full(3000, 1e-6)) == (0, 0)
    assert corrupted_interval(np.ones(3000)) == (3000, 3000)


def test_a_calibration_survives_its_json():
    rng = np.random.default_rng(1)
    made = Calibration(
        1.3, -0.7, sound_reference(rng.normal(size=2000), rng.integers(1, 60, 2000)), "paragraph"
    )
    again = calibration_from(json.loads(json.dumps(calibration_json(made))))
    assert (again.slope, again.intercept, again.context) == (1.3, -0.7, "paragraph")
    x, tokens = rng.normal(size=300), rng.integers(1, 90, 300).tolist()
    assert np.array_equal(made.p_value(x, tokens), again.p_value(x, tokens))
    assert np.array_equal(made.probability(x), again.probability(x))


BAD = {
    "slope": ({"slope": 0}, "slope is 0"),
    "text for a number": ({"intercept": "1"}, "intercept must be a number"),
    "true for a number": ({"slope": True}, "slope must be a number"),
    "infinite": ({"slope": float("inf")}, "slope must be a number"),
    "no bins": ({"sound": []}, "sound must be a list"),
    "context": ({"context": "page"}, "context must be"),
    "bin": ({"sound": [7]}, r"sound\[0\]: it must have"),
    "open end": (
        {"sound": [{"tokens_up_to": 9, "sentences": 3, "log_odds": [1.0], "above": [0]}]},
        "null in",
    ),
    "lengths": (
        {"sound": [{"tokens_up_to": None, "sentences": 3, "log_odds": [1.0], "above": [1, 0]}]},
        "lists of one length",
    ),
    "order": (
        {"sound": [{"tokens_up_to": None, "sentences": 3, "log_odds": [2.0, 1.0], "above": [1, 0]}]},
        "must rise",
    ),
    "counts": (
        {"sound": [{"tokens_up_to": None, "sentences": 1, "log_odds": [1.0, 2.0], "above": [1, 0]}]},
        "fall from below sentences",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_calibration_is_refused(kind: str):
    change, says = BAD[kind]
    with pytest.raises(ValueError, match=says):
        calibration_from({**calibration_json(calibration([1.0, 2.0])), **change})
