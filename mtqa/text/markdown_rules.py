"""Two rules that CommonMark lacks, for markdown-it-py: the definition of a footnote, and its mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_MARK: Final = re.compile(r"\[\^([^\]\[\s]{1,80})\]")
_DEFINITION: Final = re.compile(r"\[\^([^\]\[\s]{1,80})\]:[ \t]*")
_NAMES: Final = "footnotes"  # the key of the parser's environment


def with_footnotes(parser: MarkdownIt) -> MarkdownIt:
    """The parser with both rules: tokens ``footnote_open``, ``footnote_close`` and ``footnote_mark``."""
    parser.block.ruler.before("reference", "footnote", _definition, {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.before("link", "footnote_mark", _mark)
    return parser


def _definition(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """``[^1]: note``; what is indented by four under it belongs to the note."""
    if state.is_code_block(line):
        return False
    begin, last = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    found = _DEFINITION.match(state.src, begin, last)
    if found is None:
        return False
    if silent:
        return True
    state.env.setdefault(_NAMES, set()).add(found[1])
    opened = state.push("footnote_open", "", 1)
    opened.map, opened.content = [line, line + 1], found[0].rstrip()
    saved = state.bMarks[line], state.tShift[line], state.sCount[line], state.parentType
    state.bMarks[line], state.tShift[line], state.parentType = found.end(), 0, "footnote"
    state.blkIndent += 4
    state.sCount[line] = state.blkIndent
    state.md.block.tokenize(state, line, end)
    state.blkIndent -= 4
    state.bMarks[line], state.tShift[line], state.sCount[line], state.parentType = saved
    state.push("footnote_close", "", -1)
    return True


def _mark(state: StateInline, silent: bool) -> bool:
    """``[^1]``, where the note is in the file, or its name is a number."""
    found = _MARK.match(state.src, state.pos, state.posMax)
    if found is None or not (found[1].isdecimal() or found[1] in state.env.get(_NAMES, ())):
        return False
    if not silent:
        state.push("footnote_mark", "", 0).content = found[0]
    state.pos = found.end()
    return True
