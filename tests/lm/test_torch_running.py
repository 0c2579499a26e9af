"""What goes on around a call to PyTorch: threads put back whoever leaves first, out of memory in one line."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mtqa.errors import ModelError, RunError
from mtqa.lm.backend import Window
from mtqa.lm.torch_running import memory_error, running
from tests.lm.test_foreign_models import _llama, _load, _save


@pytest.fixture
def folder(tmp_path):
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    return _save(tmp_path / "m", LlamaForCausalLM(_llama()))


@pytest.mark.parametrize("first_in_leaves_first", [True, False])
def test_two_at_once_put_back_the_threads_of_before_the_first(first_in_leaves_first):
    import torch

    turns = threading.Barrier(2, timeout=60)
    seen: dict[str, int] = {}

    def first() -> None:
        with running(3, "cpu"):
            turns.wait()  # the second comes in
            turns.wait()  # and is in
            if not first_in_leaves_first:
                turns.wait()
        seen["first"] = torch.get_num_threads()
        if first_in_leaves_first:
            turns.wait()

    def second() -> None:
        turns.wait()
        with running(5, "cpu"):
            seen["second inside"] = torch.get_num_threads()
            turns.wait()
            if first_in_leaves_first:
                turns.wait()
        seen["second"] = torch.get_num_threads()
        if not first_in_leaves_first:
            turns.wait()

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(first), pool.submit(second)]:
                done.result()
        with ThreadPoolExecutor(1) as pool:
            seen["a thread that begins later"] = pool.submit(torch.get_num_threads).result()
        assert seen == {"first": 2, "second inside": 5, "second": 2, "a thread that begins later": 2}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_threads_and_gradients_are_put_back_behind_a_failure():
    import torch

    before = torch.get_num_threads()
    with pytest.raises(KeyError), running(before + 1, "cpu"):
        assert torch.get_num_threads() == before + 1
        assert not torch.is_grad_enabled()
        raise KeyError
    assert torch.get_num_threads() == before
    assert torch.is_grad_enabled()
    with pytest.raises(RunError, match="failed"), running(0, "cpu"):
        pass
    with running(before + 1, "cpu"):
        pass
    assert torch.get_num_threads() == before


def _failures():
    import torch

    return {
        "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n2.00 GiB."),
        "CPU": RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        "Python": MemoryError(),
    }


@pytest.fixture(params=["CUDA", "CPU", "cuBLAS", "Python"])
def refuse(request):
    """Fails as one that gets no memory."""

    def fail(*_, **__):
        raise _failures()[request.param]

    return fail


def _told(caught, *, window: bool = True) -> None:
    """Of what helps: on the CPU no other device does, and while loading no smaller window."""
    assert "out of memory" in str(caught.value)
    assert "on cpu; use a smaller" in str(caught.value)
    assert ("smaller window (window in the config)" in str(caught.value)) == window
    assert "--" not in str(caught.value)
    assert "device" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["lm_head", "base_model"])
def test_out_of_memory_in_the_head_or_below_it_is_one_line(folder, refuse, part, monkeypatch):
    backend = _load(folder)
    monkeypatch.setattr(getattr(backend._model, part), "forward", refuse)
    window = Window(np.arange(5, 20, dtype=np.int32), 0)
    asked = [
        lambda: backend.score([window]),
        lambda: backend.next_tokens([5, 6, 7]),
        lambda: backend.continuations([5, 6, 7], [[8, 9]]),
    ]
    for ask in asked:
        with pytest.raises(RunError) as caught:
            ask()
        _told(caught)


def test_after_it_the_model_can_be_asked_again(folder, monkeypatch):
    import torch

    backend = _load(folder)
    sound = backend.next_tokens([5, 6, 7])

    def refuse(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    for part in ("lm_head", "base_model"):
        with monkeypatch.context() as patch:
            patch.setattr(getattr(backend._model, part), "forward", refuse)
            with pytest.raises(RunError, match="out of memory"):
                backend.next_tokens([5, 6, 8])
        assert backend.next_tokens([5, 6, 7]).log_p == pytest.approx(sound.log_p, abs=1e-5)


@pytest.mark.parametrize("method", ["to", "forward", "from_pretrained"])
def test_out_of_memory_while_loading_and_checking_is_one_line(folder, refuse, method, monkeypatch):
    from transformers import LlamaForCausalLM

    monkeypatch.setattr(LlamaForCausalLM, method, refuse)
    with pytest.raises(RunError) as caught:
        _load(folder)
    _told(caught, window=method == "forward")


def test_on_a_card_the_cpu_may_help():
    assert str(memory_error("running the model", "cuda", loading=False)).endswith(
        "a smaller window (window in the config), or a smaller model, or the CPU (device: cpu in the config)"
    )


def test_another_failure_of_pytorchs_is_no_want_of_memory(folder, monkeypatch):
    backend = _load(folder)

    def refuse(*_, **__):
        raise RuntimeError("CUDA error: device-side assert triggered\nCompile with …")

    monkeypatch.setattr(backend._model.lm_head, "forward", refuse)
    with pytest.raises(RunError, match="running the model on cpu failed: CUDA error") as caught:
        backend.score([Window(np.arange(5, 20, dtype=np.int32), 0)])
    assert "memory" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, ModelError)


def _surprisal(backend) -> np.ndarray:
    return backend.score([Window(np.arange(1, 30), 0)])[0].surprisal_nats


def test_the_callers_autocast_moves_no_number(folder):
    import torch

    backend = _load(folder)
    plain = _surprisal(backend)
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(_surprisal(backend), plain)
        assert torch.nn.functional.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.bfloat16


@pytest.mark.parametrize("asked", ["medium", "high", "highest"])
def test_the_callers_precision_of_products_moves_no_number_and_is_put_back(folder, asked):
    import torch

    a, b = torch.randn(256, 576, generator=torch.Generator().manual_seed(1)), torch.ones(576, 512) / 3
    exact = a.double() @ b.double()
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(asked)
        with running(None, "cpu"):
            inside = [torch.backends.cuda.matmul.fp32_precision, torch.backends.mkldnn.matmul.fp32_precision]
            with running(None, "cpu"):
                pass
            # bfloat16 products are off by 1e-2 and more on a processor that has them
            assert float((a @ b - exact).abs().max()) < 1e-4
        assert inside == ["ieee", "ieee"]
        assert torch.get_float32_matmul_precision() == asked
        assert torch.backends.cuda.matmul.allow_tf32 is (asked != "highest")
    finally:
        torch.set_float32_matmul_precision(before)


def test_the_one_setting_of_older_pytorch_is_put_back(monkeypatch):
    import torch

    class Old:
        """As before 2.9: no ``fp32_precision``."""

    monkeypatch.setattr(torch.backends.cuda, "matmul", Old())
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with running(None, "cpu"):
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
