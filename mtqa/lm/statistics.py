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
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

#: Alternatives kept for each token.
ALTERNATIVES = 5

Head = Callable[["torch.Tensor"], "torch.Tensor"]


def head_statistics(
    head: Head, states: torch.Tensor, targets: torch.Tensor, rows: int
) -> dict[str, np.ndarray]:
    """Statistics of ``targets (N,)`` predicted from ``states (N, width)``, ``rows`` at a time.

    Returns arrays by the names of `mtqa.lm.backend.TokenStatistics`, each ``(N,)`` or ``(N, K)``.
    """
    import torch

    chunks = [
        chunk_statistics(head(states[i : i + rows]), targets[i : i + rows])
        for i in range(0, len(targets), rows)
    ]
    return {name: torch.cat([c[name] for c in chunks]).cpu().numpy() for name in chunks[0]}


def chunk_statistics(logits: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
    """The same for one chunk's float32 ``logits (n, V)``; overwrites them."""
    import torch

    z = logits.sub_(logits.amax(dim=-1, keepdim=True))  # (n, V), ≤ 0
    own = z.gather(1, targets[:, None])  # (n, 1)
    k = min(ALTERNATIVES, z.shape[1] - 1)
    best = torch.topk(z, k + 1, dim=-1)
    # A float mask, and sums after in-place products: sums over Booleans are many times slower.
    likelier = torch.gt(z, own, out=torch.empty_like(z))
    count = likelier.sum(dim=-1)
    weights = z.exp()
    total = weights.sum(dim=-1)  # (n,)
    mass = likelier.mul_(weights).sum(dim=-1) / total
    first = weights.mul_(z).sum(dim=-1) / total  # E[z]
    second = weights.mul_(z).sum(dim=-1) / total  # E[z²]
    log_total = total.log()
    ids, logp = _without(best.indices, best.values - log_total[:, None], targets)
    return {
        "surprisal_nats": (log_total - own[:, 0]).clamp_(min=0.0),
        "entropy_nats": (log_total - first).clamp_(min=0.0),
        "surprisal_sd_nats": (second - first.square()).clamp_(min=0.0).sqrt(),
        "rank": (count + 1).to(torch.int32),
        "likelier_mass": mass.clamp_(0.0, 1.0),
        "alternative_ids": ids.to(torch.int32),
        "alternative_p": logp.exp(),
    }


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
