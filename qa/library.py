"""A folder of articles, brought in step with its index, that can be searched and asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from hashlib import sha256
from os import PathLike
from pathlib import Path
from threading import Event, Lock
from typing import Self, TypeVar, Unpack

from platformdirs import user_cache_path

from embeddings import CrossEncoderReranker, Encoder, Reranker, TransformersSpanScorer, load_encoder
from embeddings.index import replace_file
from qa.answers import (
    THRESHOLDS,
    Answer,
    Answerer,
    Caution,
    ReadingAnswerer,
    SentenceAnswerer,
    Statement,
    cited_once,
    refuse,
)
from qa.articles import Article, Skipped
from qa.asking import Asking
from qa.catalogue import Catalogue, check
from qa.clauses import parsed
from qa.filters import Filters, day, where
from qa.formats import Limits
from qa.indexing import Indexing, Progress, Source, made_for
from qa.items import entities
from qa.names import Speaker, matching_speakers, speakers_of
from qa.questions import parse_question
from qa.quotes import Quote
from qa.reader import ReadingReranker, SpanReader
from qa.reading import IGNORED, FileReader, leave_out
from qa.retrieval import MOST_CHARACTERS, Hit, Search, search_many
from qa.statements import QuoteAnswerer
from qa.storage import Folder, Storage, folder_at
from qa.store import DamagedStoreError, Store, open_store

log = logging.getLogger(__name__)

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
Result = TypeVar("Result")
_SPEAKERS_KEPT = 20


class Library:
    """The articles under ``folder``, with their index: bring it in step by `refresh`, then search and ask.

    Without a ``folder`` it is what others put into the store, and can only be read. Threads may share one. Use
    `open_library`, which refreshes it, too.
    """

    def __init__(
        self,
        folder: Folder | None,
        store: Store,
        encoder: Encoder,
        answerer: Answerer | None = None,
        reranker: Reranker | None = None,
        *,
        limits: Limits | None = None,
        columns: Mapping[str, str] | None = None,
        source: Source | None = None,
    ) -> None:
        self._folder = folder
        self._limits = limits or Limits()
        self._columns = columns or {}
        self._source = source
        self.skipped: tuple[Skipped, ...] = ()
        self.in_step = False
        self._store = store
        self._encoder = encoder
        self._reranker = reranker
        self._speakers: dict[tuple[str, ...], list[Speaker]] = {}
        reader = answerer.reader if isinstance(answerer, ReadingAnswerer) else None
        self._quote_answerer = QuoteAnswerer(store, encoder, reader)
        self._asking = Asking(store, encoder, answerer or SentenceAnswerer(encoder), self._quote_answerer, reranker)

    def refresh(self, progress: Progress | None = None, *, wait: bool = True) -> None:
        """Bring the index in step with the folder: only new and changed articles are encoded, vanished ones removed.

        ``progress`` is called with (articles done, articles in all, passages encoded). Damage is mended by
        reading anew what it touched.
        Another process that is changing the index is waited for; without ``wait``, what it held before is searched
        meanwhile, if there is any, and `in_step` is False. Raises FileNotFoundError or NotADirectoryError for a folder
        that is none.
        """
        if self._folder is None:
            if self._store.made_for != made_for(self._encoder):
                held = f"was made by {self._store.made_for!r}" if self._store.made_for else "holds nothing yet"
                raise ValueError(
                    f"the library {held}: fill it by {made_for(self._encoder)!r} with python -m qa index FOLDER --uri"
                )
            self._store.load_indexes()
            self.in_step = True
            return
        _require_folder(self._folder)
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
                    "another process is changing the index of %s: this is from what it held before", self._folder
                )
        else:
            self.in_step = True

    @property
    def folder(self) -> Path:
        """The folder of the articles, where it is on this machine. Raises ValueError where it is not."""
        if self._folder is None:
            raise ValueError("these articles have no folder here: whoever fills the library adds and removes them")
        if isinstance(self._folder, Storage):
            raise ValueError(
                f"{str(self._folder)!r} is only read: change its files and its {IGNORED} there, then give the command "
                "again, which fetches what changed"
            )
        return self._folder

    def _bring_in_step(self, progress: Progress | None) -> None:
        folder = self._folder or self.folder  # which says what is wrong where there is none
        with FileReader(self._limits, self._columns, folder) as reader:
            self.skipped = Indexing(self._store, self._encoder, reader, progress, self._source).run(folder)
        for skip in self.skipped:
            log.warning("%s is not read: %s", skip.path, skip.reason)

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
            under = f" under {str(self._folder)!r}: put .txt or .md files there" if self._folder else " yet"
            where = f"There are no articles{under}."
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
        quotes = [
            quote for quote in self._mended(lambda: self._said_by(speaker, **filters)) if kind in (None, quote.kind)
        ]
        if about is None:
            return quotes
        places = [(s.article.id, s.start, s.end) for s in self._quote_answerer.on_topic(quotes, about, speaker=speaker)]
        return [q for q in quotes if any(q.article.id == a and s <= q.start < e for a, s, e in places)]

    def statements(
        self, speaker: str | None = None, about: str | None = None, **filters: Unpack[Filters]
    ) -> list[Statement]:
        """Return what `quotes` finds as the whole sentences it stands in, those of near copies once, oldest first."""

        def found() -> list[Statement]:
            told = self._quote_answerer.on_topic(self._said_by(speaker, **filters), about, speaker=speaker)
            once = cited_once(told, self._store.near_copies)
            return sorted(once, key=lambda s: (s.article.published or date.max, s.article.path, s.start))

        return self._mended(found)

    def _said_by(self, speaker: str | None, **filters: Unpack[Filters]) -> list[Quote]:
        speakers = None if speaker is None else matching_speakers(speaker, self._store.speakers(**filters))
        return self._store.quotes(speakers=speakers, **filters)

    def _mended(self, work: Callable[[], Result]) -> Result:
        """Do ``work``; where it comes upon damage, read the damaged articles anew and do it again."""
        try:
            return work()
        except DamagedStoreError as damage:
            with self._store.writing():
                self._mend(damage)
            return work()

    def prepare(self) -> None:
        """Load what is loaded otherwise while the first question waits: the encoder, then what parses and finds names.

        The encoder goes first, for every question needs it, and one that is asked meanwhile waits for no more.
        """
        self._encoder.encode(["What did he say?"], query=True)
        parsed(["Did he say so?"])
        entities("Lavrov")

    def count(self) -> int:
        """Return how many articles there are."""
        return self._store.count()

    def articles(self, **filters: Unpack[Filters]) -> list[Article]:
        """Return the articles that the `Filters` leave, in the order of their paths."""
        return self._store.articles(**filters)

    def article(self, article_id: str) -> Article:
        """Return one article by its id. Raises KeyError where there is none."""
        return self._mended(lambda: self._store.article(article_id))

    def catalogue(
        self,
        search: str = "",
        *,
        order: str = "title",
        descending: bool = False,
        limit: int = 50,
        offset: int = 0,
        **filters: Unpack[Filters],
    ) -> Catalogue:
        """Return the ``limit`` entries from ``offset`` of the articles, copies included, that the `Filters` leave.

        The words of ``search`` must all be in title, source, path or authors, in any case. ``order`` is title, source,
        published, size or path; what has no source or date comes last, also where ``descending``. A filter leaves of an
        article's copies those which it fits themselves. Raises ValueError for another order, a ``limit`` below 1, an
        ``offset`` below 0, or a date that is none.
        """
        check(order, limit, offset)
        return self._mended(
            lambda: self._store.catalogue(
                search, order=order, descending=descending, limit=limit, offset=offset, **filters
            )
        )

    def sources(self, **filters: Unpack[Filters]) -> dict[str, int]:
        """Return the sources of the articles, copies included, that the `Filters` leave, and how many are of each.

        Most first, then by name; spellings that differ in case are one, as in the filter.
        """
        return self._mended(lambda: self._store.sources(**filters))

    def authors(self, **filters: Unpack[Filters]) -> dict[str, int]:
        """Return the authors of the articles, copies included, that the `Filters` leave, and how many are by each.

        Most first, then by name; spellings that differ in case are one, as in the filter.
        """
        return self._mended(lambda: self._store.authors(**filters))

    def speakers(self, k: int | None = None, **filters: Unpack[Filters]) -> list[Speaker]:
        """Return the ``k`` who are quoted most (None: all) in the articles that the `Filters` leave; see `Speaker`.

        Most quotes first, then by name. Raises ValueError for a ``k`` below 1 or a date that is none.
        """
        if k is not None and k < 1:
            raise ValueError(f"k is {k!r}: ask for at least 1")

        def found() -> list[Speaker]:
            condition, values = where(**filters)
            asked = (self._store.state, condition, *values.values())
            speakers = self._speakers.get(asked)
            if speakers is None:
                speakers = speakers_of(self._store.speakers(**filters))
                if any(state != asked[0] for state, *_ in self._speakers) or len(self._speakers) >= _SPEAKERS_KEPT:
                    self._speakers = {}
                self._speakers[asked] = speakers
            return speakers[:k]

        return self._mended(found)

    def watch(self, stop: Event | None = None) -> Iterator[None]:
        """Bring the index in step after each change of the folder, until ``stop`` is set; yield after each time."""
        from watchfiles import watch

        for _ in watch(self.folder, watch_filter=None, stop_event=stop, raise_interrupt=True):
            self.refresh()
            yield

    def add(self, *files: str | PathLike[str], into: str | None = None, progress: Progress | None = None) -> None:
        """Copy files into the folder, or ``into`` a subfolder of it, which is made where there is none; read them.

        ``progress`` is as in `refresh`. Raises FileExistsError where there is a file of that name, or two are given,
        FileNotFoundError for no file, and ValueError where ``into`` is no plain path within the folder; then none of
        them is copied.
        """
        folder = self.folder if into is None else _subfolder(self.folder, into)
        places: dict[Path, Path] = {}
        for file in map(Path, files):
            place = folder / file.name
            if not file.is_file():
                raise FileNotFoundError(f"there is no file {str(file)!r}")
            if place.exists() or place in places:
                raise FileExistsError(f"the folder has a file {place.name!r} already: rename yours")
            places[place] = file
        if places:
            folder.mkdir(parents=True, exist_ok=True)
        copied: list[Path] = []
        try:
            for place, file in places.items():
                replace_file(place, file.read_bytes())
                copied.append(place)
        except OSError:
            for place in copied:
                place.unlink(missing_ok=True)
            raise
        self.refresh(progress)

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


def _require_folder(folder: Folder) -> None:
    if isinstance(folder, Storage):
        folder.require()
    elif not folder.exists():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}: make it, and put articles there")
    elif not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file: name the folder that holds the articles")


def _subfolder(folder: Path, name: str) -> Path:
    """Return the subfolder ``name`` of ``folder``. Raises ValueError for what leads out of it, or is not read."""
    parts = name.split("/")
    if any(not part.strip() or part.startswith(".") or not part.isprintable() or "\\" in part for part in parts):
        raise ValueError(
            f"{name!r} is no subfolder: give a plain name, such as 'May' or '2024/May', without a first dot"
        )
    subfolder = folder.joinpath(*parts)
    if not subfolder.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{name!r} leads out of the folder {str(folder)!r}: name a subfolder of it")
    if any(place.exists() and not place.is_dir() for place in (subfolder, *subfolder.parents)):
        raise ValueError(f"{name!r} is a file of the folder: name a subfolder")
    return subfolder


def index_folder(folder: Folder, index: str | PathLike[str] | None) -> Path:
    """Return where the index of ``folder`` is: ``index``, or a place in the user's cache folder."""
    if index is not None:
        return Path(index)
    folder = folder.resolve() if isinstance(folder, Path) else folder
    place = sha256(str(folder).encode()).hexdigest()[:12]
    return user_cache_path("articles-qa") / f"{folder.name}-{place}"


def open_library(
    folder: str | PathLike[str] | None = None,
    *,
    index: str | PathLike[str] | None = None,
    uri: str | None = None,
    model: str | None = None,
    rerank: str | None = None,
    reader: str | None = None,
    caution: Caution = "balanced",
    agreement: bool = True,
    limits: Limits | None = None,
    columns: Mapping[str, str] | None = None,
    ray: str | None = None,
    progress: Progress | None = None,
) -> Library:
    """Open the articles under ``folder``, brought in step with its index, which is made where there is none.

    Without a ``folder`` they are those that ship; it may be the address of one in a storage ("s3://bucket/articles",
    see docs/scale.md). ``index`` is the folder of the index; without it, one in the user's cache folder. ``uri`` names
    a library in Milvus instead ("http://127.0.0.1:19530/news", see docs/scale.md), which without a ``folder`` is read
    as others fill it. ``model`` is a sentence-transformers model's folder or name; without it, the packaged
    all-MiniLM-L6-v2. ``rerank`` is such a CrossEncoder's, or "reader", which goes by what the reader finds; without it,
    hits are ranked by the two searches alone. ``reader`` is that of a Hugging Face model for extractive question
    answering; without it, the one that ships; with "none", sentences are chosen by their vectors and words, and no
    short answer is given. By ``caution`` more is refused ("cautious"), or less ("eager"). Without ``agreement``
    articles that say the same do not support each other, to measure what that brings. ``limits`` are what reading a
    file may cost, and ``columns`` name the fields of .jsonl and .csv files that are named otherwise: {"text": "body"}.
    With ``ray``, the address of a cluster or "local", its workers read and encode (docs/scale.md). ``progress`` is
    called with (articles done, articles in all, passages encoded). Raises FileNotFoundError for a missing folder or
    model, NotADirectoryError for a file, OSError where the index cannot be written or a storage not be read, ValueError
    for a model that does not load, a caution that there is not, or an address that is none.
    """
    if uri and index:
        raise ValueError("an index is in a folder or in Milvus: give index or uri, not both")
    place = None if folder is None and uri else folder_at(SEEDS if folder is None else folder)
    if place:
        _require_folder(place)
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
    store = open_store(uri or index_folder(place or SEEDS, index))
    source: Source | None = None
    if ray:
        from qa.cluster import prepare_on_cluster

        name = str(Path(model).absolute()) if model and Path(model).is_dir() else model
        source = partial(prepare_on_cluster, address=ray, load=partial(load_encoder, name), made=made_for(encoder))
    library = Library(place, store, encoder, answerer, reranker, limits=limits, columns=columns, source=source)
    library.refresh(progress, wait=False)
    return library


_opened: dict[str, Library] = {}
_opening = Lock()


def _library(folder: str | PathLike[str]) -> Library:
    at = folder_at(folder)
    place = str(at.resolve() if isinstance(at, Path) else at)
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
