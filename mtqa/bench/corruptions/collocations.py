"""Set phrases as spinners break them: their words by a thesaurus, none of them in its context.

``collocations.tsv`` holds them: the phrase, a tab, and forms parted by bars that are wrong wherever the
phrase is used. Written for this (Apache-2.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

import numpy as np

from mtqa.bench.corruptions.choose import article_edits, cased, pick, shuffled
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Sentence
from mtqa.bench.corruptions.resources import Resources

#: Phrases of a sentence that are broken, at most.
_MOST = 3
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
#: What a word behind it goes on with: *21-right*.
_JOINED = re.compile(r"\w['’-]?\Z")
#: What may stand before a sentence's first word.
_OPENING = " \"'“‘(["


@lru_cache(maxsize=1)
def collocations() -> Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """First word → the phrases that begin with it, the longest first, and their broken forms."""
    table = files("mtqa.bench.corruptions").joinpath("collocations.tsv").read_text(encoding="utf-8")
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for line in table.splitlines():
        phrase, forms = line.split("\t")
        first = _WORD.match(phrase)
        if first is None:
            raise ValueError(f"collocations.tsv: no phrase: {line!r}")
        found.setdefault(first[0], []).append((phrase, tuple(forms.split("|"))))
    return {first: tuple(sorted(held, key=lambda one: -len(one[0]))) for first, held in found.items()}


def collocation(sentence: Sentence, rng: np.random.Generator, _: Resources) -> Corruption | None:
    """One to three set phrases, broken: *at least* → *at slightest*, *high school* → *excessive college*."""
    found = shuffled(list(_phrases(sentence.text)), rng)
    edits: list[Edit] = []
    for start, end, forms in found[: int(rng.integers(1, _MOST + 1))]:
        edits += _broken(sentence, start, end, pick(forms, rng))
    return apply(sentence.text, edits) if edits else None


def _phrases(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where phrases of the table stand, apart from each other, and their forms."""
    table, behind = collocations(), 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < behind or _JOINED.search(text[max(start - 2, 0) : start]):
            continue
        opens = not text[:start].strip(_OPENING)
        names = {word[0], word[0][0].lower() + word[0][1:]} if opens else {word[0]}
        for phrase, forms in (one for name in names for one in table.get(name, ())):
            end = start + len(phrase)
            if text[start + 1 : end] == phrase[1:] and not _goes_on(text[end : end + 2]):
                yield start, end, forms
                behind = end
                break


def _goes_on(after: str) -> bool:
    """Whether a word does not end in front of this: *set-up*, *first time’s*."""
    return after[:1].isalnum() or (after[:1] in "'’-" and after[1:2].isalnum())


def _broken(sentence: Sentence, start: int, end: int, form: str) -> list[Edit]:
    """The edits that put the form there, marked where its words are others, with *a* or *an* to fit."""
    old, new = sentence.text[start:end].split(" "), form.split(" ")
    new[0] = cased(new[0], old[0])
    before = 0
    while before < min(len(old), len(new)) - 1 and old[before] == new[before]:
        before += 1
    behind = 0
    while behind < min(len(old), len(new)) - before - 1 and old[-1 - behind] == new[-1 - behind]:
        behind += 1
    first = start + sum(len(word) + 1 for word in old[:before])
    last = end - sum(len(word) + 1 for word in old[len(old) - behind :])
    edits = [Edit(first, last, " ".join(new[before : len(new) - behind]))]
    place = next((i for i, token in enumerate(sentence.tokens) if token.start == first), None)
    return edits if place is None else [*edits, *article_edits(sentence, place, new[before])]
