"""Every measure over labelled corpora: which one should rank by default?

    python scripts/compare_measures.py --data ../shared/data --limit 75 -o docs/measures.json

Scores documents as they are segmented in the corpora (shapes "documents" and "scored" of their README), in
document context, with one model. Prints a Markdown table: for documents average precision over sentences
(boilerplate lines left out) and precision at 1 (share of documents in which the first sentence is a
corrupted one); for human scores Spearman's correlation, signed so that higher is better. Writes the same as
JSON with -o. Needs scikit-learn and scipy (`pip install -c constraints.txt '.[evaluate]'`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.config import Config
from mtqa.detect.measures import MEASURES
from mtqa.detect.rank import RankSettings, rank_sentences
from mtqa.pipeline import Ranker
from mtqa.records import Document
from mtqa.text.read import document_from_sentences

CORPORA = (
    "spun_docs/ewt.jsonl",
    "spun_docs/gum_wiki_misc.jsonl",
    "mt_mixed_docs/mslc_he-en.jsonl",
    "mqm_news2021_zhen/documents.jsonl",
    "bio_mqm/de2en.jsonl",
    "bio_mqm/es2en.jsonl",
    "mlqe_pe/ro-en.test20.jsonl",
    "mlqe_pe/et-en.test20.jsonl",
    "mlqe_pe/ru-en.test20.jsonl",
)
#: Isolated sentences are that many times fewer tokens than documents: more of them for one --limit.
SENTENCES_A_DOCUMENT = 8


def documents(path: Path, limit: int) -> Iterator[tuple[Document, list[dict[str, Any]]]]:
    """The corpus's documents and their sentences' labels; an isolated sentence is a document of one."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            record = json.loads(line)
            scored = "sentences" not in record
            if limit and number >= limit * (SENTENCES_A_DOCUMENT if scored else 1):
                return
            rows = [record] if scored else record["sentences"]
            kept = [row for row in rows if not row.get("boilerplate")]
            paragraphs = [row["par"] for row in kept] if all("par" in row for row in kept) else None
            yield document_from_sentences([row["text"] for row in kept], paragraphs=paragraphs), kept


def corpus_values(ranker: Ranker, path: Path, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Measure values ``(n, measures)``, gold ``(n,)``, each one's document ``(n,)``; is gold a score?"""
    values, gold, owner = [], [], []
    is_score = False
    for number, (document, rows) in enumerate(documents(path, limit)):
        found = rank_sentences(document, ranker.score(document), RankSettings("perplexity"), lambda _: 1)
        for finding in found.findings:
            row = rows[finding.sentence]
            is_score = "label" not in row
            values.append([finding.measures[name] for name in MEASURES])
            gold.append(row["score"] if is_score else row["label"])
            owner.append(number)
        print(
            f"\r{path.parent.name}/{path.stem}: {number + 1} documents", end="", file=sys.stderr, flush=True
        )
    print(file=sys.stderr)
    return np.array(values, dtype=float), np.array(gold, dtype=float), np.array(owner), is_score


def figures(values: np.ndarray, gold: np.ndarray, owner: np.ndarray, is_score: bool) -> dict[str, Any]:
    """Per measure the corpus's figures."""
    from scipy.stats import spearmanr
    from sklearn.metrics import average_precision_score

    table: dict[str, Any] = {}
    for column, name in enumerate(MEASURES):
        score = values[:, column]
        if is_score:
            table[name] = {"spearman": float(spearmanr(-score, gold).statistic)}
            continue
        first = [
            gold[owner == d][np.argmax(score[owner == d])] for d in np.unique(owner) if gold[owner == d].any()
        ]
        table[name] = {
            "average_precision": float(average_precision_score(gold, score)),
            "precision_at_1": float(np.mean(first)),
        }
    return table


def markdown(results: dict[str, Any]) -> str:
    """One row a measure, one column a corpus, and the mean of each row's main figures."""
    corpora = list(results)
    lines = [
        "| measure | " + " | ".join(corpora) + " | mean |",
        "|---" * (len(corpora) + 2) + "|",
    ]
    for name in MEASURES:
        cells = [results[c]["figures"][name] for c in corpora]
        shown = [", ".join(f"{v:.3f}".replace("0.", ".", 1) for v in cell.values()) for cell in cells]
        mean = np.mean([next(iter(cell.values())) for cell in cells])
        lines.append(f"| `{name}` | " + " | ".join(shown) + f" | {mean:.3f} |".replace("0.", ".", 1))
    return "\n".join(lines)


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MTQA_DATA", "../shared/data")))
    parser.add_argument("--corpora", nargs="*", default=CORPORA, help="files below --data")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--context", default="document")
    parser.add_argument("--limit", type=int, default=0, help="documents of each corpus; 0 is all")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    ranker = Ranker(Config(model=options.model, context=options.context))
    results: dict[str, Any] = {}
    for corpus in options.corpora:
        path = options.data / corpus
        if not path.is_file():
            raise SystemExit(f"{path}: no such corpus; name its folder with --data or MTQA_DATA")
        values, gold, owner, is_score = corpus_values(ranker, path, options.limit)
        results[f"{path.parent.name}/{path.stem}"] = {
            "n": len(gold),
            "documents": len(np.unique(owner)),
            "figures": figures(values, gold, owner, is_score),
        }
    print(markdown(results))
    if options.output:
        report = {"signature": ranker.signature(), "limit": options.limit, "corpora": results}
        options.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
