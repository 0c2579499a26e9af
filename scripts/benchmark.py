"""How fast mtqa is, beside the bare model, beside its peers, from start to finish, and in how much memory.

    python scripts/benchmark.py -o benchmark.json    everything (an hour on two cores; peers fetched once)
    python scripts/benchmark.py --pages 1,10,100     without the thousand pages, which take half of it
    python scripts/benchmark.py --quick              a smoke run

Sides run in processes of their own and take turns, in another order each round; a ratio is the median
over the rounds of the ratio within a round. Ratios of speed are mtqa's tokens a second over the other's:
above 1 mtqa is faster. Ratios of the start are mtqa's time over that of the shortest plain script. What could
not be had is null, with its reason.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmark_commands import from_ten_on, measure_memory, measure_start
from benchmark_parts import (
    HERE,
    RATIOS,
    ROOT,
    Bench,
    Results,
    reason_of,
)
from benchmark_speed import PEER_PACKAGES, measure_gpu, measure_speed

MODEL = "smollm2-135m"
GOALS = {
    "documents_to_limit": ">= 0.90",
    "sentences_to_limit": ">= 0.85",
    "to_minicons": ">= 1.6",
    "to_lmppl": ">= 1.6",
    "cold_start": "<= 1.15",
    "ledger": "<= 0.25",
    "help": "<= 0.10",
    "agreement": "<= 1e-3",
    "linear_time": "<= 1.10",
}
SECTIONS = ("limit", "peers", "start", "memory", "gpu")


def load_texts(data: Path | None, *, documents: int, sentences: int) -> dict[str, list[str]]:
    """``documents`` and ``sentences`` of the file (paragraphs parted by blank lines), or of our own.

    Documents are made of two to eight paragraphs in a changing order, so that no two begin alike. Raises
    `ValueError` in one line for a file that there is no text in.
    """
    from mtqa.text.read import document_from_text

    source = data or HERE / "benchmark_texts.txt"
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--data {source}: it can't be read as a text in UTF-8 ({error})") from error
    paragraphs = [p.strip() for p in text.split("\n\n") if p.strip()]
    if not paragraphs:
        raise ValueError(f"--data {source}: there is no text in it; name a file of paragraphs")
    made = []
    for i in range(documents):
        chosen = [paragraphs[(i * 7 + j * 11) % len(paragraphs)] for j in range(2 + i * 5 % 7)]
        made.append("\n\n".join(chosen))
    document = document_from_text("\n\n".join(paragraphs))
    cut = list(dict.fromkeys(document.text[s.start : s.end] for s in document.sentences))
    if not cut:
        raise ValueError(f"--data {source}: there is no sentence in it; name a file of paragraphs")
    if len(cut) < sentences:
        print(f"only {len(cut)} different sentences in the texts, {sentences} asked for", file=sys.stderr)
    return {"documents": made, "sentences": cut[:sentences]}


def described(bench: Bench) -> dict[str, Any]:
    """What the figures were measured on, for the JSON's details; tokens without start tokens."""
    from mtqa.lm.tokens import DocumentTokenizer

    tokenizer = DocumentTokenizer(bench.folder)
    plain = json.dumps(dict(bench.texts), sort_keys=True)
    made = {
        "model": MODEL,
        "threads": bench.threads,
        "rounds": bench.rounds,
        "texts_sha256": hashlib.sha256(plain.encode("ascii")).hexdigest()[:12],
    }
    for kind, texts in bench.texts.items():
        made[kind] = len(texts)
        made[f"{kind}_tokens"] = sum(len(tokenizer.tokenize(text)) for text in texts)
    return made


def table(results: Results) -> str:
    """The ratios with their goals, and the figures behind them, in plain columns."""
    lines = [f"{'ratio':20} {'measured':>9}  {'goal':8} rounds"]
    for name in RATIOS:
        value, rounds = results.ratios[name], results.details.get(f"{name}_rounds", [])
        shown = "null" if value is None else f"{value:.3f}"
        note = results.reasons.get(name) or " ".join(f"{r:.2f}" for r in rounds)
        lines.append(f"{name:20} {shown:>9}  {GOALS[name]:8} {note}")
    lines += _lines_beside_ratios(results)
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


def _lines_beside_ratios(results: Results) -> list[str]:
    """Two goals that are no ratios of speed: agreement with the peers, and a page's time in long articles."""
    gaps = {name: found["greatest_gap_nats"] for name, found in results.agreement.items()}
    known = {name: gap for name, gap in gaps.items() if gap is not None}
    greatest = f"{max(known.values()):.1e}" if known else "null"
    told = ", ".join(f"{name} {gap:.1e}" for name, gap in known.items())
    linear, steps = results.details.get("linear_time"), results.details.get("memory_seconds_a_page", {})
    shown = "null" if linear is None else f"{linear:.3f}"
    late = ", ".join(f"{step} pages {seconds}" for step, seconds in steps.items() if from_ten_on(step))
    why = "wants three numbers of pages from 10 on" if linear is None else "seconds a page"
    return [
        f"{'agreement':20} {greatest:>9}  {GOALS['agreement']:8} {told or 'no peer was asked'} (nats)",
        f"{'linear_time':20} {shown:>9}  {GOALS['linear_time']:8} {late} ({why})",
    ]


def run(bench: Bench, sections: Iterable[str]) -> Results:
    """Every section asked for; one that fails leaves its reason and does not stop the others."""
    results, wanted = Results(), set(sections)
    results.memory_mb = {**results.memory_mb, **{str(pages): None for pages in bench.pages}}
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
        except Exception as error:  # whatever it is, an hour's figures of the other sections are not lost
            reason = reason_of(error)
            results.reasons.update({n: reason for n in names if n in results.reasons})
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
    parser.add_argument(
        "--pages", default="1,10,100,1000", help="of the memory section (default %(default)s)"
    )
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
    options.pages = _pages(options.pages, parser)
    for name in ("rounds", "documents", "sentences", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if not all(item.partition("=")[0] in PEER_PACKAGES and "=" in item for item in options.peer_python):
        parser.error("--peer-python takes NAME=PYTHON, such as lmppl=/venv/bin/python")
    if options.output and (problem := _unwritable(options.output)):
        parser.exit(2, f"{parser.prog}: -o {options.output}: {problem}\n")
    return options


def _unwritable(path: Path) -> str | None:
    """Why the figures could not be written there at the end."""
    folder = path.absolute().parent
    if path.is_dir():
        return "this is a folder; name a file in it"
    if not folder.is_dir():
        return f"there is no folder {folder}; make it, or write elsewhere"
    if not os.access(path if path.exists() else folder, os.W_OK):
        return "it can't be written to; write elsewhere"
    return None


def _pages(text: str, parser: argparse.ArgumentParser) -> list[int]:
    pages = [int(part) if part.isdecimal() else 0 for part in text.split(",")]
    if min(pages) < 1:
        parser.error("--pages takes whole numbers, such as 1,10,100")
    return pages


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON."""
    options = parse(arguments)
    sys.path.insert(0, str(ROOT))
    from mtqa.errors import MtqaError
    from mtqa.lm.fetch import ensure_model

    try:
        texts = load_texts(options.data, documents=options.documents, sentences=options.sentences)
        folder = ensure_model(MODEL).directory
    except (ValueError, MtqaError) as error:
        print(f"benchmark.py: {error}", file=sys.stderr)
        return 2
    bench = Bench(
        texts=texts,
        folder=folder,
        threads=options.threads,
        rounds=options.rounds,
        pages=options.pages,
        peers=dict(item.split("=", 1) for item in options.peer_python),
    )
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    about = described(bench)
    results = run(bench, options.sections)
    results.details = {**about, **results.details}
    print(table(results))
    if options.output:
        options.output.write_text(json.dumps(results.as_json(), indent=1) + "\n", encoding="utf-8")
        print(f"written to {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
