"""Which words of a sentence may be changed, and how a word is put in another's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from mtqa.bench.corruptions.edits import Edit
from mtqa.bench.corruptions.grammar import Lexicon, Sentence, Token, article_for

Item = TypeVar("Item")
#: Below this posterior a tag counts as unknown.
SURE = 0.85
#: Verbs and nouns too general to be changed with a clear effect, or part of fixed phrases.
_BLAND_TEXT = """
say go get make take come know see use let seem become keep put way lot thing bit kind sort part
number mr mrs ms dr year day time week month today yesterday tomorrow monday tuesday wednesday
thursday friday saturday sunday january february march april may june july august september october
november december north south east west percent per cent well more most less least own same other
such able many much few first last next new old good bad further then order fact course least due
example instance addition thank thanks please hello sir madam
"""
_BLAND = frozenset(_BLAND_TEXT.split())
_PARTICLES = frozenset(
    {"up", "out", "off", "down", "over", "away", "back", "on", "in", "around", "through", "apart"}
)


def pick(items: Sequence[Item], rng: np.random.Generator) -> Item:
    """One of them, uniformly."""
    return items[int(rng.integers(len(items)))]


def shuffled(items: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    """All of them in random order."""
    return [items[int(i)] for i in rng.permutation(len(items))]


def content_words(sentence: Sentence, tags: str, sure: float = SURE) -> list[int]:
    """Indices of the tokens that are surely of those tags, inflected plainly, and mean something."""
    tokens = sentence.tokens
    found = []
    for i, token in enumerate(tokens):
        plain = token.tag in tags and token.sure >= sure and token.fine and token.text.isalpha()
        if (
            not plain
            or token.lemma in _BLAND
            or len(token.text) < 3
            or not _ordinary_case(token, i, sentence)
        ):
            continue
        follows = tokens[i + 1].lower if i + 1 < len(tokens) else ""
        if token.tag not in "VGK" or follows not in _PARTICLES:
            found.append(i)
    return found


def _ordinary_case(token: Token, place: int, sentence: Sentence) -> bool:
    return token.text.islower() or (place == 0 and token.text.istitle() and len(sentence.tokens) > 1)


def cased(new: str, like: str) -> str:
    """``new`` with a capital where ``like`` has one.

    >>> cased("dog", "Cat")
    'Dog'
    """
    return new[0].upper() + new[1:] if like[:1].isupper() else new


def swap(sentence: Sentence, place: int, lemma: str, lexicon: Lexicon) -> list[Edit]:
    """The edits that put that lemma, inflected alike, at a token; empty where it has no such form.

    *A* and *an* before it are mended, so that they give nothing away.
    """
    token = sentence.tokens[place]
    form = lexicon.inflected(lemma, token.fine)
    if form is None or form == token.lower:
        return []
    return put(sentence, place, form)


def put(sentence: Sentence, place: int, word: str) -> list[Edit]:
    """The edits that put a word at a token, with its case and with a fitting article before it."""
    token = sentence.tokens[place]
    return [Edit(token.start, token.end, cased(word, token.text)), *article_edits(sentence, place, word)]


def article_edits(sentence: Sentence, place: int, word: str) -> list[Edit]:
    """The edit that fits *a* or *an* before a token to a word in its place; *hepatitis A* has a letter."""
    before = sentence.tokens[place - 1] if place else None
    if before is None or before.lower not in {"a", "an"} or before.lower == article_for(word):
        return []
    small = before.text.islower() or before is sentence.first_word()
    if not small or sentence.text[before.end : sentence.tokens[place].start] != " ":
        return []
    return [Edit(before.start, before.end, cased(article_for(word), before.text), marked=False)]


def removal(sentence: Sentence, first: int, last: int, marked: bool = True) -> list[Edit]:
    """The edits that remove tokens ``first`` to ``last`` with the space before (or after) them.

    A sentence's capital moves to the word that now begins it.
    """
    tokens, text = sentence.tokens, sentence.text
    start, end = tokens[first].start, tokens[last].end
    if start and text[start - 1] == " ":
        return [Edit(start - 1, end, "", marked)]
    rest = tokens[last + 1] if last + 1 < len(tokens) else None
    if rest is None:
        return []
    capital = tokens[first].text[:1].isupper() and rest.text[:1].islower()
    edits = [Edit(start, rest.start, "", marked)]
    return [*edits, Edit(rest.start, rest.start + 1, rest.text[0].upper(), False)] if capital else edits
