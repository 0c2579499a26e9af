"""mtqa finds the corrupted sentences in machine-translated or spun text.

    import mtqa
    report = mtqa.rank("article.txt")
    for finding in report.findings[:5]:
        print(finding.line, finding.probability, finding.text, [span.text for span in finding.spans])
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
    from mtqa.rendering import render
    from mtqa.report.formats import RenderOptions
    from mtqa.text.read import document_from_sentences, document_from_text, read_article

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
    "render": "mtqa.rendering",
    "RenderOptions": "mtqa.report.formats",
    "document_from_sentences": "mtqa.text.read",
    "document_from_text": "mtqa.text.read",
    "read_article": "mtqa.text.read",
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
    "document_from_sentences",
    "document_from_text",
    "evaluate",
    "load_config",
    "rank",
    "read_article",
    "render",
    "score",
]


def __dir__() -> list[str]:
    """The public names too, though nothing has used them yet."""
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # type checkers know the names: to them a misspelt one is an error

    def __getattr__(name: str) -> Any:
        """The public names, each imported from its home when it is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module 'mtqa' has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
