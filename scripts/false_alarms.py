"""What mtqa finds in sound articles that no head has read: every finding is a false alarm.

    python scripts/false_alarms.py ../shared/data/clean/abc_*.jsonl --limit 150 -o false_alarms.md

Takes JSON lines with ``paragraphs``, or text files of one article each, and ranks every article by --config
(without repairs). A row a file: in how many articles something is found at the config's false discovery rate,
how many sentences that are, what the probabilities add up to, and what is said of an article; shares of
articles with Wilson's 95 % interval. Scored texts are kept in the score ledger.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from corpora import digest_of, row, share, told

import mtqa
from mtqa.config import load_config
from mtqa.errors import InputError, MtqaError, one_line
from mtqa.records import Verdict
from mtqa.text.read import document_from_text

#: Articles that are drawn of a file: always the same.
SEED = 5


@dataclass(frozen=True, slots=True)
class Alarms:
    """The verdicts on the articles of a file, and how many articles were too short for one."""

    verdicts: Sequence[Verdict]
    without: int = 0


def main() -> int:
    """Parse the arguments, rank, write."""
    options = _options()
    try:
        config = load_config(options.config).model_copy(update={"repair": False})
        texts = {path: articles(path, options.limit) for path in options.files}
        ranker = mtqa.Ranker(config)
        found = {path.stem: alarms(ranker, listed) for path, listed in texts.items()}
    except MtqaError as error:
        print(f"false_alarms: {error}", file=sys.stderr)
        return error.exit_code
    told(markdown(found, limit=options.limit, head=digest_of(ranker)), options.output)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sound articles")
    parser.add_argument("--config", type=Path, default=Path("configs/default.yaml"))
    parser.add_argument("--limit", type=int, default=0, help="articles of each file; 0 is all")
    parser.add_argument("-o", "--output", type=Path, help="a file to write the table to")
    return parser.parse_args()


def articles(path: Path, limit: int) -> list[str]:
    """The texts of a file, ``limit`` of them drawn (0: all). Raises `InputError`."""
    try:
        text = path.read_text(encoding="utf-8")
        found = [text]
        if path.suffix == ".jsonl":
            found = ["\n\n".join(json.loads(line)["paragraphs"]) for line in text.split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        said = f"it can't be read as sound articles ({one_line(error, 120)})"
        raise InputError(f"{one_line(path)}: {said}; JSON lines with paragraphs, or a text") from error
    drawn = np.random.default_rng(SEED).permutation(len(found))[: limit or len(found)]
    return [found[i] for i in sorted(drawn)]


def alarms(ranker: mtqa.Ranker, texts: Sequence[str]) -> Alarms:
    """What is found in each of the articles."""
    verdicts, without = list[Verdict](), 0
    for done, text in enumerate(texts, start=1):
        verdict = ranker.rank(document_from_text(text)).verdict
        if verdict is None:
            without += 1
        else:
            verdicts.append(verdict)
        print(f"\r{done} of {len(texts)} articles ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return Alarms(verdicts, without)


def markdown(found: Mapping[str, Alarms], *, limit: int = 0, head: str | None = None) -> Iterator[str]:
    """A row a file. ``limit``: of how many articles of each; ``head``: the detector's digest."""
    command = "`python scripts/false_alarms.py FILE…" + (f" --limit {limit}`" if limit else "`")
    yield from (
        "# False alarms in sound articles",
        "",
        command + (f", detector `{head}`" if head else ""),
        "",
    )
    yield row(
        "articles of",
        "articles, sentences",
        "articles with a finding",
        "articles with evidence",
        "sentences found",
        "probability, mean",
    )
    yield "| --- | --- | --- | --- | ---: | ---: |"
    for name, one in found.items():
        if not one.verdicts:
            yield row(name, f"0 ({one.without} without a verdict)", "", "", "", "")
            continue
        sentences = sum(v.sentences for v in one.verdicts)
        yield row(
            name,
            f"{len(one.verdicts):,}, {sentences:,}"
            + (f" ({one.without} without a verdict)" if one.without else ""),
            share([v.found > 0 for v in one.verdicts]),
            share([v.evidence for v in one.verdicts]),
            f"{sum(v.found for v in one.verdicts) / sentences:.2%}",
            f"{sum(v.expected for v in one.verdicts) / sentences:.1%}",
        )


if __name__ == "__main__":
    sys.exit(main())
