"""A backend whose answers are known in closed form: for tests, ours and other people's.

`FakeBackend` cuts text into single characters. With no ``logits`` function it is the uniform model
over V tokens: every surprisal and every entropy is ln V. With one, it is whatever that returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mtqa.lm.backend import NextTokens, Tokens, TokenStatistics, Window
from mtqa.records import Ints, ModelIdentity, Projection

#: ids read so far, start token first, → logits ``(V,)`` of the next one.
Logits = Callable[[Sequence[int]], npt.NDArray[np.float64]]


class FakeBackend:
    """A deterministic character model over ``vocabulary`` tokens; id 0 is the start token."""

    def __init__(
        self, *, vocabulary: int = 256, logits: Logits | None = None, max_tokens: int = 1024
    ) -> None:
        self._v = vocabulary
        self._logits = logits or (lambda _: np.zeros(vocabulary))
        self.windows_seen: list[Window] = []
        self._identity = ModelIdentity(
            name="fake",
            weights_sha256="0" * 64,
            tokenizer_sha256="0" * 64,
            start_token="<start>",  # noqa: S106
            start_id=0,
            dtype="float64",
            max_tokens=max_tokens,
            languages=("*",),
        )

    @property
    def identity(self) -> ModelIdentity:
        """Name ``fake``, digests of zeros."""
        return self._identity

    def tokenize(self, text: str) -> Tokens:
        """One token a character: 1 + code point modulo (V − 1)."""
        ids = np.array([1 + ord(c) % (self._v - 1) for c in text], dtype=np.int32)
        places = np.arange(len(text), dtype=np.int32)
        return Tokens(ids, places, places + np.int32(1))

    def pieces(self, ids: Sequence[int]) -> Mapping[int, str]:
        """The first character that has the id."""
        return {i: chr(i - 1) if i else "<start>" for i in ids}

    def score(
        self, windows: Sequence[Window], *, layers: Sequence[int] = (), projection: Projection | None = None
    ) -> list[TokenStatistics]:
        """One token at a time, straight from the definitions, in float64. A state is the token's id."""
        self.windows_seen.extend(windows)
        return [self._window(w, layers, projection) for w in windows]

    def next_tokens(self, ids: Sequence[int], *, most: int = 512) -> NextTokens:
        """Straight from the logits; ties go to the smaller id."""
        logits = np.asarray(self._logits([0, *(int(i) for i in ids)]), dtype=np.float64)
        log_p = logits - logits.max()
        log_p = log_p - np.log(np.exp(log_p).sum())
        order = np.argsort(-log_p, kind="stable")[:most]
        return NextTokens(order.astype(np.int32), log_p[order].astype(np.float32))

    def _window(
        self, window: Window, layers: Sequence[int], projection: Projection | None
    ) -> TokenStatistics:
        read = [0, *(int(i) for i in window.ids)]
        rows = [
            _token(np.asarray(self._logits(read[: i + 1]), dtype=np.float64), read[i + 1])
            for i in range(window.scored_from, len(window.ids))
        ]
        columns = list(zip(*rows, strict=True))
        hidden = np.repeat(
            np.asarray(window.ids[window.scored_from :], dtype=np.float32)[:, None], max(len(layers), 1), 1
        )
        if projection is not None:
            hidden = projection.of(hidden)
        return TokenStatistics(
            surprisal_nats=np.array(columns[0], dtype=np.float32),
            entropy_nats=np.array(columns[1], dtype=np.float32),
            surprisal_sd_nats=np.array(columns[2], dtype=np.float32),
            rank=np.array(columns[3], dtype=np.int32),
            likelier_mass=np.array(columns[4], dtype=np.float32),
            alternative_ids=np.array(columns[5], dtype=np.int32),
            alternative_p=np.array(columns[6], dtype=np.float32),
            hidden=hidden if layers else None,
        )


def _token(
    logits: npt.NDArray[np.float64], target: int
) -> tuple[float, float, float, int, float, Ints, npt.NDArray[np.float64]]:
    """Surprisal, entropy, its standard deviation, rank, likelier mass, alternatives, their probabilities."""
    logp = logits - logits.max()
    logp = logp - np.log(np.exp(logp).sum())
    p = np.exp(logp)
    entropy = float(-(p * logp).sum())
    sd = float(np.sqrt(max((p * logp**2).sum() - entropy**2, 0.0)))
    likelier = logp > logp[target]
    order = np.argsort(-logp, kind="stable")
    others = order[order != target][:3].astype(np.int32)
    return (
        -float(logp[target]),
        entropy,
        sd,
        int(likelier.sum()) + 1,
        float(p[likelier].sum()),
        others,
        p[others],
    )
