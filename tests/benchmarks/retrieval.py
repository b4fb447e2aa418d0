"""Measure retrieval on news questions and on four test collections: python tests/benchmarks/retrieval.py ../shared/data

For dense, lexical and fused search: hit@k and MRR@10 on RealTimeQA's questions over all of its 7,218 articles (the gold
answer stands in one of the first k passages), by even and odd weeks, with and without the questions' dates; and nDCG@10
on Time, Cranfield, Medline and CISI. Then by how much fused differs from dense and from the better single search.
Whatever was chosen by measurement was chosen on the even weeks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from answers import Record, halves, read_jsonl, without_quotes, write_articles

from qa import Library, open_library
from qa.evaluation import Expected, read_questions
from qa.ranking import Difference, Ranking, difference, estimate, rank
from qa.retrieval import SEARCHES

COLLECTIONS = ("realtimeqa", "time", "cranfield", "medline", "cisi")
HITS = ("hit@1", "hit@5", "hit@10", "MRR@10")


def realtimeqa(data: Path, count: int | None) -> tuple[list[Record], list[Record]]:
    """The articles and the questions that one of them answers; with ``count``, of the first so many articles."""
    articles = {article["id"]: article for article in read_jsonl(data / "realtimeqa" / "articles.jsonl.gz")}
    questions = read_jsonl(data / "realtimeqa" / "questions.jsonl")
    half_of = halves(questions)
    chosen: dict[str, None] = {}
    asked = []
    for question in questions:
        if question["answerable_strict"] and (count is None or len(chosen) < count):
            chosen |= dict.fromkeys(question["article_ids"])
            fields = {name: question[name] for name in ("question", "answer", "date")}
            asked.append(fields | {"kind": f"realtimeqa, {half_of[question['week']]} weeks"})
    return [articles[name] for name in (articles if count is None else chosen)], asked


def collection(data: Path, name: str) -> tuple[list[Record], list[Record]]:
    """The documents that hold text, as articles, and the questions with what is relevant to them."""
    folder = data / "retrieval" / name
    documents = [row for row in read_jsonl(folder / "corpus.jsonl") if row["text"].strip()]
    nothing = {"authors": [], "published": None, "url": None}
    articles = [{"id": row["_id"], "title": row["title"] or "", "text": row["text"], **nothing} for row in documents]
    held = {row["_id"] for row in documents}
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, document, grade = line.split("\t")
        if document in held:
            grades.setdefault(question, {})[f"{document}.md"] = int(grade)
    rows = read_jsonl(folder / "queries.jsonl")
    return articles, [
        {"question": row["text"], "articles": grades[row["_id"]], "kind": name} for row in rows if row["_id"] in grades
    ]


def opened(data: Path, work: Path, name: str, count: int | None, rerank: str | None) -> tuple[Library, list[Expected]]:
    articles, questions = realtimeqa(data, count) if name == "realtimeqa" else collection(data, name)
    place = work / (f"{name}-{len(articles)}" if name == "realtimeqa" else name)
    write_articles(articles, place)
    file = place.with_suffix(".jsonl")
    file.write_text("\n".join(map(json.dumps, questions)))
    return open_library(place, index=place.with_suffix(".index"), rerank=rerank), read_questions(file)


def settings(name: str, questions: list[Expected]) -> Iterator[tuple[str, list[Expected]]]:
    """The questions, and where they have dates, without them before."""
    if name == "realtimeqa":
        yield "", [replace(question, asked=None) for question in questions]
        yield ", dated", questions
    else:
        yield "", questions


def row(title: str, ranking: Ranking) -> str:
    cells = [estimate(values) for name, values in ranking.values.items() if name in ("nDCG@10", *HITS)]
    return (
        f"| {title} | " + " | ".join(f"{100 * c.mean:.1f} ({100 * c.low:.0f}-{100 * c.high:.0f})" for c in cells) + " |"
    )


def apart(by: Difference) -> str:
    return f"{100 * by.mean:+.1f} ({100 * by.low:+.1f} to {100 * by.high:+.1f}), p {by.p:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--work", type=Path, default=Path("/tmp/qa-benchmark"), help="where articles and index are put")
    parser.add_argument("--articles", type=int, help="how many of RealTimeQA's articles (default: all)")
    parser.add_argument("--rerank", help="what reads the first hits, 'reader' or a CrossEncoder (default: nothing)")
    parser.add_argument("--collections", default=",".join(COLLECTIONS), help="which (default: all)")
    options = parser.parse_args()
    # Retrieval needs no quotes, and finding them is the longer half of indexing.
    without_quotes()
    for name in options.collections.split(","):
        library, questions = opened(options.data, options.work, name, options.articles, options.rerank)
        print(f"\n{name}: {library.count()} articles, {len(questions)} questions\n")
        measures = HITS if name == "realtimeqa" else ("nDCG@10",)
        print(f"| | {' | '.join(measures)} |\n|{'---|' * (len(measures) + 1)}")
        notes = []
        for dated, asked in settings(name, questions):
            if options.rerank:
                for kind, ranking in rank(library, asked).items():
                    print(row(f"{kind}{dated}: reranked", ranking), flush=True)
                continue
            found = {search: rank(library, asked, search) for search in SEARCHES}
            for kind in found["fused"]:
                for search in ("dense", "lexical", "fused"):
                    print(row(f"{kind}{dated}: {search}", found[search][kind]))
                measure = "hit@5" if name == "realtimeqa" else "nDCG@10"
                fused, dense, lexical = (found[search][kind].values[measure] for search in SEARCHES)
                better = max((dense, lexical), key=sum)
                notes.append(f"{kind}{dated}, {measure}: fused against dense {apart(difference(fused, dense))}")
                notes.append(f"  against the better single search {apart(difference(fused, better))}")
        print("\n" + "\n".join(notes), flush=True)
        library.close()


if __name__ == "__main__":
    main()
