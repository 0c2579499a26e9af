"""Wrong word order, and words dropped, doubled or repeated."""

from __future__ import annotations

import itertools
import re

import numpy as np

from mtqa.bench.corruptions.choose import content_words, pick, removal, shuffled
from mtqa.bench.corruptions.edits import Corruption, Edit, apply
from mtqa.bench.corruptions.grammar import Sentence, Token, article_for
from mtqa.bench.corruptions.resources import Resources

_DATES_TEXT = """
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday last next this
"""
#: What stands without a preposition in headlines and American prose.
_DATES = frozenset(_DATES_TEXT.split())
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
        if nouns > i and tokens[i].fine == "JJ" and _spaced(sentence, i, nouns) and tokens[i].text.islower():
            found.append((i, nouns))
    if not found:
        return None
    first, last = pick(found, rng)
    new = f"{_between(sentence, first + 1, last)} {tokens[first].text}"
    edits = [Edit(tokens[first].start, tokens[last].end, new)]
    return apply(sentence.text, [*edits, *_article(sentence, first, new)])


def _article(sentence: Sentence, place: int, new: str) -> list[Edit]:
    before = sentence.tokens[place - 1] if place else None
    if before is None or before.text not in {"a", "an"} or before.text == article_for(new):
        return []
    return [Edit(before.start, before.end, article_for(new), marked=False)]


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
    """The verb before its subject: *Said the minister that …*, *Yesterday arrived they at*."""
    del resources
    tokens = sentence.tokens
    found = [
        i
        for i in range(len(tokens) - 2)
        if tokens[i].lower in {"we", "they", "he", "she", "it"}
        and _finite(tokens[i + 1])
        and tokens[i + 1].tag == "V"
        and tokens[i + 1].lemma != "say"
        and _spaced(sentence, i, i + 1)
    ]
    if not found:
        return None
    first = pick(found, rng)
    pronoun, verb = tokens[first], tokens[first + 1]
    new = f"{verb.text} {pronoun.lower}"
    new = new[0].upper() + new[1:] if pronoun.text[0].isupper() else new
    return apply(sentence.text, [Edit(pronoun.start, verb.end, new)])


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
    order = rng.permutation(length)
    if int((np.diff(order) != 1).sum()) < 2 or int((order != np.arange(length)).sum()) < 3:
        order = np.roll(np.arange(length)[::-1], 1)
    new = " ".join(run[int(i)].text for i in order)
    return apply(sentence.text, [Edit(run[0].start, run[-1].end, new)])


def _plain_run(sentence: Sentence, first: int, last: int) -> bool:
    """Words with single spaces between them, of which two at least carry meaning; no names, no lists."""
    run = sentence.tokens[first : last + 1]
    if not all(t.is_word and t.text.islower() for t in run) or not _spaced(sentence, first, last):
        return False
    return sum(t.tag not in "NVGKJR" for t in run) >= 1 and len({t.tag for t in run}) >= 3


def drop_content(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A noun or verb is missing: *the new will open in May*."""
    del resources
    tokens = sentence.tokens
    found = []
    for i in content_words(sentence, "NV", 0.9):
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        before = tokens[i - 1] if i else None
        if after is None or before is None or not before.is_word:
            continue
        noun = tokens[i].tag == "N" and before.tag in "DP" and after.tag in "VMBP" and after.sure > 0.9
        verb = (
            tokens[i].tag == "V" and before.tag in "NILMT" and after.tag in "DIP" and before.lower != "that"
        )
        if (
            noun
            and before.tag == "D"
            and before.lower in {"this", "that", "these", "those", "some", "all", "his"}
        ):
            continue
        if noun or verb:
            found.append(i)
    return (
        apply(sentence.text, removal(sentence, place, place))
        if (place := _one(found, rng)) is not None
        else None
    )


def drop_function(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A function word is missing: *he wants go home*, *the price milk*."""
    del resources
    tokens = sentence.tokens
    found = []
    for i in range(1, len(tokens) - 1):
        token, before, after = tokens[i], tokens[i - 1], tokens[i + 1]
        if not (before.is_word and after.is_word and token.text.islower()):
            continue
        preposition = token.lower in {"of", "in", "for", "at", "from", "with", "by", "into"}
        dated = after.lower in _DATES or after.text[0].isdigit()
        linked = preposition and before.tag in "NK" and after.tag in "DIL" and before.sure > 0.9 and not dated
        genitive = token.lower == "of" and before.tag == "N" and after.tag in "NJ" and after.fine != ""
        infinitive = (
            token.tag == "T" and after.tag == "V" and before.tag in "NVJKL" and before.lower != "help"
        )
        being = token.lower in {"is", "are", "was", "were", "be", "been"} and after.tag in "DGJP"
        if linked or genitive or infinitive or (being and before.tag in "NILM"):
            found.append(i)
    return (
        apply(sentence.text, removal(sentence, place, place))
        if (place := _one(found, rng)) is not None
        else None
    )


def doubled(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """A word or a phrase of up to four words stands twice."""
    del resources
    length = 1 if rng.random() < 0.5 else int(rng.integers(2, 5))
    found = []
    for i in range(len(sentence.tokens) - length):
        run = sentence.tokens[i : i + length]
        calm = all(t.is_word for t in run) and _spaced(sentence, i, i + length - 1)
        name = length == 1 and run[0].tag == "L"
        if (
            calm
            and not name
            and run[0].lower not in {"that", "had", "very", "really", "bye", "no", "so", "more"}
        ):
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
        and sentence.tokens[i + length - 1].tag in "NVL"
    ]
    return _repeat(sentence, found, length, (2, 6), rng)


def _repeat(
    sentence: Sentence, found: list[int], length: int, times: tuple[int, int], rng: np.random.Generator
) -> Corruption | None:
    """One of the runs repeated; often with a comma or *and* between, as decoders do."""
    place = _one(found, rng)
    if place is None:
        return None
    first, last = sentence.tokens[place], sentence.tokens[place + length - 1]
    phrase = sentence.text[first.start : last.end]
    phrase = (
        phrase.lower() if first is sentence.first_word() and first.text.istitle() and length == 1 else phrase
    )
    if first is sentence.first_word() and first.tag != "L" and phrase[:2].istitle():
        phrase = phrase[0].lower() + phrase[1:]
    count = int(rng.integers(*times))
    joint = " " if count == 1 else pick((" ", " ", ", ", " and ", ", and "), rng)
    return apply(sentence.text, [Edit(last.end, last.end, (joint + phrase) * count)])


def truncated(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """The sentence breaks off; its last marks may stay."""
    del resources
    tokens = sentence.tokens
    found = [
        i
        for i in range(max(3, len(tokens) // 4), len(tokens) - 3)
        if tokens[i].tag in "DPTMBJC" and tokens[i].is_word and tokens[i + 1].is_word and tokens[i].sure > 0.9
    ]
    place = _one(found, rng)
    if place is None:
        return None
    closing = re.search(r"[.!?]?[\"”’)]*$", sentence.text)
    end = closing.start() if closing and rng.random() < 0.6 else len(sentence.text)
    return apply(sentence.text, [Edit(tokens[place].end, end, "")])


def _one(found: list[int], rng: np.random.Generator) -> int | None:
    return pick(found, rng) if found else None


def _between(sentence: Sentence, first: int, last: int) -> str:
    return sentence.text[sentence.tokens[first].start : sentence.tokens[last].end]


def _spaced(sentence: Sentence, first: int, last: int) -> bool:
    """Whether single spaces part those tokens."""
    run = sentence.tokens[first : last + 1]
    return all(sentence.text[a.end : b.start] == " " for a, b in itertools.pairwise(run))
