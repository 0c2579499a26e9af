"""Records to a `LabelledSet`: the shape told by the columns, every field checked. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from mtqa.bench.labelled import values
from mtqa.bench.labelled.fields import (
    Notes,
    Numbered,
    cell,
    cluster_of,
    document_name,
    first_of,
    groups_of_rows,
    inner_rows,
    is_empty,
    is_text,
    mapped_record,
    named,
    place_of,
    reference_of,
)
from mtqa.bench.labelled.graded import graded_documents, is_graded
from mtqa.bench.labelled.spec import FIELDS, GROUPS, DataSpec
from mtqa.bench.labelled.values import Place, Row
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet
from mtqa.errors import InputError, one_line

#: Fields of a sentence; the others are the record's own.
_OF_SENTENCES = ("text", "label", "score", "spans", "tokens", "word_tags", "boilerplate", "par", "reference")


def labelled_set(records: Numbered, spec: DataSpec, digest: str, *, whole: bool = True) -> LabelledSet:
    """The records, numbered from 1, as a set. ``whole``: not a sample (for messages).

    Raises `InputError` that names the file, the record and the field.
    """
    if not records:
        raise InputError(f"{spec.name}: no sentences: the data hold no record")
    first = records[0][1]
    shape = spec.shape or _shape(records, spec)
    graded = shape == "documents" and is_graded(first, spec)
    _check_columns(records, spec)
    notes = Notes(spanned=_spanned(records, spec))
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


def _edited(rows: Iterable[Row]) -> bool:
    """Have the rows originals? Then only what was changed keeps one."""
    return any(is_text(row.get("orig")) for row in rows)


def _with_own_reference(row: dict[str, Any], place: Place) -> dict[str, Any]:
    """A sound sentence among edited ones is its own original; what one without a label was, nobody knows."""
    if values.label(row.get("label"), place) == 0 and reference_of(row) is None:
        return {**row, "reference": row.get("text")}
    return row


def _spanned(records: Numbered, spec: DataSpec) -> bool:
    """Has any sentence a span? Then a sound one that names none has none: tables leave the cell empty."""
    column = spec.columns.get("spans", "spans")
    rows = (row for _, record in records for row in _rows_of(record, spec))
    return any(values.there(row, column) not in (None, "", "[]", []) for row in rows)


def _sentence(row: Row, groups: dict[str, str], place: Place, notes: Notes) -> LabelledSentence:
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
        reference=reference_of(row),
    )


def _documents(records: Numbered, spec: DataSpec, notes: Notes) -> Iterator[LabelledDocument]:
    """Records with ``sentences``, or one record a sentence, joined by their ``doc``."""
    if "sentences" not in records[0][1] and "sentences" not in spec.columns:
        yield from _joined(records, spec, notes)
        return
    edited = _edited(one for _, raw in records for one in _rows_of(raw, spec))
    rows = [mapped_record(raw, spec, place_of(spec, number, raw)) for number, raw in records]
    versions = Counter(document_name(row, 0)[0] for row in rows)
    for (number, raw), row in zip(records, rows, strict=True):
        place = place_of(spec, number, raw)
        name, key = document_name(row, number)
        notes.once((name, row.get("system")), key, place)
        sentences = []
        for i, inner in enumerate(inner_rows(row, place), start=1):
            own = place.sentence(i)
            if not is_empty(inner.get("id")):
                notes.once((name, row.get("system"), "sentence", inner["id"]), "id", own)
            one = values.mapped(inner, spec, own, _OF_SENTENCES)
            _need_label(one, own)
            one = _with_own_reference(one, own) if edited else one
            sentences.append(_sentence(one, groups_of_rows((raw, inner), spec, own), own, notes))
        by_system = versions[name] > 1 and not is_empty(row.get("system"))
        whole = f"{name}|{row['system']}" if by_system else name
        cluster, shared = cluster_of(row, name)
        yield LabelledDocument(whole, tuple(sentences), cluster=cluster, shared=shared)


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
        return None if is_empty(found) else f"{found}\0{'' if is_empty(system) else system or ''}"

    rows_of_documents = any(has(row, "label") for row in records) and not any(
        has(row, "sentences", "good") for row in records
    )
    return document_of


def _joined(records: Numbered, spec: DataSpec, notes: Notes) -> Iterator[LabelledDocument]:
    """One record a sentence: those of one ``doc`` (and system) are a document; without, each is alone.

    An id may come once for each doc and system: of sentences alone, those of one id are one cluster.
    """
    found: dict[tuple[str, str], list[LabelledSentence]] = {}
    clusters: dict[tuple[str, str], tuple[str, bool]] = {}
    alone = set()
    edited = _edited(raw for _, raw in records)
    for number, raw in records:
        place = place_of(spec, number, raw)
        row = values.mapped(raw, spec, place, FIELDS + GROUPS)
        row = _with_own_reference(row, place) if edited else row
        groups = groups_of_rows((raw,), spec, place)
        if not is_empty(row.get("id")):
            notes.once((row["id"], groups.get("system"), cell(row, "doc")), "id", place)
        _need_label(row, place)
        key = (named(row, "doc", number), str(cell(row, "system") or ""))
        if is_empty(row.get("doc")):
            alone.add(key)
        found.setdefault(key, []).append(_sentence(row, groups, place, notes))
        own = first_of(row, "id", key[0]) if key in alone else key[0]
        clusters.setdefault(key, cluster_of(row, own))
    for key, sentences in found.items():
        name = "|".join(part for part in key if part)
        cluster, shared = clusters[key]
        yield LabelledDocument(name, tuple(sentences), key in alone, cluster, shared)


def _scored(records: Numbered, spec: DataSpec, notes: Notes) -> Iterator[LabelledDocument]:
    """An id may come once for each doc and system: translations of one segment are one cluster."""
    for number, raw in records:
        place = place_of(spec, number, raw)
        row = values.mapped(raw, spec, place, FIELDS + GROUPS)
        for key in ("text", "score"):
            if key not in row:
                raise place.error(key, f"missing; the columns are: {one_line(', '.join(map(str, raw)), 160)}")
        name, groups = named(row, "id", number), groups_of_rows((raw,), spec, place)
        notes.once((name, groups.get("system"), cell(row, "doc")), "id", place)
        cluster, shared = cluster_of(row, first_of(row, "doc", name))
        sentence = _sentence(row, groups, place, notes)
        yield LabelledDocument(name, (sentence,), isolated=True, cluster=cluster, shared=shared)


def _pairs(records: Numbered, spec: DataSpec, notes: Notes) -> Iterator[LabelledDocument]:
    """An id may come once for each phenomenon. Perturbations of one sound sentence are one cluster."""
    for number, raw in records:
        place = place_of(spec, number, raw)
        row = values.mapped(raw, spec, place, FIELDS + GROUPS)
        good, bad = (values.text(row.get(key), key, place) for key in ("good", "bad"))
        groups = groups_of_rows((raw,), spec, place)
        notes.once((named(row, "id", number), groups.get("phenomenon")), "id", place)
        notes.alike += good == bad
        found, inverted = values.spans(row.get("bad_spans"), "bad_spans", bad, place)
        if inverted:
            notes.inverted += inverted
            notes.where = notes.where or place.record
        right = reference_of(row) or good
        sound = LabelledSentence(good, 0, spans=None if found is None else (), groups=groups, reference=right)
        corrupted = LabelledSentence(bad, 1, spans=found, groups=groups, reference=right)
        yield LabelledDocument(named(row, "id", number), (sound, corrupted), True, good, shared=True)


_READERS = {"documents": _documents, "graded": graded_documents, "scored": _scored, "pairs": _pairs}
