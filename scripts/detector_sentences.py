"""From the head's outputs for tokens to a sentence's log-odds, and from those to a calibration.

Sentences in a document and sentences that stand alone have a model each. In documents the noisy-or of the
tokens is kept as it is and a few other features may be added to it, each with a weight from a grid: those
that rank best on average over the training corpora, judged by members that had not seen the document.
Sentences alone are ranked by how poor people would find them: a ridge regression on a few features.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from detector_fit import version_pairs
from detector_states import States, tokens_by_sentence
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score

from mtqa.detect.calibrate import (
    Calibration,
    SoundBin,
    calibration_from,
    calibration_json,
    fit_calibration,
    sound_reference,
)
from mtqa.detect.sentence import SENTENCE_FEATURES, SentenceTokens, sentence_features
from mtqa.detect.verdict import q_values

#: What may be added to the noisy-or in documents, and with which weights. Not the excess surprisal: fluent
#: nonsense, which the head is there for, has little of it.
GRID = {
    "log_bad": (0.0, 0.3, 0.6, 1.0),
    "worst_token": (0.0, 0.3, 0.6),
    "log_tokens": (0.0, 0.2, 0.4),
}
#: Of mean average precision, what each of them must gain.
LEAST_GAIN = 0.0005


@dataclass(frozen=True)
class Table:
    """A corpus's sentences: ``features (M, F)``, ``tokens (M,)``, labels, scores, owners; are they alone?"""

    features: np.ndarray
    tokens: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    owner: np.ndarray
    alone: bool
    types: np.ndarray


def sentence_table(corpus: States, outputs: np.ndarray) -> Table:
    """Features of every sentence that has a token."""
    owned = tokens_by_sentence(corpus.sentence, len(corpus.labels))
    rows, kept = [], []
    for i, own in enumerate(owned):
        if len(own):
            kept.append(i)
            rows.append(
                sentence_features(
                    SentenceTokens(
                        outputs=outputs[own],
                        surprisal=corpus.surprisal[own].astype(np.float64),
                        characters=int(corpus.characters[i]),
                        opens=int(corpus.opens[i]),
                    )
                )
            )
    return Table(
        features=np.array(rows),
        tokens=np.array([len(own) for own in owned])[kept],
        labels=corpus.labels[kept],
        scores=corpus.scores[kept],
        owner=corpus.owner[kept],
        types=corpus.types[kept],
        alone=read_alone(corpus),
    )


def read_alone(corpus: States) -> bool:
    """Was each sentence read without anything before it?"""
    return bool((corpus.run == corpus.sentence)[corpus.sentence >= 0].all())


def fit_sentences(
    tables: Mapping[str, Table], judged: Mapping[str, Table]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sentence models' card, and the calibrations by their names in the head's card.

    ``judged``: corpora of documents that only the calibration may see.
    """
    documents = {n: t for n, t in tables.items() if not t.alone}
    alone = {n: t for n, t in tables.items() if t.alone}
    in_document = _document_weights(documents)
    by_itself = _alone_weights(alone)
    card = {
        "features": list(SENTENCE_FEATURES),
        "document": {"weights": in_document.tolist(), "bias": 0.0},
        "alone": {"weights": by_itself.tolist(), "bias": 0.0},
    }
    return card, {
        "calibration": _calibrated({**documents, **judged}, in_document, "document"),
        "calibration_alone": _calibrated(alone, by_itself, "none"),
    }


#: The rate at which `recall_by_type` is measured, and the sentences of a type that it takes.
FDR, FEW = 0.1, 20


def recall_by_type(
    tables: Mapping[str, Table], sentences: Mapping[str, Any], calibration: Mapping[str, Any]
) -> dict[str, float]:
    """Share of the corrupted sentences of each type that is found at a false discovery rate of .1."""
    found: dict[str, list[bool]] = {}
    weights, known = np.array(sentences["document"]["weights"]), calibration_from(calibration)
    for table in (t for t in tables.values() if not t.alone):
        p = known.p_value(table.features @ weights, table.tokens)
        for document in np.unique(table.owner):
            own = table.owner == document
            for q, kind in zip(q_values(p[own]), table.types[own], strict=True):
                if kind:
                    found.setdefault(str(kind), []).append(bool(q <= FDR))
    return {kind: round(float(np.mean(v)), 3) for kind, v in sorted(found.items()) if len(v) >= FEW}


def _column(name: str) -> int:
    return SENTENCE_FEATURES.index(name)


def _document_weights(tables: Mapping[str, Table]) -> np.ndarray:
    """The noisy-or, and those weights of the grid that rank best: mean average precision over the corpora.

    A feature that gains less than `LEAST_GAIN` is left out: the corpora's own noise is far larger.
    """
    best, found = -1.0, np.zeros(len(SENTENCE_FEATURES))
    for values in itertools.product(*GRID.values()):
        weights = np.zeros(len(SENTENCE_FEATURES))
        weights[_column("noisy_or")] = 1.0
        for name, value in zip(GRID, values, strict=True):
            weights[_column(name)] = value
        mean = float(
            np.mean([average_precision_score(t.labels, t.features @ weights) for t in tables.values()])
        )
        worth = mean - LEAST_GAIN * np.count_nonzero(values)
        if worth > best + 1e-6:
            best, found = worth, weights
    print(f"documents: {dict(zip(SENTENCE_FEATURES, found.tolist(), strict=True))}")
    return found


def _alone_weights(tables: Mapping[str, Table]) -> np.ndarray:
    """Ridge regression of how poor a sentence is: minus the human z-score, centred corpus by corpus.

    A corrupted version is to lie 1 above its sound sentence.
    """
    rows, targets, weights = [], [], []
    columns = [_column(name) for name in ALONE]
    scale = np.vstack([t.features for t in tables.values()]).std(0)
    for name, table in tables.items():
        x = table.features
        if name in VERSIONED:
            sound, version = version_pairs(table.labels)
            x, y, weight = x[version] - x[sound], np.ones(len(version)), VERSIONS_WEIGHT
        else:
            x, y, weight = x - x.mean(0), table.scores.mean() - table.scores, 1.0
        rows.append((x / scale)[:, columns])
        targets.append(y)
        weights.append(np.full(len(y), weight))
    fitted = Ridge(1.0, fit_intercept=False)
    fitted.fit(np.vstack(rows), np.concatenate(targets), sample_weight=np.concatenate(weights))
    found = np.zeros(len(SENTENCE_FEATURES))
    found[columns] = fitted.coef_ / scale[columns]
    return found


#: What a sentence alone is judged by. More features gain .003 on human scores, and lose on pairs of sentences
#: of other kinds than those that the weights are fitted on (docs/log.md).
ALONE = ("poor_mean", "surprisal_mean", "worst_token")
#: Corpora of sound sentences, each with corrupted versions behind it, and what a version counts.
VERSIONED, VERSIONS_WEIGHT = ("demetr", "post_edits", "implausible"), 0.6


def scores_by_source(
    tables: Mapping[str, Table], sentences: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """How well each corpus is ranked by members that had not seen the document: the card's figures."""
    found = {}
    for name, table in tables.items():
        made = figures(table, log_odds(table, sentences), versioned=name in VERSIONED)
        found[name] = {metric: round(float(value), 3) for metric, value in made.items()}
    return found


def log_odds(table: Table, sentences: Mapping[str, Any]) -> np.ndarray:
    """Of every sentence, by the model for sentences alone or in a document."""
    return table.features @ np.array(sentences["alone" if table.alone else "document"]["weights"])


def figures(table: Table, odds: np.ndarray, *, versioned: bool) -> dict[str, float]:
    """How well a corpus is ranked by ``odds``, metric by metric."""
    if versioned:
        sound, version = version_pairs(table.labels)
        wins = (odds[version] > odds[sound]) + 0.5 * (odds[version] == odds[sound])
        groups = np.array([kind.partition("_")[0] for kind in table.types[version]])
        graded = [group for group in GRADES if (groups == group).any()]
        return {f"accuracy {g}": wins[groups == g].mean() for g in graded} or {"accuracy": wins.mean()}
    if table.labels[0] < 0:
        return {"spearman": spearmanr(odds, -table.scores).statistic}
    found = {"average_precision": average_precision_score(table.labels, odds)}
    return found if table.alone else found | {"precision_at_1": _first(table, odds)}


#: What DEMETR's phenomena begin with.
GRADES = ("critical", "major", "minor")


def _first(table: Table, odds: np.ndarray) -> float:
    """In how many of the documents with corrupted sentences one of them ranks first."""
    owned = [np.flatnonzero(table.owner == document) for document in np.unique(table.owner)]
    hits = [table.labels[own[odds[own].argmax()]] for own in owned if table.labels[own].any()]
    return float(np.mean(hits))


#: Human z-scores below the one are corrupted, above the other sound; between them nobody can say.
CORRUPTED_BELOW, SOUND_ABOVE = -0.6, 0.4
#: The share of corrupted sentences that probabilities are made for: that of a spun article. Each corpus is
#: weighed to have it, since the corpora's own shares (8 to 50 %) come from how they were made.
PRIOR = 0.15
#: Corpora whose sound sentences hold faults of their own (authentic typos): no sound reference.
MISSPELT = ("web", "web_rules", "spun")
#: A corpus speaks for a length of sentences with at least so many sound ones. With fewer, one that is not
#: sound after all (annotated talks hold a few loops that nobody marked) decides on .1 / 40, which is what
#: one sentence of an article needs.
SPEAKS = 400


def _calibrated(tables: Mapping[str, Table], weights: np.ndarray, context: str) -> dict[str, Any]:
    """Platt's calibration over the corpora, each of the same weight and prior, and the sound reference."""
    odds, labels, shares = [], [], []
    sound: list[tuple[np.ndarray, np.ndarray]] = []
    for name, table in tables.items():
        kept, label = known_labels(table)
        x, y = (table.features @ weights)[kept], label[kept]
        odds.append(x)
        labels.append(y)
        shares.append(at_prior(y) * 1000)
        if name not in MISSPELT:
            sure = ~y & _unmarked(table)[kept]
            sound.append((x[sure], table.tokens[kept][sure]))
    slope, intercept = fit_calibration(np.concatenate(odds), np.concatenate(labels), np.concatenate(shares))
    return calibration_json(Calibration(slope, intercept, _worst_reference(sound), context))


def at_prior(wrong: np.ndarray) -> np.ndarray:
    """Weights of sum 1 with which a corpus has `PRIOR` of corrupted sentences; ``wrong``: which are."""
    return np.where(wrong, PRIOR / wrong.sum(), (1 - PRIOR) / (~wrong).sum())


def known_labels(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Which sentences are known to be one or the other, by labels or human scores; and which corrupted."""
    if table.labels[0] >= 0:
        return np.ones(len(table.labels), dtype=bool), table.labels == 1
    corrupted = table.scores < CORRUPTED_BELOW
    return corrupted | (table.scores > SOUND_ABOVE), corrupted


def _unmarked(table: Table) -> np.ndarray:
    """Of annotated translations only what no rater found any fault with is a reference for what is sound."""
    if table.labels[0] < 0:
        return np.ones(len(table.labels), dtype=bool)
    return ~(table.scores < 0)


def _worst_reference(sources: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[SoundBin, ...]:
    """Sound sentences of all corpora, counted as if they were those of the corpus that looks worst.

    One text's sound sentences look more corrupted than another's (jargon, dialect, translation): against
    all of them together, a rate would hold on average only. ``sources``: log-odds and tokens of each.

    In a bin of n sentences the count above a value is the largest of the pool's own and of n times the share
    above it in each corpus that `SPEAKS` there; a p-value is (1 + that count) / (n + 1). It is not the
    largest of the p-values against each corpus by itself, (1 + k) / (n_s + 1), but up to 1 / (n_s + 1) less:
    above all that there is in a corpus of n_s, that one counts 0, and p may be as small as 1 / (n + 1).
    """
    pooled = sound_reference(*(np.concatenate(part) for part in zip(*sources, strict=True)))
    made, least = [], 0
    for part in pooled:
        most = part.tokens_up_to or 10**9
        inside = [x[(n > least) & (n <= most)] for x, n in sources]
        speaking = [np.sort(x) for x in inside if len(x) >= SPEAKS]
        above = [part.above] + [_above(x, part.log_odds, part.sentences) for x in speaking]
        counts = _falling(np.max(above, axis=0), part.sentences)
        kept = np.diff(counts, prepend=part.sentences) < 0
        made.append(replace(part, log_odds=part.log_odds[kept], above=counts[kept]))
        least = most
    return tuple(made)


def _above(x: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """How many of ``count`` lie above each value, if they were as this corpus's."""
    return np.ceil((len(x) - np.searchsorted(x, values, side="right")) / len(x) * count).astype(np.int64)


def _falling(above: np.ndarray, count: int) -> np.ndarray:
    """Counts that fall from below ``count`` to 0, as a calibration's must."""
    falling = np.minimum.accumulate(np.minimum(above, count - 1))
    falling[-1] = 0
    return falling
