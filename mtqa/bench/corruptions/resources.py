"""What the corruptions draw on: the lexicon, pools of common words, other documents, a model's proposals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from mtqa.bench.corruptions.edits import Corruption
from mtqa.bench.corruptions.grammar import Lexicon, Sentence
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.wordnet import find_wordnet, open_wordnet

#: How many of wordfreq's commonest words the pools are drawn from.
_COMMON = 25_000
#: A pool word is used as its part of speech at least so often among its tagged uses.
_PURE = 0.8
#: Words of more senses fit too many places to be wrong there.
_MOST_SENSES = 4


@dataclass(frozen=True, slots=True)
class Writing:
    """How a sentence's end is to be written; lengths are characters of what is written.

    ``least``: it ends no earlier; from ``aim`` on an end is ever likelier; at ``most`` it is cut. A
    ``temperature`` of 0 takes the likeliest token; else one is drawn among the ``likeliest``, of which those
    that make up the probability ``nucleus`` stay (Holtzman et al. 2020, section 3). ``own`` are words
    favoured by ``own_nats``; every word that was written is favoured by another ``again_nats``.
    """

    least: int
    aim: int
    most: int
    temperature: float = 1.0
    likeliest: int = 250
    nucleus: float = 1.0
    own: tuple[str, ...] = ()
    own_nats: float = 0.0
    again_nats: float = 0.0


class Proposer(Protocol):
    """A language model seen from here: what could stand at a place, and how a sentence could go on."""

    def propose(self, prefix: str, place: str) -> tuple[tuple[str, float], ...]:
        """Words that may follow ``prefix`` where ``place`` stood, each with its probability, best first.

        ``prefix`` is the text up to the place, ending before its white space; ``place`` is the word that
        stood there (empty where there was none). Probabilities are of the whole word and need not sum to 1.
        Some hundreds are wanted: the likeliest few often make good English and are not used.
        """
        ...

    def write(self, prefix: str, how: Writing, rng: np.random.Generator) -> str:
        """What may follow ``prefix`` up to a sentence's end, the space before it too; empty: nothing may."""
        ...


class Translator(Protocol):
    """A translation engine seen from here."""

    def there_and_back(self, text: str, rng: np.random.Generator) -> str | None:
        """The English sentence through another language; None where nothing usable came back."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Resources:
    """Loaded once, shared by all documents; ``others`` and what makes text differ from run to run."""

    lexicon: Lexicon
    pools: dict[str, tuple[tuple[float, str, int], ...]] = field(repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)
    document: tuple[str, ...] = field(default=(), repr=False)
    preceding: str = field(default="", repr=False)
    proposer: Proposer | None = None
    translator: Translator | None = None

    def seeing(self, document: tuple[str, ...], place: int) -> Resources:
        """The same, with the document that the sentence at ``place`` stands in."""
        return replace(self, document=document, preceding=" ".join(document[:place]))


Corruptor = Callable[[Sentence, np.random.Generator, Resources], "Corruption | None"]


@lru_cache(maxsize=1)
def load_resources() -> Resources:
    """The lexicon and the pools. Raises `UsageError` that says how to get what is not installed."""
    lexicon = Lexicon(open_wordnet(find_wordnet()))
    lexicon.inflected("house", "NNS")
    return Resources(lexicon, {tag: _pool(lexicon, tag) for tag in "NVJ"})


def _pool(lexicon: Lexicon, tag: str) -> tuple[tuple[float, str, int], ...]:
    """Common words that are that part of speech and hardly another: (Zipf, lemma, field), by frequency."""
    from wordfreq import top_n_list

    wordnet = lexicon.wordnet
    found = []
    for word in top_n_list("en", _COMMON):
        if len(word) < 4 or not word.isalpha() or not wordnet.has(word, tag) or not decent(word, wordnet):
            continue
        uses = {t: 0.5 + sum(wordnet.sense_counts(word, t)) for t in "NVJR" if wordnet.has(word, t)}
        senses = wordnet.senses(word, tag)
        proper = all(w != w.lower() for w in senses[0].words)
        plain = len(senses) <= _MOST_SENSES and not proper and lexicon.lemma(word, tag) == word
        if plain and uses[tag] >= max(2.0, _PURE * sum(uses.values())):
            found.append((lexicon.zipf(word), word, senses[0].field))
    return tuple(sorted(found))
