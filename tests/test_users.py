"""Who may open the page."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ui.users import Users, add_user

# scrypt of "correct horse" with this salt, worked out by `openssl kdf`: no code of ours.
SALT = "000102030405060708090a0b0c0d0e0f"
HASH = "5c662628ac4eb1068a287e2aa2a202ae248e98db04d61d3327e7342db6ec7097"
LINE = f"anna:scrypt:32768:8:1:{SALT}:{HASH}"

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


def written(file: Path, *lines: str) -> Path:
    """Write a file as somebody with an editor does, so that its modification time differs from any before."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text("".join(f"{line}\n" for line in lines))
    file.chmod(0o600)
    os.utime(file, ns=(before + 10**9, before + 10**9))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "users.txt", "# the desk", "", LINE)


def test_the_right_password_is_taken_and_no_other(file: Path) -> None:
    users = Users(file)
    assert users("anna", "correct horse") is True
    assert users("anna", "Correct horse") is False
    assert users("anna", "") is False
    assert users("ben", "correct horse") is False
    assert users("", "") is False


def test_an_unknown_name_costs_the_same_work(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users(file)
    work: list[tuple[int, int, int]] = []
    scrypt = hashlib.scrypt

    def counted(password: bytes, **how: Any) -> bytes:
        work.append((how["n"], how["r"], how["p"]))
        return scrypt(password, **how)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    users("anna", "a wrong one")
    users("nobody", "a wrong one")
    assert work == [(32768, 8, 1), (32768, 8, 1)]


def test_an_unknown_name_is_refused_even_by_the_password_that_stands_in_for_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_bytes", bytes)
    users = Users(file)
    monkeypatch.setattr(hashlib, "scrypt", lambda password, **how: bytes(32))
    assert users("nobody", "a guess") is False


def test_one_password_is_checked_at_a_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users(file)
    running: list[int] = []
    most: list[int] = []

    def slow(password: bytes, **how: Any) -> bytes:
        running.append(1)
        most.append(len(running))
        time.sleep(0.02)
        running.pop()
        return b"\0" * 32

    monkeypatch.setattr(hashlib, "scrypt", slow)
    threads = [threading.Thread(target=users, args=("anna", "guess")) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1, 1]


def test_a_user_is_added_and_opens_the_page(tmp_path: Path) -> None:
    file = tmp_path / "users.txt"
    add_user(file, "ben@desk.example", "open sesame")
    add_user(file, "carla", "pässwörd: 1")
    users = Users(file)
    assert users("ben@desk.example", "open sesame") is True
    assert users("carla", "pa\N{COMBINING DIAERESIS}sswo\N{COMBINING DIAERESIS}rd: 1") is True  # as a Mac types it
    assert users("carla", "open sesame") is False
    assert [path.name for path in tmp_path.iterdir()] == ["users.txt"]
    assert "sesame" not in file.read_text()


def test_two_users_of_one_password_have_different_lines(tmp_path: Path) -> None:
    add_user(tmp_path / "users", "ben", "open sesame")
    add_user(tmp_path / "users", "eve", "open sesame")
    ben, eve = (line.split(":") for line in (tmp_path / "users").read_text().splitlines())
    assert ben[1:5] == eve[1:5] == ["scrypt", "32768", "8", "1"]
    assert ben[5] != eve[5]
    assert ben[6] != eve[6]


@posix
def test_a_file_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "users.txt"
    before = os.umask(0)
    try:
        add_user(file, "ben", "open sesame")
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_password_is_replaced_and_other_lines_stay(file: Path) -> None:
    add_user(file, "ben", "open sesame")
    add_user(file, "anna", "a new one")
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# the desk", ""]
    assert [line.partition(":")[0] for line in lines[2:]] == ["ben", "anna"]
    users = Users(file)
    assert users("anna", "a new one") is True
    assert users("anna", "correct horse") is False
    assert users("ben", "open sesame") is True


def test_a_file_stays_whole_when_its_successor_cannot_be_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        add_user(file, "ben", "open sesame")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["users.txt"]


@pytest.mark.parametrize("name", ["", "a" * 65, "a:b", "a b", "a\nroot", "anna\n", "#anna", "ånna", "a/b"])
def test_a_name_that_would_not_fit_a_line_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"the name '.*' cannot be taken: use 1 to 64 letters \(a to z\), digits"):
        add_user(tmp_path / "users.txt", name, "open sesame")
    assert list(tmp_path.iterdir()) == []


def test_a_short_password_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the password has 7 characters: use at least 8") as error:
        add_user(tmp_path / "users.txt", "ben", "sesame!")
    assert "sesame" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        "ben:open sesame",
        "ben",
        LINE.replace("scrypt", "sha256"),
        LINE.replace("32768", "2"),
        LINE.replace(":8:1:", ":8:100000:"),
        LINE[:-1],
        LINE + "0",
        LINE + ":",
        LINE.replace(SALT, ""),
        LINE.replace("anna", "an na"),
        LINE.replace("anna", ""),
    ],
)
def test_a_malformed_line_is_named_and_not_shown(file: Path, line: str) -> None:
    written(file, "# the desk", LINE.replace("anna", "carla"), line)
    with pytest.raises(ValueError, match=r"line 3 of '.*users\.txt' is not name:scrypt:32768:8:1:SALT:HASH") as error:
        Users(file)
    assert "sesame" not in str(error.value)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="line 3 of"):
        add_user(file, "ben", "open sesame")
    assert file.read_bytes() == before


def test_a_name_that_stands_twice_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match=r"line 2 of '.*users\.txt' names a user a second time"):
        Users(written(file, LINE, LINE))


def test_a_file_with_no_user_or_no_file_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match=r"no users in '.*users\.txt': add one"):
        Users(written(file, "# nobody yet"))
    with pytest.raises(FileNotFoundError):
        Users(file.with_name("none.txt"))


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_file_that_others_can_use_is_refused_with_what_to_run(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(PermissionError, match=rf"\(mode {mode:04o}\): run chmod 600 /.*users\.txt"):
        Users(file)
    with pytest.raises(PermissionError, match="run chmod 600"):
        add_user(file, "ben", "open sesame")


def test_a_changed_file_is_read_again(file: Path) -> None:
    users = Users(file)
    written(file, LINE.replace("anna", "ben"))
    assert users("anna", "correct horse") is False
    assert users("ben", "correct horse") is True
    add_user(file, "carla", "open sesame")
    assert users("carla", "open sesame") is True
    written(file, "# nobody any more")
    assert users("carla", "open sesame") is False


def test_an_unchanged_file_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users(file)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read again"))
    assert users("anna", "correct horse") is True


def test_the_old_users_stay_when_the_new_file_is_malformed_or_gone(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = Users(file)
    written(file, LINE.replace("anna", "ben"), "carla:open sesame")
    with caplog.at_level(logging.ERROR, logger="ui.users"):
        assert users("anna", "correct horse") is True
        assert users("ben", "correct horse") is False
    assert [record.getMessage() for record in caplog.records] == [
        "the users that were read before may still open the page: "
        f"line 2 of {str(file)!r} is not name:scrypt:32768:8:1:SALT:HASH: remove the line and add the user again"
    ]
    caplog.clear()
    file.unlink()
    assert users("anna", "correct horse") is True
    assert len(caplog.records) == 1
    written(file, LINE.replace("anna", "ben"))
    assert users("anna", "correct horse") is False
    assert users("ben", "correct horse") is True


@posix
def test_a_file_that_was_refused_for_its_mode_is_read_once_that_is_mended(file: Path) -> None:
    users = Users(file)
    written(file, LINE.replace("anna", "ben")).chmod(0o644)
    assert users("ben", "correct horse") is False
    file.chmod(0o600)
    assert users("ben", "correct horse") is True


def test_the_event_loop_goes_on_while_a_password_is_checked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users(file)
    checked = threading.Event()
    monkeypatch.setattr(hashlib, "scrypt", lambda password, **how: checked.wait(10) and bytes.fromhex(HASH))

    async def both() -> bool:
        waiting = asyncio.create_task(users.check("anna", "correct horse"))
        await asyncio.sleep(0.05)
        checked.set()  # never, if the check stood on the loop
        return await waiting

    assert asyncio.run(both()) is True


def test_many_guesses_leave_the_threads_that_answer_questions_free(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users(file)
    checked = threading.Event()
    monkeypatch.setattr(hashlib, "scrypt", lambda password, **how: checked.wait(10) and bytes(32))

    async def guess() -> list[bool]:
        waiting = [asyncio.create_task(users.check("anna", "a guess")) for _ in range(50)]
        await asyncio.sleep(0.05)
        try:
            assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 5) == 7
        finally:
            checked.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(guess()) == [False] * 50


def test_gradio_awaits_the_check_and_lets_in_only_the_right_password(file: Path) -> None:
    users = Users(file)
    assert inspect.iscoroutinefunction(users.check)  # otherwise Gradio takes the coroutine itself for a yes
    with gr.Blocks() as blocks:
        gr.HTML("secret")
    app = gr.mount_gradio_app(FastAPI(), blocks, "/", auth=users.check)
    client = TestClient(app)
    for name, password, status in [("anna", "wrong", 400), ("ben", "correct horse", 400)]:
        assert client.post("/login", data={"username": name, "password": password}).status_code == status
        assert client.get("/config").status_code == 401
    assert client.post("/login", data={"username": "anna", "password": "correct horse"}).status_code == 200
    assert client.get("/config").status_code == 200
