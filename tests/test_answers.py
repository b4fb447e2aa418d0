"""Answers are the articles' own sentences, and where there is none, the answer says so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from conftest import SEED, WordEncoder

from embeddings import SpanScores
from qa import Answer, Library, ask, open_library
from qa.answers import THRESHOLD, THRESHOLDS, ReadingAnswerer, SentenceAnswerer, Statement, _also_said, _Candidate
from qa.articles import parse_article
from qa.embedded import EmbeddedStore
from qa.passages import Passage
from qa.reader import SpanReader

TEXT = SEED.read_bytes().decode()


def test_an_answer_is_a_sentence_with_its_score_worked_out_by_hand(make_library: Callable[[], Library]) -> None:
    answer = make_library().ask("the spring fair opened")
    (statement,) = answer.statements
    assert statement.text == "The spring fair opened on Friday."
    assert statement.article.text[statement.start : statement.end] == statement.text
    # 4 of the sentence's 6 words: cosine 4 / sqrt(4 * 6) for sentence and passage; all content words own and near.
    assert statement.score == pytest.approx((1.5 * 0.81650 + 0.6) / 2.1, abs=1e-4)
    assert answer.confidence == pytest.approx(1 / (1 + 0.7 / 0.3 * math.exp(-20 * (statement.score - 0.56))))
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
    assert 0 <= answer.confidence < THRESHOLD


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


class WordScorer:
    """Gives each word the odds that it alone answers: those that are named, or -20."""

    def __init__(self, odds: Mapping[str, float]) -> None:
        self._odds = odds

    def scores(self, question: str, texts: Sequence[str]) -> list[SpanScores]:
        found = []
        for text in texts:
            words = list(re.finditer(r"[\w-]+", text))
            halves = np.array([self._odds.get(word[0], -20.0) / 2 for word in words], np.float32)
            found.append(SpanScores([word.span() for word in words], halves, halves - 0.01, 0.0))
        return found


@pytest.fixture
def answered(tmp_path: Path, folder: Path, encoder: WordEncoder, opened: ExitStack) -> Callable[..., Answer]:
    """Return a function that asks a question of the two articles, with a reader to which words have the given odds."""

    def answer(question: str, odds: Mapping[str, float], **settings: bool) -> Answer:
        answerer = ReadingAnswerer(SpanReader(WordScorer(odds)), SentenceAnswerer(encoder), **settings)  # type: ignore[arg-type]
        library = Library(folder, EmbeddedStore(tmp_path / "reading"), encoder, answerer)
        opened.enter_context(library).refresh()
        return library.ask(question)

    return answer


def test_the_words_that_answer_are_marked_in_their_sentence(answered: Callable[..., Answer]) -> None:
    answer = answered("When did the spring fair open?", {"Friday": 12})
    assert answer.short == "Friday"
    assert answer.refusal is None
    statement = answer.statements[0]
    assert statement.text == "The spring fair opened on Friday."
    start, end = statement.span or (0, 0)
    assert statement.article.text[start:end] == "Friday"
    assert statement.as_dict()["span"] == (start, end)
    assert THRESHOLD <= answer.confidence <= 1


def test_where_an_article_was_written_answers_nothing_but_where(answered: Callable[..., Answer], folder: Path) -> None:
    (folder / "dateline.txt").write_text("OSLO — The mill closed, and Berg left the town for good.\n")
    odds = {"OSLO": 14, "Berg": 12}
    assert answered("Who left the town when the mill closed?", odds).short == "Berg"
    assert answered("Where was it that the mill closed?", odds).short == "OSLO"


def test_an_age_is_marked_as_a_number(answered: Callable[..., Answer], folder: Path) -> None:
    (folder / "keeper.txt").write_text("The lighthouse keeper is a 36-year-old sailor.\n")
    answer = answered("How old is the lighthouse keeper?", {"36-year-old": 12})
    assert answer.short == "36"
    assert answer.statements[0].article.text[slice(*answer.statements[0].span or ())] == "36"
    assert answered("Who is the lighthouse keeper?", {"36-year-old": 12}).short == "36-year-old"


def test_what_the_reader_does_not_find_is_refused_by_what_was_asked_for(answered: Callable[..., Answer]) -> None:
    for question, refusal in (
        ("When did the spring fair open?", "The articles do not say when: nothing in them answers this question."),
        ("How many  people came?", "The articles do not say how many: nothing in them answers this question."),
        ("Who won?", "The articles do not say who: nothing in them answers this question."),
    ):
        answer = answered(question, {"Friday": -15, "Ilse": -15})
        assert (answer.refusal, answer.short, answer.statements) == (refusal, None, ())
        assert answer.confidence < THRESHOLD


def test_what_several_articles_say_outweighs_what_one_says(answered: Callable[..., Answer], folder: Path) -> None:
    for number, day in enumerate(("Sunday", "Sunday", "Tuesday")):
        text = f"Reporter {number} wrote that the spring fair opened {'again ' * number}on {day}.\n"
        (folder / f"report{number}.txt").write_text(text)
    odds = {"Sunday": 12, "Tuesday": 13, "Friday": -20}
    assert answered("When did the spring fair open?", odds).short == "Sunday"
    assert answered("When did the spring fair open?", odds, agreement=False).short == "Tuesday"


def test_an_answer_counts_for_one_that_it_holds_or_is_held_by() -> None:
    shares = {" tom brady ": 0.3, " brady ": 0.2, " tom ": 0.1, " bradyville ": 0.4}
    assert _also_said(shares) == {
        " tom brady ": pytest.approx(0.3),
        " brady ": pytest.approx(0.3),
        " tom ": pytest.approx(0.3),
        " bradyville ": 0,
    }


@pytest.mark.parametrize(
    ("other", "agreement", "first"),
    [(0.44, True, "tom brady"), (0.46, True, "bradyville"), (0.31, False, "bradyville")],
)
def test_an_answer_is_chosen_with_half_of_what_says_more_or_less_and_believed_with_all_of_it(
    other: float, agreement: bool, first: str
) -> None:
    weights = {"tom brady": 0.3, "brady": 0.2, "tom": 0.1, "bradyville": other}
    article = parse_article("Brady won.", "a.txt")
    statement, passage = Statement(article, 0, 10, 0.0), Passage(article, 0, 10)
    read = [_Candidate(statement, passage, math.log(weight), said, f" {said} ", ()) for said, weight in weights.items()]
    answerer = ReadingAnswerer(SpanReader(WordScorer({})), SentenceAnswerer(WordEncoder()), agreement=agreement)
    candidate, share = answerer._likeliest(read)
    assert candidate.short == first
    assert share == pytest.approx((0.6 if first == "tom brady" else other) / (1 + 0.6 + other))
    assert answerer._likeliest(read, together=True)[1] == pytest.approx((0.6 + other) / (1 + 0.6 + other))


def test_caution_moves_the_threshold(folder: Path, tmp_path: Path) -> None:
    assert THRESHOLDS["eager"] < THRESHOLDS["balanced"] == THRESHOLD < THRESHOLDS["cautious"]
    with pytest.raises(ValueError, match="no caution 'brave': there are eager, balanced, cautious"):
        open_library(folder, index=tmp_path / "index", caution="brave")  # type: ignore[arg-type]


def test_a_sentence_of_nearly_the_same_words_is_not_shown_again(answered: Callable[..., Answer], folder: Path) -> None:
    (folder / "copy.txt").write_text("The fair opened on Friday, the spring fair.\n")
    answer = answered("When did the spring fair open?", {"Friday": 12})
    assert len(answer.statements) == 1


@pytest.mark.parametrize("question", ["Is the spring fair open on Friday?", "Tell me about the spring fair on Friday"])
def test_what_asks_for_no_short_answer_is_answered_with_sentences(
    question: str, answered: Callable[..., Answer]
) -> None:
    answer = answered(question, {"Friday": 12})
    assert answer.short is None
    assert [statement.text for statement in answer.statements] == ["The spring fair opened on Friday."]
    assert answer.statements[0].span is None


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
        ("Who won the World Cup?", "The articles do not say who: nothing in them answers this question."),
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
