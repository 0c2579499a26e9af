"""Sections 1, 2 and 5 of the benchmark: mtqa beside the bare model, its peers, and on a GPU.

Each ``measure_…`` adds its figures to a `Results`, or raises `NotHad`.
"""

from __future__ import annotations

import contextlib
import math
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmark_parts import Bench, NotHad, Results, Side, alternate, reason_of

#: Batch sizes that a peer is tried with; its best one counts.
PEER_BATCHES = {"documents": (1, 4), "sentences": (1, 8, 32)}
#: What a peer needs in an environment of its own, where it can't be imported beside mtqa.
PEER_PACKAGES = {"minicons": ["minicons"], "lmppl": ["lmppl", "transformers<5"]}
#: The ratios that want this side besides mtqa.
NEEDED_FOR = {
    "bare": ("documents_to_limit", "sentences_to_limit"),
    **{name: (f"to_{name}",) for name in PEER_PACKAGES},
}


class Sides:
    """The processes that take turns. One that fails is dropped, with its reason; the others go on."""

    def __init__(self, bench: Bench, results: Results) -> None:
        self._bench, self._results = bench, results
        self._running: dict[str, Side] = {}

    def __enter__(self) -> Sides:
        return self

    def __exit__(self, *_: object) -> None:
        for side in self._running.values():
            side.close()

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def start(self, name: str) -> None:
        """Start a side; see `may_fail`."""
        python = peer_python(name, self._bench) if name in PEER_PACKAGES else sys.executable
        self._running[name] = Side(name, python, self._bench.folder, threads=self._bench.threads)
        if name in PEER_PACKAGES:
            self._results.details[f"{name}_versions"] = self._running[name].versions

    def ask(self, name: str, **task: Any) -> dict[str, Any]:
        """That side's answer."""
        return self._running[name].ask(**task)

    @contextlib.contextmanager
    def may_fail(self, name: str) -> Iterator[None]:
        """Drop the side for any failure inside; without mtqa itself there is nothing to compare with."""
        try:
            yield
        except Exception as error:
            if name == "mtqa":
                raise
            reason = reason_of(error)
            self._results.reasons.update(dict.fromkeys(NEEDED_FOR[name], reason))
            print(f"{name} is left out: {reason}", file=sys.stderr)
            side = self._running.pop(name, None)
            if side:
                side.close()


def measure_speed(bench: Bench, results: Results, *, peers: bool) -> None:
    """Sections 1 and 2: mtqa beside the bare model, and beside its peers, on the same texts."""
    with Sides(bench, results) as sides:
        for name in ("mtqa", "bare", *(PEER_PACKAGES if peers else ())):
            with sides.may_fail(name):
                sides.start(name)
        against = {kind: _kind_speed(kind, bench, sides, results) for kind in bench.texts}
    for kind, rounds in against.items():
        limits = [r["bare"] / r["mtqa"] for r in rounds if "bare" in r]
        if limits:
            results.ratio(f"{kind}_to_limit", limits)
    for name in PEER_PACKAGES:
        by_kind = {
            kind: [r[name] / r["mtqa"] for r in rounds if name in r] for kind, rounds in against.items()
        }
        if all(by_kind.values()):
            # The kind that mtqa is less ahead in counts.
            worst = min(by_kind.values(), key=statistics.median)
            results.ratio(f"to_{name}", worst)
            results.details[f"to_{name}"] = {k: round(statistics.median(v), 3) for k, v in by_kind.items()}


def _kind_speed(kind: str, bench: Bench, sides: Sides, results: Results) -> list[dict[str, float]]:
    """Every round's seconds by side, of those that did not fail, after a first run that warms up."""
    ours = sides.ask("mtqa", kind=kind, texts=bench.texts[kind], details=True)
    results.details["detector"] = ours["detector"]
    tasks: dict[str, dict[str, Any]] = {"mtqa": {"texts": bench.texts[kind]}}
    for name in NEEDED_FOR:
        if name in sides:
            with sides.may_fail(name):
                tasks[name] = _first_run(name, kind, ours, bench, sides, results)
    print(
        f"{kind}: {len(bench.texts[kind])} texts, {ours['tokens']} tokens; {', '.join(tasks)} take turns",
        file=sys.stderr,
    )
    cpu: dict[str, list[float]] = {name: [] for name in tasks}

    def timed(name: str) -> float | None:
        if name in sides:
            with sides.may_fail(name):
                answer = sides.ask(name, kind=kind, **tasks[name])
                cpu[name].append(float(answer["cpu"]))
                return float(answer["seconds"])
        return None

    tried = list(alternate(bench.rounds, {name: partial(timed, name) for name in tasks}))
    rounds = [{n: seconds for n, seconds in r.items() if seconds is not None and n in sides} for r in tried]
    left = [name for name in tasks if name in sides]
    # On a machine that others use too, processor seconds say more than those of the clock.
    results.details[f"{kind}_by_processor_seconds"] = {
        name: round(statistics.median(b / a for a, b in zip(cpu["mtqa"], cpu[name], strict=True)), 3)
        for name in left
        if name != "mtqa"
    }
    results.details[f"{kind}_tokens_per_second"] = {
        name: round(ours["tokens"] / statistics.median(r[name] for r in rounds), 1) for name in left
    }
    return rounds


def _first_run(
    name: str, kind: str, ours: dict[str, Any], bench: Bench, sides: Sides, results: Results
) -> dict[str, Any]:
    """The task that a side gets each round, after a run that warms it up: of a peer, its best batch size."""
    if name == "bare":
        sides.ask(name, kind=kind, ids=ours["ids"][:2])
        return {"ids": ours["ids"]}
    task: dict[str, Any] = {"texts": bench.texts[kind], "start_token": ours["start_token"]}
    task["batch"] = _best_batch(partial(sides.ask, name, kind=kind), PEER_BATCHES[kind], task)
    results.details[f"{name}_{kind}_batch"] = task["batch"]
    _agreement(results, f"{name}_{kind}", ours, sides.ask(name, kind=kind, details=True, **task))
    return task


def _best_batch(ask: Callable[..., dict[str, Any]], sizes: Sequence[int], task: dict[str, Any]) -> int:
    sizes = [size for size in sizes if size <= len(task["texts"])]
    tried = {**task, "texts": task["texts"][: 4 * max(sizes)]}
    ask(**{**tried, "texts": tried["texts"][:1]}, batch=1)
    return min(sizes, key=lambda size: float(ask(**tried, batch=size)["seconds"]))


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
        note = (
            "a text's mean; it never scores a text's first token: it got the start token in front; "
            "its tokens are not compared, but taken to be the same"
        )
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

    try:
        venv.create(folder, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHad(f"no environment can be made in {folder} ({error})") from error
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
    if not _has_cuda():
        raise NotHad("no CUDA device on this machine")
    figures: dict[str, Any] = {}
    surprisals: dict[str, list[float]] = {}
    for dtype in ("float32", "bfloat16"):
        figures[dtype], surprisals[dtype] = _on_gpu(bench, dtype)
    gaps = [abs(a - b) for a, b in zip(*surprisals.values(), strict=True)]
    figures["agreement"] = {"mean_gap_nats": statistics.fmean(gaps), "greatest_gap_nats": max(gaps)}
    results.details["gpu"] = figures
    results.reasons.pop("gpu", None)


def _has_cuda() -> bool:
    code = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def _on_gpu(bench: Bench, dtype: str) -> tuple[dict[str, float], list[float]]:
    """The figures of one dtype, and every token's surprisal in nats."""
    texts = bench.texts["documents"]
    with contextlib.ExitStack() as running:
        mtqa, bare = (
            running.enter_context(
                contextlib.closing(
                    Side(
                        name, sys.executable, bench.folder, threads=bench.threads, device="cuda", dtype=dtype
                    )
                )
            )
            for name in ("mtqa", "bare")
        )
        ours = mtqa.ask(kind="documents", texts=texts, details=True)
        bare.ask(kind="documents", ids=ours["ids"])
        jobs = {
            "mtqa": partial(_seconds, mtqa, {"texts": texts}),
            "bare": partial(_seconds, bare, {"ids": ours["ids"]}),
        }
        rounds = list(alternate(bench.rounds, jobs))
    figures = {
        "tokens_per_second": round(ours["tokens"] / statistics.median(r["mtqa"] for r in rounds), 1),
        "share_in_the_model": round(statistics.median(r["bare"] / r["mtqa"] for r in rounds), 3),
    }
    return figures, [x for row in ours["surprisals"] for x in row]


def _seconds(side: Side, task: dict[str, Any]) -> float:
    return float(side.ask(kind="documents", **task)["seconds"])
