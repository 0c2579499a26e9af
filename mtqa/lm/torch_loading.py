"""Weights from a folder into PyTorch: on which device, in which numbers, and whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtqa.errors import ConfigError, ModelError, one_line, unknown
from mtqa.lm.torch_running import memory_error, out_of_memory, torch_errors

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")

#: How much of a card's memory float32 weights may take: a pass over a batch needs the rest.
_WEIGHTS_SHARE = 0.8

#: What a file may hold beside the model that reads text: other towers, heads for several tokens ahead, and
#: the masks and tables that older versions of transformers wrote down.
_NOT_OURS = re.compile(
    r"vision|visual|image|audio|multi_modal|(^|\.)mtp\."
    r"|(attn|attention)\.(masked_)?bias$|inv_freq$|(^|\.)position_ids$"
)


def pick_device(wanted: str) -> str:
    """``auto`` is CUDA, then Apple's MPS, then the CPU. Raises `ConfigError`."""
    import torch

    if wanted not in DEVICES:
        raise ConfigError(unknown("device", wanted, DEVICES))
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if here[d])
    if not here[wanted]:
        ready = ", ".join(d for d, is_here in here.items() if is_here)
        raise ConfigError(f"device {wanted!r} is not available on this machine; available: {ready}")
    return wanted


def pick_dtype(wanted: str, device: str, disallowed: Sequence[str], parameters: Callable[[], int]) -> str:
    """``auto`` is float32; bfloat16 where a CUDA device is too small for that and has bfloat16 itself.

    bfloat16 moves a token by up to 3 nats, a detector's log-odds by up to .84. ``parameters``: how many
    the model has. Raises `ConfigError`.
    """
    if wanted not in DTYPES:
        raise ConfigError(unknown("dtype", wanted, DTYPES))
    if wanted == "auto":
        small = device == "cuda" and "bfloat16" not in disallowed and _too_small_card(4 * parameters())
        return "bfloat16" if small else "float32"
    if wanted in disallowed:
        raise ConfigError(f"dtype {wanted!r}: this model's numbers overflow in it; use float32 or bfloat16")
    return wanted


def _too_small_card(weights_bytes: int) -> bool:
    """Whether so much does not fit the CUDA device, which could take half of it in bfloat16."""
    import torch

    # Not what is free now: the ledger's key knows the card, and not who else uses it.
    total = torch.cuda.mem_get_info()[1]
    if weights_bytes <= _WEIGHTS_SHARE * total:
        return False
    # Emulated (T4, V100) it would be slow.
    own: bool = torch.cuda.is_bf16_supported(including_emulation=False)
    return own


def load_model(directory: Path, dtype: str, device: str) -> Any:
    """The causal language model in a folder, ready to be asked. Raises `ModelError`, `RunError`."""
    import torch
    from transformers import AutoModelForCausalLM

    from mtqa.lm.quiet import quiet_transformers

    try:
        with quiet_transformers():
            model, loading = AutoModelForCausalLM.from_pretrained(
                directory,
                dtype=getattr(torch, dtype),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
    except Exception as error:
        if out_of_memory(error):
            raise memory_error("loading the model", "cpu", loading=True) from error
        raise ModelError(
            f"{directory}: transformers can't load it as a causal language model "
            f"({type(error).__name__}: {one_line(error, 160)})"
        ) from error
    _refuse_partly_loaded(directory, loading)
    with torch_errors("putting the model", device, loading=True):
        return model.to(device).eval().requires_grad_(False)


def _refuse_partly_loaded(directory: Path, loading: Mapping[str, Any]) -> None:
    """transformers fills what the file lacks with random numbers, leaves out the rest, and only warns."""
    beyond = [key for key in loading["unexpected_keys"] if not _NOT_OURS.search(key)]
    for what, keys in (
        ("it lacks {} of the model's tensors", loading["missing_keys"]),
        ("it misfits {} of the model's tensors", loading["mismatched_keys"]),
        ("{} of its tensors are not the model's", beyond),
    ):
        if keys:
            names = sorted(k if isinstance(k, str) else str(k[0]) for k in keys)
            raise ModelError(
                f"{directory}: its weights do not fit its config.json: {what.format(len(names))} "
                f"({', '.join(names[:2])}, …); get the model again, or one with a language-model head"
            )


def text_config(model: Any) -> Any:
    """The settings of what reads text: a model of several towers has them inside its own."""
    return model.config.get_text_config(decoder=True)


def max_tokens(config: Any) -> int:
    """What the model was trained to read in one go, start token included."""
    for name in ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"):
        value = getattr(config, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 1024
