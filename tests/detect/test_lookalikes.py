"""Words with letters of two alphabets: what is one, and what becomes of it."""

from __future__ import annotations

import pytest

from mtqa.detect.lookalikes import mixed_words, of_one_alphabet
from mtqa.detect.repair import fault_edits
from mtqa.detect.words import split_words
from mtqa.records import Sentence, Span, SuspectSpan


def _cyrillic(word: str, *places: int) -> str:
    """The word with Cyrillic letters for the Latin ones in these places."""
    known = dict(zip("aeopcyx", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445", strict=True))
    return "".join(known[c] if i in places else c for i, c in enumerate(word))


@pytest.mark.parametrize(
    ("word", "places"), [("mayor", (1,)), ("mayor", (3,)), ("copy", (0, 1)), ("paper", (1,))]
)
def test_letters_that_only_look_right_are_replaced(word: str, places: tuple[int, ...]):
    made = _cyrillic(word, *places)
    assert made != word
    assert of_one_alphabet(made) == word
    text = f"The {made} is here."
    assert mixed_words(text, split_words(text)) == (Span(4, 4 + len(word)),)
    span = SuspectSpan(4, 4 + len(word), 1, made, 9.0, (), Span(4, 4 + len(word)))
    (edit,) = fault_edits(text, Sentence(0, len(text), 0, "body"), span, "letters")
    assert text[: edit.start] + edit.text + text[edit.end :] == f"The {word} is here."
    assert (edit.kind, edit.shown) == ("spelling", word)


def test_a_latin_letter_in_a_cyrillic_word_is_one_too():
    assert of_one_alphabet("\u0433\u043e\u0440o\u0434") == "\u0433\u043e\u0440\u043e\u0434"
    assert of_one_alphabet("\u0433\u043e\u0440\u043e\u0434") is None


@pytest.mark.parametrize(
    "word",
    [
        "work",
        "café",
        "β-carotene",
        "\u03bcm",  # micrometre
        "\u03bdmax",
        "k\u03a9",
        "\u0394t",
        "\u0422-90",
        "Su-27\u041a",
        "\u0447\u0442\u043e_cicada",
        "\u0440\u043er",  # as many of the one as of the other, and no two of its own
        "日本語x",
        "straße",
    ],
)
def test_what_mixes_nothing_or_is_meant_is_left_alone(word: str):
    assert of_one_alphabet(word) is None
    text = f"It is {word} here."
    assert mixed_words(text, split_words(text)) == ()
