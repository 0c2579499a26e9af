"""Documents of MSLC's shape: each sentence by several systems, from worst to best, and a reference."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mtqa.bench.labelled import values
from mtqa.bench.labelled.fields import (
    Notes,
    Numbered,
    cluster_of,
    document_name,
    groups_of_rows,
    inner_rows,
    mapped_record,
    place_of,
    reference_of,
)
from mtqa.bench.labelled.spec import DataSpec
from mtqa.bench.labelled.values import Row
from mtqa.bench.records import LabelledDocument, LabelledSentence

#: MSLC's checkpoints: A is the worst.
_GRADED = re.compile(r"mt_[A-Z]")


def is_graded(raw: Row, spec: DataSpec) -> bool:
    """Have the record's sentences systems in place of a text?"""
    inner = values.there(raw, spec.columns.get("sentences", "sentences"))
    if isinstance(inner, str):  # in a table
        inner = values.listed(inner, "sentences", place_of(spec, 1, raw))
    first = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], dict) else {}
    has_text = values.has_column(first, spec.columns.get("text", "text"))
    return not has_text and any(_GRADED.fullmatch(key) for key in first)


def graded_documents(records: Numbered, spec: DataSpec, notes: Notes) -> Iterator[LabelledDocument]:
    """A document a record and system: ``mt_A`` (worst) to ``mt_F``, all of one cluster."""
    for number, raw in records:
        place = place_of(spec, number, raw)
        row = mapped_record(raw, spec, place)
        name, key = document_name(row, number)
        notes.once(name, key, place)
        inner = inner_rows(row, place)
        references = [
            reference_of(values.mapped(one, spec, place.sentence(i), ("reference",)))
            for i, one in enumerate(inner, start=1)
        ]
        groups = groups_of_rows((raw,), spec, place)
        cluster, shared = cluster_of(row, name)
        for system in sorted({key for one in inner for key in one if _GRADED.fullmatch(key)}):
            sentences = tuple(
                LabelledSentence(
                    values.text(one.get(system), system, place.sentence(i)),
                    groups={**groups, "system": system},
                    reference=reference,
                )
                for i, (one, reference) in enumerate(zip(inner, references, strict=True), start=1)
            )
            yield LabelledDocument(f"{name}|{system}", sentences, cluster=cluster, shared=shared)
