"""The real model's numbers against oracles: transformers' own loss, and brute force a token at a time."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from mtqa.errors import ConfigError, ModelError, RunError
from mtqa.lm.backend import Window
from mtqa.lm.passages import concatenate
from mtqa.lm.score import score_passages
from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend
from mtqa.lm.torch_next import NextTokenReader
from mtqa.records import Passage

pytestmark = pytest.mark.model


def _brute_force(backend, ids: list[int]):
    """float64 log-probabilities ``(N, V)`` of each token's place, one full forward pass a token."""
    import torch

    rows = []
    with torch.inference_mode():
        for i in range(len(ids)):
            read = torch.tensor([[backend.identity.start_id, *ids[:i]]])
            rows.append(backend._model(input_ids=read).logits[0, -1].double().log_softmax(-1).numpy())
    return np.array(rows)


@pytest.fixture(scope="module")
def short(smollm2):
    text = "The Kremlin sees its neighbour, home to 9.5 million sandwiches, as a key thief."
    ids = [int(i) for i in smollm2.tokenize(text).ids]
    return text, ids, _brute_force(smollm2, ids)


def test_every_statistic_equals_brute_force(smollm2, short):
    text, ids, logp = short
    scores = score_passages(smollm2, [Passage(text, 0)])[0]
    own = logp[np.arange(len(ids)), ids]
    p = np.exp(logp)
    entropy = -(p * logp).sum(1)
    assert scores.surprisal_nats == pytest.approx(-own, abs=1e-3)
    assert scores.entropy_nats == pytest.approx(entropy, abs=1e-3)
    assert scores.surprisal_sd_nats == pytest.approx(np.sqrt((p * logp**2).sum(1) - entropy**2), abs=1e-3)
    likelier = logp > own[:, None]
    assert scores.likelier_mass == pytest.approx((p * likelier).sum(1), abs=1e-4)
    # Ranks deep in the tail may differ where two logits agree to float32's precision.
    assert scores.rank == pytest.approx(likelier.sum(1) + 1, rel=1e-3, abs=1)
    for i in range(len(ids)):
        order = [int(j) for j in np.argsort(-logp[i]) if j != ids[i]][: scores.alternative_ids.shape[1]]
        assert scores.alternative_p[i] == pytest.approx(p[i, order], abs=1e-4)
        assert scores.alternative_ids[i, 0] == order[0]


def test_mean_surprisal_is_transformers_own_loss(smollm2, article):
    import torch

    tokens = smollm2.tokenize(article)
    ids = torch.tensor([[smollm2.identity.start_id, *tokens.ids.tolist()]])
    with torch.inference_mode():
        loss = smollm2._model(input_ids=ids, labels=ids).loss
    scores = score_passages(smollm2, [Passage(article, 0)])[0]
    assert scores.surprisal_nats.mean() == pytest.approx(float(loss), abs=1e-4)
    assert 1.0 < float(loss) < 4.5  # a model that reads English at all


def test_exactly_one_start_token_and_it_starts_documents(smollm2, article, monkeypatch):
    rows = []
    decoder = smollm2._model.base_model
    forward = decoder.forward

    def spy(*args, **kwargs):
        rows.extend(kwargs["input_ids"].tolist())
        return forward(*args, **kwargs)

    monkeypatch.setattr(decoder, "forward", spy)
    score_passages(smollm2, [Passage(article, 0)], window=40)
    start = smollm2.identity.start_id
    assert smollm2.identity.start_token == "<|endoftext|>"
    assert len(rows) > 2
    for row in rows:
        assert row[0] == start
        # Padding, on the right, is the only other place for it.
        inside = row[1:]
        while inside and inside[-1] == start:
            inside.pop()
        assert start not in inside


@pytest.mark.parametrize("size", [8, 21, 64])
def test_windows_give_what_their_context_gives_by_brute_force(smollm2, short, size):
    text, ids, _ = short
    scores = score_passages(smollm2, [Passage(text, 0)], window=size)[0]
    from mtqa.lm.windows import passage_windows

    expected = []
    for window in passage_windows(smollm2.tokenize(text), size):
        logp = _brute_force(smollm2, [int(i) for i in window.ids])
        expected += [-logp[i, window.ids[i]] for i in range(window.scored_from, len(window.ids))]
    assert len(expected) == len(ids)
    assert scores.surprisal_nats == pytest.approx(expected, abs=1e-3)


def test_batch_size_order_and_padding_change_nothing(smollm2, smollm2_files, article):
    texts = [article, "One.", *article.split(". "), "Seven words are all that stand here"]
    passages = [Passage(t, 0) for t in texts]
    together = score_passages(smollm2, passages)
    alone = [score_passages(smollm2, [p])[0] for p in passages]
    backwards = score_passages(smollm2, passages[::-1])[::-1]
    small = TorchCausalBackend(smollm2_files, LoadOptions(device="cpu", batch_tokens=50))
    tight = score_passages(small, passages)
    for a, b, c, d in zip(together, alone, backwards, tight, strict=True):
        for other in (b, c, d):
            assert a.surprisal_nats == pytest.approx(other.surprisal_nats, abs=1e-4)
            assert a.entropy_nats == pytest.approx(other.entropy_nats, abs=1e-4)
            assert (a.ids == other.ids).all()


@pytest.mark.parametrize(
    "special",
    ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<bos>", "<eos>", "<repo_name>", "[INST]", "<unk>"],
)
def test_special_strings_are_plain_text(smollm2, special):
    text = f"He wrote {special} on the wall."
    tokens = smollm2.tokenize(text)
    assert min(tokens.ids) > 16  # SmolLM2's special tokens are its first 17
    covered = "".join(text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True))
    assert covered == text
    plain = score_passages(smollm2, [Passage("He wrote", 0)])[0]
    marked = score_passages(smollm2, [Passage(text, 0)])[0]
    assert marked.surprisal_nats[:2] == pytest.approx(plain.surprisal_nats, abs=1e-4)


def test_odd_text_gives_finite_numbers_and_spans_inside_it(smollm2):
    for text in (
        "a\ud800b",
        "😀👩‍👩‍👧 \u202eabc",
        "مرحبا بالعالم",
        "\u0000\u0001",
        "日本語",
        "é" * 300,
        "   ",
    ):
        scores = score_passages(smollm2, [Passage(text, 0)])[0]
        assert np.isfinite(scores.surprisal_nats).all()
        assert (scores.starts >= 0).all()
        assert (scores.ends <= len(text)).all()
        assert (np.diff(scores.starts) >= 0).all()


def test_hidden_states_are_those_of_the_layer_at_the_same_tokens(smollm2, article):
    import torch

    tokens = smollm2.tokenize(article)
    scores = score_passages(smollm2, [Passage(article, 0)], layers=(16,))[0]
    ids = torch.tensor([[smollm2.identity.start_id, *tokens.ids.tolist()]])
    with torch.inference_mode():
        states = smollm2._model(input_ids=ids, output_hidden_states=True).hidden_states[16]
    assert scores.hidden is not None
    assert scores.hidden.shape == (len(tokens), 576)
    assert scores.hidden == pytest.approx(states[0, 1:].numpy(), abs=1e-2, rel=1e-3)
    assert score_passages(smollm2, [Passage("x", 0)])[0].hidden is None
    with pytest.raises(ConfigError, match="1 to 30"):
        smollm2.score([Window(tokens.ids[:3], 0)], layers=(31,))


@pytest.mark.parametrize("skipped", [0, 1, None])
def test_hidden_states_are_those_of_the_layer_whatever_a_list_of_layers_gives(smollm2, monkeypatch, skipped):
    """transformers 5.23 gives them by their numbers, 5.17 without the embeddings' (so that 16 is layer 17's),
    and 5.0 took any list for yes."""
    decoder, asked = smollm2._model.base_model, []

    class Output:
        def __init__(self, last_hidden_state, hidden_states):
            self.last_hidden_state, self.hidden_states = last_hidden_state, hidden_states

    def another(*, input_ids, use_cache, output_hidden_states):
        asked.append(output_hidden_states)
        output = decoder(
            input_ids=input_ids, use_cache=use_cache, output_hidden_states=bool(output_hidden_states)
        )
        states = output.hidden_states
        if isinstance(output_hidden_states, list) and skipped is not None:
            later = states[skipped:]
            states = tuple(s if i in output_hidden_states else None for i, s in enumerate(later))
        return Output(output.last_hidden_state, states)

    passages = [Passage("The committee met on Tuesday and postponed the vote.", 0)]
    expected = score_passages(smollm2, passages, layers=(16, 20))[0].hidden
    monkeypatch.setattr(type(smollm2._model), "base_model", property(lambda _: another))
    monkeypatch.setattr(smollm2, "_numbered", {})
    found = score_passages(smollm2, passages, layers=(16, 20))[0].hidden
    assert np.array_equal(found, expected)
    assert asked[-1] == (True if skipped else [16, 20])  # all 31 only where it must be


def test_settings_of_the_process_are_put_back(smollm2_files):
    import torch

    before = torch.get_num_threads()
    backend = TorchCausalBackend(smollm2_files, LoadOptions(device="cpu", threads=1))
    backend.score([Window(np.array([5, 6, 7], dtype=np.int32), 0)])
    assert torch.get_num_threads() == before
    assert torch.is_grad_enabled()


def test_a_number_that_is_not_finite_never_gets_out(smollm2_files):
    import torch

    backend = TorchCausalBackend(smollm2_files, LoadOptions(device="cpu"))
    with torch.no_grad():
        next(iter(backend._model.parameters()))[:, 0] = float("nan")
    with pytest.raises(RunError, match="not finite"):
        backend.score([Window(np.array([5, 6, 7], dtype=np.int32), 0)])


def test_a_directory_that_is_no_model_is_refused_in_one_line(tmp_path, smollm2_files):
    from dataclasses import replace

    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError) as caught:
        TorchCausalBackend(replace(smollm2_files, directory=tmp_path), LoadOptions(device="cpu"))
    assert "\n" not in str(caught.value)


def test_devices_and_dtypes_that_are_not_here(smollm2_files):
    with pytest.raises(ConfigError, match="unknown device 'gpu'"):
        TorchCausalBackend(smollm2_files, LoadOptions(device="gpu"))
    with pytest.raises(ConfigError, match="overflow"):
        from dataclasses import replace

        TorchCausalBackend(
            replace(smollm2_files, disallowed_dtypes=("float16",)), LoadOptions(device="cpu", dtype="float16")
        )


def test_contexts_differ_and_each_is_scored_once(smollm2, article):
    from mtqa.lm.passages import passages
    from mtqa.text.read import document_from_text

    document = document_from_text(article)
    means = {}
    for context in ("document", "paragraph", "none"):
        scores = concatenate(score_passages(smollm2, passages(document, context)))
        means[context] = scores.surprisal_nats.mean()
    assert means["document"] < means["paragraph"] < means["none"]


def test_what_was_read_is_kept_under_the_name_that_the_decoder_has_for_it(smollm2):
    """transformers 5.24 calls it ``cache`` and warns of the older name, which is to go."""
    decoder = smollm2._model.base_model
    theirs = next(
        n for n in ("cache", "past_key_values") if n in inspect.signature(decoder.forward).parameters
    )

    class Renamed:
        parameters = decoder.parameters

        def forward(self, input_ids, position_ids=None, cache=None, use_cache=None):
            named = {} if cache is None else {theirs: cache}
            return decoder(input_ids=input_ids, position_ids=position_ids, use_cache=use_cache, **named)

        __call__ = forward

    ids = [int(i) for i in smollm2.tokenize("The committee met on Tuesday and").ids]
    with smollm2._running():
        readers = [
            NextTokenReader(one, smollm2._logits, start_id=smollm2.identity.start_id, max_tokens=64)
            for one in (decoder, Renamed())
        ]
        found = [reader.next(ids, 5) for reader in readers]
    assert [reader._goes_on for reader in readers] == [True, True]
    assert readers[1]._kept_as == "cache"
    assert np.array_equal(found[0].ids, found[1].ids)
    assert found[0].log_p == pytest.approx(found[1].log_p, abs=1e-6)
