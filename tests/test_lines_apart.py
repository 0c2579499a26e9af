"""Lines that are read without context: quotation marks of one are no partners of another's."""

from __future__ import annotations

import pytest

from mtqa.config import Config
from mtqa.lm.fake import FakeBackend
from mtqa.pipeline import Ranker
from mtqa.text.read import document_from_text


@pytest.mark.parametrize(
    ("context", "form", "marks"), [("none", "lines", 2), ("document", "lines", 0), ("none", "text", 0)]
)
def test_marks_are_paired_within_what_is_read_together(context, form, marks):
    """Sentences of an article are of one text, in whatever context they are read."""
    document = document_from_text('He said "go now and left.\nIt was late" and very dark.\n', format=form)
    ranker = Ranker(Config(measure="perplexity", context=context), backend=FakeBackend(vocabulary=200))
    spans = [span.text for finding in ranker.rank(document).findings for span in finding.spans]
    assert spans.count('"') == marks
