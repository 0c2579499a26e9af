"""Words, tags and inflections without a trained tagger: closed classes, WordNet's counts, a bigram model.

Made for precision, not coverage: `Token.sure` is the posterior probability of the tag, and the corruptions
use only tokens that are sure. It does not know phrases, and takes English for granted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mtqa.bench.corruptions.closed import BIGRAMS, CLOSED, TAGS
from mtqa.bench.corruptions.wordnet import WordNet
from mtqa.errors import UsageError

_TOKEN = re.compile(r"[^\W\d_]+(?:['’\-‐][^\W\d_]+)*|\d+(?:[.,:/]\d+)*|[^\w\s]+|\S", re.UNICODE)
_FINE = {"N": ("NN", "NNS"), "V": ("VB", "VBD", "VBZ"), "G": ("VBG",), "K": ("VBN",)}
_FINE |= {"J": ("JJ", "JJR", "JJS"), "R": ("RB", "RBR", "RBS")}
_UPOS = {"N": "NOUN", "V": "VERB", "G": "VERB", "K": "VERB", "J": "ADJ", "R": "ADV"}
#: Our tags as WordNet's parts of speech.
WORDNET_POS = {"N": "N", "V": "V", "G": "V", "K": "V", "J": "J", "R": "R"}
_UNKNOWN = {"N": 1.0, "V": 0.2, "J": 0.5, "R": 0.1, "G": 0.1, "K": 0.2, "L": 0.3}
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_CONSONANT_SOUND = re.compile(
    r"(?:on(?:e|ce)(?![a-z])|uni(?!n|m|dent)|unanim|ura|us[aeiu]|util|eu|ewe|ubiq|uk(?![a-z])|ukr|uku|u[.]?s\b)",
    re.IGNORECASE,
)
_VOWEL_SOUND = re.compile(r"(?:hour|honest|honou?r|heir)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """``[start, end)`` of the sentence; ``tag`` of `closed.TAGS`, ``fine`` a Penn tag or ``""``."""

    start: int
    end: int
    text: str
    tag: str = "S"
    sure: float = 0.0
    lemma: str = ""
    fine: str = ""

    @property
    def lower(self) -> str:
        """The word in lower case, with a straight apostrophe."""
        return self.text.lower().replace("’", "'")

    @property
    def is_word(self) -> bool:
        """Whether it begins with a letter."""
        return self.text[0].isalpha()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its tokens, as every corruption gets it."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def words(self) -> list[Token]:
        """The tokens that are words."""
        return [t for t in self.tokens if t.is_word]

    def first_word(self) -> Token | None:
        """The first word, whose capital says nothing."""
        return next((t for t in self.tokens if t.is_word), None)


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """WordNet, lemmas, inflections and frequencies behind one door."""

    wordnet: WordNet

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The sentence's tokens, tagged."""
        bare = [Token(m.start(), m.end(), m[0]) for m in _TOKEN.finditer(text)]
        if not bare:
            return ()
        choices = [self._choices(t, i == 0 or not _any_word(bare[:i])) for i, t in enumerate(bare)]
        posterior = _forward_backward(choices)
        tagged = [self._tagged(t, p) for t, p in zip(bare, posterior, strict=True)]
        return tuple(replace(t, fine=_fine(tagged, i)) for i, t in enumerate(tagged))

    def sentence(self, text: str) -> Sentence:
        """The sentence, tagged."""
        return Sentence(text, self.tokens(text))

    def zipf(self, word: str) -> float:
        """The word's frequency on the Zipf scale: log10 of occurrences in 10⁹ words; 0 where unknown."""
        return _zipf(word)

    def inflected(self, lemma: str, fine: str) -> str | None:
        """The lemma's form for a Penn tag, or None where there is none that is known."""
        if fine in {"NN", "VB", "VBP", "JJ", "RB"}:
            return lemma
        return _inflected(lemma, fine)

    def lemma(self, word: str, tag: str) -> str | None:
        """The word's lemma as that tag where WordNet has it."""
        pos = WORDNET_POS[tag]
        for lemma in _lemmas(word).get(_UPOS[tag], ()):
            if self.wordnet.has(lemma, pos):
                return lemma
        return word if tag in "NJR" and self.wordnet.has(word, pos) else None

    def _choices(self, token: Token, first: bool) -> npt.NDArray[np.float64]:
        """How well the word alone fits each tag."""
        fit = np.zeros(len(TAGS))
        if not token.is_word:
            fit[TAGS.index("Q" if token.text[0].isdigit() else "S")] = 1.0
            return fit
        closed = CLOSED.get(token.lower)
        if closed:
            for tag in closed:
                fit[TAGS.index(tag)] = 1.0
            return fit
        if token.text[0].isupper() and (not first or _zipf(token.lower) < 2.5):
            fit[TAGS.index("L")] = 1.0
            return fit
        for tag, weight in self._open(token.lower).items():
            fit[TAGS.index(tag)] = weight
        return fit

    def _open(self, word: str) -> dict[str, float]:
        """Open-class tags of a word by use, from WordNet's counts of its lemmas."""
        counts: dict[str, float] = {}
        for tag in "NJR":
            lemma = self.lemma(word, tag)
            if lemma and (tag != "N" or self._noun_form(word, lemma)):
                counts[tag] = self._uses(lemma, tag)
        for tag, fine in _verb_forms(word):
            lemma = self.lemma(word, "V")
            if lemma and word in _forms(lemma, fine):
                counts[tag] = max(counts.get(tag, 0.0), self._uses(lemma, "V"))
        if not counts:
            return {"R": 1.0} if word.endswith("ly") else dict(_UNKNOWN)
        total = sum(counts.values())
        return {tag: count / total for tag, count in counts.items()}

    def _noun_form(self, word: str, lemma: str) -> bool:
        return word == lemma or word in _forms(lemma, "NNS")

    def _uses(self, lemma: str, tag: str) -> float:
        return 0.7 + sum(self.wordnet.sense_counts(lemma, WORDNET_POS[tag]))

    def _tagged(self, token: Token, posterior: npt.NDArray[np.float64]) -> Token:
        best = int(posterior.argmax())
        tag, sure = TAGS[best], float(posterior[best])
        if tag not in _FINE:
            return replace(token, tag=tag, sure=sure, lemma=token.lower)
        lemma = self.lemma(token.lower, tag)
        if lemma is None:
            return replace(token, tag=tag, sure=0.0, lemma=token.lower)
        fine = next((f for f in _FINE[tag] if token.lower in _forms(lemma, f)), "")
        return replace(token, tag=tag, sure=sure, lemma=lemma, fine=fine)


def _fine(tokens: list[Token], place: int) -> str:
    """The token's Penn tag; of *read* or *set*, the one that its neighbours show, or none."""
    token = tokens[place]
    if token.fine != "VB" or token.lower not in _forms(token.lemma, "VBD"):
        return token.fine
    before = [t for t in tokens[:place] if t.tag != "R"][-2:]
    if before and before[-1].tag in "TM":
        return "VB"
    third = bool(before) and before[-1].lower in {"he", "she", "it"}
    # Behind a verb the pronoun may be an object: *they let it set*, *did he read*.
    return "VBD" if third and (len(before) == 1 or before[0].tag in "SC") else ""


def _any_word(tokens: list[Token]) -> bool:
    return any(t.is_word for t in tokens)


def _verb_forms(word: str) -> list[tuple[str, str]]:
    if word.endswith("ing"):
        return [("G", "VBG"), ("V", "VB")]
    return [("V", "VB"), ("V", "VBD"), ("V", "VBZ"), ("K", "VBN")]


def _transitions() -> npt.NDArray[np.float64]:
    matrix = np.ones((len(TAGS), len(TAGS)))
    for (a, b), weight in BIGRAMS.items():
        matrix[TAGS.index(a), TAGS.index(b)] = weight
    return matrix


_MATRIX = _transitions()


def _forward_backward(fits: list[npt.NDArray[np.float64]]) -> list[npt.NDArray[np.float64]]:
    """Posterior of each tag at each place (Rabiner 1989, section III)."""
    edge = np.zeros(len(TAGS))
    edge[TAGS.index("S")] = 1.0
    ahead, behind = [edge], [edge]
    for fit in fits:
        step = (ahead[-1] @ _MATRIX) * fit
        ahead.append(step / step.sum())
    for fit in reversed(fits[1:]):
        step = _MATRIX @ behind[-1]
        behind.append(fit * step / (fit * step).sum())
    out = []
    for i, forward in enumerate(ahead[1:]):
        both = forward * (_MATRIX @ behind[len(fits) - 1 - i])
        out.append(both / both.sum())
    return out


@lru_cache(maxsize=100_000)
def _zipf(word: str) -> float:
    from wordfreq import zipf_frequency

    return float(zipf_frequency(word, "en"))


@lru_cache(maxsize=100_000)
def _lemmas(word: str) -> dict[str, tuple[str, ...]]:
    """Part of speech → lemmas, from lemminflect's table."""
    found: dict[str, tuple[str, ...]] = _lemminflect().getAllLemmas(word)
    return found


@lru_cache(maxsize=100_000)
def _forms(lemma: str, fine: str) -> tuple[str, ...]:
    """The lemma's forms for a Penn tag, from lemminflect's table; regular ones where it has none."""
    if fine in {"NN", "VB", "JJ", "RB"}:
        return (lemma,)
    forms: tuple[str, ...] = _lemminflect().getInflection(lemma, fine, inflect_oov=False)
    return forms


def _inflected(lemma: str, fine: str) -> str | None:
    if (lemma, fine) == ("bear", "VBN"):
        return "borne"
    forms = [f for f in _forms(lemma, fine) if f.isalpha()]
    if forms and forms[0] == lemma:  # *cost*, *deer*: *costed*, *deers* stand behind it
        return lemma
    marked = [f for f in forms if f != lemma]
    return max(marked, key=lambda f: (_zipf(f), f)) if marked else None


def _lemminflect() -> Any:
    try:
        import lemminflect
    except ImportError as error:
        raise UsageError("making corruptions needs lemminflect: pip install lemminflect") from error
    return lemminflect


def article_for(word: str) -> str:
    """``a`` or ``an`` before that word, by its letters.

    >>> article_for("hour"), article_for("user"), article_for("apple"), article_for("box")
    ('an', 'a', 'an', 'a')
    """
    if _VOWEL_SOUND.match(word):
        return "an"
    return "an" if _VOWEL.match(word) and not _CONSONANT_SOUND.match(word) else "a"
