"""What a report warns of: pure functions of what was read and found."""

from __future__ import annotations

import numpy as np
import pytest

from mtqa.config import Config
from mtqa.errors import InputError
from mtqa.lm.backend import Tokens
from mtqa.lm.fake import FakeBackend
from mtqa.pipeline import Ranker
from mtqa.text.read import document_from_sentences
from mtqa.warned import of_tokens

KNOWN = ("The ferry left at noon.", "Nobody had told the cook.", "He swam behind it.")
UNKNOWN = ("Паром ушёл.", "Повар плыл.")


class Deaf(FakeBackend):
    """Its tokenizer drops what is not ASCII, letters and blanks between them alike."""

    def tokenize(self, text: str) -> Tokens:
        whole = super().tokenize(text)
        kept = np.array([c.isascii() and c.isalpha() for c in text], dtype=bool)
        return Tokens(whole.ids[kept], whole.starts[kept], whole.ends[kept])


@pytest.mark.parametrize("context", ["document", "paragraph", "none"])
@pytest.mark.parametrize(
    ("lost", "said"),
    [(0, ""), (1, "for 1 of the 4 sentences: it is"), (2, "for 2 of the 5 sentences: they are")],
)
def test_sentences_without_a_token_are_told(context, lost, said):
    document = document_from_sentences([*UNKNOWN[:lost], *KNOWN])
    ranker = Ranker(Config(measure="perplexity", context=context), backend=Deaf(vocabulary=200))
    findings = ranker.rank(document).findings
    assert {f.text for f in findings} == set(KNOWN)
    told = of_tokens(document, findings)
    assert len(told) == bool(lost)
    assert not told or f"the model's tokenizer has no token {said} not ranked" in told[0]


@pytest.mark.parametrize("context", ["document", "paragraph", "none"])
def test_without_any_token_there_is_nothing_to_rank_in_whatever_context(context):
    document = document_from_sentences(UNKNOWN, paragraphs=[0, 1])
    ranker = Ranker(Config(measure="perplexity", context=context), backend=Deaf(vocabulary=200))
    with pytest.raises(InputError, match="no sentence in it has a token to score"):
        ranker.rank(document)
    assert len(ranker.score(document)) == 0
