"""Who said what, across articles: the sentences in which somebody is quoted on a topic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from embeddings import Encoder
from qa.answers import Answer, Statement, cited_once, covered, refuse, stems_near, the_articles
from qa.articles import Article
from qa.judging import Weighed, judged_on_topic, points_back, saying_so
from qa.names import name_words
from qa.passages import Span, sentence_spans
from qa.questions import Question, stem, stems, terms, words
from qa.quotes import Quote
from qa.reader import SpanReader
from qa.retrieval import Hit
from qa.roles import Quoted
from qa.store import Store

# How a statement is weighed against a topic, and below what it is not on it: measured by tests/benchmarks/answers.py.
# The floor belongs to all-MiniLM-L6-v2.
_OWN, _PASSAGE, _TITLE, _ARTICLE, _WORDS, _NEAR_WORDS, _ARTICLE_WORDS = 0.4, 0.4, 0.3, 0.2, 0.2, 0.4, 0.3
_SUM = _OWN + _PASSAGE + _TITLE + _ARTICLE + _WORDS + _NEAR_WORDS + _ARTICLE_WORDS
TOPIC_FLOOR = 0.41
_WITHIN = 0.08
_MOST_SPOKE, _MOST_EACH, _AS_GOOD = 8, 2, 0.05
# From here a statement is on a topic though neither it nor what its article begins with has a word of it.
_SURE_OF_TOPIC = 0.5
# Where something was said is not what it is about: "the crisis in his call with Hale".
_OCCASION = re.compile(
    r"(?<=\w)\s+(?:in|during|at|on)\s+(?:his|her|their|its|an?|the|that)\s+(?:[\w-]+\s+){0,3}?(?:address|briefing|call|"
    r"conference|debate|email|hearing|interview|letter|meeting|memo|message|podcast|speech|statement|summit|testimony|"
    r"tweet|visit)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_LEAD = 400  # characters
_ABOUT = re.compile(r"^(?:about|on)\s+", re.IGNORECASE)


class QuoteAnswerer:
    """Answers what somebody said with all of their statements on the topic, and who said something by whose it is."""

    def __init__(
        self, store: Store, encoder: Encoder, reader: SpanReader | None = None, *, floor: float = TOPIC_FLOOR
    ) -> None:
        self.store = store
        self.encoder = encoder
        self.reader = reader
        self.floor = floor

    def answer(
        self,
        question: Question,
        quoted: Quoted,
        hits: Sequence[Hit],
        others: Sequence[Quote] = (),
        shown: Sequence[Statement] = (),
    ) -> Answer:
        """Return the statements that the quotes make on the question's topic, or a refusal.

        The quotes are the speaker's; where it is asked who said something, everybody's in the articles of ``hits``.
        ``others`` are quotes by others, of which a refusal tells who is quoted on the topic instead. ``shown`` is what
        was shown already; it is left out where it is asked what else was said, or who else said so.
        """
        quotes = quoted.quotes
        who_spoke = question.speaker is None and _asks_who_spoke(question)
        if question.speaker is None and not who_spoke:
            on_topic = saying_so(self.reader, question, _apart(self._weighed(_told(quotes), question.topic)))
        else:
            on_topic = self.on_topic(quotes, question.topic, speaker=question.speaker)
        found = list(cited_once(on_topic, self.store.near_copies))
        statements = _not_shown(question, found, shown)
        before = len(found) - len(statements)
        if who_spoke:
            statements = _of_each(statements)
        elif question.latest:
            statements = sorted(statements, key=lambda s: s.article.published or date.min, reverse=True)
        if not statements and before and question.speaker:
            return replace(refuse(question, _nothing_else(question, found), hits), names=quoted.names)
        if not statements:
            on_topic = self.on_topic(others, question.topic) if question.topic else []
            instead = sorted(on_topic, key=lambda statement: -statement.score)
            names = list(dict.fromkeys(statement.speaker for statement in instead if statement.speaker))[:3]
            told = f" About {question.topic} they quote {', '.join(names)}." if names else ""
            count = len(self.on_topic(quotes, None))
            return replace(refuse(question, _not_quoted(question, quotes, count) + told, hits), names=quoted.names)
        name = statements[0].speaker or ""
        summary = _counted(question, statements, before)
        short = name if question.speaker is None and name and name in statements[0].article.text else None
        if question.speaker is None:
            summary = f"In articles published {question.period}. " if question.period else ""
            if question.besides and not _ABOUT.match(question.topic or ""):  # "Did anyone disagree with X?"
                short, summary = None, f"{summary}What others than {question.besides} say about {question.topic}."
            elif not name:
                summary += "The sentence does not say plainly who said so."
        return Answer(
            question.text,
            tuple(statements),
            tuple(hits),
            None,
            max(statement.score for statement in statements),
            short=short,
            summary=summary.strip() or None,
            names=quoted.names,
            period=question.period,
        )

    def on_topic(self, quotes: Sequence[Quote], topic: str | None, *, speaker: str | None = None) -> list[Statement]:
        """Return the statements that ``quotes`` make, all of those on ``topic``, one for quotes in the same sentences.

        Where all are by one ``speaker``, a reader reads them. The article that is most on the topic comes first; within
        an article they stand in reading order.
        """
        told = _told(quotes)
        statements = self._those_on(told, topic, speaker)
        proper = topic and _OCCASION.sub("", topic)
        if proper and proper != topic and terms(proper):
            on_it = {(statement.article.id, statement.start) for statement in self._those_on(told, proper, speaker)}
            statements = [s for s in statements if (s.article.id, s.start) in on_it] or statements
        best: dict[str, float] = {}
        for statement in statements:
            best[statement.article.id] = max(statement.score, best.get(statement.article.id, 0.0))
        return sorted(statements, key=lambda s: (-best[s.article.id], s.article.path, s.start))

    def _those_on(self, told: Sequence[tuple[Span, Quote]], topic: str | None, speaker: str | None) -> list[Statement]:
        """Return the statements of quotes that are on a topic; all without one."""
        weighed = _apart(self._weighed(told, topic))
        statements = [one.statement for one in weighed]
        if topic is None:
            return statements
        if speaker is None or self.reader is None:
            return _naming(topic, _told_of(topic, [s for s in statements if s.score >= self.floor]))
        judged = judged_on_topic(self.reader, f"What did {speaker} say about {topic}?", terms(topic), weighed)
        on_it = _naming(topic, [s for s, likely in zip(statements, judged, strict=True) if likely is not None])
        return [replace(s, score=likely) for s, likely in zip(statements, judged, strict=True) if likely and s in on_it]

    def _weighed(self, told: Sequence[tuple[Span, Quote]], topic: str | None) -> list[Weighed]:
        if topic is None or not told:
            return [Weighed(Statement(q.article, *span, 1.0, q.speaker, q.kind), 1.0) for span, q in told]
        wanted = terms(topic)
        asked = self.encoder.encode([topic], query=True)[0]
        in_article = {quote.article.id: covered(wanted, _stems_of_article(quote.article.text)) for _, quote in told}
        weighed = []
        for ((start, end), quote), near in zip(told, self.store.nearness(asked, [q for _, q in told]), strict=True):
            article = quote.article
            score = (
                _OWN * near.own
                + _PASSAGE * near.passage
                + _TITLE * near.title
                + _ARTICLE * near.article
                + _WORDS * covered(wanted, stems(article.text[start:end]))
                + _NEAR_WORDS * _near(wanted, article, start, end)
                + _ARTICLE_WORDS * in_article[article.id]
            ) / _SUM
            statement = Statement(article, start, end, min(max(score, 0.0), 1.0), quote.speaker, quote.kind)
            weighed.append(Weighed(statement, near.own))
        return weighed


def _told(quotes: Sequence[Quote]) -> list[tuple[Span, Quote]]:
    """Return quotes with the sentences in which they stand; of several in the same, one by somebody who is known."""
    placed: dict[tuple[str, Span], Quote] = {}
    for quote in quotes:
        place = (quote.article.id, statement_span(quote))
        if place not in placed or not placed[place].speaker:
            placed[place] = quote
    return [(span, quote) for (_, span), quote in placed.items()]


def _near(wanted: frozenset[str], article: Article, start: int, end: int) -> float:
    """Return the share of the topic's words in a statement and before it; what comes after it counts half."""
    before = covered(wanted, stems_near(article, start, end, after=0))
    return (before + covered(wanted, stems_near(article, start, end))) / 2


@lru_cache(maxsize=2000)
def _stems_of_article(text: str) -> frozenset[str]:
    return stems(text)


def statement_span(quote: Quote) -> Span:
    """Return the whole sentences of the article in which ``quote`` stands."""
    text = quote.article.text
    start = text.rfind("\n", 0, quote.start) + 1
    end = text.find("\n", quote.end)
    sentences = [
        (first, last)
        for first, last in sentence_spans(text, start, end if end >= 0 else len(text))
        if first < quote.end and quote.start < last
    ]
    return (sentences[0][0], sentences[-1][1]) if sentences else (quote.start, quote.end)


def _apart(weighed: Sequence[Weighed]) -> list[Weighed]:
    """Join statements whose sentences overlap into one, with what is better of each; in reading order."""
    joined: list[Weighed] = []
    for one in sorted(weighed, key=lambda w: (w.statement.article.path, w.statement.start, -w.statement.end)):
        last, statement = joined[-1].statement if joined else None, one.statement
        if (
            last
            and last.article.id == statement.article.id
            and statement.start < last.end
            and (last.speaker == statement.speaker or statement.speaker is None or last.speaker is None)
        ):
            end, score = max(last.end, statement.end), max(last.score, statement.score)
            both = replace(last, end=end, score=score, speaker=last.speaker or statement.speaker)
            joined[-1] = Weighed(both, max(joined[-1].own, one.own))
        else:
            joined.append(one)
    return joined


def _told_of(topic: str, statements: list[Statement]) -> list[Statement]:
    """Where no statement has a word of the topic, leave those that are near it only by where they stand.

    What somebody says in an article on something else, next to a sentence on the topic, is not on the topic, but for
    what points back to it ("Backing this stance, ..."). An article on it names it in its title or its first sentences.
    """
    wanted = terms(topic)
    if not wanted or any(wanted & stems(statement.text) for statement in statements):
        return statements

    def is_on_topic(statement: Statement) -> bool:
        article = statement.article
        leading = stems(f"{article.title} {article.text[article.body : article.body + _LEAD]}")
        return statement.score >= _SURE_OF_TOPIC or bool(wanted & leading) or points_back(wanted, statement)

    return list(filter(is_on_topic, statements))


def _naming(topic: str, statements: list[Statement]) -> list[Statement]:
    """Where the topic is a name ("al-Qaida") and some statements name it, leave out those that do not.

    In an article that turns on one thing all of it is near that thing, and only the name tells what is said of it.
    """
    wanted = terms(topic)
    named = [statement for statement in statements if wanted <= stems(statement.text)]
    capitals = {stem(word) for statement in named for word in words(statement.text) if word[0].isupper()}
    if not named or not wanted <= capitals:
        return statements
    best = max(statement.score for statement in statements)
    return [s for s in statements if wanted & stems(s.text) or s.score > best - _WITHIN]


def _asks_who_spoke(question: Question) -> bool:
    """Tell whether all who speak about something are asked for, rather than who said one thing."""
    return bool(question.besides or _ABOUT.match(question.topic or ""))


def _of_each(statements: Iterable[Statement]) -> list[Statement]:
    """Return the best statement of each speaker who is known, or the best two that are as good, best speakers first."""
    best: dict[str, list[Statement]] = {}
    for statement in sorted(statements, key=lambda statement: -statement.score):
        if statement.speaker:
            own = best.setdefault((name_words(statement.speaker) or (statement.speaker,))[-1], [])
            if not own or (len(own) < _MOST_EACH and statement.score >= own[0].score - _AS_GOOD):
                own.append(statement)
    return [statement for own in list(best.values())[:_MOST_SPOKE] for statement in own]


def _not_shown(question: Question, found: list[Statement], shown: Sequence[Statement]) -> list[Statement]:
    """Where "else" is asked for, leave out what was shown, and for "who else" the speakers who were."""
    if not question.more:
        return found
    speakers = {statement.speaker for statement in shown if statement.speaker and question.speaker is None}
    return [s for s in found if s.speaker not in speakers and not any(is_within(s, other) for other in shown)]


def is_within(statement: Statement, other: Statement) -> bool:
    """Tell whether a statement is another one or a part of it."""
    same = statement.article.id == other.article.id
    return same and other.start <= statement.start and statement.end <= other.end


def _nothing_else(question: Question, shown: Sequence[Statement]) -> str:
    by = f"by {name_of(question, shown)}{f' about {question.topic}' if question.topic else ''}"
    said = f"the one statement {by} was" if len(shown) == 1 else f"all {len(shown)} statements {by} were"
    return f"{the_articles(question)} say nothing else: {said} shown before."


def name_of(question: Question, statements: Sequence[Statement]) -> str | None:
    """Return the name under which most of a speaker's statements stand, or the name that is asked for."""
    names = Counter(statement.speaker for statement in statements if statement.speaker)
    return max(names, key=lambda name: (names[name], len(name)), default=question.speaker)


def _counted(question: Question, statements: Sequence[Statement], before: int) -> str:
    articles = len({statement.article.id for statement in statements})
    about = f" about {question.topic}" if question.topic else ""
    return (
        f"{len(statements)} {'more ' if before else ''}statement{'' if len(statements) == 1 else 's'} by "
        f"{name_of(question, statements)}{about}, in {articles} article{'' if articles == 1 else 's'}"
        f"{f' published {question.period}' if question.period else ''}"
        f"{f' ({before} shown before)' if before else ''}{', the newest first' if question.latest else ''}"
    )


def _not_quoted(question: Question, quotes: Sequence[Quote], count: int) -> str:
    articles = the_articles(question)
    if question.besides:
        topic = _ABOUT.sub("", question.topic or "it")
        return f"{articles} quote nobody else than {question.besides} on {topic}."
    if question.speaker is None:
        return f"{articles} do not say: nobody was found in them who said so."
    if not quotes:
        return f"{articles} do not say: no statement by {question.speaker} is quoted in them."
    name = Counter(quote.speaker for quote in quotes).most_common(1)[0][0]
    if count == 1:
        return f"{articles} do not say: the one statement by {name} in them is not about {question.topic}."
    return f"{articles} do not say: none of the {count} statements by {name} in them is about {question.topic}."
