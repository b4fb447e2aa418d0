"""What was shown before, asked for once more: "show me the second one", "when did he say that?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.answers import Answer, Statement, day_of
from qa.followups import JOINED

_SAID_THAT = re.compile(
    rf"{JOINED}*(?P<ask>when|where)(?:\s+and\s+(?:when|where))?\s+(?:did|has|have|was|were)\s+(?:\S+\s+){{0,3}}?"
    r"(?:sa(?:y|id)|claim(?:ed)?|told|tell|this|that|it)(?:\s+(?:that|this|so|it|these|those|them|all\s+that))?(?:\s+said)?",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ONE = r"(?:one|statement|quote|sentence|citation)"
_SHOW_ONE = re.compile(
    rf"(?:{JOINED}*(?:show|open|give|let)\s+(?:me\s+)?(?:see\s+)?|{JOINED}*)"
    rf"(?:(?:the\s+)?(?:(?P<ordinal>{'|'.join(_ORDINALS)}|last)(?:\s+{_ONE})?"
    rf"|(?:number|no\.|statement|quote)\s+(?P<number>\d{{1,2}}))|(?P<same>(?:that|this)\s+{_ONE}))"
    r"(?:\s+(?:in|with)\s+(?:(?:its|full)\s+)?(?:whole\s+)?(?:context|article))?",
    re.IGNORECASE,
)


def pointed_at(question: str, history: Sequence[Answer]) -> Answer | None:
    """Return the answer to a question for what was just shown, or None where it asks for something else.

    That is when it was said, which is when its articles were published, and one of the statements by its number.
    """
    shown = [answer for answer in reversed(history) if answer.statements]
    if not shown:
        return None
    found = _SHOW_ONE.fullmatch(_plain(question))
    if found and found["same"]:
        return _one(shown[0], question, 1)
    if found:
        listed = next((answer for answer in shown if not _SHOW_ONE.fullmatch(_plain(answer.question))), shown[0])
        word = (found["ordinal"] or "").lower()
        last = len(listed.statements)
        return _one(
            listed, question, last if word == "last" else _ORDINALS.index(word) + 1 if word else int(found["number"])
        )
    if _SAID_THAT.fullmatch(_plain(question)) and any(statement.speaker for statement in shown[0].statements):
        return _again(shown[0], question, shown[0].statements, _when(shown[0].statements))
    return None


def _plain(question: str) -> str:
    plain = " ".join(question.split()).rstrip(" ?!.")
    return re.sub(r",?\s+please$", "", plain, flags=re.IGNORECASE)


def _one(shown: Answer, question: str, place: int) -> Answer:
    """Return the statement at a place, from 1; a refusal where so many were not shown."""
    count = len(shown.statements)
    if 0 < place <= count:
        return _again(shown, question, shown.statements[place - 1 : place], f"Statement {place} of {count}")
    were = "one statement was" if count == 1 else f"{count} statements were"
    return replace(_again(shown, question, (), None), refusal=f"There is no statement {place}: {were} shown before.")


def _again(shown: Answer, question: str, statements: Sequence[Statement], told: str | None) -> Answer:
    """Return some of what was shown; what is asked next goes on from the question that it was shown to."""
    asked = shown.understood or shown.question
    return replace(
        shown,
        question=question,
        understood=asked,
        statements=tuple(statements),
        short=None,
        summary=told,
        names=(),
        items=(),
    )


def _when(statements: Sequence[Statement]) -> str:
    """Return when statements were published, in words."""
    days = sorted({statement.article.published for statement in statements if statement.article.published})
    if not days:
        return "The articles that say so have no date."
    without = any(statement.article.published is None for statement in statements)
    dates = ", ".join(f"{day_of(day)}" for day in days)
    return f"Published on {dates}{'; some without a date' if without else ''}"
