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
    "posit stipulate surmise pronounce figure"
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
_NAMING = "call describe characterize characterise dub label brand dismiss denounce deride portray"
_IRREGULAR = {
    "say": "says said saying", "tell": "tells told telling", "write": "writes wrote written writing",
    "go": "goes went gone going", "swear": "swears swore sworn swearing",
    "begin": "begins began begun beginning",
    "put": "puts put putting", "read": "reads read reading", "sing": "sings sang sung singing",
    "think": "thinks thought thinking",
}  # fmt: skip
_DOUBLED = {"admit", "quip", "brag", "beg", "blog", "nod", "grin", "rap"}


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
WHEN = frozenset(
    (
        "monday tuesday wednesday thursday friday saturday sunday yesterday today tonight later earlier "
        "recently afternoon morning evening night week last this"
    ).split()
)
# Beside a full quote of theirs, or without one, these report no other words: in PolNeAR's train part 1 in 28 of the
# former and 1 in 12 of the latter do, a fiftieth and a hundredth of all that is reported.
WITH_QUOTE = frozenset("say tell write add".split())
ONLY_QUOTE = frozenset("go begin start put".split())
NAMING_FORMS = frozenset(_table(_NAMING))
NOUNS = frozenset(
    (
        "claim claims statement assertion assertions allegation allegations accusation accusations "
        "suggestion suggestions warning warnings argument contention insistence vow pledge promise promises "
        "announcement declaration admission prediction"
    ).split()
)
HINTS = frozenset(VERBS) | NOUNS | frozenset("according made makes making words".split())
SAYING = re.compile(r"\b(?:" + "|".join(sorted(VERBS, key=len, reverse=True)) + r"|according to)\b", re.I)
