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


def test_an_error_is_told_in_500_characters_and_never_in_none() -> None:
    assert said(ValueError("x" * 9_000)) == "x" * 500
    assert said(MemoryError()) == "MemoryError"
