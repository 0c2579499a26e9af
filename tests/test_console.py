"""The progress bar on a terminal of our own, its lines off one, and what an internal error says."""

from __future__ import annotations

import io
import sys

import pytest

from mtqa import cli
from mtqa.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_same_stage_of_another_file_opens_the_bar_again(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    console = Console()
    bars = []
    for _ in range(2):  # two models verified, one after the other
        console.update("verifying", 1, 2)
        bars.append(console._bar)
        assert (bars[-1].tasks[0].completed, bars[-1].tasks[0].total) == (1, 2)
        console.close()
    assert bars[0] is not bars[1]
    assert all(bar.live.is_started is False for bar in bars)
    console.close()  # a second time is no error


def test_off_a_terminal_a_long_stage_is_one_line_and_the_rest_is_silent(capsys):
    with Console() as console:
        console.update("fetching", 0, 92_871_040)
        console.update("fetching", 92_871_040, 92_871_040)
        console.update("verifying", 1, 2)
        console.update("converting", 0, 300)
        console.update("scoring", 1, 2)
        console.update("waiting for another mtqa process", 0, None)
    assert capsys.readouterr().err.splitlines() == [
        "mtqa: fetching (93 MB) …",
        "mtqa: converting …",
        "mtqa: waiting for another mtqa process …",
    ]


def test_quiet_and_without_a_stderr_nothing_is_said(capsys, monkeypatch):
    Console(quiet=True).update("fetching", 0, 92_871_040)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", None)
    Console().update("fetching", 0, 92_871_040)


@pytest.fixture
def broken(monkeypatch):
    """The command line with a mistake of our own in it."""

    def fails(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("mtqa.tables.measure_table", fails)


def test_an_internal_error_is_one_line(broken, monkeypatch, capfd):
    monkeypatch.delenv("MTQA_DEBUG", raising=False)
    assert cli.main(["measures"]) == 1
    assert capfd.readouterr() == (
        "",
        "mtqa: internal error: ZeroDivisionError: division by zero "
        "(MTQA_DEBUG=1 shows where; please report it)\n",
    )


def test_mtqa_debug_shows_where_it_broke(broken, monkeypatch):
    monkeypatch.setenv("MTQA_DEBUG", "1")
    with pytest.raises(ZeroDivisionError) as caught:
        cli.main(["measures"])
    assert caught.traceback[-1].name == "fails"
