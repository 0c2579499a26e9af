"""HTML to visible blocks with offsets: a walk over the page's tags.

It knows nothing of what is article and what is page: see ``html.py``. Each decoded character maps
to the characters of the page that it came from (an entity's characters all to the whole entity).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from mtqa.text.html_tokens import Token, tokens
from mtqa.text.offsets import Traced, joined, traced
from mtqa.text.tables import CELL

HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_VOID: Final = frozenset(
    (
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input"),
        *("link", "meta", "param", "source", "track", "wbr"),
    )
)
_INVISIBLE: Final = frozenset(
    (
        *("head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas"),
        *("select", "datalist", "textarea", "audio", "video", "map"),
    )
)
#: How ruby says a word, which its reader does not read as text.
_ANNOTATIONS: Final = frozenset(("rt", "rp", "rtc"))
#: What a head may hold.
_METADATA: Final = frozenset(
    ("base", "head", "link", "meta", "noscript", "script", "style", "template", "title")
)
BLOCKS: Final = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "button",
            "caption",
            "center",
            "dd",
            "details",
        ),
        *("dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header"),
        *("hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section"),
        *("summary", "table", "tbody", "tfoot", "thead", "tr", "ul", *sorted(HEADINGS)),
    )
)
#: A start tag that ends an open element without its end tag, and where looking for that one stops.
_IMPLIED: Final = {
    "li": (frozenset(("li",)), frozenset(("ul", "ol", "menu"))),
    "dt": (frozenset(("dt", "dd")), frozenset(("dl",))),
    "dd": (frozenset(("dt", "dd")), frozenset(("dl",))),
    "tr": (frozenset(("tr",)), frozenset(("table",))),
    "td": (frozenset(("td", "th")), frozenset(("tr", "table"))),
    "th": (frozenset(("td", "th")), frozenset(("tr", "table"))),
    "rt": (frozenset(("rt", "rp")), frozenset(("ruby",))),
    "rp": (frozenset(("rt", "rp")), frozenset(("ruby",))),
}
_HIDDEN_STYLE: Final = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
#: Classes of what only a screen reader says, with a prefix or a suffix that a build tool gave them.
_SAID_CLASS: Final = re.compile(
    r"(?<!\bnot-)(?<!\bno-)(?:(?<=[\s_-])|^)(?:visually-?hidden|sr-only|screen-reader-(?:text|only))"
    r"(?:-focusable|__?\w{4,8})?(?=\s|$)",
    re.IGNORECASE,
)
_WHOLE: Final = frozenset(("html", "body", "main", "article"))  # no class makes these disappear
_FOOT_LINK: Final = re.compile(
    r"#(?:_?(?:ftn|edn)|sd(?:foot|end)note|cite|fn|foot|end|note|ref)", re.IGNORECASE
)
_NOTE_LINK: Final = re.compile(rf"{_FOOT_LINK.pattern}|\A#", re.IGNORECASE)
#: What a mark that nothing raises stands behind: fell<a href="#footnote-1">1</a>.
_BEHIND: Final = re.compile(r"[\w.,;:!?”\"’')\]]\Z")
#: A mark that leads to a note where it is a link, or stands behind a sentence.
_BARE_MARK: Final = re.compile(r"\d{1,3}(?:\s?[-–,]\s?\d{1,3}){0,9}|[*†‡§]{1,3}|[,;]")
_STOP: Final = re.compile(r"(?:[.!?…][\"'’)\]]*|[”»])\s?\Z")
_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_QUOTES: Final = tuple("\"'“”‘’„«»‹›")
#: A mark that leads to a note.
_REFERENCE: Final = re.compile(
    r"\s*\[\s*(?:\d{1,4}|[a-z]{1,2}|(?:note|n|nb|ref)\.?\s*\d+|[\w ]{0,24}needed|who|when)\s*[?\]]*\]?\s*"
)
#: An item of a list that only line breaks set; a dash or a number may also stand in a sentence.
_BULLET: Final = re.compile(r"\s*[•‣◦●▪■►✓✔]\s*(?=\S)")
_BR_ITEM: Final = re.compile(r"\s*(?:[-–—*·]\s*(?=\S)|\d{1,2}[.)](?:\s|\Z))")
_BR_END: Final = re.compile(r"[.!?:…][\"'”’)\]]*\s*\Z")
_EDIT: Final = re.compile(r"\bmw-editsection\b")


@dataclass(frozen=True, slots=True, eq=False)
class HtmlBlock:
    """Visible text of one block element. ``parent`` is the number of the element around it.

    ``inside``: names of all elements that it stands in, ``code`` where all of it does. ``marks``: reference
    marks taken out of it.
    ``cells``: the number of filled table cells that begin in it.
    """

    text: Traced
    parent: int
    tag: str
    inside: frozenset[str]
    marks: tuple[Traced, ...] = ()
    cells: int = 0


def walked(source: str) -> tuple[list[HtmlBlock], str]:
    """A page's blocks of visible text in their order, none blank; the page without what they leave out."""
    walker = _Walker(source)
    for token in tokens(source):
        walker.take(token)
    walker.flush()
    kept, position = [], 0
    for start, end in walker.unread:
        kept.append(source[position : max(position, start)])
        position = max(position, end)
    return walker.blocks, "".join([*kept, source[position:]])


@dataclass(frozen=True, slots=True)
class _Aside:
    """An open element that may leave the text: a <sup>, a link that nothing raises, an edit link.

    ``depth``: elements open with it; ``run``, ``start``: where it begins, among the runs and in the page.
    """

    depth: int
    run: int
    start: int
    edit: bool


class _Walker:
    """Collects runs of text; a block-level tag ends the block."""

    def __init__(self, source: str) -> None:
        self.blocks: list[HtmlBlock] = []
        #: [start, end) of the page: hidden, or taken out, in order of end.
        self.unread: list[tuple[int, int]] = []
        self._all = traced(source)
        self._stack: list[tuple[str, int]] = [("", 0)]
        self._block_stack: list[tuple[str, int]] = [("", 0), ("", 0)]
        self._open: Counter[str] = Counter()
        self._count = 0
        self._hidden: int | None = None  # depth of the element that hides what is in it
        self._hidden_at: int | None = None  # where that begins, if another reader might read it
        self._runs: list[Traced] = []
        self._marks: list[Traced] = []
        self._aside: _Aside | None = None
        self._noted = self._note_link = False  # whether the <sup>, the last <a> leads to a note
        self._quoted: list[tuple[int, Token]] = []  # open <q>: the run that may become its mark
        self._breaks = 0
        self._cells = 0
        self._empty_cell = False  # whether a cell has begun that shows nothing so far
        self._bold: bool | None = None  # whether all that it shows so far is bold
        self._code: bool | None = None  # whether all that the block shows so far is code; None: nothing yet

    def take(self, token: Token) -> None:
        """Go on with the next token of the page."""
        if token.kind == "start":
            self._start_tag(token)
        elif token.kind == "end":
            self._end_tag(token)
        else:
            self._text(token)

    def _text(self, token: Token) -> None:
        """Add a run: source characters as they stand, or what an entity decodes to."""
        if self._hidden is not None:
            return
        run = self._all.cut(token.start, token.end)
        if token.kind == "entity":
            size = len(token.value)
            starts = np.full(size, token.start, dtype=np.int32)
            run = Traced(token.value, starts, np.full(size, token.end, dtype=np.int32))
        if run.text.strip():
            bold = bool(self._open["b"] or self._open["strong"])
            if self._breaks == 1 and self._begins_anew(run.text, bold=bold):
                self.flush()  # a heading, or the item of a list before this one
            self._bold = bold and self._bold is not False
            self._breaks = 0
            self._code = self._open["code"] > 0 and self._code is not False
            self._cells += self._empty_cell
            self._empty_cell = False
        self._runs.append(run)

    # -- tags

    def _start_tag(self, token: Token) -> None:
        tag = token.value
        if tag == "br":
            self._break(token)
            return
        if self._open["head"] and tag not in _METADATA:  # its end tag may be left out
            while self._pop(token) != "head":
                pass
        if tag in BLOCKS or tag in _IMPLIED:
            self._imply(tag, token)
        if self._hidden is None and tag in BLOCKS:
            self.flush()
        elif self._hidden is None and tag in ("td", "th"):
            self._runs.append(self._mark(CELL, token))
            self._empty_cell = True
        if tag not in _VOID:
            self._push(token)
            if token.empty:
                self._pop(token)

    def _push(self, token: Token) -> None:
        tag, attrs = token.value, token.attributes
        self._count += 1
        self._stack.append((tag, self._count))
        self._open[tag] += 1
        if tag in BLOCKS:
            self._block_stack.append((tag, self._count))
        if self._hidden is None and _hides(tag, attrs):
            self._hidden = len(self._stack)
            self._hidden_at = None if tag in _INVISIBLE else token.end
        if tag == "a":
            self._note_link = _NOTE_LINK.search(attrs.get("href", "")) is not None
            self._noted |= self._note_link
        elif tag == "q" and self._hidden is None:
            self._quoted.append((len(self._runs), token))
            self._runs.append(self._all.cut(token.start, token.start))
        bare = tag == "a" and self._aside is None and self._is_mark(attrs.get("href", ""))
        edit = _EDIT.search(attrs.get("class", "")) is not None
        if (tag == "sup" or bare or edit) and not (self._aside and self._aside.edit):
            self._aside = _Aside(len(self._stack), len(self._runs), token.end, edit)
            self._noted = self._open["a"] > 0 and self._note_link

    def _end_tag(self, token: Token) -> None:
        if self._open[token.value]:
            while self._pop(token) != token.value:
                pass
        elif token.value in ("p", "br"):  # browsers make an empty paragraph of a lone end tag
            self._break(token)

    def _imply(self, tag: str, token: Token) -> None:
        """End what this tag ends by itself: a paragraph by any block, an item by the next item.

        A tag inside what is hidden ends nothing around it: no reader sees it.
        """
        floor = 1 if self._hidden is None else self._hidden - 1  # the hidden element itself may end
        name, number = self._block_stack[-1]
        if tag in BLOCKS and name == "p" and number >= self._stack[floor][1]:
            while self._pop(token) != "p":
                pass
        ended, stop = _IMPLIED.get(tag, (frozenset(), frozenset()))
        depth = len(self._stack) - 1
        while depth >= floor and self._stack[depth][0] not in stop and len(self._stack) - depth < 12:
            if self._stack[depth][0] in ended:
                while len(self._stack) > depth:
                    self._pop(token)
                return
            depth -= 1

    def _pop(self, token: Token) -> str:
        tag = self._stack[-1][0]
        if self._aside is not None and self._aside.depth == len(self._stack):
            self._take_mark(self._aside, token)
            self._aside = None
        if tag == "q" and self._hidden is None:
            self._quote(token)
        if tag in BLOCKS:
            if self._hidden is None:
                self.flush()
            self._block_stack.pop()
        elif tag in ("td", "th"):
            self._gap(token)
        if self._hidden == len(self._stack):
            if self._hidden_at is not None:
                self.unread.append((self._hidden_at, token.start))
            self._hidden = None
        self._stack.pop()
        self._open[tag] -= 1
        return tag

    def _take_mark(self, aside: _Aside, token: Token) -> None:
        """A reference mark or an edit link leaves the text of its block; 10<sup>6</sup> is 10⁶."""
        at = aside.run
        if runs := self._runs[at:]:
            mark = joined(runs, "")
            before = "".join(run.text[-4:] for run in self._runs[max(0, at - 4) : at])
            if aside.edit or self._leads_to_note(mark.text, before):
                self._marks.append(mark)
                self.unread.append((aside.start, token.start))
                del self._runs[at:]
            elif before[-1:].isdigit() and mark.text.isdecimal():
                self._runs[at:] = [Traced(mark.text.translate(_RAISED), mark.starts, mark.ends)]

    def _is_mark(self, link: str) -> bool:
        """May what the link holds be a note's mark that nothing raises?"""
        before = self._runs[-1].text[-1:] if self._runs else ""
        return _FOOT_LINK.search(link) is not None and _BEHIND.search(before) is not None

    def _leads_to_note(self, mark: str, before: str) -> bool:
        if _REFERENCE.fullmatch(mark):
            return True
        return _BARE_MARK.fullmatch(mark.strip()) is not None and (
            self._noted or _STOP.search(before) is not None
        )

    def _quote(self, token: Token) -> None:
        """The marks that a browser shows around <q>, unless the page has its own."""
        if not self._quoted:
            return
        index, opening = self._quoted.pop()
        inside = "".join(run.text for run in self._runs[index + 1 : index + 9]).lstrip()
        before = self._runs[index - 1].text if index else ""
        if not inside or inside.startswith(_QUOTES) or before.endswith(_QUOTES):
            return
        left, right = ("‘", "’") if len(self._quoted) % 2 else ("“", "”")
        self._runs[index] = self._mark(left, opening)
        self._runs.append(self._mark(right, token))

    def _mark(self, character: str, token: Token) -> Traced:
        """A character that stands for the whole tag."""
        span = self._all.cut(token.start, token.end)
        return Traced(character, span.starts[:1], span.ends[-1:])

    def _break(self, token: Token) -> None:
        """One line break is a space, two in a row end the block."""
        if self._hidden is not None:
            return
        self._breaks += 1
        if self._breaks >= 2:
            self.flush()
        else:
            self._gap(token)

    def _gap(self, token: Token) -> None:
        """A space that stands for the tag."""
        if self._hidden is None:
            self._runs.append(self._mark(" ", token))

    def _begins_anew(self, text: str, *, bold: bool) -> bool:
        """Whether what follows a line break is a block of its own: text below a bold line, or an item."""
        if self._open["td"] or self._open["th"] or self._quoted or self._aside is not None:
            return False
        if self._bold and not bold:
            return text.lstrip()[:1].isupper() or text.lstrip()[:1].isdigit()
        if _BULLET.match(text):
            return True
        if not _BR_ITEM.match(text):
            return False
        # The ends alone: a page may be one block of thousands of lines.
        begins, ends = ("".join(run.text for run in part) for part in (self._runs[:16], self._runs[-16:]))
        return bool(_BR_ITEM.match(begins) or _BR_END.search(ends))

    def flush(self) -> None:
        """End the block."""
        runs, marks, cells, code = self._runs, self._marks, self._cells, self._code
        self._runs, self._marks, self._breaks, self._cells, self._code = [], [], 0, 0, None
        self._bold = None
        self._aside = None
        self._quoted = []
        text = joined(runs, "").stripped() if runs else None
        if text is None or not len(text):
            text = marks.pop(0) if marks else None
        if text is None:
            return
        (_, parent), (tag, _) = self._block_stack[-2:]
        inside = frozenset(name for name, count in self._open.items() if count)
        inside |= {"code"} if code else set()
        self.blocks.append(HtmlBlock(text, parent, tag, inside, tuple(marks), cells))


def _hides(tag: str, attrs: Mapping[str, str]) -> bool:
    if tag in _INVISIBLE or tag in _ANNOTATIONS or "hidden" in attrs:
        return True
    said = tag not in _WHOLE and _SAID_CLASS.search(attrs.get("class", "")) is not None
    return said or _HIDDEN_STYLE.search(attrs.get("style", "")) is not None
