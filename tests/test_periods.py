"""Which words of a question are a period, and which days they mean."""

from __future__ import annotations

from datetime import date, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.periods import NoSuchDayError, Period, counted_from
from qa.questions import parse_question

TODAY = date(2026, 11, 24)  # a Tuesday


def read(question: str, today: date = TODAY, newest: date | None = None) -> tuple[str | None, ...]:
    asked = parse_question(question, today=today, newest=lambda: newest)
    period = asked.period or Period()
    return (*period.as_dict().values(), asked.topic, asked.speaker)


@pytest.mark.parametrize(
    ("question", "since", "until", "topic", "speaker"),
    [
        # at the end
        ("quotes by Lavrov since March", "2026-03-01", None, None, "Lavrov"),
        ("quotes by Lavrov since march 2014", "2014-03-01", None, None, "Lavrov"),
        ("What did Lavrov say about Assad in August 2014?", "2014-08-01", "2014-08-31", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad, in Aug. 2014?", "2014-08-01", "2014-08-31", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad in 2014-08?", "2014-08-01", "2014-08-31", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad in Sept?", "2026-09-01", "2026-09-30", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad in December?", "2025-12-01", "2025-12-31", "Assad", "Lavrov"),
        ("What did Lavrov say last May?", "2026-05-01", "2026-05-31", None, "Lavrov"),
        ("What did Lavrov say in 2013?", "2013-01-01", "2013-12-31", None, "Lavrov"),
        ("What did Lavrov say during the year 2013?", "2013-01-01", "2013-12-31", None, "Lavrov"),
        ("What did Lavrov say about Assad before 2020?", None, "2019-12-31", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad after August 26, 2014?", "2014-08-27", None, "Assad", "Lavrov"),
        ("What did Lavrov say about Assad after 26th of August 2014?", "2014-08-27", None, "Assad", "Lavrov"),
        ("What did Lavrov say about Assad until June?", None, "2026-06-30", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad up to 2014-08-26?", None, "2014-08-26", "Assad", "Lavrov"),
        ("What did Lavrov say about Assad on August 26?", "2026-08-26", "2026-08-26", "Assad", "Lavrov"),
        ("What did Lavrov say between March and May 2022?", "2022-03-01", "2022-05-31", None, "Lavrov"),
        ("What did Lavrov say between March and May?", "2026-03-01", "2026-05-31", None, "Lavrov"),
        ("What did Lavrov say from November to February 2022?", "2021-11-01", "2022-02-28", None, "Lavrov"),
        ("What did Lavrov say between 2022 and 2020?", "2020-01-01", "2022-12-31", None, "Lavrov"),
        ("statements by Lavrov from March 2014 onwards", "2014-03-01", None, None, "Lavrov"),
        ("statements by Lavrov from March 2014", "2014-03-01", "2014-03-31", None, "Lavrov"),
        ("Did Lavrov mention NATO yesterday?", "2026-11-23", "2026-11-23", "NATO", "Lavrov"),
        ("Did Lavrov mention NATO since yesterday?", "2026-11-23", None, "NATO", "Lavrov"),
        ("Did Lavrov mention NATO today?", "2026-11-24", "2026-11-24", "NATO", "Lavrov"),
        ("What did Lavrov say last week?", "2026-11-16", "2026-11-22", None, "Lavrov"),
        ("What did Lavrov say earlier this week?", "2026-11-23", "2026-11-29", None, "Lavrov"),
        ("What did Lavrov say last month?", "2026-10-01", "2026-10-31", None, "Lavrov"),
        ("What did Lavrov say last year?", "2025-01-01", "2025-12-31", None, "Lavrov"),
        ("What did Lavrov say in the last week?", "2026-11-17", "2026-11-24", None, "Lavrov"),
        ("What did Lavrov say over the past three months?", "2026-08-24", "2026-11-24", None, "Lavrov"),
        ("What did Lavrov say in the last 10 days?", "2026-11-14", "2026-11-24", None, "Lavrov"),
        ("What did Lavrov say on Tuesday?", "2026-11-24", "2026-11-24", None, "Lavrov"),
        ("What did Lavrov say on Wednesday?", "2026-11-18", "2026-11-18", None, "Lavrov"),
        ("What did Lavrov say last Tuesday about NATO?", "2026-11-17", "2026-11-17", "NATO", "Lavrov"),
        ("What did Lavrov say since last Friday?", "2026-11-20", None, None, "Lavrov"),
        ("What did Lavrov say two days ago?", "2026-11-22", "2026-11-22", None, "Lavrov"),
        ("What did Lavrov say 2 weeks ago?", "2026-11-09", "2026-11-15", None, "Lavrov"),
        ("What did Lavrov say a month ago?", "2026-10-01", "2026-10-31", None, "Lavrov"),
        ("What did Lavrov say eleven months ago?", "2025-12-01", "2025-12-31", None, "Lavrov"),
        ("What did Lavrov say three years ago?", "2023-01-01", "2023-12-31", None, "Lavrov"),
        ("What did Lavrov say in the spring of 2024?", "2024-03-01", "2024-05-31", None, "Lavrov"),
        ("What did Lavrov say in winter 2023?", "2023-12-01", "2024-02-29", None, "Lavrov"),
        ("What did Lavrov say in the winter of 2023/24?", "2023-12-01", "2024-02-29", None, "Lavrov"),
        ("What did Lavrov say in winter 2023-2024?", "2023-12-01", "2024-02-29", None, "Lavrov"),
        ("What did Lavrov say in the first half of 2014?", "2014-01-01", "2014-06-30", None, "Lavrov"),
        ("What did Lavrov say in the second quarter of 2014?", "2014-04-01", "2014-06-30", None, "Lavrov"),
        ("What did Lavrov say in the last quarter of 2014?", "2014-10-01", "2014-12-31", None, "Lavrov"),
        ("What did Lavrov say since H2 2014?", "2014-07-01", None, None, "Lavrov"),
        ("What did Lavrov say about NATO in Q3 2014?", "2014-07-01", "2014-09-30", "NATO", "Lavrov"),
        ("What did Lavrov say in early 2014?", "2014-01-01", "2014-04-30", None, "Lavrov"),
        ("What did Lavrov say in late 2014?", "2014-09-01", "2014-12-31", None, "Lavrov"),
        ("What did Lavrov say about the first half of 2014?", None, None, "the first half of 2014", "Lavrov"),
        ("What did Lavrov say this autumn?", "2026-09-01", "2026-11-30", None, "Lavrov"),
        ("What did Lavrov say last autumn?", "2025-09-01", "2025-11-30", None, "Lavrov"),
        ("What did Lavrov say last summer?", "2026-06-01", "2026-08-31", None, "Lavrov"),
        ("What did Lavrov say about NATO in early June 2014?", "2014-06-01", "2014-06-10", "NATO", "Lavrov"),
        ("What did Lavrov say about NATO in mid-May?", "2026-05-11", "2026-05-20", "NATO", "Lavrov"),
        ("What did Lavrov say about NATO in late February 2024?", "2024-02-21", "2024-02-29", "NATO", "Lavrov"),
        ("What did Lavrov say about the fall of Assad?", None, None, "the fall of Assad", "Lavrov"),
        # before the topic and at the beginning
        ("What did Lavrov say in May 2014 about Assad?", "2014-05-01", "2014-05-31", "Assad", "Lavrov"),
        ("What has Lavrov said since March about Assad?", "2026-03-01", None, "Assad", "Lavrov"),
        ("quotes since March by Lavrov", "2026-03-01", None, None, "Lavrov"),
        ("Who said in May 2014 that the war was over?", "2014-05-01", "2014-05-31", "the war was over", None),
        ("In 2014, what did Lavrov say about Assad?", "2014-01-01", "2014-12-31", "Assad", "Lavrov"),
        ("Since March what has Lavrov said?", "2026-03-01", None, None, "Lavrov"),
        ("Last week, who talked about Assad?", "2026-11-16", "2026-11-22", "about Assad", None),
        # a question for no quote is narrowed, too
        ("What happened at the bridge on May 5, 2014?", "2014-05-05", "2014-05-05", None, None),
        # what is no period
        ("What did Lavrov say about the situation in Ukraine?", None, None, "the situation in Ukraine", "Lavrov"),
        ("What did Lavrov say about the 2014 World Cup?", None, None, "the 2014 World Cup", "Lavrov"),
        ("What did Corbyn say about Theresa May?", None, None, "Theresa May", "Corbyn"),
        ("What did Corbyn say about his confidence in May?", None, None, "his confidence in May", "Corbyn"),
        ("What did King say about the March on Washington?", None, None, "the March on Washington", "King"),
        ("What did King say before the March on Washington?", None, None, "before the March on Washington", "King"),
        ("What did Lavrov say about last year?", None, None, "last year", "Lavrov"),
        ("What did Lavrov say about the end of 2014?", None, None, "the end of 2014", "Lavrov"),
        ("What did Lavrov say about life in 2014 Damascus?", None, None, "life in 2014 Damascus", "Lavrov"),
        ("What did Lavrov say after the summit?", None, None, "after the summit", "Lavrov"),
        ("Who said that the war began in 2014?", None, None, "the war began in 2014", None),
        ("Which of the 3 winners of 2014 sang?", None, None, None, None),
        ("in 2014?", None, None, None, None),
        # what is still to come is the topic
        ("What did Lavrov say about the elections in 2030?", None, None, "the elections in 2030", "Lavrov"),
        ("What did Lavrov say about emissions before 2050?", None, None, "emissions before 2050", "Lavrov"),
        ("What did Lavrov say about emissions by 2014?", None, None, "emissions by 2014", "Lavrov"),
        # hostile
        ("What did Lavrov say on 29 February 2024?", "2024-02-29", "2024-02-29", None, "Lavrov"),
        ("What did Lavrov say on 29 February?", "2024-02-29", "2024-02-29", None, "Lavrov"),
        ("What did Lavrov say in February 2024?", "2024-02-01", "2024-02-29", None, "Lavrov"),
        ("What did Lavrov say in the last 999 years?", "1027-11-24", "2026-11-24", None, "Lavrov"),
        ("What did Lavrov say since 0000-01-01?", None, None, "since 0000-01-01", "Lavrov"),
        ("What did Lavrov say since 9999?", None, None, "since 9999", "Lavrov"),
        ("What did Lavrov say since ٢٠١٤?", None, None, "since ٢٠١٤", "Lavrov"),
    ],
)
def test_a_period_is_told_from_the_topic(
    question: str, since: str | None, until: str | None, topic: str | None, speaker: str | None
) -> None:
    assert read(question) == (since, until, topic, speaker)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What did Lavrov say since 32 June?", "32 June"),
        ("What did Lavrov say on February 30?", "February 30"),
        ("What did Lavrov say on 29 February 2023?", "29 February 2023"),
        ("What did Lavrov say since 2014-13-01?", "2014-13-01"),
        ("What did Lavrov say on May 0, 2014?", "May 0, 2014"),
    ],
)
def test_a_day_that_does_not_exist_is_named(question: str, words: str) -> None:
    with pytest.raises(NoSuchDayError) as error:
        read(question)
    assert str(error.value) == f"“{words}” is no day of the calendar: ask for another one."


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("quotes by Lavrov since March", "2014-03-01", None),
        ("quotes by Lavrov since October", "2013-10-01", None),
        ("quotes by Lavrov in August", "2014-08-01", "2014-08-31"),
        ("quotes by Lavrov on August 27", "2013-08-27", "2013-08-27"),
        ("quotes by Lavrov between October and May", "2013-10-01", "2014-05-31"),
        ("quotes by Lavrov between July and September", "2014-07-01", "2014-09-30"),
        ("quotes by Lavrov since March 2016", "2016-03-01", None),
        ("quotes by Lavrov last week", "2026-11-16", "2026-11-22"),
    ],
)
def test_without_a_year_the_newest_article_decides_which_is_meant(
    question: str, since: str | None, until: str | None
) -> None:
    assert read(question, newest=date(2014, 8, 26))[:2] == (since, until)


def test_without_a_reference_date_no_period_is_read() -> None:
    assert parse_question("quotes by Lavrov since March").period is None


@pytest.mark.parametrize(
    "question", ["What did x say " + "in may " * 280, "who said " + "x in May " * 220 + "y", "in may " * 280 + "what"]
)
def test_a_question_full_of_dates_is_read_at_once(question: str) -> None:
    start = perf_counter()
    parse_question(question, today=TODAY)
    assert perf_counter() - start < 2


def test_the_question_is_left_without_its_period() -> None:
    asked = parse_question("What did Lavrov say, in May 2014, about Assad?", today=TODAY)
    assert asked.text == "What did Lavrov say about Assad?"
    asked = parse_question("What did Lavrov say about Assad in May 2014?", today=TODAY)
    assert (asked.text, asked.terms) == ("What did Lavrov say about Assad?", {"lavrov", "assad"})


def test_a_period_says_its_days() -> None:
    first, last = date(2014, 8, 1), date(2014, 8, 31)
    assert [str(Period(first)), str(Period(None, last)), str(Period(first, last)), str(Period(last, last))] == [
        "since 2014-08-01",
        "until 2014-08-31",
        "from 2014-08-01 to 2014-08-31",
        "on 2014-08-31",
    ]


def test_a_period_holds_its_first_and_last_day_and_no_day_that_is_not_known() -> None:
    may = Period(date(2014, 5, 1), date(2014, 5, 31))
    days = [date(2014, 4, 30), date(2014, 5, 1), date(2014, 5, 31), date(2014, 6, 1), None]
    assert [may.holds(day) for day in days] == [False, True, True, False, False]
    assert [Period(since=date(2014, 5, 1)).holds(day) for day in days] == [False, True, True, True, False]
    assert [Period(until=date(2014, 5, 31)).holds(day) for day in days] == [True, True, True, False, False]


MAY = Period(date(2014, 5, 1), date(2014, 5, 31))
MONDAY = Period(date(2014, 5, 5), date(2014, 5, 5))


@pytest.mark.parametrize(
    ("words", "there", "days"),
    [
        ("before that", MAY, "until 2014-04-30"),
        ("after that", MAY, "since 2014-06-01"),
        ("since then", MAY, "since 2014-06-01"),
        ("until then", MAY, "until 2014-04-30"),
        ("before that", Period(since=date(2014, 3, 1)), "until 2014-02-28"),
        ("after that", Period(since=date(2014, 3, 1)), "after that"),
        ("before that", Period(), "before that"),
        ("two weeks later", MONDAY, "from 2014-05-19 to 2014-05-25"),
        ("2 weeks after that", MONDAY, "from 2014-05-19 to 2014-05-25"),
        ("two weeks later", MAY, "from 2014-06-09 to 2014-06-15"),
        ("a week earlier", MONDAY, "from 2014-04-28 to 2014-05-04"),
        ("Three months later", MAY, "from 2014-08-01 to 2014-08-31"),
        ("eight months later", MAY, "from 2015-01-01 to 2015-01-31"),
        ("in the previous month", MAY, "from 2014-04-01 to 2014-04-30"),
        ("the year before", MAY, "from 2013-01-01 to 2013-12-31"),
        ("a year before that", MAY, "from 2013-01-01 to 2013-12-31"),
        ("the next day", MONDAY, "on 2014-05-06"),
        ("on the following day", MONDAY, "on 2014-05-06"),
        ("the day before", MAY, "on 2014-04-30"),
        ("three days later", MONDAY, "on 2014-05-08"),
        ("999 years later", Period(until=date(2199, 12, 31)), "from 3198-01-01 to 3198-12-31"),
        ("999 days earlier", Period(since=date(1500, 1, 1)), "on 1500-01-01"),
        ("two weeks later they left", MAY, "two weeks later they left"),
        ("about the day before", MAY, "about the day before"),
        ("was it more than the year before", MAY, "was it more than the year before"),
        ("later", MAY, "later"),
    ],
)
def test_what_counts_from_a_period_has_its_days(words: str, there: Period, days: str) -> None:
    assert counted_from(words, there) == days
    assert counted_from(f"What did he say, {words}?", there) == f"What did he say, {days}?"


_WORDS = st.sampled_from(
    "since before after until till in on from to between and the last past this 999 week months year May 31 29 30 feb"
    " 2100 1500 2199 9999 0 today yesterday 2026-11-24 2016-02-30 , about said by what did X".split()
)


@given(st.lists(_WORDS, max_size=12), st.dates(), st.none() | st.dates())
def test_whatever_is_asked_on_whatever_day_has_a_period_or_none(
    words: list[str], today: date, newest: date | None
) -> None:
    try:
        period = parse_question("What did X say " + " ".join(words), today=today, newest=lambda: newest).period
    except NoSuchDayError:
        return
    if period and period.since and period.until:
        assert period.until - period.since >= timedelta(0)
