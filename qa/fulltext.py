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

# How long texts are on average, and which words are common, is told by so many of them.
_SAMPLE = 10_000
# A word that so many of those hold is as common among all, within a few hundredths of its rarity.
_COMMON = 50


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
            if known and known.sample < rows and abs(rows - known.rows) <= known.rows // 100:
                known.state = state  # what is told by so many hardly changes
            else:
                some = self._in.query(PASSAGES, "", ["words", "title_words"], limit=_SAMPLE)
                counted = [[entity[key].split() for entity in some] for key in ("words", "title_words")]
                held, title_held = (Counter(word for words in own for word in set(words)) for own in counted)
                words, title_words = (sum(map(len, own)) / len(some) if some else 0.0 for own in counted)
                known = _Statistics(state, rows, len(some), words or 1.0, title_words or 1.0, held, title_held)
                self._statistics = known
        return known
