"""The words of saying: which verbs report speech, by what they may take. Lists written for this program.

A lemma may stand in several lists; ``VERBS`` maps every inflected form to its lemma, so that no lemmatizer
need run.
"""

from __future__ import annotations

import re

_CLAUSE = (  # take a content clause: "said that"
    "say tell add write note report announce suggest tweet argue continue explain acknowledge declare claim "
    "contend "
    "insist warn state recall reply respond admit assert confirm deny predict conclude caution concede "
    "remark observe "
    "complain joke quip lament stress emphasize emphasise reiterate repeat maintain allege testify disclose "
    "reveal boast "
    "muse recount counter retort shout yell scream chant exclaim charge propose recommend estimate proclaim "
    "opine "
    "tell assure inform remind notify advise swear vow pledge promise threaten hint signal imply indicate "
    "post text "
    "email blog retweet comment volunteer theorize speculate reckon rule decree clarify specify relate "
    "profess "
    "attest avow affirm reaffirm advocate underscore underline highlight urge demand agree fret grumble "
    "gripe crow gush fume "
    "marvel plead protest brag mention reply interject apologize apologise answer brief preach cry whisper "
    "mutter murmur "
    "posit stipulate surmise pronounce figure point"
)
_ASKING = "ask wonder inquire enquire question"  # take a question or a request
_MANNER = (  # only beside a full direct quote
    "begin go laugh sigh smile snap sneer thunder deadpan offer read ask roar bark bellow croon beam grin "
    "shrug nod rave "
    "vent intone enthuse summarize recite sing call press persist venture object scoff mock sniff tease "
    "chime chide scold "
    "implore beg pray demand rail blast lash praise criticize warn conclude start think put describe appeal"
)
_REQUEST = "urge ask call implore beg encourage exhort order instruct advise plead press challenge"
_INTENT = "vow pledge promise threaten offer swear propose"
_OBJECT = "announce propose deny describe"
_NAMING = "call describe characterize characterise dub label brand dismiss denounce deride portray refer"
_IRREGULAR = {
    "say": "says said saying", "tell": "tells told telling", "write": "writes wrote written writing",
    "go": "goes went gone going", "swear": "swears swore sworn swearing",
    "begin": "begins began begun beginning",
    "put": "puts put putting", "read": "reads read reading", "sing": "sings sang sung singing",
    "think": "thinks thought thinking", "make": "makes made making",
}  # fmt: skip
_DOUBLED = {"admit", "quip", "brag", "beg", "blog", "nod", "grin", "rap", "refer"}


def _forms(lemma: str) -> list[str]:
    if lemma in _IRREGULAR:
        return [lemma, *_IRREGULAR[lemma].split()]
    if lemma in _DOUBLED:
        return [lemma, lemma + "s", lemma + lemma[-1] + "ed", lemma + lemma[-1] + "ing"]
    if lemma.endswith("e"):
        return [lemma, lemma + "s", lemma + "d", lemma[:-1] + "ing"]
    if lemma.endswith("y") and lemma[-2] not in "aeiou":
        return [lemma, lemma[:-1] + "ies", lemma[:-1] + "ied", lemma + "ing"]
    return [
        lemma,
        lemma + ("es" if re.search(r"(?:s|sh|ch|x|o)$", lemma) else "s"),
        lemma + "ed",
        lemma + "ing",
    ]


def _table(lemmas: str) -> dict[str, str]:
    return {form: lemma for lemma in lemmas.split() for form in _forms(lemma)}


VERBS = _table(" ".join((_CLAUSE, _ASKING, _MANNER, _REQUEST, _INTENT, _OBJECT, _NAMING, "accuse quote cite")))
PARTICLES = {"point": "out", "refer": "to"}  # what has to follow, for these to be words of saying
WHEN = frozenset(
    (
        "monday tuesday wednesday thursday friday saturday sunday yesterday today tonight later earlier "
        "recently afternoon morning evening night week last this"
    ).split()
)
# Without a full quote of theirs these report no words: in PolNeAR's train part 1 in 12 does, a hundredth of all that is
# reported.
ONLY_QUOTE = frozenset("go begin start put".split())
# These lead into a paragraph of what was said, without marks, where a colon follows them at once.
LEADS_IN = frozenset("say write add tweet post state continue explain reply respond argue conclude".split())
NAMING_FORMS = frozenset(_table(_NAMING))
NOUNS = frozenset(
    (
        "claim claims statement assertion assertions allegation allegations accusation accusations "
        "suggestion suggestions warning warnings argument contention insistence vow pledge promise promises "
        "announcement declaration admission prediction"
    ).split()
)
# These, whosever they are, with what follows: "reports that ...", "calls for ...".
NOUNS_OF_CLAUSES = NOUNS | frozenset(
    (
        "statements arguments announcements predictions complaint complaints remark remarks comment comments report "
        "reports rumor rumors charge charges demand demands response answer revelation revelations threat threats "
        "concession acknowledgment word"
    ).split()
)
NOUNS_OF = {
    **dict.fromkeys(("call", "calls"), ("for", "to")),
    **dict.fromkeys("accusation accusations allegation allegations".split(), ("of",)),
    **dict.fromkeys("vow vows pledge pledges promise promises threat threats".split(), ("to",)),
}
UTTERING = frozenset(_table("make issue repeat renew reiterate release deliver voice raise"))  # "made a promise to ..."
CUE_NOUNS = NOUNS_OF_CLAUSES.union(NOUNS_OF)
HINTS = frozenset(VERBS) | CUE_NOUNS | frozenset("according made makes making words".split())
# The forms as they stand in a text ("pointed out").
SPOKEN = [f"{form} {PARTICLES[lemma]}" if lemma in PARTICLES else form for form, lemma in VERBS.items()]
SPOKEN.sort(key=len, reverse=True)
SAYING = re.compile(r"\b(?:" + "|".join(SPOKEN) + r"|according to)\b", re.I)
