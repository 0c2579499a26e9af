"""Words that no random draw may put into a sentence: a made fault must not insult whoever reads it."""

from __future__ import annotations

from functools import lru_cache

from mtqa.bench.corruptions.wordnet import WordNet

_WORDS_TEXT = """
anal anus arse arsehole ass asshole bastard bawd bimbo bitch blackamoor blowjob bollock boner bonk boob bugger
bullshit chink clit cock coition coitus coon copulate copulation cracker crap cretin cripple cum cunt dago
darkey darkie darky deflower dick dildo dyke ejaculate ejaculation erection erotic fag faggot fanny fart
fornicate fornication fuck fucker gay genital genitalia genocide gook gypsy halfwit harlot heathen holocaust
homo homosexual hooker horny hump hussy idiot imbecile incest intercourse jap jerk kike lesbian lesbo lynch
massacre masturbate masturbation midget molest molestation molester mongoloid moron nazi negress negro nigga
niggard nigger nude orgasm paedophile paki pederast pedophile pee penis phallus pimp piss poof porn porno
pornography prick prostitute prostitution pussy queer rape rapist ravish ravishment redskin retard retarded
scrotum semen sex sexual sexy shag shit shitty slut slutty sodomise sodomite sodomize sodomy spade spastic
spic squaw strumpet suicide terrorist testes testicle testis tit titty topless torture tranny transsexual
transvestite trollop turd twat vagina vulva wank wench whore whoreson wog wop
"""
_OFFENSIVE = frozenset(_WORDS_TEXT.split())
#: WordNet's kinds of usage that are such.
_INSULTS = frozenset({"ethnic_slur", "obscenity", "disparagement"})
#: What is taken off a form, and what is put back on it.
_ENDINGS = (("s", ""), ("es", ""), ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"), ("ies", "y"), ("er", ""))


def decent(word: str, wordnet: WordNet | None = None) -> bool:
    """Whether neither the word nor what it is a form of is a slur, an obscenity or a crime of that kind.

    WordNet knows more of them than the list does, in one of their senses (*pansy*, *tool*).

    >>> decent("raped"), decent("shitting"), decent("grape"), decent("classes")
    (False, False, True, True)
    """
    stems = {word, *(word[: -len(end)] + back for end, back in _ENDINGS if word.endswith(end))}
    doubled = {s[:-1] for s in stems if s[-2:-1] == s[-1:]}
    if (stems | doubled) & _OFFENSIVE:
        return False
    return wordnet is None or not any(_insulting(wordnet, stem) for stem in stems | doubled)


@lru_cache(maxsize=100_000)
def _insulting(wordnet: WordNet, word: str) -> bool:
    return bool(wordnet.usage(word) & _INSULTS)
