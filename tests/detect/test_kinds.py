"""What a finding's kind says, from outputs made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mtqa.detect.head import OUTPUTS
from mtqa.detect.kinds import NAMES, fault_kind


def _outputs(*tokens: tuple[float, str]) -> np.ndarray:
    """A token's log-odds of being corrupted, and the kind that it is sure of."""
    made = np.full((len(tokens), len(OUTPUTS)), 0.0, dtype=np.float32)
    for row, (log_odds, kind) in zip(made, tokens, strict=True):
        row[0] = log_odds
        row[len(OUTPUTS) - len(NAMES) + NAMES.index(kind)] = 8.0
    return made


@pytest.mark.parametrize("kind", NAMES)
def test_one_kind_of_fault_is_named(kind: str):
    assert fault_kind(_outputs((3.0, kind), (-6.0, "wrong word"))) == kind


def test_a_sound_sentence_has_no_kind():
    assert fault_kind(_outputs((-5.0, "wrong word"), (-5.0, "quotes and punctuation"))) is None


def test_marks_are_named_only_where_nothing_else_is_wrong():
    marks = (9.0, "quotes and punctuation")
    assert fault_kind(_outputs(marks, (2.0, "wrong word"))) == "wrong word"
    assert fault_kind(_outputs(marks, (-2.0, "wrong word"))) == "quotes and punctuation"


def test_a_kind_needs_half_of_the_evidence():
    made = fault_kind(_outputs((4.0, "wrong word"), (4.0, "repetition"), (4.0, "word order")))
    assert made is None
    assert fault_kind(_outputs((4.0, "wrong word"), (1.0, "repetition"))) == "wrong word"
