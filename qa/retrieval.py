"""A question -> the passages nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

from embeddings import Encoder
from qa.passages import Passage
from qa.store import Filters, Store

# What is encoded of a question. all-MiniLM-L6-v2 reads 256 tokens; the rest would only cost time.
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Hit:
    """A passage that was found, with the cosine (-1..1, higher is nearer) of its vector to the question's."""

    passage: Passage
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Return the passage with its article and offsets, for JSON."""
        return {**self.passage.as_dict(), "score": self.score}


def search(store: Store, encoder: Encoder, question: str, k: int, **filters: Unpack[Filters]) -> list[Hit]:
    """Return the ``k`` passages nearest to ``question``, best first, among the articles that the filters leave.

    Raises ValueError for a blank question, a ``k`` below 1 or a date that is none.
    """
    if not question.strip():
        raise ValueError("the question is empty: ask something, such as 'what did Lavrov say about al-Qaida?'")
    if k < 1:
        raise ValueError(f"k is {k!r}: ask for at least 1 passage")
    vector = encoder.encode([question.strip()[:MOST_CHARACTERS]], query=True)[0]
    return [Hit(passage, cosine) for passage, cosine in store.search(vector, k, **filters)]
