"""A library while it is being opened or changed: what is told of it, and that one change comes after another."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from pages import StubLibrary, answer, opening_of

from ui.opening import Opening, said

BRIDGE = StubLibrary(answer(refusal="no"))


def settled(opening: Opening) -> None:
    for _ in range(500):
        if not opening.busy:
            return
        time.sleep(0.01)
    raise AssertionError("the change never ended")


def statuses(opening: Opening) -> list[str]:
    async def collect() -> list[str]:
        return [status async for status in opening.statuses()]

    return asyncio.run(collect())


def test_the_progress_is_told_until_the_library_is_open() -> None:
    go_on = threading.Event()

    def slow(report: Any) -> Any:
        report(12, 26, 100)
        go_on.wait(10)
        return BRIDGE

    opening = Opening(slow)
    assert (opening.opened, opening.finished, opening.busy) == (False, False, True)
    opening.start()
    threading.Timer(0.4, go_on.set).start()
    told = statuses(opening)
    assert "Reading the articles: 12 of 26" in told[-2]
    assert told[-1] == '<p class="status" role="status">1 article ready</p>'
    assert (opening.opened, opening.finished, opening.busy) == (True, True, False)


def test_a_library_that_cannot_be_opened_is_told_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    def fail(report: object) -> Any:
        raise FileNotFoundError("no folder 'x': make it")

    opening = Opening(fail)
    opening._open()
    assert (opening.opened, opening.finished) == (False, True)
    assert "no folder &#x27;x&#x27;: make it" in opening.status()
    assert "Traceback" not in caplog.text
    with pytest.raises(FileNotFoundError, match="no folder"):
        opening.library()
    assert not opening.change(lambda library, progress: None)


@pytest.mark.parametrize("error", [ZeroDivisionError("<b>"), MemoryError(), SystemExit(3)])
def test_whatever_keeps_it_from_opening_is_told_and_logged(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(report: object) -> Any:
        raise error

    opening = Opening(fail)
    opening._open()
    assert opening.finished
    assert "The articles could not be opened: " in opening.status() and "(see the log)" in opening.status()
    assert "<b>" not in opening.status()
    assert "Traceback" in caplog.text


def test_a_second_change_is_refused_while_one_goes_on_and_taken_after_it() -> None:
    opening, go_on, done = opening_of(BRIDGE), threading.Event(), []
    assert opening.change(lambda library, progress: (progress(1, 2, 3), go_on.wait(10)))
    assert not opening.change(lambda library, progress: done.append("too early"))
    for _ in range(500):
        if "1 of 2" in opening.status():
            break
        time.sleep(0.01)
    assert "Reading the articles: 1 of 2" in opening.status()
    go_on.set()
    settled(opening)
    assert opening.change(lambda library, progress: done.append("now"))
    settled(opening)
    assert done == ["now"]


def test_what_a_change_raises_is_told_until_the_next_change_and_the_library_stays() -> None:
    opening = opening_of(BRIDGE)

    def fail(library: Any, progress: Any) -> None:
        raise OSError("<b>disk</b> full")

    assert opening.change(fail)
    settled(opening)
    assert opening.trouble == "<b>disk</b> full"
    assert "&lt;b&gt;disk" in opening.status()
    assert opening.library() is BRIDGE
    assert opening.change(lambda library, progress: None)
    settled(opening)
    assert opening.trouble is None
    assert "1 article ready" in opening.status()


class _Preparing:
    """A library that notes in which thread it was prepared."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.prepared: list[tuple[str, bool]] = []

    def prepare(self) -> None:
        self.prepared.append((threading.current_thread().name, threading.current_thread().daemon))
        if self.error:
            raise self.error


@pytest.mark.parametrize("error", [None, OSError("the parser is missing")])
def test_an_open_library_is_prepared_once_in_a_daemon_and_what_that_raises_is_one_line_of_the_log(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    library: Any = _Preparing(error)
    go_on = threading.Event()

    def slow(report: Any) -> Any:
        go_on.wait(10)
        return library

    async def two_pages() -> None:
        pages = [asyncio.ensure_future(opening.prepare()) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert library.prepared == []
        go_on.set()
        await asyncio.gather(*pages)

    opening = Opening(slow)
    opening.start()
    asyncio.run(two_pages())
    for thread in threading.enumerate():
        if thread.name == "prepare-library":
            thread.join(10)
    assert library.prepared == [("prepare-library", True)]
    told = "not loaded ahead of the first question: the parser is missing"
    assert caplog.messages == ([told] if error else [])
    assert "Traceback" not in caplog.text


def test_a_library_that_never_opens_is_not_prepared() -> None:
    def fail(report: object) -> Any:
        raise OSError("no folder")

    opening = Opening(fail)
    opening._open()
    asyncio.run(opening.prepare())
    assert "prepare-library" not in [thread.name for thread in threading.enumerate()]


def test_an_error_is_told_in_500_characters_and_never_in_none() -> None:
    assert said(ValueError("x" * 9_000)) == "x" * 500
    assert said(MemoryError()) == "MemoryError"
