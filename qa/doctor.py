"""An index and its folder -> what is wrong with it, and the mending of that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from embeddings.encoder import Vectors
from qa.reading import FileReader, article_paths
from qa.rows import digest_in
from qa.storage import Folder
from qa.store import DamagedStoreError, Prepared, Problem, Store, open_store

# So much of the disk must be free, and as much as the index takes: one is made anew beside the old one.
_FREE = 200_000_000
_VECTORS = ("passage_vectors", "quote_vectors", "title_vector")
_ALIKE = 0.97


def examine(folder: Folder | None, place: Path | str, reader: FileReader, made_for: str) -> list[Problem]:
    """Return what is wrong with the index at ``place`` (see `open_store`), that of ``folder``, and change nothing.

    An empty list: it is whole. Without a ``folder`` it is not compared with one. ``made_for`` is
    `qa.indexing.made_for` of the encoder that is used. Raises OSError where there is no index.
    """
    found = list(_space(place)) if isinstance(place, Path) else []
    try:
        store = open_store(place, mend=False)
    except DamagedStoreError as damage:
        return [*found, Problem("all", str(damage))]
    try:
        found += store.check(made_for)
        if folder and not any(problem.touches == "all" for problem in found):
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


def _out_of_step(folder: Folder, store: Store, reader: FileReader) -> Iterator[Problem]:
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


def differences(one: Path | str, other: Path | str) -> Iterator[Problem]:
    """Yield in what two stores differ: articles, or what is made of them, but for near copies. See `open_store`.

    Vectors are the same from a cosine of 0.97 on: they depend on whether the processor computes in 8 bits, and in their
    last bits on what else was encoded with them. Of files they may know other times and places, as of copies of one
    folder; but not other bytes.
    """
    stores = [open_store(place, mend=False) for place in (one, other)]
    try:
        first, second = stores
        if first.made_for != second.made_for:
            yield Problem("all", f"one was made by {first.made_for!r}, the other by {second.made_for!r}")
        held, there = ({id_: path for of in s.held().values() for path, (id_, _) in of.items()} for s in stores)
        for id_, path in sorted({**held, **there}.items(), key=lambda pair: pair[1]):
            if id_ not in held or id_ not in there:
                yield Problem("articles", f"{path} is only in the {'first' if id_ in held else 'second'}", (id_,))
                continue
            if not _is_same(first.get(id_), second.get(id_)):
                yield Problem("articles", f"{path} is not the same in both", (id_,))
        files = [
            {path: (stamp.partition(" ")[2], skipped) for path, (stamp, skipped) in store.files().items()}
            for store in stores
        ]
        for path in sorted(path for path in {**files[0], **files[1]} if files[0].get(path) != files[1].get(path)):
            yield Problem("folder", f"of the file {path} the two do not know the same")
    finally:
        for store in stores:
            store.close()


def _is_same(one: Prepared | None, other: Prepared | None) -> bool:
    if one is None or other is None:
        return False
    # The numbers of a very long article's paragraphs are not all kept in Milvus.
    digests = {
        digest_in(replace(own, lines=own.lines[:0], **{name: np.zeros_like(getattr(own, name)) for name in _VECTORS}))
        for own in (one, other)
    }
    return len(digests) == 1 and all(_are_alike(getattr(one, name), getattr(other, name)) for name in _VECTORS)


def _are_alike(one: Vectors, other: Vectors) -> bool:
    """Tell whether vectors point the same way, row by row."""
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return bool(np.all((one * other).sum(axis=-1) >= _ALIKE * norms))


def mend(place: Path | str, problems: list[Problem]) -> None:
    """Remove what is wrong from an index. What is missing then is made when the library is opened next."""
    if isinstance(place, Path) and any(problem.touches == "all" for problem in problems):
        shutil.rmtree(place)
        return
    store = open_store(place)
    try:
        with store.writing():
            if any(problem.touches == "all" for problem in problems):
                store.discard()
            if any(problem.touches == "indexes" for problem in problems):
                store.discard_indexes()
            store.discard_articles([article for problem in problems for article in problem.articles])
    finally:
        store.close()
