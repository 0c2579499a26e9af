"""Records of JSON, CSV and TSV files, as they are written: no guess at what type a column has.

Arrow and pandas guess: they make a time of "2024-01-02", of the documents "1.10" and "1.1" one, and drop the
quotation marks of '"Yes," he said' in a TSV without quoting.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mtqa.errors import InputError, one_line

Record = dict[str, Any]


def file_text(name: str, file: Path) -> str:
    """The file's text, unpacked where it is ``.gz``. Raises `InputError` that names the line."""
    try:
        data = file.read_bytes()
        data = gzip.decompress(data) if data and file.suffix.lower() == ".gz" else data
        if not data:
            raise InputError(f"{name}: the file is empty")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].count(b"\n")
        raise InputError(
            f"{name}: line {before + 1}: not UTF-8 (byte {error.start}); save the file as UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name}: can't be read ({one_line(error, 120)})") from error


def json_records(name: str, file: Path) -> Iterator[Record]:
    """JSON lines, one JSON array, or one object. Raises `InputError` that names the line of bad JSON."""
    text = file_text(name, file)
    if text.lstrip().startswith("["):
        yield from _array(name, text)
        return
    lines = ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
    for count, (number, line) in enumerate(lines):
        if not count and (whole := _over_several_lines(line, text)) is not None:
            yield whole
            return
        yield _object(name, number, line)


def _over_several_lines(line: str, text: str) -> Record | None:
    """The one object that the text is, where its first line is none."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None
    return None


def _object(name: str, number: int, line: str) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: line {number}: not valid JSON ({one_line(error, 120)})") from error
    if not isinstance(value, dict):
        raise InputError(f"{name}: line {number}: an object is expected, not {_called(value)}")
    return value


def _array(name: str, text: str) -> Iterator[Record]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{name}: line {line}: not valid JSON ({one_line(error, 120)})") from error
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise InputError(f"{name}: record {number}: an object is expected, not {_called(value)}")
        yield value


def _called(value: object) -> str:
    kinds = {list: "a list", str: "a string", type(None): "null", bool: "a truth value"}
    return kinds.get(type(value), "a number")


def table_records(name: str, file: Path, *, tabs: bool) -> Iterator[Record]:
    """The rows of a CSV (``tabs``: TSV) with a header, each cell the string that it is.

    A TSV is quoted as a CSV is, or not at all: see `_cells`. Raises `InputError` that names the line.
    """
    text = file_text(name, file)
    rows = _cells(name, text) if tabs else list(_quoted(name, text, ","))
    if not rows:
        raise InputError(f"{name}: no sentences: the file has no header")
    header = [cell.strip() for cell in rows[0][1]]
    if len(header) == 1 and (other := next((c for c in ";\t,|" if c in header[0]), None)):
        wanted = "tabs" if tabs else "commas"
        raise InputError(f"{name}: columns are cut at {other!r} here; save it with {wanted} between them")
    if twice := next((cell for cell in header if cell and header.count(cell) > 1), None):
        raise InputError(f"{name}: column {one_line(twice, 60)!r} is there twice")
    for line, cells in rows[1:]:
        if len(cells) < len(header) or any(cells[len(header) :]):
            raise InputError(f"{name}: line {line}: {len(cells)} cells, the header names {len(header)}")
        yield dict(zip(header, cells, strict=False))


Rows = list[tuple[int, list[str]]]


def _cells(name: str, text: str) -> Rows:
    """A TSV's rows: as without quoting where quotation marks make no cells, or cells that hold a line.

    '"Yes," he said' is no quoted cell, and a speech may open in one row and end in another.
    """
    bare = [(i, line.split("\t")) for i, line in enumerate(_lines(text), start=1) if line]
    try:
        quoted = list(_quoted(name, text, "\t"))
    except InputError:
        return bare
    across = any("\n" in cell or "\t" in cell for _, cells in quoted for cell in cells)
    return bare if across and all(len(cells) == len(bare[0][1]) for _, cells in bare) else quoted


def _lines(text: str) -> Sequence[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _quoted(name: str, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row; cells may be quoted, a quotation mark in such a one is doubled."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = csv.field_size_limit(max(len(text), 1))
    at = 1
    try:
        for cells in reader:
            if cells:
                yield at, cells
            at = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{name}: line {at}: {one_line(error, 80)} (a quotation mark in a quoted cell is written twice)"
        ) from error
    finally:
        csv.field_size_limit(before)
