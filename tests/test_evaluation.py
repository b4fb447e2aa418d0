"""The measures, on spans and answers whose figures can be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from qa import Library
from qa.evaluation import (
    Expected,
    SpanScore,
    evaluate,
    exact_match,
    feedback,
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


@pytest.mark.parametrize(
    ("filters", "error"),
    [
        ('{"sauce": "x"}', "there is no filter 'sauce': there are source, author"),
        ('{"since": "May"}', "'May' is no date: write it as YYYY-MM-DD"),
        ('{"until": ["2024-05-01"]}', "the filter 'until' is a string"),
        ('{"source": 3}', "the filter 'source' is a string, or a list of such where it is no date: not 3"),
        ("[3]", "has no attribute 'keys'"),
    ],
)
def test_a_filter_that_there_is_not_is_named_with_its_line(tmp_path: Path, filters: str, error: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(f'{{"question": "Who?"}}\n{{"question": "Who?", "filters": {filters}}}\n')
    with pytest.raises(ValueError, match=f"line 2 of .* is no question .*{error}"):
        read_questions(file)


def test_what_was_disliked_must_not_be_shown_again_and_may_be_refused(dam: Library) -> None:
    question, shown = "What did Peter Holm say about the dam?", '"The dam holds," said Peter Holm.'
    rows = [
        Expected(question, "bad", not_ok=(shown, "The dam is of wood.")),
        Expected("What did Peter Holm say about football?", "bad", not_ok=(shown,)),
    ]
    score = evaluate(dam, rows)["bad"]
    assert (score.not_ok, score.shown_again, score.refused, score.unanswerable) == (3, 1, 1, 0)
    assert (score.right, score.wrong) == (0, 0)  # whether the others that are shown are right is not known
    assert score.misses == [f"{question} | shown again: {shown}"]
    assert score.as_dict()["shown_again"] == 1


def test_a_refusal_that_was_disliked_must_be_none(dam: Library) -> None:
    rows = [
        Expected("What did Peter Holm say about football?", "bad", not_refused=True),
        Expected("What did Peter Holm say about the dam?", "bad", not_refused=True),
    ]
    score = evaluate(dam, rows)["bad"]
    assert (score.must_answer, score.wrongly_refused, score.unanswerable, score.wrong) == (2, 1, 0, 0)
    assert score.misses == [
        "What did Peter Holm say about football? | refused again: The articles do not say: none of the 2 statements by "
        "Peter Holm in them is about football."
    ]


def test_a_question_is_asked_with_its_filters(dam: Library) -> None:
    question, gold = "What did Peter Holm say about the dam?", ('"The dam holds," said Peter Holm.',)
    score = evaluate(dam, [Expected(question, "all", gold, filters={"since": date(2024, 6, 1)})])["all"]
    assert (score.refused, score.shown) == (1, 0)
    assert evaluate(dam, [Expected(question, "all", gold, filters={"article": "dam.txt"})])["all"].shown == 1


def test_what_a_person_thought_of_answers_is_read_back_as_questions(dam: Library, tmp_path: Path) -> None:
    question, football = "What did Peter Holm say about the dam?", "What did Peter Holm say about football?"
    texts = ('"The dam holds," said Peter Holm.', '"The dam will hold for years," he said.')
    day, filters = date(2024, 5, 6), {"since": date(2024, 5, 1), "tag": None, "article": "dam.txt"}
    lines = [
        feedback(dam.ask(asked, **filters), liked=liked, asked=day, filters=filters)
        for asked in (question, football)
        for liked in (True, False)
    ]
    written = {"date": "2024-05-06", "filters": {"since": "2024-05-01", "article": "dam.txt"}}
    assert lines == [
        {"question": question, "kind": "liked", "gold_quotes": list(texts), **written},
        {"question": question, "kind": "disliked", "not_ok": list(texts), **written},
        {"question": football, "kind": "liked", "gold_quotes": [], **written},
        {"question": football, "kind": "disliked", "refused": True, **written},
    ]
    file = tmp_path / "feedback.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    read = read_questions(file)
    among = {"since": date(2024, 5, 1), "article": "dam.txt"}
    assert read == [
        Expected(question, "liked", texts, asked=day, filters=among),
        Expected(question, "disliked", asked=day, not_ok=texts, filters=among),
        Expected(football, "liked", asked=day, filters=among),
        Expected(football, "disliked", asked=day, not_refused=True, filters=among),
    ]
    scores = evaluate(dam, read)
    assert (scores["liked"].shown, scores["liked"].rightly_refused, scores["liked"].misses) == (2, 1, [])
    assert (scores["disliked"].shown_again, scores["disliked"].wrongly_refused) == (2, 1)


def test_of_a_follow_up_the_whole_question_is_kept_and_of_no_question_nothing(dam: Library) -> None:
    first = dam.ask("What did Peter Holm say about football?")
    answer = dam.ask("and about the dam?", history=[first])
    line = feedback(answer, liked=True, asked=date(2024, 5, 6), filters={})
    assert (line["question"], line["filters"]) == ("what did Peter Holm say about the dam?", {})
    with pytest.raises(ValueError, match="no question was asked"):
        feedback(dam.ask(" "), liked=True, asked=date(2024, 5, 6), filters={})
    with pytest.raises(ValueError, match="there is no filter 'sauce'"):
        feedback(first, liked=True, asked=date(2024, 5, 6), filters={"sauce": "x"})
