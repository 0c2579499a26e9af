"""`scripts/false_alarms.py`: what is found in sound articles, by the real model."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import false_alarms
from false_alarms import Alarms, articles, markdown

from mtqa.errors import InputError
from mtqa.records import Verdict

SOUND = (
    "The council will repair the old bridge this summer. Work begins in June and should end before the "
    "schools open again. Drivers will be sent along the river road. The mayor said that the cost had risen."
)
SPUN = (
    "The council will repair the old marmalade this summer. Work begins in June and should end before the "
    "schools unlocked afresh. Drivers will be sent along the river road. The mayor spoke that the cost "
    "sandwich."
)


def _verdict(found: int, *, sentences: int = 10, expected: float = 1.5) -> Verdict:
    return Verdict(sentences=sentences, expected=expected, low=0, high=3, found=found, fdr=0.1)


def test_articles_with_a_finding_are_counted_with_an_interval():
    likely = replace(_verdict(0), likely=1)  # none is found, but one is likelier corrupted than sound
    one = Alarms([_verdict(0)] * 16 + [likely] + [_verdict(2)] * 2 + [_verdict(1)], without=3)
    text = "\n".join(markdown({"news": one, "nothing": Alarms([], without=2)}))
    # Wilson's interval of 3 of 20 (Brown, Cai and DasGupta 2001: 5.2 % to 36.0 %)
    shares = "3 (15.0%; 5.2% to 36.0%) | 4 (20.0%; 8.1% to 41.6%)"
    assert "`python scripts/false_alarms.py FILE…`\n" in text
    told = "\n".join(markdown({"news": one}, limit=150, head="0123456789ab"))
    assert "`python scripts/false_alarms.py FILE… --limit 150`, detector `0123456789ab`" in told
    assert f"| news | 20, 200 (3 without a verdict) | {shares} | 2.50% | 15.0% |" in text
    assert "| nothing | 0 (2 without a verdict) |" in text


def test_sound_and_spun_articles_by_the_real_model(smollm2_files, tmp_path, monkeypatch, capsys):
    (tmp_path / "sound.jsonl").write_text(json.dumps({"paragraphs": [SOUND]}) + "\n", encoding="utf-8")
    (tmp_path / "spun.txt").write_text(SPUN, encoding="utf-8")
    out = tmp_path / "table.md"
    files = [str(tmp_path / name) for name in ("sound.jsonl", "spun.txt")]
    monkeypatch.setattr(sys, "argv", ["false_alarms.py", *files, "-o", str(out)])
    assert false_alarms.main() == 0
    rows = [line for line in out.read_text(encoding="utf-8").splitlines() if line.startswith("| s")]
    assert rows[0].startswith("| sound | 1, 4 | 0 (0.0%")
    assert rows[1].startswith("| spun | 1, 4 | 1 (100.0%")
    assert capsys.readouterr().out == out.read_text(encoding="utf-8")


def test_the_same_articles_are_drawn_each_time(tmp_path):
    file = tmp_path / "many.jsonl"
    lines = [json.dumps({"paragraphs": [str(i)]}) + "\n" for i in range(49)]
    lines += ['{"paragraphs": ["49\u2028x"]}\n', "\n"]
    file.write_text("".join(lines), encoding="utf-8")
    drawn = articles(file, 7)
    assert len(set(drawn)) == 7
    assert drawn == articles(file, 7)
    assert articles(file, 0) == [*map(str, range(49)), "49\u2028x"]


@pytest.mark.parametrize("content", [b"{}\n", b"[1]\n", b"{", b"\xff\xfe"])
def test_what_holds_no_articles_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "bad.jsonl"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.jsonl") as refused:
        articles(file, 0)
    assert "\n" not in str(refused.value)
