"""What a question, and each click on a conversation and its list, does to the page; without a browser."""

from __future__ import annotations

import asyncio
import html
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from databases import Server
from pages import (
    HOSTILE,
    STRANGE,
    Page,
    StubLibrary,
    answer,
    article,
    attributes,
    first_sentences,
    hit,
    is_same,
    numbered,
    opening_of,
    reader,
    sent,
    statement,
    text_of,
)

from qa import Answer
from qa.evaluation import read_questions
from ui import chat, narrowing
from ui.chat import Chat, Session
from ui.conversations import Conversations
from ui.opening import Opening
from ui.turns import Turn, conversation

TWO = statement(article(), "Two.")
NO = answer(refusal="no")


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    made = Conversations(tmp_path)
    yield made
    made.close()


def chat_of(conversations: Conversations, *found: Answer | Exception) -> tuple[Chat, StubLibrary]:
    library = StubLibrary(*(found or (answer(TWO),)), articles=[article()])
    return Chat(opening_of(library), conversations), library


def asked(
    handlers: Chat, question: str = "q", session: Session | None = None, *, wish: Any = "", **more: Any
) -> list[tuple[Any, ...]]:
    """Return each of the outputs of a question."""

    async def collect() -> list[tuple[Any, ...]]:
        request, filters, granted = reader(more.get("owner")), more.get("filters", {}), more.get("granted", "")
        replies = handlers.ask(question, wish, granted, session or Session(), filters, request)
        return [outputs async for outputs in replies]

    return asyncio.run(collect())


def after(handlers: Chat, *questions: str, session: Session | None = None, **more: Any) -> Session:
    """Return the session after some questions."""
    for question in questions:
        session = asked(handlers, question, session, **more)[-1][2]
    assert session
    return session


def opened(handlers: Chat, owner: str | None = None, **query: str) -> list[tuple[Any, ...]]:
    async def collect() -> list[tuple[Any, ...]]:
        return [outputs async for outputs in handlers.opened(reader(owner, query))]

    return asyncio.run(collect())


def listed(handlers: Chat, session: Session, owner: str | None = None, **data: Any) -> tuple[Any, ...]:
    return handlers.chosen_in_list(session, {}, reader(owner), sent(**data))


def clicked(handlers: Chat, session: Session, owner: str | None = None, **data: Any) -> tuple[Any, ...]:
    return handlers.chosen_in_conversation(session, reader(owner), sent(**data))


def steps(opening: Opening, *history: Answer) -> list[tuple[Turn, str | None]]:
    async def collect() -> list[tuple[Turn, str | None]]:
        return [step async for step in chat.answered(opening, Turn("q"), list(history))]

    return asyncio.run(collect())


def started(open_library: Any) -> Opening:
    opening = Opening(open_library)
    opening.start()
    return opening


def file_of(link: str) -> tuple[str | None, str]:
    """Return the name and the text of a file that the browser is to save."""
    page = Page(link.replace("<pre ", '<pre class="file" '), "file")
    return dict(page.elements[0][1])["data-file"], page.text


def test_an_answer_comes_statement_by_statement_with_the_first_ones_article() -> None:
    of = article()
    library = StubLibrary(answer(statement(of, "One."), statement(of, "Two.")))
    shown = [(len(turn.passages), panel is not None) for turn, panel in steps(opening_of(library)) if turn.answer]
    assert shown == [(1, True), (2, False)]


def test_after_four_statements_all_the_others_come_at_once() -> None:
    of = numbered(14)
    shown = [len(turn.passages) for turn, _ in steps(opening_of(StubLibrary(answer(*first_sentences(of, 14)))))]
    assert shown == [0, 1, 2, 3, 4, 14]


def test_a_refusal_shows_no_article_beside_it() -> None:
    turn, panel = steps(opening_of(StubLibrary(answer(refusal="no", hits=(hit(article()),)))))[-1]
    assert turn.answer and turn.revealed is None
    assert panel and "No article answers this question." in panel


def test_an_exception_becomes_a_sentence_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    turn, _ = steps(opening_of(StubLibrary(RuntimeError("no <b>disk</b>"))))[-1]
    assert turn.note == "Something went wrong: no <b>disk</b> (see the log)"
    assert "&lt;b&gt;disk" in conversation([turn])
    assert "Traceback" in caplog.text


def test_a_library_that_cannot_be_opened_answers_with_the_reason() -> None:
    def fail(report: object) -> Any:
        raise FileNotFoundError("no folder 'x': make it")

    turn, _ = steps(started(fail))[-1]
    assert (turn.note, turn.failed) == ("no folder 'x': make it", True)


def test_a_question_waits_and_shows_the_progress() -> None:
    def slow(report: Any) -> Any:
        report(12, 26, 100)
        time.sleep(0.4)
        return StubLibrary(NO)

    told = steps(started(slow))
    assert "Reading the articles: 12 of 26" in [turn.note for turn, _ in told]
    assert told[-1][0].answer is not None


def test_a_question_is_asked_with_the_answers_before_it_but_not_with_failures(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations, answer(TWO), RuntimeError("x"), NO)
    after(handlers, "first", "second", "third")
    assert [(question, len(history)) for question, history, _ in library.asked] == [
        ("first", 0),
        ("second", 1),
        ("third", 1),
    ]
    assert library.asked[2][1] == [answer(TWO)]


def test_a_question_is_asked_of_the_articles_that_the_filters_leave(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    filters = {"source": ["BBC"], "since": "2024-05-01"}
    outputs = asked(handlers, filters=filters)[-1]
    assert library.asked[0][2] == filters
    assert outputs[2].turns[0].filters == filters
    assert "&amp;source=BBC&amp;since=2024-05-01" in outputs[4]


def test_the_box_is_emptied_once_so_that_what_is_typed_meanwhile_stays(conversations: Conversations) -> None:
    outputs = asked(chat_of(conversations)[0])
    assert outputs[0][5] == ""
    assert all(is_same(one[5]) for one in outputs[1:])
    assert {len(one) for one in outputs} == {9}


@pytest.mark.parametrize("question", ["", " \n", "\x00", None])
def test_a_blank_question_gets_a_hint_and_changes_nothing(
    question: Any, conversations: Conversations, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers, library = chat_of(conversations)
    (outputs,) = asked(handlers, question)
    assert [is_same(output) for output in outputs] == [True] * 6 + [False, True, True]
    assert library.asked == []
    assert capsys.readouterr().out == "Type a question first.\n"


def test_a_question_that_is_clicked_is_asked_once_and_what_is_typed_stays(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    wish = json.dumps({"question": "An example?", "at": 1})
    outputs = asked(handlers, "half typ", wish=wish)
    assert is_same(outputs[0][5]) and {one[6] for one in outputs if not is_same(one[6])} == {wish}
    outputs = asked(handlers, "typed", wish=wish, granted=wish)
    assert outputs[0][5] == ""
    assert [question for question, *_ in library.asked] == ["An example?", "typed"]


def test_a_question_that_a_refusal_offers_is_asked_with_the_same_filters_or_of_all(
    conversations: Conversations,
) -> None:
    handlers, library = chat_of(conversations)
    wishes: list[Any] = [json.dumps({"question": "Why?"} | more) for more in ({}, {"everywhere": "1"})]
    for wish in (*wishes, '{"question": 7}', '"x"', "null", "{", "[" * 100_000, 7):
        asked(handlers, "typed", filters={"source": ["BBC"]}, wish=wish)
    assert [(question, filters) for question, _, filters in library.asked] == [
        ("Why?", {"source": ["BBC"]}),
        ("Why?", {}),
    ]


def test_a_question_may_be_read_by_itself_and_its_periods_from_a_day_that_is_set(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    session = Session("", (Turn("q", answer(refusal="no")),))
    filters = {"source": ["BBC"], "today": "2024-06-15"}
    for more in ({}, {"alone": "1"}):
        asked(handlers, "", session, filters=filters, wish=json.dumps({"question": "and now?"} | more))
    assert [len(history) for _, history, _ in library.asked] == [1, 0]
    assert [searched for _, _, searched in library.asked] == [{"source": ["BBC"]}] * 2
    assert library.today == date(2024, 6, 15)


def test_a_question_is_cleaned_and_cut(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    asked(handlers, "a\x00b\ud800" + "q" * 9_000)
    question = library.asked[0][0]
    assert question.startswith("a b q") and len(question) == 2_000


def test_questions_are_kept_and_shown_again_by_the_link(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    session = after(handlers, "first", "second")
    assert [(kept.title, kept.questions) for kept in conversations.kept("")] == [("first", 2)]
    assert [turn.number for turn in session.turns] == [0, 1]
    outputs = opened(handlers, c=session.conversation, q="second")[-1]
    assert outputs[2] == session
    assert text_of("question", outputs[0]) == "Question: firstQuestion: second"
    assert '<mark class="shown">Two.</mark>' in outputs[1]
    assert len(library.asked) == 2


@pytest.mark.parametrize("found", [answer(TWO, TWO), NO])
def test_what_can_be_said_of_an_answer_comes_once_it_is_kept(found: Answer, conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations, found)
    *early, last = [(outputs[0], outputs[2]) for outputs in asked(handlers)]
    assert "judged" in last[0] and not any("judged" in html for html, _ in early)
    whole, kept = early[-1][1].turns[-1], last[1].turns[-1]
    assert whole.passages == kept.passages and (whole.number, kept.number) == (None, 0)


def test_a_link_to_anothers_conversation_asks_its_question_anew(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    hers = after(handlers, "secret", owner="ada")
    outputs = opened(handlers, "bob", c=hers.conversation, q="open", source="BBC")
    assert [question for question, *_ in library.asked] == ["secret", "open"]
    assert library.asked[1][2] == {"source": ["BBC"]}
    assert "secret" not in str(outputs)
    assert {len(one) for one in outputs} == {7}
    assert [kept.title for kept in conversations.kept("bob")] == ["open"]


def test_a_link_of_nothing_asks_nothing(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    for query in ({}, {"c": "no-such"}, {"q": " "}, {"x": "y"}):
        outputs = opened(handlers, **query)
        assert all(is_same(output) for output in outputs[-1][:6])
    assert library.asked == []


def test_a_conversation_that_was_deleted_meanwhile_is_kept_anew_with_the_next_question(
    conversations: Conversations,
) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "first")
    conversations.delete("", session.conversation)
    again = after(handlers, "second", session=session)
    assert again.conversation != session.conversation
    assert [record["question"] for record in conversations.turns("", again.conversation)] == ["first", "second"]
    assert [turn.number for turn in again.turns] == [0, 1]


def test_an_answer_is_shown_though_it_cannot_be_kept(
    conversations: Conversations, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handlers, _ = chat_of(conversations)

    def full(*_: object) -> str:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(conversations, "begin", full)
    with pytest.warns(UserWarning, match="not kept"):
        session = after(handlers, "first")
    assert [turn.number for turn in session.turns] == [None]
    assert "disk is full" in caplog.text
    with pytest.warns(UserWarning, match="nor is what you say"):
        assert clicked(handlers, session, do="rate", turn="0", liked="1")[2] == session


class Away(Conversations):
    """Conversations in a database that cannot be reached, as each of them says."""

    def __init__(self) -> None:
        pass

    def _away(self, *_: object, **__: object) -> Any:
        raise OSError("the database of the conversations cannot be used: Connection refused")

    begin = add = rate = kept = turns = title = rename = delete = _away


def test_questions_are_answered_while_the_conversations_cannot_be_reached(caplog: pytest.LogCaptureFixture) -> None:
    handlers, _ = chat_of(Away())
    with pytest.warns(UserWarning, match="This question is not kept. The conversations cannot be reached at present"):
        outputs = asked(handlers, "first")[-1]
    session = outputs[2]
    assert "Two." in outputs[0]
    assert "questions are answered, and not kept" in outputs[3] and "Connection refused" not in outputs[3]
    assert [turn.number for turn in session.turns] == [None]
    assert [record.exc_info for record in caplog.records] == [None]
    for do in ("open", "rename", "delete"):
        with pytest.warns(UserWarning, match="cannot be reached at present"):
            outputs = listed(handlers, session, do=do, conversation="c", title="t")
        assert outputs[2] == session
    assert "Two." in file_of(listed(handlers, session, do="export", form="markdown")[4])[1]
    with pytest.warns(UserWarning, match="This question is not kept"):
        assert "Two." in opened(handlers, c="c", q="first")[-1][0]
    rated = Session("c", (replace(session.turns[0], number=0),))
    with pytest.warns(UserWarning, match="What you say of it is not kept. The conversations cannot be reached"):
        assert clicked(handlers, rated, do="rate", turn="0", liked="1")[2] == rated


def test_what_is_asked_at_one_server_is_gone_on_with_at_another(postgres: Server) -> None:
    with closing(Conversations(postgres.url())) as here, closing(Conversations(postgres.url())) as there:
        session = after(chat_of(here)[0], "first", owner="eve")
        handlers, library = chat_of(there)
        again = opened(handlers, "eve", c=session.conversation)[-1][2]
        assert again == session
        after(handlers, "second", session=again, owner="eve")
        assert [len(history) for _, history, _ in library.asked] == [1]
        assert [record["question"] for record in here.turns("eve", session.conversation)] == ["first", "second"]
        here.delete("eve", session.conversation)


def test_of_a_long_conversation_the_latest_50_questions_are_shown(conversations: Conversations) -> None:
    handlers, library = chat_of(conversations)
    session = after(handlers, *(f"question {number}" for number in range(53)))
    assert [turn.question for turn in session.turns][::49] == ["question 3", "question 52"]
    assert len(library.asked[-1][1]) == 50
    assert opened(handlers, c=session.conversation)[-1][2] == session
    name, saved = file_of(listed(handlers, session, do="export", form="markdown")[4])
    assert name == "question-0.md"
    assert [line for line in saved.splitlines() if line.startswith("## ")] == [f"## question {n}" for n in range(53)]


def rated(conversations: Conversations, conversation: str) -> list[tuple[str, Any]]:
    return [(record["question"], record["liked"]) for record in conversations.turns("", conversation)]


def test_a_rating_is_of_the_turn_that_was_clicked_though_older_ones_have_fallen_off(
    conversations: Conversations,
) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, *(f"question {number}" for number in range(52)))
    for same in (session, opened(handlers, c=session.conversation)[-1][2]):
        assert same.turns[1].question == "question 3"
        changed = clicked(handlers, same, do="rate", turn="1", liked="1")[2]
        assert [turn.question for turn in changed.turns if turn.liked] == ["question 3"]
        assert [one for one in rated(conversations, session.conversation) if one[1] is not None] == [
            ("question 3", True)
        ]


def test_a_rating_is_of_the_turn_that_was_clicked_though_one_before_it_failed(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations, answer(TWO), RuntimeError("x"), NO, answer(TWO))
    session = after(handlers, "first", "fails", "third", "fourth")
    assert [turn.number for turn in session.turns] == [0, None, 1, 2]
    clicked(handlers, session, do="rate", turn="2", liked="0")
    assert rated(conversations, session.conversation) == [("first", None), ("third", False), ("fourth", None)]


def test_a_rating_is_of_the_turn_that_was_clicked_though_another_window_asked_meanwhile(
    conversations: Conversations,
) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "first")
    after(handlers, "of the other window", session=session)
    mine = after(handlers, "mine", session=session)
    clicked(handlers, mine, do="rate", turn="1", liked="1")
    assert rated(conversations, session.conversation) == [
        ("first", None),
        ("of the other window", None),
        ("mine", True),
    ]


def test_a_rating_said_twice_is_taken_back_and_its_line_with_it(conversations: Conversations, tmp_path: Path) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "first")
    pressed = []
    for liked in ("1", "0", "0"):
        shown, source, session = clicked(handlers, session, do="rate", turn="0", liked=liked)
        lines = read_questions(tmp_path / "feedback.jsonl")
        pressed.append((attributes("aria-pressed", shown), [(line.gold, line.not_ok) for line in lines]))
        assert is_same(source)
    assert pressed == [
        (["true", "false"], [(("Two.",), ())]),
        (["false", "true"], [((), ("Two.",))]),
        (["false", "false"], []),
    ]


def test_a_rating_of_a_deleted_conversation_is_told_and_not_shown(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "first")
    conversations.delete("", session.conversation)
    with pytest.warns(UserWarning, match="was deleted"):
        assert clicked(handlers, session, do="rate", turn="0", liked="1")[2] == session


def test_a_failed_turn_cannot_be_rated(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations, RuntimeError("x"))
    session = after(handlers, "first")
    assert clicked(handlers, session, do="rate", turn="0", liked="1")[2] == session


def test_a_click_on_a_sentence_shows_it_in_its_article(conversations: Conversations) -> None:
    of = article()
    handlers, _ = chat_of(conversations, answer(statement(of, "One."), statement(of, "Four.")))
    session = after(handlers, "q")
    shown, source, same = clicked(handlers, session, do="show", turn="0", passage="1")
    assert is_same(shown) and is_same(same)
    assert '<mark class="cited">One.</mark>' in source and '<mark class="shown">Four.</mark>' in source
    assert "<span>2 of 2</span>" in source


@pytest.mark.parametrize("do", ["show", "rate"])
@pytest.mark.parametrize("strange", [*STRANGE, "1", "-1", "0x0", "1e0"])
def test_a_click_on_what_is_not_there_does_nothing(do: str, strange: Any, conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "q")
    assert all(map(is_same, clicked(handlers, session, do=do, turn=strange, passage="0", liked="1")))
    if do == "show":
        assert all(map(is_same, clicked(handlers, session, do=do, turn="0", passage=strange)))


@pytest.mark.parametrize("data", STRANGE)
def test_whatever_a_browser_sends_in_place_of_a_click_does_nothing(data: Any, conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "q")
    assert all(map(is_same, handlers.chosen_in_conversation(session, reader(), sent(data))))
    assert handlers.chosen_in_list(session, {}, reader(), sent(data))[2] == session
    outputs = handlers.narrowed({}, session, sent(data))
    assert all(map(is_same, outputs)) and len(outputs) == 3
    assert len(conversations.kept("")) == 1


def test_a_new_conversation_is_empty_and_the_old_one_stays_in_the_list(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "first")
    shown, source, new, menu, link = listed(handlers, session, do="new")
    assert (new, text_of("title", menu)) == (Session(), f"first1 question, {narrowing.day_of(session.turns[0].asked)}")
    assert "What do you want to know?" in shown and chat.NO_SOURCE in source
    assert attributes("data-link", link) == ["?"]


def test_a_conversation_is_opened_renamed_and_deleted_from_the_list(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "first")
    opened_again = listed(handlers, Session(), do="open", conversation=session.conversation)
    assert opened_again[2] == session
    menu = listed(handlers, session, do="rename", conversation=session.conversation, title=" <b>new</b> ")[3]
    assert text_of("title", menu).startswith("<b>new</b>1 question")
    _, _, left, menu, _ = listed(handlers, session, do="delete", conversation=session.conversation)
    assert left == Session()
    assert "What you ask is kept here." in menu


def test_another_conversation_that_is_deleted_leaves_the_present_one(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    old, session = after(handlers, "old"), after(handlers, "present")
    assert listed(handlers, session, do="delete", conversation=old.conversation)[2] == session
    assert [kept.title for kept in conversations.kept("")] == ["present"]


def test_nobody_opens_renames_or_deletes_anothers_conversation(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    hers = after(handlers, "secret", owner="ada")
    with pytest.warns(UserWarning, match="was deleted"):
        outputs = listed(handlers, Session(), "bob", do="open", conversation=hers.conversation)
    assert outputs[2] == Session() and "secret" not in str(outputs)
    listed(handlers, Session(), "bob", do="rename", conversation=hers.conversation, title="mine")
    listed(handlers, Session(), "bob", do="delete", conversation=hers.conversation)
    assert [kept.title for kept in conversations.kept("ada")] == ["secret"]


def test_a_conversation_is_saved_as_json(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, "What is <b>that</b>?")
    outputs = listed(handlers, session, do="export", form="json")
    assert all(map(is_same, outputs[:4]))
    name, saved = file_of(outputs[4])
    record = json.loads(saved)
    assert (name, record["title"]) == ("what-is-b-that-b.json", "What is <b>that</b>?")
    assert record["turns"] == [session.turns[0].as_dict()]
    assert record["turns"][0]["answer"]["statements"][0]["text"] == "Two."


@pytest.mark.parametrize("hostile", [*HOSTILE, "../../etc/passwd", "\u4e2d\u6587", "x" * 500])
@pytest.mark.parametrize("form", ["markdown", "json"])
def test_a_saved_file_has_a_plain_name(hostile: str, form: str, conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    outputs = listed(handlers, after(handlers, hostile), do="export", form=form)
    name, _ = file_of(outputs[4])
    stem, _, suffix = (name or "").rpartition(".")
    assert suffix == {"markdown": "md", "json": "json"}[form]
    assert stem and len(stem) <= 60 and all(c.isascii() and (c.isalnum() or c == "-") for c in stem)
    assert [tag for tag, _ in Page(outputs[4]).elements] == ["pre"]


def test_what_is_shown_of_a_long_conversation_is_saved_though_it_was_deleted(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = after(handlers, *(f"question {number}" for number in range(51)))
    conversations.delete("", session.conversation)
    name, saved = file_of(listed(handlers, session, do="export", form="markdown")[4])
    assert (name, saved.count("\n## ")) == ("conversation.md", 50)


def test_a_conversation_cannot_be_opened_before_the_articles_are(
    conversations: Conversations, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = Chat(Opening(lambda report: None), conversations)  # type: ignore[arg-type, return-value]
    made = conversations.begin("", "kept")
    assert listed(handlers, Session(), do="open", conversation=made)[2] == Session()
    assert "one moment" in capsys.readouterr().out


def test_a_filter_is_added_and_taken_away_and_stands_in_the_link(conversations: Conversations) -> None:
    handlers, _ = chat_of(conversations)
    session = replace(Session(), turns=(Turn("q"),))
    form = {"do": "narrow", "source": "BBC", "author": "", "since": "2024-05-01", "until": "no date"}
    filters, bar, link = handlers.narrowed({}, session, sent(form))
    assert filters == {"source": ["BBC"], "since": "2024-05-01"}
    assert "1 of 3 articles" in bar
    assert attributes("data-link", link) == ["?q=q&source=BBC&since=2024-05-01"]
    assert attributes("data-turn-to", link) == [""]
    filters, bar, link = handlers.narrowed(filters, session, sent(do="drop", name="source", value="BBC"))
    assert filters == {"since": "2024-05-01"}
    assert attributes("data-link", link) == ["?q=q&since=2024-05-01"]
    filters, _, _ = handlers.narrowed(filters, session, sent(do="drop", name="since", value="2024-05-01"))
    assert filters == {}


def test_an_article_is_asked_alone_in_the_first_tab(conversations: Conversations) -> None:
    filters, bar, link = chat_of(conversations)[0].narrowed({}, Session(), sent(do="only", article="a.txt"))
    assert filters == {"article": ["a.txt"]}
    assert "Article: A title" in html.unescape(bar)
    assert attributes("data-link", link) == ["?article=a.txt"]
    assert attributes("data-turn-to", link) == ["ask"]


def test_a_file_to_save_and_a_link_are_escaped() -> None:
    assert chat.downloaded('a".md', "text/markdown", "<b>\r\n") == (
        '<pre data-file="a&quot;.md" data-type="text/markdown">&lt;b&gt;&#13;\n</pre>'
    )
    link = chat.linked(Session("c1", (Turn('"><script>'),)), {})
    assert attributes("data-link", link) == ["?q=%22%3E%3Cscript%3E&c=c1"]
