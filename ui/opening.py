"""A library while it is being opened or changed, in threads beside the page that asks it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future

from qa import Library, Skipped
from ui import markup

log = logging.getLogger(__name__)
Progress = Callable[[int, int, int], None]
_POLL = 0.25  # seconds between two looks at the progress


class Opening:
    """A library while it is being opened in a thread of its own, and after: where it is, and how far it got."""

    def __init__(self, open_library: Callable[[Progress], Library]) -> None:
        self._open_library = open_library
        self._library: Future[Library] = Future()
        self._done, self._total = 0, 0
        self._changing = threading.Lock()
        self._trouble: str | None = None
        self._prepared = False

    def start(self) -> None:
        """Begin. The thread is a daemon: it never keeps the program from ending."""
        threading.Thread(target=self._open, name="open-library", daemon=True).start()

    def _open(self) -> None:
        try:
            self._library.set_result(self._open_library(self._report))
        except (OSError, ValueError) as error:  # these carry a message for a person
            log.error("the articles could not be opened: %s", error)
            self._library.set_exception(error)
        except BaseException as error:
            log.exception("the articles could not be opened")
            self._library.set_exception(RuntimeError(f"The articles could not be opened: {said(error)} (see the log)"))

    def _report(self, done: int, total: int, _: int) -> None:
        self._done, self._total = done, total

    def change(self, work: Callable[[Library, Progress], object]) -> bool:
        """Begin to do ``work`` with the library in a thread; False where it is not open, or being changed already.

        What it raises is shown in the status line; the library stays as it was.
        """
        if not self.opened or not self._changing.acquire(blocking=False):
            return False
        self._done, self._total, self._trouble = 0, 0, None
        threading.Thread(target=self._change, args=(work,), name="change-library", daemon=True).start()
        return True

    def _change(self, work: Callable[[Library, Progress], object]) -> None:
        try:
            work(self.library(), self._report)
        except Exception as error:
            log.exception("the articles could not be read again")
            self._trouble = said(error)
        finally:
            self._changing.release()

    @property
    def busy(self) -> bool:
        """Whether articles are being read."""
        return not self.finished or self._changing.locked()

    @property
    def finished(self) -> bool:
        """Whether the library is open, or never will be."""
        return self._library.done()

    @property
    def opened(self) -> bool:
        """Whether the library is open."""
        return self.finished and self._library.exception() is None

    @property
    def not_open(self) -> str:
        """Why nothing can be done with the library that is not open, for a person."""
        return "The articles could not be opened." if self.finished else "The articles are being opened: one moment."

    @property
    def progress(self) -> str:
        """How far the reading is, in words."""
        return markup.progress(self._done, self._total)

    @property
    def trouble(self) -> str | None:
        """What went wrong in the last change, for a person."""
        return self._trouble

    async def progresses(self) -> AsyncIterator[str]:
        """Yield how far the opening is, until it is open, or never will be."""
        while not self.finished:
            yield self.progress
            await asyncio.sleep(_POLL)

    async def statuses(self) -> AsyncIterator[str]:
        """Yield the status line's HTML until it will not change any more."""
        while self.busy:
            yield self.status()
            await asyncio.sleep(_POLL)
        yield self.status()

    async def wait(self) -> None:
        """Return when the library is open, or never will be."""
        async for _ in self.progresses():
            pass

    async def prepare(self) -> None:
        """Once the library is open, let it load in a thread what questions need; only the first call does."""
        await self.wait()
        if self.opened and not self._prepared:
            self._prepared = True
            threading.Thread(target=self._prepare, name="prepare-library", daemon=True).start()

    def _prepare(self) -> None:
        try:
            self.library().prepare()
        except Exception as error:  # whoever asks what needs it is told then
            log.warning("not loaded ahead of the first question: %s", said(error))

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
                error = said(failure)
        return markup.status(self._done, self._total, articles, skipped, error)


def said(error: BaseException) -> str:
    """Return an exception's message, which may be empty or long, for a person."""
    return str(error)[:500] or type(error).__name__
