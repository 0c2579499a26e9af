"""Types that ask a language model: a fake one proposes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mtqa.bench.corrupt import CorruptSettings, corrupt_document, corrupt_sentence
from mtqa.bench.corruptions.registry import TYPES
from mtqa.bench.corruptions.resources import load_resources
from tests.bench.texts import NEWS


@dataclass
class FakeProposer:
    """Always the same words; remembers what it was asked."""

    words: tuple[tuple[str, float], ...]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def propose(self, prefix: str, place: str) -> tuple[tuple[str, float], ...]:
        self.asked.append((prefix, place))
        return self.words


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


def test_tail_is_rewritten_and_marked():
    resources = _resources((("the", 0.9), ("bananas", 0.06), ("sing", 0.04)))
    made = corrupt_sentence(NEWS[4], "sampled_tail", np.random.default_rng(1), resources=resources)
    assert made is not None
    ((start, end),) = made.spans
    assert NEWS[4].startswith(made.text[:start].rstrip())
    assert set(made.text[start:end].split()) <= {"bananas", "sing"}
    assert made.text.endswith(".")


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
