"""Windows: every token scored once, with at least a quarter window of context, for any size and length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtqa.lm.backend import Tokens
from mtqa.lm.windows import batches, passage_windows


def _tokens(n: int) -> Tokens:
    places = np.arange(n, dtype=np.int32)
    return Tokens(places + np.int32(1000), places, places + np.int32(1))


@given(n=st.integers(0, 400), size=st.integers(4, 70))
def test_every_token_is_scored_exactly_once_in_order(n: int, size: int):
    scored: list[int] = []
    for window in passage_windows(_tokens(n), size):
        assert len(window.ids) + 1 <= size
        scored += [int(i) - 1000 for i in window.ids[window.scored_from :]]
        assert int(window.ids[0]) - 1000 == window.offset
    assert scored == list(range(n))


@given(n=st.integers(1, 400), size=st.integers(4, 70))
def test_left_context_is_at_least_a_quarter_of_a_window(n: int, size: int):
    for window in passage_windows(_tokens(n), size):
        # The start token is context too: what stands before the first scored token, it included.
        context = window.scored_from + 1
        assert window.offset == 0 or context >= math.ceil(size / 4) + 1


def test_what_fits_is_one_window_without_overlap():
    assert [len(w.ids) for w in passage_windows(_tokens(63), 64)] == [63]
    assert [(w.offset, w.scored_from) for w in passage_windows(_tokens(64), 64)] == [(0, 0), (1, 62)]


def test_a_window_too_short_to_score_in_is_refused():
    with pytest.raises(ValueError, match="too short"):
        list(passage_windows(_tokens(5), 3))


@given(lengths=st.lists(st.integers(1, 60), max_size=60), budget=st.integers(1, 200))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int):
    made = list(batches(lengths, budget))
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    for batch in made:
        padded = len(batch) * max(lengths[i] for i in batch)
        assert padded <= budget or len(batch) == 1


@pytest.mark.parametrize("size", [64, 2048])
def test_a_long_passage_costs_a_third_more_tokens(size: int):
    n = 100 * size
    assert 1.3 < sum(len(w.ids) for w in passage_windows(_tokens(n), size)) / n < 1.4
