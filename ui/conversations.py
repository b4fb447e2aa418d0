"""Conversations that outlive the server, and what readers said of the answers: in a folder, or a shared database."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ui.markup import clean, counted, day_of, escape

if TYPE_CHECKING:
    from ui.postgres import Postgres

log = logging.getLogger(__name__)

LONGEST_TITLE = 120  # characters
INSTALL = "pip install 'psycopg[binary]>=3.2,<4'"
AWAY = "The conversations cannot be reached at present: questions are answered, and not kept."
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
# SQLite and PostgreSQL take all of the statements here.
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS conversations (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, changed TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS conversations_of_owner ON conversations (owner, changed)",
    """CREATE TABLE IF NOT EXISTS turns (
        conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, number INTEGER NOT NULL,
        record TEXT NOT NULL, feedback TEXT, PRIMARY KEY (conversation, number)
    )""",
)


@dataclass(frozen=True)
class Kept:
    """A conversation that is kept: its title, when it last changed, and how many questions it has."""

    id: str
    title: str
    changed: datetime
    questions: int


class Conversations:
    """The conversations of everybody who uses the page; each sees only those of which he is the owner.

    A folder as ``place`` holds a database of SQLite, and feedback.jsonl, which `python -m qa evaluate` reads; a damaged
    database is put aside, and a new one begun. A URL as ``place`` is that of a PostgreSQL database, which several
    servers may share; it holds feedback, too. Threads may share one. NUL and lone surrogates in a text are replaced.

    Raises OSError where the folder cannot be written, and ValueError for a URL that is none. Each method raises OSError
    where the database cannot be used: PostgreSQL's may be away for a while, from the start or later.
    """

    def __init__(self, place: Path | str) -> None:
        self._mutex = threading.RLock()
        self._database: sqlite3.Connection | Postgres
        self._feedback: Path | None = None
        if isinstance(place, Path):
            self._database = _open_folder(place)
            self._feedback = place / "feedback.jsonl"
        else:
            try:
                from ui.postgres import Postgres
            except ImportError as error:
                raise OSError(f"QA_DATABASE_URL needs one more package: {INSTALL} ({error})") from error
            self._database = Postgres(place, _prepare)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads away, and tell what SQLite has against the disk, or another process, as an OSError."""
        with self._mutex:
            try:
                yield
            except sqlite3.OperationalError as error:
                log.error("the conversations cannot be used: %s", error)
                raise OSError(f"the conversations cannot be used: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._alone(), self._database:
            self._run("BEGIN IMMEDIATE")
            yield

    def _run(self, statement: str, *values: str | int | None) -> Any:
        """Run a statement and return its cursor."""
        kept = [_NO_TEXT.sub("\ufffd", value) if isinstance(value, str) else value for value in values]
        return self._database.execute(statement, kept)

    def _read(self, query: str, *values: str | int) -> list[Any]:
        with self._alone():
            return list(self._run(query, *values).fetchall())

    def begin(self, owner: str, title: str) -> str:
        """Begin a conversation, and return its id."""
        new = secrets.token_urlsafe(9)
        with self._writing():
            self._run("INSERT INTO conversations VALUES (?, ?, ?, ?)", new, owner, _titled(title), _now())
        return new

    def add(self, owner: str, conversation: str, record: Mapping[str, Any]) -> int:
        """Add a turn to a conversation, and return its number. Raises KeyError where the owner has none of that id."""
        with self._writing():
            self._touch(owner, conversation)
            (number,) = self._run(
                "SELECT coalesce(max(number), -1) + 1 FROM turns WHERE conversation = ?", conversation
            ).fetchone()
            self._run("INSERT INTO turns VALUES (?, ?, ?, NULL)", conversation, number, json.dumps(record))
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
        with self._writing():
            self._touch(owner, conversation)
            change = "UPDATE turns SET record = ?, feedback = ? WHERE conversation = ? AND number = ?"
            if self._run(change, json.dumps(record), line, conversation, number).rowcount != 1:
                raise KeyError(number)
            self._write_feedback()

    def _write_feedback(self) -> None:
        """Write feedback.jsonl, where there is a folder, within a transaction: so that no other process does."""
        if self._feedback:
            query = "SELECT feedback FROM turns WHERE feedback IS NOT NULL ORDER BY conversation, number"
            lines = [line for (line,) in self._read(query)]
            if lines or self._feedback.exists():
                new = self._feedback.with_suffix(".new")
                new.touch(mode=0o600)
                new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
                new.replace(self._feedback)

    def _touch(self, owner: str, conversation: str) -> None:
        changed = "UPDATE conversations SET changed = ? WHERE id = ? AND owner = ?"
        if self._run(changed, _now(), conversation, owner).rowcount != 1:
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
            with self._writing():
                change = "UPDATE conversations SET title = ? WHERE id = ? AND owner = ?"
                self._run(change, _titled(title), conversation, owner)

    def delete(self, owner: str, conversation: str) -> None:
        """Delete a conversation with its turns; nothing of it stays in SQLite's file."""
        with self._writing():
            self._run("DELETE FROM conversations WHERE id = ? AND owner = ?", conversation, owner)
            self._write_feedback()
        if isinstance(self._database, sqlite3.Connection):
            with self._alone():
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the database."""
        with self._mutex:
            self._database.close()


def menu(kept: Sequence[Kept] | None, current: str, *, any_turn: bool) -> str:
    """Return the conversations as HTML, to be opened, renamed and deleted, and how to save the present one.

    None as ``kept`` says that they cannot be reached.
    """
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
        for one in kept or ()
    )
    none = AWAY if kept is None else "What you ask is kept here."
    told = f"<ul>{rows}</ul>" if kept else f'<p class="note">{none}</p>'
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


def _open_folder(folder: Path) -> sqlite3.Connection:
    """Return the database in a folder; a damaged one is put aside, and a new one begun."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "conversations.sqlite"
    try:
        return _open(file)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise OSError(f"the conversations cannot be kept in {str(file)!r}: {error}") from error
        aside = file.with_suffix(f".{datetime.now(UTC):%Y%m%dT%H%M%S}.damaged")
        log.warning("the conversations in %s cannot be read (%s): the file is put aside as %s", file, error, aside)
        for leftover in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            leftover.unlink(missing_ok=True)
        file.rename(aside)
        return _open(file)


def _open(file: Path) -> sqlite3.Connection:
    if not file.is_dir():  # of which SQLite says so
        file.touch()
        file.chmod(0o600)  # before it is opened: the files that SQLite puts beside it have its mode
    database = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        _prepare(database)
        wrong = [row[0] for row in database.execute("PRAGMA quick_check(1)") if row[0] != "ok"]
        if wrong:
            raise sqlite3.DatabaseError(wrong[0])
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection | Postgres) -> None:
    """Make the tables where there are none. Raises OSError for those of another version of this program."""
    for statement in _SCHEMA:
        database.execute(statement)
    database.execute("INSERT INTO version SELECT ? WHERE NOT EXISTS (SELECT 1 FROM version)", (_VERSION,))
    (version,) = database.execute("SELECT number FROM version").fetchone()
    if version != _VERSION:
        raise OSError(f"the conversations are of version {version}, this program keeps version {_VERSION}: update it")


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
