"""A PostgreSQL server for the tests, in a folder of its own, where Debian's package postgresql is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from windows import free_port

PASSWORD = "p@ss/w:rd%\"'é"
BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
WHY_NOT = (
    f"no {BINARIES}/initdb: install Debian's postgresql"
    if not (BINARIES / "initdb").exists()
    else "no psycopg: pip install 'psycopg[binary]'"
    if not importlib.util.find_spec("psycopg")
    else None
)


class Server:
    """A server at a port of 127.0.0.1, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        # It refuses to run as root.
        self._as: dict[str, object] = {"cwd": folder, "stdin": subprocess.DEVNULL}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._do("initdb", "-D", "data", "-U", "qa", "--auth=scram-sha-256", "--pwfile=password", "-E", "UTF8")
        self.start()

    def _do(self, program: str, *arguments: str) -> None:
        (self.folder / "password").write_text(PASSWORD + "\n")
        with (self.folder / "log").open("ab") as log:  # no pipe, which the server would hold open
            subprocess.run([BINARIES / program, *arguments], check=True, stdout=log, stderr=log, **self._as)  # type: ignore[call-overload]

    def start(self) -> None:
        own = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._do("pg_ctl", "-D", "data", "-w", "-o", own, "start")

    def stop(self, mode: str = "fast") -> None:
        self._do("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def url(self, password: str = PASSWORD) -> str:
        return f"postgresql://qa:{quote(password, safe='')}@127.0.0.1:{self.port}/postgres"

    def run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def disconnect(self) -> None:
        """End all connections."""
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        self.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")

    def psql(self, command: list[str]) -> bytes:
        """Run psql, as somebody who has set his environment up for it."""
        there = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "qa", "PGDATABASE": "postgres"}
        environment = {**os.environ, **there, "PGPASSWORD": PASSWORD}
        return subprocess.run(command, env=environment, check=True, capture_output=True).stdout


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Run a server, or skip the test where there is none to run."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # no folder of pytest's, which only its user may enter
    try:
        server = Server(folder)
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
