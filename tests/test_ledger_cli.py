"""`mtqa ledger` and `mtqa rank --no-ledger`, and the main job twice without torch the second time."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mtqa import cli, pipeline
from mtqa.lm.fake import FakeBackend
from mtqa.lm.ledger_place import damaged_copy, ledger_file
from mtqa.lm.local import ModelFiles

ROOT = Path(__file__).parent.parent
SEED = ROOT / "seeds" / "000_528cacc9b8efffdc.txt"
PROSE = "The council met on Tuesday. Nobody expected the cucumber.\n\nIn the end the members agreed."


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MTQA_LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


@pytest.fixture
def loads(monkeypatch, tmp_path) -> list[FakeBackend]:
    """The fake in the model's place; every backend that was loaded."""
    made: list[FakeBackend] = []
    model = tmp_path / "model"
    model.mkdir()
    files = ModelFiles("fake", model, "0" * 64, "0" * 64, None, ("*",))
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: made.append(FakeBackend()) or made[-1])
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)
    return made


@pytest.fixture
def article(tmp_path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(PROSE)
    return path


@pytest.fixture
def mtqa(capfdbinary):
    def run(*arguments: object):
        capfdbinary.readouterr()
        code = cli.main([str(a) for a in arguments])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return run


def test_every_format_and_measure_from_one_scoring(mtqa, folder, loads, article):
    from mtqa.report.formats import FORMATS

    for format_ in FORMATS:
        for measure in ("perplexity", "excess_boosted"):
            code, out, err = mtqa("rank", article, "--format", format_, "--measure", measure)
            assert (code, err) == (0, "")
            assert out
    assert len(loads) == 1


def test_the_report_is_the_same_byte_for_byte(mtqa, folder, loads, article):
    reports = {mtqa("rank", article, "--format", "json") for _ in range(3)}
    assert len(reports) == 1
    assert len(loads) == 1


def test_no_ledger(mtqa, folder, loads, article, tmp_path):
    mtqa("rank", article, "--no-ledger")
    config = tmp_path / "c.yaml"
    config.write_text("ledger: false\n")
    mtqa("rank", article, "--config", config)
    assert len(loads) == 2
    assert not folder.exists()


def test_what_it_shows(mtqa, folder, loads, article):
    code, out, err = mtqa("ledger")
    assert (code, err) == (0, "")
    assert "entries   0 (0 tokens)" in out
    assert not folder.exists()
    for _ in range(3):
        mtqa("rank", article, "--no-repair")
    code, out, err = mtqa("ledger")
    assert (code, err) == (0, "")
    assert str(ledger_file(folder)) in out
    assert f"entries   1 ({len(PROSE)} tokens)" in out
    assert "of 1,000.0 MB" in out
    assert "hits      2; 1 stored" in out


def test_verify_prune_and_clear(mtqa, folder, loads, article, tmp_path):
    mtqa("rank", article, "--no-repair")
    assert mtqa("ledger", "verify") == (0, "1 entry sound, 0 damaged\n", "")
    other = tmp_path / "b.txt"
    other.write_text(PROSE * 2)
    mtqa("rank", other, "--no-repair")
    with closing(sqlite3.connect(ledger_file(folder))) as db, db:
        db.execute("UPDATE data SET data = x'00' WHERE id = 1")
    assert mtqa("ledger", "verify") == (0, "1 entry sound, 1 damaged and dropped\n", "")
    assert mtqa("ledger", "prune") == (0, "0 entries dropped\n", "")
    assert mtqa("ledger", "prune", "--bytes", "0") == (0, "1 entry dropped\n", "")
    mtqa("rank", other, "--no-repair")
    assert mtqa("ledger", "clear") == (0, f"{ledger_file(folder)}: 1 entry dropped\n", "")
    assert mtqa("ledger", "clear") == (0, f"{ledger_file(folder)}: 0 entries dropped\n", "")


def test_bad_usage_is_one_line(mtqa, folder, loads, article, monkeypatch):
    for arguments in (("prune", "--bytes", "-1"), ("prune", "--bytes", "x"), ("prun",)):
        code, out, err = mtqa("ledger", *arguments)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
    monkeypatch.setenv("MTQA_LEDGER_BYTES", "1 GB")
    for command in (("ledger",), ("rank", article)):
        code, out, err = mtqa(*command)
        assert (code, out) == (2, "")
        assert "MTQA_LEDGER_BYTES" in err
    monkeypatch.setenv("MTQA_LEDGER", "off")
    assert mtqa("ledger")[0] == 2


@pytest.mark.parametrize("variable", ["MTQA_LEDGER", "MTQA_CACHE"])
def test_a_folder_that_leads_nowhere_is_one_line(mtqa, folder, loads, article, monkeypatch, variable):
    monkeypatch.delenv("MTQA_LEDGER")
    monkeypatch.setenv(variable, "~nobody-of-this-name/x")
    for command in (("ledger",), ("ledger", "prune"), ("ledger", "verify"), ("rank", article)):
        code, out, err = mtqa(*command)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert f"{variable} is '~nobody-of-this-name/x'" in err


def test_more_bytes_than_sqlite_can_count(mtqa, folder, loads, article):
    mtqa("rank", article)
    assert mtqa("ledger", "prune", "--bytes", "9" * 20) == (0, "0 entries dropped\n", "")


def test_pruning_removes_what_older_versions_left(mtqa, folder, loads, article):
    mtqa("rank", article, "--no-repair")
    for name in ("scores-0.sqlite3", "scores-1.sqlite3", "scores-999.sqlite3"):
        (folder / name).write_bytes(b"")
    shown = mtqa("ledger")[1]
    assert "scores-1.sqlite3 (goes with `mtqa ledger prune`)" in shown
    assert "scores-999.sqlite3 (of a newer mtqa, which is left alone)" in shown
    assert mtqa("ledger", "prune") == (0, "0 entries dropped, 2 stale files removed\n", "")
    assert mtqa("ledger", "clear") == (0, f"{ledger_file(folder)}: 1 entry dropped\n", "")
    assert (folder / "scores-999.sqlite3").exists()


@pytest.mark.parametrize("place", ["exists", "unlink"])
def test_a_folder_that_may_not_be_looked_into_is_one_line(mtqa, folder, loads, article, monkeypatch, place):
    mtqa("rank", article)
    (folder / "scores-1.sqlite3").write_bytes(b"")
    real = getattr(Path, place)

    def refuse(path, *more, **named):
        if path.parent == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *more, **named)

    monkeypatch.setattr(Path, place, refuse)
    every = [(), ("prune",), ("verify",), ("clear",)]
    for command in every if place == "exists" else [("prune",), ("clear",)]:
        code, out, err = mtqa("ledger", *command)
        assert (code, out) == (1, "")
        assert len(err.splitlines()) == 1
        assert "can't be used" in err


def test_a_damaged_file_shows_and_is_mended(mtqa, folder, loads, article):
    mtqa("rank", article)
    ledger_file(folder).write_bytes(b"nothing like a database, and long enough to be read as one" * 40)
    code, out, _ = mtqa("rank", article)
    assert code == 0
    assert out
    assert len(loads) == 2
    assert damaged_copy(ledger_file(folder)).name in mtqa("ledger")[1]


def test_a_ledger_that_can_not_be_opened(mtqa, folder, loads, article, monkeypatch):
    folder.write_text("a file in its place")
    code, out, _ = mtqa("rank", article)
    assert code == 0
    assert out
    ledger_file(folder.parent / "there").mkdir(parents=True)
    monkeypatch.setenv("MTQA_LEDGER", str(folder.parent / "there"))
    code, out, err = mtqa("ledger")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


@pytest.mark.model
def test_the_seed_twice_in_processes_of_their_own(folder, smollm2_files):
    code = (
        "import sys\nfrom mtqa.cli import main\n"
        f"code = main(['rank', {str(SEED)!r}, '--format', 'json', *sys.argv[1:]])\n"
        "print(*sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    outs = []
    # Time enough on a busy machine; by another measure other sentences are on top, never looked at.
    budget = ["--repair-budget", "600"]
    for more in (budget, budget, [*budget, "--measure", "perplexity"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *more],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        outs.append((json.loads(done.stdout), done.stderr.split()))
    assert outs[0][1] == ["tokenizers", "torch", "transformers"]
    assert outs[1][1] == outs[2][1] == []
    assert outs[0][0] == outs[1][0]
    assert outs[2][0]["signature"] != outs[0][0]["signature"]
    assert "sandwiches" in outs[1][0]["findings"][0]["text"]
    spans = outs[1][0]["findings"][0]["spans"]
    best = {s["text"]: s["suggestions"][0]["text"] for s in spans if s["suggestions"]}
    assert best["sandwiches"] in ("people", "residents", "inhabitants", "citizens")
    assert best["thief"] in ("ally", "player", "partner")
