"""Versions of a text against brute force: the whole document scored anew with each of them."""

from __future__ import annotations

import numpy as np
import pytest

from mtqa.errors import RunError
from mtqa.lm.backend import ContinuationModel, NextTokenModel, Tokens
from mtqa.lm.fake import FakeBackend
from mtqa.lm.rescore import Reach, Rescorer, excerpt
from mtqa.lm.score import score_passages
from mtqa.records import Passage, Span

ALL = Reach(context_tokens=10_000, follow_tokens=10_000)
BEFORE, AFTER = "The old bridge over the ", " was closed. Nobody minded, as it was Sunday. Boats went by."
WORDS = ["river", "Thames", "marmalade sandwiches", "", "river’", "r"]


def _logits(read):
    return np.random.default_rng([int(i) for i in read]).normal(0, 3, 256)


def _nats(backend, text: str) -> float:
    return float(score_passages(backend, [Passage(text, 0)])[0].surprisal_nats.sum(dtype=np.float64))


def _assert_differences_are_those_of_whole_documents(backend) -> None:
    texts = [BEFORE + word + AFTER for word in WORDS]
    found = [sum(v.split(0)) for v in Rescorer(backend).versions(texts)]
    whole = [_nats(backend, text) for text in texts]
    assert np.ptp(whole) > 1
    assert np.subtract(found, found[0]) == pytest.approx(np.subtract(whole, whole[0]), abs=1e-3)


def test_differences_are_those_of_whole_documents():
    _assert_differences_are_those_of_whole_documents(FakeBackend(logits=_logits))


@pytest.mark.model
def test_differences_are_those_of_whole_documents_for_the_real_model(smollm2):
    assert isinstance(smollm2, ContinuationModel)
    _assert_differences_are_those_of_whole_documents(smollm2)


@pytest.mark.model
def test_the_order_of_questions_changes_nothing(smollm2):
    texts = [BEFORE + word + AFTER for word in WORDS]
    fresh = [v.surprisal_nats for v in Rescorer(smollm2).versions(texts)]
    other = Rescorer(smollm2)
    other.proposals("Something else that was read before")
    other.read(texts[1])
    other.proposals(BEFORE)
    again = [v.surprisal_nats for v in other.versions(texts)]
    for one, two in zip(fresh, again, strict=True):
        assert one == pytest.approx(two, abs=2e-4)


@pytest.mark.model
def test_the_real_models_proposals_are_whole_words(smollm2):
    found = Rescorer(smollm2).proposals("Belarus, home to 9.5 million ")
    assert found[0] == " people"
    assert {" inhabitants", " residents"} <= set(found[:20])
    cat = Rescorer(smollm2).proposals("Her favourite dinosaur was the Tyrannos")
    assert cat[0].startswith("aur")
    assert cat[0].isalpha()


def test_related_words_are_those_with_the_embeddings_that_are_most_alike(smollm2):
    pieces = [" table", " doctor", ".", " nurses", " ran"]
    found = Rescorer(smollm2).related("physicians", pieces)
    weight = smollm2._model.get_input_embeddings().weight.detach().numpy()

    def mean(text: str) -> np.ndarray:
        return weight[smollm2.tokenize(text).ids].astype(np.float64).mean(0)

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    own = mean(" physicians")
    assert list(found) == sorted([w for w in pieces if w != "."], key=lambda w: -cosine(own, mean(w)))
    assert set(found[:2]) == {" doctor", " nurses"}
    assert Rescorer(smollm2).related("physicians", ["."]) == ()
    assert Rescorer(FakeBackend()).related("a", [" b"]) == ()


def test_a_version_is_split_where_its_words_end():
    texts = [BEFORE + "river" + AFTER, BEFORE + "lake" + AFTER]
    river, lake = Rescorer(FakeBackend(vocabulary=50)).versions(texts)
    at = len(BEFORE)
    assert river.split(at + 5) == pytest.approx((5 * np.log(50), len(AFTER) * np.log(50)), abs=1e-3)
    assert lake.split(at + 4) == pytest.approx((4 * np.log(50), len(AFTER) * np.log(50)), abs=1e-3)


def test_a_version_that_is_another_ones_beginning():
    whole, cut, same = Rescorer(FakeBackend(logits=_logits)).versions(["abcd", "ab", "abcd"])
    assert cut.split(0) == (0.0, 0.0)
    assert len(whole.ends) == 2
    assert whole.surprisal_nats == pytest.approx(same.surprisal_nats)


def test_a_short_model_loses_the_beginning():
    short = FakeBackend(logits=_logits, max_tokens=12)
    one, two = Rescorer(short).versions(["x" * 50 + "abcd", "x" * 50 + "efg"])
    assert len(one.ends) == 4
    assert max(len(w.ids) for w in short.windows_seen) == 11
    assert one.split(0)[1] != two.split(0)[1]


def test_a_model_that_can_not_write_proposes_nothing():
    class Only:
        def __init__(self):
            self._fake = FakeBackend()
            self.identity, self.tokenize = self._fake.identity, self._fake.tokenize
            self.pieces, self.score = self._fake.pieces, self._fake.score

    assert not isinstance(Only(), NextTokenModel)
    assert Rescorer(Only()).proposals("ab") == ()
    assert len(Rescorer(Only()).versions(["ab", "ac"])) == 2
    assert Rescorer(FakeBackend()).proposals("ab", most=3) == ("<start>", "\0", "\1")


def _excerpt(start: int, end: int, reach: Reach, **more) -> tuple[int, str]:
    text = "0123456789" * 3
    passage = Passage(text[5:25], 5)
    scores = score_passages(FakeBackend(), [Passage(text, 0)])[0]
    found = excerpt(passage, scores, Span(start, end), reach, **more)
    assert text[found.start : found.start + len(found.text)] == found.text
    return found.start, found.text


def test_an_excerpt_is_cut_by_tokens_and_inside_its_passage():
    assert _excerpt(15, 16, ALL) == (5, "56789012345678901234")
    assert _excerpt(20, 21, Reach(4, 3)) == (16, "67890123")
    assert _excerpt(20, 21, Reach(4, 0), through=23) == (16, "6789012")
    assert _excerpt(10, 11, Reach(4, 2)) == (5, "56789012")  # twice the context is all there is
    assert _excerpt(24, 25, Reach(1, 9)) == (23, "34")


@pytest.mark.model
def test_what_is_too_long_to_follow_is_an_error_not_a_wrong_number(smollm2):
    from mtqa.lm.torch_next import NextTokenReader

    reader = NextTokenReader(smollm2._model.base_model, smollm2._logits, start_id=0, max_tokens=6)
    with smollm2._running(), pytest.raises(RunError, match="at most 6"):
        reader.continuations([1, 2], [[1] * 7], 64)


def test_a_blank_that_a_tokenizer_puts_before_each_word_makes_no_words_alike(smollm2):
    """As Llama 2's: ▁ by itself, and the word. Two vectors' mean would be that of the blank for all."""
    blank = int(smollm2.tokenize(" ").ids[0])

    class Prepending:
        identity, pieces, similarity = smollm2.identity, smollm2.pieces, smollm2.similarity

        def tokenize(self, text: str) -> Tokens:
            made = smollm2.tokenize(text)
            if not text.startswith(" "):
                return made
            begin, end = np.array([0], made.starts.dtype), np.array([1], made.ends.dtype)
            ids = np.concatenate([np.array([blank], made.ids.dtype), made.ids])
            return Tokens(ids, np.concatenate([begin, made.starts]), np.concatenate([end, made.ends]))

    pieces = [" table", " doctor", " nurses", " ran", " the", " hospital"]
    expected = Rescorer(smollm2).related("physicians", pieces)
    assert Rescorer(Prepending()).related("physicians", pieces) == expected
