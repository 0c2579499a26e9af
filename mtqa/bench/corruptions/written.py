"""Sentences that a language model has gone on with: fluent, and nothing that this document says.

The beginning stays, the rest is the model's own, written without the document before it. Such sentences
have a low perplexity: what poor translation systems fall back on (see `fluent` for those made without
a model).
"""

from __future__ import annotations

import re

import numpy as np

from mtqa.bench.corruptions.choose import pick
from mtqa.bench.corruptions.closed import CLOSED
from mtqa.bench.corruptions.edits import Corruption
from mtqa.bench.corruptions.grammar import Sentence
from mtqa.bench.corruptions.resources import Resources, Writing

#: A sentence of fewer words, or a written end of fewer, is too little to go by.
_LEAST_WORDS, _LEAST_WRITTEN = 7, 5
#: Of the words of both ends, the share in common from which on little has changed.
_ALIKE = 0.6
#: Of bland sentences that repeat no word of theirs, most are sound English: the share that is thrown away.
_SOUND = 0.9
_LINKS = (",", " and", " of", ", and", " in")
#: A whole sentence's length as a share of the original's, at least and at most.
_SHORTEST, _LONGEST = 0.55, 1.5
#: Characters of another document that the model reads first.
_CONTEXT = 500
#: *…,” she says.* behind a quotation: it stays.
_ATTRIBUTION = re.compile(r"[,?!]([\"”])( [^\"“”]{3,70}[.])$")
_OPENING = {"”": "“", ")": "("}


def sampled_tail(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The first two to eight words, and then what the model makes of them alone, at a high temperature."""
    kept = _beginning(sentence, rng, 8)
    if kept is None:
        return None
    how = Writing(*_lengths(sentence, kept, rng), temperature=rng.uniform(1.05, 1.4), nucleus=0.97)
    return _written(sentence, kept, _tail(kept, how, rng, resources), resources)


def sampled_bland(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The same at a low temperature, with the sentence's own words favoured and those just written again.

    It stays near the subject, says nothing and repeats itself, as poor translation does.
    """
    kept = _beginning(sentence, rng, 5)
    if kept is None:
        return None
    how = Writing(
        *_lengths(sentence, kept, rng),
        temperature=rng.uniform(0.2, 0.6),
        likeliest=60,
        own=tuple(_content(sentence.text[len(kept) :])),
        own_nats=pick((0.0, 1.0, 2.0, 3.0), rng),
        again_nats=pick((0.5, 1.2, 2.0), rng),
    )
    made = _written(sentence, kept, _tail(kept, how, rng, resources), resources)
    sound = made is not None and not _repeats(made.text) and rng.random() < _SOUND
    return None if sound else made


def sampled_loop(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A phrase said twice, and then the likeliest: mostly the phrase again, and again."""
    words = sentence.text.split(" ")
    places = [i for i in range(3, min(14, len(words) - 3)) if re.fullmatch(r"[a-z]{4,},?", words[i])]
    places = [i for i in places if words[i].strip(",") not in CLOSED]
    if not places:
        return None
    last = pick(places, rng)
    phrase = [w.strip(",") for w in words[max(1, last - int(rng.integers(1, 4))) : last + 1]]
    if len(phrase) < 2 or not all(re.fullmatch(r"[A-Za-z'’-]+", w) for w in phrase):
        return None
    kept = " ".join(words[: last + 1]).rstrip(",")
    # *fund a mission, a mission that …* is good English.
    links = _LINKS[1:] if phrase[0] in CLOSED else _LINKS
    again = f"{pick(links, rng)} {' '.join(phrase)}"
    lengths = _lengths(sentence, kept + again, rng)
    how = Writing(*lengths, temperature=0.0, again_nats=pick((0.4, 0.9, 1.5), rng))
    tail = _tail(kept + again, how, rng, resources)
    return _written(sentence, kept, again + tail if tail else "", resources)


def sampled_topic(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The first words, gone on with by a model that has just read another document."""
    kept, others = _beginning(sentence, rng, 8), resources.others
    if kept is None or not others:
        return None
    at = int(rng.integers(len(others)))
    context = _within(" ".join(others[at : at + 3]), _CONTEXT)
    lengths = _lengths(sentence, kept, rng)
    how = Writing(*lengths, temperature=rng.uniform(0.6, 1.0), likeliest=100, nucleus=0.95)
    return _written(sentence, kept, _tail(f"{context} {kept}", how, rng, resources), resources)


def _within(text: str, most: int) -> str:
    """At most so many characters of its beginning, in whole words."""
    return text if len(text) <= most else text[: most + 1].rpartition(" ")[0]


def _beginning(sentence: Sentence, rng: np.random.Generator, most: int) -> str | None:
    """The sentence's first words: two at least, ``most`` or half of them at most."""
    words = list(re.finditer(r"\S+", sentence.text))
    if len(words) < _LEAST_WORDS:
        return None
    return sentence.text[: words[int(rng.integers(2, min(most, len(words) // 2) + 1)) - 1].end()]


def _lengths(sentence: Sentence, begun: str, rng: np.random.Generator) -> tuple[int, int, int]:
    """Characters to write: the whole sentence comes to between half and one and a half of its length."""
    whole, done = len(sentence.text), len(begun)
    least = max(15, int(_SHORTEST * whole) - done)
    aim = max(least, int(rng.uniform(0.7, 1.15) * whole) - done)
    return least, aim, max(aim, int(_LONGEST * whole) - done)


def _tail(prefix: str, how: Writing, rng: np.random.Generator, resources: Resources) -> str:
    return resources.proposer.write(prefix, how, rng) if resources.proposer is not None else ""


def _written(sentence: Sentence, kept: str, tail: str, resources: Resources) -> Corruption | None:
    """The sentence with its new end marked, or None where that is too short or says much the same."""
    old, new = set(_content(sentence.text[len(kept) :])), set(_content(tail))
    alike = not new or len(old & new) > _ALIKE * len(old | new)
    if alike or len(tail.split()) < _LEAST_WRITTEN:
        return None
    tail = _styled(tail, " ".join((*resources.document, sentence.text)))
    start = len(kept) + len(tail) - len(tail.lstrip())
    end = len(kept) + len(tail)
    text, attribution = kept + tail, _ATTRIBUTION.search(sentence.text)
    if attribution and _open(text, sentence.text, attribution[1]) and text.endswith("."):
        return Corruption(f"{text[:-1]},{attribution[1]}{attribution[2]}", ((start, end - 1),))
    return Corruption(text + _closing(sentence.text, text), ((start, end),))


def _styled(tail: str, document: str) -> str:
    """With the document's own apostrophes and dashes: they must not give the new end away."""
    tail = tail.replace("'", "’") if "’" in document else tail
    return tail if "–" in document else tail.replace("–", "-")


def _closing(original: str, text: str) -> str:
    """The quotation marks and brackets that the original closes and the new text leaves open."""
    return "".join(c for c in (")", "”", '"') if _open(text, original, c))


def _open(text: str, original: str, closing: str) -> bool:
    if closing == '"':
        return text.count(closing) % 2 != original.count(closing) % 2
    opening = _OPENING[closing]
    return text.count(opening) - text.count(closing) > original.count(opening) - original.count(closing)


def _content(text: str) -> list[str]:
    return [w for w in re.findall(r"[a-z]{4,}", text.lower()) if w not in CLOSED]


def _repeats(text: str) -> bool:
    stems = [w[:6] for w in _content(text)]
    return len(set(stems)) < len(stems)
