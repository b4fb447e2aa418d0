"""The items that a sentence names: nouns widened over their coordination, each a slice of its article.

"The flood swept away two bridges, the Weir Bridge in Harby and the Old Tollgate" names two. spaCy's parse tells what is
joined to what, and its labels of names where one ends; what the parse often takes for one ("Corvane and Alder Mills",
"fined Corvane 8 million") is told apart by its form. The labels are no test of what a name is of: of names that are
not widely known, as of most towns, they are wrong as often as right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from qa.answers import Statement
from qa.clauses import noun_phrase
from qa.questions import stem, terms
from qa.quotes.extraction import namer

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

# A village is no town, though both are places.
_KINDS_OF_PLACE = tuple(
    frozenset(map(stem, kind.split()))
    for kind in ("country nation", "state province", "town city", "village", "county district", "island")
)
_AMOUNTS = frozenset("DATE TIME PERCENT MONEY QUANTITY ORDINAL CARDINAL".split())


@dataclass(frozen=True)
class Asked:
    """What is asked for: a noun (its stem) with the label of the names that it stands for, "" for any noun phrase."""

    noun: str
    label: str


class Item(NamedTuple):
    """A slice of a statement: where it starts and ends in the article, and its text."""

    start: int
    end: int
    text: str


def items_of(heads: Iterable[Token], asked: Asked, named: frozenset[str], statement: Statement) -> list[Item]:
    """Return the items that nouns of a statement's sentence, and what they are joined to, make.

    What the question has ``named`` (stems) itself is none: it answers nothing.
    """
    ents = entities(statement.text)
    places = places_in(statement)
    found: set[Item] = set()
    for head in heads:
        tokens = [token for token in _joined(_first(head), asked, ents) if _fits(token, asked, named, ents)]
        if len(tokens) == 1 and _is_person(tokens[0], ents) and asked.label in ("GPE", "ORG"):
            continue
        for token in tokens:
            start, end = _extent(token, ents, named=bool(asked.label))
            first, last = places[start], places[end - 1] + 1
            found.add(Item(first, last, statement.article.text[first:last]))
    return sorted(found)


def entities(text: str) -> tuple[Span, ...]:
    """Return the names in a sentence, and what they are of, as spaCy labels them."""
    return _entities(" ".join(text.split()))


def places_in(statement: Statement) -> list[int]:
    """Return where in the article each character of the statement's text in one line stands."""
    places: list[int] = []
    for word in re.finditer(r"\S+", statement.text):
        if places:
            places.append(statement.start + word.start() - 1)
        places += range(statement.start + word.start(), statement.start + word.end())
    return places


def before_number(noun: Token) -> Token:
    """Return the name before the number of a noun, which is none of its own words: "fined Corvane 8 crowns"."""
    numbers = [c.i for c in noun.lefts if c.tag_ == "CD"]
    return next((c for c in noun.lefts if c.tag_.startswith("NNP") and numbers and c.i < numbers[0]), noun)


def is_name(token: Token) -> bool:
    """Tell whether a noun is a name, by its capital where that is not the sentence's."""
    first = next((t.i for t in token.doc if t.is_alpha), 0)
    return token.tag_ in ("NNP", "NNPS") or (token.i > first and token.text[:1].isupper())


def _first(token: Token) -> Token:
    """Return the first of the nouns that a noun is joined to."""
    while token.dep_ == "conj" and token.head.tag_.startswith("NN"):
        token = token.head
    return token


def _joined(token: Token, asked: Asked, ents: Sequence[Span]) -> Iterator[Token]:
    """Yield a noun, where it may be an item, and those joined to it; of "the village of Reed End" its name alone."""
    if asked.label == "GPE" and _is_another_place(stem(token.text), asked.noun):
        return
    is_item = _may_be(token, asked)
    if is_item:
        yield token
    inside = _entity(token, ents)
    for child in token.children:
        if inside is not None and inside.start_char <= child.idx < inside.end_char:
            continue  # "Trinidad and Tobago"
        joined = (child.dep_ == "conj" and child.tag_.startswith("NN")) or _ends(child) is not None
        if joined or (child.dep_ == "appos" and (not is_item or _goes_on(child))):
            yield from _joined(child, asked, ents)
        elif child.dep_ == "prep":
            for inner in (noun for noun in child.children if noun.dep_ == "pobj"):
                if is_item:
                    yield from (other for other in inner.conjuncts if _is_like(token, other) > _is_like(inner, other))
                elif child.lower_ == "of":
                    yield from _joined(inner, asked, ents)


def _is_another_place(noun: str, asked: str) -> bool:
    kinds = [kind for kind in _KINDS_OF_PLACE if asked in kind]
    return bool(kinds) and noun not in kinds[0] and any(noun in kind for kind in _KINDS_OF_PLACE)


def _ends(noun: Token) -> int | None:
    """Return before which word a name ends that the parse takes for a part of the next: "Corvane and Alder Mills"."""
    if noun.dep_ not in ("nmod", "compound") or not is_name(noun) or not is_name(noun.head):  # "Gulf and Arab states"
        return None
    return next((c.i for c in noun.children if c.dep_ == "cc"), None)


def _goes_on(token: Token) -> bool:
    """Tell whether what the parse takes for an apposition is one more of several: something is joined to it."""
    return any(c.dep_ == "conj" or (c.dep_ == "appos" and _goes_on(c)) for c in token.children)


def _is_like(one: Token, other: Token) -> bool:
    """Tell whether both have an article, or neither has: "the Weir Bridge in Harby and the Old Tollgate"."""
    return any(c.dep_ == "det" for c in one.children) == any(c.dep_ == "det" for c in other.children)


def _may_be(token: Token, asked: Asked) -> bool:
    """Tell whether a noun may be an item: a name, or, where any will do, another noun than the one asked for."""
    if not token.tag_.startswith("NN"):
        return False
    if stem(token.text) == asked.noun:  # "the Weir Bridge"
        return is_name(token) and any(c.dep_ == "compound" for c in token.children)
    return is_name(token) or not asked.label


def _fits(token: Token, asked: Asked, named: frozenset[str], ents: Sequence[Span]) -> bool:
    ent = _entity(token, ents)
    own = terms(" ".join(t.text for t in noun_phrase(token)))
    return _may_be(token, asked) and not own <= named and not (asked.label and ent and ent.label_ in _AMOUNTS)


def _is_person(token: Token, ents: Sequence[Span]) -> bool:
    """Tell whether a name is a person's: of labels, only that of more than one word can be trusted."""
    ent = _entity(token, ents)
    return ent is not None and len(ent) > 1 and ent.label_ == "PERSON"


def _extent(token: Token, ents: Sequence[Span], *, named: bool) -> tuple[int, int]:
    """Return where the item of a noun starts and ends in the sentence."""
    ent = _entity(token, ents)
    if ent is not None and ent.label_ == "PERSON" and ent.end_char >= token.idx + len(token):
        return ent.start_char, ent.end_char  # without a title
    left_out = [c for c in token.children if c.dep_ in ("preconj", "predet", "cc", "advmod")]
    if named or is_name(token):
        left_out += [c for c in token.children if c.dep_ == "prep" and c.lower_ != "of"]
    phrase = set(noun_phrase(token)) - {t for c in left_out for t in c.subtree}
    after = max((at for c in token.lefts if (at := _ends(c)) is not None), default=-1)
    inside = sorted((t for t in phrase if not t.is_punct and t.i > after), key=lambda t: t.i)
    return inside[0].idx, inside[-1].idx + len(inside[-1])


def _entity(token: Token, ents: Sequence[Span]) -> Span | None:
    return next((ent for ent in ents if ent.start_char <= token.idx < ent.end_char), None)


@lru_cache(maxsize=100)
def _entities(text: str) -> tuple[Span, ...]:
    return tuple(namer()(text).ents)
