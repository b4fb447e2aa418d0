"""An index and its folder -> what is wrong with it, and the mending of that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from qa.embedded import EmbeddedStore
from qa.reading import FileReader, article_paths
from qa.store import DamagedStoreError, Problem, Store

# So much of the disk must be free, and as much as the index takes: one is made anew beside the old one.
_FREE = 200_000_000


def examine(folder: Path, index: Path, reader: FileReader, made_for: str) -> list[Problem]:
    """Return what is wrong with ``index``, the index of ``folder``, and change nothing; an empty list: it is whole.

    ``made_for`` is `qa.indexing.made_for` of the encoder that is used. Raises OSError where there is no index.
    """
    found = list(_space(index))
    try:
        store = EmbeddedStore(index, mend=False)
    except DamagedStoreError as damage:
        return [*found, Problem("all", str(damage))]
    try:
        found += store.check(made_for)
        if not any(problem.touches == "all" for problem in found):
            found += _out_of_step(folder, store, reader)
    except DamagedStoreError as damage:
        found.append(Problem("all", str(damage)))
    finally:
        store.close()
    return found


def _space(index: Path) -> Iterator[Problem]:
    takes = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
    free = shutil.disk_usage(index).free
    if free < takes + _FREE:
        yield Problem("disk", f"{free // 1_000_000} MB are free: {(takes + _FREE) // 1_000_000} MB may be needed")


def _out_of_step(folder: Path, store: Store, reader: FileReader) -> Iterator[Problem]:
    read, there = store.files(), set()
    for path, file, reason in article_paths(folder):
        if reason:
            continue
        there.add(path)
        known, _ = read.get(path, ("", ()))
        if not known:
            yield Problem("folder", f"{path} is not in the index yet")
        elif not reader.is_same(known, reader.stamp(file, known)):
            yield Problem("folder", f"{path} was changed since it was read")
    for path in sorted((read.keys() | store.held().keys()) - there):
        yield Problem("folder", f"{path} is in the index, and gone from the folder or left out of it")


def mend(index: Path, problems: list[Problem]) -> None:
    """Remove what is wrong from an index. What is missing then is made when the library is opened next."""
    if any(problem.touches == "all" for problem in problems):
        shutil.rmtree(index)
        return
    store = EmbeddedStore(index)
    try:
        with store.writing():
            if any(problem.touches == "indexes" for problem in problems):
                store.discard_indexes()
            store.discard_articles([article for problem in problems for article in problem.articles])
    finally:
        store.close()
