"""What a real translation engine makes of a sentence, there and back: needs a `Translator`."""

from __future__ import annotations

import numpy as np

from mtqa.bench.corruptions.edits import Corruption
from mtqa.bench.corruptions.grammar import Sentence
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.resources import Resources
from mtqa.bench.corruptions.words import changed_share, changed_spans, words_of

#: What comes back with fewer of its words changed may be sound.
LEAST = 0.25


def round_trip(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The sentence through another language and back, where that changes enough of it."""
    if resources.translator is None:
        return None
    text = sentence.text
    made = resources.translator.there_and_back(text, rng)
    if made is None or changed_share(text, made) < LEAST or not _decent(text, made, resources):
        return None
    return Corruption(made, changed_spans(text, made))


def _decent(text: str, made: str, resources: Resources) -> bool:
    new = set(words_of(made.lower())) - set(words_of(text.lower()))
    return all(decent(word, resources.lexicon.wordnet) for word in new)
