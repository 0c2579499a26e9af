"""Sections 3 and 4 of the benchmark: whole commands, from start to finish, and their memory."""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmark_parts import ROOT, SEED, Bench, NotHad, Results, alternate

#: The shortest plain script: torch, transformers, the model, the article once.
PLAIN = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, article = sys.argv[1:3]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
ids = tokenizer(open(article, encoding="utf-8").read(), return_tensors="pt").input_ids
with torch.inference_mode():
    model(ids, labels=ids).loss
"""


def measure_start(bench: Bench, results: Results) -> None:
    """Section 3: whole commands, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.py"
        plain.write_text(PLAIN)
        command = [sys.executable, "-m", "mtqa.cli"]
        rank = [
            *command,
            "rank",
            str(SEED),
            "--model",
            "smollm2-135m",
            "--format",
            "json",
            "--output",
            str(Path(folder) / "r.json"),
        ]
        fresh = itertools.count()
        jobs = {
            "plain": lambda: _seconds([sys.executable, str(plain), str(bench.folder), str(SEED)], folder),
            "cold": lambda: _seconds(rank, str(Path(folder) / f"ledger{next(fresh)}")),
            "ledger": lambda: _seconds(rank, str(Path(folder) / "known")),
            "help": lambda: _seconds([*command, "--help"], folder),
        }
        for job in jobs.values():  # files into the disk's cache, the scores into the ledger
            job()
        rounds = list(alternate(bench.rounds, jobs))
    for ratio, name in (("cold_start", "cold"), ("ledger", "ledger"), ("help", "help")):
        results.ratio(ratio, [r[name] / r["plain"] for r in rounds])
    results.details["start_seconds"] = {k: round(statistics.median(r[k] for r in rounds), 2) for k in jobs}


def _seconds(command: Sequence[str], ledger: str) -> float:
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(ledger), check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise NotHad(f"{' '.join(command[:4])}: {(done.stderr.strip().splitlines() or ['failed'])[-1][:200]}")
    return seconds


def _environment(ledger: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "MTQA_LEDGER": ledger, "HF_HUB_OFFLINE": "1"}


def measure_memory(bench: Bench, results: Results) -> None:
    """Section 4: peak resident memory and time of `mtqa rank` on texts of 1 to 1,000 pages of 300 words."""
    words = " ".join(bench.texts["documents"]).split(" ")
    weights = sum(path.stat().st_size for path in bench.folder.glob("*.safetensors")) / 1e6
    results.details["memory_goal_mb"] = round(1.3 * weights + 600)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for pages in bench.pages:
            article = Path(folder) / "article.txt"
            article.write_text(" ".join(itertools.islice(itertools.cycle([*words, "\n\n"]), 300 * pages)))
            peak, seconds[str(pages)] = _peak(article, Path(folder))
            results.memory_mb[str(pages)] = round(peak, 1)
            results.reasons.pop(f"memory_{pages}", None)
            print(f"{pages} pages: {peak:.0f} MB, {seconds[str(pages)]:.0f} s", file=sys.stderr)
    results.details["memory_seconds"] = {k: round(v, 1) for k, v in seconds.items()}


def _peak(article: Path, folder: Path) -> tuple[float, float]:
    """Megabytes and seconds of one command; its own peak, not that of all children so far."""
    command = [
        sys.executable,
        "-m",
        "mtqa.cli",
        "rank",
        str(article),
        "--no-ledger",
        "-q",
        "-o",
        str(folder / "r.jsonl"),
    ]
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=_environment("off"), stderr=subprocess.PIPE, text=True)
    assert process.stderr  # noqa: S101 (given above)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise NotHad(f"mtqa rank: {errors.strip()[:200]}")
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3), time.perf_counter() - begin
