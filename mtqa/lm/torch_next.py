"""What a causal transformers model would write next: the likeliest tokens behind a text that grows.

Keys and values of what was read last are kept, so that a text is read once however often it is asked about,
and a text that shares its beginning only from where it differs. One text at a time; logits stay here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtqa.errors import RunError, one_line
from mtqa.lm.backend import NextTokens

if TYPE_CHECKING:
    import torch


class NextTokenReader:
    """Reads ids behind the start token; see `mtqa.lm.torch_causal.TorchCausalBackend.next_tokens`."""

    def __init__(
        self, decoder: Any, logits: Callable[[torch.Tensor], torch.Tensor], *, start_id: int, max_tokens: int
    ) -> None:
        """``decoder``: the model without its head. ``logits``: its states ``(N, width)`` to ``(N, V)``."""
        self._decoder, self._logits = decoder, logits
        self._start_id, self._max_tokens = start_id, max_tokens
        self._cache: Any = None
        self._ids: list[int] = []

    def next(self, ids: Sequence[int], most: int) -> NextTokens:
        """The ``most`` likeliest tokens behind ``ids``. Raises `RunError`."""
        import torch

        # A text too long for the model loses its beginning.
        wanted = [self._start_id, *list(ids)[-(self._max_tokens - 1) :]]
        state = self._read(wanted)  # (1, width)
        log_p = torch.log_softmax(self._logits(state)[0], dim=-1)
        if not bool(torch.isfinite(log_p).all()):
            raise RunError("the model gave a number that is not finite; use dtype float32")
        top = torch.topk(log_p, min(most, log_p.shape[0]))
        return NextTokens(
            top.indices.cpu().numpy().astype(np.int32), top.values.cpu().numpy().astype(np.float32)
        )

    def _read(self, wanted: list[int]) -> torch.Tensor:
        import torch

        kept = self._keep(wanted)
        device = self._decoder.get_input_embeddings().weight.device
        ids = torch.tensor([wanted[kept:]], device=device)
        positions = torch.arange(kept, len(wanted), device=device)[None]
        try:
            output = self._decoder(
                input_ids=ids, position_ids=positions, past_key_values=self._cache, use_cache=True
            )
        except (RuntimeError, TypeError) as error:
            self._forget()
            raise RunError(
                f"the model can't write behind {len(wanted)} tokens ({one_line(error, 160)}); try another one"
            ) from error
        self._ids = wanted
        state: torch.Tensor = output.last_hidden_state[:, -1]
        return state

    def _keep(self, wanted: list[int]) -> int:
        """How many tokens need not be read again; the last one always is, its state being wanted."""
        shared = 0
        for old, new in zip(self._ids, wanted[:-1], strict=False):
            if old != new:
                break
            shared += 1
        if not shared or self._cache is None:
            self._forget()
        elif shared < len(self._ids):
            self._cache.crop(shared - len(self._ids))
        return shared

    def _forget(self) -> None:
        from transformers import DynamicCache

        # Without the model's config every layer keeps all it has read: a sliding one could not be cut back.
        self._cache, self._ids = DynamicCache(), []
