"""What reaches a scorer, and what becomes of what it says: a recording scorer and a fake model."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from mtqa.bench.evaluate import EvaluateSettings, evaluate_tables
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet
from mtqa.bench.scoring import TOGETHER, score_set
from mtqa.config import Config
from mtqa.detect.calibrate import Calibration, SoundBin
from mtqa.errors import InputError
from mtqa.evaluation import scorer_of
from mtqa.lm.fake import FakeBackend
from mtqa.lm.progress import NoProgress
from mtqa.pipeline import Ranker
from mtqa.records import Document, Doubt, Report, Verdict
from mtqa.text.read import document_from_sentences
from mtqa.warned import of_verdict
from tests.bench.labelled_texts import BAKERY, FERRY, PAIRS, SCORED, write_jsonl


class Recorder:
    """A scorer that keeps all it is given and ranks with a fake model."""

    def __init__(self, **config: Any) -> None:
        rng = np.random.default_rng(0)
        table = rng.normal(size=(300, 300)) * 2
        backend = FakeBackend(vocabulary=300, logits=lambda ids: table[ids[-1]], max_tokens=4096)
        ranker = Ranker(Config(measure="surprisal_mean", **config), backend=backend)
        self.rankers = {False: ranker, True: ranker.in_context("none")}
        self.seen: list[tuple[Document, bool]] = []

    def __call__(self, document: Document, isolated: bool) -> Report:
        self.seen.append((document, isolated))
        return self.rankers[isolated].rank(document)

    def texts(self) -> list[str]:
        return [document.text for document, _ in self.seen]


SECRETS = {
    "orig": "secret original",
    "ref": "secret reference",
    "src": "secret source",
    "pe": "secret post-edit",
    "reference": "secret answer",
    "comment": "secret comment",
}


@pytest.mark.parametrize("records", [[BAKERY, FERRY], PAIRS, SCORED], ids=["documents", "pairs", "scored"])
def test_answers_never_reach_the_scorer(tmp_path, records):
    """The scorer gets a Document of texts: no label, score, span, orig, ref, src or pe is anywhere in it."""
    marked = []
    for record in records:
        inner = [{**s, **SECRETS} for s in record["sentences"]] if "sentences" in record else None
        marked.append({**record, **SECRETS, **({"sentences": inner} if inner else {})})
    data = load_labelled(str(write_jsonl(tmp_path / "data.jsonl", marked)))
    recorder = Recorder()
    score_set(data, recorder, config="c", progress=NoProgress())
    allowed = {s.text for s in data.sentences() if not s.boilerplate}
    for document, _ in recorder.seen:
        assert "secret" not in repr([getattr(document, one.name) for one in dataclasses.fields(document)])
        assert {document.text[s.start : s.end] for s in document.sentences} <= allowed
        assert document.path is None
        assert document.source == document.text
        # Nothing but texts, joined by white space.
        rest = document.text
        for sentence in sorted(allowed, key=len, reverse=True):
            rest = rest.replace(sentence, "")
        assert not rest.strip()


def test_the_same_texts_with_other_answers_give_the_same_scores(tmp_path):
    turned = json.loads(json.dumps([BAKERY, FERRY]))
    for record in turned:
        for sentence in record["sentences"]:
            sentence["label"] = 0 if sentence.get("boilerplate") else 1 - sentence["label"]
            sentence["spans"] = []
            sentence.pop("orig", None)
    tables = [
        score_set(
            load_labelled(str(write_jsonl(tmp_path / f"{i}.jsonl", records))),
            Recorder(),
            config="c",
            progress=NoProgress(),
        )
        for i, records in enumerate(([BAKERY, FERRY], turned))
    ]
    np.testing.assert_array_equal(tables[0].scores, tables[1].scores)
    assert tables[0].words == tables[1].words


def test_documents_keep_their_context_and_lose_their_boilerplate(tmp_path):
    data = load_labelled(str(write_jsonl(tmp_path / "data.jsonl", [BAKERY, FERRY])))
    recorder = Recorder()
    table = score_set(data, recorder, config="c", progress=NoProgress())
    assert [isolated for _, isolated in recorder.seen] == [False, False]
    bakery = recorder.seen[0][0]
    assert len(bakery.sentences) == 3
    assert len(bakery.blocks) == 2
    assert table.unscored == {3: "boilerplate"}
    assert table.scores[3] == table.scores.min() < np.delete(table.scores, 3).min()
    assert table.document.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert table.tokens[3] == 0
    assert (np.delete(table.tokens, 3) > 0).all()
    assert (np.delete(table.bits, 3) > 0).all()


def test_isolated_sentences_are_scored_without_context_and_once_for_each_text(tmp_path):
    pairs = [{**p, "id": f"{p['id']}{i}"} for p in PAIRS for i in range(3)]
    data = load_labelled(str(write_jsonl(tmp_path / "data.jsonl", pairs)))
    recorder = Recorder()
    table = score_set(data, recorder, config="c", progress=NoProgress())
    ((document, isolated),) = recorder.seen
    assert isolated
    assert len(document.sentences) == 6
    assert len(table) == 18
    assert table.scores[0] == table.scores[2]
    alone = Recorder(context="none")
    single = LabelledSet(
        "one",
        "",
        "scored",
        (LabelledDocument("a", (LabelledSentence(PAIRS[0]["bad"], score=1.0),), isolated=True),),
    )
    assert score_set(single, alone, config="c", progress=NoProgress()).scores[0] == table.scores[1]


def test_many_isolated_sentences_go_in_batches():
    sentences = [LabelledSentence(f"Number {i} stands here.", score=float(i)) for i in range(TOGETHER + 5)]
    documents = tuple(LabelledDocument(str(i), (s,), isolated=True) for i, s in enumerate(sentences))
    recorder = Recorder()
    score_set(LabelledSet("many", "", "scored", documents), recorder, config="c", progress=NoProgress())
    assert [len(document.sentences) for document, _ in recorder.seen] == [TOGETHER, 5]


def test_words_and_marks_are_in_characters_of_the_labelled_text():
    sentences = (
        LabelledSentence("  The mill stands here.  ", 0),
        LabelledSentence("Its wheel turns.", 1),
        LabelledSentence(" ", 0),
    )
    data = LabelledSet("x", "", "documents", (LabelledDocument("d", sentences),))
    table = score_set(data, Recorder(), config="c", progress=NoProgress())
    words = [[s.text[a:b] for a, b, _ in own] for s, own in zip(sentences, table.words, strict=True)]
    assert words == [["The", "mill", "stands", "here", "."], ["Its", "wheel", "turns", "."], []]
    for sentence, marked in zip(sentences, table.marked, strict=True):
        assert all(0 <= a < b <= len(sentence.text) and sentence.text[a:b].strip() for a, b in marked)
    assert table.unscored == {2: "blank"}


def test_a_set_without_anything_to_score():
    data = LabelledSet("void", "", "documents", (LabelledDocument("d", (LabelledSentence(" ", 1),)),))
    with pytest.raises(InputError, match="void: no sentences"):
        score_set(data, Recorder(), config="c", progress=NoProgress())


def test_probabilities_are_taken_where_there_are_some():
    class Sure(Recorder):
        def __call__(self, document: Document, isolated: bool) -> Report:
            report = super().__call__(document, isolated)
            findings = [_with(f, 0.25) for f in report.findings]
            return Report(**{**_fields(report), "findings": tuple(findings)})

    data = LabelledSet(
        "x",
        "",
        "documents",
        (LabelledDocument("d", (LabelledSentence("Yes it is.", 1), LabelledSentence("", 0))),),
    )
    table = score_set(data, Sure(), config="c", progress=NoProgress())
    assert table.probability is not None
    assert table.probability.tolist() == [0.25, 0.0]
    assert score_set(data, Recorder(), config="c", progress=NoProgress()).probability is None


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _with(finding: Any, probability: float) -> Any:
    class Judged:
        def __getattr__(self, name: str) -> Any:
            return probability if name == "probability" else getattr(finding, name)

    return Judged()


def test_a_false_discovery_rate_of_the_config_hides_no_sentence():
    """A report at --fdr lists only what is found; an evaluation asks for every sentence's score."""
    ranker = Ranker(Config(measure="perplexity", fdr=0.1), backend=FakeBackend(vocabulary=300))
    document = document_from_sentences(["The mill stands here.", "Its wheel turns."])
    assert len(scorer_of(ranker)(document, False).findings) == 2


def test_the_model_is_lent_to_the_ranker_of_another_context():
    backend = FakeBackend(vocabulary=300)
    ranker = Ranker(Config(measure="perplexity"), backend=backend)
    other = ranker.in_context("none")
    assert other.backend is backend
    assert other.config.context == "none"
    assert other.config.measure == "perplexity"


def test_what_most_reports_warn_of_is_kept(tmp_path):
    recorder = Recorder()
    usual = ("the text seems to be in 'xx'", "its probabilities may be off")

    def scorer(document: Document, isolated: bool) -> Report:
        report = recorder(document, isolated)
        now_and_then = ("said once",) if len(recorder.seen) == 1 else ()
        return dataclasses.replace(report, warnings=(*usual, *now_and_then))

    documents = [{**BAKERY, "doc": f"d{i}"} for i in range(3)]
    kept = {}
    for name, records in (("documents", documents), ("pairs", PAIRS)):
        data = load_labelled(str(write_jsonl(tmp_path / f"{name}.jsonl", records)))
        recorder.seen.clear()
        table = score_set(data, scorer, config="c", progress=NoProgress())
        kept[name] = table.warnings
        found = evaluate_tables([table], EvaluateSettings(resamples=2)).warnings
        assert f"{data.name}: {usual[0]}" in found
    assert kept["documents"] == usual
    # No metric reads a pair's probability. The one report of all pairs said it of most.
    assert kept["pairs"] == (usual[0], "said once")


def _verdicts() -> tuple[Doubt, ...]:
    """Every doubt that a report has on its article's verdict, as it is worded there."""
    bins = (SoundBin(None, 40, np.zeros(1), np.zeros(1, np.int64)),)
    calibrations = [
        Calibration(1.0, 0.0, bins),
        Calibration(1.0, 0.0, (dataclasses.replace(bins[0], sentences=10**6),)),
    ]
    verdict = Verdict(45, 4.0, 1, 3, found=0, fdr=0.1, highest=0.97, likely=9)
    return tuple(
        doubt
        for one in (verdict, dataclasses.replace(verdict, likely=1), dataclasses.replace(verdict, found=30))
        for calibration in calibrations
        for doubt in of_verdict(one, calibration, whole=True)
    )


def _warning(lines: tuple[str, ...], *doubts: tuple[Doubt, ...]) -> Any:
    """A scorer whose reports have these warnings, and each verdict the next of the doubts, or the last."""
    recorder = Recorder()

    def scorer(document: Document, isolated: bool) -> Report:
        report = recorder(document, isolated)
        held = doubts[min(len(recorder.seen), len(doubts)) - 1]
        verdict = Verdict(6, 4.0, 1, 3, found=0, fdr=0.1, doubts=held)
        return dataclasses.replace(report, warnings=(*lines, *verdict.warnings), verdict=verdict)

    return scorer


def test_sentences_that_stand_alone_have_no_articles_verdict():
    doubts = _verdicts()
    lines = {doubt.text for doubt in doubts}
    assert len(lines) == 5
    usual = "the detector was calibrated with context document, and this is context none"
    sentences = tuple(LabelledSentence(f"Boat {i} is in.", label=i % 2) for i in range(6))
    alone = tuple(LabelledDocument(f"s{i}", (s,), isolated=True) for i, s in enumerate(sentences))
    article = LabelledDocument("article", sentences)
    kept = {
        name: score_set(
            LabelledSet(name, "", "documents", documents),
            _warning((usual,), doubts),
            config="c",
            progress=NoProgress(),
        ).warnings
        for name, documents in (("alone", alone), ("article", (article,)), ("both", (article, *alone)))
    }
    assert kept["alone"] == (usual,)
    assert set(kept["article"]) == {usual, *lines}
    # The one article's verdict is that of all articles, whatever stands beside it.
    assert set(kept["both"]) == {usual, *lines}
    pairs = LabelledSet(
        "pairs", "", "pairs", (LabelledDocument("p", (sentences[0], sentences[1]), isolated=True),)
    )
    assert score_set(pairs, _warning((), doubts), config="c", progress=NoProgress()).warnings == ()


def test_what_most_articles_verdicts_doubt_is_told_once_without_their_numbers():
    sentences = tuple(LabelledSentence(f"Boat {i} is in.", label=i % 2) for i in range(6))
    articles = tuple(LabelledDocument(f"a{i}", sentences) for i in range(5))
    data = LabelledSet("five", "", "documents", articles)
    often = [(Doubt("many are likely, none is found", f"{n} are likely, none is found"),) for n in (2, 3, 4)]
    seldom = (Doubt("more are found than are likely", "7 are found, 2 are likely"),)
    scorer = _warning((), *often, seldom)
    warnings = score_set(data, scorer, config="c", progress=NoProgress()).warnings
    assert warnings == ("in 3 of 5 documents many are likely, none is found",)


def test_two_doubts_of_a_kind_have_other_numbers():
    bins = (SoundBin(None, 40, np.zeros(1), np.zeros(1, np.int64)),)
    one = Verdict(45, 4.0, 1, 3, found=0, fdr=0.1, highest=0.97, likely=2)
    for other in (dataclasses.replace(one, likely=1, sentences=60), dataclasses.replace(one, highest=0.6)):
        pair = [of_verdict(v, Calibration(1.0, 0.0, bins), whole=True)[0] for v in (one, other)]
        assert len({doubt.text for doubt in pair}) == 2
        assert len({doubt.kind for doubt in pair}) == 1


def test_quotation_marks_of_isolated_sentences_are_no_partners():
    texts = ('He said "go now and left.', 'It was late" and very dark.', "«Il part» and a “sound” one.")

    def marked(*chosen: str) -> dict[str, Any]:
        documents = tuple(
            LabelledDocument(str(i), (LabelledSentence(t, score=float(i)),), isolated=True)
            for i, t in enumerate(chosen)
        )
        table = score_set(
            LabelledSet("x", "", "scored", documents), Recorder(), config="c", progress=NoProgress()
        )
        marks = [
            tuple((a, b) for a, b in own if t[a:b] in '“”"')
            for t, own in zip(chosen, table.marked, strict=True)
        ]
        return dict(zip(chosen, marks, strict=True))

    alone = {text: mark for one in texts for text, mark in marked(one).items()}
    assert alone == {texts[0]: ((8, 9),), texts[1]: ((11, 12),), texts[2]: ()}
    assert marked(*texts) == alone
    assert marked(*reversed(texts)) == alone
