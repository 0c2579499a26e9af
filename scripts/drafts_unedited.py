"""The language model, taught from real post-edits to make of a sound sentence the draft it could come from.

What learners of grammar correction call back-translation of errors (Xie et al. 2018): trained on pairs of a
post-edit and the raw translation that it was made of, it writes for any sound sentence a translation that a
post-editor would have had to change, with the faults of real engines and not of rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from detector_sampled import loaded
from drafts_learning import batches, rounded, stepped
from torch.nn import functional

from mtqa.lm.catalogue import CATALOGUE

#: Batches, times that all is read, the highest learning rate (it falls to a twentieth), steps up to it.
BATCH, EPOCHS, RATE, WARM = 64, 2, 2e-4, 50
#: Written at a time, and of the likelier tokens this mass.
TOGETHER, MASS = 512, 0.95
#: What of the targets does not count.
_NOT = -100


@dataclass(frozen=True)
class Lesson:
    """A post-edit, its raw translation, and how good people found that: the word that asks for such a one."""

    quality: str
    edited: str
    draft: str


class Unediting:
    """A model of the catalogue; what it learns is not kept."""

    def __init__(self, name: str, *, seed: int, device: str) -> None:
        model, self._tokenizer = loaded(name)
        self._model: Any = model.to(device)
        # What begins a text ends it, too.
        self._end = int(self._tokenizer.convert_tokens_to_ids(CATALOGUE[name].start_token))
        self._device, self._seed = device, seed

    def learn(self, lessons: Sequence[Lesson]) -> None:
        """Takes in the lessons, `EPOCHS` times."""
        optimizer = torch.optim.AdamW(self._model.parameters(), lr=RATE, weight_decay=0.01)
        total = EPOCHS * -(-len(lessons) // BATCH)
        self._model.train()
        for step, batch in enumerate(self._batches(lessons), 1):
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, step / WARM) * max(0.05, 1 - (step - 1) / total)
            loss = self._step(optimizer, batch)
            told = f"\runediting: step {step} of {total}, loss {loss:.2f} "
            print(told, end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        self._model.eval()

    def drafts(self, sound: Sequence[str], quality: str) -> list[str]:
        """For each sentence a draft of it, drawn."""
        torch.manual_seed(self._seed)
        made, asked = [""] * len(sound), [self._asked(quality, text) for text in sound]
        order = sorted(range(len(sound)), key=lambda i: len(asked[i]))
        for at in range(0, len(order), TOGETHER):
            own = order[at : at + TOGETHER]
            longest = max(len(asked[i]) for i in own)
            ids = torch.tensor([[self._end] * (longest - len(asked[i])) + asked[i] for i in own])
            mask = torch.tensor([[0] * (longest - len(asked[i])) + [1] * len(asked[i]) for i in own])
            with torch.no_grad(), rounded(self._device):
                rows = self._model.generate(
                    input_ids=ids.to(self._device),
                    attention_mask=mask.to(self._device),
                    do_sample=True,
                    top_p=MASS,
                    top_k=0,
                    max_new_tokens=int(1.2 * longest) + 10,
                    eos_token_id=self._end,
                    pad_token_id=self._end,
                )
            for i, row in zip(own, rows[:, longest:].tolist(), strict=True):
                kept = row[: row.index(self._end)] if self._end in row else row
                made[i] = " ".join(self._tokenizer.decode(kept).split())
        return made

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _asked(self, quality: str, edited: str) -> list[int]:
        return [self._end, *self._ids(f"{quality}: {edited}\n")]

    def _batches(self, lessons: Sequence[Lesson]) -> Iterator[Sequence[Lesson]]:
        rng = np.random.default_rng(self._seed)
        for _ in range(EPOCHS):
            for batch in batches([len(lesson.edited) for lesson in lessons], BATCH, rng):
                yield [lessons[i] for i in batch]

    def _step(self, optimizer: torch.optim.Optimizer, batch: Sequence[Lesson]) -> float:
        asked = [self._asked(one.quality, one.edited) for one in batch]
        answers = [[*self._ids(one.draft), self._end] for one in batch]
        longest = max(len(a) + len(b) for a, b in zip(asked, answers, strict=True))
        rest = [longest - len(a) - len(b) for a, b in zip(asked, answers, strict=True)]
        rows = zip(asked, answers, rest, strict=True)
        both = [(a + b + [self._end] * n, [_NOT] * len(a) + b + [_NOT] * n) for a, b, n in rows]
        ids, wanted = (torch.tensor(side).to(self._device) for side in zip(*both, strict=True))
        with rounded(self._device):
            logits = self._model(input_ids=ids, use_cache=False).logits[:, :-1].float()
            loss = functional.cross_entropy(logits.flatten(0, 1), wanted[:, 1:].flatten(), ignore_index=_NOT)
        return stepped(optimizer, self._model, loss)
