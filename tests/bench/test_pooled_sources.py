"""What pooled files draw as one: what a `source_doc` names, wherever it stands; never plain names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtqa.bench.labelled.load import load_labelled
from mtqa.bench.records import ScoreTable, document_index
from mtqa.bench.tables import pooled
from tests.bench.labelled_texts import write_jsonl


def _clusters(tmp_path: Path, records: list[list[dict]]) -> int:
    files = [write_jsonl(tmp_path / f"{i}.jsonl", own) for i, own in enumerate(records)]
    sets = [load_labelled(str(file)) for file in files]
    tables = [ScoreTable(s, "c", "s", np.zeros(len(s)), document_index(s)) for s in sets]
    return len(set(pooled(tables).data.clusters().tolist()))


@pytest.mark.parametrize(("named", "clusters"), [("source_doc", 10), ("doc", 60)])
@pytest.mark.parametrize("gold", ["score", "label"])
def test_isolated_sentences_of_one_source(tmp_path, named, gold, clusters):
    records = [
        [{"id": f"{d}", named: f"d{d}", "text": f"Boat {d} {s}.", gold: d % 2} for d in range(10)]
        for s in range(6)
    ]
    assert _clusters(tmp_path, records) == clusters


def test_a_source_of_the_documents_own_name(tmp_path):
    sentences = [{"text": "A boat.", "label": 0}, {"text": "A bout.", "label": 1}]
    one = [{"doc": f"{d}", "source_doc": f"{d}", "sentences": sentences} for d in range(10)]
    other = [{**record, "system": "x"} for record in one]
    assert _clusters(tmp_path, [one, other]) == 10
