"""The comparison's page in a real browser: it asks for nothing, and fits its window in light and dark."""

import pytest

from mtqa.bench.comparison.build import CompareSettings, compare_tables
from mtqa.bench.comparison.formats import render_comparison
from tests.bench.comparison_builders import contender, cost, documents_set, scored_set, table

pytestmark = pytest.mark.browser

NAMES = ("surprisal_minus_entropy_topk", "perplexity", "a name that is as long as names of configs get to be")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    sets = [documents_set(12), scored_set()]
    tables = [[table(s, n, noise=0.5 + 2 * i, seed=i) for i, n in enumerate(NAMES)] for s in sets]
    costs = [{n: cost(seconds=1.0 + i) for i, n in enumerate(NAMES)} for _ in sets]
    contenders = [contender(n, scoring=n) for n in NAMES]
    found = compare_tables(contenders, tables, costs, CompareSettings(draws=50, randomisations=49))
    path = tmp_path_factory.mktemp("comparison") / "comparison.html"
    path.write_text(render_comparison(found, "html"), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_quiet_fits_and_can_be_read(browser, page_file, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    try:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        page.goto(page_file.as_uri())
        assert said == [page_file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # Every dot of every plot is drawn inside its picture, whatever the picture is scaled to.
        assert page.evaluate(
            """() => [...document.querySelectorAll("details")].every(d => d.open = true) &&
            [...document.querySelectorAll("svg.plot")].every(plot => {
              const frame = plot.getBoundingClientRect();
              return [...plot.querySelectorAll("circle, text")].every(mark => {
                const r = mark.getBoundingClientRect();
                return r.left >= frame.left - 1 && r.right <= frame.right + 1 &&
                  r.bottom <= frame.bottom + 1; }); })"""
        )
        ink, paper = page.evaluate(
            "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }"
        )
        light = sum(int(n) for n in paper.split("(")[1].rstrip(")").split(",")[:3]) > 382
        assert light == (scheme == "light")
        assert ink != paper
    finally:
        context.close()
