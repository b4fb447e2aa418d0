"""The library as a table, as HTML, and files and web pages on their way into it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa import Catalogue, Entry, Library, Skipped
from ui.markup import clean, counted, escape, listed, skips
from ui.opening import Progress

UPLOADS = "uploads"  # the subfolder of the articles' folder that files are added to
COLUMNS = {"title": "Title", "source": "Source", "published": "Date", "size": "Size"}
ROWS = 50  # of the table, at once
_LONGEST_STEM, _LONGEST_SUFFIX = 200, 10  # of a file's name, in bytes and in characters
_MOST_ENTRIES = 1_000_000  # of one file


@dataclass(frozen=True)
class View:
    """What of the library the table shows, and in which order."""

    search: str = ""
    order: str = "title"
    descending: bool = False
    offset: int = 0

    def sorted_by(self, order: str) -> View:
        """Return the view sorted by a column; sorted by it already, the other way round."""
        if order not in COLUMNS:
            return self
        first_down = order in ("published", "size")
        return View(self.search, order, not self.descending if order == self.order else first_down)


def table(library: Library, view: View, *, editable: bool) -> str:
    """Return a page of the table of articles; where it is ``editable``, each can be removed."""
    found = _page(library, view)
    if not found.entries and found.total:  # the last page is gone
        view = replace(view, offset=(found.total - 1) // ROWS * ROWS)
        found = _page(library, view)
    heads = "".join(_head(name, label, view) for name, label in COLUMNS.items())
    rows = "".join(_row(entry, editable=editable) for entry in found.entries)
    none = f"No article has “{escape(clean(view.search))}” in title, source, author or file." if view.search else ""
    body = (
        '<div class="scrolled" tabindex="0" role="region" aria-label="Table of articles"><table>'
        '<caption class="hidden">Articles</caption>'
        f'<thead><tr>{heads}<th scope="col" class="state">State</th>'
        '<th scope="col"><span class="hidden">What to do</span></th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
        if found.entries
        else f'<p class="note">{none or "There are no articles yet: add some here."}</p>'
    )
    return f"{_pages(found, view)}{body}{_not_read(library.skipped)}"


def _page(library: Library, view: View) -> Catalogue:
    return library.catalogue(
        view.search, order=view.order, descending=view.descending, limit=ROWS, offset=max(0, view.offset)
    )


def _head(name: str, label: str, view: View) -> str:
    sort = ""
    if name == view.order:
        sort = f' aria-sort="{"descending" if view.descending else "ascending"}"'
    return (
        f'<th scope="col" class="{name}"{sort}><button type="button" data-do="sort" data-order="{name}" '
        f'data-key="sort-{name}">{label}</button></th>'
    )


def _row(entry: Entry, *, editable: bool) -> str:
    title, path = escape(clean(entry.title)), escape(entry.path)
    facts = (entry.source or "", f"{entry.published:%d %b %Y}" if entry.published else "", _size(entry.size))
    cells = "".join(
        f'<td class="{name}" dir="auto">{escape(clean(fact))}</td>'
        for name, fact in zip(("source", "published", "size"), facts, strict=True)
    )
    state = f"same text as {escape(clean(entry.same_as))}" if entry.same_as else "read"
    removal = (
        f'<button type="button" data-do="remove" data-article="{path}" data-name="{title}">Remove'
        f'<span class="hidden"> {title}</span></button>'
        if editable
        else ""
    )
    return (
        f'<tr><th scope="row" class="title"><button type="button" data-do="read" data-article="{escape(entry.id)}" '
        f'data-key="read-{escape(entry.id)}" dir="auto">{title}</button>'
        f'<span class="path">{escape(clean(entry.path))}</span></th>'
        f'{cells}<td class="state">{state}</td><td class="todo"><button type="button" data-do="only" '
        f'data-article="{path}">Ask only this<span class="hidden">: {title}</span></button>{removal}</td></tr>'
    )


def _size(size: int) -> str:
    """Return a number of characters, rounded for reading."""
    return f"{size:,} ch" if size < 1_000 else f"{size / 1_000:,.0f}k ch"


def _pages(found: Catalogue, view: View) -> str:
    first = max(0, view.offset) + 1
    last = first + len(found.entries) - 1
    buttons = ""
    if found.total > ROWS:
        for step, label, there in ((-ROWS, "Earlier", first > 1), (ROWS, "Later", last < found.total)):
            off = "" if there else " disabled"
            to = max(0, first - 1 + step)
            buttons += (
                f'<button type="button" data-do="page" data-offset="{to}" data-key="page-{label}"{off}>{label}</button>'
            )
    shown = f"{first:,} to {last:,} of {counted(found.total, 'article')}" if found.entries else ""
    return f'<p class="pages" role="status"><span>{shown}</span>{buttons}</p>' if shown else ""


def _not_read(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return ""
    label = f"{counted(len(skipped), 'file')} not read, and why"
    return f'<details class="unread" data-key="unread"><summary>{label}</summary><ul>{skips(skipped)}</ul></details>'


def free_name(name: str, *folders: Path) -> str:
    """Return a name that no file in ``folders`` has, like ``name``: "report-2.pdf" beside "report.pdf"."""
    last = " ".join(Path(clean(name).replace("\\", "/")).name.split()).lstrip(". ")
    plain = Path(_cut(last) or "article.txt")
    free, number = plain, 1
    while any((folder / free).exists() for folder in folders):
        number += 1
        free = plain.with_stem(f"{plain.stem}-{number}")
    return str(free)


def _cut(name: str) -> str:
    """Return a name in as many bytes as a file's may have, and a number besides."""
    suffix = Path(name).suffix if len(Path(name).suffix) <= _LONGEST_SUFFIX else ""
    stem = name.removesuffix(suffix).encode("utf-8")[:_LONGEST_STEM]
    return stem.decode("utf-8", "ignore").rstrip() + suffix


def add_files(library: Library, files: Sequence[Path], progress: Progress, taken: Path) -> dict[str, str]:
    """Add files to the library, and return what became of each, in words.

    They are put into ``taken`` first, a new folder, under names that are free.
    """
    named: dict[str, Path] = {}
    for file in files:
        free = free_name(file.name, library.folder / UPLOADS, taken)
        named[free] = Path(shutil.copyfile(file, taken / free))
    library.add(*named.values(), into=UPLOADS, progress=progress)
    return {name: _became(library, f"{UPLOADS}/{name}") for name in named}


def _became(library: Library, path: str) -> str:
    within = (f"{path}/", f"{path}#")  # of an archive, and of a file of many articles
    not_read = [skip for skip in library.skipped if skip.path == path or skip.path.startswith(within)]
    entries = [
        entry
        for entry in library.catalogue(path, limit=_MOST_ENTRIES).entries
        if entry.path == path or entry.path.startswith(within)
    ]
    told = []
    if entries:
        same = [entry.same_as for entry in entries if entry.same_as]
        told.append(f"same text as {same[0]}" if len(entries) == len(same) == 1 else counted(len(entries), "article"))
    told += [skip.reason for skip in not_read[:3]]
    return "; ".join(told) or "nothing could be read in it"


def report(became: Mapping[str, str]) -> str:
    """Return what became of files that were to be added."""
    rows = [f"<b>{escape(clean(name))}</b> <span>{escape(clean(told))}</span>" for name, told in became.items()]
    return f'<ul class="report" role="status">{listed(rows, len(rows))}</ul>'


def message(text: str, *, failed: bool = False) -> str:
    """Return a sentence about the last thing that was done with the articles."""
    kind, role = ("failed", "alert") if failed else ("", "status")
    return f'<p class="report {kind}" role="{role}">{escape(clean(text))}</p>'
