"""The same stretch of text in several versions: how much each of them surprises the model.

A `Rescorer` reads one excerpt of a document: some context, the place where the versions differ, and some of
what follows. What the versions share in front is read once where the backend is a
`mtqa.lm.backend.ContinuationModel`; through `Backend.score` otherwise, with the same numbers. It knows
nothing of sentences or of why the versions differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtqa.lm.backend import Backend, ContinuationModel, EmbeddingModel, NextTokenModel, Window
from mtqa.records import Floats, Ints, Passage, Span, TokenScores

#: Pieces that a word begun by one token may take besides.
_MORE_PIECES = 4
#: Of the likeliest tokens at a place, how many are completed to whole words where they begin one.
_COMPLETED = 8


@dataclass(frozen=True, slots=True)
class Reach:
    """How many tokens are read in front of a sentence (twice that where no more are there), and behind."""

    context_tokens: int = 256
    follow_tokens: int = 40


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A text behind what it shares with others: where its tokens end, and their surprisal, ``(n,)`` both."""

    ends: Ints
    surprisal_nats: Floats

    def split(self, at: int) -> tuple[float, float]:
        """Surprisal in nats of the tokens that end at the character ``at`` or before, and of the rest."""
        inside = self.ends <= at
        nats = self.surprisal_nats.astype(np.float64)
        return float(nats[inside].sum()), float(nats[~inside].sum())


def excerpt(
    passage: Passage, scores: TokenScores, around: Span, reach: Reach, *, through: int = 0
) -> Passage:
    """The part of ``passage`` within reach of ``around`` (document positions), cut between tokens.

    It goes on at least to the position ``through``. All of the passage where that is no longer.
    """
    first = int(np.searchsorted(scores.ends, passage.start, side="right"))
    last = int(np.searchsorted(scores.starts, passage.start + len(passage.text), side="left"))
    begin = int(np.searchsorted(scores.ends, around.start, side="right")) - reach.context_tokens
    end = int(np.searchsorted(scores.starts, around.end, side="left")) + reach.follow_tokens
    end = max(end, int(np.searchsorted(scores.starts, through, side="left")))
    start = passage.start if begin <= first + reach.context_tokens else int(scores.starts[begin])
    stop = passage.start + len(passage.text) if end >= last else int(scores.ends[end - 1])
    return Passage(passage.text[start - passage.start : stop - passage.start], start)


class Rescorer:
    """Asks one backend about versions of excerpts."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def read(self, text: str) -> int:
        """Read a text at once whose beginnings will be asked about; how many tokens. Raises `RunError`."""
        ids = _ints(self._backend.tokenize(text).ids)
        if isinstance(self._backend, ContinuationModel):
            self._backend.continuations(ids, [])
        return len(ids)

    def versions(self, texts: Sequence[str]) -> list[Version]:
        """What each of the texts is behind what all of them share.

        Tokens are the tokenizer's own for each whole text. Where one is longer than the model can read, the
        shared beginning loses its own; none where what is not shared is too long already. Raises `RunError`.
        """
        tokens = [self._backend.tokenize(text) for text in texts]
        shared = _shared([t.ids for t in tokens])
        rest = [t.ids[shared:] for t in tokens]
        room = self._backend.identity.max_tokens - 1 - max(len(row) for row in rest)
        if room < 0:
            return []
        prefix = tokens[0].ids[max(0, shared - room) : shared]
        nats = self._surprisals(prefix, rest)
        return [Version(t.ends[shared:], own) for t, own in zip(tokens, nats, strict=True)]

    def _surprisals(self, prefix: Ints, rows: Sequence[Ints]) -> list[Floats]:
        if isinstance(self._backend, ContinuationModel):
            found = self._backend.continuations(_ints(prefix), [_ints(row) for row in rows])
            return [c.surprisal_nats for c in found]
        windows = [Window(np.concatenate([prefix, row]), scored_from=len(prefix)) for row in rows if len(row)]
        scored = iter(self._backend.score(windows))
        return [next(scored).surprisal_nats if len(row) else np.zeros(0, np.float32) for row in rows]

    def proposals(self, before: str, *, most: int = 512) -> tuple[str, ...]:
        """What the model might write behind ``before``, likeliest first: pieces as they would be read.

        The first few that begin a longer word are completed to it. None of them where the backend can't tell.
        A space at the end of ``before`` is taken off: the pieces bring it.
        """
        if not isinstance(self._backend, NextTokenModel):
            return ()
        ids = _ints(self._backend.tokenize(before.removesuffix(" ")).ids)
        room = self._backend.identity.max_tokens - 1 - _MORE_PIECES - 1
        ids = ids[max(0, len(ids) - max(room, 0)) :]
        tokens = _ints(self._backend.next_tokens(ids, most=most).ids)
        pieces = self._backend.pieces(tokens)
        words = [pieces[i] for i in tokens]
        if isinstance(self._backend, ContinuationModel):
            begun = [i for i, word in enumerate(words) if _is_word(word)][:_COMPLETED]
            whole = self._completed(self._backend, ids, [tokens[i] for i in begun])
            for i, word in zip(begun, whole, strict=True):
                words[i] = word
        return tuple(dict.fromkeys(words))

    def related(self, word: str, pieces: Sequence[str]) -> tuple[str, ...]:
        """The pieces that are words, those first that the model uses most as it does ``word``.

        A spinner's word stands for one that it is used like. None where the backend can't tell.
        """
        words = [piece for piece in pieces if _is_word(piece)]
        if not words or not isinstance(self._backend, EmbeddingModel):
            return ()
        own, *rows = (self._seen(text) for text in (f" {word}", *words))
        if not own or not all(rows):
            return ()
        alike = self._backend.similarity(own, rows)
        return tuple(words[i] for i in np.argsort(-alike, kind="stable"))

    def _seen(self, text: str) -> list[int]:
        """The ids that stand for something to see: some tokenizers put a blank of its own before a word."""
        tokens = self._backend.tokenize(text)
        placed = zip(tokens.ids, tokens.starts, tokens.ends, strict=True)
        return [int(i) for i, start, end in placed if text[start:end].strip()]

    def _completed(self, model: ContinuationModel, ids: Sequence[int], tokens: Sequence[int]) -> list[str]:
        """Each token with what the model would put to it before the word ends, greedily."""
        rows = [[token] for token in tokens]
        open_rows = list(range(len(rows)))
        for _ in range(_MORE_PIECES):
            found = model.continuations(ids, [rows[i] for i in open_rows])
            ahead = [int(c.likeliest[-1]) for c in found]
            pieces = self._backend.pieces(ahead)
            goes_on = [
                (i, token) for i, token in zip(open_rows, ahead, strict=True) if pieces[token].isalpha()
            ]
            for i, token in goes_on:
                rows[i].append(token)
            open_rows = [i for i, _ in goes_on]
            if not open_rows:
                break
        pieces = self._backend.pieces([token for row in rows for token in row])
        return ["".join(pieces[token] for token in row) for row in rows]


def _is_word(piece: str) -> bool:
    return piece.strip().isalpha()


def _ints(ids: Ints) -> list[int]:
    return [int(i) for i in ids]


def _shared(rows: Sequence[Ints]) -> int:
    """How many ids all rows begin with."""
    least = min(len(row) for row in rows)
    differ = np.zeros(least, dtype=bool)
    for row in rows[1:]:
        differ |= row[:least] != rows[0][:least]
    return int(np.argmax(differ)) if differ.any() else least
