"""What a ready model's folder must hold: written last, checked in milliseconds on each use."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.lm.cache import MANIFEST, model_dir, read_json, reading_errors, sha256_of, sync, write_json
from mtqa.lm.catalogue import CatalogueEntry
from mtqa.lm.progress import Progress, counted_from

#: Raised when a conversion yields other files than it used to: models made before are made anew.
CONVERSION = 1

READY, NOT_FETCHED, DAMAGED = "ready", "not fetched", "damaged"


@dataclass(frozen=True, slots=True)
class Condition:
    """How a model's folder is: ``state`` is READY, NOT_FETCHED or DAMAGED.

    ``problem`` says why it is not ready, with the digests expected and found; ``digests`` are the
    sha256 of its files by name, as they were when it was made.
    """

    state: str
    problem: str | None = None
    digests: Mapping[str, str] | None = None


def write_manifest(folder: Path, entry: CatalogueEntry, progress: Progress) -> None:
    """Describe every file in the folder, flush them to the disk, and write the manifest last."""
    paths = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    files, total, before = {}, sum(path.stat().st_size for path in paths), 0
    mode = (
        folder / "config.json"
    ).stat().st_mode & 0o777  # safetensors makes files that only the owner reads
    for path in paths:
        digest = sha256_of(path, counted_from(progress, "verifying", before=before, total=total))
        path.chmod(mode)
        sync(path)
        status = path.stat()
        files[path.name] = {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": digest}
        before += status.st_size
    made = {"name": entry.name, "gguf_sha256": entry.gguf_sha256, "conversion": CONVERSION}
    write_json(folder / MANIFEST, {"schema": 1, **made, "files": files})
    sync(folder)


def condition(entry: CatalogueEntry, *, deep: Progress | None = None) -> Condition:
    """How the model's folder is. With ``deep`` every byte is read, and it is told how far.

    Raises `ModelError` where this user may not look.
    """
    with reading_errors(f"looking for model {entry.name}", instead="set MTQA_CACHE to another folder"):
        return _condition(entry, model_dir(entry.name), deep)


def _condition(entry: CatalogueEntry, folder: Path, deep: Progress | None) -> Condition:
    if not folder.is_dir():
        return Condition(NOT_FETCHED, f"model {entry.name} is not on this machine")
    manifest = _read(folder)
    if manifest is None:
        return Condition(DAMAGED, f"{folder / MANIFEST} is missing or unreadable")
    if (manifest.get("gguf_sha256"), manifest.get("conversion")) != (entry.gguf_sha256, CONVERSION):
        return Condition(NOT_FETCHED, f"model {entry.name} was made by another version of mtqa")
    files: dict[str, dict[str, Any]] = manifest["files"]
    problem = _first_fault(folder, files, deep)
    if problem is not None:
        return Condition(DAMAGED, problem)
    _refresh(folder, manifest)
    return Condition(READY, digests={name: str(record["sha256"]) for name, record in files.items()})


def _read(folder: Path) -> dict[str, Any] | None:
    manifest = read_json(folder / MANIFEST)
    if manifest is None or not isinstance(manifest.get("files"), dict):
        return None
    files = manifest["files"]
    needed = {"config.json", "model.safetensors", "tokenizer.json"} <= files.keys()
    return manifest if needed and all(map(_is_record, files.values())) else None


def _is_record(record: object) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("sha256"), str):
        return False
    return all(type(record.get(key)) is int for key in ("bytes", "mtime_ns"))


def _first_fault(folder: Path, files: Mapping[str, Mapping[str, Any]], deep: Progress | None) -> str | None:
    total, before = sum(record["bytes"] for record in files.values()), 0
    for name, record in sorted(files.items()):
        problem = _fault(folder / name, record, always=deep is not None)
        if problem is not None:
            return problem
        before += record["bytes"]
        if deep is not None:
            deep.update("verifying", before, total)
    return None


def _fault(path: Path, record: Mapping[str, Any], *, always: bool) -> str | None:
    expected = f"expected {record['sha256']} ({record['bytes']} bytes)"
    try:
        status = path.stat()
        if not always and (status.st_size, status.st_mtime_ns) == (record["bytes"], record["mtime_ns"]):
            return None
        found = sha256_of(path)
    except OSError as error:
        return f"{path} can't be read ({error.strerror}), {expected}"
    return (
        None
        if found == record["sha256"]
        else f"{path} has sha256 {found} ({status.st_size} bytes), {expected}"
    )


def _refresh(folder: Path, manifest: dict[str, Any]) -> None:
    """Note the files' times where they moved (a copied cache), so that the next check is quick."""
    times = {name: (folder / name).stat().st_mtime_ns for name in manifest["files"]}
    if all(times[name] == record["mtime_ns"] for name, record in manifest["files"].items()):
        return
    files = {name: {**record, "mtime_ns": times[name]} for name, record in manifest["files"].items()}
    with contextlib.suppress(OSError):
        write_json(folder / MANIFEST, {**manifest, "files": files})
