"""Files whose bytes are odd: UTF-8 with a flaw, seven-bit encodings, mail and saved pages of parts."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from mtqa.errors import InputError
from mtqa.records import Document
from mtqa.text.decode import decode
from mtqa.text.offsets import LineIndex
from mtqa.text.read import read_article

FRENCH = (
    "L’été dernier, le maire a déclaré que la façade serait rénovée.\n\n"
    "Personne n’a été consulté, même pas le préfet.\n\nLe pont est fermé depuis mercredi."
)
RUSSIAN = "Мост через реку будет открыт не раньше весны.\n\nЖители недовольны этим решением."
JAPANESE = "川の水位は夜のうちに二メートル上がった。\n\nけが人はいなかった。"


def read(data: bytes, folder: Path, name: str = "a.txt") -> Document:
    path = folder / name
    path.write_bytes(data)
    return read_article(path)


@pytest.mark.parametrize("text", [FRENCH, RUSSIAN, JAPANESE])
@pytest.mark.parametrize("stray", [b"\xe9", b"\x80", b"\xff", b"\xe2\x80"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_one_stray_byte_is_shown_as_such(text: str, stray: bytes, mark: bytes, tmp_path: Path) -> None:
    head, tail = text.split("\n\n", 1)
    before = mark + f"{head} ".encode()
    document = read(before + stray + f"\n\n{tail}".encode(), tmp_path)
    assert document.source == f"{head} \ufffd\n\n{tail}"
    assert document.encoding == "utf-8"
    assert document.warnings == (f"byte {len(before)} is not UTF-8: it is shown as \ufffd",)
    last = document.sentences[-1]
    span = document.to_source(last.start, last.end)
    assert document.source[span.start : span.end] == document.text[last.start : last.end]
    assert LineIndex(document.source).line_of(span.start) == text.count("\n") + 1


@pytest.mark.parametrize("text", [FRENCH + " Été", RUSSIAN, JAPANESE, "Il a chanté tout l’été"])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_file_that_is_cut_in_a_character_is_read(text: str, missing: int, tmp_path: Path) -> None:
    data = text.encode()[:-missing]
    whole = data.decode(errors="ignore")
    at = len(whole.encode())
    document = read(data, tmp_path)
    if at == len(data):  # a mark of two bytes went, or a letter of one
        assert document.source == whole
        return
    assert document.source == f"{whole}\ufffd"
    assert document.warnings == (f"byte {at} is not UTF-8: it is shown as \ufffd",)


def test_several_bad_bytes_are_one_warning(tmp_path: Path) -> None:
    head = FRENCH.encode()
    document = read(head + b" \xff " + head + b" \xfe " + head, tmp_path)
    assert document.source.count("\ufffd") == 2
    expected = f"2 places are not UTF-8, the first at byte {len(head) + 1}: they are shown as \ufffd"
    assert document.warnings == (expected,)


@pytest.mark.parametrize(
    "text", ["The mayor opened the new café", "Er aß gerne Käse aus dem Süden und aß Brot dazu"]
)
def test_a_western_text_that_ends_in_a_letter_with_an_accent_is_no_cut_file(text: str) -> None:
    assert decode(text.encode("cp1252"), name="a").text == text


@pytest.mark.parametrize("codec", ["iso2022_jp", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext"])
def test_japanese_in_seven_bits(codec: str, tmp_path: Path) -> None:
    document = read(JAPANESE.encode(codec), tmp_path)
    assert document.source == JAPANESE
    assert document.warnings == ()


def test_a_japanese_page_in_seven_bits(tmp_path: Path) -> None:
    page = f'<html><head><meta charset="iso-2022-jp"></head><body><p>{JAPANESE[:20]}</p></body></html>'
    assert JAPANESE[:20] in read(page.encode("iso2022_jp"), tmp_path, "a.html").text


def test_korean_in_seven_bits(tmp_path: Path) -> None:
    text = "강물이 밤사이에 불어났다. 다친 사람은 없었다."
    assert read(text.encode("iso2022_kr"), tmp_path).source == text


def test_escapes_that_lead_nowhere_are_one_line() -> None:
    with pytest.raises(InputError, match=r"a: has the escapes of ISO-2022-JP but does not fit"):
        decode(b"The river \x1b$B\x01\x02 rose.", name="a")


def test_escapes_of_a_terminal_are_no_japanese() -> None:
    assert decode(b"The \x1b[31mriver\x1b(B\x1b[m rose.", name="a").encoding == "utf-8"


BODY = "Content-Type: text/plain\n\nIt didn=E2=80=99t rise.\n"


@pytest.mark.parametrize(
    "head",
    [
        "From: Ann <a@b.example>\nSubject: The river\nMIME-Version: 1.0\n",
        "From a@b.example Mon May  3\nReceived: from a\n by b; Mon\nTo: c@d.example\nMime-Version: 1.0\n",
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://a.example/\r\nMIME-Version: 1.0\r\n",
        'Subject: x\nContent-Type: multipart/mixed;\n\tboundary="a"\n',
        "Subject: x\nContent-Transfer-Encoding: quoted-printable\n",
    ],
)
def test_raw_mail_and_saved_pages_are_refused_with_advice(head: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.eml: this is a raw e-mail .*save it as plain text") as caught:
        read((head + BODY).encode(), tmp_path, "a.eml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "From: Ann\nSubject: The river\nDate: 3 May 2021\n\nIt rose in the night. Nobody was hurt.\n",
        "The river: it rose.\n\nMIME-Version: 1.0 is the header that every mail has.\n",
    ],
)
def test_text_that_looks_a_little_like_mail_is_read(text: str, tmp_path: Path) -> None:
    assert read(text.encode(), tmp_path).source == text
