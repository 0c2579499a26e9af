"""Every type of corruption: where its function is, how often it is drawn, how bad it is.

Weights say how often a type is drawn by default, relative to the others. They follow what spinners and
poor systems do most (wrong words), with a floor for each kind that a reader can see. ``visible``: a
careful reader without the source sees it; where False, a detector can't be blamed for missing it.
``needs_proposer``: only drawn where a language model is plugged in (see `resources.Proposer`);
``needs_translator``: likewise a translation engine.
``drawn_with``: the type that also makes this one, which then names what came of it; alone it is drawn only
where it has a weight of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from mtqa.bench.corruptions.resources import Corruptor
from mtqa.errors import UsageError, unknown


@dataclass(frozen=True, slots=True)
class Type:
    """One type: ``function`` is ``module:name`` in this folder."""

    function: str
    weight: float
    severity: str = "major"
    visible: bool = True
    needs_proposer: bool = False
    needs_translator: bool = False
    drawn_with: str | None = None


TYPES: dict[str, Type] = {
    "wrong_sense": Type("lexical:wrong_sense", 12),
    "rare_synonym": Type("lexical:rare_synonym", 2, "minor"),
    "heavy_spin": Type("lexical:heavy_spin", 8),
    "tortured": Type("lexical:tortured", 3),
    "collocation": Type("collocations:collocation", 6),
    "noun_swap": Type("lexical:noun_swap", 6),
    "verb_swap": Type("lexical:verb_swap", 3),
    "exchange": Type("lexical:exchange", 2),
    "false_friend": Type("lexical:false_friend", 5),
    "homograph": Type("lexical:homograph", 0, drawn_with="false_friend"),
    "untranslated": Type("lexical:untranslated", 3),
    "adjective_after_noun": Type("order:adjective_after_noun", 2, "minor"),
    "verb_final": Type("order:verb_final", 3),
    "verb_first": Type("order:verb_first", 1, "minor"),
    "scramble": Type("order:scramble", 4),
    "drop_content": Type("order:drop_content", 4),
    "drop_function": Type("order:drop_function", 3, "minor"),
    "doubled": Type("order:doubled", 3, "minor"),
    "loop": Type("order:loop", 3),
    "truncated": Type("order:truncated", 3),
    "agreement": Type("inflection:agreement", 3, "minor"),
    "tense": Type("inflection:tense", 3, "minor"),
    "pronoun": Type("inflection:pronoun", 1, "minor"),
    "preposition": Type("inflection:preposition", 3, "minor"),
    "article": Type("inflection:article", 3, "minor"),
    "noun_number": Type("inflection:noun_number", 1, "minor"),
    "quotes": Type("punctuation:quotes", 3, "minor"),
    "stops": Type("punctuation:stops", 2, "minor"),
    "capitals": Type("punctuation:capitals", 1, "minor"),
    "broken_word": Type("punctuation:broken_word", 2, "minor"),
    "debris": Type("punctuation:debris", 1, "minor"),
    "bland": Type("fluent:bland", 5),
    "degenerate": Type("fluent:degenerate", 4),
    "off_topic": Type("fluent:off_topic", 2),
    "chain": Type("chain:chain", 6),
    "negation": Type("meaning:negation", 1, "major", False),
    "number": Type("meaning:number", 0.5, "major", False),
    "entity": Type("meaning:entity", 0.5, "major", False),
    "antonym": Type("meaning:antonym", 1, "major", False),
    "round_trip": Type("translated:round_trip", 0, needs_translator=True),
    "sampled_word": Type("sampled:sampled_word", 0, needs_proposer=True),
    "sampled_words": Type("sampled:sampled_words", 0, needs_proposer=True),
    "sampled_blind": Type("sampled:sampled_blind", 0, needs_proposer=True),
    "sampled_shuffle": Type("sampled:sampled_shuffle", 0, needs_proposer=True),
    "sampled_tail": Type("written:sampled_tail", 0, needs_proposer=True),
    "sampled_bland": Type("written:sampled_bland", 0, needs_proposer=True),
    "sampled_loop": Type("written:sampled_loop", 0, needs_proposer=True),
    "sampled_topic": Type("written:sampled_topic", 0, needs_proposer=True),
}


def function_of(name: str) -> Corruptor:
    """The type's function. Raises `UsageError` for a name that is not registered."""
    if name not in TYPES:
        raise UsageError(unknown("corruption type", name, TYPES))
    module, _, attribute = TYPES[name].function.partition(":")
    return cast(Corruptor, getattr(import_module(f"mtqa.bench.corruptions.{module}"), attribute))
