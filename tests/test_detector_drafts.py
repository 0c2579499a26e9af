"""Drafts of raw translation in the detector's training: those that are kept, and what writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import detector_drafts
import drafts_engine
import write_drafts
from detector_corpora import restored, written
from detector_drafts import DRAFTS, drafted
from drafts_engine import Engine
from drafts_unedited import Lesson

KINDS = ("engine", "unedited")
PART = [("The cat sat on the mat.", 0), ("It was a cold day in May.", 0), ("Nobody came to see it.", 1)]


def kept(kind: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DRAFTS / f"{kind}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def own(monkeypatch, tmp_path):
    """Drafts of a text of our own, in both kinds."""
    monkeypatch.setattr(detector_drafts, "DRAFTS", tmp_path)

    def put(**drafts: str) -> None:
        rows = [{"doc": "a", "orig": PART[int(key[1:])][0], "text": text} for key, text in drafts.items()]
        for kind in KINDS:
            (tmp_path / f"{kind}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    return put


@pytest.mark.parametrize("kind", KINDS)
def test_the_drafts_that_are_kept_fit_the_written_articles(kind):
    articles = dict(restored(written()))
    rows = [row for row in kept(kind) if row["doc"] in articles]
    assert len(rows) > 500
    for row in rows:
        assert row["orig"] in {text for text, _ in articles[row["doc"]]}
        assert row["text"] != row["orig"]
        assert row["text"].strip()


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_drafts_are_of_speeches_alone(kind):
    """No text of ../shared/data is copied that may not be."""
    articles = dict(restored(written()))
    assert {row["doc"].rsplit("-", 2)[0] for row in kept(kind) if row["doc"] not in articles} == {"speeches"}


def test_no_document_has_drafts_of_both_kinds():
    assert not {row["doc"] for row in kept("engine")} & {row["doc"] for row in kept("unedited")}


def test_a_draft_takes_the_place_of_its_sentence(own):
    own(s1="It was a cold day of day.")
    (record,) = drafted([("a", PART), ("b", PART)], "engine")
    rows = record["sentences"]
    assert [row["label"] for row in rows] == [0, 1, 0]
    assert [row["par"] for row in rows] == [0, 0, 1]
    assert (rows[1]["text"], rows[1]["orig"]) == ("It was a cold day of day.", PART[1][0])
    assert [rows[1]["text"][s["start"] : s["end"]] for s in rows[1]["spans"]] == ["of day"]


def test_of_an_unedited_draft_nobody_has_said_which_words_are_wrong(own):
    own(s0="Cat sat upon mat.")
    (record,) = drafted([("a", PART)], "unedited")
    assert "spans" not in record["sentences"][0]
    assert record["sentences"][1]["spans"] == []


def test_drafts_of_other_sentences_are_refused(own):
    own(s0="Cat sat upon mat.")
    with pytest.raises(ValueError, match=r"engine\.jsonl: none of the drafts of a is of a sentence of it"):
        list(drafted([("a", PART[1:])], "engine"))


def test_a_small_engine_learns_what_it_is_taught(monkeypatch):
    for name, value in (("WIDTH", 64), ("LAYERS", 1), ("BATCH", 8), ("PIECES", 300), ("WARM", 40)):
        monkeypatch.setattr(drafts_engine, name, value)
    monkeypatch.setattr(drafts_engine, "RATE", 5e-3)
    english = ["the cat sleeps", "a dog barks", "one bird sings", "my horse runs", "no fish swims here"]
    foreign = ["el gato duerme", "un perro ladra", "un ave canta", "mi caballo corre", "no nada un pez"]
    pairs = list(zip(foreign, english, strict=True))
    engine = Engine([*english, *foreign], seed=1, device="cpu")
    assert engine.translated(foreign) != english
    assert list(engine.taught(pairs, (5, 150))) == [5, 150]
    assert engine.translated(foreign) == english
    assert engine.translated([]) == []


def test_an_engine_without_a_lesson_that_fits_says_so():
    text = "a b c d e f g h " * 40
    engine = Engine([text], seed=1, device="cpu")
    with pytest.raises(ValueError, match="no sentence of at most 110 pieces"):
        next(engine.taught([(text[::-1] + "xyz" * 200, text[::-1])], (1,)))


def test_lessons_are_the_drafts_that_were_changed():
    row = {"pe": "He sold the old farm.", "text": "He sold old the farm.", "score": -1.2}
    same = {"pe": "He sold the farm.", "text": "He sold the farm.", "score": 1.0}
    fair, good = row | {"score": 0.0}, row | {"score": 1.0}
    found = write_drafts.lessons_from([row, same, fair, good, {**row, "pe": ""}])
    assert found[0] == Lesson("bad", "He sold the old farm.", "He sold old the farm.")
    assert [lesson.quality for lesson in found] == ["bad", "fair", "good"]


def test_the_same_sentences_are_drawn_whatever_else_is_listed():
    text = [(f"This is the sentence with number {i} of the text.", 0) for i in range(60)] + [("Short.", 0)]
    alone = write_drafts.drawn([("b", text)])
    both = write_drafts.drawn([("a", text), ("b", text)])
    assert alone == [place for place in both if place.document == "b"]
    assert 0 < len(alone) < 60
    assert "Short." not in {place.text for place in alone}


@pytest.mark.parametrize(
    ("made", "is_poor", "is_changed"),
    [
        ("The old man sold his farm to a neighbour.", False, False),
        ("The old man sold her farm to the neighbour.", False, True),
        ("The man of the man of the man of a man.", True, True),
        ("It is", False, False),
    ],
)
def test_what_counts_as_a_draft(made, is_poor, is_changed):
    text = "The old man sold his farm to a neighbour."
    assert write_drafts.poor(text, made) is is_poor
    assert write_drafts.changed(text, made) is is_changed


def test_what_was_cut_from_one_text_is_of_one_half():
    names = [f"speeches-{i}-{j}" for i in range(30) for j in (4, 31, 58)]
    halves = [write_drafts._half(name) for name in names]
    assert all(len(set(halves[i : i + 3])) == 1 for i in range(0, len(halves), 3))
    assert 5 < sum(halves[::3]) < 25
    turns = np.array([write_drafts._turn(name)[0] for name in names])
    assert set(turns) == {0, 1, 2, 3}
