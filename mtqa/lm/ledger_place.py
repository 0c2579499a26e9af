"""Where the score ledger lies, how large it may grow, and how a damaged file is got out of the way."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from pathlib import Path

from mtqa.errors import ConfigError, one_line
from mtqa.lm.cache import cache_dir, named_folder
from mtqa.lm.ledger_key import SCHEMA
from mtqa.lm.ledger_store import MOST_BYTES, NotALedgerError, Store

#: Bytes that the ledger may take unless ``MTQA_LEDGER_BYTES`` says otherwise: about 35,000 short articles.
LEDGER_BYTES = 1_000_000_000

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_OFF = ("off", "0", "no", "false")
#: Digits of ``MTQA_LEDGER_BYTES`` that are read as a number; any that SQLite can hold has fewer.
_MOST_DIGITS = 100
_log = logging.getLogger("mtqa")


def ledger_folder() -> Path | None:
    """Where the ledger lies; None where ``MTQA_LEDGER`` turns it off. Raises `ConfigError`."""
    if os.environ.get("MTQA_LEDGER", "").lower() in _OFF:
        return None
    return named_folder("MTQA_LEDGER") or cache_dir() / "ledger"


def ledger_limit() -> int:
    """The bytes it may take. Raises `ConfigError` for a ``MTQA_LEDGER_BYTES`` that is no number of bytes."""
    text = os.environ.get("MTQA_LEDGER_BYTES", "").replace("_", "")
    if not text:
        return LEDGER_BYTES
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ConfigError(
            f"MTQA_LEDGER_BYTES is {one_line(text, 60)!r}: a whole number of bytes, such as 200000000"
        )
    return min(int(text), MOST_BYTES)


def ledger_file(folder: Path) -> Path:
    """The file of this schema in a ledger's folder."""
    return folder / f"scores-{SCHEMA}.sqlite3"


def damaged_copy(path: Path) -> Path:
    """Where a damaged ledger file is moved to."""
    return path.with_name(f"{path.name}.damaged")


def is_damage(error: Exception) -> bool:
    """Whether the error says that the file is no ledger, or a damaged one."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, NotALedgerError) or (code is not None and code & 0xFF in _DAMAGED)


def open_store(path: Path, limit: int, *, check: bool = False) -> Store:
    """The store; a damaged file is set aside first. ``check`` looks for damage that opening does not show."""
    try:
        return _checked(path, limit, check)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    import filelock

    with filelock.FileLock(f"{path}.lock"):
        # Another process may have met the same damage and be done with it.
        try:
            return _checked(path, limit, check)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            _log.warning(
                "the score ledger %s is damaged (%s): it was moved to %s and is begun anew",
                path,
                one_line(error, 100),
                damaged_copy(path).name,
            )
        # The file itself last: a process that dies between leaves damage that the next one finds.
        for ending in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{path}{ending}", f"{damaged_copy(path)}{ending}")
        return Store(path, limit=limit)


def _checked(path: Path, limit: int, check: bool) -> Store:
    store = Store(path, limit=limit)
    faults: list[str] = []
    try:
        faults = store.faults() if check else []
    except BaseException:
        store.close()
        raise
    if faults:
        store.close()
        raise NotALedgerError(one_line(faults[0], 100))
    return store
