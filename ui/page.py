"""The page: chat, the articles and who says what on the left, and on the right the article that is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from starlette.middleware import Middleware

from qa import Library
from ui import markup, speakers
from ui.chat import NO_SOURCE, Chat, Session
from ui.conversations import Conversations
from ui.endpoints import add_endpoints
from ui.guard import Guard
from ui.markup import LONGEST_QUESTION
from ui.narrowing import Narrowing
from ui.opening import Opening, Progress
from ui.shelf import Shelf
from ui.speakers import Looking
from ui.table import View
from ui.turns import conversation
from ui.users import Users

TITLE = "Ask the articles"
TABS = {"ask": "Ask", "articles": "Articles", "speakers": "Who says what"}
_HERE = Path(__file__).parent
_HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build_page(
    opening: Opening,
    conversations: Conversations,
    examples: Sequence[str] = (),
    *,
    editable: bool = True,
    web: bool = False,
) -> gr.Blocks:
    """Return the page over the library that ``opening`` opens, with ``examples`` as questions one click away.

    Where it is ``editable``, articles can be added and removed; with ``web``, added by their address, too.
    """
    chat = Chat(opening, conversations)
    page: gr.Blocks
    with gr.Blocks(title=TITLE, fill_width=True, analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        add_endpoints(opening)  # first, for they have the names that Gradio would give to the page's own events
        with gr.Row(elem_id="top"):
            _pane("name", None, f"<h1>{TITLE}</h1>")
            status = _pane("status", None)
            refresh = gr.Button("Refresh", elem_id="refresh", size="sm", scale=0, min_width=0)
        with gr.Row(elem_id="panes"):
            source = _pane("source", "source", markup.nothing(NO_SOURCE), render=False)
            link = _pane("link", "link", render=False)
            with gr.Column(elem_id="asking", min_width=0):
                tabs = _pane("tabs", "tabs", _tabs())
                shared = _Shared(gr.State(Session()), gr.State(Narrowing()), status, source, link, tabs)
                with _tab("ask", chosen=True):
                    narrow = _add_chat(chat, shared, examples)
                with _tab("articles"):
                    _add_shelf(Shelf(opening, chat, editable=editable), shared, narrow, refresh, web=web)
                with _tab("speakers"):
                    _add_speakers(Looking(opening), shared)
            source.render()  # type: ignore[no-untyped-call]
        link.render()  # type: ignore[no-untyped-call]
        page.load(opening.statuses, None, status, concurrency_limit=None, **_HIDDEN)
        page.load(opening.prepare, None, None, concurrency_limit=None, **_HIDDEN)  # the browser has drawn it by then
    return page


def _tabs() -> str:
    """Return the buttons of the tabs. Gradio 6.31's own tabs show the first one's name twice, now and then."""
    buttons = "".join(
        f'<button type="button" role="tab" id="{name}-tab" aria-controls="tab-{name}" data-tab="{name}" '
        f'aria-selected="{str(name == "ask").lower()}" tabindex="{0 if name == "ask" else -1}">{label}</button>'
        for name, label in TABS.items()
    )
    return f'<div role="tablist" aria-label="Parts of the page">{buttons}</div>'


def _tab(name: str, *, chosen: bool = False) -> gr.Column:
    return gr.Column(elem_id=f"tab-{name}", elem_classes=["tab", *(["chosen"] if chosen else [])], min_width=0)


class _Shared(NamedTuple):
    """What the tabs share: the conversation, the filters, the status line, the article that is read, and the link."""

    session: gr.State
    filters: gr.State
    status: gr.HTML
    source: gr.HTML
    link: gr.HTML
    tabs: gr.HTML


def _add_chat(chat: Chat, shared: _Shared, examples: Sequence[str]) -> gr.HTML:
    """Add what is in the first tab, and return the filters' HTML."""
    session, filters, _, source, link, _ = shared
    kept = _pane("kept", "kept")
    talk = _pane("conversation", "conversation", conversation([]))
    narrow = _pane("narrow", "panel", chat.bar(Narrowing()))
    with gr.Row(elem_id="ask"):
        question = _textbox("Your question", "Ask about the articles", LONGEST_QUESTION, autofocus=True)
        send = gr.Button("Ask", variant="primary", scale=0, min_width=0)
    if examples:
        _pane("examples", "panel", f'<div class="row">{"".join(markup.ask_button(text) for text in examples)}</div>')
    # What was clicked stands in a box, too: of a question that comes while another is answered Gradio 6.31 keeps only
    # that there was one, and calls anew with what the boxes hold and what was clicked for the question before.
    wish, granted = (gr.Textbox("", visible="hidden", elem_id=name) for name in ("wish", "granted"))
    talked = [talk, source, session, kept, link]
    gr.on(
        [question.submit, send.click, wish.change],
        chat.ask,
        [question, wish, granted, session, filters],
        [*talked, question, granted, filters, narrow],
        trigger_mode="always_last",
        **_HIDDEN,
    )
    talk.select(chat.chosen_in_conversation, session, [talk, source, session], **_HIDDEN)
    kept.select(chat.chosen_in_list, [session, filters], talked, **_HIDDEN)
    for pane in (narrow, source):
        pane.select(chat.narrowed, [filters, session], [filters, narrow, link], **_HIDDEN)
    load = gr.context.Context.root_block.load  # type: ignore[union-attr]
    load(chat.opened, None, [*talked, filters, narrow], concurrency_limit=None, **_HIDDEN)
    return narrow


def _add_shelf(shelf: Shelf, shared: _Shared, narrow: gr.HTML, refresh: gr.Button, *, web: bool) -> None:
    """Add what is in the tab of articles."""
    session, filters, status, source, link, tabs = shared
    view = gr.State(View())
    with gr.Row(elem_id="shelf-tools"):
        search = _textbox("Search the articles", "Title, source, author or file", 200)
    report = _pane("report", None, render=False)
    table = _pane("shelf", "panel", render=False)
    if shelf.editable:
        files = gr.File(label="Add articles", file_count="multiple", height=92, elem_id="files")
        files.upload(shelf.add, [files, view], [files, status, report, table], **_HIDDEN)
        if web:
            with gr.Row(elem_id="address"):
                address = _textbox("Web address of an article", "Or its web address", 2_000)
                get = gr.Button("Add", scale=0, min_width=0)
            added = [address, status, report, table]
            gr.on([address.submit, get.click], shelf.add_address, [address, view], added, **_HIDDEN)
    report.render()  # type: ignore[no-untyped-call]
    table.render()  # type: ignore[no-untyped-call]
    tabs.select(shelf.table, view, table, **_HIDDEN)
    search.change(shelf.searched, [search, view], [view, table], trigger_mode="always_last", **_HIDDEN)
    changed = [view, table, source, filters, narrow, link, status]
    table.select(shelf.chosen, [view, filters, session], changed, **_HIDDEN)
    refresh.click(shelf.refreshed, view, [status, table], concurrency_limit=None, **_HIDDEN)


def _add_speakers(looking: Looking, shared: _Shared) -> None:
    """Add what is in the tab of speakers."""
    form = _pane("who", "panel", speakers.form(None))
    told = _pane("told", "panel")
    shared.tabs.select(looking.ranked, [shared.filters, told], [form, told], **_HIDDEN)
    form.select(looking.asked, shared.filters, [form, told], **_HIDDEN)
    told.select(looking.chosen, shared.filters, [form, told, shared.source], **_HIDDEN)


def _pane(name: str, kind: str | None, value: str | None = None, *, render: bool = True) -> gr.HTML:
    """Return a pane of HTML, of which page.js makes one of its kinds; the event's name must stand here for Gradio."""
    code = kind and f"page.{kind}(element, trigger, watch);  // 'select'"
    return gr.HTML(value, elem_id=name, js_on_load=code, apply_default_css=False, render=render)


def _textbox(label: str, placeholder: str, longest: int, *, autofocus: bool = False) -> gr.Textbox:
    return gr.Textbox(
        label=label,
        show_label=False,
        placeholder=placeholder,
        lines=1,
        max_lines=5,
        max_length=longest,
        autofocus=autofocus,
        container=False,
        min_width=0,
        html_attributes=gr.InputHTMLAttributes(autocomplete="off", enterkeyhint="send"),
    )


def launch(
    page: gr.Blocks,
    host: str,
    port: int,
    *,
    users: Users | None = None,
    names: Sequence[str] = (),
    mcp: bool = False,
) -> str:
    """Serve ``page`` from a thread and return its address. Raises OSError when host and port cannot be had.

    Only ``users`` may open it, where they are given, and only by one of ``names``, where these are.
    """

    page.queue(default_concurrency_limit=4, max_size=1_000)
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        auth=users.check if users else None,  # type: ignore[arg-type]  # which Gradio awaits
        theme=gr.themes.Base(font=gr.themes.Font("sans-serif"), font_mono=gr.themes.Font("monospace")),
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
        head=f"<script>{(_HERE / 'page.js').read_text(encoding='utf-8')}</script>",
        app_kwargs={"middleware": [Middleware(Guard, names=names)]},
        footer_links=["api"],
        run_history=False,
        max_file_size="50mb",
        show_error=False,
        share=False,
        ssr_mode=False,
        mcp_server=mcp,
        quiet=True,
        prevent_thread_lock=True,
    )
    return address


def serve(
    open_library: Callable[[Progress], Library],
    conversations: Conversations,
    *,
    examples: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 7860,
    users: Users | None = None,
    names: Sequence[str] = (),
    editable: bool = True,
    web: bool = False,
    mcp: bool = False,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page until a KeyboardInterrupt; the library is opened once the page answers.

    ``open_library`` is called in a thread, with a function that takes its progress (done, total, passages). ``ready``
    is told the page's address. ``users`` and ``names`` are as in `launch`. Where it is ``editable``,
    articles can be added and removed, also such as are on the ``web``; with ``mcp``, programs may call it as tools.
    Raises OSError when host and port cannot be had.
    """
    opening = Opening(open_library)
    page = build_page(opening, conversations, examples, editable=editable, web=web)
    address = launch(page, host, port, users=users, names=names, mcp=mcp)
    opening.start()
    ready(address)
    try:
        threading.Event().wait()
    finally:
        conversations.close()
        if opening.opened:
            opening.library().close()
