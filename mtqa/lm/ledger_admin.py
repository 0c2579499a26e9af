"""What `mtqa ledger` does: shows the score ledger, prunes, verifies and clears it."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mtqa.errors import ConfigError, RunError, one_line
from mtqa.lm.ledger_codec import DamagedEntryError, unpack
from mtqa.lm.ledger_key import SCHEMA
from mtqa.lm.ledger_place import ledger_file, ledger_folder, ledger_limit, open_store
from mtqa.lm.ledger_repairs import unpack_repairs
from mtqa.lm.ledger_store import Store

#: The files of a ledger's folder: of which schema, and whether set aside for damage.
_FILES = re.compile(r"scores-(\d{1,9})\.sqlite3(\.damaged)?(-wal|-shm|-journal|\.lock)?")


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What `mtqa ledger` shows. ``bytes`` of ``limit`` are taken; ``hits`` … counted since it was begun.

    ``stale``: files of older schemas and damaged ones set aside; ``newer``: those of a newer mtqa.
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
    stale: tuple[Path, ...]
    newer: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a command took out: entries, and whole files that were `LedgerState.stale`."""

    entries: int
    files: int


def ledger_path() -> Path:
    """The ledger's file, written to or not. Raises `ConfigError` where the ledger is off."""
    folder = ledger_folder()
    if folder is None:
        raise ConfigError("the ledger is off: MTQA_LEDGER says so")
    return ledger_file(folder)


def ledger_state() -> LedgerState:
    """How the ledger is; one that was never written to is empty. Raises `RunError`, `ConfigError`."""
    path, limit = ledger_path(), ledger_limit()
    with _told(path):
        with _store(path) as store:
            counted = store.counters() if store else {}
        stale, newer = _beside(path)
    names = ("entries", "tokens", "bytes", "hits", "stored", "pruned", "damaged")
    numbers = {name: counted.get(name, 0) for name in names}
    return LedgerState(path=path, limit=limit, stale=stale, newer=newer, **numbers)


def prune_ledger(limit: int | None = None) -> Dropped:
    """Drop the stale files, and the least recently used entries beyond ``limit`` bytes.

    None is the ledger's own limit. Files of a newer schema stay. Raises `RunError`, `ConfigError`.
    """
    path, most = ledger_path(), ledger_limit() if limit is None else limit
    with _told(path):
        with _store(path) as store:
            entries = store.prune(most) if store else 0
        stale, _ = _beside(path)
        for file in stale:
            file.unlink(missing_ok=True)
    return Dropped(entries, len(stale))


def verify_ledger() -> tuple[int, int]:
    """Read every entry; damaged ones are dropped. How many were sound, and how many were not.

    Raises `RunError`, `ConfigError`.
    """
    path = ledger_path()
    sound = damaged = 0
    with _told(path), _store(path, check=True) as store:
        if store is None:
            return 0, 0
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


def clear_ledger() -> Dropped:
    """Drop every entry and the stale files, as `prune_ledger` does; those of a newer schema stay."""
    return prune_ledger(0)


def _beside(path: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Stale files beside the ledger's own, and those of newer schemas; what has another name is not ours."""
    stale, newer = [], []
    for file in sorted(path.parent.glob("scores-*.sqlite3*")):
        named = _FILES.fullmatch(file.name)
        if named is None:
            continue
        schema, damaged = int(named[1]), named[2] is not None
        if schema > SCHEMA:
            newer.append(file)
        elif schema < SCHEMA or damaged:
            stale.append(file)
    return tuple(stale), tuple(newer)


def _unpacks(data: bytes) -> bool:
    for decode in (unpack, unpack_repairs):
        with contextlib.suppress(DamagedEntryError):
            decode(data)
            return True
    return False


@contextlib.contextmanager
def _store(path: Path, *, check: bool = False) -> Iterator[Store | None]:
    """The ledger's file; None where it was never written to."""
    if not path.exists():
        yield None
        return
    store = open_store(path, ledger_limit(), check=check)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """To a command that is about nothing else, a ledger that can't be used is a `RunError`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise RunError(f"the score ledger {path} can't be used ({one_line(error, 120)})") from error
