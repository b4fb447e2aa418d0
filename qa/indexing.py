"""A folder -> its store: what changed is read, cut, encoded and stored, what vanished removed, what recurs found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
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
from qa.storage import File, Folder, UnfetchedError
from qa.store import DamagedStoreError, Prepared, Store

Progress = Callable[[int, int, int], None]

# How the text is cut: part of what vectors are made by. Raise it when articles, passages or quotes are cut otherwise.
_CUT = 10
# So many passages are encoded at a time, and lost if the process is killed meanwhile.
_BATCH = 64


def made_for(encoder: Encoder) -> str:
    """Return what names how passages and vectors are made: an index for another one is made anew."""
    return f"{encoder.identity}/{_CUT}"


@dataclass(frozen=True)
class Unread:
    """A file that is to be read: its path in the folder, where it is, the stamp it had, and what is held of it.

    ``held`` is what `as_read` made of each of its articles, by their paths.
    """

    path: str
    file: File
    before: str
    held: Mapping[str, str]


@dataclass(frozen=True)
class Whole:
    """A file was read whole: its path and stamp ("": it is to be read again), and what in it cannot be read.

    ``places`` are the paths of its articles; ``changed`` those of the ones that are not held as they are, with what
    `as_read` makes of them.
    """

    path: str
    stamp: str
    skipped: tuple[Skipped, ...]
    places: frozenset[str]
    changed: Mapping[str, str]


@dataclass(frozen=True)
class Changed:
    """An article to be stored, the file that it is in, its passages, and its quotes where they are known already."""

    article: Article
    file: str
    passages: list[Passage]
    quotes: list[Quote] | None = None


# Makes what is to be stored of files, each file's articles before its end: this process, or a cluster's workers.
Source = Callable[[Sequence[Unread], FileReader, Folder], Generator[Prepared | Whole, None, None]]


def read_changed(reader: FileReader, file: Unread) -> Iterator[Article | Whole]:
    """Yield the articles of a file that are not held as they are, and then what is known of the file.

    Of a file that cannot be fetched, what is held stays.
    """
    try:
        with reader.at_hand(file.file) as here:
            yield from _read_changed(reader, file, here)
    except UnfetchedError as error:
        yield Whole(file.path, "", (Skipped(file.path, str(error)),), frozenset(file.held), {})


def _read_changed(reader: FileReader, file: Unread, here: Path) -> Iterator[Article | Whole]:
    stamp = reader.stamp(file.file, file.before, here)
    skipped: list[Skipped] = []
    places: set[str] = set()
    changed: dict[str, str] = {}
    for found in reader.read(here, file.path):
        if isinstance(found, Skipped):
            skipped.append(found)
            continue
        places.add(found.path)
        read = as_read(found)
        if file.held.get(found.path) != read:
            changed[found.path] = read
            yield found
    yield Whole(file.path, stamp, tuple(skipped), frozenset(places), changed)


def cut(encoder: Encoder, article: Article) -> list[Passage]:
    """Return the passages of an article."""
    return split_article(article, encoder.token_spans, encoder.token_limit)


def prepare(
    encoder: Encoder, changed: Sequence[Changed], *, copies: Collection[str] = (), known: Mapping[str, Vectors] = {}
) -> list[Prepared]:
    """Make all that is stored of articles: what they hold is encoded at once.

    Of ``copies`` (ids) of another article, passages and quotes are not kept. ``known`` are vectors of texts.
    """
    new = [c for c in changed if c.article.id not in copies]
    quotes = dict(zip((c.article.id for c in new), _quotes(new), strict=True))
    said = [_said(quote) for quote in chain(*quotes.values())]
    wanted = [*(passage.text for c in new for passage in c.passages), *said, *(c.article.title for c in changed)]
    unknown = [text for text in dict.fromkeys(wanted) if text not in known]
    vectors = dict(known)
    if unknown:
        vectors |= zip(unknown, encoder.encode(unknown), strict=True)
    made = []
    for c in changed:
        kept, own = (c.passages, quotes[c.article.id]) if c.article.id in quotes else ([], [])
        made.append(
            Prepared(
                article=c.article,
                file=c.file,
                passages=kept,
                passage_vectors=_stacked([vectors[passage.text] for passage in kept]),
                quotes=own,
                quote_vectors=_stacked([vectors[_said(quote)] for quote in own]),
                title_vector=vectors[c.article.title],
                lines=np.array([number for number, _ in hashed_lines(c.article)], dtype=np.uint64),
                sketch=sketched(c.passages),
            )
        )
    return made


class Indexing:
    """One bringing of a store in step with a folder. Who does it holds `Store.writing`.

    ``progress`` is called with (articles done, articles in all, passages encoded). Without a ``source``, this process
    reads and encodes.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        reader: FileReader,
        progress: Progress | None = None,
        source: Source | None = None,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._reader = reader
        self._progress = progress
        self._source = source or self._here
        self._done = self._total = self._encoded = 0

    def run(self, folder: Folder) -> tuple[Skipped, ...]:
        """Do it, and return what of the folder cannot be read. Raises DamagedStoreError, OSError."""
        store = self._store
        skipped: list[Skipped] = []
        files: dict[str, File] = {}
        for path, file, reason in article_paths(folder):  # first: a storage that cannot be listed must cost nothing
            if reason:
                skipped.append(Skipped(path, reason))
            else:
                files[path] = file
        if store.made_for != made_for(self._encoder):
            self._encoder.encode(["A model that does not load must not cost the index of the one before."])
            store.clear(made_for=made_for(self._encoder))
        self._total = len(files)
        held, read = store.held(), store.files()
        unread: list[Unread] = []
        for path, file in files.items():
            before, not_read = read.get(path, ("", ()))
            if before and self._is_known(path, file, before, not_read):
                skipped += not_read
                self._count(1)
            else:
                there = {place: read_as for place, (_, read_as) in held.get(path, {}).items()}
                unread.append(Unread(path, file, before, there))
        # Closed at once where it is stopped, and with it what was begun: temporary files, a cluster.
        with closing(self._source(unread, self._reader, folder)) as source:
            for made in source if unread else ():
                if isinstance(made, Prepared):
                    self._put(made)
                    self._count(1)
                else:
                    skipped += made.skipped
                    self._note(made, held.get(made.path, {}))
        store.delete([id_ for path in held.keys() - files for id_, _ in held[path].values()])
        store.forget_files(sorted(read.keys() - files))
        if not store.is_compared:
            self._compare()
        store.load_indexes()
        self._tell(self._total)
        return tuple(sorted(skipped, key=lambda skip: skip.path))

    def _note(self, made: Whole, held: Mapping[str, tuple[str, str]]) -> None:
        """Remove what a file no longer holds, and note that it was read."""
        gone = [id_ for place, (id_, _) in held.items() if place not in made.places]
        self._store.delete(gone)
        # A file is known only when all of its articles are stored: until then, it is read again.
        if made.stamp:
            self._store.note_file(made.path, made.stamp, made.skipped)
        elif gone:
            self._store.forget_files([made.path])
        self._count(len(made.places) + len(made.skipped) - len(made.changed))

    def _is_known(self, path: str, file: File, before: str, not_read: Sequence[Skipped]) -> bool:
        """Tell whether a file is as it was when it was read, by its stamp then."""
        stamp = self._reader.stamp(file, before)
        if not self._reader.is_same(before, stamp):
            return False
        if stamp != before:
            self._store.note_file(path, stamp, not_read)
        return True

    def _here(
        self, unread: Sequence[Unread], reader: FileReader, folder: Folder
    ) -> Generator[Prepared | Whole, None, None]:
        """Read and encode in this process."""

        def found() -> Generator[Changed | Whole, None, None]:
            for file in unread:
                self._total += reader.expected(file.file) - 1
                for made in read_changed(reader, file):
                    yield made if isinstance(made, Whole) else Changed(made, file.path, cut(self._encoder, made))

        with closing(found()) as changed:
            yield from self._prepared(changed)

    def _prepared(self, found: Iterable[Changed | Whole]) -> Iterator[Prepared | Whole]:
        """Make what is stored, of several articles at once: each is stored before more are asked for."""
        waiting: list[Changed | Whole] = []
        for one in found:
            waiting.append(one)
            if not 0 < sum(len(c.passages) for c in waiting if isinstance(c, Changed)) < _BATCH:
                yield from self._of(waiting)
                waiting = []
        yield from self._of(waiting)

    def _of(self, waiting: Sequence[Changed | Whole]) -> Iterator[Prepared | Whole]:
        changed = [one for one in waiting if isinstance(one, Changed)]
        # A text that is held is not encoded again, unless by an article that is just about to get another text.
        leaving = {None, *(c.article.id for c in changed)}
        copies = {c.article.id for c in changed if self._store.same_text(c.article) not in leaving}
        known: dict[str, Vectors] = {}
        for c in changed:
            before = None if c.article.id in copies else self._store.get(c.article.id)
            if before:
                known |= zip((passage.text for passage in before.passages), before.passage_vectors, strict=True)
                known |= zip(map(_said, before.quotes), before.quote_vectors, strict=True)
        made = iter(prepare(self._encoder, changed, copies=copies, known=known))
        for one in waiting:
            yield one if isinstance(one, Whole) else next(made)

    def _put(self, made: Prepared) -> None:
        self._store.replace_article(made)
        self._encoded += len(made.passages)

    def _count(self, done: int) -> None:
        self._done += done
        self._total = max(self._total, self._done)
        self._tell(self._done)

    def _tell(self, done: int) -> None:
        if self._progress:
            self._progress(done, self._total, self._encoded)

    def _compare(self) -> None:
        """Find the boilerplate that recurs and the near copies, and cut articles anew that have other boilerplate."""
        for made in self._prepared(self._with_other_boilerplate()):
            if isinstance(made, Prepared):
                self._put(made)
        note_near_copies(self._store)

    def _with_other_boilerplate(self) -> Iterator[Changed]:
        articles = self._store.compared()
        numbers = recurring(articles.lines, articles.titles)
        for article_id, has, lines in zip(articles.ids, articles.has_boilerplate, articles.lines, strict=True):
            if not has and numbers.isdisjoint(lines.tolist()):
                continue
            article = self._store.article(article_id)
            spans = boilerplate(article, numbers)
            if spans != article.boilerplate:
                other = replace(article, boilerplate=spans)
                before = self._store.get(article_id)
                if before is None:
                    raise DamagedStoreError(f"the article {article_id!r} in the index is damaged", [article_id])
                yield Changed(other, before.file, cut(self._encoder, other), None if has else list(before.quotes))


def _quotes(changed: Sequence[Changed]) -> list[list[Quote]]:
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
