"""Broken quotation marks: evidence of a spun or machine-translated text, found and never mended.

False alarms are worse than misses: apostrophes, plural possessives, elisions, feet and inches,
nested quotes and a quotation that runs on into the next paragraph are all legal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mtqa.records import Block, QuoteFault, Sentence

#: Of typographic marks repeats, and pairs that hold nothing; ”“ and “„ close and open (“一国两制”“港人治港”).
_DOUBLED: Final = re.compile(
    r"„+[“”]+|“+”+|„{2,}|“{2,}|”{2,}|[“”]\"+|(?<!\")\"++[“”]|(?<!\")\"{2,}+(?=\w)|(?<=[\w.,!?])\"{2,}|(?<!‘)‘{2,}+(?=\w)"
)
_MARK: Final = re.compile(r"”+(?=“)|[“”\"]+")
_INCH: Final = re.compile(r"\d(?:\.\d+|[¼½¾])?$")
#: Before a typographic mark, seldom an inch, only a small number, or what follows feet: 15.6”, 6’ 2”.
_CURLY_INCH: Final = re.compile(
    r"(?<![\d.,$£€])\d{1,2}(?:\.\d{1,2}|[¼½¾])?$|\d\s?[’'′]\s?\d{1,2}(?:\.\d+|[¼½¾])?$"
)
_OPENS_AFTER = " \t\n([{—–-/‘'"
_CLOSES_BEFORE = " \t\n)]}.,;:!?—–-/’'…"
#: A back-tick opens where a straight mark follows: `single', as LaTeX has it.
_SINGLE: Final = re.compile(r"[‘’']|(?<![`\w])`(?=[^`\s][^`'\n]{0,200}')")
#: Marks of another language, and Hebrew gershayim: where צה"ל may stand, so may a prefix before a quotation.
_FOREIGN: Final = re.compile(r"[„«»]|[א-ת][\"”][א-ת]")
_STRAY_WORD: Final = re.compile(r"(?<![\w’'-])[a-z]{3,}$")
#: Words that legally end in an apostrophe: elisions (goin’, an’, th’) beside the plural possessive.
_ELIDED: Final = re.compile(
    r"(?:[a-z]+in|an|th|wi|ol|gi|tha|lil|fo|mo|ha|upo|sho|yo|ole|bro|del|dell|nell|all|sull|quell|bell"
    r"|tho|thro|thoro|sta|hab|heut|komm|sag|geb|seh|steh|oblast|volost|vlast|[a-z]nost|zhizn|kn[iy]az|letopis)$"
)
#: A word with the mark behind it and no opening mark before: twice in a text, and it is spelled so.
_SPELLED: Final = re.compile(r"(?<![\w‘’'“\"-])([A-Za-z]{3,})[’'](?!\w)")
#: Swedish and Finnish open with the mark they close with: ”Det är bra”.
_OPENED_ALIKE: Final = re.compile(r"(?:^|[\s(\[–—-])”\w")
_STRAY_BEFORE = " \t\n,;:.!?)"


@dataclass(frozen=True, slots=True)
class _Opened:
    """An opening double mark that waits for its partner. ``start``, ``end``: document positions."""

    start: int
    end: int
    mark: str


def quote_faults(text: str, blocks: Sequence[Block]) -> tuple[QuoteFault, ...]:
    """All faults in a document's blocks, in order, in document positions."""
    faults: list[QuoteFault] = []
    foreign = _foreign(text)
    spelled = _spelled(text)
    opened: _Opened | None = None
    singles = 0
    for block in blocks:
        if block.kind in ("code", "table"):
            continue
        piece = text[block.start : block.end]
        faults += _doubled(piece, block.start)
        found, singles = _stray(piece, block.start, singles)
        faults += (fault for fault in found if _word_before(text, fault.start) not in spelled)
        if not foreign:
            found, opened = _pairs(piece, block.start, opened)
            faults += found
    if opened is not None and not _cut_off(opened, blocks):
        faults.append(_unclosed(opened))
    doubled = {at for fault in faults if fault.kind == "doubled" for at in range(fault.start, fault.end)}
    told = (fault for fault in faults if fault.kind == "doubled" or fault.start not in doubled)
    return tuple(sorted(told, key=lambda fault: (fault.start, fault.end, fault.kind)))


def quote_faults_apart(text: str, sentences: Sequence[Sentence]) -> tuple[QuoteFault, ...]:
    """The faults of each sentence by itself, in document positions: of sentences that make no article.

    >>> text = 'He said "go and left. It was late" and dark.'
    >>> [f.start for f in quote_faults_apart(text, [Sentence(0, 21, 0, "body"), Sentence(22, 44, 0, "body")])]
    [8, 33]
    """
    return tuple(
        QuoteFault(one.start + fault.start, one.start + fault.end, fault.kind)
        for one in sentences
        for fault in quote_faults(text[one.start : one.end], (Block(0, one.end - one.start, one.kind),))
    )


def _foreign(text: str) -> bool:
    """Whether the marks are another language's, so that pairs can't be judged."""
    return _FOREIGN.search(text) is not None or ("“" not in text and bool(_OPENED_ALIKE.search(text)))


def _spelled(text: str) -> frozenset[str]:
    """The words that end in an apostrophe at least twice: a transliteration (oblast’), a dialect."""
    counts = Counter(word.lower() for word in _SPELLED.findall(text))
    return frozenset(word for word, count in counts.items() if count > 1)


def _word_before(text: str, position: int) -> str:
    word = _STRAY_WORD.search(text[max(0, position - 40) : position])
    return word[0] if word else ""


def _doubled(piece: str, offset: int) -> Iterator[QuoteFault]:
    for match in _DOUBLED.finditer(piece):
        yield QuoteFault(offset + match.start(), offset + match.end(), "doubled")


def _sides(piece: str, match: re.Match[str]) -> tuple[str, str]:
    """The characters before and after a mark; "" at an end."""
    return piece[max(0, match.start() - 1) : match.start()], piece[match.end() : match.end() + 1]


def _stray(piece: str, offset: int, carried: int) -> tuple[list[QuoteFault], int]:
    """Closing single marks after a word with no opening partner; ``carried``: open ones so far."""
    faults: list[QuoteFault] = []
    opened = carried
    fresh = 0
    for match in _SINGLE.finditer(piece):
        before, after = _sides(piece, match)
        if match[0] in "‘`" or _opens(before, after):
            opened += 1
            fresh += 1
        elif (not after or after in _STRAY_BEFORE + '”"') and before and not before.isspace():
            if opened:
                opened -= before not in "sxz"  # may be a possessive inside the quotation
            elif _is_stray(piece, match, after):
                faults.append(QuoteFault(offset + match.start(), offset + match.end(), "stray"))
    return faults, min(fresh, opened)


def _opens(before: str, after: str) -> bool:
    """Whether an upright single mark opens: behind white space before anything ('$5 and a drink')."""
    if not before or before.isspace():
        return after != "" and not after.isspace()
    return before in _OPENS_AFTER + '“"' and after.isalnum()


def _is_stray(piece: str, match: re.Match[str], after: str) -> bool:
    """A mark after a plain lower-case word that is no plural possessive and no elision."""
    if after not in ("", ",") and not after.isspace():
        return False
    word = _word_before(piece, match.start())
    return word != "" and word[-1] not in "sxz" and _ELIDED.search(word) is None


def _pairs(piece: str, offset: int, opened: _Opened | None) -> tuple[list[QuoteFault], _Opened | None]:
    """Walk the double marks of a block; ``opened`` comes from the block before, or goes to the next."""
    faults: list[QuoteFault] = []
    marks = list(_MARK.finditer(piece))
    carried = opened is not None
    for match, following in zip(marks, [*marks[1:], None], strict=False):
        role = _role(piece, match, following, is_open=opened is not None)
        start, end = offset + match.start(), offset + match.end()
        if role == "inch":
            continue
        if role == "open":
            reopened = carried and not piece[: match.start()].strip(" ‘'([—-")
            if opened is not None and not reopened:
                faults.append(_unclosed(opened))
            opened = _Opened(start, end, match[0])
        elif opened is None:
            faults.append(QuoteFault(start, end, "unbalanced"))
        else:
            if _mixed(opened.mark, match[0]) and not carried:
                faults.append(QuoteFault(start, end, "mixed"))
            opened = None
        carried = False
    if carried and opened is not None:  # a whole block without a mark: it was never closed
        return [*faults, _unclosed(opened)], None
    return faults, opened


def _cut_off(opened: _Opened, blocks: Sequence[Block]) -> bool:
    """A quotation that is the whole last paragraph may go on where the text was cut off."""
    return opened.start == blocks[-1].start


def _unclosed(opened: _Opened) -> QuoteFault:
    return QuoteFault(opened.start, opened.end, "unbalanced")


def _role(piece: str, match: re.Match[str], following: re.Match[str] | None, *, is_open: bool) -> str:
    """``open``, ``close`` or ``inch``."""
    if "“" in match[0]:  # doubled at the end of a quotation (seen““, he said) it closes that all the same
        return "close" if is_open and len(match[0]) > 1 and _leaning(piece, match) == "close" else "open"
    curly = "”" in match[0]
    leaning = "close" if curly else _leaning(piece, match)
    inches = _CURLY_INCH if curly else _INCH
    if leaning != "open" and inches.search(piece[max(0, match.start() - 8) : match.start()]):
        closed_later = (
            following is not None and "“" not in following[0] and _leaning(piece, following) == "close"
        )
        if not is_open or closed_later:
            return "inch"
    return leaning or ("close" if is_open else "open")


def _leaning(piece: str, match: re.Match[str]) -> str | None:
    """What the white space around a straight mark says: ``open``, ``close`` or None."""
    before, after = _sides(piece, match)
    left = not before or before in _OPENS_AFTER
    right = not after or after in _CLOSES_BEFORE
    if left == right:
        return None
    return "open" if left else "close"


def _mixed(opening: str, closing: str) -> bool:
    """Whether a pair is half typographic, half straight; doubled marks are reported as such."""
    return len(opening) == len(closing) == 1 and (opening == '"') != (closing == '"')
