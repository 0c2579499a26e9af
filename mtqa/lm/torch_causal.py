"""Causal transformers models under PyTorch.

One forward pass of the decoder over a padded batch of windows; then the language-model head and
all statistics in chunks of positions, so that memory grows neither with vocabulary ×
length nor with the number of windows. Padding goes on the right, where a causal model can't see it,
and is dropped before the head.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mtqa.errors import ConfigError, ModelError, RunError
from mtqa.lm.backend import Continuation, NextTokens, Tokens, TokenStatistics, Window
from mtqa.lm.local import ModelFiles, parameters, refuse_foreign_model
from mtqa.lm.statistics import Rows, head_statistics
from mtqa.lm.tokens import DocumentTokenizer
from mtqa.lm.torch_loading import load_model, max_tokens, pick_device, pick_dtype, text_config
from mtqa.lm.torch_running import running
from mtqa.lm.windows import LEAST_WINDOW, batches
from mtqa.records import Floats, ModelIdentity, Projection

if TYPE_CHECKING:
    import torch

    from mtqa.lm.torch_next import NextTokenReader

#: Logits that exist at one time, in numbers, and how many of them go through the sums together. On two cores
#: with AVX2 (SmolLM2-135M, 49,152 words) 512 positions took 341 ms in chunks of 128 and their sums in one
#: piece, 310 with the sums 16 positions at a time; with one buffer for all chunks' logits 300 in chunks of
#: 128, 276 of 192, 253 of 256; the head's own product in one piece takes 210. An article of 50 pages took
#: 1,161, 1,187 and 1,215 MB with these three. On a GPU small pieces only cost launches.
_HEAD_LOGITS = {"cpu": 192 * 49_152, "mps": 256 * 49_152, "cuda": 1024 * 49_152}
_SUM_LOGITS = {**_HEAD_LOGITS, "cpu": 16 * 49_152}
_HEAD_ROWS_LEAST = 128

#: Padded tokens in one forward pass. On the same two cores 150 sentences of 18 tokens went at 380 a second
#: with 2,048 (29 % of them padding), at 500 with 384 (8 %), at 460 with 128 (2 %).
_BATCH_TOKENS = {"cpu": 384, "mps": 4096, "cuda": 32768}

#: Positions in a pass at least. Passes of two or three go through a kernel of MKL's whose float32 error is
#: five times that of all longer ones (4e-4 nats against 8e-5): two words alone and in a batch would differ.
_LEAST_WIDTH = 4

#: Tokens by which a model is tried: on a GPU so many that they go through the same attention as real text
#: (MPS has one of its own up to 8).
_CHECKED = {"cpu": 8, "cuda": 40, "mps": 40}

#: How far the model's own output may be from ours, (absolute, relative). Both come of the same operations; in
#: 16 bits one of them is rounded by less than a hundredth.
_EQUAL = {"float32": (1e-3, 1e-3)}
_EQUAL_NARROW = (0.05, 0.02)

#: What architectures call the factors of their logits, and the bounds that these are pressed into by a tanh.
_FACTORS = ("logit_scale", "lm_head_multiplier")
_CAPS = ("final_logit_softcapping", "logits_soft_cap")


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to run a model. ``threads`` None leaves PyTorch's own number."""

    device: str = "auto"
    dtype: str = "auto"
    threads: int | None = None
    start_token: str | None = None
    batch_tokens: int | None = None


class TorchCausalBackend:
    """A `mtqa.lm.backend.Backend` over a directory that transformers can load."""

    def __init__(self, source: ModelFiles, options: LoadOptions | None = None) -> None:
        """Loads tokenizer and weights.

        Raises `ModelError`, `ConfigError` for device and dtype, `RunError` where memory is too small.
        """
        options = options or LoadOptions()
        refuse_foreign_model(source.directory)
        self._tokenizer = DocumentTokenizer(
            source.directory, start_token=options.start_token or source.start_token
        )
        self._device = pick_device(options.device)
        self._dtype = pick_dtype(
            options.dtype, self._device, source.disallowed_dtypes, lambda: parameters(source.directory)
        )
        self._threads = options.threads
        self._model = load_model(source.directory, self._dtype, self._device)
        self._config = text_config(self._model)
        self._budget = options.batch_tokens or _BATCH_TOKENS[self._device]
        self._head_rows = head_rows(self._device, self._model.get_output_embeddings().weight.shape[0])
        self._identity = ModelIdentity(
            name=source.name,
            weights_sha256=source.weights_sha256,
            tokenizer_sha256=source.tokenizer_sha256,
            start_token=self._tokenizer.start_token,
            start_id=self._tokenizer.start_id,
            dtype=self._dtype,
            max_tokens=max_tokens(self._config),
            languages=source.languages,
        )
        self._reader: NextTokenReader | None = None
        #: Layers → may they be asked for by their numbers? See `_by_number`.
        self._numbered: dict[tuple[int, ...], bool] = {}
        #: One question at a time: what was read last is remembered, and a pass takes all the cores anyway.
        self._asked = threading.RLock()
        with self._running():
            self._check()

    @property
    def identity(self) -> ModelIdentity:
        """What of the model moves its numbers."""
        return self._identity

    @property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        return self._device

    @property
    def batch_tokens(self) -> int:
        """Padded tokens in one forward pass, at most; a longer window goes alone."""
        return self._budget

    def tokenize(self, text: str) -> Tokens:
        """The text's tokens, special-token strings in it taken as plain text."""
        return self._tokenizer.tokenize(text)

    def pieces(self, ids: Sequence[int]) -> Mapping[int, str]:
        """The text of each token id."""
        return self._tokenizer.pieces(ids)

    def score(
        self, windows: Sequence[Window], *, layers: Sequence[int] = (), projection: Projection | None = None
    ) -> list[TokenStatistics]:
        """See `Backend.score`. Results do not depend on how windows are batched (1e-4 nats)."""
        count = self._config.num_hidden_layers
        for layer in layers:
            if not 1 <= layer <= count:
                raise ConfigError(f"layer {layer}: this model has layers 1 to {count}")
        results: list[TokenStatistics | None] = [None] * len(windows)
        lengths = [len(w.ids) + 1 for w in windows]
        with self._asked, self._running():
            for batch in batches(lengths, self._budget):
                scored = self._score_batch([windows[i] for i in batch], layers, projection)
                for index, statistics in zip(batch, scored, strict=True):
                    results[index] = statistics
        return [r for r in results if r is not None]

    def next_tokens(self, ids: Sequence[int], *, most: int = 512) -> NextTokens:
        """See `mtqa.lm.backend.NextTokenModel`; what was read last is remembered (`mtqa.lm.torch_next`)."""
        with self._asked, self._running():
            return self._next_reader().next(ids, most)

    def continuations(self, ids: Sequence[int], rows: Sequence[Sequence[int]]) -> list[Continuation]:
        """See `mtqa.lm.backend.ContinuationModel`; what was read last is remembered here too."""
        with self._asked, self._running():
            return self._next_reader().continuations(ids, rows, self._head_rows.head)

    def similarity(self, ids: Sequence[int], rows: Sequence[Sequence[int]]) -> Floats:
        """See `mtqa.lm.backend.EmbeddingModel`."""
        import torch

        with self._asked, self._running():
            weight = self._model.get_input_embeddings().weight
            flat = torch.tensor([i for row in (ids, *rows) for i in row], device=self._device)
            owner = torch.tensor([n for n, row in enumerate((ids, *rows)) for _ in row], device=self._device)
            sums = torch.zeros(len(rows) + 1, weight.shape[1], device=self._device)
            sums.index_add_(0, owner, weight[flat].float())
            unit = torch.nn.functional.normalize(sums, dim=1)
            found: Floats = (unit[1:] @ unit[0]).cpu().numpy()
            return found

    @property
    def _decoder(self) -> Any:
        return _decoder_of(self._model)

    def _next_reader(self) -> NextTokenReader:
        if self._reader is None:
            from mtqa.lm.torch_next import NextTokenReader

            start, limit = self._identity.start_id, self._identity.max_tokens
            self._reader = NextTokenReader(self._decoder, self._logits, start_id=start, max_tokens=limit)
        return self._reader

    def _score_batch(
        self, windows: Sequence[Window], layers: Sequence[int], projection: Projection | None
    ) -> list[TokenStatistics]:
        import torch

        width = max(_LEAST_WIDTH, max(len(w.ids) for w in windows) + 1)
        ids = torch.full((len(windows), width), self._identity.start_id, dtype=torch.long)  # (B, T)
        for row, window in enumerate(windows):
            ids[row, 1 : len(window.ids) + 1] = torch.from_numpy(window.ids.astype(np.int64))
        states, deeper = self._states(ids.to(self._device), layers)  # (B, T, width), and one for each layer
        # The state at position t predicts the token at t + 1: token i of a window is at i + 1.
        places = [(row, i) for row, w in enumerate(windows) for i in range(w.scored_from, len(w.ids))]
        rows = torch.tensor([p[0] for p in places], device=self._device)
        columns = torch.tensor([p[1] for p in places], device=self._device)
        targets = ids.to(self._device)[rows, columns + 1]
        joined = head_statistics(self._logits, states[rows, columns], targets, self._head_rows)
        hidden = None
        if deeper:
            read = torch.cat([d[rows, columns + 1] for d in deeper], dim=-1).float()
            hidden = (_projected(read, projection) if projection else read).cpu().numpy()
        return _split(joined, hidden, [len(w.ids) - w.scored_from for w in windows])

    def _states(self, ids: torch.Tensor, layers: Sequence[int]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        # The layers' numbers, where True would do, keep their states alone: 5 MB each of 146 for a window
        # of SmolLM2-135M. Architectures (and older transformers) that know only yes and no take them for yes.
        asked: list[int] | bool = bool(layers)
        if layers and self._by_number(tuple(layers)):
            asked = list(layers)
        output = self._decoded(ids, asked)
        return output.last_hidden_state, [output.hidden_states[layer] for layer in layers]

    def _decoded(self, ids: torch.Tensor, states: list[int] | bool) -> Any:
        return self._decoder(input_ids=ids, use_cache=False, output_hidden_states=states)

    def _by_number(self, layers: tuple[int, ...]) -> bool:
        """Whether asking for these layers alone gives what asking for all of them gives.

        In transformers 5.17 to 5.22 a list of numbers gives a tuple without the embeddings: each state is
        that of the next layer. 5.0 and 5.1 take a list for yes.
        """
        if layers not in self._numbered:
            import torch

            ids = torch.full((1, _LEAST_WIDTH), self._identity.start_id, device=self._device)
            some, all_ = (self._decoded(ids, asked).hidden_states for asked in (list(layers), True))
            self._numbered[layers] = len(some) == len(all_) and all(
                some[layer] is not None and torch.equal(some[layer], all_[layer]) for layer in layers
            )
        return self._numbered[layers]

    def _logits(self, states: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """``(N, width)`` states to ``(N, vocabulary)`` float32 logits, as the model's own forward does.

        They are written to ``out`` where that can be done.
        """
        import torch

        config, head = self._config, self._model.get_output_embeddings()
        plain = type(head) is torch.nn.Linear and head.bias is None and head.weight.dtype == torch.float32
        if out is not None and plain:
            logits = torch.mm(states, head.weight.t(), out=out)
        else:
            logits = head(states).float()
        for factor in _values(config, _FACTORS):
            logits = logits * factor
        if (divisor := getattr(config, "logits_scaling", None)) is not None:
            logits = logits / divisor
        for cap in _values(config, _CAPS):
            logits = (logits / cap).tanh() * cap
        return logits

    def _check(self) -> None:
        """Refuse what would give silently wrong numbers: see each message."""
        import torch

        name, kind = self._identity.name, type(self._model).__name__
        if self._identity.max_tokens < LEAST_WINDOW:
            raise ModelError(
                f"{name}: it reads {self._identity.max_tokens} tokens at most; {LEAST_WINDOW} are the least"
            )
        vocabulary = self._model.get_input_embeddings().num_embeddings
        if self._tokenizer.size > vocabulary:
            raise ModelError(
                f"{name}: its tokenizer has {self._tokenizer.size} tokens, its weights only {vocabulary}: "
                "they are not of the same model"
            )
        start, width = self._identity.start_id, _CHECKED.get(self._device, _CHECKED["cpu"])
        width = min(width, self._identity.max_tokens)
        one = [start, *(1 + i % (vocabulary - 1) for i in range(width - 1))]
        ids = torch.tensor([one, [*one[:-1], (one[-1] + 1) % vocabulary]], device=self._device)
        ours = None if self._decoder is None else self._logits(self._states(ids, ())[0])
        theirs = self._model(input_ids=ids, use_cache=False).logits.float()
        absolute, relative = _EQUAL.get(self._dtype, _EQUAL_NARROW)
        equal = partial(torch.allclose, atol=absolute, rtol=relative)
        if ours is None or ours.shape != theirs.shape or not equal(ours, theirs):
            raise ModelError(
                f"{name}: architecture {kind} is not supported "
                "(its output is not that of its last hidden state and language-model head)"
            )
        if not equal(ours[0, :-1], ours[1, :-1]):
            raise ModelError(f"{name}: architecture {kind} is not causal (it sees the tokens that follow)")

    def _running(self) -> AbstractContextManager[None]:
        """Around all that the model is asked: see `mtqa.lm.torch_running.running`."""
        return running(self._threads, self._device)


def _decoder_of(model: Any) -> Any:
    """The model without its head, or None. Llama 4 names its own base wrongly, and so is it itself."""
    return model.base_model if model.base_model is not model else getattr(model, "model", None)


def _values(config: Any, names: Sequence[str]) -> list[float]:
    """Those of the settings that the config has."""
    return [value for name in names if (value := getattr(config, name, None)) is not None]


def _projected(states: torch.Tensor, projection: Projection) -> torch.Tensor:
    """`Projection.of` where the states ``(n, W)`` are; overwrites them."""
    import torch

    mean, scale, weights = (
        torch.from_numpy(values).to(states.device)
        for values in (projection.mean, projection.scale, projection.weights)
    )
    return states.sub_(mean).div_(scale).clamp_(-projection.clip, projection.clip) @ weights


def head_rows(device: str, vocabulary: int) -> Rows:
    """Positions that go through the language-model head, and through the sums over it, together.

    >>> head_rows("cpu", 49_152), head_rows("cpu", 262_144)
    (Rows(head=192, sums=16), Rows(head=128, sums=3))
    """
    head = max(_HEAD_ROWS_LEAST, _HEAD_LOGITS[device] // vocabulary)
    return Rows(head, min(head, max(1, _SUM_LOGITS[device] // vocabulary)))


def _split(
    joined: Mapping[str, np.ndarray],
    hidden: np.ndarray | None,
    counts: Sequence[int],
) -> list[TokenStatistics]:
    """The batch's rows, window by window; nothing that is not finite gets out."""
    bad = [name for name, values in joined.items() if not np.isfinite(values).all()]
    if bad or (hidden is not None and not np.isfinite(hidden).all()):
        raise RunError(
            f"the model gave a number that is not finite ({', '.join(bad) or 'hidden state'}); "
            "its weights may be damaged (mtqa models verify) or its dtype too narrow (--dtype float32)"
        )
    ends = np.cumsum(counts)
    return [
        TokenStatistics(
            **{name: values[end - n : end] for name, values in joined.items()},
            hidden=None if hidden is None else hidden[end - n : end],
        )
        for n, end in zip(counts, ends, strict=True)
    ]
