"""The articles that a detector is trained on: whole, rightly marked, and none of those it is tested with."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from detector_corpora import SPUN, TRANSLATED, restored, written
from detector_states import origin

from mtqa.bench.corruptions.registry import TYPES

#: Some of it in the order of another language: what is left unmarked there is not in the sound one's order.
REORDERED = {record["doc"] for record in written(TRANSLATED)}
#: Joints of such sentences that stand nowhere in the sound one and are right where they stand.
MOVED = {"the", "a", "it", "of", "that", "is", "you", "one"}
RECORDS = [*written(), *written(SPUN), *written(TRANSLATED)]
SENTENCES = [row for record in RECORDS for row in record["sentences"]]
#: Written by hand only: the generator makes no word-for-word translations from another language.
BY_HAND = {"literal"}
#: Types whose span may hold nothing: something is missing there.
REMOVALS = {
    "drop_content",
    "drop_function",
    "truncated",
    "article",
    "preposition",
    "pronoun",
    "stops",
    "quotes",
}


def test_every_article_is_a_text_of_its_own():
    names = [record["doc"] for record in RECORDS]
    assert len(names) == len(set(names)) >= 200
    # A name cut short would put many articles together into one part.
    assert [origin(record) for record in RECORDS] == names
    assert len({record["genre"] for record in RECORDS}) >= 60


def test_a_part_is_corrupted_and_some_articles_are_sound():
    shares = [sum(r["label"] for r in record["sentences"]) / len(record["sentences"]) for record in RECORDS]
    assert 0.15 <= sum(row["label"] for row in SENTENCES) / len(SENTENCES) <= 0.3
    assert sum(share == 0 for share in shares) >= 20
    assert sum(share >= 0.4 for share in shares) >= 30
    types = Counter(span["type"] for row in SENTENCES for span in row["spans"])
    assert types.keys() <= TYPES.keys() | BY_HAND
    assert max(types.values()) < sum(types.values()) / 2
    assert sum(count >= 15 for count in types.values()) >= 25


@pytest.mark.parametrize("record", RECORDS, ids=[record["doc"] for record in RECORDS])
def test_an_article_is_marked_as_it_is_written(record):
    assert len(record["sentences"]) >= 15
    for row in record["sentences"]:
        text, original = row["text"], row.get("orig", row["text"])
        assert not re.search(r"\[\[|\]\]|^[-+] |^#", text), text
        assert original == original.strip()
        assert (text != original) == bool(row["label"]), text
        kept, end = [], 0
        for span in row["spans"]:
            assert end <= span["start"] <= span["end"] <= len(text), text
            assert span["start"] < span["end"] or span["type"] in REMOVALS, text
            kept.append(text[end : span["start"]].strip())
            end = span["end"]
        kept.append(text[end:].strip())
        if record["doc"] in REORDERED:
            assert set(_words(" ".join(kept))) <= {*_words(original), *MOVED}, text
        else:
            assert re.fullmatch(".*".join(map(re.escape, kept)), original), text


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_the_sound_articles_hold_no_corrupted_sentence():
    sound = restored(RECORDS)
    assert [name for name, _ in sound] == [record["doc"] for record in RECORDS]
    changed = {row["text"] for row in SENTENCES if row["label"]}
    assert not changed & {text for _, part in sound for text, _ in part}


def test_no_sentence_of_a_test_is_in_the_training():
    learned = {row.get("orig", row["text"]) for row in SENTENCES if len(row["text"]) > 40}
    for path in (Path(__file__).parent / "cases").glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            for row in json.loads(line).get("sentences", []):
                if isinstance(row, dict):
                    assert row.get("orig", row["text"]) not in learned
