"""A folder of articles, brought in step with its index, that can be searched and asked."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from itertools import chain
from os import PathLike
from pathlib import Path
from threading import Event, Lock
from typing import Self, TypeVar, Unpack

import numpy as np
from platformdirs import user_cache_path

from embeddings import CrossEncoderReranker, Encoder, Reranker, TransformersSpanScorer, load_encoder
from embeddings.encoder import Vectors
from embeddings.index import replace_file
from qa.answers import THRESHOLDS, Answer, Answerer, Caution, ReadingAnswerer, SentenceAnswerer, refuse
from qa.articles import Article, Skipped
from qa.asking import Asking
from qa.filters import Filters, day
from qa.formats import Limits
from qa.names import matching_speakers
from qa.passages import Passage, Span, split_article
from qa.questions import parse_question
from qa.quotes import Quote, extract_quotes_many
from qa.reader import ReadingReranker, SpanReader
from qa.reading import FileReader, article_paths, leave_out
from qa.repeats import boilerplate, hashed_lines, near_copies, recurring, sketched
from qa.retrieval import MOST_CHARACTERS, Hit, Search, search_many
from qa.statements import QuoteAnswerer, statement_span
from qa.store import DamagedStoreError, Prepared, Store, as_read

log = logging.getLogger(__name__)

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
# How the text is cut: part of what vectors are made by. Raise it when articles, passages or quotes are cut otherwise.
_CUT = 6
# So many passages are encoded at a time, and lost if the process is killed meanwhile.
_BATCH = 64

Progress = Callable[[int, int, int], None]
Result = TypeVar("Result")


class Library:
    """The articles under ``folder``, with their index: bring it in step by `refresh`, then search and ask.

    Threads may share one. Use `open_library`, which refreshes it, too.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        encoder: Encoder,
        answerer: Answerer | None = None,
        reranker: Reranker | None = None,
        *,
        limits: Limits | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._limits = limits or Limits()
        self._columns = columns or {}
        self.skipped: tuple[Skipped, ...] = ()
        self.in_step = False
        self._store = store
        self._encoder = encoder
        self._reranker = reranker
        self._quote_answerer = QuoteAnswerer(store, encoder)
        self._asking = Asking(store, encoder, answerer or SentenceAnswerer(encoder), self._quote_answerer, reranker)

    def refresh(self, progress: Progress | None = None, *, wait: bool = True) -> None:
        """Bring the index in step with the folder: only new and changed articles are encoded, vanished ones removed.

        ``progress`` is called with (articles done, articles in all, passages encoded). Damage is mended by
        reading anew what it touched.
        Another process that is changing the index is waited for; without ``wait``, what it held before is searched
        meanwhile, if there is any, and `in_step` is False. Raises FileNotFoundError or NotADirectoryError for a folder
        that is none.
        """
        _require_folder(self.folder)
        try:
            with self._store.writing(wait=wait):
                try:
                    self._bring_in_step(progress)
                except DamagedStoreError as damage:
                    self._mend(damage, progress)
        except TimeoutError:
            if not self._store.load_earlier_indexes():
                self.refresh(progress)
            else:
                self.in_step = False
                log.warning(
                    "another process is changing the index of %s: this is from what it held before", self.folder
                )
        else:
            self.in_step = True

    def _mend(self, damage: DamagedStoreError, progress: Progress | None = None) -> None:
        """Read anew what is damaged: the articles that are named, or where that does not do, all."""
        log.warning("%s: it is made anew from the articles", damage)
        try:
            if damage.articles:
                self._store.discard_articles(damage.articles)
                self._bring_in_step(progress)
                return
        except DamagedStoreError as more:
            log.warning("%s", more)
        self._store.discard()
        self._bring_in_step(progress)

    def _bring_in_step(self, progress: Progress | None) -> None:
        if self._store.made_for != made_for(self._encoder):
            self._encoder.encode(["A model that does not load must not cost the index of the one before."])
            self._store.clear(made_for=made_for(self._encoder))
        passed_over: list[Skipped] = []
        files: list[tuple[str, Path]] = []
        for path, file, reason in article_paths(self.folder):
            if reason:
                passed_over.append(Skipped(path, reason))
            else:
                files.append((path, file))
        held = self._store.held()
        read = self._store.files()
        gone = [article_id for path in held.keys() - dict(files) for article_id, _ in held[path].values()]
        writing = _Writing(self._store, self._encoder, progress, len(files))
        with FileReader(self._limits, self._columns) as reader:
            for path, file in files:
                passed_over += self._look_at(
                    path, file, known=read.get(path), held=held.get(path, {}), reader=reader, writing=writing
                )
        writing.flush()
        self._store.delete(gone)
        self._store.forget_files(sorted(read.keys() - dict(files)))
        if not self._store.is_compared:
            self._compare(writing)
        self._store.load_indexes()
        self.skipped = tuple(sorted(passed_over, key=lambda skip: skip.path))
        for skip in self.skipped:
            log.warning("%s is not read: %s", skip.path, skip.reason)
        writing.done_all()

    def _look_at(
        self,
        path: str,
        file: Path,
        *,
        known: tuple[str, tuple[Skipped, ...]] | None,
        held: dict[str, tuple[str, str]],
        reader: FileReader,
        writing: _Writing,
    ) -> tuple[Skipped, ...]:
        """Read a file unless it is held as it is, and return what in it cannot be read."""
        before, not_read = known or ("", ())
        stamp = reader.stamp(file, before)
        if known and reader.is_same(before, stamp):
            if stamp != before:
                self._store.note_file(path, stamp, not_read)
            writing.done(1)
            return not_read
        skipped: list[Skipped] = []
        there: set[str] = set()
        writing.expect(reader.expected(file) - 1)
        for found in reader.read(file, path):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                there.add(found.path)
                if held.get(found.path, ("", ""))[1] != as_read(found):
                    writing.add(_Changed(found, path, split_article(found, *self._tokens)))
            writing.done(1)
        gone = [article_id for place, (article_id, _) in held.items() if place not in there]

        def finish() -> None:
            self._store.delete(gone)
            if stamp:
                self._store.note_file(path, stamp, skipped)

        writing.then(finish)
        return tuple(skipped)

    @property
    def _tokens(self) -> tuple[Callable[[str], list[Span]], int]:
        return self._encoder.token_spans, self._encoder.token_limit

    def _compare(self, writing: _Writing) -> None:
        """Find the boilerplate that recurs and the near copies, and cut articles anew that have other boilerplate."""
        all_of = self._store.compared()
        recur = recurring(all_of.lines, all_of.titles)
        for article_id, has, lines in zip(all_of.ids, all_of.has_boilerplate, all_of.lines, strict=True):
            if not has and recur.isdisjoint(lines.tolist()):
                continue
            article = self._store.article(article_id)
            spans = boilerplate(article, recur)
            if spans != article.boilerplate:
                cut = replace(article, boilerplate=spans)
                quotes = self._store.quotes(articles=[article_id]) if not article.boilerplate else None
                file = self._store.file_of(article_id)
                writing.add(_Changed(cut, file, split_article(cut, *self._tokens), quotes))
        writing.flush()
        all_of = self._store.compared()
        groups = near_copies(all_of.sketches).tolist()
        counts = Counter(groups)
        self._store.note_compared(
            {article_id: n for article_id, n in zip(all_of.ids, groups, strict=True) if counts[n] > 1}
        )

    def retrieve(
        self,
        question: str,
        k: int = 5,
        *,
        search: Search = "fused",
        today: date | str | None = None,
        **filters: Unpack[Filters],
    ) -> list[Hit]:
        """Return the ``k`` passages nearest to ``question``, best first, among the articles that the `Filters` leave.

        ``search`` is by what they are ranked: "dense" by meaning (cosine of vectors), "lexical" by words (BM25),
        "fused" by both. ``today`` gives articles that were published near that date a little more. Raises ValueError
        for a blank question, a ``k`` below 1, another ``search`` or a date that is none.
        """
        return self.retrieve_many([question], k, search=search, today=today, **filters)[0]

    def retrieve_many(
        self,
        questions: Sequence[str],
        k: int = 5,
        *,
        search: Search = "fused",
        today: date | str | None = None,
        **filters: Unpack[Filters],
    ) -> list[list[Hit]]:
        """`retrieve` for each of ``questions``, on all cores at once."""
        return self._mended(
            lambda: search_many(
                self._store,
                self._encoder,
                questions,
                k,
                search=search,
                today=day(today),
                reranker=self._reranker,
                **filters,
            )
        )

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Answer] = (),
        today: date | str | None = None,
        **filters: Unpack[Filters],
    ) -> Answer:
        """Answer ``question`` with sentences of the articles that the `Filters` leave, or refuse.

        ``history`` are the answers before it, oldest first: of them "he" is the latest speaker, and "what else" leaves
        out what they showed. A period in the question ("since March", "last week") narrows ``since`` and ``until``; it
        is counted from ``today``, which is the machine's without it. Whatever is asked, an `Answer` comes back;
        ValueError is raised only for a date that is none.
        """
        if question.strip() and not self.count():
            where = f"There are no articles under {str(self.folder)!r}: put .txt or .md files there."
            return refuse(parse_question(question[:MOST_CHARACTERS]), where)
        reference = day(today) or date.today()
        return self._mended(lambda: self._asking.ask(question[:MOST_CHARACTERS], history, reference, **filters))

    def quotes(
        self,
        speaker: str | None = None,
        about: str | None = None,
        *,
        kind: str | None = None,
        **filters: Unpack[Filters],
    ) -> list[Quote]:
        """Return all quotes by ``speaker`` (a name; None: by anybody) ``about`` a topic, in the articles' order.

        ``kind`` is direct, indirect or mixed. Raises ValueError for a kind or a date that is none.
        """
        if kind not in (None, "direct", "indirect", "mixed"):
            raise ValueError(f"kind is {kind!r}: it is direct, indirect or mixed")

        def found() -> list[Quote]:
            speakers = None if speaker is None else matching_speakers(speaker, self._store.speakers(**filters))
            return self._store.quotes(speakers=speakers, **filters)

        quotes = [quote for quote in self._mended(found) if kind in (None, quote.kind)]
        if about is None:
            return quotes
        places = [(s.article.id, s.start, s.end) for s in self._quote_answerer.on_topic(quotes, about)]
        return [q for q in quotes if any(q.article.id == a and s <= q.start < e for a, s, e in places)]

    def _mended(self, work: Callable[[], Result]) -> Result:
        """Do ``work``; where it comes upon damage, read the damaged articles anew and do it again."""
        try:
            return work()
        except DamagedStoreError as damage:
            with self._store.writing():
                self._mend(damage)
            return work()

    def count(self) -> int:
        """Return how many articles there are."""
        return self._store.count()

    def articles(self, **filters: Unpack[Filters]) -> list[Article]:
        """Return the articles that the `Filters` leave, in the order of their paths."""
        return self._store.articles(**filters)

    def article(self, article_id: str) -> Article:
        """Return one article by its id. Raises KeyError where there is none."""
        return self._mended(lambda: self._store.article(article_id))

    def watch(self, stop: Event | None = None) -> Iterator[None]:
        """Bring the index in step after each change of the folder, until ``stop`` is set; yield after each time."""
        from watchfiles import watch

        for _ in watch(self.folder, watch_filter=None, stop_event=stop, raise_interrupt=True):
            self.refresh()
            yield

    def add(self, *files: str | PathLike[str]) -> None:
        """Copy files into the folder, and read them.

        Raises FileExistsError where the folder has a file of that name, and FileNotFoundError for no file; then none of
        them is copied.
        """
        places = [(Path(file), self.folder / Path(file).name) for file in files]
        for file, place in places:
            if not file.is_file():
                raise FileNotFoundError(f"there is no file {str(file)!r}")
            if place.exists():
                raise FileExistsError(f"the folder has a file {place.name!r} already: rename yours")
        for file, place in places:
            replace_file(place, file.read_bytes())
        self.refresh()

    def remove(self, *articles: str) -> list[str]:
        """Leave articles (ids, paths or titles) out from now on, and return their paths.

        The files stay: they are named in the folder's .qaignore, in the form of .gitignore. Raises KeyError for an
        article that there is not.
        """
        paths: list[str] = []
        for name in articles:
            found = [path for article in self.articles(article=name) for path in (article.path, *article.copies)]
            if not found:
                raise KeyError(name)
            paths += found
        leave_out(self.folder, paths)
        self.refresh()
        return paths

    def close(self) -> None:
        """Let go of the index's files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def made_for(encoder: Encoder) -> str:
    """Return what names how passages and vectors are made: an index for another one is made anew."""
    return f"{encoder.identity}/{_CUT}"


def _require_folder(folder: Path) -> None:
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}: make it, and put articles there")
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file: name the folder that holds the articles")


@dataclass(frozen=True)
class _Changed:
    """An article to be stored, the file that it is in, its passages, and its quotes where they are known already."""

    article: Article
    file: str
    passages: list[Passage]
    quotes: list[Quote] | None = None


class _Writing:
    """Encodes what changed, many articles at once, and stores them one by one."""

    def __init__(self, store: Store, encoder: Encoder, progress: Progress | None, total: int) -> None:
        self._store = store
        self._encoder = encoder
        self._progress = progress
        self._waiting: list[_Changed] = []
        self._after: list[Callable[[], None]] = []
        self._done, self._total, self._encoded = 0, total, 0

    def expect(self, more: int) -> None:
        self._total = max(self._total + more, self._done + 1)

    def done(self, count: int) -> None:
        self._done += count
        self._total = max(self._total, self._done)
        self._tell(self._done - len(self._waiting))

    def done_all(self) -> None:
        self._done = self._total
        self._tell(self._total)

    def _tell(self, done: int) -> None:
        if self._progress:
            self._progress(done, self._total, self._encoded)

    def add(self, changed: _Changed) -> None:
        self._waiting.append(changed)
        if sum(len(changed.passages) for changed in self._waiting) >= _BATCH:
            self.flush()

    def then(self, work: Callable[[], None]) -> None:
        """Do ``work`` as soon as all that was added is stored."""
        if self._waiting:
            self._after.append(work)
        else:
            work()

    def flush(self) -> None:
        """Store what waits."""
        waiting, self._waiting = self._waiting, []
        # A text that is held is not encoded again, unless by an article that is just about to get another text.
        leaving = {None, *(changed.article.id for changed in waiting)}
        new = [changed for changed in waiting if self._store.same_text(changed.article) in leaving]
        quotes = self._quotes(new)
        passages = [[passage.text for passage in changed.passages] for changed in new]
        sentences = [[q.article.text[slice(*statement_span(q))] for q in said] for said in quotes]
        known: dict[str, Vectors] = {}
        for changed in new:
            known |= {passage.text: vector for passage, vector in self._store.passages_of(changed.article.id)}
        wanted = dict.fromkeys([*chain(*passages), *chain(*sentences), *(changed.article.title for changed in waiting)])
        texts = [text for text in wanted if text not in known]
        if texts:
            known |= zip(texts, self._encoder.encode(texts), strict=True)
        self._encoded += sum(map(len, passages))
        for changed in waiting:
            place = next((i for i, other in enumerate(new) if other is changed), None)
            title = known[changed.article.title]
            said = quotes[place] if place is not None else []

            def vectors(texts: Sequence[str], width: int = len(title)) -> Vectors:
                return np.array([known[text] for text in texts], dtype=np.float32).reshape(-1, width)

            self._store.replace_article(
                Prepared(
                    changed.article,
                    changed.file,
                    changed.passages if place is not None else [],
                    vectors(passages[place] if place is not None else []),
                    said,
                    vectors(sentences[place] if place is not None else []),
                    title,
                    np.array([number for number, _ in hashed_lines(changed.article)], dtype=np.uint64),
                    sketched(changed.passages),
                )
            )
        after, self._after = self._after, []
        for work in after:
            work()

    def _quotes(self, changed: Sequence[_Changed]) -> list[list[Quote]]:
        """Return the quotes of each article, but for those in boilerplate."""
        extracted = iter(extract_quotes_many(c.article for c in changed if c.quotes is None))
        all_of = [
            next(extracted) if c.quotes is None else [replace(quote, article=c.article) for quote in c.quotes]
            for c in changed
        ]
        return [
            [q for q in quotes if not any(start <= q.start < end for start, end in q.article.boilerplate)]
            for quotes in all_of
        ]


def index_folder(folder: Path, index: str | PathLike[str] | None) -> Path:
    """Return where the index of ``folder`` is: ``index``, or a place in the user's cache folder."""
    if index is not None:
        return Path(index)
    place = sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    return user_cache_path("articles-qa") / f"{folder.resolve().name}-{place}"


def open_library(
    folder: str | PathLike[str] = SEEDS,
    *,
    index: str | PathLike[str] | None = None,
    model: str | None = None,
    rerank: str | None = None,
    reader: str | None = None,
    caution: Caution = "balanced",
    agreement: bool = True,
    limits: Limits | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Library:
    """Open the articles under ``folder``, brought in step with its index, which is made where there is none.

    ``index`` is the folder of the index; without it, one in the user's cache folder. ``model`` is a
    sentence-transformers model's folder or name; without it, the packaged all-MiniLM-L6-v2. ``rerank`` is such a
    CrossEncoder's, or "reader", which goes by what the reader finds; without it, hits are ranked by the two searches
    alone. ``reader`` is that of a Hugging Face model for extractive question answering; without it, the one that ships;
    with "none", sentences are chosen by their vectors and words, and no short answer is given. By ``caution`` more is
    refused ("cautious"), or less ("eager"). Without ``agreement`` articles that say the
    same do not support each other, to measure what that brings. ``limits`` are what reading a file may cost, and
    ``columns`` name the fields of .jsonl and .csv files that are named otherwise: {"text": "body"}. ``progress`` is
    called with (articles done, articles in all, passages encoded). Raises FileNotFoundError for a missing folder or
    model, NotADirectoryError for a file, OSError where the index cannot be written, ValueError for a model that does
    not load or a caution that there is not.
    """
    folder = Path(folder)
    _require_folder(folder)
    if caution not in THRESHOLDS:
        raise ValueError(f"there is no caution {caution!r}: there are {', '.join(THRESHOLDS)}")
    encoder = load_encoder(model)
    scorer = TransformersSpanScorer(reader) if reader not in (None, "none") else None
    span_reader = SpanReader(scorer)
    reranker: Reranker | None = None
    if rerank:
        reranker = ReadingReranker(span_reader) if rerank == "reader" else CrossEncoderReranker(rerank)
    answerer: Answerer = SentenceAnswerer(encoder, threshold=THRESHOLDS[caution])
    if reader != "none":
        answerer = ReadingAnswerer(span_reader, answerer, threshold=THRESHOLDS[caution], agreement=agreement)
    library = Library(
        folder, Store(index_folder(folder, index)), encoder, answerer, reranker, limits=limits, columns=columns
    )
    library.refresh(progress, wait=False)
    return library


_opened: dict[Path, Library] = {}
_opening = Lock()


def _library(folder: str | PathLike[str]) -> Library:
    place = Path(folder).resolve()
    with _opening:
        if place not in _opened:
            _opened[place] = open_library(place)
        return _opened[place]


def retrieve(
    question: str,
    k: int = 5,
    *,
    folder: str | PathLike[str] = SEEDS,
    search: Search = "fused",
    today: date | str | None = None,
    **filters: Unpack[Filters],
) -> list[Hit]:
    """`Library.retrieve` over the articles under ``folder``, which is opened at the first call."""
    return _library(folder).retrieve(question, k, search=search, today=today, **filters)


def ask(
    question: str,
    *,
    folder: str | PathLike[str] = SEEDS,
    history: Sequence[Answer] = (),
    today: date | str | None = None,
    **filters: Unpack[Filters],
) -> Answer:
    """`Library.ask` over the articles under ``folder``, which is opened at the first call."""
    return _library(folder).ask(question, history=history, today=today, **filters)


def quotes(
    speaker: str | None = None,
    about: str | None = None,
    *,
    folder: str | PathLike[str] = SEEDS,
    kind: str | None = None,
    **filters: Unpack[Filters],
) -> list[Quote]:
    """`Library.quotes` over the articles under ``folder``, which is opened at the first call."""
    return _library(folder).quotes(speaker, about, kind=kind, **filters)
