"""Conversations that outlive the server: whose they are, and that nothing stays of what is deleted."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pages import HOSTILE, Page, answer, article, is_inert, statement, text_of

from qa import feedback
from qa.evaluation import read_questions
from ui.conversations import Conversations, Kept, menu
from ui.turns import Turn

RECORD = {"question": "q?", "answer": None}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    made = Conversations(tmp_path / "state")
    yield made
    made.close()


def begun(kept: Conversations, owner: str = "", *questions: str) -> str:
    made = kept.begin(owner, questions[0] if questions else "title")
    for question in questions:
        kept.add(owner, made, {"question": question})
    return made


def titles(kept: Conversations, owner: str = "") -> list[str]:
    return [one.title for one in kept.kept(owner)]


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def told(liked: bool = True, text: str = "Two.", question: str = "q?") -> dict[str, Any]:
    of = article(f"One. {text} Three.")
    return feedback(answer(statement(of, text), question=question), liked=liked, asked=date(2024, 5, 2), filters={})


def test_turns_are_kept_in_their_order_and_numbered(kept: Conversations) -> None:
    made = kept.begin("", "  First\n question ")
    assert [kept.add("", made, {"question": question}) for question in ("a", "b", "c")] == [0, 1, 2]
    assert [record["question"] for record in kept.turns("", made)] == ["a", "b", "c"]
    assert kept.title("", made) == "First question"
    assert [(one.id, one.questions) for one in kept.kept("")] == [(made, 3)]


def test_the_latest_conversation_comes_first(kept: Conversations) -> None:
    first, second = begun(kept, "", "first"), begun(kept, "", "second")
    assert titles(kept) == ["second", "first"]
    kept.add("", first, RECORD)
    assert titles(kept) == ["first", "second"]
    assert [one.title for one in kept.kept("", limit=1)] == ["first"]
    assert kept.kept("")[0].changed.tzinfo == UTC
    assert second != first


def test_nobody_sees_or_changes_what_is_anothers(kept: Conversations) -> None:
    hers = begun(kept, "ada", "secret")
    assert titles(kept, "bob") == titles(kept, "") == titles(kept, "ADA") == []
    for owner in ("bob", "", "ada ", "Ada", "%", "' OR 1=1 --"):
        for work in (
            lambda: kept.turns(owner, hers),  # noqa: B023
            lambda: kept.title(owner, hers),  # noqa: B023
            lambda: kept.add(owner, hers, RECORD),  # noqa: B023
            lambda: kept.rate(owner, hers, 0, {"question": "mine"}, told()),  # noqa: B023
        ):
            with pytest.raises(KeyError):
                work()
        kept.rename(owner, hers, "mine")
        kept.delete(owner, hers)
    assert titles(kept, "ada") == ["secret"]
    assert kept.turns("ada", hers) == [{"question": "secret"}]


@pytest.mark.parametrize("named", ["", "no-such", "' OR 1=1 --", "%", "x" * 9_000])
def test_a_conversation_that_there_is_not_is_no_ones(kept: Conversations, named: str) -> None:
    begun(kept)
    with pytest.raises(KeyError):
        kept.turns("", named)
    kept.delete("", named)
    assert titles(kept) == ["title"]


def test_a_conversation_is_renamed_but_not_to_nothing(kept: Conversations) -> None:
    made = begun(kept)
    for title, shown in (("new", "new"), (" \n\t", "new"), ("x" * 500, "x" * 120), (HOSTILE[0], HOSTILE[0])):
        kept.rename("", made, title)
        assert titles(kept) == [shown]


def test_what_is_kept_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    first = Conversations(tmp_path)
    made = begun(first, "ada", "what?")
    first.close()
    with pytest.raises(sqlite3.ProgrammingError):
        first.kept("ada")
    again = Conversations(tmp_path)
    assert (titles(again, "ada"), again.turns("ada", made)) == (["what?"], [{"question": "what?"}])
    again.close()


def test_nothing_of_a_deleted_conversation_stays_in_the_files(kept: Conversations, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    stays = begun(kept, "", "stays here")
    made = begun(kept, "", "zebra-title", "zebra " * 5_000, *(f"zebra {number}" for number in range(200)))
    kept.rename("", made, "zebra-renamed")
    kept.rate("", made, 1, {"question": "zebra rated"}, told(text="A zebra ran."))
    assert b"zebra" in on_disk(folder) and b"zebra" in (folder / "feedback.jsonl").read_bytes()
    kept.delete("", made)
    assert b"zebra" not in on_disk(folder)
    assert b"stays here" in on_disk(folder)
    assert kept.turns("", stays) == [{"question": "stays here"}]
    kept.close()
    assert b"zebra" not in on_disk(folder)


def test_only_their_owner_can_read_the_files(kept: Conversations, tmp_path: Path) -> None:
    made = begun(kept, "", "q?")
    kept.rate("", made, 0, RECORD, told())
    folder = tmp_path / "state"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        "conversations.sqlite": 0o600,
        "conversations.sqlite-shm": 0o600,
        "conversations.sqlite-wal": 0o600,
        "feedback.jsonl": 0o600,
    }


@pytest.mark.parametrize("damage", ["text", "torn", "overwritten"])
def test_a_damaged_file_is_put_aside_and_a_new_one_begun(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = Conversations(tmp_path)
    begun(first, "", *("long " * 400 for _ in range(50)))
    first.close()
    file = tmp_path / "conversations.sqlite"
    whole = file.read_bytes()
    harmed = {
        "text": b"this is no database at all" * 999,
        "torn": whole[: len(whole) // 2 + 100],
        "overwritten": whole[:4096] + os.urandom(8192) + whole[12288:],
    }[damage]
    file.write_bytes(harmed)
    (tmp_path / "conversations.sqlite-wal").write_bytes(b"rubbish")
    again = Conversations(tmp_path)
    assert titles(again) == []
    made = begun(again, "", "new")
    again.close()
    (aside,) = tmp_path.glob("conversations.*.damaged")
    assert aside.read_bytes() == harmed
    assert "is put aside as" in caplog.text
    once_more = Conversations(tmp_path)
    assert once_more.turns("", made) == [{"question": "new"}]
    once_more.close()


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "conversations.sqlite").touch()
    made = Conversations(tmp_path)
    assert titles(made) == []
    made.close()
    assert not list(tmp_path.glob("*.damaged"))


def test_a_turn_that_cannot_be_read_keeps_its_place(kept: Conversations, tmp_path: Path) -> None:
    made = begun(kept, "", "a", "b", "c")
    with sqlite3.connect(tmp_path / "state" / "conversations.sqlite") as other:
        other.execute("UPDATE turns SET record = '{not json' WHERE number = 0")
        other.execute("UPDATE turns SET record = '[1]' WHERE number = 1")
    other.close()
    assert kept.turns("", made) == [{}, {}, {"question": "c"}]
    shown = [Turn.from_dict(record, lambda _: article()).question for record in kept.turns("", made)]
    assert shown == ["A question that cannot be read", "A question that cannot be read", "c"]


def test_ratings_are_lines_that_evaluate_reads(kept: Conversations, tmp_path: Path) -> None:
    file = tmp_path / "state" / "feedback.jsonl"
    made = begun(kept, "", "a", "b", "c")
    assert not file.exists()
    kept.rate("", made, 0, {"question": "a", "liked": True}, told(question="a?"))
    kept.rate("", made, 2, {"question": "c", "liked": False}, told(liked=False, question="c?"))
    read = [(line.question, line.kind, line.gold, line.not_ok, line.asked) for line in read_questions(file)]
    assert read == [
        ("a?", "liked", ("Two.",), (), date(2024, 5, 2)),
        ("c?", "disliked", (), ("Two.",), date(2024, 5, 2)),
    ]
    assert kept.turns("", made)[2] == {"question": "c", "liked": False}
    kept.rate("", made, 0, {"question": "a", "liked": None}, None)
    assert [line.question for line in read_questions(file)] == ["c?"]
    kept.delete("", made)
    assert file.read_bytes() == b""


@pytest.mark.parametrize(
    "text", [*HOSTILE, "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg", "two\nlines\r\nhere", "\u4e2d\u6587 \U0001f469"]
)
def test_a_rating_is_one_line_whatever_was_said(kept: Conversations, tmp_path: Path, text: str) -> None:
    made = begun(kept, "", "a", "b")
    for number in (0, 1):
        kept.rate("", made, number, RECORD, told(text=text, question=text))
    lines = read_questions(tmp_path / "state" / "feedback.jsonl")
    assert [(line.question, line.gold) for line in lines] == [(text, (text,))] * 2


@pytest.mark.parametrize("number", [-1, 1, 2**40])
def test_a_turn_that_there_is_not_cannot_be_rated(kept: Conversations, tmp_path: Path, number: int) -> None:
    made = begun(kept, "", "a")
    with pytest.raises(KeyError):
        kept.rate("", made, number, {"question": "other"}, told())
    assert kept.turns("", made) == [{"question": "a"}]
    assert not (tmp_path / "state" / "feedback.jsonl").exists()


def test_eight_threads_may_write_at_once(kept: Conversations, tmp_path: Path) -> None:
    shared, failed = begun(kept, "all"), []

    def work(number: int) -> None:
        try:
            own = kept.begin(f"user {number}", "own")
            for turn in range(10):
                kept.add(f"user {number}", own, {"question": str(turn)})
                at = kept.add("all", shared, {"question": f"{number} {turn}"})
                kept.rate("all", shared, at, {"question": f"{number} {turn}"}, told(question=f"{number} {turn}"))
                kept.kept("all")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    asked = [record["question"] for record in kept.turns("all", shared)]
    assert sorted(asked) == sorted(f"{number} {turn}" for number in range(8) for turn in range(10))
    assert [line.question for line in read_questions(tmp_path / "state" / "feedback.jsonl")] == asked
    for number in range(8):
        (own,) = kept.kept(f"user {number}")
        assert [record["question"] for record in kept.turns(f"user {number}", own.id)] == [
            str(turn) for turn in range(10)
        ]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Conversations(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        Conversations(tmp_path / "file" / "state")
    (tmp_path / "conversations.sqlite").mkdir()
    with pytest.raises(OSError, match=r"the conversations cannot be kept in '.*conversations.sqlite'"):
        Conversations(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o500)
    with pytest.raises(OSError, match=r"the conversations cannot be kept in '.*state/conversations.sqlite'"):
        Conversations(tmp_path / "state")


def a_kept(title: str = "title", named: str = "c1", questions: int = 1) -> Kept:
    return Kept(named, title, datetime(2024, 5, 2, 10, tzinfo=UTC), questions)


def test_the_menu_lists_conversations_to_open_rename_and_delete() -> None:
    found = menu([a_kept(), a_kept("other", "c2", 3)], "c2", any_turn=False)
    does = [
        (attrs["data-do"], attrs["data-conversation"])
        for _, attrs in Page(found).elements
        if "data-conversation" in attrs
    ]
    assert does == [(do, named) for named in ("c1", "c2") for do in ("open", "rename", "delete")]
    assert text_of("title", found) == "title1 question, 2 May 2024other3 questions, 2 May 2024"
    (current,) = (attrs for _, attrs in Page(found).elements if "aria-current" in attrs)
    assert current["data-conversation"] == "c2"


def test_only_a_conversation_with_a_turn_can_be_saved() -> None:
    assert "Save as" not in menu([], "", any_turn=False)
    assert "What you ask is kept here." in menu([], "", any_turn=False)
    found = menu([], "", any_turn=True)
    forms = [attrs["data-form"] for _, attrs in Page(found).elements if attrs.get("data-do") == "export"]
    assert forms == ["markdown", "json"]
    assert "Copy link" in found


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_title_is_shown_and_does_not_run(hostile: str) -> None:
    found = menu([a_kept(hostile)], "", any_turn=True)
    assert text_of("title", found).removesuffix("1 question, 2 May 2024") == hostile
    names = [attrs["data-name"] for _, attrs in Page(found).elements if "data-name" in attrs]
    assert names == [hostile, hostile]
    assert is_inert(found)


def test_a_record_is_kept_as_it_was(kept: Conversations) -> None:
    record = Turn(HOSTILE[12], answer(statement(article(), "Two."), names=()), asked=date(2024, 5, 2)).as_dict()
    made = kept.begin("", HOSTILE[12])
    kept.add("", made, record)
    assert kept.turns("", made) == [json.loads(json.dumps(record))]
