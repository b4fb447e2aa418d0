"""What keeps a library: the seam below which are SQLite, FAISS and tantivy, or Milvus."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol, Unpack

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Vectors
from qa.articles import Article, Skipped
from qa.catalogue import Catalogue
from qa.filters import Filters
from qa.passages import Passage
from qa.quotes import Quote
from qa.repeats import Lines, Sketch

# A passage's id is its store's own: the embedded one numbers them, Milvus has article:version:ordinal.
PassageId = int | str


class Problem(NamedTuple):
    """What is wrong with an index, in words, and what it touches.

    "all": it must be made anew; "articles": those in ``articles`` (ids); "indexes": what is derived from the articles;
    "folder": it is not in step with the folder; "disk": there is little room.
    """

    touches: str
    what: str
    articles: tuple[str, ...] = ()


class Nearness(NamedTuple):
    """How near a quote is to a vector: cosines (-1..1) of its sentences, passage, article's title and best passage."""

    own: float
    passage: float
    title: float
    article: float


@dataclass(frozen=True)
class Prepared:
    """An article with all that is made of it, as it is stored: vectors are (number of what they are of, dimension).

    ``quote_vectors`` are of the sentences in which the quotes stand, ``title_vector`` is (dimension,). ``lines`` and
    ``sketch`` are those of `qa.repeats`. ``file`` is the path of the file that it is in, in the folder.
    """

    article: Article
    file: str
    passages: Sequence[Passage]
    passage_vectors: Vectors
    quotes: Sequence[Quote]
    quote_vectors: Vectors
    title_vector: Vectors
    lines: Lines
    sketch: Sketch

    def as_copy(self) -> Prepared:
        """Return what is stored where another article has the same text: nothing that is made of it."""
        none = np.zeros((0, 1), dtype=np.float32)
        return replace(self, passages=[], passage_vectors=none, quotes=[], quote_vectors=none)


class Compared(NamedTuple):
    """What articles are compared by, in the same order: ids, who has boilerplate, and what `qa.repeats` makes."""

    ids: list[str]
    has_boilerplate: list[bool]
    lines: list[Lines]
    titles: Vectors
    sketches: NDArray[np.uint32]


class Candidate(NamedTuple):
    """A passage, by its id, that one search found, and what both make of it: see `qa.retrieval.Hit`."""

    passage: PassageId
    cosine: float
    bm25: float
    dense_rank: int | None
    lexical_rank: int | None


class DamagedStoreError(Exception):
    """What is on disk is not what was written. ``articles`` are the ids to read again; none named: all."""

    def __init__(self, message: str, articles: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.articles = tuple(articles)


class Store(Protocol):
    """Articles, with their passages and quotes and the vectors of these.

    A change of one article is whole or not there, whenever the program stops. Threads may share a store.
    """

    def writing(self, *, wait: bool = True) -> AbstractContextManager[None]:
        """Hold off every other process that would change the store; one that is at it is waited for.

        Without ``wait``, TimeoutError is raised where one is.
        """

    def files(self) -> dict[str, tuple[str, tuple[Skipped, ...]]]:
        """Return which files were read whole: path in the folder -> (stamp, what in it was not read)."""

    def note_file(self, path: str, stamp: str, skipped: Sequence[Skipped]) -> None:
        """Note that a file was read whole."""

    def forget_files(self, paths: Sequence[str]) -> None:
        """Note that files are to be read again, whether they changed or not."""

    def held(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Return what is held: file -> article's path -> (its id, what `as_read` makes of it)."""

    def get(self, article_id: str) -> Prepared | None:
        """Return an article with all that was made of it; None for one that is not held, or damaged."""

    def same_text(self, article: Article) -> str | None:
        """Return the id of another article that has the same text, so that this one needs no vectors."""

    def replace_article(self, new: Prepared) -> None:
        """Put an article with its passages and its quotes in the place of the old one.

        Where another article has the same text, it becomes a copy of that, and what is made of it is not kept.
        """

    def delete(self, article_ids: Sequence[str]) -> None:
        """Remove articles with all that belongs to them, but for what their copies need."""

    def discard_articles(self, article_ids: Sequence[str]) -> None:
        """Remove damaged articles with their copies, and note that their files are to be read again."""

    def compared(self) -> Compared:
        """Return what the articles are compared by, without copies."""

    @property
    def is_compared(self) -> bool:
        """Whether the articles were compared with each other since the last change."""

    def note_compared(self, groups: Mapping[str, int]) -> None:
        """Note which articles (ids) are in which group of near copies, and that all were compared."""

    def near_copies(self, article_id: str) -> list[Article]:
        """Return the other articles of which much is the same, in the order of their paths."""

    @property
    def state(self) -> str:
        """What names the present state of the articles: another one after each change."""

    @property
    def made_for(self) -> str:
        """What made the passages and vectors that are held; empty in a new store."""

    def clear(self, *, made_for: str) -> None:
        """Remove everything, and note what makes the vectors that follow."""

    def discard(self) -> None:
        """Put a new, empty store in the place of a damaged one."""

    def check(self, made_for: str) -> Iterator[Problem]:
        """Yield what is wrong with the store, where what it holds should be made by ``made_for``."""

    def discard_indexes(self) -> None:
        """Remove what is derived from the articles: `load_indexes` makes it anew."""

    def load_indexes(self) -> None:
        """Bring what `search` goes by in step with the articles.

        Raises DamagedStoreError where an article, its passages or vectors are not as they were written.
        """

    def load_earlier_indexes(self) -> bool:
        """Search by what was in step last, while another process changes the articles; False: there is nothing."""

    def article(self, article_id: str) -> Article:
        """Return one article, its text checked to be what was read. Raises KeyError, DamagedStoreError."""

    def articles(self, **filters: Unpack[Filters]) -> list[Article]:
        """Return the articles that the filters leave, in the order of their paths."""

    def count(self, **filters: Unpack[Filters]) -> int:
        """Return how many articles the filters leave."""

    def catalogue(
        self, search: str, *, order: str, descending: bool, limit: int, offset: int, **filters: Unpack[Filters]
    ) -> Catalogue:
        """Return a page of the articles, copies included, that the filters leave; see `qa.Library.catalogue`."""

    def sources(self, **filters: Unpack[Filters]) -> dict[str, int]:
        """Return from which sources the articles are, copies included, that the filters leave; see `qa.Library`."""

    def authors(self, **filters: Unpack[Filters]) -> dict[str, int]:
        """Return by whom the articles are, copies included, that the filters leave; see `qa.Library`."""

    def span(self, **filters: Unpack[Filters]) -> tuple[date | None, date | None]:
        """Return the dates of the oldest and the newest article that the filters leave; None where none has a date."""

    def newest(self, **filters: Unpack[Filters]) -> date | None:
        """Return the date of the newest article that the filters leave; None where none has a date."""
        return self.span(**filters)[1]

    def naming(self, words: str, **filters: Unpack[Filters]) -> list[Article]:
        """Return the articles that the filters leave in whose text or title ``words`` stand, in any case."""

    def search(self, vector: Vectors, text: str, n: int, **filters: Unpack[Filters]) -> list[Candidate]:
        """Return the ``n`` passages nearest to ``vector`` (dimension,) and the ``n`` nearest by the words of ``text``.

        They are of the articles that the filters leave, in the order of their ids.
        """

    def published(self, passages: Collection[PassageId]) -> dict[PassageId, date]:
        """Return when the articles of passages (ids) were published: of those that are there and have a date."""

    def passages(self, passages: Collection[PassageId]) -> dict[PassageId, Passage]:
        """Return passages by their ids. Raises DamagedStoreError."""

    def speakers(self, **filters: Unpack[Filters]) -> dict[str, int]:
        """Return who is quoted in the articles that the filters leave, and how often."""

    def pronouns(self, speakers: Sequence[str]) -> dict[str, int]:
        """Return the pronouns, in lower case, that stand for some speakers in at most a hundred of their quotes."""

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

    def nearness(self, vector: Vectors, quotes: Sequence[Quote]) -> list[Nearness]:
        """Return how near each of ``quotes`` is to ``vector`` (dimension,), by the vectors that are stored."""

    def close(self) -> None:
        """Let go of files and connections."""


def open_store(place: Path | str, *, mend: bool = True) -> Store:
    """Open the store at ``place``: a folder, or the address of a Milvus server ("http://127.0.0.1:19530/news").

    Without ``mend``, DamagedStoreError is raised for a folder that holds a damaged index, and OSError for one without.
    """
    if isinstance(place, str) and "://" in place:
        from qa.milvus import MilvusStore

        return MilvusStore(place)
    from qa.embedded import EmbeddedStore

    return EmbeddedStore(Path(place), mend=mend)
