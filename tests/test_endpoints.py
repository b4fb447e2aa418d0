"""What programs may call: its form is as it is said to be, and whatever it is given, an error is a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import gradio as gr
import pytest
from conftest import WordEncoder
from pages import STRANGE, StubLibrary, answer, article, hit, opening_of, statement

from qa import Library, Name, Period, Quote
from qa.answers import SentenceAnswerer
from qa.catalogue import Entry
from qa.embedded import EmbeddedStore
from ui import endpoints
from ui.endpoints import (
    AnswerRecord,
    ArticleRecord,
    CatalogueRecord,
    EntryRecord,
    HitRecord,
    QuoteRecord,
    StatementRecord,
)
from ui.opening import Opening

Endpoints = dict[str, Callable[..., Any]]


def endpoints_of(opening: Opening) -> Endpoints:
    """Return the functions by their names, as Gradio calls them."""
    with gr.Blocks() as page:
        endpoints.add_endpoints(opening)
    return {str(function.api_name): function.fn for function in page.fns.values()}  # type: ignore[misc]


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """The endpoints over two articles."""
    folder = tmp_path_factory.mktemp("articles")
    (folder / "dam.txt").write_text('The dam\n\nMay 3, 2024\n\n"The dam holds," said Peter Holm, an engineer.\n')
    (folder / "fair.md").write_text(
        "---\ntitle: Fair opens\nsource: Town Gazette\n---\n\nThe spring fair opened on Friday.\n"
    )
    encoder = WordEncoder()
    store = EmbeddedStore(tmp_path_factory.mktemp("index"))
    with Library(folder, store, encoder, SentenceAnswerer(encoder)) as library:
        library.refresh()
        yield endpoints_of(opening_of(library))


def names(record: type) -> set[str]:
    return set(record.__annotations__)


def in_form(record: type, given: dict[str, Any]) -> None:
    """Check that a record has the fields it is said to have, and what JSON carries unchanged."""
    assert set(given) == names(record)
    assert json.loads(json.dumps(given)) == given


def test_the_four_have_their_names_in_this_order() -> None:
    library = StubLibrary(answer(refusal="no"))
    assert list(endpoints_of(opening_of(library))) == ["ask", "retrieve", "quotes", "articles"]


def test_an_answer_has_the_form_that_it_is_said_to_have() -> None:
    of = article(path="a.txt", published=date(2024, 5, 2))
    given = answer(
        statement(of, "Two.", span=(5, 8), also=(article(id="b", path="b.txt"),)),
        hits=(hit(of),),
        names=(Name("X", 1, True, "surname alone"),),
        period=Period(date(2024, 5, 1), None),
        instead=("Why?",),
    )
    record = endpoints_of(opening_of(StubLibrary(given)))["ask"]("q")
    in_form(AnswerRecord, record)
    in_form(StatementRecord, record["statements"][0])
    in_form(HitRecord, record["hits"][0])
    for one in (record["statements"][0]["article"], record["statements"][0]["also"][0], record["hits"][0]["article"]):
        in_form(ArticleRecord, one)
    assert record["statements"][0]["article"]["file"] == "a.txt"
    assert record["statements"][0]["span"] == [5, 8]


def test_the_records_are_those_that_qa_makes_with_file_for_path() -> None:
    of = article()
    quoted = Quote(of, 5, 9, "X", "direct", (0, 1), (2, 3), "name")
    entry = Entry("a", "a.txt", "A title", None, None, 7, None)
    for record, made in (
        (AnswerRecord, answer()),
        (StatementRecord, statement(of, "Two.")),
        (HitRecord, hit(of)),
        (ArticleRecord, of),
        (QuoteRecord, quoted),
        (EntryRecord, entry),
    ):
        assert names(record) == {{"path": "file"}.get(name, name) for name in made.as_dict()}


def test_the_endpoints_answer_from_a_real_library(four: Endpoints) -> None:
    (first, *_) = four["retrieve"]("spring fair", 3)
    in_form(HitRecord, first)
    assert (first["text"], first["article"]["file"]) == ("The spring fair opened on Friday.", "fair.md")
    assert four["retrieve"]("spring fair", 1, source="Town Gazette")[0]["article"]["title"] == "Fair opens"
    assert four["retrieve"]("spring fair", 5, since="2030-01-01") == []
    (said,) = four["quotes"]("Holm")
    in_form(QuoteRecord, said)
    assert (said["text"], said["speaker"]) == ("The dam holds,", "Peter Holm")
    assert [one["speaker"] for one in four["quotes"](about="dam", kind="direct")] == ["Peter Holm"]
    assert four["quotes"]("Nobody") == []
    listed = four["articles"]("", limit=1, offset=1)
    in_form(CatalogueRecord, listed)
    in_form(EntryRecord, listed["articles"][0])
    assert (listed["total"], listed["articles"][0]["file"]) == (2, "fair.md")
    assert four["articles"]("FAIR", source="town gazette")["total"] == 1
    assert four["articles"]("", offset=9) == {"total": 2, "articles": []}
    in_form(AnswerRecord, four["ask"]("What did Holm say?"))


def test_quotes_are_as_many_as_asked_for_at_most(four: Endpoints) -> None:
    assert len(four["quotes"](about="dam repairs bridge", limit=1)) <= 1
    with pytest.raises(gr.Error, match="name a speaker or a topic, or both"):
        four["quotes"](" ", "\x00")


CALLS = [
    *(("ask", name) for name in ("question", "source", "author", "since", "until", "article", "today")),
    *(("retrieve", name) for name in ("question", "k", "source", "author", "since", "until", "article")),
    *(
        ("quotes", name)
        for name in ("speaker", "about", "kind", "source", "author", "since", "until", "article", "limit")
    ),
    *(("articles", name) for name in ("search", "source", "author", "since", "until", "limit", "offset")),
]
GOOD: dict[str, dict[str, Any]] = {
    "ask": {"question": "fair"},
    "retrieve": {"question": "fair"},
    "quotes": {"speaker": "Holm", "about": ""},
    "articles": {},
}
MAY_BE_BLANK = {"today", "source", "author", "since", "until", "article", "search", "speaker", "about", "kind"}


@pytest.mark.parametrize(("endpoint", "name"), CALLS)
def test_whatever_an_argument_is_it_is_taken_or_refused_with_a_sentence(
    endpoint: str, name: str, four: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    for strange in STRANGE:
        good = {**GOOD[endpoint], **({"about": "dam"} if name == "speaker" else {})}
        try:
            record = four[endpoint](**{**good, name: strange})
        except gr.Error as error:
            assert error.print_exception is False
            assert str(error.message).startswith(
                ("ask a question", f"{name} is a ", f"{name} is direct", "name a speaker or a topic")
            ), (strange, error.message)
        else:
            json.dumps(record)
            assert isinstance(strange, str) or (strange is None and name in MAY_BE_BLANK) or strange == 7, strange
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("endpoint", "arguments", "message"),
    [
        ("ask", {"question": " "}, "ask a question: a text that is not blank"),
        ("ask", {"since": "May"}, "since is a date as YYYY-MM-DD, not 'May'"),
        ("articles", {"until": "2024-02-30"}, "until is a date as YYYY-MM-DD, not '2024-02-30'"),
        ("ask", {"source": ["BBC"]}, r"source is a text, not \['BBC'\]"),
        ("retrieve", {"k": 0}, "k is a whole number from 1 to 100, not 0"),
        ("retrieve", {"k": 101}, "k is a whole number from 1 to 100, not 101"),
        ("retrieve", {"k": True}, "k is a whole number from 1 to 100, not True"),
        ("quotes", {"limit": 1_001}, "limit is a whole number from 1 to 1000, not 1001"),
        ("quotes", {"kind": "Direct"}, "kind is direct, indirect or mixed, not 'Direct'"),
        ("articles", {"offset": -1}, "offset is a whole number from 0 to 2147483648, not -1"),
        ("articles", {"limit": 2.0}, "limit is a whole number from 1 to 1000, not 2.0"),
        ("articles", {"search": 7}, "search is a text, not 7"),
    ],
)
def test_what_is_wrong_is_said(endpoint: str, arguments: dict[str, Any], message: str, four: Endpoints) -> None:
    with pytest.raises(gr.Error, match=message):
        four[endpoint](**{**GOOD[endpoint], **arguments})


def test_a_library_that_cannot_be_opened_says_why() -> None:
    def fail(report: object) -> Any:
        raise FileNotFoundError("no folder 'x': make it")

    opening = Opening(fail)
    opening._open()
    for name, call in endpoints_of(opening).items():
        with pytest.raises(gr.Error, match="no folder 'x': make it"):
            call(**GOOD[name])


def test_a_failure_is_a_sentence_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(gr.Error, match=r"Something went wrong: no disk \(see the log\)"):
        endpoints_of(opening_of(StubLibrary(OSError("no disk"))))["ask"]("q")
    assert "Traceback" in caplog.text
