"""What the tests of the page share: hostile texts, articles and answers made by hand, and what a browser sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import gradio as gr

from qa import Answer, Article, Catalogue, Entry, Hit, Library, Passage, Skipped, Statement
from ui.opening import Opening

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
# What a browser, or a program that plays one, may send in place of a text.
STRANGE: list[Any] = [None, True, 7, -1.5, float("nan"), [], ["a"], {}, {"a": 1}, b"a", "\ud800", "\x00", "9" * 5_000]


class Page(HTMLParser):
    """The elements of some HTML: their tags and attributes, and the text of those that have a class."""

    def __init__(self, markup: str, name: str = "") -> None:
        super().__init__(convert_charrefs=True)
        self.name, self.depth, self.text = name, 0, ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("input", "option") and (
            self.depth or (self.name and self.name in (dict(attrs).get("class") or "").split())
        ):
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= bool(self.depth)

    def handle_data(self, data: str) -> None:
        self.text += data if self.depth else ""


def text_of(name: str, markup: str) -> str:
    """Return the text of the elements of a class."""
    return Page(markup, name).text


def attributes(name: str, markup: str) -> list[str | None]:
    """Return the values of an attribute, as a browser reads them."""
    return [attrs[name] for _, attrs in Page(markup).elements if name in attrs]


def is_inert(markup: str) -> bool:
    """Tell whether no element is of a kind, and no attribute of a name, that our pages do not make."""
    foreign = {"script", "img", "style", "base", "iframe"}
    return not any(
        tag in foreign or any(name.startswith("on") or name in ("autofocus", "srcdoc") for name in attrs)
        for tag, attrs in Page(markup).elements
    )


def article(text: str = "One. Two. Three. Four.", **fields: Any) -> Article:
    return Article(**{"id": "a", "title": "A title", "text": text, **fields})


def statement(of: Article, sentence: str, **fields: Any) -> Statement:
    start = of.text.index(sentence)
    return Statement(of, start, start + len(sentence), 0.5, **fields)


def answer(*statements: Statement, **fields: Any) -> Answer:
    return Answer(**{"question": "q", "hits": (), "refusal": None, "confidence": 1, **fields, "statements": statements})


def hit(of: Article, start: int = 0, end: int = 4) -> Hit:
    return Hit(Passage(of, start, end), 0.1, 0.1, 0.1, 1, 1)


def numbered(count: int) -> Article:
    """Return an article of so many sentences: "Sentence 0 is here." and so on."""
    return article(" ".join(f"Sentence {number} is here." for number in range(count)))


def first_sentences(of: Article, count: int) -> list[Statement]:
    return [statement(of, f"Sentence {number} is here.") for number in range(count)]


class StubLibrary:
    """A library whose answers, or failures, are given, and which notes what it is asked."""

    skipped: Sequence[Skipped] = ()

    def __init__(self, *found: Answer | Exception, articles: Sequence[Article] = ()) -> None:
        self.found = list(found)
        self.by_id = {one.id: one for one in articles}
        self.asked: list[tuple[str, list[Answer], dict[str, Any]]] = []

    def count(self) -> int:
        return 1

    def ask(self, question: str, *, history: Sequence[Answer] = (), today: date, **filters: Any) -> Answer:
        self.asked.append((question, list(history), filters))
        self.today = today
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, Exception):
            raise found
        return found

    def article(self, article_id: str) -> Article:
        return self.by_id[article_id]

    def catalogue(self, *_: Any, **filters: Any) -> Catalogue:
        entry = Entry("a", "a.txt", "A title", None, None, 7, None)
        return Catalogue(1 if filters.get("source") else 3, (entry,))

    def sources(self) -> dict[str, int]:
        return {"BBC": 2}

    def authors(self) -> dict[str, int]:
        return {"Anna Berg": 1}


def opening_of(library: StubLibrary | Library) -> Opening:
    """Return the opening of a library that is open already."""
    opening = Opening(lambda report: library)  # type: ignore[arg-type, return-value]
    opening._open()
    return opening


def sent(data: Any = None, /, **named: Any) -> gr.EventData:
    """Return what the handlers are told of a click."""
    return gr.EventData(None, named if data is None else data)


def reader(name: str | None = None, query: Mapping[str, str] | None = None) -> Any:
    """Return a request of a reader who signed in under ``name``."""
    from starlette.datastructures import QueryParams

    return SimpleNamespace(username=name, query_params=QueryParams(dict(query or {})))


def is_same(output: Any) -> bool:
    """Tell whether a handler leaves a component as it is."""
    return isinstance(output, dict) and output.get("__type__") == "update" and len(output) == 1
