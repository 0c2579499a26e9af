"""What the detector is worth on a source that it has never seen: each one left out of the training in turn.

    python scripts/leave_out.py --data ../shared/data --work work/detector -o docs/results/leave_out.md

Takes the corpora and states that `scripts/train_detector.py` has made in --work. For each group of corpora
one network is trained on the others; the sentence model and the calibration are fitted on the others too (by
the outputs of networks that had not seen the document). About three minutes a group on two cores; finished
groups are kept in --work and not done again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from corpora import row
from detector_fit import Recipe, outputs, train
from detector_sentences import (
    PRIOR,
    Table,
    fit_sentences,
    known_labels,
    scores_by_source,
    sentence_table,
)
from train_detector import Begun, begin, options_of, sources, unseen_outputs

from mtqa.bench.metrics.calibration import BINS, bin_of
from mtqa.detect.calibrate import Calibration, calibration_from
from mtqa.detect.verdict import FDR, q_values
from mtqa.report.write import write_report

#: What is left out and judged together: corpora that were made from the same texts.
GROUPS = {
    "MLQE Romanian": ("mlqe_ro",),
    "MLQE Estonian": ("mlqe_et",),
    "MLQE Russian": ("mlqe_ru",),
    "DEMETR": ("demetr",),
    "web pages": ("web", "web_rules"),
    "speeches": ("speeches", "sampled"),
    "MQM, talks": ("mqm_ted",),
    "MQM, abstracts": ("mqm_bio_de", "mqm_bio_es"),
}
#: What is left out with a corpus and not judged: post-edits of MLQE's sentences, of all three languages.
ALSO = dict.fromkeys(("mlqe_ro", "mlqe_et", "mlqe_ru"), ("post_edits",))


def main() -> None:
    """Parse the arguments; a group after the other; the table."""
    options = options_of(__doc__)
    begun = begin(options)
    made = unseen_outputs(begun)
    known = {name: sentence_table(corpus, made[name]) for name, corpus in begun.found.items()}
    groups = {}
    for group, names in GROUPS.items():
        kept = begun.folder / f"without {', '.join(sorted(left_out(names)))}.json"
        if not kept.exists():
            print(f"without {group}", file=sys.stderr, flush=True)
            write_report(json.dumps(judged(begun, known, names)), str(kept))
        groups[group] = json.loads(kept.read_text(encoding="utf-8"))
        if options.output:
            write_report("\n".join(markdown(groups)) + "\n", str(options.output))
    print("\n".join(markdown(groups)))


def left_out(names: tuple[str, ...]) -> set[str]:
    """What the training must not see where the corpora ``names`` are judged."""
    return {*names, *(other for name in names for other in ALSO.get(name, ()))}


def judged(begun: Begun, known: Mapping[str, Table], names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """The figures of the corpora ``names`` by what was trained and fitted on the others.

    The others' own outputs, which the sentence model and the calibration are fitted on, are those of two
    networks that had not seen the document, but had seen ``names``.
    """
    found = begun.found
    rest = {name: corpus for name, corpus in found.items() if name not in left_out(names)}
    network = train(sources(rest), Recipe(), begun.card["recipe"]["seed"])
    articles = {"articles": sentence_table(begun.articles, outputs(network, begun.articles))}
    sentences, calibrations = fit_sentences({name: known[name] for name in rest}, articles)
    tables = {name: sentence_table(found[name], outputs(network, found[name])) for name in names}
    made = scores_by_source(tables, sentences)
    for name, table in tables.items():
        odds = table.features @ np.array(sentences["alone" if table.alone else "document"]["weights"])
        fitted = calibration_from(calibrations["calibration_alone" if table.alone else "calibration"])
        made[name]["calibration_error"] = calibration_error(table, fitted.probability(odds))
        if not table.alone:
            made[name] |= discoveries(table, odds, fitted)
    return made


def calibration_error(table: Table, probability: np.ndarray) -> float:
    """The expected calibration error at the share of corrupted sentences that probabilities are made for."""
    sure, wrong = known_labels(table)
    p, y = probability[sure], wrong[sure]
    weight = np.where(y, PRIOR / y.mean(), (1 - PRIOR) / (1 - y.mean()))
    gaps = np.bincount(bin_of(p), weights=weight * (p - y), minlength=BINS)
    return float(np.abs(gaps).sum() / weight.sum())


def discoveries(table: Table, odds: np.ndarray, fitted: Calibration) -> dict[str, float]:
    """Mean over documents of the share of sound sentences among what is found at .1; recall over all."""
    p = fitted.p_value(odds, table.tokens)
    shares, hits = [], 0
    for document in np.unique(table.owner):
        own = table.owner == document
        labels = table.labels[own][q_values(p[own]) <= FDR]
        shares.append(1 - labels.mean() if len(labels) else 0.0)
        hits += int(labels.sum())
    return {"false_discovery_rate": float(np.mean(shares)), "recall": hits / max(int(table.labels.sum()), 1)}


def markdown(groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    """A row a corpus."""
    yield "# Sources left out of the training, each in turn"
    yield from (
        "",
        "`python scripts/leave_out.py`: one network a row's group, trained on everything else.",
        "",
    )
    yield row("left out", "corpus", "ranking", "calibration error", "false discoveries at .1", "recall at .1")
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for group, corpora in groups.items():
        for name, figures in corpora.items():
            ranking = ", ".join(
                f"{metric.replace('_', ' ')} {_shown(value)}"
                for metric, value in figures.items()
                if metric not in ("calibration_error", "false_discovery_rate", "recall")
            )
            rest = (figures.get(m) for m in ("calibration_error", "false_discovery_rate", "recall"))
            yield row(group, name, ranking, *("" if value is None else _shown(value) for value in rest))


def _shown(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


if __name__ == "__main__":
    main()
