"""A labelled set made from clean texts: corrupted on the fly as `mtqa corrupt` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mtqa.bench.corrupt import corrupt_documents
from mtqa.bench.labelled.convert import labelled_set
from mtqa.bench.labelled.plain import json_records
from mtqa.bench.labelled.source import sampled
from mtqa.bench.labelled.spec import DataSpec
from mtqa.bench.records import LabelledSet
from mtqa.errors import InputError, one_line
from mtqa.records import Document
from mtqa.text.read import document_from_text, read_article

Named = tuple[str, Document]


def corrupted_set(paths: Sequence[str], *, seed: int = 0, limit: int = 0) -> LabelledSet:
    """The articles of the files, a share of their sentences corrupted and labelled.

    ``paths``: articles (text, Markdown, HTML), or JSON lines of clean documents with ``paragraphs``.
    ``limit``: so many articles, drawn with ``seed``. Raises `InputError`; `UsageError` where a data package
    that the corruptions need is missing.
    """
    drawn = [document for _, document in sampled(_articles(paths), limit, seed)]
    sentences = [(name, [doc.text[s.start : s.end] for s in doc.sentences]) for name, doc in drawn]
    records: list[dict[str, Any]] = []
    for (_, document), record in zip(drawn, corrupt_documents(sentences, seed=seed), strict=True):
        for row, sentence in zip(record["sentences"], document.sentences, strict=True):
            row["par"] = sentence.block
        records.append(record)
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    name = Path(paths[0]).name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    spec = DataSpec(name=f"corrupted:{seed} {one_line(name, 80)}")
    return labelled_set(list(enumerate(records, start=1)), spec, digest, whole=not limit)


def _articles(paths: Sequence[str]) -> Iterator[Named]:
    for path in paths:
        if Path(path).suffix.lower() in (".jsonl", ".ndjson"):
            yield from _clean_records(Path(path))
        else:
            yield Path(path).name, read_article(path)


def _clean_records(path: Path) -> Iterator[Named]:
    if not path.is_file():
        raise InputError(f"{one_line(path)}: no such file")
    for number, record in enumerate(json_records(path.name, path), start=1):
        paragraphs = record.get("paragraphs")
        if not isinstance(paragraphs, list) or not all(isinstance(p, str) for p in paragraphs):
            raise InputError(f"{path.name}: record {number}: paragraphs: a list of strings is expected")
        name = str(record.get("doc") or f"record {number}")
        yield name, document_from_text("\n\n".join(paragraphs), path=f"{path.name}: {name}")
