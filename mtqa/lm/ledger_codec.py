"""A document's token scores as bytes and back, bit for bit; never pickle.

::

    zlib( length of the header, 4 bytes little-endian | header, JSON | the arrays' bytes, one after another )

The header names each array with its type and shape, holds the pieces and the model's identity. Numbers
are little-endian whatever the machine.
"""

from __future__ import annotations

import dataclasses
import io
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from mtqa.records import ModelIdentity, TokenScores

#: The arrays of a `TokenScores`, in the order in which they are stored.
ARRAYS = tuple(
    f.name for f in dataclasses.fields(TokenScores) if f.name not in ("pieces", "hidden", "detector")
)
#: An array that is there only where a detector head read the text.
_DETECTOR = "detector"

#: For an article of 435 tokens level 1 takes 0.5 ms and gives 28.3 KB, level 6 1.4 ms and 27.2 KB.
_LEVEL = 1
#: What bytes that are no entry may raise when they are taken apart.
UNREADABLE = (
    zlib.error,
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class DamagedEntryError(Exception):
    """The bytes of an entry are not what was written."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A document's token scores and the model that they come from."""

    scores: TokenScores
    identity: ModelIdentity


def pack(scored: Scored) -> bytes:
    """The record as bytes. Raises `ValueError` for hidden states, which are not kept."""
    if scored.scores.hidden is not None:
        raise ValueError("hidden states are not kept in the ledger")
    names = (*ARRAYS, _DETECTOR) if scored.scores.detector is not None else ARRAYS
    arrays = [(name, getattr(scored.scores, name)) for name in names]
    header = {
        "arrays": [[name, _little_endian(array.dtype).str, list(array.shape)] for name, array in arrays],
        "pieces": [[int(i), piece] for i, piece in scored.scores.pieces.items()],
        "identity": dataclasses.asdict(scored.identity),
    }
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    # Array by array into one buffer: a long article's numbers are there once, and once compressed.
    packer, packed = zlib.compressobj(_LEVEL), io.BytesIO()
    packed.write(packer.compress(struct.pack("<I", len(text)) + text))
    for _, array in arrays:
        packed.write(packer.compress(np.ascontiguousarray(array, dtype=_little_endian(array.dtype)).data))
    packed.write(packer.flush())
    return packed.getvalue()


def unpack(data: bytes) -> Scored:
    """What `pack` was given. Raises `DamagedEntryError` for anything else."""
    try:
        return _unpacked(zlib.decompress(data))
    except UNREADABLE as error:
        raise DamagedEntryError(f"{type(error).__name__}: {error}") from error


def _unpacked(data: bytes) -> Scored:
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    arrays = dict(_arrays(header["arrays"], data, 4 + length))
    if (
        tuple(arrays) not in (ARRAYS, (*ARRAYS, _DETECTOR))
        or len({len(array) for array in arrays.values()}) != 1
    ):
        raise ValueError("the arrays are not those of a record")
    pieces = {int(i): str(piece) for i, piece in header["pieces"]}
    identity = dict(header["identity"])
    identity["languages"] = tuple(identity["languages"])
    return Scored(TokenScores(**arrays, pieces=pieces), ModelIdentity(**identity))


def _arrays(listed: list[list[Any]], data: bytes, at: int) -> Iterator[tuple[str, np.ndarray]]:
    for name, kind, shape in listed:
        dtype = np.dtype(kind)
        if dtype.kind not in "iuf":
            raise ValueError(f"an array of type {kind!r}")
        count = int(np.prod(shape, dtype=np.int64))
        # A copy: the array's owner may write to it, as to one that was just computed.
        yield str(name), np.frombuffer(data, dtype, count, at).reshape(shape).astype(dtype.newbyteorder("="))
        at += count * dtype.itemsize
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes are left over")


def _little_endian(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("<")
