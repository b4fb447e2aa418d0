"""Yes or no: whether one sentence states what a question asks, or its contrary.

The sentence must have the question's verb with its subject in one clause that it asserts, itself or by what somebody
said. By the direction of entailment (MacCartney & Manning 2007, "Natural logic for textual inference") what is so may
say more than the question does ("passed its first full inspection"), but what is not so may not ("did not accept the
whole fine" leaves open whether some of it). Whatever may be otherwise (conditions, hopes, plans, "nearly", another
tense) gives no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from qa.answers import Answer, Statement, day_of, stems_near, with_told
from qa.clauses import Clause, asked_clause, clauses, lemma, objects, parsed, subject_of
from qa.passages import sentence_spans
from qa.questions import NEGATIVES, Question, is_yes_or_no, stem, stems
from qa.quotes import Quote
from qa.retrieval import Hit

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

Verdict = Literal["yes", "no"]
_Told = Literal["yes", "no", "else"]  # else: the question's subject and verb with something else
_SAYING = frozenset(map(stem, "say tell announce confirm add state report find show note admit acknowledge".split()))
_REFUSING = frozenset(map(stem, "refuse decline fail".split()))
_DENYING = frozenset(map(stem, ["deny"]))
_NOBODY = frozenset(map(stem, "nobody none no-one nothing".split()))
_ANYBODY = frozenset(map(stem, "anybody anyone somebody someone anything something".split()))
_NEGATIVE = frozenset(map(stem, [*NEGATIVES, "nt"]))
# What makes of "it is so" something else, where it stands in the clause.
_HEDGES = frozenset(
    """allegedly reportedly apparently perhaps maybe probably possibly likely unlikely supposedly nearly almost hardly
    barely scarcely only partly half few little rarely seldom otherwise if unless whether until alleged fake former
    so-called potential possible planned proposed would-be""".split()
)
_EVERY = frozenset("all every each both most always only still again already ever first last yet".split())
_MODALS = {"will": "will", "would": "will", "wo": "will", "'ll": "will", "’ll": "will", "shall": "will", "can": "can"}
_MODALS |= {"could": "can", "ca": "can"}
_OTHER_MODALS = frozenset("may might must should ought".split())
_AUXILIARY = frozenset(("be", "have", "do"))
_PAST = frozenset("did was were has have had".split())
_PRESENT = frozenset("do does is are am".split())
_OF_PERSONS = frozenset("he she it they i".split())
_OWN = {"his", "her", "its", "their", "my"}
_UNDECIDED = "No sentence says yes or no to this outright: these come nearest."
_YEAR = re.compile(r"(?:19|20)\d\d")


def with_verdict(question: Question, answer: Answer, quotes_in: Callable[[set[str]], Sequence[Quote]]) -> Answer:
    """Return the answer to a question for yes or no with its verdict, where one of its sentences gives one.

    Those sentences alone are shown then. Where some say yes and some no there is no verdict, and both are shown; where
    none says either, the summary tells so. ``quotes_in`` returns the quotes of articles, by their ids.
    """
    wanted = {word.lower() for word in question.text.replace("’", "'").rstrip("?").split()}
    if answer.refusal is not None or not is_yes_or_no(question.text) or "or" in wanted:
        return answer
    decided = None if wanted & NEGATIVES else _verdict(question, answer, wanted, quotes_in)
    return decided or with_told(answer, _UNDECIDED)


def _verdict(
    question: Question, answer: Answer, wanted: set[str], quotes_in: Callable[[set[str]], Sequence[Quote]]
) -> Answer | None:
    """Return the answer with a verdict; None where there is none."""
    asked_doc, *docs = parsed([question.text, *(statement.text for statement in answer.statements)])
    asked = asked_clause(asked_doc)
    if asked is None or not asked.named or not asked.subject or not (asked.words or asked.verb not in _AUXILIARY):
        return None
    quotes = quotes_in({statement.article.id for statement in answer.statements})
    found: list[tuple[Verdict, Statement]] = []
    for statement, doc in zip(answer.statements, docs, strict=True):
        speaker = _speaker(statement, quotes)
        verdict = _Reading(asked, wanted, statement, speaker or "").verdict(doc)
        if verdict and verdict != "else":
            found.append((verdict, replace(statement, speaker=speaker)))
    if found and asked.auxiliaries[0] not in _PAST:
        later = _later(asked, answer.hits, max(s.article.published or date.min for _, s in found))
        for statement, doc in zip(later, parsed([s.text for s in later]), strict=True):
            if _Reading(asked, wanted, statement, _speaker(statement, quotes) or "").verdict(doc) == "else":
                return None  # what was to be, or was so, may be otherwise by now
    return _decided(answer, found) if found else None


def _later(asked: Clause, hits: Sequence[Hit], day: date) -> list[Statement]:
    """Return the sentences of later articles among the hits in which the question's verb and subject stand."""
    later = []
    for hit in hits:
        article = hit.passage.article
        if (article.published or date.min) > day:
            for start, end in sentence_spans(article.text, hit.passage.start, hit.passage.end):
                if {asked.verb, asked.head} <= stems(article.text[start:end]):
                    later.append(Statement(article, start, end, 0.0))
    return later


def _decided(answer: Answer, found: Sequence[tuple[Verdict, Statement]]) -> Answer:
    said = {verdict for verdict, _ in found}
    shown = tuple(statement for _, statement in found)
    if len(said) > 1:
        shown = tuple(sorted(shown, key=lambda statement: statement.article.published or date.max))
        return replace(answer, statements=shown, summary="The articles differ: some say yes, some say no.")
    day = shown[0].article.published
    told = f"By what {shown[0].speaker or 'the article'} {'said' if shown[0].speaker else 'says'}"
    told += f" ({day_of(day)})." if day else "."
    return replace(answer, statements=shown, summary=told, verdict=said.pop())


def _speaker(statement: Statement, quotes: Sequence[Quote]) -> str | None:
    """Return who says what stands in a sentence, where all of its quotes are by one."""
    own = [
        q
        for q in quotes
        if q.article.id == statement.article.id and q.start < statement.end and statement.start < q.end
    ]
    speakers = {statement.speaker} if statement.speaker else {quote.speaker for quote in own}
    return speakers.pop() if len(speakers) == 1 else None


@dataclass(frozen=True)
class _Reading:
    """A sentence that tells words of a ``speaker``, and what is asked, ``wanted`` being the question's words."""

    asked: Clause
    wanted: set[str]
    statement: Statement
    speaker: str

    def verdict(self, doc: Doc) -> _Told | None:
        """Return what the sentence says, where all of its clauses with the question's verb say the same."""
        if doc.text.rstrip("\"'”’ ").endswith("?"):
            return None
        told = {self._of(clause) for clause in clauses(doc) if clause.verb == self.asked.verb} - {None}
        return told.pop() if len(told) == 1 else None

    def _of(self, clause: Clause) -> _Told | None:
        asserted = _asserted(clause.token)
        own = {token.lower_ for token in clause.tokens}
        years = set(filter(_YEAR.fullmatch, own)) - self.wanted
        published = self.statement.article.published
        if (
            asserted is None
            or clause.passive != self.asked.passive
            or not self._same_tense(asserted)
            or (own & _HEDGES) - self.wanted
            or (self.wanted & _EVERY) - own
            or (years and self.asked.auxiliaries[0] not in _MODALS and years != {str(published and published.year)})
        ):
            return None
        negatives = sum(token.lower_ in NEGATIVES for token in clause.tokens) + asserted.negated
        subject = self._subject(clause, asserted)
        if negatives > 1 or subject is None:
            return None
        if not self.asked.words <= clause.words | subject:
            return "else"
        if not objects(self.asked.token) <= objects(clause.token) | {("", word) for word in subject}:
            return None
        if not negatives:
            return "yes"
        return "no" if clause.words - _NEGATIVE <= self.asked.words | self.asked.subject | subject else None

    def _same_tense(self, asserted: _Asserted) -> bool:
        """Tell whether a clause is of the time, and the mode, that is asked about; what is told is told in the past."""
        finite = asserted.finite
        helpers = {child.lower_ for child in finite.children if child.dep_ in ("aux", "auxpass")}
        modals = {_MODALS.get(word, word) for word in helpers if word in _MODALS or word in _OTHER_MODALS}
        asked = self.asked.auxiliaries[0]
        if asked in _MODALS:
            return modals == {_MODALS[asked]}
        if modals or "to" in helpers or (finite.tag_ in ("VB", "VBG") and not helpers & (_PAST | _PRESENT)):
            return False
        past = finite.tag_ == "VBD" or bool(helpers & _PAST) or finite.lower_ in _PAST
        present = finite.tag_ in ("VBZ", "VBP") or bool(helpers & {*_PRESENT, "has", "have"})
        if asked in _PAST:
            return past or "has" in helpers or "have" in helpers
        return asked in _PRESENT and (present or (past and asserted.saying is not None and "had" not in helpers))

    def _subject(self, clause: Clause, asserted: _Asserted) -> frozenset[str] | None:
        """Return the words of a clause's subject where it is the question's; None where it may be another."""
        asked, article = self.asked, self.statement.article
        wanted = asked.subject - _ANYBODY
        if asked.subject & _ANYBODY:
            return clause.subject if clause.head in _NOBODY and wanted <= clause.subject else None
        if not clause.head:
            return None
        speaker = stems(self.speaker)
        if clause.pronoun in _OF_PERSONS:
            teller = asserted.teller
            named = speaker | (stems(teller.text) if teller is not None and teller.tag_.startswith("NN") else set())
            return frozenset(wanted) if asserted.saying and wanted <= named else None
        subject = clause.subject | (speaker if clause.pronoun in _OWN else frozenset())
        if clause.head != asked.head or (clause.pronoun and clause.pronoun not in _OWN):
            return None
        missing = wanted - subject
        if missing and any(t.tag_ == "NNP" for t in clause.tokens if stem(t.text) == clause.head):
            whole = asked.phrase in article.text and clause.subject <= wanted  # "Hale", of Victor Hale
            return subject | missing if whole else None
        near = stems_near(article, self.statement.start, self.statement.end, after=0)
        return subject | missing if missing <= near else None


class _Asserted(NamedTuple):
    """How a clause is said to be so: how often it is negated from outside, the verb that has the tense, the word of
    saying over it, and who says it.
    """

    negated: int
    finite: Token
    saying: Token | None
    teller: Token | None


def _asserted(verb: Token) -> _Asserted | None:
    """Return how a clause is said to be so; None where it is not said to be."""
    negated, finite, saying = 0, verb, None
    token = verb
    while token.dep_ != "ROOT":
        above, relation = token.head, token.dep_
        if any(c.dep_ == "mark" and c.lower_ != "that" for c in token.children):
            return None
        verb_above = lemma(above)
        if relation == "conj" and above.tag_.startswith("VB"):
            pass
        elif relation in ("ccomp", "parataxis") and verb_above in _SAYING and saying is None:
            if any(c.lower_ in NEGATIVES or c.tag_ in ("MD", "TO") for c in above.children):
                return None
            saying = above
        elif relation in ("ccomp", "xcomp") and verb_above in _DENYING and saying is None:
            negated, saying = negated + 1, above
        elif relation == "xcomp" and verb_above in _REFUSING:
            negated, finite = negated + 1, above
        else:
            return None
        token = above
    return _Asserted(negated, finite, saying, subject_of(saying) if saying is not None else None)
