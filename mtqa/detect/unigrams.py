"""How frequent words are, from wordfreq: what SLOR subtracts, and what tells a word from a fragment."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

#: What a word that wordfreq does not list counts as: its floor for large lists (Zipf 1, one in 10⁸).
_FLOOR = 1e-8
#: Languages that wordfreq can look up only with a dictionary of its own (MeCab, jieba) installed.
_NEED_MORE = ("ja", "ko", "zh")
#: A letter behind a hyphen begins a word.
_HYPHEN_LETTER = re.compile(r"[a-z]-[a-z]$")

#: English words of one letter, and how people write *you* and *are*.
_LETTER_WORDS = frozenset("aiour")


@lru_cache(maxsize=200_000)
def word_nats(word: str, language: str) -> float:
    """−ln of the word's relative frequency; punctuation counts nothing (wordfreq has none)."""
    if not any(c.isalnum() for c in word):
        return 0.0
    from wordfreq import word_frequency

    return -math.log(word_frequency(word, language, minimum=_FLOOR))


@lru_cache(maxsize=50_000)
def is_piece(text: str, language: str) -> bool:
    """Is this the beginning of a word that goes on, as far as a list of English words can tell?

    >>> [is_piece(text, "en") for text in ("outper", "out", "south-w", "south-west", "U.S.", "z", "a")]
    [True, False, True, False, False, True, False]
    """
    if language != "en" or not text.isascii():
        return False
    if _HYPHEN_LETTER.search(text) or (len(text) == 1 and text.islower() and text not in _LETTER_WORDS):
        return True
    from wordfreq import word_frequency

    return text.isalpha() and word_frequency(text, language) == 0.0


def unigram_nats(words: Iterable[str], language: str = "en") -> float:
    """−ln of the product of the words' relative frequencies."""
    return sum(word_nats(word, language) for word in words)


def frequency_language(language: str) -> str:
    """The language whose frequencies to use for a text: its own, or English where wordfreq lacks it."""
    from wordfreq import available_languages

    return language if language in available_languages() and language not in _NEED_MORE else "en"
