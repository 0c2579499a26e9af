"""A long text is tokenised in stretches: the tokens are those of the whole."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from mtqa.errors import ModelError
from mtqa.lm import tokens
from mtqa.lm.tokens import DocumentTokenizer

PIECES = (
    "The harbour was quiet when the first trawler came in.", "  ", "\n\n", "\n", "\t", " ", "9" * 7,
    "Größenwahn", "naïve cafés", "e\u0301", "日本語の文章", "👩‍👩‍👧", "\u202eabc", "<s>",
    "-" * 40, "......", "don’t", "“quoted”", "\u00a0", "x", "Supercalifragilisticexpialidocious", "مرحبا",
    "(U.S.-led)", "\ud800", "<|endoftext|>", "3,141.59",
)  # fmt: skip


def _texts(seed: int):
    r = random.Random(seed)
    yield "".join(r.choice(PIECES) + r.choice(["", " ", " ", "\n"]) for _ in range(400))
    yield " ".join(r.choice(PIECES[:1] + PIECES[6:9]) for _ in range(150))


HARD = {
    "one word": "a" * 3000,
    "one number": "7" * 3001,
    "blanks": " " * 2500 + "x",
    "line breaks": "\n" * 2500,
    "rules": "=" * 2999 + " " + "-" * 801,
    "two letters": "ab" * 1500,
    "syllables": "banana" * 500,
}


@pytest.fixture(params=["smollm2", "bpe", "unigram"])
def tokenizer(request, tmp_path):
    if request.param == "smollm2":
        return DocumentTokenizer(request.getfixturevalue("smollm2_files").directory)
    from tests.lm.made_tokenizers import make_tokenizer

    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    make_tokenizer(tmp_path, kind=request.param, size=400 if request.param == "bpe" else 90)
    return DocumentTokenizer(tmp_path)


def _same(tokenizer, text, monkeypatch) -> int:
    """Asserts it; returns into how many stretches the text went."""
    whole = tokenizer.tokenize(text)
    taken = []
    original = DocumentTokenizer._stretch

    def counted(self, text, begin, end):
        taken.append((begin, end))
        return original(self, text, begin, end)

    with monkeypatch.context() as patch:
        patch.setattr(tokens, "_STRETCH", 400)
        patch.setattr(tokens, "_OVERLAP", 200)
        patch.setattr(tokens, "_AGREE", 6)
        patch.setattr(DocumentTokenizer, "_stretch", counted)
        parts = tokenizer.tokenize(text)
    for name in ("ids", "starts", "ends"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name
    return len(taken)


@pytest.mark.parametrize("seed", range(12))
def test_stretches_give_the_tokens_of_the_whole(tokenizer, seed, monkeypatch):
    assert max(_same(tokenizer, text, monkeypatch) for text in _texts(seed)) > 5


@pytest.mark.parametrize("name", HARD)
def test_texts_with_no_place_to_part_them_too(tokenizer, name, monkeypatch):
    _same(tokenizer, HARD[name], monkeypatch)


@pytest.mark.parametrize("length", [400, 401, 599, 600, 601, 800])
def test_every_length_about_the_edges(tokenizer, length, monkeypatch):
    text = next(_texts(3))[:length]
    _same(tokenizer, text, monkeypatch)


def test_a_text_is_one_piece_where_the_stretches_never_agree(tokenizer, monkeypatch):
    # The wrong text for every stretch but the first: the seams can't fit.
    original = DocumentTokenizer._stretch
    text = next(_texts(1))

    def wrong(self, text, begin, end):
        return original(self, text if begin == 0 else "z" * len(text), begin, end)

    whole = tokenizer.tokenize(text)
    monkeypatch.setattr(tokens, "_STRETCH", 400)
    monkeypatch.setattr(tokens, "_OVERLAP", 200)
    monkeypatch.setattr(DocumentTokenizer, "_stretch", wrong)
    assert np.array_equal(tokenizer.tokenize(text).ids, whole.ids)


def test_white_space_tokens_keep_their_ids_behind_special_tokens_that_are_never_matched(tmp_path):
    """The library numbers anew what is left of the added tokens: two blanks came out as ``<s>``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=letters, show_progress=False)
    theirs.train_from_iterator(["The council met in the hall."] * 9, trainer)
    theirs.add_special_tokens(["<s>", "</s>"])
    theirs.add_tokens(["  ", "    "])
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    ours = DocumentTokenizer(tmp_path)
    text = "The  council    met"
    wanted = theirs.encode(text, add_special_tokens=False)
    got = ours.tokenize(text)
    assert got.ids.tolist() == wanted.ids
    assert list(zip(got.starts.tolist(), got.ends.tolist(), strict=True)) == wanted.offsets
    assert ours.pieces([theirs.token_to_id("    ")]) == {theirs.token_to_id("    "): "    "}
    assert ours.size == theirs.get_vocab_size()
    assert theirs.token_to_id("<s>") not in ours.tokenize("a <s> b").ids


@pytest.mark.parametrize(
    "text", ["[]", '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}']
)
def test_a_tokenizer_that_is_none_is_one_line(tmp_path, text):
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(ModelError):
        DocumentTokenizer(tmp_path, start_token=None if text == "[]" else "a")


MISSHAPEN = {
    "added tokens that are none": {"added_tokens": None},
    "a token without its text": {"added_tokens": [{"id": 0}]},
    "a token without its id": {"added_tokens": [{"content": "<s>"}]},
    "a token that is a string": {"added_tokens": ["<s>"]},
    "no model": {"model": None},
    "a model that is a list": {"model": []},
    "pieces that are none": {"model": {"type": "Unigram", "vocab": None}},
    "a WordLevel without words": {"model": {"type": "WordLevel", "vocab": None}},
    "a post-processor that is a string": {"post_processor": "x"},
    "steps that are numbers": {"post_processor": {"processors": [1]}},
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_tokenizer_of_another_shape_is_one_line(tmp_path, name):
    sound = {
        "added_tokens": [{"id": 0, "content": "<s>", "special": True}],
        "model": {"type": "WordLevel", "vocab": {"<s>": 0, "a": 1}, "unk_token": "a"},
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps({**sound, **MISSHAPEN[name]}))
    with pytest.raises(ModelError) as caught:
        DocumentTokenizer(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["WordLevel", "WordPiece", "BPE"])
@pytest.mark.parametrize("unknown", ["<unk>", "a"])
def test_no_special_string_is_a_word_and_all_keep_their_ids(tmp_path, kind, unknown):
    """Where whole words are looked up, those of the vocabulary that are special were found in the text."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    ids = {"<s>": 0, "a": 1, "b": 2, "<unk>": 3, "a<": 4, "<": 5}
    made = {
        "WordLevel": lambda: models.WordLevel(ids, unk_token=unknown),
        "WordPiece": lambda: models.WordPiece(ids, unk_token=unknown),
        "BPE": lambda: models.BPE(ids, [("a", "<")], unk_token=unknown, ignore_merges=True),
    }
    theirs = Tokenizer(made[kind]())
    theirs.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    theirs.add_special_tokens(["<s>", "<unk>"])
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    ours = DocumentTokenizer(tmp_path)
    assert (ours.start_id, ours.size) == (0, 6)
    assert 0 not in ours.tokenize("a <s> b").ids
    assert ours.tokenize("a b").ids.tolist() == [1, 2]
    assert set(ours.tokenize("z").ids.tolist()) == {ids[unknown]}
    assert ours.pieces([0, 3]) == {0: "<s>", 3: "<unk>"}


def test_a_special_token_that_merges_make_of_others_keeps_its_name(tmp_path):
    from tokenizers import Tokenizer, models

    merges = models.BPE({"<s>": 0, "a": 1, "b": 2, "ab": 3}, [("a", "b")], ignore_merges=True)
    theirs = Tokenizer(merges)
    theirs.add_special_tokens(["<s>", "ab"])
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"bos_token": "<s>"}')
    assert DocumentTokenizer(tmp_path).tokenize("ab").ids.tolist() == [3]


@pytest.mark.parametrize(
    ("number", "name"), [([1, 106], "b"), ([], None), (1, "b"), ("1", None), (None, None), ({}, None)]
)
def test_the_end_token_by_its_id_or_the_first_of_several(tmp_path, number, name):
    (tmp_path / "config.json").write_text(json.dumps({"eos_token_id": number}))
    assert tokens._special_names(tmp_path, {"a": 0, "b": 1}).get("eos_token") == name
