"""Blocks to a `Document`: the running text, its map, sentences, exclusions and warnings."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mtqa.errors import InputError
from mtqa.records import Block, Document, Excluded, Repair, Sentence
from mtqa.text.line import ends_sentence
from mtqa.text.offsets import LineIndex, Traced, joined
from mtqa.text.pieces import Piece, heading_like
from mtqa.text.quotes import quote_faults
from mtqa.text.segment import sentence_spans
from mtqa.text.tables import without_data
from mtqa.text.tails import with_titles, without_tails

BLANK_LINE: Final = "\n\n"
#: "Best wishes," above the name of who wrote.
_CLOSING: Final = re.compile(
    r"^(?:[\w ]{0,20}\b(?:regards|wishes|sincerely|faithfully|truly|thanks|cheers|love|greetings)"
    r"|thank you)[,!.]?$",
    re.IGNORECASE,
)
_REPEATED_WORDS = 1_000  # from this many words on …
_REPEATED_SHARE = 0.6  # … a text with this share of one word is no article


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text came from. ``name`` is what messages call it."""

    name: str
    path: str | None
    sha256: str
    encoding: str
    format: str


def origin_of(text: str, path: str | None, format: str) -> Origin:  # noqa: A002
    """The origin of a text that came as a string."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Origin(path or "the text", path, digest, "str", format)


def document(origin: Origin, source: str, pieces: Sequence[Piece], repairs: Sequence[Repair]) -> Document:
    """The document of these blocks. Raises `InputError` where there is nothing to rank."""
    pieces = _without_related(with_titles(pieces))
    pieces = without_tails(without_data(_without_signature(pieces, _is_mail(origin.format, pieces))))
    kept = [piece for piece in pieces if piece.reason is None]
    _refuse(origin.name, pieces, kept)
    text = joined([piece.text for piece in kept], BLANK_LINE)
    blocks = _blocks(kept)
    return Document(
        path=origin.path,
        source=source,
        sha256=origin.sha256,
        encoding=origin.encoding,
        format=origin.format,
        text=text.text,
        source_starts=text.starts,
        source_ends=text.ends,
        blocks=blocks,
        sentences=_sentences(text.text, blocks),
        excluded=_excluded(source, pieces),
        repairs=tuple(sorted(repairs, key=lambda repair: (repair.start, repair.end))),
        quote_faults=quote_faults(text.text, blocks),
        warnings=_warnings(source, repairs),
    )


def of_sentences(
    origin: Origin, source: str, text: Traced, blocks: Sequence[Block], sentences: Sequence[Sentence]
) -> Document:
    """The document of a text whose sentences are given: nothing repaired, nothing left out."""
    return Document(
        path=origin.path,
        source=source,
        sha256=origin.sha256,
        encoding=origin.encoding,
        format=origin.format,
        text=text.text,
        source_starts=text.starts,
        source_ends=text.ends,
        blocks=tuple(blocks),
        sentences=tuple(sentences),
        quote_faults=quote_faults(text.text, blocks),
    )


def _blocks(kept: Sequence[Piece]) -> tuple[Block, ...]:
    blocks = []
    start = 0
    for piece in kept:
        blocks.append(Block(start, start + len(piece.text), piece.kind))
        start += len(piece.text) + len(BLANK_LINE)
    return tuple(blocks)


def laid_out(
    lengths: Sequence[int], paragraphs: Sequence[int], kinds: Sequence[str]
) -> tuple[list[Block], list[Sentence]]:
    """Blocks and sentences of given sentences of these ``lengths`` (one number and kind for each).

    Between two of one block stands a blank, between two blocks a `BLANK_LINE`; another paragraph or kind
    begins a block.

    >>> laid_out([3, 4], [0, 1], ["body", "body"])[1][1].start
    5
    """
    blocks: list[Block] = []
    spans: list[Sentence] = []
    for i, (length, kind) in enumerate(zip(lengths, kinds, strict=True)):
        begins = i == 0 or paragraphs[i] != paragraphs[i - 1] or kind != kinds[i - 1]
        start = 0 if i == 0 else spans[-1].end + (len(BLANK_LINE) if begins else 1)
        if begins:
            blocks.append(Block(start, start + length, kind))
        else:
            blocks[-1] = replace(blocks[-1], end=start + length)
        spans.append(Sentence(start, start + length, len(blocks) - 1, kind))
    return blocks, spans


def _sentences(text: str, blocks: Sequence[Block]) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(block.start + span.start, block.start + span.end, index, block.kind)
        for index, block in enumerate(blocks)
        for span in sentence_spans(text[block.start : block.end])
    )


def _excluded(source: str, pieces: Sequence[Piece]) -> tuple[Excluded, ...]:
    lines = LineIndex(source)
    excluded = []
    before = 0
    for piece in pieces:
        if piece.reason is None:
            before += 1
            continue
        start, end = piece.text.start, piece.text.end
        excluded.append(Excluded(piece.text.text, start, end, lines.line_of(start), piece.reason, before))
    return tuple(excluded)


def _without_related(pieces: Sequence[Piece]) -> list[Piece]:
    """After "Related articles" the headlines go too, where nothing but such lines follows to the end."""
    marks = [i for i, piece in enumerate(pieces) if piece.reason == "related articles"]
    for mark in marks:
        rest = pieces[mark + 1 :]
        if rest and all(p.reason is not None or _headline(p) for p in rest):
            tail = [p if p.reason is not None else replace(p, reason="related articles") for p in rest]
            return [*pieces[: mark + 1], *tail]
    return list(pieces)


def _without_signature(pieces: Sequence[Piece], mail: bool) -> list[Piece]:
    """After a line of two hyphens, the mark of an e-mail signature, a few short blocks to the end go.

    An article has scene breaks of two hyphens: where nothing else is of ``mail``, sentences stay.
    """
    for index in range(max(0, len(pieces) - 7), len(pieces)):
        tail = pieces[index + 1 :]
        if pieces[index].text.text != "--" or any(len(p.text) > 120 for p in tail):
            continue
        closed = any(_CLOSING.search(p.text.text) for p in pieces[max(0, index - 3) : index])
        if mail or closed or not any(ends_sentence(p.text.text) for p in tail):
            signed = [p if p.reason is not None else replace(p, reason="e-mail signature") for p in tail]
            return [*pieces[: index + 1], *signed]
    return list(pieces)


def _is_mail(form: str, pieces: Sequence[Piece]) -> bool:
    """Whether a text holds the headers of an e-mail, or quotes one."""
    if any(piece.reason == "e-mail header" for piece in pieces):
        return True
    return form == "text" and any(piece.kind == "quote" for piece in pieces)


def _headline(piece: Piece) -> bool:
    return piece.kind in ("heading", "list-item", "body") and heading_like(piece.text.text)


def _refuse(name: str, pieces: Sequence[Piece], kept: Sequence[Piece]) -> None:
    if not any(any(map(str.isalpha, piece.text.text)) for piece in pieces):
        raise InputError(f"{name}: there is no letter in this text; mtqa ranks sentences")
    if not any(any(map(str.isalpha, piece.text.text)) for piece in kept):
        reasons = ", ".join(dict.fromkeys(piece.reason for piece in pieces if piece.reason))
        raise InputError(f"{name}: only boilerplate ({reasons}); there is no article in it to rank")
    words = Counter(word for piece in kept for word in piece.text.text.lower().split())
    total = words.total()
    word, count = words.most_common(1)[0]
    if total >= _REPEATED_WORDS and count >= _REPEATED_SHARE * total:
        raise InputError(
            f"{name}: {count:,} of its {total:,} words are {word[:40]!r}; that is no article to rank"
        )


def _warnings(source: str, repairs: Sequence[Repair]) -> tuple[str, ...]:
    controls = [repair for repair in repairs if repair.kind == "control"]
    if not controls:
        return ()
    count = sum(len(repair.was) for repair in controls)
    line = LineIndex(source).line_of(controls[0].start)
    noun = "character (NUL or the like) was" if count == 1 else "characters (NUL or the like) were"
    return (f"{count} control {noun} left out, the first on line {line}",)
