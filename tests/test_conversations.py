"""Conversations that outlive the server: whose they are, and that nothing stays of what is deleted."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import shlex
import signal
import socket
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from databases import PASSWORD, Server
from pages import HOSTILE, Page, answer, article, is_inert, statement, text_of
from windows import free_port

from qa import feedback
from qa.evaluation import Expected, read_questions
from ui.conversations import Conversations, Kept, menu
from ui.turns import Turn

RECORD = {"question": "q?", "answer": None}
needs_psycopg = pytest.mark.skipif(
    not importlib.util.find_spec("psycopg"), reason="no psycopg: pip install 'psycopg[binary]'"
)


class Folder:
    """Conversations in a folder, with SQLite."""

    def __init__(self, folder: Path) -> None:
        self.place = folder

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.place / "conversations.sqlite")) as database, database:
            database.execute(statement)

    def feedback(self) -> bytes:
        file = self.place / "feedback.jsonl"
        return file.read_bytes() if file.exists() else b""


class Database:
    """Conversations in a database of PostgreSQL."""

    def __init__(self, server: Server) -> None:
        self.server, self.place = server, server.url()
        self.run("DROP TABLE IF EXISTS turns, conversations, version")

    def run(self, statement: str) -> None:
        self.server.run(statement)

    def feedback(self) -> bytes:
        """Return what the command of docs/page.md writes."""
        (command,) = re.findall(r"^    (psql .*) > feedback\.jsonl$", (ROOT / "docs/page.md").read_text(), re.MULTILINE)
        return self.server.psql(shlex.split(command))


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Folder | Database:
    if request.param == "sqlite":
        return Folder(tmp_path / "state")
    return Database(request.getfixturevalue("postgres"))


@pytest.fixture
def database(postgres: Server) -> Database:
    return Database(postgres)


@pytest.fixture
def kept(where: Folder | Database) -> Iterator[Conversations]:
    made = Conversations(where.place)
    yield made
    made.close()


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Conversations]:
    made = Conversations(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def in_database(database: Database) -> Iterator[Conversations]:
    made = Conversations(database.place)
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


def rated(where: Folder | Database, tmp_path: Path) -> list[Expected]:
    file = tmp_path / "rated.jsonl"
    file.write_bytes(where.feedback())
    return read_questions(file) if file.stat().st_size else []


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


def test_what_is_kept_is_there_when_it_is_opened_again(where: Folder | Database) -> None:
    first = Conversations(where.place)
    made = begun(first, "ada", "what?")
    first.close()
    with pytest.raises((sqlite3.ProgrammingError, OSError)):
        first.kept("ada")
    again = Conversations(where.place)
    assert (titles(again, "ada"), again.turns("ada", made)) == (["what?"], [{"question": "what?"}])
    again.close()


def test_nothing_of_a_deleted_conversation_stays_in_the_files(in_folder: Conversations, tmp_path: Path) -> None:
    kept, folder = in_folder, tmp_path / "state"
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


def test_only_their_owner_can_read_the_files(in_folder: Conversations, tmp_path: Path) -> None:
    made = begun(in_folder, "", "q?")
    in_folder.rate("", made, 0, RECORD, told())
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


def test_a_turn_that_cannot_be_read_keeps_its_place(kept: Conversations, where: Folder | Database) -> None:
    made = begun(kept, "", "a", "b", "c")
    where.run("UPDATE turns SET record = '{not json' WHERE number = 0")
    where.run("UPDATE turns SET record = '[1]' WHERE number = 1")
    assert kept.turns("", made) == [{}, {}, {"question": "c"}]
    shown = [Turn.from_dict(record, lambda _: article()).question for record in kept.turns("", made)]
    assert shown == ["A question that cannot be read", "A question that cannot be read", "c"]


def test_ratings_are_lines_that_evaluate_reads(kept: Conversations, where: Folder | Database, tmp_path: Path) -> None:
    made = begun(kept, "", "a", "b", "c")
    assert where.feedback() == b""
    kept.rate("", made, 0, {"question": "a", "liked": True}, told(question="a?"))
    kept.rate("", made, 2, {"question": "c", "liked": False}, told(liked=False, question="c?"))
    read = [(line.question, line.kind, line.gold, line.not_ok, line.asked) for line in rated(where, tmp_path)]
    assert read == [
        ("a?", "liked", ("Two.",), (), date(2024, 5, 2)),
        ("c?", "disliked", (), ("Two.",), date(2024, 5, 2)),
    ]
    assert kept.turns("", made)[2] == {"question": "c", "liked": False}
    kept.rate("", made, 0, {"question": "a", "liked": None}, None)
    assert [line.question for line in rated(where, tmp_path)] == ["c?"]
    kept.delete("", made)
    assert where.feedback() == b""


@pytest.mark.parametrize(
    "text", [*HOSTILE, "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg", "two\nlines\r\nhere", "\u4e2d\u6587 \U0001f469"]
)
def test_a_rating_is_one_line_whatever_was_said(
    kept: Conversations, where: Folder | Database, tmp_path: Path, text: str
) -> None:
    made = begun(kept, "", "a", "b")
    for number in (0, 1):
        kept.rate("", made, number, RECORD, told(text=text, question=text))
    assert [(line.question, line.gold) for line in rated(where, tmp_path)] == [(text, (text,))] * 2


@pytest.mark.parametrize("number", [-1, 1, 2**40])
def test_a_turn_that_there_is_not_cannot_be_rated(kept: Conversations, where: Folder | Database, number: int) -> None:
    made = begun(kept, "", "a")
    with pytest.raises(KeyError):
        kept.rate("", made, number, {"question": "other"}, told())
    assert kept.turns("", made) == [{"question": "a"}]
    assert where.feedback() == b""


def test_eight_threads_of_two_servers_may_write_at_once(
    kept: Conversations, where: Folder | Database, tmp_path: Path
) -> None:
    other = Conversations(where.place)
    servers = kept, other
    shared, failed = begun(kept, "all"), []

    def work(number: int) -> None:
        kept = servers[number % 2]
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
    assert sorted(line.question for line in rated(where, tmp_path)) == sorted(asked)
    other.close()
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


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\x00", "\udcff" * 3])
def test_what_a_database_cannot_hold_as_text_is_replaced(kept: Conversations, text: str) -> None:
    shown = re.sub("[\x00\ud800-\udfff]", "\ufffd", text)
    made = kept.begin(text, text)
    kept.rate(text, made, kept.add(text, made, {"question": text}), {"question": text}, {"question": text})
    assert titles(kept, text) == [shown]
    assert kept.turns(text, made) == [{"question": text}]
    kept.rename(text, made, f"{text} again")
    assert kept.title(text, made) == f"{shown} again"
    with pytest.raises(KeyError):
        kept.title(text, text)
    kept.delete(text, made)
    assert titles(kept, text) == []


def test_a_long_turn_is_kept_whole(kept: Conversations) -> None:
    record = {"question": "\x00\ud800 \u4e2d" * 500_000}
    made = kept.begin("", "x" * 1_000_000)
    kept.add("", made, record)
    assert kept.turns("", made) == [record]
    assert titles(kept) == ["x" * 120]


def test_two_servers_share_what_each_of_them_keeps(kept: Conversations, where: Folder | Database) -> None:
    made = begun(kept, "ada", "first")
    with closing(Conversations(where.place)) as other:
        assert [(one.id, one.questions) for one in other.kept("ada")] == [(made, 1)]
        assert other.add("ada", made, {"question": "second"}) == 1
        assert kept.add("ada", made, {"question": "third"}) == 2
        assert [record["question"] for record in other.turns("ada", made)] == ["first", "second", "third"]
        other.delete("ada", made)
        assert titles(kept, "ada") == []
        with pytest.raises(KeyError):
            kept.add("ada", made, RECORD)


def test_another_version_of_the_tables_is_left_as_it_is(
    kept: Conversations, where: Folder | Database, caplog: pytest.LogCaptureFixture
) -> None:
    begun(kept, "", "stays")
    where.run("UPDATE version SET number = 2")
    with pytest.raises(OSError, match="the conversations are of version 2, this program keeps version 1: update it"):
        Conversations(where.place).kept("")
    assert "put aside" not in caplog.text
    where.run("UPDATE version SET number = 1")
    with closing(Conversations(where.place)) as again:
        assert titles(again) == ["stays"]


def test_conversations_of_before_the_version_was_noted_are_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "conversations.sqlite")) as old, old:
        old.executescript("""
            CREATE TABLE conversations (
                id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, changed TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE TABLE turns (
                conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, number INTEGER NOT NULL,
                record TEXT NOT NULL, feedback TEXT, PRIMARY KEY (conversation, number)
            ) WITHOUT ROWID;
            INSERT INTO conversations VALUES ('c', '', 'old', '2026-01-02T03:04:05.000006+00:00');
            INSERT INTO turns VALUES ('c', 0, '{"question": "q?"}', NULL);
        """)
    with closing(Conversations(tmp_path)) as made:
        assert (titles(made), made.turns("", "c")) == (["old"], [{"question": "q?"}])
        assert made.add("", "c", RECORD) == 1


def test_servers_that_start_at_once_make_the_tables_once(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    gate, made = threading.Barrier(8), []

    def start() -> None:
        gate.wait()
        made.append(Conversations(database.place))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert caplog.text == ""
    for number, one in enumerate(made):
        one.begin("", str(number))
    assert sorted(titles(made[0])) == list("01234567")
    for one in made:
        one.close()


def test_a_connection_that_was_lost_is_opened_again(
    in_database: Conversations, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    made = begun(in_database, "", "first")
    database.server.disconnect()
    assert titles(in_database) == ["first"]
    database.server.disconnect()
    assert in_database.add("", made, {"question": "second"}) == 1
    database.server.stop()
    database.server.start()
    assert in_database.add("", made, {"question": "third"}) == 2
    assert [record["question"] for record in in_database.turns("", made)] == ["first", "second", "third"]
    assert caplog.text == ""


def test_a_connection_that_is_lost_within_a_change_leaves_all_as_it_was(
    in_database: Conversations, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = begun(in_database, "", "first")
    touch = in_database._touch

    def cut(*named: str) -> None:
        touch(*named)
        database.server.disconnect()

    with monkeypatch.context() as patched:
        patched.setattr(in_database, "_touch", cut)
        with pytest.raises(OSError, match=r"the database of the conversations cannot be used.*terminating"):
            in_database.add("", made, {"question": "second"})
    assert in_database.turns("", made) == [{"question": "first"}]
    assert in_database.add("", made, {"question": "third"}) == 1


def test_a_server_that_never_answers_is_hung_up_on(
    in_database: Conversations, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    made = begun(in_database, "", "first")
    monkeypatch.setattr("ui.postgres._PATIENCE", 1)
    with psycopg.connect(database.place) as other:
        found = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ((pid,),) = other.execute(found).fetchall()
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert in_database.add("", made, {"question": "second"}) == 1
        assert 1 <= time.monotonic() - began < 8
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [record["question"] for record in in_database.turns("", made)] == ["first", "second"]


def test_tables_that_somebody_dropped_are_made_again(in_database: Conversations, database: Database) -> None:
    begun(in_database)
    database.run("DROP TABLE turns, conversations, version")
    assert titles(in_database) == []
    begun(in_database, "", "new")
    assert titles(in_database) == ["new"]


def test_a_database_that_is_away_is_told_once_and_not_waited_for_twice(
    in_database: Conversations, database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, now = begun(in_database, "", "first"), time.monotonic()
    monkeypatch.setattr("ui.postgres.time.monotonic", lambda: now)
    database.server.stop()
    try:
        for work in (
            lambda: in_database.kept(""),
            lambda: in_database.turns("", made),
            lambda: in_database.begin("", "new"),
            lambda: in_database.add("", made, RECORD),
            lambda: in_database.rename("", made, "new"),
            lambda: in_database.delete("", made),
        ):
            with pytest.raises(OSError, match="the database of the conversations cannot be"):
                work()
    finally:
        database.server.start()
    with pytest.raises(OSError, match="Connection refused"):
        in_database.kept("")
    now += 11
    assert titles(in_database) == ["first"]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].startswith("the database of the conversations cannot be used: ") and "Connection refused" in said[0]
    assert said[1] == "the database of the conversations can be used again"


def test_a_database_that_is_away_at_the_start_may_come_later(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("ui.postgres.time.monotonic", lambda: now)
    database.server.stop()
    try:
        made = Conversations(database.place)
    finally:
        database.server.start()
    assert "Connection refused" in caplog.text
    now += 11
    begun(made, "", "first")
    assert titles(made) == ["first"]
    made.close()


@needs_psycopg
def test_a_database_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        made = Conversations(f"postgresql://qa@127.0.0.1:{silent.getsockname()[1]}/qa?connect_timeout=2")
        with pytest.raises(OSError, match="timeout expired"):
            made.kept("")
        assert time.monotonic() - began < 8


SECRET = "secretly"
URLS = [
    "postgresql://qa:{0}@..{0}/qa",
    "postgresql://qa:{0}@" + "x" * 70 + "/qa",
    "postgresql://qa:{0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0}/{0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0}@{0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0}%{0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0} {0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0}:{0}@127.0.0.1:{1}/qa",
    'postgresql://qa:{0}"{0}@127.0.0.1:{1}/qa',
    "postgresql://qa:{0}?{0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0}#{0}[@127.0.0.1:{1}/qa",
    "postgresql://qa:1/{0}?{0}={0}@127.0.0.1:{1}/qa",
    "postgresql://qa@{0}:{0}@127.0.0.1:{1}/qa",
    "postgresql://:{0}@[127.0.0.1:{1}/qa",
    "postgresql://qa@127.0.0.1:{1}/qa?password={0}&pass={0}",
    "host=127.0.0.1 port={1} password={0}",
    "host=127.0.0.1 port={1} password='{0}",
    "mysql://qa:{0}@127.0.0.1:{1}/qa",
    "{0}",
    "postgresql://",
    "postgresql://qa:{0}\x00{0}@127.0.0.1:{1}/qa",
    "postgresql://qa:{0}\ud800@127.0.0.1:{1}/qa",
]


@needs_psycopg
@pytest.mark.parametrize("url", URLS)
def test_no_error_tells_the_password(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        try:
            with closing(Conversations(url.format(SECRET, free_port()))) as made:
                made.kept("")
        except (ValueError, OSError) as error:
            logging.exception("told")
            assert str(error).startswith(("the database of the", "QA_DATABASE_URL is no address"))
        else:
            raise AssertionError
    assert SECRET not in caplog.text


def test_a_wrong_password_is_told_without_either(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Conversations(database.server.url(SECRET))) as made, pytest.raises(OSError):
        made.kept("")
    assert 'password authentication failed for user "qa"' in caplog.text
    assert SECRET not in caplog.text and PASSWORD not in caplog.text


def test_without_its_package_a_database_cannot_be_used_and_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "ui.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OSError, match=re.escape("pip install 'psycopg[binary]>=3.2,<4'")) as raised:
        Conversations("postgresql://qa:secretly@127.0.0.1/qa")
    assert "secretly" not in str(raised.value)
