"""From a sentence's log-odds to what may be said of it: a probability, and a p-value against sound text.

The probability is Platt's: σ(slope · x + intercept), fitted to labelled sentences (Platt 1999). The p-value
is conformal: how many of n sound sentences of like length look at least as corrupted,
(1 + #{reference ≥ x}) / (n + 1); a new sound sentence gets one of at most α with probability at most α,
whatever the detector (Vovk et al. 2005; Bates et al. 2023). Long sentences have more room for suspicion, so
each is compared with those of its own length (Mondrian conformal prediction; Vovk et al. 2005).

A calibration as JSON, in a head's card under ``calibration`` and in a user's own file::

    {"slope": 1.0, "intercept": 0.0, "context": "document",
     "sound": [{"tokens_up_to": 20, "sentences": 900, "log_odds": [-7.1, …, 2.4], "above": [899, …, 0]},
               {"tokens_up_to": null, …}]}

``log_odds`` ascend; ``above[i]`` counts the sound sentences above ``log_odds[i]``. Values may be left out
in between (`_thinned`): p-values then grow a little, never shrink.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mtqa.detect.sentence import log_odds_of_evidence

Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Length bins of a reference sample, where it is large enough.
BINS = 4
#: A bin has at least this many sentences (but for the only one): below, the smallest p-value, 1 / (n + 1), is
#: more than .1 / 40, so that one sentence alone could not be found in an article of 40 at a rate of .1.
BIN_LEAST = 400
#: By how much a p-value may grow for the sake of a small file.
_COARSER = 1.02


@dataclass(frozen=True, slots=True, eq=False)
class SoundBin:
    """Sound sentences of at most ``tokens_up_to`` tokens (None: any) that fit in no bin before.

    ``log_odds`` ``(K,)`` ascending, all different; ``above`` ``(K,)``: how many of ``sentences`` lie above.
    """

    tokens_up_to: int | None
    sentences: int
    log_odds: Doubles
    above: Counts

    def p_value(self, log_odds: Doubles) -> Doubles:
        """``(N,)`` → ``(N,)``, each at least 1 / (sentences + 1)."""
        below = np.searchsorted(self.log_odds, log_odds, side="left")  # values kept that are below
        reached = np.where(below > 0, self.above[below - 1], self.sentences)
        return np.asarray((1 + reached) / (self.sentences + 1), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Platt's slope (> 0) and intercept, and the sound sentences in bins of rising length.

    ``context`` is the config's with which the sentences were read.
    """

    slope: float
    intercept: float
    sound: tuple[SoundBin, ...]
    context: str = "document"

    def probability(self, log_odds: Doubles) -> Doubles:
        """``(N,)`` → ``(N,)``: probability that the sentence is corrupted."""
        return sigmoid(self.slope * np.asarray(log_odds, dtype=np.float64) + self.intercept)

    def p_value(self, log_odds: Doubles, tokens: Sequence[int]) -> Doubles:
        """``(N,)`` → ``(N,)``: share of sound sentences of like length that look as corrupted as this one."""
        values, lengths = np.asarray(log_odds, dtype=np.float64), np.asarray(tokens, dtype=np.int64)
        ends = [b.tokens_up_to for b in self.sound if b.tokens_up_to is not None]
        which = np.searchsorted(np.asarray(ends, dtype=np.int64), lengths, side="left")
        found = np.ones(len(values))
        for i, part in enumerate(self.sound):
            found[which == i] = part.p_value(values[which == i])
        return found


@dataclass(frozen=True, slots=True)
class WordCalibration:
    """P = σ(slope · w + sentence · x + intercept): Platt's, for words.

    w are the log-odds of the word's own evidence, x its sentence's: the same evidence means more in a
    sentence that is corrupted.
    """

    slope: float
    sentence: float
    intercept: float

    def probability(self, evidence: float, log_odds: float) -> float:
        """That a word is corrupted; ``evidence`` as in `mtqa.detect.spans.WordEvidence`."""
        word = log_odds_of_evidence(evidence)
        x = self.slope * word + self.sentence * log_odds + self.intercept
        return float(sigmoid(np.array(x)))


def word_calibration_from(card: Mapping[str, Any]) -> WordCalibration:
    """From a head's card. Raises `ValueError`."""
    if not isinstance(card, Mapping):
        raise ValueError("words: not a mapping")
    slope, sentence, intercept = (_number(card, key) for key in ("slope", "sentence", "intercept"))
    if slope <= 0:
        raise ValueError(f"words: slope is {slope:g}; it must be above 0")
    return WordCalibration(slope, sentence, intercept)


def sigmoid(x: Doubles) -> Doubles:
    """1 / (1 + exp(−x)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))


def fit_calibration(
    log_odds: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, float]:
    """Platt's slope and intercept: the maximum likelihood with his smoothed targets.

    ``log_odds``, ``labels`` (1 is corrupted) and ``weights`` (sentences that each stands for; None: 1) are
    ``(N,)``. The targets are (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2) (Platt 1999); Newton's method
    with halved steps (Lin, Lin and Weng 2007). Raises `ValueError` where no slope can be told.
    """
    x, y = np.asarray(log_odds, dtype=np.float64), np.asarray(labels) > 0
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    corrupted, sound = float(w[y].sum()), float(w[~y].sum())
    if not corrupted > 0 or not sound > 0:
        raise ValueError("a calibration needs corrupted sentences and sound ones")
    centre = float(np.average(x, weights=w))
    scale = math.sqrt(float(np.average((x - centre) ** 2, weights=w)))
    if not scale > 0:
        raise ValueError("every sentence has the same log-odds")
    targets = np.where(y, (corrupted + 1) / (corrupted + 2), 1 / (sound + 2))
    a, b = _newton((x - centre) / scale, targets, w)
    return a / scale, b - a * centre / scale


def _newton(z: Doubles, targets: Doubles, w: Doubles) -> tuple[float, float]:
    """The slope and intercept with the least cross-entropy; it is convex and, the targets lying inside
    (0, 1), has one minimum."""
    columns = np.column_stack([z, np.ones_like(z)])
    at = np.array([0.0, 0.0])

    def loss(parameters: Doubles) -> float:
        score = columns @ parameters
        return float(w @ (np.logaddexp(0.0, score) - targets * score))

    for _ in range(100):
        p = sigmoid(columns @ at)
        gradient = columns.T @ (w * (p - targets))
        if float(np.abs(gradient).max()) <= 1e-10 * float(w.sum()):
            break
        curvature = (columns * (w * p * (1 - p))[:, None]).T @ columns
        step = np.linalg.solve(curvature + 1e-12 * float(w.sum()) * np.eye(2), gradient)
        now, size = loss(at), 1.0
        while loss(at - size * step) > now and size > 1e-10:
            size /= 2
        at = at - size * step
    return float(at[0]), float(at[1])


def sound_reference(
    log_odds: npt.ArrayLike, tokens: npt.ArrayLike, *, bins: int = BINS, least: int = BIN_LEAST
) -> tuple[SoundBin, ...]:
    """The sound sentences ``(N,)`` in at most ``bins`` bins by length, about equal, ≥ ``least`` in each.

    Raises `ValueError` where there is none.
    """
    x, lengths = np.asarray(log_odds, dtype=np.float64), np.asarray(tokens, dtype=np.int64)
    if not len(x):
        raise ValueError("there is no sound sentence")
    made: list[SoundBin] = []
    for low, high in _length_bins(lengths, bins, least):
        inside = (lengths > low) & (lengths <= (high if high is not None else lengths.max()))
        values, above = _thinned(x[inside])
        made.append(SoundBin(high, int(inside.sum()), values, above))
    return tuple(made)


def _length_bins(lengths: Counts, bins: int, least: int) -> list[tuple[int, int | None]]:
    """``(above, up to)`` of each bin, the last one open; no bin has fewer than ``least`` but an only one."""
    count = max(1, min(bins, len(lengths) // max(least, 1)))
    wanted = np.quantile(lengths, np.arange(1, count) / count, method="lower")
    ends: list[int] = []
    for end in sorted({int(e) for e in wanted}):
        inside = (lengths > (ends[-1] if ends else -1)) & (lengths <= end)
        if inside.sum() >= least and (lengths > end).sum() >= least:
            ends.append(end)
    return list(zip([-1, *ends], [*ends, None], strict=True))


def _thinned(log_odds: Doubles) -> tuple[Doubles, Counts]:
    """The different values and how many lie above each: but those without which no p-value grows over 2 %."""
    values, counts = np.unique(log_odds, return_counts=True)
    at_least = np.cumsum(counts[::-1])[::-1]
    above = at_least - counts
    kept = [len(values) - 1]
    while kept[-1] > 0:
        # Between two kept values p is that of the lower: (1 + above[lower]) against (1 + at_least[upper]).
        room = _COARSER * (1 + at_least[kept[-1]]) - 1
        lowest = int(np.searchsorted(-above, -room, side="left"))  # above descends
        kept.append(min(lowest, kept[-1] - 1))
    order = np.array(kept[::-1])
    return values[order], above[order].astype(np.int64)


def calibration_json(calibration: Calibration) -> dict[str, Any]:
    """The calibration as JSON has it; `calibration_from` reads it."""
    return {
        "slope": calibration.slope,
        "intercept": calibration.intercept,
        "context": calibration.context,
        "sound": [
            {
                "tokens_up_to": part.tokens_up_to,
                "sentences": part.sentences,
                "log_odds": [float(v) for v in part.log_odds],
                "above": [int(c) for c in part.above],
            }
            for part in calibration.sound
        ],
    }


def calibration_from(card: Mapping[str, Any]) -> Calibration:
    """From JSON; keys beside those above are left alone. Raises `ValueError` for what is no calibration."""
    if not isinstance(card, Mapping):
        raise ValueError("calibration: not a mapping")
    slope, intercept = _number(card, "slope"), _number(card, "intercept")
    if slope <= 0:
        raise ValueError(f"calibration: slope is {slope:g}; it must be above 0")
    bins, context = card.get("sound"), card.get("context", "document")
    if not isinstance(bins, list) or not bins:
        raise ValueError("calibration: sound must be a list of length bins")
    if context not in ("document", "paragraph", "none"):
        raise ValueError("calibration: context must be document, paragraph or none")
    sound = tuple(_sound_bin(part, f"calibration: sound[{i}]") for i, part in enumerate(bins))
    ends = [math.inf if part.tokens_up_to is None else part.tokens_up_to for part in sound]
    if ends[-1] != math.inf or any(a >= b for a, b in itertools.pairwise(ends)):
        raise ValueError("calibration: tokens_up_to must rise from bin to bin, and be null in the last")
    return Calibration(slope, intercept, sound, context)


def _number(card: Mapping[str, Any], key: str) -> float:
    value = card.get(key)
    if not _finite(value):
        raise ValueError(f"calibration: {key} must be a number")
    return float(value)  # type: ignore[arg-type]


def _finite(value: object) -> bool:
    """A number that a float can be: JSON has whole ones of any length."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**53


def _sound_bin(card: Any, where: str) -> SoundBin:
    keys = {"tokens_up_to", "sentences", "log_odds", "above"}
    if not isinstance(card, Mapping) or not keys <= set(card):
        raise ValueError(f"{where}: it must have {', '.join(sorted(keys))}")
    end, sentences, values, above = (card[k] for k in ("tokens_up_to", "sentences", "log_odds", "above"))
    if not (end is None or _count(end, 1)) or not _count(sentences, 1):
        raise ValueError(f"{where}: tokens_up_to and sentences must be counts")
    if not isinstance(values, list) or not isinstance(above, list) or not 0 < len(values) == len(above):
        raise ValueError(f"{where}: log_odds and above must be lists of one length")
    if not all(_count(c) for c in above) or not all(_finite(v) for v in values):
        raise ValueError(f"{where}: log_odds must be numbers, above counts")
    x, counts = np.asarray(values, dtype=np.float64), np.asarray(above, dtype=np.int64)
    if (np.diff(x) <= 0).any() or (np.diff(counts) >= 0).any() or counts[-1] != 0 or counts[0] >= sentences:
        raise ValueError(f"{where}: log_odds must rise, and above fall from below sentences to 0")
    return SoundBin(end, sentences, x, counts)
