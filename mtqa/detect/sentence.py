"""A sentence's log-odds of being corrupted, from what the detector head says of its tokens.

Errors add up over a sentence: with p the head's probability for a token, P(sound) = Π (1 − p), so that the
evidence is Σ −ln(1 − p) (noisy-or; Pearl 1988, section 4.3.2). A logistic regression on that and the other
`SENTENCE_FEATURES` gives the sentence's log-odds; it comes with the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mtqa.records import Floats

Doubles = npt.NDArray[np.float64]

#: In the order of a sentence model's weights.
SENTENCE_FEATURES = (
    "noisy_or",  # log-odds of 1 − Π (1 − p)
    "worst_token",  # the largest token log-odds
    "bad_mean",  # mean of −ln(1 − p) of the tokens that a post-editor would change
    "poor_mean",  # how poor people would find it, by the head
    "surprisal_mean",
    "excess_surprisal",  # ln(1 + Σ max(0, s − 7))
    "surprisal_per_character",
    "log_tokens",
)

#: Log-odds beyond this say no more (and would overflow elsewhere).
_MOST = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class SentenceTokens:
    """One sentence's n ≥ 1 tokens: head outputs ``(n, C)``, surprisal ``(n,)`` in nats, and its length."""

    outputs: Floats
    surprisal: Doubles
    characters: int
    opens: int


def sentence_features(x: SentenceTokens) -> Doubles:
    """``(len(SENTENCE_FEATURES),)`` of one sentence."""
    corrupted, bad, poor = (x.outputs[:, i].astype(np.float64) for i in range(3))
    evidence = float(np.logaddexp(0.0, corrupted).sum())
    excess = float(np.maximum(x.surprisal[x.opens :] - 7.0, 0.0).sum())
    return np.array(
        [
            log_odds_of_evidence(evidence),
            float(corrupted.max()),
            float(np.logaddexp(0.0, bad).mean()),
            float(poor.mean()),
            float(x.surprisal.mean()),
            float(np.log1p(excess)),
            float(x.surprisal.sum() / max(x.characters, 1)),
            float(np.log(len(x.surprisal))),
        ]
    )


def log_odds_of_evidence(evidence: float) -> float:
    """ln(p / (1 − p)) for p = 1 − exp(−evidence); evidence ≥ 0 in nats.

    >>> round(log_odds_of_evidence(0.6931), 3)
    -0.0
    """
    if evidence > _MOST:
        return _MOST
    return float(np.log(max(np.expm1(evidence), 1e-12)))


@dataclass(frozen=True, slots=True, eq=False)
class SentenceModel:
    """Log-odds = weights · (features − mean) / scale + bias."""

    mean: Doubles
    scale: Doubles
    weights: Doubles
    bias: float

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> SentenceModel:
        """From a head's card. Raises `ValueError` where its features are others."""
        if card["features"] != list(SENTENCE_FEATURES):
            raise ValueError("its sentence model was made by another version of mtqa")
        mean, scale, weights = (np.asarray(card[n], dtype=np.float64) for n in ("mean", "scale", "weights"))
        return cls(mean, scale, weights, bias=float(card["bias"]))

    def log_odds(self, features: Doubles) -> float:
        """Of one sentence."""
        value = float((features - self.mean) / self.scale @ self.weights + self.bias)
        return float(np.clip(value, -_MOST, _MOST))
