"""Which language a text is in, by py3langid."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_SAMPLE = 20_000  # characters; enough for a sure answer, and quick


def detect_language(text: str) -> tuple[str, float]:
    """ISO 639-1 code of the text's language and the probability of it, 0 to 1.

    With fewer than about 40 letters it guesses wildly, at times with a high probability; give it a
    whole article. ("Sandwiches." is German with a probability of 0.06.)
    """
    code, probability = _identifier().classify(text[:_SAMPLE])
    return str(code), float(probability)


def forget_tables() -> None:
    """Let go of the detector's tables, 75 MB; they are unpacked again when they are next needed."""
    _identifier.cache_clear()


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
