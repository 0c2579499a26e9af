"""How often the kind of fault that a finding carries is right: on corrupted sentences of the training.

    python scripts/fault_kinds.py --data ../shared/data --work work/detector -o docs/results/fault_kinds.md

By the networks that had not seen the document, of which `scripts/train_detector.py` has kept the outputs in
--work. Half a minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from corpora import row
from detector_fit import KINDS_TAUGHT
from detector_sentences import read_alone
from detector_states import States, tokens_by_sentence
from train_detector import begin, options_of, unseen_outputs

from mtqa.detect.kinds import NAMES, fault_kind
from mtqa.report.write import write_report

#: Counts of (the kind that was made, the kind that is named; None: none).
Named = Counter[tuple[str, str | None]]


def main() -> None:
    """Parse the arguments, count, write."""
    options = options_of(__doc__)
    begun = begin(options)
    made = unseen_outputs(begun)
    found: Named = Counter()
    for name, corpus in begun.found.items():
        if corpus.labels[0] >= 0 and not read_alone(corpus):
            found += named(corpus, made[name])
    text = "\n".join(markdown(found)) + "\n"
    print(text, end="")
    if options.output:
        write_report(text, str(options.output))


def named(corpus: States, outputs: np.ndarray) -> Named:
    """Of every corrupted sentence whose type has a kind."""
    found: Named = Counter()
    owned = tokens_by_sentence(corpus.sentence, len(corpus.labels))
    for i in np.flatnonzero(corpus.labels == 1):
        kind, own = KINDS_TAUGHT.get(str(corpus.types[i])), owned[i]
        if kind is not None and len(own):
            found[kind, fault_kind(outputs[own])] += 1
    return found


def markdown(found: Mapping[tuple[str, str | None], int]) -> Iterator[str]:
    """A row a kind that was made, and one for all of them."""
    yield "# Kinds of fault"
    yield from (
        "",
        "`python scripts/fault_kinds.py`: corrupted sentences in the training's documents, by networks that",
        "had not seen them. A kind is named only where the evidence tells.",
        "",
    )
    yield row("made", "sentences", "a kind is named", "of these right", "taken for")
    yield "| --- | ---: | ---: | ---: | --- |"
    kinds = [kind for kind in NAMES if any(made == kind for made, _ in found)]
    for kind in kinds:
        yield _row(kind, {said: n for (made, said), n in found.items() if made == kind}, kind)
    total, right = sum(found.values()), sum(n for (made, said), n in found.items() if made == said)
    told = sum(n for (_, said), n in found.items() if said is not None)
    yield row("all", str(total), _share(told, total), _share(right, told), "")


def _row(kind: str, said: Mapping[str | None, int], right: str) -> str:
    count, told = sum(said.values()), sum(n for name, n in said.items() if name is not None)
    others = sorted(((n, name) for name, n in said.items() if name not in (None, right)), reverse=True)
    taken = ", ".join(f"{name} {_share(n, told)}" for n, name in others[:2])
    return row(kind, str(count), _share(told, count), _share(said.get(right, 0), told), taken)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}".replace("0.", ".", 1) if whole else ""


if __name__ == "__main__":
    main()
