"""Print one of the README's two commands (`rank` or `test`), so that CI runs what the README says."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def readme_command(which: str) -> str:
    """The shell line behind ``<!-- command: which -->`` in the README, or `SystemExit`."""
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- command: {re.escape(which)} -->\s*```\w*\n(.+?)\n```", readme, re.DOTALL)
    if not found:
        raise SystemExit(f"README.md has no command {which!r}")
    return found.group(1)


if __name__ == "__main__":
    print(readme_command(sys.argv[1] if len(sys.argv) > 1 else "test"))
