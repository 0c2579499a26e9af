"""A catalogue model's GGUF file to a folder that transformers reads without gguf or accelerate.

The weights are dequantised to float32 and saved as safetensors. The tokenizer is saved as one
tokenizer.json, mended where the conversion yields another one than the model was trained with.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import importlib.util
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mtqa.errors import ModelError, one_line
from mtqa.lm.catalogue import CatalogueEntry
from mtqa.lm.progress import Progress
from mtqa.lm.quiet import quiet_transformers

_NEEDED = ("torch", "transformers", "safetensors", "gguf", "accelerate")
#: What transformers notes of where a config came from: a folder loads as an ordinary model without it.
_DROPPED = ("quantization_config", "_model_name_or_path", "_name_or_path", "unk_token_id")


def check_converter() -> None:
    """Raise `ModelError`, naming the pip command, where a library that a conversion needs is missing."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        names = " ".join(missing)
        raise ModelError(f"converting a model needs {', '.join(missing)}: run: pip install {names}")


def convert_gguf(gguf: Path, folder: Path, *, entry: CatalogueEntry, progress: Progress) -> None:
    """Write config.json, model.safetensors, tokenizer.json and tokenizer_config.json to ``folder``.

    Takes about 12 bytes of memory per parameter. Raises `ModelError` where the file can't be converted.
    """
    check_converter()
    progress.update("converting", 0, None)
    try:
        with quiet_transformers(), _tensors_counted(progress):
            tokens = _write_tokenizer(gguf, folder, entry)
            _write_weights(gguf, folder, tokens)
    except Exception as error:  # torch, transformers, gguf and safetensors each raise their own
        _raise_if_disk(error)
        raise ModelError(
            f"{gguf.name} could not be converted ({one_line(error, 160)}): install the versions in "
            f"constraints.txt and run: mtqa models fetch {entry.name} --force"
        ) from error


def _raise_if_disk(error: Exception) -> None:
    """A full disk as the `OSError` that it is; safetensors words it in an error of its own."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    if "os error 28" in str(error):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _write_tokenizer(gguf: Path, folder: Path, entry: CatalogueEntry) -> dict[str, int]:
    """Save the tokenizer; the ids of the document-start and document-end tokens, for the config."""
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    state = json.loads(theirs.backend_tokenizer.to_str())
    _write(folder / "tokenizer.json", mended_tokenizer(state, entry))
    named = {"bos_token": entry.start_token, "eos_token": entry.end_token, "pad_token": entry.end_token}
    # This class takes tokenizer.json as it is; a model's own class would build its parts anew.
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    _write(folder / "tokenizer_config.json", {**settings, **named})
    return {f"{key}_id": theirs.get_vocab()[token] for key, token in named.items()}


#: As transformers 5.23 writes it.
_NOTHING_AROUND: Mapping[str, Any] = {
    "type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {},
}


def mended_tokenizer(state: Mapping[str, Any], entry: CatalogueEntry) -> dict[str, Any]:
    """The tokenizer with the pre-tokenizer that the model was trained with.

    It puts nothing around a text: transformers 5.0 has it put the chat's token there, 5.23 nothing.
    """
    if entry.pre_tokenizer is None:
        return dict(state)
    return {**state, "pre_tokenizer": dict(entry.pre_tokenizer), "post_processor": _NOTHING_AROUND}


def _write_weights(gguf: Path, folder: Path, tokens: Mapping[str, int]) -> None:
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, local_files_only=True
    )
    config = {key: value for key, value in model.config.to_dict().items() if key not in _DROPPED}
    config["architectures"] = [type(model).__name__]
    _write(folder / "config.json", {**config, **tokens, "dtype": "float32"})
    kept, seen = {}, set()
    for name, tensor in model.state_dict().items():
        place = (tensor.data_ptr(), tensor.shape)
        if place not in seen:  # a tied head is the embedding again
            seen.add(place)
            kept[name] = tensor.contiguous()
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, sort_keys=path.name != "tokenizer.json"), "utf-8")


@contextlib.contextmanager
def _tensors_counted(progress: Progress) -> Iterator[None]:
    """transformers' bar over the tensors of a GGUF file tells ``progress`` instead of stderr."""
    module: Any = importlib.import_module("transformers.modeling_gguf_pytorch_utils")
    thread, bar = threading.get_ident(), getattr(module, "tqdm", None)

    def counted(tensors: Any, **options: Any) -> Iterator[Any]:
        if threading.get_ident() != thread and bar is not None:
            yield from bar(tensors, **options)
            return
        for done, tensor in enumerate(tensors, 1):
            progress.update("converting", done, len(tensors))
            yield tensor

    if bar is not None:
        module.tqdm = counted
    try:
        yield
    finally:
        if bar is not None:
            module.tqdm = bar
