"""Sentences gone on with by a language model: a fake one writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mtqa.bench.corrupt import corrupt_sentence
from mtqa.bench.corruptions.resources import load_resources
from tests.bench.test_sampled import FakeProposer
from tests.bench.texts import NEWS

NAMES = ("sampled_tail", "sampled_bland", "sampled_topic", "sampled_loop")
TAIL = " cheese in a cheese that isn't a cheese – of the cheese."
OTHER = ("A bee flew over the meadow.", "It had lost its way in the strong wind.")


def _made(text, name, *, tail=TAIL, tries=20, document=()):
    """What came of it with twenty seeds, and the proposer."""
    proposer = FakeProposer((("the", 0.9),), tail=tail)
    resources = replace(load_resources(), proposer=proposer, others=OTHER, document=document)
    made = [corrupt_sentence(text, name, np.random.default_rng(i), resources=resources) for i in range(tries)]
    return [m for m in made if m], proposer


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", NEWS)
def test_the_beginning_stays_and_the_rest_is_marked(name, text):
    for made in _made(text, name)[0]:
        ((start, end),) = made.spans
        assert text.startswith(made.text[:start].rstrip())
        assert len(made.text[:start].split()) >= 2
        assert not made.text[start].isspace()
        assert not made.text[end - 1].isspace()
        assert "cheese" in made.text[start:end]


@pytest.mark.parametrize("name", NAMES)
def test_each_applies_to_ordinary_sentences(name):
    assert any(_made(text, name)[0] for text in NEWS)


def test_the_model_reads_nothing_of_the_document_and_of_another_only_off_topic():
    for name in NAMES:
        proposer = _made(NEWS[4], name, document=NEWS)[1]
        assert proposer.written
        for prefix, how in proposer.written:
            assert prefix.startswith(OTHER) is (name == "sampled_topic")
            assert prefix.split()[-1] in NEWS[4]
            assert 0 < how.least <= how.aim <= how.most


def test_a_loop_begins_with_a_phrase_said_twice():
    made, proposer = _made(NEWS[4], "sampled_loop")
    assert made
    for corruption in made:
        ((start, _),) = corruption.spans
        before = corruption.text[:start]
        again = corruption.text[start:].partition(" cheese")[0].split()
        assert " ".join(again[-2:]) in before
    assert {how.temperature for _, how in proposer.written} == {0.0}


def test_a_bland_sentence_that_repeats_nothing_is_mostly_thrown_away():
    sound = " walked slowly over quiet meadows before breakfast."
    assert len(_made(NEWS[4], "sampled_bland", tail=sound, tries=50)[0]) < 15
    assert len(_made(NEWS[4], "sampled_bland", tries=50)[0]) == 50


def test_an_end_that_is_too_short_or_says_the_same_is_refused():
    assert not _made(NEWS[4], "sampled_tail", tail=" cheese is cheese.")[0]
    words = NEWS[4].rstrip(".").split()
    assert not _made(NEWS[4], "sampled_tail", tail=" " + " ".join(words[3:]) + ".")[0]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("“We have waited far too long for this bridge,” said Karen Ellis.", "cheese,” said Karen Ellis."),
        ('"We have waited far too long for this bridge," said Karen Ellis.', 'cheese," said Karen Ellis.'),
        ("“We have waited far too long for this bridge.”", "cheese.”"),
        ("We have waited far too long for this bridge and its road.", "cheese."),
        ("“We have waited far too long for this bridge and its road.", "cheese."),
        ("We (and others) have waited far too long for this new bridge.", ("cheese.", "cheese.)")),
    ],
)
def test_quotation_marks_are_closed_and_who_said_it_stays(text, end):
    made = _made(text, "sampled_tail")[0]
    assert made
    for corruption in made:
        ((start, stop),) = corruption.spans
        assert corruption.text.endswith(end)
        assert corruption.text.count("(") == corruption.text.count(")")
        assert corruption.text[start:stop].rstrip(".").endswith("of the cheese")


def test_apostrophes_and_dashes_are_the_documents_own():
    plain = _made(NEWS[4], "sampled_tail")[0]
    curly = _made(NEWS[4], "sampled_tail", document=("It’s late – and dark.",))[0]
    assert all("isn't a cheese - of" in m.text for m in plain)
    assert all("isn’t a cheese – of" in m.text for m in curly)
