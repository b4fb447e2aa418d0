"""A library on one machine's disk: SQLite is the truth, the indexes of vectors and of words are derived from it."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
from filelock import FileLock
from typing_extensions import override

from embeddings import FaissIndex, LexicalIndex, Row, StaleIndexError
from embeddings.encoder import Vectors
from embeddings.index import Ids
from qa.articles import Article, Skipped
from qa.catalogue import Catalogue, Entry, has_words, search_words
from qa.filters import Filters, where, where_itself
from qa.passages import Passage
from qa.questions import folded
from qa.quotes import Quote
from qa.rows import (
    ARTICLE,
    COPIES,
    LISTED,
    QUOTE,
    SCHEMA,
    VERSION,
    article_of,
    article_row,
    as_read,
    blob_of,
    content_of,
    digest_of,
    quote_of,
    quote_row,
    vectors_of,
)
from qa.store import Candidate, Compared, DamagedStoreError, Nearness, PassageId, Prepared, Problem, Store

log = logging.getLogger(__name__)

_FILE = "library.sqlite"
_WORDS = "words"
_FILTERS_KEPT = 20
# A lexical index of so many passages is made anew in less than a second, and its scores are then what they would be
# if no passage had ever been removed.
_SOON_MADE = 20_000
# What SQLite says where the disk or another process is in the way; whatever else it says is damage.
_NOT_DAMAGE = re.compile("locked|full|readonly|unable to open|permission|out of memory|interrupted")


@dataclass(frozen=True)
class _Indexes:
    """What was derived from one state of the articles, and which of its passages lately used filters leave."""

    state: str
    vectors: FaissIndex
    words: LexicalIndex
    filtered: dict[tuple[str, ...], Ids] = field(default_factory=dict)


class _Made(NamedTuple):
    """An article, its passages (id, start, end, vector), the rows of its quotes, its digest as it is and as written."""

    article: Article
    passages: list[tuple[int, int, int, bytes]]
    quotes: list[tuple[Any, ...]]
    digest: str
    written: str


class EmbeddedStore(Store):
    """Articles, their passages and vectors, in one folder.

    One article's change is one transaction; a crash at any moment leaves each article whole, old or new. Several
    processes may read; who changes anything holds `writing`. Threads may share a Store. A damaged database is made
    anew, empty; without ``mend`` it is left as it is, and DamagedStoreError raised. Raises OSError where the folder
    cannot be written, or, without ``mend``, holds no index.
    """

    def __init__(self, folder: Path, *, mend: bool = True) -> None:
        try:
            if mend:
                folder.mkdir(parents=True, exist_ok=True)
            elif not (folder / _FILE).exists():
                raise FileNotFoundError("there is none")
            self._lock = FileLock(folder / "lock")
            try:
                if not (folder / _FILE).exists():
                    raise DamagedStoreError("there is none")
                self._database = _open(folder / _FILE, mend=False)
            except DamagedStoreError:
                if not mend:
                    raise
                with self._lock:
                    self._database = _open(folder / _FILE)
        except (OSError, sqlite3.OperationalError) as error:
            raise OSError(
                f"the index cannot be kept in {str(folder)!r} ({error}): name another place for it with --index"
            ) from error
        self.folder = folder
        self._mutex = threading.RLock()
        self._indexes: _Indexes | None = None
        self._articles: dict[str, Article] = {}

    @contextmanager
    @override
    def writing(self, *, wait: bool = True) -> Iterator[None]:
        try:
            self._lock.acquire(timeout=0.5)
        except TimeoutError:
            if not wait:
                raise
            log.warning("another process is changing the index in %s: waiting for it", self.folder)
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        """A transaction, with the damage that SQLite finds told apart from a full disk or a locked file."""
        with self._mutex:
            try:
                with self._database:
                    yield self._database.cursor()
            except (sqlite3.Error, UnicodeDecodeError, json.JSONDecodeError) as error:
                if isinstance(error, sqlite3.OperationalError) and _NOT_DAMAGE.search(str(error)):
                    raise OSError(f"the index in {str(self.folder)!r} cannot be used: {error}") from error
                raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: {error}") from error

    @override
    def files(self) -> dict[str, tuple[str, tuple[Skipped, ...]]]:
        with self._cursor() as cursor:
            rows = cursor.execute("SELECT path, stamp, skipped FROM files").fetchall()
            return {
                path: (stamp, tuple(Skipped(*skip) for skip in json.loads(skipped))) for path, stamp, skipped in rows
            }

    @override
    def note_file(self, path: str, stamp: str, skipped: Sequence[Skipped]) -> None:
        row = (path, stamp, json.dumps([(skip.path, skip.reason) for skip in skipped]))
        with self._cursor() as cursor:
            cursor.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", row)

    @override
    def forget_files(self, paths: Sequence[str]) -> None:
        with self._cursor() as cursor:
            cursor.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    @override
    def held(self) -> dict[str, dict[str, tuple[str, str]]]:
        held: dict[str, dict[str, tuple[str, str]]] = {}
        with self._cursor() as cursor:
            for file, path, article_id, read in cursor.execute("SELECT file, path, id, as_read FROM articles"):
                held.setdefault(file, {})[path] = (article_id, read)
        return held

    @override
    def same_text(self, article: Article) -> str | None:
        with self._cursor() as cursor:
            return self._same_text(cursor, article)

    def _same_text(self, cursor: sqlite3.Cursor, article: Article) -> str | None:
        query = "SELECT id FROM articles WHERE content = ? AND id <> ? AND same_as IS NULL"
        found = cursor.execute(query, (content_of(article), article.id)).fetchone()
        return str(found[0]) if found else None

    @override
    def replace_article(self, new: Prepared) -> None:
        article = new.article
        with self._cursor() as cursor:
            self._hand_over(cursor, article)
            same_as = self._same_text(cursor, article)
            if same_as:
                new = new.as_copy()
            spans = [(passage.start, passage.end) for passage in new.passages]
            blobs = [blob_of(vector) for vector in new.passage_vectors]
            said = [(*quote_row(q), blob_of(vector)) for q, vector in zip(new.quotes, new.quote_vectors, strict=True)]
            more = (new.lines.astype("<u8").tobytes(), new.sketch.astype("<u4").tobytes(), blob_of(new.title_vector))
            fields = f"{ARTICLE}, file, as_read, content, same_as, lines, sketch, title_vector, digest"
            row = (*article_row(article), new.file, as_read(article), content_of(article), same_as, *more)
            digest = digest_of(article, spans, blobs, said, more)
            cursor.execute("DELETE FROM passages WHERE article = ?", (article.id,))
            cursor.execute("DELETE FROM quotes WHERE article = ?", (article.id,))
            columns = fields.split(", ")
            changed = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
            cursor.execute(
                f"INSERT INTO articles ({fields}) VALUES ({', '.join('?' * len(columns))})"
                f" ON CONFLICT (id) DO UPDATE SET {changed}",
                (*row, digest),
            )
            cursor.executemany(
                'INSERT INTO passages (article, "start", "end", vector) VALUES (?, ?, ?, ?)',
                [(article.id, start, end, blob) for (start, end), blob in zip(spans, blobs, strict=True)],
            )
            cursor.executemany(
                f"INSERT INTO quotes (article, {QUOTE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(article.id, *row) for row in said],
            )
            _change_state(cursor)
            self._forget(article.id, same_as)

    def _hand_over(self, cursor: sqlite3.Cursor, new: Article | str) -> None:
        """Give what is made of an article that goes, or gets another text, to the first of its copies."""
        article_id = new if isinstance(new, str) else new.id
        query = "SELECT id FROM articles WHERE same_as = ? AND content <> ? ORDER BY path"
        content = "" if isinstance(new, str) else content_of(new)
        copies = [row[0] for row in cursor.execute(query, (article_id, content))]
        if not copies:
            return
        old = cursor.execute(f"SELECT {ARTICLE} FROM articles WHERE id = ?", (article_id,)).fetchone()
        boilerplate = old[-1]
        first, *others = copies
        for table in ("passages", "quotes"):
            cursor.execute(f"UPDATE {table} SET article = ? WHERE article = ?", (first, article_id))
        cursor.execute("UPDATE articles SET same_as = NULL, boilerplate = ? WHERE id = ?", (boilerplate, first))
        cursor.executemany("UPDATE articles SET same_as = ? WHERE id = ?", [(first, other) for other in others])
        made = self._made_of(cursor, first)
        cursor.execute("UPDATE articles SET digest = ? WHERE id = ?", (made.digest, first))
        self._forget(*copies)

    @override
    def delete(self, article_ids: Sequence[str]) -> None:
        if article_ids:
            with self._cursor() as cursor:
                for article_id in article_ids:
                    same_as = cursor.execute("SELECT same_as FROM articles WHERE id = ?", (article_id,)).fetchone()
                    self._hand_over(cursor, article_id)
                    cursor.execute("DELETE FROM articles WHERE id = ?", (article_id,))
                    self._forget(article_id, *(same_as or ()))
                _change_state(cursor)

    @override
    def discard_articles(self, article_ids: Sequence[str]) -> None:
        with self._cursor() as cursor:
            chosen = (json.dumps(list(article_ids)),)
            within = "IN (SELECT value FROM json_each(?))"
            cursor.execute(
                f"DELETE FROM files WHERE path IN (SELECT file FROM articles WHERE id {within} OR same_as {within})",
                chosen * 2,
            )
            cursor.execute(f"DELETE FROM articles WHERE same_as {within}", chosen)
            cursor.execute(f"DELETE FROM articles WHERE id {within}", chosen)
            _change_state(cursor)
            self._articles.clear()

    def _forget(self, *article_ids: str | None) -> None:
        for article_id in article_ids:
            self._articles.pop(article_id or "", None)

    @override
    def get(self, article_id: str) -> Prepared | None:
        with self._cursor() as cursor:
            query = "SELECT file, lines, sketch, title_vector FROM articles WHERE id = ?"
            row = cursor.execute(query, (article_id,)).fetchone()
            made = self._verified(cursor, article_id) if row else None
        if made is None:
            return None
        file, lines, sketch, title_vector = row
        return Prepared(
            article=made.article,
            file=file,
            passages=[Passage(made.article, start, end) for _, start, end, _ in made.passages],
            passage_vectors=vectors_of([blob for *_, blob in made.passages]),
            quotes=[quote_of(made.article, row) for row in made.quotes],
            quote_vectors=vectors_of([row[-1] for row in made.quotes]),
            title_vector=np.frombuffer(title_vector, "<f4"),
            lines=np.frombuffer(lines, "<u8"),
            sketch=np.frombuffer(sketch, "<u4"),
        )

    @override
    def compared(self) -> Compared:
        query = "SELECT id, boilerplate <> '[]', lines, title_vector, sketch FROM articles WHERE same_as IS NULL"
        with self._cursor() as cursor:
            rows = cursor.execute(f"{query} ORDER BY path").fetchall()
        ids, has, lines, titles, sketches = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        return Compared(
            list(ids),
            [bool(value) for value in has],
            [np.frombuffer(blob, "<u8") for blob in lines],
            vectors_of(titles),
            np.frombuffer(b"".join(sketches), "<u4").reshape(len(ids), -1 if ids else 1),
        )

    @property
    @override
    def is_compared(self) -> bool:
        return self._meta("compared") == self.state

    @override
    def note_compared(self, groups: Mapping[str, int]) -> None:
        with self._cursor() as cursor:
            cursor.execute("UPDATE articles SET near = NULL WHERE near IS NOT NULL")
            cursor.executemany("UPDATE articles SET near = ? WHERE id = ?", [(n, id_) for id_, n in groups.items()])
            cursor.execute("UPDATE meta SET value = ? WHERE key = 'compared'", (self.state,))

    @override
    def near_copies(self, article_id: str) -> list[Article]:
        query = """
            SELECT id FROM articles WHERE near = (SELECT near FROM articles WHERE id = ?) AND id <> ? ORDER BY path
        """
        with self._cursor() as cursor:
            ids = [row[0] for row in cursor.execute(query, (article_id, article_id))]
            return [self._held(other) for other in ids]

    @property
    @override
    def state(self) -> str:
        return self._meta("state")

    @property
    @override
    def made_for(self) -> str:
        return self._meta("made_for")

    def _meta(self, key: str) -> str:
        with self._cursor() as cursor:
            row = cursor.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if not row:
            raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: {key!r} is missing")
        return str(row[0])

    @override
    def clear(self, *, made_for: str) -> None:
        with self._cursor() as cursor:
            cursor.execute("DELETE FROM articles WHERE same_as IS NOT NULL")
            cursor.execute("DELETE FROM articles")
            cursor.execute("DELETE FROM files")
            cursor.execute("UPDATE meta SET value = ? WHERE key = 'made_for'", (made_for,))
            _change_state(cursor)
            self._articles.clear()

    @override
    def discard(self) -> None:
        with self._mutex:
            self._database.close()
            _discard(self.folder / _FILE)
            self._database = _open(self.folder / _FILE)
            self._articles.clear()

    @override
    def check(self, made_for: str) -> Iterator[Problem]:
        with self._cursor() as cursor:
            wrong = [row[0] for row in cursor.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
            wrong += [f"a row of {row[0]} has no article" for row in cursor.execute("PRAGMA foreign_key_check")]
            if wrong:
                yield Problem("all", f"the database is damaged: {'; '.join(wrong)}")
                return
            if self.made_for != made_for:
                yield Problem("folder", f"the index was made by {self.made_for!r}, not by {made_for!r}")
            if not self.is_compared:
                yield Problem("folder", "the articles were not compared with each other since the last change")
            yield from self._check_articles(cursor)
            wanted = {row[0] for row in cursor.execute("SELECT id FROM passages")}
            for name, load in (
                ("vector", lambda: FaissIndex.load(self.folder, made_from=self.state)),
                ("lexical", lambda: LexicalIndex.load(self.folder / _WORDS, made_from=self.state)),
            ):
                try:
                    held = load().ids()
                    if held != wanted:
                        more, less = len(held - wanted), len(wanted - held)
                        yield Problem("indexes", f"the {name} index has {more} passages too many and lacks {less}")
                except StaleIndexError as reason:
                    yield Problem("indexes", f"the {name} index cannot be used: {reason}")

    def _check_articles(self, cursor: sqlite3.Cursor) -> Iterator[Problem]:
        dimensions = set()
        query = "SELECT id, path, same_as, content FROM articles ORDER BY path"
        seen: dict[str, str] = {}
        for article_id, path, same_as, content in cursor.execute(query).fetchall():
            made = self._verified(cursor, article_id)
            if made is None:
                yield Problem("articles", f"{path}: what is held of it is not what was written", (article_id,))
                continue
            spans = [(start, end) for _, start, end, _ in made.passages]
            if any(not 0 <= start < end <= len(made.article.text) for start, end in spans):
                yield Problem("articles", f"{path}: a passage is no slice of it", (article_id,))
            if any(start < last for (_, last), (start, _) in pairwise(spans)):
                yield Problem("articles", f"{path}: a passage is there twice", (article_id,))
            vectors = [np.frombuffer(blob, "<f4") for *_, blob in made.passages]
            dimensions |= {len(vector) for vector in vectors}
            if not all(np.isfinite(vector).all() for vector in vectors):
                yield Problem("articles", f"{path}: a passage's vector is none", (article_id,))
            if same_as is None and content in seen:
                yield Problem("articles", f"{path}: the text of {seen[content]} is there twice", (article_id,))
            if same_as is None:
                seen[content] = path
            elif made.passages:
                yield Problem("articles", f"{path} is a copy, and has passages of its own", (article_id,))
        if len(dimensions) > 1:
            yield Problem("all", f"the vectors are of different models: they have {sorted(dimensions)} dimensions")

    @override
    def discard_indexes(self) -> None:
        _discard_indexes(self.folder)

    @override
    def load_indexes(self) -> None:
        with self._cursor() as cursor:
            state = self.state
            self._indexes = _Indexes(state, self._vectors(cursor, state), self._words(cursor, state))

    @override
    def load_earlier_indexes(self) -> bool:
        try:
            state = FaissIndex.state_of(self.folder)
            vectors = FaissIndex.load(self.folder, made_from=state)
            self._indexes = _Indexes(state, vectors, LexicalIndex.load(self.folder / _WORDS, made_from=state))
        except StaleIndexError:
            return False
        return True

    def _vectors(self, cursor: sqlite3.Cursor, state: str) -> FaissIndex:
        """Return the vector index. One of an earlier state is only changed: an id is never given to another text."""
        try:
            return FaissIndex.load(self.folder, made_from=state)
        except StaleIndexError as reason:
            log.info("bringing the vector index in step: %s", reason)
        wanted = {row[0] for row in cursor.execute("SELECT id FROM passages")}
        try:
            index = FaissIndex.load(self.folder)
            index.change(*self._verified_rows(cursor, wanted - index.ids()), removed=sorted(index.ids() - wanted))
        except StaleIndexError:
            index = FaissIndex(*self._verified_rows(cursor, wanted))
        index.save(self.folder, made_from=state)
        return index

    def _words(self, cursor: sqlite3.Cursor, state: str) -> LexicalIndex:
        """Return the lexical index. One of an earlier state is only changed: an id is never given to another text."""
        folder = self.folder / _WORDS
        try:
            return LexicalIndex.load(folder, made_from=state)
        except StaleIndexError as reason:
            log.info("bringing the lexical index in step: %s", reason)
        try:
            index = LexicalIndex.load(folder)
        except StaleIndexError:
            index = LexicalIndex(folder)
        held = index.ids()
        wanted = {row[0] for row in cursor.execute("SELECT id FROM passages")}
        removed = index.removed + len(held - wanted)
        if removed and (len(wanted) < _SOON_MADE or removed > len(wanted) // 10):
            index, held = LexicalIndex(folder), set()
        query = """
            SELECT passages.id, title, text, "start", "end"
            FROM passages JOIN articles ON articles.id = passages.article
            WHERE passages.id IN (SELECT value FROM json_each(?)) ORDER BY passages.id
        """
        new = cursor.execute(query, (json.dumps(sorted(wanted - held)),))
        rows = (Row(passage, title, text[start:end]) for passage, title, text, start, end in new)
        index.change(rows, removed=sorted(held - wanted))
        index.save(made_from=state)
        return index

    def _verified_rows(self, cursor: sqlite3.Cursor, wanted: Collection[int]) -> tuple[list[int], Vectors]:
        """Return the ids and vectors of passages, their articles checked to be what was written."""
        query = "SELECT DISTINCT article FROM passages WHERE id IN (SELECT value FROM json_each(?))"
        articles = [row[0] for row in cursor.execute(query, (json.dumps(sorted(wanted)),))]
        ids: list[int] = []
        vectors = np.zeros((0, 1), dtype=np.float32)
        damaged = []
        for article_id in articles:
            made = self._verified(cursor, article_id)
            if made is None:
                damaged.append(article_id)
                continue
            for passage_id, _, _, blob in made.passages:
                if not ids:  # all of them at once, and no list of copies: they are most of what this program holds
                    vectors = np.zeros((len(wanted), len(blob) // 4), dtype=np.float32)
                vectors[len(ids)] = np.frombuffer(blob, dtype="<f4")
                ids.append(passage_id)
        if damaged:
            raise DamagedStoreError(f"{len(damaged)} articles in {str(self.folder)!r} are damaged", damaged)
        return ids, vectors

    def _verified(self, cursor: sqlite3.Cursor, article_id: str) -> _Made | None:
        """Return an article with what was made of it, or None unless that is what was written."""
        try:
            made = self._made_of(cursor, article_id)
        except (TypeError, ValueError, UnicodeError):
            return None
        return made if made.digest == made.written else None

    def _made_of(self, cursor: sqlite3.Cursor, article_id: str) -> _Made:
        query = f"SELECT {ARTICLE}, {COPIES}, lines, sketch, title_vector, digest FROM articles WHERE id = ?"
        row = cursor.execute(query, (article_id,)).fetchone()
        query = 'SELECT id, "start", "end", vector FROM passages WHERE article = ? ORDER BY "start", id'
        passages = cursor.execute(query, (article_id,)).fetchall()
        said = cursor.execute(f"SELECT {QUOTE} FROM quotes WHERE article = ? ORDER BY rowid", (article_id,)).fetchall()
        article = article_of(row[:-4])
        spans, blobs = [(start, end) for _, start, end, _ in passages], [blob for *_, blob in passages]
        return _Made(article, passages, said, digest_of(article, spans, blobs, said, row[-4:-1]), row[-1])

    @override
    def article(self, article_id: str) -> Article:
        with self._cursor() as cursor:
            if article_id not in self._articles:
                if not cursor.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone():
                    raise KeyError(f"no article {article_id!r}")
                made = self._verified(cursor, article_id)
                if made is None:
                    raise DamagedStoreError(f"the article {article_id!r} in the index is damaged", [article_id])
                if len(self._articles) >= 1000:
                    self._articles.pop(next(iter(self._articles)))
                self._articles[article_id] = made.article
            return self._articles[article_id]

    @override
    def articles(self, **filters: Unpack[Filters]) -> list[Article]:
        within, values = where(**filters)
        query = f"SELECT {ARTICLE}, {COPIES} FROM articles WHERE same_as IS NULL AND {within} ORDER BY path"
        with self._cursor() as cursor:
            return [article_of(row) for row in cursor.execute(query, values)]

    @override
    def count(self, **filters: Unpack[Filters]) -> int:
        within, values = where(**filters)
        query = f"SELECT count(*) FROM articles WHERE same_as IS NULL AND {within}"
        with self._cursor() as cursor:
            return int(cursor.execute(query, values).fetchone()[0])

    @override
    def catalogue(
        self, search: str, *, order: str, descending: bool, limit: int, offset: int, **filters: Unpack[Filters]
    ) -> Catalogue:
        within, values = where_itself(**filters)
        words = search_words(search)
        if words:
            within += " AND has_words(:words, title, source, path, authors)"
            values["words"] = " ".join(words)
        key = {"title": "folded(title)", "source": "folded(source)", "size": "length(text)"}.get(order, order)
        last = f"{key} IS NULL, " if order in ("source", "published") else ""
        direction = "DESC" if descending else "ASC"
        ordered = f"SELECT id FROM articles WHERE {within} ORDER BY {last}{key} {direction}, path"
        # Only the texts of the page are read, for their lengths.
        query = """
            SELECT id, path, title, source, published, length(text),
                (SELECT path FROM articles AS first WHERE first.id = articles.same_as)
            FROM articles WHERE id IN (SELECT value FROM json_each(?))
        """
        with self._cursor() as cursor:
            found = [row[0] for row in cursor.execute(ordered, values)]
            ids = found[offset : offset + limit]
            rows = {row[0]: row for row in cursor.execute(query, (json.dumps(ids),))}
        return Catalogue(
            len(found),
            tuple(
                Entry(id_, path, title, source, date.fromisoformat(published) if published else None, size, same_as)
                for id_, path, title, source, published, size, same_as in map(rows.__getitem__, ids)
            ),
        )

    @override
    def sources(self, **filters: Unpack[Filters]) -> dict[str, int]:
        within, values = where_itself(**filters)
        return self._counted(f"SELECT id, source AS name FROM articles WHERE source IS NOT NULL AND {within}", values)

    @override
    def authors(self, **filters: Unpack[Filters]) -> dict[str, int]:
        within, values = where_itself(**filters)
        chosen = f"SELECT id, authors FROM articles WHERE {within}"
        return self._counted(
            f"SELECT chosen.id, value AS name FROM ({chosen}) AS chosen, json_each(chosen.authors)", values
        )

    def _counted(self, named: str, values: Mapping[str, str]) -> dict[str, int]:
        """Count the articles under each name of ``named`` (id, name), most first; lower case is shown last."""
        query = f"""
            SELECT max(name), count(DISTINCT id) FROM ({named}) GROUP BY lower(name) ORDER BY 2 DESC, lower(name)
        """
        with self._cursor() as cursor:
            return dict(cursor.execute(query, values))

    @override
    def span(self, **filters: Unpack[Filters]) -> tuple[date | None, date | None]:
        within, values = where(**filters)
        with self._cursor() as cursor:
            query = f"SELECT min(published), max(published) FROM articles WHERE {within}"
            first, last = cursor.execute(query, values).fetchone()
        return (date.fromisoformat(first), date.fromisoformat(last)) if first else (None, None)

    @override
    def naming(self, words: str, **filters: Unpack[Filters]) -> list[Article]:
        within, values = where(**filters)
        query = f"""
            SELECT {ARTICLE}, {COPIES} FROM articles WHERE same_as IS NULL AND {within}
            AND (instr(lower(text), lower(:words)) OR instr(lower(title), lower(:words))) ORDER BY path
        """
        with self._cursor() as cursor:
            return [article_of(row) for row in cursor.execute(query, {**values, "words": words})]

    @override
    def search(self, vector: Vectors, text: str, n: int, **filters: Unpack[Filters]) -> list[Candidate]:
        indexes = self._loaded
        among = self._passages_in(indexes, **filters)
        dense = indexes.vectors.search(vector, n, among=among)
        lexical = indexes.words.search(text, n, among=among)
        cosines, shares = dict(dense), dict(lexical)
        others = [row for row in shares if row not in cosines]
        shares |= indexes.words.search(text, n, among=[row for row in cosines if row not in shares])
        cosines |= zip(others, indexes.vectors.cosines(vector, others), strict=True)
        dense_ranks = {row: rank for rank, (row, _) in enumerate(dense, 1)}
        lexical_ranks = {row: rank for rank, (row, _) in enumerate(lexical, 1)}
        return [
            Candidate(row, cosine, shares.get(row, 0.0), dense_ranks.get(row), lexical_ranks.get(row))
            for row, cosine in sorted(cosines.items())
        ]

    @property
    def _loaded(self) -> _Indexes:
        if self._indexes is None:
            raise RuntimeError("load_indexes was not called")
        return self._indexes

    def _passages_in(self, indexes: _Indexes, **filters: Unpack[Filters]) -> Ids | None:
        """Return the ids of the passages of the articles that the filters leave; None: of all."""
        within, values = where(**filters)
        if not values:
            return None
        asked = (within, *values.values())
        if asked not in indexes.filtered:
            query = f"SELECT id FROM passages WHERE article IN (SELECT id FROM articles WHERE {within})"
            with self._cursor() as cursor:
                rows = cursor.execute(query, values).fetchall()
            if len(indexes.filtered) >= _FILTERS_KEPT:
                indexes.filtered.clear()
            indexes.filtered[asked] = np.array(rows, dtype=np.int64).reshape(-1)
        return indexes.filtered[asked]

    @override
    def published(self, passages: Collection[PassageId]) -> dict[PassageId, date]:
        query = """
            SELECT passages.id, published FROM passages JOIN articles ON articles.id = passages.article
            WHERE published IS NOT NULL AND passages.id IN (SELECT value FROM json_each(?))
        """
        with self._cursor() as cursor:
            rows = cursor.execute(query, (json.dumps(list(passages)),))
            return {passage: date.fromisoformat(published) for passage, published in rows}

    @override
    def passages(self, passages: Collection[PassageId]) -> dict[PassageId, Passage]:
        query = 'SELECT id, article, "start", "end" FROM passages WHERE id IN (SELECT value FROM json_each(?))'
        with self._cursor() as cursor:
            spans = {row[0]: row[1:] for row in cursor.execute(query, (json.dumps(list(passages)),))}
            # One may be gone where the articles were changed since the index was loaded that found it, and only then.
            gone, indexes = set(passages) - spans.keys(), self._loaded
            if gone and self.state == indexes.state and gone & indexes.vectors.ids():
                raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: passages are missing")
            return {row: Passage(self._held(article), start, end) for row, (article, start, end) in spans.items()}

    def _held(self, article_id: str) -> Article:
        """Return the article that a passage or a quote is of, which must be there."""
        try:
            return self.article(article_id)
        except KeyError as error:
            raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: {error}") from error

    @override
    def speakers(self, **filters: Unpack[Filters]) -> dict[str, int]:
        within, values = where(**filters)
        # Without filters the index on speakers alone tells, in a tenth of the time.
        articles = "JOIN articles ON articles.id = quotes.article" if values else ""
        query = f"""
            SELECT speaker, count(*) FROM quotes {articles}
            WHERE speaker IS NOT NULL AND {within} GROUP BY speaker ORDER BY count(*) DESC, speaker
        """
        with self._cursor() as cursor:
            return dict(cursor.execute(query, values))

    @override
    def pronouns(self, speakers: Sequence[str]) -> dict[str, int]:
        query = """
            SELECT pronoun, count(*) FROM (
                SELECT lower(substr(text, json_extract(mention, '$[0]') + 1,
                    json_extract(mention, '$[1]') - json_extract(mention, '$[0]'))) AS pronoun
                FROM quotes JOIN articles ON articles.id = quotes.article
                WHERE speaker IN (SELECT value FROM json_each(?)) AND resolved_by = 'pronoun' AND mention IS NOT NULL
                LIMIT 100
            ) GROUP BY pronoun
        """
        with self._cursor() as cursor:
            return dict(cursor.execute(query, (json.dumps(list(speakers)),)))

    @override
    def quotes(
        self,
        *,
        speakers: Collection[str] | None = None,
        articles: Collection[str] | None = None,
        **filters: Unpack[Filters],
    ) -> list[Quote]:
        within, values = where(**filters)
        for name, column, chosen in (("s", "speaker", speakers), ("a", "quotes.article", articles)):
            if chosen is not None:
                within += f" AND {column} IN (SELECT value FROM json_each(:{name}))"
                values[name] = json.dumps(list(chosen))
        query = f"""
            SELECT articles.id, {QUOTE.removesuffix(", vector")}
            FROM quotes JOIN articles ON articles.id = quotes.article
            WHERE {within} ORDER BY path, "start"
        """
        with self._cursor() as cursor:
            return [
                quote_of(self._held(article_id), row) for article_id, *row in cursor.execute(query, values).fetchall()
            ]

    @override
    def nearness(self, vector: Vectors, quotes: Sequence[Quote]) -> list[Nearness]:
        chosen = (json.dumps(list({quote.article.id for quote in quotes})),)
        within = "article IN (SELECT value FROM json_each(?))"
        with self._cursor() as cursor:
            own = cursor.execute(
                f'SELECT article, "start", "end", vector FROM quotes WHERE {within}', chosen
            ).fetchall()
            passages = cursor.execute(
                f'SELECT article, "start", vector FROM passages WHERE {within} ORDER BY article, "start"', chosen
            ).fetchall()
            query = "SELECT id, title_vector FROM articles WHERE id IN (SELECT value FROM json_each(?))"
            titles = dict(cursor.execute(query, chosen))
        cosine_of_own = dict(zip([row[:-1] for row in own], _cosines(vector, [row[-1] for row in own]), strict=True))
        cosine_of_title = dict(zip(titles, _cosines(vector, list(titles.values())), strict=True))
        of_article: dict[str, tuple[list[int], list[float]]] = {}
        for (article, start, _), cosine in zip(passages, _cosines(vector, [row[-1] for row in passages]), strict=True):
            starts, cosines = of_article.setdefault(article, ([], []))
            starts.append(start)
            cosines.append(cosine)
        found = []
        for quote in quotes:
            article = quote.article.id
            if (article, quote.start, quote.end) not in cosine_of_own:
                raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: a quote is missing", [article])
            starts, cosines = of_article.get(article, ([0], [0.0]))
            place = max(bisect_right(starts, quote.start) - 1, 0)
            own_cosine = cosine_of_own[article, quote.start, quote.end]
            found.append(Nearness(own_cosine, cosines[place], cosine_of_title[article], max(cosines)))
        return found

    @override
    def close(self) -> None:
        with self._mutex:
            self._database.close()


def _open(file: Path, *, mend: bool = True) -> sqlite3.Connection:
    """Open the database, made anew where it is no database, damaged, or of another version of this program.

    Without ``mend``, DamagedStoreError is raised for such a one.
    """
    for _ in range(2):
        database = sqlite3.connect(file, check_same_thread=False, timeout=30)
        try:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA foreign_keys = ON")
            database.create_function("folded", 1, _folded, deterministic=True)
            database.create_function("has_words", 5, _has_words, deterministic=True)
            if not tables:
                # Its ids begin anew, so that no index may be left of the ones before.
                _discard_indexes(file.parent)
                database.executescript(f"BEGIN; {SCHEMA} {LISTED}; PRAGMA user_version = {VERSION}; COMMIT;")
                return database
            if version == VERSION and database.execute("SELECT count(*) FROM meta").fetchone()[0] == 3:
                database.execute(LISTED)
                return database
            trouble = "of another version of this program"
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.OperationalError) and _NOT_DAMAGE.search(str(error)):
                database.close()
                raise
            trouble = f"damaged ({error})"
        database.close()
        if not mend:
            raise DamagedStoreError(f"{str(file)!r} is {trouble}")
        log.warning("%s is %s: it is made anew", file, trouble)
        _discard(file)
    raise OSError(f"{str(file)!r} cannot be made")


def _folded(text: str | None) -> str | None:
    return None if text is None else folded(text)


def _has_words(wanted: str, title: str, source: str | None, path: str, authors: str) -> bool:
    return has_words(wanted.split(), title, source, path, *(json.loads(authors) if authors != "[]" else ()))


def _discard_indexes(folder: Path) -> None:
    for name in (FaissIndex.MANIFEST, FaissIndex.FILE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / _WORDS, ignore_errors=True)


def _discard(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _change_state(cursor: sqlite3.Cursor) -> None:
    """Note that a vector index made before this transaction is outdated."""
    cursor.execute("UPDATE meta SET value = ? WHERE key = 'state'", (secrets.token_hex(16),))


def _cosines(vector: Vectors, blobs: Sequence[bytes]) -> list[float]:
    if not blobs:
        return []
    cosines: list[float] = (vectors_of(blobs) @ vector).tolist()
    return cosines
