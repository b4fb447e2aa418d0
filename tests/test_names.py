"""Which spellings of a name are one person's, and why."""

from __future__ import annotations

import random

import pytest

from qa.names import (
    Name,
    Speaker,
    initials,
    is_name,
    matching_speakers,
    name_words,
    names_meant,
    role_of,
    short_for,
    speakers_of,
)

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


@pytest.mark.parametrize(
    ("asked", "known", "meant"),
    [
        ("Harris", {"Kamala Harris": 3, "Prince Harry": 9, "Harry": 2}, ["Kamala Harris"]),
        ("Cooper", {"Roy Cooper": 9, "Christopher R. Cooper": 1}, ["Roy Cooper"]),
        ("Lavrov", {"Sergei Lavrov": 2, "a spokesman for Sergei Lavrov": 9, "Lavrov's lawyer": 9}, ["Sergei Lavrov"]),
        ("Justice Department", {"Justice Department": 3, "Labor Department": 9}, ["Justice Department"]),
        (
            "Ohio Department of Health",
            {"Ohio Department of Health": 1, "Iowa Department of Health": 9},
            ["Ohio Department of Health"],
        ),
        ("the Times", {"New York Times": 3, "Times": 1}, ["New York Times", "Times"]),
        ("Donald Trump Jr.", {"Donald Trump Jr.": 1, "Donald Trump": 9, "Chris Rock Jr.": 5}, ["Donald Trump Jr."]),
        ("Trumka", {"Rich Trumka Jr.": 2, "Trumka Smith": 9}, ["Rich Trumka Jr."]),
        ("Rich Trumka", {"Rich Trumka Jr.": 2}, []),
        ("Trump", {"Donald Trump Jr.": 9, "Donald Trump": 1}, ["Donald Trump"]),
        ("scientists", {"scientists": 3, "Scientists": 1}, ["scientists", "Scientists"]),
    ],
)
def test_whoever_is_named_otherwise_is_somebody_else(asked: str, known: dict[str, int], meant: list[str]) -> None:
    assert matching_speakers(asked, known) == meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sen. Joe Manchin of West Virginia", ("joe", "manchin")),
        ("President Erdoğan's", ("erdogan",)),
        ("the State Department", ("state", "department")),
        ("Bank of America", ("bank", "of", "america")),
        ("William Walter Scott III", ("william", "walter", "scott iii")),
        ("the President", ()),
    ],
)
def test_a_name_has_these_words(text: str, expected: tuple[str, ...]) -> None:
    assert name_words(text) == expected


@pytest.mark.parametrize(
    ("speaker", "named"),
    [
        ("Ann Lee", True),
        ("Ursula von der Leyen", True),
        ("Will Smith", True),
        ("the White House", True),
        ("CDC", True),
        ("iRobot", True),
        ("officials", False),
        ("Officials", False),
        ("Some", False),
        ("Some Democrats", False),
        ("State Officials", False),
        ("The company", False),
        ("Company", False),
        ("the President", False),
        ("President", False),
        ("the spokesman", False),
        ("Monday", False),
        ("He", False),
        ("13 Democrats", False),
        ("a statement from the CDC", False),
        ("Ann Lee's lawyer", False),
        ("", False),
        ("the", False),
    ],
)
def test_a_name_is_told_from_a_description(speaker: str, named: bool) -> None:
    assert is_name(speaker, {"officials": 3, "the company": 2, speaker: 1} if not named else {speaker: 1}) is named


def test_speakers_are_those_who_are_named_most_quotes_first() -> None:
    known = {
        "officials": 30,
        "Sergei Lavrov": 5,
        "Ann Lee": 3,
        "CDC": 3,
        "Lavrov": 2,
        "Images Sergei Lavrov": 1,
        "S. Lavrov": 1,
        "the president": 1,
        "Officials": 1,
        "Lavrov's lawyer": 1,
        "Monday": 1,
    }
    assert speakers_of(known) == [
        Speaker("Sergei Lavrov", 9, ("Sergei Lavrov", "Images Sergei Lavrov", "S. Lavrov", "Lavrov")),
        Speaker("Ann Lee", 3, ("Ann Lee",)),
        Speaker("CDC", 3, ("CDC",)),
    ]
    assert speakers_of({}) == []


def test_a_speaker_is_whom_his_name_means() -> None:
    rng = random.Random(3)
    first = "Ann Anne Anna A. Joe Joseph J. Jill Sergei Sergey S. Christopher Images Boris Ann-Marie".split()
    middle = ["", "", "", "R.", "J.", "Ann", "Joe"]
    last = "Lee Cooper Lavrov Biden Department Court Times".split()
    checked = 0
    for _ in range(300):
        known: dict[str, int] = {}
        for _ in range(rng.randrange(1, 25)):
            surname, title = rng.choice(last), rng.choice(["", "", "Sen.", "President", "the"])
            alone = rng.random() < 0.2
            parts = [title, *([] if alone else [rng.choice(first), rng.choice(middle)]), surname]
            ends = rng.choice(["", "", "", " of Ohio", " Jr.", " and Ann Lee", "'s lawyer"])
            known[" ".join(filter(None, parts)) + ends] = rng.randrange(1, 40)
        speakers = speakers_of(known)
        for speaker in speakers:
            assert set(matching_speakers(speaker.name, known)) == set(speaker.spellings), (speaker, known)
            assert speaker.name == speaker.spellings[0]
            assert speaker.quotes == sum(known[spelling] for spelling in speaker.spellings)
            checked += len(speaker.spellings) > 1
        spellings = [spelling for speaker in speakers for spelling in speaker.spellings]
        assert sorted(spellings) == sorted(name for name in known if is_name(name, known))
    assert checked > 200


@pytest.mark.parametrize(
    ("name", "letters"),
    [("the WHO", "WHO"), ("U.N.", "UN"), ("FBI", "FBI"), ("Who", None), ("the who", None), ("Kohl", None), ("A", None)],
)
def test_letters_stand_for_a_longer_name(name: str, letters: str | None) -> None:
    assert short_for(name) == letters


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("World Health Organization", "WHO"),
        ("the United Nations", "UN"),
        ("Centers for Disease Control", "CDC"),
        ("Will Henry Owens", None),
        ("Council", None),
    ],
)
def test_an_organisation_has_initials(name: str, letters: str | None) -> None:
    assert initials(name) == letters


def test_a_town_is_its_name() -> None:
    known = {"The town of Lindmere": 2, "Lindmere": 1, "the mayor of Lindmere": 1}
    assert [name.spelling for name in names_meant("Lindmere", known) if name.same] == [
        "The town of Lindmere",
        "Lindmere",
    ]
    assert [name.spelling for name in names_meant("the town of Lindmere", known)] == [
        "The town of Lindmere",
        "Lindmere",
    ]
