"""Words that stand there twice (*was was*, *the straps and the straps and*): told by the text alone.

Much of what is said twice is meant: *had had*, *very very*, *faster and faster and*, *the book you gave her
her sister had*, *the farm they looked at at noon*, *Bora Bora*. What the rules below leave is a slip: of
43,835 sound sentences (news, speeches) 37 hold one, nearly all slips of the pen or the tongue, and none of
1,273 that were translated well, where of 221 poor translations beside them 45 do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mtqa.records import Span

#: English words that no sentence holds twice in a row, but for the end of a clause, and Will and May.
_NEVER = re.compile(
    r"the|a|an|and|of|or|but|with|for|from|by|to|as|is|are|was|were|be|been|being|have|has|will|would"
    r"|can|could|should|must|may|might|shall|i|he|she|we|they|my|our|your|their|its|his"
    r"|these|those|if|than|then|about|into|which|while|because|after|before|when|where|not|some|any|also"
)
#: What may be said twice, is a name in small letters, or is no English (a short text is taken for it).
_MEANT = re.compile(
    r"that|had|very|really|many|long|much|more|most|just|well|knock|chop|blah|yeah|okay|please|never"
    r"|again|there|here|what|twice|night|hush|hear|tick|clap|bang|boom|woof|chew|ever|ylang|trillion"
    r"|million|billion|hundred|thousand|nous|vous|poco|piano"
)
#: What ends a clause may go on behind it, after these words: *whatever it was was*, *the reason he is is*,
#: *all they have have*; right behind a pronoun, but for *what*.
_CLAUSE = frozenset(("is", "was", "are", "were", "have", "has", "can", "will", "would"))
_OPENS_CLAUSE = frozenset(("whatever", "who", "whoever", "all", "everything", "reason", "thing", "one"))
_PRONOUN = frozenset(("i", "you", "he", "she", "it", "we", "they", "this", "that", "there"))
#: A word that binds a phrase which is meant to go on: *more and more and*, *coast to coast to*.
_BINDS = re.compile(r"and|or|but|to|by|after|upon|on|in|for|over|x|not")
#: Of a word that is no function word: *so so*, *ha ha*, *no no* are meant.
_LETTERS = 4
#: Words of a phrase at most.
_LONGEST = 6


@dataclass(frozen=True, slots=True)
class Doubled:
    """A word or a phrase, and right behind it the same ``again``, in document positions."""

    first: Span
    again: Span


def doubled_words(text: str, words: Sequence[tuple[int, int]]) -> tuple[Doubled, ...]:
    """What stands twice in an English sentence and can't be meant, in order.

    ``words``: ``[start, end)`` of the sentence's words in ``text``.

    >>> from mtqa.detect.words import split_words
    >>> text = "We made the straps and the straps and harness, and had had the the idea."
    >>> [text[found.again.start : found.again.end] for found in doubled_words(text, split_words(text))]
    ['the straps and', 'the']
    """
    said = [text[a:b] for a, b in words]
    folded = [word.casefold() for word in said]
    apart = [not text[a[1] : b[0]].isspace() for a, b in pairwise(words)]
    found, at = [], 0
    while at < len(words):
        length, times = _run(folded, apart, at)
        if times > 1 and _is_slip(said, at, length):
            behind = at + times * length - 1
            found.append(
                Doubled(
                    Span(words[at][0], words[at + length - 1][1]),
                    Span(words[at + length][0], words[behind][1]),
                )
            )
        at += max(length * times, 1) if times > 1 else 1
    return tuple(found)


def again_at(text: str, words: Sequence[tuple[int, int]], place: int) -> Span | None:
    """Of two equal phrases side by side the second, with the word at ``place``; the longest, meant or not.

    ``words`` as `doubled_words` takes them.

    >>> from mtqa.detect.words import split_words
    >>> text = "He had had enough."
    >>> again_at(text, split_words(text), 7)
    Span(start=7, end=10)
    """
    folded = [text[start:end].casefold() for start, end in words]
    here = next((i for i, (start, _) in enumerate(words) if start == place), 0)
    for n in range(_LONGEST, 0, -1):
        for i in range(max(here - n + 1, n), min(here, len(words) - n) + 1):
            if _again(folded, i - n, n) and any(word[0].isalnum() for word in folded[i : i + n]):
                return Span(words[i][0], words[i + n - 1][1])
    return None


def _again(folded: Sequence[str], at: int, length: int) -> bool:
    """Do the ``length`` words at ``at`` stand there again right behind?"""
    return folded[at : at + length] == folded[at + length : at + 2 * length]


def _run(folded: Sequence[str], apart: Sequence[bool], at: int) -> tuple[int, int]:
    """The shortest phrase that is repeated at ``at`` with blanks alone in between: its length, how often."""
    for length in range(1, _LONGEST + 1):
        times = 1
        while _again(folded, at + (times - 1) * length, length):
            times += 1
        if times > 1 and not any(apart[at : at + times * length - 1]):
            return length, times
    return 1, 1


def _is_slip(said: Sequence[str], at: int, length: int) -> bool:
    """Can't what stands twice at ``at`` be meant? Names, numbers and marks may all be."""
    phrase, again = said[at : at + length], said[at + length : at + 2 * length]
    if not all(word[0].isalpha() for word in phrase):
        return False
    if length > 1:
        named = all(word[0].isupper() for word in phrase)
        return not named and (length > 2 or not any(_BINDS.fullmatch(word.casefold()) for word in phrase))
    word, second = phrase[0].casefold(), again[0]
    if _NEVER.fullmatch(word):
        goes_on = word in _CLAUSE and _may_end_clause(said[:at])
        named = word in ("will", "may") and phrase[0].istitle()
        return not goes_on and not named and (second.islower() or at == 0 or phrase[0] == second)
    # Behind a capital inside a sentence it is a name: Troglodytes troglodytes troglodytes.
    named = at > 1 and said[at - 1][0].isupper()
    small = second.islower() and (at == 0 or phrase[0].islower())
    return small and len(word) >= _LETTERS and not named and not _MEANT.fullmatch(word)


def _may_end_clause(before: Sequence[str]) -> bool:
    """May a clause end with the verb that stands behind these words?"""
    words = [word.casefold() for word in before]
    if "what" in words:
        return True
    return bool(words) and words[-1] in _PRONOUN and not _OPENS_CLAUSE.isdisjoint(words)
