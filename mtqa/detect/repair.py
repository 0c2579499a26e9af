"""What might stand in a suspicious span's place, and which of it is the best: texts and a formula, no model.

`places` says where to ask the model for words, `edits` makes candidates of them, `fault_edits` does so for
what the text alone shows. Somebody else (`mtqa.lm.rescore`) finds out how much each version surprises the
model: S over the words that are changed, F over what follows them. Then, in nats,

    gain = S(as it is) − S(repaired) + F(as it is) − F(repaired) − E − prior

A longer text costs more than a shorter one whatever it says, so leaving words out would always seem to pay.
E makes that fair: it is the entropy (expected surprisal) summed over the tokens left out, that is, what any
words there would have cost. The prior, `PRIOR_NATS`, stands against what is always likely and seldom the
error: leaving out a word that only the model speaks against, and a short function word in the place of a
longer word. For a name (a capital inside a sentence) S and E are left out: a name that the model has
never read costs a lot wherever it stands, and the likelier name is not the right one; what follows may tell.
A number is not replaced.

What the gain is not: a proof. The likelier word is not always the right one.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from mtqa.detect.doubled import again_at
from mtqa.detect.lookalikes import of_one_alphabet
from mtqa.detect.words import split_words
from mtqa.records import Document, Sentence, Span, Suggestion, SuspectSpan

#: Raised when a change of code moves a suggestion: those of another version are not taken from the ledger.
REPAIRS = 9

#: Against a repair that is always likely: 5 bits, one error in thirty. Not tuned.
PRIOR_NATS = 5 * math.log(2)
#: Letters of a function word at most, and of a word at least that it hardly stands for.
_SHORT, _LONG = 3, 5
#: A repair that gains less than this says nothing.
LEAST_GAIN_BITS = 1.0
#: Suggestions kept for a span.
MOST_SUGGESTIONS = 3
#: Words tried in a place: the model's own, those of them that replace the whole span, near-spelled ones, and
#: related ones. Of 120 words that were replaced (60 in web pages, 60 by hand) the original was among the
#: three repairs of 37 % with six related ones and of 29 % without, the first one of 25 % and of 22 %.
_LIKELIEST, _FOR_ALL, _NEAR, _RELATED = 6, 3, 2, 6
#: Words of a span that are tried, the most surprising first.
_PLACES = 2
#: How alike two spellings are from which one may be a slip for the other (difflib's ratio).
_ALIKE = 0.75

#: Marks behind a span's last word that a repair leaves.
_FINAL = ".!?,;:…"

_PARTNERS = {"“": "”", "”": "“", "‘": "’", "’": "‘", '"': '"', "'": "'", "„": "“", "«": "»", "»": "«"}
_CLOSING = {'"': "”", "”": '"', "'": "’", "’": "'"}

Nats = Callable[[int, int], float]


@dataclass(frozen=True, slots=True)
class Place:
    """A word ``[start, end)`` of a span, in document positions; ``last`` ends what may be replaced with it.

    For the span's first word that is the end of its last one, a mark behind which stays; else the word's own.
    """

    start: int
    end: int
    last: int


@dataclass(frozen=True, slots=True)
class Pool:
    """What the model might write in a place, with its space in front.

    ``likeliest``: the likeliest first. ``related``: of them, those first that are used most like the word.
    """

    likeliest: Sequence[str] = ()
    related: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A candidate: ``text`` for ``[start, end)`` of the document. ``shown``: what the span then reads.

    ``dropped``: characters that nothing takes the place of. ``kind`` is of `Suggestion.kind`. ``name``: only
    what follows counts. ``prior_nats`` stands against it.
    """

    start: int
    end: int
    text: str
    shown: str
    kind: str
    dropped: Span | None = None
    name: bool = False
    prior_nats: float = 0.0


@dataclass(frozen=True, slots=True)
class Surprise:
    """Surprisal in nats of the words that an edit changes, or has changed, and of what follows."""

    own: float
    follows: float


def places(span: SuspectSpan, surprisal: Nats) -> tuple[Place, ...]:
    """The words of a span that are worth replacing, in text order.

    ``surprisal``: nats of the tokens in ``[start, end)`` of the document.
    """
    offset = span.document.start
    words = [(offset + a, offset + b) for a, b in split_words(span.text)]
    worst = sorted(words, key=lambda word: (-surprisal(*word), word[0]))[:_PLACES]
    ends = [end for start, end in words if any(map(str.isalnum, span.text[start - offset : end - offset]))]
    last = max(ends, default=span.document.end)
    if span.text[last - offset :].strip(_FINAL):  # a bracket or a quotation mark closes something
        last = span.document.end
    return tuple(
        Place(start, end, max(last, end) if start == offset else end) for start, end in sorted(worst)
    )


def edits(text: str, sentence: Sentence, place: Place, span: SuspectSpan, pool: Pool) -> list[Edit]:
    """Candidates for a place of a span in ``text``, the document's."""
    original, name = text[place.start : place.end], _is_name(text, sentence, place.start)
    words, related = (
        [word for word in _fitting(text, sentence, place, pieces) if word[:1].isupper() or not name]
        for pieces in (pool.likeliest, pool.related)
    )
    tried, near = _hyphenated(span, original) + words[:_LIKELIEST], _near(words[_LIKELIEST:], original)
    if not name:
        tried = tried + [word for word in related if word not in (*tried, *near)][:_RELATED]
    made = [_edit(span, place.start, place.end, w, "replace") for w in tried]
    made += [_edit(span, place.start, place.end, w, "spelling") for w in near]
    doubled = again_at(text, split_words(text, sentence.start, sentence.end), place.start)
    within = doubled and span.document.start <= doubled.start and doubled.end <= span.document.end
    # What would go beyond the span can't be said in its place.
    gone, kind = (doubled, "undouble") if doubled and within else (Span(place.start, place.end), "delete")
    made = [replace(edit, name=name) for edit in made] + _of_all(text, sentence, place, span, words)
    made.append(replace(_without(text, sentence, span, gone, kind), name=name))
    return list(dict.fromkeys(replace(edit, prior_nats=_prior(edit, len(original))) for edit in made))


def _of_all(
    text: str, sentence: Sentence, place: Place, span: SuspectSpan, words: Sequence[str]
) -> list[Edit]:
    """Candidates for all words of a span at once: none where one is a number, names where one is a name."""
    own = [start for start, _ in split_words(text, place.start, place.last)]
    if place.last == place.end or any(text[start].isdigit() for start in own):
        return []
    rest, every = Span(place.end, place.last), Span(place.start, place.last)
    made = [_edit(span, every.start, every.end, w, "replace", dropped=rest) for w in words[:_FOR_ALL]]
    made.append(_without(text, sentence, span, every, "delete"))
    return [replace(edit, name=any(_is_name(text, sentence, start) for start in own)) for edit in made]


def _is_name(text: str, sentence: Sentence, start: int) -> bool:
    """Has the word at ``start`` a capital that the beginning of a sentence does not explain?"""
    return text[start].isupper() and text[sentence.start : start].strip(" \"'“‘") != ""


def _prior(edit: Edit, letters: int) -> float:
    short = 0 < len(edit.text) <= _SHORT and letters >= _LONG
    return PRIOR_NATS if edit.kind == "delete" or short else 0.0


def fault_edits(text: str, sentence: Sentence, span: SuspectSpan, kind: str) -> list[Edit]:
    """Candidates for what the text alone shows; ``kind``: see `mtqa.detect.spans.TextFaults.shown`."""
    start, end, mark = span.document.start, span.document.end, span.text
    if kind == "twice":  # that they are left over needs no proof: nothing is expected of them
        return [replace(_without(text, sentence, span, Span(start, end), "undouble"), dropped=None)]
    if kind == "letters":
        mended = of_one_alphabet(mark)
        return [_edit(span, start, end, mended, "spelling")] if mended else []
    if kind == "mixed":
        return [_edit(span, start, end, _CLOSING[mark], "quotes")] if mark in _CLOSING else []
    if len(mark) > 1:
        rest = Span(start + 1, end)
        return [_edit(span, start, end, one, "quotes", dropped=rest) for one in dict.fromkeys((mark[0], '"'))]
    made = [_without(text, sentence, span, Span(start, end), "quotes", keeps_space=True)]
    if kind == "unbalanced" and mark in _PARTNERS:
        made.append(_partner(text, sentence, mark, start))
    return made


@dataclass(frozen=True, slots=True)
class Partner:
    """A quotation mark put at the other end of a sentence: its end (``behind``), or its start."""

    mark: str
    behind: bool


def partner_of(mark: str, before: str = "") -> Partner:
    """What the mark lacks; ``before``, the character in front of it, tells which end a straight mark is.

    >>> partner_of("“"), partner_of('"', "."), partner_of('"', " ").behind
    (Partner(mark='”', behind=True), Partner(mark='"', behind=False), True)
    """
    opens = mark in "“‘„«" or (mark in "\"'" and not before.strip())
    return Partner(_PARTNERS[mark], opens)


def added_partner(document: Document, span: SuspectSpan, suggestion: Suggestion) -> Partner | None:
    """What a repair that leaves the span's mark puts at the sentence's other end; None for any other."""
    if not keeps_mark(span, suggestion):
        return None
    at = span.document.start
    return partner_of(span.text, document.text[max(at - 1, 0) : at])


def keeps_mark(span: SuspectSpan, suggestion: Suggestion) -> bool:
    """Whether the repair is of a mark without its partner, which gets one."""
    return suggestion.kind == "quotes" and suggestion.text == span.text and span.text in _PARTNERS


def best(gains: Sequence[tuple[Edit, float]]) -> tuple[Suggestion, ...]:
    """The suggestions worth showing, best first; ``gains`` in nats.

    >>> best([(Edit(0, 3, "cat", "cat", "replace"), 7.0), (Edit(0, 3, "", "", "delete"), 0.1)])
    (Suggestion(text='cat', gain_bits=10.099, kind='replace'),)
    """
    found: dict[str, Suggestion] = {}
    ordered = sorted(gains, key=lambda one: -round(one[1], 3))  # stable: candidates keep their order
    for edit, nats in ordered:
        bits = round(nats / math.log(2), 3)
        if bits >= LEAST_GAIN_BITS:
            found.setdefault(edit.shown, Suggestion(edit.shown, bits, edit.kind))
    return tuple(found.values())[:MOST_SUGGESTIONS]


def gain_nats(edit: Edit, before: Surprise, after: Surprise, entropy: Nats) -> float:
    """The formula above. ``before``, ``after``: of the text as it is and with the edit.

    ``entropy``: nats expected of the tokens in ``[start, end)`` of the document.
    """
    follows = before.follows - after.follows - edit.prior_nats
    if edit.name:
        return follows
    expected = entropy(edit.dropped.start, edit.dropped.end) if edit.dropped else 0.0
    return before.own - after.own + follows - expected


def _fitting(text: str, sentence: Sentence, place: Place, pool: Sequence[str]) -> list[str]:
    """The pool's words that could stand in the place, as they would be written there."""
    original, spaced = text[place.start : place.end], text[max(place.start - 1, 0) : place.start] == " "
    begins = place.start == sentence.start  # what is read alone has no space in front of its first word
    mark = not any(c.isalnum() for c in original)
    if not mark and not original[:1].isalpha():
        return []  # a number: no model knows it
    found = []
    for piece in pool:
        word = piece.strip()
        fits = (piece[:1] == " ") == spaced or (begins and spaced and word[:1].isupper())
        if not word or not fits or word == original:
            continue
        if _is_mark(word) if mark else word.isalpha():
            found.append(word)
    return list(dict.fromkeys(found))


def _hyphenated(span: SuspectSpan, original: str) -> list[str]:
    """What was expected behind the hyphen of a word, whole: "self-raising" for *self-elevating*."""
    before, hyphen, _ = original.partition("-")
    begun = [one.text for one in span.expected if hyphen and one.text.startswith(before + hyphen)]
    return [w for w in begun if w.replace("-", "").isalpha() and w[-1].isalpha() and w != original]


def _is_mark(word: str) -> bool:
    return all(unicodedata.category(c).startswith("P") for c in word)


def _near(words: Sequence[str], original: str) -> list[str]:
    """The first few words spelled like the original."""
    alike = (w for w in words if SequenceMatcher(None, w.lower(), original.lower()).ratio() >= _ALIKE)
    return [word for word, _ in zip(alike, range(_NEAR), strict=False)]


def _edit(
    span: SuspectSpan, start: int, end: int, text: str, kind: str, *, dropped: Span | None = None
) -> Edit:
    at = span.document.start
    shown = span.text[: max(start - at, 0)] + text + span.text[max(end - at, 0) :]
    return Edit(start, end, text, " ".join(shown.split()), kind, dropped)


def _without(
    text: str, sentence: Sentence, span: SuspectSpan, gone: Span, kind: str, *, keeps_space: bool = False
) -> Edit:
    """The text without ``gone`` and without the space that held it apart, of the sentence's own."""
    start, end = gone.start, gone.end
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    # What begins right behind it needs the space.
    begins = after != "" and (_of_word(after) or unicodedata.category(after) in ("Ps", "Pi"))
    taken = not begins and (not keeps_space or after in ("", " "))
    if before == " " and start > sentence.start and taken:
        start -= 1
    elif after == " " and end < sentence.end and not keeps_space and _opens(text, sentence, gone):
        end += 1
    return _edit(span, start, end, "", kind, dropped=gone)


def _opens(text: str, sentence: Sentence, gone: Span) -> bool:
    """Does what stands in front of ``gone`` hold on to what follows it: nothing, an opening mark, a dash?

    A mark opens that has a space or nothing in front of it, and closes behind a word: “ does both.
    """
    at, word = gone.start, _of_word(text[gone.start])
    while at > sentence.start and not text[at - 1].isspace() and not _of_word(text[at - 1]):
        at -= 1
        category = unicodedata.category(text[at])
        if category == "Pe":
            return False
        if category == "Ps" or (word and (category == "Pd" or text[at] == "/")):
            return True
    return at == sentence.start or text[at - 1].isspace()


def _of_word(char: str) -> bool:
    """A letter, a number, or what is set on one: an accent, a vowel sign."""
    return unicodedata.category(char)[0] in "LNM"


def _partner(text: str, sentence: Sentence, mark: str, at: int) -> Edit:
    """The mark's partner at the sentence's other end; the mark stays."""
    partner = partner_of(mark, text[max(at - 1, 0) : at])
    where = sentence.end if partner.behind else sentence.start
    return Edit(where, where, partner.mark, mark, "quotes")
