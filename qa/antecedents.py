"""Whom and what the pronouns of a follow-up stand for: names and things in the turns before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from qa.answers import Answer
from qa.names import bare_name, initials, role_of, short_for
from qa.periods import NoSuchDayError
from qa.phrases import BE, DO, VERBS, is_plural, things_in
from qa.questions import Question, parse_question, terms
from qa.quotes.speakers import TITLES

Quoted = Callable[[str], bool]
Pronoun = Callable[[str], "str | None"]

_PREPOSITIONS = frozenset("in at on of from to near for by with into under about during since before after".split())
_PLACED = frozenset("in at of near from to".split())
_WHICH = re.compile(
    r"(?:which|what)\s+(?P<noun>[a-z]\w+(?:\s[a-z]\w+)??)\s+(?:was|is|were|are|has|had|did|does|wants?|\w+ed)\b", re.I
)
_WHAT_OF = re.compile(
    r"what\s+(?:is|was|are|were)\s+the\s+(?:\w+\s){1,2}of\s+(?P<what>(?:the\s+)?\w+(?:\s\w+)?)\W*$", re.I
)
_HOW_MANY = re.compile(r"how\s+many\s+(?P<noun>[a-z]\w+)\s+(?P<rest>(?:was|were|are|is)\s+.+?)\W*$", re.IGNORECASE)
_WHO_IS = re.compile(r"who\s+(?:is|was)\s+(?P<who>(?-i:[A-Z]).*?)\W*$", re.IGNORECASE)
_NAME = re.compile(
    r"(?<=\s)(?:the\s+)?[^\W\d_a-z][\w.’'-]*(?:\s(?:of|de|van|von|al|the|[^\W\d_a-z][\w.’'-]*))*(?<![\s])"
)
_PRONOUN = re.compile(
    r"\b(?P<person>he|she|him|his|hers?)\b|\b(?P<thing>it|its|they|them|their|this|that)\b(?!\s+(?:was|is)\s+(?:that|true))"
    r"|(?<!\bis\s)(?<!\bare\s)(?<!\bsay\s)\b(?P<place>there)\b(?!\s+(?:is|are|was|were|any|be|been)\b)",
    re.IGNORECASE,
)
_NOT_A_THING = re.compile(
    r"(?:that|this)\s+\S|it\s+(?:true|rain|snow)|it\s+take\w*\s.*\bto\b|it\s+(?:(?:is|was)\s+)?(?:not\s+)?(?!going\b)\w+\s+(?:to|that|for)\b",
    re.I,
)
_AFTER_AUXILIARY = re.compile(rf"\b(?:{'|'.join(DO | BE)})\s+$", re.IGNORECASE)
# What only organisations and places have: "who leads it?", "who is its chief executive?"
_LED = re.compile(
    r"\b(?:leads?|led|heads?|headed|directs?|directed|runs?|ran|chairs?|chaired|owns?|founded|governs?|director|head|leader|"
    r"chair(?:man|woman)?|chief|boss|president|founders?|owners?|members?|spokes\w+|headquarters|workers|staff|employees)\b",
    re.IGNORECASE,
)
_OWNED = re.compile(rf"\s+(?P<noun>[a-z][\w-]*(?:\s[a-z][\w-]*){{0,2}}?)(?=\W*$|\s(?:{'|'.join(_PREPOSITIONS)})\s)")
# What has its own antecedent: "which shop lowered its prices", "NASA said it would".
_ASKING = re.compile(
    r"(?:(?:and|but|also|so|ok|okay|then),?\s+)*"
    rf"(?:what|which|who\w*|when|where|why|how|{'|'.join(DO | BE | _PREPOSITIONS)})\b",
    re.IGNORECASE,
)
_OWN_SUBJECT = re.compile(
    r"\b(?:which|what|how\s+many)\s+(?!(?:did|does|do|is|was|are|were|has|have|will|can)\b)[a-z]\w+", re.I
)
_GENDER = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "hers": "she"}


class NobodyMeantError(ValueError):
    """A follow-up stands for somebody whom no turn before it names; the message says so to a person."""


class Before:
    """The turns before a follow-up: what was asked last, of whom, about what and for when."""

    def __init__(self, history: Sequence[Answer], is_quoted: Quoted, pronoun_of: Pronoun) -> None:
        self.history = history
        self.is_quoted = is_quoted
        self.pronoun_of = pronoun_of
        whole = [answer for answer in history if terms(_whole(answer))]
        self.answer = whole[-1] if whole else history[-1]
        self.text = _whole(self.answer)
        self.question: Question = parse_question(self.text)
        try:
            self.without_period = parse_question(self.text, today=date.max).text
        except NoSuchDayError:
            self.without_period = self.text
        plain, rest = self.text.rstrip(" ?!."), self.without_period.rstrip(" ?!.")
        self.period = plain[len(rest) :].strip() if plain.startswith(rest) else ""
        self.speaker = self.question.speaker or (latest_speaker(history) if self.question.quoted else None)
        self.things = things_in(self.without_period)
        self.topic = self._topic()

    def _topic(self) -> str | None:
        """Return what was asked about: of a question for quotes its topic, otherwise a thing in the question."""
        asked = parse_question(self.without_period)
        if asked.quoted and asked.topic:
            about = re.sub(r"^(?:about|on)\s+", "", asked.topic)
            is_claim = asked.speaker is None and about == asked.topic and not asked.besides
            things = things_in(f"that {about}") if is_claim else []
            return things[0].words if things else about
        if asked.quoted:
            earlier = self.history[: self.history.index(self.answer)]
            spoken = [asked.speaker] if asked.speaker and asked.speaker.startswith("the ") else []  # "the letter"
            return next((topic for topic in (*map(_topic_of, reversed(earlier)), *spoken) if topic), None)
        of_what = _WHAT_OF.match(self.without_period)
        if of_what:
            return of_what["what"]
        which = _WHICH.match(self.without_period)
        if which:
            return f"the {which['noun']}"
        subject = [thing for thing in self.things if thing.before in DO]
        names = [thing for thing in self.things if thing.is_name and thing.before not in _PREPOSITIONS]
        things = [thing for thing in self.things if not thing.is_name and thing.words.split()[0].lower() == "the"]
        chosen = [*subject, *names, *things, *reversed(self.things)]
        return chosen[0].words if chosen else None

    def with_names(self, question: str, *, speaker: str = "", is_own: bool = False) -> str:
        """Put whom and what the last question was about in the place of pronouns that have nobody before them.

        "About her" is somebody else than the ``speaker`` who is named before it; her plan may be the speaker's own.
        """
        parts, done = [], 0
        for found in _PRONOUN.finditer(question):
            before, word, after = question[: found.start()], found[0].lower(), question[found.end() :]
            other = word == "him" or (word == "her" and not re.match(r"\s+[a-z]", after))
            if (
                _has_antecedent(before, word)
                or re.search(r",\s(?:.*\s)?[^\W\d_a-z]", after)
                or (found["person"] and is_own and not other)
            ):
                break
            if found["person"]:
                name = self.person(word, speaker if other else "")
            else:
                name = self.place() if found["place"] else self.thing(word, question)
            if not name or _NOT_A_THING.match(question[found.start() :]) or not before.strip():
                continue
            own = word in ("his", "its", "their") or (word == "her" and re.match(r"\s+[a-z]", after))
            owned = _OWNED.match(after) if own and found["thing"] else None
            owned = None if owned and any(w in VERBS or not terms(w) for w in owned["noun"].split()[1:]) else owned
            parts.append(question[done : found.start()])
            parts.append(f"the {owned['noun']} of {name}" if owned else f"{name}{'’s' if own else ''}")
            done = found.end() + (owned.end() if owned else 0)
        return "".join([*parts, question[done:]])

    def person(self, word: str, but: str = "") -> str | None:
        """Return for whom "he" or "her" stands: the short answer, one in the last question, or the last speaker."""
        if but:
            others = [a for a in self.history if not terms(_speaker_of(a) or "") & terms(but)]
            return latest_speaker(others, word, self.pronoun_of) or self.titled()
        if not self.question.quoted:
            if self.answer.short and (self.question.asked_for or ("",))[0] == "person":
                return self.answer.short
            for name in _NAME.findall(self.text):
                if fits(word, name, self.pronoun_of):
                    return str(name)
            if self.titled():
                return self.titled()
        return latest_speaker(self.history, word, self.pronoun_of)

    def titled(self) -> str | None:
        """Return somebody whom the last question names by a title: "the new mayor"."""
        return next((thing.words for thing in self.things if thing.words.split()[-1].lower() in TITLES), None)

    def thing(self, word: str, question: str = "") -> str | None:
        """Return for what "it" or "they" stands.

        That is the topic, where it is of the number that the pronoun is; or else the organisation that spoke, or that
        the last answer was, which also goes first where it is asked who leads it.
        """
        several = word in ("they", "them", "their")
        many = _HOW_MANY.match(self.without_period)
        if several and many:
            return f"the {many['noun']} {'who' if many['noun'] == 'people' else 'that'} {many['rest']}"
        topic, body = self.topic or "", self._organisation()
        other = not is_plural(topic) and not topic[:1].isupper() if several else is_plural(topic)
        return (body if body and (not topic or other or _LED.search(question)) else topic) or None

    def answering_body(self) -> str | None:
        """Return who answered the last question, where that is quoted and no person: "they" may stand for it."""
        body = None if self.question.quoted else self._organisation()
        return body if body and self.is_quoted(body) else None

    def _organisation(self) -> str | None:
        spoke = self.speaker if self.question.quoted else self.answer.short
        if not spoke or not spoke[:1].isupper() or role_of(spoke) or self.pronoun_of(spoke) is not None:
            return None
        kind = (self.question.asked_for or ("",))[0]
        return spoke if self.question.quoted or kind in ("person", "fact") else None

    def place(self) -> str | None:
        """Return where "there" is, with its preposition: the answer to "where", or a place in the last question."""
        if (self.question.asked_for or ("",))[0] == "place" and self.answer.short:
            return f"in {self.answer.short}"
        things = self.things or (things_in(f"x {self.topic}") if self.topic else [])
        for thing in reversed(things):
            head, of, whose = thing.words.partition(" of ")
            if of and whose[:1].isupper() and (is_plural(head) or head.split()[-1].lower() in TITLES):
                return f"in {whose}"  # "the villagers of Pell"
            if thing.is_name and thing.before in _PLACED and not thing.words.lower().startswith("the "):
                return f"in {thing.words}"
        return f"at {self.topic}" if self.topic and self.topic.lower().startswith("the ") else None


def _has_antecedent(before: str, word: str) -> bool:
    """Tell whether a pronoun stands for something in the same question, of which ``before`` is what goes before it."""
    if re.search(r"[.!?:]\s", before) or (
        before.strip() and not _ASKING.match(before.lstrip()) and before[:1].isupper()
    ):
        return True
    if _AFTER_AUXILIARY.search(before):  # "how much of the town did it leave"
        return False
    if _NAME.search(f" {before.partition(' ')[2]}"):
        return True
    if word == "there":
        return False
    return bool(_OWN_SUBJECT.search(before) or (word not in _GENDER and things_in(f"x {before}")))


def latest_speaker(history: Sequence[Answer], word: str = "", pronoun_of: Pronoun = lambda name: None) -> str | None:
    """Return the speaker of the latest answer about one, also of one that was refused, for whom ``word`` may stand.

    For "she", somebody whom the articles call so goes before one of whom it is not known; "it" is nobody whom they
    call "he" or "she".
    """
    low = word.lower()
    answers = history if low not in ("it", "they", "them") else [a for a in history if not _answers_who(a)]
    speakers = [speaker for speaker in map(_speaker_of, reversed(answers)) if speaker]
    gender = _GENDER.get(low)
    if gender:
        speakers = [speaker for speaker in speakers if not (short_for(speaker) or initials(speaker))]
        named = [name for answer in reversed(history) for name in _NAME.findall(_whole(answer))]
        for name in (*speakers, *map(str, named)):
            if pronoun_of(name) == gender:
                return name
    return next((speaker for speaker in speakers if fits(word, speaker, pronoun_of)), next(iter(speakers), None))


def fits(word: str, name: str, pronoun_of: Pronoun) -> bool:
    """Tell whether a pronoun may stand for somebody, by the one that the articles use."""
    gender = _GENDER.get(word.lower())
    used = pronoun_of(name)
    return used in (None, gender) if gender else used is None or word.lower() != "it"


def _whole(answer: Answer) -> str:
    return answer.understood or answer.question


def _topic_of(answer: Answer) -> str | None:
    try:
        return parse_question(_whole(answer), today=date.max).topic
    except NoSuchDayError:
        return None


def _speaker_of(answer: Answer) -> str | None:
    asked = parse_question(_whole(answer))
    if asked.speaker and re.search(r"\s(?:and|or)\s", asked.speaker):
        return asked.speaker
    said = Counter(statement.speaker for statement in answer.statements if statement.speaker)
    if (said and not asked.besides) or asked.speaker:
        return bare_name(said.most_common(1)[0][0]) if said else asked.speaker
    who = _WHO_IS.match(asked.text)
    if who:
        return who["who"]
    return answer.short if _answers_who(answer) else None


def _answers_who(answer: Answer) -> bool:
    asked = parse_question(_whole(answer))
    return not asked.quoted and (asked.asked_for or ("",))[0] == "person"
