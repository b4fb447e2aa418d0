"""Which articles to look in: names and dates -> a condition on the store's table of articles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TypedDict, Unpack

from qa.periods import Period


class Filters(TypedDict, total=False):
    """Which articles to look in: those for which all that is given holds.

    ``source``, ``author`` and ``tag`` are names, in any case; ``article`` is an id, path or title. Of several any will
    do; an empty list is as None. ``since`` and ``until`` are dates, both included, or "YYYY-MM-DD" (an article without
    a date is in no period).
    """

    source: str | Sequence[str] | None
    author: str | Sequence[str] | None
    since: date | str | None
    until: date | str | None
    article: str | Sequence[str] | None
    tag: str | Sequence[str] | None


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


def asked_for(**filters: Unpack[Filters]) -> tuple[dict[str, list[str]], date | None, date | None]:
    """Return what filters ask for: filter -> the names of which any will do, and the first and the last date.

    Raises TypeError for a filter that there is not, ValueError for a date that is none.
    """
    unknown = filters.keys() - Filters.__annotations__.keys()
    if unknown:
        raise TypeError(f"there is no filter {min(unknown)!r}: there are {', '.join(Filters.__annotations__)}")
    f = filters
    given = {"source": f.get("source"), "author": f.get("author"), "article": f.get("article"), "tag": f.get("tag")}
    wanted = {name: [names] if isinstance(names, str) else list(names or ()) for name, names in given.items()}
    wanted = {name: several for name, several in wanted.items() if several}
    return wanted, day(filters.get("since")), day(filters.get("until"))


def where(**filters: Unpack[Filters]) -> tuple[str, dict[str, str]]:
    """Return the condition on articles that the filters make, and its values.

    An article is chosen by any of the places that its text has.
    """
    chosen, values = where_itself(**filters)
    if not values:
        return chosen, values
    return f"articles.id IN (SELECT coalesce(same_as, id) FROM articles WHERE {chosen})", values


def where_itself(**filters: Unpack[Filters]) -> tuple[str, dict[str, str]]:
    """Return `where`, but by which an article and its copies are each chosen by their own place alone."""
    names, places = "(SELECT lower(value) FROM json_each(:{}))", "(SELECT value FROM json_each(:article))"
    listed = "EXISTS (SELECT 1 FROM json_each({}) WHERE lower(value) IN {})"
    conditions = {
        "source": f"lower(source) IN {names.format('source')}",
        "author": listed.format("authors", names.format("author")),
        "since": "published >= :since",
        "until": "published <= :until",
        "article": f"(articles.id IN {places} OR path IN {places} OR title IN {places})",
        "tag": listed.format("tags", names.format("tag")),
    }
    wanted, since, until = asked_for(**filters)
    values = {name: json.dumps(several) for name, several in wanted.items()}
    values |= {name: at.isoformat() for name, at in (("since", since), ("until", until)) if at}
    return " AND ".join(conditions[name] for name in values) or "TRUE", values
