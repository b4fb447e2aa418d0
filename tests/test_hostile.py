"""A library whose every word is an attack, in every part of the page, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from pages import HOSTILE
from windows import Window, free_port, in_a_browser

from qa import Answer, Article, Catalogue, Entry, Hit, Name, Passage, Skipped, Speaker, Statement
from ui import Conversations, Opening, build_page, launch
from ui.markup import clean

pytestmark = in_a_browser
FOREIGN = "script, img, style, iframe, base, object, form[action], a[href^='javascript'], [onload], [onerror]"


class HostileLibrary:
    """Every sentence of its one article is an attack; a question that ends in a number is answered with that one."""

    def __init__(self, report: Any, go_on: threading.Event) -> None:
        report(1, 4, 9)
        go_on.wait(60)
        every = " ".join(HOSTILE)
        text = "\r\n\r\n".join(["Before.", *HOSTILE, "A sentence\r\nover two lines.", "After."])
        self.attack = Article("a", every, text, every, every, (every,), url="javascript:window.pwned=1")
        self.skipped = [Skipped(bad, bad) for bad in HOSTILE]

    def count(self) -> int:
        return 1

    def article(self, _: str) -> Article:
        return self.attack

    def catalogue(self, *_: Any, **__: Any) -> Catalogue:
        bad = " ".join(HOSTILE)
        return Catalogue(len(HOSTILE), tuple(Entry(h, h, h, h, None, 7, bad) for h in HOSTILE))

    def sources(self) -> dict[str, int]:
        return dict.fromkeys(HOSTILE, 1)

    authors = sources

    def speakers(self, *_: Any, **__: Any) -> list[Speaker]:
        return [Speaker(bad, 3, (bad, bad)) for bad in HOSTILE]

    def statements(self, *_: Any, **__: Any) -> list[Statement]:
        places = [(self.attack.text.index(bad), bad) for bad in HOSTILE]
        return [Statement(self.attack, at, at + len(bad), 1, speaker=bad) for at, bad in places]

    def ask(self, question: str, *, history: Sequence[Answer] = (), today: date) -> Answer:
        sentences = [*HOSTILE, "A sentence\r\nover two lines."]
        starts = [self.attack.text.index(sentence) for sentence in sentences]
        if "fail" in question:
            raise RuntimeError(HOSTILE[0])
        if "refuse" in question:
            hits = tuple(
                Hit(Passage(self.attack, at, at + len(s)), 0.1, 0.1, 0.1, 1, 1)
                for at, s in zip(starts, sentences, strict=True)
            )
            return Answer(question, (), hits, " ".join(HOSTILE), 0)
        made = tuple(
            Statement(self.attack, at, at + len(s), 0.5, speaker=s) for at, s in zip(starts, sentences, strict=True)
        )
        names = tuple(Name(bad, 1, number > 5, bad) for number, bad in enumerate(HOSTILE))
        every = " ".join(HOSTILE)
        return Answer(question, made, (), None, 1, short=every, summary=every, names=names, understood=every)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, threading.Event]]:
    go_on = threading.Event()
    opening = Opening(lambda report: HostileLibrary(report, go_on))  # type: ignore[arg-type, return-value]
    page = build_page(opening, Conversations(tmp_path_factory.mktemp("state")))
    address = launch(page, "127.0.0.1", free_port())
    opening.start()
    yield address, go_on
    go_on.set()
    page.close(verbose=False)


def harmless(window: Window) -> None:
    """Make sure that nothing of the articles became an element, ran, or styled the page."""
    elements = ", ".join(f".html-container {tag}" for tag in FOREIGN.split(", "))
    assert window.page.locator(elements).count() == 0
    assert window.page.evaluate("window.pwned") is None
    assert window.page.evaluate("getComputedStyle(document.body).display") != "none"


class TestHostileArticles:
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
        harmless(window)
        assert window.page.evaluate("scrollY") == 0
        window.clean()

    def test_nor_does_it_in_the_table_of_articles_and_the_list_of_speakers(
        self, browser: Any, hostile: tuple[str, threading.Event]
    ) -> None:
        address, go_on = hostile
        go_on.set()
        window = Window(browser, address)
        window.turn_to("Articles", "#shelf tbody tr")
        titles = window.page.locator("#shelf tbody th button")
        assert titles.evaluate_all("all => all.map(one => one.textContent)") == [clean(bad) for bad in HOSTILE]
        window.page.locator("#shelf .unread summary").click()
        harmless(window)
        window.page.get_by_label("Search the articles").fill(HOSTILE[0])
        titles.first.click()
        window.page.locator("#source article").wait_for()
        harmless(window)
        window.turn_to("Who says what", "#told .bars li")
        names = window.page.locator("#told .name")
        assert names.evaluate_all("all => all.map(one => one.textContent)") == [clean(bad) for bad in HOSTILE]
        harmless(window)
        names.nth(1).click()
        said = window.page.locator("#told blockquote")
        said.first.wait_for()
        assert said.evaluate_all("all => all.map(one => one.textContent)") == HOSTILE
        window.page.locator("#told .cite").nth(5).click()
        window.shows(HOSTILE[5])
        harmless(window)
        window.clean()
