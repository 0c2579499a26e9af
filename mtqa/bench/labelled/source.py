"""Records of a file or a hub id, streamed through `datasets`; and what is wrong with one that it refuses."""

from __future__ import annotations

import contextlib
import glob
import gzip
import json
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mtqa.bench.labelled.spec import DataSpec
from mtqa.errors import InputError, MtqaError, one_line

Record = dict[str, Any]
T = TypeVar("T")
#: A sample is drawn from at most this many records from the start (or ten times the sample).
SAMPLED_FROM = 10_000


def sampled(records: Iterator[T], limit: int, seed: int) -> list[tuple[int, T]]:
    """Records with their numbers from 1; ``limit`` of them, drawn with ``seed``, in their order (0: all).

    A sample and not the first ones: many corpora are sorted by phenomenon or system.
    """
    numbered = enumerate(records, start=1)
    if not limit:
        return list(numbered)
    pool = list(islice(numbered, max(SAMPLED_FROM, 10 * limit)))
    if len(pool) <= limit:
        return pool
    chosen = np.random.default_rng(seed).choice(len(pool), size=limit, replace=False)
    return [pool[i] for i in np.sort(chosen)]


def read_records(spec: DataSpec, *, cache: Path) -> Iterator[Record]:
    """The records, one after the other. ``cache``: where `datasets` keeps its files. Raises `InputError`."""
    if spec.file is None:
        yield from _hub_records(spec, cache)
    elif spec.format == "json":
        yield from _json_records(spec.name, spec.file, cache)
    else:
        yield from _file_records(spec, spec.file, cache)


def _json_records(name: str, file: Path, cache: Path) -> Iterator[Record]:
    """JSON lines or one JSON array; what Arrow can't hold (a column of mixed types) is read plainly."""
    try:
        records = list(_loaded("json", file, cache))
    except MtqaError:
        raise
    except Exception:
        records = list(plain_json(name, file))
    yield from records


def _file_records(spec: DataSpec, file: Path, cache: Path) -> Iterator[Record]:
    options: dict[str, Any] = {}
    if spec.format in ("csv", "tsv"):
        # "NA", "null" and "None" are words; an empty cell is an empty string.
        options = {"sep": "\t" if spec.format == "tsv" else ",", "keep_default_na": False}
    builder = "csv" if spec.format == "tsv" else str(spec.format)
    try:
        yield from _loaded(builder, file, cache, **options)
    except MtqaError:
        raise
    except Exception as error:
        raise InputError(
            f"{spec.name}: can't be read as {str(spec.format).upper()} ({_reason(error)})"
        ) from error


def _loaded(builder: str, file: Path, cache: Path, **options: Any) -> Iterator[Record]:
    if file.stat().st_size == 0:
        raise InputError(f"{one_line(file)}: the file is empty")
    with _quiet_datasets(offline=True) as datasets:
        loaded = datasets.load_dataset(
            builder,
            data_files={"data": glob.escape(str(file.absolute()))},
            split="data",
            streaming=True,
            cache_dir=str(cache),
            **options,
        )
        yield from (dict(record) for record in loaded)


def _hub_records(spec: DataSpec, cache: Path) -> Iterator[Record]:
    try:
        with _quiet_datasets(offline=False) as datasets:
            loaded = datasets.load_dataset(
                spec.hub,
                spec.subset,
                split=spec.split,
                revision=spec.revision,
                streaming=True,
                cache_dir=str(cache),
            )
            if spec.split is None:
                if len(loaded) != 1:
                    names = ", ".join(loaded)
                    raise InputError(
                        f"{spec.name}: has several splits ({names}); choose one with split: in a YAML"
                    )
                loaded = next(iter(loaded.values()))
            yield from (dict(record) for record in loaded)
    except MtqaError:
        raise
    except Exception as error:
        raise InputError(
            f"{one_line(spec.name, 100)}: no such file, and can't be loaded from the hub ({_reason(error)})"
        ) from error


@contextlib.contextmanager
def _quiet_datasets(*, offline: bool) -> Iterator[Any]:
    """`datasets` without bars and notes; ``offline`` keeps it from asking the hub about local files."""
    import datasets

    datasets.disable_progress_bars()
    logger = logging.getLogger("datasets")
    level, before = logger.level, datasets.config.HF_HUB_OFFLINE
    logger.setLevel(logging.CRITICAL)
    if offline:
        datasets.config.HF_HUB_OFFLINE = True
    try:
        yield datasets
    finally:
        datasets.config.HF_HUB_OFFLINE = before
        logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """The innermost cause: `datasets` wraps what Arrow and pandas say."""
    while error.__cause__ is not None:
        error = error.__cause__
    return one_line(f"{error}" or type(error).__name__, 160)


def plain_json(name: str, file: Path) -> Iterator[Record]:
    """The records without Arrow. Raises `InputError` that names the line of bad JSON."""
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].count(b"\n")
        raise InputError(f"{name}: line {before + 1}: not UTF-8 (byte {error.start})") from error
    except (OSError, EOFError) as error:
        raise InputError(f"{name}: can't be read ({one_line(error, 120)})") from error
    if text.lstrip().startswith("["):
        yield from _array(name, text)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _object(name, number, line)


def _object(name: str, number: int, line: str) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: line {number}: not valid JSON ({one_line(error, 120)})") from error
    if not isinstance(value, dict):
        raise InputError(f"{name}: line {number}: an object is expected, not a {type(value).__name__}")
    return value


def _array(name: str, text: str) -> Iterator[Record]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{name}: line {line}: not valid JSON ({one_line(error, 120)})") from error
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise InputError(f"{name}: record {number}: an object is expected, not a {type(value).__name__}")
        yield value
