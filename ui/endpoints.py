"""What programs may call, by gradio_client or, with ``--mcp``, as tools of a language model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal, TypedDict

import gradio as gr
from gradio.events import api  # gr.api, which Gradio does not name among its exports

from qa import Library
from ui.markup import clean
from ui.narrowing import DAYS, Narrowing, checked, searched
from ui.narrowing import today as counted_from
from ui.opening import Opening, said

log = logging.getLogger(__name__)

MOST_HITS = 100
MOST_ARTICLES = 1_000


class ArticleRecord(TypedDict):
    """An article: ``file`` is its path in the folder, ``published`` a date YYYY-MM-DD."""

    id: str
    title: str
    source: str | None
    file: str
    published: str | None
    url: str | None


class HitRecord(TypedDict):
    """A passage that was found: ``text`` is ``article``'s from ``start`` to ``end``."""

    text: str
    start: int
    end: int
    article: ArticleRecord
    score: float
    cosine: float
    bm25: float
    dense_rank: int | None
    lexical_rank: int | None
    rerank_score: float | None


class StatementRecord(TypedDict):
    """A sentence that answers: ``text`` is ``article``'s from ``start`` to ``end``; ``also`` are near copies."""

    text: str
    start: int
    end: int
    article: ArticleRecord
    score: float
    speaker: str | None
    kind: str | None
    span: list[int] | None
    also: list[ArticleRecord]


class PartRecord(TypedDict):
    """A heading, and how many of the answer's statements stand under it."""

    heading: str
    statements: int


class AnswerRecord(TypedDict):
    """An answer: its statements, or a refusal that says why there are none, and what could be asked instead."""

    question: str
    understood: str | None
    period: dict[str, Any] | None
    refusal: str | None
    looked_for: str | None
    instead: list[str]
    verdict: str | None
    short: str | None
    items: list[str]
    summary: str | None
    names: list[dict[str, Any]]
    confidence: float
    parts: list[PartRecord]
    statements: list[StatementRecord]
    hits: list[HitRecord]


class QuoteRecord(TypedDict):
    """A quote: ``text`` is ``article``'s from ``start`` to ``end``; ``cue`` and ``mention`` are offsets, too."""

    text: str
    start: int
    end: int
    article: ArticleRecord
    speaker: str | None
    kind: str
    cue: list[int] | None
    mention: list[int] | None
    resolved_by: str


class EntryRecord(TypedDict):
    """An article of the library without its text; ``same_as`` is the file that holds the same text."""

    id: str
    title: str
    source: str | None
    file: str
    published: str | None
    size: int
    same_as: str | None


class CatalogueRecord(TypedDict):
    """Articles of the library, and how many there are in all."""

    total: int
    articles: list[EntryRecord]


def add_endpoints(opening: Opening) -> None:
    """Add ``/ask``, ``/retrieve``, ``/quotes`` and ``/articles``. What they cannot do, they say as a ``gr.Error``."""

    def call(work: Callable[[Library], Any]) -> Any:
        try:
            library = opening.library()
        except Exception as error:
            raise gr.Error(said(error), print_exception=False) from error
        try:
            return _for_client(work(library))
        except Exception as error:
            log.exception("an endpoint failed")
            raise gr.Error(f"Something went wrong: {said(error)} (see the log)", print_exception=False) from error

    def ask(
        question: str,
        source: str = "",
        author: str = "",
        since: str = "",
        until: str = "",
        article: str = "",
        today: str = "",
    ) -> AnswerRecord:
        """Answer a question from the articles: sentences, each a verbatim slice of its article, or a refusal.

        Args:
            question: a whole question, such as "what did Lavrov say about al-Qaida?"
            source: only articles of this source
            author: only articles by this author
            since: only articles published on this day (YYYY-MM-DD) or later
            until: only articles published on this day (YYYY-MM-DD) or earlier
            article: only this article: its id, file or title
            today: the day (YYYY-MM-DD) that "last week" is counted from, if not the server's
        """
        asked = _question(question)
        filters = _filters(source=source, author=author, since=since, until=until, article=article, today=today)
        return call(lambda library: library.ask(asked, today=counted_from(filters), **searched(filters)).as_dict())  # type: ignore[no-any-return]

    def retrieve(
        question: str,
        k: int = 5,
        source: str = "",
        author: str = "",
        since: str = "",
        until: str = "",
        article: str = "",
    ) -> list[HitRecord]:
        """Find the passages nearest to a question, best first, without answering it; score is what they are ranked by.

        Args:
            question: a question, or words to look for
            k: how many passages, from 1 to 100
            source: only articles of this source
            author: only articles by this author
            since: only articles published on this day (YYYY-MM-DD) or later
            until: only articles published on this day (YYYY-MM-DD) or earlier
            article: only this article: its id, file or title
        """
        asked = _question(question)
        filters = searched(_filters(source=source, author=author, since=since, until=until, article=article))
        _check_number("k", k, 1, MOST_HITS)

        def found(library: Library) -> list[dict[str, Any]]:
            return [hit.as_dict() for hit in library.retrieve(asked, k, **filters)]

        return call(found)  # type: ignore[no-any-return]

    def quotes(
        speaker: str = "",
        about: str = "",
        kind: Literal["", "direct", "indirect", "mixed"] = "",
        source: str = "",
        author: str = "",
        since: str = "",
        until: str = "",
        article: str = "",
        limit: int = 100,
    ) -> list[QuoteRecord]:
        """List what somebody said, word for word: all quotes by a speaker, about a topic, or both.

        Args:
            speaker: whose quotes, such as "Lavrov"; empty for anybody's
            about: only quotes about this topic, such as "al-Qaida"; empty for any
            kind: "direct" (in quotation marks), "indirect", "mixed", or empty for all
            source: only articles of this source
            author: only articles by this author
            since: only articles published on this day (YYYY-MM-DD) or later
            until: only articles published on this day (YYYY-MM-DD) or earlier
            article: only this article: its id, file or title
            limit: how many quotes at most, from 1 to 1000
        """
        filters = searched(_filters(source=source, author=author, since=since, until=until, article=article))
        _check_number("limit", limit, 1, MOST_ARTICLES)
        said_by, topic = _word("speaker", speaker) or None, _word("about", about) or None
        if not said_by and not topic:
            raise gr.Error("name a speaker or a topic, or both", print_exception=False)
        if kind not in ("", "direct", "indirect", "mixed", None):
            raise gr.Error(f"kind is direct, indirect or mixed, not {kind!r}", print_exception=False)

        def found(library: Library) -> list[dict[str, Any]]:
            return [quote.as_dict() for quote in library.quotes(said_by, topic, kind=kind or None, **filters)[:limit]]

        return call(found)  # type: ignore[no-any-return]

    def articles(
        search: str = "",
        source: str = "",
        author: str = "",
        since: str = "",
        until: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> CatalogueRecord:
        """List the articles that there are, in the order of their titles.

        Args:
            search: only articles with these words in title, source, file or author
            source: only articles of this source
            author: only articles by this author
            since: only articles published on this day (YYYY-MM-DD) or later
            until: only articles published on this day (YYYY-MM-DD) or earlier
            limit: how many articles at most, from 1 to 1000
            offset: how many articles to pass over
        """
        filters = searched(_filters(source=source, author=author, since=since, until=until))
        _check_number("limit", limit, 1, MOST_ARTICLES)
        _check_number("offset", offset, 0, 2**31)
        words = _word("search", search)

        def found(library: Library) -> dict[str, Any]:
            page = library.catalogue(words, limit=limit, offset=offset, **filters)
            return {"total": page.total, "articles": [entry.as_dict() for entry in page.entries]}

        return call(found)  # type: ignore[no-any-return]

    for endpoint in (ask, retrieve, quotes, articles):
        api(endpoint, api_name=endpoint.__name__)


def _question(question: object) -> str:
    asked = clean(question) if isinstance(question, str) else ""
    if not asked:
        raise gr.Error("ask a question: a text that is not blank", print_exception=False)
    return asked


def _word(name: str, value: object) -> str:
    """Return a text that was given; an empty one for None. Raises gr.Error for what is no text."""
    if not isinstance(value, str | None):
        raise gr.Error(f"{name} is a text, not {value!r}", print_exception=False)
    return clean(value or "")


def _check_number(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise gr.Error(f"{name} is a whole number from {least} to {most}, not {value!r}", print_exception=False)


def _filters(**given: object) -> Narrowing:
    """Return the filters that are given. Raises gr.Error for what is no text, and a date that is none."""
    words = {name: _word(name, value) for name, value in given.items()}
    filters = checked(words)
    for name in DAYS:
        if words.get(name) and name not in filters:
            raise gr.Error(f"{name} is a date as YYYY-MM-DD, not {given[name]!r}", print_exception=False)
    return filters


def _for_client(value: Any) -> Any:
    """Return a record with each "path" as "file": gradio_client takes a dict with a "path" for a file to download."""
    if isinstance(value, dict):
        return {"file" if name == "path" else name: _for_client(part) for name, part in value.items()}
    return [_for_client(part) for part in value] if isinstance(value, list | tuple) else value
