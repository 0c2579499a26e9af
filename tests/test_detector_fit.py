"""The training of the networks (`scripts/detector_fit.py`): what is written by hand, against PyTorch."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from detector_fit import Ensemble, Recipe, Source, loss, train
from detector_states import States

from mtqa.detect.head import OUTPUTS
from tests.detector_states_made import made_states

WIDTH, FEATURES, PLACES = 6, 3, 3


def _corpus(rng: np.random.Generator, *, sentences: int = 12, human: bool = False) -> States:
    """Documents of two sentences of one to five tokens; between two sentences stands a token of neither."""
    lengths = rng.integers(1, 6, sentences)
    owner = (np.arange(sentences) // 2).astype(np.int32)
    sentence = np.concatenate([[i] * n + [-1] for i, n in enumerate(lengths)]).astype(np.int32)
    n = len(sentence)
    document = owner[np.repeat(np.arange(sentences), lengths + 1)]
    return made_states(
        sentence,
        ["loop", "wrong_sense", ""] * (sentences // 3),
        width=WIDTH,
        hidden=rng.normal(size=(n, WIDTH)).astype(np.float16),
        features=rng.normal(size=(n, FEATURES)).astype(np.float32),
        document=document,
        run=document,
        label=rng.integers(0, 3, n).astype(np.int8),
        known=rng.integers(0, 2, n).astype(np.int8),
        labels=np.full(sentences, -1, np.int8) if human else (np.arange(sentences) % 2).astype(np.int8),
        scores=rng.normal(size=sentences) if human else np.full(sentences, np.nan),
        owner=owner,
    )


def _slowly(
    ensemble: Ensemble, hidden: torch.Tensor, features: torch.Tensor, run: torch.Tensor
) -> torch.Tensor:
    """What `Ensemble.units` computes, a token after the other."""
    said = hidden @ ensemble.states.weight.T
    units = said.shape[1] // PLACES
    rows = []
    for t in range(len(hidden)):
        z = features[t] @ ensemble.features.weight.T + ensemble.features.bias
        for k in range(PLACES):
            if t + k < len(hidden) and run[t + k] == run[t]:
                z = z + said[t + k, k * units : (k + 1) * units]
        rows.append(torch.nn.functional.gelu(z))
    return torch.stack(rows)


@pytest.mark.parametrize("runs", [[0], [0, 0], [0, 1], [0, 0, 0, 0, 1, 1, 2], [0, 1, 2, 3], [5] * 9])
def test_what_the_next_tokens_say_and_its_derivative_are_those_of_a_loop(runs):
    torch.manual_seed(1)
    ensemble = Ensemble(WIDTH, FEATURES, Recipe(units=4, dropout=0.0), 2).double()
    hidden = torch.randn(len(runs), WIDTH, dtype=torch.float64, requires_grad=True)
    features, run = torch.randn(len(runs), FEATURES, dtype=torch.float64), torch.tensor(runs)
    direction = torch.randn(len(runs), 8, dtype=torch.float64)
    found = []
    for units in (ensemble.units(hidden, features, run), _slowly(ensemble, hidden, features, run)):
        wanted = (hidden, *(p for name, p in ensemble.named_parameters() if not name.startswith("out")))
        found.append((units, *torch.autograd.grad((units * direction).sum(), wanted)))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("human", "versioned"), [(False, False), (False, True), (True, False)])
def test_the_loss_of_an_ensemble_is_the_sum_of_its_members_losses(human, versioned):
    rng = np.random.default_rng(2)
    corpus = _corpus(rng, human=human)
    which = np.arange(len(corpus.label))
    made = torch.from_numpy(rng.normal(size=(3, len(which), len(OUTPUTS))).astype(np.float32))
    source = Source(corpus, 1.0, versioned)
    alone = [float(loss(one[None], source, which)) for one in made]
    assert len({round(value, 6) for value in alone}) == 3
    assert float(loss(made, source, which)) == pytest.approx(sum(alone))


def test_the_chance_of_a_sentence_is_that_of_any_of_its_tokens():
    corpus = _corpus(np.random.default_rng(3))
    n = len(corpus.label)
    corpus = replace(corpus, known=np.zeros(n, np.int8))
    odds = torch.linspace(-3, 1, n)
    made = torch.zeros(1, n, len(OUTPUTS))
    made[0, :, 0] = odds
    p = torch.sigmoid(odds).numpy()
    chances = np.array([1 - np.prod(1 - p[corpus.sentence == i]) for i in range(len(corpus.labels))])
    wanted = -np.mean(np.where(corpus.labels == 1, np.log(chances), np.log(1 - chances)))
    assert float(loss(made, Source(corpus), np.arange(n))) == pytest.approx(wanted, rel=1e-5)


def test_dropping_leaves_the_mean_as_it_is_and_nothing_is_dropped_after_training():
    ensemble = Ensemble(WIDTH, FEATURES, Recipe(dropout=0.4), 1, seed=7)
    values = torch.ones(400, 500)
    dropped = ensemble.dropout(values)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert float((dropped == 0).float().mean()) == pytest.approx(0.4, abs=0.005)
    assert torch.equal(ensemble.eval().dropout(values), values)


def test_the_same_seed_trains_the_same_networks_and_another_one_others():
    corpus = _corpus(np.random.default_rng(4), sentences=30)
    recipe = Recipe(units=4, epochs=2, tokens=20)
    one, same, other = (train([Source(corpus)], recipe, seed, members=2) for seed in (1, 1, 2))
    assert torch.equal(one.states.weight, same.states.weight)
    assert not torch.equal(one.states.weight, other.states.weight)
