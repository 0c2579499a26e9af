"""Configs beside each other in every group of one kind of corpus: which kinds of fault each of them sees.

    python scripts/breakdown.py --data ../shared/data --corpora demetr --by phenomenon \\
        configs/default.yaml configs/perplexity.yaml -o docs/results/demetr.md

All files of --corpora are evaluated together. A row a group, best first by the first config; in it the number
of pairs, sentences or documents and every config's first metric with its 95 % interval. Scored texts are kept
in the score ledger: what was done before an interruption is not scored again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpora import DATA, cell, corpora, row, told

from mtqa.bench.evaluate import EvaluateSettings
from mtqa.config import load_config
from mtqa.console import Console
from mtqa.errors import MtqaError
from mtqa.evaluation import evaluate

#: What is shown of each shape.
METRICS = {"documents": "average_precision", "scored": "spearman", "pairs": "accuracy"}

Figures = Mapping[str, Mapping[str, Any]]


def main() -> int:
    """Parse the arguments, run, write."""
    options = _options()
    try:
        configs = {path.stem: load_config(path) for path in options.configs}
        paths = [corpus.path for corpus in corpora(options.data, options.corpora)]
        settings = EvaluateSettings(resamples=options.resamples, by=(options.by,))
        records = {}
        for name, config in configs.items():
            print(f"{name}: {len(paths)} files", file=sys.stderr, flush=True)
            with Console() as console:
                records[name] = evaluate(
                    paths, config, settings=settings, limit=options.limit, progress=console
                ).record()
        told(markdown(records, options.by), options.output)
    except MtqaError as error:
        print(f"breakdown: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("configs", nargs="+", type=Path, help="YAML configs")
    parser.add_argument("--data", type=Path, default=DATA, help="the corpora's folder")
    parser.add_argument("--corpora", nargs="+", required=True, help="those whose name begins so")
    parser.add_argument("--by", required=True, help="phenomenon, type, genre, system or another field")
    parser.add_argument(
        "--limit", type=int, default=0, help="documents, pairs or sentences of each; 0 is all"
    )
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap draws")
    parser.add_argument("-o", "--output", type=Path, help="a Markdown file to write")
    return parser.parse_args()


def markdown(records: Mapping[str, Mapping[str, Any]], by: str) -> Iterator[str]:
    """The table. ``records``: by config, all of the same data."""
    first, *_ = records.values()
    metric = METRICS[first["data"][0]["shape"]]
    groups = {name: record["by"][by] for name, record in records.items()}
    yield f"# By {by}: {', '.join(data['name'] for data in first['data'])}"
    yield from ("", f"`{metric}` with its 95 % interval.", "")
    yield row(by, "n", *records)
    yield "| --- | ---: |" + " ---: |" * len(records)
    yield _row("all", [record["metrics"] for record in records.values()], metric)
    own = next(iter(groups.values()))
    for group in sorted(own, key=lambda g: -_value(own[g], metric)):
        yield _row(group, [found[group] for found in groups.values()], metric)


def _row(name: str, found: Sequence[Figures], metric: str) -> str:
    count = next((f"{figures[metric]['n']:,}" for figures in found if metric in figures), "")
    return row(name, count, *(cell(figures.get(metric)) for figures in found))


def _value(figures: Figures, metric: str) -> float:
    value = figures.get(metric, {}).get("value")
    return -1.0 if value is None else float(value)


if __name__ == "__main__":
    sys.exit(main())
