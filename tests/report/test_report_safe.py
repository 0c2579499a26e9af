"""What a screen is shown of characters that don't show."""

from __future__ import annotations

import json

import pytest

from mtqa.report.safe import json_surrogates, keep_lines, one_line

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"


@pytest.mark.parametrize("flag", [ENGLAND, SCOTLAND, WALES])
def test_flags_of_regions_are_shown(flag: str) -> None:
    text = f"The {flag} flew\u202e."
    assert one_line(text) == f"The {flag} flew\\u202e."
    assert keep_lines(f"{text}\n{flag}") == f"The {flag} flew\\u202e.\n{flag}"


@pytest.mark.parametrize(
    "text",
    [
        ENGLAND[1:],
        ENGLAND[:-1],
        ENGLAND[:2] * 20 + ENGLAND[2:-1],
        ENGLAND[0] + ENGLAND[1:2] * 7 + ENGLAND[-1],
    ],
)
def test_hidden_text_behind_a_flag_is_not(text: str) -> None:
    assert "\\U000e00" in one_line(text)
    assert not any("\U000e0000" <= c <= "\U000e007f" for c in one_line(text))


@pytest.mark.parametrize(
    "character",
    ["\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\ud800"],
)
def test_json_holds_nothing_raw_that_ends_a_line_or_steers_a_screen(character: str) -> None:
    value = {f"a{character}b": [f"{character}é漢"]}
    safe = json_surrogates(json.dumps(value, ensure_ascii=False))
    assert character not in safe
    assert "é漢" in safe
    assert json.loads(safe) == value
    assert len(safe.encode().decode().splitlines()) == 1


def test_json_keeps_what_is_spelling() -> None:
    text = json.dumps(f"{ENGLAND} \u200d\u200c\ufe0f\u00ad a\xa0b \u200e", ensure_ascii=False)
    assert json_surrogates(text) == text
