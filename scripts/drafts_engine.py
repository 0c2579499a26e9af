"""A small neural translation engine that is taught from nothing, and stopped while it still learns.

A Transformer (Vaswani et al. 2017) from Apertium's Spanish, Catalan, Esperanto and Galician to the English
that they were made from. Long before it can, it writes as poor engines do: fluent, round in circles, of
something else. `write_drafts` says what it is taught and what it translates.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from drafts_learning import batches, rounded, stepped
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional

Pairs = Sequence[tuple[str, str]]

#: Pieces of words, width, layers on either side, and the sentences of a batch.
PIECES, WIDTH, LAYERS, BATCH = 8000, 384, 3, 128
#: Learning rate, at the end of as many steps of warming up; it falls with their inverse square root.
RATE, WARM, SMOOTHED = 1e-3, 400, 0.1
#: Longer sentences, in pieces, teach nothing.
LONGEST = 110
#: Beams, as engines use them, and sentences that are translated at a time.
BEAMS, TOGETHER = 3, 384
PAD, END = 0, 1


class Engine:
    """The network and its pieces of words; ``device``: where it learns and translates."""

    def __init__(self, texts: Sequence[str], *, seed: int, device: str) -> None:
        """``texts``: of all languages, from which the pieces are learned."""
        from transformers import MarianConfig, MarianMTModel

        self._pieces, self._device, self._seed = _pieces_of(texts), device, seed
        torch.manual_seed(seed)
        both = {"layers": LAYERS, "attention_heads": WIDTH // 64, "ffn_dim": 4 * WIDTH}
        sides = {f"{side}_{name}": n for side in ("encoder", "decoder") for name, n in both.items()}
        config = MarianConfig(
            vocab_size=self._pieces.get_vocab_size(),
            d_model=WIDTH,
            dropout=0.1,
            pad_token_id=PAD,
            eos_token_id=END,
            forced_eos_token_id=None,
            decoder_start_token_id=PAD,
            max_position_embeddings=256,
            scale_embedding=True,
            **sides,
        )
        self._model = MarianMTModel(config).to(device)

    def taught(self, pairs: Pairs, stops: Sequence[int]) -> Iterator[int]:
        """Learns from (foreign, English); stops behind as many steps as each of ``stops`` says."""
        optimizer = torch.optim.AdamW(self._model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
        for step, batch in enumerate(itertools.islice(self._batches(pairs), max(stops)), 1):
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(step / WARM, (WARM / step) ** 0.5)
            loss = self._step(optimizer, batch)
            print(f"\rengine: step {step}, loss {loss:.2f} ", end="", file=sys.stderr, flush=True)
            if step in stops:
                print(file=sys.stderr)
                yield step

    def translated(self, sources: Sequence[str]) -> list[str]:
        """Each foreign text in English."""
        self._model.eval()
        coded, made = self._coded(sources), [""] * len(sources)
        order = sorted(range(len(sources)), key=lambda i: len(coded[i]))
        for at in range(0, len(order), TOGETHER):
            own = order[at : at + TOGETHER]
            x = _padded([coded[i] for i in own]).to(self._device)
            most = min(200, int(1.5 * x.shape[1]) + 12)
            with torch.no_grad(), rounded(self._device):
                rows = self._model.generate(
                    input_ids=x,
                    attention_mask=(x != PAD).long(),
                    num_beams=BEAMS,
                    max_length=most,
                    do_sample=False,
                )
            for i, row in zip(own, rows.tolist(), strict=True):
                ids = itertools.takewhile(lambda piece: piece != END, row[1:])
                made[i] = " ".join(self._pieces.decode([piece for piece in ids if piece != PAD]).split())
        self._model.train()
        return made

    def _coded(self, texts: Sequence[str]) -> list[list[int]]:
        return [[*coding.ids, END] for coding in self._pieces.encode_batch(list(texts))]

    def _batches(self, pairs: Pairs) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Endlessly; sentences of a length together."""
        rng = np.random.default_rng(self._seed)
        coded = zip(self._coded([a for a, _ in pairs]), self._coded([b for _, b in pairs]), strict=True)
        fit = [(a, b) for a, b in coded if max(len(a), len(b)) <= LONGEST]
        if not fit:
            raise ValueError(f"no sentence of at most {LONGEST} pieces teaches the engine")
        while True:
            for batch in batches([len(b) for _, b in fit], BATCH, rng):
                own = [fit[i] for i in batch]
                yield _padded([a for a, _ in own]), _padded([b for _, b in own])

    def _step(self, optimizer: torch.optim.Optimizer, batch: tuple[torch.Tensor, torch.Tensor]) -> float:
        x, y = (side.to(self._device) for side in batch)
        before = torch.cat([torch.full_like(y[:, :1], PAD), y[:, :-1]], dim=1)
        with rounded(self._device):
            made = self._model(
                input_ids=x, attention_mask=(x != PAD).long(), decoder_input_ids=before, use_cache=False
            )
            loss = functional.cross_entropy(
                made.logits.float().flatten(0, 1), y.flatten(), ignore_index=PAD, label_smoothing=SMOOTHED
            )
        return stepped(optimizer, self._model, loss)


def _pieces_of(texts: Sequence[str]) -> Tokenizer:
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES,
        special_tokens=["<pad>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator(texts, trainer)
    return pieces


def _padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])
