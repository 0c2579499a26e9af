"""What the boundary rules of `segment` go by: where syntok, which takes any language at once, slips.

Each pattern has its examples in ``tests/cases/sentences.jsonl``.
"""

from __future__ import annotations

import re
from typing import Final

_SPEECH = (
    r"(?:said|says|say|asked|asks|added|adds|told|tells|replied|replies|cried|cries|shouted|shouts|wrote|writes|exclaimed"
    r"|answered|answers|yelled|whispered|muttered|tweeted|recalled|recalls|joked|jokes|laughed|insisted|warned|declared|screamed)"
)
CALLED_OUT = re.compile(r"(?<![!?…])[!?…]++[\"”’']++\s*$")
ATTRIBUTION = re.compile(
    rf"(?:[A-Z][\w.'’-]*\s+|(?:the|a|an|his|her|my)\s+(?:\w+\s+){{0,2}}){{1,4}}{_SPEECH}\b|{_SPEECH}\s+[A-Z]"
)
NUMBER = re.compile(r"\d|[(\[]\d+[)\]]")
#: Abbreviations that are never the end of a sentence before a number.
BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:no|nos|nr|fig|figs|eq|eqs|p|pp|vol|vols|ch|chap|sec|sect|art|para|ver|vs|v|ca|c|approx|est|rs|rp"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|tel|ext|incl|excl|temp|circ|op|ref|refs|tab|app|cf|rm|apt|al)\.\s*$",
    re.IGNORECASE,
)
#: Abbreviations that are never the end of a sentence before a capital.
BEFORE_NAME = re.compile(
    r"(?:^|[\s(\[\"“‘])(?:vs|(?<!\d\s)v|mr|mrs|ms|dr|prof|st|mt|(?<!\d\s)ft|gen|col|lt|sgt|capt|cmdr|adm|maj|sen|rep|gov|rev|fr|hon"
    r"|messrs|mme|mlle|supt|insp|cpl|pvt|cf|e\.g|i\.e|viz)\.\s*$",
    re.IGNORECASE,
)
#: The same of titles in capitals; “wait a sec. Jane …” and “… Sec. He …” (`NO_NAME`) end.
BEFORE_TITLED = re.compile(
    r"(?:^|[\s(\[\"“‘])(?:Cllr|Det|Pres|Atty|Amb|Asst|Msgr|Rt|(?<!\d\s)Sec|(?<!\d\s)Br|Dipl|Ing)\.\s*$"
)
_STATES = (
    r"Ala|Ariz|Ark|Cal|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Mass|Md|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla|Or|Pa"
    r"|Tenn|Tex|Va|Vt|Wash|Wis|Wyo"
)
#: “Fed. R. Civ. P. 56”, “F. Supp. 2d”, “Ex. A at 3”, “Supp. Table 2”, “Cal. Penal Code”: citations are made
#: of abbreviations, and what stands behind one tells that it goes on.
CITED = re.compile(
    rf"\b(?:Fed|Civ|Crim|Evid|Suppl?|App|Rev|Stat|Ann|Compl|Decl|Exh?|Proc|Const|F|R|{_STATES})\.\s*$"
)
BEHIND_CITED = re.compile(
    r"(?:R|P|Civ|Crim|Evid|App|Proc|Supp|Cir|Reg|Stat|Ann|Rev|Gen|Comp|Const|Admin|Mat)\.|(?:2d|3d|4th)\b|[§¶]"
    r"|(?:Figs?\.?|Tables?)\s+[A-Z]?\d|(?:(?:Penal|Civil|Health|Vehicle|Labor) )?Code\s+(?:§|Ann\.|\d)"
    r"|[A-Z](?:,?\s(?:at|and)\s\d|,\s)"
)
SAINT_END = re.compile(r"[A-Z]\w+ (?:St|Mt|Ft)\.\s*$")
CLOSERS = re.compile(r"(?:(?<=[)\]”’\"])[.!?]++)?(?:[”’»)\]]++|\"|(?<=[.!?]))(?=\s|$)")
MARKER = re.compile(
    r"(?:(?:Step|Tip|Table|Fig(?:ure)?|Chapter|Part|Rule|Day|Section|Question|Number) |[(#])?"
    r"(?:\d{1,3}(?:\.\d{1,2}){0,2}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s*$"
)
#: Brackets at an end that no final mark makes one: “LONDON (Reuters) - The …”, “He (John) was there.”; and at
#: a beginning, “(Oslo, 3 May) The …”.
ASIDE = re.compile(
    r"(?:[^\s.!?…。！？”\"’)\]]\s*\([^()]*|\A\([A-Z][^\W\d_]*(?: [A-Z][^\W\d_]*)?, [^()]{0,40})"
    r"[^().!?…。！？\s]\)\s*$"
)
#: “RIVERTON, Pa. — A fire …”, “LANSING, Mich. (AP) — The …”: what stands before and behind such an end.
DATELINE = re.compile(r"[A-Z][A-Z.’'-]+(?: [A-Z][A-Z.’'-]+){0,3}, (?:[A-Z][a-z]{1,5}|[A-Z]\.[A-Z])\.\s*$")
DASH = re.compile(r"[-–—]{1,3}\s")
BEHIND_DATELINE = re.compile(rf"{DASH.pattern}|\([A-Z]")
#: “Prices rose [see table and fell.”: a bracket that is never closed begins no sentence in the middle of one.
MID_SENTENCE = re.compile(r"[\w,%°]\s*$")
#: “… — what a day! — to go home”: a dash that goes on in lower case, behind a cry or a question.
CRIED = re.compile(r"[!?][\"”’')\]]*\s*$")
#: German ordinals: “am 5. Mai”, “der 1. FC Köln”; the English “I am 5.” ends.
ORDINAL = re.compile(
    r"(?<!\bI )\b(?:[Aa]m|[Ii]m|[Vv]om|[Zz]um|[Zz]ur|[Bb]eim|[Dd]er|[Dd]ie|[Dd]as|[Dd]en|[Dd]em|[Dd]es)\s+"
    r"\d{1,3}\.(?:\s?\d{1,2}\.)?\s*$"
)
NUMBER_END = re.compile(r"\b\d{1,3}\.\s*$")
NUMBERED = re.compile(
    r"(?:Jänner|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Jahrhunderts?|Jahrtausends?|Weltkriegs?)\b"
)
#: What begins a German sentence and stands behind no ordinal.
GERMAN_OPENERS = re.compile(
    r"(?:Dann|Danach|Da|Er|Sie|Es|Wir|Ich|Ihr|Man|Der|Die|Das|Den|Dem|Eine?|Einen|In|Im|Am|An|Auf|Bei|Mit|Nach"
    r"|Und|Aber|Doch|Auch|Als|Wenn|Weil|Wie|Was|Wer|Wo|So|Nun|Diese?|Dieser|Dieses|Dort|Hier|Seit|Vor)\b"
)
#: Japanese goes on behind a quotation with a particle: 「はい。」と彼は言った。; not so ところが, “but”.
_GOES_ON = r"(?:(?<=[」』])(?:と(?!ころ|にかく|ても|もかく|りあえず)|って|など|の|を))"
UNSPACED_END = re.compile(rf"[。！？｡!?।॥؟۔։።፧។။][」』”’）)\]】》]*+(?!{_GOES_ON})(?=\S)|[।॥؟۔։።፧។။]\s+")
#: Words that are nobody's name, and so begin a sentence behind any stop: syntok doubts II., C., a.m., art.
_OPENERS = (
    r"(?:He|She|They|We|You|Everyone|Everybody|Someone|Somebody|Nobody|Anyone|His|Her|Their|My|Our|Your|There|Then"
    r"|These|Those|But|When|While|After|Before|If|During|Until|Many|Most|Some|Several|Both|At|By|From|With)"
)
NO_NAME = re.compile(rf"(?:{_OPENERS}|The|It|This|That|An?|In|On|And|To)\b")
#: What begins a sentence behind a number or a unit, and is no name (“in 1999 V. Woolf …”).
_BEGINS = (
    rf"(?:{_OPENERS}|The|It|Its|This|That|In|On|For|As|Yet|Even|Although|However|Indeed|Instead|Thus|And"
    r"|Since|Because|Though|To|Here)"
)
#: The same, with or without a comma: “… in the U.S. Meanwhile, …”, “… by Apple Inc. Last year …”.
_ADVERBS = (
    r"(?:Meanwhile|Later|Earlier|Today|Yesterday|Now|Last|Once|According|Despite|Unlike|Not|Here|Another|Other"
    r"|Each|Every|Also|Nearly|Almost|Although|Because|Since|Nevertheless|Moreover|Furthermore|Additionally"
    r"|Therefore|Finally|Perhaps|Recently|Eventually|Currently|Under|Over|Within|Without|Throughout|What|Why"
    r"|How|Who|Where|Whether)"
)
_PLURALS = (
    r"(?:People|Police|Analysts|Researchers|Scientists|Officials|Experts|Shares|Shareholders|Investors|Customers"
    r"|Consumers|Employees|Workers|Users|Critics|Sales|Profits|Prices|Figures|Reports|Sources)"
)
_CLOSED = r"[”’\")\]]*+\s+"
_CAPITAL = r"(?=[“‘\"'(]?[A-Z])"
_ON = r"(?!(?:et|and|or)\b)[a-z]"
#: Ends that syntok does not see.
MISSED = re.compile(
    "|".join(
        (
            # a question mark after an ellipsis, an emoji before the final mark
            r"(?:(?<!\.)\.{2,}+\s?[?!]|[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]\s?[.!?])\s+(?=[A-Z“\"])",
            # a stop before what begins sentences: “World War II. He came”, “the U.S. Last year”
            rf"(?<=[\w)])(?<!P\.S)\.{_CLOSED}(?={_OPENERS}(?:['’][a-z]+)?\s+{_ON}|{_ADVERBS},?\s+{_ON})",
            rf"(?<=\w)(?<!P\.S)\.{_CLOSED}(?=(?:Mr|Mrs|Ms)\.\s[A-Z])",
            # … before what somebody says: “Apple Inc. “I am old,” he said.”
            rf"(?<=\w)\.\s+(?=“(?:I|{_BEGINS})\b[^“”]{{2,400}}[,.?!]”)",
            rf"(?<=\w)\.\s+(?=\"(?:I|{_BEGINS})\b[^\"]{{2,400}}[,.?!]\")",
            # a dotted word before I; “etc.”; a company before a plural that does something
            rf"(?<=[A-Za-z]\.[A-Za-z])(?<!P\.S)\.{_CLOSED}(?=I(?:['’][a-z]+)?\s+[a-z])",
            r"\betc\.\s+(?=[“‘\"']?(?:[A-Z][a-z]|I\s))",
            rf"\b(?:Inc|Ltd|LLC|Plc|PLC|Corp)\.\s+(?={_PLURALS}\s(?!(?:of|and|in|for|to)\b)[a-z])",
            # one letter before a question mark: “vitamin C? We”, “the U.K.? Nobody”
            rf"(?:(?<=\b[A-Z])|(?<=\b[A-Z]\.[A-Z]\.))\?{_CLOSED}{_CAPITAL}",
            # a unit; the number of an equation, “Eq. (2). The”
            rf"(?:(?<=\d\s°[CFKNSEW]|\d°\s[CFKNSEW])|(?<=[℃℉]))\.{_CLOSED}{_CAPITAL}",
            rf"(?<=\d\s[ACFHJKLMNVW])\.{_CLOSED}(?=(?:{_BEGINS}|An?)\s+[a-z])",
            r"(?:(?<=\d\s[gl])|(?<=[\s/\d]mL)|(?<=\d[\s-]min)|(?<=degrees\s[CF]))\.\s+(?=[A-Z][a-z]+\s)",
            r"(?:(?<=\.\s\(\d\))|(?<=\.\s\(\d\d\)))\.\s+(?=[A-Z])",
            # a smile
            r"(?<=\w\s)[:;]-?[)D]\s+(?=[A-Z])",
            # a word before a large number
            rf"(?<=[a-z]{{4}}|\sago|\sday|\shim|\sher|\sout|\swar|\syou)[.!?]{_CLOSED}(?=\d{{3,}}\s+[^\W\d_])",
        )
    )
)
_WORD = r"(?:[A-Z][a-z]+(?:['’][a-z]+)?,?\s[a-z])"
#: Ends without a blank behind them that syntok does not see.
GLUED = re.compile(
    "|".join(
        (
            # “in 1987.All our”, “by 5%.The rest”, “(again).The crowd”, “"go".The crowd”
            rf"(?:(?<=\s\d{{4}})|(?<=[%)\]”])|(?<=\w\"))[.!?](?={_WORD})",
            # “the U.S.The first”, “the EU.The first”, “room 12.He came”; no item: “: 1.The first”
            rf"(?:(?<=\d)(?<![.:;,)]\s\d)(?<![.:;,)]\s\d\d)(?<!\A\d)(?<!\A\d\d)|(?<=\w\.[A-Z])|(?<=[A-Z]{{2}}))"
            rf"[.!?](?={_BEGINS}(?:['’][a-z]+)?,?\s[a-z])",
            # “go.”The crowd”, “there.I do not”, “there.“I love”
            rf"(?<=[\w%)][.!?]”)(?={_WORD})|(?<=[a-z]{{2}}[.!?])(?=I\s[a-z]|I['’][a-z]|“[A-Z])",
        )
    )
)
#: The same at an upright mark, which opens or closes: “he said."We …”, “… "go."The …”.
GLUED_MARK = re.compile(r"(?<=[a-z\d%)][.!?])\"(?=[A-Z][a-z]*(?:['’][a-z]+)?,?\s[a-z])")
LOWER_END = re.compile(
    r"(?<=[^\W\d_]{3})(?<!\betc)(?<!approx)(?<!\btsp)(?<!\btbsp)(?<!\blbs)(?<!\bpkg)(?<!\bincl)(?<!\bexcl)"
    r"(?<!\bmax)(?<!\bmin)(?<!\bavg)[.!?]+\s+(?=[a-z])"
)
#: Dots beyond the third of a run: syntok takes them one by one, each time from the run's beginning.
_SURPLUS_DOTS = re.compile(r"(?<=\.\.\.)\.{5,}")
#: Behind a stop, its closing quotes and a blank: a word or “I” begins.
_NEXT = r"[”’\")\]]*+\s+(?=[“‘\"'(]?(?:[A-Z][a-z]|I\s))"
_DAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\b)"
_MONTH = r"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)"
_ZONE = r"(?:(?:Eastern|Central|Mountain|Pacific|Atlantic|Greenwich)\b|(?:[A-Z]\w*\s){1,3}[Tt]ime\b)"
#: A token with a dot inside, which syntok takes for an abbreviation: $12.35, Amazon.com, 7 p.m. The number
#: of a figure or a section, “the 10 a.m. Mass” and “7 p.m. Eastern” go on.
DOTTED = re.compile(
    r"(?<![\w.,])(?<!igure\s)(?<!able\s)(?<!ection\s)(?<!hapter\s)(?<!isting\s)(?<!ersion\s)(?<![.§]\s)"
    rf"\d++(?:,\d++)*\.\d++[a-z]{{0,2}}\.{_NEXT}"
    rf"|(?<![\w.-])(?:www\.)?+[\w-]{{3,}}+(?:\.(?!(?:cit|ing|med|phil|jur|dr|al)\b)[a-z]{{2,6}})+\.{_NEXT}"
    r"|(?<![\d:.])(?<!\b[Tt]he\s)(?<!\b[Aa]\s)(?<!\b[Aa]n\s)(?<!very\s)"
    rf"\d{{1,2}}(?:[:.]\d\d)?\s?[ap]\.m\.(?!\s+(?:{_DAY}|{_MONTH}|{_ZONE})){_NEXT}"
)
#: English words that syntok knows as German or Spanish abbreviations, and days; a day goes on with a month.
WORDS = re.compile(
    rf"\b(?:cap|lit|art|gal|May|(?<![Ss]ee\s)(?<!\bin\s)(?<!\band\s)(?<!\()(?:tab|fig))\.{_NEXT}"
    rf"|\b(?:Mon|Tue|Wed|Thu|Fri|Sun)\.(?!\s+(?:{_DAY}|{_MONTH}|(?:Morning|Afternoon|Evening|Night)\b)){_NEXT}"
    r"|\bMay\.\s+(?=\d{1,3}\s+[a-z])"
)
_RAISED = "[¹²³⁰⁴-⁹]"
#: A mark behind a sentence points to its source, and belongs to it: “… of Byron.[5] In …”, “… fee.¹ Yet …”.
_REFERENCES = re.compile(
    r"(?<=[.!?”\"’)])(?:\s?\[(?:\d{1,3}(?:\s?[-–,]\s?\d{1,3}){0,9}|[a-z]|note \d{1,3}"
    r"|[a-z ]{3,20} needed)\](?::\s?\d{1,4}(?:[-–]\d{1,4})?)?)++(?=\s|$|[A-Z])"
    rf"|(?<=[.!?”\"’])(?:{_RAISED}{{1,3}}(?:[,–-]{_RAISED}{{1,3}}){{0,9}}|[*†‡§]{{1,3}})(?=\s|$)"
)
#: The same bare, “… fell.1,2 Then …”, “… in 1254.1 It …”, but not in “version 3.1 The …”.
BARE = re.compile(
    r"(?:(?<=[^\W\d_]{3}[.!?])|(?<=[.!?][”’\"])|(?<=\s1\d\d\d\.)|(?<=\s20\d\d\.))"
    r"\d{1,3}(?:[-–,]\d{1,3}){0,9}(?=\s+[“‘\"'(]?[A-Z])"
)
#: And behind a blank: “… of the fee. 8 Yet he left.”
SPACED = re.compile(
    r"(?:(?<=[^\W\d_]{3}[.!?])|(?<=[.!?][”’\"])|(?<=\)\.))\s\d{1,2}"
    rf"(?=\s{_BEGINS}\s)"
)
#: What syntok takes wrongly → what it is to read there, character for character, so that offsets hold.
LEVELLED: Final = (
    (_SURPLUS_DOTS, " "),
    (_REFERENCES, " "),
    (re.compile(r"(?<=[.!?…])[“‘](?=\s)"), "”"),  # „Ich gehe.“
    (re.compile(r"(?<=\w)…(?=[\s”’\")\]]|$)"), "."),
    (re.compile(r"(?<![\u0370-\u03ff\u1f00-\u1fff]);"), ","),  # behind a Greek letter it asks
)
