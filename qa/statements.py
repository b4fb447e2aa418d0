"""Who said what, across articles: which speakers a question means, and the sentences in which they are quoted."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple, Unpack

from embeddings import Encoder
from qa.answers import Answer, Statement, cited_once, covered, refuse, stems_near, the_articles
from qa.articles import Article
from qa.filters import Filters
from qa.names import Name, bare_name, initials, name_words, names_meant, role_of, short_for
from qa.passages import Span, sentence_spans
from qa.questions import Question, stem, stems, terms, words
from qa.quotes import Quote
from qa.retrieval import Hit
from qa.store import Store

# How a statement is weighed against a topic, and below what it is not on it: measured by tests/benchmarks/answers.py.
# The floor belongs to all-MiniLM-L6-v2.
_OWN, _PASSAGE, _TITLE, _ARTICLE, _WORDS, _NEAR_WORDS, _ARTICLE_WORDS = 0.4, 0.4, 0.3, 0.2, 0.2, 0.4, 0.3
_SUM = _OWN + _PASSAGE + _TITLE + _ARTICLE + _WORDS + _NEAR_WORDS + _ARTICLE_WORDS
TOPIC_FLOOR = 0.41
# Who said something is told only by a statement that all but says it, and by others that come this near to the best.
_SAID_FLOOR = 0.5
_WITHIN = 0.08
_MOST_SAID = 3
_MOST_SPOKE, _MOST_EACH, _AS_GOOD = 8, 2, 0.05
_NEAREST, _NEAREST_OF_MANY, MANY = 10, 200, 400
_ARTICLES_OF_ROLE = 50

# "The head of the union" is the head, not the union.
_HELD = re.compile(r"\s(?:of|for|at|in|from|with|who|which)\s")
_SHORT = {
    "Dr": "doctor",
    "Prof": "professor",
    "Gov": "governor",
    "Sen": "senator",
    "Rep": "representative",
    "Gen": "general",
}
# From here a statement is on a topic though neither it nor what its article begins with has a word of it.
_SURE_OF_TOPIC = 0.5
_LEAD = 400  # characters
_POINTING_BACK = frozenset("this these those such it".split())
_ABOUT = re.compile(r"^(?:about|on)\s+", re.IGNORECASE)
_FORMER = stems("former ex late emeritus retired ousted")


class QuoteAnswerer:
    """Answers what somebody said with all of their statements on the topic, and who said something by whose it is."""

    def __init__(self, store: Store, encoder: Encoder, *, floor: float = TOPIC_FLOOR) -> None:
        self.store = store
        self.encoder = encoder
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
        found = list(cited_once(self.on_topic(quotes, question.topic), self.store.near_copies))
        statements = _not_shown(question, found, shown)
        before = len(found) - len(statements)
        if question.speaker is None and _asks_who_spoke(question):
            statements = _of_each(statements)
        elif question.speaker is None:
            best = max((statement.score for statement in statements), default=0.0)
            statements = [s for s in statements if s.score >= max(_SAID_FLOOR, best - _WITHIN)]
            statements = sorted(statements, key=lambda statement: -statement.score)[:_MOST_SAID]
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

    def on_topic(self, quotes: Sequence[Quote], topic: str | None) -> list[Statement]:
        """Return the statements that ``quotes`` make, all of those on ``topic``, one for quotes in the same sentences.

        The article that is most on the topic comes first; within an article they stand in reading order.
        """
        told: dict[tuple[str, Span], Quote] = {}
        for quote in quotes:
            place = (quote.article.id, statement_span(quote))
            if place not in told or not told[place].speaker:
                told[place] = quote
        statements = _apart(self._scored([(span, quote) for (_, span), quote in told.items()], topic))
        if topic is not None:
            near = _told_of(topic, [statement for statement in statements if statement.score >= self.floor])
            statements = _naming(topic, near)
        best: dict[str, float] = {}
        for statement in statements:
            best[statement.article.id] = max(statement.score, best.get(statement.article.id, 0.0))
        return sorted(statements, key=lambda s: (-best[s.article.id], s.article.path, s.start))

    def _scored(self, told: Sequence[tuple[Span, Quote]], topic: str | None) -> list[Statement]:
        if topic is None or not told:
            return [Statement(q.article, start, end, 1.0, q.speaker, q.kind) for (start, end), q in told]
        wanted = terms(topic)
        asked = self.encoder.encode([topic], query=True)[0]
        in_article = {quote.article.id: covered(wanted, _stems_of_article(quote.article.text)) for _, quote in told}
        statements = []
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
            statements.append(Statement(article, start, end, min(max(score, 0.0), 1.0), quote.speaker, quote.kind))
        return statements


def _near(wanted: frozenset[str], article: Article, start: int, end: int) -> float:
    """Return the share of the topic's words in a statement and before it; what comes after it counts half."""
    before = covered(wanted, stems_near(article, start, end, after=0))
    return (before + covered(wanted, stems_near(article, start, end))) / 2


@lru_cache(maxsize=2000)
def _stems_of_article(text: str) -> frozenset[str]:
    return stems(text)


class Speakers:
    """Who is quoted in the articles that some filters leave, put in order so that a name is found quickly."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = known
        self._by_surname: defaultdict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        for speaker, count in known.items():
            self._by_surname[name_words(speaker)[-1:]][speaker] = count

    def hold(self, name: str) -> bool:
        """Tell whether anybody is quoted under just this name, in any case."""
        return any(name.lower() == known.lower() for known in self._by_surname.get(name_words(name)[-1:], ()))

    def meant(self, asked: str) -> list[Name]:
        """Return `names_meant` among them, which looks at all only where nobody has the surname.

        "The WHO" also means the World Health Organization.
        """
        found = names_meant(asked, self._by_surname.get(name_words(asked)[-1:], self._known))
        letters = short_for(asked)
        long = [name for name in self._known if initials(name) == letters] if letters else []
        if not long:
            return found
        most = tuple(name_words(max(long, key=self._known.__getitem__)))
        long = [name for name in long if tuple(name_words(name)) == most]  # UN is one of two with these initials
        return found + [Name(name, self._known[name], True, f"{letters}, in full") for name in long]


class Quoted(NamedTuple):
    """The quotes among which an answer is, and the names that their speaker was asked for by, or may have been.

    They are of the articles of so many of the nearest ``passages``; None: of all that the filters leave.
    """

    quotes: list[Quote]
    names: tuple[Name, ...] = ()
    passages: int | None = None


def quotes_asked_for(
    store: Store,
    question: Question,
    retrieve: Callable[[int], Sequence[Hit]],
    speakers_of: Callable[[], Speakers],
    **filters: Unpack[Filters],
) -> Quoted:
    """Return the quotes among which the answer to a question for quotes is.

    They are the speaker's in all articles that the ``filters`` leave, and for "who said" everybody's in the nearest
    articles. ``retrieve`` returns so many of the nearest passages, ``speakers_of`` those who are quoted. Where a
    speaker is quoted by the hundred, only the articles of the 200 nearest passages are looked into, unless no topic is
    asked for.
    """
    if question.speaker is None:
        there = store.quotes(articles=_articles(retrieve(_NEAREST)), **filters)
        there = _continued(store, there)
        if question.besides:
            but = _spellings(question.besides, speakers_of(), there)
            there = _without(there, but)
        return Quoted(there, passages=_NEAREST)
    names = tuple(speakers_of().meant(question.speaker))
    speakers = [name.spelling for name in names if name.same]
    if not speakers and role_of(question.speaker):
        there = _continued(store, store.quotes(articles=_articles(retrieve(_NEAREST)), **filters))
        speakers = speakers_in_role(question.speaker, there)
        if not speakers:
            return Quoted([], passages=_NEAREST)
        if not any(map(str.isupper, speakers[0][:1])):  # "the new head of the Army" is another one elsewhere
            return Quoted([quote for quote in there if quote.speaker in speakers], passages=_NEAREST)
        names = tuple(speakers_of().meant(speakers[0]))
        speakers = [name.spelling for name in names if name.same] or speakers
    many = question.topic is not None and sum(name.quotes for name in names if name.same) > MANY
    articles = _articles(retrieve(_NEAREST_OF_MANY)) if many else None
    quotes = store.quotes(speakers=speakers, articles=articles, **filters)
    quoting = {quote.article.id for quote in quotes}
    if len(quoting) <= _ARTICLES_OF_ROLE:
        there = store.quotes(articles=quoting, **filters)
        quotes = [quote for quote in _continued(store, there) if quote.speaker in speakers]
    return Quoted(quotes, names if len(names) > 1 else (), _NEAREST_OF_MANY if many else None)


def _continued(store: Store, quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes with those of a role given to who is quoted right before: "Reuel said ...", the minister said.

    That is so in one paragraph, where some article names him by that role ("Tomas Reuel, the infrastructure minister").
    """
    speakers = cache(lambda: Speakers(store.speakers()))
    found: list[Quote] = []
    for quote in quotes:
        by, role = found[-1].speaker if found else None, quote.speaker
        goes_on = by and role and _goes_on(quote, found[-1]) and _has_role(store, by, role, speakers())
        found.append(replace(quote, speaker=by) if goes_on else quote)
    return found


def _goes_on(quote: Quote, last: Quote) -> bool:
    """Tell whether a quote by a role or a body ("the company") stands in the paragraph of the quote before it."""
    apart = last.article.id != quote.article.id or "\n" in quote.article.text[last.end : quote.start]
    return not apart and quote.resolved_by in ("role", "organisation") and (quote.speaker or "").islower()


def _without(quotes: Sequence[Quote], speakers: Collection[str]) -> list[Quote]:
    """Return the quotes without those of some speakers, and without what may be theirs: "the company said"."""
    found: list[Quote] = []
    left_out: Quote | None = None
    for quote in quotes:
        if quote.speaker in speakers or (left_out and _goes_on(quote, left_out)):
            left_out = quote
        else:
            left_out = None
            found.append(quote)
    return found


def _has_role(store: Store, speaker: str, role: str, speakers: Speakers) -> bool:
    """Tell whether some article names a speaker, under any spelling, by a role."""
    spellings = [name.spelling for name in speakers.meant(speaker) if name.same]
    articles = {quote.article.id: quote for quote in store.quotes(speakers=spellings)}
    return any(speakers_in_role(role, [quote]) for quote in list(articles.values())[:_ARTICLES_OF_ROLE])


def _spellings(asked: str, speakers: Speakers, quotes: Sequence[Quote]) -> set[str]:
    """Return the names under which those are quoted who are asked for, each by name or role: "Ann Lee and Bo Berg"."""
    found: set[str] = set()
    for one in dict.fromkeys((asked, *re.split(r"\s+and\s+|,\s+", asked))):
        named = [one, *speakers_in_role(one, quotes)]
        found.update(named, *([name.spelling for name in speakers.meant(who) if name.same] for who in named))
    return found


def _articles(hits: Sequence[Hit]) -> set[str]:
    return {hit.passage.article.id for hit in hits}


def speakers_in_role(asked: str, quotes: Iterable[Quote]) -> list[str]:
    """Return the speakers among ``quotes`` whom their articles name by the role: "Foreign Minister X", "X, its CEO".

    All words of the role must stand beside the name; whose it is ("Italy's") may stand anywhere in the article, but
    counts for more beside the name.
    """
    role = role_of(asked)
    if not role or not terms(role[0]):
        return []
    noun, whose = terms(_in_full(role[0])), terms(role[1])
    best: dict[str, float] = {}
    seen: set[tuple[str | None, str]] = set()
    count: Counter[str] = Counter()
    for quote in quotes:
        count[quote.speaker or ""] += 1
        name = set(name_words(quote.speaker or ""))
        place = (quote.speaker, quote.article.id)
        if not quote.speaker or place in seen or not name or name <= set(name_words(role[1])):
            continue  # Kim Jong Un is not Kim Jong Un's sister
        seen.add(place)
        best.setdefault(quote.speaker, 0.0)
        for title, beside in (("", quote.speaker), *beside_name(quote.speaker, quote.article.text, noun)):
            there = stems(f"{_in_full(beside)} {quote.speaker}")
            own = re.split(r"['’]s?\s", _in_full(title))[-1]  # "the union's head" is not the union
            if noun <= stems(f"{own} {bare_name(quote.speaker)}") and not (_FORMER & there) - noun:
                in_article = len(whose & stems(quote.article.title + " " + quote.article.text)) / max(1, len(whose))
                score = 1 + in_article + len(whose & there) / max(1, len(whose))
                best[quote.speaker] = max(best[quote.speaker], score if not whose or in_article else 0.0)
    speaker = max(best, key=lambda speaker: (best[speaker], count[speaker]), default=None)
    return [speaker] if speaker and best[speaker] else []


def _in_full(text: str) -> str:
    """Return the titles of a text in full: "Dr" is a doctor."""
    return re.sub(rf"\b({'|'.join(_SHORT)})\b\.?", lambda found: _SHORT[found[1]], text)


def beside_name(name: str, text: str, noun: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield what stands right before and, between commas, right after each mention of ``name``, and the title in it.

    "The head of the union, X" is its head and not the union, and in "inspectors fined X" there is no title, since no
    word of the ``noun`` (stems) stands next to the name.
    """
    for found in re.finditer(rf"\b{re.escape(name)}\b", text):
        before = re.split(r"[.!?]\s|\n|[\"“”;:]", text[max(0, found.start() - 80) : found.start()])[-1]
        beside = " ".join(before.rstrip(" ,").rpartition(",")[2].split()[-8:])
        title = _HELD.split(beside)[0] if before.rstrip().endswith(",") else _HELD.split(f" {beside} ")[-1]
        last = title.split()[-1:]
        is_title = not last or not last[0].islower() or (stem(last[0]) in noun and not last[0].endswith("ed"))
        yield (title if is_title else ""), beside
        after = re.match(r"\s*[,(–—]\s*([^,;.()\n–—]{1,80})", text[found.end() : found.end() + 90])
        if after:
            yield _HELD.split(after[1])[0], after[1]


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


def _apart(statements: Sequence[Statement]) -> list[Statement]:
    """Join statements whose sentences overlap into one, with the better score."""
    joined: list[Statement] = []
    for statement in sorted(statements, key=lambda s: (s.article.path, s.start, -s.end)):
        last = joined[-1] if joined else None
        if (
            last
            and last.article.id == statement.article.id
            and statement.start < last.end
            and (last.speaker == statement.speaker or statement.speaker is None or last.speaker is None)
        ):
            end, score = max(last.end, statement.end), max(last.score, statement.score)
            joined[-1] = replace(last, end=end, score=score, speaker=last.speaker or statement.speaker)
        else:
            joined.append(statement)
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
        points_back = not _POINTING_BACK.isdisjoint(map(str.lower, words(statement.text)))
        before = stems_near(article, statement.start, statement.end, after=0)
        return statement.score >= _SURE_OF_TOPIC or bool(wanted & leading) or (points_back and wanted <= before)

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
    return [s for s in found if s.speaker not in speakers and not any(_within(s, other) for other in shown)]


def _within(statement: Statement, other: Statement) -> bool:
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
