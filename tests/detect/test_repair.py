"""Candidates for suspicious spans, and what they gain: texts and arithmetic, no model."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mtqa.detect.repair import (
    PRIOR_NATS,
    Edit,
    Place,
    Pool,
    Surprise,
    best,
    edits,
    fault_edits,
    gain_nats,
    places,
)
from mtqa.records import Expectation, Sentence, Span, SuspectSpan


def _span(text: str, words: str, start: int | None = None) -> SuspectSpan:
    at = text.index(words) if start is None else start
    return SuspectSpan(at, at + len(words), 1, words, 9.0, (), Span(at, at + len(words)))


def _made(text: str, words: str, pool: list[str], *, start: int | None = None) -> dict[str, Edit]:
    """All the edits of a span's first place by what the span then reads."""
    span = _span(text, words, start)
    sentence = Sentence(0, len(text), 0, "body")
    place = places(span, lambda a, b: float(b - a))[0]
    made = edits(text, sentence, place, span, Pool(pool))
    for edit in made:
        assert 0 <= edit.start <= edit.end <= len(text)
    return {edit.shown: edit for edit in made}


def _after(text: str, edit: Edit) -> str:
    return text[: edit.start] + edit.text + text[edit.end :]


SEA = "The boat sailed across the green marmalade to the harbour."


def test_the_models_words_replace_the_word_and_nothing_else():
    made = _made(SEA, "marmalade", [" sea", " ocean", "\n", " seam9", "weed", " marmalade", " water", " ,"])
    assert list(made) == ["sea", "ocean", "water", ""]
    assert _after(SEA, made["sea"]) == SEA.replace("marmalade", "sea")
    assert made["ocean"].kind == "replace"
    assert made["ocean"].dropped is None


def test_leaving_a_word_out_takes_its_space_along_wherever_it_stands():
    for text, word, expected in (
        (SEA, "green", SEA.replace(" green", "")),
        ("Green boats sail.", "Green", "boats sail."),
        ("They sail (slowly) home.", "slowly", "They sail () home."),
        ("They sail", "sail", "They"),
    ):
        gone = _made(text, word, [])[""]
        assert _after(text, gone) == expected
        assert gone.kind == "delete"
        assert (gone.dropped.start, gone.dropped.end) == (text.index(word), text.index(word) + len(word))
        assert gone.prior_nats == PRIOR_NATS


def test_a_hyphenated_word_is_tried_as_it_was_expected():
    text = "Add the self-elevating flour."
    span = _span(text, "self-elevating")
    told = [
        Expectation(word, 0.1) for word in ("self-", "self-raising", "self-re…", "selfish", "self-elevating")
    ]
    sentence = Sentence(0, len(text), 0, "body")
    place = places(span, lambda a, b: float(b - a))[0]
    for expected, first in ((told, "self-raising"), ([], "lemon")):
        made = edits(text, sentence, place, replace(span, expected=tuple(expected)), Pool([" lemon"]))
        assert made[0].shown == first
        assert not {"self-re…", "self-"} & {edit.shown for edit in made}


def test_a_repair_of_a_phrase_leaves_the_final_mark():
    text = "It is stirred by way of."
    made = _made(text, "way of.", [" hand"])
    assert _after(text, made["hand."]) == "It is stirred by hand."
    assert "hand" not in made
    text = "It is stirred by way (of) the cook."
    assert _after(text, _made(text, "way (of)", [" hand"])["hand"]) == "It is stirred by hand the cook."


def test_near_spelled_words_are_found_far_down_and_only_if_alike():
    likely = [f" {c}word" for c in "abcdef"]
    made = _made("He has ten of thousands of tehm.", "tehm", [*likely, " cabbages", " them", " then", " the"])
    assert {e.shown for e in made.values() if e.kind == "spelling"} == {"them"}


def test_a_phrase_may_give_way_to_one_word_and_the_rest_is_charged():
    text = "He wore a very green hat."
    made = _made(text, "very green", [" big", " red"])
    assert _after(text, made["big"]) == "He wore a big hat."
    assert made["big"].dropped == Span(text.index(" green"), text.index(" hat"))
    assert _after(text, made["big green"]) == "He wore a big green hat."
    assert _after(text, made[""]) == "He wore a hat."
    assert _after(text, made["green"]) == "He wore a green hat."


@pytest.mark.parametrize(
    ("text", "words", "at", "expected"),
    [
        ("It was the the end.", "the", 11, "It was the end."),
        ("A dog, a dog, a dog barked.", "a dog,", 7, "A dog, a dog barked."),
        ("The minister said The minister said no.", "The minister said", 18, "The minister said no."),
        ("He said that he said that it rained.", "he said that", 13, "He said that it rained."),
    ],
)
def test_what_stands_there_twice_is_undoubled(text, words, at, expected):
    undoubled = [e for e in _made(text, words, [], start=at).values() if e.kind == "undouble"]
    assert expected in [_after(text, e) for e in undoubled]
    assert {e.prior_nats for e in undoubled} == {0.0}


def test_no_edit_reaches_beyond_what_can_be_said_in_the_spans_place():
    """JSON says what stands in the span's place, and how much better the text is with just that."""
    for text, words, at in (
        ("He saw only one team only one team today.", "one", 26),
        ("He said that he said that it rained.", "he", 13),
        ("It was the the end.", "the", 11),
    ):
        for shown, edit in _made(text, words, [" some"], start=at).items():
            applied = text[:at] + shown + text[at + len(words) :]
            assert " ".join(_after(text, edit).split()) == " ".join(applied.split())


@pytest.mark.parametrize("word", ["Thief", "went"])
def test_leaving_out_a_sentences_first_word_stays_in_the_sentence(word: str):
    """Read alone, nothing stands before it that could be taken along."""
    text = "The cat sat on the mat. Thief went home today."
    sentence = Sentence(24, len(text), 0, "body")
    span = _span(text, word)
    (place,) = places(span, lambda a, b: float(b - a))
    (gone,) = [e for e in edits(text, sentence, place, span, Pool()) if e.kind == "delete"]
    assert sentence.start <= gone.start < gone.end <= sentence.end
    assert _after(text, gone) == text.replace(f"{word} ", "")


@pytest.mark.parametrize(
    ("text", "end", "gone", "expected"),
    [
        ("He went home.” Then he slept.", 14, "”", "He went home. Then he slept."),
        ("He left (at last), and then", None, ",", "He left (at last) and then"),
        ("He left!? Then", 9, "?", "He left! Then"),
        ("Er sagte „ja“, und ging", None, ",", "Er sagte „ja“ und ging"),
        ("Le cafe\u0301, et puis", None, ",", "Le cafe\u0301 et puis"),
        ("The best (!), and worst", None, ",", "The best (!) and worst"),
        ("He said (quietly) yes", None, "(", "He said quietly) yes"),
        ("He said (quietly yes", None, "quietly", "He said (yes"),
        ("He said “quietly yes", None, "quietly", "He said “yes"),
        ("said—he went", None, "he", "said—went"),
        ("He came—, and went", None, ",", "He came— and went"),
        ("He waited…he went", None, "he", "He waited… went"),
        ("They sail(slowly) home", None, "sail", "They (slowly) home"),
    ],
)
def test_leaving_out_glues_nothing_together(text: str, end: int | None, gone: str, expected: str):
    end = end or len(text)
    sentence, at = Sentence(0, end, 0, "body"), text.rindex(gone, 0, end)
    span = _span(text, gone, at)
    made = edits(text, sentence, Place(at, at + len(gone), at + len(gone)), span, Pool())
    (edit,) = [e for e in made if e.kind == "delete"]
    assert edit.end <= end
    assert _after(text, edit) == expected


def test_words_that_are_there_once_are_not_undoubled():
    assert not [e for e in _made(SEA, "marmalade", []).values() if e.kind == "undouble"]
    assert not [e for e in _made("One . . two", ".", [], start=6).values() if e.kind == "undouble"]


def test_a_name_is_replaced_by_names_and_judged_by_what_follows():
    made = _made("Yesterday Zorblat Island was closed.", "Zorblat", [" the", " Long", " Coney"])
    assert set(made) == {"Long", "Coney", ""}
    assert all(edit.name for edit in made.values())
    first = _made("Zorblat Island was closed.", "Zorblat", ["The", " Long", "Coney"])
    assert set(first) == {"The", "Coney", ""}
    assert not any(edit.name for edit in first.values())
    before, after = Surprise(30.0, 5.0), Surprise(2.0, 4.0)
    assert gain_nats(made["Long"], before, after, lambda a, b: 7.0) == pytest.approx(1.0)
    assert gain_nats(first["The"], before, after, lambda a, b: 7.0) == pytest.approx(29.0 - PRIOR_NATS)


def test_names_and_numbers_in_a_phrase_are_not_swallowed_with_it():
    text = "It is led by Tsikhanouskaya today."
    made = _made(text, "by Tsikhanouskaya", [" again", " still"])
    whole = [e for e in made.values() if e.end - e.start > len("by ")]
    assert {e.shown for e in whole} == {"again", "still", ""}
    assert all(e.name for e in whole)  # not paid for what the name costs
    assert not made["again Tsikhanouskaya"].name
    assert set(_made("It opened in 1254 to all.", "in 1254", [" up"])) == {"up 1254", "1254"}


def test_a_sentence_read_alone_may_begin_with_what_the_model_begins_with():
    text = "The cat sat on the mat. Thief went home today."
    sentence = Sentence(24, len(text), 0, "body")
    span = _span(text, "Thief")
    (place,) = places(span, lambda a, b: float(b - a))
    made = edits(text, sentence, place, span, Pool(["The", "He", "\n", " cats", "s"]))
    assert {e.shown for e in made} == {"The", "He", "cats", ""}


def test_numbers_are_left_alone_and_marks_give_way_to_marks():
    assert set(_made("It cost 17 pounds.", "17", [" 20", " ten"])) == {""}
    assert set(_made("It came; late.", ";", [",", " then", ":"])) == {",", ":", ""}


def test_the_most_surprising_words_of_a_long_span_in_the_texts_order():
    span = _span("a bb ccc dddd e", "a bb ccc dddd")
    assert places(span, lambda a, b: float(b - a)) == (Place(5, 8, 8), Place(9, 13, 13))
    assert places(span, lambda a, b: float(a - b))[0] == Place(0, 1, 13)


QUOTED = "““We came late,” she said against’ the wind."


def test_broken_marks_are_mended():
    sentence = Sentence(0, len(QUOTED), 0, "body")
    doubled = fault_edits(QUOTED, sentence, _span(QUOTED, "““"), "doubled")
    assert [_after(QUOTED, e)[:4] for e in doubled] == ["“We ", '"We ']
    stray = fault_edits(QUOTED, sentence, _span(QUOTED, "’"), "stray")
    assert [_after(QUOTED, e) for e in stray] == [QUOTED.replace("’", "")]
    mixed = fault_edits(QUOTED, sentence, _span(QUOTED, "”"), "mixed")
    assert [e.text for e in mixed] == ['"']


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("He said “we came late.", "“", ["He said we came late.", "He said “we came late.”"]),
        ("We came late,” he said.", "”", ["We came late, he said.", "“We came late,” he said."]),
        ('He said "we came.', '"', ["He said we came.", 'He said "we came."']),
        ('We came," he said.', '"', ["We came, he said.", '"We came," he said.']),
        ("It was ” late.", "”", ["It was late.", "“It was ” late."]),
    ],
)
def test_a_mark_without_its_partner_goes_or_gets_one(text, mark, expected):
    made = fault_edits(text, Sentence(0, len(text), 0, "body"), _span(text, mark), "unbalanced")
    assert [_after(text, e) for e in made] == expected
    assert [e.shown for e in made] == ["", mark]  # what then stands in the span's place
    assert {e.kind for e in made} == {"quotes"}


def test_a_deletion_does_not_win_by_its_own_bits():
    gone = Edit(0, 5, "", "", "delete", Span(0, 5), prior_nats=PRIOR_NATS)
    before, after = Surprise(9.0, 20.0), Surprise(0.0, 20.0)
    # An ordinary word: as surprising as was to be expected there, and what follows does not care.
    assert gain_nats(gone, before, after, lambda a, b: 9.0) == pytest.approx(-PRIOR_NATS)
    # One that spoils what follows.
    assert gain_nats(gone, Surprise(9.0, 35.0), after, lambda a, b: 9.0) == pytest.approx(15.0 - PRIOR_NATS)


def test_suggestions_are_few_different_and_ordered():
    gains = [
        (Edit(0, 3, w, w, "replace"), nats)
        for w, nats in (("cat", 2.0), ("dog", 5.0), ("cat", 9.0), ("cow", 5.0002), ("hen", 4.0), ("ox", 0.5))
    ]
    found = best(gains)
    assert [s.text for s in found] == ["cat", "dog", "cow"]  # equal to three digits: in their order
    assert found[0].gain_bits == pytest.approx(9.0 / math.log(2), abs=1e-3)
    assert best([(Edit(0, 3, "cat", "cat", "replace"), 0.6)]) == ()


def test_words_that_are_used_like_the_one_that_stands_there_are_tried_behind_the_likeliest():
    text = "The crew praised the salaries of the new station."
    span = _span(text, "salaries")
    sentence = Sentence(0, len(text), 0, "body")
    (place,) = places(span, lambda a, b: float(b - a))
    likeliest = [" work", " people", " quality", " way", " design", " idea", " salaried", " pay", " wage"]
    related = [" wage", " pay", " salaried", " work", " 2nd"]
    made = edits(text, sentence, place, span, Pool(likeliest, related))
    assert [(e.text, e.kind) for e in made] == [
        *((w.strip(), "replace") for w in likeliest[:6]),
        ("wage", "replace"),
        ("pay", "replace"),
        ("salaried", "spelling"),
        ("", "delete"),
    ]


def test_a_name_is_not_related_to_what_it_stands_for():
    text = "The crew met Salome in the new station."
    span = _span(text, "Salome")
    (place,) = places(span, lambda a, b: float(b - a))
    sentence = Sentence(0, len(text), 0, "body")
    made = edits(text, sentence, place, span, Pool([" John", " Mary"], [" Mary", " Judith"]))
    assert {e.shown for e in made} == {"John", "Mary", ""}
