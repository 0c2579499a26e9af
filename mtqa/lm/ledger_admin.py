"""What `mtqa ledger` does: shows the score ledger, prunes, verifies and clears it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mtqa.errors import ConfigError, RunError, one_line
from mtqa.lm.ledger_codec import DamagedEntryError, unpack
from mtqa.lm.ledger_place import ledger_file, ledger_folder, ledger_limit, open_store
from mtqa.lm.ledger_repairs import unpack_repairs
from mtqa.lm.ledger_store import Store


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What `mtqa ledger` shows. ``bytes`` of ``limit`` are taken; ``hits`` … counted since it was begun.

    ``others``: files of older schemas and damaged ones set aside.
    """

    path: Path
    entries: int
    tokens: int
    bytes: int
    limit: int
    hits: int
    stored: int
    pruned: int
    damaged: int
    others: tuple[Path, ...]


def ledger_state() -> LedgerState:
    """How the ledger is; one that was never written to is empty. Raises `RunError`, `ConfigError`."""
    path, limit = _path(), ledger_limit()
    counted: dict[str, int] = {}
    if path.exists():
        with _store() as store:
            counted = store.counters()
    names = ("entries", "tokens", "bytes", "hits", "stored", "pruned", "damaged")
    numbers = {name: counted.get(name, 0) for name in names}
    return LedgerState(path=path, limit=limit, others=tuple(_others(path)), **numbers)


def prune_ledger(limit: int | None = None) -> int:
    """Drop the least recently used entries beyond ``limit`` bytes (None: the ledger's own); how many went."""
    if not _path().exists():
        return 0
    with _store() as store:
        return store.prune(ledger_limit() if limit is None else limit)


def verify_ledger() -> tuple[int, int]:
    """Read every entry; damaged ones are dropped. How many were sound, and how many were not."""
    if not _path().exists():
        return 0, 0
    sound = damaged = 0
    with _store(check=True) as store:
        for key in store.all_keys():
            entry = store.get(key)
            if entry is None:  # another process dropped it
                continue
            if entry.sound and _unpacks(entry.data):
                sound += 1
            else:
                damaged += 1
                store.drop(key)
    return sound, damaged


def clear_ledger() -> int:
    """Drop every entry, and the files of older schemas and damaged ones; how many entries went."""
    path, gone = _path(), 0
    if path.exists():
        with _store() as store:
            gone = store.prune(0)
    for other in _others(path):
        other.unlink(missing_ok=True)
    return gone


def _path() -> Path:
    folder = ledger_folder()
    if folder is None:
        raise ConfigError("the ledger is off: MTQA_LEDGER says so")
    return ledger_file(folder)


def _others(path: Path) -> Iterator[Path]:
    for other in sorted(path.parent.glob("scores-*.sqlite3*")):
        own = other.name.removeprefix(path.name)
        if own not in ("", "-wal", "-shm", ".lock"):
            yield other


def _unpacks(data: bytes) -> bool:
    for decode in (unpack, unpack_repairs):
        with contextlib.suppress(DamagedEntryError):
            decode(data)
            return True
    return False


@contextlib.contextmanager
def _store(*, check: bool = False) -> Iterator[Store]:
    """The ledger's file for a command that is about nothing else: a failure is a `RunError`."""
    path = _path()
    try:
        store = open_store(path, ledger_limit(), check=check)
        try:
            yield store
        finally:
            store.close()
    except (sqlite3.Error, OSError) as error:
        raise RunError(f"the score ledger {path} can't be used ({one_line(error, 120)})") from error
