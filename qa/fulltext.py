"""What Milvus finds by words, scored as `embeddings.LexicalIndex` scores it.

Milvus' own scores are no part of anything, so that those of two questions do not compare, and may go by one segment's
words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from embeddings.lexical import MOST, TITLE, kept_length, rarity, saturation
from qa.collections import Collections
from qa.entities import PASSAGES, Entity

# How long texts are on average, and which words are common, is told by about so many of them; where these are more than
# Milvus gives at once, they are asked for by the first letter of their ids, which are hashes. A word that some of these
# hold is as common among all, within a few hundredths of its rarity.
_SAMPLE, _LETTERS, _MOST_AT_ONCE, _COMMON = 100_000, "0123456789abcdef", 16_384, 50
# In a library of more passages, what was counted holds until one in a hundred has changed.
_MANY = 10_000


@dataclass
class _Statistics:
    """What BM25 goes by in one state of the articles.

    ``rows`` passages there are, of which a ``sample`` was counted: their average words, and how many hold each word,
    in text and title. ``rare`` is how rare words are that were asked for, in texts and in titles.
    """

    state: str
    rows: int
    sample: int
    words: float
    title_words: float
    holding: Counter[str]
    title_holding: Counter[str]
    rare: dict[str, tuple[float, float]] = field(default_factory=dict)


class Words:
    """How rare words are in the passages of a library."""

    def __init__(self, collections: Collections) -> None:
        self._in = collections
        self._statistics: _Statistics | None = None

    def shares(self, asked: Sequence[str], found: Mapping[str, Entity], state: str) -> dict[str, float]:
        """Return what each of the passages that were ``found`` scores for the words ``asked``.

        ``state`` names the present state of the articles.
        """
        shares = dict.fromkeys(found, 0.0)
        if not asked or not found or not self._in.fulltext:
            return shares
        known = self._known(state)
        new = [word for word in asked if word not in known.rare]
        with ThreadPoolExecutor(8) as pool:
            known.rare |= zip(new, pool.map(lambda word: self._rarity(known, word), new), strict=True)
        for id_, entity in found.items():
            for key, average, weight in (("words", known.words, 1.0), ("title_words", known.title_words, TITLE)):
                words = entity[key].split()
                times, length = Counter(words), kept_length(len(words))
                for word in asked:
                    rare = known.rare[word][key == "title_words"]
                    shares[id_] += weight * rare * saturation(times[word], length, average)
        most = MOST * sum(known.rare[word][0] for word in asked)
        return {id_: share / most for id_, share in shares.items()}

    def _rarity(self, known: _Statistics, word: str) -> tuple[float, float]:
        """Return how rare a word is among the passages' texts, and among their titles.

        Where not all were counted, Milvus tells the first of rare words by its score of the best passage for one alone.
        """
        sampled, titled = known.holding[word], known.title_holding[word]
        rare, title_rare = (rarity(known.rows, held * known.rows // max(known.sample, 1)) for held in (sampled, titled))
        if known.sample < known.rows and sampled < _COMMON:
            for best in self._in.nearest("bm25", word, 1, "").values():
                words = best["words"].split()
                rare = abs(best["score"]) / (saturation(words.count(word), len(words), known.words) or 1.0)
        return rare, title_rare

    def _known(self, state: str) -> _Statistics:
        known = self._statistics
        if known is None or known.state != state:
            rows = self._in.count(PASSAGES)
            if known and known.rows > _MANY and abs(rows - known.rows) <= known.rows // 100:
                known.state = state
            else:
                known = self._statistics = self._counted(state, rows)
        return known

    def _counted(self, state: str, rows: int) -> _Statistics:
        sample = words = title_words = 0
        held, title_held = Counter[str](), Counter[str]()
        parts = [f'id >= "{letter}" and id < "{letter}g"' for letter in _LETTERS] if rows > _MOST_AT_ONCE else [""]
        for within in parts:
            for entity in self._in.query(PASSAGES, within, ["words", "title_words"], limit=_MOST_AT_ONCE):
                own, of_title = entity["words"].split(), entity["title_words"].split()
                held.update(set(own))
                title_held.update(set(of_title))
                words, title_words, sample = words + len(own), title_words + len(of_title), sample + 1
            if sample >= _SAMPLE:
                break
        average, title_average = words / max(sample, 1), title_words / max(sample, 1)
        return _Statistics(state, rows, sample, average or 1.0, title_average or 1.0, held, title_held)
