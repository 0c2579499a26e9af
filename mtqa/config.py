"""Strict YAML to one frozen `Config`: an unknown key or value is an error that names the nearest one."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtqa.errors import ConfigError, one_line, unknown

#: What a comparison set may hold: what it is about, keys for all of its configs, and the configs.
_SET_KEYS = ("about", "base", "configs")


#: Values of a file, as messages show them: a small YAML with anchors may hold a billion.
_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxstring, _REPR.maxother = 1, 80, 80


class Config(BaseModel):
    """Everything that decides what a ranking says, and on what device it is computed.

    The defaults are those of ``configs/default.yaml``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it names, as it names them."""
        named = (self.calibration, None if self.detector in ("auto", "none") else self.detector)
        return tuple(name for name in named if name)

    if not TYPE_CHECKING:  # type checkers know the fields

        def __init__(self, /, **values: Any) -> None:
            """Raises `ConfigError`, one line, for an unknown key or a value that is none of its key's."""
            for key in values:
                if key not in Config.model_fields:
                    raise ConfigError(unknown("key", key, Config.model_fields))
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise ConfigError(_first_problem(error)) from error

    #: A name of `mtqa models`, a directory that transformers can load, or a hub id.
    model: str = "smollm2-135m"
    #: How much of the article a sentence is read in.
    context: Literal["document", "paragraph", "none"] = "document"
    #: Tokens in one pass; a longer passage goes through in windows that overlap by a quarter. None: 2048.
    window: int | None = Field(default=None, ge=4)
    #: The measure that ranks; see `mtqa measures`. ``auto``: the detector where the model has one, else
    #: ``excess_surprisal``.
    measure: str = "auto"
    #: The detector head: ``auto`` (the one that comes with mtqa for this model), ``none``, or a file.
    detector: str = "auto"
    #: Report only the sentences found at this false discovery rate (needs a detector); None: all, ranked.
    fdr: float | None = Field(default=None, gt=0.0, lt=1.0)
    #: A calibration of the detector by `mtqa calibrate`, in place of the one that comes with it. This
    #: path, and those of ``detector`` and ``model``, are from the working directory, not the config's file.
    calibration: str | None = None
    #: The threshold of ``excess_surprisal``, in nats. Over six labelled corpora 7 and 8 did best of 4 to 8
    #: (docs/results.md); 5 is better by .01 on translations, worse by .02 to .04 on spun text.
    threshold_nats: float = Field(default=7.0, ge=0.0, le=50.0)
    #: The k of the top-k measures.
    k: int = Field(default=3, ge=1, le=1000)
    #: The document-start token, where the model's own files name a wrong one.
    start_token: str | None = Field(default=None, min_length=1)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    #: Threads for PyTorch on the CPU; None leaves its own number.
    threads: int | None = Field(default=None, ge=1, le=4096)
    #: Take a text's token scores from the score ledger where they are there, and keep them there.
    ledger: bool = True
    #: Look for repairs of what is suspicious at the top of the ranking.
    repair: bool = True
    #: How long that may take for one article. It stops between two batches, and the report says so.
    repair_budget_seconds: float = Field(default=15.0, ge=0.0, le=86_400.0)


#: What takes a config takes a mapping of its fields as well (`as_config`).
ConfigLike = Config | Mapping[str, Any]


def load_config(path: str | Path | None = None, **overrides: Any) -> Config:
    """The config in a YAML file (None: the defaults), with ``overrides`` that are not None on top.

    Raises `ConfigError` in one line that names the file and the key.
    """
    if path == "":
        raise ConfigError("--config: the file's name is empty")
    values = _read(path) if path is not None else {}
    if "configs" in values:
        raise ConfigError(f"{path}: this is a comparison set; use it with `mtqa compare`, or name one config")
    values.update({key: value for key, value in overrides.items() if value is not None})
    return make_config(values, where=str(path) if path is not None else "config")


def as_config(config: ConfigLike | None) -> Config:
    """A `Config` from one, from a mapping of its fields, or from None. Raises `ConfigError`."""
    if config is None or isinstance(config, Mapping):
        return make_config(dict(config or {}))
    if not isinstance(config, Config):
        kind = type(config).__name__
        raise ConfigError(f"a config is a mtqa.Config or a mapping of its fields, not a {kind}")
    return config


@dataclass(frozen=True, slots=True)
class NamedConfig:
    """A config under the name that it has in a comparison."""

    name: str
    config: Config


def load_configs(paths: Sequence[str | Path], **overrides: Any) -> tuple[NamedConfig, ...]:
    """Every config of some files: a config is named for its file, a comparison set names its own.

    A set is a mapping with a list ``configs``: each a ``name``, and `Config` keys on top of ``base``.
    ``overrides`` that are not None go on top of all. Raises `ConfigError`, also for a name that comes twice.
    """
    found: list[NamedConfig] = []
    for path in paths:
        values = _read(path)
        top = {key: value for key, value in overrides.items() if value is not None}
        if "configs" in values:
            found += _set_of(values, str(path), top)
        else:
            found.append(NamedConfig(Path(path).stem, make_config({**values, **top}, where=str(path))))
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"two configs go by the name {one_line(twice, 60)!r}: rename a file or an entry")
    return tuple(found)


def _set_of(values: Mapping[str, Any], where: str, top: Mapping[str, Any]) -> list[NamedConfig]:
    """The configs of a comparison set."""
    for key in values:
        if key not in _SET_KEYS:
            raise ConfigError(f"{where}: {unknown('key', str(key), _SET_KEYS)}")
    base, entries, about = values.get("base", {}), values["configs"], values.get("about", "")
    if not isinstance(about, str):
        raise ConfigError(f"{where}: about: a text is expected, not a {type(about).__name__}")
    if not isinstance(base, dict):
        raise ConfigError(f"{where}: base: a mapping of keys to values is expected")
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{where}: configs: a list of configs is expected, each with a name")
    return [_entry(base, entry, f"{where}: configs[{i}]", top) for i, entry in enumerate(entries, start=1)]


def _entry(base: Mapping[str, Any], entry: Any, where: str, top: Mapping[str, Any]) -> NamedConfig:
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: a mapping with a name is expected, not {_shown(entry)}")
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{where}: name: a text is expected, not {_shown(name)}")
    own = {key: value for key, value in entry.items() if key != "name"}
    return NamedConfig(one_line(name, 80), make_config({**base, **own, **top}, where=f"{where} ({name})"))


def make_config(values: Mapping[str, Any], *, where: str = "config") -> Config:
    """A `Config` from a mapping; ``where`` names its origin in messages. Raises `ConfigError`."""
    try:
        return Config(**{str(key): value for key, value in values.items()})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _shown(value: Any) -> str:
    return one_line(_REPR.repr(value), 60)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    value = problem.get("input")
    if problem["type"] == "literal_error" and isinstance(value, str):
        known = [k.strip("'") for k in str(problem["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        return unknown(key, value, known)
    message = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{key}: {_shown(value)}: {one_line(message, 160)}"


def _read(path: str | Path) -> dict[str, Any]:
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"a config file is named by a str or a Path, not by a {type(path).__name__}")
    values = read_yaml(Path(path), "config file")
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a config is a mapping of keys to values, not a {type(values).__name__}")
    return values


def read_yaml(path: Path, what: str) -> Any:
    """What a YAML file holds; no key comes twice. Raises `ConfigError` in one line about this ``what``."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such {what}") from error
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the name
        raise ConfigError(f"{one_line(path)}: can't read this {what} ({one_line(error, 120)})") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
        twice = _twice(node, set())
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:  # of odd tags
        raise ConfigError(f"{path}: not valid YAML ({one_line(error, 160)})") from error
    if twice is not None:
        raise ConfigError(f"{path}: key {one_line(twice, 60)!r} is there twice")
    return values


def _twice(node: Any, seen: set[int]) -> str | None:
    """A key that some mapping below this YAML node has twice; ``seen``: nodes an alias may lead back to."""
    from yaml import MappingNode, SequenceNode

    if id(node) in seen:
        return None
    seen.add(id(node))
    inner = []
    if isinstance(node, MappingNode):
        keys = [str(key.value) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                return key
        inner = [value for _, value in node.value]
    elif isinstance(node, SequenceNode):
        inner = node.value
    return next((found for one in inner if (found := _twice(one, seen)) is not None), None)
