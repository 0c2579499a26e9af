"""The network that the detector head is, under PyTorch, and its training (`mtqa.detect.head`: the formula).

Four things are learned at once: from the spans of labelled corpora which tokens are corrupted; from the
labels of sentences that 1 − Π (1 − p) is their probability; from post-edited translations which tokens would
be changed, and how poor people find the sentence; from corrupted versions that they are poorer than their
sound sentence. Where most of a sentence is marked, as in one that a
model has made up, only the sentence's label counts: which of its words are wrong, nobody has said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from detector_states import States
from torch import nn
from torch.nn import functional

from mtqa.console import Console
from mtqa.detect.head import CLIP, OUTPUTS, TYPES
from mtqa.detect.kinds import KIND_OF

#: Sentences with a larger share of marked tokens have no token labels.
MARKED = 0.5
#: What a minor fault counts as, between sound (0) and corrupted (1).
MINOR = 0.3
#: The loss of a labelled token against that of a labelled sentence, and that of the kind of corruption.
TOKEN_WEIGHT, KIND_WEIGHT = 4.0, 0.2
#: That of a corrupted version that is not found poorer than its sound sentence, and how steep it is.
PAIR_WEIGHT, PAIR_STEEP = 3.0, 3.0
#: For the card: a network trained with others is another one.
LOSSES = (MARKED, MINOR, TOKEN_WEIGHT, KIND_WEIGHT, PAIR_WEIGHT, PAIR_STEEP)


@dataclass(frozen=True)
class Source:
    """A standardised corpus, how many times an epoch takes its batches, and what its order says.

    ``versioned``: every sound sentence is followed by corrupted versions of itself.
    """

    states: States
    weight: float = 1.0
    versioned: bool = False


@dataclass(frozen=True)
class Recipe:
    """How a member is trained."""

    units: int = 128
    places: int = 3
    dropout: float = 0.4
    epochs: int = 8
    rate: float = 2e-3
    decay: float = 1e-3
    tokens: int = 4096


class _Laid(torch.autograd.Function):
    """Σ over k of what the token k places on says, within a passage: ``(n, K·U)`` to ``(n, U)``.

    By hand, since slices that PyTorch derives fill a whole tensor with zeros each.
    """

    @staticmethod
    def forward(ctx: Any, said: torch.Tensor, run: torch.Tensor, places: int) -> torch.Tensor:
        ctx.same = [(run[k:] == run[:-k])[:, None].to(said.dtype) for k in range(1, places)]
        near = said.chunk(places, dim=1)
        laid = near[0].clone(memory_format=torch.contiguous_format)
        for k, same in enumerate(ctx.same, start=1):
            laid[:-k].addcmul_(near[k][k:], same)
        return laid

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = gradients
        made = gradient.new_empty(len(gradient), gradient.shape[1] * (len(ctx.same) + 1))
        near = made.chunk(len(ctx.same) + 1, dim=1)
        near[0].copy_(gradient)
        for k, same in enumerate(ctx.same, start=1):
            near[k][:k] = 0
            torch.mul(gradient[:-k], same, out=near[k][k:])
        return made, None, None


class _Dropout(nn.Module):
    """Sets a share of the values to 0. On the CPU NumPy draws, which is several times as fast there."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__()
        self.share, self.rng = share, np.random.default_rng([seed, 5])

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if not self.training or values.device.type != "cpu":
            return functional.dropout(values, self.share, self.training)
        kept = torch.from_numpy(self.rng.random(values.shape, dtype=np.float32) >= self.share)
        return values * kept * (1 / (1 - self.share))


class Ensemble(nn.Module):
    """M networks of S units side by side, each with its own weights, trained on the same batches."""

    def __init__(self, width: int, features: int, recipe: Recipe, members: int, seed: int = 0) -> None:
        """``width`` of the hidden state, number of ``features``; ``seed`` of what is dropped in training."""
        super().__init__()
        self.places, self.members = recipe.places, members
        units = members * recipe.units
        self.states = nn.Linear(width, recipe.places * units, bias=False)
        self.features = nn.Linear(features, units)
        self.out = nn.ModuleList([nn.Linear(recipe.units, len(OUTPUTS)) for _ in range(members)])
        self.dropout = _Dropout(recipe.dropout, seed)
        for layer in self.out:
            nn.init.constant_(layer.bias, -3.0)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.states.weight.device

    def forward(self, hidden: torch.Tensor, features: torch.Tensor, run: torch.Tensor) -> torch.Tensor:
        """``(n, W)``, ``(n, F)`` and the passage of each token ``(n,)`` to ``(M, n, C)``."""
        parts = self.dropout(self.units(hidden, features, run)).chunk(self.members, dim=1)
        return torch.stack([layer(part) for layer, part in zip(self.out, parts, strict=True)])

    def units(self, hidden: torch.Tensor, features: torch.Tensor, run: torch.Tensor) -> torch.Tensor:
        """The hidden layers of all members side by side, ``(n, M·S)``."""
        near = _Laid.apply(self.states(self.dropout(hidden)), run, self.places)
        return functional.gelu(self.features(features) + near)


def softened(corpus: States) -> States:
    """The corpus without the token labels of sentences that are marked as a whole."""
    held, count = corpus.sentence >= 0, len(corpus.labels)
    own = np.maximum(corpus.sentence, 0)
    marked = np.bincount(own[held], weights=corpus.label[held] == 1, minlength=count)
    share = marked / np.maximum(np.bincount(own[held], minlength=count), 1)
    return replace(corpus, known=np.where(held & (share > MARKED)[own], 0, corpus.known))


def moments(corpora: Sequence[States]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every dimension of the hidden states, from every third token."""
    total, squares, count = 0.0, 0.0, 0
    for corpus in corpora:
        hidden = corpus.hidden[::3].astype(np.float64)
        total, squares, count = total + hidden.sum(0), squares + np.square(hidden).sum(0), count + len(hidden)
    mean = total / count
    return mean.astype(np.float32), np.sqrt(squares / count - mean**2 + 1e-6).astype(np.float32)


def standardised(corpus: States, moments_: tuple[np.ndarray, np.ndarray]) -> States:
    """The corpus with standardised, clipped hidden states, in float16 as before."""
    mean, scale = moments_
    hidden = np.empty_like(corpus.hidden)
    for at in range(0, len(hidden), 4096):
        part = (corpus.hidden[at : at + 4096].astype(np.float32) - mean) / scale
        hidden[at : at + 4096] = part.clip(-CLIP, CLIP)
    return replace(corpus, hidden=hidden)


def tensors(
    corpus: States, which: np.ndarray, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the networks take, of the tokens ``which``."""
    run = _on(device, corpus.run[which].astype(np.int64))
    hidden = _on(device, corpus.hidden[which]).float()
    return hidden, _on(device, corpus.features[which]), run


def _on(device: torch.device, values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values).to(device)


def batches(corpus: States, size: int, rng: np.random.Generator | None = None) -> Iterator[np.ndarray]:
    """Indices of whole documents, about ``size`` tokens together; shuffled where there is an ``rng``."""
    starts = np.flatnonzero(np.diff(corpus.document, prepend=-1))
    ends = np.append(starts[1:], len(corpus.document))
    order = np.arange(len(starts)) if rng is None else rng.permutation(len(starts))
    waiting: list[np.ndarray] = []
    for i in order:
        waiting.append(np.arange(starts[i], ends[i]))
        if sum(map(len, waiting)) >= size:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def loss(outputs: torch.Tensor, source: Source, which: np.ndarray) -> torch.Tensor:
    """The sum of the members' losses over the tokens ``which``, whole documents; outputs ``(M, n, C)``."""
    corpus, device = source.states, outputs.device
    held = corpus.sentence[which] >= 0
    outputs, which = outputs[:, _on(device, np.flatnonzero(held))], which[held]
    sentences, place = np.unique(corpus.sentence[which], return_inverse=True)
    owner, label = _on(device, place), _on(device, corpus.label[which])
    known = _on(device, np.flatnonzero(corpus.known[which] > 0))
    poor = _means(outputs[..., 2], owner, len(sentences))
    if corpus.labels[0] >= 0:
        target = torch.where(label == 2, MINOR, label.float())
        total = TOKEN_WEIGHT * _entropy(outputs[..., 0], target, known)
        sound = _sums(functional.logsigmoid(-outputs[..., 0]), owner, len(sentences)).exp()
        wanted = _on(device, corpus.labels[sentences].astype(np.float32)).expand_as(sound)
        chance = (1 - sound).clamp(1e-5, 1 - 1e-5)
        weight = _balance(corpus, wanted)
        total = total + functional.binary_cross_entropy(chance, wanted, weight=weight)
        if source.versioned:
            sound_of, version = version_pairs(corpus.labels[sentences])
            poorer = poor[:, _on(device, version)] - poor[:, _on(device, sound_of)]
            total = total + PAIR_WEIGHT * functional.softplus(-PAIR_STEEP * poorer).mean()
        marked = known[label[known] == 1]
        total = total + KIND_WEIGHT * _kinds(outputs, corpus, which, marked)
    else:
        human = _on(device, corpus.scores[sentences].astype(np.float32)).expand_as(poor)
        total = _entropy(outputs[..., 1], (label > 0).float(), known) + functional.mse_loss(-poor, human)
    return total * len(outputs)


def version_pairs(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the sound and of the corrupted sentence of each pair; versions follow their sentence."""
    version, sound = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    return sound[np.searchsorted(sound, version) - 1], version


def _balance(corpus: States, wanted: torch.Tensor) -> torch.Tensor | None:
    """Weights with which no more than half of a corpus's sentences are corrupted: mean 1 over the batch."""
    share = float((corpus.labels == 1).mean())
    if share <= 0.5:
        return None
    weights = torch.where(wanted > 0.5, 0.5 / share, 0.5 / (1 - share))
    return weights / weights.mean()


def _entropy(logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Of the tokens numbered ``known``; logits ``(M, n)``."""
    if not len(known):
        return logits.sum() * 0
    wanted = target[known].float().expand(len(logits), -1)
    return functional.binary_cross_entropy_with_logits(logits[:, known], wanted)


#: Types of another generator (`spun_docs`), and one that is made by hand alone, that are kinds of ours.
_OTHERS = {
    "drop_word": "dropped word",
    "truncate": "dropped word",
    "dup": "repetition",
    "foreign": "untranslated word",
    "literal": "wrong word",
    "prep": "grammar",
    "spin_heavy": "wrong word",
}
KINDS_TAUGHT = {**KIND_OF, **_OTHERS}


def _kinds(outputs: torch.Tensor, corpus: States, which: np.ndarray, marked: torch.Tensor) -> torch.Tensor:
    """Of the tokens numbered ``marked`` those whose kind is known."""
    at = marked.cpu().numpy()
    names = corpus.types[corpus.sentence[which[at]]]
    numbers = np.array([TYPES.index(KINDS_TAUGHT[n]) if n in KINDS_TAUGHT else -1 for n in names], dtype=int)
    if not (numbers >= 0).any():
        return outputs.sum() * 0
    chosen = _on(outputs.device, at[numbers >= 0])
    kind = _on(outputs.device, numbers[numbers >= 0]).repeat(len(outputs))
    return functional.cross_entropy(outputs[:, chosen, 3:].flatten(0, 1), kind)


def _sums(values: torch.Tensor, owner: torch.Tensor, count: int) -> torch.Tensor:
    """By sentence, ``(M, n)`` to ``(M, count)``."""
    zeros = torch.zeros(len(values), count, dtype=values.dtype, device=values.device)
    return zeros.index_add(1, owner, values)


def _means(values: torch.Tensor, owner: torch.Tensor, count: int) -> torch.Tensor:
    return _sums(values, owner, count) / torch.bincount(owner, minlength=count)


def train(
    corpora: Sequence[Source], recipe: Recipe, seed: int, *, members: int = 1, device: str = "cpu"
) -> Ensemble:
    """Networks, of which each has learned from every source.

    The same to the last bit wherever they are trained on the CPU; another ``device`` draws other dropout.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    first = corpora[0].states
    ensemble = Ensemble(first.hidden.shape[1], first.features.shape[1], recipe, members, seed).to(device)
    optimizer = torch.optim.AdamW(ensemble.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps, planned = 0, 0
    with Console() as console:
        for _ in range(recipe.epochs):
            taken = epoch(corpora, recipe, rng)
            planned = planned or len(taken) * recipe.epochs
            for source, which in taken:
                cosine = 0.5 * (1 + np.cos(np.pi * min(1.0, steps / planned)))
                for group in optimizer.param_groups:
                    group["lr"] = recipe.rate * min(1.0, steps / 50) * max(0.02, cosine)
                _step(ensemble, optimizer, source, which)
                steps += 1
                console.update("fitting", steps, planned)
    return ensemble.eval()


def _step(ensemble: Ensemble, optimizer: torch.optim.Optimizer, source: Source, which: np.ndarray) -> None:
    """Every member learns by its own loss; gradients are clipped member by member, as if it were alone."""
    made = ensemble(*tensors(source.states, which, ensemble.device))
    optimizer.zero_grad()
    loss(made, source, which).backward()
    for own in _by_member(ensemble):
        norm = torch.sqrt(sum((gradient.square().sum() for gradient in own), own[0].new_zeros(())))
        if norm > 1:
            for gradient in own:
                gradient /= norm
    optimizer.step()


def _by_member(ensemble: Ensemble) -> Iterator[list[torch.Tensor]]:
    """Views of the gradients of each member's weights."""
    places, count = ensemble.places, ensemble.members
    states = ensemble.states.weight.grad
    features, bias = ensemble.features.weight.grad, ensemble.features.bias.grad
    if states is None or features is None or bias is None:
        raise RuntimeError("there are no gradients yet")
    for m in range(count):
        out = [p.grad for p in ensemble.out[m].parameters() if p.grad is not None]
        rows = states.view(places, count, -1, states.shape[1])[:, m]
        yield [rows, features.view(count, -1, features.shape[1])[m], bias.view(count, -1)[m], *out]


def epoch(
    corpora: Sequence[Source], recipe: Recipe, rng: np.random.Generator
) -> list[tuple[Source, np.ndarray]]:
    """The batches of one epoch, shuffled: of each source as many as it weighs."""
    found = []
    for source in corpora:
        listed = list(batches(source.states, recipe.tokens, rng))
        wanted = max(1, round(source.weight * len(listed)))
        while len(listed) < wanted:
            listed += batches(source.states, recipe.tokens, rng)
        found += [(source, which) for which in listed[:wanted]]
    return [found[i] for i in rng.permutation(len(found))]


def outputs(ensemble: Ensemble, corpus: States) -> np.ndarray:
    """The mean of the members' outputs for every token of a standardised corpus, ``(N, C)``."""
    device = ensemble.device
    with torch.no_grad():
        found = [ensemble(*tensors(corpus, which, device)).mean(0).cpu() for which in batches(corpus, 16384)]
    return torch.cat(found).numpy()
