"""A comparison as terminal text, Markdown, JSON and HTML: what is said, and what is escaped."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from mtqa.bench.comparison import svg, words
from mtqa.bench.comparison.build import CompareSettings, compare_tables
from mtqa.bench.comparison.formats import FORMATS, render_comparison
from mtqa.bench.comparison.records import Cost
from mtqa.bench.records import LabelledDocument
from mtqa.errors import UsageError
from mtqa.report.formats import RenderOptions
from tests.bench.comparison_builders import (
    contender,
    cost,
    documents_set,
    marked,
    pairs_set,
    scored_set,
    table,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "comparison-schema-1.json"
HOSTILE = "<img src=http://x.example/i onerror=alert(1)>|`*\x1b[31m\u202e"


def hostile_set():
    """A text, a document id and a set's name that would all like to be markup."""
    data = documents_set(12)
    first = data.documents[0]
    sentences = tuple(dataclasses.replace(s, text=f"{HOSTILE} {s.text}") for s in first.sentences)
    return dataclasses.replace(
        data,
        name=HOSTILE,
        documents=(LabelledDocument(HOSTILE, sentences), *data.documents[1:]),
        warnings=(f"odd {HOSTILE}",),
    )


def made(sets, names=("good", "fair", "poor"), **more):
    noise = dict(zip(names, (0.5, 0.7, 6.0, 8.0), strict=False))
    tables = [[table(s, n, noise=noise[n], seed=i) for i, n in enumerate(names)] for s in sets]
    costs = [{n: more.get("costs", {}).get(n, cost()) for n in names} for _ in sets]
    contenders = [
        contender(n, scoring=n, measure=n, k=3, tokenizer=more.get("tokenizers", {}).get(n, "t1"))
        for n in names
    ]
    return compare_tables(contenders, tables, costs, CompareSettings(draws=100, randomisations=99))


@pytest.fixture(scope="module")
def comparison():
    """Three sets; the second config came from the ledger."""
    costs = {"fair": Cost(0, 0.0, 1000, 500.0), "poor": Cost(500, 2.0, 500, 700.0)}
    return made([documents_set(), pairs_set(), scored_set()], costs=costs)


def test_markdown_names_the_heads_that_read_along():
    found = made([documents_set()], names=("good", "fair"))
    assert "Detector:" not in render_comparison(found, "markdown")

    def read_by(*heads: str):
        pairs = zip(found.contenders, heads, strict=True)
        named = (dataclasses.replace(c, signature=f"{c.signature}|detector:{h}|k:3") for c, h in pairs)
        return render_comparison(dataclasses.replace(found, contenders=tuple(named)), "markdown")

    assert "\nDetector: 0123456789ab.\n" in read_by("0123456789ab", "0123456789ab")
    assert "\nDetector: 0123456789ab (good); ba9876543210 (fair).\n" in read_by(
        "0123456789ab", "ba9876543210"
    )
    assert "\nDetector: 0123456789ab (good).\n" in read_by("0123456789ab", "none")


@pytest.fixture(scope="module")
def hostile():
    return made([hostile_set()], names=(HOSTILE, "b"))


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_deterministic_and_ends_in_one_line_break(comparison, format_):
    text = render_comparison(comparison, format_)
    assert text == render_comparison(comparison, format_)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_an_unknown_format_names_the_nearest(comparison):
    with pytest.raises(UsageError, match="did you mean 'markdown'"):
        render_comparison(comparison, "markdwon")


@pytest.mark.parametrize("width", [80, 100, 60])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_terminal_keeps_to_its_width(comparison, width, verbose):
    text = render_comparison(comparison, "terminal", options=RenderOptions(width=width, verbose=verbose))
    least = 71 if width < 80 else width  # figures beside the shortest name need so much
    assert max(map(len, text.splitlines())) <= least
    assert "\x1b" not in text


def test_the_terminal_says_who_leads_by_how_much_and_what_it_cost(comparison):
    text = render_comparison(comparison, "terminal")
    leader = comparison.sets[0].leader
    difference = leader.difference("good", "poor")
    row = next(line for line in text.splitlines() if re.search(r"^ +3  +poor|^ +3  poor", line))
    assert words.figure(leader.estimates["poor"].value) in row
    assert words.signed(-difference.value) in row
    assert "  1 *good" in text
    assert "  from the ledger: fair" in text
    assert "500 tokens/s, 2.0 s, 600 MB: good" in text
    assert "250 tokens/s, 50% from the ledger, 2.0 s, 700 MB: poor" in text
    assert "wins: in how many of the 3 sets" in text
    assert comparison.signature in text.replace("\n", "")


def test_the_terminal_has_colours_where_asked_for(comparison):
    assert "\x1b[32m" in render_comparison(comparison, "terminal", options=RenderOptions(color=True))


def test_verbose_shows_every_metric_and_signature(comparison):
    text = render_comparison(comparison, "terminal", options=RenderOptions(verbose=True))
    for metric in comparison.sets[0].metrics.values():
        assert f"{metric.name}: {metric.summary}" in text.replace("\n", " ")
    assert "good: model:m|tokenizer:t1|measure:good" in text


def test_nothing_of_the_data_steers_a_terminal(hostile):
    text = render_comparison(hostile, "terminal", options=RenderOptions(verbose=True))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_markdown_tables_hold_together(comparison):
    lines = render_comparison(comparison, "markdown").splitlines()
    for line, after in itertools.pairwise(lines):
        if line.startswith("|") and after.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", after))
    assert any(line.startswith("| 1 | good | **") for line in lines)
    assert any("from the ledger" in line for line in lines)
    assert "All configs: k: 3." in "\n".join(lines).replace("\\", "")


def test_markdown_quotes_no_data_and_escapes_names(hostile):
    text = render_comparison(hostile, "markdown")
    assert "<img" not in text.replace("\\<img", "")
    assert "harbour was" not in text
    assert "\x1b" not in text


def test_json_is_the_record_and_quotes_no_sentence(comparison):
    record = json.loads(render_comparison(comparison, "json"))
    assert record["schema"] == 1
    assert [c["name"] for c in record["configs"]] == ["good", "fair", "poor"]
    first = record["data"][0]
    assert first["n"] == 180
    assert first["main"] == "average_precision"
    metric = first["metrics"]["average_precision"]
    leader = comparison.sets[0].leader
    assert metric["values"]["good"]["value"] == pytest.approx(leader.estimates["good"].value, rel=1e-5)
    assert metric["cluster"] == list(leader.cluster)
    assert len(metric["differences"]) == 3
    assert metric["differences"][0].keys() >= {"a", "b", "value", "low", "high", "p_holm", "more_documents"}
    assert first["cost"]["fair"]["tokens_per_second"] is None
    assert first["cost"]["fair"]["seconds"] is None
    assert first["cost"]["good"]["tokens_per_second"] == 500
    place = first["disagreements"][0]
    documents = {d.id: d for d in documents_set().documents}
    assert documents[place["document"]].sentences[place["sentence"]].label == place["label"]
    assert "harbour was" not in json.dumps(record)


@pytest.mark.parametrize("which", ["comparison", "hostile"])
def test_json_follows_its_schema(which, request):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    record = json.loads(render_comparison(request.getfixturevalue(which), "json"))
    jsonschema.validate(record, schema)
    del record["data"][0]["metrics"]["average_precision"]["cluster"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, schema)


class _Page(HTMLParser):
    """Tags, attributes that would fetch something, and whether elements are closed in order."""

    def __init__(self):
        super().__init__()
        self.tags, self.fetches, self.open, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetches += [v for k, v in attributes if k in ("src", "href", "xlink:href", "data", "action")]
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def page():
    def parsed(text):
        parser = _Page()
        parser.feed(text)
        parser.close()
        assert parser.open == []
        return parser

    return parsed


def test_the_page_is_whole_and_asks_for_nothing(comparison, page):
    text = render_comparison(comparison, "html")
    parsed = page(text)
    assert "script" not in parsed.tags
    assert all(f.startswith("#") or f == "data:," for f in parsed.fetches)
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert parsed.tags.count("section") == 5


def test_markdown_and_the_page_have_the_same_differences_whichever_way_is_better():
    data = documents_set()
    tables = [
        marked(table(data, n, noise=noise, seed=i)) for i, (n, noise) in enumerate((("a", 0.5), ("b", 6.0)))
    ]
    settings = CompareSettings(metrics=("brier",), draws=50, randomisations=19)
    comparison = compare_tables([contender("a"), contender("b")], [tables], [{}], settings)
    leader = comparison.sets[0].leader
    (difference,) = leader.differences
    assert (leader.higher_is_better, difference.a, difference.value < 0) == (False, "a", True)
    shown = words.signed(difference.value), words.interval(difference.low, difference.high)
    assert f"| {' | '.join(shown)} |" in render_comparison(comparison, "markdown").replace("\\", "")
    page = render_comparison(comparison, "html")
    assert "Best minus this" in page
    assert f'<td class="n">{shown[0]}</td><td>{shown[1]}</td>' in page
    higher = made([data]).sets[0].leader.difference("good", "poor")
    assert f'<td class="n">{words.signed(higher.value)}</td>' in render_comparison(made([data]), "html")


def test_every_plot_is_well_formed_and_inside_its_frame(comparison):
    text = render_comparison(comparison, "html")
    plots = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(plots) > 10
    for plot in plots:
        root = ElementTree.fromstring(plot)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for dot in root.iter("circle"):
            assert 0 < float(dot.attrib["cx"]) < width
            assert 0 < float(dot.attrib["cy"]) < height
        for line in root.iter("line"):
            assert {"x1", "x2", "y1", "y2"} <= line.attrib.keys()
            assert all(0 <= float(line.attrib[k]) <= width for k in ("x1", "x2"))
        for path in root.iter("path"):
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.attrib["d"])]
            assert all(0 <= x <= width for x in numbers[::2])
            assert all(0 <= y <= height for y in numbers[1::2])


def test_the_forest_stands_where_its_values_are(comparison):
    leader = comparison.sets[0].leader
    root = ElementTree.fromstring(svg.forest(leader))
    dots = [float(c.attrib["cx"]) for c in root.iter("circle")]
    values = [e.value for e in leader.estimates.values()]
    assert dots == sorted(dots, reverse=True)
    # One scale for all: distances between dots are as those between values.
    assert (dots[0] - dots[1]) / (dots[0] - dots[2]) == pytest.approx(
        (values[0] - values[1]) / (values[0] - values[2]), abs=1e-3
    )
    won = [c.attrib["class"] for c in root.iter("circle")]
    assert won == ["dot won" if name in leader.cluster else "dot" for name in leader.estimates]


def test_cost_is_drawn_for_what_was_timed(comparison):
    result = comparison.sets[0]
    root = ElementTree.fromstring(svg.quality_and_cost(result.leader, result.costs))
    assert len(list(root.iter("circle"))) == 2
    assert "fair" not in "".join(root.itertext())
    ledger = {name: Cost(0, 0.0, 1000) for name in result.costs}
    assert svg.quality_and_cost(result.leader, ledger) == ""


def test_the_page_says_why_there_is_no_cost():
    ledger = {n: Cost(0, 0.0, 1000) for n in ("good", "fair", "poor")}
    assert "No config was timed" in render_comparison(made([documents_set(12)], costs=ledger), "html")
    one = made([documents_set(12)], costs={**ledger, "good": cost()})
    assert "Only one config was timed" in render_comparison(one, "html")
    same = dataclasses.replace(
        one, contenders=tuple(dataclasses.replace(c, scoring="s") for c in one.contenders)
    )
    assert "the same forward pass, so that they cost the same (500 tokens/s)" in render_comparison(
        same, "html"
    )


def test_names_and_texts_are_text_on_the_page(hostile, page):
    text = render_comparison(hostile, "html")
    parsed = page(text)
    assert "img" not in parsed.tags
    assert not any("x.example" in f for f in parsed.fetches)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<img src=http://x.example/i onerror=alert(1)>" in "".join(parsed.text)


def test_the_page_lists_disagreements_with_the_truth(comparison, page):
    parsed = page(render_comparison(comparison, "html"))
    shown = "".join(parsed.text)
    for disagreement in comparison.sets[0].disagreements:
        assert disagreement.text in shown
    assert "corrupted" in shown


def test_different_tokenizers_are_pointed_out_everywhere():
    mixed = made([documents_set(12)], tokenizers={"fair": "t2"})
    for format_ in FORMATS:
        text = render_comparison(mixed, format_).replace("\n", " ")
        assert "different tokenizers" in text
        assert "perplexity by token" not in text


def test_a_set_without_annotation_says_so():
    bare = dataclasses.replace(
        documents_set(6),
        documents=tuple(
            dataclasses.replace(
                d, sentences=tuple(dataclasses.replace(s, label=None, score=None) for s in d.sentences)
            )
            for d in documents_set(6).documents
        ),
    )
    tables = [[table(bare, "a", noise=1), table(bare, "b", noise=1, seed=1)]]
    contenders = [contender("a"), contender("b")]
    empty = compare_tables(contenders, tables, [{"a": cost(), "b": cost()}], CompareSettings(draws=10))
    for format_ in ("terminal", "markdown", "html"):
        assert "neither labels nor scores" in render_comparison(empty, format_)
    assert json.loads(render_comparison(empty, "json"))["data"][0]["main"] is None


@pytest.mark.parametrize(
    ("low", "high", "first", "last"),
    [(0, 1, 0, 1), (0.13, 0.52, 0.2, 0.5), (-3, 7, -2, 6), (0, 1700, 0, 1500)],
)
def test_ticks_are_round_and_inside(low, high, first, last):
    ticks = svg.Axis(low, high, 0, 100).ticks()
    assert ticks[0] == pytest.approx(first)
    assert ticks[-1] == pytest.approx(last)
    assert 3 <= len(ticks) <= 7


def test_wide_figures_keep_apart_on_the_terminal():
    data = documents_set(12)
    made = []
    for name, factor in (("document", 1.0), ("none", 1.3)):
        base = table(data, name, noise=1.0)
        made.append(dataclasses.replace(base, bits=base.bits * 2.6 * factor, signature=f"{name}|measure:m"))
    names = ["document", "none"]
    contenders, costs = [contender(n) for n in names], [{n: cost() for n in names}]
    found = compare_tables(contenders, [made], costs, CompareSettings(draws=50))
    text = render_comparison(found, "terminal", options=RenderOptions(verbose=True))
    (row,) = [
        line for line in text.splitlines() if "none" in line and line.split("none")[1][:7].strip() > "9"
    ]
    assert "]+" not in text
    assert len(row) <= 80


def test_what_more_would_be_needed_of_is_called_what_it_is():
    def verdicts(data):
        made = [table(data, n, noise=0.6, seed=i) for i, n in enumerate("ab")]
        costs = [{"a": cost(), "b": cost()}]
        found = compare_tables([contender("a"), contender("b")], [made], costs, CompareSettings(draws=50))
        return render_comparison(found, "terminal")

    alike = [
        dataclasses.replace(document, cluster=f"s{i // 2}")
        for i, document in enumerate(documents_set(12).documents)
    ]
    sources = dataclasses.replace(documents_set(12), documents=tuple(alike))
    for data, unit in ((documents_set(12), "document"), (pairs_set(12), "pair"), (sources, "source")):
        text = " ".join(verdicts(data).split())
        assert f" independent {unit}s" in text
        assert f" more {unit}s would" in text or " more " not in text
    assert "more documents would" in " ".join(verdicts(documents_set(12)).split())


def test_markdown_has_every_metrics_leaderboard_where_asked_for():
    found = made([documents_set(12)])
    metrics = found.sets[0].metrics
    plain = render_comparison(found, "markdown")
    whole = render_comparison(found, "markdown", options=RenderOptions(verbose=True))
    board = "| # | Config | Value | 95 % interval |"
    assert (plain.count(board), whole.count(board)) == (1, len(metrics))
    for name, metric in metrics.items():
        assert f"`{name}`: " in whole
        first = next(iter(metric.estimates.values()))
        if first.low is not None:
            assert f"[{words.figure(first.low)}, {words.figure(first.high)}]" in whole
