"""Measure answers and refusals on real articles: python tests/benchmarks/answers.py ../shared/data

Prints how often the sentences shown hold the answer, and the curve that qa.answers.FLOOR was taken from: the share of
answerable questions refused, and of questions refused whose articles are not there, at each floor.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import qa.answers
from qa import open_library
from qa.evaluation import evaluate, read_questions
from qa.ranking import normalised

Record = dict[str, Any]


def read_jsonl(path: Path) -> list[Record]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [json.loads(line) for line in lines]


def write_articles(articles: Iterable[Record], folder: Path) -> None:
    """Write articles as .md files with front matter, one a file, named by their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    for article in articles:
        matter = {"title": article["title"], "author": article["authors"], "date": article["published"] or ""}
        lines = [f"{key}: {json.dumps(value)}" for key, value in (matter | {"url": article["url"]}).items()]
        text = "\n".join(["---", *lines, "---", "", article["text"]])
        file = folder / f"{article['id']}.md"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def halves(questions: Iterable[Record]) -> dict[str, str]:
    """Of each of RealTimeQA's weeks, whether it is an even one, on which things are chosen, or an odd one."""
    weeks = sorted({question["week"] for question in questions})
    return {week: ("even", "odd")[number % 2] for number, week in enumerate(weeks)}


def measure_realtimeqa(data: Path, work: Path, count: int) -> None:
    articles = {article["id"]: article for article in read_jsonl(data / "realtimeqa" / "articles.jsonl.gz")}
    questions = read_jsonl(data / "realtimeqa" / "questions.jsonl")
    half_of = halves(questions)
    chosen: dict[str, list[Record]] = {"even": [], "odd": []}
    for question in questions:
        if question["answerable_strict"]:
            chosen[half_of[question["week"]]].append(question)
    for half in chosen.values():
        random.Random(1).shuffle(half)
    there = {half: asked[:count] for half, asked in chosen.items()}
    ids = {article_id for asked in there.values() for question in asked for article_id in question["article_ids"]}
    absent = {
        half: [question for question in asked[count:] if not ids & set(question["article_ids"])][:count]
        for half, asked in chosen.items()
    }
    write_articles((articles[article_id] for article_id in sorted(ids)), work / "realtimeqa")
    started = time.perf_counter()
    with open_library(work / "realtimeqa", index=work / "realtimeqa.index") as library:
        print(f"realtimeqa: {len(ids)} articles, opened in {time.perf_counter() - started:.1f} s")
        scores: dict[str, tuple[list[float], list[float]]] = {}
        times = []
        for half in ("even", "odd"):
            shown = {1: 0, 3: 0, 5: 0}
            present_scores, absent_scores = [], []
            for question in there[half]:
                started = time.perf_counter()
                answer = library.ask(question["question"], today=question["date"])
                times.append(time.perf_counter() - started)
                present_scores.append(answer.confidence)
                held = [normalised(question["answer"]) in normalised(statement.text) for statement in answer.statements]
                for k in shown:
                    shown[k] += any(held[:k])
            absent_scores = [library.ask(q["question"], today=q["date"]).confidence for q in absent[half]]
            scores[half] = present_scores, absent_scores
            print(f"{half} weeks: answer within the first {shown} statements of {len(there[half])} questions")
    print(
        f"an answer takes {median(times) * 1000:.0f} ms (median), {sorted(times)[-len(times) // 20] * 1000:.0f} (p95)"
    )
    print("floor   false refusals even odd   absent refused even odd")
    for floor in (0.48, 0.50, 0.52, 0.54, 0.55, 0.56, 0.57, 0.58, 0.60, 0.62, 0.65):
        cells = [
            f"{sum(score < floor for score in part) / max(1, len(part)):6.1%}"
            for kind in (0, 1)
            for part in (scores["even"][kind], scores["odd"][kind])
        ]
        mark = "  <- FLOOR" if abs(floor - qa.answers.FLOOR) < 1e-9 else ""
        print(f"{floor:.2f}    {cells[0]} {cells[1]}            {cells[2]} {cells[3]}{mark}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--work", type=Path, default=Path("/tmp/qa-benchmark"), help="where articles and index are put")
    parser.add_argument("--questions", type=int, default=50, help="how many of each half of realtimeqa; 0: none")
    options = parser.parse_args()
    write_articles(read_jsonl(options.data / "quotes" / "quotes_dev_articles.jsonl"), options.work / "quotes")
    with open_library(options.work / "quotes", index=options.work / "quotes.index") as library:
        for kind, score in evaluate(library, read_questions(options.data / "quotes" / "quotes_dev.jsonl")).items():
            print(kind, score.as_dict())
    if options.questions:
        measure_realtimeqa(options.data, options.work, options.questions)


if __name__ == "__main__":
    main()
