"""Records of a file or a hub id, and a sample of them: opened and streamed by `datasets`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from mtqa.bench.labelled.lines import data_lines
from mtqa.bench.labelled.plain import Record, json_records, table_records
from mtqa.bench.labelled.spec import DataSpec
from mtqa.bench.labelled.stream import ask_hub, quiet_datasets, reason_of, streamed_file
from mtqa.errors import InputError, MtqaError, UsageError, one_line

T = TypeVar("T")
#: Of records, what tells of one what it is a part of.
Wholes = Callable[[Sequence[T]], Callable[[T], str | None]]
#: A sample is drawn from at most this many records from the start (or ten times the sample).
SAMPLED_FROM = 10_000


def sampled(
    records: Iterator[T], limit: int, seed: int, *, wholes: Wholes[T] | None = None
) -> list[tuple[int, T]]:
    """Records with their numbers from 1; ``limit`` of them, drawn with ``seed``, in their order (0: all).

    A sample and not the first ones: many corpora are sorted by phenomenon or system. ``wholes``: of the
    records that are drawn from, what tells the name of what a record is a part of, or None; such a whole is
    drawn with all of its records, wherever they are, and counts as one: where there are wholes everything is
    read, but no more is held than what is drawn from and the rest of what is drawn. Raises `UsageError` for a
    limit that is no number from 0.
    """
    if not isinstance(limit, int) or limit < 0:
        raise UsageError(f"limit is {limit!r}: a whole number from 0 (all)")
    numbered = enumerate(records, start=1)
    if not limit:
        return list(numbered)
    pool = list(islice(numbered, max(SAMPLED_FROM, 10 * limit)))
    part_of = wholes([record for _, record in pool]) if wholes else lambda _: None
    units: dict[str | int, list[int]] = {}
    for i, (_, record) in enumerate(pool):
        whole = part_of(record)
        units.setdefault(i if whole is None else whole, []).append(i)
    names = list(units)
    if len(names) > limit:
        drawn = np.random.default_rng(seed).choice(len(names), size=limit, replace=False)
        names = [names[i] for i in drawn]
    kept = [pool[i] for i in sorted(i for name in names for i in units[name])]
    wanted = {name for name in names if isinstance(name, str)}
    # Rows of a document may stand anywhere in a file.
    return kept + ([one for one in numbered if part_of(one[1]) in wanted] if wanted else [])


def read_records(spec: DataSpec, *, cache: Path) -> Generator[Record]:
    """The records, one after the other. ``cache``: where `datasets` keeps the hub's. Raises `InputError`."""
    if spec.file is None:
        yield from _hub_records(spec, cache)
    elif spec.format == "parquet":
        yield from _parquet_records(spec.name, spec.file)
    else:
        with data_lines(spec.name, spec.file) as lines:
            if spec.format == "json":
                yield from json_records(spec.name, lines)
            else:
                yield from table_records(spec.name, lines, tabs=spec.format == "tsv")


def _parquet_records(name: str, file: Path) -> Iterator[Record]:
    try:
        if file.stat().st_size == 0:
            raise InputError(f"{name}: the file is empty")
        if not _rows(file):
            return
        with streamed_file("parquet", file) as loaded:
            yield from (dict(record) for record in loaded)
    except MtqaError:
        raise
    except Exception as error:
        raise InputError(f"{name}: can't be read as PARQUET ({reason_of(error)})") from error


def _rows(file: Path) -> int:
    """How many a Parquet file says that it holds: `datasets` fails on none."""
    from pyarrow.parquet import read_metadata

    return int(read_metadata(file).num_rows)


def _hub_records(spec: DataSpec, cache: Path) -> Iterator[Record]:
    try:
        with quiet_datasets(offline=False) as datasets:
            ask_hub(datasets, spec.hub or "", spec.revision)
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
            f"{one_line(spec.name, 100)}: no such file, and can't be loaded from the hub ({reason_of(error)})"
        ) from error
