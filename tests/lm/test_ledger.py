"""The score ledger: hits bit for bit, safe with several writers and a kill, and never in a ranking's way."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mtqa
from mtqa import pipeline
from mtqa.config import Config
from mtqa.errors import ConfigError
from mtqa.lm import ledger_key, ledger_store
from mtqa.lm.fake import FakeBackend
from mtqa.lm.ledger import KnownScores, Ledger
from mtqa.lm.ledger_admin import Dropped, clear_ledger, ledger_state, prune_ledger, verify_ledger
from mtqa.lm.ledger_codec import ARRAYS, DamagedEntryError, Scored, pack, unpack
from mtqa.lm.ledger_key import KEYED, NOT_KEYED, SCHEMA, entry_key, model_key
from mtqa.lm.ledger_place import damaged_copy, ledger_file, ledger_limit
from mtqa.lm.ledger_store import Store
from mtqa.lm.local import ModelFiles
from mtqa.lm.passages import concatenate, passages
from mtqa.lm.score import score_passages
from mtqa.records import Passage
from mtqa.text.read import document_from_text

TEXT = "The bridge was closed. Drivers went through the cucumber.\n\nIt opened again on Friday."
OTHER = "Nobody saw the comet. It was behind the cheese.\n\nThe clouds went away at four."


def _logits(read):
    """Logits that depend on everything read so far, and on nothing else."""
    return np.random.default_rng([int(i) for i in read]).normal(0, 3, 120)


def _backend() -> FakeBackend:
    return FakeBackend(vocabulary=120, logits=_logits)


def _scored(text: str = TEXT) -> Scored:
    document, backend = document_from_text(text), _backend()
    return Scored(concatenate(score_passages(backend, passages(document, "document"))), backend.identity)


def _assert_same(one: Scored, two: Scored) -> None:
    for name in ARRAYS:
        a, b = getattr(one.scores, name), getattr(two.scores, name)
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
        assert b.flags.writeable
    assert list(one.scores.pieces.items()) == list(two.scores.pieces.items())
    assert two.scores.hidden is None
    assert one.identity == two.identity


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty ledger folder that the environment names."""
    monkeypatch.setenv("MTQA_LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


@pytest.fixture
def files(tmp_path) -> ModelFiles:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"vocab_size": 120}')
    return ModelFiles("fake", model, "0" * 64, "0" * 64, None, ("*",))


@pytest.fixture
def loads(monkeypatch, files) -> list[FakeBackend]:
    """The fake in the model's place; every backend that was loaded."""
    made: list[FakeBackend] = []

    def load(*_):
        made.append(_backend())
        return made[-1]

    monkeypatch.setattr(pipeline, "load_backend", load)
    monkeypatch.setattr("mtqa.lm.fetch.ensure_model", lambda *_, **__: files)
    return made


@pytest.fixture
def warnings() -> Iterator[list[logging.LogRecord]]:
    """What the ``mtqa`` logger said during the test."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("mtqa").addHandler(handler)
    yield records
    logging.getLogger("mtqa").removeHandler(handler)


def _sql(path: Path, statement: str, *values: object) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        return db.execute(statement, values).fetchall()


# --- the bytes of an entry


@settings(max_examples=25, deadline=None)
@given(text=st.text(min_size=1, max_size=40))
def test_what_is_packed_comes_back_bit_for_bit(text: str):
    backend = _backend()
    scored = Scored(score_passages(backend, [Passage(text, 3)])[0], backend.identity)
    _assert_same(scored, unpack(pack(scored)))


def test_odd_numbers_pieces_and_an_empty_record_come_back():
    scored = _scored("a")
    odd = dataclasses.replace(
        scored.scores,
        surprisal_nats=np.array([np.float32(1e-45)]),
        pieces={5: "\ud800", 3: "\x00\n", 900000: "é😀"},
    )
    _assert_same(Scored(odd, scored.identity), unpack(pack(Scored(odd, scored.identity))))
    nothing = dataclasses.replace(
        scored.scores, **{n: getattr(scored.scores, n)[:0] for n in ARRAYS}, pieces={}
    )
    _assert_same(Scored(nothing, scored.identity), unpack(pack(Scored(nothing, scored.identity))))


def test_the_bytes_are_what_they_were_when_all_went_through_zlib_at_once():
    few = _scored()
    many = {name: np.concatenate([getattr(few.scores, name)] * 400) for name in ARRAYS}
    scored = Scored(dataclasses.replace(few.scores, **many), few.identity)
    data = zlib.decompress(pack(scored))
    body = b"".join(getattr(scored.scores, name).tobytes() for name in ARRAYS)
    assert data[4 : -len(body)].startswith(b'{"arrays":')
    assert data[-len(body) :] == body
    _assert_same(scored, unpack(zlib.compress(data, 1)))


def test_packing_takes_little_more_than_what_comes_of_it():
    scored = _scored("a")
    arrays = {name: getattr(scored.scores, name) for name in ARRAYS}
    many = {name: np.tile(array, (200_000, 1)[: array.ndim]) for name, array in arrays.items()}
    large = Scored(dataclasses.replace(scored.scores, **many), scored.identity)
    tracemalloc.start()
    packed = pack(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(array.nbytes for array in many.values()) > 10e6
    assert peak < 2 * len(packed) + 1e6


def test_arrays_of_another_byte_order_are_stored_as_the_same_numbers():
    scored = _scored()
    swapped = dataclasses.replace(scored.scores, rank=scored.scores.rank.astype(">i4"))
    _assert_same(scored, unpack(pack(Scored(swapped, scored.identity))))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_bytes_that_are_no_entry_are_told_from_one(data):
    whole = pack(_scored("Seven words are all that stand here."))
    if data.draw(st.booleans()):
        broken = data.draw(st.binary(max_size=60))
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        broken = whole[:place] if data.draw(st.booleans()) else whole[:place] + b"\x07" + whole[place + 1 :]
    if broken != whole:
        with pytest.raises(DamagedEntryError):
            unpack(broken)


#: What JSON and NumPy fail at with errors of other kinds: nesting, a size that is no number of bytes.
DEEP = ("[" * 100_000, f'{{"arrays": [["ids", "<i4", [{10**40}]]], "pieces": [], "identity": {{}}}}')


def test_a_header_of_somebody_elses_is_no_entry():
    import struct
    import zlib

    for header in ("[]", "7", '{"arrays": [["ids", "O", [1]]], "pieces": [], "identity": {}}', "{}", *DEEP):
        text = header.encode()
        with pytest.raises(DamagedEntryError):
            unpack(zlib.compress(struct.pack("<I", len(text)) + text))


def test_hidden_states_are_not_kept():
    scored = _scored()
    with pytest.raises(ValueError, match="hidden"):
        pack(Scored(dataclasses.replace(scored.scores, hidden=np.zeros((2, 2), np.float32)), scored.identity))


# --- the key

#: Another value for every field of `Config`.
CHANGED = {
    "detector": ["none", "head.safetensors"],
    "context": ["none", "paragraph"],
    "window": [4, 512],
    "measure": ["perplexity"],
    "fdr": [0.1],
    "calibration": ["calibration.json"],
    "threshold_nats": [1.0],
    "k": [9],
    "start_token": ["<s>"],
    "device": ["cpu", "cuda", "mps"],
    "dtype": ["float32", "bfloat16", "float16"],
    "threads": [1],
    "ledger": [False],
    "repair": [False],
    "repair_budget_seconds": [0.0, 60.0],
}


def _key(config: Config, files: ModelFiles, text: str = TEXT) -> str:
    return entry_key(model_key(config, files), passages(document_from_text(text), config.context))


def test_every_field_of_the_config_is_in_the_key_or_known_not_to_be():
    assert set(KEYED) | set(NOT_KEYED) == set(Config.model_fields)
    assert not set(KEYED) & set(NOT_KEYED)
    assert set(CHANGED) | {"model"} == set(Config.model_fields)


@given(
    field=st.sampled_from(sorted(CHANGED)),
    base=st.fixed_dictionaries({"k": st.integers(1, 9)}),
    data=st.data(),
)
@settings(max_examples=120, deadline=None)
def test_a_field_that_moves_a_number_changes_the_key_and_no_other_does(field, base, data, tmp_path_factory):
    files = ModelFiles("fake", tmp_path_factory.getbasetemp(), "1" * 64, "2" * 64, "<s>", ())
    config = Config(**base)
    changed = config.model_copy(update={field: data.draw(st.sampled_from(CHANGED[field]))})
    assert (_key(config, files) != _key(changed, files)) == (field in KEYED)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"weights_sha256": "3" * 64},
        {"tokenizer_sha256": "3" * 64},
        {"start_token": "<bos>"},
    ],
    ids=lambda c: next(iter(c)),
)
def test_another_model_is_another_key(files, change):
    assert _key(Config(), files) != _key(Config(), dataclasses.replace(files, **change))


def test_the_models_settings_are_in_the_key(files):
    before = _key(Config(), files)
    (files.directory / "config.json").write_text('{"vocab_size": 121}')
    changed = _key(Config(), files)
    (files.directory / "tokenizer_config.json").write_text("{}")
    assert len({before, changed, _key(Config(), files)}) == 3


def test_code_libraries_and_machine_are_in_the_key(files, monkeypatch):
    keys = [_key(Config(), files)]
    for name, value in (("SCORING", 99), ("SCHEMA", 99), ("ALTERNATIVES", 99), ("_version", lambda _: "9.9")):
        with monkeypatch.context() as patch:
            patch.setattr(f"mtqa.lm.ledger_key.{name}", value)
            keys.append(_key(Config(), files))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")  # what `auto` is on this machine
    keys.append(_key(Config(), files))
    assert len(set(keys)) == 6
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    cpu = _key(Config(device="cpu"), files)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert _key(Config(device="cpu"), files) == cpu


def test_a_card_of_another_model_is_another_device(files, tmp_path, monkeypatch):
    """With ``dtype: auto`` one card computes in bfloat16 where another can't."""
    monkeypatch.setattr(ledger_key, "_CARDS", tmp_path / "gpus")
    cpu, cuda = (_key(Config(device=device), files) for device in ("cpu", "cuda"))
    card = tmp_path / "gpus" / "0000:01:00.0"
    card.mkdir(parents=True)
    keys = {cuda}
    for model in ("NVIDIA T4", "NVIDIA L4"):
        (card / "information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 32\n")
        keys.add(_key(Config(device="cuda"), files))
        assert _key(Config(device="cpu"), files) == cpu
    assert len(keys) == 3


@settings(max_examples=60, deadline=None)
@given(
    one=st.lists(st.tuples(st.text(max_size=4), st.integers(0, 9)), max_size=4),
    two=st.lists(st.tuples(st.text(max_size=4), st.integers(0, 9)), max_size=4),
)
def test_other_passages_are_another_key(one, two):
    keys = [entry_key("m", [Passage(text, start) for text, start in each]) for each in (one, two)]
    assert (keys[0] == keys[1]) == (one == two)


def test_where_the_text_is_cut_is_in_the_key(files):
    joined, parted = "One is here. Two is there.", "One is here.\n\nTwo is there."
    for context in ("paragraph", "none", "document"):
        assert _key(Config(context=context), files, joined) != _key(Config(context=context), files, parted)


# --- ranking from it


@pytest.mark.parametrize("context", ["document", "paragraph", "none"])
def test_a_hit_is_a_fresh_score_bit_for_bit(folder, loads, context):
    config = Config(context=context)
    fresh = mtqa.Ranker(config.model_copy(update={"ledger": False})).rank(document_from_text(TEXT))
    assert not folder.exists()
    first = mtqa.Ranker(config).rank(document_from_text(TEXT))
    loaded = len(loads)
    again = mtqa.Ranker(config)
    report = again.rank(document_from_text(TEXT))
    assert len(loads) == loaded == 2
    for other in (first, report):
        assert other.findings == fresh.findings
        assert tuple(other.words) == tuple(fresh.words)
        assert (other.signature, other.model, other.warnings) == (
            fresh.signature,
            fresh.model,
            fresh.warnings,
        )
    document = document_from_text(TEXT)
    scores = concatenate(score_passages(_backend(), passages(document, context)))
    _assert_same(Scored(scores, fresh.model), Scored(again.score(document), again.identity))
    assert len(loads) == loaded


def test_any_measure_and_threshold_comes_from_one_scoring(folder, loads):
    from mtqa.detect.measures import MEASURES

    names = sorted(set(MEASURES) - {"detector"})
    for name in names:
        config = Config(measure=name, k=2, threshold_nats=1.5, threads=1, repair=False)
        mtqa.Ranker(config).rank(document_from_text(TEXT))
    assert len(loads) == 1
    assert ledger_state().hits == len(names) - 1


def test_a_change_that_moves_a_number_is_scored_anew(folder, loads):
    for change in ({}, {"context": "none"}, {"window": 16}, {"dtype": "float32"}):
        mtqa.Ranker(Config(**change)).rank(document_from_text(TEXT))
    mtqa.Ranker(Config()).rank(document_from_text(OTHER))
    assert len(loads) == 5
    assert ledger_state().entries == 10  # the scores, and the repairs


def test_hidden_states_and_a_backend_of_ones_own_pass_it_by(folder, loads):
    document = document_from_text(TEXT)
    mtqa.Ranker().score(document)
    assert mtqa.Ranker().score(document, layers=(1,)).hidden is not None
    mtqa.Ranker(backend=_backend()).rank(document)
    assert len(loads) == 2
    assert (ledger_state().entries, ledger_state().hits) == (1, 0)


def test_it_is_turned_off_by_config_and_by_environment(folder, loads, monkeypatch):
    mtqa.rank(TEXT, ledger=False)
    monkeypatch.setenv("MTQA_LEDGER", "off")
    mtqa.rank(TEXT)
    assert len(loads) == 2
    assert not folder.exists()
    with pytest.raises(ConfigError, match="off"):
        ledger_state()


def test_a_model_that_was_changed_meanwhile_is_not_kept(folder, files):
    known = KnownScores(Config(), dataclasses.replace(files, weights_sha256="7" * 64))
    known.put([Passage(TEXT, 0)], _scored())
    assert known.get([Passage(TEXT, 0)]) is None
    assert ledger_state().entries == 0


def test_a_hit_needs_no_torch(folder, loads, files):
    mtqa.Ranker().rank(document_from_text(TEXT))
    code = f"""
import sys
from pathlib import Path
from mtqa.lm.local import ModelFiles
import mtqa.lm.fetch
files = ModelFiles("fake", Path({str(files.directory)!r}), "0" * 64, "0" * 64, None, ("*",))
mtqa.lm.fetch.ensure_model = lambda *_, **__: files
import mtqa
from mtqa.report.formats import FORMATS, RenderOptions, render
for name in ("perplexity", "curvature", "excess_boosted"):
    report = mtqa.rank({TEXT!r}, measure=name)
    for format_ in FORMATS:
        render([report], format_, options=RenderOptions())
heavy = {{"torch", "transformers", "tokenizers", "safetensors", "scipy", "trafilatura"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert ledger_state().hits == 6  # the scores, and the repairs


@pytest.mark.model
def test_a_hit_is_a_fresh_score_of_the_real_model_bit_for_bit(folder, smollm2, article, monkeypatch):
    loaded = []
    monkeypatch.setattr(pipeline, "load_backend", lambda *_: loaded.append(1) or smollm2)
    document = document_from_text(article)
    fresh = Scored(mtqa.Ranker(backend=smollm2).score(document), smollm2.identity)
    for _ in range(2):
        ranker = mtqa.Ranker()
        _assert_same(fresh, Scored(ranker.score(document), ranker.identity))
    assert loaded == [1]
    assert (ledger_state().entries, ledger_state().hits) == (1, 1)


# --- damage, and what stands in the way


def test_a_damaged_entry_is_noticed_dropped_and_computed_anew(folder, loads, warnings):
    document = document_from_text(TEXT)
    fresh = mtqa.Ranker().score(document)
    whole = _sql(ledger_file(folder), "SELECT data FROM data")[0][0]
    for broken in (whole[:-9], b"", whole[:40] + b"\x00\x01" + whole[42:]):
        _sql(ledger_file(folder), "UPDATE data SET data = ?", broken)
        again = mtqa.Ranker().score(document)
        assert (again.surprisal_nats == fresh.surprisal_nats).all()
        assert _sql(ledger_file(folder), "SELECT data FROM data")[0][0] == whole
    assert len(loads) == 4
    assert [r.levelname for r in warnings] == ["WARNING"] * 3
    assert "damaged" in warnings[0].getMessage()
    assert ledger_state().damaged == 3


def test_an_entry_under_a_wrong_key_is_damaged(folder):
    ledger = Ledger(folder)
    ledger.put("a" * 64, _scored())
    _sql(ledger_file(folder), "UPDATE entries SET key = ?", "b" * 64)
    assert Ledger(folder).get("b" * 64) is None


@pytest.mark.parametrize("how", ["noise", "cut", "pages", "text", "foreign"])
def test_a_damaged_file_is_moved_aside_and_begun_anew(folder, warnings, how):
    ledger = Ledger(folder)
    for i in range(40):
        ledger.put(f"{i:064}", _scored())
    ledger.close()
    path = ledger_file(folder)
    whole = path.read_bytes()
    if how == "foreign":
        path.unlink()
        _sql(path, "CREATE TABLE entries (x)")
    else:
        noise = np.random.default_rng(7).bytes(len(whole))
        path.write_bytes(
            {
                "noise": noise,
                "cut": whole[: len(whole) // 3],
                "pages": whole[:4096] + noise[4096:],
                "text": b"not a database",
            }[how]
        )
    ledger = Ledger(folder)
    assert ledger.get("7" * 64) is None
    ledger.put("8" * 64, _scored())
    found = ledger.get("8" * 64)
    assert found is not None
    _assert_same(_scored(), found)
    assert len(warnings) == 1
    assert "moved to" in warnings[0].getMessage()
    assert damaged_copy(path).exists()
    assert ledger_state().stale == (damaged_copy(path),)
    assert clear_ledger() == Dropped(entries=1, files=1)
    assert not damaged_copy(path).exists()


def test_a_ledger_of_another_schema_is_left_alone(folder, loads, warnings):
    folder.mkdir()
    older = folder / f"scores-{SCHEMA - 1}.sqlite3"
    _sql(older, "CREATE TABLE entries (key TEXT, data BLOB)")
    before = hashlib.sha256(older.read_bytes()).hexdigest()
    mtqa.rank(TEXT)
    mtqa.rank(TEXT)
    assert len(loads) == 1
    assert hashlib.sha256(older.read_bytes()).hexdigest() == before
    assert not warnings
    assert (ledger_state().stale, ledger_state().newer) == ((older,), ())


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied"),
        OSError(30, "Read-only file system"),
        sqlite3.OperationalError("unable to open database file"),
    ],
    ids=["permission", "read-only", "unopenable"],
)
def test_a_ledger_that_can_not_be_opened_stops_nothing(folder, loads, warnings, monkeypatch, error):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(ledger_store.sqlite3 if isinstance(error, sqlite3.Error) else Path, *(
        ("connect", refuse) if isinstance(error, sqlite3.Error) else ("mkdir", refuse)
    ))  # fmt: skip
    ranker = mtqa.Ranker()
    for text in (TEXT, OTHER):
        assert ranker.rank(document_from_text(text)).findings
    assert len(loads) == len(warnings) == 1
    assert "\n" not in warnings[0].getMessage()


def test_a_file_where_the_folder_should_be_stops_nothing(folder, loads, warnings):
    folder.write_text("a file")
    assert mtqa.rank(TEXT).findings
    assert len(warnings) == 1


def test_a_ledger_that_can_only_be_read_is_read(folder, loads, warnings, monkeypatch):
    mtqa.rank(TEXT)

    def read_only(*_, **__):
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(Store, "_writing", read_only)
    ranker = mtqa.Ranker()
    for text in (TEXT, OTHER, TEXT, OTHER):
        assert ranker.rank(document_from_text(text)).findings
    assert len(loads) == 2
    assert len(warnings) == 1


@pytest.fixture
def closed(folder, monkeypatch):
    """Makes the folder one that nobody may write to; root may all the same, and is told otherwise."""
    real = os.access

    def close() -> None:
        folder.chmod(0o555)
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and real(path, mode))

    yield close
    folder.chmod(0o755)


def test_a_ledger_on_a_read_only_disk_gives_its_hits_and_stays_as_it_is(folder, loads, warnings, closed):
    mtqa.rank(TEXT)
    before = ledger_file(folder).read_bytes()
    closed()
    ranker = mtqa.Ranker()
    for text in (TEXT, OTHER, TEXT, OTHER):
        assert ranker.rank(document_from_text(text)).findings
    assert len(loads) == 2
    (warning,) = warnings
    assert "can't be written" in warning.getMessage()
    assert (ledger_state().entries, verify_ledger()) == (2, (2, 0))
    assert list(folder.iterdir()) == [ledger_file(folder)]
    assert ledger_file(folder).read_bytes() == before


def test_what_another_process_still_has_in_the_wal_is_read_there_too(folder, closed):
    writer = Ledger(folder)
    writer.put("a" * 64, _scored())
    closed()
    assert Ledger(folder).get("a" * 64) is not None
    writer.close()


def test_a_full_disk_stops_nothing_and_damages_nothing(folder, loads, warnings):
    mtqa.rank(TEXT)
    (pages,) = _sql(ledger_file(folder), "PRAGMA page_count")[0]
    ranker = mtqa.Ranker()
    assert ranker.rank(document_from_text(TEXT)).findings
    store = ranker._known._ledger._store
    store._own.get().execute(f"PRAGMA max_page_count = {pages}").fetchall()
    for text in (OTHER * 40, TEXT, OTHER * 30):
        assert ranker.rank(document_from_text(text)).findings
    assert len(warnings) == 1
    assert "full" in warnings[0].getMessage()
    assert verify_ledger() == (2, 0)


def test_a_ledger_that_is_locked_for_long_stops_nothing(folder, loads, warnings, monkeypatch):
    mtqa.rank(TEXT)
    monkeypatch.setattr(ledger_store, "BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(ledger_file(folder), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ranker = mtqa.Ranker()
    for text in (TEXT, OTHER, TEXT):  # readable all the time, as WAL has it
        assert ranker.rank(document_from_text(text)).findings
    holder.close()
    assert len(loads) == 2
    assert len(warnings) == 1
    assert "locked" in warnings[0].getMessage()


# --- several at once, and killed

_WRITER = """
import sys
sys.path[:0] = {path!r}
from tests.lm.test_ledger import _scored
from mtqa.lm.ledger import Ledger
from pathlib import Path
ledger = Ledger(Path({folder!r}))
scored = _scored()
print("ready", flush=True)
for i in range({number}):
    ledger.put(f"{{{start} + i:064}}", scored)
    assert ledger.get(f"{{{start} + i:064}}") is not None
"""


def _writer(folder: Path, *, start: int, number: int) -> subprocess.Popen[str]:
    code = _WRITER.format(
        path=[str(Path(__file__).parent.parent.parent)], folder=str(folder), start=start, number=number
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_write_at_once(folder):
    both = [_writer(folder, start=start, number=60) for start in (0, 30)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    assert ledger_state().entries == 90
    assert verify_ledger() == (90, 0)


def test_kill_9_in_the_middle_of_writing_leaves_a_readable_ledger(folder, warnings):
    for round_ in range(3):
        process = _writer(folder, start=1000 * round_, number=100_000)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.15 + 0.07 * round_)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    sound, damaged = verify_ledger()
    assert sound > 3
    assert damaged == 0
    ledger = Ledger(folder)
    _assert_same(_scored(), ledger.get(f"{0:064}"))
    ledger.put("f" * 64, _scored())
    assert ledger_state().entries == sound + 1
    assert not warnings


def test_two_commands_rank_the_same_file_at_once(folder, files, tmp_path):
    article = tmp_path / "a.txt"
    article.write_text(TEXT)
    code = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent.parent.parent)!r}]
from tests.lm import test_ledger as t
from pathlib import Path
import mtqa.lm.fetch
from mtqa import cli, pipeline
from mtqa.lm.local import ModelFiles
files = ModelFiles("fake", Path({str(files.directory)!r}), "0" * 64, "0" * 64, None, ("*",))
mtqa.lm.fetch.ensure_model = lambda *_, **__: files
pipeline.load_backend = lambda *_: t._backend()
sys.exit(cli.main(["rank", {str(article)!r}, "--format", "json"]))
"""
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60) for process in both]
    assert [(p.returncode, err) for p, (_, err) in zip(both, answers, strict=True)] == [(0, b"")] * 2
    assert answers[0][0] == answers[1][0]
    assert json.loads(answers[0][0])["findings"]
    assert ledger_state().entries == 2  # the scores, and the repairs
    assert verify_ledger() == (2, 0)


def test_threads_share_a_ledger(folder):
    from concurrent.futures import ThreadPoolExecutor

    ledger, scored = Ledger(folder), _scored()

    def work(i: int) -> bool:
        ledger.put(f"{i % 10:064}", scored)
        return ledger.get(f"{i % 10:064}") is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))
    assert ledger_state().entries == 10


# --- its size


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 3000)), min_size=1, max_size=30),
    limit=st.integers(0, 8000),
)
def test_it_never_holds_more_than_its_limit_and_counts_right(sizes, limit, tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "l.sqlite3"
    store = Store(path, limit=limit)
    for key, size in sizes:
        store.put(str(key), b"x" * size, tokens=size)
        counted = store.counters()
        assert counted["bytes"] <= limit
        listed = store._all("SELECT COUNT(*), TOTAL(bytes), TOTAL(tokens) FROM entries")[0]
        assert (counted["entries"], counted["bytes"], counted["tokens"]) == listed
        assert store._all("SELECT COUNT(*) FROM data")[0][0] == counted["entries"]
        if size + 300 <= limit:
            assert store.get(str(key)).data == b"x" * size
    store.close()


def test_what_was_used_last_stays(tmp_path):
    store = Store(tmp_path / "l.sqlite3", limit=10 * 1300)
    for i in range(10):
        store.put(str(i), b"x" * 1000, tokens=1)
    store.touch("0")
    store.put("new", b"x" * 1000, tokens=1)
    assert "0" in store.all_keys()
    assert "new" in store.all_keys()
    assert "1" not in store.all_keys()
    assert store.counters()["bytes"] <= 10 * 1300


def test_the_file_shrinks_when_it_is_pruned(folder):
    store = Store(ledger_file(folder), limit=10**9)
    for i in range(50):
        store.put(str(i), os.urandom(20_000), tokens=1)
    store.prune(100_000)
    assert len(store.all_keys()) == 4
    store.close()
    assert ledger_file(folder).stat().st_size < 250_000
    assert prune_ledger(50_000) == Dropped(entries=2, files=0)
    assert prune_ledger() == Dropped(entries=0, files=0)


@pytest.mark.parametrize("command", [prune_ledger, clear_ledger])
@pytest.mark.parametrize("written", [True, False])
def test_what_older_schemas_and_damage_left_goes_and_nothing_else(folder, command, written):
    folder.mkdir()
    if written:
        Ledger(folder).put("a" * 64, _scored())
    older, own, newer = (f"scores-{SCHEMA + i}.sqlite3" for i in (-1, 0, 1))
    stale = [older, f"{older}-wal", f"{older}-shm", f"{older}.lock", f"{older}.damaged", f"{own}.damaged"]
    stale.append(f"{own}.damaged-wal")
    kept = [
        newer,
        f"{newer}-wal",
        f"{newer}.damaged",
        f"{own}.lock",
        f"{own}.mine",
        "scores-old.sqlite3",
        "x",
    ]
    for name in (*stale, *kept):
        (folder / name).write_bytes(b"x")
    assert {path.name for path in ledger_state().stale} == set(stale)
    assert {path.name for path in ledger_state().newer} == {newer, f"{newer}-wal", f"{newer}.damaged"}
    assert command() == Dropped(entries=int(written and command is clear_ledger), files=len(stale))
    left = {path.name for path in folder.iterdir()} - {own, f"{own}-wal", f"{own}-shm"}
    assert left == set(kept)
    assert command() == Dropped(entries=0, files=0)


def test_a_limit_beyond_what_sqlite_holds_is_no_limit(folder, monkeypatch):
    Ledger(folder).put("a" * 64, _scored())
    assert prune_ledger(10**30) == Dropped(entries=0, files=0)
    monkeypatch.setenv("MTQA_LEDGER_BYTES", "9" * 25)
    assert prune_ledger() == Dropped(entries=0, files=0)
    assert ledger_state().limit == 2**63 - 1


def test_the_limit_is_named_by_the_environment(monkeypatch):
    assert ledger_limit() == 1_000_000_000
    monkeypatch.setenv("MTQA_LEDGER_BYTES", "2_000")
    assert ledger_limit() == 2000
    for bad in ("1 GB", "-4", "²", "9" * 5000):
        monkeypatch.setenv("MTQA_LEDGER_BYTES", bad)
        with pytest.raises(ConfigError, match="whole number of bytes"):
            ledger_limit()


def test_commands_on_a_ledger_that_was_never_written_to(folder):
    assert ledger_state().entries == 0
    assert prune_ledger() == clear_ledger() == Dropped(entries=0, files=0)
    assert verify_ledger() == (0, 0)
    assert not folder.exists()
