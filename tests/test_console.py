"""The progress bar on stderr, on a terminal of our own."""

from __future__ import annotations

import io
import sys

from mtqa.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_same_stage_of_another_file_opens_the_bar_again(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    console = Console()
    for _ in range(2):  # two models verified, one after the other
        console.update("verifying", 1, 2)
        console.close()
    console.close()
