"""Chat: what a question, and each click on a conversation, its list and the filters, does to the page."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from qa import Answer, feedback
from ui import markup, narrowing
from ui.conversations import AWAY, Conversations, menu
from ui.markup import LONGEST_QUESTION
from ui.narrowing import Link, Narrowing
from ui.opening import Opening, said
from ui.sent import in_box, number_of, word_of
from ui.turns import Turn, as_markdown, conversation

log = logging.getLogger(__name__)

NO_SOURCE = "The article that a sentence comes from is shown here."

_TURNS = 50  # of a conversation, shown and asked on from; older ones stay in what is kept
_ONE_BY_ONE = 5  # statements that are sent singly, before all the rest at once
_SAME: Any = gr.skip()
Outputs = tuple[Any, ...]


@dataclass(frozen=True)
class Session:
    """What a page shows: the latest turns of a conversation."""

    conversation: str = ""
    turns: tuple[Turn, ...] = ()

    def with_turn(self, turn: Turn) -> Session:
        """Return the session with one more turn; the oldest falls off where there are too many."""
        return replace(self, turns=(*self.turns, turn)[-_TURNS:])


class Chat:
    """The handlers of the pane of questions, for all the readers who share ``opening`` and ``conversations``.

    Those that change the conversation return `TALK` outputs: its HTML, the source's, the session, the list of
    conversations and the page's link; those that change the filters the filters, their HTML and the link.
    """

    TALK = 5

    def __init__(self, opening: Opening, conversations: Conversations) -> None:
        self.opening = opening
        self.conversations = conversations

    async def ask(  # noqa: PLR0917  # Gradio gives them by their places
        self, question: str, wish: str, granted: str, session: Session, filters: Narrowing, request: gr.Request
    ) -> AsyncIterator[Outputs]:
        """Answer what was typed, and empty the box that it was typed into; or a ``wish`` that was not yet ``granted``.

        A wish is a question that was clicked, with the moment of the click. After the outputs of a conversation come
        the box's, what is granted, and the filters and their HTML.
        """
        typed: Any = ""
        alone = False
        if wish != granted:
            clicked = in_box(wish)
            question, typed, granted = word_of(clicked, "question"), _SAME, wish
            filters = narrowing.everywhere(filters) if word_of(clicked, "everywhere") else filters
            alone = bool(word_of(clicked, "alone"))
        question = markup.clean(question or "")[:LONGEST_QUESTION]
        if not question:
            gr.Info("Type a question first.", duration=4)
            yield *(_SAME,) * (self.TALK + 1), granted, _SAME, _SAME
            return
        # Once, so that what is typed meanwhile stays.
        rest: Outputs = (typed, granted, filters, await asyncio.to_thread(self.bar, filters))
        async for outputs in self._replies(question, session, filters, _owner(request), alone=alone):
            yield *outputs, *rest
            rest = (_SAME,) * 4

    async def _replies(
        self, question: str, session: Session, filters: Narrowing, owner: str, *, alone: bool = False
    ) -> AsyncIterator[Outputs]:
        """Yield outputs as the answer grows; what can be said of it comes once it is kept.

        Of the answers before it a follow-up ("what else did he say?") takes, unless it is to be read ``alone``.
        """
        history = [turn.answer for turn in session.turns if turn.answer and not alone]
        last = Turn(question, filters=narrowing.searched(filters), asked=narrowing.today(filters))
        async for turn, panel in answered(self.opening, last, history):
            last = turn
            whole = turn.answer and turn.revealed is None
            shown = replace(turn, revealed=len(turn.passages)) if whole else turn
            yield await asyncio.to_thread(self._talked, session.with_turn(shown), panel, filters, owner)
        if last.answer:
            session = await asyncio.to_thread(self._keep, session, last, owner)
            yield await asyncio.to_thread(self._talked, session, None, filters, owner)

    def _keep(self, session: Session, turn: Turn, owner: str) -> Session:
        """Keep a turn, and return the session with it, of the conversation that it is kept in."""
        try:
            try:
                return session.with_turn(self._added(session.conversation, turn, owner))
            except KeyError:  # the first question, or the conversation was deleted meanwhile
                begun = self.conversations.begin(owner, turn.question)
                turns = (self._added(begun, one, owner) if one.answer else one for one in (*session.turns, turn))
                return Session(begun, tuple(turns)[-_TURNS:])
        except OSError as error:
            log.error("a question was not kept: %s", error)
            gr.Warning(f"This question is not kept. {AWAY}")
        except Exception:
            log.exception("a question was not kept")
            gr.Warning("This question is not kept: see the log.")
        return session.with_turn(turn)

    def _added(self, conversation: str, turn: Turn, owner: str) -> Turn:
        return replace(turn, number=self.conversations.add(owner, conversation, turn.as_dict()))

    def _talked(self, session: Session, panel: str | None, filters: Narrowing, owner: str) -> Outputs:
        shown = conversation(session.turns)
        return shown, panel or _SAME, session, self._menu(session, owner), linked(session, filters)

    def _menu(self, session: Session, owner: str) -> str:
        kept = None
        with suppress(OSError):
            kept = self.conversations.kept(owner)
        return menu(kept, session.conversation, any_turn=bool(session.turns))

    def bar(self, filters: Narrowing) -> str:
        """Return the filters, as HTML."""
        return narrowing.bar(filters, self.opening.library() if self.opening.opened else None)

    async def opened(self, request: gr.Request) -> AsyncIterator[Outputs]:
        """Show what the page's link names: a conversation of the reader's, or else its question, asked anew.

        After the outputs of a conversation come the filters and their HTML.
        """
        owner, named = _owner(request), narrowing.from_link(str(request.query_params))
        filters = named.filters or Narrowing()
        kept = await asyncio.to_thread(self._menu, Session(), owner)
        yield _SAME, _SAME, _SAME, kept, _SAME, filters, self.bar(filters)
        await self.opening.wait()
        try:
            session = await asyncio.to_thread(self._read, named.conversation, owner)
            shown = await asyncio.to_thread(self._talked, session, self._last_source(session), filters, owner)
            yield *shown, _SAME, self.bar(filters)
        except Exception:  # none of this reader's, or no library: the answer to the question will say so
            yield *(_SAME,) * (self.TALK + 1), self.bar(filters)
            if named.question:
                async for outputs in self._replies(named.question, Session(), filters, owner):
                    yield *outputs, _SAME, _SAME

    def _read(self, named: str, owner: str) -> Session:
        """Return a conversation that was kept. Raises KeyError where the reader has none of that id."""
        records = self.conversations.turns(owner, named)
        find = self.opening.library().article
        latest = list(enumerate(records))[-_TURNS:]
        return Session(named, tuple(replace(Turn.from_dict(record, find), number=number) for number, record in latest))

    def _last_source(self, session: Session) -> str:
        return (source_of(session.turns[-1], 0) if session.turns else None) or markup.nothing(NO_SOURCE)

    def chosen_in_list(self, session: Session, filters: Narrowing, request: gr.Request, event: gr.EventData) -> Outputs:
        """Open, begin, rename, delete or save a conversation."""
        try:
            return self._chosen_in_list(session, filters, _owner(request), event)
        except OSError:
            gr.Warning(AWAY)
            return self._talked(session, None, filters, _owner(request))

    def _chosen_in_list(self, session: Session, filters: Narrowing, owner: str, event: gr.EventData) -> Outputs:
        named = word_of(event, "conversation")
        panel: str | None = None
        match word_of(event, "do"):
            case "new":
                session, panel = Session(), markup.nothing(NO_SOURCE)
            case "open" if not self.opening.opened:
                gr.Info(self.opening.not_open, duration=4)
            case "open":
                try:
                    session = self._read(named, owner)
                    panel = self._last_source(session)
                except KeyError:
                    gr.Warning("This conversation was deleted.")
            case "rename":
                self.conversations.rename(owner, named, word_of(event, "title"))
            case "delete":
                self.conversations.delete(owner, named)
                if named == session.conversation:
                    session, panel = Session(), markup.nothing(NO_SOURCE)
            case "export":
                return *(_SAME,) * (self.TALK - 1), self._exported(session, word_of(event, "form"), owner)
        return self._talked(session, panel, filters, owner)

    def _exported(self, session: Session, form: str, owner: str) -> str:
        """Return the conversation as a file for the browser to save."""
        title, turns = "Conversation", session.turns
        with suppress(KeyError, OSError):
            title = self.conversations.title(owner, session.conversation)
            earlier = next((turn.number for turn in turns if turn.number is not None), 0)
            records = self.conversations.turns(owner, session.conversation)[:earlier] if earlier else []
            find = self.opening.library().article
            turns = (*(Turn.from_dict(record, find) for record in records), *turns)
        letters = "".join(c if c.isalnum() and c.isascii() else " " for c in title.lower())
        name = "-".join(letters.split())[:60] or "conversation"
        if form == "json":
            record = {"title": title, "turns": [turn.as_dict() for turn in turns]}
            return downloaded(f"{name}.json", "application/json", json.dumps(record, indent=2, ensure_ascii=False))
        return downloaded(f"{name}.md", "text/markdown", as_markdown(title, turns))

    def chosen_in_conversation(self, session: Session, request: gr.Request, event: gr.EventData) -> Outputs:
        """Show the article of the passage that was clicked, or keep what the reader says of an answer.

        The outputs are the conversation's HTML, the source's and the session.
        """
        place = number_of(event, "turn")
        if not 0 <= place < len(session.turns):
            return (_SAME,) * 3
        if word_of(event, "do") == "rate":
            session = self._rated(session, place, number_of(event, "liked") == 1, _owner(request))
            return conversation(session.turns), _SAME, session
        return _SAME, source_of(session.turns[place], number_of(event, "passage")) or _SAME, _SAME

    def _rated(self, session: Session, place: int, liked: bool, owner: str) -> Session:
        """Return the session with what the reader says of an answer, which is kept; said twice, it is taken back."""
        turn = session.turns[place]
        if turn.answer is None:
            return session
        turn = replace(turn, liked=None if turn.liked is liked else liked)
        told = None
        if turn.answer and turn.liked is not None:
            told = feedback(turn.answer, liked=turn.liked, asked=turn.asked, filters=turn.filters)
        try:
            if turn.number is None:
                raise KeyError(place)
            self.conversations.rate(owner, session.conversation, turn.number, turn.as_dict(), told)
        except KeyError:
            gr.Warning("This conversation is not kept, or was deleted: nor is what you say of it.")
            return session
        except OSError:
            gr.Warning(f"What you say of it is not kept. {AWAY}")
            return session
        return replace(session, turns=(*session.turns[:place], turn, *session.turns[place + 1 :]))

    def narrowed(self, filters: Narrowing, session: Session, event: gr.EventData) -> Outputs:
        """Add a filter, or take one away."""
        tab = ""
        match word_of(event, "do"):
            case "narrow":
                for name in (*narrowing.NAMES, *narrowing.DAYS):
                    filters = narrowing.with_value(filters, name, word_of(event, name))
            case "drop":
                filters = narrowing.without(filters, word_of(event, "name"), word_of(event, "value"))
            case "only":
                filters = narrowing.with_value(filters, "article", word_of(event, "article"))
                tab = "ask"
            case _:
                return (_SAME,) * 3
        return filters, self.bar(filters), linked(session, filters, tab)


def _owner(request: gr.Request) -> str:
    """Return whose conversations a reader sees: his own by name; without names, the machine's one reader."""
    return getattr(request, "username", None) or ""


async def answered(opening: Opening, turn: Turn, history: Sequence[Answer]) -> AsyncIterator[tuple[Turn, str | None]]:
    """Yield ``turn`` as its answer grows, with the article to show beside it where that changes."""
    async for progress in opening.progresses():
        yield replace(turn, note=progress), None
    try:
        library = opening.library()
    except Exception as error:
        yield replace(turn, note=said(error), failed=True), None
        return
    yield replace(turn, note="Looking through the articles"), None
    try:
        answer = await asyncio.to_thread(library.ask, turn.question, history=history, today=turn.asked, **turn.filters)
        turn = replace(turn, answer=answer)
        if answer.refusal is not None:
            message = "No article answers this question. The nearest passages can be opened here."
            yield turn, markup.nothing(message)
            return
        panel = source_of(turn, 0)
        for revealed in range(1, min(_ONE_BY_ONE, len(answer.statements))):
            yield replace(turn, revealed=revealed), panel
            panel = None
        yield turn, panel
    except Exception as error:
        log.exception("a question was not answered: %r", turn.question[:200])
        note = f"Something went wrong: {said(error)} (see the log)"
        yield replace(turn, answer=None, note=note, failed=True), None


def source_of(turn: Turn, number: int) -> str | None:
    """Return the article of one of the turn's passages, or None when there is none of that number."""
    passages = turn.passages
    if not 0 <= number < len(passages):
        return None
    others = [passage for other, passage in enumerate(passages) if other != number]
    shown = passages[number]
    return markup.source(shown.article, time.monotonic_ns(), shown, others, (number + 1, len(turn.passages)))


def linked(session: Session, filters: Narrowing, tab: str = "") -> str:
    """Return the page's link, as HTML that the browser makes its address of, turning to a ``tab`` that is named."""
    question = session.turns[-1].question if session.turns else ""
    query = narrowing.to_link(Link(question, filters, session.conversation))
    return f'<span data-link="{markup.escape(query)}" data-turn-to="{tab}"></span>'


def downloaded(name: str, kind: str, text: str) -> str:
    """Return a file, as HTML that the browser makes a download of."""
    return f'<pre data-file="{markup.escape(name)}" data-type="{kind}">{markup.escape(text)}</pre>'
