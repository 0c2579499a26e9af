"""Sections 3 and 4 of the benchmark: whole commands, from start to finish, and their memory."""

from __future__ import annotations

import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark_parts import ROOT, SEED, Bench, NotHad, Results, alternate

#: Words on a page of the long articles.
PAGE_WORDS = 250

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

#: The plain script runs on the CPU, whatever else there is.
_LIKE_PLAIN = ("--device", "cpu")


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
            *_LIKE_PLAIN,
            "--no-repair",  # the plain script looks for none
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
    """Section 4: peak resident memory and time of `mtqa rank`, a process for each number of pages."""
    weights = sum(path.stat().st_size for path in bench.folder.glob("*.safetensors")) / 1e6
    results.details["memory_goal_mb"] = round(1.3 * weights + 600)
    seconds: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        article = Path(folder) / "article.txt"
        for pages in sorted(bench.pages):
            article.write_text(long_article(bench.texts["sentences"], pages), encoding="utf-8")
            peak, seconds[pages] = _peak(article, Path(folder))
            results.memory_mb[str(pages)] = round(peak, 1)
            results.reasons.pop(f"memory_{pages}", None)
            print(f"{pages} pages: {peak:.0f} MB, {seconds[pages]:.0f} s", file=sys.stderr)
    results.details["memory_seconds"] = {str(k): round(v, 1) for k, v in seconds.items()}
    a_page = seconds_a_page(seconds)
    results.details["memory_seconds_a_page"] = {k: round(v, 3) for k, v in a_page.items()}
    results.details["linear_time"] = slowing(a_page)


def seconds_a_page(seconds: Mapping[int, float]) -> dict[str, float]:
    """What each further page takes, from one number of pages to the next: the start-up falls out.

    >>> seconds_a_page({1: 4.5, 10: 9.0, 100: 54.0})
    {'1 to 10': 0.5, '10 to 100': 0.5}
    """
    steps = itertools.pairwise(sorted(seconds))
    return {f"{a} to {b}": (seconds[b] - seconds[a]) / (b - a) for a, b in steps}


def slowing(a_page: Mapping[str, float]) -> float | None:
    """The largest over the smallest of `seconds_a_page` from 10 pages on: 1 is linear time.

    None where fewer than two are known, or the clock was too coarse for one of them.

    >>> slowing({"1 to 10": 0.9, "10 to 100": 0.5, "100 to 1000": 0.55})
    1.1
    """
    late = [value for step, value in a_page.items() if from_ten_on(step)]
    return round(max(late) / min(late), 3) if len(late) > 1 and min(late) > 0 else None


def from_ten_on(step: str) -> bool:
    """Whether a step of `seconds_a_page` begins at 10 pages or more: before, a page is not yet the model's.

    >>> from_ten_on("10 to 100"), from_ten_on("1 to 10")
    (True, False)
    """
    return int(step.split()[0]) >= 10


def long_article(sentences: Sequence[str], pages: int) -> str:
    """One article of so many pages of `PAGE_WORDS` words: the sentences over and over, in another order each
    time and with other numbers in them, a hundred words to a paragraph."""
    rng = random.Random(pages)  # noqa: S311 (no secret)
    paragraphs: list[str] = []
    paragraph: list[str] = []
    words = length = 0
    while words < PAGE_WORDS * pages:
        for sentence in rng.sample(sentences, len(sentences)):
            paragraph.append(re.sub(r"\d", lambda _: str(rng.randrange(10)), sentence))
            length += sentence.count(" ") + 1
            if length >= 100 or words + length >= PAGE_WORDS * pages:
                paragraphs.append(" ".join(paragraph))
                words, length, paragraph = words + length, 0, []
            if words >= PAGE_WORDS * pages:
                break
    return "\n\n".join(paragraphs) + "\n"


def _peak(article: Path, folder: Path) -> tuple[float, float]:
    """Megabytes and seconds of one command; its own peak, not that of all children so far."""
    command = [
        sys.executable,
        "-m",
        "mtqa.cli",
        "rank",
        str(article),
        *_LIKE_PLAIN,
        "--no-ledger",
        "--no-repair",
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
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024), time.perf_counter() - begin
