"""Word lists of the corruptions: what machine translation mistakes for what. Data only.

Each list is one text of entries ``word:option/option …``. A star marks a homograph: the option stands for
another meaning of the English word itself (*crane*: heron), not of a foreign one (*bank*: bench, by German
*Bank*).
"""

from __future__ import annotations


def _options(text: str) -> dict[str, tuple[str, ...]]:
    """``word:option/option`` entries, parted by white space.

    >>> _options("high:tall hot:warm/burning")
    {'high': ('tall',), 'hot': ('warm', 'burning')}
    """
    pairs = (entry.split(":") for entry in text.split())
    return {word: tuple(options.split("/")) for word, options in pairs}


_NOUNS = """
bank:bench/shore* spring:feather/source* price:prize award:price sky:heaven heaven:sky clock:hour finger:toe
village:people policy:politics foot:paw paper:wallpaper/role politics:policy safety:certainty
security:certainty role:paper party:game/slice place:square bill:beak* letter:character*/charter card:map
map:card leaf:sheet/blade power:plant plant:floor degree:grade game:venison* match:lighter* crane:heron*
nail:claw* bat:club* seal:stamp* pupil:iris* trunk:suitcase* bark:boat* bow:arch society:company
court:yard*/farm date:palm* deck:cover eye:eyelet file:line*/rasp* fan:ventilator* flat:plain* gate:goal
glass:spectacles* goal:gate interest:usury* iron:smoothing* issue:exit key:wrench/button* lead:conduct
lock:curl* lot:fate* meal:flour* minister:servant minute:protocol* model:mannequin* panel:dashboard
pass:passport pen:feather pipe:whistle pitch:tar* play:toy pool:puddle* port:gate post:pillar* pound:crush*
race:breed* root:square rule:ruler scale:ladder/stairs school:shoal* season:station sense:direction side:page
site:siege spirit:alcohol*/ghost* staff:rod*/stick* stage:scaffold station:season stock:stick strike:blow*
study:den* style:stylus table:board task:exercise time:weather tip:peak* track:trace train:procession*
type:guy vessel:jar* volume:band watch:guard* weather:time wheel:bicycle wing:sash work:oeuvre yard:court*
council:advice advice:council education:formation training:formation campaign:countryside journey:day
experiment:experience conscience:consciousness grape:bunch budget:household scientist:knower peace:rest
god:idol leader:conductor development:unwinding driver:screwdriver* nut:mother bridge:deck/nose* cell:cellar
tissue:handkerchief* virus:venom ground:cellar
"""
_VERBS = """
win:earn hear:listen listen:hear remind:remember remember:remind teach:learn bring:wear expect:wait ask:pray
pay:count tell:count rise:raise lie:lay lay:lie feel:touch try:taste prove:taste want:will leave:let let:leave
allow:leave spend:issue pass:happen play:gamble run:expire fail:miss lack:miss attend:assist assist:attend
achieve:catch apply:lay present:gift introduce:insert resolve:dissolve solve:dissolve settle:colonize*
sink:wash* sign:draw pull:attract launch:throw move:touch grow:augment drop:drip burn:brand begin:depart
end:perish live:inhabit read:lecture watch:guard look:watch receive:perceive perform:realize explain:clear
charge:load* develop:unwind suggest:whisper include:enclose require:crave agree:match finish:varnish*
"""
_ADJECTIVES = """
sensitive:sensible tall:high small:short short:small fast:tight difficult:heavy current:running present:gift*
economic:economical economical:economic easy:light strong:thick right:straight free:gratuitous full:sated
empty:void dark:obscure dear:expensive* late:posterior safe:sure sure:safe real:royal royal:real
open:uncovered main:capital capital:deadly* common:mean public:audience private:deprived sick:evil
healthy:whole quick:alive alive:lively local:topical national:folk federal:allied urban:polite human:humane
medical:doctor long:far low:short fine:thin* new:neat male:macho sweet:candied
"""
_ADVERBS = """
really:royally hardly:hard lately:late highly:tall finally:last clearly:light surely:safely certainly:securely
later:posteriorly soon:fast alone:only
"""

_STARRED = {
    (pos, word): options
    for pos, text in (("N", _NOUNS), ("V", _VERBS), ("J", _ADJECTIVES), ("R", _ADVERBS))
    for word, options in _options(text).items()
}

#: (WordNet's part of speech, lemma) → lemmas that it is mistaken for, wrong in most contexts. In the lists'
#: order: a seed draws by place.
CONFUSED: dict[tuple[str, str], tuple[str, ...]] = {
    word: tuple(option.rstrip("*") for option in options) for word, options in _STARRED.items()
}

#: Those of them that stand for another meaning of the English word; the others are false friends.
HOMOGRAPHS: dict[tuple[str, str], tuple[str, ...]] = {
    word: starred
    for word, options in _STARRED.items()
    if (starred := tuple(option.rstrip("*") for option in options if option.endswith("*")))
}

#: English word → words of German, French, Spanish, Italian, Portuguese or Dutch for it (``-`` is a space).
FOREIGN = _options("""
and:und/et/y/e/en with:mit/avec/com without:ohne/senza
also:auch/aussi/también/anche/ook but:aber/mais/pero/maar
however:jedoch/cependant/tuttavia/echter because:weil/porque/perché/omdat for:für/voor
from:von/depuis/desde under:unter/sous/bajo/sotto between:zwischen/entre/tra
very:sehr/très/muy/molto/muito more:mehr/más/più/mais/meer
always:immer/toujours/siempre/sempre/altijd never:nie/jamais/nunca/nooit
today:heute/aujourd'hui/oggi/hoje now:jetzt/maintenant/ahora/adesso here:hier/ici/aquí/qui
after:nach/après/después/dopo/depois before:vor/antes
when:wenn/quand/cuando/quando/wanneer only:nur/seulement/solamente/soltanto/slechts
new:neu/nouveau/nuevo/nuovo which:welche/laquelle/cual/quale/welke this:diese/cette/esta/questo/deze
these:diese/ces/estos/questi year:Jahr/année/año/anno/jaar years:Jahre/années/años/anni/anos
people:Leute/gens/gente/pessoas/mensen government:Regierung/gouvernement/gobierno/governo/regering
president:Präsident/presidente minister:ministre/ministro
country:país/paese/landen world:monde/mundo/mondo/wereld
city:Stadt/ville/ciudad/città/cidade work:Arbeit/trabajo/lavoro/werk
water:Wasser/eau/agua/acqua farmers:Bauern/agriculteurs/agricultores/contadini/boeren
farmer:agriculteur/granjero/agricoltore
research:Forschung/investigación/ricerca/onderzoek
researchers:Forscher/chercheurs/investigadores
scientists:Wissenschaftler/scientifiques/científicos/scienziati market:Markt/marché/mercado/mercato
price:Preis/precio/prezzo/preço prices:Preise/precios/prezzi/preços/prijzen
company:Firma/entreprise/empresa money:Geld/dinero/soldi/dinheiro
school:Schule/école/escuela/scuola/escola house:Haus/maison/huis
children:enfants/niños/bambini/crianças women:Frauen/femmes/mujeres/donne/vrouwen
men:Männer/hommes/hombres health:Gesundheit/santé/salud/gezondheid
law:Gesetz/loi/legge rain:Regen/pluie/lluvia/pioggia/chuva
food:Essen/nourriture/comida/cibo/voedsel time:Zeit/tiempo/tijd
day:jour/día/giorno/dag week:Woche/semaine/semana/settimana month:Monat/mois/mes/mese/maand
war:Krieg/guerre/guerra/oorlog peace:Frieden/paix/paz/vrede
freedom:Freiheit/liberté/libertad/libertà/vrijheid union:Gewerkschaft/unione
history:Geschichte/histoire/historia/storia/geschiedenis life:Leben/vida/leven
story:Geschichte/histoire says:sagt/diz/zegt said:sagte/dijo/disse/zei
think:denken/penser/pensar/pensare must:muss/doit/debe/deve/moet
should:sollte/devrait/debería/dovrebbe/zou will:wird/zal can:kann/peut/puede/può/kan
not:nicht/pas/niet all:alle/tous/todos/tutti many:viele/plusieurs/muchos/molti/veel
some:einige/quelques/algunos/alcuni other:andere/autre/otro/altro
first:erste/primero/eerste good:bueno/buono/goed great:groß/groot
small:pequeño high:hoch/haut/hoog old:vieux/viejo/vecchio
about:über/environ/sobre through:durch/à-travers/durante/attraverso
against:gegen/contre/contro/tegen there:dort/là/allí/daar already:schon/déjà/già/já
again:wieder/otra-vez/di-nuovo/weer important:wichtig/importante/belangrijk
quickly:schnell/vite/rápidamente/velocemente often:souvent/spesso/vaak
study:Studie/étude/estudio/onderzoek test:Prüfung/épreuve/prueba/prova
road:Straße/carretera/strada river:Fluss/rivière/río/fiume/rivier
book:Buch/livre/libro/livro/boek family:Familie/famille/familia/famiglia
friend:Freund/ami/amico/vriend car:voiture/coche/macchina/carro
morning:Morgen/matin/mañana/mattina evening:Abend/soir/noche/avond sea:Meer/mer/zee
north:Norden/nord/norte/noorden south:Süden/sud/zuiden
""")

#: Preposition → prepositions that hardly ever fit where it stands (as `inflection` picks the places).
PREPOSITIONS = _options("""
of:since/until/between/among/during in:of/between/among/since/until to:of/since/between/among/during
for:of/since/between/until on:of/between/among/since/until at:of/since/between/until
by:since/between/among/until with:of/since/between/until from:of/since/between/among
about:of/since/between/until into:of/since/between/until between:since/until/of
through:of/since/until/between during:of/among/between/onto against:of/since/until
after:of/among/between/onto without:of/since/until/between within:of/since/until over:of/since/until
under:of/since/until/between
""")

#: Verb, participle or adjective → the preposition it takes, and then ones that other languages give it.
GOVERNED = _options("""
depend:on/of/from/at rely:on/of/to/at consist:of/from/by insist:on/in/to/at interest:in/for/at
participate:in/to/on succeed:in/to believe:in/to/at/on result:in/to/with/at
listen:to/at/on/of belong:to/of/at contribute:to/for/at lead:to/at/for respond:to/on/at
refer:to/on/at/of relate:to/on/at wait:for/to/of look:for/of/since
ask:for/of/to apply:for/on/of suffer:from/at/by come:from/of/at
differ:from/of/at prevent:from/to/of/at protect:from/of/at/to separate:from/of/at/to
deal:with/of/about/at comply:with/to/at/of agree:with/at/of associate:with/at/of/into
compare:with/at/of/on cooperate:with/at/of/to cover:with/of/at/to responsible:for/of/about/at
famous:for/of/at ready:for/to/of afraid:of/from/at
capable:of/to/for/at full:of/with/from/by aware:of/about/on/at proud:of/on/at
different:from/of/at/by similar:to/with/as/of equal:to/of/at close:to/of/from
due:to/of/at involve:in/at/to/on engage:in/at/of focus:on/at/to/of concentrate:on/at/to/of
base:on/of/to
""")

#: Noun → the same.
GOVERNED_NOUNS = _options("""
interest:in/for/at attack:on/to/into effect:on/to/at impact:on/to/at influence:on/to/at
demand:for/to/at need:for/to/at reason:for/to/at increase:in/at/to rise:in/at/to
drop:in/at/to fall:in/at/to access:to/at/on answer:to/on/at threat:to/at/on
damage:to/at/into solution:to/at/on evidence:of/at/to lack:of/on/at risk:of/at/on
cost:of/at/with price:of/at/to part:of/at/on kind:of/at/on number:of/at/on
end:of/at/on member:of/to/on
""")

#: Debris of decoding, markup and tokenisers.
DEBRIS = (
    "â€™", "â€œ", "Ã©", "Ã¢", "Â", "ï¿½", "â€“", "&amp;", "&nbsp;", "&quot;", "&#39;", "<br>",
    "</p>", "<unk>", "@-@", "@@", "⁇", "##", "[?]", "{0}", "%s", "$1", "__", "\\n", "|||", "~~",
)  # fmt: skip
