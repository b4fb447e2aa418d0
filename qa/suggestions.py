"""What a refusal offers: what was looked for, and questions that the same articles do answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Unpack

from qa.answers import covered
from qa.filters import Filters
from qa.names import Name, name_words, role_of
from qa.periods import NoSuchDayError
from qa.questions import Question, parse_question, stem, stems, terms
from qa.quotes import Quote
from qa.quotes.speakers import TITLES
from qa.retrieval import Hit
from qa.roles import MANY, Quoted, Speakers
from qa.statements import QuoteAnswerer

_MOST = 3
# What is looked at, so that a refusal is not slow: quotes that are weighed against a topic, topics, and articles
# for how a name stands in them.
_WEIGHED_OF_OTHERS, _WEIGHED_OF_ONE, _READ, _TOPICS, _ARTICLES = 30, 4, 100, 2, 5
# In a larger library all speakers' names are looked through only where the question has had that done already.
_MOST_ARTICLES = 10_000
_LONGEST_TOPIC = 60  # characters

_JOINING = frozenset("of for the de da di del der la le van von bin al".split())
_DAYS = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August"
    " September October November December".split()
)
# A run of capitals within a sentence, with what stands before and after it.
_CAPITALS = re.compile(
    r"(?<=[a-z\d,;:] )(?P<the>the )?(?P<name>[^\W\d_a-z][\w’'-]*[^\W_]"
    r"(?: (?:(?:of the|of|de|la|van|von|al) )?(?!I\b)[^\W\d_a-z][\w’'-]*[^\W_])*)"
    r"(?P<next> [a-z]+)?"
)
_AFTER_A_NAME = frozenset(
    "a about after against all already also and are as at be because been before but by can could did do does for"
    " from had has have if in into is it it's just last like may might more must never next no not now of off on"
    " once only or out over said says shall should since so still than that the their then there these they this"
    " those to today under until up was we were what when where whether which while who whose will with within"
    " without would you".split()
)
# A clause ("when he was there") or somebody who only the asker knows ("his plan") reads well in no other question.
_NO_TOPIC = re.compile(
    r"[?!“”\"\n]|\b(?:i|me|my|we|us|our|you|your|he|him|his|she|her|they|them|their|it|its|this|that|these|those|"
    r"who|which|what|is|are|was|were|did|does|do|has|had|have|will|would)\b"
)
# What goes on with a name, and how often "the" stands before one that has it.
_LONGER = re.compile(r"\w|[ -](?:(?:of|for) (?:the )?)?[^\W\d_a-z]")
_NEXT_WORD = re.compile(r" ([a-z]+)")
_SELDOM = 0.3
_ABOUT = re.compile(r"\b(?:about|on|regarding|concerning)\s+$", re.IGNORECASE)


def statements_looked_for(question: Question, quoted: Quoted, count: int) -> str:
    """Return what was looked for by a question for a speaker's quotes, among so many articles."""
    names = Counter(quote.speaker for quote in quoted.quotes if quote.speaker)
    name = names.most_common(1)[0][0] if names else question.speaker
    about = f" about {question.topic}" if question.topic else ""
    published = f" published {question.period}" if question.period else ""
    where = f"{count} article{'' if count == 1 else 's'}{published}"
    if quoted.passages:
        where = f"the articles of the {quoted.passages} nearest passages{published}"
    return f"Looked for statements by {name}{about}, among {where}."


def instead(
    answerer: QuoteAnswerer,
    question: Question,
    hits: Sequence[Hit],
    speakers_of: Callable[[], Speakers],
    **filters: Unpack[Filters],
) -> tuple[str, ...]:
    """Return at most three questions that could be asked instead of one that was refused, all of which are answered.

    First what the speaker who was asked for did say, then what others say on the topic, in the articles of ``hits``;
    where there is neither, what those say who are quoted in them. ``speakers_of`` returns who is quoted. Each question
    is read as it would be if it were asked, and has quotes that answer it.
    """
    return tuple(_Suggesting(answerer, question, hits, speakers_of, filters).suggested())


class _Suggesting:
    """One refusal, for which it is worked out what could be asked instead."""

    def __init__(
        self,
        answerer: QuoteAnswerer,
        question: Question,
        hits: Sequence[Hit],
        speakers_of: Callable[[], Speakers],
        filters: Filters,
    ) -> None:
        self.answerer = answerer
        self.question = question
        self.hits = hits
        self.filters = filters
        self._speakers_of = speakers_of

    def suggested(self) -> list[str]:
        own = self._of_the_speaker()
        others = self._of_others(at_all=not own)
        found = [*own[:1], *others, *own[1:]] if len(own) > 1 else [*others[: _MOST - len(own)], *own]
        asked = _plain(self.question.text)
        return [text for text in dict.fromkeys(found) if _plain(text) != asked][:_MOST]

    def _of_the_speaker(self) -> list[str]:
        """Return questions for what else the speaker said who was asked for: on a topic first, then at all."""
        asked = self.question
        same = [n for n in self._speakers_of().meant(asked.speaker) if n.same] if asked.speaker else []
        if not same:
            return []
        spellings = [name.spelling for name in same]
        quotes = self.answerer.store.quotes(speakers=spellings, **self.filters)
        shown = _fullest(same, quotes)
        if not shown:
            return []
        found = []
        topics = _topics_of(quotes, spellings) if sum(name.quotes for name in same) <= MANY else ()
        for topic in islice(topics, _TOPICS):
            text = _question(shown, topic)
            naming = [quote for quote in quotes if topic in quote.text][:_WEIGHED_OF_ONE]
            if text and self.answerer.on_topic(naming, topic, speaker=shown):
                found.append(text)
                break
        bare = _question(shown, None)
        return [*found, bare] if bare and not (asked.more and not asked.topic) else found

    def _of_others(self, *, at_all: bool) -> list[str]:
        """Return questions for what those say on the topic who are quoted nearby; or ``at_all``, where nobody does."""
        quotes = self._nearby()
        asked = self.question
        topics = [str(asked.topic)] if _reads_well(asked) else []
        if not asked.speaker:
            topics = list(_names_in(asked.text))
        told = self._on(topics[0], quotes) if topics else []
        if told or not at_all:
            return told
        names = dict.fromkeys(str(quote.speaker) for quote in quotes)
        shown = (_shown(name, _texts(quotes, [name])) for name in names)
        return list(islice(filter(None, (_question(name, None) for name in shown if name)), _MOST))

    def _on(self, topic: str, quotes: Sequence[Quote]) -> list[str]:
        """Return questions for what those say on the topic who say it in ``quotes``, the nearest to it first.

        The floor of a topic lets pass what is only like it: here its words must stand in the article, too.
        """
        store = self.answerer.store
        if not self.question.speaker and store.count() > _MOST_ARTICLES:
            return []
        wanted = terms(topic)
        # A proper name must stand there as it is: a royal tour of France is no Tour de France.
        there = wanted if self.question.speaker else [topic.removeprefix("the ").lower()]
        articles = {quote.article.id: quote.article for quote in quotes}
        texts = {article_id: article.text.lower() for article_id, article in articles.items()}
        near = {article_id for article_id, text in texts.items() if all(word in text for word in there)}
        naming = [quote for quote in quotes if quote.article.id in near]
        naming = sorted(naming, key=lambda quote: -covered(wanted, stems(quote.text)))[:_WEIGHED_OF_OTHERS]
        statements = self.answerer.on_topic(naming, topic) if naming else []
        best = sorted(statements, key=lambda statement: -statement.score)
        itself = name_words(topic)[-1:]
        speakers = (s.speaker for s in best if s.speaker and _nameable(s.speaker))
        names = dict.fromkeys(name for name in speakers if name_words(name)[-1:] != itself)
        found: dict[str, None] = {}
        for name in names:
            same = [meant for meant in self._speakers_of().meant(name) if meant.same]
            # Whoever is quoted by the hundred is answered from the articles that are nearest to that question alone.
            if not any(n.spelling == name for n in same) or sum(n.quotes for n in same) > MANY:
                continue
            spellings = {meant.spelling for meant in same}
            shown = _fullest(same, quotes)
            text = _question(shown, topic) if shown else None
            own = [quote for quote in naming if quote.speaker in spellings]
            if text and self.answerer.on_topic(own, topic, speaker=shown):
                found[text] = None
            if len(found) == _MOST:
                break
        return list(found)

    def _nearby(self) -> list[Quote]:
        """Return the quotes of others in the nearest articles, those in the nearest passages first."""
        near = {hit.passage.article.id: place for place, hit in reversed(list(enumerate(self.hits)))}
        not_asked = name_words(self.question.speaker or "")[-1:]
        quotes = [
            quote
            for quote in self.answerer.store.quotes(articles=near, **self.filters)
            if quote.speaker and name_words(quote.speaker)[-1:] not in ((), not_asked)
        ]

        def place(quote: Quote) -> tuple[int, int]:
            for i, hit in enumerate(self.hits):
                p = hit.passage
                if p.article.id == quote.article.id and p.start <= quote.start < p.end:
                    return i, quote.start
            return len(self.hits) + near[quote.article.id], quote.start

        return sorted(quotes, key=place)


def _fullest(names: Sequence[Name], quotes: Sequence[Quote]) -> str | None:
    """Return the spelling of a person's names, most quoted and no surname alone if possible, that can be shown."""
    ranked = sorted(names, key=lambda name: (len(name_words(name.spelling)) < 2, -name.quotes, -len(name.spelling)))
    texts = _texts(quotes, [name.spelling for name in names])
    return next(filter(None, (_shown(name.spelling, texts) for name in ranked)), None)


def _texts(quotes: Iterable[Quote], speakers: Collection[str]) -> list[str]:
    """Return the texts of the first articles that quote one of the speakers."""
    return list(islice(dict.fromkeys(q.article.text for q in quotes if q.speaker in speakers), _ARTICLES))


def _plain(text: str) -> str:
    return " ".join(text.rstrip(" ?!.").lower().split())


def _question(speaker: str, topic: str | None) -> str | None:
    """Return the question what the speaker said on the topic; None where it would not be read as that."""
    text = f"What did {speaker} say{f' about {topic}' if topic else ''}?"
    try:
        read = parse_question(text, today=date.max)
    except NoSuchDayError:
        return None
    asks = read.quoted and not read.more and not read.period
    return text if asks and (read.speaker, read.topic) == (speaker, topic) else None


def _reads_well(question: Question) -> bool:
    """Tell whether the question's topic can stand in another question as it is."""
    topic = question.topic
    if not topic or len(topic) > _LONGEST_TOPIC or _NO_TOPIC.search(topic):
        return False
    return bool(_ABOUT.search(question.text[: question.text.rfind(topic)]))


def _shown(name: str, texts: Iterable[str]) -> str | None:
    """Return the name of a person or an organisation as it stands in a sentence ("the White House"), or None.

    A role ("the governor"), a crowd ("Experts") and what was cut from a longer name ("Images Brady") are none: a name
    stands in one of the ``texts`` by itself, in capitals, and a single word of it never otherwise.
    """
    if not _nameable(name):
        return None
    before = [word for text in texts for word in _standing_alone(name, text)]
    surely = " " in name or name.isupper()  # and not a plain word at the start of a sentence
    if not before or not (surely or any(word.islower() for word in before)):
        return None
    with_article = sum(word.lower() == "the" for word in before)
    return f"the {name}" if with_article > _SELDOM * len(before) else name


def _nameable(name: str) -> bool:
    """Tell whether a name is in capitals, not too long, and no role."""
    parts = name.split()
    if not 0 < len(parts) <= 5 or not all(part[0].isupper() or part in _JOINING for part in parts):
        return False
    return parts[0].lower() not in _JOINING and bool(name_words(name)) and not role_of(name)


def _standing_alone(name: str, text: str) -> list[str]:
    """Return the word before each mention of ``name`` that is no part of a longer one; none where it is a plain word.

    "," stands for what is no word.
    """
    if " " not in name and re.search(rf"\b{re.escape(name.lower())}\b", text):
        return []
    found = []
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = re.search(r"(\w*)([^\w\s]?)\s?$", text[max(0, start - 30) : start])
        word = before[1] if before and not before[2] else ","
        word = "," if word.lower() in TITLES and word.istitle() else word
        after = _NEXT_WORD.match(text, end)
        ends = not after or after[1] in _AFTER_A_NAME
        if ends and not _LONGER.match(text, end) and (word.islower() or word in ("The", ",")):
            found.append(word)
        start = text.find(name, end)
    return found


def _names_in(text: str) -> Iterator[str]:
    """Yield the proper names in a sentence: "the World Cup"; not what only describes ("Russian" in "Russian army")."""
    for found in _CAPITALS.finditer(text):
        words = found["name"].split()
        ends = not found["next"] or found["next"].strip() in _AFTER_A_NAME
        plain = all(word.lower() not in TITLES for word in words[-1:]) and not _DAYS.intersection(words)
        if ends and plain and text[found.end("name") : found.end("name") + 1] not in ("-", "."):
            yield re.sub(r"['’]s$", "", f"{found['the'] or ''}{found['name']}")


def _topics_of(quotes: Sequence[Quote], spellings: Iterable[str]) -> Iterator[str]:
    """Yield the proper names that most of the quotes name, two at least, without the speaker's own."""
    own = {stem(word) for name in spellings for word in name_words(name)}
    count = Counter(name for quote in quotes[:_READ] for name in dict.fromkeys(_names_in(quote.text)))
    for name, number in count.most_common():
        if number > 1 and not own & stems(name):
            yield name
