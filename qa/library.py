"""A folder of articles, brought in step with its index, that can be searched and asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import chain
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Self, TypeVar, Unpack

import numpy as np
from platformdirs import user_cache_path

from embeddings import CrossEncoderReranker, Encoder, Reranker, TransformersSpanScorer, load_encoder
from qa.answers import THRESHOLDS, Answer, Answerer, Caution, ReadingAnswerer, SentenceAnswerer, refuse
from qa.articles import Article, UnreadableArticleError, article_paths, read_article
from qa.asking import Asking
from qa.names import matching_speakers
from qa.passages import Passage, split_article
from qa.questions import parse_question
from qa.quotes import Quote, extract_quotes_many
from qa.reader import ReadingReranker, SpanReader
from qa.retrieval import MOST_CHARACTERS, Hit, Search, search_many
from qa.statements import QuoteAnswerer, statement_span
from qa.store import DamagedStoreError, Filters, Store, day

log = logging.getLogger(__name__)

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
# How the text is cut: part of what vectors are made by. Raise it when articles, passages or quotes are cut otherwise.
_CUT = 5
# So many passages are encoded at a time, and lost if the process is killed meanwhile.
_BATCH = 64
# A change within the clock's tick of the last look would not show in a file's times: such a file is looked at again.
_RACY_NS = 2_000_000_000

Progress = Callable[[int, int], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Skipped:
    """A file of the folder that is not in the library, and why."""

    path: str
    reason: str


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
    ) -> None:
        self.folder = folder
        self.skipped: tuple[Skipped, ...] = ()
        self._store = store
        self._encoder = encoder
        self._reranker = reranker
        self._quote_answerer = QuoteAnswerer(store, encoder)
        self._asking = Asking(store, encoder, answerer or SentenceAnswerer(encoder), self._quote_answerer, reranker)

    def refresh(self, progress: Progress | None = None) -> None:
        """Bring the index in step with the folder: only new and changed articles are encoded, vanished ones removed.

        ``progress`` is called with (articles done, articles in all). Damage is mended by reading anew what it touched.
        Raises FileNotFoundError or NotADirectoryError for a folder that is none.
        """
        _require_folder(self.folder)
        with self._store.writing():
            try:
                self._bring_in_step(progress)
            except DamagedStoreError as damage:
                self._mend(damage, progress)

    def _mend(self, damage: DamagedStoreError, progress: Progress | None = None) -> None:
        """Read anew what is damaged: the articles that are named, or where that does not do, all."""
        log.warning("%s: it is made anew from the articles", damage)
        try:
            if damage.articles:
                self._store.delete(damage.articles)
                self._bring_in_step(progress)
                return
        except DamagedStoreError as more:
            log.warning("%s", more)
        self._store.discard()
        self._bring_in_step(progress)

    @property
    def _made_for(self) -> str:
        return f"{self._encoder.identity}/{_CUT}"

    def _bring_in_step(self, progress: Progress | None) -> None:
        if self._store.made_for != self._made_for:
            self._encoder.encode(["A model that does not load must not cost the index of the one before."])
            self._store.clear(made_for=self._made_for)
        held = self._store.stamps()
        skipped: list[Skipped] = []
        files: list[tuple[str, Path]] = []
        for path, file, reason in article_paths(self.folder):
            if reason:
                skipped.append(Skipped(path, reason))
            else:
                files.append((path, file))
        waiting: list[_Changed] = []
        for number, (path, file) in enumerate(files):
            known = held.get(path)
            try:
                changed = self._look_at(path, file, known)
            except UnreadableArticleError as error:
                skipped.append(Skipped(path, str(error)))
                continue
            held.pop(path, None)
            if changed:
                waiting.append(changed)
                if sum(len(changed.passages) for changed in waiting) >= _BATCH:
                    self._keep(waiting)
                    waiting = []
            if progress:
                progress(number + 1 - len(waiting), len(files))
        if waiting:
            self._keep(waiting)
        self._store.delete([article_id for article_id, _ in held.values()])
        self._store.load_indexes()
        self.skipped = tuple(skipped)
        for skip in skipped:
            log.warning("%s is not read: %s", skip.path, skip.reason)
        if progress:
            progress(len(files), len(files))

    def _look_at(self, path: str, file: Path, known: tuple[str, str] | None) -> _Changed | None:
        """Read a file unless it is held as it is. A file's times, size and place tell that, and its text's sha256."""
        looked_at = time.time_ns()
        try:
            status = file.stat()
        except OSError as error:
            raise UnreadableArticleError(f"it cannot be read ({error.strerror or error})") from error
        racy = looked_at - max(status.st_mtime_ns, status.st_ctime_ns) < _RACY_NS
        seen = "racy" if racy else f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"
        if known and not racy and known[1].startswith(seen + " "):
            return None
        article = read_article(file, path)
        text = sha256(article.text.encode()).hexdigest()
        if known and known[1].endswith(" " + text):
            self._store.restamp(article.id, f"{seen} {text}")
            return None
        passages = split_article(article, self._encoder.token_spans, self._encoder.token_limit)
        return _Changed(article, passages, f"{seen} {text}")

    def _keep(self, waiting: list[_Changed]) -> None:
        """Encode what several articles hold at once, and store the articles one by one."""
        quotes = list(extract_quotes_many(changed.article for changed in waiting))
        passages = [[passage.text for passage in changed.passages] for changed in waiting]
        sentences = [[q.article.text[slice(*statement_span(q))] for q in said] for said in quotes]
        titles = [changed.article.title for changed in waiting]
        texts = dict.fromkeys([*chain(*passages), *chain(*sentences), *titles])
        vectors = dict(zip(texts, self._encoder.encode(list(texts)), strict=True))
        width = len(vectors[titles[0]])
        for changed, said, of_passages, of_quotes in zip(waiting, quotes, passages, sentences, strict=True):
            self._store.replace_article(
                changed.article,
                changed.passages,
                np.array([vectors[text] for text in of_passages], dtype=np.float32).reshape(-1, width),
                quotes=said,
                quote_vectors=np.array([vectors[text] for text in of_quotes], dtype=np.float32).reshape(-1, width),
                title_vector=vectors[changed.article.title],
                stamp=changed.stamp,
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

    def articles(self) -> list[Article]:
        """Return all articles, in the order of their paths."""
        return self._store.articles()

    def article(self, article_id: str) -> Article:
        """Return one article by its id. Raises KeyError where there is none."""
        return self._mended(lambda: self._store.article(article_id))

    def close(self) -> None:
        """Let go of the index's files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _require_folder(folder: Path) -> None:
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}: make it, and put .txt or .md articles there")
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file: name the folder that holds the articles")


@dataclass(frozen=True)
class _Changed:
    article: Article
    passages: list[Passage]
    stamp: str


def open_library(
    folder: str | PathLike[str] = SEEDS,
    *,
    index: str | PathLike[str] | None = None,
    model: str | None = None,
    rerank: str | None = None,
    reader: str | None = None,
    caution: Caution = "balanced",
    agreement: bool = True,
    progress: Progress | None = None,
) -> Library:
    """Open the articles under ``folder``, brought in step with its index, which is made where there is none.

    ``index`` is the folder of the index; without it, one in the user's cache folder. ``model`` is a
    sentence-transformers model's folder or name; without it, the packaged all-MiniLM-L6-v2. ``rerank`` is such a
    CrossEncoder's, or "reader", which goes by what the reader finds; without it, hits are ranked by the two searches
    alone. ``reader`` is that of a Hugging Face model for extractive question answering; without it, the one that ships;
    with "none", sentences are chosen by their vectors and words, and no short answer is given. By ``caution`` more is
    refused ("cautious"), or less ("eager"). Without ``agreement`` articles that say the
    same do not support each other, to measure what that brings. ``progress`` is called with (articles done, articles in
    all). Raises FileNotFoundError for a missing folder or model, NotADirectoryError for a file, OSError where the index
    cannot be written, ValueError for a model that does not load or a caution that there is not.
    """
    folder = Path(folder)
    _require_folder(folder)
    if caution not in THRESHOLDS:
        raise ValueError(f"there is no caution {caution!r}: there are {', '.join(THRESHOLDS)}")
    if index is None:
        place = sha256(str(folder.resolve()).encode()).hexdigest()[:12]
        index = user_cache_path("articles-qa") / f"{folder.resolve().name}-{place}"
    encoder = load_encoder(model)
    scorer = TransformersSpanScorer(reader) if reader not in (None, "none") else None
    span_reader = SpanReader(scorer)
    reranker: Reranker | None = None
    if rerank:
        reranker = ReadingReranker(span_reader) if rerank == "reader" else CrossEncoderReranker(rerank)
    answerer: Answerer = SentenceAnswerer(encoder, threshold=THRESHOLDS[caution])
    if reader != "none":
        answerer = ReadingAnswerer(span_reader, answerer, threshold=THRESHOLDS[caution], agreement=agreement)
    library = Library(folder, Store(Path(index)), encoder, answerer, reranker)
    library.refresh(progress)
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
