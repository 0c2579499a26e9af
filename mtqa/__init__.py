"""mtqa finds the corrupted sentences in machine-translated or spun text.

    import mtqa
    report = mtqa.rank("article.txt")
    for finding in report.findings[:5]:
        print(finding.line, finding.score, finding.text, [span.text for span in finding.spans])

Importing the package loads neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mtqa.bench.comparison.records import Comparison
    from mtqa.comparison import compare
    from mtqa.config import Config, load_config
    from mtqa.evaluation import evaluate
    from mtqa.pipeline import Ranker, rank, score
    from mtqa.records import Document, Finding, Report, TokenScores, Verdict

_HOMES = {
    "Comparison": "mtqa.bench.comparison.records",
    "compare": "mtqa.comparison",
    "Config": "mtqa.config",
    "load_config": "mtqa.config",
    "evaluate": "mtqa.evaluation",
    "Ranker": "mtqa.pipeline",
    "rank": "mtqa.pipeline",
    "score": "mtqa.pipeline",
    "Document": "mtqa.records",
    "Finding": "mtqa.records",
    "Report": "mtqa.records",
    "TokenScores": "mtqa.records",
    "Verdict": "mtqa.records",
}

__all__ = [
    "Comparison",
    "Config",
    "Document",
    "Finding",
    "Ranker",
    "Report",
    "TokenScores",
    "Verdict",
    "__version__",
    "compare",
    "evaluate",
    "load_config",
    "rank",
    "score",
]


def __getattr__(name: str) -> Any:
    """The public names, each imported from its home when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mtqa' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
