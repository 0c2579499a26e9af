"""Reports made by hand: the renderers' tests need no model and no pipeline."""

from __future__ import annotations

import hashlib
import math
import re
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mtqa.records import (
    Block,
    Document,
    Excluded,
    Expectation,
    Finding,
    ModelIdentity,
    Report,
    Sentence,
    Span,
    SuspectSpan,
    Verdict,
    Word,
)

LN2 = math.log(2)
MODEL = ModelIdentity(
    name="smollm2-135m",
    weights_sha256="b179c952" * 8,
    tokenizer_sha256="51fa2c04" * 8,
    start_token="<|endoftext|>",
    start_id=0,
    dtype="float32",
    max_tokens=8192,
    languages=("en",),
)
SIGNATURE = f"mtqa:0.1.0|{MODEL.signature()}|context:document|window:2048|measure:max_surprisal"


@dataclass(frozen=True, slots=True)
class Part:
    """A block of the file: its sentences, or (with a ``reason``) an excluded piece."""

    kind: str
    sentences: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is wrong with a word or phrase, wherever it occurs."""

    surprisal_bits: float
    expected: tuple[tuple[str, float], ...] = ()
    note: str | None = None


@dataclass(slots=True)
class _Draft:
    source: str = ""
    text: str = ""
    starts: list[int] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)


def document(parts: Sequence[Part], path: str | None, warnings: tuple[str, ...] = ()) -> Document:
    """The parts as a file, a blank line between them, and as the document that is read from it."""
    draft = _Draft()
    for part in parts:
        draft.source += "\n\n" if draft.source else ""
        _exclude(draft, part) if part.reason else _include(draft, part)
    starts = np.array(draft.starts, dtype=np.int32)
    return Document(
        path=path,
        source=draft.source + "\n",
        sha256=hashlib.sha256(draft.source.encode("utf-8", "surrogatepass")).hexdigest(),
        encoding="utf-8",
        format="text",
        text=draft.text,
        source_starts=starts,
        source_ends=starts + 1,
        blocks=tuple(draft.blocks),
        sentences=tuple(draft.sentences),
        excluded=tuple(draft.excluded),
        warnings=warnings,
    )


def _exclude(draft: _Draft, part: Part) -> None:
    text, start = " ".join(part.sentences), len(draft.source)
    line = draft.source.count("\n") + 1
    draft.excluded.append(
        Excluded(text, start, start + len(text), line, part.reason or "", len(draft.blocks))
    )
    draft.source += text


def _include(draft: _Draft, part: Part) -> None:
    if draft.text:
        draft.text += "\n\n"
        draft.starts += [len(draft.source) - 2, len(draft.source) - 1]
    text, at = " ".join(part.sentences), len(draft.text)
    draft.blocks.append(Block(at, at + len(text), part.kind))
    for sentence in part.sentences:
        draft.sentences.append(Sentence(at, at + len(sentence), len(draft.blocks) - 1, part.kind))
        at += len(sentence) + 1
    draft.starts += range(len(draft.source), len(draft.source) + len(text))
    draft.text += text
    draft.source += text


def report(
    parts: Sequence[Part],
    suspects: Mapping[str, Suspect],
    *,
    path: str | None = "articles/library.txt",
    warnings: tuple[str, ...] = (),
) -> Report:
    """A ranking of the parts by their suspects' greatest surprisal; other words get a small, fixed one."""
    made = document(parts, path, warnings)
    places = _places(made.text, suspects)
    words = tuple(_word(made, m, places) for m in re.finditer(r"\w+|[^\w\s]+", made.text))
    spans = [_spans(made, sentence, suspects) for sentence in made.sentences]
    scores = [max((span.surprisal_nats for span in found), default=0.0) for found in spans]
    for word in words:
        scores[word.sentence] = max(scores[word.sentence], word.surprisal_nats)
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    return Report(
        document=made,
        signature=SIGNATURE,
        measure="max_surprisal",
        model=MODEL,
        findings=tuple(_finding(made, i, rank, scores[i], spans[i]) for rank, i in enumerate(order, 1)),
        words=words,
        warnings=warnings,
        settings={"context": "document", "window": 2048, "top": None},
    )


def _noise(text: str) -> float:
    """0 to 1, the same for the same text everywhere."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % 1000 / 1000


def _sentence_of(made: Document, position: int) -> int:
    return bisect_right(made.sentences, position, key=lambda sentence: sentence.start) - 1


def _places(text: str, suspects: Mapping[str, Suspect]) -> dict[int, Suspect]:
    """Which suspect a character is in."""
    found = ((s, m) for phrase, s in suspects.items() for m in re.finditer(re.escape(phrase), text))
    return {i: suspect for suspect, match in found for i in range(*match.span())}


def _word(made: Document, match: re.Match[str], places: Mapping[int, Suspect]) -> Word:
    text = match.group()
    known = [places[match.start()]] if match.start() in places else []
    surprisal = known[0].surprisal_bits if known else 0.5 + 5.5 * _noise(text) ** 2
    expected = known[0].expected if known else ((" the", 0.31), (" a", 0.12), ("\n\n", 0.004))
    return Word(
        start=match.start(),
        end=match.end(),
        text=text,
        sentence=_sentence_of(made, match.start()),
        surprisal_nats=surprisal * LN2,
        entropy_nats=(1 + 4 * _noise(text[::-1])) * LN2,
        suspicion=max(0.0, surprisal - 3.5) / 13,
        expected=tuple(Expectation(text, p) for text, p in expected),
    )


def _spans(made: Document, sentence: Sentence, suspects: Mapping[str, Suspect]) -> tuple[SuspectSpan, ...]:
    found = []
    for phrase, suspect in suspects.items():
        at = made.text.find(phrase, sentence.start, sentence.end)
        if at < 0:
            continue
        there = made.to_source(at, at + len(phrase))
        found.append(
            SuspectSpan(
                start=there.start,
                end=there.end,
                line=made.source.count("\n", 0, there.start) + 1,
                text=phrase,
                surprisal_nats=suspect.surprisal_bits * LN2,
                expected=tuple(Expectation(text, p) for text, p in suspect.expected),
                document=Span(at, at + len(phrase)),
                note=suspect.note,
            )
        )
    return tuple(found)


def _finding(made: Document, i: int, rank: int, score: float, spans: tuple[SuspectSpan, ...]) -> Finding:
    sentence = made.sentences[i]
    there = made.to_source(sentence.start, sentence.end)
    text = made.text[sentence.start : sentence.end]
    perplexity = math.exp(1.5 + score / 3)
    measures = {
        "perplexity": perplexity,
        "max_surprisal": score,
        "characters": float(len(text)),
        "slor": None if len(text) < 25 else score / 4 - _noise(text),
    }
    return Finding(
        rank=rank,
        sentence=i,
        kind=sentence.kind,
        text=text,
        start=there.start,
        end=there.end,
        line=made.source.count("\n", 0, there.start) + 1,
        score=score,
        perplexity=perplexity,
        tokens=max(1, len(text) // 4),
        measures=measures,
        spans=spans,
    )


PARTS = (
    Part("body", ("Home > Culture > Libraries",), "navigation"),
    Part("heading", ("A library that lends more than books",)),
    Part("body", ("By Our Correspondent",), "byline"),
    Part(
        "body",
        (
            "On a wet Tuesday in March the old library at Harrow Lane opened its doors again, four years "
            "after the flood that had ruined its cellar.",
            "Nearly two hundred umbrellas waited outside, some of them since six in the evening of the "
            "morning.",
            "The head librarian, Ruth Okafor, thanked the fire brigade, the council and the soup for their "
            "patience.",
        ),
    ),
    Part("caption", ("The reading room on its first day. Photo: M. Lindqvist",)),
    Part("body", ("SHARE THIS ARTICLE",), "share bar"),
    Part(
        "body",
        (
            "““We wanted a place where a child can borrow a drum as easily as a novel,” she said.",
            "Readers may now take home sewing machines, telescopes and, for the brave, a full set "
            "of bagpipes.",
            "The roof was amended’ to carry solar panels, which pay for the heating.",
        ),
    ),
    Part("quote", ("“I came for a drill and left with a poem,” said one visitor.",)),
    Part("list-item", ("Opening hours: Tuesday to Saturday, nine to six.",)),
    Part("body", ("0 Comments",), "comment counter"),
)
SUSPECTS = {
    "umbrellas": Suspect(15.3, ((" people", 0.41), (" residents", 0.07), (" visitors", 0.06))),
    "in the evening of the": Suspect(11.8, ((" in", 0.52), ("\n", 0.02))),
    "soup": Suspect(16.4, ((" public", 0.22), (" community", 0.11), (" volunteers", 0.008))),
    "““": Suspect(9.1, (), "doubled quotation mark"),
    "amended’": Suspect(12.2, ((" rebuilt", 0.3), (" strengthened", 0.2)), "stray quotation mark"),
    "bagpipes": Suspect(7.7, ((" tools", 0.18), (" skis", 0.0004))),
}

HOSTILE_PARTS = (
    Part("body", ("=cmd|' /C calc'!A0 [bold]menu[/bold] <nav>\x1b[2J</nav>",), "navigation | <b>bar</b>"),
    Part("heading", ("# Not a *heading* <h1>here</h1>",)),
    Part(
        "body",
        (
            "<script>window.pwned = 1</script> and </script><img src=x onerror='window.pwned = 2'>.",
            "A [bold]markup[/bold] [link](https://example.org/x) with ````four ticks```` and | a | table |.",
            "\x1b[31mRed\x1b[0m, a bell\x07, a \u202eright-to-left override\u202c and a NUL \x00 byte.",
            '=HYPERLINK("https://example.org","x") {{ 7 * 7 }} {% raw %} $x$ &amp; &lt; ~~no~~ __dunder__.',
            "Ein 👩‍👩‍👧 emoji, 漢字かな交じり文がとても長く続くので折り返しが必要になります、 "
            "עברית ועוד, a \ud800 surrogate.",
            f"Long{'x' * 120}word.",
            "1. One, - two, + three: www.example.org, @someone and :tada: end\\.",
        ),
    ),
    Part("code", ("if a < b:\n    print('&')  # ***",)),
)
HOSTILE_SUSPECTS = {
    "</script><img": Suspect(19.0, ((" <script>", 0.5), ("</script>", 0.2), ("*|`", 0.1))),
    "[bold]markup[/bold]": Suspect(18.0, ((" [red]x[/red]", 0.5),)),
    "\u202eright-to-left": Suspect(17.0, ((" \x1b[2J", 0.5),), "odd \x1b[31mmark | here"),
    "=HYPERLINK": Suspect(16.0, (("=1+1", 0.5),)),
    "👩‍👩‍👧": Suspect(15.0, (("\ud800", 0.5),)),
    "www": Suspect(14.0),
}


def library() -> Report:
    """An ordinary article of ten sentences, five of them wrong in some way."""
    return report(PARTS, SUSPECTS)


def judged(measure: str = "detector", fdr: float | None = None) -> Report:
    """The library's article as a calibrated detector ranks it: five of ten found at a rate of 0.1."""
    made = library()
    findings = tuple(
        replace(
            f,
            score=f.score / 4 if measure == "detector" else f.score,
            measures={**f.measures, "detector": f.score / 4},
            probability=(0.9996, 0.97, 0.914, 0.83, 0.62, 0.2, 0.11, 0.08, 0.03, 0.004)[f.rank - 1],
            q_value=(0.004, 0.01, 0.021, 0.06, 0.098, 0.3, 0.5, 0.6, 0.83, 1.0)[f.rank - 1],
        )
        for f in made.findings
    )
    found = [f for f in findings if (f.q_value or 0.0) <= (fdr or 0.1)]
    return replace(
        made,
        measure=measure,
        findings=findings if fdr is None else tuple(found),
        verdict=Verdict(sentences=10, expected=4.7576, low=3, high=6, found=len(found), fdr=fdr or 0.1),
        fdr=fdr,
        recall_by_type={"negation": 0.08, "wrong_sense": 0.71, "changed_name | <b>": 0.04, "repetition": 0.3},
    )


def none_found() -> Report:
    """The same with a rate at which no sentence is found."""
    return judged(fdr=0.001)


def hostile() -> Report:
    """An article that tries to be markup in every format."""
    return report(
        HOSTILE_PARTS,
        HOSTILE_SUSPECTS,
        path="dir/<b>[red]|`evil\x1b[31m.txt",
        warnings=("the text looks like <i>[red]German[/red]</i>, which the model was not made for",),
    )


def long(sentences: int) -> Report:
    """Many different sentences of about twenty words, in paragraphs of five."""
    nouns = ("river", "council", "orchard", "station", "bridge", "teacher", "market", "harbour")
    made = [
        f"In year {1000 + i} the {nouns[i % 8]} beside the {nouns[(i * 3 + 1) % 8]} was opened again by the "
        f"{nouns[(i * 5 + 2) % 8]}, and {i} people came to see how it had changed."
        for i in range(sentences)
    ]
    return report(
        [Part("body", tuple(made[i : i + 5])) for i in range(0, sentences, 5)],
        {f"year {1000 + i}": Suspect(8 + 10 * _noise(str(i)), ((" 1999", 0.1),)) for i in range(sentences)},
        path="articles/long.txt",
    )
