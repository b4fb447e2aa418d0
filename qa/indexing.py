"""A folder -> its store: what changed is read, cut, encoded and stored, what vanished removed, what recurs found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from embeddings import Encoder
from embeddings.encoder import Vectors
from qa.articles import Article, Skipped
from qa.passages import Passage, split_article
from qa.quotes import Quote, extract_quotes_many
from qa.reading import FileReader, article_paths
from qa.repeats import boilerplate, hashed_lines, near_copies, recurring, sketched
from qa.rows import as_read
from qa.statements import statement_span
from qa.store import DamagedStoreError, Prepared, Store

Progress = Callable[[int, int, int], None]

# How the text is cut: part of what vectors are made by. Raise it when articles, passages or quotes are cut otherwise.
_CUT = 6
# So many passages are encoded at a time, and lost if the process is killed meanwhile.
_BATCH = 64


def made_for(encoder: Encoder) -> str:
    """Return what names how passages and vectors are made: an index for another one is made anew."""
    return f"{encoder.identity}/{_CUT}"


@dataclass(frozen=True)
class _Changed:
    """An article to be stored, the file that it is in, its passages, and its quotes where they are known already."""

    article: Article
    file: str
    passages: list[Passage]
    quotes: list[Quote] | None = None


class Indexing:
    """One bringing of a store in step with a folder. Who does it holds `Store.writing`.

    ``progress`` is called with (articles done, articles in all, passages encoded).
    """

    def __init__(self, store: Store, encoder: Encoder, reader: FileReader, progress: Progress | None = None) -> None:
        self._store = store
        self._encoder = encoder
        self._reader = reader
        self._progress = progress
        self._waiting: list[_Changed] = []
        self._after: list[Callable[[], None]] = []
        self._done = self._total = self._encoded = 0

    def run(self, folder: Path) -> tuple[Skipped, ...]:
        """Do it, and return what of the folder cannot be read. Raises DamagedStoreError."""
        store = self._store
        if store.made_for != made_for(self._encoder):
            self._encoder.encode(["A model that does not load must not cost the index of the one before."])
            store.clear(made_for=made_for(self._encoder))
        skipped: list[Skipped] = []
        files: list[tuple[str, Path]] = []
        for path, file, reason in article_paths(folder):
            if reason:
                skipped.append(Skipped(path, reason))
            else:
                files.append((path, file))
        self._total = len(files)
        held, read = store.held(), store.files()
        for path, file in files:
            skipped += self._read(path, file, read.get(path, ("", ())), held.get(path, {}))
        self._store_waiting()
        there = dict(files)
        store.delete([article_id for path in held.keys() - there for article_id, _ in held[path].values()])
        store.forget_files(sorted(read.keys() - there))
        if not store.is_compared:
            self._compare()
        store.load_indexes()
        self._tell(self._total)
        return tuple(sorted(skipped, key=lambda skip: skip.path))

    def _read(
        self, path: str, file: Path, known: tuple[str, tuple[Skipped, ...]], held: dict[str, tuple[str, str]]
    ) -> Sequence[Skipped]:
        """Read a file unless it is ``known`` as it is, and return what in it cannot be read."""
        before, not_read = known
        stamp = self._reader.stamp(file, before)
        if before and self._reader.is_same(before, stamp):
            if stamp != before:
                self._store.note_file(path, stamp, not_read)
            self._count()
            return not_read
        skipped: list[Skipped] = []
        there: set[str] = set()
        self._total += self._reader.expected(file) - 1
        for found in self._reader.read(file, path):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                there.add(found.path)
                if held.get(found.path, ("", ""))[1] != as_read(found):
                    self._add(_Changed(found, path, self._cut(found)))
            self._count()
        gone = [article_id for place, (article_id, _) in held.items() if place not in there]

        def finish() -> None:
            self._store.delete(gone)
            if stamp:
                self._store.note_file(path, stamp, skipped)

        # A file is known only when all of its articles are stored: until then, it is read again.
        if self._waiting:
            self._after.append(finish)
        else:
            finish()
        return skipped

    def _cut(self, article: Article) -> list[Passage]:
        return split_article(article, self._encoder.token_spans, self._encoder.token_limit)

    def _count(self) -> None:
        self._done += 1
        self._total = max(self._total, self._done)
        self._tell(self._done - len(self._waiting))

    def _tell(self, done: int) -> None:
        if self._progress:
            self._progress(done, self._total, self._encoded)

    def _add(self, changed: _Changed) -> None:
        self._waiting.append(changed)
        if sum(len(changed.passages) for changed in self._waiting) >= _BATCH:
            self._store_waiting()

    def _store_waiting(self) -> None:
        """Encode what several articles hold at once, and store the articles one by one."""
        waiting, self._waiting = self._waiting, []
        # A text that is held is not encoded again, unless by an article that is just about to get another text.
        leaving = {None, *(changed.article.id for changed in waiting)}
        new = [changed for changed in waiting if self._store.same_text(changed.article) in leaving]
        quotes = self._quotes(new)
        known: dict[str, Vectors] = {}
        for changed in new:
            before = self._store.get(changed.article.id)
            if before:
                known |= zip((passage.text for passage in before.passages), before.passage_vectors, strict=True)
                known |= zip(map(_said, before.quotes), before.quote_vectors, strict=True)
        titles = [changed.article.title for changed in waiting]
        texts = [passage.text for changed in new for passage in changed.passages]
        self._encoded += len(texts)
        wanted = dict.fromkeys([*texts, *map(_said, chain(*quotes)), *titles])
        unknown = [text for text in wanted if text not in known]
        if unknown:
            known |= zip(unknown, self._encoder.encode(unknown), strict=True)
        quotes_of = {changed.article.id: own for changed, own in zip(new, quotes, strict=True)}
        for changed in waiting:
            article = changed.article
            kept = changed.passages if article.id in quotes_of else []
            said = quotes_of.get(article.id, [])
            self._store.replace_article(
                Prepared(
                    article=article,
                    file=changed.file,
                    passages=kept,
                    passage_vectors=_stacked([known[passage.text] for passage in kept]),
                    quotes=said,
                    quote_vectors=_stacked([known[_said(quote)] for quote in said]),
                    title_vector=known[article.title],
                    lines=np.array([number for number, _ in hashed_lines(article)], dtype=np.uint64),
                    sketch=sketched(changed.passages),
                )
            )
        after, self._after = self._after, []
        for work in after:
            work()

    def _quotes(self, changed: Sequence[_Changed]) -> list[list[Quote]]:
        """Return the quotes of each article, but for those in boilerplate."""
        extracted = iter(extract_quotes_many(c.article for c in changed if c.quotes is None))
        found = [next(extracted) if c.quotes is None else c.quotes for c in changed]
        return [
            [
                replace(quote, article=c.article)
                for quote in quotes
                if not any(start <= quote.start < end for start, end in c.article.boilerplate)
            ]
            for c, quotes in zip(changed, found, strict=True)
        ]

    def _compare(self) -> None:
        """Find the boilerplate that recurs and the near copies, and cut articles anew that have other boilerplate."""
        articles = self._store.compared()
        numbers = recurring(articles.lines, articles.titles)
        for article_id, has, lines in zip(articles.ids, articles.has_boilerplate, articles.lines, strict=True):
            if not has and numbers.isdisjoint(lines.tolist()):
                continue
            article = self._store.article(article_id)
            spans = boilerplate(article, numbers)
            if spans != article.boilerplate:
                cut = replace(article, boilerplate=spans)
                before = self._store.get(article_id)
                if before is None:
                    raise DamagedStoreError(f"the article {article_id!r} in the index is damaged", [article_id])
                self._add(_Changed(cut, before.file, self._cut(cut), None if has else list(before.quotes)))
        self._store_waiting()
        note_near_copies(self._store)


def note_near_copies(store: Store) -> None:
    """Find which articles nearly repeat another, and let the store know."""
    articles = store.compared()
    groups = near_copies(articles.sketches).tolist()
    counts = Counter(groups)
    store.note_compared({id_: n for id_, n in zip(articles.ids, groups, strict=True) if counts[n] > 1})


def _said(quote: Quote) -> str:
    """Return the sentences in which a quote stands: what is encoded of it."""
    return quote.article.text[slice(*statement_span(quote))]


def _stacked(vectors: Sequence[Vectors]) -> Vectors:
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), -1 if vectors else 1)
