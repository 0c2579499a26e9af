"""Write `scripts/drafts`: raw machine translations of sentences of speeches and of the written articles.

    python scripts/write_drafts.py --data ../shared/data --device cuda

Ten minutes on an H100, by estimate ten hours on two cores: what it wrote is kept in the repository, and
`train_detector.py` needs no GPU. (It was written by this script's first form, whose engines had read the web
pages of the training too.) Half of the documents get sentences by small engines (`drafts_engine`), taught by
the other documents and by MLQE's post-edits; half by the model that MLQE's post-edits taught
(`drafts_unedited`). Seeded, but a GPU adds up in another order each time: another run writes other drafts.
Needs Apertium with four pairs (apt-get install apertium apertium-eng-spa apertium-eng-cat apertium-en-gl
apertium-eo-en). ``--steps`` and ``--documents`` make less of it, to see that it runs: three minutes with
``--steps 4 --documents 8 -o /tmp/drafts`` on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from detector_corpora import MLQE, Piece, Record, draftable, mlqe
from detector_drafts import DRAFTS
from detector_states import origin
from drafts_engine import Engine
from drafts_unedited import Lesson, Unediting
from sacrebleu.metrics.chrf import CHRF

from mtqa.bench.apertium import forth
from mtqa.bench.corruptions.words import changed_share
from mtqa.errors import MtqaError
from mtqa.lm.torch_loading import pick_device
from mtqa.report.write import write_report

SEED = 31
MODEL, LANGUAGES = "smollm2-135m", ("spa", "cat", "epo", "glg")
#: Steps behind which an engine is stopped to translate: chrF of about 10, 40, 58 and 66 against the original.
STOPS = (300, 700, 1500, 3000)
#: A document's share of sentences that are replaced, one of them; the words of such a sentence.
SHARES, WORDS = (0.12, 0.18, 0.3, 0.5), (5, 55)
#: Of the engines' sentences those with a chrF below, and more than this share of the words changed, are poor.
SOUND, ENGINE_CHANGED = 60.0, 0.3
#: Of the others those with as much changed, and a length between these times the original's.
CHANGED, LENGTHS = 0.12, (0.5, 1.8)
#: Human scores (z) of a raw translation that is bad, and up to which it is fair; better ones teach too.
BAD, FAIR = -0.5, 0.4


@dataclass(frozen=True)
class Place:
    """A sentence that gets a draft, and the document that it stands in."""

    document: str
    text: str


def main() -> int:
    """Parse the arguments; the engines, then the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MTQA_DATA", "../shared/data")))
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")
    parser.add_argument("--documents", type=int, help="of each kind (default: all)")
    parser.add_argument("--steps", type=int, help="stop the engines, and end the lessons, behind so many")
    parser.add_argument("-o", "--output", type=Path, default=DRAFTS, help="a folder (default %(default)s)")
    try:
        write(parser.parse_args())
    except MtqaError as error:
        print(f"write_drafts: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def write(options: argparse.Namespace) -> None:
    """One file a kind. Raises `MtqaError`."""
    how = {"device": pick_device(options.device), "most": options.steps}
    listed = draftable(options.data)
    edited = [row for language in MLQE for row in mlqe(options.data, language)]
    if options.documents:
        listed = listed[:: max(1, len(listed) // (4 * options.documents))]
        edited = edited[:: max(1, len(edited) // (20 * options.documents))]
    by_engine = [piece for piece in listed if _by_engine(piece[0])][: options.documents]
    by_model = [piece for piece in listed if not _by_engine(piece[0])][: options.documents]
    options.output.mkdir(parents=True, exist_ok=True)
    for kind, drafts in (
        ("engine", engine_drafts(by_engine, listed, [row["pe"] for row in edited if row["pe"]], **how)),
        ("unedited", unedited_drafts(by_model, lessons_from(edited), **how)),
    ):
        rows = [json.dumps(row, ensure_ascii=False) + "\n" for row in drafts]
        write_report("".join(rows), str(options.output / f"{kind}.jsonl"))
        print(f"{kind}: {len(rows)} drafts", file=sys.stderr)


def lessons_from(rows: Sequence[Record]) -> list[Lesson]:
    """Those raw translations of `mlqe` that a post-editor changed."""
    found = []
    for row in rows:
        edited, draft, z = row["pe"], row["text"], row["score"]
        if edited and edited != draft and len(draft.split()) >= 4:
            found.append(Lesson("bad" if z < BAD else "fair" if z < FAIR else "good", edited, draft))
    return found


def drawn(listed: Sequence[tuple[str, Piece]]) -> list[Place]:
    """The sentences that get a draft."""
    found = []
    for name, part in listed:
        rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
        share = float(rng.choice(SHARES))
        fit = [text for text, _ in part if WORDS[0] <= len(text.split()) <= WORDS[1]]
        found += [Place(name, text) for text in fit if rng.random() < share]
    return found


def engine_drafts(
    own: Sequence[tuple[str, Piece]],
    listed: Sequence[tuple[str, Piece]],
    more: Sequence[str],
    *,
    device: str,
    most: int | None,
) -> Iterator[dict[str, str]]:
    """Drafts of ``own`` by two engines, taught by ``more`` and by what else is ``listed``."""
    places = drawn(own)
    stops = sorted({min(stop, most or stop) for stop in STOPS})
    for half in (0, 1):
        mine = [place for place in places if _half(place.document) == half]
        seen = {text for name, part in listed if _half(name) == half for text, _ in part}
        taught = {text for name, part in listed if _half(name) != half for text, _ in part} | set(more)
        texts = sorted({" ".join(text.split()) for text in taught - seen if 4 <= len(text.split()) <= 60})
        pairs = [pair for two in LANGUAGES for pair in zip(forth(texts, two), texts, strict=True) if pair[0]]
        engine = Engine([text for pair in pairs for text in pair], seed=half, device=device)
        for number, stop in enumerate(engine.taught(pairs, stops)):
            for two in LANGUAGES:
                now = [place for place in mine if _turn(place.document) == (number, two)]
                made = engine.translated(forth([place.text for place in now], two))
                yield from _kept(now, made, poor, by=f"{two} {stop}")


def unedited_drafts(
    own: Sequence[tuple[str, Piece]], lessons: list[Lesson], *, device: str, most: int | None
) -> Iterator[dict[str, str]]:
    """Drafts of ``own`` by the model that the ``lessons`` taught."""
    model = Unediting(MODEL, seed=SEED, device=device)
    model.learn(lessons[: most and most * 64])
    places = drawn(own)
    yield from _kept(places, model.drafts([place.text for place in places], "bad"), changed)


def _kept(
    places: Sequence[Place], made: Sequence[str], fit: Callable[[str, str], bool], **more: str
) -> Iterator[dict[str, str]]:
    for place, text in zip(places, made, strict=True):
        if fit(place.text, text):
            yield {"doc": place.document, "orig": place.text, "text": text, **more}


def poor(text: str, made: str) -> bool:
    """Is an engine's translation so far from the text that it is hardly sound?"""
    if len(made.split()) < 3 or changed_share(text, made) <= ENGINE_CHANGED:
        return False
    return bool(CHRF().sentence_score(made, [text]).score < SOUND)


def changed(text: str, made: str) -> bool:
    """Is a draft another sentence, and of about the text's length?"""
    length = len(made.split()) / len(text.split())
    return changed_share(text, made) >= CHANGED and LENGTHS[0] < length < LENGTHS[1]


def _by_engine(name: str) -> bool:
    """Does the document get drafts by engines, or by the model?"""
    return zlib.crc32(name.encode()) % 2 == 1


def _half(name: str) -> int:
    """0 or 1, the same for all that was cut from one text."""
    return zlib.crc32(f"half {origin({'doc': name})}".encode()) % 2


def _turn(name: str) -> tuple[int, str]:
    """At which stop of the engine a document is translated, and from which language."""
    number = zlib.crc32(f"turn {name}".encode())
    return number % len(STOPS), LANGUAGES[number // len(STOPS) % len(LANGUAGES)]


if __name__ == "__main__":
    sys.exit(main())
