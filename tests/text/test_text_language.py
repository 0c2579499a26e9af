"""Language detection: right on plain cases, a probability, quick on long texts."""

from __future__ import annotations

import pytest

from mtqa.text.language import detect_language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The river rose by two metres overnight, the fire service said.", "en"),
        ("Der Fluss ist in der Nacht um zwei Meter gestiegen, sagte die Feuerwehr.", "de"),
        ("La rivière est montée de deux mètres pendant la nuit, ont dit les pompiers.", "fr"),
        ("Река ночью поднялась на два метра, сообщила пожарная служба.", "ru"),
    ],
)
def test_languages(text: str, code: str) -> None:
    found, probability = detect_language(text)
    assert found == code
    assert 0.5 < probability <= 1


def test_an_empty_text_gives_a_low_probability() -> None:
    assert detect_language("")[1] < 0.1


def test_the_tables_are_kept_from_the_second_text_on(monkeypatch):
    import itertools

    from mtqa.text import language

    loads = []
    load = language._identifier
    monkeypatch.setattr(language, "_identifier", lambda: loads.append(1) or load())
    monkeypatch.setattr(language, "_asked", itertools.count())
    language._kept_identifier.cache_clear()
    text = "The harbour was quiet when the first trawler came in, and the holds were almost full of cod."
    answers = {language.detect_language(text) for _ in range(4)}
    assert {code for code, _ in answers} == {"en"}
    assert len(answers) == 1
    assert len(loads) == 2
