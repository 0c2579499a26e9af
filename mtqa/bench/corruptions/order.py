"""Wrong word order, and words dropped, doubled or repeated."""

from __future__ import annotations

import itertools
import re

import numpy as np

from mtqa.bench.corruptions.choose import article_edits, content_words, pick, removal, shuffled
from mtqa.bench.corruptions.closed import BIGRAMS
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Lexicon, Sentence, Token
from mtqa.bench.corruptions.guards import (
    AFTER_NOUNS,
    BARE_INFINITIVE,
    LOOSE_OF,
    NEVER_ADVERBS,
    NEVER_ALONE,
    NEVER_LAST,
    OBJECT_STATE,
    PERIODS,
    REPORTING,
    SAID_OVER,
    SAID_TWICE,
    TAKES_OF,
    TO_A_THING,
    TWO_OBJECTS,
)
from mtqa.bench.corruptions.resources import Resources

_DATES_TEXT = """
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday last next this
"""
#: What stands without a preposition in headlines and American prose.
_DATES = frozenset(_DATES_TEXT.split())
_BE = frozenset({"is", "are", "was", "were", "be", "been", "being", "am"})
#: Words that bring in a clause which ends on its verb: *what the town was*.
_ASKS = frozenset({"what", "how", "where", "who", "than", "as", "whatever", "why", "when"})
#: From this weight on (see `closed.BIGRAMS`) a pair of tags is good English; how often an order is drawn.
_RARE_PAIR, _TRIES = 0.3, 6
_CLAUSE_END = frozenset(
    {",", ".", ";", ":", "!", "?", "–", "—", "-", "...", '"', "”", ")", '."', ".”", ',"', ",”"}
)


def adjective_after_noun(
    sentence: Sentence, rng: np.random.Generator, resources: Resources
) -> Corruption | None:
    """*a very old bridge* → *a bridge very old*, as Romance languages have it."""
    del resources
    tokens = sentence.tokens
    found = []
    for i in content_words(sentence, "J", 0.9):
        nouns = _noun_run(tokens, i + 1)
        plain = tokens[i].fine == "JJ" and tokens[i].text.islower() and not _follows_nouns(tokens, i, nouns)
        if nouns > i and plain and _spaced(sentence, i, nouns):
            found.append((i, nouns))
    if not found:
        return None
    first, last = pick(found, rng)
    new = f"{_between(sentence, first + 1, last)} {tokens[first].text}"
    edits = [Edit(tokens[first].start, tokens[last].end, new)]
    return apply(sentence.text, [*edits, *article_edits(sentence, first, new)])


def _follows_nouns(tokens: tuple[Token, ...], place: int, last: int) -> bool:
    """Whether the adjective could stand behind its noun: *all means possible*, *left the door open*.

    Before a preposition most can (*a plan similar to ours*); before *of* few (*a capacity full of*).
    """
    word = tokens[place].lower
    verbs = {t.lemma for t in tokens[max(0, place - 3) : place] if t.tag in "VGK"}
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    opens = after is not None and after.tag in "PT" and (after.lower != "of" or word in TAKES_OF)
    return opens or word in AFTER_NOUNS or word.endswith(("able", "ible")) or bool(verbs & OBJECT_STATE)


def _noun_run(tokens: tuple[Token, ...], start: int) -> int:
    """The last of the nouns that begin at ``start``; ``start - 1`` where there is none."""
    end = start
    while end < len(tokens) and tokens[end].tag == "N" and tokens[end].sure >= 0.9:
        end += 1
    return end - 1


def verb_final(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The verb at the end of its clause: *the council the new road last week approved*."""
    del resources
    tokens = sentence.tokens
    for place in shuffled([i for i, t in enumerate(tokens) if _finite(t) and i], rng):
        end = place + 1
        while end < len(tokens) and tokens[end].text not in _CLAUSE_END and tokens[end].tag != "C":
            end += 1
        if not 4 <= end - place <= 14 or not _spaced(sentence, place, end - 1):
            continue
        rest = _between(sentence, place + 1, end - 1)
        new = f"{rest} {tokens[place].text}"
        return apply(sentence.text, [Edit(tokens[place].start, tokens[end - 1].end, new)])
    return None


def _finite(token: Token) -> bool:
    verb = token.tag == "V" and token.sure >= 0.85 and token.fine in {"VBD", "VBZ"}
    return (verb or token.lower in {"is", "was", "are", "were", "has", "had"}) and token.text.islower()


def verb_first(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The verb before its subject: *Yesterday arrived they at*, *Went she home*."""
    del resources
    tokens = sentence.tokens
    found = [
        i
        for i in range(len(tokens) - 2)
        if tokens[i].lower in {"we", "they", "he", "she", "it"}
        and _finite(tokens[i + 1])
        and tokens[i + 1].tag == "V"
        and tokens[i + 1].lemma != "say"
        and not _reports(sentence, i)
        and _spaced(sentence, i, i + 1)
    ]
    if not found:
        return None
    first = pick(found, rng)
    pronoun, verb = tokens[first], tokens[first + 1]
    new = f"{verb.text} {pronoun.lower}"
    new = new[0].upper() + new[1:] if pronoun.text[0].isupper() else new
    return apply(sentence.text, [Edit(pronoun.start, verb.end, new)])


def _reports(sentence: Sentence, place: int) -> bool:
    """Whether the pronoun and its verb stand beside a quotation: *“We won,” added he* is good English."""
    tokens, text = sentence.tokens, sentence.text
    before = tokens[place - 1] if place else None
    closed = before is not None and text[before.end : tokens[place].start] == " " and _quoted(before.text)
    return closed or (_quoted(text) and tokens[place + 1].lemma in REPORTING)


def _quoted(text: str) -> bool:
    return any(mark in text for mark in '"“”»«„‘') or text.endswith(("'", "’"))


def scramble(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Three to six neighbouring words in another order."""
    del resources
    tokens = sentence.tokens
    length = int(rng.integers(3, 7))
    starts = [i for i in range(len(tokens) - length + 1) if _plain_run(sentence, i, i + length - 1)]
    if not starts:
        return None
    first = pick(starts, rng)
    run = tokens[first : first + length]
    for _ in range(_TRIES):
        order = [int(i) for i in rng.permutation(length)]
        if int((np.diff(order) != 1).sum()) < 2 or sum(i != o for i, o in enumerate(order)) < 3:
            order = [int(i) for i in np.roll(np.arange(length)[::-1], 1)]
        if _impossible(sentence, first, order):
            new = " ".join(run[i].text for i in order)
            return apply(sentence.text, [Edit(run[0].start, run[-1].end, new)])
    return None


def _impossible(sentence: Sentence, first: int, order: list[int]) -> bool:
    """Whether the order has a pair of tags that English hardly has: *serve with it a slice* has none."""
    tokens, last = sentence.tokens, first + len(order)
    run = [*tokens[max(0, first - 1) : first], *(tokens[first + i] for i in order), *tokens[last : last + 1]]
    pairs = [(a.tag, b.tag) for a, b in itertools.pairwise(run)]
    return any(BIGRAMS.get(pair, 1.0) <= _RARE_PAIR for pair in pairs)


def _plain_run(sentence: Sentence, first: int, last: int) -> bool:
    """Words with single spaces between them, of which two at least carry meaning; no names, no lists."""
    run = sentence.tokens[first : last + 1]
    if not all(t.is_word and t.text.islower() for t in run) or not _spaced(sentence, first, last):
        return False
    return sum(t.tag not in "NVGKJR" for t in run) >= 1 and len({t.tag for t in run}) >= 3


def drop_content(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A noun or verb is missing: *the new will open in May*."""
    tokens = sentence.tokens
    found = []
    for i in content_words(sentence, "NV", 0.9):
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        before = tokens[i - 1] if i else None
        if after is None or before is None or not before.is_word:
            continue
        if _noun_lacks(tokens, i, resources.lexicon) or _verb_lacks(tokens, i, resources.lexicon):
            found.append(i)
    place = _one(found, rng)
    return None if place is None else apply(sentence.text, removal(sentence, place, place))


def _noun_lacks(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """Whether a noun without which its article or preposition has nothing to stand by.

    What follows must be no noun itself, whatever its tag: *the bus stop* has one left.
    """
    before, after = tokens[place - 1], tokens[place + 1]
    hanging = before.lower in (NEVER_ALONE if before.tag == "D" else NEVER_ADVERBS)
    named = after.tag == "V" and lexicon.lemma(after.lower, "N") is not None
    return tokens[place].tag == "N" and hanging and after.tag in "VMBP" and after.sure > 0.9 and not named


def _verb_lacks(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """Whether a verb without which its clause has none, and no noun's head: *a conference call with*."""
    before, after = tokens[place - 1], tokens[place + 1]
    if before.tag == "T" and place > 1 and {tokens[place - 2].lower, tokens[place - 2].lemma} & TO_A_THING:
        return False
    clause = before.tag in "NILMT" and after.tag in "DIP" and before.lower != "that"
    headed = before.tag in "NL" and lexicon.lemma(tokens[place].lower, "N") is not None
    return tokens[place].tag == "V" and clause and not headed


def drop_function(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A function word is missing: *he wants go home*, *the price milk*."""
    tokens = sentence.tokens
    found = []
    for i in range(1, len(tokens) - 1):
        token, before, after = tokens[i], tokens[i - 1], tokens[i + 1]
        if not (before.is_word and after.is_word and token.text.islower()):
            continue
        if any(lacks(tokens, i, resources.lexicon) for lacks in (_linked, _genitive, _infinitive, _being)):
            found.append(i)
    place = _one(found, rng)
    return None if place is None else apply(sentence.text, removal(sentence, place, place))


def _linked(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """A preposition that joins a noun or a passive to what follows, which is no period (*for a week*)."""
    del lexicon
    token, before, after = tokens[place], tokens[place - 1], tokens[place + 1]
    preposition = token.lower in {"of", "in", "for", "at", "from", "with", "by", "into"}
    dated = after.lower in _DATES or after.text[0].isdigit()
    period = any({t.lemma, t.lower} & PERIODS for t in tokens[place + 1 : place + 5])
    loose = token.lower == "of" and before.lemma in LOOSE_OF
    # Only a passive: *the men arrested by the police*, *had met with them* are sound without.
    passive = place > 1 and tokens[place - 2].lower in _BE and before.lemma not in TWO_OBJECTS
    joined = before.tag == "N" or (before.tag == "K" and passive)
    plain = preposition and after.tag in "DIL" and before.sure > 0.9
    return plain and joined and not (dated or period or loose)


def _genitive(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """*The price milk*; but *two cups sugar*."""
    del lexicon
    token, before, after = tokens[place], tokens[place - 1], tokens[place + 1]
    plain = token.lower == "of" and before.tag == "N" and after.tag in "NJ" and after.fine != ""
    return plain and before.lemma not in LOOSE_OF


def _infinitive(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """*He wants go home*; but *helped rebuild*."""
    del lexicon
    token, before, after = tokens[place], tokens[place - 1], tokens[place + 1]
    bare = {before.lemma, before.lower} & BARE_INFINITIVE
    return token.tag == "T" and after.tag == "V" and before.tag in "NVJKL" and not bare


def _being(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """*The shop closing*; but *the shop will open* is a sentence."""
    token, before, after = tokens[place], tokens[place - 1], tokens[place + 1]
    verb = before.tag == "M" and lexicon.wordnet.has(after.lemma, "V")
    return token.lower in _BE - {"am"} and after.tag in "DGJP" and before.tag in "NILM" and not verb


def doubled(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word or a phrase of up to four words stands twice."""
    del resources
    length = 1 if rng.random() < 0.5 else int(rng.integers(2, 5))
    found = []
    for i in range(len(sentence.tokens) - length):
        run = sentence.tokens[i : i + length]
        calm = all(t.is_word for t in run) and _spaced(sentence, i, i + length - 1)
        name = length == 1 and run[0].tag == "L"
        if calm and not name and not _rising(sentence.tokens, i, length) and run[0].lower not in SAID_TWICE:
            found.append(i)
    return _repeat(sentence, found, length, (1, 2), rng)


def loop(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A phrase over and over: *of the house of the house of the house of the house*."""
    del resources
    length = int(rng.integers(1, 6))
    found = [
        i
        for i in range(1, len(sentence.tokens) - length)
        if all(t.is_word for t in sentence.tokens[i : i + length])
        and _spaced(sentence, i, i + length - 1)
        and sentence.tokens[i + length - 1].tag in ("NVL" if length > 1 else "NL")
        and sentence.tokens[i].lower not in SAID_OVER
        and not _rising(sentence.tokens, i, length)
    ]
    return _repeat(sentence, found, length, (2, 6), rng)


def _rising(tokens: tuple[Token, ...], place: int, length: int) -> bool:
    """Whether the run is said twice already: *more and more and more*, *day after day* are no slips."""
    before, after = tokens[max(0, place - 1) : place], tokens[place + length : place + length + 1]
    return any(t.lower == tokens[place + length - 1].lower for t in before) or any(
        t.lower == tokens[place].lower for t in after
    )


def _repeat(
    sentence: Sentence, found: list[int], length: int, times: tuple[int, int], rng: np.random.Generator
) -> Corruption | None:
    """One of the runs repeated; often with a comma or *and* between, as decoders do."""
    place = _one(found, rng)
    if place is None:
        return None
    first, last = sentence.tokens[place], sentence.tokens[place + length - 1]
    phrase = sentence.text[first.start : last.end]
    if first is sentence.first_word() and first.text != "I" and (length == 1 or first.tag != "L"):
        phrase = phrase[0].lower() + phrase[1:] if first.text.istitle() else phrase
    count = int(rng.integers(*times))
    joint = " " if count == 1 else pick((" ", " ", ", ", " and ", ", and "), rng)
    return apply(sentence.text, [Edit(last.end, last.end, (joint + phrase) * count)])


def truncated(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The sentence breaks off; its last marks may stay."""
    tokens = sentence.tokens
    found = [
        i
        for i in range(max(3, len(tokens) // 4), len(tokens) - 3)
        if tokens[i].is_word and tokens[i + 1].is_word and _never_last(tokens, i, resources.lexicon)
    ]
    place = _one(found, rng)
    if place is None:
        return None
    closing = re.search(r"[.!?]?[\"”’)]*$", sentence.text)
    end = closing.start() if closing and rng.random() < 0.6 else len(sentence.text)
    return apply(sentence.text, [Edit(tokens[place].end, end, "")])


def _never_last(tokens: tuple[Token, ...], place: int, lexicon: Lexicon) -> bool:
    """Whether no sentence ends there: *is paid for*, *costs more*, *waited outside*, *wants to* are ends."""
    token, before = tokens[place], tokens[place - 1]
    if token.sure <= 0.9:
        return False
    if token.tag == "D":
        return token.lower in NEVER_ALONE
    if token.tag == "J":
        return before.lower in NEVER_ALONE - {"the"} and not lexicon.wordnet.has(token.lemma, "N")
    if token.tag in "MB":
        asked = any(t.lower in _ASKS for t in tokens[:place])
        return before.tag in "NL" and not asked
    if token.tag in "PC":
        stranded = before.tag in "VGKIMB" or not before.is_word
        return token.lower in NEVER_LAST or (token.lower in NEVER_ADVERBS and not stranded)
    return False


def _one(found: list[int], rng: np.random.Generator) -> int | None:
    return pick(found, rng) if found else None


def _between(sentence: Sentence, first: int, last: int) -> str:
    return sentence.text[sentence.tokens[first].start : sentence.tokens[last].end]


def _spaced(sentence: Sentence, first: int, last: int) -> bool:
    """Whether single spaces part those tokens."""
    run = sentence.tokens[first : last + 1]
    return all(sentence.text[a.end : b.start] == " " for a, b in itertools.pairwise(run))
