"""Who said what, across articles: all of a speaker's statements on a topic, and only that speaker's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Article, Library, Statement
from qa.articles import parse_article
from qa.quotes import extract_quotes
from qa.statements import _told_of, statement_span


def test_a_statement_is_the_whole_sentences_with_who_said_it() -> None:
    text = 'It rained. "The dam holds," said Peter Holm. "It will hold for years." Nobody else spoke.\n'
    spans = [statement_span(quote) for quote in extract_quotes(Article("a", "Dam", text))]
    assert [text[start:end] for start, end in spans] == [
        '"The dam holds," said Peter Holm.',
        '"It will hold for years."',
    ]


def test_a_head_and_a_heading_in_quote_marks_are_no_quotes() -> None:
    head, heading = '---\ntitle: "The dam is safe for now"\n---\n\n', '"We are all safe here"\n\n'
    text = f'{head}{heading}"It holds for years," said Peter Holm.\n'
    assert [quote.text for quote in extract_quotes(parse_article(text, "a.md"))] == ["It holds for years,"]


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    (folder / "dam.txt").write_text(
        "The dam is safe\n\nMay 3, 2024\n\n"
        '"The dam holds," said Peter Holm, an engineer. He added that the bridge was another matter.\n\n'
        'Maria Lopez said the dam was a danger. "The dam has to go," she said.\n'
    )
    (folder / "rail.txt").write_text('June 4, 2024\n\n"The dam is none of our business," said Maria Lopez.\n')
    return make_library()


def test_all_statements_of_a_speaker_on_a_topic_are_returned_and_counted(town: Library) -> None:
    answer = town.ask("What did Maria Lopez say about the dam?")
    assert [(s.article.path, s.text, s.speaker, s.kind) for s in answer.statements] == [
        ("dam.txt", "Maria Lopez said the dam was a danger.", "Maria Lopez", "indirect"),
        ("dam.txt", '"The dam has to go," she said.', "Maria Lopez", "direct"),
        ("rail.txt", '"The dam is none of our business," said Maria Lopez.', "Maria Lopez", "direct"),
    ]
    assert answer.summary == "3 statements by Maria Lopez about the dam, in 2 articles"


@pytest.mark.parametrize(
    ("title", "lead", "said", "score", "is_on"),
    [
        ("Dam is dead", "The town gives up.", "My sheep slept well.", 0.46, False),
        ("Dam is dead", "The town gives up.", "My sheep slept well.", 0.52, True),
        ("Salmon may return", "The town gives up.", "My sheep slept well.", 0.46, True),
        ("Dam is dead", "The salmon may return.", "My sheep slept well.", 0.46, True),
        ("Dam is dead", "The town gives up.", "Backing this view, Lee spoke for an hour.", 0.42, True),
        ("Dam is dead", "The town gives up.", "The salmon may return.", 0.42, True),
    ],
)
def test_what_has_no_word_of_the_topic_is_on_it_only_in_an_article_on_it(
    title: str, lead: str, said: str, score: float, is_on: bool
) -> None:
    text = f"{lead}\n\n{'It rained. ' * 50}\n\nThey spoke of the salmon.\n\n{said}\n"
    statement = Statement(Article("a", title, text), text.index(said, 500), text.index(said, 500) + len(said), score)
    assert _told_of("the salmon", [statement]) == ([statement] if is_on else [])


def test_without_a_topic_all_that_a_speaker_said_is_returned(town: Library) -> None:
    answer = town.ask("What did Peter Holm say?")
    assert [s.text for s in answer.statements] == [
        '"The dam holds," said Peter Holm, an engineer.',
        "He added that the bridge was another matter.",
    ]


@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        (
            "What did Anna Berg say about the dam?",
            "The articles do not say: no statement by Anna Berg is quoted in them. "
            "About the dam they quote Peter Holm, Maria Lopez.",
        ),
        (
            "What did Peter Holm say about football?",
            "The articles do not say: none of the 2 statements by Peter Holm in them is about football.",
        ),
        (
            "What did Ilse Kohl say about football?",
            "The articles do not say: the one statement by Ilse Kohl in them is not about football.",
        ),
        ("Who said that football was late?", "The articles do not say who: nothing in them answers this question."),
    ],
)
def test_a_wrong_speaker_and_a_wrong_topic_are_refused(town: Library, question: str, refusal: str) -> None:
    answer = town.ask(question)
    assert answer.statements == ()
    assert answer.refusal == refusal


def test_who_said_it_is_told_by_the_statement(town: Library) -> None:
    answer = town.ask("Who said that the dam has to go?")
    assert answer.short == "Maria Lopez"
    assert answer.statements[0].text == '"The dam has to go," she said.'


def test_quotes_are_listed_by_speaker_topic_kind_and_time(town: Library) -> None:
    def listed(**chosen: str) -> list[tuple[str, str]]:
        return [(quote.article.path, quote.text) for quote in town.quotes(**chosen)]

    assert len(town.quotes()) == 6
    assert listed(speaker="Lopez", kind="direct") == [
        ("dam.txt", "The dam has to go,"),
        ("rail.txt", "The dam is none of our business,"),
    ]
    assert listed(speaker="Maria Lopez", since="2024-06-01") == [("rail.txt", "The dam is none of our business,")]
    assert listed(speaker="Peter Holm", about="bridge") == [("dam.txt", "that the bridge was another matter")]
    assert listed(speaker="nobody") == []
    with pytest.raises(ValueError, match="kind is 'loud': it is direct, indirect or mixed"):
        town.quotes(kind="loud")
    with pytest.raises(TypeError, match="there is no filter 'sauce'"):
        town.quotes(sauce="x")  # type: ignore[call-arg]


def test_the_latest_come_first_where_they_are_asked_for(town: Library) -> None:
    answer = town.ask("What did Maria Lopez say most recently?")
    assert [statement.article.path for statement in answer.statements] == ["rail.txt", "dam.txt", "dam.txt"]
    assert answer.summary == "3 statements by Maria Lopez, in 2 articles, the newest first"


def test_statements_are_the_sentences_in_which_somebody_is_quoted_oldest_first(town: Library) -> None:
    said = [(statement.article.path, statement.text) for statement in town.statements("Lopez")]
    assert said == [
        ("dam.txt", "Maria Lopez said the dam was a danger."),
        ("dam.txt", '"The dam has to go," she said.'),
        ("rail.txt", '"The dam is none of our business," said Maria Lopez.'),
    ]
    asked = town.ask("What did Peter Holm say about the bridge?").statements
    assert [s.text for s in town.statements("Peter Holm", "the bridge")] == [s.text for s in asked] != []
    assert town.statements("nobody") == []


def test_statements_stand_in_the_order_of_time_and_those_without_a_date_last(
    make_library: Callable[[], Library], folder: Path
) -> None:
    for name, day in {"a": "", "b": "June 4, 2024\n\n", "c": "May 3, 2024\n\n", "d": "June 4, 2024\n\n"}.items():
        (folder / f"{name}.txt").write_text(f'{day}"The dam {name} holds for years," said Maria Lopez.\n')
    found = [statement.article.path for statement in make_library().statements("Maria Lopez")]
    assert found == ["c.txt", "b.txt", "d.txt", "a.txt"]


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "starts"),
    [
        ("what did Lavrov say about al-Qaida?", [597, 1662]),
        ("what did Lavrov say about Assad?", [393, 1662, 2608, 2735]),
        ("what did Damascus say?", [2295]),
        ("who said the main threat is not Assad?", [2871]),
        ("Who said that air strikes must be coordinated?", [2295]),
        ("Who said that terrorism is no threat?", []),
        ("Who said that Russia will bomb Islamic State?", []),
        ("what did Damascus say about air strikes in its statement?", [2295]),
        ("what did the Russian foreign minister say about terrorism?", None),
        ("what did Putin say about NATO?", []),
        ("what did Lavrov say about football?", []),
        ("what did Obama say about Islamic State?", []),
    ],
)
def test_the_seed_article_is_answered_as_a_careful_reader_would(
    seeds: Library, question: str, starts: list[int] | None
) -> None:
    statements = seeds.ask(question).statements
    if starts is None:
        assert 857 in [statement.start for statement in statements]
        assert {statement.speaker for statement in statements} == {"Sergei Lavrov"}
    else:
        assert [statement.start for statement in statements] == starts


@pytest.mark.model
def test_air_strikes_are_answered_from_what_lavrov_backed(seeds: Library) -> None:
    """He speaks of "plans to combat Islamic State" right after Damascus speaks of air strikes: context decides."""
    statements = seeds.ask("what did Lavrov say about air strikes?").statements
    assert 2390 in [statement.start for statement in statements]
    assert {statement.speaker for statement in statements} == {"Sergei Lavrov"}
