"""A follow-up and the turns before it -> a question that can be read by itself.

This is the one place where a conversation is looked at. What comes out is a question in words, so that it can be shown
to whoever asked, and everything after this place reads it like any other; or, where what was shown is asked for once
more ("when did he say that?", "show me the second one"), an answer made of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from qa.answers import Answer, Statement
from qa.periods import NoSuchDayError, periods_in
from qa.questions import Question, parse_question, speaker_span, terms

_HE = re.compile(r"he|she|him|her", re.IGNORECASE)
# "What do they say about Syria?" may ask for the articles: only after an answer about a speaker is that the speaker.
_THEY = re.compile(r"they|them|it", re.IGNORECASE)
_JOINED = r"(?:(?:and|but|also|so|ok(?:ay)?|then),?\s+)"
_AND_ABOUT = re.compile(rf"(?P<joined>{_JOINED})?(?P<rest>(?:about|on|regarding|concerning)\s+\S.*)", re.I | re.DOTALL)
_INSTEAD = re.compile(rf"(?:{_JOINED}*(?:what|how)\s+about|{_JOINED}+)\s*(?P<rest>\S.*)", re.I | re.DOTALL)
_THING = re.compile(r"[\w’'-]+(?:\s[\w’'-]+){0,3}")
_ONE_THING = re.compile(
    r"(?:the|a|an|his|her|their|its|this|that|those|these)\s+(?:[\w’'-]+\s?){1,5}|(?-i:[^\W\d_a-z])[\w.’'-]*(?:\s[\w.’'&-]+){0,5}",
    re.IGNORECASE,
)
_ASKS = r"(?:when|where|why|how(?:\s+(?:many|much|long|old|often|far))?|who|whom|what|which(?:\s+\w+)?)"
_BARE_ASK = re.compile(
    rf"{_JOINED}*(?P<ask>{_ASKS}|by\s+whom|with\s+whom|since\s+when)(?:\s+(?:was|is)\s+(?:that|it))?", re.I
)
_ASKING = re.compile(rf"(?P<ask>{_ASKS})\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_OTHERS = re.compile(
    rf"{_JOINED}*(?:(?:did|does|do|has|have)\s+(?:any|some)(?:one|body)(?:\s+else)?\s+(?:\w+\s+)?(?:disagreed?|agreed?|objected?|"
    r"object|respond(?:ed)?|repl(?:y|ied)|comment(?:ed)?|contradict(?:ed)?|criticised?|say|talk|speak|spoken|said)(?:\s+.*)?"
    r"|(?:who|any(?:one|body)|some(?:one|body))\s+else(?:\s+(?:said|spoke|talked|commented|is\s+quoted)"
    r"(?:\s+(?:(?:something|anything)\s+)?(?:about|on)\s+(?:it|that|this))?)?"
    r"|what\s+(?:did|do|have)\s+(?:the\s+)?others\s+(?:say|think|said)(?:\s+.*)?|(?:the\s+)?others)",
    re.IGNORECASE,
)
_SAID_THAT = re.compile(
    rf"{_JOINED}*(?P<ask>when|where)(?:\s+and\s+(?:when|where))?\s+(?:did|has|have|was|were)\s+(?:\S+\s+){{0,3}}?"
    r"(?:sa(?:y|id)|claim(?:ed)?|told|tell|this|that|it)(?:\s+(?:that|this|so|it|these|those|them|all\s+that))?(?:\s+said)?",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_SHOW_ONE = re.compile(
    rf"(?:{_JOINED}*(?:show|open|give|let)\s+(?:me\s+)?(?:see\s+)?|{_JOINED}*(?:and\s+)?)"
    rf"(?:the\s+)?(?:(?P<ordinal>{'|'.join(_ORDINALS)}|last)(?:\s+(?:one|statement|quote|sentence|citation))?"
    r"|(?:number|no\.|statement|quote)\s+(?P<number>\d{1,2}))(?:\s+(?:in|with)\s+(?:its\s+)?(?:whole\s+)?(?:context|article))?",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?P<person>he|she|him|his|hers?)\b|\b(?P<thing>it|its|they|them|their|this|that)\b(?!\s+(?:was|is)\s+(?:that|true))"
    r"|\b(?P<place>there)\b",
    re.IGNORECASE,
)
_NOT_A_THING = re.compile(r"(?:that|this)\s+\S|it\s+(?:true|possible|likely|rain|snow)", re.IGNORECASE)
_NAME = re.compile(
    r"(?<=\s)(?:the\s+)?[^\W\d_a-z][\w.’'-]*(?:\s(?:of|de|van|von|al|the|[^\W\d_a-z][\w.’'-]*))*(?<![\s])"
)
_NOUNS = re.compile(r"\b(?:the|an?)\s+(?:(?!of\b|in\b|on\b|at\b|by\b|to\b|was\b|is\b|and\b)[a-z][\w’'-]*\s?){1,3}")

_A_MONTH = r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|autumn|fall|winter)"
_THEN = r"(?:because|during|in|on|at|for|since|after|before|over|to)\b"
_WHERE = re.compile(r"\b(?:in|at|on|of|from|to|near|for|by|with)\s+$", re.IGNORECASE)

_WERE = re.compile(
    r"(?P<is>was|were|is|are)\s+(?:any\s+|some\s+)?(?P<who>[a-z]+(?:\s[a-z]+)?)\s(?P<rest>\w+(?:ed|en|t|n)\b.*)"
)
_DID = re.compile(
    rf"(?P<did>did|does|do)\s(?P<who>(?:the\s)?\S+)\s(?P<verb>\w+)\s(?P<what>.+?)(?P<rest>\s{_THEN}.*|\W*$)"
)
_GENDER = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "hers": "she"}

Quoted = Callable[[str], bool]
Pronoun = Callable[[str], "str | None"]


class NobodyMeantError(ValueError):
    """A follow-up stands for somebody whom no turn before it names; the message says so to a person."""


def made_whole(
    question: str,
    history: Sequence[Answer],
    is_quoted: Quoted = lambda name: False,
    pronoun_of: Pronoun = lambda name: None,
) -> str:
    """Return ``question`` with what it takes from the ``history`` (oldest first) put in its place.

    A pronoun that is asked to have said something stands for the speaker of the latest answer about one, but for those
    of whom the articles use another (``pronoun_of`` tells "he" or "she"): "what else did he say?"; "and about Assad?"
    asks for that speaker, too. "What about Kohl?" asks
    the last question of somebody else, where Kohl ``is_quoted``, and otherwise about something else; "and in May?" of
    another period; "where?" for something else. "Who else?" asks who else is quoted on its topic; other pronouns stand
    for whom and what the last question was about. Raises NobodyMeantError where there is none.
    """
    rest = _AND_ABOUT.fullmatch(question)
    if rest and (rest["joined"] or _latest(history)):
        return f"what did {_speaker('and', history)} say {rest['rest']}"
    last = _Last(history, pronoun_of) if history else None
    if last:
        for read in (last.in_another_period, last.of_another, last.asked_otherwise, last.by_others):
            whole = read(question, is_quoted)
            if whole:
                return whole
    span = speaker_span(question)
    if not span:
        return last.with_names(question) if last else question
    named, topic = question[slice(*span)], question[span[1] :]
    pronoun = _HE.fullmatch(named) or (_THEY.fullmatch(named) and _latest(history))
    if pronoun:
        named = _speaker(named, history, pronoun_of)
    elif last:
        named = last.with_names(f"of {named}").removeprefix("of ")  # "his mother"
    if last:  # "her plan" is the speaker's own, who is named before it
        topic = last.with_names(topic, but_of_persons=not pronoun)
    return question[: span[0]] + named + topic


def pointed_at(question: str, history: Sequence[Answer]) -> Answer | None:
    """Return the answer to a question for what was just shown, or None where it asks for something else.

    That is when it was said, which is when its articles were published, and one of the statements by its number.
    """
    plain = " ".join(question.split()).rstrip(" ?!.")
    shown = next((answer for answer in reversed(history) if answer.statements), None)
    if shown is None:
        return None
    plain = re.sub(r",?\s+please$", "", plain, flags=re.IGNORECASE)
    found = _SHOW_ONE.fullmatch(plain)
    if found and (found["ordinal"] or found["number"]):
        word = (found["ordinal"] or "").lower()
        place = -1 if word == "last" else _ORDINALS.index(word) if word else int(found["number"]) - 1
        if not -1 <= place < len(shown.statements):
            return None
        chosen = shown.statements[place]
        number = shown.statements.index(chosen) + 1
        told = f"Statement {number} of {len(shown.statements)}"
        return replace(
            shown, question=question, understood=None, statements=(chosen,), short=None, summary=told, names=()
        )
    if _SAID_THAT.fullmatch(plain) and any(statement.speaker for statement in shown.statements):
        return replace(shown, question=question, understood=None, short=None, summary=_when(shown.statements), names=())
    return None


def _again(shown: Answer, question: str, statements: Sequence[Statement], told: str) -> Answer:
    """Return some of what was shown; what is asked next goes on from the question that it was shown to."""
    asked = shown.understood or shown.question
    return replace(
        shown, question=question, understood=asked, statements=tuple(statements), short=None, summary=told, names=()
    )


def _when(statements: Sequence[Statement]) -> str:
    """Return when statements were published, in words."""
    days = sorted({statement.article.published for statement in statements if statement.article.published})
    if not days:
        return "The articles that say so have no date."
    without = any(statement.article.published is None for statement in statements)
    dates = ", ".join(f"{day.day} {day:%B} {day.year}" for day in days)
    return f"Published on {dates}{'; some without a date' if without else ''}"


class _Last:
    """The turns before a follow-up: what was asked last, of whom and about what."""

    def __init__(self, history: Sequence[Answer], pronoun_of: Pronoun) -> None:
        self.history = history
        self.pronoun_of = pronoun_of
        whole = [answer for answer in history if terms(answer.understood or answer.question)]
        self.answer = whole[-1] if whole else history[-1]
        self.text = self.answer.understood or self.answer.question
        self.question: Question = parse_question(self.text)
        try:
            self.without_period = parse_question(self.text, today=date.max).text
        except NoSuchDayError:
            self.without_period = self.text
        plain, rest = self.text.rstrip(" ?!."), self.without_period.rstrip(" ?!.")
        self.period = plain[len(rest) :].strip() if plain.startswith(rest) else ""
        topic = parse_question(self.without_period).topic if self.question.quoted else None
        self.topic = re.sub(r"^(?:about|on)\s+", "", topic) if topic else _thing_in(self.without_period)

    def in_another_period(self, question: str, _: Quoted) -> str | None:
        """Read "and in May?"."""
        words = _stripped(question)
        words = f"in {words}" if re.fullmatch(r"\d{4}", words) else words
        year = re.search(r"\d{4}", self.period)
        if year and not re.search(r"\d{4}", words) and re.search(_A_MONTH, words, re.IGNORECASE):
            words = f"{words} {year[0]}"
        found = any(not before and not after for before, _read, after in periods_in(words, date.max, lambda: None))
        return f"{self.without_period.rstrip(' ?!.')} {words}?" if found else None

    def of_another(self, question: str, is_quoted: Quoted) -> str | None:
        """Read "what about Kohl?"."""
        found = _INSTEAD.fullmatch(question.rstrip(" ?!."))
        other = found["rest"] if found else ""
        person = self._person(other.lower()) if _HE.fullmatch(other) else None
        if person and self.topic:
            return f"what did {person} say about {self.topic}?"
        named = " about " in question.partition(other)[0] if other else False
        if not (_ONE_THING.fullmatch(other) or (named and _THING.fullmatch(other))) or _ASKING.match(f"{other} "):
            return None
        asked = self.question
        speaker = asked.speaker or (_latest(self.history) if asked.quoted else None)
        now = f" {self.period}" if self.period else ""
        on_topic = f" about {self.topic}{now}" if self.topic else now
        another = not speaker or terms(other) != terms(speaker)
        if another and (asked.quoted or not _NAME.search(self.text)) and is_quoted(other):
            return f"what did {other} say{on_topic}?"
        if asked.quoted:
            thing = self.with_names(f"of {other}").removeprefix("of ")
            return f"what did {speaker} say about {thing}?" if speaker else None
        place = _NAME.search(self.text) if other[:1].isupper() else _NOUNS.search(self.text) or _NAME.search(self.text)
        if not place:
            return None
        return f"{self.text[: place.start()]}{other}{' ' if place[0].endswith(' ') else ''}{self.text[place.end() :]}"

    def asked_otherwise(self, question: str, _: Quoted) -> str | None:
        """Read "where?"."""
        found = _BARE_ASK.fullmatch(question.rstrip(" ?!."))
        before = _ASKING.fullmatch(self.text)
        if not found or self.question.quoted:
            return None
        ask, plain = found["ask"], self.text[:1].lower() + self.text[1:]
        if not before:
            return _of_yes_or_no(ask, plain)
        rest = before["rest"]
        if before["ask"].lower() == "who":  # "Who built the dam?" -> "When was it that Ann Lee built the dam?"
            return f"{ask} was it that {self.answer.short or 'somebody'} {rest}"
        return f"{'by whom' if ask.lower() == 'who' else ask} {rest}"

    def by_others(self, question: str, _: Quoted) -> str | None:
        """Read "who else?"."""
        if not self.topic or not _OTHERS.fullmatch(question.rstrip(" ?!.")):
            return None
        but = self.question.speaker or (_latest(self.history) if self.question.quoted else None)
        now = f" {self.period}" if self.period else ""
        return f"who {f'besides {but}' if but else 'else'} spoke about {self.topic}{now}?"

    def with_names(self, question: str, *, but_of_persons: bool = False) -> str:
        """Put whom and what the last question was about in the place of pronouns that have nobody before them."""
        parts, done = [], 0
        for found in _PRONOUN.finditer(question):
            before = question[: found.start()]
            if _NAME.search(f" {before.partition(' ')[2]}") or (found["thing"] and _NOUNS.search(before)):
                break
            word = found[0].lower()
            name = self._person(word) if found["person"] else self.topic if found["thing"] else self._place()
            if found["person"] and but_of_persons:
                break
            if not name or _NOT_A_THING.match(question[found.start() :]) or not before.strip():
                continue
            own = word in ("his", "its", "their") or (word == "her" and re.match(r"\s+[a-z]", question[found.end() :]))
            parts += [question[done : found.start()], f"{name}{'’s' if own else ''}"]
            done = found.end()
        return "".join([*parts, question[done:]])

    def _person(self, word: str) -> str | None:
        if not self.question.quoted:
            if self.answer.short and (self.question.asked_for or ("",))[0] == "person":
                return self.answer.short
            for name in _NAME.findall(self.text):
                if _fits(word, name, self.pronoun_of):
                    return str(name)
        return _latest(self.history, word, self.pronoun_of)

    def _place(self) -> str | None:
        asked = (self.question.asked_for or ("",))[0]
        return f"in {self.answer.short}" if asked == "place" and self.answer.short else None


def _of_yes_or_no(ask: str, text: str) -> str | None:
    """Put a question word before a question for yes or no: "Were schools closed?", how many: how many schools were."""
    if not re.match(r"(?:was|were|is|are|did|does|do|has|have|had|will|can)\s", text):
        return None
    if ask.lower() != "how many":
        return f"{ask} {text}"
    many, did = _WERE.match(text), _DID.match(text)
    if many:
        return f"{ask} {many['who']} {many['is']} {many['rest']}"
    return f"{ask} {did['what']} {did['did']} {did['who']} {did['verb']}{did['rest']}" if did else None


def _thing_in(text: str) -> str | None:
    """Return what a question is about: a name that is no place, or else a thing in it, or else the last name."""
    names = [found for found in _NAME.finditer(text) if not _WHERE.search(text[: found.start()])]
    thing = _NOUNS.search(text)
    if names:
        return names[0][0]
    every = _NAME.findall(text)
    return thing[0].strip() if thing else every[-1] if every else None


def _stripped(question: str) -> str:
    return re.sub(
        rf"^(?:{_JOINED}*(?:what|how)\s+about\s+|{_JOINED}+)", "", question.rstrip(" ?!."), flags=re.IGNORECASE
    )


def _speaker(word: str, history: Sequence[Answer], pronoun_of: Pronoun = lambda name: None) -> str:
    speaker = _latest(history, word, pronoun_of)
    if speaker is None:
        raise NobodyMeantError(
            f"{'Who is meant?' if word == 'and' else f'Who is “{word}”?'} "
            "Name the speaker, as in “what did Lavrov say about al-Qaida?”"
        )
    return speaker


def _latest(history: Sequence[Answer], word: str = "", pronoun_of: Pronoun = lambda name: None) -> str | None:
    """Return the speaker of the latest answer about one, also of one that was refused, for whom ``word`` may stand.

    For "she", somebody whom the articles call so goes before one of whom it is not known.
    """
    speakers = [speaker for speaker in map(_speaker_of, reversed(history)) if speaker]
    gender = _GENDER.get(word.lower())
    if gender:
        named = [name for answer in reversed(history) for name in _NAME.findall(answer.understood or answer.question)]
        for name in (*speakers, *map(str, named)):
            if pronoun_of(name) == gender:
                return name
    return next((speaker for speaker in speakers if _fits(word, speaker, pronoun_of)), next(iter(speakers), None))


def _speaker_of(answer: Answer) -> str | None:
    named = Counter(statement.speaker for statement in answer.statements if statement.speaker).most_common(1)
    asked = parse_question(answer.understood or answer.question)
    if named or asked.speaker:
        return named[0][0] if named else asked.speaker
    return answer.short if (asked.asked_for or ("",))[0] == "person" else None


def _fits(word: str, name: str, pronoun_of: Pronoun) -> bool:
    gender = _GENDER.get(word.lower())
    return gender is None or pronoun_of(name) in (None, gender)
