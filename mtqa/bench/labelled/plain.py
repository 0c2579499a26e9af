"""Lines of JSON, CSV and TSV to records, as they are written: no guess at what type a column has. No I/O.

The json and csv builders of `datasets` guess: they make a time of "2024-01-02", of the documents "1.10" and
"1.1" one, and drop the quotation marks of '"Yes," he said' in a TSV without quoting. So only lines are read
with it (`mtqa.bench.labelled.lines`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from mtqa.errors import InputError, one_line

Record = dict[str, Any]
_LONGEST_CELL = 2**31 - 1


def json_records(name: str, lines: Iterable[str]) -> Iterator[Record]:
    """JSON lines, one JSON array, or one object. Raises `InputError` that names the line of bad JSON.

    Of JSON lines no more than one is held at a time.
    """
    rest = iter(lines)
    head = list(_to_the_first_written(rest))
    first = head[-1] if head else ""
    if first.lstrip().startswith("["):
        yield from _array(name, "".join([*head, *rest]))
    elif (
        first.strip() and not _is_json(first) and (whole := _one_object("".join([*head, *rest]))) is not None
    ):
        yield whole
    else:
        for number, line in enumerate(chain([first], rest), start=len(head)):
            if line.strip():
                yield _object(name, number, line.removesuffix("\n"))


def _to_the_first_written(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.strip():
            return


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _one_object(text: str) -> Record | None:
    """The object that the text is over several lines; None where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _object(name: str, number: int, line: str) -> Record:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        where = f"{one_line(error.msg, 120)} at column {error.colno}"
        raise InputError(f"{name}: line {number}: not valid JSON ({where})") from error
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


def table_records(name: str, lines: Iterable[str], *, tabs: bool) -> Iterator[Record]:
    """The rows of a CSV (``tabs``: TSV) with a header, each cell the string that it is.

    Of a CSV no more than a row is held at a time. A TSV is quoted as a CSV is, or not at all: see `_cells`.
    Raises `InputError` that names the line.
    """
    rows = iter(_cells(name, "".join(lines))) if tabs else _quoted(name, _at_any_break(lines), ",")
    top = next(rows, None)
    if top is None:
        raise InputError(f"{name}: no sentences: the file has no header")
    header = [cell.strip() for cell in top[1]]
    if len(header) == 1 and (other := next((c for c in ";\t,|" if c in header[0]), None)):
        wanted = "tabs" if tabs else "commas"
        raise InputError(f"{name}: columns are cut at {other!r} here; save it with {wanted} between them")
    if twice := next((cell for cell in header if cell and header.count(cell) > 1), None):
        raise InputError(f"{name}: column {one_line(twice, 60)!r} is there twice")
    for line, cells in rows:
        if len(cells) < len(header) or any(cells[len(header) :]):
            raise InputError(f"{name}: line {line}: {len(cells)} cells, the header names {len(header)}")
        yield dict(zip(header, cells, strict=False))


Rows = list[tuple[int, list[str]]]


def _cells(name: str, text: str) -> Rows:
    """A TSV's rows: as without quoting where quotation marks make no cells, or cells that hold a line.

    '"Yes," he said' is no quoted cell, and a speech may open in one row and end in another.
    Whoever quotes cells leaves no mark inside one that is not: beside 'Say "no"' those of '"Yes."' are text.
    """
    bare = [(i, line.split("\t")) for i, line in enumerate(_lines(text), start=1) if line]
    try:
        quoted = list(_quoted(name, io.StringIO(text, newline=""), "\t"))
    except InputError:
        return bare
    header = bare[0][1] if bare else []
    if any(cell.startswith('"') for cell in header):
        return quoted
    if any("\n" in cell or "\t" in cell for _, cells in quoted for cell in cells):
        return bare if all(len(cells) == len(header) for _, cells in bare) else quoted
    inside = any('"' in cell and not cell.startswith('"') for _, cells in bare for cell in cells)
    return bare if inside else quoted


def _lines(text: str) -> Sequence[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _at_any_break(lines: Iterable[str]) -> Iterator[str]:
    r"""Lines that are cut at a "\r" too, breaks kept, as the csv module wants them."""
    for line in lines:
        if "\r" in line:
            yield from io.StringIO(line, newline="")
        else:
            yield line


def _quoted(name: str, lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row; cells may be quoted, a quotation mark in such a one is doubled."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    at = 1
    try:
        while (cells := _next_row(reader)) is not None:
            if cells:
                yield at, cells
            at = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{name}: line {at}: {one_line(error, 80)} (a quotation mark in a quoted cell is written twice)"
        ) from error


def _next_row(reader: Iterator[list[str]]) -> list[str] | None:
    """A row of cells of any length: the csv module's own limit, which is everybody's, is put back."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)
