"""The page as a whole: that it is built, and what of it programs may call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from pages import HOSTILE, StubLibrary, answer, attributes, is_inert, opening_of, text_of

from ui.conversations import Conversations
from ui.opening import Opening
from ui.page import TITLE, build_page

FOUR = ["ask", "retrieve", "quotes", "articles"]


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    made = Conversations(tmp_path)
    yield made
    made.close()


def ids(page: gr.Blocks) -> set[str]:
    return {block.elem_id for block in page.blocks.values() if getattr(block, "elem_id", None)}


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ({}, {"files"}),
        ({"web": True}, {"files", "address"}),
        ({"editable": False}, set()),
        ({"editable": False, "web": True}, set()),
    ],
)
def test_articles_are_added_only_where_that_is_allowed(
    flags: dict[str, bool], shown: set[str], conversations: Conversations
) -> None:
    page = build_page(opening_of(StubLibrary(answer(refusal="no"))), conversations, **flags)
    assert ids(page) & {"files", "address"} == shown
    handlers = {function.name for function in page.fns.values()}
    assert ("add" in handlers, "add_address" in handlers) == ("files" in shown, "address" in shown)


def test_the_page_is_built_before_the_articles_are_open(conversations: Conversations) -> None:
    page = build_page(Opening(lambda report: None), conversations)  # type: ignore[arg-type, return-value]
    assert page.title == TITLE
    assert {"status", "conversation", "source", "kept", "link", "shelf", "who", "told"} <= ids(page)


def test_programs_may_call_the_four_endpoints_and_nothing_else(conversations: Conversations) -> None:
    page = build_page(opening_of(StubLibrary(answer(refusal="no"))), conversations, ["An example?"], web=True)
    assert list(page.get_api_info()["named_endpoints"]) == [f"/{name}" for name in FOUR]
    assert page.get_api_info()["unnamed_endpoints"] == {}
    public = [function.api_name for function in page.fns.values() if function.api_visibility == "public"]
    assert public == FOUR


def test_the_endpoints_have_their_names_though_events_are_called_alike(conversations: Conversations) -> None:
    page = build_page(opening_of(StubLibrary(answer(refusal="no"))), conversations)
    first = [page.fns[number] for number in sorted(page.fns)][:4]
    assert [function.api_name for function in first] == FOUR
    assert {function.api_visibility for function in list(page.fns.values())[4:]} == {"private"}


def test_an_example_is_a_button_that_says_just_what_it_asks(conversations: Conversations) -> None:
    page = build_page(opening_of(StubLibrary(answer(refusal="no"))), conversations, HOSTILE)
    (examples,) = [block.value for block in page.blocks.values() if block.elem_id == "examples"]
    assert attributes("data-question", examples) == HOSTILE
    assert text_of("ask", examples) == "".join(HOSTILE)
    assert is_inert(examples)


def test_no_pane_takes_its_html_for_a_template(conversations: Conversations) -> None:
    page = build_page(opening_of(StubLibrary(answer(refusal="no"))), conversations)
    panes = [block for block in page.blocks.values() if isinstance(block, gr.HTML)]
    assert len(panes) == 12
    assert {pane.html_template for pane in panes} == {"${value}"}


def test_each_tab_shows_a_part_of_its_own_and_the_first_is_chosen(conversations: Conversations) -> None:
    page = build_page(opening_of(StubLibrary(answer(refusal="no"))), conversations)
    (tabs,) = [block.value for block in page.blocks.values() if block.elem_id == "tabs"]
    assert attributes("data-tab", tabs) == ["ask", "articles", "speakers"]
    assert attributes("aria-selected", tabs) == ["true", "false", "false"]
    assert attributes("tabindex", tabs) == ["0", "-1", "-1"]
    assert attributes("aria-controls", tabs) == ["tab-ask", "tab-articles", "tab-speakers"]
    parts = [block for block in page.blocks.values() if "tab" in (getattr(block, "elem_classes", None) or [])]
    assert [part.elem_id for part in parts] == ["tab-ask", "tab-articles", "tab-speakers"]
    assert [part.elem_id for part in parts if "chosen" in part.elem_classes] == ["tab-ask"]
