"""Forms of question that are answered by what several people said, or one said over time.

A comparison ("what do Russia and the U.S. say about Assad?") is answered side by side, each side as if it were asked
alone; a change ("did Lavrov change his view on ...?") with one speaker's statements, the oldest first; a list ("who
spoke about the valve?") with the statements of each who did; "how many were hurt, according to the hospital?" with what
the hospital said alone. Whether a difference or a change is one is left to the reader. Nothing here looks for passages
or quotes: `qa.asking` hands in what does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Literal

from qa.answers import Answer, Statement, covered, day_of, refuse
from qa.names import Speaker, name_words, speakers_of
from qa.passages import sentence_spans
from qa.questions import Question, stem, stems, terms
from qa.roles import beside_name
from qa.statements import is_within, name_of

Kind = Literal["comparison", "change", "list", "latest", "summary", "according"]
Said = Callable[[str, "str | None"], Answer]
_Test = Callable[[str], bool]

_ON = r"(?:on|about|of|over|regarding|concerning|towards?|in)"
_VIEW = r"(?:views?|minds?|positions?|opinions?|stances?|tones?|attitudes?|lines?|assessments?)"
_SAY = r"(?:say|said|says|think|thought|thinks|claim|claimed|argue|argued|write|wrote|told)"
_SIDES = r"(?P<sides>\S.*?(?:,|\s(?:and|with|to|versus|vs\.?|or))\s.*?\S)"
_TOPIC = rf"(?:\s+{_ON}\s+(?P<topic>.+))?"
_COMPARISONS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"(?:what|how)\s+(?:do|did|does|have|has)\s+{_SIDES}(?:\s+(?:each|both))?\s+{_SAY}{_TOPIC}",
        rf"compare\s+what\s+{_SIDES}(?:\s+(?:each|both|have|has))?\s+{_SAY}{_TOPIC}",
        rf"compare\s+(?:the\s+)?(?:{_VIEW}|statements|quotes)\s+of\s+{_SIDES}{_TOPIC}",
        rf"compare\s+{_SIDES}\s+{_ON}\s+(?P<topic>.+)",
        rf"(?:how|where)\s+(?:do|did)\s+{_SIDES}\s+(?:differ|disagree|agree){_TOPIC}",
        rf"(?:do|did)\s+{_SIDES}\s+(?:differ|disagree|agree)\s+{_ON}\s+(?P<topic>.+)",
        rf"(?:what\s+(?:is|are)\s+)?the\s+differences?\s+between\s+{_SIDES}{_TOPIC}",
        rf"(?P<sides>\S.*?\s(?:versus|vs\.?)\s.*?\S)\s+{_ON}\s+(?P<topic>.+)",
    )
)
_ASKS_PLAINLY = 0  # the first of them names two speakers only where both are quoted
_JOINT = re.compile(r",\s+(?:and\s+)?|\s+(?:and|with|to|versus|vs\.?|or)\s+", re.IGNORECASE)
_BETWEEN = rf"(?:\s+{_ON}\s+(?P<topic>.+?))"
_OVER_TIME = r"(?:\s+over\s+(?:time|the\s+(?:years|months|weeks)))?"
_CHANGES = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"(?:how\s+)?(?:did|has|have|had|does)\s+(?P<speaker>\S.*?)\s+(?:ever\s+)?changed?\s+"
        rf"(?:his|her|its|their|the|\S+['’]s?)\s+{_VIEW}{_BETWEEN}?{_OVER_TIME}",
        rf"(?:how\s+)?(?:did|has|have|had|does)\s+(?P<speaker>\S.*?)['’]s?\s+{_VIEW}{_BETWEEN}\s+(?:ever\s+)?"
        rf"(?:changed?|shift(?:ed)?|evolved?|develop(?:ed)?){_OVER_TIME}",
    )
)
_LIST = re.compile(
    r"(?:who|(?:which|what)\s+(?P<kind>[a-z]+))(?:\s+all)?\s+(?:(?:has|have)\s+)?"
    r"(?:spoke|spoken|talked|commented|said\s+(?:something|anything))\s+(?:about|on)\s+(?P<topic>.+)",
    re.IGNORECASE,
)
_LATEST = re.compile(
    r"(?:(?:what\s+(?:is|are)|what['’]s|show\s+me|tell\s+me|give\s+me)\s+)?(?:the\s+)?(?:(?:latest|newest|most\s+recent|recent)"
    r"(?:\s+(?:news|developments?|articles?|stor(?:y|ies)|reports?))?|(?:any\s+|some\s+)?news)\s+(?P<of>on|about|of|regarding|concerning|from|by)\s+"
    r"(?P<topic>.+)|what(?:\s+is|['’]s)\s+(?:new|the\s+news)\s+(?:on|about|with|in)\s+(?P<new>.+)",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"(?:(?:please|can\s+you|could\s+you)\s+)*(?:summari[sz]e|sum\s+up|(?:(?:give|show)\s+me\s+)?(?:an?|the)?\s*(?:short\s+|brief\s+)?"
    r"(?:summary|overview|outline)\s+(?:of|on|about))\s+(?P<topic>.+?)(?:,?\s+please)?|"
    r"what\s+(?:is|does)\s+(?P<what>(?:the|this)\s+(?:article|story|report)\b.*?)\s+(?:about|say)",
    re.IGNORECASE,
)
_WHO, _EYES = r"\S+(?:\s+\S+){0,7}?", "(?:view|opinion|eyes|words)"
_BY = rf"(?:(?:according\s+to|in\s+the\s+{_EYES}\s+of)\s+(?P<speaker>{_WHO})|in\s+(?P<own>{_WHO})['’]s?\s+{_EYES})"
_ACCORDING = tuple(
    re.compile(pattern, re.IGNORECASE) for pattern in (rf"{_BY},\s+(?P<asked>.+)", rf"(?P<asked>.+?),?\s+{_BY}")
)
# What a question begins with and its topic does not: "what is the threat" asks about the threat.
_BEGINS = re.compile(
    r"(?:(?:what|who|where|when|how)\s+)?(?:is|are|was|were)\s+|(?:do|does|did|has|have|had|will|would|can|could)\s+",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"\baccording\s+to\s+((?:\S+\s*){1,8})", re.IGNORECASE)
_ASKING_WORDS = frozenset("what who whom whose which where when why how".split())
_PEOPLE = frozenset(map(stem, "people persons speakers men women".split()))
_THE = re.compile(r"\bthe\s+(\w+)", re.IGNORECASE)
_OF_EACH, _MOST_LISTED = 2, 8
_AS_LIKELY = 0.7  # looked at on RealTimeQA's 40 answerable questions with "according to", of even and odd weeks


@dataclass(frozen=True)
class Form:
    """What a question asks for in a form of its own: of whom (``speakers``), about what, of which kind of speaker."""

    kind: Kind
    topic: str | None
    speakers: tuple[str, ...] = ()
    of: str = ""


def form_of(text: str, is_quoted: _Test, is_spelled: _Test) -> Form | None:
    """Return the form of a question; None where it is a plain one.

    ``is_quoted`` tells whether anybody of a name is quoted, ``is_spelled`` whether under just that name.
    """
    plain = text.rstrip(" ?!.")
    for number, pattern in enumerate(_COMPARISONS):
        found = pattern.fullmatch(plain)
        sides = _sides(found["sides"], is_quoted, is_spelled, sure=number != _ASKS_PLAINLY) if found else ()
        if found and sides:
            return Form("comparison", found["topic"], sides)
    for pattern in _CHANGES:
        found = pattern.fullmatch(plain)
        if found and is_quoted(found["speaker"]):
            return Form("change", found["topic"], (found["speaker"],))
    found = _LIST.fullmatch(plain)
    if found:
        return Form("list", found["topic"], of=(found["kind"] or "").lower())
    found = _LATEST.fullmatch(re.sub(r"\s+(?:right\s+now|now|today|currently)$", "", plain, flags=re.IGNORECASE))
    if found:
        topic = found["topic"] or found["new"]
        by = (found["of"] or "").lower() in ("from", "by", "of") and is_quoted(topic)
        return Form("latest", None if by else topic, (topic,) if by else ())
    found = _SUMMARY.fullmatch(plain)
    return Form("summary", found["topic"] or found["what"]) if found else _according(plain)


def _according(plain: str) -> Form | None:
    found = next(filter(None, (pattern.fullmatch(plain) for pattern in _ACCORDING)), None)
    if found is None:
        return None
    begins = _BEGINS.match(found["asked"])
    topic = found["asked"][begins.end() if begins else 0 :]
    first, _, rest = topic.partition(" ")
    topic = f"{first.lower()} {rest}" if first.lower() in _ASKING_WORDS else topic
    return Form("according", topic, (found["speaker"] or found["own"],))


def _sides(text: str, is_quoted: _Test, is_spelled: _Test, *, sure: bool) -> tuple[str, ...]:
    """Return who is compared: parts of ``text`` of which most are quoted. A name may hold "and" itself."""
    if is_spelled(text):
        return ()
    joints = list(_JOINT.finditer(text))
    best: tuple[str, ...] = ()
    choices = [[joint] for joint in joints] + ([joints] if len(joints) > 1 else [])
    for chosen in choices:
        ends = [0, *(place for joint in chosen for place in joint.span()), len(text)]
        parts = tuple(text[a:b].strip() for a, b in zip(ends[::2], ends[1::2], strict=True))
        known = sum(map(is_quoted, parts))
        named = all(is_quoted(part) or part.rpartition(" ")[2][:1].isupper() for part in parts)
        if all(parts) and (sure or named) and known > sum(map(is_quoted, best)):
            best = parts
    return best


def comparison(asked: Question, form: Form, said: Said) -> Answer:
    """Return what each side said, under its name; a side that said nothing is told of, too."""
    sides = [(speaker, said(speaker, form.topic)) for speaker in form.speakers]
    about = f" about {form.topic}" if form.topic else ""
    if all(answer.refusal is not None for _, answer in sides):
        names = " or ".join(form.speakers)
        return refuse(asked, f"The articles do not say: no statement by {names}{about} is in them.", sides[0][1].hits)
    parts: list[tuple[str, int]] = []
    told: list[str] = []
    statements: list[Statement] = []
    for speaker, answer in sides:
        name = (name_of(asked, answer.statements) if answer.statements else None) or speaker
        count = len(answer.statements)
        told.append(f"{_many(count, 'statement')} by {name}" if count else f"none by {name}")
        parts.append((name if count else f"{name}: no statement{about}", count))
        statements += answer.statements
    published = f", in articles published {asked.period}" if asked.period else ""
    summary = f"{'; '.join(told)}{about}{published}"
    return _told(asked, statements, sides, summary, tuple(parts))


def change(asked: Question, form: Form, said: Said) -> Answer:
    """Return what a speaker said on a topic, the oldest first, with the days from and to which it reaches."""
    (speaker,) = form.speakers
    answer = said(speaker, form.topic)
    if answer.refusal is not None:
        return answer
    statements = sorted(answer.statements, key=lambda s: (s.article.published or date.max, s.article.path, s.start))
    days = [statement.article.published for statement in statements if statement.article.published]
    about = f" about {form.topic}" if form.topic else ""
    when = f", from {day_of(days[0])} to {day_of(days[-1])}" if days and days[0] != days[-1] else ""
    when = when or (f", all of {day_of(days[0])}" if days else ", none with a date")
    name = name_of(asked, statements) or speaker
    summary = (
        f"{_many(len(statements), 'statement')} by {name}{about}{when}, the oldest first: "
        "whether that is a change is for you to judge"
    )
    return _told(asked, statements, [(speaker, answer)], summary, ())


def in_words_of(asked: Question, speaker: str, read: Answer, theirs: Sequence[Statement]) -> Answer | None:
    """Return what of ``read`` is said by a speaker, whose statements are ``theirs``; None: nothing is.

    Of one without statements it is what the sentence itself gives as according to them. What is much less likely to
    answer than the best of others is left out.
    """
    wanted = terms(speaker)
    kept = []
    for statement in read.statements:
        own = next((own for own in theirs if is_within(statement, own)), None)
        source = None if theirs else _SOURCE.search(statement.text)
        if own:
            kept.append(replace(statement, speaker=own.speaker, kind=own.kind))
        elif source and wanted and wanted <= stems(source[1]):
            kept.append(statement)
    kept = [s for s in kept if s.score >= _AS_LIKELY * max(kept[0].score, read.statements[0].score)][:_MOST_LISTED]
    if not kept:
        return None
    first = kept[0]
    short = first.article.text[slice(*first.span)] if first.span else None
    summary = f"According to {first.speaker or speaker}"
    return replace(read, question=asked.text, statements=tuple(kept), short=short, summary=summary)


def on_what_is_asked(asked: Question, topic: str, said: Answer, theirs: Sequence[Statement]) -> Answer:
    """Return of what somebody said on a topic, of all ``theirs``, what has a word of it, or a refusal."""
    wanted = terms(topic)
    kept = tuple(s for s in said.statements if wanted & stems(s.text))
    name = name_of(asked, said.statements or theirs)
    if not kept:
        why = f"The articles do not say: none of {name}'s statements is on that." if name else said.refusal
        return refuse(asked, why or "", said.hits)
    summary = f"{_many(len(kept), 'statement')} by {name} about {topic}"
    return replace(said, question=asked.text, statements=kept, summary=summary)


def speaking(
    asked: Question,
    form: Form,
    statements: Sequence[Statement],
    *,
    known: Mapping[str, int],
    answer: Answer,
    pronouns: Callable[[Sequence[str]], Mapping[str, int]],
) -> Answer | None:
    """Return the best statements of each who speaks on a topic, who comes first whose are best; None: nobody does.

    ``known`` are the names of all who are quoted there. ``pronouns`` tells which stand for a speaker: who is "he" or
    "she" is a person.
    """
    wanted = terms(form.topic or "")
    naming = [s for s in statements if s.speaker and covered(wanted, stems(s.text)) == 1]
    naming = [s for s in naming if name_words(s.speaker or "") and not wanted <= stems(s.speaker or "")]
    of: list[tuple[str, list[Statement]]] = []
    for speaker in speakers_of(known):
        own = sorted((s for s in naming if s.speaker in speaker.spellings), key=lambda s: -s.score)
        surname = any(len(name_words(spelling)) == 1 for spelling in speaker.spellings[1:])
        person = surname or bool({"he", "she"} & set(pronouns(speaker.spellings)))
        if own and _is_of_kind(form.of, speaker, own, person):
            of.append((speaker.name, own[:_OF_EACH]))
    if not of:
        return None
    of.sort(key=lambda pair: -pair[1][0].score)
    shown = of[:_MOST_LISTED]
    names = ", ".join(name for name, _ in shown)
    more = f" and {len(of) - len(shown)} more" if len(of) > len(shown) else ""
    parts = tuple((name, len(own)) for name, own in shown)
    summary = f"Quoted about {form.topic}: {names}{more}"
    return _told(asked, [s for _, own in shown for s in own], [("", answer)], summary, parts)


def _is_of_kind(kind: str, speaker: Speaker, statements: Sequence[Statement], person: bool) -> bool:
    """Tell whether a speaker may be one of the "people" or "companies" asked for: the articles must call it so.

    They do beside the name ("Greenwater, a campaign group"), or, of what is no person, near it ("Both countries ...",
    "The company ...").
    """
    noun = stem(kind)
    if not kind or (noun in _PEOPLE and (person or len(name_words(speaker.name)) > 1)):
        return True
    texts = {statement.article.id: statement.article for statement in statements}.values()
    if any(noun in stems(told) for a in texts for name in speaker.spellings for _, told in beside_name(name, a.text)):
        return noun not in _PEOPLE
    if person or noun in _PEOPLE:
        return False
    single = len(name_words(speaker.name)) == 1
    for article in texts:
        sentences = [article.text[start:end] for start, end in sentence_spans(article.text, article.body)]
        for sentence, following in pairwise([*sentences, ""]):
            if speaker.name in sentence and (
                (single and kind in sentence.lower().split())
                or any(stem(found[1]) == noun for found in _THE.finditer(following))
            ):
                return True
    return False


def _told(
    asked: Question,
    statements: Sequence[Statement],
    sides: Sequence[tuple[str, Answer]],
    summary: str,
    parts: tuple[tuple[str, int], ...],
) -> Answer:
    answers = [answer for _, answer in sides]
    confidence = max(answer.confidence for answer in answers)
    names = answers[0].names if len(answers) == 1 else ()  # they are told of one person
    return replace(
        answers[0],
        question=asked.text,
        statements=tuple(statements),
        refusal=None,
        looked_for=None,
        confidence=confidence,
        short=None,
        summary=summary,
        names=names,
        period=asked.period,
        parts=parts,
    )


def _many(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
