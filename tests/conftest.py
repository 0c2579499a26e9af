"""What several rooms' tests share: the real default model, fetched once, and texts of our own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# A busy machine is no fault of the code's: no example has a time limit.
settings.register_profile("mtqa", deadline=None)
settings.load_profile("mtqa")

ARTICLE = (
    "The harbour was quiet when the first trawler came in. Its crew had been out for nine days, and the "
    "holds were almost full of cod. On the quay a dozen buyers waited under a grey tarpaulin.\n\n"
    "Prices have fallen since the spring, the skipper said, because the big supermarkets buy from "
    "abroad. He plans to sell the boat in 2027 unless the council lowers its harbour dues."
)


@pytest.fixture(autouse=True)
def no_ledger(monkeypatch):
    """No test reads or writes the score ledger of whoever runs it; those that want one name a folder."""
    monkeypatch.setenv("MTQA_LEDGER", "off")
    monkeypatch.delenv("MTQA_LEDGER_BYTES", raising=False)


#: What people write who work in the folder while tests run, and no test of ours does: on CI nobody is there.
_SOURCES = ("", ".md", ".py", ".toml", ".yaml")


def unknown_files(root: Path) -> set[str]:
    """The files that git neither knows nor ignores; the names in the top folder where there is no git."""
    command = ["git", "ls-files", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {path.name for path in root.iterdir() if not path.name.startswith(".")}
    return set(filter(None, done.stdout.split("\0")))


@pytest.fixture(autouse=True, scope="session")
def nothing_left_behind():
    """No test leaves a file in the project's folder: what it writes goes to a temporary one."""
    before = unknown_files(ROOT)
    yield
    everything = os.environ.get("CI") == "true"
    left = {name for name in unknown_files(ROOT) - before if everything or Path(name).suffix not in _SOURCES}
    assert not left, f"the tests left {', '.join(sorted(left))} in {ROOT}"


@pytest.fixture(scope="session")
def article() -> str:
    """Two paragraphs of sound prose."""
    return ARTICLE


@pytest.fixture(scope="session")
def smollm2_files():
    """The default model's files; the first run on a machine fetches and converts it (about a minute)."""
    from mtqa.lm.fetch import ensure_model

    return ensure_model("smollm2-135m")


@pytest.fixture(scope="session")
def smollm2(smollm2_files):
    """The default model, loaded."""
    from mtqa.lm.torch_causal import LoadOptions, TorchCausalBackend

    return TorchCausalBackend(smollm2_files, LoadOptions(device="cpu"))
