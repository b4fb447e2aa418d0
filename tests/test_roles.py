"""Who is meant by a name or a role, and whose quotes are looked into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Article, Library
from qa.names import names_meant
from qa.quotes import extract_quotes
from qa.roles import Speakers, speakers_in_role


def test_a_role_is_whose_name_stands_beside_it() -> None:
    text = (
        'Norland\'s Foreign Minister Maria Lopez said on Monday: "We shall wait for an answer." '
        'Prime Minister Peter Holm said: "We shall not wait any longer for them." '
        '"Nobody asked us about it," said Kari Moe, the chief executive of Norland Rail.'
    )
    quotes = extract_quotes(Article("a", "Talks", text))
    assert [quote.speaker for quote in quotes] == ["Maria Lopez", "Peter Holm", "Kari Moe"]
    assert speakers_in_role("Norland's foreign minister", quotes) == ["Maria Lopez"]
    assert speakers_in_role("the prime minister", quotes) == ["Peter Holm"]
    assert speakers_in_role("Norland Rail's chief executive", quotes) == ["Kari Moe"]
    assert speakers_in_role("Sudland's king", quotes) == []


@pytest.mark.parametrize("asked", ["Lopez", "Maria Lopez", "Xi", "the mayor", "nobody", ""])
def test_a_name_is_found_by_its_surname_as_it_is_among_all(asked: str) -> None:
    known = {"Maria Lopez": 3, "Marya Lopez": 1, "Jon Lopez": 2, "Xi Jinping": 4, "Ann Lee": 9, "the President": 1}
    assert Speakers(known).meant(asked) == names_meant(asked, known)


@pytest.mark.parametrize(
    ("asked", "speakers"),
    [
        ("the union", ["Rail Union"]),
        ("the head of the union", ["Piet Lund"]),
        ("the doctor", ["Ann Sorel"]),
        ("the inspectors", []),
    ],
)
def test_who_has_a_title_is_not_what_it_is_of(asked: str, speakers: list[str]) -> None:
    text = (
        '"We strike," said Piet Lund, the head of the Rail Union. "It is late," said Piet Lund, the union’s head. '
        "The Rail Union said the doors were open. Dr Ann Sorel said nobody was hurt. The inspectors fined Corvane, and "
        "Corvane said it would pay."
    )
    assert speakers_in_role(asked, extract_quotes(Article("a", "Strike", text))) == speakers


@pytest.mark.parametrize(
    ("asked", "speakers"),
    [
        ("Norland Rail's chief executive", ["Kari Moe"]),
        ("the CEO of Norland Rail", ["Kari Moe"]),
        ("the boss of Norland Rail", ["Kari Moe"]),
        ("the head of the Norland health department", ["Ann Sorel"]),
        ("the US secretary of state", ["Bo Berg"]),
        ("the USN business professor", ["Ivar Lie"]),
        ("Norland's ambassador to Sudland", ["Nils Dahl"]),
        ("the governor of Norland", ["Liv Aas"]),
        ("the president of Sudland", []),
        ("the president", []),
        ("the head of the army", []),
    ],
)
def test_a_role_is_found_in_other_words(asked: str, speakers: list[str]) -> None:
    text = (
        "Norland has a cold winter, and so has its army. "
        'Norland Rail CEO Kari Moe said: "The trains are late." '
        '"It is the flu," said Dr. Ann Sorel, director of the Norland Department of Health. '
        'US Secretary of State Bo Berg said: "We sent our snow ploughs." '
        '"They cost too much," said Ivar Lie, a University of South Norland business school professor. '
        '"We have sun," said Nils Dahl, Norland\'s ambassador to Sudland. '
        'Republican Gov. Liv Aas said: "We dig." Vice President Jon Vik said he would dig, too.\n'
    )
    assert speakers_in_role(asked, extract_quotes(Article("a", "Snow in Norland", text))) == speakers


@pytest.fixture
def ministers(make_library: Callable[[], Library], folder: Path) -> Library:
    (folder / "may.txt").write_text("May 3, 2024\n\nTomas Reuel, the rail minister, said the dam was late.\n")
    (folder / "june.txt").write_text(
        'June 3, 2024\n\nReuel said the dam would be built. "The dam stays," the minister said.\n\n'
        'Delv said the dam was costly. "We only pour the dam," the company said.\n\n'
        '"No dam is dry," the engineer said.\n'
    )
    return make_library()


def test_what_a_role_says_after_who_has_it_is_his(ministers: Library) -> None:
    answer = ministers.ask("What did Tomas Reuel say about the dam in June 2024?")
    assert [(s.speaker, s.text) for s in answer.statements] == [
        ("Reuel", "Reuel said the dam would be built."),
        ("Reuel", '"The dam stays," the minister said.'),
    ]


def test_others_are_asked_without_what_may_be_the_speakers_own(ministers: Library) -> None:
    answer = ministers.ask("Did anyone disagree with Delv about the dam?")
    assert {s.speaker for s in answer.statements} == {"Reuel", "the engineer"}
    assert (answer.short, answer.summary) == (None, "What others than Delv say about the dam.")
    answer = ministers.ask("Who besides Reuel spoke about the dam in May 2024?")
    assert answer.statements == ()
    assert answer.refusal == (
        "The articles published from 2024-05-01 to 2024-05-31 quote nobody else than Reuel on the dam. "
        "Outside this period there are 3 statements."
    )


def test_letters_mean_the_organisation_of_that_name_that_is_quoted_most() -> None:
    known = {
        "World Health Organization": 3,
        "Will Henry Owens": 9,
        "United Nations": 5,
        "University North": 2,
        "WHO": 1,
    }
    assert [name.spelling for name in Speakers(known).meant("the WHO")] == ["WHO", "World Health Organization"]
    assert [name.spelling for name in Speakers(known).meant("the U.N.")] == ["United Nations"]
    assert [name.spelling for name in Speakers(known).meant("Owens")] == ["Will Henry Owens"]
