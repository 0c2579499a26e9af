"""What the detector head is trained on: labelled documents, made or read, one JSONL file a corpus.

Presidential speeches (public domain), web pages of the English Web Treebank (CC BY-SA 4.0), MLQE-PE (CC0
1.0), DEMETR (MIT), TED talks and biomedical abstracts with MQM annotations: of these two only the licence
of the annotations is known (Apache-2.0), not that of the texts; and articles of many genres that were written
for this (scripts/articles). Corrupted by `mtqa.bench.corrupt`, with the words of real spinners
(`detector_spinner`), by the language model itself (`detector_sampled`), by other generators, by real
translation engines, or by hand.

A record may name its ``origin``, the text that it was made from (else: its document's name).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType

import numpy as np
from build_cases import records
from detector_drafts import Piece, Record, drafted
from detector_spinner import Thesaurus, spun, thesaurus

from mtqa.bench.corrupt import CorruptSettings, corrupt_document, corrupt_sentence, other_sentences
from mtqa.bench.corruptions.registry import TYPES
from mtqa.bench.corruptions.resources import load_resources
from mtqa.text.read import document_from_text

#: Articles for the training alone, sound sentences and what became of them; those of tests/cases are others.
ARTICLES = Path(__file__).with_name("articles")
#: Others, corrupted as spinners do, and as machines translate.
SPUN, TRANSLATED = ARTICLES / "spun", ARTICLES / "mt"
#: Pairs of sentences, the second implausible.
PAIRS = ARTICLES / "pairs"
#: Sentences in a piece of a long text: about those of an article.
PIECE = (20, 45)
#: Up to this share of the documents: that share of their sentences is corrupted (None: none of them).
SHARES = ((0.65, (0.10, 0.20)), (0.85, (0.25, 0.60)), (0.92, (0.04, 0.08)), (1.0, None))
#: Versions of a DEMETR sentence that are taken, of about 28.
VERSIONS = 8
#: DEMETR's phenomena that only the source shows: a number or a name for another, a name left out, a gender.
UNSEEN = ("_id10_", "_id9_", "_id25_", "_id11_")
#: Post-edits of each language that are taken as sentences without context, and corrupted versions of each.
POST_EDITS, POST_EDITED = 600, 3
#: The languages of MLQE, each with post-edits.
MLQE = ("ro", "et", "ru")
#: Types of corruption that only the source shows.
BLIND = {"number": 0.0, "entity": 0.0}
#: Of the speeches' pieces, the share that is taken: they are of one genre.
SPEECHES = 0.5
#: Of the written articles, the share that is spun too.
SPUN_WRITTEN = 0.5
#: What `mtqa corrupt` draws beside the types of the training's rules: it has a corpus of its own.
APART = "collocation"
#: Of the written articles and of the speeches' pieces, the share with broken set phrases.
BROKEN_WRITTEN, BROKEN_SPEECHES = 0.5, 0.25


def read_lines(path: Path) -> list[Record]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def pieces(path: Path, seed: int) -> list[tuple[str, Piece]]:
    """A corpus of sound documents, cut into pieces of article length."""
    rng = np.random.default_rng([seed, 1])
    found = []
    for record in read_lines(path):
        document = document_from_text("\n\n".join(record["paragraphs"]))
        rows = [(document.text[s.start : s.end], s.block) for s in document.sentences]
        at = 0
        while at < len(rows):
            size = int(rng.integers(*PIECE))
            part, at = rows[at : at + size], at + size
            if len(part) >= 5:
                found.append((f"{record['doc']}-{at}", part))
    return found


def some(listed: list[tuple[str, Piece]], share: float, seed: int) -> list[tuple[str, Piece]]:
    """A share of the pieces, drawn."""
    rng = np.random.default_rng([seed, 9])
    return [listed[i] for i in sorted(rng.permutation(len(listed))[: round(share * len(listed))])]


def written(folder: Path = ARTICLES) -> Iterator[Record]:
    """The articles of a folder, corrupted by hand."""
    for path in sorted(folder.glob("*.md")):
        for record in records(path.read_text(encoding="utf-8")):
            # A name that ends in a hyphen and a number is that of a piece of a text.
            yield {**record, "doc": f"{path.stem} {record['doc'].replace('-', ' ')}"}


def implausible(folder: Path = PAIRS) -> Iterator[Record]:
    """Sentences without context, each followed by one that is implausible by a word."""
    for record in written(folder):
        for number, row in enumerate(row for row in record["sentences"] if row["label"]):
            name = f"{record['doc']} {number}"
            sound: Record = {"text": row["orig"], "label": 0, "spans": []}
            wrong = {"text": row["text"], "label": 1, "type": row["type"], "spans": row["spans"]}
            yield {"doc": name, "origin": name, "isolated": True, "sentences": [sound, wrong]}


def restored(documents: Iterable[Record]) -> list[tuple[str, Piece]]:
    """The sound originals of corrupted documents."""
    return [
        (
            record["doc"],
            [(r.get("orig") or r["text"], r["par"]) for r in record["sentences"] if not r.get("boilerplate")],
        )
        for record in documents
    ]


def draftable(data: Path) -> list[tuple[str, Piece]]:
    """Of what there are drafts (`detector_drafts`), cut as it was when they were written."""
    return pieces(data / "clean/speeches.jsonl", 11) + restored(written())


def corrupted(
    listed: list[tuple[str, Piece]], seed: int, weights: Mapping[str, float] = MappingProxyType({APART: 0.0})
) -> Iterator[Record]:
    """The pieces with a share of each one's sentences corrupted by rules; ``weights``: over the usual."""
    plain = [(name, tuple(text for text, _ in part)) for name, part in listed]
    base = load_resources()
    for place, (name, part) in enumerate(listed):
        rng = np.random.default_rng([seed, place, 7])
        drawn = rng.random()
        share = next(share for up_to, share in SHARES if drawn < up_to)
        settings = CorruptSettings(weights=weights)
        settings = replace(settings, untouched=1.0) if share is None else replace(settings, share=share)
        resources = replace(base, others=other_sentences(plain, place, rng))
        made = corrupt_document([text for text, _ in part], rng, settings=settings, resources=resources)
        record = made.record(name)
        for row, (_, paragraph) in zip(record["sentences"], part, strict=True):
            row["par"] = paragraph
        yield record


def spun_documents(listed: list[tuple[str, Piece]], known: Thesaurus, seed: int) -> Iterator[Record]:
    """The pieces with a share of each one's sentences spun."""
    for place, (name, part) in enumerate(listed):
        rng = np.random.default_rng([seed, place, 8])
        drawn = rng.random()
        low, high = next(share for up_to, share in SHARES if drawn < up_to) or (0.0, 0.0)
        wanted = round(rng.uniform(low, high) * len(part)) or int(high > 0)
        rows: list[Record] = [{"text": text, "label": 0, "spans": [], "par": par} for text, par in part]
        for i in rng.permutation(len(part)):
            made = spun(part[i][0], known, rng) if wanted else None
            if made is not None:
                rows[i] |= made
                wanted -= 1
        yield {"doc": name, "sentences": rows}


def post_edits(data: Path, known: Thesaurus, seed: int) -> Iterator[Record]:
    """Post-edited translations without context, each with corrupted versions of itself, one of them spun."""
    base, rng = load_resources(), np.random.default_rng([seed, 3])
    types = CorruptSettings(weights=BLIND | {APART: 0.0}).types()
    names, weights = list(types), np.array(list(types.values()), dtype=float)
    weights /= weights.sum()
    for language in MLQE:
        sound = [(str(row["id"]), row["pe"]) for row in mlqe(data, language)]
        sound = [(name, text) for name, text in sound if len(text.split()) >= 5 and _WHOLE.match(text)]
        taken = [sound[i] for i in rng.permutation(len(sound))[:POST_EDITS]]
        for name, text in taken:
            made: list[Record] = [{"text": text, "label": 0, "spans": []}]
            row = spun(text, known, rng, least=1)
            made += [row] if row is not None else []
            for kind in rng.choice(names, size=6, replace=False, p=weights):
                if len(made) <= POST_EDITED:
                    others = tuple(taken[j][1] for j in rng.integers(len(taken), size=4))
                    resources = replace(base.seeing((text, *others), 0), others=others)
                    done = corrupt_sentence(text, str(kind), rng, resources=resources)
                    if done is not None:
                        spans = [{"start": a, "end": b} for a, b in done.spans]
                        row = {"text": done.text, "label": 1, "type": str(kind), "spans": spans}
                        made.append(row)
            yield {"doc": name, "origin": name, "isolated": True, "sentences": made}


#: A sentence that begins and ends as one.
_WHOLE = re.compile(r"[A-Z\"“(].*[.!?][\"”)]?$", re.DOTALL)
#: What stands apart in a text that was cut into words: before a mark, behind a bracket, inside a contraction.
_APART = (
    (re.compile(r"\s+([,.;:!?%)\]}]|'(?:s|re|ve|d|ll|m|t)\b|n't\b)"), r"\1"),
    (re.compile(r"([(\[{$])\s+"), r"\1"),
    (re.compile(r"(\w)\s*-\s*(?=\w)|\s+(?=/)|(?<=/)\s+"), lambda m: f"{m[1]}-" if m[1] else ""),
    (re.compile(r'"\s*([^"]*?)\s*"'), r'"\1"'),
)


def joined(text: str) -> str:
    """A post-edit, which comes cut into words (*metres later , we*), as it would be written.

    A dash becomes a hyphen too, in one of a hundred: mending that would make another head.
    """
    for pattern, new in _APART:
        text = pattern.sub(new, text)
    return text.strip()


def mlqe(data: Path, language: str) -> list[Record]:
    """MLQE's training sentences of a language, ``pe``: the post-edit `joined`, empty where there is none."""
    rows = read_lines(data / f"mlqe_pe/{language}-en.train.jsonl")
    return [{**row, "pe": joined(row.get("pe") or "")} for row in rows]


def versions(data: Path, seed: int) -> Iterator[Record]:
    """DEMETR: each sound translation with some of its corrupted versions, all of them without context."""
    sound: dict[str, list[Record]] = {}
    for severity in ("critical", "major", "minor"):
        for row in read_lines(data / f"demetr/dev_{severity}.jsonl"):
            sound.setdefault(row["good"], []).append(row)
    rng = np.random.default_rng([seed, 3])
    for i, (text, rows) in enumerate(sound.items()):
        seen = [row for row in rows if not any(name in row["phenomenon"] for name in UNSEEN)]
        made: list[Record] = [{"text": text, "label": 0, "spans": []}]
        for j in rng.permutation(len(seen))[:VERSIONS]:
            row = seen[int(j)]
            spans = [{"start": a, "end": b} for a, b in row["bad_spans"]]
            made.append({"text": row["bad"], "label": 1, "type": row["phenomenon"], "spans": spans})
        yield {"doc": f"demetr{i}", "origin": f"demetr{i}", "isolated": True, "sentences": made}


def drawn(path: Path, count: int, seed: int) -> Iterator[Record]:
    """``count`` records of a file of labelled documents or scored sentences."""
    rows = read_lines(path)
    for i in np.random.default_rng(seed).permutation(len(rows))[:count]:
        row = rows[int(i)]
        if "sentences" in row:
            yield {**row, "origin": row["source_doc"]}
        else:
            name = str(row["id"])
            yield {"doc": name, "origin": name, "isolated": True, "sentences": [row]}


def corpora(data: Path) -> dict[str, Callable[[], Iterator[Record]]]:
    """Name → how it is made. Those that `detector_sampled` makes are apart: they need the language model."""
    web, spinner = data / "spun_docs/ewt.jsonl", data / "tortured/dev_pairs.jsonl"
    speeches, scored = data / "clean/speeches.jsonl", data / "mlqe_pe"
    return {
        "speeches": lambda: corrupted(some(pieces(speeches, 11), SPEECHES, 11), 11),
        "web": lambda: iter(read_lines(web)),
        "web_rules": lambda: chain.from_iterable(
            corrupted(restored(read_lines(web)), seed) for seed in (12, 13)
        ),
        "written": written,
        "written_rules": lambda: corrupted(restored(written()), 18),
        "spun": lambda: spun_documents(
            restored(read_lines(web)) + some(restored(written()), SPUN_WRITTEN, 17),
            thesaurus(read_lines(spinner)),
            17,
        ),
        "written_spun": lambda: written(SPUN),
        "written_mt": lambda: written(TRANSLATED),
        "implausible": implausible,
        "collocations": lambda: corrupted(
            restored(read_lines(web))
            + some(restored(written()), BROKEN_WRITTEN, 21)
            + some(pieces(speeches, 11), BROKEN_SPEECHES, 21),
            21,
            dict.fromkeys(TYPES, 0.0) | {APART: 1.0},
        ),
        "engine": lambda: drafted(draftable(data), "engine"),
        "unedited": lambda: drafted(draftable(data), "unedited"),
        "demetr": lambda: versions(data, 16),
        "post_edits": lambda: post_edits(data, thesaurus(read_lines(spinner)), 15),
        "mlqe_ro": lambda: drawn(scored / "ro-en.train.jsonl", 7000, 1),
        "mlqe_et": lambda: drawn(scored / "et-en.train.jsonl", 7000, 2),
        "mlqe_ru": lambda: drawn(scored / "ru-en.train.jsonl", 7000, 3),
        "mqm_ted": lambda: drawn(data / "mqm_ted_zhen/documents.jsonl", 75, 4),
        "mqm_bio_de": lambda: drawn(data / "bio_mqm/de2en.jsonl", 150, 5),
        "mqm_bio_es": lambda: drawn(data / "bio_mqm/es2en.jsonl", 150, 6),
    }
