"""From a question as it is typed to its answer: made whole, read, looked for in its period, answered or refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Unpack

from embeddings import Encoder, Reranker
from qa.answers import MOST_INSTEAD, Answer, Answerer, Statement, cited_once, refuse, stems_near, with_told
from qa.antecedents import NobodyMeantError
from qa.differing import compared
from qa.filters import Filters, narrowed
from qa.followups import made_whole
from qa.forms import Form, Said, change, comparison, form_of, in_words_of, on_what_is_asked, speaking
from qa.joined import joined, questions_in
from qa.lists import as_question, items_asked_for, with_items
from qa.overview import about_the_articles
from qa.periods import NoSuchDayError, Period
from qa.questions import Question, is_yes_or_no, parse_question, stems, terms
from qa.retrieval import Hit, search
from qa.roles import Speakers, quotes_asked_for, speakers_in_role
from qa.shown import pointed_at
from qa.statements import QuoteAnswerer
from qa.store import Store
from qa.suggestions import instead, statements_looked_for
from qa.summaries import latest, summary
from qa.verdicts import with_verdict

_ANSWERED_FROM = 10
_LISTED_FROM = 40
_ITEMS_FROM = 20
_LOOKED_BACK = 3  # answers, for who has a role in their articles
# "Since the summit", "before Foley's death", "between the spill and the fine": what ends in a word that is no name.
_HAPPENED = (
    r"(?:the|his|her|their|(?-i:[^\W\d_a-z])\S*['’]s)\s+(?:\S+\s+){0,4}?"
    r"(?-i:[a-z])[\w-]*(?:\s(?:of|in|at|on)\s(?:the\s)?(?-i:[^\W\d_a-z])[\w-]*)?"
)
_EVENT = re.compile(
    rf"\b(?:(?P<edge>since|before|after|until|till|up\s+to)\s+(?P<event>{_HAPPENED})"
    rf"|(?:between\s+(?P<first>{_HAPPENED}|\S+(?:\s\S+){{0,2}}?)\s+and"
    rf"|from\s+(?P<first2>{_HAPPENED})\s+(?:to|until|till))\s+"
    rf"(?P<last>{_HAPPENED}|\S+(?:\s\S+){{0,2}}))(?=[ ?!.]*$|,?\s+(?:about|on)\s|,\s)",
    re.IGNORECASE,
)
_COUNTED_FROM = re.compile(r"\b(?:day|week|month|year)s?\s+$", re.IGNORECASE)  # "two weeks after the spill"
_LEAD = 400  # characters
_NOW = re.compile(
    r"\b(?:now|today|currently|at\s+present|right\s+now|at\s+the\s+moment|these\s+days|latest|newest)\b", re.I
)
_OLD = 30  # days
# An answer from the period that a question names is taken though one from elsewhere scores this much better.
_NEARLY = 0.05
# How likely a sentence that is no quote must be to tell who said what is asked for: in a library that does not say, the
# reader finds a name all the same, and is half sure of it.
_PLAINLY_TOLD = 0.6


class Asking:
    """Answers questions from a store's articles: those for quotes with quotes, all others by the ``answerer``."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        answerer: Answerer,
        quote_answerer: QuoteAnswerer,
        reranker: Reranker | None = None,
    ) -> None:
        self.store = store
        self.encoder = encoder
        self.reranker = reranker
        self.answerer = answerer
        self.quote_answerer = quote_answerer
        self._known: tuple[tuple[str, Filters], Speakers] | None = None

    def ask(self, question: str, history: Sequence[Answer], today: date, **filters: Unpack[Filters]) -> Answer:
        """Answer ``question``, or refuse; see `Library.ask`. Raises DamagedStoreError."""
        text = " ".join(question.split())
        known = pointed_at(text, history) or about_the_articles(text, self.store, **filters)
        if known:
            return known
        questions = questions_in(text)
        if len(questions) > 1:
            answers: list[Answer] = []
            for one in questions:
                answers.append(self.ask(one, [*history, *answers], today, **filters))
            return joined(text, answers)
        try:
            quoted, pronoun = partial(self._is_quoted, history, filters), partial(self._pronoun, filters)
            whole = made_whole(as_question(text), history, quoted, pronoun)
            whole = self._dated(whole, today, filters)
            asked = parse_question(whole, today=today, newest=partial(self.store.newest, **filters))
        except (NobodyMeantError, NoSuchDayError) as why:
            return refuse(parse_question(text), str(why))
        if not text:
            return refuse(asked, "The question is empty: ask something, such as “What did Lavrov say about al-Qaida?”")
        if whole != text and history and history[-1].items:
            asked = replace(asked, but=self._named_otherwise(asked, history[-1]))
        shown = [s for answer in (history if asked.speaker else history[-1:]) for s in answer.statements]
        if asked.period:
            answer = self._answer_in_period(asked, whole, asked.period, shown, today, **filters)
        else:
            answer = self._answer(asked, shown, today, **filters)
        if answer.refusal and answer.hits:
            speakers = partial(self._speakers, **filters)
            could_ask = instead(self.quote_answerer, asked, answer.hits, speakers, **filters)
            answer = replace(answer, instead=(*answer.instead, *could_ask)[:MOST_INSTEAD])
        answer = self._with_age(answer, text, today, filters)
        return replace(answer, question=text, understood=whole if whole != text else None)

    def _with_age(self, answer: Answer, question: str, today: date, filters: Filters) -> Answer:
        """Where the question asks for what is so now and all articles are old, let the summary say how old."""
        newest = self.store.newest(**filters) if answer.statements and _NOW.search(question) else None
        if not newest or (today - newest).days <= _OLD or str(newest) in (answer.summary or ""):
            return answer
        told = f"the newest article here is of {newest}"
        summary = (answer.summary or "").rstrip(".")
        return replace(answer, summary=f"{summary}; {told}." if summary else f"{told[:1].upper()}{told[1:]}.")

    def _dated(self, question: str, today: date, filters: Filters) -> str:
        """Return the question with a date for an event that it is counted from: "since the spill".

        Where that is the day on which an article first tells of it, it has happened by then: "after" holds that day.
        """
        found = _EVENT.search(question)
        if not found or _COUNTED_FROM.search(question[: found.start()]):
            return question
        parts, done = [], 0
        for name in ("event", "first", "first2", "last"):
            is_event = found[name] and re.fullmatch(_HAPPENED, found[name], re.IGNORECASE)
            day = self._first_told(found[name], today, filters) if is_event else None
            if not day:
                continue
            if (found["edge"] or "").lower() == "after":
                parts += [question[done : found.start("edge")], f"since {day}"]
            else:
                parts += [question[done : found.start(name)], str(day)]
            done = found.end(name)
        dated = "".join([*parts, question[done:]])
        return dated if parts and parse_question(dated, today=today).period else question

    def _first_told(self, event: str, today: date, filters: Filters) -> date | None:
        """Return the day on which the articles first tell of an event, in a title or an article's first sentences."""
        wanted, phrase = terms(event), event.partition(" ")[2]
        if not wanted or not phrase:
            return None
        longest = max(phrase.split(), key=len)
        named = [article for article in self.store.naming(longest, **filters) if article.published]
        leading = [
            article
            for article in named
            if wanted <= stems(f"{article.title} {article.text[article.body : article.body + _LEAD]}")
        ]
        telling = leading or [article for article in named if phrase.lower() in article.text.lower()]
        days = [article.published for article in telling if article.published and article.published <= today]
        return min(days, default=None)

    def _is_quoted(self, history: Sequence[Answer], filters: Filters, name: str) -> bool:
        """Tell whether anybody of a name is quoted, or of a role in the articles that were shown last."""
        if any(meant.same for meant in self._speakers(**filters).meant(name)):
            return True
        articles = {s.article.id for answer in history[-_LOOKED_BACK:] for s in answer.statements}
        return bool(articles and speakers_in_role(name, self.store.quotes(articles=articles, **filters)))

    def _pronoun(self, filters: Filters, name: str) -> str | None:
        """Return by which pronoun, "he" or "she", the articles mostly go on about somebody; None: it is not known."""
        spellings = [meant.spelling for meant in self._speakers(**filters).meant(name) if meant.same]
        counts = self.store.pronouns(spellings) if spellings else {}
        known = [word for word in ("he", "she") if counts.get(word, 0)]
        return max(known, key=lambda word: counts[word]) if known else None

    def _speakers(self, **filters: Unpack[Filters]) -> Speakers:
        """Return who is quoted; what was returned last is kept, for a refusal needs it again."""
        key = (self.store.state, filters)
        known = self._known
        if not known or known[0] != key:
            known = self._known = (key, Speakers(self.store.speakers(**filters)))
        return known[1]

    def _answer_in_period(
        self,
        asked: Question,
        whole: str,
        period: Period,
        shown: Sequence[Statement],
        today: date,
        **filters: Unpack[Filters],
    ) -> Answer:
        """Answer from the articles of the question's period.

        Where they hold no quote that is asked for, the refusal tells how many there are outside the period. In other
        questions a period is as often when something happened, which later articles tell, too: those are answered from
        all articles where the ones of the period do not do as well, and the summary says so.
        """
        answer = self._answer(asked, shown, today, **narrowed(filters, period))
        if asked.quoted and not answer.refusal:
            return answer
        anytime = replace(asked, period=None) if asked.quoted else replace(parse_question(whole), but=asked.but)
        wide = self._answer(anytime, shown, today, **filters)
        if wide.refusal:
            return replace(wide, period=period) if answer.refusal else answer
        if asked.quoted:
            return self._outside(asked, period, answer, wide, **filters)
        if not answer.refusal and answer.confidence >= wide.confidence - _NEARLY:
            return answer
        if wide.verdict:  # "this year" is another one in articles from elsewhere
            there = all(period.holds(statement.article.published) for statement in wide.statements)
            return replace(wide, period=period) if there else replace(wide, verdict=None, summary=None)
        others = f"From articles of all dates: those published {period} do not answer this, or not as well."
        return replace(wide, summary=f"{others} {wide.summary}" if wide.items and wide.summary else others)

    def _outside(
        self, asked: Question, period: Period, answer: Answer, wide: Answer, **filters: Unpack[Filters]
    ) -> Answer:
        """Return the refusal ``answer`` with how many statements ``wide`` has outside the period."""
        why = answer.refusal
        if not answer.hits:
            newest = self.store.newest(**filters)
            why = f"No article here was published {period}{f': the newest is of {newest}' if newest else ''}."
        count = len(wide.statements)
        there = "is one statement" if count == 1 else f"are {count} statements"
        why = f"{why} Outside this period there {there}."
        anytime = (
            () if parse_question(asked.text, today=date.max).period else (asked.text[:1].upper() + asked.text[1:],)
        )
        return replace(answer, refusal=why, hits=answer.hits or wide.hits, instead=anytime)

    def _answer(self, asked: Question, shown: Sequence[Statement], today: date, **filters: Unpack[Filters]) -> Answer:
        """Answer a question that stands by itself from the articles that the filters leave."""

        def nearest(k: int) -> list[Hit]:
            return search(self.store, self.encoder, asked.text, k, today=today, reranker=self.reranker, **filters)

        hits = nearest(_ANSWERED_FROM)
        if not hits:
            return refuse(asked, "No article is left by these filters: widen them.")
        formed = self._in_its_form(asked, nearest, today, **filters)
        if formed:
            return self._cited_in_parts(formed)
        if asked.quoted:
            answer = self._quoted(asked, hits, nearest, shown, **filters)
            if not answer.refusal or asked.besides or (asked.speaker and not asked.told):
                return answer
            # Whom "who said ..." asks for may be told by a sentence that is no quote, if plainly.
            told = self._plainly(asked, hits, nearest, **filters)
            best = max((statement.score for statement in told.statements), default=1.0)
            return told if best >= _PLAINLY_TOLD else replace(answer, confidence=best)
        return self._plainly(asked, hits, nearest, **filters)

    def _plainly(
        self, asked: Question, hits: Sequence[Hit], nearest: Callable[[int], list[Hit]], **filters: Unpack[Filters]
    ) -> Answer:
        """Answer a question that asks for nothing that somebody said."""
        answer = self.answerer.answer(asked, hits)
        answer = replace(answer, statements=cited_once(answer.statements, self.store.near_copies))
        if is_yes_or_no(asked.text):
            return with_verdict(asked, answer, lambda articles: self.store.quotes(articles=articles, **filters))
        listed = None if answer.refusal else self._listed(asked, answer, nearest)
        return listed or compared(asked, answer)

    def _named_otherwise(self, asked: Question, before: Answer) -> tuple[str, ...]:
        """Return the items of the answer before, where it was asked for something else ("and which villages?")."""
        of, last = items_asked_for(asked), items_asked_for(parse_question(before.understood or before.question))
        return before.items if of and last and of.noun != last.noun else ()

    def _listed(self, asked: Question, answer: Answer, nearest: Callable[[int], list[Hit]]) -> Answer | None:
        """Return the answer as a list where several things are asked for; None where one is."""
        of = items_asked_for(asked)
        if of is None:
            return None
        read = self.answerer.answer(replace(asked, several=True), nearest(_ITEMS_FROM))
        listed = with_items(asked, of, answer, read.statements)
        if not listed.items:
            return listed if listed.refusal else None
        return replace(listed, statements=cited_once(listed.statements, self.store.near_copies))

    def _in_its_form(
        self, asked: Question, nearest: Callable[[int], list[Hit]], today: date, **filters: Unpack[Filters]
    ) -> Answer | None:
        """Answer a comparison, a change, a list of speakers, what is so "according to" one, the latest or a summary."""
        form = form_of(
            asked.text, partial(self._is_quoted, (), filters), lambda name: self._speakers(**filters).hold(name)
        )
        if form is None:
            return None
        topic = form.topic or ""

        def said(speaker: str, topic: str | None) -> Answer:
            whole = f"What did {speaker} say{f' about {topic}' if topic else ''}?"
            one = Question(whole, terms(whole), speaker, topic, quoted=True, period=asked.period)
            return self._answer(replace(one, latest=form.kind == "latest"), (), today, **filters)

        match form.kind:
            case "comparison":
                answer: Answer | None = comparison(asked, form, said)
            case "change":
                answer = change(asked, form, said)
            case "latest":
                by = next(iter(form.speakers), None)
                answer = said(by, None) if by else latest(asked, topic, self.encoder, nearest)
            case "summary":
                answer = summary(asked, topic, self.store, self.encoder, nearest, **filters)
            case "according":
                answer = self._according(asked, form, nearest, said, **filters)
            case "list":
                near = {hit.passage.article.id for hit in nearest(_LISTED_FROM)}
                quotes = self.store.quotes(articles=near, **filters)
                statements = self.quote_answerer.on_topic(quotes, topic)
                found = refuse(asked, "", nearest(_ANSWERED_FROM), max((s.score for s in statements), default=0.0))
                known = Counter(quote.speaker for quote in quotes if quote.speaker)
                answer = speaking(asked, form, statements, known=known, answer=found, pronouns=self.store.pronouns)
        return answer

    def _according(
        self,
        asked: Question,
        form: Form,
        nearest: Callable[[int], list[Hit]],
        said: Said,
        **filters: Unpack[Filters],
    ) -> Answer:
        """Return what answers in a speaker's words, or else all that they say on it.

        Of what is not quoted ("a study") it is what the articles say; that it is not theirs is told of who is named.
        """
        speaker, topic = form.speakers[0], form.topic or ""
        hits = nearest(_ANSWERED_FROM)
        there = self.store.quotes(articles={hit.passage.article.id for hit in hits}, **filters)
        names = tuple(self._speakers(**filters).meant(speaker))
        spellings = {name.spelling for name in names if name.same} or set(speakers_in_role(speaker, there))
        theirs = self.quote_answerer.on_topic([quote for quote in there if quote.speaker in spellings], None)
        if asked.asked_for:
            read = self.answerer.answer(replace(asked, several=True), hits)
            found = in_words_of(asked, speaker, read, theirs)
            if found:
                return replace(found, names=names if theirs else ())
        on_it = said(speaker, topic)
        if spellings or on_it.statements:
            return on_what_is_asked(asked, topic, on_it, theirs)
        answer = self._plainly(asked, hits, nearest, **filters)
        first = answer.statements[0] if answer.statements else None
        is_name = any(word[:1].isupper() for word in speaker.split())
        if first is None or not is_name or terms(speaker) & stems_near(first.article, first.start, first.end):
            return answer
        return with_told(answer, f"No statement by {speaker} was found: this is what the articles say.")

    def _cited_in_parts(self, answer: Answer) -> Answer:
        """Return an answer whose near copies are cited once under each of its headings."""
        shown: list[Statement] = []
        parts: list[tuple[str, int]] = []
        first = 0
        for heading, number in answer.parts or [("", len(answer.statements))]:
            own = cited_once(answer.statements[first : first + number], self.store.near_copies)
            shown += own
            parts.append((heading, len(own)))
            first += number
        return replace(answer, statements=tuple(shown), parts=tuple(parts) if answer.parts else ())

    def _quoted(
        self,
        asked: Question,
        hits: Sequence[Hit],
        nearest: Callable[[int], Sequence[Hit]],
        shown: Sequence[Statement],
        **filters: Unpack[Filters],
    ) -> Answer:
        """Answer a question for quotes."""

        def among(k: int) -> Sequence[Hit]:
            return hits[:k] if k <= _ANSWERED_FROM else nearest(k)

        quoted = quotes_asked_for(self.store, asked, among, partial(self._speakers, **filters), **filters)
        near = {hit.passage.article.id for hit in hits}
        others = [] if quoted.quotes else self.store.quotes(articles=near, **filters)
        answer = self.quote_answerer.answer(asked, quoted, hits, others, shown)
        if not answer.refusal:
            return answer
        return replace(answer, looked_for=statements_looked_for(asked, quoted, self.store.count(**filters)))
