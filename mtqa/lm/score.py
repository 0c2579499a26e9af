"""Passages in, per-token scores out: tokenise, cut into windows, run, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mtqa.lm.backend import Backend, StateReader, Tokens, TokenStatistics, Window
from mtqa.lm.windows import DEFAULT_WINDOW, all_windows
from mtqa.records import Floats, Passage, TokenScores

#: Raised when a change of code moves a number: scores of another version are not taken from the ledger.
SCORING = 5

#: Called with (tokens done, tokens in all) as the work goes on.
OnProgress = Callable[[int, int], None]

#: The arrays of `TokenStatistics`, and of which type they are kept.
_STATISTICS: dict[str, type[np.generic]] = {
    "surprisal_nats": np.float32,
    "entropy_nats": np.float32,
    "surprisal_sd_nats": np.float32,
    "rank": np.int32,
    "likelier_mass": np.float32,
    "alternative_ids": np.int32,
    "alternative_p": np.float32,
    "hidden": np.float32,
}

#: Tokens handed to the backend between two progress reports, at most. A group ends with a long window: what a
#: detector head reads of it (5 KB a token) is gone before the next one's is there. With four long windows in
#: a group an article of 100 pages took 36 MB more.
_GROUP_TOKENS, _LONG_WINDOW = 8192, 1024


def score_passages(
    backend: Backend,
    passages: Sequence[Passage],
    *,
    window: int | None = None,
    layers: Sequence[int] = (),
    reader: StateReader | None = None,
    on_progress: OnProgress | None = None,
) -> list[TokenScores]:
    """Score every token of every passage exactly once.

    ``window``: tokens in a window, start token included; None is `DEFAULT_WINDOW`, or the model's
    own maximum where that is less. ``layers`` asks for their hidden states; ``reader``
    reads those of its own layers as they come, and its outputs are kept in ``TokenScores.detector`` instead.
    Returns one `TokenScores` a passage, its spans moved by ``passage.start``, so that they are positions
    in the document that the passages come from.
    Raises `ValueError` for a window longer than the model can read, `RunError` from the backend.
    """
    size = _window_size(window, backend.identity.max_tokens)
    tokens = [backend.tokenize(p.text) for p in passages]
    windows = all_windows(tokens, size)
    total, done = sum(len(w.ids) for w in windows), 0
    parts = [_Part(backend, t, reader) for t in tokens]
    for group in _groups(windows):
        scored = (
            backend.score(group, layers=reader.layers, projection=reader.projection)
            if reader
            else backend.score(group, layers=layers)
        )
        for piece, statistics in zip(group, scored, strict=True):
            parts[piece.passage].add(statistics)
        done += sum(len(w.ids) for w in group)
        if on_progress:
            on_progress(done, total)
    return [_join(backend, p, part) for p, part in zip(passages, parts, strict=True)]


class _Part:
    """What is known of one passage so far: arrays of its N tokens, filled in window by window."""

    def __init__(self, backend: Backend, tokens: Tokens, reader: StateReader | None) -> None:
        self.tokens = tokens
        self._arrays: dict[str, np.ndarray] = {}
        self._done = 0
        self._outputs: list[Floats] = []
        self._reader = None
        if reader is not None:
            pieces = backend.pieces(np.unique(tokens.ids).tolist())
            self._reader = reader.passage(tokens.ids, pieces)

    def add(self, statistics: TokenStatistics) -> None:
        """The next window's tokens."""
        if self._reader is not None:
            if statistics.hidden is None:
                raise ValueError("the backend gave no hidden states")
            self._outputs.append(self._reader.push(statistics, statistics.hidden))
        end = self._done + len(statistics.surprisal_nats)
        for name, dtype in _STATISTICS.items():
            values = getattr(statistics, name)
            if values is None or (name == "hidden" and self._reader is not None):
                continue
            if name not in self._arrays:
                self._arrays[name] = np.empty((len(self.tokens), *values.shape[1:]), dtype)
            self._arrays[name][self._done : end] = values
        self._done = end

    def arrays(self) -> dict[str, np.ndarray]:
        """The statistics by name; those of a passage without tokens are empty."""
        if self._arrays:
            return self._arrays
        none = {name: np.zeros(0, dtype) for name, dtype in _STATISTICS.items() if name != "hidden"}
        return {k: v.reshape(0, 0) if k.startswith("alternative") else v for k, v in none.items()}

    def detector(self) -> Floats | None:
        """The reader's outputs ``(N, C)``, or None."""
        return None if self._reader is None else np.concatenate([*self._outputs, self._reader.end()])


def _window_size(window: int | None, maximum: int) -> int:
    if window is None:
        return min(DEFAULT_WINDOW, maximum)
    if window > maximum:
        raise ValueError(f"a window of {window} tokens: this model reads at most {maximum}")
    return window


def _groups(windows: Iterable[Window]) -> Iterable[list[Window]]:
    """Consecutive windows in groups of about `_GROUP_TOKENS`, none behind a long one."""
    group: list[Window] = []
    tokens = 0
    for window in windows:
        group.append(window)
        tokens += len(window.ids)
        if len(window.ids) >= _LONG_WINDOW or tokens >= _GROUP_TOKENS:
            yield group
            group, tokens = [], 0
    if group:
        yield group


def _join(backend: Backend, passage: Passage, part: _Part) -> TokenScores:
    """One passage's windows as one record."""
    tokens, arrays = part.tokens, part.arrays()
    ids = np.union1d(np.unique(tokens.ids), np.unique(arrays["alternative_ids"]))
    return TokenScores(
        ids=tokens.ids,
        starts=tokens.starts + np.int32(passage.start),
        ends=tokens.ends + np.int32(passage.start),
        **arrays,
        pieces=backend.pieces([int(i) for i in ids]),
        detector=part.detector(),
    )
