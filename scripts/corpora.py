"""What the scripts over all corpora share: which there are, and results that survive an interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from mtqa.bench.comparison.words import figure, interval
from mtqa.config import Config
from mtqa.detect.head import FOLDER
from mtqa.errors import InputError, one_line
from mtqa.lm.cache import sha256_of
from mtqa.lm.catalogue import CATALOGUE
from mtqa.pipeline import Ranker
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


def heads(configs: Iterable[Config]) -> dict[str, str]:
    """Digest of each detector head and calibration that these configs may use: they decide results."""
    configs = list(configs)
    models = {config.model for config in configs if config.detector != "none"}
    # A directory or a hub id goes by its weights, which may be those of any model that has a head.
    named = models <= set(CATALOGUE)
    there = sorted(FOLDER.glob("*.safetensors"))
    found = {path.stem: path for path in there if path.stem in models or not named}
    for config in configs:
        files = (Path(name) for name in (config.detector, config.calibration) if name)
        found |= {str(path): path for path in files if path.is_file()}
    return {name: sha256_of(path)[:12] for name, path in found.items()}


class Results:
    """One JSON file of results by corpus, written whole after each corpus.

    ``run``: what decides the results (configs, limit, seed, version). A file that another run has written
    is never mixed with: `InputError` names what differs; ``anew`` begins it again, whatever it holds.
    """

    def __init__(self, path: Path, run: dict[str, Any], *, anew: bool = False) -> None:
        # Through JSON and back: tuples are lists there.
        self._path, self._run = path, json.loads(json.dumps(run))
        self._held: dict[str, Any] = {}
        if path.exists() and not anew:
            old = _read(path)
            if old["corpora"] and (changed := list(_differences(old["run"], self._run))):
                count = len(old["corpora"])
                held = f"holds {count} {'corpus' if count == 1 else 'corpora'} of another run"
                advice = "--anew throws them away, -o FOLDER writes elsewhere"
                raise InputError(f"{path}: {held} ({', '.join(changed)}); {advice}")
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


def _read(path: Path) -> dict[str, Any]:
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({one_line(error, 100)}); move it away") from error
    if not isinstance(old, dict) or not all(isinstance(old.get(key), dict) for key in ("run", "corpora")):
        raise InputError(f"{path}: no results of this script; move it away")
    return old


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What two runs differ in, a few words each; heads only where the new run uses them."""
    for key in dict.fromkeys((*new, *old)):
        before, now = old.get(key), new.get(key)
        if before == now:
            continue
        if not isinstance(before, dict) or not isinstance(now, dict):
            yield one_line(f"{key}: {json.dumps(before)} there, {json.dumps(now)} now", 80)
            continue
        names = now if key == "heads" else dict.fromkeys((*now, *before))
        if odd := [name for name in names if before.get(name) != now.get(name)]:
            yield one_line(f"{key}: {', '.join(odd)}", 120)


def cell(found: Mapping[str, Any] | None) -> str:
    """A figure of an evaluation's record with its interval; empty where there is none."""
    if found is None or found["value"] is None:
        return ""
    return f"{figure(found['value'])} {interval(found['low'], found['high'])}".strip()


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    held = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(held)} |"


def share(of: Sequence[bool]) -> str:
    """How many of them are so, and their share with Wilson's 95 % interval; empty of none."""
    if not of:
        return ""
    hits, count = sum(of), len(of)
    between = binomtest(hits, count).proportion_ci(method="wilson")
    return f"{hits} ({hits / count:.1%}; {between.low:.1%} to {between.high:.1%})"


def told(lines: Iterable[str], output: Path | None) -> None:
    """The lines on standard output, and first in the file that is named, if one is."""
    text = "\n".join(lines) + "\n"
    if output:
        write_report(text, str(output))
    print(text, end="")


def digest_of(ranker: Ranker) -> str | None:
    """The detector head that reads along, by its digest's first characters."""
    return ranker.head.digest[:12] if ranker.head else None
