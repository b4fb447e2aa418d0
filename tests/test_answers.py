"""Answers are the articles' own sentences, and where there is none, the answer says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import SEED

from qa import Library, ask
from qa.answers import FLOOR

TEXT = SEED.read_bytes().decode()


def test_an_answer_is_a_sentence_with_its_score_worked_out_by_hand(make_library: Callable[[], Library]) -> None:
    answer = make_library().ask("the spring fair opened")
    (statement,) = answer.statements
    assert statement.text == "The spring fair opened on Friday."
    assert statement.article.text[statement.start : statement.end] == statement.text
    # 4 of the sentence's 6 words: cosine 4 / sqrt(4 * 6) for sentence and passage; all content words own and near.
    assert statement.score == pytest.approx((1.5 * 0.81650 + 0.6) / 2.1, abs=1e-4)
    assert answer.confidence == statement.score
    assert answer.refusal is None
    assert answer.as_dict()["statements"][0]["article"] == {
        "id": statement.article.id,
        "title": "Fair opens",
        "source": "Town Gazette",
        "path": "fair.md",
        "published": "2024-06-01",
        "url": None,
    }


@pytest.mark.parametrize(
    "question", ["", "  \n", "\u200b", "?", "how", "Что сказал Лавров?", "x" * 20_000, "\x00\x1b[31m"]
)
def test_whatever_is_asked_gets_an_answer_or_a_sentence(question: str, make_library: Callable[[], Library]) -> None:
    answer = make_library().ask(question)
    assert answer.statements == ()
    assert answer.refusal
    assert 0 <= answer.confidence < FLOOR


def test_the_same_sentence_is_not_shown_twice(make_library: Callable[[], Library], folder: object) -> None:
    for name in ("copy1.txt", "copy2.txt"):
        (folder / name).write_text("The spring fair opened on Friday.\n")  # type: ignore[operator]
    answer = make_library().ask("the spring fair opened")
    assert [statement.text for statement in answer.statements] == ["The spring fair opened on Friday."]


def test_filters_hold_for_answers(make_library: Callable[[], Library]) -> None:
    library = make_library()
    assert library.ask("the spring fair opened", source="Town Gazette").refusal is None
    assert library.ask("the spring fair opened", article="bridge.txt").refusal is not None
    assert (
        library.ask("the spring fair opened", source="x").refusal == "No article is left by these filters: widen them."
    )


@pytest.mark.model
def test_both_places_where_lavrov_speaks_of_al_qaida_are_shown(seeds: Library) -> None:
    answer = seeds.ask("what did Lavrov say about al-Qaida?")
    assert answer.refusal is None
    assert [(statement.start, statement.end) for statement in answer.statements] == [(597, 855), (1662, 1946)]
    assert [statement.text for statement in answer.statements] == [TEXT[597:855], TEXT[1662:1946]]
    assert "had made the same mistake with Islamic State as it had with al-Qaida" in TEXT[597:855]
    assert "the mujahideen who later created al-Qaida" in TEXT[1662:1946]
    assert all(statement.article.published.isoformat() == "2014-08-26" for statement in answer.statements)  # type: ignore[union-attr]


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        (
            "What did Lavrov say about football?",
            "The articles do not say: none of the 9 statements by Sergei Lavrov in them is about football.",
        ),
        ("Who won the World Cup?", "The articles do not say: nothing in them answers this question."),
        ("What did Putin say about NATO?", "The articles do not say: no statement by Putin is quoted in them."),
        ("What did Obama say about Islamic State?", None),
        ("How do I bake bread?", None),
        ("Что сказал Лавров?", None),
        ("x" * 20_000, None),
    ],
)
def test_what_the_articles_do_not_say_is_refused(seeds: Library, question: str, refusal: str | None) -> None:
    answer = seeds.ask(question)
    assert answer.statements == ()
    assert answer.refusal
    assert refusal in (None, answer.refusal)


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("When was James Foley abducted?", (275, 391)),
        ("What did Damascus say?", (2295, 2388)),
        ("How many air strikes has the U.S. conducted in Iraq?", (2124, 2293)),
        ("Who said the main threat is not Assad?", (2871, 3209)),
    ],
)
def test_the_sentence_that_answers_comes_first(seeds: Library, question: str, first: tuple[int, int]) -> None:
    statement = seeds.ask(question).statements[0]
    assert (statement.start, statement.end) == first


@pytest.mark.model
def test_navigation_is_not_answered_from(seeds: Library) -> None:
    for question in ("Islamic State an Ideological Threat to Russia, official warns", "see also", "original url"):
        for statement in seeds.ask(question).statements:
            assert "https://" not in statement.text
            assert "Ideological" not in statement.text


@pytest.mark.model
def test_ask_answers_from_the_articles_that_ship() -> None:
    assert "late 2012" in ask("When was James Foley abducted?").statements[0].text
