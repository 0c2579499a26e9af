"""Bytes to characters: byte-order mark, UTF-8, what the page declares, else the best guess.

A file that is no text is refused here, in one line that says what it seems to be.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, Final, NamedTuple

from mtqa.errors import InputError, UsageError, one_line
from mtqa.text.language import sure_language

_BOMS: Final = (  # utf-32 first: its little-endian mark begins with that of utf-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_EXTRACT = "extract its text first and give that"
#: Magic bytes at the start of a file: what it is, and what to do.
_MAGIC: Final = (
    (b"%PDF-", "a PDF", f"{_EXTRACT} (pdftotext FILE.pdf)"),
    (b"\xd0\xcf\x11\xe0", "an old Word, Excel or PowerPoint file", f"{_EXTRACT} (save it as plain text)"),
    (b"{\\rtf", "a rich-text (RTF) file", f"{_EXTRACT} (save it as plain text)"),
    (b"\x89PNG", "a PNG image", "give a text, Markdown or HTML file"),
    (b"\xff\xd8\xff", "a JPEG image", "give a text, Markdown or HTML file"),
    (b"GIF8", "a GIF image", "give a text, Markdown or HTML file"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first (gunzip)"),
    (b"BZh", "a bzip2 archive", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first (unxz)"),
    (b"(\xb5/\xfd", "a zstd archive", "unpack it first (unzstd)"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"\x7fELF", "a program (ELF)", "give a text, Markdown or HTML file"),
    (b"SQLite format 3\x00", "an SQLite database", "export its text first"),
    (b"ID3", "an MP3 sound file", "give a text, Markdown or HTML file"),
    (b"OggS", "an Ogg sound file", "give a text, Markdown or HTML file"),
)
_ZIPPED: Final = (
    (b"word/", "a Word document (DOCX)", f"{_EXTRACT} (save it as plain text, or pandoc FILE.docx -t plain)"),
    (b"xl/", "an Excel workbook (XLSX)", "save the text of its cells first"),
    (b"ppt/", "a PowerPoint file (PPTX)", f"{_EXTRACT}"),
    (b"opendocument", "an OpenDocument file", f"{_EXTRACT} (save it as plain text)"),
    (b"epub+zip", "an EPUB book", f"{_EXTRACT} (pandoc FILE.epub -t plain)"),
)
#: The lines that begin an e-mail or a saved page of parts, and what says that its body is not plain text.
_MAIL_HEAD = re.compile(rb"(?:From [^\n]*\n)?(?:[A-Za-z][\w-]*:[^\n]*\n(?:[ \t][^\n]*\n)*+){2,}+")
_MIME = re.compile(rb"^(?:MIME-Version|Content-Transfer-Encoding|Content-Type:\s*multipart/)", re.I | re.M)
#: The escapes to Japanese and Korean letters in the encodings of seven bits, and the codecs that know them.
_SEVEN_BITS = re.compile(rb"\x1b(?:\$[@AB]|\$\([CDOPQ]|\([IJ]|\$\)C)")
_SEVEN_BIT_CODECS: Final = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext")
_CONTROLS = bytes({*range(32), 0x7F} - set(b"\t\n\v\f\r\x1b"))
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.I)
_WIDE = re.compile(r"u(?:tf|cs)?[-_ ]?(?:16|32|2|4)", re.I)
_MAX_CONTROL_SHARE = 0.02  # real texts with stray NULs stay under 0.1 %, compressed data is at 10 %
#: Valid sequences of several bytes for each bad byte. Of 150,000 texts of 2 to 60 frequent words in 29 other
#: encodings none had over 4.
_CLEARLY_UTF8 = 5
_MAX_CHAOS = 0.2  # charset-normalizer's mess ratio, 0 to 1; its own cut is 0.2 on the first chunks
_CLEARLY = 0.02  # coherence, 0 to 1; cp1250 beats cp1252 by 0.04 on two lines of Czech
_LEAST_LETTERS, _SURE = 40, 0.8  # a language is guessed wildly from less text
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_KANA_CODECS = ("shift_jis", "shift_jis_2004", "shift_jisx0213", "cp932", "johab", "big5hkscs")
#: The Windows code page of languages in Latin letters: a text that is, all but a few bytes, in one of theirs
#: is no text of another page. Coherence on those few bytes alone is noise: cp1250 for one *Muñoz* in English.
_CODE_PAGES: Final = {
    language: page
    for page, languages in (
        ("cp1252", "af ca da de en es eu fi fr ga gl id is it lb ms nb nl nn no pt sv sw"),
        ("cp1250", "bs cs hr hu pl ro sk sl"),
        ("cp1254", "tr"),
        ("cp1257", "et lt lv"),
    )
    for language in languages.split()
}
_WESTERN = re.compile(r"[^\W\d_]|[\s–—‘’“”„‚…•€£°§©®™«»¡¿·½¼¾²³×÷´¨ªº\xa0\xad]")


class Decoded(NamedTuple):
    """A file's text and the encoding it was read with; ``warning``: what a person should know of that."""

    text: str
    encoding: str
    warning: str | None = None


_GUESSED = (
    "the file is not UTF-8 and does not say what it is: read as {}, by a guess; "
    "name the right encoding (--encoding) if letters look wrong"
)


def decode(data: bytes, *, name: str, encoding: str | None = None) -> Decoded:
    """The text of a file; a byte-order mark is dropped.

    ``name`` is what messages call the file. Raises `InputError` for a binary file or bytes that no
    encoding explains, `UsageError` for an unknown ``encoding``.
    """
    if encoding is not None:
        return _decode_as(data, encoding, name)
    for mark, found in _BOMS:
        if data.startswith(mark):
            return _decode_marked(data[len(mark) :], found, name)
    _refuse_magic(data, name)
    wide = _wide_without_mark(data)
    if wide is not None:
        return wide
    if data.isascii() and _SEVEN_BITS.search(data):
        return _seven_bits(data, name)
    _refuse_controls(data, name)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        return _flawed_utf8(data, error) or _guess(data, name, error.start)


def _decode_as(data: bytes, encoding: str, name: str) -> Decoded:
    try:
        codec = codecs.lookup(encoding)
        text = data.decode(codec.name)
    except (LookupError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise InputError(
                f"{name}: byte {error.start} is not {encoding}; leave the encoding out to have it guessed"
            ) from None
        raise UsageError(
            f"unknown encoding {one_line(encoding, 40)!r}: give a name such as utf-8, windows-1252, shift_jis"
        ) from None
    return Decoded(text.removeprefix("\ufeff"), codec.name)


def _decode_marked(data: bytes, encoding: str, name: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        flawed = _flawed_utf8(data, error, before=len(codecs.BOM_UTF8)) if encoding == "utf-8" else None
        if flawed is not None:
            return flawed
        raise InputError(
            f"{name}: begins like {encoding} but byte {error.start} does not fit; "
            "save it as UTF-8, or name the encoding"
        ) from None


def _refuse_magic(data: bytes, name: str) -> None:
    if data.startswith(b"PK\x03\x04"):
        head = data[:4096] + data[-4096:]
        for mark, what, advice in _ZIPPED:
            if mark in head:
                raise InputError(f"{name}: this is {what}, not text; {advice}")
        raise InputError(f"{name}: this is a ZIP archive, not text; unpack it first")
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        raise InputError(f"{name}: this is an image, sound or film file; give a text, Markdown or HTML file")
    for mark, what, advice in _MAGIC:
        if data.startswith(mark):
            raise InputError(f"{name}: this is {what}, not text; {advice}")

    headers = _MAIL_HEAD.match(data)
    if headers is not None and _MIME.search(headers[0]):
        raise InputError(
            f"{name}: this is a raw e-mail or a saved page of parts (MIME, MHTML), not text; {_EXTRACT} "
            "(open it and save it as plain text or HTML)"
        )


def _flawed_utf8(data: bytes, error: UnicodeDecodeError, *, before: int = 0) -> Decoded | None:
    """UTF-8 with a few bad bytes, or cut inside its last character; U+FFFD stands for what is bad.

    ``error``: of the first of them; ``before``: bytes of the file that stood before the data.
    """
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd") - data.count("\ufffd".encode())
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    cut = error.reason == "unexpected end of data" and good > 0
    if not cut and good < _CLEARLY_UTF8 * bad:
        return None
    first = before + error.start
    if bad == 1:
        return Decoded(text, "utf-8", f"byte {first} is not UTF-8: it is shown as \ufffd")
    return Decoded(
        text, "utf-8", f"{bad:,} places are not UTF-8, the first at byte {first}: they are shown as \ufffd"
    )


def _seven_bits(data: bytes, name: str) -> Decoded:
    korean = b"\x1b$)C" in data  # the Japanese codecs pass over this escape and leave its letters ASCII
    for codec in ("iso2022_kr",) if korean else _SEVEN_BIT_CODECS:
        try:
            return Decoded(data.decode(codec), codec)
        except UnicodeDecodeError:
            continue
    raise InputError(
        f"{name}: has the escapes of ISO-2022-JP but does not fit it; save it as UTF-8, or name the encoding"
    )


def _wide_without_mark(data: bytes) -> Decoded | None:
    """UTF-16 without a mark: in Western text every other byte is NUL."""
    even, odd = data[0:4000:2], data[1:4000:2]
    if len(odd) < 2:
        return None
    share = {"utf-16-be": even.count(0) / len(even), "utf-16-le": odd.count(0) / len(odd)}
    best = max(share, key=lambda codec: share[codec])
    if share[best] < 0.6 or min(share.values()) > 0.1:
        return None
    try:
        return Decoded(data.decode(best), best)
    except UnicodeDecodeError:
        return None


def _refuse_controls(data: bytes, name: str) -> None:
    count = len(data) - len(data.translate(None, _CONTROLS))
    if count > 8 + _MAX_CONTROL_SHARE * len(data) or count * 3 > len(data) > 0:
        share = count / len(data)
        raise InputError(
            f"{name}: this seems to be a binary file, not text ({share:.0%} of its bytes are control "
            "characters); give a text, Markdown or HTML file"
        )


def _guess(data: bytes, name: str, bad: int) -> Decoded:
    """What the page declares, then the best guess."""
    declared = _DECLARED.search(data[:2048])
    candidates = [declared[1].decode("ascii")] if declared else []
    for candidate in candidates:
        if _WIDE.match(candidate):  # bytes in which the declaration can be read are of neither
            continue
        try:
            return Decoded(data.decode(candidate), codecs.lookup(candidate).name)
        except (LookupError, ValueError):
            continue
    guessed = _best_guess(data)
    if guessed is None:
        raise InputError(
            f"{name}: byte {bad} is not UTF-8 and no other encoding fits; "
            "save the file as UTF-8, or name the encoding"
        )
    text, encoding = guessed
    return Decoded(text, encoding, _GUESSED.format(encoding))


def _western(data: bytes) -> str | None:
    """Windows-1252, where the few bytes beyond ASCII are letters and typographic marks in it."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    beyond = [c for c in text if not c.isascii()]
    if len(beyond) > 0.25 * len(text) or not all(_WESTERN.match(c) for c in beyond):
        return None
    return text


def _by_language(data: bytes, western: str) -> tuple[str, str] | None:
    """By the code page of the text's language; ``western``: the text as Windows-1252 would have it."""
    if sum(map(str.isalpha, western)) < _LEAST_LETTERS:
        return None
    page = _CODE_PAGES.get(sure_language(western, _SURE) or "")
    if page is None:
        return None
    try:
        return data.decode(page), page
    except UnicodeDecodeError:
        return None


def _best_guess(data: bytes) -> tuple[str, str] | None:
    """Its language's code page; Windows-1252 unless another makes clearly more words; what is plausible."""
    western = _western(data)
    known = _by_language(data, western) if western is not None else None
    if known is not None:
        return known
    matches = _matches(data)
    if western is not None:
        coherence = {match.encoding: match.coherence for match in matches}
        if max(coherence.values(), default=0.0) <= coherence.get("cp1252", 0.0) + _CLEARLY:
            return western, "cp1252"
    for match in matches:
        text = data.decode(match.encoding, errors="replace")
        if match.chaos <= _MAX_CHAOS and _plausible(text, match.coherence):
            return text, match.encoding
    return None


def _matches(data: bytes) -> list[Any]:
    """charset-normalizer's guesses, best first; one of half-width kana is another try's single bytes."""
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data))
    if (
        matches
        and len(_HALF_WIDTH.findall(data.decode(matches[0].encoding, errors="replace"))) > len(data) / 10
    ):
        return list(from_bytes(data, cp_exclusion=list(_KANA_CODECS)))
    return matches


def _plausible(text: str, coherence: float) -> bool:
    """Nothing lost, mostly letters, and the foreign letters either make words or most of the text."""
    if "\ufffd" in text or len(text) < 4:
        return False
    letters = [c for c in text if c.isalpha()]
    foreign = sum(not c.isascii() for c in letters)
    readable = sum(c.isalnum() or c.isspace() for c in text)
    return readable >= 0.7 * len(text) and (coherence > 0 or 2 * foreign >= len(letters))
