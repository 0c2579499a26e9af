"""Labelled data: every shape and format, column mapping, and one clear line for what is wrong."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from huggingface_hub.errors import HfHubHTTPError

from mtqa.bench.labelled import source
from mtqa.bench.labelled.convert import documents_of
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.labelled.spec import DataSpec
from mtqa.bench.labelled.stream import quiet_datasets
from mtqa.bench.records import LabelledSet
from mtqa.errors import ConfigError, InputError, MtqaError, UsageError
from tests.bench.labelled_texts import BAKERY, FERRY, PAIRS, SCORED, write_jsonl


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """No test writes into anybody's cache, reads MTQA_DATA, or reaches a network."""
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MTQA_DATA", raising=False)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("local data asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _load(tmp_path: Path, records: list[dict[str, Any]], **options: Any) -> LabelledSet:
    return load_labelled(str(write_jsonl(tmp_path / "data.jsonl", records)), **options)


def test_documents(tmp_path):
    data = _load(tmp_path, [BAKERY, FERRY])
    assert (data.shape, len(data.documents), len(data)) == ("documents", 2, 7)
    bakery, ferry = data.documents
    assert [s.label for s in bakery.sentences] == [0, 1, 0, 0]
    assert [s.paragraph for s in bakery.sentences] == [0, 0, 1, None]
    wrong = bakery.sentences[1]
    assert wrong.spans is not None
    assert [wrong.text[a:b] for a, b in wrong.spans] == ["foot"]
    assert dict(wrong.groups) == {"genre": "news", "type": "wrong_word"}
    assert wrong.reference == "Its owner kneads the dough by hand every morning."
    assert bakery.sentences[0].reference == bakery.sentences[0].text
    assert bakery.sentences[3].boilerplate
    assert ferry.sentences[0].spans == ((10, 15),)
    assert not bakery.isolated


def test_pairs(tmp_path):
    data = _load(tmp_path, PAIRS)
    assert (data.shape, len(data.documents), len(data)) == ("pairs", 3, 6)
    good, bad = data.documents[0].sentences
    assert (good.label, bad.label) == (0, 1)
    assert (good.spans, bad.spans) == ((), ((15, 20),))
    assert bad.groups["phenomenon"] == "insertion"
    assert data.documents[0].isolated


def test_scored(tmp_path):
    data = _load(tmp_path, SCORED)
    assert data.shape == "scored"
    sentence = data.documents[1].sentences[0]
    assert sentence.score == -1.2
    assert sentence.word_tags is not None
    assert [sentence.text[a:b] for a, b, bad in sentence.word_tags if bad] == ["be", "stand", "to"]
    assert sentence.reference == "The mill stands by the river ."


def test_graded_documents(tmp_path):
    rows = [{"src": "x", "ref": "The sea is calm.", "mt_A": "Sea sea.", "mt_B": "The sea is calmed."}]
    data = _load(tmp_path, [{"doc": "d", "sentences": rows}, {"doc": "e", "sentences": rows}])
    assert data.system_order == ("mt_A", "mt_B")
    assert [d.id for d in data.documents] == ["d|mt_A", "d|mt_B", "e|mt_A", "e|mt_B"]
    assert data.clusters().tolist() == [0, 0, 1, 1]
    assert data.documents[0].sentences[0].groups["system"] == "mt_A"


def test_graded_documents_in_a_table_and_by_other_names(tmp_path):
    rows = [
        {"refx": "The sea is calm.", "mt_A": "Sea sea.", "mt_B": "The sea is calmed."},
        {"refx": "It rains.", "mt_A": "Rain it.", "mt_B": "It is rain."},
    ]
    records = [{"name": name, "site": "s", "segments": rows} for name in "de"]
    columns = tmp_path / "columns.yaml"
    columns.write_text("columns: {doc: name, sentences: segments, reference: refx, source_doc: site}\n")
    table = tmp_path / "data.csv"
    pd.DataFrame([{**r, "segments": json.dumps(r["segments"])} for r in records]).to_csv(table, index=False)
    for data in (
        load_labelled(str(table), columns=str(columns)),
        _load(tmp_path, records, columns=str(columns)),
    ):
        assert data.system_order == ("mt_A", "mt_B")
        assert [d.id for d in data.documents] == ["d|mt_A", "d|mt_B", "e|mt_A", "e|mt_B"]
        assert data.clusters().tolist() == [0, 0, 0, 0]
        assert [s.text for s in data.documents[3].sentences] == ["The sea is calmed.", "It is rain."]
        assert [s.reference for s in data.documents[3].sentences] == ["The sea is calm.", "It rains."]
    table.write_text('doc,sentences\nd,"[{"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"record 1 \(d\): sentences: '\[\{' is not a list in JSON"):
        load_labelled(str(table))


def test_a_document_goes_by_its_id_where_it_has_no_doc(tmp_path):
    sentences = [{"text": "One.", "label": 0}, {"text": "Two.", "label": 1}]
    records = [{"id": 7, "sentences": sentences}, {"doc": "d", "id": 7, "sentences": sentences}]
    assert [d.id for d in _load(tmp_path, records).documents] == ["7", "d"]
    with pytest.raises(InputError, match=r"record 2 \(7\): id: '7' is there twice \(first in record 1 \(7\)"):
        _load(tmp_path, [records[0], records[0]])
    graded = {"id": "g", "sentences": [{"mt_A": "Sea sea.", "mt_B": "The sea."}]}
    assert [d.id for d in _load(tmp_path, [graded]).documents] == ["g|mt_A", "g|mt_B"]
    with pytest.raises(InputError, match=r"id: 'g' is there twice"):
        _load(tmp_path, [graded, graded])


def test_rows_of_one_doc_make_a_document_and_rows_without_are_alone(tmp_path):
    rows = [{"doc": "a", "text": "One.", "label": 0}, {"doc": "b", "text": "Two.", "label": 1}]
    rows.append({"doc": "a", "text": "Three.", "label": 1})
    data = _load(tmp_path, rows)
    assert [[s.text for s in d.sentences] for d in data.documents] == [["One.", "Three."], ["Two."]]
    assert not data.documents[0].isolated
    alone = _load(tmp_path, [{"text": "One.", "label": 0}, {"text": "Two.", "label": "1"}])
    assert [d.isolated for d in alone.documents] == [True, True]


def test_versions_of_one_source_are_a_cluster(tmp_path):
    records = [{**BAKERY, "source_doc": "x", "system": s} for s in "ab"] + [{**FERRY, "system": "a"}]
    data = _load(tmp_path, records)
    assert data.clusters().tolist() == [0, 0, 1]


def test_an_empty_cell_is_no_name_and_0_is_one(tmp_path):
    rows = [{"id": "", "doc": "", "text": t, "label": i} for i, t in enumerate(("One.", "Two."))]
    assert [d.isolated for d in _load(tmp_path, rows).documents] == [True, True]
    records = [{**BAKERY, "doc": s, "source_doc": 0} for s in "ab"]
    assert _load(tmp_path, records).clusters().tolist() == [0, 0]
    rows = [{"doc": 0, "text": t, "score": i} for i, t in enumerate(("One.", "Two."))]
    assert _load(tmp_path, rows).clusters().tolist() == [0, 0]


def test_names_may_be_anything(tmp_path):
    rows = [{"id": [i], "text": t, "label": i} for i, t in enumerate(("One.", "Two."))]
    assert len(_load(tmp_path, rows).documents) == 2
    with pytest.raises(InputError, match=r"id: \[0\] is there twice"):
        _load(tmp_path, [rows[0], rows[0]])


def test_boilerplate_needs_no_label_and_any_other_sentence_does(tmp_path):
    line = {"text": "READ MORE", "boilerplate": True}
    sentences = [{"text": "One.", "label": 0}, {"text": "Two.", "label": 1}, line]
    assert [s.label for s in _load(tmp_path, [{"sentences": sentences}]).sentences()] == [0, 1, None]
    with pytest.raises(InputError, match=r"sentence 4: label: missing; the fields are: text, lable"):
        _load(tmp_path, [{"sentences": [*sentences, {"text": "Three.", "lable": 1}]}])


@pytest.mark.parametrize("column", ["bad", "z.bad"])
def test_a_line_without_a_label_may_lack_the_column_that_is_named_for_it(tmp_path, column: str):
    def labelled(value: int) -> dict[str, Any]:
        return {"bad": value} if column == "bad" else {"z": {"bad": value}}

    columns = tmp_path / "columns.yaml"
    columns.write_text(f"columns: {{label: {column}, score: -errors}}\n")
    # A column of our own name has another meaning where one is named for it.
    line = {"text": "Share", "boilerplate": True, "label": "menu"}
    rows = [{"text": "One.", **labelled(0)}, {"text": "Two.", **labelled(1), "errors": 2}, line]
    for records in ([{"sentences": rows}], [{"doc": "d", **row} for row in rows]):
        data = _load(tmp_path, records, columns=str(columns))
        assert [(s.label, s.score) for s in data.sentences()] == [(0, None), (1, -2.0), (None, None)]
    with pytest.raises(InputError, match=r"sentence 4: label: missing; the fields are: text"):
        _load(tmp_path, [{"sentences": [*rows, {"text": "Three.", "label": 1}]}], columns=str(columns))


def test_an_empty_cell_is_no_reference(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label,orig\nThe mill be old.,1,The mill is old.\nIt is late.,0,\n")
    assert [s.reference for s in load_labelled(str(path)).sentences()] == ["The mill is old.", "It is late."]
    sound = {"doc": "sound", "sentences": [{"text": "All is well.", "label": 0}]}
    assert all(s.reference for s in _load(tmp_path, [sound, BAKERY]).sentences())
    table = pd.DataFrame([{**r, "sentences": json.dumps(r["sentences"])} for r in (sound, BAKERY)])
    table.to_csv(path, index=False)
    data = load_labelled(str(path))
    assert [len(d.sentences) for d in data.documents] == [1, 4]
    assert all(s.reference for s in data.sentences())
    path.write_text("text,score,ref\nThe mill be old.,1,The mill is old.\nIt is late.,0,\n")
    assert [s.reference for s in load_labelled(str(path)).sentences()] == ["The mill is old.", None]


def test_numbers_are_groups_too(tmp_path):
    data = _load(tmp_path, [{**row, "system": 3, "year": 1999, "sd": 0.5} for row in SCORED])
    groups = data.documents[0].sentences[0].groups
    assert (groups["system"], groups["year"]) == ("3", "1999")
    assert "sd" not in groups


def test_an_id_may_come_once_for_each_phenomenon(tmp_path):
    data = _load(tmp_path, [PAIRS[0], {**PAIRS[1], "id": "p1"}])
    assert len(data.documents) == 2


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "parquet", "jsonl.gz", "JSONL"])
def test_every_format_gives_the_same(tmp_path, form: str):
    rows = [
        {
            "id": f"s{i}",
            "text": text,
            "label": i % 2,
            "spans": json.dumps([[0, 3]] if i % 2 else []),
            "genre": g,
        }
        for i, (text, g) in enumerate(
            [("NA", "a"), ('The "old" mill, too.', "b"), ("null", "a"), ("Über.", "b")]
        )
    ]
    path = tmp_path / f"data.{form}"
    if form in ("csv", "tsv", "parquet"):
        frame = pd.DataFrame(rows)
        if form == "parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="," if form == "csv" else "\t")
    elif form == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        lines = "".join(json.dumps(r) + "\n" for r in rows).encode()
        path.write_bytes(gzip.compress(lines) if form.endswith("gz") else lines)
    if form == "JSONL":
        path = path.rename(tmp_path / "data [1]*.jsonl")
    data = load_labelled(str(path))
    assert [s.text for s in data.sentences()] == ["NA", 'The "old" mill, too.', "null", "Über."]
    assert [s.label for s in data.sentences()] == [0, 1, 0, 1]
    assert [s.spans for s in data.sentences()] == [(), ((0, 3),), (), ((0, 3),)]
    assert [s.groups["genre"] for s in data.sentences()] == ["a", "b", "a", "b"]


def test_columns_that_arrow_cannot_hold_are_read_all_the_same(tmp_path):
    rows = [
        {"id": 1, "text": "One.", "label": "0", "note": [1]},
        {"id": "b", "text": "Two.", "label": 1, "note": "x"},
    ]
    assert [s.label for s in _load(tmp_path, rows).sentences()] == [0, 1]


def test_columns_by_any_other_name(tmp_path):
    columns = tmp_path / "columns.yaml"
    columns.write_text(
        "columns: {text: translation.en, score: -errors, id: nr}\ngroups: {office: dept}\n", encoding="utf-8"
    )
    rows = [
        {"nr": i, "translation": {"en": t, "de": "geheim"}, "errors": e, "dept": 7}
        for i, (t, e) in enumerate([("The tide is out.", 0.5), ("Tide the out is.", 4)])
    ]
    data = _load(tmp_path, rows, columns=str(columns))
    assert data.shape == "scored"
    assert [s.text for s in data.sentences()] == ["The tide is out.", "Tide the out is."]
    assert [s.score for s in data.sentences()] == [-0.5, -4.0]
    assert data.documents[0].sentences[0].groups["office"] == "7"


@pytest.mark.parametrize("name", ["2024", "yes", "null"])
def test_a_group_has_a_string_for_its_name(tmp_path, name):
    (tmp_path / "columns.yaml").write_text(f"groups: {{{name}: dept}}\n")
    with pytest.raises(ConfigError, match=r"columns\.yaml: groups: .* is not a string; put it in quotes"):
        _load(tmp_path, [{"text": "One.", "label": 1}], columns=str(tmp_path / "columns.yaml"))


def test_what_is_set_in_datasets_is_put_back_when_the_last_thread_is_done():
    import datasets

    before = datasets.config.HF_HUB_OFFLINE, logging.getLogger("datasets").level
    first, second = quiet_datasets(offline=True), quiet_datasets(offline=True)
    with first:
        second.__enter__()
    assert datasets.config.HF_HUB_OFFLINE
    assert logging.getLogger("datasets").level == logging.CRITICAL
    second.__exit__(None, None, None)
    assert (datasets.config.HF_HUB_OFFLINE, logging.getLogger("datasets").level) == before


def test_columns_inside_documents(tmp_path):
    columns = tmp_path / "columns.yaml"
    columns.write_text(
        "columns: {sentences: segments, text: hyp, label: bad, spans: errors, doc: name}\n", encoding="utf-8"
    )
    segments = [{"hyp": "One two.", "bad": 1, "errors": [[0, 3]]}, {"hyp": "Three.", "bad": False}]
    data = _load(tmp_path, [{"name": "d", "segments": segments}], columns=str(columns))
    assert [s.label for s in data.sentences()] == [1, 0]
    assert data.documents[0].id == "d"
    assert data.documents[0].sentences[0].spans == ((0, 3),)


def test_a_yaml_names_data_and_columns(tmp_path):
    write_jsonl(tmp_path / "sheet.jsonl", [{"t": "One.", "z": 1}, {"t": "Two.", "z": 2}])
    described = tmp_path / "sheet.yaml"
    described.write_text("data: sheet.jsonl\nname: march\nshape: scored\ncolumns: {text: t, score: z}\n")
    data = load_labelled(str(described))
    assert (data.name, data.shape, len(data)) == ("march", "scored", 2)


def test_a_name_below_mtqa_data(tmp_path, monkeypatch):
    (tmp_path / "corpora").mkdir()
    write_jsonl(tmp_path / "corpora" / "own.jsonl", SCORED)
    monkeypatch.setenv("MTQA_DATA", str(tmp_path))
    assert len(load_labelled("corpora/own")) == 3


def test_a_sample_is_drawn_with_the_seed_and_keeps_the_order(tmp_path):
    rows = [{"id": i, "text": f"Line {i}.", "score": i} for i in range(60)]
    first = [s.score for s in _load(tmp_path, rows, limit=9, seed=1).sentences()]
    assert len(first) == 9
    assert first == sorted(first)
    assert first == [s.score for s in _load(tmp_path, rows, limit=9, seed=1).sentences()]
    assert first != [s.score for s in _load(tmp_path, rows, limit=9, seed=2).sentences()]
    assert max(first) > 20


@pytest.mark.parametrize("seed", range(6))
def test_a_sample_of_rows_draws_whole_documents_with_their_lines_that_have_no_label(tmp_path, seed: int):
    rows = []
    for d in range(10):
        rows += [{"doc": f"d{d}", "text": f"Sentence {i} of {d}.", "label": i % 2} for i in range(4)]
        rows += [{"doc": f"d{d}", "text": f"Share {i}", "boilerplate": True} for i in range(6)]
    data = _load(tmp_path, rows, limit=3, seed=seed)
    assert [len(document.sentences) for document in data.documents] == [10, 10, 10]
    assert sum(s.boilerplate for s in data.sentences()) == 18


def _shuffled(documents: int, sentences: int) -> list[dict[str, Any]]:
    """Rows of documents in no order at all."""
    rows = [
        {"doc": f"d{d}", "text": f"Sentence {i} of {d}.", "label": i % 2}
        for d in range(documents)
        for i in range(sentences)
    ]
    return [rows[i] for i in np.random.default_rng(5).permutation(len(rows))]


@pytest.mark.parametrize("limit", [3, 25])
def test_a_document_whose_rows_lie_all_over_the_file_is_drawn_whole(tmp_path, monkeypatch, limit: int):
    """25: more than the documents that the sample is drawn from."""
    monkeypatch.setattr(source, "SAMPLED_FROM", 20)
    rows = _shuffled(documents=20, sentences=12)
    data = _load(tmp_path, rows, limit=limit)
    assert {len(document.sentences) for document in data.documents} == {12}
    there = len({row["doc"] for row in rows[: max(20, 10 * limit)]})
    assert len(data.documents) == min(limit, there)
    texts = {d.id: [r["text"] for r in rows if r["doc"] == d.id] for d in data.documents}
    assert {d.id: [s.text for s in d.sentences] for d in data.documents} == texts


def test_of_what_is_read_on_only_drawn_documents_are_held(monkeypatch):
    monkeypatch.setattr(source, "SAMPLED_FROM", 30)
    alive = most = 0

    class Row(dict):  # type: ignore[type-arg]
        def __init__(self, values: dict[str, Any]) -> None:
            nonlocal alive, most
            super().__init__(values)
            alive, most = alive + 1, max(most, alive + 1)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    rows = (Row(values) for values in _shuffled(documents=40, sentences=25))
    drawn = source.sampled(rows, 2, 0, wholes=partial(documents_of, spec=DataSpec("data")))
    assert len(drawn) == 50
    assert [number for number, _ in drawn] == sorted(number for number, _ in drawn)
    assert most <= 30 + 50 + 5


@pytest.mark.parametrize("limit", [-1, 1.5, "3"])
def test_a_limit_that_is_none(tmp_path, limit: object):
    with pytest.raises(UsageError, match=r"limit is .* a whole number from 0"):
        _load(tmp_path, [BAKERY, FERRY], limit=limit)


def test_a_signature_tells_a_sample_and_named_columns(tmp_path):
    rows = [{"id": i, "text": f"Line {i}.", "score": i, "other": -i} for i in range(20)]
    columns = tmp_path / "columns.yaml"
    columns.write_text("columns: {score: other}\n")
    whole, part = _load(tmp_path, rows), _load(tmp_path, rows, limit=9)
    mapped = _load(tmp_path, rows, columns=str(columns))
    assert whole.stamp == whole.digest[:12]
    assert part.stamp == f"{whole.stamp}(limit:9)"
    assert mapped.stamp.startswith(f"{whole.stamp}(columns:")
    columns.write_text("columns: {score: id}\n")
    assert mapped.stamp != _load(tmp_path, rows, columns=str(columns)).stamp


def test_nothing_is_left_in_the_working_directory(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    path = write_jsonl(tmp_path / "data.jsonl", SCORED)
    monkeypatch.chdir(work)
    load_labelled(str(path))
    assert list(work.iterdir()) == []


def test_a_span_that_ends_before_it_starts_is_told_and_leaves_the_sentence_without(tmp_path):
    record = json.loads(json.dumps(FERRY))
    record["sentences"][0]["spans"] = [[15, 10], [0, 3]]
    data = _load(tmp_path, [BAKERY, record])
    assert data.documents[1].sentences[0].spans is None
    (warning,) = data.warnings
    assert "record 2 (ferry), sentence 1: spans: 1 span ends before it starts" in warning


def _documents(**changes: Any) -> list[dict[str, Any]]:
    sentence = {"text": "The ferry is late.", "label": 1, "spans": [], **changes}
    sentence = {key: value for key, value in sentence.items() if value != "GONE"}
    return [BAKERY, {"doc": "d2", "sentences": [sentence]}]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (_documents(label=2), "record 2 (d2), sentence 1: label: 2 is not 0 (sound) or 1 (corrupted)"),
        (_documents(label="bad"), "record 2 (d2), sentence 1: label: 'bad' is not 0"),
        (_documents(label=0.5), "sentence 1: label: 0.5 is not 0"),
        (_documents(spans=[[0, 99]]), "sentence 1: spans: [0, 99) is outside the text of 18 characters"),
        (_documents(spans=[{"start": -1, "end": 3}]), "spans: [-1, 3) is outside the text"),
        (_documents(spans=[[1]]), "spans: [1] is not [start, end]"),
        (_documents(text=7), "sentence 1: text: 7 is not a string"),
        (_documents(text="GONE"), "sentence 1: text: missing"),
        (_documents(par=1.5), "par: 1.5 is not a whole number"),
        (_documents(boilerplate="perhaps"), "boilerplate: 'perhaps' is not true or false"),
        ([{"doc": "d", "sentences": []}], "record 1 (d): sentences: no sentences"),
        (
            [BAKERY, BAKERY],
            "record 2 (bakery): doc: 'bakery' is there twice (first in record 1 (bakery))",
        ),
        ([{"doc": "d", "sentences": [{"text": "A.", "label": 0}]}], "label: one class only: all 1 are 0"),
        ([{"doc": "d", "sentences": [{"text": "A."}]}], "sentence 1: label: missing"),
        (
            [{"words": "A."}],
            "jsonl: columns missing: text and label or score, good and bad, or sentences",
        ),
        ([{"doc": "d", "paragraphs": ["A."]}], "--corrupt"),
        ([PAIRS[0], PAIRS[0]], "record 2 (p1): id: 'p1', 'insertion' is there twice"),
        ([PAIRS[0], {"id": "p9", "good": "A."}], "record 2 (p9): bad: missing"),
        ([{**PAIRS[0], "bad_spans": [[0, 999]]}], "record 1 (p1): bad_spans: [0, 999) is outside the text"),
        ([SCORED[0], SCORED[0]], "record 2 (s1): id: 's1' is there twice"),
        ([{"id": "s", "text": "A.", "score": "high"}], "record 1 (s): score: 'high' is not a number"),
        ([{"id": "s", "text": "A.", "score": "4_5"}], "record 1 (s): score: '4_5' is not a number"),
        ([{"id": "s", "text": "A.", "score": None}], "score: no sentence has one"),
        ([{**SCORED[0], "word_tags": ["OK"]}], "record 1 (s1): word_tags: 1 tags for 7 words"),
        ([{**SCORED[0], "word_tags": ["OK"] * 6 + ["MAYBE"]}], "word_tags: 'MAYBE' is not OK or BAD"),
        ([{**SCORED[0], "tokens": ["X"] * 7}], "tokens: 'X' is not in the text at character 0"),
        ([{**SCORED[0], "tokens": 5}], "record 1 (s1): tokens: 5 is not a list"),
        ([{**SCORED[0], "tokens": {"The": 1}}], "tokens: {'The': 1} is not a list"),
        ([{**SCORED[0], "tokens": ["", *"abcdef"]}], "tokens: a word is empty"),
        ([{"doc": "d", "text": "A.", "label": 1, "spans": "[" * 200_000}], "record 1 (d): spans: '[[["),
        ([SCORED[0], {"id": "x", "score": 1}], "record 2 (x): text: missing"),
    ],
)
def test_bad_data_gets_one_line_that_names_file_record_and_field(tmp_path, records, expected: str):
    with pytest.raises(InputError) as error:
        _load(tmp_path, records)
    assert expected in str(error.value)
    assert "data.jsonl" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "no sentences"),
        (b'{"id": 1, "text": "A.", "score": 1}\n{"id": 2, \n', "line 2: not valid JSON"),
        (b'{"id": 1, "text": "A.", "score": 1}\n[1]\n', "line 2: an object is expected, not a list"),
        (b'{"id": 1, "text": "A\xff.", "score": 1}\n', "line 1: not UTF-8"),
        (b'{"id": 1, "text": "A.", "score": NaN}\n', "score"),
        (b"PK\x03\x04\x00", "line 1: not"),
    ],
)
def test_broken_files(tmp_path, content: bytes, expected: str):
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        load_labelled(str(path))
    assert expected in str(error.value)
    assert "broken.jsonl" in str(error.value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_broken_tables(tmp_path, form: str):
    path = tmp_path / f"broken.{form}"
    path.write_bytes(b'text,label\n"a,1\n\xff')
    with pytest.raises(InputError, match=r"broken\." + form):
        load_labelled(str(path))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nowhere.jsonl", "no such file"),
        ("./nowhere", "no such file"),
        ("a/b/c", "no such file"),
        ("blimpp", "a hub id is owner/name"),
        ("https://example.org/x.jsonl", "download it first"),
        ("", "name is empty"),
        (".", "directory"),
    ],
)
def test_names_of_nothing(name: str, expected: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MtqaError, match=expected):
        load_labelled(name)


@pytest.fixture
def hub_notes():
    """What the hub's client logs."""
    notes: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: notes.append(record.getMessage())
    logger = logging.getLogger("huggingface_hub")
    logger.addHandler(handler)
    yield notes
    logger.removeHandler(handler)


def test_a_hub_that_is_not_there_is_one_line_and_soon(monkeypatch, hub_notes):
    def nowhere(*_: object, **__: object) -> None:
        raise OSError("nowhere")

    slept: list[float] = []
    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.setattr(socket.socket, "connect", nowhere)
    monkeypatch.setattr(time, "sleep", slept.append)
    level = logging.getLogger("huggingface_hub").level
    with pytest.raises(InputError, match="nobody/nothing: no such file, and can't be loaded") as error:
        load_labelled("nobody/nothing")
    assert "\n" not in str(error.value)
    assert hub_notes == []
    assert sum(slept) <= 2
    assert logging.getLogger("huggingface_hub").level == level


def test_what_a_hub_answers_is_left_for_datasets_to_tell(monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise HfHubHTTPError("401", response=SimpleNamespace(headers={}, request=None))

    def told(*_: object, **__: object) -> None:
        raise ValueError("a gated dataset: log in")

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", refused)
    monkeypatch.setattr("datasets.load_dataset", told)
    with pytest.raises(InputError, match=r"loaded from the hub \(a gated dataset: log in\)"):
        load_labelled("nobody/nothing")


def test_what_a_hub_has_is_streamed_and_mapped(monkeypatch, tmp_path):
    """By `datasets`' own features: a list of spans comes as lists of their starts and ends."""
    rows = [
        {"name": f"d{i}", "translation": "A bad sea.", "wrong": 1, "at": {"start": [2], "end": [5]}}
        for i in range(4)
    ]
    rows.append({"name": "d4", "translation": "A sea.", "wrong": 0, "at": {"start": [], "end": []}})
    asked: list[tuple[tuple[object, ...], dict[str, object]]] = []

    def loaded(*names: object, **options: object) -> Any:
        asked.append((names, options))
        return iter(rows)

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", lambda *_, **__: None)
    monkeypatch.setattr("datasets.load_dataset", loaded)
    columns = tmp_path / "columns.yaml"
    columns.write_text(
        "data: team/set\nsplit: test\nsubset: en\nrevision: abc\n"
        "columns: {doc: name, text: translation, label: wrong, spans: at}\n"
    )
    data = load_labelled(str(columns))
    ((names, options),) = asked
    assert names == ("team/set", "en")
    assert (options["split"], options["revision"], options["streaming"]) == ("test", "abc", True)
    assert [s.spans for s in data.sentences()] == [((2, 5),)] * 4 + [()]
    assert [s.label for s in data.sentences()] == [1, 1, 1, 1, 0]


def test_an_ending_that_says_nothing(tmp_path):
    (tmp_path / "data.docx").write_bytes(b"x")
    with pytest.raises(InputError, match="can't tell the format"):
        load_labelled(str(tmp_path / "data.docx"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("columns: {txt: a}", "did you mean 'text'"),
        ("colums: {text: a}", "did you mean 'columns'"),
        ("text: translation", "column names stand under columns"),
        ("columns: {text: nowhere}", "nowhere: there is no such column; there are: id, text, score"),
        ("columns: {text: [a]}", "is not a column's name"),
        ("shape: sored", "did you mean 'scored'"),
        ("split: test", "split: is for hub ids"),
        ("- a", "a mapping is expected"),
        ("columns: {text: id, text: text}", "key 'text' is there twice"),
        ("a: [", "not valid YAML"),
    ],
)
def test_bad_mappings(tmp_path, text: str, expected: str):
    columns = tmp_path / "columns.yaml"
    columns.write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, InputError)) as error:
        _load(tmp_path, [{"id": 1, "text": "A.", "score": 1}], columns=str(columns))
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("empty", ["GONE", "", None, []])
def test_a_sound_sentence_without_spans_among_others_with_spans_has_none(tmp_path, empty):
    rows = [
        {"doc": "a", "text": "The mill stands.", "label": 0, "spans": empty},
        {"doc": "a", "text": "The thief stands.", "label": 1, "spans": [[4, 9]]},
        {"doc": "a", "text": "The soup stands.", "label": 1, "spans": empty},
    ]
    rows = [{key: value for key, value in row.items() if value != "GONE"} for row in rows]
    data = _load(tmp_path, rows)
    spans = [s.spans for s in data.sentences()]
    assert spans[:2] == [(), ((4, 9),)]
    assert spans[2] == (() if empty == [] else None)  # of a corrupted one nobody has said where
    without = _load(tmp_path, [rows[0], {**rows[1], "spans": None}])
    assert without.documents[0].sentences[0].spans == (() if empty == [] else None)


def test_a_scored_id_may_come_once_for_each_system_and_is_one_cluster(tmp_path):
    rows = [{"id": i, "system": s, "text": f"{s}{i}.", "score": i} for i in (1, 2) for s in ("x", "y")]
    data = _load(tmp_path, rows)
    assert data.clusters().tolist() == [0, 0, 1, 1]
    assert [s.groups["system"] for s in data.sentences()] == ["x", "y", "x", "y"]
    with pytest.raises(InputError, match="is there twice"):
        _load(tmp_path, [*rows, rows[0]])


def test_a_labelled_id_may_come_once_for_each_system_and_is_one_cluster(tmp_path):
    rows = [{"id": i, "system": s, "text": f"{s}{i}.", "label": i % 2} for i in (1, 2) for s in ("x", "y")]
    data = _load(tmp_path, rows)
    assert data.clusters().tolist() == [0, 0, 1, 1]
    assert all(document.isolated for document in data.documents)
    with pytest.raises(InputError, match=r"record 5 .1.: id: 1, 'x' is there twice"):
        _load(tmp_path, [*rows, rows[0]])


@pytest.mark.parametrize("gold", ["label", "score"])
def test_ids_may_begin_again_in_each_document(tmp_path, gold: str):
    rows = [{"doc": d, "id": i, "text": f"{d}{i}.", gold: i % 2} for d in ("a", "b") for i in (1, 2)]
    data = _load(tmp_path, rows)
    assert [s.text for s in data.sentences()] == ["a1.", "a2.", "b1.", "b2."]
    names = ["a", "b"] if gold == "label" else ["1", "2", "1", "2"]
    assert [document.id for document in data.documents] == names
    assert data.clusters().tolist() == ([0, 1] if gold == "label" else [0, 0, 1, 1])
    with pytest.raises(
        InputError, match=r"record 5 \(1\): id: '?1'?, 'a' is there twice \(first in record 1"
    ):
        _load(tmp_path, [*rows, rows[0]])


@pytest.mark.parametrize("sound", [0, "0", 0.0, "0.0", False, "false"])
def test_a_sound_sentence_among_edited_ones_is_its_own_reference_however_its_label_is_written(
    tmp_path, sound
):
    rows = [
        {"doc": "d", "text": "The cat sat here.", "label": sound},
        {"doc": "d", "text": "The sandwich sat here.", "label": 1, "orig": "The dog sat here."},
        {"doc": "d", "text": "All is fine.", "label": 0},
    ]
    references = [s.reference for s in _load(tmp_path, rows).sentences()]
    assert references == ["The cat sat here.", "The dog sat here.", "All is fine."]


def test_a_graded_document_has_the_systems_of_all_its_sentences(tmp_path):
    one, two = (
        {"ref": "R.", "mt_A": "a.", "mt_B": "b."},
        {"ref": "R.", "mt_A": "a.", "mt_B": "b.", "mt_C": "c."},
    )
    assert _load(tmp_path, [{"doc": "d", "sentences": [two, two]}]).system_order == ("mt_A", "mt_B", "mt_C")
    for sentences, missing in (([one, two], 1), ([two, one], 2)):
        with pytest.raises(InputError, match=rf"record 1 .d., sentence {missing}: mt_C: missing"):
            _load(tmp_path, [{"doc": "d", "sentences": sentences}])


def test_pairs_that_are_none_are_told(tmp_path):
    same = {"id": "p", "good": "All is well.", "bad": "All is well."}
    (warning,) = _load(tmp_path, [*PAIRS, same]).warnings
    assert "data.jsonl: 1 pair is the same sentence twice (good and bad): a tie" in warning


def test_a_parquet_file_without_rows_has_no_sentences(tmp_path):
    path = tmp_path / "empty.parquet"
    pd.DataFrame({"text": pd.Series([], dtype=str), "label": pd.Series([], dtype=int)}).to_parquet(path)
    with pytest.raises(InputError, match="no sentences: the data hold no record"):
        load_labelled(str(path))


def test_columns_inside_columns_are_found_everywhere(tmp_path):
    thief = {"t": "A thief.", "l": 1, "a": {"spans": [[2, 7]]}}
    rows = [
        {"body": {"s": [{"t": "The mill stands.", "l": 0, "a": {"spans": None}}, thief]}},
        {"body": {"s": [{"t": "The soup stands.", "l": 0, "a": {"spans": ""}}]}},
    ]
    columns = tmp_path / "columns.yaml"
    columns.write_text("columns: {sentences: body.s, text: t, label: l, spans: a.spans}\n")
    data = _load(tmp_path, rows, columns=str(columns))
    assert [s.spans for s in data.sentences()] == [(), ((2, 7),), ()]
    flat = [{"d": {"doc": "x"}, "text": f"Line {i}.", "label": i % 2, "s": {"y": i // 4}} for i in range(8)]
    columns.write_text("columns: {doc: d.doc, system: s.y}\n")
    drawn = _load(tmp_path, flat, columns=str(columns), limit=1)
    assert [len(document.sentences) for document in drawn.documents] == [4]


def test_documents_of_one_source_by_two_systems_have_names_of_their_own(tmp_path):
    made = [{**BAKERY, "system": system} for system in ("x", "y")]
    data = _load(tmp_path, made)
    assert [d.id for d in data.documents] == ["bakery|x", "bakery|y"]
    assert data.clusters().tolist() == [0, 0]


def test_an_id_may_come_once_in_a_document(tmp_path):
    rows = [{"id": 1, "text": "The sea is calm.", "label": 0}, {"id": 1, "text": "A tide.", "label": 1}]
    path = write_jsonl(tmp_path / "twice.jsonl", [{"doc": "a", "sentences": rows}])
    with pytest.raises(InputError, match=r"sentence 2: id: 'a', 'sentence', 1 is there twice"):
        load_labelled(str(path))
    good = [{"doc": name, "sentences": [{**rows[0]}, {**rows[1], "id": 2}]} for name in "ab"]
    assert len(load_labelled(str(write_jsonl(tmp_path / "good.jsonl", good))).documents) == 2


@pytest.mark.parametrize("span", [[900, 3], [16, 9], [0, -4]])
def test_a_span_that_ends_before_it_starts_is_a_warning_wherever_it_ends(tmp_path, span):
    """As in the annotations of real corpora."""
    rows = [{"text": "The sea is calm.", "label": 1, "spans": [span]}, {"text": "A tide.", "label": 0}]
    path = write_jsonl(tmp_path / "inverted.jsonl", [{"doc": "a", "sentences": rows}])
    data = load_labelled(str(path))
    assert data.documents[0].sentences[0].spans is None
    assert "1 span ends before it starts" in data.warnings[0]
