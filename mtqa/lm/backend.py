"""What a language model has to do for mtqa: three methods and an identity.

A backend turns text into tokens and windows of tokens into per-token statistics. It knows nothing
of sentences, articles or rankings, and logits never leave it. `mtqa.lm.fake` has one whose
answers are known in closed form; `mtqa.lm.torch_causal` runs transformers models. Both are
`NextTokenModel`s as well: they can be asked what they would write next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mtqa.records import Floats, Ints, ModelIdentity, Projection


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """A text's N tokens: ``ids (N,)`` and the characters ``[starts, ends)`` that each covers.

    No start token is among them. Spans never decrease; the byte tokens of one character share it.
    """

    ids: Ints
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What one row of a forward pass reads: the start token, then ``ids``.

    Only the tokens from ``scored_from`` on are scored (the ones before are context, scored in
    an earlier window). ``passage`` and ``offset`` say where ``ids[0]`` lies; a backend ignores them.
    """

    ids: Ints
    scored_from: int
    passage: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TokenStatistics:
    """A window's scored tokens: the arrays of `mtqa.records.TokenScores`, without the spans."""

    surprisal_nats: Floats
    entropy_nats: Floats
    surprisal_sd_nats: Floats
    rank: Ints
    likelier_mass: Floats
    alternative_ids: Ints
    alternative_p: Floats
    hidden: Floats | None = None


class PassageReader(Protocol):
    """Reads one passage's hidden states, window by window, as they come."""

    def push(self, statistics: TokenStatistics, projected: Floats, /) -> Floats:
        """The next n tokens, ``projected (n, U)``; outputs ``(m, C)`` of those that are complete by now."""
        ...

    def end(self) -> Floats:
        """Outputs of the tokens that waited for more."""
        ...


class StateReader(Protocol):
    """Makes something of the hidden states after some layers, so that none of them need be kept.

    A `mtqa.detect.head.Head` is one.
    """

    @property
    def layers(self) -> Sequence[int]:
        """Whose states it reads; 1 is the first layer."""
        ...

    @property
    def projection(self) -> Projection:
        """What it reads of them."""
        ...

    def passage(self, ids: Ints, pieces: Mapping[int, str], /) -> PassageReader:
        """A reader for one passage. ``pieces``: the text of each id."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class NextTokens:
    """The likeliest tokens at a place, best first: ``ids (K,)``, and their log-probabilities in nats."""

    ids: Ints
    log_p: Floats


@runtime_checkable
class NextTokenModel(Protocol):
    """A causal language model that is asked what comes next; not every backend can be."""

    def tokenize(self, text: str) -> Tokens:
        """As `Backend.tokenize`."""
        ...

    def pieces(self, ids: Sequence[int]) -> Mapping[int, str]:
        """As `Backend.pieces`."""
        ...

    def next_tokens(self, ids: Sequence[int], *, most: int = 512) -> NextTokens:
        """The ``most`` likeliest tokens behind the start token and ``ids``. Raises `RunError`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """One way to go on behind a text, n tokens long.

    ``surprisal_nats (n,)``: that of its tokens. ``likeliest (n + 1,)``: the likeliest token in the place of
    each of them, and behind the last.
    """

    surprisal_nats: Floats
    likeliest: Ints


@runtime_checkable
class ContinuationModel(Protocol):
    """A causal language model that reads a beginning once for many ways to go on; not every backend does."""

    def continuations(self, ids: Sequence[int], rows: Sequence[Sequence[int]]) -> list[Continuation]:
        """What the model says of each of ``rows`` behind the start token and ``ids``.

        Where all of it is longer than the model can read, ``ids`` lose their beginning. Raises `RunError`.
        """
        ...


@runtime_checkable
class EmbeddingModel(Protocol):
    """A language model that tells which words are used alike; not every backend does."""

    def similarity(self, ids: Sequence[int], rows: Sequence[Sequence[int]]) -> Floats:
        """Cosine of the mean input embeddings of ``ids`` and of each of ``rows``: ``(len(rows),)``."""
        ...


class Backend(Protocol):
    """A causal language model."""

    @property
    def identity(self) -> ModelIdentity:
        """What of the model moves its numbers."""
        ...

    def tokenize(self, text: str) -> Tokens:
        """The text's tokens, special-token strings in it taken as plain text."""
        ...

    def pieces(self, ids: Sequence[int]) -> Mapping[int, str]:
        """The text of each token id, as a reader would see it."""
        ...

    def score(
        self, windows: Sequence[Window], *, layers: Sequence[int] = (), projection: Projection | None = None
    ) -> list[TokenStatistics]:
        """Statistics of every window's scored tokens, in the windows' order.

        ``layers`` asks for the hidden states after those layers (1 is the first), side by side, or for what
        ``projection`` makes of them.
        Raises `mtqa.errors.RunError` where a number is not finite.
        """
        ...
