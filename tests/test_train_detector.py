"""The training's command line, what it keeps when it is interrupted, and the reference that it makes."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import train_detector
from detector_fit import LOSSES, Ensemble, Recipe
from detector_kinds import FITTED
from detector_plans import CORPORA, PLANS, Plan
from detector_sentences import ALONE, SPEAKS, Table, _alone_weights, _document_weights, _worst_reference
from detector_states import States

from mtqa.detect.calibrate import Calibration
from mtqa.detect.features import FEATURES
from mtqa.detect.head import FOLDER, OUTPUTS, load_head
from mtqa.detect.sentence import SENTENCE_FEATURES
from tests.detector_states_made import made_states


@pytest.fixture
def refused(monkeypatch, capsys):
    """Runs the script, which must end before any work; gives its line."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(train_detector, "begin", lambda _: pytest.fail("it began to work"))
        monkeypatch.setattr(sys, "argv", ["scripts/train_detector.py", *arguments])
        with pytest.raises(SystemExit) as caught:
            train_detector.main()
        assert caught.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
        return err

    return run


def test_a_head_of_fewer_corpora_does_not_take_the_place_of_the_one_in_mtqa(refused):
    assert "add -o FILE" in refused("--without", "web", "web_rules")


def test_unknown_corpora_are_refused_with_the_known_ones(refused):
    said = refused("--without", "web", "demeter", "-o", "head.safetensors")
    assert "'demeter': did you mean 'demetr'?" in said
    for name in train_detector.CORPORA:
        assert name in said


def test_corpora_that_older_code_made_are_kept_and_told_of(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(train_detector, "corpora", lambda _: {"web": lambda: [{"doc": "a"}]})
    monkeypatch.setattr(train_detector, "pieces", lambda *_: [])
    monkeypatch.setattr(train_detector, "sampled", lambda *_: [{"doc": "b"}])
    for _ in range(2):  # made, then found
        paths = train_detector.make_corpora(tmp_path, tmp_path)
        assert paths["web"].read_text() == '{"doc": "a"}\n'
        assert "another version" not in capsys.readouterr().err
    monkeypatch.setattr(train_detector, "generator_digest", lambda: "other")
    paths["sampled"].unlink()
    train_detector.make_corpora(tmp_path, tmp_path)
    assert (
        f"{tmp_path}: made by another version of the code: web, written_sampled; remove"
        in capsys.readouterr().err
    )


def test_known_corpora_may_be_left_out_into_a_file(monkeypatch, tmp_path):
    target = tmp_path / "head.safetensors"
    monkeypatch.setattr(train_detector, "begin", lambda options: options)
    monkeypatch.setattr(train_detector, "fitted", lambda _: b"a head")
    monkeypatch.setattr(sys, "argv", ["train_detector.py", "--without", "web", "-o", str(target)])
    train_detector.main()
    assert target.read_bytes() == b"a head"


@pytest.mark.parametrize("model", sorted(PLANS))
def test_a_head_that_ships_was_made_of_what_the_script_makes_it_of(model: str):
    """Its card beside the script: another weight, licence, layer or recipe is another head."""
    card, plan = load_head(FOLDER / f"{model}.safetensors").card, PLANS[model]
    told = {name: (own["weight"], own["licence"]) for name, own in card["data"].items()}
    read = {name: licence for name, (_, licence) in CORPORA.items() if name not in plan.without}
    assert told == {name: (plan.weight(name), licence) for name, licence in read.items()}
    assert set(plan.shares) | set(plan.weights) <= set(read)
    assert set(plan.without) < set(CORPORA)
    assert card["layers"] == list(plan.layers)
    recipe = dataclasses.asdict(Recipe()) | {"losses": LOSSES, "kinds": FITTED}
    assert {name: card["recipe"][name] for name in recipe} == json.loads(json.dumps(recipe))
    assert card["features"] == list(FEATURES)
    assert card["outputs"] == list(OUTPUTS)


def _states() -> States:
    """One document of one sentence of two tokens."""
    return made_states([0, 0], [""], width=3, labels=np.zeros(1, np.int8))


def test_an_ensemble_that_was_half_written_is_trained_anew(monkeypatch, tmp_path):
    states = _states()
    begun = train_detector.Begun(
        found={"web": states},
        articles=states,
        moments=(np.zeros(3), np.ones(3)),
        folds={"web": np.zeros(1)},
        card={"recipe": {"seed": 1, "members": 2}},
        folder=tmp_path,
        plan=Plan((1,)),
    )
    trained = Ensemble(3, 4, Recipe(), 2)
    monkeypatch.setattr(train_detector, "trained", lambda *_, **__: trained)

    def interrupted(_, path):
        Path(path).write_bytes(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_detector._ensemble(begun)
    again = train_detector._ensemble(begun)
    assert torch.equal(again.states.weight, trained.states.weight)
    monkeypatch.setattr(train_detector, "trained", lambda *_, **__: pytest.fail("it is there already"))
    assert torch.equal(train_detector._ensemble(begun).states.weight, trained.states.weight)


def test_the_reference_counts_shares_of_the_worst_source_and_not_its_p_values():
    """What docs/methods.md says of it, and what it says it is not."""
    worse, better = np.linspace(0, 10, 2000), np.linspace(-5, 5, SPEAKS)
    n = len(worse) + len(better)
    reference = _worst_reference([(x, np.full(len(x), 20)) for x in (worse, better)])
    p = Calibration(1.0, 0.0, reference).p_value(np.array([7.0, 11.0]), [20, 20])
    assert p[0] == pytest.approx((1 + 0.3 * n) / (n + 1), rel=0.025)  # of the pool it is .25
    assert p[1] == pytest.approx(1 / (n + 1))
    assert p[1] < 1 / (len(better) + 1)
    few = _worst_reference([(worse[: SPEAKS - 1] + 20, np.full(SPEAKS - 1, 20)), (worse, np.full(2000, 20))])
    own = Calibration(1.0, 0.0, few).p_value(np.array([15.0]), [20])
    assert own[0] == pytest.approx((SPEAKS - 1) / (2000 + SPEAKS), rel=0.03)  # too few to speak: the pool


def test_a_feature_that_gains_next_to_nothing_has_no_weight_in_documents():
    rng = np.random.default_rng(2)
    labels = (rng.random(4000) < 0.15).astype(int)
    features = rng.normal(0, 1, (4000, len(SENTENCE_FEATURES)))
    features[:, SENTENCE_FEATURES.index("noisy_or")] += 2 * labels

    def weights(of: np.ndarray) -> dict[str, float]:
        table = Table(
            of,
            np.full(4000, 20),
            labels,
            np.full(4000, np.nan),
            np.arange(4000) // 20,
            alone=False,
            types=np.full(4000, ""),
        )
        found = _document_weights({"one": table})
        return {name: float(w) for name, w in zip(SENTENCE_FEATURES, found, strict=True) if w}

    assert weights(features) == {"noisy_or": 1.0}
    telling = features.copy()
    telling[:, SENTENCE_FEATURES.index("worst_token")] += 2 * labels
    assert set(weights(telling)) == {"noisy_or", "worst_token"}


def test_sentences_alone_are_judged_by_few_features_and_versions_lie_above_their_sentence():
    rng = np.random.default_rng(4)
    poor = SENTENCE_FEATURES.index("poor_mean")
    scored = rng.normal(0, 1, (500, len(SENTENCE_FEATURES)))
    versions = rng.normal(0, 1, (300, len(SENTENCE_FEATURES)))
    versions[1::2] = versions[::2]
    versions[1::2, poor] += 1.0
    common = {"tokens": np.full(500, 20), "owner": np.zeros(500), "alone": True, "types": np.full(500, "")}
    tables = {
        "mlqe_ro": Table(scored, labels=np.full(500, -1), scores=-scored[:, poor], **common),
        "demetr": Table(versions, labels=np.arange(300) % 2, scores=np.full(300, np.nan), **common),
    }
    found = _alone_weights(tables)
    assert set(np.flatnonzero(found)) == {SENTENCE_FEATURES.index(name) for name in ALONE}
    assert found[poor] == pytest.approx(1.0, abs=0.05)
    odds = versions @ found
    assert (odds[1::2] > odds[::2]).all()


def test_a_device_that_is_not_there_is_refused_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        train_detector.picked("gpu")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--device" in said
    assert "cuda" in said
    assert train_detector.picked("cpu") == "cpu"
