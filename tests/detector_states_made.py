"""A corpus of the detector's training, made by hand: what a test does not name is empty, or of no account."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from detector_states import States


def made_states(
    sentence: Sequence[int] | np.ndarray, types: Sequence[str], *, width: int, **named: Any
) -> States:
    """``sentence``: of each token; ``types``: of each sentence. Sentences are corrupted, each read alone."""
    n, m = len(sentence), len(types)
    own = np.asarray(sentence, dtype=np.int32)
    made = {
        "hidden": np.zeros((n, width), np.float16),
        "features": np.zeros((n, 4), np.float32),
        "surprisal": np.zeros(n),
        "document": own,
        "sentence": own,
        "word": np.arange(n),
        "run": own,
        "starts": np.zeros(n, np.int32),
        "ends": np.zeros(n, np.int32),
        "label": np.zeros(n, np.int8),
        "known": np.ones(n, np.int8),
        "labels": np.ones(m, np.int8),
        "scores": np.full(m, np.nan),
        "owner": np.arange(m, dtype=np.int32),
        "characters": np.full(m, 9, np.int32),
        "opens": np.ones(m, np.int8),
        "types": np.array(types),
    }
    return States(**made | named)
