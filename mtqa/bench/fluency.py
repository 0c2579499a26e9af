"""How well a model predicts the text itself: bits per byte, and perplexity.

Neither says whether mtqa finds corruption; they say what the model knows of such text. A token of one
tokenizer is not a token of another, so perplexity compares models with the same tokenizer only; bits per
byte compares any (Gao et al. 2020, "The Pile", section 3.1).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mtqa.bench.metrics.base import Metric, Prepared, Undefined, ratio
from mtqa.bench.records import SHAPES, Array, Indices, ScoreTable

_NOTHING = "no sentence has a token to score"


def _sums(table: ScoreTable) -> tuple[int, Array, Array, Array]:
    """How many sentences have tokens, and per document ``(D,)`` bits, UTF-8 bytes and tokens of those."""
    count = len(table.data.documents)
    if len(table.tokens) != len(table) or len(table.bits) != len(table):
        raise Undefined("the table has no surprisals")
    read = table.tokens > 0
    size = np.array([len(s.text.encode("utf-8", "surrogatepass")) for s in table.data.sentences()])

    def summed(values: Array | Indices) -> Array:
        sums = np.bincount(table.document, weights=np.where(read, values, 0), minlength=count)
        return sums.astype(np.float64)

    return int(read.sum()), summed(table.bits), summed(size), summed(table.tokens)


def bits_per_byte(table: ScoreTable) -> Prepared:
    """Total surprisal in bits over the text's length in UTF-8 bytes."""
    n, bits, size, _ = _sums(table)
    return ratio(n, bits, size, _NOTHING)


def perplexity(table: ScoreTable) -> Prepared:
    """2 to the bits per token."""
    n, bits, _, tokens = _sums(table)
    per_token = ratio(n, bits, tokens, _NOTHING)
    return replace(per_token, read=lambda sums: np.exp2(per_token.read(sums)))


BITS_PER_BYTE = Metric(
    "bits_per_byte",
    SHAPES,
    "fluency",
    "tokens",
    "sentences",
    f"{__name__}:bits_per_byte",
    "the model's bits for each byte of the text",
    higher_is_better=False,
)
PERPLEXITY = Metric(
    "perplexity",
    SHAPES,
    "fluency",
    "tokens",
    "sentences",
    f"{__name__}:perplexity",
    "the model's perplexity by token",
    higher_is_better=False,
)
