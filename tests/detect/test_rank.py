"""Ranking and spans on scores made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtqa.detect.calibrate import WordCalibration
from mtqa.detect.head import OUTPUTS
from mtqa.detect.measures import MEASURES
from mtqa.detect.rank import RankSettings, rank_sentences
from mtqa.detect.sentence import (
    DOUBLED_LOG_ODDS,
    LETTERS_LOG_ODDS,
    QUOTE_LOG_ODDS,
    SENTENCE_FEATURES,
    SentenceModel,
)
from mtqa.detect.spans import TextFaults, expected, suspect_spans
from mtqa.errors import UsageError
from mtqa.records import Document, Word
from mtqa.text.read import document_from_sentences, document_from_text
from tests.detect.builders import by_words, scores

SENTENCES = [
    "The bridge over the river was closed for repairs.",
    "Drivers were sent through the cucumber for an hour.",
    "It opened again in the evening.",
]


def _ranked(document: Document, surprisal: dict[str, float], measure: str = "excess_surprisal", **more):
    return rank_sentences(
        document, by_words(document.text, surprisal, **more), RankSettings(measure), lambda _: 1
    )


def test_the_sentence_with_the_surprising_word_is_first_and_the_word_is_its_span():
    ranking = _ranked(document_from_sentences(SENTENCES), {"cucumber": 14.0, "closed": 6.0})
    first = ranking.findings[0]
    assert first.text == SENTENCES[1]
    assert first.rank == 1
    assert first.score == pytest.approx(14.0 - 7.0)
    assert [s.text for s in first.spans] == ["cucumber"]
    assert first.spans[0].surprisal_nats == pytest.approx(14.0)
    assert first.spans[0].expected[0].text == "people"
    assert [f.rank for f in ranking.findings] == [1, 2, 3]


def test_every_finding_has_every_measure_and_perplexity():
    for finding in _ranked(document_from_sentences(SENTENCES), {}).findings:
        assert set(finding.measures) == set(MEASURES)
        assert finding.perplexity == finding.measures["perplexity"] == pytest.approx(2.71828, abs=1e-4)
        assert finding.tokens == len(finding.text.split())


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - {"detector"}))
def test_every_measure_ranks(measure: str):
    findings = _ranked(document_from_sentences(SENTENCES), {"cucumber": 14.0}, measure).findings
    values = [f.score for f in findings]
    assert values == sorted(values, reverse=True)
    assert all(f.score == f.measures[measure] for f in findings)


def test_ties_keep_the_order_of_the_text():
    assert [f.sentence for f in _ranked(document_from_sentences(SENTENCES), {}).findings] == [0, 1, 2]


@given(st.permutations(range(5)))
def test_the_ranking_does_not_depend_on_where_a_sentence_stands(order):
    texts = [f"Sentence {'abcde'[i]} has word{i} in it." for i in range(5)]
    values = {f"word{i}": 8.0 + i for i in range(5)}
    findings = _ranked(document_from_sentences([texts[i] for i in order]), values).findings
    assert [f.text for f in findings] == texts[::-1]


def test_neighbouring_suspicious_words_make_one_span():
    ranking = _ranked(
        document_from_sentences(["We saw purple gravity in town."]), {"purple": 12.0, "gravity": 11.0}
    )
    assert [s.text for s in ranking.findings[0].spans] == ["purple gravity"]


def test_a_broken_quotation_mark_is_a_span_with_a_note():
    document = document_from_text(
        "““We left the old harbour at dawn and nobody saw us go. The sea was calm then."
    )
    spans = [s for f in _ranked(document, {}).findings for s in f.spans]
    assert (spans[0].text, spans[0].note) == ("““", "doubled quotation mark")


def test_sound_words_make_no_span():
    assert all(f.spans == () for f in _ranked(document_from_sentences(SENTENCES), {}).findings)


def test_words_have_a_suspicion_between_0_and_1_that_grows_with_surprisal():
    words = _ranked(document_from_sentences(SENTENCES), {"cucumber": 14.0, "closed": 6.0}).words
    by_text = {w.text: w.suspicion for w in words}
    assert 0.0 == by_text["river"] < by_text["closed"] < by_text["cucumber"] < 1.0


def test_words_are_a_sequence_and_each_findings_words_lie_in_its_sentence():
    document = document_from_sentences(SENTENCES)
    words = _ranked(document, {"cucumber": 14.0}).words
    every = tuple(words)
    assert len(words) == len(every) > 10
    assert [words[i] for i in range(-len(words), len(words))] == [*every, *every]
    assert words[3:9:2] == every[3:9:2]
    with pytest.raises(IndexError):
        words[len(words)]
    for word in every:
        sentence = document.sentences[word.sentence]
        assert sentence.start <= word.start < word.end <= sentence.end
        assert word.text == document.text[word.start : word.end]
    assert {word.sentence for word in every} == set(range(len(SENTENCES)))


def test_what_was_expected_keeps_the_part_of_the_word_before_it():
    text = "two sandwiches"
    tokens = scores(text, [(0, 3), (3, 8), (8, 14)], [1.0, 2.0, 9.0])
    # " people" would begin a new word after "sand", "," would end it: both mean that "sand" stood alone.
    assert [(e.text, round(e.probability, 2)) for e in expected(text, tokens, 2, 4)] == [
        ("sand", 0.7),
        ("sandy", 0.1),
    ]
    assert [e.text for e in expected(text, tokens, 1, 4)] == ["people"]
    assert expected(text, tokens, -1, 0) == ()


def test_nothing_is_expected_less_than_what_stands_there():
    text = "two sandwiches"
    places = [(0, 3), (3, 8), (8, 14)]
    for nats, shown in ((-math.log(0.75), []), (-math.log(0.15), ["sand"]), (9.0, ["sand", "sandy"])):
        tokens = scores(text, places, [1.0, 2.0, nats])
        assert [e.text for e in expected(text, tokens, 2, 4)] == shown


def test_an_unknown_measure_is_refused():
    with pytest.raises(UsageError, match="unknown measure 'perplex'"):
        _ranked(document_from_sentences(SENTENCES), {}, "perplex")


def test_the_first_token_of_a_passage_is_no_evidence_but_counts_in_perplexity():
    document = document_from_sentences(["Zyx came home late.", "Then all was well."])
    findings = {f.sentence: f for f in _ranked(document, {"Zyx": 12.0, "Then": 12.0}).findings}
    assert findings[0].score == 0.0
    assert findings[0].spans == ()
    assert findings[0].perplexity == findings[1].perplexity > 20
    assert findings[1].score == pytest.approx(5.0)
    alone = rank_sentences(
        document,
        by_words(document.text, {"Zyx": 12.0, "Then": 12.0}),
        RankSettings("excess_surprisal", context="none"),
        lambda _: 1,
    )
    assert {f.score for f in alone.findings} == {0.0}


def test_sentences_of_the_same_score_are_ordered_by_their_worst_tokens():
    document = document_from_sentences(["All was well.", "Then the rain came.", "It was late."])
    ranking = _ranked(document, {"rain": 6.5}, mass=0.9)
    assert {f.score for f in ranking.findings} == {0.0}
    assert ranking.findings[0].sentence == 1


def test_pieces_that_would_go_on_with_the_word_before_are_not_expected():
    text = "We repair boats"
    tokens = scores(text, [(0, 2), (2, 9), (9, 15)], [1.0, 9.0, 1.0])
    assert [e.text for e in expected(text, tokens, 1, 3)] == ["people"]


def test_what_nobody_can_see_is_not_expected():
    text = "We repair boats"
    tokens = scores(text, [(0, 2), (2, 9), (9, 15)], [1.0, 9.0, 1.0])
    for piece in (" \ufe0f", "\u200d", " \u0301"):
        hidden = replace(tokens, pieces={**tokens.pieces, 900: piece, 901: piece, 902: piece})
        assert expected(text, hidden, 1, 3) == ()


def test_pieces_of_words_are_made_whole_or_marked_as_going_on():
    text = "south-bound windows are regularly hot"
    places = [(0, 5), (5, 6), (6, 11), (11, 19), (19, 23), (23, 33), (33, 37)]
    tokens = scores(text, places, [1.0, 1.0, 9.0, 1.0, 1.0, 9.0, 1.0])
    hyphened = replace(tokens, pieces={**tokens.pieces, 900: "facing", 901: "w", 902: "f"})
    assert [e.text for e in expected(text, hyphened, 2, 0)] == ["south-facing", "south-w…", "south-f…"]
    assert [e.text for e in expected(text, hyphened, 2, 0, "de")] == ["south-facing", "south-w", "south-f"]
    contracted = replace(tokens, pieces={**tokens.pieces, 900: " don", 901: " isn", 902: " Don"})
    assert [e.text for e in expected(text, contracted, 5, 24)] == ["don't", "isn't", "Don"]
    longer = replace(tokens, pieces={**tokens.pieces, 900: " outper", 901: " out", 902: " outdo"})
    assert [e.text for e in expected(text, longer, 5, 24)] == ["outper…", "out", "outdo"]


@pytest.mark.parametrize(("nats", "shown"), [(0.2, []), (6.0, ["against"])])
def test_the_expected_word_before_a_stray_mark_is_not_shown_for_it(nats: float, shown: list[str]):
    """The head reads ahead and gives the word before the mark the mark's probability."""
    document = document_from_text("They took part in the fight against’ the rising water.")
    found = [
        Word(4 * i, 4 * i, word, 0, 2.0, 2.0, 0.0, ())
        for i, word in enumerate(["They", "took", "part", "in", "the", "fight"])
    ]
    found.append(Word(28, 35, "against", 0, nats, 2.0, 0.9, ()))
    faults = document.quote_faults
    assert [(f.start, f.end) for f in faults] == [(35, 36)]
    spans = suspect_spans(document, found, TextFaults(faults), lambda _: 1, by_detector=True)
    assert [s.text for s in spans if not s.note] == shown
    assert [s.text for s in spans if s.note] == ["’"]


@pytest.mark.parametrize(("context", "share"), [("document", 0.0), ("none", 0.5)])
def test_of_a_sentence_alone_what_a_post_editor_would_change_is_evidence_too(context: str, share: float):
    document = document_from_sentences(SENTENCES)
    bare = by_words(document.text, {})
    rng = np.random.default_rng(3)
    outputs = rng.normal(-1.0, 1.0, size=(len(bare), len(OUTPUTS))).astype(np.float32)
    ranking = rank_sentences(
        document,
        replace(bare, detector=outputs),
        RankSettings("perplexity", context=context),
        lambda _: 1,
    )
    corrupted, changed = (1 / (1 + np.exp(-outputs[:, i].astype(np.float64))) for i in (0, 1))
    token = [w.text for w in ranking.words].index("cucumber")
    at = document.text[: ranking.words[token].start].count(" ")
    wanted = 1 - (1 - corrupted[at]) * (1 - changed[at]) ** share
    assert ranking.words[token].suspicion == pytest.approx(wanted)


def test_expectations_for_one_word_of_several_say_for_which():
    document = document_from_sentences(["Drivers were sent through the bosom cucumber for an hour."])
    span = _ranked(document, {"cucumber": 14.0, "bosom": 13.0}).findings[0].spans[0]
    assert (span.text, span.expected_for) == ("bosom cucumber", "cucumber")
    (one,) = _ranked(document, {"cucumber": 14.0}).findings[0].spans
    assert one.expected_for is None


#: The noisy-or alone.
NOISY_OR = np.eye(len(SENTENCE_FEATURES))[0]


def _read(document: Document, context: str = "document") -> dict[str, Any]:
    """Each sentence's finding by its text, by a head that gives "them" log-odds of 1, the rest −6."""
    bare = by_words(document.text, {"them": 1.5})
    outputs = np.full((len(bare), len(OUTPUTS)), -6.0, dtype=np.float32)
    outputs[bare.surprisal_nats == 1.5] = 1.0
    settings = RankSettings(
        "detector",
        context=context,
        sentences=SentenceModel(NOISY_OR, 0.0, NOISY_OR, 0.0),
        words=WordCalibration(1.0, 1.0, 0.0),
    )
    ranking = rank_sentences(document, replace(bare, detector=outputs), settings, lambda _: 1)
    return {finding.text: finding for finding in ranking.findings}


def _log_odds(finding: Any) -> float:
    return float(np.log(np.expm1(finding.score)))


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("doubled", "““We go home now,” he said to her."),
        ("stray", "We go home now, he said’ to her."),
        ("unbalanced", "“We go home now, he said to her."),
    ],
)
def test_marks_that_can_not_be_right_are_evidence_in_a_document(kind: str, broken: str):
    document = document_from_sentences([*SENTENCES, broken, "All was well in the end."])
    assert {fault.kind for fault in document.quote_faults} == {kind}
    found, alone = _read(document), _read(document, "none")
    odds = np.log(np.expm1(len(broken.split()) * np.logaddexp(0.0, -6.0)))
    adds = QUOTE_LOG_ODDS.get(kind, 0.0)
    assert adds == (0.0 if kind == "unbalanced" else 3.0)
    assert _log_odds(found[broken]) == pytest.approx(odds + adds, abs=1e-4)
    assert _log_odds(alone[broken]) == pytest.approx(odds, abs=1e-4)
    for text in SENTENCES:
        assert found[text].score == alone[text].score
        assert found[text].fault is None
    assert found[broken].fault == ("quotes and punctuation" if adds else None)


def test_words_that_stand_there_twice_are_evidence_in_a_document_and_name_the_kind():
    whole, doubled = "We go home in the rain now.", "We go home in the the rain now."
    document = document_from_sentences([*SENTENCES, doubled])
    sound = _read(document_from_sentences([*SENTENCES, whole]))[whole]
    found, alone = _read(document)[doubled], _read(document, "none")[doubled]
    word = np.logaddexp(0.0, -6.0)
    odds = np.log(np.expm1(len(doubled.split()) * word))
    assert _log_odds(found) == pytest.approx(odds + DOUBLED_LOG_ODDS, abs=1e-4)
    assert _log_odds(alone) == pytest.approx(odds, abs=1e-4)
    assert (sound.spans, sound.fault) == ((), None)
    for finding in (found, alone):
        (span,) = finding.spans
        assert (span.text, span.note, span.start) == ("the", "stands there twice", finding.start + 18)
        assert finding.fault == "repetition"


def test_doubled_words_are_told_of_english_alone_and_beside_what_else_is_wrong():
    text = "We go home in the the rain now, and later on that day they told all of them."
    document = document_from_sentences([*SENTENCES, text])
    found = _read(document)[text]
    assert [(span.text, span.note) for span in found.spans] == [
        ("the", "stands there twice"),
        ("them", None),
    ]
    german = "Sie gingen am Abend in die die Stadt."
    assert not any(span.note for f in _read(document_from_sentences([german])).values() for span in f.spans)
    other = rank_sentences(
        document, by_words(document.text, {}), RankSettings("perplexity", language="de"), lambda _: 1
    )
    assert not any(span.note for finding in other.findings for span in finding.spans)


def test_letters_of_two_alphabets_are_evidence_in_a_document_in_any_language():
    text = "We go h\u043eme now, and it rains."
    document = document_from_sentences([*SENTENCES, text])
    found, alone = _read(document)[text], _read(document, "none")[text]
    assert _log_odds(found) - _log_odds(alone) == pytest.approx(LETTERS_LOG_ODDS, abs=1e-4)
    (span,) = found.spans
    assert (span.text, span.note) == ("h\u043eme", "letters of two alphabets")
    other = rank_sentences(
        document, by_words(document.text, {}), RankSettings("perplexity", language="de"), lambda _: 1
    )
    assert [s.note for f in other.findings for s in f.spans if s.note] == ["letters of two alphabets"]


def test_several_broken_marks_are_evidence_once_and_make_no_word_likelier_to_be_wrong():
    whole = "We go home now, she said to them over and over."
    broken = "““We go home now,”” she said’ to them over and over."
    document = document_from_sentences([*SENTENCES, broken])
    assert len(document.quote_faults) == 3
    sound = _read(document_from_sentences([*SENTENCES, whole]))[whole]
    found = _read(document)[broken]
    assert _log_odds(found) == pytest.approx(_log_odds(sound) + 3.0, abs=1e-4)
    (word,) = sound.spans
    (same,) = (span for span in found.spans if not span.note)
    assert (word.text, same.text) == ("them", "them")
    assert same.probability == pytest.approx(word.probability)
