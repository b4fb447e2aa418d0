"""The command line: python -m qa ask | search | quotes | index | evaluate."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from qa.answers import Answer
from qa.articles import Article
from qa.evaluation import evaluate, read_questions
from qa.library import SEEDS, Library, open_library
from qa.ranking import Ranking, difference, estimate, rank
from qa.retrieval import SEARCHES, Hit
from qa.store import Filters

ANSWERED, NONE, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 for an answer, 1 for none, 2 for what cannot be done as it was asked."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", level=logging.INFO if options.verbose else logging.ERROR)
    try:
        with tqdm(desc="articles", unit=" articles", disable=None, leave=False) as bar:

            def progress(done: int, total: int) -> None:
                bar.total, bar.n = total, done
                bar.refresh()

            library = open_library(
                options.folder,
                index=options.index,
                model=options.model,
                rerank=options.rerank,
                reader=options.reader,
                caution=options.caution,
                agreement=options.agreement,
                progress=progress,
            )
        with library:
            code = int(options.run(library, options))
            sys.stdout.flush()
            return code
    except (
        BrokenPipeError
    ):  # whoever reads ("| head") has enough; what is still to be written must not fail at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED
    except (OSError, ValueError) as error:
        print(f"error: {_printable(str(error))}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("stopped; what was indexed so far is kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m qa", description="Ask a folder of articles.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    reader = "another Hugging Face model for extractive question answering, or 'none' to find no short answers"

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run, caution="balanced", agreement=True)
        sub.add_argument("--index", metavar="DIR", help="where the index is kept (default: the user's cache folder)")
        sub.add_argument("--model", metavar="NAME_OR_PATH", help="another sentence-transformers model")
        sub.add_argument("--rerank", metavar="NAME_OR_PATH", help="a CrossEncoder to rank by, or 'reader'")
        sub.add_argument("--reader", metavar="NAME_OR_PATH", help=reader)
        sub.add_argument("--json", action="store_true", help="print one JSON object a line")
        sub.add_argument("-v", "--verbose", action="store_true", help="say what is being done")
        return sub

    def narrow(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--folder", default=SEEDS, help="the articles (default: the ones that ship, in seeds/)")
        sub.add_argument("--source", help="only articles of this newspaper, agency or site")
        sub.add_argument("--author", help="only articles by this author")
        sub.add_argument("--tag", help="only articles with this tag")
        sub.add_argument("--since", type=_date, metavar="DATE", help="only articles published on or after YYYY-MM-DD")
        sub.add_argument("--until", type=_date, metavar="DATE", help="only articles published on or before YYYY-MM-DD")
        sub.add_argument("--article", metavar="ARTICLE", help="only the article of this id, path or title")

    ask = command("ask", _ask, "Answer a question with the articles' own sentences.")
    search = command("search", _search, "Find the passages nearest to a question.")
    for sub in (ask, search):
        sub.add_argument("question", type=_question)
        narrow(sub)
    today = "the date that “last week” and “since March” in a question are counted from, YYYY-MM-DD (default: today)"
    ask.add_argument("--today", type=_date, metavar="DATE", help=today)
    near = "rank articles of about this date, YYYY-MM-DD, a little higher"
    search.add_argument("--today", type=_date, metavar="DATE", help=near)
    search.add_argument("--search", choices=SEARCHES, default="fused", help="rank by meaning, by words, or by both")
    search.add_argument("-k", type=_positive, default=5, metavar="N", help="how many passages (default: 5)")
    said = command("quotes", _quotes, "List who said what: all quotes by a speaker, on a topic.")
    said.add_argument("--speaker", help="whose quotes (default: everybody's)")
    said.add_argument("--about", metavar="TOPIC", help="only quotes on this topic")
    said.add_argument("--kind", choices=("direct", "indirect", "mixed"), help="only quotes of this kind")
    said.add_argument("--csv", action="store_true", help="print a table for a spreadsheet")
    narrow(said)
    measured = command("evaluate", _evaluate, "Measure answers and retrieval on your own questions.")
    measured.add_argument("questions", type=Path, help="a file with one JSON object a line: see the README")
    measured.add_argument("--misses", action="store_true", help="print what was wrong and what is missing")
    by = "what retrieval ranks by: meaning, words or both"
    measured.add_argument("--search", choices=SEARCHES, default="fused", help=by)
    measured.add_argument("--against", choices=SEARCHES, help="compare with this, question by question")
    alone = "do not let articles that say the same support each other"
    measured.add_argument("--without-agreement", dest="agreement", action="store_false", help=alone)
    measured.add_argument("--folder", default=SEEDS, help="the articles (default: the ones that ship, in seeds/)")
    for sub in (ask, measured):
        caution = sub.add_mutually_exclusive_group()
        for flag, when in (("--cautious", "rather too often"), ("--eager", "only what is surely not answered")):
            caution.add_argument(flag, dest="caution", action="store_const", const=flag[2:], help=f"refuse {when}")
    command("index", _index, "Bring the index in step with a folder.").add_argument("folder")
    return parser


def _question(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: ask something, such as 'what did Lavrov say about al-Qaida?'")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of passages: give 1 or more")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write it as YYYY-MM-DD") from error


def _filters(options: argparse.Namespace) -> Filters:
    return {
        "source": options.source,
        "author": options.author,
        "since": options.since,
        "until": options.until,
        "article": options.article,
        "tag": options.tag,
    }


def _ask(library: Library, options: argparse.Namespace) -> int:
    answer = library.ask(options.question, today=options.today, **_filters(options))
    if options.json:
        _print_json(answer.as_dict())
    elif answer.refusal:
        print("\n".join([_printable(answer.refusal), *_names(answer)]))
    else:
        told = [text for text in (answer.short, answer.summary) if text]
        above = [*map(_printable, told), *_names(answer)]
        print("\n".join(above), end="\n\n" if above else "")
        for number, statement in enumerate(answer.statements, 1):
            print(f"[{number}] {_printable(statement.text)}")
            said = f"{_printable(statement.speaker)} ({statement.kind}), " if statement.speaker else ""
            print(f"    {said}{_cited(statement.article)}, characters {statement.start}-{statement.end}\n")
    return NONE if answer.refusal else ANSWERED


def _names(answer: Answer) -> list[str]:
    """Return what was made of the speaker's name, a line a spelling."""
    return [
        f"    {_printable(name.spelling)} ({name.quotes} quote{'' if name.quotes == 1 else 's'}) is taken for "
        f"{'the same' if name.same else 'another'} person: {name.why}"
        for name in answer.names
    ]


def _search(library: Library, options: argparse.Namespace) -> int:
    hits = library.retrieve(
        options.question, options.k, search=options.search, today=options.today, **_filters(options)
    )
    for hit in hits:
        passage = hit.passage
        if options.json:
            _print_json(hit.as_dict())
        else:
            print(f"{hit.score:.3f}  {_cited(passage.article)}, characters {passage.start}-{passage.end}")
            print(f"       {_found_by(hit)}")
            print(f"{_printable(passage.text)}\n")
    if not hits:
        print("no passage was found", file=sys.stderr)
    return ANSWERED if hits else NONE


def _found_by(hit: Hit) -> str:
    """Return by which search a hit was found, at which place and with which score."""
    dense = f"cosine {hit.cosine:.3f}" + (f" (rank {hit.dense_rank})" if hit.dense_rank else "")
    lexical = f"BM25 {hit.bm25:.3f}" + (f" (rank {hit.lexical_rank})" if hit.lexical_rank else "")
    read = f", reranked {hit.rerank_score:.3f}" if hit.rerank_score is not None else ""
    return f"{dense}, {lexical}{read}"


def _quotes(library: Library, options: argparse.Namespace) -> int:
    quotes = library.quotes(options.speaker, options.about, kind=options.kind, **_filters(options))
    if options.csv:
        table = csv.writer(sys.stdout)
        table.writerow(["speaker", "quote", "kind", "published", "source", "title", "path", "start", "end"])
        for quote in quotes:
            a = quote.article
            row = [
                quote.speaker,
                quote.text,
                quote.kind,
                a.published,
                a.source,
                a.title,
                a.path,
                quote.start,
                quote.end,
            ]
            table.writerow([_not_a_formula(str(cell)) if cell is not None else "" for cell in row])
    for quote in [] if options.csv else quotes:
        if options.json:
            _print_json(quote.as_dict())
        else:
            print(f"{_printable(quote.speaker or 'not known who')} ({quote.kind}): {_printable(quote.text)}")
            print(f"    {_cited(quote.article)}, characters {quote.start}-{quote.end}\n")
    if not quotes:
        print("no such quote was found", file=sys.stderr)
    return ANSWERED if quotes else NONE


def _not_a_formula(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: articles are other people's text."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _evaluate(library: Library, options: argparse.Namespace) -> int:
    questions = read_questions(options.questions)
    rankings = rank(library, questions, options.search)
    if options.against and not rankings:
        raise ValueError("--against compares searches: no question has an answer or articles to be found")
    others = rank(library, questions, options.against) if options.against else {}
    scores = evaluate(library, questions)
    for kind in dict.fromkeys([*scores, *rankings]):
        score, ranking = scores.get(kind), rankings.get(kind)
        if options.json:
            answers = {**score.as_dict(), "misses": score.misses} if score else {}
            retrieval = _ranking_fields(ranking, others.get(kind), options) if ranking else None
            _print_json({"kind": kind, **answers, "retrieval": retrieval})
            continue
        if score:
            rightly = f" ({score.rightly_refused} of the {score.unanswerable} without an answer)"
            print(
                f"{_printable(kind)}: {score.questions} questions, {score.refused} refused"
                + (rightly if score.unanswerable else "")
            )
            if score.gold:
                print(
                    f"  sentences: precision {score.precision:.3f}, recall {score.recall:.3f}; "
                    f"an expected one first for {score.first}"
                )
            for name, values in score.values.items():
                print(f"  {_estimated(name, values)}")
        if ranking:
            _print_ranking(kind, ranking, others.get(kind), options)
        for miss in [*(score.misses if score else []), *(ranking.misses if ranking else [])] if options.misses else []:
            print(f"  {_printable(miss)}")
    return ANSWERED if scores or rankings else NONE


def _ranking_fields(ranking: Ranking, other: Ranking | None, options: argparse.Namespace) -> dict[str, Any]:
    """Return the measures of retrieval, and by how much they differ from another search's, for JSON."""
    fields: dict[str, Any] = {"search": options.search, "measures": {}, "values": ranking.values}
    for name, values in ranking.values.items():
        fields["measures"][name] = estimate(values)._asdict()
    if other:
        fields |= {"against": options.against, "others": {}, "differences": {}, "other_values": other.values}
        for name, values in other.values.items():
            fields["others"][name] = estimate(values)._asdict()
            fields["differences"][name] = difference(ranking.values[name], values)._asdict()
    return fields | {"misses": ranking.misses}


def _print_ranking(kind: str, ranking: Ranking, other: Ranking | None, options: argparse.Namespace) -> None:
    """Print the measures of retrieval for one kind of questions, and by how much they differ from another search's."""
    print(f"{_printable(kind)}: retrieval, {options.search}" + (f" against {options.against}" if other else ""))
    for name, values in ranking.values.items():
        line = f"  {_estimated(name, values)}"
        if other:
            theirs, by = estimate(other.values[name]), difference(values, other.values[name])
            line += f"; {options.against} {theirs.mean:.3f} ({theirs.low:.3f} to {theirs.high:.3f})"
            line += f"; {by.mean:+.3f} ({by.low:+.3f} to {by.high:+.3f}), p {by.p:.3f}"
        print(line)


def _estimated(name: str, values: Sequence[float]) -> str:
    mean, low, high = estimate(values)
    return f"{name:15} {mean:.3f} ({low:.3f} to {high:.3f}), {len(values)} questions"


def _index(library: Library, options: argparse.Namespace) -> int:
    count = library.count()
    if options.json:
        skipped = [{"path": skip.path, "reason": skip.reason} for skip in library.skipped]
        _print_json({"folder": str(options.folder), "articles": count, "skipped": skipped})
    else:
        print(f"{count} article{'' if count == 1 else 's'} under {options.folder}")
        for skip in library.skipped:
            print(f"not read: {_printable(skip.path)}: {skip.reason}")
        if not count:
            print("put .txt or .md articles there")
    return ANSWERED if count else NONE


def _cited(article: Article) -> str:
    parts = (article.title, article.source, article.published and article.published.isoformat(), article.path)
    return ", ".join(_printable(str(part)) for part in parts if part)


def _printable(text: str) -> str:
    """Return ``text`` without what would steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _print_json(fields: dict[str, Any]) -> None:
    print(json.dumps(fields, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
