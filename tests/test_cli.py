"""The command line: the main job on the seed, and one clear line for every kind of bad input."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mtqa import cli, output, pipeline
from mtqa.detect.measures import DETECTOR, MEASURES, WITHOUT_DETECTOR
from mtqa.lm import fetch

ROOT = Path(__file__).parent.parent
SEED = ROOT / "seeds" / "000_528cacc9b8efffdc.txt"
PROSE = (
    "The council met on Tuesday to discuss the new bridge. Nobody expected the meeting to last four hours. "
    "In the end the members agreed to ask for a second opinion on its foundations."
)


@pytest.fixture
def mtqa(monkeypatch, request, capfdbinary):
    """Runs the command in this process with the session's model; gives (exit code, stdout, stderr)."""

    def run(*arguments: str, real: bool = True):
        if real:
            backend = request.getfixturevalue("smollm2")
            monkeypatch.setattr(pipeline, "load_backend", lambda *_: backend)
        else:
            monkeypatch.setattr(pipeline, "load_backend", _no_model)
        capfdbinary.readouterr()
        code = cli.main([str(a) for a in arguments])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return run


def _no_model(*_):
    raise AssertionError("the model was asked for before the input was checked")


@pytest.mark.parametrize("command", ["", *cli.cli.commands])
def test_help_fits_eighty_columns(command: str, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main([*command.split(), "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize("command", ["", "models", "ledger"])
def test_the_commands_summaries_are_whole_in_eighty_columns(command: str, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main([*command.split(), "--help"]) == 0
    listed = capsys.readouterr().out.split("\nCommands:\n")[1].split("\n\n")[0].splitlines()
    assert len(listed) >= 2
    assert all(re.fullmatch(r"  [a-z]+ +[A-Z].+(?<!\.\.)[.?]", line) for line in listed)


def test_the_configs_that_helps_examples_name_are_there():
    for command in cli.cli.commands.values():
        for name in re.findall(r"\S*(?:default|perplexity|measures|gemma)\.yaml", command.epilog or ""):
            assert (ROOT / name).is_file(), name


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("measures > /dev/full", 2, "can't write: No space left on device"),
        ("corrupt --list > /dev/full", 2, "can't write: No space left on device"),
        ("measures > /dev/null", 0, ""),
    ],
)
def test_tables_on_a_full_disk_and_on_a_narrow_character_set(command: str, code: int, says: str):
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m mtqa.cli {command}"],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(f"mtqa: {says}" if says else "")
    assert done.stderr.count("\n") == (1 if says else 0)


@pytest.mark.model
def test_the_seed(mtqa):
    code, out, _ = mtqa("rank", SEED, "--format", "json")
    assert code == 0
    report = json.loads(out)
    source = SEED.read_text(encoding="utf-8")
    first = report["findings"][0]
    assert "sandwiches" in first["text"]
    assert {"sandwiches", "thief"} <= {s["text"] for s in first["spans"]}
    for finding in report["findings"]:
        assert " ".join(source[finding["start"] : finding["end"]].split()) == finding["text"]
        assert source.count("\n", 0, finding["start"]) + 1 == finding["line"]
        for span in finding["spans"]:
            assert " ".join(source[span["start"] : span["end"]].split()) == span["text"]
    assert [(e["text"], e["line"]) for e in report["excluded"]] == [("READ MORE", 34), ("0 Comments", 35)]
    assert all(e["reason"] for e in report["excluded"])
    notes = {(s["text"], s.get("note")) for f in report["findings"] for s in f["spans"] if s.get("note")}
    assert ("““", "doubled quotation mark") in notes
    assert any(
        s.get("note") == "stray quotation mark" and source[s["start"] - 7 : s["start"]] == "amended"
        for f in report["findings"]
        for s in f["spans"]
    )


@pytest.mark.model
def test_on_a_pipe_the_report_is_plain_and_80_columns_wide(mtqa):
    code, out, err = mtqa("rank", SEED)
    assert code == 0
    assert err == ""
    assert "\x1b" not in out
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.model
def test_several_articles_and_one_of_them_bad(mtqa, tmp_path):
    good = tmp_path / "good.txt"
    good.write_text(PROSE)
    code, out, err = mtqa("rank", SEED, tmp_path / "missing.txt", good, "--format", "json")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "missing.txt" in err
    assert [Path(r["source"]["path"]).name for r in json.loads(out)] == [SEED.name, "good.txt"]


@pytest.mark.model
def test_json_is_a_list_where_several_articles_were_asked_for(mtqa, tmp_path):
    code, out, _ = mtqa("rank", SEED, tmp_path / "missing.txt", "--format", "json")
    assert code == 2
    assert isinstance(json.loads(out), list)


def test_a_report_never_takes_the_place_of_an_article(mtqa, tmp_path):
    article = tmp_path / "a.md"
    article.write_text(PROSE)
    code, _, err = mtqa("rank", SEED, article, "-o", tmp_path / "." / "a.md", real=False)
    assert code == 2
    assert "one of the articles" in err
    assert article.read_text() == PROSE


@pytest.mark.model
@pytest.mark.parametrize(
    ("redirected", "code", "says"),
    [
        (">&-", 2, "standard output is closed"),
        ("> /dev/full", 2, "can't write to standard output"),
        ("2>&- > /dev/null", 0, ""),
        ("--input-format text - <&-", 2, "standard input"),
    ],
)
def test_streams_that_are_closed_or_full(smollm2_files, tmp_path, redirected, code, says):
    article = tmp_path / "a.txt"
    article.write_text(PROSE)
    name = "" if redirected.startswith("--input") else str(article)
    done = subprocess.run(
        f"{sys.executable} -m mtqa.cli rank {name} {redirected}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 1


@pytest.mark.model
@pytest.mark.parametrize("ending", ["html", "md", "json", "jsonl", "csv", "txt"])
def test_output_files_by_their_ending(mtqa, tmp_path, ending):
    target = tmp_path / f"report.{ending}"
    code, out, _ = mtqa("rank", SEED, "-o", target)
    assert (code, out) == (0, "")
    assert "sandwiches" in target.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


@pytest.mark.model
def test_measures_contexts_and_configs_change_the_signature(mtqa):
    signatures = set()
    for more in (
        [],
        ["--measure", "perplexity"],
        ["--context", "none"],
        ["--context", "paragraph"],
        ["--window", "64"],
        ["--config", ROOT / "configs" / "perplexity.yaml", "--context", "none"],
    ):
        code, out, _ = mtqa("rank", SEED, "--format", "json", "--no-repair", *more)
        assert code == 0
        signatures.add(json.loads(out)["signature"])
    assert len(signatures) == 6


BAD_FILES = {
    "empty": (b"", "the file is empty; there is nothing to rank"),
    "white space": (b"  \n\t\n ", "the file is only white space; nothing to rank"),
    "boilerplate": (
        b"READ MORE\n\n0 Comments\n",
        "only boilerplate (link to more, comment counter); there is no article in it to rank",
    ),
    "binary": (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8,
        "this is a PNG image, not text; give a text, Markdown or HTML file",
    ),
    "undecodable": (
        b"\xff\xfe\x00\xd8\xc3\x28\xa0\xa1\x81\x8d\x8f\x90\x9d" * 50,
        "begins like utf-16-le but byte 0 does not fit; save it as UTF-8, or name the encoding",
    ),
    "one word repeated": (b"word " * 100_000, "100,000 of its 100,000 words are 'word'; that is no article"),
    "no letters": (b"1 2 3 4 5 . . . -- 17\n", "there is no letter in this text; mtqa ranks sentences"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_get_one_line_and_no_model(mtqa, tmp_path, kind):
    path = tmp_path / "article.txt"
    content, says = BAD_FILES[kind]
    path.write_bytes(content)
    code, out, err = mtqa("rank", path, "-o", tmp_path / "out.json", real=False)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert f"article.txt: {says}" in err
    assert not (tmp_path / "out.json").exists()


def test_a_50_mb_line_is_refused_at_once(mtqa, tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"lorem ipsum dolor sit " * 2_400_000)
    begun = time.monotonic()
    code, _, err = mtqa("rank", path, real=False)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert time.monotonic() - begun < 20


USAGE = {
    "missing file": (["rank", "{tmp}/no.txt"], "no such file"),
    "directory": (["rank", "{tmp}"], "directory"),
    "no file": (["rank"], "Missing argument"),
    "command": (["rnk"], "rank"),
    "option": (["rank", "x", "--mesure", "perplexity"], "--measure"),
    "measure": (["rank", "{seed}", "--measure", "perplexitty"], "did you mean 'perplexity'"),
    "format": (["rank", "{seed}", "--format", "jsn"], "did you mean 'json"),
    "model": (["rank", "{seed}", "--model", "smollm2"], "did you mean 'smollm2-135m'"),
    "context": (["rank", "{seed}", "--context", "sentence"], "document"),
    "config": (["rank", "{seed}", "--config", "{tmp}/none.yaml"], "no such config"),
    "config key": (["rank", "{seed}", "--config", "{tmp}/bad.yaml"], "did you mean 'measure'"),
    "window": (["rank", "{seed}", "--window", "1"], "window"),
    "top": (["rank", "{seed}", "--top", "-1"], "--top"),
    "unknown ending": (["rank", "{seed}", "-o", "{tmp}/r.pdf"], "--format"),
    "empty output": (["rank", "{seed}", "-o", ""], "empty"),
    "long model name": (["rank", "{seed}", "--model", "m" * 5000], "mmm"),
    "no such user": (["rank", "{seed}", "--model", "~nosuch/x"], "~nosuch"),
    "output directory": (["rank", "{seed}", "-o", "{tmp}/no/out.json"], "directory does not exist"),
    "output is a directory": (["rank", "{seed}", "-o", "{tmp}"], "directory"),
    "input format": (["rank", "{seed}", "--input-format", "docx"], "docx"),
    "encoding": (["rank", "{seed}", "--encoding", "utf-99"], "utf-99"),
    "fetch": (["models", "fetch", "smol"], "smollm2-135m"),
    "verify": (["models", "verify", "gpt5"], "unknown model"),
}


@pytest.mark.parametrize("kind", USAGE)
def test_usage_errors_are_one_line_before_any_model(kind, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.setattr(pipeline, "load_backend", _no_model)
    (tmp_path / "bad.yaml").write_text("measur: perplexity\n")
    arguments, says = USAGE[kind]
    code = cli.main([a.format(tmp=tmp_path, seed=SEED) for a in arguments])
    captured = capfdbinary.readouterr()
    err = captured.err.decode()
    assert (code, captured.out) == (2, b"")
    assert len(err.strip().splitlines()) == 1
    assert says in err
    assert "Traceback" not in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_output(mtqa, tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    code, _, err = mtqa("rank", SEED, "-o", tmp_path / "out.json", real=False)
    assert code == 2
    assert "permission" in err


@pytest.mark.model
@pytest.mark.parametrize(
    "text",
    [
        "Sandwiches.",
        "هذا نص قصير باللغة العربية عن الطقس في المدينة. كان اليوم جميلا جدا.",
        "It rained 🌧️ all day. We stayed 🏠 in and ate 🍕.",
        "He wrote <|endoftext|> and <bos> on the wall. Then \x00 he left \x07 for good.",
        "日本語の文章です。今日は天気がいいです。",
    ],
)
def test_odd_texts_still_rank(mtqa, tmp_path, text):
    path = tmp_path / "odd.txt"
    path.write_text(text, encoding="utf-8")
    code, out, _ = mtqa("rank", path, "--format", "json")
    assert code == 0
    assert json.loads(out)["findings"]


@pytest.mark.model
def test_another_language_is_ranked_with_a_warning(mtqa, tmp_path):
    path = tmp_path / "deutsch.txt"
    path.write_text(
        "Der Hafen lag still, als das erste Schiff einlief. Die Mannschaft war neun Tage auf See gewesen, "
        "und die Laderäume waren fast voll. Am Kai warteten ein Dutzend Händler unter einer grauen Plane.",
        encoding="utf-8",
    )
    code, out, _ = mtqa("rank", path, "--format", "json", "--no-repair")
    assert code == 0
    assert any("'de'" in w for w in json.loads(out)["warnings"])
    code, out, err = mtqa("rank", path, "--format", "csv", "--no-repair")
    assert "'de'" in err
    assert mtqa("rank", path, "--format", "csv", "--quiet", "--no-repair")[2] == ""


@pytest.mark.model
def test_standard_input(smollm2_files):
    done = subprocess.run(
        [sys.executable, "-m", "mtqa.cli", "rank", "-", "--format", "json"],
        input=PROSE.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["findings"]) == 3


#: The command, with a line on stdout for every stage that it comes to.
TELLS_STAGES = """
import sys
from mtqa import cli, console
shown, told = console.Console.update, []
def update(self, stage, done, total):
    if stage not in told:
        told.append(stage)
        print(stage, flush=True)
    shown(self, stage, done, total)
console.Console.update = update
sys.exit(cli.program())
"""


@pytest.mark.model
def test_ctrl_c_exits_with_130_and_writes_nothing(smollm2_files, tmp_path):
    article = tmp_path / "long.txt"
    article.write_text("\n\n".join(f"Number {i}. {PROSE}" for i in range(400)))
    target = tmp_path / "out.json"
    process = subprocess.Popen(
        [sys.executable, "-c", TELLS_STAGES, "rank", str(article), "-o", str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "scoring" in (line.strip() for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["long.txt"]


def test_no_model_and_no_network_says_what_to_run(tmp_path):
    environment = {
        **os.environ,
        "MTQA_CACHE": str(tmp_path / "cache"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "mtqa.cli", "rank", str(SEED), "-q"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "mtqa models fetch" in done.stderr


def test_a_closed_pipe_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m mtqa.cli measures | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "detector" in done.stdout
    assert done.stderr == ""


def test_version_and_lists(capfd):
    assert cli.main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("mtqa ")
    assert cli.main(["measures"]) == 0
    out = capfd.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    told = {entry.split()[0]: " ".join(entry.split()) for entry in re.split(r"\n(?=\S)", out)}
    assert told.keys() >= MEASURES.keys()
    assert [name for name in told if "(ranks by default)" in told[name]] == [DETECTOR]
    assert [name for name in told if "(where a model has no detector)" in told[name]] == [WITHOUT_DETECTOR]


@pytest.mark.parametrize("state", ["ready", "not fetched", "damaged"])
def test_models_are_one_line_each_in_eighty_columns_with_their_size_on_disk(monkeypatch, capfd, state):
    states = [dataclasses.replace(one, state=state) for one in fetch.models()]
    monkeypatch.setattr(fetch, "models", lambda: states)
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["models"]) == 0
    head, _, *lines = capfd.readouterr().out.splitlines()
    assert head.split()[-3:] == ["on", "disk", "state"]
    assert [line.split()[0] for line in lines] == [one.name for one in states]
    assert all(re.search(rf" \d+ MB +\d+ MB +{state}$", line) for line in lines)
    assert max(map(len, [head, *lines])) <= 80


def test_the_table_of_models_is_whole_on_a_narrow_terminal(monkeypatch, capfd):
    shown = []
    for columns in ("20", "40", "80"):
        monkeypatch.setenv("COLUMNS", columns)
        assert cli.main(["models"]) == 0
        shown.append(capfd.readouterr().out)
    assert shown[0] == shown[1] == shown[2]
    assert all(one.name in shown[0] and one.licence in shown[0] for one in fetch.models())


def test_corrupt_can_be_quiet(monkeypatch, tmp_path, capfd):
    path = tmp_path / "a.txt"
    path.write_text(PROSE)
    monkeypatch.setattr("mtqa.bench.labelled.made.not_in_english", lambda _: ["a.txt is not in English"])
    monkeypatch.setattr("mtqa.bench.labelled.made.corrupted_records", lambda *_, **__: [{"doc": "a"}])
    for more, said in (([], "mtqa: a.txt is not in English\n"), (["-q"], "")):
        assert cli.main(["corrupt", str(path), *more]) == 0
        assert capfd.readouterr() == ('{"doc": "a"}\n', said)


@pytest.mark.parametrize("columns", [30, 70, 200])
def test_a_result_is_as_wide_as_its_terminal_but_no_wider_than_120(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(output, "on_terminal", lambda _: True)
    assert output.result_columns(None) == {30: 40, 70: 70, 200: 120}[columns]
    monkeypatch.setattr(output, "on_terminal", lambda _: False)
    assert output.result_columns("report.txt") == 80


def test_an_unknown_measure_is_named_with_the_place_where_it_stands(tmp_path, capfd):
    article, config, several = (tmp_path / name for name in ("a.txt", "c.yaml", "set.yaml"))
    article.write_text(PROSE)
    config.write_text("measure: perplexty\n")
    several.write_text("configs:\n  - {name: one}\n  - {name: three, measure: perplexty}\n")
    data = tmp_path / "d.jsonl"
    data.write_text(json.dumps({"doc": "d", "sentences": [{"text": "One.", "label": 1}]}) + "\n")
    says = "unknown measure 'perplexty': did you mean 'perplexity'?"
    for given, where in (
        (["rank", str(article), "--config", str(config)], f"{config}: "),
        (["rank", str(article), "--config", str(config), "--measure", "perplexty"], ""),
        (["evaluate", str(config), "--data", str(data)], f"{config}: "),
        (["compare", str(several), "--data", str(data)], "three: "),
    ):
        assert cli.main(given) == 2
        assert capfd.readouterr().err.startswith(f"mtqa: {where}{says}")


def test_it_is_a_program_by_its_package_too():
    shown = subprocess.run([sys.executable, "-m", "mtqa", "--version"], capture_output=True, check=True)
    assert shown.stdout.startswith(b"mtqa ")
