"""Sentences through a real translation engine and back: Apertium, which Debian and Ubuntu package.

Rule-based, offline, a second for a document (Forcada et al. 2011, *Apertium: a free/open-source platform for
rule-based machine translation*). What comes back from another language has the faults of such engines: words
in another of their senses, articles and agreement of the other language, its word order, words left as they
are there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence

import numpy as np

from mtqa.errors import RunError, UsageError

#: The language between → from English and back, by Apertium's names of its modes.
PIVOTS: Mapping[str, tuple[str, str]] = {
    "spa": ("eng-spa", "spa-eng"),
    "cat": ("eng-cat", "cat-eng"),
    "glg": ("en-gl", "gl-en"),
    "epo": ("en-eo", "eo-en"),
    "hbs": ("eng-hbs", "hbs-eng"),
}
#: A translation that has not come by then will not come; seconds.
_LONGEST = 300
#: Texts that one run of the engine translates.
_TOGETHER = 400
#: What parts texts: the engine takes a blank line for an end of a sentence, and keeps it.
_BETWEEN = "\n\n"
#: The engine's own marks, which a text of the outside world does not hold: entities that a pair does not
#: know, two translations of one word (*Maria/Maria*), forms that it could not make (*talk#*, *@of*).
_ENTITY = re.compile(r"par(?:quote|grave|acute|amp|lt|gt|apos)\w*")
_MARKS = (
    (re.compile(r"\b([^\W\d_]+)/([^\W\d_]+)\b"), r"\1"),
    (re.compile(r"(?<=\w)[@#*]|[@#*](?=\w)"), ""),
    (re.compile(r" +(?=[,.;:!?%)\]])"), ""),
    (re.compile(r"^([\"“‘(]) +"), r"\1"),
)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*$")


class Apertium:
    """A `mtqa.bench.corruptions.resources.Translator` over the pairs that are installed."""

    def __init__(self) -> None:
        """Raises `UsageError` that says how to get the engine where it is not there."""
        self._pivots = installed_pivots()
        self._known: dict[tuple[str, str], str | None] = {}

    def there_and_back(self, text: str, rng: np.random.Generator) -> str | None:
        """The sentence through one of the languages, drawn; None where the engine returned nothing for it."""
        asked = (text, str(rng.choice(self._pivots)))
        if asked not in self._known:
            self._known[asked] = there_and_back([text], asked[1])[0]
        return self._known[asked]


def installed_pivots() -> tuple[str, ...]:
    """Those of `PIVOTS` that can be used here. Raises `UsageError` that says how to get one."""
    program = shutil.which("apertium")
    listed = set(_run([program, "-l"], "").split()) if program else set()
    found = tuple(name for name, modes in PIVOTS.items() if listed.issuperset(modes))
    if not found:
        raise UsageError(
            "round_trip needs the translation engine Apertium: apt-get install "
            "apertium apertium-eng-spa apertium-eng-cat"
        )
    return found


def there_and_back(texts: Sequence[str], pivot: str) -> list[str | None]:
    """Each English text through the language ``pivot``; None where the engine returned none for it.

    All of them in one run, in which the engine reads a little past a text's end: what comes of a text may
    hang on the next one. Raises `RunError` where the engine fails.
    """
    plain = made = [" ".join(text.split()) for text in texts]
    for mode in PIVOTS[pivot]:
        made = _translated(made, mode)
        if not made:
            return [None] * len(texts)
    return [_mended(made, text) for made, text in zip(made, plain, strict=True)]


def forth(texts: Sequence[str], pivot: str) -> list[str]:
    """Each English text in the language ``pivot``, the engine's marks and all; '' where it returned none.

    Raises `RunError` where the engine fails.
    """
    made: list[str] = []
    for at in range(0, len(texts), _TOGETHER):
        part = [" ".join(text.split()) for text in texts[at : at + _TOGETHER]]
        made += _translated(part, PIVOTS[pivot][0]) or [""] * len(part)
    return made


def _translated(texts: Sequence[str], mode: str) -> list[str]:
    """All of them in one run; none where another number of texts comes back."""
    made = _run(["apertium", "-u", "-f", "txt", mode], _BETWEEN.join([*texts, ""]))
    *found, rest = (" ".join(part.split()) for part in made.split(_BETWEEN))
    return [] if len(found) != len(texts) or rest else found


def _mended(made: str, text: str) -> str | None:
    """Without the engine's own marks; its sentence's end as it was; None where nothing is left."""
    if not made or _ENTITY.search(made):
        return None
    for mark, instead in _MARKS:
        if not mark.search(text):
            made = mark.sub(instead, made)
    end = _SENTENCE_END.search(text.strip())
    return made + end[0] if end and not _SENTENCE_END.search(made) else made


def _run(command: Sequence[str], text: str) -> str:
    try:
        done = subprocess.run(
            command, input=text.encode("utf-8", "replace"), capture_output=True, timeout=_LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(f"apertium: {error}") from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise RunError(f"apertium ended with {done.returncode}: {last or 'it says nothing'}")
    return done.stdout.decode("utf-8", "replace")
