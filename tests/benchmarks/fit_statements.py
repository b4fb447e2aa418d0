"""Fit how statements are judged: python tests/benchmarks/fit_statements.py QUESTIONS FOLDER [QUESTIONS FOLDER ...]

QUESTIONS are as `qa.evaluation.read_questions` reads them: those that ask what a speaker said on a topic, or who said
something, with the sentences that must be shown (``gold_quotes``) and may be shown (``also_ok``), or with neither,
where nothing is to be found. Fits three logistic regressions, each on signs that qa/judging.py has: whether any of a
speaker's statements is on the topic; of the questions with one, which ones are; and which statement says what is asked
for. Prints their weights, as qa/judging.py has them, and how well each tells its cases apart (AUROC) when ten times a
tenth of the questions is left out.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from answers import auroc  # noqa: E402

import qa.judging  # noqa: E402
from qa import Library, Statement, open_library  # noqa: E402
from qa.evaluation import Expected, read_questions, stands_in  # noqa: E402

Case = tuple[list[tuple[float, ...]], list[bool]]  # of one question: signs, and what they tell of
TENTHS, PULL = 10, 1.5


class Recorder:
    """Notes the signs of the statements that questions are answered from."""

    def __init__(self) -> None:
        self.cases: defaultdict[str, list[Case]] = defaultdict(list)
        self.expected: Expected | None = None
        self._on_topic, self._saying = qa.judging.signs_on_topic, qa.judging.signs_of_saying
        qa.judging.signs_on_topic, qa.judging.signs_of_saying = self.on_topic, self.saying

    def ask(self, library: Library, expected: Expected) -> None:
        answerer: Any = library._asking.quote_answerer
        answer = type(answerer).answer

        def noted(*given: Any) -> Any:
            self.expected = expected
            try:
                return answer(answerer, *given)
            finally:
                self.expected = None  # what is offered instead is asked for by others

        answerer.answer = noted
        library.ask(expected.question, today=expected.asked)

    def on_topic(self, reader: Any, question: str, weighed: Any) -> Any:
        signs, each = self._on_topic(reader, question, weighed)
        expected, self.expected = self.expected, None
        if expected:
            right = [_right(expected, one.statement) for one in weighed]
            if expected.unanswerable or any(right):
                self.cases["any"].append(([signs], [not expected.unanswerable]))
            if any(right):
                self._note("each", each, right)
        return signs, each

    def saying(self, reader: Any, question: str, weighed: Any) -> Any:
        signs = self._saying(reader, question, weighed)
        expected, self.expected = self.expected, None
        if expected:
            self._note("said", signs, [_right(expected, one.statement) for one in weighed])
        return signs

    def _note(self, kind: str, signs: list[tuple[float, ...]], right: list[bool | None]) -> None:
        known = [(one, is_right) for one, is_right in zip(signs, right, strict=True) if is_right is not None]
        self.cases[kind].append(([one for one, _ in known], [is_right for _, is_right in known]))


def _right(expected: Expected, statement: Statement) -> bool | None:
    """Tell whether a statement has to be shown; None where it may be."""
    if any(stands_in(text, statement) for text in expected.gold):
        return True
    return None if any(stands_in(text, statement) for text in expected.also_ok) else False


def fitted(cases: list[Case]) -> NDArray[np.float64]:
    """Return the weights of the signs, of which the last is 1; the cases are few, so each is pulled towards 0."""
    signs = np.array([one[:-1] for own, _ in cases for one in own])
    right = np.array([one for _, own in cases for one in own])
    mean, spread = signs.mean(0), signs.std(0)
    scaled = np.column_stack([(signs - mean) / spread, np.ones(len(signs))])

    def loss(weights: NDArray[np.float64]) -> float:
        odds = scaled @ weights
        return float(np.logaddexp(0, np.where(right, -odds, odds)).sum() + PULL * weights[:-1] @ weights[:-1])

    weights = minimize(loss, np.zeros(scaled.shape[1])).x
    weights[:-1] /= spread
    return np.append(weights[:-1], weights[-1] - weights[:-1] @ mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="QUESTIONS FOLDER")
    options = parser.parse_args()
    if len(options.files) % 2:
        parser.error("after each file of questions comes the folder of its articles")
    recorder = Recorder()
    for questions, folder in zip(options.files[::2], options.files[1::2], strict=True):
        with open_library(folder, index=folder.with_suffix(".index")) as library:
            for expected in read_questions(questions):
                recorder.ask(library, expected)
    for kind, cases in recorder.cases.items():
        odds: dict[bool, list[float]] = {True: [], False: []}
        for tenth in range(TENTHS):
            weights = fitted([case for n, case in enumerate(cases) if n % TENTHS != tenth])
            for signs, right in cases[tenth::TENTHS]:
                for one, is_right in zip(signs, right, strict=True):
                    odds[is_right].append(float(np.dot(weights, one)))
        print(f"{kind}: {len(cases)} questions, AUROC {auroc(odds[True], odds[False]):.3f}", end="; ")
        print("weights", tuple(round(float(weight), 2) for weight in fitted(cases)), flush=True)


if __name__ == "__main__":
    main()
