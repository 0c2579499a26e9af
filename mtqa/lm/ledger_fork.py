"""A SQLite connection that is never carried over a fork.

SQLite keeps in the process's memory which locks it has on a file, and whose they are. Behind a fork the child
has that memory, but none of the locks: neither the connection that it inherited nor a new one to the same
file would be safe while the old one is remembered (https://sqlite.org/howtocorrupt.html, 2.6). So every
connection is closed in front of a fork, and opened anew on either side of it when it is next needed. One
that crossed a fork all the same (inside a transaction, or where the fork went past Python) is not used in the
child, nor closed or finalised, which would close it: it is left to the end of the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable

#: How long a fork waits for another thread's transaction.
_FORK_SECONDS = 6.0


class Connection:
    """A connection that is opened when it is needed. Whoever uses it holds ``lock`` meanwhile."""

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        """``opened`` opens it; called at once, so that it may raise here, and whenever it was closed."""
        self._opened = opened
        self._db: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self.lock = threading.RLock()
        with _forking:
            self.get()
            _HERE.add(self)

    def get(self) -> sqlite3.Connection:
        """The connection of this process."""
        self._forget_inherited()
        if self._db is None:
            self._db, self._pid = self._opened(), os.getpid()
        return self._db

    def close(self) -> None:
        """Let go of the file, unless the connection is another process's."""
        self._forget_inherited()
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def rest(self) -> None:
        """Close it, unless this thread is in the middle of a transaction."""
        if self._db is not None and not self._db.in_transaction:
            self.close()

    def _forget_inherited(self) -> None:
        if self._db is not None and self._pid != os.getpid():
            # One reference more than there are: not even the interpreter's own end finalises it.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._db))
            self._db = None

    def forked(self) -> None:
        """In the child, before anything else: no thread is left that could give the lock back."""
        self.lock = threading.RLock()
        self._forget_inherited()

    def __del__(self) -> None:
        # At the interpreter's end the names of this module may be gone already, `contextlib` among them.
        try:  # noqa: SIM105
            self.close()
        except Exception:  # noqa: S110 (nobody is left to be told)
            pass


_HERE: weakref.WeakSet[Connection] = weakref.WeakSet()
#: One fork at a time, and whose locks it holds.
_forking = threading.RLock()
_resting: list[Connection] = []


def _before_fork() -> None:
    _forking.acquire()
    for connection in list(_HERE):
        if connection.lock.acquire(timeout=_FORK_SECONDS):
            _resting.append(connection)
            with contextlib.suppress(sqlite3.Error):
                connection.rest()


def _after_fork_here() -> None:
    while _resting:
        _resting.pop().lock.release()
    _forking.release()


def _after_fork_in_child() -> None:
    global _forking
    _resting.clear()
    _forking = threading.RLock()
    for connection in list(_HERE):
        connection.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_here, after_in_child=_after_fork_in_child
    )
