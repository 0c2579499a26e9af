"""A model directory's tokenizer, with two things put right.

* Strings such as ``<|endoftext|>`` or ``<bos>`` in an article are plain text: no added token that
  holds anything but white space is ever matched in the text.
* The document-start token is the right one. A chat model's tokenizer often calls the token that
  opens a chat turn its BOS; documents in its training began with another.

The ``tokenizers`` library is enough: transformers is imported only for a directory without a
``tokenizer.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mtqa.errors import ConfigError, ModelError, one_line
from mtqa.lm.backend import Tokens

#: Tokens that open a chat turn, never a document.
_CHAT_TOKENS = ("<|im_start|>", "<|user|>", "<start_of_turn>", "<|start_header_id|>", "[INST]")
#: What separates documents in the training of models whose tokenizers name no usable BOS.
_DOCUMENT_SEPARATORS = ("<|endoftext|>", "<|end_of_text|>", "<|begin_of_text|>", "<s>", "</s>")

#: Characters that are tokenised in one piece; how many of them two stretches share, and how many tokens on
#: either side of the seam must be the same: a tokenizer's choices depend on the near surroundings alone.
_STRETCH, _OVERLAP, _AGREE = 65_536, 4_096, 32

#: The log-probability of a piece that is not to be used, and a character that is none.
_NEVER, _NO_TEXT = -1e9, "\ufdd0"


class DocumentTokenizer:
    """Text to ids and character spans; one start token, and never another special one."""

    def __init__(self, directory: Path, *, start_token: str | None = None) -> None:
        """``start_token`` overrides the choice. Raises `ModelError`, `ConfigError`."""
        data = _tokenizer_json(directory)
        try:
            self.start_token, self.start_id = _start(data, directory, start_token)
            self._names = {int(t["id"]): str(t["content"]) for t in data.get("added_tokens", [])}
            self._tokenizer, self._moved = _plain(data, directory)
        except (
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:  # of another shape than it should be
            raise _unreadable(directory, f"{type(error).__name__}: {error}") from error
        self._cache: dict[int, str] = {}

    @property
    def size(self) -> int:
        """One more than the largest id that a text can give."""
        own = int(self._tokenizer.get_vocab_size(with_added_tokens=True))
        return max(own - len(self._moved), self.start_id + 1, *(i + 1 for i in self._moved.values()))

    def tokenize(self, text: str) -> Tokens:
        """The text's tokens, without the start token.

        A long text goes through in stretches that overlap, joined where both have the same tokens: for
        one piece the tokenizer takes 100 bytes a character. Where they don't agree it is one all the same.
        """
        plain = _no_surrogates(text)
        if len(plain) <= _STRETCH:
            return self._stretch(plain, 0, len(plain))
        parts, left = [], self._stretch(plain, 0, _STRETCH)
        for begin in range(_STRETCH - _OVERLAP, len(plain) - _OVERLAP, _STRETCH - _OVERLAP):
            right = self._stretch(plain, begin, begin + _STRETCH)
            seam = _seam(left, right, begin + _OVERLAP // 2)
            if seam is None:
                return self._stretch(plain, 0, len(plain))
            parts.append(_cut(left, 0, seam[0]))
            left = _cut(right, seam[1], len(right))
        parts.append(left)
        return Tokens(*(np.concatenate([getattr(p, name) for p in parts]) for name in Tokens.__slots__))

    def _stretch(self, text: str, begin: int, end: int) -> Tokens:
        encoding = self._tokenizer.encode(text[begin:end], add_special_tokens=False)
        spans = np.asarray(encoding.offsets, dtype=np.int32).reshape(-1, 2) + np.int32(begin)
        found = [self._moved.get(i, i) for i in encoding.ids] if self._moved else encoding.ids
        return Tokens(np.asarray(found, dtype=np.int32), spans[:, 0].copy(), spans[:, 1].copy())

    def pieces(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Each id's text; a byte of a longer character shows as U+FFFD."""
        for i in ids:
            if i not in self._cache:
                named = self._names.get(i)
                self._cache[i] = named if named is not None else self._decode(i)
        return {i: self._cache[i] for i in ids}

    def _decode(self, token_id: int) -> str:
        # A lone piece loses its leading space in some decoders: decode it behind an anchor.
        token = self._tokenizer.id_to_token(token_id)
        if token is None:
            return ""
        text: str = self._tokenizer.decode([token_id], skip_special_tokens=False)
        return " " + text if token[:1] in "Ġ▁" and not text.startswith(" ") else text


def _seam(left: Tokens, right: Tokens, middle: int) -> tuple[int, int] | None:
    """Where two stretches may be joined near ``middle``: a token's index in each, or None.

    The `_AGREE` tokens on either side of it are the same in both.
    """
    found = np.flatnonzero((left.starts[1:] >= middle) & (np.diff(left.starts) > 0))
    if not len(found):
        return None
    i = int(found[0]) + 1
    j = int(np.searchsorted(right.starts, left.starts[i]))
    if min(i, j, len(left) - i, len(right) - j) < _AGREE:
        return None
    a, b = _cut(left, i - _AGREE, i + _AGREE), _cut(right, j - _AGREE, j + _AGREE)
    same = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in Tokens.__slots__)
    return (i, j) if same else None


def _cut(tokens: Tokens, begin: int, end: int) -> Tokens:
    return Tokens(tokens.ids[begin:end], tokens.starts[begin:end], tokens.ends[begin:end])


def _no_surrogates(text: str) -> str:
    """Lone surrogates as U+FFFD, one for one: the tokenizer takes well-formed text only."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text) if not _encodes(text) else text


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _tokenizer_json(directory: Path) -> dict[str, Any]:
    path = directory / "tokenizer.json"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else _converted(directory)
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError(f"a {type(data).__name__} where an object should be")
    except (OSError, ValueError) as error:
        raise _unreadable(directory, error) from error
    return data


def _converted(directory: Path) -> str:
    """A slow tokenizer's fast form, made by transformers."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
        return str(tokenizer.backend_tokenizer.to_str())
    except Exception as error:
        raise ModelError(
            f"{directory}: no tokenizer.json, and none can be made from what is there "
            f"({type(error).__name__}: {one_line(error, 120)})"
        ) from error


def _plain(data: dict[str, Any], directory: Path) -> tuple[Any, dict[int, int]]:
    """The tokenizer with only its white-space added tokens left, and what it calls them → their own ids.

    It numbers those that are not in the model's vocabulary anew, without gaps for those that are gone.
    """
    from tokenizers import Tokenizer

    kept = [t for t in data.get("added_tokens", []) if not t["content"].strip()]
    special = {t["content"] for t in data.get("added_tokens", []) if t["content"].strip()}
    model = _without_pieces(data.get("model", {}), special)
    plain = {
        **data,
        "model": model,
        "added_tokens": kept,
        "truncation": None,
        "padding": None,
        "post_processor": None,
    }
    try:
        tokenizer = Tokenizer.from_str(json.dumps(plain))
    except Exception as error:  # the library raises nothing narrower
        raise _unreadable(directory, error) from error
    called = [(tokenizer.token_to_id(t["content"]), int(t["id"])) for t in kept]
    return tokenizer, {now: own for now, own in called if now is not None and now != own}


def _unreadable(directory: Path, why: object) -> ModelError:
    return ModelError(
        f"{directory / 'tokenizer.json'}: not a tokenizer that can be read ({one_line(why, 120)})"
    )


def _without_pieces(model: dict[str, Any], special: set[str]) -> dict[str, Any]:
    """A model that never takes a special string as one piece (a BPE has no merges that would)."""
    if model.get("type") == "Unigram":
        pieces = [
            [piece, _NEVER if piece in special and i != model.get("unk_id") else score]
            for i, (piece, score) in enumerate(model["vocab"])
        ]
        return {**model, "vocab": pieces}
    if model.get("type") in ("WordLevel", "WordPiece") or model.get("ignore_merges"):
        return _renamed(model, special - _merged(model))
    return model


def _renamed(model: dict[str, Any], special: set[str]) -> dict[str, Any]:
    """The model with names for its special pieces that no text holds; each keeps its id."""
    names = {piece: f"{_NO_TEXT} {piece}" for piece in special if piece in model["vocab"]}
    changed = {"vocab": {names.get(piece, piece): i for piece, i in model["vocab"].items()}}
    unknown = model.get("unk_token")
    return {**model, **changed, **({"unk_token": names[unknown]} if unknown in names else {})}


def _merged(model: Mapping[str, Any]) -> set[str]:
    """What a BPE's merges make, and what they make it of: the library finds it by its name."""
    pairs = [pair.split(" ", 1) if isinstance(pair, str) else pair for pair in model.get("merges") or []]
    return {piece for left, right in pairs for piece in (left, right, left + right)}


def _start(data: dict[str, Any], directory: Path, wanted: str | None) -> tuple[str, int]:
    """The document-start token and its id."""
    ids = {t["content"]: int(t["id"]) for t in data.get("added_tokens", [])}
    if wanted is not None:
        vocabulary = {**_vocabulary(data), **ids}
        if wanted not in vocabulary:
            raise ConfigError(f"start token {one_line(wanted, 60)!r}: not in the vocabulary of {directory}")
        return wanted, int(vocabulary[wanted])
    names = _special_names(directory, ids)
    bos, eos = names.get("bos_token"), names.get("eos_token")
    candidates = [t for t in (_put_in_front(data), bos) if t and t not in _CHAT_TOKENS]
    candidates += [t for t in _DOCUMENT_SEPARATORS if t in ids]
    candidates += [eos] if eos and eos not in _CHAT_TOKENS and not bos else []
    for token in candidates:
        if token in ids:
            return token, ids[token]
    raise ModelError(
        f"{directory}: can't tell which token starts a document; name it with start_token in the config"
    )


def _put_in_front(data: Mapping[str, Any]) -> str | None:
    """The one special token that the tokenizer itself puts in front of a text, which training saw there.

    XGLM's is its ``</s>``, whatever its BOS is called.
    """
    processor = data.get("post_processor") or {}
    for step in [processor, *(processor.get("processors") or [])]:
        pieces = step.get("single") or []
        if len(pieces) > 1 and "SpecialToken" in pieces[0] and "Sequence" in pieces[1]:
            return str(pieces[0]["SpecialToken"]["id"])
    return None


def _vocabulary(data: dict[str, Any]) -> dict[str, int]:
    vocabulary = data.get("model", {}).get("vocab", {})
    return vocabulary if isinstance(vocabulary, dict) else {piece[0]: i for i, piece in enumerate(vocabulary)}


def _special_names(directory: Path, ids: Mapping[str, int]) -> dict[str, str]:
    """bos_token and eos_token by name: from tokenizer_config.json, else by id from config.json."""
    by_id = {i: token for token, i in ids.items()}
    config, settings = _json(directory / "config.json"), _json(directory / "tokenizer_config.json")
    names: dict[str, str] = {}
    for name in ("bos_token", "eos_token"):
        value = settings.get(name)
        value = value.get("content") if isinstance(value, dict) else value
        if not value and name not in settings:
            number = config.get(f"{name}_id")
            number = number[0] if isinstance(number, list) and number else number  # of several the first
            value = by_id.get(number) if isinstance(number, int) else None
        if value:
            names[name] = str(value)
    return names


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
