"""No corruption is good English, none lies beside its span, and none puts in an offensive word."""

from __future__ import annotations

import re
import unicodedata

import pytest

from mtqa.bench.corruptions import lexical
from mtqa.bench.corruptions.choose import put
from mtqa.bench.corruptions.edits import undone
from mtqa.bench.corruptions.grammar import article_for
from mtqa.bench.corruptions.offensive import decent
from mtqa.bench.corruptions.resources import load_resources
from mtqa.bench.corruptions.tables import CONFUSED, FOREIGN, GOVERNED, GOVERNED_NOUNS, PREPOSITIONS
from tests.bench.test_corruptions import _made, _only

#: Spelt like these in English texts, but no English words: names, letters, addresses, quotations.
NOT_ENGLISH = {"und", "et", "y", "e", "en", "von", "mit", "com", "qui", "kan", "pas", "groß", "ami"}
#: From this Zipf frequency on a word's form is common in English texts.
COMMON_ZIPF = 3.3


def _folded(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def test_no_foreign_word_is_an_english_one():
    lexicon = load_resources().lexicon
    options = [(word, option) for word, words in FOREIGN.items() for option in words]
    assert not [(w, o) for w, o in options if _folded(w) == _folded(o)]
    common = {o for _, o in options if lexicon.zipf(o.lower()) >= COMMON_ZIPF}
    assert common == NOT_ENGLISH


#: Synonyms by WordNet's first sense that are wrong all the same: another construction, or another use today.
NO_SYNONYMS = {
    ("degree", "grade"),
    ("teach", "learn"),
    ("lack", "miss"),
    ("live", "inhabit"),
    ("economic", "economical"),
    ("economical", "economic"),
    ("late", "lately"),
    ("lately", "late"),
    ("alone", "only"),
}


def test_no_false_friend_is_a_plain_synonym():
    wordnet = load_resources().lexicon.wordnet
    found = {
        (word, option)
        for (pos, word), options in CONFUSED.items()
        for sense in wordnet.senses(word, pos)[:1]
        for option in options
        if option in sense.words
    }
    assert found <= NO_SYNONYMS
    for pos, word, option in (("J", "cold", "chilly"), ("V", "hire", "rent"), ("V", "meet", "encounter")):
        assert option not in CONFUSED.get((pos, word), ())


@pytest.mark.parametrize(
    ("name", "text", "sound"),
    [
        ("drop_function", "Volunteers helped to rebuild the school.", "helped rebuild"),
        ("drop_function", "He dared to speak to us.", "dared speak"),
        ("drop_function", "They go to see the doctor.", "go see"),
        ("drop_function", "They stayed at the hotel for a week.", "hotel a week"),
        ("drop_function", "They did the work in the same way.", "work the same"),
        ("drop_function", "The people arrested by the guards were young.", "arrested the"),
        ("drop_function", "He has met with the mayor.", "met the mayor"),
        ("drop_function", "He was told by the police.", "told the police"),
        ("drop_function", "Add two cups of sugar to the milk.", "cups sugar"),
        ("drop_function", "The shop will be open today.", "will open"),
        ("agreement", "The research and development is paid for.", "are"),
        ("agreement", "The dog or the cat was here.", "were"),
        ("agreement", "The town committee is in the hotel.", "are"),
        ("agreement", "A fraction of the visitors is here.", "are"),
        ("agreement", "Ten years is a long time.", "are"),
        ("agreement", "Suppose the man was here.", "were"),
        ("agreement", "They ask that he goes home.", "he go "),
        ("agreement", "The man weighs two stones or six feet.", "foot|stone or"),
        ("article", "It was a historic victory for a hotel.", r"\ban\b"),
        ("article", "They saw the cat and the dog outside.", "and dog"),
        ("article", "He plays the piano in the school today.", "plays piano|in school"),
        ("article", "She knows what the problem is today.", "what problem"),
        ("article", "She loves the farm workers of Italy.", "loves farm"),
        ("article", "It takes half an hour by bus.", "half hour"),
        ("noun_number", "They raise taxes on fuel.", "tax "),
        ("verb_first", "“We won the match,” he added.", "added he"),
        ("verb_first", "“We won,” she told us at noon.", "told she"),
        ("preposition", "We sat on the table.", "at the"),
        ("preposition", "The students of the college came.", "at the|from"),
        ("preposition", "They met in the school.", "at the"),
        ("preposition", "She said to the reporters.", "said of"),
        ("adjective_after_noun", "They need all possible means for it.", "means possible"),
        ("adjective_after_noun", "He left the open door.", "door open"),
        ("adjective_after_noun", "They drink the hot milk.", "milk hot"),
        ("drop_content", "They went to visit the doctor.", "went to the"),
        ("drop_content", "He met her friend in Paris.", "met her in"),
        ("truncated", "The road is paid for by the town of Lund.", r"for\W*$"),
        ("truncated", "The nurse waited outside the room of the king.", r"outside\W*$"),
        ("truncated", "They say the plan costs more money than that.", r"more\W*$"),
        ("doubled", "It grew more and more every single day.", "more and more and more"),
        ("loop", "They waited for years near the river.", "years and years"),
        ("verb_swap", "The parties agree to settle the case.", "(?<!agree) to settle"),
        ("capitals", "He said: you must read it on the Internet.", "You|internet"),
        ("capitals", "They must not open the window.", r"\b[A-Z]{2,}\b"),
        ("quotes", "Farmers sold eggs.", r"s['’](?!['’“”„«»\"])"),
        ("stops", "The dog came in and he went out with all of it.", r"\b(?:in|out|all)[,.;:?]"),
        ("pronoun", "They came before him but sang like him.", "like he"),
        ("tortured", "They want an honest answer today.", "honorable response"),
        ("noun_number", "They had differences with dangerous materials.", "difference |material[.]"),
        ("noun_number", "We need reductions in expenditures.", "expenditure[.]"),
        ("article", "It falls as the need for it declines.", "as need"),
        (
            "quotes",
            "“We are very happy with the harvest this year.",
            "^“?'?We are very happy with the harvest this year[.]$",
        ),
        ("quotes", "We are happy.", "^[\"“'‘„]We are happy[.]$|^We are happy[\"”'’][.]$"),
        ("quotes", "“We are happy with it.", "“We are[\"”’'] happy"),
        ("tense", "The shop is opened at nine.", "is open "),
        ("tense", "They hope to find a new school.", "to found "),
        ("tense", "He has worked here.", "has work "),
        ("tense", "They have planned it.", "have plans "),
        ("tense", "They have increased costs.", "have increasing "),
        ("preposition", "They are ready for use now.", "ready to use"),
        ("preposition", "There is a need for change here.", "need to change"),
        ("adjective_after_noun", "They made a similar plan to ours.", "plan similar"),
        ("adjective_after_noun", "They built safe homes for their families.", "homes safe"),
        ("adjective_after_noun", "They met overseas companies today.", "companies overseas"),
        ("drop_content", "She waited at the bus stop for an hour.", "at the stop"),
        ("drop_content", "We had a phone call from the minister.", "a call"),
        ("drop_content", "They set up a conference call with the lawyers.", "conference with"),
        ("agreement", "England was beaten.", "were"),
        ("agreement", "Australia has won the match.", "have"),
        ("doubled", "It grew bigger and bigger every year.", "bigger and bigger and bigger"),
        ("loop", "They came day after day.", "day after day after day"),
        ("stops", "Apple Inc. said so.", r"Inc[.],"),
    ],
)
def test_no_corruption_is_good_english(name, text, sound):
    assert not {t for t in _only(name, text, 80) if re.search(sound, t)}


@pytest.mark.parametrize(
    ("name", "text", "made"),
    [
        ("drop_function", "He wants to go home.", "He wants go home."),
        ("drop_function", "They save in order to live.", "They save in order live."),
        ("agreement", "The dog was here.", "The dog were here."),
        ("article", "He bought a house here.", "He bought an house here."),
        ("article", "He sat in a garden here.", "He sat in garden here."),
        ("verb_first", "“We won,” he added.", "“Won we,” he added."),
        ("preposition", "They slept on the mat.", "They slept since the mat."),
        ("pronoun", "“We won the match,” he added.", "“Us won the match,” he added."),
        ("truncated", "The children of the farmers walk to school.", "The children of the."),
        ("adjective_after_noun", "An honest man came.", "A man honest came."),
        ("doubled", "I know the answer to this.", "I I know the answer to this."),
        ("quotes", "“We are happy,” he said.", "We are happy,” he said."),
        ("tense", "They have stolen it.", "They have steal it."),
        ("drop_content", "The farmer went to the market.", "The went to the market."),
        ("agreement", "Farmers are here.", "Farmers is here."),
        ("noun_number", "They made plans with teachers.", "They made plan with teachers."),
        ("adjective_after_noun", "A large number of cows died.", "A number large of cows died."),
    ],
)
def test_what_is_a_fault_still_comes(name, text, made):
    assert made in _only(name, text, 200)


def test_no_option_of_a_preposition_is_the_preposition():
    for table in (PREPOSITIONS, GOVERNED, GOVERNED_NOUNS):
        for word, options in table.items():
            assert word not in options
            assert len(set(options)) == len(options)
    assert "at" not in {*PREPOSITIONS["on"], *PREPOSITIONS["in"], *PREPOSITIONS["of"], *PREPOSITIONS["to"]}


@pytest.mark.parametrize(
    ("pos", "word", "option"),
    [("N", "plant", "factory"), ("N", "coach", "bus"), ("J", "heavy", "thick"), ("V", "contain", "restrain"),
     ("N", "growth", "tumour"), ("N", "line", "queue"), ("V", "claim", "pretend")],
)  # fmt: skip
def test_no_false_friend_fits_where_the_word_does(pos, word, option):
    assert option not in CONFUSED.get((pos, word), ())


@pytest.mark.parametrize(
    ("text", "fine"),
    [("She read the report.", "VBD"), ("They must read it.", "VB"), ("He often cut it.", "VBD"),
     ("They read it.", ""), ("Did she read it?", ""), ("They let it set here.", "")],
)  # fmt: skip
def test_a_past_form_like_the_base_is_told_by_its_neighbours(text, fine):
    tokens = load_resources().lexicon.tokens(text)
    assert next(t.fine for t in tokens if t.lower in {"read", "cut", "set"}) == fine


@pytest.mark.parametrize(
    ("lemma", "fine", "form"),
    [("bear", "VBN", "borne"), ("cost", "VBD", "cost"), ("bet", "VBD", "bet"), ("deer", "NNS", "deer"),
     ("index", "NNS", "indices"), ("go", "VBD", "went")],
)  # fmt: skip
def test_forms_are_those_in_use(lemma, fine, form):
    assert load_resources().lexicon.inflected(lemma, fine) == form


def test_an_article_is_mended_and_a_letter_left():
    lexicon = load_resources().lexicon
    for text, articles in (
        ("Hepatitis A outbreaks came.", []),
        ("The 8-4A inclusion came.", []),
        ("A outbreak came.", ["An"]),
        ("We saw a outbreak.", ["an"]),
    ):
        sentence = lexicon.sentence(text)
        place = next(
            i for i, t in enumerate(sentence.tokens) if t.lower.startswith(("outbreak", "inclusion"))
        )
        assert [e.new for e in put(sentence, place, "armor") if not e.marked] == articles


@pytest.mark.parametrize(
    "word", ["fagot", "poufs", "wetback", "pansy", "coitus", "testis", "pecker", "ravished"]
)
def test_wordnets_insults_are_told(word):
    assert not decent(word, load_resources().lexicon.wordnet)


def test_a_chain_is_more_than_one_word():
    for _, corruption in _made("chain", ("But she was developing rapidly.", "He has lived here."), 60):
        assert len(corruption.spans) >= 2 or " " in corruption.text[slice(*corruption.spans[0])]


@pytest.mark.parametrize("word", ["rape", "raped", "raping", "bitches", "shitting", "suicides", "whore"])
def test_offensive_words_are_told_in_every_form(word):
    assert not decent(word)


@pytest.mark.parametrize("word", ["grape", "class", "passed", "therapist", "peers", "analysis", "cocktail"])
def test_decent_words_are_left(word):
    assert decent(word)


def test_no_pool_holds_an_offensive_word():
    resources = load_resources()
    wordnet = resources.lexicon.wordnet
    assert not [w for pool in resources.pools.values() for _, w, _ in pool if not decent(w, wordnet)]
    senses = lexical._any(resources.lexicon, "woman", "N"), lexical._any(resources.lexicon, "love", "V")
    assert not [w for words in senses for w in words if not decent(w, wordnet)]
    assert not [o for options in CONFUSED.values() for o in options if not decent(o, wordnet)]


@pytest.mark.parametrize(
    "name", ["drop_content", "drop_function", "truncated", "article", "quotes", "negation"]
)
def test_an_empty_span_lies_where_something_was_removed(name):
    for original, corruption in _made(name, draws=4):
        for start, end in corruption.spans:
            if start == end:
                before, after = corruption.text[:start], corruption.text[start:]
                assert original.startswith(before.rstrip())
                assert original.lower().endswith(after.lower())
                assert len(original) > len(corruption.text)


def test_the_span_of_a_loop_begins_where_the_sentence_goes_wrong():
    for original, corruption in _made("degenerate", draws=4):
        ((start, _),) = corruption.spans
        assert original.startswith(corruption.text[:start].rstrip())


def test_a_chain_never_marks_what_it_has_put_back():
    for original, corruption in _made("chain", ("He is here, I think.", "The dog barks, she said."), 60):
        assert not undone(original, corruption)


@pytest.mark.parametrize(
    ("word", "article"),
    [("usual", "a"), ("unidentified", "an"), ("onerous", "an"), ("one-way", "a"), ("unanimous", "a")],
)
def test_articles_by_sound(word, article):
    assert article_for(word) == article
