"""The corruptions' language model: a fake one whose answers are known, and the real default one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from mtqa.bench.corruptions.resources import Writing
from mtqa.bench.proposer import ModelProposer
from mtqa.lm.backend import NextTokens, Tokens
from mtqa.lm.fake import FakeBackend

LONG = Writing(least=20, aim=60, most=90, temperature=0.9)


@dataclass
class WordModel:
    """A model of whole words: ``likely`` of what was read, best first; each half as likely as the last."""

    table: list[str]
    likely: dict[str, list[str]] = field(default_factory=dict)

    def tokenize(self, text):
        words = [" " + w for w in text.split()]
        self.table += [w for w in words if w not in self.table]
        ids = np.array([self.table.index(w) for w in words], dtype=np.int32)
        return Tokens(ids, ids, ids)

    def pieces(self, ids):
        return {i: self.table[i] for i in ids}

    def next_tokens(self, ids, *, most=512):
        last = self.table[ids[-1]].strip() if len(ids) else ""
        pieces = self.likely.get(last) or self.likely[""]
        places = np.array([self.table.index(p) for p in pieces], dtype=np.int32)[:most]
        return NextTokens(places, np.array([-(i + 1) * math.log(2) for i in range(len(places))], np.float32))


PIECES = [" the", " bridge", " fell", ".", " (", "\n", "'s", " river", "ing", " Mr", " 3", "5"]


def _model(**likely):
    return ModelProposer(WordModel(list(PIECES), {k.strip("_"): v for k, v in likely.items()}))


def test_words_are_proposed_with_their_probabilities_without_the_one_that_stood_there():
    proposer = _model(_=[" river", "ing", " bridge", ".", " fell", " ("])
    assert proposer.propose("Over the", "bridge") == (
        ("river", pytest.approx(0.5)),
        ("fell", pytest.approx(2**-5)),
    )


def test_it_stops_at_a_sentences_end_and_never_before_the_least_length():
    proposer = _model(_=[".", " river", " bridge"])
    for seed in range(20):
        text = proposer.write("The old", LONG, np.random.default_rng(seed))
        assert text.endswith(".")
        assert text.count(".") == 1
        assert 20 <= len(text) <= 90


def test_what_never_ends_is_cut_behind_a_content_word():
    proposer = _model(_=[" the"], the=[" river"], river=[" the"])
    text = proposer.write("Over", Writing(least=5, aim=30, most=50, temperature=0), np.random.default_rng(0))
    assert text.endswith(" river.")
    assert len(text) <= 51


def test_abbreviations_and_numbers_do_not_end_it():
    proposer = _model(_=[" Mr"], Mr=["."], **{".": [" 3"], "3": ["."]})
    model = proposer._model
    model.likely = {"": [" Mr"], "Mr": ["."], ".": [" 3"], "3": ["5"], "5": [" river"], "river": ["."]}
    how = Writing(least=1, aim=50, most=60, temperature=0)
    assert proposer.write("", how, np.random.default_rng(0)) == " Mr. 35 river."


def test_brackets_and_line_breaks_are_never_written():
    proposer = _model(_=["\n", " (", " river", "."])
    text = proposer.write("The old", LONG, np.random.default_rng(0))
    assert set(text) <= set(" river.")
    assert _model(_=["\n", " ("]).write("The old", LONG, np.random.default_rng(0)) == ""


def test_favoured_words_win_and_what_was_written_is_written_again():
    how = Writing(least=30, aim=40, most=60, temperature=0, own=("fell",), own_nats=3.0)
    likely = [" river", " bridge", " fell", "."]
    assert _model(_=likely).write("The old", how, np.random.default_rng(0)).startswith(" fell fell")
    drawn = Writing(least=200, aim=300, most=400, temperature=0.5)
    again = Writing(least=200, aim=300, most=400, temperature=0.5, again_nats=2.0)
    plain, loops = (
        np.mean(
            [_most_common(_model(_=likely).write("The old", h, np.random.default_rng(i))) for i in range(20)]
        )
        for h in (drawn, again)
    )
    assert loops > plain


def _most_common(text):
    words = text.split()
    return max(words.count(w) for w in words) / len(words)


def test_temperature_and_nucleus_decide_how_free_it_is():
    likely = [" river", " bridge", " fell", "."]
    how = {"least": 200, "aim": 300, "most": 400}
    cold = _model(_=likely).write("The", Writing(**how, temperature=0), np.random.default_rng(0))
    assert set(cold[:-1].split()) == {"river"}
    core = _model(_=likely).write("The", Writing(**how, nucleus=0.5), np.random.default_rng(0))
    assert "fell" not in core
    free = _model(_=likely).write("The", Writing(**how, temperature=3.0), np.random.default_rng(0))
    assert {"river", "bridge", "fell"} <= set(free[:-1].split())


def test_the_fake_backend_answers_from_its_logits():
    logits = np.log(np.array([0.1, 0.6, 0.1, 0.2]))
    found = FakeBackend(vocabulary=4, logits=lambda ids: logits + len(ids)).next_tokens([1, 2], most=3)
    assert found.ids.tolist() == [1, 3, 0]
    assert np.exp(found.log_p) == pytest.approx([0.6, 0.2, 0.1])


@pytest.mark.model
def test_next_tokens_are_the_models_own_however_the_text_was_read(smollm2):
    import torch

    texts = ["The old bridge over the", "The old bridge over the river was", "The old road", "Bees"]
    for text in [*texts, texts[0], texts[0]]:
        ids = [int(i) for i in smollm2.tokenize(text).ids]
        found = smollm2.next_tokens(ids, most=300)
        with torch.inference_mode():
            whole = smollm2._model(input_ids=torch.tensor([[smollm2.identity.start_id, *ids]])).logits[0, -1]
        expected = whole.double().log_softmax(-1).numpy()
        assert len(found.ids) == 300
        assert np.allclose(found.log_p, expected[found.ids], atol=1e-3)
        assert found.log_p[-1] >= np.sort(expected)[-301] - 1e-3


@pytest.mark.model
def test_a_text_too_long_for_the_model_loses_its_beginning(smollm2):
    from mtqa.lm.torch_next import NextTokenReader

    model = smollm2._model
    short = NextTokenReader(
        model.base_model, smollm2._logits, start_id=smollm2.identity.start_id, max_tokens=6
    )
    ids = [int(i) for i in smollm2.tokenize("The old bridge over the river was closed").ids]
    import torch

    with torch.inference_mode():
        assert np.allclose(short.next(ids, 20).log_p, smollm2.next_tokens(ids[-5:], most=20).log_p, atol=1e-4)


@pytest.mark.model
def test_the_real_model_proposes_hundreds_of_words_and_writes_a_sentence(smollm2):
    proposer = ModelProposer(smollm2)
    words = proposer.propose("She put the hot soup on the kitchen", "table")
    assert len(words) > 200
    assert {"counter", "floor"} <= {w for w, _ in words[:10]}
    assert "table" not in dict(words)
    texts = [proposer.write("The old bridge", LONG, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert all(t.startswith(" ") and t.endswith((".", "!", "?")) and len(t) <= 91 for t in texts)
