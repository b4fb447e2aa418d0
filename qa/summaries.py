"""Summaries of an article or a topic, and the latest on a topic: sentences of the articles, chosen, never written.

The sentences that are most like all others say what an article is about: they are the central ones of a graph whose
edges are the cosines of sentences (LexRank, Erkan & Radev 2004; TextRank, Mihalcea & Tarau 2004). In news the first
sentences count for more. Of sentences that say nearly the same, one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Unpack

import numpy as np

from embeddings import Encoder
from qa.answers import Answer, Statement, covered, refuse
from qa.articles import Article
from qa.filters import Filters
from qa.passages import sentence_spans
from qa.questions import Question, stems, terms
from qa.retrieval import Hit
from qa.store import Store

_ALIKE = 0.1  # cosines below it are no edges
_DAMPING, _STEPS = 0.85, 30
_LEAD = 0.5  # what the first sentence counts for more than the last
_SAME = 0.8  # cosine of sentences that say nearly the same
_SENTENCES, _READ, _READ_ON_TOPIC = 5, 80, 12
_FEWEST_WORDS = 6
_ARTICLES = 6
# A sentence that leans on the one before it reads badly alone.
_LEANS = re.compile(
    r"[\"“‘']?(?:he|she|it|they|this|that|these|those|but|and|so|his|her|their|then|there)\b", re.IGNORECASE
)
_LEANING = 0.7
_NAMED = re.compile(
    r"(?:the\s+)?(?:article|story|report)\s*(?:called|titled|named|headlined)?\s*[\"“'‘](?P<title>.+?)[\"”'’]?", re.I
)
_ABOUT = re.compile(r"(?:the|this)\s+(?:article|story|report)(?:\s+(?:about|on))?\s+(?P<topic>.+)", re.IGNORECASE)
_OFTEN, _OFTEN_OF_ALL = 3, 0.1


def summary(
    asked: Question,
    topic: str,
    store: Store,
    encoder: Encoder,
    nearest: Callable[[int], Sequence[Hit]],
    **filters: Unpack[Filters],
) -> Answer | None:
    """Return the central sentences of the article that is named, or of those on a topic; None where there are none."""
    hits = nearest(_READ)
    named = _NAMED.fullmatch(topic)
    title = named["title"] if named else topic.strip("\"“”'‘’")
    there = [a for a in store.naming(title, **filters) if a.title.lower() == title.lower()]
    about = _ABOUT.fullmatch(topic)
    if named and not there:
        return None
    if about and not there:
        there = [article for article in _on_topic(about["topic"], hits) if _is_about(article, about["topic"])][:1]
        if not there:
            return refuse(asked, f"The articles do not say: none of them is about {about['topic']}.", hits[:10])
    if there:
        statements = _central(there[0], encoder, _SENTENCES)
        return _answer(asked, statements, hits, f"Sentences of “{there[0].title}”{_dated(there[0])}, in its order")
    on_it = _on_topic(topic, hits)[:_ARTICLES]
    articles = on_it or _on_topic(topic, hits, mentioned=True)[:_ARTICLES]
    if not articles:
        return None
    if len(on_it) == 1:
        return _answer(
            asked, _central(articles[0], encoder, _SENTENCES), hits, "Sentences of one article, in its order"
        )
    each = [_central(article, encoder, 2, topic) for article in articles]
    chosen = [s for own in each for s in own[:1]] + [s for own in each for s in own[1:]]
    kept = _apart(chosen, encoder)[:_SENTENCES]
    kept.sort(key=lambda s: (s.article.published or date.max, s.article.path, s.start))
    count = len({s.article.id for s in kept})
    return _answer(asked, kept, hits, f"Sentences about {topic} of {count} articles, the oldest first")


def latest(asked: Question, topic: str, encoder: Encoder, nearest: Callable[[int], Sequence[Hit]]) -> Answer | None:
    """Return what the newest articles on a topic say of it, the newest first; None where there are none."""
    hits = nearest(_READ)
    on_it = _on_topic(topic, hits) or _on_topic(topic, hits, mentioned=True)
    articles = [article for article in on_it if article.published]
    articles.sort(key=lambda article: article.published or date.min, reverse=True)
    shown = [
        s
        for n, article in enumerate(articles[:_SENTENCES])
        for s in _central(article, encoder, 2 if n == 0 else 1, topic)
    ]
    if not shown:
        return None
    kept = _apart(shown, encoder)[:_SENTENCES]
    newest = kept[0].article.published
    return _answer(asked, kept, hits, f"The newest first; the newest article on {topic} here is of {newest}")


def _on_topic(topic: str, hits: Sequence[Hit], *, mentioned: bool = False) -> list[Article]:
    """Return the articles of the hits that are on a topic, best first: it stands in the title, the lead, or often.

    With ``mentioned``, those in which it stands at all.
    """
    wanted = terms(topic)
    found: dict[str, Article] = {}
    for hit in hits:
        article = hit.passage.article
        if article.id in found or not wanted <= stems(f"{article.title} {article.text[article.body :]}"):
            continue
        paragraph = article.text.find("\n", article.body + 1)
        lead = article.text[article.body : paragraph if paragraph > 0 else len(article.text)]
        if mentioned or wanted <= stems(lead) or _is_about(article, topic):
            found[article.id] = article
    return list(found.values())


def _is_about(article: Article, topic: str) -> bool:
    """Tell whether a topic stands in an article's title, or in several of its sentences."""
    wanted = terms(topic)
    sentences = list(sentence_spans(article.text, article.body))
    often = sum(wanted <= stems(article.text[start:end]) for start, end in sentences)
    return wanted <= stems(article.title) or often >= max(_OFTEN, _OFTEN_OF_ALL * len(sentences))


def _central(article: Article, encoder: Encoder, most: int, topic: str | None = None) -> list[Statement]:
    """Return an article's most central sentences, in its order; those that hold the ``topic`` go before others."""
    text = article.text
    spans = [
        (start, end)
        for start, end in sentence_spans(text, article.body)
        if len(text[start:end].split()) >= _FEWEST_WORDS and not text[start:end].endswith("?")
    ]
    wanted = terms(topic or "")
    if topic:
        spans = ([span for span in spans if wanted <= stems(text[slice(*span)])] or spans)[:_READ_ON_TOPIC]
    spans = spans[:_READ]
    if not spans:
        return []
    vectors = encoder.encode([text[start:end] for start, end in spans])
    cosines = np.clip(vectors @ vectors.T, 0.0, 1.0)
    edges = np.where(cosines >= _ALIKE, cosines, 0.0)
    edges /= edges.sum(axis=1, keepdims=True)
    rank = np.full(len(spans), 1 / len(spans))
    for _ in range(_STEPS):
        rank = (1 - _DAMPING) / len(spans) + _DAMPING * (rank @ edges)
    scores = []
    for place, (start, end) in enumerate(spans):
        score = float(rank[place]) * len(spans) * (1 + _LEAD * (1 - place / len(spans)))
        score *= _LEANING if _LEANS.match(text[start:end]) else 1.0
        scores.append(score + 2 * covered(wanted, stems(text[start:end])))
    chosen: list[int] = []
    for place in sorted(range(len(spans)), key=lambda place: -scores[place]):
        if all(cosines[place, other] < _SAME for other in chosen):
            chosen.append(place)
        if len(chosen) == most:
            break
    best = max(scores)
    return [Statement(article, *spans[place], min(1.0, scores[place] / best)) for place in sorted(chosen)]


def _apart(statements: Sequence[Statement], encoder: Encoder) -> list[Statement]:
    """Return the statements but for those that say nearly the same as one before them."""
    vectors = encoder.encode([statement.text for statement in statements])
    kept: list[int] = []
    for place in range(len(statements)):
        if all(float(vectors[place] @ vectors[other]) < _SAME for other in kept):
            kept.append(place)
    return [statements[place] for place in kept]


def _answer(asked: Question, statements: Sequence[Statement], hits: Sequence[Hit], told: str) -> Answer:
    confidence = max((min(1.0, max(0.0, hit.similarity)) for hit in hits), default=1.0)
    return Answer(asked.text, tuple(statements), tuple(hits[:10]), None, confidence, summary=told, period=asked.period)


def _dated(article: Article) -> str:
    return f" ({article.published})" if article.published else ""
