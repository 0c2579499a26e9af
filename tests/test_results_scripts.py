"""`scripts/compare_all.py`, `evaluate_all.py`, `breakdown.py`: every corpus, and going on after a break."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mtqa import pipeline
from mtqa.bench.comparison.words import figure
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.config import Config
from mtqa.detect.head import FOLDER, load_head
from mtqa.errors import InputError
from mtqa.lm.fake import FakeBackend
from mtqa.lm.local import ModelFiles

SCRIPTS = Path(__file__).parent.parent / "scripts"


def _logits(read):
    return 3 * np.cos((np.arange(120) - read[-1]) / 9.0)


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import breakdown
    import compare_all
    import corpora
    import evaluate_all

    return {"compare": compare_all, "evaluate": evaluate_all, "breakdown": breakdown, "corpora": corpora}


@pytest.fixture
def backends(monkeypatch, tmp_path):
    """The fake in the model's place, and no ledger: every backend that was loaded has scored."""
    made: list[FakeBackend] = []
    folder = tmp_path / "model"
    folder.mkdir()
    files = ModelFiles("fake", folder, "0" * 64, "0" * 64, None, ("*",))

    def load(*_):
        made.append(FakeBackend(vocabulary=120, logits=_logits))
        return made[-1]

    monkeypatch.setattr(pipeline, "load_backend", load)
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)
    return made


@pytest.fixture
def data(tmp_path) -> Path:
    """Two labelled corpora, one of documents and one of pairs, and one without labels."""
    folder = tmp_path / "data"
    for name in ("boats", "twins", "clean"):
        (folder / name).mkdir(parents=True)
    documents = [
        {
            "doc": f"d{d}",
            "sentences": [{"text": f"Boat {d} {'xq' * i} is in.", "label": int(i == 1)} for i in range(3)],
        }
        for d in range(5)
    ]
    pairs = [
        {"id": f"p{i}", "good": f"Boat {i} is in.", "bad": f"Boat {i} is {i}in.", "phenomenon": "x"}
        for i in range(6)
    ]
    for name, rows in (
        ("boats/quay", documents),
        ("twins/all", pairs),
        ("clean/raw", [{"paragraphs": ["A."]}]),
    ):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


@pytest.fixture
def set_file(tmp_path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text("configs:\n- {name: p, measure: perplexity}\n- {name: s, measure: slor}\n")
    return path


@pytest.fixture
def run(scripts, monkeypatch, capsys):
    def call(which: str, *arguments: object):
        monkeypatch.setattr(sys, "argv", [f"{which}.py", *map(str, arguments), "--resamples", "20"])
        code = scripts[which].main()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_labelled_corpora_are_found_by_name(scripts, data):
    find = scripts["corpora"].corpora
    assert [c.name for c in find(data)] == ["boats/quay", "twins/all"]
    assert [c.name for c in find(data, ["twins"])] == ["twins/all"]
    with pytest.raises(InputError, match="There are: boats/quay, twins/all"):
        find(data, ["ships"])
    with pytest.raises(InputError, match="no JSONL file below it"):
        find(data / "nowhere")


def test_a_comparison_of_every_corpus_goes_on_where_it_stopped(run, backends, data, set_file, tmp_path):
    out = tmp_path / "results"
    code, text, err = run("compare", set_file, "--data", data, "--corpora", "boats", "-o", out)
    assert code == 0
    assert "[1/1] two on boats/quay" in err
    loaded = len(backends)
    code, text, err = run("compare", set_file, "--data", data, "-o", out)
    assert code == 0
    assert "[1/2] two on boats/quay: done already" in err
    assert "[2/2] two on twins/all\n" in err
    assert len(backends) == loaded + 1
    assert text.count("| p |") == 1
    assert (out / "two.md").read_text() in text + "\n"
    held = json.loads((out / "two.json").read_text())
    assert list(held["corpora"]) == ["boats/quay", "twins/all"]
    leader = held["corpora"]["twins/all"]["data"][0]["metrics"]["accuracy"]
    row = next(line for line in text.splitlines() if line.startswith("| p |"))
    assert figure(leader["values"]["p"]["value"]) in row
    assert "Config" in (out / "two" / "boats-quay.md").read_text()


def test_changed_data_are_run_again_and_other_corpora_are_not(run, backends, data, set_file, tmp_path):
    out = tmp_path / "results"
    run("compare", set_file, "--data", data, "-o", out)
    with (data / "twins" / "all.jsonl").open("a") as file:
        file.write(json.dumps({"id": "new", "good": "A boat.", "bad": "A boats."}) + "\n")
    _, _, err = run("compare", set_file, "--data", data, "-o", out)
    assert "boats/quay: done already" in err
    assert "twins/all: done" not in err


@pytest.mark.parametrize("which", ["compare", "evaluate"])
def test_results_of_another_run_are_kept_unless_anew_is_asked_for(
    run, backends, data, set_file, tmp_path, which
):
    given, out = ([set_file] if which == "compare" else []), tmp_path / "results"
    run(which, *given, "--data", data, "-o", out)
    (path,) = out.glob("*.json")
    before, loaded = path.read_bytes(), len(backends)
    code, text, err = run(which, *given, "--data", data, "-o", out, "--limit", 4)
    assert (code, text, len(err.splitlines())) == (2, "", 1)
    assert f"{path}: holds 2 corpora of another run (limit: 0 there, 4 now); --anew" in err
    assert (path.read_bytes(), len(backends)) == (before, loaded)
    code, _, err = run(which, *given, "--data", data, "-o", out, "--limit", 4, "--corpora", "twins", "--anew")
    assert code == 0
    assert "done already" not in err
    held = json.loads(path.read_text())
    assert (held["run"]["limit"], list(held["corpora"])) == (4, ["twins/all"])


def test_what_is_refused_is_told_before_any_set_is_scored(run, backends, data, set_file, tmp_path):
    out, first = tmp_path / "results", tmp_path / "first.yaml"
    run("compare", set_file, "--data", data, "-o", out)
    first.write_text(set_file.read_text())
    set_file.write_text("configs:\n- {name: p, measure: perplexity, k: 5}\n- {name: t, measure: slor}\n")
    loaded = len(backends)
    code, _, err = run("compare", first, set_file, "--data", data, "-o", out)
    assert code == 2
    assert "of another run (configs: p, t, s);" in err
    assert len(backends) == loaded


def test_sets_of_one_name_would_write_over_each_other(run, data, set_file, tmp_path):
    code, _, err = run("compare", set_file, set_file, "--data", data, "-o", tmp_path / "results")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "two sets go by the name 'two'" in err


@pytest.fixture
def package_heads(scripts, monkeypatch, tmp_path):
    """Files in place of the package's heads."""
    folder = tmp_path / "heads"
    folder.mkdir()
    for name in ("smollm2-135m", "gemma-3-270m"):
        (folder / f"{name}.safetensors").write_bytes(name.encode())
    monkeypatch.setattr(scripts["corpora"], "FOLDER", folder)
    return folder


def test_a_new_head_of_another_model_changes_nothing(run, backends, data, tmp_path, package_heads):
    out = tmp_path / "results"
    run("evaluate", "--data", data, "-o", out)
    path = out / "default.json"
    held = json.loads(path.read_text())
    assert list(held["run"]["heads"]) == ["smollm2-135m"]
    held["run"]["heads"]["gemma-3-270m"] = "0" * 12  # as files of earlier versions have it
    path.write_text(json.dumps(held))
    (package_heads / "gemma-3-270m.safetensors").write_bytes(b"new")
    code, _, err = run("evaluate", "--data", data, "-o", out)
    assert (code, err.count("done already")) == (0, 2)
    (package_heads / "smollm2-135m.safetensors").write_bytes(b"new")
    code, _, err = run("evaluate", "--data", data, "-o", out)
    assert code == 2
    assert "of another run (heads: smollm2-135m);" in err


def test_heads_are_those_that_the_configs_may_use(scripts, package_heads):
    def names(**keys: str) -> list[str]:
        return list(scripts["corpora"].heads([Config(**keys)]))

    assert names(model="gemma-3-270m") == ["gemma-3-270m"]
    assert names(model="gemma-3-270m", detector="none") == []
    assert names(model="models/mine") == ["gemma-3-270m", "smollm2-135m"]


def test_files_that_a_config_names_are_known_by_what_is_in_them(scripts, package_heads, tmp_path):
    head, calibration = tmp_path / "head.safetensors", tmp_path / "own.json"
    config = Config(detector=str(head), calibration=str(calibration))
    found = []
    for text in ("one", "two"):
        head.write_text(text)
        calibration.write_text(text)
        found.append(scripts["corpora"].heads([config]))
    first, second = found
    assert first.keys() == {"smollm2-135m", str(head), str(calibration)}
    assert all(first[str(path)] != second[str(path)] for path in (head, calibration))
    assert first["smollm2-135m"] == second["smollm2-135m"]


def test_the_results_in_the_docs_are_read(scripts):
    folder = SCRIPTS.parent / "docs" / "results"
    for path in folder.glob("*.json"):
        run = json.loads(path.read_text())["run"]
        configs = run["configs"].values() if "configs" in run else [run["config"]]
        models = {c["model"] for c in configs}
        held = {name: digest for name, digest in run["heads"].items() if name in models}
        assert list(scripts["corpora"].Results(path, {**run, "heads": held}).items())


def test_an_evaluation_of_every_corpus(run, backends, data, tmp_path):
    out = tmp_path / "results"
    code, text, _ = run("evaluate", "--data", data, "-o", out)
    assert code == 0
    for heading in ("## Documents", "## Pairs", "`average_precision`", "`accuracy`", "sentence length"):
        assert heading in text
    held = json.loads((out / "default.json").read_text())["corpora"]
    value = held["boats/quay"]["metrics"]["average_precision"]["value"]
    assert f"{value:.3f}".replace("0.", ".", 1) in text
    loaded = len(backends)
    code, again, err = run("evaluate", "--data", data, "-o", out)
    assert again == text
    assert err.count("done already") == 2
    assert len(backends) == loaded


@pytest.mark.parametrize("which", ["compare", "evaluate"])
def test_the_seed_is_told_and_that_of_the_command_line(run, backends, data, set_file, tmp_path, which):
    given = [set_file] if which == "compare" else []
    run(which, *given, "--data", data, "--corpora", "twins", "-o", tmp_path / "results")
    (written,) = (tmp_path / "results").glob("*.json")
    held = json.loads(written.read_text())
    assert held["run"]["seed"] == 0
    assert "seed:0" in held["corpora"]["twins/all"]["signature"]


@pytest.mark.parametrize("which", ["compare", "evaluate"])
def test_mistakes_are_one_line(run, data, set_file, tmp_path, which):
    given = [set_file] if which == "compare" else []
    code, out, err = run(which, *given, "--data", tmp_path / "nowhere", "-o", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{which}_all: ")
    assert len(err.splitlines()) == 1
    broken = tmp_path / ("two.json" if which == "compare" else "default.json")
    for content, expected in (("{", "not JSON"), ("[]", "no results of this script")):
        broken.write_text(content)
        code, _, err = run(which, *given, "--data", data, "-o", tmp_path)
        assert code == 2
        assert expected in err


def test_a_breakdown_shows_every_group_by_every_config(run, backends, data, tmp_path):
    rows = [
        {
            "id": f"p{i}",
            "good": f"Boat {i} is in.",
            "bad": f"Boat {i} is {i}in.",
            "phenomenon": f"kind{i % 2}",
        }
        for i in range(6)
    ]
    (data / "twins" / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    configs = [tmp_path / f"{name}.yaml" for name in ("perplexity", "slor")]
    for path in configs:
        path.write_text(f"measure: {path.stem}\n")
    out = tmp_path / "twins.md"
    wanted = ("--data", data, "--corpora", "twins", "--by", "phenomenon")
    code, text, err = run("breakdown", *configs, *wanted, "-o", out)
    assert code == 0, err
    assert out.read_text() == text
    table = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert table[0] == ["phenomenon", "n", "perplexity", "slor"]
    assert [(row[0], row[1]) for row in table[2:]] == [("all", "6"), *((row[0], "3") for row in table[3:])]
    assert {row[0] for row in table[3:]} == {"kind0", "kind1"}
    values = [[float(cell.split()[0]) for cell in row[2:]] for row in table[2:]]
    assert values[1][0] >= values[2][0]
    assert values[0] == pytest.approx(np.mean(values[1:], axis=0), abs=6e-4)


def test_the_cards_of_the_heads_that_ship(monkeypatch, capsys, tmp_path):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import head_card

    out = tmp_path / "heads.md"
    monkeypatch.setattr(sys, "argv", ["head_card.py", "-o", str(out)])
    head_card.main()
    text = out.read_text(encoding="utf-8")
    assert capsys.readouterr().out == text
    head = load_head(FOLDER / "smollm2-135m.safetensors")
    section = text[text.index(f"## smollm2-135m: `{head.digest[:12]}`") :].split("\n## ")[0]
    assert "after layers 16 and 20" in section
    assert f"{sum(own['tokens'] for own in head.card['data'].values()):,} tokens." in section
    for name, own in head.card["data"].items():
        (line,) = (line for line in section.splitlines() if line.startswith(f"| {name} |"))
        assert line.endswith(f"| {own['weight']:g} | {own['licence']} | `{own['sha256'][:12]}` |")
        assert all(figure(value) in line for value in head.card["unseen"][name].values())
    assert all(f"`{name}` {figure(share)}" in section for name, share in head.recall_by_type.items())


def test_the_cards_in_the_docs_are_of_the_heads_that_ship(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import head_card

    heads = [load_head(path) for path in sorted(FOLDER.glob("*.safetensors"), reverse=True)]
    kept = SCRIPTS.parent / "docs" / "results" / "heads.md"
    assert kept.read_text(encoding="utf-8") == "\n".join(head_card.markdown(heads)) + "\n"


def test_articles_are_corrupted_and_compared_in_one_command(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import corrupt_and_compare

    sound = [tmp_path / f"{name}.jsonl" for name in "ab"]
    for path in sound:
        path.write_text("".join(f'{{"doc": "{path.stem}{i}"}}\n' for i in range(4)), encoding="utf-8")
    asked: list[list[str]] = []
    read: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        asked.append(command[3:])
        if command[3] == "corrupt":
            read.append(Path(command[4]).read_text(encoding="utf-8").splitlines())
        return SimpleNamespace(returncode=statuses.pop(0))

    monkeypatch.setattr("subprocess.run", run)
    arguments = ["x", "set.yaml", *map(str, sound), "--first", "2", "--types", "loop", "-o", "docs/made.md"]
    monkeypatch.setattr(sys, "argv", arguments)
    statuses = [0, 0]
    assert corrupt_and_compare.main() == 0
    assert [json.loads(line)["doc"] for line in read[0]] == ["a0", "a1", "b0", "b1"]
    corrupt, compare = asked
    assert corrupt[-2:] == ["--types", "loop"]
    made = corrupt[corrupt.index("-o") + 1]
    assert made.endswith("/corrupted/made.jsonl")
    assert compare == ["compare", "set.yaml", "--data", made, "-o", "docs/made.md"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--by", "type"])
    statuses = [0, 0]
    assert corrupt_and_compare.main() == 0
    assert asked[-1][:3] == ["evaluate", "set.yaml", "--data"]
    assert asked[-1][4:] == ["--by", "type", "-o", "docs/made.md"]
    statuses = [2]
    assert corrupt_and_compare.main() == 2
    monkeypatch.setattr(sys, "argv", ["x", "set.yaml", str(tmp_path / "none.jsonl")])
    assert corrupt_and_compare.main() == 1


def test_verdicts_are_held_against_the_labels(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import verdicts

    p, labels = [0.99, 0.6, 0.01, 0.02, 0.01, 0.99], [1, 1, 0, 0, 0, 1]
    sentences = [LabelledSentence(f"Number {i}.", label) for i, label in enumerate(labels)]
    line = LabelledSentence("READ MORE", boilerplate=True)
    documents = (
        LabelledDocument("corrupted", (*sentences[:3], line)),
        LabelledDocument("sound", tuple(sentences[3:5])),
        LabelledDocument("alone", tuple(sentences[5:]), isolated=True),
        LabelledDocument("without labels", (LabelledSentence("Ten."),)),
    )
    data = LabelledSet("made", "0" * 64, "documents", documents)
    values = np.array([*p[:3], 0.0, *p[3:], 0.9])
    table = ScoreTable(data, "c", "s", values, document_index(data), unscored={3: "boilerplate"})
    table = dataclasses.replace(table, probability=values, q_value=1 - values)
    first, second = verdicts.judged(table)
    assert (first.corrupted, first.verdict.low, first.verdict.high, first.verdict.evidence) == (2, 1, 2, True)
    assert (second.corrupted, second.verdict.low, second.verdict.high) == (0, 0, 1)
    assert not second.verdict.evidence
    text = "\n".join(verdicts.markdown({"made": [first, second], "none": []}, head="0123456789ab"))
    assert "detector `0123456789ab`" in text
    without = "0 (0.0%; 0.0% to 79.3%) | 1 (100.0%; 20.7% to 100.0%)"
    assert f"| made | 2 | 2 (100.0%; 34.2% to 100.0%) | {without} |" in text
    assert "| none" not in text
    assert verdicts.judged(dataclasses.replace(table, probability=None)) == []


def test_a_breakdown_by_what_no_data_have_is_refused(run, backends, data, set_file, tmp_path):
    config = tmp_path / "perplexity.yaml"
    config.write_text("measure: perplexity\n")
    code, _, err = run("breakdown", config, "--data", data, "--corpora", "twins", "--by", "colour")
    assert code != 0
    assert err.splitlines()[-1].startswith("breakdown: ")
    assert "colour" in err
