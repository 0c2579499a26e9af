"""The network that the detector head is, under PyTorch, and its training (`mtqa.detect.head`: the formula).

Three things are learned at once: from the spans of labelled corpora which tokens are corrupted; from the
labels of sentences that 1 − Π (1 − p) is their probability; from post-edited translations which tokens would
be changed, and how poor people find the sentence. Where most of a sentence is marked, as in one that a
model has made up, only the sentence's label counts: which of its words are wrong, nobody has said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from detector_states import States
from torch import nn
from torch.nn import functional

from mtqa.detect.head import CLIP, OUTPUTS, TYPES
from mtqa.detect.kinds import KIND_OF

#: Sentences with a larger share of marked tokens have no token labels.
MARKED = 0.5
#: What a minor fault counts as, between sound (0) and corrupted (1).
MINOR = 0.3
#: The loss of a labelled token against that of a labelled sentence, and that of the kind of corruption.
TOKEN_WEIGHT, KIND_WEIGHT = 4.0, 0.2


@dataclass(frozen=True)
class Recipe:
    """How a member is trained."""

    units: int = 64
    places: int = 3
    dropout: float = 0.2
    epochs: int = 5
    rate: float = 2e-3
    decay: float = 1e-3
    tokens: int = 4096


class Member(nn.Module):
    """One member of the ensemble."""

    def __init__(self, width: int, features: int, recipe: Recipe) -> None:
        """``width`` of the hidden state, number of ``features``."""
        super().__init__()
        self.states = nn.ModuleList(
            [nn.Linear(width, recipe.units, bias=False) for _ in range(recipe.places)]
        )
        self.features = nn.Linear(features, recipe.units)
        self.out = nn.Linear(recipe.units, len(OUTPUTS))
        self.dropout = nn.Dropout(recipe.dropout)
        nn.init.constant_(self.out.bias, -3.0)

    def forward(self, hidden: torch.Tensor, features: torch.Tensor, run: torch.Tensor) -> torch.Tensor:
        """``(n, W)``, ``(n, F)`` and the passage of each token ``(n,)`` to ``(n, C)``."""
        hidden = self.dropout(hidden)
        z = self.features(features)
        for k, layer in enumerate(self.states):
            near = layer(hidden)
            if k:
                same = (run[k:] == run[:-k])[:, None]
                near = torch.cat([near[k:] * same, torch.zeros_like(near[:k])])
            z = z + near
        return self.out(self.dropout(functional.gelu(z)))


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


def tensors(
    corpus: States, which: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What a member takes, of the tokens ``which``."""
    hidden = ((corpus.hidden[which].astype(np.float32) - mean) / scale).clip(-CLIP, CLIP)
    run = torch.from_numpy(corpus.run[which].astype(np.int64))
    return torch.from_numpy(hidden), torch.from_numpy(corpus.features[which]), run


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


def loss(outputs: torch.Tensor, corpus: States, which: np.ndarray) -> torch.Tensor:
    """The loss over the tokens ``which``, whole documents."""
    held = corpus.sentence[which] >= 0
    outputs, which = outputs[torch.from_numpy(held)], which[held]
    sentences, place = np.unique(corpus.sentence[which], return_inverse=True)
    owner, label = torch.from_numpy(place), torch.from_numpy(corpus.label[which])
    known = torch.from_numpy(corpus.known[which] > 0)
    human = torch.from_numpy(corpus.scores[sentences]).float()
    if corpus.labels[0] >= 0:
        target = torch.where(label == 2, MINOR, label.float())
        total = TOKEN_WEIGHT * _entropy(outputs[:, 0], target, known)
        sound = _sums(functional.logsigmoid(-outputs[:, 0]), owner, len(sentences)).exp()
        wanted = torch.from_numpy(corpus.labels[sentences].astype(np.float32))
        chance = (1 - sound).clamp(1e-5, 1 - 1e-5)
        total = total + functional.binary_cross_entropy(chance, wanted, weight=_balance(corpus, wanted))
        return total + KIND_WEIGHT * _kinds(outputs, corpus, which, known & (label == 1))
    counts = _sums(torch.ones(len(owner)), owner, len(sentences))
    poor = _sums(outputs[:, 2], owner, len(sentences)) / counts
    return _entropy(outputs[:, 1], (label > 0).float(), known) + functional.mse_loss(-poor, human)


def _balance(corpus: States, wanted: torch.Tensor) -> torch.Tensor | None:
    """Weights with which no more than half of a corpus's sentences are corrupted: mean 1 over the batch."""
    share = float((corpus.labels == 1).mean())
    if share <= 0.5:
        return None
    weights = torch.where(wanted > 0.5, 0.5 / share, 0.5 / (1 - share))
    return weights / weights.mean()


def _entropy(logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    if not known.any():
        return logits.sum() * 0
    return functional.binary_cross_entropy_with_logits(logits[known], target[known].float())


def _kinds(outputs: torch.Tensor, corpus: States, which: np.ndarray, marked: torch.Tensor) -> torch.Tensor:
    names = corpus.types[corpus.sentence[which]]
    kind = torch.tensor([TYPES.index(KIND_OF[n]) if n in KIND_OF else -1 for n in names])
    chosen = marked & (kind >= 0)
    if not chosen.any():
        return outputs.sum() * 0
    return functional.cross_entropy(outputs[chosen][:, 3:], kind[chosen])


def _sums(values: torch.Tensor, owner: torch.Tensor, count: int) -> torch.Tensor:
    return torch.zeros(count, dtype=values.dtype).index_add(0, owner, values)


def train(
    corpora: Sequence[tuple[States, float]],
    recipe: Recipe,
    moments_: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> Member:
    """A member. Each corpus has its weight: the share of its batches that an epoch takes."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    first = corpora[0][0]
    member = Member(first.hidden.shape[1], first.features.shape[1], recipe)
    optimizer = torch.optim.AdamW(member.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps, planned = 0, 0
    for _ in range(recipe.epochs):
        epoch = _epoch(corpora, recipe, rng)
        planned = planned or len(epoch) * recipe.epochs
        for corpus, which in epoch:
            cosine = 0.5 * (1 + np.cos(np.pi * min(1.0, steps / planned)))
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * min(1.0, steps / 50) * max(0.02, cosine)
            now = loss(member(*tensors(corpus, which, *moments_)), corpus, which)
            optimizer.zero_grad()
            now.backward()
            nn.utils.clip_grad_norm_(member.parameters(), 1.0)
            optimizer.step()
            steps += 1
    return member.eval()


def _epoch(
    corpora: Sequence[tuple[States, float]], recipe: Recipe, rng: np.random.Generator
) -> list[tuple[States, np.ndarray]]:
    found = []
    for corpus, weight in corpora:
        listed = list(batches(corpus, recipe.tokens, rng))
        found += [(corpus, which) for which in listed[: max(1, round(weight * len(listed)))]]
    return [found[i] for i in rng.permutation(len(found))]


def outputs(members: Sequence[Member], corpus: States, moments_: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The ensemble's outputs for every token of a corpus, ``(N, C)``."""
    found = []
    with torch.no_grad():
        for which in batches(corpus, 16384):
            given = tensors(corpus, which, *moments_)
            found.append(torch.stack([m(*given) for m in members]).mean(0).numpy())
    return np.concatenate(found)
