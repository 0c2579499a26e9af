"""The door to `datasets`: quiet, offline where the data are a file, and without copies left behind."""

from __future__ import annotations

import contextlib
import glob
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtqa.errors import one_line


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
    """`datasets` without bars and notes; ``offline`` keeps it from asking the hub about local files."""
    import datasets

    datasets.disable_progress_bars()
    logger = logging.getLogger("datasets")
    level, before = logger.level, datasets.config.HF_HUB_OFFLINE
    logger.setLevel(logging.CRITICAL)
    if offline:
        datasets.config.HF_HUB_OFFLINE = True
    try:
        yield datasets
    finally:
        datasets.config.HF_HUB_OFFLINE = before
        logger.setLevel(level)


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
