"""What the page shows, as HTML: pure functions from ``qa``'s types to text in which everything foreign is escaped.

Articles, their titles and addresses, file names, error messages and questions are hostile: each of them passes through
``escape``, and nothing else of them reaches the page. The page must set this HTML as it is, never as a template:
Gradio's ``html_template="${value}"`` does, while ``{{value}}`` would be run.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from qa import Answer, Article, Name, Passage, Skipped, Statement

NEAREST = 3  # passages shown beside a refusal
LONGEST_TEXT = 400_000  # characters of an article around the cited place that are sent to a browser

_KEPT = 200  # rows of a list that is unfolded: files that were skipped, names


@dataclass(frozen=True)
class Turn:
    """One question of a conversation, and as much of its answer as there is: ``note`` stands in until there is one.

    ``revealed`` counts the statements that are shown already; None is all of them.
    """

    question: str
    answer: Answer | None = None
    note: str = ""
    failed: bool = False
    revealed: int | None = None

    @property
    def passages(self) -> Sequence[Passage | Statement]:
        """The places in the articles that this turn shows and opens: its statements, or what came nearest to one."""
        if self.answer is None:
            return ()
        if self.answer.refusal is not None:
            return [hit.passage for hit in self.answer.hits[:NEAREST]]
        return self.answer.statements[: self.revealed]


def clean(text: str) -> str:
    """Return ``text`` without control characters and lone surrogates (which no UTF-8 response can carry), stripped."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in text).strip()


def escape(text: str) -> str:
    """Return ``text`` as HTML that shows it character for character; a bare CR would be read back as LF."""
    return html.escape(text).replace("\r", "&#13;")


def status(done: int, total: int, articles: int | None, skipped: Sequence[Skipped], error: str | None) -> str:
    """Return the line that says how far the library is; ``articles`` is None until it is open."""
    if error is not None:
        return f'<p class="status failed" role="alert">{escape(error)}</p>'
    if articles is None:
        bar = f'<progress max="{total}" value="{done}" aria-hidden="true"></progress>' if total else ""
        return f'<p class="status" role="status">{bar}<span>{escape(progress(done, total))}</span></p>'
    ready = (
        f"{articles} {'article' if articles == 1 else 'articles'} ready" if articles else "No articles to answer from"
    )
    if not skipped:
        return f'<p class="status" role="status">{ready}</p>'
    rows = "".join(
        f"<li><b>{escape(clean(s.path))}</b> <span>{escape(clean(s.reason))}</span></li>" for s in skipped[:_KEPT]
    )
    rest = f"<li>and {len(skipped) - _KEPT} more</li>" if len(skipped) > _KEPT else ""
    files = "file" if len(skipped) == 1 else "files"
    return (
        f'<details class="status"><summary>{ready}, {len(skipped)} {files} skipped</summary>'
        f'<ul aria-label="Skipped files">{rows}{rest}</ul></details>'
    )


def progress(done: int, total: int) -> str:
    """Return how far the making of the library is, in words."""
    return f"Reading the articles: {done} of {total}" if total else "Opening the articles"


def conversation(turns: Sequence[Turn]) -> str:
    """Return the questions and answers so far; every passage carries its turn's and its own number for a click."""
    if not turns:
        return (
            '<div class="empty"><h2>What do you want to know?</h2>'
            "<p>The answer is made of sentences from the articles, word for word. "
            "Each one opens its article at that place.</p></div>"
        )
    items = "".join(_turn(turn, number, last=number == len(turns) - 1) for number, turn in enumerate(turns))
    return f'<ol class="turns" role="log" aria-label="Questions and answers">{items}</ol>'


def _turn(turn: Turn, number: int, *, last: bool) -> str:
    question = f'<h2 class="question" dir="auto"><span class="hidden">Question: </span>{escape(turn.question)}</h2>'
    answer = turn.answer
    if answer is None:
        kind = "failed" if turn.failed else "waiting"
        return f'<li class="turn">{question}<p class="note {kind}" role="status">{escape(clean(turn.note))}</p></li>'
    if answer.understood:
        question += f'<p class="understood" dir="auto">Understood as: {escape(clean(answer.understood))}</p>'
    if answer.refusal is not None:
        reply = f'<p class="refusal" dir="auto">{escape(clean(answer.refusal))}</p>{_names(answer.names)}'
        if turn.passages:
            reply += '<h3 class="nearest-head">Nearest, but not an answer</h3>'
            reply += _passages(turn.passages, number, "nearest", shown=None)
    else:
        reply = f'<p class="short" dir="auto">{escape(clean(answer.short))}</p>' if answer.short else ""
        reply += f'<p class="summary" dir="auto">{escape(clean(answer.summary))}</p>' if answer.summary else ""
        reply += _names(answer.names)
        reply += _passages(turn.passages, number, "statements", shown=0 if last else None)
    return f'<li class="turn">{question}{reply}</li>'


def _names(names: Sequence[Name]) -> str:
    """Return what was made of the speaker's name, to be unfolded; the names are the articles', so they are escaped."""
    if not names:
        return ""
    same = sum(name.same for name in names)
    told = [f"{same} spellings taken for one person"] if same > 1 else []
    told += [f"{len(names) - same} of that name left out"] if same < len(names) else []
    rows = "".join(
        f'<li><b dir="auto">{escape(clean(name.spelling))}</b> '
        f"<span>{name.quotes} {'quote' if name.quotes == 1 else 'quotes'}, "
        f"{'' if name.same else 'taken for another person: '}{escape(clean(name.why))}</span></li>"
        for name in names[:_KEPT]
    )
    rest = f"<li>and {len(names) - _KEPT} more</li>" if len(names) > _KEPT else ""
    return f'<details class="names"><summary>{", ".join(told)}</summary><ul>{rows}{rest}</ul></details>'


def _passages(passages: Sequence[Passage | Statement], turn: int, kind: str, *, shown: int | None) -> str:
    items = []
    for number, passage in enumerate(passages):
        speaker = passage.speaker if isinstance(passage, Statement) else None
        article = passage.article
        others = passage.others if isinstance(passage, Statement) else 0
        also = f"also in {others} {'other' if others == 1 else 'others'}" if others else None
        facts = [speaker, article.source, _day(article), also]
        said = "".join(f"<span>{escape(clean(fact))}</span>" for fact in facts if fact)
        current = ' aria-current="true"' if number == shown else ""
        items.append(
            f'<li class="passage" data-turn="{turn}" data-passage="{number}">'
            f'<blockquote dir="auto">{_answering(passage)}</blockquote>'
            f'<button type="button" class="cite"{current}><span class="number">{number + 1}</span>'
            f'<span class="from"><span class="title" dir="auto">{escape(clean(article.title))}</span>'
            f'<span class="facts">{said}</span></span>'
            f'<span class="hidden">: show sentence {number + 1} in its article</span></button></li>'
        )
    return f'<ol class="{kind}">{"".join(items)}</ol>'


def _answering(passage: Passage | Statement) -> str:
    """Return the text with the words in it that answer, where there are such, set off."""
    span = passage.span if isinstance(passage, Statement) else None
    if span is None:
        return escape(passage.text)
    start, end = (place - passage.start for place in span)
    text = passage.text
    return f'{escape(text[:start])}<b class="answering">{escape(text[start:end])}</b>{escape(text[end:])}'


def source(shown: Passage | Statement, others: Iterable[Passage | Statement], view: int) -> str:
    """Return the article that ``shown`` is from, with it marked, and ``others`` of the same article marked lightly.

    ``view`` is any number that differs from one click to the next, so that the page scrolls to the mark once more.
    """
    article = shown.article
    others = [other for other in others if other.article.id == article.id]
    byline = [article.source, ", ".join(article.authors), _day(article)]
    facts = "".join(f"<span>{escape(clean(fact))}</span>" for fact in byline if fact)
    link = _link(article.url)
    path = f'<span class="path">{escape(clean(article.path))}</span>' if article.path else ""
    also = [other.path for other in shown.also] if isinstance(shown, Statement) else []
    places = ", ".join([*article.copies, *also])
    path += f"<span>Also in {escape(clean(places))}</span>" if places else ""
    return (
        f'<article data-view="{view}"><header><button type="button" class="back">Back to the answer</button>'
        f'<h2 dir="auto">{escape(clean(article.title))}</h2>'
        f'<p class="facts">{facts}</p><p class="facts">{link}{path}</p></header>'
        f'<div class="text" dir="auto">{_marked(article.text, shown, others)}</div></article>'
    )


def no_source(message: str) -> str:
    """Return what the place of the article holds while there is none."""
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


def _day(article: Article) -> str | None:
    day = article.published
    return f"{day.day} {day:%B} {day.year}" if day else None


def _marked(text: str, shown: Passage | Statement, others: Iterable[Passage | Statement]) -> str:
    """Return ``text`` with ``shown`` in one mark, exactly, and whatever of ``others`` lies outside it in light ones."""
    first = max(0, min(shown.start, len(text) - 1) - LONGEST_TEXT // 2)
    last = min(len(text), max(shown.end, first + LONGEST_TEXT))
    spans = [(shown.start, shown.end, '<mark class="shown">')]
    for other in others:
        for start, end in ((other.start, min(other.end, shown.start)), (max(other.start, shown.end), other.end)):
            if start < end:
                spans.append((start, end, '<mark class="cited">'))
    parts, position = [_left_out(first)], first
    for start, end, tag in sorted(spans):
        start, end = max(start, position), min(end, last)  # noqa: PLW2901
        if start < end:
            parts += [escape(text[position:start]), tag, escape(text[start:end]), "</mark>"]
            position = end
    return "".join([*parts, escape(text[position:last]), _left_out(len(text) - last)])


def _left_out(characters: int) -> str:
    return f'<span class="left-out">{characters:,} characters left out here</span>' if characters > 0 else ""
