"""Comparisons, changes, lists, the latest and summaries: each is recognised, and answered in its own form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Library
from qa.forms import form_of

QUOTED = {"hale", "berg", "the u.s.", "russia", "marks and spencer", "the foreign office", "ann lee", "lavrov"}


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    for file in folder.iterdir():
        file.unlink()
    (folder / "old.md").write_text(
        "---\ntitle: The dam opens\nsource: Gazette\ndate: 2023-05-03\n---\n\n"
        "The dam at Lindau opened on Monday after four years of building.\n\n"
        '"The dam is safe and it will stay safe," said Peter Holm. Maria Lopez said the dam was a danger to all.\n'
    )
    (folder / "new.md").write_text(
        "---\ntitle: The dam leaks\nsource: Herald\ndate: 2024-06-04\n---\n\n"
        "Water runs through the dam at Lindau since the storm of Sunday.\n\n"
        "Peter Holm said the dam had never been safe.\n"
    )
    (folder / "tram.md").write_text(
        '---\ntitle: Tram\nsource: Herald\ndate: 2024-05-04\n---\n\n"The tram is late," said Jon Moe, a driver.\n'
    )
    return make_library()


@pytest.mark.parametrize(
    ("question", "kind", "speakers", "topic"),
    [
        ("What do Russia and the U.S. say about Assad?", "comparison", ("Russia", "the U.S."), "Assad"),
        ("Compare what Hale and Berg said about the dam", "comparison", ("Hale", "Berg"), "the dam"),
        ("How do Hale and Ann Lee differ on the dam?", "comparison", ("Hale", "Ann Lee"), "the dam"),
        ("Hale vs. Berg on the fine", "comparison", ("Hale", "Berg"), "the fine"),
        ("What do Hale, Berg and Ann Lee say about it?", "comparison", ("Hale", "Berg", "Ann Lee"), "it"),
        ("How do Marks and Spencer and Hale differ on tax?", "comparison", ("Marks and Spencer", "Hale"), "tax"),
        ("Did Lavrov change his view on Assad?", "change", ("Lavrov",), "Assad"),
        ("Has Lavrov's position on Assad changed?", "change", ("Lavrov",), "Assad"),
        ("how did Berg's view of the dam change over time?", "change", ("Berg",), "the dam"),
        ("Who spoke about the valve?", "list", (), "the valve"),
        ("What is the latest on the strike?", "latest", (), "the strike"),
        ("what is new about the strike", "latest", (), "the strike"),
        ("What is the latest on the strike now?", "latest", (), "the strike"),
        ("the newest from Hale", "latest", ("Hale",), None),
        ("Please summarise the article about the spill", "summary", (), "the article about the spill"),
        ("Give me an overview of the strike", "summary", (), "the strike"),
        ("What is the main threat according to Lavrov?", "according", ("Lavrov",), "the main threat"),
        ("According to Dr. Ann Lee, how many fell ill?", "according", ("Dr. Ann Lee",), "how many fell ill"),
        ("Who is at risk, in the view of the U.S.?", "according", ("the U.S",), "at risk"),
        ("In Lavrov's opinion, how long would the war last?", "according", ("Lavrov",), "how long would the war last"),
        ("Did Hale resign according to Berg?", "according", ("Berg",), "Hale resign"),
    ],
)
def test_a_form_is_recognised_with_whom_and_what_it_is_about(
    question: str, kind: str, speakers: tuple[str, ...], topic: str | None
) -> None:
    form = form_of(question, *[lambda name: name.lower() in QUOTED] * 2)
    assert form is not None
    assert (form.kind, form.speakers, form.topic) == (kind, speakers, topic)


@pytest.mark.parametrize(
    "question",
    [
        "What did Hale say about the dam?",
        "What did Marks and Spencer say about tax?",
        "What did the actor and the singer say about tax?",
        "Did the government change the law on tax?",
        "Who else spoke about the valve?",
        "Who won the last war?",
        "What is the capital of France?",
        "How do vaccines and drugs differ?",
    ],
)
def test_plain_questions_have_no_form_of_their_own(question: str) -> None:
    assert form_of(question, *[lambda name: name.lower() in QUOTED] * 2) is None


def test_a_list_of_a_kind_holds_those_whom_the_articles_call_so(town: Library, folder: Path) -> None:
    (folder / "group.md").write_text(
        "---\ntitle: Salmon\ndate: 2024-05-09\n---\n\nGreenwater, a campaign group, said the dam kills salmon. "
        "Peter Holm, an engineer, said the dam was old.\n\nThe fair was closed.\n"
    )
    town.refresh()
    assert town.ask("Which groups spoke about the dam?").parts == (("Greenwater", 1),)
    assert town.ask("Which engineers spoke about the dam?").parts == (("Peter Holm", 2),)
    assert town.ask("Which towns spoke about the dam?").parts == ()


def test_each_side_of_a_comparison_stands_under_its_name(town: Library) -> None:
    answer = town.ask("What do Maria Lopez and Jon Moe say about the dam?")
    assert answer.parts == (("Maria Lopez", 1), ("Jon Moe: no statement about the dam", 0))
    assert answer.summary == "1 statement by Maria Lopez; none by Jon Moe about the dam"
    assert [statement.text for statement in answer.statements] == ["Maria Lopez said the dam was a danger to all."]
    assert town.ask("What do Lopez and Holm say about the dam?").names == ()
    refused = town.ask("How do Maria Lopez and Jon Moe differ on football?")
    assert refused.refusal == (
        "The articles do not say: no statement by Maria Lopez or Jon Moe about football is in them."
    )


def test_a_change_is_told_by_the_statements_from_the_oldest_on(town: Library) -> None:
    answer = town.ask("Did Peter Holm change his view on the dam?")
    assert [str(statement.article.published) for statement in answer.statements] == ["2023-05-03", "2024-06-04"]
    assert answer.summary == (
        "2 statements by Peter Holm about the dam, from 3 May 2023 to 4 June 2024, the oldest first: "
        "whether that is a change is for you to judge"
    )
    assert answer.verdict is None


def test_a_list_names_each_who_speaks_once(town: Library) -> None:
    answer = town.ask("Who spoke about the dam?")
    assert sorted(answer.parts) == [("Maria Lopez", 1), ("Peter Holm", 2)]
    assert answer.refusal is None
    assert town.ask("Which people spoke about the tram?").parts == (("Jon Moe", 1),)


def test_what_is_so_according_to_one_is_in_their_words_alone(town: Library, folder: Path) -> None:
    (folder / "hurt.md").write_text(
        "---\ntitle: The storm\ndate: 2024-06-05\n---\n\nThe storm at Lindau hurt 12 people, Peter Holm said. "
        "The storm at Lindau hurt 19 people, Maria Lopez said.\n"
    )
    town.refresh()
    for name, count in (("Peter Holm", "12"), ("Maria Lopez", "19")):
        answer = town.ask(f"How many people did the storm at Lindau hurt according to {name}?")
        assert [(s.speaker, s.text) for s in answer.statements] == [
            (name, f"The storm at Lindau hurt {count} people, {name} said.")
        ]
        assert answer.summary == f"According to {name}"
    other = town.ask("According to Maria Lopez, was the tram late?")
    assert other.refusal is not None
    assert other.statements == ()


def test_who_is_not_quoted_is_told_of(town: Library) -> None:
    answer = town.ask("When did the dam open at Lindau after years of building, according to Jane Roe?")
    assert [statement.text for statement in answer.statements][:1] == [
        "The dam at Lindau opened on Monday after four years of building."
    ]
    assert answer.summary == "No statement by Jane Roe was found: this is what the articles say."
    assert town.ask("When did the dam open at Lindau after years of building, according to a report?").summary is None


@pytest.mark.model
def test_the_words_of_others_never_stand_for_those_of_one(seeds: Library) -> None:
    answer = seeds.ask("What is the main threat according to Lavrov?")
    assert {statement.speaker for statement in answer.statements} == {"Sergei Lavrov"}
    assert all("threat" in s.text or "important" in s.text for s in answer.statements)
    assert answer.short == "terrorism" and "threat of terrorism" in answer.statements[0].text
    answer = seeds.ask("According to Damascus, what must strikes be coordinated with?")
    assert [(s.speaker, s.text.split(",")[0][:13]) for s in answer.statements] == [("Damascus", "Damascus said")]
    refused = seeds.ask("When was Foley abducted according to Lavrov?")
    assert refused.refusal == "The articles do not say: none of Sergei Lavrov's statements is on that."
    assert refused.instead == ("What did Sergei Lavrov say?",)


def test_the_latest_comes_first_with_its_date(town: Library) -> None:
    answer = town.ask("What is the latest on the dam?", today="2024-06-10")
    days = [str(statement.article.published) for statement in answer.statements]
    assert days == sorted(days, reverse=True)
    assert days[0] == "2024-06-04"
    assert (answer.summary or "").endswith("the newest article on the dam here is of 2024-06-04")


def test_a_summary_is_of_sentences_in_their_order(town: Library) -> None:
    answer = town.ask('Summarise the article "The dam leaks"')
    assert {statement.article.path for statement in answer.statements} == {"new.md"}
    assert [statement.start for statement in answer.statements] == sorted(s.start for s in answer.statements)
    of_both = town.ask("Give me an overview of the dam")
    assert of_both.summary == "Sentences about the dam of 2 articles, the oldest first"
    assert all(statement.text in statement.article.text for statement in of_both.statements)
    assert town.ask("Summarise football").refusal is not None
