"""The names under which people are quoted: which of them are one person's, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Any

from qa.questions import folded, words
from qa.quotes.speakers import ALSO_MONTHS, ALSO_SURNAMES, NOT_A_NAME, ORG_WORDS, TITLES

# "NPR's CEO", "the new head of the Army": a speaker who is asked for by what he is.
_POSSESSED = re.compile(
    r"(?P<of>.+?)['’]s?\s+(?P<head>[A-Z]{2,5}|[^A-Z]+?)(?:\s+(?:to|in|for|at|of)\s+(?P<where>(?:the\s+)?[A-Z].*))?"
)
_PLAIN_ROLE = re.compile(r"(?i:(?:the|a|an|his|her|their)\s+)?(?P<of>(?:(?:d['’])?[A-Z]\S*\s+)*)(?P<head>[a-z][^A-Z]*)")
_DETERMINERS = ("the", "a", "an", "his", "her", "their")
# What an organisation's name ends in, but for what is as often a surname.
_ORGANISATIONS = ORG_WORDS - ALSO_SURNAMES
_NOT_FIRST = NOT_A_NAME - ALSO_MONTHS - {"us", "will"}
_JOINERS = frozenset("al and ben bin da de del della den der di dos du el ibn la le of the van von y &".split())
_ALIKE = 0.8
_GENERATIONS = ("jr", "sr", "ii", "iii", "iv")
# A spelling that so small a share of a person's quotes has may be a slip of the reading: "Images Joe Biden".
_SLIP = 0.2
# "The town of Lindmere" is Lindmere.
_PLACE = re.compile(
    r"(?:the\s+)?(?:town|city|village|state|republic|kingdom|country|province|county|district)\s+of\s+(?=(?:the\s+)?(?-i:[A-Z]))",
    re.IGNORECASE,
)
_OF = re.compile(r"(?:(?:the|a|an)\s+)?(?P<head>[a-z][\w -]*?)\s+(?:of|for|at|in|to)\s+(?P<of>.+)")


_LETTERS = re.compile(r"(?:[Tt]he\s+)?((?:[A-Z]\.?){2,6})")
_ORGANISATION = re.compile(
    r"\b(?:Organi[sz]ation|Agency|Department|Bureau|Cent(?:er|re)s?|Commission|Council|Union|Nations|Committee|Association|"
    r"Administration|Ministry|Authority|Office|Services?|Fund|Bank|Institutes?|University|Party|Federation|Force|Board|"
    r"League|Society|Network|Alliance|Foundation|Court|Congress|Company|Corporation|Group|Kingdom|States)\b"
)


@dataclass(frozen=True)
class Name:
    """A name under which somebody is quoted who may have been asked for, and what was made of it.

    ``quotes`` counts the quotes under this spelling. ``same`` tells whether it was taken for the person who was asked
    for, and ``why`` says for what reason: "surname alone".
    """

    spelling: str
    quotes: int
    same: bool
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Speaker:
    """A person or an organisation that is quoted, under one name or several.

    ``name`` is the fullest of the ``spellings`` that is more than a slip, and comes first; the others follow, fullest
    first. ``quotes`` counts the quotes under all of them.
    """

    name: str
    quotes: int
    spellings: tuple[str, ...]


def speakers_of(known: Mapping[str, int]) -> list[Speaker]:
    """Return who is named in ``known`` (name -> number of quotes), most quotes first, and by name.

    The spellings that `names_meant` takes for one person's are one speaker. Roles, pronouns and other descriptions
    ("the president", "officials", "a statement from the CDC") are left out.
    """
    bearers: dict[str, list[str]] = {}
    for speaker in known:
        if is_name(speaker, known):
            bearers.setdefault(name_words(speaker)[-1], []).append(speaker)
    speakers: list[Speaker] = []
    for alike in bearers.values():
        quotes = {tuple(person): sum(known[name] for name in person) for person in _persons(alike, known)}
        for person, count in quotes.items():
            name = _name_of(person, quotes, known)
            others = (spelling for spelling in person if spelling != name)
            speakers.append(Speaker(name, count, (name, *others)))
    return sorted(speakers, key=lambda speaker: (-speaker.quotes, speaker.name))


def short_for(name: str) -> str | None:
    """Return the letters of "the WHO" or "the U.N.", which stand for a longer name; None for what is no such name."""
    found = _LETTERS.fullmatch(name)
    return found[1].replace(".", "") if found else None


def initials(name: str) -> str | None:
    """Return what the name of an organisation is shortened to: of "World Health Organization" WHO; None: it is none."""
    parts = [part for part in re.split(r"[\s-]+", name) if part[:1].isupper() and part.lower() != "the"]
    known = _ORGANISATION.search(name) is not None
    return "".join(part[0] for part in parts) if known and len(parts) > 1 else None


def names_meant(asked: str, known: Mapping[str, int]) -> list[Name]:
    """Return the names in ``known`` (name -> number of quotes) that ``asked`` may mean, the person meant first.

    "Lavrov" means Sergei, Sergey and plain Lavrov: one person, however spelled. Of two persons with the name that is
    asked for, the one who is quoted more is meant; a surname alone is the one's who is quoted more, too. Empty where
    nobody is meant, or where ``asked`` is a role.
    """
    wanted = name_words(asked)
    if not wanted or role_of(asked):
        return []
    parts = {speaker: name_words(speaker) for speaker in known}
    bearers, maybe = _bearers(wanted, parts, known)
    meant = [person for person in _persons(bearers, known) if person[0] in maybe]
    if not meant:
        return []
    chosen = max(meant, key=lambda person: sum(known[speaker] for speaker in person))
    fullest = parts[chosen[0]]
    first = "the fullest spelling" if len(fullest) > 1 or len(wanted) == 1 else "surname alone"
    reasons = [first, *(_why_same(parts[speaker], fullest) for speaker in chosen[1:])]
    taken = [Name(speaker, known[speaker], True, why) for speaker, why in zip(chosen, reasons, strict=True)]
    others = sorted(maybe.difference(chosen), key=lambda speaker: -known[speaker])
    return taken + [Name(speaker, known[speaker], False, _why_not(parts[speaker], fullest)) for speaker in others]


def _bearers(
    wanted: Sequence[str], parts: Mapping[str, Sequence[str]], known: Mapping[str, int]
) -> tuple[list[str], set[str]]:
    """Return who bears the surname that is asked for, and which of them may be meant.

    A single name that is nobody's surname means William Knight IV ("Knight"), or else who has it elsewhere in his name
    ("Xi", "Boris").
    """
    bearers = [speaker for speaker, name in parts.items() if name and name[-1] == wanted[-1]]
    if bearers or len(wanted) > 1:
        bearers = _named_among(bearers, known)
        return bearers, {speaker for speaker in bearers if _same(wanted, parts[speaker])}
    younger = [speaker for speaker, name in parts.items() if name and without_generation(name[-1]) == wanted[0]]
    within = [speaker for speaker, name in parts.items() if len(name) > 1 and wanted[0] in name]
    bearers = _named_among(younger or within, known)
    return bearers, set(bearers)


def without_generation(surname: str) -> str:
    """Return a surname as `name_words` has it ("king jr") without "jr" or "iv"."""
    return surname.partition(" ")[0]


def matching_speakers(asked: str, known: Mapping[str, int]) -> list[str]:
    """Return the names in ``known`` that are taken for the person who is asked for; see `names_meant`."""
    return [name.spelling for name in names_meant(asked, known) if name.same]


def role_of(asked: str) -> tuple[str, str] | None:
    """Split a role ("Italy's foreign minister", "the head of the Army") into what it is and whose; None for a name."""
    if _PLACE.match(asked):
        return None
    found = _POSSESSED.fullmatch(asked) or _OF.fullmatch(asked) or _PLAIN_ROLE.fullmatch(asked)
    if not found and asked and not name_words(asked):  # "the Pope", "the President"
        return asked.lower().removeprefix("the "), ""
    if found and found["head"].strip() and (found["of"].strip() or asked.split(maxsplit=1)[0].lower() in _DETERMINERS):
        where = found.groupdict().get("where")
        return found["head"].strip(), f"{found['of']} {where or ''}".strip()
    return None


def bare_name(speaker: str) -> str:
    """Return a person's name without what he is of: "Karin Berg of Tarnwell"; an organisation's is left whole."""
    before, of, _ = speaker.partition(" of ")
    words_before = words(folded(before))
    return before if of and is_name(before, {}) and not _is_organisation(words_before) else speaker


def is_name(speaker: str, known: Mapping[str, int]) -> bool:
    """Tell whether a speaker is named, rather than described ("Officials", "A statement", "Ann Lee's lawyer").

    By its capitals, and by who else is quoted (``known``): where "officials" are, "Officials" is no name either.
    """
    parts = _PLACE.sub("", speaker).split()
    if parts and parts[0].lower() == "the":
        del parts[0]
    if not parts or parts[0].lower() in _NOT_FIRST or parts[0][0].isdigit():
        return False
    if not all(part != part.lower() or part in _JOINERS or part[0].isdigit() for part in parts):
        return False
    low = " ".join(parts).lower()
    if any(described in known for described in (low, *(f"{the} {low}" for the in ("the", "The", "a", "A")))):
        return False
    return parts[-1].lower() not in _NOT_FIRST and bool(name_words(speaker)) and not role_of(speaker)


def _named_among(bearers: Sequence[str], known: Mapping[str, int]) -> list[str]:
    """Return those of ``bearers`` that are named; all where none is, which were asked for by what they are."""
    return [speaker for speaker in bearers if is_name(speaker, known)] or list(bearers)


def _name_of(person: Sequence[str], quotes: Mapping[tuple[str, ...], int], known: Mapping[str, int]) -> str:
    """Return the fullest of a person's spellings that is more than a slip, and does not mean another person first.

    ``quotes`` counts those of each person with that surname.
    """
    if len(person) == 1:
        return person[0]
    fullest, most = name_words(person[0]), sum(known[spelling] for spelling in person)
    rivals = [name_words(other[0]) for other, count in quotes.items() if count >= most and other[0] != person[0]]
    for spelling in person:
        name = name_words(spelling)
        if known[spelling] >= _SLIP * most and set(name) <= set(fullest) and not any(_same(name, r) for r in rivals):
            return spelling
    return person[0]


def _persons(bearers: Sequence[str], known: Mapping[str, int]) -> list[list[str]]:
    """Put the names that may be one person's together, the fullest first; a surname alone goes to the most quoted."""
    if len(bearers) == 1:
        return [list(bearers)]
    persons: list[list[str]] = []
    names = {speaker: name_words(speaker) for speaker in bearers}
    for speaker in sorted(bearers, key=lambda speaker: (-len(names[speaker]), -known[speaker])):
        alike = [person for person in persons if _same(names[speaker], names[person[0]])]
        if alike:
            max(alike, key=lambda person: sum(known[spelling] for spelling in person)).append(speaker)
        else:
            persons.append([speaker])
    return persons


@lru_cache(maxsize=100_000)
def name_words(text: str) -> tuple[str, ...]:
    """Return a name's words, without case, accents, titles, what it is of, and possessive endings.

    What an organisation is of, and what reads as a title there, is a part of its name: "Justice Department". "Jr." goes
    with the surname: the son is not the father.
    """
    text = _PLACE.sub("", re.split(r",|\s+and\s", text, maxsplit=1)[0])
    before = re.match(r"(.*?\w)\s+of\s", text) if " of " in text else None
    if before and not _is_organisation(words(folded(before[1]))):
        text = before[1]
    parts = [folded(word) for word in words(text) if word.lower() not in ("the", "a", "an")]
    if _is_organisation(parts):
        return tuple(parts)
    parts = [part for part in parts if part not in TITLES]
    if len(parts) > 1 and parts[-1] in _GENERATIONS:
        parts[-2:] = [" ".join(parts[-2:])]
    return tuple(parts)


def _is_organisation(name: Sequence[str]) -> bool:
    return bool(name) and (name[-1] in _ORGANISATIONS or _is_of(name))


def _is_of(name: Sequence[str]) -> bool:
    """Tell whether a name is an organisation's that ends in what it is of: "Department of Health"."""
    return "of" in name and any(word == "of" and before in _ORGANISATIONS for before, word in pairwise(name))


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two names may be one person's: the last name is, and the first names do not differ.

    Organisations that end in the same word are not the same: "Labor Department", "Justice Department".
    """
    if one[-1] != other[-1]:
        return False
    if (len(one) == 1 or len(other) == 1) and not _is_of(one) and not _is_of(other):
        return True
    if _is_organisation(one) or _is_organisation(other):
        return tuple(one) == tuple(other)
    if _alike(one[0], other[0]):
        return True
    # "R. Cooper" may be Roy Cooper, "Christopher R. Cooper" is not: an initial counts where it comes first.
    ones, others = _first_names(one), _first_names(other)
    return any(_alike(first, second) for first in ones for second in others if max(len(first), len(second)) > 1)


def _first_names(name: Sequence[str]) -> list[str]:
    return [name[0], *(first for first in name[1:-1] if len(first) > 1)]


@lru_cache(maxsize=100_000)
def _alike(first: str, second: str) -> bool:
    """Tell whether two first names may be one: the same but for spelling, or the other's initial."""
    if first == second:
        return True
    if len(first) == 1 or len(second) == 1:
        return first[0] == second[0]
    # No more letters can match in their order than are in both: few pairs are worth more than counting them.
    shared = sum(min(first.count(letter), second.count(letter)) for letter in set(first))
    if 2 * shared < _ALIKE * (len(first) + len(second)):
        return False
    return SequenceMatcher(None, min(first, second), max(first, second)).ratio() >= _ALIKE  # it is not symmetric


def _why_same(name: Sequence[str], fullest: Sequence[str]) -> str:
    """Return why ``name`` was taken for the person whose fullest name is ``fullest``."""
    if name == fullest:
        return "the same name"
    if len(name) == 1:
        return "surname alone"
    shared = [(a, b) for a in name[:-1] for b in fullest[:-1] if _alike(a, b)]
    if any(a == b and len(a) > 1 for a, b in shared):
        return "same surname and first name"
    if any(len(a) > 1 and len(b) > 1 for a, b in shared):
        return "same surname, first names spelled alike"
    return "same surname, and the initial fits"


def _why_not(name: Sequence[str], fullest: Sequence[str]) -> str:
    """Return why ``name`` was not taken for the person whose fullest name is ``fullest``."""
    if name[-1] != fullest[-1]:
        return "another surname"
    return "it fits somebody who is quoted more" if _same(name, fullest) else "another first name"
