"""Types that ask a language model: a fake one proposes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mtqa.bench.corrupt import CorruptSettings, corrupt_document, corrupt_sentence
from mtqa.bench.corruptions.registry import TYPES
from mtqa.bench.corruptions.resources import Writing, load_resources
from tests.bench.texts import NEWS


@dataclass
class FakeProposer:
    """Always the same words; remembers what it was asked."""

    words: tuple[tuple[str, float], ...]
    asked: list[tuple[str, str]] = field(default_factory=list)
    written: list[tuple[str, Writing]] = field(default_factory=list)
    tail: str = " cheese in a cheese that isn't a cheese of the cheese."

    def propose(self, prefix: str, place: str) -> tuple[tuple[str, float], ...]:
        self.asked.append((prefix, place))
        return self.words

    def write(self, prefix: str, how: Writing, rng: np.random.Generator) -> str:
        self.written.append((prefix, how))
        return self.tail if self.words else ""


WORDS = (("bridge", 0.5), ("banana", 0.05), ("sings", 0.04), ("elephant", 0.03), ("bananas", 0.02))


def _resources(words=WORDS, preceding="Earlier words."):
    return replace(load_resources(), proposer=FakeProposer(words), preceding=preceding)


def test_unlikely_proposals_of_the_same_kind_are_put_in():
    resources = _resources()
    text = "The council opened a bridge near the old market."
    made = [
        corrupt_sentence(text, "sampled_word", np.random.default_rng(i), resources=resources)
        for i in range(40)
    ]
    new = {m.text[s:e] for m in made if m for s, e in m.spans}
    assert new <= {"banana", "elephant"}
    assert len(new) == 2


def test_the_model_sees_what_precedes_or_only_two_words():
    resources = _resources()
    rng = np.random.default_rng(0)
    corrupt_sentence(NEWS[0], "sampled_word", rng, resources=resources)
    prefix, place = resources.proposer.asked[-1]
    assert prefix.startswith("Earlier words. The council")
    assert f"{prefix.removeprefix('Earlier words. ')} {place}" in NEWS[0]
    for _ in range(20):
        corrupt_sentence(NEWS[4], "sampled_blind", rng, resources=resources)
    assert all(len(prefix.split()) <= 2 for prefix, place in resources.proposer.asked[1:])


def test_a_salad_replaces_half_of_the_content_words_each_seen_by_the_next():
    words = (
        ("best", 0.3),
        *((f"of{i}", 0.2) for i in range(4)),
        *((w, 0.1) for w in ("cheese", "ladder", "moon")),
    )
    passed_over = ("chair", "table", "window", "door")
    resources = _resources((*((w, 0.4) for w in passed_over), *words[1:]))
    made = [
        corrupt_sentence(NEWS[4], "sampled_shuffle", np.random.default_rng(i), resources=resources)
        for i in range(9)
    ]
    for corruption in filter(None, made):
        new = [corruption.text[s:e] for s, e in corruption.spans]
        assert len(new) >= 3
        assert {w.lower() for w in new} <= {"cheese", "ladder", "moon"}
    assert any(made)
    seen = [prefix for prefix, _ in resources.proposer.asked]
    assert any(prefix.startswith("Earlier words.") for prefix in seen)
    assert any(not prefix.startswith("Earlier words.") for prefix in seen)
    assert any("cheese" in prefix or "ladder" in prefix or "moon" in prefix for prefix in seen)


@pytest.mark.parametrize("name", [n for n, kind in TYPES.items() if kind.needs_proposer])
def test_nothing_proposed_means_no_corruption(name):
    rng = np.random.default_rng(0)
    assert corrupt_sentence(NEWS[4], name, rng, resources=_resources(())) is None
    assert corrupt_sentence("", name, rng, resources=_resources()) is None


def test_documents_use_the_proposer():
    weights = dict.fromkeys(TYPES, 0.0) | {"sampled_word": 1.0}
    settings = CorruptSettings(share=(0.5, 0.5), weights=weights)
    made = corrupt_document(NEWS, np.random.default_rng(2), settings=settings, resources=_resources())
    assert {s.type for s in made.sentences if s.label} == {"sampled_word"}
