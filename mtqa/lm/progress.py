"""How long work in this room tells somebody how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Is told how far a stage is; the command line draws a bar from it."""

    def update(self, stage: str, done: int, total: int | None) -> None:
        """``stage`` for a person; ``done`` of ``total`` in the stage's own unit, None where unknown.

        Stages of a fetch: ``fetching`` and ``verifying`` (bytes), ``converting`` (tensors),
        ``waiting for another mtqa process`` (0 of None).
        """
        ...


class NoProgress:
    """Tells nobody."""

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Nothing."""


def counted_from(progress: Progress, stage: str, *, before: int, total: int) -> Callable[[int], None]:
    """A listener for one file's bytes that reports them on top of those of the files ``before`` it."""
    return lambda done: progress.update(stage, before + done, total)
