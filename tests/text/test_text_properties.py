"""What must hold for any article: offsets lead back to the file, nothing is lost, nothing but InputError."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.errors import InputError
from mtqa.records import Document
from mtqa.text.decode import decode
from mtqa.text.read import document_from_text
from tests.text.strategies import articles, events, pages, subtitles

_WORD = re.compile(r"\S+")


def replayed(document: Document, start: int, end: int) -> str:
    """The source ``[start, end)`` with the recorded repairs made, exclusions and white space taken out."""
    parts = []
    position = start
    changes = [(repair.start, repair.end, repair.now) for repair in document.repairs]
    changes += [(piece.start, piece.end, "") for piece in document.excluded]
    for first, last, now in sorted(changes):
        if start <= first and last <= end and first >= position:
            parts += [document.source[position:first], now]
            position = last
    parts.append(document.source[position:end])
    return "".join("".join(parts).split())


def check_maps(document: Document) -> None:
    starts, ends = document.source_starts, document.source_ends
    assert starts.dtype == ends.dtype == np.int32
    assert len(starts) == len(ends) == len(document.text)
    assert (np.diff(starts) >= 0).all()
    assert (np.diff(ends) >= 0).all()
    assert starts[0] >= 0
    assert ends[-1] <= len(document.source)
    assert (starts < ends).all()


def check_sentences(document: Document) -> None:
    position = 0
    for sentence in document.sentences:
        block = document.blocks[sentence.block]
        assert block.start <= sentence.start < sentence.end <= block.end
        assert sentence.kind == block.kind
        assert not document.text[position : sentence.start].strip()
        text = document.text[sentence.start : sentence.end]
        assert text == text.strip()
        position = sentence.end
    assert not document.text[position:].strip()


def check_blocks(document: Document) -> None:
    texts = [document.text[block.start : block.end] for block in document.blocks]
    assert document.text == "\n\n".join(texts)
    assert all(text == " ".join(text.split()) for text in texts)


@settings(max_examples=150, deadline=None)
@given(articles() | subtitles() | events())
def test_plain_text_leads_back_to_its_source(text: str) -> None:
    document = document_from_text(text)
    check_maps(document)
    check_sentences(document)
    check_blocks(document)
    for sentence in document.sentences:
        spans = [(sentence.start, sentence.end)]
        spans += [
            (sentence.start + m.start(), sentence.start + m.end())
            for m in _WORD.finditer(document.text[sentence.start : sentence.end])
        ]
        for start, end in spans:
            back = document.to_source(start, end)
            assert replayed(document, back.start, back.end) == "".join(document.text[start:end].split())


@settings(max_examples=150, deadline=None)
@given(articles() | subtitles() | events())
def test_no_character_of_a_plain_text_is_lost(text: str) -> None:
    document = document_from_text(text)
    accounted = np.zeros(len(document.source), dtype=bool)
    for start, end, character in zip(
        document.source_starts, document.source_ends, document.text, strict=True
    ):
        if not character.isspace():
            accounted[start:end] = True
    spans = [(piece.start, piece.end) for piece in document.excluded]
    spans += [(repair.start, repair.end) for repair in document.repairs]
    for start, end in spans:
        accounted[start:end] = True
    lost = [c for c, seen in zip(document.source, accounted, strict=True) if not seen and not c.isspace()]
    assert lost == []


@settings(max_examples=60, deadline=None)
@given(pages())
def test_html_leads_back_to_its_source(page: str) -> None:
    document = document_from_text(page, format="html")
    check_maps(document)
    check_sentences(document)
    check_blocks(document)
    plain = document.source
    for index, character in enumerate(document.text):
        piece = plain[document.source_starts[index] : document.source_ends[index]]
        if character.isalnum() and len(piece) == 1:
            assert piece == {"f": "ﬁ", "i": "ﬁ", "é": "Ã"}.get(character, character) or piece == character


@settings(max_examples=100, deadline=None)
@given(articles(), st.sampled_from(["markdown", "html"]))
def test_other_formats_keep_their_promises_on_any_text(text: str, form: str) -> None:
    try:
        document = document_from_text(text, format=form)
    except InputError:
        return
    check_maps(document)
    check_sentences(document)
    check_blocks(document)


@settings(max_examples=60, deadline=None)
@given(articles())
def test_reading_is_deterministic(text: str) -> None:
    one, two = document_from_text(text), document_from_text(text)
    assert (one.text, one.blocks, one.sentences, one.excluded) == (
        two.text,
        two.blocks,
        two.sentences,
        two.excluded,
    )
    assert (one.repairs, one.quote_faults, one.sha256) == (two.repairs, two.quote_faults, two.sha256)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["text", "markdown", "html"]))
def test_bytes_give_a_document_or_an_input_error(data: bytes, form: str) -> None:
    try:
        source = decode(data, name="f").text
        document = document_from_text(source, format=form)
    except InputError:
        return
    check_maps(document)
    check_sentences(document)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["text", "markdown", "html"]))
def test_any_string_gives_a_document_or_an_input_error(text: str, form: str) -> None:
    try:
        document = document_from_text(text, format=form)
    except InputError:
        return
    check_maps(document)
    check_sentences(document)


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=8), st.data())
def test_given_sentences_stay_verbatim(sentences: list[str], data: st.DataObject) -> None:
    from mtqa.text.read import document_from_sentences

    numbers = data.draw(st.lists(st.integers(0, 2), min_size=len(sentences), max_size=len(sentences)))
    document = document_from_sentences(sentences, paragraphs=numbers)
    assert [document.text[s.start : s.end] for s in document.sentences] == sentences
    changes = sum(a != b for a, b in pairwise(numbers))
    assert len(document.blocks) == 1 + changes
    assert document.source == document.text


def test_a_blank_given_sentence_is_refused() -> None:
    from mtqa.text.read import document_from_sentences

    with pytest.raises(InputError, match="sentence 1 is blank"):
        document_from_sentences(["One.", " \n"])
