"""Rows of tables: what stands between their cells; long tables of figures, which hold no prose to rank."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from mtqa.text.offsets import Edit, Traced
from mtqa.text.pieces import Piece

REASON: Final = "table of data"
_LONG = 30  # rows; a shorter table is read with the text
_WORDS = 2.0  # words in a cell on average: "New Zealand" and figures, no clause
_FIGURES, _FINAL = (
    0.2,
    0.2,
)  # share of cells with a figure, of rows with a final mark: transcripts have the latter
_SENTENCE = 6  # words that, with a final mark, make a row one that is kept
#: Put by the readers of HTML and Markdown where a cell begins: white space that no text has.
CELL: Final = "\x1f"
_WHITE: Final = re.compile(r"\s+")
#: Behind these nothing else is needed between two cells.
_PARTS: Final = tuple(".!?;:,|…")


def parted(row: Traced) -> Traced:
    """The row with a semicolon between filled cells, which are held apart by `CELL` (and white space).

    It stands for the mark-up there; a row set with tabs, which has none, stays as it is.

    A model reads cells without anything between them as one broken sentence: of nine sound rows of two small
    tables four were found at a rate of .1, and none with semicolons or bars.

    >>> from mtqa.text.offsets import traced
    >>> parted(traced("LRU \\x1f oldest entry\\x1f\\x1fQ:\\x1fWhy?")).text
    'LRU; oldest entry; Q: Why?'
    """
    row = row.stripped()
    if CELL not in row.text:
        return row
    between = [m.span() for m in _WHITE.finditer(row.text) if CELL in m[0]]
    return row.edited([Edit(a, b, " " if row.text[:a].endswith(_PARTS) else "; ") for a, b in between])


def without_data(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces; rows of long tables whose cells are mostly figures or single words are marked."""
    result = list(pieces)
    for table in _tables(pieces):
        rows = [pieces[index] for index in table]
        words = sum(len(row.text.text.split()) for row in rows)
        if len(rows) <= _LONG or words > _WORDS * sum(row.cells for row in rows) or _is_spoken(rows):
            continue
        for index in table:
            if pieces[index].reason is None and not _has_sentence(pieces[index].text.text):
                result[index] = replace(pieces[index], reason=REASON)
    return result


def _tables(pieces: Sequence[Piece]) -> Iterator[list[int]]:
    """Runs of rows as indices; what is excluded in between (rules, reference marks) breaks none."""
    table: list[int] = []
    for index, piece in enumerate(pieces):
        if piece.cells:
            table.append(index)
        elif piece.reason is None:
            yield table
            table = []
    yield table


def _is_spoken(rows: Sequence[Piece]) -> bool:
    """Whether short sentences stand in the rows, as in a transcript ("Q:", tab, "Did you see him?")."""
    figures = sum(any(map(str.isdigit, word)) for row in rows for word in row.text.text.split())
    final = sum(_ends(row.text.text) for row in rows)
    return figures < _FIGURES * sum(row.cells for row in rows) and final >= _FINAL * len(rows)


def _ends(text: str) -> bool:
    return text.rstrip('"”’)] ').endswith((".", "!", "?"))


def _has_sentence(text: str) -> bool:
    return len(text.split()) >= _SENTENCE and _ends(text)
