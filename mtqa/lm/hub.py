"""Models by hub id: what lies in the Hugging Face cache is used as it is, what is missing is fetched once.

A model that is here costs no network and stays the one that it was. ``org/name@revision`` names a branch,
a tag or a commit.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mtqa.errors import ModelError, ModelMissingError, one_line
from mtqa.lm.cache import CLOSED, FULL
from mtqa.lm.local import is_whole, named_weights
from mtqa.lm.progress import Progress

#: Settings, tokenizers and the list of the weights; of those only what will be loaded is fetched.
_SMALL = ("*.json", "*.model", "*.txt")
_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<revision>[A-Za-z0-9][\w.-]*))?")


def is_hub_id(name: str) -> bool:
    """Whether the name has the form ``org/name`` or ``org/name@revision``; not whether there is such a model.

    >>> is_hub_id("org/name"), is_hub_id("org/name@v1.0"), is_hub_id("name"), is_hub_id("org/name@")
    (True, True, False, False)
    """
    return _ID.fullmatch(name) is not None and ".." not in name


def hub_folder(name: str, progress: Progress, *, offline: bool) -> Path:
    """A hub model's snapshot on this machine, downloaded where it is missing and may be.

    Raises `ModelMissingError` in one line that says what to do, `ModelError` where the disk is the trouble.
    """
    bars: Any = importlib.import_module("huggingface_hub.utils")
    here = offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    shown = not bars.are_progress_bars_disabled()
    bars.disable_progress_bars()
    try:
        if not here and (found := _here(name)) is not None:
            return found
        if not here:
            progress.update("fetching", 0, None)
        return _snapshot(name, here=here)
    except Exception as error:  # the hub's client raises errors of four libraries
        raise _failure(name, here, error) from error
    finally:
        if shown:
            bars.enable_progress_bars()


def _here(name: str) -> Path | None:
    """The snapshot on this machine, where it is whole."""
    try:
        folder = _snapshot(name, here=True)
        # An older client does not tell that a download was cut off.
        return folder if is_whole(folder) else None
    except Exception:  # it can still be fetched, or says then why not
        return None


def _snapshot(name: str, *, here: bool) -> Path:
    from huggingface_hub import snapshot_download

    found = _ID.fullmatch(name)
    repo, revision = found.group("repo", "revision") if found else (name, None)
    get = partial(snapshot_download, repo, ignore_patterns=["*/*"], local_files_only=here)
    folder = Path(get(revision=revision, allow_patterns=list(_SMALL)))
    # By its commit, which names the folder: the branch may move in between.
    return Path(get(revision=folder.name, allow_patterns=[*_SMALL, *named_weights(folder)]))


def _failure(name: str, offline: bool, error: Exception) -> ModelError:
    if (fault := next(_disk_faults(error), None)) is not None:
        doing, full = f"while fetching model {name} from the hub", fault.errno in FULL
        trouble, remedy = (
            ("no space left on the disk", "free some")
            if full
            else (f"cannot write to {fault.filename}", "make it writable")
        )
        return ModelError(f"{trouble} {doing}: {remedy}, or set HF_HOME to another folder")
    if offline:
        return ModelMissingError(
            f"model {name} is not on this machine and the network may not be used: fetch it with a network, "
            "or name a folder that holds it"
        )
    return ModelMissingError(
        f"model {name} could not be fetched from the hub ({one_line(error, 160)}): check the name and the "
        "network, or name a folder that holds it"
    )


def _disk_faults(error: BaseException | None) -> Iterator[OSError]:
    """What the disk said, in the error or in those behind it; the network's errors name no file."""
    while error is not None:
        if isinstance(error, OSError) and (error.errno in FULL or (error.errno in CLOSED and error.filename)):
            yield error
        error = error.__cause__ or error.__context__
