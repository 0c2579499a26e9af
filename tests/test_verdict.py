"""From a detector head to verdicts, lists at a false discovery rate and `mtqa calibrate`, on a fake model."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtqa import cli, pipeline
from mtqa.config import Config
from mtqa.detect.calibrate import calibration_from, fit_calibration, sigmoid
from mtqa.detect.calibration_file import load_calibration
from mtqa.detect.verdict import log_odds, q_values
from mtqa.errors import ConfigError, UsageError
from mtqa.lm.fake import FakeBackend
from mtqa.lm.local import ModelFiles
from mtqa.pipeline import Ranker
from mtqa.records import Verdict
from mtqa.report import tables
from mtqa.report.formats import RenderOptions
from mtqa.report.view import nothing_found
from mtqa.text.read import document_from_sentences, document_from_text, read_article
from mtqa.warned import of_verdict
from tests.detect.heads import calibration, calibration_card, random_head

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
OWN = ("", "its own ", "its own, its own ", "its own, its own, its own ")
TEXT = " ".join(f"Sentence number {n} has {OWN[i % 4]}words." for i, n in enumerate(NUMBERS))


def _logits(read):
    return np.random.default_rng([int(i) for i in read[-3:]]).normal(0, 2, 200)


def _backend() -> FakeBackend:
    return FakeBackend(vocabulary=200, logits=_logits)


def _log_odds(head_file: Path) -> np.ndarray:
    """Of the text's sentences, in their order."""
    report = Ranker(Config(detector=str(head_file)), backend=_backend()).rank(document_from_text(TEXT))
    return log_odds(sorted(report.findings, key=lambda f: f.sentence))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("verdict")


@pytest.fixture(scope="module")
def sound(folder) -> np.ndarray:
    """600 sound sentences' log-odds, which eight of the text's ten sentences are like, and two far above."""
    random_head(folder / "plain.safetensors")
    x = np.sort(_log_odds(folder / "plain.safetensors"))
    assert len(set(x)) == 10
    return np.linspace(x[0] - 1, (x[7] + x[8]) / 2, 600)


@pytest.fixture(scope="module")
def head_file(folder, sound) -> Path:
    middle = float(sound[-1])
    path = folder / "head.safetensors"
    more = {
        "calibration": calibration_card(sound, slope=3.0, intercept=-3.0 * middle),
        "recall_by_type": {"negation": 0.05, "loop": 0.95},
        "words": {"slope": 0.5, "sentence": 0.25, "intercept": -1.0},
        "words_alone": {"slope": 2.0, "sentence": 0.1, "intercept": 0.25},
    }
    random_head(path, more=more)
    return path


def _ranker(head_file: Path, **settings) -> Ranker:
    return Ranker(Config(detector=str(head_file), **settings), backend=_backend())


def test_every_finding_has_its_probability_and_q_value(head_file, sound):
    report = _ranker(head_file).rank(document_from_text(TEXT))
    assert report.measure == "detector"
    x = log_odds(report.findings)
    assert [f.probability for f in report.findings] == pytest.approx(sigmoid(3.0 * (x - sound[-1])))
    p = np.array([(1 + (sound >= one).sum()) / 601 for one in x])
    assert [f.q_value for f in report.findings] == pytest.approx(q_values(p), rel=0.021)
    probabilities = [f.probability for f in report.findings]
    assert probabilities == sorted(probabilities, reverse=True)
    verdict = report.verdict
    assert verdict.expected == pytest.approx(sum(probabilities))
    assert (verdict.sentences, verdict.found, verdict.fdr) == (10, 2, 0.1)
    assert verdict.low <= verdict.expected <= verdict.high
    assert report.recall_by_type == {"negation": 0.05, "loop": 0.95}


@pytest.mark.parametrize(
    ("settings", "a", "b", "c"),
    [
        ({}, 0.5, 0.25, -1.0),
        ({"context": "paragraph"}, 0.5, 0.25, -1.0),
        ({"context": "none"}, 2.0, 0.1, 0.25),
        ({"measure": "perplexity"}, 0.5, 0.25, -1.0),
    ],
)
def test_a_span_has_the_probability_of_its_most_suspicious_word(head_file, settings, a, b, c):
    report = _ranker(head_file, **settings).rank(document_from_text(TEXT))
    spans = [span for finding in report.findings for span in finding.spans]
    odds_of = dict(zip([f.sentence for f in report.findings], log_odds(report.findings), strict=True))
    of_sentence = {f.sentence: f.probability for f in report.findings}
    assert spans
    capped = 0
    for span in spans:
        inside = [w for w in report.words if span.document.start <= w.start and w.end <= span.document.end]
        p = max(w.suspicion for w in inside)
        odds = a * math.log(p / (1 - p)) + b * odds_of[inside[0].sentence] + c
        least, most = 1 / (1 + math.exp(-odds)), of_sentence[inside[0].sentence]
        assert span.probability == pytest.approx(min(least, most))
        capped += least > most
    assert 0 < capped < len(spans)  # a word is no likelier corrupted than its sentence
    listed = [
        span for finding in tables.article(report, RenderOptions())["findings"] for span in finding["spans"]
    ]
    assert [one["probability"] for one in listed] == pytest.approx([s.probability for s in spans], rel=1e-5)


def test_no_word_has_a_probability_without_a_calibration_of_words(folder):
    random_head(folder / "wordless.safetensors")
    report = Ranker(Config(detector=str(folder / "wordless.safetensors")), backend=_backend()).rank(
        document_from_text(TEXT)
    )
    assert {span.probability for finding in report.findings for span in finding.spans} == {None}


@pytest.mark.parametrize(
    "settings",
    [{"context": "none"}, {"context": "paragraph"}, {"measure": "perplexity"}, {"detector": "none"}],
)
def test_recall_is_told_only_where_it_was_measured(head_file, settings):
    config = Config(**{"detector": str(head_file), **settings})
    assert Ranker(config, backend=_backend()).rank(document_from_text(TEXT)).recall_by_type == {}


def test_log_odds_come_back_from_the_measure(head_file):
    for finding in _ranker(head_file).rank(document_from_text(TEXT)).findings:
        (x,) = log_odds([finding])
        assert math.log1p(math.exp(x)) == pytest.approx(finding.measures["detector"], rel=1e-9)


def test_a_rate_leaves_what_is_found_and_the_verdict_as_it_was(head_file):
    whole = _ranker(head_file).rank(document_from_text(TEXT))
    report = _ranker(head_file, fdr=0.1).rank(document_from_text(TEXT))
    assert [f.sentence for f in report.findings] == [f.sentence for f in whole.findings if f.q_value <= 0.1]
    assert [f.rank for f in report.findings] == [1, 2]
    assert report.verdict == whole.verdict
    assert report.signature == whole.signature.replace("|threshold", "|fdr:0.1|threshold")
    assert _ranker(head_file, fdr=0.001).rank(document_from_text(TEXT)).findings == ()


def test_any_measure_may_rank_and_the_list_is_the_same_set(head_file):
    by_detector = _ranker(head_file, fdr=0.1).rank(document_from_text(TEXT))
    other = _ranker(head_file, fdr=0.1, measure="perplexity").rank(document_from_text(TEXT))
    assert {f.sentence for f in other.findings} == {f.sentence for f in by_detector.findings}
    assert [f.score for f in other.findings] == [f.perplexity for f in other.findings]


def test_without_a_calibrated_detector_there_is_no_verdict_and_no_rate(folder, sound):
    for settings in ({"detector": "none"}, {"detector": str(folder / "plain.safetensors")}):
        report = Ranker(Config(**settings), backend=_backend()).rank(document_from_text(TEXT))
        assert report.verdict is None
        assert {(f.probability, f.q_value) for f in report.findings} == {(None, None)}
        with pytest.raises(UsageError, match=r"fdr 0.1: this needs a calibrated detector"):
            Ranker(Config(fdr=0.1, **settings), backend=_backend()).rank(document_from_text(TEXT))


def test_another_context_than_the_calibrations_is_warned_of(head_file):
    report = _ranker(head_file, context="none").rank(document_from_text(TEXT))
    assert any("calibrated with context document" in w for w in report.warnings)
    assert not any("calibrated" in w for w in _ranker(head_file).rank(document_from_text(TEXT)).warnings)


# --- the command line


@pytest.fixture
def run(monkeypatch, tmp_path, capfdbinary):
    """Runs `mtqa` on the fake model; gives (exit code, stdout, stderr)."""
    files = ModelFiles("fake", tmp_path, "0" * 64, "0" * 64, None, ("*",))
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: _backend())
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)

    def run(*arguments: object):
        capfdbinary.readouterr()
        code = cli.main([str(a) for a in arguments])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return run


@pytest.fixture
def article(tmp_path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def config(tmp_path, head_file) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(f"detector: {head_file}\n")
    return path


def _one_line(err: str) -> bool:
    return len(err.strip().splitlines()) == 1 and "Traceback" not in err


def test_rank_at_a_rate(run, article, config):
    code, out, err = run("rank", article, "--config", config, "--fdr", "0.1")
    assert (code, err) == (0, "")
    assert "2 found at FDR 0.1" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    code, out, _ = run("rank", article, "--config", config, "--fdr", "0.001", "-f", "json")
    assert code == 0
    assert json.loads(out)["findings"] == []


def test_an_article_without_findings_says_so_and_is_no_failure(run, article, config):
    code, out, _ = run("rank", article, "--config", config, "--fdr", "0.001")
    assert code == 0
    said = "None found at FDR 0.001; by their probabilities about 2 of 10 sentences corrupted (0–4)."
    why = "none is found at FDR 0.001: the calibration's 600 sound sentences are too few to find so few of 10"
    assert said in " ".join(out.split())
    assert why in " ".join(out.split())
    code, out, err = run("rank", article, "--config", config, "--fdr", "0.001", "-f", "jsonl")
    assert (code, out) == (0, "")
    first, second = err.splitlines()
    assert said in first
    assert why in second


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fdr", "0.1", "--config", "{none}"], "needs a calibrated detector"),
        (["--fdr", "0"], "fdr: 0.0"),
        (["--fdr", "1"], "fdr: 1.0"),
        (["--fdr", "nan"], "fdr: nan"),
        (["--fdr", "much"], "--fdr"),
        (["--calibration", "{tmp}/none.json"], "no such calibration file"),
        (["--calibration", "{tmp}"], "can't read"),
        (["--calibration", "{tmp}/article.txt"], "not a calibration file"),
    ],
)
def test_rates_and_calibrations_that_are_wrong(run, article, config, tmp_path, arguments, says):
    (tmp_path / "none.yaml").write_text("detector: none\n")
    given = [a.format(tmp=tmp_path, none=tmp_path / "none.yaml") for a in arguments]
    code, out, err = run("rank", article, "--config", config, *given)
    assert (code, out) == (2, "")
    assert says in err
    assert _one_line(err)


def _sound_files(folder: Path, count: int) -> list[Path]:
    made = []
    for i in range(count):
        made.append(folder / f"sound{i}.txt")
        names = [f"{'abcdefghij'[(i + j) % 10]}{'nm'[j % 2]}{'aeiou'[j % 5]}lo" for j in range(10)]
        made[-1].write_text(" ".join(f"The {n} came by the old road at {i + 2} today." for n in names))
    return made


GERMAN = (
    "Die Fischer kamen erst am späten Abend zurück, weil der Nebel über der Bucht lag. Niemand hatte "
    "mit einem so schlechten Fang gerechnet, und der Preis stieg noch in derselben Woche deutlich."
)


def test_calibrate_tells_what_is_odd_about_the_texts(run, config, tmp_path):
    files = _sound_files(tmp_path, 8)
    files[3].write_text(GERMAN)
    files[5].write_bytes(files[5].read_text().replace("old road", "café “road”").encode("cp1252"))
    code, _, err = run("calibrate", *files, "--config", config, "-o", tmp_path / "own.json")
    assert code == 0
    assert (
        f"mtqa: {files[3]}: the detector has learned from English alone, and the text seems to be in 'de'"
        in err
    )
    assert f"mtqa: {files[5]}: the file is not UTF-8" in err
    assert err.count("seems to be in") == err.count("is not UTF-8") == 1
    assert run("calibrate", *files, "--config", config, "-q", "-o", tmp_path / "own.json")[2] == ""


def test_calibrate_on_sound_articles(run, article, config, tmp_path, head_file):
    target = tmp_path / "own.json"
    files = _sound_files(tmp_path, 9)
    code, out, err = run("calibrate", *files, "--config", config, "-o", target)
    assert (code, out) == (0, "")
    assert "the reference sample is 90 sound sentences of 9 articles\n" in err
    made = json.loads(target.read_text())
    assert made["from"] == {"articles": 9, "sound": 90, "corrupted": 0}
    own = load_calibration(str(target)).calibration
    x = np.concatenate([log_odds(_ranker(head_file).rank(read_article(f)).findings) for f in files])
    assert own.p_value(np.sort(x), [30] * 90) == pytest.approx(np.arange(91, 1, -1) / 91, rel=0.02)
    card = calibration_from(made["calibration"])
    assert (card.slope, card.intercept) == (3.0, _base(head_file).intercept)

    code, out, _ = run("rank", article, "--config", config, "--calibration", target, "-f", "json")
    report = json.loads(out)
    assert code == 0
    assert "|calibration:" in report["signature"]
    assert report["recall_by_type"] == {}  # it was measured by the head's own calibration
    x = log_odds(_ranker(head_file).rank(document_from_text(TEXT)).findings)
    assert [f["q_value"] for f in report["findings"]] == pytest.approx(
        q_values(own.p_value(x, [30] * 10)), rel=1e-5
    )


def test_calibrate_reads_and_runs_as_rank_does(run, config, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(pipeline, "load_backend", lambda config, _: (seen.append(config), _backend())[1])
    lines = tmp_path / "sound.dat"
    lines.write_text("\n".join(path.read_text() for path in _sound_files(tmp_path, 6)))  # six sentences then
    how = ("--device", "cpu", "--threads", "1", "--no-ledger")
    code, _, err = run("calibrate", lines, "--config", config, *how, "--input-format", "lines")
    assert code == 2
    assert "6 sound sentences are too few" in err
    code, out, err = run("calibrate", lines, "--config", config, *how, "--input-format", "text")
    assert code == 0, err
    assert json.loads(out)["from"]["sound"] == 60
    assert [(one.device, one.threads, one.ledger) for one in seen] == [("cpu", 1, False)] * 2
    code, _, err = run("calibrate", lines, "--config", config, "--input-format", "docx")
    assert code == 2
    assert "unknown input format 'docx'" in err


def _base(head_file: Path):
    return _ranker(head_file).calibration


TOWNS = [[f"The quiet town {i} had {j} bridges." for j in range(10)] for i in range(14)]


def _labelled(path: Path, head_file: Path, corrupted: int, *, inverted: bool = False) -> np.ndarray:
    """Fourteen documents as JSON lines; labelled 1 are those of the highest log-odds, every seventh wrongly.

    Returns ``(140, 2)``: log-odds and labels.
    """
    reports = [_ranker(head_file).rank(document_from_sentences(town)) for town in TOWNS]
    x = np.concatenate([log_odds(sorted(r.findings, key=lambda f: f.sentence)) for r in reports])
    order = np.argsort(x if inverted else -x, kind="stable")
    y = np.zeros(len(x), dtype=int)
    y[[int(i) for n, i in enumerate(order) if n % 7][:corrupted]] = 1
    lines = []
    for i, town in enumerate(TOWNS):
        labelled = zip(town, y[10 * i : 10 * i + 10].tolist(), strict=True)
        sentences = [{"text": text, "label": label} for text, label in labelled]
        sentences.insert(3, {"text": "READ MORE", "label": 0, "boilerplate": True})
        lines.append(json.dumps({"doc": str(i), "sentences": sentences}) + "\n")
    path.write_text("".join(lines))
    return np.column_stack([x, y])


def test_calibrate_on_labelled_documents_fits_the_probabilities_too(run, config, tmp_path, head_file):
    path = tmp_path / "labelled.jsonl"
    x, y = _labelled(path, head_file, 60).T
    code, out, err = run("calibrate", path, "--config", config)
    assert code == 0
    made = json.loads(out)
    assert made["from"] == {"articles": 14, "sound": 80, "corrupted": 60}
    assert "fitted to these and 60 corrupted sentences" in err
    own = calibration_from(made["calibration"])
    assert (own.slope, own.intercept) == pytest.approx(fit_calibration(x, y))
    assert own.slope != pytest.approx(3.0)
    assert own.probability(x).sum() == pytest.approx(60, abs=2)
    exact = np.array([(1 + (x[y == 0] >= one).sum()) / 81 for one in x])
    assert own.p_value(x, [30] * 140) == pytest.approx(exact, rel=0.021)


def test_a_document_that_is_there_twice_counts_once_and_has_one_label(run, config, tmp_path, head_file):
    path = tmp_path / "labelled.jsonl"
    _labelled(path, head_file, 60)
    first = json.loads(path.read_text().splitlines()[0])
    path.write_text(path.read_text() + json.dumps({**first, "doc": "again"}) + "\n")
    code, out, _ = run("calibrate", path, "--config", config)
    assert (code, json.loads(out)["from"]) == (0, {"articles": 14, "sound": 80, "corrupted": 60})
    for sentence in first["sentences"]:
        sentence["label"] = 1 - sentence["label"]
    path.write_text(path.read_text() + json.dumps({**first, "doc": "other"}) + "\n")
    code, out, err = run("calibrate", path, "--config", config)
    assert (code, out) == (2, "")
    assert "a document is there twice with different labels (The quiet town 0 had 0 bridges." in err


def test_labelled_sentences_are_read_as_evaluate_reads_them(run, tmp_path, head_file):
    """In their paragraphs; the two halves of a document are documents of their own there."""
    config = tmp_path / "paragraph.yaml"
    config.write_text(f"detector: {head_file}\ncontext: paragraph\n")
    whole, halves = tmp_path / "whole.jsonl", tmp_path / "halves.jsonl"
    rows = [
        [
            {"text": f" {text} ", "label": 0, "par": (i // 5, float(i // 5), f"{i // 5}")[i % 3]}
            | {"boilerplate": "false"}
            for i, text in enumerate(town)
        ]
        for town in TOWNS
    ]
    whole.write_text("".join(json.dumps({"sentences": town}) + "\n" for town in rows))
    parts = [part for town in rows for part in (town[:5], town[5:])]
    halves.write_text("".join(json.dumps({"sentences": part}) + "\n" for part in parts))
    found = [
        json.loads(run("calibrate", path, "--config", config)[1])["calibration"] for path in (whole, halves)
    ]
    assert found[0] == found[1]
    assert found[0]["sound"][0]["sentences"] == 140


def test_calibrate_writes_over_none_of_its_texts_and_takes_no_table_for_prose(run, config, tmp_path):
    (path,) = _sound_files(tmp_path, 1)
    before = path.read_bytes()
    code, out, err = run("calibrate", path, "--config", config, "-o", path)
    assert (code, out) == (2, "")
    assert "is one of the input files" in err
    assert path.read_bytes() == before
    table = tmp_path / "labelled.csv"
    table.write_text("text,label\n" + "The mill is old.,1\n" * 60)
    code, _, err = run("calibrate", table, "--config", config)
    assert code == 2
    assert "labelled.csv: these are data, no article" in err


def test_few_corrupted_sentences_leave_the_probabilities_alone(run, config, tmp_path, head_file):
    path = tmp_path / "labelled.jsonl"
    _labelled(path, head_file, 5)
    code, out, err = run("calibrate", path, "--config", config)
    assert code == 0
    assert json.loads(out)["calibration"]["slope"] == 3.0
    assert "only 5 corrupted sentences" in err
    assert run("calibrate", path, "--config", config, "-q")[2] == ""


def test_labels_that_the_detector_contradicts_are_refused(run, config, tmp_path, head_file):
    path = tmp_path / "labelled.jsonl"
    _labelled(path, head_file, 60, inverted=True)
    code, out, err = run("calibrate", path, "--config", config)
    assert (code, out) == (2, "")
    assert "below the sound ones" in err
    assert _one_line(err)


def test_calibrate_says_what_it_lacks(run, config, tmp_path, article, folder):
    code, out, err = run("calibrate", *[article] * 9, "--config", config)  # one text, however often
    assert (code, out) == (2, "")
    assert "10 sound sentences are too few: a calibration needs at least 50" in err
    assert _one_line(err)
    (tmp_path / "none.yaml").write_text("detector: none\n")
    code, _, err = run("calibrate", article, "--config", tmp_path / "none.yaml")
    assert code == 2
    assert "no detector head" in err
    (tmp_path / "plain.yaml").write_text(f"detector: {folder / 'plain.safetensors'}\n")
    code, _, err = run("calibrate", *_sound_files(tmp_path, 6), "--config", tmp_path / "plain.yaml")
    assert code == 2
    assert "has no calibration of its own" in err
    assert _one_line(err)


LINES = {
    "not JSON": ("{", "line 1"),
    "no document": ("[1]", "not a labelled document"),
    "no label": ('{"sentences": [{"text": "All is well."}]}', "label is None"),
    "label": ('{"sentences": [{"text": "All is well.", "label": 2}]}', "label is 2"),
    "true": ('{"sentences": [{"text": "All is well.", "label": true}]}', "label is True"),
    "text": ('{"sentences": [{"text": 7, "label": 1}]}', "sentence 1 has no text"),
    "blank": (
        '{"sentences": [{"text": "READ MORE", "boilerplate": 1}, {"text": " ", "label": 0}]}',
        "sentence 2 is blank",
    ),
    "boilerplate": (
        '{"sentences": [{"text": "READ MORE", "boilerplate": "yes"}]}',
        "sentence 1: boilerplate: 'yes' is not true or false",
    ),
    "paragraph": (
        '{"sentences": [{"text": "READ MORE", "boilerplate": 1}, {"text": "A.", "label": 0, "par": "x"}]}',
        "labelled.jsonl, line 1: sentence 2: par: 'x' is not a whole number",
    ),
    "empty": ("\n", "empty"),
    "deep": ("[" * 100_000, "line 1"),
}


@pytest.mark.parametrize("kind", LINES)
def test_labelled_files_that_are_wrong(run, config, tmp_path, kind):
    line, says = LINES[kind]
    path = tmp_path / "labelled.jsonl"
    path.write_text(line)
    code, out, err = run("calibrate", path, "--config", config)
    assert (code, out) == (2, "")
    assert says in err
    assert "labelled.jsonl" in err
    assert _one_line(err)


def test_a_labelled_file_that_is_no_utf8_or_not_there(run, config, tmp_path):
    (tmp_path / "latin.jsonl").write_bytes(b'{"doc": "caf\xe9"}')
    for name, says in (("latin.jsonl", "not UTF-8"), ("none.jsonl", "no such file")):
        code, _, err = run("calibrate", tmp_path / name, "--config", config)
        assert code == 2
        assert says in err


def test_a_calibration_file_is_strict(run, article, config, tmp_path):
    target = tmp_path / "own.json"
    assert run("calibrate", *_sound_files(tmp_path, 6), "--config", config, "-o", target)[0] == 0
    sound = json.loads(target.read_text())

    def refused(change, says):
        text = change if isinstance(change, str) else json.dumps({**sound, **change})
        target.write_text(text)
        with pytest.raises(ConfigError, match=says) as caught:
            Ranker(Config(calibration=str(target)))
        assert str(caught.value).startswith(str(target))

    refused({"calibrations": 1}, "did you mean 'calibration'")
    refused({"form": 2}, "form is 2")
    refused({"form": True}, "form is True")
    refused({"detector": "abc"}, "detector must be the sha256")
    refused({"from": 1}, "from must be a mapping")
    refused({"calibration": {**sound["calibration"], "slop": 1}}, "did you mean 'slope'")
    refused({"calibration": {**sound["calibration"], "slope": "1"}}, "slope must be a number")
    refused("[]", "a mapping of")
    refused("{}", "key 'form' is missing")
    refused('{"form": 1, "form": 1}', "key 'form' is there twice")
    refused(json.dumps(sound).replace('"slope": 3.0', '"slope": NaN'), "NaN is no number")
    refused("\udcff".encode("utf-8", "surrogatepass").decode("latin-1") + "{", "not a calibration file")


def test_a_calibration_belongs_to_its_head(run, article, config, tmp_path, folder):
    target = tmp_path / "own.json"
    assert run("calibrate", *_sound_files(tmp_path, 6), "--config", config, "-o", target)[0] == 0
    for name, says in (
        (folder / "plain.safetensors", "made with the detector head"),
        ("none", "there is none"),
    ):
        (tmp_path / "other.yaml").write_text(f"detector: {name}\ncalibration: {target}\n")
        code, _, err = run("rank", article, "--config", tmp_path / "other.yaml")
        assert code == 2
        assert says in err
        assert _one_line(err)


def test_calibrating_anew_goes_by_the_head_and_not_by_the_configs_own(run, config, tmp_path):
    files = _sound_files(tmp_path, 6)
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert run("calibrate", *files, "--config", config, "-o", first)[0] == 0
    with config.open("a") as out:
        out.write(f"calibration: {first}\nfdr: 0.1\n")
    assert run("calibrate", *files, "--config", config, "-o", second)[0] == 0
    assert first.read_text() == second.read_text()


def test_a_calibration_in_another_context_says_so(run, article, config, tmp_path):
    target = tmp_path / "own.json"
    files = _sound_files(tmp_path, 6)
    assert run("calibrate", *files, "--config", config, "--context", "none", "-o", target)[0] == 0
    _, out, _ = run("rank", article, "--config", config, "--calibration", target, "-f", "json")
    assert any("calibrated with context none" in w for w in json.loads(out)["warnings"])
    _, out, _ = run(
        "rank", article, "--config", config, "--calibration", target, "--context", "none", "-f", "json"
    )
    assert not any("calibrated" in w for w in json.loads(out)["warnings"])


def test_a_calibration_for_sentences_alone_starts_from_the_heads_own_for_them(run, tmp_path, sound):
    cards = {
        "calibration": calibration_card(sound, slope=3.0),
        "calibration_alone": calibration_card(sound, slope=5.0, intercept=-1.0, context="none"),
    }
    random_head(tmp_path / "both.safetensors", more=cards)
    config = tmp_path / "both.yaml"
    config.write_text(f"detector: {tmp_path / 'both.safetensors'}\n")
    files = _sound_files(tmp_path, 6)
    for context, expected in (("none", (5.0, -1.0)), ("paragraph", (3.0, 0.0)), ("document", (3.0, 0.0))):
        code, out, _ = run("calibrate", *files, "--config", config, "--context", context)
        made = json.loads(out)["calibration"]
        assert code == 0
        assert (made["slope"], made["intercept"], made["context"]) == (*expected, context)


def test_calibrate_writes_over_none_of_its_settings_however_they_are_spelt(run, tmp_path, sound, monkeypatch):
    head = tmp_path / "head.safetensors"
    random_head(head, more={"calibration": calibration_card(sound)})
    config = tmp_path / "config.yaml"
    config.write_text(f"detector: {head}\ncalibration: {tmp_path / 'own.json'}\n")
    (tmp_path / "link.yaml").symlink_to(config)
    files, before = _sound_files(tmp_path, 6), (config.read_bytes(), head.read_bytes())
    monkeypatch.chdir(tmp_path)
    spellings = (config, "config.yaml", "./config.yaml", f"../{tmp_path.name}/config.yaml", "link.yaml")
    for output in (*spellings, head, "./head.safetensors"):
        code, out, err = run("calibrate", *files, "--config", config, "-o", output)
        assert (code, out) == (2, "")
        assert "is one of the files of this run's settings" in err
        assert _one_line(err)
    assert (config.read_bytes(), head.read_bytes()) == before
    # What it makes may take the place of what the config names, there or not.
    for _ in range(2):
        assert run("calibrate", *files, "--config", config, "-o", "own.json")[0] == 0


def test_rank_writes_over_none_of_its_settings(run, config, tmp_path):
    (article,) = _sound_files(tmp_path, 1)
    before = Path(config).read_bytes()
    code, out, err = run("rank", article, "--config", config, "-f", "json", "-o", config)
    assert (code, out) == (2, "")
    assert "is one of the files of this run's settings" in err
    assert Path(config).read_bytes() == before
    code, out, err = run("rank", article, "--config", "")
    assert (code, out) == (2, "")
    assert "--config: the file's name is empty" in err


def test_a_list_longer_than_the_probabilities_allow_is_told(folder, head_file, sound):
    """A rate knows what sound text looks like, a probability what corrupted text does: they may disagree."""
    path = folder / "disagreeing.safetensors"
    low = np.sort(sound) - 50.0  # every sentence is above all sound ones, and none is likely corrupted
    random_head(path, more={"calibration": calibration_card(low, slope=1.0, intercept=-60.0)})
    report = _ranker(path).rank(document_from_text(TEXT))
    assert report.verdict.found == 10 > report.verdict.high
    (warning,) = [w for w in report.warnings if "found at FDR" in w]
    assert "10 sentences are found at FDR 0.1" in warning
    assert "0 to 0 are corrupted" in warning
    agreeing = _ranker(head_file).rank(document_from_text(TEXT))
    assert not [w for w in agreeing.warnings if "found at FDR" in w]


GERMAN = (
    "Die kleine Brücke über den Fluss bleibt noch zwei Wochen lang geschlossen. Das hat der Stadtrat am "
    "Montag beschlossen. Die Arbeiten dauern länger als geplant, weil das Holz an vielen Stellen morsch ist."
)


def test_of_a_language_that_no_head_has_learned_the_probabilities_are_doubted(head_file):
    report = _ranker(head_file).rank(document_from_text(GERMAN))
    (warning,) = [w for w in report.warnings if "learned from English" in w]
    assert "'de'" in warning
    other = _ranker(head_file, measure="perplexity").rank(document_from_text(GERMAN))
    for quiet in (other, _ranker(head_file).rank(document_from_text(TEXT))):
        assert not [w for w in quiet.warnings if "learned from English" in w]


def test_a_likely_sentence_that_is_not_found_is_told(folder, sound):
    path = folder / "likely.safetensors"
    high = np.sort(sound) + 50.0  # every sound sentence looks worse, and all are likely corrupted
    random_head(path, more={"calibration": calibration_card(high, slope=1.0, intercept=20.0)})
    report = _ranker(path).rank(document_from_text(TEXT))
    assert report.verdict.found == 0
    assert report.verdict.words == "about 10 of 10 sentences corrupted (10–10)"
    (warning,) = [w for w in report.warnings if "none is found" in w]
    assert warning.startswith(
        "10 sentences are corrupted with a probability of up to >99%, though none is found"
    )
    assert warning.endswith("some sound texts have sentences that look as bad; read them all the same")
    asked = _ranker(path, fdr=0.1).rank(document_from_text(TEXT))  # a list of none says no more than that
    (same,) = [w for w in asked.warnings if "none is found" in w]
    assert same == warning.replace("read them all the same", "a report without a rate lists them")
    assert (
        nothing_found(asked)
        == "None found at FDR 0.1; by their probabilities about 10 of 10 sentences corrupted (10–10)."
    )


def test_of_those_found_at_a_generous_rate_most_may_be_sound(head_file):
    made = _ranker(head_file).calibration
    found = Verdict(10, 1.0, 0, 2, found=3, fdr=0.1)
    assert "3 sentences are found at FDR 0.1" in of_verdict(found, made, whole=False)[0].text
    assert of_verdict(replace(found, fdr=0.4), made, whole=False) == ()


def test_a_small_sample_that_can_find_nothing_is_told_as_what_it_is():
    made = calibration(np.arange(9.0))
    few = Verdict(26, 2.0, 1, 3, found=0, fdr=0.1, highest=0.999, likely=2)  # 26 / 10 / 2 is above 0.1
    for whole in (True, False):
        (doubt,) = of_verdict(few, made, whole=whole)
        assert doubt.text.startswith(
            "2 sentences are corrupted with a probability of up to >99%, though none is found"
        )
        assert "the calibration's 9 sound sentences are too few to find so few of 26" in doubt.text
        assert ("read them" in doubt.text) is whole
    (one,) = of_verdict(replace(few, likely=1, sentences=1, highest=0.875), made, whole=True)
    assert one.text.startswith("one sentence is corrupted with a probability of 88%, though none is found at")
    assert one.text.endswith("some sound texts have sentences that look as bad; read it all the same")


def test_a_q_value_that_is_the_rate_is_found():
    assert set(q_values(np.full(53, 0.1)).tolist()) == {0.1}  # 53 times .1, by 53, is a little more
    assert q_values(np.array([1e-6, 0.5])).tolist() == [2e-6, 0.5]


def test_a_calibration_with_a_number_that_no_float_holds(run, article, config, tmp_path):
    own = tmp_path / "own.json"
    assert run("calibrate", *_sound_files(tmp_path, 8), "--config", config, "-o", own)[0] == 0
    whole = json.loads(own.read_text())
    for place in ("slope", "log_odds"):
        card = json.loads(json.dumps(whole))
        if place == "slope":
            card["calibration"]["slope"] = 10**400
        else:
            card["calibration"]["sound"][0]["log_odds"][-1] = 10**400
        own.write_text(json.dumps(card))
        code, out, err = run("rank", article, "--config", config, "--calibration", own)
        assert (code, out) == (2, "")
        assert (
            f"own.json: not a calibration file: calibration: {place if place == 'slope' else 'sound[0]'}"
            in err
        )
        assert _one_line(err)
    assert "calibration: no file is named" in run("rank", article, "--config", config, "--calibration", "")[2]
