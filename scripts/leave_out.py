"""What the detector is worth on a source that it has never seen: each one left out of the training in turn.

    python scripts/leave_out.py --data ../shared/data --work work/detector -o docs/results/leave_out.md

Takes the corpora and states that `scripts/train_detector.py` has made in --work. For each group of corpora
one network is trained on the others; the sentence model and the calibrations of sentences and of words are
fitted on the others too (by the outputs of networks that had not seen the document). With a language of MLQE
its `test20`, which no training sees, is judged as well. About four minutes a group on two cores; finished
groups are kept in --work and not done again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from corpora import row
from detector_corpora import drawn
from detector_fit import Recipe, outputs, standardised, train
from detector_sentences import (
    PRIOR,
    VERSIONED,
    Table,
    at_prior,
    figures,
    fit_sentences,
    known_labels,
    log_odds,
    sentence_table,
)
from detector_states import States
from detector_words import WordTable, fit_words, word_table
from sklearn.metrics import average_precision_score
from train_detector import Begun, begin, options_of, read_corpora, sources, unseen_outputs

from mtqa.bench.metrics.calibration import BINS, bin_of
from mtqa.bench.resample import interval
from mtqa.detect.calibrate import Calibration, calibration_from, word_calibration_from
from mtqa.detect.verdict import FDR, q_values
from mtqa.report.write import write_report

#: Drafts of speeches and written articles, by what MLQE's post-edits taught.
DRAFTED = ("engine", "unedited")
#: What is left out and judged together: corpora that were made from the same texts.
GROUPS = {
    "MLQE Romanian": ("mlqe_ro",),
    "MLQE Estonian": ("mlqe_et",),
    "MLQE Russian": ("mlqe_ru",),
    "DEMETR": ("demetr",),
    "implausible sentences": ("implausible",),
    "web pages": ("web", "web_rules"),
    "speeches": ("speeches", "sampled"),
    "written articles": ("written", "written_rules", "written_sampled"),
    "articles spun by hand": ("written_spun",),
    "articles translated by hand": ("written_mt",),
    "raw translations": DRAFTED,
    "set phrases": ("collocations",),
    "real spinners' words": ("spun",),
    "MQM, talks": ("mqm_ted",),
    "MQM, abstracts": ("mqm_bio_de", "mqm_bio_es"),
}
#: What is left out with a corpus and not judged: post-edits of MLQE's sentences, of all three languages; what
#: else was made of the same texts, or with the same words.
ALSO = {
    **dict.fromkeys(("mlqe_ro", "mlqe_et", "mlqe_ru"), ("post_edits", *DRAFTED)),
    "spun": ("post_edits",),
    "speeches": ("collocations", *DRAFTED),
    "written": ("spun", "collocations", *DRAFTED),
    "web": ("spun", "collocations"),
}
#: Corpora beside which human scores that no training sees are judged: MLQE's language.
TESTED = {"mlqe_ro": "ro", "mlqe_et": "et", "mlqe_ru": "ru"}

#: The code by which what was learned is judged.
JUDGES = [
    Path(__file__).with_name(f"{name}.py") for name in ("detector_sentences", "detector_words", "leave_out")
]


def main() -> None:
    """Parse the arguments; a group after the other; the table."""
    options = options_of(__doc__)
    begun = begin(options)
    made = unseen_outputs(begun)
    known = {name: sentence_table(corpus, made[name]) for name, corpus in begun.found.items()}
    tests = tested(begun, options)
    # Figures come from how sentences are judged as well, which the folder's name does not tell.
    code = hashlib.sha256(b"".join(path.read_bytes() for path in JUDGES)).hexdigest()[:8]
    groups = {}
    for group, names in GROUPS.items():
        if not set(names) <= begun.found.keys():  # --without
            continue
        kept = begun.folder / f"without {', '.join(sorted(left_out(names)))}.{code}.json"
        if not kept.exists():
            print(f"without {group}", file=sys.stderr, flush=True)
            write_report(json.dumps(judged(begun, known, made, names, tests)), str(kept))
        groups[group] = json.loads(kept.read_text(encoding="utf-8"))
        if options.output:
            write_report("\n".join(markdown(groups)) + "\n", str(options.output))
    print("\n".join(markdown(groups)))


def left_out(names: tuple[str, ...]) -> set[str]:
    """What the training must not see where the corpora ``names`` are judged."""
    return {*names, *(other for name in names for other in ALSO.get(name, ()))}


def tested(begun: Begun, options: argparse.Namespace) -> dict[str, States]:
    """What of `TESTED` is judged beside a corpus, by that corpus's name; standardised as the training is."""
    paths = {}
    for name in begun.found.keys() & TESTED.keys():
        paths[name] = options.work / f"{name}.test20.jsonl"
        source = options.data / f"mlqe_pe/{TESTED[name]}-en.test20.jsonl"
        write_report("".join(json.dumps(r) + "\n" for r in drawn(source, ALL, 1)), str(paths[name]))
    read = read_corpora(paths, options.work, options.model, device=begun.device)
    return {name: standardised(corpus, begun.moments) for name, corpus in read.items()}


#: Of a file of human scores.
ALL = 10**6


def judged(
    begun: Begun,
    known: Mapping[str, Table],
    seen: Mapping[str, np.ndarray],
    names: tuple[str, ...],
    tests: Mapping[str, States],
) -> dict[str, dict[str, Any]]:
    """The figures of the corpora ``names``, and of their ``tests``, by what was trained on the others.

    The others' own outputs ``seen`` and their sentences' tables ``known``, which the sentence model and the
    calibrations are fitted on, are by two networks that had not seen the document, but had seen ``names``.
    """
    found = begun.found
    rest = {name: corpus for name, corpus in found.items() if name not in left_out(names)}
    network = train(sources(rest, begun.plan), Recipe(), begun.card["recipe"]["seed"], device=begun.device)
    articles = {"articles": sentence_table(begun.articles, outputs(network, begun.articles))}
    sentences, calibrations = fit_sentences({name: known[name] for name in rest}, articles)
    words = [word_table(rest[name], seen[name], log_odds(known[name], sentences)) for name in rest]
    made: dict[str, dict[str, Any]] = {}
    corpora = {name: found[name] for name in names}
    corpora |= {f"{name} test20": tests[name] for name in names if name in tests}
    for name, corpus in corpora.items():
        own = outputs(network, corpus)
        table = sentence_table(corpus, own)
        odds = log_odds(table, sentences)
        fitted = calibration_from(calibrations["calibration_alone" if table.alone else "calibration"])
        made[name] = {"figures": with_intervals(table, odds, versioned=name in VERSIONED)}
        bins = reliability(table, fitted.probability(odds))
        made[name] |= {"calibration_error": calibration_error(bins), "reliability": bins}
        if not table.alone:
            made[name] |= discoveries(table, odds, fitted)
        if (told := word_table(corpus, own, odds)) is not None:
            made[name]["words"] = words_told(told, fit_words(words, alone=table.alone))
    return made


def words_told(table: WordTable, fitted: Mapping[str, float]) -> dict[str, Any]:
    """Of a corpus's words: how well their probabilities rank them, and what these meant."""
    calibration = word_calibration_from(fitted)
    pairs = zip(table.evidence.tolist(), table.odds.tolist(), strict=True)
    p = np.array([calibration.probability(evidence, odds) for evidence, odds in pairs])
    bins = binned(p, table.corrupted, table.weights / table.weights.sum())
    ranked = average_precision_score(table.corrupted, p)
    return {
        "average_precision": float(ranked),
        "share": float(table.corrupted.mean()),
        "calibration_error": calibration_error(bins),
        "reliability": bins,
    }


#: Bootstrap draws of an interval, and their seed.
DRAWS, SEED = 500, 1


def with_intervals(table: Table, odds: np.ndarray, *, versioned: bool) -> dict[str, list[float]]:
    """Each figure with its 95 % interval: whole documents, pairs or sentences are drawn again."""
    rng = np.random.default_rng(SEED)
    if versioned:
        cluster = np.cumsum(table.labels == 0) - 1
    else:
        cluster = np.arange(len(odds)) if table.alone else np.unique(table.owner, return_inverse=True)[1]
    members = np.split(np.argsort(cluster, kind="stable"), np.cumsum(np.bincount(cluster))[:-1])
    draws: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        drawn = [members[i] for i in rng.integers(len(members), size=len(members))]
        rows, owner = np.concatenate(drawn), np.repeat(np.arange(len(drawn)), list(map(len, drawn)))
        again = replace(
            table,
            labels=table.labels[rows],
            scores=table.scores[rows],
            types=table.types[rows],
            owner=owner,
        )
        for metric, value in figures(again, odds[rows], versioned=versioned).items():
            draws.setdefault(metric, []).append(float(value))
    made = figures(table, odds, versioned=versioned)
    return {metric: [float(value), *interval(draws[metric])] for metric, value in made.items()}


def reliability(table: Table, probability: np.ndarray) -> list[list[float]]:
    """A row a bin that holds a sentence: its share, the mean probability, the share corrupted.

    All at the share of corrupted sentences that probabilities are made for.
    """
    sure, wrong = known_labels(table)
    return binned(probability[sure], wrong[sure], at_prior(wrong[sure]))


def binned(p: np.ndarray, wrong: np.ndarray, weight: np.ndarray) -> list[list[float]]:
    """A row a bin of the probabilities ``p`` that holds any: weight, mean of ``p``, share of ``wrong``."""
    sums = [
        np.bincount(bin_of(p), weights=weight * value, minlength=BINS)
        for value in (np.ones(len(p)), p, wrong)
    ]
    return [[n, of / n, hits / n] for n, of, hits in zip(*sums, strict=True) if n > 0]


def calibration_error(bins: list[list[float]]) -> float:
    """The expected calibration error, of `reliability`'s rows."""
    return float(sum(share * abs(probability - corrupted) for share, probability, corrupted in bins))


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
    """A row a corpus; then what its probabilities meant."""
    yield "# Sources left out of the training, each in turn"
    yield from (
        "",
        "`python scripts/leave_out.py`: one network a row's group, trained on everything else. 95 %",
        "intervals by bootstrap over documents, pairs or sentences.",
        "",
    )
    yield row("left out", "corpus", "ranking", "calibration error", "false discoveries at .1", "recall at .1")
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for group, corpora in groups.items():
        for name, found in corpora.items():
            ranking = "; ".join(
                f"{metric.replace('_', ' ')} {_shown(value)} ({_shown(low)} to {_shown(high)})"
                for metric, (value, low, high) in found["figures"].items()
            )
            rest = (found.get(m) for m in ("calibration_error", "false_discovery_rate", "recall"))
            yield row(group, name, ranking, *("" if value is None else _shown(value) for value in rest))
    yield from (
        "",
        "## What the probabilities meant",
        "",
        "For each corpus, left out of the training: its sentences with a probability from 0 to .1, from .1",
        f"to .2 and so on, and how many of them were corrupted, both as if {PRIOR:.0%} of all were. A bin of",
        "less than .2 % is not shown.",
        "",
    )
    yield row("corpus", "mean probability → share corrupted (share of the sentences)")
    yield "| --- | --- |"
    for corpora in groups.values():
        for name, found in corpora.items():
            yield row(name, _bins(found["reliability"], 0.002))
    yield from (
        "",
        "## What the probabilities of words meant",
        "",
        "The same of words, in corpora whose words somebody has looked at, as if",
        f"{PRIOR:.0%} of the sentences were corrupted (average precision and chance: at the corpus's own",
        "share); minor faults are left out. A bin of less than .05 % is not shown.",
        "",
    )
    yield row(
        "corpus", "average precision", "chance", "calibration error", "mean probability → share corrupted"
    )
    yield "| --- | ---: | ---: | ---: | --- |"
    for corpora in groups.values():
        for name, found in corpora.items():
            if words := found.get("words"):
                shown = (_shown(words[m]) for m in ("average_precision", "share", "calibration_error"))
                yield row(name, *shown, _bins(words["reliability"], 0.0005))


def _bins(bins: list[list[float]], least: float) -> str:
    """The bins that hold at least that share."""
    return "; ".join(f"{_shown(p)} → {_shown(y)} ({n:.1%})" for n, p, y in bins if n >= least)


def _shown(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


if __name__ == "__main__":
    main()
