"""Probability and verdict in every format, lists cut at a false discovery rate, and what is seldom found."""

import csv
import dataclasses
import io
import json
import re

import pytest
import report_builders as builders

from mtqa.report.formats import FORMATS, RenderOptions, render

WORDS = "about 5 of 10 sentences corrupted (3–6)"
NOTHING = "no evidence of corruption"


def flat(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("\\", "").split())


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_shows_probability_and_verdict(format_: str) -> None:
    text = render([builders.judged()], format_)
    assert WORDS.lower() in flat(text).lower()
    if format_ in ("json", "jsonl", "csv"):
        assert "0.914" in text
    else:
        assert "91%" in text
        assert ("&gt;99%" if format_ == "html" else ">99%") in text.replace("\\", "")
        assert "<1%" in text.replace("&lt;", "<").replace("\\", "")


@pytest.mark.parametrize("format_", ["terminal", "markdown", "html"])
def test_another_measures_score_stays_and_the_probability_stands_beside_it(format_: str) -> None:
    text = flat(render([builders.judged("max_surprisal")], format_))
    assert "11.4" in text
    assert "91%" in text
    assert "corrupted" in text


@pytest.mark.parametrize("format_", FORMATS)
def test_without_a_detector_nothing_is_said_of_one(format_: str) -> None:
    text = render([builders.library()], format_, options=RenderOptions(verbose=True))
    for word in ("about 5", NOTHING, "seldom", "corrupted"):
        assert word not in text


def test_a_list_by_rate_is_whole_and_its_article_counts_all_sentences() -> None:
    text = render([builders.judged(fdr=0.1)], "terminal", options=RenderOptions(width=80))
    assert "10 sentences ranked by detector" in text
    assert len(re.findall(r"^ +\d+ +\d+ +\S+ [█▏▎▍▌▋▊▉]", text, re.M)) == 5
    assert "Shown" not in text


@pytest.mark.parametrize("format_", ["terminal", "markdown", "html"])
def test_an_article_in_which_nothing_is_found_says_so_in_one_line(format_: str) -> None:
    text = flat(render([builders.none_found()], format_))
    assert text.count(f"None of 10 sentences found at FDR 0.001: {NOTHING}.") == 1


@pytest.mark.parametrize("format_", ["terminal", "markdown", "html"])
def test_where_likely_sentences_are_not_found_there_is_evidence(format_: str) -> None:
    report = builders.none_found()
    assert report.verdict is not None
    likely = dataclasses.replace(report, verdict=dataclasses.replace(report.verdict, likely=5))
    text = flat(render([likely], format_))
    assert text.count(f"None found at FDR 0.001; by their probabilities {WORDS}.") == 1
    assert NOTHING not in text


def test_tables_in_which_nothing_is_found() -> None:
    report = builders.none_found()
    article = json.loads(render([report], "json"))
    assert article["findings"] == []
    assert article["verdict"]["words"] == NOTHING
    assert render([report], "jsonl") == ""
    assert len(render([report], "csv").splitlines()) == 1


def test_numbers_are_numbers_in_tables() -> None:
    finding = json.loads(render([builders.judged()], "json"))["findings"][1]
    assert (finding["probability"], finding["q_value"]) == (0.97, 0.01)
    row = next(csv.DictReader(io.StringIO(render([builders.judged()], "csv"))))
    assert (row["probability"], row["q_value"], row["verdict"]) == ("0.9996", "0.004", WORDS)
    line = json.loads(render([builders.judged()], "jsonl").splitlines()[0])
    assert line["verdict"]["found"] == 5


@pytest.mark.parametrize("format_", ["terminal", "markdown", "html"])
def test_types_with_a_recall_under_three_in_ten_are_named(format_: str) -> None:
    text = flat(render([builders.judged()], format_, options=RenderOptions(verbose=True)))
    assert "negation 8%" in text
    assert "wrong sense" not in text
    assert "repetition 30%" not in text
    html = render([builders.judged()], "html")
    assert "changed name | <b>" not in html
    assert "changed name | &lt;b&gt; 4%" in html


def test_the_terminal_names_them_only_when_verbose() -> None:
    assert "negation 8%" not in render([builders.judged()], "terminal")


UNSEEN = ("numbers and names", "omissions", "fals", "negation")


@pytest.mark.parametrize("format_", ["terminal", "markdown", "html"])
def test_what_the_detector_cannot_see_is_said_to_people(format_: str) -> None:
    report = dataclasses.replace(builders.judged(), recall_by_type={})
    text = flat(render([report], format_))
    said = text[text.lower().index("cannot see") :]
    for what in UNSEEN:
        assert what in said


def test_the_terminal_says_so_in_one_line_and_once_and_of_the_detector_alone() -> None:
    (line,) = [line for line in render([builders.judged()], "terminal").splitlines() if "Cannot see" in line]
    assert len(line) <= 80
    for what in UNSEEN:
        assert what in line
    several = render([builders.judged(), builders.none_found(), builders.library()], "terminal")
    assert several.count("Cannot see") == 1
    for other in (builders.library(), builders.judged("max_surprisal")):
        assert "Cannot see" not in render([other], "terminal", options=RenderOptions(verbose=True))
