"""Which words after (or before) "said" are what was said: where they start, where they end ("at which comma, dash
or 'and' do the writer's own words resume"), and whether they are kept at all.

Three log-linear models over what the words and the tree show at each candidate; their weights (boundaries.json)
are fitted on PolNeAR's train part by tests/benchmarks/boundaries.py. Rules alone cut as often too early as too
late.
"""

from __future__ import annotations

import json
from functools import lru_cache
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spacy.tokens import Doc, Token

    from qa.quotes.cues import Cue
    from qa.quotes.marks import Sentence

_FINITE = ("VBD", "VBZ", "VBP", "MD")
_SUBJECTS = ("nsubj", "nsubjpass", "expl")
_KEPT = -0.5  # log odds: F1 gains by a find that is likelier right than half of F1
_KEPT_BESIDE = 0.6  # what no rule of grammar read must be likelier
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


def starts(doc: Doc, cue: Cue, first: int, last: int, quoted: list[tuple[int, int]]) -> list[int]:
    """The first tokens that a content may have whose rule says ``first``: where a clause, a noun phrase or the
    words after the verb begin."""
    behind = first > cue.token.i
    low, high = (_base(cue, first), first + 14) if behind else (0, cue.left - 2)
    found = {first, low}
    for i in range(low + 1, min(high, last - 1, len(doc) - 2)):
        at = doc[i].idx
        if any(start < at < end for start, end in quoted):
            continue
        token, before = doc[i], doc[i - 1]
        subject = token.head.dep_ in _SUBJECTS if token.head.i > i else token.dep_ in _SUBJECTS
        if (
            before.text in _JOINTS
            or token.lower_ in ("that", "if", "whether", "how", "what", "why", "to", "and", "but")
            or (behind and (subject or before.tag_ == "RB" or before.dep_ in ("npadvmod", "dobj", "dative")))
        ):
            found.add(i)
    kept = (i for i in sorted(found) if i <= last and (i == first or doc[i].text not in (*_JOINTS, ".")))
    return list(kept)[:20]


def _base(cue: Cue, first: int) -> int:
    """The first token that may be content: behind the verb, or behind the source of "according to"."""
    if first <= cue.token.i:
        return 0
    return min(first, cue.right + 1) if cue.lemma == "according" else cue.last + 1


def start_features(doc: Doc, cue: Cue, start: int, first: int, last: int, rule: str, cues: set[int]) -> Iterator[str]:
    """What is seen at one candidate start; names only."""
    behind = first > cue.token.i
    side = "after" if behind else "before"
    base = _base(cue, first)
    token = doc[start]
    word = token.lower_ if token.lower_ in _LINKS else token.tag_
    before = doc[start - 1] if start else None
    last_word = "^" if before is None else before.text if before.text in _JOINTS else before.tag_
    if start == first:
        yield "rule"
        yield f"rule {rule}"
        yield f"rule {rule} {word}"
        if start > base:
            yield f"rule skips {doc[base].tag_} {last_word}"
    if start == base:
        yield f"base {side}"
        yield f"base {rule}"
        yield f"base {side} {word}"
        yield f"base {cue.lemma}"
    else:
        yield f"skips {side} {doc[base].tag_}"
        yield f"skips {side} {doc[base].lower_ if doc[base].lower_ in _LINKS else doc[base].dep_}"
        yield f"skipped {side} {min((start - base) // 2, 6)}"
        passed = doc[base:start]
        yield f"passes {side} verb {any(t.tag_ in _FINITE for t in passed)} {start < first}"
        yield f"passes {side} that {any(t.lower_ == 'that' for t in passed)}"
        yield f"passes {side} cue {any(base <= i < start for i in cues)}"
    yield f"word {side} {word}"
    yield f"word {side} {last_word} {word}"
    yield f"dep {side} {token.dep_} {start < first} {start > first}"
    holder = token
    for _ in range(30):
        if holder.head is holder or holder.head.left_edge.i < start:
            break
        holder = holder.head
    place = (
        "cue"
        if holder.head is cue.token
        else "root"
        if holder.head is holder
        else "in"
        if holder.head.i > base
        else "out"
    )
    yield f"hangs {side} {holder.dep_} {place}"
    yield f"hangs {side} {holder.tag_} {place} {start == first}"
    finite = next((t for t in doc[start : last + 1] if t.tag_ in _FINITE), None)
    own = finite is not None and any(c.dep_ in _SUBJECTS and c.i >= start for c in finite.children)
    yield f"finite {side} {finite is not None} {own}"
    if start < first:
        yield f"early {rule}"
    if start > first:
        yield f"late {rule}"


def keep_features(
    doc: Doc,
    cue: Cue,
    span: tuple[int, int],
    proposal: tuple[int, int, str, float, float],
    cues: set[int],
    sentence: Sentence,
) -> Iterator[str]:
    """What tells whether the words of ``span`` are what somebody said; names only. ``proposal`` is the rule's
    span, its name, and how sure the start and the end are."""
    first, last = span
    low, high, rule, sure_start, sure_end = proposal
    token = cue.token
    yield "all"
    yield f"sure start {int(6 * sure_start)}"
    yield f"sure end {int(6 * sure_end)}"
    yield f"sure {int(6 * sure_start * sure_end)}"
    yield f"moved {(first > low) - (first < low)} {(last > high) - (last < high)} {rule}"
    yield f"rule {rule}"
    yield f"lemma {cue.lemma}"
    yield f"lemma {cue.lemma} {rule}"
    yield f"tag {token.tag_} {rule}"
    yield f"dep {token.dep_} {rule}"
    yield f"tag {token.tag_} {token.dep_}"
    for child in token.children:
        if child.dep_ in ("aux", "auxpass", "mark", "prt") and child.i < token.i + 3:
            yield f"{child.dep_} {child.lower_}"
    who = cue.subject
    yield f"who {who.tag_ if who is not None else None} {rule}"
    if who is not None:
        yield f"who {who.dep_} {'before' if who.i < token.i else 'after'}"
        yield f"who far {min(abs(who.i - token.i) // 4, 4)}"
        if who.lower_ in _LINKS or who.tag_ == "PRP":
            yield f"who is {who.lower_}"
    yield from _words_features(doc, cue, first, last, rule, sentence)
    before = doc[cue.left - 1] if cue.left else None
    plain = before is not None and (before.is_punct or before.lower_ in _LINKS)
    yield f"before {'^' if before is None else before.lower_ if plain else before.tag_}"
    yield f"inside {sum(first <= i <= last for i in cues if i != token.i)}"
    yield f"cues {len(cues) > 1} {min(cues) == token.i}"


def _words_features(doc: Doc, cue: Cue, first: int, last: int, rule: str, sentence: Sentence) -> Iterator[str]:
    start = doc[first]
    word = start.lower_ if start.lower_ in _LINKS else start.tag_
    yield f"word {word} {rule}"
    yield f"length {min((last - first) // 3, 6)} {rule}"
    words = doc[first : last + 1]
    finite = next((t for t in words if t.tag_ in _FINITE), None)
    own = finite is not None and any(c.dep_ in _SUBJECTS for c in finite.children)
    yield f"finite {finite.tag_ if finite is not None else None} {own}"
    yield f"finite {finite is not None} {own} {rule} {word in ('that', 'to', 'if', 'whether')}"
    marked = any(s < words[-1].idx + 1 and words[0].idx < e for s, e in sentence.woven)
    yield f"marked {marked} {rule}"
    yield f"marked {marked} {cue.lemma}"
    yield f"stands {bool(sentence.full)} {rule}"
    yield f"ends {last >= len(doc) - 2} {doc[min(last + 1, len(doc) - 1)].tag_}"
    yield f"begins {cue.left == 0} {first == 0}"
    if first > cue.token.i:
        gap = doc[cue.last + 1 : first]
        yield f"gap {min(len(gap), 5)}"
        if len(gap):
            yield f"gap {gap[0].tag_} {gap[-1].tag_}"
    else:
        after = doc[min(cue.right + 1, len(doc) - 1)]
        yield f"then {after.text if after.is_punct else after.tag_} {rule}"
        yield f"then {after.dep_} {cue.lemma == 'according'}"
    capital = sum(t.is_title for t in doc) / len(doc)
    yield f"capital {int(capital * 5)}"
    yield f"final {doc[-1].text if doc[-1].is_punct else 'word'}"


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    return dict(json.loads(Path(__file__).with_name("boundaries.json").read_text()))


def _score(model: str, features: Iterable[str]) -> float:
    weights = _weights()[model]
    return sum(weights.get(f, 0.0) for f in features)


def best_start(
    doc: Doc, cue: Cue, first: int, last: int, rule: str, cues: set[int], quoted: list[tuple[int, int]]
) -> tuple[int, float]:
    """The likeliest first token of the content, whose rule says ``first``, and its probability."""
    options = starts(doc, cue, first, last, quoted)
    if len(options) < 2:
        return first, 1.0
    return _likeliest(options, [_score("start", start_features(doc, cue, s, first, last, rule, cues)) for s in options])


def best_end(
    doc: Doc, cue: Token, first: int, rule: int, cues: set[int], quoted: list[tuple[int, int]]
) -> tuple[int, float]:
    """The likeliest last token of the content and its probability; the rules' own ``rule`` where nothing is to
    choose."""
    ends = candidates(doc, first, rule, quoted)
    if len(ends) < 2:
        return rule, 1.0
    return _likeliest(ends, [_score("end", features(doc, cue, first, e, rule, cues)) for e in ends])


def _likeliest(options: list[int], scores: list[float]) -> tuple[int, float]:
    best = max(scores)
    return options[scores.index(best)], 1.0 / sum(exp(s - best) for s in scores)


def likely(
    doc: Doc,
    cue: Cue,
    span: tuple[int, int],
    proposal: tuple[int, int, str, float, float],
    cues: set[int],
    sentence: Sentence,
) -> bool:
    """Whether the words found are rather what somebody said than not; words all in quote marks are."""
    start, end, rule = doc[span[0]].idx, doc[span[1]].idx + len(doc[span[1]]), proposal[2]
    if rule != "beside" and any(s - 2 <= start and end <= e + 2 for s, e in sentence.woven):
        return True
    return _score("keep", keep_features(doc, cue, span, proposal, cues, sentence)) > (
        _KEPT_BESIDE if rule == "beside" else _KEPT
    )
