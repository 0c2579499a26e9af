"""Sentences spun with the words of real spinners: what the pairs of `tortured/dev_pairs.jsonl` teach.

The expected and the tortured phrase, laid beside each other word by word, give a thesaurus as it was used on
published papers (*recognition* → *acknowledgement*, *disease* → *malady*); applied to sound sentences it
spins them. Cabanac, Labbé and Magazinov's list, CC BY 4.0.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from wordfreq import zipf_frequency

#: Words that are more frequent stand for themselves in a phrase (*the*, *of*).
FREQUENT = 6.0
#: A word with the same first letters is the same word in another form.
SAME = 5
#: Words that are replaced: this share of those that could be, no more than so many in a sentence.
SHARE, MOST = 0.7, 6
_WORD = re.compile(r"[A-Za-z]+")
_ASIDE = re.compile(r"\([^)]*\)")


@dataclass(frozen=True)
class Thesaurus:
    """Word → what it was replaced by, and how often; and the same for phrases of several words."""

    words: Mapping[str, Mapping[str, int]]
    phrases: Mapping[str, Mapping[str, int]]
    pattern: re.Pattern[str]


def thesaurus(pairs: Iterable[Mapping[str, Any]]) -> Thesaurus:
    """From the records of the pairs' file."""
    words: dict[str, Counter[str]] = defaultdict(Counter)
    phrases: dict[str, Counter[str]] = defaultdict(Counter)
    for row in pairs:
        good, bad = (_ASIDE.sub("", row[side].lower()).replace("-", " ").split() for side in ("good", "bad"))
        if len(good) == len(bad):
            for one, other in zip(good, bad, strict=True):
                if _apart(one, other):
                    words[one][other] += 1
        if len(good) > 1 and all(map(str.isalpha, good + bad)):
            phrases[" ".join(good)][" ".join(bad)] += 1
    listed = sorted(phrases, key=len, reverse=True)
    return Thesaurus(words, phrases, re.compile(rf"\b({'|'.join(map(re.escape, listed))})\b", re.IGNORECASE))


def _apart(one: str, other: str) -> bool:
    """Is it another word, and one that means something?"""
    alphabetic = one.isascii() and one.isalpha() and other.isascii() and other.isalpha()
    rare = zipf_frequency(one, "en") < FREQUENT
    return alphabetic and min(len(one), len(other)) > 2 and rare and one[:SAME] != other[:SAME]


def spun(text: str, known: Thesaurus, rng: np.random.Generator, *, least: int = 2) -> dict[str, Any] | None:
    """The sentence's row, spun; None where fewer than ``least`` words can be.

    A word replaced by a likelier one may read well: its span is a minor fault.
    """
    found = [(m.start(), m.end(), known.phrases[m[0].lower()]) for m in known.pattern.finditer(text)]
    for m in _WORD.finditer(text):
        name = m[0].lower()
        free = all(m.end() <= a or m.start() >= b for a, b, _ in found)
        # A capital inside the sentence is a name's.
        if name in known.words and free and (m[0].islower() or m.start() == 0):
            found.append((m.start(), m.end(), known.words[name]))
    if len(found) < least:
        return None
    count = int(np.clip(round(SHARE * len(found)), least, MOST))
    chosen = sorted(found[int(i)] for i in rng.permutation(len(found))[:count])
    parts, spans, at, size = [], [], 0, 0
    for start, end, choices in chosen:
        names, weights = list(choices), np.sqrt(list(choices.values()))
        new = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        old = text[start:end]
        written = new[0].upper() + new[1:] if old[0].isupper() else new
        parts += [text[at:start], written]
        begins = size + start - at
        at, size = end, begins + len(written)
        likelier = " " not in new and zipf_frequency(new, "en") > zipf_frequency(old, "en")
        spans.append({"start": begins, "end": size, "severity": "minor" if likelier else "major"})
    made = "".join(parts) + text[at:]
    return {"text": made, "label": 1, "type": "tortured", "spans": spans, "orig": text}
