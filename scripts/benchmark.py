"""How fast mtqa is, beside the bare model, beside its peers, from start to finish, and in how much memory.

    python scripts/benchmark.py -o benchmark.json      all that takes minutes
    python scripts/benchmark.py --pages 1,10,100,1000  the memory of long texts too (an hour on two cores)
    python scripts/benchmark.py --quick                a smoke run

Sides run in processes of their own and take turns, in another order each round; a ratio is the median over
the rounds of the ratio within a round. Ratios of speed are mtqa's tokens a second over the other's: above 1 mtqa is faster.
Ratios of the start are mtqa's time over that of the shortest plain script. What could not be had is null, with its reason.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
GOALS = {
    "documents_to_limit": ">= 0.90",
    "sentences_to_limit": ">= 0.85",
    "to_minicons": ">= 1.6",
    "to_lmppl": ">= 1.6",
    "cold_start": "<= 1.15",
    "ledger": "<= 0.25",
    "help": "<= 0.10",
}
SECTIONS = ("limit", "peers", "start", "memory", "gpu")
#: Batch sizes that a peer is tried with; its best one counts.
PEER_BATCHES = {"documents": (1, 4), "sentences": (1, 8, 32)}
#: What a peer needs in an environment of its own, where it can't be imported beside mtqa.
PEER_PACKAGES = {"minicons": ["minicons"], "lmppl": ["lmppl", "transformers<5"]}
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


class NotHad(Exception):  # noqa: N818
    """Why a number could not be had."""


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
        self._process = subprocess.Popen(
            command + [dtype] * bool(dtype),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.versions = self._answer()

    def ask(self, **task: Any) -> dict[str, Any]:
        """One task's answer."""
        assert self._process.stdin  # noqa: S101 (given above)
        try:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise NotHad(f"{self.name} ended early") from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 (given above)
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "it ended early"}
        if "error" in answer:
            raise NotHad(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        self._process.wait(timeout=60)


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


# --- texts


def load_texts(data: Path | None, *, documents: int, sentences: int) -> dict[str, list[str]]:
    """``documents`` and ``sentences`` of the file (paragraphs parted by blank lines), or of our own.

    Documents are made of two to eight paragraphs in a changing order, so that no two begin alike.
    """
    from mtqa.text.read import document_from_text

    text = (data or HERE / "benchmark_texts.txt").read_text(encoding="utf-8")
    paragraphs = [p.strip() for p in text.split("\n\n") if p.strip()]
    made = []
    for i in range(documents):
        chosen = [paragraphs[(i * 7 + j * 11) % len(paragraphs)] for j in range(2 + i * 5 % 7)]
        made.append("\n\n".join(chosen))
    document = document_from_text("\n\n".join(paragraphs))
    cut = list(dict.fromkeys(document.text[s.start : s.end] for s in document.sentences))
    if len(cut) < sentences:
        print(f"only {len(cut)} different sentences in the texts, {sentences} asked for", file=sys.stderr)
    return {"documents": made, "sentences": cut[:sentences]}


# --- speed


def alternate(rounds: int, jobs: Mapping[str, Callable[[], float]]) -> Iterator[dict[str, float]]:
    """Each round's seconds by job; the jobs take turns, another one first each round."""
    names = list(jobs)
    for number in range(rounds):
        start = number % len(names)
        yield {name: jobs[name]() for name in names[start:] + names[:start]}


def measure_speed(bench: Bench, results: Results, *, peers: bool) -> None:
    """Sections 1 and 2: mtqa beside the bare model, and beside its peers, on the same texts."""
    sides: dict[str, Side] = {}
    try:
        for name in ("mtqa", "bare"):
            sides[name] = Side(name, sys.executable, bench.folder, threads=bench.threads)
        for name in PEER_PACKAGES if peers else ():
            try:
                sides[name] = Side(name, peer_python(name, bench), bench.folder, threads=bench.threads)
                results.details[f"{name}_versions"] = sides[name].versions
            except NotHad as reason:
                results.reasons[f"to_{name}"] = str(reason)
        against = {kind: _kind_speed(kind, bench, sides, results) for kind in bench.texts}
    finally:
        for side in sides.values():
            side.close()
    for kind, rounds in against.items():
        results.ratio(f"{kind}_to_limit", [r["bare"] / r["mtqa"] for r in rounds])
    for name in PEER_PACKAGES:
        by_kind = {
            kind: [r[name] / r["mtqa"] for r in rounds if name in r] for kind, rounds in against.items()
        }
        if all(by_kind.values()):
            # The kind that mtqa is less ahead in counts.
            worst = min(by_kind.values(), key=statistics.median)
            results.ratio(f"to_{name}", worst)
            results.details[f"to_{name}"] = {k: round(statistics.median(v), 3) for k, v in by_kind.items()}


def _kind_speed(
    kind: str, bench: Bench, sides: Mapping[str, Side], results: Results
) -> list[dict[str, float]]:
    """Every round's seconds by side, after a first run that warms up, checks the numbers and finds batch sizes."""
    texts = bench.texts[kind]
    ours = sides["mtqa"].ask(kind=kind, texts=texts, details=True)
    start = ours["start_token"]
    tasks: dict[str, dict[str, Any]] = {"mtqa": {"texts": texts}, "bare": {"ids": ours["ids"]}}
    sides["bare"].ask(kind=kind, ids=ours["ids"][:2])
    for name in sides.keys() & PEER_PACKAGES.keys():
        task = {"texts": texts, "start_token": start}
        tasks[name] = {**task, "batch": _best_batch(sides[name], kind, task)}
        results.details[f"{name}_{kind}_batch"] = tasks[name]["batch"]
        _agreement(results, f"{name}_{kind}", ours, sides[name].ask(kind=kind, details=True, **tasks[name]))
    print(
        f"{kind}: {len(texts)} texts, {ours['tokens']} tokens; {', '.join(tasks)} take turns", file=sys.stderr
    )
    jobs = {
        name: (lambda n=name, t=task: float(sides[n].ask(kind=kind, **t)["seconds"]))
        for name, task in tasks.items()
    }
    rounds = list(alternate(bench.rounds, jobs))
    results.details[f"{kind}_tokens_per_second"] = {
        name: round(ours["tokens"] / statistics.median(r[name] for r in rounds), 1) for name in tasks
    }
    return rounds


def _best_batch(side: Side, kind: str, task: dict[str, Any]) -> int:
    sizes = [size for size in PEER_BATCHES[kind] if size <= len(task["texts"])]
    tried = {**task, "texts": task["texts"][: 4 * max(sizes)]}
    side.ask(kind=kind, **{**tried, "texts": tried["texts"][:1]}, batch=1)
    return min(sizes, key=lambda size: float(side.ask(kind=kind, **tried, batch=size)["seconds"]))


def _agreement(results: Results, name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """How far the surprisals lie apart where the same tokens are scored, in nats."""
    import math

    if "surprisals" in theirs:
        pairs = list(zip(ours["surprisals"], theirs["surprisals"], strict=True))
        same = [(a, b) for a, b in pairs if len(a) == len(b)]
        gaps = [abs(x - y) for a, b in same for x, y in zip(a, b, strict=True)]
        note = f"without bos_token=True its first token gets {theirs['first_token']}; mtqa always scores it"
    else:
        means = [math.fsum(a) / len(a) for a in ours["surprisals"]]
        same = means
        pairs = means
        gaps = [abs(a - math.log(b)) for a, b in zip(means, theirs["perplexities"], strict=True)]
        note = "a text's mean; it never scores a text's first token: the start token was put in front of the texts"
    results.agreement[name] = {
        "greatest_gap_nats": max(gaps, default=None),
        "texts_with_the_same_tokens": len(same),
        "texts": len(pairs),
        "note": note,
    }


def peer_python(name: str, bench: Bench) -> str:
    """A Python that can import the peer: the caller's, ours, or that of an environment made for it."""
    if name in bench.peers:
        return bench.peers[name]
    if name == "minicons" and _imports(sys.executable, name):
        return sys.executable
    from mtqa.lm.cache import cache_dir

    folder = cache_dir() / "bench" / name
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    if not (Path(python).exists() and _imports(python, name)):
        print(f"making an environment for {name} in {folder} (minutes, once)", file=sys.stderr)
        _make_environment(folder, python, PEER_PACKAGES[name])
    if not _imports(python, name):
        raise NotHad(f"{name} can't be imported in {folder}")
    return python


def _make_environment(folder: Path, python: str, packages: list[str]) -> None:
    from importlib.metadata import version

    venv.create(folder, with_pip=True, clear=True)
    torch = f"torch=={version('torch').split('+')[0]}"
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", torch, *packages], capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise NotHad(f"pip install {' '.join(packages)}: {last[:200]}")


def _imports(python: str, name: str) -> bool:
    done = subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False)
    return done.returncode == 0


# --- start to finish


def measure_start(bench: Bench, results: Results) -> None:
    """Section 3: whole commands, each in a fresh process."""
    name = "smollm2-135m"
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.py"
        plain.write_text(PLAIN)
        command = [sys.executable, "-m", "mtqa.cli"]
        rank = [
            *command,
            "rank",
            str(SEED),
            "--model",
            name,
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
    for ratio, job in (("cold_start", "cold"), ("ledger", "ledger"), ("help", "help")):
        results.ratio(ratio, [r[job] / r["plain"] for r in rounds])
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


# --- memory


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


# --- a GPU


def measure_gpu(bench: Bench, results: Results) -> None:
    """Section 5, where there is one: tokens a second, the model's share of the time, bfloat16 against float32."""
    code = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    if subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode:
        raise NotHad("no CUDA device on this machine")
    texts, figures, surprisals = bench.texts["documents"], {}, {}
    for dtype in ("float32", "bfloat16"):
        pair = [
            Side(n, sys.executable, bench.folder, threads=bench.threads, device="cuda", dtype=dtype)
            for n in ("mtqa", "bare")
        ]
        ours = pair[0].ask(kind="documents", texts=texts, details=True)
        pair[1].ask(kind="documents", ids=ours["ids"])
        jobs = {
            "mtqa": lambda p=pair: float(p[0].ask(kind="documents", texts=texts)["seconds"]),
            "bare": lambda p=pair, o=ours: float(p[1].ask(kind="documents", ids=o["ids"])["seconds"]),
        }
        rounds = list(alternate(bench.rounds, jobs))
        for side in pair:
            side.close()
        surprisals[dtype] = [x for row in ours["surprisals"] for x in row]
        figures[dtype] = {
            "tokens_per_second": round(ours["tokens"] / statistics.median(r["mtqa"] for r in rounds), 1),
            "share_in_the_model": round(statistics.median(r["bare"] / r["mtqa"] for r in rounds), 3),
        }
    gaps = [abs(a - b) for a, b in zip(*surprisals.values(), strict=True)]
    figures["agreement"] = {"mean_gap_nats": statistics.fmean(gaps), "greatest_gap_nats": max(gaps)}
    results.details["gpu"] = figures
    results.reasons.pop("gpu", None)


# --- the run


def table(results: Results) -> str:
    """The ratios with their goals, and the figures behind them, in plain columns."""
    lines = [f"{'ratio':20} {'measured':>9}  {'goal':8} rounds"]
    for name in RATIOS:
        value, rounds = results.ratios[name], results.details.get(f"{name}_rounds", [])
        shown = "null" if value is None else f"{value:.3f}"
        note = results.reasons.get(name) or " ".join(f"{r:.2f}" for r in rounds)
        lines.append(f"{name:20} {shown:>9}  {GOALS[name]:8} {note}")
    lines += ["", f"peak memory (goal <= {results.details.get('memory_goal_mb', '?')} MB)"]
    for pages, value in results.memory_mb.items():
        lines.append(f"{pages + ' pages':20} {'null' if value is None else f'{value:.0f} MB':>9}")
    for name, found in results.agreement.items():
        gap, same = found["greatest_gap_nats"], found["texts_with_the_same_tokens"]
        shown = "-" if gap is None else f"{gap:.1e}"
        lines.append(
            f"{name}: at most {shown} nats apart on {same} of {found['texts']} texts; {found['note']}"
        )
    plain = {k: v for k, v in results.details.items() if not k.endswith("_rounds") and k != "memory_goal_mb"}
    lines += ["", *(f"{key}: {value}" for key, value in plain.items())]
    return "\n".join(lines)


def run(bench: Bench, sections: Iterable[str]) -> Results:
    """Every section asked for; one that fails leaves its reason and does not stop the others."""
    results, wanted = Results(), set(sections)
    for pages in results.memory_mb:
        results.reasons[f"memory_{pages}"] = "not asked for (see --pages)"
    results.reasons["gpu"] = "not asked for"
    jobs: list[tuple[str, tuple[str, ...], Callable[[], None]]] = [
        (
            "peers" if "peers" in wanted else "limit",
            RATIOS[:4] if "peers" in wanted else RATIOS[:2],
            lambda: measure_speed(bench, results, peers="peers" in wanted),
        ),
        ("start", RATIOS[4:], lambda: measure_start(bench, results)),
        ("memory", tuple(f"memory_{p}" for p in bench.pages), lambda: measure_memory(bench, results)),
        ("gpu", ("gpu",), lambda: measure_gpu(bench, results)),
    ]
    for section, names, job in jobs:
        if section not in wanted:
            continue
        try:
            job()
        except NotHad as reason:
            results.reasons.update({n: str(reason) for n in names if n in results.reasons})
            print(f"{section}: {reason}", file=sys.stderr)
    return results


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="write the figures there, as JSON")
    parser.add_argument("--data", type=Path, help="paragraphs to use, parted by blank lines, for our own")
    parser.add_argument("--documents", type=int, default=30)
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="of every side (default: all)"
    )
    parser.add_argument("--pages", default="1,10,100", help="of the memory section (default 1,10,100)")
    parser.add_argument("--sections", default=",".join(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run: 3 documents, 24 sentences, one round"
    )
    parser.add_argument(
        "--peer-python", action="append", default=[], metavar="NAME=PYTHON", help="a Python that has it"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.documents, options.sentences = min(options.documents, 3), min(options.sentences, 24)
        options.rounds, options.pages = 1, "1"
    options.sections = options.sections.split(",")
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON."""
    options = parse(arguments)
    sys.path.insert(0, str(ROOT))
    from mtqa.lm.fetch import ensure_model

    bench = Bench(
        texts=load_texts(options.data, documents=options.documents, sentences=options.sentences),
        folder=ensure_model("smollm2-135m").directory,
        threads=options.threads,
        rounds=options.rounds,
        pages=[int(p) for p in options.pages.split(",")],
        peers=dict(item.split("=", 1) for item in options.peer_python),
    )
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    results = run(bench, options.sections)
    print(table(results))
    if options.output:
        options.output.write_text(json.dumps(results.as_json(), indent=1) + "\n", encoding="utf-8")
        print(f"written to {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
