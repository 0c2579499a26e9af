"""The kinds of corruption that a finding may carry, and what was made to learn each of them from."""

from __future__ import annotations

from collections.abc import Mapping

#: Kind → types of `mtqa.bench.corruptions.registry` and of the language model's own corruptions.
KINDS: Mapping[str, tuple[str, ...]] = {
    "wrong word": (
        "wrong_sense",
        "rare_synonym",
        "heavy_spin",
        "tortured",
        "noun_swap",
        "verb_swap",
        "exchange",
        "false_friend",
        "sampled_shuffle",
        "antonym",
    ),
    "repetition": ("doubled", "loop", "sampled_loop"),
    "word order": ("adjective_after_noun", "verb_final", "verb_first", "scramble"),
    "grammar": ("agreement", "tense", "pronoun", "preposition", "article", "noun_number"),
    "quotes and punctuation": ("quotes", "stops", "capitals", "broken_word", "debris"),
    "dropped word": ("drop_content", "drop_function", "truncated"),
    "untranslated word": ("untranslated",),
    "off topic": ("bland", "degenerate", "off_topic", "sampled_tail", "sampled_bland", "sampled_topic"),
}

#: The kind of each type that has one.
KIND_OF: Mapping[str, str] = {kind: name for name, kinds in KINDS.items() for kind in kinds}
