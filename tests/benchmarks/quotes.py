"""Who said what, measured: ``python tests/benchmarks/quotes.py ../shared/data [--split train] [--show
KIND]``.

PolNeAR annotates every attribution, beliefs and intentions included. What counts here as *speech* (the list
of verbs was written before any rule was tuned and is not the extractor's; the last two points came after a
look at the train part's errors):

* the cue holds a form of a verb (or its noun) of saying from ``SPEECH`` below, or "according to"; or the
  cue is only a colon, a dash or empty and the content is wholly in quote marks;
* cues that say that nothing was said ("declined to say", "did not mention") are left out;
* so is unquoted content of fewer than four words ("said so", "asked about it"): it states nothing;
* a source that is only "who" or "which" counts with the noun before it.

An extracted quote whose content overlaps an annotation that is not speech ("believes that") is neither right
nor wrong. A unit of the direct table is one quoted stretch in one paragraph; a unit of the indirect table is
the rest of one annotation (all pieces together, as characters), against everything that the extractor ties to
one cue. The overlap of two units is what they share over the longer of both; strict means equal but for marks
and punctuation at the edges. A speaker counts as right where the extracted mention overlaps the annotated
source; it is measured over the quotes found (overlap 0.3) whose annotation names a source. What mentions
resolve to is measured on ``quotes/``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

from qa.articles import Article
from qa.evaluation import OVERLAPS, SpanScore, matched
from qa.quotes import Quote, extract_quotes_many

SPEECH = re.compile(
    r"""\b(?:sa(?:y|ys|id|ying)|t(?:ell|ells|old|elling)|acc?ording\ to
    |wr(?:ite|ites|ote|itten|iting)|went\ on
    |goes\ on|(?:add|ask|report|explain|respond|repl(?:y|ie)|insist|warn|claim|contend|assert|allege?
    |testif(?:y|ie)    |remark|comment|not|stat|announc|declar|argu|acknowledg|admit|admitt|confirm
    |den(?:y|ie)|conced|suggest|tweet
    |retweet|post|continu|recall|complain|jok|quip|lament|stress|emphasi[sz]|reiterat|repeat|maintain
    |disclos|reveal    |boast|shout|yell|scream|chant|exclaim|urg|implor|plead|demand|propos|recommend
    |predict|vow|pledg|promis|assur
    |inform|remind|caution|conclud|observ|counter|joke|muse?|mus|recount|retort|whisper|call|describ|accus
    |characteri[sz]|refer|point(?:ed|s|ing)?\ out|quot|mention|proclaim|threaten|text|email|blog|swear
    |swor|answer
    |charg|interject|ask)(?:e|s|es|ed|d|ing)?|made?\ (?:it\ )?clear|statements?|assertions?|allegations?
    |accusations?|warnings?|arguments?|explanations?|announcements?|suggestions?|promises|words
    |remarks)\b""",
    re.I | re.X,
)
SILENCE = re.compile(r"\b(?:declin|refus|not\b|n['’]t\b|never|without|avoid|stopped short)", re.I)
MARKS = "\"“”„«»'‘’`"
OPENING = re.compile(r"[\"“]|''|``|(?<!\w)[‘'](?=\w)")


def split_direct(text: str, start: int, end: int) -> list[tuple[int, int]] | None:
    """The piece as quoted stretches, a paragraph each; None where a part of it stands outside quote marks."""
    start -= bool(start and text[start - 1] in "\"“'")
    end += text[end : end + 1] in ("”", '"', "'")
    spans: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+", text[start:end]):
        body = line.group().strip(" .,;:\t\r\xa0")
        if not body:
            continue
        opened = OPENING.match(body)
        if not opened and not spans:
            return None
        inner = body[opened.end() :] if opened else body
        closes = [m.start() for m in re.finditer(r"[\"”]|''", inner)]
        if closes and closes[0] < len(inner) - 3:
            return None
        if not closes and opened and opened.group() in "‘'" and not re.search(r"['’]$", inner):
            return None
        spans.append(trim(text, start + line.start(), start + line.end()))
    return [s for s in spans if s[1] > s[0]] or None


def sentence_pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The piece cut before a last part that is quoted sentences only, and after a first part that is."""
    if split_direct(text, start, end):
        return [(start, end)]
    for cut in re.finditer(r"(?<=[.!?\"”'’])\s+", text[start:end]):
        left, right = (start, start + cut.start()), (start + cut.end(), end)
        reopened = OPENING.match(text, right[0]) and re.search(r"[.!?]\W*$", text[slice(*left)])
        closed = re.search(r"[.!?](?:[\"”]|'')$", text[slice(*left)])
        if (reopened and split_direct(text, *right)) or (closed and split_direct(text, *left)):
            return [left, right]
    return [(start, end)]


def antecedent(text: str, start: int, end: int) -> tuple[int, int]:
    """A source that is only "who" or "which" counts with the noun before it, which is what a reader
    wants named."""
    return (max(0, start - 40), end) if text[start:end].lower() in ("who", "which", "that") else (start, end)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    left = re.match(rf"[\s{MARKS},.;:!?()\[\]—–-]*", piece)
    right = re.search(rf"[\s{MARKS},.;:!?()\[\]—–-]*$", piece)
    assert left and right
    return (start + left.end(), max(start + left.end(), start + right.start()))


@dataclass
class Unit:
    """One thing that was said: its characters, who, and what the annotators or the extractor called it."""

    chars: set[int]
    source: set[int]
    cue: str
    where: int
    speech: bool = True
    resolved_by: str = ""
    cue_at: set[int] = field(default_factory=set)


def letters(text: str, spans: Iterable[tuple[int, int]]) -> set[int]:
    return {i for s, e in spans for i in range(s, e) if text[i].isalnum()}


def pieces_of(text: str, attribution: dict[str, Any]) -> list[tuple[int, int]]:
    """What was said, as stretches that are either wholly in quote marks or not."""
    pieces: list[tuple[int, int]] = []
    for c in sorted(attribution["content"], key=lambda c: int(c["start"])):
        for start, end in sentence_pieces(text, c["start"], c["end"]):
            gap = text[pieces[-1][1] : start] if pieces else "x"
            same = pieces and (
                bool(split_direct(text, *pieces[-1])) == bool(split_direct(text, start, end))
                or bool(split_direct(text, pieces[-1][0], end))
            )
            if same and not re.search(r"[\w\n]", gap):
                pieces[-1] = (pieces[-1][0], end)
            else:
                pieces.append((start, end))
    return pieces


def gold_units(row: dict[str, Any]) -> tuple[list[Unit], list[Unit]]:
    text, direct, indirect = row["text"], [], []
    for a in row["attributions"]:
        cue = " ".join(c["text"] for c in a["cue"])
        source = letters(text, [antecedent(text, s["start"], s["end"]) for s in a["source"]])
        pieces = pieces_of(text, a)
        stretches = [(p, split_direct(text, *p)) for p in pieces]
        bare = not re.search(r"\w", cue)
        speech = (bool(SPEECH.search(cue)) and not SILENCE.search(cue)) or (bare and all(s for _, s in stretches))
        for _, spans in stretches:
            for s in spans or ():
                direct.append(Unit(letters(text, [s]), source, cue, s[0], speech))
        rest = [p for p, s in stretches if not s]
        if rest:
            said = " ".join(text[slice(*p)] for p in rest)
            statement = len(said.split()) >= 4 or bool(re.search(r"[\"“”]|''", said))
            cue_at = letters(text, [(c["start"], c["end"]) for c in a["cue"]])
            indirect.append(Unit(letters(text, rest), source, cue, rest[0][0], speech and statement, "", cue_at))
    return direct, indirect


def found_units(quotes: list[Quote]) -> tuple[list[Unit], list[Unit]]:
    direct: list[Unit] = []
    by_cue: dict[tuple[int, int], Unit] = {}
    for q in quotes:
        text = q.article.text
        source = letters(text, [q.mention] if q.mention else [])
        cue = text[slice(*q.cue)] if q.cue else ""
        if q.kind == "direct":
            direct.append(Unit(letters(text, [(q.start, q.end)]), source, cue, q.start, True, q.resolved_by))
            continue
        chars = letters(text, [(q.start, q.end)]) - letters(text, [s for s in (q.cue, q.mention) if s])
        unit = by_cue.setdefault(q.cue or (q.start, q.end), Unit(set(), source, cue, q.start, True, q.resolved_by))
        unit.chars |= chars
    return direct, list(by_cue.values())


@dataclass
class Score(SpanScore):
    """Counts over a corpus; ``rows`` keeps each miss, false alarm and wrong speaker."""

    named: int = 0
    well_named: int = 0
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, name: str, text: str, gold: list[Unit], other: list[Unit], found: list[Unit]) -> None:
        speech = [g for g in gold if g.speech]
        ignore = [g for g in gold if not g.speech] + other
        self.gold += len(speech)
        same_source = {(i, j) for i, g in enumerate(speech) for j, f in enumerate(found) if g.source & f.source}
        best = matched([g.chars for g in speech], [f.chars for f in found], same_source)
        for t in OVERLAPS:
            self.right[t] += sum(value >= t for _, value in best.values())
        of_found = dict(best.values())
        for j, f in enumerate(found):
            value = of_found.get(j, 0.0)
            if value < 0.3 and any(len(g.chars & f.chars) >= 0.5 * min(len(f.chars), len(g.chars)) for g in ignore):
                continue
            self.found += 1
            if value < 0.8:
                self.rows.append(("partial" if value >= 0.3 else "spurious", f.cue, name, show(text, f)))
        for i, g in enumerate(speech):
            j, value = best.get(i, (-1, 0.0))
            if value < 0.8:
                self.rows.append(("cut wrong" if value >= 0.3 else "missed", g.cue, name, show(text, g)))
            if value >= 0.3 and g.source:
                f = found[j]
                self.named += 1
                if f.source & g.source:
                    self.well_named += 1
                else:
                    kind = "speaker" + (" unresolved" if not f.source else " wrong")
                    self.rows.append((kind, g.cue, name, show(text, g) + " || " + show(text, f)))

    def lines(self, title: str) -> list[str]:
        out = [f"{title}: {self.gold} annotated, {self.found} found"]
        for t, label in zip(OVERLAPS, ("strict", "0.8", "0.3"), strict=True):
            figures = f"precision {self.precision(t):.3f} recall {self.recall(t):.3f} F1 {self.f1(t):.3f}"
            out.append(f"  {label:>6}: {figures}")
        out.append(f"  speaker: {self.well_named}/{self.named} = {self.well_named / max(self.named, 1):.3f}")
        return out


def show(text: str, unit: Unit) -> str:
    if not unit.chars:
        return ""
    s, e = min(unit.chars), max(unit.chars) + 1
    return f"{text[max(0, s - 60) : s]}[[{text[s:e]}]]{text[e : e + 60]}".replace("\n", "¶")


def polnear(folder: Path, split: str, show_kind: str | None, limit: int | None) -> None:
    with gzip.open(folder / "polnear" / f"{split}.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines][:limit]
    articles = [Article(r["id"], r["title"], r["text"]) for r in rows]
    list(extract_quotes_many(articles[:2]))
    started = time.perf_counter()
    extracted = list(extract_quotes_many(articles))
    took = time.perf_counter() - started
    words = sum(len(a.text.split()) for a in articles)
    direct, indirect = Score(), Score()
    for row, quotes in zip(rows, extracted, strict=True):
        gold_direct, gold_indirect = gold_units(row)
        found_direct, found_indirect = found_units(quotes)
        direct.add(row["id"], row["text"], gold_direct, gold_indirect, found_direct)
        indirect.add(row["id"], row["text"], gold_indirect, gold_direct, found_indirect)
    print(f"PolNeAR {split}: {len(rows)} articles, {words} words")
    for line in direct.lines("direct") + indirect.lines("indirect and mixed"):
        print(line)
    print(f"speed: {1e6 * took / max(words, 1):.0f} ms per 1,000 words")
    kinds: Counter[str] = Counter()
    for title, score in (("direct", direct), ("indirect", indirect)):
        for kind, cue, _, _ in score.rows:
            kinds[f"{title} {kind}: cue {cue.lower()!r}"] += 1
    print("worst kinds of error:")
    for kind, count in kinds.most_common(10):
        print(f"  {count:4} {kind}")
    if show_kind:
        rng = random.Random(1)
        chosen = [
            r
            for t, s in (("direct", direct), ("indirect", indirect))
            for r in s.rows
            if f"{t} {r[0]}".startswith(show_kind)
        ]
        for kind, cue, name, shown in rng.sample(chosen, min(40, len(chosen))):
            print(f"- {kind} <{cue}> {name[:25]}: {shown[:700]}")


def named_speakers(folder: Path) -> None:
    """How many sentences that the hand-made questions expect hold a quote by the expected speaker."""

    def read(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / "quotes" / name).read_text().splitlines()]

    rows = read("quotes_dev_articles.jsonl")
    articles = {r["id"]: Article(r["id"], r["title"], r["text"]) for r in rows}
    quotes = dict(zip(articles, extract_quotes_many(articles.values()), strict=True))
    total = held = right = wrong = 0
    for question in read("quotes_dev.jsonl"):
        if question["kind"] not in ("said_about", "who_said"):
            continue
        for start, end in question["gold_spans"]:
            total += 1
            inside = [q for q in quotes[question["article_id"]] if q.start < end and q.end > start]
            held += bool(inside)
            names = {q.speaker for q in inside if q.speaker}
            wanted = question["speaker"].split()[-1].lower()
            if any(wanted in name.lower() for name in names):
                right += 1
            else:
                wrong += bool(names)
                shown = articles[question["article_id"]].text[start:end][:200]
                print(f"  not {question['speaker']!r}: {sorted(names)} {shown!r}")
    print(f"quotes: {total} expected sentences, {held} hold a quote,")
    print(f"  {right} by the expected speaker, {wrong} by another only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="dev", choices=("dev", "train"))
    parser.add_argument("--show", help='examples of errors, e.g. "direct missed", "indirect cut wrong"')
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    polnear(options.data, options.split, options.show, options.limit)
    named_speakers(options.data)


if __name__ == "__main__":
    main()
