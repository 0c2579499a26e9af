"""Models that are not ours: small ones made here, right ones and ones that would give wrong numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mtqa.errors import ModelError
from mtqa.lm.backend import Window
from mtqa.lm.fetch import ensure_model
from mtqa.lm.score import score_passages
from mtqa.lm.tokens import DocumentTokenizer
from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend
from mtqa.records import Passage
from tests.lm.made_tokenizers import make_tokenizer

UNSEEN = "A grey seal slept while nobody watched."


def _llama(**changes):
    from transformers import LlamaConfig

    values = {
        "vocab_size": 400,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 64,
        "tie_word_embeddings": False,
    }
    return LlamaConfig(**{**values, **changes})


def _save(folder: Path, model) -> Path:
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def _load(folder: Path) -> TorchCausalBackend:
    return TorchCausalBackend(ensure_model(str(folder)), LoadOptions(device="cpu"))


@pytest.fixture(autouse=True)
def _seeded():
    import torch

    torch.manual_seed(0)


def _architectures():
    from transformers import Gemma2Config, Gemma2ForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaForCausalLM

    gpt2 = GPT2Config(vocab_size=400, n_embd=32, n_layer=2, n_head=2, n_positions=64)
    gemma = Gemma2Config(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=64,
        sliding_window=16,
        final_logit_softcapping=3.0,
    )
    return {
        "llama": lambda: LlamaForCausalLM(_llama()),
        "gpt2": lambda: GPT2LMHeadModel(gpt2),
        "gemma2, soft-capped logits and a sliding window": lambda: Gemma2ForCausalLM(gemma),
    }


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2, soft-capped logits and a sliding window"])
def test_any_causal_architecture_gives_transformers_own_loss(tmp_path, name):
    import torch

    backend = _load(_save(tmp_path / "m", _architectures()[name]()))
    assert backend.identity.start_token == "<s>"
    tokens = backend.tokenize(UNSEEN)
    ids = torch.tensor([[backend.identity.start_id, *tokens.ids.tolist()]])
    assert 20 < ids.shape[1] <= 64
    with torch.inference_mode():
        loss = backend._model(input_ids=ids, labels=ids).loss
    scores = score_passages(backend, [Passage(UNSEEN, 0), Passage("Prices", 0)])[0]
    assert scores.surprisal_nats.mean() == pytest.approx(float(loss), abs=1e-4)
    assert score_passages(backend, [Passage(UNSEEN * 9, 0)])[0].surprisal_nats.shape[0] > 200


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2, soft-capped logits and a sliding window"])
@pytest.mark.parametrize("layer", [1, 2])
def test_one_layers_states_are_kept_and_are_to_the_bit_those_among_all(tmp_path, name, layer, monkeypatch):
    import torch

    backend = _load(_save(tmp_path / "m", _architectures()[name]()))
    ids = torch.tensor([[backend.identity.start_id, *backend.tokenize(UNSEEN).ids.tolist()]])
    kept = []
    forward = backend._model.base_model.forward

    def spy(*args, **kwargs):
        kept.append(forward(*args, **kwargs))
        return kept[-1]

    monkeypatch.setattr(backend._model.base_model, "forward", spy)
    with torch.inference_mode():
        every = backend._model(input_ids=ids, output_hidden_states=True).hidden_states
        kept.clear()
        last, (states,) = backend._states(ids, (layer,))
    assert len(every) == 3
    assert torch.equal(states, every[layer])
    assert torch.equal(last, every[2])
    assert [state is not None for state in kept[0].hidden_states] == [i == layer for i in range(3)]


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2, soft-capped logits and a sliding window"])
def test_continuations_are_what_fresh_passes_give_on_any_architecture(tmp_path, name):
    backend = _load(_save(tmp_path / "m", _architectures()[name]()))
    ids = backend.tokenize(UNSEEN).ids.tolist()
    rows = [ids[20:], ids[3:9], [], ids[:1], ids[20:22]]
    for length in (20, 4, 20, 0, 25):
        for row, found in zip(rows, backend.continuations(ids[:length], rows), strict=True):
            window = Window(np.array([*ids[:length], *row], dtype=np.int32), scored_from=length)
            assert len(found.likeliest) == len(row) + 1
            assert found.likeliest[-1] == backend.next_tokens([*ids[:length], *row], most=1).ids[0]
            if row:
                fresh = backend.score([window])[0]
                assert found.surprisal_nats == pytest.approx(fresh.surprisal_nats, abs=1e-4)
                first = fresh.rank == 1
                assert (found.likeliest[:-1][first] == np.array(row)[first]).all()


def test_one_backend_answers_several_threads_as_it_does_one(tmp_path):
    """What was read last is remembered: two threads that ask by turns must not read each other's."""
    from concurrent.futures import ThreadPoolExecutor

    backend = _load(_save(tmp_path / "m", _architectures()["llama"]()))
    ids = backend.tokenize(UNSEEN).ids.tolist()
    asked = [(ids[i : i + 12], [ids[i + 2 : i + 9], ids[i : i + 3]]) for i in range(8)] * 6
    alone = [backend.continuations(*one) for one in asked]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda one: backend.continuations(*one), asked))
    for one, other in zip(alone, together, strict=True):
        for row, again in zip(one, other, strict=True):
            assert again.surprisal_nats == pytest.approx(row.surprisal_nats, abs=1e-4)
            assert again.likeliest.tolist() == row.likeliest.tolist()


def test_weights_without_a_head_are_refused_not_filled_with_random_numbers(tmp_path):
    from transformers import LlamaForCausalLM, LlamaModel

    folder = _save(tmp_path / "m", LlamaModel(_llama()))
    with pytest.raises(ModelError, match=r"lacks 1 of the model's tensors \(lm_head.weight"):
        _load(folder)
    folder = _save(tmp_path / "n", LlamaForCausalLM(_llama(num_hidden_layers=1)))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 2, "layer_types": None}))
    with pytest.raises(ModelError, match="lacks 9 of the model's tensors"):
        _load(folder)


def test_a_model_that_sees_what_follows_is_refused(tmp_path):
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM(_llama())
    folder = _save(tmp_path / "m", model)
    backend = _load(folder)
    for layer in backend._model.model.layers:
        layer.self_attn.is_causal = False
    original = backend._model.model.forward

    def both_ways(input_ids, **more):
        # What a bidirectional encoder amounts to: every state knows the last token.
        output = original(input_ids=input_ids, **more)
        output.last_hidden_state = output.last_hidden_state + output.last_hidden_state[:, -1:]
        return output

    backend._model.model.forward = both_ways
    with backend._running(), pytest.raises(ModelError, match="not causal"):
        backend._check()


def test_an_encoder_is_refused(tmp_path):
    from transformers import BertConfig, BertLMHeadModel

    config = BertConfig(
        vocab_size=400, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    folder = _save(tmp_path / "m", BertLMHeadModel(config))
    with pytest.raises(ModelError, match="not"):
        _load(folder)


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    from transformers import LlamaForCausalLM

    folder = _save(tmp_path / "m", LlamaForCausalLM(_llama(vocab_size=100)))
    with pytest.raises(ModelError, match="not of the same model"):
        _load(folder)


def test_special_strings_are_plain_text_for_a_unigram_tokenizer_too(tmp_path):
    make_tokenizer(tmp_path, kind="unigram", size=60)
    tokenizer = DocumentTokenizer(tmp_path)
    tokens = tokenizer.tokenize("The <s> harbour </s>")
    assert tokenizer.start_id not in tokens.ids
    assert len(tokens) > 4
    assert (np.diff(tokens.starts) >= 0).all()


def test_a_chat_token_is_never_the_start_of_a_document(tmp_path):
    from tokenizers import Tokenizer

    make_tokenizer(tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.add_special_tokens(["<|im_start|>", "<|endoftext|>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<|im_start|>"}))
    assert DocumentTokenizer(tmp_path).start_token == "<|endoftext|>"
    assert DocumentTokenizer(tmp_path, start_token="</s>").start_token == "</s>"


@pytest.mark.parametrize(
    ("single", "start"),
    [
        ("</s> $A", "</s>"),  # XGLM: its BOS is <s>, and no text begins with it
        ("<s> $A </s>", "<s>"),
        ("$A </s>", "<s>"),
        ("<pad> </s> $A", "<s>"),
        ("<|im_start|> $A", "<s>"),
    ],
)
@pytest.mark.parametrize("behind_another", [True, False])
def test_what_the_tokenizer_itself_puts_in_front_starts_a_document(tmp_path, single, start, behind_another):
    from tokenizers import Tokenizer, processors

    make_tokenizer(tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.add_special_tokens(["<|im_start|>"])
    names = [piece for piece in single.split() if piece != "$A"]
    template = processors.TemplateProcessing(
        single=single, special_tokens=[(name, tokenizer.token_to_id(name)) for name in names]
    )
    steps = [processors.ByteLevel(), template]
    tokenizer.post_processor = processors.Sequence(steps) if behind_another else template
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    found = DocumentTokenizer(tmp_path)
    assert (found.start_token, found.start_id) == (start, tokenizer.token_to_id(start))
