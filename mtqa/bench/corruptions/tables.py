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
bank:bench/shore* spring:feather/source* price:prize award:price sky:heaven heaven:sky wood:forest
clock:hour finger:toe village:people story:history history:story policy:politics foot:paw
paper:wallpaper/role politics:policy safety:certainty security:certainty role:paper party:game/slice
place:square bill:beak* letter:character*/charter card:map map:card leaf:sheet/blade sheet:leaf
current:stream power:might/plant plant:factory*/floor degree:grade game:venison* match:lighter*
crane:heron* nail:claw* bat:club* seal:stamp* pupil:iris* trunk:suitcase* bark:boat* bow:arch
chest:breast* coach:bus* company:society society:company court:yard*/farm date:palm* deck:cover
eye:eyelet face:visage file:line*/rasp* fan:ventilator* fire:shooting flat:plain* gate:goal
glass:spectacles* goal:gate hand:palm head:pate interest:usury* iron:smoothing* issue:exit
key:wrench/button* lead:conduct light:lamp line:queue* lock:curl* lot:fate* market:fair meal:flour*
minister:servant minute:protocol* model:mannequin* nurse:sister organ:body panel:dashboard
pass:passport pen:feather pipe:whistle pitch:tar* play:toy pool:puddle* port:gate post:pillar*
pound:crush* race:breed* ring:circle root:square rule:ruler scale:ladder/stairs school:shoal*
season:station sense:direction sentence:phrase* shade:shadow show:spectacle side:flank/page
site:siege space:cosmos* spirit:alcohol*/ghost* spot:stain* staff:rod*/stick* stage:scaffold
stamp:seal state:condition* station:season stock:stick strike:blow* study:den* style:stylus
table:board task:exercise term:concept tie:necktie* time:weather tip:peak* tongue:language
language:tongue track:trace train:procession* trial:process type:guy vessel:jar* volume:band
watch:guard* wave:billow weather:time wheel:bicycle wing:sash work:oeuvre yard:court* council:advice
advice:council education:formation training:formation campaign:countryside journey:day
lecture:reading library:bookshop actor:player experiment:experience experience:experiment
conscience:consciousness herd:drove field:camp camp:field grape:bunch cow:bovine wool:cotton
budget:household scientist:knower peace:rest freedom:liberation god:idol army:crowd leader:conductor
growth:tumour* development:unwinding driver:screwdriver* nut:mother oil:butter bridge:deck/nose*
tank:aquarium* cell:cellar tissue:handkerchief* virus:venom fair:carnival ground:cellar
"""
_VERBS = """
win:earn earn:win hear:listen listen:hear remind:remember remember:remind borrow:lend lend:borrow
learn:teach teach:learn bring:wear carry:wear wear:carry wait:hope hope:wait expect:wait ask:pray
pay:count tell:count meet:encounter become:get raise:lift rise:raise lie:lay lay:lie feel:touch
try:taste taste:try prove:taste test:sample want:will leave:let let:leave allow:leave call:shout
spend:issue/pass pass:happen save:spare order:command* play:gamble drive:guide lead:direct
run:expire fail:miss miss:lack lack:miss attend:assist assist:attend pretend:claim claim:pretend
control:steer direct:steer realise:accomplish realize:accomplish achieve:catch apply:lay
present:gift introduce:insert resolve:dissolve solve:dissolve settle:colonize* sink:wash* draw:pull*
sign:draw pull:attract throw:launch launch:throw move:touch touch:move turn:spin grow:augment
fall:tumble drop:drip plant:set burn:brand begin:depart end:perish live:inhabit sit:perch
read:lecture watch:guard look:watch see:sight receive:perceive support:bear bear:support hold:stop
perform:realize discuss:argue explain:clear treat:handle charge:load* cover:blanket release:drop
develop:unwind protect:shelter produce:bring suggest:whisper describe:paint include:enclose
contain:restrain require:crave agree:match finish:varnish* fit:suit hire:rent
"""
_ADJECTIVES = """
sensible:sensitive sensitive:sensible strange:foreign foreign:strange great:tall big:tall high:tall
tall:high small:short short:small fast:tight early:fast heavy:thick difficult:heavy actual:current
current:running present:gift* economic:economical economical:economic historic:historical light:easy
easy:light soft:weak strong:thick right:straight wrong:false young:junior free:gratuitous full:sated
empty:void clear:transparent dark:obscure dear:expensive* expensive:dear cheap:favourable
late:posterior deep:profound poor:miserable safe:sure sure:safe certain:sure real:royal royal:real
fair:blond* open:uncovered main:capital capital:deadly* equal:same common:mean public:audience
private:deprived sick:evil ill:bad healthy:whole cold:chilly hot:burning fresh:cool cool:fresh
quick:alive alive:lively serious:earnest funny:droll local:topical national:folk federal:allied
rural:peasant urban:polite human:humane medical:doctor important:weighty long:far low:short
fine:thin* new:neat wild:savage male:macho bitter:sour sweet:candied
"""
_ADVERBS = """
eventually:possibly possibly:eventually actually:currently currently:actually really:royally
hardly:hard lately:late nearly:near highly:tall quickly:fast finally:last clearly:light
surely:safely certainly:securely later:posteriorly soon:fast together:jointly alone:only
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
and:und/et/y/e/en with:mit/avec/con/com without:ohne/sans/sin/senza
also:auch/aussi/también/anche/ook but:aber/mais/pero/ma/maar
however:jedoch/cependant/tuttavia/echter because:weil/porque/perché/omdat for:für/pour/para/voor
from:von/depuis/desde/da under:unter/sous/bajo/sotto between:zwischen/entre/tra
very:sehr/très/muy/molto/muito more:mehr/más/più/mais/meer
always:immer/toujours/siempre/sempre/altijd never:nie/jamais/nunca/mai/nooit
today:heute/aujourd'hui/hoy/oggi/hoje now:jetzt/maintenant/ahora/adesso/nu here:hier/ici/aquí/qui
after:nach/après/después/dopo/depois before:vor/avant/antes/prima
when:wenn/quand/cuando/quando/wanneer only:nur/seulement/solamente/soltanto/slechts
new:neu/nouveau/nuevo/nuovo which:welche/laquelle/cual/quale/welke this:diese/cette/esta/questo/deze
these:diese/ces/estos/questi year:Jahr/année/año/anno/jaar years:Jahre/années/años/anni/anos
people:Leute/gens/gente/pessoas/mensen government:Regierung/gouvernement/gobierno/governo/regering
president:Präsident/président/presidente minister:Minister/ministre/ministro
country:Land/pays/país/paese/landen world:Welt/monde/mundo/mondo/wereld
city:Stadt/ville/ciudad/città/cidade work:Arbeit/travail/trabajo/lavoro/werk
water:Wasser/eau/agua/acqua farmers:Bauern/agriculteurs/agricultores/contadini/boeren
farmer:Bauer/agriculteur/granjero/agricoltore
research:Forschung/recherche/investigación/ricerca/onderzoek
researchers:Forscher/chercheurs/investigadores
scientists:Wissenschaftler/scientifiques/científicos/scienziati market:Markt/marché/mercado/mercato
price:Preis/prix/precio/prezzo/preço prices:Preise/precios/prezzi/preços/prijzen
company:Firma/entreprise/empresa money:Geld/argent/dinero/soldi/dinheiro
school:Schule/école/escuela/scuola/escola house:Haus/maison/casa/huis
children:Kinder/enfants/niños/bambini/crianças women:Frauen/femmes/mujeres/donne/vrouwen
men:Männer/hommes/hombres health:Gesundheit/santé/salud/salute/gezondheid
law:Gesetz/loi/ley/legge/wet rain:Regen/pluie/lluvia/pioggia/chuva
food:Essen/nourriture/comida/cibo/voedsel time:Zeit/temps/tiempo/tijd/tempo
day:Tag/jour/día/giorno/dag week:Woche/semaine/semana/settimana month:Monat/mois/mes/mese/maand
war:Krieg/guerre/guerra/oorlog peace:Frieden/paix/paz/pace/vrede
freedom:Freiheit/liberté/libertad/libertà/vrijheid union:Gewerkschaft/unión/unione
history:Geschichte/histoire/historia/storia/geschiedenis life:Leben/vie/vida/vita/leven
story:Geschichte/histoire says:sagt/dice/diz/zegt said:sagte/dijo/disse/zei
think:denken/penser/pensar/pensare must:muss/doit/debe/deve/moet
should:sollte/devrait/debería/dovrebbe/zou will:wird/sera/zal can:kann/peut/puede/può/kan
not:nicht/pas/niet all:alle/tous/todos/tutti many:viele/plusieurs/muchos/molti/veel
some:einige/quelques/algunos/alcuni other:andere/autre/otro/altro/outro
first:erste/premier/primero/primo/eerste good:gut/bon/bueno/buono/goed great:groß/grand/grande/groot
small:klein/petit/pequeño/piccolo high:hoch/haut/alto/hoog old:alt/vieux/viejo/vecchio
about:über/environ/sobre/circa through:durch/à-travers/durante/attraverso
against:gegen/contre/contra/contro/tegen there:dort/là/allí/daar already:schon/déjà/ya/già/já
again:wieder/encore/otra-vez/di-nuovo/weer important:wichtig/importante/belangrijk
quickly:schnell/vite/rápidamente/velocemente often:oft/souvent/spesso/vaak
study:Studie/étude/estudio/studio/onderzoek test:Prüfung/épreuve/prueba/prova
road:Straße/route/carretera/strada river:Fluss/rivière/río/fiume/rivier
book:Buch/livre/libro/livro/boek family:Familie/famille/familia/famiglia
friend:Freund/ami/amigo/amico/vriend car:Auto/voiture/coche/macchina/carro
morning:Morgen/matin/mañana/mattina evening:Abend/soir/noche/sera/avond sea:Meer/mer/mar/mare/zee
north:Norden/nord/norte/noorden south:Süden/sud/sur/zuiden
""")

#: Preposition → prepositions that hardly ever fit where it stands.
PREPOSITIONS = _options("""
of:at/since/towards/among/via/until/into/onto/with in:of/since/upon/until/among/onto/at
to:of/since/at/between/during/in/upon for:of/at/since/among/upon/into/between
on:of/since/between/into/until/among/at at:of/with/into/since/between/upon
by:at/since/into/of/among/onto with:of/at/since/into/upon/until from:of/at/since/until/into/upon
about:of/at/since/between/into/upon into:of/at/since/between/upon between:of/at/since/into/during
through:of/since/at/among/upon during:at/of/into/upon/among against:of/at/since/into/during
after:of/at/into/among without:of/at/since/until within:at/of/upon/onto over:of/at/since/among
under:of/at/since/between
""")

#: Lemma → the preposition it takes, and then the ones that other languages give it.
GOVERNED = _options("""
depend:on/of/from/at rely:on/of/to/at consist:of/in/from/by insist:on/in/to/at interest:in/for/on/at
participate:in/to/at/on succeed:in/to/at/with believe:in/to/at/on result:in/to/with/at
listen:to/at/on/of belong:to/of/at/in contribute:to/for/at/in lead:to/at/for/in respond:to/on/at/in
refer:to/on/at/of relate:to/with/on/at wait:for/on/to/of look:for/of/after/since
ask:for/after/about/of apply:for/on/at/of suffer:from/at/under/by come:from/of/by/at
differ:from/of/to/against prevent:from/to/of/at protect:from/of/at/to separate:from/of/at/to
deal:with/of/about/at comply:with/to/at/of agree:with/to/at/of associate:with/at/of/into
compare:with/at/of/on cooperate:with/at/of/to cover:with/of/at/to responsible:for/of/about/at
famous:for/with/of/at known:for/with/of/by ready:for/to/at/of afraid:of/from/for/at
capable:of/to/for/at full:of/with/from/by aware:of/about/on/at proud:of/on/at/for
different:from/of/at/by similar:to/with/as/of equal:to/with/of/at close:to/of/at/from
due:to/of/by/for involve:in/at/to/on engage:in/at/to/by focus:on/at/to/of concentrate:on/at/to/of
base:on/in/at/of attack:on/to/of/at effect:on/to/at/over impact:on/to/at/over influence:on/to/at/for
demand:for/to/of/at need:for/of/to/at reason:for/of/to/at increase:in/at/to/on rise:in/at/to/on
drop:in/at/to/on fall:in/at/to/on access:to/at/in/on answer:to/on/at/of threat:to/at/on/over
damage:to/at/of/into solution:to/of/at/on evidence:of/on/at/to lack:of/on/at/in risk:of/at/to/on
cost:of/at/to/from price:of/at/to/from part:of/at/from/on kind:of/at/from/on number:of/at/from/on
end:of/at/from/on member:of/at/from/in
""")

#: Debris of decoding, markup and tokenisers.
DEBRIS = (
    "â€™", "â€œ", "Ã©", "Ã¢", "Â", "ï¿½", "â€“", "&amp;", "&nbsp;", "&quot;", "&#39;", "<br>",
    "</p>", "<unk>", "@-@", "@@", "⁇", "##", "[?]", "{0}", "%s", "$1", "__", "\\n", "|||", "~~",
)  # fmt: skip
