"""Bad input gives one clear line; encodings are found; files, standard input and formats."""

from __future__ import annotations

import gzip
import io
import os
import random
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mtqa.errors import InputError, UsageError
from mtqa.text.decode import decode
from mtqa.text.read import MAX_BYTES, document_from_sentences, document_from_text, read_article

TEXT = "The river rose overnight. Nobody was hurt."


def docx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return buffer.getvalue()


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "white": (b" \r\n\t\n", "white space"),
    "boilerplate": (b"READ MORE\n0 Comments\n", r"only boilerplate \(link to more, comment counter\)"),
    "no letters": (b"1 2 3\n4.5\n", "no letter"),
    "pdf": (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "PDF.*pdftotext"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG image"),
    "elf": (b"\x7fELF" + bytes(50), "program"),
    "gzip": (gzip.compress(TEXT.encode()), "gzip.*unpack"),
    "docx": (docx(), "Word document.*extract"),
    "random": (random.Random(1).randbytes(5_000), "binary"),
    "repeated": (b"spam " * 100_000, r"100,000 of its 100,000 words are 'spam'"),
    "undecodable": (b"The river \x81\x8d\x8f\x90\x9d rose \xff\xfe\x81 now \x9d\x81 up" * 3, "not UTF-8"),
    "broken utf-16": (b"\xff\xfea\x00b\x00c", "utf-16"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_line(name: str, tmp_path: Path) -> None:
    data, message = BAD[name]
    path = tmp_path / "article.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_article(path)
    assert "\n" not in str(caught.value)
    assert "article.txt" in str(caught.value)


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_article(tmp_path / "nothing.txt")
    with pytest.raises(InputError, match="directory"):
        read_article(tmp_path)
    with pytest.raises(InputError, match="can't be read"):
        read_article("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(TEXT)
    path.chmod(0)
    with pytest.raises(InputError, match="no permission"):
        read_article(path)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="20 MB; split it"):
        read_article(path)


def test_unknown_format_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    with pytest.raises(UsageError, match="did you mean 'html'"):
        read_article(path, format="htm")
    with pytest.raises(UsageError, match="unknown encoding"):
        read_article(path, encoding="utf-9")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "The café's river rose. Naïve."),
        ("utf-8-sig", "The café's river rose."),
        ("utf-16", "The café's river rose."),
        ("utf-16-le", "The café's river rose."),
        ("utf-32", "The café's river rose."),
        ("cp1250", "Řeka v noci stoupla o dva metry, uvedli hasiči. Nikdo nebyl zraněn. Voda už klesá."),
        ("gb18030", "中国政府星期一宣布了新的政策。这项政策将于明年开始实施。"),
        ("cp1251", "Река поднялась ночью на два метра. Никто не пострадал, сообщила служба."),
        ("cp1252", "The café’s river “rose” – slowly."),
        (
            "koi8-r",
            "Река поднялась ночью на два метра. Никто не пострадал, сообщила служба в понедельник утром.",
        ),
        (
            "shift_jis",
            "川の水位は夜のうちに二メートル上がった。けが人はいなかった。消防が月曜日の朝に発表した。",
        ),
    ],
)
def test_encodings_are_found(encoding: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    document = read_article(path)
    assert document.source == text
    assert document.text == text
    told = [w for w in document.warnings if "by a guess" in w]
    assert len(told) == (not encoding.startswith("utf"))


_ENGLISH = (
    "The river rose by two metres in the night, the fire service said on Monday. Nobody was hurt, and most "
    "of the water has gone down again since. The bridge at the lower end of the town stays closed. "
)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", f"{_ENGLISH}Mayor Ana Muñoz promised help."),  # two bytes that any page makes letters of
        ("latin-1", f"{_ENGLISH}Mayor Ana Muñoz promised help."),
        ("cp1252", f"{_ENGLISH}“It’s naïve – a façade,” said José García, whose protégé runs the café."),
        ("cp1252", "Der Bürgermeister sagte, daß die Straße für Fußgänger geöffnet würde."),
        ("cp1252", "L’été dernier, le maire a déclaré que la façade de l’hôtel serait rénovée."),
        ("cp1250", "Wczoraj wieczorem poszliśmy do kina na nowy film. Był bardzo długi i nudny."),
        ("cp1250", "Tegnap este moziba mentünk, és megnéztünk egy új filmet. Őszintén szólva unalmas volt."),
        ("cp1254", "Dün akşam sinemaya gittik ve yeni bir film izledik. Çok uzun ve sıkıcıydı."),
        ("cp1257", "Vakar vakare nuėjome į kiną ir žiūrėjome naują filmą. Jis buvo labai ilgas."),
    ],
)
def test_the_code_page_is_that_of_the_texts_language(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), name="a.txt").text == text


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    document = read_article("-")
    assert document.path is None
    assert document.text == TEXT


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("a.txt", "# The river rose.", "text"),
        ("a.md", "# The river rose.", "markdown"),
        ("a.htm", "<p>The river rose.</p>", "html"),
        ("a", "\n<!-- x -->\n<!DOCTYPE html><p>The river rose.</p>", "html"),
    ],
)
def test_the_format_is_guessed(name: str, data: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(data)
    assert read_article(path).format == form


def test_stray_controls_are_dropped_with_a_warning() -> None:
    document = document_from_text("The ri\x00ver\nrose\x07 over\u200bnight.")
    assert document.text.replace("\n\n", " ") == "The river rose overnight."
    assert document.warnings == ("2 control characters (NUL or the like) were left out, the first on line 1",)
    assert [repair.kind for repair in document.repairs] == ["control", "control", "invisible"]


def test_repairs_say_what_was_and_what_is() -> None:
    document = document_from_text("It didnâ€™t ﬁt\u00a0in the cafÃ©.")
    assert document.text == "It didn’t fit in the café."
    assert [(r.kind, r.was, r.now) for r in document.repairs] == [
        ("mojibake", "â€™", "’"),
        ("ligature", "ﬁ", "fi"),
        ("space", "\u00a0", " "),
        ("mojibake", "Ã©", "é"),
    ]
    assert all(document.source[r.start : r.end] == r.was for r in document.repairs)


@pytest.mark.parametrize("text", ["👨‍👩‍👧 went home.", "می‌خواهم بروم.", "The flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿 flew.", "A ❤️ for you."])
def test_joiners_that_are_spelling_stay(text: str) -> None:
    document = document_from_text(text)
    assert document.text == text
    assert document.repairs == ()


@pytest.mark.parametrize(
    "text", ["“Curly” quotes… stay – so do ½ and Å.", "RÉSUMÉ ÀÉÎ", "ТЕКСТ", "naïve façade"]
)
def test_what_is_not_broken_is_not_mended(text: str) -> None:
    assert document_from_text(text).text == text


LINES = "  first line here\r\nsecond, no stop\r\n\r\nShare this article\n \n0 Comments\rlast “one\n"


def test_lines_are_sentences_and_nothing_is_joined_cut_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "segments.txt"
    path.write_bytes(LINES.encode())
    document = read_article(path, format="lines")
    said = [document.text[s.start : s.end] for s in document.sentences]
    assert said == ["first line here", "second, no stop", "Share this article", "0 Comments", "last “one"]
    assert [s.block for s in document.sentences] == [0, 0, 1, 2, 2]
    spans = [document.to_source(s.start, s.end) for s in document.sentences]
    assert [document.source[span.start : span.end] for span in spans] == said
    assert document.path == str(path)
    assert not document.excluded
    assert len(document.quote_faults) == 1
    with pytest.raises(InputError, match="only white space"):
        document_from_text(" \n \n", format="lines")


def test_what_a_page_declares_is_read_whatever_its_case(tmp_path: Path) -> None:
    text = "Он приехал вчера вечером, и все были рады его видеть."
    for declared in ("charset=koi8-r", "CHARSET=KOI8-R"):
        path = tmp_path / "a.html"
        path.write_bytes(f'<META CONTENT="text/html; {declared}"><p>{text}</p>'.encode("koi8-r"))
        document = read_article(path)
        assert (document.text, document.encoding) == (text, "koi8-r")


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16LE", "ucs-2", "utf32"])
def test_a_declaration_that_can_not_be_true_is_none(tmp_path: Path, declared: str) -> None:
    text = "Le café de la gare était fermé ce matin, et personne ne savait pourquoi il l’était."
    data = f'<meta charset="{declared}"><p>{text}</p>'.encode("cp1252")
    path = tmp_path / "a.html"
    path.write_bytes(data + b" " * (len(data) % 2))
    assert read_article(path).text == text


@pytest.mark.parametrize(
    "make", [tuple, iter, np.array, pd.Series, lambda given: pd.Series(given, index=[7, 3])]
)
def test_sentences_come_in_whatever_can_be_gone_through(make: Any) -> None:
    given = ["The river rose.", "Nobody was hurt."]
    document = document_from_sentences(make(given), paragraphs=make([0, 1]), kinds=make(["body", "heading"]))
    assert [document.text[s.start : s.end] for s in document.sentences] == given
    assert [block.kind for block in document.blocks] == ["body", "heading"]


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (TEXT, "give a list of sentences; document_from_text takes a text"),
        (None, "a list of sentences is expected, not a NoneType"),
        ([TEXT, float("nan")], "sentence 1 is no text but a float"),
        (pd.Series([TEXT, None], dtype=object), "sentence 1 is no text but a NoneType"),
        ([b"bytes"], "sentence 0 is no text but a bytes"),
        (b"bytes", "sentence 0 is no text but a int"),
        (iter(()), "no sentences were given"),
        (pd.Series([], dtype=object), "no sentences were given"),
        ([TEXT, " "], "sentence 1 is blank"),
    ],
)
def test_what_is_no_list_of_sentences(sentences: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        document_from_sentences(sentences)


def test_a_kind_that_is_none() -> None:
    with pytest.raises(InputError, match="unknown kind 'None'"):
        document_from_sentences([TEXT], kinds=[None])  # type: ignore[list-item]


@pytest.mark.parametrize("nothing", [None, 7, b"bytes", [TEXT]])
def test_what_is_no_text_and_no_path(nothing: Any) -> None:
    kind = type(nothing).__name__
    with pytest.raises(InputError, match=f"a text is expected, a str, not a {kind}"):
        document_from_text(nothing)
    with pytest.raises(InputError, match=f"the path of a file is expected, or -, not a {kind}"):
        read_article(nothing)
    with pytest.raises(UsageError, match="unknown input format"):
        document_from_text(TEXT, format=7)  # type: ignore[arg-type]
