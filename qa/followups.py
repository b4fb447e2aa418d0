"""A follow-up and the turns before it -> a question that can be read by itself.

This is the one place where a conversation is looked at. What comes out is a question in words, so that it can be shown
to whoever asked, and everything after this place reads it like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from qa.answers import Answer
from qa.antecedents import Before, NobodyMeantError, Pronoun, Quoted, latest_speaker
from qa.periods import Period, counted_from, periods_in
from qa.phrases import is_plural, things_in
from qa.questions import parse_question, speaker_span, terms

_HE = re.compile(r"he|she|him|her", re.IGNORECASE)
# "What do they say about Syria?" may ask for the articles: only after an answer about a speaker is that the speaker.
_THEY = re.compile(r"they|them|it", re.IGNORECASE)
JOINED = r"(?:(?:and|but|also|so|ok(?:ay)?|then),?\s+)"
_AND_ABOUT = re.compile(rf"(?P<joined>{JOINED})?(?P<rest>(?:about|on|regarding|concerning)\s+\S.*)", re.I | re.DOTALL)
_TOPIC_ALONE = re.compile(r"(?!.*\b(?:which|what|how|when|where|who)\b)\S+(?:\s+\S+){1,9}", re.IGNORECASE)
_INSTEAD = re.compile(
    rf"(?:{JOINED}*(?:what|how)\s+about|{JOINED}+)\s*(?P<rest>\S.*?)(?:\s+(?:it|him|her|them)sel(?:f|ves))?",
    re.I | re.DOTALL,
)
_THING = re.compile(r"[\w’'-]+(?:\s[\w’'-]+){0,3}")
_ONE_THING = re.compile(
    r"(?:the|a|an|his|her|their|its|this|that|those|these)\s+(?:[\w’'-]+\s?){1,5}|(?-i:[^\W\d_a-z])[\w.’'-]*(?:\s[\w.’'&-]+){0,5}",
    re.IGNORECASE,
)
_ASKS = r"(?:when|where|why|how(?:\s+(?:many|much|long|old|often|far))?|who|whom|what|which(?:\s+(?!one\b)\w+)?)"
_BARE_ASK = re.compile(
    rf"{JOINED}*(?P<ask>(?:(?:by|with|from|to|for|since|until|at|in|between)\s+)?{_ASKS}(?:(?<=many)\s+[a-z]+)?)"
    r"(?:(?:(?<=when)|(?<=where)|(?<=why)|(?<=many)|(?<=much)|(?<=long))\s+(?:was|is)\s+that"
    r"|(?:(?<=when)|(?<=why))\s+was\s+it|(?P<not>(?<=why)\s+not))?",
    re.IGNORECASE,
)
_ASKING = re.compile(
    rf"(?P<ask>(?:(?:by|with|from|to|for|since|until|at|in|between)\s+)?{_ASKS})\s+(?P<rest>.+)", re.I | re.DOTALL
)
_PEOPLE = r"(?:any|some)(?:one|body)(?:\s+else)?"
_OTHERS = re.compile(
    rf"{JOINED}*(?:(?P<did>did|does|do|has|have)\s+{_PEOPLE}\s+(?:\w+\s+)??(?:"
    r"(?P<agree>(?:(?:dis)?agreed?|object(?:ed)?|respond(?:ed)?|repl(?:y|ied)|react(?:ed)?|contradict(?:ed)?|criticised?))"
    r"(?:\s+(?:with|to))?(?:\s+(?:him|her|it|them|that|this))?"
    r"|(?:comment(?:ed)?|say|said|talk(?:ed)?|speak|spoken)(?:\s+(?:something|anything))?)"
    r"|who\s+(?:else\s+)?(?P<agreed>(?:dis)?agree[ds]?\s+with|contradict(?:ed|s)|objected\s+to)\s+(?:him|her|it|them|that|this)"
    rf"|(?:who|{_PEOPLE})\s+else(?:\s+(?:said|spoke|talked|commented|is\s+quoted)(?:\s+(?:something|anything))?)?"
    r"|(?P<all>who\s+(?:said|spoke|talked|commented)(?:\s+(?:something|anything))?)(?=\s+(?:about|on|of)\s)"
    r"|what\s+(?:did|do|have)\s+(?:the\s+)?others\s+(?:say|think|said)|(?:the\s+)?others)"
    r"(?:\s+(?:about|on|of)\s+(?:it|that|this|him|her|them))?",
    re.IGNORECASE,
)
_WITH = {"agree": "with", "disagree": "with", "object": "to", "respond": "to", "reply": "to", "react": "to"}
_SAID_WHAT = re.compile(rf"{JOINED}*who\s+(?:said|told|claimed|wrote)\s+(?:that|this|so|it)(?:\s+\w+)?", re.IGNORECASE)
_OF_THE_SPEAKER = ("he", "she", "him", "her")

_A_MONTH = r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|autumn|fall|winter)"
_THEN = r"(?:because|during|in|on|at|for|since|after|before|over|to)\b"
_YES_OR_NO = re.compile(r"(?:was|were|is|are|did|does|do|has|have|had|will|can)\s", re.IGNORECASE)
_WERE = re.compile(
    r"(?P<is>was|were|is|are)\s+(?:any\s+|some\s+)?(?P<who>[a-z]+(?:\s[a-z]+)?)\s(?P<rest>\w+(?:ed|en|t|n)\b.*)"
)
_DID = re.compile(
    rf"(?P<did>did|does|do|will)\s(?P<who>(?:the\s)?\S+)\s(?P<verb>\w+)\s(?P<what>.+?)(?P<rest>\s{_THEN}.*|\W*$)"
)
_DID_MANY = re.compile(
    r"(?P<what>[a-z][\w-]*(?:\s[a-z][\w-]*)??)\s(?P<did>did|does|do|will)\s(?P<who>(?:the\s)?\S+)\s(?P<verb>\w+)(?P<rest>.*)"
)
_WERE_MANY = re.compile(r"(?P<what>[a-z][\w-]*(?:\s[a-z][\w-]*)??)\s(?P<is>was|were|is|are)\s(?P<rest>.*)")
# "Who built the dam?" -> "when was the dam built?": with the verbs of which the two forms are the same.
_WHO_DID = re.compile(
    r"(?P<verb>\w+ed|built|made|found|held|sold|told|paid|lost|won|left|cut|hit|shut|brought|caught|sent|spent|kept|led|met|hurt|"
    r"bought|taught|struck|sought|shot|fought)\s(?P<what>(?!in\s|on\s|at\s|for\s|to\s|with\s|against\s).+?)"
    r"(?P<rest>\s(?:because|during|since|after|before|in\s\d).*)?",
    re.DOTALL,
)


def made_whole(
    question: str,
    history: Sequence[Answer],
    is_quoted: Quoted = lambda name: False,
    pronoun_of: Pronoun = lambda name: None,
) -> str:
    """Return ``question`` with what it takes from the ``history`` (oldest first) put in its place.

    A pronoun that is asked to have said something stands for the speaker of the latest answer about one, but for those
    of whom the articles use another (``pronoun_of`` tells "he" or "she"): "what else did he say?"; "and about Assad?"
    asks for that speaker, too. "What about Kohl?" asks the last question of somebody else, where Kohl ``is_quoted``,
    and otherwise about something else; "and in May?" of another period, as "and before that?" does, which counts from
    what was asked or shown right before it; "where?" for something else. "Who else?" asks who else is quoted on its
    topic; other pronouns stand for whom and what the last question was about. Raises NobodyMeantError where there is
    none.
    """
    question = counted_from(question, _period_of(history[-1])) if history else question
    found = _AND_ABOUT.fullmatch(question)
    rest = found["rest"] if found and _TOPIC_ALONE.fullmatch(found["rest"]) else ""
    if found and rest and not _is_period(rest.rstrip(" ?!.")) and (found["joined"] or latest_speaker(history)):
        return f"what did {_speaker('and', history, pronoun_of)} say {rest}"
    if not history:
        return _spoken_by(question, None, history, pronoun_of)
    before = Before(history, is_quoted, pronoun_of)
    for read in (_in_another_period, _of_another, _asked_otherwise, _by_others, _who_said_so):
        whole = read(question, before)
        if whole:
            return whole
    return _spoken_by(question, before, history, pronoun_of)


def _period_of(answer: Answer) -> Period:
    """Return the period that was asked for; an end that is open is the first or last day of what somebody said."""
    asked = answer.period or Period()
    days = [statement.article.published for statement in answer.statements if statement.article.published]
    if not days or not parse_question(answer.understood or answer.question).quoted:
        return asked
    return Period(asked.since or min(days), asked.until or max(days))


def _spoken_by(question: str, before: Before | None, history: Sequence[Answer], pronoun_of: Pronoun) -> str:
    """Put names in the place of pronouns, the speaker's first."""
    span = speaker_span(question)
    if not span:
        return before.with_names(question) if before else question
    named, topic = question[slice(*span)], question[span[1] :]
    body = before.answering_body() if before and _THEY.fullmatch(named) else None
    pronoun = _HE.fullmatch(named) or body or (_THEY.fullmatch(named) and latest_speaker(history))
    if pronoun:
        named = body or _speaker(named, history, pronoun_of, before)
    elif before:
        named = before.with_names(f"of {named}").removeprefix("of ")  # "his mother"
    if before:  # "her plan" is the speaker's own, who is named before it
        topic = before.with_names(topic, speaker=named, is_own=not pronoun)
    return question[: span[0]] + named + topic


def _speaker(word: str, history: Sequence[Answer], pronoun_of: Pronoun, before: Before | None = None) -> str:
    speaker = latest_speaker(history, word, pronoun_of) or (before.titled() if before else None)
    if speaker is None:
        raise NobodyMeantError(
            f"{'Who is meant?' if word == 'and' else f'Who is “{word}”?'} "
            "Name the speaker, as in “what did Lavrov say about al-Qaida?”"
        )
    return speaker


def _in_another_period(question: str, before: Before) -> str | None:
    """Read "and in May?"."""
    words = re.sub(
        rf"^(?:{JOINED}*(?:what|how)\s+about\s+|{JOINED}+)", "", question.rstrip(" ?!."), flags=re.IGNORECASE
    )
    words = f"in {words}" if re.fullmatch(r"\d{4}", words) else words
    year = re.search(r"\d{4}", before.period)
    if year and not re.search(r"\d{4}", words) and re.search(_A_MONTH, words, re.IGNORECASE):
        words = f"{words} {year[0]}"
    return f"{before.without_period.rstrip(' ?!.')} {words}?" if _is_period(words) else None


def _is_period(words: str) -> bool:
    """Tell whether words are a period and nothing else."""
    return any(not start and not end for start, _read, end in periods_in(words, date.max, lambda: None))


def _of_another(question: str, before: Before) -> str | None:
    """Read "what about Kohl?"."""
    found = _INSTEAD.fullmatch(question.rstrip(" ?!."))
    other = found["rest"] if found else ""
    person = before.person(other.lower()) if _HE.fullmatch(other) else None
    if person and before.topic:
        return f"what did {person} say about {before.topic}?"
    named = " about " in question.partition(other)[0] if other else False
    if not (_ONE_THING.fullmatch(other) or (named and _THING.fullmatch(other))) or _ASKING.match(f"{other} "):
        return None
    now = f" {before.period}" if before.period else ""
    on_topic = f" about {before.topic}{now}" if before.topic else now
    is_own = re.match(r"(?:his|her|its|their)\s", other, re.IGNORECASE)
    another = not before.speaker or terms(other) != terms(before.speaker)
    has_name = any(thing.is_name for thing in before.things)
    if another and not is_own and (before.question.quoted or not has_name) and before.is_quoted(other):
        return f"what did {other} say{on_topic}?"
    if before.question.quoted:
        thing = before.with_names(f"of {other}").removeprefix("of ")
        return f"what did {before.speaker} say about {thing}?" if before.speaker else None
    names = [thing for thing in before.things if thing.is_name]
    alike = names if other[:1].isupper() else [thing for thing in before.things if not thing.is_name] or names
    if not alike:
        return None
    return f"{before.text[: alike[0].start]}{other}{before.text[alike[0].end :]}"


def _asked_otherwise(question: str, before: Before) -> str | None:
    """Read "where?": the last question that was no such one itself, asked with another question word."""
    found = _BARE_ASK.fullmatch(question.rstrip(" ?!."))
    if not found or before.question.quoted:
        return None
    base, text = _asked_in_full(before)
    ask, wh = found["ask"], _ASKING.fullmatch(text)
    if not wh:
        subject = things_in(text)[:1] if found["not"] else ()
        text = text[: subject[0].end] + " not" + text[subject[0].end :] if subject else text
        return _of_yes_or_no(ask, text[:1].lower() + text[1:])
    rest, first = wh["rest"], wh["ask"].lower()
    if first == "who":
        return _of_doer(ask, rest, base.short)
    did, were = _DID_MANY.fullmatch(rest), _WERE_MANY.fullmatch(rest)
    if first.startswith(("how many", "how much", "which", "what")) and (did or were):
        if did:
            return f"{ask} {did['did']} {did['who']} {did['verb']} {did['what']}{did['rest']}"
        return f"{ask} {were['is']} {were['what']} {were['rest']}" if were else None
    return f"{'by whom' if ask.lower() == 'who' else ask} {rest}"


def _asked_in_full(before: Before) -> tuple[Answer, str]:
    """Return the last answer to more than "where?", and the whole of its question."""
    full = [answer for answer in before.history if not _BARE_ASK.fullmatch(answer.question.rstrip(" ?!."))]
    asked = next((answer for answer in reversed(full) if terms(answer.understood or answer.question)), before.answer)
    return asked, asked.understood or asked.question


def _of_yes_or_no(ask: str, text: str) -> str | None:
    """Put a question word before a question for yes or no: "Were schools closed?", how many: how many schools were."""
    if not _YES_OR_NO.match(text):
        return None
    if ask.lower() not in ("how many", "how much"):
        return f"{ask} {text}"
    many, did = _WERE.match(text), _DID.match(text)
    if many and ask.lower() == "how many":
        return f"{ask} {many['who']} {many['is']} {many['rest']}"
    if did and (ask.lower() == "how many" or did["what"].startswith("more ")):
        return f"{ask} {did['what']} {did['did']} {did['who']} {did['verb']}{did['rest']}"
    return f"{ask} {text}" if ask.lower() == "how much" else None


def _of_doer(ask: str, rest: str, doer: str | None) -> str:
    """Ask with another word what "who" was asked of: "Who built the dam?" -> "when was the dam built?"."""
    found = _WHO_DID.fullmatch(rest.rstrip(" ?!."))
    if not found:
        return f"{ask} was it that {doer or 'somebody'} {rest}"
    if ask.lower() == "how many":
        return f"{ask} {re.sub('^(?:the|any|some) ', '', found['what'])} were {found['verb']}{found['rest'] or ''}?"
    were = "were" if is_plural(re.split(r"\s(?:in|on|at|for|to|with|from)\s", found["what"])[0]) else "was"
    return f"{ask} {were} {found['what']} {found['verb']}{found['rest'] or ''}?"


def _by_others(question: str, before: Before) -> str | None:
    """Read "who else?" and "did anyone disagree?"."""
    found = _OTHERS.fullmatch(question.rstrip(" ?!."))
    if not found or not before.topic:
        return None
    topic = before.topic
    said_of = re.search(r"\b(?:about|on|of)\s+(him|her|them)$", question.rstrip(" ?!."), re.IGNORECASE)
    person = said_of and said_of[1].lower() in _OF_THE_SPEAKER and not any(t.is_name for t in things_in(f"x {topic}"))
    if said_of and person:
        topic = before.person(said_of[1]) or topic
    now = f" {before.period}" if before.period else ""
    speaker = before.speaker
    if found["agree"] and speaker:
        verb, asks = found["agree"].lower(), found["did"].lower()
        plain = verb.removesuffix("d") if verb.endswith("eed") else verb.removesuffix("ed")
        return f"{asks} anyone {verb}{f' {_WITH[plain]}' if plain in _WITH else ''} {speaker} about {topic}{now}?"
    if found["agreed"] and speaker:
        return f"who {found['agreed'].lower()} {speaker} about {topic}{now}?"
    if found["all"]:
        return f"who spoke about {topic}{now}?"
    return f"who {f'besides {speaker}' if speaker else 'else'} spoke about {topic}{now}?"


def _who_said_so(question: str, before: Before) -> str | None:
    """Read "who said that?" after a question that was not for a speaker's words."""
    if not _SAID_WHAT.fullmatch(question.rstrip(" ?!.")) or before.question.quoted:
        return None
    text = _asked_in_full(before)[1].rstrip(" ?!.")
    were = re.match(r"(?:was|were|is|are)\s", text, re.IGNORECASE)
    many = _WERE.match(text[:1].lower() + text[1:])
    if many:
        return f"who said that {many['who']} {many['is']} {many['rest']}?"
    subject = things_in(text)
    if were and subject and subject[0].start <= were.end():
        end = subject[0].end
        return f"who said that {text[were.end() : end]} {were[0].strip().lower()}{text[end:]}?"
    topic = before.topic or before.answer.short
    return f"who spoke about {topic}?" if topic else None
