"""Labelled data with nulls: in columns inside columns, and NaN, decimals and empty cells of tables."""

from __future__ import annotations

import decimal
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.bench.labelled.convert import documents_of
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.labelled.spec import DataSpec
from mtqa.bench.records import LabelledSet, ScoreTable, document_index
from mtqa.bench.references import missing_references
from mtqa.errors import InputError
from tests.bench.labelled_texts import write_jsonl


def _load(folder: Path, records: list[dict[str, Any]], columns: str) -> LabelledSet:
    described = folder / "columns.yaml"
    described.write_text(columns, encoding="utf-8")
    return load_labelled(str(write_jsonl(folder / "data.jsonl", records)), columns=str(described))


ROWS = [{"text": "The tide is out.", "label": 0}, {"text": "Tide the out is.", "label": 1}]


@pytest.mark.parametrize("empty", [None, {}, {"domain": None}, {"other": 1}])
def test_a_group_inside_a_column_may_be_null(tmp_path, empty: object):
    rows = [{**ROWS[0], "meta": {"domain": "sea"}}, {**ROWS[1], "meta": empty}]
    for records in (rows, rows[::-1], [{**rows[0]}, ROWS[1]]):
        data = _load(tmp_path, records, "groups: {domain: meta.domain}")
        assert {s.groups.get("domain") for s in data.sentences()} == {"sea", None}


@pytest.mark.parametrize("column", ["h.z", "-h.z"])
def test_a_score_inside_a_column_may_be_null(tmp_path, column: str):
    rows = [{"text": f"Line {i}.", "h": h} for i, h in enumerate(({"z": 1}, None, {}, {"z": None}, {"z": 2}))]
    scores = [s.score for s in _load(tmp_path, rows, f"columns: {{score: {column}}}").sentences()]
    sign = -1 if column.startswith("-") else 1
    assert scores == [sign, None, None, None, 2 * sign]


@pytest.mark.parametrize("column", ["meta.domian", "meta.domain.name", "mata.domain", "text.domain"])
def test_a_column_that_no_record_has_is_refused_though_some_are_null(tmp_path, column: str):
    rows = [{**ROWS[0], "meta": {"domain": "sea"}}, {**ROWS[1], "meta": None}]
    with pytest.raises(InputError, match=rf"{column}: there is no such column; there are: text, label, meta"):
        _load(tmp_path, rows, f"groups: {{domain: {column}}}")


def test_where_all_are_null_there_may_be_such_a_column(tmp_path):
    data = _load(tmp_path, [{**row, "meta": None} for row in ROWS], "groups: {domain: meta.domain}")
    assert not any("domain" in s.groups for s in data.sentences())


def test_a_text_inside_a_null_is_missing(tmp_path):
    rows = [{"t": {"en": "The tide is out."}, "score": 1}, {"t": None, "score": 2}]
    with pytest.raises(InputError, match="record 2: text: missing"):
        _load(tmp_path, rows, "columns: {text: t.en}")


def _parquet(folder: Path, **columns: object) -> str:
    pq.write_table(pa.table(columns), folder / "data.parquet")
    return str(folder / "data.parquet")


def test_a_struct_of_parquet_may_be_null(tmp_path):
    meta = pa.array([{"domain": "sea"}, None], type=pa.struct([("domain", pa.string())]))
    (tmp_path / "columns.yaml").write_text("groups: {domain: meta.domain}")
    name = _parquet(tmp_path, text=[r["text"] for r in ROWS], label=[0, 1], meta=meta)
    data = load_labelled(name, columns=str(tmp_path / "columns.yaml"))
    assert [s.groups.get("domain") for s in data.sentences()] == ["sea", None]


def test_a_label_of_parquet_may_be_nan_and_so_may_what_else_is_a_number(tmp_path):
    number = pa.array([0.0, 1.0, math.nan])
    rest = pa.array([math.nan, 0.0, 1.0])
    name = _parquet(tmp_path, text=["A.", "B.", "C."], label=number, par=number, boilerplate=rest)
    data = load_labelled(name)
    assert [s.label for s in data.sentences()] == [0, 1, None]
    assert [s.paragraph for s in data.sentences()] == [0, 1, None]
    assert [s.boilerplate for s in data.sentences()] == [False, False, True]


def test_a_label_of_parquet_may_be_a_decimal(tmp_path):
    label = pa.array([decimal.Decimal("0.0"), decimal.Decimal("1.0")], type=pa.decimal128(3, 1))
    data = load_labelled(_parquet(tmp_path, text=["A.", "B."], label=label))
    assert [s.label for s in data.sentences()] == [0, 1]
    bad = pa.array([decimal.Decimal("0.0"), decimal.Decimal("0.5")], type=pa.decimal128(3, 1))
    with pytest.raises(InputError, match=r"record 2: label: Decimal\('0.5'\) is not 0"):
        load_labelled(_parquet(tmp_path, text=["A.", "B."], label=bad))


def test_a_group_of_parquet_may_be_nan(tmp_path):
    (tmp_path / "columns.yaml").write_text("columns: {system: engine}\ngroups: {desk: dept}\n")
    number = pa.array([1.0, math.nan, None])
    name = _parquet(tmp_path, text=["A.", "B.", "C."], label=[0, 1, 0], dept=number, engine=number)
    data = load_labelled(name, columns=str(tmp_path / "columns.yaml"))
    assert [s.groups for s in data.sentences()] == [{"desk": "1.0", "system": "1.0"}, {}, {}]


def test_a_doc_and_a_system_of_parquet_may_be_nan(tmp_path):
    number = pa.array([7.0, 7.0, math.nan, math.nan])
    nothing = pa.array([math.nan, None, math.nan, math.nan])
    columns: dict[str, object] = {"text": ["A.", "B.", "C.", "D."], "label": [0, 1, 0, 1]}
    data = load_labelled(_parquet(tmp_path, **columns, doc=number, system=nothing, id=nothing))
    sizes = {d.id: len(d.sentences) for d in data.documents}
    assert sizes == {"7.0": 2, "record 3": 1, "record 4": 1}


def test_a_sample_takes_nan_for_no_doc_and_no_system():
    rows = [{**ROWS[0], "doc": d, "system": s} for d in (7, math.nan) for s in (None, math.nan)]
    document_of = documents_of(rows, DataSpec("data"))
    assert [document_of(row) for row in rows] == ["7\0", "7\0", None, None]


def test_a_system_of_documents_may_be_nan(tmp_path):
    made = [{"doc": "d", "system": s, "sentences": ROWS} for s in (math.nan, 1.0)]
    data = load_labelled(str(write_jsonl(tmp_path / "data.jsonl", made)))
    assert [d.id for d in data.documents] == ["d", "d|1.0"]


@pytest.mark.parametrize("empty", ["", "  ", None])
@pytest.mark.parametrize("tokens", ["", " ", None, "The tide"])
def test_an_empty_cell_of_word_tags_is_no_annotation(tmp_path, empty: object, tokens: object):
    rows = [
        {"text": "The tide", "score": 1, "word_tags": "OK BAD", "tokens": tokens},
        {"text": "The tide", "score": 2, "word_tags": empty, "tokens": tokens},
    ]
    data = load_labelled(str(write_jsonl(tmp_path / "data.jsonl", rows)))
    expected = [((0, 3, False), (4, 8, True)), None]
    assert [s.word_tags for s in data.sentences()] == expected
    path = tmp_path / "data.csv"
    path.write_text(f"text,score,word_tags\nThe tide,1,OK BAD\nThe tide,2,{empty or ''}\n")
    assert [s.word_tags for s in load_labelled(str(path)).sentences()] == expected


@pytest.mark.parametrize("unknown", [None, "", "nan", math.nan])
def test_a_sentence_without_a_label_is_no_reference_of_itself(tmp_path, unknown: object):
    rows = [
        {"doc": "d", "text": "The tide is out.", "label": 0},
        {"doc": "d", "text": "The rope is out.", "label": 1, "orig": "The tide is in."},
        {"doc": "d", "text": "Who knows.", "label": unknown},
        {"doc": "d", "text": "READ MORE", "label": unknown, "boilerplate": True},
        {"doc": "d", "text": "Known.", "label": unknown, "orig": "It is known."},
    ]
    expected = ["The tide is out.", "The tide is in.", None, None, "It is known."]
    for records in (rows, [{"sentences": rows}]):
        data = load_labelled(str(write_jsonl(tmp_path / "data.jsonl", records)))
        assert [s.reference for s in data.sentences()] == expected
        # Boilerplate counts in no corpus figure, with a reference or without one.
        scores = np.zeros(len(data))
        assert missing_references(ScoreTable(data, "c", "s", scores, document_index(data))) == (1, 4)
