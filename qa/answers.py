"""A question and its hits -> an answer made of the articles' own sentences, or a refusal."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple, Protocol

from embeddings import Encoder
from qa.articles import Article, Slice
from qa.names import Name
from qa.passages import Passage, sentence_spans
from qa.periods import Period
from qa.questions import Question, stems
from qa.quotes.marks import after_dateline
from qa.reader import SpanReader, fits, normalised
from qa.retrieval import Hit

# How a sentence is weighed without a reader, at what weight the confidence is the threshold's, and how steeply it rises
# there. The floor belongs to all-MiniLM-L6-v2; another model's cosines lie elsewhere.
_SENTENCE, _PASSAGE, _OWN_WORDS, _NEAR_WORDS = 1.0, 0.5, 0.3, 0.3
_FLOOR, _STEEP = 0.56, 20.0
# How what a reader finds in a sentence is weighed, as log odds that it answers, and what makes the confidence, as log
# odds that the articles answer: weights of `_Candidate.features` and of `_signs`. Both are means of what they were for
# another reader and of what tests/benchmarks/fit_answers.py finds on RealTimeQA's even weeks (for the latter, with the
# questions of tests/benchmarks/news_questions.jsonl.gz that are kept out, and two fifths of it); the thresholds are
# from what tests/benchmarks/answers.py prints.
_READ = 7  # passages
_WEIGHTS = (-2.95, 0.277, 1.59, 16.4, 1.89, 0.87, -0.7, -1.68)
_SURE_WEIGHTS = (-2.15, 0.75, 0.97, 3.95, 0.5)
_MOST_ODDS = 15.0
# What is marked of "a 36-year-old" where "how old" is asked for: the number.
_YEARS_OLD = re.compile(r"(?:an?\s+)?(\d+)[- ]years?[- ]old", re.IGNORECASE)
# A word with a capital, or a number, but for the first word of the question.
_NAME = re.compile(r"(?<=\W)[^\W_a-z][\w'’.-]*")
# What an answer counts for another that it holds ("Tom Brady", "Brady") or is held by.
_HALF_SAID = 0.5
Caution = Literal["eager", "balanced", "cautious"]
THRESHOLDS: dict[Caution, float] = {"eager": 0.15, "balanced": 0.3, "cautious": 0.6}
THRESHOLD = THRESHOLDS["balanced"]
# What is looked for by the kind of answer that is asked for.
_KINDS = {
    "number": "a number that answers",
    "date": "a time that answers",
    "person": "a name that answers",
    "place": "a place that answers",
    "reason": "a reason or a way that answers",
    "fact": "words that answer",
}
MOST_INSTEAD = 3  # questions that a refusal offers
# Sentences that weigh much less than the best are left out, and so is what goes beyond five, or shares so many words
# with one that is shown.
_WITHIN, _WITHIN_ODDS = 0.15, 1.8
_MAY_GIVE_ITEMS, _MOST_LISTED = 4.5, 20
_MOST, _REASONS = 5, 2
_REPEATED = 0.8
_FEWEST_WORDS = 3
# How far around a sentence its context reaches: names and topics are seldom repeated in the next sentence.
_BEFORE, _AFTER = 2, 1
_FARTHEST_BEFORE, _FARTHEST_AFTER = 600, 300  # characters


@dataclass(frozen=True)
class Statement(Slice):
    """A sentence of an article that answers, or the sentences of one quote.

    ``score`` (0..1, higher is better) is how likely it answers, where a reader read it (``span``: where in the article
    the words stand that do); otherwise it weighs the sentence's and its passage's cosine to the question with the share
    of the question's content words in it and around it. Where it says what somebody said, ``speaker`` is who, and
    ``kind`` is direct, indirect or mixed. ``also`` are other articles, near copies, in which it stands word for word;
    the files that hold the same text as its article are `Article.copies`.
    """

    score: float
    speaker: str | None = None
    kind: str | None = None
    span: tuple[int, int] | None = None
    also: tuple[Article, ...] = ()

    @property
    def others(self) -> int:
        """In how many other places it stands."""
        return len(self.also) + len(self.article.copies)

    def as_dict(self) -> dict[str, Any]:
        """Return the sentence with its article and offsets, for JSON."""
        also = [article.as_dict() for article in self.also]
        own = {"score": self.score, "speaker": self.speaker, "kind": self.kind, "span": self.span, "also": also}
        return {**super().as_dict(), **own}


@dataclass(frozen=True)
class Answer:
    """What the articles say to a question: ``statements``, best first; or none, and ``refusal`` says why.

    ``confidence`` (0..1) is how likely the articles answer, also where that was too low for an answer; for quotes it is
    the best statement's score. ``short`` are the words that answer, where a reader found them.
    ``hits`` are the passages that were looked at. ``summary`` counts the statements of a speaker: "4 statements by
    Sergei Lavrov about al-Qaida, in 2 articles". ``names`` says which spellings of the speaker's name were taken for
    one person, and who else of that name was left out; it is empty where there is nothing to tell. ``period`` is when
    what is answered from was published, where the question says so ("since March"). ``understood`` is the whole
    question where a follow-up was made whole. ``verdict`` is "yes" or "no" where the first statement alone says so.
    ``parts`` are headings under which the statements stand, in order, each with how many stand under it; there may be
    none: "Victor Hale" said nothing of it. ``items`` are what is named where several things are asked for ("which
    towns"), each a slice of a statement; of several questions in one, the words that answer each. Of a refusal,
    ``looked_for`` says what was looked for, and among how much; ``instead`` are at most three questions that the
    articles left by the same filters do answer.
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
    looked_for: str | None = None
    instead: tuple[str, ...] = ()
    verdict: Literal["yes", "no"] | None = None
    parts: tuple[tuple[str, int], ...] = ()
    items: tuple[str, ...] = ()

    @property
    def headings(self) -> dict[int, list[str]]:
        """The headings of the ``parts``, by the index of the statement before which they stand."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        first = 0
        for heading, number in self.parts:
            found[first].append(heading)
            first += number
        return dict(found)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], article: Callable[[str], Article]) -> Answer:
        """Return the answer of which `as_dict` made ``record``, or JSON of it, as far as its articles still say it.

        ``article`` returns an article by its id, and raises KeyError where there is none. A statement or hit whose
        text stands elsewhere in its article by now is moved there (to the first place); what is gone is left out, and
        with it the ``summary`` that counts it. Where no statement is left, the answer is a refusal that says so.
        Raises ValueError for a record that ``as_dict`` cannot have made.
        """
        from qa.kept import restored  # which makes Answers

        return restored(record, article)

    def as_dict(self) -> dict[str, Any]:
        """Return the answer with its statements, for JSON."""
        return {
            "question": self.question,
            "understood": self.understood,
            "period": self.period.as_dict() if self.period else None,
            "refusal": self.refusal,
            "looked_for": self.looked_for,
            "instead": list(self.instead),
            "verdict": self.verdict,
            "short": self.short,
            "items": list(self.items),
            "summary": self.summary,
            "names": [name.as_dict() for name in self.names],
            "confidence": self.confidence,
            "parts": [{"heading": heading, "statements": number} for heading, number in self.parts],
            "statements": [statement.as_dict() for statement in self.statements],
            "hits": [hit.as_dict() for hit in self.hits],
        }


class Answerer(Protocol):
    """Makes an answer of what was retrieved."""

    def answer(self, question: Question, hits: Sequence[Hit]) -> Answer:
        """Answer from ``hits``, or refuse. Every statement is a slice of one of their articles."""


class SentenceAnswerer:
    """Answers with the best sentences of the best passages, by their vectors and words."""

    def __init__(self, encoder: Encoder, *, threshold: float = THRESHOLD) -> None:
        self.encoder = encoder
        self.threshold = threshold

    def answer(self, question: Question, hits: Sequence[Hit]) -> Answer:
        """Return at most five sentences, or a refusal where the confidence is below the threshold.

        The best is first; where no short answer is asked for, its article's are, each article's in reading order.
        """
        scored = sorted(self._scored(question, hits), key=lambda statement: -statement.score)
        best = scored[0].score if scored else 0.0
        confidence = probability(math.log(THRESHOLD / (1 - THRESHOLD)) + _STEEP * (best - _FLOOR))
        if confidence < self.threshold:
            return nothing_answers(question, hits, confidence)
        shown = _without_repeats(statement for statement in scored if statement.score >= best - _WITHIN)
        if not question.asked_for:
            articles = list(dict.fromkeys(statement.article.id for statement in shown))
            shown.sort(key=lambda statement: (articles.index(statement.article.id), statement.start))
        return _answered(question, shown, hits, confidence)

    def _scored(self, question: Question, hits: Sequence[Hit]) -> list[Statement]:
        if not question.terms:
            return []
        sentences = [(hit, start, end) for hit in hits for start, end in _sentences_of(hit)]
        vectors = self.encoder.encode([hit.passage.article.text[start:end] for hit, start, end in sentences])
        asked = self.encoder.encode([question.text], query=True)[0]
        scored = []
        for (hit, start, end), vector in zip(sentences, vectors, strict=True):
            own, near = _words_shared(question, hit.passage.article, start, end)
            score = (
                _SENTENCE * float(vector @ asked) + _PASSAGE * hit.cosine + _OWN_WORDS * own + _NEAR_WORDS * near
            ) / (_SENTENCE + _PASSAGE + _OWN_WORDS + _NEAR_WORDS)
            scored.append(Statement(hit.passage.article, start, end, score))
        return scored


class ReadingAnswerer:
    """Answers with the sentences in which a reader finds the answer, and with the words in them that it marks.

    What asks for no such words ("Tell me about Syria", "Is Assad ill?") is answered by ``others``.
    """

    def __init__(
        self,
        reader: SpanReader,
        others: Answerer,
        *,
        threshold: float = THRESHOLD,
        agreement: bool = True,
    ) -> None:
        self.reader = reader
        self.others = others
        self.threshold = threshold
        self.agreement = agreement

    def answer(self, question: Question, hits: Sequence[Hit]) -> Answer:
        """Return at most five sentences, best first, or a refusal where the confidence is below the threshold.

        Of those that give a reason ("why", "how") two at most are returned; where ``several`` things are asked for, all
        that may give one, of all hits.
        """
        asked_for = question.asked_for
        if not asked_for or not question.terms:
            return self.others.answer(question, hits)
        read = self._read(question, asked_for, hits[:_READ])
        if not read:
            return nothing_answers(question, hits, 0.0, read=_READ)
        first, share = self._likeliest(read, together=question.several)
        confidence = probability(summed(_SURE_WEIGHTS, _signs(question, first, share, hits)))
        if confidence < self.threshold:
            return nothing_answers(question, hits, confidence, read=_READ)
        if question.several:
            read = self._read(question, asked_for, hits)
            may = [c for c in read if c.statement.text != first.statement.text]
            may = [c for c in may if c.odds >= first.odds - _MAY_GIVE_ITEMS]
            shown = [candidate.statement for candidate in [first, *may]][:_MOST_LISTED]
            return _answered(question, shown, hits, confidence, short=first.short)
        others = [c for c in read if c is not first and c.odds >= first.odds - _WITHIN_ODDS]
        shown = _without_repeats(candidate.statement for candidate in [first, *others])
        return _answered(
            question, shown[: _REASONS if asked_for[0] == "reason" else _MOST], hits, confidence, short=first.short
        )

    def _likeliest(self, read: Sequence[_Candidate], *, together: bool = False) -> tuple[_Candidate, float]:
        """Return the best sentence of the answer that most supports, and the share of belief in it.

        Each of different answers has its share, and so has that there is none. That there is this one is believed with
        all that hold it or are held by it. ``together``: return the share of all answers, as where several things are
        asked for.
        """
        weights = [math.exp(candidate.odds) for candidate in read]
        whole = 1 + sum(weights)
        shares: defaultdict[str, float] = defaultdict(float)
        for candidate, weight in zip(read, weights, strict=True):
            shares[candidate.said] += weight / whole
        also = _also_said(shares)
        support = {said: share + _HALF_SAID * also[said] if self.agreement else 0.0 for said, share in shares.items()}
        first = max(read, key=lambda candidate: (support[candidate.said], candidate.odds))
        return first, sum(weights) / whole if together else shares[first.said] + also[first.said]

    def _read(self, question: Question, asked_for: tuple[str, str], hits: Sequence[Hit]) -> list[_Candidate]:
        """Return the sentences of the hits with what may answer in each, best first."""
        kind, asked = asked_for
        newest = max((hit.score - hit.similarity for hit in hits), default=0.0)
        found = []
        readings = self.reader.read(question.text, [hit.passage.text for hit in hits], several=question.several)
        for hit, reading in zip(hits, readings, strict=True):
            article, offset = hit.passage.article, hit.passage.start
            for start, end in _sentences_of(hit):
                # Where a report was written answers nothing but "where".
                first = start if kind == "place" else after_dateline(article, start)
                span = reading.best(first - offset, end - offset)
                if span is None:
                    continue
                years = _YEARS_OLD.fullmatch(hit.passage.text, span.start, span.end) if asked == "how old" else None
                marked = years.span(1) if years else (span.start, span.end)
                short = hit.passage.text[slice(*marked)]
                own, near = _words_shared(question, article, start, end)
                words = stems(short)
                features = (
                    1.0,
                    max(-_MOST_ODDS, min(span.odds, _MOST_ODDS)),
                    hit.similarity,
                    hit.score - hit.similarity - newest,
                    float(fits(kind, short)),
                    own,
                    near,
                    len(words & question.terms) / max(len(words), 1),
                )
                odds = summed(_WEIGHTS, features)
                place = (offset + marked[0], offset + marked[1])
                statement = Statement(article, start, end, probability(odds), span=place)
                found.append(_Candidate(statement, hit.passage, odds, short, normalised(short), features))
        # The same sentence in two articles is one source, not two that agree.
        once: dict[str, _Candidate] = {}
        for candidate in sorted(found, key=lambda candidate: -candidate.odds):
            once.setdefault(candidate.statement.text, candidate)
        return list(once.values())


class _Candidate(NamedTuple):
    """A sentence of a passage that was read: the log odds that it answers, the words that would, in normal form, too.

    ``features`` are what the odds are made of: 1, the reader's log odds, the hit's similarity and what its date adds,
    whether the words are of the kind that is asked for, the shares (0..1) of the question's content words in the
    sentence, and in it and around it, and of the words in the question.
    """

    statement: Statement
    passage: Passage
    odds: float
    short: str
    said: str
    features: tuple[float, ...]


def _signs(question: Question, first: _Candidate, share: float, hits: Sequence[Hit]) -> tuple[float, ...]:
    """Return what the confidence is made of.

    It is 1, the log odds of the likeliest answer's share, the largest share of the question's words that is in one of
    the passages that were read, the best one's similarity, and the share of the names and numbers in the question
    that the passage or title of the ``first`` answer has: a question in other words than the article's still has those.
    """
    read, own = hits[:_READ], first.passage
    words = max(covered(question.terms, stems(hit.passage.text)) for hit in read)
    names = stems(" ".join(_NAME.findall(question.text))) & question.terms
    there = covered(names, stems(own.text) | stems(own.article.title)) if names else 1.0
    return 1.0, math.log(share / (1 - share)), words, max(hit.similarity for hit in read), there


def _also_said(shares: Mapping[str, float]) -> dict[str, float]:
    """Return for each answer the shares of those that say more than it, or less, together."""
    return {
        said: sum(share for other, share in shares.items() if said != other and _one_holds(said, other))
        for said in shares
    }


def _one_holds(said: str, other: str) -> bool:
    return said in other or other in said


def summed(weights: Sequence[float], features: Sequence[float]) -> float:
    """Return the sum of features, each times its weight."""
    return sum(weight * feature for weight, feature in zip(weights, features, strict=True))


def probability(odds: float) -> float:
    """Return the probability (0..1) of log odds."""
    return 1 / (1 + math.exp(-odds))


def _sentences_of(hit: Hit) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a hit start and end, but for what says nothing: questions, as of a quiz, "5."."""
    text = hit.passage.article.text
    for start, end in sentence_spans(text, hit.passage.start, hit.passage.end):
        if not text[start:end].endswith("?") and len(text[start:end].split()) >= _FEWEST_WORDS:
            yield start, end


def _words_shared(question: Question, article: Article, start: int, end: int) -> tuple[float, float]:
    """Return the shares (0..1) of the question's content words in a sentence, and in it and those around it."""
    own, near = stems(article.text[start:end]), stems_near(article, start, end)
    return covered(question.terms, own), covered(question.terms, near)


def _without_repeats(statements: Iterable[Statement]) -> list[Statement]:
    """Return the first five statements, but for those that say in nearly the same words what one before them says."""
    shown: list[Statement] = []
    words: list[frozenset[str]] = []
    for statement in statements:
        own = stems(statement.text)
        if all(len(own & other) < _REPEATED * len(own | other) for other in words):
            shown.append(statement)
            words.append(own)
        if len(shown) == _MOST:
            break
    return shown


def day_of(day: date) -> str:
    """Return a day in words: "5 June 2024"."""
    return f"{day.day} {day:%B} {day.year}"


def with_told(answer: Answer, told: str) -> Answer:
    """Return the answer with one more sentence in its summary."""
    return replace(answer, summary=f"{answer.summary} {told}" if answer.summary else told)


def cited_once(
    statements: Iterable[Statement], near_copies: Callable[[str], Sequence[Article]]
) -> tuple[Statement, ...]:
    """Return the statements but for those that another one says word for word in a near copy of its article.

    What is kept names in `Statement.also` the near copies that say the same. ``near_copies`` finds them by an id.
    """
    kept: list[Statement] = []
    near_copies = cache(near_copies)  # many statements are of one article
    for statement in statements:
        said = _spaced(statement.text)
        if any(statement.article in other.also and said == _spaced(other.text) for other in kept):
            continue
        also = tuple(copy for copy in near_copies(statement.article.id) if said in _spaced(copy.text))
        kept.append(replace(statement, also=also))
    return tuple(kept)


@lru_cache(maxsize=1000)
def _spaced(text: str) -> str:
    return " ".join(text.split())


def _answered(
    question: Question, shown: Sequence[Statement], hits: Sequence[Hit], confidence: float, *, short: str | None = None
) -> Answer:
    period = question.period
    summary = f"In articles published {period}." if period else None
    return Answer(question.text, tuple(shown), tuple(hits), None, confidence, short, summary, period=period)


def nothing_answers(question: Question, hits: Sequence[Hit], confidence: float, *, read: int | None = None) -> Answer:
    """Return the refusal of a question that nothing answers in the first ``read`` of the hits (None: in all)."""
    what = f" {question.asked_for[1]}" if question.asked_for else ""
    why = f"{the_articles(question)} do not say{what}: nothing in them answers this question."
    return replace(refuse(question, why, hits, confidence), looked_for=_looked_for(question, len(hits[:read])))


def _looked_for(question: Question, count: int) -> str | None:
    """Return what was looked for in so many passages; None where nothing was."""
    if not question.terms or not count:
        return None
    what = _KINDS[question.asked_for[0]] if question.asked_for else "sentences that answer"
    where = f"the {count} nearest passages" if count > 1 else "the nearest passage"
    return f"Looked for {what} this, in {where}{f' published {question.period}' if question.period else ''}."


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
