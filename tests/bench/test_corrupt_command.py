"""`mtqa corrupt` from the command line."""

from __future__ import annotations

import json

import pytest

from mtqa import cli
from tests.bench.texts import DOCUMENTS


def _article(folder):
    path = folder / "clean.txt"
    path.write_text("\n\n".join(" ".join(s) for s in DOCUMENTS.values()), encoding="utf-8")
    return path


def test_it_writes_labelled_documents_and_a_seed_decides_them(tmp_path, capfd):
    path = _article(tmp_path)
    outputs = []
    for seed in (1, 1, 2):
        assert cli.main(["corrupt", str(path), "--seed", str(seed), "--share", "0.3", "0.5"]) == 0
        outputs.append(capfd.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]
    record = json.loads(outputs[0])
    corrupted = [s for s in record["sentences"] if s["label"]]
    assert corrupted
    assert all(s["type"] and s["text"] != s["orig"] for s in corrupted)


def test_types_and_bad_ones(tmp_path, capfd):
    path = _article(tmp_path)
    target = tmp_path / "out.jsonl"
    assert cli.main(["corrupt", str(path), "--types", "doubled", "-o", str(target)]) == 0
    types = {s.get("type") for s in json.loads(target.read_text())["sentences"]}
    assert types <= {"doubled", None}
    assert "doubled" in types
    capfd.readouterr()
    assert cli.main(["corrupt", str(path), "--types", "doubld"]) == 2
    assert "did you mean 'doubled'" in capfd.readouterr().err
    assert cli.main(["corrupt"]) == 2
    assert cli.main(["corrupt", "--list"]) == 0
    assert "wrong_sense" in capfd.readouterr().out


def test_sampled_types_and_a_model_come_together(tmp_path, capfd):
    path = _article(tmp_path)
    assert cli.main(["corrupt", str(path), "--types", "sampled_tail"]) == 2
    assert "--model smollm2-135m" in capfd.readouterr().err
    assert cli.main(["corrupt", str(path), "--model", "smollm2-135m"]) == 2
    assert "--types sampled_word," in capfd.readouterr().err
    assert cli.main(["corrupt", str(path), "--types", "sampled_tail", "--model", "no-such-model"]) == 2
    assert "no-such-model" in capfd.readouterr().err


@pytest.mark.model
def test_a_real_model_writes_and_a_seed_decides_what(tmp_path, capfd, smollm2_files):
    path = _article(tmp_path)
    given = ["corrupt", str(path), "--model", "smollm2-135m", "--share", "0.05", "0.05"]
    given += ["--types", "sampled_tail,sampled_bland,sampled_shuffle"]
    outputs = []
    for _ in range(2):
        assert cli.main(given) == 0
        outputs.append(capfd.readouterr().out)
    assert outputs[0] == outputs[1]
    made = [s for s in json.loads(outputs[0])["sentences"] if s["label"]]
    assert made
    for s in made:
        assert s["type"].startswith("sampled_")
        assert s["text"] != s["orig"]
        assert all(s["text"][x["start"] : x["end"]].strip() for x in s["spans"])
