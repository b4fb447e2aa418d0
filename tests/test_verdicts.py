"""Yes or no is said only where one sentence says so; a wrong one would be far worse than none."""

from __future__ import annotations

from datetime import date

import pytest
from pages import article, hit

from qa import Answer, Hit, Statement
from qa.questions import parse_question
from qa.verdicts import with_verdict


def verdict(question: str, *said: str, hits: tuple[Hit, ...] = ()) -> str | None:
    return answered(question, *said, hits=hits).verdict


def answered(question: str, *said: str, speaker: str | None = None, hits: tuple[Hit, ...] = ()) -> Answer:
    statements = []
    for number, text in enumerate(said):
        of = article(text, id=str(number), published=date(2024, 3, number + 1))
        statements.append(Statement(of, 0, len(text), 0.9, speaker))
    answer = Answer(question, tuple(statements), hits, None, 0.9)
    return with_verdict(parse_question(question), answer, lambda articles: [])


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Did the bridge fall?", "The old bridge fell on Monday."),
        ("Did Kohl accept the offer?", "Ilse Kohl accepted the offer of the union."),
        ("Was the bridge tested?", "The bridge was tested in May and it passed."),
        ("Has the plant passed an inspection?", "The plant has passed its first inspection."),
        ("Will the school close?", "The school will close in June."),
        ("Is the bridge safe?", "The bridge is safe, and it is open."),
        ("Did Kohl win the election?", "Kohl won the election by nine votes."),
        ("Does the town own the mill?", "The town owns the mill."),
    ],
)
def test_what_a_sentence_states_is_so(question: str, sentence: str) -> None:
    assert verdict(question, sentence) == "yes"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Did the bridge fall?", "The bridge did not fall."),
        ("Did Kohl accept the offer?", "Kohl refused to accept the offer."),
        ("Was the bridge tested?", "The bridge was never tested."),
        ("Will the school close?", "The school won't close."),
        ("Is the bridge safe?", "The bridge is not safe."),
        ("Did anybody hear the alarm?", "Nobody heard the alarm."),
        ("Does the town support one of the plans?", "The town supports none of the plans."),
        ("Does the plan need new taxes?", "The plan needs no new taxes."),
    ],
)
def test_what_a_sentence_denies_is_not_so(question: str, sentence: str) -> None:
    assert verdict(question, sentence) == "no"


def test_what_is_told_of_somebody_is_told_with_who_said_so() -> None:
    answer = answered("Did Kohl accept the offer?", "She said she accepted the offer.", speaker="Ilse Kohl")
    assert (answer.verdict, answer.summary) == ("yes", "By what Ilse Kohl said (1 March 2024).")
    answer = answered("Did Kohl take the money?", "Kohl denied that she had taken the money.", speaker="Kohl")
    assert (answer.verdict, answer.summary) == ("no", "By what Kohl said (1 March 2024).")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Did Kohl accept the offer?", "Kohl would accept the offer if it were better."),
        ("Did Kohl accept the offer?", "Kohl wants to accept the offer."),
        ("Did Kohl accept the offer?", "Kohl may have accepted the offer."),
        ("Did Kohl accept the offer?", "Moe hopes Kohl accepted the offer."),
        ("Did Kohl accept the offer?", "Moe claimed that Kohl accepted the offer."),
        ("Did Kohl accept the offer?", "If Kohl accepted the offer, the strike would end."),
        ("Did Kohl accept the offer?", "Kohl nearly accepted the offer."),
        ("Did Kohl accept the offer?", "Kohl accepted an apology for the offer."),
        ("Did Kohl accept the offer?", "Kohl's lawyer accepted the offer."),
        ("Did Kohl accept the offer?", "Kohl did not accept the whole offer."),
        ("Did Kohl accept the offer?", "Kohl said that nobody had accepted the offer."),
        ("Did Kohl accept the offer?", "Moe asked whether Kohl accepted the offer."),
        ("Did Kohl accept the offer?", "Has Kohl accepted the offer?"),
        ("Did Kohl accept the offer?", "Kohl accepted the report that the offer was late."),
        ("Did Kohl sue the town?", "Kohl was sued by the town."),
        ("Did Anna Kohl accept the offer?", "Ilse Kohl accepted the offer."),
        ("Will the school close?", "The school closed in 2019."),
        ("Will the school close?", "The school will not close before June."),
        ("Will the school close?", "The school may close."),
        ("Did all schools close?", "Three schools closed."),
        ("Did the bridge fall?", "The bridge fell in 1968."),
        ("Is the bridge safe?", "The bridge was safe."),
        ("Is the bridge safe?", "The bridge is safe only in summer."),
        ("Did Kohl accept or refuse the offer?", "Kohl accepted the offer."),
        ("Did Kohl not accept the offer?", "Kohl accepted the offer."),
    ],
)
def test_what_may_be_otherwise_gives_no_verdict(question: str, sentence: str) -> None:
    answer = answered(question, sentence)
    assert answer.verdict is None
    either = " or " in question
    assert answer.summary == (None if either else "No sentence says yes or no to this outright: these come nearest.")
    assert [statement.text for statement in answer.statements] == [sentence]


def test_where_sentences_contradict_each_other_both_are_shown_and_nothing_is_decided() -> None:
    answer = answered("Did the bridge fall?", "The bridge fell.", "The bridge did not fall.", "The town waits.")
    assert (answer.verdict, answer.summary) == (None, "The articles differ: some say yes, some say no.")
    assert [statement.text for statement in answer.statements] == ["The bridge fell.", "The bridge did not fall."]


def test_what_is_to_be_is_left_open_where_a_later_article_says_something_else_of_it() -> None:
    first = "The bridge will be finished by the end of 2026."
    question = "Will the bridge be finished by the end of 2026?"
    later = article("It rained. The bridge will be finished in 2027.", id="later", published=date(2024, 5, 1))
    assert verdict(question, first) == "yes"
    assert verdict(question, first, hits=(hit(later, 0, len(later.text)),)) is None
    assert verdict("Was the bridge finished?", "The bridge was finished.", hits=(hit(later, 0, 47),)) == "yes"
