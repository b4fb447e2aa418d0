"""Questions about the articles as a whole ("how many articles mention Iran?"), and greetings -> a true answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Unpack

from qa.answers import Answer, Statement
from qa.articles import Article
from qa.filters import Filters
from qa.names import speakers_of
from qa.passages import sentence_spans
from qa.questions import words
from qa.store import Store

_POLITE = r"(?:(?:please|so|and|ok(?:ay)?|well),?\s+)?"
_GREETING = re.compile(
    r"(?:hello|hi|hey|good\s+(?:morning|afternoon|evening|day)|greetings|thank(?:s|\s+you)(?:\s+\w+){0,3}|(?:good)?bye)"
    r"(?:\s+(?:there|all|everybody))?",
    re.IGNORECASE,
)
_HELP = re.compile(
    rf"{_POLITE}(?:(?:what|which\s+questions)\s+(?:can|could|may|should)\s+(?:i|we|one)\s+ask(?:\s+you)?(?:\s+here)?|help(?:\s+me)?|"
    r"what\s+can\s+you\s+(?:do|answer|tell\s+me)|who\s+are\s+you|what\s+are\s+you|how\s+(?:do|does)\s+(?:you|this|it)\s+work)",
    re.IGNORECASE,
)
_HERE = r"(?:\s+(?:do\s+you\s+(?:have|know)|(?:are|is)\s+there|are\s+here|have\s+you(?:\s+(?:got|read))?)(?:\s+here)?)"
_ARTICLES = re.compile(
    rf"{_POLITE}(?:(?:what|which)\s+(?:articles|texts|news){_HERE}|what\s+is\s+(?:in\s+)?(?:the|this|your)\s+"
    rf"(?:library|collection|archive)(?:\s+about)?|(?:list|show)(?:\s+me)?\s+(?:all\s+)?(?:the|your)\s+articles|"
    rf"how\s+many\s+(?:articles|texts){_HERE})",
    re.IGNORECASE,
)
_SOURCES = re.compile(
    rf"{_POLITE}(?:what|which|how\s+many)\s+(?:sources|newspapers|papers|outlets){_HERE}", re.IGNORECASE
)
_QUOTED_MOST = re.compile(
    rf"{_POLITE}(?:who\s+is|(?:who|which\s+(?:people|speakers)|what\s+speakers)\s+are)\s+(?:quoted|cited)"
    r"(?:\s+(?:the\s+)?most)?(?:\s+often)?(?:\s+here)?",
    re.IGNORECASE,
)
_MENTION = re.compile(
    r"(?:in\s+)?how\s+many\s+(?:of\s+the\s+)?(?:articles|texts|stories)\s+(?:(?:do\s+)?(?:mention|name|contain|refer\s+to|talk\s+about|"
    r"speak\s+of|write\s+about|cover|discuss)|are\s+(?:there\s+)?(?:about|on)|(?:is|are)\s+(?=\S.*\s+(?:mentioned|named)$)|"
    r"(?:does|do)\s+(?:the\s+(?:words?|names?)\s+)?(?=\S.*\s+(?:stand|occur|appear)$))\s*"
    r"(?P<what>\S.*?)(?:\s+(?:mentioned|named|stand|occur|appear))?",
    re.IGNORECASE,
)
_SHOWN = 5
_MOST_NAMES = 5


def about_the_articles(question: str, store: Store, **filters: Unpack[Filters]) -> Answer | None:
    """Return the answer to a question about the articles as a whole; None for what asks for something in them."""
    plain = " ".join(question.split()).rstrip(" ?!.")
    mentioned = _MENTION.fullmatch(plain)
    if mentioned:
        return _mentions(question, _bare(mentioned["what"]), store, **filters)
    if _GREETING.fullmatch(plain) or _HELP.fullmatch(plain):
        told = "Ask what somebody said, who, when, where or why: the answer is made of the articles’ own sentences. "
        return _told(question, told + _held(store, **filters), store, **filters)
    if _ARTICLES.fullmatch(plain):
        return _told(question, _held(store, **filters), store, **filters)
    if _SOURCES.fullmatch(plain):
        sources = store.sources(**filters)
        named = f": {_counted(sources.items())}" if sources else ""
        return _told(question, f"{_many(len(sources), 'source')}{named}.", store, **filters)
    if _QUOTED_MOST.fullmatch(plain):
        speakers = [(speaker.name, speaker.quotes) for speaker in speakers_of(store.speakers(**filters))]
        told = f"Quoted most: {_counted(speakers[:_MOST_NAMES])}." if speakers else "Nobody is quoted by name."
        return _told(question, told, store, **filters)
    return None


def _told(question: str, told: str, store: Store, **filters: Unpack[Filters]) -> Answer:
    names = speakers_of(store.speakers(**filters))[:3]
    could = tuple(f"What did {speaker.name} say?" for speaker in names)
    return Answer(question, (), (), None, 1.0, summary=told, instead=could)


def _held(store: Store, **filters: Unpack[Filters]) -> str:
    """Return how many articles there are, from where and of when."""
    articles, sources = store.count(**filters), store.sources(**filters)
    first, last = store.span(**filters)
    told = f"There {'is' if articles == 1 else 'are'} {_many(articles, 'article')} here"
    told += f", from {_counted(sources.items())}" if sources else ""
    if first and last:
        told += f", published {f'on {first}' if first == last else f'from {first} to {last}'}"
    return f"{told}."


def _mentions(question: str, what: str, store: Store, **filters: Unpack[Filters]) -> Answer:
    """Return in how many articles words stand, in any case, with the sentences of the newest."""
    found: list[tuple[Article, int]] = []
    pattern = re.compile(rf"(?<!\w){re.escape(what)}(?!\w)", re.IGNORECASE)
    for article in store.naming(what, **filters):
        there = pattern.search(article.text, article.body) or pattern.search(article.title)
        if there:
            found.append((article, there.start() if there.string is article.text else -1))
    newest = sorted(found, key=lambda pair: pair[0].published or date.min, reverse=True)
    statements = tuple(_sentence(article, place) for article, place in newest if place >= 0)[:_SHOWN]
    whole = store.count(**filters)
    shown = f"; sentences of the newest {len(statements)} are shown" if len(found) > len(statements) > 0 else ""
    told = f"{len(found):,} of {_many(whole, 'article')} {'mentions' if len(found) == 1 else 'mention'} {what}{shown}."
    return Answer(question, statements, (), None, 1.0, summary=told)


def _sentence(article: Article, place: int) -> Statement:
    """Return the sentence that holds a place."""
    start = article.text.rfind("\n", 0, place) + 1
    end = article.text.find("\n", place)
    spans = sentence_spans(article.text, start, end if end >= 0 else len(article.text))
    first, last = next(((s, e) for s, e in spans if s <= place < e), (place, place + 1))
    return Statement(article, first, last, 1.0)


def _bare(what: str) -> str:
    """Return what is to be mentioned without quotation marks, and without "the" before a word that is no name."""
    what = what.strip(" \"'“”‘’")
    parts = words(what)
    return what[4:] if what.lower().startswith("the ") and len(parts) > 1 and parts[1].islower() else what


def _counted(names: Iterable[tuple[str, int]]) -> str:
    pairs: Sequence[tuple[str, int]] = list(names)
    told = ", ".join(f"{name} ({number:,})" for name, number in pairs[:_MOST_NAMES])
    return f"{told} and {len(pairs) - _MOST_NAMES} more" if len(pairs) > _MOST_NAMES else told


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
