"""Training documents with sentences of raw machine translation, from `scripts/drafts`.

Two kinds, that `scripts/write_drafts.py` wrote on a GPU: ``engine``, by small translation engines that were
stopped while they were still learning; ``unedited``, by the language model, taught from real post-edits to
make of a sound sentence the draft that it could come from. One kind a document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mtqa.bench.corruptions.words import changed_spans

Record = dict[str, Any]
#: (text, number of its paragraph)
Piece = list[tuple[str, int]]

DRAFTS = Path(__file__).with_name("drafts")
#: Kinds of which nobody has said which words are wrong: a draft differs from its post-edit in sound ones too.
WHOLE = ("unedited",)


def drafted(listed: Sequence[tuple[str, Piece]], kind: str) -> Iterator[Record]:
    """The pieces of which there are drafts of that kind, with them in place of their sentences.

    Raises ValueError where none of a piece's drafts fits it: the pieces were cut in another way.
    """
    drafts: dict[str, dict[str, str]] = {}
    for line in (DRAFTS / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        drafts.setdefault(row["doc"], {})[row["orig"]] = row["text"]
    for name, part in listed:
        made = drafts.get(name)
        if made is None:
            continue
        if not made.keys() & {text for text, _ in part}:
            raise ValueError(f"{DRAFTS / kind}.jsonl: none of the drafts of {name} is of a sentence of it")
        yield {"doc": name, "sentences": [_row(text, par, made.get(text), kind) for text, par in part]}


def _row(text: str, paragraph: int, draft: str | None, kind: str) -> Record:
    if draft is None:
        return {"text": text, "label": 0, "spans": [], "par": paragraph}
    row: Record = {"text": draft, "label": 1, "type": kind, "orig": text, "par": paragraph}
    if kind not in WHOLE:
        row["spans"] = [{"start": a, "end": b} for a, b in changed_spans(text, draft)]
    return row
