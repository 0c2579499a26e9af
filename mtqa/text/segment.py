"""Blocks to sentences: syntok, with its known slips mended by the patterns of ``segment_rules.py``.

A boundary is the position at which a
sentence begins; spans are trimmed, so every character that is no white space is in exactly one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from mtqa.records import Span
from mtqa.text import segment_rules as rules
from mtqa.text.line import OPENING

MAX_SENTENCE: Final = 1_500  # characters
_OPENED: Final = ("(", "[", "{")
_CUTS = (re.compile(r"[;；]\s*"), re.compile(r"[,，、:—]\s*"), re.compile(r"\s+"))


def sentence_spans(text: str) -> list[Span]:
    """The sentences of one block, as ``[start, end)`` of it: in order, disjoint, trimmed, complete.

    >>> [(s.start, s.end) for s in sentence_spans("We won. They lost.")]
    [(0, 7), (8, 18)]
    """
    starts = _merged(text, _moved(text, _starts(text)))
    spans: list[Span] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        spans += _limited(text, start, end)
    return spans


def _starts(text: str) -> list[int]:
    """Where syntok begins a sentence, and where a script that sets no space after one does."""
    from syntok.segmenter import analyze

    found = {0}
    level = _levelled(text)
    for paragraph in analyze(level):
        found.update(tokens[0].offset for tokens in paragraph)
    if not text.isascii():
        found.update(m.end() for m in rules.UNSPACED_END.finditer(text) if _unspaced(text, m))
    for pattern in (rules.MISSED, rules.DOTTED, rules.WORDS, rules.GLUED):
        found.update(m.end() for m in pattern.finditer(level))
    found.update(_glued_marks(level))
    if text.islower():  # nobody's capitals to go by
        found.update(m.end() for m in rules.LOWER_END.finditer(text))
    found.discard(len(text))
    return sorted(found)


def _glued_marks(text: str) -> Iterator[int]:
    """Where a sentence begins at an upright mark with no blank: behind it where it closes a pair."""
    marks = position = 0
    for match in rules.GLUED_MARK.finditer(text):
        marks += text.count('"', position, match.start())
        yield match.start() + marks % 2
        marks, position = marks + 1, match.end()


def _levelled(text: str) -> str:
    """The text as syntok is to read it, and as long: see `rules.LEVELLED`."""
    for pattern, mark in rules.LEVELLED:
        text = pattern.sub(partial(_repeated, mark), text)
    text = rules.BARE.sub(_without_mark, text)
    # in a text that begins with a number, numbers count what follows them
    return text if text[:1].isdigit() else rules.SPACED.sub(partial(_repeated, " "), text)


def _without_mark(found: re.Match[str]) -> str:
    """Blanks for a reference mark, the number itself behind an abbreviation (“vol.2 The …”)."""
    before = found.string[max(0, found.start() - 12) : found.start()]
    return found[0] if rules.BEFORE_NUMBER.search(before) else " " * len(found[0])


def _repeated(mark: str, found: re.Match[str]) -> str:
    return mark * len(found[0])


def _unspaced(text: str, match: re.Match[str]) -> bool:
    return ord(match[0][0]) > 0x2FF or (match.end() < len(text) and ord(text[match.end()]) > 0x2E7F)


def _moved(text: str, starts: Sequence[int]) -> list[int]:
    """Closing quotes and brackets belong to the sentence in front of them."""
    moved = []
    for start in starts:
        closers = rules.CLOSERS.match(text, start) if start else None
        moved.append(closers.end() if closers else start)
    return sorted({start for start in moved if start < len(text)})


def _merged(text: str, starts: Sequence[int]) -> list[int]:
    """The boundaries that hold."""
    kept = [0]
    ends = [*starts[1:], len(text)][1:]
    for start, end in zip(starts[1:], ends, strict=True):
        if _holds(text, kept[-1], start, end):
            kept.append(start)
    return kept


def _holds(text: str, previous: int, start: int, end: int) -> bool:
    """Whether a sentence ``[previous, start)`` really ends where the next, ``[start, end)``, begins."""
    window = text[max(previous, start - 40) : start]
    after = text[start : min(end, start + 80)].lstrip()
    if not _wordy(text, start, end) or not _wordy(text, previous, start):
        return False
    if start - previous < 14 and rules.MARKER.fullmatch(text[previous:start].lstrip()):
        return False
    if rules.CALLED_OUT.search(window) and (rules.ATTRIBUTION.match(after) or after[:1].islower()):
        return False
    if previous == 0 and rules.DATELINE.match(text, 0, start) and rules.BEHIND_DATELINE.match(after):
        return False
    if rules.ASIDE.search(text, max(previous, start - 200), start) or _dash_goes_on(window, after):
        return False
    if after[:1] in _OPENED and rules.MID_SENTENCE.search(window):
        return False
    if _is_ordinal(window, after) or (rules.CITED.search(window) and rules.BEHIND_CITED.match(after)):
        return False
    if rules.NUMBER.match(after) and rules.BEFORE_NUMBER.search(window):
        return False
    return not _goes_on_with_name(window, after)


def _dash_goes_on(window: str, after: str) -> bool:
    """“WASHINGTON, D.C. (AP) - The …”, “… — what a day! — to go home”: such a dash begins no sentence."""
    dash = rules.DASH.match(after)
    if dash is None:
        return False
    first = after[dash.end() :].lstrip(OPENING)[:1]
    return window.rstrip().endswith(")") or (first.islower() and rules.CRIED.search(window) is not None)


def _goes_on_with_name(window: str, after: str) -> bool:
    """“Mr. Smith”, “St. Paul”, “Det. Insp. Brown”: what the stop shortens, the capital goes on with."""
    if not after[:1].isupper():
        return False
    if rules.BEFORE_TITLED.search(window):
        return rules.NO_NAME.match(after) is None
    return rules.BEFORE_NAME.search(window) is not None and not rules.SAINT_END.search(window)


def _is_ordinal(window: str, after: str) -> bool:
    """German: whether a number with its stop goes on with what it counts (“am 5. Mai”)."""
    if rules.NUMBER_END.search(window) is None:
        return False
    if rules.NUMBERED.match(after):
        return True
    return (
        after[:1].isupper()
        and rules.ORDINAL.search(window) is not None
        and rules.GERMAN_OPENERS.match(after) is None
    )


def _wordy(text: str, start: int, end: int) -> bool:
    return any(text[i].isalnum() for i in range(start, end))


def _limited(text: str, start: int, end: int) -> list[Span]:
    """``[start, end)`` trimmed, cut at the best places where it is longer than `MAX_SENTENCE`."""
    spans = []
    while end - start > MAX_SENTENCE:
        cut = _best_cut(text, start)
        spans.append(_trimmed(text, start, cut))
        start = cut
    spans.append(_trimmed(text, start, end))
    return [span for span in spans if span.start < span.end]


def _best_cut(text: str, start: int) -> int:
    """After the last semicolon, else comma, else space of the allowed stretch; else its end."""
    stop = start + MAX_SENTENCE
    for pattern in _CUTS:
        ends = [m.end() for m in pattern.finditer(text, start + MAX_SENTENCE // 2, stop)]
        if ends:
            return ends[-1]
    return stop


def _trimmed(text: str, start: int, end: int) -> Span:
    body = text[start:end]
    left = len(body) - len(body.lstrip())
    return Span(start + left, max(start + left, start + len(body.rstrip())))
