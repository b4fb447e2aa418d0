"""The page: a conversation on the left, the cited article on the right, and two endpoints for programs."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api  # gr.api, which Gradio does not name among its exports

from qa import Answer, Library, Skipped
from ui import markup
from ui.markup import Turn

LONGEST_QUESTION = 2_000  # characters that the question's box takes
MOST_HITS = 100

_TURNS = 50  # kept in a conversation; older ones fall off
_TITLE = "Ask the articles"
_ONE_BY_ONE = 5  # statements that are sent singly, before all the rest at once
_POLL = 0.25  # seconds between two looks at the progress

_log = logging.getLogger(__name__)

# A citation is a button; its <li> carries the numbers, so that a click on the sentence itself opens it too.
_CONVERSATION_JS = """
const pane = document.getElementById('conversation');
element.addEventListener('click', event => {
  const passage = event.target.closest('[data-passage]');
  if (!passage || (!event.target.closest('button') && !getSelection().isCollapsed)) return;
  element.querySelectorAll('[aria-current]').forEach(button => button.removeAttribute('aria-current'));
  passage.querySelector('button').setAttribute('aria-current', 'true');
  trigger('select', {turn: Number(passage.dataset.turn), passage: Number(passage.dataset.passage)});
  if (matchMedia('(max-width: 800px)').matches) document.getElementById('source').scrollIntoView();
});
watch('value', () => {
  const turn = element.querySelector('.turn:last-child');
  if (turn) pane.scrollTop += turn.getBoundingClientRect().top - pane.getBoundingClientRect().top - 16;
});
"""

# Only the pane scrolls: scrollIntoView would move the page with it.
_SOURCE_JS = """
const pane = document.getElementById('source');
pane.tabIndex = 0;
pane.setAttribute('role', 'region');
pane.setAttribute('aria-label', 'Source article');
element.addEventListener('click', event => {
  if (event.target.closest('.back')) document.getElementById('conversation').scrollIntoView();
});
watch('value', () => {
  const mark = element.querySelector('mark.shown');
  if (!mark) return pane.scrollTo(0, 0);
  const above = Math.max(pane.clientHeight / 4, element.querySelector('header').offsetHeight + 24);
  pane.scrollTop += mark.getBoundingClientRect().top - pane.getBoundingClientRect().top - above;
});
"""


class Opening:
    """A library while it is being opened in a thread of its own, and after: where it is, and how far it got."""

    def __init__(self, open_library: Callable[[Callable[[int, int, int], None]], Library]) -> None:
        self._open_library = open_library
        self._library: Future[Library] = Future()
        self._done, self._total = 0, 0
        self._refreshing = threading.Lock()
        self._trouble: str | None = None

    def start(self) -> None:
        """Begin. The thread is a daemon: it never keeps the program from ending."""
        threading.Thread(target=self._open, name="open-library", daemon=True).start()

    def _open(self) -> None:
        try:
            self._library.set_result(self._open_library(self._report))
        except (OSError, ValueError) as error:  # these carry a message for a person
            _log.error("the articles could not be opened: %s", error)
            self._library.set_exception(error)
        except BaseException as error:
            _log.exception("the articles could not be opened")
            self._library.set_exception(RuntimeError(f"The articles could not be opened: {_said(error)} (see the log)"))

    def _report(self, done: int, total: int, _: int) -> None:
        self._done, self._total = done, total

    def refresh(self) -> None:
        """Begin to bring the library in step with its folder, in a thread, unless that is being done already."""
        if self.opened and self._refreshing.acquire(blocking=False):
            self._done, self._total, self._trouble = 0, 0, None
            threading.Thread(target=self._refresh, name="refresh-library", daemon=True).start()

    def _refresh(self) -> None:
        try:
            self.library().refresh(self._report)
        except Exception as error:  # the library that is open stays as it was
            _log.exception("the articles could not be read again")
            self._trouble = _said(error)
        finally:
            self._refreshing.release()

    @property
    def busy(self) -> bool:
        """Whether articles are being read."""
        return not self.finished or self._refreshing.locked()

    @property
    def finished(self) -> bool:
        """Whether the library is open, or never will be."""
        return self._library.done()

    @property
    def opened(self) -> bool:
        """Whether the library is open."""
        return self.finished and self._library.exception() is None

    @property
    def progress(self) -> str:
        """How far the opening is, in words."""
        return markup.progress(self._done, self._total)

    def library(self) -> Library:
        """Return the library as soon as it is open; raises what kept it from opening."""
        return self._library.result()

    def status(self) -> str:
        """Return the status line's HTML."""
        articles: int | None = None
        skipped: Sequence[Skipped] = ()
        error = self._trouble
        if not self.busy:
            try:
                library = self.library()
                articles, skipped = library.count(), library.skipped
            except Exception as failure:
                error = _said(failure)
        return markup.status(self._done, self._total, articles, skipped, error)


def build_page(opening: Opening, examples: Sequence[str] = ()) -> gr.Blocks:
    """Return the page over the library that ``opening`` opens, with ``examples`` as questions one click away."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    page: gr.Blocks
    with gr.Blocks(title=_TITLE, fill_width=True, analytics_enabled=False) as page:
        turns = gr.State([])
        with gr.Row(elem_id="top"):
            gr.HTML(f"<h1>{_TITLE}</h1>", elem_id="name", js_on_load=None, apply_default_css=False)
            status = gr.HTML(elem_id="status", js_on_load=None, apply_default_css=False)
            refresh = gr.Button("Refresh", elem_id="refresh", size="sm", scale=0, min_width=0)
        with gr.Row(elem_id="panes"):
            with gr.Column(elem_id="asking", min_width=0):
                conversation = gr.HTML(
                    markup.conversation([]),
                    elem_id="conversation",
                    js_on_load=_CONVERSATION_JS,
                    apply_default_css=False,
                )
                with gr.Row(elem_id="ask"):
                    question = gr.Textbox(
                        label="Your question",
                        show_label=False,
                        placeholder="Ask about the articles",
                        lines=1,
                        max_lines=5,
                        max_length=LONGEST_QUESTION,
                        autofocus=True,
                        container=False,
                        min_width=0,
                        html_attributes=gr.InputHTMLAttributes(autocomplete="off", enterkeyhint="send"),
                    )
                    send = gr.Button("Ask", variant="primary", scale=0, min_width=0)
                if examples:
                    with gr.Row(elem_id="examples"):
                        buttons = [gr.Button(text, size="sm", scale=0, min_width=0) for text in examples]
                else:
                    buttons = []
            source = gr.HTML(
                markup.no_source("The article that a sentence comes from is shown here."),
                elem_id="source",
                js_on_load=_SOURCE_JS,
                apply_default_css=False,
            )

        async def reply(question: str, turns: list[Turn], event: gr.EventData) -> AsyncIterator[tuple[Any, ...]]:
            if isinstance(event.target, gr.Button) and event.target.value in examples:
                question = event.target.value
            question = markup.clean(question or "")[:LONGEST_QUESTION]
            if not question:
                gr.Info("Type a question first.", duration=4)
                yield gr.skip(), gr.skip(), gr.skip(), turns
                return
            earlier = turns[1 - _TURNS :]
            box: Any = ""  # emptied once, so that what is typed meanwhile stays
            history = [turn.answer for turn in earlier if turn.answer]
            async for turn, panel in _answered(opening, question, history):
                turns = [*earlier, turn]
                yield box, markup.conversation(turns), panel or gr.skip(), turns
                box = gr.skip()

        gr.on(
            [question.submit, send.click, *(button.click for button in buttons)],
            reply,
            [question, turns],
            [question, conversation, source, turns],
            **hidden,
        )
        conversation.select(_shown, turns, source, **hidden)
        page.load(functools.partial(_statuses, opening), None, status, concurrency_limit=None, **hidden)
        refresh.click(functools.partial(_refreshed, opening), None, status, concurrency_limit=None, **hidden)
        _add_endpoints(opening)
    return page


async def _statuses(opening: Opening) -> AsyncIterator[str]:
    """Yield the status line until it will not change any more."""
    while opening.busy:
        yield opening.status()
        await asyncio.sleep(_POLL)
    yield opening.status()


async def _refreshed(opening: Opening) -> AsyncIterator[str]:
    """Bring the library in step with its folder, and yield the status line meanwhile."""
    opening.refresh()
    async for status in _statuses(opening):
        yield status


async def _answered(
    opening: Opening, question: str, history: Sequence[Answer]
) -> AsyncIterator[tuple[Turn, str | None]]:
    """Yield the turn of ``question`` as it grows, with the article to show beside it where that changes.

    ``history`` are the conversation's answers so far, of which a follow-up ("what else did he say?") makes use.
    """
    while not opening.finished:
        yield Turn(question, note=opening.progress), None
        await asyncio.sleep(_POLL)
    try:
        library = opening.library()
    except Exception as error:
        yield Turn(question, note=_said(error), failed=True), None
        return
    yield Turn(question, note="Looking through the articles"), None
    try:
        answer = await asyncio.to_thread(library.ask, question, history=history)
        if answer.refusal is not None:
            message = "No article answers this question. The nearest passages can be opened here."
            yield Turn(question, answer), markup.no_source(message)
            return
        panel = _source(Turn(question, answer), 0)
        for revealed in range(1, min(_ONE_BY_ONE, len(answer.statements))):
            yield Turn(question, answer, revealed=revealed), panel
            panel = None
        yield Turn(question, answer), panel
    except Exception as error:
        _log.exception("a question was not answered: %r", question[:200])
        yield Turn(question, note=f"Something went wrong: {_said(error)} (see the log)", failed=True), None


def _shown(turns: list[Turn], event: gr.EventData) -> Any:
    """Return the article of the passage that was clicked. What was clicked is the browser's word, so it is checked."""
    try:
        turn, passage = event.turn, event.passage
    except (AttributeError, TypeError):
        return gr.skip()
    if isinstance(turn, int) and isinstance(passage, int) and 0 <= turn < len(turns):
        return _source(turns[turn], passage) or gr.skip()
    return gr.skip()


def _source(turn: Turn, number: int) -> str | None:
    """Return the article of one of the turn's passages, or None when there is none of that number."""
    passages = turn.passages
    if not 0 <= number < len(passages):
        return None
    others = [passage for other, passage in enumerate(passages) if other != number]
    return markup.source(passages[number], others, time.monotonic_ns())


def _add_endpoints(opening: Opening) -> None:
    """Add ``/ask`` and ``/retrieve`` for gradio_client. What they cannot do, they say as a ``gr.Error``."""

    def call(question: object, work: Callable[[Library, str], Any]) -> Any:
        if not isinstance(question, str) or not (question := markup.clean(question)):
            raise gr.Error("ask a question: a text that is not blank", print_exception=False)
        try:
            library = opening.library()
        except Exception as error:
            raise gr.Error(_said(error), print_exception=False) from error
        try:
            return work(library, question)
        except Exception as error:
            _log.exception("an endpoint failed on %r", question[:200])
            raise gr.Error(f"Something went wrong: {_said(error)} (see the log)", print_exception=False) from error

    def ask(question: str) -> dict[str, Any]:
        """Answer a question: statements, each a verbatim slice of its article, or a refusal that says why not."""
        return call(question, lambda library, asked: _for_client(library.ask(asked).as_dict()))  # type: ignore[no-any-return]

    def retrieve(question: str, k: int = 5) -> list[dict[str, Any]]:
        """Find the k passages (1 to 100) nearest to a question, best first; score is their cosine with it."""
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MOST_HITS:
            raise gr.Error(f"k is a whole number from 1 to {MOST_HITS}, not {k!r}", print_exception=False)

        def hits(library: Library, asked: str) -> list[dict[str, Any]]:
            return [_for_client(hit.as_dict()) for hit in library.retrieve(asked, k)]

        return call(question, hits)  # type: ignore[no-any-return]

    api(ask, api_name="ask")
    api(retrieve, api_name="retrieve")


def _for_client(value: dict[str, Any]) -> dict[str, Any]:
    """Return an answer or a hit for gradio_client, which takes every dict with a "path" for a file to be downloaded."""
    plain = dict(value)
    for name, part in value.items():
        if name == "article":
            plain[name] = {"file" if key == "path" else key: text for key, text in part.items()}
        elif isinstance(part, list):
            plain[name] = [_for_client(each) for each in part]
    return plain


def _said(error: BaseException) -> str:
    """Return an exception's message, which may be empty or long, for a person."""
    return str(error)[:500] or type(error).__name__


def launch(page: gr.Blocks, host: str, port: int) -> str:
    """Serve ``page`` from a thread and return its address. Raises OSError when host and port cannot be had."""
    page.queue(default_concurrency_limit=4, max_size=1_000)
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        theme=gr.themes.Base(font=gr.themes.Font("sans-serif"), font_mono=gr.themes.Font("monospace")),
        css=Path(__file__).with_name("page.css").read_text(encoding="utf-8"),
        footer_links=["api"],
        run_history=False,
        max_file_size="1mb",
        show_error=False,
        share=False,
        ssr_mode=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    return address


def serve(
    open_library: Callable[[Callable[[int, int, int], None]], Library],
    *,
    examples: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 7860,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page until a KeyboardInterrupt; the library is opened once the page answers.

    ``open_library`` is called in a thread, with a function that takes its progress (done, total, passages). ``ready``
    is told the page's address. Raises OSError when host and port cannot be had.
    """
    opening = Opening(open_library)
    address = launch(build_page(opening, examples), host, port)
    opening.start()
    ready(address)
    try:
        threading.Event().wait()
    finally:
        if opening.opened:
            opening.library().close()
