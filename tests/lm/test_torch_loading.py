"""Which numbers a model runs in, and weights that are not those of its config."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from mtqa.errors import ConfigError, ModelError
from mtqa.lm.fetch import ensure_model
from mtqa.lm.local import parameters
from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend
from mtqa.lm.torch_loading import pick_dtype
from mtqa.pipeline import Ranker
from tests.lm.test_foreign_models import _llama, _save

GB = 10**9


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("card_gb", "own", "wanted", "disallowed", "picked"),
    [
        (16, True, "auto", (), "float32"),
        (8, True, "auto", (), "bfloat16"),
        (9, True, "auto", (), "bfloat16"),  # a pass needs memory too
        (8, False, "auto", (), "float32"),  # T4, V100: bfloat16 is emulated
        (8, True, "auto", ("bfloat16",), "float32"),
        (8, True, "float32", (), "float32"),
        (16, True, "bfloat16", (), "bfloat16"),
    ],
)
def test_auto_is_float32_unless_the_card_is_too_small(monkeypatch, card_gb, own, wanted, disallowed, picked):
    import torch

    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or own

    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (0, card_gb * GB))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert pick_dtype(wanted, "cuda", disallowed, lambda: 2 * GB) == picked


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_elsewhere_auto_is_float32_and_no_weights_are_counted(device):
    assert pick_dtype("auto", device, (), lambda: pytest.fail("counted")) == "float32"
    with pytest.raises(ConfigError, match="unknown dtype"):
        pick_dtype("float8", device, (), lambda: 0)
    with pytest.raises(ConfigError, match="overflow"):
        pick_dtype("float16", device, ("float16",), lambda: 0)


def test_parameters_are_counted_from_the_headers_of_all_files(tmp_path):
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM(_llama())
    whole, parts = _save(tmp_path / "a", model), tmp_path / "b"
    parts.mkdir()
    model.save_pretrained(parts, max_shard_size="50KB")
    assert len(list(parts.glob("*.safetensors"))) > 1
    assert parameters(whole) == parameters(parts) == sum(p.numel() for p in model.parameters())


def _changed(folder: Path, **values) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))
    return folder


def _load(folder: Path) -> TorchCausalBackend:
    return TorchCausalBackend(ensure_model(str(folder)), LoadOptions(device="cpu"))


@pytest.mark.parametrize(
    ("made", "said", "count"),
    [
        ({"num_hidden_layers": 4}, {"num_hidden_layers": 2, "layer_types": None}, 18),
        ({"attention_bias": True}, {"attention_bias": False}, 8),
    ],
)
def test_weights_of_which_the_config_knows_nothing_are_refused(tmp_path, made, said, count):
    """Half of the layers, or all the biases, were left out without a word."""
    from transformers import LlamaForCausalLM

    folder = _changed(_save(tmp_path / "m", LlamaForCausalLM(_llama(**made))), **said)
    with pytest.raises(ModelError, match=f"{count} of its tensors are not the model's") as caught:
        _load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "vision_tower.layers.0.weight",
        "model.visual.blocks.0.attn.proj.bias",
        "audio_tower.layers.0.weight",
        "multi_modal_projector.linear_1.weight",
        "mtp.layers.0.weight",
        "model.layers.0.self_attn.rotary_emb.inv_freq",
        "transformer.h.0.attn.masked_bias",
        "transformer.h.0.attn.attention.bias",
    ],
)
def test_what_is_beside_the_model_that_reads_text_is_left_alone(tmp_path, name):
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import LlamaForCausalLM

    folder = _save(tmp_path / "m", LlamaForCausalLM(_llama()))
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, name: torch.zeros(2)}, folder / "model.safetensors", metadata={"format": "pt"})
    assert _load(folder).identity.max_tokens == 64


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_weights_are_mapped_from_their_file_and_not_copied(smollm2, smollm2_files):
    """Whole pages of the file, none of them this process's own: several processes share them."""
    file = str((smollm2_files.directory / "model.safetensors").resolve())
    Ranker(backend=smollm2).score("All of the weights are read once.")  # touched, so in memory
    held, inside = {"Rss": 0, "Private_Dirty": 0}, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.endswith(file)
        elif inside and line.split(":")[0] in held:
            held[line.split(":")[0]] += int(line.split()[1]) * 1024
    assert held["Rss"] >= 0.9 * Path(file).stat().st_size
    assert held["Private_Dirty"] == 0
