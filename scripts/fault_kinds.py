"""How often the kind of fault that a finding carries is right: on corrupted sentences of the training.

    python scripts/fault_kinds.py --data ../shared/data --work work/detector -o docs/results/fault_kinds.md

By the networks that had not seen the document, of which `scripts/train_detector.py` has kept the outputs in
--work. Half a minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from corpora import row, told
from detector_kinds import SENTENCE_KINDS
from detector_sentences import read_alone
from detector_states import States, tokens_by_sentence
from train_detector import begin, options_of, unseen_outputs

from mtqa.detect.kinds import NAMES, fault_kind

#: Counts of (the kind that was made, the kind that is named; None: none).
Named = Counter[tuple[str, str | None]]


def main() -> None:
    """Parse the arguments, count, write."""
    options = options_of(__doc__)
    begun = begin(options)
    made = unseen_outputs(begun)
    inside, alone = Counter[tuple[str, str | None]](), Counter[tuple[str, str | None]]()
    for name, corpus in begun.found.items():
        if corpus.labels[0] >= 0:
            (alone if read_alone(corpus) else inside).update(named(corpus, made[name]))
    told(markdown({"In documents": inside, "Sentences alone": alone}), options.output)


def named(corpus: States, outputs: np.ndarray) -> Named:
    """Of every corrupted sentence whose type has a kind."""
    found: Named = Counter()
    owned = tokens_by_sentence(corpus.sentence, len(corpus.labels))
    for i in np.flatnonzero(corpus.labels == 1):
        kind, own = SENTENCE_KINDS.get(str(corpus.types[i])), owned[i]
        if kind is not None and len(own):
            found[kind, fault_kind(outputs[own])] += 1
    return found


def markdown(tables: Mapping[str, Named]) -> Iterator[str]:
    """A table each, by its title."""
    yield "# Kinds of fault"
    yield from (
        "",
        "`python scripts/fault_kinds.py`: corrupted sentences of the training, by networks that had not",
        "seen them. A kind is named only where the evidence tells. *Precision*: of those that are",
        "named so, how many were made so, at this mixture of kinds.",
    )
    for title, found in tables.items():
        yield from ("", f"## {title}", "", *_table(found))


def _table(found: Named) -> Iterator[str]:
    """A row a kind that was made, and one for all of them."""
    yield row("made", "sentences", "a kind is named", "of these right", "precision", "taken for")
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    kinds = [kind for kind in NAMES if any(made == kind for made, _ in found)]
    for kind in kinds:
        all_so = sum(n for (_, said), n in found.items() if said == kind)
        precision = _share(found[kind, kind], all_so)
        yield _row(kind, {said: n for (made, said), n in found.items() if made == kind}, precision)
    total, right = sum(found.values()), sum(n for (made, said), n in found.items() if made == said)
    told = sum(n for (_, said), n in found.items() if said is not None)
    yield row("all", str(total), _share(told, total), _share(right, told), "", "")


def _row(kind: str, said: Mapping[str | None, int], precision: str) -> str:
    count, told = sum(said.values()), sum(n for name, n in said.items() if name is not None)
    others = sorted(((n, name) for name, n in said.items() if name not in (None, kind)), reverse=True)
    taken = ", ".join(f"{name} {_share(n, told)}" for n, name in others[:2])
    right = _share(said.get(kind, 0), told)
    return row(kind, str(count), _share(told, count), right, precision, taken)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}".replace("0.", ".", 1) if whole else ""


if __name__ == "__main__":
    main()
