"""Cues: the words in a parsed sentence that report speech, each with the noun phrase that does the saying.

The tree is asked first; where it shows no speaker, the words beside the verb are ("..., Josh Earnest, said").
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from qa.quotes.marks import Sentence
from qa.quotes.saying import CUE_NOUNS, NOUNS, NOUNS_OF, NOUNS_OF_CLAUSES, PARTICLES, UTTERING, VERBS, WHEN
from qa.quotes.speakers import TITLES

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token


@dataclass
class Cue:
    """A word of saying in its sentence: its token, its lemma, and the token of who says it.

    ``left`` is the first token of its own or of its speaker, ``last`` the last of its own ("went on").
    """

    token: Token
    lemma: str
    subject: Token | None
    left: int
    last: int
    verb: bool = True
    silent: bool = False

    @property
    def end(self) -> int:
        """The last token of its own, unless that is so far off that the parse must have gone astray."""
        return self.last if self.last - self.token.i < 6 else self.token.i


_SUBJECTS = ("nsubj", "nsubjpass")
_NOUN_TAGS = ("NN", "NNS", "NNP", "NNPS", "PRP", "CD", "DT", "WP", "WDT", "JJ", "JJS", "FW", "NFP", "VBG")
_CLIMB = ("xcomp", "conj", "advcl", "pcomp", "acl", "dep", "ccomp", "prep", "relcl")
_CLAUSE_OPENERS = frozenset("that he she it they there".split())
# Before an infinitive: it was not said, or not yet ("were starting to acknowledge", "tried to explain").
_SILENT = frozenset(
    (
        "decline declined declines declining refuse refused refuses refusing start started starts starting begin "
        "began begins beginning begun try tried tries trying want wanted wants wanting fail failed fails failing"
    ).split()
)


def _subject(token: Token) -> Token | None:
    """Who says: the verb's own subject or agent, else the one it shares with the verb or noun it hangs on."""
    at = token
    for step in range(6):
        passive = any(c.dep_ in ("auxpass", "nsubjpass") for c in at.children)
        if step == 0 and passive and at.lower_ not in ("quoted", "cited"):
            agent = next((c for c in at.children if c.dep_ == "agent"), None)
            return next((c for c in agent.children if c.dep_ == "pobj"), None) if agent else None
        agent = next((c for c in at.children if c.dep_ == "agent"), None)
        if step == 0 and agent is not None and at.tag_ == "VBN":
            return next((c for c in agent.children if c.dep_ == "pobj"), None)
        subjects = [c for c in at.children if c.dep_ in _SUBJECTS and c.tag_ != "EX"]
        if subjects:
            found = subjects[-1] if subjects[-1].i < at.i or len(subjects) == 1 else subjects[0]
            if found.lower_ in ("who", "which", "that") and at.dep_ == "relcl":
                return at.head
            return found
        if at.dep_ == "relcl" or (at.dep_ == "acl" and at.head.tag_.startswith("NN")):
            if at.dep_ == "acl" and step == 0 and at.tag_ == "VBG":
                if at.head.dep_ not in ("dobj", "pobj"):
                    return at.head
                at = at.head.head if at.head.dep_ == "dobj" else at.head.head.head
                continue
            if at.dep_ == "acl" and at.tag_ == "VB":
                at = at.head.head
                continue
            return None
        if at.dep_ not in _CLIMB or at.head is at:
            return None
        at = at.head
    return None


def phrase(head: Token) -> tuple[int, int]:
    """Token bounds of the noun phrase of ``head``: its modifiers, "of" phrases and a name set beside it."""
    left = head.i
    for child in sorted(head.lefts, key=lambda c: -c.i):
        if child.dep_ in (
            "det",
            "amod",
            "compound",
            "nummod",
            "poss",
            "nmod",
            "quantmod",
            "predet",
            "advmod",
            "punct",
        ):
            if child.dep_ == "punct" and child.text not in "-'’.":
                break
            left = child.left_edge.i
    right = head.i
    for child in head.rights:
        if child.left_edge.i > right + 2:
            break
        if (
            child.dep_ in ("prep", "cc", "case", "compound", "nmod")
            and child.right_edge.i - right < 15
            and child.i == right + 1
        ):
            right = child.right_edge.i if child.dep_ != "cc" else right
            if child.dep_ == "cc":
                other = next((c for c in head.rights if c.dep_ == "conj"), None)
                if other is not None and other.i - child.i < 8:
                    right = other.i
        elif (
            child.dep_ == "appos"
            and (head.tag_ in ("NN", "NNS") or head.lower_ in TITLES)
            and child.tag_ in ("NNP", "NNPS")
        ) or (child.dep_ == "conj" and child.tag_.startswith("NNP") and child.i - right < 6):
            right = child.i
    return left, right


def noun_at(doc: Doc, i: int) -> Token | None:
    """The head of the noun phrase that starts at token ``i``, for where the parser gave the verb no
    subject."""
    if not 0 <= i < len(doc) or doc[i].tag_ not in (*_NOUN_TAGS, "PRP$", "NNP"):
        return None
    at = doc[i]
    while at.head is not at and at.head.i > at.i and at.dep_ in ("det", "amod", "compound", "poss", "nummod", "nmod"):
        at = at.head
    return at if at.tag_ in _NOUN_TAGS and at.i - i < 8 else None


def find_cues(sentence: Sentence) -> list[Cue]:
    """Return the words of saying of a parsed sentence, in its order, with who is their subject."""
    doc = sentence.doc
    assert doc is not None
    cues = []
    for token in doc:
        low = token.lower_
        if any(s <= token.idx < e for s, e in sentence.woven):
            continue
        if low == "according" and token.i + 1 < len(doc) and doc[token.i + 1].lower_ == "to":
            source = next((c for c in doc[token.i + 1].children if c.dep_ == "pobj"), None) or noun_at(doc, token.i + 2)
            if source is not None:
                cues.append(Cue(token, "according", source, token.i, token.i + 1))
            continue
        lemma = VERBS.get(low)
        if low in ("make", "makes", "made", "making"):
            plain = next(
                (c for c in token.subtree if c.lower_ in ("clear", "plain", "known") and 0 < c.i - token.i < 6),
                None,
            )
            if plain is not None:
                cue = _verb_cue(token, "make")
                cue.last = plain.i
                cues.append(cue)
            continue
        is_verb = lemma is not None and (token.tag_.startswith("VB") or _mistagged(token))
        if low in CUE_NOUNS and token.tag_ in ("NN", "NNS") and token.dep_ != "compound" and not is_verb:
            noun = _noun_cue(token)
            cues += [noun] if noun else []
            continue
        if lemma is None or not is_verb:
            continue
        if lemma in PARTICLES and not _is_of_saying(token, lemma):
            continue
        cues.append(_verb_cue(token, lemma))
    for earlier, cue in pairwise(cues):
        inner = cue.subject is None or cue.subject.i > earlier.token.i
        if cue.token.tag_ == "VBG" and inner and earlier.verb and earlier.subject is not None:
            if not any(c.dep_ in _SUBJECTS for c in cue.token.children) and doc[cue.left - 1].is_punct:
                cue.subject = earlier.subject
    return cues


def _is_of_saying(token: Token, lemma: str) -> bool:
    """Tell whether what makes a verb one of saying follows: "point out", "refer to him as a friend"."""
    follows = token.i + 1 < len(token.doc) and token.nbor().lower_ == PARTICLES[lemma]
    return follows and (lemma != "refer" or any(c.dep_ == "prep" and c.lower_ == "as" for c in token.children))


def _noun_cue(token: Token) -> Cue | None:
    """Return the cue that a noun is: somebody's ("his claim"), or one that is followed by what it reports."""
    low, doc = token.lower_, token.doc
    owner = next((c for c in token.children if c.dep_ == "poss"), None)
    if low in NOUNS and owner is not None:
        return Cue(token, "noun", owner, owner.left_edge.i, token.i, verb=False)
    after = token.i + 1
    source = next((c for c in token.children if c.lower_ in ("by", "from") and c.i > token.i), None)
    if source is not None:
        owner = next((c for c in source.children if c.dep_ == "pobj"), owner)
        after = source.right_edge.i + 1
    elif owner is None and token.dep_ == "dobj" and token.head.lower_ in UTTERING:
        owner = _subject(token.head)
    after += after < len(doc) and doc[after].text == ","
    follows = doc[after].lower_ if after < len(doc) else ""
    is_one = (low in NOUNS_OF_CLAUSES and follows == "that") or follows in NOUNS_OF.get(low, ())
    return Cue(token, "noun", owner, token.i, token.i, verb=False) if is_one else None


def _mistagged(token: Token) -> bool:
    """ "claims", "reports", "notes" read as a noun though a clause hangs on it."""
    doc, i = token.doc, token.i
    before, after = doc[max(i - 1, 0)], doc[min(i + 1, len(doc) - 1)]
    if token.tag_ in ("NNS", "NNPS", "NNP") and token.lower_.endswith("s") and before.tag_ in ("NNP", "NNPS", "PRP"):
        if after.lower_ in _CLAUSE_OPENERS or after.text == "To":
            return True
    if token.tag_ not in ("NNS", "NN", "JJ"):
        return False
    if any(c.dep_ == "ccomp" for c in token.children) and token.dep_ in ("ROOT", "conj"):
        return True
    return (
        before.i < i
        and before.tag_ in ("NNP", "PRP")
        and (after.i == i or after.text in ".,:;")
        and "”" in doc[:i].text
    )


def _verb_cue(token: Token, lemma: str) -> Cue:
    doc = token.doc
    subject = _subject(token)
    if subject is not None and subject.doc[subject.i].text in ("It", "it") and _stand_in(subject):
        subject = None
    if subject is not None and subject.i > token.i and lemma == "tell":
        subject = None
    left = last = token.i
    for child in token.children:
        if child.dep_ in ("aux", "neg", "auxpass", "advmod") and child.i < token.i and token.i - child.i <= 4:
            left = min(left, child.i)
        elif child.dep_ in ("prt", "advmod", "npadvmod") and child.i == last + 1:
            last = child.i
    if subject is None or abs(subject.i - token.i) > 30:
        near = noun_at(doc, token.i + 1) if token.i + 1 < len(doc) else None
        if subject is None and near is not None and lemma != "tell" and (not token.i or doc[token.i - 1].is_punct):
            subject = near
    if subject is None:
        subject = _before(doc, left)
    if (subject is not None and subject.head is token) or (subject is not None and abs(subject.i - token.i) < 6):
        left = min(left, phrase(subject)[0])
    if subject is None and token.tag_ in ("VBD", "VBZ", "VBP", "NNS"):
        closed = max((t.i for t in doc[: token.i] if t.text in ("”", "''") and token.i - t.i < 25), default=-1)
        subject = noun_at(doc, closed + 1) if closed >= 0 else None
        if subject is not None and subject.i >= token.i:
            subject = doc[token.i - 1] if doc[token.i - 1].tag_ in ("NNP", "PRP") else None
    idle = {c.lower_ for c in token.children} & {"never", "could", "can", "might", "should", "cannot"}
    if idle or (token.tag_ == "VB" and token.dep_ in ("xcomp", "advcl") and token.head.tag_ == "JJ"):
        return Cue(token, lemma, subject, left, last, True, True)
    silent = any(c.dep_ == "neg" for c in token.children) or (token.dep_ == "xcomp" and token.head.lower_ in _SILENT)
    return Cue(token, lemma, subject, left, last, True, silent)


def _before(doc: Doc, left: int) -> Token | None:
    """The noun phrase that ends before a verb, over an apposition between commas, where the tree shows
    none."""
    i = left - 1
    while i >= 0 and doc[i].tag_ in ("RB", "MD", "VBZ", "VBD", "VBP") and left - i < 3:
        i -= 1
    if i < 0:
        return None
    if doc[i].lower_ == "who":
        i -= 1
        while i > 0 and (doc[i].is_punct or doc[i].tag_ not in ("NN", "NNS", "NNP", "NNPS")):
            i -= 1
        return doc[i] if doc[i].tag_.startswith("NN") else None
    if doc[i].text == ",":
        opening = next((j for j in range(i - 1, 0, -1) if doc[j].text == "," and doc[j - 1].tag_ != "CD"), None)
        if opening is None:
            return None
        i = opening - 1
    at = doc[i]
    if at.tag_ not in ("NNP", "NNPS", "PRP", "NN", "NNS", "CD") or at.lower_ in WHEN:
        return None
    while (
        at.head.i < at.i and at.dep_ in ("pobj", "prep", "conj") and not any(t.is_punct for t in doc[at.head.i : at.i])
    ):
        at = at.head
    return at if at.tag_.startswith(("NN", "PRP", "CD")) else None


def _stand_in(token: Token) -> bool:
    return (
        token.i > 0
        and token.doc[token.i - 1].text == "“"
        and token.i + 2 < len(token.doc)
        and token.nbor(1).text == "is"
        and token.nbor(2).text == "so"
    )
