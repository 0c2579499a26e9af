"""All per-token statistics from the logits, a chunk of positions at a time.

With z the logits of one position, m their maximum, e = exp(z − m) and S = Σ e, everything follows
from three sums over the vocabulary (S, Σ e·z, Σ e·z²) and two comparisons with the token's own logit:

* surprisal −ln p = ln S + m − z_token
* entropy H = E[−ln p] = ln S + m − E[z], and the standard deviation of −ln p is that of z
* rank = 1 + #{z > z_token}; likelier mass = Σ e[z > z_token] / S

References: entropy and variance of surprisal as in Fast-DetectGPT (Bao et al. 2024, eq. 5-6); likelier
mass as in boostedprob (Dinh et al. 2025, section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

#: Alternatives kept for each token.
ALTERNATIVES = 5

#: Vocabulary entries in a block of `_largest`; it divides the sizes of most models' vocabularies.
_BLOCK = 128

#: States ``(n, width)`` to logits ``(n, V)``, in the tensor given where there is one and the head can do so.
Head = Callable[["torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Positions that go through the head together, and those of them that go through the sums together.

    The head's product wants many; the sums go over the logits a dozen times, and want as few as stay in the
    cores' own cache.
    """

    head: int
    sums: int


def head_statistics(
    head: Head, states: torch.Tensor, targets: torch.Tensor, rows: Rows
) -> dict[str, np.ndarray]:
    """Statistics of ``targets (N,)`` predicted from ``states (N, width)``, ``rows`` at a time.

    Returns arrays by the names of `mtqa.lm.backend.TokenStatistics`, each ``(N,)`` or ``(N, K)``.
    """
    import torch

    # Logits made anew for each chunk cost a tenth of all this, and scatter the process's memory.
    buffer: torch.Tensor | None = None
    work: tuple[torch.Tensor, torch.Tensor] | None = None
    chunks = []
    for i in range(0, len(targets), rows.head):
        wanted = targets[i : i + rows.head]
        logits = head(states[i : i + rows.head], None if buffer is None else buffer[: len(wanted)])
        buffer = logits if buffer is None else buffer
        for part, own in zip(logits.split(rows.sums), wanted.split(rows.sums), strict=True):
            if work is None:
                work = torch.empty_like(part), torch.empty_like(part)
            chunks.append(chunk_statistics(part, own, (work[0][: len(part)], work[1][: len(part)])))
    return {name: torch.cat([c[name] for c in chunks]).cpu().numpy() for name in chunks[0]}


def chunk_statistics(
    logits: torch.Tensor, targets: torch.Tensor, work: tuple[torch.Tensor, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The same for one chunk's float32 ``logits (n, V)``; overwrites them and the two of ``work``.

    ``work`` is of the logits' shape. Three buffers made anew for each chunk, and as many given back to the
    kernel, cost half as much again as the sums themselves.
    """
    import torch

    z = logits.sub_(logits.amax(dim=-1, keepdim=True))  # (n, V), ≤ 0
    own = z.gather(1, targets[:, None])  # (n, 1)
    best = _largest(z, min(ALTERNATIVES, z.shape[1] - 1) + 1)
    # A float mask, and sums after in-place products: sums over Booleans are many times slower.
    likelier = torch.gt(z, own, out=work[0])
    count = likelier.sum(dim=-1)
    weights = torch.exp(z, out=work[1])
    total = weights.sum(dim=-1)  # (n,)
    mass = likelier.mul_(weights).sum(dim=-1) / total
    first = weights.mul_(z).sum(dim=-1) / total  # E[z]
    second = weights.mul_(z).sum(dim=-1) / total  # E[z²]
    log_total = total.log()
    ids, logp = _without(best[0], best[1] - log_total[:, None], targets)
    return {
        "surprisal_nats": (log_total - own[:, 0]).clamp_(min=0.0),
        "entropy_nats": (log_total - first).clamp_(min=0.0),
        "surprisal_sd_nats": (second - first.square()).clamp_(min=0.0).sqrt(),
        "rank": (count + 1).to(torch.int32),
        "likelier_mass": mass.clamp_(0.0, 1.0),
        "alternative_ids": ids.to(torch.int32),
        "alternative_p": logp.exp(),
    }


def _largest(z: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Places and values of the ``k`` largest of each row, best first: ``(n, k)`` both.

    They lie in the ``k`` blocks of a row whose maxima are the largest, which is a fourth of the work of a
    search through the whole row.
    """
    import torch

    n, width = z.shape
    blocks = width // _BLOCK
    if width % _BLOCK or blocks <= k:
        best = torch.topk(z, k, dim=-1)
        return best.indices, best.values
    parts = z.view(n, blocks, _BLOCK)
    which = torch.topk(parts.amax(dim=-1), k, dim=-1).indices  # (n, k)
    near = parts.gather(1, which[:, :, None].expand(n, k, _BLOCK)).view(n, k * _BLOCK)
    best = torch.topk(near, k, dim=-1)
    places = which.gather(1, best.indices // _BLOCK) * _BLOCK + best.indices % _BLOCK
    return places, best.values


def _without(
    ids: torch.Tensor, values: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """``(n, k + 1)`` best-first entries without the target's, or without the last: ``(n, k)``."""
    import torch

    mine = ids == targets[:, None]
    mine[:, -1] |= ~mine.any(dim=-1)
    keep = torch.nonzero(~mine, as_tuple=True)
    shape = (ids.shape[0], ids.shape[1] - 1)
    return ids[keep].reshape(shape), values[keep].reshape(shape)
