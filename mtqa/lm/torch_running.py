"""What goes on around a call to PyTorch: its threads, its gradients, and its errors in one line."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

from mtqa.errors import RunError, one_line
from mtqa.lm.quiet import Shared

#: How a failure to get memory calls itself: on a GPU, on the CPU of Linux and of Windows, in cuBLAS.
_MEMORY = ("out of memory", "allocate memory", "not enough memory", "alloc_failed")


class _Threads:
    """PyTorch's number of threads, which belongs to whoever called us, not to us.

    It is a number of the process's that each of its threads takes over when it first asks, and its own from
    then on. So a second one who comes in may read the first one's wish: what is put back is the number of
    before the first one came, by each for its own thread, and by the last one out for the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    @contextlib.contextmanager
    def set_to(self, number: int) -> Iterator[None]:
        """That many threads inside."""
        import torch

        with self._lock:
            if not self._inside:
                self._before = torch.get_num_threads()
            torch.set_num_threads(number)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                torch.set_num_threads(self._before)


_threads = _Threads()


def _multiply_exactly(put_back: contextlib.ExitStack) -> None:
    """Products of float32 that are float32, whatever the process has asked for.

    ``set_float32_matmul_precision("medium")``, which PyTorch itself advises, or an environment variable makes
    them bfloat16 or TF32: up to 3 nats a token.
    """
    import torch

    ways = [torch.backends.cuda.matmul, getattr(torch.backends.mkldnn, "matmul", None)]
    if not all(hasattr(way, "fp32_precision") for way in ways):  # PyTorch before 2.9 has one setting
        put_back.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
        torch.set_float32_matmul_precision("highest")
        return
    for way in ways:
        put_back.callback(setattr, way, "fp32_precision", way.fp32_precision)
        way.fp32_precision = "ieee"


_exact = Shared(_multiply_exactly)


@contextlib.contextmanager
def running(threads: int | None, device: str) -> Iterator[None]:
    """Around all that a model is asked: its numbers hang on nothing that the caller has set.

    No gradients, no autocast, float32 products that are float32, and ``threads`` of PyTorch's own (None: as
    many as there are): all put back afterwards. Raises `RunError` in one line for what PyTorch raises inside,
    out of memory first of all.
    """
    import torch

    nothing: AbstractContextManager[None] = contextlib.nullcontext()
    own = nothing if threads is None else _threads.set_to(threads)
    cast = torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nothing
    with torch_errors("running the model", device), own, _exact.inside(), cast, torch.inference_mode():
        yield


@contextlib.contextmanager
def torch_errors(doing: str, device: str, *, loading: bool = False) -> Iterator[None]:
    """What PyTorch raises inside becomes a `RunError`; ``doing`` says what was going on.

    ``loading``: before anything is read, when a smaller window would not help.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise memory_error(doing, device, loading=loading) from error
        raise RunError(f"{doing} on {device} failed: {one_line(error, 200)}") from error


def memory_error(doing: str, device: str, *, loading: bool) -> RunError:
    """What to say where memory is too small.

    >>> str(memory_error("loading the model", "cpu", loading=True))
    'out of memory while loading the model on cpu; use a smaller model'
    """
    # Not every command has the options; all of them read them from a config.
    ways = ["a smaller model"] if loading else ["a smaller window (window in the config)", "a smaller model"]
    ways += [] if device == "cpu" else ["the CPU (device: cpu in the config)"]
    return RunError(f"out of memory while {doing} on {device}; use {', or '.join(ways)}")


def out_of_memory(error: BaseException) -> bool:
    """Whether that is what went wrong.

    >>> out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    True
    """
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in _MEMORY)
