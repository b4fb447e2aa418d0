"""The catalogue: what there is to read, a page at a time, without the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from qa.questions import folded

ORDERS = ("title", "source", "published", "size", "path")


@dataclass(frozen=True)
class Entry:
    """What the catalogue says of an article: ``size`` is in characters, ``same_as`` the path of the one it copies."""

    id: str
    path: str
    title: str
    source: str | None
    published: date | None
    size: int
    same_as: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return {**vars(self), "published": self.published.isoformat() if self.published else None}


@dataclass(frozen=True)
class Catalogue:
    """One page of the catalogue, and how many entries there are on all pages."""

    total: int
    entries: tuple[Entry, ...]


def check(order: str, limit: int, offset: int) -> None:
    """Raise ValueError for an order that there is not, and a page that is none."""
    if order not in ORDERS:
        raise ValueError(f"there is no order {order!r}: there are {', '.join(ORDERS)}")
    if limit < 1:
        raise ValueError(f"limit is {limit!r}: ask for at least 1 entry")
    if offset < 0:
        raise ValueError(f"offset is {offset!r}: the first entry is at 0")


def search_words(search: str) -> list[str]:
    """Return the words of a search, as `has_words` takes them."""
    return folded(search).split()


def has_words(words: Sequence[str], *texts: str | None) -> bool:
    """Tell whether each of ``words`` stands in one of ``texts``, whatever its case and accents, be it in a word."""
    text = folded("\n".join(filter(None, texts)))
    return all(word in text for word in words)
