"""Which articles to look in: what a browser or a link says is checked, and shown as chips."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import HOSTILE, STRANGE, Page, StubLibrary, answer, attributes, is_inert, text_of

from qa import Filters, Library
from ui.markup import clean
from ui.narrowing import (
    Link,
    bar,
    checked,
    everywhere,
    from_link,
    in_words,
    searched,
    to_link,
    today,
    with_value,
    without,
)

LIBRARY: Any = StubLibrary(answer(refusal="no"))

TEXTS = st.text(max_size=60) | st.text("a \t\n\r\x00\ud800\u3000&=+%#?;\u4e2d", max_size=600)
NAMES = st.lists(TEXTS, max_size=25)
DAYS = st.dates().map(date.isoformat) | TEXTS
FILTERS = st.fixed_dictionaries(
    {}, optional={"source": NAMES, "author": NAMES, "article": NAMES, "since": DAYS, "until": DAYS, "today": DAYS}
).map(checked)
CONVERSATIONS = st.text("ABCabc019_-", max_size=40)


@pytest.mark.parametrize("name", ["source", "author", "article"])
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("BBC", ["BBC"]),
        (["BBC", "CNN"], ["BBC", "CNN"]),
        (("BBC",), ["BBC"]),
        ([" BBC ", "BBC", "\x00", ""], ["BBC"]),
        (["BBC", 7, None, ["CNN"], {"a": "b"}], ["BBC"]),
        ("B\x1bB\ud800C", ["B B C"]),
        ("x" * 900, ["x" * 500]),
        ("x" * 499 + " y", ["x" * 499]),
        ([str(number) for number in range(99)], [str(number) for number in range(20)]),
    ],
)
def test_names_are_texts_that_are_not_blank(name: str, value: Any, kept: list[str]) -> None:
    assert checked({name: value}) == {name: kept}


@pytest.mark.parametrize("name", ["source", "author", "article", "since", "until", "today"])
@pytest.mark.parametrize(
    "value", [None, True, 7, -1.5, float("nan"), [], {}, {"a": 1}, b"a", "", " ", "\ud800", [None], object()]
)
def test_what_is_no_filter_is_left_out(name: str, value: Any) -> None:
    assert checked({name: value}) == {}


@pytest.mark.parametrize(
    "value", ["May", "2024-13-01", "2024-02-30", "2024-05-01T10:00", "'; DROP TABLE articles", *HOSTILE]
)
def test_a_date_that_is_none_is_left_out(value: str) -> None:
    assert checked({"since": value, "until": value}) == {}


def test_dates_are_written_in_one_way() -> None:
    assert checked({"since": "20240501", "until": date(2024, 5, 2)}) == {"since": "2024-05-01", "until": "2024-05-02"}
    assert checked({"since": datetime(2024, 5, 1, 10)}) == {}


def test_other_names_are_left_out() -> None:
    assert checked({"tag": "x", "q": "y", "Source": "BBC", "__class__": "z"}) == {}


@given(FILTERS)
@settings(max_examples=100, deadline=None)
def test_what_was_checked_once_stays_as_it_is(filters: Filters) -> None:
    assert checked(filters) == filters


@given(TEXTS, FILTERS, CONVERSATIONS)
@settings(max_examples=200, deadline=None)
def test_a_link_says_what_it_was_made_of(question: str, filters: Filters, conversation: str) -> None:
    link = Link(clean(question), filters, conversation)
    assert from_link(to_link(link)) == link


def test_a_link_is_readable() -> None:
    filters: Filters = {"source": ["BBC", "A&B"], "since": "2024-05-01"}
    link = "?q=What+did+X+say%3F&c=abc&source=BBC&source=A%26B&since=2024-05-01"
    assert to_link(Link("What did X say?", filters, "abc")) == link
    assert to_link(Link()) == "?"


@pytest.mark.parametrize(
    ("query", "link"),
    [
        ("", Link("", {}, "")),
        ("?", Link("", {}, "")),
        ("q=a&q=b", Link("b", {}, "")),
        ("?since=2024-05-01&since=2024-06-01", Link("", {"since": "2024-06-01"}, "")),
        ("?since=May&x=1&__theme=dark", Link("", {}, "")),
        ("?q=%00%ff%F0%9F", Link("\ufffd\ufffd", {}, "")),
        ("?q=%3Cscript%3E", Link("<script>", {}, "")),
        ("?c=" + "x" * 99, Link("", {}, "x" * 40)),
        ("?q=" + "x" * 9_000, Link("x" * 2_000, {}, "")),
        ("?" + "&".join(["source=a"] * 201), Link()),
        (
            "?source=" + "&source=".join(str(n) for n in range(30)),
            Link("", {"source": [str(n) for n in range(20)]}, ""),
        ),
        ("?=&==&&&%", Link("", {}, "")),
    ],
)
def test_what_is_none_of_ours_in_a_link_is_left_out(query: str, link: Link) -> None:
    assert from_link(query) == link


def test_a_name_is_added_to_those_there_are_and_a_date_takes_the_place_of_the_other() -> None:
    filters = with_value(with_value({}, "source", "BBC"), "source", "CNN")
    assert filters == {"source": ["BBC", "CNN"]}
    assert with_value(filters, "source", "BBC") == filters
    assert with_value(filters, "source", " ") == filters
    dated = with_value(with_value(filters, "since", "2024-05-01"), "since", "2024-06-01")
    assert dated == {"source": ["BBC", "CNN"], "since": "2024-06-01"}
    assert with_value(dated, "since", "") == filters
    assert with_value({"source": "BBC"}, "source", "CNN") == filters


def test_a_name_or_a_date_is_taken_away_and_the_others_stay() -> None:
    filters: Filters = {"source": ["BBC", "CNN"], "since": "2024-05-01"}
    assert without(filters, "source", "BBC") == {"source": ["CNN"], "since": "2024-05-01"}
    assert without(without(filters, "source", "BBC"), "source", "CNN") == {"since": "2024-05-01"}
    assert without(filters, "since", "2024-05-01") == {"source": ["BBC", "CNN"]}
    assert without(filters, "source", "AP") == filters


@pytest.mark.parametrize("name", ["", "tag", "q", "__class__", "since", *HOSTILE])
def test_taking_away_what_is_not_there_changes_nothing(name: str) -> None:
    assert without({"source": ["BBC"]}, name, "BBC") == {"source": ["BBC"]}


def test_the_day_that_periods_are_counted_from_is_no_filter() -> None:
    filters = checked({"source": "BBC", "today": "2024-06-15"})
    assert filters == {"source": ["BBC"], "today": "2024-06-15"}
    assert searched(filters) == {"source": ["BBC"]}
    assert today(filters) == date(2024, 6, 15)
    assert everywhere(filters) == {"today": "2024-06-15"}
    assert (everywhere({}), today({})) == ({}, date.today())
    assert in_words(filters) == ["Source: BBC", "Counted from 15 June 2024"]


def test_filters_are_told_in_words() -> None:
    filters: Filters = {"source": ["BBC"], "article": ["a.txt", "b.txt"], "since": "2024-05-01", "until": "2024-06-01"}
    assert in_words(filters, {"a.txt": "A title"}) == [
        "Source: BBC",
        "Article: A title",
        "Article: b.txt",
        "From 1 May 2024",
        "Until 1 June 2024",
    ]
    assert in_words({}) == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_chips_are_shown_and_do_not_run(hostile: str) -> None:
    class Hostile(StubLibrary):
        def sources(self) -> dict[str, int]:
            return {hostile: 1}

        authors = sources

    filters = checked({"source": hostile, "author": [hostile, "x"]})
    library: Any = Hostile(answer(refusal="no"))
    found = bar(filters, library)
    assert is_inert(found)
    assert attributes("data-value", found) == [hostile, hostile, "x"]
    assert attributes("aria-label", found)[1:] == [
        f"Remove Source: {hostile}",
        f"Remove Author: {hostile}",
        "Remove Author: x",
    ]
    assert text_of("chips", found) == f"Source: {hostile}×Author: {hostile}×Author: x×"
    assert [attrs["value"] for tag, attrs in Page(found).elements if tag == "option"] == [hostile, hostile]


def test_the_bar_counts_what_the_filters_leave_and_offers_what_there_is() -> None:
    assert "1 of 3 articles" in bar({"source": ["BBC"]}, LIBRARY)
    assert '<datalist id="known-source"><option value="BBC"></datalist>' in bar({}, LIBRARY)
    assert "of 3 articles" not in bar({}, LIBRARY)
    dated = bar({"since": "2024-05-01"}, None)
    assert '<input type="date" name="since" value="2024-05-01">' in dated and "datalist" not in dated


def test_the_bar_of_a_real_library_names_articles_by_their_titles(make_library: Any) -> None:
    library: Library = make_library()
    found = bar({"article": ["fair.md", "gone.txt"], "source": ["Town Gazette"]}, library)
    assert text_of("chips", found) == "Source: Town Gazette×Article: Fair opens×Article: gone.txt×"
    assert text_of("count", found) == "1 of 2 articles"
    assert [attrs["value"] for tag, attrs in Page(found).elements if tag == "option"] == ["Town Gazette", "Anna Berg"]


@pytest.mark.parametrize("strange", STRANGE)
def test_a_bar_is_made_of_whatever_was_checked(strange: Any) -> None:
    bar(checked(dict.fromkeys(["source", "author", "article", "since", "until"], strange)), LIBRARY).encode()
