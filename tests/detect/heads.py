"""Small random detector heads for tests, written as their files are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from mtqa.detect.calibrate import Calibration, calibration_json, sound_reference
from mtqa.detect.features import FEATURES
from mtqa.detect.head import FORM, OUTPUTS, Head, load_head
from mtqa.detect.sentence import SENTENCE_FEATURES


def random_head(
    path: Path,
    *,
    width: int = 1,
    places: int = 2,
    units: int = 6,
    layers: tuple[int, ...] = (1,),
    seed: int = 0,
    weights_sha256: str = "0" * 64,
    more: Mapping[str, Any] | None = None,
) -> Head:
    """A head of random weights in ``path``; ``more`` goes into its card."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 0.5, shape).astype(np.float32)

    n = len(SENTENCE_FEATURES)
    card = {
        "form": FORM,
        "features": list(FEATURES),
        "outputs": list(OUTPUTS),
        "layers": list(layers),
        "places": places,
        "weights_sha256": weights_sha256,
        "sentence": {
            "features": list(SENTENCE_FEATURES),
            "document": {"weights": [0.5, 0.5, *[0.0] * (n - 2)], "bias": -1.0},
            "alone": {"weights": [0.5, 0.5, *[0.0] * (n - 2)], "bias": -1.0},
        },
        **(more or {}),
    }
    tensors = {
        "mean": normal(width),
        "scale": np.abs(normal(width)) + 0.5,
        "states": normal(width, places * units),
        "features": normal(len(FEATURES), units),
        "bias": normal(units),
        "out": normal(units, len(OUTPUTS)),
        "out_bias": normal(len(OUTPUTS)),
    }
    save_file(tensors, path, metadata={"card": json.dumps(card)})
    return load_head(path)


def calibration(log_odds: list[float] | np.ndarray, **more: Any) -> Calibration:
    """A calibration against these sound sentences, all of one length bin, with σ(x) as probability."""
    sound = sound_reference(log_odds, np.full(len(log_odds), 10), bins=1)
    return Calibration(**{"slope": 1.0, "intercept": 0.0, "sound": sound, **more})


def calibration_card(log_odds: list[float] | np.ndarray, **more: Any) -> dict[str, Any]:
    """The same as a head's card has it."""
    return calibration_json(calibration(log_odds, **more))
