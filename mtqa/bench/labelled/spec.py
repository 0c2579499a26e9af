"""Which data, and what their columns are called: a file, a hub id, or a YAML that describes them.

::

    data: sheets/march.csv          # a file (relative to the YAML) or a hub id; not with --columns
    name: march                     # for reports; the file's name where it is left out
    shape: scored                   # documents, scored or pairs; told by the columns where left out
    columns: {text: translation, score: z_mean, reference: post_edit}
    groups: {department: dept}      # further columns for --by
    split: test                     # hub ids
    subset: en-de
    revision: main

A column ``translation.en`` is the field ``en`` of ``translation``; a score of ``-hter`` is the column with
its sign turned, for scores of which less is better.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mtqa.bench.paths import exists, is_dir, is_file
from mtqa.bench.records import SHAPES
from mtqa.config import read_yaml
from mtqa.errors import ConfigError, InputError, one_line, unknown

#: What a column can stand for, besides groups.
FIELDS = (
    "id",
    "doc",
    "source_doc",
    "sentences",
    "text",
    "label",
    "score",
    "spans",
    "tokens",
    "word_tags",
    "boilerplate",
    "par",
    "reference",
    "good",
    "bad",
    "bad_spans",
)
#: Groups that need no declaration.
GROUPS = ("phenomenon", "genre", "system", "type", "severity", "lang", "domain", "category")
_KEYS = ("data", "name", "shape", "columns", "groups", "split", "subset", "revision")
_SUFFIXES = {
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class DataSpec:
    """Where labelled data are and how they are read. ``file`` is None for a hub id (``hub``)."""

    name: str
    file: Path | None = None
    hub: str | None = None
    format: str | None = None
    shape: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    subset: str | None = None
    revision: str | None = None


def data_spec(name: str, *, columns: str | None = None) -> DataSpec:
    """The data that a name stands for: a file, a YAML about one, a file below ``$MTQA_DATA``, or a hub id.

    ``columns``: a YAML file with the keys above, for data that are not named by a YAML themselves. Raises
    `InputError` where there is no such file, or none that may be read, `ConfigError` for a YAML that says
    something else.
    """
    path = Path(name)
    if path.suffix.lower() in (".yaml", ".yml"):
        return _from_yaml(path, read_mapping(path), columns)
    spec = _located(name)
    return spec if columns is None else _with(spec, read_mapping(Path(columns)), columns)


def files_of(names: Sequence[str], *, columns: str | None = None) -> Iterator[str]:
    """Every file that these data are read from, the descriptions among them. Raises as `data_spec`."""
    yield from (columns,) if columns else ()
    for name in names:
        file = data_spec(name, columns=columns).file
        yield name
        yield from (str(file),) if file else ()


def read_mapping(path: Path) -> dict[str, Any]:
    """The YAML file's keys, checked. Raises `ConfigError` in one line."""
    values = read_yaml(path, "file of columns")
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a mapping is expected, such as columns: {{text: translation}}")
    for key in values:
        if key not in _KEYS:
            hint = " (column names stand under columns:)" if key in FIELDS else ""
            raise ConfigError(f"{path}: {unknown('key', str(key), _KEYS)}{hint}")
    return values


def _from_yaml(path: Path, values: dict[str, Any], columns: str | None) -> DataSpec:
    if columns is not None:
        raise ConfigError(f"{path} describes its columns itself; leave --columns {columns} out")
    if not isinstance(values.get("data"), str):
        raise ConfigError(f"{path}: data: is missing; name a file or a hub id")
    beside = path.parent / values["data"]
    spec = _located(str(beside) if exists(beside) else values["data"])
    return _with(spec, {key: v for key, v in values.items() if key != "data"}, str(path))


def _with(spec: DataSpec, values: Mapping[str, Any], where: str) -> DataSpec:
    """The spec with a YAML's keys put in, each checked."""
    if "data" in values:
        raise ConfigError(f"{where}: data: is for a YAML that is named by --data itself")
    for key in ("columns", "groups"):
        _check_names(values.get(key, {}), key, where)
    for key in ("name", "shape", "split", "subset", "revision"):
        if key in values and not isinstance(values[key], str):
            raise ConfigError(f"{where}: {key}: {one_line(values[key], 60)!r} is not a string")
    if values.get("shape", SHAPES[0]) not in SHAPES:
        raise ConfigError(f"{where}: {unknown('shape', values['shape'], SHAPES)}")
    if spec.file is not None and (odd := sorted({"split", "subset", "revision"} & set(values))):
        raise ConfigError(f"{where}: {odd[0]}: is for hub ids; {spec.name} is a file")
    return replace(spec, **values)


def _check_names(columns: Any, key: str, where: str) -> None:
    if not isinstance(columns, dict):
        raise ConfigError(f"{where}: {key}: is a mapping, such as {{text: translation}}")
    for ours, theirs in columns.items():
        if key == "columns" and ours not in FIELDS + GROUPS:
            raise ConfigError(f"{where}: {unknown('column', str(ours), FIELDS + GROUPS)}")
        if not isinstance(ours, str):
            raise ConfigError(f"{where}: {key}: {one_line(ours, 60)} is not a string; put it in quotes")
        if not isinstance(theirs, str) or not theirs:
            raise ConfigError(f"{where}: {key}: {ours}: {one_line(theirs, 60)!r} is not a column's name")


def _located(name: str) -> DataSpec:
    if not name.strip():
        raise InputError("the data's name is empty; name a file or a hub id")
    for path in places(name):
        if is_file(path):
            return _file(path)
        if is_dir(path):
            raise InputError(f"{one_line(name)}: this is a directory; name the files in it")
    if "://" in name:
        raise InputError(f"{one_line(name)}: data come from a file or a hub id; download it first")
    looks_like_a_file = _format_of(Path(name)) is not None or name.startswith((".", "/", "~"))
    if looks_like_a_file or name.count("/") != 1:
        raise InputError(f"{one_line(name)}: no such file, nor below $MTQA_DATA (a hub id is owner/name)")
    return DataSpec(name=name, hub=name)


def places(name: str) -> Iterable[Path]:
    """Where a name may lie as a file."""
    yield Path(name)
    root = os.environ.get("MTQA_DATA")
    if root and not Path(name).is_absolute():
        yield Path(root) / name
        yield Path(root) / f"{name}.jsonl"


def _file(path: Path) -> DataSpec:
    form = _format_of(path)
    if form is None:
        known = ", ".join(_SUFFIXES)
        raise InputError(f"{one_line(path)}: can't tell the format by this ending; known: {known} (and .gz)")
    return DataSpec(name=f"{path.parent.name}/{path.name}".lstrip("/"), file=path, format=form)


def _format_of(path: Path) -> str | None:
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return _SUFFIXES.get(plain.suffix.lower())
