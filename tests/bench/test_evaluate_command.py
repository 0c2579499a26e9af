"""`mtqa evaluate` on the command line, with a fake model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mtqa import cli, pipeline
from mtqa.lm.fake import FakeBackend
from mtqa.lm.local import ModelFiles
from tests.bench.labelled_texts import BAKERY, FERRY, PAIRS, SCORED, write_jsonl

DEFAULT = Path(__file__).parents[2] / "configs" / "perplexity.yaml"


@pytest.fixture
def mtqa(monkeypatch, tmp_path, capfdbinary):
    """Runs the command in an empty directory; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MTQA_DATA", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    table = np.random.default_rng(0).normal(size=(300, 300)) * 2
    loaded = []

    def load(*_: object) -> FakeBackend:
        loaded.append(1)
        return FakeBackend(vocabulary=300, logits=lambda ids: table[ids[-1]], max_tokens=4096)

    monkeypatch.setattr(pipeline, "load_backend", load)
    # Or the real model's files would be fetched into each test's own cache, to tell which head is theirs.
    files = ModelFiles("smollm2-135m", tmp_path, "0" * 64, "1" * 64, None, ("*",))
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)

    def run(*arguments: object):
        capfdbinary.readouterr()
        extra = ["--no-ledger", "--resamples", "20"] if "--help" not in arguments else []
        code = cli.main(["evaluate", *(str(a) for a in arguments), *extra])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    run.loaded = loaded  # type: ignore[attr-defined]
    return run


@pytest.fixture
def files(tmp_path) -> list[Path]:
    named = {"documents": [BAKERY, FERRY], "scored": SCORED, "pairs": PAIRS}
    return [write_jsonl(tmp_path / f"{name}.jsonl", records) for name, records in named.items()]


def test_all_shapes_with_one_model(mtqa, files):
    code, out, err = mtqa(DEFAULT, "--data", *files, "--measure", "surprisal_max")
    assert code == 0, err
    for word in ("documents", "scored", "pairs", "roc_auc", "spearman", "accuracy", "seed:0"):
        assert word in out
    assert "config" not in err
    assert len(mtqa.loaded) == 1


def test_json_to_a_file_by_its_ending(mtqa, files):
    code, out, err = mtqa(DEFAULT, "--data", files[0], "-o", "out.json", "--by", "genre,type")
    assert (code, out) == (0, "")
    record = json.loads(Path("out.json").read_text())
    assert record["schema"] == 1
    assert record["config"] == "perplexity"
    assert set(record["by"]) == {"genre", "type"}
    assert "independent documents" in err
    assert [p.name for p in Path().iterdir()] == ["out.json"]


def test_quiet_is_quiet(mtqa, files):
    code, _, err = mtqa(DEFAULT, "--data", files[0], "-o", "out.html", "-q")
    assert (code, err) == (0, "")
    assert Path("out.html").read_text().startswith("<!DOCTYPE html>")


def test_data_without_a_config_and_names_after_the_first(mtqa, files):
    code, out, _ = mtqa("--data", files[1], files[2], "--format", "markdown", "--measure", "perplexity")
    assert code == 0
    assert "## Scored" in out
    assert "## Pairs" in out
    assert "default measure\\=perplexity" in out or "default measure=perplexity" in out


def test_a_yaml_about_data_is_no_config_behind_data(mtqa, files, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("translation,z_mean\nA cat sat.,1\nSat cat a.,-1\nIt rains.,0.5\n", encoding="utf-8")
    about = tmp_path / "sheet.yaml"
    about.write_text("data: sheet.csv\ncolumns: {text: translation, score: z_mean}\n", encoding="utf-8")
    one = files[0]
    for arguments in (["--data", one, about], [f"--data={one}", about], ["--data", about, one]):
        code, out, err = mtqa("-f", "json", "--threads", "1", "--measure", "perplexity", *arguments)
        assert code == 0, err
        assert {d["shape"] for d in json.loads(out)["data"]} == {"documents", "scored"}
        assert json.loads(out)["config"] == "default measure=perplexity"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "name labelled data with --data"),
        (["default"], "name data with --data"),
        (["default", "--data", "FILE"], "default: no such file (CONFIG is a YAML file"),
        (["no.yaml", "--data", "FILE"], "no.yaml: no such config file"),
        (["--data", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["--data", "FILE", "--measure", "perplexty"], "did you mean 'perplexity'"),
        (["--data", "FILE", "--by", "gnere"], "did you mean 'genre'"),
        (["--data", "FILE", "--format", "jsn"], "did you mean 'json'"),
        (["--data", "FILE", "-o", "out.docx"], "no format goes by that ending"),
        (["--data", "FILE", "-o", "nowhere/out.json"], "its directory does not exist"),
        (["--data", "FILE", "-o", "FILE", "-f", "json"], "is one of the input files"),
        (["--data", "FILE", "--limit", "-1"], "--limit"),
        (["--data", "FILE", "--columns", "no.yaml"], "no.yaml: no such file of columns"),
        (["--corrupt", "nowhere.txt"], "nowhere.txt: no such file"),
        (["x.txt", "--data", "FILE", "--corrupt", "FILE"], "is it data or clean text?"),
    ],
)
def test_mistakes_get_one_line_and_load_no_model(mtqa, files, arguments: list[str], expected: str):
    before = files[0].read_bytes()
    code, out, err = mtqa(*(str(files[0]) if a == "FILE" else a for a in arguments))
    assert (code, out) == (2, "")
    assert expected in err
    assert len(err.splitlines()) == 1
    assert mtqa.loaded == []
    assert files[0].read_bytes() == before


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("evaluate", "; use --limit, fewer --resamples, or a smaller --model"),
        ("compare", "; use --limit, or fewer --resamples"),
        ("rank", "; use a smaller --window, or a smaller --model"),
        ("corrupt", "; use a smaller --model"),
        ("measures", ""),
    ],
)
def test_out_of_memory_advises_what_the_command_has(monkeypatch, capfd, command: str, advice: str):
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cli.cli, "invoke", full)
    assert cli.main([command, "x"]) == 1
    assert capfd.readouterr().err == f"mtqa: out of memory{advice}\n"


def test_bad_data_names_file_record_and_field(mtqa, tmp_path):
    bad = write_jsonl(tmp_path / "bad.jsonl", [{"text": "A.", "label": 0}, {"text": "B.", "label": 3}])
    code, out, err = mtqa("--data", bad)
    assert (code, out) == (2, "")
    assert err.startswith("mtqa: ")
    assert "bad.jsonl: record 2: label: 3 is not 0 (sound) or 1 (corrupted)" in err


def test_clean_text_is_corrupted_on_the_fly(mtqa, tmp_path):
    pytest.importorskip("lemminflect")
    from mtqa.bench.corruptions.resources import load_resources
    from mtqa.errors import UsageError

    try:
        load_resources()
    except UsageError as error:
        pytest.skip(str(error))
    clean = tmp_path / "clean.txt"
    clean.write_text(
        "The harbour was quiet when the first trawler came in. Its crew had been out for nine days.\n\n"
        "On the quay a dozen buyers waited under a grey tarpaulin. Prices have fallen since the spring. "
        "The skipper plans to sell the old boat next year. The council may lower its harbour dues.\n",
        encoding="utf-8",
    )
    code, out, err = mtqa("--corrupt", clean, "--measure", "surprisal_max", "-f", "json", "--seed", "2")
    assert code == 0, err
    record = json.loads(out)
    (data,) = record["data"]
    assert data["name"] == "corrupted:2 clean.txt"
    assert 0 < data["corrupted"] < data["n"] == 6
    assert record["metrics"]["roc_auc"]["value"] is not None


@pytest.mark.model
def test_the_second_evaluation_runs_no_model(tmp_path, monkeypatch, files, smollm2_files, capsys):
    """The ledger makes an evaluation resumable: the same sentences by another measure load nothing."""
    monkeypatch.setenv("MTQA_LEDGER", str(tmp_path / "ledger"))
    assert cli.main(["evaluate", "--data", str(files[2]), "-f", "json", "--resamples", "5"]) == 0

    def refuse(*_: object) -> None:
        raise AssertionError("the model was loaded again")

    monkeypatch.setattr(pipeline, "load_backend", refuse)
    again = ["evaluate", "--data", str(files[2]), "-f", "json", "--resamples", "5", "--measure", "perplexity"]
    assert cli.main(again) == 0
    assert '"accuracy"' in capsys.readouterr().out
