"""Train the detector head: `python scripts/train_detector.py --data ../shared/data`, from data to weights.

Makes the training corpora, reads them with the language model (the long part), trains the ensemble, fits the
sentence model and the calibration on documents that the members had not seen, and writes the head with its
card into mtqa/detect/heads. Seeded; every step that is done is kept in --work and not done again.
About two hours on two cores; more for the larger model, which reads a smaller part.
Needs the extra `train`, and WordNet's data (wordnet-base).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from detector_corpora import ARTICLES as WRITTEN
from detector_corpora import corpora, pieces, read_lines, restored, written
from detector_drafts import DRAFTS
from detector_fit import LOSSES, Ensemble, Recipe, Source, moments, outputs, softened, standardised
from detector_kinds import FITTED, SENTENCE_KINDS, trained
from detector_plans import CORPORA, PLANS, WRITER, Plan
from detector_sampled import SEED as SAMPLING
from detector_sampled import sampled
from detector_sentences import (
    VERSIONED,
    fit_sentences,
    log_odds,
    recall_by_type,
    scores_by_source,
    sentence_table,
)
from detector_states import States, origin, origins, read_states, write_states
from detector_words import fit_words, word_table

from mtqa.config import Config
from mtqa.detect.features import FEATURES
from mtqa.detect.head import FOLDER, FORM, OUTPUTS
from mtqa.errors import MtqaError, unknown
from mtqa.lm.torch_loading import pick_device
from mtqa.pipeline import Ranker
from mtqa.report.write import write_report

#: Scripts that make corpora, beside `mtqa.bench.corrupt`.
GENERATORS = ("corpora", "drafts", "sampled", "spinner", "writing")
#: Raised when a change of code moves a score of a model of the catalogue (`mtqa.lm.score.SCORING`: of any).
READING = 3
#: Of a corpus of so few texts a share of the texts may be none.
FEW_TEXTS = 20
#: The project's own articles: no member sees them, the calibration does.
ARTICLES = Path(__file__).parent.parent / "tests/cases/articles.jsonl"
#: Documents are dealt into this many parts; each is judged by members that were trained without it.
FOLDS = 2


def make_corpora(data: Path, work: Path) -> dict[str, Path]:
    """The training corpora as JSONL, made where they are not there yet; what older code made is told."""
    kept, code = work / "made.json", generator_digest()
    by = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    made, older = {}, []
    speeches = data / "clean/speeches.jsonl"
    by_model = {
        "sampled": lambda: sampled(pieces(speeches, SAMPLING), WRITER),
        "written_sampled": lambda: sampled(restored(written()), WRITER),
    }
    for name, records in {**corpora(data), **by_model}.items():
        path = made[name] = work / f"{name}.jsonl"
        if not path.exists():
            print(f"{name}: making it", file=sys.stderr)
            partial = path.with_suffix(".partial")
            partial.write_text("".join(json.dumps(record) + "\n" for record in records()), encoding="utf-8")
            partial.rename(path)
            by[name] = code
            write_report(json.dumps(by, indent=1) + "\n", str(kept))
        elif by.get(name) != code:
            older.append(name)
    if older:
        names = ", ".join(older)
        print(f"{work}: made by another version of the code: {names}; remove to make anew", file=sys.stderr)
    return made


def generator_digest() -> str:
    """Of the code that makes the corpora."""
    package = Path(__file__).parent.parent / "mtqa/bench"
    files = [*sorted((package / "corruptions").glob("*.py")), package / "corrupt.py", package / "proposer.py"]
    files += [Path(__file__).with_name(f"detector_{name}.py") for name in GENERATORS]
    files += [package / "corruptions/collocations.tsv"]
    files += [*sorted(WRITTEN.glob("**/*.md")), *sorted(DRAFTS.glob("*.jsonl"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def shared_out(paths: Mapping[str, Path], model: str) -> dict[str, Path]:
    """What of each corpus the model reads, by `PLANS`: all that is from one text, or nothing of it.

    Of a corpus of few texts it reads some documents of each.
    """
    found = dict(paths)
    for name in paths.keys() & PLANS[model].shares.keys():
        below = PLANS[model].shares[name] * 2**32
        rows = read_lines(paths[name])
        few = len({origin(row) for row in rows}) < FEW_TEXTS
        keys = [f"g {origin(row)}{f' {i}' if few else ''}" for i, row in enumerate(rows)]
        drawn = [row for row, key in zip(rows, keys, strict=True) if zlib.crc32(key.encode()) < below]
        found[name] = paths[name].with_name(f"{name}.{model}.jsonl")
        write_report("".join(json.dumps(record) + "\n" for record in drawn), str(found[name]))
    return found


def read_corpora(paths: dict[str, Path], work: Path, model: str, *, device: str) -> dict[str, States]:
    """Every corpus as the model reads it."""
    config = {"model": model, "ledger": False, "detector": "none", "device": device}
    document = Ranker(Config(**config))
    rankers: dict[str, Ranker] = {}
    found = {}
    for name, path in paths.items():
        states = states_file(name, path, work, model)
        if not states.exists():
            if not rankers:
                alone = Ranker(Config(context="none", **config), backend=document.backend)
                rankers = {"document": document, "none": alone}
            write_states(read_lines(path), rankers, PLANS[model].layers, states)
        found[name] = softened(read_states(states, read_lines(path)))
    return found


def states_file(name: str, path: Path, work: Path, model: str) -> Path:
    """Named by what is read, how, and of which layers: another text or layer is read anew."""
    how = f"{model} {PLANS[model].layers} {READING} {FEATURES}"
    made = hashlib.sha256(path.read_bytes() + how.encode()).hexdigest()
    return work / f"{name}.{made[:12]}.npz"


def of_sentences(corpus: States, chosen: np.ndarray) -> np.ndarray:
    """Which tokens are those of the chosen sentences; one between two sentences goes with the first."""
    return chosen[np.maximum(np.maximum.accumulate(corpus.sentence), 0)]


def part(corpus: States, chosen: np.ndarray) -> States:
    """The sentences for which ``chosen`` (by number) is true, with their tokens."""
    tokens, place = of_sentences(corpus, chosen), np.cumsum(chosen) - 1
    values = {
        name: getattr(corpus, name)[chosen if len(getattr(corpus, name)) == len(corpus.labels) else tokens]
        for name in States.__dataclass_fields__
    }
    held = values["sentence"] >= 0
    values["sentence"] = np.where(held, place[np.maximum(values["sentence"], 0)], -1)
    return States(**values)


def folds_of(paths: dict[str, Path], seed: int) -> dict[str, np.ndarray]:
    """The part of each sentence, the same for all that were made from one text."""
    found = {}
    for name, path in paths.items():
        parts = [zlib.crc32(f"{seed} {origin}".encode()) % FOLDS for origin in origins(read_lines(path))]
        found[name] = np.array(parts)
    return found


def sources(found: Mapping[str, States], plan: Plan) -> list[Source]:
    """The corpora as they are learned from."""
    return [Source(states, plan.weight(name), name in VERSIONED) for name, states in found.items()]


def unseen(
    found: dict[str, States], folds: dict[str, np.ndarray], plan: Plan, seed: int, *, device: str
) -> dict[str, np.ndarray]:
    """Each corpus's outputs by a network that was trained without the document's text: ``(N, C)``."""
    made = {name: np.zeros((len(c.label), len(OUTPUTS)), dtype=np.float32) for name, c in found.items()}
    for fold in range(FOLDS):
        rest = {name: part(c, folds[name] != fold) for name, c in found.items()}
        network = trained(sources(rest, plan), Recipe(), seed + 100 + fold, device=device)
        for name, corpus in found.items():
            own = folds[name] == fold
            made[name][of_sentences(corpus, own)] = outputs(network, part(corpus, own))
    return made


def head_file(ensemble: Ensemble, moments_: tuple[np.ndarray, np.ndarray], card: dict[str, Any]) -> bytes:
    """The ensemble as one network, in the form that `mtqa.detect.head` reads."""
    from safetensors.numpy import save

    def array(weights: torch.Tensor) -> np.ndarray:
        return weights.detach().numpy()

    tensors = {
        "mean": moments_[0],
        "scale": moments_[1],
        "states": array(ensemble.states.weight).T,
        "features": array(ensemble.features.weight).T,
        "bias": array(ensemble.features.bias),
        "out": np.vstack([array(layer.weight).T for layer in ensemble.out]) / ensemble.members,
        "out_bias": np.mean([array(layer.bias) for layer in ensemble.out], axis=0),
    }
    half = {"states"}  # float16 is exact enough for it and halves the file
    kept = {
        n: np.ascontiguousarray(t, dtype=np.float16 if n in half else np.float32) for n, t in tensors.items()
    }
    return save(kept, metadata={"card": json.dumps(card, sort_keys=True)})


def options_of(description: str | None) -> argparse.Namespace:
    """The arguments of this script and of those that go on from its work."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MTQA_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("work/detector"), help="what is done is kept there")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")
    parser.add_argument(
        "--without", nargs="*", default=[], metavar="CORPUS", help=f"to leave out, of {', '.join(CORPORA)}"
    )
    parser.add_argument("-o", "--output", type=Path, help="a file to write to")
    options = parser.parse_args()
    if options.model not in PLANS:
        _refuse(f"--model: {unknown('model', options.model, PLANS)}")
    for name in options.without:
        if name not in CORPORA:
            _refuse(f"--without: {unknown('corpus', name, CORPORA)}")
    return options


def picked(device: str) -> str:
    """Where the model reads and networks are trained."""
    try:
        return pick_device(device)
    except MtqaError as error:
        _refuse(f"--device: {error}")


def _refuse(why: str) -> NoReturn:
    """Ends in one line: what was asked for can't be done."""
    print(f"{Path(sys.argv[0]).name}: {why}", file=sys.stderr)
    sys.exit(2)


@dataclass(frozen=True)
class Begun:
    """What a training starts from.

    ``found``: every corpus, standardised by ``moments``; ``articles`` likewise. ``folds``: see `folds_of`.
    ``card``: what the head is made of. ``folder``: what was trained from exactly that is kept there.
    ``device``: where networks are trained. ``plan``: the model's.
    """

    found: dict[str, States]
    articles: States
    moments: tuple[np.ndarray, np.ndarray]
    folds: dict[str, np.ndarray]
    card: dict[str, Any]
    folder: Path
    plan: Plan
    device: str = "cpu"


def begin(options: argparse.Namespace) -> Begun:
    """The corpora made and read, where that is not done yet."""
    options.work.mkdir(parents=True, exist_ok=True)
    paths = shared_out(make_corpora(options.data, options.work), options.model)
    left = {*options.without, *PLANS[options.model].without}
    paths = {name: path for name, path in paths.items() if name not in left}
    device = picked(options.device)
    found = read_corpora(paths, options.work, options.model, device=device)
    articles = read_corpora({"articles": ARTICLES}, options.work, options.model, device=device)["articles"]
    card = _card(paths, found, options) | {"trained_on": {"device": device, "torch": torch.__version__}}
    folds = folds_of(paths, options.seed)
    read = [states_file(name, path, options.work, options.model).name for name, path in paths.items()]
    folder = options.work / _digest({**card, "read": read, "kinds of": SENTENCE_KINDS}, found, folds)[:12]
    folder.mkdir(exist_ok=True)
    made = moments(list(found.values()))
    return Begun(
        found={name: standardised(corpus, made) for name, corpus in found.items()},
        articles=standardised(articles, made),
        moments=made,
        folds=folds,
        card=card,
        folder=folder,
        plan=PLANS[options.model],
        device=device,
    )


def _digest(card: dict[str, Any], found: dict[str, States], folds: dict[str, np.ndarray]) -> str:
    """Of all that a training comes from: other states, labels or another dealing out are another training."""
    made = hashlib.sha256(json.dumps(card, sort_keys=True).encode())
    for name, corpus in found.items():
        for what in ("label", "known", "labels", "scores", "types"):
            made.update(np.ascontiguousarray(getattr(corpus, what)).tobytes())
        made.update(folds[name].tobytes())
    return made.hexdigest()


def _card(paths: dict[str, Path], found: dict[str, States], options: argparse.Namespace) -> dict[str, Any]:
    identity = Ranker(Config(model=options.model, ledger=False, detector="none")).identity
    data = {
        name: {
            "licence": CORPORA[name][1],
            "sha256": hashlib.sha256(paths[name].read_bytes()).hexdigest(),
            "sentences": len(found[name].labels),
            "tokens": len(found[name].label),
            "weight": PLANS[options.model].weight(name),
        }
        for name in found
    }
    more = {"members": options.members, "seed": options.seed, "losses": LOSSES, "kinds": FITTED}
    return {
        "form": FORM,
        "model": identity.name,
        "weights_sha256": identity.weights_sha256,
        "layers": list(PLANS[options.model].layers),
        "places": Recipe().places,
        "features": list(FEATURES),
        "outputs": list(OUTPUTS),
        "recipe": asdict(Recipe()) | more,
        "data": data,
    }


def main() -> None:
    """Parse the arguments, and do what is not done yet."""
    options = options_of(__doc__)
    if options.without and not options.output:
        _refuse("--without: a head of fewer corpora would take the place of the one in mtqa; add -o FILE")
    begun = begin(options)
    made = fitted(begun)
    if options.output:
        options.output.write_bytes(made)
        return
    name = f"{begun.card['model']}.safetensors"
    (FOLDER / name).write_bytes(made)
    index = json.loads((FOLDER / "index.json").read_text())
    index[begun.card["weights_sha256"]] = name
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1) + "\n")


def fitted(begun: Begun) -> bytes:
    """The head's file."""
    made, ensemble = unseen_outputs(begun), _ensemble(begun)
    tables = {name: sentence_table(corpus, made[name]) for name, corpus in begun.found.items()}
    judged = {"articles": sentence_table(begun.articles, outputs(ensemble, begun.articles))}
    sentences, calibrations = fit_sentences(tables, judged)
    words = [
        word_table(corpus, made[name], log_odds(tables[name], sentences))
        for name, corpus in begun.found.items()
    ]
    done = {
        "sentence": sentences,
        **calibrations,
        "words": fit_words(words, alone=False),
        "words_alone": fit_words(words, alone=True),
        "recall_by_type": recall_by_type(tables, sentences, calibrations["calibration"]),
        "unseen": scores_by_source(tables, sentences),
    }
    return head_file(ensemble, begun.moments, begun.card | done)


def unseen_outputs(begun: Begun) -> dict[str, np.ndarray]:
    """Each corpus's outputs by a network that had not seen the text, trained where it is not there."""
    kept = begun.folder / "unseen.npz"
    if not kept.exists():
        print("fitting on documents left out", file=sys.stderr)
        partial = kept.with_suffix(".partial.npz")
        seed, device = begun.card["recipe"]["seed"], begun.device
        np.savez(partial, **unseen(begun.found, begun.folds, begun.plan, seed, device=device))
        partial.rename(kept)
    return dict(np.load(kept))


def _ensemble(begun: Begun) -> Ensemble:
    """The ensemble, trained unless its weights are there."""
    found, recipe, kept = begun.found, begun.card["recipe"], begun.folder / "ensemble.pt"
    if not kept.exists():
        print("fitting on everything", file=sys.stderr)
        done = trained(
            sources(found, begun.plan),
            Recipe(),
            recipe["seed"],
            members=recipe["members"],
            device=begun.device,
        )
        partial = kept.with_suffix(".partial.pt")
        torch.save(done.state_dict(), partial)
        partial.rename(kept)
    first = next(iter(found.values()))
    ensemble = Ensemble(first.hidden.shape[1], first.features.shape[1], Recipe(), recipe["members"])
    ensemble.load_state_dict(torch.load(kept, weights_only=True))
    return ensemble.eval()


if __name__ == "__main__":
    main()
