"""What the shapes share in reading a record: its name and place, its groups, reference and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtqa.bench.labelled import values
from mtqa.bench.labelled.spec import FIELDS, GROUPS, DataSpec
from mtqa.bench.labelled.values import Place, Row
from mtqa.errors import one_line

Numbered = Sequence[tuple[int, Row]]

#: Groups that belong to a document rather than to a sentence.
GROUPS_OF_RECORD = ("system",)
#: Columns that name things or hold texts: no groups. The answers among them reach nobody but sacrebleu.
_NO_GROUP = frozenset(FIELDS) | {"src", "ref", "pe", "orig", "mt", "source", "target", "hypothesis"}
#: Where the good version of a sentence may stand, the first that is there.
_REFERENCES = ("reference", "ref", "pe", "orig")
#: Longer values are texts.
_GROUP_CHARACTERS = 80


@dataclass(slots=True)
class Notes:
    """What could not be used, counted while reading. ``spanned``: sentences of these data have spans."""

    spanned: bool = False
    inverted: int = 0
    alike: int = 0
    where: str = ""
    seen: dict[str, str] = field(default_factory=dict)

    def once(self, key: object, name: str, place: Place) -> None:
        """Raises where ``key``, a value or several, was seen before."""
        parts = key if isinstance(key, tuple) else (key,)
        known = repr(parts)  # a list can be no key of a mapping
        if known in self.seen:
            shown = ", ".join(one_line(repr(part), 80) for part in parts if part is not None)
            raise place.error(name, f"{shown} is there twice (first in {self.seen[known]})")
        self.seen[known] = place.record

    def warnings(self, data: str) -> tuple[str, ...]:
        """A line for each thing that counts for less than it seems."""
        made = []
        if self.inverted:
            what = "spans end before they start" if self.inverted > 1 else "span ends before it starts"
            made.append(
                f"{data}: {self.where}: spans: {self.inverted} {what}; the sentences count as without"
            )
        if self.alike:
            said = "1 pair is" if self.alike == 1 else f"{self.alike:,} pairs are"
            made.append(f"{data}: {said} the same sentence twice (good and bad): a tie, whatever the config")
        return tuple(made)


def groups_of_rows(rows: Iterable[Row], spec: DataSpec, place: Place) -> dict[str, str]:
    """Short values of a record's (and a sentence's) other columns; declared ones whatever their length."""
    made: dict[str, str] = {}
    for row in rows:
        for key, value in row.items():
            short = isinstance(value, (str, bool, int)) and len(str(value)) <= _GROUP_CHARACTERS
            if key not in _NO_GROUP and short and value != "":
                made[key] = str(value).lower() if isinstance(value, bool) else str(value)
        for name, column in {**{g: c for g, c in spec.columns.items() if g in GROUPS}, **spec.groups}.items():
            if values.has_column(row, column):
                value = values.looked_up(row, column, place)
                if not values.is_null(value):
                    made[name] = str(value)
    return made


def reference_of(row: Row) -> str | None:
    """The first good version that is there; an empty cell is none."""
    return next((row[key] for key in _REFERENCES if is_text(row.get(key))), None)


def is_text(value: object) -> bool:
    """A string that holds more than blanks?"""
    return isinstance(value, str) and bool(value.strip())


def first_of(row: Row, key: str, otherwise: str) -> str:
    """The value as a name, ``otherwise`` where there is none; 0 is a name."""
    return otherwise if is_empty(row.get(key)) else str(row[key])


def named(row: Row, key: str, number: int) -> str:
    """The value as a name, else the record's number."""
    return first_of(row, key, f"record {number}")


def document_name(row: Row, number: int) -> tuple[str, str]:
    """A record's name where a record is a document, and the field that holds it: ``doc``, else ``id``."""
    key = "doc" if not is_empty(row.get("doc")) or is_empty(row.get("id")) else "id"
    return named(row, key, number), key


def cell(row: Row, key: str) -> Any:
    """The value, None where the cell is empty."""
    return None if is_empty(row.get(key)) else row[key]


def cluster_of(row: Row, otherwise: str) -> tuple[str, bool]:
    """What a record is drawn with, and whether a ``source_doc`` names it."""
    return first_of(row, "source_doc", otherwise), not is_empty(row.get("source_doc"))


def is_empty(value: object) -> bool:
    """Null, NaN or the empty string?"""
    return values.is_null(value) or value == ""


def place_of(spec: DataSpec, number: int, row: Row) -> Place:
    """Where the record stands, with its name."""
    name = row.get("id") if row.get("id") is not None else row.get("doc")
    shown = f" ({one_line(name, 60)})" if name not in (None, "") else ""
    return Place(spec.name, f"record {number}{shown}")


def mapped_record(raw: Row, spec: DataSpec, place: Place) -> dict[str, Any]:
    """The record's own fields under our names; those of its sentences are left for later."""
    return values.mapped(raw, spec, place, ("id", "doc", "source_doc", "sentences", *GROUPS_OF_RECORD))


def inner_rows(row: Row, place: Place) -> list[Row]:
    """The record's sentences: a list, or one in JSON. Raises `InputError` for none and for what is none."""
    inner = values.listed(row.get("sentences"), "sentences", place)
    if not inner:
        raise place.error("sentences", "no sentences")
    for item in inner:
        if not isinstance(item, dict):
            raise place.error("sentences", f"{one_line(repr(item), 60)} is not an object")
    return inner
