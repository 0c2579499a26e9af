"""What the detector head is trained on: words of spinners, post-edits as written, labels, its dealing out."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import train_detector
from detector_corpora import implausible, joined, post_edits, spun_documents
from detector_spinner import Thesaurus, spun, thesaurus
from detector_states import Reading, origins, read_states, rows_of, token_labels, write_states

from mtqa.bench.corrupt import corrupt_sentence
from mtqa.bench.corruptions.wordnet import find_wordnet
from mtqa.config import Config
from mtqa.errors import UsageError
from mtqa.pipeline import Ranker

PAIRS = (
    ("garden path", "orchard way"),
    ("the garden (small)", "the orchard"),
    ("rapid growth", "fast development"),
    ("growth", "growths"),  # the same word in another form
)
TEXT = "The garden shows rapid growth, and Rapid is the name of another garden."


@pytest.fixture
def known() -> Thesaurus:
    return thesaurus({"good": good, "bad": bad} for good, bad in PAIRS)


def test_phrases_side_by_side_give_words(known):
    assert known.words["garden"] == {"orchard": 2}
    assert known.words["path"] == {"way": 1}
    assert known.words["growth"] == {"development": 1}
    assert "the" not in known.words
    assert known.phrases["rapid growth"] == {"fast development": 1}


@pytest.mark.parametrize("seed", range(8))
def test_a_spun_sentence_differs_in_its_spans_alone(known, seed):
    row = spun(TEXT, known, np.random.default_rng(seed))
    assert row is not None
    assert row["orig"] == TEXT
    kept, at = [], 0
    for span in row["spans"]:
        kept.append(row["text"][at : span["start"]])
        at = span["end"]
        assert row["text"][span["start"] : span["end"]] in ("orchard", "The orchard", "fast development")
    kept.append(row["text"][at:])
    rest = TEXT
    for piece in kept:
        assert piece in rest
        rest = rest[rest.index(piece) + len(piece) :]
    assert len(row["spans"]) == 2
    assert "Rapid is" in row["text"]  # a name


def test_too_few_words_are_no_spun_sentence(known):
    rng = np.random.default_rng(1)
    assert spun("One garden.", known, rng) is None
    assert spun("Garden.", known, rng, least=1)["text"] == "Orchard."


def test_documents_are_spun_in_the_share_that_was_drawn(known):
    piece = [(TEXT, i) for i in range(20)]
    made = list(spun_documents([(f"d{i}", piece) for i in range(60)], known, 1))
    shares = [sum(row["label"] for row in record["sentences"]) / 20 for record in made]
    assert min(shares) == 0
    assert 0.1 <= np.median(shares) <= 0.2
    assert [row["par"] for row in made[0]["sentences"]] == list(range(20))


@pytest.mark.parametrize(
    ("cut", "written"),
    [
        ("Only 200 metres later , we arrive .", "Only 200 metres later, we arrive."),
        ("In the children 's park ( a new one ) .", "In the children's park (a new one)."),
        ('He said , " no " , and left !', 'He said, "no", and left!'),
        ("It does n't rain at 50 % .", "It doesn't rain at 50%."),
        ("a well @-@ known town", "a well @-@ known town"),
    ],
)
def test_post_edits_are_written_as_sentences_are(cut, written):
    assert joined(cut) == written


def test_a_post_edit_is_followed_by_versions_of_itself(tmp_path, known):
    folder = tmp_path / "mlqe_pe"
    folder.mkdir()
    for language in ("ro", "et", "ru"):
        rows = [{"id": f"{language}{i}", "pe": TEXT.replace(",", " ,")} for i in range(4)]
        rows += [{"id": "short", "pe": "Too short ."}, {"id": "open", "pe": "This is not the end of"}]
        rows += [{"id": "none", "pe": None}]
        (folder / f"{language}-en.train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    made = list(post_edits(tmp_path, known, 1))
    assert sorted(record["origin"] for record in made) == sorted(
        f"{language}{i}" for language in ("ro", "et", "ru") for i in range(4)
    )
    for record in made:
        first, *versions = record["sentences"]
        assert (first["text"], first["label"]) == (TEXT, 0)
        assert versions
        assert all(row["label"] == 1 and row["text"] != TEXT for row in versions)
        assert versions[0]["type"] == "tortured"


def test_an_implausible_sentence_follows_its_sound_one_and_differs_where_it_is_marked():
    made = list(implausible())
    assert len(made) > 800
    assert len({record["origin"] for record in made}) == len(made)
    for record in made:
        sound, wrong = record["sentences"]
        assert (record["isolated"], sound["label"], wrong["label"]) == (True, 0, 1)
        assert sound["text"] != wrong["text"]
        first, last = wrong["spans"][0]["start"], wrong["spans"][-1]["end"]
        before, behind = wrong["text"][:first], wrong["text"][last:]
        assert sound["text"].startswith(before), wrong["text"]
        assert sound["text"].endswith(behind), wrong["text"]


RECORDS = [
    {
        "doc": "spun-a-12",
        "sentences": [
            {"text": "The first one is sound.", "label": 0, "spans": []},
            {
                "text": "The thief sat in the sun.",
                "label": 1,
                "type": "x",
                "severity": "minor",
                "spans": [{"start": 4, "end": 9}],
            },
            {"text": "READ MORE", "boilerplate": True, "label": 0},
        ],
    },
    {
        "doc": "talk|engine",
        "origin": "talk",
        "sentences": [
            {
                "text": "One two three four five.",
                "label": 1,
                "spans": [
                    {"start": 0, "end": 3, "severity": "major"},
                    {"start": 4, "end": 7, "severity": "Minor"},
                    {"start": 8, "end": 13, "severity": "Neutral"},
                    {"start": 14, "end": 14, "severity": "major"},
                ],
            },
            {"text": "Nobody has looked here.", "label": 0},
        ],
    },
    {
        "doc": "s1",
        "isolated": True,
        "sentences": [
            {"text": "He go home", "tokens": ["He", "go", "home"], "word_tags": ["OK", "BAD", "OK"]},
            {"text": "She goes home.", "score": 0.5},
        ],
    },
]


@pytest.fixture(scope="module")
def read(smollm2, tmp_path_factory):
    """The records above as the real model reads them, with their labels."""
    rankers = {
        context: Ranker(Config(context=context, ledger=False, detector="none"), backend=smollm2)
        for context in ("document", "none")
    }
    path = tmp_path_factory.mktemp("states") / "a.npz"
    write_states(RECORDS, rankers, (1,), path)
    return read_states(path, RECORDS)


def _labelled(read, sentence: int) -> list[tuple[str, int]]:
    """Label and text of the labelled tokens of a sentence."""
    text = rows_of(RECORDS)[sentence]["text"]
    own = np.flatnonzero((read.sentence == sentence) & (read.label > 0))
    return [(text[read.starts[t] : read.ends[t]], int(read.label[t])) for t in own]


def test_tokens_have_the_labels_of_the_spans_that_they_touch(read):
    assert _labelled(read, 0) == []
    assert _labelled(read, 1) == [("thief", 1)]
    assert _labelled(read, 2) == [("One", 1), ("two", 2), ("four", 1)]
    assert _labelled(read, 4) == [("go", 1)]
    known = [bool(read.known[read.sentence == i].all()) for i in range(6)]
    assert known == [True, True, True, False, True, False]


def _by_words(text: str) -> SimpleNamespace:
    """The text as one sentence whose tokens are its words and marks."""
    places = np.array([m.span() for m in re.finditer(r"\w+|[^\w\s]", text)])
    return SimpleNamespace(
        sentence=np.zeros(len(places), dtype=np.int32), starts=places[:, 0], ends=places[:, 1]
    )


def _row(text: str, spans) -> dict:
    return {"text": text, "label": 1, "spans": [{"start": a, "end": b} for a, b in spans]}


@pytest.mark.parametrize(
    ("text", "span", "behind"),
    [
        ("The price milk rose.", (9, 9), "milk"),  # "of " is gone: where corrupt_sentence says so
        ("The price milk rose.", (10, 10), "milk"),
        ("The price of milk rose", (22, 22), "rose"),  # the full stop is gone
        ("price rose.", (0, 0), "price"),
    ],
)
def test_what_is_missing_is_marked_at_the_token_behind_it(text, span, behind):
    reading = _by_words(text)
    label, known = token_labels(reading, [_row(text, [span])])
    marked = np.flatnonzero(label)
    assert [text[reading.starts[t] : reading.ends[t]] for t in marked] == [behind]
    assert known.all()


def test_every_word_that_the_generator_drops_leaves_a_mark():
    try:
        find_wordnet()
    except UsageError as error:
        pytest.skip(str(error))
    dropped = 0
    for kind in ("drop_function", "drop_content", "article", "truncated"):
        for seed in range(8):
            text = "The price of fresh milk rose in the spring."
            made = corrupt_sentence(text, kind, np.random.default_rng(seed))
            if made is None:
                continue
            assert token_labels(_by_words(made.text), [_row(made.text, made.spans)])[0].any(), (
                kind,
                made.text,
                made.spans,
            )
            dropped += any(a == b for a, b in made.spans)
    assert dropped > 10


def test_sentences_have_what_their_records_say(read):
    assert read.labels.tolist() == [0, 1, 1, 0, -1, -1]
    assert read.scores.tolist()[-1] == 0.5
    assert read.owner.tolist() == [0, 0, 1, 1, 2, 2]
    assert read.opens.tolist() == [1, 0, 1, 0, 1, 1]


def test_a_file_of_other_sentences_is_refused(read, tmp_path):
    path = tmp_path / "b.npz"
    np.savez(path, **{name: getattr(read, name) for name in Reading.__dataclass_fields__})
    with pytest.raises(ValueError, match="6 sentences, not 4; remove it"):
        read_states(path, RECORDS[:2])


def test_what_was_made_of_one_text_goes_into_one_part(tmp_path):
    assert origins(RECORDS) == ["a", "a", "talk", "talk", "s1", "s1"]
    paths = {}
    for corpus, suffix in (("one", "-7"), ("other", "")):
        paths[corpus] = tmp_path / f"{corpus}.jsonl"
        rows = [{"text": "A."}, {"text": "B."}]
        paths[corpus].write_text(
            "".join(json.dumps({"doc": f"text{i}{suffix}", "sentences": rows}) + "\n" for i in range(40))
        )
    folds = train_detector.folds_of(paths, 1)
    assert folds["one"].tolist() == folds["other"].tolist()
    assert len(folds["one"]) == 80
    assert (folds["one"][::2] == folds["one"][1::2]).all()
    assert 10 < folds["one"][::2].sum() < 30


def test_a_part_holds_the_chosen_sentences_and_their_tokens(read):
    chosen = np.array([False, True, True, True, False, True])
    part = train_detector.part(read, chosen)
    assert part.labels.tolist() == [1, 1, 0, -1]
    assert np.unique(part.sentence[part.sentence >= 0]).tolist() == [0, 1, 2, 3]
    assert len(part.label) == train_detector.of_sentences(read, chosen).sum()
    for new, old in enumerate(np.flatnonzero(chosen)):
        ours, theirs = part.sentence == new, read.sentence == old
        assert np.array_equal(part.hidden[ours], read.hidden[theirs])
        assert np.array_equal(part.label[ours], read.label[theirs])


def test_labels_again_are_the_same_labels(read):
    label, known = token_labels(read, rows_of(RECORDS))
    assert np.array_equal(label, read.label)
    assert np.array_equal(known, read.known)
