"""The catalogue is data that the rest trusts: it must agree with itself."""

from __future__ import annotations

import re

import pytest

from mtqa.config import Config
from mtqa.lm.catalogue import CATALOGUE, CatalogueEntry

ENTRIES = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)


def test_the_default_is_in_it() -> None:
    assert Config().model in CATALOGUE


@ENTRIES
def test_names_and_digests_are_well_formed(entry: CatalogueEntry) -> None:
    assert CATALOGUE[entry.name] is entry
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", entry.name)  # it names a folder
    for digest in [entry.gguf_sha256, *(package.member_sha256 for package in entry.packages)]:
        assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert len({package.member_sha256 for package in entry.packages}) == len(entry.packages)


@ENTRIES
def test_a_single_part_is_the_whole(entry: CatalogueEntry) -> None:
    if len(entry.packages) == 1:
        assert entry.packages[0].member_sha256 == entry.gguf_sha256
        assert entry.packages[0].member.endswith(entry.gguf_name)
    else:
        assert [package.member[-2:] for package in entry.packages] == [
            f"{i:02}" for i in range(len(entry.packages))
        ]


@ENTRIES
def test_sizes_are_of_a_float32_model_from_a_4_bit_file(entry: CatalogueEntry) -> None:
    assert 0.4 * entry.parameters < entry.gguf_bytes < 1.2 * entry.parameters
    assert 4 * entry.parameters < entry.bytes_on_disk < 4.2 * entry.parameters
    assert 0.5 * entry.gguf_bytes < entry.bytes_to_fetch < 1.1 * entry.gguf_bytes


def test_gemma_says_its_terms_and_its_start_token() -> None:
    gemma = CATALOGUE["gemma-3-270m"]
    assert gemma.terms is not None
    assert "https://ai.google.dev/gemma/terms" in gemma.terms
    assert gemma.start_token == "<bos>"
    assert "float16" in gemma.disallowed_dtypes
    assert gemma.gguf_bytes == 253_113_024


def test_smollm2_opens_documents_with_the_token_of_its_training() -> None:
    assert CATALOGUE["smollm2-135m"].start_token == "<|endoftext|>"
