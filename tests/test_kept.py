"""Answers that were kept are read back as far as their articles still say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa import Answer, Article, Library, Statement

HOLDS = '"The dam holds," said Peter Holm.'
OLD = "Maria Lopez said the dam was old."


@pytest.fixture
def town(make_library: Callable[[], Library], folder: Path) -> Library:
    (folder / "dam.txt").write_text(f"The dam is safe\n\nMay 3, 2024\n\n{HOLDS}\n\n{OLD}\n")
    (folder / "tram.txt").write_text("Tram news\n\nMay 9, 2024\n\nPeter Holm said the tram would be late.\n")
    return make_library()


@pytest.fixture
def kept(town: Library) -> dict[str, Any]:
    """An answer with two statements, in two articles, as it would stand on disk."""
    answer = town.ask("What did Peter Holm say?")
    assert [statement.article.path for statement in answer.statements] == ["dam.txt", "tram.txt"]
    record: dict[str, Any] = json.loads(json.dumps(answer.as_dict()))
    return record


def changed(town: Library, texts: Mapping[str, str | None]) -> Callable[[str], Article]:
    """Return a function that finds an article by its id, some of them with another text, or gone."""

    def article(article_id: str) -> Article:
        found = town.article(article_id)
        text = texts.get(found.path, found.text)
        if text is None:
            raise KeyError(article_id)
        return replace(found, text=text)

    return article


@pytest.mark.parametrize(
    "question",
    [
        "What did Peter Holm say?",
        "What did Holm say in May?",
        "What did Maria Lopez say about football?",
        "When was the spring fair opened, in June 2024?",
        "Who said that the dam holds?",
        "What did he say?",
        "",
    ],
)
def test_an_answer_comes_back_as_it_was(town: Library, question: str) -> None:
    answer = town.ask(question, today="2024-11-20")
    assert Answer.from_dict(answer.as_dict(), town.article) == answer
    assert Answer.from_dict(json.loads(json.dumps(answer.as_dict())), town.article) == answer


@pytest.mark.model
@pytest.mark.parametrize(
    "question",
    [
        "what did Lavrov say about al-Qaida?",
        "When was James Foley abducted?",
        "who said the main threat is not Assad?",
        "How many air strikes has the U.S. conducted in Iraq since 2013?",
        "What did Lavrov say about football?",
        "Who won the World Cup?",
        "What did Lavrov say about air strikes last week?",
    ],
)
def test_answers_from_the_articles_that_ship_come_back_as_they_were(seeds: Library, question: str) -> None:
    answer = seeds.ask(question)
    assert Answer.from_dict(answer.as_dict(), seeds.article) == answer
    assert Answer.from_dict(json.loads(json.dumps(answer.as_dict())), seeds.article) == answer


def test_a_statement_that_moved_is_found_again_with_the_words_that_answer(town: Library, kept: dict[str, Any]) -> None:
    first = kept["statements"][0]
    first["span"] = [first["start"] + 5, first["start"] + 8]
    kept["short"] = "dam"
    text = f"Corrected.\n\n{HOLDS}\n\n{HOLDS}\n"
    answer = Answer.from_dict(kept, changed(town, {"dam.txt": text}))
    statement = answer.statements[0]
    assert (statement.text, statement.start, statement.end) == (HOLDS, 12, 12 + len(HOLDS))
    assert statement.span == (17, 20)
    assert text[17:20] == answer.short == "dam"


def test_what_is_gone_is_left_out_with_the_count_of_it(town: Library, kept: dict[str, Any]) -> None:
    assert kept["summary"] == "2 statements by Peter Holm, in 2 articles"
    for texts in ({"dam.txt": "It rained."}, {"dam.txt": None}):
        answer = Answer.from_dict(kept, changed(town, texts))
        assert [s.text for s in answer.statements] == ["Peter Holm said the tram would be late."]
        assert (answer.summary, answer.refusal) == (None, None)
        assert "dam.txt" not in {hit.passage.article.path for hit in answer.hits}
        assert len(answer.hits) == len(kept["hits"]) - 1


def test_an_answer_of_which_nothing_is_left_says_so(town: Library, kept: dict[str, Any]) -> None:
    answer = Answer.from_dict({**kept, "short": "dam"}, changed(town, {"dam.txt": None, "tram.txt": "It rained."}))
    assert (answer.statements, answer.short) == ((), None)
    assert answer.refusal == "The articles that this was answered from are gone, or no longer say so: ask again."


def test_items_are_kept_as_far_as_a_statement_names_them(town: Library, kept: dict[str, Any]) -> None:
    assert Answer.from_dict({**kept, "items": ["dam", "the moon"]}, town.article).items == ("dam",)
    assert Answer.from_dict({k: v for k, v in kept.items() if k != "items"}, town.article).items == ()
    with pytest.raises(ValueError, match="item"):
        Answer.from_dict({**kept, "items": [7]}, town.article)


def test_a_short_answer_that_no_article_holds_is_left_out(town: Library, kept: dict[str, Any]) -> None:
    assert Answer.from_dict({**kept, "short": "the moon"}, town.article).short is None


def test_near_copies_come_back_where_they_still_say_so(town: Library) -> None:
    dam, tram = (town.articles(article=path)[0] for path in ("dam.txt", "tram.txt"))
    copy = replace(tram, text=HOLDS.replace(" ", "  "))
    start = dam.text.index(HOLDS)
    answer = Answer("q", (Statement(dam, start, start + len(HOLDS), 1.0, also=(copy,)),), (), None, 1.0)
    record = answer.as_dict()
    assert Answer.from_dict(record, {dam.id: dam, copy.id: copy}.__getitem__) == answer
    assert Answer.from_dict(record, {dam.id: dam, tram.id: tram}.__getitem__).statements[0].also == ()
    assert Answer.from_dict(record, {dam.id: dam}.__getitem__).statements[0].also == ()


STATEMENT = {"start": 0, "end": 1, "text": "x", "article": {"id": "a"}, "score": 1, "also": []}


@pytest.mark.parametrize(
    "broken",
    [
        {"question": None},
        {"question": "\ud800"},
        {"refusal": "no"},
        {"refusal": 3},
        {"statements": None},
        {"statements": [], "summary": None},
        {"statements": [3]},
        {"statements": [{**STATEMENT, "score": float("nan")}]},
        {"statements": [{**STATEMENT, "score": 10**400}]},
        {"statements": [{**STATEMENT, "score": True}]},
        {"statements": [{**STATEMENT, "start": -1}]},
        {"statements": [{**STATEMENT, "end": 2}]},
        {"statements": [{**STATEMENT, "end": 0, "text": ""}]},
        {"statements": [{**STATEMENT, "span": [0, 2]}]},
        {"statements": [{**STATEMENT, "span": "ab"}]},
        {"statements": [{**STATEMENT, "kind": "loud"}]},
        {"statements": [{**STATEMENT, "article": {"id": ["a"]}}]},
        {"statements": [{**STATEMENT, "also": ["a"]}]},
        {"hits": {}},
        {"hits": [STATEMENT]},
        {"confidence": 2},
        {"names": [{"spelling": "x"}]},
        {"period": {"since": "May", "until": None}},
        {"period": 3},
        {"instead": "What?"},
        {"instead": [3]},
    ],
)
def test_a_record_that_no_answer_made_is_an_error(town: Library, kept: dict[str, Any], broken: dict[str, Any]) -> None:
    assert Answer.from_dict(kept, town.article).statements
    with pytest.raises(ValueError, match=r"this is no answer that was kept by as_dict .*: leave it out, and ask again"):
        Answer.from_dict({**kept, **broken}, town.article)


@pytest.mark.parametrize("record", [{}, [], None, "x", {"question": "q"}])
def test_what_is_no_record_is_an_error(town: Library, record: Any) -> None:
    with pytest.raises(ValueError, match="this is no answer that was kept by as_dict"):
        Answer.from_dict(record, town.article)


def test_a_verdict_and_the_parts_come_back_as_far_as_their_statements_do(town: Library) -> None:
    said = town.ask("What did Peter Holm say?")
    answer = replace(said, verdict="no", parts=(("Dam", 1), ("Tram", 1), ("Bridge: nothing", 0)))
    record = json.loads(json.dumps(answer.as_dict()))
    assert record["parts"][0] == {"heading": "Dam", "statements": 1}
    assert Answer.from_dict(record, town.article) == answer
    fewer = Answer.from_dict(record, changed(town, {"dam.txt": None}))
    assert (fewer.verdict, fewer.parts) == (None, (("Tram", 1), ("Bridge: nothing", 0)))
    before = {name: value for name, value in record.items() if name not in ("verdict", "parts")}
    assert Answer.from_dict(before, town.article) == said
    for wrong in ({"verdict": "maybe"}, {"parts": [{"heading": "Dam", "statements": 3}]}, {"parts": [7]}):
        with pytest.raises(ValueError, match="no answer that was kept"):
            Answer.from_dict({**record, **wrong}, town.article)
