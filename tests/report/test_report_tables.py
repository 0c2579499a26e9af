"""JSON, JSON lines and CSV: what a program reads back is what the records hold."""

import csv
import dataclasses
import html
import io
import json
from pathlib import Path

import pytest
import report_builders as builders

from mtqa.detect.measures import MEASURES
from mtqa.report.formats import RenderOptions, render
from mtqa.report.tables import rounded

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report-schema-1.json").read_text(encoding="utf-8"))


def strictly(text: str):
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text.encode("utf-8"), parse_constant=refuse)


@pytest.mark.parametrize(
    "reports",
    [
        [builders.library()],
        [builders.library(), builders.hostile()],
        [builders.judged()],
        [builders.judged(fdr=0.05), builders.none_found()],
    ],
)
def test_json_follows_its_schema(reports) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(strictly(render(reports, "json")), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_schema_refuses_what_is_not_a_report() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    article = strictly(render([builders.library()], "json"))
    del article["findings"][0]["spans"][0]["surprisal_nats"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(article, SCHEMA)


def test_keys_of_schema_1_in_order() -> None:
    article = strictly(render([builders.library()], "json"))
    assert list(article) == [
        "schema", "signature", "measure", "model", "source", "findings", "excluded", "warnings", "settings",
        "verdict", "recall_by_type",
    ]  # fmt: skip
    assert list(article["source"]) == ["path", "sha256", "encoding", "characters", "sentences"]
    assert list(article["excluded"][0]) == ["text", "start", "end", "line", "reason"]
    assert list(article["findings"][0]["spans"][0]) == [
        "start", "end", "line", "text", "surprisal_nats", "expected", "expected_probability", "expected_for",
        "suggestions",
        "probability",
    ]  # fmt: skip
    noted = [span for f in article["findings"] for span in f["spans"] if "note" in span]
    assert {span["note"] for span in noted} == {"doubled quotation mark", "stray quotation mark"}


def test_one_article_is_an_object_and_several_are_a_list() -> None:
    assert isinstance(strictly(render([builders.library()], "json")), dict)
    assert [a["source"]["path"] for a in strictly(render([builders.library()] * 2, "json"))] == [
        "articles/library.txt"
    ] * 2


@pytest.mark.parametrize("make", [builders.library, builders.hostile])
def test_offsets_are_of_the_source_and_texts_exact(make) -> None:
    report = make()
    article = strictly(render([report], "json"))
    for place in [*article["findings"], *article["excluded"]]:
        assert report.document.source[place["start"] : place["end"]] == place["text"]
    for finding in article["findings"]:
        for span in finding["spans"]:
            assert report.document.source[span["start"] : span["end"]] == span["text"]


@pytest.mark.parametrize(
    ("sentence", "mark", "whole", "shown"),
    [
        ("He said “we came late.", "“", "He said “we came late.”", "“ → “…”"),
        ("We came late,” he said.", "”", "“We came late,” he said.", "” → “…”"),
        ('He said "we came.', '"', 'He said "we came."', '" → "…"'),
        ('We came," he said.', '"', '"We came," he said.', '" → "…"'),
        ("Es war „spät.", "„", "Es war „spät.“", "„ → „…“"),
    ],
)
def test_a_partner_stands_apart_from_what_takes_the_marks_place(sentence, mark, whole, shown) -> None:
    """What a program does with a repair gives the repaired text; a reader sees both marks."""
    suspect = builders.Suspect(
        9.1, (), "quotation mark without its partner", ((mark, 9.2, "quotes"), ("", 2.0, "quotes"))
    )
    report = builders.report(
        [builders.Part("body", ("One more.", sentence, "And another."))], {mark: suspect}
    )
    article = strictly(render([report], "json"))
    (span,) = [span for finding in article["findings"] for span in finding["spans"]]
    repair, gone = span["suggestions"]
    assert repair["text"] == mark
    assert "insert" not in gone
    text = report.document.source
    edits = [(span["start"], span["end"], repair["text"])]
    edits.append((repair["insert"]["at"], repair["insert"]["at"], repair["insert"]["text"]))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    assert text == report.document.source.replace(sentence, whole)
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(article, SCHEMA, cls=jsonschema.Draft202012Validator)
    for format_ in ("terminal", "markdown", "html", "csv"):
        assert shown in html.unescape(render([report], format_)).replace('""', '"')


def test_text_is_utf8_and_not_escaped() -> None:
    text = render([builders.hostile()], "json")
    assert "漢字" in text
    assert "\\ud800" in text  # the lone surrogate, which UTF-8 has no bytes for


def test_rounding() -> None:
    assert rounded(1 / 3) == 0.333333
    assert rounded(123456789.0) == 123457000.0
    assert rounded(float("-inf")) is None


def test_jsonl_is_one_finding_a_line() -> None:
    reports = [builders.library(), builders.hostile()]
    text = render(reports, "jsonl")
    rows = [strictly(line) for line in text.split("\n")[:-1]]
    assert len(rows) == sum(len(report.findings) for report in reports)
    for report, mine in zip(reports, (rows[:10], rows[10:]), strict=True):
        assert {(r["path"], r["sha256"], r["signature"]) for r in mine} == {
            (report.document.path, report.document.sha256, report.signature)
        }
        assert [r["text"] for r in mine] == [f.text for f in report.findings]


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\x9b31m", "\u202e", "\x7f"])
def test_text_taken_as_it_is_ends_no_line_and_steers_no_terminal(mark: str) -> None:
    report = builders.library()
    findings = tuple(dataclasses.replace(f, text=f"{f.text}{mark}.") for f in report.findings)
    document = dataclasses.replace(report.document, path=f"a{mark}b.txt")
    report = dataclasses.replace(report, findings=findings, document=document)
    lines = render([report], "jsonl").splitlines()
    assert [strictly(line)["text"] for line in lines] == [f.text for f in findings]
    assert {strictly(line)["path"] for line in lines} == {document.path}
    assert mark[0] not in render([report], "json") + "".join(lines)


def rows_of(*reports) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(reports, "csv"), newline=""), strict=True))


def test_csv_is_one_finding_a_line_with_a_column_a_measure() -> None:
    rows = rows_of(builders.library(), builders.hostile())
    assert len(rows) == 19
    assert len(render([builders.library(), builders.hostile()], "csv").splitlines()) == 20
    assert list(rows[0])[:11] == [
        "rank", "path", "line", "start", "end", "score", "perplexity", "tokens", "kind", "spans", "text",
    ]  # fmt: skip
    assert list(rows[0])[11:15] == ["probability", "q_value", "verdict", "repairs"]
    names = [name for name in MEASURES if name != "perplexity"]  # whatever was found
    assert list(rows[0])[15:] == [*names, "max_surprisal", "characters", "fault"]
    assert rows[1]["spans"] == "umbrellas | in the evening of the"
    assert rows[1]["repairs"] == "umbrellas → people (21.4 bits better)"
    assert float(rows[0]["score"]) == pytest.approx(builders.library().findings[0].score, rel=1e-5)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "=1+", "\t="])
def test_csv_formulas_are_text(start: str) -> None:
    sentence = f"{start}1+1 is two."
    report = builders.report(
        [builders.Part("body", (sentence,))], {sentence[:4]: builders.Suspect(9)}, path=start
    )
    (row,) = rows_of(report)
    assert row["text"].startswith("'")
    assert row["spans"].startswith("'")
    assert row["path"].startswith("'")


def test_csv_ends_in_the_kind_of_fault() -> None:
    report = builders.library()
    faults = ["wrong word", *[None] * 8, "=off topic"]
    findings = tuple(
        dataclasses.replace(finding, fault=fault)
        for finding, fault in zip(report.findings, faults, strict=True)
    )
    rows = rows_of(dataclasses.replace(report, findings=findings))
    assert list(rows[0])[-1] == "fault"
    assert [row["fault"] for row in rows] == ["wrong word", *[""] * 8, "'=off topic"]


def test_csv_leaves_negative_numbers_numbers() -> None:
    row = rows_of(builders.library())[9]
    assert float(row["slor"]) < 0


def test_top_limits_tables_only_when_asked() -> None:
    assert len(strictly(render([builders.long(30)], "json"))["findings"]) == 30
    assert len(strictly(render([builders.long(30)], "json", options=RenderOptions(top=4)))["findings"]) == 4


def test_a_table_without_a_finding_has_the_same_columns() -> None:
    empty = render([dataclasses.replace(builders.library(), findings=(), fdr=0.1)], "csv")
    (header,) = csv.reader(io.StringIO(empty))
    found = rows_of(builders.judged())[0]
    made_up = {"max_surprisal", "characters"}  # measures of these tests alone
    assert header == [name for name in found if name not in made_up]
