"""Fit qa/boundaries.json on PolNeAR's train part: ``python tests/benchmarks/boundaries.py
../shared/data``."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import numpy  # noqa: E402
from quotes import Unit, gold_units, letters  # noqa: E402

from qa import boundaries, content, marks, quotes  # noqa: E402
from qa.articles import Article  # noqa: E402

RATE, ROUNDS, PENALTY, RAREST = 0.5, 400, 3e-4, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    with gzip.open(options.data / "polnear" / "train.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines][: options.limit]
    choices = collect(rows)
    print(f"{len(choices)} choices")
    weights = fit(choices[: len(choices) * 9 // 10], choices[len(choices) * 9 // 10 :])
    path = Path(boundaries.__file__).with_name("boundaries.json")
    path.write_text(json.dumps({k: round(v, 3) for k, v in sorted(weights.items()) if abs(v) > 0.02}, indent=0) + "\n")


def collect(rows: list[dict[str, Any]]) -> list[tuple[list[list[str]], int, int]]:
    """(features of each candidate, the one nearest the annotation, the rules' own) for every annotated
    content."""
    seen: list[Any] = []

    def record(doc: Any, cue: Any, first: int, rule: int, cues: set[int], quoted: list[tuple[int, int]]) -> int:
        seen.append((doc, cue, first, rule, cues, quoted))
        return rule

    setattr(content, "best_end", record)  # noqa: B010
    trim = content._trim
    choices = []

    def watched(sentence: marks.Sentence, *rest: Any) -> Any:
        before = len(seen)
        span = trim(sentence, *rest)
        for call in seen[before:]:
            pending.append((sentence, call))
        return span

    setattr(content, "_trim", watched)  # noqa: B010
    for row in rows:
        pending: list[Any] = []
        quotes.extract_quotes(Article(row["id"], "", row["text"]))
        _, gold = gold_units(row)
        for sentence, (doc, cue, first, rule, cues, quoted) in pending:
            ends = boundaries.candidates(doc, first, rule, quoted)
            if len(ends) < 2 or rule not in ends:
                continue
            units = []
            for e in ends:
                span = sentence.raw(doc[first].idx), sentence.raw(doc[e].idx + len(doc[e].text), closing=True)
                units.append(Unit(letters(row["text"], [span]), set(), "", span[0]))
            best = [max((g.overlap(u) for g in gold), default=0.0) for u in units]
            if max(best) < 0.5:
                continue
            features = [list(boundaries.features(doc, cue, first, e, rule, cues)) for e in ends]
            choices.append((features, best.index(max(best)), ends.index(rule)))
    return choices


def fit(
    train: list[tuple[list[list[str]], int, int]], held: list[tuple[list[list[str]], int, int]]
) -> dict[str, float]:
    counts = Counter(f for options, _, _ in train for o in options for f in o)
    names = {f: i for i, f in enumerate(sorted(f for f, c in counts.items() if c >= RAREST))}
    rows, cols, group, target = [], [], [], []
    at = 0
    for g, (options, best, _) in enumerate(train):
        target.append(at + best)
        for option in options:
            for f in option:
                if f in names:
                    rows.append(at)
                    cols.append(names[f])
            group.append(g)
            at += 1
    r, c, of = (numpy.array(x) for x in (rows, cols, group))
    weights = numpy.zeros(len(names))
    memory = numpy.full(len(names), 1e-6)
    for _ in range(ROUNDS):
        score = numpy.bincount(r, weights[c], at)
        p = numpy.exp(score - score.max())
        p /= numpy.bincount(of, p)[of]
        error = p.copy()
        error[target] -= 1
        gradient = numpy.bincount(c, error[r], len(names)) / len(train) + PENALTY * weights
        memory += gradient**2
        weights -= RATE * gradient / numpy.sqrt(memory)
    found = {f: float(weights[i]) for f, i in names.items()}
    for title, part in (("train", train), ("held out", held)):
        chosen = [max(range(len(o)), key=lambda i: (sum(found.get(f, 0.0) for f in o[i]), -i)) for o, _, _ in part]
        print(
            title,
            "model",
            sum(a == b for a, (_, b, _) in zip(chosen, part, strict=True)) / len(part),
            end=" ",
        )
        print("rules", sum(a == b for _, b, a in part) / len(part))
    return found


if __name__ == "__main__":
    main()
