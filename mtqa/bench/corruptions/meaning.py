"""Changes of meaning that leave good English: a model without the source can't see most of them."""

from __future__ import annotations

import itertools
import re

import numpy as np

from mtqa.bench.corruptions.choose import content_words, pick, shuffled, swap
from mtqa.bench.corruptions.closed import BE, MODALS
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Sentence
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.resources import Resources

_NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")


def negation(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """*not* put in after an auxiliary, or taken out."""
    del resources
    text, tokens = sentence.text, sentence.tokens
    nots = list(re.finditer(r" not(?= \w)", text))
    if nots and rng.random() < 0.7:
        mark = pick(nots, rng)
        return apply(text, [Edit(mark.start(), mark.end(), "")])
    places = [
        a.end
        for a, b in itertools.pairwise(tokens)
        if a.text in BE | MODALS
        and b.is_word
        and b.lower not in {"not", "i", "you", "he", "she", "it", "we", "they"}
    ]
    return apply(text, [Edit(p, p, " not")]) if places and (p := pick(places, rng)) else None


def number(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """One number changed, its length and kind kept."""
    del resources
    found = list(_NUMBER.finditer(sentence.text))
    if not found:
        return None
    mark = found[int(rng.integers(len(found)))]
    digits = [i for i, c in enumerate(mark[0]) if c.isdigit()]
    place = pick(digits, rng)
    low = 1 if place == digits[0] else 0
    others = [str(d) for d in range(low, 10) if str(d) != mark[0][place]]
    new = mark[0][:place] + pick(others, rng) + mark[0][place + 1 :]
    return apply(sentence.text, [Edit(mark.start(), mark.end(), new)])


def entity(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A name replaced by another of the document (or of another document) with as many words."""
    found = list(_NAME.finditer(sentence.text))
    if not found:
        return None
    mark = found[int(rng.integers(len(found)))]
    pool = resources.document if rng.random() < 0.5 else resources.others[:2000]
    names = sorted({m[0] for s in pool for m in _NAME.finditer(s)} - {mark[0]})
    names = [n for n in names if n.count(" ") == mark[0].count(" ") and n not in sentence.text]
    return apply(sentence.text, [Edit(mark.start(), mark.end(), pick(names, rng))]) if names else None


def antonym(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word replaced by its opposite: *prices fell* → *prices rose*."""
    wordnet = resources.lexicon.wordnet
    for place in shuffled(content_words(sentence, "NVJ", 0.85), rng):
        token = sentence.tokens[place]
        first = wordnet.senses(token.lemma, token.tag)[:1]
        options = sorted(
            w
            for s in first
            for w in wordnet.antonyms(token.lemma, s)
            if w.isalpha() and w.islower() and decent(w, wordnet)
        )
        edits = swap(sentence, place, pick(options, rng), resources.lexicon) if options else []
        if edits:
            return apply(sentence.text, edits)
    return None
