"""Articles that say different things are all shown; such as agree are counted."""

from __future__ import annotations

from datetime import date

import pytest
from pages import article

from qa import Answer, Statement
from qa.differing import compared
from qa.questions import parse_question


def answered(question: str, *said: str) -> tuple[str | None, str | None, list[str]]:
    """Return short answer, summary and sentences, where each article is a sentence with its answer in brackets."""
    statements = []
    for number, marked in enumerate(said):
        text = marked.replace("[", "").replace("]", "")
        first, last = marked.index("["), marked.index("]") - 1
        of = article(text, id=str(number), published=date(2024, 3, number + 1))
        statements.append(Statement(of, 0, len(text), 0.9, span=(first, last)))
    short = statements[0].article.text[slice(*(statements[0].span or (0, 0)))]
    found = compared(parse_question(question), Answer(question, tuple(statements), (), None, 0.9, short))
    return found.short, found.summary, [statement.text for statement in found.statements]


def test_different_figures_are_all_shown_by_their_dates_and_none_is_preferred() -> None:
    assert answered(
        "How much will the bridge cost?",
        "The bridge will cost [more than 40 million] crowns, the town said.",
        "Kohl said every month of delay on the bridge would cost [two million] crowns.",
        "The bridge will cost [31 million crowns].",
        "The bridge will cost [45,000,000] crowns.",
    ) == (
        None,
        "The articles differ: more than 40 million crowns (1 March 2024), 31 million crowns (3 March 2024).",
        [
            "The bridge will cost more than 40 million crowns, the town said.",
            "The bridge will cost 45,000,000 crowns.",
            "The bridge will cost 31 million crowns.",
        ],
    )


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many people did the fire hurt?", "The fire hurt [19] people.", "The fire hurt [nineteen people]."),
        ("How much did the bridge cost?", "The bridge cost [1.5 million] euros.", "The bridge cost [1,500,000 euros]."),
        ("How much did the bridge cost?", "The bridge cost [$1.5 million].", "The bridge cost $[1,482,000]."),
        ("How many litres ran out?", "About [4,000] litres ran out.", "[3,900 litres] ran out."),
        ("How many trains ran?", "[More than 600] trains ran.", "[640] trains ran."),
        ("When did it burn?", "It burned on [15 August].", "It burned on [August 15, 2024]."),
        ("Who built the bridge?", "[Ann Lee] built the bridge.", "The bridge was built by [Ann Lee]."),
    ],
)
def test_what_means_the_same_agrees_and_is_counted(question: str, one: str, other: str) -> None:
    short, summary, statements = answered(question, one, other)
    assert short is not None
    assert summary == "2 articles say so."
    assert len(statements) == 2


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many people did the fire hurt?", "The fire hurt [19] people.", "The flood hurt [31] people."),
        ("How many people did the fire hurt?", "The fire hurt [19] people.", "The fire hurt [2] dogs."),
        ("How many people did the fire hurt?", "The fire hurt [19] people.", "After the fire [31] people were hurt."),
        ("How long did the strike last?", "The strike lasted [24 days].", "The strike lasted [three weeks]."),
        ("How many did the fire kill?", "The fire in Rome killed [3] people.", "The fire in Oslo killed [4] people."),
        ("How old is Kohl?", "Kohl is [61 years] old.", "Kohl is [62 years] old."),
        ("When did the fair open?", "The fair opened on [1 May 2019].", "The fair opened on [3 May 2024]."),
        ("Who built the bridge?", "[Ann Lee] built the bridge.", "[Jon Moe] built the bridge."),
    ],
)
def test_what_may_be_something_else_is_no_difference(question: str, one: str, other: str) -> None:
    short, summary, _ = answered(question, one, other)
    assert short is not None
    assert summary is None
