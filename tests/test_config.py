"""Strict YAML: what is wrong is named, with its file and the nearest right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtqa.config import Config, load_config, make_config
from mtqa.detect.measures import MEASURES
from mtqa.errors import ConfigError

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_config_of_ours_loads_says_what_it_is_for_and_names_a_measure(path: Path):
    assert path.read_text().startswith("# ")
    assert load_config(path).measure in (*MEASURES, "auto")


def test_the_default_config_is_what_no_config_gives():
    assert load_config(CONFIGS[0].parent / "default.yaml") == Config() == load_config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modle: x", "unknown key 'modle': did you mean 'model'?"),
        ("context: documnt", "unknown context 'documnt': did you mean 'document'?"),
        ("device: gpu", "unknown device 'gpu':"),
        ("window: two", "window: 'two'"),
        ("window: 2", "window: 2: input should be greater than or equal to 4"),
        ("k: 0", "k: 0"),
        ("k: 1\nk: 2", "key 'k' is there twice"),
        ("- a\n- b", "a config is a mapping"),
        ("a: [", "not valid YAML"),
        ("model: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("threshold_nats: .nan", "threshold_nats"),
    ],
)
def test_a_bad_config_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, message: str):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_config(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such config file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="can't read"):
        load_config(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"model: \xff\xfe\xe9")
    with pytest.raises(ConfigError, match="can't read"):
        load_config(tmp_path / "latin.yaml")


def test_overrides_win_and_none_does_not(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text("measure: perplexity\nk: 4\n")
    assert load_config(path, measure="slor", k=None) == Config(measure="slor", k=4)


def test_an_empty_file_is_the_defaults(tmp_path: Path):
    (tmp_path / "e.yaml").write_text("# nothing yet\n")
    assert load_config(tmp_path / "e.yaml") == Config()


def test_a_config_can_not_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Config().k = 5  # type: ignore[misc]


def test_types_are_strict():
    with pytest.raises(ConfigError, match="k: '3'"):
        make_config({"k": "3"})
