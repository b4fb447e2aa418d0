"""The model that reads what was said at a cue: what it is given, how its scores are read, and that it is the one."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest
from conftest import ROOT

from embeddings import TokenScorer
from qa.quotes import tagger
from qa.quotes.tagger import CUE, GOES_ON, MOST_TOKENS, PLAIN, SPEAKER, STANDS_ALONE, Point, token_types, windowed


def test_the_cue_outweighs_the_speaker_and_special_tokens_stay_plain() -> None:
    text = "Lopez said it."
    offsets = [(0, 0), (0, 5), (6, 10), (11, 13), (13, 14), (0, 0)]
    assert token_types(Point(text, (6, 10), (0, 10), []), offsets) == [PLAIN, SPEAKER, CUE, PLAIN, PLAIN, PLAIN]


def test_a_stand_in_that_starts_with_a_small_letter_goes_on_with_its_sentence() -> None:
    text = "He said, “it is so.” “It is so.”"
    offsets = [(0, 2), (3, 7), (9, 20), (21, 32)]
    point = Point(text, (3, 7), None, [(9, 20), (21, 32)])
    assert token_types(point, offsets) == [PLAIN, CUE, GOES_ON, STANDS_ALONE]


@pytest.mark.parametrize(("cue", "first"), [(1, 1), (150, 86), (298, 109)])
def test_of_a_long_sentence_the_words_around_the_cue_are_read(cue: int, first: int) -> None:
    ids = list(range(300))
    offsets = [(i, i + 1) for i in range(300)]
    types = [CUE if i == cue else PLAIN for i in range(300)]
    kept, places, kinds = windowed(ids, offsets, types)
    assert len(kept) == len(places) == len(kinds) == MOST_TOKENS
    assert (kept[0], kept[1], kept[-2], kept[-1]) == (0, first, first + MOST_TOKENS - 3, 299)
    assert kept[kinds.index(CUE)] == cue


def test_a_short_sentence_is_read_whole() -> None:
    assert windowed([1, 2], [(0, 1), (1, 2)], [CUE, PLAIN]) == ([1, 2], [(0, 1), (1, 2)], [CUE, PLAIN])


def test_of_spans_that_are_nearly_as_likely_the_longest_is_taken() -> None:
    starts = np.array([0.0, 5.0, 0.0, 0.0, 0.0], dtype=np.float32)
    ends = np.array([0.0, 0.0, 6.0, 5.9, 0.0], dtype=np.float32)
    assert tagger._likeliest(starts, ends) == (1, 2, 11.0)
    assert tagger._likeliest(starts, ends, slack=0.25) == (1, 3, 11.0)


def test_the_likeliest_span_never_ends_before_it_starts() -> None:
    starts = np.array([1.0, 0.0, 0.0, 9.0, 0.0], dtype=np.float32)
    ends = np.array([2.0, 8.0, 0.0, 5.0, 0.0], dtype=np.float32)
    assert tagger._likeliest(starts, ends) == (3, 3, 11.0)


def test_where_nothing_is_likelier_the_odds_are_below_0() -> None:
    starts = np.array([5.0, 1.0, 0.0, 0.0], dtype=np.float32)
    ends = np.array([5.0, 0.0, 2.0, 0.0], dtype=np.float32)
    assert tagger._likeliest(starts, ends) == (1, 2, -7.0)


def test_no_sentences_are_read_without_the_model() -> None:
    assert tagger.read([]) == []


def test_the_weights_that_ship_are_those_that_are_described() -> None:
    assert hashlib.sha256(tagger.WEIGHTS.read_bytes()).hexdigest() == tagger.SHA256
    assert tagger.WEIGHTS.stat().st_size < 25_000_000


def test_other_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tagger.safetensors' is damaged: install this program again"):
        TokenScorer(tagger.WEIGHTS, "0" * 64).scores([[101, 102]], [[0, 0]])


@pytest.mark.model
def test_in_8_bits_it_reads_what_it_reads_without(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where the processor has no VNNI, these are the same model, and this says nothing.
    text = (ROOT / "seeds" / "lavrov-us-should-back-syrias-assad.txt").read_text()
    sentences = [s for s in re.split(r"(?<=[.”\"])\s+|\n+", text) if re.search(r"\bsaid\b", s)]
    points = [Point(s, m.span(), None, []) for s in sentences for m in re.finditer(r"\bsaid\b", s)]
    assert len(points) > 5
    rounded = tagger.read(points)
    monkeypatch.setattr(tagger, "_scorer", lambda: TokenScorer(tagger.WEIGHTS, tagger.SHA256))
    for one, other in zip(rounded, tagger.read(points), strict=True):
        assert one is not None
        assert other is not None
        assert (one.start, one.end, one.speaker) == (other.start, other.end, other.speaker)
        assert one.odds == pytest.approx(other.odds, abs=1)


@pytest.mark.model
def test_what_was_said_and_by_whom_is_read_off_the_sentence() -> None:
    text = "The bridge, Maria Lopez said on Monday, would have to be closed, which surprised nobody in Oslo."
    cue = text.index("said")
    (said,) = tagger.read([Point(text, (cue, cue + 4), None, [])])
    assert said is not None
    assert said.speaker is not None
    assert text[said.start : said.end].startswith("The bridge")
    assert text[slice(*said.speaker)] == "Maria Lopez"
    assert said.odds > 0


@pytest.mark.model
def test_a_sentence_is_read_alike_alone_and_among_others() -> None:
    points = [
        Point("Maria Lopez said the bridge was old.", (12, 16), (0, 11), []),
        Point("He walked home and said nothing to anybody " * 40, (19, 23), (0, 2), []),
        Point("Said.", (0, 4), None, []),
    ]
    together = tagger.read(points)
    for point, said in zip(points, together, strict=True):
        (alone,) = tagger.read([point])
        assert said is not None
        assert alone is not None
        assert (alone.start, alone.end, alone.speaker) == (said.start, said.end, said.speaker)
