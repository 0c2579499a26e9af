"""Generated articles: words and marks of many scripts, dirt, mark-up, line ends."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        *(
            "the",
            "River",
            "rose",
            "by",
            "two",
            "metres",
            "Jane",
            "café",
            "don't",
            "amended’",
            "U.S.",
            "No.",
            "3.5",
        ),
        *(
            "““stop",
            '"Go!"',
            "(so",
            "called)",
            "naïve",
            "река",
            "中国",
            "نهر",
            "שלום",
            "😀",
            "👨‍👩‍👧",
            "e.g.",
            "inter-",
        ),
        *(
            "READ",
            "MORE",
            "Comments",
            "http://a.example",
            "a@b.example",
            "O'Neill",
            "<b>",
            "&amp;",
            ">",
            "*",
            "1.",
        ),
    ]
)
ENDS = st.sampled_from([".", "!", "?", '."', ".”", "", ":", ";", "。", "..."])
DIRT = st.sampled_from(
    ["", "", "", "\u200b", "\u00ad", "\x00", "\x07", "ﬁ", "\u00a0", "Ã©", "â€™", "\ufeff", "\u200f"]
)
BREAKS = st.sampled_from(
    ["\n", "\r\n", "\n\n", "\r\n\r\n", "\r", " \n \n", "\f", "\u2028", "\n\n12\n\n\f", "\n12\n", "\n\n\f"]
)
CUES = "\n\n{}\n00:00:{:02},000 --> 00:00:{:02},500 align:start\n"


@st.composite
def sentences(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.tuples(WORDS, DIRT), min_size=1, max_size=12))
    glue = draw(st.sampled_from([" ", "  ", "\t", "\n", "\r\n"]))
    spaced = [
        word + dirt + (glue if index == len(words) // 2 else " ") for index, (word, dirt) in enumerate(words)
    ]
    return "".join(spaced).strip(" ") + draw(ENDS)


@st.composite
def articles(draw: st.DrawFn) -> str:
    """Some text, sometimes with a boilerplate line, always with a letter in ordinary text."""
    parts = draw(st.lists(sentences(), min_size=1, max_size=8))
    between = [draw(BREAKS | st.just(" ")) for _ in parts]
    tail = draw(st.sampled_from(["", "\nREAD MORE\n0 Comments", "\r\n\r\nAdvertisement"]))
    return "The river rose overnight. " + "".join(a + b for a, b in zip(parts, between, strict=True)) + tail


@st.composite
def subtitles(draw: st.DrawFn) -> str:
    """Cues of one or two lines with tags now and then, of which the first is a sentence."""
    shown = ["The river rose overnight.", *draw(st.lists(sentences(), min_size=1, max_size=8))]
    tags = st.sampled_from(["", "", "<i>", "</i>", "{\\an8}", "<v Ann>", "- ", "♪ ", "\n"])
    return "".join(CUES.format(n, 3 * n, 3 * n + 2) + draw(tags) + text for n, text in enumerate(shown))


@st.composite
def events(draw: st.DrawFn) -> str:
    """ASS, with tags and breaks between the words now and then."""
    plain = st.lists(st.sampled_from(["The", "river", "Øl", "rose,", "水", "“so”"]), min_size=1).map(" ".join)
    shown = ["The river rose overnight.", *draw(st.lists(plain, min_size=1, max_size=8))]
    marks = st.sampled_from([" ", " ", "\\N", " {\\i1}", "\\h", " &amp; ", " \\N "])
    lines = ["[Events]"]
    for n, text in enumerate(shown):
        said = "".join(word + draw(marks) for word in text.split())
        lines.append(f"Dialogue: 0,0:00:{3 * n:02}.00,0:00:{3 * n + 2:02}.00,Default,,0,0,0,,{said}")
    return "\n".join(lines)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """HTML made of paragraphs, lists and headings, tags now and then broken."""
    body = []
    for text in draw(st.lists(sentences(), min_size=1, max_size=8)):
        tag = draw(st.sampled_from(["p", "h2", "li", "div", "blockquote", "td"]))
        close = draw(st.sampled_from([f"</{tag}>", f"</{tag}>", "", "<br>", "<br><br>"]))
        inner = text.replace("“", "&ldquo;") + draw(
            st.sampled_from(["", "&nbsp;&eacute;", "<sup>[1]</sup>", "&bogus;"])
        )
        body.append(f"<{tag}>{inner}{close}")
    return (
        f"<html><body><nav>Home</nav><article><p>The river rose.</p>{''.join(body)}</article></body></html>"
    )
