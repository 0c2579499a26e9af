"""Some of these tests need WordNet's data; without it those are skipped, but never on CI."""

from __future__ import annotations

import os

import pytest

from mtqa.bench.corruptions.wordnet import find_wordnet
from mtqa.errors import UsageError

#: The modules here that make corruptions; all others do without WordNet.
NEED_WORDNET = (
    "test_corrupt.py",
    "test_corrupt_command.py",
    "test_corruptions.py",
    "test_resources.py",
    "test_sampled.py",
    "test_written.py",
)


def pytest_collection_modifyitems(items):
    try:
        find_wordnet()
    except UsageError as error:
        if os.environ.get("CI") == "true":
            return
        for item in items:
            if item.path.parent.name == "bench" and item.path.name in NEED_WORDNET:
                item.add_marker(pytest.mark.skip(reason=str(error)))
