"""What a question asks for."""

from __future__ import annotations

import pytest

from qa.questions import parse_question, stem, stems, terms, words


@pytest.mark.parametrize(
    ("text", "speaker", "topic"),
    [
        ("what did Lavrov say about al-Qaida?", "Lavrov", "al-Qaida"),
        ("What has the new head of the Army said on fighting Russia", "the new head of the Army", "fighting Russia"),
        ("What did Damascus say?", "Damascus", None),
        ("What is Putin saying about the West?", "Putin", "the West"),
        ("Show me what Lavrov said about Assad", "Lavrov", "Assad"),
        ("quotes by Sergei Lavrov on air strikes", "Sergei Lavrov", "air strikes"),
        ("all statements by Damascus", "Damascus", None),
        ("What did the mayor tell reporters about the dam?", "the mayor", "the dam"),
        ("What did Ann Lee tell the court in May about her boss?", "Ann Lee", "her boss"),
        ("What did the mayor tell the council to do about the dam?", "the mayor", "the council to do about the dam"),
        ("What did Ann Lee say in a letter to the court about the dam?", "Ann Lee", "the dam"),
        (
            "What did the former co-worker of Bo Berg, the suspect, say about his work?",
            "the former co-worker of Bo Berg, the suspect,",
            "his work",
        ),
        ("How did the mayor respond to the letter about the dam?", "the mayor", "the letter about the dam"),
        ("What is Ann Lee's view of the dam?", "Ann Lee", "the dam"),
        ("What was the mayor's reaction to the fine?", "the mayor", "the fine"),
        ("What did Damascus announce?", None, None),
        ("What percentage of voters now think it was right?", None, None),
        ("How many US states have taken action on phones?", None, None),
        ("What song did President Yoon sing during a state dinner?", None, None),
        ("Did Putin mention NATO?", "Putin", "NATO"),
        ("When did Sen. Joe Manchin talk about the gas tax?", "Sen. Joe Manchin", "the gas tax"),
        ("What else did Lavrov say?", "Lavrov", None),
        ("what did he say about it?", None, None),
        ("When was James Foley abducted?", None, None),
        ("Who said the main threat is not Assad?", None, "the main threat is not Assad"),
        ("Who else said that it was late?", None, "it was late"),
        ("Who told them that it was late?", None, "it was late"),
        ("Who predicted that it would be late?", None, "it would be late"),
        ("Who likened the dam to a sieve?", None, "the dam to a sieve"),
        ("What do the articles say about Syria?", None, None),
        ("", None, None),
    ],
)
def test_speaker_and_topic_are_told_apart(text: str, speaker: str | None, topic: str | None) -> None:
    question = parse_question(text)
    assert (question.speaker, question.topic) == (speaker, topic)
    assert question.quoted == (speaker is not None or topic is not None)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Who wrote the national anthem?", False),
        ("Who has written 'The Dam'?", False),
        ("Who spoke at the opening?", False),
        ("Who wrote that the dam is safe?", True),
        ("Who wrote the dam is safe?", True),
        ("Who wrote about the dam?", True),
        ("Who spoke to reporters about the dam?", True),
    ],
)
def test_who_wrote_something_is_no_claim(text: str, quoted: bool) -> None:
    assert parse_question(text).quoted is quoted


def test_white_space_and_line_breaks_do_not_matter() -> None:
    assert parse_question("  what did\n Lavrov   say?\t").text == "what did Lavrov say?"


def test_terms_are_the_stems_of_what_carries_content() -> None:
    assert terms("What did the ministers say about Erdoğan's air strikes?") == {"minist", "erdogan", "air", "strike"}
    assert terms("How many of them were there?") == frozenset()
    assert terms("US troops in Ukraine") == terms("American troops, Ukrainian ones") - {"one"}
    assert terms("tell us") == frozenset()
    assert terms("Poland") == terms("Polish") != terms("polish")
    assert terms("injuries, the economy") == terms("injured, economic")
    assert terms("policy").isdisjoint(terms("police"))


def test_words_are_told_apart_as_readers_do() -> None:
    assert words("The U.S. Army's 2,000 al-Qa'ida men, \u201ccan't\u201d 3.5%") == [
        "The", "US", "Army", "2,000", "al", "Qaida", "men", "cant", "3.5",
    ]  # fmt: skip


def test_a_word_meets_its_other_forms() -> None:
    assert stem("Strikes") == stem("strike")
    assert stem("cafe\u0301") == stem("café") == stem("CAFE")
    assert stems("He strikes") == {"he", "strike"}


@pytest.mark.parametrize(
    ("text", "asked_for"),
    [
        ("How many  people came?", ("number", "how many")),
        ("The cost to rebuild Ukraine will be how much?", ("number", "how much")),
        ("What percentage of California is at risk?", ("number", "what percentage")),
        ("When was Foley abducted?", ("date", "when")),
        ("In which year did the war begin?", ("date", "which year")),
        ("Who won, and when?", ("person", "who")),
        ("Where is Raqqa?", ("place", "where")),
        ("Why did he resign?", ("reason", "why")),
        ("How did he escape?", ("reason", "how")),
        ("Amazon will buy which firm?", ("fact", "which")),
        ("The prize was won by:", ("fact", "what")),
        ("Prices rose by the most since:", ("date", "when")),
        ("Two men who cheated were caught doing what?", ("fact", "what")),
        ("Anna Berg, who died this week, was best known for which book?", ("fact", "which")),
        ("The treaty, which ended the war, was signed where?", ("place", "where")),
        ("There was a search during which the police received how many calls?", ("number", "how many")),
        ("The mayor met the people who will move. How many are they?", ("number", "how many")),
        ("What did Dr. Berg do when the war ended?", ("fact", "what")),
        ("After the death of the king, who took the throne?", ("person", "who")),
        ("The Wreck of the ...", ("fact", "what")),
        ("The bank was renamed to?", ("fact", "what")),
        ("This player won the prize.", ("fact", "what")),
        ("In October a rival bought this company for $4 million.", ("fact", "what")),
        ("Inflation rose this year.", None),
        ("Tell me about this company.", None),
        ("True or false: this player won the prize.", None),
        ("Did Assad say when he would resign?", None),
        ("Isn't Assad ill, and what with?", None),
        ("Tell me about Syria", None),
        ("air strikes", None),
        ("", None),
    ],
)
def test_what_kind_of_short_answer_is_asked_for(text: str, asked_for: tuple[str, str] | None) -> None:
    assert parse_question(text).asked_for == asked_for


@pytest.mark.parametrize(
    ("text", "topic", "latest"),
    [
        ("What did Kohl say most recently about the dam?", "the dam", True),
        ("What did Kohl last say about the dam?", "the dam", True),
        ("What did Kohl say last?", None, True),
        ("What is the latest statement by Kohl on the dam?", "the dam", True),
        ("What are the latest comments by Kohl?", None, True),
        ("What did Kohl say about the last war?", "the last war", False),
        ("What did Kohl say about the latest quarter?", "the latest quarter", False),
    ],
)
def test_the_newest_first_is_no_part_of_the_topic(text: str, topic: str | None, latest: bool) -> None:
    asked = parse_question(text)
    assert (asked.speaker, asked.topic, asked.latest) == ("Kohl", topic, latest)


def test_what_was_said_to_be_recent_is_a_part_of_what_was_said() -> None:
    asked = parse_question("Who said that the dam had recently been closed?")
    assert (asked.topic, asked.latest) == ("the dam had recently been closed", False)


@pytest.mark.parametrize(
    ("text", "besides", "topic"),
    [
        ("who besides Ann Lee spoke about the dam?", "Ann Lee", "about the dam"),
        ("did anyone disagree with Kohl about the dam?", "Kohl", "the dam"),
        ("Has anybody objected to the minister on pay?", "the minister", "pay"),
        ("did anyone criticise Kohl?", "Kohl", "Kohl"),
        ("who contradicted Kohl about the dam?", "Kohl", "the dam"),
        ("who opposed the dam?", None, None),
        ("did Kohl disagree with Lee about the dam?", None, None),
    ],
)
def test_whose_statements_are_left_out_is_told(text: str, besides: str | None, topic: str | None) -> None:
    asked = parse_question(text)
    assert (asked.besides, asked.topic, asked.speaker) == (besides, topic, None)
    assert asked.quoted == (besides is not None)
