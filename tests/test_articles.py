"""The project's own labelled articles: the file is whole, and says what its source says."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mtqa.bench.corruptions.registry import TYPES

CASES = Path(__file__).parent / "cases"
RECORDS = [json.loads(line) for line in (CASES / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
SENTENCES = [row for record in RECORDS for row in record["sentences"]]
CORRUPTED = [row for row in SENTENCES if row["label"]]
#: Written by hand only: the generator makes no word-for-word translations from another language.
BY_HAND = {"literal"}
REMOVALS = {"drop_content", "drop_function"}


@pytest.fixture
def build(monkeypatch):
    monkeypatch.syspath_prepend(str(CASES.parent.parent / "scripts"))
    import build_cases

    return build_cases


def by_document(test: Any) -> Any:
    return pytest.mark.parametrize("record", RECORDS, ids=[r["doc"] for r in RECORDS])(test)


@pytest.mark.parametrize("name", ["articles", "languages", "unread"])
def test_the_file_is_what_its_source_makes(build, name):
    source = (CASES / f"{name}.md").read_text(encoding="utf-8")
    stored = (CASES / f"{name}.jsonl").read_text(encoding="utf-8")
    assert build.jsonl(source) == stored, "run python scripts/build_cases.py"


def test_articles_of_ones_own_are_made_one_file(build, monkeypatch, tmp_path, capsys):
    for name, words in (("a", "sandwiches"), ("b", "trousers")):
        text = f"# {name} | news\nIt rained.\n- They came.\n+ [[{words.title()}|noun_swap]] came.\n"
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    out, files = tmp_path / "own.jsonl", [str(tmp_path / name) for name in ("a.md", "b.md")]
    monkeypatch.setattr("sys.argv", ["build_cases.py", *files, "-o", str(out)])
    assert build.main() == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(r["doc"], r["sentences"][1]["text"]) for r in rows] == [
        ("a", "Sandwiches came."),
        ("b", "Trousers came."),
    ]
    (tmp_path / "b.md").write_text("A sentence before an article.\n", encoding="utf-8")
    assert build.main() == 2
    assert f"{files[1]}: line 1: a sentence before the first article" in capsys.readouterr().err


def test_names_are_unique_and_genres_are_many():
    assert len({record["doc"] for record in RECORDS}) == len(RECORDS)
    whole = Counter(r["genre"] for r in RECORDS if any(s["label"] for s in r["sentences"]))
    assert len(whole) >= 8
    assert min(whole.values()) >= 3


def test_shares():
    assert 0.10 <= len(CORRUPTED) / len(SENTENCES) <= 0.20
    sound = [r for r in RECORDS if not any(s["label"] for s in r["sentences"])]
    assert len(sound) >= 6
    types = Counter(row["type"] for row in CORRUPTED)
    assert max(types.values()) <= len(CORRUPTED) / 3, "one type must not decide the figures"
    assert len({span["type"] for row in CORRUPTED for span in row["spans"]}) >= 15


@by_document
def test_the_size_of_an_article(record):
    assert 12 <= len(record["sentences"]) <= 22
    labels = [row["label"] for row in record["sentences"]]
    assert set(labels) <= {0, 1}
    assert sum(labels) in (0, 2, 3, 4)


@by_document
def test_paragraphs_count_up(record):
    paragraphs = [row["par"] for row in record["sentences"]]
    assert paragraphs[0] == 0
    assert all(b - a in (0, 1) for a, b in pairwise(paragraphs))


@by_document
def test_sentences_are_clean_text(record):
    for row in record["sentences"]:
        for text in (row["text"], row.get("orig", row["text"])):
            assert text == " ".join(text.split())
            assert not set("[]|~") & set(text)
            assert text[-1] in '.?!"'


@by_document
def test_spans(record):
    for row in record["sentences"]:
        if not row["label"]:
            assert row["spans"] == []
            assert not {"orig", "type", "severity"} & set(row)
            continue
        assert row["text"] != row["orig"]
        assert row["spans"]
        assert row["type"] in {span["type"] for span in row["spans"]}
        end = 0
        for span in row["spans"]:
            assert end <= span["start"] <= span["end"] <= len(row["text"]), row["text"]
            assert (span["start"] == span["end"]) == (span["type"] in REMOVALS), row["text"]
            words = row["text"][span["start"] : span["end"]]
            assert words == words.strip(), row["text"]
            assert span["severity"] in ("major", "minor")
            assert span["type"] in TYPES.keys() | BY_HAND
            end = span["end"]


@by_document
def test_what_is_outside_the_spans_is_the_original(record):
    for row in record["sentences"]:
        kept, done = [], 0
        for span in row["spans"]:
            kept.append(row["text"][done : span["start"]])
            done = span["end"]
        kept.append(row["text"][done:])
        original = row.get("orig", row["text"])
        assert re.fullmatch(".*".join(map(re.escape, kept)), original), row["text"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("A sentence.\n", "line 1: a sentence before the first article"),
        ("# a | b\n- Was.\nIs.\n", "line 3: '- ' and '\\+ ' go in pairs"),
        ("# a | b\n+ Is.\n", "line 2: '- ' and '\\+ ' go in pairs"),
        ("# a | b\nIs.\n\n- Was.\n", "line 5: '- ' and '\\+ ' go in pairs"),
        ("# a | b\n- Was.\n\n+ Is [[not|negation]].\n", "line 3: '- ' and '\\+ ' go in pairs"),
        ("# a | b\n- Was.\n- Were.\n", "line 3: '- ' and '\\+ ' go in pairs"),
        ("# a | b\n- Was.\n# c | d\n", "line 3: '- ' and '\\+ ' go in pairs"),
        ("# a | b\n- Was.\n+ Is [[not.\n", "no span"),
        ("# a | b\n- Was.\n+ Is.\n", "no span"),
    ],
)
def test_a_source_that_is_written_wrongly(build, source, message):
    with pytest.raises(ValueError, match=message):
        list(build.records(source))


def test_the_record_of_a_source(build):
    source = (
        "<!-- note\n-->\n# a | news\nOne.\n\n- Two of us.\n+ [[Deux|untranslated~]] of[[|drop_content]].\n"
    )
    assert list(build.records(source)) == [
        {
            "doc": "a",
            "genre": "news",
            "sentences": [
                {"text": "One.", "label": 0, "spans": [], "par": 0},
                {
                    "text": "Deux of.",
                    "label": 1,
                    "spans": [
                        {"start": 0, "end": 4, "severity": "minor", "type": "untranslated"},
                        {"start": 7, "end": 7, "severity": "major", "type": "drop_content"},
                    ],
                    "type": "drop_content",
                    "severity": "major",
                    "orig": "Two of us.",
                    "par": 1,
                },
            ],
        }
    ]
