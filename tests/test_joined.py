"""Several questions in one, and their answers as one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Library
from qa.joined import questions_in


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("When was Foley abducted and by whom?", ["When was Foley abducted?", "by whom?"]),
        ("When and where was Foley abducted?", ["When was Foley abducted?", "where was Foley abducted?"]),
        ("Who won the race, and by how much?", ["Who won the race?", "by how much?"]),
        ("How old was Foley and where was he born?", ["How old was Foley?", "where was he born?"]),
        ("How many died and how many were injured?", ["How many died?", "how many were injured?"]),
        ("What is it worth and who bought it?", ["What is it worth?", "who bought it?"]),
        ("When did Foley die? And where?", ["When did Foley die?", "And where?"]),
        ("When did Foley die? And where was he buried?", ["When did Foley die?", "And where was he buried?"]),
        (
            "What did Lavrov say about Assad and what did he say about Kerry?",
            ["What did Lavrov say about Assad?", "what did he say about Kerry?"],
        ),
        ("Who abducted Foley, when and where?", ["Who abducted Foley?", "when?", "where?"]),
        (
            "When was Foley abducted, where was he held, and by whom?",
            ["When was Foley abducted?", "where was he held?", "by whom?"],
        ),
        (
            "Who won the race, who did she beat and by how much?",
            ["Who won the race?", "who did she beat?", "by how much?"],
        ),
        ("Who beat Ann Lee, who was ill, and when?", None),
        ("When he was ill, what did he do and why?", None),
        ("What did Lavrov say about Assad and who won?", None),
        ("What did Lavrov say about who won and why?", None),
        ("Does anyone know when he was born and where?", None),
        ("Tell me when he was born and where", None),
        ("When and where did Lavrov say that?", None),
        ("Who fought for Syria and Iraq?", None),
        ("When Foley died, who wept?", None),
        ("", None),
    ],
)
def test_questions_are_told_apart(text: str, questions: list[str] | None) -> None:
    assert questions_in(text) == (questions or [text])


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    (folder / "dam.txt").write_text(
        "The dam is safe\n\nMay 3, 2024\n\nThe dam was built in 1962 by Katovar Works.\n\n"
        "Maria Lopez said the dam was a danger.\n"
    )
    (folder / "bridge.txt").write_text('June 4, 2024\n\n"The bridge has to go," said Maria Lopez.\n')
    return make_library()


def test_each_question_is_answered_under_itself(town: Library) -> None:
    answer = town.ask("What did Maria Lopez say about the dam and what did she say about the bridge?")
    assert answer.parts == (
        ("What did Maria Lopez say about the dam?", 1),
        ("What did Maria Lopez say about the bridge?", 1),
    )
    assert [s.text for s in answer.statements] == [
        "Maria Lopez said the dam was a danger.",
        '"The bridge has to go," said Maria Lopez.',
    ]
    assert answer.summary == (
        "1 statement by Maria Lopez about the dam, in 1 article; "
        "1 statement by Maria Lopez about the bridge, in 1 article"
    )


def test_what_is_not_answered_is_told_of(town: Library) -> None:
    answer = town.ask("What did Maria Lopez say about the dam and what did Anna Berg say about it?")
    told = "1 statement by Maria Lopez about the dam, in 1 article; Anna Berg: the articles do not say"
    assert answer.summary == told
    assert answer.parts[1] == ("What did Anna Berg say about the dam?", 0)
    refused = town.ask("What did Anna Berg say about the dam and what did she say about the bridge?")
    assert refused.statements == ()
    assert "About the dam they quote Maria Lopez." in (refused.refusal or "")
    assert "About the bridge they quote Maria Lopez." in (refused.refusal or "")


@pytest.mark.model
def test_when_and_where_are_two_answers(seeds: Library) -> None:
    answer = seeds.ask("When and where was James Foley abducted?")
    assert answer.items == ("late 2012", "Syria")
    assert answer.summary == "When: late 2012; where: Syria"
    assert [heading for heading, _ in answer.parts] == [
        "When was James Foley abducted?",
        "Where was James Foley abducted?",
    ]
    for statement, item in zip(answer.statements[:1], answer.items, strict=False):
        assert statement.span
        assert statement.article.text[slice(*statement.span)] == item
