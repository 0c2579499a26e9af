"""Words that no random draw may put into a sentence: a made fault must not insult whoever reads it."""

from __future__ import annotations

_WORDS_TEXT = """
anal anus arse arsehole ass asshole bastard bimbo bitch blackamoor blowjob boner boob bonk bugger bullshit
chink clit cock coon cracker crap cretin cripple cum cunt dago darkey darkie darky dick dildo dyke ejaculate
ejaculation erection erotic fag faggot fanny fart fuck fucker gay genocide gook gypsy halfwit harlot
holocaust homo homosexual hooker horny hump idiot imbecile incest intercourse jap jerk kike lesbian lesbo
lynch massacre masturbate masturbation molest molestation molester mongoloid moron nazi negress negro nigga
nigger niggard nude orgasm paedophile paki pederast pedophile pee penis piss pimp poof porn porno pornography
prick prostitute prostitution pussy queer rape rapist redskin retard retarded scrotum semen sex sexual sexy
shag shit shitty slut slutty sodomise sodomite sodomize sodomy spade spastic spic squaw strumpet suicide
terrorist testicle tit titty topless torture tranny transsexual transvestite turd twat vagina vulva wank
wench whore whoreson wog wop
"""
_OFFENSIVE = frozenset(_WORDS_TEXT.split())
#: What is taken off a form, and what is put back on it.
_ENDINGS = (("s", ""), ("es", ""), ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"), ("ies", "y"), ("er", ""))


def decent(word: str) -> bool:
    """Whether neither the word nor what it is a form of is a slur, an obscenity or a crime of that kind.

    >>> decent("raped"), decent("shitting"), decent("grape"), decent("classes")
    (False, False, True, True)
    """
    stems = {word, *(word[: -len(end)] + back for end, back in _ENDINGS if word.endswith(end))}
    doubled = {s[:-1] for s in stems if s[-2:-1] == s[-1:]}
    return not (stems | doubled) & _OFFENSIVE
