"""The cases kept as data: boilerplate, sentences, quotation marks, each with its negatives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mtqa.text.boilerplate import reason_for
from mtqa.text.boilerplate_table import TABLE
from mtqa.text.read import document_from_text
from mtqa.text.segment import MAX_SENTENCE, sentence_spans

CASES = Path(__file__).parent.parent / "cases"


def cases(name: str) -> list[Any]:
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(case, id=case["text"][:50]) for case in map(json.loads, lines)]


@pytest.mark.parametrize("case", cases("boilerplate"))
def test_boilerplate(case: dict[str, Any]) -> None:
    assert reason_for(case["text"]) == case["reason"]


def test_every_reason_has_an_example() -> None:
    given = {case.values[0]["reason"] for case in cases("boilerplate")}
    assert set(TABLE) <= given


def test_a_long_block_is_never_boilerplate() -> None:
    assert reason_for("READ MORE: " + "a b " * 60) is None


@pytest.mark.parametrize("case", cases("sentences"))
def test_sentences(case: dict[str, Any]) -> None:
    found = [case["text"][span.start : span.end] for span in sentence_spans(case["text"])]
    assert found == case["sentences"]


@pytest.mark.parametrize("case", cases("quotes"))
def test_quotation_marks(case: dict[str, Any]) -> None:
    assert [fault.kind for fault in document_from_text(case["text"]).quote_faults] == case["faults"]


def test_a_text_without_punctuation_is_cut() -> None:
    text = "word after word " * 1_000
    spans = sentence_spans(text)
    assert all(span.end - span.start <= MAX_SENTENCE for span in spans)
    assert "".join(text[s.start : s.end] for s in spans).replace(" ", "") == text.replace(" ", "")


def test_a_long_sentence_is_cut_at_a_semicolon() -> None:
    text = "a word " * 150 + "here; " + "another word " * 60
    first = sentence_spans(text)[0]
    assert text[first.start : first.end].endswith("here;")
