"""Fit qa/quotes/boundaries.json on PolNeAR's train part: ``python tests/benchmarks/boundaries.py
../shared/data``.

Three models, one after the other, each on what the ones before it choose: where what was said starts, where it
ends, and whether it is kept at all. No random numbers: the same data give the same weights.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import numpy  # noqa: E402
from quotes import Unit, gold_units, letters  # noqa: E402

from qa.articles import Article  # noqa: E402
from qa.evaluation import overlap  # noqa: E402
from qa.quotes.marks import Reading, Sentence  # noqa: E402

boundaries = importlib.import_module("qa.quotes.boundaries")
content = importlib.import_module("qa.quotes.content")
extraction = importlib.import_module("qa.quotes.extraction")

RATE, ROUNDS, RAREST, SMALL = 0.5, 400, 8, 0.06
SAME = 0.8
Choice = tuple[list[list[str]], int, int]  # features of each option, the right one, the rules' own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    with gzip.open(options.data / "polnear" / "train.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines][: options.limit]
    readings = [Reading(Article(r["id"], "", r["text"])) for r in rows]
    for i in range(0, len(readings), 20):
        list(extraction._parse(readings[i : i + 20]))
    write(learn(rows, readings))


def write(weights: dict[str, dict[str, float]]) -> None:
    small = {m: {k: round(v, 2) for k, v in sorted(w.items()) if abs(v) > SMALL} for m, w in weights.items()}
    Path(boundaries.__file__).with_name("boundaries.json").write_text(json.dumps(small, indent=0) + "\n")


def learn(rows: list[dict[str, Any]], readings: list[Reading]) -> dict[str, dict[str, float]]:
    weights: dict[str, dict[str, float]] = {"start": {"rule": 9.0}, "end": {"rule": 9.0}, "keep": {"all": 9.0}}
    boundaries._weights = lambda: weights
    for model, penalty in (("start", 1e-3), ("end", 3e-4), ("keep", 5e-4)):
        choices = [c for row, reading in zip(rows, readings, strict=True) for c in collect(row, reading, model)]
        print(model, len(choices), "choices", end=" ")
        fit(choices[: len(choices) * 9 // 10], choices[len(choices) * 9 // 10 :], penalty)
        weights[model] = fit(choices, [], penalty)
    return weights


def collect(row: dict[str, Any], reading: Reading, model: str) -> Iterator[Choice]:
    """Each choice that the extractor has to make in one article, with what the annotation says of it."""
    calls: list[Any] = []
    originals = {name: getattr(content, name) for name in ("best_start", "best_end", "likely", "_trim")}
    current: list[Any] = []

    def watch(name: str) -> None:
        def watched(*args: Any) -> Any:
            answer = originals[name](*args)
            calls.append((current[-1][0], current[-1][1], args, answer))
            return answer

        setattr(content, name, watched)

    def trim(sentence: Sentence, cue: Any, *rest: Any) -> Any:
        current.append((sentence, cue))
        return originals["_trim"](sentence, cue, *rest)

    setattr(content, "_trim", trim)  # noqa: B010
    watch({"start": "best_start", "end": "best_end", "keep": "likely"}[model])
    extraction._Attribution(reading).quotes()
    for name, function in originals.items():
        setattr(content, name, function)
    direct, gold = gold_units(row)
    for sentence, cue, args, _ in calls:
        doc = sentence.doc

        def unit(first: int, last: int, sentence: Sentence = sentence, cue: Any = cue, doc: Any = doc) -> Unit:
            chars = letters(row["text"], [raw(sentence, doc, first, last)])
            return Unit(chars - letters(row["text"], [raw(sentence, doc, cue.left, cue.right)]), set(), "", 0)

        at = letters(row["text"], [raw(sentence, doc, cue.token.i, cue.last)])
        own = [g for g in gold if g.cue_at & at]
        if model == "keep":
            found = unit(*args[2])
            right = any(g.speech and overlap(g.chars, found.chars) >= SAME for g in gold)
            other = [g for g in gold if not g.speech] + direct
            if not right and any(
                len(g.chars & found.chars) >= 0.5 * min(len(g.chars), len(found.chars)) for g in other
            ):
                continue
            yield [[], list(boundaries.keep_features(*args))], int(right), 1
            continue
        if model == "start":
            _, _, first, last, rule, cues, quoted = args
            options = boundaries.starts(doc, cue, first, last, quoted)
            units = [unit(o, last) for o in options]
            goal = {min(g.chars) for g in own if g.chars}
            features = [list(boundaries.start_features(doc, cue, o, first, last, rule, cues)) for o in options]
        else:
            _, token, first, last, cues, quoted = args
            options = boundaries.candidates(doc, first, last, quoted)
            units = [unit(first, o) for o in options]
            features = [list(boundaries.features(doc, token, first, o, last, cues)) for o in options]
            first = last
        if len(options) < 2 or first not in options:
            continue
        best = [max((overlap(g.chars, u.chars) for g in own), default=0.0) for u in units]
        if model == "start" and goal:
            near = [min(abs(min(u.chars, default=0) - g) for g in goal) for u in units]
            if min(near) < 3 and max(best) > 0.1:
                best = [1.0 - n / 1e6 for n in near]
        if max(best) >= (0.3 if model == "start" else 0.5):
            yield features, best.index(max(best)), options.index(first)


def raw(sentence: Sentence, doc: Any, first: int, last: int) -> tuple[int, int]:
    return sentence.raw(doc[first].idx), sentence.raw(doc[last].idx + len(doc[last].text), closing=True)


def fit(train: list[Choice], held: list[Choice], penalty: float) -> dict[str, float]:
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
        gradient = numpy.bincount(c, error[r], len(names)) / len(train) + penalty * weights
        memory += gradient**2
        weights -= RATE * gradient / numpy.sqrt(memory)
    found = {f: float(weights[i]) for f, i in names.items()}
    for title, part in (("train", train), ("held out", held)):
        if not part:
            continue
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
