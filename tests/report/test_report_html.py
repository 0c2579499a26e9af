"""The HTML report as text; what a browser makes of it is tested in tests/browser."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import report_builders as builders
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.report import html
from mtqa.report.formats import RenderOptions, render

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """Checks that elements nest, and collects ids, links, elements and the article's text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elements: set[str] = set()
        self.sentences: list[str] = []
        self._depth: int | None = None
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.add(tag)
        names = dict(attrs)
        self.ids += [names["id"]] if "id" in names else []
        self.links += [v for k, v in attrs if k in ("href", "src")]
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "span" and (names.get("class") or "").split()[:1] == ["s"]:
            self.sentences.append("")
            self._depth = len(self.open)

    def handle_endtag(self, tag) -> None:
        assert self.open[-1] == tag, (self.open, tag)
        if self._depth == len(self.open):
            self._depth = None
        self.open.pop()

    def handle_data(self, data) -> None:
        if self._depth is not None and self.open[-1] != "a":  # the rank's badge is no text of the article
            self.sentences[-1] += data


def test_a_words_probability_stands_before_its_surprisal() -> None:
    report = builders.library()
    first, *rest = report.findings
    span, *others = first.spans
    assert "likely wrong" not in render([report], "html")
    found = dataclasses.replace(span, probability=0.834)
    finding = dataclasses.replace(first, spans=(found, *others))
    page = render([dataclasses.replace(report, findings=(finding, *rest))], "html")
    assert page.count("83% likely wrong; ") == 1


def test_page_nests_and_every_link_stays_inside() -> None:
    page = Page(render([builders.library(), builders.hostile()], "html"))
    assert len(page.ids) == len(set(page.ids))
    assert all(link == "data:," or link[1:] in page.ids for link in page.links)
    assert "img" not in page.elements
    assert "iframe" not in page.elements


def test_shades_are_told_as_the_detectors_where_it_found_nothing_too() -> None:
    for report in (builders.judged(), builders.none_found()):
        assert "the more it looks corrupted to the detector" in render([report], "html")
    plain = builders.library()
    findings = [dataclasses.replace(f, measures={**f.measures, "detector": None}) for f in plain.findings]
    for report in (plain, dataclasses.replace(plain, findings=tuple(findings))):
        assert "the more it surprised the model" in render([report], "html")


def test_article_reads_as_it_was() -> None:
    report = builders.library()
    text = report.document.text
    assert Page(render([report], "html")).sentences == [
        text[s.start : s.end] for s in report.document.sentences
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["a", "“", "</p>", "&", "<b>", "'", "é"]), min_size=1), st.integers(1, 6))
def test_any_span_leaves_the_text_whole(pieces: list[str], length: int) -> None:
    sentence = " ".join(pieces)
    report = builders.report([builders.Part("body", (sentence,))], {sentence[:length]: builders.Suspect(9)})
    assert Page(render([report], "html")).sentences == [sentence]


def test_excluded_pieces_stand_in_their_place() -> None:
    text = render([builders.library()], "html")
    places = [
        text.index(mark) for mark in ("SHARE THIS ARTICLE</bdi>", '<p class="block caption"', "““</span>We")
    ]
    assert places[1] < places[0] < places[2]
    assert '<span class="reason">not ranked: share bar</span>' in text


def test_policy_names_the_script_and_allows_nothing_else() -> None:
    text = render([builders.library()], "html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    script = re.search(r"<script>(.*?)</script>", text, re.S)
    assert policy
    assert script
    assert policy[1].startswith("default-src 'none';")
    assert f"script-src '{html.script_hash(script[1])}';" in policy[1]
    assert not re.search(r"https?://|url\(|@import", text)


def test_data_survives_its_script_element() -> None:
    report = builders.hostile()
    text = render([report], "html")
    (raw,) = re.findall(r'<script type="application/json" data-report>(.*?)</script>', text, re.S)
    data = json.loads(raw)
    assert "</script>" in data["texts"]
    assert "<" not in raw
    assert len(data["words"]) == len(report.words) == text.count('<span class="w')
    assert len(data["scores"]) == len(data["values"]) == len(report.findings)


def test_template_syntax_in_the_article_is_text() -> None:
    text = render([builders.hostile()], "html")
    assert "{{ 7 * 7 }}" in re.sub(r"<[^>]+>", "", text)
    assert "49" not in Page(text).sentences[5]


def test_limits_the_list_not_the_article() -> None:
    text = render([builders.library()], "html", options=RenderOptions(top=2))
    assert text.count("<li id=") == 2
    assert len(Page(text).sentences) == 10


def test_a_thousand_sentences_stay_a_small_file() -> None:
    size = len(render([builders.long(1000)], "html").encode())
    assert size < 3_000_000  # 2.39 MB when this was written, for 28,000 words


def test_shades() -> None:
    word = builders.library().words[0]
    values = [0.0, 0.04, 0.5, 1.0, 7.0, float("inf"), -1.0]
    shades = [html.shade(dataclasses.replace(word, suspicion=value)) for value in values]
    assert shades == [0, 0, 4, 9, 9, 0, 0]
