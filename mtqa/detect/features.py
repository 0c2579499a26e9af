"""What a detector head sees of a token besides the model's hidden state: `FEATURES`, one row a token.

Everything comes from the one forward pass and from the text; nothing is looked up. All are scaled to lie
roughly between −1 and 3. Where s is the surprisal, H the entropy, m the likelier tokens' mass, in nats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mtqa.records import Floats, Ints


class Statistics(Protocol):
    """The per-token arrays of `mtqa.records.TokenScores` that features are made of."""

    @property
    def surprisal_nats(self) -> Floats: ...  # noqa: D102
    @property
    def entropy_nats(self) -> Floats: ...  # noqa: D102
    @property
    def surprisal_sd_nats(self) -> Floats: ...  # noqa: D102
    @property
    def rank(self) -> Ints: ...  # noqa: D102
    @property
    def likelier_mass(self) -> Floats: ...  # noqa: D102
    @property
    def alternative_p(self) -> Floats: ...  # noqa: D102


#: Name → what it is, in the order of the columns.
FEATURES = (
    "surprisal",
    "surprisal_above_5",
    "entropy",
    "surprisal_sd",
    "log_rank",
    "boosted",
    "boosted_above_3",
    "surprisal_minus_entropy",
    "surprisal_above_best",  # s + ln p of the likeliest other token
    "best_alternative_p",
    "second_alternative_p",
    "begins_word",
    "capital",
    "digit",
    "mark",
    "line_break",
    "length",
    "opens",  # the first token of a passage: nothing before it
    "repeats_token",  # 1 / (1 + ln distance) to the same token before, 0 where there is none
    "repeats_pair",
    "repeats_triple",
)


@dataclass(frozen=True, slots=True, eq=False)
class PassageTokens:
    """What of a passage's N tokens is known before they are scored: text shapes and repetitions.

    ``fixed (N, 10)``: the last ten columns of `FEATURES`.
    """

    fixed: Floats


def boosted(likelier_mass: npt.NDArray[Any], surprisal: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """−ln(1 − m), with 1 − m at least the token's own probability (float32 loses more than that)."""
    rest = np.maximum(1.0 - likelier_mass, np.exp(-surprisal))
    return np.asarray(-np.log(np.maximum(rest, 1e-30)))


def passage_tokens(ids: Ints, pieces: Mapping[int, str]) -> PassageTokens:
    """``pieces``: the text of each id."""
    opens = np.zeros(len(ids), dtype=np.float32)
    opens[:1] = 1.0
    return PassageTokens(np.column_stack([_shapes(ids, pieces), opens, *_repeats(ids)]).astype(np.float32))


def token_features(statistics: Statistics, passage: PassageTokens, start: int) -> Floats:
    """``(n, len(FEATURES))`` float32 of the tokens ``[start, start + n)`` of a passage."""
    s = statistics.surprisal_nats.astype(np.float64)
    above = boosted(statistics.likelier_mass, s)
    best, second = _two_best(statistics.alternative_p)
    scored = [
        s / 8,
        np.maximum(s - 5, 0) / 8,
        statistics.entropy_nats / 6,
        statistics.surprisal_sd_nats / 4,
        np.log(statistics.rank) / 8,
        above / 6,
        np.maximum(above - 3, 0) / 4,
        (s - statistics.entropy_nats) / 8,
        (s + np.log(np.maximum(best, 1e-9))) / 8,
        best,
        second,
    ]
    rows = np.column_stack(scored).astype(np.float32)
    return np.hstack([rows, passage.fixed[start : start + len(rows)]])


def _two_best(p: Floats) -> tuple[Floats, Floats]:
    """The two likeliest alternatives' probabilities; 0 where a vocabulary has none."""
    padded = np.pad(p[:, :2], ((0, 0), (0, max(0, 2 - p.shape[1]))))
    return padded[:, 0], padded[:, 1]


def _shapes(ids: Ints, pieces: Mapping[int, str]) -> Floats:
    """Begins a word, capital, digit, mark, line break, length / 8: by the token's text, ``(N, 6)``."""
    known: dict[int, tuple[float, ...]] = {}
    for i in np.unique(ids).tolist():
        piece = pieces.get(i, "")
        bare = piece.strip()
        first = bare[:1]
        known[i] = (
            float(piece[:1].isspace()),
            float(first.isupper()),
            float(first.isdigit()),
            float(bool(bare) and not first.isalnum()),
            float("\n" in piece),
            len(bare) / 8,
        )
    return np.array([known[i] for i in ids.tolist()], dtype=np.float32).reshape(-1, 6)


def _repeats(ids: Ints) -> list[Floats]:
    """For each token how near before it the same one, pair and triple ended, in its passage."""
    columns = [np.zeros(len(ids), dtype=np.float32) for _ in range(3)]
    listed = ids.tolist()
    for n, column in enumerate(columns):
        seen: dict[tuple[int, ...], int] = {}
        for t in range(n, len(listed)):
            gram = tuple(listed[t - n : t + 1])
            if gram in seen:
                column[t] = 1 / (1 + np.log(t - seen[gram]))
            seen[gram] = t
    return columns
