"""Sentences that a language model writes, token by token, in batches: a continuation, or words replaced.

Knows nothing of documents or labels (`detector_sampled` plans what is written where). All draws come from
the writers' own generators, so a seed gives the same text again on the same machine and number of threads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from mtqa.bench.corruptions.closed import CLOSED

Spans = list[tuple[int, int]]

#: Sentences written at a time; more gain nothing on two cores.
BATCH = 32
#: Steps of a batch; a sentence that is not done by then is not used.
STEPS = 160
#: A written sentence is at most this times as long as the one that it replaces.
LONGEST = 1.5
#: Part of the sentence's words that are exchanged, and tokens that such a word may have.
SHARE, WORD_TOKENS = (0.35, 0.6), 3
_ALLOWED = re.compile(r"[ ]?[A-Za-z0-9,.;:\-%$?!—–]+|'(?:s|t|re|ll|ve|d|m)")
_ABBREVIATION = re.compile(r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|St|No|vs|Prof|Sen|Gov|U\.S|U\.N|U\.K))\.$")
_LOOSE = " ,;:'’-—–"


class Vocabulary:
    """The tokenizer's pieces, and which of them may be written where: arrays ``(V,)`` of bool."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        count = min(size, len(tokenizer))
        pieces = [tokenizer.decode([i], clean_up_tokenization_spaces=False) for i in range(count)]
        self._tokenizer = tokenizer
        self.pieces: list[str] = pieces + [""] * (size - count)
        self.start = int(tokenizer.bos_token_id)

    def ids(self, text: str) -> list[int]:
        """The text's tokens, without a start token."""
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _where(self, pattern: str | re.Pattern[str]) -> np.ndarray:
        return np.array([bool(re.fullmatch(pattern, piece)) for piece in self.pieces])

    def _open(self, pattern: str) -> np.ndarray:
        closed = np.array([piece.strip().lower() in CLOSED for piece in self.pieces])
        return np.asarray(self._where(pattern) & ~closed)

    @cached_property
    def allowed(self) -> np.ndarray:
        """Plain words, numbers and punctuation: no quotes, brackets or markup, which would have to close."""
        return self._where(_ALLOWED)

    @cached_property
    def ending(self) -> np.ndarray:
        """What holds the mark of a sentence's end."""
        return self._where(r"(?s:.*[.!?].*)")

    @cached_property
    def stops(self) -> np.ndarray:
        """The ids of the marks themselves, the full stop first."""
        return np.array([self.pieces.index(mark) for mark in ".!?"])

    @cached_property
    def unspaced(self) -> np.ndarray:
        """What does not begin a word."""
        return ~self._where(r"(?s: .*)")

    @cached_property
    def words(self) -> np.ndarray:
        """What begins a lower-case content word."""
        return self._open(r" [a-z]{3,}")

    @cached_property
    def content(self) -> np.ndarray:
        """Longer pieces of content words."""
        return self._open(r" ?[A-Za-z]{4,}")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn.

    ``temperature`` 0 takes the likeliest; else one of the ``likeliest`` within the nucleus ``nucleus``.
    ``own_nats`` favours the original's own content words, ``again_nats`` those already written.
    """

    temperature: float
    likeliest: int = 1
    nucleus: float = 1.0
    own_nats: float = 0.0
    again_nats: float = 0.0

    def draw(self, logits: np.ndarray, rng: np.random.Generator) -> int:
        """An id."""
        if not self.temperature:
            return int(logits.argmax())
        top = np.argpartition(-logits, self.likeliest)[: self.likeliest]
        top = top[np.argsort(-logits[top])]
        weights = np.exp((logits[top] - logits[top[0]]) / self.temperature)
        weights /= weights.sum()
        if self.nucleus < 1:
            weights[int(np.searchsorted(np.cumsum(weights), self.nucleus)) + 1 :] = 0
            weights /= weights.sum()
        return int(top[rng.choice(len(weights), p=weights)])


#: Of an exchanged word the first token, nearly at random, and those that may follow.
_FIRST, _NEXT = Sampling(1.5, 400), Sampling(1.0, 100)


class Continuation:
    """The model goes on from ``prefix``, until its sentence is over; ``kept`` characters of it are sound."""

    def __init__(
        self,
        words: Vocabulary,
        original: str,
        *,
        prefix: str,
        sampling: Sampling,
        rng: np.random.Generator,
        context: str = "",
        kept: int | None = None,
    ) -> None:
        self._words, self.original, self._prefix, self.rng = words, original, prefix, rng
        self._sampling, self.kept = sampling, len(prefix) if kept is None else kept
        self.ids = [words.start, *words.ids(context + prefix)]
        self.done, self._written = False, ""
        # A quarter may run long, as bad translations do.
        self._least, self._most = max(30, 0.55 * len(original)), LONGEST * len(original)
        self._aim = rng.uniform(0.7, 1.15) * len(original)
        self._bias = np.where(words.allowed, np.float32(0), np.float32(-np.inf))
        if sampling.own_nats:
            for word in re.findall(r"[A-Za-z]{4,}", original[self.kept :]):
                if word.lower() not in CLOSED:
                    self._bias[words.ids(" " + word)[0]] += sampling.own_nats

    @property
    def text(self) -> str:
        """What is there so far."""
        return self._prefix + self._written

    def step(self, logits: np.ndarray) -> int:
        """The next token; ``done`` is set behind the last."""
        chosen = self._sampling.draw(self._biased(logits), self.rng)
        piece = self._words.pieces[chosen]
        if re.search(r"\d\.$", self._written) and not piece[:1].isdigit():
            self.done = True  # the stop was the sentence's, no decimal point
        elif len(self.text) + len(piece) > self._most:
            self._cut()
            self.done = True
        else:
            self._written += piece
            self._repeatable(chosen)
            ended = re.search(r"(?<!\d)\.$|[!?]$", self._written)
            self.done = bool(ended) and not _ABBREVIATION.search(self._written)
        return chosen

    def _biased(self, logits: np.ndarray) -> np.ndarray:
        words, length, biased = self._words, len(self.text), logits + self._bias
        if length < self._least or len(self._written) < 15:
            biased[words.ending] = -np.inf
        elif length > self._aim:
            biased[words.stops[0]] += 1.5 + 6 * (length - self._aim) / (self._most - self._aim)
        if not re.search(r"[A-Za-z0-9]$", self.text):
            biased[words.stops] = -np.inf
        if not self._written:
            biased[words.unspaced] = -np.inf
        return biased

    def _repeatable(self, chosen: int) -> None:
        if self._sampling.again_nats and self._words.content[chosen]:
            self._bias[chosen] = min(self._bias[chosen] + self._sampling.again_nats, 3.0)

    def _cut(self) -> None:
        """End it: without the last word, which may be half, and function words that would hang."""
        words = self._written.rsplit(" ", 1)[0].rstrip(_LOOSE).split(" ")
        while len(words) > 2 and words[-1].lower() in CLOSED:
            words.pop()
        self._written = " ".join(words).rstrip(_LOOSE) + "."

    def result(self) -> tuple[str, Spans]:
        """The sentence and what of it the model wrote."""
        return self.text, [(self.kept + (self.text[self.kept : self.kept + 1] == " "), len(self.text))]


class Exchange:
    """Every few content words make room for one that the model finds unlikely there, the rest stays."""

    def __init__(self, words: Vocabulary, original: str, *, context: str, rng: np.random.Generator) -> None:
        self._words, self.original, self._rng = words, original, rng
        self._tokens = list(re.finditer(r"\S+", original))
        self._places = self._drawn_places()
        self.done, self._queue, self._spans = False, list[int](), list[tuple[int, int]]()
        self._word, self._pieces = "", 0
        self._text = original[: self._tokens[self._places[0] - 1].end()] if self._places else ""
        self.ids = [words.start, *words.ids(context + self._text)]

    @property
    def possible(self) -> bool:
        """Whether the sentence has words to exchange."""
        return bool(self._places)

    def _drawn_places(self) -> list[int]:
        share = self._rng.uniform(*SHARE)
        fit = [
            i
            for i, token in enumerate(self._tokens)
            if i > 1 and re.fullmatch(r"[a-z]{4,}[,.;:!?]*[\"”]?", token[0]) and self._stem(i) not in CLOSED
        ]
        places = [i for i in fit if self._rng.random() < share]
        if len(places) < 3:
            places = [int(i) for i in self._rng.permutation(fit)[:3]] if len(fit) >= 3 else []
        return sorted(places)

    def _stem(self, place: int) -> str:
        found = re.match("[a-z]*", self._tokens[place][0])
        return found[0] if found else ""

    def step(self, logits: np.ndarray) -> int:
        """The next token, of a new word or of what stays between two."""
        if self._queue:
            return self._queue.pop(0)
        if not self._word:
            return self._begin(logits)
        if self._pieces < WORD_TOKENS:
            chosen = _NEXT.draw(np.where(self._words.allowed, logits, -np.inf), self._rng)
            if re.fullmatch("[a-z]+", self._words.pieces[chosen]):
                self._word += self._words.pieces[chosen]
                self._pieces += 1
                return chosen
        return self._finish(logits)

    def _begin(self, logits: np.ndarray) -> int:
        fit = np.where(self._words.words, logits, -np.inf)
        fit[np.argpartition(-fit, 4)[:4]] = -np.inf  # the best ones make good English
        was = self._stem(self._places[0])[:4]
        for _ in range(6):
            chosen = _FIRST.draw(fit, self._rng)
            if self._words.pieces[chosen].strip()[:4] != was:
                break
        self._word, self._pieces = self._words.pieces[chosen].strip(), 1
        return chosen

    def _finish(self, logits: np.ndarray) -> int:
        """Put the word into the text, with what stays up to the next place."""
        place = self._places.pop(0)
        tail, end = self._tokens[place][0][len(self._stem(place)) :], self._tokens[place].end()
        start = len(self._text) + 1
        self._spans.append((start, start + len(self._word)))
        self._text += f" {self._word}{tail}"
        self._word, self.done = "", not self._places
        until = None if self.done else self._tokens[self._places[0] - 1].end()
        stays = self.original[end:until]
        self._text += stays
        if self.done:
            return self._words.start
        self._queue = self._words.ids(tail + stays) if tail + stays else []
        return self.step(logits)

    def result(self) -> tuple[str, Spans]:
        """The sentence and the words that are new."""
        return self._text, self._spans


Writer = Continuation | Exchange


def write(model: Any, writers: Sequence[Writer]) -> None:
    """Let every writer write, in batches of those of about one length; those left have ``done`` False."""
    order = sorted(writers, key=lambda w: (len(w.ids) // 24, isinstance(w, Exchange), len(w.original)))
    with torch.no_grad():
        for at in range(0, len(order), BATCH):
            _write_batch(model, order[at : at + BATCH])


def _write_batch(model: Any, rows: Sequence[Writer]) -> None:
    width = max(len(row.ids) for row in rows)
    ids = torch.tensor([[0] * (width - len(row.ids)) + row.ids for row in rows])
    mask = torch.tensor([[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in rows])
    places, cache = (mask.cumsum(1) - 1).clamp(min=0), None
    for _ in range(STEPS):
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=places,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache, logits = out.past_key_values, out.logits[:, -1].numpy()
        new = [0 if row.done else row.step(logits[i]) for i, row in enumerate(rows)]
        alive = [i for i, row in enumerate(rows) if not row.done]
        if not alive:
            return
        ids, places = torch.tensor(new)[:, None], places[:, -1:] + 1
        mask = torch.cat([mask, torch.ones(len(rows), 1, dtype=mask.dtype)], 1)
        if len(alive) <= 0.8 * len(rows):  # those that are done only cost time
            chosen = torch.tensor(alive)
            cache.batch_select_indices(chosen)
            ids, mask, places, rows = ids[chosen], mask[chosen], places[chosen], [rows[i] for i in alive]
