"""Words -> the rows that hold them, by BM25."""

from __future__ import annotations

import json
import math
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import tantivy
from tantivy import Occur, Query

from embeddings.encoder import sha256_of
from embeddings.index import Ids, StaleIndexError, replace_file

_K1, _B = 1.2, 0.75  # of tantivy's BM25
MOST = _K1 + 1  # how often a word counts at most, times its rarity
# What a word in the title counts beside one in the text: measured by tests/benchmarks/retrieval.py.
TITLE = 0.3
_HEAP = 64_000_000  # bytes of what one writing gathers before it is put on the disk
_ANALYZER = "english"
_FEW = 2000


class Row(NamedTuple):
    """What is searched under one id."""

    id: int
    title: str
    text: str


class LexicalIndex:
    """Rows by the words that they share with a query: stemmed, without accents and without English stop words.

    The index is a folder of its own on the disk, kept by tantivy (BM25 after Robertson and Zaragoza, 2009, with k1 1.2
    and b 0.75; a title's score is added with the weight `TITLE`). Any number of threads may search. What is searched is
    the rows as they were when this was made or last `change`d by it. ``removed`` is how many were removed since it was
    made: tantivy goes on counting them in how rare a word is, so that scores move a little.
    """

    MANIFEST = "manifest.json"

    def __init__(self, folder: Path) -> None:
        """Make an empty index in the place of whatever is in ``folder``."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._open(folder, tantivy.Index(_schema(), str(folder)))

    def _open(self, folder: Path, index: tantivy.Index, removed: int = 0) -> None:
        self.removed = removed
        self._folder = folder
        self._index = index
        self._index.register_tokenizer(_ANALYZER, _analyzer())
        self._index.config_reader("manual")
        self._searcher = index.searcher()

    @classmethod
    def load(cls, folder: Path, *, made_from: str | None = None) -> Self:
        """Open what `save` left. Raises StaleIndexError unless it is whole and, where given, ``made_from`` the same."""
        try:
            manifest = json.loads((folder / cls.MANIFEST).read_bytes())
            if made_from is not None and manifest["made_from"] != made_from:
                raise StaleIndexError(f"the index in {str(folder)!r} is of another state of the library")
            if manifest["files"] != _digests(folder):
                raise StaleIndexError(f"the index in {str(folder)!r} is damaged")
            index = cls.__new__(cls)
            index._open(folder, tantivy.Index(_schema(), str(folder)), int(manifest["removed"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StaleIndexError(f"no whole index in {str(folder)!r}: {error}") from error
        return index

    def save(self, *, made_from: str) -> None:
        """Vouch for what is in the folder: until then, and after each `change`, it counts as stale."""
        manifest = {"made_from": made_from, "removed": self.removed, "files": _digests(self._folder)}
        replace_file(self._folder / self.MANIFEST, json.dumps(manifest, indent=1).encode())

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def ids(self) -> set[int]:
        """Return the ids of all rows."""
        return {row for row, _ in _found(self._searcher, Query.all_query(), max(len(self), 1))}

    def change(self, rows: Iterable[Row], *, removed: Iterable[int] = ()) -> None:
        """Remove rows by their ids and add others, whose ids are above 0. Raises OSError where the disk is full."""
        (self._folder / self.MANIFEST).unlink(missing_ok=True)
        try:
            writer = self._index.writer(_HEAP, 1)
            gone = list(removed)
            writer.delete_documents_by_query(Query.term_set_query(_schema(), "id", gone))
            self.removed += len(gone)
            for row in rows:
                document = tantivy.Document()
                document.add_unsigned("id", row.id)
                document.add_text("title", unicodedata.normalize("NFC", row.title))
                document.add_text("text", unicodedata.normalize("NFC", row.text))
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
        except ValueError as error:
            raise OSError(f"the index in {str(self._folder)!r} cannot be written: {error}") from error
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, query: str, k: int, *, among: Sequence[int] | Ids | None = None) -> list[tuple[int, float]]:
        """Return at most ``k`` (id, score), highest first; only of the ids in ``among``, where given.

        A score is the row's BM25 as a part (0..1) of what a text of only the query's words could reach, so that the
        scores of two queries compare. A title adds to it. Rows without a word of the query are not found.
        """
        searcher = self._searcher
        asked, most = [], 0.0
        for word in dict.fromkeys(lexical_words(query)):
            in_text = Query.term_query(_schema(), "text", word, "freq")
            in_title = Query.term_query(_schema(), "title", word, "freq")
            asked += [(Occur.Should, in_text), (Occur.Should, Query.boost_query(in_title, TITLE))]
            holding = searcher.doc_freq("text", word)
            rows = max(searcher.num_docs, holding)  # removed ones are still counted as holding it for a while
            most += MOST * rarity(rows, holding)
        if not asked or k < 1 or (among is not None and not len(among)):
            return []
        hits = _found_among(searcher, Query.boolean_query(asked), k, among)
        return sorted(((row, score / most) for row, score in hits), key=lambda pair: (-pair[1], pair[0]))


def rarity(rows: int, holding: int) -> float:
    """Return how rare a word is in BM25 that ``holding`` of ``rows`` hold."""
    return math.log(1 + (rows - holding + 0.5) / (holding + 0.5))


def saturation(times: int, words: int, average: float) -> float:
    """Return how often a word that is there so many ``times`` counts in BM25, in a text of ``words`` (0 to k1 + 1).

    ``average`` is that of the texts' words.
    """
    return times * MOST / (times + _K1 * (1 - _B + _B * words / average)) if times else 0.0


def kept_length(words: int) -> int:
    """Return a text's length as tantivy keeps it: above 40 words in steps of 2, above 56 of 4, and so on."""
    start, step = 40, 2
    while words > start + 8 * step:
        start, step = start + 8 * step, 2 * step
    return words if words <= 40 else start + (words - start) // step * step


def _found_among(
    searcher: tantivy.Searcher, query: Query, k: int, among: Sequence[int] | Ids | None
) -> list[tuple[int, float]]:
    """Return the ``k`` best (id, score) for ``query`` of the rows in ``among``: all of them that there are."""
    if among is None:
        return _found(searcher, query, k)
    if len(among) <= _FEW:
        chosen = Query.const_score_query(Query.term_set_query(_schema(), "id", [int(row) for row in among]), 0.0)
        return _found(searcher, Query.boolean_query([(Occur.Must, query), (Occur.Must, chosen)]), k)
    # Tantivy takes 0.8 ms for a thousand of them; to look further down the list until there are enough costs less.
    limit = 2 * k * searcher.num_docs // len(among) + k
    while True:
        hits = _found(searcher, query, limit)
        wanted = np.isin([row for row, _ in hits], among)
        if wanted.sum() >= k or len(hits) < limit:
            return [hit for hit, is_wanted in zip(hits, wanted, strict=True) if is_wanted][:k]
        limit *= 4


def _found(searcher: tantivy.Searcher, query: Query, limit: int) -> list[tuple[int, float]]:
    hits = searcher.search(query, limit=limit, count=False).hits
    rows = searcher.fast_field_values("id", [place for _, place in hits])
    return [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True) if row is not None]


def lexical_words(text: str) -> list[str]:
    """Return the words of a text as they are searched: stemmed, without accents and without English stop words."""
    words: list[str] = _analyzer().analyze(unicodedata.normalize("NFC", text))
    return words


@lru_cache(maxsize=1)
def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    for field in ("title", "text"):
        builder.add_text_field(field, tokenizer_name=_ANALYZER, index_option="freq")
    return builder.build()


@lru_cache(maxsize=1)
def _analyzer() -> tantivy.TextAnalyzer:
    steps = (
        tantivy.Filter.remove_long(100),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.stemmer("english"),
    )
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in steps:
        builder = builder.filter(step)
    return builder.build()


def _digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file that tantivy reads: in a damaged one it would find wrong rows, or panic."""
    return {
        path.name: sha256_of(path)
        for path in sorted(folder.iterdir())
        if not path.name.startswith((".", LexicalIndex.MANIFEST))
    }
