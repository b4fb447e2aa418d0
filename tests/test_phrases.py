"""The names and things of a question, of which a pronoun may be one."""

from __future__ import annotations

import pytest

from qa.phrases import is_plural, things_in


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("why did work on the dam stop in June?", ["the dam", "June"]),
        ("why did the old bridge in Varde close?", ["the old bridge", "Varde"]),
        ("where did the talks take place?", ["the talks"]),
        ("was the new bridge built in Varde?", ["the new bridge", "Varde"]),
        ("is the dam safe?", ["the dam"]),
        ("where is the Corvane plant?", ["the Corvane plant"]),
        ("did the villagers of Pell go to court?", ["the villagers of Pell"]),
        ("how many were killed by the flood of 2009?", ["the flood of 2009"]),
        ("when had the valve last been replaced?", ["the valve"]),
        ("who runs the last train to Varde?", ["the last train", "Varde"]),
        ("did Greenwater count dead fish?", ["Greenwater"]),
        ("What did Berg's plan cost?", ["Berg"]),
        ("when?", []),
    ],
)
def test_a_thing_ends_before_the_verb(question: str, words: list[str]) -> None:
    assert [thing.words for thing in things_in(question)] == words
    assert all(question[thing.start : thing.end] == thing.words for thing in things_in(question))


def test_a_plural_is_told_by_its_form() -> None:
    several = ["the trains", "the people", "the villagers of Pell", "the bus", "the dam of the Alders"]
    assert [is_plural(phrase) for phrase in several] == [True, True, True, False, False]
