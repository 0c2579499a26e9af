"""A config evaluated on every labelled corpus: the figures of docs/results/.

    python scripts/evaluate_all.py --data ../shared/data
    python scripts/evaluate_all.py --config configs/gemma.yaml --corpora mlqe_pe spun_docs --limit 200

Writes NAME.json (every corpus's whole evaluation) and NAME.md (a table a shape) to the folder -o, NAME being
the config's. Interrupted, it goes on where it stopped: finished corpora are in NAME.json, scored texts in the
score ledger. Results of another run (another config, head, limit …) are refused unless --anew is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpora import DATA, Corpus, Results, cell, corpora, heads, row

from mtqa import __version__
from mtqa.bench.comparison.words import figure
from mtqa.bench.evaluate import EvaluateSettings
from mtqa.config import Config, load_config
from mtqa.console import Console
from mtqa.errors import MtqaError
from mtqa.evaluation import evaluate
from mtqa.report.write import write_report

#: The columns of each shape's table; what a corpus has no figure for is left empty.
COLUMNS = {
    "documents": (
        "average_precision",
        "precision_at_1",
        "roc_auc",
        "roc_auc_by_document",
        "recall_at_fpr_5",
        "character_f1",
        "span_word_average_precision",
        "system_kendall",
        "expected_calibration_error",
        "false_discovery_rate",
        "recall_at_fdr_10",
    ),
    "scored": ("spearman", "pearson", "kendall", "word_mcc", "word_average_precision"),
    "pairs": ("accuracy", "accuracy_length_controlled", "accuracy_by_phenomenon"),
}


def main() -> int:
    """Parse the arguments, run, write."""
    options = _options()
    name = options.config.stem if options.config else "default"
    try:
        config = load_config(options.config)
        found = corpora(options.data, options.corpora)
        run = {
            "version": __version__,
            "heads": heads([config]),
            "config": config.model_dump(),
            "limit": options.limit,
            "resamples": options.resamples,
            "seed": EvaluateSettings().seed,
        }
        results = Results(options.output / f"{name}.json", run, anew=options.anew)
        for number, corpus in enumerate(found, start=1):
            done = results.has(corpus)
            _announce(number, len(found), corpus, done=done)
            if not done:
                results[corpus.name] = _evaluated(corpus, config, options)
            write_report("\n".join(markdown(name, results)) + "\n", str(options.output / f"{name}.md"))
    except MtqaError as error:
        print(f"evaluate_all: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join(markdown(name, results)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the corpora's folder")
    parser.add_argument("--config", type=Path, help="a YAML config; without one the defaults")
    parser.add_argument("--corpora", nargs="*", default=[], help="only those whose name begins so")
    parser.add_argument(
        "--limit", type=int, default=0, help="documents, pairs or sentences of each; 0 is all"
    )
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap draws")
    parser.add_argument("--anew", action="store_true", help="throw away what NAME.json holds")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/results"), help="folder to write to")
    return parser.parse_args()


def _announce(number: int, count: int, corpus: Corpus, *, done: bool) -> None:
    print(f"[{number}/{count}] {corpus.name}{': done already' if done else ''}", file=sys.stderr, flush=True)


def _evaluated(corpus: Corpus, config: Config, options: argparse.Namespace) -> dict[str, Any]:
    with Console() as console:
        settings = EvaluateSettings(resamples=options.resamples)
        return evaluate(
            corpus.path, config, settings=settings, limit=options.limit, progress=console
        ).record()


def markdown(name: str, results: Results) -> Iterator[str]:
    """One table for each shape, a row a corpus, each figure with its interval; then the floors."""
    yield f"# Every corpus with the config `{name}`"
    for shape, columns in COLUMNS.items():
        rows = [(corpus, r) for corpus, r in results.items() if r["data"][0]["shape"] == shape]
        used = [c for c in columns if any(c in r["metrics"] for _, r in rows)]
        if not used:
            continue
        yield from ("", f"## {shape.capitalize()}", "")
        yield row("corpus", "n", *(f"`{c}`" for c in used))
        yield "| --- | ---: |" + " --- |" * len(used)
        for corpus, record in rows:
            count = record["data"][0]["n"] // (2 if shape == "pairs" else 1)
            yield row(corpus, f"{count:,}", *(cell(record["metrics"].get(c)) for c in used))
        yield from ("", "Floors, of the first of these metrics:", "")
        floors = sorted({f for _, r in rows for f in r["beside"] if "sees the answer" not in f})
        yield row("corpus", *floors)
        yield "| --- |" + " ---: |" * len(floors)
        for corpus, record in rows:
            yield row(corpus, *(_value(record["beside"].get(f, {}).get(used[0])) for f in floors))


def _value(found: dict[str, Any] | None) -> str:
    return "" if found is None else figure(found["value"])


if __name__ == "__main__":
    sys.exit(main())
