"""What a question asks for: its content words and, where it asks what somebody said, who and about what."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import Stemmer

from qa.passages import sentence_spans
from qa.periods import Newest, Period, periods_in

NEGATIVES = frozenset("not n't n’t never no neither nor none nobody nothing cannot without".split())
# Words that carry none of a question's content: they stand in every text.
_FUNCTION_WORDS = frozenset(
    """a about after again against al all also an and another any are as at be because been before being between both
    but by can could did do does doing done down during each else every few for from get got had has have having he her
    here hers him his how i if in into is it its just many may me might more most much must my no nor not now of off on
    once one only or other our out over own same shall she should so some such than that the their them then there these
    they this those through to too under until up us very was we were what whether when where which while who whom whose
    why will with within without would you your""".split()
)
# "What did X say", "who said", and the like. "What did X announce" asks for what happened, as any other question does.
_BASE = "say|tell|write|claim|think|mention|comment|argue|warn|explain|suggest|tweet|talk|speak"
_PAST = "said|told|wrote|claimed|thought|mentioned|commented|argued|warned|explained|suggested|tweeted|talked|spoke"
_DONE = "said|told|written|claimed|thought|mentioned|commented|argued|warned|explained|suggested|tweeted|talked|spoken"
_DOING = "saying|telling|writing|claiming|thinking|arguing|warning|suggesting|talking|speaking"
_SAYS = "says|tells|writes|claims|thinks|argues|warns|explains|suggests"
_SAYING_WORDS = frozenset("|".join((_BASE, _PAST, _DONE, _DOING, _SAYS)).split("|")) | frozenset(
    "ask asks asked call calls called state stated statement statements quote quotes according announce announced"
    " declare declared describe described".split()
)
_CLAIMED = (
    "accused|acknowledged|admitted|alleged|asserted|believes?|blamed|boasted|cautioned|compared|complained|conceded|condemned|"
    "contended|criticized|criticised|declared|defended|denied|described|doubts?|emphasized|estimated|expects?|fears?|"
    "forecast|hailed|hinted|insisted|joked|lamented|likened|maintained|noted|observed|pledged|praised|predicted|predicts|"
    "promised|questioned|recalled|remarked|revealed|speculated|stressed|testified|urged|vowed"
)
_AND = r"(?:(?:and|but|so),?\s+)?"
_ASKS = r"(?:(?:what|how|when|where|why)\s+(?:else\s+)?)?"
_SPEAKER = r"(?P<speaker>\S+(?:\s+\S+){0,14}?)"
_TOPIC = (
    r"(?:\s+(?:in|at|during|to)\s+\S+(?:\s+\S+){0,5}?(?=\s+(?:about|regarding|concerning)\s))?"
    r"(?:\s+(?:anything|something)(?:\s+else)?)?(?:\s+(?:(?:about|on|of|regarding|concerning|over|to|against|for|as|when|that|"
    r"whether|why|how|in|is|was|are|were)\s+)?(?P<topic>.+))?"
)
_WHAT_X_SAID = tuple(
    re.compile(_AND + pattern + _TOPIC, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"{_ASKS}(?:did|does|do|would|will)\s+{_SPEAKER}\s+(?:ever\s+)?(?:{_BASE})\b",
        rf"{_ASKS}(?:has|have|had)\s+{_SPEAKER}\s+(?:ever\s+)?(?:{_DONE})\b",
        rf"(?:what|how|why)\s+(?:else\s+)?(?:is|are|was|were)\s+{_SPEAKER}\s+(?:{_DOING})\b",
        rf"(?:(?:show|tell)\s+me\s+)?(?:all\s+)?what\s+(?=.*(?-i:[A-Z])){_SPEAKER}\s+(?:{_PAST}|{_SAYS}|has\s+said)\b",
        r"(?:what\s+(?:is|are|was|were)\s+)?(?:(?:show|list|give)\s+(?:me\s+)?)?(?:all\s+)?(?:the\s+)?"
        r"(?:(?:quotes|statements|comments|remarks)|(?<=the\s)(?:quote|statement|comment|remark))\s+(?:by|from|of)\s+"
        rf"{_SPEAKER}(?=$|\s+(?:about|on)\s)",
    )
)
# What may as well be told by a sentence that is no quote.
_MAY_BE_TOLD = tuple(
    re.compile(_AND + pattern + r"\s+(?P<topic>.+)", re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"how\s+(?:did|does|do|has|have|will)\s+{_SPEAKER}\s+(?:(?:respond|repl(?:y|ied)|react|responded|reacted)(?:\s+to)?"
        r"|feel\s+about|describe|characteri[sz]e|justify|critici[sz]e)",
        rf"what\s+(?:is|are|was|were)\s+{_SPEAKER}['’]s?\s+(?:[\w-]+\s+)?(?:views?|opinions?|stance|take|position|"
        r"reactions?|responses?|reply|comments?|remarks?|statements?|assessment|thoughts)\s+(?:about|of|on|regarding|to)",
        rf"what\s+(?:did|does|do)\s+{_SPEAKER}\s+(?:believe|predict|feel)(?:\s+(?:about|of|on|regarding))?",
    )
)
# "Told reporters about the deal" is about the deal, and "told them that it fell", that it fell.
_TOLD = re.compile(r"\btell(?:s|ing)?\Z|\btold\Z", re.IGNORECASE)
_TO_WHOM = re.compile(
    r"(?!about\b|that\b)\S+(?:\s+(?!to\b)\S+){0,6}?\s+(?:about|regarding|concerning|that)\s+(?=\S)", re.IGNORECASE
)
# "Who wrote the anthem?" and "who spoke at the funeral?" ask for no words on anything.
_NO_CLAIM = (
    r"(?!(?:wrote|writes|written)\s+(?!(?:about|of|on|to)\s)(?!.*\b(?:that|is|are|was|were|do|does|did|has|have|had|can|could|"
    r"will|would|shall|should|may|might|must)\b)|(?:spoke|spoken|talked)\s+(?:at|before|during|first|in|last|to|with)\s(?!.*\babout\s))"
)
_WHO_SAID = re.compile(
    rf"{_AND}who\s+(?:else\s+|besides\s+(?P<besides>\S+(?:\s+\S+){{0,9}}?)\s+)?(?:(?:has|have|had)\s+)?{_NO_CLAIM}"
    rf"(?:(?P<said>{_PAST}|{_SAYS}|{_DONE}|called|asked|calls|asks)|{_CLAIMED})\s+(?:that\s+)?(?P<topic>.+)",
    re.IGNORECASE | re.DOTALL,
)
# Whether others agree is for the reader to see: what they said on the topic is shown.
_AGREED = re.compile(
    rf"{_AND}(?:(?:did|does|do|has|have)\s+(?:any|some)(?:one|body)(?:\s+else)?\s+(?:ever\s+)?"
    r"(?:(?:dis)?agreed?\s+with|(?:object(?:ed)?|respond(?:ed)?|repl(?:y|ied)|react(?:ed)?)\s+to|contradict(?:ed)?|criticis(?:ed?))"
    r"|who(?:\s+else)?\s+(?:(?:dis)?agree[ds]?\s+with|contradict(?:ed|s)|objected\s+to))\s+"
    r"(?P<besides>\S+(?:\s+\S+){0,9}?)(?:\s+(?:about|on|over)\s+(?P<topic>.+))?",
    re.IGNORECASE,
)
# What asks for the newest first. "Last" does so before a word of saying alone: "the last war".
_LATEST = re.compile(
    rf"\s*\b(?:most\s+recently|recently|lately|of\s+late)\b|\b(?:latest|most\s+recent|newest)\s+(?=(?:quote|statement|comment|"
    rf"remark)s?\b)|\blast\s+(?=(?:{_BASE}|{_PAST}|(?:quote|statement|comment|remark)s?)\b)"
    r"|(?<=\bsay)\s+last(?=\W*$)",
    re.IGNORECASE,
)
# Where a period may stand in a question: before its first words, and before its topic.
_ASKING = re.compile(r"(?:what|who|did|does|do|has|have|how|when|where|why|which|quotes|statements)\b", re.IGNORECASE)
_TOPIC_NEXT = re.compile(r"\s+(?:about|on|regarding|concerning|that|by|of)\s", re.IGNORECASE)
# After these comes what is asked about, be it a date: "about last year", "the first month of this year".
_OPEN = re.compile(
    r"(?:^|\s)(?:about|on|of|for|to|by|than|with|at|as|the|a|regarding|concerning|and|or)$", re.IGNORECASE
)
# "what do the articles say about Syria?" asks for no speaker.
_ARTICLES = re.compile(
    r"(?:the|these|this|that|your|it|they)?\s*(?:articles?|texts?|papers?|newspapers?|news|reports?|stor(?:y|ies)|sources?)?",
    re.I,
)
# What a question asks for, by one of these words in it.
_NUMBER = (
    r"how\s+(?:many|much|old|far|long|often|tall|high|big|large|fast|deep|heavy)|what\s+(?:percent(?:age)?|share|age)"
)
_DATE = r"when|(?:what|which)\s+(?:year|month|day|date|week|decade|century)"
_ASKED_FOR = re.compile(
    rf"\b(?:(?P<number>{_NUMBER})|(?P<date>{_DATE})|(?P<person>who|whom|whose)|(?P<place>where)|(?P<reason>why|how)|"
    r"(?P<fact>what|which))\b",
    re.IGNORECASE,
)
# What may stand before it at a question's beginning, and what it is elsewhere where it only joins a clause: "men who
# won", "the law, which", "when he was".
_BEGINS = re.compile(
    rf"\W*{_AND}(?:(?:about|against|at|by|for|from|in|of|on|to|under|until|since|with)\s+)?", re.IGNORECASE
)
_JOINS = re.compile(r"(?:who|whom|whose|when|where|why|how)\s+\w|(?<=,\s)which\b", re.IGNORECASE)
# What leaves something open without asking for it: a sentence that breaks off, or one that only points at it.
_BREAKS_OFF = re.compile(r"(?::|\.\.\.|…|\b(?:an?|as|at|by|for|from|in|of|on|the|to|with)\?)\Z", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:since|until)\s*(?::|\.\.\.|…|\?)\Z", re.IGNORECASE)
_THIS = (
    r"th(?:is|ese)\s+(?!(?:autumn|century|day|decade|evening|fall|month|morning|season|spring|summer|time|week|weekend|"
    r"winter|year)s?\b)\w+"
)
_POINTS_AT = re.compile(
    rf"{_THIS}\s+\w+.*|(?!(?:compare|describe|explain|find|give|i|list|please|show|summari[sz]e|tell|we)\b).*\s{_THIS}[^.!?]*\.",
    re.IGNORECASE | re.DOTALL,
)
_YES_OR_NO = re.compile(
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|shall|may|might|must)(?:n['’]t)?\b|"
    r"true\s+or\s+false\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|\w+(?:[-.'’]\w+)*")
_stemmer = Stemmer.Stemmer("english")
_LONG = 6  # letters of a stem: what a shorter one ends in is more than an ending ("army", "city")
# Countries, and what is of them: "Ukrainian employees" are told of in an answer about Ukraine.
_OF_COUNTRIES = """
    afghanistan=afghan africa=african albania=albanian algeria=algerian america=american
    argentina=argentine/argentinian armenia=armenian asia=asian australia=australian austria=austrian
    azerbaijan=azerbaijani/azeri bangladesh=bangladeshi belarus=belarusian belgium=belgian bolivia=bolivian
    bosnia=bosnian brazil=brazilian britain=british/briton/uk bulgaria=bulgarian cambodia=cambodian
    canada=canadian chile=chilean china=chinese colombia=colombian congo=congolese croatia=croatian cuba=cuban
    cyprus=cypriot czechia=czech denmark=danish/dane ecuador=ecuadorian egypt=egyptian england=english
    estonia=estonian ethiopia=ethiopian europe=european finland=finnish/finn france=french georgia=georgian
    germany=german ghana=ghanaian greece=greek guatemala=guatemalan haiti=haitian honduras=honduran
    hungary=hungarian india=indian indonesia=indonesian iran=iranian iraq=iraqi ireland=irish israel=israeli
    italy=italian japan=japanese jordan=jordanian kazakhstan=kazakh kenya=kenyan korea=korean kosovo=kosovar
    kuwait=kuwaiti latvia=latvian lebanon=lebanese libya=libyan lithuania=lithuanian malaysia=malaysian
    mali=malian mexico=mexican moldova=moldovan mongolia=mongolian morocco=moroccan myanmar=burmese
    nepal=nepali/nepalese netherlands=dutch nicaragua=nicaraguan nigeria=nigerian norway=norwegian
    pakistan=pakistani palestine=palestinian panama=panamanian peru=peruvian philippines=philippine/filipino
    poland=polish portugal=portuguese qatar=qatari romania=romanian russia=russian rwanda=rwandan
    scotland=scottish senegal=senegalese serbia=serbian/serb singapore=singaporean slovakia=slovak
    slovenia=slovenian somalia=somali spain=spanish sudan=sudanese sweden=swedish/swede switzerland=swiss
    syria=syrian taiwan=taiwanese thailand=thai tibet=tibetan tunisia=tunisian turkey=turkish uganda=ugandan
    ukraine=ukrainian uzbekistan=uzbek venezuela=venezuelan vietnam=vietnamese wales=welsh yemen=yemeni
    zambia=zambian zimbabwe=zimbabwean
"""
_COUNTRIES = {
    _stemmer.stemWord(word): _stemmer.stemWord(country)
    for country, _, of_it in (entry.partition("=") for entry in _OF_COUNTRIES.split())
    for word in of_it.split("/")
}


@dataclass(frozen=True)
class Question:
    """A question as it was asked, without its period, and what is looked for.

    ``terms`` are the stems of its content words. Where it asks what somebody said, ``quoted`` is true; then ``speaker``
    is who ("what did X say"), or None where that is asked ("who said"), and ``topic`` what it is about, or None.
    ``period`` is when that was published, where the question says so ("since March"). ``more`` is true where what was
    shown already is not asked for ("what else did X say"), ``latest`` where the newest is asked for first ("what did X
    say most recently"). ``besides`` is whose statements are left out ("who besides X spoke about Y").
    ``several`` is true where all sentences are looked for that answer ("which towns"), and ``but`` are names that are
    not meant then. ``told`` is true where what is asked for may as well stand in a sentence that is no quote ("how did
    X respond to Y", "who predicted Y").
    """

    text: str
    terms: frozenset[str]
    speaker: str | None = None
    topic: str | None = None
    quoted: bool = False
    period: Period | None = None
    more: bool = False
    latest: bool = False
    besides: str | None = None
    several: bool = False
    but: tuple[str, ...] = ()
    told: bool = False

    @property
    def asked_for(self) -> tuple[str, str] | None:
        """What kind of short answer is asked for, and in which words: ("number", "how many"), ("person", "who").

        The kinds are number, date, person, place, reason and fact, which is also what is left open in "The prize was
        won by:" and "The prize went to this player.". None for a question that is answered with yes or no, and for what
        is no question ("Tell me about Syria").
        """
        if is_yes_or_no(self.text):
            return None
        found = _asking_word(self.text)
        if found:
            return str(found.lastgroup), " ".join(found[0].lower().split())
        if _SINCE.search(self.text):
            return "date", "when"
        is_open = _BREAKS_OFF.search(self.text) or _POINTS_AT.fullmatch(self.text)
        return ("fact", "what") if is_open else None


def _asking_word(text: str) -> re.Match[str] | None:
    """Return what in a question asks for something, in its last sentence where that does.

    It is the word at the beginning, or else the last one that joins no clause: "Men who cheated were seen doing what?".
    """
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    for part in (*sentences[-1:], text):
        found = list(_ASKED_FOR.finditer(part))
        if found and _BEGINS.fullmatch(part, 0, found[0].start()):
            return found[0]
        if found:
            asks = (word for word in found if word["number"] or not _JOINS.match(part, word.start()))
            return [found[0], *asks][-1]
    return None


def parse_question(text: str, *, today: date | None = None, newest: Newest = lambda: None) -> Question:
    """Read a question. One without any content word has no terms.

    Periods are read where the reference date ``today`` is given; ``newest`` tells the newest article's date, from which
    a month without a year is counted. Raises NoSuchDayError for "since 32 June".
    """
    text = " ".join(text.split())
    plain = text.rstrip(" ?!.")
    for before, read, after in periods_in(plain, today, newest) if today else ():
        rest = _without_period(before, after)
        period = read() if rest is not None else None
        if rest and period:
            return replace(_parsed(rest + text[len(plain) :]), period=period)
    return _parsed(text)


def _without_period(before: str, after: str) -> str | None:
    """Return the question without the period that stands between the two; None where it does not ask for a period.

    It does so at the end, at the beginning ("In 2014, what ...") and, in a question for quotes, before the topic
    ("what did Lavrov say in May about ..."). Elsewhere a date is a part of what is asked about, and at the end of
    "who said that the war began in 2014" it is a part of what was said.
    """
    if not after:
        asked = _parsed(before)
        claim = asked.quoted and not asked.speaker and not _TOPIC_NEXT.match(f" {asked.topic} ")
        return before if " " in before and not claim and not _OPEN.search(before) else None
    if not before:
        rest = after.lstrip(" ,")
        return rest if after.startswith(",") or _ASKING.match(rest) else None
    after = after.removeprefix(",")
    if not _TOPIC_NEXT.match(after):
        return None
    rest = before + after
    spoken = before.rpartition(" ")[2].lower() in _SAYING_WORDS
    early = _parsed(before)
    return rest if (spoken or (early.quoted and not early.topic)) and _parsed(rest).quoted else None


def _parsed(text: str) -> Question:
    newest = _LATEST.search(text)
    asked = _read(_LATEST.sub("", text, count=1)) if newest else None
    return replace(asked, latest=True) if asked and asked.speaker else _read(text)


def _read(text: str) -> Question:
    plain = text.rstrip(" ?!.")
    agreed = _AGREED.fullmatch(plain)
    if agreed and terms(agreed["besides"]):
        topic = agreed["topic"] or agreed["besides"]
        return Question(text, terms(text), None, topic, quoted=True, besides=agreed["besides"])
    who = _WHO_SAID.fullmatch(plain)
    if who:
        topic, but = _without_whom(who), who["besides"]
        told = who["said"] is None
        return Question(text, terms(text), None, topic, quoted=True, more=_asks_else(who), besides=but, told=told)
    what = _what_x_said(plain)
    if what and terms(what["speaker"]) and not _ARTICLES.fullmatch(what["speaker"]):
        topic = _without_whom(what) if terms(what["topic"] or "") else None
        return Question(
            text, terms(text), what["speaker"], topic, quoted=True, more=_asks_else(what), told=what.re in _MAY_BE_TOLD
        )
    return Question(text, terms(text))


def _without_whom(found: re.Match[str]) -> str:
    """Return the topic without those who were told of it."""
    topic = found["topic"]
    whom = _TO_WHOM.match(topic) if _TOLD.search(found.string[: found.start("topic")].rstrip()) else None
    return topic[whom.end() :] if whom and terms(topic[whom.end() :]) else topic


def is_yes_or_no(text: str) -> bool:
    """Tell whether a question is answered with yes or no."""
    return _YES_OR_NO.match(text) is not None


def speaker_span(text: str) -> tuple[int, int] | None:
    """Return where a question for what somebody said names that somebody, a pronoun included."""
    plain = text.rstrip(" ?!.")
    places = periods_in(plain, date.max, lambda: None)  # where they stand, whatever days they are
    for before, after in [*((before, after) for before, _, after in places), (plain, "")]:
        rest = before + after if after == "" else _without_period(before, after)
        found = _what_x_said(rest) if rest else None
        if rest and found:
            start, end = found.span("speaker")
            removed = len(plain) - len(rest) if start >= len(before) else 0
            return start + removed, end + removed
    return None


def _what_x_said(plain: str) -> re.Match[str] | None:
    return next(filter(None, (pattern.fullmatch(plain) for pattern in (*_WHAT_X_SAID, *_MAY_BE_TOLD))), None)


def _asks_else(found: re.Match[str]) -> bool:
    """Tell whether "else" stands before the topic: "what else", "who else", "anything else about"."""
    until = found.start("topic") if found["topic"] else found.end()
    return "else" in found.string[:until].lower().split()


def is_function_word(word: str) -> bool:
    """Tell whether a word, in lower case, stands in every text and carries nothing of what is asked."""
    return word in _FUNCTION_WORDS


def terms(text: str) -> frozenset[str]:
    """Return the stems of the words of ``text`` that carry content: no function words, no words of saying."""
    return frozenset(
        stem(word)
        for word in words(text)
        if (word in ("US", "WHO") and not text.isupper())
        or (word.lower() not in _FUNCTION_WORDS and word.lower() not in _SAYING_WORDS)
    )


def stems(text: str) -> frozenset[str]:
    """Return the stems of all words of ``text``."""
    return frozenset(found for word in _WORD.findall(text) for found in _stems(word))


def words(text: str) -> list[str]:
    """Return the words and numbers of ``text``: "U.S." is one, "al-Qaida's" is two and has no ending."""
    return [part for word in _WORD.findall(text) for part in _parts(word)]


@lru_cache(maxsize=100_000)
def _stems(word: str) -> tuple[str, ...]:
    return tuple(map(stem, _parts(word)))


def _parts(word: str) -> list[str]:
    word = re.sub(r"['’](?:s|S)?(?![^\W\d_])|['’]", "", word)
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word):
        return [word.replace(".", "").upper()]
    return [word] if word[:1].isdigit() else [part for part in re.split(r"[-.]", word) if part]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of a word, without case and accents, so that "Erdoğan" meets "Erdogan" and "strikes" "strike".

    What is of a country has the country's: "Ukrainian" meets "Ukraine", but "polish" not "Poland". "Injuries" meets
    "injured" and "economy" "economic", but "policy" not "police".
    """
    if word == "US":  # not "us"
        return "america"
    found = str(_stemmer.stemWord(folded(word)))
    found = found if word == "polish" else _COUNTRIES.get(found, found)
    return found[:-1] if len(found) >= _LONG and found.endswith("i") and found != "polici" else found


def folded(text: str) -> str:
    """Return ``text`` without case and accents."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
