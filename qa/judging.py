"""How likely statements are on a topic, or say what is asked for: by vectors and words, and by what a reader finds.

A speaker's statements are judged beside each other. That any of them is on the topic is told by the best cosine to it
and the best log odds of the reader ("What did X say about Y?"); which ones are, by how far each comes behind the best,
by the weight of its better neighbour, and by whether it goes right on from the one before. The weights are within the
error of those that tests/benchmarks/fit_statements.py finds on the questions that docs/measures.md describes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from qa.answers import Statement, probability, stems_near, summed
from qa.questions import NEGATIVES, Question, stems, terms, words
from qa.reader import SpanReader

# The log odds that any statement is on a topic, and that each is if any is, by the signs that `signs_on_topic` has; the
# least that is taken. One must have this weight, and where none, nor a title, has the topic's words, this cosine to it.
_ANY_WEIGHTS = (6.76, 0.267, 0.38)
_EACH_WEIGHTS = (7.99, 4.95, 0.215, 7.56, 0.68, -0.74)
_ANY_ODDS, _EACH_ODDS = -0.25, -0.4
_LEAST_WEIGHT, _OWN_WITHOUT_WORDS = 0.3, 0.28
# The log odds that a statement says what is asked for, by the signs that `signs_of_saying` has; the least that is
# taken, how far behind the best, and of how many.
_SAID_WEIGHTS = (4.7, 2.45, 0.2, -3.73)
_SAID_ODDS, _SAID_WITHIN, _MOST_SAID = -0.8, 1.0, 3
# So many of the nearest are read, a speaker's with so many characters around each.
_MOST_READ, _MOST_ASKED = 24, 8
_BEFORE, _AFTER = 300, 100
_UNREAD_ODDS, _LEAST_ODDS = -9.0, -12.0
# A statement seldom names who says it: that a reader finds nobody in it counts for no more than this.
_LEAST_SAID = -7.0
# How many characters apart statements are neighbours, or go right on; the weight of a neighbour where there is none.
_NEXT_TO, _RIGHT_ON, _NOTHING_NEAR = 250, 3, 0.3
# What makes a claim a denial; and what may tell the same in a statement.
_NOT = "|".join([*sorted(filter(str.isalpha, NEGATIVES)), r"\w+n['’]t"])
_DENIED = re.compile(rf"\b(?:{_NOT})\b", re.IGNORECASE)
_NEGATIVE = re.compile(
    rf"\b(?:{_NOT}|hardly|unlikely|impossible|fail\w*|refus\w*|den(?:y|ie[sd]|ying)|reject\w*|dismiss\w*|lack\w*"
    r"|rul\w+\s+out|stop\w*|far\s+from|rather\s+than|instead\s+of)\b",
    re.IGNORECASE,
)
_POINTING_BACK = frozenset("this these those such".split())


class Weighed(NamedTuple):
    """A statement, with its weight against a topic as its score, and the cosine of its own words to the topic."""

    statement: Statement
    own: float


Signs = tuple[float, ...]


def signs_on_topic(reader: SpanReader, question: str, weighed: Sequence[Weighed]) -> tuple[Signs, list[Signs]]:
    """Return what tells that any of a speaker's statements, in reading order, is on a question's topic, and each is."""
    nearest = sorted(range(len(weighed)), key=lambda n: -weighed[n].statement.score)
    read = dict.fromkeys(nearest, _UNREAD_ODDS)
    texts = [_with_around(weighed[n].statement) for n in nearest[:_MOST_READ]]
    read.update(zip(nearest, _odds(reader, question, texts), strict=False))
    score, own, odds = weighed[nearest[0]].statement.score, max(one.own for one in weighed), max(read.values())
    each: list[Signs] = []
    for n, one in enumerate(weighed):
        before = _apart_by(weighed[n - 1].statement, one.statement) if n else math.inf
        after = _apart_by(one.statement, weighed[n + 1].statement) if n + 1 < len(weighed) else math.inf
        near = [weighed[n + step].statement.score for step, by in ((-1, before), (1, after)) if by < _NEXT_TO]
        behind = (one.statement.score - score, one.own - own, read[n] - odds)
        each.append((*behind, max(near, default=_NOTHING_NEAR), float(before < _RIGHT_ON), 1.0))
    return (own, odds, 1.0), each


def judged_on_topic(
    reader: SpanReader, question: str, wanted: frozenset[str], weighed: Sequence[Weighed]
) -> list[float | None]:
    """Return how likely (0..1) each of a speaker's statements, in reading order, is on a question's topic; None: not.

    ``wanted`` are the stems of the topic's words.
    """
    if not weighed:
        return []
    of_any, of_each = signs_on_topic(reader, question, weighed)
    any_odds = summed(_ANY_WEIGHTS, of_any)
    has_words = any(
        wanted & stems(s.text) or wanted <= stems(s.article.title) or points_back(wanted, s) for s, _ in weighed
    )
    is_near = has_words or of_any[0] >= _OWN_WITHOUT_WORDS
    if any_odds < _ANY_ODDS or not is_near or max(s.score for s, _ in weighed) < _LEAST_WEIGHT:
        return [None] * len(weighed)
    odds = [summed(_EACH_WEIGHTS, signs) for signs in of_each]
    return [probability(any_odds) * probability(one) if one >= _EACH_ODDS else None for one in odds]


def signs_of_saying(reader: SpanReader | None, question: str, weighed: Sequence[Weighed]) -> list[Signs]:
    """Return what tells that each statement says what is asked for: cosine, weight, the reader's log odds, 1."""
    read = _odds(reader, question, [one.statement.text for one in weighed])
    return [
        (own, statement.score, max(odds, _LEAST_SAID), 1.0)
        for (statement, own), odds in zip(weighed, read, strict=True)
    ]


def saying_so(reader: SpanReader | None, question: Question, weighed: Sequence[Weighed]) -> list[Statement]:
    """Return the statements that say what is asked for ("who said ..."), the likeliest first.

    One of which it is not known who says it is to have all words of it. One that has all words of a denial ("that
    terror is no threat") and denies nothing ("the threat of terror is real") says the contrary.
    """
    claim = question.topic or ""
    wanted, denied = terms(claim), _DENIED.search(claim)

    def may_say(statement: Statement) -> bool:
        if denied and not _NEGATIVE.search(statement.text):
            return bool(statement.speaker) and not wanted <= stems(statement.text)
        return bool(statement.speaker) or wanted <= stems(statement.text)

    may = [one for one in weighed if may_say(one.statement)]
    may = sorted(may, key=lambda one: -one.own - one.statement.score)[:_MOST_ASKED]
    odds = [summed(_SAID_WEIGHTS, signs) for signs in signs_of_saying(reader, question.text, may)]
    said = sorted(zip(odds, may, strict=True), key=lambda pair: -pair[0])
    least = max(_SAID_ODDS, said[0][0] - _SAID_WITHIN) if said else 0.0
    return [replace(s, score=probability(one)) for one, (s, _) in said[:_MOST_SAID] if one >= least]


def points_back(wanted: frozenset[str], statement: Statement) -> bool:
    """Tell whether a statement points back to sentences with all words of a topic: "Backing this stance, ..."."""
    points = not _POINTING_BACK.isdisjoint(map(str.lower, words(statement.text)))
    return points and wanted <= stems_near(statement.article, statement.start, statement.end, after=0)


def _odds(reader: SpanReader | None, question: str, texts: Sequence[str]) -> list[float]:
    """Return with what log odds a reader finds an answer in each text."""
    if reader is None:
        return [_UNREAD_ODDS] * len(texts)
    return [max(span.odds, _LEAST_ODDS) if span else _LEAST_ODDS for span in reader.best(question, texts)]


def _apart_by(first: Statement, second: Statement) -> float:
    """Return the characters between two statements; infinity between articles."""
    return second.start - first.end if first.article.id == second.article.id else math.inf


def _with_around(statement: Statement) -> str:
    text, body = statement.article.text, statement.article.body
    return text[max(body, statement.start - _BEFORE) : statement.end + _AFTER]
