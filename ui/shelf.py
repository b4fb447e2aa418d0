"""The articles' tab: what sorting, searching, reading, adding and removing do to the page."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from qa import Library
from ui import markup, table
from ui.chat import Chat, Session
from ui.fetching import fetch
from ui.narrowing import Narrowing
from ui.opening import Opening, Progress, said
from ui.sent import number_of, word_of
from ui.table import View

_MOST_FILES = 200  # added at once
_SAME: Any = gr.skip()
_BUSY = "The articles are being read: try again in a moment."
Outputs = tuple[Any, ...]


class Shelf:
    """The handlers of the table of articles, which is ``editable`` or not.

    Those that add articles return the outputs: what they were given in, the status line, the report, the table.
    """

    def __init__(self, opening: Opening, chat: Chat, *, editable: bool) -> None:
        self.opening = opening
        self.chat = chat
        self.editable = editable

    def _table(self, view: View) -> str:
        if not self.opening.opened:
            return ""
        return table.table(self.opening.library(), view, editable=self.editable)

    async def table(self, view: View, event: gr.EventData) -> Any:
        """Return the table once the library is open, where its tab was turned to."""
        if word_of(event, "tab") != "articles":
            return _SAME
        await self.opening.wait()
        return await asyncio.to_thread(self._table, view)

    def searched(self, text: str, view: View) -> tuple[View, str]:
        """Return the view of what a search finds, from its first page, and the table."""
        view = replace(view, search=markup.clean(text or "")[:200], offset=0)
        return view, self._table(view)

    async def chosen(
        self, view: View, filters: Narrowing, session: Session, event: gr.EventData
    ) -> AsyncIterator[Outputs]:
        """Sort the table or turn its pages; open an article, ask it alone, or remove it.

        The outputs are the view, the table, the source, those of `Chat.narrowed`, and the status line.
        """
        rest = (_SAME,) * 5
        match word_of(event, "do"):
            case "sort":
                view = view.sorted_by(word_of(event, "order"))
                yield view, self._table(view), *rest
            case "page":
                view = replace(view, offset=max(0, number_of(event, "offset")))
                yield view, self._table(view), *rest
            case "read":
                yield _SAME, _SAME, article_of(self.opening, word_of(event, "article")), *rest[1:]
            case "only":
                yield _SAME, _SAME, _SAME, *self.chat.narrowed(filters, session, event), _SAME
            case "remove" if self.editable:
                gone: list[str] = []
                begun = self.opening.change(_removing(word_of(event, "article"), gone))
                async for status in self.opening.statuses():
                    yield *(_SAME,) * 6, status
                if not begun:
                    gr.Warning(_BUSY)
                elif gone:
                    told = f"{markup.clean(', '.join(gone))}: left out from now on. Files stay; .qaignore names them."
                    gr.Info(markup.escape(told), duration=6)
                elif not self.opening.trouble:
                    gr.Warning("This article was removed before.")
                yield _SAME, self._table(view), *rest

    async def refreshed(self, view: View) -> AsyncIterator[tuple[Any, Any]]:
        """Bring the library in step with its folder; the outputs are the status line and the table."""
        self.opening.change(lambda library, progress: library.refresh(progress))
        async for status in self.opening.statuses():
            yield status, _SAME
        yield _SAME, self._table(view)

    async def add(self, files: Sequence[str] | None, view: View) -> AsyncIterator[Outputs]:
        """Add files that were uploaded."""
        given = [Path(file) for file in files or ()][:_MOST_FILES]
        async for status, report in self._added(given):
            yield _SAME, status, report, _SAME
        for file in given:  # what lies in Gradio's cache can be read by whoever knows its name
            file.unlink(missing_ok=True)
        yield None, _SAME, _SAME, self._table(view)

    async def add_address(self, address: str | None, view: View) -> AsyncIterator[Outputs]:
        """Fetch an article from the web, and add it."""
        address = markup.clean(address or "")
        if not address:
            return
        yield _SAME, _SAME, table.message(f"Fetching {address[:200]}"), _SAME
        with tempfile.TemporaryDirectory(prefix="articles-qa-") as folder:
            try:
                file = await fetch(address, Path(folder))
            except (ValueError, OSError) as error:
                yield _SAME, _SAME, table.message(said(error), failed=True), _SAME
                return
            async for status, report in self._added([file]):
                yield _SAME, status, report, _SAME
        yield "", _SAME, _SAME, self._table(view)

    async def _added(self, files: Sequence[Path]) -> AsyncIterator[tuple[Any, Any]]:
        """Add files to the library, and yield the status line meanwhile, and at last what became of them."""
        became: dict[str, str] = {}
        work = _adding(files, became)
        if not files:
            return
        if not self.opening.change(work):
            yield _SAME, table.message(_BUSY, failed=True)
            return
        async for status in self.opening.statuses():
            yield status, _SAME
        trouble = self.opening.trouble
        yield _SAME, table.message(trouble, failed=True) if trouble else table.report(became)


def _adding(files: Sequence[Path], became: dict[str, str]) -> Callable[[Library, Progress], None]:
    """Return the work of adding files, which puts into ``became`` what became of each."""

    def work(library: Library, progress: Progress) -> None:
        taken = Path(tempfile.mkdtemp(prefix="articles-qa-"))
        try:
            became.update(table.add_files(library, files, progress, taken))
        finally:
            shutil.rmtree(taken, ignore_errors=True)

    return work


def _removing(article: str, gone: list[str]) -> Callable[[Library, Progress], None]:
    """Return the work of removing an article, which puts into ``gone`` the paths that are left out, copies' too."""

    def work(library: Library, _: Progress) -> None:
        with suppress(KeyError):  # somebody else was faster
            gone.extend(library.remove(article))

    return work


def article_of(opening: Opening, article_id: str) -> str:
    """Return an article to be read, as HTML, or that there is none any more."""
    try:
        return markup.source(opening.library().article(article_id), time.monotonic_ns())
    except KeyError:
        return markup.nothing("This article was removed.")
