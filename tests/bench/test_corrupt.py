"""Documents: what is corrupted, what stays, and that a seed decides it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mtqa.bench.corrupt import (
    CorruptSettings,
    corrupt_document,
    corrupt_documents,
    corrupt_sentence,
)
from mtqa.bench.corruptions.registry import TYPES
from mtqa.bench.corruptions.resources import load_resources
from mtqa.errors import UsageError
from tests.bench.texts import ALL, DOCUMENTS


def _rows(seed: int, settings: CorruptSettings | None = None) -> list[dict]:
    return list(corrupt_documents(list(DOCUMENTS.items()), seed=seed, settings=settings))


def test_sound_sentences_are_identical_and_corrupted_ones_differ():
    for seed in range(20):
        for name, row in zip(DOCUMENTS, _rows(seed), strict=True):
            assert len(row["sentences"]) == len(DOCUMENTS[name])
            for original, sentence in zip(DOCUMENTS[name], row["sentences"], strict=True):
                assert (sentence["text"] != original) == bool(sentence["label"])
                assert sentence["label"] == 0 or sentence["orig"] == original
                assert bool(sentence["spans"]) == bool(sentence["label"])


def test_record_has_the_shape_of_documents_and_survives_json():
    (row, *_) = _rows(3)
    assert json.loads(json.dumps(row, ensure_ascii=False)) == row
    assert set(row) == {"doc", "source_doc", "system", "sentences"}
    bad = [s for s in row["sentences"] if s["label"]]
    assert set(bad[0]) == {"text", "label", "spans", "type", "severity", "visible", "orig"}
    assert bad[0]["severity"] in {"minor", "major"}
    assert set(bad[0]["spans"][0]) == {"start", "end", "severity"}


def test_seed_decides_everything():
    assert _rows(11) == _rows(11)
    assert _rows(11) != _rows(12)


def test_share_is_kept_on_average():
    wide = ALL * 10
    resources = load_resources()
    counts = [
        sum(s.label for s in corrupt_document(wide, np.random.default_rng(i), resources=resources).sentences)
        for i in range(12)
    ]
    assert 0.12 <= np.mean(counts) / len(wide) <= 0.18
    assert min(counts) >= 0.09 * len(wide)
    assert max(counts) <= 0.21 * len(wide)


def test_share_of_all_and_of_none():
    everything = CorruptSettings(share=(1.0, 1.0))
    made = corrupt_document(ALL, np.random.default_rng(0), settings=everything)
    assert sum(s.label for s in made.sentences) >= 0.95 * len(ALL)
    nothing = CorruptSettings(share=(0.0, 0.0))
    made = corrupt_document(ALL, np.random.default_rng(0), settings=nothing)
    assert not any(s.label for s in made.sentences)
    untouched = CorruptSettings(untouched=1.0)
    assert not any(
        s.label for s in corrupt_document(ALL, np.random.default_rng(0), settings=untouched).sentences
    )


def test_types_are_drawn_by_weight():
    only = CorruptSettings(
        share=(0.5, 0.5), weights=dict.fromkeys(TYPES, 0) | {"doubled": 3.0, "scramble": 1.0}
    )
    drawn = [
        s["type"] for seed in range(12) for row in _rows(seed, only) for s in row["sentences"] if s["label"]
    ]
    assert set(drawn) == {"doubled", "scramble"}
    assert 0.65 <= drawn.count("doubled") / len(drawn) <= 0.85


def test_a_homograph_is_named_so_whichever_type_drew_it():
    def drawn(**weights: float) -> tuple[set[str], list[str]]:
        only = CorruptSettings(share=(1.0, 1.0), weights=dict.fromkeys(TYPES, 0.0) | weights)
        made = [s for seed in range(4) for row in _rows(seed, only) for s in row["sentences"] if s["label"]]
        return {s["type"] for s in made}, [s["text"] for s in made]

    assert drawn(false_friend=1.0)[0] == {"false_friend", "homograph"}
    kinds, texts = drawn(homograph=1.0)
    assert kinds == {"homograph"}
    assert texts
    assert "homograph" not in CorruptSettings().types()


def test_visible_only_leaves_out_changes_of_meaning():
    settings = CorruptSettings(share=(1.0, 1.0), visible_only=True)
    drawn = {s["type"] for row in _rows(1, settings) for s in row["sentences"] if s["label"]}
    assert drawn
    assert not drawn & {"negation", "number", "entity", "antonym"}


def test_off_topic_sentences_come_from_other_documents_of_the_run():
    weights = dict.fromkeys(TYPES, 0.0) | {"off_topic": 1.0}
    settings = CorruptSettings(share=(0.5, 0.5), weights=weights)
    found = [(row["doc"], s["text"]) for row in _rows(5, settings) for s in row["sentences"] if s["label"]]
    assert found
    for name, text in found:
        assert text in ALL
        assert text not in DOCUMENTS[name]


def test_no_document_and_empty_documents():
    assert list(corrupt_documents([], seed=1)) == []
    (row,) = corrupt_documents([("empty", ())], seed=1)
    assert row["sentences"] == []
    assert corrupt_document(["", " ", "No."], np.random.default_rng(0)).sentences[2].label == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"share": (0.3, 0.1)}, "share is"),
        ({"share": (0.1, 1.5)}, "share is"),
        ({"untouched": 2.0}, "untouched is"),
        ({"weights": {"wrong_sens": 1.0}}, "did you mean 'wrong_sense'"),
        ({"weights": {"doubled": -1.0}}, "weight of doubled"),
        ({"weights": {"doubled": float("nan")}}, "weight of doubled"),
        ({"weights": dict.fromkeys(TYPES, 0.0)}, "weight 0"),
    ],
)
def test_bad_settings_are_named(given, said):
    with pytest.raises(UsageError, match=said):
        CorruptSettings(**given)


def test_unknown_type_is_named():
    with pytest.raises(UsageError, match="did you mean 'scramble'"):
        corrupt_sentence(ALL[0], "scrambel", np.random.default_rng(0))


def test_sampled_types_ask_for_a_model():
    settings = CorruptSettings(weights={"sampled_word": 1.0})
    with pytest.raises(UsageError, match="needs a language model"):
        corrupt_document(ALL, np.random.default_rng(0), settings=settings)


def test_documents_do_not_depend_on_one_anothers_length():
    resources = load_resources()
    alone = corrupt_document(ALL, np.random.default_rng(4), resources=resources)
    again = corrupt_document(ALL, np.random.default_rng(4), resources=replace(resources, others=()))
    assert alone == again


def test_a_chain_that_ends_where_it_began_is_no_corruption():
    sentences = [
        "The dog barks, she said.",
        "He is here, I think.",
        "Where is the cat?",
        "It was a bird.",
    ] * 3
    settings = CorruptSettings(share=(1.0, 1.0), weights=dict.fromkeys(TYPES, 0.0) | {"chain": 1.0})
    made = [corrupt_document(sentences, np.random.default_rng(s), settings=settings) for s in range(12)]
    chained = [s for document in made for s in document.sentences if s.label]
    assert len(chained) > 50
    assert all(s.text != s.original for s in chained)
