"""Broken set phrases: the table is well formed, and a phrase is put in its own place and case."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mtqa.bench.corrupt import corrupt_sentence
from mtqa.bench.corruptions.collocations import collocations
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.resources import load_resources

TABLE = {phrase: forms for held in collocations().values() for phrase, forms in held}


def test_the_table_is_large_and_holds_other_words_than_the_phrase():
    assert len(TABLE) >= 1000
    for phrase, forms in TABLE.items():
        assert re.fullmatch(r"[\w'’-]+( [\w'’-]+)*", phrase), phrase
        assert len(forms) == len(set(forms)) >= 1
        assert phrase not in forms
        assert not TABLE.keys() & set(forms), phrase  # what is broken is no set phrase itself
        for form in forms:
            assert form == " ".join(form.split())
            assert re.fullmatch(r"[\w'’ -]+", form), form
            assert all(decent(word) for word in form.lower().split()), form


def _made(text: str) -> list[tuple[str, list[str]]]:
    resources = load_resources()
    found = []
    for seed in range(40):
        made = corrupt_sentence(text, "collocation", np.random.default_rng(seed), resources=resources)
        if made is not None:
            found.append((made.text, [made.text[start:end] for start, end in made.spans]))
    return found


def test_a_phrase_gives_way_to_one_of_its_forms_and_what_is_new_is_marked():
    made = _made("They have at least three boats in the harbour.")
    assert {text for text, _ in made} <= {
        f"They have {form} three boats in the harbour." for form in TABLE["at least"]
    }
    assert len(made) == 40
    for text, marked in made:
        assert len(marked) == 1
        assert not set(marked[0].split()) & {"at"} or text.count("at ") != 1
        assert marked[0] in text


def test_a_sentence_keeps_its_capital_and_its_article():
    made = _made("Right now the harbour is empty of all boats.")
    assert made
    assert all(text[0].isupper() for text, _ in made)
    made = _made("She went to a high school that nobody liked much.")
    assert made
    for text, _ in made:
        assert not re.search(r"\ba [aeio]|\ban [bcdfghjklmnpqrstvwxyz]", text), text


@pytest.mark.parametrize(
    "text",
    [
        "They moored the boat to the wall.",
        "He read The At Least book.",
        "It is at leastwise odd to them.",
        "He scored 21-right now.",
    ],
)
def test_other_words_are_left_alone(text):
    assert _made(text) == []
