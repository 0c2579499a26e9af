"""Whole reports, byte for byte.

After a wanted change: ``MTQA_UPDATE_GOLDEN=1 pytest tests/report``, and read the diff.
"""

import os
from pathlib import Path

import pytest
import report_builders as builders

from mtqa.report.formats import RenderOptions, render

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    "library.txt": (["library"], "terminal", RenderOptions(width=80)),
    "library-color.txt": (["library"], "terminal", RenderOptions(width=80, color=True, top=3)),
    "library.md": (["library"], "markdown", RenderOptions()),
    "library.json": (["library"], "json", RenderOptions()),
    "judged.txt": (["judged"], "terminal", RenderOptions(width=80, verbose=True)),
    "judged.md": (["judged"], "markdown", RenderOptions(top=3)),
    "judged.json": (["judged"], "json", RenderOptions(top=1)),
    "judged.csv": (["judged"], "csv", RenderOptions()),
    "none-found.txt": (["none_found"], "terminal", RenderOptions(width=80)),
    "none-found.md": (["none_found"], "markdown", RenderOptions()),
    "judged-both.txt": (["judged", "none_found", "hostile"], "terminal", RenderOptions(width=80, top=1)),
    "judged-both.md": (["judged", "none_found", "hostile"], "markdown", RenderOptions(top=1)),
    "hostile.txt": (["hostile"], "terminal", RenderOptions(width=80, verbose=True)),
    "hostile.md": (["hostile"], "markdown", RenderOptions(verbose=True)),
    "hostile.csv": (["hostile"], "csv", RenderOptions()),
    "both.txt": (["library", "hostile"], "terminal", RenderOptions(width=80, top=2)),
    "both.md": (["library", "hostile"], "markdown", RenderOptions(top=2)),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    makers, format_name, options = CASES[name]
    text = render([getattr(builders, maker)() for maker in makers], format_name, options=options)
    path = GOLDEN / f"report-{name}"
    if os.environ.get("MTQA_UPDATE_GOLDEN"):
        path.write_bytes(text.encode("utf-8"))
    assert path.exists(), f"{path.name} is missing: run MTQA_UPDATE_GOLDEN=1 pytest tests/report"
    assert text == path.read_bytes().decode("utf-8")
