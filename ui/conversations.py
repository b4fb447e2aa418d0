"""Conversations that outlive the server, and what readers said of the answers, in a folder of the page's own."""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ui.markup import clean, counted, day_of, escape

log = logging.getLogger(__name__)

LONGEST_TITLE = 120  # characters
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, changed TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversations_of_owner ON conversations (owner, changed);
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, number INTEGER NOT NULL,
    record TEXT NOT NULL, feedback TEXT, PRIMARY KEY (conversation, number)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Kept:
    """A conversation that is kept: its title, when it last changed, and how many questions it has."""

    id: str
    title: str
    changed: datetime
    questions: int


class Conversations:
    """The conversations of everybody who uses the page; each sees only those of which he is the owner.

    ``folder`` holds a database, and feedback.jsonl, which `python -m qa evaluate` reads. Threads may share one. A
    database that is damaged is put aside, and a new one begun. Raises OSError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._mutex = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._feedback = folder / "feedback.jsonl"
        file = folder / "conversations.sqlite"
        try:
            self._database = _open(file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(f"the conversations cannot be kept in {str(file)!r}: {error}") from error
            aside = file.with_suffix(f".{datetime.now(UTC):%Y%m%dT%H%M%S}.damaged")
            log.warning("the conversations in %s cannot be read (%s): the file is put aside as %s", file, error, aside)
            for leftover in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                leftover.unlink(missing_ok=True)
            file.rename(aside)
            self._database = _open(file)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        with self._mutex, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database.cursor()

    def _read(self, query: str, *values: str | int) -> list[Any]:
        with self._mutex:
            return self._database.execute(query, values).fetchall()

    def begin(self, owner: str, title: str) -> str:
        """Begin a conversation, and return its id."""
        new = secrets.token_urlsafe(9)
        with self._writing() as cursor:
            cursor.execute("INSERT INTO conversations VALUES (?, ?, ?, ?)", (new, owner, _titled(title), _now()))
        return new

    def add(self, owner: str, conversation: str, record: Mapping[str, Any]) -> int:
        """Add a turn to a conversation, and return its number. Raises KeyError where the owner has none of that id."""
        with self._writing() as cursor:
            self._touch(cursor, owner, conversation)
            (number,) = cursor.execute(
                "SELECT coalesce(max(number), -1) + 1 FROM turns WHERE conversation = ?", (conversation,)
            ).fetchone()
            cursor.execute("INSERT INTO turns VALUES (?, ?, ?, NULL)", (conversation, number, json.dumps(record)))
        return int(number)

    def rate(
        self,
        owner: str,
        conversation: str,
        number: int,
        record: Mapping[str, Any],
        feedback: Mapping[str, Any] | None,
    ) -> None:
        """Keep a turn anew with what its reader said of it, and that as a line of feedback.jsonl; None takes it back.

        Raises KeyError where the owner has no such conversation, or it has no such turn.
        """
        line = json.dumps(feedback) if feedback else None  # in ASCII: U+2028 would end the line for some who read it
        with self._writing() as cursor:
            self._touch(cursor, owner, conversation)
            change = "UPDATE turns SET record = ?, feedback = ? WHERE conversation = ? AND number = ?"
            if cursor.execute(change, (json.dumps(record), line, conversation, number)).rowcount != 1:
                raise KeyError(number)
        self._write_feedback()

    def _write_feedback(self) -> None:
        query = "SELECT feedback FROM turns WHERE feedback IS NOT NULL ORDER BY conversation, number"
        with self._mutex:
            lines = [line for (line,) in self._read(query)]
            if lines or self._feedback.exists():
                new = self._feedback.with_suffix(".new")
                new.touch(mode=0o600)
                new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
                new.replace(self._feedback)

    def _touch(self, cursor: sqlite3.Cursor, owner: str, conversation: str) -> None:
        changed = "UPDATE conversations SET changed = ? WHERE id = ? AND owner = ?"
        if cursor.execute(changed, (_now(), conversation, owner)).rowcount != 1:
            raise KeyError(conversation)

    def kept(self, owner: str, limit: int = 200) -> list[Kept]:
        """Return the owner's conversations, the latest first."""
        query = """
            SELECT id, title, changed, (SELECT count(*) FROM turns WHERE conversation = id) FROM conversations
            WHERE owner = ? ORDER BY changed DESC, id LIMIT ?
        """
        rows = self._read(query, owner, limit)
        return [Kept(kept, title, datetime.fromisoformat(changed), turns) for kept, title, changed, turns in rows]

    def turns(self, owner: str, conversation: str) -> list[dict[str, Any]]:
        """Return a conversation's turns as they were added. Raises KeyError where the owner has none of that id."""
        query = "SELECT record FROM turns WHERE conversation = ? ORDER BY number"
        self.title(owner, conversation)
        return [_record(text) for (text,) in self._read(query, conversation)]

    def title(self, owner: str, conversation: str) -> str:
        """Return a conversation's title. Raises KeyError where the owner has none of that id."""
        rows = self._read("SELECT title FROM conversations WHERE id = ? AND owner = ?", conversation, owner)
        if not rows:
            raise KeyError(conversation)
        return str(rows[0][0])

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give a conversation another title; a blank one changes nothing."""
        if title.strip():
            with self._writing() as cursor:
                change = "UPDATE conversations SET title = ? WHERE id = ? AND owner = ?"
                cursor.execute(change, (_titled(title), conversation, owner))

    def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation with its turns; nothing of it stays in the file."""
        with self._writing() as cursor:
            cursor.execute("DELETE FROM conversations WHERE id = ? AND owner = ?", (conversation, owner))
        with self._mutex:
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._write_feedback()

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            self._database.close()


def menu(kept: Sequence[Kept], current: str, *, any_turn: bool) -> str:
    """Return the conversations as HTML, to be opened, renamed and deleted, and how to save the present one."""
    rows = "".join(
        f'<li><button type="button" class="title" data-do="open" data-conversation="{one.id}" dir="auto"'
        f"{' aria-current=true' if one.id == current else ''}>{escape(clean(one.title))}"
        f'<span class="facts">{counted(one.questions, "question")}, {day_of(one.changed.date())}</span></button>'
        + "".join(
            f'<button type="button" data-do="{do}" data-conversation="{one.id}" data-name="{escape(clean(one.title))}">'
            f'{label}<span class="hidden"> {escape(clean(one.title))}</span></button>'
            for do, label in (("rename", "Rename"), ("delete", "Delete"))
        )
        + "</li>"
        for one in kept
    )
    told = f"<ul>{rows}</ul>" if kept else '<p class="note">What you ask is kept here.</p>'
    now = "".join(
        f'<button type="button" data-do="export" data-form="{form}">{label}</button>'
        for form, label in (("markdown", "Save as Markdown"), ("json", "Save as JSON"))
    )
    share = '<button type="button" class="link">Copy link</button>'
    return (
        '<nav aria-label="Conversations"><details class="drop" data-key="list">'
        '<summary data-key="kept">Conversations</summary>'
        f'<div class="dropped">{told}</div></details>'
        '<button type="button" data-do="new" data-key="new">New</button>'
        + (
            '<details class="drop" data-key="save"><summary data-key="save-summary">Save</summary>'
            f'<div class="dropped">{now}{share}</div></details>'
            if any_turn
            else ""
        )
        + "</nav>"
    )


def _open(file: Path) -> sqlite3.Connection:
    if not file.is_dir():  # of which SQLite says so
        file.touch()
        file.chmod(0o600)  # before it is opened: the files that SQLite puts beside it have its mode
    database = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(_SCHEMA)
        wrong = [row[0] for row in database.execute("PRAGMA quick_check(1)") if row[0] != "ok"]
        if wrong:
            raise sqlite3.DatabaseError(wrong[0])
    except BaseException:
        database.close()
        raise
    return database


def _record(text: str) -> dict[str, Any]:
    """Return a record; an empty one for what is none, so that those after it keep their numbers."""
    with suppress(ValueError):
        record = json.loads(text)
        if isinstance(record, dict):
            return record
    return {}


def _titled(title: str) -> str:
    return " ".join(title.split())[:LONGEST_TITLE]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
