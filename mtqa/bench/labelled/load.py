"""A data name to a `LabelledSet`."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from mtqa.bench.labelled.convert import documents_of, labelled_set
from mtqa.bench.labelled.source import read_records, sampled
from mtqa.bench.labelled.spec import DataSpec, data_spec
from mtqa.bench.records import LabelledSet
from mtqa.lm.cache import cache_dir, sha256_of


def load_labelled(
    name: str, *, columns: str | None = None, limit: int = 0, seed: int = 0, cache: Path | None = None
) -> LabelledSet:
    """The data that ``name`` stands for (see `data_spec`). ``limit``: so many records, drawn with ``seed``.

    Raises `InputError` in one line that names file, record and field.
    """
    return load_spec(data_spec(name, columns=columns), limit=limit, seed=seed, cache=cache)


def load_spec(spec: DataSpec, *, limit: int = 0, seed: int = 0, cache: Path | None = None) -> LabelledSet:
    """The same of a `DataSpec`. ``cache``: where `datasets` keeps what is from the hub."""
    with closing(read_records(spec, cache=cache or cache_dir() / "datasets")) as read:
        records = sampled(read, limit, seed, wholes=partial(documents_of, spec=spec))
    if spec.file is not None:
        digest = sha256_of(spec.file)
    else:
        rows = json.dumps([row for _, row in records], sort_keys=True, default=str, ensure_ascii=False)
        digest = hashlib.sha256(rows.encode("utf-8", "surrogatepass")).hexdigest()
    return replace(labelled_set(records, spec, digest, whole=not limit), read_as=_read_as(spec, limit))


def _read_as(spec: DataSpec, limit: int) -> str:
    """For a signature: the sample's size and a digest of the columns that the user named."""
    named = {key: value for key in ("shape", "columns", "groups") if (value := getattr(spec, key))}
    columns = json.dumps({key: v if key == "shape" else dict(v) for key, v in named.items()}, sort_keys=True)
    parts = [f"limit:{limit}"] if limit else []
    if named:
        parts.append(f"columns:{hashlib.sha256(columns.encode()).hexdigest()[:12]}")
    return ",".join(parts)
