"""Periods in words: "since March", "in August 2014", "between March and May 2022", "last week".

A compact grammar of what people type, rather than a general date parser: those read "may", "march", "sat" and any
number as dates wherever they stand, and which words of a question are a date is the whole difficulty here.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:1[5-9]|2[01])\d\d"  # newspapers are not older, and other numbers are seldom years
_FIRST, _LAST = date(1500, 1, 1), date(2199, 12, 31)
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = rf"(?:last )?(?:{'|'.join(_WEEKDAYS)})"
_DAY = (
    rf"(?:{_YEAR}-\d\d-\d\d|{_MONTH} {_NUMBER}(?:,? {_YEAR})?|(?:the )?{_NUMBER} (?:of )?{_MONTH}(?:,? {_YEAR})?"
    rf"|{_WEEKDAY}|yesterday|today)"
)
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# The months that meteorologists count to each; winter goes on into the next year.
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SEASON = rf"(?:(?:the|last|this) )?(?:{'|'.join(_SEASONS)})(?:,?(?: of)? {_YEAR}(?:[/–-](?:\d\d)?\d\d)?)?"
_THIRDS = {"early": (1, 10), "mid": (11, 20), "late": (21, 31)}
_PLACES = ("first", "second", "third", "fourth", "last")
_PART = rf"(?:the )?(?:(?:first|second|last) half|(?:{'|'.join(_PLACES)}) quarter|h[12]|q[1-4]),?(?: of)? {_YEAR}"
_CALENDAR = (
    rf"(?:{_YEAR}-\d\d|(?:(?:last|this) |(?:{'|'.join(_THIRDS)})[ -])?{_MONTH}(?:,?(?: of)? {_YEAR})?"
    rf"|(?:(?:{'|'.join(_THIRDS)})[ -]|the year )?{_YEAR}|{_PART}|{_SEASON})"
)
_UNITS = ("day", "week", "month", "year")
_THIS_OR_LAST = rf"(?:(?:this|last) (?:{'|'.join(_UNITS[1:])}))"
_PAST = rf"(?:the (?:last|past) (?:(?:\d{{1,3}}|{'|'.join(_COUNTS)}) )?(?:{'|'.join(_UNITS)})s?)"
_AGO = rf"(?:\d{{1,3}}|an?|{'|'.join(_COUNTS)}) (?:{'|'.join(_UNITS)})s? ago"
# These need no "in".
_BARE = (
    rf"(?:{_THIS_OR_LAST}|{_PAST}|{_AGO}|(?:last|this) (?:{_MONTH}|{'|'.join(_SEASONS)})|last (?:{'|'.join(_WEEKDAYS)})"
    r"|yesterday|today)"
)
_ANY = rf"(?:{_DAY}|{_CALENDAR}|{_THIS_OR_LAST}|{_PAST}|{_AGO})"
_PERIOD = re.compile(
    r"(?<!\S)(?:published )?(?:"
    rf"(?P<between>between) (?P<first>{_ANY}) and (?P<last>{_ANY})"
    rf"|from (?P<first2>{_ANY}) (?:to|until|till|through) (?P<last2>{_ANY})"
    rf"|since (?P<since>{_ANY})|from (?P<since2>{_ANY}) (?:onwards?(?!\S)|on$)"
    rf"|(?P<edge>before|after|until|till|up to) (?P<at>{_ANY})"
    rf"|(?:in|during|from) (?P<in>{_CALENDAR})"
    rf"|(?:on|from) (?P<on>{_DAY})"
    rf"|(?:earlier |(?:in|during|over|within|from) )?(?P<bare>{_BARE})"
    r")(?=$|[\s,])",
    re.IGNORECASE,
)
# What counts from a period before it. "Better than the year before" compares, and "about the day before" is a topic.
_FROM_THERE = re.compile(
    r"(?<!\bon )(?<!\bof )(?<!\bthan )(?<!\bas )(?:(?<!\babout )|(?<=\bwhat about )|(?<=\bhow about ))(?<!\S)(?:"
    rf"(?P<count>\d{{1,3}}|an?|{'|'.join(_COUNTS)}) (?P<unit>{'|'.join(_UNITS)})s? (?P<way>later|earlier|before|after)"
    rf"|(?:in |on )?the (?P<beside>next|following|previous) (?P<unit1>{'|'.join(_UNITS)})"
    rf"|the (?P<unit2>{'|'.join(_UNITS)}) (?P<way2>before|after)"
    r"|(?P<edge>before|after|since|until)(?= (?:that|then)))(?: (?:that|then))?(?=[ ?!.]*$)",
    re.IGNORECASE,
)
# "confidence in May": whom one trusts, not when.
_TAKES_IN = re.compile(r"\b(?:confiden(?:ce|t)|trust(?:s|ed)?|faith|belie(?:f|ves?|ved)|interest(?:ed)?|hopes?)$", re.I)

Newest = Callable[[], "date | None"]


class NoSuchDayError(ValueError):
    """Words that read as a day but name none, such as "32 June"; the message says so to a person."""


@dataclass(frozen=True)
class Period:
    """The days from ``since`` to ``until``, both included; None is open."""

    since: date | None = None
    until: date | None = None

    def __str__(self) -> str:
        """Return the period in words: "since 2024-03-01", "until 2019-12-31", "from 2014-08-01 to 2014-08-31"."""
        if self.since and self.until:
            return f"on {self.since}" if self.since == self.until else f"from {self.since} to {self.until}"
        return f"since {self.since}" if self.since else f"until {self.until}"

    def holds(self, day: date | None) -> bool:
        """Tell whether a day is in it; none that is not known is."""
        return day is not None and (self.since or date.min) <= day <= (self.until or date.max)

    def as_dict(self) -> dict[str, str | None]:
        """Return the fields, for JSON."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


def periods_in(text: str, today: date, newest: Newest) -> Iterator[tuple[str, Callable[[], Period | None], str]]:
    """Yield each stretch of ``text`` that may be a period: what stands before it, a reading of it, and what after it.

    The reading is None for what cannot be a time of publication, since it begins after ``today``; it raises
    NoSuchDayError for "32 June". A month or a day without a year is the latest that began by ``today`` and by the
    ``newest`` article's date: asked of an archive of 2014, "since March" is since March 2014. "Last week" and the like
    count from ``today``, weeks from Monday.
    """
    for found in _PERIOD.finditer(text):
        before, after = text[: found.start()].rstrip(" ,"), text[found.end() :]
        if not (found["in"] and _TAKES_IN.search(before)):
            yield before, partial(_read, found, today, newest), after


def counted_from(question: str, there: Period) -> str:
    """Return a question with the days that its end counts from a period: "before that?", "two weeks later?".

    What is later counts from the period's end, what is earlier from its beginning, in whole weeks, months or years, as
    "two weeks ago" does. Where that end is open, the question stays as it is.
    """
    found = _FROM_THERE.search(question)
    if not found:
        return question
    way = next(found[name] for name in ("way", "beside", "way2", "edge") if found[name]).lower()
    back = way in ("earlier", "before", "previous", "until")
    edge = there.since if back else there.until
    if edge is None:
        return question
    if found["edge"]:
        period = Period(until=edge - timedelta(1)) if back else Period(since=edge + timedelta(1))
    else:
        count = _count(found["count"] or "one") * (1 if back else -1)
        unit = next(found[name] for name in ("unit", "unit1", "unit2") if found[name]).lower()
        period = Period(*_ago(count, unit, edge))
    return question[: found.start()] + str(period) + question[found.end() :]


def _read(found: re.Match[str], today: date, newest: Newest) -> Period | None:
    """Return the days that the words mean; None where they are still to come."""
    today = min(max(today, _FIRST), _LAST)

    def latest() -> date:
        return max(min(today, newest() or today), _FIRST)

    if found["first"] or found["first2"]:
        start, end = _range(found["first"] or found["first2"], found["last"] or found["last2"], today, latest)
        period = Period(start, end)
    else:
        words = next(found[name] for name in ("since", "since2", "at", "in", "on", "bare") if found[name])
        start, end = _days(words, today, latest)
        period = _bounded("since" if found["since"] or found["since2"] else (found["edge"] or "in").lower(), start, end)
    # What is still to come is the question's topic: "the elections in 2030", "emissions before 2050".
    return None if max(start, period.since or start) > today else period


def _range(one: str, other: str, today: date, latest: Callable[[], date]) -> tuple[date, date]:
    """Return the days from ``one`` to ``other``: without a year, one is the latest before the other, or it the next."""
    if re.search(r"\d{4}", other) or re.fullmatch(_BARE, other, re.IGNORECASE):
        second = _days(other, today, latest)
        first = _days(one, today, lambda: second[1])
    else:
        first = _days(one, today, latest)
        second = _days(other, today, lambda: first[0] + timedelta(364))
    return min(first[0], second[0]), max(first[1], second[1])


def _bounded(how: str, start: date, end: date) -> Period:
    match how:
        case "in":
            return Period(start, end)
        case "since":
            return Period(start, None)
        case "after":
            return Period(end + timedelta(1), None)
        case "before":
            return Period(None, start - timedelta(1))
        case _:  # until, till, up to
            return Period(None, end)


def _days(words: str, today: date, latest: Callable[[], date]) -> tuple[date, date]:
    """Return the first and the last day that ``words`` name; without a year, the latest such not after ``latest()``."""
    plain = words.lower()
    relative = _relative(plain, today)
    if relative:
        return relative
    if re.fullmatch(_SEASON, plain):
        return _season(plain, today, latest)
    if re.fullmatch(_PART, plain):
        return _part_of_year(plain)
    third = re.match(rf"({'|'.join(_THIRDS)})[ -]", plain)
    if not third:
        return _named(words, plain, latest)
    first, last = _named(words[third.end() :], plain[third.end() :], latest)
    if last.month > first.month:  # of a year, four months each
        start = list(_THIRDS).index(third[1]) * 4 + 1
        return _months(first.year, start, 4)
    start, end = _THIRDS[third[1]]
    return first.replace(day=start), min(last, first.replace(day=min(end, last.day)))


def _relative(plain: str, today: date) -> tuple[date, date] | None:
    """Return the days that are counted from ``today``: "last week", "two weeks ago", "Tuesday"."""
    if plain in ("today", "yesterday"):
        return (today - timedelta(plain == "yesterday"),) * 2
    if re.fullmatch(_THIS_OR_LAST, plain):
        which, unit = plain.split()
        return _calendar_unit(unit, today, back=which == "last")
    if re.fullmatch(_PAST, plain):
        return _past(plain, today), today
    if re.fullmatch(_AGO, plain):
        amount, unit, _ = plain.split()
        return _ago(_count(amount), unit.removesuffix("s"), today)
    if re.fullmatch(_WEEKDAY, plain):
        back = (today.weekday() - _WEEKDAYS.index(plain.rsplit(maxsplit=1)[-1])) % 7
        return (today - timedelta(7 if plain.startswith("last") and not back else back),) * 2
    return None


def _named(words: str, plain: str, latest: Callable[[], date]) -> tuple[date, date]:
    """Return the days of "2014-08", "26 August", "Aug. 2014" or "2014"; ``plain`` is ``words`` in lower case."""
    iso = re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", plain)
    if iso:
        return _of_calendar(words, int(iso[1]), int(iso[2]), int(iso[3]) if iso[3] else None)
    months = [_MONTHS.index(name) + 1 for name in re.findall(r"\b[a-z]{3}", plain) if name in _MONTHS]
    year = re.search(rf"(?<!\d){_YEAR}$", plain)
    if year and not months:
        return date(int(year[0]), 1, 1), date(int(year[0]), 12, 31)
    number = re.search(r"(?<!\d)\d{1,2}(?!\d)", plain)
    day = int(number[0]) if number else None
    if year:
        return _of_calendar(words, int(year[0]), months[0], day)
    last = latest()
    years = range(last.year, last.year - 9, -1)  # 8 years may lie between two 29ths of February
    past = [y for y in years if (y, months[0], day or 1) <= (last.year, last.month, last.day)]
    there = [y for y in past if day is None or 1 <= day <= monthrange(y, months[0])[1]]
    return _of_calendar(words, there[0] if there else past[0], months[0], day)


def _of_calendar(words: str, year: int, month: int, day: int | None) -> tuple[date, date]:
    try:
        first = date(year, month, 1 if day is None else day)
        return first, (first if day is not None else date(year, month, monthrange(year, month)[1]))
    except ValueError:
        raise NoSuchDayError(f"“{words}” is no day of the calendar: ask for another one.") from None


def _calendar_unit(unit: str, today: date, *, back: bool) -> tuple[date, date]:
    """Return the week (from Monday), month or year that ``today`` is in, or the one before it."""
    if unit == "week":
        monday = today - timedelta(today.weekday() + 7 * back)
        return monday, monday + timedelta(6)
    if unit == "year":
        return date(today.year - back, 1, 1), date(today.year - back, 12, 31)
    last = today.replace(day=1) - timedelta(1) if back else today
    return last.replace(day=1), last.replace(day=monthrange(last.year, last.month)[1])


def _count(amount: str) -> int:
    """Return the number of "2", "two" or "a"."""
    word = amount.lower()
    return int(word) if word.isdecimal() else 1 if word in ("a", "an") else _COUNTS.index(word) + 1


def _ago(count: int, unit: str, today: date) -> tuple[date, date]:
    """Return the day, or the calendar week, month or year, of "two weeks ago"; below 0, of two weeks later."""
    if unit == "day":
        day = max(today - timedelta(count), _FIRST)
        return day, day
    if unit == "week":
        return _calendar_unit("week", max(today - timedelta(7 * count), _FIRST), back=False)
    year, month = divmod(today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1), 12)
    return _calendar_unit(unit, max(date(max(year, _FIRST.year), month + 1, 1), _FIRST), back=False)


def _part_of_year(words: str) -> tuple[date, date]:
    """Return the days of "the first half of 2024" or "Q2 2024"."""
    half = "half" in words or re.match(r"(?:the )?h\d", words)
    length = 6 if half else 3
    named = re.match(rf"(?:the )?(?:({'|'.join(_PLACES)}) |[qh](\d))", words)
    place = (int(named[2]) if named[2] else _PLACES.index(named[1]) + 1) if named else 1
    return _months(int(words[-4:]), 12 - length + 1 if place * length > 12 else (place - 1) * length + 1, length)


def _months(year: int, first: int, count: int) -> tuple[date, date]:
    """Return the first and the last day of ``count`` months of a year from the ``first`` on."""
    last = first + count - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _season(words: str, today: date, latest: Callable[[], date]) -> tuple[date, date]:
    """Return the three months of a season: without a year, the latest that began, and "last summer" is over."""
    name = next(season for season in _SEASONS if season in words)
    year = re.search(_YEAR, words)  # of "winter 2023/24" the first

    def of(year: int) -> tuple[date, date]:
        start = date(year, _SEASONS[name], 1)
        month = (_SEASONS[name] + 1) % 12 + 1
        return start, date(year + (month < start.month), month, monthrange(year + (month < start.month), month)[1])

    if year:
        return of(int(year[0]))
    last = today if words.startswith(("last", "this")) else latest()
    years = (of(y) for y in range(last.year, last.year - 3, -1))
    return next(d for d in years if (d[1] < last if words.startswith("last") else d[0] <= last))


def _past(words: str, today: date) -> date:
    """Return the first day of "the last 3 months", which end today: the same day three months before."""
    parts = words.split()
    unit = parts[-1].removesuffix("s")
    count = _count(parts[2]) if len(parts) == 4 else 1
    if unit in ("day", "week"):
        return today - timedelta(count * (7 if unit == "week" else 1))
    month = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    year, month = divmod(month, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
