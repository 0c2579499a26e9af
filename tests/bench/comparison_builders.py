"""Labelled documents and score tables of our own, for comparisons."""

from __future__ import annotations

import dataclasses

import numpy as np

from mtqa.bench.comparison.records import Contender, Cost
from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index

WORDS = ("The", "harbour", "was", "quiet", "when", "a", "trawler", "came", "in", "late")


def documents_set(documents: int = 30, per_document: int = 6, *, name: str = "harbour") -> LabelledSet:
    """Documents of short sentences, the third and fifth of each corrupted."""
    made = tuple(
        LabelledDocument(
            f"d{d}",
            tuple(
                LabelledSentence(f"{' '.join(WORDS[: 3 + (d + i) % 7])} {d}-{i}.", label=int(i in (2, 4)))
                for i in range(per_document)
            ),
        )
        for d in range(documents)
    )
    return LabelledSet(name, f"{documents:064x}", "documents", made)


def scored_set(sentences: int = 60, *, name: str = "graded") -> LabelledSet:
    """Isolated sentences with human scores."""
    made = tuple(
        LabelledDocument(
            f"s{i}", (LabelledSentence(f"Boat {i} is in.", score=float(-(i % 11))),), isolated=True
        )
        for i in range(sentences)
    )
    return LabelledSet(name, f"{sentences:064x}", "scored", made)


def pairs_set(pairs: int = 40, *, name: str = "twins") -> LabelledSet:
    """A sound sentence and the same one corrupted."""
    made = tuple(
        LabelledDocument(
            f"p{i}",
            (
                LabelledSentence(f"The cat number {i} sleeps.", label=0, groups={"phenomenon": "agreement"}),
                LabelledSentence(f"The cat number {i} sleep.", label=1, groups={"phenomenon": "agreement"}),
            ),
            isolated=True,
        )
        for i in range(pairs)
    )
    return LabelledSet(name, f"{pairs:064x}", "pairs", made)


def truth(data: LabelledSet) -> np.ndarray:
    """How bad each sentence is."""
    return np.array(
        [s.label if s.label is not None else -(s.score or 0.0) for s in data.sentences()], dtype=float
    )


def table(data: LabelledSet, name: str, *, noise: float, seed: int = 0, scale: float = 1.0) -> ScoreTable:
    """The truth and noise of a given size: the less, the better the config."""
    rng = np.random.default_rng(seed)
    n = len(data)
    tokens = np.array([len(s.text.split()) for s in data.sentences()], dtype=np.int64)
    return ScoreTable(
        data,
        name,
        f"model:m|measure:{name}",
        scores=scale * (truth(data) + noise * rng.normal(size=n)),
        document=document_index(data),
        tokens=tokens,
        bits=tokens * (2.0 + noise),
    )


def contender(name: str, *, tokenizer: str = "t1", scoring: str = "", **settings: object) -> Contender:
    """A config that has not been run."""
    return Contender(
        name, settings, f"model:m|tokenizer:{tokenizer}|measure:{name}", tokenizer, scoring or tokenizer
    )


def cost(tokens: int = 1000, seconds: float = 2.0, ledger_tokens: int = 0) -> Cost:
    """A run's cost."""
    return Cost(tokens, seconds, ledger_tokens, 600.0)


def marked(built: ScoreTable) -> ScoreTable:
    """The table with words, a mark on the first of each sentence, and probabilities."""
    words = tuple(tuple((4 * i, 4 * i + 3, float(score) + i) for i in range(2)) for score in built.scores)
    low, high = built.scores.min(), built.scores.max()
    return dataclasses.replace(
        built,
        words=words,
        marked=tuple(((0, 3),) for _ in words),
        probability=(built.scores - low) / max(high - low, 1e-9),
    )
