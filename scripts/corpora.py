"""What the scripts over all corpora share: which there are, and results that survive an interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.detect.head import FOLDER
from mtqa.errors import InputError, one_line
from mtqa.lm.cache import sha256_of
from mtqa.report.write import write_report

#: Where the corpora are unless --data says otherwise.
DATA = Path(os.environ.get("MTQA_DATA", "../shared/data"))
#: Folders of files without labels: raw material for `mtqa corrupt`.
_UNLABELLED = ("clean",)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A labelled file below the data's folder; ``name`` is its path there without the ending."""

    name: str
    path: Path


def corpora(data: Path, wanted: Sequence[str] = ()) -> list[Corpus]:
    """Every labelled JSONL file below ``data``, by name, or those whose name begins with a wanted one.

    Raises `InputError` where there is none.
    """
    found = [
        Corpus(str(path.relative_to(data).with_suffix("")), path)
        for path in sorted(data.rglob("*.jsonl"))
        if path.relative_to(data).parts[0] not in _UNLABELLED
    ]
    if not found:
        raise InputError(f"{one_line(data)}: no JSONL file below it; name the corpora's folder with --data")
    for name in wanted:
        if not any(corpus.name.startswith(name) for corpus in found):
            known = ", ".join(corpus.name for corpus in found)
            raise InputError(f"--corpora {one_line(name)}: no such corpus. There are: {known}")
    return [c for c in found if not wanted or any(c.name.startswith(name) for name in wanted)]


def heads() -> dict[str, str]:
    """Digest of each detector head in the package: a new one makes results anew."""
    return {path.stem: sha256_of(path)[:12] for path in sorted(FOLDER.glob("*.safetensors"))}


class Results:
    """One JSON file of results by corpus, written whole after each corpus.

    ``run``: what decides the results (configs, limit, seed, version). A file that another run has written
    is begun anew, never mixed with.
    """

    def __init__(self, path: Path, run: dict[str, Any]) -> None:
        self._path, self._run = path, run
        self._held: dict[str, Any] = {}
        if path.exists():
            try:
                old = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise InputError(f"{path}: not JSON ({one_line(error, 100)}); move it away") from error
            # Through JSON and back: tuples are lists there.
            if old.get("run") == json.loads(json.dumps(run)):
                self._held = old["corpora"]

    def has(self, corpus: Corpus) -> bool:
        """Is there a result for this corpus, as the file is now?"""
        held = self._held.get(corpus.name)
        return held is not None and held["data"][0]["digest"] == sha256_of(corpus.path)

    def __setitem__(self, name: str, record: dict[str, Any]) -> None:
        """Kept, and on disk before this returns."""
        self._held[name] = record
        self._path.parent.mkdir(parents=True, exist_ok=True)
        body = {"run": self._run, "corpora": dict(sorted(self._held.items()))}
        write_report(json.dumps(body, ensure_ascii=False, indent=1) + "\n", str(self._path))

    def items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What there is, by name."""
        yield from sorted(self._held.items())


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    held = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(held)} |"
