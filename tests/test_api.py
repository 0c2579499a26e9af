"""The public API returns the same records as the command line."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mtqa
from mtqa import pipeline
from mtqa.errors import ConfigError, InputError, UsageError
from mtqa.lm.fake import FakeBackend
from mtqa.text import read
from tests.bench.labelled_texts import SCORED, write_jsonl

ROOT = Path(__file__).parent.parent
SEED = ROOT / "seeds" / "000_528cacc9b8efffdc.txt"
TEXT = "The bridge was closed. Drivers went through the cucumber.\n\nIt opened again."


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: FakeBackend(vocabulary=300))
    monkeypatch.setattr(pipeline, "find_head", lambda *_: None)  # the files are the real model's


def test_every_public_name_is_there():
    assert set(mtqa.__all__) - {"__version__"} == mtqa._HOMES.keys()
    for name in mtqa.__all__:
        assert getattr(mtqa, name) is not None
    with pytest.raises(AttributeError):
        _ = mtqa.nothing


def test_the_public_names_are_listed_before_they_are_used():
    code = "import mtqa; print(*dir(mtqa))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) >= {*mtqa.__all__, "__doc__"}


def test_a_report_is_rendered_alone_or_with_others(fake):
    report = mtqa.rank(TEXT)
    assert mtqa.render(report, "html").startswith("<!DOCTYPE html>")
    assert json.loads(mtqa.render(report, "json"))["signature"] == report.signature
    assert mtqa.render(report, "csv") == mtqa.render([report], "csv")
    assert len(json.loads(mtqa.render([report, report], "json"))) == 2
    few = mtqa.render(report, "jsonl", options=mtqa.RenderOptions(top=1))
    assert few.count("\n") == 1
    with pytest.raises(mtqa.MtqaError, match="did you mean 'html'"):
        mtqa.render(report, "htm")
    for nothing in (None, 7, ["html"]):
        with pytest.raises(mtqa.MtqaError, match="unknown format"):
            mtqa.render(report, nothing)


def test_a_text_a_path_and_a_document_give_the_same_ranking(fake, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    of_text = mtqa.rank(TEXT)
    for source in (path, str(path), of_text.document):
        report = mtqa.rank(source)
        assert [f.text for f in report.findings] == [f.text for f in of_text.findings]
    assert isinstance(of_text, mtqa.Report)
    assert isinstance(of_text.findings[0], mtqa.Finding)


def test_a_page_in_a_string_is_read_as_one_in_a_file(fake, tmp_path):
    page = f"<html><body><article><p>{TEXT.replace(chr(10) * 2, '</p><p>')}</p></article></body></html>"
    path = tmp_path / "a.html"
    path.write_text(page)
    assert [f.text for f in mtqa.rank(page).findings] == [f.text for f in mtqa.rank(path).findings]
    assert not any("<" in f.text for f in mtqa.rank(page).findings)


def test_overrides_are_config_fields(fake):
    assert mtqa.rank(TEXT, measure="slor").measure == "slor"
    assert mtqa.rank(TEXT, mtqa.Config(k=7), context="none").settings["k"] == 7
    with pytest.raises(ConfigError, match="did you mean 'measure'"):
        mtqa.rank(TEXT, mesure="slor")
    with pytest.raises(UsageError, match="unknown measure"):
        mtqa.rank(TEXT, measure="slorr")


def test_what_is_no_article(fake):
    with pytest.raises(InputError, match="no such file"):
        mtqa.rank("report.txt")
    with pytest.raises(InputError, match="no such file"):
        mtqa.rank(Path("nothing here"))
    with pytest.raises(InputError, match="empty; nothing to rank"):
        mtqa.rank("")
    with pytest.raises(InputError, match="not a int"):
        mtqa.rank(7)  # type: ignore[arg-type]


def test_a_number_of_repaired_sentences_that_is_none(fake):
    with pytest.raises(UsageError, match="repaired is -1"):
        mtqa.Ranker().rank(TEXT, repaired=-1)
    assert mtqa.Ranker().rank(TEXT, repaired=0).findings


def test_the_detectors_measure_without_a_detector_is_refused_before_any_scoring(monkeypatch):
    backend = FakeBackend(vocabulary=300)
    with pytest.raises(UsageError, match="there is no detector head for this model"):
        mtqa.Ranker({"measure": "detector", "detector": "none"}, backend=backend).rank(TEXT)
    assert not backend.windows_seen


def test_a_window_longer_than_the_model_reads(fake):
    with pytest.raises(UsageError, match="at most 1024 tokens"):
        mtqa.rank(TEXT, window=5000)


def test_the_signature_names_what_moves_a_number(fake):
    signature = mtqa.rank(TEXT, measure="perplexity", context="none").signature
    for part in (
        f"mtqa:{mtqa.__version__}",
        "model:fake",
        "start:<start>",
        "context:none",
        "measure:perplexity",
    ):
        assert part in signature


def test_score_gives_every_token_once(fake):
    scores = mtqa.score(TEXT)
    assert len(scores) == len(mtqa.rank(TEXT).document.text)


@pytest.mark.model
def test_the_real_model_through_the_api(smollm2):
    ranker = mtqa.Ranker(backend=smollm2)
    document = pipeline.as_document(SEED)
    one, two = ranker.rank(document), ranker.rank(document)
    assert [f.measures for f in one.findings] == [f.measures for f in two.findings]
    assert "sandwiches" in one.findings[0].text


def test_a_ranker_takes_what_rank_takes(fake, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    ranker = mtqa.Ranker()
    wanted = [f.text for f in mtqa.rank(TEXT).findings]
    for source in (TEXT, path, str(path), pipeline.as_document(TEXT)):
        assert [f.text for f in ranker.rank(source).findings] == wanted
        assert len(ranker.score(source)) == len(mtqa.score(TEXT))


def test_a_config_may_be_a_mapping_and_nothing_else(fake):
    assert mtqa.rank(TEXT, {"measure": "slor"}).measure == "slor"
    assert mtqa.Ranker({"measure": "slor"}).rank(TEXT).measure == "slor"
    with pytest.raises(ConfigError, match="did you mean 'measure'"):
        mtqa.rank(TEXT, {"mesure": "slor"})
    for ask in (mtqa.Ranker, lambda config: mtqa.rank(TEXT, config), lambda c: mtqa.evaluate("x.jsonl", c)):
        with pytest.raises(ConfigError, match="not a list"):
            ask(["slor"])
    with pytest.raises(ConfigError, match="start_token"):
        mtqa.rank(TEXT, start_token="")
    with pytest.raises(UsageError, match="need names"):
        mtqa.compare([mtqa.Config(), mtqa.Config(measure="slor")], "x.jsonl")
    with pytest.raises(ConfigError, match=r"nothing\.yaml"):
        mtqa.compare("nothing.yaml", "x.jsonl")


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        (None, "not a NoneType"),
        (7, "not a int"),
        ([{"k": 3}, {"k": 4}], "need names"),
        ([7, 8], "a file's name, not a int"),
        (["a\0b"], "can't read this config file"),
        ([], "two configs at least"),
    ],
)
def test_what_is_no_config_to_compare(fake, configs, message):
    with pytest.raises(mtqa.MtqaError, match=message):
        mtqa.compare(configs, "x.jsonl")


def test_a_misspelt_name_is_an_error_to_a_type_checker_too():
    tree = ast.parse(Path(mtqa.__file__).read_text(encoding="utf-8"))
    assert "__getattr__" not in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    known = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    imported = {one.name for node in known for line in node.body for one in line.names}
    assert imported == mtqa._HOMES.keys()


def test_a_sentence_may_end_in_an_address_and_a_folder_is_no_text(fake, tmp_path):
    assert mtqa.rank("Please visit www.example.com/index.html").document.path is None
    for name in ("report.pdf", "there/is_none.docx", str(tmp_path)):
        with pytest.raises(InputError):
            mtqa.rank(name)


@pytest.mark.parametrize("suffix", [*read._SUFFIXES, *read._DATA_SUFFIXES, ".srt", ".vtt", ".sbv", ".ass"])
def test_a_mistyped_name_of_whatever_can_be_read_is_no_text(fake, suffix):
    for name in (f"no_such_file{suffix}", f"no_such_file{suffix.upper()}"):
        with pytest.raises(InputError, match="no such file"):
            mtqa.rank(name)


@pytest.fixture
def as_nobody():
    """Root goes into every folder: for it the test is somebody else's."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="folders are closed otherwise")
def test_a_path_in_a_closed_folder_is_no_text(fake, monkeypatch, as_nobody):
    closed = Path(tempfile.mkdtemp(prefix="mtqa-"))
    monkeypatch.chdir(closed.parent)
    closed.chmod(0)
    try:
        for name in ("article.txt", "an article", "deeper/article"):
            for path in (closed / name, f"{closed.name}/{name}"):
                with pytest.raises(InputError, match="no permission"):
                    mtqa.rank(str(path))
        for text in ("He left.", "He and/or she left.", "no_such_folder/article"):
            assert not pipeline._names_a_file(text)
        closed.chmod(0o700)
        monkeypatch.chdir(closed)
        closed.chmod(0)
        assert not pipeline._names_a_file("He left.")
        assert not pipeline._names_a_file("He and/or she left.")
        assert pipeline._names_a_file("article.txt")
    finally:  # back to the folder before only as root: nobody may be kept out of it
        closed.chmod(0o700)
        closed.rmdir()


def test_an_address_is_no_text_but_may_stand_in_one(fake):
    with pytest.raises(InputError, match="no such file"):
        mtqa.rank("https://example.com/an/article")
    for text in ("https://example.com is down.", "He sent it.srt again.", "ok.no"):
        assert mtqa.rank(text).document.path is None


def test_lines_an_encoding_and_sentences_that_are_cut_already(fake, tmp_path):
    path = tmp_path / "segments.txt"
    path.write_bytes("The café opened.\nMr.\nSmith left.\n".encode("cp1252"))
    document = mtqa.read_article(path, format="lines", encoding="cp1252")
    found = {f.text for f in mtqa.rank(document, context="none").findings}
    assert found == {"The café opened.", "Mr.", "Smith left."}
    cut = mtqa.document_from_sentences(["It rained. Hard.", "It stopped."])
    assert {f.text for f in mtqa.rank(cut).findings} == {"It rained. Hard.", "It stopped."}
    assert mtqa.document_from_text("# A title", format="markdown").blocks[0].kind == "heading"


def test_evaluations_and_comparisons_are_rendered_and_are_records(fake, tmp_path):
    data = write_jsonl(tmp_path / "scored.jsonl", SCORED)
    evaluation = mtqa.evaluate(str(data), settings=mtqa.EvaluateSettings(resamples=20))
    configs = {"a": {"measure": "slor"}, "b": {"measure": "perplexity"}}
    comparison = mtqa.compare(configs, str(data))
    for result in (evaluation, comparison):
        assert mtqa.render(result, "html").startswith("<!DOCTYPE html>")
        assert json.loads(mtqa.render(result, "json")) == json.loads(json.dumps(result.record()))
        narrow, wide = (
            mtqa.render(result, "terminal", options=mtqa.RenderOptions(width=w)) for w in (80, 120)
        )
        assert mtqa.render(result, "terminal") == narrow
        assert max(map(len, narrow.splitlines())) <= 80 < max(map(len, wide.splitlines()))
        with pytest.raises(mtqa.MtqaError, match="did you mean 'markdown'"):
            mtqa.render(result, "markdwon")
    for nothing in (7, "a text", [evaluation], None):
        with pytest.raises(mtqa.MtqaError, match="can't be rendered"):
            mtqa.render(nothing, "html")


def test_what_a_notebook_shows_of_a_result_is_one_short_line(fake, tmp_path):
    report = mtqa.rank(SEED)
    data = write_jsonl(tmp_path / "scored.jsonl", SCORED)
    evaluation = mtqa.evaluate(str(data), settings=mtqa.EvaluateSettings(resamples=20))
    comparison = mtqa.compare({"a": {}, "b": {"measure": "slor"}}, str(data))
    for one in (report, report.document, report.words, mtqa.score(SEED), evaluation, comparison):
        assert len(repr(one)) < 300
        assert "\n" not in repr(one)
    assert SEED.name in repr(report)
    assert f"{len(report.findings)} findings" in repr(report)


def test_one_ranker_in_several_threads_ranks_as_alone(fake):
    texts = [TEXT, TEXT.replace("bridge", "tunnel"), TEXT.replace("again", "later")] * 3
    ranker = mtqa.Ranker()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ranker.rank, texts))
    assert [r.findings for r in together] == [mtqa.rank(text).findings for text in texts]


def test_the_python_of_the_readme_runs(fake, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code
    for one in code:
        exec(one, {})
    assert capsys.readouterr().out
