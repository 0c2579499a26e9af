"""The folder that models, the ledger and data from the hub are kept in; digests remembered between runs.

::

    <cache>/digests.json               sha256 of big files elsewhere, by path, size and time
    <cache>/models/<name>/             a model, ready; ``manifest.json`` in it was written last
    <cache>/models/.<name>.partial/    what an unfinished fetch left: parts already verified
    <cache>/models/.<name>.lock        held while a process fetches the model
    <cache>/ledger/                    the score ledger, unless MTQA_LEDGER names another place
    <cache>/datasets/                  labelled data from the hub, as the datasets library keeps it
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mtqa.errors import ConfigError, ModelError, one_line

MANIFEST = "manifest.json"
#: What the system says of a disk that takes no more, and of files that are not for this user.
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_CHUNK = 1 << 20


def cache_dir() -> Path:
    """``$MTQA_CACHE``, else the user's cache folder. It need not exist. Raises `ConfigError`."""
    named = named_folder("MTQA_CACHE")
    if named is not None:
        return named
    import platformdirs

    try:
        # Older platformdirs leave a home that they can't find as "~": a folder of that name, right here.
        return Path(platformdirs.user_cache_dir("mtqa", appauthor=False)).expanduser()
    except RuntimeError as error:  # no HOME, and a user whom the system does not know
        raise ConfigError(
            f"no folder for models and the ledger ({one_line(error, 80).rstrip('.')}): set HOME or MTQA_CACHE"
        ) from error


def named_folder(variable: str) -> Path | None:
    """The folder that the environment variable names, or None. Raises `ConfigError` for one that can't be."""
    named = os.environ.get(variable, "")
    if not named:
        return None
    try:
        return Path(named).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # `~nobody`, or a working directory that is gone
        raise ConfigError(
            f"{variable} is {one_line(named, 60)!r}, which leads nowhere "
            f"({one_line(error, 80).rstrip('.')}): name a folder by its full path"
        ) from error


def models_dir() -> Path:
    """Where the models of the catalogue lie."""
    return cache_dir() / "models"


def model_dir(name: str) -> Path:
    """Where the model is, once it is ready."""
    return models_dir() / name


def partial_dir(name: str) -> Path:
    """Where an unfinished fetch of the model keeps its parts."""
    return models_dir() / f".{name}.partial"


def lock_file(name: str) -> Path:
    """What is locked while the model is fetched."""
    return models_dir() / f".{name}.lock"


@contextlib.contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """An `OSError` inside becomes a `ModelError` in one line that says what to do about the disk."""
    try:
        yield
    except OSError as error:
        raise ModelError(_disk_message(doing, error)) from error


@contextlib.contextmanager
def reading_errors(doing: str, *, instead: str = "name another") -> Iterator[None]:
    """As `disk_errors` where nothing is written; ``instead``: what helps, but to be let in."""
    try:
        yield
    except OSError as error:
        raise ModelError(_reading_message(doing, error, instead)) from error


def _disk_message(doing: str, error: OSError) -> str:
    where = error.filename or cache_dir()
    if error.errno in FULL:
        return f"no space left on the disk while {doing} in {cache_dir()}: free some, or set MTQA_CACHE"
    if error.errno in (*CLOSED, errno.ENOTDIR, errno.EEXIST):
        return (
            f"cannot write to {where} while {doing} ({error.strerror}): make the cache {cache_dir()} "
            "writable, or set MTQA_CACHE to a folder that is"
        )
    return f"the disk failed while {doing}: {one_line(error)}"


def _reading_message(doing: str, error: OSError, instead: str) -> str:
    if error.errno in CLOSED and error.filename:
        return (
            f"cannot read {one_line(error.filename)} while {doing} ({error.strerror}): "
            f"let this user read it, or {instead}"
        )
    return f"the disk failed while {doing}: {one_line(error)}"


def sha256_of(path: Path, told: Callable[[int], None] | None = None) -> str:
    """The file's sha256 in hex; ``told`` gets the number of bytes read so far."""
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            read += len(chunk)
            if told is not None:
                told(read)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have the file or folder on the disk before anything that is written after it."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: object) -> None:
    """Write the value so that a reader finds the old file or the new one, never a part of one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in the file, or None where there is no such file or it holds something else.

    Raises `OSError` for one that can't be read.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def remembered_sha256(path: Path, told: Callable[[int], None] | None = None) -> str:
    """The file's sha256, from ``digests.json`` where the file is as it was when last read."""
    real = os.path.realpath(path)
    seen = _stamp(os.stat(real))
    known: Mapping[str, Any] = {}
    with contextlib.suppress(OSError):  # it only costs time
        known = read_json(cache_dir() / "digests.json") or {}
    entry = known.get(real)
    if isinstance(entry, Mapping) and entry.get("stamp") == seen and isinstance(entry.get("sha256"), str):
        return str(entry["sha256"])
    digest = sha256_of(Path(real), told)
    if _stamp(os.stat(real)) == seen:
        _remember(real, {"stamp": seen, "sha256": digest})
    return digest


def _stamp(status: os.stat_result) -> list[int]:
    # The change time too: a file put in another's place with its size and date kept has a new one.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _remember(real: str, entry: Mapping[str, object]) -> None:
    """Add to ``digests.json``; a cache that can't be written to only costs time."""
    file = cache_dir() / "digests.json"
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        known = {path: old for path, old in (read_json(file) or {}).items() if os.path.exists(path)}
        write_json(file, {**known, real: entry})
