"""`mtqa compare` and `mtqa.compare`, a fake model in the place of the real one."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

import mtqa
from mtqa import cli, pipeline
from mtqa.bench.comparison.build import CompareSettings
from mtqa.bench.evaluate import EvaluateSettings
from mtqa.config import Config, NamedConfig
from mtqa.errors import ConfigError, UsageError
from mtqa.lm.fake import FakeBackend
from mtqa.lm.local import ModelFiles

WORDS = ["harbour", "trawler", "quay", "skipper", "tide", "winter", "council", "price", "engine", "rope"]
QUICK = CompareSettings(draws=50, randomisations=49)


def _logits(read):
    """Every character expects its neighbours in the alphabet."""
    return 3 * np.cos((np.arange(120) - read[-1]) / 9.0)


def documents(count: int = 6) -> list[dict]:
    """Four sentences each, the third corrupted; the answers are words that no sentence holds."""
    made = []
    for d in range(count):
        sentences = [
            {
                "text": f"The {WORDS[(d + i) % 10]} was {WORDS[(d * i + 3) % 10]} again."
                if i != 2
                else f"Zq {WORDS[d % 10]} xx~{d} {{}} was.",
                "label": int(i == 2),
                "orig": "SECRETANSWER",
            }
            for i in range(4)
        ]
        made.append({"doc": f"d{d}", "sentences": sentences})
    return made


@pytest.fixture
def data(tmp_path) -> Path:
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(json.dumps(d) + "\n" for d in documents()))
    return path


@pytest.fixture
def graded(tmp_path) -> Path:
    path = tmp_path / "graded.jsonl"
    rows = [
        {"id": str(i), "text": f"A {WORDS[i % 10]} and a {WORDS[i * 3 % 10]}.", "score": i % 4}
        for i in range(12)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def loads(monkeypatch, tmp_path) -> list[FakeBackend]:
    """The fake in every model's place, its tokenizer named for the model; every backend that was loaded."""
    made: list[FakeBackend] = []

    def files(name, **_):
        folder = tmp_path / f"model-{name}"
        folder.mkdir(exist_ok=True)
        return ModelFiles(name, folder, name[0] * 64, name[-1] * 64, None, ("*",))

    def load(config, _progress):
        backend = FakeBackend(vocabulary=120, logits=_logits)
        own = files(config.model)
        backend._identity = dataclasses.replace(
            backend._identity,
            name=config.model,
            weights_sha256=own.weights_sha256,
            tokenizer_sha256=config.model[-1] * 64,
        )
        made.append(backend)
        return backend

    monkeypatch.setattr(pipeline, "load_backend", load)
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", files)
    return made


@pytest.fixture
def ledger(monkeypatch, tmp_path):
    monkeypatch.setenv("MTQA_LEDGER", str(tmp_path / "ledger"))


@pytest.fixture
def run(capfdbinary):
    def call(*arguments: object):
        capfdbinary.readouterr()
        code = cli.main([str(a) for a in arguments])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return call


def test_two_measures_in_python(loads, data):
    found = mtqa.compare(
        {"perplexity": Config(measure="perplexity"), "slor": Config(measure="slor")}, data, settings=QUICK
    )
    assert isinstance(found, mtqa.Comparison)
    assert [c.name for c in found.contenders] == ["perplexity", "slor"]
    assert found.sets[0].documents == 6
    assert found.contenders[1].settings == {"measure": "slor"}
    assert found.signature.startswith(f"mtqa:{mtqa.__version__}|compare|data:")
    assert "labelled.jsonl@" in found.signature
    alone = mtqa.evaluate(data, measure="slor", settings=EvaluateSettings(resamples=2)).metrics()
    for name in ("average_precision", "roc_auc", "precision_at_1"):
        assert found.sets[0].metrics[name].estimates["slor"].value == pytest.approx(alone[name].value)


def test_a_backend_of_the_callers_own(data):
    backend = FakeBackend(vocabulary=120, logits=_logits)
    found = mtqa.compare(
        {"a": Config(), "b": Config(measure="perplexity")}, data, settings=QUICK, backend=backend
    )
    assert backend.windows_seen
    assert all(cost.tokens > 0 and cost.ledger_tokens == 0 for cost in found.sets[0].costs.values())


def test_one_model_is_loaded_once_and_scored_once(loads, data, ledger):
    configs = {m: Config(measure=m) for m in ("perplexity", "slor", "excess_surprisal")}
    found = mtqa.compare(configs, data, settings=QUICK)
    assert len(loads) == 1
    costs = found.sets[0].costs
    tokens = sum(len(w.ids) for w in loads[0].windows_seen)
    assert costs["perplexity"].tokens == tokens
    assert costs["perplexity"].tokens_per_second > 0
    for name in ("slor", "excess_surprisal"):
        assert (costs[name].tokens, costs[name].ledger_tokens) == (0, tokens)
        assert costs[name].tokens_per_second is None
    again = mtqa.compare(configs, data, settings=QUICK)
    assert len(loads) == 1
    assert again.sets[0].metrics == found.sets[0].metrics
    assert again.sets[0].costs["perplexity"].ledger_tokens == tokens


def test_isolated_sentences_from_the_ledger_load_no_model(loads, graded, ledger):
    configs = {"a": Config(measure="perplexity"), "b": Config(measure="slor")}
    first = mtqa.compare(configs, graded, settings=QUICK)
    loads.clear()
    again = mtqa.compare(configs, graded, settings=QUICK)
    assert not loads
    assert again.contenders == first.contenders


def test_without_the_ledger_every_config_is_timed_by_one_loaded_model(loads, data):
    configs = {m: Config(measure=m, ledger=False) for m in ("perplexity", "slor")}
    costs = mtqa.compare(configs, data, settings=QUICK).sets[0].costs
    assert len(loads) == 1
    assert costs["slor"].tokens == costs["perplexity"].tokens > 0
    assert costs["slor"].seconds > 0


def test_models_with_other_tokenizers(loads, data):
    configs = {
        "a": Config(model="x1"),
        "b": Config(model="y2"),
        "c": Config(model="x1", measure="perplexity"),
    }
    found = mtqa.compare(configs, data, settings=QUICK)
    assert [b.identity.name for b in loads] == ["x1", "y2"]
    assert [c.name for c in found.contenders] == ["a", "b", "c"]
    assert "perplexity" not in found.sets[0].metrics
    values = found.sets[0].metrics["bits_per_byte"].estimates
    assert values["a"].value == pytest.approx(values["c"].value)
    assert "different tokenizers" in found.notes[0]
    loads.clear()
    for metric in ("perplexity", "brier"):
        asked = dataclasses.replace(QUICK, metrics=("average_precision", metric))
        with pytest.raises(UsageError, match=f"'{metric}' can't be had for models with different tokenizers"):
            mtqa.compare(configs, data, settings=asked)
    assert loads == []  # before any scoring
    asked = dataclasses.replace(QUICK, metrics=("perplexity",))
    alike = {"a": Config(model="x2"), "b": Config(model="y2")}
    assert list(mtqa.compare(alike, data, settings=asked).sets[0].metrics) == ["perplexity"]


def test_one_model_is_held_at_a_time(loads, data, monkeypatch):
    load, held, before = pipeline.load_backend, weakref.WeakSet(), []

    def counted(*given):
        before.append(len(held))
        held.add(backend := load(*given))
        loads.clear()
        backend.itself = backend  # as a real one: only the collector finds it
        return backend

    monkeypatch.setattr(pipeline, "load_backend", counted)
    configs = {name: Config(model=name) for name in ("x1", "y2", "z3")}
    found = mtqa.compare({**configs, "x1 too": Config(model="x1", measure="slor")}, data, settings=QUICK)
    assert before == [0, 0, 0]
    assert [c.name for c in found.contenders] == ["x1", "y2", "z3", "x1 too"]
    assert not held


def test_bits_per_byte_is_the_surprisal_of_the_texts(data):
    backend = FakeBackend(vocabulary=64)  # uniform: 6 bits a character
    configs = {"a": Config(context="none"), "b": Config()}
    settings = dataclasses.replace(QUICK, metrics=("bits_per_byte", "perplexity"))
    metrics = mtqa.compare(configs, data, settings=settings, backend=backend).sets[0].metrics
    assert metrics["perplexity"].estimates["a"].value == pytest.approx(64, rel=1e-4)
    assert metrics["bits_per_byte"].estimates["a"].value == pytest.approx(6, rel=1e-4)


def test_names_are_needed_and_measures_known(data):
    with pytest.raises(UsageError, match="two configs at least"):
        mtqa.compare({"a": Config()}, data)
    with pytest.raises(UsageError, match="did you mean 'perplexity'"):
        mtqa.compare({"a": Config(), "b": Config(measure="perplexty")}, data)
    with pytest.raises(ConfigError, match="no such config file"):
        mtqa.compare(["nothing.yaml"], data)
    with pytest.raises(UsageError, match="unknown metric"):
        mtqa.compare(
            [NamedConfig("a", Config()), NamedConfig("b", Config())],
            data,
            settings=CompareSettings(metrics=("acuracy",)),
        )


@pytest.fixture
def two(tmp_path) -> list[Path]:
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text("measure: perplexity\n")
    b.write_text("measure: slor\n")
    return [a, b]


def test_the_command_on_two_files(loads, data, graded, two, run):
    code, out, err = run("compare", *two, "--data", data, graded, "--resamples", 20)
    assert (code, err) == (0, "")
    assert "Overview" in out
    assert "labelled.jsonl: 6 documents, 24 sentences" in out
    assert "graded.jsonl: 12 sentences" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ending", "start"), [("json", "{"), ("md", "# Configs compared"), ("html", "<!DOCTYPE")]
)
def test_the_command_writes_what_the_ending_says(loads, data, two, run, tmp_path, ending, start):
    output = tmp_path / f"out.{ending}"
    code, out, _ = run("compare", *two, "--data", data, "--resamples", 20, "-o", output)
    assert (code, out) == (0, "")
    text = output.read_text(encoding="utf-8")
    assert text.startswith(start)
    assert "SECRETANSWER" not in text


def test_the_notes_of_a_comparison_go_to_stderr_where_a_file_takes_it(loads, data, two, run, tmp_path):
    command = ("compare", *two, "--data", data, "--limit", 3, "--resamples", 20)
    code, _, err = run(*command)
    assert (code, err) == (0, "")
    output = tmp_path / "out.json"
    code, out, err = run(*command, "-o", output)
    assert (code, out) == (0, "")
    record = json.loads(output.read_text(encoding="utf-8"))
    (result,) = record["data"]
    wanted = [*record["notes"], *(f"{result['name']}: {note}" for note in result["notes"])]
    assert wanted
    assert err.splitlines() == [f"mtqa: {note}" for note in wanted]
    assert run(*command, "-o", output, "-q")[2] == ""


def test_the_command_on_a_set_with_chosen_metrics_and_a_limit(loads, data, run, tmp_path):
    path = tmp_path / "set.yaml"
    path.write_text("configs:\n- {name: one, measure: perplexity}\n- {name: two, measure: slor}\n")
    code, out, _ = run(
        "compare", path, "--data", data, "--limit", 4, "--metric", "roc_auc", "--resamples", 20, "-f", "json"
    )
    assert code == 0
    record = json.loads(out)
    assert record["data"][0]["documents"] == 4
    assert list(record["data"][0]["metrics"]) == ["roc_auc"]
    assert [c["name"] for c in record["configs"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name two configs, or a comparison set"),
        (["{a}"], "two configs at least"),
        (["{a}", "{a}"], "two configs go by the name 'a'"),
        (["{a}", "{b}"], "name labelled data"),
        (["{a}", "{b}", "--data"], "name labelled data with --data"),
        (["{a}", "{b}", "--data", "{data}", "--metric", "rocauc"], "did you mean 'roc_auc'"),
        (
            ["{a}", "{b}", "--data", "{data}", "--metric", "spearman"],
            "'spearman' can't be had for these data",
        ),
        (["{a}", "{b}", "--data", "{data}", "-f", "htlm"], "did you mean 'html'"),
        (["{a}", "{b}", "--data", "{data}", "-o", "{data}"], "labelled.jsonl"),
        (["{a}", "{b}", "--data", "{data}", "-o", "nowhere/x.html"], "does not exist"),
        (["{a}", "{b}", "--data", "nothing.jsonl"], "nothing.jsonl"),
        (["{a}", "{b}", "--data", "{data}", "--device", "gpu"], "unknown device"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(loads, data, two, run, arguments, message):
    places = {"a": two[0], "b": two[1], "data": data}
    code, out, err = run("compare", *(a.format(**places) for a in arguments), "-q")
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not loads or "spearman" in message


def test_no_answer_reaches_the_model(loads, data, two, run):
    run("compare", *two, "--data", data, "--resamples", 20)
    read = "".join(
        "".join(backend.pieces([i])[int(i)] for i in w.ids) for backend in loads for w in backend.windows_seen
    )
    assert "harbour" in read
    assert "SECRET" not in read


PEAK = """
import numpy as np
from mtqa import comparison

if not comparison._forget_peak():
    raise SystemExit("not counted")
before = comparison._peak_mb()
block = np.ones(40_000_000, dtype=np.uint8)
with_block = comparison._peak_mb()
del block
after = comparison._peak_mb()
comparison._forget_peak()
print(before, with_block, after, comparison._peak_mb())
"""


def test_peak_memory_is_that_of_the_run():
    # In a process of its own: here, a model that other tests left behind may be collected at any moment.
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, timeout=120)
    if "not counted" in done.stderr:
        pytest.skip("this system does not count peak memory anew")
    before, with_block, after, forgotten = map(float, done.stdout.split())
    assert with_block >= before + 35
    assert after >= before + 35
    assert forgotten < before + 35


def test_a_metric_that_the_data_can_not_give_is_refused_before_any_scoring(loads, data, graded):
    with pytest.raises(UsageError, match="'spearman' can't be had for these data; leave it out"):
        mtqa.compare(
            {"a": Config(), "b": Config(measure="slor")},
            data,
            settings=dataclasses.replace(QUICK, metrics=("spearman",)),
        )
    with pytest.raises(UsageError, match="limit is -1: a whole number from 0"):
        mtqa.compare({"a": Config(), "b": Config(measure="slor")}, data, limit=-1)
    assert loads == []
    settings = dataclasses.replace(QUICK, metrics=("spearman", "average_precision"))
    found = mtqa.compare({"a": Config(), "b": Config(measure="slor")}, [data, graded], settings=settings)
    assert [list(s.metrics) for s in found.sets] == [["average_precision"], ["spearman"]]


def _calibrated(monkeypatch, *contexts: str) -> None:
    """Every model has a calibration for these contexts; nothing reads it before scoring."""
    there = property(lambda self: object() if self.config.context in contexts else None)
    monkeypatch.setattr(pipeline.Ranker, "calibration", there)


def test_probabilities_that_no_config_gives_are_refused_before_any_scoring(
    loads, data, graded, tmp_path, monkeypatch
):
    configs = {
        "a": Config(measure="slor"),
        "b": Config(measure="perplexity", fdr=0.1),
        "c": Config(measure="slor"),
    }
    asked = dataclasses.replace(QUICK, metrics=("roc_auc", "brier"))
    said = "'brier' can't be had for a, b and c, which give no probabilities .*; leave it out"
    with pytest.raises(UsageError, match=said):
        mtqa.compare(configs, [data, graded], settings=asked)
    alone = tmp_path / "alone.jsonl"
    alone.write_text(
        "".join(json.dumps({"text": f"A {w} is here.", "label": i % 2}) + "\n" for i, w in enumerate(WORDS))
    )
    # Read without context: a calibration for documents says nothing of such sentences.
    _calibrated(monkeypatch, "document")
    with pytest.raises(UsageError, match=said):
        mtqa.compare(configs, alone, settings=asked)
    assert loads == []
    scored: list[str] = []

    def run(*_: object) -> list[object]:
        scored.append("here")
        raise UsageError("scored")

    monkeypatch.setattr("mtqa.comparison._run_all", run)
    for given, contexts in ((data, ("document",)), (alone, ("none",)), ([data, alone], ("none",))):
        _calibrated(monkeypatch, *contexts)
        with pytest.raises(UsageError, match=r"^scored$"):
            mtqa.compare(configs, given, settings=asked)
    assert len(scored) == 3


def test_the_signature_tells_how_the_sentences_were_read(loads, data, graded):
    """As an evaluation's does: sentences that stand alone are read without context, whatever the config's."""
    configs = {"a": Config(measure="slor"), "b": Config(measure="slor", context="none")}
    alone = mtqa.compare(configs, graded, settings=QUICK)
    own = mtqa.evaluate(graded, measure="slor", settings=EvaluateSettings(resamples=2)).signature
    assert [c.signature for c in alone.contenders] == [own.partition("|data:")[0]] * 2
    assert "|context:none|" in own
    # Both were read alike, so that the model's own figures are the same: nothing to compare.
    assert "bits_per_byte" not in alone.sets[0].metrics
    both = mtqa.compare(configs, [data, graded], settings=QUICK)
    a, b = (c.signature for c in both.contenders)
    assert [part.split("|context:")[1].split("|")[0] for part in a.split(" + ")] == ["document", "none"]
    assert b == own.partition("|data:")[0]
    assert "bits_per_byte" in both.sets[0].metrics


def test_a_config_at_a_rate_is_timed_like_any_other(loads, data):
    configs = {"a": Config(measure="slor", ledger=False), "b": Config(measure="slor", ledger=False, fdr=0.1)}
    costs = mtqa.compare(configs, data, settings=QUICK).sets[0].costs
    assert costs["b"].tokens == costs["a"].tokens > 0
    assert costs["b"].seconds > 0


@pytest.mark.parametrize("which", ["columns", "data", "calibration"])
def test_the_comparison_is_written_over_none_of_what_it_reads(run, loads, data, tmp_path, which):
    files = {
        "columns": (tmp_path / "columns.yaml", "columns: {text: text}\n"),
        "described": (tmp_path / "described.yaml", f"data: {data.name}\n"),
        "calibration": (tmp_path / "own.json", "{}"),
        "a": (tmp_path / "a.yaml", "measure: slor\n"),
        "b": (tmp_path / "b.yaml", f"measure: perplexity\ncalibration: {tmp_path / 'own.json'}\n"),
    }
    for path, text in files.values():
        path.write_text(text)
    output = data if which == "data" else files[which][0]
    before = output.read_bytes()
    given = (
        ["--data", files["described"][0]]
        if which == "data"
        else ["--data", data, "--columns", files["columns"][0]]
    )
    for command in (["compare", files["a"][0], files["b"][0]], ["evaluate", files["b"][0]]):
        code, out, err = run(*command, *given, "-f", "json", "-o", output)
        assert (code, out) == (1, "") or (code, out) == (2, "")
        assert "is one of the " in err
        assert output.read_bytes() == before
