"""Measure answers and refusals on real articles: python tests/benchmarks/answers.py ../shared/data

Prints how often the sentences shown hold the answer, and the curve that qa.answers.FLOOR was taken from: the share of
answerable questions refused, and of questions refused whose articles are not there, at each floor.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import string
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import qa.answers
from qa import Answer, Library, open_library

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


def normal(text: str) -> str:
    """Return ``text`` as SQuAD's evaluation compares it: lower case, no punctuation, no articles."""
    plain = "".join(" " if c in string.punctuation + "“”‘’–—" else c for c in text.lower())
    return " " + " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split()) + " "


def overlaps(answer: Answer, position: int, article_id: str | None, spans: list[list[int]]) -> bool:
    """Tell whether a statement of the answer lies on one of the gold spans (offsets into the given text)."""
    statement = answer.statements[position]
    if statement.article.path != f"{article_id}.md":
        return False
    start, end = statement.start - statement.article.body, statement.end - statement.article.body
    return any(start < e and s < end for s, e in spans)


def measure_quotes(library: Library, questions: list[Record]) -> None:
    by_kind: dict[str, list[Record]] = {}
    for question in questions:
        by_kind.setdefault(question["kind"], []).append(question)
    for kind, asked in by_kind.items():
        right = wrong = found = gold = first = refused = 0
        for question in asked:
            answer = library.ask(question["question"])
            refused += answer.refusal is not None
            spans, ok, article = (
                question.get("gold_spans", []),
                question.get("also_ok_spans", []),
                question.get("article_id"),
            )
            matches = [overlaps(answer, n, article, spans) for n in range(len(answer.statements))]
            first += bool(matches) and matches[0]
            right += sum(matches)
            wrong += sum(not m and not overlaps(answer, n, article, ok) for n, m in enumerate(matches))
            for span in spans:
                gold += 1
                found += any(overlaps(answer, n, article, [span]) for n in range(len(answer.statements)))
        print(
            f"{kind}: {len(asked)} questions, {refused} refused, right sentence first {first}; of the sentences shown "
            f"{right / max(1, right + wrong):.0%} right, of the gold ones {found / max(1, gold):.0%} shown"
        )


def measure_realtimeqa(data: Path, work: Path, count: int) -> None:
    articles = {article["id"]: article for article in read_jsonl(data / "realtimeqa" / "articles.jsonl.gz")}
    questions = read_jsonl(data / "realtimeqa" / "questions.jsonl")
    weeks = sorted({question["week"] for question in questions})
    chosen: dict[str, list[Record]] = {"even": [], "odd": []}
    for question in questions:
        if question["answerable_strict"]:
            chosen[("even", "odd")[weeks.index(question["week"]) % 2]].append(question)
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
                answer = library.ask(question["question"])
                times.append(time.perf_counter() - started)
                present_scores.append(answer.confidence)
                held = [normal(question["answer"]) in normal(statement.text) for statement in answer.statements]
                for k in shown:
                    shown[k] += any(held[:k])
            absent_scores = [library.ask(question["question"]).confidence for question in absent[half]]
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
        measure_quotes(library, read_jsonl(options.data / "quotes" / "quotes_dev.jsonl"))
    if options.questions:
        measure_realtimeqa(options.data, options.work, options.questions)


if __name__ == "__main__":
    main()
