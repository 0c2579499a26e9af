"""What sacrebleu says where there are references: over the corpus, and of each sentence beside our scores.

sacrebleu sees the answer (a reference, a post-edit, the text before it was corrupted); no scorer does. Its
scores are sacrebleu's own, with its signatures; the corpus figure's interval re-aggregates sacrebleu's
per-sentence statistics over the drawn documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mtqa.bench.beside import bare_table
from mtqa.bench.figures import Draws, Figure, measured
from mtqa.bench.metrics.base import Prepared, Undefined, always
from mtqa.bench.records import Array, LabelledSentence, ScoreTable
from mtqa.bench.tables import subset
from mtqa.lm.progress import Progress

#: Metric → the sign that makes higher worse, for sentence scores.
SIGNS = {"BLEU": -1.0, "chrF": -1.0, "TER": 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceScores:
    """One sacrebleu metric: the corpus figure, its signature, and the sentences' scores as suspicion.

    ``table``: the sentences that have a reference, or are boilerplate or empty lines, and no others.
    """

    name: str
    signature: str
    corpus: Figure
    table: ScoreTable


def has_references(table: ScoreTable) -> bool:
    """Has a sentence that counts a reference, and is more than that reference itself?"""
    return bool(_compared(table))


def missing_references(table: ScoreTable) -> tuple[int, int]:
    """How many of the sentences that count have no reference, and how many count."""
    kept = _counting(table)
    return sum(s.reference is None for _, s in kept), len(kept)


def reference_scores(table: ScoreTable, draws: Draws, *, progress: Progress) -> list[ReferenceScores]:
    """BLEU, chrF and TER of the set, on those of the table's sentences that have a reference."""
    made = []
    missing = {i for i, s in _counting(table) if s.reference is None}
    if missing:
        table = subset(table, np.array([i not in missing for i in range(len(table))]))
    for number, name in enumerate(SIGNS):
        progress.update("comparing with references", number, len(SIGNS))
        made.append(_scores(name, table, draws))
    return made


def _metric(name: str, *, sentence: bool) -> Any:
    from sacrebleu.metrics import BLEU, CHRF, TER

    # Sentences have too few 4-grams: sacrebleu's own sentence BLEU leaves out the orders that can't occur.
    # ``force`` is of its advice on detokenised data alone, which it would print.
    return {"BLEU": lambda: BLEU(effective_order=sentence, force=True), "chrF": CHRF, "TER": TER}[name]()


def _counting(table: ScoreTable) -> list[tuple[int, LabelledSentence]]:
    """The sentences that count, with their numbers: an empty translation is one, an empty line is none."""
    return [
        (i, s)
        for i, s in enumerate(table.data.sentences())
        if not s.boilerplate and (s.text.strip() or s.reference is not None)
    ]


def _referred(table: ScoreTable) -> list[int]:
    """The numbers of the sentences that have a reference and count."""
    return [i for i, s in _counting(table) if s.reference is not None]


def _compared(table: ScoreTable) -> list[int]:
    """Those of a corpus figure: a pair's sound sentence that is its own reference is no part of it."""
    whole = table.data.shape != "pairs"
    return [
        i
        for i, s in _counting(table)
        if s.reference is not None and (whole or s.label or s.reference != s.text)
    ]


def _scores(name: str, table: ScoreTable, draws: Draws) -> ReferenceScores:
    sentences, rows, counted = list(table.data.sentences()), _referred(table), _compared(table)
    texts = [sentences[i].text for i in rows]
    references = [sentences[i].reference or "" for i in rows]
    single = _metric(name, sentence=True)
    values = [
        SIGNS[name] * single.sentence_score(t, [r]).score for t, r in zip(texts, references, strict=True)
    ]
    scores = np.full(len(sentences), min(values) - 1.0)
    scores[rows] = values
    corpus = _metric(name, sentence=False)
    prepared = _corpus(corpus, table, counted)
    try:
        figure = measured(prepared, "sentences", draws, alone=len(set(table.data.clusters().tolist())) < 2)
    except Undefined as error:
        figure = Figure(None, undefined=str(error), unit="sentences")
    made = replace(bare_table(table.data, name, scores), unscored=table.unscored)
    return ReferenceScores(name, str(corpus.get_signature()), figure, made)


def _corpus(metric: Any, table: ScoreTable, rows: Sequence[int]) -> Prepared:
    """sacrebleu's corpus score from its per-sentence statistics, summed by document and weighted."""
    sentences = list(table.data.sentences())
    texts = [sentences[i].text for i in rows]
    references = [sentences[i].reference or "" for i in rows]
    metric.corpus_score(texts, [references])  # sets what the signature tells of the references
    statistics = np.array(metric._extract_corpus_statistics(texts, [references]), dtype=np.float64)
    sums = np.zeros((len(table.data.documents), statistics.shape[1]))
    np.add.at(sums, table.document[list(rows)], statistics)

    def read(totals: Array) -> Array:
        # The counts of n-grams are whole numbers to sacrebleu; TER's edits may be read as they are.
        return np.array(
            [
                float(metric._compute_score_from_stats([_whole(t) for t in total]).score)
                if total.sum() > 0
                else np.nan
                for total in totals.T
            ]
        )

    by_statistic = sums.T
    nothing = always("no sentence has a reference")
    return Prepared(len(rows), lambda w: np.asarray(by_statistic @ w), read, nothing, sums.shape[1])


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else float(number)
