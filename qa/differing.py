"""Articles that give different figures or days to one question, and articles that agree.

Of sentences that the reader thinks nearly equally likely to answer, those are compared that state the same thing: the
question's verb, its subject and all of its other content words in one clause, with the value in it. Values that may be
the same ("nineteen" and "19", "more than 600" and "640", "15 August" and "August 15, 2023") agree. That articles differ
is told only of numbers and days; where a person or a place is asked for, two answers may both be right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from qa.answers import Answer, Statement, covered, day_of, stems_near, with_told
from qa.questions import Question, stem, stems
from qa.reader import normalised

if TYPE_CHECKING:
    from qa.clauses import Clause

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_SMALL = {word: number for number, word in enumerate(_UNITS)} | _TENS
_MANIFOLD = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12,
    "dozen": 12.0,
}  # fmt: skip
_WORD = rf"(?:{'|'.join(sorted(_SMALL, key=len, reverse=True))})"
_NUMBER = re.compile(
    rf"(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?)"
    rf"|\b(?P<words>{_WORD}(?:[- ]{_WORD})?|an?(?=\s+(?:{'|'.join(_MANIFOLD)})))\b",
    re.IGNORECASE,
)
_TIMES = re.compile(rf"[\s-]*({'|'.join(_MANIFOLD)})s?\b", re.IGNORECASE)
_UNIT = re.compile(r"\s*(%|per\s?cent|percent|[^\W\d_]+)", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:(?:more|greater|higher|longer)\s+than|over|at\s+least|above|no\s+(?:fewer|less)\s+than)\W*$", re.I
)
_LESS = re.compile(r"\b(?:(?:less|fewer|lower|shorter)\s+than|under|at\s+most|up\s+to|below|as\s+many\s+as)\W*$", re.I)
_ROUGHLY = re.compile(
    r"\b(?:about|around|some|roughly|approximately|an?\s+estimated|nearly|almost|close\s+to)\W*$", re.IGNORECASE
)
_SIGNS = ("$", "€", "£")
_ROUGH = 0.1  # "about 4,000" may be 3,700
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAYS = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}}))?\b", re.I),
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>\d{{4}}))?", re.I),
)
_ONE_TIME = 200  # days: what is farther apart happened more than once
_AGE = re.compile(r"how\s+(?:old|often)|what\s+age", re.IGNORECASE)
_FEWEST_WORDS_SHARED = 0.5


@dataclass(frozen=True)
class Figure:
    """A number between ``least`` and ``most``, with its unit, as it is said."""

    least: float
    most: float
    unit: str
    said: str

    def agrees(self, other: Figure) -> bool:
        """Tell whether both may be the same number."""
        return self.least <= other.most and other.least <= self.most


@dataclass(frozen=True)
class Day:
    """A day of a year that may not be said."""

    day: date
    exact: bool
    said: str

    def agrees(self, other: Day) -> bool:
        """Tell whether both may be the same day."""
        if self.exact and other.exact:
            return self.day == other.day
        return (self.day.month, self.day.day) == (other.day.month, other.day.day)


def compared(question: Question, answer: Answer) -> Answer:
    """Return an answer of which the summary tells how many articles say so, or that they differ, and in what.

    Where they differ, the values' sentences are shown by their dates, and nothing is the short answer.
    """
    kind = question.asked_for[0] if question.asked_for else ""
    read = [statement for statement in answer.statements if statement.span]
    if answer.refusal is not None or answer.short is None or len({s.article.id for s in read}) < 2:
        return answer
    differ = _differing(question, kind, read) if kind in ("number", "date") and not _AGE.match(question.text) else []
    if differ:
        values = ", ".join(f"{said}{_of_day(group[0].article.published)}" for said, group in differ)
        shown = tuple(statement for _, group in differ for statement in group)
        told = f"The articles differ: {values}."
        return with_told(replace(answer, statements=shown, short=None), told)
    return _agreeing(question, answer, kind, read)


def _agreeing(question: Question, answer: Answer, kind: str, read: Sequence[Statement]) -> Answer:
    """Return the answer with those statements first that say the same as the first one, and how many articles do."""
    said = normalised(answer.short or "")
    value = _value(kind, read[0])

    def agrees(statement: Statement) -> bool:
        if covered(question.terms, stems(statement.text)) < _FEWEST_WORDS_SHARED:
            return False
        other = _value(kind, statement)
        if value is not None and other is not None:
            return _agree(value, other)
        return bool(said.strip()) and said == normalised(_said(statement))

    same = [statement for statement in read if statement is read[0] or agrees(statement)]
    articles = {statement.article.id for statement in same}
    if len(articles) < 2 or answer.statements[0] is not read[0]:
        return answer
    others = [statement for statement in answer.statements if statement not in same]
    return with_told(replace(answer, statements=(*same, *others)), f"{len(articles)} articles say so.")


def _differing(question: Question, kind: str, read: Sequence[Statement]) -> list[tuple[str, list[Statement]]]:
    """Return each of different values with its statements, by their dates; none where no two differ."""
    found = [(statement, value) for statement in read if (value := _value(kind, statement)) is not None]
    if all(_agree(value, found[0][1]) for _, value in found):
        return []
    stating = _stating(question, [statement for statement, _ in found])
    groups: list[tuple[Figure | Day, list[Statement]]] = []
    for statement, value in found:
        if statement not in stating:
            continue
        of = next((group for first, group in groups if _agree(first, value)), None)
        if of is None:
            groups.append((value, [statement]))
        else:
            of.append(statement)
    comparable = [
        (value.said, group)
        for value, group in groups
        if all(_same_kind(value, other) and _same_case(group, rest, stating) for other, rest in groups)
    ]
    if len(comparable) < 2 or len({s.article.id for _, group in comparable for s in group}) < 2:
        return []
    return sorted(comparable, key=lambda pair: pair[1][0].article.published or date.max)


def _stating(question: Question, statements: Sequence[Statement]) -> dict[Statement, Clause]:
    """Return the statements that state what is asked, each with its clause."""
    from qa.clauses import asked_clause, clauses, parsed

    docs = parsed([question.text, *(statement.text for statement in statements)])
    asked = asked_clause(docs[0])
    if asked is None or not (asked.subject or asked.words):
        return {}
    found = {}
    for statement, doc in zip(statements, docs[1:], strict=True):
        first, last = (place - statement.start for place in statement.span or (0, 0))
        start, end = (len(" ".join(f"{statement.text[:place]}x".split())) - 1 for place in (first, last))
        for clause in clauses(doc):
            if clause.verb == asked.verb and clause.passive == asked.passive and clause.holds(start, end):
                subject = clause.subject
                if clause.pronoun and not subject:
                    subject = stems_near(statement.article, statement.start, statement.end, after=0)
                elif asked.named and clause.head != asked.head:
                    continue
                if asked.subject <= subject | clause.words and asked.words <= subject | clause.words:
                    found[statement] = clause
                    break
    return found


def _same_case(one: Sequence[Statement], other: Sequence[Statement], stating: dict[Statement, Clause]) -> bool:
    """Tell whether what names and days stand in the clauses of each stand in the articles of the other, too."""
    return all(
        stating[first].names <= stems(f"{second.article.title} {second.article.text}")
        for a, b in ((one, other), (other, one))
        for first in a
        for second in b
    )


def _value(kind: str, statement: Statement) -> Figure | Day | None:
    start, end = statement.span or (0, 0)
    if kind == "date":
        return _day(statement.article.text[start:end], statement.article.published)
    return _figure(statement.article.text, start, min(statement.end, end + 40), end) if kind == "number" else None


def _figure(text: str, start: int, until: int, end: int) -> Figure | None:
    """Return the one number in ``text[start:end]`` with its unit, which may stand after it."""
    numbers = list(_NUMBER.finditer(text, start, end))
    if not numbers:
        return None
    found = numbers[0]
    if found["digits"]:
        number = float(found["digits"].replace(",", ""))
        whole = found["digits"].replace(",", "").partition(".")
        step = 10.0 ** -len(whole[2]) if whole[2] else 1.0
    else:
        number = float(sum(_SMALL.get(word.lower(), 0) for word in re.split(r"[- ]", found["words"]))) or 1.0
        step = 1.0
    place = found.end()
    times = _TIMES.match(text, place, until)
    while times:
        number, step, place = number * _MANIFOLD[times[1].lower()], step * _MANIFOLD[times[1].lower()], times.end()
        times = _TIMES.match(text, place, until)
    if any(other.start() >= place for other in numbers[1:]):
        return None
    unit = _UNIT.match(text, place, until)
    sign = text[max(0, found.start() - 1) : found.start()]
    name = sign if sign in _SIGNS else unit[1].lower() if unit else ""
    name = "%" if name.startswith("per") else stem(name)
    half = step / 2 if step > 1 else 0.0
    least, most, first = number - half, number + half, found.start() - (sign in _SIGNS)
    for pattern, bounds in (
        (_ROUGHLY, (number * (1 - _ROUGH), number * (1 + _ROUGH))),
        (_MORE, (number, float("inf"))),
        (_LESS, (0.0, number)),
    ):
        before = pattern.search(text, max(0, first - 25), first)
        if before:
            (least, most), first = bounds, before.start()
    return Figure(least, most, name, " ".join(text[first : unit.end() if unit else place].split()))


def _day(text: str, published: date | None) -> Day | None:
    for pattern in _DAYS:
        found = pattern.search(text)
        if found:
            month = _MONTHS.index(found["month"].lower()[:3]) + 1
            year = int(found["year"]) if found["year"] else published.year if published else None
            try:
                return Day(date(year, month, int(found["day"])), bool(found["year"]), found[0]) if year else None
            except ValueError:
                return None
    return None


def _agree(one: object, other: object) -> bool:
    if isinstance(one, Figure) and isinstance(other, Figure):
        return one.unit == other.unit and one.agrees(other)
    return isinstance(one, Day) and isinstance(other, Day) and one.agrees(other)


def _same_kind(one: object, other: object) -> bool:
    if isinstance(one, Figure) and isinstance(other, Figure):
        return one.unit == other.unit
    return isinstance(one, Day) and isinstance(other, Day) and abs((one.day - other.day).days) <= _ONE_TIME


def _said(statement: Statement) -> str:
    start, end = statement.span or (0, 0)
    return " ".join(statement.article.text[start:end].split())


def _of_day(day: date | None) -> str:
    return f" ({day_of(day)})" if day else " (no date)"
