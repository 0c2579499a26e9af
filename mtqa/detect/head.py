"""The detector head: from hidden states and per-token statistics to "is this word corrupted?".

A head belongs to one model: it reads the states after two or three of the model's middle layers, which
know more of what is wrong than the surprisal does (docs/methods.md). It is a small network, an ensemble of
M members with one hidden layer each, that sees the token's states h, those of the next tokens (corruption
shows once the model has read on), and the features x of `mtqa.detect.features`:

    z(t) = gelu( Σ_k A_k n(h(t + k)) + B x(t) + b ),    o(t) = mean over members of C z(t) + c

with n the standardisation of the states, clipped at ±6. The columns of o are `OUTPUTS`. Inference is plain
NumPy; `scripts/train_detector.py` makes the weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mtqa.detect.calibrate import Calibration, WordCalibration, calibration_from, word_calibration_from
from mtqa.detect.features import FEATURES, PassageTokens, Statistics, passage_tokens, token_features
from mtqa.detect.kinds import NAMES
from mtqa.detect.sentence import SentenceModel
from mtqa.errors import ConfigError, one_line
from mtqa.records import Floats, Ints, Projection

#: ``corrupted``: log-odds that the token is corrupted. ``bad``: log-odds that a post-editor would change it.
#: ``poor``: its part in how poor people find the sentence (the mean over tokens, minus the z-score).
#: Then one column a kind of corruption: unnormalised log-probabilities, given that the token is corrupted.
TYPES = NAMES
OUTPUTS = ("corrupted", "bad", "poor", *TYPES)

#: What the corpora that heads are trained on are written in.
LANGUAGES = ("en",)
#: The form of the file; a head of another form is refused.
FORM = 1
#: Standardised states are clipped at plus and minus this.
CLIP = 6.0
#: Multiplications in a product at most: OpenBLAS does so many on one thread. Threads that it has woken go on
#: spinning for a while afterwards, beside those of the model's next pass: on two cores that took 8 % of it.
_QUIET = 2**18
#: The heads that come with mtqa, and their index.
FOLDER = Path(__file__).parent / "heads"
_TENSORS = ("mean", "scale", "states", "features", "bias", "out", "out_bias")
#: What a card must have.
_CARD = ("weights_sha256", "layers", "places", "sentence")


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A head's weights, W wide states, K places (the token and the next K − 1), M members of S units.

    ``mean``, ``scale`` ``(W,)``; ``states`` ``(W, K·M·S)``; ``features`` ``(F, M·S)``; ``bias`` ``(M·S,)``;
    ``out`` ``(M·S, C)``; ``out_bias`` ``(C,)``. ``sentences`` turns the outputs into a sentence's log-odds.
    ``digest`` names the file, ``reading`` only what moves the outputs for tokens (the ledger keeps those);
    ``card`` tells where it is from. ``calibration``: None where the card has none; ``words``, ``words_alone``
    likewise, of words;
    ``recall_by_type``: the share found of each type of corruption, as measured, where the card tells (in
    documents, at a false discovery rate of .1 by ``calibration``).
    """

    layers: tuple[int, ...]
    places: int
    mean: Floats
    scale: Floats
    states: Floats
    features: Floats
    bias: Floats
    out: Floats
    out_bias: Floats
    sentences: SentenceModel
    digest: str
    reading: str
    card: Mapping[str, Any]
    calibration: Calibration | None = None
    calibration_alone: Calibration | None = None
    words: WordCalibration | None = None
    words_alone: WordCalibration | None = None
    recall_by_type: Mapping[str, float] = field(default_factory=dict)

    def calibration_for(self, context: str) -> Calibration | None:
        """The calibration for sentences read in that context; for want of one of its own, the document's."""
        return (self.calibration_alone if context == "none" else None) or self.calibration

    def words_for(self, context: str) -> WordCalibration | None:
        """The calibration of words that were read in that context."""
        return (self.words_alone if context == "none" else None) or self.words

    def recall_in(self, context: str) -> Mapping[str, float]:
        """`recall_by_type` for sentences read in that context: it was measured in whole documents only."""
        return self.recall_by_type if context == "document" else {}

    @property
    def projection(self) -> Projection:
        """What the head reads of a state: the sums Σ_k A_k n(h) of the formula, before they meet."""
        return Projection(self.mean, self.scale, CLIP, self.states)

    def passage(self, ids: Ints, pieces: Mapping[int, str]) -> HeadReader:
        """A reader for one passage's tokens, which come in stretches, in order."""
        return HeadReader(self, passage_tokens(ids, pieces))


class HeadReader:
    """Reads one passage as the model does, so that no more than a window's hidden states are ever held.

    A token's outputs need the states of the next K − 1: they come that much later.
    """

    def __init__(self, head: Head, passage: PassageTokens) -> None:
        self._head, self._passage = head, passage
        self._done = 0
        self._waiting = np.zeros((0, head.features.shape[1]), dtype=np.float32)

    def push(self, statistics: Statistics, near: Floats) -> Floats:
        """The next n tokens' statistics and projected states ``(n, K·M·S)``; outputs ``(m, C)`` of those
        that are complete."""
        head, n, held = self._head, len(near), len(self._waiting)
        units = head.features.shape[1]
        own = _product(token_features(statistics, self._passage, self._done), head.features) + head.bias
        z = np.concatenate([self._waiting, own.astype(np.float32)])
        for k in range(head.places):
            part = near[:, k * units : (k + 1) * units]
            first = held - k  # the row that takes the first of these states as its k-th
            if first + n > 0:
                z[max(first, 0) : first + n] += part[max(-first, 0) :]
        self._done += n
        ready = max(len(z) - (head.places - 1), 0)
        self._waiting = z[ready:]
        return self._outputs(z[:ready])

    def end(self) -> Floats:
        """Outputs of the last tokens, after which nothing comes."""
        waiting, self._waiting = self._waiting, self._waiting[:0]
        return self._outputs(waiting)

    def _outputs(self, z: Floats) -> Floats:
        return np.asarray(_product(_gelu(z), self._head.out) + self._head.out_bias, dtype=np.float32)


def _product(rows: npt.NDArray[Any], matrix: Floats) -> npt.NDArray[Any]:
    """``rows @ matrix``, as many rows at a time as go without BLAS's threads (`_QUIET`)."""
    size = max(1, _QUIET // matrix.size)
    parts = [rows[i : i + size] @ matrix for i in range(0, len(rows), size)]
    return np.concatenate(parts) if parts else rows @ matrix


def _gelu(z: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """x Φ(x) (Hendrycks and Gimpel 2016, eq. 1)."""
    return np.asarray(z * 0.5 * (1.0 + _erf(z / math.sqrt(2.0))))


def _erf(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The error function to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(np.sign(x) * (1.0 - poly * np.exp(-x * x)))


def find_head(wanted: str, weights_sha256: str) -> Head | None:
    """A config's head for the model of these weights: see `mtqa.config.Config.detector`.

    Raises `ConfigError` for a file that is not one, or belongs to another model.
    """
    if wanted == "none":
        return None
    if wanted == "auto":
        return head_for(weights_sha256)
    head = load_head(Path(wanted))
    if head.card["weights_sha256"] != weights_sha256:
        raise ConfigError(
            f"{wanted}: this detector head belongs to the model of weights "
            f"{head.card['weights_sha256'][:12]}, not to that of {weights_sha256[:12]}; use detector: auto"
        )
    return head


def head_for(weights_sha256: str) -> Head | None:
    """The head that comes with mtqa for the model of these weights, or None."""
    path = _index().get(weights_sha256)
    return None if path is None else load_head(path)


@lru_cache(maxsize=1)
def _index() -> Mapping[str, Path]:
    """Weights' digest → file, for every head in the package."""
    listed = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    return {digest: FOLDER / name for digest, name in listed.items()}


def load_head(path: Path) -> Head:
    """A head from its file, which is read anew where it has changed. Raises `ConfigError`."""
    try:
        real = path.resolve()
        status = real.stat()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; a NUL in the name
        raise _unreadable(path, error) from error
    # The change time too: a file put in another's place with its size and date kept has a new one.
    return _loaded(path, real, (status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=4)
def _loaded(path: Path, real: Path, stamp: tuple[int, ...]) -> Head:  # noqa: ARG001
    """The head in the file that had that size and those times. ``path``: as its user names it."""
    try:
        data = real.read_bytes()
        tensors, card = _parsed(data)
        _check_card(card)
        arrays = _weights(tensors, int(card["places"]))
        return Head(
            layers=tuple(int(n) for n in card["layers"]),
            places=int(card["places"]),
            sentences=SentenceModel.from_card(card["sentence"]),
            digest=hashlib.sha256(data).hexdigest(),
            reading=_reading(arrays, card),
            card=card,
            calibration=calibration_from(card["calibration"]) if "calibration" in card else None,
            calibration_alone=(
                calibration_from(card["calibration_alone"]) if "calibration_alone" in card else None
            ),
            words=word_calibration_from(card["words"]) if "words" in card else None,
            words_alone=word_calibration_from(card["words_alone"]) if "words_alone" in card else None,
            recall_by_type=_recall_by_type(card.get("recall_by_type", {})),
            **arrays,
        )
    except OSError as error:
        raise _unreadable(path, error) from error
    except Exception as error:  # safetensors raises its own kind for what is not one of its files
        why = f"{path}: not a detector head ({one_line(error, 160)})"
        raise ConfigError(f"{why}; name another file, or use detector: auto") from error


def _unreadable(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{one_line(path)}: can't read this detector head ({one_line(error, 120)})")


def _check_card(card: Any) -> None:
    """Raises `ValueError` for the card of another form, or one that lacks what a head needs."""
    if not isinstance(card, Mapping):
        raise ValueError("its card is no mapping")
    made_for = (card.get("form"), card.get("features"), card.get("outputs"))
    if made_for != (FORM, list(FEATURES), list(OUTPUTS)):
        raise ValueError("it was made by another version of mtqa")
    for key in _CARD:
        if key not in card:
            raise ValueError(f"its card has no {key}")
    if not isinstance(card["weights_sha256"], str):
        raise ValueError("weights_sha256 in its card must be the digest of the model's weights")
    if int(card["places"]) < 1:
        raise ValueError(f"places in its card is {card['places']}; it must be 1 or more")


def _weights(tensors: Mapping[str, npt.NDArray[Any]], places: int) -> dict[str, Floats]:
    """The head's arrays by name, as `Head` has them. Raises `ValueError` where one lacks or does not fit."""
    for name in _TENSORS:
        if name not in tensors:
            raise ValueError(f"it has no tensor {name}")
    width, units = max(tensors["mean"].size, 1), max(tensors["bias"].size, 1)
    wanted = {
        "mean": (width,),
        "scale": (width,),
        "states": (width, places * units),
        "features": (len(FEATURES), units),
        "bias": (units,),
        "out": (units, len(OUTPUTS)),
        "out_bias": (len(OUTPUTS),),
    }
    for name, shape in wanted.items():
        found = tensors[name].shape
        if found != shape:
            raise ValueError(f"its tensor {name} is {found}; beside the others it must be {shape}")
    return {name: tensors[name].astype(np.float32) for name in _TENSORS}


def _reading(arrays: Mapping[str, Floats], card: Mapping[str, Any]) -> str:
    """Digest of the weights, and of what they are laid on."""
    made = hashlib.sha256(json.dumps([card["layers"], card["places"], card["features"]]).encode())
    for name in _TENSORS:
        made.update(f"{name}{arrays[name].shape}".encode() + arrays[name].tobytes())
    return made.hexdigest()


def _recall_by_type(card: Mapping[str, Any]) -> Mapping[str, float]:
    made = {str(name): float(recall) for name, recall in card.items()}
    if not all(0.0 <= recall <= 1.0 for recall in made.values()):
        raise ValueError("recall_by_type must hold shares from 0 to 1")
    return made


def _parsed(data: bytes) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    from safetensors.numpy import load

    length = int.from_bytes(data[:8], "little")
    card = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["card"])
    return load(data), card
