"""From a question to its answer: its period, its follow-ups, and the names that were taken for one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from qa import Answer, Library, Name, Period


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    """Statements on the dam of May, June and October 2024, and one without a date."""
    (folder / "dam.txt").write_text(
        "The dam is safe\n\nMay 3, 2024\n\n"
        '"The dam holds," said Peter Holm, an engineer.\n\n'
        'Maria Lopez said the dam was a danger. "The dam has to go," she said.\n'
    )
    (folder / "rail.txt").write_text(
        'Rail and dam\n\nJune 4, 2024\n\n"The dam is none of our business," said Marya Lopez.\n'
    )
    (folder / "tram.txt").write_text("Tram news\n\nMay 9, 2024\n\nPeter Holm said the tram would be late.\n")
    (folder / "fire.txt").write_text(
        'Fire at the mill\n\nOctober 5, 2024\n\n"The dam helped us put it out," said Jon Lopez.\n'
    )
    (folder / "note.txt").write_text('"The dam is old," said Lopez.\n')
    return make_library()


def told(answer: Answer) -> tuple[str | None, list[str]]:
    return answer.refusal or answer.summary, [statement.text for statement in answer.statements]


def test_what_was_said_in_a_period_is_told_with_the_period(town: Library) -> None:
    answer = town.ask("What did Maria Lopez say about the dam in June 2024?")
    assert told(answer) == (
        "1 statement by Marya Lopez about the dam, in 1 article published from 2024-06-01 to 2024-06-30",
        ['"The dam is none of our business," said Marya Lopez.'],
    )
    assert answer.period == Period(date(2024, 6, 1), date(2024, 6, 30))
    assert answer.as_dict()["period"] == {"since": "2024-06-01", "until": "2024-06-30"}
    assert answer.question == "What did Maria Lopez say about the dam in June 2024?"


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ("What did Maria Lopez say since June?", ["rail.txt"]),
        ("What did Maria Lopez say before June?", ["dam.txt", "dam.txt"]),
        ("What did Maria Lopez say in May about the dam?", ["dam.txt", "dam.txt"]),
        ("What did Maria Lopez say between April and July?", ["dam.txt", "dam.txt", "rail.txt"]),
        ("What did Maria Lopez say?", ["dam.txt", "dam.txt", "note.txt", "rail.txt"]),
    ],
)
def test_a_month_without_a_year_is_the_archives_latest(town: Library, question: str, paths: list[str]) -> None:
    answer = town.ask(question, today="2031-01-01")
    assert [statement.article.path for statement in answer.statements] == paths


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ({"until": "2024-05-31"}, ["dam.txt", "dam.txt"]),
        ({"since": "2024-06-01"}, ["rail.txt"]),
        ({"since": date(2023, 1, 1), "until": "2025-01-01"}, ["dam.txt", "dam.txt", "rail.txt"]),
    ],
)
def test_of_a_period_and_a_filter_the_narrower_holds(town: Library, filters: dict[str, str], paths: list[str]) -> None:
    answer = town.ask("What did Maria Lopez say in 2024?", **filters)
    assert [statement.article.path for statement in answer.statements] == paths


@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        (
            "What did Maria Lopez say about the dam last week?",
            "No article here was published from 2024-11-11 to 2024-11-17: the newest is of 2024-10-05. "
            "Outside this period there are 4 statements.",
        ),
        (
            "What did Peter Holm say since June 4, 2024?",
            "The articles published since 2024-06-04 do not say: no statement by Peter Holm is quoted in them. "
            "Outside this period there are 2 statements.",
        ),
        (
            "What did Peter Holm say about football in May?",
            "The articles do not say: none of the 2 statements by Peter Holm in them is about football.",
        ),
        ("What did Peter Holm say since 31 June?", "“31 June” is no day of the calendar: ask for another one."),
    ],
)
def test_where_nothing_is_in_the_period_the_refusal_tells_what_is_outside(
    town: Library, question: str, refusal: str
) -> None:
    assert told(town.ask(question, today="2024-11-20")) == (refusal, [])


def test_a_question_of_fact_is_narrowed_but_not_to_nothing(town: Library) -> None:
    answer = town.ask("When was the spring fair opened, in June 2024?")
    assert told(answer) == (
        "In articles published from 2024-06-01 to 2024-06-30.",
        ["The spring fair opened on Friday."],
    )
    answer = town.ask("Was the spring fair opened in 2019?")
    assert answer.period is None
    assert told(answer) == (
        "From articles of all dates: those published from 2019-01-01 to 2019-12-31 do not answer this, or not as well.",
        ["The spring fair opened on Friday."],
    )


def test_today_is_a_date(town: Library) -> None:
    with pytest.raises(ValueError, match="'May' is no date: write it as YYYY-MM-DD"):
        town.ask("What did Peter Holm say last week?", today="May")


def test_it_is_told_which_spellings_were_taken_for_one_person(town: Library) -> None:
    answer = town.ask("What did Lopez say about the dam?")
    assert answer.names == (
        Name("Maria Lopez", 2, True, "the fullest spelling"),
        Name("Marya Lopez", 1, True, "same surname, first names spelled alike"),
        Name("Lopez", 1, True, "surname alone"),
        Name("Jon Lopez", 1, False, "another first name"),
    )
    assert answer.as_dict()["names"][3] == {
        "spelling": "Jon Lopez",
        "quotes": 1,
        "same": False,
        "why": "another first name",
    }
    assert town.ask("What did Lopez say about football?").names == answer.names
    assert town.ask("What did Peter Holm say?").names == ()


def test_a_conversation_goes_on_about_the_last_speaker(town: Library) -> None:
    history: list[Answer] = []
    for question, understood, said in [
        (
            "What did Peter Holm say about the dam?",
            None,
            (
                "1 statement by Peter Holm about the dam, in 1 article",
                ['"The dam holds," said Peter Holm, an engineer.'],
            ),
        ),
        (
            "What else did he say?",
            "What else did Peter Holm say?",
            (
                "1 more statement by Peter Holm, in 1 article (1 shown before)",
                ["Peter Holm said the tram would be late."],
            ),
        ),
        (
            "did she say anything else?",
            "did Peter Holm say anything else?",
            ("The articles say nothing else: all 2 statements by Peter Holm were shown before.", []),
        ),
        (
            "and about the tram?",
            "what did Peter Holm say about the tram?",
            (
                "1 statement by Peter Holm about the tram, in 1 article",
                ["Peter Holm said the tram would be late."],
            ),
        ),
        (
            "Did he mention the spring fair?",
            "Did Peter Holm mention the spring fair?",
            (
                "The articles do not say: none of the 2 statements by Peter Holm in them is about the spring fair.",
                [],
            ),
        ),
    ]:
        answer = town.ask(question, history=history)
        assert (answer.question, answer.understood, told(answer)) == (question, understood, said)
        history.append(answer)


def test_without_history_a_pronoun_is_refused(town: Library) -> None:
    answer = town.ask("What else did he say about the dam?")
    assert told(answer) == ("Who is “he”? Name the speaker, as in “what did Lavrov say about al-Qaida?”", [])


def test_who_else_leaves_out_who_was_named(town: Library) -> None:
    first = town.ask("Who said that the dam has to go?")
    assert first.short == "Maria Lopez"
    again = town.ask("Who else said that the dam has to go?", history=[first])
    assert "Maria Lopez" not in [statement.speaker for statement in again.statements]


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("Did Peter Holm mention the tram?", ["Peter Holm said the tram would be late."]),
        ("Has Peter Holm ever mentioned the tram?", ["Peter Holm said the tram would be late."]),
        ("Did Peter Holm mention football?", []),
    ],
)
def test_whether_somebody_mentioned_it_is_told_by_the_statements_never_by_yes_or_no(
    town: Library, question: str, texts: list[str]
) -> None:
    answer = town.ask(question)
    assert [statement.text for statement in answer.statements] == texts
    assert answer.short is None


@pytest.mark.parametrize(
    ("question", "understood", "paths"),
    [
        ("What did Jon Lopez say since the fire?", "What did Jon Lopez say since 2024-10-05?", ["fire.txt"]),
        (
            "What did Maria Lopez say about the dam before the fire?",
            "What did Maria Lopez say about the dam before 2024-10-05?",
            ["dam.txt", "dam.txt", "rail.txt"],
        ),
        (
            "What did Peter Holm say until the mill fire about the dam?",
            "What did Peter Holm say until 2024-10-05 about the dam?",
            ["dam.txt"],
        ),
        ("What did Jon Lopez say after the fire?", "What did Jon Lopez say since 2024-10-05?", ["fire.txt"]),
        (
            "What did Marya Lopez say between 1 June 2024 and the fire?",
            "What did Marya Lopez say between 1 June 2024 and 2024-10-05?",
            ["rail.txt"],
        ),
        ("What did Peter Holm say between the fire and the earthquake?", None, []),
        ("What did Peter Holm say the week after the fire?", None, []),
        ("What did Peter Holm say since the earthquake?", None, ["dam.txt", "tram.txt"]),
        ("What did Peter Holm say about the dam?", None, ["dam.txt"]),
    ],
)
def test_a_period_is_counted_from_the_day_on_which_the_articles_first_tell_of_an_event(
    town: Library, question: str, understood: str | None, paths: list[str]
) -> None:
    answer = town.ask(question, today="2025-01-01")
    assert answer.understood == understood
    if understood:
        assert [statement.article.path for statement in answer.statements] == paths


@pytest.mark.parametrize(
    ("question", "today", "summary"),
    [
        ("Where is the spring fair now?", "2024-12-20", "The newest article here is of 2024-10-05."),
        ("Where is the spring fair now?", "2024-10-20", None),
        ("Where is the spring fair?", "2024-12-20", None),
        (
            "What is the latest statement by Peter Holm?",
            "2030-01-01",
            "2 statements by Peter Holm, in 2 articles, the newest first; the newest article here is of 2024-10-05.",
        ),
    ],
)
def test_what_is_asked_of_now_is_told_with_the_age_of_the_articles(
    town: Library, question: str, today: str, summary: str | None
) -> None:
    answer = town.ask(question, today=today)
    assert answer.statements
    assert answer.summary == summary


def test_near_copies_are_cited_once_under_each_heading(make_library: Callable[[], Library], folder: Path) -> None:
    rest = " ".join(f"Hall number {number} of the mill was empty on that day." for number in range(60))
    said = 'The dam is safe, said Peter Holm.\n\n"The dam has to go," said Maria Lopez.'
    (folder / "a.txt").write_text(f"{said}\n\n{rest}\n")
    (folder / "b.txt").write_text(f"{said}\n\n{rest} It was a Monday.\n")
    answer = make_library().ask("Who spoke about the dam?")
    assert answer.parts == (("Peter Holm", 1), ("Maria Lopez", 1))
    assert [statement.speaker for statement in answer.statements] == ["Peter Holm", "Maria Lopez"]
    assert [statement.others for statement in answer.statements] == [1, 1]
