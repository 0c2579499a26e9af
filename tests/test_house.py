"""The house: who imports whom, and that importing costs nothing heavy."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import unknown_files

PACKAGE = Path(__file__).parent.parent / "mtqa"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each room may import of mtqa, besides itself.
MAY_IMPORT = {
    "errors": set(),
    "records": set(),
    "config": {"errors"},
    "text": {"errors", "records"},
    "lm": {"errors", "records", "config"},
    "detect": {"errors", "records"},
    "report": {"errors", "records", "detect"},
    "pipeline": {
        "errors",
        "records",
        "config",
        "text",
        "lm",
        "detect",
        "repairing",
        "warned",
        "__init__",
    },
    "warned": {"errors", "records", "detect", "report"},
    "repairing": {"errors", "records", "config", "detect", "lm"},
    "bench": {"errors", "records", "config", "text", "lm", "detect", "report"},
    "evaluation": {"errors", "records", "config", "lm", "bench", "pipeline"},
    "output": {"errors", "report"},
    "console": {"errors", "output"},
    "options": set(),
    "tables": {"detect", "lm"},
    "ledger_commands": {"lm"},
    "__main__": {"cli"},
    "corrupt_command": {"errors", "bench", "report", "console", "options", "output"},
    "calibrate_command": {
        "errors",
        "config",
        "text",
        "detect",
        "bench",
        "pipeline",
        "records",
        "warned",
        "console",
        "options",
        "output",
    },
    "evaluate_command": {
        "errors",
        "config",
        "detect",
        "bench",
        "pipeline",
        "evaluation",
        "report",
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
        "options",
        "output",
        "repairing",
    },
    "rendering": {"errors", "records", "report", "bench"},
    "__init__": {
        "errors",
        "config",
        "text",
        "pipeline",
        "records",
        "evaluation",
        "comparison",
        "bench",
        "report",
        "rendering",
    },
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
    "accelerate",
    "charset_normalizer",
    "gguf",
    "huggingface_hub",
    "lemminflect",
    "lxml",
    "markdown_it",
    "py3langid",
    "pyarrow",
    "safetensors",
    "tokenizers",
)
LONGEST_MODULE, LONGEST_FUNCTION = 400, 50
MOST_POSITIONAL, MOST_PARAMETERS = 5, 7
#: What is larger than that, and why it may be: a line goes when the thing gets smaller.
LARGER = {
    "bench/comparison/svg.py _titles": "places on a drawing, which belong together by twos",
    "evaluation.py evaluate": "the public function: what `mtqa evaluate` takes, and fields of the config",
}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        # Which room a relative import leads to can't be read off it.
        assert node.level == 0, f"line {node.lineno}: a relative import; name it in full"
        if node.module == "mtqa":
            names = [alias.name for alias in node.names]
            return [
                f"mtqa.{n}" if (PACKAGE / n).exists() or (PACKAGE / f"{n}.py").exists() else "mtqa.__init__"
                for n in names
            ]
        return [str(node.module)]
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


def test_nothing_may_be_imported_that_is_not():
    used: dict[str, set[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _imported(node):
                if name.startswith("mtqa."):
                    used.setdefault(_room(path), set()).add(name.split(".")[1])
    unused = {room: sorted(may - used.get(room, set())) for room, may in MAY_IMPORT.items()}
    assert {room: names for room, names in unused.items() if names} == {}


def _run_on_load(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a module's node and runs when it is imported: no function, nothing for type checkers."""
    for below in ast.iter_child_nodes(node):
        if isinstance(below, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(below, ast.If) and ast.unparse(below.test) == "TYPE_CHECKING":
            for other in below.orelse:
                yield other
                yield from _run_on_load(other)
            continue
        yield below
        yield from _run_on_load(below)


def _heavy_on_load(text: str) -> list[str]:
    names = [name for node in _run_on_load(ast.parse(text)) for name in _imported(node)]
    return [name for name in names if name.split(".")[0] in HEAVY]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_where_they_are_used(path: Path):
    assert _heavy_on_load(path.read_text(encoding="utf-8")) == []


def test_the_house_sees_what_is_hidden():
    hidden = """
if TYPE_CHECKING:
    import torch
else:
    import ray
try:
    from gguf import GGUFReader
except ImportError:
    if True:
        import tokenizers.models
class A:
    import pyarrow
    def f(self):
        import transformers
"""
    assert _heavy_on_load(hidden) == ["ray", "gguf", "tokenizers.models", "pyarrow"]
    for text in ("from . import records", "from .lm import fetch", "from .. import errors"):
        with pytest.raises(AssertionError, match="a relative import"):
            _imported(ast.parse(text).body[0])


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _too_large(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """What the function has too much of, ``self`` not counted; nothing if it is fine."""
    a = function.args
    positional = [p for p in (*a.posonlyargs, *a.args) if p.arg not in ("self", "cls")]
    parameters = len(positional) + len(a.kwonlyargs) + bool(a.vararg) + bool(a.kwarg)
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    found = {
        f"{lines} lines": lines > LONGEST_FUNCTION,
        f"{len(positional)} positional parameters": len(positional) > MOST_POSITIONAL,
        f"{parameters} parameters": parameters > MOST_PARAMETERS,
    }
    return ", ".join(what for what, much in found.items() if much)


def test_modules_functions_and_parameter_lists_are_small():
    large, long = {}, {}
    for path in MODULES:
        text, name = path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix()
        if (lines := text.count("\n")) > LONGEST_MODULE:
            long[name] = lines
        for function in _functions(ast.parse(text)):
            if what := _too_large(function):
                large[f"{name} {function.name}"] = what
    assert not long, f"modules over {LONGEST_MODULE} lines"
    assert {name: what for name, what in large.items() if name not in LARGER} == {}
    assert LARGER.keys() <= large.keys(), "these are small by now: take them off the list"


def test_what_is_too_large_is_named():
    text = "def f(self, a, b, c, d, e, g, *h, **i):" + "\n    pass" * 50
    assert [_too_large(one) for one in _functions(ast.parse(text))] == [
        "51 lines, 6 positional parameters, 8 parameters"
    ]
    text = "def f(self, a, b, c, d, e, *, g, h):" + "\n    pass" * 49
    assert [_too_large(one) for one in _functions(ast.parse(text))] == [""]


@pytest.mark.parametrize(
    "statement",
    [
        "import mtqa",
        "import mtqa.pipeline",
        "import mtqa.report.formats",
        "import mtqa.rendering",
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
    heavy = f"{set(HEAVY)} & set(sys.modules)"
    code = f"{statement}\nimport sys\nheavy = {heavy}\nassert not heavy, heavy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_remote_code_and_no_pickle():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert "trust_remote_code=True" not in text
        assert "import pickle" not in text
        assert "torch.load(" not in text


def test_what_tests_leave_behind_is_seen_in_every_folder(tmp_path):
    (tmp_path / "a.txt").write_text("")
    assert unknown_files(tmp_path) == {"a.txt"}
    if shutil.which("git") is None:
        return
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("deep/er/ü b.json", "deep/c.log"):
        (tmp_path / name).write_text("")
    assert unknown_files(tmp_path) == {"a.txt", ".gitignore", "deep/er/ü b.json"}
