"""A follow-up is made whole from the answers before it."""

from __future__ import annotations

import pytest

from qa import Answer, Article, Statement
from qa.followups import NobodyMeantError, made_whole

ARTICLE = Article("a", "Talks", "One. Two. Three.")


def answered(question: str, *speakers: str | None, understood: str | None = None) -> Answer:
    statements = tuple(Statement(ARTICLE, 0, 4, 0.5, speaker) for speaker in speakers)
    refusal = None if statements else "The articles do not say."
    return Answer(question, statements, (), refusal, 0.5, understood=understood)


LAVROV = answered("what did Lavrov say?", "Sergei Lavrov", "Lavrov", "Sergei Lavrov")


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("What else did he say?", "What else did Sergei Lavrov say?"),
        ("what else did she say about Assad?", "what else did Sergei Lavrov say about Assad?"),
        ("did he mention NATO?", "did Sergei Lavrov mention NATO?"),
        ("And did they ever mention NATO in 2014?", "And did Sergei Lavrov ever mention NATO in 2014?"),
        ("has she said anything else about Assad?", "has Sergei Lavrov said anything else about Assad?"),
        ("what is he saying?", "what is Sergei Lavrov saying?"),
        ("quotes by him since March", "quotes by Sergei Lavrov since March"),
        ("and about Assad?", "what did Sergei Lavrov say about Assad?"),
        ("But on air strikes in August 2014?", "what did Sergei Lavrov say on air strikes in August 2014?"),
        ("what else did Putin say?", "what else did Putin say?"),
        ("who is he?", "who is he?"),
        ("What is the headline about?", "What is the headline about?"),
        ("", ""),
    ],
)
def test_a_pronoun_stands_for_the_latest_speaker(question: str, whole: str) -> None:
    assert made_whole(question, [answered("what did Putin say?", "Vladimir Putin"), LAVROV]) == whole


@pytest.mark.parametrize(
    ("history", "speaker"),
    [
        ([LAVROV, answered("When was Foley abducted?", None)], "Sergei Lavrov"),
        ([LAVROV, answered("What did Putin say about NATO?")], "Putin"),
        ([LAVROV, answered("and about it?", understood="what did Damascus say about it?")], "Damascus"),
        ([LAVROV, answered("Who said so?", "Bashar al-Assad")], "Bashar al-Assad"),
        ([LAVROV, answered("Who won?")], "Sergei Lavrov"),
    ],
)
def test_the_latest_speaker_is_also_one_who_was_refused(history: list[Answer], speaker: str) -> None:
    assert made_whole("what else did he say?", history) == f"what else did {speaker} say?"


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("What did he say?", "Who is “he”? Name the speaker, as in “what did Lavrov say about al-Qaida?”"),
        ("quotes by her", "Who is “her”? Name the speaker, as in “what did Lavrov say about al-Qaida?”"),
        ("and about Assad?", "Who is meant? Name the speaker, as in “what did Lavrov say about al-Qaida?”"),
    ],
)
def test_without_a_speaker_before_it_says_whom_it_does_not_know(question: str, message: str) -> None:
    for history in ([], [answered("When was Foley abducted?", None)]):
        with pytest.raises(NobodyMeantError) as error:
            made_whole(question, history)
        assert str(error.value) == message


def test_they_may_be_the_articles_where_no_speaker_is_known() -> None:
    assert made_whole("What do they say about Syria?", []) == "What do they say about Syria?"
