"""The kinds of corruption, fitted to sentences when the rest of the network has learned.

The network learns kinds from the tokens that are known to be corrupted. A report names the kind of a sentence
(`mtqa.detect.kinds`), and of a sentence that was made up as a whole nobody has said which words are wrong.
So the last layer's columns of the kinds are fitted once more, all else staying as it is, to what is
named: over a corrupted sentence's tokens t with kinds' probabilities k(t) and evidence e(t) = −ln(1 − p(t)),

    K = Σ e(t) k(t) / Σ e(t),    loss = −Σ over sentences of w ln K(the kind that was made)

with w the inverse square root of the kind's number, so that the frequent kinds do not drown the rare ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from detector_fit import KINDS_TAUGHT, Ensemble, Recipe, Source, batches, tensors, train
from torch.nn import functional

from mtqa.detect.head import OUTPUTS, TYPES

#: DEMETR's phenomena that are a kind of ours. They are taught to the last layer only.
_DEMETR = {
    "critical_id20_shuffled": "word order",
    "critical_id21_adj_adv_removed": "dropped word",
    "critical_id22_verb_removed": "dropped word",
    "critical_id23_noun_removed": "dropped word",
    "critical_id24_subj_removed": "dropped word",
    "critical_id4_codemix": "untranslated word",
    "critical_id7_antonym": "wrong word",
    "major_id17_tense": "grammar",
    "major_id18_aspect": "grammar",
    "major_id3_hypernym": "wrong word",
    "major_id5_pp_removed": "dropped word",
    "minor_id12_conj_removed": "dropped word",
    "minor_id13_pos_shift": "grammar",
    "minor_id14_word_swap": "word order",
    "minor_id15_case": "grammar",
    "minor_id16_function_word": "grammar",
    "minor_id1_repeat2": "repetition",
    "minor_id28_final_punc_removed": "quotes and punctuation",
    "minor_id29_punc_addition": "quotes and punctuation",
    "minor_id2_repeat4": "repetition",
    "minor_id31_full_lower": "quotes and punctuation",
    "minor_id32_first_lower": "quotes and punctuation",
}
SENTENCE_KINDS = {**KINDS_TAUGHT, **_DEMETR}
#: Rounds over the sentences, sentences in a step, the rate it begins with, and the weights' decay.
ROUNDS, STEP, RATE, DECAY = 12, 256, 3e-3, 1e-3
FITTED = (ROUNDS, STEP, RATE, DECAY)
_FIRST = len(OUTPUTS) - len(TYPES)


@dataclass(frozen=True)
class Told:
    """Corrupted sentences of a known kind: ``units (n, M·S)`` float16 and ``evidence (n,)`` of their tokens,
    ``owner (n,)`` numbers the sentences from 0 on, in order; ``kinds (sentences,)``."""

    units: torch.Tensor
    evidence: torch.Tensor
    owner: np.ndarray
    kinds: np.ndarray


def trained(
    corpora: Sequence[Source], recipe: Recipe, seed: int, *, members: int = 1, device: str = "cpu"
) -> Ensemble:
    """Networks that have learned from every source (`detector_fit.train`), and then the kinds; on the CPU."""
    ensemble = train(corpora, recipe, seed, members=members, device=device)
    known = told(ensemble, corpora)
    fit_kinds(ensemble.cpu(), known, seed)
    return ensemble


def told(ensemble: Ensemble, corpora: Sequence[Source]) -> Told:
    """What the ensemble's last layer sees of the sentences whose kind is known."""
    units, evidence, owner, kinds = [], [], [], list[int]()
    for source in corpora:
        corpus = source.states
        named = [SENTENCE_KINDS.get(str(name)) for name in corpus.types]
        fits = np.array([kind is not None for kind in named]) & (corpus.labels == 1)
        numbers = np.cumsum(fits) - 1 + len(kinds)
        kinds += [TYPES.index(kind) for kind, fit in zip(named, fits, strict=True) if fit and kind]
        if not fits.any():
            continue
        for which in batches(corpus, 16384):
            sentence = corpus.sentence[which]
            own = (sentence >= 0) & fits[np.maximum(sentence, 0)]
            if own.any():
                seen, odds = _seen(ensemble, *tensors(corpus, which, ensemble.device), torch.from_numpy(own))
                units.append(seen.cpu())
                evidence.append(functional.softplus(odds).cpu())
                owner.append(numbers[sentence[own]])
    return Told(torch.cat(units), torch.cat(evidence), np.concatenate(owner), np.array(kinds))


def _seen(
    ensemble: Ensemble, hidden: torch.Tensor, features: torch.Tensor, run: torch.Tensor, own: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the ``own`` tokens: the hidden layer, and the log-odds of being corrupted."""
    with torch.no_grad():
        parts = ensemble.units(hidden, features, run)[own.to(hidden.device)]
        first = [
            functional.linear(part, layer.weight[:1], layer.bias[:1])
            for layer, part in zip(ensemble.out, parts.chunk(ensemble.members, dim=1), strict=True)
        ]
    return parts.half(), torch.stack(first).mean(0)[:, 0]


def fit_kinds(ensemble: Ensemble, known: Told, seed: int) -> None:
    """Fits the columns of the kinds in the ensemble's last layer."""
    weight = torch.cat([layer.weight[_FIRST:] for layer in ensemble.out], dim=1) / ensemble.members
    bias = torch.stack([layer.bias[_FIRST:] for layer in ensemble.out]).mean(0)
    weight, bias = weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_()
    counts = np.bincount(known.kinds, minlength=len(TYPES))
    balance = torch.from_numpy(1 / np.sqrt(np.maximum(counts, 1))).float()
    optimizer = torch.optim.AdamW([weight, bias], lr=RATE, weight_decay=DECAY)
    rng = np.random.default_rng([seed, 4])
    steps = [chosen for _ in range(ROUNDS) for chosen in _steps(len(known.kinds), rng)]
    starts = np.searchsorted(known.owner, np.arange(len(known.kinds) + 1))
    for done, chosen in enumerate(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - done / len(steps))
        places = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in chosen])
        owner = torch.from_numpy(np.repeat(np.arange(len(chosen)), starts[chosen + 1] - starts[chosen]))
        at, kinds = torch.from_numpy(places), torch.from_numpy(known.kinds[chosen])
        said = (known.units[at].float() @ weight.T + bias).softmax(dim=1) * known.evidence[at, None]
        total = torch.zeros(len(chosen), len(TYPES)).index_add(0, owner, said)
        shares = total.gather(1, kinds[:, None])[:, 0] / total.sum(1)
        optimizer.zero_grad()
        (-balance[kinds] * shares.clamp_min(1e-6).log()).sum().div(balance[kinds].sum()).backward()
        optimizer.step()
    with torch.no_grad():
        for layer, part in zip(ensemble.out, weight.chunk(ensemble.members, dim=1), strict=True):
            layer.weight[_FIRST:] = part * ensemble.members
            layer.bias[_FIRST:] = bias


def _steps(count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(count)
    for at in range(0, count, STEP):
        yield order[at : at + STEP]
