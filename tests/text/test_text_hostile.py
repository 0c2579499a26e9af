"""Hostile lines: no regular expression of the room, and no reader, takes more than linear time or near it."""

# ruff: noqa: E501  the lines are what is tested
from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest

import mtqa.text
from mtqa.errors import InputError
from mtqa.text.boilerplate import MAX_CHARACTERS, reason_for
from mtqa.text.boilerplate_table import TABLE, TEXT
from mtqa.text.read import document_from_text
from mtqa.text.segment import sentence_spans

pytestmark = pytest.mark.slow

LENGTH = 5_000
UNITS = [
    *(
        "Manchester United ",
        "Mc",
        "MacDonald ",
        "O’Neill-",
        "J. ",
        "J. R. Smith and ",
        "Mon Tue ",
        "7",
        "7.5 ",
        "1,",
        ".",
    ),
    *(
        ". ",
        "...",
        "…",
        "-",
        "- ",
        "–",
        "—",
        '"',
        '" ',
        "“",
        "”",
        "'",
        "’",
        "‘",
        "<!---->",
        '<a href="',
        "|",
        " | ",
        ">",
    ),
    *(
        "> ",
        " ",
        "\t",
        "\xa0",
        "a",
        "A",
        "_",
        "a-",
        "a_",
        "(",
        ")",
        "((",
        "[",
        "]",
        "](",
        "[1]",
        "![",
        "*",
        "`",
        "\\",
        "#tag ",
    ),
    *(
        "=",
        "/",
        "a/b ",
        "@a.b",
        "www.a.b ",
        "😀.",
        "😀",
        "中。",
        "!",
        "?!",
        ":",
        ";",
        "#",
        "&",
        "&a",
        "<",
        "<a ",
        "getty ",
    ),
    *(
        "courtesy of ",
        "by Jane Doe and ",
        "share tweet ",
        "Home > ",
        "© ",
        "(AP ",
        "photo by ",
        "(Photo by ",
        "needed",
        "---\n",
    ),
    *(
        "\n",
        "\r",
        "a\n",
        "> a\n",
        "mem-\n",
        "terms | ",
        "reading by A in ",
        "http://a.b/",
        "2 hours ago ",
        "1 May 2020, ",
        "+++\n",
    ),
]
TAILS = ["", "!", " x"]
LINES = [
    "Manchester United Beat Liverpool Three Nil After Wayne Rooney Scores Late Double Again!",
    "John Smith Mary Jones Peter Brown Paul White Anna Green Lisa Black Mark Grey",
    "By John Smith Mary Jones Peter Brown Paul White Anna Green Lisa Black Mark Grey Ann Lee Bob Ray Joe Day were there.",
    "Photo: MacDonald McAllister MacGregor McKenzie MacLeod McDougal MacIntyre McKay MacKay McRae MacBeth McAdam!!",
    "Follow MacDonald McAllister MacGregor McKenzie MacLeod McDougal MacIntyre McKay MacKay McRae MacBeth McAdam on the hill",
    "Mon Tue Wed Thu Fri Sat Sun " * 7,
]


class TooSlowError(Exception):
    """A regular expression ran past its time."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raises `TooSlowError` inside a match that runs too long: ``re`` looks for signals now and then."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def expressions(value: Any) -> Iterator[re.Pattern[str]]:
    """Every pattern of text in a module's constant."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from expressions(inner)


def of_the_room() -> Iterator[Any]:
    for module in pkgutil.iter_modules(mtqa.text.__path__):
        names = vars(importlib.import_module(f"mtqa.text.{module.name}"))
        for name, value in names.items():
            for index, pattern in enumerate(expressions(value)):
                yield pytest.param(pattern, id=f"{module.name}.{name}.{index}")


def run(pattern: re.Pattern[str], text: str) -> None:
    with limit(1.0):
        pattern.match(text)
        pattern.fullmatch(text)
        for _ in pattern.finditer(text):
            pass


@pytest.mark.parametrize("pattern", list(of_the_room()))
def test_no_expression_is_slow_on_long_runs(pattern: re.Pattern[str]) -> None:
    for unit in UNITS:
        for tail in TAILS:
            run(pattern, unit * (LENGTH // len(unit)) + tail)


TABLE_PATTERNS = [
    pytest.param(pattern, id=f"{reason} {index}")
    for reason, patterns in [*TABLE.items(), ("text", TEXT)]
    for index, pattern in enumerate(patterns)
]
#: The words of the patterns themselves are the likeliest to lead them astray.
WORDS = sorted(
    {word for patterns in TABLE.values() for p in patterns for word in re.findall(r"(?<!\\)[A-Za-z]{2,}", p)}
)


@pytest.mark.parametrize("pattern", TABLE_PATTERNS)
def test_no_pattern_of_the_table_is_slow(pattern: str) -> None:
    compiled = re.compile(pattern, re.IGNORECASE)
    for unit in [*UNITS, *LINES]:
        for tail in TAILS:
            with limit(1.0):
                compiled.fullmatch((unit * (LENGTH // len(unit) + 1))[:LENGTH] + tail)


def test_no_pattern_is_led_astray_by_its_own_words() -> None:
    for unit in WORDS:
        for text in (unit, unit.title()):
            for glue in (" ", ", ", "/", " (", "-", " | "):
                with limit(1.0):
                    reason_for(((text + glue) * MAX_CHARACTERS)[: MAX_CHARACTERS - 2] + " x")


@pytest.mark.parametrize("line", LINES)
def test_title_case_lines_are_judged_at_once(line: str) -> None:
    with limit(1.0):
        assert reason_for(line) == ("photo credit" if line.startswith("Photo:") else None)
        assert reason_for(line + " is here.") is None


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_file_of_one_thing_is_read_at_once(unit: str, form: str) -> None:
    with limit(5.0), suppress(InputError):  # nothing but one word, or no letter, may be refused
        document_from_text("He came. " + unit * (LENGTH // len(unit)) + " Then he left.", format=form)


@pytest.mark.parametrize(
    "unit", [".", "...a", "-", "a", "!", "…", '"', "=", "中", ". ", "a.", ".[1]", "[1] ", ";", "). ", "a… "]
)
def test_a_long_run_is_cut_into_sentences_in_linear_time(unit: str) -> None:
    text = "He came. " + unit * (100_000 // len(unit)) + " Then he left."
    with limit(3.0):
        spans = sentence_spans(text)
    assert text[spans[0].start : spans[0].end].startswith("He came.")
    assert text[spans[-1].start : spans[-1].end].endswith("Then he left.")
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert "".join(text[s.start : s.end] for s in spans).replace(" ", "") == text.replace(" ", "")
