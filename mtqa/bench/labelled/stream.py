"""The door to `datasets`: quiet, offline where the data are a file, and without copies left behind."""

from __future__ import annotations

import contextlib
import glob
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.errors import one_line
from mtqa.lm.quiet import Shared

#: How often the hub is asked whether it is there, with which pause between, and how long it may take.
_ASKED, _PAUSE_SECONDS, _PATIENCE_SECONDS = 2, 1.0, 10.0


@contextlib.contextmanager
def streamed_file(builder: str, file: Path, **options: Any) -> Iterator[Any]:
    """The streamed `datasets` set of a local file, by one of their builders ("text", "parquet").

    It reads the file in place; the folder for their lock goes when the block ends.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mtqa-") as locks,
        quiet_datasets(offline=True) as datasets,
        _without_torch.inside(),
    ):
        yield datasets.load_dataset(
            builder,
            data_files={"data": glob.escape(str(file.absolute()))},
            split="data",
            streaming=True,
            cache_dir=locks,
            **options,
        )


def _hush(put_back: contextlib.ExitStack) -> None:
    """No bars and notes of `datasets` and the hub's client."""
    import datasets

    if not datasets.are_progress_bars_disabled():
        put_back.callback(datasets.enable_progress_bars)
    datasets.disable_progress_bars()
    for logger in (logging.getLogger(name) for name in ("datasets", "huggingface_hub")):
        put_back.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)


def _changed(name: str, value: bool) -> Shared:
    """A setting of `datasets` with another value."""

    def change(put_back: contextlib.ExitStack) -> None:
        from datasets import config

        put_back.callback(setattr, config, name, getattr(config, name))
        setattr(config, name, value)

    return Shared(change)


_quiet, _offline = Shared(_hush), _changed("HF_HUB_OFFLINE", True)
#: A streamed set imports torch to be a set of torch's too: a second, for nothing.
_without_torch = _changed("TORCH_AVAILABLE", False)


@contextlib.contextmanager
def quiet_datasets(*, offline: bool) -> Iterator[Any]:
    """`datasets` without bars and notes, as it was when the last block of any thread ends.

    ``offline`` keeps it from asking the hub about local files.
    """
    import datasets

    with _quiet.inside(), _offline.inside() if offline else contextlib.nullcontext():
        yield datasets


def ask_hub(datasets: Any, name: str, revision: str | None) -> None:
    """Whether the hub answers at all, before `datasets` asks: it tries six times over, for half a minute.

    Raises what the last of `_ASKED` tries raised. What the hub answers is left for `datasets` to tell.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    hub = HfApi(endpoint=datasets.config.HF_ENDPOINT)
    for left in reversed(range(_ASKED)):
        try:
            hub.dataset_info(name, revision=revision, timeout=_PATIENCE_SECONDS)
        except HfHubHTTPError:
            return
        except Exception as error:  # of whichever library the client asks with
            if not left or isinstance(error, OfflineModeIsEnabled):
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def reason_of(error: BaseException) -> str:
    """The innermost cause: `datasets` wraps what Arrow, pandas and the system say."""
    while error.__cause__ is not None:
        error = error.__cause__
    return one_line(f"{error}" or type(error).__name__, 160)
