"""The way in: a file, standard input, a string or given sentences become a `Document`."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Literal

from mtqa.errors import InputError, UsageError, one_line, unknown
from mtqa.records import BLOCK_KINDS, Document, Repair
from mtqa.text.assemble import BLANK_LINE, Origin, document, laid_out, of_sentences, origin_of
from mtqa.text.clean import cleaned
from mtqa.text.decode import decode
from mtqa.text.lines import lines_document
from mtqa.text.offsets import traced
from mtqa.text.pieces import Piece

#: ``lines``: each line is a sentence, of a text that was cut before.
FORMATS: Final = ("text", "markdown", "html", "lines")
MAX_BYTES: Final = 20_000_000
_DATA_SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".parquet")
_SUFFIXES: Final = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
}
#: A page, or a piece of one, after white space and comments; atomic, so that no comment is read twice.
_HTML_START: Final = re.compile(
    r"(?>\s+|\ufeff|<\?xml[^>]*>|<!--.*?-->)*+"
    r"<(?:(?:!doctype\s+html|html|head|body)\b|(?:div|p|article|section|main|header|h[1-6])(?:\s[^<>]*)?>)",
    re.I | re.S,
)


def read_article(
    path: str | os.PathLike[str] | Literal["-"],
    *,
    format: str | None = None,  # noqa: A002
    encoding: str | None = None,
) -> Document:
    """The article in a file, or on standard input where ``path`` is ``"-"``.

    ``format``: one of `FORMATS`; None guesses by suffix, then by content (never Markdown by content).
    Raises `InputError` for what can't be read or holds nothing to rank, `UsageError` for an unknown
    format or encoding.
    """
    _check_format(format)
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"the path of a file is expected, or -, not a {type(path).__name__}")
    shown = "standard input" if path == "-" else one_line(os.fspath(path), 200)
    data = _stdin_bytes() if path == "-" else _file_bytes(path, shown)
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    if not data:
        raise InputError(f"{shown}: the file is empty; there is nothing to rank")
    if format is None and os.path.splitext(path)[1].lower() in _DATA_SUFFIXES:
        raise InputError(f"{shown}: these are data, no article (mtqa evaluate --data reads labelled ones)")
    found = decode(data, name=shown, encoding=encoding)
    chosen = format or _guessed(found.text, "" if path == "-" else os.fspath(path))
    given = None if path == "-" else os.fspath(path)
    read = _read(found.text, Origin(shown, given, hashlib.sha256(data).hexdigest(), found.encoding, chosen))
    return replace(read, warnings=(found.warning, *read.warnings)) if found.warning else read


def read_utf8(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file that is data rather than an article. Raises `InputError`."""
    shown = one_line(os.fspath(path), 200)
    data = _file_bytes(path, shown)
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown}: not UTF-8 ({one_line(error, 100)})") from error


def document_from_text(
    text: str,
    *,
    path: str | None = None,
    format: str | None = "text",  # noqa: A002
) -> Document:
    """The article in a string; positions are of this string. Errors as for `read_article`.

    ``format``: None guesses by content, a page that begins as one.
    """
    _check_format(format)
    if not isinstance(text, str):
        raise InputError(f"a text is expected, a str, not a {type(text).__name__}")
    if len(text) > MAX_BYTES:
        raise _too_large(path or "the text")
    return _read(text, origin_of(text, path, format or _guessed(text, "")))


def document_from_sentences(
    sentences: Iterable[str], *, paragraphs: Iterable[int] | None = None, kinds: Iterable[str] | None = None
) -> Document:
    """A document of given sentences, each taken verbatim: no repair, no exclusion, no cutting.

    ``paragraphs``: a number for each sentence; neighbours with one number make one block (None: all
    are one). ``kinds``: of `BLOCK_KINDS`, one for each sentence; a change of kind begins a block too.
    Raises `InputError` for a blank sentence, one that is no `str`, a text, or lists of unequal length.
    """
    given = _listed(sentences)
    numbers = list(paragraphs) if paragraphs is not None else [0] * len(given)
    names = list(kinds) if kinds is not None else ["body"] * len(given)
    _check_sentences(given, numbers, names)
    blocks, spans = laid_out([len(sentence) for sentence in given], numbers, names)
    held: list[list[str]] = [[] for _ in blocks]
    for sentence, span in zip(given, spans, strict=True):
        held[span.block].append(sentence)
    text = BLANK_LINE.join(" ".join(block) for block in held)
    return of_sentences(origin_of(text, None, "text"), text, traced(text), blocks, spans)


def _check_format(name: str | None) -> None:
    if name is not None and name not in FORMATS:
        raise UsageError(unknown("input format", str(name), FORMATS))


def _listed(sentences: Iterable[str]) -> list[str]:
    """The sentences, of a pandas Series or a generator too. Raises `InputError` for what holds none."""
    if isinstance(sentences, str):
        raise InputError("give a list of sentences; document_from_text takes a text")
    if not isinstance(sentences, Iterable):
        raise InputError(f"a list of sentences is expected, not a {type(sentences).__name__}")
    return list(sentences)


def _check_sentences(sentences: Sequence[str], numbers: Sequence[int], kinds: Sequence[str]) -> None:
    if not sentences:
        raise InputError("no sentences were given; there is nothing to rank")
    for name, given in (("paragraphs", numbers), ("kinds", kinds)):
        if len(given) != len(sentences):
            raise InputError(
                f"{len(sentences)} sentences but {len(given)} {name}; give one for each sentence"
            )
    for index, (sentence, kind) in enumerate(zip(sentences, kinds, strict=True)):
        if not isinstance(sentence, str):
            raise InputError(f"sentence {index} is no text but a {type(sentence).__name__}; leave it out")
        if not sentence.strip():
            raise InputError(f"sentence {index} is blank; leave it out together with its label")
        if kind not in BLOCK_KINDS:
            raise InputError(f"sentence {index}: {unknown('kind', str(kind), BLOCK_KINDS)}")


def _too_large(name: str) -> InputError:
    return InputError(f"{name}: over {MAX_BYTES // 1_000_000} MB; split it or give one article at a time")


def _stdin_bytes() -> bytes:
    if sys.stdin is None:
        raise InputError("standard input is closed; name a file, or pipe a text into -")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _file_bytes(path: str | os.PathLike[str], shown: str) -> bytes:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{shown}: this is a directory; give the files in it, for example {shown}/*.txt")
        if status.st_size > MAX_BYTES:
            raise _too_large(shown)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{shown}: no such file; check the name, or give - for standard input") from None
    except PermissionError:
        raise InputError(f"{shown}: no permission to read it; check with ls -l") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{shown}: can't be read ({one_line(error, 100)})") from None


def _guessed(source: str, path: str) -> str:
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    return "html" if _HTML_START.match(source) else "text"


def _read(source: str, origin: Origin) -> Document:
    """The document of a decoded text in its format."""
    if not source.strip():
        raise InputError(
            f"{origin.name}: the file is {'only white space' if source else 'empty'}; nothing to rank"
        )
    if origin.format == "lines":
        return lines_document(origin, source)
    pieces, repairs = _pieces(source, origin.format)
    return document(origin, source, pieces, repairs)


def _pieces(source: str, form: str) -> tuple[list[Piece], list[Repair]]:
    if form == "html":
        from mtqa.text.html import html_pieces

        return html_pieces(source)
    text, repairs = cleaned(traced(source), lines=form != "markdown")
    if form == "markdown":
        from mtqa.text.markdown import markdown_pieces

        return markdown_pieces(text), list(repairs)
    from mtqa.text.blocks import plain_pieces
    from mtqa.text.subtitles import are_subtitles, subtitle_pieces

    pieces, joins = subtitle_pieces(text) if are_subtitles(text.text) else plain_pieces(text)
    return pieces, [*repairs, *joins]
