"""The calibration of words: from what the head says of a word's tokens to a probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from detector_sentences import at_prior, read_alone
from detector_states import States
from sklearn.linear_model import LogisticRegression

from mtqa.detect.sentence import log_odds_of_evidence
from mtqa.detect.spans import EDITED_SHARE


@dataclass(frozen=True)
class WordTable:
    """The words of a corpus's sentences that somebody has looked at, ``(W,)``, and whether they stand alone.

    ``evidence`` as in `mtqa.detect.spans`; ``odds`` of its sentence; ``corrupted``; ``weights``: those of
    their sentences, a corpus having 1000 and the prior share of corrupted ones. Minor faults are left out:
    whether they are corruptions, people do not agree.
    """

    evidence: np.ndarray
    odds: np.ndarray
    corrupted: np.ndarray
    weights: np.ndarray
    alone: bool


def word_table(corpus: States, outputs: np.ndarray, odds: np.ndarray) -> WordTable | None:
    """None where sentences have no labels. A word is corrupted that has a corrupted token.

    ``odds``: of the sentences that have a token, in their order.
    """
    if corpus.labels[0] < 0:
        return None
    alone = read_alone(corpus)
    held = (corpus.word >= 0) & (corpus.known > 0) & (corpus.sentence >= 0)
    words, place = np.unique(corpus.word[held], return_inverse=True)
    evidence = np.logaddexp(0.0, outputs[held, 0].astype(np.float64))
    if alone:
        evidence += EDITED_SHARE * np.logaddexp(0.0, outputs[held, 1].astype(np.float64))
    count = len(words)
    corrupted = np.bincount(place[corpus.label[held] == 1], minlength=count) > 0
    faulty = np.bincount(place[corpus.label[held] == 2], minlength=count) > 0
    share = at_prior(corpus.labels > 0)
    sentence = np.zeros(count, dtype=np.int64)
    sentence[place] = corpus.sentence[held]
    numbered = np.searchsorted(np.unique(corpus.sentence[corpus.sentence >= 0]), sentence)
    kept = corrupted | ~faulty
    made = np.bincount(place, evidence), odds[numbered], corrupted, 1000 * share[sentence]
    return WordTable(*(part[kept] for part in made), alone)


def fit_words(tables: Sequence[WordTable | None], *, alone: bool) -> dict[str, float]:
    """`mtqa.detect.calibrate.WordCalibration`, over the corpora of sentences alone or in documents."""
    chosen = [t for t in tables if t is not None and t.alone == alone]
    names = ("evidence", "odds", "corrupted", "weights")
    evidence, odds, y, w = (np.concatenate([getattr(t, n) for t in chosen]) for n in names)
    fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    own = [log_odds_of_evidence(e) for e in evidence.tolist()]
    fitted.fit(np.column_stack([own, odds]), y, sample_weight=w)
    slope, sentence = fitted.coef_[0]
    return {"slope": float(slope), "sentence": float(sentence), "intercept": float(fitted.intercept_[0])}
