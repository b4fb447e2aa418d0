"""Questions about the articles as a whole are answered from the library itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Answer, Library


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    for file in folder.iterdir():
        file.unlink()
    (folder / "dam.md").write_text(
        "---\ntitle: The dam\nsource: Gazette\ndate: 2024-05-03\n---\n\n"
        '"The dam at Lindau holds," said Peter Holm. He added that the bridge was another matter.\n'
    )
    (folder / "rail.md").write_text(
        "---\ntitle: Trains stand still\nsource: Herald\ndate: 2024-06-04\n---\n\n"
        'It rained. "The DAM is none of our business," said Maria Lopez. "We wait," said Maria Lopez.\n'
    )
    (folder / "fair.md").write_text("---\ntitle: The fair\nsource: Gazette\n---\n\nMadam Moe opened the fair.\n")
    return make_library()


def test_how_many_articles_mention_a_word_is_counted_and_shown_newest_first(town: Library) -> None:
    answer = town.ask("How many articles mention the dam?")
    assert (answer.refusal, answer.summary) == (None, "2 of 3 articles mention dam.")
    assert [statement.text for statement in answer.statements] == [
        '"The DAM is none of our business," said Maria Lopez.',
        '"The dam at Lindau holds," said Peter Holm.',
    ]
    assert town.ask("in how many articles is Lindau mentioned").summary == "1 of 3 articles mentions Lindau."
    assert town.ask("In how many articles does the word Lindau occur?").summary == "1 of 3 articles mentions Lindau."
    assert town.ask("How many articles mention zebras?").summary == "0 of 3 articles mention zebras."
    assert town.ask("How many articles mention the dam?", source="Herald").summary == "1 of 1 article mentions dam."
    assert town.ask('How many articles mention "(a.*b"?').summary == "0 of 3 articles mention (a.*b."


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (
            "What articles do you have?",
            "There are 3 articles here, from Gazette (2), Herald (1), published from 2024-05-03 to 2024-06-04.",
        ),
        (
            "how many articles are there",
            "There are 3 articles here, from Gazette (2), Herald (1), published from 2024-05-03 to 2024-06-04.",
        ),
        ("Which newspapers are there?", "2 sources: Gazette (2), Herald (1)."),
        ("Who is quoted most?", "Quoted most: Maria Lopez (2), Peter Holm (2)."),
        (
            "Hello!",
            "Ask what somebody said, who, when, where or why: the answer is made of the articles\u2019 own sentences. "
            "There are 3 articles here, from Gazette (2), Herald (1), published from 2024-05-03 to 2024-06-04.",
        ),
    ],
)
def test_what_there_is_is_told_with_what_could_be_asked(town: Library, question: str, told: str) -> None:
    answer = town.ask(question)
    assert (answer.summary, answer.refusal, answer.statements) == (told, None, ())
    assert answer.instead == ("What did Maria Lopez say?", "What did Peter Holm say?")
    assert all(town.ask(could).refusal is None for could in answer.instead)
    assert Answer.from_dict(answer.as_dict(), town.article) == answer


@pytest.mark.parametrize(
    "question",
    ["What is in the dam?", "Hello Kitty was made by whom?", "How many people mention the dam?", "Who is Holm?"],
)
def test_other_questions_are_not_about_the_articles(town: Library, question: str) -> None:
    answer = town.ask(question)
    assert "articles here" not in (answer.summary or "") and "mention" not in (answer.summary or "")
