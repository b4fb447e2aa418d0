"""Which spellings of a name are one person's, and why."""

from __future__ import annotations

import pytest

from qa.names import Name, matching_speakers, names_meant, role_of

KNOWN = {
    "Joe Biden": 9,
    "Sergei Lavrov": 5,
    "Xi Jinping": 3,
    "Jill Biden": 2,
    "Sergey Lavrov": 2,
    "the White House": 2,
    "J.K. Rowling": 2,
    "Lavrov": 1,
    "Damascus": 1,
    "Joe Manchin of West Virginia": 1,
    "Secretary-General Jens Stoltenberg": 1,
    "the new head of the Army": 1,
}


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Lavrov", ["Sergei Lavrov", "Sergey Lavrov", "Lavrov"]),
        ("lavrov", ["Sergei Lavrov", "Sergey Lavrov", "Lavrov"]),
        ("Russian Foreign Minister Sergey Lavrov", ["Sergei Lavrov", "Sergey Lavrov", "Lavrov"]),
        ("Biden", ["Joe Biden"]),
        ("President Biden", ["Joe Biden"]),
        ("Jill Biden", ["Jill Biden"]),
        ("Hunter Biden", []),
        ("Xi", ["Xi Jinping"]),
        ("Sen. Joe Manchin", ["Joe Manchin of West Virginia"]),
        ("Stoltenberg", ["Secretary-General Jens Stoltenberg"]),
        ("Rowling", ["J.K. Rowling"]),
        ("Damascus", ["Damascus"]),
        ("the White House", ["the White House"]),
        ("Putin", []),
        ("", []),
        ("?!", []),
        ("the President", []),
    ],
)
def test_a_name_means_one_person_however_it_is_written(asked: str, meant: list[str]) -> None:
    assert matching_speakers(asked, KNOWN) == meant


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        ("Italy's foreign minister", ("foreign minister", "Italy")),
        ("NPR's CEO", ("CEO", "NPR")),
        ("the new head of the British Army", ("new head", "the British Army")),
        ("the Russian foreign minister", ("foreign minister", "Russian")),
        ("the minister", ("minister", "")),
        ("the Pope", ("pope", "")),
        ("Sergei Lavrov", None),
        ("lavrov", None),
        ("the White House", None),
    ],
)
def test_a_role_is_told_from_a_name(asked: str, role: tuple[str, str] | None) -> None:
    assert role_of(asked) == role


@pytest.mark.parametrize(
    ("asked", "known", "meant"),
    [
        (
            "Lavrov",
            {"Sergei Lavrov": 5, "Sergey Lavrov": 2, "S. Lavrov": 1, "Lavrov": 1, "Minister Sergei Lavrov": 1},
            [
                Name("Sergei Lavrov", 5, True, "the fullest spelling"),
                Name("Sergey Lavrov", 2, True, "same surname, first names spelled alike"),
                Name("S. Lavrov", 1, True, "same surname, and the initial fits"),
                Name("Minister Sergei Lavrov", 1, True, "the same name"),
                Name("Lavrov", 1, True, "surname alone"),
            ],
        ),
        (
            "Biden",
            {"Joe Biden": 9, "Biden": 4, "Jill Biden": 2, "Joseph R. Biden": 1},
            [
                Name("Joe Biden", 9, True, "the fullest spelling"),
                Name("Biden", 4, True, "surname alone"),
                Name("Jill Biden", 2, False, "another first name"),
                Name("Joseph R. Biden", 1, False, "another first name"),
            ],
        ),
        (
            "Jill Biden",
            {"Joe Biden": 9, "Biden": 4, "Jill Biden": 2},
            [
                Name("Jill Biden", 2, True, "the fullest spelling"),
                Name("Biden", 4, False, "it fits somebody who is quoted more"),
            ],
        ),
        ("Hunter Biden", {"Joe Biden": 9, "Biden": 4}, []),
        ("Hunter Biden", {"Biden": 4}, [Name("Biden", 4, True, "surname alone")]),
        (
            "Ursula von der Leyen",
            {"Ursula von der Leyen": 3, "Ursula Leyen": 1},
            [
                Name("Ursula von der Leyen", 3, True, "the fullest spelling"),
                Name("Ursula Leyen", 1, True, "same surname and first name"),
            ],
        ),
        (
            "Boris",
            {"Boris Johnson": 3, "Boris Yeltsin": 2},
            [
                Name("Boris Johnson", 3, True, "the fullest spelling"),
                Name("Boris Yeltsin", 2, False, "another surname"),
            ],
        ),
        ("the foreign minister", {"Sergei Lavrov": 5}, []),
    ],
)
def test_it_is_told_which_names_were_taken_for_one_person_and_why(
    asked: str, known: dict[str, int], meant: list[Name]
) -> None:
    assert names_meant(asked, known) == meant
