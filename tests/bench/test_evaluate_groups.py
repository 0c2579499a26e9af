"""Groups of an evaluation: a column ``data`` beside the file's, rare types, and the table of systems."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from mtqa.bench.beside import CHANCE, LENGTH, PERFECT, floors
from mtqa.bench.evaluate import EvaluateSettings, evaluate_tables
from mtqa.bench.metrics import METRICS
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.bench.reports import render
from mtqa.bench.reports.view import data_line
from mtqa.bench.tables import group_values, subset
from mtqa.errors import UsageError

QUICK = 20


def _table(name: str, *, halves: bool, documents: int = 10) -> ScoreTable:
    """A corrupted sentence of type a or b and two sound ones each; ``halves``: with a column ``data``."""
    made = []
    for d in range(documents):
        own = {"data": "train" if d < documents / 2 else "test"} if halves else {}
        bad = LabelledSentence(f"Tide {d} rope.", 1, groups={**own, "type": "ab"[2 * d // documents]})
        sound = (LabelledSentence(f"The net {d} {i} is dry.", 0, groups=own) for i in range(2))
        made.append(LabelledDocument(f"d{d}", (bad, *sound)))
    data = LabelledSet(name, "0" * 64, "documents", tuple(made))
    scores = np.random.default_rng(len(name)).normal(size=len(data))
    return ScoreTable(data, "c", "s", scores, document_index(data))


def _counts(tables: list[ScoreTable], *by: str) -> dict[str, dict[str, int]]:
    settings = EvaluateSettings(resamples=QUICK, by=by)
    groups = evaluate_tables(tables, settings).sections[0].by
    return {
        name: {value: own["roc_auc"].n for value, own in values.items()} for name, values in groups.items()
    }


@pytest.mark.parametrize("halves", [False, True])
def test_a_type_stands_against_all_the_sound_sentences_of_its_file_whatever_columns_it_has(halves):
    assert _counts([_table("x", halves=halves)], "type") == {"type": {"a": 25, "b": 25}}


def test_a_column_called_data_is_the_users_own():
    assert _counts([_table("x", halves=True)], "data") == {"data": {"test": 15, "train": 15}}
    several = [_table("x", halves=True), _table("yy", halves=True), _table("zzz", halves=False)]
    files = {"x": 30, "yy": 30, "zzz": 30}
    assert _counts(several, "data") == {"data file": files, "data": {"test": 30, "train": 30}}
    assert _counts(several) == {"data file": files}
    assert _counts([_table("x", halves=False), _table("yy", halves=False)], "data") == {
        "data": {"x": 30, "yy": 30}
    }


def test_the_file_goes_by_one_name_in_all_shapes():
    human = tuple(
        LabelledDocument(f"s{i}", (LabelledSentence(f"Boat {i}.", score=float(i)),), isolated=True)
        for i in range(6)
    )
    data = LabelledSet("human", "1" * 64, "scored", human)
    scored = ScoreTable(data, "c", "s", np.arange(6.0), document_index(data))
    tables = [_table("x", halves=True), scored]
    both = evaluate_tables(tables, EvaluateSettings(resamples=QUICK, by=("data", "data file"))).sections
    assert [{name: set(values) for name, values in section.by.items()} for section in both] == [
        {"data": {"train", "test"}, "data file": {"x"}},
        {"data file": {"human"}},
    ]
    with pytest.raises(UsageError, match=r"data fill.*did you mean 'data file'"):
        evaluate_tables(tables, EvaluateSettings(by=("data fill",)))


def _judged() -> ScoreTable:
    """Four sentences each of three systems; people judged two, on which the systems have another order."""
    judged = {"A": (3.0, 0.1), "B": (2.0, 0.2), "C": (1.0, 0.3)}
    made = []
    for system, (human, suspicion) in judged.items():
        for i in range(4):
            sentence = LabelledSentence(
                f"Quay {suspicion}.", i % 2, score=human if i < 2 else None, groups={"system": system}
            )
            made.append(LabelledDocument(f"{i}{system}", (sentence,)))
    line = LabelledSentence("READ MORE", score=9.0, boilerplate=True, groups={"system": "A"})
    data = LabelledSet("judged", "2" * 64, "documents", (*made, LabelledDocument("line", (line,))))
    known = [judged[s.groups["system"]][1] for s in data.sentences()]
    scores = [k if s.score is not None else 9.0 - 9 * k for k, s in zip(known, data.sentences(), strict=True)]
    scores[-1] = 50.0
    return ScoreTable(data, "c", "s", np.array(scores), document_index(data))


def test_two_systems_have_a_mean_each_and_one_has_no_table():
    table = _judged()
    systems = np.array([s.groups["system"] for s in table.data.sentences()])
    two = subset(table, systems != "C")
    section = evaluate_tables([two], EvaluateSettings(resamples=QUICK)).sections[0]
    assert "system_kendall" not in section.metrics
    assert [(s.name, s.mean.value, s.mean.n) for s in section.systems] == [
        ("A", pytest.approx(0.1), 2),
        ("B", pytest.approx(0.2), 2),
    ]
    assert all(s.mean.low <= s.mean.value <= s.mean.high for s in section.systems)
    assert (
        evaluate_tables([subset(table, systems == "B")], EvaluateSettings(resamples=QUICK))
        .sections[0]
        .systems
        == ()
    )


def test_the_table_of_systems_is_over_the_sentences_that_their_order_is_over():
    table = _judged()
    section = evaluate_tables([table], EvaluateSettings(resamples=QUICK)).sections[0]
    assert section.metrics["system_kendall"].value == pytest.approx(1.0)
    assert [(s.name, s.mean.value, s.mean.n) for s in section.systems] == [
        ("A", pytest.approx(0.1), 2),
        ("B", pytest.approx(0.2), 2),
        ("C", pytest.approx(0.3), 2),
    ]
    ordered = replace(table, data=replace(table.data, system_order=("C", "B", "A")))
    section = evaluate_tables([ordered], EvaluateSettings(resamples=QUICK)).sections[0]
    assert [(s.name, s.mean.n) for s in section.systems] == [("C", 4), ("B", 4), ("A", 4)]
    assert METRICS["system_kendall"].prepare(ordered).n == 3


def _marked() -> ScoreTable:
    """Twenty documents, two with a wrong word of type a, which is marked; so is a sound one in each."""
    wrong, sound = LabelledSentence("Tide rope.", 1, spans=((5, 9),), groups={"type": "a"}), "The net is dry."
    documents = tuple(
        LabelledDocument(f"d{d}", (*((wrong,) if d < 2 else ()), LabelledSentence(sound, 0, spans=())))
        for d in range(20)
    )
    data = LabelledSet("marked", "3" * 64, "documents", documents)
    marked = tuple(((5, 9),) if s.label else ((4, 7),) for s in data.sentences())
    words = tuple(((4, 7, 1.0),) for _ in marked)
    return ScoreTable(data, "c", "s", np.zeros(len(data)), document_index(data), words, marked)


def test_a_rare_type_has_no_f1_in_draws_without_it():
    table = _marked()
    own = evaluate_tables([table], EvaluateSettings(by=("type",))).sections[0].by["type"]["a"]
    recall, f1 = own["character_recall"], own["character_f1"]
    assert f1.value == pytest.approx(2 * 8 / (68 + 8))
    assert f1.low is None
    assert f1.undefined == recall.undefined
    assert "too few documents hold what it needs" in str(f1.undefined)


def test_a_draw_without_wrong_characters_has_no_f1_and_any_other_the_harmonic_mean():
    table = _marked()
    rng = np.random.default_rng(3)
    draws = rng.multinomial(20, np.full(20, 1 / 20), size=200)
    precision, recall, f1 = (
        METRICS[f"character_{name}"].prepare(table).over(draws) for name in ("precision", "recall", "f1")
    )
    lacking = draws[:, :2].sum(axis=1) == 0
    assert 0 < lacking.sum() < len(draws)
    np.testing.assert_array_equal(np.isnan(f1), lacking)
    np.testing.assert_array_equal(np.isnan(f1), np.isnan(recall))
    np.testing.assert_allclose(f1, 2 * precision * recall / (precision + recall))


def test_boilerplate_is_not_counted_as_corrupted_whatever_its_label():
    table = _marked()
    line = LabelledDocument("line", (LabelledSentence("READ MORE", 1, boilerplate=True),))
    data = replace(table.data, documents=(*table.data.documents, line))
    with_line = ScoreTable(data, "c", "s", np.arange(23.0), document_index(data))
    evaluation = evaluate_tables([with_line], EvaluateSettings(resamples=QUICK))
    assert evaluation.record()["data"][0]["corrupted"] == 2
    assert "23 sentences, 2 corrupted (" in data_line(with_line)
    only = replace(data, documents=(line,))
    assert "1 sentences (" in data_line(ScoreTable(only, "c", "s", np.zeros(1), document_index(only)))


def test_floors_and_gold_stand_beside_every_value_of_a_group():
    rng = np.random.default_rng(3)
    documents = tuple(
        LabelledDocument(
            f"d{d}",
            tuple(
                LabelledSentence(
                    "word " * int(rng.integers(1, 9)), int(rng.random() < 0.4), groups={"genre": genre}
                )
                for _ in range(6)
            ),
        )
        for d, genre in enumerate(["news", "mail"] * 12)
    )
    data = LabelledSet("two", "0" * 64, "documents", documents)
    table = ScoreTable(data, "c", "s", rng.normal(size=len(data)), document_index(data))
    found = evaluate_tables([table], EvaluateSettings(resamples=QUICK, by=("genre",)))
    beside = found.sections[0].by_beside["genre"]
    assert beside.keys() == found.sections[0].by["genre"].keys() == {"news", "mail"}
    for value, rows in beside.items():
        part = subset(floors(table)[LENGTH], group_values(table, "genre")[value].rows)
        expected = METRICS["roc_auc"].function(part, np.ones(len(part.data.documents)))
        length = rows[LENGTH]["roc_auc"]
        assert length.value == pytest.approx(expected)
        assert length.low <= length.value <= length.high
        assert rows[CHANCE]["roc_auc"].value == 0.5
        assert rows[PERFECT]["roc_auc"].value == 1.0
    record = found.record()["by_beside"]["genre"]["mail"]
    assert record[LENGTH]["roc_auc"]["value"] == beside["mail"][LENGTH]["roc_auc"].value
    for name in ("markdown", "html"):
        assert render(found, name).count(LENGTH) >= 2
    assert re.search(
        r"^mail +72 .*(length|unigram|chance) 0\.\d{3}$", render(found, "terminal"), re.MULTILINE
    )
