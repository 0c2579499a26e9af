"""Which language a text is in, by py3langid."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

_SAMPLE = 20_000  # characters; enough for a sure answer, and quick
#: A language is certain with this probability, in a text of at least so many characters.
_CERTAIN, _CHARACTERS = 0.99, 120

#: Texts that this process has asked of. The first is often the only one, and may be a long one: the tables,
#: 75 MB that take half a second to unpack, are kept from the second on.
_asked = itertools.count()


def detect_language(text: str) -> tuple[str, float]:
    """ISO 639-1 code of the text's language and the probability of it, 0 to 1.

    With fewer than about 40 letters it guesses wildly, at times with a high probability; give it a
    whole article. ("Sandwiches." is German with a probability of 0.06.)
    """
    identifier = _kept_identifier() if next(_asked) else _identifier()
    code, probability = identifier.classify(text[:_SAMPLE])
    return str(code), float(probability)


def sure_language(text: str, probability: float) -> str | None:
    """The text's language where it is at least as sure as that."""
    language, found = detect_language(text)
    return language if found >= probability else None


def certain_language(text: str) -> str | None:
    """The text's language where it can be told for certain: short texts are guessed wildly."""
    return sure_language(text, _CERTAIN) if len(text) >= _CHARACTERS else None


@lru_cache(maxsize=1)
def _kept_identifier() -> Any:
    return _identifier()


def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
