"""The collection on disk: SQLite is the truth, the indexes of vectors and of words are derived from it."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import shutil
import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
from filelock import FileLock

from embeddings import FaissIndex, LexicalIndex, Row, StaleIndexError
from embeddings.encoder import Vectors
from embeddings.index import Ids
from qa.articles import Article
from qa.passages import Passage, Span
from qa.periods import Period
from qa.quotes import Quote

log = logging.getLogger(__name__)

_FILE = "library.sqlite"
_WORDS = "words"
_FILTERS_KEPT = 20
# A lexical index of so many passages is made anew in less than a second, and its scores are then what they would be
# if no passage had ever been removed.
_SOON_MADE = 20_000
_VERSION = 4
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL, source TEXT,
    authors TEXT NOT NULL, published TEXT, url TEXT, body INTEGER NOT NULL, tags TEXT NOT NULL, stamp TEXT NOT NULL,
    digest TEXT NOT NULL, title_vector BLOB NOT NULL
);
-- AUTOINCREMENT: an id is never given twice, so that an outdated vector index cannot point to another passage.
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    "start" INTEGER NOT NULL, "end" INTEGER NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE quotes (
    article TEXT NOT NULL REFERENCES articles ON DELETE CASCADE, "start" INTEGER NOT NULL, "end" INTEGER NOT NULL,
    speaker TEXT, kind TEXT NOT NULL, cue TEXT, mention TEXT, resolved_by TEXT NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX quotes_of_article ON quotes (article);
CREATE INDEX quotes_of_speaker ON quotes (speaker);
INSERT INTO meta VALUES ('made_for', ''), ('state', '');
"""
# What SQLite says where the disk or another process is in the way; whatever else it says is damage.
_NOT_DAMAGE = re.compile("locked|full|readonly|unable to open|permission|out of memory|interrupted")
_QUOTE = '"start", "end", speaker, kind, cue, mention, resolved_by, vector'
_FIELDS = "id, title, text, path, source, authors, published, url, body, tags"


class Filters(TypedDict, total=False):
    """Which articles to look in: those for which all that is given holds.

    ``source``, ``author`` and ``tag`` are names, in any case; ``since`` and ``until`` are dates, both included, or
    "YYYY-MM-DD" (an article without a date is in no period); ``article`` is an id, path or title.
    """

    source: str | None
    author: str | None
    since: date | str | None
    until: date | str | None
    article: str | None
    tag: str | None


class Nearness(NamedTuple):
    """How near a quote is to a vector: cosines (-1..1) of its sentences, passage, article's title and best passage."""

    own: float
    passage: float
    title: float
    article: float


@dataclass(frozen=True)
class _Indexes:
    """What was derived from one state of the articles, and which of its passages lately used filters leave."""

    state: str
    vectors: FaissIndex
    words: LexicalIndex
    filtered: dict[tuple[str, ...], Ids] = field(default_factory=dict)


class Candidate(NamedTuple):
    """A passage, by its id, that one search found, and what both make of it: see `qa.retrieval.Hit`."""

    passage: int
    cosine: float
    bm25: float
    dense_rank: int | None
    lexical_rank: int | None


class DamagedStoreError(Exception):
    """What is on disk is not what was written. ``articles`` are the ids to read again; none named: all."""

    def __init__(self, message: str, articles: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.articles = tuple(articles)


class Store:
    """Articles, their passages and vectors, in one folder.

    One article's change is one transaction; a crash at any moment leaves each article whole, old or new. Several
    processes may read; who changes anything holds `writing`. Threads may share a Store. Raises OSError where the
    folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "lock")
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
    def writing(self) -> Iterator[None]:
        """Hold off every other process that would change the store; waits for one that is at it."""
        try:
            self._lock.acquire(timeout=0.5)
        except TimeoutError:
            log.info("another process is changing the index in %s: waiting for it", self.folder)
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

    def stamps(self) -> dict[str, tuple[str, str]]:
        """Return what is held: path in the folder -> (article id, stamp)."""
        with self._cursor() as cursor:
            rows = cursor.execute("SELECT path, id, stamp FROM articles")
            return {path: (article_id, stamp) for path, article_id, stamp in rows}

    def replace_article(
        self,
        article: Article,
        passages: Sequence[Passage],
        passage_vectors: Vectors,
        *,
        quotes: Sequence[Quote],
        quote_vectors: Vectors,
        title_vector: Vectors,
        stamp: str,
    ) -> None:
        """Put an article with its passages and its quotes in the place of the old one.

        ``passage_vectors`` (len(passages), dimension) and ``quote_vectors`` (len(quotes), dimension), of the sentences
        in which the quotes stand, are in their order; ``title_vector`` has the shape (dimension,).
        """
        spans = [(passage.start, passage.end) for passage in passages]
        blobs = [_blob(vector) for vector in passage_vectors]
        said = [(*_quote_row(quote), _blob(vector)) for quote, vector in zip(quotes, quote_vectors, strict=True)]
        title = _blob(title_vector)
        with self._cursor() as cursor:
            cursor.execute("DELETE FROM articles WHERE id = ?", (article.id,))
            cursor.execute(
                f"INSERT INTO articles ({_FIELDS}, stamp, title_vector, digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*_row(article), stamp, title, _digest(article, spans, blobs, said, title)),
            )
            cursor.executemany(
                'INSERT INTO passages (article, "start", "end", vector) VALUES (?, ?, ?, ?)',
                [(article.id, start, end, blob) for (start, end), blob in zip(spans, blobs, strict=True)],
            )
            cursor.executemany(
                f"INSERT INTO quotes (article, {_QUOTE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(article.id, *row) for row in said],
            )
            _change_state(cursor)
            self._articles.pop(article.id, None)

    def restamp(self, article_id: str, stamp: str) -> None:
        """Note that the file was looked at again and holds the same text."""
        with self._cursor() as cursor:
            cursor.execute("UPDATE articles SET stamp = ? WHERE id = ?", (stamp, article_id))

    def delete(self, article_ids: Sequence[str]) -> None:
        """Remove articles with all that belongs to them."""
        if article_ids:
            with self._cursor() as cursor:
                cursor.executemany("DELETE FROM articles WHERE id = ?", [(article_id,) for article_id in article_ids])
                _change_state(cursor)
                for article_id in article_ids:
                    self._articles.pop(article_id, None)

    @property
    def state(self) -> str:
        """What names the present state of the articles: another one after each change."""
        return self._meta("state")

    @property
    def made_for(self) -> str:
        """What made the passages and vectors that are held; empty in a new store."""
        return self._meta("made_for")

    def _meta(self, key: str) -> str:
        with self._cursor() as cursor:
            row = cursor.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if not row:
            raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: {key!r} is missing")
        return str(row[0])

    def clear(self, *, made_for: str) -> None:
        """Remove everything, and note what makes the vectors that follow."""
        with self._cursor() as cursor:
            cursor.execute("DELETE FROM articles")
            cursor.execute("UPDATE meta SET value = ? WHERE key = 'made_for'", (made_for,))
            _change_state(cursor)
            self._articles.clear()

    def discard(self) -> None:
        """Put a new, empty database in the place of a damaged one."""
        with self._mutex:
            self._database.close()
            _discard(self.folder / _FILE)
            self._database = _open(self.folder / _FILE)
            self._articles.clear()

    def load_indexes(self) -> None:
        """Bring the indexes in step with the articles: the saved ones if they are theirs and whole, else made anew.

        Raises DamagedStoreError where an article's row, passages or vectors are not as they were written.
        """
        with self._cursor() as cursor:
            state = self.state
            try:
                vectors = FaissIndex.load(self.folder, made_from=state)
            except StaleIndexError as reason:
                log.info("making the vector index anew: %s", reason)
                vectors = FaissIndex(*self._verified_rows(cursor))
                vectors.save(self.folder, made_from=state)
            self._indexes = _Indexes(state, vectors, self._words(cursor, state))

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

    def _verified_rows(self, cursor: sqlite3.Cursor) -> tuple[list[int], Vectors]:
        ids: list[int] = []
        blobs: list[bytes] = []
        damaged = []
        for (article_id,) in cursor.execute("SELECT id FROM articles").fetchall():
            rows = self._verified(cursor, article_id)
            if rows is None:
                damaged.append(article_id)
                continue
            ids += [passage_id for passage_id, _ in rows[1]]
            blobs += [blob for _, blob in rows[1]]
        if damaged:
            raise DamagedStoreError(f"{len(damaged)} articles in {str(self.folder)!r} are damaged", damaged)
        return ids, np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(ids), -1 if ids else 1)

    def _verified(self, cursor: sqlite3.Cursor, article_id: str) -> tuple[Article, list[tuple[int, bytes]]] | None:
        """Return an article and its (passage id, vector), or None unless they are what was written."""
        row = cursor.execute(
            f"SELECT {_FIELDS}, title_vector, digest FROM articles WHERE id = ?", (article_id,)
        ).fetchone()
        query = 'SELECT id, "start", "end", vector FROM passages WHERE article = ? ORDER BY id'
        passages = cursor.execute(query, (article_id,)).fetchall()
        said = cursor.execute(f"SELECT {_QUOTE} FROM quotes WHERE article = ? ORDER BY rowid", (article_id,)).fetchall()
        try:
            article = _article(row[:-2])
            spans, blobs = [(start, end) for _, start, end, _ in passages], [blob for *_, blob in passages]
            digest = _digest(article, spans, blobs, said, row[-2])
        except (TypeError, ValueError, UnicodeError):
            return None
        return (article, [(passage_id, blob) for passage_id, _, _, blob in passages]) if digest == row[-1] else None

    def article(self, article_id: str) -> Article:
        """Return one article, its text checked to be what was read. Raises KeyError, DamagedStoreError."""
        with self._cursor() as cursor:
            if article_id not in self._articles:
                if not cursor.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone():
                    raise KeyError(f"no article {article_id!r}")
                rows = self._verified(cursor, article_id)
                if rows is None:
                    raise DamagedStoreError(f"the article {article_id!r} in the index is damaged", [article_id])
                if len(self._articles) >= 1000:
                    self._articles.pop(next(iter(self._articles)))
                self._articles[article_id] = rows[0]
            return self._articles[article_id]

    def articles(self) -> list[Article]:
        """Return all articles, in the order of their paths."""
        with self._cursor() as cursor:
            rows = cursor.execute(f"SELECT {_FIELDS} FROM articles ORDER BY path").fetchall()
        return [_article(row) for row in rows]

    def count(self) -> int:
        """Return how many articles are held."""
        with self._cursor() as cursor:
            return int(cursor.execute("SELECT count(*) FROM articles").fetchone()[0])

    def newest(self, **filters: Unpack[Filters]) -> date | None:
        """Return the date of the newest article that the filters leave; None where none has a date."""
        where, values = _where(**filters)
        with self._cursor() as cursor:
            latest = cursor.execute(f"SELECT max(published) FROM articles WHERE {where}", values).fetchone()[0]
        return date.fromisoformat(latest) if latest else None

    def candidates(self, vector: Vectors, text: str, n: int, **filters: Unpack[Filters]) -> list[Candidate]:
        """Return the ``n`` passages nearest to ``vector`` (dimension,) and the ``n`` nearest by the words of ``text``.

        They are of the articles that the filters leave, in no order.
        """
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
            for row, cosine in cosines.items()
        ]

    @property
    def _loaded(self) -> _Indexes:
        if self._indexes is None:
            raise RuntimeError("load_indexes was not called")
        return self._indexes

    def _passages_in(self, indexes: _Indexes, **filters: Unpack[Filters]) -> Ids | None:
        """Return the ids of the passages of the articles that the filters leave; None: of all."""
        where, values = _where(**filters)
        if not values:
            return None
        asked = (where, *values.values())
        if asked not in indexes.filtered:
            query = f"SELECT id FROM passages WHERE article IN (SELECT id FROM articles WHERE {where})"
            with self._cursor() as cursor:
                rows = cursor.execute(query, values).fetchall()
            if len(indexes.filtered) >= _FILTERS_KEPT:
                indexes.filtered.clear()
            indexes.filtered[asked] = np.array(rows, dtype=np.int64).reshape(-1)
        return indexes.filtered[asked]

    def published(self, passages: Collection[int]) -> dict[int, date]:
        """Return when the articles of passages (ids) were published: of those that are there and have a date."""
        query = """
            SELECT passages.id, published FROM passages JOIN articles ON articles.id = passages.article
            WHERE published IS NOT NULL AND passages.id IN (SELECT value FROM json_each(?))
        """
        with self._cursor() as cursor:
            rows = cursor.execute(query, (json.dumps(list(passages)),))
            return {passage: date.fromisoformat(published) for passage, published in rows}

    def passages(self, passages: Collection[int]) -> dict[int, Passage]:
        """Return passages by their ids. Raises DamagedStoreError."""
        query = 'SELECT id, article, "start", "end" FROM passages WHERE id IN (SELECT value FROM json_each(?))'
        with self._cursor() as cursor:
            spans = {row[0]: row[1:] for row in cursor.execute(query, (json.dumps(list(passages)),))}
            # One may be gone where another process changed the articles since the indexes were loaded, and only then.
            if len(spans) < len(passages) and self.state == self._loaded.state:
                raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: passages are missing")
            return {row: Passage(self._held(article), start, end) for row, (article, start, end) in spans.items()}

    def _held(self, article_id: str) -> Article:
        """Return the article that a passage or a quote is of, which must be there."""
        try:
            return self.article(article_id)
        except KeyError as error:
            raise DamagedStoreError(f"the index in {str(self.folder)!r} is damaged: {error}") from error

    def speakers(self, **filters: Unpack[Filters]) -> dict[str, int]:
        """Return who is quoted in the articles that the filters leave, and how often."""
        where, values = _where(**filters)
        # Without filters the index on speakers alone tells, in a tenth of the time.
        articles = "JOIN articles ON articles.id = quotes.article" if values else ""
        query = f"""
            SELECT speaker, count(*) FROM quotes {articles}
            WHERE speaker IS NOT NULL AND {where} GROUP BY speaker ORDER BY count(*) DESC, speaker
        """
        with self._cursor() as cursor:
            return dict(cursor.execute(query, values))

    def quotes(
        self,
        *,
        speakers: Collection[str] | None = None,
        articles: Collection[str] | None = None,
        **filters: Unpack[Filters],
    ) -> list[Quote]:
        """Return the quotes by any of ``speakers`` in any of ``articles`` (ids), as the filters leave them.

        In the order of the articles' paths and of their texts. Raises DamagedStoreError.
        """
        where, values = _where(**filters)
        for name, column, chosen in (("s", "speaker", speakers), ("a", "quotes.article", articles)):
            if chosen is not None:
                where += f" AND {column} IN (SELECT value FROM json_each(:{name}))"
                values[name] = json.dumps(list(chosen))
        query = f"""
            SELECT articles.id, {_QUOTE.removesuffix(", vector")}
            FROM quotes JOIN articles ON articles.id = quotes.article
            WHERE {where} ORDER BY path, "start"
        """
        with self._cursor() as cursor:
            return [
                Quote(self._held(article_id), start, end, speaker, kind, _span(cue), _span(mention), resolved_by)
                for article_id, start, end, speaker, kind, cue, mention, resolved_by in cursor.execute(
                    query, values
                ).fetchall()
            ]

    def nearness(self, vector: Vectors, quotes: Sequence[Quote]) -> list[Nearness]:
        """Return how near each of ``quotes`` is to ``vector`` (dimension,), by the vectors that are stored."""
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

    def close(self) -> None:
        """Let go of the files."""
        with self._mutex:
            self._database.close()


def _open(file: Path) -> sqlite3.Connection:
    """Open the database, made anew where it is no database, damaged, or of another version of this program."""
    for _ in range(2):
        database = sqlite3.connect(file, check_same_thread=False, timeout=30)
        try:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA foreign_keys = ON")
            if not tables:
                # Its ids begin anew, so that no index may be left of the ones before.
                shutil.rmtree(file.with_name(_WORDS), ignore_errors=True)
                database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
                return database
            if version == _VERSION and database.execute("SELECT count(*) FROM meta").fetchone()[0] == 2:
                return database
            log.warning("%s is of another version of this program: it is made anew", file)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.OperationalError) and _NOT_DAMAGE.search(str(error)):
                database.close()
                raise
            log.warning("%s is damaged (%s): it is made anew", file, error)
        database.close()
        _discard(file)
    raise OSError(f"{str(file)!r} cannot be made")


def _discard(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _change_state(cursor: sqlite3.Cursor) -> None:
    """Note that a vector index made before this transaction is outdated."""
    cursor.execute("UPDATE meta SET value = ? WHERE key = 'state'", (secrets.token_hex(16),))


def day(value: date | str | None) -> date | None:
    """Return a date as it is, and "YYYY-MM-DD" as a date. Raises ValueError for what is neither."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no date: write it as YYYY-MM-DD") from error
    return value


def narrowed(filters: Filters, period: Period) -> Filters:
    """Return the filters with their ``since`` and ``until`` narrowed to a period: what both leave is left."""
    since, until = day(filters.get("since")), day(filters.get("until"))
    return {
        **filters,
        "since": max(filter(None, (since, period.since)), default=None),
        "until": min(filter(None, (until, period.until)), default=None),
    }


def _where(**filters: Unpack[Filters]) -> tuple[str, dict[str, str]]:
    """Return the condition on articles that the filters make, and its values."""
    unknown = filters.keys() - Filters.__annotations__.keys()
    if unknown:
        raise TypeError(f"there is no filter {min(unknown)!r}: there are {', '.join(Filters.__annotations__)}")
    since, until = day(filters.get("since")), day(filters.get("until"))
    conditions = {
        "source": ("lower(source) = lower(:source)", filters.get("source")),
        "author": (
            "EXISTS (SELECT 1 FROM json_each(authors) WHERE lower(value) = lower(:author))",
            filters.get("author"),
        ),
        "since": ("published >= :since", since.isoformat() if since else None),
        "until": ("published <= :until", until.isoformat() if until else None),
        "article": (":article IN (articles.id, path, title)", filters.get("article")),
        "tag": ("EXISTS (SELECT 1 FROM json_each(tags) WHERE lower(value) = lower(:tag))", filters.get("tag")),
    }
    asked = {name: (condition, value) for name, (condition, value) in conditions.items() if value is not None}
    return (
        " AND ".join(["TRUE", *(condition for condition, _ in asked.values())]),
        {name: value for name, (_, value) in asked.items()},
    )


def _span(text: str | None) -> Span | None:
    if text is None:
        return None
    start, end = json.loads(text)
    return start, end


def _row(article: Article) -> tuple[str | int | None, ...]:
    published = article.published.isoformat() if article.published else None
    authors, tags = (json.dumps(names, ensure_ascii=False) for names in (article.authors, article.tags))
    a = article
    return (a.id, a.title, a.text, a.path, a.source, authors, published, a.url, a.body, tags)


def _article(row: tuple[str, str, str, str, str | None, str, str | None, str | None, int, str]) -> Article:
    article_id, title, text, path, source, authors, published, url, body, tags = row
    day = date.fromisoformat(published) if published else None
    return Article(
        article_id, title, text, path, source, tuple(json.loads(authors)), day, url, body, tuple(json.loads(tags))
    )


def _quote_row(quote: Quote) -> tuple[int | str | None, ...]:
    cue, mention = (json.dumps(span) if span else None for span in (quote.cue, quote.mention))
    return (quote.start, quote.end, quote.speaker, quote.kind, cue, mention, quote.resolved_by)


def _cosines(vector: Vectors, blobs: Sequence[bytes]) -> list[float]:
    if not blobs:
        return []
    cosines: list[float] = (np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), -1) @ vector).tolist()
    return cosines


def _blob(vector: Vectors) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _digest(
    article: Article,
    spans: Sequence[tuple[int, int]],
    vectors: Sequence[bytes],
    quotes: Sequence[Sequence[Any]],
    title: bytes,
) -> str:
    digest = hashlib.sha256(json.dumps([_row(article), list(spans), [quote[:-1] for quote in quotes]]).encode())
    for vector in (*vectors, *(quote[-1] for quote in quotes), title):
        digest.update(vector)
    return digest.hexdigest()
