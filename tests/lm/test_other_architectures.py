"""Architectures unlike Llama: several towers, no attention or only some, logits pressed into bounds."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from mtqa.errors import ModelError
from mtqa.lm.backend import Window
from mtqa.lm.fetch import ensure_model
from mtqa.lm.score import score_passages
from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend
from mtqa.records import Passage
from tests.lm.made_tokenizers import make_tokenizer

UNSEEN = "A grey seal slept while nobody watched."

SMALL = {
    "vocab_size": 400,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
STATES = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2}
LINEAR = {
    "head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "layer_types": ["linear_attention", "full_attention"],
}

#: By what ends in a wrong number without care, or in an error: the class of the config, and its values.
ONE_TOWER_OF_SEVERAL = {
    "Gemma3Config": {
        "text_config": {**SMALL, "head_dim": 16, "sliding_window": 8},
        "vision_config": {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "image_size": 28,
            "patch_size": 14,
        },
        "image_token_index": 399,
        "boi_token_index": 398,
        "eoi_token_index": 397,
        "mm_tokens_per_image": 4,
    },
    "Gemma4Config": {
        "text_config": {
            **SMALL,
            "num_hidden_layers": 4,
            "head_dim": 16,
            "global_head_dim": 16,
            "sliding_window": 8,
            "final_logit_softcapping": 3.0,
            "vocab_size_per_layer_input": 400,
            "hidden_size_per_layer_input": 8,
            "num_kv_shared_layers": 2,
            "layer_types": ["sliding_attention", "full_attention"] * 2,
        },
        "vision_config": None,
        "audio_config": None,
    },
    "Llama4TextConfig": {
        **SMALL,
        "num_hidden_layers": 4,
        "head_dim": 16,
        "intermediate_size_mlp": 64,
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
        "attention_chunk_size": 8,
    },
}
NOTHING_KEPT = {
    "MambaConfig": {**STATES, "state_size": 8},
    "Mamba2Config": {**STATES, "state_size": 8, "num_heads": 4, "head_dim": 16, "n_groups": 1},
    "RwkvConfig": {**STATES, "attention_hidden_size": 32, "context_length": 64},
    "OpenAIGPTConfig": {"vocab_size": 400, "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64},
    "Lfm2Config": {**SMALL, "layer_types": ["conv", "full_attention"]},
    "Qwen3_5TextConfig": {**SMALL, **LINEAR},
    "Qwen3NextConfig": {
        **SMALL,
        **LINEAR,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 16,
    },
    "FalconH1Config": {
        **SMALL,
        "mamba_d_state": 8,
        "mamba_n_heads": 4,
        "mamba_d_ssm": 64,
        "mamba_d_head": 16,
        "mamba_n_groups": 1,
        "lm_head_multiplier": 0.25,
    },
    "GraniteMoeHybridConfig": {
        **SMALL,
        "layer_types": ["mamba", "attention"],
        "mamba_n_heads": 4,
        "mamba_d_head": 16,
        "mamba_d_state": 8,
        "shared_intermediate_size": 32,
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
    },
}
BOUNDED = {
    "RecurrentGemmaConfig": {
        **SMALL,
        "num_hidden_layers": 3,
        "attention_window_size": 8,
        "lru_width": 32,
        "head_dim": 16,
        "logits_soft_cap": 6.0,
    }
}
ALL = {**ONE_TOWER_OF_SEVERAL, **NOTHING_KEPT, **BOUNDED}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))


def _backend(folder: Path, name: str, dtype: str = "float32") -> TorchCausalBackend:
    """A model with weights large enough that it matters what was read before."""
    import torch
    import transformers

    from mtqa.lm.quiet import quiet_transformers

    torch.manual_seed(0)
    with quiet_transformers():
        model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, name)(**ALL[name]))
        for weights in model.parameters():
            if weights.dim() > 1:
                torch.nn.init.normal_(weights, 0, 0.15)
        model.eval().save_pretrained(folder)
    make_tokenizer(folder)
    return TorchCausalBackend(ensure_model(str(folder)), LoadOptions(device="cpu", dtype=dtype))


@pytest.mark.parametrize("name", [*ONE_TOWER_OF_SEVERAL, *BOUNDED, "FalconH1Config"])
def test_surprisals_are_transformers_own(tmp_path, name):
    import torch

    backend = _backend(tmp_path / "m", name)
    ids = torch.tensor([[backend.identity.start_id, *backend.tokenize(UNSEEN).ids.tolist()]])
    with torch.inference_mode():
        log_p = backend._model(input_ids=ids, use_cache=False).logits[0].double().log_softmax(-1)
    own = -log_p[:-1].gather(1, ids[0, 1:, None])[:, 0].numpy()
    scores = score_passages(backend, [Passage(UNSEEN, 0)], layers=(2,))[0]
    assert scores.surprisal_nats == pytest.approx(own, abs=1e-4)
    assert scores.hidden is not None
    assert scores.hidden.shape == (len(own), 32)
    assert backend.identity.max_tokens in (64, 8192)  # RecurrentGemma's config knows no limit of its own


@pytest.mark.parametrize("name", sorted(ALL))
def test_continuations_are_what_fresh_passes_give(tmp_path, name):
    """Mamba, RWKV and GPT-1 ignored what was read before; the hybrids ended in an IndexError."""
    backend = _backend(tmp_path / "m", name)
    ids = backend.tokenize(UNSEEN).ids.tolist()
    rows = [ids[20:], ids[3:9], [], ids[:1]]
    for length in (20, 4, 20, 0, 18):
        for row, found in zip(rows, backend.continuations(ids[:length], rows), strict=True):
            assert found.likeliest[-1] == backend.next_tokens([*ids[:length], *row], most=1).ids[0]
            if row:
                window = Window(np.array([*ids[:length], *row], dtype=np.int32), scored_from=length)
                fresh = backend.score([window])[0].surprisal_nats
                assert found.surprisal_nats == pytest.approx(fresh, abs=1e-4)
    assert backend._next_reader()._goes_on == (name in ONE_TOWER_OF_SEVERAL)


@pytest.mark.parametrize("name", ["MambaConfig", "Gemma3Config"])
def test_a_pass_over_whole_texts_is_no_larger_than_one_over_what_follows(tmp_path, name, monkeypatch):
    monkeypatch.setattr("mtqa.lm.torch_next._PASS_POSITIONS", 64)
    backend = _backend(tmp_path / "m", name)
    ids = backend.tokenize(UNSEEN).ids.tolist()
    backend.continuations(ids[:20], [])
    seen, forward = [], backend._model.base_model.forward
    monkeypatch.setattr(
        backend._model.base_model,
        "forward",
        lambda input_ids, **more: seen.append(input_ids.numel()) or forward(input_ids=input_ids, **more),
    )
    backend.continuations(ids[:20], [ids[i : i + 9] for i in range(7)])
    assert max(seen) <= 64
    assert sum(seen) == 7 * (9 if name == "Gemma3Config" else 30)


def test_a_model_whose_decoder_is_not_found_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("mtqa.lm.torch_causal._decoder_of", lambda _: None)
    with pytest.raises(ModelError, match="architecture Gemma3ForConditionalGeneration is not supported"):
        _backend(tmp_path / "m", "Gemma3Config")


def test_out_of_memory_in_the_trial_says_so(tmp_path, monkeypatch):
    from mtqa.errors import RunError

    backend = _backend(tmp_path / "m", "Gemma3Config")

    def fails(*_, **__):
        raise RuntimeError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(backend._model.base_model, "forward", fails)
        with pytest.raises(RunError, match="out of memory"):
            backend.continuations([5], [[6]])
    assert backend.continuations([5], [[6]])[0].surprisal_nats.shape == (1,)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_bound_of_the_logits_is_seen_in_every_dtype(tmp_path, dtype, known, monkeypatch):
    """In bfloat16 such a model was let through, with surprisals off by nats."""
    if not known:
        monkeypatch.setattr("mtqa.lm.torch_causal._CAPS", ())
    refused = contextlib.nullcontext() if known else pytest.raises(ModelError, match="not supported")
    with refused:
        _backend(tmp_path / "m", "RecurrentGemmaConfig", dtype)
