"""Who is meant by a name or a role ("the minister"), and the quotes among which a question's answer is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple, Unpack

from qa.filters import Filters
from qa.names import Name, bare_name, initials, name_words, names_meant, role_of, short_for, without_generation
from qa.questions import Question, stem, stems, terms, words
from qa.quotes import Quote
from qa.quotes.speakers import TITLES
from qa.retrieval import Hit
from qa.store import Store

_NEAREST, _NEAREST_OF_MANY, MANY = 10, 200, 400
_ARTICLES_OF_ROLE = 50
# Of whose role it is, so much must stand beside the name, or in so many characters of the article.
_MOSTLY, _LEAD = 0.5, 1000

# "The head of the union" is the head, not the union; "Secretary of State" and "University of Oslo" are one name each.
_HELD = re.compile(r"\s(?:of|for|at|in|from|with|who|which)\s")
_NAME_OF = re.compile(r"\b([A-Z]\w*)\sof\s(?=[A-Z])")
_ENDS = re.compile(r"(?<!\bSt)[.!?](?:\s|$)")
# One role in other words.
_IN_OTHER_WORDS = {
    spelling: role
    for role, others in {
        "adviser": "advisor",
        "chairman": "chair/chairperson/chairwoman",
        "chief executive": "CEO/chief executive officer",
        "colleague": "co-worker/coworker",
        "congressman": "congresswoman/Rep/representative",
        "councilman": "councilwoman",
        "doctor": "Dr/physician",
        "general": "Gen",
        "governor": "Gov",
        "lawyer": "attorney",
        "prime minister": "PM/premier",
        "professor": "Prof",
        "senator": "Sen",
        "spokesman": "spokesperson/spokeswoman",
    }.items()
    for other in others.split("/")
    for spelling in (other, other.title())
}
_ANOTHER_WORD = re.compile(rf"\b({'|'.join(_IN_OTHER_WORDS)})\b\.?")
# "The head of the agency" is whoever leads it, by whatever title.
_HEAD = stems("head chief boss leader")
_LEADING = stems("head chief boss leader director president chairman administrator commissioner superintendent manager")
# Who is one of these beside a role does not have it.
_BUT = stems("former ex late emeritus retired ousted vice deputy assistant associate")


class Speakers:
    """Who is quoted in the articles that some filters leave, put in order so that a name is found quickly."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = known
        self._by_surname: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for speaker, count in known.items():
            self._by_surname[_surname(speaker)][speaker] = count

    def hold(self, name: str) -> bool:
        """Tell whether anybody is quoted under just this name, in any case."""
        return any(name.lower() == known.lower() for known in self._by_surname.get(_surname(name), ()))

    def meant(self, asked: str) -> list[Name]:
        """Return `names_meant` among them, which looks at all only where nobody has the surname.

        "The WHO" also means the World Health Organization.
        """
        found = names_meant(asked, self._by_surname.get(_surname(asked), self._known))
        letters = short_for(asked)
        long = [name for name in self._known if initials(name) == letters] if letters else []
        if not long:
            return found
        most = tuple(name_words(max(long, key=self._known.__getitem__)))
        long = [name for name in long if tuple(name_words(name)) == most]  # UN is one of two with these initials
        return found + [Name(name, self._known[name], True, f"{letters}, in full") for name in long]


def _surname(name: str) -> str:
    return without_generation((name_words(name) or ("",))[-1])


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

    All words of the role must stand beside the name, or others for the same role; whose it is ("Italy's") may stand
    anywhere in the article, but counts for more beside the name. "The head of the agency" has any title of who leads.
    """
    role = role_of(asked)
    if not role or not terms(role[0]):
        return []
    noun = terms(_in_full(role[0]))
    whose = {word for word in words(role[1]) if terms(word)}
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
        article = quote.article
        in_article = _share_in(f"{article.title} {article.text[article.body : article.body + _LEAD]}", whose)
        for title, beside in (("", _in_full(quote.speaker)), *beside_name(quote.speaker, article.text, noun)):
            there = stems(f"{beside} {quote.speaker}")
            own = re.split(r"['’]s?\s", title)[-1]  # "the union's head" is not the union
            has = stems(f"{own} {bare_name(quote.speaker)}")
            leads = noun - _HEAD <= has and bool(noun & _HEAD) and bool(has & _LEADING)
            beside_it = _share_in(f"{beside} {quote.speaker}", whose)
            is_theirs = not whose or max(in_article if noun <= has else 0, beside_it) >= _MOSTLY
            if (noun <= has or leads) and is_theirs and not (_BUT & there) - noun:
                score = 1 + in_article + beside_it - 0.5 * (not noun <= has)
                best[quote.speaker] = max(best[quote.speaker], score)
    speaker = max(best, key=lambda speaker: (best[speaker], count[speaker]), default=None)
    return [speaker] if speaker and best[speaker] else []


def _share_in(text: str, wanted: Collection[str]) -> float:
    """Return the share of words in a text, of "USC" also where it is written out; 0 of none."""
    there = stems(text)
    found = sum(stem(word) in there or _written_out(word, text) for word in wanted)
    return found / max(1, len(wanted))


def _written_out(word: str, text: str) -> bool:
    """Tell whether a text has a name that the word may be short for."""
    letters = short_for(word)
    if not letters:
        return False
    between = r"[\w.]*[\s-]+(?:(?:and|for|in|of|the)[\s-]+)*"
    return re.search(rf"\b{between.join(letters)}\w", text) is not None


def _in_full(text: str) -> str:
    """Return a text with each role in the same words: "Dr" is a doctor, a CEO a chief executive."""
    return _ANOTHER_WORD.sub(lambda found: _IN_OTHER_WORDS[found[1]], text)


def _joined(text: str) -> str:
    """Return a text with roles in the same words, and "Secretary of State" as one."""
    return _NAME_OF.sub(r"\1-of-", _in_full(text))


def beside_name(name: str, text: str, noun: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield the title in what stands right before and, between commas, right after each mention of ``name``, and that.

    Roles are put in the same words.

    "The head of the union, X" is its head and not the union, and in "inspectors fined X" there is no title, since no
    word of the ``noun`` (stems) stands next to the name.
    """
    for found in re.finditer(rf"\b{re.escape(name)}\b", text):
        before = _joined(text[max(0, found.start() - 80) : found.start()])
        before = re.split(r"[.!?]\s|\n|[\"“”;:]", before)[-1]
        beside = " ".join(before.rstrip(" ,").rpartition(",")[2].split()[-8:])
        title = _HELD.split(beside)[0] if before.rstrip().endswith(",") else _HELD.split(f" {beside} ")[-1]
        last = title.split()[-1:]
        known = last and (last[0] in TITLES or stem(last[0]) in noun) and not last[0].endswith("ed")
        is_title = not last or not last[0].islower() or known
        yield (title if is_title else ""), beside
        after = re.match(r"\s*[,(–—]\s*([^,;()\n–—]{1,80})", text[found.end() : found.end() + 90])
        if after:
            told = _ENDS.split(_joined(after[1]))[0]
            yield _HELD.split(told)[0], told
