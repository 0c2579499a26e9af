"""Tokens to words: nothing lost, nothing counted twice."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtqa.detect.words import sentence_tokens, split_words, token_keys, word_sums, word_table
from mtqa.text.read import document_from_sentences
from tests.detect.builders import by_words, scores


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A well-known co-op, isn't it?", ["A", "well-known", "co-op", ",", "isn't", "it", "?"]),
        ("amended’ to", ["amended", "’", "to"]),
        ("““We are", ["““", "We", "are"]),
        ("$3.50, 1,200 and 10:30", ["$", "3.50", ",", "1,200", "and", "10:30"]),
        ("the U.S. army", ["the", "U.S.", "army"]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("wait... what?!", ["wait", "...", "what", "?", "!"]),
        ("بيت كبير", ["بيت", "كبير"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("the 19th, 210D", ["the", "19th", ",", "210D"]),
    ],
)
def test_words_and_punctuation(text: str, words: list[str]):
    assert [text[a:b] for a, b in split_words(text)] == words


@given(st.text(max_size=80))
def test_words_cover_every_character_that_shows_and_no_white_space(text: str):
    covered = {i for a, b in split_words(text) for i in range(a, b)}
    hidden = {
        i for i, c in enumerate(text) if unicodedata.category(c) in ("Cc", "Cf") or "\ufe00" <= c <= "\ufe0f"
    }
    shown = {i for i, c in enumerate(text) if not c.isspace()} - hidden
    assert shown <= covered <= {i for i, c in enumerate(text) if not c.isspace()}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Look 👩‍👩‍👧‍👦 there", ["Look", "👩‍👩‍👧‍👦", "there"]),
        ("From 🇩🇪🇫🇷 with ❤️ 👍🏽!!", ["From", "🇩🇪", "🇫🇷", "with", "❤️", "👍🏽", "!!"]),
        ("😀😀 \u200d \ufe0f", ["😀", "😀"]),
        ("می‌خواهم so\u00adft", ["می‌خواهم", "so\u00adft"]),
    ],
)
def test_what_is_one_sign_to_a_reader_is_one_word(text: str, words: list[str]):
    assert [text[a:b] for a, b in split_words(text)] == words


def test_a_words_surprisal_sums_its_tokens():
    text = "He ate sandwiches."
    document = document_from_sentences([text])
    tokens = scores(text, [(0, 2), (2, 6), (6, 11), (11, 17), (17, 18)], [1.0, 2.0, 3.0, 4.5, 0.5])
    table = word_table(document, tokens)
    assert word_sums(table, tokens.surprisal_nats) == pytest.approx([1.0, 2.0, 7.5, 0.5])


def test_blanks_go_to_the_next_word_and_line_breaks_to_none():
    text = "In 2019\n\nwe left"
    document = document_from_sentences(["In 2019", "we left"], paragraphs=[0, 1])
    assert document.text == text
    tokens = scores(
        text, [(0, 2), (2, 3), (3, 7), (7, 9), (9, 11), (11, 16)], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    )
    assert token_keys(text, tokens).tolist() == [0, 3, 3, -1, 9, 12]
    table = word_table(document, tokens)
    assert word_sums(table, tokens.surprisal_nats) == pytest.approx([1.0, 6.0, 16.0, 32.0])
    assert [list(w) for w in sentence_tokens(table, 2)] == [[0, 1, 2], [4, 5]]


@given(
    st.lists(st.text(alphabet="ab'. -", min_size=1, max_size=20).filter(str.strip), min_size=1, max_size=6)
)
def test_every_token_that_is_not_blank_belongs_to_one_sentence(sentences: list[str]):
    document = document_from_sentences(sentences)
    tokens = by_words(document.text)
    table = word_table(document, tokens)
    held = np.concatenate(sentence_tokens(table, len(document.sentences)))
    assert len(set(held.tolist())) == len(held)
    visible = [
        i
        for i, (a, b) in enumerate(zip(tokens.starts, tokens.ends, strict=True))
        if document.text[a:b].strip()
    ]
    assert sorted(held.tolist()) == visible


def test_no_words_at_all():
    text = "a"
    table = word_table(document_from_sentences([text]), scores(text, [], []))
    assert word_sums(table, np.zeros(0)) == pytest.approx([0.0])
