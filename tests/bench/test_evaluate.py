"""An evaluation from data to report: floors, breakdowns, references, JSON, and the readable formats."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

import mtqa
from mtqa.bench.beside import CHANCE, LENGTH, PERFECT, UNIGRAM, bare_table, floors
from mtqa.bench.evaluate import EvaluateSettings, Evaluation, evaluate_tables
from mtqa.bench.figures import Figure
from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.metrics import METRICS
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index
from mtqa.bench.references import reference_scores
from mtqa.bench.reports import FORMATS, render
from mtqa.bench.tables import group_values, pooled, subset
from mtqa.detect.unigrams import word_nats
from mtqa.errors import UsageError
from mtqa.lm.fake import FakeBackend
from mtqa.lm.progress import NoProgress
from mtqa.report.formats import RenderOptions
from tests.bench.labelled_texts import BAKERY, FERRY, PAIRS, SCORED, random_table, write_jsonl

SCHEMA = Path(__file__).parents[2] / "docs" / "evaluation-schema-1.json"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MTQA_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("changes", [{"seed": "x"}, {"seed": -1}, {"resamples": 2.5}, {"resamples": None}])
def test_settings_that_are_no_whole_numbers(changes):
    name, value = next(iter(changes.items()))
    with pytest.raises(UsageError, match=f"{name} is {value!r}: a whole number from 0"):
        EvaluateSettings(**changes)
    assert EvaluateSettings(seed=np.int64(3)).seed == 3


@pytest.mark.parametrize("by", ["genre", None, 7, (7,)])
def test_a_name_where_names_are_wanted(by):
    with pytest.raises(UsageError, match=r"by is .*: give a tuple of names"):
        EvaluateSettings(by=by)
    assert EvaluateSettings(by=["genre"]).by == ["genre"]


@pytest.mark.parametrize("data", [None, 7, b"a.jsonl", [None], ["a.jsonl", 7]])
def test_what_names_no_data(data):
    for ask in (mtqa.evaluate, lambda data: mtqa.compare({"a": {}, "b": {"k": 4}}, data)):
        with pytest.raises(mtqa.MtqaError, match=r"labelled data are named by|no such file"):
            ask(data)


@pytest.fixture
def files(tmp_path) -> list[str]:
    documents = [{**r, "doc": f"{r['doc']}{i}"} for r in (BAKERY, FERRY) for i in range(3)]
    return [
        str(write_jsonl(tmp_path / "documents.jsonl", documents)),
        str(write_jsonl(tmp_path / "scored.jsonl", SCORED)),
        str(write_jsonl(tmp_path / "pairs.jsonl", PAIRS)),
    ]


def _evaluated(files: list[str], **settings) -> Evaluation:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 300)) * 2
    backend = FakeBackend(vocabulary=300, logits=lambda ids: table[ids[-1]], max_tokens=4096)
    made = EvaluateSettings(**{"resamples": 60, **settings})
    return mtqa.evaluate(files, settings=made, backend=backend, measure="surprisal_max")


def test_every_shape_in_one_evaluation(files):
    evaluation = _evaluated(files, by=("genre", "type"))
    figures = evaluation.metrics()
    assert {"roc_auc", "average_precision", "precision_at_1", "precision_at_k", "roc_auc_by_document"} <= set(
        figures
    )
    assert {"recall_at_fpr_5", "character_f1", "boilerplate_recall", "spearman", "pearson", "kendall"} <= set(
        figures
    )
    assert {"word_mcc", "word_average_precision", "accuracy", "accuracy_length_controlled"} <= set(figures)
    assert figures["roc_auc"].n == 18
    assert figures["accuracy"].n == 3
    # Both shapes have spans: the later one's figure does not hide the earlier one's.
    assert "pairs.character_f1" in figures
    for figure in figures.values():
        assert figure.value is not None or figure.undefined
        if figure.low is not None and figure.high is not None and figure.value is not None:
            assert figure.low <= figure.high


def test_the_record_holds_schema_1(files):
    import jsonschema

    evaluation = _evaluated(files, by=("genre",))
    text = render(evaluation, "json")
    record = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    jsonschema.validate(record, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert record["schema"] == 1
    assert [d["shape"] for d in record["data"]] == ["documents", "scored", "pairs"]
    assert [d["n"] for d in record["data"]] == [21, 3, 6]
    assert set(record["metrics"]["roc_auc"]) >= {"value", "low", "high", "n"}
    assert set(record["by"]["genre"]) == {"news", "report"}
    assert set(record["by"]["phenomenon"]) == {"insertion", "removal", "agreement"}
    assert "seed:0" in record["signature"]


def test_pairs_of_too_many_phenomena_are_not_broken_down_by_them(tmp_path):
    for count, broken_down in ((200, True), (201, False)):
        rows = [
            {"good": f"It rains on {i}.", "bad": f"It rain on {i}.", "phenomenon": f"p{i}"}
            for i in range(count)
        ]
        write_jsonl(tmp_path / "pairs.jsonl", rows)
        record = _evaluated([str(tmp_path / "pairs.jsonl")]).record()
        assert ("phenomenon" in record["by"]) == broken_down
        assert any("201 phenomena, at most 200" in said for said in record["warnings"]) != broken_down


def test_what_lacks_a_group_is_none_of_its_values(tmp_path):
    rows = [
        {"text": f"It rains on {i}.", "label": i % 2, "genre": f"g{i:03}" if i < 200 else ""}
        for i in range(202)
    ]
    path = write_jsonl(tmp_path / "d.jsonl", [{"doc": str(i), "sentences": [r]} for i, r in enumerate(rows)])
    assert len(_evaluated([str(path)], by=("genre",)).record()["by"]["genre"]) == 200


def test_orders_that_overlap_make_one(tmp_path):
    said = {"A": "Sea sea sea.", "B": "The sea calms.", "C": "The sea is calm.", "D": "A calm sea."}
    paths = []
    for name, systems in (("one", "ABC"), ("two", "BCD"), ("three", "AD"), ("four", "XZ")):
        row = {f"mt_{system}": said.get(system, "Sea.") for system in systems}
        records = [{"doc": f"{name}{i}", "sentences": [row]} for i in range(3)]
        paths.append(str(write_jsonl(tmp_path / f"{name}.jsonl", records)))
    section = _evaluated(paths[:3]).sections[0]
    assert [s.name for s in section.systems] == ["mt_A", "mt_B", "mt_C", "mt_D"]
    assert ["system_kendall" in own for own in section.by["data"].values()] == [True] * 3
    # Who is first of A and X, nobody has said.
    assert not _evaluated([paths[0], paths[3]]).sections[0].systems


def test_data_given_twice_and_data_of_one_name(files, tmp_path):
    with pytest.raises(UsageError, match=r"documents.jsonl is given twice"):
        _evaluated([files[0], f"{tmp_path}/../{tmp_path.name}/documents.jsonl"])
    for folder, record in (("a/x", BAKERY), ("b/x", FERRY)):
        (tmp_path / folder).mkdir(parents=True)
        write_jsonl(tmp_path / folder / "d.jsonl", [record])
    by = _evaluated([str(tmp_path / f / "d.jsonl") for f in ("a/x", "b/x")]).record()["by"]["data"]
    assert list(by) == ["x/d.jsonl", "x/d.jsonl #2"]
    assert by["x/d.jsonl"]["roc_auc"]["n"] == 3


def test_the_same_seed_gives_the_same_numbers(files):
    first, again, other = (_evaluated(files, seed=seed).record() for seed in (3, 3, 4))
    assert first["metrics"] == again["metrics"]
    assert first["metrics"] != other["metrics"]


def test_floors_and_ceiling(files):
    section = _evaluated(files).sections[0]
    assert {LENGTH, UNIGRAM, CHANCE, PERFECT} <= set(section.beside)
    chance = section.beside[CHANCE]
    assert chance["roc_auc"].value == 0.5
    assert chance["average_precision"].value == pytest.approx(6 / 18)
    assert chance["precision_at_1"].value == pytest.approx(1 / 3)
    assert chance["recall_at_fpr_5"].value == pytest.approx(0.05)
    assert all(chance[name].n == section.metrics[name].n for name in chance if chance[name].value is not None)
    perfect = section.beside[PERFECT]
    assert {f.value for f in perfect.values()} == {1.0}
    assert {f.undefined for f in perfect.values()} == {"no interval: by definition"}
    assert set(perfect) >= {"roc_auc", "precision_at_k", "character_f1", "span_word_average_precision"}


def test_the_gold_is_perfect_by_each_gold_that_there_is(tmp_path):
    words = ("Corn", "A zebra", "Milk", "The quay", "Wind", "Juice")
    rows = [
        {"doc": f"d{i}", "text": f"{word} is here.", "label": i % 2, "score": i % 3}
        for i, word in enumerate(words)
    ]
    rows[5]["boilerplate"] = True
    section = _evaluated([str(write_jsonl(tmp_path / "both.jsonl", rows))]).sections[0]
    perfect = section.beside[PERFECT]
    values = [perfect[name].value for name in ("roc_auc", "spearman", "kendall", "pearson")]
    assert values == pytest.approx([1.0] * 4)
    assert section.metrics["spearman"].n == 5


def test_length_alone_is_the_number_of_words(files):
    evaluation = _evaluated(files[:1])
    data = evaluation.data[0]
    rows = [s for s in data.sentences() if not s.boilerplate]
    from sklearn.metrics import roc_auc_score

    expected = roc_auc_score([s.label for s in rows], [len(s.text.split()) for s in rows])
    assert evaluation.sections[0].beside[LENGTH]["roc_auc"].value == pytest.approx(expected)


def test_a_breakdown_holds_the_sound_sentences_against_each_type():
    table = random_table(np.random.default_rng(3))
    typed = tuple(
        replace(
            d,
            sentences=tuple(
                replace(s, groups={"type": "xy"[i % 2], "genre": d.id} if s.label else {"genre": d.id})
                for i, s in enumerate(d.sentences)
            ),
        )
        for d in table.data.documents
    )
    table = replace(table, data=replace(table.data, documents=typed))
    rows = group_values(table, "type")
    assert set(rows) == {"x", "y"}
    gold = np.array([s.label for s in table.data.sentences()])
    for group in rows.values():
        assert group.contrast
        keep = group.rows
        part = subset(table, keep)
        assert (gold[keep] == 0).sum() == (gold == 0).sum()
        assert len(part.data.documents) == len(table.data.documents)
        assert len(part) == keep.sum()
        np.testing.assert_array_equal(part.document, document_index(part.data))
    # A genre is a property of all of a document's sentences: nothing of the others comes in.
    genres = group_values(table, "genre").values()
    assert sum(group.rows.sum() for group in genres) == len(table)
    assert not any(group.contrast for group in genres)


def _typed(documents: int = 8) -> ScoreTable:
    """Five sentences each: a corrupted one of type a, one of type b, three sound ones; with probabilities."""
    sentences = (
        LabelledSentence("Tide rope.", 1, groups={"type": "a"}),
        LabelledSentence("Quay is the.", 1, groups={"type": "b"}),
        *(LabelledSentence(f"The net number {i} is dry.", 0) for i in range(3)),
    )
    data = LabelledSet(
        "typed", "0" * 64, "documents", tuple(LabelledDocument(f"d{d}", sentences) for d in range(documents))
    )
    n = len(data)
    rng = np.random.default_rng(5)
    return ScoreTable(
        data,
        "c",
        "s",
        rng.normal(size=n),
        document_index(data),
        probability=rng.random(n),
        q_value=rng.random(n) / 5,
    )


def _with_groups(table: ScoreTable, rows: dict[int, dict[str, str]]) -> ScoreTable:
    """Other groups for some sentences, by their number."""
    count = iter(range(len(table)))

    def changed(s: LabelledSentence) -> LabelledSentence:
        i = next(count)
        return replace(s, groups=rows[i]) if i in rows else s

    documents = tuple(
        replace(d, sentences=tuple(changed(s) for s in d.sentences)) for d in table.data.documents
    )
    return replace(table, data=replace(table.data, documents=documents))


def test_one_stray_cell_leaves_every_sound_sentence_in_its_place():
    table = _typed()
    stray = _with_groups(table, {2: {"type": "a"}})
    sound = np.array([s.label == 0 for s in table.data.sentences()])
    before, after = group_values(table, "type"), group_values(stray, "type")
    assert set(before) == set(after) == {"a", "b"}
    for value, group in after.items():
        assert (group.rows & sound).sum() == sound.sum()
        np.testing.assert_array_equal(group.rows, before[value].rows)


def test_a_genre_that_half_of_the_documents_lack_has_no_contrast():
    table = _typed()
    named = {i: {"genre": "news"} for i in range(20)}
    (news,) = group_values(_with_groups(table, named), "genre").values()
    assert not news.contrast
    assert news.rows.sum() == 20


def test_a_type_has_no_figure_of_probabilities_that_its_contrast_would_move():
    table = _typed()
    section = evaluate_tables([table], EvaluateSettings(resamples=20, by=("type",))).sections[0]
    off = {"brier", "expected_calibration_error", "false_discovery_rate", "false_discovery_share"}
    assert all(section.metrics[name].value is not None for name in off)
    own = section.by["type"]["a"]
    for name in off:
        assert own[name].value is None
        assert "against each type" in own[name].undefined
    assert list(own) == list(section.metrics)
    # What is found of the type is its own: no sound sentence counts in it.
    first = np.arange(len(table)) % 5 == 0
    assert own["recall_at_fdr_10"].value == pytest.approx(np.mean(table.q_value[first] <= 0.1))
    assert own["roc_auc"].value is not None
    genre = _with_groups(table, {i: {"genre": "xy"[i // 20]} for i in range(len(table))})
    by = evaluate_tables([genre], EvaluateSettings(resamples=20, by=("genre",))).sections[0].by["genre"]
    assert by["x"]["brier"].value == pytest.approx(
        np.mean((table.probability[:20] - [s.label for s in list(table.data.sentences())[:20]]) ** 2)
    )


def test_an_unknown_group_is_refused_before_any_scoring(files, monkeypatch):
    with pytest.raises(UsageError, match="did you mean 'genre'"):
        mtqa.evaluate(files[0], settings=EvaluateSettings(by=("gnere",)), model="no-such-model")


def test_files_of_one_shape_are_pooled_and_told_apart(tmp_path, files):
    more = str(write_jsonl(tmp_path / "more.jsonl", [FERRY, {**BAKERY, "doc": "bakery9"}]))
    evaluation = _evaluated([files[0], more])
    section = evaluation.sections[0]
    assert section.metrics["roc_auc"].n == 24
    parts = section.by["data"]
    assert sorted(f["roc_auc"].n for f in parts.values()) == [6, 18]
    table = pooled(evaluation.tables)
    assert len(set(table.data.clusters().tolist())) == 8


def _of_systems(tmp_path: Path, source: bool) -> list[str]:
    """A file for each of six systems, with translations of the same 30 sources, if their records say so."""
    files = []
    for system in range(6):
        records = [
            {
                "doc": f"{d}-{system}" if source else f"{d}",
                **({"source_doc": f"{d}"} if source else {}),
                "sentences": [
                    {"text": f"Boat {d} is {i} {system}.", "label": int(i == (d + system) % 3)}
                    for i in range(3)
                ],
            }
            for d in range(30)
        ]
        files.append(str(write_jsonl(tmp_path / f"{'with' if source else 'without'}{system}.jsonl", records)))
    return files


@pytest.mark.parametrize(("source", "clusters"), [(True, 30), (False, 180)])
def test_one_source_in_several_files_is_drawn_as_one(tmp_path, source, clusters):
    """A `source_doc` is the same in every file; the plain names of documents are alike by chance."""
    sets = [load_labelled(name) for name in _of_systems(tmp_path, source)]
    tables = [ScoreTable(s, "c", "s", np.zeros(len(s)), document_index(s)) for s in sets]
    data = pooled(tables).data
    numbers = data.clusters()
    assert (len(data.documents), len(set(numbers.tolist()))) == (180, clusters)
    if source:
        np.testing.assert_array_equal(numbers, np.tile(np.arange(30), 6))


def test_pairs_of_one_sound_sentence_are_drawn_as_one_across_files(tmp_path):
    files = []
    for name, bad in (("x", "She lock {}."), ("y", "She locking {}.")):
        records = [
            {"id": f"{i}", "good": f"She locks {i if i < 4 else f'{i}{name}'}.", "bad": bad.format(i)}
            for i in range(5)
        ]
        files.append(str(write_jsonl(tmp_path / f"{name}.jsonl", records)))
    sets = [load_labelled(name) for name in files]
    tables = [ScoreTable(s, "c", "s", np.zeros(len(s)), document_index(s)) for s in sets]
    assert pooled(tables).data.clusters().tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 5]


def test_graded_systems_of_one_name_in_two_files_stay_apart(tmp_path):
    rows = [{"mt_A": "Sea sea sea.", "mt_B": "The sea calms."}]
    sets = [
        load_labelled(
            str(write_jsonl(tmp_path / f"{i}.jsonl", [{"doc": d, "sentences": rows} for d in "ab"]))
        )
        for i in range(2)
    ]
    tables = [ScoreTable(s, "c", "s", np.zeros(len(s)), document_index(s)) for s in sets]
    assert pooled(tables).data.clusters().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def _with_blanks() -> ScoreTable:
    """30 sentences in people's order, and two without a word that have the lowest suspicion."""
    texts = [f"Sentence{' very' * (i % 7)} {i} is here." for i in range(30)] + ["", " "]
    documents = tuple(
        LabelledDocument(f"s{i}", (LabelledSentence(text, score=-float(i)),), isolated=True)
        for i, text in enumerate(texts)
    )
    data = LabelledSet("blanks", "0" * 64, "scored", documents)
    scores = np.append(np.arange(30.0), [-1.0, -1.0])
    return ScoreTable(data, "c", "s", scores, document_index(data), unscored={30: "blank", 31: "blank"})


def test_what_could_not_be_scored_is_in_no_correlation_and_the_warning_says_so():
    table = _with_blanks()
    evaluation = evaluate_tables([table], EvaluateSettings(resamples=20))
    section = evaluation.sections[0]
    for name in ("spearman", "kendall", "pearson"):
        assert (section.metrics[name].value, section.metrics[name].n) == (pytest.approx(1.0), 30)
        # All that stands beside it is over the same sentences.
        assert {row[name].n for row in section.beside.values()} == {30}
    said = "blanks: 2 of 32 sentences were not scored (blank): left out of correlations"
    assert said in evaluation.warnings
    labelled = tuple(
        replace(d, sentences=tuple(replace(s, label=int(i % 2)) for s in d.sentences))
        for i, d in enumerate(table.data.documents)
    )
    both = replace(table, data=replace(table.data, shape="documents", documents=labelled))
    (line,) = (
        w for w in evaluate_tables([both], EvaluateSettings(resamples=2)).warnings if "not scored" in w
    )
    assert line.endswith("(blank): ranked last, and left out of correlations")


def test_an_undefined_metric_says_why_and_is_never_a_number(tmp_path):
    rows = [{"text": "One is here.", "label": 0}, {"text": "Two is here.", "label": 1}]
    evaluation = _evaluated([str(write_jsonl(tmp_path / "alone.jsonl", rows))])
    figure = evaluation.metrics()["precision_at_1"]
    assert (figure.value, figure.low, figure.high) == (None, None, None)
    assert figure.undefined == "no document has a corrupted sentence to find among others"
    record = json.loads(render(evaluation, "json"))["metrics"]["precision_at_1"]
    assert record["value"] is None
    assert record["undefined"] == figure.undefined


def test_references_are_sacrebleus_own(files):
    data = load_labelled(files[1])
    n = len(data)
    table = ScoreTable(data, "c", "s", np.zeros(n), document_index(data))
    draws = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]])
    texts = [s.text for s in data.sentences()]
    references = [s.reference or "" for s in data.sentences()]
    for scores in reference_scores(table, draws, progress=NoProgress()):
        whole = {"BLEU": sacrebleu.corpus_bleu, "chrF": sacrebleu.corpus_chrf, "TER": sacrebleu.corpus_ter}
        corpus = whole[scores.name]
        assert scores.corpus.value == pytest.approx(corpus(texts, [references]).score)
        repeated = [corpus(list(np.repeat(texts, w)), [list(np.repeat(references, w))]).score for w in draws]
        assert scores.corpus.low == pytest.approx(np.percentile(repeated, 2.5))
        assert scores.corpus.high == pytest.approx(np.percentile(repeated, 97.5))
        assert "version:" in scores.signature
        sentence = {
            "BLEU": sacrebleu.sentence_bleu,
            "chrF": sacrebleu.sentence_chrf,
            "TER": sacrebleu.sentence_ter,
        }[scores.name]
        sign = 1 if scores.name == "TER" else -1
        expected = [sign * sentence(t, [r]).score for t, r in zip(texts, references, strict=True)]
        np.testing.assert_allclose(scores.table.scores, expected)


@pytest.mark.parametrize("seed", range(6))
def test_references_are_sacrebleus_own_on_random_texts(seed: int):
    """Documents of several sentences, some without a reference, identical ones, drawn at random."""
    rng = np.random.default_rng(seed)
    words = np.array(
        ["the", "sea", "is", "calm", "and", "a", "grey", "boat", ",", "it", "rains", "42", "times", "!"]
    )
    made = []
    for d in range(7):
        sentences = []
        for i in range(int(rng.integers(1, 5))):
            text = rng.choice(words, size=int(rng.integers(1, 12)))
            other = np.where(rng.random(len(text)) < 0.3, rng.choice(words, size=len(text)), text)
            reference = None if (d, i) != (0, 0) and rng.random() < 0.2 else " ".join(other)
            sentences.append(LabelledSentence(" ".join(text), int(rng.random() < 0.5), reference=reference))
        made.append(LabelledDocument(f"d{d}", tuple(sentences)))
    data = LabelledSet("random", "0" * 64, "documents", tuple(made))
    table = ScoreTable(data, "c", "s", np.zeros(len(data)), document_index(data))
    draws = rng.multinomial(7, np.full(7, 1 / 7), size=9)
    draws[:, 0] += 1  # a draw that holds no reference has no figure
    kept = [(d, s) for d, document in enumerate(made) for s in document.sentences if s.reference is not None]
    whole = {"BLEU": sacrebleu.corpus_bleu, "chrF": sacrebleu.corpus_chrf, "TER": sacrebleu.corpus_ter}
    single = {"BLEU": sacrebleu.sentence_bleu, "chrF": sacrebleu.sentence_chrf, "TER": sacrebleu.sentence_ter}
    for scores in reference_scores(table, draws, progress=NoProgress()):
        name, sign = scores.name, 1 if scores.name == "TER" else -1

        def corpus(weights: np.ndarray, name: str = name) -> float:
            rows = [s for d, s in kept for _ in range(weights[d])]
            return float(whole[name]([s.text for s in rows], [[s.reference for s in rows]]).score)

        assert scores.corpus.value == pytest.approx(corpus(np.ones(7, int)))
        repeated = [corpus(weights) for weights in draws]
        assert scores.corpus.low == pytest.approx(np.percentile(repeated, 2.5))
        assert scores.corpus.high == pytest.approx(np.percentile(repeated, 97.5))
        expected = [sign * single[name](s.text, [s.reference]).score for _, s in kept]
        np.testing.assert_allclose(scores.table.scores, expected)
        assert scores.table.data.name == "random"


def test_references_that_some_sentences_lack_are_told(files, tmp_path):
    bare = {"doc": "x", "sentences": [{"text": t, "label": i} for i, t in enumerate(("A b c.", "C d d."))]}
    lacking = str(write_jsonl(tmp_path / "bare.jsonl", [bare]))
    both = _evaluated([files[0], lacking])
    alone = _evaluated([files[0]])
    for found, expected in zip(both.sections[0].references, alone.sections[0].references, strict=True):
        assert (found.name, found.corpus.value, found.corpus.n) == (
            expected.name,
            expected.corpus.value,
            expected.corpus.n,
        )
        row = f"{found.name} (sees the answer)"
        ours, theirs = (e.sections[0].beside[row]["roc_auc"] for e in (both, alone))
        assert (ours.value, ours.n) == (theirs.value, theirs.n)
    told = [line for line in both.warnings if "no reference" in line]
    name = both.data[1].name
    assert told == [f"{name}: 2 of 20 sentences have no reference: BLEU, chrF, TER are of the others"]
    for all_or_none in ([files[0]], [lacking]):
        assert not [line for line in _evaluated(all_or_none).warnings if "no reference" in line]


def test_an_empty_translation_counts_as_sacrebleu_counts_it(tmp_path):
    rows = [
        {"doc": f"d{i}", "text": text, "ref": "The sea is calm tonight.", "label": label}
        for i, (text, label) in enumerate((("", 1), ("The sea is calm tonight.", 0)))
    ]
    section = _evaluated([str(write_jsonl(tmp_path / "empty.jsonl", rows))]).sections[0]
    bleu = next(r.corpus for r in section.references if r.name == "BLEU")
    texts, references = (row["text"] for row in rows), [[row["ref"] for row in rows]]
    assert bleu.value == pytest.approx(sacrebleu.corpus_bleu(list(texts), references, force=True).score)
    assert (bleu.n, bleu.value < 50) == (2, True)


def test_pairs_are_compared_with_a_reference_of_their_own(tmp_path):
    rows = [
        {
            "id": str(i),
            "good": f"The {noun} is calm today.",
            "bad": f"The {noun} is calm tonight.",
            "ref": f"Calm is the {noun} tonight.",
        }
        for i, noun in enumerate(("sea", "bay", "lake"))
    ]
    section = _evaluated([str(write_jsonl(tmp_path / "pairs.jsonl", rows))]).sections[0]
    chrf = next(r for r in section.references if r.name == "chrF")
    assert chrf.corpus.n == 6
    assert section.beside["chrF (sees the answer)"]["accuracy"].value == 0.0
    bare = [{key: value for key, value in row.items() if key != "ref"} for row in rows]
    section = _evaluated([str(write_jsonl(tmp_path / "bare.jsonl", bare))]).sections[0]
    assert next(r for r in section.references if r.name == "chrF").corpus.n == 3
    assert section.beside["chrF (sees the answer)"]["accuracy"].value == 1.0


def test_reference_figures_stand_beside_ours(files):
    section = _evaluated(files[:1]).sections[0]
    beside = section.beside["chrF (sees the answer)"]
    assert beside["roc_auc"].value == 1.0
    assert [r.name for r in section.references] == ["BLEU", "chrF", "TER"]


def test_graded_systems(tmp_path):
    rows = [
        {
            "ref": "The sea is calm.",
            "mt_A": "Sea sea sea.",
            "mt_B": "The sea calms.",
            "mt_C": "The sea is calm.",
        }
    ]
    path = write_jsonl(tmp_path / "graded.jsonl", [{"doc": d, "sentences": rows} for d in "abc"])
    evaluation = _evaluated([str(path)])
    section = evaluation.sections[0]
    assert set(section.metrics) == {"system_kendall"}
    assert [s.name for s in section.systems] == ["mt_A", "mt_B", "mt_C"]
    assert section.beside["BLEU (sees the answer)"]["system_kendall"].value == pytest.approx(1.0)
    assert section.beside[PERFECT]["system_kendall"].value == pytest.approx(1.0)


def test_a_known_order_outlives_the_company_of_other_documents(files, tmp_path):
    """Graded documents beside labelled ones, and beside others whose systems people have judged."""
    rows = [{"mt_A": "Sea sea sea.", "mt_B": "The sea calms.", "mt_C": "The sea is calm."}]
    graded = write_jsonl(tmp_path / "graded.jsonl", [{"doc": d, "sentences": rows} for d in "abc"])
    judged = [
        {"doc": f"{d}", "system": s, "sentences": [{"text": "Wind blew.", "label": i % 2, "score": i}]}
        for d in range(2)
        for i, s in enumerate(("x", "y", "z"))
    ]
    other = write_jsonl(tmp_path / "judged.jsonl", judged)
    evaluation = _evaluated([files[0], str(graded), str(other)])
    section = evaluation.sections[0]
    assert section.metrics["system_kendall"].n == 3
    assert [s.name for s in section.systems] == ["mt_A", "mt_B", "mt_C"]
    assert section.beside[PERFECT]["system_kendall"].value == pytest.approx(1.0)
    assert section.beside[PERFECT]["spearman"].value == pytest.approx(1.0)
    by = {name.split("/")[-1]: own for name, own in section.by["data"].items()}
    alone = _evaluated([str(graded)]).metrics()["system_kendall"].value
    assert by["graded.jsonl"]["system_kendall"].value == section.metrics["system_kendall"].value == alone
    assert by["judged.jsonl"]["system_kendall"].undefined != "fewer than two systems"
    lacking = by["documents.jsonl"]["system_kendall"]
    assert (lacking.value, lacking.undefined) == (None, "nothing in the group to measure it by")


def _with_probabilities(evaluation: Evaluation) -> Evaluation:
    tables = [
        replace(t, probability=1 / (1 + np.exp(5 - t.scores))) if t.data.shape == "documents" else t
        for t in evaluation.tables
    ]
    return evaluate_tables(tables, EvaluateSettings(resamples=20, by=("type",)))


@pytest.mark.parametrize("name", list(FORMATS))
def test_reports(files, name: str):
    evaluation = _with_probabilities(_evaluated(files))
    text = render(evaluation, name)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for metric in ("roc_auc", "spearman", "accuracy", "brier", "wrong_word"):
        assert metric in text
    assert "\x1b" not in text
    assert "nan" not in text.lower().replace("nanometre", "")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_terminal_report_keeps_to_its_width(files, width: int):
    text = render(_with_probabilities(_evaluated(files)), "terminal", options=RenderOptions(width=width))
    assert max(len(line) for line in text.splitlines()) <= width


def test_colour_only_where_asked_for(files):
    evaluation = _evaluated(files[:1])
    assert "\x1b[" in render(evaluation, "terminal", options=RenderOptions(color=True))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{tag} {name}"
            assert not (value or "").startswith(("http:", "https:", "//")), value
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_asks_for_nothing_and_escapes_the_data():
    nasty = '<script>alert(1)</script>|`\x1b[31m\u202e"'
    sentences = tuple(LabelledSentence("a b", i % 2, groups={"genre": nasty}) for i in range(4))
    data = LabelledSet(
        nasty, "0" * 64, "documents", (LabelledDocument("a", sentences), LabelledDocument("b", sentences))
    )
    table = ScoreTable(data, nasty, nasty, np.arange(8.0), document_index(data), probability=np.arange(8) / 8)
    evaluation = evaluate_tables([table], EvaluateSettings(resamples=5, by=("genre",)))
    page = _Page()
    text = render(evaluation, "html")
    page.feed(text)
    assert page.open == []
    assert "script" not in page.tags
    assert "circle" in page.tags
    for name in FORMATS:
        shown = render(evaluation, name)
        assert "\x1b" not in shown
        assert "\u202e" not in shown or name == "json"
    assert "<script" not in render(evaluation, "markdown").replace("\\<script", "")


def test_figure_record_of_a_number_and_of_none():
    assert Figure(0.5, 0.4, 0.6, 3, "pairs").record() == {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 3,
        "unit": "pairs",
    }
    assert Figure(None, undefined="why").record()["undefined"] == "why"


def test_every_metric_is_described_in_the_docs():
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for name in METRICS:
        assert f"`{name}`" in text, name


def test_the_unigram_floor_has_the_frequencies_of_the_datas_own_language():
    german = "Der Rat der Stadt hat am Montag über die neue Brücke beraten und nicht abgestimmt."
    english = "The council of the town discussed the new bridge on Monday and did not vote on it at all."

    def floor(text: str) -> float:
        sentences = (LabelledSentence(text, label=0), LabelledSentence(text, label=1))
        data = LabelledSet("x", "0" * 64, "documents", (LabelledDocument("d", sentences),))
        return float(floors(bare_table(data, "x", np.zeros(2)))[UNIGRAM].scores[0])

    assert floor(german) < floor(english) + 3
    words = ["Der", "Rat", "nicht"]
    assert np.mean([word_nats(w, "de") for w in words]) < np.mean([word_nats(w, "en") for w in words]) - 2
