"""Measures of retrieval: how high stands what a question needs, how sure that is, and if a search beats another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from qa.articles import Article, article_id
from qa.evaluation import Expected
from qa.library import Library
from qa.reader import normalised
from qa.retrieval import Hit, Search

# What is looked at: ten passages for an answer; for articles so many that ten different ones are among them.
_PASSAGES, _FOR_ARTICLES = 10, 100
_RESAMPLES = 2000
_SEED = 1
_MOST_SHOWN = 120


@dataclass(frozen=True)
class Ranking:
    """What was found for the questions of one kind: ``values`` holds of each measure one value (0..1) a question.

    Of questions with an answer: hit@k (a passage that holds it is among the first k) and MRR@10 (1 / the place of the
    first one, 0 beyond ten). Of questions with articles: recall@10, article MRR@10 and nDCG@10, over different articles
    in the order of their first passages. ``misses`` are the questions for which nothing right was among the first ten.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)


class Estimate(NamedTuple):
    """A mean with the limits that the mean of as many other questions would lie in, 95 times of 100."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """By how much one search beats another on the same questions; ``p`` is how often chance alone does as much."""

    mean: float
    low: float
    high: float
    p: float


def rank(library: Library, questions: Iterable[Expected], search: Search = "fused") -> dict[str, Ranking]:
    """Retrieve for each question that has an answer or articles, and return how well that went, by kind.

    A question with a date is asked on that day. Raises ValueError for an article that is not in the library.
    """
    asked = [question for question in questions if question.answers or question.articles]
    ids: dict[str, str] = {}
    if any(question.articles for question in asked):
        held = library.articles()
        # A text in several places is one article, by whichever of them it is named.
        ids = {name: article.id for article in held for path in _places(article) for name in (path, article_id(path))}
        titles = {article.title for article in held}
        for question in asked:
            missing = question.articles.keys() - ids.keys() - titles
            if missing:
                raise ValueError(
                    f"{question.question!r} names the article {min(missing)!r}, which is not in the library"
                )
    hits = _retrieved(library, asked, search)
    rankings: dict[str, Ranking] = {}
    for kind in dict.fromkeys(question.kind for question in asked):
        rankings[kind] = ranking = Ranking()
        of_kind = [(question, found) for question, found in zip(asked, hits, strict=True) if question.kind == kind]
        _measure_answers(ranking, [pair for pair in of_kind if pair[0].answers])
        _measure_articles(ranking, [pair for pair in of_kind if pair[0].articles], ids)
    return rankings


def _retrieved(library: Library, asked: Sequence[Expected], search: Search) -> list[list[Hit]]:
    """Return the hits of each question; those that are asked alike are asked at once."""

    def how(i: int) -> tuple[int, str, str]:
        filters = sorted(asked[i].filters.items())
        return _FOR_ARTICLES if asked[i].articles else _PASSAGES, str(asked[i].asked or ""), str(filters)

    hits: list[list[Hit]] = [[] for _ in asked]
    for (k, *_), group in groupby(sorted(range(len(asked)), key=how), key=how):
        chosen = list(group)
        questions, first = [asked[i].question for i in chosen], asked[chosen[0]]
        retrieved = library.retrieve_many(questions, k, search=search, today=first.asked, **first.filters)
        for i, found in zip(chosen, retrieved, strict=True):
            hits[i] = found
    return hits


def _measure_answers(ranking: Ranking, asked: Sequence[tuple[Expected, list[Hit]]]) -> None:
    from ir_measures import RR, Success

    right, run = [], []
    for question, hits in asked:
        answers = [normalised(answer) for answer in question.answers]
        texts = [_normalised_passage(hit.passage.text) for hit in hits[:_PASSAGES]]
        holding = {str(i) for i, text in enumerate(texts) if any(answer in text for answer in answers)}
        right.append(dict.fromkeys(holding, 1))
        run.append([str(i) for i in range(len(texts))])
    measures = {"hit@1": Success @ 1, "hit@5": Success @ 5, "hit@10": Success @ 10, "MRR@10": RR @ 10}
    _measure(ranking, measures, asked, right, run)


def _places(article: Article) -> tuple[str, ...]:
    return (article.path, *article.copies)


def _measure_articles(ranking: Ranking, asked: Sequence[tuple[Expected, list[Hit]]], ids: Mapping[str, str]) -> None:
    from ir_measures import RR, R, nDCG

    right, run = [], []
    for question, hits in asked:
        grades: dict[str, int] = {}
        for name, grade in question.articles.items():
            grades[ids.get(name, name)] = max(grade, grades.get(ids.get(name, name), 0))
        right.append(grades)
        found = [hit.passage.article for hit in hits]
        names = [a.title if a.title in grades else a.id for a in found]
        run.append(list(dict.fromkeys(names))[:10])
    measures = {"recall@10": R @ 10, "article MRR@10": RR @ 10, "nDCG@10": nDCG @ 10}
    _measure(ranking, measures, asked, right, run)


def _measure(
    ranking: Ranking,
    measures: dict[str, Any],
    asked: Sequence[tuple[Expected, list[Hit]]],
    right: Sequence[dict[str, int]],
    run: Sequence[list[str]],
) -> None:
    """Add each measure's values. ``right`` is what is relevant to a question, and how much; ``run`` what was found."""
    if not asked:
        return
    import ir_measures

    # trec_eval leaves out a question for which nothing is relevant or nothing was found: such a one counts as 0 here.
    qrels = {str(i): grades or {"nothing": 1} for i, grades in enumerate(right)}
    runs = {str(i): {name: -place for place, name in enumerate(found)} for i, found in enumerate(run)}
    values = {name: [0.0] * len(asked) for name in measures}
    names = {str(measure): name for name, measure in measures.items()}
    for metric in ir_measures.iter_calc(measures.values(), qrels, runs):
        values[names[str(metric.measure)]][int(metric.query_id)] = float(metric.value)
    ranking.values.update(values)
    for i, (question, hits) in enumerate(asked):
        if not any(right[i].get(name, 0) > 0 for name in run[i]):
            best = hits[0].passage if hits else None
            first = f"{best.article.path}: {' '.join(best.text.split())[:_MOST_SHOWN]}" if best else "nothing"
            ranking.misses.append(f"{question.question} | not among the first ten; the first is {first}")


_normalised_passage = lru_cache(maxsize=10_000)(normalised)


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of one value a question with its 95% interval (bootstrap over the questions, percentiles)."""
    import numpy as np
    from scipy.stats import bootstrap

    mean = float(np.mean(values))
    if len(set(values)) < 2:
        return Estimate(mean, mean, mean)
    rng = np.random.default_rng(_SEED)
    limits = bootstrap((values,), np.mean, n_resamples=_RESAMPLES, method="percentile", rng=rng).confidence_interval
    return Estimate(mean, float(limits.low), float(limits.high))


def difference(values: Sequence[float], others: Sequence[float]) -> Difference:
    """Return by how much ``values`` are better than ``others``, of the same questions in the same order.

    With a paired bootstrap's 95% interval and the p of a paired randomisation test, two-sided (Smucker, Allan and
    Carterette 2007). Raises ValueError where they are not of as many questions.
    """
    import numpy as np
    from scipy.stats import permutation_test

    apart = np.asarray(values, dtype=float) - np.asarray(others, dtype=float)
    mean, low, high = estimate(apart.tolist())
    if not apart.any():
        return Difference(mean, low, high, 1.0)
    test = permutation_test(
        (apart,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        n_resamples=_RESAMPLES,
        vectorized=True,
        rng=np.random.default_rng(_SEED),
    )
    return Difference(mean, low, high, float(test.pvalue))
