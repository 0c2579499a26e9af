"""Score tables joined (several files of one shape) and cut (a breakdown)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mtqa.bench.records import Array, LabelledDocument, LabelledSet, ScoreTable, document_index

Mask = npt.NDArray[np.bool_]
#: Sound sentences that have a group less often than this share of how often corrupted ones have it are stray
#: cells of a type of corruption; of a genre both have it as often, in files that name it for some texts too.
_STRAY = 0.25
#: The key of a sentence's group that says which file it is from; no column has this name.
FILE = "\0file"


def groups_of(sets: Sequence[LabelledSet]) -> dict[str, str]:
    """Names of the sets' groups, and their keys: the file is ``data``, ``data file`` beside a user's own."""
    own = {name: name for data in sets for s in data.sentences() for name in s.groups if name != FILE}
    return {"data file" if "data" in own else "data": FILE, **own}


def pooled(tables: Sequence[ScoreTable]) -> ScoreTable:
    """One table of all documents; each sentence's group `FILE` says where it comes from."""
    if len(tables) == 1:
        return tables[0]
    data = _pooled_set([table.data for table in tables])
    offsets = np.cumsum([0, *(len(table) for table in tables[:-1])])
    return ScoreTable(
        data=data,
        config=tables[0].config,
        signature=tables[0].signature,
        scores=np.concatenate([table.scores for table in tables]),
        document=document_index(data),
        words=tuple(w for table in tables for w in table.words),
        marked=tuple(m for table in tables for m in table.marked),
        probability=joined([table.probability for table in tables]),
        q_value=joined([table.q_value for table in tables]),
        tokens=np.concatenate([table.tokens for table in tables]),
        bits=np.concatenate([table.bits for table in tables]),
        unscored={i + int(o): r for t, o in zip(tables, offsets, strict=True) for i, r in t.unscored.items()},
        seconds=sum(table.seconds for table in tables),
        peak_mb=peak_of(tables),
    )


def joined(parts: Sequence[Array | None]) -> Array | None:
    """The arrays end to end, or None where one of them is missing."""
    held = [part for part in parts if part is not None]
    return np.concatenate(held) if len(held) == len(parts) else None


def _pooled_set(sets: Sequence[LabelledSet]) -> LabelledSet:
    documents = tuple(
        replace(
            document,
            id=f"{number}|{document.id}",
            cluster=document.cluster if document.shared else f"\0{number}|{document.cluster or document.id}",
            sentences=tuple(replace(s, groups={**s.groups, FILE: data.name}) for s in document.sentences),
        )
        for number, data in enumerate(sets)
        for document in data.documents
    )
    return LabelledSet(
        name=" + ".join(data.name for data in sets),
        digest=",".join(data.digest for data in sets),
        shape=sets[0].shape,
        documents=documents,
        system_order=_one_order([data.system_order for data in sets if data.system_order]),
    )


def _one_order(orders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The one that holds them all; none where two contradict one another, or leave it open who is first."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for order in orders:
        for before, after in pairwise(order):
            sorter.add(after, before)
    found: list[str] = []
    try:
        sorter.prepare()
    except CycleError:
        return ()
    while sorter.is_active():
        first, *others = sorter.get_ready()
        if others:
            return ()
        found.append(first)
        sorter.done(first)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A value's rows ``(n,)``. ``contrast``: sound sentences stand among them that don't have the value."""

    rows: Mask
    contrast: bool


def peak_of(tables: Sequence[ScoreTable]) -> float | None:
    """The largest of their peaks; None where nobody counted."""
    return max((table.peak_mb for table in tables if table.peak_mb is not None), default=None)


def group_values(table: ScoreTable, group: str) -> dict[str, Group]:
    """Each value's rows, values in order of their names; ``group``: its key of `groups_of`.

    Where corrupted sentences have the group and sound ones don't, but for a stray cell (a type of
    corruption), the sound ones of the files in which a value occurs are its contrast.
    """
    sentences = list(table.data.sentences())
    source = np.array([s.groups.get(FILE, table.data.name) for s in sentences])
    if group == FILE:
        values = source.tolist()
    else:
        # A line that is boilerplate by type is no type of corruption.
        found = [s.groups.get(group) for s in sentences]
        values = [
            "" if v is None or (s.boilerplate and v == "boilerplate") else v
            for v, s in zip(found, sentences, strict=True)
        ]
    held = np.array(values)
    sound, corrupted = (np.array([s.label == y and not s.boilerplate for s in sentences]) for y in (0, 1))
    files = [source == name for name in sorted(set(source))]
    of_types = [own for own in files if _is_type(held != "", sound & own, corrupted & own)]
    made = {}
    for value in sorted(set(values) - {""}):
        rows = held == value
        added = np.zeros(len(rows), dtype=np.bool_)
        for own in of_types:
            added |= sound & own & (rows & own).any()
        made[value] = Group(rows | added, contrast=bool((added & ~rows).any()))
    return made


def _is_type(has: Mask, sound: Mask, corrupted: Mask) -> bool:
    """Do the corrupted rows have the group, and the sound ones not, but for stray cells?"""
    if not sound.any() or not corrupted.any():
        return False
    return bool(has[sound].mean() < _STRAY * has[corrupted].mean())


def subset(table: ScoreTable, keep: Mask) -> ScoreTable:
    """The chosen rows; every document stays, perhaps without a sentence, so that draws still fit."""
    rows = np.flatnonzero(keep)
    place = {int(old): new for new, old in enumerate(rows)}
    return replace(
        table,
        data=_kept(table.data, keep),
        scores=table.scores[rows],
        document=table.document[rows],
        words=tuple(table.words[i] for i in rows) if table.words else (),
        marked=tuple(table.marked[i] for i in rows) if table.marked else (),
        probability=None if table.probability is None else table.probability[rows],
        q_value=None if table.q_value is None else table.q_value[rows],
        tokens=table.tokens[rows] if len(table.tokens) else table.tokens,
        bits=table.bits[rows] if len(table.bits) else table.bits,
        unscored={place[i]: reason for i, reason in table.unscored.items() if i in place},
    )


def _kept(data: LabelledSet, keep: Mask) -> LabelledSet:
    documents: list[LabelledDocument] = []
    at = 0
    for document in data.documents:
        own = keep[at : at + len(document.sentences)]
        at += len(document.sentences)
        documents.append(
            replace(document, sentences=tuple(s for s, k in zip(document.sentences, own, strict=True) if k))
        )
    # A file whose systems have no known order is judged by its human scores, if others' have one.
    there = {s.groups.get("system") for document in documents for s in document.sentences}
    order = tuple(name for name in data.system_order if name in there)
    return replace(data, documents=tuple(documents), system_order=order if len(order) > 1 else ())
