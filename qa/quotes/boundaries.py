"""Where indirect speech ends: after "said that ...", at which comma, dash or "and" the writer's own words
resume.

A conditional logit over the candidate ends of one sentence, with features of the words around each and of the
tree; its weights (boundaries.json, about 200 numbers) were fitted on PolNeAR's train part by
tests/benchmarks/boundaries.py. Rules alone cut as often too early as too late; see the benchmark for both.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc, Token

_FINITE = ("VBD", "VBZ", "VBP", "MD")
_JOINTS = frozenset([",", ";", "—", "–", "-", "--", ":", "("])
_LINKS = frozenset(
    (
        "and but or which who whom whose that while as because though although when where if after before "
        "since until even despite in on at for with from to by a an the he she it they his her its their "
        "this not including according compared instead so than up down both more just"
    ).split()
)


def candidates(doc: Doc, first: int, last: int, quoted: list[tuple[int, int]]) -> list[int]:
    """The last tokens that a content from ``first`` may have: before each joint outside quoted words, and
    ``last``."""
    ends = set()
    for i in range(first + 2, len(doc)):
        at = doc[i].idx
        if any(start <= at < end for start, end in quoted):
            continue
        if doc[i].text in _JOINTS or (doc[i].lower_ in ("and", "but") and doc[i - 1].text not in _JOINTS):
            ends.add(i - 1)
    ends.add(last)
    ends.add(len(doc) - 1)
    return [e for e in sorted(ends) if e > first][:24]


def features(doc: Doc, cue: Token, first: int, end: int, rule: int, cues: set[int]) -> Iterator[str]:
    """What is seen at one candidate end; names only, each with the value 1."""
    n = len(doc)
    if end == rule:
        yield "rule"
    if end >= n - 2:
        yield "sentence"
        return
    joint = doc[end + 1]
    at = end + 2 if joint.text in _JOINTS and end + 2 < n else end + 1
    quote = joint.text in ("''", "”", '"')
    if quote and at + 1 < n:
        joint, at = doc[end + 2], min(end + 3, n - 1)
    word = doc[at]
    link = word.lower_ if word.lower_ in _LINKS else word.tag_
    yield f"joint {joint.text if joint.text in _JOINTS else 'word'}"
    yield f"next {link}"
    yield f"joint+next {joint.text if joint.text in _JOINTS else 'word'} {link}"
    if at + 1 < n and word.tag_ in ("CC", "IN", "RB", "DT"):
        yield f"next2 {link} {doc[at + 1].tag_}"
    verb = doc[at + 1] if word.tag_ == "CC" and at + 1 < n else word
    if verb.tag_ == "RB" and verb.i + 1 < n:
        verb = doc[verb.i + 1]
    if verb.tag_.startswith("VB"):
        like = verb.tag_ == first_verb(doc, first, end)
        yield f"verb {link} {verb.tag_} {cue.tag_} {like} {verb.i in cues}"
    rest = doc[at:]
    stop = next((t.i for t in doc[at + 1 :] if t.text in _JOINTS), n)
    finite = next((t for t in doc[at:stop] if t.tag_ in _FINITE), None)
    yield f"finite {finite.tag_ if finite is not None else None} {link if link in ('and', 'but') else ''}"
    if finite is not None:
        own = any(c.dep_ in ("nsubj", "nsubjpass") for c in finite.children)
        yield f"tense {finite.tag_ == cue.tag_} {own} {link in ('and', 'but')}"
    if any(i in cues for i in range(at, stop)):
        yield f"cue ahead {link if link in ('and', 'but', 'while') else ''}"
    holder = word
    for _ in range(30):
        if holder.head is holder or holder.head.i < at:
            break
        holder = holder.head
    over = holder.head
    place = (
        "cue"
        if over is cue
        else "root"
        if holder.head is holder
        else "content"
        if first <= over.i <= end
        else "outside"
    )
    yield f"hangs {place} {holder.dep_}"
    yield f"place {place}"
    if first <= over.i <= end:
        yield f"distance {min((end - over.i) // 3, 5)} {holder.dep_}"
    yield f"length {min((end - first) // 4, 5)}"
    yield f"left {min(len(rest) // 4, 6)}"
    if "." in doc[end].text or end < rule:
        yield "early"
    if end > rule:
        yield "late"
        yield f"late {link}"


def first_verb(doc: Doc, first: int, end: int) -> str:
    """The tag of the first finite verb of what is said."""
    return next((t.tag_ for t in doc[first : end + 1] if t.tag_ in (*_FINITE, "TO")), "")


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    path = Path(__file__).with_name("boundaries.json")
    return dict(json.loads(path.read_text())) if path.exists() else {}


def best_end(doc: Doc, cue: Token, first: int, rule: int, cues: set[int], quoted: list[tuple[int, int]]) -> int:
    """The likeliest last token of the content; the rules' own ``rule`` where nothing is to choose."""
    weights = _weights()
    ends = candidates(doc, first, rule, quoted)
    if not weights or len(ends) < 2:
        return rule
    scores = [(sum(weights.get(f, 0.0) for f in features(doc, cue, first, e, rule, cues)), -e) for e in ends]
    return -max(scores)[1]
