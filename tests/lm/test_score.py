"""Scoring against the fake backend, whose answers are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.lm.fake import FakeBackend
from mtqa.lm.passages import concatenate, passages
from mtqa.lm.score import score_passages
from mtqa.records import Passage
from mtqa.text.read import document_from_text


def test_uniform_logits_give_surprisal_and_entropy_ln_v():
    scores = score_passages(FakeBackend(vocabulary=100), [Passage("any text at all", 7)])[0]
    assert scores.surprisal_nats == pytest.approx(math.log(100))
    assert scores.entropy_nats == pytest.approx(math.log(100))
    assert scores.surprisal_sd_nats == pytest.approx(0.0, abs=1e-6)
    assert (scores.rank == 1).all()
    assert scores.likelier_mass == pytest.approx(0.0)
    assert scores.starts[0] == 7
    assert scores.ends[-1] == 7 + len("any text at all")


def test_the_first_token_is_scored():
    assert len(score_passages(FakeBackend(), [Passage("x", 0)])[0]) == 1


def _counting(read):
    """Logits that depend on nothing but how many tokens stand before: they show the context used."""
    return np.linspace(0.0, 0.01 * len(read), 50)


@settings(max_examples=30)
@given(text=st.text(alphabet="abc d", min_size=1, max_size=90), size=st.integers(4, 40))
def test_windows_of_any_size_score_each_character_once(text: str, size: int):
    backend = FakeBackend(vocabulary=50, logits=_counting)
    scores = score_passages(backend, [Passage(text, 0)], window=size)[0]
    assert [chr(i - 1) for i in scores.ids] == [chr(ord(c) % 49) for c in text]
    for window in backend.windows_seen:
        assert len(window.ids) < size
    # Each score equals the one that a direct computation with that window's context gives.
    expected = []
    for window in backend.windows_seen:
        for i in range(window.scored_from, len(window.ids)):
            logits = _counting([0] * (i + 1))
            expected.append(np.log(np.exp(logits).sum()) - logits[window.ids[i]])
    assert scores.surprisal_nats == pytest.approx(expected, abs=1e-5)


def test_a_window_longer_than_the_model_reads_is_refused():
    with pytest.raises(ValueError, match="at most 1024"):
        score_passages(FakeBackend(), [Passage("x", 0)], window=2000)


def test_passages_of_each_context(article):
    document = document_from_text(article)
    whole = passages(document, "document")
    assert [p.text for p in whole] == [document.text]
    blocks = passages(document, "paragraph")
    assert len(blocks) == 2
    single = passages(document, "none")
    assert len(single) == len(document.sentences) == 5
    for p in blocks + single:
        assert document.text[p.start : p.start + len(p.text)] == p.text


def test_scores_put_together_are_in_document_positions(article):
    document = document_from_text(article)
    parts = score_passages(FakeBackend(), passages(document, "none"))
    scores = concatenate(parts)
    assert len(scores) == sum(s.end - s.start for s in document.sentences)
    assert (np.diff(scores.starts) > 0).all()


def test_passages_without_a_token_put_together_are_empty_or_nothing():
    nothing = score_passages(FakeBackend(), [Passage("", 3), Passage("", 9)])
    assert len(concatenate(nothing)) == 0
    some = score_passages(FakeBackend(), [Passage("", 3), Passage("abc", 4), Passage("", 9)])
    assert concatenate(some).starts.tolist() == [4, 5, 6]


def test_progress_ends_at_the_total(article):
    seen: list[tuple[int, int]] = []
    score_passages(FakeBackend(), [Passage(article, 0)] * 60, on_progress=lambda d, t: seen.append((d, t)))
    assert len(seen) > 1
    assert seen[-1][0] == seen[-1][1] == 60 * len(article)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
