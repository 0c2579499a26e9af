"""Marks, capitals and letters gone wrong: quotes, doubled stops, broken words, debris."""

from __future__ import annotations

import itertools
import re

import numpy as np

from mtqa.bench.corruptions.choose import pick, shuffled
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Sentence, Token
from mtqa.bench.corruptions.resources import Resources
from mtqa.bench.corruptions.tables import DEBRIS

_DOUBLES = ('"', "“", "”", "„", "«", "»")
_SINGLES = ("'", "’", "‘", "`")
#: What no mark may follow; most other small words may end a clause (*he came in, the door closed*).
_OPEN_TEXT = "the a an my your our their its every of at with from into among upon"
_OPEN = frozenset(_OPEN_TEXT.split())
_DATES_TEXT = """
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday
"""
_DATES = frozenset(_DATES_TEXT.split())
_QUOTE = re.compile(r"[\"“”«»]")


def quotes(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A quotation mark doubled, mixed, lost, or where none belongs: *““the deal*, *amended’ to*."""
    del resources
    marks = list(_QUOTE.finditer(sentence.text))
    if marks and rng.random() < 0.5:
        old = marks[int(rng.integers(len(marks)))]
        return apply(sentence.text, [_spoilt(old, rng, _paired(old, sentence.text))])
    words = [t for t in sentence.words if len(t.text) > 2]
    if not words:
        return None
    token = pick(words, rng)
    mark = pick(_DOUBLES if rng.random() < 0.6 else _SINGLES, rng)
    mark = mark if rng.random() < 0.6 else mark + pick(_DOUBLES, rng)
    # Behind an s a lone apostrophe may be a genitive.
    genitive = mark in {"'", "’"} and token.lower.endswith("s")
    ahead = rng.random() < 0.5 or genitive
    # At the sentence's ends, or by one without a partner, it may be of a quotation over several sentences.
    loose = any(not _paired(m, sentence.text) for m in marks)
    if len(mark) == 1 and (loose or token is (words[0] if ahead else words[-1])):
        mark *= 2
    place = token.start if ahead else token.end
    return apply(sentence.text, [Edit(place, place, mark)])


def _spoilt(mark: re.Match[str], rng: np.random.Generator, paired: bool) -> Edit:
    """The mark doubled, lost or another; without its partner none is lost or made single: both are sound."""
    start, end, text = mark.start(), mark.end(), mark[0]
    kind = int(rng.integers(3)) if paired else 2 * int(rng.integers(2))
    if kind == 0:
        return Edit(end, end, text)
    if kind == 1:
        return Edit(start, end, "")
    others = ("„", "«", "»", "``", "'") if paired else ("„", "«", "»", "``")
    return Edit(start, end, pick([m for m in others if m != text], rng))


def _paired(mark: re.Match[str], text: str) -> bool:
    """Whether the mark's partner stands in the sentence: a quotation may go over several."""
    if mark[0] == '"':
        return text.count('"') % 2 == 0
    opening, closing = ("“", "”") if mark[0] in "“”" else ("«", "»")
    opens, closes = text.count(opening), text.count(closing)
    return opens == closes or (opens > closes) == (mark[0] == closing)


def stops(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A comma or stop doubled, or between words that it parts: *the, council said..*."""
    del resources
    text, tokens = sentence.text, sentence.tokens
    doubles = [t for t in tokens if t.text in {",", ".", ";", ":", "?"}]
    wedges = [
        a
        for a, b in itertools.pairwise(tokens)
        if _opens(a, b) and b.is_word and text[a.end : b.start] == " "
    ]
    if doubles and (not wedges or rng.random() < 0.5):
        mark = pick(doubles, rng)
        # Behind an abbreviation a comma may stand: *Apple Inc., which*.
        inner = mark.text == "." and tokens[-1].start > mark.start
        added = (mark.text, mark.text, ";.") if inner else (mark.text, mark.text, ",", ".", ";.")
        return apply(text, [Edit(mark.end, mark.end, pick(added, rng))])
    if not wedges:
        return None
    place = pick(wedges, rng).end
    return apply(text, [Edit(place, place, pick((",", ".", ";", ":", " -", "?"), rng))])


def _opens(token: Token, after: Token) -> bool:
    """Whether no mark can stand between the two: *would, of course,* may have one."""
    return token.text in _OPEN or token.tag == "T" or (token.tag == "M" and after.tag in "VB")


def capitals(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A capital where none belongs, or none where one does: *they Went*, *in sydney*, *tHe*."""
    first = sentence.first_word()
    options: list[Edit] = []
    for before, token in itertools.pairwise((sentence.tokens[0], *sentence.tokens) if first else ()):
        text = token.text
        if not text.isalpha():
            continue
        # Behind a colon or a quotation mark a capital may stand.
        inner = token is not first and before.is_word
        if inner and text.islower() and token.tag in "VRGKPITMB" and len(text) > 2:
            mixed = text[0] + text[1].upper() + text[2:]
            options.append(Edit(token.start, token.end, text.capitalize() if rng.random() < 0.7 else mixed))
        elif token is not first and text.istitle() and token.tag == "L" and _proper(text.lower(), resources):
            options += [Edit(token.start, token.end, text.lower())] * 3
        elif token is first and text.istitle() and len(sentence.tokens) > 4:
            options += [Edit(token.start, token.end, text.lower())] * 2
    return apply(sentence.text, [pick(options, rng)]) if options else None


def _proper(word: str, resources: Resources) -> bool:
    """Whether it always has a capital: not *Internet*, *Earth*, *University*."""
    if word in _DATES or len(word) < 3:
        return word in _DATES
    wordnet = resources.lexicon.wordnet
    return not any(word in s.words for tag in "NVJR" for s in wordnet.senses(word, tag))


def broken_word(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word split, glued to the next, or with a letter wrong: *har bour*, *ofthe*, *marekt*."""
    zipf = resources.lexicon.zipf
    for token in shuffled([t for t in sentence.words if t.text.isalpha() and len(t.text) > 4], rng)[:4]:
        kind = int(rng.integers(6))
        edit = (
            _glued(sentence, token)
            if kind == 0
            else Edit(token.start, token.end, _noisy(token.text, kind, rng))
        )
        parts = edit.new.lower().split() if edit else []
        if edit and (len(parts) > 1 or zipf(parts[0]) == 0) and not all(zipf(p) > 3 for p in parts):
            return apply(sentence.text, [edit])
    return None


def _glued(sentence: Sentence, token: Token) -> Edit | None:
    """The word and the next one without the space between."""
    text = sentence.text
    rest = re.match(r" ([a-z]+)", text[token.end :])
    return Edit(token.start, token.end + rest.end(), token.text + rest[1]) if rest else None


def _noisy(word: str, kind: int, rng: np.random.Generator) -> str:
    at = int(rng.integers(2, len(word) - 1))
    if kind == 1:
        return f"{word[:at]} {word[at:]}"
    if kind == 2:
        return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    if kind == 3:
        return word[:at] + word[at + 1 :]
    if kind == 4:
        return word[:at] + word[at] + word[at:]
    return word[:at] + "abcdefghiklmnoprstuvwy"[int(rng.integers(22))] + word[at + 1 :]


def debris(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Remains of wrong decoding, markup or a tokeniser: *the councilâ€™s plan*, *and &amp; the*."""
    del resources
    text = sentence.text
    marks = [(m.start(), m.end()) for m in re.finditer(r"['’“”\"–é]", text)]
    if marks and rng.random() < 0.6:
        start, end = pick(marks, rng)
        return apply(text, [Edit(start, end, _misread(text[start:end]))])
    spaces = [m.start() for m in re.finditer(r"(?<=\w) (?=\w)", text)]
    if not spaces:
        return None
    place, mark = pick(spaces, rng), pick(DEBRIS, rng)
    return apply(text, [Edit(place, place, f" {mark}" if rng.random() < 0.5 else mark)])


def _misread(mark: str) -> str:
    """UTF-8 read as Windows-1252."""
    return {"'": "&#39;", '"': "&quot;"}.get(mark) or mark.encode().decode("cp1252", "replace")
