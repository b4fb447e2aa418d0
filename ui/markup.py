"""The parts that every pane is made of, as HTML: pure functions to text in which everything foreign is escaped.

Articles, their titles and addresses, file names, error messages and questions are hostile: each of them passes through
``escape``, and nothing else of them reaches the page. The page must set this HTML as it is, never as a template:
Gradio's ``html_template="${value}"`` does, while ``{{value}}`` would be run.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import urlsplit

from qa import Article, Passage, Quote, Skipped, Statement

LONGEST_QUESTION = 2_000  # characters that the question's box takes
LONGEST_TEXT = 400_000  # characters of an article around the cited place that are sent to a browser
MOST_ROWS = 200  # of a list that is unfolded: files that were skipped, names

Place = Passage | Quote | Statement


def clean(text: str) -> str:
    """Return ``text`` without control characters and lone surrogates (which no UTF-8 response can carry), stripped."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in text).strip()


def escape(text: str) -> str:
    """Return ``text`` as HTML that shows it character for character; a bare CR would be read back as LF."""
    return html.escape(text).replace("\r", "&#13;")


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return "1 article", "2 articles"."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def ask_button(question: str, label: str | None = None, **how: str) -> str:
    """Return a button that asks a question, which is its label where there is none; ``how`` is sent with it."""
    question = escape(clean(question))
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in how.items())
    words = question if label is None else escape(label)
    return f'<button type="button" class="ask" dir="auto"{data} data-question="{question}">{words}</button>'


def day_of(day: date | None) -> str | None:
    """Return a date as "26 August 2014"."""
    return f"{day.day} {day:%B} {day.year}" if day else None


def status(done: int, total: int, articles: int | None, skipped: Sequence[Skipped], error: str | None) -> str:
    """Return the line that says how far the library is; ``articles`` is None until it is open."""
    if error is not None:
        return f'<p class="status failed" role="alert">{escape(clean(error))}</p>'
    if articles is None:
        bar = f'<progress max="{total}" value="{done}" aria-hidden="true"></progress>' if total else ""
        return f'<p class="status" role="status">{bar}<span>{escape(progress(done, total))}</span></p>'
    ready = f"{counted(articles, 'article')} ready" if articles else "No articles to answer from"
    if not skipped:
        return f'<p class="status" role="status">{ready}</p>'
    return (
        f'<details class="status"><summary>{ready}, {counted(len(skipped), "file")} skipped</summary>'
        f'<ul aria-label="Skipped files">{skips(skipped)}</ul></details>'
    )


def skips(skipped: Sequence[Skipped]) -> str:
    """Return files that are not read, with the reasons, as items of a list."""
    return listed(
        [f"<b>{escape(clean(s.path))}</b> <span>{escape(clean(s.reason))}</span>" for s in skipped[:MOST_ROWS]],
        len(skipped),
    )


def listed(rows: Sequence[str], total: int) -> str:
    """Return rows (HTML) as items of a list, and how many more there are."""
    rest = f"<li>and {total - len(rows):,} more</li>" if total > len(rows) else ""
    return "".join(f"<li>{row}</li>" for row in rows) + rest


def progress(done: int, total: int) -> str:
    """Return how far the making of the library is, in words."""
    return f"Reading the articles: {done} of {total}" if total else "Opening the articles"


def spans(facts: Iterable[str | None]) -> str:
    """Return facts of an article, those that there are, each in a span of its own."""
    return "".join(f"<span>{escape(clean(fact))}</span>" for fact in facts if fact)


def citation(article: Article, place: Place | None = None, speaker: str | None = None) -> str:
    """Return who says it and where it stands, in plain text, to be put beside a quotation."""
    facts = [speaker, f"“{clean(article.title)}”", article.source, day_of(article.published)]
    facts.append(article.path)
    facts += [f"characters {place.start}–{place.end}"] if place else []
    return ", ".join(clean(fact) for fact in [*facts, article.url] if fact)


def quotation(place: Place) -> str:
    """Return a sentence with its citation, in plain text, to be copied."""
    speaker = None if isinstance(place, Passage) else place.speaker
    return f"“{clean(place.text)}” ({citation(place.article, place, speaker)})"


def in_context(place: Place, around: int = 240) -> str:
    """Return a sentence, marked, with some ``around`` characters of its article on both sides, from its body on."""
    text = place.article.text
    begins = min(place.article.body, place.start)
    first, last = max(begins, place.start - around), min(len(text), place.end + around)
    before, after = text[first : place.start], text[place.end : last]
    if first > begins:
        before = "… " + (before.partition(" ")[2] or before)  # of Chinese, all: it has no spaces
    if last < len(text):
        after = (after.rpartition(" ")[0] or after) + " …"
    return f"{escape(before)}<mark>{escape(place.text)}</mark>{escape(after)}"


def source(
    article: Article,
    view: int,
    shown: Place | None = None,
    others: Iterable[Place] = (),
    position: tuple[int, int] | None = None,
) -> str:
    """Return an article with the place ``shown`` marked, and ``others`` of the same article marked lightly.

    ``view`` is any number that differs from one click to the next, so that the page scrolls to the mark once more;
    ``position`` is the place's own number among those that can be stepped through, and how many these are.
    """
    others = [other for other in others if other.article.id == article.id]
    facts = spans([article.source, ", ".join(article.authors), day_of(article.published)])
    path = f'<span class="path">{escape(clean(article.path))}</span>' if article.path else ""
    also = [other.path for other in shown.also] if isinstance(shown, Statement) else []
    places = ", ".join([*article.copies, *also])
    path += f"<span>Also in {escape(clean(places))}</span>" if places else ""
    steps = ""
    if position and position[1] > 1:
        steps = (
            '<button type="button" data-do="step" data-by="-1" data-key="previous" aria-keyshortcuts="ArrowLeft" '
            'aria-label="Previous citation">‹</button>'
            f"<span>{position[0]} of {position[1]}</span>"
            '<button type="button" data-do="step" data-by="1" data-key="next" aria-keyshortcuts="ArrowRight" '
            'aria-label="Next citation">›</button>'
        )
    return (
        f'<article data-view="{view}"><header><div class="steps">'
        f'<button type="button" class="back" data-key="back">Back to the answer</button>{steps}'
        f'<button type="button" class="only" data-do="only" data-article="{escape(article.path or article.id)}" '
        f'data-key="only">Ask only this article</button></div>'
        f'<h2 dir="auto">{escape(clean(article.title))}</h2>'
        f'<p class="facts">{facts}</p><p class="facts">{_link(article.url)}{path}</p></header>'
        f'<div class="text" dir="auto">{_marked(article.text, shown, others)}</div></article>'
    )


def nothing(message: str) -> str:
    """Return what a pane holds while there is nothing to show in it."""
    return f'<div class="empty"><p>{escape(message)}</p></div>'


def _link(url: str | None) -> str:
    """Return a link to the article's own address; an address that is not plainly http or https is shown as text."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        safe = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        safe = False
    if not safe:
        return f"<span>{escape(clean(url))}</span>"
    return (
        f'<a href="{escape(clean(url))}" target="_blank" rel="noopener noreferrer nofollow">'
        f'Original at {escape(clean(parts.hostname or ""))}<span class="hidden"> (opens in a new tab)</span></a>'
    )


def _marked(text: str, shown: Place | None, others: Iterable[Place]) -> str:
    """Return ``text`` with ``shown`` in one mark, exactly, and whatever of ``others`` lies outside it in light ones."""
    begin, end_of = (shown.start, shown.end) if shown else (0, 0)
    first = max(0, min(begin, len(text) - 1) - LONGEST_TEXT // 2)
    last = min(len(text), max(end_of, first + LONGEST_TEXT))
    marks = [(begin, end_of, '<mark class="shown">')]
    for other in others:
        for start, end in ((other.start, min(other.end, begin)), (max(other.start, end_of), other.end)):
            if start < end:
                marks.append((start, end, '<mark class="cited">'))
    parts, position = [_left_out(first)], first
    for start, end, tag in sorted(marks):
        start, end = max(start, position), min(end, last)  # noqa: PLW2901
        if start < end:
            parts += [escape(text[position:start]), tag, escape(text[start:end]), "</mark>"]
            position = end
    return "".join([*parts, escape(text[position:last]), _left_out(len(text) - last)])


def _left_out(characters: int) -> str:
    return f'<span class="left-out">{characters:,} characters left out here</span>' if characters > 0 else ""
