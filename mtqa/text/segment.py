"""Blocks to sentences: syntok, with its known slips mended by small rules.

Each rule has its examples in ``tests/cases/sentences.jsonl``. A boundary is the position at which a
sentence begins; spans are trimmed, so every character that is no white space is in exactly one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from mtqa.records import Span

MAX_SENTENCE: Final = 1_500  # characters
_SPEECH = (
    r"(?:said|says|say|asked|asks|added|adds|told|tells|replied|replies|cried|cries|shouted|shouts|wrote|writes|exclaimed"
    r"|answered|answers|yelled|whispered|muttered|tweeted|recalled|recalls|joked|jokes|laughed|insisted|warned|declared|screamed)"
)
_CALLED_OUT = re.compile(r"(?<![!?…])[!?…]++[\"”’']++\s*$")
_ATTRIBUTION = re.compile(
    rf"(?:[A-Z][\w.'’-]*\s+|(?:the|a|an|his|her|my)\s+(?:\w+\s+){{0,2}}){{1,4}}{_SPEECH}\b|{_SPEECH}\s+[A-Z]"
)
#: Abbreviations that are never the end of a sentence before a number.
_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:no|nos|nr|fig|figs|eq|eqs|p|pp|vol|vols|ch|chap|sec|sect|art|para|ver|vs|v|ca|c|approx|est"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|tel|ext|incl|excl|temp|circ|op|ref|refs|tab|app|cf|rm|apt|al)\.\s*$",
    re.IGNORECASE,
)
#: Abbreviations that are never the end of a sentence before a capital.
_BEFORE_NAME = re.compile(
    r"(?:^|[\s(\[\"“‘])(?:vs|v|mr|mrs|ms|dr|prof|st|mt|ft|gen|col|lt|sgt|capt|cmdr|adm|maj|sen|rep|gov|rev|fr|hon"
    r"|messrs|mme|mlle|supt|insp|cpl|pvt|cf|e\.g|i\.e|viz)\.\s*$",
    re.IGNORECASE,
)
_SAINT_END = re.compile(r"[A-Z]\w+ (?:St|Mt|Ft)\.\s*$")
_CLOSERS = re.compile(r"(?:(?<=[)\]”’\"])[.!?]++)?(?:[”’»)\]]++|\"|(?<=[.!?]))(?=\s|$)")
_MARKER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s*$")
#: Japanese goes on behind a quotation with a particle: 「はい。」と彼は言った。; not so ところが, “but”.
_GOES_ON = r"(?:(?<=[」』])(?:と(?!ころ|にかく|ても|もかく|りあえず)|って|など|の|を))"
_UNSPACED_END = re.compile(rf"[。！？｡!?।॥؟۔։።፧។။][」』”’）)\]】》]*+(?!{_GOES_ON})(?=\S)|[।॥؟۔։።፧។။]\s+")
#: Words that are nobody's name, and so begin a sentence behind any stop: syntok doubts II., C., a.m., art.
_OPENERS = (
    r"(?:He|She|They|We|You|Everyone|Everybody|Someone|Somebody|Nobody|Anyone|His|Her|Their|My|Our|Your|There|Then"
    r"|These|Those|But|When|While|After|Before|If|During|Until|Many|Most|Some|Several|Both|At|By|From|With)"
)
#: Ends that syntok does not see: a question mark after an ellipsis, an emoji before the final mark; a stop
#: before an opener (“World War II. He came”), a dotted word before I, a word before a large number.
_MISSED = re.compile(
    r"(?:(?<!\.)\.{2,}+\s?[?!]|[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]\s?[.!?])\s+(?=[A-Z“\"])"
    rf"|(?<=\w)(?<!P\.S)\.[”’\")\]]*+\s+(?={_OPENERS}(?:['’][a-z]+)?\s+(?!(?:et|and|or)\b)[a-z])"
    r"|(?<=[A-Za-z]\.[A-Za-z])(?<!P\.S)\.[”’\")\]]*+\s+(?=I(?:['’][a-z]+)?\s+[a-z])"
    r"|(?<=[a-z]{4}|\sago|\sday|\shim|\sher|\sout|\swar|\syou)[.!?][”’\")\]]*+\s+(?=\d{3,}\s+[^\W\d_])"
)
_LOWER_END = re.compile(r"(?<=[^\W\d_]{3})(?<!\betc)(?<!approx)[.!?]+\s+(?=[a-z])")
#: Dots beyond the third of a run: syntok takes them one by one, each time from the run's beginning.
_SURPLUS_DOTS = re.compile(r"(?<=\.\.\.)\.{5,}")
#: A mark behind a sentence points to its source, and belongs to it: “… of Byron.[5] In 1833 …”.
_REFERENCES = re.compile(
    r"(?<=[.!?”\"’)])(?:\s?\[(?:\d{1,3}(?:\s?[-–,]\s?\d{1,3}){0,9}|[a-z]|note \d{1,3}"
    r"|[a-z ]{3,20} needed)\])++(?=\s|$|[A-Z])"
)
#: What syntok takes wrongly → what it is to read there, character for character, so that offsets hold.
_LEVELLED: Final = (
    (_SURPLUS_DOTS, " "),
    (_REFERENCES, " "),
    (re.compile(r"(?<=[.!?…])[“‘](?=\s)"), "”"),  # „Ich gehe.“
    (re.compile(r"(?<=\w)…(?=[\s”’\")\]]|$)"), "."),
    (re.compile(r"(?<![\u0370-\u03ff\u1f00-\u1fff]);"), ","),  # behind a Greek letter it asks
)
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
        found.update(m.end() for m in _UNSPACED_END.finditer(text) if _unspaced(text, m))
    found.update(m.end() for m in _MISSED.finditer(level))
    if text.islower():  # nobody's capitals to go by
        found.update(m.end() for m in _LOWER_END.finditer(text))
    found.discard(len(text))
    return sorted(found)


def _levelled(text: str) -> str:
    """The text as syntok is to read it, and as long: see `_LEVELLED`."""
    for pattern, mark in _LEVELLED:
        text = pattern.sub(partial(_repeated, mark), text)
    return text


def _repeated(mark: str, found: re.Match[str]) -> str:
    return mark * len(found[0])


def _unspaced(text: str, match: re.Match[str]) -> bool:
    return ord(match[0][0]) > 0x2FF or (match.end() < len(text) and ord(text[match.end()]) > 0x2E7F)


def _moved(text: str, starts: Sequence[int]) -> list[int]:
    """Closing quotes and brackets belong to the sentence in front of them."""
    moved = []
    for start in starts:
        closers = _CLOSERS.match(text, start) if start else None
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
    if start - previous < 8 and _MARKER.fullmatch(text[previous:start].lstrip()):
        return False
    if _CALLED_OUT.search(window) and (_ATTRIBUTION.match(after) or after[:1].islower()):
        return False
    if after[:1].isdigit() and _BEFORE_NUMBER.search(window):
        return False
    return not (after[:1].isupper() and _BEFORE_NAME.search(window) and not _SAINT_END.search(window))


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
