"""The running program: its endpoints, and its page in a real browser."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from test_page import HOSTILE

from qa import Answer, Article, Catalogue, Entry, Hit, Name, Passage, Skipped, Speaker, Statement
from ui.endpoints import (
    AnswerRecord,
    ArticleRecord,
    CatalogueRecord,
    EntryRecord,
    HitRecord,
    QuoteRecord,
    StatementRecord,
)
from ui.markup import clean

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
PANES = ("status", "conversation", "source")
QUESTION = "what did Lavrov say about al-Qaida?"

browser_test = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}: install Debian's chromium"),
    pytest.mark.skipif(not importlib.util.find_spec("playwright"), reason="no playwright: pip install playwright"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*flags: str) -> Iterator[str]:
    """Run ``python app.py`` and give its address once it answers; end it with Ctrl-C, which must be quiet."""
    port = free_port()
    if "--state" not in flags:
        flags = (*flags, "--state", tempfile.mkdtemp(prefix="state-"))
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *flags]
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


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running("--index", str(tmp_path_factory.mktemp("index"))) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield chromium
        chromium.close()


class Window:
    """A page in the browser, with what it asked of which host and what went wrong in it."""

    def __init__(self, browser: Any, address: str, width: int = 1280, height: int = 800, **options: Any) -> None:
        self.page = browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
        self.hosts: set[str | None] = set()
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(address)
        self.page.locator("#conversation .empty").wait_for(timeout=60_000)

    def ask(self, question: str) -> Any:
        """Ask, and return the turn once it holds an answer, a refusal or an error."""
        turns = self.page.locator(".turn")
        number = turns.count()
        self.page.get_by_label("Your question").fill(question)
        self.page.keyboard.press("Enter")
        turns.nth(number).locator(".passage, .refusal, .note.failed").first.wait_for(timeout=120_000)
        return turns.nth(number)

    def shown(self) -> str:
        """Return the marked sentence, after making sure that the pane, not the page, is scrolled to it."""
        self.page.wait_for_function(
            """() => { const mark = document.querySelector('#source mark.shown')?.getBoundingClientRect();
                       const pane = document.getElementById('source').getBoundingClientRect();
                       return mark && mark.top >= pane.top && mark.top < pane.bottom - 20; }"""
        )
        return str(self.page.locator("#source mark.shown").evaluate("mark => mark.textContent"))


@pytest.mark.app
def test_ask_and_retrieve_answer_programs(app: str) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(app, verbose=False)
    answer = client.predict(QUESTION, api_name="/ask")
    assert (answer["question"], answer["refusal"]) == (QUESTION, None)
    assert set(answer) == set(AnswerRecord.__annotations__)
    assert set(answer["statements"][0]) == set(StatementRecord.__annotations__)
    assert set(answer["statements"][0]["article"]) == set(ArticleRecord.__annotations__)
    texts = [statement["text"] for statement in answer["statements"]]
    assert any("had made the same mistake with Islamic State as it had with al-Qaida" in text for text in texts)
    assert any("who later created al-Qaida" in text for text in texts)
    for statement in answer["statements"]:
        article = statement["article"]
        assert article["published"] == "2014-08-26"
        text = (ROOT / "seeds" / article["file"]).read_bytes().decode()
        assert text[statement["start"] : statement["end"]] == statement["text"]
    refused = client.predict("What did Lavrov say about football?", api_name="/ask")
    assert refused["statements"] == [] and refused["refusal"]
    hits = client.predict(QUESTION, 1, api_name="/retrieve")
    assert len(hits) == 1 and set(hits[0]) == set(HitRecord.__annotations__)
    assert client.predict(QUESTION, api_name="/retrieve")
    assert client.predict(QUESTION, since="2014-08-27", api_name="/retrieve") == []
    said = client.predict(speaker="Lavrov", about="al-Qaida", kind="direct", api_name="/quotes")
    assert [quote["speaker"] for quote in said] == ["Sergei Lavrov"]
    assert set(said[0]) == set(QuoteRecord.__annotations__)
    listed = client.predict("lavrov moscow", api_name="/articles")
    assert set(listed) == set(CatalogueRecord.__annotations__) and listed["total"] == 1
    assert set(listed["articles"][0]) == set(EntryRecord.__annotations__)
    assert client.predict("no such words", api_name="/articles") == {"total": 0, "articles": []}
    with pytest.raises(AppError, match="since is a date as YYYY-MM-DD, not 'May'"):
        client.predict(QUESTION, since="May", api_name="/ask")
    with pytest.raises(AppError, match="name a speaker or a topic"):
        client.predict(api_name="/quotes")
    for bad, message in ((("",), "ask a question"), ((" \x00\u3000",), "ask a question"), ((7,), "ask a question")):
        with pytest.raises(AppError, match=message):
            client.predict(*bad, api_name="/ask")
    for k in (0, 101, -1, 1.5, "5", True):
        with pytest.raises(AppError, match="k is a whole number from 1 to 100"):
            client.predict(QUESTION, k, api_name="/retrieve")
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {
        "/ask",
        "/retrieve",
        "/quotes",
        "/articles",
    }


@pytest.mark.app
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--folder", "no-such-folder"], "no folder 'no-such-folder'"),
        (["--port", "taken"], "cannot listen at 127.0.0.1:"),
        (["--host", "203.0.113.7"], "cannot listen at 203.0.113.7:"),
        (["--host", "0.0.0.0"], "other machines reach the articles: give --auth FILE"),
        (["--host", "no such host"], "cannot listen at no such host:"),
        (["--mcp", "--auth", "users.txt"], "give --mcp or --auth, not both"),
        (["--auth", "no-such-users.txt"], "no-such-users.txt"),
        (["--add-user", "mira"], "--add-user needs --auth FILE"),
        (["--port", "70000"], "from 1 to 65535"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_exit_code_2(flags: list[str], message: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags = [str(taken.getsockname()[1]) if flag == "taken" else flag for flag in flags]
        done = subprocess.run(
            [sys.executable, ROOT / "app.py", *flags], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert message in done.stderr


class TestPage:
    pytestmark = browser_test

    def test_a_click_on_a_citation_shows_its_article_at_the_sentence(self, browser: Any, app: str) -> None:
        window = Window(browser, app)
        turn = window.ask(QUESTION)
        passages = turn.locator(".passage")
        passages.nth(1).wait_for()
        sentences = passages.locator("blockquote").evaluate_all("all => all.map(one => one.textContent)")
        assert len(sentences) >= 2
        assert window.shown() == sentences[0]
        assert window.page.locator("#source mark.cited").first.evaluate("mark => mark.textContent") in sentences[1:]
        for number in (1, 0, 1):
            button = passages.nth(number).get_by_role("button", name=f"show sentence {number + 1} in its article")
            button.focus()
            window.page.keyboard.press("Enter")
            window.page.wait_for_function(
                "text => document.querySelector('#source mark.shown').textContent === text", arg=sentences[number]
            )
            assert window.shown() == sentences[number]
            assert button.get_attribute("aria-current") == "true"
        assert window.page.evaluate("scrollY") == 0
        text = (ROOT / "seeds" / "lavrov-us-should-back-syrias-assad.txt").read_bytes().decode()
        assert window.page.locator("#source .text").evaluate("one => one.textContent") == text
        link = window.page.locator("#source header a")
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        assert (link.get_attribute("href") or "").startswith("https://www.themoscowtimes.com/2014/08/26/")
        assert window.hosts == {"127.0.0.1"}
        assert window.errors == []

    def test_an_example_is_one_click_away_and_a_refusal_is_a_calm_reply(self, browser: Any, app: str) -> None:
        window = Window(browser, app)
        window.page.get_by_role("button", name="What did Lavrov say about football?").click()
        window.page.locator(".refusal").wait_for(timeout=120_000)
        assert "Nearest, but not an answer" in window.page.locator(".turn").inner_text()
        nearest = window.page.locator(".nearest .passage").first
        nearest.locator(".cite").click()
        assert window.shown() == nearest.locator("blockquote").evaluate("one => one.textContent")

    @pytest.mark.parametrize("question", ["", "   ", "\u3000\n"])
    def test_a_blank_question_gets_a_hint(self, browser: Any, app: str, question: str) -> None:
        window = Window(browser, app)
        window.page.get_by_label("Your question").fill(question)
        window.page.get_by_role("button", name="Ask", exact=True).click()
        window.page.get_by_text("Type a question first.").wait_for()
        assert window.page.locator(".turn").count() == 0

    def test_strange_questions_are_answered_or_refused(self, browser: Any, app: str) -> None:
        window = Window(browser, app)
        for question in (
            "w" * 20_000,
            "\u4e2d\u6587\u95ee\u9898",
            "\U0001f469\u200d\U0001f680?",
            "a\x01b\x1b[0m",
            *HOSTILE,
        ):
            turn = window.ask(question)
            assert turn.locator(".note.failed").count() == 0
            asked = turn.locator(".question").evaluate("one => one.lastChild.textContent")
            assert asked in (question, question[:2000], "a b [0m")
        assert window.page.evaluate("window.pwned") is None
        assert window.hosts == {"127.0.0.1"}
        assert window.errors == []

    @pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
    def test_the_names_taken_for_one_person_unfold_by_key(
        self, browser: Any, tmp_path: Path, width: int, scheme: str
    ) -> None:
        (tmp_path / "a.txt").write_text(
            '"The talks go on," said Sergei Lavrov. "We shall wait for them," he said.\n\n'
            "Jill Lavrov said it was late.\n"
        )
        (tmp_path / "b.txt").write_text('"The talks are over," said Sergey Lavrov.\n')
        with running("--folder", str(tmp_path), "--index", str(tmp_path / ".index")) as address:
            window = Window(browser, address, width=width, color_scheme=scheme)
            names = window.ask("What did Lavrov say?").locator("details.names")
            assert not names.locator("li").first.is_visible()
            names.locator("summary").focus()
            window.page.keyboard.press("Enter")
            assert names.inner_text().splitlines() == [
                "2 spellings taken for one person, 1 of that name left out",
                "Sergei Lavrov 2 quotes, the fullest spelling",
                "Sergey Lavrov 1 quote, same surname, first names spelled alike",
                "Jill Lavrov 1 quote, taken for another person: another first name",
            ]
            assert window.page.evaluate("document.documentElement.scrollWidth") <= width
            more = window.ask("What else did he say?")
            assert more.locator(".understood").inner_text() == "Understood as: What else did Sergei Lavrov say?"
            assert "say nothing else: all 3 statements by Sergei Lavrov were shown" in more.inner_text()
            assert window.errors == []

    @pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1600, "dark")])
    def test_nothing_is_wider_than_the_window(self, browser: Any, app: str, width: int, scheme: str) -> None:
        window = Window(browser, app, width=width, color_scheme=scheme)
        window.ask(QUESTION).locator(".cite").first.click()
        assert window.page.evaluate("document.documentElement.scrollWidth") <= width
        window.shown()
        box = window.page.locator("#source mark.shown").bounding_box()
        assert box and 0 <= box["y"] < 800 and box["x"] >= 0 and box["x"] + box["width"] <= width


class HostileLibrary:
    """Every sentence of its one article is an attack; a question that ends in a number is answered with that one."""

    def __init__(self, report: Any, go_on: threading.Event) -> None:
        report(1, 4, 9)
        go_on.wait(60)
        every = " ".join(HOSTILE)
        text = "\r\n\r\n".join(["Before.", *HOSTILE, "A sentence\r\nover two lines.", "After."])
        self.article = Article("a", every, text, every, every, (every,), url="javascript:window.pwned=1")
        self.skipped = [Skipped(bad, bad) for bad in HOSTILE]

    def count(self) -> int:
        return 1

    def catalogue(self, *_: Any, **__: Any) -> Catalogue:
        bad = " ".join(HOSTILE)
        return Catalogue(len(HOSTILE), tuple(Entry(h, h, h, h, None, 7, bad) for h in HOSTILE))

    def sources(self) -> dict[str, int]:
        return dict.fromkeys(HOSTILE, 1)

    authors = sources

    def speakers(self, *_: Any, **__: Any) -> list[Speaker]:
        return [Speaker(bad, 3, (bad, bad)) for bad in HOSTILE]

    def statements(self, *_: Any, **__: Any) -> list[Statement]:
        places = [(self.article.text.index(bad), bad) for bad in HOSTILE]
        return [Statement(self.article, at, at + len(bad), 1, speaker=bad) for at, bad in places]

    def ask(self, question: str, *, history: Sequence[Answer] = ()) -> Answer:
        sentences = [*HOSTILE, "A sentence\r\nover two lines."]
        starts = [self.article.text.index(sentence) for sentence in sentences]
        if "fail" in question:
            raise RuntimeError(HOSTILE[0])
        if "refuse" in question:
            hits = tuple(
                Hit(Passage(self.article, at, at + len(s)), 0.1, 0.1, 0.1, 1, 1)
                for at, s in zip(starts, sentences, strict=True)
            )
            return Answer(question, (), hits, " ".join(HOSTILE), 0)
        made = tuple(
            Statement(self.article, at, at + len(s), 0.5, speaker=s) for at, s in zip(starts, sentences, strict=True)
        )
        names = tuple(Name(bad, 1, number > 5, bad) for number, bad in enumerate(HOSTILE))
        every = " ".join(HOSTILE)
        return Answer(question, made, (), None, 1, short=every, summary=every, names=names, understood=every)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, threading.Event]]:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from ui import Conversations, Opening, build_page, launch

    go_on = threading.Event()
    opening = Opening(lambda report: HostileLibrary(report, go_on))  # type: ignore[arg-type, return-value]
    page = build_page(opening, Conversations(tmp_path_factory.mktemp("state")))
    address = launch(page, "127.0.0.1", free_port())
    opening.start()
    yield address, go_on
    go_on.set()
    page.close(verbose=False)


class TestHostileArticles:
    pytestmark = browser_test

    def test_while_the_library_is_made_a_question_waits_and_is_then_answered(
        self, browser: Any, hostile: tuple[str, threading.Event]
    ) -> None:
        address, go_on = hostile
        window = Window(browser, address)
        window.page.locator("#status").get_by_text("Reading the articles: 1 of 4").wait_for()
        window.page.get_by_label("Your question").fill("anything")
        window.page.keyboard.press("Enter")
        window.page.locator(".note.waiting", has_text="Reading the articles: 1 of 4").wait_for()
        go_on.set()
        window.page.locator("#status").get_by_text("1 article ready, 13 files skipped").wait_for()
        window.page.locator(".passage").first.wait_for()

    def test_nothing_of_an_article_runs_or_styles_and_all_of_it_is_shown(
        self, browser: Any, hostile: tuple[str, threading.Event]
    ) -> None:
        address, go_on = hostile
        go_on.set()
        window = Window(browser, address)
        turn = window.ask("anything")
        turn.locator(".more summary").click()
        turn.locator(".passage").nth(13).wait_for()
        expected = [*HOSTILE, "A sentence\r\nover two lines."]
        sentences = turn.locator("blockquote").evaluate_all("all => all.map(one => one.textContent)")
        assert sentences == expected
        for number, sentence in enumerate(expected):
            turn.locator(".cite").nth(number).click()
            window.page.wait_for_function(
                "text => document.querySelector('#source mark.shown').textContent === text", arg=sentence
            )
            assert window.shown() == sentence
        turn.locator("details.names summary").click()
        named = turn.locator("details.names b").evaluate_all("all => all.map(one => one.textContent)")
        assert named == [clean(bad) for bad in HOSTILE]
        window.page.locator("#status summary").click()
        window.ask("refuse")
        assert window.ask("fail").locator(".note").text_content() == (
            f"Something went wrong: {HOSTILE[0]} (see the log)"
        )
        foreign = "script, img, style, iframe, base, svg, a[href^='javascript']"
        panes = ", ".join(f"#{pane} .html-container {tag}" for pane in PANES for tag in foreign.split(", "))
        assert window.page.locator(panes).count() == 0
        assert window.page.evaluate("window.pwned") is None
        assert window.page.evaluate("getComputedStyle(document.body).display") != "none"
        assert window.page.evaluate("scrollY") == 0
        assert window.hosts == {"127.0.0.1"}
        assert window.errors == []


class TestFolder:
    pytestmark = browser_test

    def test_refresh_reads_what_was_added_and_a_copy_is_cited_once(self, browser: Any, tmp_path: Path) -> None:
        folder = tmp_path / "articles"
        folder.mkdir()
        text = "Bridge closed for repairs\n\nMay 2, 2024\n\nMayor Ilse Kohl said that the repairs would take a year.\n"
        (folder / "bridge.txt").write_text(text)
        with running("--folder", str(folder), "--index", str(tmp_path / "index")) as address:
            window = Window(browser, address)
            window.page.locator("#status").get_by_text("1 article ready").wait_for(timeout=60_000)
            (folder / "fair.html").write_text(
                "<html><head><title>Fair opens</title></head><body><article><h1>Fair opens</h1><p>The fair in the park "
                "was opened by Mayor Ilse Kohl, who said that the rain would stop soon.</p></article></body></html>"
            )
            (folder / "copy.txt").write_text(text)
            (folder / "broken.pdf").write_bytes(b"%PDF")
            window.page.get_by_role("button", name="Refresh").click()
            window.page.locator("#status").get_by_text("2 articles ready, 1 file skipped").wait_for(timeout=60_000)
            turn = window.ask("What did Ilse Kohl say about the rain?")
            assert "the rain would stop soon" in window.shown()
            turn = window.ask("What did Ilse Kohl say about the repairs?")
            assert window.shown() == "Mayor Ilse Kohl said that the repairs would take a year."
            assert turn.locator(".cite .facts").first.locator("span").last.inner_text() == "also in 1 other"
            assert "Also in copy.txt" in window.page.locator("#source header").inner_text()
            window.page.screenshot(path=str(tmp_path / "refreshed.png"))
            assert window.hosts == {"127.0.0.1"}
            assert window.errors == []

    def test_a_watched_folder_is_read_without_a_click(self, tmp_path: Path) -> None:
        from gradio_client import Client

        folder = tmp_path / "articles"
        folder.mkdir()
        (folder / "bridge.txt").write_text("The old bridge over the river Aare was closed on Monday.\n")
        with running("--folder", str(folder), "--index", str(tmp_path / "index"), "--watch") as address:
            client = Client(address, verbose=False)
            assert len(client.predict("bridge", 5, api_name="/retrieve")) == 1
            (folder / "tram.txt").write_text("A new tram line runs along the river since Friday.\n")
            for _ in range(100):
                if len(client.predict("tram", 5, api_name="/retrieve")) == 2:
                    break
                time.sleep(0.2)
            assert client.predict("tram line", 1, api_name="/retrieve")[0]["article"]["file"] == "tram.txt"
