"""What a document's token scores depend on, as one digest: found out without loading a model.

Everything that moves a number is in it: the passages (text and boundaries), the model's files, the
window, the device, the type of its numbers, the versions of the libraries that compute them. What only
ranks (measure, threshold) or only costs time (threads, batches) is not. A test goes over every
field of `Config` and holds that each is on one side or the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from mtqa.config import Config
from mtqa.lm.cache import MANIFEST
from mtqa.lm.local import ModelFiles
from mtqa.lm.score import SCORING
from mtqa.lm.statistics import ALTERNATIVES
from mtqa.lm.windows import DEFAULT_WINDOW
from mtqa.records import Passage

#: Raised when the form of an entry or of the ledger's tables changes; it is in the file's name.
SCHEMA = 2

#: Fields of `Config` that are in the key: each of them moves a number.
KEYED = ("model", "context", "window", "start_token", "device", "dtype", "detector")
#: Fields that are not: they rank what was scored, or say how the work is done.
NOT_KEYED = (
    "measure",
    "fdr",
    "calibration",
    "threshold_nats",
    "k",
    "threads",
    "ledger",
    "repair",
    "repair_budget_seconds",
)

_LIBRARIES = ("torch", "transformers", "tokenizers")
#: Digested elsewhere, or no part of the model. A settings file is small; what is not is none.
_NO_SETTINGS = (MANIFEST, "tokenizer.json", "vocab.json", "model.safetensors.index.json")
_SETTINGS_BYTES = 1 << 20
#: Always in the key, whatever their size: they name the special tokens.
_SETTINGS = ("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def model_key(config: Config, files: ModelFiles, detector: str | None = None) -> str:
    """Digest of all that moves the numbers but the text, in hex. Takes milliseconds, imports no library.

    ``detector``: the digest of the head that reads the text, if one does.
    """
    return _digest(
        {
            "schema": SCHEMA,
            "scoring": SCORING,
            "alternatives": ALTERNATIVES,
            "libraries": {name: _version(name) for name in _LIBRARIES},
            "model": files.name,
            "weights_sha256": files.weights_sha256,
            "tokenizer_sha256": files.tokenizer_sha256,
            "settings": _settings(files.directory),
            "start_token": [files.start_token, config.start_token],
            "window": config.window or f"default {DEFAULT_WINDOW}",
            "dtype": config.dtype,
            "detector": [config.detector, detector],
            "device": [config.device, None if config.device == "cpu" else _accelerators()],
        }
    )


def entry_key(model: str, passages: Sequence[Passage]) -> str:
    """A document's key: ``model`` is of `model_key`, ``passages`` say what is read, and in which pieces.

    The config's context is in it as the passages' boundaries.
    """
    return _digest({"model": model, "passages": [[p.start, p.text] for p in passages]})


def repairs_key(entry: str, settings: Mapping[str, object]) -> str:
    """The key of a document's repairs; ``entry`` is of `entry_key`, ``settings`` say how they are found."""
    return _digest({"repairs of": entry, "settings": dict(settings)})


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def _settings(folder: Path) -> dict[str, str]:
    """Digests of the model's small JSON files: its shape, its special tokens, the scale of its logits."""
    return {
        path.name: _digest_of(path)
        for path in sorted(folder.glob("*.json"))
        if path.name not in _NO_SETTINGS and path.is_file()
        if path.name in _SETTINGS or path.stat().st_size <= _SETTINGS_BYTES
    }


def _digest_of(path: Path) -> str:
    """Of its bytes; a file that can't be read has its reason for one: the ledger stops no ranking."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


#: A folder a card, with a file that names its model.
_CARDS = Path("/proc/driver/nvidia/gpus")


def _accelerators() -> list[str]:
    """What ``auto`` goes by for device and dtype, as far as it shows without torch: one cache may serve two
    machines, and of two cards one has bfloat16."""
    nodes = [path for path in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg") if os.path.exists(path)]
    visible = [f"{name}={os.environ.get(name)}" for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")]
    return [platform.system(), platform.machine(), *nodes, *visible, *_cards()]


def _cards() -> list[str]:
    """The models of the NVIDIA cards that the driver lists."""
    listed = []
    for path in sorted(_CARDS.glob("*/information")):
        with contextlib.suppress(OSError):
            listed.append(path.read_text(errors="replace"))
    return [
        line.partition(":")[2].strip() for text in listed for line in text.splitlines() if "Model:" in line
    ]
