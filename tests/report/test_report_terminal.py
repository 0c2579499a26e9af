"""The terminal report: width, marks, colours, and text that tries to be markup."""

import re
from dataclasses import replace

import pytest
import report_builders as builders
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from mtqa.records import Expectation, Span, SuspectSpan
from mtqa.report import view
from mtqa.report.formats import RenderOptions, render

SGR = re.compile(r"\x1b\[[\d;]*m")


def terminal(*reports, **options) -> str:
    return render(reports, "terminal", options=RenderOptions(**options))


@pytest.mark.parametrize("width", [24, 40, 80, 200])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_asked_or_ends_in_a_space(width: int, color: bool) -> None:
    text = terminal(builders.hostile(), builders.library(), width=width, color=color, verbose=True)
    for line in SGR.sub("", text).splitlines():
        assert cell_len(line) <= width, line
        assert line == line.rstrip(), line


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=300).map(lambda s: s.strip()).filter(bool), st.integers(24, 100))
def test_width_holds_for_any_sentence(sentence: str, width: int) -> None:
    report = builders.report([builders.Part("body", (sentence,))], {sentence[:5]: builders.Suspect(9)})
    for line in terminal(report, width=width).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_plain_text_marks_what_colour_underlines() -> None:
    plain, colored = terminal(builders.library()), terminal(builders.library(), color=True)
    assert "\x1b" not in plain
    assert "the ⟦soup⟧ for their patience." in plain
    assert "⟦" not in colored
    assert re.search(r"\x1b\[1;4;31msoup\x1b\[0m", colored)
    unmarked = plain.replace("⟦", "").replace("⟧", "")
    assert SGR.sub("", colored).split() == unmarked.split()


def test_a_mark_that_wraps_is_opened_and_closed_once() -> None:
    text = terminal(builders.library(), width=40)
    assert text.count("⟦") == text.count("⟧") == 6


def test_rich_markup_and_emoji_codes_stay_literal() -> None:
    text = terminal(builders.hostile(), width=200)
    assert "⟦[bold]markup[/bold]⟧ [link](https://example.org/x)" in text
    assert ":tada:" in text
    assert "[red]German[/red]" in text


def test_expectations_and_notes() -> None:
    text = terminal(builders.library())
    assert "umbrellas: 15.3 bits; expected people, residents, visitors" in text
    assert "““: doubled quotation mark" in text
    assert "expected in, a line break" in text


def test_excluded_pieces_are_counted_after_the_first_few_unless_verbose() -> None:
    parts = [builders.Part("body", (f"Share {i}",), "share bar") for i in range(9)]
    report = builders.report([builders.Part("body", ("One sentence.",)), *parts], {})
    assert "line 11: Share 4 (share bar)\n  and 4 more\n" in terminal(report)
    assert "Share 8" in terminal(report, verbose=True)
    assert "more" not in terminal(report, verbose=True)


def test_several_articles_end_in_a_summary() -> None:
    text = terminal(builders.library(), builders.hostile())
    summary = text[text.index("Summary") :].splitlines()
    assert [line.split()[0] for line in summary[2:]] == ["10", "9"]
    assert "Summary" not in terminal(builders.library())


def test_settings_only_when_verbose() -> None:
    assert "window: 2048" in terminal(builders.library(), verbose=True)
    assert "window: 2048" not in terminal(builders.library())


def test_expectations_for_one_word_of_several_name_it():
    span = SuspectSpan(0, 10, 1, "flag error", 20.0, (Expectation(" will", 0.5),), Span(0, 10))
    assert view.remark(span) == "28.9 bits; expected will"
    assert view.remark(replace(span, expected_for="er\x1bror")).endswith(r"; expected will (for er\x1bror)")
