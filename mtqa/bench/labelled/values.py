"""One field of one record, checked: each function says what is wrong and where, or returns the value."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mtqa.bench.labelled.spec import DataSpec
from mtqa.errors import InputError, one_line

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the data something stands: for messages."""

    data: str
    record: str

    def error(self, field: str, problem: str) -> InputError:
        """The `InputError` that names file, record and field."""
        return InputError(f"{self.data}: {self.record}: {field}: {problem}")

    def sentence(self, number: int) -> Place:
        """The same for a sentence of the record, counted from 1."""
        return Place(self.data, f"{self.record}, sentence {number}")


#: A label as a string: a table has no other.
_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
#: A column that is not there; null is a value.
_ABSENT = object()
#: What a record can't be without, where a column is named for it.
_NEEDED = ("text", "good", "bad", "sentences")
#: What may be missing (a boilerplate line has neither), but is never in a column of our own name instead.
_GOLD = ("label", "score")


def mapped(row: Row, spec: DataSpec, place: Place, fields: Sequence[str]) -> dict[str, Any]:
    """The row with what the spec's columns name under our own names too, of ``fields`` only."""
    made = dict(row)
    for ours in fields:
        if ours not in spec.columns:
            continue
        name, turned = _column(row, spec.columns[ours], ours)
        if ours in _NEEDED or has_column(row, name):
            value = looked_up(row, name, place)
            made[ours] = -number(value, ours, place) if turned and not _missing(value) else value
        elif ours in _GOLD:
            made.pop(ours, None)
    return made


def has_column(row: Row, name: str) -> bool:
    """Has the row this column, or the one that the name's first part names?"""
    return name in row or name.split(".")[0] in row


def any_has(rows: Iterable[Row], name: str) -> bool:
    """Has one of the rows the whole of ``a.b``? Where all that have ``a`` leave it empty, it may be right.

    >>> [any_has([{"a": a}, {"a": None}], "a.b") for a in ({"b": None}, {"c": 1}, {})]
    [True, False, True]
    """
    said = set()
    for row in rows:
        if has_column(row, name):
            said.add(found := _holds(row, name))
            if found:
                return True
    return said == {None}


def _holds(row: Row, name: str) -> bool | None:
    """Has the row, which has ``a``, the rest of ``a.b``? None: no telling, ``a`` is null or empty."""
    value: Any = row
    for part in [name] if name in row else name.split("."):
        if value is None or value == {}:
            return None
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def _column(row: Row, name: str, ours: str) -> tuple[str, bool]:
    """The column's own name, and whether its sign is to be turned (``-errors``)."""
    turned = ours == "score" and name.startswith("-") and name not in row
    return (name[1:] if turned else name), turned


def there(row: Row, name: str) -> Any:
    """The column's value as `looked_up` finds it, None where it is not there."""
    value = _found(row, name)
    return None if value is _ABSENT else value


def looked_up(row: Row, name: str, place: Place) -> Any:
    """The column's value; ``a.b`` is the field ``b`` of ``a``, None where ``a`` is null or lacks it."""
    value = _found(row, name)
    if value is _ABSENT:
        known = ", ".join(map(str, row))
        raise place.error(one_line(name, 60), f"there is no such column; there are: {one_line(known, 160)}")
    return value


def _found(row: Row, name: str) -> Any:
    if name in row:
        return row[name]
    first, *rest = name.split(".")
    if first not in row:
        return _ABSENT
    value: Any = row[first]
    for part in rest:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return _ABSENT
        value = value.get(part)
    return value


def text(value: Any, field: str, place: Place) -> str:
    """A string; blank ones are allowed (a translation may be empty)."""
    if not isinstance(value, str):
        problem = "missing" if value is None else f"{one_line(repr(value), 60)} is not a string"
        raise place.error(field, problem)
    return value


def label(value: Any, place: Place) -> int | None:
    """0 or 1, as a number, a truth value or a string; None where there is none."""
    if _missing(value):
        return None
    if isinstance(value, str) and value.strip().lower() in _LABELS:
        return _LABELS[value.strip().lower()]
    if isinstance(value, (bool, int, float, Decimal)) and value in (0, 1):
        return int(value)
    raise place.error("label", f"{one_line(repr(value), 60)} is not 0 (sound) or 1 (corrupted)")


def number(value: Any, field: str, place: Place) -> float:
    """A finite number, or a string that reads as one."""
    try:
        if isinstance(value, (bool, list, dict)) or (isinstance(value, str) and "_" in value):
            raise ValueError  # 4_5 is a number to Python alone
        result = float(value)
    except OverflowError:
        raise place.error(field, "this number is too large") from None
    except (TypeError, ValueError):
        raise place.error(field, f"{one_line(repr(value), 60)} is not a number") from None
    if not math.isfinite(result):
        raise place.error(field, f"{one_line(repr(value), 60)} is not a finite number")
    return result


def score(value: Any, place: Place) -> float | None:
    """A human score, None where there is none."""
    return None if _missing(value) else number(value, "score", place)


def _missing(value: Any) -> bool:
    """Is there no number? Tables have empty cells and NaN for that."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "nan")
    return is_null(value)


def is_null(value: Any) -> bool:
    """Null, or the NaN that stands for it in a table's column of numbers; an empty string is neither."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def listed(value: Any, field: str, place: Place) -> list[Any] | None:
    """A list, or a string that holds one as JSON (CSV has no lists); None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise place.error(field, f"{one_line(repr(value), 60)} is not a list in JSON") from None
    if not isinstance(value, list):
        raise place.error(field, f"{one_line(repr(value), 60)} is not a list")
    return value


def spans(
    value: Any, field: str, sentence: str, place: Place
) -> tuple[tuple[tuple[int, int], ...] | None, int]:
    """``[start, end)`` of each span, and how many end before they start.

    Such a span marks nothing, wherever it ends (annotations of real corpora hold a few, ``[271, 128)`` of 128
    characters, ``[0, -4)``): the sentence then counts as not annotated. Another one that reaches out of the
    text is an error.
    """
    items = listed(_rows_of_columns(value), field, place)
    if items is None:
        return None, 0
    made, inverted = [], 0
    for item in items:
        start, end = _ends(item, field, place)
        if end < start:
            inverted += 1
        elif start < 0 or end > len(sentence):
            raise place.error(field, f"[{start}, {end}) is outside the text of {len(sentence)} characters")
        made.append((start, end))
    return (None if inverted else tuple(made)), inverted


def _rows_of_columns(value: Any) -> Any:
    """`datasets` keeps a list of ``{start, end}`` as lists of starts and of ends."""
    starts, ends = (value.get("start"), value.get("end")) if isinstance(value, Mapping) else (None, None)
    if isinstance(starts, list) and isinstance(ends, list) and len(starts) == len(ends):
        return [list(pair) for pair in zip(starts, ends, strict=True)]
    return value


def _ends(item: Any, field: str, place: Place) -> tuple[int, int]:
    pair: Any = [item.get("start"), item.get("end")] if isinstance(item, Mapping) else item
    whole = isinstance(pair, Sequence) and len(pair) == 2
    if not whole or not all(isinstance(p, int) and not isinstance(p, bool) for p in pair):
        raise place.error(field, f"{one_line(repr(item), 60)} is not [start, end] or {{start, end}}")
    return int(pair[0]), int(pair[1])


def word_tags(row: Row, sentence: str, place: Place) -> tuple[tuple[int, int, bool], ...] | None:
    """Where each tagged word is in the text, and is it BAD? ``tokens``: the words; else cut at blanks."""
    tags = row.get("word_tags")
    if isinstance(tags, str) and not tags.lstrip().startswith("["):
        tags = tags.split() or None  # a table's empty cell
    tags = listed(tags, "word_tags", place)
    if tags is None:
        return None
    words = _words(row.get("tokens"), sentence, place)
    if len(words) != len(tags):
        raise place.error("word_tags", f"{len(tags)} tags for {len(words)} words")
    made, at = [], 0
    for word, tag in zip(words, tags, strict=True):
        start = sentence.find(word, at)
        if start < 0 or sentence[at:start].strip():
            raise place.error("tokens", f"{one_line(repr(word), 60)} is not in the text at character {at}")
        at = start + len(word)
        if str(tag).upper() not in ("OK", "BAD"):
            raise place.error("word_tags", f"{one_line(repr(tag), 60)} is not OK or BAD")
        made.append((start, at, str(tag).upper() == "BAD"))
    return tuple(made)


def _words(value: Any, sentence: str, place: Place) -> list[str]:
    """A sentence's words: a list, one in JSON, or a string to cut at blanks; without one the text itself."""
    if value is None:
        return sentence.split()
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return value.split() or sentence.split()
    words = [str(word) for word in listed(value, "tokens", place) or ()]
    if not all(word.strip() for word in words):
        raise place.error("tokens", "a word is empty")
    return words


def paragraph(value: Any, place: Place) -> int | None:
    """A paragraph's number, None where there is none."""
    if _missing(value):
        return None
    whole = number(value, "par", place)
    if whole != int(whole):
        raise place.error("par", f"{one_line(repr(value), 60)} is not a whole number")
    return int(whole)


def truth(value: Any, field: str, place: Place) -> bool:
    """True or false, as such, as 0 or 1, or in words; missing is false."""
    found = known_truth(value)
    if found is None:
        raise place.error(field, f"{one_line(repr(value), 60)} is not true or false")
    return found


def known_truth(value: Any) -> bool | None:
    """The same without a place to name: None for what is neither."""
    known = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    return False if _missing(value) else known.get(str(value).lower())
