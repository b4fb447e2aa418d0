"""Which words of a passage answer a question: read by a small BERT that sees both at once.

For each token of a passage the model scores that the answer starts there, and that it ends there; the first token
stands for "this passage does not answer" (Devlin et al. 2018, section 4.3). It is all-MiniLM-L6-v2 trained further:
``tests/benchmarks/train_reader.py``; the model card is docs/reader.md.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from embeddings import MiniLMSpanScorer, SpanScorer, SpanScores

WEIGHTS = Path(__file__).with_name("reader.safetensors")
SHA256 = "c24b0727c197fdd2e091606ccee094825f85e33730ea4b1d41724a3d1ee820fe"
# No answer is longer: those that people marked have 3 words (median), one in a hundred has more than 20.
_MOST_TOKENS = 30
# What each further token of a span takes from its log odds: since start and end are scored apart, the start of one
# answer and the end of another make a long one that is likelier than it should be. Measured in docs/reader.md.
_PER_TOKEN = 0.1
# What `ReadingReranker` gives a text without a word, and what it counts the score by which a text was found.
_MOST_ODDS, _BY_FOUND = 20.0, 40.0
# What words hold that answer for a number or a date.
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_HOLD = {
    "number": re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|"
        r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|hundreds?|thousands?|"
        r"[mbtr]+illions?|dozens?|half|third|quarter|once|twice|both|none|zero|several)\b",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"\b\d{{4}}|\d(?:[:/]\d|st|nd|rd|th|\s*[ap]\.?m)|\b(?:{_MONTHS}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|\w+day|today|tomorrow|tonight|last|next|this|"
        r"ago|since|after|before|during|until|spring|summer|autumn|fall|winter|morning|evening|night|weeks?|months?|years?|"
        r"decades?|centur(?:y|ies)|Christmas|Easter)\b",
        re.IGNORECASE,
    ),
}


class Span(NamedTuple):
    """Words that may answer, as offsets in the text that was read.

    ``odds`` are the log odds that they do, against the text's having no answer: above 0 the reader would give them.
    """

    start: int
    end: int
    odds: float


class Reading:
    """One text, read for the answer to a question; ``several``: for one that may name several things."""

    def __init__(self, scores: SpanScores, *, several: bool = False) -> None:
        self._starts = np.array([start for start, _ in scores.offsets], dtype=np.int64)
        self._ends = np.array([end for _, end in scores.offsets], dtype=np.int64)
        self._odds = scores.starts[:, None] + scores.ends[None, :] - scores.nothing
        length = np.arange(len(self._starts))[None, :] - np.arange(len(self._starts))[:, None]
        self._odds -= 0.0 if several else _PER_TOKEN * length
        self._odds[(length < 0) | (length >= _MOST_TOKENS)] = -np.inf

    def best(self, start: int, end: int) -> Span | None:
        """Return the likeliest span within ``text[start:end]``; None where that holds no token."""
        first, last = np.searchsorted(self._starts, start), np.searchsorted(self._ends, end, side="right")
        if first >= last:
            return None
        odds = self._odds[first:last, first:last]
        row, column = divmod(int(odds.argmax()), int(last - first))
        return Span(int(self._starts[first + row]), int(self._ends[first + column]), float(odds[row, column]))


class SpanReader:
    """Reads passages for the answer to a question."""

    def __init__(self, scorer: SpanScorer | None = None) -> None:
        self._scorer = scorer or MiniLMSpanScorer(WEIGHTS, SHA256)

    def read(self, question: str, texts: Sequence[str], *, several: bool = False) -> list[Reading]:
        """Return what was read, in the order of ``texts``; ``several``: for an answer that may name several things."""
        found = self._scorer.scores(question, texts) if texts else []
        return [Reading(scores, several=several) for scores in found]

    def best(self, question: str, texts: Sequence[str]) -> list[Span | None]:
        """Return the likeliest span of each text, in their order; None for one without a word."""
        return [reading.best(0, len(text)) for reading, text in zip(self.read(question, texts), texts, strict=True)]


class ReadingReranker:
    """A reader as a `Reranker`: what it finds in a text, and how well the text was found."""

    def __init__(self, reader: SpanReader) -> None:
        self._reader = reader

    def scores(self, question: str, texts: Sequence[str], found: Sequence[float]) -> list[float]:
        """Return the log odds of the likeliest span of each text, and 40 times the score by which it was found."""
        return [
            (span.odds if span else -_MOST_ODDS) + _BY_FOUND * score
            for span, score in zip(self._reader.best(question, texts), found, strict=True)
        ]


def fits(kind: str, text: str) -> bool:
    """Tell whether ``text`` can answer what asks for a number, a date, a person, a place or else (see `Question`)."""
    if kind in ("person", "place"):
        return any(map(str.isupper, text))
    return kind not in _HOLD or _HOLD[kind].search(text) is not None


def normalised(text: str) -> str:
    """Return ``text`` as SQuAD's evaluation compares it (Rajpurkar et al. 2016), with a space at both ends.

    That is in lower case, without punctuation and without a, an, the. One text holds another as whole words where its
    normal form holds the other's.
    """
    plain = _APART.sub(" ", _THOUSANDS.sub("", text.lower()))
    return " " + " ".join(word for word in plain.split() if word not in ("a", "an", "the")) + " "


# Unlike there, punctuation parts words ("Biden" is in "Biden's"), and "5" is not in "5.033".
_THOUSANDS = re.compile(r"(?<=\d),(?=\d)")
_APART = re.compile(r"\.(?!\d)|(?<!\d)\.|[" + re.escape((string.punctuation + "“”‘’–—").replace(".", "")) + "]")
