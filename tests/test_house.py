"""The house: who imports whom, and that importing costs nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mtqa"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each room may import of mtqa, besides itself.
MAY_IMPORT = {
    "errors": set(),
    "records": set(),
    "config": {"errors"},
    "text": {"errors", "records", "config"},
    "lm": {"errors", "records", "config"},
    "detect": {"errors", "records", "config"},
    "report": {"errors", "records", "config", "text", "lm", "detect"},
    "pipeline": {
        "errors",
        "records",
        "config",
        "text",
        "lm",
        "detect",
        "report",
        "repairing",
        "warned",
        "__init__",
    },
    "warned": {"errors", "records", "text", "detect", "report"},
    "repairing": {"errors", "records", "config", "detect", "lm"},
    "bench": {"errors", "records", "config", "text", "lm", "detect", "report"},
    "evaluation": {"errors", "records", "config", "lm", "bench", "pipeline"},
    "output": {"errors", "report"},
    "console": {"errors"},
    "options": set(),
    "tables": {"errors", "detect", "lm"},
    "ledger_commands": {"errors", "lm"},
    "corrupt_command": {"errors", "bench", "console", "output"},
    "calibrate_command": {
        "errors",
        "config",
        "text",
        "detect",
        "bench",
        "pipeline",
        "console",
        "output",
    },
    "evaluate_command": {
        "errors",
        "config",
        "detect",
        "lm",
        "bench",
        "pipeline",
        "evaluation",
        "console",
        "options",
        "output",
    },
    "comparison": {"__init__", "errors", "config", "detect", "lm", "bench", "pipeline", "evaluation"},
    "compare_command": {"errors", "config", "bench", "report", "comparison", "console", "options", "output"},
    "cli": {
        "errors",
        "records",
        "config",
        "text",
        "lm",
        "detect",
        "report",
        "pipeline",
        "console",
        "tables",
        "ledger_commands",
        "corrupt_command",
        "calibrate_command",
        "evaluate_command",
        "compare_command",
        "output",
        "repairing",
    },
    "__init__": {"config", "pipeline", "records", "evaluation", "comparison", "bench"},
}
MAY_IMPORT["cli"].add("__init__")
HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "ray",
    "jinja2",
    "rich",
    "trafilatura",
    "ftfy",
    "wordfreq",
    "syntok",
    "sklearn",
    "scipy",
    "sacrebleu",
)


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        if node.module == "mtqa":
            names = [alias.name for alias in node.names]
            return [
                f"mtqa.{n}" if (PACKAGE / n).exists() or (PACKAGE / f"{n}.py").exists() else "mtqa.__init__"
                for n in names
            ]
        return [node.module]
    return []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_import_only_what_they_may(path: Path):
    room = _room(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in _imported(node):
            parts = name.split(".")
            if parts[0] == "mtqa":
                other = parts[1] if len(parts) > 1 else "__init__"
                assert other == room or other in MAY_IMPORT[room], f"{path}:{node.lineno} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_where_they_are_used(path: Path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for name in _imported(node):
            assert name.split(".")[0] not in HEAVY, f"{path}:{node.lineno} imports {name} on load"


@pytest.mark.parametrize(
    "statement",
    [
        "import mtqa",
        "import mtqa.pipeline",
        "import mtqa.report.formats",
        "import mtqa.detect.rank",
        "from mtqa.cli import main; main(['--help'])",
        "from mtqa.cli import main; main(['rank', '--help'])",
        "from mtqa.cli import main; main(['models', '--help'])",
        "from mtqa.cli import main; main(['evaluate', '--help'])",
        "import mtqa.evaluation",
        "from mtqa.cli import main; main(['measures'])",
    ],
)
def test_importing_and_helping_load_no_torch(statement: str):
    names = "'torch', 'transformers', 'datasets', 'trafilatura', 'sklearn', 'scipy', 'sacrebleu'"
    heavy = f"{{{names}}} & set(sys.modules)"
    code = f"{statement}\nimport sys\nheavy = {heavy}\nassert not heavy, heavy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_remote_code_and_no_pickle():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert "trust_remote_code=True" not in text
        assert "import pickle" not in text
        assert "torch.load(" not in text
