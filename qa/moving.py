"""A library -> the same in another store, with nothing encoded again."""

from __future__ import annotations

from collections.abc import Callable

from qa.indexing import note_near_copies
from qa.store import DamagedStoreError, Store


def copy(source: Store, target: Store, progress: Callable[[int, int], None] | None = None) -> int:
    """Make ``target`` hold what ``source`` does, article by article, and return how many were copied.

    Those that it holds already stay as they are, so that one that was stopped goes on. ``progress`` is called with
    (articles done, articles in all). Raises ValueError where ``target`` was made by another model, and
    DamagedStoreError for an article of ``source`` that is damaged.
    """
    entries = source.catalogue("", order="path", descending=False, limit=2**62, offset=0).entries
    held = _held(source)
    copied = 0
    with target.writing():
        if target.made_for != source.made_for:
            target.clear(made_for=source.made_for)
        there = _held(target)
        target.delete(sorted(there.keys() - held.keys()))
        target.forget_files(sorted(target.files().keys() - source.files().keys()))
        # A copy of another article has no passages of its own: what it is a copy of goes first.
        for done, entry in enumerate(sorted(entries, key=lambda entry: entry.same_as is not None), 1):
            if there.get(entry.id) != held[entry.id]:
                made = source.get(entry.id)
                if made is None:
                    raise DamagedStoreError(f"{entry.path} is damaged: python -m qa doctor --fix mends it", [entry.id])
                target.replace_article(made)
                copied += 1
            if progress:
                progress(done, len(entries))
        known = target.files()
        for path, (stamp, skipped) in source.files().items():
            if known.get(path) != (stamp, skipped):
                target.note_file(path, stamp, skipped)
        target.load_indexes()
        if not target.is_compared:
            note_near_copies(target)
    return copied


def _held(store: Store) -> dict[str, str]:
    """Return which articles are held: id -> what `as_read` makes of it."""
    return {id_: read for own in store.held().values() for id_, read in own.values()}
