"""What the language model says of a labelled corpus, with the hidden states of one layer: one .npz a corpus.

Arrays of a corpus with N tokens and M sentences (see `States`). A corpus that is there already is not
scored again, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.detect.features import passage_tokens, token_features
from mtqa.detect.rank import openings
from mtqa.detect.words import word_table
from mtqa.pipeline import Ranker
from mtqa.records import Document, TokenScores
from mtqa.text.read import document_from_sentences

Record = dict[str, Any]

#: Isolated sentences that go through the model together, each on its own.
TOGETHER = 150
#: A tag's word is looked for this many characters beyond the one before it.
NEAR = 12


@dataclass(frozen=True)
class States:
    """A corpus.

    Tokens ``(N,)``: ``hidden (N, W)`` float16, ``features (N, F)``, ``surprisal``, ``document``, ``sentence``
    (−1: none), ``run`` (its passage), ``label`` (1 corrupted, 2 a minor fault), ``known`` (is it annotated?).
    Sentences ``(M,)``: ``labels`` (−1 unknown), ``scores`` (NaN unknown), ``owner`` (its document),
    ``characters``, ``opens`` (nothing is read before it), ``types`` (of corruption, or '').
    """

    hidden: np.ndarray
    features: np.ndarray
    surprisal: np.ndarray
    document: np.ndarray
    sentence: np.ndarray
    run: np.ndarray
    label: np.ndarray
    known: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    owner: np.ndarray
    characters: np.ndarray
    opens: np.ndarray
    types: np.ndarray


def read_states(path: Path) -> States:
    """A corpus from its file."""
    with np.load(path) as stored:
        return States(**{name: stored[name] for name in stored.files})


def write_states(
    records: Iterable[Record], rankers: dict[str, Ranker], layers: tuple[int, ...], path: Path
) -> None:
    """Score the records and write the corpus. ``rankers``: by context, "document" and "none"."""
    parts: list[dict[str, np.ndarray]] = []
    begun, tokens, sentences = time.time(), 0, 0
    for number, (context, rows, _) in enumerate(_together(records)):
        part = _scored(rankers[context], rows, context, layers)
        part["document"] = np.full(len(part["label"]), number, dtype=np.int32)
        part["owner"] = np.full(len(rows), number, dtype=np.int32)
        held = part["sentence"] >= 0
        part["sentence"] = np.where(held, part["sentence"] + sentences, -1).astype(np.int32)
        part["run"] = part["sentence"] if context == "none" else part["document"]
        parts.append(part)
        tokens, sentences = tokens + len(part["label"]), sentences + len(rows)
        rate = tokens / (time.time() - begun)
        print(f"\r{path.stem}: {tokens} tokens, {rate:.0f} a second ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})
    partial.rename(path)


def origins(records: Iterable[Record]) -> list[str]:
    """For each document of the corpus's `States` the text that it was made from or cut from."""
    return [origin for _, _, origin in _together(records)]


def _together(records: Iterable[Record]) -> Iterator[tuple[str, list[Record], str]]:
    """Documents, and isolated sentences in groups: context, sentences, origin. Boilerplate left out."""
    waiting: list[Record] = []
    for record in records:
        rows = [r for r in record["sentences"] if not r.get("boilerplate") and r["text"].strip()]
        if not record.get("isolated"):
            yield "document", rows, _ORIGIN.sub("", record["doc"])
            continue
        waiting += rows
        if len(waiting) >= TOGETHER:
            yield "none", waiting, f"group up to {record['doc']}"
            waiting = []
    if waiting:
        yield "none", waiting, "last group"


#: What was put before or behind a document's name by who corrupted it or cut it into pieces.
_ORIGIN = re.compile(r"^spun-|-\d+$")


def _scored(
    ranker: Ranker, rows: list[Record], context: str, layers: tuple[int, ...]
) -> dict[str, np.ndarray]:
    paragraphs = [r["par"] for r in rows] if context == "document" and all("par" in r for r in rows) else None
    document = document_from_sentences([r["text"] for r in rows], paragraphs=paragraphs)
    tokens = ranker.score(document, layers=layers)
    table = word_table(document, tokens)
    sentence = np.where(table.word_of >= 0, table.sentences[np.maximum(table.word_of, 0)], -1)
    label, known = token_labels(document, tokens, sentence, rows)
    opening = openings(document, tokens, context)
    firsts = np.searchsorted(sentence, np.arange(len(rows))) if context == "none" else np.zeros(1, dtype=int)
    return {
        "hidden": tokens.hidden.astype(np.float16),
        "features": _features(tokens, np.flatnonzero(opening)),
        "surprisal": tokens.surprisal_nats,
        "sentence": sentence.astype(np.int32),
        "label": label,
        "known": known,
        "labels": np.array([r.get("label", -1) for r in rows], dtype=np.int8),
        "scores": np.array([_number(r.get("score")) for r in rows]),
        "characters": np.array([s.end - s.start for s in document.sentences], dtype=np.int32),
        "opens": np.isin(np.arange(len(rows)), sentence[firsts]).astype(np.int8),
        "types": np.array([r.get("type") or "" for r in rows]).astype("U24"),
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _features(tokens: TokenScores, begins: np.ndarray) -> np.ndarray:
    """`mtqa.detect.features` of every token, passage by passage."""
    found = []
    for a, b in zip(begins, [*begins[1:], len(tokens)], strict=True):
        part = TokenScores(
            **{
                n: getattr(tokens, n)[a:b]
                for n in TokenScores.__slots__
                if n not in ("pieces", "hidden", "detector")
            }
        )
        found.append(token_features(part, passage_tokens(part.ids, tokens.pieces), 0))
    return np.concatenate(found)


def token_labels(
    document: Document, tokens: TokenScores, sentence: np.ndarray, rows: list[Record]
) -> tuple[np.ndarray, np.ndarray]:
    """``label`` and ``known`` of every token, from the spans or word tags of its sentence."""
    label, known = np.zeros(len(tokens), dtype=np.int8), np.zeros(len(tokens), dtype=np.int8)
    for i, (row, where) in enumerate(zip(rows, document.sentences, strict=True)):
        spans = _spans(row)
        own = np.flatnonzero(sentence == i)
        if spans is None or not len(own):
            continue
        known[own] = 1
        for t in own:
            start, end = int(tokens.starts[t]), int(tokens.ends[t])
            while start < end and document.text[start].isspace():
                start += 1
            for a, b, value in spans:
                a, b = a + where.start, b + where.start
                touched = start < b and end > a if b > a else start <= a < end
                if touched:
                    label[t] = label[t] or value
    return label, known


def _spans(row: Record) -> list[tuple[int, int, int]] | None:
    """``(start, end, label)`` of what is wrong in a sentence; None where nobody has looked."""
    if row.get("word_tags"):
        return _tagged(row)
    if row.get("spans") is None:
        return None
    return [
        (
            s["start"],
            s["end"],
            2 if str(s.get("severity", "")).lower() == "minor" and "type" not in row else 1,
        )
        for s in row["spans"]
    ]


def _tagged(row: Record) -> list[tuple[int, int, int]]:
    """The words tagged BAD, found in the text one after the other."""
    words = row["tokens"] if isinstance(row["tokens"], list) else row["tokens"].split()
    found, at = [], 0
    for word, tag in zip(words, row["word_tags"], strict=False):
        place = row["text"].find(word, at)
        if place < 0 or place - at > NEAR:
            continue
        if tag == "BAD":
            found.append((place, place + len(word), 1))
        at = place + len(word)
    return found
