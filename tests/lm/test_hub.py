"""Models by hub id, with a stand-in for its client: what is here is used, what is not is fetched once."""

from __future__ import annotations

import errno
import fnmatch
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mtqa.errors import ModelError, ModelMissingError
from mtqa.lm import fetch, hub
from tests.lm.test_fetch import Told
from tests.lm.test_local import safetensors

FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "tokenizer_config.json": b"{}",
    "model.safetensors": safetensors(b"abc"),
    "model.fp16.safetensors": safetensors(b"ab"),
    "consolidated.safetensors": safetensors(b"abcd"),
    "pytorch_model.bin": b"",
    "modeling.py": b"",
}


class Hub:
    """Keeps files under a commit; lays those that are wanted into the cache and counts who asks it."""

    def __init__(self, cache: Path) -> None:
        self.cache, self.files, self.commit = cache, dict(FILES), "c0ffee"
        self.asked: list[str | None] = []
        self.fails: Exception | None = None
        self.refs: dict[str, str] = {}

    def __call__(
        self,
        repo: str,
        *,
        revision: str | None,
        allow_patterns: Sequence[str],
        ignore_patterns: Sequence[str],
        local_files_only: bool,
    ) -> str:
        if not local_files_only:
            self.asked.append(revision)
            if self.fails is not None:
                raise self.fails
            self._lay(revision, allow_patterns)
        commit = self.refs.get(revision or "main", revision or "main")
        if not (self.cache / commit).is_dir():
            raise FileNotFoundError("no snapshot")
        return str(self.cache / commit)

    def _lay(self, revision: str | None, patterns: Sequence[str]) -> None:
        commit = revision if revision in self.refs.values() else self.commit
        self.refs[revision or "main"] = str(commit)
        folder = self.cache / str(commit)
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                (folder / name).write_bytes(data)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "hub")
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", made)
    return made


@pytest.mark.parametrize("name", ["gpt2-org/gpt2", "Qwen/Qwen3-0.6B", "a/b", "a/b@v1.0", "a/b@5a3f"])
def test_hub_ids(name: str) -> None:
    assert hub.is_hub_id(name)


@pytest.mark.parametrize("name", ["gpt2", "a/b/c", "../b", "a/..", "-a/b", "a b/c", "a/b\n", "", "a/", "/a"])
def test_no_hub_ids(name: str) -> None:
    assert not hub.is_hub_id(name)


@pytest.mark.parametrize("revision", ["", "-x", "..", "c@d", "c/d", "x\n"])
def test_no_revisions(revision: str) -> None:
    assert not hub.is_hub_id(f"a/b@{revision}")


def test_only_what_will_be_loaded_is_fetched_and_only_once(there: Hub) -> None:
    told = Told()
    files = fetch.ensure_model("some/model", progress=told)
    assert (files.name, files.directory) == ("some/model", there.cache / "c0ffee")
    assert told.stages()[0] == "fetching"
    assert sorted(path.name for path in files.directory.iterdir()) == sorted(list(FILES)[:4])
    there.asked.clear()
    there.commit = "another"  # the branch has moved
    assert fetch.ensure_model("some/model") == files
    assert fetch.ensure_model("some/model", offline=True) == files
    assert there.asked == []


def test_the_weights_are_those_that_the_index_lists_of_the_same_commit(there: Hub) -> None:
    shards = {"a": "odd-1.safetensors", "b": "odd-2.safetensors"}
    there.files |= {name: safetensors(name.encode()) for name in shards.values()}
    there.files["model.safetensors.index.json"] = json.dumps({"weight_map": shards}).encode()
    del there.files["model.safetensors"]
    files = fetch.ensure_model("some/model")
    assert {path.name for path in files.directory.glob("*.safetensors")} == set(shards.values())
    assert there.asked == [None, "c0ffee"]


def test_a_revision_is_asked_for_and_kept_apart(there: Hub) -> None:
    first = fetch.ensure_model("some/model@v1")
    assert (first.name, there.asked[0]) == ("some/model@v1", "v1")
    there.commit, there.files["model.safetensors"] = "later", safetensors(b"xyz")
    assert fetch.ensure_model("some/model@v2").weights_sha256 != first.weights_sha256
    assert fetch.ensure_model("some/model@v1") == first


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "tokenizer_config.json"])
def test_a_download_that_was_cut_off_is_gone_on_with(there: Hub, name: str) -> None:
    files = fetch.ensure_model("some/model")
    (files.directory / name).unlink()
    there.asked.clear()
    assert fetch.ensure_model("some/model") == files
    assert there.asked != []


def test_nothing_is_asked_where_the_network_may_not_be_used(
    there: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelMissingError, match="network may not be used"):
        fetch.ensure_model("some/model", offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelMissingError, match="network may not be used"):
        fetch.ensure_model("some/model")
    assert there.asked == []


@pytest.mark.parametrize("error", [OSError("no\nroute"), ValueError("bad"), RuntimeError("401 gated")])
def test_a_failure_is_one_line(there: Hub, error: Exception) -> None:
    import huggingface_hub.utils as client

    there.fails, shown = error, client.are_progress_bars_disabled()
    with pytest.raises(ModelMissingError, match="could not be fetched from the hub") as caught:
        fetch.ensure_model("some/model")
    assert "\n" not in str(caught.value)
    assert client.are_progress_bars_disabled() == shown


def test_a_disk_that_takes_nothing_is_not_the_networks_fault(there: Hub) -> None:
    there.fails = RuntimeError("writer failed")
    there.fails.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(ModelError, match=r"no space left on the disk .* set HF_HOME") as caught:
        fetch.ensure_model("some/model")
    assert "network" not in str(caught.value)
    there.fails = PermissionError(errno.EACCES, "Permission denied", "/hub/models--some")
    with pytest.raises(ModelError, match=r"cannot write to /hub/models--some .* make it writable"):
        fetch.ensure_model("some/model")
