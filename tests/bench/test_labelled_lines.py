"""Lines through `datasets`, exactly as they are in the file, and nothing left behind."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.bench.labelled import lines as lines_module
from mtqa.bench.labelled.lines import article_lines, data_lines
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.labelled.made import clean_articles
from mtqa.bench.labelled.source import SAMPLED_FROM
from mtqa.errors import InputError
from tests.bench.labelled_texts import SCORED, write_jsonl

#: Line breaks to somebody: to text mode, str.splitlines, Arrow. "č" stands for a carriage return on the way.
ODD = "a\rb \x0b \x0c \x1c \x1d \x1e \x85 \u2028 \u2029 \x00 \x1a č ÿ 😀 \ufeff"


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MTQA_DATA", raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, bool]]:
    """Which builders `datasets` was asked for, and to stream?"""
    calls = []
    original = datasets.load_dataset

    def load_dataset(builder: str, **options: object) -> object:
        calls.append((builder, bool(options["streaming"])))
        return original(builder, **options)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


def _lines(path: Path) -> list[str]:
    with data_lines(path.name, path) as lines:
        return list(lines)


def _texts(path: Path) -> list[str]:
    return [s.text for s in load_labelled(str(path)).sentences()]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.JSONL", "a.tab", "a.jsonl.gz"])
@pytest.mark.parametrize("chunk", [1, 3, 10 << 20])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n \n"])
def test_lines_are_those_of_the_file(tmp_path, monkeypatch, name: str, chunk: int, end: str):
    monkeypatch.setattr(lines_module, "CHUNK_BYTES", chunk)
    text = f"{ODD}\r\n\n{ODD}\n\r\nx{end}"
    data = text.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    expected = [part + "\n" for part in text.split("\n")]
    expected[-1] = expected[-1].removesuffix("\n")
    assert _lines(path) == [part for part in expected if part]


@settings(max_examples=30)
@given(text=st.text(st.sampled_from("ab\r\n\x85č€😀")), chunk=st.integers(1, 5))
def test_lines_put_together_are_the_file(text: str, chunk: int):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "CHUNK_BYTES", chunk)
        path = Path(folder) / "a.csv"
        path.write_bytes(b"x" + text.encode())
        assert "".join(_lines(path)) == "x" + text


def test_a_bom_is_no_text_and_counts_as_bytes(tmp_path):
    path = tmp_path / "a.jsonl"
    for name, content in (
        ("a.csv", "text,label\nA.,0\nB.,1\n"),
        ("a.json", '[{"text": "A.", "label": 0},\n'),
    ):
        content += '{"text": "B.", "label": 1}]' if name == "a.json" else ""
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + content.encode())
        assert _texts(tmp_path / name) == ["A.", "B."]
    path.write_bytes(b'\xef\xbb\xbf{"text": "\xffA."}\n')
    with pytest.raises(InputError, match=r"line 1: not UTF-8 \(byte 13\)"):
        load_labelled(str(path))
    path.write_bytes(b'\xef\xbb\xbf{"text": "A."}\n{"text": "\xe2\x82"}\n')
    with pytest.raises(InputError, match=r"line 2: not UTF-8 \(byte 28\)"):
        load_labelled(str(path))


def test_a_line_of_json_ends_at_a_line_feed_only(tmp_path):
    odd = ODD.translate(dict.fromkeys(range(0x20)))
    rows = [{"text": odd, "score": 1}, {"text": "B.", "score": 2}]
    lines = [json.dumps(row, ensure_ascii=False).replace(", ", ",\r") for row in rows]
    (tmp_path / "a.jsonl").write_bytes("\r\n".join(lines).encode())
    assert _texts(tmp_path / "a.jsonl") == [odd, "B."]


def test_line_breaks_in_the_cells_of_a_csv_stay_what_they_are(tmp_path):
    texts = ["One\r\ntwo.", "One\ntwo.", "One\rtwo.", ODD]
    for end in ("\n", "\r\n", "\r"):
        with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
            writer.writerows([("text", "label"), *zip(texts, "0101", strict=True)])
        assert _texts(tmp_path / "a.csv") == texts


def test_a_cell_of_any_length_and_nobody_elses_limit(tmp_path):
    before = csv.field_size_limit()
    long = "word " * 40_000
    for name, comma in (("a.csv", ","), ("a.tsv", "\t")):
        (tmp_path / name).write_text(f"text{comma}label\n{long}{comma}0\nB.{comma}1\n")
        assert _texts(tmp_path / name) == [long, "B."]
    assert csv.field_size_limit() == before


def test_plain_files_are_streamed_by_datasets(tmp_path, asked):
    write_jsonl(tmp_path / "a.jsonl", SCORED)
    (tmp_path / "a.csv").write_text("text,label\nA.,0\nB.,1\n")
    for name in ("a.jsonl", "a.csv"):
        load_labelled(str(tmp_path / name))
    assert asked == [("text", True)] * 2


@pytest.mark.parametrize("shown", [True, False])
def test_the_bars_of_datasets_are_afterwards_as_they_were(tmp_path, shown):
    before = datasets.are_progress_bars_disabled()
    switched = {True: datasets.enable_progress_bars, False: datasets.disable_progress_bars}
    try:
        switched[shown]()
        load_labelled(str(write_jsonl(tmp_path / "a.jsonl", SCORED)))
        assert datasets.are_progress_bars_disabled() is not shown
    finally:
        switched[not before]()


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "tsv"])
def test_packed_files_are_read_as_exactly(tmp_path, asked, form: str):
    rows = [{"text": "One\r\ntwo.", "label": "0"}, {"text": "Über.", "label": "1"}]
    if form in ("csv", "tsv"):
        comma = "," if form == "csv" else "\t"
        content = "".join(f'"{a}"{comma}{b}\r\n' for a, b in [tuple(rows[0]), *(r.values() for r in rows)])
    else:
        content = json.dumps(rows) if form == "json" else "\n".join(map(json.dumps, rows))
    for ending in ("gz", "GZ"):
        (tmp_path / f"a.{form}.{ending}").write_bytes(gzip.compress(content.encode()))
        assert _texts(tmp_path / f"a.{form}.{ending}") == ["One\r\ntwo.", "Über."]
    assert asked == []


def test_packed_files_that_are_none(tmp_path):
    whole = gzip.compress(write_jsonl(tmp_path / "a.jsonl", SCORED).read_bytes())
    for content, expected in (
        (b"", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (whole[:-20], "can't be read"),
        (b"{}", "can't be read"),
    ):
        (tmp_path / "a.jsonl.gz").write_bytes(content)
        with pytest.raises(InputError, match=rf"a\.jsonl\.gz: {expected}"):
            load_labelled(str(tmp_path / "a.jsonl.gz"))


@pytest.mark.parametrize(
    "name",
    [
        "a::b.jsonl",
        "file::x.jsonl",
        "x::y/a.jsonl",
        "[1]*?.jsonl",
        ".hidden.jsonl",
        "a b%20#.jsonl",
        "a.ndjson",
    ],
)
def test_names_that_mean_something_to_datasets(tmp_path, name: str):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    assert len(load_labelled(str(write_jsonl(tmp_path / name, SCORED)))) == 3


def test_a_table_that_begins_as_an_archive_does(tmp_path):
    for name in ("a.tab", "a.CSV", "a.csv"):
        comma = "\t" if name == "a.tab" else ","
        (tmp_path / name).write_text(f"BZh{comma}text{comma}label\né{comma}A.{comma}0\né{comma}B.{comma}1\n")
        assert _texts(tmp_path / name) == ["A.", "B."]
    (tmp_path / "a.jsonl").write_bytes(bz2.compress(b"{}"))
    with pytest.raises(InputError, match="line 1: not"):
        load_labelled(str(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_is_left_behind(tmp_path, broken: bool):
    config = datasets.config
    torch, offline = config.TORCH_AVAILABLE, config.HF_HUB_OFFLINE
    path = write_jsonl(tmp_path / "a.jsonl", SCORED)
    if broken:
        path.write_text(path.read_text() + "{\n")
        with pytest.raises(InputError, match="line 4"):
            load_labelled(str(path))
    else:
        load_labelled(str(path))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "cache").exists()
    assert (torch, offline) == (config.TORCH_AVAILABLE, config.HF_HUB_OFFLINE)


def test_a_sample_reads_no_further_than_it_is_drawn_from(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "A.", "score": i} for i in range(SAMPLED_FROM + 1)])
    path.write_text(path.read_text() + "{\n")
    assert len(load_labelled(str(path), limit=5)) == 5
    assert list((tmp_path / "temporary").iterdir()) == []
    with pytest.raises(InputError, match=f"line {SAMPLED_FROM + 2}: not valid JSON"):
        load_labelled(str(path))


def test_the_first_fault_of_a_file_is_told(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "A.", "score": 1}\n[]\n\xff\n')
    with pytest.raises(InputError, match="line 2: an object is expected"):
        load_labelled(str(tmp_path / "a.jsonl"))
    (tmp_path / "a.csv").write_bytes(b'text,label\nA.\n"A.\n')
    with pytest.raises(InputError, match="line 2: 1 cells"):
        load_labelled(str(tmp_path / "a.csv"))


def test_what_goes_wrong_below_datasets_is_one_line(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("while\nloading") from OSError("the disk is gone")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(InputError, match=r"a\.jsonl: can't be read \(the disk is gone\)"):
        load_labelled(str(write_jsonl(tmp_path / "a.jsonl", SCORED)))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "a", "a #2"], ["a", "a #2", "a #2 #2"]),
        (["a", "a #2", "a", "a"], ["a", "a #2", "a #3", "a #4"]),
        (["a", None, "record 2"], ["a", "record 2", "record 2 #2"]),
    ],
)
def test_no_two_articles_have_one_name(tmp_path, names: list[str | None], expected: list[str]):
    records = [{"doc": name, "paragraphs": ["The ferry is late."]} for name in names]
    path = write_jsonl(tmp_path / "clean.jsonl", records)
    assert [name for name, _ in clean_articles([str(path)])] == expected


def test_articles_need_no_datasets_and_data_no_torch(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", SCORED)
    with article_lines("a", path) as lines:
        assert len(list(lines)) == 3
    code = f"""
import sys
from pathlib import Path
from mtqa.bench.labelled.lines import article_lines, data_lines
path = Path({str(path)!r})
with article_lines("a", path) as lines:
    assert len(list(lines)) == 3
assert "datasets" not in sys.modules
with data_lines("a", path) as lines:
    assert len(list(lines)) == 3
assert "datasets" in sys.modules and "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
