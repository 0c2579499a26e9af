"""A real language model as the corruptions' `Proposer`: words for a place, and ends of sentences.

Text is sampled one token at a time from the model's likeliest tokens, with the caller's random generator.
The same seed gives the same text on the same machine and library versions; elsewhere float32 sums may come
out differently in the last digit, and so may, once in a long while, a draw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mtqa.bench.corruptions.closed import CLOSED
from mtqa.bench.corruptions.resources import Writing
from mtqa.lm.backend import NextTokenModel, NextTokens

if TYPE_CHECKING:
    from mtqa.lm.progress import Progress

#: Tokens asked for at a place.
_MOST = 512
#: No brackets, quotation marks or line breaks: half a pair of them would give the sentence away.
_PLAIN = re.compile(r" ?[A-Za-z0-9,.;:\-%$?!—–]+|'(?:s|t|re|ll|ve|d|m)")
_CONTENT = re.compile(r" ?[A-Za-z]{4,}")
_ENDS = re.compile(r"[.!?]$")
_ABBREVIATION = re.compile(r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|St|No|vs|Prof|Sen|Gov|U\.[SNK]))\.$")
_LOOSE_END = " ,;:'’-—–"
#: What favours a sentence's end at its aimed length, in nats, and what more at its utmost.
_END_NATS, _END_NATS_MORE = 1.5, 6.0
#: A word is favoured by no more than that for having been written, or there would be no other word.
_MOST_AGAIN_NATS = 3.0


class ModelProposer:
    """A `mtqa.bench.corruptions.resources.Proposer` over a model that can be asked what comes next."""

    def __init__(self, model: NextTokenModel) -> None:
        self._model = model

    def propose(self, prefix: str, place: str) -> tuple[tuple[str, float], ...]:
        """Words of one token that may follow ``prefix``, best first, ``place`` itself left out.

        A word of several tokens is not proposed. The probability is that of the token; a longer word may
        begin with it too, so for the whole word it is an upper bound.
        """
        found = self._next(self._ids(prefix))
        pieces = self._model.pieces([int(i) for i in found.ids])
        words = [(pieces[int(i)], float(np.exp(p))) for i, p in zip(found.ids, found.log_p, strict=True)]
        return tuple((w[1:], p) for w, p in words if w[:1] == " " and w[1:].isalpha() and w[1:] != place)

    def write(self, prefix: str, how: Writing, rng: np.random.Generator) -> str:
        """See `Proposer.write`."""
        ids = self._ids(prefix)
        favoured = {i: how.own_nats for w in how.own for i in self._ids(" " + w)[:1]}
        text = ""
        while True:
            found = self._next(ids)
            pieces = self._model.pieces([int(i) for i in found.ids])
            fit = _weighed(found, [pieces[int(i)] for i in found.ids], (text, how, favoured))
            if fit is None:
                return _cut(text)
            token = int(found.ids[_draw(fit, how, rng)])
            piece = pieces[token]
            if text[-1:] == "." and text[-2:-1].isdigit() and not piece[:1].isdigit():
                return text
            if len(text) + len(piece) > how.most:
                return _cut(text)
            text += piece
            ids.append(token)
            if how.again_nats and _CONTENT.fullmatch(piece) and piece.strip().lower() not in CLOSED:
                favoured[token] = min(favoured.get(token, 0.0) + how.again_nats, _MOST_AGAIN_NATS)
            if _ended(text):
                return text

    def _ids(self, text: str) -> list[int]:
        return [int(i) for i in self._model.tokenize(text).ids]

    def _next(self, ids: Sequence[int]) -> NextTokens:
        return self._model.next_tokens(ids, most=_MOST)


def _weighed(
    found: NextTokens, pieces: Sequence[str], state: tuple[str, Writing, dict[int, float]]
) -> npt.NDArray[np.float64] | None:
    """The tokens' log-probabilities, biased; −inf where a token is not allowed. None where none is."""
    text, how, favoured = state
    log_p = found.log_p.astype(np.float64)
    late = (len(text) - how.aim) / max(how.most - how.aim, 1)
    for place, (token, piece) in enumerate(zip(found.ids, pieces, strict=True)):
        log_p[place] += favoured.get(int(token), 0.0)
        if late > 0 and piece == ".":
            log_p[place] += _END_NATS + _END_NATS_MORE * late
        if not _allowed(piece, text, how):
            log_p[place] = -np.inf
    return log_p if np.isfinite(log_p).any() else None


def _allowed(piece: str, text: str, how: Writing) -> bool:
    if not _PLAIN.fullmatch(piece) or (not text and piece[:1] != " "):
        return False
    ends = re.search(r"[.!?]", piece) is not None
    return not ends or (len(text) >= how.least and text[-1:].isalnum())


def _draw(log_p: npt.NDArray[np.float64], how: Writing, rng: np.random.Generator) -> int:
    """A place in ``log_p``, by tempered probability."""
    order = np.argsort(-log_p, kind="stable")[: how.likeliest]
    if how.temperature == 0:
        return int(order[0])
    weights = np.exp((log_p[order] - log_p[order[0]]) / how.temperature)
    weights /= weights.sum()
    weights[int(np.searchsorted(np.cumsum(weights), how.nucleus)) + 1 :] = 0.0
    return int(order[rng.choice(len(order), p=weights / weights.sum())])


def _ended(text: str) -> bool:
    """Whether a sentence is over; behind a number's stop the next token tells (*3.* or *3.5*)."""
    return bool(_ENDS.search(text)) and not _ABBREVIATION.search(text) and not re.search(r"\d\.$", text)


def _cut(text: str) -> str:
    """The text made to end: without a last word that may be half, and without function words at its end."""
    words = text.rstrip(_LOOSE_END).split(" ")[:-1]
    while len(words) > 1 and words[-1].strip(_LOOSE_END).lower() in CLOSED:
        words.pop()
    whole = " ".join(words).rstrip(_LOOSE_END)
    return whole + "." if whole else ""


def load_proposer(name: str, *, progress: Progress | None = None) -> ModelProposer:
    """The catalogue's or a directory's model. Raises `ModelError`.

    On the CPU in float32, wherever there is a GPU: it is what gives the same text again.
    """
    from mtqa.lm.fetch import ensure_model
    from mtqa.lm.progress import NoProgress
    from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend

    files = ensure_model(name, progress=progress or NoProgress())
    return ModelProposer(TorchCausalBackend(files, LoadOptions(device="cpu", dtype="float32")))
