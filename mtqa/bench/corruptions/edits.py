"""Edits of a sentence, and what they leave marked: the one place where corrupted spans are reckoned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Edit:
    """Put ``new`` where ``[start, end)`` of the sentence stood; an unmarked edit is no error itself.

    The marked span is ``new`` without the part it shares with the old text's outer white space; where
    nothing of it is left, an empty span marks the removal.
    """

    start: int
    end: int
    new: str
    marked: bool = True


@dataclass(frozen=True, slots=True)
class Corruption:
    """A corrupted sentence: ``spans`` are ``[start, end)`` characters of ``text``, in order, disjoint.

    ``changes``: ``(start, end, new length)`` of each edit, in characters of the text before it. ``type``: its
    name where that is not the name of the type that was drawn.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    changes: tuple[tuple[int, int, int], ...] = field(default=(), compare=False, repr=False)
    type: str | None = field(default=None, compare=False, repr=False)


def apply(text: str, edits: Iterable[Edit]) -> Corruption | None:
    """The sentence after disjoint edits, or None where it ends up as it was or empty.

    >>> apply("A red car stopped.", [Edit(2, 5, "blue")])
    Corruption(text='A blue car stopped.', spans=((2, 6),))
    >>> apply("A red car stopped.", [Edit(2, 6, "")])
    Corruption(text='A car stopped.', spans=((2, 2),))
    """
    out: list[str] = []
    spans: list[tuple[int, int]] = []
    place = length = 0
    ordered = sorted(edits, key=lambda e: (e.start, e.end))
    for edit in ordered:
        if edit.start < place:
            return None
        out += [text[place : edit.start], edit.new]
        length += edit.start - place
        if edit.marked:
            spans.append(_core(edit.new, length))
        length += len(edit.new)
        place = edit.end
    whole = "".join([*out, text[place:]])
    if whole == text or not whole.strip():
        return None
    return Corruption(whole, tuple(spans), tuple((e.start, e.end, len(e.new)) for e in ordered))


def _core(new: str, at: int) -> tuple[int, int]:
    """The span of ``new`` without outer white space; empty, at its start, where there is nothing else."""
    inner = new.strip()
    if not inner:
        return (at, at)
    start = at + new.index(inner)
    return (start, start + len(inner))


def compose(first: Corruption, second: Corruption) -> Corruption:
    """What both have done, where ``second`` was made by `apply` from ``first.text``.

    The first's spans move along; one that the second cuts into grows around what it put in.
    """
    moved = [_moved(span, second.changes) for span in first.spans]
    joined = merged([*moved, *second.spans])
    return Corruption(second.text, merged([_core(second.text[s:e], s) for s, e in joined]))


def _moved(span: tuple[int, int], changes: Iterable[tuple[int, int, int]]) -> tuple[int, int]:
    """Where a span of the old text lies in the new one."""
    first = last = 0
    start, end = span
    for at, until, length in changes:
        if until <= start:
            first += length - (until - at)
        elif at < start:
            first -= start - at
        if until <= end and at < end:
            last += length - (until - at)
        elif at < end:
            last += at + length - end
    return (start + first, max(start + first, end + last))


#: So many characters on either side tell whether a marked place reads as it did.
_AROUND = 12


def undone(original: str, made: Corruption) -> bool:
    """Whether a marked place reads as it did: one change has taken back another.

    >>> undone("A red car.", Corruption("A red cat.", ((6, 9),)))
    False
    >>> undone("Their red car has stopped.", Corruption("Their red car has stopped!", ((4, 5),)))
    True
    """
    # The ends count as characters, so that what is cut off there is seen.
    before, after = f"\0{original}\0", f"\0{made.text}\0"
    places = ((max(0, start + 1 - _AROUND), end + 1 + _AROUND) for start, end in made.spans)
    return any(after[start:end] in before for start, end in places)


def merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order, overlapping ones joined.

    >>> merged([(5, 9), (0, 2), (1, 3)])
    ((0, 3), (5, 9))
    """
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        elif not out or (start, end) != out[-1]:
            out.append((start, end))
    return tuple(out)
