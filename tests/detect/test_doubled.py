"""Words that stand there twice: what is a slip, what is meant, and what they do to a ranking."""

from __future__ import annotations

import pytest

from mtqa.detect.doubled import doubled_words
from mtqa.detect.repair import fault_edits
from mtqa.detect.words import split_words
from mtqa.records import Sentence, Span, SuspectSpan

SLIPS = {
    "The council met in the the hall on Monday.": ["the"],
    "The The council met on Monday.": ["The"],
    "The the council met on Monday.": ["the"],
    "It was was a mistake, he said, and and left.": ["was", "and"],
    "I I do not know.": ["I"],
    "Prices prices rose on the market.": ["prices"],
    "The old railway railway is closed.": ["railway"],
    "They made the straps and the straps and harness.": ["the straps and"],
    "He said the University of the University of the University of Leeds was shut.": [
        "the University of the University of"
    ],
    "The roof will be will be mended in May.": ["will be"],
    "What we saw then we saw then was a wreck.": ["we saw then"],
}
MEANT = [
    "He had had enough, and knew that that was very very late.",
    "It went faster and faster and stopped.",
    "They walked from coast to coast to raise money.",
    "This is the farm that we looked at at noon.",
    "She gave her her book, and told you you were right.",
    "Bora Bora is an island, as is Baden Baden.",
    "What it is is a waste of money.",
    "The reason he is is that it rains, and whatever it was was gone.",
    "What they have have little value, as all that they are are shadows.",
    "Will will come on Friday, and May may too.",
    "The wren, Troglodytes troglodytes troglodytes, is small.",
    "A board is 2 by 4 2 by 4.",
    "New Zealand New Zealand",
    "Nous nous voyons demain, et vous vous en souvenez.",
    "“No,” said the man. “Man, that was close.”",
    "It was a long long time ago, and so so far away.",
    "Go on, go on, he said: the, the end.",
]


@pytest.mark.parametrize("text", SLIPS)
def test_what_can_not_be_meant_is_found(text: str):
    found = doubled_words(text, split_words(text))
    assert [text[one.again.start : one.again.end] for one in found] == SLIPS[text]
    for one in found:
        first = text[one.first.start : one.first.end].casefold()
        assert text[one.again.start : one.again.end].casefold().startswith(first)
        assert text[one.first.end : one.again.start].isspace()


@pytest.mark.parametrize("text", MEANT)
def test_what_may_be_meant_is_left_alone(text: str):
    assert doubled_words(text, split_words(text)) == ()


def test_positions_are_the_documents():
    text = "All was well. They met in the the hall."
    (found,) = doubled_words(text, split_words(text, 14))
    assert (found.first, found.again) == (Span(26, 29), Span(30, 33))
    assert doubled_words(text, split_words(text, 0, 13)) == ()


@pytest.mark.parametrize(
    ("text", "again", "mended"),
    [
        ("They met in the the hall.", "the", "They met in the hall."),
        (
            "They made the straps and the straps and harness.",
            "the straps and",
            "They made the straps and harness.",
        ),
        ("The The council met.", "The", "The council met."),
    ],
)
def test_the_repair_leaves_out_what_stands_there_again(text: str, again: str, mended: str):
    at = text.rindex(again)
    span = SuspectSpan(at, at + len(again), 1, again, 9.0, (), Span(at, at + len(again)))
    (edit,) = fault_edits(text, Sentence(0, len(text), 0, "body"), span, "twice")
    assert text[: edit.start] + edit.text + text[edit.end :] == mended
    assert (edit.kind, edit.shown, edit.dropped) == ("undouble", "", None)
