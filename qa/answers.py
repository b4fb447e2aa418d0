"""A question and its hits -> an answer made of the articles' own sentences, or a refusal."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from embeddings import Encoder
from qa.articles import Article, Slice
from qa.names import Name
from qa.passages import sentence_spans
from qa.periods import Period
from qa.questions import Question, stems
from qa.retrieval import Hit

# How a sentence is weighed, and below what it is no answer: measured by tests/benchmarks/answers.py, which prints the
# curve. The floor belongs to all-MiniLM-L6-v2; another model's cosines lie elsewhere.
_SENTENCE, _PASSAGE, _OWN_WORDS, _NEAR_WORDS = 1.0, 0.5, 0.3, 0.3
FLOOR = 0.56
# Sentences that weigh much less than the best are left out, and so is what goes beyond five.
_WITHIN = 0.15
_MOST = 5
# How far around a sentence its context reaches: names and topics are seldom repeated in the next sentence.
_BEFORE, _AFTER = 2, 1
_FARTHEST_BEFORE, _FARTHEST_AFTER = 600, 300  # characters


@dataclass(frozen=True)
class Statement(Slice):
    """A sentence of an article that answers, or the sentences of one quote.

    ``score`` (0..1, higher is better) weighs the sentence's and its passage's cosine to the question with the share of
    the question's content words in it and around it. Where it says what somebody said, ``speaker`` is who, and ``kind``
    is direct, indirect or mixed.
    """

    score: float
    speaker: str | None = None
    kind: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the sentence with its article and offsets, for JSON."""
        return {**super().as_dict(), "score": self.score, "speaker": self.speaker, "kind": self.kind}


@dataclass(frozen=True)
class Answer:
    """What the articles say to a question: ``statements``, best first; or none, and ``refusal`` says why.

    ``confidence`` (0..1) is the best statement's score, also where it was too low to be shown. ``short`` is the
    shortest span that answers, where one was read. ``hits`` are the passages that were read. ``summary`` counts the
    statements of a speaker: "4 statements by Sergei Lavrov about al-Qaida, in 2 articles". ``names`` says which
    spellings of the speaker's name were taken for one person, and who else of that name was left out; it is empty
    where there is nothing to tell. ``period`` is when what is answered from was published, where the question says so
    ("since March"). ``understood`` is the whole question where a follow-up was made whole.
    """

    question: str
    statements: tuple[Statement, ...]
    hits: tuple[Hit, ...]
    refusal: str | None
    confidence: float
    short: str | None = None
    summary: str | None = None
    names: tuple[Name, ...] = ()
    period: Period | None = None
    understood: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer with its statements, for JSON."""
        return {
            "question": self.question,
            "understood": self.understood,
            "period": self.period.as_dict() if self.period else None,
            "refusal": self.refusal,
            "short": self.short,
            "summary": self.summary,
            "names": [name.as_dict() for name in self.names],
            "confidence": self.confidence,
            "statements": [statement.as_dict() for statement in self.statements],
            "hits": [hit.as_dict() for hit in self.hits],
        }


class Answerer(Protocol):
    """Makes an answer of what was retrieved."""

    def answer(self, question: Question, hits: Sequence[Hit]) -> Answer:
        """Answer from ``hits``, or refuse. Every statement is a slice of one of their articles."""


class SentenceAnswerer:
    """Answers with the best sentences of the best passages."""

    def __init__(self, encoder: Encoder, *, floor: float = FLOOR) -> None:
        self.encoder = encoder
        self.floor = floor

    def answer(self, question: Question, hits: Sequence[Hit]) -> Answer:
        """Return at most five sentences, best first, or a refusal where none reaches the floor."""
        scored = sorted(self._scored(question, hits), key=lambda statement: -statement.score)
        best = scored[0].score if scored else 0.0
        shown: list[Statement] = []
        for statement in scored:
            if best < self.floor or statement.score < best - _WITHIN or len(shown) == _MOST:
                break
            if all(statement.text != other.text for other in shown):
                shown.append(statement)
        if not shown:
            why = f"{the_articles(question)} do not say: nothing in them answers this question."
            return refuse(question, why, hits, best)
        period = question.period
        summary = f"In articles published {period}." if period else None
        return Answer(question.text, tuple(shown), tuple(hits), None, min(best, 1.0), summary=summary, period=period)

    def _scored(self, question: Question, hits: Sequence[Hit]) -> list[Statement]:
        if not question.terms:
            return []
        sentences = [
            (hit, start, end)
            for hit in hits
            for start, end in sentence_spans(hit.passage.article.text, hit.passage.start, hit.passage.end)
            if not hit.passage.article.text[start:end].endswith("?")  # a question, as of a quiz, answers none
        ]
        vectors = self.encoder.encode([hit.passage.article.text[start:end] for hit, start, end in sentences])
        asked = self.encoder.encode([question.text], query=True)[0]
        scored = []
        for (hit, start, end), vector in zip(sentences, vectors, strict=True):
            article = hit.passage.article
            own = stems(article.text[start:end])
            near = stems_near(article, start, end)
            score = (
                _SENTENCE * float(vector @ asked)
                + _PASSAGE * hit.cosine
                + _OWN_WORDS * covered(question.terms, own)
                + _NEAR_WORDS * covered(question.terms, near)
            ) / (_SENTENCE + _PASSAGE + _OWN_WORDS + _NEAR_WORDS)
            scored.append(Statement(article, start, end, score))
        return scored


def covered(wanted: frozenset[str], there: frozenset[str]) -> float:
    """Return the share of the words that are wanted that are there."""
    return len(wanted & there) / len(wanted) if wanted else 0.0


def stems_near(article: Article, start: int, end: int, *, after: int = _AFTER) -> frozenset[str]:
    """Return the stems of ``text[start:end]``'s sentences, of the two before and the ``after`` next, if near."""
    starts, ends, in_sentence = _sentences(article.text, article.body)
    first = max(bisect_right(ends, start) - _BEFORE, bisect_left(starts, start - _FARTHEST_BEFORE), 0)
    last = min(bisect_left(starts, end) + after, bisect_right(ends, end + _FARTHEST_AFTER))
    return frozenset().union(*in_sentence[first:last], stems(article.text[start:end]))


@lru_cache(maxsize=1000)
def _sentences(text: str, body: int) -> tuple[list[int], list[int], list[frozenset[str]]]:
    """Return where the sentences of an article start and end, and the stems in each."""
    spans = list(sentence_spans(text, body))
    return [start for start, _ in spans], [end for _, end in spans], [stems(text[start:end]) for start, end in spans]


def the_articles(question: Question) -> str:
    """Return the subject of a sentence on what the articles of the question's period say."""
    return f"The articles published {question.period}" if question.period else "The articles"


def refuse(question: Question, why: str, hits: Sequence[Hit] = (), confidence: float = 0.0) -> Answer:
    """Return the answer that there is none, with the sentence that says why."""
    return Answer(question.text, (), tuple(hits), why, min(max(confidence, 0.0), 1.0), period=question.period)
