"""What the benchmark's sections share: the results, the processes that take turns, the machine."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SEED = ROOT / "seeds" / "000_528cacc9b8efffdc.txt"
RATIOS = (
    "documents_to_limit",
    "sentences_to_limit",
    "to_minicons",
    "to_lmppl",
    "cold_start",
    "ledger",
    "help",
)


class NotHad(Exception):  # noqa: N818
    """Why a number could not be had."""


def reason_of(error: Exception) -> str:
    """The failure in one line, for the place of a number."""
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, NotHad) else f"{type(error).__name__}: {text}"


@dataclass
class Results:
    """What was measured so far: ratios by name, reasons for what was not, and all the figures behind them."""

    ratios: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(RATIOS))
    reasons: dict[str, str] = field(default_factory=lambda: dict.fromkeys(RATIOS, "not asked for"))
    memory_mb: dict[str, float | None] = field(
        default_factory=lambda: dict.fromkeys(("1", "10", "100", "1000"))
    )
    details: dict[str, Any] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)

    def ratio(self, name: str, values: Sequence[float]) -> None:
        """The median of the rounds' ratios."""
        self.ratios[name] = round(statistics.median(values), 3)
        self.details[f"{name}_rounds"] = [round(value, 3) for value in values]
        self.reasons.pop(name, None)

    def as_json(self) -> dict[str, Any]:
        """The benchmark's JSON, schema 1."""
        return {
            "schema": 1,
            "machine": machine(),
            "ratios": self.ratios,
            "memory_mb": self.memory_mb,
            "reasons": self.reasons,
            "agreement": self.agreement,
            "details": self.details,
        }


class Side:
    """A process of `benchmark_sides.py`; ``ask`` gives its answer. Raises `NotHad` where it fails."""

    def __init__(
        self, name: str, python: str, folder: Path, *, threads: int, device: str = "cpu", dtype: str = ""
    ) -> None:
        command = [python, str(HERE / "benchmark_sides.py"), name, str(folder), str(threads), device]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        if name == "mtqa":
            environment["PYTHONPATH"] = str(ROOT)
        environment["HF_HUB_OFFLINE"] = "1"
        self.name = name
        try:
            self._process = subprocess.Popen(
                command + [dtype] * bool(dtype),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
            )
        except OSError as error:
            raise NotHad(f"{name}: {python} can't be run ({error.strerror})") from error
        try:
            self.versions = self._answer()
        except BaseException:
            self.close()
            raise

    def ask(self, **task: Any) -> dict[str, Any]:
        """One task's answer."""
        assert self._process.stdin  # noqa: S101 (given above)
        try:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise NotHad(f"{self.name} ended early") from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 (given above)
        line = self._process.stdout.readline()
        try:
            answer: dict[str, Any] = json.loads(line) if line else {"error": "it ended early"}
        except ValueError as error:
            raise NotHad(f"{self.name}: its answer is no JSON ({line[:60]!r})") from error
        if "error" in answer:
            raise NotHad(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process, by force where it does not end of itself."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # a task that a process which is gone did not read
                if stream:
                    stream.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class Bench:
    """What a run works on and with."""

    texts: Mapping[str, list[str]]  # kind → texts
    folder: Path
    threads: int
    rounds: int
    pages: Sequence[int]
    peers: Mapping[str, str]  # name → its Python, where the caller named one


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    from importlib.metadata import version

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "system": platform.platform(),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }


def alternate(
    rounds: int, jobs: Mapping[str, Callable[[], float | None]]
) -> Iterator[dict[str, float | None]]:
    """Each round's seconds by job, None where it failed; they take turns, another one first each round."""
    names = list(jobs)
    for number in range(rounds):
        start = number % len(names)
        yield {name: jobs[name]() for name in names[start:] + names[:start]}
