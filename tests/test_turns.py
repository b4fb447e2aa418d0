"""A question and its answer: as HTML, as a record that is kept, and as Markdown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pages import (
    HOSTILE,
    Page,
    answer,
    article,
    attributes,
    first_sentences,
    hit,
    is_inert,
    numbered,
    statement,
    text_of,
)

from qa import Article, Name
from ui.turns import Gone, Turn, as_markdown, conversation


def none(article_id: str) -> Article:
    raise KeyError(article_id)


def test_the_number_of_a_speakers_statements_is_shown_escaped() -> None:
    counted = answer(statement(article(), "Two.", speaker="<b>X</b>"), summary="1 statement by <b>X</b>")
    shown = conversation([Turn("q", counted)])
    assert text_of("summary", shown) == "1 statement by <b>X</b>"
    assert "<b>" not in shown


def test_the_names_taken_for_one_person_are_told_with_the_reason() -> None:
    names = (
        Name("Sergei Lavrov", 5, True, "the fullest spelling"),
        Name("Lavrov", 1, True, "surname alone"),
        Name("Jill <b>Lavrov", 2, False, "another first name"),
    )
    shown = conversation([Turn("q", answer(statement(article(), "Two."), names=names))])
    assert text_of("names", shown) == (
        "2 spellings taken for one person, 1 of that name left out"
        "Sergei Lavrov 5 quotes, the fullest spelling"
        "Lavrov 1 quote, surname alone"
        "Jill <b>Lavrov 2 quotes, taken for another person: another first name"
    )
    assert "&lt;b&gt;" in shown
    refused = conversation([Turn("q", answer(refusal="no", names=names[:2]))])
    assert text_of("names", refused).startswith("2 spellings taken for one personSergei")
    assert "<details" not in conversation([Turn("q", answer(statement(article(), "Two.")))])


def test_how_a_question_was_understood_is_shown_escaped_where_it_was_changed() -> None:
    for fields in ({"refusal": "no"}, {}):
        given = [] if fields else [statement(article(), "Two.")]
        shown = conversation([Turn("and <i>?", answer(*given, understood="what did <i> say?", **fields))])
        assert attributes("data-text", shown) == ["what did <i> say?"]
        assert attributes("data-question", shown) == ["and <i>?"]
        assert "Understood as: what did &lt;i&gt; say?</span>" in shown
        assert "<i>" not in shown
    assert "Understood" not in conversation([Turn("q", answer(refusal="no"))])


@pytest.mark.parametrize("words", ["late 2012", *HOSTILE])
def test_the_words_that_answer_are_set_off_in_their_sentence(words: str) -> None:
    sentence = f"Foley was abducted in {words} in Syria."
    of = article(f"Before. {sentence} After.")
    start = of.text.index(words)
    shown = conversation([Turn("q", answer(statement(of, sentence, span=(start, start + len(words)))))])
    assert text_of("answering", shown) == words
    assert text_of("passage", shown).startswith(sentence)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_answer_is_shown_and_does_not_run(hostile: str) -> None:
    of = article(f"Before. {hostile} After.", title=hostile, path=hostile, source=hostile)
    names = (Name(hostile, 1, True, hostile), Name(hostile, 1, False, hostile))
    fields = {"short": hostile, "summary": hostile, "names": names, "understood": hostile}
    answered = Turn(
        hostile,
        answer(statement(of, hostile, speaker=hostile), **fields),
        filters={"source": [hostile]},
        gone=(Gone(hostile, hostile, hostile),),
    )
    refused = Turn(
        hostile, answer(refusal=hostile, looked_for=hostile, instead=(hostile,)), filters={"author": [hostile]}
    )
    failed = Turn(hostile, note=hostile, failed=True)
    shown = conversation([answered, refused, failed])
    assert text_of("question", shown) == f"Question: {hostile}" * 3
    assert text_of("title", shown) == text_of("short", shown) == text_of("refusal", shown) == hostile
    assert attributes("data-question", shown) == [hostile, hostile, hostile]
    assert is_inert(shown)


def test_a_citation_says_speaker_source_and_date() -> None:
    of = article(source="The Moscow Times", published=date(2014, 8, 6), copies=("copy.txt",))
    found = conversation([Turn("q", answer(statement(of, "Two.", speaker="Lavrov")))])
    assert (
        "<span>Lavrov</span><span>The Moscow Times</span><span>6 August 2014</span><span>also in 1 other</span>"
        in found
    )
    assert 'data-turn="0" data-passage="0"' in found
    assert re.findall(r'class="number">(\d+)<', found) == ["1"]


def test_a_sentence_carries_what_is_copied_and_its_context() -> None:
    of = article(path="a.txt")
    found = conversation([Turn("q", answer(statement(of, "Two.", speaker='A "B" C')))])
    assert attributes("data-copy", found) == ['“Two.” (A "B" C, “A title”, a.txt, characters 5–9)']
    assert text_of("context", found) == "One. Two. Three. Four."
    assert "One. <mark>Two.</mark> Three. Four." in found


@pytest.mark.parametrize(("count", "unfolded"), [(5, None), (6, "Show the other one"), (14, "Show the other 9")])
def test_five_statements_are_shown_and_the_others_unfold_with_their_numbers(count: int, unfolded: str | None) -> None:
    of = numbered(count)
    found = conversation([Turn("q", answer(*first_sentences(of, count), summary=f"{count} statements"))])
    assert re.findall(r'class="number">(\d+)<', found) == [str(number) for number in range(1, count + 1)]
    assert re.findall(r'data-passage="(\d+)"', found) == [str(number) for number in range(count)]
    before, _, folded = found.partition("<details")
    assert before.count("<blockquote") == 5
    assert folded.count("<blockquote") == count - 5
    if unfolded:
        assert f'class="more" data-key="more-0"><summary>{unfolded}</summary>' in folded
        assert '<ol class="statements" start="6">' in folded
        assert text_of("summary", found) == f"{count} statements; 5 are shown"
    else:
        assert text_of("summary", found) == "5 statements"


def test_only_revealed_statements_are_shown_and_not_yet_judged() -> None:
    turn = Turn("q", answer(statement(article(), "One."), statement(article(), "Two.")), revealed=1)
    assert conversation([turn]).count("<blockquote") == 1
    assert "Good answer" not in conversation([turn])
    whole = conversation([replace(turn, revealed=None)])
    assert whole.count("<blockquote") == 2
    assert "Good answer" in whole


def test_the_first_sentence_of_the_last_answer_is_the_current_one() -> None:
    turn = Turn("q", answer(statement(article(), "One."), statement(article(), "Two.")))
    found = conversation([turn, turn])
    assert found.count("aria-current") == 1
    assert 'aria-current="true" data-key="cite-1-0"' in found
    assert "aria-current" not in conversation([Turn("q", answer(refusal="no", hits=(hit(article()),)))])


def test_a_refusal_shows_at_most_three_nearest_passages_and_calls_them_no_answer() -> None:
    turn = Turn("q", answer(refusal="The articles do not say.", hits=tuple(hit(article()) for _ in range(5))))
    found = conversation([turn])
    assert text_of("refusal", found) == "The articles do not say."
    assert "Nearest, but not an answer" in found
    assert found.count("<blockquote") == len(turn.passages) == 3
    assert "You could ask" not in found


def test_a_refusal_says_what_was_looked_for_and_offers_what_is_answered() -> None:
    instead = ("What did Anna Berg say?", 'Who said "no"?')
    found = conversation(
        [Turn("q", answer(refusal="no", looked_for="Looked for a name, in 3 passages.", instead=instead))]
    )
    assert text_of("note", found) == "Looked for a name, in 3 passages."
    asks = [attrs for tag, attrs in Page(found).elements if tag == "button" and attrs.get("class") == "ask"]
    assert [ask["data-question"] for ask in asks] == ["What did Anna Berg say?", 'Who said "no"?']
    assert not any("data-everywhere" in ask for ask in asks)
    assert text_of("ask", found) == 'What did Anna Berg say?Who said "no"?'


def test_only_with_filters_a_refusal_offers_the_same_of_all_articles() -> None:
    refused = Turn("When?", answer(refusal="no"))
    assert "The same, of all articles" not in conversation([refused])
    found = conversation([replace(refused, filters={"source": ["BBC"]})])
    assert 'data-everywhere="1" data-question="When?">The same, of all articles</button>' in found
    answered = Turn("When?", answer(statement(article(), "Two.")), filters={"source": ["BBC"]})
    assert "The same, of all articles" not in conversation([answered])


def test_the_filters_that_a_question_was_asked_with_are_told() -> None:
    filters: Any = {"source": ["BBC", "CNN"], "since": "2024-05-01"}
    found = conversation([Turn("q", answer(refusal="no"), filters=filters)])
    assert text_of("understood", found) == "Asked of: Source: BBC; Source: CNN; From 1 May 2024"


@pytest.mark.parametrize(
    ("liked", "pressed"), [(None, ["false", "false"]), (True, ["true", "false"]), (False, ["false", "true"])]
)
def test_what_a_reader_said_of_an_answer_is_pressed(liked: bool | None, pressed: list[str]) -> None:
    for given in (answer(refusal="no"), answer(statement(article(), "Two."))):
        found = conversation([Turn("before", given, liked=True), Turn("q", given, liked=liked)])
        assert attributes("aria-pressed", found) == ["true", "false", *pressed]
        assert attributes("data-liked", found) == ["1", "0", "1", "0"]
        assert [attrs["data-turn"] for _, attrs in Page(found).elements if attrs.get("data-do") == "rate"] == list(
            "0011"
        )


def test_a_turn_without_an_answer_is_not_judged() -> None:
    found = conversation([Turn("q", note="Looking"), Turn("q", note="<b>no</b>", failed=True)])
    assert "rate" not in found
    assert 'class="note waiting" role="status">Looking<' in found
    assert 'class="note failed" role="status">&lt;b&gt;no&lt;/b&gt;<' in found


def test_sentences_that_the_articles_do_not_hold_any_more_are_told() -> None:
    gone = (Gone("It <b>was</b> so.", "Old", "old.txt"), Gone("So.", "Old", "old.txt"))
    found = conversation([Turn("q", answer(statement(article(), "Two.")), gone=gone)])
    assert text_of("names", found) == (
        "2 sentences shown then that the articles do not hold any more"
        "“It <b>was</b> so.” Old, old.txt“So.” Old, old.txt"
    )
    assert "1 sentence shown then" in conversation([Turn("q", answer(refusal="no"), gone=gone[:1])])


def test_a_conversation_without_a_turn_invites_a_question() -> None:
    assert "What do you want to know?" in conversation([])


def kept(turn: Turn, *articles: Article) -> Turn:
    """Return a turn as it is read back, when there are these articles."""
    by_id = {one.id: one for one in articles}
    return Turn.from_dict(json.loads(json.dumps(turn.as_dict())), by_id.__getitem__)


def test_a_turn_is_kept_and_read_back() -> None:
    of = article(path="a.txt")
    turn = Turn(
        "what?",
        answer(statement(of, "Two.", speaker="X", kind="direct"), hits=(hit(of),), summary="1 statement"),
        filters={"source": ["BBC"], "until": "2024-05-01"},
        asked=date(2024, 5, 2),
        liked=False,
        gone=(Gone("Zero.", "Old", "old.txt"),),
    )
    assert kept(turn, of) == turn
    refused = Turn("what?", answer(refusal="no", instead=("why?",)), asked=date(2024, 5, 2), liked=True)
    assert kept(refused) == refused


def test_a_turn_that_was_being_revealed_is_kept_whole() -> None:
    of = article()
    turn = Turn("q", answer(statement(of, "One."), statement(of, "Two.")), revealed=1)
    assert [passage.text for passage in kept(turn, of).passages] == ["One.", "Two."]


def test_a_sentence_that_moved_is_found_and_one_that_is_gone_is_told() -> None:
    of, other = article(path="a.txt"), article("It rains.", id="b", title="Rain", path="b.txt")
    turn = Turn("q", answer(statement(of, "Two."), statement(of, "Four."), statement(other, "It rains."), summary="3"))
    read = kept(turn, replace(of, text="New. Two. Three."))
    assert [(passage.text, passage.start) for passage in read.passages] == [("Two.", 5)]
    assert read.gone == (Gone("Four.", "A title", "a.txt"), Gone("It rains.", "Rain", "b.txt"))
    assert read.answer and read.answer.summary is None
    again = kept(read, replace(of, text="New. Two. Three."))
    assert again.gone == read.gone


def test_an_answer_of_which_nothing_is_left_is_a_refusal_that_tells_what_it_was() -> None:
    read = kept(Turn("q", answer(statement(article(path="a.txt"), "Two."))))
    assert read.answer and read.answer.refusal and "are gone" in read.answer.refusal
    assert read.gone == (Gone("Two.", "A title", "a.txt"),)
    assert "> Two." in as_markdown("t", [read])


RECORD = Turn("q?", answer(statement(article(), "Two."))).as_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"answer": None},
        {"answer": []},
        {"answer": "x"},
        {"answer": {**RECORD["answer"], "statements": None}},
        {"answer": {**RECORD["answer"], "statements": [7]}},
        {"answer": {**RECORD["answer"], "statements": []}},
        {"answer": {**RECORD["answer"], "confidence": float("nan")}},
        {"asked": None},
        {"asked": 20240501},
        {"asked": "yesterday"},
        {"gone": 7},
        {"gone": ["x"]},
        {"gone": [{"text": "x"}]},
        {"filters": [1]},
    ],
)
def test_a_record_that_cannot_be_read_is_told_in_its_turn(change: dict[str, Any]) -> None:
    read = Turn.from_dict({**RECORD, **change}, lambda _: article())
    assert (read.question, read.answer, read.failed) == ("q?", None, True)
    assert text_of("failed", conversation([read])) == "What was kept of this answer cannot be read: ask once more."


@pytest.mark.parametrize("question", [None, "", 7, ["q"], {"q": 1}, "\ud800", "q" * 9_000])
def test_a_strange_question_in_a_record_is_still_a_text(question: Any) -> None:
    read = Turn.from_dict({**RECORD, "question": question}, lambda _: article())
    assert len(read.question) <= 2_000
    conversation([read]).encode()


def test_what_is_none_of_ours_in_a_record_is_left_out() -> None:
    filters = {"source": ["BBC", 7], "since": "May", "x": "y"}
    read = Turn.from_dict({**RECORD, "filters": filters, "liked": "yes", "more": 1}, lambda _: article())
    assert (read.filters, read.liked) == ({"source": ["BBC"]}, None)
    assert Turn.from_dict({}, none).question == "A question that cannot be read"


def test_a_conversation_as_markdown_cites_each_sentence() -> None:
    of = article(path="a.txt", source="BBC", published=date(2024, 5, 2))
    answered = Turn(
        "What did X say?",
        answer(
            statement(of, "Two.", speaker="X"),
            short="Two",
            summary="1 statement by X",
            understood="What did X say now?",
        ),
        asked=date(2024, 6, 1),
        filters={"source": ["BBC"]},
        gone=(Gone("Zero.", "Old", "old.txt"),),
    )
    refused = Turn("Why?", answer(refusal="The articles do not say.", looked_for="Looked."), asked=date(2024, 6, 1))
    failed = Turn("When?", note="Cannot be read.", failed=True, asked=date(2024, 6, 1))
    assert as_markdown("On X", [answered, refused, failed]) == (
        "# On X\n\n"
        "## What did X say?\n\nAsked on 1 June 2024; Source: BBC\n\nUnderstood as: What did X say now?\n\n"
        "Two\n\n1 statement by X\n\n"
        "> Two.\n\n— X, “A title”, BBC, 2 May 2024, a.txt, characters 5–9\n\n"
        "> Zero.\n\n— “Old”, old.txt (no longer in the articles)\n\n"
        "## Why?\n\nAsked on 1 June 2024\n\nThe articles do not say.\n\nLooked.\n\n"
        "## When?\n\nAsked on 1 June 2024\n\nCannot be read.\n"
    )


MARKDOWN = [
    *HOSTILE,
    "- a list",
    "1. a list",
    "1) a list",
    "=====",
    "---",
    "+ plus",
    "    code",
    "```\ncode",
    "> > deeper",
    "a\n===\nb",
    "line  \nbreak",
    "[a]: javascript:x",
    "<http://evil.example>",
    "a \\",
    "* * *",
    "| a |\n|---|\n| b |",
    "\u2028# heading",
    "\\<b>",
]


@pytest.mark.parametrize("hostile", MARKDOWN)
def test_nothing_in_a_text_is_read_as_markdown(hostile: str) -> None:
    parser = pytest.importorskip("markdown_it", reason="no markdown_it, which rich brings").MarkdownIt("commonmark")
    parser.enable("table").enable("strikethrough")
    of = article(f"Before. {hostile} After.", title=hostile, path="a.txt")
    turn = Turn(
        hostile,
        answer(statement(of, hostile, speaker=hostile), short=hostile, summary=hostile, understood=hostile),
        asked=date(2024, 5, 2),
        filters={"author": [hostile.strip()]},
        gone=(Gone(hostile, hostile, hostile),),
    )
    refused = Turn(hostile, answer(refusal=hostile, looked_for=hostile), asked=date(2024, 5, 2))
    made = parser.render(as_markdown(hostile, [turn, refused, Turn(hostile, note=hostile)]))
    page = Page(made)
    assert {tag for tag, _ in page.elements} == {"h1", "h2", "p", "blockquote"}
    assert [tag for tag, _ in page.elements].count("blockquote") == 2
    assert [tag for tag, _ in page.elements].count("h2") == 3
    plain = " ".join(hostile.split())
    shown = Page(made.replace("<h1>", '<h1 class="title">'), "title").text
    assert shown == plain


def test_statements_stand_under_the_headings_of_their_parts() -> None:
    shown = Turn(
        "q", answer(*first_sentences(numbered(7), 7), parts=(("<i>Hale</i>", 6), ("Berg", 1), ("Ann: none", 0)))
    )
    markup = conversation([shown])
    assert re.findall(r"<h3[^>]*>(.*?)</h3>", markup) == ["&lt;i&gt;Hale&lt;/i&gt;", "Berg", "Ann: none"]
    assert re.findall(r'<ol class="statements"( start="\d")?>', markup) == ["", ' start="6"', ' start="7"']
    assert attributes("data-passage", markup)[:7] == list("0123456")
    told = as_markdown("A talk", [shown])
    assert re.findall(r"^### (.*)$", told, re.MULTILINE) == ["\\<i\\>Hale\\</i\\>", "Berg", "Ann: none"]
    assert told.index("### Berg") < told.index("Sentence 6") < told.index("### Ann")
    early = conversation([replace(shown, revealed=2)])
    assert re.findall(r"<h3[^>]*>(.*?)</h3>", early) == ["&lt;i&gt;Hale&lt;/i&gt;", "Ann: none"]


@pytest.mark.parametrize(
    ("counts", "columns"),
    [([1, 1], ["--count:2"]), ([2, 0, 1, 1], ["--count:4"]), ([1] * 5, []), ([3, 0], []), ([3], [])],
)
def test_two_to_four_parts_have_columns_of_which_none_moves_while_statements_come(
    counts: list[int], columns: list[str]
) -> None:
    parts = tuple((f"Side {place}", count) for place, count in enumerate(counts))
    turn = Turn("q", answer(*first_sentences(numbered(5), sum(counts)), parts=parts))
    for revealed in (1, None):
        shown = conversation([replace(turn, revealed=revealed)])
        assert attributes("style", shown) == columns
        assert shown.count("<section>") == len(counts)


def test_a_verdict_stands_before_its_statement() -> None:
    shown = Turn("q", answer(statement(article(), "One."), verdict="no"))
    assert text_of("short", conversation([shown])) == "No"
    assert "\n\nNo\n\n> One" in as_markdown("A talk", [shown])
