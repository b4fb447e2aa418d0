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
_AND_ABOUT = re.compile(rf"{_JOINED}(?P<rest>(?:about|on|regarding|concerning)\s+\S.*)", re.I | re.DOTALL)
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

Quoted = Callable[[str], bool]


class NobodyMeantError(ValueError):
    """A follow-up stands for somebody whom no turn before it names; the message says so to a person."""


def made_whole(question: str, history: Sequence[Answer], is_quoted: Quoted = lambda name: False) -> str:
    """Return ``question`` with what it takes from the ``history`` (oldest first) put in its place.

    A pronoun that is asked to have said something stands for the speaker of the latest answer about one, whatever the
    speaker's gender: "what else did he say?"; "and about Assad?" asks for that speaker, too. "What about Kohl?" asks
    the last question of somebody else, where Kohl ``is_quoted``, and otherwise about something else; "and in May?" of
    another period; "where?" for something else. "Who else?" asks who else is quoted on its topic; other pronouns stand
    for whom and what the last question was about. Raises NobodyMeantError where there is none.
    """
    rest = _AND_ABOUT.fullmatch(question)
    if rest:
        return f"what did {_speaker('and', history)} say {rest['rest']}"
    last = _Last(history) if history else None
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
        named = _speaker(named, history)
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

    def __init__(self, history: Sequence[Answer]) -> None:
        self.history = history
        self.answer = history[-1]
        self.text = self.answer.understood or self.answer.question
        self.question: Question = parse_question(self.text)
        try:
            self.without_period = parse_question(self.text, today=date.max).text
        except NoSuchDayError:
            self.without_period = self.text
        self.topic = self.question.topic if self.question.quoted else _thing_in(self.text)
        if self.question.quoted and self.question.topic:
            self.topic = parse_question(self.without_period).topic or self.topic

    def in_another_period(self, question: str, _: Quoted) -> str | None:
        """Read "and in May?"."""
        words = _stripped(question)
        words = f"in {words}" if re.fullmatch(r"\d{4}", words) else words
        found = any(not before and not after for before, _read, after in periods_in(words, date.max, lambda: None))
        return f"{self.without_period.rstrip(' ?!.')} {words}?" if found else None

    def of_another(self, question: str, is_quoted: Quoted) -> str | None:
        """Read "what about Kohl?"."""
        found = _INSTEAD.fullmatch(question.rstrip(" ?!."))
        other = found["rest"] if found else ""
        about = " about " in question.partition(other)[0] if other else False
        if not (_ONE_THING.fullmatch(other) or (about and _THING.fullmatch(other))) or _ASKING.match(f"{other} "):
            return None
        asked = self.question
        speaker = asked.speaker or (_latest(self.history) if asked.quoted else None)
        if asked.quoted and speaker:
            if is_quoted(other) and terms(other) != terms(speaker):
                return f"what did {other} say{f' about {self.topic}' if self.topic else ''}?"
            return f"what did {speaker} say about {self.with_names(f'of {other}').removeprefix('of ')}?"
        place = _NAME.search(self.text) if other[:1].isupper() else _NOUNS.search(self.text) or _NAME.search(self.text)
        if asked.quoted or not place:
            return None
        return f"{self.text[: place.start()]}{other}{' ' if place[0].endswith(' ') else ''}{self.text[place.end() :]}"

    def asked_otherwise(self, question: str, _: Quoted) -> str | None:
        """Read "where?"."""
        found = _BARE_ASK.fullmatch(question.rstrip(" ?!."))
        before = _ASKING.fullmatch(self.text)
        if not found or not before or self.question.quoted:
            return None
        ask, rest = found["ask"], before["rest"]
        if before["ask"].lower() == "who":  # "Who built the dam?" -> "When was it that Ann Lee built the dam?"
            return f"{ask} was it that {self.answer.short or 'somebody'} {rest}"
        return f"{'by whom' if ask.lower() == 'who' else ask} {rest}"

    def by_others(self, question: str, _: Quoted) -> str | None:
        """Read "who else?"."""
        if not self.topic or not _OTHERS.fullmatch(question.rstrip(" ?!.")):
            return None
        return f"who else spoke about {self.topic}?"

    def with_names(self, question: str, *, but_of_persons: bool = False) -> str:
        """Put whom and what the last question was about in the place of pronouns that have nobody before them."""
        person = self._person()
        parts, done = [], 0
        for found in _PRONOUN.finditer(question):
            before = question[: found.start()]
            if _NAME.search(f" {before.partition(' ')[2]}") or (found["thing"] and _NOUNS.search(before)):
                break
            word = found[0].lower()
            name = person if found["person"] else self.topic if found["thing"] else self._place()
            if found["person"] and but_of_persons:
                break
            if not name or _NOT_A_THING.match(question[found.start() :]) or not before.strip():
                continue
            own = word in ("his", "its", "their") or (word == "her" and re.match(r"\s+[a-z]", question[found.end() :]))
            parts += [question[done : found.start()], f"{name}{'’s' if own else ''}"]
            done = found.end()
        return "".join([*parts, question[done:]])

    def _person(self) -> str | None:
        if not self.question.quoted:
            if self.answer.short and (self.question.asked_for or ("",))[0] == "person":
                return self.answer.short
            names = _NAME.findall(self.text)
            if names:
                return str(names[0])
        return _latest(self.history)

    def _place(self) -> str | None:
        asked = (self.question.asked_for or ("",))[0]
        return f"in {self.answer.short}" if asked == "place" and self.answer.short else None


def _thing_in(text: str) -> str | None:
    """Return what a question is about: the first thing in it, or else the last name."""
    thing = _NOUNS.search(text)
    names = _NAME.findall(text)
    return thing[0].strip() if thing else names[-1] if names else None


def _stripped(question: str) -> str:
    return re.sub(
        rf"^(?:{_JOINED}*(?:what|how)\s+about\s+|{_JOINED}+)", "", question.rstrip(" ?!."), flags=re.IGNORECASE
    )


def _speaker(word: str, history: Sequence[Answer]) -> str:
    speaker = _latest(history)
    if speaker is None:
        raise NobodyMeantError(
            f"{'Who is meant?' if word == 'and' else f'Who is “{word}”?'} "
            "Name the speaker, as in “what did Lavrov say about al-Qaida?”"
        )
    return speaker


def _latest(history: Sequence[Answer]) -> str | None:
    """Return the speaker of the latest answer about one, also of one that was refused."""
    for answer in reversed(history):
        named = Counter(statement.speaker for statement in answer.statements if statement.speaker)
        asked = parse_question(answer.understood or answer.question)
        speaker = named.most_common(1)[0][0] if named else asked.speaker
        if not speaker and answer.short and (asked.asked_for or ("",))[0] == "person":
            speaker = answer.short
        if speaker:
            return speaker
    return None
