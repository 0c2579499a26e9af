"""The kinds of corruption that a finding may carry, and what was made to learn each of them from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mtqa.records import Floats

#: Kind → types of `mtqa.bench.corruptions.registry` and of the language model's own corruptions.
KINDS: Mapping[str, tuple[str, ...]] = {
    "wrong word": (
        "wrong_sense",
        "rare_synonym",
        "heavy_spin",
        "tortured",
        "collocation",
        "noun_swap",
        "verb_swap",
        "exchange",
        "false_friend",
        "homograph",
        "sampled_shuffle",
        "antonym",
    ),
    "repetition": ("doubled", "loop", "sampled_loop"),
    "word order": ("adjective_after_noun", "verb_final", "verb_first", "scramble"),
    "grammar": ("agreement", "tense", "pronoun", "preposition", "article", "noun_number"),
    "quotes and punctuation": ("quotes", "stops", "capitals", "broken_word", "debris"),
    "dropped word": ("drop_content", "drop_function", "truncated"),
    "untranslated word": ("untranslated",),
    "off topic": ("bland", "degenerate", "off_topic", "sampled_tail", "sampled_bland", "sampled_topic"),
}

#: The kind of each type that has one.
KIND_OF: Mapping[str, str] = {kind: name for name, kinds in KINDS.items() for kind in kinds}

#: The names, in the order of a head's last outputs.
NAMES = tuple(KINDS)
#: The kind of broken quotation marks, of words that stand there twice, and of text that says nothing.
QUOTES, REPETITION, OFF_TOPIC = "quotes and punctuation", "repetition", "off topic"

#: Of the evidence in a sentence, the share that one kind must hold to be named.
_LEAST_SHARE = 0.5
#: And the evidence, in nats: three in ten that the sentence is corrupted, by the tokens alone. With even odds
#: .09 fewer are named, and .02 more of them right (the second network of the fourth head's training).
_LEAST_EVIDENCE = 0.35
#: What is named only where nothing else is wrong: stray marks beside wrong words are the lesser fault.
_LESSER = NAMES.index(QUOTES)
#: How much else must be wrong for that, in nats: odds of six to one.
_ELSE = 2.0


def is_clear(outputs: Floats) -> bool:
    """Do tokens with a head's outputs ``(n, C)`` say by themselves, six to one, that something is wrong?"""
    return float(np.logaddexp(0.0, outputs[:, 0].astype(np.float64)).sum()) >= _ELSE


def fault_kind(outputs: Floats) -> str | None:
    """What is wrong with a sentence, from a head's outputs ``(n, C)``; None where it can't tell.

    Each token's kinds, as probabilities, are weighed with the token's own probability of being corrupted.
    """
    evidence = np.logaddexp(0.0, outputs[:, 0].astype(np.float64))  # (n,)
    if evidence.sum() < _LEAST_EVIDENCE:
        return None
    logits = outputs[:, -len(NAMES) :].astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    total = evidence @ shares  # (kinds,), nats
    if total.sum() - total[_LESSER] >= _ELSE:
        total[_LESSER] = 0.0
    best = int(total.argmax())
    return NAMES[best] if total[best] >= _LEAST_SHARE * total.sum() else None
