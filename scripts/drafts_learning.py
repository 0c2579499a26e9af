"""What the networks that write drafts have in common while they learn: `drafts_engine`, `drafts_unedited`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch


def rounded(device: str) -> Any:
    """A context of half the bits, on a GPU alone."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda")


def batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Every index once, ``size`` at a time, of about one length; in any order."""
    order = sorted(rng.permutation(len(lengths)).tolist(), key=lambda i: lengths[i])
    starts = range(0, len(order), size)
    for s in rng.permutation(len(starts)):
        yield order[starts[s] : starts[s] + size]


def stepped(optimizer: torch.optim.Optimizer, model: Any, loss: torch.Tensor) -> float:
    """One step down; the loss before it."""
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())
