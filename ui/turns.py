"""A question and its answer: as HTML, as a record that is kept, and as Markdown to be taken away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qa import Answer, Article, Filters, Name, Passage, Statement
from ui.markup import (
    LONGEST_QUESTION,
    MOST_ROWS,
    ask_button,
    citation,
    clean,
    counted,
    day_of,
    escape,
    in_context,
    listed,
    quotation,
    spans,
)
from ui.narrowing import checked, in_words, searched

NEAREST = 3  # passages shown beside a refusal
AT_FIRST = 5  # statements shown before the others are unfolded
_MOST_BESIDE = 4  # headings side by side


@dataclass(frozen=True)
class Gone:
    """A sentence that an answer showed, and that its article does not hold any more, or that is gone with it."""

    text: str
    title: str
    path: str


@dataclass(frozen=True)
class Turn:
    """One question of a conversation, and as much of its answer as there is: ``note`` stands in until there is one.

    ``filters`` say which articles were asked, and ``asked`` on which day. ``revealed`` counts the statements that are
    shown already; None is all of them. ``liked`` is what the reader said of the answer. ``gone`` are statements of a
    kept answer that the articles do not hold any more. ``number`` is its place in the conversation that it is kept in.
    """

    question: str
    answer: Answer | None = None
    note: str = ""
    failed: bool = False
    revealed: int | None = None
    filters: Filters = field(default_factory=Filters)
    asked: date = field(default_factory=date.today)
    liked: bool | None = None
    gone: tuple[Gone, ...] = ()
    number: int | None = None

    @property
    def passages(self) -> Sequence[Passage | Statement]:
        """The places in the articles that this turn shows and opens: its statements, or what came nearest to one."""
        if self.answer is None:
            return ()
        if self.answer.refusal is not None:
            return [hit.passage for hit in self.answer.hits[:NEAREST]]
        return self.answer.statements[: self.revealed]

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept of the turn, for JSON."""
        return {
            "question": self.question,
            "asked": self.asked.isoformat(),
            "filters": dict(self.filters),
            "liked": self.liked,
            "answer": self.answer.as_dict() if self.answer else None,
            "gone": [vars(gone) for gone in self.gone],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], article: Callable[[str], Article]) -> Turn:
        """Return a turn that was kept, each statement in its article, which ``article`` finds by an id.

        What cannot be read is told in a turn without an answer.
        """
        question = clean(str(record.get("question") or "A question that cannot be read"))[:LONGEST_QUESTION]
        try:
            kept = record["answer"]
            answer = Answer.from_dict(kept, article)
            held = {(statement.article.id, statement.text) for statement in answer.statements}
            lost = [s for s in kept["statements"] if (s["article"]["id"], s["text"]) not in held]
            gone = [Gone(s["text"], s["article"]["title"], s["article"]["path"]) for s in lost]
            gone += [Gone(str(g["text"]), str(g["title"]), str(g["path"])) for g in record.get("gone") or ()]
            asked = date.fromisoformat(record["asked"])
            liked = record.get("liked")
            return cls(
                question,
                answer,
                filters=searched(checked(record.get("filters") or {})),
                asked=asked,
                liked=liked if isinstance(liked, bool) else None,
                gone=tuple(gone),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls(question, note="What was kept of this answer cannot be read: ask once more.", failed=True)


def conversation(turns: Sequence[Turn]) -> str:
    """Return the questions and answers so far; every passage carries its turn's and its own number for a click."""
    if not turns:
        return (
            '<div class="empty"><h2>What do you want to know?</h2>'
            "<p>The answer is made of sentences from the articles, word for word. "
            "Each one opens its article at that place.</p></div>"
        )
    items = "".join(_turn(turn, number, last=number == len(turns) - 1) for number, turn in enumerate(turns))
    return f'<div role="log" aria-label="Questions and answers"><ol class="turns">{items}</ol></div>'


def _turn(turn: Turn, number: int, *, last: bool) -> str:
    question = f'<h2 class="question" dir="auto"><span class="hidden">Question: </span>{escape(turn.question)}</h2>'
    if turn.filters:
        told = "; ".join(clean(words) for words in in_words(turn.filters))
        question += f'<p class="understood" dir="auto">Asked of: {escape(told)}</p>'
    answer = turn.answer
    if answer is None:
        kind = "failed" if turn.failed else "waiting"
        return f'<li class="turn">{question}<p class="note {kind}" role="status">{escape(clean(turn.note))}</p></li>'
    if answer.understood:
        question += _understood(turn, answer.understood)
    if answer.period:
        question += f'<p class="understood">Counted from {day_of(turn.asked)}</p>'
    shown = 0 if last else None
    reply = _refused(turn, answer, number) if answer.refusal is not None else _answered(turn, answer, number, shown)
    reply += _gone(turn.gone)
    if turn.revealed is None:
        reply += _judged(turn, number)
    return f'<li class="turn">{question}{reply}</li>'


def _understood(turn: Turn, whole: str) -> str:
    """Return how a follow-up was understood, to be changed in the box, or asked without what stands before it."""
    return (
        f'<p class="understood" dir="auto"><span>Understood as: {escape(clean(whole))}</span> '
        f'<button type="button" class="change" data-text="{escape(clean(whole))}">Change</button>'
        f"{ask_button(turn.question, 'As a question of its own', alone='1')}</p>"
    )


def _answered(turn: Turn, answer: Answer, number: int, shown: int | None) -> str:
    short = answer.verdict.capitalize() if answer.verdict else answer.short
    reply = f'<p class="short" dir="auto">{escape(clean(short))}</p>' if short else ""
    if answer.summary:
        folded = len(turn.passages) > AT_FIRST and not answer.parts
        told = f"{clean(answer.summary)}; {AT_FIRST} are shown" if folded else clean(answer.summary)
        reply += f'<p class="summary" dir="auto">{escape(told)}</p>'
    reply += _names(answer.names) + _asks(turn, answer)
    items = [_passage(passage, number, place, current=place == shown) for place, passage in enumerate(turn.passages)]
    if not answer.parts:
        return reply + _items(items, 0, f"more-{number}")
    return reply + _parts(answer.parts, items, number)


def _parts(parts: Sequence[tuple[str, int]], items: Sequence[str], number: int) -> str:
    """Return statements under their headings: side by side those of up to four, where there is room for all of them.

    Each has its place from the beginning, so that none moves aside while statements still come.
    """
    sections, first = [], 0
    for heading, count in parts:
        shown = items[first : first + count]
        head = f'<h3 class="nearest-head" dir="auto">{escape(clean(heading))}</h3>' if shown or not count else ""
        sections.append(f"<section>{head}{_items(shown, first, f'more-{number}-{first}')}</section>")
        first += count
    if len(parts) > _MOST_BESIDE or sum(count > 0 for _, count in parts) < 2:  # one column would stand beside nothing
        return "".join(sections)
    return f'<div class="columns" style="--count:{len(parts)}">{"".join(sections)}</div>'


def _items(items: Sequence[str], first: int, key: str) -> str:
    """Return statements, numbered on from ``first``; those after the fifth are folded."""
    start = f' start="{first + 1}"' if first else ""
    shown = f'<ol class="statements"{start}>{"".join(items[:AT_FIRST])}</ol>' if items else ""
    more = len(items) - AT_FIRST
    if more <= 0:
        return shown
    label = f"Show {'the other one' if more == 1 else f'the other {more}'}"
    return (
        f'{shown}<details class="more" data-key="{key}"><summary>{label}</summary>'
        f'<ol class="statements" start="{first + AT_FIRST + 1}">{"".join(items[AT_FIRST:])}</ol></details>'
    )


def _refused(turn: Turn, answer: Answer, number: int) -> str:
    reply = f'<p class="refusal" dir="auto">{escape(clean(answer.refusal or ""))}</p>'
    if answer.looked_for:
        reply += f'<p class="note" dir="auto">{escape(clean(answer.looked_for))}</p>'
    reply += _names(answer.names)
    reply += _asks(turn, answer)
    if turn.passages:
        items = "".join(
            _passage(passage, number, place, current=False, nearest=True) for place, passage in enumerate(turn.passages)
        )
        reply += f'<h3 class="nearest-head">Nearest, but not an answer</h3><ol class="nearest">{items}</ol>'
    return reply


def _asks(turn: Turn, answer: Answer) -> str:
    """Return questions that can be asked instead, as buttons."""
    asks = [ask_button(question) for question in answer.instead]
    if turn.filters and answer.refusal is not None:
        asks.append(ask_button(turn.question, "The same, of all articles", everywhere="1"))
    items = "".join(f"<li>{ask}</li>" for ask in asks)
    return f'<h3 class="nearest-head">You could ask</h3><ul class="instead">{items}</ul>' if asks else ""


def _judged(turn: Turn, number: int) -> str:
    """Return the buttons by which a reader says whether an answer is right."""
    buttons = "".join(
        f'<button type="button" data-do="rate" data-turn="{number}" data-liked="{int(liked)}" '
        f'data-key="rate-{number}-{int(liked)}" aria-pressed="{str(turn.liked is liked).lower()}">{label}</button>'
        for liked, label in ((True, "Good answer"), (False, "Bad answer"))
    )
    return f'<p class="judged">{buttons}</p>'


def _gone(gone: Sequence[Gone]) -> str:
    """Return the sentences of a kept answer that the articles do not hold any more."""
    if not gone:
        return ""
    rows = [
        f'<span dir="auto">“{escape(clean(one.text))}”</span> '
        f"<b>{escape(clean(one.title))}</b>, {escape(clean(one.path))}"
        for one in gone[:MOST_ROWS]
    ]
    told = f"{counted(len(gone), 'sentence')} shown then that the articles do not hold any more"
    return f'<details class="names"><summary>{told}</summary><ul>{listed(rows, len(gone))}</ul></details>'


def _names(names: Sequence[Name]) -> str:
    """Return what was made of the speaker's name, to be unfolded; the names are the articles', so they are escaped."""
    if not names:
        return ""
    same = sum(name.same for name in names)
    told = [f"{same} spellings taken for one person"] if same > 1 else []
    told += [f"{len(names) - same} of that name left out"] if same < len(names) else []
    rows = [
        f'<b dir="auto">{escape(clean(name.spelling))}</b> '
        f"<span>{counted(name.quotes, 'quote')}, "
        f"{'' if name.same else 'taken for another person: '}{escape(clean(name.why))}</span>"
        for name in names[:MOST_ROWS]
    ]
    rows_shown = listed(rows, len(names))
    return f'<details class="names"><summary>{", ".join(told)}</summary><ul>{rows_shown}</ul></details>'


def _passage(passage: Passage | Statement, turn: int, number: int, *, current: bool, nearest: bool = False) -> str:
    speaker = passage.speaker if isinstance(passage, Statement) else None
    article = passage.article
    others = passage.others if isinstance(passage, Statement) else 0
    also = f"also in {counted(others, 'other')}" if others else None
    facts = spans([speaker, article.source, day_of(article.published), also])
    mark = ' aria-current="true"' if current else ""
    copied = "passage" if nearest else "sentence"
    return (
        f'<li class="passage" data-turn="{turn}" data-passage="{number}">'
        f'<blockquote dir="auto">{_answering(passage)}</blockquote><div class="tools">'
        f'<button type="button" class="cite"{mark} data-key="cite-{turn}-{number}">'
        f'<span class="number">{number + 1}</span>'
        f'<span class="from"><span class="title" dir="auto">{escape(clean(article.title))}</span>'
        f'<span class="facts">{facts}</span></span>'
        f'<span class="hidden">: show sentence {number + 1} in its article</span></button>'
        f'<button type="button" class="copy" data-key="copy-{turn}-{number}" data-copy="{escape(quotation(passage))}">'
        f'Copy<span class="hidden"> {copied} {number + 1} with its citation</span></button></div>'
        f'<div class="context" aria-hidden="true" dir="auto">{in_context(passage)}</div></li>'
    )


def _answering(passage: Passage | Statement) -> str:
    """Return the text with the words in it that answer, where there are such, set off."""
    span = passage.span if isinstance(passage, Statement) else None
    if span is None:
        return escape(passage.text)
    start, end = (place - passage.start for place in span)
    text = passage.text
    return f'{escape(text[:start])}<b class="answering">{escape(text[start:end])}</b>{escape(text[end:])}'


def as_markdown(title: str, turns: Sequence[Turn]) -> str:
    """Return a conversation as Markdown, each sentence with its full citation; nothing in it is read as markup."""
    parts = [f"# {_plain(title)}"]
    for turn in turns:
        parts.append(f"## {_plain(turn.question)}")
        told = [f"Asked on {day_of(turn.asked)}", *in_words(turn.filters)]
        parts.append(_plain("; ".join(told)))
        answer = turn.answer
        if answer is None:
            parts.append(_plain(turn.note))
            continue
        verdict = answer.verdict and answer.verdict.capitalize()
        understood = answer.understood and f"Understood as: {answer.understood}"
        for words in (understood, verdict, answer.short, answer.summary):
            parts += [_plain(words)] if words else []
        if answer.refusal is not None:
            parts += [_plain(answer.refusal), *([_plain(answer.looked_for)] if answer.looked_for else [])]
        headings = answer.headings
        for place, statement in enumerate(answer.statements):
            parts += [f"### {_plain(heading)}" for heading in headings.get(place, ())]
            parts.append(f"> {_plain(statement.text)}")
            parts.append(f"— {_plain(citation(statement.article, statement, statement.speaker))}")
        parts += [f"### {_plain(heading)}" for heading in headings.get(len(answer.statements), ())]
        for gone in turn.gone:
            parts.append(f"> {_plain(gone.text)}")
            parts.append(f"— {_plain(f'“{gone.title}”, {gone.path}')} (no longer in the articles)")
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Return a text, in one line, in which Markdown finds nothing to do."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|<>~$&])", r"\\\1", " ".join(clean(text).split()))
    return re.sub(r"^(\d*)([-=.])", r"\1\\\2", escaped)
