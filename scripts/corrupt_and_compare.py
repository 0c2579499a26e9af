"""Configs compared on sound articles that a generator has corrupted, in one command.

    python scripts/corrupt_and_compare.py configs/measures.yaml ../shared/data/clean/abc_*.jsonl --first 60 \\
        --types round_trip -o docs/results/round_trip.md
    python scripts/corrupt_and_compare.py configs/default.yaml ../shared/data/clean/abc_*.jsonl --first 30 \\
        --types number,entity,negation --by type -o docs/results/blind.md

Of each FILE (JSON lines of clean documents with paragraphs) the first articles; `mtqa corrupt`, then
`mtqa compare`, or, with --by, `mtqa evaluate` of one config. What was scored once comes from the score
ledger: interrupted, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path


def main() -> int:
    """Parse the arguments, corrupt, compare; the exit status of the first command that fails."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        name = options.output.stem if options.output else "corrupted"
        # A report names the last folder too: it is to be the same each time.
        made, sound = Path(folder, "corrupted", f"{name}.jsonl"), Path(folder, "sound.jsonl")
        made.parent.mkdir()
        try:
            sound.write_text("".join(_first(options.files, options.first)), encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            print(f"corrupt_and_compare: {error}", file=sys.stderr)
            return 1
        corrupt = ["corrupt", str(sound), "--seed", str(options.seed), "-o", str(made)]
        measure = ["evaluate" if options.by else "compare", str(options.set), "--data", str(made)]
        measure += ["--by", options.by] if options.by else []
        measure += ["-o", str(options.output)] if options.output else ["--format", "markdown"]
        return _mtqa(corrupt + (["--types", options.types] if options.types else [])) or _mtqa(measure)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", type=Path, metavar="SET", help="a comparison set, or with --by a config")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sound articles, JSON lines")
    parser.add_argument("--first", type=int, default=60, help="articles of each file")
    parser.add_argument("--types", help="of corruption; `mtqa corrupt --list` has them")
    parser.add_argument("--by", help="evaluate one config, broken down by this")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="where the comparison goes (format by its ending)")
    return parser.parse_args()


def _first(files: Sequence[Path], count: int) -> list[str]:
    """The first lines of each file, each with its end."""
    found = []
    for file in files:
        with file.open(encoding="utf-8") as lines:
            found += [line.rstrip("\n") + "\n" for line in islice(lines, count)]
    return found


def _mtqa(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "mtqa", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
