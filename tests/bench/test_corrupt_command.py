"""`mtqa corrupt` from the command line."""

from __future__ import annotations

import io
import json

import pytest

from mtqa import cli
from mtqa.bench.corruptions.registry import TYPES
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.labelled.made import corrupted_set
from mtqa.bench.type_summaries import SUMMARIES
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


def test_the_article_is_never_written_over(tmp_path, capfd):
    path = _article(tmp_path)
    before = path.read_bytes()
    assert cli.main(["corrupt", str(path), "-o", str(tmp_path / "." / "clean.txt")]) == 2
    assert "is one of the articles" in capfd.readouterr().err
    assert path.read_bytes() == before


def test_output_is_utf_8_whatever_the_terminal_says(tmp_path, monkeypatch):
    path = tmp_path / "clean.txt"
    path.write_text(
        "The caf\u00e9 on the quay sells fish soup. It opens at noon every day.", encoding="utf-8"
    )
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert cli.main(["corrupt", str(path), "--share", "0", "0"]) == 0
    assert "caf\u00e9" in json.loads(raw.getvalue())["sentences"][0]["text"]


def test_what_it_writes_is_what_evaluate_makes_on_the_fly(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))
    path, again, out = _article(tmp_path), tmp_path / "b" / "clean.txt", tmp_path / "out.jsonl"
    again.parent.mkdir()
    again.write_bytes(path.read_bytes())
    given = [str(path), str(again)]
    assert cli.main(["corrupt", *given, "--seed", "1", "-o", str(out)]) == 0
    written, made = load_labelled(str(out)), corrupted_set(given, seed=1)
    assert [s.paragraph for s in written.sentences()] == [s.paragraph for s in made.sentences()]
    assert len({s.paragraph for s in made.sentences()}) == len(DOCUMENTS)
    assert [s.text for s in written.sentences()] == [s.text for s in made.sentences()]
    assert [d.id for d in made.documents] == ["clean.txt", "clean.txt #2"]


def test_data_are_no_article(tmp_path, capfd):
    clean = tmp_path / "clean.jsonl"
    clean.write_text(json.dumps({"doc": "d", "paragraphs": [" ".join(s) for s in DOCUMENTS.values()]}))
    assert cli.main(["corrupt", str(clean)]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["doc"] == "d"
    assert record["sentences"][-1]["par"] == len(DOCUMENTS) - 1
    clean.write_text(json.dumps({"doc": "d", "sentences": [{"text": "A b.", "label": 1}]}))
    assert cli.main(["corrupt", str(clean)]) == 2
    assert "record 1: paragraphs: a list of strings is expected" in capfd.readouterr().err
    (tmp_path / "labelled.csv").write_text("text,label\nA b c d e.,1\n")
    assert cli.main(["corrupt", str(tmp_path / "labelled.csv")]) == 2
    assert "labelled.csv: these are data, no article" in capfd.readouterr().err


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
    listed = capfd.readouterr().out
    assert "wrong_sense" in listed
    assert "(made by false_friend)" in listed
    assert "the senator's sandwiches" in listed
    assert list(SUMMARIES) == list(TYPES)


def test_homographs_alone(tmp_path, capfd):
    (tmp_path / "clean.txt").write_text("The crane stood near the bank. The seal lay on the wet rock.\n")
    given = ["corrupt", str(tmp_path / "clean.txt"), "--types", "homograph", "--share", "1", "1"]
    assert cli.main(given) == 0
    made = [s for s in json.loads(capfd.readouterr().out)["sentences"] if s["label"]]
    assert [s["type"] for s in made] == ["homograph"] * 2


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


def test_of_another_language_it_says_that_it_knows_english_alone(tmp_path, capfd):
    german = tmp_path / "haus.txt"
    german.write_text(
        "Die Schule am Markt bleibt in dieser Woche geschlossen, weil die Heizung ausgefallen ist. Der "
        "Leiter sagte, die Kinder sollten zu Hause bleiben. Die Stadt will das bis Montag beheben.",
        encoding="utf-8",
    )
    says = "seems to be in 'de': only English is corrupted as spinners and translation engines do"
    assert cli.main(["corrupt", str(german), str(_article(tmp_path)), "--share", "0", "0"]) == 0
    lines = capfd.readouterr().err.splitlines()
    assert [line.startswith(f"mtqa: {german}: {says}") for line in lines] == [True]
    made = corrupted_set([str(german), str(_article(tmp_path))])
    assert [w.startswith(f"haus.txt: {says}") for w in made.warnings] == [True]
