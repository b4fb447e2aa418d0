"""What recurs in RealTimeQA's articles: python tests/benchmarks/repeats.py INDEX

INDEX is an index of the articles of ../shared/data/realtimeqa (`python -m qa index`). Prints which near copies MinHash
and the mean vectors of articles find, of those that half and more of the shingles make; and, to be read by eye, what
paragraphs recur, by how like each other the articles are in which they do.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from qa.articles import Article
from qa.embedded import EmbeddedStore
from qa.passages import Passage
from qa.repeats import hashed_lines, near_copies

Pair = tuple[int, int]


def shingles(passages: list[Passage]) -> set[str]:
    words = [word for passage in passages for word in re.findall(r"\w+", passage.text.lower())]
    return {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))}


def jaccards(sets: list[set[str]]) -> dict[Pair, float]:
    """Of all pairs that share a tenth of their shingles, those shared by at most thirty articles."""
    holding = defaultdict(list)
    for number, own in enumerate(sets):
        for shingle in own:
            holding[shingle].append(number)
    shared = Counter(
        pair for numbers in holding.values() if 2 <= len(numbers) <= 30 for pair in itertools.combinations(numbers, 2)
    )
    few = {pair for pair, count in shared.items() if count >= 0.1 * min(len(sets[place]) for place in pair)}
    return {(a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in few}


def compare_near_copies(store: EmbeddedStore, ids: list[str], sketches: np.ndarray) -> None:
    made = [found for found in map(store.get, ids) if found]
    truth = jaccards([shingles(own.passages) for own in made])
    means = np.array([own.passage_vectors.mean(axis=0) if own.passages else np.zeros(384) for own in made])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    groups = near_copies(sketches)
    same = {pair for n in Counter(groups.tolist()) for pair in itertools.combinations(np.flatnonzero(groups == n), 2)}
    found = {"MinHash, 0.5": {(int(a), int(b)) for a, b in same}}
    cosines = np.triu(means @ means.T, 1)
    for least in (0.97, 0.98, 0.99):
        found[f"mean vectors, {least}"] = {(int(a), int(b)) for a, b in np.argwhere(cosines >= least)}
    for least in (0.5, 0.6, 0.7):
        wanted = {pair for pair, share in truth.items() if share >= least}
        print(f"{len(wanted)} pairs have {least} of their shingles in common")
        for name, pairs in found.items():
            print(f"  {name}: {len(pairs & wanted)} of them, and {len(pairs - wanted)} other pairs")


def show_recurring(articles: list[Article], titles: np.ndarray) -> None:
    where, texts = defaultdict(set), {}
    for number, article in enumerate(articles):
        for line, (start, end) in hashed_lines(article):
            where[line].add(number)
            texts[line] = article.text[start:end]
    by_likeness = defaultdict(list)
    for line, numbers in where.items():
        if len(numbers) >= 3:
            rows = titles[sorted(numbers)]
            n = len(rows)
            likeness = (np.square(rows.sum(axis=0)).sum() - n) / (n * (n - 1))
            by_likeness[min(int(10 * max(likeness, 0)), 5)].append(line)
    rng = random.Random(1)
    for tenth, lines in sorted(by_likeness.items()):
        print(f"{len(lines)} paragraphs recur in articles of a mean cosine from {tenth / 10}")
        for line in rng.sample(lines, min(8, len(lines))):
            print(f"  in {len(where[line])}: {texts[line][:110]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    options = parser.parse_args()
    store = EmbeddedStore(options.index)
    compared = store.compared()
    articles = store.articles()
    by_id = {article.id: article for article in articles}
    print(f"{len(articles)} different texts, {sum(bool(a.boilerplate) for a in articles)} with boilerplate that recurs")
    show_recurring([by_id[article_id] for article_id in compared.ids], compared.titles)
    compare_near_copies(store, compared.ids, compared.sketches)


if __name__ == "__main__":
    main()
