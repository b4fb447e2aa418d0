"""Who says what: the ranking, one speaker or two in the order of time, and the pictures."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from pages import HOSTILE, STRANGE, Page, article, attributes, is_inert, is_same, opening_of, sent, statement, text_of

from qa import Article, Filters, Speaker, Statement
from ui.opening import Opening
from ui.speakers import Looking, form, ranking, statements


def said_on(*days: str | None, speaker: str | None = "Anna Berg") -> list[Statement]:
    """Return statements, each of an article of its day."""
    return [
        statement(
            article(id=f"{speaker} {n}", path=f"{n}.txt", published=date.fromisoformat(day) if day else None),
            "Two.",
            speaker=speaker,
        )
        for n, day in enumerate(days)
    ]


class Quoting:
    """A library of given statements, oldest first, by the name that is asked for."""

    def __init__(self, said: dict[str, list[Statement]], speakers: list[Speaker] | None = None) -> None:
        self.by_name, self.known = said, speakers or []
        self.asked: list[tuple[str | None, str | None, Filters]] = []

    def statements(self, speaker: str | None = None, about: str | None = None, **filters: Any) -> list[Statement]:
        self.asked.append((speaker, about, filters))  # type: ignore[arg-type]
        if speaker is None:
            return [one for said in self.by_name.values() for one in said]
        return self.by_name.get(speaker, [])

    def speakers(self, k: int | None = None, **filters: Any) -> list[Speaker]:
        return self.known[:k]

    def article(self, article_id: str) -> Article:
        return {one.article.id: one.article for said in self.by_name.values() for one in said}[article_id]


def told(said: dict[str, list[Statement]], *names: str, about: str = "") -> str:
    library: Any = Quoting(said)
    return statements(library, names or list(said), about, {})


def bars(found: str) -> list[tuple[str | None, ...]]:
    """Return x, y, width and height of the bars of all pictures."""
    return [
        tuple(attrs[n] for n in ("x", "y", "width", "height")) for tag, attrs in Page(found).elements if tag == "rect"
    ]


def counts(found: str) -> list[str]:
    return [title.split("</title>")[0] for title in found.split("<title>")[1:]]


def looking(said: dict[str, list[Statement]], speakers: list[Speaker] | None = None) -> Looking:
    library: Any = Quoting(said, speakers)
    return Looking(opening_of(library))


def test_who_is_quoted_most_is_ranked_with_bars() -> None:
    speakers = [Speaker("Anna Berg", 8, ("Anna Berg", "Berg", "A. Berg")), Speaker("Ilse Kohl", 1, ("Ilse Kohl",))]
    library: Any = Quoting({}, speakers)
    found = ranking(library, {})
    assert text_of("quotes", found) == "8 quotes1 quote"
    assert attributes("style", found) == ["--share:1.000", "--share:0.125"]
    assert attributes("data-speaker", found) == ["Anna Berg", "Ilse Kohl"]
    assert text_of("hidden", found) == " (also spelled Berg; A. Berg)"


def test_where_nobody_is_quoted_that_is_told() -> None:
    library: Any = Quoting({})
    assert text_of("note", ranking(library, {})) == "No quote with a speaker was found in these articles."
    assert told({"X": []}) == (
        '<div class="columns" style="--count:1"><section><h2 dir="auto">X</h2>'
        '<p class="note" dir="auto">The articles hold no statement by X.</p></section></div>'
    )
    assert text_of("note", told({"X": []}, about="the dam")) == "The articles hold no statement by X about the dam."
    assert text_of("note", told({}, "", about="the dam")) == "The articles quote nobody about the dam."


def test_statements_stand_under_their_days_and_those_without_a_date_under_none() -> None:
    found = told({"Berg": said_on("2024-05-02", "2024-06-01", "2024-06-01", None)})
    assert [part.split("</h3>")[0] for part in found.split("<h3>")[1:]] == [
        "2 May 2024",
        "1 June 2024",
        "Without a date",
    ]
    assert '<h2 dir="auto">Anna Berg</h2>' in found
    assert [part.count("<blockquote") for part in found.split("<h3>")] == [0, 1, 2, 1]
    assert text_of("summary", found) == "4 statements, in 4 articles"


def test_of_very_many_statements_the_first_200_are_shown() -> None:
    of = article(published=date(2024, 5, 2))
    found = told({"Berg": [statement(of, "Two.")] * 1_234})
    assert found.count("<blockquote") == 200
    assert text_of("note", found) == "and 1,034 more"
    assert text_of("summary", found) == "1,234 statements, in 1 article"
    assert "and " not in text_of("note", told({"Berg": [statement(of, "Two.")] * 200}))


def test_up_to_46_days_are_counted_by_the_day() -> None:
    found = told({"Berg": said_on("2024-05-01", "2024-05-03", "2024-05-03", "2024-05-04")})
    assert counts(found) == ["1 May 2024: 1 statement", "3 May 2024: 2 statements", "4 May 2024: 1 statement"]
    assert bars(found) == [
        ("50.0", "36.0", "40.0", "36.0"),
        ("330.0", "0.0", "40.0", "72.0"),
        ("470.0", "36.0", "40.0", "36.0"),
    ]
    assert attributes("aria-label", found) == [
        "Statements by Anna Berg in each day, from 1 May 2024 to 4 May 2024; most, 2, in 3 May 2024"
    ]
    assert "<span>2 at most in a day</span>" in found


def test_up_to_four_years_are_counted_by_the_month() -> None:
    found = told({"Berg": said_on("2023-12-31", "2024-01-01", "2024-01-31", "2024-03-01")})
    assert counts(found) == ["December 2023: 1 statement", "January 2024: 2 statements", "March 2024: 1 statement"]
    assert [x for x, *_ in bars(found)] == ["50.0", "190.0", "470.0"]
    assert "<span>December 2023</span><span>2 at most in a month</span><span>March 2024</span>" in found


def test_more_than_four_years_are_counted_by_the_year() -> None:
    found = told({"Berg": said_on("2001-12-31", "2002-01-01", "2002-12-31", "2008-02-29")})
    assert counts(found) == ["2001: 1 statement", "2002: 2 statements", "2008: 1 statement"]
    assert [x for x, *_ in bars(found)] == ["15.0", "85.0", "505.0"]


@pytest.mark.parametrize(
    ("first", "last", "unit"),
    [
        ("2024-01-01", "2024-02-15", "day"),
        ("2024-01-01", "2024-02-16", "month"),
        ("2020-01-01", "2024-01-04", "month"),
        ("2020-01-01", "2024-01-05", "year"),
        ("2024-01-31", "2024-01-31", "day"),
        ("0001-01-01", "9999-12-31", "year"),
        ("9999-11-01", "9999-12-31", "month"),
        ("9999-12-30", "9999-12-31", "day"),
    ],
)
def test_the_period_says_in_what_it_is_counted(first: str, last: str, unit: str) -> None:
    found = told({"Berg": said_on(first, last)})
    assert f"at most in a {unit}<" in found
    assert len(bars(found)) == (1 if first == last else 2)


def test_of_statements_without_a_date_there_is_no_picture() -> None:
    found = told({"Berg": said_on(None, None)})
    assert "<figure>" not in found and found.count("<blockquote") == 2


def test_two_speakers_share_one_period_and_one_scale() -> None:
    berg, kohl = said_on("2024-05-01", "2024-05-01"), said_on("2024-05-04", speaker="Ilse Kohl")
    found = told({"Berg": berg, "Kohl": kohl})
    assert attributes("style", found) == ["--count:2"]
    assert [label.partition(", ")[2].partition(";")[0] for label in map(str, attributes("aria-label", found))] == [
        "from 1 May 2024 to 4 May 2024"
    ] * 2
    assert bars(found) == [("50.0", "0.0", "40.0", "72.0"), ("470.0", "36.0", "40.0", "36.0")]
    assert "<span>2 at most in a day</span>" in found and "<span>1 at most in a day</span>" in found


def test_bars_are_as_wide_as_there_is_room_for_and_no_wider_than_40() -> None:
    assert bars(told({"Berg": said_on("2024-05-01")})) == [("260.0", "0.0", "40.0", "72.0")]
    assert bars(told({"Berg": said_on("2024-05-01", "2024-05-20")})) == [
        ("2.8", "0.0", "22.4", "72.0"),
        ("534.8", "0.0", "22.4", "72.0"),
    ]


def test_beside_one_with_dates_one_without_any_has_no_picture() -> None:
    found = told({"Berg": said_on("2024-05-01"), "Kohl": said_on(None, speaker="Ilse Kohl")})
    assert found.count("<figure>") == 1
    assert found.count("<blockquote") == 2


def test_beside_one_who_is_quoted_one_who_is_not_is_told() -> None:
    found = told({"Berg": said_on("2024-05-01"), "Nobody": []})
    assert text_of("note", found) == "The articles hold no statement by Nobody."


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_topics_and_articles_are_shown_and_do_not_run(hostile: str) -> None:
    of = article(
        f"He said: {hostile}", title=hostile, source=hostile, id=hostile, path=hostile, published=date(2024, 5, 2)
    )
    said = {hostile: [statement(of, hostile, speaker=hostile)], "nobody" + hostile: []}
    library: Any = Quoting(said, [Speaker(hostile, 3, (hostile, hostile))])
    found = statements(library, list(said), hostile, {})
    assert text_of("title", found) == text_of("passage", found)[len(hostile) :][: len(hostile)] == hostile
    assert attributes("data-article", found) == [hostile, hostile]
    ranked, made = ranking(library, {}), form(library, hostile, hostile, hostile)
    assert text_of("name", ranked) == hostile
    assert attributes("data-speaker", ranked) == [hostile]
    values = [attrs.get("value") for tag, attrs in Page(made).elements if tag in ("input", "option")]
    assert values == [hostile] * 4
    assert is_inert(found + ranked + made)


def test_a_statement_is_copied_with_its_citation() -> None:
    found = told({"Berg": said_on("2024-05-02")})
    assert attributes("data-copy", found) == ["“Two.” (Anna Berg, “A title”, 2 May 2024, 0.txt, characters 5–9)"]


def test_the_form_asks_for_speakers_and_a_topic() -> None:
    names = [attrs["name"] for tag, attrs in Page(form(None)).elements if tag == "input"]
    assert names == ["speaker", "other", "about"]
    assert "<option" not in form(None)


def test_the_tab_shows_the_ranking_first_and_keeps_what_is_shown() -> None:
    handlers = looking({}, [Speaker("Anna Berg", 8, ("Anna Berg",))])
    made, ranked = asyncio.run(handlers.ranked({}, None, sent(tab="speakers")))
    assert '<option value="Anna Berg">' in made and "Who is quoted most" in ranked
    shown = '<div class="columns">something</div>'
    assert all(map(is_same, asyncio.run(handlers.ranked({}, shown, sent(tab="speakers")))))
    for data in ({"tab": "ask"}, {"tab": "articles"}, {"tab": ["speakers"]}, *STRANGE):
        assert all(map(is_same, asyncio.run(handlers.ranked({}, None, sent(data))))), data


def test_what_is_asked_is_asked_of_the_filtered_articles() -> None:
    handlers = looking({"Berg": said_on("2024-05-02"), "Kohl": said_on("2024-05-03", speaker="Ilse Kohl")})
    filters: Filters = {"source": ["BBC"]}
    made, found = handlers.asked(filters, sent(speaker=" Berg ", other="Kohl", about="the dam"))
    library: Any = handlers.opening.library()
    assert library.asked == [("Berg", "the dam", filters), ("Kohl", "the dam", filters)]
    assert [attrs.get("value") for tag, attrs in Page(made).elements if tag == "input"] == ["Berg", "Kohl", "the dam"]
    assert text_of("summary", found) == "1 statement about the dam, in 1 article" * 2


@pytest.mark.parametrize(
    ("data", "asked"),
    [
        ({"other": "Kohl"}, [("Kohl", None, {})]),
        ({"about": "the dam"}, [(None, "the dam", {})]),
        ({"speaker": "x" * 900}, [("x" * 200, None, {})]),
        ({}, []),
        ({"speaker": " \x00"}, []),
    ],
)
def test_what_is_left_blank_is_not_asked(data: dict[str, str], asked: list[Any]) -> None:
    handlers = looking({"Kohl": said_on("2024-05-02")})
    _, found = handlers.asked({}, sent(data))
    library: Any = handlers.opening.library()
    assert library.asked == asked
    if not asked:
        assert text_of("note", found) == "No quote with a speaker was found in these articles."


@pytest.mark.parametrize("data", STRANGE)
def test_whatever_a_browser_sends_shows_the_ranking(data: Any) -> None:
    handlers = looking({}, [Speaker("Anna Berg", 8, ("Anna Berg",))])
    assert "Who is quoted most" in handlers.asked({}, sent(data))[1]
    assert "Who is quoted most" in handlers.asked({}, sent(speaker=data))[1] or isinstance(data, str)


def test_before_the_articles_are_open_one_is_asked_to_wait(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = Looking(Opening(lambda report: None))  # type: ignore[arg-type, return-value]
    assert all(map(is_same, handlers.asked({}, sent(speaker="Berg"))))
    assert "one moment" in capsys.readouterr().out


def test_a_click_on_a_statement_shows_it_in_its_article() -> None:
    handlers = looking({"Berg": said_on("2024-05-02")})
    made, found, source = handlers.chosen({}, sent(do="open", article="Anna Berg 0", start="5", end="9"))
    assert is_same(made) and is_same(found)
    assert '<mark class="shown">Two.</mark>' in source


def test_a_click_on_a_speaker_shows_what_he_said() -> None:
    handlers = looking({"Berg": said_on("2024-05-02")})
    made, found, source = handlers.chosen({}, sent(do="look", speaker="Berg"))
    assert 'value="Berg"' in made and text_of("summary", found) == "1 statement, in 1 article"
    assert is_same(source)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("-1", "3"),
        ("5", "5"),
        ("9", "5"),
        ("0", "23"),
        ("0", "9" * 30),
        ("x", "9"),
        ("", ""),
        (None, None),
        (0, 4),
        ("0.5", "4"),
    ],
)
def test_a_click_on_offsets_that_there_are_not_does_nothing(start: Any, end: Any) -> None:
    handlers = looking({"Berg": said_on("2024-05-02")})
    assert all(map(is_same, handlers.chosen({}, sent(do="open", article="Anna Berg 0", start=start, end=end))))


@pytest.mark.parametrize("named", ["gone", "", *STRANGE])
def test_a_click_on_an_article_that_is_gone_is_told(named: Any) -> None:
    handlers = looking({"Berg": said_on("2024-05-02")})
    outputs = handlers.chosen({}, sent(do="open", article=named, start="0", end="4"))
    assert text_of("empty", outputs[2]) == "This article was removed."
    assert text_of("empty", handlers.chosen({}, sent(named))[2]) == "This article was removed."
