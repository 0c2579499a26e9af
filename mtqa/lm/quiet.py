"""Settings of the process that are others' too: changed while a library is loaded, put back afterwards."""

from __future__ import annotations

import contextlib
import gc
import importlib
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any


class Shared:
    """Settings of the process: changed by the first who comes in, put back when the last one is out."""

    def __init__(self, change: Callable[[contextlib.ExitStack], None]) -> None:
        """``change`` makes the change and leaves with the stack how it is put back."""
        self._change = change
        self._lock = threading.Lock()
        self._inside = 0
        self._put_back = contextlib.ExitStack()

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Changed inside."""
        with self._lock:
            if not self._inside:
                self._change(self._put_back)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._put_back.close()


def _hush(put_back: contextlib.ExitStack) -> None:
    """What transformers says."""
    from transformers.utils import logging

    put_back.callback(logging.set_verbosity, logging.get_verbosity())
    if logging.is_progress_bar_enabled():
        put_back.callback(logging.enable_progress_bar)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    put_back.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")


_quiet = Shared(_hush)


def quiet_transformers() -> AbstractContextManager[None]:
    """No progress bars, log lines or warnings from transformers inside; as before outside, in all threads."""
    return _quiet.inside()


@contextlib.contextmanager
def resting_collector() -> Iterator[None]:
    """No garbage collection inside; afterwards, what was made inside counts as old.

    What torch and transformers make when they are imported lives for good: to look through it again and
    again took a sixth of the time of the import, and once more afterwards a fifth of a second.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # or what the caller keeps frozen would thaw
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def load_torch() -> None:
    """Import torch, whole: a Ctrl-C that comes meanwhile counts when it is done.

    Its modules in C++ end the process, with what they think of it, where Python's exception meets them.
    """
    with _held_interrupts():
        importlib.import_module("torch")


@contextlib.contextmanager
def _held_interrupts() -> Iterator[None]:
    """Ctrl-C raises its `KeyboardInterrupt` at the end of the block; a caller's own handler is left alone."""
    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not plain or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[Any] = []
    signal.signal(signal.SIGINT, lambda *what: held.append(what))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if held:
            signal.default_int_handler(*held[0])
