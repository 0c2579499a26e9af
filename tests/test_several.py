"""Several articles or models, of which some fail; and a stderr that takes nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mtqa import cli, pipeline, render
from mtqa.errors import ModelDamagedError, ModelError, RunError
from mtqa.lm import fetch
from mtqa.lm.fake import FakeBackend
from mtqa.lm.local import ModelFiles
from mtqa.report.formats import FORMATS

PROSE = "The council met on Tuesday to discuss the new bridge. Nobody expected to be there for four hours."


class Failing(FakeBackend):
    """Can't score what begins with an F."""

    def score(self, windows, **more):
        if any(window.ids[0] == self.tokenize("F").ids[0] for window in windows):
            raise RunError("the model gave a number that is not finite")
        return super().score(windows, **more)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    files = ModelFiles("fake", tmp_path, "0" * 64, "0" * 64, None, ("*",))
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: Failing(vocabulary=300))


@pytest.fixture
def articles(tmp_path) -> list[str]:
    """One that is ranked, one that the model fails at, one that is not there, one more that is ranked."""
    texts = {"a.txt": PROSE, "b.txt": f"For long. {PROSE}", "c.txt": None, "d.txt": f"Later. {PROSE}"}
    for name, text in texts.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in texts]


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
def test_an_article_that_fails_takes_no_other_with_it(fake, articles, tmp_path, capsys, ending):
    target = tmp_path / f"out.{ending}"
    assert cli.main(["rank", *articles, "-o", str(target), "--no-repair", "-q"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"mtqa: {articles[1]}: the model gave a number that is not finite"
    assert "c.txt: no such file" in lines[1]
    assert len(lines) == 2
    text = target.read_text()
    assert [name in text for name in ("a.txt", "b.txt", "c.txt", "d.txt")] == [True, False, False, True]
    assert text.index("a.txt") < text.index("d.txt")
    if ending == "json":
        assert len(json.loads(text)) == 2


@pytest.mark.parametrize(("chosen", "code"), [([1], 1), ([2], 2), ([1, 2], 1), ([2, 2], 2)])
def test_where_none_can_be_ranked_nothing_is_written(fake, articles, tmp_path, capsys, chosen, code):
    target = tmp_path / "out.json"
    assert cli.main(["rank", *(articles[i] for i in chosen), "-o", str(target)]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (1 if len(chosen) == 1 else len(chosen) + 1)
    assert (lines[-1] == f"mtqa: none of the {len(chosen)} articles can be ranked") == (len(chosen) > 1)
    assert not target.exists()


def test_what_is_wrong_with_all_of_them_is_said_once(fake, articles, monkeypatch, capsys):
    def no_model(*_):
        raise ModelError("the model is not here")

    monkeypatch.setattr(pipeline, "load_backend", no_model)
    assert cli.main(["rank", *articles]) == 2
    assert capsys.readouterr() == ("", "mtqa: the model is not here\n")


def test_only_a_page_shows_more_of_the_scores_than_its_findings(fake):
    report = pipeline.rank(PROSE, repair=False)
    bare = dataclasses.replace(report, words=())
    same = {name: render(report, name) == render(bare, name) for name in FORMATS}
    assert [name for name in same if not same[name]] == ["html"]


def test_articles_on_one_page_keep_their_words(fake, articles, tmp_path):
    page = tmp_path / "both.html"
    assert cli.main(["rank", articles[0], articles[3], "-o", str(page), "--no-repair"]) == 0
    assert page.read_text().count('<span class="w">Tuesday</span>') == 2


def test_every_model_is_verified_though_one_is_damaged(monkeypatch, capsys):
    def verify(name, **_):
        if name in ("b", "d"):
            raise ModelDamagedError(f"model {name} is damaged")

    states = [dataclasses.replace(fetch.models()[0], name=name, state="ready") for name in "abcd"]
    monkeypatch.setattr(fetch, "models", lambda: states)
    monkeypatch.setattr(fetch, "verify_model", verify)
    for names in ([], [*"abcd"]):
        assert cli.main(["models", "verify", *names]) == 2
        assert capsys.readouterr() == (
            "a: every digest is right\nc: every digest is right\n",
            "mtqa: model b is damaged\nmtqa: model d is damaged\n",
        )
    assert cli.main(["models", "verify", "a"]) == 0


class Unread:
    """A stderr whose reader has gone."""

    encoding = "utf-8"

    def write(self, _):
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self):
        raise BrokenPipeError(32, "Broken pipe")

    def isatty(self):
        return False

    def fileno(self):
        raise OSError("none")


def test_a_report_is_written_though_nobody_reads_stderr(fake, articles, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Unread())
    for name in ("out.json", "out.jsonl"):  # of the latter warnings are said behind it
        assert cli.main(["rank", articles[2], articles[0], "-o", str(tmp_path / name), "--no-repair"]) == 2
        assert "a.txt" in (tmp_path / name).read_text()


@pytest.mark.parametrize("command", [["rank", "no_such.txt"], ["measures", "--nothing"], []])
def test_the_exit_code_is_the_same_on_a_stderr_that_takes_nothing(command):
    read, write = os.pipe()
    os.close(read)
    full = os.open("/dev/full", os.O_WRONLY) if Path("/dev/full").exists() else os.dup(write)
    try:
        for stderr in (write, full):
            done = subprocess.run([sys.executable, "-m", "mtqa.cli", *command], stderr=stderr, check=False)
            assert done.returncode == 2
    finally:
        os.close(write)
        os.close(full)
