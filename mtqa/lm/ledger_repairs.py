"""Repairs that were found once, in the score ledger: an entry a document, beside that of its scores.

An entry holds the suggestions for each span that was looked at to the end, under a name that the caller
gives it. Its bytes are ``zlib(JSON)``; numbers come back as they were.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mtqa.lm.ledger_codec import UNREADABLE, DamagedEntryError
from mtqa.lm.ledger_key import entry_key, repairs_key
from mtqa.records import Passage, Suggestion

if TYPE_CHECKING:
    from mtqa.lm.ledger import Ledger

#: A span's suggestions, the best first; none is a finding too.
Found = tuple[Suggestion, ...]

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a document, by the name of the span, and in how many seconds at most, if ever.

    ``findings``: in how many of the first sentences, at most.
    """

    found: Mapping[str, Found] = field(default_factory=dict)
    budget_seconds: float = 0.0
    findings: int = 0


class KnownRepairs:
    """What the ledger knows of one model's repairs under one config. Raises nothing."""

    def __init__(self, ledger: Ledger | None, model: str) -> None:
        """``model`` is of `mtqa.lm.ledger_key.model_key`; no ledger knows nothing and keeps nothing."""
        self._ledger, self._model = ledger, model

    def get(self, passages: Sequence[Passage], settings: Mapping[str, object]) -> Looked:
        """A document's spans that were looked at."""
        looked = self._ledger and self._ledger.read(self._key(passages, settings), unpack_repairs)
        return looked or Looked()

    def put(self, passages: Sequence[Passage], settings: Mapping[str, object], looked: Looked) -> None:
        """Keep them, in the place of what was known of the document."""
        if self._ledger:
            self._ledger.write(self._key(passages, settings), lambda: pack_repairs(looked), tokens=0)

    def _key(self, passages: Sequence[Passage], settings: Mapping[str, object]) -> str:
        return repairs_key(entry_key(self._model, passages), settings)


def pack_repairs(looked: Looked) -> bytes:
    """The repairs as bytes."""
    plain = {name: [[s.text, s.gain_bits, s.kind] for s in own] for name, own in looked.found.items()}
    entry = {"repairs": plain, "budget_seconds": looked.budget_seconds, "findings": looked.findings}
    return zlib.compress(json.dumps(entry, separators=(",", ":")).encode("ascii"), _LEVEL)


def unpack_repairs(data: bytes) -> Looked:
    """What `pack_repairs` was given. Raises `DamagedEntryError` for anything else."""
    try:
        entry = json.loads(zlib.decompress(data))
        found = {str(name): _suggestions(own) for name, own in entry["repairs"].items()}
        return Looked(found, float(entry.get("budget_seconds", 0.0)), int(entry.get("findings", 0)))
    except UNREADABLE as error:
        raise DamagedEntryError(f"{type(error).__name__}: {error}") from error


def _suggestions(plain: list[Any]) -> Found:
    return tuple(Suggestion(str(text), float(gain), str(kind)) for text, gain, kind in plain)
