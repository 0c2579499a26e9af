"""A sentence's log-odds of being corrupted, from what the detector head says of its tokens.

Errors add up over a sentence: with p the head's probability for a token, P(sound) = Π (1 − p), so that the
evidence is Σ −ln(1 − p) (noisy-or; Pearl 1988, section 4.3.2). That and the other `SENTENCE_FEATURES`,
weighed, give the sentence's log-odds; the weights come with the head. A quotation mark that can't be right
(`QUOTE_LOG_ODDS`), or a word that stands there twice (`DOUBLED_LOG_ODDS`), is evidence of its own, which the
text gives without a model.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
    "log_bad",  # ln of the mean of −ln(1 − p), p that a post-editor would change the token
    "poor_mean",  # how poor people would find it, by the head
    "surprisal_mean",
    "excess_surprisal",  # ln(1 + Σ max(0, s − 7))
    "surprisal_per_character",
    "log_tokens",
)

#: Kind of broken quotation mark (`mtqa.records.QuoteFault`) → what it adds to its sentence's log-odds. Of
#: 41,500 sound sentences (news, speeches) 1 holds a doubled mark, 3 a stray one, all of them slips; of
#: 839 in spun_docs that were corrupted, most of them otherwise, 6 a doubled one: 300 times the rate. ln 20
#: of that, since the head has seen the mark too. Unbalanced and mixed marks count nothing: of news
#: translated from Hebrew 32 and 22 of 1,273 sound sentences have them, 12 and 1 of 221 corrupted ones.
QUOTE_LOG_ODDS: Mapping[str, float] = {"doubled": 3.0, "stray": 3.0}
#: What words add that stand there twice (`mtqa.detect.doubled`): 1 of 1,180 sound sentences holds them,
#: nearly always as a slip, and 85 of 1,060 corrupted ones of spun and poorly translated documents: 95 times
#: the rate. Less what the head has seen too that would be 1.6, but a slip is a fault that nobody doubts.
DOUBLED_LOG_ODDS = 3.0
#: What a word adds with letters of two alphabets (`mtqa.detect.lookalikes`): none of these has any.
LETTERS_LOG_ODDS = 3.0

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
            float(np.log(np.logaddexp(0.0, bad).mean() + 1e-9)),
            float(poor.mean()),
            float(x.surprisal.mean()),
            float(np.log1p(excess)),
            float(x.surprisal.sum() / max(x.characters, 1)),
            float(np.log(len(x.surprisal))),
        ]
    )


def quote_log_odds(kinds: Collection[str]) -> float:
    """What a sentence's broken quotation marks of these ``kinds`` add: the most that one of them does.

    >>> quote_log_odds(["unbalanced", "doubled", "doubled"])
    3.0
    """
    return max((QUOTE_LOG_ODDS.get(kind, 0.0) for kind in kinds), default=0.0)


def text_signature() -> str:
    """What the text alone adds, for a report's signature."""
    marks = max(QUOTE_LOG_ODDS.values())
    return f"|quotes:{marks:g}|doubled:{DOUBLED_LOG_ODDS:g}|letters:{LETTERS_LOG_ODDS:g}"


def log_odds_of_evidence(evidence: float) -> float:
    """ln(p / (1 − p)) for p = 1 − exp(−evidence); evidence ≥ 0 in nats.

    >>> round(log_odds_of_evidence(0.6931), 3)
    -0.0
    """
    if evidence > _MOST:
        return _MOST
    return float(np.log(max(np.expm1(evidence), 1e-12)))


def clipped(log_odds: float) -> float:
    """Between the log-odds beyond which nothing more is said."""
    return min(max(log_odds, -_MOST), _MOST)


@dataclass(frozen=True, slots=True, eq=False)
class SentenceModel:
    """Log-odds = weights · features + bias: one model for sentences in a document, one for those read alone.

    In a document the errors add up; of a sentence alone, how poor it is as a whole says more.
    """

    document: Doubles
    document_bias: float
    alone: Doubles
    alone_bias: float

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> SentenceModel:
        """From a head's card. Raises `ValueError` where its features are others."""
        if card["features"] != list(SENTENCE_FEATURES):
            raise ValueError("its sentence model was made by another version of mtqa")
        document, alone = (_weights(card[name]["weights"]) for name in ("document", "alone"))
        return cls(document, float(card["document"]["bias"]), alone, float(card["alone"]["bias"]))

    def log_odds(self, features: Doubles, *, alone: bool = False) -> float:
        """Of one sentence; ``alone``: it was read without anything before it."""
        weights, bias = (self.alone, self.alone_bias) if alone else (self.document, self.document_bias)
        return clipped(float(features @ weights + bias))


def _weights(values: Any) -> Doubles:
    weights = np.asarray(values, dtype=np.float64)
    if weights.shape != (len(SENTENCE_FEATURES),):
        raise ValueError(f"its sentence model has {weights.size} weights, not {len(SENTENCE_FEATURES)}")
    return weights
