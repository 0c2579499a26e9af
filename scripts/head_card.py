"""The cards of the detector heads that ship: what each was made of, and how it does on texts not seen.

    python scripts/head_card.py -o docs/results/heads.md

Read from the heads' own files in mtqa/detect/heads; neither data nor a model is needed. *Not seen*: each text
of a corpus of the training is judged by a network that learned from none of its versions.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from corpora import row, told

from mtqa.bench.comparison.words import figure
from mtqa.detect.head import FOLDER, Head, load_head

#: Names of figures in a card that a reader would not guess.
_NAMES = {
    "spearman": "Spearman",
    "average_precision": "average precision",
    "precision_at_1": "precision at 1",
}


def main() -> None:
    """Parse the arguments, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, help="write there, too")
    options = parser.parse_args()
    heads = [load_head(path) for path in sorted(FOLDER.glob("*.safetensors"), reverse=True)]
    told(markdown(heads), options.output)


def markdown(heads: list[Head]) -> Iterator[str]:
    """A section each: the corpora, then what is found of each type of corruption."""
    yield "# The detector heads that ship"
    yield from (
        "",
        "`python scripts/head_card.py`: from the cards in the heads' files. *Not seen*: by networks that had",
        "learned from no version of the text. An epoch takes *weight* of a corpus. Text: its sha256.",
    )
    for head in heads:
        yield from _head(head.card, head.digest)


def _head(card: Mapping[str, Any], digest: str) -> Iterator[str]:
    data, recipe = card["data"], card["recipe"]
    tokens = sum(own["tokens"] for own in data.values())
    yield from ("", f"## {card['model']}: `{digest[:12]}`", "")
    yield (
        f"Reads the states after layers {_and(card['layers'])} of the weights "
        f"`{card['weights_sha256'][:12]}` at {card['places']} tokens and {len(card['features'])} quantities "
        f"a token. {recipe['members']} networks of {recipe['units']} units, {recipe['epochs']} epochs, "
        f"seed {recipe['seed']}; {tokens:,} tokens."
    )
    yield from ("", row("corpus", "not seen", "sentences", "tokens", "weight", "licence", "text"))
    yield "| --- | --- | ---: | ---: | ---: | --- | --- |"
    for name, own in data.items():
        yield row(
            name,
            ", ".join(
                f"{_NAMES.get(key, key)} {figure(v)}" for key, v in card["unseen"].get(name, {}).items()
            ),
            f"{own['sentences']:,}",
            f"{own['tokens']:,}",
            f"{own['weight']:g}",
            own["licence"],
            f"`{own['sha256'][:12]}`",
        )
    found = sorted(card["recall_by_type"].items(), key=lambda item: (-item[1], item[0]))
    yield from ("", "Found at a false discovery rate of .1 in its document, by type of corruption:")
    yield ", ".join(f"`{name}` {figure(share)}" for name, share in found) + "."


def _and(numbers: list[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


if __name__ == "__main__":
    main()
