"""From the head's outputs for tokens to a sentence's log-odds, and from those to a calibration.

Sentences in a document and sentences that stand alone have a model each. In documents the noisy-or of the tokens is
kept as it is and a few other features may be added to it, each with a weight from a grid: that which ranks best
on average over the training corpora, judged by members that had not seen the document. Sentences alone are
ranked by how poor people would find them: a ridge regression on every feature.
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
GRID = {"excess_surprisal": (0.0, 0.1, 0.2, 0.3), "log_bad": (0.0, 0.3, 0.6, 1.0), "worst_token": (0.0, 0.3, 0.6)}


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
