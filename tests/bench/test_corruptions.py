"""Types of corruption: each reachable, each marked where it changed something, none raising."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.bench.corrupt import corrupt_sentence
from mtqa.bench.corruptions.edits import Corruption, Edit, apply, compose, merged, undone
from mtqa.bench.corruptions.registry import TYPES, function_of
from mtqa.bench.corruptions.resources import load_resources
from mtqa.bench.corruptions.tables import CONFUSED
from tests.bench.texts import ALL, NEWS, SCIENCE

PLAIN = [name for name, kind in TYPES.items() if not (kind.needs_proposer or kind.needs_translator)]
CONFUSED_SHA256 = "1dbfc9ce2ab7428f28a85ece34b4ba60cc07a466547a636057cf351e18219c82"
WHOLE = {"bland", "off_topic", "degenerate"}


def _resources():
    from dataclasses import replace

    return replace(load_resources(), others=SCIENCE, document=NEWS)


def _made(name: str, texts=ALL, draws: int = 12) -> list[tuple[str, Corruption]]:
    rng = np.random.default_rng(7)
    made = [(t, corrupt_sentence(t, name, rng, resources=_resources())) for _ in range(draws) for t in texts]
    return [(t, m) for t, m in made if m is not None]


def _only(name: str, text: str, draws: int = 60) -> set[str]:
    return {m.text for _, m in _made(name, (text,), draws)}


@pytest.mark.parametrize("name", PLAIN)
def test_every_type_is_reachable_and_its_spans_hold_what_changed(name):
    made = _made(name, draws=4)
    assert len(made) >= 3
    for original, corruption in made:
        text = corruption.text
        assert text != original
        assert corruption.spans == merged(corruption.spans)
        for start, end in corruption.spans:
            assert 0 <= start <= end <= len(text)
            assert text[start:end] == text[start:end].strip()
        if name not in WHOLE:
            assert _outside_unchanged(original, corruption)
            assert not undone(original, corruption), (original, corruption)


def _outside_unchanged(original: str, corruption: Corruption) -> bool:
    """The text outside the spans stood in the original, in that order (but for articles and capitals)."""
    text, place, rest = corruption.text, 0, original.lower()
    for start, end in [*corruption.spans, (len(text), len(text))]:
        for word in re.findall(r"\w+", text[place:start].lower()):
            if word in {"a", "an"}:
                continue
            found = rest.find(word)
            if found < 0:
                return False
            rest = rest[found + len(word) :]
        place = end
    return True


@pytest.mark.parametrize("name", [n for n in PLAIN if n not in {"stops", "debris", "quotes"}])
def test_nothing_gives_a_corruption_away(name):
    for original, corruption in _made(name, draws=4):
        assert "  " not in corruption.text
        assert not re.search(r"\s[,.;:!?](?:\s|$)", corruption.text)
        assert corruption.text == corruption.text.strip()
        assert corruption.text[0].isupper() or name == "capitals" or not original[0].isupper()


def test_articles_fit_the_words_that_are_put_in():
    for name in ("wrong_sense", "noun_swap", "heavy_spin", "false_friend", "bland"):
        for _, corruption in _made(name):
            assert not re.search(r"\b[Aa] [aeio](?!ne)\w", corruption.text), corruption.text
            assert not re.search(r"\b[Aa]n [bcdfgjklmnpqrstvwxyz]", corruption.text), corruption.text


PIECES = [*"aA bé.’“\"'-1,\n\t…ß你🙂\u200b«", "the ", "of ", "is ", "cows ", "not ", "He "]
odd = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(max_examples=60, deadline=None)
@given(odd, st.integers(0, 2**32 - 1))
def test_odd_text_raises_nothing(text, seed):
    rng = np.random.default_rng(seed)
    for name in PLAIN:
        made = corrupt_sentence(text, name, rng, resources=_resources())
        assert made is None or made.text != text


@settings(max_examples=200, deadline=None)
@given(st.text("abc ", min_size=1, max_size=30), st.data())
def test_edits_mark_just_what_they_put_in(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    edits = [Edit(a, b, data.draw(st.text("xyz ", max_size=5))) for a, b in pairs]
    made = apply(text, edits)
    if made is None:
        return
    marked = "".join(made.text[s:e] for s, e in made.spans).replace(" ", "")
    assert marked == "".join(e.new for e in edits).replace(" ", "")
    assert not set(marked) & set("abc")


def test_composed_spans_point_at_both():
    first = apply("a red car stopped here today", [Edit(2, 5, "blue")])
    assert first is not None
    second = apply(first.text, [Edit(11, 18, "sang loudly")])
    assert second is not None
    both = compose(first, second)
    assert [both.text[s:e] for s, e in both.spans] == ["blue", "sang loudly"]
    before = apply(first.text, [Edit(0, 1, "the very")])
    assert before is not None
    both = compose(first, before)
    assert [both.text[s:e] for s, e in both.spans] == ["the very", "blue"]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_composed_spans_hold_all_that_either_put_in(data):
    """The first puts in capitals, the second digits: none of either may lie outside the spans."""
    text = "abcdefghijklmno"
    first = apply(text, _edits(data, len(text), "XYZ"))
    if first is None:
        return
    second = apply(first.text, _edits(data, len(first.text), "123"))
    if second is None:
        return
    both = compose(first, second)
    inside = {i for start, end in both.spans for i in range(start, end)}
    assert {i for i, c in enumerate(second.text) if not c.islower()} <= inside
    assert all(0 <= start <= end <= len(second.text) for start, end in both.spans)


def _edits(data, length: int, alphabet: str) -> list[Edit]:
    cuts = sorted(data.draw(st.sets(st.integers(0, length), min_size=2, max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [Edit(a, b, data.draw(st.text(alphabet, max_size=4))) for a, b in pairs]


def test_type_examples():
    assert _only("agreement", "The farmers were late.") == {"The farmers was late."}
    assert "He want to start the work." in _only("agreement", "He wants to start the work.")
    assert _only("pronoun", "They told him.") <= {"Them told him.", "They told he."}
    assert _only("adjective_after_noun", "The boat reached a small harbour.") == {
        "The boat reached a harbour small."
    }
    assert _only("truncated", "The mayor said that the bridge would never be opened again.") >= {
        "The mayor said that the."
    }
    assert _only("verb_first", "They arrived in the morning.") == {"Arrived they in the morning."}
    assert _only("verb_final", "The council approved the new road last week.") == {
        "The council the new road last week approved."
    }
    assert all(
        re.search(r"\b(\w+) \1\b", t)
        for t in _only("loop", "The ships left the harbour.")
        if "," not in t and " and " not in t and len(t) < 45
    )
    assert "The price milk rose." in _only("drop_function", "The price of milk rose.")
    assert "It will rained tomorrow." in _only("tense", "It will rain tomorrow.")
    assert "The bridge is not closed." in _only("negation", "The bridge is closed.")
    assert "The bridge is closed." in _only("negation", "The bridge is not closed.")


def test_false_friends_and_foreign_words_come_from_the_tables():
    assert _only("false_friend", "The team won the cup.") >= {"The team earned the cup."}
    assert "The city und the sea are near." in _only("untranslated", "The city and the sea are near.", 300)


def test_homographs_are_told_from_false_friends():
    text = "The crane stood near the bank."
    named = {m.text: m.type or "false_friend" for _, m in _made("false_friend", (text,), 60)}
    assert named == {
        "The heron stood near the bank.": "homograph",
        "The crane stood near the shore.": "homograph",
        "The crane stood near the bench.": "false_friend",
    }
    alone = {m.text for _, m in _made("homograph", (text,), 60)}
    assert alone == {made for made, name in named.items() if name == "homograph"}


def test_the_table_that_seeds_draw_from_is_as_it_was():
    """Another option, or another order, and a seed gives other texts: then train the detector again."""
    table = json.dumps([[*word, *options] for word, options in CONFUSED.items()])
    assert hashlib.sha256(table.encode()).hexdigest() == CONFUSED_SHA256


def test_heavy_spin_changes_three_words_at_least():
    for _, corruption in _made("heavy_spin"):
        assert len(corruption.spans) >= 3


@pytest.mark.parametrize("name", ["wrong_sense", "noun_swap", "false_friend"])
def test_nouns_put_in_keep_the_number(name):
    lexicon = load_resources().lexicon
    seen = 0
    for original, corruption in _made(name):
        start, end = corruption.spans[0]
        old = next(
            (t for t in lexicon.tokens(original) if t.end == start + _length(original, corruption)), None
        )
        if old is None or old.start != start or old.fine != "NNS":
            continue
        new = corruption.text[start:end].lower()
        lemma = lexicon.lemma(new, "N")
        assert lemma is not None
        assert lexicon.inflected(lemma, "NNS") == new
        seen += 1
    assert seen >= 3


def _length(original: str, corruption: Corruption) -> int:
    """The length of what the first span replaced, where only it changed."""
    start, end = corruption.spans[0]
    return len(original) - (len(corruption.text) - (end - start))


def test_number_changes_one_digit_and_keeps_the_length():
    for original, corruption in _made("number"):
        assert len(corruption.text) == len(original)
        assert sum(a != b for a, b in zip(original, corruption.text, strict=True)) == 1


def test_functions_are_found_by_name():
    for name in TYPES:
        assert callable(function_of(name))
