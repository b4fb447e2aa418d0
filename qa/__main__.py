"""The command line: python -m qa ask | search | quotes | index | list | show | remove | export | doctor | evaluate."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from embeddings import load_encoder
from qa.answers import Answer
from qa.articles import FIELDS, Article
from qa.doctor import differences, examine, mend
from qa.evaluation import evaluate, read_questions
from qa.filters import Filters
from qa.formats import Limits
from qa.indexing import made_for
from qa.library import SEEDS, Library, index_folder, open_library
from qa.moving import copy
from qa.ranking import Ranking, difference, estimate, rank
from qa.reading import IGNORED, FileReader
from qa.retrieval import SEARCHES, Hit
from qa.storage import folder_at
from qa.store import DamagedStoreError, Problem, open_store

ANSWERED, NONE, USAGE = 0, 1, 2
FOLDER = "the articles (default: the ones that ship, in seeds/; with --uri, what the library holds)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 for an answer, 1 for none, 2 for what cannot be done as it was asked."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is _ask and not options.question and not options.chat:
        parser.error("ask something, such as 'what did Lavrov say about al-Qaida?', or give --chat")
    if (options.store == "milvus") > bool(options.uri) or (options.store == "embedded" and options.uri):
        parser.error("--store milvus needs --uri, the address of the library, and --store embedded takes none")
    if options.run is _index and options.watch and "://" in options.folder:
        parser.error("--watch is for a folder of this machine: for one in a storage, give the command again and again")
    logging.basicConfig(format="%(message)s", level=logging.INFO if options.verbose else logging.ERROR)
    try:
        if options.run in (_doctor, _copy):
            return int(options.run(options))
        if options.ray and not find_spec("ray"):
            print(
                "Ray is not installed (pip install 'ray[data]>=2.60,<2.64'): this process does it alone",
                file=sys.stderr,
            )
            options.ray = None
        library = _open(options)
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


def _open(options: argparse.Namespace) -> Library:
    with tqdm(desc="articles", unit=" articles", disable=None, leave=False, smoothing=0.05) as bar:

        def progress(done: int, total: int, passages: int) -> None:
            bar.total, bar.n = total, done
            bar.set_postfix_str(f"{passages / max(bar.format_dict['elapsed'], 1e-3):.0f} passages/s", refresh=False)
            bar.refresh()

        return open_library(
            options.folder,
            index=options.index,
            uri=options.uri,
            model=options.model,
            rerank=options.rerank,
            reader=options.reader,
            caution=options.caution,
            agreement=options.agreement,
            limits=_limits(options),
            columns=dict(options.field),
            ray=options.ray,
            progress=progress,
        )


def _limits(options: argparse.Namespace) -> Limits:
    return Limits(options.max_mb, options.max_archive_mb, options.max_seconds, options.max_memory_mb)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m qa", description="Ask a folder of articles.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    reader = "another Hugging Face model for extractive question answering, or 'none' to find no short answers"

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run, caution="balanced", agreement=True, ray=None)
        sub.add_argument("--index", metavar="DIR", help="where the index is kept (default: the user's cache folder)")
        sub.add_argument("--store", choices=("embedded", "milvus"), help="what keeps the index (default: embedded)")
        sub.add_argument("--uri", metavar="URI", help="the library in Milvus, such as http://127.0.0.1:19530/news")
        sub.add_argument("--model", metavar="NAME_OR_PATH", help="another sentence-transformers model")
        sub.add_argument("--rerank", metavar="NAME_OR_PATH", help="a CrossEncoder to rank by, or 'reader'")
        sub.add_argument("--reader", metavar="NAME_OR_PATH", help=reader)
        sub.add_argument("--json", action="store_true", help="print one JSON object a line")
        _add_limits(sub)
        sub.add_argument("-v", "--verbose", action="store_true", help="say what is being done")
        return sub

    ask = command("ask", _ask, "Answer a question with the articles' own sentences.")
    search = command("search", _search, "Find the passages nearest to a question.")
    ask.add_argument("question", type=_question, nargs="?")
    ask.add_argument("--chat", action="store_true", help="go on with the questions that are typed, a line each")
    search.add_argument("question", type=_question)
    for sub in (ask, search):
        _narrow(sub)
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
    _narrow(said)
    measured = command("evaluate", _evaluate, "Measure answers and retrieval on your own questions.")
    measured.add_argument("questions", type=Path, help="a file with one JSON object a line: see the README")
    measured.add_argument("--misses", action="store_true", help="print what was wrong and what is missing")
    by = "what retrieval ranks by: meaning, words or both"
    measured.add_argument("--search", choices=SEARCHES, default="fused", help=by)
    measured.add_argument("--against", choices=SEARCHES, help="compare with this, question by question")
    alone = "do not let articles that say the same support each other"
    measured.add_argument("--without-agreement", dest="agreement", action="store_false", help=alone)
    measured.add_argument("--folder", help=FOLDER)
    for sub in (ask, measured):
        caution = sub.add_mutually_exclusive_group()
        for flag, when in (("--cautious", "rather too often"), ("--eager", "only what is surely not answered")):
            caution.add_argument(flag, dest="caution", action="store_const", const=flag[2:], help=f"refuse {when}")
    _add_library_commands(command)
    return parser


def _add_library_commands(command: Callable[[str, Any, str], argparse.ArgumentParser]) -> None:
    index = command("index", _index, "Bring the index in step with a folder.")
    where = "of articles, or the address of one in a storage, such as s3://bucket/articles (docs/scale.md)"
    index.add_argument("folder", metavar="FOLDER", help=where)
    cluster = "let a Ray cluster read and encode: HOST:PORT, or 'local' for one that is started here"
    index.add_argument("--ray", metavar="ADDRESS", help=cluster)
    index.add_argument("--watch", action="store_true", help="go on with that whenever the folder changes")
    listed = command("list", _list, "List the articles.")
    exported = command("export", _export, "Print the articles with their text, one JSON object a line.")
    for sub in (listed, exported):
        _narrow(sub)
    shown = command("show", _show, "Print an article.")
    removed = command("remove", _remove, "Leave articles out from now on; their files stay.")
    for sub, many in ((shown, None), (removed, "+")):
        sub.add_argument("articles", nargs=many, metavar="ARTICLE", help="an id, a path or a title")
    doctor = command("doctor", _doctor, "Check the index, and say what is wrong with it.")
    doctor.add_argument("--fix", action="store_true", help="mend it")
    other = "say in what the index differs from this one: its folder, or its address in Milvus"
    doctor.add_argument("--against", metavar="PLACE", help=other)
    copied = command("copy", _copy, "Copy an index to another place, with nothing encoded again.")
    for name in ("source", "target"):
        of = "a folder, or an address such as http://127.0.0.1:19530/news"
        copied.add_argument(name, metavar={"source": "FROM", "target": "TO"}[name], help=of)
    for sub in (shown, removed, doctor):
        sub.add_argument("--folder", help=FOLDER)


def _narrow(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--folder", help=FOLDER)
    for flag, only in (
        ("--source", "of this newspaper, agency or site"),
        ("--author", "by this author"),
        ("--tag", "with this tag"),
        ("--article", "of this id, path or title"),
    ):
        several = f"only articles {only} (may be given again: any of them)"
        sub.add_argument(flag, action="append", metavar=flag[2:].upper(), help=several)
    sub.add_argument("--since", type=_date, metavar="DATE", help="only articles published on or after YYYY-MM-DD")
    sub.add_argument("--until", type=_date, metavar="DATE", help="only articles published on or before YYYY-MM-DD")


def _add_limits(sub: argparse.ArgumentParser) -> None:
    usual = Limits()
    sub.add_argument("--max-mb", type=_positive, default=usual.mb, metavar="N", help="of an article (%(default)s)")
    many = "of an archive or a table of articles (%(default)s)"
    sub.add_argument("--max-archive-mb", type=_positive, default=usual.archive_mb, metavar="N", help=many)
    long = "seconds to read an article (%(default)s)"
    sub.add_argument("--max-seconds", type=_positive, default=usual.seconds, metavar="N", help=long)
    memory = "memory to read a file with (%(default)s)"
    sub.add_argument("--max-memory-mb", type=_positive, default=usual.memory_mb, metavar="N", help=memory)
    named = "how .jsonl and .csv files name a field, such as text=body (may be given again)"
    sub.add_argument("--field", type=_field, action="append", default=[], metavar="OURS=THEIRS", help=named)


def _question(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: ask something, such as 'what did Lavrov say about al-Qaida?'")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0: give 1 or more")
    return int(text)


def _field(text: str) -> tuple[str, str]:
    ours, _, theirs = text.partition("=")
    if ours not in FIELDS or not theirs:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no field: write it as NAME=THEIRS, NAME one of {', '.join(FIELDS)}"
        )
    return ours, theirs


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
    history: list[Answer] = []
    for question in _asked(options):
        history.append(library.ask(question, history=history, today=options.today, **_filters(options)))
        _print_answer(history[-1], options)
    return ANSWERED if history and not history[-1].refusal else NONE


def _asked(options: argparse.Namespace) -> Iterator[str]:
    """Yield the question, and then, in a chat, each line that is typed."""
    if options.question:
        yield options.question
    while options.chat:
        try:
            line = input("> " if sys.stdin.isatty() else "")
        except EOFError:
            return
        if line.strip():
            yield line


def _print_answer(answer: Answer, options: argparse.Namespace) -> None:
    if options.json:
        _print_json(answer.as_dict())
        return
    if answer.understood:
        print(f"Understood as: {_printable(answer.understood)}")
    if answer.refusal:
        told = [_printable(text) for text in (answer.refusal, answer.looked_for) if text]
        could = [f"You could ask: {_printable(question)}" for question in answer.instead]
        print("\n".join([*told, *_names(answer), *could]))
        return
    told = [text for text in (answer.verdict and answer.verdict.capitalize(), answer.short, answer.summary) if text]
    above = [*map(_printable, told), *_names(answer)]
    print("\n".join(above), end="\n\n" if above else "")
    headings = answer.headings
    for number, statement in enumerate(answer.statements, 1):
        for heading in headings.get(number - 1, ()):
            print(f"{_printable(heading)}:")
        print(f"[{number}] {_printable(statement.text)}")
        said = f"{_printable(statement.speaker)} ({statement.kind}), " if statement.speaker else ""
        print(f"    {said}{_cited(statement.article)}, characters {statement.start}-{statement.end}")
        places = [*statement.article.copies, *(other.path for other in statement.also)]
        print(f"    also in {_printable(', '.join(places))}\n" if places else "")
    for heading in headings.get(len(answer.statements), ()):
        print(f"{_printable(heading)}:")


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
            if score.not_ok:
                print(f"  sentences that must not be shown: {score.shown_again} of {score.not_ok} are")
            if score.must_answer:
                print(f"  must not be refused: {score.wrongly_refused} of {score.must_answer} are")
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
    if not library.in_step:
        library.refresh()
    code = _told(library, options)
    if options.watch:
        for _ in library.watch():
            code = _told(library, options)
            sys.stdout.flush()
    return code


def _told(library: Library, options: argparse.Namespace) -> int:
    count = library.count()
    if options.json:
        skipped = [{"path": skip.path, "reason": skip.reason} for skip in library.skipped]
        _print_json({"folder": str(options.folder), "articles": count, "skipped": skipped})
    else:
        print(f"{count} article{'' if count == 1 else 's'} under {options.folder}")
        for skip in library.skipped:
            print(f"not read: {_printable(skip.path)}: {_printable(skip.reason)}")
        if not count:
            print("put articles there: .txt, .md, .html, .pdf or .docx files, or others that the README names")
    sys.stdout.flush()
    return ANSWERED if count else NONE


def _list(library: Library, options: argparse.Namespace) -> int:
    articles = library.articles(**_filters(options))
    for article in articles:
        if options.json:
            _print_json({**article.as_dict(), "characters": len(article.text), "copies": article.copies})
        else:
            copies = f"  (also {_printable(', '.join(article.copies))})" if article.copies else ""
            day = article.published.isoformat() if article.published else "no date   "
            of = f", {_printable(article.source)}" if article.source else ""
            print(f"{article.id}  {day}  {_printable(article.title)}{of}  {_printable(article.path)}{copies}")
    return ANSWERED if articles else NONE


def _export(library: Library, options: argparse.Namespace) -> int:
    articles = library.articles(**_filters(options))
    for article in articles:
        _print_json({**article.as_dict(), "authors": article.authors, "tags": article.tags, "text": article.text})
    return ANSWERED if articles else NONE


def _show(library: Library, options: argparse.Namespace) -> int:
    found = library.articles(article=options.articles)
    for article in found:
        if options.json:
            more = {"authors": article.authors, "tags": article.tags, "copies": article.copies}
            _print_json({**article.as_dict(), **more, "boilerplate": article.boilerplate, "text": article.text})
            continue
        print(_cited(article))
        for name, values in (("by", article.authors), ("tags", article.tags), ("also", article.copies)):
            if values:
                print(f"{name}: {_printable(', '.join(values))}")
        print(f"\n{_printable(article.text)}")
    if not found:
        print(f"there is no article {_printable(options.articles)!r}: python -m qa list names them", file=sys.stderr)
    return ANSWERED if found else NONE


def _remove(library: Library, options: argparse.Namespace) -> int:
    try:
        paths = library.remove(*options.articles)
    except KeyError as error:
        print(f"there is no article {_printable(error.args[0])!r}: python -m qa list names them", file=sys.stderr)
        return NONE
    for path in paths:
        print(f"{_printable(path)} is left out from now on: {IGNORED} in the folder says so, its file stays")
    return ANSWERED


def _doctor(options: argparse.Namespace) -> int:
    folder = folder_at(options.folder or SEEDS)
    there = None if options.uri and not options.folder else folder
    index = options.uri or index_folder(folder, options.index)
    if options.against:
        problems = list(differences(index, options.against))
        for problem in problems:
            _print_problem(problem, options)
        if not problems:
            print("both hold the same", file=sys.stderr)
        return NONE if problems else ANSWERED
    how = made_for(load_encoder(options.model))
    with FileReader(_limits(options), dict(options.field), folder) as reader:
        problems = examine(there, index, reader, how)
        for problem in problems:
            _print_problem(problem, options)
        if options.fix and problems:
            mend(index, problems)
            with _open(options) as library:
                count = library.count()
            problems = examine(there, index, reader, how)
            if not problems:
                print(f"mended: {count} articles, nothing is wrong", file=sys.stderr)
            for problem in problems:
                print(f"it is still so: {_printable(problem.what)}", file=sys.stderr)
        elif not problems:
            print("nothing is wrong", file=sys.stderr)
        else:
            print("python -m qa doctor --fix mends what can be mended", file=sys.stderr)
    return NONE if problems else ANSWERED


def _copy(options: argparse.Namespace) -> int:
    source = open_store(options.source, mend=False)
    target = open_store(options.target)
    try:
        with tqdm(desc="articles", unit=" articles", disable=None, leave=False) as bar:

            def progress(done: int, total: int) -> None:
                bar.total, bar.n = total, done
                bar.refresh()

            copied = copy(source, target, progress)
        articles = target.count()
    except DamagedStoreError as damage:
        raise OSError(str(damage)) from damage
    finally:
        source.close()
        target.close()
    if options.json:
        _print_json({"copied": copied, "articles": articles})
    else:
        print(f"{copied} copied: {articles} article{'' if articles == 1 else 's'} in {options.target}")
    return ANSWERED


def _print_problem(problem: Problem, options: argparse.Namespace) -> None:
    if options.json:
        _print_json(problem._asdict())
    else:
        print(_printable(problem.what))


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
