"""The articles of tests/cases, from readable text to labelled documents.

    python scripts/build_cases.py
    python scripts/build_cases.py scripts/articles/spun/*.md -o spun.jsonl

Reads articles.md, languages.md and unread.md in tests/cases, whose first lines say how they are written, and
writes for each a .jsonl beside it: one document a line, with a label, the sound original and the spans of
each corrupted sentence. After a change of the articles tests/test_quality.py wants its floors looked at and
the new digest. With FILES, written alike, it makes one file of them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.errors import InputError, MtqaError, one_line
from mtqa.report.write import write_report

CASES = Path(__file__).parent.parent / "tests" / "cases"
#: In English by genre; in other languages; some that no calibration has seen. No network has seen any.
ARTICLES = ("articles", "languages", "unread")
_NOTE = re.compile(r"\A<!--.*?-->\n", re.DOTALL)
_MARK = re.compile(r"\[\[([^\[\]|]*)\|([a-z_]+)(~?)\]\]")


def records(source: str) -> Iterator[dict[str, Any]]:
    """The documents of a file. Raises `ValueError` for a line out of place, which it names."""
    document: dict[str, Any] | None = None
    paragraph, original = 0, None
    for number, line in enumerate([*_blanked(source).splitlines(), ""], start=1):
        if line.startswith("+ ") != (original is not None):
            raise ValueError(f"line {number}: '- ' and '+ ' go in pairs")
        if line.startswith("# "):
            if document:
                yield document
            name, _, genre = line[2:].partition(" | ")
            document, paragraph = {"doc": name, "genre": genre, "sentences": []}, 0
        elif document is None and line:
            raise ValueError(f"line {number}: a sentence before the first article")
        elif not line:
            paragraph += 1
        elif line.startswith("- "):
            original = line[2:]
        elif document is not None:
            row = sound(line) if original is None else corrupted(line[2:], original)
            document["sentences"].append({**row, "par": paragraph})
            original = None
    if document:
        yield document


def _blanked(source: str) -> str:
    """Without the note at the top, its lines kept empty so that line numbers hold."""
    return _NOTE.sub(lambda note: "\n" * note.group().count("\n"), source)


def sound(text: str) -> dict[str, Any]:
    """The record of a sentence that nothing happened to."""
    return {"text": text, "label": 0, "spans": []}


def corrupted(marked: str, original: str) -> dict[str, Any]:
    """The record of a corrupted sentence; its type and severity are those of its worst, then longest span.

    >>> corrupted("A [[sum of coins|heavy_spin]].", "A sum of money.")["spans"]
    [{'start': 2, 'end': 14, 'severity': 'major', 'type': 'heavy_spin'}]
    """
    text, spans, done = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[done : mark.start()]
        severity = "minor" if mark.group(3) else "major"
        end = len(text) + len(mark.group(1))
        spans.append({"start": len(text), "end": end, "severity": severity, "type": mark.group(2)})
        text, done = text + mark.group(1), mark.end()
    text += marked[done:]
    if not spans or "[[" in text or "]]" in text:
        raise ValueError(f"no span, or one that is not written [[words|type]]: {marked}")
    worst = max(spans, key=lambda s: (s["severity"] == "major", s["end"] - s["start"]))
    kind = {"type": worst["type"], "severity": worst["severity"]}
    return {"text": text, "label": 1, "spans": spans, **kind, "orig": original}


def jsonl(source: str) -> str:
    """The text of the .jsonl file."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records(source))


def main() -> int:
    """Read, convert, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="articles, instead of the tests'")
    parser.add_argument("-o", "--output", type=Path, help="the file to write to, with FILES")
    options = parser.parse_args()
    if bool(options.files) != bool(options.output):
        parser.error("FILES and -o go together")
    targets = {CASES / f"{name}.jsonl": [CASES / f"{name}.md"] for name in ARTICLES}
    try:
        for target, files in ({options.output: options.files} if options.files else targets).items():
            text = "".join(_converted(path) for path in files)
            write_report(text, str(target))
            print(f"{target}: {len(text.splitlines())} documents")
    except MtqaError as error:
        print(f"build_cases: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _converted(path: Path) -> str:
    try:
        return jsonl(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{one_line(path)}: {one_line(said, 120)}") from error


if __name__ == "__main__":
    sys.exit(main())
