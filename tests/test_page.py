"""The page's HTML and its waiting, without a browser."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from qa import Answer, Article, Hit, Name, Passage, Skipped, Statement
from ui import chat, markup
from ui.opening import Opening
from ui.turns import Turn, conversation

HOSTILE = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg/onload=window.pwned=1>",
    "[x](javascript:window.pwned=1) ![y](http://evil.example/y.png)",
    "# Heading with *stars*, _lines_, `ticks`, ~~waves~~ and | pipes |",
    "$$\\frac{1}{2}$$, $x^2$ and \\(y\\)",
    "{{constructor.constructor('window.pwned=1')()}} {{value}} {{#each value}}",
    "${window.pwned=1} `${window.pwned=1}`",
    "</mark></div></article></blockquote><style>body{display:none}</style>",
    "&lt;b&gt; &amp; &#60;i&#62; &nbsp;",
    '" onmouseover="window.pwned=1" \' autofocus onfocus=\'window.pwned=1',
    "<!-- a comment --> <base href=//evil.example> <iframe srcdoc='<script>parent.pwned=1</script>'>",
    "left \u202eright\u202c, \u200d join \U0001f469\u200d\U0001f680 \u4e2d\u6587 \u0627\u0644\u0633\u0644\u0627\u0645",
]


class Text(HTMLParser):
    """The text of the first element that has a class."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.name, self.depth, self.text, self.tags = name, 0, "", set[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if self.depth or self.name in (dict(attrs).get("class") or "").split():
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= bool(self.depth)

    def handle_data(self, data: str) -> None:
        self.text += data if self.depth else ""


def text_of(name: str, markup: str) -> str:
    parser = Text(name)
    parser.feed(markup)
    parser.close()
    return parser.text


def article(text: str = "One. Two. Three. Four.", **fields: Any) -> Article:
    return Article(**{"id": "a", "title": "A title", "text": text, **fields})


def statement(of: Article, sentence: str, **fields: Any) -> Statement:
    start = of.text.index(sentence)
    return Statement(of, start, start + len(sentence), 0.5, **fields)


def answer(*statements: Statement, **fields: Any) -> Answer:
    return Answer(**{"question": "q", "hits": (), "refusal": None, "confidence": 1, **fields, "statements": statements})


def source_of(shown: Any, others: Any, view: int) -> str:
    return markup.source(shown.article, view, shown, others)


def test_the_number_of_a_speakers_statements_is_shown_escaped() -> None:
    one = article()
    counted = answer(statement(one, "Two.", speaker="<b>X</b>"), summary="1 statement by <b>X</b>")
    shown = conversation([Turn("q", counted)])
    assert text_of("summary", shown) == "1 statement by <b>X</b>"
    assert "<b>" not in shown


def test_the_names_taken_for_one_person_are_told_with_the_reason() -> None:
    names = (
        Name("Sergei Lavrov", 5, True, "the fullest spelling"),
        Name("Lavrov", 1, True, "surname alone"),
        Name("Jill <b>Lavrov", 2, False, "another first name"),
    )
    shown = conversation([Turn("q", answer(statement(article(), "Two."), names=names))])
    assert text_of("names", shown) == (
        "2 spellings taken for one person, 1 of that name left out"
        "Sergei Lavrov 5 quotes, the fullest spelling"
        "Lavrov 1 quote, surname alone"
        "Jill <b>Lavrov 2 quotes, taken for another person: another first name"
    )
    assert "&lt;b&gt;" in shown
    refused = conversation([Turn("q", answer(refusal="no", names=names[:2]))])
    assert text_of("names", refused).startswith("2 spellings taken for one personSergei")
    assert "<details" not in conversation([Turn("q", answer(statement(article(), "Two.")))])


def test_how_a_question_was_understood_is_shown_escaped_where_it_was_changed() -> None:
    for fields in ({"refusal": "no"}, {}):
        given = [] if fields else [statement(article(), "Two.")]
        shown = conversation([Turn("and <i>?", answer(*given, understood="what did <i> say?", **fields))])
        assert text_of("understood", shown) == "Understood as: what did <i> say?"
        assert "<i>" not in shown
    assert "Understood" not in conversation([Turn("q", answer(refusal="no"))])


def test_the_shown_sentence_is_marked_exactly_and_the_others_lightly() -> None:
    of = article()
    found = source_of(statement(of, "Two."), [statement(of, "Four."), statement(of, "One.")], 1)
    assert (
        '<mark class="cited">One.</mark> <mark class="shown">Two.</mark> Three. <mark class="cited">Four.</mark>'
        in found
    )


@pytest.mark.parametrize("words", ["late 2012", *HOSTILE])
def test_the_words_that_answer_are_set_off_in_their_sentence(words: str) -> None:
    sentence = f"Foley was abducted in {words} in Syria."
    of = article(f"Before. {sentence} After.")
    start = of.text.index(words)
    shown = conversation([Turn("q", answer(statement(of, sentence, span=(start, start + len(words)))))])
    assert text_of("answering", shown) == words
    assert text_of("passage", shown).startswith(sentence)


def test_a_light_mark_that_overlaps_the_shown_one_keeps_what_lies_outside() -> None:
    of = article()
    found = source_of(statement(of, "Two. Three."), [statement(of, "One. Two."), statement(of, "wo. Three. F")], 1)
    assert (
        '<mark class="cited">One. </mark><mark class="shown">Two. Three.</mark><mark class="cited"> F</mark>our.'
        in found
    )


def test_a_sentence_of_another_article_is_not_marked() -> None:
    found = source_of(statement(article(), "Two."), [statement(article(id="b"), "One.")], 1)
    assert found.count("<mark") == 1


@pytest.mark.parametrize("sentence", HOSTILE)
def test_hostile_text_is_shown_character_for_character(sentence: str) -> None:
    of = article(
        f"Before.\r\n\r\n{sentence}\r\nAfter.", title=sentence, path=sentence, source=sentence, authors=(sentence,)
    )
    shown = statement(of, sentence + "\r\nAfter", speaker=sentence)
    source = source_of(shown, [], 1)
    assert text_of("shown", source) == shown.text == sentence + "\r\nAfter"
    assert text_of("text", source) == of.text
    names = (Name(sentence, 1, True, sentence), Name(sentence, 1, False, sentence))
    chat = conversation([Turn(sentence, answer(shown, short=sentence, names=names))])
    assert text_of("question", chat) == "Question: " + sentence
    assert text_of("title", chat) == sentence
    for made in (
        source,
        chat,
        markup.status(0, 0, 1, [Skipped(sentence, sentence)], None),
        markup.status(0, 0, None, [], sentence),
    ):
        parser = Text("")
        parser.feed(made)
        assert not parser.tags & {"script", "img", "svg", "style", "base", "iframe", "b"} - {"b"}


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a?b=1&c=2", 'href="https://example.org/a?b=1&amp;c=2" target="_blank"'),
        ("http://example.org/", 'rel="noopener noreferrer nofollow"'),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https:///no-host", None),
        ("http://[bad", None),
        (" javascript:alert(1)", None),
    ],
)
def test_only_a_web_address_becomes_a_link(url: str, link: str | None) -> None:
    found = source_of(statement(article(url=url), "Two."), [], 1)
    assert (link in found) if link else ("<a " not in found and html.escape(url.strip()) in found)


def test_a_citation_says_speaker_source_and_date() -> None:
    of = article(source="The Moscow Times", published=date(2014, 8, 6))
    found = conversation([Turn("q", answer(statement(of, "Two.", speaker="Lavrov")))])
    assert "<span>Lavrov</span><span>The Moscow Times</span><span>6 August 2014</span>" in found
    assert 'data-turn="0" data-passage="0"' in found
    assert re.findall(r'class="number">(\d+)<', found) == ["1"]


def test_a_refusal_shows_at_most_three_nearest_passages_and_calls_them_no_answer() -> None:
    hits = tuple(Hit(Passage(article(), 0, 4), 0.1, 0.1, 0.1, 1, 1) for _ in range(5))
    turn = Turn("q", answer(refusal="The articles do not say.", hits=hits))
    found = conversation([turn])
    assert text_of("refusal", found) == "The articles do not say."
    assert "Nearest, but not an answer" in found
    assert found.count("<blockquote") == len(turn.passages) == 3


def test_only_revealed_statements_are_shown() -> None:
    of = article()
    turn = Turn("q", answer(statement(of, "One."), statement(of, "Two.")), revealed=1)
    assert conversation([turn]).count("<blockquote") == 1
    assert conversation([replace(turn, revealed=None)]).count("<blockquote") == 2


def test_a_huge_article_is_cut_around_the_sentence_and_says_so() -> None:
    of = article("x" * 3_000_000 + " The sentence. " + "y" * 3_000_000)
    found = source_of(statement(of, "The sentence."), [], 1)
    assert '<mark class="shown">The sentence.</mark>' in found
    assert len(found) < 500_000
    assert found.count("characters left out here") == 2


def test_status_counts_and_lists_what_was_skipped() -> None:
    assert "Opening the articles" in markup.status(0, 0, None, [], None)
    assert "Reading the articles: 12 of 26" in markup.status(12, 26, None, [], None)
    assert "1 article ready" in markup.status(1, 1, 1, [], None)
    found = markup.status(2, 2, 2, [Skipped("a.pdf", "only text")], None)
    assert "2 articles ready, 1 file skipped" in found and "<b>a.pdf</b> <span>only text</span>" in found
    assert "and 300 more" in markup.status(2, 2, 2, [Skipped("a.pdf", "only text")] * 500, None)


def test_control_characters_and_surrogates_leave_a_question() -> None:
    assert markup.clean(" a\x00b\ud800c\x1b[31m\n\u200d ") == "a b c [31m\n\u200d"
    assert markup.clean(" \t\r\n\x00") == ""


class Library:
    """A library whose answer, or failure, is given."""

    skipped: tuple[Skipped, ...] = ()
    history: Sequence[Answer] = ()

    def __init__(self, found: Answer | Exception) -> None:
        self.found = found

    def count(self) -> int:
        return 1

    def ask(self, question: str, *, history: Sequence[Answer] = ()) -> Answer:
        self.history = history
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def turns(opening: Opening) -> list[tuple[Turn, str | None]]:
    async def collect() -> list[tuple[Turn, str | None]]:
        return [step async for step in chat.answered(opening, Turn("q"), [])]

    return asyncio.run(collect())


def opening_of(open_library: Any) -> Opening:
    opening = Opening(open_library)
    opening.start()
    return opening


def test_an_answer_comes_statement_by_statement_with_the_first_ones_article() -> None:
    of = article()
    steps = turns(opening_of(lambda report: Library(answer(statement(of, "One."), statement(of, "Two.")))))
    shown = [(len(turn.passages), panel is not None) for turn, panel in steps if turn.answer]
    assert shown == [(1, True), (2, False)]


def test_a_question_is_asked_with_the_answers_before_it() -> None:
    library, before = Library(answer(refusal="no")), [answer(refusal="never")]

    async def ask() -> None:
        async for _ in chat.answered(opening_of(lambda report: library), Turn("q"), before):
            pass

    asyncio.run(ask())
    assert library.history == before


def test_an_exception_becomes_a_sentence_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    turn, _ = turns(opening_of(lambda report: Library(RuntimeError("no <b>disk</b>"))))[-1]
    assert turn.note == "Something went wrong: no <b>disk</b> (see the log)"
    assert "&lt;b&gt;disk" in conversation([turn])
    assert "Traceback" in caplog.text


def test_a_library_that_cannot_be_opened_answers_with_the_reason() -> None:
    def fail(report: object) -> Any:
        raise FileNotFoundError("no folder 'x': make it")

    opening = opening_of(fail)
    turn, _ = turns(opening)[-1]
    assert (turn.note, turn.failed) == ("no folder 'x': make it", True)
    assert "no folder &#x27;x&#x27;: make it" in opening.status()


def test_a_question_waits_and_shows_the_progress() -> None:
    def slow(report: Any) -> Any:
        report(12, 26, 100)
        time.sleep(0.4)
        return Library(answer(refusal="no"))

    steps = turns(opening_of(slow))
    assert "Reading the articles: 12 of 26" in [turn.note for turn, _ in steps]
    assert steps[-1][0].answer is not None
