"""`scripts/benchmark.py`: its JSON's keys, its arithmetic, and its smallest part run for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"
RATIOS = {
    "documents_to_limit",
    "sentences_to_limit",
    "to_minicons",
    "to_lmppl",
    "cold_start",
    "ledger",
    "help",
}


@pytest.fixture
def parts(monkeypatch):
    """The benchmark's modules, which import one another as scripts do."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import benchmark
    import benchmark_commands
    import benchmark_parts
    import benchmark_speed

    yield benchmark, benchmark_parts, benchmark_speed, benchmark_commands
    for name in [name for name in sys.modules if name.startswith("benchmark")]:
        del sys.modules[name]


def test_our_own_texts_are_enough_and_no_two_begin_alike(parts):
    texts = parts[0].load_texts(None, documents=30, sentences=300)
    assert len(set(texts["sentences"])) == 300
    assert len({text[:40] for text in texts["documents"]}) == 30
    assert min(text.count("\n\n") + 1 for text in texts["documents"]) >= 2


def test_texts_of_ones_own(parts, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("One stands here. Two too.\n\nThree is another.\n")
    assert parts[0].load_texts(path, documents=1, sentences=9)["sentences"] == [
        "One stands here.",
        "Two too.",
        "Three is another.",
    ]


def test_sides_take_turns_in_another_order_each_round(parts):
    order = []
    jobs = {name: lambda n=name: order.append(n) or 1.0 for name in "abc"}
    assert list(parts[1].alternate(3, jobs)) == [dict.fromkeys("abc", 1.0)] * 3
    assert "".join(order) == "abcbcacab"


def test_what_can_not_be_had_is_null_with_its_reason(parts, monkeypatch):
    benchmark, base, speed, _ = parts

    def no_peer(name, bench):
        raise base.NotHad(f"{name} can't be imported")

    def no_side(*_, **__):
        raise base.NotHad("mtqa: no model")

    bench = base.Bench({"documents": [], "sentences": []}, Path("x"), 1, 1, [1], {})
    monkeypatch.setattr(speed, "peer_python", no_peer)
    monkeypatch.setattr(speed, "Side", no_side)
    results = benchmark.run(bench, ["peers"]).as_json()
    assert set(results["ratios"]) == RATIOS
    assert set(results["ratios"].values()) == {None}
    assert results["reasons"]["documents_to_limit"] == results["reasons"]["to_lmppl"] == "mtqa: no model"
    assert results["reasons"]["cold_start"] == "not asked for"
    assert results["schema"] == 1
    assert set(results["memory_mb"]) == {"1", "10", "100", "1000"}
    assert "null" in benchmark.table(benchmark.run(bench, []))


def test_a_ratio_is_the_median_of_the_rounds(parts):
    results = parts[1].Results()
    results.ratio("help", [0.5, 0.1, 0.2])
    assert results.ratios["help"] == 0.2
    assert "help" not in results.reasons


def test_agreement_is_the_greatest_gap_where_the_same_tokens_are_scored(parts):
    import math

    results, agree = parts[1].Results(), parts[2]._agreement
    ours = {"surprisals": [[1.0, 2.0], [3.0]]}
    agree(results, "one", ours, {"surprisals": [[1.0, 2.25], [3.0, 4.0]], "first_token": 0.0})
    assert results.agreement["one"]["greatest_gap_nats"] == 0.25
    assert results.agreement["one"]["texts_with_the_same_tokens"] == 1
    agree(results, "two", ours, {"perplexities": [math.exp(1.5), math.exp(3.5)]})
    assert results.agreement["two"]["greatest_gap_nats"] == pytest.approx(0.5)


def test_a_long_article_has_its_pages_and_no_two_paragraphs_alike(parts):
    texts = parts[0].load_texts(None, documents=1, sentences=300)["sentences"]
    for pages in (1, 7):
        article = parts[3].long_article(texts, pages)
        assert 250 * pages <= len(article.split()) < 250 * pages + 60
        assert article == parts[3].long_article(texts, pages)
    paragraphs = parts[3].long_article(texts, 40).split("\n\n")
    assert len(set(paragraphs)) == len(paragraphs) > 60


def test_what_a_further_page_takes(parts):
    assert parts[3].seconds_a_page({10: 9.0, 1: 4.5, 110: 49.0}) == {"1 to 10": 0.5, "10 to 110": 0.4}


def test_bad_arguments(parts, capsys):
    for arguments in (["--sections", "speed"], ["--pages", "x"], ["--rounds", "0"], ["--peer-python", "x"]):
        with pytest.raises(SystemExit) as caught:
            parts[0].parse(arguments)
        assert caught.value.code == 2
    capsys.readouterr()


@pytest.mark.model
def test_the_smallest_part_for_real(smollm2_files, tmp_path):
    target = tmp_path / "b.json"
    command = [
        sys.executable,
        str(SCRIPTS / "benchmark.py"),
        "--quick",
        "--documents",
        "1",
        "--sentences",
        "4",
    ]
    done = subprocess.run(
        [*command, "--sections", "limit", "--threads", "1", "-o", str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert set(found) >= {"schema", "machine", "ratios", "memory_mb", "reasons"}
    assert set(found["ratios"]) == RATIOS
    # One text, one round, and perhaps a busy machine: only that they are ratios of like work.
    assert 0.2 < found["ratios"]["documents_to_limit"] < 5
    assert 0.2 < found["ratios"]["sentences_to_limit"] < 5
    missing = {name for name, value in found["ratios"].items() if value is None}
    assert missing == RATIOS - {"documents_to_limit", "sentences_to_limit"}
    assert missing <= set(found["reasons"])
    assert found["machine"]["torch"]
    assert "documents_to_limit" in done.stdout
