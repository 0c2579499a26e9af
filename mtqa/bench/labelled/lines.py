r"""The lines of a text file, exactly: through `datasets` where that can be had, else opened here.

Their text builder opens a file in text mode, which makes "\n" of every "\r\n" and "\r": a cell's line break
would change, and with it where the spans behind it are. So it is given an encoding in which a carriage return
has another name and every byte is one character; what comes back is made bytes again, and decoded here.
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import gzip
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from mtqa.bench.labelled.stream import reason_of, streamed_file
from mtqa.errors import InputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Endings that `datasets` takes for those of plain text. Behind ".gz" it forgets which encoding it was given,
#: and translates line breaks; files of other endings it unpacks where their first bytes look packed.
_KNOWN_PLAIN = frozenset({".jsonl", ".json", ".csv", ".tsv"})
#: How many bytes `datasets` reads at once; it then finishes the line.
CHUNK_BYTES = 10 << 20
_LINES_AT_ONCE = 1000

_ENCODING = "mtqa_bytes"
_RETURN = "\u010d"
_CHARACTERS = "".join(map(chr, range(256))).replace("\r", _RETURN)


@contextlib.contextmanager
def data_lines(name: str, file: Path) -> Iterator[Iterator[str]]:
    r"""The lines of labelled data with their line breaks, cut at "\n" only; a first BOM is left out.

    ``name`` is for messages. Raises `InputError`, for bytes that are not UTF-8 with line and byte.
    """
    # "::" in a name is a chain of archives to `datasets`.
    through = file.suffix in _KNOWN_PLAIN and "::" not in str(file.absolute())
    with contextlib.closing(_streamed(file) if through else _opened(file)) as lines:
        yield _decoded(name, lines)


@contextlib.contextmanager
def article_lines(name: str, file: Path) -> Iterator[Iterator[str]]:
    """The same without `datasets`, for files of clean articles: `mtqa corrupt` needs it for nothing else."""
    with contextlib.closing(_opened(file)) as lines:
        yield _decoded(name, lines)


def _decoded(name: str, lines: Iterable[bytes]) -> Iterator[str]:
    number = at = 0
    try:
        for number, line in enumerate(lines, start=1):
            text = line if number > 1 else line.removeprefix(codecs.BOM_UTF8)
            yield text.decode()
            at += len(line)
    except UnicodeDecodeError as error:
        at += len(line) - len(text) + error.start
        raise InputError(f"{name}: line {number}: not UTF-8 (byte {at}); save the file as UTF-8") from error
    except Exception as error:  # of the file, of gzip, of whatever is below `datasets`
        raise InputError(f"{name}: can't be read ({reason_of(error)})") from error
    if not number:
        raise InputError(f"{name}: the file is empty")


def _opened(file: Path) -> Generator[bytes]:
    """Unpacked where it is ``.gz``."""
    packed = file.suffix.lower() == ".gz" and file.stat().st_size
    with cast(BinaryIO, gzip.open(file)) if packed else file.open("rb") as lines:
        yield from lines


def _streamed(file: Path) -> Generator[bytes]:
    _register()
    options = {"keep_linebreaks": True, "encoding": _ENCODING, "chunksize": CHUNK_BYTES}
    with streamed_file("text", file, **options) as loaded:
        for table in loaded.with_format("arrow").iter(batch_size=_LINES_AT_ONCE):
            for line in table["text"].to_pylist():
                yield line.encode(_ENCODING)


def _encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    return text.replace(_RETURN, "\r").encode("latin-1", errors), len(text)


def _decode(data: ReadableBuffer, errors: str = "strict") -> tuple[str, int]:
    return codecs.charmap_decode(data, errors, _CHARACTERS)


class _Decoder(codecs.IncrementalDecoder):
    def decode(self, data: ReadableBuffer, final: bool = False) -> str:  # noqa: ARG002 (text mode gives both)
        return _decode(data, self.errors)[0]


@functools.cache
def _register() -> None:
    info = codecs.CodecInfo(_encode, _decode, incrementaldecoder=_Decoder, name=_ENCODING)
    codecs.register(lambda name: info if name == _ENCODING else None)
