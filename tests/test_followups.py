"""A follow-up is made whole from the answers before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from qa import Answer, Article, Statement
from qa.antecedents import NobodyMeantError
from qa.followups import made_whole
from qa.periods import Period

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
        ("who is he?", "who is Sergei Lavrov?"),
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


IN_MAY = Answer(
    "what did Lavrov say about the dam in May?",
    (Statement(ARTICLE, 0, 4, 0.5, "Sergei Lavrov"),),
    (),
    None,
    0.5,
    period=Period(date(2024, 5, 1), date(2024, 5, 31)),
)
JUNE = [replace(ARTICLE, published=date(2024, 6, day)) for day in (3, 5)]
IN_JUNE = tuple(Statement(article, 0, 4, 0.5, "Sergei Lavrov") for article in JUNE)


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("and before that?", "what did Lavrov say about the dam until 2024-04-30?"),
        ("After that?", "what did Lavrov say about the dam since 2024-06-01?"),
        ("and a month later?", "what did Lavrov say about the dam from 2024-06-01 to 2024-06-30?"),
        ("on 5 May 2024?", "what did Lavrov say about the dam on 5 May 2024?"),
        ("and on 5 May 2024?", "what did Lavrov say about the dam on 5 May 2024?"),
        ("what about the day before?", "what did Lavrov say about the dam on 2024-04-30?"),
        ("two weeks ago?", "what did Lavrov say about the dam two weeks ago?"),
        ("and two weeks ago?", "what did Lavrov say about the dam two weeks ago?"),
        ("What did he say before that?", "What did Sergei Lavrov say until 2024-04-30?"),
        ("and about Assad two weeks later?", "what did Sergei Lavrov say about Assad from 2024-06-10 to 2024-06-16"),
        ("What did Putin say the year before?", "What did Putin say from 2023-01-01 to 2023-12-31?"),
    ],
)
def test_another_period_counts_from_the_one_before(question: str, whole: str) -> None:
    assert made_whole(question, [LAVROV, IN_MAY]).rstrip("?") == whole.rstrip("?")


def test_without_a_period_it_counts_from_the_days_of_what_somebody_was_shown_to_say() -> None:
    said = replace(IN_MAY, question="what did Lavrov say about the dam?", statements=IN_JUNE, period=None)
    assert made_whole("and before that?", [said]) == "what did Lavrov say about the dam until 2024-06-02?"
    assert made_whole("the next day?", [said]) == "what did Lavrov say about the dam on 2024-06-06?"
    from_january = Period(since=date(2024, 1, 1))
    since = replace(said, question="what did Lavrov say about the dam since 2024?", period=from_january)
    assert made_whole("and before that?", [since]) == "what did Lavrov say about the dam until 2023-12-31?"
    assert made_whole("a month later?", [since]) == "what did Lavrov say about the dam from 2024-07-01 to 2024-07-31?"
    built = replace(said, question="When was the dam built?")
    assert "2024" not in made_whole("and before that?", [built])
    undated = replace(said, statements=IN_MAY.statements)
    assert "2024" not in made_whole("and before that?", [undated])


def test_they_may_be_the_articles_where_no_speaker_is_known() -> None:
    assert made_whole("What do they say about Syria?", []) == "What do they say about Syria?"


ABOUT_DAM = answered("what did Lavrov say about the dam in May?", "Sergei Lavrov")
ABDUCTED = answered("When was James Foley abducted?", None)
BUILT = Answer("Who built the dam?", ABDUCTED.statements, (), None, 0.5, short="Ann Lee")
WHERE = Answer("Where was James Foley abducted?", ABDUCTED.statements, (), None, 0.5, short="Syria")


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        (ABOUT_DAM, "what about football?", "what did Lavrov say about football?"),
        (ABOUT_DAM, "What about the Americans?", "what did the Americans say about the dam in May?"),
        (ABOUT_DAM, "and Kohl?", "what did Kohl say about the dam in May?"),
        (ABOUT_DAM, "what about his family?", "what did Lavrov say about Sergei Lavrov’s family?"),
        (ABOUT_DAM, "and in June?", "what did Lavrov say about the dam in June?"),
        (ABOUT_DAM, "what about 2013?", "what did Lavrov say about the dam in 2013?"),
        (ABOUT_DAM, "who else?", "who besides Lavrov spoke about the dam in May?"),
        (ABOUT_DAM, "Did anyone disagree with him?", "did anyone disagree with Lavrov about the dam in May?"),
        (ABOUT_DAM, "what does he think about it?", "what does Sergei Lavrov think about the dam?"),
        (ABOUT_DAM, "what did Berg say about her plan?", "what did Berg say about her plan?"),
        (ABOUT_DAM, "Who is Assad?", "Who is Assad?"),
        (ABDUCTED, "where?", "where was James Foley abducted?"),
        (ABDUCTED, "And by whom?", "by whom was James Foley abducted?"),
        (ABDUCTED, "and Steven Sotloff?", "When was Steven Sotloff abducted?"),
        (ABDUCTED, "who killed him?", "who killed James Foley?"),
        (ABDUCTED, "And what did his mother say?", "And what did James Foley’s mother say?"),
        (BUILT, "when?", "when was the dam built?"),
        (BUILT, "what did she say about it?", "what did Ann Lee say about the dam?"),
        (BUILT, "how much did it cost?", "how much did the dam cost?"),
        (BUILT, "and the bridge?", "Who built the bridge?"),
        (WHERE, "what happened there?", "what happened in Syria?"),
        (ABOUT_DAM, "And Kohl himself?", "what did Kohl say about the dam in May?"),
        (ABOUT_DAM, "who spoke about it?", "who spoke about the dam in May?"),
        (ABOUT_DAM, "has anybody objected?", "has anyone objected to Lavrov about the dam in May?"),
        (ABOUT_DAM, "what about its cost?", "what did Lavrov say about the cost of the dam?"),
        (BUILT, "why was that?", "why was the dam built?"),
        (BUILT, "who led them?", "who led Ann Lee?"),
        (ABDUCTED, "Is it true that Foley was abducted?", "Is it true that Foley was abducted?"),
        (ABDUCTED, "When was the dam built?", "When was the dam built?"),
    ],
)
def test_a_follow_up_takes_what_it_lacks_from_the_last_question(before: Answer, question: str, whole: str) -> None:
    assert made_whole(question, [before], lambda name: name in ("the Americans", "Kohl")) == whole


SHE = {"Anna Berg": "she", "Peter Holm": "he"}


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("what else did she say?", "what else did Anna Berg say?"),
        ("what else did he say?", "what else did Peter Holm say?"),
        ("What did they say about her?", "What did Peter Holm say about Anna Berg?"),
    ],
)
def test_a_pronoun_stands_for_the_latest_of_whom_the_articles_use_it(question: str, whole: str) -> None:
    history = [answered("what did Anna Berg say?", "Anna Berg"), answered("what did Peter Holm say?", "Peter Holm")]
    assert made_whole(question, history, pronoun_of=SHE.get) == whole


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        (
            "Were schools closed because of the spill?",
            "how many?",
            "how many schools were closed because of the spill?",
        ),
        ("Were schools closed because of the spill?", "where?", "where were schools closed because of the spill?"),
        ("did Ann Lee count dead fish in the river?", "when?", "when did Ann Lee count dead fish in the river?"),
        ("did Greenwater count dead fish in May?", "how many?", "how many dead fish did Greenwater count in May?"),
    ],
)
def test_a_question_word_alone_is_put_before_a_question_for_yes_or_no(before: str, question: str, whole: str) -> None:
    assert made_whole(question, [answered(before)]) == whole


def test_a_month_has_the_year_of_the_period_before() -> None:
    before = answered("what did Lavrov say about the dam in March 2014?", "Lavrov")
    assert made_whole("and in May?", [before]) == "what did Lavrov say about the dam in May 2014?"


@pytest.mark.parametrize(
    ("before", "short", "question", "whole"),
    [
        (
            "Who runs the night ferries?",
            "Seaway",
            "how many people does it employ?",
            "how many people does Seaway employ?",
        ),
        ("Who runs the night ferries?", "Seaway", "how old are they?", "how old are the night ferries?"),
        ("Which firm digs the canal?", "Delv", "what did they say about mud?", "what did Delv say about mud?"),
        ("Which pump failed in the flood?", "an old one", "who mended it?", "who mended the pump?"),
        ("What is the length of the canal?", "9 km", "how deep is it?", "how deep is the canal?"),
        ("Why did the old bridge in Varde close?", "rust", "when was it built?", "when was the old bridge built?"),
        (
            "When did the storm of 2009 hit Varde?",
            "May",
            "how much of the quay did it wreck?",
            "how much of the quay did the storm of 2009 wreck?",
        ),
        ("Where is the Delv shipyard?", "Varde", "who is its owner?", "who is the owner of the Delv shipyard?"),
        (
            "Who owns the Delv shipyard?",
            "Ann Lee",
            "how many people work there?",
            "how many people work at the Delv shipyard?",
        ),
        ("Who said that the fishers of Varde would sue?", "Lee", "who lives there?", "who lives in Varde?"),
        (
            "How many people were hurt in the storm?",
            "9",
            "who treated them?",
            "who treated the people who were hurt in the storm?",
        ),
        ("When does the new mayor begin?", "May", "who is he?", "who is the new mayor?"),
        ("Who moved the ferries?", "Seaway", "when?", "when were the ferries moved?"),
        ("Did Seaway sell the ferries?", "no", "why not?", "why did Seaway not sell the ferries?"),
        (
            "Were lights lit because of the fog?",
            "yes",
            "who said that?",
            "who said that lights were lit because of the fog?",
        ),
        ("Will Seaway pay its crews?", "yes", "from when?", "from when will Seaway pay its crews?"),
    ],
)
def test_it_they_and_there_stand_for_what_the_last_question_was_about(
    before: str, short: str, question: str, whole: str
) -> None:
    answer = Answer(before, ABDUCTED.statements, (), None, 0.5, short=short)
    assert made_whole(question, [answer], lambda name: name == "Delv") == whole


def test_a_question_word_alone_asks_the_last_question_that_was_more_than_one() -> None:
    first = answered("How many boats did Seaway sell?", None)
    second = answered("where?", None, understood="where did Seaway sell boats?")
    assert made_whole("where?", [first]) == "where did Seaway sell boats?"
    assert made_whole("when?", [first, second]) == "when did Seaway sell boats?"


def test_it_is_the_body_that_spoke_where_it_is_asked_who_leads_it() -> None:
    before = answered("what did Greenpeace say about Norway?", "Greenpeace")
    assert made_whole("who directs it?", [before]) == "who directs Greenpeace?"
    assert made_whole("where is it?", [before]) == "where is Norway?"


def test_about_him_is_somebody_else_than_who_speaks() -> None:
    history = [answered("what did Anna Berg say?", "Anna Berg"), answered("what did Peter Holm say?", "Peter Holm")]
    assert (
        made_whole("what did Holm say about her?", history, pronoun_of=SHE.get) == "what did Holm say about Anna Berg?"
    )
    assert (
        made_whole("what did Lee say about him?", history, pronoun_of=SHE.get) == "what did Lee say about Peter Holm?"
    )


def test_a_period_that_is_no_topic_stays_in_force_for_another_speaker() -> None:
    before = answered("what did Lavrov say since 2014-06-05?", "Lavrov")
    assert made_whole("and Kohl?", [before], lambda name: True) == "what did Kohl say since 2014-06-05?"


@pytest.mark.parametrize(
    "question",
    [
        "Which retailer lowered its prices to help drivers?",
        "What country elected its first leftist leader?",
        "NASA said it lost contact with which craft?",
        "Yellowstone was closed since June. Why was it shut down?",
        "In his new book, Bill Nye said what?",
        "Where in the US is it illegal to pump gas?",
        "How many fires have there been in Wales?",
        "About 7,000 people went on strike: where do they work?",
        "Which billionaire lost his top spot?",
    ],
)
def test_a_question_that_holds_what_it_is_about_is_left_as_it_is(question: str) -> None:
    for before in (ABOUT_DAM, BUILT):
        assert made_whole(question, [before]) == question
