"""The README says what is so: its commands, its terminal output, its files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mtqa import cli, pipeline
from mtqa.detect.head import FOLDER, load_head
from mtqa.detect.measures import MEASURES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _shape(text: str) -> list[str]:
    """The text's lines with every number and bar made alike: those may differ in the last digit elsewhere."""
    return [re.sub(r"\d+(\.\d+)?|[█▏▎▍▌▋▊▉]+ *", "#", line).rstrip() for line in text.strip().splitlines()]


@pytest.mark.model
def test_the_terminal_output_shown_is_what_the_command_prints(smollm2, monkeypatch, capfdbinary):
    shown = re.search(r"--top 3`\):\n\n```text\n(.+?)\n```", README, re.DOTALL)
    assert shown is not None
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: smollm2)
    monkeypatch.chdir(ROOT)
    assert cli.main(["rank", "seeds/000_528cacc9b8efffdc.txt", "--top", "3"]) == 0
    assert _shape(shown.group(1)) == _shape(capfdbinary.readouterr().out.decode())


@pytest.mark.parametrize("which", ["rank", "test"])
def test_the_two_commands_are_there_for_ci(which: str):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "readme_command.py", which],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("pip install -c constraints.txt")
    assert "readme_command.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_links_lead_to_files_of_the_project():
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_every_measure_is_explained_in_the_methods():
    methods = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", methods, re.MULTILINE)) == set(MEASURES)


def test_recall_by_type_in_the_methods_is_that_of_the_heads_card():
    methods = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    section = methods[methods.index("### Recall by type") :].split("\n## ")[0]
    told = {name: float(share) for name, share in re.findall(r"`(\w+)` (1?\.\d\d)", section)}
    card = load_head(FOLDER / "smollm2-135m.safetensors").recall_by_type
    assert told == {name: round(share, 2) for name, share in card.items()}


def test_the_seed_is_the_one_that_was_given():
    import hashlib

    seed = ROOT / "seeds" / "000_528cacc9b8efffdc.txt"
    assert hashlib.sha256(seed.read_bytes()).hexdigest() == SEED_SHA256


SEED_SHA256 = "4fd375b0bebb8d33983e744eb41400726598ffd7cc3dfc335f380fb66a597142"
