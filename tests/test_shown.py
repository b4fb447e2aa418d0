"""What was shown is shown again, by its number or with its date."""

from __future__ import annotations

from datetime import date

import pytest

from qa import Answer, Article, Statement
from qa.shown import pointed_at

SHOWN = Answer(
    "what did Lavrov say?",
    tuple(
        Statement(Article(str(n), "Talks", "One. Two. Three.", published=day), 0, 4, 0.5, "Lavrov")
        for n, day in enumerate((date(2014, 8, 26), None, date(2014, 5, 1)))
    ),
    (),
    None,
    0.5,
)


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("show me the first one in context", 0),
        ("And the second one?", 1),
        ("open the last", 2),
        ("statement 3", 2),
        ("Show me number 2", 1),
    ],
)
def test_a_statement_that_was_shown_is_shown_again_by_its_number(question: str, place: int) -> None:
    answer = pointed_at(question, [SHOWN])
    assert answer and answer.statements == (SHOWN.statements[place],)
    assert answer.summary == f"Statement {place + 1} of 3"


@pytest.mark.parametrize(
    "question", ["when did he say that?", "When was this said?", "and where and when did he say so"]
)
def test_when_it_was_said_is_when_it_was_published(question: str) -> None:
    answer = pointed_at(question, [SHOWN])
    assert answer and answer.statements == SHOWN.statements
    assert answer.summary == "Published on 1 May 2014, 26 August 2014; some without a date"


@pytest.mark.parametrize("question", ["what did Lavrov say first?", "When did he die?", "who was the first president?"])
def test_other_questions_are_not_taken_for_what_was_shown(question: str) -> None:
    assert pointed_at(question, [SHOWN]) is None
    assert pointed_at("the second one", []) is None


def test_one_that_was_not_shown_is_refused() -> None:
    answer = pointed_at("show me the ninth", [SHOWN])
    assert answer and (answer.statements, answer.refusal) == (
        (),
        "There is no statement 9: 3 statements were shown before.",
    )


def test_what_is_asked_next_goes_on_from_the_question_that_a_statement_was_shown_to() -> None:
    first = pointed_at("show me the first one", [SHOWN])
    assert first and first.understood == "what did Lavrov say?"
    second = pointed_at("and the second?", [SHOWN, first])
    assert second and second.statements == (SHOWN.statements[1],)
    again = pointed_at("show me that one in context", [SHOWN, first, second])
    assert again and again.statements == (SHOWN.statements[1],)
