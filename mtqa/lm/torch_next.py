"""What a causal transformers model would write next, and what it says of several ways to go on.

Keys, values and last states of what was read are kept, so that a text is read once however often it, or a
beginning of it, is asked about, and a text that shares its beginning only from where it differs. A model that
can't go on from what was kept (state-space, hybrid and old ones) reads every text whole. One text at a time;
logits stay here.
"""

from __future__ import annotations

import inspect
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

#: Tokens that are kept in the trial of going on from them: see `mtqa.lm.torch_causal._CHECKED`.
_KEPT = {"cpu": 3, "cuda": 33, "mps": 33}

#: How far logits behind what was kept may be from a fresh pass's, as a share of their own size. In 40 small
#: random models they were off by 3e-7 where right and by 7e-4 to 1 where not.
_EQUAL, _EQUAL_NARROW = 1e-4, 0.05


class NextTokenReader:
    """Reads ids behind the start token; see `mtqa.lm.torch_causal.TorchCausalBackend.next_tokens`."""

    def __init__(
        self, decoder: Any, logits: Callable[[torch.Tensor], torch.Tensor], *, start_id: int, max_tokens: int
    ) -> None:
        """``decoder``: the model without its head. ``logits``: its states ``(N, width)`` to ``(N, V)``."""
        self._decoder, self._logits = decoder, logits
        self._start_id, self._max_tokens = start_id, max_tokens
        self._device = next(decoder.parameters()).device
        self._cache: Any = None
        self._ids: list[int] = []
        self._states: list[torch.Tensor] = []  # (width,) behind each of the ids
        # transformers 5.24 calls it another name, architecture by architecture.
        takes = inspect.signature(decoder.forward).parameters
        self._kept_as = "cache" if "cache" in takes else "past_key_values"
        self._goes_on = True
        self._goes_on = self._can_go_on()

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
        at_once = max(1, _PASS_POSITIONS // max(longest if self._goes_on else at + longest, 1))
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
        fresh, states = iter(self._behind(at, new) if new else ()), []
        for row, is_known in zip(rows, known, strict=True):
            behind = self._states[at : at + len(row)] if is_known else list(next(fresh)[: len(row)])
            states.append(torch.stack([self._states[at - 1], *behind]))
        return states

    def _behind(self, at: int, rows: list[list[int]]) -> torch.Tensor:
        """States ``(B, T, width)`` of the rows, padded, behind the first ``at`` tokens of what was read."""
        if not self._goes_on:
            return self._fresh([self._ids[:at] + row for row in rows])[:, at:]
        return self._pass(self._padded(rows), self._spread(at, len(rows)), at)

    def _fresh(self, rows: list[list[int]]) -> torch.Tensor:
        """States ``(B, T, width)`` of whole texts, padded, from a pass that keeps nothing."""
        states: torch.Tensor = self._decoder(input_ids=self._padded(rows), use_cache=False).last_hidden_state
        return states

    def _padded(self, rows: list[list[int]]) -> torch.Tensor:
        """The rows as ``ids (B, T)``, padded on the right."""
        import torch

        width = max(*(len(row) for row in rows), -(-_LEAST_POSITIONS // len(rows)))
        ids = torch.full((len(rows), width), self._start_id, dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
        return ids.to(self._device)

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
        if shared < len(wanted) and self._goes_on:
            new = torch.tensor([wanted[shared:]], device=self._device)
            states = self._pass(new, self._cache, shared)
            self._states += list(states[0])
            self._ids = wanted
        elif shared < len(wanted):
            self._states = list(self._fresh([wanted])[0, : len(wanted)])
            self._ids = wanted
        return len(wanted)

    def _can_go_on(self) -> bool:
        """Whether the model reads on from what is kept as it would read the whole; tried once, on few tokens.

        Some don't, and not all of them say so.
        """
        import torch

        from mtqa.lm.quiet import quiet_transformers

        at = _KEPT.get(str(self._device.type), _KEPT["cpu"])
        ids = [self._start_id, *range(1, at + 4)]
        try:
            with quiet_transformers():
                self._read([*ids[:at], self._start_id])
                self._read(ids)  # cuts back the last
                behind = self._behind(at, [ids[at:], ids[at + 1 :]])[0]
                kept = torch.stack([torch.stack(self._states[at:]), behind])
                fresh = self._fresh([ids])[:, at:]
                return self._cache.get_seq_length() == len(ids) and self._alike(kept, fresh)
        except Exception as error:  # each architecture has its own
            if out_of_memory(error):
                raise
            return False
        finally:
            self._forget()

    def _alike(self, states: torch.Tensor, fresh: torch.Tensor) -> bool:
        """Whether the logits of both are the same, but for what rounding does."""
        import torch

        ours, theirs = (self._logits(s.reshape(-1, s.shape[-1])) for s in (states, fresh.expand_as(states)))
        theirs = theirs - theirs.mean(dim=-1, keepdim=True)
        ours = ours - ours.mean(dim=-1, keepdim=True)
        most = _EQUAL if states.dtype == torch.float32 else _EQUAL_NARROW
        return bool((ours - theirs).norm() <= most * theirs.norm())

    def _pass(self, ids: torch.Tensor, cache: Any, at: int) -> torch.Tensor:
        """States ``(B, T, width)`` of ``ids (B, T)`` behind the ``at`` tokens in the cache, which grows."""
        import torch

        positions = torch.arange(at, at + ids.shape[1], device=ids.device)[None]
        try:
            kept = {self._kept_as: cache}
            output = self._decoder(input_ids=ids, position_ids=positions, use_cache=True, **kept)
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
            if self._goes_on:
                self._cache.crop(shared - len(self._ids))
            del self._ids[shared:], self._states[shared:]
        return shared

    def _forget(self) -> None:
        from transformers import DynamicCache

        # Without the model's config every layer keeps all it has read: a sliding one could not be cut back.
        self._cache, self._ids, self._states = DynamicCache(), [], []
