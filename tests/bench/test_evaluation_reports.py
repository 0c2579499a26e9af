"""Tables of the readable formats: every number with its n, bars of a column on one scale, 80 columns."""

from __future__ import annotations

import collections
import re

import numpy as np
import pytest

from mtqa.bench.evaluate import EvaluateSettings, Evaluation, Section, evaluate_tables
from mtqa.bench.figures import Figure
from mtqa.bench.metrics import METRICS
from mtqa.bench.references import SIGNS, ReferenceScores
from mtqa.bench.reports import render
from mtqa.bench.reports.html import bar
from mtqa.report.formats import RenderOptions
from mtqa.report.markdown import escape
from tests.bench.labelled_texts import random_table


def _evaluation(shape: str, *, by: dict[str, dict[str, Figure]], metrics: dict[str, Figure]) -> Evaluation:
    """One section with references; ``by``: the values of the group ``genre``."""
    table = random_table(np.random.default_rng(0), shape=shape)
    corpus = Figure(31.416, 30.111, 32.555, n=98765, unit="sentences")
    references = tuple(ReferenceScores(name, "nrefs:1|case:mixed", corpus, table) for name in SIGNS)
    beside = {f"{name} (sees the answer)": metrics for name in SIGNS}
    section = Section(shape, metrics, beside, {"genre": by}, references=references)
    return Evaluation("made", "signature", EvaluateSettings(), (table,), (section,))


DOCUMENTS = {
    "roc_auc": Figure(0.51, 0.412, 0.613, n=12345, unit="sentences"),
    "average_precision": Figure(0.52, 0.422, 0.623, n=12345, unit="sentences"),
    "recall_at_fpr_5": Figure(0.53, 0.432, 0.633, n=12345, unit="sentences"),
    "precision_at_1": Figure(0.54, 0.442, 0.643, n=678, unit="documents"),
}
PAIRS = {
    "accuracy": Figure(0.71, 0.612, 0.813, n=4321, unit="pairs"),
    "accuracy_length_controlled": Figure(0.72, 0.622, 0.823, n=123, unit="pairs"),
}


def _documents() -> Evaluation:
    gone = Figure(None, unit="documents", undefined="nothing")
    by = {"news": DOCUMENTS, "report": {**DOCUMENTS, "precision_at_1": gone}}
    return _evaluation("documents", by=by, metrics=DOCUMENTS)


def test_markdown_breakdowns_and_references_have_every_n():
    text = render(_documents(), "markdown")
    by = text[text.index("### By genre") :]
    assert "| news | 0.510 [0.412, 0.613], n 12,345 |" in by
    assert "| 0.540 [0.442, 0.643], n 678 |" in by
    assert re.search(r"\| report \|.*n 12,345 \| – \|", by)
    against = text[text.index("### Against references") : text.index("### By genre")]
    assert "| BLEU | 31.42 [30.11, 32.55], n 98,765 | 0.510 [0.412, 0.613], n 12,345 |" in against
    assert "n 678 |" in against


def test_the_page_has_every_n():
    text = render(_documents(), "html")
    against = text[text.index("<h3>Against references") : text.index("<h3>By")]
    assert "<td>31.42 [30.11, 32.55], n 98,765</td><td>0.510 [0.412, 0.613], n 12,345</td>" in against
    by = text[text.index("<h3>By") :]
    assert "<td>12,345</td><td>0.520 [0.422, 0.623], n 12,345</td>" in by
    assert "n 678</td>" in by


def test_the_terminal_has_every_n_in_80_columns():
    text = render(_documents(), "terminal", options=RenderOptions(width=80))
    assert max(map(len, text.splitlines())) <= 80
    (bleu,) = (line for line in text.splitlines() if line.startswith("BLEU"))
    assert re.fullmatch(r"BLEU 31\.42 \[30\.11, 32\.55\] 0\.510 \[.*\] 0\.520 \[.*\]", " ".join(bleu.split()))
    said = "BLEU, corpus of 98,765 sentences; roc_auc of 12,345 sentences; average_precision of 12,345"
    assert f"{said} sentences:" in " ".join(text.split())


def test_a_breakdown_on_the_terminal_tells_the_n_that_is_another():
    text = render(_evaluation("pairs", by={"agreement": PAIRS}, metrics=PAIRS), "terminal")
    (row,) = (line for line in text.splitlines() if line.startswith("agreement"))
    expected = "agreement 4,321 0.710 [0.612, 0.813] 0.720 [0.622, 0.823], n 123"
    assert " ".join(row.split()) == expected


def test_a_breakdown_says_why_a_figure_is_missing():
    one = Figure(None, unit="sentences", undefined="one class <b>only</b>")
    by = {value: {**DOCUMENTS, "roc_auc": one} for value in ("a|b", "c")}
    by |= {"d": DOCUMENTS, "e": dict.fromkeys(DOCUMENTS, Figure(None, undefined="no sentence"))}
    evaluation = _evaluation("documents", by=by, metrics=DOCUMENTS)
    terminal = " ".join(render(evaluation, "terminal").split())
    assert "roc_auc of a|b, c: one class <b>only</b>" in terminal
    assert "roc_auc, average_precision of e: no sentence" in terminal
    assert re.search(r"^e\s+–\s+–\s+–$", render(evaluation, "terminal"), re.MULTILINE)
    named = "roc_auc, average_precision, recall_at_fpr_5, precision_at_1 of e: no sentence"
    assert escape(named) in render(evaluation, "markdown").splitlines()
    page = render(evaluation, "html")
    assert "roc_auc of a|b, c: one class &lt;b&gt;only&lt;/b&gt;" in page
    assert "<b>only" not in page
    assert named in page


def test_a_note_names_eight_values_and_counts_the_others():
    gone = dict.fromkeys(DOCUMENTS, Figure(None, undefined="no sentence"))
    by = {f"v{i}": gone for i in range(10)} | {"there": DOCUMENTS}
    text = " ".join(render(_evaluation("documents", by=by, metrics=DOCUMENTS), "terminal").split())
    assert "average_precision of v0, v1, v2, v3, v4, v5, v6, v7 and 2 more: no sentence" in text


@pytest.mark.parametrize("shape", ["documents", "scored", "pairs"])
def test_a_floor_and_a_ceiling_stand_in_every_format(shape: str):
    table = random_table(np.random.default_rng(1), shape=shape)
    evaluation = evaluate_tables([table], EvaluateSettings(resamples=3))
    (section,) = evaluation.sections
    best = {name: figure.value for name, figure in section.beside["perfect"].items()}
    assert best
    for name, value in best.items():
        shown = f"{value:.3f}"
        (row,) = (r for r in render(evaluation, "markdown").splitlines() if r.startswith(f"| `{name}`"))
        assert row.rstrip(" |").endswith(f"| {shown}")
        (cells,) = re.findall(
            rf"<tr><th [^>]*>{name}( \(lower[^<]*)?</th>(.*?)</tr>", render(evaluation, "html")
        )
        assert re.findall(r'<td class="floor">([^<]*)</td>', cells[1])[3] == shown
    text = " ".join(render(evaluation, "terminal").split())
    most = collections.Counter(f"{value:.3f}" for value in best.values()).most_common(1)[0][0]
    others = [f"{name} {value:.3f}" for name, value in best.items() if f"{value:.3f}" != most]
    assert f"perfect: {', '.join((most, *others))}" in text
    for name in set(section.metrics) - set(best):
        assert name in text.partition("perfect: ")[2].partition("none for ")[2]


@pytest.mark.parametrize("metric", ["spearman", "pearson", "kendall", "system_kendall", "word_mcc"])
def test_what_may_be_below_zero_is_drawn_from_minus_one_whatever_its_values(metric: str):
    below, above = bar(Figure(0.2, -0.05, 0.4), metric), bar(Figure(0.5, 0.1, 0.8), metric, 0.3)
    assert (below.value, below.low, below.high, below.zero) == (60.0, 47.5, 70.0, 50.0)
    assert (above.value, above.low, above.high, above.zero, above.floor) == (75.0, 55.0, 90.0, 50.0, 65.0)


def test_bars_of_other_metrics_are_drawn_from_zero():
    signed = {"spearman", "pearson", "kendall", "system_kendall", "word_mcc"}
    assert {name for name in METRICS if bar(Figure(0.5), name).zero} == signed


def test_a_column_of_the_page_has_one_scale():
    by = {"news": {"spearman": Figure(0.2, -0.05, 0.4, 9)}, "report": {"spearman": Figure(0.5, 0.1, 0.8, 9)}}
    text = render(_evaluation("scored", by=by, metrics=by["news"]), "html")
    zeros = re.findall(r'<line class="scale" x1="([\d.]+)" y1="0"', text)
    assert zeros == ["50.0"] * 3
