"""The detector head against brute force, however its tokens come; its file, and the ledger's part."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from mtqa.config import Config
from mtqa.detect import head as head_module
from mtqa.detect.features import FEATURES, passage_tokens, token_features
from mtqa.detect.head import OUTPUTS, Head, find_head, load_head
from mtqa.errors import ConfigError
from mtqa.lm.backend import TokenStatistics
from mtqa.lm.fake import FakeBackend
from mtqa.lm.ledger_codec import Scored, pack, unpack
from mtqa.lm.ledger_key import model_key
from mtqa.lm.local import ModelFiles
from mtqa.lm.score import score_passages
from mtqa.lm.windows import passage_windows
from mtqa.records import Passage
from tests.detect.heads import calibration_card, random_head

WIDTH = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("heads")


@pytest.fixture(scope="module")
def heads(folder) -> dict[int, Head]:
    """By how many places they look at."""
    return {k: random_head(folder / f"{k}.safetensors", width=WIDTH, places=k, seed=k) for k in (1, 2, 4)}


def _statistics(rng: np.random.Generator, n: int) -> TokenStatistics:
    def floats(*shape: int) -> np.ndarray:
        return rng.random(shape).astype(np.float32)

    return TokenStatistics(
        surprisal_nats=floats(n) * 12,
        entropy_nats=floats(n) * 6,
        surprisal_sd_nats=floats(n) * 3,
        rank=rng.integers(1, 900, n).astype(np.int32),
        likelier_mass=floats(n) * np.float32(0.999),
        alternative_ids=rng.integers(0, 9, (n, 3)).astype(np.int32),
        alternative_p=np.sort(floats(n, 3) / 3, axis=1)[:, ::-1],
    )


def _part(statistics: TokenStatistics, start: int, end: int) -> TokenStatistics:
    fields = [f.name for f in dataclasses.fields(statistics)]
    values = {name: getattr(statistics, name) for name in fields}
    return TokenStatistics(**{n: v[start:end] if v is not None else None for n, v in values.items()})


def _passage(seed: int, n: int):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 7, n).astype(np.int32)
    pieces = dict(enumerate([" the", "The", " 7", ",", "\n\n", "ing", " Zoë"]))
    # Far out now and then, so that the clipping is met.
    hidden = (rng.standard_t(2, (n, WIDTH)) * 2).astype(np.float32)
    return ids, pieces, _statistics(rng, n), hidden


def _brute_force(head: Head, ids, pieces, statistics, hidden) -> np.ndarray:
    """The formula of `mtqa.detect.head`, one token, one unit and one place at a time, in float64."""
    features = token_features(statistics, passage_tokens(ids, pieces), 0).astype(np.float64)
    units, places = head.bias.shape[0], head.places
    made = np.zeros((len(ids), len(OUTPUTS)))
    for t in range(len(ids)):
        out = head.out_bias.astype(np.float64).copy()
        for u in range(units):
            z = float(head.bias[u]) + sum(
                features[t, f] * float(head.features[f, u]) for f in range(len(FEATURES))
            )
            for k in range(places):
                for w in range(hidden.shape[1]) if t + k < len(ids) else ():
                    n = (float(hidden[t + k, w]) - float(head.mean[w])) / float(head.scale[w])
                    z += min(max(n, -6.0), 6.0) * float(head.states[w, k * units + u])
            gelu = z * 0.5 * (1 + math.erf(z / math.sqrt(2)))
            out += gelu * head.out[u].astype(np.float64)
        made[t] = out
    return made


def _read(head: Head, ids, pieces, statistics, hidden, cuts) -> np.ndarray:
    reader = head.passage(ids, pieces)
    edges = [0, *sorted(cuts), len(ids)]
    parts = [
        reader.push(_part(statistics, a, b), head.projection.of(hidden[a:b]))
        for a, b in itertools.pairwise(edges)
        if a < b
    ]
    return np.concatenate([*parts, reader.end()])


@pytest.mark.parametrize("places", [1, 2, 4])
@pytest.mark.parametrize("n", [1, 2, 3, 17])
def test_outputs_equal_brute_force(heads, places: int, n: int):
    passage = _passage(n, n)
    got = _read(heads[places], *passage, [])
    assert got.dtype == np.float32
    assert got == pytest.approx(_brute_force(heads[places], *passage), abs=2e-5)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n=st.integers(1, 40), places=st.sampled_from([1, 2, 4]), seed=st.integers(0, 999))
def test_stretches_of_any_length_equal_one_push(heads, data, n: int, places: int, seed: int):
    cuts = data.draw(st.lists(st.integers(0, n), max_size=8))
    passage = _passage(seed, n)
    whole = _read(heads[places], *passage, [])
    got = _read(heads[places], *passage, cuts)
    assert got.shape == (n, len(OUTPUTS))
    # A matrix product's last bit depends on its shape.
    assert got == pytest.approx(whole, abs=2e-5)


@given(n=st.integers(1, 12), places=st.sampled_from([1, 2, 4]))
def test_a_token_is_given_out_as_soon_as_it_is_complete(heads, n: int, places: int):
    ids, pieces, statistics, hidden = _passage(n, n)
    reader = heads[places].passage(ids, pieces)
    near = heads[places].projection.of(hidden)
    given_out = [len(reader.push(_part(statistics, i, i + 1), near[i : i + 1])) for i in range(n)]
    assert np.cumsum(given_out).tolist() == [max(i + 1 - (places - 1), 0) for i in range(n)]
    assert len(reader.end()) == min(n, places - 1)
    assert len(reader.end()) == 0


@pytest.mark.parametrize("rows", [0, 1, 3, 50])
def test_a_product_in_pieces_is_the_product(rows: int):
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, 300)), rng.normal(size=(300, 200)).astype(np.float32)
    assert a.shape[1] * b.shape[1] * 5 > head_module._QUIET  # pieces of four rows
    got = head_module._product(a, b)
    assert got.shape == (rows, 200)
    assert got == pytest.approx(np.einsum("ij,jk->ik", a, b.astype(np.float64)), abs=1e-9)


def test_two_passages_do_not_see_each_other(heads, folder):
    head = random_head(folder / "alone.safetensors", places=3)
    both = score_passages(FakeBackend(), [Passage("one text", 0), Passage("two", 10)], reader=head)
    alone = score_passages(FakeBackend(), [Passage("two", 10)], reader=head)
    assert np.array_equal(both[1].detector, alone[0].detector)


@settings(max_examples=25, deadline=None)
@given(text=st.text(alphabet="ab c.", min_size=1, max_size=60), size=st.integers(4, 30))
def test_windows_of_any_size_give_each_token_its_outputs(folder, text: str, size: int):
    """With the fake a state is its token's id and the scores are uniform: windows must not be seen at all."""
    head = random_head(folder / "windows.safetensors", places=3)
    small = score_passages(FakeBackend(), [Passage(text, 0)], window=size, reader=head)[0]
    whole = score_passages(FakeBackend(), [Passage(text, 0)], reader=head)[0]
    assert small.detector == pytest.approx(whole.detector, abs=2e-5)
    assert len(small.detector) == len(text)
    assert small.hidden is None


@pytest.mark.model
@pytest.mark.parametrize(("window", "layers"), [(None, (16,)), (24, (16,)), (24, (10, 16))])
def test_windows_of_the_real_model_equal_those_put_together_by_hand(smollm2, article, folder, window, layers):
    head = random_head(
        folder / f"real-{window}-{len(layers)}.safetensors",
        width=576 * len(layers),
        places=3,
        layers=layers,
        weights_sha256=smollm2.identity.weights_sha256,
    )
    got = score_passages(smollm2, [Passage(article, 0)], window=window, reader=head)[0]
    tokens = smollm2.tokenize(article)
    parts = [smollm2.score([w], layers=layers)[0] for w in passage_windows(tokens, window or 2048)]
    assert len(parts) >= 4 if window else len(parts) == 1
    names = [f.name for f in dataclasses.fields(TokenStatistics)]
    joined = TokenStatistics(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})
    pieces = smollm2.pieces(tokens.ids.tolist())
    expected = _brute_force(head, tokens.ids, pieces, joined, joined.hidden)
    # Windows go through in batches or alone: states agree to float32's last digits, times 576 weights.
    assert got.detector == pytest.approx(expected, abs=5e-3)
    assert np.abs(expected).max() > 1


# --- the file


def test_a_head_comes_back_from_its_file(folder):
    head = random_head(
        folder / "whole.safetensors",
        width=3,
        more={"calibration": calibration_card([0.0, 1.0], slope=2.0), "recall_by_type": {"negation": 0.1}},
    )
    assert (head.layers, head.places, head.states.shape) == ((1,), 2, (3, 12))
    assert head.calibration is not None
    assert head.calibration.slope == 2.0
    assert head.recall_by_type == {"negation": 0.1}
    assert random_head(folder / "bare.safetensors").calibration is None
    assert find_head("none", "0" * 64) is None
    assert find_head(str(folder / "whole.safetensors"), "0" * 64) is head


BAD = {
    "calibration": {"calibration": {"slope": -1}},
    "calibration of another kind": {"calibration": 7},
    "recall": {"recall_by_type": {"negation": 7}},
    "words": {"words": {"slope": 0, "sentence": 1, "intercept": 1}},
    "words without their sentence": {"words_alone": {"slope": 1, "intercept": 1}},
    "words of another kind": {"words": [1, 2]},
    "recall of another kind": {"recall_by_type": [1]},
    "form": {"form": 99},
    "features": {"features": ["surprisal"]},
    "outputs": {"outputs": []},
    "weights of another kind": {"weights_sha256": 7},
    "no places": {"places": 0},
}


@pytest.mark.parametrize("kind", BAD)
def test_a_card_that_does_not_fit_is_one_line(folder, kind: str):
    path = folder / f"bad-{kind}.safetensors"
    with pytest.raises(ConfigError, match="not a detector head") as caught:
        random_head(path, more=BAD[kind])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def _rewritten(source, target, *, change=None, card=None) -> None:
    """The head's file with some tensors changed (None: left out), and its card."""
    with safe_open(source, "numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        old = json.loads(file.metadata()["card"])
    tensors = {name: value for name, value in {**tensors, **(change or {})}.items() if value is not None}
    save_file(tensors, target, metadata={"card": json.dumps(card(old) if card else old)})


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, dtype=np.float32)


#: What of a head of width 3, two places and six units does not fit the rest.
MISSHAPEN = {
    "mean": _zeros(4),
    "scale": _zeros(4),
    "states": _zeros(3, 6),
    "features": _zeros(len(FEATURES) - 1, 6),
    "bias": _zeros(6, 1),
    "out": _zeros(6, len(OUTPUTS) + 1),
    "out_bias": _zeros(1),
}


@pytest.mark.parametrize("name", MISSHAPEN)
@pytest.mark.parametrize("there", [True, False])
def test_a_tensor_that_does_not_fit_the_others_or_lacks_is_one_line(folder, name: str, there: bool):
    random_head(folder / "fits.safetensors", width=3)
    path = folder / f"misshapen-{name}-{there}.safetensors"
    _rewritten(folder / "fits.safetensors", path, change={name: MISSHAPEN[name] if there else None})
    says = "its tensor .* beside the others it must be" if there else f"it has no tensor {name}"
    with pytest.raises(ConfigError, match=says) as caught:
        load_head(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_head_of_no_unit_or_no_width_is_none(folder):
    random_head(folder / "fits.safetensors", width=3)
    nothing = {"states": _zeros(3, 0), "features": _zeros(21, 0), "bias": _zeros(0), "out": _zeros(0, 11)}
    _rewritten(folder / "fits.safetensors", folder / "no-unit.safetensors", change=nothing)
    without = {"mean": _zeros(0), "scale": _zeros(0), "states": _zeros(0, 12)}
    _rewritten(folder / "fits.safetensors", folder / "no-width.safetensors", change=without)
    for name in ("no-unit", "no-width"):
        with pytest.raises(ConfigError, match="beside the others it must be"):
            load_head(folder / f"{name}.safetensors")


@pytest.mark.parametrize("key", ["weights_sha256", "layers", "places", "sentence"])
def test_a_card_that_lacks_a_key_names_it(folder, key: str):
    random_head(folder / "fits.safetensors", width=3)
    path = folder / f"lacks-{key}.safetensors"
    _rewritten(folder / "fits.safetensors", path, card=lambda old: {k: v for k, v in old.items() if k != key})
    with pytest.raises(ConfigError, match=f"its card has no {key}.*use detector: auto"):
        find_head(str(path), "0" * 64)


@pytest.mark.parametrize("card", [[], None, "card"])
def test_a_card_of_another_kind(folder, card):
    random_head(folder / "fits.safetensors", width=3)
    path = folder / f"kind-{card}.safetensors"
    _rewritten(folder / "fits.safetensors", path, card=lambda _: card)
    with pytest.raises(ConfigError, match="not a detector head"):
        load_head(path)


def test_files_that_are_no_head(folder):
    (folder / "text.safetensors").write_text("no tensors here")
    for name, says in (("text.safetensors", "not a detector head"), ("none.safetensors", "can't read")):
        with pytest.raises(ConfigError, match=says):
            load_head(folder / name)


def test_a_file_that_was_replaced_is_read_anew(folder):
    path, link = folder / "replaced.safetensors", folder / "link.safetensors"
    first = random_head(path, width=3, seed=1)
    link.symlink_to(path)
    assert load_head(path) is first
    assert load_head(link).digest == first.digest
    status = path.stat()
    second = random_head(folder / "new.safetensors", width=3, seed=2)
    os.utime(folder / "new.safetensors", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(folder / "new.safetensors", path)
    assert path.stat().st_size == status.st_size
    for name in (path, link):
        assert load_head(name).digest == second.digest != first.digest
        assert find_head(str(name), "0" * 64).digest == second.digest
    path.unlink()
    with pytest.raises(ConfigError, match="can't read this detector head"):
        load_head(path)


def test_names_of_heads_that_can_not_be_read_are_one_line(folder):
    (folder / "circle").symlink_to("circle")
    for name in (folder / "circle", folder, "a\0b", "x" * 300):
        with pytest.raises(ConfigError, match="can't read this detector head") as caught:
            find_head(str(name), "0" * 64)
        assert "\n" not in str(caught.value)


def test_a_head_of_another_model_is_refused(folder):
    path = folder / "other.safetensors"
    random_head(path, weights_sha256="1" * 64)
    with pytest.raises(ConfigError, match="belongs to the model of weights 111111111111"):
        find_head(str(path), "0" * 64)


# --- the ledger


def test_the_ledger_keeps_a_heads_outputs_bit_for_bit(folder):
    head = random_head(folder / "ledger.safetensors", places=3)
    backend = FakeBackend()
    scores = score_passages(backend, [Passage("Some words to keep.", 0)], reader=head)[0]
    assert scores.detector is not None
    back = unpack(pack(Scored(scores, backend.identity))).scores.detector
    assert (back.dtype, back.shape, back.tobytes()) == (
        np.float32,
        (19, len(OUTPUTS)),
        scores.detector.tobytes(),
    )
    without = score_passages(backend, [Passage("Some words to keep.", 0)])[0]
    assert unpack(pack(Scored(without, backend.identity))).scores.detector is None


def test_another_head_is_another_key(folder, tmp_path):
    files = ModelFiles("fake", tmp_path, "0" * 64, "0" * 64, None, ("*",))
    digests = [random_head(folder / f"key{i}.safetensors", seed=i).digest for i in range(3)]
    assert len({model_key(Config(), files, d) for d in [None, *digests]}) == 4
    assert model_key(Config(), files, digests[0]) == model_key(Config(), files, digests[0])


def test_every_head_that_comes_with_mtqa_is_of_the_model_that_it_is_listed_for():
    index = json.loads((head_module.FOLDER / "index.json").read_text())
    assert len(index) == len(set(index.values())) == 2
    for weights, name in index.items():
        head = load_head(head_module.FOLDER / name)
        assert head.card["weights_sha256"] == weights
        assert f"{head.card['model']}.safetensors" == name
        assert head.calibration is not None
        assert head.calibration_alone is not None
        assert head.words is not None
        assert head.words_alone is not None
        assert set(head.card["unseen"]) == set(head.card["data"])
        assert all(source["licence"] and source["sha256"] for source in head.card["data"].values())
    assert sum(file.stat().st_size for file in head_module.FOLDER.iterdir()) < 8_000_000
