"""What a causal transformers model would write next, and what it says of several ways to go on.

Keys, values and last states of what was read are kept, so that a text is read once however often it, or a
beginning of it, is asked about, and a text that shares its beginning only from where it differs. One text at
a time; logits stay here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mtqa.errors import RunError, one_line
from mtqa.lm.backend import Continuation, NextTokens
from mtqa.lm.torch_running import out_of_memory
from mtqa.records import Floats, Ints

if TYPE_CHECKING:
    import torch

#: Positions in a pass at least, for the reason at `mtqa.lm.torch_causal._LEAST_WIDTH`.
_LEAST_POSITIONS = 4
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
        self._states: list[torch.Tensor] = []  # (width,) behind each of the ids

    def next(self, ids: Sequence[int], most: int) -> NextTokens:
        """The ``most`` likeliest tokens behind ``ids``. Raises `RunError`."""
        import torch

        at = self._read(self._fitting(ids, 0))
        log_p = torch.log_softmax(self._logits(self._states[at - 1][None])[0], dim=-1)
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
        at = self._read(self._fitting(ids, longest))
        at_once = max(1, _PASS_POSITIONS // max(longest, 1))
        found: list[Continuation] = []
        for i in range(0, len(rows), at_once):
            found += self._continued(at, [list(row) for row in rows[i : i + at_once]], head_rows)
        return found

    def _fitting(self, ids: Sequence[int], more: int) -> list[int]:
        """The start token and ``ids``; a text too long for the model loses its beginning."""
        room = self._max_tokens - 1 - more
        if room < 0:
            raise RunError(f"{more} tokens behind a beginning: this model reads at most {self._max_tokens}")
        return [self._start_id, *(list(ids)[-room:] if room else [])]

    def _continued(self, at: int, rows: list[list[int]], head_rows: int) -> list[Continuation]:
        """One pass over the rows, behind the first ``at`` tokens of what was read."""
        import torch

        states = self._row_states(at, rows)  # one a place: in front of each token, and behind the last
        # No token is asked about at a row's last place: the one that stands in for it is not used.
        targets = [token for row in rows for token in (*row, self._start_id)]
        surprisal, likeliest = self._said(torch.cat(states), targets, head_rows)
        ends = np.cumsum([len(row) + 1 for row in rows])
        return [
            Continuation(surprisal[end - len(row) - 1 : end - 1], likeliest[end - len(row) - 1 : end])
            for row, end in zip(rows, ends, strict=True)
        ]

    def _row_states(self, at: int, rows: list[list[int]]) -> list[torch.Tensor]:
        """For each row its states ``(n + 1, width)``, the one in front of it first.

        A row that goes on as the text that was read did has been read already.
        """
        import torch

        known = [self._ids[at : at + len(row)] == row for row in rows]
        new = [row for row, is_known in zip(rows, known, strict=True) if not is_known]
        read: list[torch.Tensor] = []
        if new:
            width = max(*(len(row) for row in new), -(-_LEAST_POSITIONS // len(new)))
            ids = torch.full((len(new), width), self._start_id, dtype=torch.long)  # (B, T), padded right
            for i, row in enumerate(new):
                ids[i, : len(row)] = torch.tensor(row)
            read = list(self._pass(ids.to(self._states[0].device), self._spread(at, len(new)), at))
        fresh, states = iter(read), []
        for row, is_known in zip(rows, known, strict=True):
            behind = self._states[at : at + len(row)] if is_known else list(next(fresh)[: len(row)])
            states.append(torch.stack([self._states[at - 1], *behind]))
        return states

    def _said(self, places: torch.Tensor, targets: Sequence[int], head_rows: int) -> tuple[Floats, Ints]:
        """At ``places (N, width)``, the targets' surprisal in nats, and the likeliest tokens, ``(N,)``."""
        import torch

        wanted = torch.tensor(list(targets), device=places.device)
        surprisal, likeliest = [], []
        for i in range(0, len(places), head_rows):
            logits = self._logits(places[i : i + head_rows])
            own = logits.gather(1, wanted[i : i + head_rows, None])[:, 0]
            surprisal.append(torch.logsumexp(logits, dim=-1) - own)
            likeliest.append(logits.argmax(dim=-1))
        nats = torch.cat(surprisal)
        if not bool(torch.isfinite(nats).all()):
            raise RunError("the model gave a number that is not finite; use dtype float32")
        return nats.clamp_(min=0.0).cpu().numpy(), torch.cat(likeliest).cpu().numpy().astype(np.int32)

    def _read(self, wanted: list[int]) -> int:
        """See to it that the ids, start token included, are the beginning of what was read; how many."""
        import torch

        shared = self._keep(wanted)
        if shared < len(wanted):
            device = self._decoder.get_input_embeddings().weight.device
            states = self._pass(torch.tensor([wanted[shared:]], device=device), self._cache, shared)
            self._states += list(states[0])
            self._ids = wanted
        return len(wanted)

    def _pass(self, ids: torch.Tensor, cache: Any, at: int) -> torch.Tensor:
        """States ``(B, T, width)`` of ``ids (B, T)`` behind the ``at`` tokens in the cache, which grows."""
        import torch

        positions = torch.arange(at, at + ids.shape[1], device=ids.device)[None]
        try:
            output = self._decoder(
                input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True
            )
        except BaseException as error:
            self._forget()  # some of the layers may have written to the cache already
            if out_of_memory(error) or not isinstance(error, RuntimeError | TypeError):
                raise
            raise RunError(
                f"the model can't write behind {at} tokens ({one_line(error, 160)}); try another one"
            ) from error
        states: torch.Tensor = output.last_hidden_state
        return states

    def _spread(self, at: int, rows: int) -> Any:
        """The cache's first ``at`` tokens, copied for as many rows."""
        from transformers import DynamicCache

        spread = DynamicCache()
        for index, layer in enumerate(self._cache.layers):
            keys, values = (t[:, :, :at].expand(rows, -1, -1, -1) for t in (layer.keys, layer.values))
            spread.update(keys, values, index)
        return spread

    def _keep(self, wanted: list[int]) -> int:
        """How many tokens need not be read again; what was read beyond them is dropped where it differs."""
        shared = 0
        for old, new in zip(self._ids, wanted, strict=False):
            if old != new:
                break
            shared += 1
        if not shared or self._cache is None:
            self._forget()
        elif shared < min(len(self._ids), len(wanted)):
            self._cache.crop(shared - len(self._ids))
            del self._ids[shared:], self._states[shared:]
        return shared

    def _forget(self) -> None:
        from transformers import DynamicCache

        # Without the model's config every layer keeps all it has read: a sliding one could not be cut back.
        self._cache, self._ids, self._states = DynamicCache(), [], []
