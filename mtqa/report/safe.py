r"""Makes the article's characters harmless to a screen: nothing of it may steer a terminal or a page.

Shown as escapes (``\x1b``, ``\u202e``): control characters, bidirectional overrides and marks, invisible
characters that hide text, lone surrogates. Kept: the joiners and variation selectors that emoji and
several scripts need, and the flags of England and the like, a black flag with a region in invisible letters.
"""

from __future__ import annotations

import re

_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"  # longer ones may hide text
_UNSAFE = re.compile(
    f"{_FLAG}|"
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_BUT_NEWLINE = re.compile(f"(?!\n)(?:{_UNSAFE.pattern})")
#: What json.dumps writes raw and UTF-8, a reader of lines, or a terminal can't take: lone surrogates, C1
#: controls, the separators that end a line, bidirectional overrides and isolates.
_RAW_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _escape(match: re.Match[str]) -> str:
    if len(match.group()) > 1:  # a flag
        return match.group()
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    r"""The text with white space collapsed and everything unsafe visible.

    >>> one_line("a\n b\x1b[31m")
    'a b\\x1b[31m'
    """
    inner = " ".join(text.split())
    left = " " if text[:1].isspace() and inner else ""
    right = " " if text[-1:].isspace() and inner else ""
    return _UNSAFE.sub(_escape, f"{left}{inner}{right}") if inner else (" " if text else "")


def keep_lines(text: str) -> str:
    r"""Everything unsafe visible, line breaks kept and tabs as spaces.

    >>> keep_lines("a\r\n\tb\x07")
    'a\n    b\\x07'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _UNSAFE_BUT_NEWLINE.sub(_escape, lines)


def json_surrogates(encoded: str) -> str:
    r"""JSON text that is safe as UTF-8, as lines and on a terminal: its value is the same.

    Lone surrogates become ``\udc80`` and so on; so do control characters that json.dumps leaves as they are,
    the separators that end a line, and bidirectional overrides. Only strings hold any of them.

    >>> json_surrogates('"\udc80"'), json_surrogates('"a\u2028b\x9b"')
    ('"\\udc80"', '"a\\u2028b\\u009b"')
    """
    return _RAW_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", encoded)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, an ellipsis for what was cut.

    >>> shorten("sandwiches", 5)
    'sand…'
    """
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"
