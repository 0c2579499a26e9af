"""Sections 1, 2 and 5 of the benchmark: mtqa beside the bare model, its peers, and on a GPU.

Each ``measure_…`` adds its figures to a `Results`, or raises `NotHad`.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmark_parts import Bench, NotHad, Results, Side, alternate

#: Batch sizes that a peer is tried with; its best one counts.
PEER_BATCHES = {"documents": (1, 4), "sentences": (1, 8, 32)}
#: What a peer needs in an environment of its own, where it can't be imported beside mtqa.
PEER_PACKAGES = {"minicons": ["minicons"], "lmppl": ["lmppl", "transformers<5"]}


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
    """Every round's seconds by side, after a first run that warms up and finds batch sizes."""
    texts = bench.texts[kind]
    ours = sides["mtqa"].ask(kind=kind, texts=texts, details=True)
    start, results.details["detector"] = ours["start_token"], ours["detector"]
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
    cpu: dict[str, list[float]] = {name: [] for name in tasks}

    def timed(name: str) -> float:
        answer = sides[name].ask(kind=kind, **tasks[name])
        cpu[name].append(float(answer["cpu"]))
        return float(answer["seconds"])

    rounds = list(alternate(bench.rounds, {name: partial(timed, name) for name in tasks}))
    # On a machine that others use too, processor seconds say more than those of the clock.
    results.details[f"{kind}_by_processor_seconds"] = {
        name: round(statistics.median(b / a for a, b in zip(cpu["mtqa"], cpu[name], strict=True)), 3)
        for name in tasks
        if name != "mtqa"
    }
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
    same = texts = len(ours["surprisals"])
    if "surprisals" in theirs:
        pairs = list(zip(ours["surprisals"], theirs["surprisals"], strict=True))
        gaps = [abs(x - y) for a, b in pairs if len(a) == len(b) for x, y in zip(a, b, strict=True)]
        same = sum(len(a) == len(b) for a, b in pairs)
        note = f"without bos_token=True its first token gets {theirs['first_token']}; mtqa always scores it"
    else:
        means = [math.fsum(a) / len(a) for a in ours["surprisals"]]
        gaps = [abs(a - math.log(b)) for a, b in zip(means, theirs["perplexities"], strict=True)]
        note = "a text's mean; it never scores a text's first token: it got the start token in front"
    results.agreement[name] = {
        "greatest_gap_nats": max(gaps, default=None),
        "texts_with_the_same_tokens": same,
        "texts": texts,
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


def measure_gpu(bench: Bench, results: Results) -> None:
    """Section 5, where there is one: tokens a second, the model's share of it, bfloat16 against float32."""
    code = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    if subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode:
        raise NotHad("no CUDA device on this machine")
    texts = bench.texts["documents"]
    figures: dict[str, Any] = {}
    surprisals: dict[str, list[float]] = {}
    for dtype in ("float32", "bfloat16"):
        pair = [
            Side(n, sys.executable, bench.folder, threads=bench.threads, device="cuda", dtype=dtype)
            for n in ("mtqa", "bare")
        ]
        ours = pair[0].ask(kind="documents", texts=texts, details=True)
        pair[1].ask(kind="documents", ids=ours["ids"])
        tasks = {"mtqa": {"texts": texts}, "bare": {"ids": ours["ids"]}}
        jobs = {side.name: partial(_seconds, side, tasks[side.name]) for side in pair}
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


def _seconds(side: Side, task: dict[str, Any]) -> float:
    return float(side.ask(kind="documents", **task)["seconds"])
