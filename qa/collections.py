"""A library's collections in Milvus: all that its server is asked for, and what is said where it does not answer."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from qa.entities import ARTICLES, NOTES, PASSAGES, QUOTES, Entity, both, indexes_of, listed, schema_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# So many entities go over the wire at a time, and so many ids are named in one condition.
_BATCH = 500
_SEARCHED = ["article", "version", "words", "title_words", "vector"]
# An idle connection is not pinged: milvus-lite takes pymilvus' ping every 10 s for an attack, and ends the connection,
# at times in the very moment that it is used again.
_CHANNEL = {"grpc.keepalive_permit_without_calls": False}


class Collections:
    """The collections of the library that ``uri`` names; see `qa.milvus.MilvusStore`.

    Each method raises OSError where the server does not do what it is asked. ``consistency`` is Milvus' level of it for
    what is read. ``fulltext`` says whether the server searches by words. Raises ValueError for an address that is none.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError(
                f"{parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()!r} is no address of a Milvus server:"
                " give one such as 'http://127.0.0.1:19530/news', and credentials in MILVUS_TOKEN"
            )
        name = parts.path.strip("/") or "library"
        if not _NAME.fullmatch(name):
            raise ValueError(f"the library's name {name!r} may have letters, digits and _ only, no digit first")
        try:
            from pymilvus import MilvusClient, MilvusException
        except ImportError as error:
            raise ValueError("a library in Milvus needs the package pymilvus: pip install pymilvus") from error
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what goes wrong is raised, and told once
        self._names = {collection: f"{name}_{collection}" for collection in (ARTICLES, PASSAGES, QUOTES, NOTES)}
        self._error = MilvusException
        self.address = parts._replace(path="").geturl()
        self.consistency = "Session"
        self._there: set[str] = set()
        with self._asking():
            self._client = MilvusClient(
                uri=self.address, token=os.environ.get("MILVUS_TOKEN", ""), timeout=20, grpc_options=_CHANNEL
            )
            version = re.search(r"^v?(\d+)\.(\d+)", self._client.get_server_version())
        self.fulltext = not version or (int(version[1]), int(version[2])) >= (2, 5)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (self._error, OSError) as error:
            told = getattr(error, "message", "") or error
            raise OSError(f"Milvus at {self.address} does not do what it is asked: {told}") from error

    def is_there(self, name: str) -> bool:
        """Return whether a collection is there: those of articles are made with the first."""
        if name not in self._there:
            with self._asking():
                if self._client.has_collection(self._names[name]):
                    self._client.load_collection(self._names[name])
                    self._there.add(name)
        return name in self._there

    def create(self, name: str, dimension: int) -> None:
        """Make a collection, its indexes and all."""
        with self._asking():
            indexes = self._client.prepare_index_params()
            for index in indexes_of(name, fulltext=self.fulltext):
                indexes.add_index(**index)
            schema = schema_of(name, dimension, fulltext=self.fulltext)
            if not self._client.has_collection(self._names[name]):  # else a crash came between this and its indexes
                self._client.create_collection(self._names[name], schema=schema)
            self._client.create_index(self._names[name], indexes, sync=False)  # of nothing yet: no need to wait for it
            self._client.load_collection(self._names[name])

    def drop(self) -> None:
        """Remove the library."""
        with self._asking():
            for name in self._names.values():
                self._client.drop_collection(name)
        self._there.clear()

    def query(self, name: str, within: str, fields: Sequence[str], *, limit: int | None = None) -> list[Entity]:
        """Return the fields of entities that a condition leaves; where there may be many, take `each`."""
        if not self.is_there(name):
            return []
        more = {} if limit is None else {"limit": limit}
        with self._asking():
            found = self._client.query(
                self._names[name],
                filter=within,
                output_fields=list(fields),
                consistency_level=self.consistency,
                **more,
            )
        return list(found)

    def each(self, name: str, within: str, fields: Sequence[str]) -> Iterator[Entity]:
        """Yield the fields of all entities that a condition leaves, in any order."""
        # Few are had in one request; and Milvus 2.3, asked for pages alone, may still tell of what was just removed.
        first = self.query(name, within, fields, limit=_BATCH)
        if len(first) < _BATCH:
            yield from first
            return
        with self._asking():
            pages = self._client.query_iterator(
                self._names[name],
                batch_size=_BATCH,
                filter=within,
                output_fields=list(fields),
                consistency_level=self.consistency,
            )
            try:
                while page := pages.next():
                    yield from page
            finally:
                pages.close()

    def among(
        self, name: str, key: str, values: Iterable[str], fields: Sequence[str], within: str = ""
    ) -> Iterator[Entity]:
        """Yield the fields of all entities of which ``key`` is one of some values."""
        chosen = list(dict.fromkeys(values))
        found = self.query if key == "id" else self.each  # as many as there are ids, or perhaps very many
        for start in range(0, len(chosen), _BATCH):
            yield from found(name, both(f"{key} in {listed(chosen[start : start + _BATCH])}", within), fields)

    def count(self, name: str, within: str = "") -> int:
        """Return how many entities a condition leaves."""
        return sum(int(counted["count(*)"]) for counted in self.query(name, within, ["count(*)"]))

    def put(self, name: str, entities: Sequence[Entity]) -> None:
        """Put entities in the place of those with their ids."""
        with self._asking():
            for start in range(0, len(entities), _BATCH):
                self._client.upsert(self._names[name], list(entities[start : start + _BATCH]))

    def delete(self, name: str, within: str) -> None:
        """Remove the entities that a condition leaves."""
        if self.is_there(name):
            with self._asking():
                self._client.delete(self._names[name], filter=within)

    def remove(self, name: str, ids: Sequence[str]) -> None:
        """Remove entities by their ids: where a condition leaves the same ones, Milvus takes longer to find them."""
        for start in range(0, len(ids), _BATCH):
            self.delete(name, f"id in {listed(ids[start : start + _BATCH])}")

    def nearest(self, key: str, wanted: list[float] | str, n: int, within: str) -> dict[str, Entity]:
        """Return the entities of the ``n`` passages that one search finds, by their ids, with Milvus' own score."""
        with self._asking():
            found = self._client.search(
                self._names[PASSAGES],
                data=[wanted],
                anns_field=key,
                limit=n,
                filter=within,
                output_fields=_SEARCHED,
                consistency_level=self.consistency,
            )
        return {hit["id"]: {**hit["entity"], "score": hit["distance"]} for hit in found[0]}

    def flush(self) -> None:
        """Let what was written last be searched by the indexes, as what was written before."""
        with self._asking():
            for name in (PASSAGES, QUOTES, ARTICLES):
                self._client.flush(self._names[name])

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
