"""Tokens to words: which words a text has, which tokens each is made of, and its surprisal.

A word's surprisal is the sum of its tokens' (the chain rule makes that exact); punctuation is its
own word. A token belongs to the word that holds its first character that is not white space; a
token of blanks alone goes to the word that follows it, one with a line break to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mtqa.records import Document, Ints, TokenScores

#: Scripts without spaces between words: each character counts as one.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_LETTER = rf"[[\w\p{{M}}]--{_UNSPACED}]"
#: A number with its separators and unit, an abbreviation with full stops, a word with its marks and inner
#: hyphens and apostrophes, a character of a script without spaces, a flag, an emoji with what it is joined
#: to, a run of one punctuation mark, or any other single character. What shows nothing by itself (joiners,
#: variation selectors) is no word.
_WORD = (
    rf"\d{_LETTER}*(?:[.,:/]\d{_LETTER}*)*"
    r"|(?:\p{L}\.){2,}"
    rf"|{_LETTER}+(?:['’\-‐‑.&@_\u00ad\u200c\u200d]{_LETTER}+)*"
    rf"|{_UNSPACED}\p{{M}}*"
    r"|\p{RI}{2}|\p{Extended_Pictographic}[\p{M}\p{EMod}]*(?:\u200d\p{Extended_Pictographic}[\p{M}\p{EMod}]*)*"
    r"|([^\w\s\p{Cf}\p{Cc}])\1*"
)


#: What there is to see.
_SHOWS = r"[^\s\p{Cf}\p{Cc}\ufe00-\ufe0f]"


@lru_cache(maxsize=1)
def _patterns() -> tuple[Any, Any]:
    import regex  # Python's own has no \p{M}: vowel signs would split the words of half of India

    return regex.compile(_WORD, regex.V1), regex.compile(_SHOWS)


@dataclass(frozen=True, slots=True, eq=False)
class WordTable:
    """The words of a document's sentences and the tokens of each, as parallel arrays.

    ``starts``/``ends`` ``(W,)``: document positions. ``sentences (W,)``: index of each word's
    sentence. ``word_of (N,)``: each token's word, −1 where it has none. Words are in text order.
    """

    starts: Ints
    ends: Ints
    sentences: Ints
    word_of: Ints

    def __len__(self) -> int:
        return len(self.starts)


def split_words(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """``[start, end)`` of every word and punctuation mark of ``text``, or of that part of it.

    >>> text = 'Its 9.5 million "sandwiches" (U.S.-led).'
    >>> [text[a:b] for a, b in split_words(text)]
    ['Its', '9.5', 'million', '"', 'sandwiches', '"', '(', 'U.S.', '-', 'led', ')', '.']
    >>> [text[a:b] for text in ("有95万三明治。",) for a, b in split_words(text)]
    ['有', '95', '万', '三', '明', '治', '。']
    """
    found, shows = _patterns()
    part = text[start:end]
    return [(start + m.start(), start + m.end()) for m in found.finditer(part) if shows.search(m.group())]


def word_table(document: Document, tokens: TokenScores) -> WordTable:
    """Every word of every sentence of the document, with the tokens that it is made of."""
    rows = [
        (start, end, index)
        for index, sentence in enumerate(document.sentences)
        for start, end in split_words(document.text, sentence.start, sentence.end)
    ]
    columns = np.asarray(rows, dtype=np.int32).reshape(-1, 3)
    starts, ends, sentences = (columns[:, i].copy() for i in range(3))
    return WordTable(starts, ends, sentences, _assign(token_keys(document.text, tokens), starts, ends))


def token_keys(text: str, tokens: TokenScores) -> Ints:
    """The character by which each token is placed, ``(N,)``; −1 for a token with a line break only."""
    keys = tokens.starts.astype(np.int32, copy=True)
    for i in np.flatnonzero(_starts_blank(text, tokens.starts)):
        start, end = int(tokens.starts[i]), int(tokens.ends[i])
        piece = text[start:end]
        if piece.strip():
            keys[i] = start + len(piece) - len(piece.lstrip())
        else:
            keys[i] = -1 if "\n" in piece else end
    return keys


def _starts_blank(text: str, starts: Ints) -> np.ndarray:
    blank = np.zeros(len(text) + 1, dtype=bool)
    blank[[i for i, c in enumerate(text) if c.isspace()]] = True
    return blank[starts]


def _assign(keys: Ints, starts: Ints, ends: Ints) -> Ints:
    """The word that holds each key, −1 where none does."""
    if not len(starts):
        return np.full(len(keys), -1, dtype=np.int32)
    at = np.searchsorted(starts, keys, side="right").astype(np.int32) - np.int32(1)
    held = (at >= 0) & (keys < ends[np.maximum(at, 0)])
    return np.where(held, at, np.int32(-1)).astype(np.int32)


def word_sums(table: WordTable, values: np.ndarray) -> np.ndarray:
    """Per word ``(W,)``, the sum of a per-token array ``(N,)`` over its tokens; 0 where it has none."""
    held = table.word_of >= 0
    return np.bincount(table.word_of[held], weights=values[held], minlength=len(table)).astype(np.float64)


def sentence_tokens(table: WordTable, count: int) -> Sequence[Ints]:
    """For each of ``count`` sentences, the indices of its tokens, ascending."""
    held = np.flatnonzero(table.word_of >= 0).astype(np.int32)
    owner = table.sentences[table.word_of[held]] if len(table) else held
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(count + 1))
    return [held[order[edges[i] : edges[i + 1]]] for i in range(count)]
