"""The parts that every pane is made of: everything foreign is shown, and nothing of it runs."""

from __future__ import annotations

import html
from datetime import date

import pytest
from pages import HOSTILE, Page, article, is_inert, statement, text_of

from qa import Article, Passage, Quote, Skipped
from ui import markup


def test_the_shown_sentence_is_marked_exactly_and_the_others_lightly() -> None:
    of = article()
    found = markup.source(of, 1, statement(of, "Two."), [statement(of, "Four."), statement(of, "One.")])
    assert (
        '<mark class="cited">One.</mark> <mark class="shown">Two.</mark> Three. <mark class="cited">Four.</mark>'
        in found
    )


def test_a_light_mark_that_overlaps_the_shown_one_keeps_what_lies_outside() -> None:
    of = article()
    others = [statement(of, "One. Two."), statement(of, "wo. Three. F")]
    found = markup.source(of, 1, statement(of, "Two. Three."), others)
    assert (
        '<mark class="cited">One. </mark><mark class="shown">Two. Three.</mark><mark class="cited"> F</mark>our.'
        in found
    )


def test_a_sentence_of_another_article_is_not_marked() -> None:
    found = markup.source(article(), 1, statement(article(), "Two."), [statement(article(id="b"), "One.")])
    assert found.count("<mark") == 1


def test_an_article_without_a_place_has_no_mark() -> None:
    found = markup.source(article(), 1)
    assert "<mark" not in found
    assert text_of("text", found) == "One. Two. Three. Four."


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_article_is_shown_character_for_character(hostile: str) -> None:
    of = article(
        f"Before.\r\n\r\n{hostile}\r\nAfter.",
        title=hostile,
        path=hostile,
        source=hostile,
        authors=(hostile,),
        id=hostile,
    )
    shown = statement(of, hostile + "\r\nAfter", speaker=hostile, also=(of,))
    found = markup.source(of, 1, shown)
    assert text_of("shown", found) == shown.text == hostile + "\r\nAfter"
    assert text_of("text", found) == of.text
    assert is_inert(found)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_reasons_and_errors_are_shown_and_do_not_run(hostile: str) -> None:
    skipped = markup.status(0, 0, 1, [Skipped(hostile, hostile)], None)
    failed = markup.status(0, 0, None, [], hostile)
    nothing = markup.nothing(hostile)
    assert (text_of("failed", failed), text_of("empty", nothing)) == (hostile, hostile)
    assert text_of("status", skipped) == f"1 article ready, 1 file skipped{hostile} {hostile}"
    assert is_inert(skipped + failed + nothing)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a?b=1&c=2", 'href="https://example.org/a?b=1&amp;c=2" target="_blank"'),
        ("http://example.org/", 'rel="noopener noreferrer nofollow"'),
        ('https://example.org/"><script>x', 'href="https://example.org/&quot;&gt;&lt;script&gt;x"'),
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)//https://example.org", None),
        ("data:text/html,x", None),
        ("https:///no-host", None),
        ("//example.org/", None),
        ("http://[bad", None),
        (" javascript:alert(1)", None),
    ],
)
def test_only_a_web_address_becomes_a_link(url: str, link: str | None) -> None:
    found = markup.source(article(url=url), 1)
    assert (link in found) if link else ("<a " not in found and html.escape(url.strip()) in found)


def test_a_huge_article_is_cut_around_the_sentence_and_says_so() -> None:
    of = article("x" * 3_000_000 + " The sentence. " + "y" * 3_000_000)
    found = markup.source(of, 1, statement(of, "The sentence."))
    assert '<mark class="shown">The sentence.</mark>' in found
    assert len(found) < 500_000
    assert found.count("characters left out here") == 2


def test_where_else_an_article_stands_is_told() -> None:
    of = article(path="a.txt", copies=("b.txt", "c<b>.txt"))
    shown = statement(of, "Two.", also=(article(id="d", path="d.txt"),))
    assert "<span>Also in b.txt, c&lt;b&gt;.txt, d.txt</span>" in markup.source(of, 1, shown)
    assert "Also in" not in markup.source(article(), 1)


def test_citations_can_be_stepped_through_where_there_are_several() -> None:
    several, one = (markup.source(article(), 1, position=(1, count)) for count in (2, 1))
    assert "<span>1 of 2</span>" in several and several.count('data-do="step"') == 2
    assert 'data-do="step"' not in one
    assert 'data-do="step"' not in markup.source(article(), 1)


def test_an_article_is_asked_alone_by_its_path_or_else_its_id() -> None:
    assert 'data-do="only" data-article="a &quot;b&quot;.txt"' in markup.source(article(path='a "b".txt'), 1)
    assert 'data-do="only" data-article="a"' in markup.source(article(), 1)


def test_status_counts_and_lists_what_was_skipped() -> None:
    assert "Opening the articles" in markup.status(0, 0, None, [], None)
    reading = markup.status(12, 26, None, [], None)
    assert '<progress max="26" value="12"' in reading and "Reading the articles: 12 of 26" in reading
    assert "1 article ready" in markup.status(1, 1, 1, [], None)
    assert "No articles to answer from" in markup.status(0, 0, 0, [], None)
    found = markup.status(2, 2, 2, [Skipped("a.pdf", "only text")], None)
    assert "2 articles ready, 1 file skipped" in found and "<b>a.pdf</b> <span>only text</span>" in found
    assert "and 300 more" in markup.status(2, 2, 2, [Skipped("a.pdf", "only text")] * 500, None)
    assert "and " not in markup.status(2, 2, 2, [Skipped("a.pdf", "x")] * 200, None)


def test_control_characters_and_surrogates_leave_a_text() -> None:
    assert markup.clean(" a\x00b\ud800c\x1b[31m\n\u200d ") == "a b c [31m\n\u200d"
    assert markup.clean(" \t\r\n\x00") == ""


def test_a_sentence_is_copied_with_speaker_article_date_and_offsets() -> None:
    of = article(
        title="A 'title'", source="Town Gazette", published=date(2024, 5, 2), path="a.txt", url="https://example.org/"
    )
    assert markup.quotation(statement(of, "Two.", speaker="Anna Berg")) == (
        "“Two.” (Anna Berg, “A 'title'”, Town Gazette, 2 May 2024, a.txt, characters 5–9, https://example.org/)"
    )
    assert markup.quotation(Passage(article(), 5, 9)) == "“Two.” (“A title”, characters 5–9)"
    assert markup.quotation(Quote(article(), 0, 4, None, "direct", None, None, "name")) == (
        "“One.” (“A title”, characters 0–4)"
    )


def test_a_sentence_stands_in_its_context_cut_at_words() -> None:
    of = article("Alpha beta. The sentence. Gamma delta.")
    here = statement(of, "The sentence.")
    assert markup.in_context(here) == "Alpha beta. <mark>The sentence.</mark> Gamma delta."
    assert markup.in_context(here, 8) == "… beta. <mark>The sentence.</mark> Gamma …"
    assert markup.in_context(here, 0) == "… <mark>The sentence.</mark> …"
    assert markup.in_context(statement(of, of.text)) == f"<mark>{of.text}</mark>"


def test_the_context_of_chinese_is_not_lost_for_want_of_spaces() -> None:
    of = article("\u4e00\u4e01\u4e03\u4e07\u4e08\u4e09\u4e0a")
    assert markup.in_context(Passage(of, 3, 4), 2) == "… \u4e01\u4e03<mark>\u4e07</mark>\u4e08\u4e09 …"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_context_is_shown_and_does_not_run(hostile: str) -> None:
    of = article(f"{hostile} The sentence. {hostile}")
    found = f'<p class="context">{markup.in_context(statement(of, "The sentence."))}</p>'
    assert text_of("context", found) == of.text
    assert [tag for tag, _ in Page(found).elements] == ["p", "mark"]


def test_numbers_and_days_are_told_in_words() -> None:
    assert [markup.counted(number, "article") for number in (0, 1, 2_000)] == [
        "0 articles",
        "1 article",
        "2,000 articles",
    ]
    assert markup.counted(2, "other one", "others") == "2 others"
    assert (markup.day_of(date(2014, 8, 26)), markup.day_of(None)) == ("26 August 2014", None)


def test_an_article_of_nothing_can_be_shown() -> None:
    found = markup.source(Article("a", "", ""), 1)
    assert text_of("text", found) == ""
