"""A user's own calibration as a file: strict JSON that belongs to one detector head.

::

    {"form": 1, "detector": "<sha256 of the head>", "calibration": {…}, "from": {…}}

``calibration`` is as `mtqa.detect.calibrate` has it; ``from`` counts the texts that it was made of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtqa.detect.calibrate import Calibration, calibration_from, calibration_json
from mtqa.errors import ConfigError, one_line, unknown

FORM = 1
_KEYS = ("form", "detector", "calibration", "from")
_CALIBRATION_KEYS = ("slope", "intercept", "context", "sound")
_BIN_KEYS = ("tokens_up_to", "sentences", "log_odds", "above")
#: A calibration is some ten kilobytes; what is far larger is something else.
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, eq=False)
class OwnCalibration:
    """A calibration file that was read: ``detector`` is its head's digest, ``digest`` the file's own."""

    path: str
    detector: str
    calibration: Calibration
    digest: str

    def for_head(self, digest: str | None) -> Calibration:
        """The calibration, if it is that head's. Raises `ConfigError`."""
        if digest is None:
            raise ConfigError(f"{self.path}: a calibration is a detector's, and there is none for this model")
        if digest != self.detector:
            raise ConfigError(
                f"{self.path}: made with the detector head {self.detector[:12]}, not with {digest[:12]}; "
                "run mtqa calibrate again"
            )
        return self.calibration


def calibration_text(calibration: Calibration, detector: str, made_from: Mapping[str, int]) -> str:
    """The file's text. ``detector``: the head's digest."""
    form = {
        "form": FORM,
        "detector": detector,
        "from": dict(made_from),
        "calibration": calibration_json(calibration),
    }
    return json.dumps(form, allow_nan=False) + "\n"


def load_calibration(path: str) -> OwnCalibration:
    """The calibration in a file. Raises `ConfigError` in one line that names it."""
    if not path:
        raise ConfigError("calibration: no file is named")
    try:
        if Path(path).stat().st_size > _MOST_BYTES:
            raise ValueError("it is far too large")
        data = Path(path).read_bytes()
        card = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        detector, calibration = _checked(card)
    except FileNotFoundError as error:
        raise ConfigError(f"{one_line(path)}: no such calibration file; mtqa calibrate makes one") from error
    except OSError as error:
        raise ConfigError(
            f"{one_line(path)}: can't read this calibration ({one_line(error, 120)})"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{one_line(path)}: not a calibration file: {one_line(error, 200)}") from error
    return OwnCalibration(one_line(path), detector, calibration, hashlib.sha256(data).hexdigest())


def _checked(card: Any) -> tuple[str, Calibration]:
    _exactly(card, _KEYS, "key")
    if card["form"] != FORM or isinstance(card["form"], bool):
        raise ValueError(f"form is {one_line(repr(card['form']), 40)}; this mtqa reads form {FORM}")
    detector = card["detector"]
    if not isinstance(detector, str) or len(detector) != 64 or not set(detector) <= set("0123456789abcdef"):
        raise ValueError("detector must be the sha256 of a detector head")
    if not isinstance(card["from"], dict):
        raise ValueError("from must be a mapping")
    _exactly(card["calibration"], _CALIBRATION_KEYS, "calibration key")
    made = calibration_from(card["calibration"])
    for part in card["calibration"]["sound"]:
        _exactly(part, _BIN_KEYS, "key of a length bin")
    return detector, made


def _exactly(card: Any, keys: tuple[str, ...], what: str) -> None:
    if not isinstance(card, dict):
        raise ValueError(f"a mapping of {', '.join(keys)} is needed, not a {type(card).__name__}")
    for key in card:
        if key not in keys:
            raise ValueError(unknown(what, key, keys))
    for key in keys:
        if key not in card:
            raise ValueError(f"{what} {key!r} is missing")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {one_line(twice, 60)!r} is there twice")
    return made


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
