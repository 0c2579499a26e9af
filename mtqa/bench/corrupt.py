"""Labelled documents from sound text: which sentences are corrupted, how, and how that is written down.

``mtqa corrupt`` reads articles, draws a share of each one's sentences, and corrupts them with types drawn by
weight (`corruptions.registry.TYPES`). Everything else stays as it was, to the byte. The same seed, text
and data packages give the same output everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from mtqa.bench.corruptions.edits import Corruption
from mtqa.bench.corruptions.grammar import Sentence
from mtqa.bench.corruptions.registry import TYPES, function_of
from mtqa.bench.corruptions.resources import Proposer, Resources, Translator, load_resources
from mtqa.errors import UsageError, unknown

#: Shorter sentences are left alone: too little is left of them to judge.
_MIN_WORDS = 4
#: How many sentences a drawn type is tried on before another type is drawn.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class CorruptSettings:
    """What is corrupted and how.

    ``share``: bounds of the share of a document's sentences that are corrupted, drawn uniformly.
    ``untouched``: the share of documents that stay sound. ``weights``: type → weight, over the default
    ones (0 turns a type off). ``visible_only``: no types that a reader without the source can't see.
    """

    share: tuple[float, float] = (0.10, 0.20)
    untouched: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    visible_only: bool = False

    def __post_init__(self) -> None:
        low, high = self.share
        if not 0 <= low <= high <= 1:
            raise UsageError(f"share is {self.share}: two numbers from 0 to 1, the smaller first")
        if not 0 <= self.untouched <= 1:
            raise UsageError(f"untouched is {self.untouched}: a share from 0 to 1")
        for name, weight in self.weights.items():
            if name not in TYPES:
                raise UsageError(unknown("corruption type", name, TYPES))
            if not (weight >= 0 and np.isfinite(weight)):
                raise UsageError(f"the weight of {name} is {weight}: a number from 0")
        if not self.types():
            raise UsageError("every corruption type has weight 0; give at least one a weight")

    def types(self) -> dict[str, float]:
        """The types that are drawn, with their weights."""
        all_weights = {name: self.weights.get(name, kind.weight) for name, kind in TYPES.items()}
        return {
            name: weight
            for name, weight in all_weights.items()
            if weight > 0 and (TYPES[name].visible or not self.visible_only)
        }


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence of a made document. Where ``label`` is 0, ``type`` and ``severity`` are None.

    ``spans`` are ``[start, end)`` characters of ``text``; an empty one marks a removal. ``visible``: a
    careful reader without the original can see it.
    """

    text: str
    label: int
    original: str
    type: str | None = None
    severity: str | None = None
    visible: bool | None = None
    spans: tuple[tuple[int, int], ...] = ()

    def record(self) -> dict[str, Any]:
        """For a JSONL file of documents."""
        if not self.label:
            return {"text": self.text, "label": 0, "spans": []}
        spans = [{"start": s, "end": e, "severity": self.severity} for s, e in self.spans]
        return {
            "text": self.text,
            "label": 1,
            "spans": spans,
            "type": self.type,
            "severity": self.severity,
            "visible": self.visible,
            "orig": self.original,
        }


@dataclass(frozen=True, slots=True)
class CorruptedDocument:
    """A document with the labels of its sentences."""

    sentences: tuple[LabelledSentence, ...]

    def record(self, name: str, *, seed: int | None = None) -> dict[str, Any]:
        """One line of a JSONL file in the ``documents`` shape."""
        system = "mtqa-corrupt" if seed is None else f"mtqa-corrupt:{seed}"
        rows = [s.record() for s in self.sentences]
        return {"doc": name, "source_doc": name, "system": system, "sentences": rows}


def corrupt_document(
    sentences: Sequence[str],
    rng: np.random.Generator,
    *,
    settings: CorruptSettings | None = None,
    resources: Resources | None = None,
) -> CorruptedDocument:
    """The document with a share of its sentences corrupted.

    Raises `UsageError` where WordNet or lemminflect is not installed. A sentence that no drawn type fits
    stays sound, so that short or odd documents may come out with fewer corruptions, or none.
    """
    settings = settings or CorruptSettings()
    resources = resources or load_resources()
    check_proposer(settings, resources.proposer)
    check_translator(settings, resources.translator)
    document = tuple(sentences)
    made: dict[int, LabelledSentence] = {}
    for place, name, corruption in _draws(document, rng, settings, resources):
        kind = TYPES[name]
        made[place] = LabelledSentence(
            corruption.text, 1, document[place], name, kind.severity, kind.visible, corruption.spans
        )
    return CorruptedDocument(tuple(made.get(i, LabelledSentence(s, 0, s)) for i, s in enumerate(document)))


def check_proposer(settings: CorruptSettings, proposer: Proposer | None) -> None:
    """Raises `UsageError` where a type asks a language model and there is none."""
    lacking = [name for name in settings.types() if TYPES[name].needs_proposer]
    if lacking and proposer is None:
        raise UsageError(
            f"{', '.join(lacking)} needs a language model: name one (--model smollm2-135m; "
            "in Python a proposer), or set its weight to 0"
        )


def check_translator(settings: CorruptSettings, translator: Translator | None) -> None:
    """Raises `UsageError` where a type asks a translation engine and there is none."""
    if asks_translator(settings) and translator is None:
        raise UsageError(
            "round_trip needs a translation engine: give a translator (`mtqa.bench.apertium.Apertium`), "
            "or set its weight to 0"
        )


def asks_translator(settings: CorruptSettings) -> bool:
    """Does a type that is drawn ask a translation engine?"""
    return any(TYPES[name].needs_translator for name in settings.types())


def corrupt_documents(
    documents: Iterable[tuple[str, Sequence[str]]],
    *,
    seed: int,
    settings: CorruptSettings | None = None,
    proposer: Proposer | None = None,
    translator: Translator | None = None,
) -> Iterator[dict[str, Any]]:
    """Records of the documents ``(name, sentences)``, corrupted; a document's draw depends on its place only.

    Sentences of the other documents serve as off-topic ones, so all of them are read first.
    """
    listed = [(name, tuple(sentences)) for name, sentences in documents]
    resources = replace(load_resources(), proposer=proposer, translator=translator)
    for place, (name, sentences) in enumerate(listed):
        rng = np.random.default_rng([seed, place])
        others = other_sentences(listed, place, rng)
        made = corrupt_document(
            sentences, rng, settings=settings, resources=replace(resources, others=others)
        )
        yield made.record(name, seed=seed)


def other_sentences(
    listed: Sequence[tuple[str, Sequence[str]]], place: int, rng: np.random.Generator
) -> tuple[str, ...]:
    """Sentences of up to six other documents."""
    if len(listed) < 2:
        return ()
    drawn = {int(i) for i in rng.integers(len(listed), size=6)} - {place}
    return tuple(s for i in sorted(drawn) for s in listed[i][1])


def _draws(
    document: tuple[str, ...], rng: np.random.Generator, settings: CorruptSettings, resources: Resources
) -> Iterator[tuple[int, str, Corruption]]:
    """Place, type (as made, not as drawn) and corruption of each sentence that is corrupted."""
    if rng.random() < settings.untouched:
        return
    free = [i for i, s in enumerate(document) if len(s.split()) >= _MIN_WORDS]
    names = list(settings.types())
    weights = np.array(list(settings.types().values()))
    wanted = _how_many(len(free), rng, settings)
    attempts = 0
    while wanted and free and attempts < 12 * (len(free) + 1):
        attempts += 1
        name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        for place in (free[int(i)] for i in rng.permutation(len(free))[:_TRIES]):
            made = corrupt_sentence(document[place], name, rng, resources=resources.seeing(document, place))
            if made is not None and made.text != document[place]:  # the steps of a chain may undo each other
                yield place, made.type or name, made
                free.remove(place)
                wanted -= 1
                break


def _how_many(free: int, rng: np.random.Generator, settings: CorruptSettings) -> int:
    """The number of sentences to corrupt: the share's expectation kept by random rounding, one at least."""
    expected = free * rng.uniform(*settings.share)
    count = int(expected) + (rng.random() < expected - int(expected))
    return min(free, max(count, 1 if settings.share[0] > 0 else 0))


def corrupt_sentence(
    text: str, name: str, rng: np.random.Generator, *, resources: Resources | None = None
) -> Corruption | None:
    """The sentence with one corruption of that type, or None where the type does not apply to it."""
    resources = resources or load_resources()
    return function_of(name)(_tagged(resources, text), rng, resources)


def _tagged(resources: Resources, text: str) -> Sentence:
    return _tag(resources.lexicon, text)


@lru_cache(maxsize=4096)
def _tag(lexicon: Any, text: str) -> Sentence:
    """The tagged sentence; several types are tried on one."""
    tagged: Sentence = lexicon.sentence(text)
    return tagged
