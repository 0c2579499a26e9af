"""Words with letters of two alphabets (*wоrk* with a Cyrillic о): they look sound and match nothing.

Texts are made so to get past checks for plagiarism, and scanning and keyboards slip so. Compounds of science
(*β-carotene*, *μm*, *νmax*) are not meant: a Greek letter counts inside a word alone, and nothing counts but
letters that look like one of the other alphabet (Unicode Technical Standard #39, confusables).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from mtqa.records import Span

_CYRILLIC: Final = dict(
    zip("аеорсухіјѕԁһԛԝӏАВЕКМНОРСТУХІЈЅԌԚԜ", "aeopcyxijsdhqwlABEKMHOPCTYXIJSGQW", strict=True)
)
_GREEK: Final = dict(zip("οιρυνκαΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oipuvkaABEZHIKMNOPTYX", strict=True))
#: Of a letter that two Cyrillic ones look like, the common one.
_LATIN: Final = {latin: letter for letter, latin in _CYRILLIC.items()}
#: Letters of its own alphabet that a word must have at least.
_OWN = 2


def mixed_words(text: str, words: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """Those of the ``words``, ``[start, end)`` in ``text``, that have letters of another alphabet.

    >>> from mtqa.detect.words import split_words
    >>> text = "The mаyor took β-carotene."
    >>> [text[span.start : span.end] for span in mixed_words(text, split_words(text))]
    ['mаyor']
    """
    return tuple(Span(a, b) for a, b in words if of_one_alphabet(text[a:b]) is not None)


def of_one_alphabet(word: str) -> str | None:
    """The word with look-alikes replaced; None for one that has none.

    >>> of_one_alphabet("wоrk") == "work", of_one_alphabet("work"), of_one_alphabet("νmax")
    (True, None, None)
    """
    if word.isascii():
        return None
    runs = ["".join(run) for _, run in groupby(word, str.isalpha)]  # "Су-27K" mixes nothing
    mended = "".join(_mended(run) or run for run in runs)
    return mended if mended != word else None


def _mended(run: str) -> str | None:
    """A run of letters in its own alphabet; None where that is all that it has, or nobody can tell."""
    scripts = [unicodedata.name(char, "").split(" ")[0] for char in run]
    latin, cyrillic, greek = (scripts.count(name) for name in ("LATIN", "CYRILLIC", "GREEK"))
    foreign = cyrillic + greek
    if latin >= max(_OWN, foreign) and foreign:
        return _replaced(run, scripts, _CYRILLIC | _GREEK, "LATIN")
    if cyrillic > max(_OWN, latin) and latin and not greek:
        return _replaced(run, scripts, _LATIN, "CYRILLIC")
    return None


def _replaced(word: str, scripts: list[str], known: dict[str, str], own: str) -> str | None:
    """The word in its ``own`` script; None where another letter looks like none of it, or may be a sign."""
    made = list(word)
    for i, script in enumerate(scripts):
        if script == own:
            continue
        if word[i] not in known or (script == "GREEK" and i in (0, len(word) - 1)):
            return None
        made[i] = known[word[i]]
    return "".join(made)
