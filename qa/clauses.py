"""Who does what in a question and in the clauses of a sentence, by spaCy's parse, so that both can be compared.

A question for yes or no, or for a figure, is a verb with its subject and what else it says; a sentence states that
where one of its clauses has that verb with that subject. Which words may then be more, or fewer, goes by the direction
of entailment (MacCartney & Manning 2007, "Natural logic for textual inference"): see `qa.verdicts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from qa.questions import stem, terms
from qa.quotes.extraction import parser

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_SUBJECTS = ("nsubj", "nsubjpass", "csubj", "expl")
_AUXILIARIES = frozenset(
    "is are was were be been being am do does did has have had can could will would shall should may might must".split()
)
_RELATIVE = frozenset("who which that".split())
_PERSONAL = frozenset("he she it they i we you this that".split())
_PART = frozenset("none one some any all each neither either both".split())  # of the candidates
_OWN = frozenset("his her its their my our".split())


@dataclass(frozen=True)
class Clause:
    """A verb with its subject: the stems of its content words, of those of its subject, and the subject's last word.

    ``words`` holds neither. ``auxiliaries`` are in lower case. ``subject`` is empty where a pronoun
    stands for it, which is ``pronoun``. ``passive`` tells "was fined" from "fined". In a question, ``named`` is false
    where the subject is what is asked for ("how many trains"); ``names`` are names in the clause, ``tokens`` all of its
    words, ``phrase`` its subject as it stands in a question.
    """

    verb: str
    head: str
    subject: frozenset[str]
    words: frozenset[str]
    auxiliaries: tuple[str, ...]
    passive: bool
    token: Token
    pronoun: str = ""
    named: bool = True
    names: frozenset[str] = frozenset()
    tokens: tuple[Token, ...] = ()
    phrase: str = ""

    def holds(self, start: int, end: int) -> bool:
        """Tell whether ``text[start:end]`` of the sentence stands in the clause."""
        first, last = self.token.left_edge.idx, self.token.right_edge.idx + len(self.token.right_edge)
        return first <= start and end <= last


def parsed(texts: Sequence[str]) -> list[Doc]:
    """Return the parses of texts, each read as one sentence."""
    nlp = parser()
    docs = [nlp.make_doc(" ".join(text.split())) for text in texts]
    for doc in docs:
        for token in doc[1:]:
            token.is_sent_start = False
    return list(nlp.pipe(docs))


def asked_clause(doc: Doc) -> Clause | None:
    """Return what a question asks about: "(By how many votes) did Adeyo win (...)?"; None where there is no telling.

    What stands between the auxiliary and the verb is the subject, whatever the parse makes of it; where nothing stands
    there, it is what is asked for ("How many trains were cancelled?").
    """
    root = next(token for token in doc if token.dep_ == "ROOT")
    helper = next((token for token in doc[: root.i + 1] if token.lower_ in _AUXILIARIES), None)
    verb = root
    if helper == root:  # "Did schools stay closed": the parse takes "did" for the verb
        inner = [child for child in root.children if child.tag_.startswith("VB") and child.i > root.i]
        if root.lower_ not in ("is", "are", "was", "were") or (inner and inner[0].tag_ in ("VBN", "VBG")):
            if not inner:
                return None
            verb = inner[0]
    elif not root.tag_.startswith("VB") and helper is None:
        return None
    first = helper.i + 1 if helper else verb.i
    until = verb.i
    if verb == helper:  # "Is the dam dead": the subject goes up to what is said of it
        said = [c for c in verb.children if c.dep_ in ("acomp", "attr", "prep", "advmod") and c.i > first]
        until = min((min(t.i for t in c.subtree) for c in said), default=len(doc))
    subject = [t for t in doc[first:until] if not t.is_punct and t.lower_ not in _AUXILIARIES]
    asked = [t for t in doc[: min(first, verb.i)] if t.tag_ not in ("WRB", "WDT", "WP", "MD") and t != helper]
    named = bool(subject)
    subject = subject or asked
    before = next((n for n, token in enumerate(subject) if token.tag_ == "IN"), len(subject))
    nouns = [t for t in subject[:before] if t.tag_.startswith(("NN", "PRP", "CD"))] or subject[-1:]
    rest = [t for t in doc[first:] if t not in subject and t != verb]
    return Clause(
        lemma(verb),
        stem(nouns[-1].text) if nouns else "",
        _stems(subject),
        _stems(rest),
        tuple(t.lower_ for t in doc[helper.i : verb.i + 1] if t.lower_ in _AUXILIARIES) if helper else (),
        _is_passive(verb, doc[: verb.i]),
        verb,
        named=named,
        phrase=" ".join(t.text for t in subject if t.tag_ not in ("DT", "POS")),
    )


def clauses(doc: Doc) -> Iterator[Clause]:
    """Yield the clauses of a sentence; one that goes on with the subject of another has that subject.

    Where the parse finds no subject, ``head`` is empty, and what stands before the verb may be among the words.
    """
    for token in doc:
        if not token.tag_.startswith("VB") or token.dep_ in ("aux", "auxpass"):
            continue
        subject = subject_of(token)
        own = noun_phrase(subject) if subject is not None else []
        rest = [t for t in words_of(token) if t not in own]
        word = subject.lower_ if subject is not None else ""
        pronoun = word if word in _PERSONAL else ""
        helpers = [c for c in token.children if c.dep_ in ("aux", "auxpass")]
        yield Clause(
            lemma(token),
            stem(word),
            frozenset() if pronoun else _stems(own),
            _stems(rest),
            tuple(c.lower_ for c in helpers),
            _is_passive(token, list(token.children)),
            token,
            pronoun or next((t.lower_ for t in own if t.lower_ in _OWN), ""),
            tokens=(*own, *helpers, token, *rest),
            names=_stems(t for t in (*own, *rest) if t.tag_.startswith("NNP") and not _is_source(t)),
        )


def subject_of(verb: Token) -> Token | None:
    """Return the noun that is a verb's subject: the noun that "which" stands for, and that of a verb that it joins."""
    for child in verb.children:
        if child.dep_ in _SUBJECTS:
            if child.lower_ in _RELATIVE and verb.dep_ == "relcl":
                return verb.head
            return child
    if verb.dep_ == "conj" and verb.head.tag_.startswith("VB"):
        return subject_of(verb.head)
    if verb.dep_ == "xcomp" and verb.head.tag_.startswith("VB"):
        return subject_of(verb.head)
    return None


def noun_phrase(noun: Token) -> list[Token]:
    """Return a noun with what tells it from others: no apposition, no clause."""
    found, pending = [], [noun]
    while pending:
        token = pending.pop()
        found.append(token)
        pending += [c for c in token.children if c.dep_ not in ("relcl", "appos", "acl", "conj", "cc", "punct")]
    return sorted(found, key=lambda token: token.i)


def words_of(verb: Token) -> list[Token]:
    """Return what a clause says beside its verb: without clauses that are joined to it, and auxiliaries."""
    found = []
    pending = [c for c in verb.children if c.dep_ not in ("aux", "auxpass", "conj", "cc", *_SUBJECTS)]
    while pending:
        token = pending.pop()
        found.append(token)
        pending += [c for c in token.children if not (c.dep_ == "conj" and c.tag_.startswith("VB"))]
    return sorted(found, key=lambda token: token.i)


def objects(verb: Token) -> set[tuple[str, str]]:
    """Return what a verb is said of beside its subject: the stem of each noun or adjective, after its preposition."""
    found = set()
    for child in verb.children:
        if child.dep_ in ("dobj", "attr", "acomp", "oprd"):
            found |= {("", stem(noun.text)) for noun in _joined(child)}
            found |= _after_prepositions(child)
    return found | _after_prepositions(verb)


def _after_prepositions(token: Token) -> set[tuple[str, str]]:
    return {
        ("" if token.lower_ in _PART and prep.lower_ == "of" else prep.lower_, stem(noun.text))
        for prep in token.children
        if prep.dep_ == "prep"
        for child in prep.children
        if child.dep_ == "pobj"
        for noun in _joined(child)
    }


def _joined(noun: Token) -> list[Token]:
    others = [other for child in noun.children if child.dep_ == "conj" for other in _joined(child)]
    return others if noun.lower_ in _PART else [noun, *others]


def lemma(token: Token) -> str:
    """Return the stem of a verb's base form, so that "won" meets "win"."""
    word = token.lower_
    if word in ("has", "had", "have", "having"):
        return "have"
    if word in ("did", "does", "do", "done"):
        return "do"
    if word in _AUXILIARIES or word in ("'s", "’s", "'re", "’re"):
        return "be"
    return stem(_irregular().get(word, [word])[0])


def _stems(tokens: Iterable[Token]) -> frozenset[str]:
    return terms(" ".join(token.text for token in tokens if token.tag_ != "POS"))


def _is_source(token: Token) -> bool:
    """Tell whether a word tells who says so: "according to the ministry"."""
    return any(above.lower_ == "according" for above in token.ancestors)


def _is_passive(verb: Token, before: Iterable[Token]) -> bool:
    forms = {"is", "are", "was", "were", "be", "been", "being", "gets", "got"}
    return verb.tag_ in ("VBN", "VBD") and any(t.lower_ in forms and t != verb for t in before if t.i < verb.i)


@lru_cache(maxsize=1)
def _irregular() -> dict[str, list[str]]:
    """Return the base forms of irregular verbs, from the parser's own tables."""
    from spacy.lookups import Lookups

    tables = Lookups().from_disk(parser().path / "lemmatizer" / "lookups")
    return dict(tables.get_table("lemma_exc")["verb"])
