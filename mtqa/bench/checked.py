"""What a user's settings may be: a mistake is one line before any work."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral

from mtqa.errors import UsageError


def check_whole(**values: object) -> None:
    """Raises `UsageError` for what is no whole number from 0, by its name."""
    for name, value in values.items():
        if not isinstance(value, Integral) or int(value) < 0:
            raise UsageError(f"{name} is {value!r}: a whole number from 0")


def check_names(name: str, value: object) -> None:
    """Raises `UsageError` for what is no tuple of names: a `str` would be one of its letters."""
    if isinstance(value, str):
        raise UsageError(f"{name} is {value!r}: give a tuple of names, ({value!r},)")
    if not isinstance(value, Iterable) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{name} is {value!r}: give a tuple of names")
