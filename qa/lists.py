"""Questions for several things ("which towns were flooded?") -> a list of what the sentences that answer name.

A sentence gives items where one of its clauses has the question's verb, and they have the part in it that is asked for:
who did it, whom it was done to, or what stands after its preposition. Of the sentence that the reader thinks likeliest,
the words that it marked count, too. The same name in two sentences is one item (`qa.items`). Where a place, a person
or an organisation is asked for, an item must be a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from qa.answers import Answer, Statement, nothing_answers, stems_near, with_told
from qa.clauses import Clause, asked_clause, clauses, lemma, objects, parsed, subject_of
from qa.items import Asked, Item, before_number, entities, is_name, items_of, places_in
from qa.questions import Question, stem, stems
from qa.reader import normalised

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_MAY_ASK = re.compile(r"(?:\w+\s+)?(?:which|what|who)\s", re.IGNORECASE)
_TOLD = re.compile(
    r"(?:please\s+)?(?:(?:can|could)\s+you\s+)?(?:name|list|(?:show|give|tell)\s+me)\s+(?:all\s+)?(?:of\s+)?(?:the\s+)?"
    r"(?P<noun>[a-z][\w-]*(?:\s[a-z][\w-]*){0,2}?)\s+"
    r"(?:(?P<prep>in|at|to|for|from|by|with|on)\s+(?:which|whom)|who|that|which)\s+(?P<rest>\S.*)",
    re.IGNORECASE,
)
# Which nouns stand for names, and for names of what; of others ("crops", "reasons") any noun phrase may be one.
_LABELS = {
    stem(noun): label
    for label, nouns in {
        "GPE": "country nation state town city village county district region province place capital suburb island",
        "ORG": "company firm business bank party team club group union organisation organization agency hospital",
        "PERSON": "candidate minister politician player leader official member mayor winner",
    }.items()
    for noun in nouns.split()
}
# What has a form of its own: the articles themselves, and what was said.
_OWN_FORMS = frozenset(map(stem, "article text story report paper newspaper source outlet statement quote".split()))
_VERBS = ("VBD", "VBP", "VBZ", "VBN", "MD")
_BEFORE_NOUN = ("JJ", "JJR", "JJS", "NN", "NNS", "NNP", "CD", "VBN", "VBG", "HYPH")
_OF_ONE = frozenset("is was has does".split())  # "which of the towns was"
_WHICH = frozenset("which who whom that".split())
_NOT = frozenset("not n't n’t never no neither nor without".split())
_UNSURE = frozenset("if unless whether until".split())
_MODALS = frozenset("can could may might must shall should will would".split())
_PRONOUNS = frozenset("it they them he him she her".split())
_MOST_TOLD = 12

Part = Literal["subject", "object", "predicate"]


def as_question(text: str) -> str:
    """Return "name the ministers who resigned" as the question that it is: "which ministers resigned?"."""
    found = _TOLD.fullmatch(text.rstrip(" ?!."))
    if not found or parsed([f"the {found['noun']} were there"])[0][len(found["noun"].split())].tag_ != "NNS":
        return text
    if not found["prep"]:
        return f"which {found['noun']} {found['rest']}?"
    told = parsed([found["rest"]])[0]
    helper = next((t for t in told if t.dep_ in ("aux", "auxpass") and t.head.dep_ == "ROOT"), None)
    if helper is None:
        return text
    rest = f"{told[: helper.i].text} {told[helper.i + 1 :].text}"
    return f"{found['prep'].lower()} which {found['noun']} {helper.text} {rest}?"


def items_asked_for(question: Question) -> Asked | None:
    """Return what several of are asked for; None where a question asks for one thing, or for something else."""
    kind = question.asked_for[0] if question.asked_for else ""
    if question.quoted or kind not in ("fact", "person") or not _MAY_ASK.match(question.text):
        return None
    doc = parsed([_written(question.text)])[0]
    first = next((token.i for token in doc if token.lower_ in ("which", "what", "who")), len(doc))
    if first > 1 or (first == 1 and doc[0].tag_ not in ("IN", "TO")):
        return None
    who, rest = doc[first].lower_ == "who", list(doc[first + 1 :])
    be = bool(rest) and rest[0].lower_ in ("are", "were")
    if who and not be:
        return None
    rest = rest[1:] if be else rest
    if who and rest and rest[0].tag_ in ("VBN", "VBD"):  # "who were arrested?"
        return Asked("", "")
    of = bool(rest) and rest[0].lower_ == "of"
    while rest and rest[0].lower_ in ("all", "of", "the", "names"):
        rest = rest[1:]
    noun = _plural(rest)
    after = doc[noun.i + 1] if noun is not None and noun.i + 1 < len(doc) else None
    if noun is None or stem(noun.text) in _OWN_FORMS or (of and after is not None and after.lower_ in _OF_ONE):
        return None
    return Asked(stem(noun.text), _LABELS.get(stem(noun.text), "PERSON" if who else ""))


def _written(text: str) -> str:
    """Return a question with its mark and not in capitals, as the parser has mostly read them."""
    return f"{(text.lower() if text.isupper() else text).rstrip(' ?!.')}?"


def _plural(words: Sequence[Token]) -> Token | None:
    """Return the noun with which words begin, where it is of several."""
    tags = [token.tag_ for token in words[:2]]
    if tags[:1] == ["VBZ"] and tags[1:] and tags[1] in _VERBS:  # "which states backed": no verb, then
        return words[0]
    run: list[Token] = []
    for token in words:
        if token.tag_ not in _BEFORE_NOUN or (run and token.tag_ in ("VBN", "VBG")):
            break
        run.append(token)
    after = words[len(run)].tag_ if words[len(run) :] else ""
    if not run or run[0].lower_ == "following" or after == "POS":
        return None
    return run[-1] if run[-1].tag_ == "NNS" and run[-1].dep_ != "compound" else None


def with_items(question: Question, asked: Asked, answer: Answer, read: Sequence[Statement]) -> Answer:
    """Return the answer as a list of what is asked for, with every sentence that gives an item of it.

    ``read`` are the sentences that may, likeliest first. Where a name is asked for and none is given, it is a refusal;
    where anything is, and one thing is given, it is the answer as it was.
    """
    given = _given(question, asked, read)
    names = _names([item for _, items in given for item in items], asked.label)
    left_out = {normalised(name) for name in question.but}
    given = [(one, [item for item in own if normalised(names[item.text]) not in left_out]) for one, own in given]
    given = [(one, own) for one, own in given if own]
    items = tuple(dict.fromkeys(names[item.text] for _, own in given for item in own))
    if not items and asked.label:
        return nothing_answers(question, answer.hits, 0.0)
    if not items or (len(items) == 1 and not asked.label):
        return answer
    statements = tuple(replace(one, span=(min(i.start for i in own), max(i.end for i in own))) for one, own in given)
    count = len({one.article.id for one in statements})
    short = items[0] if len(items) == 1 else None
    listed = replace(answer, statements=statements, items=items, short=short)
    if short:
        return with_told(listed, f"{count} articles say so.") if count > 1 else listed
    who = f"{count} articles name" if count > 1 else "One article names"
    return with_told(listed, f"{who} {len(items)}: {_in_words(items)}.")


def _in_words(items: Sequence[str]) -> str:
    told = [" ".join(item.split()) for item in items[:_MOST_TOLD]]
    last = f"{len(items) - len(told)} more" if len(items) > len(told) else told.pop()
    return f"{', '.join(told)} and {last}"


def _names(items: Sequence[Item], label: str) -> dict[str, str]:
    """Return by which text each item is told: the first of those of the same name, of a person the fullest."""
    texts = list(dict.fromkeys(item.text for item in items))
    told: dict[str, str] = {}
    for text in texts:
        own = normalised(text)
        same = next(other for other in texts if normalised(other) == own)
        fuller = [other for other in texts if label == "PERSON" and normalised(other).endswith(own)]
        told[text] = max([same, *fuller], key=lambda other: len(normalised(other)))
    return told


def _given(question: Question, asked: Asked, read: Sequence[Statement]) -> list[tuple[Statement, list[Item]]]:
    """Return the statements that give items, with these."""
    doc, *docs = parsed([_written(question.text), *(statement.text for statement in read)])
    wanted = asked_clause(doc)
    if wanted is None:
        return []
    part = _part(doc, wanted)
    readings = [_Reading(question, asked, wanted, part, *pair) for pair in zip(read, docs, strict=True)]
    found = [(one.statement, one.items(likeliest=number == 0)) for number, one in enumerate(readings)]
    return [(statement, items) for statement, items in found if items]


def _part(doc: Doc, wanted: Clause) -> Part | str:
    """Return which part of its clause is asked for, or after which preposition it stands."""
    if doc[0].tag_ in ("IN", "TO"):
        return doc[0].lower_
    last = [token for token in doc if not token.is_punct][-1]
    if last.tag_ == "IN" and not any(child.dep_ == "pobj" for child in last.children):
        return last.lower_
    if wanted.token.lower_ in ("are", "were"):
        return "predicate"
    return "object" if wanted.named or wanted.passive else "subject"


@dataclass(frozen=True)
class _Reading:
    """A sentence that may give items, by its parse."""

    question: Question
    asked: Asked
    wanted: Clause
    part: Part | str
    statement: Statement
    doc: Doc

    def items(self, *, likeliest: bool) -> list[Item]:
        """Return the items that the sentence gives; the ``likeliest`` one may also say it in other words."""
        same = [clause for clause in clauses(self.doc) if clause.verb == self.wanted.verb]
        heads = [head for clause in same if self._states(clause, likeliest) for head in self._in_part(clause)]
        if self.part == "predicate":
            tells = likeliest or self.question.terms - {self.asked.noun} <= self._near() | stems(self._title())
            nouns = [token for token in self.doc if tells and stem(token.text) == self.asked.noun]
            heads = [head for noun in nouns for head in _called(noun)]
        found = self._of(heads)
        if not likeliest:
            return found if self._may_be(found) else []
        marked = self._marked()
        if marked is None:
            return found
        # "All precedents, including Griswold": what the reader marked says more.
        inside = is_name(marked) and any(marked in head.subtree for head in heads)
        parts = [head for clause in same for head in self._in_part(clause) if head.tag_ != "PRP"]
        has_part = self.part in ("subject", "object") and bool(parts)
        return self._of([marked]) if inside or not (found or has_part) else found

    def _of(self, heads: Sequence[Token]) -> list[Item]:
        return items_of(heads, self.asked, self.question.terms, self.statement)

    def _title(self) -> str:
        return self.statement.article.title

    def _near(self) -> frozenset[str]:
        return stems_near(self.statement.article, self.statement.start, self.statement.end)

    def _may_be(self, items: Sequence[Item]) -> bool:
        """Tell whether items may be what is asked for: they have its label, or there is talk of such.

        That is in the article, or for what no label stands for ("vaccines"), in the sentence itself.
        """
        labels = {ent.text: ent.label_ for ent in entities(self.statement.text)}
        if self.asked.label and all(labels.get(" ".join(item.text.split())) == self.asked.label for item in items):
            return True
        told = f"{self._title()} {self.statement.article.text}" if self.asked.label else self.statement.text
        return not self.asked.noun or self.asked.noun in stems(told)

    def _states(self, clause: Clause, likeliest: bool) -> bool:
        """Tell whether a clause says what is asked: it is asserted, and holds, or stands near, the other words."""
        wanted, helpers = self.wanted, set(self.wanted.auxiliaries)
        modals = {token.lower_ for token in clause.tokens if token.tag_ == "MD"}
        if modals - helpers or any(token.lower_ in _NOT for token in clause.tokens):
            return False
        if not _asserted(clause.token) and not (likeliest and helpers & _MODALS):
            return False
        if likeliest:
            return True
        near, own = self._near(), objects(clause.token)
        for preposition, noun in objects(wanted.token) - own:
            instead = {prep for prep, other in own if other in _PRONOUNS}  # "voted against it", not "for it"
            if noun not in near or (instead and preposition not in instead):
                return False
        other = wanted.words | wanted.subject if wanted.named else wanted.words
        return other - {self.asked.noun} <= near

    def _in_part(self, clause: Clause) -> Iterator[Token]:
        """Yield the nouns that have the part in a clause that is asked for."""
        verb = clause.token
        told_of = verb.head if verb.dep_ == "acl" and verb.tag_ in ("VBN", "VBG") else subject_of(verb)
        passive = clause.passive or (verb.dep_ == "acl" and verb.tag_ == "VBN")
        if self.part == ("object" if passive else "subject"):
            # "The ministers Paul Renner and Olga Tessen": the parse may find two subjects.
            subjects = (c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass") and c.lower_ not in _WHICH)
            yield from dict.fromkeys([*([told_of] if told_of is not None else []), *subjects])
        elif self.part == "object":
            for child in verb.children:
                if child.dep_ in ("dobj", "dative", "attr"):
                    yield verb.head if child.lower_ in _WHICH and verb.dep_ == "relcl" else before_number(child)
        else:
            by = "by" if self.part == "subject" else self.part
            for preposition in (token for token in self.doc if token.lower_ == by and token.head in clause.tokens):
                yield from (child for child in preposition.children if child.dep_ == "pobj")

    def _marked(self) -> Token | None:
        """Return the noun that the words marked by the reader are about."""
        if self.statement.span is None:
            return None
        places = places_in(self.statement)
        start, end = self.statement.span
        inside = [t for t in self.doc if start <= places[t.idx] < end]
        tops = [t for t in inside if t.head not in inside or t.head == t]
        return next((t for t in tops if t.tag_.startswith("NN")), None)


def _called(noun: Token) -> Iterator[Token]:
    """Yield what a noun is said to be or called: "the candidates are X and Y", "X, a candidate, ..."."""
    verb = noun.head
    if lemma(verb) == "be" and noun.dep_ in ("nsubj", "attr"):
        yield from (c for c in verb.children if c.dep_ in ("nsubj", "attr") and c != noun)
    if noun.dep_ == "appos":
        yield noun.head
    yield noun


def _asserted(verb: Token) -> bool:
    """Tell whether a clause is said to be so: no infinitive that something else is said of, no condition."""
    token = verb
    while True:
        if any(c.dep_ == "mark" and c.lower_ in _UNSURE for c in token.children):
            return False
        if token.dep_ in ("xcomp", "acl", "advcl") and any(c.tag_ == "TO" for c in token.children):
            return False
        if token.head == token or token.dep_ in ("advcl", "relcl"):
            return True
        token = token.head
