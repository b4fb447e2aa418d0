"""Measure conversations and periods on tests/dialogues: python tests/benchmarks/dialogues.py [--misses]

Of each turn of the 60 conversations, by kind: whether the question was made whole rightly (names by surname, without
case and marks; a period that stays in force may be left out), whether a statement by a wrong speaker is shown, whether
a refusal came where one is due, and which share of the expected sentences is shown. Of the 40 questions with a period,
how many are restricted to the right days.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from qa import Answer, Library, open_library
from qa.names import name_words

FOLDER = Path(__file__).resolve().parents[1] / "dialogues"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="print what was wrong")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as index, open_library(FOLDER / "articles", index=index) as library:
        conversations(library, misses=options.misses)
        periods(library, misses=options.misses)


if __name__ == "__main__":
    main()
