"""Strict YAML: what is wrong is named, with its file and the nearest right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtqa.config import Config, load_config, load_configs, make_config
from mtqa.detect.measures import MEASURES
from mtqa.errors import ConfigError

ALL = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))
SETS = [path for path in ALL if "\nconfigs:" in path.read_text(encoding="utf-8")]
CONFIGS = [path for path in ALL if path not in SETS]


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
        ("model: &a [*a]", "model: [[...]]: input"),
        ("- a\n- b", "a config is a mapping"),
        ("a: [", "not valid YAML"),
        ("model: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("threshold_nats: .nan", "threshold_nats"),
        ("self: 3", "unknown key 'self'"),
        ("k: !!bool x", "not valid YAML"),
        ("k: !!timestamp foo", "not valid YAML"),
        ("k: !!int ''", "not valid YAML"),
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


def test_names_that_no_file_has():
    for load in (load_config, lambda path: load_configs([path])):
        with pytest.raises(ConfigError, match="can't read this config file") as caught:
            load("a\0b.yaml")
        assert "\0" not in str(caught.value)
        for nothing in (7, b"a.yaml", ["a.yaml"]):
            with pytest.raises(ConfigError, match=f"not by a {type(nothing).__name__}"):
                load(nothing)


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


@pytest.mark.parametrize("path", SETS, ids=lambda p: p.stem)
def test_every_comparison_set_of_ours_loads_and_says_what_it_is_for(path: Path):
    assert path.read_text().startswith("# ")
    named = load_configs([path])
    assert len(named) > 1
    assert all(one.config.measure in (*MEASURES, "auto") for one in named)


def test_the_set_of_measures_has_them_all_on_one_model():
    """All but the detector, which is for models that have one."""
    configs = [one.config for one in load_configs([ALL[0].parent / "measures.yaml"])]
    assert {c.measure for c in configs} == set(MEASURES)
    assert len({(c.model, c.context) for c in configs}) == 1


def test_files_and_sets_together(tmp_path: Path):
    (tmp_path / "one.yaml").write_text("measure: slor\n")
    (tmp_path / "set.yaml").write_text(
        "base: {k: 5, context: none}\nconfigs:\n- {name: a}\n- {name: b, k: 2, model: m}\n"
    )
    named = load_configs([tmp_path / "one.yaml", tmp_path / "set.yaml"], device="cpu", threads=None)
    assert [one.name for one in named] == ["one", "a", "b"]
    assert [one.config.k for one in named] == [3, 5, 2]
    assert [one.config.context for one in named] == ["document", "none", "none"]
    assert {one.config.device for one in named} == {"cpu"}
    assert named[2].config.model == "m"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("configs: []", "a list of configs is expected"),
        ("configs: {name: a}", "a list of configs is expected"),
        ("configs: [a]", "configs[1]: a mapping with a name is expected, not 'a'"),
        ("configs: [{k: 2}]", "configs[1]: name: a text is expected, not None"),
        ("configs: [{name: 3}]", "configs[1]: name: a text is expected, not 3"),
        ("configs: [{name: ' '}]", "configs[1]: name: a text is expected"),
        (
            "configs: [{name: a}, {name: b, modle: x}]",
            "configs[2] (b): unknown key 'modle': did you mean 'model'?",
        ),
        ("configs: [{name: a, k: 0}]", "configs[1] (a): k: 0"),
        ("configs: [{name: a, k: 1, k: 2}]", "key 'k' is there twice"),
        ("base: {k: 1, k: 2}\nconfigs: [{name: a}]", "key 'k' is there twice"),
        ("base: [k]\nconfigs: [{name: a}]", "base: a mapping"),
        ("about: [k]\nconfigs: [{name: a}]", "about: a text is expected, not a list"),
        ("config: 1\nconfigs: [{name: a}]", "unknown key 'config': did you mean 'configs'?"),
        ("base: {modle: x}\nconfigs: [{name: a}]", "unknown key 'modle'"),
        ("configs: [{name: a}, {name: a}]", "two configs go by the name 'a'"),
    ],
)
def test_a_bad_set_is_one_line_that_names_the_entry(tmp_path: Path, text: str, message: str):
    path = tmp_path / "set.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_configs([path])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_set_is_no_config():
    with pytest.raises(ConfigError, match="this is a comparison set; use it with `mtqa compare`"):
        load_config(SETS[0])


def test_a_config_made_by_hand_says_what_is_wrong_in_one_line():
    with pytest.raises(ConfigError, match=r"^k: 0: input should be greater than or equal to 1$"):
        Config(k=0)
    with pytest.raises(ConfigError, match=r"did you mean 'measure'"):
        Config(mesure="slor")  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match=r"^unknown context 'chapter'"):
        Config(context="chapter")  # type: ignore[arg-type]
    assert Config(k=4) == Config.model_validate({"k": 4}) == Config().model_copy(update={"k": 4})


def test_a_small_file_of_anchors_within_anchors_is_refused_at_once(tmp_path: Path):
    """Written out, the value would hold ten to the thirtieth strings."""
    path = tmp_path / "bomb.yaml"
    nested = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    nested += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    path.write_text("\n".join(nested).replace("a29: &a29", "model:"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(str(caught.value)) < 1000
