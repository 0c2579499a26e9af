"""The registry, the options that all formats share, and what every format must never let through."""

import dataclasses
import importlib
import re
import subprocess
import sys

import pytest
import report_builders as builders
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.errors import UsageError
from mtqa.report.formats import FORMATS, RenderOptions, format_for_path, render

ALL = sorted(FORMATS)
#: What steers a terminal or hides text; \n is the only control character that a report needs.
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]")


def test_every_name_resolves_to_a_function() -> None:
    for target in FORMATS.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", ALL)
def test_rendering_is_deterministic_and_ends_in_one_line_break(name: str) -> None:
    first = render([builders.library()], name)
    assert first == render([builders.library()], name)
    assert first.endswith("\n")
    assert not first.endswith("\n\n")


@pytest.mark.parametrize("name", ALL)
def test_environment_does_not_reach_the_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = render([builders.library()], name)
    for key, value in {"COLUMNS": "33", "NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(key, value)
    assert render([builders.library()], name) == before


def test_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown format 'htm': did you mean 'html'\?"):
        render([builders.library()], "htm")


def test_negative_top_and_no_reports_are_refused() -> None:
    with pytest.raises(UsageError, match="top is -1"):
        render([builders.library()], "json", options=RenderOptions(top=-1))
    with pytest.raises(UsageError, match="no report"):
        render([], "json")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("terminal", r"(?m)^ +\d+ +\d+ +[\d.]+ "),
        ("markdown", r"(?m)^### \d+\."),
        ("html", r'<li id="a0-f'),
        ("json", r'"rank":'),
        ("jsonl", r'"rank":'),
        ("csv", r"(?m)^\d+,articles"),
    ],
)
@pytest.mark.parametrize(
    ("top", "by_default_10", "others"), [(None, 10, 25), (0, 25, 25), (3, 3, 3), (99, 25, 25)]
)
def test_top(name: str, pattern: str, top: int | None, by_default_10: int, others: int) -> None:
    text = render([builders.long(25)], name, options=RenderOptions(top=top))
    expected = by_default_10 if name in ("terminal", "markdown") else others
    assert len(re.findall(pattern, text)) == expected


@pytest.mark.parametrize("name", ["terminal", "markdown", "html", "csv"])
def test_nothing_that_steers_a_screen_leaves(name: str) -> None:
    text = render([builders.hostile(), builders.library()], name, options=RenderOptions(verbose=True))
    assert not STEERING.search(text)
    assert "\\u202e" in text
    assert re.search(r"\\x1b\\?\[31m", text)
    text.encode("utf-8")  # no lone surrogate


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_machine_formats_hold_no_raw_control_character(name: str) -> None:
    text = render([builders.hostile()], name)
    assert not re.search("[\x00-\x09\x0b-\x1f]", text)
    text.encode("utf-8")


# Words and digits are in: a number or a name of the article next to anything else.
@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=30).filter(lambda s: s.strip() == s), min_size=1, max_size=4))
def test_any_text_renders_in_any_format(sentences: list[str]) -> None:
    report = builders.report(
        [builders.Part("body", tuple(sentences))], {sentences[0][:3]: builders.Suspect(9)}
    )
    for name in ALL:
        render([report], name).encode("utf-8")


@pytest.mark.parametrize("name", ALL)
def test_numbers_that_are_none_do_not_stop_a_report(name: str) -> None:
    report = builders.library()
    odd = dataclasses.replace(
        report.findings[0], score=float("nan"), perplexity=float("inf"), measures={"slor": None, "x": -0.0}
    )
    text = render([dataclasses.replace(report, findings=(odd, *report.findings[1:]))], name)
    assert not re.search(r"(?<![\w-])(nan|inf|NaN|Infinity)(?![\w-])", text.split("<script>")[0])


@pytest.mark.parametrize("name", ALL)
def test_an_article_without_findings_or_path(name: str) -> None:
    report = builders.report([builders.Part("body", ("READ MORE",), "button")], {}, path=None)
    assert not report.findings
    render([report], name)


def test_format_for_path() -> None:
    assert format_for_path("a/b.HTM") == "html"
    assert format_for_path("x.md") == "markdown"
    assert format_for_path("x.jsonl") == "jsonl"
    assert format_for_path("x.txt") == "terminal"
    assert format_for_path("json") is None
    assert format_for_path(".html") is None


def test_importing_the_room_loads_no_heavy_library() -> None:
    modules = ["mtqa.report.formats", "mtqa.report.write", *(t.partition(":")[0] for t in FORMATS.values())]
    heavy = {"rich", "jinja2", "markupsafe", "torch"}
    code = f"import sys, {', '.join(modules)}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
