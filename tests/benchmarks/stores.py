"""Compare a library on disk with the same in Milvus: python tests/benchmarks/stores.py ../shared/data INDEX URI

INDEX is the index of RealTimeQA's articles, or of some of them, and URI where `python -m qa copy INDEX URI` put it.
Asks both the same questions, and prints of how many the first five passages are the same, in the same order, and hit@5
(the gold answer stands in one of the five). With --passages N both are filled with so many, beside, and asked by 1, 4
and 16 clients at once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from answers import read_jsonl
from speed import held

from embeddings import MiniLMEncoder
from qa.entities import ARTICLES, NOTES, PASSAGES, entities_of
from qa.evaluation import normalised
from qa.milvus import MilvusStore
from qa.retrieval import Hit, search
from qa.store import Prepared, Store, open_store

CLIENTS = (1, 4, 16)


def compare(stores: dict[str, Store], questions: list[dict[str, str]], encoder: MiniLMEncoder) -> None:
    found: dict[str, list[list[Hit]]] = {name: [] for name in stores}
    times: dict[str, list[float]] = {name: [] for name in stores}
    for question in questions:
        for name, store in stores.items():
            began = time.perf_counter()
            found[name].append(search(store, encoder, question["question"], 5))
            times[name].append(1000 * (time.perf_counter() - began))
    places = [[[(h.passage.article.path, h.passage.start) for h in hits] for hits in own] for own in found.values()]
    same = [a == b for a, b in zip(*places, strict=True)]
    print(f"the same five passages in the same order: {sum(same)} of {len(same)}")
    pairs = [zip(*both, strict=False) for both in zip(*found.values(), strict=True)]
    apart = [abs(one.score - other.score) for hits in pairs for one, other in hits]
    print(f"scores differ by at most {max(apart):.4f}, in the median by {median(apart):.5f}")
    for name, own in found.items():
        right = sum(
            any(normalised(question["answer"]) in normalised(hit.passage.text) for hit in hits)
            for question, hits in zip(questions, own, strict=True)
        )
        print(f"{name}: hit@5 {right} of {len(own)}, {told(times[name])}", flush=True)


def told(times: list[float]) -> str:
    return f"{median(times):.1f} ms p50, {sorted(times)[int(0.95 * len(times))]:.1f} ms p95"


def fill_milvus(store: MilvusStore, articles: Iterator[Prepared]) -> None:
    """Store articles that are all new and different, some hundreds at a time."""
    while some := list(islice(articles, 20)):
        if not store._in.is_there(ARTICLES):
            store.replace_article(some.pop(0))
        for name in (PASSAGES, NOTES, ARTICLES):
            store._in.put(name, [entity for one in some for entity in entities_of(one, 1, "")[name]])
    store._in.flush()  # else it is searched by no index


def load(name: str, ask: Callable[[str], object], questions: list[str]) -> None:
    """Print what a question takes where so many clients ask, each the next as soon as it has the answer."""

    def timed(question: str) -> float:
        began = time.perf_counter()
        ask(question)
        return 1000 * (time.perf_counter() - began)

    for question in questions[:10]:
        ask(question)
    for clients in CLIENTS:
        with ThreadPoolExecutor(clients) as pool:
            began = time.perf_counter()
            times = list(pool.map(timed, questions))
            rate = len(questions) / (time.perf_counter() - began)
        print(f"{name}, {clients} at once: {told(times)}, {rate:.0f} questions a second", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("index", type=Path)
    parser.add_argument("uri")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--passages", type=int, help="fill both with so many, and measure under load")
    options = parser.parse_args()
    encoder = MiniLMEncoder()
    rows = [row for row in read_jsonl(options.data / "realtimeqa" / "questions.jsonl") if row["answerable_strict"]]
    if not options.passages:
        stores = {"embedded": open_store(options.index), "Milvus": open_store(options.uri)}
        ids = {Path(path).stem for of in stores["embedded"].held().values() for path in of}
        known = [row for row in rows if ids & set(row["article_ids"])]
        for store in stores.values():
            store.load_indexes()
        compare(stores, known[: options.questions], encoder)
        return
    questions = [row["question"] for row in rows[: options.questions]]
    with tempfile.TemporaryDirectory() as folder:
        embedded, milvus = open_store(Path(folder)), open_store(options.uri)
        assert isinstance(milvus, MilvusStore)
        for store in (embedded, milvus):
            store.clear(made_for="this measurement")
        for one in held(options.index, options.passages):
            embedded.replace_article(one)
        embedded.load_indexes()
        fill_milvus(milvus, held(options.index, options.passages))
        for name, store in (("embedded", embedded), ("Milvus", milvus)):
            load(name, lambda question, store=store: search(store, encoder, question, 5), questions)
        milvus.discard()


if __name__ == "__main__":
    main()
