"""Answers that were kept on disk, read back as far as their articles still say what was shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal, TypeVar, cast

from qa.answers import Answer, Statement
from qa.articles import Article
from qa.names import Name
from qa.passages import Passage
from qa.periods import Period
from qa.retrieval import Hit

_KINDS = (None, "direct", "indirect", "mixed")
_MOST = 1e6  # no score is near it; infinity, and what is no number, are not below it
Value = TypeVar("Value")


def restored(record: Mapping[str, Any], article: Callable[[str], Article]) -> Answer:
    """Do `Answer.from_dict`."""
    return _Restoring(article).answer(record)


class _Restoring:
    """What is restored of one record, with its articles, each of which is asked for once."""

    def __init__(self, article: Callable[[str], Article]) -> None:
        self._article = article
        self._found = cache(self._find)

    def answer(self, record: Mapping[str, Any]) -> Answer:
        record = _fields(record, "an answer")
        refusal = _text_or_none(record, "refusal")
        kept = [self._statement(_fields(row, "a statement")) for row in _list(record, "statements")]
        hits = [self._hit(_fields(row, "a hit")) for row in _list(record, "hits")]
        short, summary = _text_or_none(record, "short"), _text_or_none(record, "summary")
        # What is told of the articles as a whole has a summary alone.
        if (kept and refusal is not None) or (not kept and refusal is None and not summary):
            raise ValueError(_malformed("statements and refusal", refusal))
        statements = tuple(statement for statement in kept if statement)
        if kept and not statements:
            refusal = "The articles that this was answered from are gone, or no longer say so: ask again."
        parts, verdict = _parts(record, kept), _text_or_none(record, "verdict")
        if verdict not in (None, "yes", "no"):
            raise ValueError(_malformed("verdict", verdict))
        if len(statements) < len(kept):
            summary = verdict = None
        if short is not None and not any(short in statement.article.text for statement in statements):
            short = None
        items = tuple(_checked(item, str, "an item") for item in _list(record, "items")) if "items" in record else ()
        items = tuple(item for item in items if any(item in statement.text for statement in statements))
        confidence = _number(record, "confidence")
        if not 0 <= confidence <= 1:
            raise ValueError(_malformed("confidence", confidence))
        period = record.get("period")
        return Answer(
            _checked(record.get("question"), str, "question"),
            statements,
            tuple(hit for hit in hits if hit),
            refusal,
            confidence,
            short,
            summary,
            tuple(_name(_fields(row, "a name")) for row in _list(record, "names")),
            None if period is None else _period(_fields(period, "period")),
            _text_or_none(record, "understood"),
            _text_or_none(record, "looked_for"),
            tuple(_checked(text, str, "instead") for text in _list(record, "instead")),
            cast("Literal['yes', 'no'] | None", verdict),
            parts,
            items,
        )

    def _statement(self, row: Mapping[str, Any]) -> Statement | None:
        """Return a statement where its text stands now, or None where it is gone."""
        score, speaker, kind = _number(row, "score"), _text_or_none(row, "speaker"), _text_or_none(row, "kind")
        if kind not in _KINDS:
            raise ValueError(_malformed("kind", kind))
        start, end = _ends(row)
        span = row.get("span")
        if span is not None:
            first, last = (_checked(place, int, "span") for place in _pair(span))
            if not start <= first <= last <= end:
                raise ValueError(_malformed("span", span))
            span = (first - start, last - start)
        others = [_id(_fields(other, "an article")) for other in _list(row, "also")]
        place = self._place(row, start, end)
        if place is None:
            return None
        article, start, end = place
        text = " ".join(article.text[start:end].split())
        copies = [copy for copy in map(self._found, others) if copy and text in " ".join(copy.text.split())]
        moved = (start + span[0], start + span[1]) if span else None
        return Statement(article, start, end, score, speaker, kind, moved, tuple(copies))

    def _hit(self, row: Mapping[str, Any]) -> Hit | None:
        """Return a hit whose passage stands where its text stands now, or None where it is gone."""
        score, cosine, bm25 = (_number(row, name) for name in ("score", "cosine", "bm25"))
        ranks = [row.get(name) for name in ("dense_rank", "lexical_rank")]
        ranks = [None if rank is None else _checked(rank, int, "a rank") for rank in ranks]
        reranked = None if row.get("rerank_score") is None else _number(row, "rerank_score")
        place = self._place(row, *_ends(row))
        return Hit(Passage(*place), score, cosine, bm25, ranks[0], ranks[1], reranked) if place else None

    def _place(self, row: Mapping[str, Any], start: int, end: int) -> tuple[Article, int, int] | None:
        """Return where the text of ``row`` stands now: at the same place, or first elsewhere in its article."""
        text = _checked(row.get("text"), str, "text")
        article = self._found(_id(_fields(row.get("article"), "an article")))
        if not text or len(text) != end - start:
            raise ValueError(_malformed("text", text))
        if article is None:
            return None
        if article.text[start:end] != text:
            start = article.text.find(text)
        return (article, start, start + len(text)) if start >= 0 else None

    def _find(self, article_id: str) -> Article | None:
        try:
            return self._article(article_id)
        except KeyError:
            return None


def _parts(record: Mapping[str, Any], kept: Sequence[Statement | None]) -> tuple[tuple[str, int], ...]:
    """Return the headings, each with how many statements are left under it; answers of before had none."""
    parts, first = [], 0
    for row in _list(record, "parts") if "parts" in record else ():
        number = _checked(_fields(row, "a part").get("statements"), int, "statements of a part")
        if not 0 <= number <= len(kept) - first:
            raise ValueError(_malformed("statements of a part", number))
        left = [statement for statement in kept[first : first + number] if statement]
        if left or not number:
            parts.append((_checked(row.get("heading"), str, "heading"), len(left)))
        first += number
    if parts and first != len(kept):
        raise ValueError(_malformed("parts", parts))
    return tuple(parts) if any(kept) else ()


def _malformed(what: str, value: object) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
    return f"this is no answer that was kept by as_dict ({what}: {shown}): leave it out, and ask again"


def _checked(value: object, kind: type[Value], what: str) -> Value:
    """Return ``value``, which must be of a type; True is no number."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(_malformed(what, value))
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):  # halves of characters, as in JSON
        raise ValueError(_malformed(what, value))
    return value


def _fields(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(_malformed(what, value))
    return value


def _list(row: Mapping[str, Any], name: str) -> list[Any] | tuple[Any, ...]:
    value = row.get(name)
    if not isinstance(value, list | tuple):
        raise ValueError(_malformed(name, value))
    return value


def _pair(value: object) -> tuple[object, object]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(_malformed("span", value))
    return value[0], value[1]


def _text_or_none(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None else _checked(value, str, name)


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST:
        raise ValueError(_malformed(name, value))
    return float(value)


def _ends(row: Mapping[str, Any]) -> tuple[int, int]:
    start, end = (_checked(row.get(name), int, name) for name in ("start", "end"))
    if not 0 <= start < end:
        raise ValueError(_malformed("start and end", (start, end)))
    return start, end


def _id(row: Mapping[str, Any]) -> str:
    return _checked(row.get("id"), str, "an article's id")


def _name(row: Mapping[str, Any]) -> Name:
    spelling, why = (_checked(row.get(name), str, name) for name in ("spelling", "why"))
    return Name(spelling, _checked(row.get("quotes"), int, "quotes"), _checked(row.get("same"), bool, "same"), why)


def _period(row: Mapping[str, Any]) -> Period:
    days = [_text_or_none(row, name) for name in ("since", "until")]
    try:
        since, until = (date.fromisoformat(day) if day is not None else None for day in days)
    except ValueError as error:
        raise ValueError(_malformed("period", days)) from error
    return Period(since, until)
