"""Settings of the process that are changed for a moment are put back, whatever happens inside."""

from __future__ import annotations

import gc
import importlib
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mtqa.lm.quiet import load_torch, quiet_transformers, resting_collector


@pytest.fixture(autouse=True)
def _put_back():
    yield
    gc.unfreeze()
    gc.enable()


def _generation(thing) -> int:
    return next(g for g in (0, 1, 2) if any(one is thing for one in gc.get_objects(generation=g)))


def test_nothing_is_collected_inside_and_what_was_made_there_is_old_afterwards():
    with resting_collector():
        assert not gc.isenabled()
        made = [[] for _ in range(5000)]
        assert _generation(made) == 0
    assert gc.isenabled()
    assert _generation(made) == 2
    assert gc.get_freeze_count() == 0


def test_it_is_put_back_after_an_error():
    with pytest.raises(ValueError, match="inside"), resting_collector():
        raise ValueError("inside")
    assert gc.isenabled()


def test_a_caller_who_has_switched_it_off_finds_it_off():
    gc.disable()
    with resting_collector():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_what_a_caller_has_frozen_stays_frozen():
    gc.freeze()
    frozen = gc.get_freeze_count()
    with resting_collector():
        pass
    assert gc.get_freeze_count() > 0.9 * frozen > 0  # thawed it would be 0; a few may have died meanwhile
    assert gc.isenabled()


def _interrupted(monkeypatch, done: list[str]) -> None:
    """Ctrl-C comes in the middle of the import."""

    def import_module(name: str) -> None:
        signal.raise_signal(signal.SIGINT)
        done.append(name)

    monkeypatch.setattr(importlib, "import_module", import_module)


def test_ctrl_c_waits_for_the_end_of_the_import(monkeypatch):
    done: list[str] = []
    _interrupted(monkeypatch, done)
    with pytest.raises(KeyboardInterrupt):
        load_torch()
    assert done == ["torch"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.setattr(importlib, "import_module", done.append)
    load_torch()
    assert done == ["torch", "torch"]


def test_a_callers_own_handler_is_left_alone_and_so_are_other_threads(monkeypatch):
    done: list[str] = []
    _interrupted(monkeypatch, done)
    before = signal.signal(signal.SIGINT, lambda *_: done.append("handled"))
    try:
        load_torch()
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["handled", "torch"]
    monkeypatch.setattr(importlib, "import_module", done.append)
    thread = threading.Thread(target=load_torch)
    thread.start()
    thread.join()
    assert done == ["handled", "torch", "torch"]


@pytest.mark.parametrize("first_in_leaves_first", [True, False])
def test_transformers_speaks_again_when_the_last_of_two_threads_is_out(first_in_leaves_first):
    import warnings

    from transformers.utils import logging

    before = logging.get_verbosity()
    bars, filters = logging.is_progress_bar_enabled(), list(warnings.filters)
    logging.set_verbosity_warning()
    try:
        first, second = quiet_transformers(), quiet_transformers()
        first.__enter__()
        with ThreadPoolExecutor(1) as other:
            other.submit(second.__enter__).result()
            leaving = [lambda: first.__exit__(None, None, None), lambda: second.__exit__(None, None, None)]
            one, two = leaving if first_in_leaves_first else leaving[::-1]
            other.submit(one).result()
            assert logging.get_verbosity() == logging.ERROR
            other.submit(two).result()
        assert logging.get_verbosity() == logging.WARNING
        assert logging.is_progress_bar_enabled() == bars
        assert list(warnings.filters) == filters
    finally:
        logging.set_verbosity(before)
