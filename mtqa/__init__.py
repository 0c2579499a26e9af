"""mtqa finds the corrupted sentences in machine-translated or spun text.

    import mtqa
    report = mtqa.rank("article.txt")
    for finding in report.findings[:5]:
        print(finding.line, finding.score, finding.text, [span.text for span in finding.spans])
    page = mtqa.render(report, "html")

Importing the package loads neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mtqa.bench.comparison.build import CompareSettings
    from mtqa.bench.comparison.records import Comparison
    from mtqa.bench.evaluate import EvaluateSettings, Evaluation
    from mtqa.comparison import compare
    from mtqa.config import Config, ConfigLike, load_config
    from mtqa.errors import MtqaError
    from mtqa.evaluation import evaluate
    from mtqa.pipeline import Ranker, rank, score
    from mtqa.records import Document, Finding, Report, TokenScores, Verdict
    from mtqa.report.formats import RenderOptions, render

_HOMES = {
    "CompareSettings": "mtqa.bench.comparison.build",
    "Comparison": "mtqa.bench.comparison.records",
    "EvaluateSettings": "mtqa.bench.evaluate",
    "Evaluation": "mtqa.bench.evaluate",
    "compare": "mtqa.comparison",
    "Config": "mtqa.config",
    "ConfigLike": "mtqa.config",
    "load_config": "mtqa.config",
    "MtqaError": "mtqa.errors",
    "evaluate": "mtqa.evaluation",
    "Ranker": "mtqa.pipeline",
    "rank": "mtqa.pipeline",
    "score": "mtqa.pipeline",
    "Document": "mtqa.records",
    "Finding": "mtqa.records",
    "Report": "mtqa.records",
    "TokenScores": "mtqa.records",
    "Verdict": "mtqa.records",
    "RenderOptions": "mtqa.report.formats",
    "render": "mtqa.report.formats",
}

__all__ = [
    "CompareSettings",
    "Comparison",
    "Config",
    "ConfigLike",
    "Document",
    "EvaluateSettings",
    "Evaluation",
    "Finding",
    "MtqaError",
    "Ranker",
    "RenderOptions",
    "Report",
    "TokenScores",
    "Verdict",
    "__version__",
    "compare",
    "evaluate",
    "load_config",
    "rank",
    "render",
    "score",
]


def __dir__() -> list[str]:
    """The public names too, though nothing has used them yet."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """The public names, each imported from its home when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mtqa' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
