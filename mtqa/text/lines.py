"""One sentence a line, as corpora and translations are cut. Nothing is joined, cut or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mtqa.records import Block, Document, Sentence
from mtqa.text.assemble import BLANK_LINE, Origin, of_sentences
from mtqa.text.offsets import Traced, joined, traced

_LINE = re.compile(r"[^\r\n]+")
_GLUE = " "


def lines_document(origin: Origin, source: str) -> Document:
    """A document whose sentences are the source's lines, verbatim but for white space at their ends.

    Blank lines end a paragraph. The source must hold a line that is not blank.
    """
    paragraphs = list(_paragraphs(source))
    blocks, sentences, at = [], [], 0
    for number, lines in enumerate(paragraphs):
        start = at
        for line in lines:
            sentences.append(Sentence(at, at + len(line), number, "body"))
            at += len(line) + len(_GLUE)
        blocks.append(Block(start, at - len(_GLUE), "body"))
        at += len(BLANK_LINE) - len(_GLUE)
    text = joined([joined(lines, _GLUE) for lines in paragraphs], BLANK_LINE)
    return of_sentences(origin, source, text, blocks, sentences)


def _paragraphs(source: str) -> Iterator[list[Traced]]:
    whole, held, end = traced(source), list[Traced](), 0
    for found in _LINE.finditer(source):
        between, end = source[end : found.start()], found.end()
        line = whole.cut(*found.span()).stripped()
        blank = len(re.findall(r"\r\n|\r|\n", between)) > 1 or not len(line)
        if held and blank:
            yield held
            held = []
        if len(line):
            held.append(line)
    if held:
        yield held
