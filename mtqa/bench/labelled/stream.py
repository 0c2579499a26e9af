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
        _without_torch(datasets),
    ):
        yield datasets.load_dataset(
            builder,
            data_files={"data": glob.escape(str(file.absolute()))},
            split="data",
            streaming=True,
            cache_dir=locks,
            **options,
        )


@contextlib.contextmanager
def quiet_datasets(*, offline: bool) -> Iterator[Any]:
    """`datasets` and the hub's client without bars and notes, as they were when the block ends.

    ``offline`` keeps it from asking the hub about local files.
    """
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels, before = [logger.level for logger in loggers], datasets.config.HF_HUB_OFFLINE
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    if offline:
        datasets.config.HF_HUB_OFFLINE = True
    try:
        yield datasets
    finally:
        datasets.config.HF_HUB_OFFLINE = before
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if shown:
            datasets.enable_progress_bars()


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


@contextlib.contextmanager
def _without_torch(datasets: Any) -> Iterator[None]:
    """A streamed set imports torch to be a set of torch's too: a second, for nothing."""
    before = datasets.config.TORCH_AVAILABLE
    datasets.config.TORCH_AVAILABLE = False
    try:
        yield
    finally:
        datasets.config.TORCH_AVAILABLE = before


def reason_of(error: BaseException) -> str:
    """The innermost cause: `datasets` wraps what Arrow, pandas and the system say."""
    while error.__cause__ is not None:
        error = error.__cause__
    return one_line(f"{error}" or type(error).__name__, 160)
