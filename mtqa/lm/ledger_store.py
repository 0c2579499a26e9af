"""The ledger's file: SQLite in WAL mode, one transaction a write, bounded, least recently used out first.

A `Store` raises `sqlite3.Error` and `OSError` as they come; `mtqa.lm.ledger` decides what that means for a
ranking. Several processes and threads may use one file at a time, on a local disk (SQLite's WAL does not
work over a network file system). A process killed at any point leaves a readable file, and no connection
is carried over a fork (`mtqa.lm.ledger_fork`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.lm.ledger_fork import Connection
from mtqa.lm.ledger_key import SCHEMA

#: How long a write waits for another process's.
BUSY_SECONDS = 5.0
_TOUCH_MS = 250
#: Pruning goes this far below the limit, so that it is not done at every write.
_PRUNED_TO = 0.9
#: The largest number that SQLite can hold.
MOST_BYTES = 2**63 - 1
#: Bytes counted for an entry besides its data: its row, its key, its place in two indices.
_ROW_BYTES = 300

_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, bytes INTEGER NOT NULL,
    tokens INTEGER NOT NULL, created REAL NOT NULL, used REAL NOT NULL);
CREATE INDEX IF NOT EXISTS by_use ON entries (used, id, bytes);
CREATE TABLE IF NOT EXISTS data (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO counters VALUES
    ('entries', 0), ('tokens', 0), ('bytes', 0), ('hits', 0), ('stored', 0), ('pruned', 0), ('damaged', 0);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON entries BEGIN
    UPDATE counters SET value = value + 1 WHERE name = 'entries';
    UPDATE counters SET value = value + new.tokens WHERE name = 'tokens';
    UPDATE counters SET value = value + new.bytes WHERE name = 'bytes';
END;
CREATE TRIGGER IF NOT EXISTS dropped AFTER DELETE ON entries BEGIN
    UPDATE counters SET value = value - 1 WHERE name = 'entries';
    UPDATE counters SET value = value - old.tokens WHERE name = 'tokens';
    UPDATE counters SET value = value - old.bytes WHERE name = 'bytes';
    DELETE FROM data WHERE id = old.id;
END;
"""

#: The least recently used entries that have to go for the rest to take ``:limit`` bytes at most.
_OLDEST = """
DELETE FROM entries WHERE id IN (
    SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY used DESC, id DESC) AS upto FROM entries)
    WHERE upto > :limit)
"""


class NotALedgerError(sqlite3.DatabaseError):
    """The file is a sound database of somebody else's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is stored under a key; ``sound`` says whether the digest is still that of the data."""

    key: str
    data: bytes
    sound: bool


class Store:
    """One ledger file, opened (and made, where it is missing)."""

    def __init__(self, path: Path, *, limit: int) -> None:
        """``limit`` in bytes; 0 keeps nothing."""
        self.path, self.limit = path, limit
        path.parent.mkdir(parents=True, exist_ok=True)
        self._own = Connection(lambda: _opened(path))

    def get(self, key: str) -> Entry | None:
        """The entry, read but not checked any further than by its digest."""
        found = self._all("SELECT digest, data FROM entries LEFT JOIN data USING (id) WHERE key = ?", (key,))
        if not found:
            return None
        digest, data = found[0]
        data = data if isinstance(data, bytes) else b""
        return Entry(key, data, sound=digest == _digest(key, data))

    def touch(self, key: str) -> None:
        """Count a hit; that is not worth waiting long for."""
        with self._own.lock:
            self._own.get().execute(f"PRAGMA busy_timeout = {_TOUCH_MS}").fetchall()
            try:
                with self._writing() as db:
                    db.execute("UPDATE entries SET used = ? WHERE key = ?", (time.time(), key))
                    db.execute("UPDATE counters SET value = value + 1 WHERE name = 'hits'")
            finally:
                self._own.get().execute(f"PRAGMA busy_timeout = {int(1000 * BUSY_SECONDS)}").fetchall()

    def put(self, key: str, data: bytes, *, tokens: int) -> None:
        """Store the data under the key, in the place of what was there; make room where there is none."""
        size, now = len(data) + _ROW_BYTES, time.time()
        if size > self.limit:
            return
        with self._writing() as db:
            db.execute("DELETE FROM entries WHERE key = ?", (key,))
            row = (key, _digest(key, data), size, tokens, now, now)
            place = db.execute(
                "INSERT INTO entries (key, digest, bytes, tokens, created, used) VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            db.execute("INSERT INTO data VALUES (?, ?)", (place.lastrowid, data))
            db.execute("UPDATE counters SET value = value + 1 WHERE name = 'stored'")
            if _counter(db, "bytes") > self.limit:
                _prune(db, max(int(self.limit * _PRUNED_TO), size))

    def drop(self, key: str) -> None:
        """Take a damaged entry out."""
        with self._writing() as db:
            db.execute("DELETE FROM entries WHERE key = ?", (key,))
            db.execute("UPDATE counters SET value = value + 1 WHERE name = 'damaged'")

    def prune(self, limit: int) -> int:
        """Drop the least recently used entries until ``limit`` bytes hold the rest; how many went."""
        with self._writing() as db:
            gone = _prune(db, limit)
        self._shrink()
        return gone

    def all_keys(self) -> list[str]:
        """Every key, oldest entry first."""
        return [str(row[0]) for row in self._all("SELECT key FROM entries ORDER BY id")]

    def counters(self) -> dict[str, int]:
        """``entries``, ``tokens`` and ``bytes`` now; ``hits``, ``stored``, ``pruned``, ``damaged`` ever."""
        return {str(name): int(value) for name, value in self._all("SELECT name, value FROM counters")}

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file itself."""
        return [str(row[0]) for row in self._all("PRAGMA integrity_check") if row[0] != "ok"]

    def close(self) -> None:
        """Let go of the file; what was committed is on its way to the disk."""
        with self._own.lock:
            self._own.close()

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._own.lock:
            return self._own.get().execute(query, values).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._own.lock:
            db = self._own.get()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # a full disk may have rolled it back already
                    db.execute("ROLLBACK")
                raise

    def _shrink(self) -> None:
        with self._own.lock:
            # A page a step, and no row to fetch: only a script is stepped to its end.
            self._own.get().executescript("PRAGMA incremental_vacuum")
            self._own.get().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _opened(path: Path) -> sqlite3.Connection:
    deadline, only_read = time.monotonic() + BUSY_SECONDS, _only_read(path)
    while True:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1" if only_read else path,
            uri=only_read,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not only_read:  # of a new file only, and only before it is looked at
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            _prepare(db)
            return db
        except sqlite3.OperationalError as error:
            db.close()
            # Two processes that begin a file at once: the change to WAL does not wait for its turn.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        except BaseException:
            db.close()
            raise


def _only_read(path: Path) -> bool:
    """Can no file be made beside the ledger's, as SQLite has to, even to read what is in WAL mode?

    It then has to be told that nobody writes, and looks at no WAL: only where there is none. Should another
    process write all the same, an entry's digest tells, or SQLite says that the file is malformed.
    """
    wal = Path(f"{path}-wal")
    alone = not wal.exists() or wal.stat().st_size == 0
    return alone and path.exists() and not os.access(path.parent, os.W_OK)


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN")  # both answers from one moment: another process may be making the tables
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (things,) = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    db.execute("COMMIT")
    if version == SCHEMA and things:
        return
    if version or things:
        raise NotALedgerError(f"user_version {version}, {SCHEMA} expected")
    db.execute("PRAGMA journal_mode = WAL").fetchall()
    db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")


def _prune(db: sqlite3.Connection, limit: int) -> int:
    gone = db.execute(_OLDEST, {"limit": min(limit, MOST_BYTES)}).rowcount
    db.execute("UPDATE counters SET value = value + ? WHERE name = 'pruned'", (gone,))
    return gone


def _counter(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()[0])


def _digest(key: str, data: bytes) -> str:
    return hashlib.sha256(key.encode() + data).hexdigest()
