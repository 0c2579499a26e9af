"""What a causal transformers model would write next, and what it says of several ways to go on.

Keys and values of what was read last are kept, so that a text is read once however often it is asked about,
and a text that shares its beginning only from where it differs. One text at a time; logits stay here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtqa.errors import RunError, one_line
from mtqa.lm.backend import Continuation, NextTokens
from mtqa.records import Floats, Ints

if TYPE_CHECKING:
    import torch

#: Positions in a pass at least, for the reason at `mtqa.lm.torch_causal._LEAST_WIDTH`.
_LEAST_WIDTH = 4
#: Positions in a pass over several rows, about.
_PASS_POSITIONS = 1024


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
        self._state: torch.Tensor | None = None

    def next(self, ids: Sequence[int], most: int) -> NextTokens:
        """The ``most`` likeliest tokens behind ``ids``. Raises `RunError`."""
        import torch

        state = self._read(self._fitting(ids, 0))  # (1, width)
        log_p = torch.log_softmax(self._logits(state)[0], dim=-1)
        if not bool(torch.isfinite(log_p).all()):
            raise RunError("the model gave a number that is not finite; use dtype float32")
        top = torch.topk(log_p, min(most, log_p.shape[0]))
        return NextTokens(
            top.indices.cpu().numpy().astype(np.int32), top.values.cpu().numpy().astype(np.float32)
        )

    def continuations(
        self, ids: Sequence[int], rows: Sequence[Sequence[int]], head_rows: int
    ) -> list[Continuation]:
        """See `mtqa.lm.backend.ContinuationModel`; ``head_rows`` positions go through the head together."""
        longest = max((len(row) for row in rows), default=0)
        state = self._read(self._fitting(ids, longest))
        at_once = max(1, _PASS_POSITIONS // max(longest, 1))
        found: list[Continuation] = []
        for i in range(0, len(rows), at_once):
            found += self._continued(state, rows[i : i + at_once], head_rows)
        return found

    def _fitting(self, ids: Sequence[int], more: int) -> list[int]:
        """The start token and ``ids``; a text too long for the model loses its beginning."""
        room = self._max_tokens - 1 - more
        if room < 1:
            raise RunError(f"{more} tokens and a beginning: this model reads at most {self._max_tokens}")
        return [self._start_id, *list(ids)[-room:]]

    def _continued(
        self, state: torch.Tensor, rows: Sequence[Sequence[int]], head_rows: int
    ) -> list[Continuation]:
        """One pass over rows, padded on the right, behind the text that ended in ``state (1, width)``."""
        import torch

        width = max(_LEAST_WIDTH, *(len(row) for row in rows))
        ids = torch.full((len(rows), width), self._start_id, dtype=torch.long)  # (B, T)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.as_tensor(np.asarray(row, dtype=np.int64))
        ids = ids.to(state.device)
        states = self._pass(ids, self._spread(len(rows)), len(self._ids))  # (B, T, width)
        # In front of each token, and behind the last: one place more than there are tokens.
        ahead = torch.cat([state[:, None].expand(len(rows), -1, -1), states], dim=1)
        after = torch.nn.functional.pad(ids, (0, 1), value=self._start_id)
        places = torch.cat([ahead[i, : len(row) + 1] for i, row in enumerate(rows)])
        targets = torch.cat([after[i, : len(row) + 1] for i, row in enumerate(rows)])
        surprisal, likeliest = self._said(places, targets, head_rows)
        ends = np.cumsum([len(row) + 1 for row in rows])
        return [
            Continuation(surprisal[end - len(row) - 1 : end - 1], likeliest[end - len(row) - 1 : end])
            for row, end in zip(rows, ends, strict=True)
        ]

    def _said(self, places: torch.Tensor, targets: torch.Tensor, head_rows: int) -> tuple[Floats, Ints]:
        """At ``places (N, width)``, the targets' surprisal in nats, and the likeliest tokens, ``(N,)``."""
        import torch

        surprisal, likeliest = [], []
        for i in range(0, len(places), head_rows):
            logits = self._logits(places[i : i + head_rows])
            own = logits.gather(1, targets[i : i + head_rows, None])[:, 0]
            surprisal.append(torch.logsumexp(logits, dim=-1) - own)
            likeliest.append(logits.argmax(dim=-1))
        nats = torch.cat(surprisal)
        if not bool(torch.isfinite(nats).all()):
            raise RunError("the model gave a number that is not finite; use dtype float32")
        return nats.clamp_(min=0.0).cpu().numpy(), torch.cat(likeliest).cpu().numpy().astype(np.int32)

    def _read(self, wanted: list[int]) -> torch.Tensor:
        """The state ``(1, width)`` behind the ids, start token included; nothing is read twice."""
        import torch

        if self._state is not None and wanted == self._ids:
            return self._state
        kept = self._keep(wanted)
        device = self._decoder.get_input_embeddings().weight.device
        ids = torch.tensor([wanted[kept:]], device=device)
        states = self._pass(ids, self._cache, kept)
        self._ids, self._state = wanted, states[:, -1]
        return self._state

    def _pass(self, ids: torch.Tensor, cache: Any, at: int) -> torch.Tensor:
        """States ``(B, T, width)`` of ``ids (B, T)`` behind the ``at`` tokens in the cache, which grows."""
        import torch

        positions = torch.arange(at, at + ids.shape[1], device=ids.device)[None]
        try:
            output = self._decoder(
                input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True
            )
        except (RuntimeError, TypeError) as error:
            self._forget()
            raise RunError(
                f"the model can't write behind {at} tokens ({one_line(error, 160)}); try another one"
            ) from error
        states: torch.Tensor = output.last_hidden_state
        return states

    def _spread(self, rows: int) -> Any:
        """A copy of the cache for as many rows."""
        from transformers import DynamicCache

        spread = DynamicCache()
        for index, layer in enumerate(self._cache.layers):
            wide = (t.expand(rows, -1, -1, -1) for t in (layer.keys, layer.values))
            spread.update(*wide, index)
        return spread

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
        self._cache, self._ids, self._state = DynamicCache(), [], None
