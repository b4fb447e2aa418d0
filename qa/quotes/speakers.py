"""Whom a mention means: "he", "Lavrov" and "the foreign minister" are traced to one name within their
article.

Everything is read off the text by its capitals, titles and appositions; no list of famous people. Where the
article leaves two people possible, the mention stays as it is written, or unresolved if it is a pronoun.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import takewhile


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MALE_TITLES = _words("mr mr. sir lord king prince duke father fr. brother spokesman chairman congressman businessman")
FEMALE_TITLES = _words(
    "ms ms. mrs mrs. miss lady dame queen princess duchess sister madame spokeswoman chairwoman "
    "congresswoman "
    "businesswoman actress"
)
TITLES = (
    MALE_TITLES
    | FEMALE_TITLES
    | _words(
        "environment water climate trade industry agriculture education housing transport immigration "
        "administrator president vice-president vice premier chancellor prime minister foreign defense defence finance "
        "interior energy "
        "health justice deputy secretary undersecretary treasury state senator sen sen. senate rep rep. "
        "representative "
        "reps. sens. gov gov. governor mayor judge justice chief commissioner director general gen gen. lt "
        "lt. lieutenant "
        "col col. colonel "
        "maj maj. major capt capt. captain sgt sgt. sergeant adm adm. admiral officer detective sheriff "
        "attorney "
        "prosecutor ambassador envoy speaker leader whip majority minority candidate nominee former ex "
        "acting interim "
        "incoming outgoing then spokesperson press manager ceo cfo coo cto executive chairperson chair "
        "founder co-founder "
        "dr dr. prof prof. professor rev rev. reverend pope cardinal archbishop bishop rabbi imam ayatollah "
        "sheikh sheik "
        "sultan emir crown coach manager driver actor author singer analyst economist strategist adviser "
        "advisor "
        "consultant pollster correspondent reporter editor columnist anchor host congressional presidential "
        "gubernatorial lawmaker legislator councilman councilwoman delegate republican democrat democratic "
        "gop tory "
        "labour conservative liberal independent libertarian socialist head senior lead global "
        "international national "
        "federal regional assistant associate principal co-author co-chair sen.-elect president-elect first "
        "fellow "
        "scientist researcher doctor lawyer counsel solicitor home house shadow baroness baron count dean "
        "provost "
        "superintendent warden trooper constable inspector agent special rapporteur front-runner "
        "frontrunner rival "
        "billionaire mogul tycoon magnate veteran star champion striker midfielder defender goalkeeper "
        "captain"
    )
)
NATIONS = _words(
    "american british russian chinese french german italian spanish greek turkish syrian iraqi iranian "
    "israeli "
    "palestinian ukrainian polish dutch belgian swiss austrian swedish norwegian danish finnish irish "
    "scottish welsh "
    "english canadian mexican brazilian cuban japanese korean indian pakistani afghan saudi egyptian libyan "
    "australian "
    "african european western eastern northern southern arab u.s. u.k. e.u. u.n. new zealand south "
    "north "
    "ohio texas florida california arizona virginia vermont massachusetts wisconsin kentucky"
)
PLACES = _words(
    "washington london moscow beijing paris berlin rome madrid athens ankara damascus baghdad tehran "
    "jerusalem kyiv kiev "
    "warsaw brussels tokyo seoul pyongyang delhi islamabad kabul riyadh cairo tripoli canberra ottawa "
    "havana caracas "
    "russia china france germany italy spain greece turkey syria iraq iran israel ukraine poland britain "
    "england "
    "scotland ireland japan india pakistan afghanistan egypt libya australia canada mexico brazil cuba "
    "america europe "
    "asia africa taiwan qatar jordan lebanon yemen sweden norway finland denmark switzerland austria hungary"
)
ORG_WORDS = _words(
    "ministry department agency office council committee commission court bank group party union "
    "association society "
    "institute institution university college school center centre foundation fund company corporation corp "
    "corp. inc "
    "inc. ltd ltd. llc co. times post journal news press network television tv radio magazine daily herald "
    "tribune "
    "guardian tower towers campaign army navy force forces police bureau administration government "
    "parliament congress "
    "senate house white pentagon kremlin assembly federation league team club coalition alliance "
    "organization "
    "organisation authority board service services state states nations street road avenue city county "
    "island river "
    "airport hotel hospital church temple mosque museum library park stadium act bill treaty agreement "
    "accord deal "
    "report poll survey day night week month today show convention caucus caucuses primary debate summit war "
    "industries holdings partners capital media studio studios records awards prize cup olympics games "
    "project initiative "
    "watch action america images reuters facebook twitter google cnn nbc abc cbs bbc npr msnbc cnbc pac"
)
# Words of organisations, and months, that are as often somebody's name: "Theresa May".
ALSO_MONTHS = _words("april august june may")
ALSO_SURNAMES = _words("bill bush church day park post price street white")
NOT_A_NAME = _words(
    "the a an this that these those but and or nor so yet if when while as at by for from in into of on off "
    "over to "
    "under up with without within after before since until because although though whether it its he his "
    "him she her "
    "they their them we our us i my me you your who whom whose which what where why how there here then now "
    "once also "
    "even still just only not no yes all any both each either neither every some such one two three four "
    "five six "
    "seven eight nine ten many most more much few several other another same last next earlier later "
    "meanwhile "
    "however instead asked speaking monday tuesday wednesday thursday friday saturday sunday january "
    "february march "
    "april may june july august september october november december jan. feb. mar. apr. aug. sept. oct. "
    "nov. dec. "
    "mon tue wed thu fri sat sun according despite during like unlike among amid about against between "
    "through "
    "responding following please said says let do does did is are was were be been has have had can could "
    "will would "
    "should might must everyone everybody nobody nothing somebody someone people critics officials sources "
    "behind courtesy hear inside i'm meet photo see take via video watch"
)
MALE_NAMES = _words(
    "james john robert michael william david richard joseph thomas charles christopher daniel matthew "
    "anthony mark "
    "donald steven stephen paul andrew joshua kenneth kevin brian george edward ronald timothy jason "
    "jeffrey ryan jacob "
    "gary nicholas eric jonathan larry justin scott brandon benjamin samuel gregory frank alexander raymond "
    "patrick jack "
    "dennis jerry tyler aaron jose adam henry nathan douglas zachary peter kyle walter ethan jeremy harold "
    "keith "
    "christian roger noah gerald carl terry sean austin arthur lawrence jesse dylan bryan joe jordan billy "
    "bruce albert "
    "willie gabriel logan alan juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip "
    "johnny bill "
    "tom tim jim bob mike dan dave steve chris matt ben sam ted jeb marco bernie barack mitt newt rand rick "
    "chuck harry "
    "tony mohammed muhammad ahmed ali hassan hussein ibrahim omar khalid vladimir sergei sergey dmitry ivan "
    "boris igor "
    "mikhail nikolai alexei volodymyr viktor xi wang li jean pierre jacques francois emmanuel nicolas hans "
    "klaus jens "
    "jürgen olaf luigi mario giuseppe carlos luis miguel pedro javier jorge fernando pablo rafael lewis max "
    "charlie fred "
    "greg jeff jon josh ken larry len leon marc neil nick norman oliver oscar pete phil ray reince rob rod "
    "ron rudy "
    "rupert sidney simon stanley stuart ted todd trent victor warren abdul bashar benyamin benjamin "
    "narendra recep lee "
    "ian graham nigel alastair craig derek duncan geoffrey hugh kwasi rishi keir evan glenn brad brett "
    "corey doug "
    "howard joel lindsey paul jay karl kurt martin stefano antony antonio angelo collin alex julian jerome"
)
FEMALE_NAMES = _words(
    "mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret "
    "sandra ashley "
    "kimberly emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura "
    "cynthia kathleen "
    "amy angela shirley anna brenda pamela emma nicole helen samantha katherine christine debra rachel "
    "carolyn janet "
    "catherine maria heather diane ruth julie olivia joyce virginia victoria kelly lauren christina joan "
    "evelyn judith "
    "megan andrea cheryl hannah jacqueline martha gloria teresa ann anne sara madison frances kathryn "
    "janice jean abigail "
    "alice julia judy sophia grace denise amber doris marilyn danielle beverly isabella theresa diana "
    "natalie brittany "
    "charlotte marie kayla alexis lori hillary chelsea melania ivanka carly sally jill kate katie kellyanne "
    "elena "
    "svetlana olga natalia irina tatiana angela ursula theresa jacinda nicola priti liz joanne joanna "
    "fatima aisha "
    "malala huma donna cecile loretta ruth sonia condoleezza nikki tulsi kamala kirsten claire tammy debbie "
    "wendy meg "
    "megyn rosie oprah beyonce caroline cindy connie ellen erin eva gina heidi holly jan jane jenny jo "
    "josephine "
    "justine kathy kim kristen kristin leah lucy lynn maggie maureen maya melinda mindy molly monica naomi "
    "nina paula "
    "peggy penny phyllis robin rosa roxanne ruby sandy shannon sheila sue susanna suzanne sylvia tara tina "
    "vanessa vera "
    "veronica wendy yvonne renae ngozi amelia annie ava bridget celine clara dana elise esther gretchen "
    "gwen ingrid"
)
_PARTICLES = r"(?:de|de la|del|della|der|van|van der|van den|von|bin|ibn|al|el|da|di|dos|du|la|le|ter|ben)"
_LETTERS = r"[\w\u0300-\u036f'’]*"
_PART = (
    rf"(?:(?:[A-Z]\.-?){{1,4}}|(?:(?:al|el|Al|El|ash|as|bin)-)?[^\W\d_a-z]{_LETTERS}"
    rf"(?:[-‐][^\W\d_]{_LETTERS})*\.?)"
)
_NAME = re.compile(rf"(?<![\w.@#/]){_PART}(?:[ \t\u00a0]+(?:{_PARTICLES}[ \t\u00a0]+)?{_PART})*")
_LETTERS_OF_NATIONS = re.compile(r"(?:U\.?[SKN]|E\.?U)\.?")
_SUFFIXES = _words("jr jr. sr sr. ii iii iv")
_ABBREVIATED = re.compile(
    r"^(?:[A-Z]\.)+$|^(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Lt|Col|Capt|Sgt|Jr|Sr|St|Rev|Prof|Sens|Reps)\.$"
)
PRONOUNS = (
    dict.fromkeys("he him his himself".split(), "m")
    | dict.fromkeys("she her hers herself".split(), "f")
    | dict.fromkeys("they them their both".split(), "p")
    | dict.fromkeys("i me my we us our you".split(), "1")
    | dict.fromkeys("it its".split(), "o")
    | dict.fromkeys("who which that this".split(), "r")
)
_ROLE_NOUNS = TITLES | _words(
    "mother father wife husband daughter son sister brother spokesman spokeswoman official aide "
    "representative member "
    "organizer activist resident voter student teacher owner worker farmer"
)
# What ends no name: "Kroger Chairman and Chief Executive Rodney McMullen", "Stellantis UAW workers", "SpaceX Falcon 9".
_ENDS_NO_NAME = _words(
    "administrator ambassador attorney cardinal ceo cfo chairman chairwoman chairperson commissioner coo correspondent "
    "cto defender director executive flight founder governor manager minister nominee officer president secretary "
    "senator spokesman spokesperson spokeswoman superintendent"
)
_SENTENCE_END = re.compile(r"\n|(?<=[a-z])[.!?][\"”’)]*\s+(?=[A-Z])")
# "More: Who was Ann Lee?" leads elsewhere: nobody in it is meant by a later "he", and what was said goes on after it.
ELSEWHERE = re.compile(r"(?:(?:read\s+)?more(?:\s+on(?:\s+\w+){1,5})?|read|related|see\s+also|watch)\s*:", re.I)
# Of two with a surname, and named about as often, the one is meant who was named in full so few characters before.
_JUST_BEFORE = 400
_NUMBER = re.compile(r"\s+\d")
_NOT_NOW = _words("former vice deputy ex-president then-president")
_DETERMINERS = _words("the a an this that his her its their our")
# What is said in these is said by whom they are from: "a statement by Hale".
_WRITTEN = _words("statement letter tweet post email e-mail message memo note speech remarks comments testimony")
_PREPOSITIONS = "of by with for to from against about at in on"
_LINKING = _words(f"{_PREPOSITIONS} behind representing")
_FIRST_NAMES = MALE_NAMES | FEMALE_NAMES
_DIRECTIONS = _words("north south east west new")
_FIRST_OF_NAMES = ORG_WORDS | _DIRECTIONS
_GOVERNED = re.compile(rf"\b(?:{_PREPOSITIONS.replace(' ', '|')}|over|than|like)\W+(?:[A-Z]\S*\s+)*$")
_INDEFINITE = re.compile(
    r"(?:(?:at\s+least|at\s+most|about|around|nearly|almost|more\s+than|fewer\s+than|over)\s+)?"
    r"(?:an?|one|some|several|many|most|few|two|three|four|five|other|another|various|unnamed|anonymous|no|any|every|"
    r"more|others|those|people|critics|dozens|hundreds|thousands|\d[\d,.%]*)\b",
    re.I,
)


@dataclass(frozen=True)
class Person:
    """A capitalised name as the article writes it once: the name without its titles, and where."""

    tokens: tuple[str, ...]
    start: int
    end: int
    title: str
    full: str

    def is_known(self) -> bool:
        """Whether a title or a first name tells that it is somebody's."""
        return bool(self.title) or self.tokens[0] in _FIRST_NAMES


def _key(text: str) -> str:
    if _LETTERS_OF_NATIONS.fullmatch(text):  # "UN" and "U.N." are one, and neither is the last of "Kim Jong Un"
        return "".join(f"{letter}." for letter in text.casefold() if letter != ".")
    folded = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return re.sub(r"'s$|'$", "", "".join(c for c in folded if not unicodedata.combining(c))).strip(".,").casefold()


class Cast:
    """The names of one article, and what each later mention stands for."""

    def __init__(self, text: str, quoted: list[tuple[int, int]]) -> None:
        self.text = text
        self._quoted = quoted
        self.people = self._read_names()
        self._starts = [p.start for p in self.people]
        self.forms = Counter(p.tokens for p in self.people if len(p.tokens) > 1)
        self._by_token: dict[str, list[tuple[str, ...]]] = {}
        for tokens in self.forms:
            for part in {_key(t) for t in tokens}:
                self._by_token.setdefault(part, []).append(tokens)
        self._spelled = {p.tokens: p.full for p in reversed(self.people)}
        self._genders: dict[str, str] = {}
        self.speakers: set[str] = set()
        for p in self.people:
            titles = set(p.title.lower().split())
            if titles & MALE_TITLES:
                self._genders.setdefault(_key(p.tokens[-1]), "m")
            elif titles & FEMALE_TITLES:
                self._genders.setdefault(_key(p.tokens[-1]), "f")

    def _read_names(self) -> list[Person]:
        found: list[Person] = []
        for match in _NAME.finditer(self.text):
            start, pieces = match.start(), []
            for piece in re.finditer(r"[^\s]+", match.group()):
                pieces.append((piece.group(), start + piece.start(), start + piece.end()))
            run: list[tuple[str, int, int]] = []
            for word, s, _ in pieces:
                possessive = re.search(r"['’]s?$", word)
                ends = word.endswith(".") and not _ABBREVIATED.match(word)
                bare = word[: possessive.start()] if possessive else word.rstrip(".") if ends else word
                if bare.lower() in NOT_A_NAME and not run:
                    continue
                if bare:
                    run.append((bare, s, s + len(bare)))
                if possessive or ends:
                    self._add(found, run)
                    run = []
            self._add(found, run)
        return found

    def _add(self, found: list[Person], run: list[tuple[str, int, int]]) -> None:
        cut = 0
        for i, (word, _, _) in enumerate(run[:-1]):
            low = word.lower()
            if i == cut:
                in_name = low in _FIRST_NAMES or _is_korean(low, run[i + 1][0])
            else:
                in_name = low in ALSO_SURNAMES and run[i - 1][0].lower() in _FIRST_NAMES  # "Sandra Day O'Connor"
            if (
                low in TITLES
                or _key(word) in NATIONS
                or (low in ORG_WORDS and not in_name)
                or re.search(r"-[a-z]|^[A-Z]{3,}$", word)
                or set(low.split("-")) <= TITLES  # "Ex-President"
                or (i == cut and low in NOT_A_NAME)
            ):
                cut = i + 1
        name = run[cut:]
        while name and name[-1][0].lower() in NOT_A_NAME:
            if len(name) == 2 and name[0][0].lower() in _FIRST_NAMES and name[1][0].lower() in ALSO_MONTHS:
                break
            name = name[:-1]
        while len(name) > 1 and self._goes_on(name[-1][0], name[-1][2], name[0][0]):
            name = name[:-1]
        if not name:
            return
        keys = [_key(word) for word, _, _ in name]
        for i in range(2, len(keys)):  # a caption that runs on: "Ann Lee Ann Lee waves", "Ann Lee Lee's father"
            if keys[:i][i - len(keys) :] == keys[i:]:
                self._add(found, run[: cut + i])
                self._add(found, name[i:])
                return
        tokens = tuple(key for key in keys if key not in _SUFFIXES)
        if not tokens:
            return
        s, e = name[0][1], name[-1][2]
        title = " ".join(w for w, _, _ in run[:cut])
        found.append(Person(tokens, s, e, title, re.sub(r"\s+", " ", self.text[s:e])))

    def _goes_on(self, word: str, end: int, first: str) -> bool:
        """Whether a word after a name is no part of it, but its bearer's: "Kroger Chairman", "Stellantis UAW"."""
        if first.lower() in _FIRST_NAMES:
            return False
        letters = word.isupper() and 2 < len(word) < 5 and not first.isupper() and word.lower() not in _SUFFIXES
        return letters or word.lower() in _ENDS_NO_NAME or bool(_NUMBER.match(self.text, end))

    def gender(self, tokens: tuple[str, ...]) -> str:
        """ "m", "f" or "" where the article and the first name do not tell."""
        if len(tokens) > 1:
            if tokens[0] in MALE_NAMES and tokens[0] not in FEMALE_NAMES:
                return "m"
            if tokens[0] in FEMALE_NAMES and tokens[0] not in MALE_NAMES:
                return "f"
        return self._genders.get(tokens[-1], "")

    def _is_told_of(self, person: Person) -> bool:
        """Whether a name is somebody's, and its sentence is about him: not "the daughter of Ann Lee"."""
        return person.is_known() and not _GOVERNED.search(self.text[max(0, person.start - 40) : person.start])

    def is_person(self, tokens: tuple[str, ...]) -> bool:
        """Whether a name reads as somebody's: two to four words, and none of an organisation, a place or a nation."""
        is_common = any(_is_common(tokens, i) for i in range(len(tokens)))
        return 2 <= len(tokens) <= 4 and not is_common and NOT_A_NAME.isdisjoint({*tokens[1:-1]} - {"of"})

    def full_name(self, tokens: tuple[str, ...], title: str, at: int) -> tuple[str, ...] | None:
        """The longest name of the article that a shorter one abbreviates; None where two people are
        possible."""
        before = title.lower().split()[-1:]
        if not tokens or (len(tokens) == 1 and not _DIRECTIONS.isdisjoint(before)):  # New York, not New York Yankees
            return None
        wanted = set(tokens)
        options = [f for f in self._by_token.get(tokens[-1], []) if wanted <= set(f) and len(f) > len(tokens)]
        options = [f for f in options if self.is_person(f)]
        ranked = [f for f in options if f[-1] == tokens[-1]]
        if len(tokens) == 1:
            ranked = ranked or [f for f in options if f[0] == tokens[0]] or options
        if not ranked:
            return None
        titles = set(title.lower().split())
        sex = "m" if titles & MALE_TITLES else "f" if titles & FEMALE_TITLES else ""
        if sex:
            ranked = [f for f in ranked if self.gender(f) in (sex, "")] or ranked
        clusters: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for form in ranked:
            clusters.setdefault((form[0], form[-1]), []).append(form)
        if len(clusters) > 1:
            weight = {k: sum(self.forms[f] for f in v) for k, v in clusters.items()}
            best = next((p.tokens[0], p.tokens[-1]) for p in self.people if p.tokens in ranked)
            near = [p for p in self.names_in(at - _JUST_BEFORE, at) if p.tokens in ranked and self._is_told_of(p)]
            if near and max(weight.values()) < 2 * weight[near[-1].tokens[0], near[-1].tokens[-1]]:
                best = near[-1].tokens[0], near[-1].tokens[-1]
            elif weight[best] < max(weight.values()):
                best = max(weight, key=lambda k: weight[k])
                if weight[best] < 2 * sorted(weight.values())[-2]:
                    return None
            return max(clusters[best], key=len)
        return max(ranked, key=len)

    def with_its_name(self, start: int, end: int) -> int:
        """Where a mention ends, or the name whose titles it ends with: "Sgt" of "Sgt. Ann Lee"."""
        last = self.text[start:end].lower().split()[-1:]
        named = self.people[bisect_left(self._starts, end) :][:1]
        if not named or not last or last[0].strip(".") not in TITLES:
            return end
        between = self.text[end : named[0].start]
        is_titled = named[0].title and "\n" not in between and {*between.replace(".", " ").lower().split()} <= TITLES
        return named[0].end if is_titled else end

    def own_part(self, person: Person) -> str | None:
        """The part of a name that is its bearer's own, None where all is: "Minister for (Women) Ann Lee"."""
        tokens = person.tokens
        for i in range(1, len(tokens) - 1):
            if tokens[i:] in self.forms or (tokens[i] in _FIRST_NAMES and tokens[0] not in _FIRST_NAMES):
                return " ".join(person.full.split()[i - len(tokens) :])
        return None

    def with_its_first(self, person: Person) -> str:
        """A name of one word with the words before it that were taken for its title: "North Korea"."""
        before = reversed(person.title.split() if len(person.tokens) == 1 else [])
        first = list(takewhile(lambda word: word.lower() in _FIRST_OF_NAMES, before))
        return " ".join([*reversed(first), person.full])

    def ends_with(self, person: Person, end: int) -> bool:
        """Whether a mention that ends at ``end`` does so with a name."""
        return not self.text[person.end : end].strip(", \n")

    def is_bearer(self, person: Person, start: int, end: int) -> bool:
        """Whether ``text[start:end]`` says what somebody is, and ends with the name: "Bank director Ann Lee"."""
        return person.is_known() and self.ends_with(person, end) and not _is_anothers(self.text[start : person.start])

    def is_no_place(self, person: Person) -> bool:
        """Whether nothing in the article is in a place of that name: "in Jordan"."""
        place = re.compile(rf"\b(?:in|to|from|near|across)\s+{re.escape(person.full)}\b")
        return person.tokens[-1] in ALSO_SURNAMES or not place.search(self.text)

    def expand(self, tokens: tuple[str, ...], title: str, at: int) -> str | None:
        """A name's fullest spelling in the article, or None where it is not a known name."""
        longer = self.full_name(tokens, title, at)
        if longer:
            return self._spelled[longer]
        return self._spelled.get(tokens)

    def names_in(self, start: int, end: int) -> list[Person]:
        """The names between two offsets, in text order."""
        i = bisect_left(self._starts, start)
        out = []
        while i < len(self.people) and self.people[i].end <= end:
            out.append(self.people[i])
            i += 1
        return out

    def _outside_quotes(self, person: Person) -> bool:
        i = bisect_left(self._quoted, (person.start, -1))
        return not (i and self._quoted[i - 1][1] > person.start)

    def _someone(self, person: Person, sex: str) -> tuple[str, ...] | None:
        """The person behind a name as an antecedent of he or she; None for places and organisations."""
        tokens, titles = person.tokens, set(person.title.lower().split())
        full = tokens if len(tokens) > 1 else self.full_name(tokens, person.title, person.start) or tokens
        if _is_common(full, 0) if len(full) == 1 else not self.is_person(full):
            return None
        known = titles & TITLES or full[-1] in self.speakers or (len(full) > 1 and full[0] in _FIRST_NAMES)
        if not known:
            return None
        gender = self.gender(full)
        return None if gender and sex and gender != sex else full

    def pronoun(self, sex: str, at: int, previous: tuple[str, int] | None) -> str | None:
        """Whom a he or she at ``at`` stands for: the leading person of the nearest sentence that has one.

        ``previous`` is the last speaker found and where; he counts even where only a role names him there.
        """
        edge = at
        for start in self._sentence_starts(at)[:7]:
            if previous and start <= previous[1] < edge:
                tokens = _tokens(previous[0])
                if self.is_person(tokens) and self.gender(tokens) in (sex, "") and not _plural(previous[0]):
                    return previous[0]
            choices = []
            for person in [] if ELSEWHERE.match(self.text, start) else self.names_in(start, edge):
                full = self._someone(person, sex) if self._outside_quotes(person) else None
                if full is None:
                    continue
                after = self.text[person.end : person.end + 2]
                before = self.text[max(start, person.start - len(person.title) - 14) : person.start]
                aside = after in ("'s", "’s") or bool(_GOVERNED.search(before))
                choices.append((aside + 2 * (len(full) < 2), full))
            spoke = previous and start <= previous[1] < edge and _tokens(previous[0])[-1] in _ROLE_NOUNS
            if previous and spoke and all(weight % 2 for weight, _ in choices):
                return previous[0]  # "The Tesla CEO said that Trump's return ..., but he ..."
            edge = start
            for _, full in sorted(choices, key=lambda c: c[0]):
                name = self.expand(full, "", at)
                if name:
                    return name
        return None

    def _sentence_starts(self, at: int) -> list[int]:
        window = max(0, at - 1500)
        ends = [window + m.end() for m in re.finditer(r"(?<=[^A-Z\W]{2})[.!?][\"”’')]*\s+|\n\s*", self.text[window:at])]
        return [*reversed(ends), window]

    def role(self, head: str, words: str, at: int) -> str | None:
        """The one name that the article sets beside a role ("Foreign Minister X", "X, the party's
        leader")."""
        head = head.lower()
        if head not in _ROLE_NOUNS or len(head) < 3:
            return None
        found = {}
        for person in self.people:
            if head in person.title.lower().split():
                found[person.tokens[-1]] = person
                continue
            if len(person.tokens) > 1 and self.is_person(person.tokens):
                beside = re.match(
                    r"[^.;:!?\n,]{0,4},\s*([^.;:!?\n,]{0,60})[,.]", self.text[person.end : person.end + 80]
                )
                ahead = re.search(
                    rf"\b{re.escape(head)},?\s+$", self.text[max(0, person.start - 40) : person.start], re.I
                )
                if ahead or (beside and re.search(rf"\b{re.escape(head)}\b", beside.group(1).split(" of ")[0], re.I)):
                    found[person.tokens[-1]] = person
        if len(found) > 1:
            context = _words(words.lower()) - _words("the a an of for 's his her its their") - {head}
            scored = {
                k: len(context & _words(f"{p.title} {self.text[p.end : p.end + 60]}".lower())) for k, p in found.items()
            }
            best = max(scored.values())
            found = {k: p for k, p in found.items() if scored[k] == best and best}
        if len(found) != 1:
            return None
        person = next(iter(found.values()))
        bearer = [p for p in self.people if p.tokens[-1] == person.tokens[-1]]
        if not any(self._is_meant(p, words, head) for p in bearer):
            return None
        return self.expand(person.tokens, person.title, person.start)

    def _is_meant(self, person: Person, role: str, head: str) -> bool:
        """Whether what a role says of its bearer, and whose it is, stands beside a name: "Japan's former leader"."""
        text, (first, _, rest) = self.text, role.partition(" of ")
        ahead = re.split(r"[,;.:]", text[max(0, person.start - 40) : person.start])[-1].lower().split()
        if not _words(first.lower()) & _NOT_NOW <= set(ahead):
            return False
        owner = re.findall(r"(\S+)['’]s?\s", first)
        named = [word for word in first.split() if word[:1].isupper()]
        whose = {_key(word) for word in [*owner, *named, *rest.split()]} - TITLES - NOT_A_NAME - {head, ""}
        around = _SENTENCE_END.split(text[max(0, person.start - 60) : person.start])[-1]
        around += _SENTENCE_END.split(text[person.start : person.end + 60])[0]
        return not whose or bool(whose & {_key(word) for word in re.findall(r"[\w.'’-]+", around)})

    def whole_name(self, person: Person) -> str:
        """An organisation's name with its first part, where it is in two: "Food and Drug Administration"."""
        before = self.text[max(0, person.start - 60) : person.start]
        found = re.search(r"(?:[A-Z][\w.]*\s)+and\s+$", before) if person.tokens[-1] in ORG_WORDS else None
        return re.sub(r"\s+", " ", f"{found[0] if found else ''}{person.full}")

    def organisation(self, mention: str) -> str | None:
        """The full name of "the ministry" or "the Post": the one longer name that ends so and has all of its words."""
        words = [_key(word) for word in mention.split() if word.lower() not in _DETERMINERS]
        named = [p for p in self.people if words and p.tokens[-1] == words[-1] and not self.is_person(p.tokens)]
        fuller = {_without_article(f"{p.title} {p.full}" if p.title else self.whole_name(p)) for p in named}
        fuller = {f for f in fuller if " " in f and set(words) <= {_key(word) for word in f.split()}}
        return max(fuller, key=len) if len({f.lower() for f in fuller}) == 1 else None


def resolve(cast: Cast, start: int, end: int, head: str, previous: tuple[str, int] | None) -> tuple[str | None, str]:
    """Who is meant by ``text[start:end]``, whose head noun is ``head``: (speaker, how it was found)."""
    end = cast.with_its_name(start, end)
    shown = re.sub(r"\s+", " ", cast.text[start:end]).strip(' ,;:"“”')
    low = head.lower()
    if low.endswith("day") and low in NOT_A_NAME:  # "announced Thursday"
        return None, "unresolved"
    if low in PRONOUNS and len(shown.split()) <= 2:
        sex = PRONOUNS[low]
        if sex in ("m", "f"):
            name = cast.pronoun(sex, start, previous)
            return (name, "pronoun") if name else (None, "unresolved")
        if sex in ("p", "o") and previous and start - previous[1] < 1200 and (sex == "p") == _plural(previous[0]):
            if sex == "p" or not cast.is_person(_tokens(previous[0])):
                return previous[0], "pronoun"
        return None, "unresolved"
    names = cast.names_in(start, end)
    if shown == head and head[:1].isupper() and low in TITLES | ALSO_MONTHS:  # "Judge" and "May" may be surnames
        full = cast.full_name((_key(head),), "", start)
        if full and full[-1] == _key(head):
            return cast._spelled[full], "surname"
    heads = [p for p in names if _key(head) in p.tokens and not (len(p.tokens) == 1 and low in TITLES)]
    last = names[-1] if names and names[-1] not in heads and cast.is_person(names[-1].tokens) else None
    if last and (
        low in TITLES or (cast.is_bearer(last, start, end) and not any(cast.is_person(p.tokens) for p in heads))
    ):
        heads = []
    if heads:
        person = heads[-1]
        if len(names) > 1 and re.search(r"\b(?:and|&)\b", cast.text[names[0].end : names[-1].start]):
            joined = [n for n in (cast.expand(p.tokens, p.title, p.start) for p in names if len(p.tokens[0]) > 1) if n]
            if all(cast.is_person(_tokens(n)) for n in joined) and len(joined) < 5:
                return " and ".join(dict.fromkeys(joined)), "name"
        linked = re.match(r"\s+(of|for)\s+[A-Z]", cast.text[person.end : end])
        full = cast.full_name(person.tokens, person.title, start)
        if full and linked and (linked[1] == "for" or full[-1] != person.tokens[-1]):  # "Airlines for America"
            full = None
        if len(person.tokens) == 1 and _is_common(person.tokens, 0) and not (full and cast.is_no_place(person)):
            return cast.organisation(shown) or _without_article(shown), "organisation"
        if any(t in ORG_WORDS for t in person.tokens) and not (full or cast.is_person(person.tokens)):
            whole = cast.whole_name(person)
            return _without_article(whole if shown == person.full else shown), "organisation"
        if full:
            return cast._spelled[full], "surname" if len(person.tokens) == 1 else "name"
        named = cast.is_person(person.tokens) and person.is_known()
        if linked and not named and (linked[1] == "of" or len(person.tokens) == 1):
            name = re.sub(r"\s+", " ", cast.text[person.start : end])
            return re.sub(r"\s*\([^)]*$", "", name).strip(" ,"), "organisation"
        if person.full[1:].islower() and re.search(rf"\b{re.escape(person.full.lower())}\b", cast.text):
            return shown, "unnamed" if low.endswith("s") else "role"
        return cast.with_its_first(person), "name"
    beside = [p for p in names if len(p.tokens) > 1 and cast.is_person(p.tokens)]
    if beside and cast.ends_with(beside[-1], end):
        if low in _WRITTEN or not _is_anothers(cast.text[start : beside[-1].start]):
            return cast.expand(beside[-1].tokens, "", start), "appositive"
        own = cast.own_part(beside[-1])
        return own or shown, "appositive" if own else "unnamed" if _INDEFINITE.match(shown) else "role"
    if _INDEFINITE.match(shown) or (
        head.islower() and low.endswith("s") and not re.match(r"(?:the|his|her|its)\b", shown, re.I)
    ):
        return shown, "unnamed"
    if re.search(r"\d\d-year-old$", shown):
        name = cast.pronoun("", start, previous)
        return (name, "pronoun") if name else (shown, "role")
    name = None if low in ORG_WORDS and head[:1].isupper() else cast.role(low, shown, start)
    if name:
        return name, "role"
    if low in ORG_WORDS:
        return cast.organisation(shown) or _without_article(shown), "organisation"
    return shown or None, "role" if head.islower() or low in TITLES else "name"


def _is_common(tokens: tuple[str, ...], i: int) -> bool:
    """Whether a word of a name is an organisation's, a place's or a nation's, and no part of somebody's name there.

    It may be a first name ("Bill Gates"), or a surname after one ("Lee White", "Denzel Washington").
    """
    word, last = tokens[i], len(tokens) - 1
    if word not in ORG_WORDS and word not in PLACES and word not in NATIONS:
        return False
    if i == 0 and last:
        return (word not in _FIRST_NAMES or word in NATIONS) and not _is_korean(word, tokens[1])
    may_be_surname = word in ALSO_SURNAMES or (i == last and word in PLACES)
    return not (i and tokens[0] in _FIRST_NAMES and may_be_surname)


def _is_korean(word: str, after: str) -> bool:
    """Whether a word is a surname that comes first: "Park Geun-hye"."""
    return word in ALSO_SURNAMES and "-" in after


def _is_anothers(before: str) -> bool:
    """Whether what stands before a name says that more than its bearer spoke, or another: "a spokesman for Mayor"."""
    words = before.lower().split()
    if words[-1:] == ["and"]:
        return True
    while words and words[-1] in TITLES:
        words.pop()
    if words and words[-1] in NATIONS:  # "for the American National Union", but not "Attorney for Ohio Ann Lee"
        words = words[:-1] if words[-2:-1] == ["the"] else []
    if words and words[-1] == "the":
        words.pop()
    return bool(words) and words[-1] in _LINKING


def _without_article(shown: str) -> str:
    return re.sub(r"^(?i:the|a|an)\s+(?=[A-Z])", "", shown)


def _plural(name: str) -> bool:
    return " and " in name or (name.rsplit(maxsplit=1)[-1].endswith("s") and name.rsplit(maxsplit=1)[-1].islower())


def _tokens(name: str) -> tuple[str, ...]:
    return tuple(_key(t) for t in name.split())
