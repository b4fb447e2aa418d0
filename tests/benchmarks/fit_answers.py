"""Fit how answers are weighed and how sure they are: python tests/benchmarks/fit_answers.py ../shared/data

On RealTimeQA's even weeks. How a sentence is weighed is fitted as a choice among all sentences that the reader has read
for a question and "none of these", where the right ones are those whose words are the expected answer (F1 of 0.6 or
more), once with all passages and once without those that hold the answer; the confidence, as a logistic regression on
whether the articles answer, on the cases that tests/benchmarks/answers.py describes ("there", "absent", "near"), and
on the facts and near misses in other words than the articles' ("news"; what is absent is asked of the even weeks'
articles). Prints the weights, as qa/answers.py has them, and what the present and the new ones give. The index is the
one that tests/benchmarks/answers.py leaves; ``--unseen`` is as there, and without it the weights fit a reader that is
surer than it is of other questions.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from answers import (
    Readers,
    Record,
    answered_elsewhere,
    auroc,
    halves,
    kept_out_of_news,
    on_its_day,
    read_jsonl,
    refusal_cases,
    without_the_answer,
)

import qa.answers
from qa import Library, open_library
from qa.evaluation import Expected, exact_match, token_f1
from qa.questions import Question
from qa.retrieval import Hit

RIGHT = 0.6  # F1
PULL = 0.01  # of each weight towards 0
# What a case counts in the fit of the confidence.
SHARES = {
    ("even", "there"): 1.0,
    ("even", "absent"): 1.0,
    ("even", "near"): 0.5,
    ("news", "there"): 0.25,
    ("news", "absent"): 0.5,
    ("news", "near"): 0.25,
}


class Read(NamedTuple):
    """What was read for a question: the candidates, and which of them are right."""

    question: Question
    hits: Sequence[Hit]
    candidates: list[Any]
    right: list[bool]
    answer: str

    def weighed(self, weights: Sequence[float]) -> Read:
        new = [c._replace(odds=qa.answers.summed(weights, c.features)) for c in self.candidates]
        return self._replace(candidates=new)


class Recorder:
    """Notes what a library's answerer is asked, and with which hits."""

    def __init__(self, library: Library) -> None:
        self.answerer: Any = library._asking.answerer
        self._answer = self.answerer.answer
        self.answerer.answer = self._noted
        self.last: tuple[Question, Sequence[Hit]] | None = None

    def _noted(self, question: Question, hits: Sequence[Hit]) -> Any:
        self.last = (question, hits)
        return self._answer(question, hits)

    def read(self, answer: str) -> Read | None:
        """Return what was read for the question that was asked last, if anything was."""
        asked, self.last = self.last, None
        if asked is None or not asked[0].asked_for:
            return None
        question, hits = asked
        candidates = self.answerer._read(question, question.asked_for, hits[: qa.answers._READ])
        right = [token_f1(c.short, answer) >= RIGHT for c in candidates]
        return Read(question, hits, candidates, right, answer) if candidates else None


def fit_choice(reads: Sequence[Read]) -> NDArray[np.float64]:
    cases = [(np.array([c.features for c in read.candidates]), np.array(read.right)) for read in reads]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = PULL * weights @ weights, 2 * PULL * weights
        for features, right in cases:
            odds = np.append(features @ weights, 0.0)
            best = np.append(right, not right.any())
            share = np.exp(odds - odds.max())
            share /= share.sum()
            wanted = share * best / (share * best).sum()
            total -= np.log((share * best).sum())
            slope = slope + (share - wanted)[:-1] @ features
        return float(total), slope

    return np.asarray(minimize(loss, np.zeros(len(qa.answers._WEIGHTS)), jac=True).x)


def fit_confidence(signs: NDArray[np.float64], there: NDArray[np.bool_], share: NDArray[np.float64]) -> Any:
    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        sure = 1 / (1 + np.exp(-signs @ weights))
        total = -(share * np.log(np.where(there, sure, 1 - sure))).sum() + PULL * weights @ weights
        return float(total), (share * (sure - there)) @ signs + 2 * PULL * weights

    return minimize(loss, np.zeros(signs.shape[1]), jac=True).x


def told(name: str, reads: Sequence[Read], answerer: Any) -> str:
    firsts = [answerer._likeliest(read.candidates)[0].short for read in reads]
    pairs = list(zip(firsts, reads, strict=True))
    em = np.mean([exact_match(first, read.answer) for first, read in pairs])
    f1 = np.mean([token_f1(first, read.answer) for first, read in pairs])
    return f"{name}: {len(reads)} questions, nothing refused: EM {100 * em:.1f}, F1 {100 * f1:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--work", type=Path, default=Path("/tmp/qa-benchmark"), help="where articles and index are")
    parser.add_argument("--reader", help="another reader")
    parser.add_argument("--unseen", type=Path, nargs=2, default=(), metavar="READER", help="readers for even weeks")
    options = parser.parse_args()
    questions = read_jsonl(options.data / "realtimeqa" / "questions.jsonl")
    readers = Readers(options.unseen, questions)
    half_of = halves(questions)
    reads: dict[str, list[Read]] = {"even": [], "odd": []}
    lacking: list[Read] = []
    place = options.work / "realtimeqa-7218"
    with open_library(place, index=place.with_suffix(".index"), reader=options.reader) as library:
        recorder = Recorder(library)
        for row in questions:
            if row["answerable_strict"]:
                readers.turn_to(row, library)
                on_its_day(library, row)
                if read := recorder.read(row["answer"]):
                    reads[half_of[row["week"]]].append(read)
                if half_of[row["week"]] == "even":
                    without_the_answer(library, row)
                    if read := recorder.read(row["answer"]):
                        lacking.append(read)
    answerer = recorder.answerer
    weights = fit_choice(reads["even"] + lacking)
    print("_WEIGHTS =", tuple(round(float(weight), 3) for weight in weights))
    for half, own in reads.items():
        print(told(f"{half} weeks, present weights", own, answerer))
        print(told(f"{half} weeks, new weights", [read.weighed(weights) for read in own], answerer), flush=True)
    found: dict[str, dict[str, list[Any]]] = {}
    place = options.work / "news"
    news = kept_out_of_news(options.data, place)
    facts, lacking_facts = ([one for one in news if one.kind == kind] for kind in ("fact", "fact, not told"))
    with open_library(place, index=place.with_suffix(".index"), reader=options.reader) as library:
        found["news"] = {"there": asked_of(library, facts), "near": asked_of(library, lacking_facts)}
    for half, library, asked, absent in refusal_cases(options.data, options.work, questions, options.reader):
        found[half] = cases_of(library, asked, absent, readers)
        if half == "even":
            paths = {article.path for article in library.articles()}
            found["news"]["absent"] = asked_of(library, [fact for fact in facts if not paths & fact.articles.keys()])
    for name, own in (("present", qa.answers._WEIGHTS), ("new", weights)):
        tell_confidence(name, found, answerer, own)


def asked_of(library: Library, questions: Sequence[Expected]) -> list[Read]:
    recorder, reads = Recorder(library), []
    for question in questions:
        library.ask(question.question)
        if read := recorder.read(question.answers[0] if question.answers else ""):
            reads.append(read)
    return reads


def cases_of(
    library: Library, asked: Sequence[Record], absent: Sequence[Record], readers: Readers
) -> dict[str, list[Any]]:
    recorder, cases = Recorder(library), defaultdict(list)
    for row in asked:
        readers.turn_to(row, library)
        on_its_day(library, row)
        cases["there"].append(recorder.read(row["answer"]))
        without_the_answer(library, row)
        cases["near"].append(recorder.read(row["answer"]))
    for row in absent:
        readers.turn_to(row, library)
        answer = on_its_day(library, row)
        read = recorder.read(row["answer"])
        if not answered_elsewhere(row, answer):
            cases["absent"].append(read)
    return {case: [read for read in own if read] for case, own in cases.items()}


def tell_confidence(name: str, found: dict[str, dict[str, list[Any]]], answerer: Any, weights: Sequence[float]) -> None:
    """Fit the confidence for some weights of sentences on even weeks, and print what it tells apart."""
    signs: dict[tuple[str, str], NDArray[np.float64]] = {}
    for half, cases in found.items():
        for case, reads in cases.items():
            weighed = [read.weighed(weights) for read in reads]
            rows = [qa.answers._signs(r.question, *answerer._likeliest(r.candidates), r.hits) for r in weighed]
            signs[half, case] = np.array(rows)
    there = np.repeat([case == "there" for _, case in SHARES], [len(signs[case]) for case in SHARES])
    share = np.repeat(list(SHARES.values()), [len(signs[case]) for case in SHARES])
    sure = fit_confidence(np.concatenate([signs[case] for case in SHARES]), there, share)
    print(f"_SURE_WEIGHTS of the {name} weights =", tuple(round(float(weight), 3) for weight in sure))
    for half in found:
        by = {case: (signs[half, case] @ sure).tolist() for case in ("there", "absent", "near")}
        apart = ", ".join(f"{case} {auroc(by['there'], by[case]):.3f}" for case in ("absent", "near"))
        print(f"{half}: AUROC of there against {apart}", flush=True)


if __name__ == "__main__":
    main()
