"""Every metric, one family a module: the registry."""

from __future__ import annotations

from mtqa.bench.metrics.base import Metric, Prepared, Undefined, applies
from mtqa.bench.records import ScoreTable

_HERE = "mtqa.bench.metrics"
_DOCUMENTS, _ALL = ("documents",), ("documents", "scored", "pairs")
_LABELLED, _HUMAN = ("documents", "pairs"), ("scored", "documents")


def _metric(
    name: str, module: str, shapes: tuple[str, ...], what: tuple[str, str, str], summary: str, **more: object
) -> Metric:
    kind, needs, unit = what
    return Metric(name, shapes, kind, needs, unit, f"{_HERE}.{module}:{name}", summary, **more)  # type: ignore[arg-type]


_RANKING = ("ranking", "label", "sentences")
_WITHIN = ("ranking", "label", "documents")
_CHARACTERS = ("words", "spans+marked", "sentences")
_CORRELATION = ("ranking", "score", "sentences")
_PAIRS = ("ranking", "pair", "pairs")
_PROBABILITY = ("probability", "probability", "sentences")
_TAGS = ("words", "word_tags", "words")
_LINES = ("boilerplate", "boilerplate", "lines")

#: In the order in which reports show them.
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _metric("roc_auc", "ranking", _DOCUMENTS, _RANKING, "corrupted above sound, over all sentences"),
        _metric("average_precision", "ranking", _DOCUMENTS, _RANKING, "area under precision and recall"),
        _metric(
            "recall_at_fpr_5", "ranking", _DOCUMENTS, _RANKING, "found where 5 % of the sound are flagged"
        ),
        _metric(
            "precision_at_1", "within", _DOCUMENTS, _WITHIN, "documents whose first sentence is corrupted"
        ),
        _metric("precision_at_k", "within", _DOCUMENTS, _WITHIN, "corrupted among a document's first k"),
        _metric("roc_auc_by_document", "within", _DOCUMENTS, _WITHIN, "mean of the documents' own ROC-AUC"),
        _metric("accuracy", "pairs", ("pairs",), _PAIRS, "corrupted above its sound twin, ties one half"),
        _metric(
            "accuracy_length_controlled", "pairs", ("pairs",), _PAIRS, "the same, pairs of as many words"
        ),
        _metric(
            "accuracy_by_phenomenon",
            "pairs",
            ("pairs",),
            ("ranking", "pair", "phenomena"),
            "mean of the phenomena's accuracies",
        ),
        _metric("spearman", "correlation", _HUMAN, _CORRELATION, "rank correlation with people", chance=0.0),
        _metric(
            "pearson",
            "correlation",
            _HUMAN,
            _CORRELATION,
            "linear correlation with people",
            chance=0.0,
            reads_values=True,
        ),
        _metric("kendall", "correlation", _HUMAN, _CORRELATION, "tau-b with people", chance=0.0),
        _metric(
            "system_kendall",
            "correlation",
            _HUMAN,
            ("ranking", "systems", "systems"),
            "tau-b of systems with their known order",
            chance=0.0,
            reads_values=True,
            tested_by=f"{_HERE}.correlation:system_covariance",
        ),
        _metric("character_precision", "words", _LABELLED, _CHARACTERS, "marked characters that are wrong"),
        _metric("character_recall", "words", _LABELLED, _CHARACTERS, "wrong characters that are marked"),
        _metric("character_f1", "words", _LABELLED, _CHARACTERS, "harmonic mean of the two"),
        _metric(
            "span_word_average_precision",
            "words",
            _LABELLED,
            ("words", "spans", "words"),
            "words in gold spans above others",
        ),
        _metric(
            "word_mcc",
            "words",
            _ALL,
            ("words", "word_tags+marked", "words"),
            "marked words against word tags",
            chance=0.0,
        ),
        _metric("word_average_precision", "words", _ALL, _TAGS, "BAD words above OK ones"),
        _metric(
            "brier",
            "calibration",
            _DOCUMENTS,
            _PROBABILITY,
            "squared error of probabilities",
            higher_is_better=False,
        ),
        _metric(
            "expected_calibration_error",
            "calibration",
            _DOCUMENTS,
            _PROBABILITY,
            "probability against share corrupted",
            higher_is_better=False,
        ),
        _metric(
            "false_discovery_rate",
            "calibration",
            _DOCUMENTS,
            ("probability", "q_value", "documents"),
            "sound among what a document's --fdr 0.1 finds",
            higher_is_better=False,
        ),
        _metric(
            "false_discovery_share",
            "calibration",
            _DOCUMENTS,
            ("probability", "q_value", "sentences"),
            "sound among all that --fdr 0.1 finds",
            higher_is_better=False,
        ),
        _metric(
            "recall_at_fdr_10",
            "calibration",
            _DOCUMENTS,
            ("probability", "q_value", "sentences"),
            "corrupted found by --fdr 0.1",
        ),
        _metric(
            "boilerplate_recall", "boilerplate", _DOCUMENTS, _LINES, "boilerplate lines that are not ranked"
        ),
        _metric(
            "boilerplate_precision", "boilerplate", _DOCUMENTS, _LINES, "boilerplate among those not ranked"
        ),
    )
}


def applicable(table: ScoreTable) -> tuple[Metric, ...]:
    """The metrics whose annotation the data have, in the registry's order."""
    return tuple(metric for metric in METRICS.values() if applies(metric, table))


__all__ = ["METRICS", "Metric", "Prepared", "Undefined", "applicable", "applies"]
