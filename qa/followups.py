"""A follow-up and the turns before it -> a question that can be read by itself.

This is the one place where a conversation is looked at. What comes out is a question in words, so that it can be shown
to whoever asked, and everything after this place reads it like any other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from qa.answers import Answer
from qa.questions import parse_question, speaker_span

_HE = re.compile(r"he|she|him|her", re.IGNORECASE)
# "What do they say about Syria?" may ask for the articles: only after an answer about a speaker is that the speaker.
_THEY = re.compile(r"they|them|it", re.IGNORECASE)
_AND_ABOUT = re.compile(r"(?:and|but|also)\s+(?P<rest>(?:about|on|regarding|concerning)\s+\S.*)", re.I | re.DOTALL)


class NobodyMeantError(ValueError):
    """A follow-up stands for somebody whom no turn before it names; the message says so to a person."""


def made_whole(question: str, history: Sequence[Answer]) -> str:
    """Return ``question`` with what it takes from the ``history`` (oldest first) put in its place.

    A pronoun that is asked to have said something stands for the speaker of the latest answer about one, whatever the
    speaker's gender: "what else did he say?"; "and about Assad?" asks for that speaker, too. Raises NobodyMeantError
    where there is none.
    """
    rest = _AND_ABOUT.fullmatch(question)
    if rest:
        return f"what did {_speaker('and', history)} say {rest['rest']}"
    span = speaker_span(question)
    pronoun = question[slice(*span)] if span else ""
    if span and (_HE.fullmatch(pronoun) or (_THEY.fullmatch(pronoun) and _latest(history))):
        return question[: span[0]] + _speaker(pronoun, history) + question[span[1] :]
    return question


def _speaker(word: str, history: Sequence[Answer]) -> str:
    speaker = _latest(history)
    if speaker is None:
        raise NobodyMeantError(
            f"{'Who is meant?' if word == 'and' else f'Who is “{word}”?'} "
            "Name the speaker, as in “what did Lavrov say about al-Qaida?”"
        )
    return speaker


def _latest(history: Sequence[Answer]) -> str | None:
    """Return the speaker of the latest answer about one, also of one that was refused."""
    for answer in reversed(history):
        named = Counter(statement.speaker for statement in answer.statements if statement.speaker)
        speaker = named.most_common(1)[0][0] if named else parse_question(answer.understood or answer.question).speaker
        if speaker:
            return speaker
    return None
