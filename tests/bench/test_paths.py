"""Names that the system will not look up: one line, exit 2, wherever data are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mtqa import cli
from mtqa.bench.corruptions import wordnet
from mtqa.bench.labelled.made import clean_articles
from mtqa.bench.labelled.spec import data_spec
from mtqa.bench.paths import exists, is_dir, is_file
from mtqa.errors import InputError, UsageError

LONG = "x" * 300


@pytest.fixture
def closed(monkeypatch, tmp_path) -> Path:
    """A folder that may not be entered: root enters every one, so that its answers are made up."""
    folder, stat = tmp_path / "closed", os.stat
    folder.mkdir()

    def answer(path, *args, **options):
        if str(path).startswith(f"{folder}/"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **options)

    monkeypatch.setattr(os, "stat", answer)
    return folder


def test_what_is_there_and_what_is_not(tmp_path):
    (tmp_path / "a.jsonl").write_text("{}")
    cases = {
        tmp_path / "a.jsonl": (True, False, True),
        tmp_path: (False, True, True),
        Path("/dev/null"): (False, False, True),
        tmp_path / "b": (False, False, False),
        tmp_path / "a.jsonl" / "b": (False, False, False),
        Path("a\0b"): (False, False, False),
    }
    for path, expected in cases.items():
        assert (is_file(path), is_dir(path), exists(path)) == expected


@pytest.mark.parametrize("ask", [is_file, is_dir, exists])
def test_what_the_system_will_not_tell_is_one_line(closed, ask):
    with pytest.raises(InputError, match=r"closed/a\.jsonl: no permission to enter its folder"):
        ask(closed / "a.jsonl")
    with pytest.raises(InputError, match="can't be read"):
        ask(Path(LONG))


def test_labelled_data_that_can_not_be_looked_up(closed, monkeypatch, tmp_path):
    for name in (str(closed / "a.jsonl"), str(closed / "owner" / "name")):
        with pytest.raises(InputError, match="no permission"):
            data_spec(name)
    for name in (f"{LONG}.jsonl", f"{LONG}/name"):
        with pytest.raises(InputError, match="can't be read"):
            data_spec(name)
    described = tmp_path / "sheet.yaml"
    described.write_text(f"data: {closed}/a.jsonl")
    with pytest.raises(InputError, match="no permission"):
        data_spec(str(described))
    monkeypatch.setenv("MTQA_DATA", str(closed))
    with pytest.raises(InputError, match="no permission"):
        data_spec("a.jsonl")


def test_clean_articles_that_can_not_be_looked_up(closed):
    for path in (str(closed / "a.jsonl"), f"{LONG}.jsonl"):
        with pytest.raises(InputError, match=r"no permission|can't be read"):
            list(clean_articles([path]))


def test_a_wordnet_that_may_not_be_entered(closed, monkeypatch):
    monkeypatch.setenv("MTQA_WORDNET", str(closed))
    with pytest.raises(InputError, match=r"index\.noun: no permission"):
        wordnet.find_wordnet()
    monkeypatch.delenv("MTQA_WORDNET")
    monkeypatch.setattr(wordnet, "_PLACES", (str(closed),))  # one of the usual places is passed over
    monkeypatch.setattr(wordnet.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="apt-get install wordnet-base"):
        wordnet.find_wordnet()


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "--data", f"{LONG}.jsonl"],
        ["evaluate", "--data", "a.jsonl", "-q", f"{LONG}.jsonl"],
        ["evaluate", "--corrupt", f"{LONG}.jsonl"],
        ["compare", "configs/measures.yaml", "--data", f"{LONG}.jsonl"],
        ["corrupt", f"{LONG}.jsonl"],
    ],
)
def test_the_commands_end_in_one_line(arguments, capfd, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    assert cli.main(arguments) == 2
    told = capfd.readouterr().err
    assert told.count("\n") == 1
    assert "internal error" not in told
    assert "x" * 100 in told
