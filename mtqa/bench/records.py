"""The records that evaluation is made of: a labelled set, and a config's scores on it.

`LabelledSet` (what is known) and `ScoreTable` (what a config says) meet in the metrics and nowhere else: of a
`LabelledSentence` only the text, and its paragraph, reach a scorer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: The shapes of labelled data: sentences with labels in documents, isolated sentences with human scores,
#: pairs of a sound sentence and the same one corrupted.
SHAPES = ("documents", "scored", "pairs")

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """What is known of one sentence. None: not annotated.

    ``label``: 1 corrupted, 0 sound. ``score``: a human score, higher is better. ``spans``: ``[start, end)``
    characters of ``text``, an empty one marks a removal. ``word_tags``: ``[start, end)`` characters of
    ``text`` of each tagged word, and whether it is BAD. ``groups``: group → value, for a breakdown.
    ``reference``: a good translation, or the text before it was corrupted; only sacrebleu sees it.
    """

    text: str
    label: int | None = None
    score: float | None = None
    spans: tuple[tuple[int, int], ...] | None = None
    word_tags: tuple[tuple[int, int, bool], ...] | None = None
    boilerplate: bool = False
    paragraph: int | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """Sentences that belong together. ``isolated``: they are read each on its own, without context.

    In the shape ``pairs`` a document is one pair, ``(good with label 0, bad with label 1)``; in ``scored``
    one sentence. Both are isolated. ``cluster``: what is drawn as one in resampling (translations of one
    source document, perturbations of one sentence); the id where that is empty. ``shared``: its name means
    the same in every file (a ``source_doc``, a pair's good sentence); the names of documents and records come
    again in other files by chance.
    """

    id: str
    sentences: tuple[LabelledSentence, ...]
    isolated: bool = False
    cluster: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labelled data of one shape.

    ``digest``: sha256 (hex) of the file, or of the records where there is none. ``system_order``: the systems
    from worst to best where that is known (MSLC); they are the value of the group ``system``.
    ``warnings``: what of the data could not be used, one line each. ``read_as``: what moves a number and is
    not in the file: the size of the sample, the columns that were named.
    """

    name: str
    digest: str
    shape: str
    documents: tuple[LabelledDocument, ...]
    system_order: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    read_as: str = ""

    @property
    def stamp(self) -> str:
        """Digest, sample and columns, for a signature."""
        return self.digest[:12] + (f"({self.read_as})" if self.read_as else "")

    def sentences(self) -> Iterator[LabelledSentence]:
        """All sentences, in the order of a `ScoreTable`."""
        return (sentence for document in self.documents for sentence in document.sentences)

    @property
    def corrupted(self) -> int:
        """How many sentences are: lines of boilerplate are none, whatever their label."""
        return sum(s.label == 1 and not s.boilerplate for s in self.sentences())

    def clusters(self) -> Indices:
        """Per document ``(D,)`` the number of its cluster, from 0 in order of appearance."""
        numbers: dict[str, int] = {}
        named = (document.cluster or f"\0{document.id}" for document in self.documents)
        return np.array([numbers.setdefault(name, len(numbers)) for name in named], dtype=np.int64)

    def __len__(self) -> int:
        return sum(len(document.sentences) for document in self.documents)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """What one config says of every sentence of a set: n sentences in the set's order.

    ``scores (n,)``: higher is more suspicious, never NaN; a sentence that was not scored is in ``unscored``
    (index → reason) and has the lowest score. ``document (n,)``: index into ``data.documents``.
    ``probability (n,)``: that it is corrupted, or None where the config gives none. ``words``: per sentence
    ``(start, end, suspicion)`` and ``marked``: the spans that a report would mark, both in characters of its
    text. ``q_value (n,)``: the least false discovery rate at which it is found, or None likewise.
    ``tokens (n,)``, ``bits (n,)`` (total surprisal). ``seconds``: what scoring took. ``peak_mb``: the
    most memory that the process had held by then, in millions of bytes; None where nobody counts it.
    ``warnings``: what the scorer said of most of the documents.
    """

    data: LabelledSet
    config: str
    signature: str
    scores: Array
    document: Indices
    words: tuple[tuple[tuple[int, int, float], ...], ...] = ()
    marked: tuple[tuple[tuple[int, int], ...], ...] = ()
    probability: Array | None = None
    q_value: Array | None = None
    tokens: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    bits: Array = field(default_factory=lambda: np.zeros(0))
    unscored: Mapping[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    peak_mb: float | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.data)
        for name in ("scores", "document"):
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, the set has {n} sentences")
        if not np.isfinite(self.scores).all():
            raise ValueError("a score is not a finite number")

    @property
    def scoring(self) -> str:
        """What of the signature decides the token scores: all that stands before the measure."""
        return self.signature.partition("|measure:")[0]

    def __len__(self) -> int:
        return len(self.scores)


def document_index(data: LabelledSet) -> Indices:
    """Each sentence's document: ``(n,)``."""
    lengths = [len(document.sentences) for document in data.documents]
    return np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
