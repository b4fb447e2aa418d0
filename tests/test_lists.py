"""Questions for several things are recognised, and answered with the items that the sentences give, each once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pages import article

from qa import Answer, Library, Statement, open_library
from qa.lists import as_question, items_asked_for, with_items
from qa.questions import parse_question


def listed(question: str, *said: str) -> tuple[tuple[str, ...], str | None, str | None, list[str]]:
    """Return items, short answer, summary and sentences, where each article is a sentence, what was read in brackets.

    The first is what the reader thinks likeliest.
    """
    statements = []
    for number, marked in enumerate(said):
        text = marked.replace("[", "").replace("]", "")
        span = (marked.index("["), marked.index("]") - 1) if "[" in marked else None
        of = article(text, id=str(number), published=date(2024, 3, number + 1))
        statements.append(Statement(of, 0, len(text), 0.9, span=span))
    asked = parse_question(as_question(question))
    of_what = items_asked_for(asked)
    assert of_what is not None
    answer = Answer(question, tuple(statements[:1]), (), None, 0.9, "what was read")
    found = with_items(asked, of_what, answer, statements)
    for statement in found.statements:
        assert all(item in " ".join(s.text for s in found.statements) for item in found.items)
        assert statement.span is None or statement.start <= statement.span[0] < statement.span[1] <= statement.end
    return found.items, found.short, found.refusal or found.summary, [s.text for s in found.statements]


@pytest.mark.parametrize(
    ("question", "noun", "label"),
    [
        ("which towns were flooded?", "town", "GPE"),
        ("In which countries were schools closed?", "countr", "GPE"),
        ("In which countries is the group advancing?", "countr", "GPE"),
        ("Which countries has the group captured?", "countr", "GPE"),
        ("WHICH TOWNS WERE FLOODED", "town", "GPE"),
        ("Which states backed the rebels?", "state", "GPE"),
        ("what companies did the regulator fine?", "compan", "ORG"),
        ("Which of the banks were fined?", "bank", "ORG"),
        ("who are the candidates for mayor?", "candid", "PERSON"),
        ("Who were the victims?", "victim", "PERSON"),
        ("Which two political parties lost seats?", "parti", "ORG"),
        ("What crops did the flood destroy?", "crop", ""),
        ("who were arrested?", "", ""),
        ("name the ministers who resigned", "minist", "PERSON"),
        ("Please list all the companies that were fined.", "compan", "ORG"),
    ],
)
def test_a_question_for_several_things_is_recognised(question: str, noun: str, label: str) -> None:
    asked = items_asked_for(parse_question(as_question(question)))
    assert asked is not None
    assert (asked.noun, asked.label) == (noun, label)


@pytest.mark.parametrize(
    "question",
    [
        "Which town was flooded?",
        "Which social media platform banned adverts?",
        "Which of the towns was flooded first?",
        "Which of these towns were flooded?",
        "Which of the following towns has a harbour?",
        "Which articles mention the dam?",
        "Who said that the dam was dead?",
        "What did the ministers say about the dam?",
        "What causes floods?",
        "Who is the mayor?",
        "Who are the Greens?",
        "Which men's team won?",
        "When were the towns flooded?",
        "How many towns were flooded?",
        "Were the towns flooded?",
        "which towns",
        "what ?",
        "WHİCH towns were flooded?",
        "and which are",
    ],
)
def test_what_asks_for_one_thing_or_has_a_form_of_its_own_is_no_list(question: str) -> None:
    assert items_asked_for(parse_question(as_question(question))) is None


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("name the ministers who resigned", "which ministers resigned?"),
        ("List all the companies that were fined.", "which companies were fined?"),
        ("list the towns in which the debates will be held", "in which towns will the debates be held?"),
        ("Name the mayor of Lindau", "Name the mayor of Lindau"),
        ("Tell me about the towns", "Tell me about the towns"),
    ],
)
def test_a_list_that_is_ordered_is_asked_for_as_a_question(told: str, asked: str) -> None:
    assert as_question(told) == asked


def test_items_of_all_sentences_that_answer_are_told_once_with_their_articles_counted() -> None:
    assert listed(
        "Which towns were flooded?",
        "The river flooded [Harby], Castle Orrin and Merebridge on Sunday.",
        "The town of Oakford was flooded on Tuesday.",
        "Harby was flooded for the second time, said the mayor of the town.",
    ) == (
        ("Harby", "Castle Orrin", "Merebridge", "Oakford"),
        None,
        "3 articles name 4: Harby, Castle Orrin, Merebridge and Oakford.",
        [
            "The river flooded Harby, Castle Orrin and Merebridge on Sunday.",
            "The town of Oakford was flooded on Tuesday.",
            "Harby was flooded for the second time, said the mayor of the town.",
        ],
    )


@pytest.mark.parametrize(
    "other",
    [
        "The towns of Stonebury and Quarne stayed dry.",
        "The town of Stonebury was not flooded.",
        "The town of Stonebury would be flooded next, said the mayor.",
        "The village of Sallow was flooded, the town council said.",
        "If Stonebury is flooded, the town will be left.",
        "The town council of Stonebury flooded the ministry with letters.",
        "A wave flooded the market of the town.",
    ],
)
def test_no_sentence_that_says_something_else_pads_the_list(other: str) -> None:
    items, _, told, statements = listed("Which towns were flooded?", "The river flooded [Harby and Quarne].", other)
    assert items == ("Harby", "Quarne")
    assert told == "One article names 2: Harby and Quarne."
    assert statements == ["The river flooded Harby and Quarne."]


@pytest.mark.parametrize(
    ("question", "sentence", "items"),
    [
        (
            "What companies did the regulator fine?",
            "The regulator fined [Alder Mills] 8 million euros.",
            ["Alder Mills"],
        ),
        ("Which companies were fined?", "[The regulator] fined Corvane and Alder Mills.", ["Corvane", "Alder Mills"]),
        ("Which companies were fined?", "They said Corvane, which was [fined] in May, had closed.", ["Corvane"]),
        (
            "Which ministers resigned?",
            "Minister [Paul Renner] and Olga Tessen resigned.",
            ["Paul Renner", "Olga Tessen"],
        ),
        (
            "Which villages were evacuated?",
            "[Three villages were evacuated]: Nether Tolly, Birk and Sallow.",
            ["Nether Tolly", "Birk", "Sallow"],
        ),
        (
            "Which bridges did the flood sweep away?",
            "The flood swept away two bridges, the [Weir Bridge] in Harby and the Old Tollgate.",
            ["the Weir Bridge", "the Old Tollgate"],
        ),
        (
            "What crops did the flood destroy?",
            "The flood destroyed [wheat] and winter barley.",
            ["wheat", "winter barley"],
        ),
        (
            "Who are the candidates?",
            "The candidates are [Ada Quist], Milo Strand and Jonas Falk, the mayor.",
            ["Ada Quist", "Milo Strand", "Jonas Falk"],
        ),
        (
            "Which towns did trains run between?",
            "Trains between [Lindau] and Bregenz ran slowly.",
            ["Lindau", "Bregenz"],
        ),
        (
            "Which firms kept their gates closed?",
            "The court fined [Wend Power and Alder Mills] because they had kept their gates closed.",
            ["Wend Power", "Alder Mills"],
        ),
        ("Which leaders met Ann Lee?", "[Ann Lee] and Tom Ashe met in Rome.", ["Tom Ashe"]),
    ],
)
def test_an_item_has_the_part_in_its_clause_that_is_asked_for(question: str, sentence: str, items: list[str]) -> None:
    assert list(listed(question, sentence)[0]) == items


def test_one_item_is_the_short_answer_and_agreeing_sources_are_cited_together() -> None:
    assert listed(
        "Which companies were fined?", "The court fined [Corvane].", "The company Corvane was fined in May."
    ) == (
        ("Corvane",),
        "Corvane",
        "2 articles say so.",
        ["The court fined Corvane.", "The company Corvane was fined in May."],
    )


def test_a_surname_and_the_full_name_are_one_item() -> None:
    items, *_ = listed(
        "Which ministers resigned?",
        "[Renner] resigned on Monday.",
        "The ministers Paul Renner and Olga Tessen resigned.",
    )
    assert items == ("Paul Renner", "Olga Tessen")


def test_where_no_name_of_what_is_asked_for_is_given_the_articles_do_not_say() -> None:
    items, _, told, statements = listed("Which towns were flooded?", '"[Mayors] come and go, and so do floods."')
    assert (items, statements) == ((), [])
    assert told == "The articles do not say which: nothing in them answers this question."


def test_items_are_slices_of_sentences_that_run_over_lines() -> None:
    items, *_ = listed("Which towns were flooded?", "The river flooded [Castle\n  Orrin and\nHarby] on Sunday.")
    assert items == ("Castle\n  Orrin", "Harby")


@pytest.fixture(scope="module")
def floods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = Path(__file__).parent / "dialogues" / "floods"
    with open_library(folder, index=tmp_path_factory.mktemp("index")) as library:
        yield library


@pytest.mark.model
def test_a_list_is_answered_from_all_articles_and_a_follow_up_asks_for_what_was_not_named(floods: Library) -> None:
    towns = floods.ask("Which towns were flooded?")
    assert towns.summary == "2 articles name 4: Harby, Castle Orrin, Merebridge and Oakford."
    assert [s.article.path for s in towns.statements] == ["wend-floods.md", "oakford-under-water.md"]
    villages = floods.ask("and which villages?", history=[towns])
    assert (villages.understood, villages.items, villages.short) == (
        "which villages were flooded?",
        ("Reed End",),
        "Reed End",
    )
    banks = floods.ask("Which banks were robbed?")
    assert (banks.items, banks.refusal) == ((), "The articles do not say which: nothing in them answers this question.")


@pytest.mark.model
def test_an_ordered_list_is_understood_as_a_question(floods: Library) -> None:
    answer = floods.ask("name the ministers who resigned")
    assert answer.understood == "which ministers resigned?"
    assert answer.items == ("Paul Renner", "Olga Tessen", "Karl Oster")
