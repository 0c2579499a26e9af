"""Words around which a grammar fault would be good English: data only, each list for one type."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Subjects that take a verb in either number, and words that bring in one.
EITHER_NUMBER = _words("""
team group government company couple staff majority minority number family none there all some any most half
data which that who whom public police media press committee council parliament army navy crowd audience jury
board band club crew party union side administration management opposition leadership faculty class orchestra
population generation enemy department ministry bank firm association organisation organization agency
community pair trio bunch range series species means headquarters crossroads works fish sheep deer aircraft
craft offspring salmon trout politics statistics economics mathematics physics news percent cent rest lot lots
variety total average handful dozen dozens fraction proportion percentage part amount plenty kind sort type
each either neither one more enough quarter third thirds quartet choir cast troupe gang squad regiment fleet
cabinet senate congress court commission corporation institute university hospital school society church
electorate aristocracy nobility clergy herd flock swarm cattle people folk pride squadron panel delegation
""")
#: What joins a second subject to a first one.
JOINS_SUBJECTS = frozenset({"and", "or", "nor", "with", "plus", "but", "like", "including"})
#: Measures that keep the singular behind a number.
MEASURES = _words("foot pound stone ton tonne dozen head pair yard mile fathom sail craft")

#: Nouns that stand without an article as well, in these forms or in set phrases (*in court*, *raise tax*).
NO_ARTICLE = _words("""
school work prison hospital church court class bed town college university jail port office life space nature
time place power home sea land history government congress parliament dinner lunch breakfast supper tea winter
spring summer autumn fall night day noon morning evening midnight dawn dusk sunrise sunset week month year
season car bus train plane bicycle bike boat ship taxi foot horse phone telephone radio television camera
stage board screen display paper fire site duty air water ice snow rain wind light sound heat cold wood glass
stone rock metal iron steel gold silver coffee beer wine milk cake bread cheese meat fish chicken beef lamb
pork fruit food soup salad sugar salt butter rice pasta oil gas coal fuel cloth cotton wool hair skin blood
bone war peace love hate hope fear anger joy pain grief death disease cancer flu crime law order justice
business trade industry science art music sport football tennis golf chess language culture religion faith tax
rent debt cash credit money income interest profit loss price cost value growth demand supply research study
theory practice experience knowledge evidence proof data text speech press tradition custom medicine
technology energy traffic contact control command support pressure stress weight height speed sight view reach
risk danger trouble doubt chance change progress success failure effort care help advice thought reason
society mankind man woman heaven hell earth piano guitar violin drum flute cello trumpet organ front top back
face side bottom hand head heart mind body mouth part case fact end line page chapter section course step
exile custody rehearsal training table market production agreement attack delay negotiation discussion
argument opposition permission payment treatment consideration competition murder revenue material need
vaccine conflict benefit force skill service policy difficulty certainty uncertainty property duty beauty
""")
#: Offices: *as president*, *became captain*, *minister of health*.
OFFICES = _words("""
president minister chairman chairwoman chair captain leader director king queen head mayor governor secretary
manager coach editor ambassador bishop pope emperor prince princess duke professor dean chancellor premier
senator judge sheriff commander general colonel treasurer owner author champion winner host partner guardian
doctor nurse cook guard spokesman spokeswoman chief boss principal headmaster referee
""")
OFFICE_VERBS = frozenset(
    {"as", "become", "be", "elect", "name", "appoint", "crown", "make", "call", "remain"}
)

#: Verbs that take a bare infinitive as well: *helped rebuild*, *go see*, *needs not dare say*.
BARE_INFINITIVE = _words("help dare need go come run hurry bid make let see hear feel watch know")
#: What leaves its *of* out, or is its own adjective before a name: *two cups sugar*, *north England*.
LOOSE_OF = _words("""
cup tablespoon teaspoon spoon gram gramme kilogram kilo litre liter millilitre pound ounce pint quart gallon
pinch dozen couple metre meter inch foot pair million thousand hundred north south east west outside inside
off half all both city town village state river island lake county province month year university
northeast northwest southeast southwest
""")
#: Participles that have two objects: *was told by the police* and *was told the police …*.
TWO_OBJECTS = _words("""
give show tell teach offer ask send pay promise grant award hand serve charge fine allow deny refuse lend
leave
""")
#: Periods, and *way*: what goes without its preposition (*stayed (for) a week*, *did it (in) the same way*).
PERIODS = _words("""
second minute hour day night morning afternoon evening week weekend month year decade century season spring
summer autumn winter while moment time way term period while lifetime date fortnight
""")

#: Verbs of saying, which stand before their subject beside a quotation: *“We won,” added he*.
REPORTING = _words("""
say add ask tell reply answer explain shout whisper cry continue note write warn recall joke insist argue
admit agree announce claim conclude complain declare exclaim laugh murmur mutter observe remark repeat respond
state suggest think wonder demand promise protest quip call begin go sing read sigh smile
""")
#: Adjectives that stand behind their noun as well.
AFTER_NOUNS = _words("""
full general elect proper present alone alive asleep concerned involved necessary open closed ready able due
worth enough else online ahead absent extra galore incarnate royal public martial apparent overseas nearby
inside outside downtown uptown upstairs downstairs offshore onshore inland upstream downstream underground
worldwide nationwide statewide indoor outdoor
""")
#: Verbs with an object and what it becomes or is: *left the door open*, *drink the milk hot*.
OBJECT_STATE = _words("""
leave keep make find have get paint turn render consider hold push see want prove set declare call drive like
prefer serve drink eat buy sell cut think believe wash dye
""")

#: Verbs that *to* joins to a thing as well as to another verb: *went to (see) the doctor*.
TO_A_THING = _words("""
go come return travel move drive run walk get fly head rush agree object turn listen speak talk respond belong
happen add swear consent lead refer way key answer right access back send bring take invite rise here there
similar due close near next up on invitation subject approach commit dedicate devote stick lie limit
contribute ride sail hurry climb
""")
#: Determiners that never stand alone, so that a noun is missing behind them.
NEVER_ALONE = _words("the a an my your our their its every")
#: Prepositions that are never adverbs or particles.
NEVER_ADVERBS = _words("of at with from for into during among against without upon between")
#: What a sentence can't end on.
NEVER_LAST = _words("and or because if whether than although while unless until whereas as")
#: Words that are said twice on purpose.
SAID_TWICE = _words("""
that had very really bye no so more many long far never again much old well now yes please ha there what do up
round is in on hear knock one little too ever big
""")
#: Plurals said over and over on purpose: *for years and years and years*.
SAID_OVER = _words("years miles hours days weeks months lots times pages rows piles loads tons ages")

#: Verbs and their kin that *of* follows as well as another preposition.
TAKES_OF = _words("""
think hear speak tell know dream die smell consist dispose approve complain beware talk write learn ask make
build form come suffer reek taste boast conceive despair become be sing admit allow permit convict accuse
suspect say require expect demand want judge beg read warn rob deprive cure rid clear free empty strip relieve
inform remind assure bear sure certain
typical guilty short worthy
""")
#: What *among* takes in the singular.
CROWDS = _words("""
crowd group public population audience crew staff family people team wreckage debris rubble grass crop herd
press clergy nobility cattle furniture traffic foliage undergrowth company rest lot number pair couple
community class
""")
