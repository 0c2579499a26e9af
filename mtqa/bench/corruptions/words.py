"""How the words of a rewritten sentence differ from those of the sentence that it was."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def words_of(text: str) -> list[str]:
    """Its words and marks.

    >>> words_of("The dog's bone, he said.")
    ['The', "dog's", 'bone', ',', 'he', 'said', '.']
    """
    return _WORD.findall(text)


def changed_spans(text: str, made: str) -> tuple[tuple[int, int], ...]:
    """``[start, end)`` of ``made`` where its words are not those of ``text``; empty where one is missing.

    >>> changed_spans("The old man sold a farm.", "The old husband sold farm.")
    ((8, 15), (21, 21))
    """
    return tuple(_spans(text, made))


def _spans(text: str, made: str) -> Iterator[tuple[int, int]]:
    new = list(_WORD.finditer(made))
    for tag, _, _, a, b in _matched(words_of(text), words_of(made)).get_opcodes():
        if tag != "equal":
            start = new[a].start() if a < len(new) else len(made)
            yield start, (new[b - 1].end() if b > a else start)


def changed_share(text: str, made: str) -> float:
    """The share of the words that are not the same ones in the same order, from 0 to 1.

    >>> changed_share("He sold a farm", "He sold a boat")
    0.25
    """
    return 1.0 - _matched(words_of(text.lower()), words_of(made.lower())).ratio()


def _matched(old: list[str], new: list[str]) -> difflib.SequenceMatcher[str]:
    return difflib.SequenceMatcher(a=old, b=new, autojunk=False)
