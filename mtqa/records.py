"""Every record that crosses a room's door.

What flows: bytes → `Document` → `Passage` → `TokenScores` → `Word` → `Finding` → `Report`.
All of them are frozen; a stage returns a new record and edits none. Two systems of positions occur:

* *document* positions: ``[start, end)`` characters of ``Document.text``, the running text that the language
  model reads. Everything inside mtqa uses these.
* *source* positions: ``[start, end)`` characters of ``Document.source``, the decoded text of the file as the
  user gave it. `Document.to_source` is the one way from the first to the second.

Per-token data are parallel NumPy arrays. Surprisals and entropies are in nats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

#: The kinds of block that an article is made of, in no order.
BLOCK_KINDS = ("body", "heading", "caption", "list-item", "quote", "code", "table")


@dataclass(frozen=True, slots=True)
class Span:
    """``[start, end)`` characters; of which text is said where it is used."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, caption, list item … of ``Document.text``; ``kind`` is of `BLOCK_KINDS`."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: ``Document.text[start:end]``, no white space at either end, inside one block."""

    start: int
    end: int
    block: int
    kind: str


@dataclass(frozen=True, slots=True)
class Excluded:
    """A piece of the file that is no part of the article: in *source* positions.

    ``reason`` is a short phrase for a person, such as ``"comment counter"``.
    ``before`` is the index of the block in front of which it stood (``len(blocks)``: at the end).
    """

    text: str
    start: int
    end: int
    line: int
    reason: str
    before: int


@dataclass(frozen=True, slots=True)
class Repair:
    """Something mended on the way from the file to ``Document.text``: in *source* positions.

    ``kind``: ``mojibake``, ``invisible``, ``control``, ``ligature`` …
    """

    start: int
    end: int
    kind: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class QuoteFault:
    """A broken quotation mark, kept as evidence and never mended: in *document* positions.

    ``kind``: ``doubled`` (““), ``unbalanced`` (opened and never closed, or the reverse within the paragraph),
    ``stray`` (a mark that closes nothing, as in ``amended’ to``), ``mixed``.
    """

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An article, read and cut into blocks and sentences.

    ``text`` holds only what may be ranked (and is what the model reads), blocks joined by a blank line;
    boilerplate is in ``excluded``. ``source_starts[i]``/``source_ends[i]`` say which characters of ``source``
    the character ``text[i]`` stands for (int32, each ``(len(text),)``, non-decreasing; a character put in
    between blocks or for a joined line break stands for the white space there).
    """

    path: str | None
    source: str
    sha256: str
    encoding: str
    format: str  # "text", "markdown", "html" or "lines"
    text: str
    source_starts: Ints
    source_ends: Ints
    blocks: tuple[Block, ...]
    sentences: tuple[Sentence, ...]
    excluded: tuple[Excluded, ...] = ()
    repairs: tuple[Repair, ...] = ()
    quote_faults: tuple[QuoteFault, ...] = ()
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Document {self.path or self.text[:40]!r}: {len(self.sentences):,} sentences>"

    def to_source(self, start: int, end: int) -> Span:
        """The source characters that ``text[start:end]`` stands for. ``end`` must be > ``start``."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"[{start}, {end}) is not a span of a text of {len(self.text)} characters")
        return Span(int(self.source_starts[start]), int(self.source_ends[end - 1]))


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document that is scored with its own start token and no context before it.

    ``text`` is ``Document.text[start:start + len(text)]``. With ``context: document`` a document is one
    passage, with ``paragraph`` one a block, with ``none`` one a sentence.
    """

    text: str
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What is made of each hidden state by itself: clip((h − ``mean``) / ``scale``, ± ``clip``) ``weights``.

    ``mean``, ``scale`` ``(W,)``; ``weights`` ``(W, U)``. A backend applies it where the states are, with its
    own threads: those of NumPy's BLAS would get in their way.
    """

    mean: Floats
    scale: Floats
    clip: float
    weights: Floats

    def of(self, hidden: Floats) -> Floats:
        """Of states ``(n, W)``, in NumPy: ``(n, U)``."""
        near = np.clip((hidden - self.mean) / self.scale, -self.clip, self.clip)
        return np.asarray(near @ self.weights, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TokenScores:
    """What one forward pass says of each of N tokens: parallel arrays, in text order.

    ``starts``/``ends``: ``[start, end)`` characters of the scored text (a token's leading space included
    where the tokenizer does so; the bytes of one character share its span). ``surprisal_nats`` = −ln p(token
    | context). ``entropy_nats`` and ``surprisal_sd_nats``: mean and standard deviation of the surprisal under
    the model's own distribution at that place. ``rank``: 1 for the likeliest token. ``likelier_mass``: total
    probability of the tokens likelier than this one. ``alternative_ids``/``alternative_p`` ``(N, K)``: the
    likeliest tokens *other than this one*, best first, and their probabilities; ``pieces`` their texts by id
    (and those of the tokens themselves). ``hidden`` ``(N, width)`` float32: the states at the token after the
    layers asked for, or None. ``detector`` ``(N, C)`` float32: what a detector head says of the token (the
    columns are `mtqa.detect.head.OUTPUTS`), or None.
    """

    ids: Ints
    starts: Ints
    ends: Ints
    surprisal_nats: Floats
    entropy_nats: Floats
    surprisal_sd_nats: Floats
    rank: Ints
    likelier_mass: Floats
    alternative_ids: Ints
    alternative_p: Floats
    pieces: Mapping[int, str] = field(default_factory=dict)
    hidden: Floats | None = None
    detector: Floats | None = None

    def __repr__(self) -> str:
        return f"<TokenScores: {len(self):,} tokens>"

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What of a model moves its numbers. ``start_token`` is the document-start token's string."""

    name: str
    weights_sha256: str
    tokenizer_sha256: str
    start_token: str
    start_id: int
    dtype: str
    max_tokens: int
    languages: tuple[str, ...] = ()

    def signature(self) -> str:
        """For a report's signature line: ``smollm2-135m|weights:b179c952|…``."""
        return (
            f"model:{self.name}|weights:{self.weights_sha256[:12]}|tokenizer:{self.tokenizer_sha256[:12]}"
            f"|start:{self.start_token}|dtype:{self.dtype}"
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the model expected instead of a word, with its probability at the word's first token."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a punctuation mark of ``Document.text``; ``surprisal_nats`` sums its tokens'.

    ``sentence`` is an index into ``Document.sentences``. ``suspicion`` is ≥ 0 and on one scale for the whole
    report (1 is as suspicious as a word gets in a heat map): see `mtqa.detect.spans.suspicion`.
    """

    start: int
    end: int
    text: str
    sentence: int
    surprisal_nats: float
    entropy_nats: float
    suspicion: float
    expected: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A repair of a suspect span: the text that would stand in its place (empty: nothing would).

    A quotation mark without its partner may stay: ``text`` is then the span's own, and the partner is put at
    the sentence's other end (`mtqa.detect.repair.added_partner` tells which and where). ``gain_bits``: by how
    many bits the text then surprises the model less, what follows included (`mtqa.detect.repair` has the
    formula). ``kind``: ``replace``, ``spelling``, ``delete``, ``undouble`` or ``quotes``.
    """

    text: str
    gain_bits: float
    kind: str


@dataclass(frozen=True, slots=True)
class SuspectSpan:
    """Words that carry a sentence's suspicion. ``start``/``end`` and ``line`` in *source* positions.

    ``document``: the same in document positions. ``probability`` that its most suspicious word is corrupted:
    None without a calibrated detector, and for a broken mark. ``note`` says what is wrong where that is not a
    surprising word (``doubled quotation mark`` …), else None. ``suggestions``: repairs, the best first; only
    at the top of a ranking. ``expected_for``: the word of several that ``expected`` might stand in place of.
    """

    start: int
    end: int
    line: int
    text: str
    surprisal_nats: float
    expected: tuple[Expectation, ...]
    document: Span
    note: str | None = None
    suggestions: tuple[Suggestion, ...] = ()
    probability: float | None = None
    expected_for: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A ranked sentence, in *source* positions (``line`` from 1).

    ``sentence`` is its index in ``Document.sentences``; ``score`` is the value of the ranking measure (higher
    is more suspicious); ``measures`` every measure by name, None where undefined. ``probability`` that it is
    corrupted, and ``q_value``, the least false discovery rate at which it is found: None without a calibrated
    detector. ``fault`` is the kind of corruption, of `mtqa.detect.kinds`, where the detector can tell.
    """

    rank: int
    sentence: int
    kind: str
    text: str
    start: int
    end: int
    line: int
    score: float
    perplexity: float
    tokens: int
    measures: Mapping[str, float | None]
    spans: tuple[SuspectSpan, ...]
    probability: float | None = None
    q_value: float | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Where a verdict's numbers contradict each other. ``kind``: the same for every article it holds of."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a calibrated detector says of a whole article of ``sentences`` ranked sentences.

    ``expected``: how many of them are corrupted, the sum of their probabilities; ``low`` to ``high`` holds
    the number with 95 %. ``found``: how many are found at the false discovery rate ``fdr``. ``highest``: the
    probability of the likeliest; ``likely``: how many are corrupted more likely than not. ``doubts``: where
    its numbers contradict each other; their texts are among the report's warnings.
    """

    sentences: int
    expected: float
    low: int
    high: int
    found: int
    fdr: float
    highest: float = 0.0
    likely: int = 0
    doubts: tuple[Doubt, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The doubts, as the report has them."""
        return tuple(doubt.text for doubt in self.doubts)

    @property
    def evidence(self) -> bool:
        """Is a sentence found, or is one corrupted more likely than not?"""
        return self.found > 0 or self.likely > 0

    @property
    def words(self) -> str:
        """The verdict for a reader.

        >>> Verdict(31, 1.6, 0, 3, found=0, fdr=0.1, likely=1).words, Verdict(14, 0.9, 0, 3, 0, 0.1).words
        ('about 2 of 31 sentences corrupted (0–3)', 'no evidence of corruption')
        """
        return self.estimate if self.evidence else "no evidence of corruption"

    @property
    def estimate(self) -> str:
        """How many sentences are corrupted by their probabilities, found or not."""
        number = max(round(self.expected), self.low, 1)
        among = f"{self.sentences:,} {'sentence' if self.sentences == 1 else 'sentences'}"
        return f"about {number:,} of {among} corrupted ({self.low:,}–{max(self.high, number):,})"


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One article's ranking: what a renderer gets. ``findings`` are all ranked sentences, worst first.

    Where a false discovery rate ``fdr`` was asked for they are those found at it. ``words``: all of them, in
    text order, made as they are asked for. ``verdict``: None without a calibrated detector.
    ``recall_by_type``: the share that the detector finds of each type of corruption, as measured; empty where
    nothing is known or it would not hold (another measure or context, a calibration of the user's own).
    """

    document: Document
    signature: str
    measure: str
    model: ModelIdentity
    findings: tuple[Finding, ...]
    words: Sequence[Word]
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    fdr: float | None = None
    recall_by_type: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = self.verdict.words if self.verdict else f"ranked by {self.measure}"
        return f"<Report on {self.document!r}; {told}; {len(self.findings):,} findings>"

    @property
    def excluded(self) -> Sequence[Excluded]:
        """What of the file was not ranked, and why."""
        return self.document.excluded
