"""Hyphens at line ends: which of them only break a word, and which belong to it.

The words of the file decide first, then how frequent the words are in its language (wordfreq).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from mtqa.records import Repair
from mtqa.text.offsets import Edit, Traced

#: These break a word and never belong to it: a soft hyphen, and the sign that old word processors made of it.
SOFT: Final = "\u00ad¬"
_LEFT: Final = re.compile(r"(?<!\w)(\w++)[-\u2010]$")
_RIGHT: Final = re.compile(r"\w+")
_WORD: Final = re.compile(r"\w+(?:-\w+)*")
_LISTED = 2.0  # Zipf value (log10 of occurrences in 10^9 words); below it wordfreq lists mostly misspellings
#: wordfreq makes up a hyphenated word from its parts, which is too high: of 42 words tried by hand, "resign",
#: "carrot", "online" and "cooperate" come out at most 0.9 under it, "post-war" and its like over 1.2.
_MADE_UP = 1.0
_UNSPACED: Final = frozenset(("zh", "ja", "ko"))  # wordfreq needs more packages for these


class Lexicon:
    """The words of one text and of its language, each looked up only when a line ends in a hyphen."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self._text.lower()))

    @cached_property
    def _language(self) -> str | None:
        """wordfreq's code of the text's language, or None where it has no list."""
        from wordfreq import available_languages

        from mtqa.text.language import detect_language

        code, _ = detect_language(self._text)
        return code if code in available_languages() and code not in _UNSPACED else None

    def is_one_word(self, left: str, right: str) -> bool:
        """Whether ``left`` and ``right`` are the halves of one word without a hyphen."""
        whole, hyphenated = (left + right).lower(), f"{left}-{right}".lower()
        if hyphenated in self._words or whole in self._words:
            return hyphenated not in self._words
        return whole.isalpha() and self._is_frequent(whole, hyphenated)

    def _is_frequent(self, whole: str, hyphenated: str) -> bool:
        if self._language is None:
            return False
        from wordfreq import zipf_frequency

        made_up = float(zipf_frequency(hyphenated, self._language)) - _MADE_UP
        return float(zipf_frequency(whole, self._language)) >= max(_LISTED, made_up)


def unhyphenated(tail: Traced, line: Traced, lexicon: Lexicon, repairs: list[Repair]) -> Traced:
    """A line that ends in a hyphen, without it where the word goes on in the next line; notes the repair."""
    if tail.text[-1] in SOFT:
        return without_last(tail, "hyphenation", repairs)
    left, right = _LEFT.search(tail.text), _RIGHT.match(line.text)
    if left is None or right is None or not lexicon.is_one_word(left[1], right[0]):
        return tail
    return without_last(tail, "hyphenation", repairs)


def without_last(tail: Traced, kind: str, repairs: list[Repair]) -> Traced:
    """The text without its last character, which is noted as a repair."""
    at = len(tail) - 1
    repairs.append(Repair(int(tail.starts[at]), int(tail.ends[at]), kind, tail.text[at], ""))
    return tail.edited([Edit(at, at + 1, "")])
