"""Token scores made by hand for the tests of this room."""

from __future__ import annotations

import numpy as np

from mtqa.records import TokenScores


def scores(
    text: str, cuts: list[tuple[int, int]], surprisal: list[float], *, entropy: float = 2.0, mass: float = 0.0
) -> TokenScores:
    """Tokens over ``[start, end)`` of ``text`` with the surprisals given; id i is the i-th distinct piece."""
    ids: dict[str, int] = {}
    for a, b in cuts:
        ids.setdefault(text[a:b], len(ids))
    n = len(cuts)
    return TokenScores(
        ids=np.array([ids[text[a:b]] for a, b in cuts], dtype=np.int32),
        starts=np.array([a for a, _ in cuts], dtype=np.int32),
        ends=np.array([b for _, b in cuts], dtype=np.int32),
        surprisal_nats=np.array(surprisal, dtype=np.float32),
        entropy_nats=np.full(n, entropy, dtype=np.float32),
        surprisal_sd_nats=np.full(n, 2.0, dtype=np.float32),
        rank=np.arange(1, n + 1, dtype=np.int32),
        likelier_mass=np.full(n, mass, dtype=np.float32),
        alternative_ids=np.tile(np.array([900, 901, 902], dtype=np.int32), (n, 1)),
        alternative_p=np.tile(np.array([0.5, 0.2, 0.1], dtype=np.float32), (n, 1)),
        pieces={900: " people", 901: ",", 902: "y", **{i: p for p, i in ids.items()}},
    )


def by_words(text: str, surprisal: dict[str, float] | None = None, **more: float) -> TokenScores:
    """One token a blank-separated word (its leading space included), 1 nat each but for those named."""
    cuts, at = [], 0
    while at < len(text):
        end = next((i for i in range(at + 1, len(text)) if text[i].isspace()), len(text))
        cuts.append((at, end))
        at = end
    named = surprisal or {}
    values = [named.get(text[a:b].strip(" .,\n"), 1.0) for a, b in cuts]
    return scores(text, cuts, values, **more)
