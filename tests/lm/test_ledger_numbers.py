"""The ledger's key against the numbers themselves: whatever moves one bit of them is in the key."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

from mtqa.config import Config
from mtqa.detect.calibration_file import calibration_text
from mtqa.lm.fetch import ensure_model
from mtqa.lm.ledger_codec import ARRAYS
from mtqa.lm.ledger_key import KEYED, model_key
from mtqa.lm.ledger_place import ledger_file
from mtqa.lm.ledger_store import Store
from mtqa.lm.local import ModelFiles
from mtqa.pipeline import Ranker
from mtqa.text.read import document_from_text
from tests.detect.heads import calibration, random_head
from tests.lm.test_foreign_models import _llama, _save

#: Sentences and paragraphs enough to be cut in several ways, and longer than any window.
ARTICLE = (
    "The harbour was quiet when the first trawler came in. He wrote <s> on the wall.\n\n"
    "Prices have fallen since the spring. Nobody saw the comet."
)

#: Values that can't be tried here, and why.
UNTRIED = {
    ("device", "cuda"): "needs a GPU; `device` is in the key as it stands, `auto` with what it goes by",
    ("device", "mps"): "needs Apple's GPU; as cuda",
    ("model", "org/name"): "a hub id needs the network; its files are digested as those of a folder",
}
#: Fields whose values below do move a number: that the test sees it move is tested too.
MOVING = {"model", "context", "window", "detector", "start_token", "dtype"}

Values = Mapping[str, list[Any]]
Numbers = dict[str, tuple[str, tuple[int, ...], bytes] | None]


@pytest.fixture(scope="module")
def values(tmp_path_factory) -> Iterator[Values]:
    """Other values for every field, on three tiny models that differ in weights, or in a setting alone."""
    import torch
    from transformers import LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTQA_CACHE", str(folder / "cache"))
        torch.manual_seed(0)
        # One name for all: it is in the key itself.
        one, weights, setting = (folder / name / "m" for name in ("one", "weights", "setting"))
        for path in (one, weights):
            path.parent.mkdir()
            _save(path, LlamaForCausalLM(_llama()))
        shutil.copytree(one, setting)
        config = json.loads((setting / "config.json").read_text())
        (setting / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.1}))
        digest = ensure_model(str(one)).weights_sha256
        heads = [
            random_head(folder / f"{seed}.safetensors", width=32, seed=seed, weights_sha256=digest)
            for seed in (1, 2)
        ]
        mine = folder / "calibration.json"
        mine.write_text(calibration_text(calibration([0.0, 1.0]), heads[0].digest, {"texts": 1}))
        yield {
            "model": [str(one), str(weights), str(setting)],
            "context": ["document", "paragraph", "none"],
            "window": [None, 8, 24],
            "measure": ["auto", "perplexity", "excess_surprisal"],
            "detector": ["auto", "none", *(str(folder / f"{seed}.safetensors") for seed in (1, 2))],
            "fdr": [None, 0.1],
            "calibration": [None, str(mine)],
            "threshold_nats": [7.0, 0.0],
            "k": [3, 1, 1000],
            "start_token": [None, "</s>", "<pad>"],
            "device": ["auto", "cpu"],
            "dtype": ["auto", "float32", "bfloat16", "float16"],
            "threads": [None, 1, 2, 3],
            "ledger": [True, False],
            "repair": [True, False],
            "repair_budget_seconds": [15.0, 0.0],
        }


def _scored(config: Config, folder: Path) -> tuple[tuple[str, ...], Numbers]:
    """The keys that the ledger in ``folder`` has afterwards, and every array bit for bit."""
    scores = Ranker(config).score(document_from_text(ARTICLE))
    numbers: Numbers = {}
    for name in (*ARRAYS, "detector"):
        array: np.ndarray | None = getattr(scores, name)
        numbers[name] = None if array is None else (array.dtype.str, array.shape, array.tobytes())
    if not ledger_file(folder).exists():
        return (), numbers
    store = Store(ledger_file(folder), limit=10**9)
    keys = tuple(store.all_keys())
    store.close()
    return keys, numbers


def test_every_field_and_every_choice_is_tried_or_known_not_to_be(values):
    assert set(values) == set(Config.model_fields)
    assert {field for field, _ in UNTRIED} <= set(values)
    assert all(UNTRIED.values())
    assert set(KEYED) >= MOVING
    for field, info in Config.model_fields.items():
        assert len(values[field]) > 1
        if get_origin(info.annotation) is Literal or info.annotation is bool:
            known = set(get_args(info.annotation)) or {True, False}
            assert known == {*values[field], *(v for f, v in UNTRIED if f == field)}, field


@pytest.mark.parametrize("field", sorted(Config.model_fields))
def test_what_moves_a_bit_of_the_scores_moves_the_key(values, field, tmp_path, monkeypatch):
    found = []
    for i, value in enumerate(values[field]):
        monkeypatch.setenv("MTQA_LEDGER", str(tmp_path / str(i)))
        found.append(_scored(Config(**{"model": values["model"][0], field: value}), tmp_path / str(i)))
        assert len(found[-1][0]) == (0 if (field, value) == ("ledger", False) else 1)
    moved = False
    for (key, numbers), (other_key, other) in itertools.combinations(found, 2):
        if differing := [name for name in numbers if numbers[name] != other[name]]:
            moved = True
            assert key != other_key, f"{field} moves {', '.join(differing)}, and is not in the key"
    assert moved == (field in MOVING)


def test_settings_of_any_size_are_in_the_key_and_what_can_not_be_read_stops_nothing(tmp_path):
    files = ModelFiles("toy", tmp_path, "0" * 64, "1" * 64, None, ("*",))
    long = {"bos_token": "<s>", "added_tokens_decoder": "x" * (1 << 20)}
    path = tmp_path / "tokenizer_config.json"
    path.write_text(json.dumps(long))
    before = model_key(Config(), files)
    path.write_text(json.dumps({**long, "bos_token": "<b>"}))
    assert model_key(Config(), files) != before
    (tmp_path / "notes.json").write_text("x" * (1 << 21))  # no setting of ours, and a large one
    after = model_key(Config(), files)
    (tmp_path / "notes.json").write_text("y" * (1 << 21))
    assert model_key(Config(), files) == after
    path.unlink()
    path.mkdir()
    assert model_key(Config(), files) not in (before, after)
