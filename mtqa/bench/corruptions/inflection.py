"""Wrong forms: agreement, tense, number, pronoun case, prepositions, articles."""

from __future__ import annotations

import itertools
import re

import numpy as np

from mtqa.bench.corruptions.choose import content_words, pick, put, removal, shuffled
from mtqa.bench.corruptions.closed import DO, MODALS, SUBJECTS
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Lexicon, Sentence, Token, article_for
from mtqa.bench.corruptions.guards import (
    CROWDS,
    EITHER_NUMBER,
    JOINS_SUBJECTS,
    MEASURES,
    NO_ARTICLE,
    OFFICE_VERBS,
    OFFICES,
    TAKES_OF,
    TO_A_THING,
)
from mtqa.bench.corruptions.resources import Resources
from mtqa.bench.corruptions.tables import GOVERNED, GOVERNED_NOUNS, PREPOSITIONS

_NUMBER = {"is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "does": "do"}
_OBJECT = {"i": "me", "we": "us", "they": "them", "he": "him", "she": "her"}
_SUBJECT = {"me": "I", "us": "we", "them": "they", "him": "he"}
#: Fields of WordNet's nouns that no time is counted from: animals, things, bodies, food, plants, matter.
_CONCRETE = frozenset({5, 6, 8, 13, 17, 20, 27})
#: Fields that may be a mass: qualities, feelings, food, phenomena, possessions, processes, states, matter.
_MASS = frozenset({7, 12, 13, 19, 21, 22, 26, 27})
#: Words behind which an article is left out in good English: *the cat and dog*, *half hour*.
_SPARE_ARTICLES = frozenset(
    {"that", "and", "or", "nor", "half", "all", "both", "twice", "once", "times", "said"}
)
_SPARE_ARTICLES |= {"what", "which", "whatever", "whichever"}
#: Of these some say *an*: the h is weak or the stress lies behind it.
_EITHER_ARTICLE = re.compile(
    r"h(?:abit|allu|armo|ei|erb|ere|ero|ila|ist|oma|on|orr|ot|our|umb|yp|yst)", re.IGNORECASE
)
_PLURAL = frozenset(
    {"these", "those", "many", "several", "few", "both", "two", "three", "four", "five", "six"}
)


def agreement(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Verb or noun in the wrong number: *the farmers was*, *she go*, *many problem*."""
    tokens = sentence.tokens
    options: list[list[Edit]] = []
    for i in range(1, len(tokens)):
        form = _wrong_number(tokens, i, resources.lexicon)
        if form and form != tokens[i].lower and tokens[i].text.islower():
            options.append(put(sentence, i, form))
    return apply(sentence.text, pick(options, rng)) if options else None


def _wrong_number(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> str | None:
    token, before = tokens[place], tokens[place - 1]
    if token.lower in _NUMBER and before.tag in "NI" and before.lower not in {"you", "who", "what"}:
        return None if _conditional(tokens, place) or _unnumbered(tokens, place) else _NUMBER[token.lower]
    if token.tag == "V" and token.sure > 0.9 and before.lower in {"he", "she", "it"} and token.fine == "VBZ":
        # Behind *that* a bare form may be a subjunctive: *they ask that he go*.
        wished = place > 1 and tokens[place - 2].lower == "that"
        return None if wished or token.lemma == "say" else token.lemma
    if token.tag == "V" and token.sure > 0.9 and before.lower in {"we", "they", "i"} and token.fine == "VB":
        return lexicon.inflected(token.lemma, "VBZ") if place == 1 or tokens[place - 2].tag in "SC" else None
    if token.tag == "N" and token.sure > 0.9 and not _noun_follows(tokens, place):
        if before.lower in _PLURAL and token.fine == "NNS":
            return None if token.lemma in MEASURES else token.lemma
        countable = token.fine == "NN" and before.lower in {"a", "an", "this", "every", "each"}
        verb = before.lower == "this" and lexicon.wordnet.has(token.lemma, "V")  # *this works* is a sentence
        return lexicon.inflected(token.lemma, "NNS") if countable and not verb else None
    return None


def _conditional(tokens: tuple[Token, ...], place: int) -> bool:
    """*If I were*, *as though it were*, *I would rather it were*."""
    unreal = {"if", "wish", "wishes", "whether", "though", "suppose", "rather", "only"}
    return any(t.lower in unreal for t in tokens[:place])


def _unnumbered(tokens: tuple[Token, ...], place: int) -> bool:
    """Whether the verb's subject may take either number: collectives, *there*, two joined, quantities.

    So may a country, a team or a firm (*England were beaten*), which at the start looks like any noun.
    """
    if place == 1 and tokens[0].tag == "N" and tokens[0].fine != "NNS" and tokens[0].text[0].isupper():
        return True
    clause = list(itertools.takewhile(lambda t: t.is_word or t.tag == "Q", reversed(tokens[:place])))
    summed = any(t.tag == "Q" for t in clause) and tokens[place].lower in {"is", "was", "has", "does"}
    return summed or any({t.lower, t.lemma} & (EITHER_NUMBER | JOINS_SUBJECTS) for t in clause)


def _noun_follows(tokens: tuple[Token, ...], place: int) -> bool:
    return place + 1 < len(tokens) and tokens[place + 1].tag in "NLGJ" and tokens[place + 1].is_word


def tense(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A verb form that its place rules out: *will went*, *to dying*, *it following that*, *has ate it*."""
    options: list[tuple[int, str]] = []
    for i in range(1, len(sentence.tokens)):
        options += [(i, form) for form in _wrong_tense(sentence.tokens, i, resources.lexicon)]
    if not options:
        return None
    place, form = pick(options, rng)
    return apply(sentence.text, put(sentence, place, form))


def _wrong_tense(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> list[str]:
    token, before = tokens[place], tokens[place - 1]
    if token.sure < 0.9 or token.tag not in "VGK" or not token.text.islower() or token.lemma == "say":
        return []
    bare = before.tag == "T" or before.lower in MODALS or before.lower in DO
    wanted: tuple[str, ...]
    if token.tag == "V" and token.fine == "VB" and bare:
        wanted = ("VBD", "VBZ", "VBG") if before.tag != "T" else ("VBD", "VBZ")
    elif token.tag == "K" and before.lower in {"has", "have", "had"}:
        wanted = ("VB", "VBG", "VBZ")
    elif token.tag == "K" and before.lower in {"is", "are", "was", "were"}:
        wanted = ("VB", "VBZ")
    elif token.tag == "V" and before.lower in SUBJECTS and token.fine in {"VBD", "VBZ"}:
        wanted = ("VBG",)
    else:
        return []
    forms = {f: lexicon.inflected(token.lemma, f) for f in (*wanted, "VBN")}
    same = {token.lower, forms["VBN"] if token.tag == "K" else token.lower}
    return [
        f for w in wanted if (f := forms[w]) and f not in same and not _fits(tokens, place, (w, f), lexicon)
    ]


def _fits(tokens: tuple[Token, ...], place: int, form: tuple[str, str], lexicon: Lexicon) -> bool:
    """Whether the form, ``(Penn tag, word)``, is another word that may stand there.

    *The shop is open*, *hope to found a school*, *has work*, *are plans*, *have increasing costs*.
    """
    token, before, (fine, word) = tokens[place], tokens[place - 1], form
    noun = lexicon.wordnet.has(token.lemma, "N")
    if token.tag == "K":
        named = noun and (fine == "VBZ" or (fine == "VB" and word in NO_ARTICLE))
        joined = fine == "VBG" and place + 1 < len(tokens) and tokens[place + 1].tag in "NJ"
        return named or joined or (before.tag == "B" and lexicon.wordnet.has(word, "J"))
    given = (
        before.tag == "T" and place > 1 and {tokens[place - 2].lower, tokens[place - 2].lemma} & TO_A_THING
    )
    return lexicon.wordnet.has(word, "V") or bool(noun and fine == "VBZ" and given)


def pronoun(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A pronoun in the wrong case: *us sang this hymn*, *they told he*."""
    del resources
    tokens = sentence.tokens
    options: list[Edit] = []
    for i, token in enumerate(tokens):
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        before = tokens[i - 1] if i else None
        if token.lower in _OBJECT and after and after.tag in "VMB" and (not before or before.tag in "SC"):
            new = _OBJECT[token.lower]
            capital = token.text[0].isupper() and (token.lower != "i" or token is sentence.first_word())
            options.append(Edit(token.start, token.end, new.title() if capital else new))
        governed = (
            before
            and before.tag in "VP"
            and before.sure > 0.9
            and before.lower not in {"than", "as", "but", "like", "except"}
            and (after is None or after.tag in "SPT")
        )
        if token.text in _SUBJECT and governed:
            options.append(Edit(token.start, token.end, _SUBJECT[token.lower]))
    return apply(sentence.text, [pick(options, rng)]) if options else None


def preposition(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A preposition that its word does not take: *interested of*, *consists at*."""
    tokens = sentence.tokens
    found = []
    for i in range(1, len(tokens) - 1):
        token, before, after = tokens[i], tokens[i - 1], tokens[i + 1]
        bound = before.tag in "NVKJG" and before.sure > 0.85 and before.is_word
        plain = token.text in PREPOSITIONS and token.tag in "PT" and token.sure > 0.9
        headed = after.is_word and after.tag in "DNLJI" and after.lower not in {"all", "that", "which"}
        if bound and plain and headed:
            found.append(i)
    if not found:
        return None
    governed = [i for i in found if _governed(tokens[i - 1], tokens[i].text)]
    place = pick(governed or found, rng)
    if governed:
        # Before what may be a verb *to* makes an infinitive: *ready to use*.
        verb = resources.lexicon.wordnet.has(tokens[place + 1].lower, "V")
        options = [p for p in _governed(tokens[place - 1], tokens[place].text) if p != "to" or not verb]
    else:
        wrong = PREPOSITIONS[tokens[place].text]
        options = [p for p in wrong if _never(p, tokens, place, resources.lexicon)]
    return apply(sentence.text, put(sentence, place, pick(options, rng))) if options else None


def _governed(head: Token, preposition: str) -> tuple[str, ...]:
    """The prepositions that the word does not take, where it takes this one."""
    table = GOVERNED_NOUNS if head.tag == "N" else GOVERNED
    taken, *wrong = table.get(head.lemma, ("",))
    return tuple(wrong) if taken == preposition else ()


def _never(new: str, tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """Whether the new preposition is surely wrong there: *of* fits most nouns, *since* any event."""
    before, noun = tokens[place - 1], _headed(tokens, place + 1)
    if new == "of":
        return before.tag in "VGK" and before.lemma not in TAKES_OF
    if noun is None:
        return False
    if new in {"between", "among"}:
        joined = any(t.lower in {"and", "or"} for t in tokens[place : place + 9])
        return noun.fine == "NN" and noun.lemma not in CROWDS and not joined
    senses = lexicon.wordnet.senses(noun.lemma, "N")
    concrete = bool(senses) and senses[0].field in _CONCRETE
    return not concrete if new == "onto" else concrete


def _headed(tokens: tuple[Token, ...], start: int) -> Token | None:
    """The last noun of the noun phrase that begins there; None for a name, a pronoun, or what is unsure."""
    end = start
    while end < len(tokens) and tokens[end].tag in "DJQ":
        end += 1
    first = end
    while end < len(tokens) and tokens[end].tag == "N":
        end += 1
    surely = end > first and tokens[end - 1].sure > 0.9
    return tokens[end - 1] if surely and (end == len(tokens) or tokens[end].tag != "L") else None


def article(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """An article missing, too many, or of the wrong sound: *bought car*, *the his house*, *a apple*."""
    kinds = (_article_dropped, _article_dropped, _article_added, _article_sound)
    for kind in shuffled(kinds, rng):
        edits = kind(sentence, rng, resources.lexicon)
        if edits:
            return apply(sentence.text, edits)
    return None


def _article_dropped(sentence: Sentence, rng: np.random.Generator, lexicon: Lexicon) -> list[Edit]:
    """One before a singular noun that counts, in the middle of a sentence."""
    tokens = sentence.tokens
    found = []
    for i in range(1, len(tokens) - 1):
        before, head = tokens[i - 1], _headed(tokens, i + 1)
        if tokens[i].text not in {"a", "an", "the"} or head is None or not before.is_word:
            continue
        plural = lexicon.inflected(head.lemma, "NNS") if head.fine == "NN" else None
        loose = tokens[i].text == "the" and _abstract(head.lemma)
        office = head.lemma in OFFICES and before.lemma in OFFICE_VERBS
        spared = office or head.lemma in NO_ARTICLE or before.lower in _SPARE_ARTICLES
        if plural and not loose and not spared and _counted(lexicon, head.lemma, plural):
            found.append(i)
    place = pick(found, rng) if found else None
    return [] if place is None else removal(sentence, place, place)


def _abstract(lemma: str) -> bool:
    """Nouns that go without an article as well: *treatment*, *production*, *safety*."""
    return lemma.endswith(
        ("ment", "ion", "ing", "ance", "ence", "ity", "ness", "ship", "ism", "th", "age", "al")
    )


def _counted(lexicon: Lexicon, lemma: str, plural: str) -> bool:
    return plural != lemma and lexicon.zipf(plural) > lexicon.zipf(lemma) - 0.9


def _article_added(sentence: Sentence, rng: np.random.Generator, lexicon: Lexicon) -> list[Edit]:
    """One before a possessive, a determiner or a pronoun."""
    del lexicon
    owned = {
        "my",
        "your",
        "our",
        "their",
        "its",
        "this",
        "these",
        "another",
        "every",
        "him",
        "it",
        "them",
        "us",
    }
    found = [t for t in sentence.tokens[1:] if t.text in owned]
    return [Edit(p.start, p.start, "the ")] if found and (p := pick(found, rng)) else []


def _article_sound(sentence: Sentence, rng: np.random.Generator, lexicon: Lexicon) -> list[Edit]:
    """*an car*, *a apple*."""
    del lexicon
    tokens = sentence.tokens
    found = [
        t
        for t, after in itertools.pairwise(tokens)
        if t.text in {"a", "an"} and _one_sound(after.text) and article_for(after.text) == t.text
    ]
    return (
        [Edit(p.start, p.end, "a" if p.text == "an" else "an")] if found and (p := pick(found, rng)) else []
    )


def _one_sound(word: str) -> bool:
    """Whether all give it the same article: not *historic* or *hotel*, nor letters and acronyms."""
    return word.islower() and len(word) > 2 and not _EITHER_ARTICLE.match(word)


def noun_number(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A noun in the singular without article: *in all province of the country*."""
    tokens = sentence.tokens
    found = [
        i
        for i in content_words(sentence, "N", 0.9)
        if i
        and tokens[i].fine == "NNS"
        and tokens[i - 1].tag in "VPJG"
        and not _noun_follows(tokens, i)
        and _bare(tokens, i)
        and not _may_be_mass(tokens[i].lemma, resources.lexicon)
        and resources.lexicon.zipf(tokens[i].lemma) < resources.lexicon.zipf(tokens[i].lower) + 0.8
    ]
    if not found:
        return None
    place = pick(found, rng)
    return apply(sentence.text, put(sentence, place, tokens[place].lemma))


def _may_be_mass(lemma: str, lexicon: Lexicon) -> bool:
    """Whether the singular stands alone as well: *longer-term commitment*, *reductions in expenditure*."""
    senses = lexicon.wordnet.senses(lemma, "N")
    return lemma in NO_ARTICLE or _abstract(lemma) or bool(senses and senses[0].field in _MASS)


def _bare(tokens: tuple[Token, ...], place: int) -> bool:
    """No article, possessive or name stands before the noun and its adjectives."""
    start = place - 1
    while start > 0 and tokens[start].tag == "J":
        start -= 1
    return tokens[start].tag in "VPG"
