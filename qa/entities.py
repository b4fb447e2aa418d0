"""Articles, passages and quotes <-> entities of Milvus: the collections, their fields, and conditions on them."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from embeddings import lexical_words
from embeddings.encoder import Vectors
from qa.articles import Article
from qa.filters import Filters, asked_for
from qa.passages import Passage
from qa.quotes import Quote
from qa.repeats import Lines, Sketch
from qa.rows import article_of, article_row, as_read, content_of, digest_in, quote_of, quote_row
from qa.store import Prepared

if TYPE_CHECKING:
    from pymilvus import CollectionSchema

Entity = dict[str, Any]

# Raise it when the collections change: those of another version are refused.
VERSION = 1
# The most bytes that Milvus takes in one field; a character is at most four.
_MOST = 65_535
_PART = _MOST // 4
# Of a longer article the paragraphs in the middle are not looked at for boilerplate, which is at its ends.
_LINES = 4_000
# A name or a place that is longer is cut, in articles and in filters alike.
_NAME = 4_000
_NAMES = 256

# The collections. Where an article is (``path`` to ``tags``) is in each entity that a filter may be put on.
ARTICLES, PASSAGES, QUOTES, NOTES = "articles", "passages", "quotes", "notes"
_KEYED = {"path": _NAME, "title": _NAME, "source": _NAME, "authors": _NAMES, "tags": _NAMES}
_TEXTS = {  # collection -> its fields of text and the most bytes in each
    ARTICLES: {
        **{"digest": 64, "file": _MOST, "as_read": 64, "content": 64, "same_as": 200, "written": _MOST},
        **{"names": _MOST, "lines": _MOST, "sketch": 4_000},
    },
    PASSAGES: {"words": _MOST, "title_words": _MOST},
    QUOTES: {"speaker": 4 * _NAME, "pronoun": 4 * _NAME, "resolved_by": 50, "quote": _MOST},
    NOTES: {"kind": 20, "value": _MOST},
}
_NUMBERS = {
    ARTICLES: ("published", "size", "has_boilerplate", "passages", "quotes", "notes"),
    PASSAGES: ("published", "start", "end"),
    QUOTES: ("published", "ordinal"),
    NOTES: (),
}
# By what entities are looked for.
_INDEXED = {
    ARTICLES: ("content", "same_as", "published", "source"),
    PASSAGES: ("article", "published", "source"),
    QUOTES: ("article", "published", "source", "speaker"),
    NOTES: ("article", "kind"),
}


def schema_of(name: str, dimension: int, *, fulltext: bool) -> CollectionSchema:
    """Return the fields of a collection; with ``fulltext``, Milvus makes what BM25 goes by of a passage's words."""
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=300)
    schema.add_field("article", DataType.VARCHAR, max_length=200)
    for number in ("version", *_NUMBERS[name]):
        schema.add_field(number, DataType.INT64)
    for field, most in _TEXTS[name].items():
        analyzed = fulltext and name == PASSAGES
        schema.add_field(field, DataType.VARCHAR, max_length=most, enable_analyzer=analyzed, enable_match=analyzed)
    if name != NOTES:
        for field, most in _KEYED.items():
            more = {"element_type": DataType.VARCHAR, "max_capacity": most} if most == _NAMES else {}
            schema.add_field(field, DataType.ARRAY if more else DataType.VARCHAR, max_length=4 * _NAME, **more)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2 if name == NOTES else dimension)
    if fulltext and name == PASSAGES:
        schema.add_field("bm25", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function("of_words", FunctionType.BM25, input_field_names=["words"], output_field_names=["bm25"])
        )
    return schema


def indexes_of(name: str, *, fulltext: bool) -> Iterator[dict[str, Any]]:
    """Yield the indexes of a collection, as `IndexParams.add_index` takes them."""
    # Only passages are looked for by their vectors: those of quotes and titles are fetched.
    kind = "AUTOINDEX" if name == PASSAGES else "FLAT"
    yield {"field_name": "vector", "index_type": kind, "metric_type": "COSINE"}
    if fulltext:
        if name == PASSAGES:
            bm25 = {"bm25_k1": 1.2, "bm25_b": 0.75}
            yield {"field_name": "bm25", "index_type": "SPARSE_INVERTED_INDEX", "metric_type": "BM25", "params": bm25}
        for field in _INDEXED[name]:
            yield {"field_name": field, "index_type": "INVERTED"}


def entities_of(new: Prepared, version: int, same_as: str) -> dict[str, list[Entity]]:
    """Return what is stored of an article, by collection. Its own entity is what makes the others count."""
    article = new.article
    place = _place(article)
    if len(new.lines) > _LINES:
        new = replace(new, lines=np.r_[new.lines[: _LINES // 2], new.lines[-_LINES // 2 :]])
    written = json.dumps(article_row(article), ensure_ascii=False)
    parts = [written[start : start + _PART] for start in range(0, len(written), _PART)]
    of_article = {"article": article.id, "version": version}
    title_words = lexical_words(article.title)
    own = {
        **of_article,
        **place,
        **{"id": article.id, "digest": digest_in(new), "file": new.file, "as_read": as_read(article)},
        **{"content": content_of(article), "same_as": same_as, "size": len(article.text)},
        "names": _names(article),
        **{"written": parts[0], "has_boilerplate": int(bool(article.boilerplate))},
        **{PASSAGES: len(new.passages), QUOTES: len(new.quotes), NOTES: len(parts) - 1},
        **{"lines": _text(new.lines, "<u8"), "sketch": _text(new.sketch, "<u4")},
        "vector": _vector(new.title_vector),
    }
    return {
        PASSAGES: [
            {
                **of_article,
                **place,
                **_searched(passage, title_words),
                **{"id": _id(article.id, version, ordinal), "start": passage.start, "end": passage.end},
                "vector": _vector(vector),
            }
            for ordinal, (passage, vector) in enumerate(zip(new.passages, new.passage_vectors, strict=True))
        ],
        QUOTES: [
            {
                **of_article,
                **place,
                **{"id": _id(article.id, version, ordinal), "ordinal": ordinal},
                **{"speaker": (quote.speaker or "")[:_NAME], "pronoun": _pronoun(quote)[:_NAME]},
                "resolved_by": quote.resolved_by,
                "quote": json.dumps(quote_row(quote), ensure_ascii=False),
                "vector": _vector(vector),
            }
            for ordinal, (quote, vector) in enumerate(zip(new.quotes, new.quote_vectors, strict=True))
        ],
        NOTES: [
            note("text", part, id=_id(article.id, version, ordinal), article=article.id, version=version)
            for ordinal, part in enumerate(parts[1:])
        ],
        ARTICLES: [own],
    }


def ids_of(name: str, article: Entity) -> list[str]:
    """Return the ids of an article's passages, quotes or further parts of its text, of its own entity."""
    return [_id(article["id"], article["version"], ordinal) for ordinal in range(article[name])]


def _id(article: str, version: int, ordinal: int) -> str:
    return f"{article}:{version}:{ordinal}"


def note(kind: str, value: str, *, id: str, article: str = "", version: int = 0) -> Entity:
    """Return an entity of what is no article: a file, a group of near copies, a part of a long text, a fact."""
    return {"id": id, "article": article, "version": version, "kind": kind, "value": value, "vector": [1.0, 0.0]}


def _names(article: Article) -> str:
    """Return who an article is from and by, as they are shown: of too many authors, the first."""
    authors = list(article.authors)
    while True:
        told = json.dumps([article.source and article.source[:_NAME], authors], ensure_ascii=False)
        if len(told.encode()) <= _MOST:
            return told
        authors = authors[: len(authors) // 2]


def _place(article: Article) -> Entity:
    """Return by what filters choose an article. Names are in lower case; a day is its number, 0 where there is none."""
    return {
        "path": article.path[:_NAME],
        "title": article.title[:_NAME],
        "source": (article.source or "").lower()[:_NAME],
        "authors": [name.lower()[:_NAME] for name in article.authors[:_NAMES]],
        "tags": [name.lower()[:_NAME] for name in article.tags[:_NAMES]],
        "published": article.published.toordinal() if article.published else 0,
    }


def _searched(passage: Passage, title_words: Sequence[str]) -> Entity:
    words, title = (_fitting(own) for own in (lexical_words(passage.text), title_words))
    return {"words": words, "title_words": title}


def _fitting(words: Sequence[str]) -> str:
    return " ".join(words).encode()[:_MOST].decode(errors="ignore")


def _pronoun(quote: Quote) -> str:
    """Return the pronoun that stands for who said it, in lower case."""
    return quote.article.text[slice(*quote.mention)].lower() if quote.mention else ""


def _text(numbers: NDArray[Any], form: str) -> str:
    return b64encode(numbers.astype(form).tobytes()).decode()


def _vector(vector: Vectors) -> list[float]:
    numbers: list[float] = np.asarray(vector, dtype=np.float32).tolist()
    return numbers


def vectors_in(entities: Sequence[Entity]) -> Vectors:
    """Return the vectors of entities, as (number of them, dimension)."""
    return np.array([e["vector"] for e in entities], np.float32).reshape(len(entities), -1 if entities else 1)


def numbers_in(entity: Entity) -> tuple[Lines, Sketch]:
    """Return what an article's entity is compared by."""
    return np.frombuffer(b64decode(entity["lines"]), "<u8"), np.frombuffer(b64decode(entity["sketch"]), "<u4")


def article_in(written: str, copies: Iterable[str]) -> Article:
    """Make an article of what was written of it. Raises ValueError where that is damaged."""
    return article_of([*json.loads(written), json.dumps(list(copies))])


def quote_in(article: Article, entity: Entity) -> Quote:
    """Make a quote of an article of its entity."""
    return quote_of(article, json.loads(entity["quote"]))


def condition(**filters: Unpack[Filters]) -> str:
    """Return the condition that the filters make on articles, passages and quotes; empty for none."""
    wanted, since, until = asked_for(**filters)
    names = {name: [value[:_NAME] for value in several] for name, several in wanted.items()}
    lower = {name: listed(value.lower() for value in several) for name, several in names.items()}
    conditions = []
    if "source" in names:
        conditions.append(f"source in {lower['source']}")
    if "author" in names:
        conditions.append(f"array_contains_any(authors, {lower['author']})")
    if since:
        conditions.append(f"published >= {since.toordinal()}")
    if until:
        conditions += ["published > 0", f"published <= {until.toordinal()}"]
    if "article" in names:
        places = listed(names["article"])
        conditions.append(f"(article in {places} or path in {places} or title in {places})")
    if "tag" in names:
        conditions.append(f"array_contains_any(tags, {lower['tag']})")
    return both(*conditions)


def both(*conditions: str) -> str:
    """Return the condition that all of some hold, of which empty ones do."""
    return " and ".join(filter(None, conditions))


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a condition, whatever is in them."""
    return json.dumps(list(names), ensure_ascii=False)


def day_in(entity: Mapping[str, Any]) -> date | None:
    """Return the date of an article's, passage's or quote's entity."""
    return date.fromordinal(entity["published"]) if entity["published"] else None
