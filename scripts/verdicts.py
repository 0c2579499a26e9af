"""Is the verdict on an article right? Its interval and its "no evidence", on labelled documents.

    python scripts/verdicts.py --data ../shared/data --corpora mt_mixed_docs spun_docs/gum mqm_news \\
        -o docs/results/verdicts.md

A verdict says how many sentences of an article are corrupted, with a 95 % interval, or that there is no
evidence of corruption. Shares of documents, with Wilson's interval. What was scored once comes from the
score ledger.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from corpora import DATA, corpora, digest_of, row, share, told

import mtqa
from mtqa.bench.records import ScoreTable
from mtqa.config import load_config
from mtqa.console import Console
from mtqa.detect.verdict import verdict_of
from mtqa.errors import MtqaError
from mtqa.evaluation import load_sets, score_sets
from mtqa.records import Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """One document: how many sentences are corrupted, and what the verdict says of that."""

    corrupted: int
    verdict: Verdict


def main() -> int:
    """Parse the arguments, judge, write."""
    options = _options()
    try:
        config = load_config(options.config)
        ranker = mtqa.Ranker(config)
        found = {}
        for corpus in corpora(options.data, options.corpora):
            with Console() as console:
                sets = load_sets(corpus.path, limit=options.limit)
                (table,) = score_sets(sets, ranker, "detector", console)
            found[corpus.name] = judged(table)
    except MtqaError as error:
        print(f"verdicts: {error}", file=sys.stderr)
        return error.exit_code
    told(markdown(found, head=digest_of(ranker)), options.output)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the corpora's folder")
    parser.add_argument("--corpora", nargs="*", default=[], help="only those whose name begins so")
    parser.add_argument("--config", type=Path, default=Path("configs/default.yaml"))
    parser.add_argument("--limit", type=int, default=0, help="documents of each; 0 is all")
    parser.add_argument("-o", "--output", type=Path, help="a file to write the table to")
    return parser.parse_args()


def judged(table: ScoreTable) -> list[Judged]:
    """The verdict of each document that is read as one and has labels; none without probabilities."""
    if table.probability is None or table.q_value is None:
        return []
    sentences = list(table.data.sentences())
    made = []
    for number, document in enumerate(table.data.documents):
        own = [i for i in np.flatnonzero(table.document == number) if i not in table.unscored]
        labels = [sentences[i].label for i in own]
        if document.isolated or not labels or None in labels:
            continue
        corrupted = sum(label == 1 for label in labels)
        made.append(Judged(corrupted, verdict_of(table.probability[own], table.q_value[own])))
    return made


def markdown(found: Mapping[str, Sequence[Judged]], *, head: str | None = None) -> Iterator[str]:
    """A row a corpus that has documents."""
    by = f", detector `{head}`" if head else ""
    yield from ("# Verdicts on articles", "", f"`python scripts/verdicts.py`{by}", "")
    yield row(
        "corpus", "documents", "the interval holds the number", "no evidence: corrupted ones", "sound ones"
    )
    yield "| --- | ---: | --- | --- | --- |"
    for name, own in found.items():
        if not own:
            continue
        yield row(
            name,
            f"{len(own):,}",
            share([one.verdict.low <= one.corrupted <= one.verdict.high for one in own]),
            share([not one.verdict.evidence for one in own if one.corrupted]),
            share([not one.verdict.evidence for one in own if not one.corrupted]),
        )


if __name__ == "__main__":
    sys.exit(main())
