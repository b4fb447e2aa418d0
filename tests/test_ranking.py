"""The measures of retrieval, on hits whose places can be counted by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from qa import Library
from qa.__main__ import main
from qa.articles import article_id
from qa.evaluation import Expected, evaluate, read_questions
from qa.ranking import difference, estimate, rank
from qa.reader import normalised


@pytest.fixture
def trams(make_library: Callable[[], Library], folder: Path) -> Library:
    """Three more articles: vectors and words of "tram line north" rank a, b, c, and then the others."""
    (folder / "a.txt").write_text("Tram line north opened.\n")
    (folder / "b.txt").write_text("Tram line south opened, at a cost of the 40 million.\n")
    (folder / "c.txt").write_text("A tram of wood stands in the old museum of the town, near the gate.\n")
    return make_library()


def paths(library: Library, question: str) -> list[str]:
    return [hit.passage.article.path for hit in library.retrieve(question)]


def test_a_passage_that_holds_the_answer_counts_by_its_place(trams: Library) -> None:
    assert paths(trams, "tram line north")[:3] == ["a.txt", "b.txt", "c.txt"]
    ranking = rank(
        trams,
        [
            Expected("tram line north", "one", answers=("opened",)),  # in the first
            Expected("tram line north", "one", answers=("forty", "40 Million!")),  # in the second
            Expected("tram line north", "one", answers=("0 million",)),  # in none: whole words only
            Expected("tram line north", "other", answers=("museum",)),  # in the third
        ],
    )
    assert ranking["one"].values == {
        "hit@1": [1, 0, 0],
        "hit@5": [1, 1, 0],
        "hit@10": [1, 1, 0],
        "MRR@10": [1, 0.5, 0],
    }
    assert ranking["other"].values["MRR@10"] == [pytest.approx(1 / 3)]
    assert ranking["one"].misses == [
        "tram line north | not among the first ten; the first is a.txt: Tram line north opened."
    ]


def test_articles_count_by_grade_and_place(trams: Library) -> None:
    article = trams.retrieve("museum", 1)[0].passage.article
    graded = Expected("tram line north", "all", articles={"b.txt": 1, article.id: 3, "Fair opens": 0})
    values = rank(trams, [graded])["all"].values
    # Found in the places 2 (grade 1) and 3 (grade 3); at best they were 2 and 1.
    gained, best = 1 / math.log2(3) + 3 / math.log2(4), 3 / math.log2(2) + 1 / math.log2(3)
    assert values == {"recall@10": [1], "article MRR@10": [0.5], "nDCG@10": [pytest.approx(gained / best)]}


def test_a_question_is_asked_on_its_day(make_library: Callable[[], Library], folder: Path) -> None:
    for day in ("2024-06-01", "2020-06-01"):
        (folder / f"{day}.md").write_text(f"---\ndate: {day}\n---\n\nThe tram line was opened again.\n")
    library = make_library()
    for day in ("2024-06-01", "2020-06-01"):
        asked = Expected("tram line", "all", articles={f"{day}.md": 1}, asked=date.fromisoformat(day))
        assert rank(library, [asked])["all"].values["article MRR@10"] == [1]


def test_a_text_in_two_places_is_one_article_by_either_name(make_library: Callable[[], Library], folder: Path) -> None:
    (folder / "copy.txt").write_text((folder / "bridge.txt").read_text())
    library = make_library()
    for names in ({"copy.txt": 1}, {"bridge.txt": 1, "copy.txt": 1}, {article_id("copy.txt"): 1}):
        values = rank(library, [Expected("old bridge", "all", articles=names)])["all"].values
        assert (values["recall@10"], values["article MRR@10"], values["nDCG@10"]) == ([1], [1], [1])


def test_questions_with_articles_alone_measure_no_answers(trams: Library) -> None:
    asked = [Expected("Who?", "a", answers=("x",)), Expected("Who?", "b", articles={"a.txt": 1}), Expected("Who?", "c")]
    assert list(evaluate(trams, asked)) == ["a", "c"]
    assert list(rank(trams, asked)) == ["a", "b"]


def test_an_article_that_is_not_there_is_named(trams: Library) -> None:
    with pytest.raises(ValueError, match=r"'Who\?' names the article 'z.txt', which is not in the library"):
        rank(trams, [Expected("Who?", "all", articles={"z.txt": 1})])


def test_answers_are_compared_as_squad_does() -> None:
    assert normalised("The “U.S.” Senate, a 5%") == " u s senate 5 "
    assert normalised("Biden's $5.03, 1,200 and 7.") == " biden s 5.03 1200 and 7 "


def test_an_estimate_is_a_mean_with_its_interval() -> None:
    mean, low, high = estimate([0, 1] * 50)
    # The standard error is 0.05, 1.96 of which are 0.098.
    assert (mean, low, high) == (0.5, pytest.approx(0.402, abs=0.02), pytest.approx(0.598, abs=0.02))
    assert estimate([0, 1] * 50) == estimate([0, 1] * 50)
    assert estimate([1.0]) == estimate([1.0, 1.0]) == (1, 1, 1)


def test_a_difference_is_judged_question_by_question() -> None:
    assert difference([0, 1, 0.5], [0, 1, 0.5]) == (0, 0, 0, 1)
    clear = difference([0.9] * 20, [0.1] * 20)
    assert (clear.mean, clear.low, clear.high) == (pytest.approx(0.8),) * 3
    assert clear.p < 0.01
    # Of the four ways to give signs to two equal differences, two are as far from 0.
    assert difference([1, 1], [0, 0]).p == 0.5
    assert difference([1, 0] * 10, [0, 1] * 10).p == 1


def test_questions_for_retrieval_are_read(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [
        {"question": "A?", "answer": "x", "date": "2024-05-01"},
        {"question": "B?", "answer": ["x", "y"], "articles": ["a.txt"]},
        {"question": "C?", "articles": {"a.txt": 2, "b.txt": 0}},
        {"question": "D?", "answer": None, "articles": {"b.txt": 0}},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert read_questions(file) == [
        Expected("A?", "all", answers=("x",), asked=date(2024, 5, 1)),
        Expected("B?", "all", answers=("x", "y"), articles={"a.txt": 1}),
        Expected("C?", "all", articles={"a.txt": 2, "b.txt": 0}),
        Expected("D?", "all"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"answer": 3},
        {"answer": [3]},
        {"answer": {"x": 1}},
        {"answer": "The!"},
        {"answer": ["x", ""]},
        {"articles": "a.txt"},
        {"articles": [1]},
        {"articles": {"a": -1}},
        {"articles": {"a": "x"}},
        {"articles": {"a": 0.5}},
        {"articles": {"a": True}},
        {"gold_quotes": "He said no."},
        {"also_ok": "He said no."},
        {"date": "May"},
        {"date": 2024},
        {"question": " ", "answer": "x"},
    ],
)
def test_a_line_with_a_bad_field_is_named(tmp_path: Path, fields: dict[str, object]) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"question": "Who?", **fields}))
    with pytest.raises(ValueError, match=r"line 1 of .* is no question"):
        read_questions(file)


@pytest.mark.model
def test_the_command_line_compares_two_searches(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [{"question": "When did the fair open?", "answer": "Friday"}, {"question": "bridge", "answer": "zebra"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    command = ["evaluate", str(file), "--folder", str(folder), "--index", str(tmp_path / "i")]
    assert main([*command, "--search", "lexical", "--against", "lexical", "--misses"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "all: 2 questions, 0 refused",
        *(
            f"  {name:15} 0.500 (0.000 to 1.000), 2 questions"
            for name in ("EM", "F1", "in the first", "in the first 3")
        ),
        "all: retrieval, lexical against lexical",
        *(
            f"  {name:15} 0.500 (0.000 to 1.000), 2 questions; lexical 0.500 (0.000 to 1.000); "
            "+0.000 (+0.000 to +0.000), p 1.000"
            for name in ("hit@1", "hit@5", "hit@10", "MRR@10")
        ),
        "  bridge | expected: zebra | no short answer | The old bridge closed on Monday.",
        "  bridge | not among the first ten; the first is bridge.txt: The old bridge closed on Monday. "
        "Mayor Ilse Kohl said repairs would take a year.",
    ]
    assert main([*command, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["retrieval"]
    assert (row["search"], row["values"]["hit@1"]) == ("fused", [1, 0])
    assert row["measures"]["hit@1"] == {"mean": 0.5, "low": 0.0, "high": 1.0}
    assert main([*command, "--json", "--against", "dense"]) == 0
    row = json.loads(capsys.readouterr().out)["retrieval"]
    assert (row["others"]["hit@1"]["mean"], row["differences"]["hit@1"]["p"]) == (0.5, 1)
    file.write_text('{"question": "Who is mayor?"}')
    assert main([*command, "--against", "dense"]) == 2
    assert "no question has an answer or articles" in capsys.readouterr().err
