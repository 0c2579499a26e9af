"""WordNet and the other data: found, or named with how to get them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mtqa.bench.corruptions import grammar, wordnet
from mtqa.bench.corruptions.resources import load_resources
from mtqa.errors import UsageError


def test_a_folder_without_wordnet_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MTQA_WORDNET", str(tmp_path))
    with pytest.raises(UsageError, match=r"holds no index\.noun"):
        wordnet.find_wordnet()


def test_no_wordnet_says_how_to_get_it(monkeypatch):
    monkeypatch.delenv("MTQA_WORDNET", raising=False)
    monkeypatch.setattr(wordnet, "_PLACES", ())
    monkeypatch.setattr(wordnet.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="apt-get install wordnet-base"):
        wordnet.find_wordnet()


def test_half_a_wordnet_is_named(tmp_path):
    (tmp_path / "index.noun").write_text("")
    with pytest.raises(UsageError, match="can't be read"):
        wordnet.open_wordnet(tmp_path)


def test_no_lemminflect_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "lemminflect", None)
    with pytest.raises(UsageError, match="pip install lemminflect"):
        grammar._lemminflect()


def test_senses_are_wordnets():
    database = load_resources().lexicon.wordnet
    first = database.senses("dog", "N")[0]
    assert "domestic_dog" in first.words
    assert any("canine" in s.words for s in database.near(first))
    assert database.antonyms("good", database.senses("good", "J")[0]) == ["bad"]
    assert database.sense_counts("dog", "N")[0] > 10
    assert database.senses("qqq", "N") == []


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("The company plans to report its results.", "DNVTVDNS"),
        ("She reports that many cows were killed.", "IV?DNBKS"),
        ("The old dam holds in the rain.", "DJNVPDNS"),
    ],
)
def test_tagger_reads_plain_sentences(text, tags):
    found = "".join(t.tag for t in load_resources().lexicon.tokens(text))
    assert len(found) == len(tags)
    assert all(b in ("?", a) for a, b in zip(found, tags, strict=True)), found


def test_hash_seed_changes_nothing():
    code = (
        "import json, hashlib\n"
        "from mtqa.bench.corrupt import corrupt_documents\n"
        "from tests.bench.texts import DOCUMENTS\n"
        "rows = [r for s in range(3) for r in corrupt_documents(list(DOCUMENTS.items()), seed=s)]\n"
        "print(hashlib.sha256(json.dumps(rows).encode()).hexdigest())"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": s, "PYTHONPATH": ".", "PATH": "/usr/bin:/bin"},
        ).stdout
        for s in ("0", "77")
    ]
    assert done[0] == done[1]


def test_importing_costs_nothing_heavy():
    code = (
        "import sys, mtqa.bench.corrupt, mtqa.bench.corruptions.chain, mtqa.bench.corruptions.sampled\n"
        "heavy = {'torch', 'lemminflect', 'wordfreq', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
