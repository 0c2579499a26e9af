"""The measures that rank sentences: one registry, each with its formula and source.

Every measure is a pure function of one `SentenceScores`; higher is always more suspicious. In the
formulas sᵢ is a token's surprisal −ln p in nats, Hᵢ the entropy and σᵢ the standard deviation of the
surprisal at its place, mᵢ the total probability of the tokens likelier than it, n the number of
tokens. "Top k" is the mean of the k largest (of all, where there are fewer).

`docs/methods.md` says when each one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtqa.detect.features import boosted
from mtqa.errors import UsageError, unknown
from mtqa.records import TokenScores

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SentenceScores:
    """What a measure sees of one sentence: its n ≥ 1 tokens' statistics, and two counts.

    ``characters``: length of the sentence in characters. ``unigram_nats``: −ln of the product of its
    words' relative frequencies. ``opens``: 1 where the first token opens a
    passage, else 0. ``threshold_nats`` and ``k`` are the config's, for the measures that have them.
    ``log_odds``: the detector's, None without one.
    """

    surprisal: Doubles
    entropy: Doubles
    sd: Doubles
    rank: Doubles
    likelier_mass: Doubles
    characters: int
    unigram_nats: float
    threshold_nats: float
    k: int
    opens: int = 0
    log_odds: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One way to score a sentence, with its formula and source."""

    name: str
    formula: str
    source: str
    summary: str
    score: Callable[[SentenceScores], float | None]


def sentence_scores(
    tokens: TokenScores, which: npt.NDArray[np.int32], characters: int, settings: MeasureSettings
) -> SentenceScores:
    """The view of one sentence's tokens (``which``: their indices, at least one) that measures take."""

    def of(values: npt.NDArray[np.float32] | npt.NDArray[np.int32]) -> Doubles:
        return values[which].astype(np.float64)

    return SentenceScores(
        surprisal=of(tokens.surprisal_nats),
        entropy=of(tokens.entropy_nats),
        sd=of(tokens.surprisal_sd_nats),
        rank=of(tokens.rank),
        likelier_mass=of(tokens.likelier_mass),
        characters=characters,
        unigram_nats=settings.unigram_nats,
        threshold_nats=settings.threshold_nats,
        k=settings.k,
        opens=settings.opens,
        log_odds=settings.log_odds,
    )


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """What measures take from the config, and from the sentence besides its tokens."""

    threshold_nats: float = 7.0
    k: int = 3
    unigram_nats: float = 0.0
    opens: int = 0
    log_odds: float | None = None


def _top(values: Doubles, k: int) -> float:
    return float(np.sort(values)[-k:].mean())


def boosted_nats(x: SentenceScores) -> Doubles:
    """−ln(1 − mᵢ) of each token."""
    return boosted(x.likelier_mass, x.surprisal)


def _perplexity(x: SentenceScores) -> float:
    # exp overflows above 709 nats; a mean surprisal never gets near, but a fake model's might.
    return float(np.exp(min(x.surprisal.mean(), 700.0)))


def _curvature(x: SentenceScores) -> float:
    spread = float(np.sqrt(np.square(x.sd).sum()))
    return float((x.surprisal - x.entropy).sum() / spread) if spread > 0 else 0.0


def _above(values: Doubles, threshold: float, x: SentenceScores) -> float:
    """Sum of what is above the threshold.

    A passage's first token is left out: with nothing before it, every word is surprising. On isolated
    sentences of MLQE (ro, et) that raises Spearman's correlation by .001 and .010.
    """
    return float(np.maximum(values[x.opens :] - threshold, 0.0).sum())


def _detector(x: SentenceScores) -> float | None:
    return None if x.log_odds is None else float(np.logaddexp(0.0, x.log_odds))


def _slor(x: SentenceScores) -> float:
    return float((x.surprisal.sum() - x.unigram_nats) / len(x.surprisal))


#: Nats above the entropy from which a token counts in ``excess_over_entropy``.
EXCESS_OVER_ENTROPY_NATS = 4.0

#: Nats of −ln(1 − m) from which a token counts in ``excess_boosted``: the likelier tokens hold 95 %.
EXCESS_BOOSTED_NATS = 3.0

_FAST_DETECT = "Bao et al. 2024, Fast-DetectGPT, eq. 5"
_BOOSTED = "Dinh et al. 2025, boostedprob"

#: The measure that needs a detector head.
DETECTOR = "detector"
#: The config's word for `auto_measure`.
AUTO = "auto"
#: What ranks where the model has no detector head. Over the nine corpora of docs/results.md, "Every measure",
#: its mean is the best of those that have learned nothing.
WITHOUT_DETECTOR = "excess_surprisal"

#: name → measure. `mtqa measures` prints this.
MEASURES: Mapping[str, Measure] = {
    m.name: m
    for m in (
        Measure(
            DETECTOR,
            "−ln(1 − P(corrupted))",
            "mtqa; docs/methods.md, The detector",
            "a trained head on the model's middle layers, read in the same pass; 0.69 is even odds",
            _detector,
        ),
        Measure(
            "perplexity",
            "exp(Σ sᵢ / n)",
            "Jelinek et al. 1977",
            "how surprising the sentence is a token",
            _perplexity,
        ),
        Measure(
            "surprisal_mean", "Σ sᵢ / n", "Shannon 1948", "ln perplexity", lambda x: float(x.surprisal.mean())
        ),
        Measure(
            "surprisal_max",
            "max sᵢ",
            "Shannon 1948",
            "the most surprising token alone",
            lambda x: float(x.surprisal.max()),
        ),
        Measure(
            "surprisal_topk",
            "top k of sᵢ",
            "Shannon 1948",
            "the k most surprising tokens",
            lambda x: _top(x.surprisal, x.k),
        ),
        Measure(
            "surprisal_per_character",
            "Σ sᵢ / characters",
            "bits per character, Brown et al. 1992",
            "does not depend on how words are cut into tokens",
            lambda x: float(x.surprisal.sum() / max(x.characters, 1)),
        ),
        Measure(
            "surprisal_minus_entropy_mean",
            "Σ (sᵢ − Hᵢ) / n",
            _FAST_DETECT + ", numerator",
            "more surprising than the model expected to be surprised",
            lambda x: float((x.surprisal - x.entropy).mean()),
        ),
        Measure(
            "surprisal_minus_entropy_topk",
            "top k of sᵢ − Hᵢ",
            _FAST_DETECT + ", a token",
            "the k tokens that most exceed the model's own uncertainty",
            lambda x: _top(x.surprisal - x.entropy, x.k),
        ),
        Measure(
            "curvature",
            "Σ (sᵢ − Hᵢ) / √(Σ σᵢ²)",
            _FAST_DETECT,
            "standardised distance from what the model itself would write",
            _curvature,
        ),
        Measure(
            "excess_surprisal",
            "Σ max(0, sᵢ − threshold)",
            "mtqa; threshold 7 nats by default",
            "only what is above the threshold counts, and it adds up",
            lambda x: _above(x.surprisal, x.threshold_nats, x),
        ),
        Measure(
            "excess_over_entropy",
            "Σ max(0, sᵢ − Hᵢ − 4)",
            "mtqa",
            "the same above the model's own uncertainty: improbable words where it was sure",
            lambda x: _above(x.surprisal - x.entropy, EXCESS_OVER_ENTROPY_NATS, x),
        ),
        Measure(
            "boosted_mean",
            "Σ −ln(1 − mᵢ) / n",
            _BOOSTED + ", mean over the sentence",
            "how much likelier alternatives there were, on average",
            lambda x: float(boosted_nats(x).mean()),
        ),
        Measure(
            "boosted_topk",
            "top k of −ln(1 − mᵢ)",
            _BOOSTED + ", worst tokens",
            "the k tokens with the most probable alternatives",
            lambda x: _top(boosted_nats(x), x.k),
        ),
        Measure(
            "excess_boosted",
            "Σ max(0, −ln(1 − mᵢ) − 3)",
            "mtqa, after " + _BOOSTED,
            "what the likelier alternatives leave is under 5 %, and it adds up",
            lambda x: _above(boosted_nats(x), EXCESS_BOOSTED_NATS, x),
        ),
        Measure(
            "log_rank",
            "Σ ln rankᵢ / n",
            "Gehrmann et al. 2019, GLTR; Su et al. 2023, DetectLLM",
            "how far down the model's list each token stands",
            lambda x: float(np.log(x.rank).mean()),
        ),
        Measure(
            "slor",
            "(Σ sᵢ − Σ −ln f(word)) / n",
            "Pauls and Klein 2012; Kann et al. 2018 (sign turned); f from wordfreq",
            "surprisal beyond what rare words alone explain",
            _slor,
        ),
    )
}


def measure(name: str, *, where: str | None = None) -> Measure:
    """The measure of that name. Raises `UsageError` that names the nearest one; ``where``: it was given."""
    if name not in MEASURES:
        said = unknown("measure", name, MEASURES)
        raise UsageError(f"{where}: {said}" if where else said)
    return MEASURES[name]


def check_measure(name: str, *, where: str | None = None) -> None:
    """Raises as `measure` does, but for ``auto``."""
    if name != AUTO:
        measure(name, where=where)


def auto_measure(has_detector: object) -> str:
    """What ``measure: auto`` stands for."""
    return DETECTOR if has_detector else WITHOUT_DETECTOR
