"""A labelled set made from clean texts: corrupted on the fly as `mtqa corrupt` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mtqa.bench.corrupt import CorruptSettings, corrupt_documents
from mtqa.bench.corruptions.resources import Proposer, Translator
from mtqa.bench.labelled.convert import labelled_set
from mtqa.bench.labelled.lines import article_lines
from mtqa.bench.labelled.plain import json_records
from mtqa.bench.labelled.source import sampled
from mtqa.bench.labelled.spec import DataSpec
from mtqa.bench.paths import is_file
from mtqa.bench.records import LabelledSet
from mtqa.errors import InputError, one_line
from mtqa.records import Document
from mtqa.text.language import certain_language
from mtqa.text.read import document_from_text, read_article

Named = tuple[str, Document]


def corrupted_set(paths: Sequence[str], *, seed: int = 0, limit: int = 0) -> LabelledSet:
    """The articles of the files, a share of their sentences corrupted and labelled.

    ``paths``: articles (text, Markdown, HTML), or JSON lines of clean documents with ``paragraphs``.
    ``limit``: so many articles, drawn with ``seed``. Raises `InputError`; `UsageError` where a data package
    that the corruptions need is missing.
    """
    named = clean_articles(paths, named=lambda path: Path(path).name)
    articles = [one for _, one in sampled(named, limit, seed)]
    records = list(corrupted_records(articles, seed=seed))
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    name = Path(paths[0]).name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    spec = DataSpec(name=f"corrupted:{seed} {one_line(name, 80)}")
    made = labelled_set(list(enumerate(records, start=1)), spec, digest, whole=not limit)
    return replace(made, warnings=(*made.warnings, *not_in_english(articles)))


def not_in_english(articles: Sequence[Named]) -> Iterator[str]:
    """A line for each article that is surely in another language: rules, senses, inflections are English."""
    for name, document in articles:
        language = certain_language(document.text)
        if language not in (None, "en"):
            yield (
                f"{one_line(name, 80)}: seems to be in {language!r}: only English is corrupted as "
                "spinners and translation engines do; its labels say little"
            )


def corrupted_records(
    articles: Sequence[Named],
    *,
    seed: int,
    settings: CorruptSettings | None = None,
    proposer: Proposer | None = None,
    translator: Translator | None = None,
) -> Iterator[dict[str, Any]]:
    """The articles' records as of `corrupt_documents`, and each sentence's paragraph (``par``)."""
    sentences = [(name, [doc.text[s.start : s.end] for s in doc.sentences]) for name, doc in articles]
    made = corrupt_documents(
        sentences, seed=seed, settings=settings, proposer=proposer, translator=translator
    )
    for (_, document), record in zip(articles, made, strict=True):
        for row, sentence in zip(record["sentences"], document.sentences, strict=True):
            row["par"] = sentence.block
        yield record


def clean_articles(paths: Sequence[str], *, named: Callable[[str], str] = str) -> Iterator[Named]:
    """The articles of the files, no two of one name; ``named``: a path to its article's name.

    Raises `InputError`.
    """
    seen: dict[str, int] = {}
    for path in paths:
        clean = Path(path).suffix.lower() in (".jsonl", ".ndjson")
        for name, document in _clean_records(Path(path)) if clean else [(named(path), read_article(path))]:
            own = name
            while own in seen:
                seen[name] += 1
                own = f"{name} #{seen[name]}"
            seen[own] = 1
            yield own, document


def _clean_records(path: Path) -> Iterator[Named]:
    if not is_file(path):
        raise InputError(f"{one_line(path)}: no such file")
    with article_lines(path.name, path) as lines:
        for number, record in enumerate(json_records(path.name, lines), start=1):
            paragraphs = record.get("paragraphs")
            if not isinstance(paragraphs, list) or not all(isinstance(p, str) for p in paragraphs):
                problem = "paragraphs: a list of strings is expected (a clean document)"
                raise InputError(f"{path.name}: record {number}: {problem}")
            name = str(record.get("doc") or f"record {number}")
            yield name, document_from_text("\n\n".join(paragraphs), path=f"{path.name}: {name}")
