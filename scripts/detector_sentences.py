"""From the head's outputs for tokens to a sentence's log-odds, and from those to a calibration.

Sentences in a document and sentences that stand alone have a model each. In documents the noisy-or of the
tokens is kept as it is and a few other features may be added to it, each with a weight from a grid: those
that rank best on average over the training corpora, judged by members that had not seen the document.
Sentences alone are ranked by how poor people would find them: a ridge regression on every feature.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from detector_states import States
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score

from mtqa.detect.calibrate import Calibration, calibration_json, fit_calibration, sound_reference
from mtqa.detect.sentence import SENTENCE_FEATURES, SentenceTokens, sentence_features

#: What may be added to the noisy-or in documents, and with which weights.
GRID = {
    "excess_surprisal": (0.0, 0.1, 0.2, 0.3),
    "log_bad": (0.0, 0.3, 0.6, 1.0),
    "worst_token": (0.0, 0.3, 0.6),
}


@dataclass(frozen=True)
class Table:
    """A corpus's sentences: ``features (M, F)``, ``tokens (M,)``, labels, scores, owners; are they alone?"""

    features: np.ndarray
    tokens: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    owner: np.ndarray
    alone: bool


def sentence_table(corpus: States, outputs: np.ndarray) -> Table:
    """Features of every sentence that has a token."""
    count = len(corpus.labels)
    order = np.argsort(corpus.sentence, kind="stable")
    edges = np.searchsorted(corpus.sentence[order], np.arange(count + 1))
    rows, kept = [], []
    for i in range(count):
        own = order[edges[i] : edges[i + 1]]
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
        tokens=np.diff(edges)[kept],
        labels=corpus.labels[kept],
        scores=corpus.scores[kept],
        owner=corpus.owner[kept],
        alone=bool((corpus.run == corpus.sentence)[corpus.sentence >= 0].all()),
    )


def fit_sentences(tables: Mapping[str, Table]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sentence models' card, and the calibrations by their names in the head's card."""
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
        "calibration": _calibrated(documents, in_document, "document"),
        "calibration_alone": _calibrated(alone, by_itself, "none"),
    }


def _column(name: str) -> int:
    return SENTENCE_FEATURES.index(name)


def _document_weights(tables: Mapping[str, Table]) -> np.ndarray:
    """The noisy-or, and those weights of the grid that rank best: mean average precision over the corpora."""
    best, found = -1.0, np.zeros(len(SENTENCE_FEATURES))
    for values in itertools.product(*GRID.values()):
        weights = np.zeros(len(SENTENCE_FEATURES))
        weights[_column("noisy_or")] = 1.0
        for name, value in zip(GRID, values, strict=True):
            weights[_column(name)] = value
        mean = float(
            np.mean([average_precision_score(t.labels, t.features @ weights) for t in tables.values()])
        )
        if mean > best + 1e-4:
            best, found = mean, weights
    print(f"documents: {dict(zip(SENTENCE_FEATURES, found.tolist(), strict=True))}, AP {best:.3f}")
    return found


def _alone_weights(tables: Mapping[str, Table]) -> np.ndarray:
    """Ridge regression of how poor a sentence is: minus the human z-score; ±1 for one with a label."""
    features = np.vstack([t.features for t in tables.values()])
    targets = np.concatenate([_poor(t) for t in tables.values()])
    weights = np.concatenate([np.full(len(t.labels), _weight(t)) for t in tables.values()])
    mean, scale = features.mean(0), features.std(0)
    fitted = Ridge(1.0).fit((features - mean) / scale, targets, sample_weight=weights)
    return np.asarray(fitted.coef_ / scale)


#: Sentences corrupted by rules count so much against those with a human score.
RULES_WEIGHT = 0.3


def _weight(table: Table) -> float:
    return RULES_WEIGHT if table.labels[0] >= 0 else 1.0


def _poor(table: Table) -> np.ndarray:
    return 2.0 * table.labels - 1.0 if table.labels[0] >= 0 else -table.scores


#: Human z-scores below the one are corrupted, above the other sound; between them nobody can say.
CORRUPTED_BELOW, SOUND_ABOVE = -0.6, 0.4


def _calibrated(tables: Mapping[str, Table], weights: np.ndarray, context: str) -> dict[str, Any]:
    """Platt's calibration over the corpora, each of the same weight, against their sound sentences."""
    odds, labels, shares, tokens = [], [], [], []
    for table in tables.values():
        if table.labels[0] >= 0:
            kept, label = np.ones(len(table.labels), dtype=bool), table.labels
        else:
            kept = (table.scores < CORRUPTED_BELOW) | (table.scores > SOUND_ABOVE)
            label = table.scores < CORRUPTED_BELOW
        odds.append((table.features @ weights)[kept])
        labels.append(np.asarray(label)[kept].astype(int))
        tokens.append(table.tokens[kept])
        shares.append(np.full(kept.sum(), 1000.0 / kept.sum()))
    x, y = np.concatenate(odds), np.concatenate(labels)
    slope, intercept = fit_calibration(x, y, np.concatenate(shares))
    sound = sound_reference(x[y == 0], np.concatenate(tokens)[y == 0])
    return calibration_json(Calibration(slope, intercept, sound, context))
