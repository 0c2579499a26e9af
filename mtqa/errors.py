"""Everything that mtqa raises on purpose.

::

    MtqaError                  anything below
    ├── UsageError             the caller asked for something that does not exist (exit 2)
    │   └── ConfigError        a config file or value is wrong
    ├── InputError             the article can't be read or holds nothing to rank (exit 2)
    ├── ModelError             a model is missing, damaged, or not usable (exit 2)
    │   ├── ModelMissingError  it is not on this machine and was not, or could not be, fetched
    │   └── ModelDamagedError  its digest is not the expected one
    ├── OutputError            a report can't be written where it was asked for (exit 2)
    └── RunError               the run itself failed (exit 1): out of memory, a number that is not one

A message says what is wrong, the value, what is allowed, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MtqaError(Exception):
    """Base of every error that mtqa raises on purpose; ``str(error)`` is one line."""

    exit_code = 2


class UsageError(MtqaError):
    """A name or option that does not exist."""


class ConfigError(UsageError):
    """A config file or value is wrong."""


class InputError(MtqaError):
    """The article can't be read, or there is nothing in it to rank."""


class ModelError(MtqaError):
    """A model is missing, damaged or unusable."""


class ModelMissingError(ModelError):
    """The model is not on this machine."""


class ModelDamagedError(ModelError):
    """A model file's digest is not the expected one."""


class OutputError(MtqaError):
    """A report can't be written."""


class RunError(MtqaError):
    """The run failed, through no fault of its input."""

    exit_code = 1


def one_line(text: object, limit: int = 300) -> str:
    """The text on one line, control characters made visible, cut to ``limit`` characters.

    >>> one_line("a\\nb")
    'a b'
    """
    flat = " ".join(str(text).split())
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in flat)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is not in a list: names the nearest one that is.

    >>> unknown("measure", "perplexty", ["perplexity", "entropy"])
    "unknown measure 'perplexty': did you mean 'perplexity'? Known: entropy, perplexity"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    meant = f" did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {one_line(name, 60)!r}:{meant} Known: {', '.join(names)}"
