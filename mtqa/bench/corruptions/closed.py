"""The closed classes of English words and the tag bigrams: data of the small tagger in `grammar`.

Tags: N noun, L name, V finite verb or infinitive, G -ing form, K past participle, J adjective, R adverb,
D determiner or possessive, P preposition, I pronoun, M modal or do, T infinitive's *to*, B be or have,
C conjunction or subordinator, Q number, S anything else (punctuation; also the sentence's two ends).
"""

from __future__ import annotations

TAGS = "NLVGKJRDPIMTBCQS"

#: Word → its possible tags.
CLOSED: dict[str, str] = {}


def _put(tags: str, words: str) -> None:
    for word in words.split():
        CLOSED[word] = tags


_put("D", "the a an my your our their its every no another each both either neither whose some any all such")
_put("DI", "his her this these those many few several much more most enough half what which")
_put("DIC", "that")
_put(
    "I", "i you he she it we they me him us them himself herself itself themselves myself yourself ourselves"
)
_put("I", "mine yours hers ours theirs who whom someone anyone everyone nobody somebody anybody everybody")
_put("I", "something anything everything nothing none there one's oneself")
_put("IQ", "one")
_put("P", "of in on at by with from for into onto upon about between through during against among without")
_put("P", "within towards toward across behind beside besides beyond despite except inside outside per via")
_put("P", "under over above below near off out up down around along amid beneath throughout unlike like")
_put("TP", "to")
_put("PC", "as after before since until than because though although while whereas")
_put("C", "and or but nor if whether when where why how so yet unless once lest plus")
_put("M", "can could may might must shall should will would do does did cannot ought")
_put("M", "can't couldn't mustn't shouldn't won't wouldn't don't doesn't didn't needn't mightn't")
_put(
    "B",
    "be am is are was were been being has have had having isn't aren't wasn't weren't hasn't haven't hadn't",
)
_put("BI", "it's he's she's that's there's i'm you're we're they're i've you've we've they've who's what's")
_put("M", "i'll you'll he'll she'll it'll we'll they'll i'd you'd he'd she'd we'd they'd")
_put("R", "not n't never also only just very too always often again already still even perhaps however")
_put("R", "thus then now here quite rather almost instead ever indeed therefore moreover soon ago")
_put(
    "Q",
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand",
)
_put("Q", "million billion dozen first second third last next other others")
_put("SC", "-- – — :")

#: Finite auxiliaries, for agreement and negation.
BE = frozenset({"is", "are", "was", "were", "am"})
MODALS = frozenset({"can", "could", "may", "might", "must", "shall", "should", "will", "would"})
DO = frozenset({"do", "does", "did"})
SUBJECTS = frozenset({"i", "you", "he", "she", "it", "we", "they"})

#: Tag bigrams (first, second) → how likely against 1, the weight of one that is not named.
#: Set by hand from English word order; the tagger needs only to be sure or to say that it is not.
BIGRAMS: dict[tuple[str, str], float] = {}


def _like(first: str, second: str, weight: float) -> None:
    for a in first:
        for b in second:
            BIGRAMS[a, b] = weight


_like("D", "N", 6)
_like("D", "J", 3)
_like("D", "LQ", 1.5)
_like("D", "V", 0.003)
_like("D", "GK", 0.3)
_like("D", "R", 0.3)
_like("D", "DPIMTBCS", 0.05)
_like("J", "N", 8)
_like("J", "V", 0.02)
_like("J", "R", 0.1)
_like("J", "G", 0.2)
_like("J", "K", 0.1)
_like("P", "N", 3)
_like("P", "J", 1.5)
_like("P", "D", 4)
_like("P", "L", 2)
_like("P", "V", 0.01)
_like("P", "K", 0.1)
_like("P", "G", 1.5)
_like("P", "MB", 0.05)
_like("T", "V", 20)
_like("T", "B", 3)
_like("T", "NLGKJDPIMTCQS", 0.02)
_like("T", "R", 0.5)
_like("M", "V", 10)
_like("M", "B", 4)
_like("M", "N", 0.05)
_like("M", "JGK", 0.02)
_like("M", "R", 2)
_like("I", "V", 4)
_like("I", "N", 0.15)
_like("I", "J", 0.3)
_like("I", "K", 0.2)
_like("I", "G", 0.5)
_like("N", "V", 1.5)
_like("N", "N", 0.6)
_like("N", "J", 0.2)
_like("N", "K", 0.8)
_like("N", "G", 0.5)
_like("N", "R", 0.6)
_like("N", "I", 0.3)
_like("L", "V", 1.5)
_like("L", "L", 3)
_like("L", "N", 0.8)
_like("L", "J", 0.1)
_like("B", "K", 6)
_like("B", "G", 4)
_like("B", "J", 3)
_like("B", "V", 0.01)
_like("B", "N", 0.4)
_like("V", "V", 0.05)
_like("V", "D", 4)
_like("V", "I", 1.5)
_like("K", "D", 0.3)
_like("V", "N", 0.8)
_like("V", "K", 0.2)
_like("V", "T", 2)
_like("R", "V", 1.5)
_like("R", "K", 1.5)
_like("R", "J", 2)
_like("R", "N", 0.15)
_like("K", "N", 0.6)
_like("K", "V", 0.03)
_like("K", "P", 3)
_like("G", "V", 0.03)
_like("G", "N", 1)
_like("Q", "N", 4)
_like("Q", "V", 0.2)
_like("S", "V", 0.3)
_like("C", "V", 0.6)
