"""What a language model writes in a word's place: needs a `Proposer`; none of these run without one.

A model's own bad guesses are the hardest errors to see: they fit what came before. Words are sampled from
the proposals, tempered, without the word that stood there and without those of its own family.
"""

from __future__ import annotations

import numpy as np

from mtqa.bench.corruptions.choose import content_words, pick, put
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Lexicon, Sentence, Token
from mtqa.bench.corruptions.resources import Resources

#: A replacement is at most so likely as this share of the likeliest proposal: clearly second best.
_SECOND = 0.2
_TEMPERATURE = 1.3
#: Of a sentence's content words, the share that a heavy paraphrase replaces.
_SHARE = 0.35


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


def sampled_tail(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The sentence's end rewritten word by word by a model that saw only the sentence."""
    tokens = sentence.tokens
    if resources.proposer is None or len(sentence.words) < 8:
        return None
    cut = int(rng.integers(len(tokens) // 3, 2 * len(tokens) // 3 + 1))
    text = sentence.text[: tokens[cut].start].rstrip()
    start = len(text)
    for _ in range(int(rng.integers(4, 13))):
        word = _drawn(_second(resources.proposer.propose(text, "")), rng)
        if word is None:
            break
        text += " " + word
    if len(text) <= start + 1:
        return None
    text = text.rstrip(" ,;:") + "."
    return Corruption(text, ((start + 1, len(text) - 1),)) if text != sentence.text else None


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
    if not (word.isalpha() and word.islower() and len(word) > 2) or word[:4] == token.lower[:4]:
        return False
    lemma = lexicon.lemma(word, token.tag)
    pos = {"G": "V", "K": "V"}.get(token.tag, token.tag)
    if lemma is None or word not in {lexicon.inflected(lemma, token.fine)}:
        return False
    theirs = {s.offset for s in lexicon.wordnet.senses(lemma, pos)}
    return not any(
        n.offset in theirs for s in lexicon.wordnet.senses(token.lemma, pos) for n in lexicon.wordnet.near(s)
    )


def _drawn(proposals: tuple[tuple[str, float], ...], rng: np.random.Generator) -> str | None:
    """One proposal by its tempered probability."""
    if not proposals:
        return None
    weights = np.array([max(p, 1e-12) for _, p in proposals]) ** (1 / _TEMPERATURE)
    return proposals[int(rng.choice(len(proposals), p=weights / weights.sum()))][0]
