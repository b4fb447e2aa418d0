"""Measures: how well found spans agree with marked ones, and answers with the sentences that a person expects."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

from qa.answers import Answer, Statement
from qa.filters import Filters, day
from qa.library import Library
from qa.reader import normalised

# Two spans agree strictly, or share 0.8 or 0.3 of the longer one: what quotation studies report (for instance the
# Gender Gap Tracker's, PLOS ONE 16(1), 2021).
OVERLAPS = (0.999, 0.8, 0.3)


def overlap(one: AbstractSet[int], other: AbstractSet[int]) -> float:
    """Return what two sets of character offsets share, as a part (0..1) of the larger one."""
    return len(one & other) / max(len(one), len(other), 1)


@dataclass
class SpanScore:
    """Precision, recall and F1 of found spans at each of `OVERLAPS`, over as many texts as are added."""

    gold: int = 0
    found: int = 0
    right: Counter[float] = field(default_factory=Counter)

    def precision(self, at: float) -> float:
        """Return the share (0..1) of the found spans that overlap their gold one by ``at`` or more."""
        return self.right[at] / max(self.found, 1)

    def recall(self, at: float) -> float:
        """Return the share (0..1) of the gold spans that were found with an overlap of ``at`` or more."""
        return self.right[at] / max(self.gold, 1)

    def f1(self, at: float) -> float:
        """Return the harmonic mean of precision and recall."""
        precision, recall = self.precision(at), self.recall(at)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def matched(
    gold: Sequence[AbstractSet[int]],
    found: Sequence[AbstractSet[int]],
    preferred: AbstractSet[tuple[int, int]] = frozenset(),
) -> dict[int, tuple[int, float]]:
    """Pair spans one to one, the largest overlaps first: index in ``gold`` -> (index in ``found``, overlap).

    Among equal overlaps the ``preferred`` pairs (gold, found) come first.
    """
    pairs = sorted(
        ((overlap(g, f), i, j) for i, g in enumerate(gold) for j, f in enumerate(found) if g & f),
        key=lambda pair: (-round(pair[0], 3), (pair[1], pair[2]) not in preferred),
    )
    taken: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for value, i, j in pairs:
        if i not in taken and j not in used:
            taken[i] = (j, value)
            used.add(j)
    return taken


@dataclass(frozen=True)
class Expected:
    """A question and what a person expects of its answer.

    ``gold`` are the sentences that must be shown, verbatim, ``also_ok`` such as may be. ``answers`` are short answers,
    of which any will do; a statement, and a retrieved passage, must hold one. ``articles`` are the relevant articles
    (id, path or title), with a grade (0 is irrelevant). ``not_ok`` are sentences that must not be shown, whatever else
    is, and ``not_refused`` tells that anything is better than a refusal. A question with none of these must be refused.
    ``asked`` is when it was asked, among which articles say the ``filters``; ``kind`` is any name to report it under.
    """

    question: str
    kind: str
    gold: tuple[str, ...] = ()
    also_ok: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    articles: Mapping[str, int] = field(default_factory=dict)
    asked: date | None = None
    not_ok: tuple[str, ...] = ()
    not_refused: bool = False
    filters: Filters = field(default_factory=Filters)

    @property
    def of_answers(self) -> bool:
        """Whether it measures answers; otherwise it measures retrieval alone."""
        return bool(self.gold or self.answers or self.not_ok or self.not_refused) or not self.articles

    @property
    def unanswerable(self) -> bool:
        """Whether it must be refused."""
        return not (self.gold or self.answers or self.articles or self.not_ok or self.not_refused)


def read_questions(file: Path) -> list[Expected]:
    """Read questions from a file of JSON objects, one a line, of which these fields are read:

    question (required), kind, gold_quotes and also_ok (lists of verbatim sentences), answer (a string or a list of
    such), articles (a list of ids, paths or titles, or an object of those and whole numbers), date (YYYY-MM-DD), not_ok
    (a list of sentences), refused (true: it was refused, and must not be), filters (an object of `Filters`). `feedback`
    makes such lines. Raises OSError where there is no such file, ValueError with the line's number where a line is not
    of this form.
    """
    questions = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            questions.append(_expected(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"line {number} of {str(file)!r} is no question ({error!r}): write one JSON object a line, such as "
                '{"question": "What did X say about Y?", "gold_quotes": ["\\"Y is late,\\" X said."]}'
            ) from error
    return questions


def _expected(row: dict[str, Any]) -> Expected:
    gold, also_ok, answers, articles, not_ok = (
        row.get(name) or [] for name in ("gold_quotes", "also_ok", "answer", "articles", "not_ok")
    )
    answers = [answers] if isinstance(answers, str) else answers
    names = list(articles) if isinstance(articles, dict) else articles
    lists = [[row["question"]], gold, also_ok, answers, names, not_ok]
    if not all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in lists):
        raise TypeError("the question is a string; gold_quotes, also_ok, not_ok, answer and articles hold strings")
    if not row["question"].strip():
        raise ValueError("the question is empty")
    if any(_NOTHING.fullmatch(answer) for answer in answers):
        raise ValueError("an answer is more than punctuation, a, an and the")
    grades = articles if isinstance(articles, dict) else dict.fromkeys(names, 1)
    if not all(type(grade) is int and grade >= 0 for grade in grades.values()):
        raise ValueError("the grade of an article is a whole number from 0")
    if not any(grades.values()):
        grades = {}
    asked = date.fromisoformat(row["date"]) if row.get("date") else None
    kind = str(row.get("kind") or "all")
    refused = row.get("refused", False)
    if not isinstance(refused, bool):
        raise TypeError("refused is true or false")
    return Expected(
        row["question"],
        kind,
        tuple(gold),
        tuple(also_ok),
        tuple(answers),
        grades,
        asked,
        tuple(not_ok),
        refused,
        _filters(row.get("filters") or {}),
    )


def _filters(given: Mapping[str, Any]) -> Filters:
    """Return filters as they are written down. Raises ValueError for what is none."""
    unknown = given.keys() - Filters.__annotations__.keys()
    if unknown:
        raise ValueError(f"there is no filter {min(unknown)!r}: there are {', '.join(Filters.__annotations__)}")
    filters: dict[str, Any] = {}
    for name, value in given.items():
        texts = value if isinstance(value, list) and name not in _DAYS else [value]
        if value is not None and not all(isinstance(text, str) for text in texts):
            raise TypeError(f"the filter {name!r} is a string, or a list of such where it is no date: not {value!r}")
        if value is not None:
            filters[name] = day(value) if name in _DAYS else value
    return cast(Filters, filters)


def feedback(answer: Answer, *, liked: bool, asked: date, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person thought of an answer as a line of JSON that `read_questions` reads.

    What was liked is expected again: the same statements, or a refusal. Of what was not, the statements must not be
    shown again, or it must not be refused. ``asked`` is the day on which it was asked, and ``filters`` are the
    `Filters` with which it was. Raises ValueError where no question was asked, or for a filter that there is not.
    """
    question = answer.understood or answer.question
    if not question.strip():
        raise ValueError(f"no question was asked ({question!r}): there is nothing to like or to dislike")
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in filters.items()}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
    _filters(plain)
    texts = [statement.text for statement in answer.statements]
    thought: dict[str, Any] = {"gold_quotes": texts} if liked else {"not_ok": texts}
    if answer.refusal and not liked:
        thought = {"refused": True}
    return {
        "question": question,
        "kind": "liked" if liked else "disliked",
        **thought,
        "date": asked.isoformat(),
        "filters": {name: value for name, value in plain.items() if value is not None},
    }


def exact_match(said: str, answer: str) -> float:
    """Return 1 where two answers are the same but for their normal form (see `normalised`), else 0."""
    return float(normalised(said) == normalised(answer))


def token_f1(said: str, answer: str) -> float:
    """Return the F1 (0..1) of the words of two answers in their normal form (Rajpurkar et al. 2016)."""
    given, wanted = Counter(normalised(said).split()), Counter(normalised(answer).split())
    if not given or not wanted:
        return float(given == wanted)
    return 2 * (given & wanted).total() / (given.total() + wanted.total())


_DAYS = ("since", "until")
# What is left out when answers are compared: one of nothing else would be in every passage.
_NOTHING = re.compile(r"([\W_]|\b(a|an|the)\b)*", re.IGNORECASE)


@dataclass
class AnswerScore:
    """How the answers to questions of one kind agree with what was expected.

    Over the sentences of all questions: ``right`` and ``wrong`` of those shown (also_ok is neither), ``shown`` of the
    ``gold`` ones, and ``shown_again`` of the ``not_ok`` ones. Over the questions: ``first`` have a gold sentence first,
    ``refused`` have no answer, ``wrongly_refused`` of those that ``must_answer`` whatever they answer. ``values``
    holds a value (0..1) of each question with a short answer: exact match and F1 of `Answer.short` (0 where there is
    none), and whether the first, and one of the first three statements hold it.
    """

    questions: int = 0
    unanswerable: int = 0
    refused: int = 0
    rightly_refused: int = 0
    first: int = 0
    right: int = 0
    wrong: int = 0
    gold: int = 0
    shown: int = 0
    not_ok: int = 0
    shown_again: int = 0
    must_answer: int = 0
    wrongly_refused: int = 0
    values: dict[str, list[float]] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share (0..1) of the sentences shown that were expected."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """The share (0..1) of the expected sentences that were shown."""
        return self.shown / max(self.gold, 1)

    def add(self, expected: Expected, answer: Answer) -> None:
        """Count one answer."""
        self.questions += 1
        self.refused += answer.refusal is not None
        self._add_unwanted(expected, answer)
        if expected.answers:
            self._add_short(expected.answers, answer, expected.question)
        if expected.unanswerable:
            self.unanswerable += 1
            self.rightly_refused += answer.refusal is not None
        elif not expected.gold:
            return
        right = [any(stands_in(text, statement) for text in expected.gold) for statement in answer.statements]
        self.first += bool(right) and right[0]
        self.right += sum(right)
        self.gold += len(expected.gold)
        for statement, is_right in zip(answer.statements, right, strict=True):
            if not is_right and not any(stands_in(text, statement) for text in expected.also_ok):
                self.wrong += 1
                self.misses.append(f"{expected.question} | shown, not expected: {statement.text}")
        for text in expected.gold:
            if any(stands_in(text, statement) for statement in answer.statements):
                self.shown += 1
            else:
                self.misses.append(f"{expected.question} | expected, not shown: {text}")

    def _add_unwanted(self, expected: Expected, answer: Answer) -> None:
        """Count what must not be shown, and a refusal where there must be none."""
        self.not_ok += len(expected.not_ok)
        for text in expected.not_ok:
            if any(stands_in(text, statement) for statement in answer.statements):
                self.shown_again += 1
                self.misses.append(f"{expected.question} | shown again: {text}")
        self.must_answer += expected.not_refused
        if expected.not_refused and answer.refusal:
            self.wrongly_refused += 1
            self.misses.append(f"{expected.question} | refused again: {answer.refusal}")

    def _add_short(self, answers: Sequence[str], answer: Answer, question: str) -> None:
        short = answer.short or ""
        held = [any(normalised(a) in normalised(s.text) for a in answers) for s in answer.statements]
        for name, value in {
            "EM": max(exact_match(short, a) for a in answers),
            "F1": max(token_f1(short, a) for a in answers),
            "in the first": float(any(held[:1])),
            "in the first 3": float(any(held[:3])),
        }.items():
            self.values.setdefault(name, []).append(value)
        if not any(held[:3]):
            given = answer.refusal or " | ".join(statement.text for statement in answer.statements[:3])
            self.misses.append(f"{question} | expected: {answers[0]} | {short or 'no short answer'} | {given}")

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and measures, for JSON."""
        counts = {name: value for name, value in vars(self).items() if name != "misses"}
        return counts | {"precision": round(self.precision, 4), "recall": round(self.recall, 4)}


def stands_in(text: str, statement: Statement) -> bool:
    """Tell whether ``text`` is in the statement's article at a place that the statement lies on."""
    start = statement.article.text.find(text)
    while start >= 0:
        if start < statement.end and statement.start < start + len(text):
            return True
        start = statement.article.text.find(text, start + 1)
    return False


def evaluate(library: Library, questions: Iterable[Expected]) -> dict[str, AnswerScore]:
    """Ask ``library`` each question, and return how its answers agree with what is expected, by kind."""
    scores: dict[str, AnswerScore] = {}
    for expected in questions:
        if expected.of_answers:
            answer = library.ask(expected.question, today=expected.asked, **expected.filters)
            scores.setdefault(expected.kind, AnswerScore()).add(expected, answer)
    return scores
