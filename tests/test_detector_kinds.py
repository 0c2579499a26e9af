"""How the training learns the kinds of corruption from sentences, and what of the corpora a model reads."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import detector_kinds
import train_detector
from detector_fit import Ensemble, Recipe, Source, outputs
from detector_kinds import SENTENCE_KINDS, fit_kinds, told
from detector_plans import PLANS, WRITER, Plan
from detector_states import States, read_states

from mtqa.detect.head import OUTPUTS
from mtqa.detect.kinds import NAMES, fault_kind
from tests.detector_states_made import made_states

TOKENS, WIDTH = 6, 16


def _sentences(types: list[str], rng: np.random.Generator) -> States:
    """Corrupted sentences whose last four tokens point in their type's direction; none has token labels."""
    m = len(types)
    n = m * TOKENS
    hidden = rng.normal(0, 0.1, (m, TOKENS, WIDTH))
    for i, name in enumerate(types):
        hidden[i, 2:, sorted(set(types)).index(name)] += 3.0
    sentence = np.repeat(np.arange(m), TOKENS).astype(np.int32)
    return made_states(
        sentence,
        types,
        width=WIDTH,
        hidden=hidden.reshape(n, WIDTH).astype(np.float16),
        label=np.ones(n, np.int8),
        known=np.zeros(n, np.int8),
    )


def _untrained() -> Ensemble:
    torch.manual_seed(3)
    ensemble = Ensemble(WIDTH, 4, Recipe(units=32), 2).eval()
    with torch.no_grad():
        for layer in ensemble.out:
            layer.bias[0] = 1.0  # every token looks corrupted: there is evidence
    return ensemble


def test_kinds_are_learned_from_sentences_that_are_marked_as_a_whole(monkeypatch):
    monkeypatch.setattr(detector_kinds, "STEP", 16)  # few sentences, many steps
    monkeypatch.setattr(detector_kinds, "RATE", 0.03)
    rng = np.random.default_rng(1)
    types = ["bland", "tense", "loop", "entity"] * 100  # an entity has no kind
    corpus, ensemble = _sentences(types, rng), _untrained()
    before = outputs(ensemble, corpus)
    fit_kinds(ensemble, told(ensemble, [Source(corpus)]), 1)
    after = outputs(ensemble, corpus)
    first = len(OUTPUTS) - len(NAMES)
    assert np.array_equal(before[:, :first], after[:, :first])  # all else stays as it was
    other = _sentences(types[:40], np.random.default_rng(2))
    made = outputs(ensemble, other)
    named = [fault_kind(made[other.sentence == i]) for i in range(40)]
    wanted = [SENTENCE_KINDS.get(name) for name in types[:40]]
    known = [(said, kind) for said, kind in zip(named, wanted, strict=True) if kind]
    assert np.mean([said == kind for said, kind in known]) > 0.9


def test_only_corrupted_sentences_of_a_known_kind_are_told_in_the_corpora_order():
    corpus = _sentences(["bland", "", "tense", "loop"], np.random.default_rng(1))
    corpus = replace(corpus, labels=np.array([1, 1, 0, 1], np.int8))
    scored = replace(corpus, labels=np.full(4, -1, np.int8))
    found = told(_untrained(), [Source(corpus), Source(scored), Source(corpus)])
    assert [NAMES[k] for k in found.kinds] == ["off topic", "repetition"] * 2
    assert found.owner.tolist() == np.repeat(np.arange(4), TOKENS).tolist()
    assert found.units.shape == (4 * TOKENS, 64)
    assert (found.evidence > 0).all()


def test_of_each_text_a_model_reads_all_or_nothing(monkeypatch, tmp_path):
    whole = tmp_path / "demetr.jsonl"
    records = [{"doc": f"d{i}", "origin": f"d{i // 4}", "sentences": []} for i in range(800)]
    whole.write_text("".join(json.dumps(record) + "\n" for record in records))
    paths = {"demetr": whole, "web": tmp_path / "web.jsonl"}
    monkeypatch.setitem(PLANS, "a-model", Plan((1,), {"demetr": 0.3}))
    found = train_detector.shared_out(paths, "a-model")
    assert found["web"] == paths["web"]
    origins = [json.loads(line)["origin"] for line in found["demetr"].read_text().splitlines()]
    assert all(origins.count(one) == 4 for one in origins)
    assert 0.2 < len(origins) / 800 < 0.4
    assert train_detector.shared_out(paths, WRITER) == paths


def test_of_few_texts_a_model_reads_some_documents_of_each(monkeypatch, tmp_path):
    path = tmp_path / "mqm_ted.jsonl"
    path.write_text("".join(json.dumps({"doc": f"talk{i % 4}", "sentences": []}) + "\n" for i in range(400)))
    monkeypatch.setitem(PLANS, "a-model", Plan((1,), {"mqm_ted": 0.2}))
    drawn = train_detector.shared_out({"mqm_ted": path}, "a-model")["mqm_ted"]
    talks = [json.loads(line)["doc"] for line in drawn.read_text().splitlines()]
    assert set(talks) == {f"talk{i}" for i in range(4)}
    assert 0.1 < len(talks) / 400 < 0.3


def test_a_model_without_a_plan_is_refused_with_those_that_have_one(monkeypatch, capsys):
    monkeypatch.setattr(train_detector, "begin", lambda _: pytest.fail("it began to work"))
    monkeypatch.setattr(sys, "argv", ["scripts/train_detector.py", "--model", "gemma-3-270"])
    with pytest.raises(SystemExit) as caught:
        train_detector.main()
    assert caught.value.code == 2
    assert "'gemma-3-270': did you mean 'gemma-3-270m'?" in capsys.readouterr().err


def test_every_phenomenon_that_is_a_kind_is_read_under_its_whole_name(tmp_path):
    """Names were cut to 24 characters once, and five of DEMETR's taught nothing."""
    names = sorted(SENTENCE_KINDS)
    rows = [{"text": f"Line {i}.", "label": 1, "type": name, "spans": []} for i, name in enumerate(names)]
    records = [{"doc": "d", "sentences": rows}]
    n = len(rows)
    per_token = dict.fromkeys(("document", "sentence", "word", "run"), np.arange(n))
    reading = {
        "hidden": np.zeros((n, WIDTH), np.float16),
        "features": np.zeros((n, 4), np.float16),
        "surprisal": np.zeros(n, np.float32),
        "starts": np.zeros(n, np.int32),
        "ends": np.zeros(n, np.int32),
        "owner": np.zeros(n, int),
        "characters": np.full(n, 7, np.int32),
        "opens": np.zeros(n, np.int8),
        **per_token,
    }
    np.savez(tmp_path / "states.npz", **reading)
    assert read_states(tmp_path / "states.npz", records).types.tolist() == names
