"""Several questions in one ("when was X abducted, and by whom?") -> each by itself, and their answers as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.answers import MOST_INSTEAD, Answer, refuse
from qa.questions import parse_question, terms

_WORD = r"(?:when|where|why|how(?:\s+(?:many|much|long|old|often|far))?|who|whom|whose|what|which)"
_ASK = rf"(?:(?:by|with|from|to|for|since|until|at|in|of)\s+)?{_WORD}"
_DOES = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)"
# "When and where was X abducted?"
_TWO_WORDS = re.compile(
    rf"(?P<first>when|where|why|how|by\s+whom)(?:,?\s+and\s+)(?P<second>when|where|why|how|by\s+whom)\s+(?P<rest>{_DOES}\s.+)",
    re.IGNORECASE | re.DOTALL,
)
# Where a question ends and the next one begins, which is a mere "by whom?", or asks with a verb in front ("what did he
# say"), or for the subject ("who won"); after a question mark, anything that asks.
_BARE = rf"{_ASK}(?=\s*(?:\?|$))"
_WITH_VERB = rf"{_ASK}\s+(?:[\w’'-]+\s+){{0,3}}?{_DOES}\s"
_OF_SUBJECT = r"(?:who|what|which\s+\w+|how\s+many(?:\s+\w+)?)\s+[a-z]"
_NEXT = re.compile(rf",?\s+and\s+(?={_BARE}|(?P<verb>{_WITH_VERB})|{_OF_SUBJECT})", re.IGNORECASE)
_HOW_MUCH = r"how\s+(?:many|much|long|old)"
# The same after a mere comma: what begins so is not told by the way ("the man, who was ill", "Oslo, where he died").
_ALSO = re.compile(
    rf",\s+(?={_BARE}|(?:when|where|why|how)\s+{_DOES}\s|(?:who|whom|what)\s+(?:do|does|did)\s|{_HOW_MUCH}\s)",
    re.IGNORECASE,
)
# What asks at once: not "when he was ill, what did he do".
_ASKS = re.compile(rf"(?:{_ASK}\s+{_DOES}|{_OF_SUBJECT}|{_HOW_MUCH})", re.IGNORECASE)
_BEGINS = re.compile(rf"(?:(?:and|but|so),?\s+)?(?:{_ASK}|{_DOES})\b", re.IGNORECASE)
_ANOTHER_WORD = re.compile(rf"\s{_WORD}\s", re.IGNORECASE)
_MOST = 4


def questions_in(text: str) -> list[str]:
    """Return the questions that a text asks, each by itself, the later ones as follow-ups: "by whom?"; or the text.

    What only goes on with what is asked is left whole: "what did X say about who won and why?".
    """
    whole = [part for part in re.split(r"(?<=\?)\s+", text) if part.strip(" ?")]
    if len(whole) > 1 and all(part.endswith("?") and _BEGINS.match(part) for part in whole):
        found = [one for part in whole for one in questions_in(part)]
        return found if len(found) <= _MOST else [text]
    both = _TWO_WORDS.fullmatch(text)
    if both:
        each = [f"{both[word]} {both['rest']}" for word in ("first", "second")]
        return [text] if parse_question(each[0]).quoted else each
    for place in _NEXT.finditer(text):
        first, rest = text[: place.start()], text[place.end() :]
        asked = _ALSO.split(first) if _ASKS.match(first) else [first]
        if not _BEGINS.match(first) or not terms(asked[0]) or any(_ANOTHER_WORD.search(one, 1) for one in asked):
            continue
        if place["verb"] or not parse_question(asked[0]).quoted:
            found = [*(f"{one}?" for one in asked), *questions_in(rest)]
            return found if len(found) <= _MOST else [text]
    return [text]


def joined(text: str, answers: Sequence[Answer]) -> Answer:
    """Return the answers to the questions of a text as one: under each question what answers it, if anything does."""
    asked = parse_question(text)
    hits = tuple(dict.fromkeys(hit for answer in answers for hit in answer.hits))
    instead = tuple(dict.fromkeys(other for answer in answers for other in answer.instead))[:MOST_INSTEAD]
    given = [answer for answer in answers if answer.refusal is None]
    if not given:
        why = " ".join(dict.fromkeys(answer.refusal or "" for answer in answers))
        return replace(refuse(asked, why, hits, max(answer.confidence for answer in answers)), instead=instead)
    parts: list[tuple[str, int]] = []
    for answer in answers:
        whole = _heading(answer)
        own = [(f"{whole} {heading}", number) for heading, number in answer.parts if number]
        parts += own or [(whole, len(answer.statements))]
    summary = "; ".join(filter(None, map(_told, answers)))
    return Answer(
        text,
        tuple(statement for answer in answers for statement in answer.statements),
        hits,
        None,
        min(answer.confidence for answer in given),
        summary=summary[:1].upper() + summary[1:] or None,
        names=tuple(dict.fromkeys(name for answer in answers for name in answer.names)),
        period=given[0].period if len({answer.period for answer in answers}) == 1 else None,
        parts=tuple(parts),
        items=tuple(answer.short for answer in given if answer.short),
    )


def _heading(answer: Answer) -> str:
    whole = (answer.understood or answer.question).rstrip(" ?!.")
    return f"{whole[:1].upper()}{whole[1:]}?"


def _told(answer: Answer) -> str | None:
    """Return what answers a question in short: "when: late 2012"."""
    words = answer.verdict or answer.short
    if answer.refusal is None and not words:
        return answer.summary
    asked = parse_question(answer.understood or answer.question)
    bare = answer.question.rstrip(" ?!.").lower()
    asks_for = asked.speaker or (asked.asked_for[1] if asked.asked_for else bare)
    ask = bare if re.fullmatch(_ASK, bare) else asks_for
    return f"{ask}: {words or 'the articles do not say'}"
