"""Every measure over labelled corpora: which one should rank by default?

    python scripts/compare_measures.py --data ../shared/data --limit 75 -o docs/measures.json

Scores documents as they are segmented in the corpora (shapes "documents" and "scored" of their README),
in document context, with one model. Prints a Markdown table: for documents average precision over
sentences (boilerplate lines left out) and precision at 1 (share of documents in which the first sentence
is a corrupted one); for human scores, of isolated sentences, Spearman's correlation, signed so that
higher is better. Writes the same as JSON to -o, corpus by corpus; corpora that are there already are not
scored again.
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
from mtqa.detect.measures import DETECTOR
from mtqa.detect.measures import MEASURES as ALL
from mtqa.detect.rank import RankSettings, rank_sentences
from mtqa.pipeline import Ranker
from mtqa.records import Document
from mtqa.report.write import write_report
from mtqa.text.read import document_from_sentences

#: What needs no detector; `scripts/evaluate_all.py` measures that.
MEASURES = tuple(name for name in ALL if name != DETECTOR)
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
#: Isolated sentences of a corpus that go through the model together, each on its own.
TOGETHER = 200
#: Isolated sentences are that many times fewer tokens than documents: more of them for one --limit.
SENTENCES_A_DOCUMENT = 8


def documents(path: Path, limit: int) -> Iterator[tuple[Document, list[dict[str, Any]]]]:
    """The corpus's documents (or groups of isolated sentences) and their sentences' records."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if "sentences" not in records[0]:
        records = records[: limit * SENTENCES_A_DOCUMENT or None]
        groups = [records[i : i + TOGETHER] for i in range(0, len(records), TOGETHER)]
    else:
        groups = [r["sentences"] for r in records[: limit or None]]
    for rows in groups:
        kept = [row for row in rows if not row.get("boilerplate")]
        paragraphs = [row["par"] for row in kept] if all("par" in row for row in kept) else None
        yield document_from_sentences([row["text"] for row in kept], paragraphs=paragraphs), kept


def corpus_values(rankers: dict[bool, Ranker], path: Path, limit: int) -> dict[str, Any]:
    """``values (n, measures)``, ``gold (n,)``, ``owner (n,)`` (each one's document); is gold a score?"""
    values, gold, owner = [], [], []
    is_score = False
    for number, (document, rows) in enumerate(documents(path, limit)):
        is_score = "label" not in rows[0]
        tokens = rankers[is_score].score(document)
        for finding in rank_sentences(document, tokens, RankSettings("perplexity"), lambda _: 1).findings:
            values.append([finding.measures[name] for name in MEASURES])
            gold.append(rows[finding.sentence]["score" if is_score else "label"])
            owner.append(number)
        print(f"\r{path.parent.name}/{path.stem}: {len(gold)} sentences", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        "values": np.array(values, dtype=float),
        "gold": np.array(gold, dtype=float),
        "owner": np.array(owner),
        "is_score": is_score,
    }


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
    ranker = Ranker(Config(model=options.model, context=options.context, detector="none"))
    alone = Ranker(Config(model=options.model, context="none", detector="none"), backend=ranker.backend)
    signature = ranker.signature()
    results = done_already(options.output, signature, options.limit)
    for corpus in options.corpora:
        path = options.data / corpus
        name = f"{path.parent.name}/{path.stem}"
        if not path.is_file():
            raise SystemExit(f"{path}: no such corpus; name its folder with --data or MTQA_DATA")
        if name in results:
            continue
        scored = corpus_values({False: ranker, True: alone}, path, options.limit)
        results[name] = {
            "n": len(scored["gold"]),
            "documents": len(np.unique(scored["owner"])),
            "figures": figures(**scored),
        }
        if options.output:
            report = {"signature": signature, "limit": options.limit, "corpora": results}
            write_report(json.dumps(report, indent=1) + "\n", str(options.output))
    print(markdown(results))


def done_already(output: Path | None, signature: str, limit: int) -> dict[str, Any]:
    """The corpora that an interrupted run has written, if it ran with the same settings."""
    if output is None or not output.exists():
        return {}
    report = json.loads(output.read_text(encoding="utf-8"))
    same = report["signature"] == signature and report["limit"] == limit
    return dict(report["corpora"]) if same else {}


if __name__ == "__main__":
    main()
