"""Wrong words: another sense's synonym, a rare one, spun and unrelated ones, homographs, false friends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from mtqa.bench.corruptions.choose import cased, content_words, pick, put, shuffled, swap
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import WORDNET_POS, Lexicon, Sentence, Token
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.resources import Resources
from mtqa.bench.corruptions.tables import CONFUSED, FOREIGN, HOMOGRAPHS
from mtqa.bench.corruptions.wordnet import Synset

#: A sense is one of a word's main ones from this share of its counted uses on.
_MAIN = 0.12
#: Zipf bounds: what spinners take (their thesauri hold few unheard-of words), and what is rare.
_KNOWN, _RARE, _STILTED = 1.6, 3.0, 2.7
#: Verbs that take nearly any object: *the doctor had described his work* is no fault that can be seen.
_ANY_OBJECT_TEXT = """
admire adore appreciate blame celebrate choose compare concern confuse consider criticize defend depict
describe detest discuss dislike display enjoy envy evaluate examine exist fear forget hate ignore imagine
improve like love matter mention notice observe occur photograph please praise prefer quote recall recognize
recommend remember respect study surprise survive thank trust understand use
"""
_ANY_OBJECT = frozenset(_ANY_OBJECT_TEXT.split())


def wrong_sense(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A synonym of a sense that the word does not have here: *the peace outgrowth* (process).

    Not for adjectives: one in three of theirs read well enough.
    """
    for place in shuffled(content_words(sentence, "NVGK"), rng):
        token = sentence.tokens[place]
        for lemma in shuffled(_wrong(resources.lexicon, token.lemma, WORDNET_POS[token.tag]), rng)[:3]:
            edits = swap(sentence, place, lemma, resources.lexicon)
            if edits:
                return apply(sentence.text, edits)
    return None


def rare_synonym(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Two or three words of the right sense that nobody uses: *the uttermost part of the macrocosm*.

    One alone often reads as a matter of taste, so one alone is never made.
    """
    edits: list[Edit] = []
    for place in shuffled(content_words(sentence, "NVGKJR"), rng):
        token = sentence.tokens[place]
        options = _stilted(resources.lexicon, token.lemma, WORDNET_POS[token.tag])
        edits += swap(sentence, place, pick(options, rng), resources.lexicon) if options else []
        if sum(e.marked for e in edits) == 3:
            break
    return apply(sentence.text, edits) if sum(e.marked for e in edits) >= 2 else None


def heavy_spin(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Three to six words swapped for whatever the thesaurus holds, at least two of them clearly wrong."""
    places = shuffled(content_words(sentence, "NVGKJR", 0.75), rng)[: int(rng.integers(3, 7))]
    edits: list[Edit] = []
    changed = bad = 0
    for place in places:
        token = sentence.tokens[place]
        wrong = _wrong(resources.lexicon, token.lemma, WORDNET_POS[token.tag])
        options = (
            wrong
            if wrong and rng.random() < 0.6
            else _any(resources.lexicon, token.lemma, WORDNET_POS[token.tag])
        )
        lemma = pick(options, rng) if options else None
        made = swap(sentence, place, lemma, resources.lexicon) if lemma else []
        if lemma and made:
            changed += 1
            bad += lemma in wrong or resources.lexicon.zipf(lemma) < _RARE
            edits += made
    return apply(sentence.text, edits) if changed >= 3 and bad >= 2 else None


def tortured(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Both words of a set phrase replaced: *fire engine* → *flame motor*.

    Of a free one, a noun's near synonym may be as good (*honest answer* → *honorable response*).
    """
    good = set(content_words(sentence, "NJ", 0.8))
    pairs = [i for i in sorted(good) if i + 1 in good and sentence.tokens[i + 1].tag == "N"]
    for first in shuffled(pairs, rng):
        edits: list[Edit] = []
        for place in (first, first + 1):
            token = sentence.tokens[place]
            options: tuple[str, ...] = _any(resources.lexicon, token.lemma, token.tag)
            if place > first and not _set_phrase(sentence, first, resources.lexicon):
                wrong = _wrong(resources.lexicon, token.lemma, token.tag)
                options = tuple(w for w in options if w in wrong or resources.lexicon.zipf(w) < _RARE)
            edits += swap(sentence, place, pick(options, rng), resources.lexicon) if options else []
        if sum(e.marked for e in edits) == 2:
            return apply(sentence.text, edits)
    return None


def _set_phrase(sentence: Sentence, first: int, lexicon: Lexicon) -> bool:
    """Whether the two words have an entry of their own: *fire engine*."""
    pair = f"{sentence.tokens[first].lower}_{sentence.tokens[first + 1].lemma}"
    return lexicon.wordnet.has(pair, "N")


def noun_swap(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A noun replaced by an unrelated one that is about as frequent: *the senator's sandwiches*."""
    return _unrelated(sentence, "N", rng, resources)


def verb_swap(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A verb replaced by an unrelated one that is about as frequent: *she fried the report*."""
    return _unrelated(sentence, "VGK", rng, resources)


def _unrelated(
    sentence: Sentence, tags: str, rng: np.random.Generator, resources: Resources
) -> Corruption | None:
    lexicon = resources.lexicon
    for place in shuffled(content_words(sentence, tags), rng):
        token = sentence.tokens[place]
        if (_modifies if token.tag == "N" else _joins)(sentence, place):
            continue
        lemma = _stranger(token, rng, resources)
        edits = swap(sentence, place, lemma, lexicon) if lemma else []
        if edits:
            return apply(sentence.text, edits)
    return None


def _modifies(sentence: Sentence, place: int) -> bool:
    """Whether a noun follows: nearly any noun can stand before another one."""
    after = sentence.tokens[place + 1 : place + 2]
    return bool(after) and after[0].tag in "NLG"


def _joins(sentence: Sentence, place: int) -> bool:
    """Whether *to* or *that* follows a verb: any verb that takes one makes sense (*they hate to settle*)."""
    after = sentence.tokens[place + 1 : place + 2]
    return bool(after) and after[0].lower in {"to", "that"}


def _stranger(token: Token, rng: np.random.Generator, resources: Resources) -> str | None:
    """A word of the pool, of like frequency, of another field than any sense of the token's word."""
    pos = WORDNET_POS[token.tag]
    zipf = resources.lexicon.zipf(token.lemma)
    senses = resources.lexicon.wordnet.senses(token.lemma, pos)
    fields = {s.field for s in senses} if pos != "J" else set()
    near = _near(resources.lexicon, token.lemma, pos)
    pool = [
        w
        for z, w, f in resources.pools[pos]
        if abs(z - zipf) < 0.5 and f not in fields and (pos != "V" or w not in _ANY_OBJECT)
    ]
    for _ in range(5):
        if not pool:
            return None
        lemma = pick(pool, rng)
        theirs = resources.lexicon.wordnet.senses(lemma, pos)
        if not any(s.offset in near for s in theirs) and lemma[:4] != token.lemma[:4]:
            return lemma
    return None


def exchange(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Two nouns of one sentence in each other's place."""
    places = content_words(sentence, "N")
    pairs = [
        (a, b)
        for a in places
        for b in places
        if b >= a + 3 and _differ(sentence, a, b) and not _joined(sentence, a, b)
    ]
    for a, b in shuffled(pairs, rng)[:3]:
        lexicon = resources.lexicon
        first, second = sentence.tokens[a].lemma, sentence.tokens[b].lemma
        near = _near(lexicon, first, "N")
        if any(
            s.offset in near or s.field == _field(lexicon, first) for s in lexicon.wordnet.senses(second, "N")
        ):
            continue
        edits = [*put(sentence, a, sentence.tokens[b].lower), *put(sentence, b, sentence.tokens[a].lower)]
        return apply(sentence.text, edits)
    return None


def _differ(sentence: Sentence, a: int, b: int) -> bool:
    first, second = sentence.tokens[a], sentence.tokens[b]
    return first.fine == second.fine and first.lemma != second.lemma


def _joined(sentence: Sentence, a: int, b: int) -> bool:
    return any(t.lower in {"and", "or", ",", "by", "between"} for t in sentence.tokens[a:b])


def _field(lexicon: Lexicon, lemma: str) -> int:
    return lexicon.wordnet.senses(lemma, "N")[0].field


def false_friend(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The other English word that one foreign word stands for: *she gained the match* (won).

    Where it stands for another meaning of the English word, the corruption is of type ``homograph``.
    """
    return _mistaken(CONFUSED, sentence, rng, resources)


def homograph(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word for another meaning of what is written alike: *a heron lifted the beams* (crane)."""
    return _mistaken(HOMOGRAPHS, sentence, rng, resources)


def _mistaken(
    table: Mapping[tuple[str, str], tuple[str, ...]],
    sentence: Sentence,
    rng: np.random.Generator,
    resources: Resources,
) -> Corruption | None:
    for place in shuffled(content_words(sentence, "NVGKJR", 0.8), rng):
        token = sentence.tokens[place]
        word = (WORDNET_POS[token.tag], token.lemma)
        if word not in table:
            continue
        lemma = pick(table[word], rng)
        edits = swap(sentence, place, lemma, resources.lexicon)
        if edits:
            made = apply(sentence.text, edits)
            starred = lemma in HOMOGRAPHS.get(word, ())
            return replace(made, type="homograph") if made and starred else made
    return None


def untranslated(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word left in another language: *the Minister für agriculture*."""
    del resources
    places = [i for i, t in enumerate(sentence.tokens) if t.lower in FOREIGN and not t.text.isupper()]
    if not places or len(sentence.words) < 4:
        return None
    place = pick(places, rng)
    token = sentence.tokens[place]
    new = cased(pick(FOREIGN[token.lower], rng).replace("-", " "), token.text)
    return apply(sentence.text, [Edit(token.start, token.end, new)])


# ---- what stands for what


@lru_cache(maxsize=20_000)
def _split(lexicon: Lexicon, lemma: str, pos: str) -> tuple[tuple[Synset, ...], tuple[Synset, ...]]:
    """The word's main senses and its other ones."""
    senses, counts = lexicon.wordnet.senses(lemma, pos), lexicon.wordnet.sense_counts(lemma, pos)
    total = sum(counts)
    if total < 3:
        return tuple(senses[:2]), tuple(senses[2:])
    main = tuple(
        s for i, (s, c) in enumerate(zip(senses, counts, strict=True)) if not i or c / total >= _MAIN
    )
    return main, tuple(s for s in senses if s not in main)


@lru_cache(maxsize=20_000)
def _near(lexicon: Lexicon, lemma: str, pos: str) -> frozenset[int]:
    """Offsets of the main senses and all close to them."""
    beside = {n.offset: n for s in _split(lexicon, lemma, pos)[0] for n in lexicon.wordnet.near(s)}
    if pos == "J":  # clusters of adjectives are small: one step more
        beside |= {n.offset: n for s in list(beside.values()) for n in lexicon.wordnet.near(s)}
    return frozenset(beside)


@lru_cache(maxsize=20_000)
def _wrong(lexicon: Lexicon, lemma: str, pos: str) -> tuple[str, ...]:
    """Synonyms of its lesser senses of another field, with no sense near a main one."""
    main, lesser = _split(lexicon, lemma, pos)
    fields = {s.field for s in main} if pos in "NV" else set()
    near = _near(lexicon, lemma, pos)
    words = {w for s in lesser if s.field not in fields for w in s.words if _usable(lexicon, w, lemma)}
    about = frozenset().union(*(s.gloss for s in main), (lemma,))
    far = (w for w in words if _far(lexicon.wordnet.senses(w, pos), near, fields))
    return tuple(sorted(w for w in far if not _told(lexicon, w, pos, about)))


def _far(senses: list[Synset], near: frozenset[int], fields: set[int]) -> bool:
    """No sense is near, and the commonest is of another field altogether."""
    return senses[0].field not in fields and not any(s.offset in near for s in senses)


def _told(lexicon: Lexicon, word: str, pos: str, about: frozenset[str]) -> bool:
    """Whether its main senses are explained with the same words (Lesk 1986): then it may well fit."""
    own = frozenset().union(*(s.gloss for s in _split(lexicon, word, pos)[0]), (word,))
    return bool(own & about)


@lru_cache(maxsize=20_000)
def _stilted(lexicon: Lexicon, lemma: str, pos: str) -> tuple[str, ...]:
    """Rare synonyms of its first sense."""
    senses = lexicon.wordnet.senses(lemma, pos)[:1]
    words = {w for s in senses for w in s.words if _usable(lexicon, w, lemma)}
    most = min(_STILTED, lexicon.zipf(lemma) - 2.0)
    return tuple(sorted(w for w in words if lexicon.zipf(w) <= most))


@lru_cache(maxsize=20_000)
def _any(lexicon: Lexicon, lemma: str, pos: str) -> tuple[str, ...]:
    """Every synonym of every sense: what a thesaurus lists under the word."""
    words = {w for s in lexicon.wordnet.senses(lemma, pos) for w in s.words if _usable(lexicon, w, lemma)}
    return tuple(sorted(words))


def _usable(lexicon: Lexicon, word: str, lemma: str) -> bool:
    """A plain lower-case word that someone has used, and no variant of the same stem."""
    plain = word.isalpha() and word.isascii() and word.islower() and len(word) > 2
    if not plain or not decent(word, lexicon.wordnet):
        return False
    same = word[:5] == lemma[:5] or (
        len(lemma) > 3 and lemma[:4] == word[:4] and abs(len(word) - len(lemma)) < 3
    )
    return not same and lexicon.zipf(word) >= _KNOWN
