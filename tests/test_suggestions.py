"""What a refusal offers: what was looked for, and questions that are answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Answer, Library
from qa.suggestions import _names_in, _question, _shown


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    (folder / "dam.txt").write_text(
        "The dam is safe\n\nMay 3, 2024\n\n"
        '"The dam holds," said Peter Holm, an engineer. He added that the bridge was another matter.\n\n'
        'Maria Lopez said the dam was a danger. "The dam has to go," she said.\n\n'
        '"It is a matter for the Water Board," said Kari Moe. The Water Board said that the dam was safe.\n\n'
        'Officials said the dam was old. "Nobody asked us about the dam," officials said.\n'
    )
    (folder / "rail.txt").write_text(
        "June 4, 2024\n\nA report came out. "
        '"The dam is none of our business," said Maria Lopez. "We build in Norland," said Maria Lopez. '
        '"Trains come to Norland," said Maria Lopez.\n'
    )
    return make_library()


def offered(answer: Answer) -> tuple[str | None, tuple[str, ...]]:
    return answer.looked_for, answer.instead


def test_what_somebody_else_said_on_the_topic_is_offered(town: Library) -> None:
    assert offered(town.ask("What did Anna Berg say about the dam?")) == (
        "Looked for statements by Anna Berg about the dam, among 4 articles.",
        (
            "What did the Water Board say about the dam?",
            "What did Maria Lopez say about the dam?",
            "What did Peter Holm say about the dam?",
        ),
    )


def test_what_the_speaker_did_say_is_offered_with_a_name_that_recurs_in_it(town: Library) -> None:
    assert offered(town.ask("What did Lopez say about football?")) == (
        "Looked for statements by Maria Lopez about football, among 4 articles.",
        ("What did Maria Lopez say about Norland?", "What did Maria Lopez say?"),
    )


def test_filters_hold_for_what_is_offered_and_counted(town: Library) -> None:
    answer = town.ask("What did Lopez say about football?", until="2024-05-31")
    assert offered(answer) == (
        "Looked for statements by Maria Lopez about football, among 2 articles.",
        ("What did Maria Lopez say?",),
    )
    answer = town.ask("What did Anna Berg say about the dam?", article="rail.txt")
    assert offered(answer) == (
        "Looked for statements by Anna Berg about the dam, among 1 article.",
        ("What did Maria Lopez say about the dam?",),
    )
    assert offered(town.ask("What did Lopez say?", source="x")) == (None, ())


def test_a_question_without_its_period_is_offered_where_that_is_answered(town: Library) -> None:
    assert offered(town.ask("What did Peter Holm say about the dam since June?", today="2024-11-20")) == (
        "Looked for statements by Peter Holm about the dam, among 2 articles published since 2024-06-01.",
        (
            "What did Peter Holm say about the dam?",
            "What did Maria Lopez say about the dam?",
            "What did Peter Holm say?",
        ),
    )


def test_of_another_question_it_is_told_which_kind_of_answer_was_looked_for(town: Library) -> None:
    looked_for, instead = offered(town.ask("Where does Peter Holm live in Utopia?"))
    assert looked_for == "Looked for a place that answers this, in the 7 nearest passages."
    assert instead[0] == "What did Peter Holm say?"
    assert town.ask("how").looked_for is None  # for there is nothing to look for


def test_an_answer_offers_nothing(town: Library) -> None:
    assert offered(town.ask("What did Peter Holm say?")) == (None, ())


def test_it_comes_with_the_answer_as_json(town: Library) -> None:
    record = town.ask("What did Lopez say about football?").as_dict()
    assert record["looked_for"] == "Looked for statements by Maria Lopez about football, among 4 articles."
    assert record["instead"] == ["What did Maria Lopez say about Norland?", "What did Maria Lopez say?"]


@pytest.mark.parametrize(
    "question",
    [
        "What did Anna Berg say about the dam?",
        "What did Lopez say about football?",
        "Where does Peter Holm live in Utopia?",
        "Who said that football was late?",
    ],
)
def test_whatever_is_offered_is_answered(town: Library, question: str) -> None:
    answer = town.ask(question)
    assert answer.refusal
    assert [town.ask(offer).refusal for offer in answer.instead] == [None] * len(answer.instead)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("Ann Lee", "On Monday, Ann Lee said so.", "Ann Lee"),
        ("White House", "It was the White House, as the White House said.", "the White House"),
        ("Experts", "Experts said so, and other experts did not.", None),
        ("NASA", "It was launched, NASA said.", "NASA"),
        ("Images Lee", "A photo by Getty Images Lee said.", None),
        ("Centers", "The Centers for Disease Control said so.", None),
        ("the governor", "And the governor said so.", None),
        ("Prime Minister", "And then the Prime Minister said so.", None),
    ],
)
def test_a_name_is_offered_as_it_stands_in_a_sentence(name: str, text: str, shown: str | None) -> None:
    assert _shown(name, [text]) == shown


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Who won the World Cup?", ["the World Cup"]),
        ("Who won the 1987 Tour de France?", ["Tour de France"]),
        ("Why did the Russian army leave Kherson on Monday?", ["Kherson"]),
        ("Will the President call Mr. Trump?", []),
    ],
)
def test_the_proper_names_of_a_sentence_are_topics(text: str, names: list[str]) -> None:
    assert list(_names_in(text)) == names


def test_a_question_that_would_be_read_otherwise_is_not_offered() -> None:
    assert _question("Ann Lee", "the dam") == "What did Ann Lee say about the dam?"
    assert _question("Ann Lee", "the dam in May") is None
    assert _question("Ann Lee", "the dam since 32 June") is None


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "instead"),
    [
        ("What did Lavrov say about football?", None),
        ("Who won the World Cup?", ("What did Sergei Lavrov say?",)),
        ("What did Putin say about NATO?", ("What did Sergei Lavrov say?",)),
        ("What did Obama say about Islamic State?", ("What did Sergei Lavrov say about Islamic State?",)),
        ("Which football team does Lavrov like?", ("What did Sergei Lavrov say?",)),
        ("Is Assad ill in 1999 with football?", None),
        ("How do I bake bread?", None),
        ("Who said that Syria won the World Cup?", None),
        ("What did Lavrov say about air strikes last week?", None),
    ],
)
def test_whatever_is_offered_of_the_articles_that_ship_is_answered(
    seeds: Library, question: str, instead: tuple[str, ...] | None
) -> None:
    answer = seeds.ask(question, today="2014-12-01")
    assert instead in (None, answer.instead)
    assert len(answer.instead) <= 3
    assert [seeds.ask(offer).refusal for offer in answer.instead] == [None] * len(answer.instead)
