"""How likely statements are on a topic, and say what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qa import Article, Statement
from qa.judging import Weighed, judged_on_topic, saying_so
from qa.questions import parse_question
from qa.reader import Span, SpanReader


class Told(SpanReader):
    """Finds an answer with the log odds given for a sentence that stands in the text."""

    def __init__(self, odds: dict[str, float]) -> None:
        self._odds = odds

    def best(self, question: str, texts: Sequence[str]) -> list[Span | None]:
        found = [max((o for said, o in self._odds.items() if said in text), default=None) for text in texts]
        return [Span(0, 1, odds) if odds is not None else None for odds in found]


@pytest.mark.parametrize(
    ("own", "odds", "likely"),
    [
        ((0.6, 0.1), (2.0, -12.0), (True, False)),
        ((0.6, 0.55), (2.0, 1.0), (True, True)),
        ((0.1, 0.1), (-12.0, -12.0), (False, False)),
        ((0.3, 0.3), (-12.0, -12.0), (False, False)),
        ((0.3, 0.1), (0.0, -12.0), (True, False)),
        ((0.2, 0.1), (0.0, -12.0), (False, False)),
    ],
)
def test_a_speakers_statements_are_judged_beside_each_other(
    own: tuple[float, float], odds: tuple[float, float], likely: tuple[bool, bool]
) -> None:
    text = "Lee said it was red. " + "It rained. " * 40 + "Lee said it was blue."
    article = Article("a", "", text)
    spans = [(0, 20), (text.index("Lee said it was blue"), len(text))]
    weighed = [Weighed(Statement(article, *span, 0.3 + near / 4), near) for span, near in zip(spans, own, strict=True)]
    reader = Told({text[slice(*span)]: value for span, value in zip(spans, odds, strict=True)})
    judged = judged_on_topic(reader, "What did Lee say about the tide?", frozenset({"tide"}), weighed)
    assert tuple(value is not None for value in judged) == likely
    assert all(value is None or 0 < value < 1 for value in judged)


@pytest.mark.parametrize(("title", "is_on"), [("The tide", True), ("A walk", False)])
def test_what_is_said_in_an_article_of_that_title_may_lack_the_words(title: str, is_on: bool) -> None:
    text = "Lee said it was red."
    weighed = [Weighed(Statement(Article("a", title, text), 0, len(text), 0.4), 0.2)]
    judged = judged_on_topic(Told({text: 0.0}), "What did Lee say about the tide?", frozenset({"tide"}), weighed)
    assert (judged[0] is not None) == is_on


def test_what_goes_right_on_is_likelier_on_the_topic() -> None:
    text = "Lee said the tide was high. Lee said it was blue. " + "It rained. " * 40 + "Lee said it was old."
    article = Article("a", "", text)
    spans = [(0, 27), (28, 49), (text.index("Lee said it was old"), len(text))]
    weighed = [
        Weighed(Statement(article, *span, 0.6 if not n else 0.4), 0.6 if not n else 0.4) for n, span in enumerate(spans)
    ]
    judged = judged_on_topic(
        Told({"Lee said the tide was high.": 3.0, "Lee said": -1.0}), "?", frozenset({"tide"}), weighed
    )
    assert judged[1] is not None
    assert judged[2] is None


@pytest.mark.parametrize(
    ("near", "odds", "found"),
    [
        (0.8, -6.0, ["Lee said it would be late."]),  # in nearly its own words
        (0.55, -0.5, ["Lee said it would be late."]),  # in other words, but the reader finds Lee
        (0.55, -12.0, []),
        (0.2, -3.0, []),
    ],
)
def test_who_said_it_is_told_by_what_is_near_it_and_by_what_a_reader_finds(
    near: float, odds: float, found: list[str]
) -> None:
    text = "Lee said it would be late. It rained. Nobody knew when it would end."
    article = Article("a", "", text)
    weighed = [
        Weighed(Statement(article, 0, 26, 0.5, "Ann Lee"), near),
        Weighed(Statement(article, 38, len(text), 0.9), 0.9),  # by whom is not known, and it has not all of the words
    ]
    said = saying_so(Told({"Lee said": odds}), parse_question("Who predicted that it would be delayed?"), weighed)
    assert [statement.text for statement in said] == found
    assert all(0 < statement.score < 1 for statement in said)


@pytest.mark.parametrize(
    ("question", "text", "says_so"),
    [
        ("Who said that the dam is no danger?", "The dam is a danger to us all, Lee said.", False),
        ("Who said that the dam is no danger?", "The dam is not a danger to anyone, Lee said.", True),
        ("Who said that the dam isn't a danger?", "Lee denied that the dam was a danger.", True),
        ("Who said that the dam is a danger?", "The dam is a danger to us all, Lee said.", True),
        ("Who said that the dam is no danger?", "Nobody need fear the wall, Lee said.", True),
    ],
)
def test_what_affirms_does_not_tell_who_denied(question: str, text: str, says_so: bool) -> None:
    weighed = [Weighed(Statement(Article("a", "", text), 0, len(text), 0.6, "Ann Lee"), 0.7)]
    assert bool(saying_so(Told({text: 2.0}), parse_question(question), weighed)) == says_so
