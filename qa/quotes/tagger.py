"""What was said at a cue, and by whom, as spans of its sentence: read by a small BERT that sees the cue marked.

For each cue the model gives every token four scores: that what was said starts there, that it ends there, and the same
of its source; the first token stands for "nothing". So are answers found in reading comprehension (Devlin et al. 2018,
section 4.3). It is all-MiniLM-L6-v2 trained further on PolNeAR (Newell, Margolin and Ruths, LREC 2018), where people
marked who says what in 840 articles: ``tests/benchmarks/train_tagger.py``; the model card is docs/tagger.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeddings import TokenScorer

Span = tuple[int, int]

WEIGHTS = Path(__file__).with_name("tagger.safetensors")
SHA256 = "24a4451c60ab51857f7057dccf9d2ff144cae312bd1aaf10e8570f7630967ed0"
# What its layers read, with which they compute in 8 bits: made by tests/benchmarks/measure_layers.py.
MEASURED = (
    Path(__file__).with_name("tagger_measured.safetensors"),
    "c2f62b65f38010f931346047fbcc4c1015b2fae67b0ea7acfccba311926ce0a5",
)
# The types of tokens that the model was trained with. A stand-in for a full quote is of one of two types: the model
# reads no capitals, and one that starts without goes on with the sentence before it.
PLAIN, CUE, SPEAKER, GOES_ON, STANDS_ALONE = range(5)
MOST_TOKENS = 192
SLACK = 0.25  # log odds: of ends of a quote that are nearly as likely the later one is taken, which loses nothing


class Point(NamedTuple):
    """A cue in its sentence, and what the parse shows of it, as offsets in the sentence's text."""

    text: str
    cue: Span
    speaker: Span | None
    stand_ins: Sequence[Span]


class Said(NamedTuple):
    """The likeliest words that were said at a cue, as offsets; ``odds`` are the log odds that any were.

    ``speaker`` is who said them, where the sentence names that.
    """

    start: int
    end: int
    odds: float
    speaker: Span | None


def read(points: Sequence[Point]) -> list[Said | None]:
    """Return what was said at each point; None for a sentence without words."""
    if not points:
        return []
    scorer = _scorer()
    inputs = [
        windowed(ids, offsets, token_types(point, offsets))
        for point, (ids, offsets) in zip(points, scorer.tokens([point.text for point in points]), strict=True)
    ]
    scores = scorer.scores([ids for ids, _, _ in inputs], [types for _, _, types in inputs])
    return [_said(score, offsets) for score, (_, offsets, _) in zip(scores, inputs, strict=True)]


@lru_cache(maxsize=1)
def _scorer() -> TokenScorer:
    return TokenScorer(WEIGHTS, SHA256, measured=MEASURED)


def token_types(point: Point, offsets: Sequence[Span]) -> list[int]:
    """Return the type of each token; the cue's outweighs all others."""
    types = [PLAIN] * len(offsets)

    def mark(span: Span | None, kind: int) -> None:
        for i, (start, end) in enumerate(offsets):
            if span and start < end and start < span[1] and span[0] < end:
                types[i] = kind

    for start, end in point.stand_ins:
        mark((start, end), GOES_ON if point.text[start + 1].islower() else STANDS_ALONE)
    mark(point.speaker, SPEAKER)
    mark(point.cue, CUE)
    return types


def windowed(ids: list[int], offsets: list[Span], types: list[int]) -> tuple[list[int], list[Span], list[int]]:
    """Return the tokens around the cue, with the special ones at both ends, where the model cannot read them all."""
    if len(ids) <= MOST_TOKENS:
        return ids, offsets, types
    cue = types.index(CUE) if CUE in types else 0
    first = max(1, min(cue - MOST_TOKENS // 3, len(ids) + 1 - MOST_TOKENS))
    kept = [0, *range(first, first + MOST_TOKENS - 2), len(ids) - 1]
    return [ids[i] for i in kept], [offsets[i] for i in kept], [types[i] for i in kept]


def _said(scores: NDArray[np.float32], offsets: Sequence[Span]) -> Said | None:
    if len(scores) < 3:
        return None
    first, last, odds = _likeliest(scores[:, 0], scores[:, 1], slack=SLACK)
    source_first, source_last, source_odds = _likeliest(scores[:, 2], scores[:, 3])
    speaker = (offsets[source_first][0], offsets[source_last][1]) if source_odds > 0 else None
    return Said(offsets[first][0], offsets[last][1], odds, speaker)


def _likeliest(starts: NDArray[np.float32], ends: NDArray[np.float32], slack: float = 0.0) -> tuple[int, int, float]:
    """Return the first and the last token of the likeliest span, and its log odds against there being none.

    Of spans that are as likely but for ``slack`` the longest is meant.
    """
    both = np.triu(starts[1:-1, None] + ends[None, 1:-1]) + np.tril(np.full((len(starts) - 2,) * 2, -np.inf), -1)
    firsts, lasts = np.nonzero(both >= both.max() - slack)
    longest = int((lasts - firsts).argmax())
    return int(firsts[longest]) + 1, int(lasts[longest]) + 1, float(both.max() - starts[0] - ends[0])
