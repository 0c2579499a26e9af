"""Several corruptions in one sentence, as after a round of translations."""

from __future__ import annotations

import numpy as np

from mtqa.bench.corruptions import inflection, lexical, order
from mtqa.bench.corruptions.choose import shuffled
from mtqa.bench.corruptions.edits import Corruption, compose, undone
from mtqa.bench.corruptions.grammar import Sentence
from mtqa.bench.corruptions.resources import Corruptor, Resources

_STEPS: tuple[Corruptor, ...] = (
    order.verb_final,
    order.adjective_after_noun,
    order.drop_function,
    order.scramble,
    inflection.preposition,
    inflection.tense,
    inflection.article,
    inflection.agreement,
    lexical.wrong_sense,
    lexical.wrong_sense,
    lexical.false_friend,
    lexical.noun_swap,
    lexical.rare_synonym,
)


def chain(sentence: Sentence, rng: np.random.Generator, resources: Resources) -> Corruption | None:
    """Two to four of the word and grammar errors, one after the other."""
    wanted = int(rng.integers(2, 5))
    original = sentence.text
    so_far: Corruption | None = None
    done = 0
    for step in shuffled(_STEPS, rng):
        made = step(sentence, rng, resources)
        if made is None:
            continue
        both = compose(so_far, made) if so_far else made
        if undone(original, both):
            continue
        # A step on what another has put in makes no second fault.
        done += so_far is None or len(both.spans) > len(so_far.spans)
        so_far = both
        sentence = resources.lexicon.sentence(made.text)
        if done == wanted:
            break
    return so_far if done >= 2 else None
