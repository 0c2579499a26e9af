"""Records to a `LabelledSet`: the shape told by the columns, every field checked. No I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtqa.bench.labelled import values
from mtqa.bench.labelled.spec import FIELDS, GROUPS, DataSpec
from mtqa.bench.labelled.values import Place, Row
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet
from mtqa.errors import InputError, one_line

Numbered = Sequence[tuple[int, Row]]

#: Columns that name things or hold texts: no groups. The answers among them reach nobody but sacrebleu.
_NO_GROUP = frozenset(FIELDS) | {"src", "ref", "pe", "orig", "mt", "source", "target", "hypothesis"}
#: Where the good version of a sentence may stand, the first that is there.
_REFERENCES = ("reference", "ref", "pe", "orig")
#: Longer values are texts.
_GROUP_CHARACTERS = 80
#: MSLC's checkpoints: A is the worst.
_GRADED = re.compile(r"mt_[A-Z]")
#: Fields of a sentence; the others are the record's own.
_OF_SENTENCES = ("text", "label", "score", "spans", "tokens", "word_tags", "boilerplate", "par", "reference")


@dataclass(slots=True)
class _Notes:
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


def labelled_set(records: Numbered, spec: DataSpec, digest: str, *, whole: bool = True) -> LabelledSet:
    """The records, numbered from 1, as a set. ``whole``: not a sample (for messages).

    Raises `InputError` that names the file, the record and the field.
    """
    if not records:
        raise InputError(f"{spec.name}: no sentences: the data hold no record")
    first = records[0][1]
    shape = spec.shape or _shape(records, spec)
    graded = shape == "documents" and _is_graded(first)
    _check_columns(records, spec)
    notes = _Notes(spanned=_spanned(records, spec))
    made = tuple(_READERS["graded" if graded else shape](records, spec, notes))
    order = tuple(sorted({name for d in made for s in d.sentences if (name := s.groups.get("system"))}))
    found = LabelledSet(spec.name, digest, shape, made, order if graded else (), notes.warnings(spec.name))
    _check_classes(found, "" if whole else " in this sample; raise --limit")
    return found


def _shape(records: Numbered, spec: DataSpec) -> str:
    """By the columns of all records: the first one may lack some."""
    columns = dict.fromkeys(key for _, row in records for key in row)
    names = set(columns) | set(spec.columns)
    if "sentences" in names:
        return "documents"
    if {"good", "bad"} <= names:
        return "pairs"
    if "text" in names and "label" in names:
        return "documents"
    if {"text", "score"} <= names:
        return "scored"
    known = one_line(", ".join(map(str, columns)), 160)
    if "paragraphs" in names:
        raise InputError(
            f"{spec.name}: clean documents, no labels; --corrupt {spec.name} makes labelled ones"
        )
    raise InputError(
        f"{spec.name}: columns missing: text and label or score, good and bad, or sentences. "
        f"There are: {known}. --columns FILE says what they mean; what has no labels mtqa rank ranks"
    )


def _check_columns(records: Numbered, spec: DataSpec) -> None:
    """Raises where no record, nor any sentence of one, has a column that the spec names."""
    for ours, name in (*spec.columns.items(), *spec.groups.items()):
        plain = name[1:] if ours == "score" and name.startswith("-") else name
        if not values.any_has((row for _, record in records for row in _rows_of(record, spec)), plain):
            known = one_line(", ".join(dict.fromkeys(key for _, r in records[:1] for key in r)), 160)
            raise InputError(
                f"{spec.name}: {one_line(name, 60)}: there is no such column; there are: {known}"
            )


def _rows_of(record: Row, spec: DataSpec) -> Iterator[Row]:
    yield record
    inner = values.there(record, spec.columns.get("sentences", "sentences"))
    if isinstance(inner, str):  # in a table
        inner = values.listed(inner, "sentences", Place(spec.name, "a record"))
    yield from (row for row in inner if isinstance(row, dict)) if isinstance(inner, list) else ()


def _is_graded(row: Row) -> bool:
    inner = row.get("sentences")
    first = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], dict) else {}
    return "text" not in first and any(_GRADED.fullmatch(key) for key in first)


def _check_classes(found: LabelledSet, where: str) -> None:
    """Labels of one class leave nothing to rank, unless there are human scores as well."""
    kept = [s for s in found.sentences() if not s.boilerplate]
    if found.shape == "pairs" or any(s.score is not None for s in kept) or found.system_order:
        return
    labels = {s.label for s in kept if s.label is not None}
    if not labels:
        field = "label" if found.shape == "documents" else "score"
        raise InputError(f"{found.name}: {field}: no sentence has one{where}")
    if len(labels) == 1 and not any(s.word_tags for s in kept):
        count = sum(s.label is not None for s in kept)
        raise InputError(
            f"{found.name}: label: one class only: all {count} are {labels.pop()}; both are needed{where}"
        )


def _groups(rows: Iterable[Row], spec: DataSpec, place: Place) -> dict[str, str]:
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


def _reference(row: Row) -> str | None:
    """The first good version that is there; an empty cell is none."""
    return next((row[key] for key in _REFERENCES if _is_text(row.get(key))), None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _edited(rows: Iterable[Row]) -> bool:
    """Have the rows originals? Then only what was changed keeps one."""
    return any(_is_text(row.get("orig")) for row in rows)


def _with_own_reference(row: dict[str, Any], place: Place) -> dict[str, Any]:
    """A sound sentence among edited ones is its own original; what one without a label was, nobody knows."""
    if values.label(row.get("label"), place) == 0 and _reference(row) is None:
        return {**row, "reference": row.get("text")}
    return row


def _spanned(records: Numbered, spec: DataSpec) -> bool:
    """Has any sentence a span? Then a sound one that names none has none: tables leave the cell empty."""
    column = spec.columns.get("spans", "spans")
    rows = (row for _, record in records for row in _rows_of(record, spec))
    return any(values.there(row, column) not in (None, "", "[]", []) for row in rows)


def _sentence(row: Row, groups: dict[str, str], place: Place, notes: _Notes) -> LabelledSentence:
    text = values.text(row.get("text"), "text", place)
    gold = values.label(row.get("label"), place)
    found, inverted = values.spans(row.get("spans"), "spans", text, place)
    if inverted:
        notes.inverted += inverted
        notes.where = notes.where or place.record
    elif found is None and gold == 0 and notes.spanned:
        found = ()
    return LabelledSentence(
        text=text,
        label=gold,
        score=values.score(row.get("score"), place),
        spans=found,
        word_tags=values.word_tags(row, text, place),
        boilerplate=values.truth(row.get("boilerplate"), "boilerplate", place),
        paragraph=values.paragraph(row.get("par"), place),
        groups=groups,
        reference=_reference(row),
    )


def _named(row: Row, key: str, number: int) -> str:
    return _first(row, key, f"record {number}")


def _first(row: Row, key: str, otherwise: str) -> str:
    """The value as a name, ``otherwise`` where there is none; 0 is a name."""
    return otherwise if _empty(row.get(key)) else str(row[key])


def _cell(row: Row, key: str) -> Any:
    """The value, None where the cell is empty."""
    return None if _empty(row.get(key)) else row[key]


def _cluster(row: Row, otherwise: str) -> tuple[str, bool]:
    """What a record is drawn with, and whether a ``source_doc`` names it."""
    return _first(row, "source_doc", otherwise), not _empty(row.get("source_doc"))


def _empty(value: object) -> bool:
    return values.is_null(value) or value == ""


def _place(spec: DataSpec, number: int, row: Row) -> Place:
    name = row.get("id") if row.get("id") is not None else row.get("doc")
    shown = f" ({one_line(name, 60)})" if name not in (None, "") else ""
    return Place(spec.name, f"record {number}{shown}")


def _documents(records: Numbered, spec: DataSpec, notes: _Notes) -> Iterator[LabelledDocument]:
    """Records with ``sentences``, or one record a sentence, joined by their ``doc``."""
    if "sentences" not in records[0][1] and "sentences" not in spec.columns:
        yield from _joined(records, spec, notes)
        return
    edited = _edited(one for _, raw in records for one in _rows_of(raw, spec))
    rows = [mapped_record(raw, spec, _place(spec, number, raw)) for number, raw in records]
    versions = Counter(str(row.get("doc")) for row in rows)
    for (number, raw), row in zip(records, rows, strict=True):
        place = _place(spec, number, raw)
        notes.once((_named(row, "doc", number), row.get("system")), "doc", place)
        sentences = []
        for i, inner in enumerate(_inner(row, place), start=1):
            own = place.sentence(i)
            one = values.mapped(inner, spec, own, _OF_SENTENCES)
            _need_label(one, own)
            one = _with_own_reference(one, own) if edited else one
            sentences.append(_sentence(one, _groups((raw, inner), spec, own), own, notes))
        name = _named(row, "doc", number)
        by_system = versions[name] > 1 and not _empty(row.get("system"))
        whole = f"{name}|{row['system']}" if by_system else name
        cluster, shared = _cluster(row, name)
        yield LabelledDocument(whole, tuple(sentences), cluster=cluster, shared=shared)


def mapped_record(raw: Row, spec: DataSpec, place: Place) -> dict[str, Any]:
    """The record's own fields under our names; those of its sentences are left for later."""
    return values.mapped(raw, spec, place, ("id", "doc", "source_doc", "sentences", *GROUPS_OF_RECORD))


#: Groups that belong to a document rather than to a sentence.
GROUPS_OF_RECORD = ("system",)


def _inner(row: Row, place: Place) -> list[Row]:
    inner = values.listed(row.get("sentences"), "sentences", place)
    if not inner:
        raise place.error("sentences", "no sentences")
    for item in inner:
        if not isinstance(item, dict):
            raise place.error("sentences", f"{one_line(repr(item), 60)} is not an object")
    return inner


def _need_label(row: Row, place: Place) -> None:
    unranked = values.truth(row.get("boilerplate"), "boilerplate", place)
    if "label" not in row and row.get("score") is None and not unranked:
        known = one_line(", ".join(map(str, row)), 120)
        raise place.error("label", f"missing; the fields are: {known}")


def documents_of(records: Sequence[Row], spec: DataSpec) -> Callable[[Row], str | None]:
    """Of these records, what tells the document in whose context a record's sentence is read.

    None for a record that stands for itself, as all do but sentences with labels: of those some may lack one
    (boilerplate lines).
    """

    def column(ours: str) -> str:
        return spec.columns.get(ours, ours)

    def has(row: Row, *ours: str) -> bool:
        return any(values.has_column(row, column(name)) for name in ours)

    def document_of(row: Row) -> str | None:
        if not rows_of_documents or not has(row, "doc"):
            return None
        found = values.looked_up(row, column("doc"), Place(spec.name, "a record"))
        system = values.there(row, column("system"))
        return None if _empty(found) else f"{found}\0{'' if _empty(system) else system or ''}"

    rows_of_documents = any(has(row, "label") for row in records) and not any(
        has(row, "sentences", "good") for row in records
    )
    return document_of


def _joined(records: Numbered, spec: DataSpec, notes: _Notes) -> Iterator[LabelledDocument]:
    """One record a sentence: those of one ``doc`` (and system) are a document; without, each is alone.

    An id may come once for each doc and system: of sentences alone, those of one id are one cluster.
    """
    found: dict[tuple[str, str], list[LabelledSentence]] = {}
    clusters: dict[tuple[str, str], tuple[str, bool]] = {}
    alone = set()
    edited = _edited(raw for _, raw in records)
    for number, raw in records:
        place = _place(spec, number, raw)
        row = values.mapped(raw, spec, place, FIELDS + GROUPS)
        row = _with_own_reference(row, place) if edited else row
        groups = _groups((raw,), spec, place)
        if not _empty(row.get("id")):
            notes.once((row["id"], groups.get("system"), _cell(row, "doc")), "id", place)
        _need_label(row, place)
        key = (_named(row, "doc", number), str(_cell(row, "system") or ""))
        if _empty(row.get("doc")):
            alone.add(key)
        found.setdefault(key, []).append(_sentence(row, groups, place, notes))
        own = _first(row, "id", key[0]) if key in alone else key[0]
        clusters.setdefault(key, _cluster(row, own))
    for key, sentences in found.items():
        name = "|".join(part for part in key if part)
        cluster, shared = clusters[key]
        yield LabelledDocument(name, tuple(sentences), key in alone, cluster, shared)


def _graded(records: Numbered, spec: DataSpec, notes: _Notes) -> Iterator[LabelledDocument]:
    """MSLC: the same sentences by several systems, ``mt_A`` (worst) to ``mt_F``, and a reference."""
    for number, row in records:
        place = _place(spec, number, row)
        name = _named(row, "doc", number)
        notes.once(name, "doc", place)
        inner = _inner(row, place)
        for system in sorted({key for one in inner for key in one if _GRADED.fullmatch(key)}):
            sentences = tuple(
                LabelledSentence(
                    values.text(one.get(system), system, place.sentence(i)),
                    groups={**_groups((row,), spec, place), "system": system},
                    reference=_reference(one),
                )
                for i, one in enumerate(inner, start=1)
            )
            yield LabelledDocument(f"{name}|{system}", sentences, cluster=name)


def _scored(records: Numbered, spec: DataSpec, notes: _Notes) -> Iterator[LabelledDocument]:
    """An id may come once for each doc and system: translations of one segment are one cluster."""
    for number, raw in records:
        place = _place(spec, number, raw)
        row = values.mapped(raw, spec, place, FIELDS + GROUPS)
        for key in ("text", "score"):
            if key not in row:
                raise place.error(key, f"missing; the columns are: {one_line(', '.join(map(str, raw)), 160)}")
        name, groups = _named(row, "id", number), _groups((raw,), spec, place)
        notes.once((name, groups.get("system"), _cell(row, "doc")), "id", place)
        cluster, shared = _cluster(row, _first(row, "doc", name))
        sentence = _sentence(row, groups, place, notes)
        yield LabelledDocument(name, (sentence,), isolated=True, cluster=cluster, shared=shared)


def _pairs(records: Numbered, spec: DataSpec, notes: _Notes) -> Iterator[LabelledDocument]:
    """An id may come once for each phenomenon. Perturbations of one sound sentence are one cluster."""
    for number, raw in records:
        place = _place(spec, number, raw)
        row = values.mapped(raw, spec, place, FIELDS + GROUPS)
        good, bad = (values.text(row.get(key), key, place) for key in ("good", "bad"))
        groups = _groups((raw,), spec, place)
        notes.once((_named(row, "id", number), groups.get("phenomenon")), "id", place)
        notes.alike += good == bad
        found, inverted = values.spans(row.get("bad_spans"), "bad_spans", bad, place)
        if inverted:
            notes.inverted += inverted
            notes.where = notes.where or place.record
        sound = LabelledSentence(good, 0, spans=None if found is None else (), groups=groups, reference=good)
        corrupted = LabelledSentence(bad, 1, spans=found, groups=groups, reference=good)
        yield LabelledDocument(_named(row, "id", number), (sound, corrupted), True, good, shared=True)


_READERS = {"documents": _documents, "graded": _graded, "scored": _scored, "pairs": _pairs}
