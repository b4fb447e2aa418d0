"""The running program, and windows of a real browser on its page."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = ROOT / "tests" / "screenshots"  # kept by the run, and by nothing else
QUESTION = "what did Lavrov say about al-Qaida?"
# A tab that opens, reads the folder or asks a model on a busy machine.
_PATIENCE = 120_000  # milliseconds

in_a_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}: install Debian's chromium"),
    pytest.mark.skipif(not importlib.util.find_spec("playwright"), reason="no playwright: pip install playwright"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*flags: str | Path, port: int | None = None) -> Iterator[str]:
    """Run ``python app.py`` and give its address once it answers; end it with Ctrl-C, which must be quiet."""
    port = port or free_port()
    if "--state" not in flags:
        flags = (*flags, "--state", tempfile.mkdtemp(prefix="state-"))
    command = [sys.executable, ROOT / "app.py", "--port", str(port), *flags]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{port}/"
        for _ in range(600):
            with contextlib.suppress(OSError), urlopen(address) as response:
                assert response.status == 200
                break
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert address in output
    assert "Traceback" not in errors


class Window:
    """A page in the browser, with what it asked of which host and what went wrong in it."""

    def __init__(
        self,
        browser: Any,
        address: str,
        width: int = 1280,
        height: int = 800,
        ready: str = "#conversation .empty",
        **options: Any,
    ) -> None:
        self.page = browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
        self.page.set_default_timeout(30_000)
        self.hosts: set[str | None] = set()
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(address)
        self.page.locator(ready).first.wait_for(timeout=_PATIENCE)

    def ask(self, question: str) -> Any:
        """Ask, and return the turn once it holds an answer, a refusal or an error."""
        number = self.page.locator(".turn").count()
        self.page.get_by_label("Your question").fill(question)
        self.page.keyboard.press("Enter")
        return self.answered(number)

    def answered(self, number: int) -> Any:
        """Return the turn of a number, from 0, once it holds the whole of an answer, a refusal or an error."""
        turn = self.page.locator(".turn").nth(number)
        turn.locator(".judged, .note.failed").first.wait_for(timeout=_PATIENCE)
        return turn

    def questions(self) -> list[str]:
        """Return the questions of all turns, as they were asked."""
        questions = self.page.locator(".turn .question")
        return list(questions.evaluate_all("all => all.map(one => one.lastChild.textContent)"))

    def statements(self, turn: Any) -> list[str]:
        return list(turn.locator("blockquote").evaluate_all("all => all.map(one => one.textContent)"))

    def shown(self) -> str:
        """Return the marked sentence, after making sure that the pane, not the page, is scrolled to it."""
        self.page.wait_for_function(
            """() => { const mark = document.querySelector('#source mark.shown')?.getBoundingClientRect();
                       const pane = document.getElementById('source').getBoundingClientRect();
                       return mark && mark.top >= pane.top && mark.top < pane.bottom - 20; }"""
        )
        return str(self.page.locator("#source mark.shown").evaluate("mark => mark.textContent"))

    def shows(self, sentence: str) -> None:
        """Wait until it is this sentence that is marked in its article."""
        same = "text => document.querySelector('#source mark.shown')?.textContent === text"
        self.page.wait_for_function(same, arg=sentence)
        assert self.shown() == sentence

    def turn_to(self, tab: str, shows: str) -> None:
        """Turn to a tab, and wait for what it shows once it is filled."""
        self.page.get_by_role("tab", name=tab).click()
        self.page.locator(shows).first.wait_for(timeout=_PATIENCE)

    def ready(self, articles: str) -> None:
        """Wait until the status line tells of so many articles."""
        self.page.locator("#status").get_by_text(articles).wait_for(timeout=_PATIENCE)

    def focused(self) -> str:
        """Return the accessible name of what has the focus."""
        return str(
            self.page.evaluate(
                """() => { const one = document.activeElement;
                   if (!one || one === document.body) return 'BODY';
                   const name = one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent;
                   return name.trim().replace(/\\s+/g, ' '); }"""
            )
        )

    def ringed(self) -> bool:
        """Tell whether an outline, a border or a shadow, of it or of what is around it, shows what has the focus."""
        return bool(
            self.page.evaluate(
                """() => { const one = document.activeElement, around = [one];
                   for (let up = one.parentElement; up && around.length < 4; up = up.parentElement) around.push(up);
                   const look = () => around.map(each => { const s = getComputedStyle(each);
                       return [s.outlineStyle === 'none' ? '' : s.outlineWidth + s.outlineColor, s.boxShadow,
                               s.borderColor].join(); }).join();
                   const now = look();
                   one.blur();
                   const then = look();
                   one.focus({preventScroll: true});
                   return now !== then; }"""
            )
        )

    def tab_to(self, name: str, most: int = 60) -> None:
        """Press the tab key until what has the focus begins with a name."""
        seen = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            seen.append(self.focused())
            if seen[-1].startswith(name):
                assert self.ringed(), seen[-1]
                return
        raise AssertionError(f"no {name!r} among {seen}")

    def keep(self, name: str) -> None:
        """Keep a screenshot."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))

    def clean(self) -> None:
        """Make sure that nothing went wrong in the page, and that it spoke to its server alone."""
        assert self.hosts == {"127.0.0.1"}
        assert self.errors == []
