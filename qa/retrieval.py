"""A question -> the passages nearest to it, by their meaning and by their words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, Unpack, get_args

from embeddings import Encoder, Reranker
from embeddings.encoder import Vectors
from qa.filters import Filters
from qa.passages import Passage
from qa.store import Candidate, Store

# What is encoded of a question. all-MiniLM-L6-v2 reads 256 tokens; the rest would only cost time.
MOST_CHARACTERS = 2000

Search = Literal["fused", "dense", "lexical"]
SEARCHES: tuple[Search, ...] = get_args(Search)
# What BM25 counts for in the score, the cosine for the rest; what an article of the same day is given, and after how
# many days a third of that is left. Chosen on RealTimeQA's even weeks (tests/benchmarks/retrieval.py).
_WORDS: dict[Search, float] = {"fused": 0.6, "dense": 0.0, "lexical": 1.0}
_NEW, _DAYS = 0.12, 30
# What a reranker reads.
_RERANKED = 30
# So many passages of each search are ranked, or k where that is more: with 200 the first ten were always the same.
_CANDIDATES = 50


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    ``score`` (higher is better, about 1 at most) is what hits are ranked by: 0.4 ``cosine`` + 0.6 ``bm25``, or one of
    them where only one search was asked for; articles near ``today``, if it is given, get up to 0.12 more.
    ``cosine`` (-1..1) is that of the passage's vector to the question's. ``bm25`` is that of the passage and its title
    as a part of the most that a text can have by the question's words (0..1; more where the title has them, too).
    ``dense_rank`` and ``lexical_rank`` are its places (from 1) by each alone; None: not among the first 50 (or ``k``).
    ``rerank_score`` is the reranker's, where one read the passage: such hits come first, ranked by it alone.
    """

    passage: Passage
    score: float
    cosine: float
    bm25: float
    dense_rank: int | None
    lexical_rank: int | None
    rerank_score: float | None = None

    @property
    def similarity(self) -> float:
        """What both searches say together: the score of a fused search, but for what the article's date gave it."""
        return _together(self.cosine, self.bm25, _WORDS["fused"])

    def as_dict(self) -> dict[str, Any]:
        """Return the passage with its article and offsets, for JSON."""
        scores = {name: value for name, value in vars(self).items() if name != "passage"}
        return {**self.passage.as_dict(), **scores}


def search(
    store: Store,
    encoder: Encoder,
    question: str,
    k: int,
    *,
    search: Search = "fused",
    today: date | None = None,
    reranker: Reranker | None = None,
    **filters: Unpack[Filters],
) -> list[Hit]:
    """Return the ``k`` passages nearest to ``question``, best first, among the articles that the filters leave.

    A ``reranker`` reads the first 30 and puts them in its own order. Raises ValueError for a blank question, a ``k``
    below 1, a ``search`` that there is not or a date that is none.
    """
    return search_many(store, encoder, [question], k, search=search, today=today, reranker=reranker, **filters)[0]


def search_many(
    store: Store,
    encoder: Encoder,
    questions: Sequence[str],
    k: int,
    *,
    search: Search = "fused",
    today: date | None = None,
    reranker: Reranker | None = None,
    **filters: Unpack[Filters],
) -> list[list[Hit]]:
    """Do `search` for each of ``questions``, on all cores: they are encoded together and looked for side by side."""
    if not all(question.strip() for question in questions):
        raise ValueError("the question is empty: ask something, such as 'what did Lavrov say about al-Qaida?'")
    if k < 1:
        raise ValueError(f"k is {k!r}: ask for at least 1 passage")
    if search not in SEARCHES:
        raise ValueError(f"there is no search {search!r}: there are {', '.join(SEARCHES)}")
    texts = [question.strip()[:MOST_CHARACTERS] for question in questions]
    vectors = encoder.encode(texts, query=True)

    def found(text: str, vector: Vectors) -> list[Hit]:
        candidates = store.search(vector, text, max(k, _CANDIDATES), **filters)
        if not reranker:
            return _ranked(store, candidates, k, _WORDS[search], today)
        return _reranked(reranker, text, _ranked(store, candidates, max(k, _RERANKED), _WORDS[search], today))[:k]

    if len(texts) == 1:
        return [found(texts[0], vectors[0])]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(found, texts, vectors))


def _ranked(store: Store, candidates: list[Candidate], k: int, words: float, today: date | None) -> list[Hit]:
    """Return the ``k`` best candidates as hits, best first."""
    scores = [_together(c.cosine, c.bm25, words) for c in candidates]
    if today:
        published = store.published([c.passage for c in candidates])
        for i, candidate in enumerate(candidates):
            day = published.get(candidate.passage)
            if day:
                scores[i] += _NEW * math.exp(-abs((today - day).days) / _DAYS)
    best = sorted(zip(scores, candidates, strict=True), key=lambda pair: -pair[0])  # else in the order of ids
    hits: list[Hit] = []
    while best and len(hits) < k:  # a passage is gone where its article was changed meanwhile
        these, best = best[: k - len(hits)], best[k - len(hits) :]
        passages = store.passages([candidate.passage for _, candidate in these])
        hits += [
            Hit(passages[c.passage], score, c.cosine, c.bm25, c.dense_rank, c.lexical_rank)
            for score, c in these
            if c.passage in passages
        ]
    return hits


def _together(cosine: float, bm25: float, words: float) -> float:
    """Return what both searches say, of which BM25 counts for the part ``words``."""
    return (1 - words) * cosine + words * bm25


def _reranked(reranker: Reranker, question: str, hits: list[Hit]) -> list[Hit]:
    """Return the hits with the first of them in the reranker's order. It reads a passage under its article's title."""
    read = hits[:_RERANKED]
    texts = [f"{hit.passage.article.title}\n{hit.passage.text}" for hit in read]
    scores = reranker.scores(question, texts, [hit.score for hit in read])
    ranked = [replace(hit, rerank_score=score) for hit, score in zip(read, scores, strict=True)]
    return sorted(ranked, key=lambda hit: -(hit.rerank_score or 0.0)) + hits[_RERANKED:]
