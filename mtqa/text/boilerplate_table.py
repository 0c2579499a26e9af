"""The patterns of boilerplate, as data: reason → regular expressions that match a whole short block.

All are matched against the block with white space folded and decoration («, », arrows, bullets) trimmed;
upper and lower case count only inside ``(?-i:…)``. Examples and negatives: ``tests/cases/boilerplate.jsonl``.
"""

# ruff: noqa: E501  patterns are easier to read, and to compare, one a line
from __future__ import annotations

from typing import Final

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?"
_TIME = r"(?:\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?)(?:\s*\(?(?:(?:gmt|utc)(?:\s?[+-]\s?\d{1,2}(?::?\d{2})?)?|bst|[ecmp]?[sd]?t|cest|ist|aest|aedt|wib|wita|wit|pkt|npt|msk|hkt|sgt|jst|wat)\)?)?"
_DATE = (
    rf"(?:(?:{_WEEKDAY}\s*)?(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+\d{{4}}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\d{{4}}-\d{{2}}-\d{{2}}"
    r"|\d{1,2}[./]\d{1,2}[./](?:\d{2}|\d{4}))"
    r"|\d+\s+(?:minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)\s+ago|(?:yesterday|today)(?=,?\s+(?:at\s+)?\d))"
)
_STAMP = rf"(?:{_DATE}(?:,?\s*(?:at|[-–—|·•])?\s*{_TIME})?|{_TIME},?\s*(?:on\s+|[-–—|·•]\s*)?{_DATE})"
_NETWORK = (
    r"(?:facebook|twitter|x|instagram|linkedin|pinterest|whatsapp|telegram|youtube|tiktok|reddit|tumblr"
    r"|snapchat|flipboard|google\s?(?:\+|plus|news)|threads|mastodon|bluesky|messenger|vk|weibo|wechat|line|e-?mail|sms)"
)
_SHARE = (
    rf"(?:share|tweet|pin(?:\s+it)?|post|e-?mail|print|save|copy(?:\s+link)?|link|like|{_NETWORK}"
    r"|more|bookmark|comment|gift|listen|send|submit|flip|stumble|digg)"
)
# Names and agencies are atomic, and so are the loops over them: what can be read in two ways is tried in 2^n.
_NAME_WORD = r"(?>(?:d['’])?[A-Z](?=[\w'’]*[a-z])[\w'’]++(?:-[A-Z]\w+)*+|[A-Z]\.(?:\s?[A-Z]\.)*+|(?:de|van|der|von|al|bin|la|el|di|da|du|ter)\b)"
_NAME = rf"(?-i:(?>{_NAME_WORD}(?:\s+{_NAME_WORD})*+))"
_AND = r"(?:\s*,\s*(?:and\s+|with\s+)?|\s+and\s+|\s*[&/|]\s*)"
_AGENCY = (
    r"(?>(?:reuters|ap|afp|associated\s+press|agence\s+france-presse|getty(?:\s+images)?(?:\s+\w+)?|epa(?:-efe)?|efe|upi|pa(?:\s+(?:wire|media|images))?"
    r"|shutterstock|istock(?:photo)?|alamy(?:\s+stock\s+photo)?|xinhua|tass|dpa|bloomberg|unsplash|pixabay|pexels|flickr"
    r"|wikimedia(?:\s+commons)?|wikipedia|nasa|ani|pti|aap|bbc|cnn|al\s+jazeera|handout|supplied|file|courtesy(?:\s+(?:of\s+.{2,40}|(?-i:[A-Z]).{1,39}))?)(?!\w))"
)
_CREDITED = rf"(?:{_AGENCY}|{_NAME})(?>\s*(?:[/|,]|via\s|for\s)\s*(?:{_AGENCY}|{_NAME}))*+"
_X_HEADER = r"x-(?:mailer|priority|sender|from|to|b?cc|origin|folder|filename|received|newsreader|trace|face|loop|uid|url|mimeole|antiabuse|(?!rays?\b|linked\b|rated\b)\w+-[\w-]+)"
_SITE = r"(?:our|the|this|us|my|your|free|daily|weekly|monthly)"
_LETTER = r"(?:newsletters?|mailing\s+list|e-?mail\s+(?:list|alerts?|updates?|newsletters?)|rss(?:\s+feed)?|podcasts?|channel|feed|blog|updates)"

#: reason → patterns. The order is the order of trying; the first that matches gives the reason.
TABLE: Final[dict[str, tuple[str, ...]]] = {
    "e-mail header": (
        r"(?:from|to|cc|bcc|reply-to)\s*:\s*.{0,80}@.{0,80}|(?:sent|date)\s*:\s*.{0,80}(?:@|\d{1,2}:\d{2}).{0,80}",
        rf"(?:subject|message-id|mime-version|content-type|content-transfer-encoding|return-path|{_X_HEADER})\s*:\s*.{{1,160}}",
        r"on\s+.{4,80}(?:\d{1,2}:\d{2}|[@<]).{0,80}\s+wrote\s*:|-{2,}\s*(?:original|forwarded)\s+message\s*-{2,}|sent\s+from\s+my\s+\w+.{0,30}",
    ),
    "link to more": (
        r"(?:read|learn|see|view|show|load|find\s+out|watch|discover)\s+(?:the\s+)?(?:more|full\s+(?:story|article|report|post)|all|next)",
        r"(?:read|see|view)\s+(?:the\s+)?(?:full|whole|entire|complete|original)\s+(?:story|article|report|post|review|text|interview)(?:\s+here)?",
        r"(?:read|see|watch|view)\s+(?:the|our)\s+(?:follow[\s-]?up|transcript|rest(?:\s+of\s+(?:this|the))?)(?:\s+(?:story|article|report|post))?(?:\s+here)?",
        r"(?:read|see|watch|learn|listen)\s+(?:more|also|next|on|too)\s*(?:[:|…]|\.{3}).{0,140}",
        r"(?:continue|keep)\s+reading(?:\s*(?:[:|…]|\.{3}).{0,140})?",
        r"(?:more|read\s+more)\s+(?:on|about|from|in)\s+(?:this\s+(?:story|topic|author|site)|the\s+author)",
        r"(?-i:READ (?:MORE|ALSO|NEXT|ON)|MORE|WATCH|SEE ALSO|ALSO READ)(?:\s*[:|]\s*.{0,140})?",
        r"(?:also\s+read|see\s+also|read\s+also|must\s+read)\s*:.{0,140}",
        r"(?:to\s+.{1,60},?\s+)?(?:please|you\s+(?:must|need\s+to|have\s+to))\s+(?:enable|turn\s+on)\s+javascript(?:\s+(?:in|on|to)\s.{1,60})?|our\s+standards\s*:\s*the\s+thomson\s+reuters\s+trust\s+principles",
        r"loading(?:\s*(?:…|\.{3}))?|please\s+wait(?:\s*(?:…|\.{3}))?|show\s+(?:less|more|all|comments)",
    ),
    "comment counter": (
        r"\(?(?:no|\d[\d,.]*+k?|view|show|read|see|hide|add|leave|post|write)?\s*(?:a|all|the|your|\d+)?\s*comments?\)?(?:\s*\(\d+\))?",
        r"(?:leave|post|write|add|submit)\s+(?:a|your)\s+(?:comment|reply|response)(?:\s+below)?(?:\s+cancel\s+reply)?|cancel\s+reply|reply|replies|\d+\s+repl(?:y|ies)",
        r"(?:join|start|view)\s+the\s+(?:conversation|discussion)(?:\s*\(?\d*\)?)?|be\s+the\s+first\s+to\s+comment",
        r"comments?\s+(?:are|is)\s+(?:now\s+)?(?:closed|off|disabled|moderated)(?:\s+(?:on|for)\s+.{0,80})?",
        r"your\s+e-?mail\s+address\s+will\s+not\s+be\s+published(?:\.?\s*required\s+fields\s+are\s+marked\s*\*?)?",
        r"required\s+fields\s+are\s+marked\s*\*?|(?:log|sign)\s+in\s+to\s+(?:comment|reply|leave\s+a\s+comment|post)",
        r"save\s+my\s+name,?\s+(?:and\s+)?e-?mail.{0,20}\s+in\s+this\s+browser.{0,60}|(?:name|message|website)\s*\*",
        r"notify\s+me\s+of\s+(?:new|follow-?up)\s+(?:posts|comments)\s+(?:by|via)\s+e-?mail\.?",
        r"you\s+must\s+be\s+logged\s+in\s+to\s+(?:post\s+a\s+comment|comment|reply)",
        r"views?\s*:?\s*\d[\d,.]*k?|\d[\d,.]*k?\s+(?:views?|shares?|likes?|reads?|votes?|retweets?|followers?|claps?|reactions?)|\d{1,3}\.\d(?-i:K|k|M)",
    ),
    "rating": (
        r"(?:rated\s+)?[0-5](?:[.,]\d{1,2})?\s+(?:from\s+\d[\d,.]*+\s+(?:votes?|ratings?|reviews?)|out\s+of\s+5\s+stars?|stars?\s+out\s+of\s+5)(?:\s*\(\d[\d,.]*+(?:\s+\w+)?\))?",
        r"(?:\d[\d,.]*+\s+people|one\s+person)\s+found\s+this\s+(?:review\s+)?helpful|verified\s+(?:purchase|buyer|review)|helpful\s*[|·•]?\s*report(?:\s+abuse)?|was\s+this\s+(?:review|article|page|answer)\s+helpful\s*\??(?:\s*yes\s*[|/·•]?\s*no)?",
        r"rate\s+this\s+(?:recipe|article|page|post|product)",
    ),
    "share bar": (
        rf"share(?:\s+(?:this|the|it|via|on|with|to|{_NETWORK}))+(?:\s+(?:article|story|page|post|with\s+(?:your\s+)?friends|friends|link|{_NETWORK}|and|or|,|on|via))*",
        rf"{_SHARE}(?:[\s,|/·•:&-]+(?:(?:on|to|via|by|this|it|with|and|the|article|story|page)\s+)*{_SHARE}){{1,12}}",
        r"shares?|sharing|shared|tweet|pin\s+it|print|e-?mail(?:\s+(?:this|a\s+friend))?|copy\s+link|bookmark|share\s+this|\d[\d.,]*k?\s+shares?",
        r"(?:print|e-?mail|save|bookmark|tweet|pin|like|report|listen\s+to|copy|gift)\s+(?:this|the)(?:\s+(?:page|article|story|post|link|image))?(?:\s+to\s+a\s+friend)?",
        rf"(?:follow|like|find|join|visit)\s+(?:us|me|{_NAME}|@\w+)\s*(?:on|via|at)\s*:?\s*{_NETWORK}(?:(?:\s*[,&/|]\s*|\s+and\s+|\s+or\s+|\s+){_NETWORK})*(?:\s+(?:page|for\s+(?:more|the\s+latest)\s.{{0,60}}))?(?:\s*[:@].{{0,80}})?",
        r"(?:print|pin|save|share)\s+(?-i:Recipe|RECIPE)|(?:print|pin|save|share)\s+(?:this|the)\s+recipe",
        r"share\s+(?:the\s+)?full\s+(?:article|story)|save\s+(?:it\s+)?for\s+later|facebook|twitter|whatsapp|pinterest|linkedin|tumblr|flipboard|reddit",
        r"click\s+to\s+(?:share\s+on|e-?mail|print)\b.{0,60}\(opens\s+in\s+(?:a\s+)?new\s+window\)|like\s+loading(?:\s*(?:…|\.{3}))?",
        r"follow\s+(?:us|me)(?:\s+on(?:\s+social(?:\s+media)?)?)?\s*:?|follow\s+@\w+|connect\s+with\s+us(?:\s+on.{0,60})?|follow|following",
    ),
    "subscription": (
        rf"(?:please\s+)?(?:sign\s*up|subscribe|register)(?:\s+(?:now|today|here|free))?(?:\s+(?:for|to)\s+{_SITE}(?:\s+[\w-]+){{0,3}}\s+{_LETTER}(?:\b.{{0,100}})?)?",
        r"(?:sign\s*up|subscribe|register|join|log\s*in|sign\s*in)\s+(?:now|today|here|free|for\s+free|to\s+(?:continue|read|access)\b.{0,100}|to\s+(?:get|receive)\b.{0,60}\b(?:news(?:letters?)?|updates?|alerts?|stories|articles?|e-?mails?|inbox|offers|headlines|access|content)\b.{0,60})",
        rf"get\s+{_SITE}(?:\s+[\w-]+){{0,3}}\s+{_LETTER}\b.{{0,80}}|get\s+.{{0,60}}\s+(?:in|to|delivered\s+to)\s+your\s+inbox.{{0,60}}",
        r"register\s+now\s+for\s+free\s+(?:unlimited\s+)?access\s+to\s+.{1,40}"
        r"|(?:view|read|open)\s+(?:this|the)\s+(?:e-?mail|message|newsletter|campaign)\s+(?:in|on)\s+(?:your|a|the)\s+(?:web\s+)?browser|view\s+(?:it\s+)?in\s+(?:your\s+)?browser"
        r"|you(?:\s+are|['’]re)\s+receiving\s+this\s+(?:e-?mail|message|newsletter)\s+because\b.{0,150}|(?:update|manage|change)\s+(?:your\s+)?(?:e-?mail\s+|subscription\s+)?preferences"
        r"|our\s+(?:mailing|postal)\s+address\s+is\s*:.{0,120}",
        r"already\s+(?:a\s+(?:member|subscriber)|have\s+an\s+account|subscribed|registered)\s*\?.{0,60}|not\s+a\s+(?:member|subscriber)(?:\s+yet)?\s*\?.{0,60}",
        r"(?:this\s+(?:article|content|story)\s+is\s+)?(?:for\s+)?(?:subscribers?|members?|premium)\s+only(?:\s+content)?|create\s+(?:a\s+free|an)\s+account|start\s+your\s+free\s+trial.{0,40}",
        r"enter\s+your\s+e-?mail(?:\s+address)?(?:\s+.{0,80})?|your\s+e-?mail\s+address|we\s+(?:will\s+never|won['’]t)\s+(?:spam|share\s+your\s+e-?mail).{0,60}|unsubscribe(?:\s+.{0,40})?",
        r"thank\s+you\s+for\s+(?:subscribing|signing\s+up|registering)(?:\s*[.,!;].{0,60}|\s+(?:to|for|with|at|on)\b.{0,60})?|support\s+us|donate(?:\s+(?:now|today))?|become\s+a\s+(?:member|subscriber|patron|supporter).{0,30}",
    ),
    "cookie or privacy notice": (
        r"(?:we|this\s+(?:site|website|page)|our\s+(?:site|website)|[\w.-]+\.(?:com|org|net))\s+(?:and\s+our\s+partners\s+)?uses?\s+cookies(?:\s*[.,;:].{0,160}|\s+(?:to|and|for|on|in\s+order)\b.{0,120}\b(?:experiences?|sites?|websites?|traffic|content|ads?|advert\w*|analy\w+|personali[sz]\w+|improve|services?|browser|browsing|consent|policy|settings|functionality|partners|preferences|technolog\w+|usage|visit(?:s|ors?)?|you|your)\b.{0,100}|$)",
        r"by\s+(?:continuing\s+to\s+(?:use|browse)|using|clicking|browsing)\b.{0,60}\b(?:you|sites?|websites?|pages?|apps?|services?|accept|agree)\b.{0,80}\b(?:cookies|cookie\s+policy|privacy\s+policy|terms)\b.{0,60}",
        r"(?:cookies?|privacy|accessibility|editorial)\s+(?:policy|notice|settings|preferences|statement)|accept(?:\s+all)?(?:\s+cookies)?|reject\s+all|manage\s+(?:cookies|preferences|consent)",
        r"terms\s+(?:and|&)\s+conditions(?:\s+apply)?|terms\s+of\s+(?:use|service)|(?:(?:terms|privacy|cookies?|contact|about|help|legal|imprint|sitemap|careers|advertise)(?:\s+(?:us|policy|of\s+use|of\s+service))?(?:\s*[|·•/]\s*|$)){2,}",
    ),
    "site notice": (
        r"this\s+(?:post|page|article|recipe|review|video|blog|(?:web)?site)\s+(?:may\s+)?(?:contains?|includes?|uses?)\s+(?:some\s+)?affiliate\s+links?\b.{0,140}",
        r"as\s+an\s+amazon\s+associate,?\s+(?:i|we|(?-i:[A-Z])[\w'’.-]*)\s+(?:may\s+)?earns?\s+(?:from|on|a|commissions?)\b.{0,120}",
        r"(?:(?:the\s+)?(?-i:[A-Z])[\w.&'’-]*(?:\s+(?-i:[A-Z])[\w.&'’-]*){0,3}|we|this\s+(?:web)?site)\s+(?:is|are)\s+not\s+responsible\s+for\s+(?:the\s+)?content\s+(?:of|on)\s+external\s+(?:internet\s+|web\s*)?sites\b.{0,100}",
    ),
    "end mark": (r"(?-i:ENDS)|[-–—*#]+\s*(?:ends?|30)\s*[-–—*#]+",),
    "press release header": (
        rf"(?-i:(?:PRESS|NEWS|MEDIA)\s+RELEASE)|for\s+immediate\s+release(?:\s*[:|,–-]?\s*{_STAMP})?",
    ),
    "copyright line": (
        r"©\s*(?:\d|by\b|all\b|(?-i:[A-Z])).{0,190}|all\s+content\s+(?:©|copyright\b).{0,160}",
        r"(?:\(c\)|copyright)\s*(?:©|\(c\))?\s*(?:by\s+)?\d{4}\b.{0,160}",
        r"(?:\(c\)|copyright).{0,160}(?:©|\ball\s+rights\s+reserved|\b(?-i:Inc|Ltd|LLC))\b.{0,60}",
        r"(?:\(c\)|copyright)\s*(?:©|\(c\)|by\b|:)?\s*(?-i:[A-Z][\w&.'’-]*)(?:\s+(?-i:[A-Z&][\w&.'’-]*)){0,4}(?:,?\s*\d{4}(?:\s*[-–]\s*\d{4})?)?",
        r"all\s+rights\s+reserved\W*(?:.{0,100}\bpermission\W*)?|some\s+rights\s+reserved",
        r".{0,80}(?:©|\(c\)\s*\d{4}|copyright\s+(?:©\s*)?\d{4}).{0,80}all\s+rights\s+reserved\W*",
        r"this\s+(?:material|article|story|content)\s+may\s+not\s+be\s+(?:published|reproduced|copied|republished)\b.{0,160}",
    ),
    "advertisement": (
        r"(?:advertisements?|adverts?|ads?|sponsored(?:\s+(?:content|links?|post|by(?:\s*:?\s*(?-i:[A-Z][\w&'.-]*\s*){1,4})?))?|promoted(?:\s+(?:content|links?|stories))?|paid\s+content|ad\s+feedback)(?:\s*[|:·•]\s*.{0,60}|\s+[-–](?:\s+.{0,60})?)?",
        r"(?:the\s+)?(?:story|article)\s+continues\s+(?:below|after)(?:\s+(?:the\s+)?(?:ad(?:vert(?:isement)?)?s?|video|gallery|photo|image))?|(?:scroll|continue)\s+(?:down\s+)?(?:to|below|past|for).{0,30}(?:continue|reading|advertisement|more)",
        r"(?:this\s+)?advertisement\s+(?:has\s+not\s+loaded\s+yet|is\s+closed).{0,60}",
    ),
    "link": (
        r"click\s+(?:here|below|on\s+the\s+(?:link|button|image|photo)(?:\s+(?:below|above))?)(?:\s+(?:to|for)\s+(?:read|see|view|watch|subscribe|sign|find|learn|get|download|register|join|visit|buy|order|book|return|go|more|share|follow|listen|print|comment|donate|full|the)\b.{0,80})?",
        r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:e-?mail|web(?:site)?|url|source|via|link|tel(?:ephone)?|phone|fax)\s*:\s*(?:(?:https?://|www\.)\S+|\S+@\S+|\+?[\d\s()/-]{6,})",
        r"(?:source|via|original\s+(?:article|source)|reference)\s*:\s*(?:https?://|www\.)\S+|[\w-]+\.(?:com|org|net|co\.uk|gov|edu)(?:/\S*)?",
        r"source\s+links?",
        r"(?:download|view|open)\s+(?:the\s+)?(?:pdf|app|file|image|as\s+pdf)(?:\s+version)?(?:\s*\(.{1,20}\))?|(?:watch|play|view)\s+(?:the\s+)?(?:video|gallery|slideshow|live)(?:\s*[:|].{0,80})?",
    ),
    "tags line": (
        r"(?:tags?|tagged(?:\s+(?:as|with|in))?|keywords?|filed\s+(?:under|in)|categor(?:y|ies)|posted\s+in|topics?(?:\s+in\s+this\s+article)?|related\s+topics|labels?|hashtags?|more\s+on\s+this\s+topic)\s*:\s*(?:(?!\.\s).){0,160}",
        r"(?:filed\s+under|posted\s+in|tagged(?:\s+with)?)\s+(?-i:[A-Z#]).{0,80}|(?:#\w+[\s,]*)+|uncategori[sz]ed|tags|topics",
    ),
    "byline": (
        rf"(?:(?:written|reported|posted|published|edited|reviewed|compiled|story|words|text|report|article|review)\s+)?by:?\s+(?!(?-i:The|This|That|These|Those|Then|Now|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August|September|October|November|December)\b){_NAME}(?:{_AND}{_NAME})*(?:,?\s*(?:in\s+{_NAME}|(?:for|of|at|from)\s+(?:the\s+)?{_NAME}))?(?>\s*[|·•–—,-]\s*(?:(?:(?:last\s+)?(?:updated|published|posted|modified)\s*(?:on|at|:)?\s*)?{_STAMP}|\d+\s*-?\s*min(?:ute)?s?\.?\s+read|(?:(?-i:[A-Z])[\w-]*\s*){{1,2}}(?:reporter|editor|correspondent|writer|staff|contributor)?|(?:(?:senior|chief|staff|special|political|health|science|business|sports?|foreign|diplomatic|contributing|guest)\s+)*(?:reporter|editor|correspondent|writer|contributor|columnist|author)))*+",
        r"(?:by\s+)?(?-i:[A-Z]{2,})(?:\s+(?-i:[A-Z]{2,})){1,2},?\s+(?:associated\s+press|reuters|staff\s+(?:writer|reporter)|correspondent|political\s+editor)",
        r"by\s+(?:our\s+|a\s+)?(?:staff(?:\s+(?:writers?|reporters?|correspondents?))?|admin|(?:web|news)\s*desk|agencies|editor(?:ial\s+(?:staff|team|board))?|(?:our\s+)?correspondent|associated\s+press|reuters|afp)(?:\s*[|·•–—,-].{0,40})?",
        rf"(?:posted|published|written|submitted|uploaded|added)\s+(?:by|on)\s+.{{1,40}}?\s*(?:on|at|in|[|·•,–-])\s*{_STAMP}(?:\s*[|·•–-].{{0,40}})?",
        rf"(?:author|reporter|editor|writer|photographer|text|words|contributors?)\s*:\s*(?!(?:yes|no|yeah|never|maybe|why|what|how|who|when|where|really|exactly|right|sure|okay|thanks?|sorry|indeed|absolutely|correct)\b){_NAME}(?:{_AND}{_NAME})*|about\s+the\s+authors?",
        rf"(?:additional\s+)?(?:reporting|editing|writing|compiled|translated)\s+by\s+{_NAME}(?:.{{0,160}}(?:editing|writing|reporting)\s+by\s+.{{1,60}}|(?:(?:{_AND}|\s+in\s+|;\s*){_NAME})*)",
        r"(?-i:By\s+[A-Z][A-Z'’.-]+(?:\s+[A-Z][A-Z'’.-]*){1,3}(?:\s+and\s+[A-Z][A-Z'’.-]+(?:\s+[A-Z][A-Z'’.-]*){1,3})?)",
        r"\((?:(?:additional\s+)?(?:reporting|editing|writing)\s+by\s+.{1,160})\)",
    ),
    "time stamp": (
        rf"(?:(?:first\s+|last\s+)?(?:published|posted|updated|modified|edited|reviewed|created|uploaded|added|issued|date|time|on|last\s+(?:update|change|edit))\s*(?:on|at|:)?\s*:?\s*)?{_STAMP}(?:\s*[|·•–—-]\s*(?:(?:last\s+)?(?:updated|published|modified)\s*(?:on|at|:)?\s*:?\s*)?{_STAMP})?",
        rf"(?:published|posted|updated|modified|last\s+updated|last\s+modified)\s*:\s*(?=.{{0,60}}(?:\d|today|yesterday)).{{1,60}}|(?:(?:last\s+)?(?:updated|published|modified|edited)(?:\s+on|\s+at)?\s+{_STAMP}\s*[,;|·–-]?\s*){{1,2}}(?:\s*by\s+{_NAME})?",
        rf"\(?\d+\s*-?\s*(?:minutes?|min)\.?\s+read\)?(?:\s*[|·•–-]\s*.{{0,40}})?|(?:reading|read)\s+time\s*:?\s*\d+\s*min(?:ute)?s?\.?|{_STAMP}\s*[|·•]\s*\d+\s*min(?:ute)?s?\s+read",
        rf"(?:(?:first|last)\s+)?(?:published|posted|updated|modified)|(?-i:(?=[\d\s]*[A-Z]))(?:\d{{1,2}}\s+{_MONTH}|{_MONTH}\s+\d{{1,2}})|\d+\s+mins?",
        rf"(?:{_WEEKDAY}\s*)?{_TIME}|(?-i:[A-Z][A-Z .]{{2,20}}),?\s+{_STAMP}",
    ),
    "navigation": (
        r"(?:home|start|main|index|news|world|sport|business)(?:(?:(?:\s*(?:[>»›→|]|::)\s*|\s+/\s+)[\w&' -]{1,60}){1,6}\s*[>»›→/|]?|(?:/[\w&'-]{1,60}){2,6}+/?)",
        r"(?:skip|jump|go|back|return)\s+to\s+(?:the\s+)?(?:main\s+)?(?:content|navigation|search|menu|top(?:\s+of\s+(?:the\s+)?page)?|home(?:\s*page)?|footer|contents|index|results|blog|news|recipe|video)|back|top|up",
        r"from\s+wikipedia,?\s+the\s+free\s+encyclop(?:e|ae|æ)dia|menu|main\s+menu|navigation|search(?:\s+(?:for\s*:|this\s+site|the\s+site|here))?|close(?:\s+menu)?|open\s+menu|toggle\s+(?:navigation|menu|search)|home(?:\s*page)?|sitemap|site\s+map|log\s*(?:in|out)|sign\s*(?:in|out)|register|my\s+account|contact(?:\s+us)?|about(?:\s+us)?|help|faqs?|sections|more|archives?|categories|shop|cart|basket|checkout|add\s+to\s+(?:cart|basket|wishlist|list|bag)|wishlist|print(?:er)?[\s-]friendly(?:\s+version)?|table\s+of\s+contents|contents",
        r"(?:next|previous|prev|older|newer)(?:\s+(?:article|story|post|page|entry|entries|posts|stories|chapter|slide|image|photo))?(?:\s*(?:[:»›→>]|\|)\s*.{0,100})?",
        r"(?:next|previous|prev|older|newer|first|last)(?:\s*[|/·,»«›‹→←<>-]*\s+(?:next|previous|prev|older|newer|first|last|\d+))+",
        r"page\s+\d+(?:\s+(?:of|/)\s+\d+)?|[-–—]\s*\d{1,4}\s*[-–—]|\d{1,4}\s*(?:/|of)\s*\d{1,4}|\[?\d{1,3}\]?",
        r"\[\s*(?:edit|hide|show|edit\s*\|\s*edit\s+source)\s*\]|edit(?:\s+(?:source|this\s+page))?|permalink|permanent\s+link|trackbacks?|pingbacks?",
    ),
    "related articles": (
        r"(?:related|recommended|popular|similar|recent|latest|trending|featured|top|most\s+(?:read|popular|viewed|shared|recent)|more|other|further|editor['’]?s['’]?)\s+(?:articles?|stor(?:y|ies)|posts?|news|(?:internet\s+|web\s+)?links?|content|coverage|topics?|videos?|picks?|headlines|reading|products?|items|items\s+you\s+may\s+like|for\s+you)(?:\s*:\s*.{0,140})?",
        r"(?:you\s+(?:may|might)\s+also\s+(?:like|enjoy|be\s+interested\s+in)|people\s+also\s+(?:read|ask|viewed)|customers\s+(?:also|who\s+(?:bought|viewed)\s+this).{0,60}|recommended(?:\s+(?:for\s+you|by\s*.{0,30}))?|trending(?:\s+now)?|most\s+(?:read|popular|viewed|shared)|don['’]t\s+miss|what\s+to\s+read\s+next|up\s+next|more\s+like\s+this|in\s+case\s+you\s+missed\s+it|related)(?:\s*(?::.{0,140}|…|\.{3}))?",
        r"(?:read\s+more\s*:\s*)?related\s+(?:stories|articles|posts|links)|(?-i:RELATED|TRENDING|POPULAR|RECOMMENDED)(?:\s*:\s*.{0,140})?|more\s+(?:from|in|on)\s+(?:the\s+)?(?-i:[A-Z])(?!.*\bthan\b)[\w&' ]{1,40}",
    ),
    "reference": (r"\^\s.{1,190}",),
    "photo credit": (
        rf"[(\[](?:file\s+)?(?:photo|image|picture)s?(?:\s+credits?)?\s*(?::|by\s|courtesy\s+(?:of\s+)?|/)\s*{_CREDITED}(?:\s+(?:file\s+)?photo)?\.?[)\]]",
        rf"[(\[]?{_AGENCY}\s+(?:file\s+)?(?:photo|image)s?\s*/\s*{_CREDITED}[)\]]?|file\s+photo\s*:\s*{_AGENCY}(?>\s*/\s*(?:{_AGENCY}|{_NAME}))*+(?:\s+photo)?",
        rf"(?:(?:photo|image|picture|photograph|video|illustration|graphic|cover|featured|header|lead)s?\s*)+(?:credits?|source|courtesy|copyright)?\s*(?::|by|via|©|\(c\)|of|-|–|/)+\s*(?:by\s+|©\s*)?(?:{_AGENCY}|{_NAME})(?>(?:\s*[/|,(-]\s*|\s+(?:via|for)?\s*)(?:via\s+)?\(?(?:{_AGENCY}|{_NAME})\)?)*+",
        rf"(?:image|photo|video)\s+(?:source|credit|copyright),\s+(?:{_AGENCY}|{_NAME})(?>\s*[/|,]\s*(?:{_AGENCY}|{_NAME}))*+",
        rf"(?:credits?|source|courtesy)\s*:\s*(?:{_AGENCY}|{_NAME})(?>\s*(?:[/|,(-]|via|for)\s*\(?(?:{_AGENCY}|{_NAME})\)?)*+",
        rf"[(\[]?(?:file\s*:\s*)?(?:{_NAME}\s*(?:/|\||via)\s*)?{_AGENCY}(?>\s*(?:/|\||via|,)\s*(?:{_AGENCY}|{_NAME}))*+(?:\s+(?:file\s+)?(?:photo|image|picture))?[)\]]?",
    ),
}

#: Sentences that a pattern of `TABLE` takes without their full stop: steps of a manual, turns of an interview, notes.
TEXT: Final = (
    r"(?:open|download|view|play|print|save|copy|close)\s+(?:the|this|an?)\s.{1,40}(?<!\.)\.|(?:sign|log)\s*(?:in|out)\.|(?:go|jump|skip|return|back)\s+to\s.{1,60}(?<!\.)\.",
    r"\w+\.|related\s*:\s*(?:(?-i:[a-z]).{0,180}|.{1,180}(?<!\.)\.)",
    r"(?:subject|next|previous)\s*:\s*.{1,180}(?<!\.)\.",
    r"(?:other|further|more|top|recent|latest|popular|similar)\s+[\w’']+\s*:\s*.{1,160}(?<!\.)\.",
    r"(?:author|reporter|editor|writer|photographer|text|words|contributors?)\s*:\s*\w+[.!]",
)
