"""Articles, passages and quotes <-> rows of SQLite: the tables, and what is in each column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from embeddings.encoder import Vectors
from qa.articles import Article
from qa.passages import Span
from qa.quotes import Quote
from qa.store import Prepared

# Raise it when the tables change: an index of another version is made anew.
VERSION = 5
# What lists of articles and filters go by, apart from the long texts. An older index gets it when it is opened.
LISTED = """
CREATE INDEX IF NOT EXISTS articles_listed ON articles (path, id, title, source, authors, published, tags, same_as)
"""
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, skipped TEXT NOT NULL) WITHOUT ROWID;
-- An article whose text another one has, too, is the same as that one, and has no passages and quotes of its own.
CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL, source TEXT,
    authors TEXT NOT NULL, published TEXT, url TEXT, body INTEGER NOT NULL, tags TEXT NOT NULL,
    boilerplate TEXT NOT NULL, file TEXT NOT NULL, as_read TEXT NOT NULL, content TEXT NOT NULL,
    same_as TEXT REFERENCES articles, near INTEGER, lines BLOB NOT NULL, sketch BLOB NOT NULL,
    title_vector BLOB NOT NULL, digest TEXT NOT NULL
);
CREATE INDEX articles_of_file ON articles (file);
CREATE INDEX articles_by_content ON articles (content);
CREATE INDEX articles_the_same ON articles (same_as) WHERE same_as IS NOT NULL;
CREATE INDEX articles_near ON articles (near) WHERE near IS NOT NULL;
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
INSERT INTO meta VALUES ('made_for', ''), ('state', ''), ('compared', '');
"""
QUOTE = '"start", "end", speaker, kind, cue, mention, resolved_by, vector'
ARTICLE = "id, title, text, path, source, authors, published, url, body, tags, boilerplate"
COPIES = "(SELECT json_group_array(path) FROM articles AS c WHERE c.same_as = articles.id)"


def span_of(text: str | None) -> Span | None:
    """Return a span (start, end) as it is stored; None where there is none."""
    if text is None:
        return None
    start, end = json.loads(text)
    return start, end


def as_read(article: Article) -> str:
    """Return what names all that was read of an article: another one after any change of its file that concerns it."""
    return _sha(article_row(article)[:-1])


def content_of(article: Article) -> str:
    """Return what names an article's text: two that have the same are copies."""
    return _sha([article.text, article.body])


def _sha(values: Sequence[str | int | None]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def article_row(article: Article) -> tuple[str | int | None, ...]:
    """Return what is stored of an article, in the order of `ARTICLE`."""
    published = article.published.isoformat() if article.published else None
    authors, tags = (json.dumps(names, ensure_ascii=False) for names in (article.authors, article.tags))
    a = article
    return (a.id, a.title, a.text, a.path, a.source, authors, published, a.url, a.body, tags, json.dumps(a.boilerplate))


def article_of(row: Sequence[Any]) -> Article:
    """Make an article of the columns `ARTICLE` and `COPIES`."""
    article_id, title, text, path, source, authors, published, url, body, tags, boilerplate, copies = row
    day = date.fromisoformat(published) if published else None
    names, labels, others = (tuple(json.loads(names)) for names in (authors, tags, copies))
    spans = tuple((start, end) for start, end in json.loads(boilerplate))
    return Article(article_id, title, text, path, source, names, day, url, body, labels, spans, tuple(sorted(others)))


def quote_row(quote: Quote) -> tuple[int | str | None, ...]:
    """Return what is stored of a quote, in the order of `QUOTE`, but for its vector."""
    cue, mention = (json.dumps(span) if span else None for span in (quote.cue, quote.mention))
    return (quote.start, quote.end, quote.speaker, quote.kind, cue, mention, quote.resolved_by)


def quote_of(article: Article, row: Sequence[Any]) -> Quote:
    """Make a quote of an article of the columns `QUOTE`."""
    start, end, speaker, kind, cue, mention, resolved_by = row[:7]
    return Quote(article, start, end, speaker, kind, span_of(cue), span_of(mention), resolved_by)


def blob_of(vector: Vectors) -> bytes:
    """Return a vector as it is stored."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def vectors_of(blobs: Sequence[bytes]) -> Vectors:
    """Return what `blob_of` made of vectors, as (number of them, dimension)."""
    return np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), -1 if blobs else 1)


def digest_of(
    article: Article,
    spans: Sequence[tuple[int, int]],
    vectors: Sequence[bytes],
    quotes: Sequence[Sequence[Any]],
    more: Sequence[bytes],
) -> str:
    """Return what tells whether anything that is stored of an article is not what was written."""
    digest = hashlib.sha256(json.dumps([article_row(article), list(spans), [quote[:-1] for quote in quotes]]).encode())
    for blob in (*vectors, *(quote[-1] for quote in quotes), *more):
        digest.update(blob)
    return digest.hexdigest()


def digest_in(made: Prepared) -> str:
    """Return what tells whether anything that is stored of an article is not what was written."""
    spans = [(passage.start, passage.end) for passage in made.passages]
    vectors = [blob_of(vector) for vector in made.passage_vectors]
    quotes = [(*quote_row(quote), blob_of(own)) for quote, own in zip(made.quotes, made.quote_vectors, strict=True)]
    more = (made.lines.astype("<u8").tobytes(), made.sketch.astype("<u4").tobytes(), blob_of(made.title_vector))
    return digest_of(made.article, spans, vectors, quotes, more)
