"""Which articles to look in, as the page has it: checked, kept in the page's link, and shown as chips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode

from qa import Filters, Library
from ui.markup import LONGEST_QUESTION, clean, day_of, escape


class Narrowing(Filters, total=False):
    """The filters, and the day that "last week" is counted from, where it is not the machine's."""

    today: str


NAMES = {"source": "Source", "author": "Author", "article": "Article"}
DATES = {"since": "From", "until": "Until"}
DAYS = {**DATES, "today": "Counted from"}
_MOST_VALUES, _LONGEST_VALUE = 20, 500
_CHOICES = 300  # of sources and of authors, offered while one types


@dataclass(frozen=True)
class Link:
    """What a link to the page holds: a question, the filters that it is asked with, and the conversation it is in."""

    question: str = ""
    filters: Narrowing | None = None
    conversation: str = ""


def checked(values: Mapping[str, Any]) -> Narrowing:
    """Return the filters that ``values`` hold, which are a browser's word: what is none of ours is left out."""
    filters = Narrowing()
    for name in NAMES:
        given = values.get(name) or ()
        given = [given] if isinstance(given, str) else given
        if isinstance(given, Sequence):
            kept = [clean(value)[:_LONGEST_VALUE].strip() for value in given if isinstance(value, str) and clean(value)]
            if kept:
                filters[name] = list(dict.fromkeys(kept))[:_MOST_VALUES]  # type: ignore[literal-required]
    for name in DAYS:
        try:
            filters[name] = date.fromisoformat(str(values.get(name) or "")).isoformat()  # type: ignore[literal-required]
        except ValueError:
            continue
    return filters


def with_value(filters: Narrowing, name: str, value: str) -> Narrowing:
    """Return the filters with one more name, or with another date."""
    held = dict(filters)
    held[name] = [*_values(filters, name), value] if name in NAMES else value
    return checked(held)


def without(filters: Narrowing, name: str, value: str) -> Narrowing:
    """Return the filters without one name or date."""
    return checked({**filters, name: [held for held in _values(filters, name) if held != value]})


def searched(filters: Narrowing) -> Filters:
    """Return what the library searches by."""
    return {name: value for name, value in filters.items() if name != "today"}  # type: ignore[return-value]


def today(filters: Narrowing) -> date:
    """Return the day that a question's period is counted from."""
    return date.fromisoformat(filters["today"]) if "today" in filters else date.today()


def everywhere(filters: Narrowing) -> Narrowing:
    """Return what is left where all articles are searched: the day."""
    return {"today": filters["today"]} if "today" in filters else {}


def _values(filters: Filters, name: str) -> list[str]:
    held = filters.get(name) or ()
    return [held] if isinstance(held, str) else [str(value) for value in held]  # type: ignore[attr-defined]


def to_link(link: Link) -> str:
    """Return a link's query: "?q=What+did+...&source=BBC"."""
    filters = link.filters or {}
    pairs = [("q", link.question), ("c", link.conversation)]
    pairs += [(name, value) for name in (*NAMES, *DAYS) for value in _values(filters, name)]
    return "?" + urlencode([(name, value) for name, value in pairs if value])


def from_link(query: str) -> Link:
    """Return what a link's query holds; what is none of ours is left out."""
    try:
        pairs = parse_qsl(query.removeprefix("?"), max_num_fields=200)
    except ValueError:
        return Link()
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    filters = checked({name: given[-1] if name in DAYS else given for name, given in values.items()})
    question, conversation = (values.get(name, [""])[-1] for name in ("q", "c"))
    return Link(clean(question)[:LONGEST_QUESTION].strip(), filters, conversation[:40])


def in_words(filters: Filters, titles: Mapping[str, str] | None = None) -> list[str]:
    """Return each filter in words; ``titles`` are those of articles, by path."""
    told = []
    for name, label in NAMES.items():
        told += [f"{label}: {(titles or {}).get(value, value)}" for value in _values(filters, name)]
    for name, label in DAYS.items():
        told += [f"{label} {day_of(date.fromisoformat(value))}" for value in _values(filters, name)]
    return told


def bar(filters: Narrowing, library: Library | None) -> str:
    """Return the filters as chips, and the form that adds one."""
    titles: dict[str, str] = {}
    chosen, choices = "", ""
    if library is not None:
        titles = {path: _title(library, path) for path in _values(filters, "article")}
        for name, known in (("source", library.sources()), ("author", library.authors())):
            options = "".join(f'<option value="{escape(clean(value))}">' for value in list(known)[:_CHOICES])
            choices += f'<datalist id="known-{name}">{options}</datalist>'
        if searched(filters):
            count, of = library.catalogue(limit=1, **searched(filters)).total, library.catalogue(limit=1).total
            chosen = f'<span class="count">{count:,} of {of:,} articles</span>'
    pairs = [(name, value) for name in (*NAMES, *DAYS) for value in _values(filters, name)]
    chips = "".join(
        f'<li><span dir="auto">{escape(told)}</span><button type="button" data-do="drop" data-name="{name}" '
        f'data-value="{escape(value)}" data-key="drop-{name}" aria-label="{escape(f"Remove {told}")}">×</button></li>'
        for (name, value), told in zip(pairs, in_words(filters, titles), strict=True)
    )
    shown = f'<ul class="chips" aria-label="Only these articles">{chips}</ul>{chosen}' if pairs else ""
    return (
        f'<div class="narrowed">{shown}<details data-key="narrow"><summary data-key="narrow-summary">Narrow</summary>'
        '<form data-do="narrow" autocomplete="off">'
        '<label>Source <input name="source" list="known-source" maxlength="300"></label>'
        '<label>Author <input name="author" list="known-author" maxlength="300"></label>'
        f'<label>From <input type="date" name="since" value="{"".join(_values(filters, "since"))}"></label>'
        f'<label>Until <input type="date" name="until" value="{"".join(_values(filters, "until"))}"></label>'
        "<label>“Last week” is counted from "
        f'<input type="date" name="today" value="{"".join(_values(filters, "today"))}"></label>'
        f'<button type="submit" data-key="apply">Apply</button></form>{choices}</details></div>'
    )


def _title(library: Library, path: str) -> str:
    entries = library.catalogue(limit=1, article=path).entries
    return clean(entries[0].title) if entries else path
