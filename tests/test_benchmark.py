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


class FakeSide:
    """A side without a process. ``failing``: (side, at its n-th task, with what); ``made``: all there are."""

    failing: tuple[str, int, Exception] | None = None
    made: list[FakeSide]

    def __init__(self, name, *_, **__):
        self.name, self.asked, self.closed, self.versions = name, 0, False, {}
        FakeSide.made.append(self)
        self._fail()

    def _fail(self):
        if FakeSide.failing and FakeSide.failing[:2] == (self.name, self.asked):
            raise FakeSide.failing[2]

    def ask(self, **task):
        self.asked += 1
        self._fail()
        texts = len(task.get("texts", []))
        return {
            "seconds": 1.0 if self.name == "mtqa" else 2.0,
            "cpu": 1.0,
            "tokens": 2 * texts,
            "detector": True,
            "start_token": "<s>",
            "ids": [[[0, 1, 2]]] * texts,
            "surprisals": [[1.0, 2.0]] * texts,
            "first_token": 0.0,
        }

    def close(self):
        self.closed = True


@pytest.fixture
def sides(parts, monkeypatch):
    """Fakes in the place of every side."""
    FakeSide.failing, FakeSide.made = None, []
    monkeypatch.setattr(parts[2], "Side", FakeSide)
    monkeypatch.setattr(parts[2], "peer_python", lambda name, bench: "python")
    return FakeSide


def _bench(base, **changes):
    texts = {"documents": ["One.", "Two."], "sentences": ["One.", "Two.", "Three."]}
    values = {"texts": texts, "folder": Path("x"), "threads": 1, "rounds": 2, "pages": [1], "peers": {}}
    return base.Bench(**{**values, **changes})


#: What a side is asked for: a peer to load (0), then for each kind to warm up, with its one batch size,
#: for the agreement, and in two rounds; the bare model to warm up and in two rounds.
@pytest.mark.parametrize(
    ("name", "at"), [*(("minicons", n) for n in range(11)), *(("bare", n) for n in range(7))]
)
@pytest.mark.parametrize("error", ["NotHad", "KeyError"])
def test_a_side_that_fails_at_any_time_is_dropped_alone(parts, sides, name, at, error):
    benchmark, base, _, _ = parts
    sides.failing = (name, at, base.NotHad("it is\ntired") if error == "NotHad" else KeyError("seconds"))
    results = benchmark.run(_bench(base), ["peers"])
    lost = {"minicons": {"to_minicons"}, "bare": {"documents_to_limit", "sentences_to_limit"}}[name]
    if name == "bare" and at > 3:  # the documents were through
        lost = {"sentences_to_limit"}
    speeds = set(base.RATIOS[:4])
    assert {ratio for ratio in speeds if results.ratios[ratio] is None} == lost
    assert {results.ratios[ratio] for ratio in speeds - lost} == {2.0}
    assert {results.reasons[ratio] for ratio in lost} == {
        "it is tired" if error == "NotHad" else "KeyError: 'seconds'"
    }
    assert not set(results.reasons) & (speeds - lost)
    assert all(side.closed for side in sides.made if (side.name, at) != (name, 0))
    assert benchmark.table(results)


def test_without_mtqa_there_is_nothing_to_compare_with(parts, sides):
    benchmark, base, _, _ = parts
    sides.failing = ("mtqa", 1, base.NotHad("mtqa: no model"))
    results = benchmark.run(_bench(base), ["peers"])
    assert {results.ratios[ratio] for ratio in base.RATIOS} == {None}
    assert {results.reasons[ratio] for ratio in base.RATIOS[:4]} == {"mtqa: no model"}
    assert all(side.closed for side in sides.made)


def test_a_section_that_fails_in_any_way_leaves_its_reason_and_the_others_go_on(parts, monkeypatch):
    benchmark, base, _, _ = parts

    def break_down(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(benchmark, "measure_start", break_down)
    monkeypatch.setattr(benchmark, "measure_speed", break_down)
    monkeypatch.setattr(
        benchmark, "measure_memory", lambda bench, results: results.memory_mb.update({"1": 5.0})
    )
    results = benchmark.run(_bench(base), benchmark.SECTIONS[:4])
    assert results.memory_mb["1"] == 5.0
    told = {results.reasons[name] for name in base.RATIOS}
    assert told == {"OSError: [Errno 28] No space left on device"}


@pytest.mark.parametrize("python", ["/nowhere/bin/python", "/"])
def test_a_python_that_is_none_is_a_reason(parts, monkeypatch, python):
    with pytest.raises(parts[1].NotHad, match=f"lmppl: {python} can't be run"):
        parts[1].Side("lmppl", python, Path("x"), threads=1)


def test_an_environment_that_can_not_be_made_is_a_reason(parts, monkeypatch, tmp_path):
    def fail(*_, **__):
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    monkeypatch.setattr(parts[2].venv, "create", fail)
    with pytest.raises(parts[1].NotHad, match="no environment can be made"):
        parts[2]._make_environment(tmp_path, "python", ["lmppl"])


@pytest.mark.parametrize(("name", "at"), [("mtqa", 1), ("bare", 1), ("bare", 2), ("bare", 0)])
def test_the_sides_on_a_gpu_are_closed_when_one_fails(parts, sides, monkeypatch, name, at):
    monkeypatch.setattr(parts[2], "_has_cuda", lambda: True)
    sides.failing = (name, at, parts[1].NotHad("out of memory"))
    results = parts[0].run(_bench(parts[1]), ["gpu"])
    assert results.reasons["gpu"] == "out of memory"
    assert [side.closed for side in sides.made if (side.name, at) != (name, 0)]
    assert all(side.closed for side in sides.made if (side.name, at) != (name, 0))


def test_the_figures_on_a_gpu(parts, sides, monkeypatch):
    monkeypatch.setattr(parts[2], "_has_cuda", lambda: True)
    results = parts[0].run(_bench(parts[1]), ["gpu"])
    assert results.details["gpu"]["bfloat16"] == {"tokens_per_second": 4.0, "share_in_the_model": 2.0}
    assert results.details["gpu"]["agreement"] == {"mean_gap_nats": 0.0, "greatest_gap_nats": 0.0}
    assert "gpu" not in results.reasons
    assert all(side.closed for side in sides.made)


def test_what_it_was_measured_on_is_in_the_details(parts, monkeypatch, tmp_path, capsys):
    from types import SimpleNamespace

    from tests.lm.made_tokenizers import make_tokenizer

    benchmark, base, _, _ = parts
    make_tokenizer(tmp_path)
    monkeypatch.setattr(benchmark, "run", lambda *_: base.Results())
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda _: SimpleNamespace(directory=tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    data, written = tmp_path / "mine.txt", tmp_path / "b.json"
    found = []
    for text in ("One stands here. Two too.", "One stands here. Two too!"):
        data.write_text(text)
        command = ["--data", str(data), "--documents", "3", "--threads", "1", "-o", str(written)]
        assert benchmark.main(command) == 0
        found.append(json.loads(written.read_text())["details"])
    capsys.readouterr()
    tokens = [found[0].pop(f"{kind}_tokens") for kind in ("documents", "sentences")]
    assert tokens[0] > tokens[1] > 0
    digests = [details.pop("texts_sha256") for details in found]
    assert digests[0] != digests[1]
    assert {len(digest) for digest in digests} == {12}
    assert found[0] == {"model": "smollm2-135m", "threads": 1, "rounds": 5, "documents": 3, "sentences": 2}


def test_the_table_has_the_goals_for_agreement_and_linear_time(parts):
    results = parts[1].Results()
    lines = {line.split()[0]: line for line in parts[0].table(results).splitlines() if line}
    assert lines["agreement"].split()[1:4] == ["null", "<=", "1e-3"]
    assert lines["linear_time"].split()[1:4] == ["null", "<=", "1.10"]
    for name, gap in (("minicons_documents", 2e-5), ("lmppl_documents", 3e-4), ("none", None)):
        results.agreement[name] = {
            "greatest_gap_nats": gap,
            "texts_with_the_same_tokens": 1,
            "texts": 1,
            "note": "",
        }
    steps = {"1 to 10": 0.9, "10 to 100": 0.5, "100 to 1000": 0.55}
    results.details["memory_seconds_a_page"] = steps
    results.details["linear_time"] = parts[3].slowing(steps)
    lines = {line.split()[0]: line for line in parts[0].table(results).splitlines() if line}
    assert lines["agreement"].split()[1:4] == ["3.0e-04", "<=", "1e-3"]
    assert lines["linear_time"].split()[1:4] == ["1.100", "<=", "1.10"]
    assert "0.9" not in lines["linear_time"]


def test_linear_time_wants_two_steps_from_ten_pages_on(parts):
    slowing = parts[3].slowing
    assert slowing({}) is slowing({"1 to 10": 1.0, "10 to 100": 0.5}) is None
    assert slowing({"10 to 100": 0.0, "100 to 1000": 0.5}) is None
    assert slowing({"10 to 50": 0.5, "50 to 100": 0.6, "100 to 1000": 0.4}) == 1.5


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
    assert "tokens are not compared" in results.agreement["two"]["note"]
    assert "not compared" not in results.agreement["one"]["note"]


def test_commands_run_where_the_plain_script_does(parts, monkeypatch, tmp_path):
    """With a GPU at hand the plain script still ran on the CPU."""
    from types import SimpleNamespace

    commands, ran = parts[3], []
    monkeypatch.setattr(commands, "_seconds", lambda command, _: ran.append(command) or 1.0)
    results = SimpleNamespace(ratio=lambda *_: None, details={})
    commands.measure_start(SimpleNamespace(rounds=1, folder=tmp_path), results)

    def popen(command, **_):
        ran.append(command)
        raise InterruptedError

    monkeypatch.setattr(commands.subprocess, "Popen", popen)
    with pytest.raises(InterruptedError):
        commands._peak(tmp_path / "a.txt", tmp_path)
    ranks = [command for command in ran if "rank" in command]
    assert len(ranks) >= 3
    assert all(command[command.index("--device") + 1] == "cpu" for command in ranks)


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
    for arguments in (
        ["--sections", "speed"],
        ["--pages", "x"],
        ["--rounds", "0"],
        ["--documents", "0"],
        ["--threads", "0"],
        ["--peer-python", "x"],
        ["--peer-python", "lmpl=python"],
    ):
        with pytest.raises(SystemExit) as caught:
            parts[0].parse(arguments)
        assert caught.value.code == 2
    capsys.readouterr()


def test_figures_that_could_not_be_written_at_the_end_are_not_made(parts, capsys, tmp_path, monkeypatch):
    def refused(path):
        with pytest.raises(SystemExit) as caught:
            parts[0].main(["-o", str(path)])
        assert caught.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert "there is no folder" in refused(tmp_path / "none" / "b.json")
    assert "this is a folder" in refused(tmp_path)
    (tmp_path / "file").write_text("")
    assert "there is no folder" in refused(tmp_path / "file" / "b.json")
    monkeypatch.setattr(parts[0].os, "access", lambda *_: False)
    assert "can't be written" in refused(tmp_path / "b.json")


def test_texts_that_are_not_there_are_told_first(parts, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(parts[0], "run", lambda *_: pytest.fail("it went on"))
    (tmp_path / "empty").write_text(" \n\n \n")
    (tmp_path / "latin").write_bytes("Käse".encode("latin-1"))
    for path in (tmp_path / "none", tmp_path, tmp_path / "empty", tmp_path / "latin"):
        assert parts[0].main(["--data", str(path)]) == 2
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert captured.out == ""
        assert f"--data {path}" in line


@pytest.mark.model
@pytest.mark.slow
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
    assert {"model", "documents_tokens", "sentences_tokens", "texts_sha256"} <= set(found["details"])
    assert "documents_to_limit" in done.stdout
