"""Small labelled data of our own, and builders of records for tests of the bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.bench.records import LabelledDocument, LabelledSentence, LabelledSet, ScoreTable, document_index

BAKERY = {
    "doc": "bakery",
    "genre": "news",
    "sentences": [
        {"text": "The bakery on Mill Lane opens at five.", "label": 0, "spans": [], "par": 0},
        {
            "text": "Its owner kneads the dough by foot every morning.",
            "label": 1,
            "type": "wrong_word",
            "spans": [{"start": 30, "end": 34}],
            "orig": "Its owner kneads the dough by hand every morning.",
            "par": 0,
        },
        {"text": "Customers queue before the shutters rise.", "label": 0, "spans": [], "par": 1},
        {"text": "READ MORE", "label": 0, "boilerplate": True, "type": "boilerplate", "spans": []},
    ],
}
FERRY = {
    "doc": "ferry",
    "genre": "report",
    "sentences": [
        {
            "text": "The ferry ferry crosses the sound twice a day.",
            "label": 1,
            "type": "doubled",
            "spans": [[10, 15]],
            "orig": "The ferry crosses the sound twice a day.",
        },
        {"text": "In winter it carries more hay than people.", "label": 0, "spans": []},
        {"text": "The crossing takes forty minutes.", "label": 0, "spans": []},
    ],
}
PAIRS = [
    {
        "id": "p1",
        "good": "She locked the door.",
        "bad": "She locked the doors door.",
        "phenomenon": "insertion",
        "bad_spans": [[15, 20]],
    },
    {
        "id": "p2",
        "good": "He reads a book.",
        "bad": "He read book.",
        "phenomenon": "removal",
        "bad_spans": [[7, 7]],
    },
    {
        "id": "p3",
        "good": "They are late.",
        "bad": "They is late.",
        "phenomenon": "agreement",
        "bad_spans": [[5, 7]],
    },
]
SCORED = [
    {
        "id": "s1",
        "text": "The mill stands by the river.",
        "score": 0.9,
        "tokens": ["The", "mill", "stands", "by", "the", "river", "."],
        "word_tags": ["OK", "OK", "OK", "OK", "OK", "OK", "OK"],
        "pe": "The mill stands by the river .",
        "src": "GEHEIM-QUELLE",
    },
    {
        "id": "s2",
        "text": "The mill be stand river to.",
        "score": -1.2,
        "tokens": ["The", "mill", "be", "stand", "river", "to", "."],
        "word_tags": ["OK", "OK", "BAD", "BAD", "OK", "BAD", "OK"],
        "pe": "The mill stands by the river .",
    },
    {
        "id": "s3",
        "text": "Its wheel turns slowly.",
        "score": 0.4,
        "tokens": ["Its", "wheel", "turns", "slowly", "."],
        "word_tags": ["OK", "OK", "OK", "BAD", "OK"],
        "pe": "Its wheel is turning slowly .",
    },
]


def write_jsonl(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


def random_table(rng: np.random.Generator, *, shape: str = "documents", documents: int = 12) -> ScoreTable:
    """Labels, human scores, tied scores and probabilities at random, documents of one to nine sentences."""
    made = []
    for d in range(documents):
        size = {"documents": int(rng.integers(1, 10)), "scored": 1, "pairs": 2}[shape]
        sentences = tuple(
            LabelledSentence(
                "one two three four",
                label=i if shape == "pairs" else int(rng.random() < 0.35),
                score=float(rng.integers(-3, 4)) if shape != "pairs" else None,
                groups={"phenomenon": "ab"[d % 2]} if shape == "pairs" else {},
            )
            for i in range(size)
        )
        made.append(LabelledDocument(f"d{d}", sentences, isolated=shape != "documents"))
    data = LabelledSet("random", "0" * 64, shape, tuple(made))
    n = len(data)
    return ScoreTable(
        data,
        "test",
        "test",
        rng.integers(0, 6, size=n).astype(float),
        document_index(data),
        probability=rng.integers(0, 21, size=n) / 20,
        q_value=rng.integers(0, 6, size=n) / 20,
    )


def random_weights(rng: np.random.Generator, table: ScoreTable) -> np.ndarray:
    count = len(table.data.documents)
    return rng.multinomial(count, np.full(count, 1 / count))
