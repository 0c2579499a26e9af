"""Whole sentences that are wrong: bland invention, degenerate repetition, another document's sentence.

Poor translation systems fall back on what is likely: fluent, short on content, repetitive, with a low
perplexity. These are sampled from a small grammar whose content words come from the document itself
and from common words, so that no fixed sentence can be learnt by heart.
"""

from __future__ import annotations

import re

import numpy as np

from mtqa.bench.corruptions.choose import content_words, pick
from mtqa.bench.corruptions.edits import Corruption
from mtqa.bench.corruptions.grammar import Sentence, article_for
from mtqa.bench.corruptions.resources import Resources

#: N noun, S plural noun, J adjective, D past verb, K participle, T name or plain subject, A "a/an" + noun.
_OPENINGS = (
    "", "", "", "", "In addition, ", "According to the {N}, ", "As a result of the {N}, ", "In the {J} {N}, ",
    "At the same time, ", "In the {N} of the {N}, ", "For the first time, ", "On the other hand, ",
    "In this case, ", "After the {N}, ", "However, ",
)  # fmt: skip
_SUBJECTS = (
    "the {N}", "the {N} of the {N}", "he", "it", "this", "the {J} {N}", "one of the {S}", "the {S}", "{A}",
    "the {N} of {A}", "the {T}", "the {N} and the {N}",
)  # fmt: skip
_PREDICATES = (
    "{was} one of the most {J} {S} in the {N}",
    "{was} {K} by the {N} of the {N}",
    "{was} {A} of the {N}, and {A} of the {N}",
    "{was} the first to be {K} in the {N}",
    "{was} also known as the {N} of the {N}",
    "{D} the {N} of the {N}, including the {N}, the {N} and the {N}",
    "{D} the {N}, and the {N} {was} {K} in the {N}",
    "{was} not able to be {K} by the {N}",
    "{was} {K} in order to {V} the {N} of the {N}",
    "{D} that it was the {N}, and that it was the {N}",
    "{was} in the {N} of the {N} in the {N}",
    "{D} to {V} the {S} of the {N}, but the {N} was also {K}",
    "{was} {K}, {K} and {K}",
)
_LINKS = (" and the {x}", ", the {x}", " of the {x}", ", and the {x}", " in the {x}", " and {x}")


def bland(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A fluent, empty sentence about the document's own things in place of what was said."""
    if len(sentence.words) < 6:
        return None
    words = _Words(sentence, rng, resources)
    text = pick(_OPENINGS, rng) + pick(_SUBJECTS, rng) + " " + pick(_PREDICATES, rng)
    if rng.random() < 0.3:
        text += (
            ", "
            + pick(("and", "but", "while"), rng)
            + " "
            + pick(_SUBJECTS, rng)
            + " "
            + pick(_PREDICATES, rng)
        )
    filled = words.filled(text)
    return _whole(filled[0].upper() + filled[1:] + ".", sentence) if filled else None


def degenerate(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The sentence's beginning, and then a loop: *The ministry said that the vote, the vote, the vote …*."""
    tokens = sentence.tokens
    places = [i for i in range(3, min(len(tokens) - 1, 16)) if tokens[i].tag == "N" and tokens[i].sure > 0.85]
    places = [i for i in places if tokens[i - 1].tag in "DPJ"]
    if not places:
        return None
    place = pick(places, rng)
    words = _Words(sentence, rng, resources)
    noun, link = tokens[place].text, pick(_LINKS, rng)
    items = [noun if rng.random() < 0.6 else words.noun() for _ in range(int(rng.integers(2, 7)))]
    tail = "".join(link.replace("{x}", item) for item in [*items, noun])
    start = tokens[place].end
    closing = re.search(r"[.!?]?[\"”’)]*$", sentence.text)
    text = sentence.text[:start] + tail
    whole = text + (closing[0] if closing and closing[0] else ".")
    return Corruption(whole, ((start + len(tail) - len(tail.lstrip()), len(text)),))


def off_topic(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A sentence of another document stands in its place."""
    length = len(sentence.text)
    for _ in range(8):
        if not resources.others:
            return None
        other = pick(resources.others, rng)
        alike = 0.5 * length <= len(other) <= 2 * length and other.count(" ") >= 5
        if alike and other not in resources.document and other[:1].isupper():
            return _whole(other, sentence)
    return None


def _whole(text: str, sentence: Sentence) -> Corruption | None:
    return None if text == sentence.text else Corruption(text, ((0, len(text)),))


class _Words:
    """Fills a template's slots, mostly with the document's own words, from a handful of them."""

    def __init__(self, sentence: Sentence, rng: np.random.Generator, resources: Resources) -> None:
        self.rng, self.lexicon = rng, resources.lexicon
        near = resources.document or (sentence.text,)
        picked = [near[int(i)] for i in rng.permutation(len(near))[:3]]
        parsed = [sentence, *(resources.lexicon.sentence(s) for s in picked)]
        self.own = {tag: _lemmas(parsed, tag) for tag in ("N", "V", "J")}
        pools = {t: [w for z, w, _ in resources.pools[t] if z > 4.0] for t in ("N", "V", "J")}
        #: A handful, so that the sentence repeats itself.
        few = {"N": int(rng.integers(2, 5)), "V": 4, "J": 3}
        self.words = {t: [self._fresh(t, pools[t]) for _ in range(few[t])] for t in ("N", "V", "J")}

    def filled(self, template: str) -> str:
        """The template with a word in every slot."""
        out, rest = "", template
        while "{" in rest:
            before, _, tail = rest.partition("{")
            slot, _, rest = tail.partition("}")
            out += before + self._slot(slot, out)
        return out + rest

    def noun(self) -> str:
        """A noun, singular."""
        return self._lemma("N")

    def _slot(self, slot: str, so_far: str) -> str:
        if slot == "was":
            plural = so_far.rstrip().endswith("s") or " and the " in so_far[-30:]
            return pick(("were", "are", "have been") if plural else ("was", "is", "has been"), self.rng)
        if slot in {"N", "T"}:
            return self._lemma("N")
        if slot == "A":
            noun = self._lemma("N")
            return f"{article_for(noun)} {noun}"
        if slot == "S":
            return self._form("N", "NNS")
        return self._lemma("J") if slot == "J" else self._form("V", {"D": "VBD", "K": "VBN", "V": "VB"}[slot])

    def _lemma(self, tag: str) -> str:
        return pick(self.words[tag], self.rng)

    def _fresh(self, tag: str, pool: list[str]) -> str:
        own = self.own[tag]
        return pick(own if own and self.rng.random() < 0.7 else pool, self.rng)

    def _form(self, tag: str, fine: str) -> str:
        lemma = self._lemma(tag)
        return self.lexicon.inflected(lemma, fine) or lemma


def _lemmas(sentences: list[Sentence], tag: str) -> list[str]:
    kinds = "VGK" if tag == "V" else tag
    found = [s.tokens[i].lemma for s in sentences for i in content_words(s, kinds)]
    return list(dict.fromkeys(found))
