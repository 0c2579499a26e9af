"""Models that are not of the catalogue: transformers folders, snapshots from a hub among them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.errors import ModelDamagedError, ModelError, ModelMissingError, one_line
from mtqa.lm.cache import read_json, reading_errors, remembered_sha256
from mtqa.lm.progress import Progress, counted_from

_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
#: What a tokenizer may be made of. transformers reads the first alone where it is there, else what it likes.
_TOKENIZERS = (("tokenizer.json",), ("tokenizer.model",), ("vocab.json", "merges.txt"), ("vocab.txt",))


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that is ready to be loaded from ``directory``.

    ``weights_sha256`` is that of the safetensors file (of the list of their digests, if there are
    several), ``tokenizer_sha256`` that of tokenizer.json (or of what there is instead).
    ``start_token`` is None where nobody but the tokenizer's own files says what it is.
    ``languages`` is empty where they are not known. Models must not run in ``disallowed_dtypes``.
    """

    name: str
    directory: Path
    weights_sha256: str
    tokenizer_sha256: str
    start_token: str | None
    languages: tuple[str, ...]
    disallowed_dtypes: tuple[str, ...] = ()


def local_model(folder: Path, progress: Progress, *, name: str | None = None) -> ModelFiles:
    """The model in a transformers folder. Its digests are computed once and remembered.

    Raises `ModelError` in one line where the folder holds no model that can be read safely and
    `ModelDamagedError` where a weights file is shorter or longer than its own header says.
    """
    config = _config(folder)
    _refuse_other_weights(folder, config)
    weights = _weights(folder)
    tokenizer = _tokenizer(folder)
    _refuse_foreign_tokenizer(folder, tokenizer)
    for path in weights:
        _tensors(path)  # raises where it is cut short
    return ModelFiles(
        name=name or folder.resolve().name,
        directory=folder,
        weights_sha256=_digest(weights, progress),
        tokenizer_sha256=_digest(tokenizer, progress),
        start_token=None,
        languages=(),
        disallowed_dtypes=("float16",) if str(config.get("model_type", "")).startswith("gemma3") else (),
    )


def is_path(name: str) -> bool:
    """Whether the name can only be meant as a path, though there may be nothing there."""
    return name.startswith((".", "~", "/", "\\")) or name.count("/") > 1 or "\\" in name


def _config(folder: Path) -> Mapping[str, object]:
    if not folder.exists():
        raise ModelMissingError(f"there is no model folder {one_line(folder)}: check the path")
    if not folder.is_dir():
        raise ModelError(f"{one_line(folder)} is a file: name the transformers folder that a model is in")
    if (folder / "adapter_config.json").exists():  # transformers reads it where peft is installed
        raise ModelError(
            f"{one_line(folder)} holds an adapter (adapter_config.json), which is not read: merge it into "
            "its model (peft's merge_and_unload) and save that with save_pretrained"
        )
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            f"{one_line(folder)} is no model folder, it holds no config.json: "
            "name one that transformers can load"
        )
    config = read_json(path)
    if config is None:
        raise ModelError(f"{path} is not a JSON object: the model is damaged, get it again")
    return config


def _weights(folder: Path) -> list[Path]:
    """The safetensors files that transformers would load."""
    index = folder / _INDEX
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    if index.is_file():
        return _shards(folder, index)
    if any(path for pattern in _PICKLES for path in folder.glob(pattern)):
        raise ModelError(
            f"{one_line(folder)} holds only pickled weights, which may run code when loaded: only "
            "safetensors are read; load it where you trust it and use save_pretrained to write them"
        )
    raise ModelError(
        f"{one_line(folder)} holds no model.safetensors: only weights in safetensors files are read"
    )


def _shards(folder: Path, index: Path) -> list[Path]:
    shards = [folder / name for name in _listed(index)]
    if not shards:
        raise ModelError(f"{index} lists no weights: the model is damaged, get it again")
    for shard in shards:
        if not shard.is_file() or shard.parent != folder:
            raise ModelError(f"{shard}, which {_INDEX} lists, is not in {folder}: get the model again")
    return shards


def _listed(index: Path) -> list[str]:
    listed = (read_json(index) or {}).get("weight_map")
    return sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []


def named_weights(folder: Path) -> list[str]:
    """The names of the files that hold the weights, as the folder's index lists them, if it has one."""
    return _listed(folder / _INDEX) or [_WEIGHTS]


def is_whole(folder: Path) -> bool:
    """Whether settings, weights and tokenizer are there; what a broken-off download left may lack some."""
    try:
        _config(folder)
        return bool(_weights(folder) and _tokenizer(folder)) and (folder / "tokenizer_config.json").is_file()
    except ModelError:
        return False


def _tokenizer(folder: Path) -> list[Path]:
    """tokenizer.json, or all that there is in its place."""
    there = [[folder / name for name in names if (folder / name).is_file()] for names in _TOKENIZERS]
    if there[0]:
        return there[0]
    if any(len(paths) == len(names) for paths, names in zip(there, _TOKENIZERS, strict=True)):
        return [path for paths in there for path in paths]
    raise ModelError(f"{one_line(folder)} holds no tokenizer (tokenizer.json): add the model's own")


def _refuse_other_weights(folder: Path, config: Mapping[str, object]) -> None:
    """transformers would read them; the digest would be that of others."""
    if (named := config.get("transformers_weights")) is not None:
        raise ModelError(
            f"{one_line(folder)}: its config.json names weights of its own, {one_line(named, 60)!r}: only "
            "model.safetensors, or what its index lists, is read; name the file so, and take "
            '"transformers_weights" out'
        )


def _refuse_foreign_tokenizer(folder: Path, tokenizer: Sequence[Path]) -> None:
    own = "auto_map" in (read_json(folder / "tokenizer_config.json") or {})
    if own and tokenizer[0].name != "tokenizer.json":
        raise ModelError(
            f"the tokenizer in {one_line(folder)} runs only by Python code of its own, which is never run: "
            "name a model with a tokenizer.json"
        )


def refuse_foreign_model(folder: Path) -> None:
    """Refuse a model that runs only by code of its own; one that transformers knows is loaded without it.

    Imports transformers, so it is for when the weights are needed. Raises `ModelError`.
    """
    with reading_errors(f"reading the model in {one_line(folder, 80)}"):
        config = read_json(folder / "config.json") or {}
    if "auto_map" in config and not _known_to_transformers(str(config.get("model_type"))):
        raise ModelError(
            f"{one_line(folder)} is a model of type {one_line(config.get('model_type'), 60)!r} that runs "
            "only by Python code of its own, which is never run: name a model that transformers itself knows"
        )


def _known_to_transformers(model_type: str) -> bool:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return model_type in CONFIG_MAPPING


def parameters(folder: Path) -> int:
    """How many numbers the weights are, by their headers. Raises as `local_model` does."""
    shapes = [tensor["shape"] for path in _weights(folder) for tensor in _tensors(path).values()]
    return sum(math.prod(shape) for shape in shapes)


def _tensors(path: Path) -> Mapping[str, Any]:
    """A safetensors file's tensors, by its header; what it says of its length is true of the file."""
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        size = os.fstat(file.fileno()).st_size
        if not 0 < length <= size - 8:
            raise ModelDamagedError(f"{path} is no safetensors file, or a truncated one: get the model again")
        try:
            header = json.loads(file.read(length))
            tensors = {name: record for name, record in header.items() if name != "__metadata__"}
            # 8 bytes of length, the header, the tensors.
            expected = 8 + length + max((record["data_offsets"][1] for record in tensors.values()), default=0)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise ModelDamagedError(f"{path} has an unreadable header: get the model again") from error
    if size != expected:
        raise ModelDamagedError(f"{path} has {size} bytes, its header says {expected}: get the model again")
    return tensors


def _digest(paths: Sequence[Path], progress: Progress) -> str:
    """One file's sha256; for several, the sha256 of the lines ``NAME SHA256``."""
    total, before, digests = sum(path.stat().st_size for path in paths), 0, []
    for path in paths:
        told = counted_from(progress, "verifying", before=before, total=total)
        digests.append(remembered_sha256(path, told))
        before += path.stat().st_size
    if len(paths) == 1:
        return digests[0]
    lines = "".join(f"{path.name} {digest}\n" for path, digest in zip(paths, digests, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
