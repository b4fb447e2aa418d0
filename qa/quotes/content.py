"""What was said, in indirect speech: the clause or phrase that belongs to a cue, as offsets into the parsed
sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa.quotes.boundaries import best_end, best_start, likely
from qa.quotes.cues import SUBJECTS, Cue, noun_at
from qa.quotes.marks import Sentence
from qa.quotes.saying import (
    CLAUSE,
    INTENT,
    INTERRUPTING,
    NAMING,
    OBJECT,
    REQUEST,
    SUBORDINATORS,
    SURE,
    TRAILING,
    VERBS,
    WHEN,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

Bounds = tuple[int, int]


def content(sentence: Sentence, cue: Cue, cues: list[Cue], used: set[int]) -> Bounds | None:
    """Return the characters (start, end) that say what was said at ``cue``; ``used`` are quotes that another cue
    has."""
    proposal = None if cue.silent else _propose(sentence, cue, used)
    return _trim(sentence, cue, proposal, cues) if proposal is not None else None


def _propose(sentence: Sentence, cue: Cue, used: set[int]) -> tuple[int, int, str] | None:
    """The tokens (first, last) that the rules take for what was said, and which rule it was."""
    token, doc = cue.token, cue.token.doc
    if cue.lemma == "according":
        return _named_rule(_around(doc, cue.left, cue.right, False), "according")
    free = token.i not in used
    span = _parenthetical(cue) if _set_off(cue) and free else None
    if span is None and cue.verb and cue.left and doc[cue.left - 1].lower_ == "as" and _may_interrupt(cue):
        end = next(
            (i - 1 for i in range(cue.right + 1, min(len(doc), cue.right + 14)) if doc[i].text == ","),
            cue.right,
        )
        if cue.left == 1 and end == cue.right and cue.right + 1 < len(doc) and doc[cue.right + 1].text != ",":
            return None
        return _named_rule(_around(doc, cue.left - 1, end, False) if free else None, "as")
    if span is not None:
        return *span, "set off"
    span = _complement(cue, used)
    if span is not None:
        return *span, "complement"
    if not free:
        return None
    span = _parenthetical(cue) if _may_interrupt(cue) else None
    if span is not None:
        return *span, "parenthesis"
    if cue.lemma in NAMING | {"accuse"} and cue.subject is not None:
        span = _named(sentence, cue)
        if span is not None:
            return *span, "named"
    return _named_rule(_after_verb(cue), "after") or _named_rule(_beside(cue), "beside")


def _named_rule(span: Bounds | None, rule: str) -> tuple[int, int, str] | None:
    return None if span is None else (*span, rule)


def _beside(cue: Cue) -> Bounds | None:
    """Whatever stands after the verb that no rule reads: its object, what it is about, or the words up to the
    end. Few of these are what was said; ``likely`` tells which."""
    token, doc = cue.token, cue.token.doc
    if cue.subject is None or not cue.verb or cue.lemma not in CLAUSE | REQUEST | INTENT | OBJECT:
        return None
    for child in token.rights:
        if child.i <= cue.last:
            continue
        if child.dep_ in ("dobj", "ccomp", "xcomp") and child.right_edge.i - child.left_edge.i >= 3:
            return child.left_edge.i, child.right_edge.i
        if child.dep_ == "prep" and child.lower_ in ("about", "of", "against", "for", "on"):
            inner = next((c for c in child.children if c.dep_ in ("pobj", "pcomp")), None)
            if inner is not None and child.right_edge.i - inner.left_edge.i >= 3 and inner.lower_ not in WHEN:
                return inner.left_edge.i, child.right_edge.i
    at = cue.last + 1
    if at + 3 < len(doc) and not doc[at].is_punct and cue.subject.i < token.i:
        return at, len(doc) - 1
    return None


def _complement(cue: Cue, used: set[int]) -> Bounds | None:
    """Token bounds of the clause or phrase that the verb takes, to its right."""
    token = cue.token
    rights = [c for c in token.children if c.i > token.i]
    if cue.lemma == "make":
        rights = [c for t in token.subtree if token.i <= t.i <= cue.last for c in t.children if c.i > cue.last]
    if cue.lemma in CLAUSE or cue.lemma == "make":
        for child in rights:
            question = cue.lemma == "ask" and child.dep_ == "advcl" and child.left_edge.lower_ in ("if", "whether")
            if (child.dep_ == "ccomp" or question) and child.left_edge.i > token.i:
                if child.tag_ != "VBG" or any(c.dep_ in (*SUBJECTS, "aux", "expl", "mark") for c in child.children):
                    return child.left_edge.i, _clause_end(token, child)
    if cue.lemma == "noun":
        for child in rights:
            if child.dep_ in ("acl", "ccomp", "relcl") and child.left_edge.lower_ in ("that", "to"):
                return child.left_edge.i, child.right_edge.i
        return None
    subject_needed = cue.subject is not None
    if cue.lemma in REQUEST | {"tell"} and subject_needed:
        for child in rights:
            if child.dep_ in ("ccomp", "xcomp") and any(c.lower_ == "to" and c.dep_ == "aux" for c in child.children):
                first = child.left_edge.i
                asked = [c for p in rights if p.dep_ == "prep" and p.lower_ in ("on", "upon") for c in p.children]
                objects = [c for c in [*rights, *asked] if c.dep_ in ("dobj", "dative", "pobj") and c.i < first]
                if objects and cue.lemma != "tell":
                    first = objects[0].left_edge.i
                return first, child.right_edge.i
    if cue.lemma in INTENT and subject_needed:
        for child in rights:
            if child.dep_ in ("xcomp", "ccomp") and any(c.lower_ == "to" and c.dep_ == "aux" for c in child.children):
                return child.left_edge.i, child.right_edge.i
    if cue.lemma in NAMING and subject_needed:
        for child in rights:
            reduced = token.tag_ == "VBN" and token.dep_ in ("acl", "amod")
            if child.dep_ in ("ccomp", "oprd", "xcomp") and child.tag_ not in ("VB",) and not reduced:
                objects = [c for c in rights if c.dep_ == "dobj" and c.i < child.i]
                return (objects[0] if objects else child).left_edge.i, child.right_edge.i
        objects = [c for c in rights if c.dep_ == "dobj"]
        ways = [c for c in rights if c.dep_ == "prep" and c.lower_ == "as"]
        if ways and (objects or cue.subject is not None):
            first = min(objects[0].left_edge.i if objects else ways[0].i, ways[0].i)
            return first, ways[0].right_edge.i
    if cue.lemma == "call" and subject_needed:
        for child in rights:
            if child.dep_ == "prep" and child.lower_ in ("for", "on", "upon"):
                inner = next((c for c in child.children if c.dep_ in ("pobj", "pcomp")), None)
                to = [c for c in rights if c.dep_ in ("xcomp", "advcl") and any(g.lower_ == "to" for g in c.children)]
                if inner is not None and inner.lower_ not in WHEN and (to or child.lower_ == "for"):
                    return inner.left_edge.i, max(child.right_edge.i, to[0].right_edge.i if to else 0)
    if cue.lemma == "accuse" and subject_needed:
        objects = [c for c in rights if c.dep_ in ("dobj", "ccomp")]
        ofs = [c for c in rights if c.dep_ == "prep" and c.lower_ == "of"]
        if ofs:
            first = objects[0].left_edge.i if objects and objects[0].i < ofs[0].i else ofs[0].i
            return first, ofs[0].right_edge.i
    if cue.lemma in OBJECT and subject_needed and token.i not in used:
        for child in rights:
            if child.dep_ == "dobj" and child.tag_ != "PRP":
                return child.left_edge.i, child.right_edge.i
    return None


def _named(sentence: Sentence, cue: Cue) -> Bounds | None:
    """What somebody is called, where it is quoted: from the verb to the end of the words in marks."""
    doc = cue.token.doc
    for start, end in sentence.woven:
        between = doc.char_span(cue.token.idx, start, alignment_mode="contract")
        if (
            start > cue.token.idx
            and between is not None
            and len(between) < 15
            and not any(t.text in ".;" for t in between)
        ):
            last = doc.char_span(start, min(end + 1, len(doc.text)), alignment_mode="expand")
            return (cue.last + 1, last[-1].i) if last is not None else None
    return None


def _clause_end(token: Token, clause: Token) -> int:
    """The last token of what is said: all that hangs on the verb after its clause, up to a verb beside it."""
    doc = token.doc
    end = max(clause.right_edge.i, token.right_edge.i)
    for child in token.rights:
        aside = (
            child.dep_ == "advcl" and child.tag_ == "VBG" and doc[child.left_edge.i - 1].text in (",", "—", "–", "-")
        )
        if child.i > clause.i and (child.dep_ in ("cc", "conj") or aside) and child is not clause:
            end = min(end, child.left_edge.i - 1)
    return max(end, clause.i)


def _after_verb(cue: Cue) -> Bounds | None:
    """The clause after "said" where the parser saw none: from "that" or the next noun phrase to the end."""
    doc, n = cue.token.doc, len(cue.token.doc)
    if cue.lemma not in SURE | {"make"} or cue.subject is None or cue.subject.i > cue.token.i:
        return None
    at = cue.last + 1
    if at >= n or (doc[at].is_punct and doc[at].text not in '"“'):
        return None
    for i in range(at, min(n, at + 16)):
        if doc[i].lower_ == "that" and doc[i].tag_ == "IN":
            return (i, n - 1) if i + 3 < n else None
        if doc[i].text in (";", ":", "."):
            break
    while at < n and (doc[at].tag_ in ("RB", "RP") or doc[at].lower_ in WHEN):
        at += 1
    if cue.lemma == "tell":
        heard = noun_at(doc, at)
        at = heard.i + 1 if heard is not None else at
    if at >= n or doc[at].tag_ not in (
        "PRP",
        "NNP",
        "NNS",
        "NN",
        "DT",
        "PRP$",
        "EX",
        "JJ",
        "WRB",
        "CD",
        "IN",
    ):
        return None
    if doc[at].tag_ == "IN" and doc[at].lower_ not in ("if", "whether", "while", "because", "although"):
        return None
    first = next((t for t in doc[at : at + 15] if t.tag_ in ("VBD", "VBZ", "VBP", "MD")), None)
    if first is None or first.i <= at:
        return None
    verb = first.head if first.dep_ in ("aux", "auxpass") else first
    return (at, n - 1) if verb.dep_ not in ("relcl", "acl") else None


def _may_interrupt(cue: Cue) -> bool:
    return (
        cue.lemma in INTERRUPTING and cue.subject is not None and cue.token.tag_ in ("VBD", "VBZ", "VBP", "VBN", "NNS")
    )


def _set_off(cue: Cue) -> bool:
    """Whether "X said" stands between commas."""
    doc = cue.token.doc
    after = cue.right + 1
    return (
        _may_interrupt(cue)
        and cue.left > 0
        and doc[cue.left - 1].text in (",", "''", "”", '"')
        and (after < len(doc) and doc[after].text == ",")
    )


def _parenthetical(cue: Cue) -> Bounds | None:
    """The sentence around ", X said": what comes before it and, where the verb of it comes after, the
    rest."""
    doc = cue.token.doc
    before = doc[cue.left - 1].text if cue.left else ""
    if not cue.left or before not in (",", "—", "–", "-", "?", "!", "”", "''", '"'):
        return None
    return _around(doc, cue.left, cue.right, cue.subject is not None and cue.subject.i > cue.token.i)


def _around(doc: Doc, left: int, right: int, inverted: bool) -> Bounds | None:
    """The sentence less the words from ``left`` to ``right`` at its start or end; all of it where they
    interrupt."""
    n = len(doc)
    if left == 0 or all(t.is_punct for t in doc[:left]):
        comma = next((i for i in range(right + 1, min(n, right + 25)) if doc[i].text == ","), right)
        start = comma + 1 if doc[comma].text == "," else right + 1
        return (start, n - 1) if start < n else None
    before = doc[:left]
    finite = any(t.tag_ in ("VBD", "VBZ", "VBP", "MD") for t in before)
    after = doc[right + 1] if right + 1 < n else None
    if after is not None and after.text == "," and right + 3 < n and not inverted:
        if doc[right + 2].tag_ != "VBG" or doc[right + 2].lower_ not in VERBS.keys() | TRAILING:
            return 0, n - 1
    opener = next((t for t in before if not t.is_punct), None)
    hanging = opener is not None and opener.lower_ in SUBORDINATORS and not any(t.text == "," for t in before[:-1])
    return (0, left - 1) if finite and not hanging else None


def _trim(sentence: Sentence, cue: Cue, proposal: tuple[int, int, str], cues: list[Cue]) -> Bounds | None:
    """The span in characters, cut where another voice or the writer's own comment begins; None where it is
    unlikely that anybody said it."""
    doc = cue.token.doc
    first, last, rule = proposal
    at = {c.token.i for c in cues}
    sure_start = sure_end = 1.0
    if cue.lemma not in NAMING and cue.lemma != "accuse":
        first, sure_start = best_start(doc, cue, first, last, rule, at, sentence.woven)
    begin = max(first, cue.token.i)
    for other in cues:
        i = other.token.i
        if i <= begin + 1 or i > last or other is cue:
            continue
        cut = i
        if other.lemma == "according" or other.token.tag_ == "VBG":
            mark = i - 1 - (doc[i - 1].text in ("''", "”", '"'))
            cut = mark if doc[mark].text in (",", "—", "–", "-") else i
        elif other.verb and other.token.tag_ == cue.token.tag_ and doc[other.left - 1].lower_ in ("and", "but"):
            own = any(c.dep_ in SUBJECTS for c in other.token.children)
            if not own or doc[other.left - 2].text == ",":
                cut = other.left - 1
        elif (
            other.verb and other.left > 1 and doc[other.left - 1].lower_ in ("while", "but", "as", "though", "although")
        ):
            cut = other.left - 1
        if cut < i and cut > begin:
            last = min(last, cut - 1)
    for token in doc[begin + 2 : last + 1]:
        if token.lower_ in TRAILING and doc[token.i - 1].text in (",", "—", "–", "-"):
            last = min(last, token.i - 2)
    while first < last and doc[first].lower_ == "on" and doc[first + 1].lower_ in WHEN:
        first += 2
    if last - first < 1 and cue.lemma not in NAMING:
        return None
    if first > cue.token.i:
        end, sure_end = best_end(doc, cue.token, first, last, at, sentence.woven)
        named = cue.lemma in NAMING or cue.lemma == "accuse"
        cut_off = any(doc[end].idx < start <= doc[last].idx for start, _ in sentence.woven)
        last = last if named and cut_off else end
    while first <= last and (doc[first].is_punct or doc[first].is_space) and doc[first].text not in "\"“‘'``([$#@":
        first += 1
    while last >= first and (doc[last].is_punct or doc[last].is_space) and doc[last].text not in "\"”’')]%''":
        last -= 1
    if first > last or not likely(doc, cue, (first, last), (*proposal, sure_start, sure_end), at, sentence):
        return None
    return doc[first].idx, doc[last].idx + len(doc[last].text)
