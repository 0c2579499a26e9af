"""How frequent words are, from wordfreq: what SLOR subtracts, and what tells a word from a fragment."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

#: What a word that wordfreq does not list counts as: its floor for large lists (Zipf 1, one in 10⁸).
_FLOOR = 1e-8


@lru_cache(maxsize=200_000)
def word_nats(word: str, language: str) -> float:
    """−ln of the word's relative frequency; punctuation counts nothing (wordfreq has none)."""
    if not any(c.isalnum() for c in word):
        return 0.0
    from wordfreq import word_frequency

    return -math.log(word_frequency(word, language, minimum=_FLOOR))


def unigram_nats(words: Iterable[str], language: str = "en") -> float:
    """−ln of the product of the words' relative frequencies."""
    return sum(word_nats(word, language) for word in words)
