"""A comparison as JSON, schema version 1. It quotes no sentence: disagreements say where they are."""

from __future__ import annotations

import json
from typing import Any

from mtqa.bench.comparison.records import Comparison, Cost, Difference, Estimate, MetricResult, SetResult
from mtqa.bench.significance import ALPHA
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import json_surrogates

SCHEMA = 1


def render(comparison: Comparison, _options: RenderOptions) -> str:
    """The record as text."""
    text = json.dumps(record(comparison), ensure_ascii=False, allow_nan=False, indent=1)
    return json_surrogates(text) + "\n"


def record(comparison: Comparison) -> dict[str, Any]:
    """Plain dicts, lists, strings and finite numbers; null stands for "undefined" or "not measured"."""
    return {
        "schema": SCHEMA,
        "kind": "comparison",
        "signature": comparison.signature,
        "seed": comparison.seed,
        "draws": comparison.draws,
        "alpha": ALPHA,
        "notes": list(comparison.notes),
        "configs": [
            {
                "name": c.name,
                "settings": dict(c.settings),
                "signature": c.signature,
                "tokenizer": c.tokenizer,
            }
            for c in comparison.contenders
        ],
        "data": [_set(result) for result in comparison.sets],
    }


def _set(result: SetResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "digest": result.digest,
        "shape": result.shape,
        "n": result.sentences,
        "documents": result.documents,
        "clusters": result.clusters,
        "notes": list(result.notes),
        "main": result.main,
        "metrics": {name: _metric(metric) for name, metric in result.metrics.items()},
        "cost": {name: _cost(cost) for name, cost in result.costs.items()},
        "disagreements": [
            {
                "a": d.a,
                "b": d.b,
                "document": d.document,
                "sentence": d.sentence,
                "label": d.label,
                "score": d.score,
                "rank_a": _rounded(d.rank_a),
                "rank_b": _rounded(d.rank_b),
            }
            for d in result.disagreements
        ],
    }


def _metric(metric: MetricResult) -> dict[str, Any]:
    return {
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "chance": _rounded(metric.chance),
        "best": metric.best,
        "cluster": list(metric.cluster),
        "values": {name: _estimate(estimate) for name, estimate in metric.estimates.items()},
        "differences": [_difference(d) for d in metric.differences],
        "comparisons": metric.comparisons,
        "randomisations": metric.randomisations,
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    made = {
        "value": _rounded(estimate.value),
        "low": _rounded(estimate.low),
        "high": _rounded(estimate.high),
        "n": estimate.n,
    }
    return {**made, "note": estimate.note} if estimate.note else made


def _difference(d: Difference) -> dict[str, Any]:
    return {
        "a": d.a,
        "b": d.b,
        "value": _rounded(d.value),
        "low": _rounded(d.low),
        "high": _rounded(d.high),
        "standard_error": _rounded(d.standard_error),
        "p_bootstrap": _rounded(d.p_bootstrap),
        "p_randomisation": _rounded(d.p_randomisation),
        "p_holm": _rounded(d.p_holm),
        "separated": d.separated,
        "more_documents": d.more_documents,
    }


def _cost(cost: Cost) -> dict[str, Any]:
    rate = cost.tokens_per_second
    return {
        "tokens": cost.tokens,
        "ledger_tokens": cost.ledger_tokens,
        "seconds": round(cost.seconds, 3) if rate is not None else None,
        "tokens_per_second": round(rate, 1) if rate is not None else None,
        "peak_mb": round(cost.peak_mb, 1) if rate is not None and cost.peak_mb is not None else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
