"""Whether a file or folder goes by a name: one line where the system will not tell."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mtqa.errors import InputError, one_line


def is_file(path: Path) -> bool:
    """`Path.is_file`. Raises `InputError` for a name in a folder that is closed, or that no system takes."""
    return stat.S_ISREG(_mode(path))


def is_dir(path: Path) -> bool:
    """`Path.is_dir`. Raises as `is_file`."""
    return stat.S_ISDIR(_mode(path))


def exists(path: Path) -> bool:
    """`Path.exists`. Raises as `is_file`."""
    return _mode(path) != 0


def _mode(path: Path) -> int:
    """The kind of what is there and its permissions; 0 where there is nothing."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL, which no name has
        return 0
    except PermissionError:
        raise InputError(
            f"{one_line(path, 200)}: no permission to enter its folder; check with ls -ld"
        ) from None
    except OSError as error:
        raise InputError(f"{one_line(path, 200)}: can't be read ({error.strerror or error})") from None
