"""What each type of corruption is, in a few words, for `mtqa corrupt --list`.

Beside `corruptions`, not in its registry: by the digest of the files there training tells whether older code
made a corpus (`scripts/train_detector.py`), and words about a type make none an old one.
"""

from __future__ import annotations

from collections.abc import Mapping

#: By the types of `mtqa.bench.corruptions.registry`, in their order.
SUMMARIES: Mapping[str, str] = {
    "wrong_sense": "a synonym of another sense of the word: the peace outgrowth (process)",
    "rare_synonym": "two or three words of the right sense that nobody uses: the uttermost macrocosm",
    "heavy_spin": "three to six words swapped for what a thesaurus holds, two at least clearly wrong",
    "tortured": "both words of a set phrase replaced: flame motor (fire engine)",
    "collocation": "one to three set phrases broken by a thesaurus: at slightest (least), proper now (right)",
    "noun_swap": "an unrelated noun, about as frequent: the senator's sandwiches",
    "verb_swap": "an unrelated verb, about as frequent: she fried the report",
    "exchange": "two nouns of the sentence in each other's place",
    "false_friend": "the other English word that one foreign word stands for: she gained the match (won)",
    "homograph": "a word for another meaning of what is written alike: a heron lifted the beams (crane)",
    "untranslated": "a word left in another language: the Minister für agriculture",
    "adjective_after_noun": "the adjective behind its noun: a bridge very old",
    "verb_final": "the verb at the end of its clause: the council the new road last week approved",
    "verb_first": "the verb before its subject: yesterday arrived they",
    "scramble": "three to six neighbouring words in another order",
    "drop_content": "a noun or verb is missing: the new will open in May",
    "drop_function": "a function word is missing: he wants go home",
    "doubled": "a word or a phrase of up to four words stands twice",
    "loop": "a phrase over and over: of the house of the house of the house",
    "truncated": "the sentence breaks off",
    "agreement": "verb or noun in the wrong number: the farmers was, many problem",
    "tense": "a verb form that its place rules out: will went, has ate it",
    "pronoun": "a pronoun in the wrong case: us sang this hymn",
    "preposition": "a preposition that its word does not take: interested of",
    "article": "an article missing, too many, or of the wrong sound: bought car, a apple",
    "noun_number": "a singular without article: in all province of the country",
    "quotes": "a quotation mark doubled, mixed, lost, or where none belongs: amended’ to",
    "stops": "a comma or stop doubled, or between words that it parts: the, council said..",
    "capitals": "a capital where none belongs, or none where one does: they Went, in sydney",
    "broken_word": "a word split, glued to the next, or with a letter wrong: har bour, ofthe, marekt",
    "debris": "remains of wrong decoding, markup or a tokeniser: the councilâ€™s plan, and &amp; the",
    "bland": "a fluent, empty sentence about the document's own things in place of what was said",
    "degenerate": "the sentence's beginning, and then a loop: the ministry said that the vote, the vote …",
    "off_topic": "a sentence of another document in its place",
    "chain": "two to four errors of words and grammar, one after the other",
    "negation": "not put in after an auxiliary, or taken out",
    "number": "one number changed, its length and kind kept",
    "entity": "a name replaced by another one of as many words",
    "antonym": "a word replaced by its opposite: prices rose (fell)",
    "round_trip": "the sentence through another language and back, by a translation engine (Apertium)",
    "sampled_word": "one content word replaced by an unlikely one that the model proposes",
    "sampled_words": "a third of the content words replaced by such",
    "sampled_blind": "over half of them, by a model that has read the two words before: senseless as a whole",
    "sampled_shuffle": "a word salad: half of the content words replaced, each new one read by the next",
    "sampled_tail": "the first words, and then what the model makes of them alone, at a high temperature",
    "sampled_bland": "the same at a low temperature: near the subject, says nothing, repeats itself",
    "sampled_loop": "a phrase said twice, and then what is likeliest: mostly the phrase again",
    "sampled_topic": "the first words, gone on with by a model that has just read another document",
}
