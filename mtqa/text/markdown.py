"""Markdown to blocks, by markdown-it-py: line maps for blocks, inline text aligned to the source.

Kept: the words that a reader sees. Dropped without a record, as mark-up: emphasis marks, link
targets, images with their alternative text. Excluded with a reason: code blocks, raw HTML, front matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mtqa.text.markdown_rules import with_footnotes
from mtqa.text.offsets import Edit, Traced, joined
from mtqa.text.pieces import Piece, judged
from mtqa.text.tables import CELL, parted

if TYPE_CHECKING:
    from markdown_it.token import Token

#: YAML or TOML: its first line is a key or a remark; two rules with prose between them are none.
_FRONT: Final = re.compile(
    r"\A(?:---[ \t]*\n(?=[ \t]*(?:#|[\w\"'][^\n:]*:(?:[ \t]|\n)))(?:.*\n)*?(?:---|\.\.\.)"
    r"|\+\+\+[ \t]*\n(?=[ \t]*(?:#|\[|[\w\"'][^\n=]*=))(?:.*\n)*?\+\+\+)[ \t]*(?:\n|\Z)"
)
_TARGET: Final = re.compile(
    r"""\]\(\s*(?:<(?:[^<>\n\\]|\\.)*+>|(?:[^()<\s\\]|\\.|\((?:[^()\\]|\\.)*+\))*+)"""
    r"""(?:\s+(?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)))?\s*\)"""
    r"""|\]\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+\)|\]\[[^\]]*\]|\]""",
    re.DOTALL,
)
_LINE: Final = re.compile(r"\r\n|\r|\n")
_CONTAINERS: Final = {
    "heading_open": "heading",
    "list_item_open": "list-item",
    "blockquote_open": "quote",
    "tr_open": "table",
    "footnote_open": "footnote",
}
_LEAVES: Final = frozenset(("inline", "fence", "code_block", "html_block"))
_BREAK: Final = re.compile(r"(\r\n|\r|\n)[ \t>]*")
_AUTOLINK: Final = re.compile(r"<([^<>\s]+)>")
_ESCAPED_PIPE: Final = re.compile(r"\\\|")
_CELL_END: Final = re.compile(r"(?<!\\)\||[\r\n]")
#: A line this deep would make the parser drop all that follows; `_unread` excludes it.
_DEEP: Final = re.compile(r"^[ \t]*+(?:(?:>|(?:[-*+]|\d{1,9}[.)])[ \t])[ \t]*+){41,}+.*", re.MULTILINE)
#: The marks around a block of Pandoc, Docusaurus, VuePress: “::: warning”, “:::”.
_FENCED: Final = re.compile(r"^[ \t]{0,3}:{3,}[ \t]*(?:\{[^}\r\n]*\}|[\w-]+)?[ \t]*$", re.MULTILINE)
_NOTE: Final = re.compile(r"\A\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION|INFO)\][-+]?", re.IGNORECASE)
#: What no reader sees: “> [!NOTE]”, “- [x] done”, “# Title {#name}”.
_MARKED: Final = {
    "quote": _NOTE,
    "list-item": re.compile(rf"{_NOTE.pattern}|\A\[[ xX]\](?=\s)", re.IGNORECASE),
    "heading": re.compile(r"\{[#.][^{}]*\}\Z"),
}
_MAX_NESTING = 100  # levels; markdown-it's own 20 drops what is deeper, and each level takes Python stack


def markdown_pieces(text: Traced) -> list[Piece]:
    """The blocks of a Markdown text in order."""
    pieces: list[Piece] = []
    front = _FRONT.match(_LINE.sub("\n", text.text[:20_000]))
    lines = _line_starts(text.text)
    skip = front[0].count("\n") if front else 0
    if front:
        pieces += _excluded(text.cut(0, lines[min(skip, len(lines) - 1)]), "front matter")
    body = text.cut(lines[min(skip, len(lines) - 1)], len(text))
    return [*pieces, *_blocks(body)]


def _line_starts(text: str) -> list[int]:
    """Where each line begins, and the end of the text."""
    return [0, *(m.end() for m in _LINE.finditer(text)), len(text)]


def _blocks(text: Traced) -> list[Piece]:
    """The blocks, in the order of the source, and what the parser left out."""
    from markdown_it import MarkdownIt

    # without text_join, escapes and entities stay tokens of their own, with their source in .markup
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    parser = with_footnotes(parser.enable(["table", "strikethrough"]).disable("text_join"))
    lines = _line_starts(text.text)
    known: dict[str, Any] = {}
    tokens = parser.parse(_FENCED.sub("", _DEEP.sub("", _LINE.sub("\n", text.text))), known)
    pieces = [*_Reader(text, lines).pieces(tokens), *_unread(text, lines, tokens, known)]
    return sorted(pieces, key=lambda piece: piece.text.start)


def _unread(
    text: Traced, lines: Sequence[int], tokens: Sequence[Token], known: dict[str, Any]
) -> Iterator[Piece]:
    """Lines that no token stands for and that define no link: what is nested too deep."""
    spans = [token.map for token in tokens if token.map and token.type in _LEAVES]
    spans += [link["map"] for link in known.get("references", {}).values()]
    spans += [link["map"] for link in known.get("duplicate_refs", [])]
    seen = bytearray(len(lines))
    for first, last in spans:
        seen[first:last] = b"\1" * (min(last, len(lines)) - first)
    for index, (start, stop) in enumerate(pairwise(lines)):
        if not seen[index] and any(map(str.isalnum, text.text[start:stop])):
            fenced = _FENCED.match(text.text[start:stop].rstrip("\r\n")) is not None
            yield from _excluded(text.cut(start, stop), "mark-up" if fenced else "nested too deep")


class _Reader:
    """Goes through the tokens of a file; ``position`` is up to where its source has been read."""

    def __init__(self, text: Traced, lines: Sequence[int]) -> None:
        self._text = text
        self._lines = lines
        self._position = 0
        self._open: list[str] = []
        self._row: list[Traced] = []

    def pieces(self, tokens: Sequence[Token]) -> Iterator[Piece]:
        """The blocks of the tokens."""
        for token in tokens:
            start, stop = _span(token, self._lines)
            if token.type in _CONTAINERS:
                self._open.append(_CONTAINERS[token.type])
                if token.type == "footnote_open":
                    yield from self._footnote(token.content, start)
            elif token.type.endswith("_close") and token.type[:-5] + "open" in _CONTAINERS:
                self._open.pop()
                if token.type == "tr_close":
                    yield from self._end_row()
            elif token.type in ("fence", "code_block", "html_block"):
                reason = "raw HTML" if token.type == "html_block" else "code block"
                yield from _excluded(self._text.cut(max(start, self._position), stop), reason)
                self._position = max(self._position, stop)
            elif token.type == "inline":
                yield from self._inline(token, max(start, self._position), stop)

    def _footnote(self, mark: str, start: int) -> Iterator[Piece]:
        at = self._text.text.find(mark, max(start, self._position))
        if at >= 0:
            self._position = at + len(mark)
            yield from _excluded(self._text.cut(at, self._position), "reference mark")

    def _inline(self, token: Token, start: int, stop: int) -> Iterator[Piece]:
        in_table = "table" in self._open
        scan = _Scan(self._text, start, stop, cell=in_table)
        found = scan.words(token.children or [])
        self._position = scan.position
        if in_table:
            self._row += [found] if found is not None else []
        elif found is not None:
            yield from _unmarked(found, _kind(self._open))
        yield from scan.excluded

    def _end_row(self) -> Iterator[Piece]:
        """The row, and apart from it the cells that the head of its table has no column for."""
        if self._row:
            yield Piece(parted(joined(self._row, CELL)), "table", cells=len(self._row))
        self._row = []
        end = _LINE.search(self._text.text, self._position)
        rest = self._text.cut(self._position, end.start() if end else len(self._text))
        if any(map(str.isalnum, rest.text)):
            yield from _excluded(rest, "table cell without a column")
        self._position += len(rest)


def _span(token: Token, lines: Sequence[int]) -> tuple[int, int]:
    """The token's lines as characters."""
    if token.map is None:
        return 0, 0
    first, last = token.map
    return lines[min(first, len(lines) - 1)], lines[min(last, len(lines) - 1)]


def _kind(open_kinds: Sequence[str]) -> str:
    for kind in ("heading", "table", "list-item", "quote"):
        if kind in open_kinds:
            return kind
    return "body"


def _unmarked(text: Traced, kind: str) -> Iterator[Piece]:
    """The block, and apart from it the mark that an extension of Markdown puts at its beginning or end."""
    mark = _MARKED[kind].search(text.text) if kind in _MARKED else None
    if mark is None:
        yield judged(Piece(text, kind))
        return
    for part in (text.cut(0, mark.start()), text.cut(mark.end(), len(text))):
        if len(part.stripped()):
            yield judged(Piece(part.stripped(), kind))
    yield Piece(text.cut(mark.start(), mark.end()), "body", "mark-up")


def _excluded(text: Traced, reason: str) -> Iterator[Piece]:
    shown = text.folded()
    if len(shown):
        yield Piece(shown, "code", reason)


class _Scan:
    """Finds the inline tokens of one block, or table cell, again in its source, one after the other."""

    def __init__(self, text: Traced, start: int, stop: int, *, cell: bool = False) -> None:
        self._text = text
        self._start = start
        self._stop = stop
        self._cell = cell
        self._lost = False
        self._line: int | None = None  # right behind a break: where its line begins
        self.position = start
        self.excluded: list[Piece] = []

    def words(self, tokens: Sequence[Token]) -> Traced | None:
        """The visible text of the tokens, or None where there is none.

        Where a token is not in the source as the parser gives it, the source as it stands.
        """
        found: list[Traced] = []
        autolink = False
        for token in tokens:
            if token.type == "link_open":
                autolink = token.markup == "autolink"
            elif token.type == "link_close":
                if not autolink:
                    self._over(_TARGET)
                autolink = False
            elif autolink:
                found += self._autolink()
            else:
                found += self._token(token)
        text = (joined(found, "") if found else None) if not self._lost else self._raw()
        text = text.folded() if text is not None and len(text) else None
        return text if text is not None and len(text) else None

    def _token(self, token: Token) -> list[Traced]:
        if token.type == "image":
            self._image(token)
        elif token.type in ("softbreak", "hardbreak"):
            return self._break()
        elif token.type == "html_inline":
            self._markup(self._take(token.content))
        elif token.type == "footnote_mark":
            self.excluded += [Piece(mark, "body", "reference mark") for mark in self._take(token.content)]
        elif token.type == "text_special":
            return self._special(token)
        elif token.type == "code_inline":
            words = token.content.split()
            return [piece for word in words for piece in [*self._take(word), *self._space()]]
        elif token.content:
            return self._take(token.content)
        return []

    def _raw(self) -> Traced:
        """All of the block's source, or of the cell's."""
        self.excluded.clear()
        text = self._text.text
        start, end = self._start, self._stop
        if self._cell:
            start += len(text[start:end]) - len(text[start:end].lstrip("| \t"))
            closing = _CELL_END.search(text, start, end)
            end = closing.start() if closing else end
        self.position = max(start, end)
        return self._text.cut(start, end)

    def _markup(self, tag: list[Traced]) -> None:
        """A comment is excluded; a tag is mark-up like any other."""
        if tag and tag[0].text.startswith("<!--"):
            self.excluded += _excluded(tag[0], "raw HTML")

    def _take(self, content: str) -> list[Traced]:
        """The next place of this text in the source; if there is none, the block is lost."""
        if "|" in content or "\n" in content:
            return self._take_loosely(content)
        # A mark further in than quotes may begin is the text's own, which a break has gone over.
        begin = self.position if self._line is None or content[:1] != ">" else self._line
        self._line = None
        at = self._text.text.find(content, begin, self._stop)
        if at < 0 or not content:
            self._lost = self._lost or any(map(str.isalnum, content))
            return []
        self.position = at + len(content)
        return [self._text.cut(at, self.position)]

    def _take_loosely(self, content: str) -> list[Traced]:
        """The same for what the parser changed: ``\\|`` in a table, line ends and quote marks in a tag."""
        parts = [r"\\?\|" if c == "|" else _BREAK.pattern if c == "\n" else re.escape(c) for c in content]
        match = re.compile("".join(parts)).search(self._text.text, self.position, self._stop)
        if match is None:
            self._lost = True
            return []
        self.position = match.end()
        pipes = (
            [Edit(m.start(), m.end(), "|") for m in _ESCAPED_PIPE.finditer(match[0])] if self._cell else []
        )
        return [self._text.cut(*match.span()).edited(pipes)]

    def _autolink(self) -> list[Traced]:
        """An address in angle brackets as it is written; the parser decodes it."""
        match = _AUTOLINK.search(self._text.text, self.position, self._stop)
        if match is None:
            self._lost = True
            return []
        self.position = match.end()
        return [self._text.cut(*match.span(1))]

    def _special(self, token: Token) -> list[Traced]:
        """An escape or an entity: what it says maps to the whole of it."""
        found = self._take(token.markup)
        if not found:
            return []
        piece = found[0]
        starts, ends = piece.starts[:1].repeat(len(token.content)), piece.ends[-1:].repeat(len(token.content))
        return [Traced(token.content, starts, ends)]

    def _space(self) -> list[Traced]:
        following = self._text.text[self.position : min(self.position + 1, self._stop)]
        return self._take(following) if following.isspace() and following not in "\r\n" else []

    def _break(self) -> list[Traced]:
        at = _BREAK.search(self._text.text, self.position, self._stop)
        if at is None:
            return []
        between = self._text.text[self.position : at.start()]
        start = self.position + len(between.rstrip(" \t\\"))
        self._line, self.position = at.end(1), at.end()
        piece = self._text.cut(start, at.end())
        return [Traced(" ", piece.starts[:1], piece.ends[-1:])]

    def _over(self, pattern: re.Pattern[str]) -> None:
        match = pattern.search(self._text.text, self.position, self._stop)
        if match is not None:
            self.position = match.end()

    def _image(self, token: Token) -> None:
        at = self._text.text.find("![", self.position, self._stop)
        if at >= 0:
            self.position = at + 2
            lost = self._lost
            for child in token.children or []:
                self._take(child.markup if child.type == "text_special" else child.content)
            self._lost = lost  # nobody reads an alternative text: no matter where it stands
            self._over(_TARGET)
