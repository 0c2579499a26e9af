"""Where a command's result goes: standard output or a file, in a format that is known before any work."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from mtqa.errors import OutputError, UsageError, one_line, unknown


def chosen_format(
    wanted: str | None,
    output: str | None,
    formats: Iterable[str],
    inputs: Iterable[str],
    *,
    called: str = "input files",
) -> str:
    """The format's name: ``wanted``, else by the output's ending, else ``terminal``.

    Raises `UsageError` for one that is not in ``formats``, `OutputError` for a place that can't be written
    or that is one of the ``inputs``, which a message calls ``called``.
    """
    from mtqa.report.formats import format_for_path

    known = list(formats)
    guessed = format_for_path(output) if output else None
    if not wanted and output and output != "-" and os.path.splitext(output)[1] and guessed not in known:
        raise UsageError(f"{one_line(output)}: no format goes by that ending; name one with --format")
    name = wanted or guessed or "terminal"
    if name not in known:
        raise UsageError(unknown("format", name, known))
    check_output(output, inputs, called=called)
    return name


def check_output(output: str | None, inputs: Iterable[str], *, called: str = "input files") -> None:
    """Raises `OutputError` for a place that can't be written, or that is one of the ``inputs``."""
    from mtqa.report.write import check_writable

    if output is None or output == "-":
        if sys.stdout is None:
            raise OutputError("standard output is closed; write to a file with -o")
        return
    check_writable(output)
    for path in inputs:
        if os.path.exists(path) and os.path.exists(output) and os.path.samefile(path, output):
            raise OutputError(f"{one_line(output)} is one of the {called}; write elsewhere")


def write_result(text: str, output: str | None) -> None:
    """The text to standard output (None or ``-``), or to a file, whole or not at all; or `OutputError`."""
    if output is None or output == "-":
        try:
            sys.stdout.buffer.write(text.encode("utf-8", errors="backslashreplace"))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            discard(sys.stdout)
            raise OutputError(f"can't write to standard output: {error.strerror or error}") from error
        return
    from mtqa.report.write import write_report

    write_report(text, output)


def discard(stream: TextIO) -> None:
    """Nothing more gets out of the stream: what is left in its buffer would fail again at exit."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def terminal_columns() -> int:
    """How wide the terminal is, 80 where there is none."""
    return max(shutil.get_terminal_size((80, 24)).columns, 40)


def result_columns(output: str | None) -> int:
    """How wide a result may be: 80, on a terminal as wide as that, but no line is longer than 120."""
    return min(terminal_columns(), 120) if on_terminal(output) else 80


def on_terminal(output: str | None) -> bool:
    """Does the result go to a terminal?"""
    return output in (None, "-") and sys.stdout is not None and sys.stdout.isatty()


def colored(output: str | None) -> bool:
    """Does the result go where colours are wanted?"""
    return on_terminal(output) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
