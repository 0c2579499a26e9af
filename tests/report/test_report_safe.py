"""What a screen is shown of characters that don't show."""

from __future__ import annotations

import pytest

from mtqa.report.safe import keep_lines, one_line

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
