"""Repairs in a report: found, kept in the ledger, cut short by a budget, and left alone where not wanted."""

from __future__ import annotations

import itertools
import zlib
from pathlib import Path

import numpy as np
import pytest

import mtqa
from mtqa import cli, pipeline
from mtqa.config import Config
from mtqa.detect.repair import PRIOR_NATS
from mtqa.errors import RunError
from mtqa.lm.fake import FakeBackend
from mtqa.lm.ledger import Ledger
from mtqa.lm.ledger_codec import DamagedEntryError
from mtqa.lm.ledger_repairs import KnownRepairs, Looked, pack_repairs, unpack_repairs
from mtqa.lm.local import ModelFiles
from mtqa.lm.passages import passages
from mtqa.lm.rescore import Reach
from mtqa.lm.score import score_passages
from mtqa.records import Passage, Suggestion
from mtqa.repairing import Limits, Repairer, Scene
from mtqa.text.read import document_from_text

TEXT = (
    "The the ferry left at noon, and nobody was on the marmalade. It came back at four.\n\n"
    "““We saw no dolphins,” said the crew. The harbour was amended’ to hold more boats.\n\n"
    "Two gulls sat on the zzyzx. They did not move until the evening."
)
ALL = Reach(context_tokens=10_000, follow_tokens=10_000)


def _logits(read):
    """Letters are likely, and what they are depends on the three letters before; some are very unlikely."""
    return np.random.default_rng([int(i) for i in read[-3:]]).normal(0, 4, 256)


def _backend(**more) -> FakeBackend:
    return FakeBackend(logits=_logits, **more)


def _nats(text: str) -> float:
    scores = score_passages(_backend(), [Passage(text, 0)])[0]
    return float(scores.surprisal_nats.sum(dtype=np.float64))


def _scene(text: str = TEXT, context: str = "document") -> tuple[Scene, tuple[mtqa.Finding, ...]]:
    document = document_from_text(text)
    ranker = mtqa.Ranker(Config(repair=False, context=context), backend=_backend())
    report = ranker.rank(document)
    return Scene(document, passages(document, context), ranker.score(document)), report.findings


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
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: made.append(_backend()) or made[-1])
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)
    return made


def _suggestions(findings) -> list[Suggestion]:
    return [s for f in findings for span in f.spans for s in span.suggestions]


# --- the numbers


def test_a_deletions_gain_is_the_difference_of_whole_documents_less_what_was_to_be_expected_there():
    scene, findings = _scene()
    text, tokens = scene.document.text, scene.tokens
    repaired, warnings = Repairer(_backend, Limits(1e9, ALL)).repaired(scene, findings)
    assert warnings == ()
    seen = 0
    for finding in repaired:
        first = scene.document.sentences[finding.sentence].start
        for span in finding.spans:
            start, end = span.document.start, span.document.end
            assert text[start:end] == span.text
            gone = [s for s in span.suggestions if s.kind == "delete" and not s.text]
            if gone and (start == first or not span.text[0].isupper()):
                without = text[:start].removesuffix(" ") + text[end:]  # with the space in front of it
                expected = tokens.entropy_nats[start:end].sum(dtype=np.float64) + PRIOR_NATS
                gain = _nats(text) - _nats(without) - expected
                assert gone[0].gain_bits * np.log(2) == pytest.approx(gain, abs=1e-3)
                seen += 1
    assert seen


@pytest.mark.model
def test_the_gain_is_the_difference_of_full_scores_for_the_real_model(smollm2):
    text = (
        "The ferry left the island at noon. The captain was a tall marmalade with grey hair, and he steered "
        "with one hand. In the evening they reached the harbour."
    )
    document = document_from_text(text)
    ranker = mtqa.Ranker(Config(repair=False, ledger=False), backend=smollm2)
    findings = ranker.rank(document).findings[:1]
    scene = Scene(document, passages(document, "document"), ranker.score(document))
    repaired, _ = Repairer(lambda: smollm2, Limits(1e9)).repaired(scene, findings)
    span = next(s for s in repaired[0].spans if s.text == "marmalade")

    def nats(version: str) -> float:
        scores = score_passages(smollm2, [Passage(version, 0)])[0]
        return float(scores.surprisal_nats.sum(dtype=np.float64))

    replaced = [s for s in span.suggestions if s.kind == "replace" and len(s.text) > 3]
    assert replaced
    for suggestion in replaced:
        gain = nats(text) - nats(text.replace("marmalade", suggestion.text))
        assert suggestion.gain_bits * np.log(2) == pytest.approx(gain, abs=1e-3 + 1e-3 * np.log(2))
    assert {"man", "person"} <= {s.text for s in span.suggestions}


@pytest.mark.parametrize("context", ["document", "paragraph", "none"])
def test_the_same_text_has_the_same_suggestions_and_no_other_sentence_moves_them_without_context(context):
    scene, findings = _scene(context=context)
    one, _ = Repairer(_backend, Limits(1e9)).repaired(scene, findings)
    two, _ = Repairer(_backend, Limits(1e9)).repaired(scene, tuple(reversed(findings)))
    assert one == tuple(reversed(two))
    assert _suggestions(one)
    for finding in one:
        assert [s.document for s in finding.spans] == sorted(
            (s.document for s in finding.spans), key=lambda d: (d.start, d.end)
        )
        for span in finding.spans:
            gains = [s.gain_bits for s in span.suggestions]
            assert gains == sorted(gains, reverse=True)
            assert all(gain >= 1 for gain in gains)


# --- the budget


def test_a_budget_stops_between_batches_and_the_report_says_so():
    scene, findings = _scene()
    whole, _ = Repairer(_backend, Limits(1e9)).repaired(scene, findings)
    clock = itertools.count()
    cut, warnings = Repairer(_backend, Limits(30), clock=lambda: next(clock)).repaired(scene, findings)
    assert len(warnings) == 1
    assert warnings[0].startswith("repairs were looked for during 30 s (--repair-budget): ")
    assert f"of the first {len(findings)} sentences were not looked at to the end" in warnings[0]
    assert next(clock) < 30 + 2 * len(_all_spans(findings))
    assert [f.rank for f in cut] == [f.rank for f in whole]
    for short, full in zip(_all_spans(cut), _all_spans(whole), strict=True):
        assert short.suggestions in ((), full.suggestions)
    assert 0 < len(_suggestions(cut)) < len(_suggestions(whole))


def _all_spans(findings):
    return [span for f in findings for span in f.spans]


def test_no_time_loads_no_model():
    scene, findings = _scene()

    def refuse():
        raise AssertionError("the model was loaded")

    repaired, warnings = Repairer(refuse, Limits(0)).repaired(scene, findings)
    assert repaired == findings
    assert len(warnings) == 1


def test_a_model_that_fails_costs_the_repairs_and_not_the_ranking():
    class Failing(FakeBackend):
        def score(self, windows, *, layer=None):
            raise RunError("out of memory in a pass")

    scene, findings = _scene()
    repaired, warnings = Repairer(Failing, Limits(1e9)).repaired(scene, findings)
    assert _suggestions(repaired) == []
    assert len(warnings) == 1
    assert "out of memory in a pass" in warnings[0]


# --- the ledger


def test_repairs_come_from_the_ledger_and_load_no_model(folder, loads):
    first = mtqa.rank(TEXT)
    assert _suggestions(first.findings)
    assert len(loads) == 1
    second = mtqa.rank(TEXT)
    assert len(loads) == 1
    assert second.findings == first.findings
    assert second.warnings == first.warnings


def test_a_short_look_at_more_sentences_is_not_recorded_as_a_long_one(folder):
    scene, findings = _scene()
    known = KnownRepairs(Ledger(folder), "m")

    def look(seconds: float, count: int) -> tuple[str, ...]:
        clock = itertools.count()
        repairer = Repairer(_backend, Limits(seconds), known=known, loaded=False, clock=lambda: next(clock))
        return repairer.repaired(scene, findings[:count])[1]

    assert look(1e9, 1) == ()
    assert look(1, len(findings)) != ()
    assert look(1e9, len(findings)) == ()  # nobody gave those that much time before
    whole, _ = Repairer(_backend, Limits(1e9)).repaired(scene, findings)
    assert Repairer(_backend, Limits(1e9), known=known, loaded=False).repaired(scene, findings)[0] == whole


def test_a_text_that_is_cut_into_other_sentences_has_repairs_of_its_own(folder, loads):
    """The place of a partner, and how far is read, hang on where the sentence ends."""
    line = " ".join(TEXT.split())
    read = {form: document_from_text(line, format=form) for form in ("text", "lines")}
    assert len(read["text"].sentences) > len(read["lines"].sentences) == 1
    alone = {form: mtqa.rank(document, ledger=False).findings for form, document in read.items()}
    for order in (("text", "lines"), ("lines", "text")):
        for entry in folder.glob("*"):
            entry.unlink()
        for form in order:
            assert mtqa.rank(read[form]).findings == alone[form]


def test_what_was_cut_short_is_gone_on_with_next_time(folder, monkeypatch):
    scene, findings = _scene()
    whole, _ = Repairer(_backend, Limits(1e9)).repaired(scene, findings)
    known = KnownRepairs(Ledger(folder), "m")
    clock = itertools.count()
    counts = []
    for _ in range(40):
        found, warnings = Repairer(_backend, Limits(12), known=known, clock=lambda: next(clock)).repaired(
            scene, findings
        )
        counts.append(len(_suggestions(found)))
        if not warnings:
            break
    assert found == whole
    assert counts == sorted(counts)
    assert len(counts) > 1


@pytest.mark.parametrize(
    ("budget", "loaded", "asked"), [(12, False, 0), (7, False, 0), (12, True, 1), (13, False, 1)]
)
def test_an_unloaded_model_is_left_alone_unless_there_is_more_time(folder, budget, loaded, asked):
    scene, findings = _scene()
    known, clock, asks = KnownRepairs(Ledger(folder), "m"), itertools.count(), []

    def backend():
        asks.append(1)
        return _backend()

    def repairer(seconds: float, *, loaded: bool) -> Repairer:
        return Repairer(backend, Limits(seconds), known=known, loaded=loaded, clock=lambda: next(clock))

    first, warnings = repairer(12, loaded=False).repaired(scene, findings)
    assert len(asks) == 1
    assert "during 12 s" in warnings[0]
    second, warnings = repairer(budget, loaded=loaded).repaired(scene, findings)
    assert len(asks) - 1 == asked
    assert (second == first) is (not asked)
    if not asked:
        assert "from the score ledger, without the model (a --repair-budget of more than 12 s" in warnings[0]


def test_another_measure_ranks_from_the_ledger_and_shows_the_repairs_that_are_known(folder, loads):
    mtqa.rank(TEXT)
    for measure in ("perplexity", "curvature", "surprisal_minus_entropy_topk"):
        report = mtqa.rank(TEXT, measure=measure)
        assert report.measure == measure
    assert len(loads) == 1
    mtqa.rank(TEXT, measure="curvature", repair_budget_seconds=600.0)
    mtqa.rank(TEXT, repair=False, measure="slor")
    assert len(loads) <= 2


def test_nothing_to_repair_is_known_too(folder, loads, monkeypatch):
    """With a doubled mark beyond the first ten another measure loaded the model for a ledger hit."""
    # For the uniform model no word is suspicious, and sentences differ only in how rare their words are.
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: loads.append(FakeBackend()) or loads[-1])
    names = ("abjad", "bezel", "cwtch", "djinn", "epoxy", "fjord")
    rare = [f"Xylyl quoins {did} {name}." for did in ("vexed", "axed") for name in names]
    text = "\n\n".join([*rare, "““It was so,” he said."])
    first, second = mtqa.rank(text), mtqa.rank(text, measure="slor")
    spanned = [[i for i, f in enumerate(report.findings) if f.spans] for report in (first, second)]
    assert spanned == [[12], [0]]
    assert len(loads) == 1
    assert "from the score ledger, without the model" in " ".join(second.warnings)
    mtqa.rank(text, measure="slor", repair_budget_seconds=600.0)
    assert len(loads) == 2


def test_other_settings_or_code_are_repaired_anew(folder, monkeypatch):
    scene, findings = _scene()
    known, asked = KnownRepairs(Ledger(folder), "m"), []

    def backend():
        asked.append(1)
        return _backend()

    Repairer(backend, Limits(1e9), known=known).repaired(scene, findings)
    Repairer(backend, Limits(5e8), known=known).repaired(scene, findings)
    assert len(asked) == 1
    Repairer(backend, Limits(1e9, Reach(8, 4)), known=known).repaired(scene, findings)
    assert len(asked) == 2
    monkeypatch.setattr("mtqa.repairing.REPAIRS", 99)
    Repairer(backend, Limits(1e9), known=known).repaired(scene, findings)
    Repairer(backend, Limits(1e9), known=KnownRepairs(Ledger(folder), "n")).repaired(scene, findings)
    assert len(asked) == 4


def test_entries_come_back_as_they_were_and_noise_does_not():
    found = {"1-2 ": (Suggestion("é\ud800", 1 / 3, "replace"), Suggestion("", 1.0, "delete")), "4-7 x": ()}
    data = pack_repairs(Looked(found, 7.5))
    assert unpack_repairs(data) == Looked(found, 7.5)
    assert unpack_repairs(zlib.compress(b'{"repairs":{}}')) == Looked()  # of before budgets were kept
    endless = (zlib.compress(text) for text in (b'{"repairs":{},"findings":1e400}', b"[" * 100_000))
    for broken in (b"", data[:-3], data[:5] + b"\x00" + data[6:], b"\x78\x9c", *endless):
        with pytest.raises(DamagedEntryError):
            unpack_repairs(broken)


# --- where it is asked for


def test_only_the_top_is_repaired(loads):
    ranker = mtqa.Ranker(backend=_backend())
    document = document_from_text(TEXT)
    assert _suggestions(ranker.rank(document).findings)
    top = ranker.rank(document, repaired=1).findings
    assert _suggestions(top[:1])
    assert not _suggestions(top[1:])
    assert not _suggestions(ranker.rank(document, repaired=0).findings)
    assert not _suggestions(mtqa.Ranker(Config(repair=False), backend=_backend()).rank(document).findings)


def test_the_command_line(loads, tmp_path, capfdbinary):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["rank", str(path), *arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    code, out, err = run("--top", "2")
    assert (code, err) == (0, "")
    assert " bits better" in out
    for arguments in (("--no-repair",), ("--no-repair", "--repair-budget", "9")):
        code, out, _ = run(*arguments)
        assert code == 0
        assert "better" not in out
        assert "Warning" not in out
    code, out, _ = run("--repair-budget", "0")
    assert code == 0
    assert "repairs were looked for during 0 s" in " ".join(out.split())
    for bad in ("-1", "soon", "nan"):
        code, out, err = run("--repair-budget", bad)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1


def test_sentences_that_were_not_asked_for_are_looked_at_later(folder, loads):
    document = document_from_text(TEXT)
    first = mtqa.Ranker().rank(document, repaired=1)
    assert _suggestions(first.findings[:1])
    assert not _suggestions(first.findings[1:])
    whole = mtqa.Ranker().rank(document)
    fresh = mtqa.Ranker(Config(ledger=False)).rank(document)
    assert _suggestions(whole.findings) == _suggestions(fresh.findings)
    assert len(_suggestions(whole.findings)) > len(_suggestions(first.findings))
    loaded = len(loads)
    mtqa.Ranker().rank(document)
    mtqa.Ranker().rank(document, repaired=1)
    assert len(loads) == loaded
