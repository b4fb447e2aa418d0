"""The page in a real browser: asking, reading, narrowing, adding, and going on after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pages import HOSTILE
from windows import QUESTION, ROOT, Window, in_a_browser, running

pytestmark = in_a_browser


class TestPage:
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


class TestFolder:
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
