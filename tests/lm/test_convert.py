"""From GGUF to safetensors: a tiny model written here, and the real default one."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtqa.errors import ModelError
from mtqa.lm import convert
from mtqa.lm.cache import cache_dir
from mtqa.lm.catalogue import CATALOGUE
from mtqa.lm.convert import convert_gguf
from mtqa.lm.download import obtain_gguf
from mtqa.lm.fetch import ModelFiles
from mtqa.lm.progress import NoProgress

SMOLLM2 = CATALOGUE["smollm2-135m"]
WIDTH, INNER, HEADS, LAYERS = 32, 64, 4, 2
PROMPT = "The boat was sold in 2027.\n\n9 buyers waited,  1 paid."


class Counted:
    def __init__(self) -> None:
        self.tensors: list[tuple[int, int | None]] = []

    def update(self, stage: str, done: int, total: int | None) -> None:
        assert stage == "converting"
        self.tensors.append((done, total))


def byte_symbols() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(len(rest))]


def write_tiny_gguf(path: Path) -> None:
    """A random llama of 2 layers with a byte vocabulary and merges that join line breaks and spaces."""
    import gguf

    merges = ["Ċ Ċ", "Ġ Ġ", "Ġ t", "b o"]
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *byte_symbols()]
    tokens += [merge.replace(" ", "") for merge in merges]
    out, rng = gguf.GGUFWriter(str(path), "llama"), np.random.default_rng(3)
    out.add_name("tiny")
    out.add_context_length(128)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(2)
    out.add_rope_freq_base(10_000.0)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_vocab_size(len(tokens))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("smollm")
    out.add_token_list(tokens)
    out.add_token_types([3] * 3 + [1] * (len(tokens) - 3))
    out.add_token_merges(merges)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,)}
    for i in range(LAYERS):
        shapes |= {f"blk.{i}.{name}": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
        shapes |= {f"blk.{i}.{name}": (WIDTH, WIDTH) for name in ("attn_q", "attn_output")}
        shapes |= {f"blk.{i}.{name}": (WIDTH // 2, WIDTH) for name in ("attn_k", "attn_v")}
        shapes |= {f"blk.{i}.{name}": (INNER, WIDTH) for name in ("ffn_gate", "ffn_up")}
        shapes[f"blk.{i}.ffn_down"] = (WIDTH, INNER)
    for name, shape in shapes.items():
        out.add_tensor(f"{name}.weight", rng.normal(0, 0.3, shape).astype(np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Counted]:
    """A GGUF file, the folder that it was converted to, and what was said meanwhile."""
    base = tmp_path_factory.mktemp("tiny")
    told = Counted()
    write_tiny_gguf(base / "tiny.gguf")
    (base / "converted").mkdir()
    convert_gguf(base / "tiny.gguf", base / "converted", entry=SMOLLM2, progress=told)
    return base / "tiny.gguf", base / "converted", told


def logits_of_gguf(gguf: Path, ids: list[int]) -> np.ndarray:
    import torch
    from transformers import AutoModelForCausalLM

    from mtqa.lm.quiet import quiet_transformers

    with quiet_transformers():
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    with torch.no_grad():
        return np.asarray(model.eval()(torch.tensor([ids])).logits[0])


def load(folder: Path) -> tuple[Any, Any, dict[str, Any]]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mtqa.lm.quiet import quiet_transformers

    with quiet_transformers():
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
        return model.eval(), AutoTokenizer.from_pretrained(folder), info


def logits(model: Any, ids: list[int]) -> np.ndarray:
    import torch

    with torch.no_grad():
        return np.asarray(model(torch.tensor([ids])).logits[0])


def test_a_converted_model_computes_what_the_gguf_does(tiny: tuple[Path, Path, Counted]) -> None:
    gguf, folder, _ = tiny
    model, _, info = load(folder)
    ids = [0, 40, 50, 60, 70, 3, 9]
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    np.testing.assert_array_equal(logits(model, ids), logits_of_gguf(gguf, ids))


def test_the_folder_says_nothing_of_gguf(tiny: tuple[Path, Path, Counted]) -> None:
    config = json.loads((tiny[1] / "config.json").read_text())
    assert not {"quantization_config", "_model_name_or_path", "_name_or_path"} & config.keys()
    assert (config["bos_token_id"], config["eos_token_id"]) == (0, 0)
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert sorted(path.name for path in tiny[1].iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_the_folder_loads_without_gguf_and_accelerate(tiny: tuple[Path, Path, Counted]) -> None:
    script = (
        "import sys; sys.modules.update(gguf=None, accelerate=None)\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "AutoTokenizer.from_pretrained(sys.argv[1]); AutoModelForCausalLM.from_pretrained(sys.argv[1])\n"
        "print('loaded')"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tiny[1])],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "loaded", done.stderr


def test_the_tokenizer_is_the_one_of_the_training(tiny: tuple[Path, Path, Counted]) -> None:
    _, tokenizer, _ = load(tiny[1])
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|endoftext|>", "<|endoftext|>")
    # Digits are cut off first, so the white space before one stays whole: the GGUF's would part it.
    assert tokenizer.convert_ids_to_tokens(tokenizer("a\n\n9")["input_ids"]) == ["a", "ĊĊ", "9"]
    assert tokenizer.convert_ids_to_tokens(tokenizer("a  1")["input_ids"]) == ["a", "ĠĠ", "1"]
    assert tokenizer.convert_ids_to_tokens(tokenizer(" t")["input_ids"]) == ["Ġt"]


@pytest.mark.parametrize("text", [PROMPT, "½ of ٣ and ²\t7", "日本 2024年", "é\r\n\r\n5", ""])
def test_ids_are_those_of_an_independent_pipeline(tiny: tuple[Path, Path, Counted], text: str) -> None:
    from tokenizers import pre_tokenizers

    _, tokenizer, _ = load(tiny[1])
    oracle = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    model = tokenizer.backend_tokenizer.model
    expected = [token.id for piece, _ in oracle.pre_tokenize_str(text) for token in model.tokenize(piece)]
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == expected


def test_progress_counts_the_tensors(tiny: tuple[Path, Path, Counted]) -> None:
    total = 2 + 9 * LAYERS
    assert tiny[2].tensors == [(0, None), *((i, total) for i in range(1, total + 1))]


def test_nothing_is_left_changed_or_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import transformers.modeling_gguf_pytorch_utils as module
    from transformers.utils import logging

    def settings() -> tuple[object, ...]:
        return (module.tqdm, logging.get_verbosity(), logging.is_progress_bar_enabled())

    before = settings()
    write_tiny_gguf(tmp_path / "tiny.gguf")
    capfd.readouterr()
    (tmp_path / "out").mkdir()
    convert_gguf(tmp_path / "tiny.gguf", tmp_path / "out", entry=SMOLLM2, progress=NoProgress())
    assert settings() == before
    assert capfd.readouterr() == ("", "")


def test_a_conversion_is_the_same_bytes_each_time(tiny: tuple[Path, Path, Counted], tmp_path: Path) -> None:
    convert_gguf(tiny[0], tmp_path, entry=SMOLLM2, progress=NoProgress())
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (tiny[1] / path.name).read_bytes(), path.name


def test_a_broken_gguf_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelError, match=r"bad\.gguf could not be converted") as caught:
        convert_gguf(tmp_path / "bad.gguf", tmp_path, entry=SMOLLM2, progress=NoProgress())
    assert "\n" not in str(caught.value)


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("gguf", "accelerate") else real(name)
    )
    with pytest.raises(ModelError, match=r"needs gguf, accelerate: run: pip install gguf accelerate$"):
        convert.check_converter()


def test_a_pre_tokenizer_is_replaced_only_where_the_catalogue_has_one() -> None:
    state = {"pre_tokenizer": {"type": "Split"}, "model": {}}
    assert convert.mended_tokenizer(state, CATALOGUE["gemma-3-270m"]) == state
    assert convert.mended_tokenizer(state, SMOLLM2)["pre_tokenizer"]["type"] == "Sequence"
    chat = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}]}
    around = convert.mended_tokenizer({**state, "post_processor": chat}, SMOLLM2)["post_processor"]
    assert around["special_tokens"] == {}  # whatever version of transformers converts
    assert [list(piece) for piece in around["single"]] == [["Sequence"]]
    plain = dataclasses.replace(SMOLLM2, pre_tokenizer=None)
    assert convert.mended_tokenizer(state, plain) == state


# --- the real model


@pytest.fixture(scope="session")
def gguf_logits() -> tuple[list[int], np.ndarray]:
    """Ids and the logits that the GGUF itself gives: fetched and computed once on a machine (a minute)."""
    kept = cache_dir() / "tests" / f"smollm2-logits-{SMOLLM2.gguf_sha256[:12]}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        gguf = obtain_gguf(SMOLLM2, kept.parent, sources=(), progress=NoProgress())
        ids = [0, 504, 4530, 436, 3951, 281, 216, 34, 32, 34, 39, 30]
        unfinished = kept.with_suffix(".unfinished.npz")
        np.savez(unfinished, ids=ids, logits=logits_of_gguf(gguf, ids))
        os.replace(unfinished, kept)
        gguf.unlink()
    with np.load(kept) as found:
        return found["ids"].tolist(), found["logits"]


@pytest.mark.model
def test_the_default_model_computes_what_its_gguf_does(
    smollm2_files: ModelFiles, gguf_logits: tuple[list[int], np.ndarray]
) -> None:
    model, tokenizer, _ = load(smollm2_files.directory)
    ids, expected = gguf_logits
    np.testing.assert_allclose(logits(model, ids), expected, atol=1e-4)
    assert tokenizer.convert_tokens_to_ids(smollm2_files.start_token) == 0
    assert tokenizer.convert_ids_to_tokens(tokenizer("a\n\n9")["input_ids"]) == ["a", "ĊĊ", "9"]
