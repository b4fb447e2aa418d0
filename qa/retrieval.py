"""A question -> the passages nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from embeddings import Encoder
from qa.passages import Passage
from qa.store import Store

# What is encoded of a question. all-MiniLM-L6-v2 reads 256 tokens; the rest would only cost time.
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Hit:
    """A passage that was found, with the cosine (-1..1, higher is nearer) of its vector to the question's."""

    passage: Passage
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Return the passage with its article and offsets, for JSON."""
        p = self.passage
        return {"text": p.text, "start": p.start, "end": p.end, "score": self.score, "article": p.article.as_dict()}


def search(
    store: Store,
    encoder: Encoder,
    question: str,
    k: int,
    *,
    source: str | None = None,
    author: str | None = None,
    since: date | str | None = None,
    until: date | str | None = None,
    article: str | None = None,
) -> list[Hit]:
    """Return the ``k`` passages nearest to ``question``, best first, among the articles that the filters leave.

    ``since`` and ``until`` are dates or "YYYY-MM-DD". Raises ValueError for a blank question, a ``k`` below 1 or a
    date that is none.
    """
    if not question.strip():
        raise ValueError("the question is empty: ask something, such as 'what did Lavrov say about al-Qaida?'")
    if k < 1:
        raise ValueError(f"k is {k!r}: ask for at least 1 passage")
    vector = encoder.encode([question.strip()[:MOST_CHARACTERS]], query=True)[0]
    found = store.search(vector, k, source=source, author=author, since=_day(since), until=_day(until), article=article)
    return [Hit(passage, cosine) for passage, cosine in found]


def _day(value: date | str | None) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no date: write it as YYYY-MM-DD") from error
    return value
