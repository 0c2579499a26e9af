"""Tables and JSON as they are written: nothing guessed, nothing shifted, one line for what is malformed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.records import LabelledSet
from mtqa.errors import InputError


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MTQA_DATA", raising=False)


@pytest.fixture
def load(tmp_path: Path):
    def loaded(name: str, content: str | bytes, **options: object) -> LabelledSet:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_labelled(str(path), **options)  # type: ignore[arg-type]

    return loaded


def _texts(data: LabelledSet) -> list[str]:
    return [s.text for s in data.sentences()]


def test_names_that_look_like_numbers_stay_apart(load):
    data = load("a.csv", "doc,text,label\n1.1,A b.,0\n1.10,C d.,1\n01,E f.,0\n1,G h.,1\n")
    assert [d.id for d in data.documents] == ["1.1", "1.10", "01", "1"]
    rows = [{"id": 10**30 + i, "text": "A.", "score": i} for i in (0, 1)]
    assert len(load("a.jsonl", "".join(json.dumps(r) + "\n" for r in rows)).documents) == 2


def test_dates_stay_strings(load):
    rows = [{"text": "2024-01-02", "label": i, "day": "2024-01-02"} for i in (0, 1)]
    data = load("a.jsonl", "".join(json.dumps(r) + "\n" for r in rows))
    assert _texts(data) == ["2024-01-02"] * 2
    assert [s.groups["day"] for s in data.sentences()] == ["2024-01-02"] * 2


def test_a_table_whose_texts_are_numbers(load):
    assert _texts(load("a.csv", "text,label\n12,0\n13,1\n")) == ["12", "13"]


@pytest.mark.parametrize("written", ["0.0 1.0", "False True", "false TRUE", "0 1"])
def test_labels_of_a_table_with_a_gap(load, written: str):
    sound, corrupted = written.split()
    data = load("a.csv", f"text,label\nA b.,{sound}\nC d.,{corrupted}\nE f.,\n")
    assert [s.label for s in data.sentences()] == [0, 1, None]


@pytest.mark.parametrize("name", ["errors", "-errors"])
def test_scores_of_a_table_with_gaps(load, tmp_path, name: str):
    (tmp_path / "columns.yaml").write_text(f"columns: {{score: {name}}}\n")
    table = "text,errors\nA b.,0.5\nC d.,2\nE f.,\nG h.,nan\n"
    data = load("a.csv", table, columns=str(tmp_path / "columns.yaml"))
    sign = -1 if name.startswith("-") else 1
    assert [s.score for s in data.sentences()] == [sign * 0.5, sign * 2, None, None]


def test_cells_beyond_the_header_shift_no_column(load):
    data = load("a.csv", "good,bad,phenomenon\nA b.,A c.,swap,\nD e.,D f.,swap,\n")
    assert _texts(data) == ["A b.", "A c.", "D e.", "D f."]


def test_a_tsv_without_quoting_keeps_its_quotation_marks(load):
    rows = ['"We are here," he said.', '"It began in March.', "Nobody knew.", 'It is over."']
    table = "text\tlabel\n" + "".join(f"{text}\t{i % 2}\n" for i, text in enumerate(rows))
    assert _texts(load("a.tsv", table)) == rows
    # A speech that opens in one row and ends in another would be one cell by the rules of quoting.
    assert _texts(load("b.tsv", table.replace('"We are here," he', "He"))) == ["He said.", *rows[1:]]


def test_a_tsv_with_quoting(load):
    table = 'text\tlabel\n"The ""old"" mill."\t0\n"One\nline, and another."\t1\n'
    assert _texts(load("a.tsv", table)) == ['The "old" mill.', "One\nline, and another."]


def test_a_quotation_mark_inside_a_cell_tells_that_a_tsv_is_not_quoted(load):
    table = (
        'text\tlabel\tspans\n"We won."\t0\t\nHe said "no" twic\t1\t[[13,17]]\n"Go homes now."\t1\t[[4,9]]\n'
    )
    data = load("a.tsv", table)
    assert _texts(data) == ['"We won."', 'He said "no" twic', '"Go homes now."']
    assert [s.text[a:b] for s in data.sentences() for a, b in s.spans] == ["twic", "homes"]
    # Whoever quotes the header quotes the file, and whoever doubles marks, or puts a line into a cell.
    quoted = table.replace("text\t", '"text"\t')
    assert _texts(load("b.tsv", quoted)) == ["We won.", 'He said "no" twic', "Go homes now."]
    doubled = table.replace('He said "no" twic', '"He said ""no"" twic"')
    assert _texts(load("c.tsv", doubled)) == ["We won.", 'He said "no" twic', "Go homes now."]
    two_lines = table.replace("We won.", "We\nwon.")
    assert _texts(load("d.tsv", two_lines)) == ["We\nwon.", 'He said "no" twic', "Go homes now."]


def test_one_object_over_several_lines(load):
    document = {"sentences": [{"text": "A b.", "label": 0}, {"text": "C d.", "label": 1}]}
    assert _texts(load("a.json", json.dumps(document, indent=2))) == ["A b.", "C d."]


def test_the_columns_are_those_of_all_records(load):
    rows = [{"text": "A.", "score": 1}, {"text": "B.", "score": 2, "label": 1}, {"text": "C.", "label": 0}]
    data = load("a.jsonl", "".join(json.dumps(r) + "\n" for r in rows))
    assert (data.shape, [s.label for s in data.sentences()]) == ("documents", [None, 1, 0])


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "text,label\nA b.,0,x\nC d.,1,y\n", "line 2: 3 cells, the header names 2"),
        ("a.csv", "text,label,genre\nA b.,0,x\nC d.,1\n", "line 3: 2 cells, the header names 3"),
        ("a.csv", 'text,label\nA b.,0\n"Yes" he said.,1\n', "line 3: ',' expected after '\"'"),
        ("a.csv", 'text,label\n"A b.,0\nC d.,1\n', "line 2: unexpected end of data"),
        ("a.csv", "text;label\nA b, c.;0\n", "columns are cut at ';' here; save it with commas"),
        ("a.csv", "text,text,label\nA.,B.,0\n", "column 'text' is there twice"),
        ("a.csv", "text,label\nA b.,0\nÄ.,1\n".encode("cp1252"), "line 3: not UTF-8 (byte 18); save"),
        ("a.csv", "\n\n", "no header"),
        ("a.tsv", "", "the file is empty"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken", "can't be read"),
        ("a.jsonl", '{"text": "A.", "score": 1' + "0" * 400 + "}\n", "record 1: score: this number is too"),
        ("a.json", "3", "line 1: an object is expected, not a number"),
    ],
)
def test_malformed_files(load, name: str, content: str | bytes, expected: str):
    with pytest.raises(InputError) as error:
        load(name, content)
    assert expected in str(error.value)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_sample_of_rows_takes_whole_documents(load):
    rows = [{"doc": i, "text": f"{i} {j}.", "label": j % 2} for i in range(30) for j in range(5)]
    data = load("a.jsonl", "".join(json.dumps(r) + "\n" for r in rows), limit=4)
    assert [len(d.sentences) for d in data.documents] == [5, 5, 5, 5]
    loose = [{**row, "doc": None} for row in rows]
    assert len(load("a.jsonl", "".join(json.dumps(r) + "\n" for r in loose), limit=4)) == 4
