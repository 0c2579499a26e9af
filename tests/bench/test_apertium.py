"""A translation engine, there and back: a fake one on the path, and the real one where it is installed."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtqa import cli
from mtqa.bench.apertium import PIVOTS, Apertium, installed_pivots, there_and_back
from mtqa.bench.corrupt import CorruptSettings, corrupt_document, corrupt_documents, corrupt_sentence
from mtqa.bench.corruptions.registry import TYPES
from mtqa.bench.corruptions.resources import load_resources
from mtqa.errors import RunError, UsageError
from tests.bench.texts import NEWS

TEXTS = ["The old man sold a farm near the river.", "He kept the house, and the dog with three legs."]
ALONE = CorruptSettings(share=(1.0, 1.0), weights={n: float(n == "round_trip") for n in TYPES})


class Husbands:
    """A translator with one fault."""

    def there_and_back(self, text: str, rng: np.random.Generator) -> str | None:
        return text.replace("old man sold", "old husband has sale of").replace("three legs", "three")


def _fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A program called apertium that knows Spanish and does with its input what ``body`` says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "apertium"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "if sys.argv[1] == '-l':\n    print('  eng-spa\\n  spa-eng\\n  en-eo')\n    sys.exit()\n"
        f"text = sys.stdin.buffer.read().decode()\nmode = sys.argv[-1]\n{body}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_spans_are_the_words_that_differ():
    resources = replace(load_resources(), translator=Husbands())
    made = corrupt_sentence(TEXTS[0], "round_trip", np.random.default_rng(1), resources=resources)
    assert made is not None
    assert made.text == "The old husband has sale of a farm near the river."
    assert [made.text[a:b] for a, b in made.spans] == ["husband has sale of"]
    # One word of twelve is missing: too little to be sure of.
    assert corrupt_sentence(TEXTS[1], "round_trip", np.random.default_rng(1), resources=resources) is None


def test_a_document_names_its_type_and_keeps_the_original():
    resources = replace(load_resources(), translator=Husbands())
    made = corrupt_document(TEXTS, np.random.default_rng(1), settings=ALONE, resources=resources)
    first, second = made.sentences
    assert (first.label, first.type, first.original) == (1, "round_trip", TEXTS[0])
    assert (second.label, second.text) == (0, TEXTS[1])


def test_without_a_translator_it_is_refused_and_never_drawn():
    with pytest.raises(UsageError, match="round_trip needs a translation engine"):
        next(corrupt_documents([("d", TEXTS)], seed=1, settings=ALONE))
    assert "round_trip" not in CorruptSettings().types()


def test_the_engines_own_marks_go_and_the_end_stays(tmp_path, monkeypatch):
    body = (
        "text = text if mode == 'eng-spa' else text.replace('old man', 'husband/husband @of')"
        ".replace('kept', 'keep#').replace('river.', 'river').replace(', and', ' , and')"
    )
    _fake(tmp_path, monkeypatch, f"{body}\nsys.stdout.buffer.write(text.encode())")
    assert installed_pivots() == ("spa",)
    assert there_and_back(TEXTS, "spa") == [
        "The husband of sold a farm near the river.",
        "He keep the house, and the dog with three legs.",
    ]
    assert there_and_back(["An old man/woman is #1 (kept  open)"], "spa") == [
        "An husband/husband @of/woman is #1 (keep# open)"
    ]


def test_an_entity_that_the_pair_does_not_know_is_no_translation(tmp_path, monkeypatch):
    _fake(tmp_path, monkeypatch, "sys.stdout.write(text.replace('He', 'parquoteFree'))")
    assert there_and_back(TEXTS, "spa") == [TEXTS[0], None]


def test_a_blank_translation_is_that_texts_alone(tmp_path, monkeypatch):
    _fake(tmp_path, monkeypatch, f"sys.stdout.write(text.replace({TEXTS[1]!r}, ''))")
    assert there_and_back([*TEXTS, TEXTS[0]], "spa") == [TEXTS[0], None, TEXTS[0]]
    assert there_and_back(TEXTS, "spa") == [TEXTS[0], None]


def test_a_sentence_is_translated_once_a_language(tmp_path, monkeypatch):
    _fake(tmp_path, monkeypatch, "open('runs', 'a').write('x')\nsys.stdout.write(text)")
    monkeypatch.chdir(tmp_path)
    resources = replace(load_resources(), translator=Apertium())
    made = corrupt_document(TEXTS * 3, np.random.default_rng(1), settings=ALONE, resources=resources)
    assert not any(s.label for s in made.sentences)
    assert (tmp_path / "runs").read_text() == "xx" * len(TEXTS)


def test_texts_that_ran_together_are_none(tmp_path, monkeypatch):
    _fake(tmp_path, monkeypatch, "sys.stdout.write(text.replace('\\n\\n', ' '))")
    assert there_and_back(TEXTS, "spa") == [None, None]


def test_an_engine_that_fails_says_so_in_a_line(tmp_path, monkeypatch, capfd):
    _fake(tmp_path, monkeypatch, "sys.stderr.write('Error: no room\\n')\nsys.exit(3)")
    with pytest.raises(RunError, match=r"^apertium ended with 3: Error: no room$"):
        there_and_back(TEXTS, "spa")
    (tmp_path / "clean.txt").write_text(" ".join(TEXTS))
    assert cli.main(["corrupt", str(tmp_path / "clean.txt"), "--types", "round_trip"]) == 1
    assert capfd.readouterr().err.splitlines()[-1] == "mtqa: apertium ended with 3: Error: no room"


def test_no_engine_or_no_pair_of_english_says_how_to_get_one(tmp_path, monkeypatch, capfd):
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    (tmp_path / "clean.txt").write_text(" ".join(TEXTS))
    assert cli.main(["corrupt", str(tmp_path / "clean.txt"), "--types", "round_trip"]) == 2
    told = capfd.readouterr()
    assert not told.out
    assert told.err == (
        "mtqa: round_trip needs the translation engine Apertium: apt-get install apertium "
        "apertium-eng-spa apertium-eng-cat\n"
    )


@pytest.mark.skipif(shutil.which("apertium") is None, reason="Apertium is not installed")
def test_the_real_engine_brings_back_every_sentence():
    sentences = list(NEWS)
    for pivot in installed_pivots():
        made = there_and_back(sentences, pivot)
        assert sum(text is not None for text in made) > len(made) / 2
        assert made != sentences
        assert all(PIVOTS[pivot][0] not in (text or "") for text in made)
    drawn = [Apertium().there_and_back(TEXTS[0], np.random.default_rng(seed)) for seed in (1, 1)]
    assert drawn[0] == drawn[1]
