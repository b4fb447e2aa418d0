"""The names under which people are quoted: which of them are one person's, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from qa.questions import stem, words
from qa.quotes.speakers import TITLES

# "NPR's CEO", "the new head of the Army": a speaker who is asked for by what he is.
_POSSESSED = re.compile(r"(?P<of>.+?)['’]s?\s+(?P<head>[A-Z]{2,5}|[^A-Z]+)")
_PLAIN_ROLE = re.compile(r"(?i:(?:the|a|an|his|her|their)\s+)?(?P<of>(?:[A-Z]\S*\s+)*)(?P<head>[a-z][^A-Z]*)")
_DETERMINERS = ("the", "a", "an", "his", "her", "their")
_OF = re.compile(r"(?:(?:the|a|an)\s+)?(?P<head>[a-z][\w -]*?)\s+(?:of|for|at|in)\s+(?P<of>.+)")


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


def names_meant(asked: str, known: Mapping[str, int]) -> list[Name]:
    """Return the names in ``known`` (name -> number of quotes) that ``asked`` may mean, the person meant first.

    "Lavrov" means Sergei, Sergey and plain Lavrov: one person, however spelled. Of two persons with the name that is
    asked for, the one who is quoted more is meant; a surname alone is the one's who is quoted more, too. Empty where
    nobody is meant, or where ``asked`` is a role.
    """
    wanted = name_stems(asked)
    if not wanted or role_of(asked):
        return []
    stems = {speaker: name_stems(speaker) for speaker in known}
    bearers = [speaker for speaker, name in stems.items() if name and name[-1] == wanted[-1]]
    if bearers:
        maybe = {speaker for speaker in bearers if _same(wanted, stems[speaker])}
    else:  # "Xi", "Boris": a name that does not come last
        bearers = [s for s, name in stems.items() if len(wanted) == 1 and len(name) > 1 and wanted[0] in name]
        maybe = set(bearers)
    meant = [person for person in _persons(bearers, stems, known) if person[0] in maybe]
    if not meant:
        return []
    chosen = max(meant, key=lambda person: sum(known[speaker] for speaker in person))
    fullest = stems[chosen[0]]
    first = "the fullest spelling" if len(fullest) > 1 or len(wanted) == 1 else "surname alone"
    reasons = [first, *(_why_same(stems[speaker], fullest) for speaker in chosen[1:])]
    taken = [Name(speaker, known[speaker], True, why) for speaker, why in zip(chosen, reasons, strict=True)]
    others = sorted(maybe.difference(chosen), key=lambda speaker: (-known[speaker], speaker))
    return taken + [Name(speaker, known[speaker], False, _why_not(stems[speaker], fullest)) for speaker in others]


def matching_speakers(asked: str, known: Mapping[str, int]) -> list[str]:
    """Return the names in ``known`` that are taken for the person who is asked for; see `names_meant`."""
    return [name.spelling for name in names_meant(asked, known) if name.same]


def role_of(asked: str) -> tuple[str, str] | None:
    """Split a role ("Italy's foreign minister", "the head of the Army") into what it is and whose; None for a name."""
    found = _POSSESSED.fullmatch(asked) or _OF.fullmatch(asked) or _PLAIN_ROLE.fullmatch(asked)
    if not found and asked and not name_stems(asked):  # "the Pope", "the President"
        return asked.lower().removeprefix("the "), ""
    if found and found["head"].strip() and (found["of"].strip() or asked.split(maxsplit=1)[0].lower() in _DETERMINERS):
        return found["head"].strip(), found["of"].strip()
    return None


def _persons(bearers: Sequence[str], stems: Mapping[str, Sequence[str]], known: Mapping[str, int]) -> list[list[str]]:
    """Put the names that may be one person's together, the fullest first; a surname alone goes to the most quoted."""
    persons: list[list[str]] = []
    for speaker in sorted(bearers, key=lambda speaker: (-len(stems[speaker]), -known[speaker])):
        alike = [person for person in persons if _same(stems[speaker], stems[person[0]])]
        if alike:
            max(alike, key=lambda person: sum(known[spelling] for spelling in person)).append(speaker)
        else:
            persons.append([speaker])
    return persons


@lru_cache(maxsize=100_000)
def name_stems(text: str) -> tuple[str, ...]:
    """Return the stems of a name's words, without titles, what it is of, and possessive endings."""
    text = re.sub(r"(?<=\w)\s+of\s.*|\s+and\s.*|,.*", "", text)
    parts = [word for word in words(text) if word.lower() not in TITLES and word.lower() not in ("the", "a", "an")]
    return tuple(stem(word) for word in parts)


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two names may be one person's: the last name is, and the first names do not differ."""
    if one[-1] != other[-1]:
        return False
    if len(one) == 1 or len(other) == 1:
        return True
    return any(_alike(first, second) for first in one[:-1] for second in other[:-1])


def _alike(first: str, second: str) -> bool:
    """Tell whether two first names may be one: the same but for spelling, or the other's initial."""
    if len(first) == 1 or len(second) == 1:
        return first[0] == second[0]
    return SequenceMatcher(None, first, second).ratio() >= 0.8


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
