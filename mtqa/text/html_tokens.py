"""HTML to tags and text with positions, in time linear in the page.

The standard library's parser gives lines and columns, and takes quadratic time on unclosed quotes
(72 kB of ``<a href="``: 6 s), so the few rules that positions need are here. What a tag means is
no matter of this module: see ``html_walk.py``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

_NEXT: Final = re.compile(r"[<&]")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[a-zA-Z][a-zA-Z0-9]{0,31});?")
_NAME: Final = re.compile(r"</?([a-zA-Z][^\s/>]*)")
#: Behind ``<!``; ``<!-->`` and ``<!--->`` are comments already.
_COMMENT_END: Final = re.compile(r"--!?>|(?<=<!)-->|(?<=<!)--->")
_ATTRIBUTE: Final = re.compile(r"[\s/]*([^\s/>=]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]*))?|[\s/=]+")
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
_XML_START: Final = re.compile(r"[\s\ufeff]*<\?xml\b", re.IGNORECASE)
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_FOREIGN: Final = frozenset(("svg", "math"))


@dataclass(frozen=True, slots=True)
class Token:
    """``[start, end)`` of the page. ``kind``: ``text``, ``entity``, ``start`` or ``end``.

    ``value``: what an entity decodes to, or the lower-case name of a tag. ``empty``: a start tag that is
    its element's end tag too (``<svg/>``).
    """

    kind: str
    start: int
    end: int
    value: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    empty: bool = False


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a page in order; comments, declarations and the insides of scripts give none.

    >>> [(t.kind, t.start, t.end, t.value) for t in tokens("<b>&lt;</b>")]
    [('start', 0, 3, 'b'), ('entity', 3, 7, '<'), ('end', 7, 11, 'b')]
    """
    position = 0
    closing = _SelfClosing(source)
    while position < len(source):
        mark = _NEXT.search(source, position)
        start = mark.start() if mark else len(source)
        if start > position:
            yield Token("text", position, start)
        if mark is None:
            return
        token = _entity(source, start) if mark[0] == "&" else closing.judged(_markup(source, start))
        if token.kind:
            yield token
        position = token.end
        if token.kind == "start" and token.value in _RAW and not token.empty:
            end = _RAW[token.value].search(source, position)
            position = end.start() if end else len(source)


class _SelfClosing:
    """Where ``/>`` closes an element: anywhere in XML, in HTML only at SVG and MathML and inside them."""

    def __init__(self, source: str) -> None:
        self._xml = _XML_START.match(source) is not None
        self._foreign = 0  # open <svg> and <math>

    def judged(self, token: Token) -> Token:
        """The token, ``empty`` only where that holds."""
        outside = not self._foreign
        if token.kind == "end":
            self._foreign -= token.value in _FOREIGN and not outside
        if token.kind != "start":
            return token
        if outside and token.attributes.get("xmlns", "").strip() == _XHTML:
            self._xml = True
        foreign = token.value in _FOREIGN
        empty = token.empty and (self._xml or foreign or not outside)
        self._foreign += foreign and not empty
        return replace(token, empty=False) if token.empty and not empty else token


def _entity(source: str, start: int) -> Token:
    match = _ENTITY.match(source, start)
    decoded = html.unescape(match[0]) if match else "&"
    if match is None or decoded == match[0] or not decoded:
        return Token("text", start, start + 1)
    return Token("entity", start, match.end(), decoded)


def _markup(source: str, start: int) -> Token:
    """The tag, comment or declaration at a ``<``; a token without a kind for what shows nothing."""
    if source.startswith("<!--", start):
        closing = _COMMENT_END.search(source, start + 2)
        return Token("", start, closing.end() if closing else len(source))
    if source.startswith(("<!", "<?"), start):
        end = source.find(">", start)
        return Token("", start, end + 1 if end >= 0 else len(source))
    name = _NAME.match(source, start)
    if name is None:
        return Token("text", start, start + 1)
    if source.startswith("</", start):
        end = source.find(">", name.end())
        return Token("end", start, end + 1 if end >= 0 else len(source), name[1].lower())
    return _start_tag(source, start, name)


def _start_tag(source: str, start: int, name: re.Match[str]) -> Token:
    attributes: dict[str, str] = {}
    position = name.end()
    empty = False
    while position < len(source) and source[position] != ">":
        match = _ATTRIBUTE.match(source, position)
        if match is None or match.end() == position:
            position += 1
            continue
        if match[1]:
            attributes.setdefault(match[1].lower(), (match[2] or "").strip("\"'"))
        position = match.end()
        empty = not match[1] and source[position - 1] == "/"  # in <a href=b/> it is of the address
    return Token("start", start, min(position + 1, len(source)), name[1].lower(), attributes, empty)
