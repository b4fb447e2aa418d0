"""Time retrieval over many passages: python tests/benchmarks/speed.py ../shared/data INDEX 70000 300000

INDEX is an index of RealTimeQA's articles, as tests/benchmarks/retrieval.py leaves one. Its passages are put in a store
of each size, where they are too few once more under other names with some noise on their vectors. Prints what a
question takes, encoding included, and what float16 and eight bits find of what float32 finds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from statistics import fmean, median

import faiss
import numpy as np
from answers import read_jsonl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from embeddings import FaissIndex, MiniLMEncoder
from embeddings.encoder import Vectors
from qa.embedded import EmbeddedStore
from qa.retrieval import search, search_many
from qa.store import Prepared


def held(index: Path, size: int) -> Iterator[Prepared]:
    """Articles with ``size`` passages in all: those of an index, over and over under new names, without quotes."""
    store, none = EmbeddedStore(index), np.empty((0, 384), np.float32)
    title, lines, sketch = np.zeros(384, np.float32), np.zeros(0, np.uint64), np.zeros(128, np.uint32)
    made = [own for article in store.articles() if (own := store.get(article.id))]
    if not made:
        raise ValueError(f"{str(index)!r} holds no articles: make it by tests/benchmarks/retrieval.py")
    number = 0
    for copy in count():
        for own in made:
            noise = copy * 0.01 * np.random.default_rng(1).normal(size=own.passage_vectors.shape)
            vectors = (own.passage_vectors + noise).astype(np.float32)
            text = own.article.text + copy * "\n"  # the same text would be a copy, without passages
            path = f"{copy}/{own.article.path}"
            other = replace(own.article, id=f"{own.article.id}-{copy}", path=path, text=text)
            passages = [replace(passage, article=other) for passage in own.passages]
            yield Prepared(other, path, passages, vectors, [], none, title, lines, sketch)
            number += len(passages)
            if number >= size:
                return


def filled(index: Path, folder: Path, size: int) -> tuple[EmbeddedStore, Vectors]:
    """A store of ``size`` passages, without quotes, and their vectors."""
    store = EmbeddedStore(folder)
    store.clear(made_for="this measurement")
    kept: list[Vectors] = []
    for made in held(index, size):
        store.replace_article(made)
        kept.append(made.passage_vectors)
    return store, np.concatenate([vectors for vectors in kept if len(vectors)])


def timed(ask: Callable[[str], object], questions: list[str]) -> str:
    times = []
    for question in questions:
        started = time.perf_counter()
        ask(question)
        times.append(1000 * (time.perf_counter() - started))
    return f"{median(times):.1f} ms (95%: {sorted(times)[int(0.95 * len(times))]:.1f})"


def first_ids(index: FaissIndex, query: Vectors) -> list[int]:
    return [row for row, _ in index.search(query, 100)]


def nearest_ids(index: faiss.Index, query: Vectors) -> list[int]:
    ids: list[int] = index.search(query[None], 100)[1][0].tolist()
    return ids


def compare(vectors: Vectors, queries: Vectors) -> None:
    """Print for each way to keep the vectors what a search takes, and what part of float32's first ones it finds."""
    width, kinds = vectors.shape[1], faiss.ScalarQuantizer
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    exact: list[set[int]] = []
    for name in ("float32", "QT_fp16", "QT_bf16", "QT_8bit", "FaissIndex"):
        product = faiss.METRIC_INNER_PRODUCT
        began = time.perf_counter()
        if name == "FaissIndex":
            index = FaissIndex(range(len(rows)), rows)
            look = partial(first_ids, index)
        else:
            quantizer = getattr(kinds, name, None)
            kept = faiss.IndexScalarQuantizer(width, quantizer, product) if quantizer else faiss.IndexFlatIP(width)
            kept.train(rows)
            kept.add(rows)
            look = partial(nearest_ids, kept)
        made = time.perf_counter() - began
        found, times = [], []
        for query in queries:
            started = time.perf_counter()
            found.append(look(query))
            times.append(1000 * (time.perf_counter() - started))
        exact = exact or found
        shares = [fmean(len({*a[:k]} & {*b[:k]}) / k for a, b in zip(exact, found, strict=True)) for k in (10, 100)]
        print(
            f"  {name}: {median(times):.1f} ms, of the first 10 and 100: {shares[0]:.4f}, {shares[1]:.4f}, "
            f"made in {made:.1f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="holds realtimeqa/questions.jsonl")
    parser.add_argument("index", type=Path)
    parser.add_argument("sizes", type=int, nargs="+", help="how many passages")
    parser.add_argument("--vectors", action="store_true", help="only compare the ways to keep the vectors")
    options = parser.parse_args()
    rows = read_jsonl(options.data / "realtimeqa" / "questions.jsonl")[:255]
    warming, questions = [row["question"] for row in rows[250:]], [row["question"] for row in rows[:250]]
    encoder = MiniLMEncoder()
    for size in options.sizes if options.vectors else []:
        kept = [made.passage_vectors for made in held(options.index, size) if made.passages]
        print(f"{size:,} vectors")
        compare(np.concatenate(kept)[:size], encoder.encode(questions[:200], query=True))
    for size in [] if options.vectors else options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            store, vectors = filled(options.index, Path(folder), size)
            started = time.perf_counter()
            store.load_indexes()
            made = time.perf_counter() - started
            started = time.perf_counter()
            store.load_indexes()
            loaded = time.perf_counter() - started
            print(f"{len(vectors):,} passages: indexes made in {made:.1f} s, opened in {loaded:.2f} s")

            def ask(question: str, store: EmbeddedStore = store) -> object:
                return search(store, encoder, question, 5)

            timed(ask, warming)
            print(f"  a question, its articles not read before: {timed(ask, questions)}")
            print(f"  a question: {timed(ask, questions)}")
            started = time.perf_counter()
            search_many(store, encoder, questions, 5)
            print(f"  each of 250 at once: {1000 * (time.perf_counter() - started) / 250:.1f} ms", flush=True)
            compare(vectors, encoder.encode(questions[:200], query=True))
            store.close()


if __name__ == "__main__":
    main()
