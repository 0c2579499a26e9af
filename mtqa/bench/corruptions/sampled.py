"""What a language model writes in a word's place: needs a `Proposer`; none of these run without one.

A model's own bad guesses are the hardest errors to see: they fit what came before. Words are sampled from
the proposals, tempered, without the word that stood there and without those of its own family.
"""

from __future__ import annotations

import numpy as np

from mtqa.bench.corruptions.choose import content_words, pick, put
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Lexicon, Sentence, Token
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.resources import Resources

#: A replacement is at most so likely as this share of the likeliest proposal: clearly second best.
_SECOND = 0.2
_TEMPERATURE = 1.3
#: Of a sentence's content words, the share that a heavy paraphrase replaces.
_SHARE = 0.35
#: Of a word salad: the share that is replaced, how many at least, how freely, and how many of the likeliest
#: proposals are passed over (they make good English).
_SALAD, _SALAD_LEAST, _SALAD_TEMPERATURE, _BEST = (0.35, 0.6), 3, 1.5, 4


def sampled_word(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """One content word replaced by an unlikely proposal for its place (low-probability sampling)."""
    places = content_words(sentence, "NVGKJ", 0.8)
    edits = _replaced(sentence, [pick(places, rng)], _context(resources), rng, resources) if places else []
    return apply(sentence.text, edits)


def sampled_words(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A third of the content words replaced (replaced-token detection; Clark et al. 2020, section 2)."""
    places = [i for i in content_words(sentence, "NVGKJR", 0.75) if rng.random() < _SHARE]
    edits = _replaced(sentence, places, _context(resources), rng, resources) if len(places) > 1 else []
    return apply(sentence.text, edits)


def sampled_blind(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Words proposed by a model that saw only the two words before: fluent locally, senseless as a whole."""
    places = [i for i in content_words(sentence, "NVGKJ", 0.8) if rng.random() < 0.6]
    edits: list[Edit] = []
    for place in places:
        start = sentence.tokens[max(0, place - 2)].start
        prefix = sentence.text[start : sentence.tokens[place].start].rstrip()
        edits += _one(sentence, place, prefix, (rng, resources))
    return apply(sentence.text, edits) if len(places) > 1 else None


def sampled_shuffle(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word-salad paraphrase: half of the content words replaced, each new one seen by the next.

    Whatever the model proposes is taken, of any part of speech; half the time it saw what precedes.
    """
    places = content_words(sentence, "NVGKJR", 0.6)
    share = rng.uniform(*_SALAD)
    places = [i for i in places if rng.random() < share]
    before = _context(resources)[-300:] if rng.random() < 0.5 else ""
    edits: list[Edit] = []
    for place in places:
        prefix = f"{before} {_so_far(sentence, place, edits)}".strip()
        edits += _any_word(sentence, place, prefix, (rng, resources))
    made = apply(sentence.text, edits)
    return made if made is not None and len(made.spans) >= _SALAD_LEAST else None


def _so_far(sentence: Sentence, place: int, edits: list[Edit]) -> str:
    """The sentence up to a place, with the edits before it."""
    text, at = "", 0
    for edit in sorted(edits, key=lambda e: e.start):
        text, at = text + sentence.text[at : edit.start] + edit.new, edit.end
    return (text + sentence.text[at : sentence.tokens[place].start]).rstrip()


def _any_word(
    sentence: Sentence, place: int, prefix: str, with_what: tuple[np.random.Generator, Resources]
) -> list[Edit]:
    rng, resources = with_what
    if resources.proposer is None or not prefix:
        return []
    token, lexicon = sentence.tokens[place], resources.lexicon
    proposals = resources.proposer.propose(prefix, token.text)
    fit = tuple(
        (w, p) for w, p in proposals if _plain(w, token, lexicon) and any(lexicon.lemma(w, t) for t in "NVJR")
    )
    word = _drawn(fit[_BEST:], rng, _SALAD_TEMPERATURE)
    return put(sentence, place, word) if word else []


def _context(resources: Resources) -> str:
    return resources.preceding[-1500:]


def _replaced(
    sentence: Sentence, places: list[int], context: str, rng: np.random.Generator, resources: Resources
) -> list[Edit]:
    edits: list[Edit] = []
    for place in places:
        before = sentence.text[: sentence.tokens[place].start].rstrip()
        edits += _one(sentence, place, f"{context} {before}".strip(), (rng, resources))
    return edits


def _one(
    sentence: Sentence, place: int, prefix: str, with_what: tuple[np.random.Generator, Resources]
) -> list[Edit]:
    """The edits that put a sampled word at a place; empty where the model proposes nothing fit."""
    rng, resources = with_what
    if resources.proposer is None or not prefix:
        return []
    token = sentence.tokens[place]
    proposals = resources.proposer.propose(prefix, token.text)
    fit = tuple((w, p) for w, p in _second(proposals) if _other(w, token, resources.lexicon))
    word = _drawn(fit, rng)
    return put(sentence, place, word) if word else []


def _second(proposals: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """The proposals that are clearly second best; the best ones often make good English."""
    best = max((p for _, p in proposals), default=0.0)
    return tuple((w, p) for w, p in proposals if p <= _SECOND * best)


def _other(word: str, token: Token, lexicon: Lexicon) -> bool:
    """A plain word of another family than the token's, of the same part of speech."""
    if not _plain(word, token, lexicon):
        return False
    lemma = lexicon.lemma(word, token.tag)
    pos = {"G": "V", "K": "V"}.get(token.tag, token.tag)
    if lemma is None or word not in {lexicon.inflected(lemma, token.fine)}:
        return False
    theirs = {s.offset for s in lexicon.wordnet.senses(lemma, pos)}
    return not any(
        n.offset in theirs for s in lexicon.wordnet.senses(token.lemma, pos) for n in lexicon.wordnet.near(s)
    )


def _plain(word: str, token: Token, lexicon: Lexicon) -> bool:
    """A decent word in small letters that does not begin as the token does."""
    small = word.isalpha() and word.islower() and len(word) > 2
    return small and word[:4] != token.lower[:4] and decent(word, lexicon.wordnet)


def _drawn(
    proposals: tuple[tuple[str, float], ...], rng: np.random.Generator, temperature: float = _TEMPERATURE
) -> str | None:
    """One proposal by its tempered probability."""
    if not proposals:
        return None
    weights = np.array([max(p, 1e-12) for _, p in proposals]) ** (1 / temperature)
    return proposals[int(rng.choice(len(proposals), p=weights / weights.sum()))][0]
