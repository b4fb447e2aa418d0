"""The page in a real browser: asking, reading, narrowing, adding, and going on after a restart."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from databases import Server
from pages import HOSTILE
from windows import QUESTION, ROOT, Window, free_port, in_a_browser, running

from ui import add_user

pytestmark = in_a_browser

REPAIRS = "Mayor Ilse Kohl said that the repairs of the bridge would take a year."
WALKERS = "Walkers would be let over the bridge in spring, Kohl said."
TAXES = "The bridge had better be torn down, said Jonas Berg of the opposition."
FERRY = "Kohl said that the ferry would run while the bridge was closed."
SAID_OF_THE_BRIDGE = {
    "Ilse Kohl": "the repairs would take a year and the town had set the money aside",
    "Jonas Berg": "nobody had told the truth",
    "Tove Holm": "the ferry was a better plan than all that was known",
    "Anna Lind": "the schools could not wait for a decision",
    "Emil Voss": "the shops had lost a third of their customers, whatever was said",
}
FILLERS = 56  # articles that make the table longer than a page of it


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program over the articles of a town, from two sources, more than a page of the table."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "bridge.md").write_text(
        f"---\ntitle: Bridge closed\nsource: Town Gazette\nauthor: Anna Berg\ndate: 2024-05-02\n---\n\n"
        f"The old bridge over the Aare was closed on Monday. {REPAIRS} {TAXES} Nobody was hurt. {WALKERS}\n"
    )
    (folder / "ferry.md").write_text(
        f"---\ntitle: Ferry runs again\nsource: Harbour News\nauthor: Per Holm\ndate: 2024-06-10\n---\n\n"
        f"The ferry runs again since Friday. {FERRY} A crossing costs two crowns.\n"
    )
    for number in range(FILLERS):
        (folder / f"garden-{number:02}.md").write_text(
            f"---\ntitle: Garden {number:02}\nsource: Garden Post\ndate: 2023-01-{number % 28 + 1:02}\n---\n\n"
            f"Roses of kind {number} flower in garden {number} until October.\n"
        )
    (folder / "broken.pdf").write_bytes(b"%PDF")
    with running("--folder", folder, "--index", tmp_path_factory.mktemp("town-index")) as address:
        yield address


def understood(turn: Any) -> str:
    told = str(turn.locator(".understood span").first.inner_text())
    return told.removeprefix("Understood as: ")


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
        window.clean()

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

    def test_a_question_sent_while_another_is_answered_comes_after_it(self, browser: Any, app: str) -> None:
        window = Window(browser, app)
        questions = [
            f"What did Lavrov say about {topic}?" for topic in ("Assad", "air strikes", "football", "al-Qaida")
        ]
        for number, question in enumerate(questions):
            window.page.get_by_label("Your question").fill(question)
            window.page.keyboard.press("Enter")
            window.page.locator(".turn").nth(number).wait_for()
        window.answered(len(questions) - 1)
        assert window.questions() == questions
        window.clean()

    def test_examples_that_are_clicked_while_the_articles_are_read_are_asked_each(
        self, browser: Any, tmp_path: Path
    ) -> None:
        with running("--index", tmp_path / "index") as address:
            window = Window(browser, address)
            window.page.get_by_label("Your question").fill("half typ")
            examples = window.page.locator("#examples button")
            for number in (1, 3):
                examples.nth(number).click()
            window.answered(1)
            assert window.questions() == [examples.nth(number).inner_text() for number in (1, 3)]
            assert window.page.get_by_label("Your question").input_value() == "half typ"
            window.clean()

    def test_what_can_be_said_of_the_last_answer_is_in_sight(self, browser: Any, app: str) -> None:
        window = Window(browser, app)
        window.ask(QUESTION)
        window.ask("And about Assad?").get_by_role("button", name="As a question of its own").click()
        window.answered(2)
        window.page.wait_for_function(
            """() => { const pane = document.getElementById('conversation').getBoundingClientRect();
                       const judged = [...document.querySelectorAll('.judged')].at(-1).getBoundingClientRect();
                       return judged.bottom <= pane.bottom; }"""
        )

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
        window.clean()

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
            assert understood(more) == "What else did Sergei Lavrov say?"
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

    def test_the_parser_is_loaded_once_the_page_is_open_and_the_program_may_end_meanwhile(
        self, browser: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "a.txt").write_text('"The talks go on," said Sergei Lavrov.\n')
        os.utime(tmp_path / "a.txt", (10**9, 10**9))  # a new file would be read once more
        flags = ("--folder", tmp_path, "--index", tmp_path / ".index")
        with running(*flags) as address:
            Window(browser, address).ready("1 article ready")
        with running(*flags) as address:  # which ends it before the parser can be there, and has it end well
            Window(browser, address).ready("1 article ready")
        port = free_port()
        with running(*flags, port=port) as address:
            (running_now,) = [
                one.parent for one in Path("/proc").glob("[0-9]*/cmdline") if f"\0{port}\0".encode() in one.read_bytes()
            ]
            urlopen(address).close()
            time.sleep(2)
            assert "/spacy/" not in (running_now / "maps").read_text()
            Window(browser, address)
            for _ in range(600):
                if "/spacy/" in (running_now / "maps").read_text():
                    break
                time.sleep(0.1)
            assert "/spacy/" in (running_now / "maps").read_text()


class TestReading:
    def test_the_pointer_and_the_focus_show_a_sentence_in_its_context_until_escape(
        self, browser: Any, town: str
    ) -> None:
        window = Window(browser, town)
        turn = window.ask("What did Kohl say about the bridge?")
        assert window.statements(turn) == [REPAIRS, WALKERS, FERRY]
        cite, context = turn.locator(".cite").first, turn.locator(".context").first
        assert not context.is_visible()
        cite.hover()
        context.wait_for()
        told = context.text_content() or ""
        assert told.startswith(f"The old bridge over the Aare was closed on Monday. {REPAIRS} {TAXES}")
        assert context.locator("mark").text_content() == REPAIRS
        window.keep("context")
        window.page.mouse.move(5, 5)
        context.wait_for(state="hidden")
        cite.focus()
        context.wait_for()
        window.page.keyboard.press("Escape")
        context.wait_for(state="hidden")
        window.clean()

    def test_the_next_citation_is_one_button_or_one_key_away(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        said = window.statements(window.ask("What did Kohl say about the bridge?"))
        window.shows(said[0])
        window.page.get_by_role("button", name="Next citation").click()
        window.shows(said[1])
        assert window.focused() == "Next citation"
        window.page.keyboard.press("ArrowRight")
        window.shows(said[2])
        assert "Ferry runs again" in window.page.locator("#source h2").inner_text()
        window.page.keyboard.press("ArrowLeft")
        window.shows(said[1])
        window.page.get_by_role("button", name="Previous citation").click()
        window.shows(said[0])
        assert window.page.locator("#source mark.cited").all_text_contents() == [said[1]]
        assert window.page.evaluate("scrollY") == 0
        window.clean()

    def test_what_is_more_than_five_statements_unfolds_and_stays_so(self, browser: Any, app: str) -> None:
        window = Window(browser, app)
        turn = window.ask("What did Lavrov say?")
        count = int(re.match(r"\d+", turn.locator(".summary").inner_text())[0])  # type: ignore[index]
        assert count > 6
        assert turn.locator(".passage:visible").count() == 5
        turn.get_by_text(f"Show the other {count - 5}").click()
        assert turn.locator(".passage:visible").count() == count
        turn.get_by_role("button", name="Good answer").click()
        turn.locator("[aria-pressed=true]").wait_for()
        assert turn.locator(".passage:visible").count() == count
        turn.locator(".cite").nth(count - 1).click()
        window.shows(window.statements(turn)[-1])
        window.clean()

    def test_a_sentence_is_copied_with_its_citation(self, browser: Any, town: str) -> None:
        window = Window(browser, town, permissions=["clipboard-read", "clipboard-write"])
        turn = window.ask("What did Berg say about the bridge?")
        turn.get_by_role("button", name="Copy sentence 1 with its citation").click()
        turn.get_by_text("Copied").wait_for()
        copied = window.page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"“{TAXES}”")
        for part in ("Jonas Berg", "“Bridge closed”", "Town Gazette", "2 May 2024", "bridge.md"):
            assert part in copied
        window.clean()

    def test_a_refusal_says_what_was_looked_for_and_its_questions_are_answered(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        turn = window.ask("What did Kohl say about football?")
        assert "The articles do not say" in turn.locator(".refusal").inner_text()
        assert "Looked for" in turn.locator(".note").first.inner_text()
        assert "Nearest, but not an answer" in turn.inner_text()
        window.keep("refusal")
        instead = turn.locator(".instead button").first
        asked = instead.inner_text()
        instead.click()
        turn = window.answered(1)
        assert turn.locator(".question").inner_text().endswith(asked)
        assert turn.locator(".refusal").count() == 0 and turn.locator(".statements .passage").count()
        window.clean()

    def test_nothing_jumps_while_an_answer_comes(self, browser: Any, town: str) -> None:
        """https://web.dev/articles/cls: below 0.1 is good."""
        window = Window(browser, town)
        window.ready("58 articles ready")
        window.page.evaluate(
            """() => { window.shifts = []; new PerformanceObserver(list => { for (const one of list.getEntries())
                if (!one.hadRecentInput) shifts.push(one.value); }).observe({type: 'layout-shift'}); }"""
        )
        window.ask("What did Kohl say about the bridge?")
        window.ask("And about the ferry?")
        assert window.page.evaluate("shifts.reduce((sum, one) => sum + one, 0)") < 0.1


class TestFilters:
    def test_a_link_reopens_the_question_with_its_filters(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        window.ready("58 articles ready")
        window.page.locator("#narrow summary").click()
        window.page.locator("#narrow").get_by_label("Source").fill("Town Gazette")
        window.page.locator("#narrow").get_by_label("Until").fill("2024-05-31")
        window.page.get_by_role("button", name="Apply").click()
        chips = window.page.locator("#narrow .chips li span")
        chips.nth(1).wait_for()
        assert chips.all_inner_texts() == ["Source: Town Gazette", "Until 31 May 2024"]
        assert window.page.locator("#narrow .count").inner_text() == "1 of 58 articles"
        turn = window.ask("What did Kohl say about the bridge?")
        assert window.statements(turn) == [REPAIRS, WALKERS]
        window.keep("filters")
        window.page.wait_for_url("**c=**")
        link = re.sub(r"&c=[^&]*", "", window.page.url)  # another reader's conversation cannot be opened: asked anew
        again = Window(browser, link, ready=".turn")
        turn = again.answered(0)
        assert again.statements(turn) == [REPAIRS, WALKERS]
        assert turn.locator(".understood").inner_text() == "Asked of: Source: Town Gazette; Until 31 May 2024"
        assert again.page.locator("#narrow .chips li span").all_inner_texts() == [
            "Source: Town Gazette",
            "Until 31 May 2024",
        ]
        window.clean()
        again.clean()

    def test_one_article_alone_is_asked_and_the_chip_is_taken_away_by_key(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        window.turn_to("Articles", "#shelf tbody tr")
        window.page.get_by_label("Search the articles").fill("ferry")
        window.page.get_by_role("button", name=re.compile("Ask only this ?: Ferry runs again")).click()
        chip = window.page.get_by_role("button", name="Remove Article: Ferry runs again")
        chip.wait_for()
        assert window.page.get_by_role("tab", name="Ask").get_attribute("aria-selected") == "true"
        assert window.statements(window.ask("What did Kohl say about the bridge?")) == [FERRY]
        chip.focus()
        window.page.keyboard.press("Enter")
        chip.wait_for(state="detached")
        assert window.focused() == "Narrow"
        assert "article=" not in window.page.url
        assert window.statements(window.ask("What did Kohl say about the bridge?")) == [REPAIRS, WALKERS, FERRY]
        window.clean()


class TestArticles:
    def test_the_table_is_searched_sorted_and_turned_by_key(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        window.turn_to("Articles", "#shelf tbody tr")
        titles, pages = window.page.locator("#shelf tbody th button"), window.page.locator("#shelf .pages span")
        assert pages.inner_text() == "1 to 50 of 58 articles"
        assert titles.first.inner_text() == "Bridge closed"
        window.page.get_by_role("button", name="Later").focus()
        window.page.keyboard.press("Enter")
        pages.get_by_text("51 to 58 of 58 articles").wait_for()
        assert window.focused() == "Earlier"  # "Later" can do no more
        window.page.keyboard.press("Enter")
        pages.get_by_text("1 to 50 of 58 articles").wait_for()
        assert window.focused() == "Later"
        window.page.get_by_role("button", name="Date").focus()
        window.page.keyboard.press("Enter")
        window.page.locator("#shelf th[aria-sort=descending].published").wait_for()
        assert titles.first.inner_text() == "Ferry runs again"
        assert window.focused() == "Date"
        window.page.get_by_label("Search the articles").fill("holm")
        pages.get_by_text("1 to 1 of 1 article").wait_for()
        titles.first.click()
        window.page.locator("#source h2", has_text="Ferry runs again").wait_for()
        assert FERRY in window.page.locator("#source .text").inner_text()
        window.page.get_by_label("Search the articles").fill("no such words")
        window.page.get_by_text("No article has “no such words” in title, source, author or file.").wait_for()
        assert "broken.pdf" in (window.page.locator("#shelf .unread").text_content() or "")
        window.clean()

    def test_files_are_added_asked_and_removed(self, browser: Any, tmp_path: Path) -> None:
        folder, given = tmp_path / "articles", tmp_path / "given"
        folder.mkdir()
        given.mkdir()
        (folder / "bridge.txt").write_text(f"Bridge closed\n\nMay 2, 2024\n\n{REPAIRS}\n")
        (given / "tram.md").write_text("# Tram line\n\nPer Holm said that the tram would be red.\n")
        (given / "broken.pdf").write_bytes(b"%PDF")
        with running("--folder", folder, "--index", tmp_path / "index") as address:
            window = Window(browser, address)
            window.page.on("dialog", lambda dialog: dialog.accept())
            window.turn_to("Articles", "#shelf tbody tr")
            chosen = [str(given / "tram.md"), str(given / "broken.pdf")]
            window.page.locator("#files input[type=file]").set_input_files(chosen)
            report = window.page.locator("#report .report")
            report.wait_for(timeout=60_000)
            told = report.inner_text()
            assert "tram.md 1 article" in told and "broken.pdf" in told
            assert "1 article" not in told.partition("broken.pdf")[2]
            window.ready("2 articles ready, 1 file skipped")
            window.page.locator("#shelf .pages").get_by_text("1 to 2 of 2 articles").wait_for()
            assert (folder / "uploads" / "tram.md").read_text().startswith("# Tram line")
            window.keep("articles")
            window.page.get_by_role("tab", name="Ask").click()
            assert window.statements(window.ask("What did Holm say about the tram?")) == [
                "Per Holm said that the tram would be red."
            ]
            window.turn_to("Articles", "#shelf tbody tr")
            window.page.get_by_role("button", name=re.compile("^Remove +Tram line$")).click()
            window.page.get_by_text("uploads/tram.md: left out from now on.").wait_for()
            window.page.locator("#shelf .pages").get_by_text("1 to 1 of 1 article").wait_for()
            assert (folder / "uploads" / "tram.md").exists()
            window.page.get_by_role("tab", name="Ask").click()
            assert window.ask("What did Holm say about the tram?").locator(".refusal").count() == 1
            window.clean()


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program over an article in which five members of a council speak about a bridge."""
    folder = tmp_path_factory.mktemp("council")
    said = "".join(f"{name} said that {what} about the bridge. " for name, what in SAID_OF_THE_BRIDGE.items())
    (folder / "council.md").write_text(
        f"---\ntitle: The council on the bridge\nsource: Town Gazette\ndate: 2024-05-02\n---\n\n{said}\n"
    )
    with running("--folder", folder, "--index", tmp_path_factory.mktemp("council-index")) as address:
        yield address


class TestComparisons:
    @pytest.mark.parametrize(
        ("sides", "scheme", "columns"),
        [
            (2, "light", {1600: 2, 1000: 2, 690: 1, 360: 1}),
            (2, "dark", {1600: 2, 1000: 2, 360: 1}),
            (3, "dark", {1600: 3, 1000: 1}),
            (4, "light", {1920: 4, 1600: 1}),
            (5, "dark", {1920: 1}),
        ],
    )
    def test_sides_stand_side_by_side_where_there_is_room_for_all(
        self, browser: Any, council: str, sides: int, scheme: str, columns: dict[int, int]
    ) -> None:
        window = Window(browser, council, color_scheme=scheme)
        names = list(SAID_OF_THE_BRIDGE)[:sides]
        turn = window.ask(f"Compare what {', '.join(names[:-1])} and {names[-1]} say about the bridge")
        assert turn.locator("h3").all_inner_texts() == names
        assert [name in text for name, text in zip(names, window.statements(turn), strict=True)] == [True] * sides
        sections = turn.locator("section").all()
        assert [section.locator("blockquote").count() for section in sections] == [1] * sides
        for width, count in columns.items():
            window.page.set_viewport_size({"width": width, "height": 1000})
            boxes = [section.bounding_box() for section in sections]
            assert len({round(box["x"]) for box in boxes}) == count, width
            for box, after in pairwise(boxes):
                beside = box["x"] + box["width"] <= after["x"] and box["y"] == after["y"]
                below = box["y"] + box["height"] <= after["y"] and box["x"] == after["x"]
                assert (beside, below) == (count > 1, count == 1), width
            assert len({round(box["width"]) for box in boxes}) == 1 and boxes[0]["width"] >= 200
            pane = window.page.locator("#conversation").bounding_box()
            assert boxes[-1]["x"] + boxes[-1]["width"] <= pane["x"] + pane["width"]
            assert window.page.evaluate("document.documentElement.scrollWidth") <= width
            window.keep(f"comparison-{sides}-{width}-{scheme}")
        window.clean()

    def test_statements_are_read_opened_and_shown_in_context_in_each_column_and_reached_in_order(
        self, browser: Any, council: str
    ) -> None:
        window = Window(browser, council, width=1000)
        turn = window.ask("What do Ilse Kohl and Jonas Berg say about the bridge?")
        said = window.statements(turn)
        columns = turn.locator(".columns").bounding_box()
        window.page.locator("#conversation").focus()
        for number in (1, 2):
            window.tab_to(f"{number}The council on the bridge")
            context = turn.locator(".context").nth(number - 1)
            context.wait_for()
            box = context.bounding_box()
            assert box["width"] == columns["width"] - 16 and box["y"] >= 0 and box["y"] + box["height"] <= 800
            window.keep(f"comparison-context-{number}")
            window.page.keyboard.press("Enter")
            window.shows(said[number - 1])
            turn.get_by_role("button", name=f"Copy sentence {number} with its citation").wait_for()
        window.clean()


class TestSpeakers:
    def test_who_is_quoted_two_side_by_side_and_each_statement_opens(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        window.turn_to("Who says what", "#told .bars li")
        bars = window.page.locator("#told .bars button")
        assert [text.split("\n")[0] for text in bars.all_inner_texts()] == ["Ilse Kohl", "Jonas Berg"]
        bars.first.click()
        window.page.locator("#told figure svg").wait_for()
        said = window.page.locator("#told blockquote")
        assert said.all_text_contents() == [REPAIRS, WALKERS, FERRY]
        assert window.page.locator("#told h3").all_inner_texts() == ["2 May 2024", "10 June 2024"]
        window.page.locator("#who").get_by_label("Beside").fill("Berg")
        window.page.locator("#who").get_by_label("About").fill("bridge")
        window.page.locator("#who").get_by_role("button", name="Look").click()
        columns = window.page.locator("#told section")
        columns.nth(1).wait_for()
        assert columns.nth(1).locator("blockquote").all_text_contents() == [TAXES]
        columns.nth(1).locator(".cite").click()
        window.shows(TAXES)
        window.keep("speakers")
        window.clean()


class TestConversations:
    def test_a_conversation_survives_a_restart_and_can_be_named_saved_and_deleted(
        self, browser: Any, tmp_path: Path
    ) -> None:
        state, port = tmp_path / "state", free_port()
        flags = ("--state", state, "--index", tmp_path / "index")
        with running(*flags, port=port) as address:
            window = Window(browser, address)
            first = window.statements(window.ask(QUESTION))
            turn = window.ask("And about Assad?")
            assert understood(turn).startswith("what did Sergei Lavrov say")
            second = window.statements(turn)
            turn.get_by_role("button", name="Bad answer").click()
            turn.locator("[aria-pressed=true]").wait_for()
            link = window.page.url
            window.clean()
        rated = json.loads((state / "feedback.jsonl").read_text())
        assert rated["question"].startswith("what did Sergei Lavrov say") and rated["not_ok"] == second
        with running(*flags, port=port):
            window = Window(browser, link, ready=".turn")
            window.answered(1)
            turns = window.page.locator(".turn")
            assert [window.statements(turns.nth(0)), window.statements(turns.nth(1))] == [first, second]
            assert turns.nth(1).locator("[aria-pressed=true]").inner_text() == "Bad answer"
            turns.nth(0).locator(".cite").nth(1).click()
            window.shows(first[1])
            assert window.ask("When did he say that?").locator(".summary").inner_text() == (
                "Published on 26 August 2014"
            )
            for form, ending in (("Markdown", "md"), ("JSON", "json")):
                window.page.locator("#kept summary", has_text="Save").click()
                with window.page.expect_download() as download:
                    window.page.get_by_role("button", name=f"Save as {form}").click()
                assert download.value.suggested_filename == f"what-did-lavrov-say-about-al-qaida.{ending}"
                saved = Path(download.value.path()).read_text()
                assert "had made the same mistake with Islamic State" in saved and "26" in saved
            kept = json.loads(saved)["turns"][0]["answer"]["statements"]
            assert [statement["text"] for statement in kept] == first
            window.page.once("dialog", lambda dialog: dialog.accept("Lavrov, in 2014"))
            window.page.locator("#kept summary", has_text="Conversations").click()
            window.page.get_by_role("button", name="Rename what did Lavrov say about al-Qaida?").click()
            title = window.page.locator("#kept .title", has_text="Lavrov, in 2014")
            title.wait_for()
            window.page.get_by_role("button", name="New", exact=True).click()
            window.page.locator("#conversation .empty").wait_for()
            window.page.locator("#kept summary", has_text="Conversations").click()
            title.click()
            window.answered(2)
            window.page.once("dialog", lambda dialog: dialog.accept())
            window.page.locator("#kept summary", has_text="Conversations").click()
            window.page.get_by_role("button", name="Delete Lavrov, in 2014").click()
            window.page.locator("#conversation .empty").wait_for()
            window.page.locator("#kept").get_by_text("What you ask is kept here.").wait_for(state="attached")
            window.clean()

    @pytest.mark.skipif(not importlib.util.find_spec("psycopg"), reason="no psycopg: pip install 'psycopg[binary]'")
    def test_while_the_database_is_away_questions_are_answered_and_the_page_says_that_they_are_not_kept(
        self, browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("QA_DATABASE_URL", f"postgresql://qa:secretly@127.0.0.1:{free_port()}/qa")
        with running("--index", tmp_path) as address:
            window = Window(browser, address)
            assert "had made the same mistake" in "".join(window.statements(window.ask(QUESTION)))
            window.page.get_by_text("This question is not kept. The conversations cannot be reached").wait_for()
            window.page.locator("#kept summary", has_text="Conversations").click()
            window.page.locator("#kept").get_by_text("questions are answered, and not kept").wait_for()
            window.keep("away")
            assert "127.0.0.1" not in window.page.locator("body").inner_text()
            window.clean()

    def test_a_reader_goes_on_at_another_server_with_what_she_asked_at_the_first(
        self, browser: Any, tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        users = tmp_path / "users.txt"
        for name in ("mira", "bob"):
            add_user(users, name, "long enough")
        monkeypatch.setenv("QA_DATABASE_URL", postgres.url())
        flags = ("--auth", users, "--index", tmp_path / "index")
        with running(*flags) as first, running(*flags) as second:

            def signed_in(address: str, name: str) -> Window:
                window = Window(browser, address, ready="input[type=password]")
                window.page.locator("input").first.fill(name)
                window.page.locator("input[type=password]").fill("long enough")
                window.page.locator("input[type=password]").press("Enter")
                window.page.locator("#conversation .empty").wait_for()
                window.page.locator("#kept summary", has_text="Conversations").click()
                return window

            said = (here := signed_in(first, "mira")).statements(here.ask(QUESTION))
            here.page.locator("#kept summary", has_text="Save").wait_for()
            there = signed_in(second, "mira")
            there.page.locator("#kept .title", has_text=QUESTION).click()
            assert there.statements(there.answered(0)) == said
            assert understood(there.ask("and about Assad?")) == "what did Sergei Lavrov say about Assad?"
            other = signed_in(second, "bob")
            other.page.locator("#kept").get_by_text("What you ask is kept here.").wait_for()
            for window in (here, there, other):
                assert window.hosts == {"127.0.0.1"}
            there.page.once("dialog", lambda dialog: dialog.accept())
            there.page.locator("#kept summary", has_text="Conversations").click()
            there.page.get_by_role("button", name=f"Delete {QUESTION}").click()
            there.page.locator("#conversation .empty").wait_for()

    def test_what_was_understood_is_corrected_by_a_click_and_periods_are_counted_from_a_day_that_is_set(
        self, browser: Any, town: str
    ) -> None:
        window = Window(browser, town)
        window.ready("58 articles ready")
        window.ask("What did Kohl say about the bridge?")
        turn = window.ask("and about the ferry?")
        assert understood(turn) == "what did Ilse Kohl say about the ferry?"
        turn.get_by_role("button", name="Change").click()
        box = window.page.get_by_label("Your question")
        assert (box.input_value(), window.focused()) == ("what did Ilse Kohl say about the ferry?", "Your question")
        box.fill("what did Berg say about the bridge?")
        window.page.keyboard.press("Enter")
        assert window.statements(window.answered(2)) == [TAXES]
        turn = window.ask("and about the ferry?")
        turn.get_by_role("button", name="As a question of its own").click()
        turn = window.answered(4)
        assert turn.locator(".question").text_content() == "Question: and about the ferry?"
        assert turn.locator(".understood").count() == 0
        window.page.locator("#narrow summary").click()
        window.page.locator("#narrow").get_by_label("is counted from").fill("2024-06-15")
        window.page.get_by_role("button", name="Apply").click()
        window.page.locator("#narrow .chips", has_text="Counted from 15 June 2024").wait_for()
        turn = window.ask("What did Kohl say last month about the bridge?")
        assert window.statements(turn) == [REPAIRS, WALKERS]
        assert turn.locator(".understood").last.inner_text() == "Counted from 15 June 2024"
        assert "today=2024-06-15" in window.page.url
        window.clean()


class TestAccess:
    def test_the_keyboard_alone_asks_reads_narrows_and_looks(self, browser: Any, town: str) -> None:
        window = Window(browser, town)
        keyboard = window.page.keyboard
        window.ready("58 articles ready")
        assert window.focused() == "Your question"
        keyboard.type("What did Kohl say about the bridge?")
        keyboard.press("Enter")
        window.answered(0)
        keyboard.press("Shift+Tab")
        window.tab_to("Your question")
        window.page.locator("#conversation").focus()
        window.tab_to("2Bridge closed")
        keyboard.press("Enter")
        window.shows(WALKERS)
        assert window.focused().startswith("2")
        keyboard.press("ArrowRight")
        window.shows(FERRY)
        window.tab_to("Narrow")
        keyboard.press("Enter")
        window.tab_to("Source")
        keyboard.type("Harbour News")
        keyboard.press("Enter")
        window.page.locator("#narrow .chips").wait_for()
        window.tab_to("Remove Source: Harbour News")
        keyboard.press("Enter")
        window.page.locator("#narrow .chips").wait_for(state="detached")
        assert window.focused() == "Narrow"
        window.page.get_by_role("tab", name="Ask").focus()
        keyboard.press("ArrowRight")
        window.page.locator("#shelf tbody tr").first.wait_for()
        assert window.focused() == "Articles"
        window.tab_to("Bridge closed")
        keyboard.press("Enter")
        window.page.locator("#source h2", has_text="Bridge closed").wait_for()
        assert window.focused() == "Bridge closed"
        window.page.get_by_role("tab", name="Articles").focus()
        keyboard.press("ArrowRight")
        window.page.locator("#told .bars li").first.wait_for()
        window.tab_to("Jonas Berg")
        keyboard.press("Enter")
        window.page.locator("#told blockquote").first.wait_for()
        assert window.focused().startswith("Bridge closed")
        keyboard.press("Enter")
        window.shows(TAXES)
        window.clean()

    @pytest.mark.skipif(
        not importlib.util.find_spec("axe_playwright_python"), reason="no axe: pip install axe-playwright-python"
    )
    @pytest.mark.parametrize("scheme", ["dark", "light"])
    @pytest.mark.parametrize("width", [360, 1600])
    def test_every_part_fits_and_axe_finds_nothing_serious(
        self, browser: Any, town: str, width: int, scheme: str
    ) -> None:
        from axe_playwright_python.sync_playwright import Axe

        window = Window(browser, town, width=width, color_scheme=scheme)
        window.ready("58 articles ready")

        def check(part: str) -> None:
            window.keep(f"{part}-{width}-{scheme}")
            assert window.page.evaluate("document.documentElement.scrollWidth") <= width, part
            title, status = (window.page.locator(one).bounding_box() for one in ("#name h1", "#status"))
            assert title["x"] + title["width"] <= status["x"] and status["height"] <= 52, part
            found = Axe().run(window.page).response["violations"]
            serious = [one for one in found if one["impact"] in ("serious", "critical")]
            told = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in serious]
            assert not told, (part, told)

        check("start")
        window.ask("What did Kohl say about the bridge?")
        check("answer")
        window.ask("What do Kohl and Berg say about the bridge?").locator(".columns").wait_for()
        check("comparison")
        window.ask("What did Kohl say about football?")
        check("refused")
        window.page.locator("#kept summary", has_text="Conversations").click()
        check("kept")
        window.page.locator("#narrow summary").click()
        check("narrow")
        window.turn_to("Articles", "#shelf tbody tr")
        check("articles")
        window.turn_to("Who says what", "#told .bars li")
        check("ranking")
        window.page.locator("#told .bars button").first.click()
        window.page.locator("#told figure").wait_for()
        check("speaker")
        assert window.hosts == {"127.0.0.1"}


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
            assert window.hosts == {"127.0.0.1"}
            assert window.errors == []
