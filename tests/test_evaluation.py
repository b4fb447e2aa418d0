"""The measures, on spans and answers whose figures can be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Library
from qa.evaluation import (
    Expected,
    SpanScore,
    evaluate,
    exact_match,
    matched,
    overlap,
    read_questions,
    token_f1,
)


def test_overlap_is_what_is_shared_of_the_longer_span() -> None:
    assert overlap(set(range(10)), set(range(5, 10))) == 0.5
    assert overlap(set(range(4)), set(range(4))) == 1.0
    assert overlap(set(range(4)), set(range(4, 8))) == 0.0
    assert overlap(set(), set()) == 0.0


def test_spans_are_paired_once_the_largest_overlap_first() -> None:
    gold = [set(range(10)), set(range(10, 20))]
    found = [set(range(8)), set(range(10)), set(range(9, 20))]
    assert matched(gold, found) == {0: (1, 1.0), 1: (2, 10 / 11)}


def test_among_equal_overlaps_the_preferred_pair_comes_first() -> None:
    gold, found = [set(range(10))], [set(range(5)), set(range(5, 10))]
    assert matched(gold, found) == {0: (0, 0.5)}
    assert matched(gold, found, {(0, 1)}) == {0: (1, 0.5)}


def test_precision_recall_and_f1() -> None:
    score = SpanScore(gold=10, found=8)
    score.right[0.8] = 6
    assert (score.precision(0.8), score.recall(0.8)) == (0.75, 0.6)
    assert score.f1(0.8) == pytest.approx(2 / 3)
    assert SpanScore().f1(0.8) == 0.0


@pytest.fixture
def dam(make_library: Callable[[], Library], folder: Path) -> Library:
    (folder / "dam.txt").write_text(
        "The dam is safe\n\nMay 3, 2024\n\n"
        '"The dam holds," said Peter Holm. "The dam will hold for years," he said.\n\nMaria Lopez said it would not.\n'
    )
    return make_library()


def test_answers_are_scored_by_sentences_and_refusals(dam: Library) -> None:
    scores = evaluate(
        dam,
        [
            Expected("What did Peter Holm say about the dam?", "said", ('"The dam holds," said Peter Holm.',)),
            Expected("What did Peter Holm say about football?", "said", ()),
            Expected("What did Maria Lopez say?", "said", ("She says nothing of the kind.",)),
        ],
    )
    score = scores["said"]
    assert (score.questions, score.refused, score.unanswerable, score.rightly_refused, score.first) == (3, 1, 1, 1, 1)
    assert (score.right, score.wrong, score.gold, score.shown) == (1, 2, 2, 1)
    assert (score.precision, score.recall) == (pytest.approx(1 / 3), 0.5)
    assert score.misses == [
        'What did Peter Holm say about the dam? | shown, not expected: "The dam will hold for years," he said.',
        "What did Maria Lopez say? | shown, not expected: Maria Lopez said it would not.",
        "What did Maria Lopez say? | expected, not shown: She says nothing of the kind.",
    ]


def test_what_may_be_shown_is_neither_right_nor_wrong(dam: Library) -> None:
    gold, also = '"The dam holds," said Peter Holm.', '"The dam will hold for years," he said.'
    score = evaluate(dam, [Expected("What did Peter Holm say about the dam?", "said", (gold,), (also,))])["said"]
    assert (score.right, score.wrong) == (1, 0)


def test_short_answers_are_measured_by_exact_match_f1_and_the_statements_that_hold_them(
    make_library: Callable[[], Library],
) -> None:
    rows = [Expected("the spring fair opened", "fair", answers=answers) for answers in (("Friday",), ("A Monday", "x"))]
    score = evaluate(make_library(), rows)["fair"]
    assert (score.questions, score.refused, score.unanswerable, score.wrong) == (2, 0, 0, 0)
    assert score.values == {"EM": [0, 0], "F1": [0, 0], "in the first": [1, 0], "in the first 3": [1, 0]}
    assert score.misses == [
        "the spring fair opened | expected: A Monday | no short answer | The spring fair opened on Friday."
    ]


def test_exact_match_and_f1_are_worked_out_by_hand() -> None:
    assert exact_match("The 5,100 migrants.", "5100 migrants") == 1
    assert exact_match("5,100", "5,100 migrants") == 0
    assert token_f1("more than 5,100 migrants", "5,100 people") == pytest.approx(2 * 1 / (4 + 2))
    assert token_f1("in late 2012", "late 2012") == pytest.approx(0.8)
    assert (token_f1("the", "a"), token_f1("the", "x"), token_f1("x y", "z")) == (1, 0, 0)


def test_questions_are_read_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [{"question": "Who?", "gold_quotes": ["Me."], "kind": "who", "id": 7}, {"question": "Why?"}]
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    assert read_questions(file) == [Expected("Who?", "who", ("Me.",)), Expected("Why?", "all", ())]


@pytest.mark.parametrize("line", ["{", "[]", '"x"', "{}", '{"question": 3}', '{"question": "x", "gold_quotes": [1]}'])
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "Who?"}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"line 2 of .* is no question .*: write one JSON object a line, such as"):
        read_questions(file)
