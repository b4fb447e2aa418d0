"""What recurs: paragraphs that a source puts under articles on anything, and articles that nearly repeat another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.articles import Article
from qa.passages import Passage, Span, paragraph_spans

Lines = NDArray[np.uint64]
Sketch = NDArray[np.uint32]

# A paragraph of at least so many words, in at least so many articles of a source that have on average less than this
# cosine (of their titles) with each other, is no part of what they are about. Read on 7,090 different articles
# (tests/benchmarks/repeats.py): below 0.3 nearly all are sign-ups, credits and links, above 0.4 half of them are facts.
_WORDS = 4
_ARTICLES = 3
_UNLIKE = 0.3

_SHINGLE = 5
_PERMUTATIONS = 128
# 32 keys of 4 numbers find 1 - (1 - 0.5 ** 4) ** 32 = 0.87 of the pairs of which half of the shingles are the same, and
# 0.99 of those of which 0.6 are.
_KEY = 4
_SAME = 0.5
_NOTHING = 2**32 - 1  # each of the numbers of a sketch without a shingle


def hashed_lines(article: Article) -> Iterator[tuple[int, Span]]:
    """Yield a number for each paragraph (of the same source and words the same), and where it stands."""
    for start, end in paragraph_spans(article.text, article.body):
        words = re.findall(r"\w+", article.text[start:end].lower())
        if len(words) >= _WORDS:
            key = f"{(article.source or '').lower()}\n{' '.join(words)}"
            yield int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little"), (start, end)


def recurring(lines: Sequence[Lines], titles: NDArray[np.float32]) -> frozenset[int]:
    """Return the numbers of the paragraphs that recur in articles with nothing else in common.

    ``lines`` are the numbers of each article's paragraphs, ``titles`` (len(lines), dimension) their titles' vectors.
    """
    if not lines:
        return frozenset()
    of_article = np.repeat(np.arange(len(lines)), [len(own) for own in lines])
    numbers, places, counts = np.unique(np.concatenate(lines), return_inverse=True, return_counts=True)
    often = counts >= _ARTICLES
    chosen = often[places]
    column = (np.cumsum(often) - 1)[places[chosen]]
    norms = np.linalg.norm(titles, axis=1, keepdims=True)
    units = titles / np.where(norms == 0, 1, norms)
    sums = np.zeros((int(often.sum()), titles.shape[1]), dtype=np.float32)
    np.add.at(sums, column, units[of_article[chosen]])
    n = counts[often].astype(np.float32)
    # The sum of all pairs' cosines is what the squared length of the sum has beside those of each with itself.
    likeness = (np.einsum("ij,ij->i", sums, sums) - n) / (n * (n - 1))
    return frozenset(numbers[often][likeness < _UNLIKE].tolist())


def boilerplate(article: Article, numbers: Collection[int]) -> tuple[Span, ...]:
    """Return where the paragraphs of ``numbers`` stand in an article."""
    return tuple(span for number, span in hashed_lines(article) if number in numbers)


def sketched(passages: Sequence[Passage]) -> Sketch:
    """Return a MinHash (Broder 1997) of an article's shingles of five words: (128,)."""
    from datasketch import MinHash

    words = [word for passage in passages for word in re.findall(r"\w+", passage.text.lower())]
    shingles = {" ".join(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1))}
    sketch: Any = MinHash(_PERMUTATIONS, seed=1)
    if words:
        sketch.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return np.asarray(sketch.hashvalues, dtype=np.uint32)


def near_copies(sketches: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return for each of the sketches (n, 128) the number of its group: two are in one if half of their shingles are.

    Groups chain: the first and the third version of a story are in one by way of the second.
    """
    count = len(sketches)
    found: list[NDArray[np.int64]] = []
    for first in range(0, _PERMUTATIONS if count else 0, _KEY):
        keys = np.ascontiguousarray(sketches[:, first : first + _KEY]).view(f"V{4 * _KEY}").reshape(-1)
        _, group = np.unique(keys, return_inverse=True)
        order = np.argsort(group, kind="stable")
        together = group[order[1:]] == group[order[:-1]]
        starts = np.flatnonzero(np.r_[True, ~together])
        begins = order[starts[np.cumsum(np.r_[True, ~together]) - 1]]
        for others in (order[:-1][together], begins[1:][together]):
            found.append(np.stack([others, order[1:][together]], axis=1))
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), dtype=np.int64)
    said = (sketches != _NOTHING).any(axis=1)  # articles without a passage have nothing in common
    same = ((sketches[pairs[:, 0]] == sketches[pairs[:, 1]]).mean(axis=1) >= _SAME) & said[pairs[:, 0]]
    if not same.any():
        return np.arange(count)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    a, b = pairs[same].T
    _, labels = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(count, count)), directed=False)
    return np.asarray(labels, dtype=np.int64)
