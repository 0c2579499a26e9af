"""The HTML report in a real browser: the panes find each other, and the article stays inert."""

import re
import time

import pytest
import report_builders as builders

from mtqa.report.formats import RenderOptions, render

pytestmark = pytest.mark.browser

IN_VIEW = """element => { const r = element.getBoundingClientRect();
  return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight; }"""
#: Nothing else lies over the middle of the element's first line.
ON_TOP = """element => { const r = element.getClientRects()[0];
  const hit = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
  return hit !== null && (element.contains(hit) || hit.contains(element)); }"""
#: Contrast (WCAG 2) of each shaded word's text with its background over the page's.
CONTRASTS = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => { const s = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * s[0] + .7152 * s[1] + .0722 * s[2]; };
  const paper = rgb(getComputedStyle(document.body).backgroundColor);
  return [1,2,3,4,5,6,7,8,9].map(level => {
    const word = document.querySelector(".text .w"); word.className = `w h${level}`;
    const style = getComputedStyle(word);
    const [r, g, b, a] = rgb(style.backgroundColor);
    const back = [r, g, b].map((v, i) => v * a + paper[i] * (1 - a));
    const [x, y] = [light(back), light(rgb(style.color))].sort((p, q) => q - p);
    return (x + .05) / (y + .05); });
}"""


def comes_into_view(element, seconds: float = 5) -> None:
    """Waits for a smooth scroll to end (the page's policy forbids Playwright's own way of waiting)."""
    until = time.monotonic() + seconds
    while not element.evaluate(IN_VIEW):
        assert time.monotonic() < until
        time.sleep(0.05)


def library(**options) -> str:
    return render([builders.library()], "html", options=RenderOptions(**options))


def test_opens_without_a_word_or_a_request(show) -> None:
    opened = show(library())
    opened.page.wait_for_load_state("networkidle")
    assert opened.quiet(), opened
    assert opened.page.title() == "articles/library.txt · mtqa report"


def test_click_on_the_list_finds_the_sentence(show) -> None:
    page = show(render([builders.long(200)], "html")).page
    entry = page.locator("#a0-f3")
    sentence = page.locator("#a0-s3")
    assert not sentence.evaluate(IN_VIEW)
    entry.click()
    comes_into_view(sentence)
    assert "selected" in sentence.get_attribute("class").split()
    assert "flash" in sentence.get_attribute("class").split()
    assert entry.locator("a").get_attribute("aria-current") == "true"
    assert page.locator(".s.selected").count() == 1


def test_click_on_a_sentence_finds_its_entry(show) -> None:
    page = show(library(), height=500).page
    assert not page.locator("#a0-f8").evaluate(IN_VIEW)
    page.locator("#a0-s8 .w").nth(2).click()
    assert "selected" in page.locator("#a0-f8").get_attribute("class").split()
    assert page.locator("#a0-f8").evaluate(IN_VIEW)
    page.locator("#a0-s2 .rk").click()
    assert page.evaluate("document.activeElement.closest('li').id") == "a0-f2"
    assert page.locator("li.selected").count() == 1


def test_click_on_a_sentence_that_is_not_shown_shows_it(show) -> None:
    page = show(render([builders.long(40)], "html")).page
    assert page.locator("#a0-f33").is_hidden()
    page.evaluate("document.getElementById('a0-s33').scrollIntoView()")
    page.locator("#a0-s33 .w").nth(3).click()
    assert page.locator("#a0-f33").is_visible()
    assert page.locator("[data-count]").input_value() == "33"


def test_tooltip_on_hover_and_focus(show) -> None:
    page = show(library()).page
    tip = page.locator("#tip")
    assert tip.is_hidden()
    page.locator("#a0-s2 .w", has_text="umbrellas").hover()
    assert tip.is_visible()
    assert re.search(r"umbrellas15\.3 bits of surprise \(about 1 in 40,000\)", tip.text_content())
    assert re.search(r"entropy\): [\d.]+ bits", tip.text_content())
    assert "expectedpeople41%residents7%visitors6%" in tip.text_content()
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    page.mouse.move(5, 5)
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    assert tip.is_visible()
    assert tip.text_content().startswith("soup16.4 bits")
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"
    page.keyboard.press("ArrowRight")
    assert tip.text_content().startswith("for")


def test_every_word_has_its_own_tooltip(show) -> None:
    report = builders.library()
    page = show(render([report], "html")).page
    words = page.locator(".text .w")
    assert words.count() == len(report.words)
    for i in range(0, words.count(), 9):
        words.nth(i).hover()
        assert page.locator("#tip b").text_content() == report.words[i].text


def test_keyboard_goes_down_and_up_the_list(show) -> None:
    page = show(library(), height=600).page
    for expected in ("a0-f1", "a0-f2", "a0-f3"):
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.closest('li').id") == expected
        assert page.locator(f"#{expected.replace('f', 's')}").evaluate(IN_VIEW)
    page.keyboard.press("k")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.querySelector('li.selected').id") == "a0-f1"
    page.keyboard.press("k")
    assert page.evaluate("document.querySelector('li.selected').id") == "a0-f1"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Escape")
    assert page.locator(".selected").count() == 0


def test_tab_and_enter_reach_the_sentence(show) -> None:
    page = show(render([builders.long(60)], "html")).page
    page.locator("#a0-f2 a").focus()
    page.keyboard.press("Enter")
    comes_into_view(page.locator("#a0-s2"))
    assert page.locator("#a0-s2.selected").count() == 1


def test_how_many_are_shown(show) -> None:
    page = show(render([builders.long(40)], "html")).page
    assert page.locator(".list li:visible").count() == 10
    assert page.locator(".s.top").count() == 10
    page.locator("[data-count]").fill("3")
    page.keyboard.press("Tab")
    assert page.locator(".list li:visible").count() == page.locator(".s.top").count() == 3
    page.locator("[data-show]").evaluate("e => { e.value = 25; e.dispatchEvent(new Event('input')); }")
    assert page.locator(".list li:visible").count() == 25
    assert page.locator("[data-count]").input_value() == "25"
    page.locator("[data-count]").fill("")
    page.keyboard.press("Tab")
    assert page.locator(".list li:visible").count() == 25


def test_another_measure_sorts_the_list(show) -> None:
    report = builders.library()
    page = show(render([report], "html")).page
    page.locator("[data-by]").select_option(label="slor")

    def place(finding) -> float:
        value = finding.measures["slor"]
        return float("-inf") if value is None else value

    expected = [f"a0-f{f.rank}" for f in sorted(report.findings, key=place, reverse=True)]
    assert page.locator(".list li").evaluate_all("all => all.map(e => e.id)") == expected
    assert page.locator(f"#{expected[0]} .badge").text_content() == "Rank 1"
    assert page.locator(f"#{expected[0].replace('f', 's')} .rk").text_content() == "1"
    page.keyboard.press("Tab")
    page.keyboard.press("j")
    assert page.evaluate("document.querySelector('li.selected').id") == expected[0]
    page.locator("[data-by]").select_option(label="max_surprisal")
    assert page.locator(".list li").evaluate_all("all => all.map(e => e.id)") == [
        f"a0-f{f.rank}" for f in report.findings
    ]


def test_a_hostile_article_is_inert(show) -> None:
    report = builders.hostile()
    opened = show(render([report], "html"))
    page = opened.page
    for i in range(len(report.findings)):
        page.keyboard.press("j")
        assert page.locator(f"#a0-f{i + 1}.selected").count() == 1
    for word in page.locator(".text .w").all()[::5]:
        word.hover()
    assert opened.quiet(), opened
    assert page.evaluate("window.pwned") is None
    assert page.locator("img, nav, iframe, b > b, section h1 h1").count() == 0
    assert page.locator("script").count() == 2
    assert "<script>window.pwned = 1</script> and </script><img" in page.locator("#a0-s1").text_content()


def test_the_policy_stops_a_script_that_is_not_ours(show) -> None:
    html = library().replace("</footer>", "<script>window.pwned = 1</script></footer>")
    opened = show(html)
    assert opened.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in line for line in opened.console)


def test_several_articles_each_have_their_panes(show) -> None:
    opened = show(render([builders.library(), builders.hostile()], "html"))
    page = opened.page
    page.get_by_role("link", name="evil").click()
    page.locator("#a1-f2 a").click()
    assert page.locator(".selected").evaluate_all("all => all.map(e => e.id).sort()") == ["a1-f2", "a1-s2"]
    page.keyboard.press("j")
    assert page.evaluate("document.querySelector('li.selected').id") == "a1-f3"
    page.locator("#a0-f1 a").click()
    assert page.locator(".selected").evaluate_all("all => all.map(e => e.id).sort()") == ["a0-f1", "a0-s1"]
    page.locator("#a1-s1 .w").first.hover()
    assert page.locator("#tip b").text_content() == "<"
    assert opened.quiet(), opened


def test_narrow_screens_stack_and_keep_both_in_sight(show) -> None:
    page = show(library(), width=420).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for _ in range(3):
        page.keyboard.press("j")
    assert page.locator("#a0-s3").evaluate(IN_VIEW)
    assert page.locator("#a0-s3").evaluate(ON_TOP)
    assert page.locator("#a0-f3 .head").evaluate(ON_TOP)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_shade_can_be_read(show, scheme: str) -> None:
    page = show(library(), color_scheme=scheme).page
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) > 384) == (scheme == "light")
    contrasts = page.evaluate(CONTRASTS)
    assert min(contrasts) >= 4.5, contrasts
    assert contrasts == sorted(contrasts, reverse=True)  # each shade is stronger than the one before


def test_suspicion_is_not_shown_by_colour_alone(show) -> None:
    page = show(library()).page
    line = page.locator("#a0-s2 .w", has_text="umbrellas").evaluate(
        "e => getComputedStyle(e).textDecorationLine"
    )
    assert line == "underline"


def test_print_holds_the_list_and_no_controls(show) -> None:
    page = show(library()).page
    page.emulate_media(media="print")
    assert page.locator("[data-show], [data-by], .keys").evaluate_all(
        "all => all.every(e => e.checkVisibility() === false)"
    )
    assert page.locator("#a0-f10").is_visible()
    assert page.locator(".side").evaluate("e => e.scrollHeight <= e.clientHeight + 1")


def test_without_script_the_links_still_work(show) -> None:
    page = show(library(), height=400, java_script_enabled=False).page
    assert page.locator(".list li").count() == 10
    page.locator("#a0-f8 a").click()
    assert page.url.endswith("#a0-s8")


def test_a_thousand_sentences_stay_quick(show) -> None:
    opened = show(render([builders.long(1000)], "html"))
    page = opened.page
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert ready < 10_000  # 0.8 s on two cores when this was written
    took = page.evaluate("""() => { const s = document.querySelector('[data-show]');
      const t = performance.now();
      s.value = 1000; s.dispatchEvent(new Event('input')); document.body.offsetHeight;
      return performance.now() - t; }""")
    assert took < 5_000
    assert opened.quiet(), opened


def test_probabilities_are_shown_as_such_and_come_back(show) -> None:
    opened = show(render([builders.judged()], "html"))
    page = opened.page
    scores = page.locator("li .score")
    assert scores.all_text_contents() == [
        ">99%", "97%", "91%", "83%", "62%", "20%", "11%", "8%", "3%", "<1%",
    ]  # fmt: skip
    widths = "all => all.map(e => e.style.width)"
    before = page.locator("li .bar i").evaluate_all(widths)
    assert before[1] == "97%"
    page.locator("[data-by]").select_option(label="max_surprisal")
    assert scores.first.text_content() == "11.4"
    page.locator("[data-by]").select_option(label="detector")
    assert scores.all_text_contents()[1:3] == ["97%", "91%"]
    assert page.locator("li .bar i").evaluate_all(widths) == before
    assert page.locator(".verdict").text_content() == (
        "About 5 of 10 sentences corrupted (3–6); 5 found at FDR 0.1"
    )
    assert opened.quiet()


def test_an_empty_list_is_a_page_that_works(show) -> None:
    opened = show(render([builders.none_found(), builders.judged(fdr=0.1)], "html"))
    page = opened.page
    assert page.locator("#a0 li").count() == 0
    assert page.locator("#a0 .show").is_hidden()
    assert "None of 10 sentences found" in page.locator("#a0 .verdict").text_content()
    page.keyboard.press("j")
    page.locator("#a0 .w").first.hover()
    assert page.locator("#tip").is_visible()
    assert page.locator("#a1 li:visible").count() == 5
    assert page.locator(".summary td").nth(2).text_content() == "no evidence of corruption"
    assert opened.quiet()
