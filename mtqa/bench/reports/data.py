"""The evaluation as JSON, schema version 1 (docs/evaluation-schema-1.json)."""

from __future__ import annotations

import json

from mtqa.bench.evaluate import Evaluation
from mtqa.report.formats import RenderOptions
from mtqa.report.safe import json_surrogates


def render(evaluation: Evaluation, _options: RenderOptions) -> str:
    """One JSON object; no number in it is NaN or infinite."""
    encoded = json.dumps(evaluation.record(), ensure_ascii=False, allow_nan=False, indent=2)
    return json_surrogates(encoded) + "\n"
