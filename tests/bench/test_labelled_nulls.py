"""Labelled data with nulls: in columns inside columns, and where a table has NaN or a decimal for a label."""

from __future__ import annotations

import decimal
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.records import LabelledSet
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
