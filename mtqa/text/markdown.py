"""Markdown to blocks, by markdown-it-py: line maps for blocks, inline text aligned to the source.

Kept: the words that a reader sees. Dropped without a record, as mark-up: emphasis marks, link
targets, images with their alternative text. Excluded with a reason: code blocks, raw HTML, front matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from mtqa.text.offsets import Traced, joined
from mtqa.text.pieces import Piece, judged

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT: Final = re.compile(r"\A(?:---|\+\+\+)[ \t]*\n(?:.*\n)*?(?:---|\+\+\+|\.\.\.)[ \t]*(?:\n|\Z)")
_TARGET: Final = re.compile(r"\]\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)|\]\[[^\]]*\]|\]")
_LINE: Final = re.compile(r"\r\n|\r|\n")
_CONTAINERS: Final = {
    "heading_open": "heading",
    "list_item_open": "list-item",
    "blockquote_open": "quote",
    "tr_open": "table",
}
_BREAK: Final = re.compile(r"[ \t\\]*(?:\r\n|\r|\n)[ \t>]*")


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


def _blocks(text: Traced) -> Iterator[Piece]:
    from markdown_it import MarkdownIt

    # without text_join, escapes and entities stay tokens of their own, with their source in .markup
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")
    lines = _line_starts(text.text)
    position = 0
    open_kinds: list[str] = []
    row: list[Traced] = []
    for token in parser.parse(_LINE.sub("\n", text.text)):
        start, stop = _span(token, lines)
        if token.type in _CONTAINERS:
            open_kinds.append(_CONTAINERS[token.type])
        elif token.type.removesuffix("_close") + "_open" in _CONTAINERS and token.type.endswith("_close"):
            open_kinds.pop()
            if token.type == "tr_close":
                yield from _row(row)
                row = []
        elif token.type in ("fence", "code_block", "html_block"):
            reason = "raw HTML" if token.type == "html_block" else "code block"
            yield from _excluded(text.cut(max(start, position), stop), reason)
            position = max(position, stop)
        elif token.type == "inline":
            scan = _Scan(text, max(start, position) if open_kinds[-1:] == ["table"] else start, stop)
            found = scan.words(token.children or [])
            position = scan.position
            if "table" in open_kinds:
                row += [found] if found is not None else []
            elif found is not None:
                yield judged(Piece(found, _kind(open_kinds)))
            yield from scan.excluded


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


def _row(cells: Sequence[Traced]) -> Iterator[Piece]:
    if cells:
        yield Piece(joined(list(cells), " "), "table")


def _excluded(text: Traced, reason: str) -> Iterator[Piece]:
    shown = text.folded()
    if len(shown):
        yield Piece(shown, "code", reason)


class _Scan:
    """Finds the inline tokens of one block again in its source, one after the other."""

    def __init__(self, text: Traced, start: int, stop: int) -> None:
        self._text = text
        self._stop = stop
        self.position = start
        self.excluded: list[Piece] = []

    def words(self, tokens: Sequence[Token]) -> Traced | None:
        """The visible text of the tokens, or None where there is none."""
        found: list[Traced] = []
        autolink = False
        for token in tokens:
            if token.type == "link_open":
                autolink = token.markup == "autolink"
            elif token.type == "link_close" and not autolink:
                self._over(_TARGET)
            elif token.type == "image":
                self._image(token)
            elif token.type in ("softbreak", "hardbreak"):
                found += self._break()
            elif token.type == "html_inline":
                self._raw(self._take(token.content))
            elif token.type == "text_special":
                found += self._special(token)
            elif token.type == "code_inline":
                found += [
                    piece for word in token.content.split() for piece in [*self._take(word), *self._space()]
                ]
            elif token.content:
                found += self._take(token.content)
        text = joined(found, "").folded() if found else None
        return text if text is not None and len(text) else None

    def _raw(self, tag: list[Traced]) -> None:
        """A comment is excluded; a tag is mark-up like any other."""
        if tag and tag[0].text.startswith("<!--"):
            self.excluded += _excluded(tag[0], "raw HTML")

    def _take(self, content: str) -> list[Traced]:
        """The next place of this text in the source; nothing if there is none."""
        at = self._text.text.find(content, self.position, self._stop)
        if at < 0 or not content:
            return []
        self.position = at + len(content)
        return [self._text.cut(at, self.position)]

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
        return self._take(following) if following.isspace() else []

    def _break(self) -> list[Traced]:
        at = _BREAK.search(self._text.text, self.position, self._stop)
        if at is None:
            return []
        self.position = at.end()
        piece = self._text.cut(at.start(), at.end())
        return [Traced(" ", piece.starts[:1], piece.ends[-1:])]

    def _over(self, pattern: re.Pattern[str]) -> None:
        match = pattern.search(self._text.text, self.position, self._stop)
        if match is not None:
            self.position = match.end()

    def _image(self, token: Token) -> None:
        at = self._text.text.find("![", self.position, self._stop)
        if at >= 0:
            self.position = at + 2
            for child in token.children or []:
                self._take(child.markup if child.type == "text_special" else child.content)
            self._over(_TARGET)
