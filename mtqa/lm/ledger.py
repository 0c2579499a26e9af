"""The score ledger: a text that was scored once is not scored again.

::

    <cache>/ledger/scores-2.sqlite3            the entries; 2 is the schema, another schema has its own file
    <cache>/ledger/scores-2.sqlite3.damaged    a file that could not be read any more, set aside

To a ranking the ledger is a help and never a hindrance: `Ledger.get` and `Ledger.put` do not raise. One
that can't be opened, read or written is told of once, by a warning of the ``mtqa`` logger, and done
without; one on a read-only disk gives its hits. A damaged entry is dropped and computed anew. ``MTQA_LEDGER``
names another folder, or is ``off``; ``MTQA_LEDGER_BYTES`` bounds it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mtqa.config import Config
from mtqa.errors import one_line
from mtqa.lm.ledger_codec import DamagedEntryError, Scored, pack, unpack
from mtqa.lm.ledger_key import entry_key, model_key
from mtqa.lm.ledger_place import LEDGER_BYTES, is_damage, ledger_file, ledger_folder, ledger_limit, open_store
from mtqa.lm.ledger_store import Store
from mtqa.lm.local import ModelFiles
from mtqa.records import Passage

if TYPE_CHECKING:
    from mtqa.lm.ledger_repairs import KnownRepairs

_log = logging.getLogger("mtqa")
_Entry = TypeVar("_Entry")


class KnownScores:
    """What the ledger knows of one model under one config. Raises nothing but `ConfigError`, when made."""

    def __init__(self, config: Config, files: ModelFiles, detector: str | None = None) -> None:
        folder = ledger_folder() if config.ledger else None
        self._ledger = None if folder is None else Ledger(folder, limit=ledger_limit())
        self._digests = (files.weights_sha256, files.tokenizer_sha256)
        self._model = model_key(config, files, detector) if self._ledger else ""

    def get(self, passages: Sequence[Passage]) -> Scored | None:
        """A document's scores by its passages, bit for bit as they were computed; None where unknown."""
        return self._ledger.get(entry_key(self._model, passages)) if self._ledger else None

    @property
    def repairs(self) -> KnownRepairs:
        """What the ledger knows of repairs by the same model under the same config."""
        from mtqa.lm.ledger_repairs import KnownRepairs

        return KnownRepairs(self._ledger, self._model)

    def put(self, passages: Sequence[Passage], scored: Scored) -> None:
        """Keep them, unless the model was changed between the key and the scores."""
        found = (scored.identity.weights_sha256, scored.identity.tokenizer_sha256)
        if self._ledger and found == self._digests:
            self._ledger.put(entry_key(self._model, passages), scored)


class Ledger:
    """The ledger as a ranking sees it. The file is opened when it is first needed."""

    def __init__(self, folder: Path, *, limit: int = LEDGER_BYTES) -> None:
        self._path, self._limit = ledger_file(folder), limit
        self._store: Store | None = None
        self._usable = self._writable = True
        self._replaced = False

    def get(self, key: str) -> Scored | None:
        """What was scored under this key, bit for bit, or None."""
        return self.read(key, unpack)

    def put(self, key: str, scored: Scored) -> None:
        """Keep the scores for the next time."""
        self.write(key, lambda: pack(scored), tokens=len(scored.scores))

    def read(self, key: str, decode: Callable[[bytes], _Entry]) -> _Entry | None:
        """What is kept under this key, or None. ``decode`` raises `DamagedEntryError`."""
        store = self._opened()
        if store is None:
            return None
        with self._soft("read"):
            entry = store.get(key)
            if entry is None:
                return None
            try:
                if not entry.sound:
                    raise DamagedEntryError("its digest is wrong")
                found = decode(entry.data)
            except DamagedEntryError as error:
                _log.warning(
                    "an entry of the score ledger was damaged (%s): scoring anew", one_line(error, 100)
                )
                self._drop(store, key)
                return None
            self._touch(store, key)
            return found
        return None

    def write(self, key: str, encode: Callable[[], bytes], *, tokens: int) -> None:
        """Keep the bytes for the next time."""
        store = self._opened()
        if store is not None and self._writable:
            with self._soft("written", reading=False):
                store.put(key, encode(), tokens=tokens)

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> Store | None:
        if self._store is None and self._usable:
            with self._soft("opened"):
                self._store = open_store(self._path, self._limit)
        return self._store if self._usable else None

    def _touch(self, store: Store, key: str) -> None:
        # When an entry was used only matters to pruning: never worth a word.
        if self._writable:
            with contextlib.suppress(sqlite3.OperationalError):
                store.touch(key)

    def _drop(self, store: Store, key: str) -> None:
        if self._writable:
            with self._soft("written", reading=False):
                store.drop(key)

    @contextlib.contextmanager
    def _soft(self, doing: str, *, reading: bool = True) -> Iterator[None]:
        """A failure inside is told of, and the ledger not used (or not written to) any more."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if is_damage(error) and self._set_aside():
                return
            self._writable = False
            self._usable = self._usable and not reading
            _log.warning(
                "the score ledger %s can't be %s (%s): going on without it",
                self._path,
                doing,
                one_line(error, 120),
            )

    def _set_aside(self) -> bool:
        """The damaged file out of the way, to begin anew; False where that can't be done, or was done."""
        if self._replaced:
            return False
        self._replaced = True
        try:
            self.close()
            self._store = open_store(self._path, self._limit, check=True)
        except (sqlite3.Error, OSError):
            return False
        return True
