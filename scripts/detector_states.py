"""What the language model says of a labelled corpus, with the hidden states of its layers: one .npz a corpus.

The file holds what was read (`Reading`); which tokens and sentences are corrupted is laid on it when it is
opened (`States`), so that a change of the labels does not mean reading anew. A corpus that is there already
is not scored again: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
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
#: The largest number of float16. Gemma's states go beyond it in some columns, at tokens that mean little.
_FLOAT16 = 65504.0
#: A tag's word is looked for this many characters beyond the one before it.
NEAR = 12


@dataclass(frozen=True)
class Reading:
    """A corpus as the model read it.

    Tokens ``(N,)``: ``hidden (N, W)`` float16, ``features (N, F)``, ``surprisal``, ``document``, ``sentence``
    (−1: none), ``word`` (likewise), ``run`` (its passage), ``starts`` and ``ends`` (in its sentence, without
    the blanks before it).
    Sentences ``(M,)``: ``owner`` (its document), ``characters``, ``opens`` (nothing is read before it).
    """

    hidden: np.ndarray
    features: np.ndarray
    surprisal: np.ndarray
    document: np.ndarray
    sentence: np.ndarray
    word: np.ndarray
    run: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    owner: np.ndarray
    characters: np.ndarray
    opens: np.ndarray


@dataclass(frozen=True)
class States(Reading):
    """A corpus with its labels.

    Tokens: ``label`` (1 corrupted, 2 a minor fault), ``known`` (is it annotated?). Sentences: ``labels`` (−1
    unknown), ``scores`` (NaN unknown), ``types`` (of corruption, or '').
    """

    label: np.ndarray
    known: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    types: np.ndarray


def read_states(path: Path, records: Iterable[Record]) -> States:
    """A corpus from its file, with the labels of its records."""
    with np.load(path) as stored:
        reading = Reading(**{field.name: stored[field.name] for field in fields(Reading)})
    rows = rows_of(records)
    if len(rows) != len(reading.characters):
        raise ValueError(f"{path}: {len(reading.characters)} sentences, not {len(rows)}; remove it")
    label, known = token_labels(reading, rows)
    return States(
        **{field.name: getattr(reading, field.name) for field in fields(Reading)},
        label=label,
        known=known,
        labels=np.array([r.get("label", -1) for r in rows], dtype=np.int8),
        scores=np.array([_number(r.get("score")) for r in rows]),
        types=np.array([str(r.get("type") or "") for r in rows], dtype=np.str_),
    )


def rows_of(records: Iterable[Record]) -> list[Record]:
    """The records' sentences that are read, in their order."""
    return [row for _, rows in _together(records) for row in rows]


def write_states(
    records: Iterable[Record], rankers: dict[str, Ranker], layers: tuple[int, ...], path: Path
) -> None:
    """Score the records and write the corpus. ``rankers``: by context, "document" and "none"."""
    parts: list[dict[str, np.ndarray]] = []
    begun, tokens, sentences, words = time.time(), 0, 0, 0
    for number, (context, rows) in enumerate(_together(records)):
        part = _scored(rankers[context], rows, context, layers)
        part["document"] = np.full(len(part["surprisal"]), number, dtype=np.int32)
        part["owner"] = np.full(len(rows), number, dtype=np.int32)
        held = part["sentence"] >= 0
        part["sentence"] = np.where(held, part["sentence"] + sentences, -1).astype(np.int32)
        part["word"] = np.where(part["word"] >= 0, part["word"] + words, -1).astype(np.int32)
        words = max(words, int(part["word"].max()) + 1)
        part["run"] = part["sentence"] if context == "none" else part["document"]
        parts.append(part)
        tokens, sentences = tokens + len(part["surprisal"]), sentences + len(rows)
        rate = tokens / (time.time() - begun)
        print(f"\r{path.stem}: {tokens} tokens, {rate:.0f} a second ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **{name: np.concatenate([p[name] for p in parts]) for name in parts[0]})
    partial.rename(path)


def origins(records: Iterable[Record]) -> list[str]:
    """For each sentence of the corpus's `States` the text that it was made from or cut from."""
    return [origin(record) for record in records for _ in _read(record)]


def origin(record: Record) -> str:
    """The text that the record was made from."""
    return str(record.get("origin") or _CUT.sub("", record["doc"]))


def _read(record: Record) -> list[Record]:
    """A record's sentences without boilerplate."""
    return [r for r in record["sentences"] if not r.get("boilerplate") and r["text"].strip()]


def _together(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Documents, and isolated sentences in groups: context and sentences."""
    waiting: list[Record] = []
    for record in records:
        if not record.get("isolated"):
            yield "document", _read(record)
            continue
        waiting += _read(record)
        if len(waiting) >= TOGETHER:
            yield "none", waiting
            waiting = []
    if waiting:
        yield "none", waiting


#: What was put before or behind a document's name by who corrupted it or cut it into pieces.
_CUT = re.compile(r"^spun-|-\d+$")


def _scored(
    ranker: Ranker, rows: list[Record], context: str, layers: tuple[int, ...]
) -> dict[str, np.ndarray]:
    paragraphs = [r["par"] for r in rows] if context == "document" and all("par" in r for r in rows) else None
    document = document_from_sentences([r["text"] for r in rows], paragraphs=paragraphs)
    tokens = ranker.score(document, layers=layers)
    table = word_table(document, tokens)
    sentence = np.where(table.word_of >= 0, table.sentences[np.maximum(table.word_of, 0)], -1)
    starts, ends = _places(document, tokens, sentence)
    opening = openings(document, tokens, context)
    firsts = np.searchsorted(sentence, np.arange(len(rows))) if context == "none" else np.zeros(1, dtype=int)
    return {
        "hidden": tokens.hidden.clip(-_FLOAT16, _FLOAT16).astype(np.float16),
        "features": _features(tokens, np.flatnonzero(opening)),
        "surprisal": tokens.surprisal_nats,
        "sentence": sentence.astype(np.int32),
        "word": np.asarray(table.word_of, dtype=np.int32),
        "starts": starts,
        "ends": ends,
        "characters": np.array([s.end - s.start for s in document.sentences], dtype=np.int32),
        "opens": np.isin(np.arange(len(rows)), sentence[firsts]).astype(np.int8),
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


def _places(document: Document, tokens: TokenScores, sentence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each token begins and ends in its sentence; blanks before it are not its own."""
    begins = np.array([s.start for s in document.sentences], dtype=np.int64)[np.maximum(sentence, 0)]
    starts = tokens.starts.astype(np.int64)
    for t, end in enumerate(tokens.ends.tolist()):
        piece = document.text[starts[t] : end]
        starts[t] += len(piece) - len(piece.lstrip())
    return (starts - begins).astype(np.int32), (tokens.ends - begins).astype(np.int32)


def tokens_by_sentence(sentence: np.ndarray, count: int) -> list[np.ndarray]:
    """For each of ``count`` sentences the numbers of its tokens; ``sentence``: that of each token."""
    order = np.argsort(sentence, kind="stable")
    edges = np.searchsorted(sentence[order], np.arange(count + 1))
    return [order[a:b] for a, b in itertools.pairwise(edges)]


def token_labels(reading: Reading, rows: list[Record]) -> tuple[np.ndarray, np.ndarray]:
    """``label`` and ``known`` of every token, from the spans or word tags of its sentence."""
    count = len(reading.sentence)
    label, known = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=np.int8)
    owned = tokens_by_sentence(reading.sentence, len(rows))
    for row, own in zip(rows, owned, strict=True):
        spans = _spans(row)
        if spans is None or not len(own):
            continue
        known[own] = 1
        starts, ends = reading.starts[own], reading.ends[own]
        for a, b, value in spans:
            touched = own[(starts < b) & (ends > a)] if b > a else own[_behind(ends, a)]
            label[touched[label[touched] == 0]] = value
    return label, known


def _behind(ends: np.ndarray, place: int) -> slice:
    """The token behind a place where something is missing, where that shows; the last one at the end."""
    first = min(int(np.searchsorted(ends, place, side="right")), len(ends) - 1)
    return slice(first, first + 1)


#: What the annotators' severities count as; others are corruptions.
_SEVERITIES = {"minor": 2, "neutral": 0}


def _spans(row: Record) -> list[tuple[int, int, int]] | None:
    """``(start, end, label)`` of what is wrong in a sentence; None where nobody has looked.

    The severities of `spun_docs` are those of the made corruption, all of them corruptions.
    """
    if row.get("word_tags"):
        return _tagged(row)
    if row.get("spans") is None:
        return None
    graded = "severity" not in row
    values = [_SEVERITIES.get(str(s.get("severity", "")).lower(), 1) if graded else 1 for s in row["spans"]]
    return [(s["start"], s["end"], value) for s, value in zip(row["spans"], values, strict=True) if value]


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
