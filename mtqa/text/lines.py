"""One sentence a line, as corpora and translations are cut. Nothing is joined, cut or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mtqa.records import Document
from mtqa.text.assemble import BLANK_LINE, Origin, laid_out, of_sentences
from mtqa.text.offsets import Traced, joined, traced

_LINE = re.compile(r"[^\r\n]+")


def lines_document(origin: Origin, source: str) -> Document:
    """A document whose sentences are the source's lines, verbatim but for white space at their ends.

    Blank lines end a paragraph. The source must hold a line that is not blank.
    """
    paragraphs = list(_paragraphs(source))
    numbered = [(len(line), number) for number, lines in enumerate(paragraphs) for line in lines]
    lengths, numbers = [length for length, _ in numbered], [number for _, number in numbered]
    blocks, sentences = laid_out(lengths, numbers, ["body"] * len(numbered))
    text = joined([joined(lines, " ") for lines in paragraphs], BLANK_LINE)
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
