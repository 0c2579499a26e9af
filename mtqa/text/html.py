"""HTML to blocks: which visible text is the article (trafilatura decides), and what each block is.

trafilatura gives back text without positions. Its paragraphs are found again, in order, in the
stream of visible letters and digits (`html_walk`); a block that is covered belongs to the article.
"""

from __future__ import annotations

import html
import itertools
import logging
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from mtqa.records import Repair
from mtqa.text.boilerplate import reason_for
from mtqa.text.clean import cleaned
from mtqa.text.html_walk import HEADINGS, LOWERED, HtmlBlock, walked
from mtqa.text.offsets import Traced, joined
from mtqa.text.pieces import Piece, judged
from mtqa.text.tables import parted

OUTSIDE: Final = "outside the article's body (navigation, sidebar, footer)"
_FURNITURE: Final = frozenset(("nav", "aside", "footer", "form", "button", "menu", "dialog"))
_LISTED: Final = frozenset(("li", "dt", "dd", "pre"))
_SENTENCE = 5  # words of an item that is a sentence, at least
_LEAD = 10  # words of a paragraph that is put back, at least; shorter ones are often buttons
_STANDFIRST = 4  # of a line below the headline; fewer are the name of a section
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_WINDOW = 200_000  # letters in which the next paragraph is looked for first
_SHORT = 15  # letters; a shorter line must be a block of its own to count as found
_LOST = 50  # paragraphs not found in order that are looked for in the whole page
_TITLE: Final = re.compile(r"<title(?:\s[^<>]*+)?>([^<]{0,500})", re.IGNORECASE)
_ENDS = re.compile(r"[.!?…][\"'”’)\]]*$")


def html_pieces(source: str) -> tuple[list[Piece], list[Repair]]:
    """The blocks of a page in order, with what is no article marked, and the repairs made."""
    blocks, page = walked(source)
    repairs: list[Repair] = []
    texts = []
    for block in blocks:
        text, made = cleaned(parted(block.text))
        repairs += made
        texts.append(text.folded())
    body = _body(page, blocks)
    pieces: list[Piece] = []
    for block, text, inside in zip(blocks, texts, body, strict=True):
        if len(text):
            pieces.append(_piece(block, text, inside))
        pieces += [Piece(m.folded(), "body", _mark_reason(m.text)) for m in block.marks if m.text.strip()]
    return _grouped(pieces), repairs


def _mark_reason(text: str) -> str:
    return "navigation" if "edit" in text.lower() else "reference mark"


def _piece(block: HtmlBlock, text: Traced, inside: bool) -> Piece:
    kind = _kind(block, text.text)
    if kind == "code":
        return Piece(text, kind, "code block")
    if inside:
        return judged(Piece(text, kind, cells=max(1, block.cells) if kind == "table" else 0))
    return Piece(text, kind, reason_for(text.text) or OUTSIDE, outside=True)


def _kind(block: HtmlBlock, text: str) -> str:
    names = block.inside
    if "pre" in names and "code" in names:
        return "code"
    if names & HEADINGS:
        return "heading"
    if names & {"figcaption", "caption"}:
        return "caption"
    if names & {"td", "th"} or block.tag == "tr":  # a table that only lays the page out holds paragraphs
        return "body" if len(text.split()) >= 12 and _ENDS.search(text) else "table"
    if names & {"li", "dt"}:
        return "list-item"
    return "quote" if "blockquote" in names else "body"


def _grouped(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours outside the body for the same general reason become one exclusion."""
    grouped: list[Piece] = []
    run: list[Piece] = []
    for piece in pieces:
        if piece.reason == OUTSIDE and len(piece.text) <= 60 and len(run) < 40:
            run.append(piece)
            continue
        grouped += _one(run)
        run = []
        grouped.append(piece)
    return [*grouped, *_one(run)]


def _one(run: Sequence[Piece]) -> list[Piece]:
    return [Piece(joined([piece.text for piece in run], " "), "body", OUTSIDE)] if run else []


# -- what is the article


def _body(source: str, blocks: Sequence[HtmlBlock]) -> list[bool]:
    """For each block whether it is of the article."""
    paragraphs, title = _extracted(source)
    # as they stand on the page: trafilatura mends nothing, and mending changes letters
    body = _covered([_key(block.text.text) for block in blocks], paragraphs)
    if not any(body):
        return _by_element(blocks)
    body = _with_title(_with_siblings(body, blocks), blocks, title, _page_title(source))
    return _with_captions(_with_lead(_with_lists(body, blocks), blocks), blocks)


def _extracted(source: str) -> tuple[list[str], str]:
    """trafilatura's paragraphs and title; nothing where it finds or can do nothing."""
    import trafilatura

    # It tells the log of pages that it can do nothing with; each call's own handler goes with it.
    log, silent = logging.getLogger("trafilatura"), logging.NullHandler()
    log.addHandler(silent)
    page = _UNSAFE.sub(" ", source)
    try:
        found = trafilatura.bare_extraction(
            page, include_comments=False, include_tables=True, with_metadata=True
        )
    except Exception:  # it fails on odd pages in many ways; the elements still tell
        return [], ""
    finally:
        log.removeHandler(silent)
    if found is None:
        return [], ""
    fields = found if isinstance(found, dict) else found.as_dict()
    return (fields.get("text") or "").splitlines(), fields.get("title") or ""


def _page_title(source: str) -> str:
    """What stands in the page's <title>: often the headline and the name of the site."""
    found = _TITLE.search(source)
    return html.unescape(found[1]) if found else ""


def _key(text: str) -> str:
    """What alignment compares: letters and digits only, raised ones as they stand on the page."""
    return "".join(filter(str.isalnum, text)).translate(LOWERED)


def _covered(keys: Sequence[str], paragraphs: Sequence[str]) -> list[bool]:
    """Blocks, by their keys, at least half of whose letters are in the paragraphs, found in order."""
    stream = "".join(keys)
    starts = [0]
    for key in keys:
        starts.append(starts[-1] + len(key))
    counts = [0] * len(keys)
    for start, end in _found(stream, starts, paragraphs):
        first = bisect_right(starts, start) - 1
        for index in range(first, min(bisect_left(starts, end), len(keys))):
            counts[index] += min(end, starts[index + 1]) - max(start, starts[index])
    return [bool(key) and 2 * count >= len(key) for key, count in zip(keys, counts, strict=True)]


def _found(stream: str, starts: Sequence[int], paragraphs: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where each paragraph stands in the stream."""
    position = 0
    lost = 0
    held: list[str] = []  # short lines, which stand in menus too: nearest to the paragraph behind them
    for text in paragraphs:
        paragraph = _key(text)
        if not paragraph:
            continue
        if len(paragraph) < _SHORT:
            held.append(paragraph)
            continue
        span = _search(stream, starts, paragraph, position)
        if span is not None:
            yield from _before(stream, starts, held, position, span[0])
            held = []
        elif len(paragraph) >= 2 * _SHORT and lost < _LOST:
            lost += 1
            span = _ends_found(stream, paragraph)
        if span is not None:
            yield span
            position = span[1] if span[1] > position else position
    for paragraph in held:
        span = _search(stream, starts, paragraph, position)
        if span is not None:
            yield span
            position = span[1]


def _before(
    stream: str, starts: Sequence[int], held: Sequence[str], position: int, stop: int
) -> Iterator[tuple[int, int]]:
    """Where short lines stand between two paragraphs: the last places, in order."""
    spans = []
    for paragraph in reversed(held):
        floor = max(position, stop - len(paragraph) - 3_000)
        at = stream.rfind(paragraph, floor, stop)
        while at >= 0 and not (_is_edge(starts, at) and _is_edge(starts, at + len(paragraph))):
            at = stream.rfind(paragraph, floor, at + len(paragraph) - 1)
        if at >= 0:
            spans.append((at, at + len(paragraph)))
            stop = at
    yield from reversed(spans)


def _search(stream: str, starts: Sequence[int], paragraph: str, position: int) -> tuple[int, int] | None:
    short = len(paragraph) < _SHORT
    stop = position + len(paragraph) + (3_000 if short else _WINDOW)
    at = stream.find(paragraph, position, stop)
    while at >= 0:
        end = at + len(paragraph)
        if not short or (_is_edge(starts, at) and _is_edge(starts, end)):
            return at, end
        at = stream.find(paragraph, at + 1, stop)
    return None


def _is_edge(starts: Sequence[int], position: int) -> bool:
    index = bisect_left(starts, position)
    return index < len(starts) and starts[index] == position


def _ends_found(stream: str, paragraph: str) -> tuple[int, int] | None:
    """The paragraph anywhere, or two of beginning, middle and end near one another: something fell out."""
    at, length = stream.find(paragraph), len(paragraph)
    if at >= 0:
        return at, at + length
    size = min(40, length // 2)
    places = (0, (length - size) // 2, length - size)
    for first, last in ((0, 2), (0, 1), (1, 2)):
        start = stream.find(paragraph[places[first] : places[first] + size])
        if start < 0:
            continue
        chunk = paragraph[places[last] : places[last] + size]
        end = stream.find(chunk, start + 1, start + 2 * length + 400)
        if end >= 0:
            return max(start - places[first], 0), min(end + length - places[last], len(stream))
    return None


def _with_siblings(body: Sequence[bool], blocks: Sequence[HtmlBlock]) -> list[bool]:
    """Paragraphs (in <div> too) and headings that trafilatura dropped from among siblings are put back."""
    inside = [index for index, found in enumerate(body) if found]
    first, last = inside[0], inside[-1]
    parents = {blocks[index].parent for index in inside if blocks[index].tag == "p"}
    return [
        found
        or (
            first < index < last
            and block.parent in parents
            and (block.tag == "p" or block.tag in HEADINGS or (block.tag == "div" and _is_prose(block)))
            and not block.inside & _FURNITURE
        )
        for index, (found, block) in enumerate(zip(body, blocks, strict=True))
    ]


def _with_lists(body: Sequence[bool], blocks: Sequence[HtmlBlock]) -> list[bool]:
    """Lists, with their headings, and preformatted text between two blocks of the article are put back.

    They must hold a sentence: lists of links or of tags hold none.
    """
    result = list(body)
    inside = [index for index, found in enumerate(body) if found]
    for before, after in itertools.pairwise(inside):
        run = range(before + 1, after)
        headed = blocks[after].tag == "p" or blocks[after].tag in HEADINGS
        siblings = blocks[before].parent == blocks[after].parent and headed
        if (
            run
            and siblings
            and all(blocks[i].inside & _LISTED or blocks[i].tag in HEADINGS for i in run)
            and not any(blocks[i].inside & _FURNITURE for i in run)
            and any(blocks[i].inside & _LISTED and _has_sentence(blocks[i]) for i in run)
        ):
            result[before + 1 : after] = [True] * len(run)
    return result


def _has_sentence(block: HtmlBlock, least: int = _SENTENCE) -> bool:
    text = block.text.text.strip()
    return len(text.split()) >= least and _ENDS.search(text) is not None


def _named(blocks: Sequence[HtmlBlock], page_title: str) -> int | None:
    """The heading that makes up most of the page's <title>: the longest, an h1 before others."""
    wanted = _key(page_title).lower()
    keys = [_key(block.text.text).lower() if block.tag in HEADINGS else "" for block in blocks]
    fit = [i for i, key in enumerate(keys) if key and key in wanted and 2 * len(key) >= len(wanted)]
    return max(fit, key=lambda i: (len(keys[i]), blocks[i].tag == "h1"), default=None)


def _with_title(body: Sequence[bool], blocks: Sequence[HtmlBlock], title: str, page_title: str) -> list[bool]:
    """The headline, which trafilatura keeps apart: the last h1 before the text, if it is the title."""
    result = list(body)
    first = result.index(True)
    wanted = _key(title).lower()
    named = _named(blocks[: first + 1], page_title)
    if named is not None and not any(block.tag == "h1" for block in blocks[named : first + 1]):
        result[named] = True  # an h1 above it is the name of the site
        return result
    for index in range(first - 1, -1, -1):
        if blocks[index].tag == "h1":
            key = _key(blocks[index].text.text).lower()
            result[index] = bool(key) and (not wanted or key in wanted or wanted in key)
            result[index + 1] |= result[index] and _is_standfirst(blocks[index + 1])
            break
    return result


def _with_lead(body: Sequence[bool], blocks: Sequence[HtmlBlock]) -> list[bool]:
    """The lead, which many pages set apart between headline and text: what is prose there."""
    result = list(body)
    first = result.index(True)
    if blocks[first].tag == "h1":
        following = next((index for index in range(first + 1, len(result)) if result[index]), first)
        # before another heading they may be the teasers of other articles
        if not any(block.tag in HEADINGS for block in blocks[first + 1 : following + 1]):
            for index in range(first + 1, following):
                result[index] = _is_prose(blocks[index])
    return result


def _is_prose(block: HtmlBlock) -> bool:
    """Is a block that trafilatura dropped a paragraph all the same, of a sentence at least?"""
    return block.tag in ("p", "div") and not block.inside & _FURNITURE and _has_sentence(block, _LEAD)


def _is_standfirst(below: HtmlBlock) -> bool:
    """Is what stands right below the headline a line of the article's own, and no menu's?"""
    words = len(below.text.text.split())
    return below.tag in HEADINGS and not below.inside & _FURNITURE and words >= _STANDFIRST


def _with_captions(body: Sequence[bool], blocks: Sequence[HtmlBlock]) -> list[bool]:
    """Captions of pictures between the headline and the last paragraph belong to the article."""
    inside = [index for index, found in enumerate(body) if found]
    return [
        found
        or ("figcaption" in block.inside and inside[0] < index < inside[-1] and not block.inside & _FURNITURE)
        for index, (found, block) in enumerate(zip(body, blocks, strict=True))
    ]


def _by_element(blocks: Sequence[HtmlBlock]) -> list[bool]:
    """Without trafilatura: what stands in <article>, else <main>, else anywhere but the furniture."""
    for name in ("article", "main"):
        chosen = [name in block.inside and not block.inside & _FURNITURE for block in blocks]
        if any(chosen):
            return chosen
    return [not block.inside & (_FURNITURE | {"header"}) for block in blocks]
