"""Training documents with sentences that the model wrote, five kinds.

``sampled_tail``: it goes on, too freely, from a sentence's beginning; ``sampled_bland``: without daring, and
round in circles; ``sampled_loop``: from a phrase that is said twice; ``sampled_topic``: as if behind another
document; ``sampled_shuffle``: content words are exchanged. Few kinds a document, as one engine's faults are
alike. Seeded; some minutes on two cores.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from detector_corpora import Piece, Record
from detector_writing import Continuation, Exchange, Sampling, Vocabulary, Writer, write

from mtqa.bench.corruptions.closed import CLOSED

SEED = 21
#: Documents made, and how many are written together; of those with fewer sentences none is used.
DOCUMENTS, TOGETHER, LEAST = 120, 40, 14
KINDS = {
    "sampled_tail": 0.28,
    "sampled_bland": 0.28,
    "sampled_loop": 0.10,
    "sampled_topic": 0.18,
    "sampled_shuffle": 0.16,
}
#: Part of a document's sentences that are tried (some fail), and part that may be corrupted in the end.
TRIED, MOST = (0.15, 0.55), 0.40
#: A written end shorter than this many characters is too little to judge.
SHORT = 30

Planned = dict[int, tuple[str, Writer]]


def sampled(sound: list[tuple[str, Piece]], model: str) -> Iterator[Record]:
    """`DOCUMENTS` of them, in the shape of `mtqa.bench.corrupt`'s; loads the model, progress on stderr."""
    network, tokenizer = loaded(model)
    words = Vocabulary(tokenizer, network.config.vocab_size)
    listed = [piece for piece in sound if len(piece[1]) >= LEAST]
    listed = [listed[i] for i in np.random.default_rng(SEED).permutation(len(listed))[:DOCUMENTS]]
    for at in range(0, len(listed), TOGETHER):
        numbers = range(at, min(at + TOGETHER, len(listed)))
        plans = [_plan(listed, number, words) for number in numbers]
        write(network, [writer for plan in plans for _, writer in plan.values()])
        for number, plan in zip(numbers, plans, strict=True):
            record = _record(*listed[number], plan)
            if any(row["label"] for row in record["sentences"]):
                yield record
        print(f"sampled: {numbers.stop} of {len(listed)} documents", file=sys.stderr)


def loaded(name: str) -> tuple[Any, Any]:
    """A model of the catalogue in float32, to write with, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mtqa.lm.fetch import ensure_model
    from mtqa.lm.quiet import quiet_transformers

    folder = ensure_model(name).directory
    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    return model.eval(), tokenizer


def _plan(listed: list[tuple[str, Piece]], number: int, words: Vocabulary) -> Planned:
    """Which sentences of the document are written anew, by place, and how."""
    part, rng = listed[number][1], np.random.default_rng([SEED, number])
    fit = [i for i, (t, _) in enumerate(part) if len(t.split()) >= 7 and len(t) < 320 and t[-1:] in '.!?"”’)']
    count = max(2, round(rng.uniform(*TRIED) * len(part)))
    shares = np.array(list(KINDS.values()))
    shares = shares * rng.gamma(0.6, 1, len(shares)) + 0.03
    shares /= shares.sum()
    planned: Planned = {}
    for place in (fit[i] for i in rng.permutation(len(fit))[:count]):
        for _ in range(3):
            kind = list(KINDS)[int(rng.choice(len(shares), p=shares))]
            other = listed[(number + int(rng.integers(1, len(listed)))) % len(listed)][1]
            own = np.random.default_rng([SEED, number, place])
            writer = _writer(kind, part, place, other=other, words=words, rng=own)
            if writer is not None:
                planned[place] = (kind, writer)
                break
    return planned


def _writer(
    kind: str, part: Piece, place: int, *, other: Piece, words: Vocabulary, rng: np.random.Generator
) -> Writer | None:
    """What writes the sentence anew; None where the kind does not fit it."""
    text = part[place][0]
    if kind == "sampled_shuffle":
        before = " ".join(t for t, _ in part[max(0, place - 2) : place])[-400:] if rng.random() < 0.5 else ""
        exchange = Exchange(words, text, context=before and before + " ", rng=rng)
        return exchange if exchange.possible else None
    if kind == "sampled_loop":
        twice = _said_twice(text, rng)
        how = Sampling(0, again_nats=float(rng.choice([0.4, 0.9, 1.5])))
        if twice is None:
            return None
        return Continuation(words, text, prefix=twice[0], sampling=how, rng=rng, kept=twice[1])
    tokens, context = text.split(), ""
    size = int(rng.integers(2, min(8, max(3, len(tokens) // 2)) + 1))
    if kind == "sampled_tail":
        how = Sampling(rng.uniform(1.0 if size < 5 else 1.15, 1.4), 250, 0.97)
    elif kind == "sampled_bland":
        # Half of them keep to the sentence's own subject, as a poor translation does.
        own, again = float(rng.choice([0, 1.0, 2.0, 3.0])), float(rng.choice([0.5, 1.2, 2.0]))
        size = min(size, int(rng.integers(2, 6)))
        how = Sampling(rng.uniform(0.2, 0.6), 60, own_nats=own, again_nats=again)
    else:
        context = _passage(other, rng)
        how = Sampling(rng.uniform(0.6, 1.0), 100, 0.95)
    prefix = " ".join(tokens[:size])
    return Continuation(words, text, prefix=prefix, sampling=how, rng=rng, context=context)


def _said_twice(sentence: str, rng: np.random.Generator) -> tuple[str, int] | None:
    """A beginning whose last phrase comes twice, and where its second time begins."""
    words = sentence.split()
    fit = [
        i
        for i in range(3, min(14, len(words) - 3))
        if re.fullmatch(r"[a-z]{4,},?", words[i]) and words[i].strip(",") not in CLOSED
    ]
    if not fit:
        return None
    last, count = int(rng.choice(fit)), int(rng.integers(2, 5))
    phrase = [word.strip(",") for word in words[max(1, last - count + 1) : last + 1]]
    if len(phrase) < 2 or not all(re.fullmatch(r"[A-Za-z'’-]+", word) for word in phrase):
        return None
    head = " ".join([*words[:last], words[last].strip(",")])
    link = str(rng.choice([",", " and", " of", ", and", " in"]))
    return f"{head}{link} {' '.join(phrase)}", len(head)


def _passage(part: Piece, rng: np.random.Generator) -> str:
    """About 250 characters of the document, in whole sentences."""
    passage = ""
    for text, _ in part[int(rng.integers(max(1, len(part) - 4))) :]:
        if len(passage) > 250:
            break
        passage += text + " "
    return passage[-500:]


def _accepted(kind: str, writer: Writer) -> bool:
    """Whether what was written is another sentence, and probably no sound one."""
    text = writer.result()[0]
    if isinstance(writer, Exchange):
        return text != writer.original
    stems = [word[:6] for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in CLOSED]
    if kind == "sampled_bland" and len(set(stems)) == len(stems) and writer.rng.random() < 0.9:
        return False  # nothing is repeated: often sound
    if kind == "sampled_loop" and len(set(stems)) > 0.8 * len(stems) and writer.rng.random() < 0.5:
        return False
    body = text[writer.kept :].strip()
    new, old = (set(re.findall(r"[a-z]{4,}", t.lower())) for t in (body, writer.original[writer.kept :]))
    alike = kind != "sampled_loop" and len(new & old) > 0.6 * len(new | old)
    return len(body.split()) >= 5 and bool(new) and not alike


def _record(name: str, part: Piece, plan: Planned) -> Record:
    """The document with the sentences that were written and kept."""
    made = {i: (kind, *w.result()) for i, (kind, w) in plan.items() if w.done and _accepted(kind, w)}
    kept = _kept({i: (kind, spans) for i, (kind, _, spans) in made.items()}, len(part))
    whole, rows = " ".join(text for text, _ in part), list[Record]()
    for i, (text, paragraph) in enumerate(part):
        row: Record = {"text": text, "label": 0, "spans": []}
        if i in kept:
            kind, written, spans = made[i]
            written = written.replace("'", "’") if "’" in whole else written.replace("’", "'")
            if kind != "sampled_shuffle":
                written, spans = _in_house_style(written, spans[0], text, whole)
            marks = [{"start": int(a), "end": int(b), "severity": "major"} for a, b in spans]
            row = {"text": written, "label": 1, "spans": marks, "type": kind, "severity": "major"}
            row |= {"visible": True, "orig": text}
        rows.append(row | {"par": paragraph})
    return {"doc": name, "source_doc": name, "system": f"sampled:{SEED}", "sentences": rows}


def _kept(made: dict[int, tuple[str, list[tuple[int, int]]]], count: int) -> set[int]:
    """The sentences that stay corrupted: no short ends, and not too many a document, the longest first."""

    def length(place: int) -> int:
        return sum(end - start for start, end in made[place][1])

    def whole(place: int) -> bool:
        return made[place][0] in ("sampled_loop", "sampled_shuffle")

    order = sorted(made, key=lambda i: (whole(i), length(i)))
    order = order[max(0, len(order) - int(MOST * count + 0.5)) :]
    return {i for i in order if whole(i) or length(i) >= SHORT}


def _in_house_style(
    written: str, span: tuple[int, int], original: str, document: str
) -> tuple[str, list[tuple[int, int]]]:
    """Quotation marks and brackets closed, dashes and *he said* the document's: no marks of another hand."""
    start, end = span
    for left, right in ("()", "[]", "“”"):
        open_, were = (t.count(left) - t.count(right) for t in (written, original))
        written += right * max(0, open_ - were)
    if written.count('"') % 2 != original.count('"') % 2:
        written += '"'
    if "–" in written and "–" not in document:
        written = written.replace("–", "-")
    said = re.search(r'[,?!]"( [^"]{3,70}[.])$', original)
    if said and written.endswith('."') and end == len(written) - 1 and start <= end - 12:
        written, end = f'{written[: end - 1]},"{said[1]}', end - 1
    return written, [(start, end)]
