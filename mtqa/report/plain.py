"""A rich console that writes into a string: the same records give the same text, whatever the environment."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def string_console(out: io.StringIO, width: int, *, color: bool) -> Console:
    """Writes to ``out``; ANSI colours only where asked for, and never markup of its own."""
    from rich.console import Console

    environment: Mapping[str, str] = {}  # the caller has read it
    return Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ=environment,
    )
