"""The score ledger across processes: forked, killed inside a transaction, and where no file may grow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mtqa.lm.ledger import Ledger
from mtqa.lm.ledger_admin import ledger_state, verify_ledger
from mtqa.lm.ledger_place import damaged_copy, ledger_file
from mtqa.lm.ledger_store import Store
from tests.lm.test_ledger import TEXT, _scored

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MTQA_LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


def _run(code: str) -> subprocess.CompletedProcess[str]:
    """The code in a process of its own: one that forks has no other threads, and may end as it likes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )


def _ends_well(code: str, folder: Path) -> None:
    """The code, with the ledger's path in it, ends with 0 and without a word on stderr."""
    done = _run(code.format(path=str(ledger_file(folder))))
    assert (done.returncode, done.stderr) == (0, "")


#: A store whose connections note where they are opened, closed and finalised.
_WATCHED = """
import gc, os, sqlite3, sys
from pathlib import Path
from mtqa.lm import ledger_store
from mtqa.lm.ledger_store import Store

abroad = []  # what befell a connection of another process's here

class Watched(sqlite3.Connection):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.pid = os.getpid()
    def close(self):
        if self.pid != os.getpid():
            abroad.append("closed")
        super().close()
    def execute(self, *a):
        if self.pid != os.getpid():
            abroad.append("used")
        return super().execute(*a)
    def __del__(self):
        if self.pid != os.getpid():
            abroad.append("finalised")
            os.write(2, b"finalised in the child\\n")

connect = sqlite3.connect
ledger_store.sqlite3.connect = lambda *a, **k: connect(*a, factory=Watched, **k)
store = Store(Path({path!r}), limit=10**9)

def number(i):
    store.put(f"{{i:064}}", bytes(5000), tokens=1)

def ended(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child failed"
"""


def test_both_sides_of_a_fork_write_and_no_connection_crosses_it(folder):
    code = (
        _WATCHED
        + """
number(0)
child = os.fork()
if child == 0:
    for i in range(1, 60):
        number(i)
    assert store.get(f"{{0:064}}").sound
    del store
    gc.collect()
    assert not abroad, abroad
    sys.exit()  # with all of the interpreter's own ending
for i in range(60, 120):
    number(i)
ended(child)
assert len(store.all_keys()) == store.counters()["entries"] == 120
assert store.faults() == []
"""
    )
    _ends_well(code, folder)


def test_a_fork_beside_a_long_transaction_neither_uses_nor_closes_what_it_inherits(folder):
    code = (
        _WATCHED
        + """
import threading
from mtqa.lm import ledger_fork

ledger_fork._FORK_SECONDS = 0.2
inside, over = threading.Event(), threading.Event()

def long():
    with store._writing() as db:
        db.execute("UPDATE counters SET value = 77 WHERE name = 'hits'")
        inside.set()
        over.wait(60)

number(0)
thread = threading.Thread(target=long)
thread.start()
inside.wait(60)
child = os.fork()
if child == 0:
    store.close()
    del store
    gc.collect()
    assert not abroad, abroad
    sys.exit()
ended(child)
over.set()
thread.join()
number(1)
assert store.counters()["hits"] == 77
assert len(store.all_keys()) == 2
assert store.faults() == []
"""
    )
    _ends_well(code, folder)


def test_a_child_loses_nothing_when_its_parent_lets_go_of_the_file(folder):
    """A child that remembers the parent's locks as its own has none: the parent then removes its log."""
    code = (
        _WATCHED
        + """
number(0)
here, there = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    number(1)
    os.write(here[1], b"x")
    os.read(there[0], 1)
    for i in range(2, 40):
        number(i)
    os._exit(0)
os.read(here[0], 1)
number(40)
store.close()
os.write(there[1], b"x")
for i in range(41, 80):
    number(i)
ended(child)
assert len(store.all_keys()) == store.counters()["entries"] == 80
assert store.faults() == []
"""
    )
    _ends_well(code, folder)


_PAUSED = """
import os, sys, time
from pathlib import Path
from mtqa.lm import ledger_store
from mtqa.lm.ledger_store import Store

def paused(db, name):
    print(db.in_transaction, flush=True)
    time.sleep(600)

store = Store(Path({path!r}), limit=10**9)
ledger_store._counter = paused  # the last that is asked in front of COMMIT
store.put("b" * 64, os.urandom(8_000_000), tokens=7)
"""


def test_kill_9_inside_a_transaction_leaves_nothing_of_it(folder):
    path = ledger_file(folder)
    ledger = Ledger(folder)
    ledger.put("a" * 64, _scored())
    ledger.close()
    before = Store(path, limit=10**9)
    counted = before.counters()
    before.close()
    process = subprocess.Popen(
        [sys.executable, "-c", _PAUSED.format(path=str(path))],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "True\n"
    log = Path(f"{path}-wal").stat().st_size  # more than SQLite's cache: much of it lies on the disk already
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert log > 4_000_000
    store = Store(path, limit=10**9)
    assert store.get("b" * 64) is None
    assert store.all_keys() == ["a" * 64]
    assert store.counters() == counted
    assert store._all("SELECT COUNT(*) FROM data") == [(1,)]
    assert store.faults() == []
    store.put("b" * 64, b"x", tokens=7)
    assert store.get("b" * 64).data == b"x"
    store.close()
    assert ledger_state().entries == 2


_LIMITED = """
import resource, sys
from pathlib import Path
from tests.lm import test_ledger as t
import mtqa.lm.fetch
from mtqa import cli, pipeline
from mtqa.lm.local import ModelFiles
files = ModelFiles("fake", Path({model!r}), "0" * 64, "0" * 64, None, ("*",))
mtqa.lm.fetch.ensure_model = lambda *_, **__: files
pipeline.load_backend = lambda *_: t._backend()
if {limit}:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
sys.exit(cli.main(["rank", {article!r}, "--format", "json"]))
"""


#: One is enough by default: each is a command of its own.
OTHERS = [pytest.param(limit, marks=pytest.mark.slow) for limit in (1, 3000, 4096, 9000, 33_000, 50_000)]


@pytest.mark.parametrize("limit", [20_000, *OTHERS])
def test_a_ledger_whose_file_may_not_grow_from_the_start_stops_nothing(folder, tmp_path, limit):
    """What a disk without room is when the first file is made: `RLIMIT_FSIZE` bounds every file."""
    model, article = tmp_path / "model", tmp_path / "a.txt"
    model.mkdir()
    article.write_text(TEXT)
    values = {"model": str(model), "article": str(article)}
    done = _run(_LIMITED.format(limit=limit, **values))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"]
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "going on without it" in done.stderr
    # With room again it is used, whatever was left of the file.
    later = [_run(_LIMITED.format(limit=0, **values)) for _ in range(2)]
    assert [run.returncode for run in later] == [0, 0]
    assert [run.stdout for run in later] == [done.stdout] * 2
    assert later[1].stderr == ""
    assert len(later[0].stderr.splitlines()) == damaged_copy(ledger_file(folder)).exists()
    assert verify_ledger() == (2, 0)
