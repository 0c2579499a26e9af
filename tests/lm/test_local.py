"""Folders and hub ids: what is taken, and what is refused in one line."""

from __future__ import annotations

import errno
import hashlib
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mtqa.config import Config
from mtqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mtqa.lm import fetch, local
from mtqa.lm.ledger_key import model_key


def safetensors(data: bytes, **changes: int) -> bytes:
    end = changes.get("end", len(data))
    header = json.dumps({"w": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, end]}}).encode()
    return struct.pack("<Q", changes.get("length", len(header))) + header + data


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my-model"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "llama"}')
    (made / "tokenizer.json").write_text("{}")
    (made / "model.safetensors").write_bytes(safetensors(b"abc"))
    return made


def refused(folder: Path, kind: type[ModelError] = ModelError) -> str:
    with pytest.raises(kind) as caught:
        fetch.ensure_model(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_is_taken_as_it_is(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fetch.ensure_model(str(folder), offline=True)
    assert files.name == "my-model"
    assert files.directory == folder
    assert files.weights_sha256 == hashlib.sha256(safetensors(b"abc")).hexdigest()
    assert files.tokenizer_sha256 == hashlib.sha256(b"{}").hexdigest()
    assert (files.start_token, files.languages, files.disallowed_dtypes) == (None, (), ())
    monkeypatch.setattr("mtqa.lm.cache.sha256_of", lambda *_: pytest.fail("read again"))
    assert fetch.ensure_model(str(folder)) == files
    monkeypatch.chdir(folder)
    assert fetch.ensure_model(".").weights_sha256 == files.weights_sha256


def test_the_digest_follows_the_weights(folder: Path) -> None:
    before = fetch.ensure_model(str(folder))
    (folder / "model.safetensors").write_bytes(safetensors(b"abd"))
    assert fetch.ensure_model(str(folder)).weights_sha256 != before.weights_sha256
    assert fetch.ensure_model(str(folder)).tokenizer_sha256 == before.tokenizer_sha256


def test_shards_are_those_of_the_index(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    for name, data in (("a.safetensors", b"1"), ("b.safetensors", b"2"), ("stray.safetensors", b"3")):
        (folder / name).write_bytes(safetensors(data))
    index = folder / "model.safetensors.index.json"
    index.write_text(
        json.dumps({"weight_map": {"x": "b.safetensors", "y": "a.safetensors", "z": "a.safetensors"}})
    )
    before = fetch.ensure_model(str(folder)).weights_sha256
    (folder / "stray.safetensors").write_bytes(safetensors(b"4"))
    assert fetch.ensure_model(str(folder)).weights_sha256 == before
    (folder / "b.safetensors").write_bytes(safetensors(b"4"))
    assert fetch.ensure_model(str(folder)).weights_sha256 != before
    (folder / "b.safetensors").unlink()
    assert "b.safetensors" in refused(folder)
    index.write_text("{}")
    assert "lists no weights" in refused(folder)


@pytest.mark.parametrize("outside", ["../other.safetensors", "/etc/hostname"])
def test_shards_stay_in_the_folder(folder: Path, outside: str) -> None:
    (folder / "model.safetensors").rename(folder.parent / "other.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": outside}}))
    assert "is not in" in refused(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "model.ckpt"])
def test_pickles_are_refused(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder / name)
    assert "pickled weights" in refused(folder)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234",
        safetensors(b"abc")[:-1],
        safetensors(b"abc") + b"x",
        safetensors(b"abc", length=10**15),
        safetensors(b"abc", length=0),
        safetensors(b"abc", end=2),
        struct.pack("<Q", 4) + b"nope",
        struct.pack("<Q", 2) + b"[]",
    ],
)
def test_truncated_or_broken_weights_are_damage(folder: Path, data: bytes) -> None:
    (folder / "model.safetensors").write_bytes(data)
    assert str(folder / "model.safetensors") in refused(folder, ModelDamagedError)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("config.json", "holds no config.json"),
        ("tokenizer.json", "holds no tokenizer"),
        ("model.safetensors", "holds no model.safetensors"),
    ],
)
def test_what_is_missing_is_named(folder: Path, name: str, said: str) -> None:
    (folder / name).unlink()
    assert said in refused(folder)


@pytest.mark.parametrize(
    ("names", "digested"),
    [
        (("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt"), ("tokenizer.json",)),
        (("tokenizer.model",), ("tokenizer.model",)),
        (("vocab.txt",), ("vocab.txt",)),
        (("vocab.json", "merges.txt"), ("vocab.json", "merges.txt")),
        (("vocab.txt", "merges.txt"), ("merges.txt", "vocab.txt")),
        (
            ("vocab.json", "merges.txt", "tokenizer.model", "vocab.txt"),
            ("tokenizer.model", "vocab.json", "merges.txt", "vocab.txt"),
        ),
    ],
)
def test_the_tokenizers_digest_is_of_all_that_it_may_be_made_of(
    folder: Path, names: tuple[str, ...], digested: tuple[str, ...]
) -> None:
    (folder / "tokenizer.json").unlink()
    for name in names:
        (folder / name).write_text(name)
    each = [hashlib.sha256(name.encode()).hexdigest() for name in digested]
    lines = "".join(f"{name} {digest}\n" for name, digest in zip(digested, each, strict=True))
    wanted = each[0] if len(each) == 1 else hashlib.sha256(lines.encode()).hexdigest()
    assert fetch.ensure_model(str(folder)).tokenizer_sha256 == wanted


@pytest.mark.parametrize("name", ["tokenizer.model", "vocab.json", "merges.txt"])
def test_the_ledgers_key_follows_every_file_of_a_tokenizer(folder: Path, name: str) -> None:
    (folder / "tokenizer.json").unlink()
    for one in ("tokenizer.model", "vocab.json", "merges.txt"):
        (folder / one).write_text("{}")
    before = model_key(Config(), fetch.ensure_model(str(folder)))
    (folder / name).write_text('{"a": 1}')
    assert model_key(Config(), fetch.ensure_model(str(folder))) != before


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_half_a_tokenizer_is_none(folder: Path, name: str) -> None:
    (folder / "tokenizer.json").rename(folder / name)
    assert "holds no tokenizer" in refused(folder)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_broken_config_is_named(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    assert "not a JSON object" in refused(folder)


def test_paths_that_are_no_folder(tmp_path: Path) -> None:
    assert "there is no model folder" in refused(tmp_path / "missing", ModelMissingError)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert "is a file" in refused(tmp_path / "model.gguf")


def test_a_model_that_needs_its_own_code_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "strange", "auto_map": {"AutoModel": "evil.Model"}}')
    from mtqa.lm.torch_causal import TorchCausalBackend

    with pytest.raises(ModelError, match="Python code of its own, which is never run") as caught:
        TorchCausalBackend(fetch.ensure_model(str(folder)))
    assert "\n" not in str(caught.value)
    (folder / "config.json").write_text('{"model_type": "llama", "auto_map": {"AutoModel": "evil.Model"}}')
    local.refuse_foreign_model(folder)
    assert fetch.ensure_model(str(folder)).name == "my-model"
    (folder / "tokenizer.json").rename(folder / "tokenizer.model")
    (folder / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["evil.Tokenizer", null]}}')
    assert "the tokenizer in" in refused(folder)


def test_files_are_found_without_the_library_that_loads_them(folder: Path) -> None:
    """A ledger hit took three seconds to import torch for a config with an ``auto_map``."""
    (folder / "config.json").write_text('{"model_type": "llama", "auto_map": {"AutoModel": "own.Model"}}')
    code = (
        "import sys; from mtqa.lm.fetch import ensure_model; ensure_model(sys.argv[1]); "
        "sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=120)


def test_weights_under_another_name_are_refused(folder: Path) -> None:
    """transformers would read them, and the digest would be that of model.safetensors."""
    (folder / "other.safetensors").write_bytes(safetensors(b"xyz"))
    named = '{"model_type": "llama", "transformers_weights": "other.safetensors"}'
    (folder / "config.json").write_text(named)
    assert "'other.safetensors'" in refused(folder)
    (folder / "model.safetensors").unlink()
    assert "'other.safetensors'" in refused(folder)


def test_adapters_are_refused(folder: Path) -> None:
    """Whether they are read would hang on whether peft is installed."""
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')
    assert "merge it into its model" in refused(folder)
    (folder / "config.json").unlink()
    assert "merge it into its model" in refused(folder)


@pytest.mark.parametrize("model_type", ["gemma3_text", "gemma3"])
def test_gemma_3_never_runs_in_float16(folder: Path, model_type: str) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    assert fetch.ensure_model(str(folder)).disallowed_dtypes == ("float16",)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"]
)
def test_a_file_that_may_not_be_read_is_no_damage(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tokenizer_config.json").write_text("{}")
    real = Path.open

    def closed(self: Path, *args: object, **options: object) -> object:
        if self == folder / name:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real(self, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", closed)
    said = refused(folder)
    assert f"cannot read {folder / name} while reading the model in" in said
    assert "damaged" not in said
    assert "writ" not in said
