"""Who says what: who is quoted most, what one speaker said and when, two speakers side by side."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import gradio as gr

from qa import Library, Speaker, Statement
from ui.markup import clean, counted, day_of, escape, nothing, quotation, source, spans
from ui.narrowing import Narrowing, searched
from ui.opening import Opening
from ui.sent import number_of, word_of

MOST_SPEAKERS = 40
MOST_STATEMENTS = 200  # of a speaker, shown at once
LONGEST_NAME = 200
_CHOICES = 300  # speakers offered while one types
_WIDTH, _HEIGHT, _WIDEST = 560, 72, 40  # of the picture and its bars, in its own units
_SAME: Any = gr.skip()


def form(library: Library | None, speaker: str = "", other: str = "", about: str = "") -> str:
    """Return the form that asks who said what."""
    known = library.speakers(_CHOICES) if library is not None else ()
    options = "".join(f'<option value="{escape(clean(one.name))}">' for one in known)
    fields = "".join(
        f'<label>{label} <input name="{name}" value="{escape(clean(value))}" maxlength="{LONGEST_NAME}"{more}></label>'
        for name, label, value, more in (
            ("speaker", "Speaker", speaker, ' list="known-speakers"'),
            ("other", "Beside", other, ' list="known-speakers"'),
            ("about", "About", about, ""),
        )
    )
    return (
        f'<form data-do="look" autocomplete="off">{fields}<button type="submit">Look</button>'
        f'<datalist id="known-speakers">{options}</datalist></form>'
    )


def ranking(library: Library, filters: Narrowing) -> str:
    """Return who is quoted most, as bars."""
    speakers = library.speakers(MOST_SPEAKERS, **searched(filters))
    if not speakers:
        return '<p class="note">No quote with a speaker was found in these articles.</p>'
    most = speakers[0].quotes
    rows = "".join(_bar(speaker, most) for speaker in speakers)
    return f'<h2>Who is quoted most</h2><ol class="bars">{rows}</ol>'


def _bar(speaker: Speaker, most: int) -> str:
    name = escape(clean(speaker.name))
    spelled = "".join(f"; {escape(clean(one))}" for one in speaker.spellings[1:6])
    also = f'<span class="hidden"> (also spelled {spelled[2:]})</span>' if spelled else ""
    return (
        f'<li><button type="button" data-do="look" data-speaker="{name}" data-key="look-{name}">'
        f'<span class="name" dir="auto">{name}</span>{also}'
        f'<span class="bar" style="--share:{speaker.quotes / most:.3f}" aria-hidden="true"></span>'
        f'<span class="quotes">{counted(speaker.quotes, "quote")}</span></button></li>'
    )


def statements(library: Library, names: Sequence[str], about: str, filters: Narrowing) -> str:
    """Return what each of one or two speakers said, of a topic where one is given, in the order of time."""
    found = [(name, library.statements(name or None, about or None, **searched(filters))) for name in names]
    days = [one.article.published for _, said in found for one in said if one.article.published]
    scale = _Scale.of([said for _, said in found], days) if days else None
    columns = "".join(_column(name, about, said, scale) for name, said in found)
    return f'<div class="columns" style="--count:{len(found)}">{columns}</div>'


def _column(name: str, about: str, said: Sequence[Statement], scale: _Scale | None) -> str:
    spelled = Counter(one.speaker for one in said if one.speaker).most_common(1)
    who = clean(spelled[0][0] if spelled and name else name) or "Anybody"
    topic = f" about {about}" if about else ""
    if not said:
        told = f"The articles hold no statement by {who}{topic}." if name else f"The articles quote nobody{topic}."
        return f'<section><h2 dir="auto">{escape(who)}</h2><p class="note" dir="auto">{escape(told)}</p></section>'
    shown = said[:MOST_STATEMENTS]
    parts = []
    for day, of_day in groupby(shown, key=lambda one: one.article.published):
        items = "".join(_statement(one) for one in of_day)
        parts.append(f'<h3>{day_of(day) or "Without a date"}</h3><ol class="said">{items}</ol>')
    rest = f'<p class="note">and {len(said) - len(shown):,} more</p>' if len(said) > len(shown) else ""
    articles = len({one.article.id for one in said})
    told = f"{counted(len(said), 'statement')}{topic}, in {counted(articles, 'article')}"
    picture = _timeline(said, scale, who) if scale else ""
    return (
        f'<section><h2 dir="auto">{escape(who)}</h2><p class="summary" dir="auto">{escape(told)}</p>'
        f"{picture}{''.join(parts)}{rest}</section>"
    )


def _statement(said: Statement) -> str:
    article = said.article
    where = f'data-article="{escape(article.id)}" data-start="{said.start}" data-end="{said.end}"'
    key = f'data-key="said-{escape(article.id)}-{said.start}"'
    return (
        f'<li class="passage" data-do="open" {where}><blockquote dir="auto">{escape(said.text)}</blockquote>'
        f'<div class="tools"><button type="button" class="cite" data-do="open" {where} {key}>'
        f'<span class="from"><span class="title" dir="auto">{escape(clean(article.title))}</span>'
        f'<span class="facts">{spans([said.speaker, article.source])}</span></span></button>'
        f'<button type="button" class="copy" data-copy="{escape(quotation(said))}">Copy'
        f'<span class="hidden"> with its citation</span></button></div></li>'
    )


class _Scale(NamedTuple):
    """What the pictures share: the days, months or years, and the most statements in one of them."""

    unit: str
    columns: list[date]
    most: int

    @classmethod
    def of(cls, told: Sequence[Sequence[Statement]], days: Sequence[date]) -> _Scale:
        first, last = min(days), max(days)
        unit = "day" if last - first <= timedelta(45) else "month" if last - first <= timedelta(4 * 366) else "year"
        columns = [_start(first, unit)]
        while columns[-1] < _start(last, unit):
            columns.append(_start(columns[-1] + timedelta({"day": 1, "month": 32, "year": 366}[unit]), unit))
        return cls(unit, columns, max(max(_counts(said, unit).values(), default=1) for said in told))


def _timeline(said: Sequence[Statement], scale: _Scale, who: str) -> str:
    """Return a picture of how many statements there are in each day, month or year."""
    unit, columns, most = scale
    counts = _counts(said, unit)
    if not counts:
        return ""
    step = _WIDTH / len(columns)
    wide = min(0.8 * step, _WIDEST)
    bars = "".join(
        f'<rect x="{(place + 0.5) * step - wide / 2:.1f}" y="{_HEIGHT - counts[day] / most * _HEIGHT:.1f}" '
        f'width="{wide:.1f}" height="{counts[day] / most * _HEIGHT:.1f}">'
        f"<title>{_named(day, unit)}: {counted(counts[day], 'statement')}</title></rect>"
        for place, day in enumerate(columns)
        if counts[day]
    )
    peak = max(counts, key=lambda day: (counts[day], day))
    label = (
        f"Statements by {who} in each {unit}, from {_named(columns[0], unit)} to {_named(columns[-1], unit)}; "
        f"most, {counts[peak]}, in {_named(peak, unit)}"
    )
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{bars}</svg><figcaption><span>{_named(columns[0], unit)}</span>'
        f"<span>{counts[peak]} at most in a {unit}</span><span>{_named(columns[-1], unit)}</span></figcaption></figure>"
    )


def _counts(said: Sequence[Statement], unit: str) -> Counter[date]:
    return Counter(_start(one.article.published, unit) for one in said if one.article.published)


def _start(day: date, unit: str) -> date:
    """Return the first day of the day, month or year that ``day`` is in."""
    return day if unit == "day" else day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _named(day: date, unit: str) -> str:
    return f"{day_of(day)}" if unit == "day" else f"{day:%B} {day.year}" if unit == "month" else str(day.year)


class Looking:
    """The handlers of the tab."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening

    async def ranked(self, filters: Narrowing, told: str | None, event: gr.EventData) -> tuple[Any, Any]:
        """Show who is quoted most, where the tab was turned to, unless a speaker is shown in it already."""
        if word_of(event, "tab") != "speakers":
            return _SAME, _SAME
        await self.opening.wait()
        if (told and 'class="columns"' in told) or not self.opening.opened:
            return _SAME, _SAME
        library = self.opening.library()
        return await asyncio.to_thread(form, library), await asyncio.to_thread(ranking, library, filters)

    def asked(self, filters: Narrowing, event: gr.EventData) -> tuple[Any, Any]:
        """Show what was asked for; the outputs are the form and what is told."""
        if not self.opening.opened:
            gr.Info(self.opening.not_open, duration=4)
            return _SAME, _SAME
        speaker, other, about = (word_of(event, name)[:LONGEST_NAME] for name in ("speaker", "other", "about"))
        library = self.opening.library()
        wanted = [name for name in (speaker, other) if name] or ([""] if about else [])
        if not wanted:
            return form(library), ranking(library, filters)
        return form(library, speaker, other, about), statements(library, wanted, about, filters)

    def chosen(self, filters: Narrowing, event: gr.EventData) -> tuple[Any, Any, Any]:
        """Show the statement that was clicked in its article, or a speaker; the third output is the source."""
        if word_of(event, "do") == "look":
            return *self.asked(filters, event), _SAME
        start, end = number_of(event, "start"), number_of(event, "end")
        try:
            article = self.opening.library().article(word_of(event, "article"))
        except KeyError:
            return _SAME, _SAME, nothing("This article was removed.")
        if not 0 <= start < end <= len(article.text):
            return _SAME, _SAME, _SAME
        return _SAME, _SAME, source(article, time.monotonic_ns(), Statement(article, start, end, score=1.0))
