"""Which articles to look in: names and dates -> a condition on the store's table of articles."""

from __future__ import annotations

from datetime import date
from typing import TypedDict, Unpack

from qa.periods import Period


class Filters(TypedDict, total=False):
    """Which articles to look in: those for which all that is given holds.

    ``source``, ``author`` and ``tag`` are names, in any case; ``since`` and ``until`` are dates, both included, or
    "YYYY-MM-DD" (an article without a date is in no period); ``article`` is an id, path or title.
    """

    source: str | None
    author: str | None
    since: date | str | None
    until: date | str | None
    article: str | None
    tag: str | None


def day(value: date | str | None) -> date | None:
    """Return a date as it is, and "YYYY-MM-DD" as a date. Raises ValueError for what is neither."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no date: write it as YYYY-MM-DD") from error
    return value


def narrowed(filters: Filters, period: Period) -> Filters:
    """Return the filters with their ``since`` and ``until`` narrowed to a period: what both leave is left."""
    since, until = day(filters.get("since")), day(filters.get("until"))
    return {
        **filters,
        "since": max(filter(None, (since, period.since)), default=None),
        "until": min(filter(None, (until, period.until)), default=None),
    }


def where(**filters: Unpack[Filters]) -> tuple[str, dict[str, str]]:
    """Return the condition on articles that the filters make, and its values."""
    unknown = filters.keys() - Filters.__annotations__.keys()
    if unknown:
        raise TypeError(f"there is no filter {min(unknown)!r}: there are {', '.join(Filters.__annotations__)}")
    since, until = day(filters.get("since")), day(filters.get("until"))
    conditions = {
        "source": ("lower(source) = lower(:source)", filters.get("source")),
        "author": (
            "EXISTS (SELECT 1 FROM json_each(authors) WHERE lower(value) = lower(:author))",
            filters.get("author"),
        ),
        "since": ("published >= :since", since.isoformat() if since else None),
        "until": ("published <= :until", until.isoformat() if until else None),
        "article": (":article IN (articles.id, path, title)", filters.get("article")),
        "tag": ("EXISTS (SELECT 1 FROM json_each(tags) WHERE lower(value) = lower(:tag))", filters.get("tag")),
    }
    asked = {name: (condition, value) for name, (condition, value) in conditions.items() if value is not None}
    if not asked:
        return "TRUE", {}
    # An article is chosen by any of the places that its text has.
    chosen = " AND ".join(condition for condition, _ in asked.values())
    within = f"articles.id IN (SELECT coalesce(same_as, id) FROM articles WHERE {chosen})"
    return within, {name: value for name, (_, value) in asked.items()}
