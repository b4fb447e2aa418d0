"""Measure answers and refusals on real articles: python tests/benchmarks/answers.py ../shared/data

1. The 50 hand-made questions on 26 articles.
2. RealTimeQA's questions over all of its 7,218 articles, and each over its own ten search results only: exact match and
   F1 of the short answer, and whether the first statement and one of the first three hold the answer. "Strict" are the
   questions whose answer stands in an article near the question's words, "loose" those whose answer stands anywhere.
3. Refusals, over the articles of 100 questions of each half: these questions ("there"), 100 others, whose articles are
   not there ("absent"; but for those that other articles answer), and the first once more without the passages that
   hold the answer ("near"). The AUROC of the confidence, also without the near ones that are answered with a word of
   what is expected (for a passage that says it in other words is left), the curve that `qa.answers.THRESHOLD` was taken
   from, and with ``--plots FOLDER`` how far the figure can be trusted and what it costs to refuse (matplotlib is
   needed).
4. The questions of news_questions.jsonl.gz that the reader has not learnt from, over their articles: facts, "who said
   ...", "what did X say ...", and near misses of all three, in other words than the articles' and in plain ones. The
   confidence was fitted on these facts and near misses in other words, too.

With ``--reader none`` all of it is measured without the reader; ``--show N`` prints N questions and what was answered.
The reader that ships has learnt from the even weeks' questions, and answers them better than others. With
``--unseen READER READER``, which ``train_reader.py --without 0`` and ``--without 1`` made, each even week is read by
the one that has not learnt from it.
Quotes are not looked for in RealTimeQA's articles: they double the time of indexing, and few questions ask for any.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

import qa.answers
import qa.indexing
import qa.library
from embeddings import MiniLMSpanScorer
from embeddings.encoder import sha256_of
from qa import Answer, Library, open_library
from qa.evaluation import AnswerScore, Expected, evaluate, read_questions, token_f1
from qa.questions import parse_question
from qa.ranking import estimate
from qa.reader import SpanReader, normalised

Record = dict[str, Any]


def read_jsonl(path: Path) -> list[Record]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [json.loads(line) for line in lines]


def write_articles(articles: Iterable[Record], folder: Path) -> None:
    """Write articles as .md files with front matter, one a file, named by their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    for article in articles:
        date = article.get("published") or article.get("date") or ""
        matter = {"title": article["title"], "author": article.get("authors", []), "date": date}
        lines = [f"{key}: {json.dumps(value)}" for key, value in (matter | {"url": article.get("url", "")}).items()]
        text = "\n".join(["---", *lines, "---", "", article["text"]])
        file = folder / f"{article['id']}.md"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def halves(questions: Iterable[Record]) -> dict[str, str]:
    """Of each of RealTimeQA's weeks, whether it is an even one, on which things are chosen, or an odd one."""
    weeks = sorted({question["week"] for question in questions})
    return {week: ("even", "odd")[number % 2] for number, week in enumerate(weeks)}


class Readers:
    """Has each even week's questions read by a reader that has not learnt from them, where there are such."""

    def __init__(self, files: Sequence[Path], questions: Sequence[Record]) -> None:
        readers = [SpanReader(MiniLMSpanScorer(file, sha256_of(file))) for file in files]
        self._of_week = {week: readers[number] for week, number in unseen_by(questions).items() if readers}
        self._others: SpanReader | None = None

    def turn_to(self, row: Record, library: Library) -> None:
        """Give the library the reader of a question's week."""
        if self._of_week:
            answerer: Any = library._asking.answerer
            self._others = self._others or answerer.reader
            answerer.reader = self._of_week.get(row["week"], self._others)

    def ask(self, library: Library, rows: Sequence[Record], ask: Callable[[Library, Record], Answer]) -> list[Answer]:
        answers = []
        for row in rows:
            self.turn_to(row, library)
            answers.append(ask(library, row))
        return answers


def unseen_by(questions: Iterable[Record]) -> dict[str, int]:
    """Of each even week, which of two readers does not learn from it: ``train_reader.py --without`` 0 or 1."""
    even = sorted(week for week, half in halves(questions).items() if half == "even")
    return {week: number % 2 for number, week in enumerate(even)}


def without_quotes() -> None:
    """Have no quotes looked for in what is indexed."""
    qa.indexing.extract_quotes_many = lambda articles: [[] for _ in articles]  # type: ignore[assignment]


def asked_of_news(data: Path) -> Iterator[Record]:
    """Yield the questions of news_questions.jsonl.gz, in the form of ../shared/data/reading, with their articles.

    The file names an article, how much of it the question was asked of, and where in it the answer stands.
    """
    places = data / "realtimeqa" / "articles.jsonl.gz", data / "polnear" / "train.jsonl.gz"
    articles = {article["id"]: article for place in places for article in read_jsonl(place)}
    for row in read_jsonl(Path(__file__).with_name("news_questions.jsonl.gz")):
        article = articles[row["article"]]
        text = article["text"][: row["read"]]
        own = [{"text": text[row["start"] : row["end"]], "start": row["start"]}] if "start" in row else []
        yield {
            "question": row["question"],
            "article": article | {"text": text},
            "context": text,
            "answers": own,
            "is_impossible": not own,
            "kept_out": row.get("kept_out", False),
            "plain": row.get("plain", False),
        }


def kept_out_of_news(data: Path, folder: Path) -> list[Expected]:
    """Write the articles whose questions are kept out of the training, and return these, by kind, told or not."""
    rows = [row for row in asked_of_news(data) if row["kept_out"]]
    write_articles({row["article"]["id"]: row["article"] for row in rows}.values(), folder)
    found = []
    for row in rows:
        question = parse_question(row["question"])
        kind = ("what X said" if question.speaker else "who said it") if question.quoted else "fact"
        answers = tuple(answer["text"] for answer in row["answers"])
        articles = {f"{row['article']['id']}.md": 1} if answers else {}
        kind = kind if answers else f"{kind}, not told"
        kind = f"{kind}, in plain words" if row["plain"] else kind
        found.append(Expected(row["question"], kind, answers=answers, articles=articles))
    return found


def measure_news(data: Path, work: Path, reader: str | None) -> None:
    asked = kept_out_of_news(data, work / "news")
    with open_library(work / "news", index=work / "news.index", reader=reader) as library:
        print("\n| | questions | refused | EM | F1 | in the first | in the first 3 |\n|" + "---|" * 7)
        for kind, score in sorted(evaluate(library, asked).items()):
            cells = [f"{100 * np.mean(values):.1f}" for values in score.values.values()] or [""] * 4
            print(f"| {kind} | {score.questions} | {score.refused / score.questions:.1%} | {' | '.join(cells)} |")


def expected(row: Record) -> Expected:
    return Expected(row["question"], "", answers=(row["answer"],), asked=qa.library.day(row["date"]))


def on_its_day(library: Library, row: Record) -> Answer:
    return library.ask(row["question"], today=row["date"])


def from_own_articles(library: Library, row: Record) -> Answer:
    """Answer a question from the ten articles that a web search found for it alone."""
    hits = [
        hit
        for name in row["article_ids"]
        for hit in library.retrieve(row["question"], 10, today=row["date"], article=f"{name}.md")
    ]
    return answered(library, row, sorted(hits, key=lambda hit: -hit.score)[:10])


def without_the_answer(library: Library, row: Record) -> Answer:
    """Answer a question from what is left when the passages that hold the answer are taken away."""
    hits = library.retrieve(row["question"], 40, today=row["date"])
    lacking = [hit for hit in hits if normalised(row["answer"]) not in normalised(hit.passage.text)]
    return answered(library, row, lacking[:10])


def answered(library: Library, row: Record, hits: Sequence[Any]) -> Answer:
    return library._asking.answerer.answer(parse_question(row["question"]), hits)


def measure_answers(library: Library, questions: Sequence[Record], readers: Readers, show: int) -> None:
    half_of = halves(questions)
    times = []
    for title, own in (("all articles", False), ("its own articles", True)):
        scores: dict[str, AnswerScore] = {}
        told = []
        for row in questions:
            readers.turn_to(row, library)
            started = time.perf_counter()
            answer = from_own_articles(library, row) if own else on_its_day(library, row)
            if not own:
                times.append(time.perf_counter() - started)
            half = half_of[row["week"]]
            kinds = [half + " weeks, all"]
            kinds += [half + " weeks, loose"] if row["answerable"] else []
            kinds += [half + " weeks, strict"] if row["answerable_strict"] else []
            for kind in kinds:
                scores.setdefault(kind, AnswerScore()).add(expected(row), answer)
            if row["answerable_strict"] and half == "even" and not own:
                told.append((row, answer))
        print(f"\n{title}\n| | questions | refused | EM | F1 | in the first | in the first 3 |\n|{'---|' * 7}")
        for kind, score in sorted(scores.items()):
            cells = [estimate(values) for values in score.values.values()]
            row_of = " | ".join(f"{100 * c.mean:.1f} ({100 * c.low:.0f}-{100 * c.high:.0f})" for c in cells)
            print(f"| {kind} | {score.questions} | {score.refused / score.questions:.1%} | {row_of} |", flush=True)
        for row, answer in random.Random(2).sample(told, min(show, len(told))):
            tell(row, answer)
    print(f"\nan answer takes {1000 * median(times):.0f} ms (median), {1000 * np.quantile(times, 0.95):.0f} (p95)")


def tell(row: Record, answer: Answer) -> None:
    print(f"\n- {row['question']} Expected: {row['answer']}. Confidence {answer.confidence:.2f}.", end=" ")
    print(
        f"Answered: {answer.short}. {answer.statements[0].text}" if answer.statements else f"Refused: {answer.refusal}"
    )


def refusal_cases(
    data: Path, work: Path, questions: Sequence[Record], reader: str | None
) -> Iterator[tuple[str, Library, list[Record], list[Record]]]:
    """Yield of each half of the weeks a library, the 100 questions whose articles are in it, and 100 others."""
    half_of = halves(questions)
    chosen: dict[str, list[Record]] = {"even": [], "odd": []}
    for question in questions:
        if question["answerable_strict"]:
            chosen[half_of[question["week"]]].append(question)
    articles = {article["id"]: article for article in read_jsonl(data / "realtimeqa" / "articles.jsonl.gz")}
    for half, rows in chosen.items():
        random.Random(1).shuffle(rows)
        ids = {name for row in rows[:100] for name in row["article_ids"]}
        place = work / f"realtimeqa-{half}"
        write_articles((articles[name] for name in sorted(ids)), place)
        with open_library(place, index=place.with_suffix(".index"), reader=reader) as library:
            yield half, library, rows[:100], [row for row in rows[100:] if not ids & set(row["article_ids"])][:100]


def measure_refusals(
    data: Path, work: Path, questions: Sequence[Record], reader: str | None, readers: Readers, plots: Path | None
) -> None:
    found: dict[str, dict[str, list[tuple[float, bool]]]] = {}
    for half, library, asked, absent in refusal_cases(data, work, questions, reader):
        answerer: Any = library._asking.answerer
        answerer.threshold = 0.0  # what would be answered is of interest, too
        there = list(zip(asked, readers.ask(library, asked, on_its_day), strict=True))
        gone = readers.ask(library, absent, on_its_day)
        near = readers.ask(library, asked, without_the_answer)
        really = [answer for row, answer in zip(absent, gone, strict=True) if not answered_elsewhere(row, answer)]
        found[half] = {
            "there": [(answer.confidence, first_holds(row, answer)) for row, answer in there],
            "absent": [(answer.confidence, False) for answer in really],
            "near": [(answer.confidence, False) for answer in near],
        }
        everyone = auroc([answer.confidence for _, answer in there], [answer.confidence for answer in gone])
        print(
            f"{half} weeks: {len(gone) - len(really)} of the {len(gone)} absent ones are answered by other articles",
            end="",
        )
        print(f" (with them, AUROC {everyone:.3f})")
        sure = {case: [confidence for confidence, _ in pairs] for case, pairs in found[half].items()}
        print(f"{half} weeks, {library.count()} articles: AUROC of there against", end=" ")
        print(", ".join(f"{case} {auroc(sure['there'], sure[case]):.3f}" for case in ("absent", "near")))
        other = [a.confidence for row, a in zip(asked, near, strict=True) if not token_f1(a.short or "", row["answer"])]
        print(f"{len(near) - len(other)} near ones have a word of the answer; without them", end=" ")
        print(f"{auroc(sure['there'], other):.3f}. To refuse 8% of what is there and found refuses", end=" ")
        limit = np.quantile([confidence for confidence, is_found in found[half]["there"] if is_found], 0.08)
        refused = [f"{np.mean(np.array(case) < limit):.0%}" for case in (sure["absent"], other)]
        print("{} of the absent and {} of these near ones".format(*refused))
    print("\n| threshold | refused: there, even | odd | absent, even | odd | near, even | odd |\n|" + "---|" * 7)
    for threshold in sorted({round(n * 0.05, 2) for n in range(1, 19)} | {qa.answers.THRESHOLD}):
        cells = [
            f"{np.mean([confidence < threshold for confidence, _ in found[half][case]]):.0%}"
            for case in ("there", "absent", "near")
            for half in ("even", "odd")
        ]
        mark = "**" if threshold == qa.answers.THRESHOLD else ""
        print(f"| {mark}{threshold:.2f}{mark} | {' | '.join(cells)} |")
    if plots:
        plot(found, plots)


def answered_elsewhere(row: Record, answer: Answer) -> bool:
    """Tell whether a passage holds the answer, though none of the question's own articles is there."""
    return any(normalised(row["answer"]) in normalised(hit.passage.text) for hit in answer.hits)


def first_holds(row: Record, answer: Answer) -> bool:
    return any(normalised(row["answer"]) in normalised(s.text) for s in answer.statements[:1])


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float:
    one, other = np.array(higher)[:, None], np.array(lower)[None]
    return float(np.mean(one > other) + np.mean(one == other) / 2)


def plot(found: dict[str, dict[str, list[tuple[float, bool]]]], folder: Path) -> None:
    """Draw how often what has some confidence is answered, and rightly, and how many are wrong when so many are given.

    In the first picture absent and near ones count half, so that there is an answer for half of the questions.
    """
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for half, colour in (("even", "#1f4f82"), ("odd", "#b98900")):
        rows = sorted((sure, case == "there", right) for case, pairs in found[half].items() for sure, right in pairs)
        parts = np.array_split(np.array(rows, dtype=float), 10)
        for column, line, label in ((1, "o-", "the articles answer"), (2, "o:", "the first statement does")):
            values = [np.average(part, axis=0, weights=0.5 + part[:, 1] / 2)[[0, column]] for part in parts]
            left.plot(*np.transpose(values), line, color=colour, label=f"{half} weeks, {label}")
        for case, line in (("absent", "-"), ("near", "--")):
            both = np.array(sorted(found[half]["there"] + found[half][case], reverse=True), dtype=float)
            given = np.arange(1, len(both) + 1)
            risk = 1 - np.cumsum(both[:, 1]) / given
            right.plot(given / len(both), risk, line, color=colour, label=f"{half} weeks, half {case}")
    left.plot([0, 1], [0, 1], ":", color="grey")
    left.set(xlabel="confidence", ylabel="share of questions", title="Reliability (tenths of the questions)")
    right.set(xlabel="share of questions answered", ylabel="share of them wrong", title="Risk and coverage")
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(folder / "refusals.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--work", type=Path, default=Path("/tmp/qa-benchmark"), help="where articles and index are put")
    parser.add_argument("--parts", default="quotes,news,answers,refusals", help="which (default: all)")
    parser.add_argument("--reader", help="another reader, or none")
    parser.add_argument("--unseen", type=Path, nargs=2, default=(), metavar="READER", help="readers for even weeks")
    parser.add_argument("--show", type=int, default=0, help="how many questions and answers to print")
    parser.add_argument("--plots", type=Path, help="where the plots are put")
    options = parser.parse_args()
    parts = options.parts.split(",")
    if "quotes" in parts:
        write_articles(read_jsonl(options.data / "quotes" / "quotes_dev_articles.jsonl"), options.work / "quotes")
        index = options.work / "quotes.index"
        with open_library(options.work / "quotes", index=index, reader=options.reader) as library:
            rows = read_questions(options.data / "quotes" / "quotes_dev.jsonl")
            for kind, score in evaluate(library, rows).items():
                print(kind, {name: value for name, value in score.as_dict().items() if name != "values"})
                print("   ", {name: round(float(np.mean(values)), 3) for name, values in score.values.items()})
    if "news" in parts:
        measure_news(options.data, options.work, options.reader)
    without_quotes()
    questions = read_jsonl(options.data / "realtimeqa" / "questions.jsonl")
    readers = Readers(options.unseen, questions)
    if "answers" in parts:
        articles = read_jsonl(options.data / "realtimeqa" / "articles.jsonl.gz")
        place = options.work / f"realtimeqa-{len(articles)}"  # as tests/benchmarks/retrieval.py leaves it
        write_articles(articles, place)
        with open_library(place, index=place.with_suffix(".index"), reader=options.reader) as library:
            measure_answers(library, questions, readers, options.show)
    if "refusals" in parts:
        measure_refusals(options.data, options.work, questions, options.reader, readers, options.plots)


if __name__ == "__main__":
    main()
