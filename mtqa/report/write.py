"""A report onto disk, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator

from mtqa.errors import OutputError, one_line

_WHY = {
    errno.ENOENT: "its directory does not exist; create it, or choose another place",
    errno.ENOTDIR: "a part of the path is a file, not a directory; choose another place",
    errno.EISDIR: "it is a directory; name a file in it",
    errno.EACCES: "no permission to write there; choose another place or change its permissions",
    errno.EPERM: "no permission to write there; choose another place or change its permissions",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another place",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.ELOOP: "its symbolic links lead in a circle; choose another place",
}

#: Names of this process's own streams.
_STREAM = re.compile(r"/dev/(std(in|out|err)|fd/\d+)|/proc/[^/]+/fd/\d+")
_NUMBERED = re.compile(r"/(?:dev|proc/(?:thread-)?self|proc/(?P<process>\d+))/fd/(?P<number>\d{1,9})")


def write_report(text: str, path: str) -> None:
    """Writes ``text`` as UTF-8 to ``path``: the old file stays whole until the new one is complete.

    A symbolic link keeps pointing where it did, and its target is replaced. An existing file keeps its
    permissions; a new one gets what the umask allows. What is not a regular file (a pipe, ``/dev/stdout``)
    is written to directly. Raises `OutputError`, one line, when it can't be done.
    """
    data = text.encode("utf-8", errors="backslashreplace")
    with _explained(path):
        _write(data, path)


def check_writable(path: str) -> None:
    """Raises what `write_report` would raise for this path (but for a full disk), and writes nothing.

    So that an hour of scoring is not lost to a misspelt directory.
    """
    with _explained(path):
        target = _target(path)
        if target is None:
            return
        directory = os.path.dirname(target)
        if not stat.S_ISDIR(os.stat(directory).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a directory")
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "not writable")


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    """What the operating system objects to, as one line that says what to do."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        why = _WHY.get(error.errno or 0, f"{error.strerror or error}; choose another place")
        raise OutputError(f"can't write {one_line(path)!r}: {why}") from error
    except ValueError as error:  # a NUL in the name
        raise OutputError(f"can't write {one_line(path)!r}: {error}; rename it") from error


def _write(data: bytes, path: str) -> None:
    target = _target(path)
    if target is None:
        return _write_directly(data, path)
    return _replace(data, target, os.stat(target) if os.path.exists(target) else None)


def _target(path: str) -> str | None:
    """The regular file to replace or make, or None for what is written to directly."""
    if not path:
        raise ValueError("the file name is empty")
    if _STREAM.fullmatch(os.path.abspath(path)):
        return None  # resolving would replace the file that stdout is redirected to
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        if path.endswith(os.sep):
            raise IsADirectoryError(errno.EISDIR, "is a directory") from None
        return target
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory")
    if not stat.S_ISREG(mode):
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "not writable")
    return target


def _write_directly(data: bytes, path: str) -> None:
    own = _own_stream(path)
    # A stream of ours that is opened anew has a place of its own in the file: what comes next would cover it.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND) if own is None else os.dup(own)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _own_stream(path: str) -> int | None:
    """The number of this process's stream that the name stands for, if it is one to write to."""
    name = os.path.abspath(path)
    if name in ("/dev/stdout", "/dev/stderr"):
        return 1 if name == "/dev/stdout" else 2
    found = _NUMBERED.fullmatch(name)
    if found is None or (found["process"] and int(found["process"]) != os.getpid()):
        return None
    return int(found["number"])


def _replace(data: bytes, target: str, old: os.stat_result | None) -> None:
    directory = os.path.dirname(target)
    temporary = os.path.join(directory, f".mtqa-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                _keep_owner_and_mode(file.fileno(), old)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C as well: nothing half-written stays behind
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_directory(directory)


def _keep_owner_and_mode(descriptor: int, old: os.stat_result) -> None:
    """As far as the platform has them: Windows knows neither call (fchmod from Python 3.13 on)."""
    made = os.fstat(descriptor)
    if hasattr(os, "fchown") and (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(OSError):  # only root may give a file away
            os.fchown(descriptor, old.st_uid, old.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync_directory(directory: str) -> None:
    """Makes the renaming durable where the file system offers that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
