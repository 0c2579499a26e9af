"""What the command line shows on stderr: its lines, and while it works one progress bar, on a terminal only.

Elsewhere (a pipe, a log) the long stages of a fetch are announced by one line each, the rest is silent. A
stderr that takes nothing more (its reader has gone, its disk is full) stops no work.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import click

from mtqa.errors import MtqaError, RunError, one_line
from mtqa.output import discard

#: Stages counted in bytes, and those worth a line where there is no terminal.
_BYTES = ("fetching", "verifying")
_ANNOUNCED = ("fetching", "converting", "waiting for another mtqa process")


def say(what: object) -> None:
    """One line of mtqa's."""
    tell(f"mtqa: {one_line(what, 1000)}")


def tell(text: str) -> None:
    """The text as it is."""
    with _unheard_or_not():
        click.echo(text, err=True)


@contextlib.contextmanager
def _unheard_or_not() -> Iterator[None]:
    try:
        yield
    except OSError:
        discard(sys.stderr)


class Console:
    """A `mtqa.lm.progress.Progress` that draws on stderr; a context manager that cleans up behind it."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet or sys.stderr is None
        self._terminal = not self._quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._stage: str | None = None
        self.failures: list[type[MtqaError]] = []

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Show how far ``stage`` is."""
        changed, self._stage = stage != self._stage, stage
        if self._quiet or (not self._terminal and not changed):
            return
        if not self._terminal:
            if stage in _ANNOUNCED:
                size = f" ({total / 1e6:.0f} MB)" if total and stage in _BYTES else ""
                say(f"{stage}{size} …")
            return
        with _unheard_or_not():
            if changed or self._bar is None:  # closed meanwhile: the same stage of another file
                self.close()
                self._open(stage, counted=total is not None)
            self._bar.update(self._task, completed=done, total=total)

    def _open(self, stage: str, *, counted: bool) -> None:
        from rich.console import Console as RichConsole
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        counts = DownloadColumn() if stage in _BYTES else MofNCompleteColumn()
        measured = (BarColumn(), counts, TimeRemainingColumn()) if counted else ()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            *measured,
            console=RichConsole(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task(stage, total=None)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            with _unheard_or_not():
                self._bar.stop()
            self._bar = None

    @contextlib.contextmanager
    def passing_over(self, name: str, *kinds: type[MtqaError]) -> Iterator[None]:
        """Around one of several things: such an error is said at once and counted; the others are done."""
        try:
            yield
        except kinds as error:
            self.close()
            say(f"{one_line(name)}: {error}" if isinstance(error, RunError) else error)
            self.failures.append(type(error))  # the error itself would hold all that was at work

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
