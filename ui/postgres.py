"""A PostgreSQL database in place of SQLite's file: as much of a connection as `ui.conversations` uses."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

log = logging.getLogger(__name__)

_PAUSE = 10  # seconds after a vain attempt, in which nobody waits for another one
_PATIENCE = 15  # seconds for a statement; one that waits for another server's gives up after 10
_SECONDS = {"connect_timeout": 5, "keepalives_idle": 30, "tcp_user_timeout": 10_000}  # the last are milliseconds
_LOCK = 7_203_611_954_080_613  # any number, the same on all servers
_NO_URL = (
    "QA_DATABASE_URL is no address of a PostgreSQL database: write it as postgresql://USER:PASSWORD@HOST/DATABASE, "
    "and @, /, : and % in the password as %40, %2F, %3A and %25"
)


class Postgres:
    """A database that takes SQLite's statements, of which ``with`` commits or rolls back, as it does for SQLite.

    Once connected, ``prepare`` makes its tables, while other servers wait. What fails before a transaction has begun is
    tried once more on a new connection, so that one that was lost is no trouble; within a transaction nothing is
    repeated. Each method raises OSError where the database cannot be used, which may be so from the start; a ``url``
    that is none is a ValueError. Neither tells the URL or the password. Threads must take turns.
    """

    def __init__(self, url: str, prepare: Callable[[Postgres], None]) -> None:
        self._settings = _settings(url)
        self._prepare = prepare
        self._connection: psycopg.Connection[Any] | None = None
        self._trouble, self._away_until = "", 0.0  # what kept the last attempt from it, and a time.monotonic()
        with suppress(OSError):  # which is logged, now rather than at the first question
            self._connect()

    def execute(self, query: str, values: Sequence[str | int | None] = ()) -> Any:
        """Run a statement, which has ``?`` in the place of each value, and return its cursor."""
        # Which rows a transaction will write need not be told by IMMEDIATE: PostgreSQL locks them one by one.
        statement = query.replace("BEGIN IMMEDIATE", "BEGIN").replace("?", "%s").encode()
        begun = self._connection is not None and self._connection.info.transaction_status != TransactionStatus.IDLE
        for last in (begun, True):
            connection = self._connection or self._connect()
            try:
                with _patience(connection.fileno()):
                    return connection.execute(statement, values or None)
            except psycopg.Error as error:
                self._drop()
                if last:
                    raise _told(error) from error
        raise AssertionError

    def _connect(self) -> psycopg.Connection[Any]:
        if time.monotonic() < self._away_until:
            raise OSError(self._trouble)
        try:
            connection = self._connection = psycopg.connect(**self._settings, autocommit=True, prepare_threshold=None)
            connection.execute("SET lock_timeout = '10s'")
            connection.execute("BEGIN")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            self._prepare(self)
            connection.execute("COMMIT")
        except (psycopg.Error, OSError, UnicodeError) as error:  # UnicodeError: of a host's name
            self._drop()
            told = error if isinstance(error, OSError) else _told(error)
            if not self._trouble:  # once, however long it lasts
                log.error("%s", told)
            self._trouble, self._away_until = str(told), time.monotonic() + _PAUSE
            raise told from error
        if self._trouble:
            log.warning("the database of the conversations can be used again")
            self._trouble = ""
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(psycopg.Error):
                connection.close()

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._connection:
            self.execute("ROLLBACK" if kind else "COMMIT")

    def close(self) -> None:
        """Let go of the connection for good."""
        self._drop()
        self._trouble, self._away_until = "the conversations are closed", float("inf")


@contextmanager
def _patience(descriptor: int) -> Iterator[None]:
    """Hang up on a server that takes the statement and never answers, for which libpq would wait for good."""
    watch = threading.Timer(_PATIENCE, _hang_up, [descriptor])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        watch.join()  # or it might hang up on what has the number next


def _hang_up(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connected:
        connected.shutdown(socket.SHUT_RDWR)


def _told(error: Exception) -> OSError:
    return OSError(f"the database of the conversations cannot be used: {' '.join(str(error).split())}")


def _settings(url: str) -> dict[str, Any]:
    """Return what to connect with.

    An @ or / that stands in the password as it is would make some of it a part of the host, the database or the port,
    which errors tell: then what follows the password holds an @, and no error of such a URL is shown.
    """
    try:
        found = conninfo_to_dict(url) if url.startswith(("postgresql://", "postgres://")) else {}
    except (psycopg.Error, UnicodeError):
        found = {}
    if not found or any("@" in str(value) for name, value in found.items() if name not in ("user", "password")):
        raise ValueError(_NO_URL)
    return {**_SECONDS, "client_encoding": "utf8", **found}
