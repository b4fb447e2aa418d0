"""Measure conversations and periods on tests/dialogues: python tests/benchmarks/dialogues.py [--misses]

Of each turn of the 60 conversations, by kind: whether the question was made whole rightly (names by surname, without
case and marks; a period that stays in force may be left out), whether a statement by a wrong speaker is shown, whether
a refusal came where one is due, and which share of the expected sentences is shown. Of the 40 questions with a period,
how many are restricted to the right days. Of the 60 questions of the other forms (yes or no, lists, comparisons, ...),
how many are answered as their form asks; of the 10 figures that articles give differently, how often all are shown.
Of the questions for several things, how many name just what is expected, and the precision and recall of the items.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from qa import Answer, Library, open_library
from qa.names import name_words
from qa.reader import normalised

FOLDER = Path(__file__).resolve().parents[1] / "dialogues"
TODAY = "2024-12-01"  # for the questions that name no day
_LEFT_OUT = frozenset("the a an did do does what and but also so ever".split())


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def plain(question: str, names: dict[str, str]) -> frozenset[str]:
    """Return the words of a question that tell it from others; a person is the surname."""
    for full, surname in names.items():
        question = re.sub(rf"\b{re.escape(full)}\b", surname, question, flags=re.IGNORECASE)
    return frozenset(re.findall(r"[\w-]+", question.lower().replace("’s", "").replace("'s", ""))) - _LEFT_OUT


def same_speaker(said: str | None, wanted: str) -> bool:
    one, other = (re.sub(r"^(the|a) |.* of ", "", name.lower()) for name in (said or "", wanted))
    return bool(said) and (name_words(said or "")[-1:] == name_words(wanted)[-1:] or one == other)


def conversations(library: Library, *, misses: bool) -> None:
    names = {speaker.name: speaker.name.split()[-1] for speaker in library.speakers() if " " in speaker.name}
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    gold = shown = wrong = turns = refused = rightly = 0
    for row in rows("conversations.jsonl"):
        history: list[Answer] = []
        for turn in row["turns"]:
            answer = library.ask(turn["question"], history=history, today=row["today"])
            history.append(answer)
            expect, kind = turn["expect"], turn["kind"]
            whole = answer.understood or answer.question
            asked = [plain(one, names) for one in (turn["whole"], *turn.get("also", ()))]
            is_right = plain(whole, names) in asked or (kind in ("that", "ordinal") and pointed(answer))
            total[kind] += 1
            right[kind] += is_right
            turns += 1
            speakers = {s.speaker for s in answer.statements if s.speaker}
            bad = bool(expect.get("only_speaker")) and not all(same_speaker(s, expect["speaker"]) for s in speakers)
            bad |= bool(expect.get("not_speaker")) and any(same_speaker(s, expect["not_speaker"]) for s in speakers)
            wrong += bad
            refused += expect["refused"]
            rightly += expect["refused"] and answer.refusal is not None
            texts = " ".join(" ".join(s.text.split()) for s in answer.statements)
            held = [" ".join(text.split()) in texts for text in expect["statements"]]
            gold += len(held)
            shown += sum(held)
            if misses and (not is_right or bad or not all(held)):
                what = [
                    *(["whole"] if not is_right else []),
                    *(["speaker"] if bad else []),
                    *(["gold"] if not all(held) else []),
                ]
                print(f"{row['id']} {kind} {'+'.join(what)}: {turn['question']!r} -> {whole!r}, not {turn['whole']!r}")
                if bad or not all(held):
                    print(f"     {answer.refusal or answer.summary or answer.short!r} {sorted(map(str, speakers))}")
    for kind in sorted(total):
        print(f"{kind:10} {right[kind]:3} of {total[kind]:3} whole questions right ({right[kind] / total[kind]:.0%})")
    follow = [kind for kind in total if kind not in ("whole", "new")]
    made, of = sum(right[kind] for kind in follow), sum(total[kind] for kind in follow)
    print(f"follow-ups: {made} of {of} right ({made / of:.1%}); all turns: {right.total()} of {turns}")
    print(f"turns with a wrong speaker: {wrong}; refused where due: {rightly} of {refused}")
    print(f"expected sentences shown: {shown} of {gold} ({shown / gold:.1%})")


def pointed(answer: Answer) -> bool:
    """Tell whether an answer was made of what was shown before."""
    return bool(re.match(r"Statement \d|Published on|The articles that say so have no date", answer.summary or ""))


def periods(library: Library, *, misses: bool) -> None:
    right = 0
    found = rows("periods.jsonl")
    for row in found:
        answer = library.ask(row["question"], today=row["today"])
        today = date.fromisoformat(row["today"])
        period = answer.period
        since, until = (period.since, period.until) if period else (None, None)
        wanted = [date.fromisoformat(row[name]) if row[name] else None for name in ("since", "until")]
        until, wanted[1] = (day if day and day < today else None for day in (until, wanted[1]))
        days = [s.article.published for s in answer.statements]
        ordered = all(one is None or other is None or one >= other for one, other in pairwise(days))
        # A refusal for want of articles names the period that it was restricted to.
        told = bool(answer.refusal) and all(str(day) in (answer.refusal or "") for day in wanted if day)
        ok = ([since, until] == wanted or told) and (ordered or not row["latest"])
        right += ok
        if misses and not ok:
            print(f"{row['question']!r} ({today}): {since} to {until}, not {wanted} {answer.refusal or answer.summary}")
    print(f"periods: {right} of {len(found)} restricted rightly")


def kinds(library: Library, *, misses: bool) -> None:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong = 0
    for row in rows("kinds.jsonl"):
        answer = library.ask(row["question"], today=TODAY)
        form, expect = row["form"], row["expect"]
        verdict = answer.as_dict().get("verdict")
        wrong += verdict is not None and verdict != expect["answer"]
        is_right = as_expected(form, expect, answer)
        total[form] += 1
        right[form] += is_right
        if misses and not is_right:
            print(f"{form}: {row['question']!r}: {verdict or ''} {answer.refusal or answer.summary or answer.short!r}")
            for one in answer.statements[:6]:
                print(f"     {one.article.published} {one.speaker}: {spaced(one.text)[:120]}")
    for form in total:
        print(f"{form:10} {right[form]:2} of {total[form]:2} as expected")
    print(f"kinds: {right.total()} of {total.total()} as expected; wrong verdicts: {wrong}")


def as_expected(form: str, expect: dict[str, Any], answer: Answer) -> bool:
    """Tell whether an answer is what its form asks for; tests/dialogues/README.md says what that is."""
    if expect["refused"]:
        return answer.refusal is not None
    texts = [spaced(statement.text) for statement in answer.statements]
    held = [any(spaced(text) in shown for shown in texts) for text in expect["statements"]]
    told = answer.summary or ""
    named = f"{told} {answer.short} {' '.join(f'{s.speaker}: {s.text}' for s in answer.statements)}"
    if answer.refusal is not None or not all(name in named for name in expect.get("names", ())):
        return False
    match form:
        case "yes_no":
            return all(held) and answer.as_dict().get("verdict") == expect["answer"]
        case "comparison" | "change":
            wanted = expect["statements"] if form == "change" else expect["speakers"]
            shown = texts if form == "change" else [s.speaker or "" for s in answer.statements]
            match = (lambda one, other: spaced(one) in other) if form == "change" else (lambda a, b: same_speaker(b, a))
            first = [next((n for n, text in enumerate(shown) if match(one, text)), -1) for one in wanted]
            return all(held) and -1 not in first and first == sorted(first)
        case "summary":
            return any(held) and {s.article.path for s in answer.statements} <= {
                expect["article"].removeprefix("articles/") if "article" in expect else s.article.path
                for s in answer.statements
            }
        case "latest":
            first = answer.statements[0]
            return any(spaced(text) in texts[0] for text in expect["statements"]) and (
                str(first.article.published) == expect["date"]
            )
        case "list":
            return any(held)
        case _:  # count, smalltalk, catalogue
            return bool(told) and (expect["answer"] is None or re.search(rf"\b{expect['answer']}\b", told) is not None)


def contradictions(library: Library, *, misses: bool) -> None:
    right = 0
    found = rows("contradictions.jsonl")
    for row in found:
        answer = library.ask(row["question"], today=TODAY)
        texts = [(spaced(s.text), s.article.path) for s in answer.statements]
        missing = [
            value["answer"]
            for value in row["values"]
            if not any(
                spaced(value["sentence"]) in text and path == value["article"].removeprefix("articles/")
                for text, path in texts
            )
        ]
        right += not missing
        if misses and (missing or answer.short is not None):
            print(f"contradiction: {row['question']!r}: not {missing}; {answer.refusal or answer.summary!r}")
            for text, path in texts:
                print(f"     {path}: {text[:120]}")
    print(f"contradictions: {right} of {len(found)} with all their values")


def lists(*, misses: bool) -> None:
    """Ask for several things, over each folder of articles that lists.jsonl names."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    named: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for folder, asked in groupby(rows("lists.jsonl"), key=lambda row: row["folder"]):
        with tempfile.TemporaryDirectory() as index, open_library(FOLDER / folder, index=index) as library:
            for row in asked:
                history: list[Answer] = []
                for turn in row["turns"]:
                    answer = library.ask(turn["question"], history=history, today=TODAY)
                    history.append(answer)
                    short = answer.items or tuple(filter(None, [answer.short]))
                    given = {normalised(item) for item in short} - {normalised(item) for item in turn["also"]}
                    gold = {normalised(item) for item in turn["items"]}
                    of = row["set"]
                    total[of] += 1
                    right[of] += given == gold and bool(gold) == (answer.refusal is None)
                    found[of] += len(given & gold)
                    named[of] += len(given)
                    wanted[of] += len(gold)
                    if misses and given != gold:
                        print(f"list: {turn['question']!r}: {answer.refusal or answer.summary!r} {short}")
    for of in total:
        print(
            f"lists ({of}): {right[of]} of {total[of]} with just the items; precision of items "
            f"{found[of]} of {named[of]} ({found[of] / named[of]:.0%}), "
            f"recall {found[of]} of {wanted[of]} ({found[of] / wanted[of]:.0%})"
        )


def spaced(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="print what was wrong")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as index, open_library(FOLDER / "articles", index=index) as library:
        conversations(library, misses=options.misses)
        periods(library, misses=options.misses)
        kinds(library, misses=options.misses)
        contradictions(library, misses=options.misses)
    lists(misses=options.misses)


if __name__ == "__main__":
    main()
